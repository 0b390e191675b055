"""Requests and answers as CloudTrail records them, so that detections written for its records understand ours.

Most of EC2's operations have names in lower camel case, and lists as `{"items": […]}`:

    {"groupId": "sg-…", "ipPermissions": {"items": [{"ipProtocol": "tcp", "fromPort": 22, …}]}}

Its younger ones are recorded as the query spells them, below the name of the request's structure; a list of one is its
item, and items of lists have their number as `tag`:

    {"ModifySecurityGroupRulesRequest": {"GroupId": "sg-…", "SecurityGroupRule": {"SecurityGroupRuleId": …, "tag": 1}}}

Source: public records of AuthorizeSecurityGroupIngress, RevokeSecurityGroupIngress, CreateSecurityGroup, CreateTags,
CreateNetworkInterface and ModifySecurityGroupRules; operations without one are written like their kin (chosen).

What a request has much of is cut: lists after `ITEMS_MAX` items, with `{"omitted": 900}` in place of the others, and
texts after `TEXT_MAX` characters, with an ellipsis. What came of it, the rules themselves, is in the event besides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final

from . import shapes

ITEMS_MAX: Final = 100
TEXT_MAX: Final = 1_024
OMITTED: Final = "omitted"
_PLAIN: Final = frozenset({"boolean", "integer", "long", "string"})
REMOVED: Final = "<sensitiveDataRemoved>"
"""In place of bytes: EC2's are user data, which may hold secrets."""

EC2_NAMESPACE: Final = "http://ec2.amazonaws.com/doc/2016-11-15/"

Record = Callable[[Any], Any]

_YOUNGER: Final = frozenset(
    {
        "AssociateSecurityGroupVpc",
        "CreateManagedPrefixList",
        "DeleteManagedPrefixList",
        "DisassociateSecurityGroupVpc",
        "ModifyManagedPrefixList",
        "ModifySecurityGroupRules",
        "RestoreManagedPrefixListVersion",
    }
)

_LISTS: Final[Mapping[str, tuple[str, str]]] = {
    "ResourceId": ("resourcesSet", "resourceId"),
    "SecurityGroupId": ("groupSet", "groupId"),
    "SecurityGroupRuleId": ("securityGroupRuleIds", "securityGroupRuleId"),
    "PrivateIpAddress": ("privateIpAddressesSet", "privateIpAddress"),
    "PrivateIpAddresses": ("privateIpAddressesSet", "privateIpAddress"),
    "Ipv6Addresses": ("ipv6AddressesSet", "ipv6Address"),
    "IpPermissions": ("ipPermissions", ""),
    "Groups": ("groups", ""),
    "IpRanges": ("ipRanges", ""),
    "Ipv6Ranges": ("ipv6Ranges", ""),
    "PrefixListIds": ("prefixListIds", ""),
    "SecurityGroupRuleDescription": ("securityGroupRuleDescriptions", ""),
}
"""The name of a list, and of the texts in it where it is one of texts. Another list has its own name and `Set`."""

_ALWAYS: Final[Mapping[str, tuple[str, ...]]] = {
    "IpPermission": ("groups", "ipRanges", "ipv6Ranges", "prefixListIds"),
}
"""Lists that are recorded, as `{}`, where they are empty."""

_UNRECORDED: Final = frozenset({"DryRun", "TokenCode", "SerialNumber"})
"""A dry run is told by the event's code, and the code of a second factor is a secret."""

_SECRET: Final = frozenset({"SecretAccessKey", "SessionToken"})
"""What an answer tells its caller alone."""


def recorded_request(action: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """The request of this operation, typed as `request.parse` answers it, as `requestParameters` has it."""
    structure = shapes.OPERATIONS[action][1]
    if action in _YOUNGER:
        return {f"{action}Request": _spelled(structure)(request)}
    recorded: dict[str, Any] = _structure(structure)(request)
    return recorded


def recorded_answer(action: str, answer: Mapping[str, Any], request_id: str) -> dict[str, Any]:
    """The answer of this operation as `responseElements` has it; without what is secret in it."""
    service, _, structure = shapes.OPERATIONS[action]
    if action in _YOUNGER:
        written = _written(structure)(answer) if structure else {"return": True}
        return {f"{action}Response": {"xmlns": EC2_NAMESPACE, "requestId": request_id, **written}}
    if service == "sts":
        return dict(_answered(structure)(answer)) if structure else {}
    recorded = {"requestId": request_id, **(_answered(structure)(answer) if structure else {"return": True})}
    if "return" in recorded:
        recorded["_return"] = recorded.pop("return")
    return recorded


@cache
def is_plain(action: str) -> bool:
    """Whether the requests and the answers of this operation are JSON by themselves, and nothing in them is secret.

    Only then is what was read back from JSON recorded alike.
    """
    service, asked, answered = shapes.OPERATIONS[action]
    kinds = _kinds(shapes.INPUTS, asked) | (_kinds(shapes.OUTPUTS, answered) if answered else set())
    return service == "ec2" and kinds <= _PLAIN


def _kinds(structures: Mapping[str, Mapping[str, tuple[str, str]]], structure: str) -> set[str]:
    """The kinds of all values in it, however deep; none of the structures holds itself."""
    found: set[str] = set()
    for _, kind in structures[structure].values():
        kind = kind.strip("[]")
        found |= _kinds(structures, kind) if kind in structures else {kind}
    return found


def cut(text: str) -> str:
    """The text, or its beginning and an ellipsis."""
    return text if len(text) <= TEXT_MAX else f"{text[:TEXT_MAX]}…"


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


# --- Requests of the older operations ---


@cache
def _structure(structure: str) -> Record:
    members: dict[str, tuple[str, Record]] = {}
    for wire_name, (member, kind) in shapes.INPUTS[structure].items():
        if wire_name not in _UNRECORDED:
            members[member] = _named(structure, wire_name, kind)
    empty: dict[str, Any] = {name: {} for name in _ALWAYS.get(structure, ())}

    def record(value: Mapping[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = {**empty}
        for member, child in value.items():
            if known := members.get(member):
                name, record_child = known
                told[name] = record_child(child)
        return told

    return record


def _named(structure: str, wire_name: str, kind: str) -> tuple[str, Record]:
    if not kind.startswith("["):
        return _lower(wire_name), _value(kind)
    if structure == "TagSpecification" and wire_name == "Tag":
        return "tags", _plain_list(_value(kind[1:-1]))
    name, item = _LISTS.get(wire_name, (f"{_lower(wire_name)}Set", _lower(wire_name)))
    return name, _list(_value(kind[1:-1]), item)


@cache
def _value(kind: str) -> Record:
    return _structure(kind) if kind in shapes.INPUTS else _scalar


def _scalar(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= TEXT_MAX else cut(value)
    if isinstance(value, bytes):
        return REMOVED
    return f"{value:%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else value


def _list(record_item: Record, item_name: str) -> Record:
    record_all = _plain_list(record_item)

    def record(value: list[Any]) -> dict[str, Any]:
        if not value:
            return {}
        told = record_all(value)
        if not isinstance(value[0], dict):
            told = [each if isinstance(each, dict) else {item_name: each} for each in told]
        return {"items": told}

    return record


def _plain_list(record_item: Record) -> Record:
    def record(value: list[Any]) -> list[Any]:
        told = [record_item(each) for each in value[:ITEMS_MAX]]
        if len(value) > ITEMS_MAX:
            told.append({OMITTED: len(value) - ITEMS_MAX})
        return told

    return record


# --- Requests of the younger operations ---


@cache
def _spelled(structure: str) -> Record:
    members: dict[str, tuple[str, Record]] = {}
    for wire_name, (member, kind) in shapes.INPUTS[structure].items():
        if wire_name not in _UNRECORDED:
            is_list = kind.startswith("[")
            record_child = _spelled_value(kind[1:-1] if is_list else kind)
            members[member] = (wire_name, _numbered(record_child) if is_list else record_child)

    def record(value: Mapping[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = {}
        for member, child in value.items():
            if known := members.get(member):
                name, record_child = known
                told[name] = record_child(child)
        return told

    return record


@cache
def _spelled_value(kind: str) -> Record:
    return _spelled(kind) if kind in shapes.INPUTS else _scalar


def _numbered(record_item: Record) -> Record:
    def record(value: list[Any]) -> Any:
        told = []
        for number, each in enumerate(value[:ITEMS_MAX], 1):
            item = record_item(each)
            told.append({**item, "tag": number} if isinstance(item, dict) else {"content": item, "tag": number})
        if len(value) > ITEMS_MAX:
            told.append({OMITTED: len(value) - ITEMS_MAX})
        return told[0] if len(told) == 1 else told

    return record


# --- Answers ---


@cache
def _answered(structure: str) -> Record:
    return _of_answer(structure, lambda kind: _list(_answered_value(kind), "item"), _answered_value)


@cache
def _answered_value(kind: str) -> Record:
    return _answered(kind) if kind in shapes.OUTPUTS else _scalar


@cache
def _written(structure: str) -> Record:
    return _of_answer(structure, lambda kind: _as_xml(_written_value(kind)), _written_value)


@cache
def _written_value(kind: str) -> Record:
    return _written(kind) if kind in shapes.OUTPUTS else _scalar


def _as_xml(record_item: Record) -> Record:
    record_all = _plain_list(record_item)

    def record(value: list[Any]) -> Any:
        told = record_all(value)
        return {"item": told[0] if len(told) == 1 else told} if told else ""

    return record


def _of_answer(structure: str, of_list: Callable[[str], Record], of_value: Callable[[str], Record]) -> Record:
    members = {
        member: (_lower(element), of_list(kind[1:-1]) if kind.startswith("[") else of_value(kind))
        for member, (element, kind) in shapes.OUTPUTS[structure].items()
        if member not in _SECRET
    }

    def record(value: Mapping[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = {}
        for member, child in value.items():
            if child is not None and (known := members.get(member)):
                name, record_child = known
                told[name] = record_child(child)
        return told

    return record
