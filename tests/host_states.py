"""Host states, deltas and messages for Hypothesis. Few ids, so that two states often share some."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from ringwall.domain.group import Direction, SecurityGroupRule
from ringwall.domain.interface import Mode
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.traffic import Traffic
from ringwall.domain.world import HostDelta, HostGroup, HostInterface, HostState, InterfaceKind, difference
from ringwall.watch.messages import (
    Delta,
    Drift,
    Heartbeat,
    InterfaceInForce,
    Message,
    Position,
    Question,
    Report,
    Snapshot,
    Unadmitted,
)

GROUP_IDS = ("sg-a", "sg-b", "sg-c")
ADDRESSES = ("10.0.0.1", "10.0.0.2", "fd00::1")

peers = st.sampled_from(
    [
        Peer(PeerKind.CIDR_IPV4, "10.0.0.0/8"),
        Peer(PeerKind.CIDR_IPV4, "0.0.0.0/0"),
        Peer(PeerKind.CIDR_IPV6, "fd00::/8"),
        Peer(PeerKind.GROUP, "sg-a"),
        Peer(PeerKind.GROUP, "sg-m"),
        Peer(PeerKind.PREFIX_LIST, "pl-a"),
    ]
)
traffics = st.sampled_from([Traffic("tcp", 22, 22), Traffic("udp", 0, 65535), Traffic("-1"), Traffic("icmp", 8, -1)])
texts = st.one_of(st.none(), st.text(max_size=8))


@st.composite
def rules(draw: st.DrawFn, group_id: str, rule_id: str) -> SecurityGroupRule:
    """A rule of that id in that group."""
    direction, traffic, peer = draw(st.sampled_from(Direction)), draw(traffics), draw(peers)
    return SecurityGroupRule(rule_id, group_id, direction, traffic, peer, draw(texts))


@st.composite
def groups(draw: st.DrawFn, group_id: str) -> HostGroup:
    """A group of that id with up to three rules, and up to two that drain."""
    ids = draw(st.sets(st.sampled_from(["sgr-1", "sgr-2", "sgr-3"])))
    held = {i: draw(rules(group_id, i)) for i in sorted(ids)}
    draining = draw(st.frozensets(st.sampled_from(["sgr-7", "sgr-8"])))
    return HostGroup(group_id, draw(st.sampled_from(["web", "db"])), held, draining)


@st.composite
def host_states(draw: st.DrawFn, host_id: str = "i-1") -> HostState:
    """A state of that host; its parts needn't agree with each other."""
    group_ids = sorted(draw(st.sets(st.sampled_from(GROUP_IDS))))
    addresses = st.frozensets(st.sampled_from(ADDRESSES))
    own = HostInterface("eni-1", "up0", ("10.0.0.1",), tuple(group_ids))
    behind = HostInterface(
        "eni-2", "vc1", ADDRESSES[1:], tuple(group_ids), InterfaceKind.ROUTED, source_check=draw(st.booleans())
    )
    unbound = replace(behind, interface_id="eni-4", device="", addresses=("10.0.0.8", "fd00::8"))
    second = replace(own, interface_id="eni-3", device="up1", addresses=("10.0.0.9", "fd00::9"))
    held = draw(st.lists(st.sampled_from([own, behind, second, unbound]), unique_by=lambda each: each.interface_id))
    return HostState(
        host_id=host_id,
        mode=draw(st.sampled_from(Mode)),
        interfaces={each.interface_id: each for each in held},
        groups={group_id: draw(groups(group_id)) for group_id in group_ids},
        members=draw(st.dictionaries(st.sampled_from(GROUP_IDS), addresses)),
        prefix_lists=draw(st.dictionaries(st.sampled_from(["pl-a"]), addresses)),
    )


host_deltas: st.SearchStrategy[HostDelta] = st.builds(difference, host_states(), host_states())
positions = st.builds(Position, st.text(max_size=8), st.integers(0, 9), st.integers(0, 2**63))
times = st.floats(0, 2**37)
unadmitted = st.builds(
    Unadmitted,
    st.sampled_from(Direction),
    st.sampled_from(["tcp", "udp"]),
    st.sampled_from(ADDRESSES),
    st.integers(0, 65535),
    st.one_of(st.none(), st.sampled_from(ADDRESSES)),
    st.one_of(st.none(), st.integers(0, 65535)),
)
messages: st.SearchStrategy[Message] = st.one_of(
    st.builds(Snapshot, positions, host_states()),
    st.builds(Delta, st.integers(0, 2**63), positions, host_deltas, st.one_of(st.none(), times)),
    st.builds(Heartbeat, positions),
    st.builds(
        Question,
        positions,
        st.text(),
        st.text(),
        st.dictionaries(st.text(), st.lists(st.text()).map(tuple), max_size=3),
    ),
)
reports = st.builds(
    Report,
    positions,
    st.sampled_from(["observe", "enforce"]),
    st.text("0123456789abcdef", max_size=64),
    times,
    times,
    st.lists(st.text(max_size=20), max_size=3).map(tuple),
    st.one_of(st.none(), times),
    st.lists(unadmitted, max_size=3).map(tuple),
    st.lists(st.text(max_size=20), max_size=2).map(tuple),
    st.one_of(st.none(), st.builds(Drift, times, st.lists(st.text(max_size=20), max_size=2).map(tuple))),
    st.lists(st.builds(InterfaceInForce, st.text(max_size=20), st.none() | st.text(max_size=15)), max_size=3).map(
        tuple
    ),
    st.dictionaries(st.text(max_size=20), st.integers(0, 9), max_size=2),
)
