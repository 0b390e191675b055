"""The aws CLI 2 as Debian packages it: an older model, other exit codes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from outside import needs, run
from serving import Server

AWS_2 = Path("/usr/bin/aws")

pytestmark = [pytest.mark.clients, needs(AWS_2)]


def aws(server: Server, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """This release knows --endpoint-url alone."""
    return run(server, AWS_2, "ec2", *arguments, "--endpoint-url", server.url, "--output", "json", home=home)


def test_a_rule_comes_and_goes(server: Server, tmp_path: Path) -> None:
    version = run(server, AWS_2, "--version", home=tmp_path)
    assert version.stdout.startswith("aws-cli/2."), version.stderr
    made = aws(server, tmp_path, "create-security-group", "--group-name", "cli-2", "--description", "d")
    assert made.returncode == 0, made.stderr
    rule = ["--group-id", json.loads(made.stdout)["GroupId"], "--protocol", "tcp", "--port", "22", "--cidr"]
    assert aws(server, tmp_path, "authorize-security-group-ingress", *rule, "192.0.2.0/24").returncode == 0
    revoked = aws(server, tmp_path, "revoke-security-group-ingress", *rule, "192.0.2.0/24")
    assert revoked.returncode == 0, revoked.stderr
    assert json.loads(revoked.stdout)["Return"] is True
    dry = aws(server, tmp_path, "revoke-security-group-ingress", "--dry-run", *rule, "192.0.2.0/24")
    assert (dry.returncode, "(DryRunOperation)" in dry.stderr) == (254, True)
    absent = aws(server, tmp_path, "describe-security-groups", "--group-ids", "sg-0123456789abcdef0")
    assert absent.returncode == 254
    assert "The security group 'sg-0123456789abcdef0' does not exist" in absent.stderr
