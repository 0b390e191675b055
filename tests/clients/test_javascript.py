"""The AWS SDK for JavaScript v3 on node."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from outside import ENVIRONMENTS, PROGRAMS, needs, run, seen
from serving import Server

MODULES = ENVIRONMENTS / "javascript/node_modules"
NODE = shutil.which("node") or "/usr/bin/node"

pytestmark = [pytest.mark.clients, needs(MODULES), needs(Path(NODE))]


def test_the_life_of_a_group(server: Server, tmp_path: Path) -> None:
    shutil.copy(PROGRAMS / "javascript/groups.mjs", tmp_path)
    shutil.copy(PROGRAMS / "javascript/package.json", tmp_path)
    (tmp_path / "node_modules").symlink_to(MODULES)
    told = seen(run(server, NODE, "groups.mjs", home=tmp_path))
    rule = "peer: 192.0.2.0/24, TCP, from port: 22, to port: 22, ALLOW"
    assert told == {
        "authorized": 2,
        "duplicate": {
            "code": "InvalidPermission.Duplicate",
            "message": f'the specified rule "{rule}" already exists',
            "status": 400,
        },
        "dryRun": {
            "code": "DryRunOperation",
            "message": "Request would have succeeded, but DryRun flag is set.",
            "status": 412,
        },
        "rules": 3,
        "revoked": 2,
        "unknown": None,
        "again": {
            "code": "InvalidPermission.NotFound",
            "message": "The specified rule does not exist in this security group.",
            "status": 400,
        },
        "deleted": True,
    }
