"""The server is away for long: the rules stand, and what changed meanwhile comes as one difference."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

import netns
from fleet import Fleet, fleet_in, passes, permission, wait_for
from serving import serving

pytestmark = [pytest.mark.kernel, netns.needs_kernel]
STAYING = range(8000, 8040)


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with fleet_in(tmp_path) as made:
        yield made


def handles(fleet: Fleet) -> dict[str, str]:
    """The kernel's handle of each security-group rule's line, by the line."""
    lines = (line.strip() for line in fleet.table().splitlines() if "sgr-" in line)
    return dict(line.rsplit(" # handle ", 1) for line in lines)


def commits(fleet: Fleet) -> int:
    """The generation of nftables in the host's namespace: each commit begins one."""
    with fleet.host.enter(), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as netlink:
        netlink.send(bytes.fromhex("14000000 100a 0100 01000000 00000000 00000000"))
        return int.from_bytes(netlink.recv(4096)[24:28], "big")


def test_what_changed_while_the_server_was_away_is_one_commit_of_the_difference(fleet: Fleet, tmp_path: Path) -> None:
    agent = fleet.enrol()
    old = fleet.converse(fleet.listen(22))
    kept = fleet.converse(fleet.listen(8000))
    fleet.ec2(
        "authorize_security_group_ingress",
        GroupId=fleet.group_id,
        IpPermissions=[permission(22), *(permission(port) for port in STAYING)],
    )
    fleet.enforce(yes=True)
    assert passes(*old)
    before, generation, port = handles(fleet), commits(fleet), fleet.server.port
    assert len(before) == 1 + len(STAYING)

    def serve(at: int) -> None:
        fleet.server.kill()
        options = ("--host", "0.0.0.0", "--insecure-http", "--data", str(tmp_path / "server"), "--port", str(at))
        fleet.server = fleet.stack.enter_context(serving(*options, prefix=("ip", "netns", "exec", fleet.peer.name)))

    serve(0)  # where the agent doesn't find it
    wait_for(lambda: agent.says("what is in force stays"), "the agent to notice")
    for number in (23, 24):
        fleet.ec2("authorize_security_group_ingress", GroupId=fleet.group_id, IpPermissions=[permission(number)])
    for number in (22, 24):
        fleet.ec2("revoke_security_group_ingress", GroupId=fleet.group_id, IpPermissions=[permission(number)])
    assert (handles(fleet), commits(fleet)) == (before, generation), "nothing has reached the host"
    assert passes(*old)
    assert passes(*kept)

    serve(port)
    fleet.settled()
    after = handles(fleet)
    assert commits(fleet) == generation + 1
    assert {line: after[line] for line in before.keys() & after.keys()} == {
        line: handle for line, handle in before.items() if line in after
    }
    assert len(before.keys() - after.keys()) == 1
    assert len(after.keys() - before.keys()) == 1
    assert not passes(*old, seconds=0.3)
    assert passes(*kept)
    assert not any(re.search("not in force|Traceback", line) for line in agent.said)
