"""The agent is upgraded on a host with live traffic. What older versions left there is made by what they sent.

`never-owned.batch` is of the version before tables had an owner and hosts had containers, `owned.batch` of one with
both: each is the message to the kernel with which it loaded the state `LEFT`, byte for byte.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

import netns
import storm
from build import HOST4, ingress, tcp, world
from lab import Lab, lab
from one_agent import Stage, at, play
from ringwall.agent.kernel import Kernel
from ringwall.domain.world import difference
from ringwall.nft import netlink
from ringwall.watch.messages import Delta, Snapshot
from traffic import Traffic

pytestmark = [pytest.mark.kernel, netns.needs_kernel]
TABLES = Path(__file__).with_name("tables")
LEFT = world(*storm.KEPT, ingress(tcp(storm.REVOKED), storm.EVERYBODY, "sgr-revoked"))
"""What the tables enforce."""


@pytest.fixture
def net() -> Iterator[Lab]:
    with lab() as made:
        yield made


def leave(net: Lab, version: str) -> None:
    """The table as the older version made it, before it was stopped."""
    with net.host.enter(), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as older:
        older.send((TABLES / f"{version}.batch").read_bytes())
        answers = list(netlink.messages(older.recv(1 << 20)))
    assert not any(netlink.decode_error(each.body) for each in answers if each.kind == netlink.NLMSG_ERROR)


@pytest.mark.parametrize("version", ["never-owned", "owned"])
def test_it_takes_over_what_an_older_version_left_and_loses_no_packet(net: Lab, tmp_path: Path, version: str) -> None:
    net.kernel.close()
    leave(net, version)
    with net.host.enter():
        net.kernel = Kernel(own=False)
    stream, revoked = (net.connect(net.peer, HOST4, port) for port in (storm.ADMITTED_TCP, storm.REVOKED))
    assert stream is not None
    assert revoked is not None
    assert net.connect(net.peer, HOST4, storm.DENIED) is None
    datagrams, denied = (net.datagrams(net.peer, HOST4, port) for port in (storm.ADMITTED_UDP, storm.DENIED))
    traffic = Traffic(stream, datagrams, [denied])
    traffic.settle()
    assert net.exchanges(*revoked)

    async def test(stage: Stage) -> None:
        await stage.connected()

        def is_in_force() -> bool:
            traffic.pump()
            return bool(stage.control.reports) and stage.has(LEFT)

        stage.control.say(Snapshot(at(5), LEFT))
        await stage.until(is_in_force)
        traffic.settle()
        assert net.exchanges(*revoked), "the new version admits what the old one did"
        found = stage.kernel.observe()
        assert found is not None
        assert bool(found.owner) == stage.kernel.owns
        stage.control.say(Delta(5, at(6), difference(LEFT, storm.states()[0])))
        await stage.in_force(6)
        assert not net.moves(*revoked)
        traffic.settle()
        assert stage.control.reports[-1].problems == ()

    with net.kernel:
        play(net.host, tmp_path, test)
    assert (traffic.retransmitted, traffic.arrived, traffic.came_through) == (0, traffic.sent, 0)
