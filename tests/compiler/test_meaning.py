"""The plain meaning and the compiled ruleset agree: every kind of rule, flow and packet, many thousand times over."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

import tally
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
    ingress,
    packet,
    world,
)
from meaning import agrees
from random_worlds import LOCAL, SERVER, some_flow, some_world
from ringwall.compiler.compile import compile_host
from ringwall.domain.admission import ICMPV6, LINK_LOCAL_TYPES, TCP, UDP, Flow, Reason, admits
from ringwall.domain.group import Direction
from ringwall.domain.interface import Mode
from ringwall.domain.world import HostState
from ringwall.nft.expressions import IP6_HOPLIMIT
from ringwall.nft.trace import trace

WORLDS = 1000
FLOWS = 50
PAIRS = "random pairs of world and flow, followed by the tracer"


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
            reasons[agrees(state, some_flow(random, state), ruleset).reason] += 1
    tally.add(PAIRS, reasons.total())
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
    reason = agrees(world(), of, compile_host(world(), LOCAL).ruleset).reason
    assert (reason in (Reason.DHCP, Reason.CONTROL)) is allowed


@pytest.mark.parametrize("protocol", [UDP, ICMPV6])
def test_nobody_outside_is_a_member_by_the_hosts_own_address(protocol: int) -> None:
    state = world(ingress(everything(), group("sg-1")), members={"sg-1": {HOST6, PEER6}})
    ruleset = compile_host(state, LOCAL).ruleset
    spoofed = flow(INGRESS, protocol, HOST6, HOST6, icmp=(1, 0))
    assert agrees(state, spoofed, ruleset).reason is Reason.OWN_ADDRESS
    assert agrees(state, flow(INGRESS, protocol, PEER6, HOST6, icmp=(1, 0)), ruleset).reason is Reason.RULES


def test_an_error_about_a_flow_is_judged_as_the_flow() -> None:
    """A rule for all of ICMP admits no error about a flow that nothing admits any more, or it would revive the flow."""
    refused = flow(INGRESS, TCP, destination_port=2222)
    state = world(ingress(icmp(), cidr("0.0.0.0/0")), ingress(icmp(8), cidr("0.0.0.0/0")))
    assert agrees(state, refused, compile_host(state, LOCAL).ruleset).reason is Reason.NO_RULE


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
