"""Which hosts a change concerns: those whose interests meet the ids that it touches."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest

from ringwall.domain import change
from ringwall.domain.change import Change
from ringwall.domain.group import Direction, SecurityGroupRule
from ringwall.domain.interface import Mode
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.traffic import Traffic
from ringwall.domain.world import HostDelta, HostGroup, HostInterface, HostState
from ringwall.watch.cursor import ids_of, interests, passed_on

RULE = SecurityGroupRule(
    "sgr-1", "sg-own", Direction.INGRESS, Traffic("tcp", 22, 22), Peer(PeerKind.GROUP, "sg-named"), None
)
STATE = HostState(
    "i-1",
    Mode.ENFORCE,
    interfaces={"eni-1": HostInterface("eni-1", "eth0", ("10.0.0.5",), ("sg-own",))},
    groups={"sg-own": HostGroup("sg-own", "web", {"sgr-1": RULE})},
    members={"sg-named": frozenset(["10.0.0.9"])},
    prefix_lists={"pl-named": frozenset(["192.0.2.0/24"])},
)

# Each kind of change, and the ids that it touches.
TOUCHED: list[tuple[Change, set[str]]] = [
    (change.VpcCreated("vpc-1"), set()),
    (change.VpcChanged("vpc-1"), set()),
    (change.VpcDeleted("vpc-1"), set()),
    (change.SubnetCreated("subnet-1"), set()),
    (change.SubnetDeleted("subnet-1"), set()),
    (change.GroupCreated("sg-own"), set()),
    (change.GroupDeleted("sg-own"), {"sg-own"}),
    (change.RulesAdded("sg-own", (RULE,)), {"sg-own"}),
    (change.RulesRemoved("sg-own", (RULE,)), {"sg-own"}),
    (change.DrainStarted("sg-x", ("sgr-9",)), {"sg-x"}),
    (change.DrainEnded("sg-x", ("sgr-9",)), {"sg-x"}),
    (change.GroupAssociated("sg-own", "vpc-2"), {"sg-own"}),
    (change.GroupDisassociated("sg-own", "vpc-2"), {"sg-own"}),
    (change.InterfaceCreated("eni-9", ("sg-named", "sg-x")), {"eni-9", "sg-named", "sg-x"}),
    (change.InterfaceDeleted("eni-9", ("sg-named",)), {"eni-9", "sg-named"}),
    (change.InterfaceChanged("eni-1"), set()),
    (change.InterfaceChanged("eni-1", source_check=True), {"eni-1"}),
    (change.InterfaceAttached("eni-9", "i-1", ("sg-named",)), {"eni-9", "i-1"}),
    (change.InterfaceDetached("eni-1", "i-1", ("sg-own",)), {"eni-1", "i-1"}),
    (change.InterfaceGroupsChanged("eni-9", ("sg-x",), ("sg-named",)), {"eni-9", "sg-x", "sg-named"}),
    (change.HostEnrolled("i-9", "eni-9", ("sg-named",)), {"i-9", "eni-9", "sg-named"}),
    (change.HostRemoved("i-9", "eni-9", ("sg-named",)), {"i-9", "eni-9", "sg-named"}),
    (change.HostModeChanged("i-1", "observe"), {"i-1"}),
    (change.AddressesChanged("eni-9", ("sg-named",)), {"eni-9", "sg-named"}),
    (change.PrefixListCreated("pl-named"), set()),
    (change.PrefixListChanged("pl-named"), {"pl-named"}),
    (change.PrefixListDeleted("pl-named"), {"pl-named"}),
    (change.PeeringCreated("pcx-1"), set()),
    (change.PeeringChanged("pcx-1", "active", ("sg-named",)), {"sg-named"}),
    (change.TagsChanged(("sg-own",)), set()),
]


def test_every_kind_of_change_is_here() -> None:
    assert {type(each) for each, _ in TOUCHED} == set(get_args(Change))


@pytest.mark.parametrize(("made", "touched"), TOUCHED)
def test_the_ids_that_a_change_touches(made: Change, touched: set[str]) -> None:
    assert ids_of(made) == touched


@pytest.mark.parametrize(("made", "touched"), TOUCHED)
def test_a_host_is_brought_up_from_the_store_if_the_change_touches_what_it_knows(
    made: Change, touched: set[str]
) -> None:
    concerned = bool(touched & {"i-1", "eni-1", "sg-own", "sg-named", "pl-named"})
    delta = passed_on(STATE, interests(STATE), [made])
    assert (delta is None) == concerned
    assert not delta


def test_what_drains_in_a_group_of_the_hosts_is_passed_on_by_itself() -> None:
    by_block = replace(RULE, peer=Peer(PeerKind.CIDR_IPV4, "0.0.0.0/0"))
    draining = replace(STATE.groups["sg-own"], draining=frozenset(["sgr-8", "sgr-9"]), rules={"sgr-1": by_block})
    state = replace(STATE, groups={"sg-own": draining})
    changes: list[Change] = [
        change.RulesRemoved("sg-own", (by_block,)),
        change.DrainStarted("sg-own", ("sgr-1",)),
        change.DrainEnded("sg-own", ("sgr-9",)),
    ]
    delta = passed_on(state, interests(state), changes)
    assert delta == HostDelta(rules={("sg-own", "sgr-1"): None}, draining={"sg-own": frozenset(["sgr-1", "sgr-8"])})
