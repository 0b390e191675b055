"""Closing an access: judged by a plain matcher, one packet at a time, over rules of every form."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from build import EGRESS, INGRESS, icmp, protocol, tcp, udp
from plain_matcher import Packet, admitting
from ringwall.domain.address import block
from ringwall.domain.admission import covers
from ringwall.domain.closing import (
    PIECES_MAX,
    Access,
    Whole,
    admits_part,
    changes,
    cidr_text,
    common,
    steps,
    still_admitting,
    without,
)
from ringwall.domain.group import Direction, SecurityGroupRule
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.permission import cidr_ipv4, cidr_ipv6
from ringwall.domain.traffic import Traffic

ALL = Traffic("-1")
ENTRIES = {"pl-1": ["10.1.0.0/16", "192.0.2.0/24"], "pl-2": ["2001:db8::/32"], "pl-3": []}
ANY = tuple(map(block, ("0.0.0.0/0", "::/0")))


def peer(text: str) -> Peer:
    if text.startswith("pl-"):
        return Peer(PeerKind.PREFIX_LIST, text)
    if text.startswith("sg-"):
        return Peer(PeerKind.GROUP, text)
    return cidr_ipv6(text) if ":" in text else cidr_ipv4(text)


def rule(
    number: int, traffic: Traffic, source: str, group: str = "sg-a", direction: Direction = INGRESS
) -> SecurityGroupRule:
    return SecurityGroupRule(f"sgr-{number}", group, direction, traffic, peer(source), f"note {number}")


def ssh(*sources: str) -> Access:
    return Access(INGRESS, tcp(22), tuple(map(block, sources)))


def closed(
    access: Access, rules: list[SecurityGroupRule], *, split: bool, name_protocols: bool = False
) -> list[SecurityGroupRule]:
    """The rules as they are afterwards."""
    planned = changes(steps(access, rules, ENTRIES, split=split, name_protocols=name_protocols), rules)
    gone = {each.rule_id for change in planned for each in change.gone}
    return [each for each in rules if each.rule_id not in gone] + [each for change in planned for each in change.new]


def says(rules: list[SecurityGroupRule]) -> list[str]:
    return [
        f"{each.traffic.protocol}/{each.traffic.from_port}-{each.traffic.to_port} {each.peer.value}" for each in rules
    ]


# --- What is found ---


@pytest.mark.parametrize(
    ("traffic", "source", "is_found"),
    [
        (tcp(22), "0.0.0.0/0", True),
        (tcp(22), "::/0", True),
        (tcp(0, 65535), "0.0.0.0/0", True),
        (ALL, "0.0.0.0/0", True),
        (tcp(22), "10.0.0.0/8", True),
        (tcp(22), "pl-1", True),
        (tcp(22), "pl-3", False),
        (tcp(22), "sg-b", False),
        (tcp(23, 80), "0.0.0.0/0", False),
        (udp(22), "0.0.0.0/0", False),
        (icmp(), "0.0.0.0/0", False),
        (protocol(47), "0.0.0.0/0", False),
    ],
)
def test_every_form_that_admits_it(traffic: Traffic, source: str, is_found: bool) -> None:
    access = Access(INGRESS, tcp(22), ANY)
    assert admits_part(access, rule(1, traffic, source), ENTRIES) is is_found
    assert not admits_part(access, rule(1, traffic, source, direction=EGRESS), ENTRIES)


def test_a_wider_block_admits_a_part() -> None:
    assert admits_part(ssh("10.1.2.3/32"), rule(1, tcp(22), "10.0.0.0/8"), ENTRIES)
    assert not admits_part(ssh("11.1.2.3/32"), rule(1, tcp(22), "10.0.0.0/8"), ENTRIES)


def test_a_group_and_a_list_by_their_ids() -> None:
    from_group = Access(INGRESS, tcp(22), (), frozenset({"sg-b"}))
    assert admits_part(from_group, rule(1, ALL, "sg-b"), ENTRIES)
    assert not admits_part(from_group, rule(1, ALL, "sg-c"), ENTRIES)
    assert not admits_part(from_group, rule(1, ALL, "0.0.0.0/0"), ENTRIES)
    of_list = Access(INGRESS, tcp(22), (), frozenset(), frozenset({"pl-3"}))
    assert admits_part(of_list, rule(1, tcp(22), "pl-3"), ENTRIES), "although it is empty now"


def test_icmp_by_type_and_code() -> None:
    assert common(icmp(8), icmp(8, 0)) == icmp(8, 0)
    assert common(icmp(), icmp(8)) == icmp(8)
    assert common(icmp(8), icmp(0)) is None
    assert common(icmp(3, 4), icmp(3, 1)) is None


# --- What is left ---


def test_a_wide_range_is_split_around_the_port() -> None:
    access = Access(INGRESS, tcp(22), ANY)
    assert says(closed(access, [rule(1, tcp(0, 65535), "0.0.0.0/0")], split=True)) == [
        "tcp/0-21 0.0.0.0/0",
        "tcp/23-65535 0.0.0.0/0",
    ]
    assert says(closed(access, [rule(1, tcp(22, 80), "0.0.0.0/0")], split=True)) == ["tcp/23-80 0.0.0.0/0"]
    assert closed(access, [rule(1, tcp(22), "0.0.0.0/0")], split=True) == []
    assert closed(access, [rule(1, tcp(0, 65535), "0.0.0.0/0")], split=False) == []


def test_a_wide_block_is_split_around_the_source() -> None:
    left = closed(ssh("10.0.0.1/32"), [rule(1, tcp(20, 22), "10.0.0.0/30")], split=True)
    assert says(left) == ["tcp/20-21 10.0.0.0/30", "tcp/22-22 10.0.0.0/32", "tcp/22-22 10.0.0.2/31"]
    assert {each.description for each in left} == {"note 1"}


def test_too_many_blocks_go_whole() -> None:
    (step,) = steps(ssh("10.0.0.1/32"), [rule(1, tcp(22), "0.0.0.0/0")], ENTRIES, split=True)
    assert len(step.left) == PIECES_MAX
    (step,) = steps(ssh("2001:db8::1/128"), [rule(1, tcp(22), "::/0")], ENTRIES, split=True)
    assert (step.left, step.whole, step.lost) == ((), Whole.BLOCKS, True)


def test_all_protocols_need_a_further_word() -> None:
    access, rules = Access(INGRESS, tcp(22), ANY), [rule(1, ALL, "0.0.0.0/0")]
    (step,) = steps(access, rules, ENTRIES, split=True)
    assert (step.left, step.whole) == ((), Whole.PROTOCOLS)
    assert says(closed(access, rules, split=True, name_protocols=True)) == [
        "tcp/0-21 0.0.0.0/0",
        "tcp/23-65535 0.0.0.0/0",
        "udp/0-65535 0.0.0.0/0",
        "icmp/-1--1 0.0.0.0/0",
        "icmpv6/-1--1 0.0.0.0/0",
    ]


def test_a_part_of_a_list_cannot_be_said() -> None:
    (step,) = steps(ssh("10.1.2.3/32"), [rule(1, tcp(22), "pl-1")], ENTRIES, split=True)
    assert (step.whole, step.entries) == (Whole.LIST, ("10.1.0.0/16",))
    (step,) = steps(ssh("10.0.0.0/8", "192.0.2.0/24"), [rule(1, tcp(20, 22), "pl-1")], ENTRIES, split=True)
    assert (step.whole, step.left) == (None, ((tcp(20, 21), peer("pl-1")),))


def test_what_the_group_holds_already_is_not_added() -> None:
    rules = [rule(1, tcp(0, 65535), "::/0"), rule(2, tcp(22, 65535), "::/0"), rule(3, tcp(0, 21), "::/0")]
    (change,) = changes(steps(Access(INGRESS, tcp(22), ANY), rules, ENTRIES, split=True), rules)
    assert says(list(change.new)) == ["tcp/23-65535 ::/0"]


def test_who_is_left() -> None:
    rules = [rule(1, tcp(0, 80), "sg-b"), rule(2, udp(22), "sg-b"), rule(3, ALL, "sg-c", direction=EGRESS)]
    assert still_admitting(tcp(22), INGRESS, rules) == rules[:1]


# --- Any rules, any access ---

PORTS = st.sampled_from((0, 1, 21, 22, 23, 80, 65534, 65535))
RANGES = st.tuples(PORTS, PORTS).map(sorted)
ICMP = st.sampled_from(((-1, -1), (8, -1), (8, 0), (3, 4), (0, 0)))
TRAFFIC = st.one_of(
    st.builds(lambda name, of: Traffic(name, *of), st.sampled_from(("tcp", "udp")), RANGES),
    st.builds(lambda name, of: Traffic(name, *of), st.sampled_from(("icmp", "icmpv6")), ICMP),
    st.sampled_from((ALL, protocol(47))),
)
CIDRS = (
    "0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.3/32", "10.1.2.2/31", "192.0.2.0/24", "192.0.2.128/25",
    "::/0", "2001:db8::/32", "2001:db8::/64", "2001:db8::1/128",
)  # fmt: skip
SOURCES = st.sampled_from((*CIDRS, *ENTRIES, "sg-a", "sg-b"))
RULES = st.lists(st.tuples(TRAFFIC, SOURCES, st.sampled_from(("sg-a", "sg-b"))), max_size=8, unique=True).map(
    lambda parts: [rule(number, *each) for number, each in enumerate(parts)]
)
BLOCKS = st.lists(st.sampled_from(CIDRS), min_size=1, max_size=2, unique=True).filter(
    lambda given: len(given) < 2 or ip_network(given[0]).version != ip_network(given[1]).version
)
ACCESSES = st.one_of(
    st.builds(lambda traffic, cidrs: Access(INGRESS, traffic, tuple(map(block, cidrs))), TRAFFIC, BLOCKS),
    st.builds(
        lambda traffic, name: Access(INGRESS, traffic, (), frozenset({name})),
        TRAFFIC,
        st.sampled_from(("sg-a", "sg-b")),
    ),
    st.builds(
        lambda traffic, name: Access(
            INGRESS, traffic, tuple(map(block, ENTRIES[name])), frozenset(), frozenset({name})
        ),
        TRAFFIC,
        st.sampled_from(tuple(ENTRIES)),
    ),
)
ADDRESSES = (
    "10.1.2.3", "10.1.2.2", "10.1.2.4", "10.2.0.1", "192.0.2.1", "192.0.2.200", "8.8.8.8",
    "2001:db8::1", "2001:db8::2", "2001:db8:0:1::", "fd00::1",
)  # fmt: skip
KINDS = [
    *((number, port, 0, 0) for number in (6, 17) for port in (0, 1, 20, 21, 22, 23, 80, 65534, 65535)),
    *((number, 0, *kind) for number in (1, 58) for kind in ((8, 0), (8, 1), (3, 4), (0, 0))),
    (47, 0, 0, 0),
    (50, 0, 0, 0),
]
PACKETS = [Packet(INGRESS, number, other, *of) for number, *of in KINDS for other in (*ADDRESSES, "sg-a", "sg-b")]


def is_meant(access: Access, packet: Packet) -> bool:
    """Whether the packet is one of the access, by nothing but its words."""
    if not covers(access.traffic, packet.protocol, packet.port, packet.icmp_type, packet.icmp_code):
        return False
    if packet.other.startswith("sg-"):
        return packet.other in access.group_ids
    return any(ip_address(packet.other) in ip_network(cidr_text(each)) for each in access.blocks)


def of_group(rules: list[SecurityGroupRule], group: str) -> list[SecurityGroupRule]:
    return [each for each in rules if each.group_id == group]


@settings(max_examples=60, deadline=None)
@given(ACCESSES, RULES, st.booleans(), st.booleans())
def test_nothing_of_the_access_is_admitted_afterwards(
    access: Access, rules: list[SecurityGroupRule], split: bool, name_protocols: bool
) -> None:
    after = closed(access, rules, split=split, name_protocols=name_protocols)
    for packet in filter(lambda packet: is_meant(access, packet), PACKETS):
        assert not admitting(after, ENTRIES, packet), packet


@settings(max_examples=60, deadline=None)
@given(ACCESSES, RULES)
def test_split_everything_else_is_still_admitted(access: Access, rules: list[SecurityGroupRule]) -> None:
    planned = {step.rule.rule_id: step for step in steps(access, rules, ENTRIES, split=True)}
    kept = [each for each in rules if each.rule_id not in planned or not planned[each.rule_id].lost]
    after = closed(access, rules, split=True)
    for group in ("sg-a", "sg-b"):
        for packet in PACKETS:
            now = bool(admitting(of_group(after, group), ENTRIES, packet))
            if now:
                assert admitting(of_group(rules, group), ENTRIES, packet), ("more than before", packet)
            elif not is_meant(access, packet):
                assert not admitting(of_group(kept, group), ENTRIES, packet), ("less than before", packet)


@settings(max_examples=60, deadline=None)
@given(ACCESSES, RULES)
def test_without_split_only_rules_that_admitted_it_are_gone(access: Access, rules: list[SecurityGroupRule]) -> None:
    after = closed(access, rules, split=False)
    assert set(after) <= set(rules)
    for gone in set(rules) - set(after):
        is_list = gone.peer.value in access.prefix_list_ids
        assert is_list or any(admitting([gone], ENTRIES, packet) for packet in PACKETS if is_meant(access, packet))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(CIDRS), st.lists(st.sampled_from(CIDRS), max_size=3))
def test_blocks_without_others(whole: str, gone: list[str]) -> None:
    left = [ip_network(cidr_text(each)) for each in without(block(whole), map(block, gone))]
    for text in ADDRESSES:
        address = ip_address(text)
        wanted = address in ip_network(whole) and not any(address in ip_network(cidr) for cidr in gone)
        assert sum(address in each for each in left) == wanted
