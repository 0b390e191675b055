"""Whatever alone has changed, compiling with what was compiled before gives what is compiled from nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from build import LOCAL, beside, cidr, group, ingress, prefix_list, routed, tcp, world
from ringwall.compiler.compile import compile_host
from ringwall.compiler.parts import digest
from ringwall.domain.interface import Mode
from ringwall.domain.world import HostDelta, HostGroup, merge

BEFORE = beside(
    world(
        ingress(tcp(22), cidr("10.0.0.0/8"), "sgr-cidr"),
        ingress(tcp(80), group("sg-peer"), "sgr-group"),
        ingress(tcp(81), prefix_list("pl-1"), "sgr-list"),
        members={"sg-peer": ["10.0.0.2"]},
        prefix_lists={"pl-1": ["192.0.2.0/24"]},
    ),
    routed("eni-vc", "vc1", ("10.0.1.2",), "sg-1"),
)
OTHER_PEER = ingress(tcp(82), group("sg-new"), "sgr-new")
CHANGES = {
    "nothing": HostDelta(),
    "a rule more": HostDelta(rules={("sg-1", "sgr-more"): ingress(tcp(22), cidr("192.0.2.1/32"), "sgr-more")}),
    "a rule less": HostDelta(rules={("sg-1", "sgr-cidr"): None}),
    "the last rule of a peer goes": HostDelta(rules={("sg-1", "sgr-group"): None}),
    "the first rule of a peer whose members are known": HostDelta(rules={("sg-1", "sgr-new"): OTHER_PEER}),
    "a rule begins to drain": HostDelta(rules={("sg-1", "sgr-cidr"): None}, draining={"sg-1": frozenset(["sgr-cidr"])}),
    "a member more": HostDelta(members={"sg-peer": frozenset(["10.0.0.2", "10.0.0.3"])}),
    "no members": HostDelta(members={"sg-peer": None}),
    "a block less": HostDelta(prefix_lists={"pl-1": frozenset()}),
    "an address": HostDelta(interfaces={"eni-vc": routed("eni-vc", "vc1", ("10.0.1.3",), "sg-1")}),
    "a device": HostDelta(interfaces={"eni-vc": routed("eni-vc", "vc9", ("10.0.1.2",), "sg-1")}),
    "a group off": HostDelta(interfaces={"eni-vc": routed("eni-vc", "vc1", ("10.0.1.2",))}),
    "an interface off": HostDelta(interfaces={"eni-vc": None}),
    "a group gone": HostDelta(groups={"sg-1": None}),
    "a group that nobody carries": HostDelta(groups={"sg-2": HostGroup("sg-2", "two", {})}),
    "the mode": HostDelta(mode=Mode.OBSERVE),
}


@pytest.mark.parametrize("change", CHANGES)
def test_one_change_and_its_return(change: str) -> None:
    after = merge(BEFORE, CHANGES[change])
    compiled = compile_host(BEFORE, LOCAL)
    for state in (after, BEFORE, after):
        compiled = compile_host(state, LOCAL, compiled)
        assert compiled.ruleset == compile_host(state, LOCAL).ruleset
        assert compiled.digest == digest(compiled.ruleset)


def test_the_configuration_alone() -> None:
    compiled = compile_host(BEFORE, LOCAL)
    local = replace(LOCAL, break_glass=frozenset(["198.51.100.7/32"]))
    assert compile_host(BEFORE, local, compiled).ruleset == compile_host(BEFORE, local).ruleset != compiled.ruleset


def test_what_draining_began_with_ends_with_it() -> None:
    draining = merge(BEFORE, CHANGES["a rule begins to drain"])
    ended = merge(draining, HostDelta(draining={"sg-1": frozenset()}))
    compiled = compile_host(draining, LOCAL, compile_host(BEFORE, LOCAL))
    assert compile_host(ended, LOCAL, compiled).ruleset == compile_host(ended, LOCAL).ruleset
