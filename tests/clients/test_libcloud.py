"""Apache Libcloud: everything by GET, lists counted from 0, and signatures of both versions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from outside import ENVIRONMENTS, PROGRAMS, needs, run, seen
from serving import Server, serving

PYTHON = ENVIRONMENTS / "libcloud/bin/python"

pytestmark = [pytest.mark.clients, needs(PYTHON)]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server for old clients too."""
    with serving("--allow-sigv2") as running:
        yield running


@pytest.mark.parametrize("version", ["4", "2"])
def test_the_life_of_a_group(server: Server, tmp_path: Path, version: str) -> None:
    program = PROGRAMS / "libcloud_groups.py"
    told = seen(run(server, PYTHON, program, "127.0.0.1", str(server.port), version, home=tmp_path))
    (rule,) = told.pop("rules")
    assert (rule["protocol"], rule["from_port"], rule["to_port"], rule["cidr_ips"]) == (
        "tcp", "22", "22", ["192.0.2.0/24"],
    )  # fmt: skip
    assert "InvalidPermission.Duplicate" in told.pop("duplicate")
    assert told == {
        "zones": ["us-east-1a", "us-east-1b", "us-east-1c"],
        "authorized": True,
        "tagged": True,
        "tags": {"owner": "a & b <c>"},
        "revoked": True,
        "rules afterwards": [],
        "deleted": True,
        "wrong secret": "refused",
    }
