"""The changes of one revision as JSON text, as the change log keeps them, and back.

The text names everything as the domain does, so that a person can read the log, and a later version can add members.
The trail keeps it too, for years: what was written once must be read by every later version. A rule is flat and without
its group, which the change names; it has a reference only where it refers out of its VPC.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Any, Final

from ringwall.domain import change as changes
from ringwall.domain.change import Change, RulesAdded, RulesRemoved
from ringwall.domain.compact_json import compact
from ringwall.domain.group import Direction, PeerReference, SecurityGroupRule
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.traffic import Traffic

_CLASSES: Final[dict[str, type[Change]]] = {
    "vpc_created": changes.VpcCreated,
    "vpc_changed": changes.VpcChanged,
    "vpc_deleted": changes.VpcDeleted,
    "subnet_created": changes.SubnetCreated,
    "subnet_deleted": changes.SubnetDeleted,
    "group_created": changes.GroupCreated,
    "group_deleted": changes.GroupDeleted,
    "rules_added": changes.RulesAdded,
    "rules_removed": changes.RulesRemoved,
    "drain_started": changes.DrainStarted,
    "drain_ended": changes.DrainEnded,
    "group_associated": changes.GroupAssociated,
    "group_disassociated": changes.GroupDisassociated,
    "interface_created": changes.InterfaceCreated,
    "interface_deleted": changes.InterfaceDeleted,
    "interface_changed": changes.InterfaceChanged,
    "interface_groups_changed": changes.InterfaceGroupsChanged,
    "interface_attached": changes.InterfaceAttached,
    "interface_detached": changes.InterfaceDetached,
    "host_enrolled": changes.HostEnrolled,
    "host_removed": changes.HostRemoved,
    "host_mode_changed": changes.HostModeChanged,
    "addresses_changed": changes.AddressesChanged,
    "prefix_list_created": changes.PrefixListCreated,
    "prefix_list_changed": changes.PrefixListChanged,
    "prefix_list_deleted": changes.PrefixListDeleted,
    "peering_created": changes.PeeringCreated,
    "peering_changed": changes.PeeringChanged,
    "tags_changed": changes.TagsChanged,
}
_LAYOUTS: Final = {cls: (name, tuple(field.name for field in fields(cls))) for name, cls in _CLASSES.items()}
_REFERENCE: Final = tuple(field.name for field in fields(PeerReference))


def encode_changes(made: Iterable[Change]) -> str:
    """The JSON text of these changes, in their order."""
    return compact([_members(change) for change in made])


def decode_changes(text: str) -> tuple[Change, ...]:
    """The changes that `encode_changes` made this text of."""
    return changes_of(json.loads(text))


def changes_of(members: Iterable[dict[str, Any]]) -> tuple[Change, ...]:
    """As `decode_changes`, of the text that was read as JSON already; what is given is used up."""
    return tuple([_change(each) for each in members])


def encode_rule(rule: SecurityGroupRule) -> str:
    """The JSON text of a rule, without its group."""
    return compact(_rule_members(rule))


def decode_rule(group_id: str, text: str) -> SecurityGroupRule:
    """The group's rule that `encode_rule` made this text of."""
    return _rule(group_id, json.loads(text))


def _members(change: Change) -> dict[str, Any]:
    name, names = _LAYOUTS[type(change)]
    members: dict[str, Any] = {"change": name}
    for field in names:
        members[field] = getattr(change, field)
    if isinstance(change, RulesAdded | RulesRemoved):
        members["rules"] = [_rule_members(rule) for rule in change.rules]
    return members


def _rule_members(rule: SecurityGroupRule) -> dict[str, Any]:
    traffic, peer = rule.traffic, rule.peer
    members = {
        "rule_id": rule.rule_id,
        "direction": rule.direction,
        "protocol": traffic.protocol,
        "from_port": traffic.from_port,
        "to_port": traffic.to_port,
        "peer_kind": peer.kind,
        "peer": peer.value,
        "description": rule.description,
    }
    if rule.reference is not None:
        members["reference"] = {name: getattr(rule.reference, name) for name in _REFERENCE}
    return members


def _change(members: dict[str, Any]) -> Change:
    cls: Callable[..., Change] = _CLASSES[members.pop("change")]
    if "rules" in members:
        members["rules"] = [_rule(members["group_id"], rule) for rule in members["rules"]]
    return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in members.items()})


def _rule(group_id: str, members: dict[str, Any]) -> SecurityGroupRule:
    return SecurityGroupRule(
        members["rule_id"],
        group_id,
        Direction(members["direction"]),
        Traffic(members["protocol"], members["from_port"], members["to_port"]),
        Peer(PeerKind(members["peer_kind"]), members["peer"]),
        members["description"],
        PeerReference(**members["reference"]) if "reference" in members else None,
    )
