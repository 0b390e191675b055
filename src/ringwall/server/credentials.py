"""The root key and where it is kept: `DIR/credentials`, in the AWS shared-credentials format, mode 0600."""

from __future__ import annotations

import configparser
import os
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ringwall.config import DEFAULT_ACCOUNT, ROOT_KEY_ID_VARIABLE, ROOT_SECRET_VARIABLE, ConfigurationError
from ringwall.iam.shipped import ADMINISTRATOR

FILE_NAME: Final = "credentials"
_ID_ALPHABET: Final = string.ascii_uppercase + "234567"
_PROFILE: Final = "default"


@dataclass(frozen=True, slots=True)
class RootKey:
    """The key of the account's root. access_key_id, secret: empty where users administer the account without it."""

    account_id: str
    access_key_id: str
    secret: str


def new_access_key_id(prefix: str = "AKIA") -> str:
    """A random key id of EC2's form: the prefix and 16 letters or digits."""
    return prefix + "".join(secrets.choice(_ID_ALPHABET) for _ in range(16))


def new_secret() -> str:
    """A random secret of 40 characters, 240 bits."""
    return secrets.token_urlsafe(30)


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """What a store says of the server's own account. is_administered: whether a user of it may everything."""

    account_id: str
    is_administered: bool


def load_root_key(
    data: Path | None, account: str | None, environment: Mapping[str, str], own: OwnAccount | None = None
) -> RootKey:
    """The root key: from the environment when both variables are set, else from the file, else a new one.

    With a data directory the file is written when the key is new or another one. Where there is no file and a user
    administers the account (`own`), there is no root key: who deleted the file has given it up.

    Raises:
        ConfigurationError: only one variable is set, the file can't be read, `account` isn't the directory's, or nobody
            could administer the server's own account.
    """
    stored = read_root_key(data) if data else None
    found = stored.account_id if stored else own.account_id if own else None
    if found and account and found != account:
        raise ConfigurationError(f"{data} belongs to account {found}, not to {account}.")
    account_id = account or found or DEFAULT_ACCOUNT
    key_id, secret = environment.get(ROOT_KEY_ID_VARIABLE), environment.get(ROOT_SECRET_VARIABLE)
    if bool(key_id) != bool(secret):
        raise ConfigurationError(f"{ROOT_KEY_ID_VARIABLE} and {ROOT_SECRET_VARIABLE} go together: set both or neither.")
    if key_id and secret:
        if not key_id.isascii() or not key_id.isalnum() or not secret.isascii() or not secret.isprintable():
            raise ConfigurationError(f"{ROOT_KEY_ID_VARIABLE} must be letters and digits, the secret printable ASCII.")
        key = RootKey(account_id, key_id, secret)
    elif stored is None and own is not None and own.is_administered:
        return RootKey(account_id, "", "")
    elif stored is None and own is not None and data is not None:
        raise ConfigurationError(
            f"{data / FILE_NAME} is missing, and no user of account {account_id} has the {ADMINISTRATOR} policy and an "
            f"active key, so nobody could administer it. Bring the file back, or give the root a key by "
            f"{ROOT_KEY_ID_VARIABLE} and {ROOT_SECRET_VARIABLE}."
        )
    else:
        key = stored or RootKey(account_id, new_access_key_id(), new_secret())
    if data and key != stored:
        _write(data, key)
    return key


def read_root_key(data: Path) -> RootKey | None:
    """The key in the directory's credentials file, or None if there is no file.

    Raises:
        ConfigurationError: the file is there but doesn't hold a key, or may not be read.
    """
    path = data / FILE_NAME
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
        section = parser[_PROFILE]
        account_id = section.get("aws_account_id", DEFAULT_ACCOUNT)
        return RootKey(account_id, section["aws_access_key_id"], section["aws_secret_access_key"])
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationError(f"{path} can't be read: {error.strerror}.") from error
    except (UnicodeDecodeError, configparser.Error, KeyError) as error:
        # Without the parser's own words, which repeat the line that it stumbled over: that may be the secret.
        raise ConfigurationError(f"{path} isn't in the AWS shared-credentials format, or lacks a key.") from error


def write_private(path: Path, text: str) -> None:
    """Puts `text` into the file, mode 0600, whole or not at all, and durably."""
    temporary = path.with_name(path.name + ".new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _write(data: Path, key: RootKey) -> None:
    write_private(
        data / FILE_NAME,
        f"[{_PROFILE}]\naws_access_key_id = {key.access_key_id}\naws_secret_access_key = {key.secret}\n"
        f"aws_account_id = {key.account_id}\n",
    )
