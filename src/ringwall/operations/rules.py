"""Rules of security groups: authorized and revoked. One body serves ingress and egress.

Theory of operation. A request is read into single rules (`domain.permission`), groups that it names by name become ids,
and then each rule is one look-up by its identity (direction, traffic, peer), so that neither authorize nor revoke grows
with the number of rules that the group holds. Everything is decided before the first write. What peers may be, and how
many, is in `rule_peers`.

Order of the checks, ec2-behaviour 3.5: before DryRun the group and the form of ids (`check_…`); then that the group
exists; protocol, ports, sources, CIDR blocks; that the groups and lists named exist; repetition; match. Recorded are
that a dry run is answered before the sources are counted and after the form of the group's id. That it is answered
before the group is looked for is chosen, and so is which of several wrong permissions is told: the first.

Source: EC2 API Reference, AuthorizeSecurityGroupIngress and -Egress, RevokeSecurityGroupIngress and -Egress;
ec2-behaviour 3.4, 3.5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from ringwall.domain import ids
from ringwall.domain.errors import (
    InvalidParameterCombination,
    InvalidParameterValue,
    InvalidPermissionDuplicate,
    InvalidPermissionNotFound,
    InvalidSecurityGroupRuleIdNotFound,
    MissingParameter,
)
from ringwall.domain.group import Direction, PeerReference, SecurityGroup, SecurityGroupRule
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.permission import (
    GroupPair,
    RuleRequest,
    StatusOf,
    canonical_traffic,
    check_description,
    check_ids,
    cidr_ipv4,
    ip_permissions,
    rule_requests,
    sentence,
)
from ringwall.domain.tags import as_answered, check_number, tags_of_specifications
from ringwall.domain.traffic import ANY, Traffic

from .context import Answer, Context, Request
from .draining import drain, end_same
from .lookup import all_found, arn, check_group_named, named_group, peering_statuses
from .rule_peers import (
    check_list_references,
    check_room,
    named_peer,
    reference_to,
    referenced_group_info,
)

IDLE: Final = {"IpPermissions.UserIdGroupPairs.PeeringStatus": "answers say it; in a request it says nothing"}
"""The member of a permission that changes nothing, so that what Describe shows can be sent back."""

TWICE: Final = "The same permission must not appear multiple times"


class Wanted(NamedTuple):
    """One rule that a request names, with the peer's id known. pair: what it says of the peer, if that is a group."""

    traffic: Traffic
    peer: Peer
    description: str | None
    pair: GroupPair | None = None
    reference: PeerReference | None = None


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


def named_rules(context: Context, direction: Direction, request: Request) -> list[Wanted]:
    """The rules that IpPermissions or the flat parameters name. One may be named twice (`check_each_once`).

    Raises:
        ServiceError: they can't be meant, or name a group by a name that doesn't exist.
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
    return [
        Wanted(
            each.traffic,
            named_peer(context, each.peer),
            each.description,
            each.peer if isinstance(each.peer, GroupPair) else None,
        )
        for each in requests
    ]


def check_each_once(wanted: Sequence[Wanted]) -> None:
    """Returns if no rule is named twice, in whatever spelling.

    Raises:
        InvalidParameterValue: one is. That what it names exists is to be checked before.
    """
    if len(wanted) > 1 and len({(each.traffic, each.peer) for each in wanted}) < len(wanted):
        raise InvalidParameterValue(TWICE)


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


def held_rule(context: Context, group: SecurityGroup, direction: Direction, wanted: Wanted) -> SecurityGroupRule | None:
    """The group's rule of this traffic and peer, whatever its description, or None.

    Whether a group that it names still exists isn't looked at. If the request says where that group lies or how it is
    reached, and the rule knows better, it is none of this group's rules (chosen, as with descriptions).
    """
    rule = context.transaction.find_rule(group.group_id, direction, wanted.traffic, wanted.peer)
    if rule is None or wanted.pair is None:
        return rule
    vpc_id, peering_id = (rule.reference.vpc_id, rule.reference.peering_id) if rule.reference else (group.vpc_id, None)
    return rule if wanted.pair.fits(vpc_id, peering_id) else None


# --- Authorize ---


def authorize_ingress(context: Context, request: Request) -> Answer:
    """The new ingress rules, one for each source, in the order given; all of them or none.

    Rules are given by IpPermissions, or one by the flat parameters. SourceSecurityGroupName alone is all of tcp, udp
    and icmp; flat parameters without a source do nothing (observed 2017).

    Raises:
        InvalidGroupNotFound: there is no such group; or a group that a rule names doesn't exist, is of another account,
            or is of another VPC that can't be reached.
        MissingParameter: no rules are given; or SourceSecurityGroupOwnerId has no name beside it.
        InvalidParameterCombination: rules are given by IpPermissions and by flat parameters too; or
            SourceSecurityGroupName comes with a protocol, ports or a block.
        InvalidParameterValue: a permission, a description or a tag can't be meant, or a rule is given twice.
        InvalidPrefixListIDNotFound: a prefix list that a rule names doesn't exist.
        InvalidVpcPeeringConnectionIDNotFound: a peering connection that a rule names doesn't exist.
        InvalidPermissionDuplicate: the group has one of the rules. The description is not part of a rule's identity.
        RulesPerSecurityGroupLimitExceeded: the group would have too many rules of one direction and address family.
        ResourceLimitExceeded: too many rules would name a prefix list.
        TagLimitExceeded: there are too many tags.
    """
    return _authorize(context, Direction.INGRESS, request)


def authorize_egress(context: Context, request: Request) -> Answer:
    """The new egress rules, one for each source, in the order given; all of them or none.

    Raises:
        InvalidParameterCombination: a flat parameter is given. EC2 documents them as not supported for egress; that
            they are refused is chosen.
        ServiceError: otherwise as `authorize_ingress`.
    """
    return _authorize(context, Direction.EGRESS, request)


def _authorize(context: Context, direction: Direction, request: Request) -> Answer:
    transaction, caller = context.transaction, context.caller
    group = named_group(context, request)
    wanted = named_rules(context, direction, request)
    tags = tags_of_specifications(request.get("TagSpecifications"), ids.RULE)
    check_number(tags, context.quota.tags_per_resource_max)
    rules = [new_rule(context, group, direction, each) for each in wanted]
    check_each_once(wanted)
    for rule in rules:
        if transaction.find_rule(group.group_id, direction, rule.traffic, rule.peer) is not None:
            raise InvalidPermissionDuplicate(sentence(rule.traffic, rule.peer))
    peers = [rule.peer for rule in rules]
    check_room(context, group, direction, peers)
    check_list_references(context, peers)
    if rules:
        transaction.insert_rules(group, rules)
        end_same(transaction, group, rules)
    if tags:
        for rule in rules:
            transaction.set_tags(caller.account_id, caller.region, rule.rule_id, tags)
    status_of = peering_statuses(context)
    return {"Return": True, "SecurityGroupRules": [rule_answer(context, rule, tags, status_of) for rule in rules]}


def new_rule(context: Context, group: SecurityGroup, direction: Direction, wanted: Wanted) -> SecurityGroupRule:
    """The rule that is to be; the group or prefix list that it names is there. That it isn't held yet isn't checked.

    Raises:
        ServiceError: its description or its peer can't be.
    """
    check_description(wanted.description)
    reference = reference_to(context, group, wanted.peer, wanted.pair)
    return SecurityGroupRule(
        context.ids.new("sgr"),
        group.group_id,
        direction,
        wanted.traffic,
        wanted.peer,
        wanted.description or None,
        reference,
    )


# --- Revoke ---


def revoke_ingress(context: Context, request: Request) -> Answer:
    """The ingress rules that were removed: exactly those named, by id or by what they say.

    In the default VPC, rules that the group doesn't hold come back as UnknownIpPermissions in the form of Describe and
    the others are removed. In any other VPC one such rule refuses the whole request; an unknown rule id does in both.
    UnknownIpPermissions is absent when everything was known (observed). The order of the members, and that
    RevokedSecurityGroupRules is there and empty when nothing was removed, as EC2 writes other empty lists, are chosen.

    Live flows that only these rules admitted are cut. Where the group has the tag `ringwall:on-revoke` = `keep` they go
    on until they end, as EC2's do, and no new ones begin.

    A group that a rule names need not exist any more, nor the way to it: stale rules can be revoked. Where the request
    says the group's VPC or peering connection, the rule must say the same.

    Raises:
        InvalidGroupNotFound: there is no such group; or none of the name that a permission names, or it is of another
            account.
        InvalidSecurityGroupRuleIdNotFound: a rule id isn't one of the group in this direction (chosen for the latter).
        InvalidPermissionNotFound: a rule isn't in the group, and the group isn't in the default VPC.
        MissingParameter: no rules are named; or SourceSecurityGroupOwnerId has no name beside it.
        InvalidParameterCombination: rules are named in more than one way: by id, by IpPermissions, by flat parameters
            (chosen); or SourceSecurityGroupName comes with a protocol, ports or a block.
        InvalidParameterValue: a permission can't be meant, or a rule is named twice.
    """
    return _revoke(context, Direction.INGRESS, request)


def revoke_egress(context: Context, request: Request) -> Answer:
    """The egress rules that were removed: exactly those named, by id or by what they say; as for ingress.

    Raises:
        InvalidParameterCombination: rules are named both by id and by what they say; or a flat parameter is given,
            which EC2 documents as not supported for egress.
        ServiceError: otherwise as `revoke_ingress`.
    """
    return _revoke(context, Direction.EGRESS, request)


def _revoke(context: Context, direction: Direction, request: Request) -> Answer:
    group = named_group(context, request)
    unknown: list[Wanted] = []
    if request.get("SecurityGroupRuleIds"):
        _refuse_beside_ids(request)
        revoked = rules_by_id(context, group, direction, request["SecurityGroupRuleIds"])
    else:
        revoked = []
        wanted = named_rules(context, direction, request)
        check_each_once(wanted)
        for each in wanted:
            rule = held_rule(context, group, direction, each)
            if rule is None or (each.description and each.description != rule.description):
                unknown.append(each)
            else:
                revoked.append(rule)
    if unknown and not _in_default_vpc(context, group):
        raise InvalidPermissionNotFound
    if revoked:
        context.transaction.delete_rules(group, revoked)
        drain(context, group, revoked)
    answer: dict[str, Any] = {"Return": True, "RevokedSecurityGroupRules": [_revoked(rule) for rule in revoked]}
    return answer | ({"UnknownIpPermissions": _shown(context, unknown)} if unknown else {})


def _shown(context: Context, unknown: Sequence[Wanted]) -> list[dict[str, Any]]:
    return ip_permissions(unknown, context.caller.account_id, peering_statuses(context))


def _refuse_beside_ids(request: Request) -> None:
    for member in ("IpPermissions", *_FLAT, *_FLAT_SOURCE):
        if request.get(member) not in (None, []):
            raise InvalidParameterCombination(
                f"The parameter securityGroupRuleIds cannot be used with the parameter {_internal(member)}"
            )


def rules_by_id(
    context: Context, group: SecurityGroup, direction: Direction | None, rule_ids: Sequence[str]
) -> list[SecurityGroupRule]:
    """The group's rules of these ids, of one direction or, for None, of both; each once.

    Raises:
        InvalidParameterValue: an id is given twice (chosen, by analogy with permissions).
        InvalidSecurityGroupRuleIdNotFound: one isn't of a rule of the group and direction.
    """
    rules = all_found(ids.RULE, context.transaction.rule, context, rule_ids)
    for rule in rules:
        if rule.group_id != group.group_id or direction not in (None, rule.direction):
            raise InvalidSecurityGroupRuleIdNotFound(rule.rule_id)
    if len(rules) < len(rule_ids):
        raise InvalidParameterValue(TWICE)
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


def rule_answer(
    context: Context, rule: SecurityGroupRule, tags: Mapping[str, str], status_of: StatusOf
) -> dict[str, Any]:
    """The rule as Authorize and Describe answer it; tags are absent where there are none."""
    answer = _revoked(rule)
    if rule.peer.kind is PeerKind.GROUP:
        del answer["ReferencedGroupId"]
        answer["ReferencedGroupInfo"] = referenced_group_info(context, rule, status_of)
    answer["GroupOwnerId"] = context.caller.account_id
    answer["SecurityGroupRuleArn"] = arn(context, ids.RULE, rule.rule_id)
    answer["Tags"] = as_answered(tags) or None
    return answer
