"""What a switch to enforcement would end, from real sockets and real conntrack entries of an observing host."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

import netns
from ringwall.agent.conntrack import prepare_tracking
from ringwall.agent.interfaces import read_interfaces
from ringwall.agent.preview import would_end
from ringwall.domain.group import Direction, SecurityGroupRule
from ringwall.domain.interface import Mode
from ringwall.domain.local import ControlEndpoint, LocalPolicy
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.traffic import Traffic
from ringwall.domain.world import HostGroup, HostInterface, HostState
from ringwall.watch.messages import UNADMITTED_MAX, Unadmitted

pytestmark = [pytest.mark.kernel, netns.needs_kernel]

HOST, PEER = "10.0.0.1", "10.0.0.2"
INGRESS, EGRESS = Direction.INGRESS, Direction.EGRESS
OBSERVE = """
table inet ringwall {
  chain in { type filter hook input priority filter; policy accept; ct state established counter; }
  chain out { type filter hook output priority filter; policy accept; ct state established counter; }
}
"""


def state(*rules: tuple[Direction, Traffic]) -> HostState:
    """The host with up0 and these rules, from and to anywhere."""
    anywhere = Peer(PeerKind.CIDR_IPV4, "0.0.0.0/0")
    made = {
        f"sgr-{number}": SecurityGroupRule(f"sgr-{number}", "sg-1", direction, traffic, anywhere)
        for number, (direction, traffic) in enumerate(rules)
    }
    return HostState(
        "i-1", Mode.OBSERVE,
        interfaces={"eni-1": HostInterface("eni-1", "up0", (HOST,), ("sg-1",))},
        groups={"sg-1": HostGroup("sg-1", "web", made)},
    )  # fmt: skip


class Pair:
    """A host and a peer with two cables between them; `up1` is the one that no interface of the state names."""

    def __init__(self, host: netns.Namespace, peer: netns.Namespace, stack: ExitStack) -> None:
        self.host, self.peer, self.stack = host, peer, stack

    def would_end(self, host_state: HostState, local: LocalPolicy | None = None) -> tuple[Unadmitted, ...]:
        with self.host.enter():
            return would_end(host_state, local or LocalPolicy())

    def bound(self, inside: netns.Namespace, kind: socket.SocketKind, address: str, port: int) -> socket.socket:
        with inside.enter():
            made = self.stack.enter_context(socket.socket(type=kind))
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.settimeout(5)
        made.bind((address, port))
        if kind == socket.SOCK_STREAM:
            made.listen()
        return made

    def connect(self, inside: netns.Namespace, listener: socket.socket, address: str) -> int:
        """A connection's port at the end that opened it."""
        with inside.enter():
            port = listener.getsockname()[1]
            made = self.stack.enter_context(socket.create_connection((address, port), timeout=5))
        self.stack.enter_context(listener.accept()[0])
        return int(made.getsockname()[1])


@pytest.fixture
def pair() -> Iterator[Pair]:
    with ExitStack() as stack:
        host, peer = stack.enter_context(netns.namespace("rw-host")), stack.enter_context(netns.namespace("rw-peer"))
        netns.veth(host, "up0", [f"{HOST}/24", "fd00::1/64"], peer, "up0", f"{PEER}/24")
        netns.veth(host, "up1", "192.0.2.1/24", peer, "up1", "192.0.2.2/24")
        yield Pair(host, peer, stack)


def test_tcp_flows_and_listeners_that_no_rule_admits_are_named(pair: Pair) -> None:
    ssh = pair.bound(pair.host, socket.SOCK_STREAM, "0.0.0.0", 22)
    web = pair.bound(pair.peer, socket.SOCK_STREAM, PEER, 443)
    inward = pair.connect(pair.peer, ssh, HOST)
    outward = pair.connect(pair.host, web, PEER)
    for observing in (False, True):
        if observing:
            with pair.host.enter():
                prepare_tracking()
            pair.host.run(["nft", "-f", "-"], input=OBSERVE)
        assert set(pair.would_end(state())) == {
            Unadmitted(INGRESS, "tcp", HOST, 22, PEER, inward),
            Unadmitted(EGRESS, "tcp", HOST, outward, PEER, 443),
            Unadmitted(INGRESS, "tcp", "0.0.0.0", 22),
        }
        ssh_rule, web_rule = (INGRESS, Traffic("tcp", 22, 22)), (EGRESS, Traffic("tcp", 443, 443))
        assert pair.would_end(state(ssh_rule, web_rule)) == ()
        assert pair.would_end(state(ssh_rule)) == (Unadmitted(EGRESS, "tcp", HOST, outward, PEER, 443),)
        control = LocalPolicy(control=frozenset((ControlEndpoint(PEER, 443),)))
        assert pair.would_end(state(ssh_rule), control) == ()


def test_udp_flows_count_once_they_are_answered(pair: Pair) -> None:
    pair.host.run(["nft", "-f", "-"], input=OBSERVE)
    service = pair.bound(pair.host, socket.SOCK_DGRAM, HOST, 53)
    client = pair.bound(pair.peer, socket.SOCK_DGRAM, PEER, 5353)
    client.sendto(b"question", (HOST, 53))
    assert service.recvfrom(99)[0] == b"question"
    listening = Unadmitted(INGRESS, "udp", HOST, 53)
    assert pair.would_end(state()) == (listening,)
    service.sendto(b"answer", (PEER, 5353))
    assert client.recvfrom(99)[0] == b"answer"
    assert pair.would_end(state()) == (Unadmitted(INGRESS, "udp", HOST, 53, PEER, 5353), listening)
    assert pair.would_end(state((INGRESS, Traffic("udp", 53, 53)))) == ()


def test_another_device_is_closed_unless_it_is_left_alone(pair: Pair) -> None:
    service = pair.bound(pair.host, socket.SOCK_STREAM, "192.0.2.1", 22)
    port = pair.connect(pair.peer, service, "192.0.2.1")
    rule = (INGRESS, Traffic("tcp", 22, 22))
    assert pair.would_end(state(rule)) == (Unadmitted(INGRESS, "tcp", "192.0.2.1", 22, "192.0.2.2", port),)
    assert pair.would_end(state(rule), LocalPolicy(unmanaged=frozenset(("up1",)))) == ()


def test_the_clients_own_udp_sockets_and_dhcp_are_no_listeners(pair: Pair) -> None:
    pair.bound(pair.host, socket.SOCK_DGRAM, "0.0.0.0", 68)
    pair.bound(pair.host, socket.SOCK_DGRAM, HOST, 0)
    pair.bound(pair.host, socket.SOCK_STREAM, "127.0.0.1", 25)
    assert pair.would_end(state()) == ()


def test_a_report_names_only_so_many(pair: Pair) -> None:
    for port in range(1000, 1000 + UNADMITTED_MAX + 20):
        pair.bound(pair.host, socket.SOCK_STREAM, HOST, port)
    assert len(pair.would_end(state())) == UNADMITTED_MAX


def test_interfaces_come_with_their_addresses(pair: Pair) -> None:
    with pair.host.enter():
        found = {item.device: item for item in read_interfaces()}
    assert set(found) >= {"up0", "up1"}
    assert "lo" not in found
    assert found["up0"].addresses[:2] == (f"{HOST}/24", "fd00::1/64")
    assert len(found["up0"].mac_address) == 17
