"""The root's key can be given up, once there is another administrator; the server starts without it and says so."""

from __future__ import annotations

import configparser
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from serving import KEY_ID, RINGWALL, Server, serving

NO_ROOT = {"RINGWALL_ROOT_ACCESS_KEY_ID": "", "RINGWALL_ROOT_SECRET_ACCESS_KEY": ""}


def ringwall(data: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`ringwall` with this directory as the default one, whoever runs it."""
    home = data.parent
    return subprocess.run(
        [str(RINGWALL), *arguments, "--data", str(data)],
        env={"PATH": "/usr/bin:/bin", "HOME": str(home), **environment},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def administrator(data: Path) -> dict[str, str]:
    """A new administrator's key, as variables."""
    for arguments in (("user", "create", "ada"), ("policy", "attach", "Administrator", "--user", "ada")):
        assert ringwall(data, *arguments).returncode == 0
    made = configparser.RawConfigParser()
    made.read_string(ringwall(data, "key", "create", "ada").stdout)
    return {name.upper(): value for name, value in made["ada"].items()}


def code_of(server: Server, **key: Any) -> str:
    with pytest.raises(ClientError) as caught:
        server.client(**key).describe_vpcs()
    return str(caught.value.response["Error"]["Code"])


def test_the_root_key_is_given_up(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving("--data", str(data)):
        key = administrator(data)
    (data / "credentials").unlink()
    with serving("--data", str(data), **NO_ROOT) as server:
        assert server.says("started without a root key: the users of account 123456789012 administer it")
        assert not (data / "credentials").exists()
        ada = server.client(key_id=key["AWS_ACCESS_KEY_ID"], secret=key["AWS_SECRET_ACCESS_KEY"])
        assert ada.describe_vpcs()["Vpcs"][0]["OwnerId"] == "123456789012"
        assert code_of(server) == "AuthFailure", f"{KEY_ID} is nobody's any more"
        listed = ringwall(data, "user", "list", **key)
        assert (listed.returncode, "Administrator" in listed.stdout) == (0, True), listed.stderr
        for arguments in (("user", "list"), ("env",)):
            told = ringwall(data, *arguments)
            assert told.returncode == 1
            assert "holds no root key any more: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in told.stderr


def test_without_another_administrator_it_does_not_start(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving("--data", str(data)):
        key = administrator(data)
        assert ringwall(data, "key", "deactivate", key["AWS_ACCESS_KEY_ID"]).returncode == 0
    (data / "credentials").unlink()
    for _ in range(2):
        refused = ringwall(data, "serve", "--port", "0")
        assert refused.returncode == 1
        assert "no user of account 123456789012 has the Administrator policy" in refused.stderr
        assert not (data / "credentials").exists()
    with serving("--data", str(data)) as server:  # the variables give the root a key again
        assert server.client().describe_vpcs()["Vpcs"]
    assert json.loads((data / "endpoint.json").read_text())["url"]


def test_a_session_is_good_for_the_command_line_too(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving("--data", str(data)) as server:
        made = server.client("sts").get_session_token()["Credentials"]
        variables = {
            "AWS_ACCESS_KEY_ID": made["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"],
            "AWS_SESSION_TOKEN": made["SessionToken"],
            "AWS_ENDPOINT_URL_EC2": server.url,
        }
        ran = subprocess.run(
            [str(RINGWALL), "account", "list"],
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **variables},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert (ran.returncode, ran.stdout.splitlines()[1].split()[:2]) == (0, ["123456789012", "server"]), ran.stderr
