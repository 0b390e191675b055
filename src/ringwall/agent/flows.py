"""The live flows of a rule, each with what becomes of it without the rule."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence

from ringwall.domain.group import Direction, SecurityGroupRule
from ringwall.domain.traffic import PROTOCOL_NUMBERS
from ringwall.domain.world import HostState
from ringwall.nft.objects import Element
from ringwall.watch.flows import LiveFlow, RuleFlows

from .judge import Judge, text
from .kept import element_of
from .rule_tables import REMEMBERED_MAX
from .tracked import ICMP, Tracked, Wanted, counted, decode, read

_NAMES = {number: name for name, number in PROTOCOL_NUMBERS.items()}
_WITH_PORTS = frozenset((6, 17, 33, 132, 136))  # and DCCP, SCTP, UDP-Lite


def find_rule(state: HostState, rule_id: str) -> SecurityGroupRule | None:
    """The rule, where a group that an interface carries has it."""
    return next((group.rules[rule_id] for group in state.groups.values() if rule_id in group.rules), None)


def wanted_for(rule: SecurityGroupRule) -> Wanted:
    """What to ask the kernel for, so that all flows of the rule are among it."""
    has_one_port = rule.traffic.has_ports and rule.traffic.from_port == rule.traffic.to_port
    return Wanted(rule.traffic.number, rule.traffic.from_port if has_one_port else None)


def wanted_for_all(rules: Iterable[SecurityGroupRule]) -> Wanted:
    """What to ask the kernel for, so that all flows of all of them are among it."""
    wanted = {wanted_for(rule) for rule in rules}
    if len(wanted) == 1:
        return wanted.pop()
    protocols = {each.protocol for each in wanted}
    return Wanted(protocols.pop() if len(protocols) == 1 else None)


def live_flows(judge: Judge, rule_ids: Sequence[str], flows_max: int) -> RuleFlows:
    """The flows now of these rules, and what becomes of them without all of these; none where no interface carries any.

    Raises:
        OSError: the flows can't be read.
    Cost: about 3 µs for each tracked flow that the kernel finds to be wanted.
    """
    rules = [rule for rule in (find_rule(judge.state, each) for each in rule_ids) if rule is not None]
    return flows_among(judge, rules, read(wanted_for_all(rules)), flows_max) if rules else RuleFlows(0, 0)


def flows_among(
    judge: Judge, rules: Sequence[SecurityGroupRule], answers: Iterable[bytes], flows_max: int
) -> RuleFlows:
    """As `live_flows`, from the kernel's answers."""
    by_id = {rule.rule_id: rule for rule in rules}
    ending, going_on = 0, 0
    shown_ending: list[LiveFlow] = []
    shown_going_on: list[LiveFlow] = []
    # Whom the rules speak of decides, not which address of theirs it is, so most flows are like one before.
    remembered: dict[Hashable, tuple[SecurityGroupRule, str] | None] = {}
    for data in answers:
        for tracked in decode(data):
            path = judge.path(tracked)
            if path is None:
                continue
            alike = judge.alike(path, tracked)
            try:
                found = remembered[alike]
            except KeyError:
                if len(remembered) >= REMEMBERED_MAX:
                    remembered.clear()
                found = remembered[alike] = _goes_through(judge.admitting(path, tracked), by_id)
            if found is None:
                continue
            rule, through = found
            reason = None if through else judge.exemption(path, tracked)
            ends = not through and reason is None
            ending += ends
            going_on += not ends
            shown = shown_ending if ends else shown_going_on
            if len(shown) < flows_max:
                shown.append(_live_flow(Direction(rule.direction), tracked, data, through or None, reason))
    return RuleFlows(ending, going_on, (*shown_ending, *shown_going_on)[:flows_max])


def kept_flows(kept: Mapping[Element, Direction], answers: Iterable[bytes], flows_max: int) -> RuleFlows:
    """The flows that go on though their rule was revoked, by the kernel's numbers; they end when its draining does."""
    shown: list[LiveFlow] = []
    ending = 0
    for data in answers:
        for tracked in decode(data):
            direction = kept.get(element_of(data, tracked.at))
            if direction is None:
                continue
            ending += 1
            if len(shown) < flows_max:
                shown.append(_live_flow(direction, tracked, data, None, None))
    return RuleFlows(ending, 0, tuple(shown))


def _goes_through(
    admitting: Iterable[Sequence[str]], rules: Mapping[str, SecurityGroupRule]
) -> tuple[SecurityGroupRule, str] | None:
    """That one of the rules which admits the flow, and one that would without them all, empty if none would.

    None: it isn't a flow of theirs. A flow that passes two interfaces has two ends, and goes on only if each is open.
    """
    found: tuple[SecurityGroupRule, str] | None = None
    for rule_ids in admitting:
        if not rule_ids:
            return None
        ours = next((each for each in rule_ids if each in rules), None)
        if ours is not None and (found is None or found[1]):
            found = rules[ours], next((each for each in rule_ids if each not in rules), "")
    return found


def _live_flow(
    direction: Direction, tracked: Tracked, data: bytes, through: str | None, reason: str | None
) -> LiveFlow:
    is_icmp, has_ports = tracked.protocol in ICMP, tracked.protocol in _WITH_PORTS
    packets, size = counted(data, tracked.at) or (None, None)
    return LiveFlow(
        direction=direction,
        protocol=_NAMES.get(tracked.protocol, str(tracked.protocol)),
        source=text(tracked.source),
        destination=text(tracked.destination),
        source_port=tracked.source_port if has_ports else None,
        destination_port=tracked.what if has_ports else None,
        icmp_type=tracked.what >> 8 if is_icmp else None,
        icmp_code=tracked.what & 0xFF if is_icmp else None,
        packets=packets,
        bytes=size,
        ends=through is None and reason is None,
        goes_on_through=through,
        reason=reason,
    )
