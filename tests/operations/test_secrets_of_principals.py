"""Secrets of users, accounts and sessions stand in the answers that make them, and nowhere else."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

from serving import Server, serving

TRUST = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}}
)


def made(server: Server) -> dict[str, str]:
    """Every kind of secret, by what it is."""
    server.api("POST", "/ringwall/v1/users", {"name": "ann"})
    key = server.api("POST", "/ringwall/v1/users/ann/keys").json
    rotated = server.api("POST", f"/ringwall/v1/keys/{key['access_key_id']}/rotate").json
    account = server.api("POST", "/ringwall/v1/accounts", {"name": "staging"}).json
    another = server.api("POST", f"/ringwall/v1/accounts/{account['account_id']}/keys").json
    server.api("POST", "/ringwall/v1/roles", {"name": "oncall", "trust": TRUST})
    sts = server.client("sts", key_id=key["access_key_id"], secret=key["secret_access_key"])
    role = sts.assume_role(RoleArn="arn:aws:iam::123456789012:role/oncall", RoleSessionName="ann")["Credentials"]
    own = sts.get_session_token()["Credentials"]
    found = {
        "key": key["secret_access_key"],
        "rotated key": rotated["secret_access_key"],
        "account's root key": account["secret_access_key"],
        "account's new root key": another["secret_access_key"],
        "role's session": role["SecretAccessKey"],
        "role's token": role["SessionToken"],
        "user's session": own["SecretAccessKey"],
        "user's token": own["SessionToken"],
    }
    assert len(set(found.values())) == len(found)
    return found


def fails(server: Server, found: dict[str, str]) -> list[bytes]:
    """Answers to requests that have secrets where they don't belong."""
    answers = []
    for secret in found.values():
        answers.append(server.call({"Action": "DescribeVpcs", "Version": "2016-11-15"}, secret=secret).body)
        answers.append(server.api("GET", f"/ringwall/v1/keys/{quote(secret[:40], safe='')}", secret="x").body)
        answers.append(server.send("POST", "/", {"x-amz-security-token": secret}, b"Action=DescribeVpcs").body)
    return answers


def test_secrets_are_nowhere_else(tmp_path: Path) -> None:
    data, shipped = tmp_path / "data", tmp_path / "trail.jsonl"
    with serving("--data", str(data), "--trail-file", str(shipped)) as server:
        found = made(server)
        answers = b"".join(fails(server, found))
        answers += server.api("GET", "/ringwall/v1/trail").body
        answers += server.send("GET", "/metrics", {}).body
        for path in ("users", "keys", "accounts", "roles", "policies", "users/ann"):
            answers += server.api("GET", f"/ringwall/v1/{path}").body
        assert b"AssumeRole" in answers
        while_running = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        assert server.stop() == 0
        said = "".join(server.errors).encode()
    stopped = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"AssumeRole" in stopped, "the trail is there"
    for place, content in (("answers", answers), ("log", said), ("files", while_running + stopped)):
        for name, secret in found.items():
            assert secret.encode() not in content, f"the {name} is in {place}"
