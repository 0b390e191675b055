"""What the hosts of the data plane's benchmarks should enforce."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ringwall.domain.group import Direction, SecurityGroupRule
from ringwall.domain.interface import Mode
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.traffic import Traffic
from ringwall.domain.world import HostGroup, HostInterface, HostState, InterfaceKind

DEVICE: Final = "up0"
HOST: Final = "10.0.0.1"
PEER: Final = "10.0.0.2"
PORT: Final = 5001
RULES_PER_GROUP: Final = 60
GROUPS_PER_INTERFACE: Final = 5
ADMITTING: Final = "sgr-admitting"
Shape = Callable[[int], tuple[Traffic, str]]
"""The traffic and the block of the rule with that number."""


def four_ports(number: int) -> tuple[Traffic, str]:
    """The usual group: a few services, each open to some addresses."""
    return _tcp(1000 + number % 4), _block(number)


def own_port(number: int) -> tuple[Traffic, str]:
    """Every rule of a group with a port of its own."""
    return _tcp(10_000 + number % 50_000), _block(number)


def one_port(number: int) -> tuple[Traffic, str]:
    """All rules on one port: a tree."""
    return _tcp(PORT), _block(number)


def rule(rule_id: str, group_id: str, traffic: Traffic, block: str) -> SecurityGroupRule:
    """An ingress rule for a block."""
    return SecurityGroupRule(rule_id, group_id, Direction.INGRESS, traffic, Peer(PeerKind.CIDR_IPV4, block))


def fleet_host(rules: int, shape: Shape = four_ports, per_group: int = RULES_PER_GROUP) -> HostState:
    """A host with that many rules in groups of 60, five on each interface: its own, and containers behind it."""
    groups = {}
    for first in range(0, rules, per_group):
        group_id = f"sg-{first // per_group:05d}"
        numbers = range(first, min(first + per_group, rules))
        made = (rule(f"sgr-{number:017x}", group_id, *shape(number)) for number in numbers)
        groups[group_id] = HostGroup(group_id, group_id, {each.rule_id: each for each in made})
    ids = list(groups)
    interfaces = {}
    for number, first in enumerate(range(0, len(ids), GROUPS_PER_INTERFACE)):
        carried = tuple(ids[first : first + GROUPS_PER_INTERFACE])
        if number == 0:
            made_interface = HostInterface("eni-0", DEVICE, (HOST,), carried)
        else:
            address = f"10.{200 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
            made_interface = HostInterface(
                f"eni-{number}", f"vc{number}", (address,), carried, InterfaceKind.ROUTED, source_check=True
            )
        interfaces[made_interface.interface_id] = made_interface
    return HostState("i-bench", Mode.ENFORCE, interfaces, groups)


def lone_host(rules: int, shape: Shape = four_ports, per_group: int = RULES_PER_GROUP) -> HostState:
    """`fleet_host` with all groups on the host's own interface, and nothing behind it."""
    state = fleet_host(rules, shape, per_group)
    return replace(state, interfaces={"eni-0": replace(state.interfaces["eni-0"], group_ids=tuple(state.groups))})


def served_host(rules: int, groups: int = 1, shape: Shape = own_port) -> HostState:
    """A host with one interface, and groups of that many rules each, of which one of the last group admits the peer.

    Each number stands for a rule of TCP and one of UDP. The admitting rules are for `PORT`, in TCP and UDP.
    """
    made = {}
    for at in range(groups):
        group_id = f"sg-{at}"
        each: dict[str, SecurityGroupRule] = {}
        for number in range(rules - 1 if at == groups - 1 else rules):
            traffic, block = shape(number)
            for protocol in ("tcp", "udp"):
                rule_id = f"sgr-{at}-{protocol}-{number}"
                each[rule_id] = rule(rule_id, group_id, replace(traffic, protocol=protocol), block)
        if at == groups - 1:
            for protocol in ("tcp", "udp"):
                admitting = rule(
                    f"{ADMITTING}-{protocol}", group_id, replace(_tcp(PORT), protocol=protocol), f"{PEER}/32"
                )
                each[admitting.rule_id] = admitting
        made[group_id] = HostGroup(group_id, group_id, each)
    interface = HostInterface("eni-0", DEVICE, (HOST,), tuple(made))
    return HostState("i-bench", Mode.ENFORCE, {"eni-0": interface}, made)


def with_rules(state: HostState, group_id: str, rules: Mapping[str, SecurityGroupRule]) -> HostState:
    """The state with other rules in one of its groups."""
    return replace(state, groups={**state.groups, group_id: replace(state.groups[group_id], rules=rules)})


@dataclass(frozen=True, slots=True)
class Change:
    """A rule of a state that goes and comes back."""

    rule: SecurityGroupRule

    def without(self, state: HostState) -> HostState:
        """The rule is revoked."""
        rules = state.groups[self.rule.group_id].rules
        return with_rules(state, self.rule.group_id, {k: v for k, v in rules.items() if k != self.rule.rule_id})

    def again(self, state: HostState) -> HostState:
        """The rule is authorized."""
        rules = state.groups[self.rule.group_id].rules
        return with_rules(state, self.rule.group_id, {**rules, self.rule.rule_id: self.rule})


def _tcp(port: int) -> Traffic:
    return Traffic("tcp", port, port)


def _block(number: int) -> str:
    return f"172.{16 + (number >> 16)}.{number >> 8 & 255}.{number & 255}/32"
