"""Break-glass addresses reach the host that refuses everything, and are answered; nothing is forwarded for them."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator

import pytest

import netns
from build import HOST4, HOST6, PEER4, PEER6, cidr, egress, everything, ingress
from lab import RAW_PROTOCOL, icmp_message, received
from ringwall.domain.local import LocalPolicy
from site_of_containers import A4, A6, GATE_S4, STRANGER4, STRANGER6, Site, datagram, site, site_world

pytestmark = [pytest.mark.kernel, netns.needs_kernel]

GLASS = LocalPolicy(break_glass=frozenset({"10.0.0.0/30", "fd00::2/128", f"{STRANGER4}/32", f"{STRANGER6}/128"}))


@pytest.fixture
def net() -> Iterator[Site]:
    with site() as made:
        yield made


@pytest.mark.parametrize("who", ["outside", "stranger"])
@pytest.mark.parametrize("version", [4, 6])
def test_they_reach_the_host_and_are_reached_by_it(net: Site, who: str, version: int) -> None:
    """By a known device and by one that nobody named, with every protocol."""
    host = (HOST4, HOST6)[version == 6]
    there = net.to(who, version)
    client = net.places[who]
    for local, passes, port in ((GLASS, True, 514), (LocalPolicy(), False, 515)):
        net.enforce(site_world(), local)
        assert (net.connect(client, host, 22) is not None) is passes
        assert (net.connect(net.host, there, 22) is not None) is passes
        assert net.exchanges(*net.datagrams(client, host, port)) is passes
        assert net.pings(client, host) is passes
        assert net.pings(net.host, there) is passes
    net.enforce(site_world(), GLASS)
    assert net.exchanges(*net.raw(client, host, RAW_PROTOCOL))


def test_icmp_without_a_flow_is_theirs_too(net: Site) -> None:
    listening = net.socket(net.host, socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    sending = net.socket(net.peer, socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    for local, passes in ((GLASS, True), (LocalPolicy(), False)):
        net.enforce(site_world(), local)
        before = net.refused()
        sending.sendto(icmp_message(9, 0, bytes(36)), (HOST4, 0))
        assert net.passes(lambda: received(listening)[20:22] == b"\x09\x00", before) is passes


@pytest.mark.parametrize("version", [4, 6])
def test_nothing_is_forwarded_for_them(net: Site, version: int) -> None:
    net.enforce(site_world(egress(everything(), cidr("0.0.0.0/0"), group_id="sg-host")), GLASS)
    container, outside = (A4, A6)[version == 6], (PEER4, PEER6)[version == 6]
    assert net.connect(net.places["outside"], container, 22) is None
    assert net.connect(net.places["a"], outside, 22) is None


@pytest.mark.parametrize("version", [4, 6])
def test_a_container_reaches_the_host_where_its_own_address_breaks_the_glass_and_not_under_anothers(
    net: Site, version: int
) -> None:
    host, container, outside = ((HOST4, HOST6), (A4, A6), (PEER4, PEER6))
    at = version == 6
    local = LocalPolicy(break_glass=frozenset({f"{container[at]}/{128 if at else 32}", *GLASS.break_glass}))
    net.enforce(site_world(), local)
    assert net.connect(net.places["a"], host[at], 22) is not None
    assert net.connect(net.host, container[at], 22) is not None
    assert net.connect(net.places["b"], host[at], 22) is None
    listener = net.socket(net.host, socket.AF_INET6 if at else socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind((host[at], 514))
    before = net.refused()
    net.sends("b", datagram(outside[at], host[at], 514), host[at])
    assert not net.passes(lambda: bool(received(listener)), before)


def test_the_hosts_own_address_from_outside_breaks_no_glass(net: Site) -> None:
    net.enforce(site_world(), LocalPolicy(break_glass=frozenset({"fd00::/64"})))
    listener = net.socket(net.host, socket.AF_INET6, socket.SOCK_DGRAM)
    listener.bind((HOST6, 514))
    before = net.refused()
    net.sends("outside", datagram(PEER6, HOST6, 514), HOST6)
    assert net.passes(lambda: bool(received(listener)), before)
    before = net.refused()
    net.sends("outside", datagram(HOST6, HOST6, 514), HOST6)
    assert not net.passes(lambda: bool(received(listener)), before)


@pytest.mark.skipif(shutil.which("conntrack") is None, reason="needs conntrack")
def test_a_session_of_theirs_outlives_a_lost_flow_table(net: Site) -> None:
    net.enforce(site_world(ingress(everything(), cidr("192.0.2.0/24"), group_id="sg-host")), GLASS)
    for server in (HOST4, GATE_S4):
        ends = net.connect(net.places["outside" if server == HOST4 else "stranger"], server, 22)
        assert ends is not None
        assert net.exchanges(*ends)
        net.host.run(["conntrack", "-F"])
        near, far = ends
        assert net.moves(far, near)
        assert net.exchanges(near, far)
