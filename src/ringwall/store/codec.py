"""The changes of one revision as JSON text, as the change log keeps them, and back.

The text names everything as the domain does, so that a person can read the log, and a later version can add members.
A rule is flat and without its group, which the change names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Any, Final

from ringwall.domain.change import (
    AddressesChanged,
    Change,
    GroupCreated,
    GroupDeleted,
    HostEnrolled,
    HostModeChanged,
    HostRemoved,
    InterfaceGroupsChanged,
    RulesAdded,
    RulesRemoved,
    SubnetCreated,
    TagsChanged,
    VpcCreated,
)
from ringwall.domain.group import Direction, SecurityGroupRule
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.traffic import Traffic

_CLASSES: Final[dict[str, type[Change]]] = {
    "vpc_created": VpcCreated,
    "subnet_created": SubnetCreated,
    "group_created": GroupCreated,
    "group_deleted": GroupDeleted,
    "rules_added": RulesAdded,
    "rules_removed": RulesRemoved,
    "interface_groups_changed": InterfaceGroupsChanged,
    "host_enrolled": HostEnrolled,
    "host_removed": HostRemoved,
    "host_mode_changed": HostModeChanged,
    "addresses_changed": AddressesChanged,
    "tags_changed": TagsChanged,
}
_LAYOUTS: Final = {cls: (name, tuple(field.name for field in fields(cls))) for name, cls in _CLASSES.items()}

# Built once: json.dumps with separators builds an encoder on every call, which costs more than the encoding.
_to_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def encode_changes(changes: Iterable[Change]) -> str:
    """The JSON text of these changes, in their order."""
    return _to_text([_members(change) for change in changes])


def decode_changes(text: str) -> tuple[Change, ...]:
    """The changes that `encode_changes` made this text of."""
    return tuple(_change(members) for members in json.loads(text))


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
    return {
        "rule_id": rule.rule_id,
        "direction": rule.direction,
        "protocol": traffic.protocol,
        "from_port": traffic.from_port,
        "to_port": traffic.to_port,
        "peer_kind": peer.kind,
        "peer": peer.value,
        "description": rule.description,
    }


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
    )
