"""Prowler audits the server as it would an account: it finds the open port, and that it was closed."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from outside import ENVIRONMENTS, needs, run
from serving import Server

PROWLER = ENVIRONMENTS / "prowler/bin/prowler"
CHECK = "ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_22"

pytestmark = [pytest.mark.clients, needs(PROWLER)]


def audit(server: Server, home: Path) -> dict[str, str]:
    """Group id -> PASS or FAIL."""
    done = run(
        server, PROWLER, "aws", "--region", "us-east-1", "--checks", CHECK, "--scan-unused-services",
        "--output-formats", "csv", "--output-directory", home, "--no-banner", "--ignore-exit-code-3", home=home,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (report,) = home.glob("prowler-output-*.csv")
    with report.open() as file:
        return {row["RESOURCE_UID"].rpartition("/")[2]: row["STATUS"] for row in csv.DictReader(file, delimiter=";")}


def test_an_open_port_is_found_and_its_revoke_too(server: Server, tmp_path: Path) -> None:
    client = server.client()
    group_id = client.create_security_group(GroupName="prowler", Description="d")["GroupId"]
    rule = {"GroupId": group_id, "IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"}
    client.authorize_security_group_ingress(**rule)
    (before := tmp_path / "before").mkdir()
    (after := tmp_path / "after").mkdir()
    assert audit(server, before)[group_id] == "FAIL"
    client.revoke_security_group_ingress(**rule)
    found = audit(server, after)
    assert found[group_id] == "PASS"
    assert set(found.values()) == {"PASS"}
