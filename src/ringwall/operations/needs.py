"""What a request needs permission for: its action on its targets, and what else goes with it.

Tags that are given with what is made need `ec2:CreateTags` too, with `ec2:CreateAction`, as in EC2. The reserved tags
say what becomes of live flows, which is no matter of names and costs; they need `ringwall:SetRevokeMode`.

Source: EC2 user guide, "Grant permission to tag Amazon EC2 resources during creation"; IAM user guide, "Controlling
access to AWS resources using tags".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ringwall.domain import ids
from ringwall.domain.caller import Caller
from ringwall.domain.tags import is_reserved
from ringwall.iam.evaluate import Target
from ringwall.iam.match import Keys
from ringwall.store.base import Reader

from .context import Operation, Request
from .resources import NEW, Resources, by_lower_case

SET_REVOKE_MODE: Final = "ringwall:SetRevokeMode"

_NO_ATTRIBUTES: Final = frozenset({"Attribute", "DryRun", "InstanceId", "NetworkInterfaceId", "Value", "VpcId"})

Tags = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Need:
    """An action that must be allowed on all of its targets (none: on `*`). keys: those that the request brings."""

    action: str
    targets: Sequence[Target] = ()
    keys: Keys = field(default_factory=dict)


def needs(service: str, operation: Operation, reader: Reader, caller: Caller, request: Request) -> list[Need]:
    """All that the caller must be allowed; the operation's own action first. The request has been vetted."""
    targets = operation.targets(reader, caller, request)
    tags: Tags = request.get("Tags") or ()
    specified: Tags = [tag for each in request.get("TagSpecifications") or () for tag in each.get("Tags") or ()]
    keys = _attributes(operation, request) | _tag_keys([*tags, *specified])
    found = [Need(f"{service}:{operation.name}", targets, keys)]
    if specified:
        made = _made(Resources(reader, caller), targets, request["TagSpecifications"])
        found.append(Need("ec2:CreateTags", made, {**keys, "ec2:createaction": (operation.name,)}))
        found += revoke_mode(specified, made)
    return found + revoke_mode(tags, targets)


def revoke_mode(tags: Tags, targets: Sequence[Target]) -> list[Need]:
    """The permission to set what becomes of live flows, if one of the tags does."""
    reserved = [tag for tag in tags if is_reserved(tag.get("Key") or "")]
    if not reserved:
        return []
    return [Need(SET_REVOKE_MODE, targets, {**_tag_keys(tags), "ringwall:revokemode": _values(reserved)})]


def _attributes(operation: Operation, request: Request) -> dict[str, Sequence[str]]:
    """The attributes that a Modify…Attribute sets: the members that do, or the name that the older form has."""
    if not operation.name.endswith("Attribute") or not operation.writes:
        return {}
    named = [request["Attribute"]] if request.get("Attribute") else []
    given = [member for member in request if member not in _NO_ATTRIBUTES]
    return {"ec2:attribute": (*named, *given)} if named or given else {}


def _values(tags: Tags) -> tuple[str, ...]:
    return tuple(tag["Value"] for tag in tags if tag.get("Value") is not None)


def _tag_keys(tags: Tags) -> dict[str, Sequence[str]]:
    if not tags:
        return {}
    given = [(tag["Key"], tag.get("Value")) for tag in tags if tag.get("Key")]
    values = by_lower_case((key, value) for key, value in given if value is not None)
    return {
        "aws:tagkeys": tuple(dict.fromkeys(key for key, _ in given)),
        **{f"aws:requesttag/{name}": of_name for name, of_name in values.items()},
    }


def _made(resources: Resources, targets: Sequence[Target], specifications: Sequence[Mapping[str, Any]]) -> list[Target]:
    """What is to be made with tags: with its keys where the operation's own action knows them."""
    known = {target.arn: target for target in targets}
    caller, found = resources.caller, {}
    for each in specifications:
        arn = ids.arn(each.get("ResourceType") or NEW, caller.region, caller.account_id, NEW)
        found[arn] = known.get(arn, Target(arn))
    return list(found.values())
