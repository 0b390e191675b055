"""Connections from before the first rule: the ones that a rule admits live through the start of enforcement.

A host and a peer, real TCP connections both ways, all of them idle. The ruleset judges each packet on its flow's
original tuple and drops whatever is new and no SYN, as the compiled one does.
"""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

import netns
from ringwall.agent.conntrack import Conntrack, Entry, Prepared, Tuple, outgoing_tuple, prepare_tracking
from ringwall.agent.netlink import NETFILTER, Netlink
from ringwall.agent.sockets import Connection, read_sockets

pytestmark = [pytest.mark.kernel, netns.needs_kernel]

HOST = {socket.AF_INET: "10.0.0.1", socket.AF_INET6: "fd00::1"}
PEER = {socket.AF_INET: "10.0.0.2", socket.AF_INET6: "fd00::2"}
FAMILIES = pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6], ids=["v4", "v6"])

# The host may be reached on 22, and may reach 80; 23 and 81 are what nobody granted.
ENFORCE = """
table inet ringwall {
  chain judge {
    meta l4proto ipv6-icmp accept
    ct state new tcp flags & (fin | syn | rst | ack) != syn counter drop
  }
  chain in {
    type filter hook input priority filter; policy drop;
    iif "lo" accept
    jump judge
    ct direction original meta l4proto tcp ct reply proto-src 22 accept
    ct direction reply meta l4proto tcp ct reply proto-src 80 accept
    counter drop
  }
  chain out {
    type filter hook output priority filter; policy drop;
    oif "lo" accept
    jump judge
    ct direction original meta l4proto tcp ct reply proto-src 80 accept
    ct direction reply meta l4proto tcp ct reply proto-src 22 accept
    counter drop
  }
}
"""
# Conntrack works as soon as a rule asks it something.
OBSERVE = """
table inet ringwall {
  chain in { type filter hook input priority filter; policy accept; ct state established counter; }
  chain out { type filter hook output priority filter; policy accept; ct state established counter; }
}
"""


@dataclass(frozen=True)
class Machines:
    host: netns.Namespace
    peer: netns.Namespace

    def load(self, ruleset: str) -> None:
        self.host.run(["nft", "-f", "-"], input=f"table inet ringwall\ndelete table inet ringwall\n{ruleset}")

    def prepare(self) -> Prepared:
        with self.host.enter():
            return prepare_tracking()

    def find(self, tuple_: Tuple) -> Entry | None:
        with self.host.enter(), Netlink(NETFILTER) as netlink:
            return Conntrack(netlink).find(tuple_)

    def dropped(self) -> int:
        """Packets that the enforcing ruleset dropped so far."""
        listed = json.loads(self.host.run(["nft", "-j", "list", "table", "inet", "ringwall"]).stdout)
        expressions = [item["rule"]["expr"] for item in listed["nftables"] if "rule" in item]
        return sum(part["counter"]["packets"] for rule in expressions for part in rule if "counter" in part)


@dataclass(frozen=True)
class Talk:
    """One TCP connection, its end at the host and its end at the peer."""

    here: socket.socket
    there: socket.socket

    def lives(self) -> bool:
        """Whether a byte comes through, each way."""
        for sender, receiver in ((self.there, self.here), (self.here, self.there)):
            receiver.settimeout(5)
            sender.sendall(b"x")
            try:
                if receiver.recv(1) != b"x":
                    return False
            except TimeoutError:
                return False
        return True

    def is_cut(self, machines: Machines) -> bool:
        """Whether a byte of either end is dropped by the host."""
        for sender, receiver in ((self.there, self.here), (self.here, self.there)):
            before = machines.dropped()
            sender.sendall(b"x")
            deadline = time.monotonic() + 5
            while machines.dropped() == before:
                if time.monotonic() > deadline:
                    return False
            receiver.setblocking(False)
            with pytest.raises(BlockingIOError):
                receiver.recv(1)
        return True


@pytest.fixture
def machines() -> Iterator[Machines]:
    with netns.namespace("rw-host") as host, netns.namespace("rw-peer") as peer:
        netns.veth(host, "up0", ["10.0.0.1/24", "fd00::1/64"], peer, "up0", ["10.0.0.2/24", "fd00::2/64"])
        yield Machines(host, peer)


@pytest.fixture
def opened() -> Iterator[list[socket.socket]]:
    sockets: list[socket.socket] = []
    yield sockets
    for each in sockets:
        each.close()


def talk(
    opened: list[socket.socket],
    server: netns.Namespace,
    client: netns.Namespace,
    family: int,
    address: str,
    port: int,
    bind: str = "",
) -> tuple[socket.socket, socket.socket]:
    """A connection's (accepted, connecting) ends; the listener stays open."""
    with server.enter():
        listener = socket.create_server((bind or address, port), family=family, dualstack_ipv6=bind == "::")
    with client.enter():
        connecting = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        connecting.connect((address, port))
    accepted, _ = listener.accept()
    opened.extend((listener, accepted, connecting))
    return accepted, connecting


def inward(opened: list[socket.socket], machines: Machines, family: int, port: int) -> Talk:
    return Talk(*talk(opened, machines.host, machines.peer, family, HOST[socket.AddressFamily(family)], port))


def outward(opened: list[socket.socket], machines: Machines, family: int, port: int) -> Talk:
    accepted, connecting = talk(opened, machines.peer, machines.host, family, PEER[socket.AddressFamily(family)], port)
    return Talk(here=connecting, there=accepted)


def tuple_of(end: socket.socket) -> Tuple:
    """What packets look like that this end sends."""
    (local, local_port, *_), (peer, peer_port, *_) = end.getsockname(), end.getpeername()
    return Tuple(6, local, local_port, peer, peer_port)


@FAMILIES
def test_idle_connections_that_a_rule_admits_live_on_and_the_others_are_cut(
    machines: Machines, opened: list[socket.socket], family: int
) -> None:
    admitted = [inward(opened, machines, family, 22), outward(opened, machines, family, 80)]
    refused = [inward(opened, machines, family, 23), outward(opened, machines, family, 81)]
    assert machines.prepare() == Prepared(connections=4, inserted=4)
    machines.load(ENFORCE)
    assert all(each.lives() for each in admitted)
    assert all(each.is_cut(machines) for each in refused)


@FAMILIES
def test_without_the_preparation_an_admitted_connection_is_cut(
    machines: Machines, opened: list[socket.socket], family: int
) -> None:
    talks = [inward(opened, machines, family, 22), outward(opened, machines, family, 80)]
    machines.load(ENFORCE)
    assert all(each.is_cut(machines) for each in talks)


@FAMILIES
def test_a_session_that_is_idle_from_before_observing_until_enforcement_lives_on(
    machines: Machines, opened: list[socket.socket], family: int
) -> None:
    ssh = inward(opened, machines, family, 22)
    machines.prepare()
    machines.load(OBSERVE)
    assert machines.prepare() == Prepared(connections=1)
    machines.load(ENFORCE)
    assert ssh.lives()


@FAMILIES
def test_a_connection_picked_up_from_the_wrong_side_is_turned_round(
    machines: Machines, opened: list[socket.socket], family: int
) -> None:
    machines.load(OBSERVE)
    machines.host.run(["conntrack", "-F"])
    into, out = inward(opened, machines, family, 22), outward(opened, machines, family, 80)
    machines.host.run(["conntrack", "-F"])
    for sender, receiver in ((into.here, into.there), (out.there, out.here)):
        sender.sendall(b"x")  # the one who didn't open it speaks first
        receiver.settimeout(5)
        assert receiver.recv(1) == b"x"
    wrong = machines.find(tuple_of(into.here))
    assert wrong is not None
    assert wrong.original == tuple_of(into.here)
    assert wrong.picked_up

    assert machines.prepare() == Prepared(connections=2, replaced=2)
    right = machines.find(tuple_of(into.here))
    assert right is not None
    assert right.reply == tuple_of(into.here)
    machines.load(ENFORCE)
    assert into.lives()
    assert out.lives()


@FAMILIES
def test_a_connection_that_was_put_right_stays_so_when_its_listener_is_gone(
    machines: Machines, opened: list[socket.socket], family: int
) -> None:
    ssh = inward(opened, machines, family, 22)
    assert machines.prepare() == Prepared(connections=1, inserted=1)
    machines.load(OBSERVE)
    assert ssh.lives()
    opened[0].close()  # as a service does that takes one connection; the sockets alone would now say that we opened it
    assert machines.prepare() == Prepared(connections=1)
    entry = machines.find(tuple_of(ssh.here))
    assert entry is not None
    assert entry.original == tuple_of(ssh.there), "turned round, egress rules would revive it after its revoke"


@FAMILIES
def test_a_connection_that_was_tracked_from_its_beginning_is_left_alone(
    machines: Machines, opened: list[socket.socket], family: int
) -> None:
    machines.load(OBSERVE)
    out = outward(opened, machines, family, 80)
    local, port, *_ = out.here.getsockname()
    with machines.host.enter():  # something listens on the same port by now: the sockets alone would mislead
        listener = socket.socket(socket.AddressFamily(family))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        out.here.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((local, port))
        listener.listen()
    opened.append(listener)
    before = machines.find(tuple_of(out.here))
    assert before is not None
    assert not before.picked_up
    assert machines.prepare() == Prepared(connections=1)
    assert machines.find(tuple_of(out.here)) == before
    machines.load(ENFORCE)
    assert out.lives()


def test_an_ipv4_connection_of_an_ipv6_socket_is_an_ipv4_flow(machines: Machines, opened: list[socket.socket]) -> None:
    accepted, connecting = talk(
        opened, machines.host, machines.peer, socket.AF_INET6, HOST[socket.AF_INET], 22, bind="::"
    )
    assert machines.prepare() == Prepared(connections=1, inserted=1)
    machines.load(ENFORCE)
    assert Talk(accepted, connecting).lives()


def test_a_half_closed_download_goes_on(machines: Machines, opened: list[socket.socket]) -> None:
    download = inward(opened, machines, socket.AF_INET, 22)
    download.there.shutdown(socket.SHUT_WR)
    download.here.settimeout(5)
    assert download.here.recv(1) == b""
    assert machines.prepare() == Prepared(connections=1, inserted=1)
    machines.load(ENFORCE)
    download.here.sendall(b"x")
    download.there.settimeout(5)
    assert download.there.recv(1) == b"x"


@FAMILIES
def test_a_prepared_connection_carries_as_much_as_any(
    machines: Machines, opened: list[socket.socket], family: int
) -> None:
    # Its window scaling was agreed on before anyone tracked it: a tracker that minds windows would call this invalid.
    for bulk in (inward(opened, machines, family, 22), outward(opened, machines, family, 80)):
        machines.prepare()
        machines.load(ENFORCE)
        for sender, receiver in ((bulk.here, bulk.there), (bulk.there, bulk.here)):
            sender.setblocking(False)
            receiver.settimeout(10)
            sent = received = 0
            while received < 30_000_000:
                with contextlib.suppress(BlockingIOError):
                    while sent < 30_000_000:
                        sent += sender.send(bytes(1_000_000))
                received += len(receiver.recv(10_000_000))
    assert machines.dropped() == 0


def test_what_stays_on_the_host_is_not_tracked(machines: Machines, opened: list[socket.socket]) -> None:
    talk(opened, machines.host, machines.host, socket.AF_INET, "127.0.0.1", 22)
    talk(opened, machines.host, machines.host, socket.AF_INET, HOST[socket.AF_INET], 22)
    assert machines.prepare() == Prepared()


@FAMILIES
def test_every_flow_is_listed_with_who_opened_it(machines: Machines, opened: list[socket.socket], family: int) -> None:
    machines.load(OBSERVE)
    into = inward(opened, machines, family, 22)
    assert into.lives()
    with machines.host.enter(), Netlink(NETFILTER) as netlink:
        entries = [entry for entry in Conntrack(netlink).entries() if entry.original.protocol == 6]
    assert [entry.original for entry in entries] == [tuple_of(into.there)]
    assert entries[0].replied
    with machines.host.enter():
        sockets = read_sockets()
    (local, local_port, *_), (peer, peer_port, *_) = into.here.getsockname(), into.here.getpeername()
    connection = Connection(6, local, local_port, peer, peer_port)
    assert sockets.connections == {connection}
    assert sockets.opened_by_peer() == {connection: True}
    assert outgoing_tuple(connection) == tuple_of(into.here)
