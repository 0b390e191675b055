"""POST /ringwall/v1/changes: rules of several groups revoked and authorized at once."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import JSONResponse, Response

from ringwall.domain.errors import InvalidParameterValue
from ringwall.domain.group import Direction, SecurityGroupRule
from ringwall.domain.tags import OnRevoke
from ringwall.operations import rule_changes as operation
from ringwall.operations.rule_changes import Done, Part, Seen
from ringwall.telemetry import LOG

from .call import Call
from .service import Service

Content = dict[str, Any]

_PEERS: Final = (("sg-", "UserIdGroupPairs", "GroupId"), ("pl-", "PrefixListIds", "PrefixListId"))
_FORM: Final = (
    "changes is a list of objects: group_id, direction (ingress or egress), revoke (a list of rule ids), authorize "
    "(a list of rules: protocol, from_port, to_port, peer, description), and as_seen (a list of rules: rule_id, "
    "protocol, from_port, to_port, peer)."
)


async def change_rules(service: Service, call: Call) -> Response:
    """Revokes and authorizes rules of several groups, all of it or nothing."""
    parts, on_revoke = call.content.get("changes"), call.content.get("on_revoke")
    if not isinstance(parts, list):
        raise InvalidParameterValue(_FORM)
    if on_revoke is not None and on_revoke not in tuple(OnRevoke):
        raise InvalidParameterValue("on_revoke is `cut` or `keep`.")
    how = None if on_revoke is None else OnRevoke(on_revoke)
    read = [_part(each) for each in parts]
    committed = await call.write(
        service, lambda transaction: operation.change_rules(service.context(call.caller, transaction), read, how)
    )
    done = committed.result
    LOG.info(
        "rules of %d groups changed by %s: %d revoked, %d authorized, revision=%s",
        len({each.part.group_id for each in done}), call.caller.access_key_id, sum(len(each.revoked) for each in done),
        sum(len(each.authorized) for each in done), committed.revision,
    )  # fmt: skip
    return JSONResponse({"revision": committed.revision, "changes": [_shown(each) for each in done]})


def _part(given: Any) -> Part:
    """One element of `changes`.

    Raises:
        InvalidParameterValue: it isn't of that form.
    """
    if not isinstance(given, dict):
        raise InvalidParameterValue(_FORM)
    group_id, direction = given.get("group_id"), given.get("direction")
    revoke, authorize = given.get("revoke", []), given.get("authorize", [])
    if not isinstance(group_id, str) or direction not in tuple(Direction):
        raise InvalidParameterValue(_FORM)
    if not isinstance(revoke, list) or not all(isinstance(each, str) for each in revoke):
        raise InvalidParameterValue(_FORM)
    if not isinstance(authorize, list):
        raise InvalidParameterValue(_FORM)
    seen = given.get("as_seen", [])
    if not isinstance(seen, list):
        raise InvalidParameterValue(_FORM)
    return Part(
        group_id,
        Direction(direction),
        revoke,
        [_permission(each) for each in authorize],
        dict(map(_seen, seen)),
    )


def _seen(given: Any) -> tuple[str, Seen]:
    """The id of a rule, and what it is taken for."""
    if not isinstance(given, dict):
        raise InvalidParameterValue(_FORM)
    rule_id, protocol, peer = given.get("rule_id"), given.get("protocol"), given.get("peer")
    first, last = given.get("from_port"), given.get("to_port")
    if not isinstance(rule_id, str) or not isinstance(protocol, str) or not isinstance(peer, str):
        raise InvalidParameterValue(_FORM)
    if type(first) is not int or type(last) is not int:
        raise InvalidParameterValue(_FORM)
    return rule_id, (protocol, first, last, peer)


def _permission(given: Any) -> Content:
    """A rule as a permission with one source, in EC2's form."""
    if not isinstance(given, dict):
        raise InvalidParameterValue(_FORM)
    protocol, peer, note = given.get("protocol"), given.get("peer"), given.get("description")
    ports = [given.get("from_port"), given.get("to_port")]
    if not isinstance(protocol, str) or not isinstance(peer, str) or not (note is None or isinstance(note, str)):
        raise InvalidParameterValue(_FORM)
    if not all(port is None or type(port) is int for port in ports):
        raise InvalidParameterValue(_FORM)
    kind, member = next(((kind, member) for prefix, kind, member in _PEERS if peer.startswith(prefix)), (None, ""))
    if kind is None:
        kind, member = ("Ipv6Ranges", "CidrIpv6") if ":" in peer else ("IpRanges", "CidrIp")
    return {
        "IpProtocol": protocol, "FromPort": ports[0], "ToPort": ports[1], kind: [{member: peer, "Description": note}]
    }  # fmt: skip


def _shown(done: Done) -> Content:
    return {
        "group_id": done.part.group_id,
        "direction": done.part.direction.value,
        "revoked": [_rule(rule) for rule in done.revoked],
        "authorized": [_rule(rule) for rule in done.authorized],
        "draining": list(done.draining),
    }


def _rule(rule: SecurityGroupRule) -> Content:
    return {
        "rule_id": rule.rule_id,
        "direction": rule.direction.value,
        "protocol": rule.traffic.protocol,
        "from_port": rule.traffic.from_port,
        "to_port": rule.traffic.to_port,
        "peer": rule.peer.value,
    }
