"""A rule's live flows, and what becomes of each without it: what `admits` says, for any world and any flow."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from itertools import chain
from random import Random

import pytest

from build import cidr, ingress, prefix_list, routed, tcp, udp, world
from random_worlds import BEHIND, BREAKING, GATEWAY, LOCAL, OWN, WITH_CLOSED, some_path, some_world_with_endpoints
from ringwall.agent.flows import find_rule, flows_among, wanted_for
from ringwall.agent.interfaces import DeviceAddresses
from ringwall.agent.judge import Judge
from ringwall.agent.tracked import ICMP, Tracked, Wanted
from ringwall.domain.admission import Flow, admits
from ringwall.domain.group import Direction, SecurityGroupRule
from ringwall.domain.local import LocalPolicy
from ringwall.domain.world import HostState
from ringwall.watch.flows import LiveFlow, RuleFlows
from tracked_messages import Entry, answer

NUMBERS = {"tcp": 6, "udp": 17, "icmp": 1, "icmpv6": 58}


def interfaces(state: HostState) -> list[DeviceAddresses]:
    """The host's devices with their addresses, a gateway's among them that is no interface's."""
    own = [each for each in state.interfaces.values() if each.device in OWN]
    return [
        *(DeviceAddresses(each.device, "", tuple(f"{address}/24" for address in each.addresses)) for each in own),
        DeviceAddresses("gw0", "", tuple(f"{address}/24" for address in GATEWAY)),
    ]


def without(state: HostState, rule_id: str) -> HostState:
    """The state once the rule is revoked."""
    return replace(
        state,
        groups={
            group_id: replace(group, rules={each: rule for each, rule in group.rules.items() if each != rule_id})
            for group_id, group in state.groups.items()
        },
    )


def tracked_as(flow: Flow) -> Tracked:
    """The entry that its first packet would make."""
    is_icmp = flow.protocol in ICMP
    what = flow.icmp_type * 256 + flow.icmp_code if is_icmp else flow.destination_port
    addresses = ip_address(flow.source).packed, ip_address(flow.destination).packed
    return Tracked(*addresses, flow.protocol, what, 7 if is_icmp else flow.source_port, 0)


def entry_of(flow: Flow) -> Entry:
    return Entry(
        flow.source, flow.destination, flow.protocol, flow.source_port, flow.destination_port,
        (flow.icmp_type, flow.icmp_code),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(10))
def test_the_tables_say_what_admits_says(seed: int) -> None:
    random = Random(seed)
    assert sum(_compared(random) for _ in range(15)) > 20


def _compared(random: Random) -> int:
    """How many flows of rules were looked at, in one world."""
    state = some_world_with_endpoints(random)
    local = random.choice([LOCAL, WITH_CLOSED, BREAKING])
    judge = Judge(state, local, interfaces(state))
    rules = [rule for group in state.groups.values() for rule in group.rules.values()]
    seen = 0
    for _ in range(60):
        tracked = tracked_as(some_path(random, state))
        path = judge.path(tracked)
        if path is None:
            continue
        flow = judge.flow(path, tracked)
        verdict, admitting = admits(state, local, flow), judge.admitting(path, tracked)
        by_rules = bool(admitting) and all(admitting)
        assert verdict.rule_ids == (tuple(chain(*admitting)) if by_rules else ())
        assert verdict.allowed == (by_rules or judge.exemption(path, tracked) is not None)
        sample = random.sample(rules, min(3, len(rules)))
        for several in [sample[:1], sample[1:2], sample[2:], sample] if sample else []:
            is_of_them = not {each.rule_id for each in several}.isdisjoint(verdict.rule_ids)
            seen += is_of_them
            _compare_without(judge, several, flow, is_of_them)
    return seen


def _compare_without(judge: Judge, rules: list[SecurityGroupRule], flow: Flow, is_of_rule: bool) -> None:
    """What is told of the flow is what `admits` says once the rules are gone."""
    if flow.protocol == 47:
        return  # the kernel keeps keys of GRE where others have ports
    found = flows_among(judge, rules, [answer(entry_of(flow))], 5)
    if not is_of_rule:
        assert found == RuleFlows(0, 0)
        return
    left = judge.state
    for rule in rules:
        left = without(left, rule.rule_id)
    then = admits(left, judge.local, flow)
    assert (found.going_on, found.ending) == ((1, 0) if then.allowed else (0, 1))
    (shown,) = found.flows
    assert shown.ends is not then.allowed
    if shown.goes_on_through is not None:
        assert shown.goes_on_through in then.rule_ids
    elif then.allowed:
        assert shown.reason == then.reason


SSH = ingress(tcp(22), cidr("10.0.0.0/8"), "sgr-ssh")
NARROW = ingress(tcp(22, 23), cidr("10.0.0.2/32"), "sgr-narrow")
STATE = world(SSH, NARROW, ingress(udp(68), cidr("0.0.0.0/0"), "sgr-dhcp"))


def found(rule_id: str, *entries: Entry, flows_max: int = 10, state: HostState = STATE) -> RuleFlows:
    rule = find_rule(state, rule_id)
    assert rule is not None
    judge = Judge(state, LocalPolicy(break_glass=frozenset({"10.0.0.3/32"})), interfaces(state))
    return flows_among(judge, [rule], [answer(*entries)], flows_max)


def test_each_flow_says_what_becomes_of_it() -> None:
    flows = found(
        "sgr-ssh",
        Entry("10.0.0.2", "10.0.0.1", counted=(5, 400)),
        Entry("10.0.0.9", "10.0.0.1", source_port=1),
        Entry("10.0.0.9", "10.0.0.1", destination_port=23),
        Entry("10.0.0.3", "10.0.0.1", source_port=2),
    )
    ssh = LiveFlow(Direction.INGRESS, "tcp", "10.0.0.9", "10.0.0.1", 1, 22)
    counted = replace(ssh, source="10.0.0.2", source_port=40000, packets=5, bytes=400)
    assert flows == RuleFlows(
        1, 2,
        (
            ssh,
            replace(counted, ends=False, goes_on_through="sgr-narrow"),
            replace(ssh, source="10.0.0.3", source_port=2, ends=False, reason="break-glass address"),
        ),
    )  # fmt: skip
    assert found("sgr-dhcp", Entry("10.0.0.9", "10.0.0.1", 17, 67, 68)).flows[0].reason == "DHCP client"


def test_all_are_counted_and_those_that_would_end_are_named_first() -> None:
    entries = [Entry(f"10.0.0.{2 + n % 2 * 7}", "10.0.0.1", source_port=n) for n in range(40)]
    flows = found("sgr-ssh", *entries, flows_max=25)
    assert (flows.ending, flows.going_on, len(flows.flows)) == (20, 20, 25)
    assert [each.ends for each in flows.flows] == [True] * 20 + [False] * 5


def test_both_ends_on_the_host_must_admit_it() -> None:
    inside = routed("eni-9", "vc1", BEHIND["vc1"], "sg-2")
    other = routed("eni-8", "vc2", BEHIND["vc2"], "sg-3")
    grant = ingress(tcp(22), cidr("0.0.0.0/0"), "sgr-in", "sg-2")
    allow = replace(ingress(tcp(22), cidr("0.0.0.0/0"), "sgr-out", "sg-3"), direction=Direction.EGRESS)
    own = next(iter(STATE.interfaces.values()))
    both = replace(world(grant, allow), interfaces={each.interface_id: each for each in (own, inside, other)})
    entry = Entry(BEHIND["vc2"][0], BEHIND["vc1"][0])
    assert found("sgr-in", entry, state=both).ending == found("sgr-out", entry, state=both).ending == 1
    assert found("sgr-in", entry, state=without(both, "sgr-out")).ending == 0
    from_outside = Entry("192.0.2.1", BEHIND["vc1"][0])
    assert (found("sgr-in", from_outside, state=both).ending, found("sgr-out", from_outside, state=both).ending) == (
        1,
        0,
    )
    unbound = replace(both, interfaces={**both.interfaces, "eni-9": replace(inside, device="")})
    assert found("sgr-in", from_outside, state=unbound).ending == 0


def test_the_kernel_is_asked_for_what_the_rule_can_admit() -> None:
    assert wanted_for(SSH) == Wanted(6, 22)
    assert wanted_for(NARROW) == Wanted(6)
    assert wanted_for(replace(SSH, traffic=replace(SSH.traffic, protocol="-1", from_port=-1, to_port=-1))) == Wanted()
    listed = world(ingress(tcp(22), prefix_list("pl-1"), "sgr-1"), prefix_lists={"pl-1": ["10.0.0.0/8", "10.0.0.0/9"]})
    flows = found("sgr-1", Entry("10.0.0.9", "10.0.0.1"), state=listed)
    assert (flows.ending, flows.going_on) == (1, 0), "in two blocks of one list, and one rule"
