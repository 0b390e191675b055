"""The way to a state never shows in its ruleset, and every rule is in it exactly as often as it should be."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from build import LOCAL, cidr, egress, everything, group, icmp, ingress, prefix_list, tcp, udp, world
from host_states import host_states
from ringwall.compiler.compile import Compiled, compile_host
from ringwall.compiler.lists import LIST_MAX
from ringwall.compiler.parts import digest
from ringwall.domain.group import SecurityGroupRule
from ringwall.domain.local import ControlEndpoint, LocalPolicy
from ringwall.domain.peer import PeerKind
from ringwall.domain.world import HostState, difference, merge
from ringwall.nft.diff import difference as transaction_to
from ringwall.nft.expressions import Verdict, VerdictMap
from ringwall.nft.objects import Ruleset
from ringwall.nft.ruleset import Applied


@given(st.lists(host_states(), min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_any_route_to_a_state_compiles_to_the_same_ruleset(route: list[HostState]) -> None:
    state, compiled = route[0], compile_host(route[0], LOCAL)
    for target in route[1:]:
        state = merge(state, difference(state, target))
        compiled = compile_host(state, LOCAL, compiled)
    fresh = compile_host(route[-1], LOCAL)
    assert compiled.ruleset == fresh.ruleset
    assert compiled.digest == fresh.digest == digest(compiled.ruleset)
    assert all(name == each.name for name, each in fresh.ruleset.chains.items())


@given(host_states(), host_states())
@settings(max_examples=100, deadline=None)
def test_what_a_ruleset_knows_of_another_changes_no_difference(one: HostState, other: HostState) -> None:
    first = compile_host(one, LOCAL)
    second = compile_host(other, LOCAL, first)
    assert second.ruleset.touched_since(first.ruleset) is not None
    handles = {name: tuple(range(len(each.rules))) for name, each in first.ruleset.chains.items()}
    knowing = transaction_to(Applied(first.ruleset, handles, 1), second.ruleset)
    assert knowing == transaction_to(Applied(compile_host(one, LOCAL).ruleset, handles, 1), second.ruleset)
    assert replace(second.ruleset, sets={}).touched_since(first.ruleset) is None


@given(host_states(), host_states())
@settings(max_examples=100, deadline=None)
def test_different_rulesets_have_different_digests(one: HostState, other: HostState) -> None:
    first, second = compile_host(one, LOCAL), compile_host(other, LOCAL, compile_host(one, LOCAL))
    assert (first.ruleset == second.ruleset) is (first.digest == second.digest)


def test_what_did_not_change_is_the_same_object() -> None:
    stays = [ingress(tcp(port), cidr("10.0.0.0/8"), f"sgr-a{port}", "sg-1") for port in (22, 80)]
    changes = [ingress(tcp(port), group("sg-3"), f"sgr-b{port}", "sg-2") for port in (22, 80)]
    before = world(*stays, *changes, members={"sg-3": ["10.0.0.7"]})
    after = merge(
        before, difference(before, world(*stays, *changes[1:], groups=("sg-1", "sg-2"), members=before.members))
    )
    assert after.groups["sg-1"] is before.groups["sg-1"]
    old = compile_host(before, LOCAL)
    new = compile_host(after, LOCAL, old)
    assert set(old.ruleset.chains) - set(new.ruleset.chains) == {"sg-2-ingress-tcp-22"}
    for name, chain in new.ruleset.chains.items():
        assert chain is old.ruleset.chains[name], name
    assert new.groups["sg-1"] is old.groups["sg-1"]
    assert {name for name, each in new.ruleset.maps.items() if each is not old.ruleset.maps[name]} == {
        "sg-2-ingress-tcp-ports"
    }
    assert all(each is old.ruleset.sets[name] for name, each in new.ruleset.sets.items())


def test_nothing_new_is_nothing_new() -> None:
    state = world(ingress(tcp(22), cidr("10.0.0.0/8")))
    once = compile_host(state, LOCAL)
    again = compile_host(state, LOCAL, once)
    assert again == once
    for kind in ("chains", "sets", "maps"):
        assert all(each is getattr(once.ruleset, kind)[name] for name, each in getattr(again.ruleset, kind).items())


def test_one_revoked_rule_is_one_line_less() -> None:
    rules = [ingress(tcp(22), cidr(f"10.{n}.0.0/16"), f"sgr-{n}") for n in range(4)]
    before, after = (compile_host(world(*some, groups=("sg-1",)), LOCAL).ruleset for some in (rules, rules[1:]))
    changed = {name for name in before.chains if before.chains[name] != after.chains.get(name)}
    assert changed == {"sg-1-ingress-tcp-22"}
    assert before.maps == after.maps
    gone = set(before.chains["sg-1-ingress-tcp-22"].rules) - set(after.chains["sg-1-ingress-tcp-22"].rules)
    assert [rule.comment for rule in gone] == ["sgr-0"]


def many_rules(random: Random, count: int) -> list[SecurityGroupRule]:
    """Rules that make lists, blocks and trees of every kind."""
    traffics = [tcp(22), tcp(1030, 1040), tcp(1000, 5000), tcp(0, 65535), udp(53), icmp(8), icmp(), everything()]
    rules: dict[tuple[object, ...], SecurityGroupRule] = {}
    for _ in range(count):
        length = random.choice([8, 12, 16, 20, 24, 24, 28, 30, 32, 32])
        address = random.getrandbits(16) << 16 | random.getrandbits(4)
        network = address >> (32 - length) << (32 - length)
        four = f"{network >> 24}.{network >> 16 & 255}.{network >> 8 & 255}.{network & 255}/{length}"
        six = f"2001:db8:{random.getrandbits(3)}:{random.getrandbits(5):x}::/{random.choice([64, 64, 72])}"
        peer = random.choice(
            [cidr(four), cidr(four), cidr(six), group(f"sg-m{random.randrange(3)}"), prefix_list("pl-1")]
        )
        rule = random.choice([ingress, egress])(random.choice(traffics), peer)
        rules[rule.direction, rule.traffic, rule.peer] = rule
    return list(rules.values())


def lines_by_rule(ruleset: Ruleset) -> Counter[tuple[str, bool]]:
    """How many lines there are for each rule's id, and whether for packets without a flow."""
    return Counter(
        (rule.comment.split()[0], "-untracked" in chain.name)
        for chain in ruleset.chains.values()
        for rule in chain.rules
        if rule.comment and rule.comment.startswith("sgr-")
    )


@pytest.mark.parametrize("count", [0, 5, 60, 600])
def test_every_rule_has_one_line_for_each_family_of_its_peer(count: int) -> None:
    state = world(*many_rules(Random(count), count))
    lines = lines_by_rule(compile_host(state, LOCAL).ruleset)
    for each in state.groups.values():
        for rule in each.rules.values():
            both = rule.peer.kind in (PeerKind.GROUP, PeerKind.PREFIX_LIST)
            assert lines.pop((rule.rule_id, False)) == (2 if both else 1)
            about_icmp = rule.traffic.number in (None, 1)
            families = (2 if rule.traffic.number is None else 1) if both else 1
            only_v4 = rule.traffic.number == 1 and rule.peer.kind is PeerKind.CIDR_IPV6
            assert lines.pop((rule.rule_id, True), 0) == (families if about_icmp and not only_v4 else 0)
    assert not lines


def test_lists_are_short_and_chains_are_reached_from_exactly_one_place() -> None:
    ruleset = compile_host(world(*many_rules(Random(7), 3000)), LOCAL).ruleset
    reached: Counter[str] = Counter()
    for chain in ruleset.chains.values():
        blocks = [
            rule for rule in chain.rules if rule.comment and rule.comment.startswith("sgr-") and " " not in rule.comment
        ]
        traffics = 4  # wide ranges of tcp share a chain, and all of ICMP does
        assert len(blocks) <= LIST_MAX * 2 * traffics, chain.name
        for rule in chain.rules:
            for statement in rule.statements:
                if isinstance(statement, Verdict) and statement.chain:
                    reached[statement.chain] += 1
                if isinstance(statement, VerdictMap):
                    reached.update(
                        verdict.chain for verdict in ruleset.maps[statement.map_name].elements.values() if verdict.chain
                    )
        comments = [rule.comment for rule in chain.rules if rule.comment]
        assert len(comments) == len(set(comments)), chain.name
    of_groups = {name for name in ruleset.chains if name.startswith("sg-")}
    assert {name: reached[name] for name in of_groups} == dict.fromkeys(of_groups, 1)
    assert reached.keys() <= ruleset.chains.keys()


def test_the_way_down_fits_the_kernels_sixteen_jumps() -> None:
    """Blocks nested as deeply as they can be: still right, never too deep."""
    blocks = {f"10.{a}.{b}.{c}/32" for a in (0, 128) for b in (0, 64, 128) for c in range(0, 256, 3)}
    six = {f"2001:db8::{1 << bit:x}/{128 - low}" for bit in range(15) for low in range(3) if bit >= low}
    ruleset = compile_host(world(*(ingress(tcp(22), cidr(each)) for each in sorted(blocks | six))), LOCAL).ruleset

    def depth(name: str) -> int:
        below = []
        for rule in ruleset.chains[name].rules:
            for statement in rule.statements:
                if isinstance(statement, Verdict) and statement.chain:
                    below.append(depth(statement.chain))
                if isinstance(statement, VerdictMap):
                    below += [depth(each.chain or "") for each in ruleset.maps[statement.map_name].elements.values()]
        return 1 + max(below, default=0)

    assert depth("input") < 16


def test_the_hosts_own_configuration_is_part_of_the_ruleset() -> None:
    state = world()
    local = LocalPolicy(frozenset({ControlEndpoint("fd00::9", 4580)}), frozenset({"docker0"}))
    compiled: Compiled = compile_host(state, local, compile_host(state, LOCAL))
    assert compiled.digest == compile_host(state, local).digest != compile_host(state, LOCAL).digest
    assert len(compiled.ruleset.chains["control-channel"].rules) == 1
    assert len(compiled.ruleset.sets["unmanaged"].elements) == 1


def test_what_the_state_does_not_hold_admits_nobody() -> None:
    state = world(ingress(tcp(22), group("sg-gone")), ingress(tcp(22), prefix_list("pl-gone")))
    ruleset = compile_host(state, LOCAL).ruleset
    about = {name: len(each.elements) for name, each in ruleset.sets.items() if "gone" in name}
    assert about == dict.fromkeys(["sg-gone-members-v4", "sg-gone-members-v6", "pl-gone-v4", "pl-gone-v6"], 0)
    assert "sg-1-ingress" not in compile_host(replace(state, groups={}), LOCAL).ruleset.chains
