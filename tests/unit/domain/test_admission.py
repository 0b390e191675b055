"""The plain meaning of groups, said once more in examples."""

from __future__ import annotations

from dataclasses import replace

import pytest

from build import (
    EGRESS,
    INGRESS,
    LOCAL,
    beside,
    cidr,
    egress,
    everything,
    flow,
    forwarded,
    group,
    host_interface,
    icmp,
    ingress,
    prefix_list,
    routed,
    tcp,
    udp,
    world,
)
from ringwall.domain.admission import (
    ICMP,
    TCP,
    UDP,
    Flow,
    Listener,
    Reason,
    Verdict,
    admits,
    covers,
    unadmitted_listeners,
)
from ringwall.domain.group import SecurityGroupRule
from ringwall.domain.local import LocalPolicy
from ringwall.domain.traffic import Traffic

SSH = flow(INGRESS, TCP, destination_port=22)


def test_the_union_of_all_groups_admits_and_every_rule_is_named() -> None:
    state = world(
        ingress(tcp(22), cidr("10.0.0.0/8"), "sgr-b", "sg-2"),
        ingress(tcp(20, 25), cidr("0.0.0.0/0"), "sgr-z", "sg-1"),
        ingress(tcp(22), cidr("10.0.0.2/32"), "sgr-y", "sg-1"),
        ingress(tcp(22), cidr("192.0.2.0/24"), "sgr-c", "sg-1"),
    )
    assert admits(state, LOCAL, SSH) == Verdict(True, Reason.RULES, ("sgr-b", "sgr-y", "sgr-z"))


def test_nothing_is_admitted_by_default() -> None:
    assert admits(world(), LOCAL, SSH) == Verdict(False, Reason.NO_RULE)
    assert admits(world(groups=("sg-1",)), LOCAL, flow(EGRESS)) == Verdict(False, Reason.NO_RULE)


@pytest.mark.parametrize(
    ("rule", "of"),
    [
        (egress(tcp(22), cidr("0.0.0.0/0")), SSH),
        (ingress(udp(22), cidr("0.0.0.0/0")), SSH),
        (ingress(tcp(23), cidr("0.0.0.0/0")), SSH),
        (ingress(tcp(22), cidr("::/0")), SSH),
        (ingress(tcp(22), cidr("10.0.0.1/32")), SSH),
        (ingress(tcp(22), group("sg-gone")), SSH),
        (ingress(tcp(22), prefix_list("pl-gone")), SSH),
        (ingress(icmp(8, 0), cidr("0.0.0.0/0")), flow(INGRESS, ICMP, icmp=(8, 1))),
        (ingress(icmp(0), cidr("0.0.0.0/0")), flow(INGRESS, ICMP, icmp=(8, 0))),
    ],
)
def test_a_rule_admits_only_what_it_says(rule: object, of: Flow) -> None:
    assert not admits(world(rule), LOCAL, of).allowed  # type: ignore[arg-type]


def test_an_egress_rules_peer_is_the_destination() -> None:
    state = world(egress(tcp(443), cidr("10.0.0.2/32")))
    assert admits(state, LOCAL, flow(EGRESS, TCP, destination="10.0.0.2", destination_port=443)).allowed
    assert not admits(state, LOCAL, flow(EGRESS, TCP, destination="10.0.0.3", destination_port=443)).allowed


@pytest.mark.parametrize(
    ("traffic", "included", "excluded"),
    [
        (Traffic("-1"), (253,), None),
        (Traffic("47"), (47,), (50,)),
        (tcp(0, 65535), (TCP, 65535), (UDP, 1)),
        (tcp(80, 90), (TCP, 90), (TCP, 91)),
        (icmp(), (ICMP, 0, 3, 4), (58, 0, 3, 4)),
        (icmp(3), (ICMP, 0, 3, 4), (ICMP, 0, 4, 4)),
        (icmp(3, 4), (ICMP, 0, 3, 4), (ICMP, 0, 3, 3)),
    ],
)
def test_traffic_covers_its_range(
    traffic: Traffic, included: tuple[int, ...], excluded: tuple[int, ...] | None
) -> None:
    assert covers(traffic, *included)
    assert excluded is None or not covers(traffic, *excluded)


def test_the_flows_that_enforcement_would_end() -> None:
    state = world(ingress(tcp(22), cidr("10.0.0.0/8")))
    web, local = flow(INGRESS, TCP, destination_port=80), flow(INGRESS, TCP, destination_port=80, device="lo")
    docker = flow(INGRESS, TCP, destination_port=80, device="docker0")
    assert [admits(state, LOCAL, each).allowed for each in (SSH, web, local, docker)] == [True, False, True, False]
    assert admits(state, LocalPolicy(unmanaged=frozenset({"docker0"})), docker).allowed


def test_the_listeners_that_nobody_could_reach() -> None:
    state = world(
        ingress(tcp(22), cidr("10.0.0.0/8")),
        ingress(udp(53), group("sg-m")),
        ingress(tcp(443), prefix_list("pl-1")),
        egress(everything(), cidr("0.0.0.0/0")),
        members={"sg-m": ["10.0.0.7"]},
        prefix_lists={"pl-1": ["fd00::/8"]},
    )
    reachable = [
        Listener(TCP, "0.0.0.0", 22),
        Listener(TCP, "::", 22),
        Listener(UDP, "10.0.0.1", 53),
        Listener(TCP, "::", 443),
        Listener(TCP, "127.0.0.1", 80),
        Listener(TCP, "::1", 80),
    ]
    hidden = [
        Listener(TCP, "0.0.0.0", 80),
        Listener(UDP, "0.0.0.0", 22),
        Listener(TCP, "fd00::1", 22),
        Listener(UDP, "fd00::1", 53),
        Listener(TCP, "0.0.0.0", 443),
    ]
    assert unadmitted_listeners(state, [*reachable, *hidden]) == hidden
    assert unadmitted_listeners(world(), reachable) == reachable[:4]


A, B = routed("eni-a", "vc1", ["10.0.1.2", "fd00:1::2"], "sg-a"), routed("eni-b", "vc2", ["10.0.2.2"], "sg-b")
A_MAY_SEND = egress(everything(), cidr("10.0.0.0/8"), "sgr-out", "sg-a")
B_TAKES = ingress(tcp(22), cidr("10.0.1.2/32"), "sgr-in", "sg-b")
HOST_TAKES = ingress(tcp(22), cidr("10.0.1.2/32"), "sgr-host", "sg-host")
A_TO_B = forwarded("vc1", "vc2", "10.0.1.2", "10.0.2.2", destination_port=22)
A_TO_HOST = flow(INGRESS, TCP, "10.0.1.2", "10.0.0.1", destination_port=22, device="vc1")
A_OUT = forwarded("vc1", "up0", "10.0.1.2", "10.9.9.9", destination_port=22)


@pytest.mark.parametrize(
    ("of", "rules", "admitted_by"),
    [
        (A_TO_B, [A_MAY_SEND, B_TAKES], ("sgr-out", "sgr-in")),
        (A_TO_B, [A_MAY_SEND, HOST_TAKES], ()),
        (A_TO_B, [B_TAKES, HOST_TAKES], ()),
        (A_TO_HOST, [A_MAY_SEND, HOST_TAKES], ("sgr-out", "sgr-host")),
        (A_TO_HOST, [A_MAY_SEND, B_TAKES], ()),
        (A_TO_HOST, [HOST_TAKES, B_TAKES], ()),
        (A_OUT, [A_MAY_SEND], ("sgr-out",)),
        (A_OUT, [HOST_TAKES, B_TAKES, egress(everything(), cidr("0.0.0.0/0"), "sgr-x", "sg-host")], ()),
    ],
)
def test_both_ends_of_a_containers_flow_must_admit_it(
    of: Flow, rules: list[SecurityGroupRule], admitted_by: tuple[str, ...]
) -> None:
    state = beside(world(*rules), A, B, host_interface("eni-1", "up0", ["10.0.0.1"], "sg-host"))
    assert admits(state, LOCAL, of) == Verdict(
        bool(admitted_by), Reason.RULES if admitted_by else Reason.NO_RULE, admitted_by
    )


def test_who_sends_under_an_address_that_is_not_his_is_refused() -> None:
    anything = [
        side(everything(), cidr("0.0.0.0/0"), group_id=each) for side in (ingress, egress) for each in ("sg-a", "sg-b")
    ]
    state = beside(world(*anything), A, B)
    assert admits(state, LOCAL, A_TO_B).allowed
    assert admits(state, LOCAL, replace(A_TO_B, source="10.9.9.9")).reason is Reason.FOREIGN_SOURCE
    assert admits(state, LOCAL, replace(A_TO_B, device="up0")).reason is Reason.OWN_ADDRESS
    assert admits(state, LOCAL, replace(A_TO_B, onward="up0")).reason is Reason.ELSEWHERE
    unchecked = beside(state, replace(A, source_check=False))
    assert admits(unchecked, LOCAL, replace(A_TO_B, source="10.9.9.9")).reason is Reason.RULES


def test_break_glass_addresses_reach_the_host_and_nothing_behind_it() -> None:
    local = LocalPolicy(break_glass=frozenset({"10.9.9.0/24"}))
    state = beside(world(), A)
    assert admits(state, local, flow(INGRESS, source="10.9.9.9")).reason is Reason.BREAK_GLASS
    assert admits(state, local, flow(EGRESS, destination="10.9.9.9", device="un0")).reason is Reason.BREAK_GLASS
    assert admits(state, local, flow(INGRESS, source="10.9.8.9")).reason is Reason.NO_RULE
    assert not admits(state, local, forwarded("up0", "vc1", "10.9.9.9", "10.0.1.2")).allowed
