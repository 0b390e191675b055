"""The plain meaning and the compiled ruleset agree: every kind of rule, flow and packet, many thousand times over."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from build import (
    EGRESS,
    HOST6,
    INGRESS,
    PEER6,
    cidr,
    egress,
    everything,
    flow,
    group,
    hook_of,
    icmp,
    icmpv6,
    ingress,
    is_tracked,
    packet,
    prefix_list,
    protocol,
    tcp,
    udp,
    world,
)
from ringwall.compiler.compile import compile_host
from ringwall.domain.admission import ICMP, ICMPV6, LINK_LOCAL_TYPES, TCP, UDP, Flow, Reason, admits
from ringwall.domain.group import Direction, SecurityGroupRule
from ringwall.domain.interface import Mode
from ringwall.domain.local import ControlEndpoint, LocalPolicy
from ringwall.domain.peer import Peer
from ringwall.domain.traffic import Traffic
from ringwall.domain.world import HostState
from ringwall.nft.expressions import IP6_HOPLIMIT
from ringwall.nft.trace import trace

WORLDS = 500
FLOWS = 50
SERVER = ControlEndpoint("10.9.0.9", 4580)
LOCAL = LocalPolicy(control=frozenset({SERVER}), unmanaged=frozenset({"docker0"}))

PORTS = (0, 22, 67, 68, 80, 90, 546, 547, 1023, 1024, 2047, 2048, 2222, 4580, 8080, 65535)
ADDRESSES4 = ("10.0.0.2", "10.0.0.3", "10.0.1.2", "10.9.0.9", "192.0.2.1", "203.0.113.255", "10.16.0.0", "11.0.0.0")
ADDRESSES6 = ("fd00::2", "fd00::3", "fd00:0:0:1::2", "2001:db8::9", "fe80::5", "fdff:ffff::")
GROUPS = ("sg-1", "sg-2", "sg-3", "sg-app", "sg-gone")
LISTS = ("pl-1", "pl-gone")


def some_traffic(random: Random) -> Traffic:
    low, high = sorted(random.sample(PORTS, 2))
    kind, code = random.choice(
        [(-1, -1), (8, -1), (8, 0), (0, 0), (3, 4), (13, 0), (9, -1), (128, 0), (1, -1), (139, 5)]
    )
    return random.choice(
        [
            tcp(low),
            tcp(low, high),
            tcp(low, low + 3 if low < 65000 else low),
            tcp(0, 65535),
            udp(low),
            udp(low, high),
            icmp(kind, code),
            icmpv6(kind, code),
            protocol(random.choice([2, 47, 50, 132])),
            everything(),
        ]
    )


def some_peer(random: Random) -> Peer:
    four, six = random.choice(ADDRESSES4), random.choice(ADDRESSES6)
    return random.choice(
        [
            cidr("0.0.0.0/0"),
            cidr("::/0"),
            cidr("10.0.0.0/8"),
            cidr("10.0.0.0/31"),
            cidr("fd00::/16"),
            cidr("fd00::/63"),
            cidr(f"{four}/32"),
            cidr(f"{six}/128"),
            group(random.choice(GROUPS)),
            prefix_list(random.choice(LISTS)),
        ]
    )


def some_blocks(random: Random) -> list[Peer]:
    """Many peers, so that lists become trees."""
    four = {f"10.{random.choice([0, 16])}.{random.randrange(4)}.{random.randrange(256)}/32" for _ in range(40)}
    six = {f"fd00:0:0:{random.randrange(3)}::{random.randrange(64):x}/128" for _ in range(25)}
    nested = {"10.0.0.0/8", "10.0.0.0/9", "10.0.0.0/16", "10.0.0.0/24", "10.0.0.0/25", "fd00::/32", "fd00::/48"}
    return [cidr(each) for each in sorted(four | six | nested)]


def some_world(random: Random) -> HostState:
    rules: dict[tuple[object, ...], SecurityGroupRule] = {}
    for _ in range(random.randrange(12)):
        side = random.choice([ingress, egress])
        rule = side(some_traffic(random), some_peer(random), group_id=random.choice(GROUPS[:3]))
        rules[rule.group_id, rule.direction, rule.traffic, rule.peer] = rule
    if random.random() < 0.2:
        side, traffic = random.choice([ingress, egress]), some_traffic(random)
        for peer in some_blocks(random):
            rule = side(traffic, peer)
            rules[rule.group_id, rule.direction, rule.traffic, rule.peer] = rule
    return world(
        *rules.values(),
        members={
            each: random.sample(ADDRESSES4, random.randrange(3)) + random.sample(ADDRESSES6, random.randrange(3))
            for each in GROUPS[:-1]
        },
        prefix_lists={"pl-1": random.sample(["10.0.0.0/24", "10.0.0.0/30", "192.0.2.0/24", "fd00::/64"], 3)},
    )


def some_flow(random: Random, state: HostState) -> Flow:
    """A flow of any kind; half of them made to fit one of the rules, or to miss it narrowly."""
    version = random.choice([4, 6])
    number = random.choice([6, 6, 17, 17, ICMP if version == 4 else ICMPV6, 2, 47, 132])
    port = random.choice(PORTS)
    type_and_code = random.choice([(8, 0), (8, 1), (0, 0), (3, 4), (3, 3), (13, 0), (9, 0), (1, 0), (139, 5), (128, 0)])
    direction = random.choice([INGRESS, EGRESS])
    rules = [rule for each in state.groups.values() for rule in each.rules.values()]
    if rules and random.random() < 0.6:
        rule = random.choice(rules)
        direction = rule.direction
        fitting = rule.traffic.number
        if fitting is not None and fitting != (ICMPV6 if version == 4 else ICMP):
            number = fitting
        if rule.traffic.has_ports:
            port = min(
                65535,
                max(0, random.choice([rule.traffic.from_port, rule.traffic.to_port]) + random.choice([0, 0, -1, 1])),
            )
        if rule.traffic.has_icmp_type and rule.traffic.from_port >= 0:
            type_and_code = (rule.traffic.from_port, max(0, rule.traffic.to_port))
    peer = random.choice(ADDRESSES4 if version == 4 else ADDRESSES6)
    if version == 4 and random.random() < 0.2:
        peer = f"10.{random.choice([0, 16])}.{random.randrange(4)}.{random.randrange(256)}"
    if version == 6 and random.random() < 0.2:
        peer = f"fd00:0:0:{random.randrange(3)}::{random.randrange(64):x}"
    host = random.choice(["10.0.0.1"]) if version == 4 else random.choice(["fd00::1", "fe80::1"])
    source, destination = (peer, host) if direction is INGRESS else (host, peer)
    device = random.choice(["up0"] * 12 + ["up1", "docker0", "lo"])
    return flow(direction, number, source, destination, random.choice(PORTS), port, type_and_code, device)


def agrees(state: HostState, of: Flow, ruleset: object) -> Reason:
    """Check every packet of the flow against the plain meaning; the meaning's reason."""
    expected = admits(state, LOCAL, of)
    kinds = ["first", "later", "reply", "error"] if is_tracked(of) else ["first"]
    for kind in kinds:
        seen = trace(ruleset, hook_of(of, reply=kind in ("reply", "error")), packet(of, kind))  # type: ignore[arg-type]
        assert (seen.verdict == "accept") is expected.allowed, (of, kind, expected, seen)
        if expected.rule_ids:
            assert seen.comments[-1].split()[0] in expected.rule_ids, (of, kind, expected, seen)
    return expected.reason


@pytest.mark.parametrize("seed", range(5))
def test_the_tracer_and_the_plain_meaning_agree(seed: int) -> None:
    random = Random(seed)
    reasons: Counter[Reason] = Counter()
    drawn: set[tuple[str, str, str]] = set()
    for _ in range(WORLDS // 5):
        state = some_world(random)
        ruleset = compile_host(state, LOCAL).ruleset
        for each in state.groups.values():
            drawn |= {(rule.direction, rule.traffic.protocol, rule.peer.kind) for rule in each.rules.values()}
        for _ in range(FLOWS):
            reasons[agrees(state, some_flow(random, state), ruleset)] += 1
    assert {each[0] for each in drawn} == {"ingress", "egress"}
    assert {each[1] for each in drawn} >= {"tcp", "udp", "icmp", "icmpv6", "47", "-1"}
    assert {each[2] for each in drawn} == {"cidr_ipv4", "cidr_ipv6", "prefix_list_id", "referenced_group_id"}
    assert reasons[Reason.RULES] > 500
    assert reasons[Reason.NO_RULE] > 500
    assert min(reasons[each] for each in (Reason.UNMANAGED, Reason.UNKNOWN_DEVICE, Reason.LOOPBACK)) > 10


@pytest.mark.parametrize("kind", sorted(LINK_LOCAL_TYPES))
@pytest.mark.parametrize("state", [world(), world(ingress(everything(), cidr("::/0")))])
def test_neighbour_discovery_passes_only_with_a_hop_limit_that_no_router_leaves(kind: int, state: HostState) -> None:
    ruleset = compile_host(state, LOCAL).ruleset
    of = flow(INGRESS, ICMPV6, version=6, icmp=(kind, 0), source="fe80::7")
    right = b"\x01" if kind in (130, 131, 132, 143) else b"\xff"
    judged_by_rules = kind == 137  # a redirect is invalid to conntrack, not untracked: ICMP like any other
    for limit in (b"\x01", b"\x40", b"\xff"):
        seen = trace(ruleset, "input", packet(of) | {IP6_HOPLIMIT: limit})
        allowed = limit == right or (judged_by_rules and bool(state.groups))
        assert (seen.verdict == "accept") is allowed, (limit, seen)
    assert admits(state, LOCAL, of).allowed


@pytest.mark.parametrize(
    ("of", "allowed"),
    [
        (flow(EGRESS, UDP, "0.0.0.0", "255.255.255.255", 68, 67), True),
        (flow(EGRESS, UDP, "10.0.0.1", "10.0.0.254", 68, 67), True),
        (flow(INGRESS, UDP, "10.0.0.254", "255.255.255.255", 67, 68), True),
        (flow(EGRESS, UDP, "fe80::1", "ff02::1:2", 546, 547), True),
        (flow(INGRESS, UDP, "fe80::9", "fe80::1", 547, 546), True),
        (flow(INGRESS, UDP, "10.0.0.2", "10.0.0.1", 68, 67), False),
        (flow(EGRESS, UDP, "10.0.0.1", "10.0.0.2", 67, 68), False),
        (flow(INGRESS, UDP, "2001:db8::9", "fd00::1", 547, 546), False),
        (flow(INGRESS, TCP, "10.0.0.254", "10.0.0.1", 67, 68), False),
        (flow(EGRESS, UDP, "0.0.0.0", "255.255.255.255", 68, 67, device="up1"), False),
        (flow(EGRESS, TCP, destination=SERVER.address, destination_port=SERVER.port), True),
        (flow(EGRESS, TCP, destination=SERVER.address, destination_port=SERVER.port, device="up1"), True),
        (flow(EGRESS, TCP, destination=SERVER.address, destination_port=22), False),
        (flow(EGRESS, TCP, destination="10.0.0.2", destination_port=SERVER.port), False),
        (flow(EGRESS, UDP, destination=SERVER.address, destination_port=SERVER.port), False),
        (flow(INGRESS, TCP, source=SERVER.address, destination_port=SERVER.port), False),
        (flow(INGRESS, TCP, source=SERVER.address, source_port=SERVER.port, destination_port=40000), False),
    ],
)
def test_without_any_rule_only_dhcp_and_the_control_channel_pass(of: Flow, allowed: bool) -> None:
    reason = agrees(world(), of, compile_host(world(), LOCAL).ruleset)
    assert (reason in (Reason.DHCP, Reason.CONTROL)) is allowed


@pytest.mark.parametrize("protocol", [UDP, ICMPV6])
def test_nobody_outside_is_a_member_by_the_hosts_own_address(protocol: int) -> None:
    state = world(ingress(everything(), group("sg-1")), members={"sg-1": {HOST6, PEER6}})
    ruleset = compile_host(state, LOCAL).ruleset
    spoofed = flow(INGRESS, protocol, HOST6, HOST6, icmp=(1, 0))
    assert agrees(state, spoofed, ruleset) is Reason.OWN_ADDRESS
    assert agrees(state, flow(INGRESS, protocol, PEER6, HOST6, icmp=(1, 0)), ruleset) is Reason.RULES


def test_an_error_about_a_flow_is_judged_as_the_flow() -> None:
    """A rule for all of ICMP admits no error about a flow that nothing admits any more, or it would revive the flow."""
    refused = flow(INGRESS, TCP, destination_port=2222)
    state = world(ingress(icmp(), cidr("0.0.0.0/0")), ingress(icmp(8), cidr("0.0.0.0/0")))
    assert agrees(state, refused, compile_host(state, LOCAL).ruleset) is Reason.NO_RULE


@pytest.mark.parametrize("direction", [INGRESS, EGRESS])
def test_tcp_that_begins_in_the_middle_of_a_stream_is_refused_although_a_rule_admits_it(direction: Direction) -> None:
    state = world(ingress(everything(), cidr("0.0.0.0/0")), egress(everything(), cidr("0.0.0.0/0")))
    ruleset = compile_host(state, LOCAL).ruleset
    of = flow(direction, TCP, destination_port=80)
    assert trace(ruleset, hook_of(of), packet(of)).verdict == "accept"
    assert trace(ruleset, hook_of(of), packet(of, "midstream")).verdict == "drop"


def test_the_control_channel_survives_a_lost_flow_table() -> None:
    ruleset = compile_host(world(), LOCAL).ruleset
    to_server = flow(EGRESS, TCP, destination=SERVER.address, destination_port=SERVER.port)
    assert trace(ruleset, "output", packet(to_server, "midstream")).verdict == "accept"


def test_observing_looks_up_and_counts_the_same_and_drops_nothing() -> None:
    random = Random(11)
    for _ in range(40):
        state = some_world(random)
        enforcing = compile_host(state, LOCAL).ruleset
        observing = compile_host(replace(state, mode=Mode.OBSERVE), LOCAL).ruleset
        for _ in range(20):
            of = some_flow(random, state)
            strict, lenient = (trace(each, hook_of(of), packet(of)) for each in (enforcing, observing))
            assert lenient.verdict == "accept"
            assert [step.chain for step in lenient.steps] == [step.chain for step in strict.steps]
            would_be = [comment.replace("would be dropped: ", "dropped: ") for comment in lenient.comments]
            assert would_be == list(strict.comments)
            assert strict.verdict == (
                "drop" if lenient.comments[-1:] and "would be" in lenient.comments[-1] else "accept"
            )
