"""Containers and virtual machines behind a host: the plain meaning and the compiled ruleset agree about both ends."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest

import tally
from build import (
    EGRESS,
    HOST4,
    HOST6,
    INGRESS,
    PEER4,
    PEER6,
    beside,
    cidr,
    egress,
    everything,
    flow,
    forwarded,
    hook_of,
    host_interface,
    ingress,
    packet,
    routed,
    tcp,
    world,
)
from meaning import agrees
from random_worlds import BEHIND, BREAKING, LOCAL, WITH_CLOSED, some_path, some_world_with_endpoints
from ringwall.compiler.compile import compile_host
from ringwall.domain.admission import ICMPV6, LINK_LOCAL_TYPES, UDP, Flow, Reason, admits
from ringwall.domain.interface import Mode
from ringwall.domain.world import HostState, InterfaceKind
from ringwall.nft.expressions import IP6_HOPLIMIT
from ringwall.nft.trace import trace

WORLDS = 850
FLOWS = 60
PAIRS = "random pairs of world and flow, followed by the tracer"
WORLDS_DEEP = 17_000


def path_of(state: HostState, of: Flow) -> str:
    """`vc -> vc`, `vc -> host`, `- -> vc` and so on: what is at the two ends."""
    behind = {each.device for each in state.interfaces.values() if each.kind is InterfaceKind.ROUTED}
    here, there = ("vc" if each in behind else "-" for each in (of.device, of.onward))
    if of.onward is not None:
        return f"{here} -> {there}"
    return f"{here} -> host" if of.direction == "ingress" else f"host -> {here}"


def play(seed: int, worlds: int) -> Counter[tuple[str, Reason]]:
    """Random flows through random worlds; how often each path and verdict came."""
    random = Random(seed)
    seen: Counter[tuple[str, Reason]] = Counter()
    for _ in range(worlds):
        state, local = some_world_with_endpoints(random), random.choice([LOCAL, LOCAL, WITH_CLOSED, BREAKING])
        ruleset = compile_host(state, local).ruleset
        for _ in range(FLOWS):
            of = some_path(random, state)
            seen[path_of(state, of), agrees(state, of, ruleset, local).reason] += 1
    tally.add(PAIRS, seen.total())
    return seen


@pytest.mark.parametrize("seed", range(5))
def test_the_tracer_and_the_plain_meaning_agree_about_endpoints(seed: int) -> None:
    seen = play(seed, WORLDS // 5)
    for path in ("vc -> vc", "vc -> host", "host -> vc", "vc -> -", "- -> vc", "- -> host", "host -> -"):
        assert seen[path, Reason.RULES] > 3, path
        assert seen[path, Reason.NO_RULE] > 30, path
    for path in ("vc -> vc", "vc -> host", "vc -> -"):
        assert seen[path, Reason.FOREIGN_SOURCE], path
    assert seen["- -> vc", Reason.OWN_ADDRESS]
    assert seen["- -> -", Reason.FORWARDED]
    assert seen["- -> -", Reason.ELSEWHERE]
    assert seen["vc -> host", Reason.BREAK_GLASS] + seen["- -> host", Reason.BREAK_GLASS]


@pytest.mark.slow
@pytest.mark.deep
@pytest.mark.parametrize("seed", range(100, 110))
def test_they_agree_a_million_times(seed: int) -> None:
    assert sum(play(seed, WORLDS_DEEP // 10).values()) == WORLDS_DEEP // 10 * FLOWS


def test_a_containers_device_without_an_interface_is_closed() -> None:
    """Also where it is the last one: else whoever is detached could go anywhere, as through any router."""
    state = world(*(side(everything(), cidr(each)) for side in (ingress, egress) for each in ("0.0.0.0/0", "::/0")))
    closed = compile_host(state, WITH_CLOSED).ruleset
    for of in (
        forwarded("vc1", "up0", "10.0.1.2", "10.0.0.2"),
        forwarded("up0", "vc1", "10.0.0.2", "10.0.1.2"),
        flow(INGRESS, source="10.0.1.2", device="vc1"),
        flow(EGRESS, destination="10.0.1.2", device="vc1"),
    ):
        assert not agrees(state, of, closed, WITH_CLOSED).allowed
    assert agrees(state, forwarded("un0", "up0", "10.0.1.2", "10.0.0.2"), closed, WITH_CLOSED).allowed
    assert agrees(state, flow(INGRESS), closed, WITH_CLOSED).allowed


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("at", [0, 1])
def test_the_addresses_of_a_container_that_no_device_leads_to_are_kept_for_it(at: int, alone: bool) -> None:
    """From whatever device, the host's own and a router's among them; forwarded there by none."""
    anything = [
        side(everything(), cidr(each), group_id=group_id)
        for side in (ingress, egress)
        for each in ("0.0.0.0/0", "::/0")
        for group_id in ("sg-1", "sg-vc")
    ]
    others = [] if alone else [routed("eni-vc2", "vc2", BEHIND["vc2"], "sg-vc")]
    state = beside(world(*anything), routed("eni-vc1", "", BEHIND["vc1"], "sg-vc"), *others)
    ruleset = compile_host(state, LOCAL).ruleset
    of_it, peer = BEHIND["vc1"][at], (PEER4, PEER6)[at]
    for device in ("up0", "vc1", "un0", "docker0"):
        assert agrees(state, flow(INGRESS, source=of_it, device=device, version=(4, 6)[at]), ruleset).reason is (
            Reason.OWN_ADDRESS
        )
        for onward in {"up0", "vc1", "un0"} - {device}:
            from_it = forwarded(device, onward, of_it, peer)
            assert agrees(state, from_it, ruleset).reason is Reason.OWN_ADDRESS
            to_it = forwarded(device, onward, peer, of_it)
            assert agrees(state, to_it, ruleset).reason is Reason.ELSEWHERE
            past_it = forwarded(device, onward, peer, peer.replace("2", "7"))
            assert agrees(state, past_it, ruleset).reason is Reason.FORWARDED
    if others:
        assert agrees(state, forwarded("vc2", "up0", of_it, peer), ruleset).reason is Reason.FOREIGN_SOURCE


def test_to_bind_a_container_adds_elements_and_no_chain() -> None:
    rules = [ingress(tcp(22), cidr("10.0.0.0/8"), group_id="sg-vc")]
    unbound, bound = (
        compile_host(beside(world(*rules), routed("eni-vc", device, BEHIND["vc1"], "sg-vc")), LOCAL).ruleset
        for device in ("", "vc1")
    )
    assert unbound.chains == bound.chains
    assert unbound.sets["endpoint-addresses-v4"] == bound.sets["endpoint-addresses-v4"]
    assert not unbound.sets["endpoint-sources-v4"].elements
    assert not unbound.maps["from-endpoints"].elements
    assert not unbound.sets["endpoints"].elements


@pytest.mark.parametrize("source", ["fe80::7", "::", BEHIND["vc1"][1], BEHIND["vc2"][1]])
@pytest.mark.parametrize("kind", sorted(LINK_LOCAL_TYPES))
def test_a_container_and_the_host_are_neighbours_and_nobody_else_is(kind: int, source: str) -> None:
    """With the hop limit that no router leaves, from its own address, a link-local one or none; never forwarded."""
    state = beside(world(), *(routed(f"eni-{each}", each, BEHIND[each]) for each in ("vc1", "vc2")))
    ruleset = compile_host(state, LOCAL).ruleset
    of = flow(INGRESS, ICMPV6, source, HOST6, icmp=(kind, 0), device="vc1")
    right = b"\x01" if kind in (130, 131, 132, 143) else b"\xff"
    expected = admits(state, LOCAL, of).allowed
    assert expected is (source != BEHIND["vc2"][1])
    for limit in (b"\x01", b"\x40", b"\xff"):
        seen = trace(ruleset, "input", packet(of) | {IP6_HOPLIMIT: limit})
        assert (seen.verdict == "accept") is (expected and limit == right), (limit, seen)
        for onward in ("up0", "vc2"):
            past = replace(of, onward=onward)
            assert trace(ruleset, "forward", packet(past) | {IP6_HOPLIMIT: limit}).verdict == "drop"
    assert not admits(state, LOCAL, replace(of, onward="up0")).allowed


@pytest.mark.parametrize("at", [0, 1])
def test_a_container_is_no_dhcp_server_of_the_hosts(at: int) -> None:
    """Though it may send anything: the host's own exception is for what comes in by its own interfaces."""
    opens = [egress(everything(), cidr(each), group_id="sg-vc") for each in ("0.0.0.0/0", "::/0")]
    behind = routed("eni-vc", "vc1", (*BEHIND["vc1"], "fe80::5"), "sg-vc")
    state = beside(world(*opens), behind, host_interface("eni-1", "up0", (HOST4, HOST6)))
    ruleset = compile_host(state, LOCAL).ruleset
    source, destination, ports = [("10.0.1.2", HOST4, (67, 68)), ("fe80::5", "fe80::1", (547, 546))][at]
    of = flow(INGRESS, UDP, source, destination, *ports, device="vc1")
    assert agrees(state, of, ruleset).reason is Reason.NO_RULE
    assert agrees(state, replace(of, device="up0", source="10.0.0.9" if at == 0 else "fe80::9"), ruleset).allowed


def test_a_host_without_containers_has_nothing_of_theirs() -> None:
    rules = [ingress(tcp(22), cidr("10.0.0.0/8"))]
    without = compile_host(world(*rules), LOCAL).ruleset
    with_one = compile_host(beside(world(*rules), routed("eni-vc", "vc1", BEHIND["vc1"])), LOCAL).ruleset
    assert {chain.name for chain in without.chains.values() if chain.hook} == {"input", "output"}
    assert {chain.name for chain in with_one.chains.values() if chain.hook} == {
        "input", "input-host", "output", "output-host", "forward-from", "forward-to",
    }  # fmt: skip
    assert not [name for name in (*without.chains, *without.sets, *without.maps) if "endpoint" in name]
    assert not [name for name in (*without.chains, *without.sets) if "break-glass" in name]
    back = compile_host(world(*rules), LOCAL, compile_host(beside(world(*rules), routed("eni-vc", "vc1", ())), LOCAL))
    assert back.ruleset == without


def test_observing_looks_up_and_counts_at_both_ends_and_drops_nothing() -> None:
    random = Random(12)
    for _ in range(40):
        state = some_world_with_endpoints(random)
        enforcing, observing = (
            compile_host(replace(state, mode=mode), BREAKING).ruleset for mode in (Mode.ENFORCE, Mode.OBSERVE)
        )
        for _ in range(20):
            of = some_path(random, state)
            strict, lenient = (trace(each, hook_of(of), packet(of)) for each in (enforcing, observing))  # type: ignore[arg-type]
            assert lenient.verdict == "accept"
            would_be = [comment for comment in lenient.comments if comment.startswith("would be dropped")]
            assert bool(would_be) is (strict.verdict == "drop")
            same = [comment.replace("would be dropped: ", "dropped: ") for comment in lenient.comments]
            assert same[: len(strict.comments)] == list(strict.comments)
