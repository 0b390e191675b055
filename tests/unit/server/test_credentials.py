"""The root key: where it comes from and where it stays."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from ringwall.config import ConfigurationError
from ringwall.server.credentials import OwnAccount, RootKey, load_root_key, read_root_key

VARIABLES = {"RINGWALL_ROOT_ACCESS_KEY_ID": "test", "RINGWALL_ROOT_SECRET_ACCESS_KEY": "a%secret;#=+/ 1"}


def test_the_first_start_makes_a_random_key_and_later_ones_keep_it(tmp_path: Path) -> None:
    key = load_root_key(tmp_path, None, {})
    assert key.account_id == "123456789012"
    assert len(key.secret) == 40
    assert load_root_key(tmp_path, None, {}) == key
    (tmp_path / "other").mkdir()
    assert load_root_key(tmp_path / "other", None, {}).secret != key.secret


def test_the_file_is_the_shared_credentials_format_and_private(tmp_path: Path) -> None:
    key = load_root_key(tmp_path, None, {})
    path = tmp_path / "credentials"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    lines = path.read_text().splitlines()
    assert lines[0] == "[default]"
    assert f"aws_access_key_id = {key.access_key_id}" in lines
    assert f"aws_secret_access_key = {key.secret}" in lines


def test_the_variables_replace_the_key_and_rewrite_the_file(tmp_path: Path) -> None:
    load_root_key(tmp_path, None, {})
    key = load_root_key(tmp_path, None, VARIABLES)
    assert (key.access_key_id, key.secret) == ("test", "a%secret;#=+/ 1")
    assert read_root_key(tmp_path) == key
    assert load_root_key(tmp_path, None, {}) == key


@pytest.mark.parametrize("name", list(VARIABLES))
def test_one_variable_without_the_other_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="go together"):
        load_root_key(tmp_path, None, {name: VARIABLES[name]})
    assert not list(tmp_path.iterdir())


def test_the_directory_keeps_its_account(tmp_path: Path) -> None:
    assert load_root_key(tmp_path, "111122223333", {}).account_id == "111122223333"
    assert load_root_key(tmp_path, None, VARIABLES).account_id == "111122223333"
    with pytest.raises(ConfigurationError, match="belongs to account 111122223333"):
        load_root_key(tmp_path, "444455556666", {})


def test_without_a_directory_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    load_root_key(None, None, {})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "text", ["", "[default]\n", "aws_access_key_id = x\n", "[default]\naws_access_key_id = x\n", "\udcff"]
)
def test_a_file_without_a_key_is_refused_and_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "credentials"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ConfigurationError, match="isn't in the AWS shared-credentials format"):
        load_root_key(tmp_path, None, {})
    assert path.read_bytes() == text.encode(errors="surrogateescape")


@pytest.mark.parametrize("text", ["{0}\n", "[default]\n{0}\n", "[default]\naws_secret_access_key = {0}\n[default]\n"])
def test_a_broken_file_is_refused_without_its_secret(tmp_path: Path, text: str) -> None:
    (tmp_path / "credentials").write_text(text.format("s3cr3t"))
    with pytest.raises(ConfigurationError) as refusal:
        load_root_key(tmp_path, None, {})
    assert "s3cr3t" not in str(refusal.value)


def test_without_the_file_and_an_administrator_it_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nobody could administer it\. Bring the file back, or give the root"):
        load_root_key(tmp_path, None, {}, OwnAccount("123456789012", is_administered=False))
    assert not (tmp_path / "credentials").exists()
    given = {"RINGWALL_ROOT_ACCESS_KEY_ID": "AKIANEW", "RINGWALL_ROOT_SECRET_ACCESS_KEY": "secret"}
    key = load_root_key(tmp_path, None, given, OwnAccount("123456789012", is_administered=False))
    assert read_root_key(tmp_path) == key == RootKey("123456789012", "AKIANEW", "secret")
