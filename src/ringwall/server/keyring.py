"""The key file: what secrets in the store are encrypted with, and codes are made with.

Signature Version 4 needs the secrets themselves, so they can't be hashed. Encrypted, a copy of the store or of a backup
gives nobody a key; the key file lies outside the data directory, so that the two don't go together by accident.

The file has one key a line, base64 of 32 bytes. The first encrypts; all of them decrypt, so that a new one can be put
before the old.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import stat
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from ringwall.config import ConfigurationError

from .credentials import write_private

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
FORM: Final = "v1:"
FILE_BYTES_MAX: Final = 16 * 1024


class Sealed(Exception):
    """A text that none of the keys opens: it was changed, is of another server, or its key isn't in the file."""


class Keyring:
    """The server's keys, each of 32 bytes, the one that encrypts first."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        assert keys and all(len(key) == KEY_BYTES for key in keys), "a keyring has keys of 32 bytes"
        self._keys = tuple(keys)
        self._keyed: dict[str, hmac.HMAC] = {}  # by label, with nothing in it yet: the key's part is done once

    def seal(self, secret: str, context: str) -> str:
        """The secret encrypted (AES-256-GCM), to be opened with the same context only, such as the id of its key."""
        nonce = os.urandom(NONCE_BYTES)
        text = self._ciphers[0].encrypt(nonce, secret.encode(), context.encode())
        return FORM + base64.urlsafe_b64encode(nonce + text).decode()

    def open(self, sealed: str, context: str) -> str:
        """The secret.

        Raises:
            Sealed: no key opens it with this context.
        """
        from cryptography.exceptions import InvalidTag

        try:
            content = base64.b64decode(sealed.removeprefix(FORM), altchars=b"-_", validate=True)
        except (ValueError, binascii.Error) as error:
            raise Sealed("it is not in the form of a sealed text") from error
        if not is_sealed(sealed) or len(content) <= NONCE_BYTES:
            raise Sealed("it is not in the form of a sealed text")
        for cipher in self._ciphers:
            try:
                opened = cipher.decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], context.encode())
            except InvalidTag:
                continue
            return bytes(opened).decode()
        raise Sealed("none of the keys opens it")

    def mac(self, label: str, content: bytes) -> bytes:
        """The code (HMAC-SHA256) of the content, for one purpose: codes of other labels don't pass for it."""
        keyed = self._keyed.get(label)
        if keyed is None:
            keyed = self._keyed[label] = hmac.new(_own_key(self._keys[0], label), digestmod="sha256")
        code = keyed.copy()
        code.update(content)
        return code.digest()

    def is_mac(self, code: bytes, label: str, content: bytes) -> bool:
        """Whether one of the keys made this code, compared in constant time."""
        return any(hmac.compare_digest(code, _mac(key, label, content)) for key in self._keys)

    @cached_property
    def _ciphers(self) -> tuple[Any, ...]:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # a tenth of a second: not before it is needed

        return tuple(AESGCM(_mac(key, "seal", b"")) for key in self._keys)


def is_sealed(text: str) -> bool:
    """Whether a stored secret is encrypted; those of older versions are in clear."""
    return text.startswith(FORM)


def _mac(key: bytes, label: str, content: bytes) -> bytes:
    return hmac.digest(_own_key(key, label), content, hashlib.sha256)


def _own_key(key: bytes, label: str) -> bytes:
    return hmac.digest(key, b"ringwall " + label.encode(), hashlib.sha256)


def random_keyring() -> Keyring:
    """A key that nobody else has, for a server that keeps nothing."""
    return Keyring([os.urandom(KEY_BYTES)])


def key_file_of(data: Path) -> Path:
    """Where the key of a data directory is kept unless another place is named: beside it, with the ending `.key`."""
    whole = data.absolute()
    return whole.with_name(whole.name + ".key")


def load_keyring(path: Path, data: Path, *, may_make: bool) -> Keyring:
    """The keys in the file; a new file with one key where there is none and `may_make`.

    Raises:
        ConfigurationError: there is none and the store needs the old one; the file lies in the data directory, can be
            read by others, or isn't one of keys.
    """
    if path.absolute().parent.resolve().is_relative_to(data.resolve()):
        raise ConfigurationError(f"--key-file {path} lies inside {data}: who copies one would have the other.")
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        if not may_make:
            raise ConfigurationError(
                f"The key file {path} is missing, and the secrets in {data} are encrypted with it. Bring it back, or "
                "name its place with --key-file."
            ) from error
        key = os.urandom(KEY_BYTES)
        write_private(path, base64.b64encode(key).decode() + "\n")
        return Keyring([key])
    except OSError as error:
        raise ConfigurationError(f"The key file {path} can't be read: {error.strerror}.") from error
    return _read(path, descriptor)


def read_keyring(path: Path) -> Keyring:
    """The keys in a file that is there, wherever it lies: for whoever checks a copy.

    Raises:
        ConfigurationError: it can't be read, can be read by others, or isn't one of keys.
    """
    try:
        return _read(path, os.open(path, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        raise ConfigurationError(f"The key file {path} can't be read: {error.strerror}.") from error


def _read(path: Path, descriptor: int) -> Keyring:
    with os.fdopen(descriptor, "rb") as file:
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
            raise ConfigurationError(f"The key file {path} can be read by others: chmod 600 {path}.")
        return Keyring(_keys(path, file.read(FILE_BYTES_MAX)))


def _keys(path: Path, content: bytes) -> list[bytes]:
    keys = []
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip() or line.startswith(b"#"):
            continue
        try:
            key = base64.b64decode(line.strip(), validate=True)
        except binascii.Error:
            key = b""
        if len(key) != KEY_BYTES:  # without the line itself, which may be most of a key
            raise ConfigurationError(f"The key file {path} has no key of {KEY_BYTES} bytes in base64 in line {number}.")
        keys.append(key)
    if not keys:
        raise ConfigurationError(f"The key file {path} holds no key.")
    return keys
