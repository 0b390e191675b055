"""Secrets are opened by their keys alone, and only for what they were sealed for."""

from __future__ import annotations

import base64
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringwall.config import ConfigurationError
from ringwall.server.keyring import Keyring, Sealed, is_sealed, key_file_of, load_keyring, random_keyring

OLD, NEW = b"o" * 32, b"n" * 32
secrets = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(secrets, secrets)
def test_what_was_sealed_is_opened_in_its_context(secret: str, context: str) -> None:
    ring = Keyring([NEW])
    sealed = ring.seal(secret, context)
    assert is_sealed(sealed)
    assert ring.open(sealed, context) == secret
    with pytest.raises(Sealed):
        ring.open(sealed, context + "x")
    with pytest.raises(Sealed):
        Keyring([OLD]).open(sealed, context)


def test_the_same_secret_is_never_sealed_alike() -> None:
    ring = random_keyring()
    sealed = {ring.seal("secret", "AKIA1") for _ in range(100)}
    assert len(sealed) == 100
    assert not any("secret" in text for text in sealed)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_no_changed_byte_is_opened(place: int, change: int) -> None:
    ring = Keyring([NEW])
    content = bytearray(base64.urlsafe_b64decode(ring.seal("secret", "AKIA1")[3:]))
    content[place % len(content)] ^= change
    with pytest.raises(Sealed):
        ring.open("v1:" + base64.urlsafe_b64encode(content).decode(), "AKIA1")


@pytest.mark.parametrize("text", ["", "v1:", "v1:AAAA", "v1:é", "secret", "v2:" + "A" * 40, "v1:" + "A" * 16])
def test_what_was_never_sealed_is_refused(text: str) -> None:
    with pytest.raises(Sealed):
        Keyring([NEW]).open(text, "AKIA1")


def test_a_new_key_before_the_old_takes_over() -> None:
    old, both, new = Keyring([OLD]), Keyring([NEW, OLD]), Keyring([NEW])
    assert both.open(old.seal("secret", "x"), "x") == "secret"
    assert new.open(both.seal("secret", "x"), "x") == "secret"
    assert both.is_mac(old.mac("trail", b"event"), "trail", b"event")
    assert not new.is_mac(old.mac("trail", b"event"), "trail", b"event")


def test_codes_are_of_one_purpose_and_one_content() -> None:
    ring = Keyring([NEW])
    code = ring.mac("trail", b"event")
    assert ring.is_mac(code, "trail", b"event")
    assert not ring.is_mac(code, "session", b"event")
    assert not ring.is_mac(code, "trail", b"Event")
    assert not ring.is_mac(code[:-1], "trail", b"event")


def test_the_file_is_made_once_private_and_beside_the_directory(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    path = key_file_of(data)
    assert path == tmp_path / "data.key"
    sealed = load_keyring(path, data, may_make=True).seal("secret", "x")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_keyring(path, data, may_make=False).open(sealed, "x") == "secret"


def test_a_lost_file_is_never_replaced_silently(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is missing, and the secrets"):
        load_keyring(tmp_path / "k", tmp_path / "data", may_make=False)
    assert not (tmp_path / "k").exists()


def test_a_place_that_goes_along_with_the_directory_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (tmp_path / "link").symlink_to(data)
    for path in (data / "k", data / ".." / "data" / "k", tmp_path / "link" / "k"):
        with pytest.raises(ConfigurationError, match="lies inside"):
            load_keyring(path, data, may_make=True)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"", "no key"), (b"# a note\n\n", "no key"), (b"short\n", "line 1"), (b"# \n" + b"A" * 43 + b"\n", "line 2")],
)
def test_a_file_without_keys_is_refused_unread(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "k"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match=complaint) as refusal:
        load_keyring(path, tmp_path / "data", may_make=True)
    assert "short" not in str(refusal.value)


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "k"
    path.write_text(base64.b64encode(os.urandom(32)).decode())
    path.chmod(0o640)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        load_keyring(path, tmp_path / "data", may_make=True)
