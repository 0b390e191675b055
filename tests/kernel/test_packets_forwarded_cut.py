"""A revoke at either end of a container's flow ends it at once; what another rule admits goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

import netns
from build import HOST4, cidr, egress, everything, group, ingress, tcp, udp
from lab import received, wait_for
from ringwall.domain.group import SecurityGroupRule
from ringwall.domain.interface import Mode
from ringwall.domain.local import LocalPolicy
from site_of_containers import A4, ADDRESSES, B4, MEMBERS, Site, site, site_world
from streams import MARKER_PORT, Stream, bytes_after_commit

pytestmark = [pytest.mark.kernel, netns.needs_kernel]

ANYWHERE = ("0.0.0.0/0", "::/0")
BEFORE_BYTES = 1 << 20
MARKER = [
    side(udp(MARKER_PORT), cidr("0.0.0.0/0"), f"sgr-marker-{side.__name__}-{owner}", f"sg-{owner}")
    for side in (ingress, egress)
    for owner in ("host", "a", "b")
]
PATHS = [("a", "b"), ("a", "host"), ("host", "a"), ("a", "outside"), ("outside", "a")]


@pytest.fixture
def net() -> Iterator[Site]:
    with site() as made:
        yield made


def both_ends(sender: str, receiver: str) -> dict[str, list[SecurityGroupRule]]:
    """What admits TCP from one to the other, at each end."""
    ends = {
        sender: [egress(tcp(8080), cidr(each), group_id=f"sg-{sender}") for each in ANYWHERE],
        receiver: [ingress(tcp(8080), cidr(each), group_id=f"sg-{receiver}") for each in ANYWHERE],
    }
    return {owner: rules for owner, rules in ends.items() if owner != "outside"}


@pytest.mark.parametrize("upload", [True, False], ids=["upload", "download"])
@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize(("sender", "receiver"), PATHS, ids=" to ".join)
def test_a_revoke_at_either_end_cuts_a_running_stream(
    net: Site, sender: str, receiver: str, version: int, upload: bool
) -> None:
    ends = both_ends(sender, receiver)
    client, there = net.places[sender], ADDRESSES[receiver]
    granted = site_world(*MARKER, *(rule for rules in ends.values() for rule in rules))
    for owner in ends:
        net.enforce(granted)
        connected = net.connect(client, there[version == 6], 8080)
        assert connected is not None
        stream = Stream(*connected) if upload else Stream(*reversed(connected))
        stream.runs_for(BEFORE_BYTES)
        after = site_world(*MARKER, *(rule for each, rules in ends.items() if each != owner for rule in rules))
        assert bytes_after_commit(net, stream, lambda: net.enforce(after), client, there[0]) == 0  # noqa: B023
        for end in connected:
            end.close()


def test_a_stream_that_another_rule_admits_goes_on_without_a_retransmission(net: Site) -> None:
    """At both ends in turn: the narrow rule goes, the wide one is there."""
    ends = both_ends("a", "b")
    wide = [
        egress(everything(), group("sg-b"), "sgr-wide-out", "sg-a"),
        ingress(everything(), group("sg-a"), "sgr-wide-in", "sg-b"),
    ]
    net.enforce(site_world(*wide, *ends["a"], *ends["b"]))
    connected = net.connect(net.places["a"], B4, 8080)
    assert connected is not None
    stream = Stream(*connected)
    for _ in range(4):
        for rules in (ends["a"], ends["b"], []):
            net.enforce(site_world(*wide, *rules))
            stream.runs_for(BEFORE_BYTES // 4)
    assert stream.retransmitted() == 0
    assert net.refused() == 0
    assert net.admitted_by("sgr-wide-in") > 0


def test_a_container_that_leaves_and_a_member_that_leaves_cut_as_a_revoke_does(net: Site) -> None:
    rules = [
        egress(everything(), cidr("0.0.0.0/0"), group_id="sg-a"),
        ingress(tcp(8080), group("sg-a"), group_id="sg-b"),
    ]
    stays = [rule for rule in MARKER if rule.group_id == "sg-host"]
    local = LocalPolicy(endpoints=frozenset({"vc1", "vc2"}))
    for after in (
        site_world(*stays, *rules, members={**MEMBERS, "sg-a": ()}),
        site_world(*stays, *rules, without=["vc1"]),
        site_world(*stays, *rules, without=["vc2"]),
        site_world(*stays, *rules, without=["vc1", "vc2"]),
    ):
        net.enforce(site_world(*stays, *rules), local)
        connected = net.connect(net.places["a"], B4, 8080)
        assert connected is not None
        stream = Stream(*connected)
        stream.runs_for(BEFORE_BYTES)
        assert bytes_after_commit(net, stream, lambda: net.enforce(after, local), net.peer, HOST4) == 0  # noqa: B023


def test_observing_drops_nothing_that_is_forwarded_and_counts_what_it_would(net: Site) -> None:
    observing = site_world(mode=Mode.OBSERVE)
    net.enforce(observing)
    assert net.refused() == 0
    near, far = net.datagrams(net.places["a"], B4, 8080)
    near.send(b"x")
    assert wait_for(lambda: received(far))
    assert net.refused() == 2, "the sender's end would refuse it, and so would the receiver's"
    net.enforce(replace(observing, mode=Mode.ENFORCE))
    assert not net.moves(near, far)
    net.enforce(observing)
    near.send(b"x")
    assert wait_for(lambda: received(far))
    assert near.getsockname()[0] == A4
