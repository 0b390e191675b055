"""Host states as TOML, for golden files.

    mode = "enforce"
    control = ["10.9.0.9 4580"]
    unmanaged = ["docker0"]
    break_glass = ["192.0.2.0/28"]

    [interfaces.eni-1]
    device = "up0"
    groups = ["sg-1"]

    [interfaces.eni-2]
    device = "vc1"
    groups = []
    kind = "routed"  # and where it isn't so: source_check = false
    addresses = ["10.0.1.2"]

    [groups.sg-1]
    sgr-1 = "ingress tcp 22 10.0.0.0/8"

    [draining]
    sg-1 = ["sgr-9"]

    [members]
    sg-2 = ["10.0.0.7"]

A rule is its direction, protocol, range (`22`, `80-90`, for ICMP `8/0`, `-` for none) and peer.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from build import cidr, group, prefix_list
from ringwall.domain.group import Direction, SecurityGroupRule
from ringwall.domain.interface import Mode
from ringwall.domain.local import ControlEndpoint, LocalPolicy
from ringwall.domain.peer import Peer
from ringwall.domain.traffic import Traffic
from ringwall.domain.world import HostGroup, HostInterface, HostState, InterfaceKind


def read_world(path: Path) -> tuple[HostState, LocalPolicy]:
    """The state in the file, and the host's own configuration."""
    told = tomllib.loads(path.read_text())
    control = (text.split() for text in told.get("control", []))
    local = LocalPolicy(
        frozenset(ControlEndpoint(address, int(port)) for address, port in control),
        frozenset(told.get("unmanaged", [])),
        frozenset(told.get("break_glass", [])),
    )
    state = HostState(
        "i-1",
        Mode(told.get("mode", "enforce")),
        {interface_id: _interface(interface_id, each) for interface_id, each in told.get("interfaces", {}).items()},
        {
            group_id: HostGroup(
                group_id,
                group_id,
                {rule_id: _rule(rule_id, group_id, text) for rule_id, text in rules.items()},
                frozenset(told.get("draining", {}).get(group_id, [])),
            )
            for group_id, rules in told.get("groups", {}).items()
        },
        {group_id: frozenset(addresses) for group_id, addresses in told.get("members", {}).items()},
        {list_id: frozenset(blocks) for list_id, blocks in told.get("prefix_lists", {}).items()},
    )
    return state, local


def _interface(interface_id: str, told: dict[str, Any]) -> HostInterface:
    kind = InterfaceKind(told.get("kind", "host"))
    source_check = told.get("source_check", kind is InterfaceKind.ROUTED)
    addresses = tuple(told.get("addresses", []))
    return HostInterface(interface_id, told["device"], addresses, tuple(told["groups"]), kind, source_check)


def _rule(rule_id: str, group_id: str, text: str) -> SecurityGroupRule:
    direction, protocol, span, peer = text.split()
    return SecurityGroupRule(rule_id, group_id, Direction(direction), _traffic(protocol, span), _peer(peer))


def _traffic(protocol: str, span: str) -> Traffic:
    if span == "-":
        return Traffic(protocol)
    low, _, high = span.partition("/" if "/" in span else "-")
    return Traffic(protocol, int(low), int(high or low))


def _peer(text: str) -> Peer:
    return group(text) if text.startswith("sg-") else prefix_list(text) if text.startswith("pl-") else cidr(text)
