"""Which server the words speak to, and with which key: options, environment, profiles, data directory."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest

from ringwall.cli.endpoint import Endpoint, add_endpoint_arguments, find_endpoint
from ringwall.config import ConfigurationError

KEY = {"AWS_ACCESS_KEY_ID": "AKENV", "AWS_SECRET_ACCESS_KEY": "senv"}
CONFIG = """
[default]
endpoint_url = http://of-default
[profile prod]
endpoint_url = http://of-prod
region = eu-west-1
ca_bundle = /prod.pem
[profile amazon]
region = us-west-2
[profile keyless]
endpoint_url = http://keyless
[profile roles]
endpoint_url = http://roles
services = gone
"""
KEYS = """
[default]
aws_access_key_id = AKDEFAULT
aws_secret_access_key = sdefault
[prod]
aws_access_key_id = AKPROD
aws_secret_access_key = sprod
aws_session_token = tprod
[amazon]
aws_access_key_id = AKAMAZON
aws_secret_access_key = samazon
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with profiles, and a data directory that isn't root's."""
    (tmp_path / "config").write_text(CONFIG)
    (tmp_path / "credentials").write_text(KEYS)
    monkeypatch.setattr("ringwall.cli.endpoint.default_data_directory", lambda: tmp_path / "data")
    return tmp_path


def data_directory(home: Path, *, has_key: bool = True) -> Path:
    data = home / "data"
    data.mkdir()
    (data / "endpoint.json").write_text(json.dumps({"url": "http://of-data", "region": "ap-east-1"}))
    if has_key:
        key = (
            "[default]\naws_access_key_id = AKROOT\naws_secret_access_key = sroot\nringwall_account_id = 123456789012\n"
        )
        (data / "credentials").write_text(key)
        (data / "credentials").chmod(0o600)
    return data


def found(home: Path, *words: str, **environment: str) -> Endpoint:
    parser = argparse.ArgumentParser()
    add_endpoint_arguments(parser)
    files = {"AWS_CONFIG_FILE": str(home / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(home / "credentials")}
    return find_endpoint(parser.parse_args(words), files | environment)


def key(endpoint: Endpoint) -> tuple[str, str, str]:
    return endpoint.url, endpoint.region, endpoint.access_key_id


def test_the_option_comes_before_everything(home: Path) -> None:
    data_directory(home)
    prod = found(home, "--profile", "prod", **KEY, AWS_PROFILE="amazon")
    assert prod == Endpoint("http://of-prod", "eu-west-1", "AKPROD", "sprod", Path("/prod.pem"), "tprod")
    changed = found(home, "--profile", "prod", "--server", "http://s", "--region", "sa-east-1", "--ca-bundle", "/o.pem")
    assert changed == Endpoint("http://s", "sa-east-1", "AKPROD", "sprod", Path("/o.pem"), "tprod")


def test_a_profile_without_an_endpoint_means_the_server_of_this_machine(home: Path) -> None:
    with pytest.raises(ConfigurationError, match="Profile amazon names no server: put `endpoint_url = …` into it"):
        found(home, "--profile", "amazon")
    data_directory(home)
    assert key(found(home, "--profile", "amazon")) == ("http://of-data", "us-west-2", "AKAMAZON")
    assert key(found(home, "--profile", "amazon", "--endpoint-url", "http://s")) == (
        "http://s",
        "us-west-2",
        "AKAMAZON",
    )
    by_variable = found(home, "--profile", "amazon", AWS_ENDPOINT_URL_EC2="http://v")
    assert key(by_variable) == ("http://v", "us-west-2", "AKAMAZON")


def test_variables_with_a_key_and_a_url_come_next(home: Path) -> None:
    data_directory(home)
    variables = {**KEY, "AWS_ENDPOINT_URL": "http://v", "AWS_PROFILE": "prod", "AWS_DEFAULT_REGION": "eu-north-1"}
    assert key(found(home, **variables)) == ("http://v", "eu-north-1", "AKENV")
    assert key(found(home, **variables, AWS_REGION="eu-south-1")) == ("http://v", "eu-south-1", "AKENV")
    assert key(found(home, **KEY)) == ("http://of-data", "ap-east-1", "AKROOT")


def test_a_profile_of_the_environment_counts_if_it_names_an_endpoint(home: Path) -> None:
    data_directory(home)
    assert key(found(home, AWS_PROFILE="prod")) == ("http://of-prod", "eu-west-1", "AKPROD")
    assert key(found(home, AWS_DEFAULT_PROFILE="prod")) == ("http://of-prod", "eu-west-1", "AKPROD")
    for other in ("amazon", "gone"):
        assert key(found(home, AWS_PROFILE=other)) == ("http://of-data", "ap-east-1", "AKROOT")
    with pytest.raises(ConfigurationError, match=r"Profile keyless has no key: .* AWS_ACCESS_KEY_ID .* `ringwall env`"):
        found(home, AWS_PROFILE="keyless")


def test_the_data_directory_that_is_named_comes_before_the_environment(home: Path) -> None:
    data = data_directory(home)
    named = found(home, "--data", str(data), **KEY, AWS_ENDPOINT_URL="http://v", AWS_PROFILE="prod")
    assert key(named) == ("http://of-data", "ap-east-1", "AKROOT")


def test_without_a_root_key_the_place_and_the_key_of_the_variables(home: Path) -> None:
    data_directory(home, has_key=False)
    assert key(found(home, **KEY)) == ("http://of-data", "ap-east-1", "AKENV")
    with pytest.raises(ConfigurationError, match="holds no root key any more"):
        found(home)


def test_without_a_data_directory_the_default_profile(home: Path) -> None:
    assert key(found(home)) == ("http://of-default", "us-east-1", "AKDEFAULT")
    (home / "config").write_text("")
    with pytest.raises(ConfigurationError, match="holds no credentials: start the server there first"):
        found(home)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--profile", "gone"), r"The config profile \(gone\) could not be found"),
        (("--profile", "roles"), "the services section but the"),
        (("--profile", "prod", "--server", "ftp://x"), "'ftp://x' is no server's URL"),
    ],
)
def test_what_cant_be_is_said_in_a_sentence(home: Path, words: tuple[str, ...], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        found(home, *words)
