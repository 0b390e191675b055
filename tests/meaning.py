"""The check that the tracer, following a packet through a ruleset, comes to what the plain meaning says of its flow."""

from __future__ import annotations

from dataclasses import replace

from build import EGRESS, INGRESS, hook_of, is_tracked, packet
from random_worlds import LOCAL
from ringwall.domain.admission import Flow, Reason, Verdict, admits
from ringwall.domain.local import LocalPolicy
from ringwall.domain.world import HostState, InterfaceKind
from ringwall.nft.objects import Ruleset
from ringwall.nft.trace import trace

MISPLACED = {Reason.OWN_ADDRESS, Reason.FOREIGN_SOURCE, Reason.ELSEWHERE}


def agrees(state: HostState, of: Flow, ruleset: Ruleset, local: LocalPolicy = LOCAL) -> Verdict:
    """Check every packet of the flow against the plain meaning; what that says."""
    expected = admits(state, local, of)
    for kind in packets_of(state, of, local, expected):
        seen = trace(ruleset, hook_of(of, reply=kind in ("reply", "error")), packet(of, kind))  # type: ignore[arg-type]
        assert (seen.verdict == "accept") is expected.allowed, (of, kind, expected, seen)
        if expected.rule_ids:
            accepting = [comment.split()[0] for comment in seen.comments if comment.startswith("sgr-")]
            assert accepting, (of, kind, expected, seen)
            assert set(accepting) <= set(expected.rule_ids), (of, kind, expected, seen)
    return expected


def packets_of(state: HostState, of: Flow, local: LocalPolicy, expected: Verdict) -> list[str]:
    """The kinds of packets that the flow can have.

    Who is refused for an address that isn't his never gets an answer; nor does one under such an address get through.
    The host tells nobody of an error in what it has refused; what it tells of an endpoint's flow, the endpoint judges.
    """
    if not is_tracked(of):
        return ["first"]
    answers = replace(
        of,
        source=of.destination,
        destination=of.source,
        device=of.device if of.onward is None else of.onward,
        onward=None if of.onward is None else of.device,
        direction=EGRESS if of.onward is None and of.direction is INGRESS else INGRESS,
    )
    if {expected.reason, admits(state, local, answers).reason} & MISPLACED:
        return ["first", "later"]
    behind = {each for one in state.interfaces.values() if one.kind is InterfaceKind.ROUTED for each in one.addresses}
    if not expected.allowed and of.onward is None and of.direction is INGRESS and behind & {of.source, of.destination}:
        return ["first", "later", "reply"]
    return ["first", "later", "reply", "error"]
