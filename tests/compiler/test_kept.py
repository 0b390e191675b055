"""Flows that go on after their rules: the plain meaning and the ruleset, with live flows in its sets, agree."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from random import Random

import pytest

import tally
from build import INGRESS, cidr, flow, hook_of, ingress, is_tracked, packet, tcp, world
from build import LOCAL as QUIET
from meaning import packets_of
from random_worlds import LOCAL, some_path, some_world_with_endpoints
from ringwall.compiler import names
from ringwall.compiler.compile import compile_host, draining_interfaces
from ringwall.compiler.parts import digest
from ringwall.domain.admission import TCP, Kept, Reason, admits, ends_of
from ringwall.domain.world import HostState
from ringwall.nft import expressions as fields
from ringwall.nft.objects import Element, Ruleset
from ringwall.nft.trace import trace

NUMBER = b"\0\0\0\7"
LIVING = {fields.CT_ID: NUMBER, fields.CT_STATUS: fields.STATUS_CONFIRMED.to_bytes(4, sys.byteorder)}
PAIRS = "random pairs of world and flow, followed by the tracer"


def with_draining(state: HostState) -> HostState:
    """The state, with a rule that drains in each group."""
    groups = {key: replace(group, draining=frozenset([f"sgr-gone-{key}"])) for key, group in state.groups.items()}
    return replace(state, groups=groups)


def filled(ruleset: Ruleset, kept: Kept) -> Ruleset:
    """The ruleset with the flow of that number in the sets of these places."""
    element: Element = (NUMBER,)
    sets = dict(ruleset.sets)
    for interface_id, direction in kept:
        name = names.kept_flows(interface_id, direction)
        sets[name] = replace(sets[name], elements=frozenset([element]), comments={element: "sgr-gone"})
    return replace(ruleset, sets=sets)


@pytest.mark.parametrize("seed", range(4))
def test_the_tracer_and_the_plain_meaning_agree_on_kept_flows(seed: int) -> None:
    random = Random(seed)
    reasons: Counter[Reason] = Counter()
    for _ in range(100):
        state = with_draining(some_world_with_endpoints(random))
        ruleset, drains = compile_host(state, LOCAL).ruleset, draining_interfaces(state)
        for _ in range(20):
            of = some_path(random, state)
            ends = [(each.interface_id, direction) for each, direction in ends_of(state, LOCAL, of)]
            kept = frozenset(each for each in ends if each[0] in drains and random.random() < 0.8)
            living, new = admits(state, LOCAL, of, kept), admits(state, LOCAL, of)
            reasons[living.reason] += 1
            for kind in packets_of(state, of, LOCAL, living):
                lives = kind != "first" and is_tracked(of)
                seen = trace(
                    filled(ruleset, kept),
                    hook_of(of, reply=kind in ("reply", "error")),  # type: ignore[arg-type]
                    packet(of, kind) | (LIVING if lives else {}),
                )
                expected = living if lives else new
                assert (seen.verdict == "accept") is expected.allowed, (of, kind, kept, expected, seen)
    tally.add(PAIRS, reasons.total())
    assert reasons[Reason.KEPT] > 100
    assert reasons[Reason.NO_RULE] > 100


def test_a_flow_with_the_number_of_one_that_ended_doesnt_begin() -> None:
    state = with_draining(world(ingress(tcp(443), cidr("10.0.0.0/8"))))
    (interface_id,) = state.interfaces
    ruleset = filled(compile_host(state, QUIET).ruleset, frozenset([(interface_id, INGRESS)]))
    of = flow(INGRESS, TCP)
    unconfirmed = LIVING | {fields.CT_STATUS: bytes(4)}
    for loads, passes in (
        (packet(of, "later") | LIVING, True),
        (packet(of, "reply") | LIVING, True),
        (packet(of, "later") | unconfirmed, False),
        (packet(of, "first") | LIVING, False),  # a SYN
        (packet(of, "later") | LIVING | {fields.CT_ID: b"\0\0\0\x08"}, False),
    ):
        hook = "output" if loads[fields.CT_DIRECTION] == b"\x01" else "input"
        assert (trace(ruleset, hook, loads).verdict == "accept") is passes  # type: ignore[arg-type]


def test_what_isnt_used_isnt_there_and_live_flows_are_no_part_of_the_digest() -> None:
    plain = world(ingress(tcp(443), cidr("10.0.0.0/8")))
    assert not any(each.holds_flows for each in compile_host(plain, QUIET).ruleset.sets.values())
    state = with_draining(plain)
    compiled = compile_host(state, QUIET)
    (interface_id,) = state.interfaces
    full = filled(compiled.ruleset, frozenset([(interface_id, INGRESS)]))
    assert full != compiled.ruleset
    assert digest(full) == compiled.digest
