"""Real packets between containers, their host and the outside: both ends must agree, and nobody sends as another."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest

import netns
from build import (
    EGRESS,
    INGRESS,
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
)
from lab import RAW_PROTOCOL
from netns import Namespace
from ringwall.domain.address import canonical_cidr
from ringwall.domain.group import Direction, SecurityGroupRule
from ringwall.domain.peer import Peer
from ringwall.domain.traffic import Traffic
from site_of_containers import ADDRESSES, Site, site, site_world

pytestmark = [pytest.mark.kernel, netns.needs_kernel]

PORT = 8080
LISTS = {"pl-all": ["10.0.0.0/16", "fd00::/56"], "pl-others": ["192.0.2.0/24", "2001:db8::/32"]}
PATHS = [("a", "b"), ("a", "host"), ("host", "a"), ("a", "outside"), ("outside", "a"), ("b", "a")]


@pytest.fixture(scope="module", params=PATHS, ids=" to ".join)
def path(request: pytest.FixtureRequest) -> Iterator[tuple[Site, str, str]]:
    """A site for each path: a flow without ports that went one way would be the same flow the other way."""
    with site() as made:
        yield made, *request.param


def try_tcp(net: Site, client: Namespace, address: str) -> bool:
    ends = net.connect(client, address, PORT)
    return ends is not None and exchange_and_close(net, ends)


def try_udp(net: Site, client: Namespace, address: str) -> bool:
    return exchange_and_close(net, net.datagrams(client, address, PORT))


def try_raw(net: Site, client: Namespace, address: str) -> bool:
    return exchange_and_close(net, net.raw(client, address))


def try_ping(net: Site, client: Namespace, address: str) -> bool:
    return net.pings(client, address)


def exchange_and_close(net: Site, ends: tuple[socket.socket, socket.socket]) -> bool:
    with ends[0], ends[1]:
        return net.exchanges(*ends)


Try = Callable[[Site, Namespace, str], bool]
KINDS: dict[str, tuple[Try, list[Traffic], list[Traffic]]] = {
    "tcp": (try_tcp, [tcp(8080), tcp(8000, 8100), tcp(1, 65535), everything()], [tcp(8081), udp(8080)]),
    "udp": (try_udp, [udp(8080), udp(8080, 8090), udp(0, 65535)], [udp(8081), tcp(8080)]),
    "raw": (try_raw, [protocol(RAW_PROTOCOL)], [protocol(252), tcp(0, 65535)]),
    "icmp": (try_ping, [icmp(), icmp(8), icmp(8, 0)], [icmp(0), icmp(8, 1), icmpv6()]),
    "icmpv6": (try_ping, [icmpv6(), icmpv6(128), icmpv6(128, 0)], [icmpv6(129), icmpv6(128, 1), icmp()]),
}
CASES = [(kind, version) for kind in KINDS for version in (4, 6) if (kind, version) not in {("icmp", 6), ("icmpv6", 4)}]


def rule(owner: str, direction: Direction, traffic: Traffic, peer: Peer) -> SecurityGroupRule:
    return (ingress if direction is INGRESS else egress)(traffic, peer, group_id=f"sg-{owner}")


@pytest.mark.parametrize(("kind", "version"), CASES)
def test_a_flow_passes_where_all_its_ends_on_the_host_admit_it(
    path: tuple[Site, str, str], kind: str, version: int
) -> None:
    net, sender, receiver = path
    attempt, granting, missing = KINDS[kind]
    client, address = net.places[sender], ADDRESSES[receiver][version == 6]
    anywhere = cidr("0.0.0.0/0" if version == 4 else "::/0")
    ends = [(sender, EGRESS, receiver), (receiver, INGRESS, sender)]
    judged = [end for end in ends if end[0] != "outside"]

    def attempt_with(*rules: SecurityGroupRule) -> bool:
        net.enforce(site_world(*rules, prefix_lists=LISTS))
        return attempt(net, client, address)

    opposite = [rule(owner, INGRESS if way is EGRESS else EGRESS, everything(), anywhere) for owner, way, _ in judged]
    assert not attempt_with(), "nothing is granted"
    assert not attempt_with(*opposite), "a rule of the other direction grants nothing"
    for owner, way, other in judged:
        others = [rule(each[0], each[1], everything(), anywhere) for each in judged if each[0] != owner]
        if others:
            assert not attempt_with(*others), f"{owner} was not asked"
        network = canonical_cidr(f"{ADDRESSES[other][version == 6]}/{24 if version == 4 else 64}")
        assert network is not None
        for traffic in granting:
            assert attempt_with(*others, rule(owner, way, traffic, anywhere)), traffic
        for peer in (cidr(network), group(f"sg-{other}"), prefix_list("pl-all")):
            assert attempt_with(*others, rule(owner, way, granting[0], peer)), peer
        assert not attempt_with(*others, *(rule(owner, way, traffic, anywhere) for traffic in missing))
        for peer in (group(f"sg-{owner}"), group("sg-gone"), prefix_list("pl-others")):
            assert not attempt_with(*others, rule(owner, way, granting[0], peer)), peer
