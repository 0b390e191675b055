"""Enforcement begins while datagrams go to and fro: who opened a flow is who was heard first since tracking began.

Nobody could be asked: a socket that isn't connected knows no flows. TCP is in test_conntrack, and in
test_packets_attacks_more where it is forwarded.
"""

from __future__ import annotations

from collections.abc import Iterator
from socket import socket

import pytest

import netns
from build import cidr, egress, icmp, icmpv6, ingress, udp
from ringwall.domain.group import SecurityGroupRule
from ringwall.domain.interface import Mode
from site_of_containers import ADDRESSES, Site, site, site_world

pytestmark = [pytest.mark.kernel, netns.needs_kernel]

GRANTED, OTHER = 5000, 5001
PATHS = pytest.mark.parametrize(("to", "group_id"), [("host", "sg-host"), ("a", "sg-a")], ids=["own", "forwarded"])
VERSIONS = pytest.mark.parametrize("version", [4, 6])


@pytest.fixture
def place() -> Iterator[Site]:
    with site() as made:
        yield made


def granting(group_id: str, version: int, *, out: bool) -> list[SecurityGroupRule]:
    everywhere = cidr("0.0.0.0/0" if version == 4 else "::/0")
    rules = [ingress(udp(GRANTED), everywhere, group_id=group_id)]
    return [*rules, egress(udp(0, 65535), everywhere, group_id=group_id)] if out else rules


@PATHS
@VERSIONS
@pytest.mark.parametrize("out", [False, True], ids=["egress closed", "egress open"])
def test_seen_while_the_host_observed_they_are_judged_as_they_began(
    place: Site, to: str, group_id: str, version: int, out: bool
) -> None:
    rules = granting(group_id, version, out=out)
    place.enforce(site_world(*rules, mode=Mode.OBSERVE))
    granted, other = flows(place, to, version)
    place.enforce(site_world(*rules))
    assert place.exchanges(*granted)
    assert not place.moves(*other)
    assert not place.moves(*reversed(other)), "whatever the host's side may send of its own"
    assert place.exchanges(*granted)


@PATHS
@VERSIONS
@pytest.mark.parametrize("out", [False, True], ids=["egress closed", "egress open"])
def test_never_seen_before_they_are_judged_by_the_next_datagram(
    place: Site, to: str, group_id: str, version: int, out: bool
) -> None:
    granted, other = flows(place, to, version)
    place.enforce(site_world(*granting(group_id, version, out=out)))
    assert place.exchanges(*granted), "its client is heard first"
    assert not place.moves(*other)
    assert place.moves(*reversed(other)) is out, "as any flow that it opens"


@pytest.mark.parametrize("granted", [True, False], ids=["granted", "not granted"])
@PATHS
@VERSIONS
def test_a_ping_that_goes_on_is_a_new_one(place: Site, to: str, group_id: str, version: int, granted: bool) -> None:
    at = version == 6
    assert place.pings(place.places["outside"], ADDRESSES[to][at])
    echo = ingress((icmp, icmpv6)[at]((8, 128)[at]), cidr(("0.0.0.0/0", "::/0")[at]), group_id=group_id)
    place.enforce(site_world(*([echo] if granted else [])))
    assert place.pings(place.places["outside"], ADDRESSES[to][at]) is granted


def flows(place: Site, to: str, version: int) -> list[tuple[socket, socket]]:
    """Two that live, from outside to the place's ports `GRANTED` and `OTHER`."""
    address = ADDRESSES[to][version == 6]
    made = [place.datagrams(place.places["outside"], address, port) for port in (GRANTED, OTHER)]
    for each in made:
        assert place.exchanges(*each)
    return made
