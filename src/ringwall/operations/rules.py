"""Rules of security groups: authorized and revoked. One body serves ingress and egress.

Theory of operation. A request is read into single rules (`domain.permission`), groups that it names by name become ids,
and then each rule is one look-up by its identity (direction, traffic, peer), so that neither authorize nor revoke grows
with the number of rules that the group holds. Everything is decided before the first write.

Order of the checks, ec2-behaviour 3.5: before DryRun the group and the form of ids (`check_…`); then that the group
exists; protocol, ports, sources, CIDR blocks; that the groups and lists named exist; repetition; match. Recorded are
that a dry run is answered before the sources are counted and after the form of the group's id. That it is answered
before the group is looked for is chosen, and so is which of several wrong permissions is told: the first.

Source: EC2 API Reference, AuthorizeSecurityGroupIngress and -Egress, RevokeSecurityGroupIngress and -Egress;
ec2-behaviour 3.4, 3.5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ringwall.domain import ids
from ringwall.domain.errors import (
    InvalidGroupNotFound,
    InvalidParameterCombination,
    InvalidParameterValue,
    InvalidPermissionDuplicate,
    InvalidPermissionNotFound,
    InvalidPrefixListIDNotFound,
    InvalidSecurityGroupRuleIdNotFound,
    MissingParameter,
    RulesPerSecurityGroupLimitExceeded,
)
from ringwall.domain.group import Direction, SecurityGroup, SecurityGroupRule
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.permission import (
    GroupPair,
    RuleRequest,
    canonical_traffic,
    check_description,
    check_ids,
    cidr_ipv4,
    ip_permissions,
    refuse_foreign,
    rule_requests,
    sentence,
)
from ringwall.domain.prefix_list import prefix_list
from ringwall.domain.quota import rules_fit
from ringwall.domain.tags import as_answered, check_number, tags_of_specifications
from ringwall.domain.traffic import ANY, Traffic

from .context import Answer, Context, Request
from .lookup import (
    all_found,
    arn,
    check_group_named,
    group_by_id,
    group_by_name,
    named_group,
)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One rule that a request names, with the peer's id known."""

    traffic: Traffic
    peer: Peer
    description: str | None


# --- What a request names ---

_FLAT: Final = ("IpProtocol", "FromPort", "ToPort", "CidrIp")
_FLAT_SOURCE: Final = ("SourceSecurityGroupName", "SourceSecurityGroupOwnerId")

_WHOLE_GROUP: Final = (Traffic("tcp", 1, 65535), Traffic("udp", 1, 65535), Traffic("icmp", ANY, ANY))
"""What SourceSecurityGroupName alone speaks of, as in EC2-Classic (not confirmed for a VPC; chosen)."""


def check_ingress(request: Request) -> None:
    """Refuses a missing group and malformed ids."""
    check_group_named(request)
    _check_ids(request)


def check_egress(request: Request) -> None:
    """Refuses a missing group and malformed ids; egress has no GroupName."""
    if request.get("GroupId") is None:
        raise MissingParameter("groupId")
    ids.GROUP.check(request["GroupId"])
    _check_ids(request)


def _check_ids(request: Request) -> None:
    ids.RULE.check_all(request.get("SecurityGroupRuleIds"))
    check_ids(request.get("IpPermissions"))


def _named_rules(context: Context, group: SecurityGroup, direction: Direction, request: Request) -> list[_Wanted]:
    """The rules that IpPermissions or the flat parameters name, each once.

    Raises:
        ServiceError: they can't be meant, name a group that doesn't exist, or name a rule twice.
    """
    flat = [name for name in _FLAT + _FLAT_SOURCE if request.get(name) is not None]
    permissions: Sequence[Mapping[str, Any]] = request.get("IpPermissions") or ()
    if flat and direction is Direction.EGRESS:
        # EC2 documents them as "not supported" for egress; refusing is chosen over ignoring.
        raise InvalidParameterCombination(
            f"The parameter {_internal(flat[0])} isn't supported for egress rules. Use ipPermissions instead."
        )
    if flat and permissions:
        # Chosen: one of the two would be forgotten.
        raise InvalidParameterCombination(
            f"The parameter ipPermissions cannot be used with the parameter {_internal(flat[0])}"
        )
    if not flat and not permissions:
        # EC2's answer to a group without any rule isn't recorded; the code and the name are chosen.
        raise MissingParameter("ipPermissions")
    requests = _flat_rules(request) if flat else rule_requests(permissions)
    wanted = [_Wanted(each.traffic, _peer(context, group, each.peer), each.description) for each in requests]
    if len({(each.traffic, each.peer) for each in wanted}) < len(wanted):
        raise InvalidParameterValue("The same permission must not appear multiple times")
    return wanted


def _flat_rules(request: Request) -> list[RuleRequest]:
    name, owner_id = (request.get(member) or None for member in _FLAT_SOURCE)
    if name:
        for member in _FLAT:
            if request.get(member) is not None:
                raise InvalidParameterCombination(
                    f"The parameter '{_internal(member)}' may not be used in combination with 'sourceSecurityGroupName'"
                )
        pair = GroupPair(None, name, owner_id)
        return [RuleRequest(traffic, pair) for traffic in _WHOLE_GROUP]
    cidr = request.get("CidrIp")
    if owner_id and not cidr:
        raise MissingParameter.worded("sourceSecurityGroupName", "Source group ID missing.")
    traffic = canonical_traffic(request.get("IpProtocol"), request.get("FromPort"), request.get("ToPort"))
    # Without a source nothing is named, and the request succeeds without doing anything (observed 2017).
    return [RuleRequest(traffic, cidr_ipv4(cidr))] if cidr is not None else []


def _internal(member: str) -> str:
    return member[0].lower() + member[1:]


def _peer(context: Context, group: SecurityGroup, peer: Peer | GroupPair) -> Peer:
    """The peer by its id. A group given by name is looked for in the default VPC, one given by id isn't looked for.

    Raises:
        InvalidGroupNotFound: there is no group of that name; or the pair speaks of another account or VPC.
    """
    if isinstance(peer, Peer):
        return peer
    refuse_foreign(peer, context.caller.account_id)
    group_id = peer.group_id or group_by_name(context, peer.group_name or "").group_id
    if peer.vpc_id and peer.vpc_id != group.vpc_id:
        # Without peering only groups of the same VPC can be named.
        raise InvalidGroupNotFound.in_other_network(group_id)
    return Peer(PeerKind.GROUP, group_id)


# --- Authorize ---


def authorize_ingress(context: Context, request: Request) -> Answer:
    """AuthorizeSecurityGroupIngress: see `_authorize`."""
    return _authorize(context, Direction.INGRESS, request)


def authorize_egress(context: Context, request: Request) -> Answer:
    """AuthorizeSecurityGroupEgress: see `_authorize`."""
    return _authorize(context, Direction.EGRESS, request)


def _authorize(context: Context, direction: Direction, request: Request) -> Answer:
    """The new rules, one for each source, in the order given; all of them or none.

    Raises:
        ServiceError: as `_named_rules`; a description is refused.
        InvalidGroupNotFound, InvalidPrefixListIDNotFound: a peer doesn't exist, or is of another VPC.
        InvalidPermissionDuplicate: the group has one of the rules. The description is not part of a rule's identity.
        RulesPerSecurityGroupLimitExceeded: the direction would hold too many.
    """
    transaction, caller = context.transaction, context.caller
    group = named_group(context, request)
    wanted = _named_rules(context, group, direction, request)
    tags = tags_of_specifications(request.get("TagSpecifications"), ids.RULE)
    check_number(tags, context.quota.tags_per_resource_max)
    for each in wanted:
        check_description(each.description)
        _check_peer(context, group, each.peer)
    for each in wanted:
        if transaction.find_rule(group.group_id, direction, each.traffic, each.peer) is not None:
            raise InvalidPermissionDuplicate(sentence(each.traffic, each.peer))
    _check_room(context, group, direction, wanted)
    rules = [
        SecurityGroupRule(
            context.ids.new("sgr"), group.group_id, direction, each.traffic, each.peer, each.description or None
        )
        for each in wanted
    ]
    if rules:
        transaction.insert_rules(group, rules)
    if tags:
        for rule in rules:
            transaction.set_tags(caller.account_id, caller.region, rule.rule_id, tags)
    return {"Return": True, "SecurityGroupRules": [rule_answer(context, rule, tags) for rule in rules]}


def _check_peer(context: Context, group: SecurityGroup, peer: Peer) -> None:
    if peer.kind is PeerKind.PREFIX_LIST and prefix_list(peer.value, group.region) is None:
        raise InvalidPrefixListIDNotFound(peer.value)
    if (
        peer.kind is PeerKind.GROUP
        and peer.value != group.group_id
        and group_by_id(context, peer.value).vpc_id != group.vpc_id
    ):
        raise InvalidGroupNotFound.in_other_network(peer.value)


def _check_room(context: Context, group: SecurityGroup, direction: Direction, wanted: Sequence[_Wanted]) -> None:
    if context.quota.rules_per_group_max is None:
        return
    held = context.transaction.peer_counts(group.group_id, direction)
    new = [each.peer for each in wanted]
    lists = [list_id for list_id, number in held.prefix_lists.items() for _ in range(number)]
    lists += [peer.value for peer in new if peer.kind is PeerKind.PREFIX_LIST]
    number_of = {kind: sum(peer.kind is kind for peer in new) for kind in PeerKind}
    if not rules_fit(
        context.quota,
        held.cidr_ipv4 + number_of[PeerKind.CIDR_IPV4],
        held.cidr_ipv6 + number_of[PeerKind.CIDR_IPV6],
        held.group + number_of[PeerKind.GROUP] + sum(_weight(list_id, group.region) for list_id in lists),
    ):
        raise RulesPerSecurityGroupLimitExceeded


def _weight(prefix_list_id: str, region: str) -> int:
    found = prefix_list(prefix_list_id, region)
    return found.weight if found else 1


# --- Revoke ---


def revoke_ingress(context: Context, request: Request) -> Answer:
    """RevokeSecurityGroupIngress: see `_revoke`."""
    return _revoke(context, Direction.INGRESS, request)


def revoke_egress(context: Context, request: Request) -> Answer:
    """RevokeSecurityGroupEgress: see `_revoke`."""
    return _revoke(context, Direction.EGRESS, request)


def _revoke(context: Context, direction: Direction, request: Request) -> Answer:
    """The rules that were removed: exactly those named, by id or by what they say.

    In the default VPC, rules that the group doesn't hold come back as UnknownIpPermissions in the form of Describe and
    the others are removed. In any other VPC one such rule refuses the whole request; an unknown rule id does in both.
    UnknownIpPermissions is absent when everything was known (observed). The order of the members, and that
    RevokedSecurityGroupRules is there and empty when nothing was removed, as EC2 writes other empty lists, are chosen.

    Raises:
        InvalidSecurityGroupRuleIdNotFound: a rule id isn't one of the group in this direction (chosen for the latter).
        InvalidPermissionNotFound: a rule isn't in the group, and the group isn't in the default VPC.
        InvalidParameterCombination: rules are named both by id and by what they say (chosen).
        ServiceError: as `_named_rules`.
    """
    group = named_group(context, request)
    unknown: list[_Wanted] = []
    if request.get("SecurityGroupRuleIds"):
        revoked = _rules_by_id(context, group, direction, request)
    else:
        revoked = []
        for each in _named_rules(context, group, direction, request):
            rule = context.transaction.find_rule(group.group_id, direction, each.traffic, each.peer)
            if rule is None or (each.description and each.description != rule.description):
                unknown.append(each)
            else:
                revoked.append(rule)
    if unknown and not _in_default_vpc(context, group):
        raise InvalidPermissionNotFound
    if revoked:
        context.transaction.delete_rules(group, revoked)
    answer: dict[str, Any] = {"Return": True, "RevokedSecurityGroupRules": [_revoked(rule) for rule in revoked]}
    return answer | ({"UnknownIpPermissions": ip_permissions(unknown, group.owner_id)} if unknown else {})


def _rules_by_id(
    context: Context, group: SecurityGroup, direction: Direction, request: Request
) -> list[SecurityGroupRule]:
    for member in ("IpPermissions", *_FLAT, *_FLAT_SOURCE):
        if request.get(member) not in (None, []):
            raise InvalidParameterCombination(
                f"The parameter securityGroupRuleIds cannot be used with the parameter {_internal(member)}"
            )
    rule_ids = request["SecurityGroupRuleIds"]
    if len(set(rule_ids)) < len(rule_ids):
        # Chosen, by analogy with permissions.
        raise InvalidParameterValue("The same permission must not appear multiple times")
    rules = all_found(ids.RULE, context.transaction.rule, context, rule_ids)
    elsewhere = [rule for rule in rules if rule.group_id != group.group_id or rule.direction is not direction]
    if elsewhere:
        raise InvalidSecurityGroupRuleIdNotFound(elsewhere[0].rule_id)
    return rules


def _in_default_vpc(context: Context, group: SecurityGroup) -> bool:
    vpc = context.transaction.vpc(context.caller.account_id, context.caller.region, group.vpc_id)
    return vpc is not None and vpc.is_default


_PEER_MEMBERS: Final = {
    PeerKind.CIDR_IPV4: "CidrIpv4",
    PeerKind.CIDR_IPV6: "CidrIpv6",
    PeerKind.PREFIX_LIST: "PrefixListId",
    PeerKind.GROUP: "ReferencedGroupId",
}


def _revoked(rule: SecurityGroupRule) -> dict[str, Any]:
    """The rule as Revoke answers it: ports always there, no owner, no tags, the group's id plain (observed)."""
    return {
        "SecurityGroupRuleId": rule.rule_id,
        "GroupId": rule.group_id,
        "IsEgress": rule.direction is Direction.EGRESS,
        "IpProtocol": rule.traffic.protocol,
        "FromPort": rule.traffic.from_port,
        "ToPort": rule.traffic.to_port,
        _PEER_MEMBERS[rule.peer.kind]: rule.peer.value,
        "Description": rule.description,
    }


def rule_answer(context: Context, rule: SecurityGroupRule, tags: Mapping[str, str]) -> dict[str, Any]:
    """The rule as Authorize and Describe answer it; tags are absent where there are none."""
    answer = _revoked(rule)
    if rule.peer.kind is PeerKind.GROUP:
        del answer["ReferencedGroupId"]
        answer["ReferencedGroupInfo"] = {"GroupId": rule.peer.value, "UserId": context.caller.account_id}
    answer["GroupOwnerId"] = context.caller.account_id
    answer["SecurityGroupRuleArn"] = arn(context, ids.RULE, rule.rule_id)
    answer["Tags"] = as_answered(tags) or None
    return answer
