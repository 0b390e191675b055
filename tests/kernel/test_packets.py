"""Real packets meet the compiled ruleset in a real kernel: what a group grants passes, and nothing else does."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from struct import pack

import pytest

import netns
from build import (
    EGRESS,
    HOST4,
    HOST6,
    INGRESS,
    PEER4,
    PEER6,
    cidr,
    egress,
    everything,
    group,
    icmp,
    icmpv6,
    ingress,
    prefix_list,
    protocol,
    tcp,
    udp,
    world,
)
from lab import RAW_PROTOCOL, Lab, icmp_message, lab, received, wait_for
from netns import Namespace
from ringwall.domain.group import Direction
from ringwall.domain.interface import Mode
from ringwall.domain.local import ControlEndpoint, LocalPolicy
from ringwall.domain.peer import Peer
from ringwall.domain.traffic import Traffic

pytestmark = [pytest.mark.kernel, netns.needs_kernel]

MEMBERS = {"sg-peers": [PEER4, PEER6], "sg-others": ["10.7.7.7", "fd00::77"]}
LISTS = {"pl-peers": ["10.0.0.0/30", "fd00::/64"], "pl-others": ["192.0.2.0/24", "2001:db8::/32"]}


@pytest.fixture
def net() -> Iterator[Lab]:
    with lab() as made:
        yield made


def try_tcp(net: Lab, client: Namespace, address: str) -> bool:
    ends = net.connect(client, address, 8080)
    return ends is not None and exchange_and_close(net, ends)


def try_udp(net: Lab, client: Namespace, address: str) -> bool:
    return exchange_and_close(net, net.datagrams(client, address, 8080))


def try_raw(net: Lab, client: Namespace, address: str) -> bool:
    return exchange_and_close(net, net.raw(client, address))


def exchange_and_close(net: Lab, ends: tuple[socket.socket, socket.socket]) -> bool:
    with ends[0], ends[1]:
        return net.exchanges(*ends)


def try_ping(net: Lab, client: Namespace, address: str) -> bool:
    return net.pings(client, address)


Try = Callable[[Lab, Namespace, str], bool]
KINDS: dict[str, tuple[Try, list[Traffic], list[Traffic]]] = {
    "tcp": (
        try_tcp,
        [tcp(8080), tcp(8000, 8100), tcp(1, 65535), everything()],
        [tcp(8081), udp(8080), tcp(7000, 8079)],
    ),
    "udp": (try_udp, [udp(8080), udp(8080, 8090), udp(0, 65535), everything()], [udp(8081), tcp(8080), protocol(18)]),
    "raw": (try_raw, [protocol(RAW_PROTOCOL), everything()], [protocol(252), tcp(0, 65535), icmp()]),
    "icmp": (try_ping, [icmp(), icmp(8), icmp(8, 0), everything()], [icmp(0), icmp(8, 1), icmpv6(), icmp(13)]),
    "icmpv6": (try_ping, [icmpv6(), icmpv6(128), icmpv6(128, 0), everything()], [icmpv6(129), icmpv6(128, 1), icmp()]),
}
CASES = [
    (kind, version, direction)
    for kind in KINDS
    for version in (4, 6)
    for direction in Direction
    if (kind, version) not in {("icmp", 6), ("icmpv6", 4)}
]


@pytest.mark.parametrize(("kind", "version", "direction"), CASES)
def test_what_a_rule_grants_passes_with_its_replies_and_the_rest_does_not(
    net: Lab, kind: str, version: int, direction: Direction
) -> None:
    attempt, granting, missing = KINDS[kind]
    of = ingress if direction is INGRESS else egress
    client, address = {
        (INGRESS, 4): (net.peer, HOST4),
        (INGRESS, 6): (net.peer, HOST6),
        (EGRESS, 4): (net.host, PEER4),
        (EGRESS, 6): (net.host, PEER6),
    }[direction, version]
    four = version == 4
    right = [
        cidr("0.0.0.0/0" if four else "::/0"),
        cidr("10.0.0.0/29" if four else "fd00::/120"),
        cidr(f"{PEER4}/32" if four else f"{PEER6}/128"),
        group("sg-peers"),
        prefix_list("pl-peers"),
    ]
    wrong = [
        cidr("::/0" if four else "0.0.0.0/0"),
        cidr("10.0.0.8/29" if four else "fd00:0:0:1::/64"),
        group("sg-others"),
        group("sg-gone"),
        prefix_list("pl-others"),
    ]

    def attempt_with(*pairs: tuple[Traffic, Peer]) -> bool:
        net.enforce(world(*(of(*pair) for pair in pairs), groups=("sg-1",), members=MEMBERS, prefix_lists=LISTS))
        return attempt(net, client, address)

    assert not attempt_with(), "nothing is granted"
    for traffic in granting:
        assert attempt_with((traffic, right[0])), traffic
    for peer in right:
        assert attempt_with((granting[0], peer)), peer
    assert not attempt_with(*((traffic, right[0]) for traffic in missing))
    assert not attempt_with(*((granting[0], peer) for peer in wrong))
    assert attempt_with(*((traffic, right[0]) for traffic in missing), (granting[0], right[1]))


@pytest.mark.parametrize("address", [HOST4, HOST6])
def test_a_rule_of_the_other_direction_grants_nothing(net: Lab, address: str) -> None:
    net.enforce(world(egress(everything(), cidr("0.0.0.0/0")), egress(everything(), cidr("::/0"))))
    assert net.connect(net.peer, address, 8080) is None
    assert not net.pings(net.peer, address)


def test_observing_drops_nothing_and_counts_what_it_would(net: Lab) -> None:
    net.enforce(world(groups=("sg-1",), mode=Mode.OBSERVE))
    near, far = net.datagrams(net.peer, HOST4, 8080)
    for count in range(1, 4):
        near.send(b"x")
        net.enforce(world(groups=("sg-1",), mode=Mode.OBSERVE))
        assert wait_for(lambda: received(far))
        assert net.refused() == count
    net.enforce(world(groups=("sg-1",)))
    assert not net.moves(near, far)
    net.enforce(world(groups=("sg-1",), mode=Mode.OBSERVE))
    near.send(b"x")
    assert wait_for(lambda: received(far))


def test_an_interface_that_nobody_named_is_closed(net: Lab) -> None:
    """An unknown one, the known one under another name, and packets for the known one's address through an unknown."""
    state = world(ingress(everything(), cidr("0.0.0.0/0")), egress(everything(), cidr("0.0.0.0/0")))
    netns.veth(net.host, "up1", "172.31.0.1/24", net.peer, "cable1", "172.31.0.2/24")
    net.enforce(state)
    assert try_tcp(net, net.peer, HOST4)
    assert net.connect(net.peer, "172.31.0.1", 8080) is None
    assert net.connect(net.host, "172.31.0.2", 8080) is None
    net.enforce(state, LocalPolicy(unmanaged=frozenset({"up1"})))
    assert try_tcp(net, net.peer, "172.31.0.1")
    net.enforce(state)
    net.peer.run(["ip", "route", "add", f"{HOST4}/32", "via", "172.31.0.1", "dev", "cable1"])
    assert net.connect(net.peer, HOST4, 8080) is None
    net.peer.run(["ip", "route", "del", f"{HOST4}/32"])
    assert try_tcp(net, net.peer, HOST4)
    net.host.run(["ip", "link", "set", "up0", "down"])
    net.host.run(["ip", "link", "set", "up0", "name", "renamed"])
    net.host.run(["ip", "link", "set", "renamed", "up"])
    assert net.connect(net.peer, HOST4, 8080) is None


def test_loopback_and_the_hosts_dhcp_always_pass(net: Lab) -> None:
    net.enforce(world(groups=("sg-1",)))
    with net.host.enter(), socket.create_server(("127.0.0.1", 0)) as listener:
        socket.create_connection(listener.getsockname(), timeout=5).close()
    near, far = (net.socket(each, socket.AF_INET, socket.SOCK_DGRAM) for each in (net.host, net.peer))
    near.bind((HOST4, 68))
    far.bind((PEER4, 67))
    near.connect((PEER4, 67))
    far.connect((HOST4, 68))
    assert net.exchanges(near, far), "the host renews its lease"
    assert not net.exchanges(*net.datagrams(net.peer, HOST4, 67)), "and is no server"


@pytest.mark.parametrize(("server", "version"), [(PEER4, 4), (PEER6, 6)])
def test_the_control_channel_passes_and_nothing_beside_it(net: Lab, server: str, version: int) -> None:
    net.enforce(world(groups=("sg-1",)), LocalPolicy(control=frozenset({ControlEndpoint(server, 4580)})))
    ends = net.connect(net.host, server, 4580)
    assert ends is not None
    assert net.exchanges(*ends)
    assert net.connect(net.host, server, 4581) is None
    assert net.connect(net.peer, HOST4 if version == 4 else HOST6, 4580) is None
    assert not net.exchanges(*net.datagrams(net.host, server, 4580))


def test_icmp_without_a_flow_has_rules_of_its_own(net: Lab) -> None:
    """A router's advertisement, and an error about a flow that nobody knows, which conntrack calls invalid."""
    listening = net.socket(net.host, socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    sending = net.socket(net.peer, socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)

    def arrives(kind: int, code: int, state: object) -> bool:
        net.enforce(state)  # type: ignore[arg-type]
        before = net.refused()
        sending.sendto(icmp_message(kind, code, bytes(36)), (HOST4, 0))
        return net.passes(lambda: received(listening)[20:22] == bytes([kind, code]), before)

    for kind, code in ((9, 0), (3, 4), (5, 1), (0, 0)):
        assert not arrives(kind, code, world(groups=("sg-1",)))
        assert not arrives(
            kind, code, world(ingress(icmp(kind, code), cidr("192.0.2.0/24")), egress(icmp(), cidr("0.0.0.0/0")))
        )
        assert not arrives(
            kind, code, world(ingress(icmp(8), cidr("0.0.0.0/0")), ingress(icmp(kind, code + 1), cidr("0.0.0.0/0")))
        )
        for traffic in (icmp(kind, code), icmp(kind), icmp(), everything()):
            assert arrives(kind, code, world(ingress(traffic, cidr("10.0.0.0/8")))), traffic
        assert arrives(kind, code, world(ingress(icmp(kind), group("sg-peers")), members=MEMBERS))


def test_a_redirected_port_is_judged_as_the_port_that_it_leads_to(net: Lab) -> None:
    """8080 leads to 22: a rule for 22 grants it, one for 8080 doesn't."""
    net.host.run(["nft", "add table ip nat; add chain ip nat pre { type nat hook prerouting priority dstnat; }"])
    net.host.run(["nft", "add rule ip nat pre tcp dport 8080 redirect to :22"])
    listener = net.socket(net.host, socket.AF_INET, socket.SOCK_STREAM)
    listener.bind((HOST4, 22))
    listener.listen()

    def reaches() -> bool:
        near = net.socket(net.peer, socket.AF_INET, socket.SOCK_STREAM)
        before = net.refused()
        near.connect_ex((HOST4, 8080))

        def accepted() -> bool:
            try:
                listener.accept()[0].close()
            except BlockingIOError:
                return False
            return True

        passed = net.passes(accepted, before)
        near.close()
        return passed

    net.enforce(world(ingress(tcp(8080), cidr("0.0.0.0/0"))))
    assert not reaches()
    net.enforce(world(ingress(tcp(22), cidr("0.0.0.0/0"))))
    assert reaches()


def test_every_line_of_a_tree_is_reached(net: Lab) -> None:
    """Sixty blocks on one port, of which one holds the peer: at any length, and beside it nothing."""
    others = [ingress(tcp(8080), cidr(f"10.{a}.{b}.0/24")) for a in (1, 2, 3) for b in range(20)]
    net.enforce(world(*others))
    assert net.connect(net.peer, HOST4, 8080) is None
    for length in (0, 7, 8, 15, 16, 24, 31, 32):
        block = {0: "0.0.0.0", 31: "10.0.0.2", 32: "10.0.0.2"}.get(length, "10.0.0.0")
        net.enforce(world(*others, ingress(tcp(8080), cidr(f"{block}/{length}"), "sgr-this")))
        assert try_tcp(net, net.peer, HOST4), length
        assert net.admitted_by("sgr-this") > 0


def test_the_mode_is_switched_by_a_difference(net: Lab) -> None:
    state = world(ingress(tcp(22), cidr("0.0.0.0/0")), mode=Mode.OBSERVE)
    net.enforce(state)
    before = net.applied
    assert before is not None
    net.enforce(replace(state, mode=Mode.ENFORCE))
    after = net.applied
    assert after is not None
    kept = {name for name, handles in after.handles.items() if handles == before.handles[name]}
    assert {"sg-1-ingress", "sg-1-ingress-tcp", "sg-1-ingress-tcp-22", "eni-1-egress"} <= kept
    assert net.connect(net.peer, HOST4, 8080) is None


def test_a_packet_from_outside_with_the_hosts_own_address_is_nobodys(net: Lab) -> None:
    """The kernel drops it itself for IPv4 alone. Every VPC's default group admits its members: the host is one."""
    net.enforce(world(ingress(udp(7777), group("sg-1")), members={"sg-1": {HOST6, PEER6}}))
    server = net.socket(net.host, socket.AF_INET6, socket.SOCK_DGRAM)
    server.bind((HOST6, 7777))
    sending = net.socket(net.peer, socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)

    def arrives(source: str) -> bool:
        before = net.refused()
        sending.sendto(datagram6(source, HOST6, 7777), (HOST6, 0))
        return net.passes(lambda: bool(received(server)), before)

    assert arrives(PEER6)
    assert not arrives(HOST6)


def datagram6(source: str, destination: str, port: int) -> bytes:
    """A UDP datagram with its IPv6 header."""
    addresses = socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, destination)
    length, head = 12, pack("!HHH", 5555, port, 12)
    words = addresses + pack("!HH", length, socket.IPPROTO_UDP) + head + b"spoo"
    total = sum(int.from_bytes(words[at : at + 2], "big") for at in range(0, len(words), 2))
    total = (total & 0xFFFF) + (total >> 16)
    checksum = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
    return pack("!IHBB", 6 << 28, length, socket.IPPROTO_UDP, 64) + addresses + head + pack("!H", checksum) + b"spoo"
