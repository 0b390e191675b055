"""Packets that no honest stack sends, at a host and through it: odd flags, pieces, protocols, senders, and floods.

Each test names its row in the list of attacks that the layout was designed against.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from struct import pack

import pytest

import netns
import tally
from build import HOST4, HOST6, INGRESS, beside, cidr, egress, everything, flow, ingress, protocol, tcp, udp, world
from build import routed as container
from frames import MAGIC, SCTP, fragment, internet_checksum, ip_packet, packet_bytes
from ringwall.compiler.compile import compile_host
from ringwall.domain.admission import ICMP, ICMPV6, TCP, UDP, Flow
from ringwall.domain.group import SecurityGroupRule
from ringwall.domain.local import LocalPolicy
from wire import HERE, Wire, wire

pytestmark = [pytest.mark.kernel, netns.needs_kernel]

A4, A6 = "10.0.1.2", "fd00:0:0:1::2"
X4, X6 = "192.0.2.1", "2001:db8::9"
ANY4, ANY6 = cidr("0.0.0.0/0"), cidr("::/0")
PORT = 8080
ALL = [side(everything(), block) for side in (ingress, egress) for block in (ANY4, ANY6)]
MAXIMUM_TRIED = 300_000
COUNT, MAXIMUM = (Path(f"/proc/sys/net/netfilter/nf_conntrack_{name}") for name in ("count", "max"))


@pytest.fixture
def net() -> Iterator[Wire]:
    with wire() as made:
        yield made


def enforce(net: Wire, *rules: SecurityGroupRule) -> None:
    """The host, and a container behind it, under the same rules; nothing is known of any flow."""
    state = beside(world(*rules, groups=("sg-1",)), container("eni-2", "vc1", (A4, A6), "sg-1"))
    net.kernel.apply(net.kernel.observe(), compile_host(state, LocalPolicy()).ruleset)
    net.forget_flows()


def arrive(net: Wire, packets: list[bytes], onward: str | None) -> list[bool]:
    """Which of the packets come out, that arrive at the host's own interface; each carries its place in the list."""
    for packet in packets:
        net.put(packet, "up0", onward)
    tally.add("real packets sent", len(packets))
    arrived = net.settle()
    return [(number, HERE if onward is None else onward) in arrived for number in range(len(packets))]


def mark(number: int) -> bytes:
    return pack("!II", MAGIC, number)


WAYS = pytest.mark.parametrize(
    ("onward", "four", "six"), [(None, HOST4, HOST6), ("vc1", A4, A6)], ids=["host", "container"]
)


@WAYS
def test_c_tcp_begins_with_a_syn_alone(net: Wire, onward: str | None, four: str, six: str) -> None:
    """Part C: ACK, RST, FIN, SYN+ACK, none, all, SYN+FIN, SYN+RST. Everything is granted."""
    for source, destination in ((X4, four), (X6, six)):
        enforce(net, *ALL)
        flags = [0x10, 0x04, 0x01, 0x12, 0x00, 0x29, 0x3F, 0x03, 0x06, 0x02]
        packets = []
        for number, each in enumerate(flags):
            segment = pack("!HHIIBBHHH", 1000 + number, PORT, 1, 0, 0x50, each, 1000, 0, 0) + mark(number)
            packets.append(ip_packet(source, destination, TCP, segment))
        assert arrive(net, packets, onward) == [each == 0x02 for each in flags]


@WAYS
@pytest.mark.parametrize("number", [50, 47, 4, 41, SCTP, 253])
def test_c_a_protocol_is_granted_by_its_number_alone(
    net: Wire, onward: str | None, four: str, six: str, number: int
) -> None:
    """Part C: ESP granted and IPIP not, and the like; an SCTP association begins with its INIT."""
    enforce(net, ingress(protocol(number), ANY4), ingress(protocol(number), ANY6))
    for source, destination in ((X4, four), (X6, six)):
        others = [each for each in (2, 4, 41, 47, 50, 51, SCTP, 253) if each != number and each not in (4, 41, 51)]
        kinds = [(each, "first") for each in (number, *others)] + [(SCTP, "later")]
        flows = [Flow("up0", INGRESS, each, source, destination, 5, 6) for each, _ in kinds]
        packets = [packet_bytes(of, kind, n) for n, (of, (_, kind)) in enumerate(zip(flows, kinds, strict=True))]
        seen = arrive(net, packets, onward)
        if onward is not None or number not in (4, 41):  # the host itself has no tunnel, and no socket here listens
            assert seen[0], "granted"
        assert not any(seen[1:]), "not granted"


@WAYS
def test_c_pieces_are_judged_as_the_whole_and_alone_they_are_nothing(
    net: Wire, onward: str | None, four: str, six: str
) -> None:
    """Part C: a datagram in two pieces, the first one tiny; and a later piece without the first."""
    for port, granted in ((PORT, True), (PORT + 1, False)):
        enforce(net, ingress(udp(port), ANY4), ingress(udp(port), ANY6))
        for source, destination in ((X4, four), (X6, six)):
            whole = packet_bytes(flow(INGRESS, UDP, source, destination, 7, PORT), "first", 0)
            net.put(fragment(whole, 8, 8), "up0", onward)
            assert not net.settle(), "the first piece isn't there yet"
            net.put(fragment(whole, 0, 8), "up0", onward)
            tally.add("real packets sent", 2)
            net.settle()
            counted = {each.comment: each.count.packets for each in net.kernel.counters() if each.count.packets}
            assert any((comment or "").startswith("sgr-") for comment in counted) is granted


@WAYS
def test_c_the_headers_of_ipv6_are_seen_through(net: Wire, onward: str | None, four: str, six: str) -> None:
    """Part C: a fragment that is the whole, one that has no next header, and one of options before the transport's."""
    for port, granted in ((PORT, True), (PORT + 1, False)):
        enforce(net, ingress(udp(port), ANY6))
        whole = packet_bytes(flow(INGRESS, UDP, X6, six, 7, PORT), "first", 0)
        net.put(fragment(whole, 0, len(whole)), "up0", onward)
        net.put(ip_packet(X6, six, 60, bytes([UDP, 0, 1, 4, 0, 0, 0, 0]) + whole[40:]), "up0", onward)
        net.put(ip_packet(X6, six, 59, bytes(8) + whole[40:]), "up0", onward)
        tally.add("real packets sent", 3)
        net.settle()
        passed = sum(each.count.packets for each in net.kernel.counters() if (each.comment or "").startswith("sgr-"))
        assert passed == (2 if granted else 0), "what has no next header belongs to no rule"


@WAYS
def test_c_unsolicited_icmp_needs_a_rule(net: Wire, onward: str | None, four: str, six: str) -> None:
    """Part C and row 16: echo replies, errors about nothing, redirects, advertisements, timestamps, masks."""
    for rules, granted in (([], False), ([ingress(everything(), ANY4), ingress(everything(), ANY6)], True)):
        enforce(net, *rules)
        for source, destination, number, kinds in (
            (X4, four, ICMP, (0, 3, 4, 5, 9, 10, 11, 12, 13, 17)),
            (X6, six, ICMPV6, (1, 2, 3, 4, 129, 139, 140)),
        ):
            flows = [flow(INGRESS, number, source, destination, icmp=(each, 0)) for each in kinds]
            packets = [
                ip_packet(source, destination, number, pack("!BBHHH", of.icmp_type, 0, 0, n, 1) + mark(n))
                for n, of in enumerate(flows)
            ]
            assert arrive(net, packets, onward) == [granted] * len(packets)


def test_c_senders_that_cannot_be_are_dropped_though_everything_is_granted(net: Wire) -> None:
    """Part C, martians: loopback and multicast addresses from outside; the kernel drops them itself."""
    enforce(net, *ALL)
    packets = [
        packet_bytes(flow(INGRESS, UDP, source, HOST4 if "." in source else HOST6, 7, PORT), "first", number)
        for number, source in enumerate(["127.0.0.1", "224.0.0.1", "255.255.255.255", "::1", "ff02::1", X4])
    ]
    assert arrive(net, packets, None) == [False] * 5 + [True]


@WAYS
def test_b_a_refused_flood_leaves_nothing_in_the_flow_table(net: Wire, onward: str | None, four: str, six: str) -> None:
    """Part B: SYNs and datagrams from everywhere to ports that nobody granted."""
    enforce(net, ingress(tcp(22), ANY4))
    packets = [
        packet_bytes(flow(INGRESS, number, f"198.51.{n % 200}.{n % 250}", four, n, PORT), "first", n)
        for n in range(2000)
        for number in (TCP, UDP)
    ]
    assert not any(arrive(net, packets, onward))
    with net.host.enter():
        assert int(COUNT.read_text()) <= 1, "the marker's"


def test_b_a_flood_on_a_granted_port_leaves_room_for_who_is_answered(net: Wire) -> None:
    """Part B: the flow table is filled with datagrams to a granted port that nobody answers.

    The flow that was answered goes on, and new connections still begin: the kernel makes room of what is unanswered.
    """
    with net.host.enter():
        maximum = int(MAXIMUM.read_text())
    if maximum > MAXIMUM_TRIED:
        pytest.skip(f"the flow table holds {maximum} flows")
    enforce(net, ingress(udp(PORT), ANY4), ingress(tcp(22), ANY4))
    live = flow(INGRESS, TCP, X4, HOST4, 5, 22)
    net.put(packet_bytes(live, "first", 1), "up0")
    net.send(packet_bytes(live, "reply", 2), X4, "up0")
    net.put(packet_bytes(live, "later", 3), "up0")
    assert {(1, HERE), (2, "up0"), (3, HERE)} <= net.settle()
    filler = packet_bytes(flow(INGRESS, UDP, "198.18.7.7", HOST4, 7, PORT), "first", 4)
    for n in range(maximum):
        net.put(from_anywhere(filler, n), "up0")
        if n % 512 == 0:
            net.settle()
    net.settle()
    tally.add("real packets sent", maximum)
    with net.host.enter():
        assert int(COUNT.read_text()) > maximum * 0.9
    net.put(packet_bytes(live, "later", 5), "up0")
    for n in range(4):
        net.put(packet_bytes(replace(live, source_port=100 + n), "first", 6 + n), "up0")
    assert {(5, HERE), *((6 + n, HERE) for n in range(4))} <= net.settle()


def from_anywhere(datagram: bytes, n: int) -> bytes:
    """The datagram of IPv4 from another address, and without a checksum of its own."""
    head = datagram[:10] + bytes(2) + pack("!I", 0x0B000000 + n) + datagram[16:20]
    head = head[:10] + pack("!H", internet_checksum(head)) + head[12:]
    return head + datagram[20:26] + bytes(2) + datagram[28:]
