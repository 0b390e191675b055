"""Rules that stay and change: their descriptions, or all that they say. One body serves ingress and egress.

Theory of operation. Both operations first find the stored rules that are meant, then make what each is to be, check the
whole, and have the store put all of the new ones in the place of the old ones, with their ids, tags and order.

Order of the checks: before DryRun the group and the form of ids; then that the group and the rules exist; then rule by
rule in the order given protocol, ports, number of sources, kind of source, CIDR block, description, and that groups and
lists named exist; then repetition, duplicates, room. The texts of each are recorded, their order is chosen after
ec2-behaviour 3.5.

Source: EC2 API Reference, ModifySecurityGroupRules, UpdateSecurityGroupRuleDescriptionsIngress and -Egress;
ec2-behaviour 3.6, 3.7.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from ringwall.domain import ids
from ringwall.domain.errors import (
    InvalidGroupIdMalformed,
    InvalidParameterCombination,
    InvalidParameterValue,
    InvalidPermissionDuplicate,
    InvalidPermissionNotFound,
    MissingParameter,
)
from ringwall.domain.group import Direction, SecurityGroup, SecurityGroupRule
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.permission import (
    canonical_traffic,
    check_description,
    check_ids,
    cidr_ipv4,
    cidr_ipv6,
    sentence,
)

from .context import Answer, Context, Request
from .draining import end_same
from .lookup import check_group_named, group_by_id, named_group
from .rule_peers import check_list_references, check_room, reference_to
from .rules import TWICE, check_each_once, held_rule, named_rules, rules_by_id

# --- Descriptions ---


def check_update(request: Request) -> None:
    """Refuses a missing group and malformed ids; GroupName is documented for egress too."""
    check_group_named(request)
    check_ids(request.get("IpPermissions"))
    _check_rule_ids(request.get("SecurityGroupRuleDescriptions"))


def _check_rule_ids(given: Iterable[Mapping[str, Any]] | None) -> None:
    for each in given or ():
        if each.get("SecurityGroupRuleId") is None:
            raise MissingParameter("securityGroupRuleId")
        ids.RULE.check(each["SecurityGroupRuleId"])


def update_descriptions_ingress(context: Context, request: Request) -> Answer:
    """The ingress rules named have the descriptions given, or none where none is given; all of them or none.

    Rules are named by what they say, or by their ids, not both. In the default VPC too a rule that isn't there refuses
    the request (chosen: the answer has no place to name it).

    Raises:
        InvalidGroupNotFound: there is no such group, or none of the name that a permission names.
        MissingParameter: no rules are named, or one without its id.
        InvalidParameterCombination: rules are named both by id and by IpPermissions.
        InvalidPermissionNotFound: the group has no rule in this direction that says what a permission says.
        InvalidSecurityGroupRuleIdNotFound: a rule id isn't one of the group in this direction.
        InvalidParameterValue: a description is refused, a permission can't be meant, or a rule is named twice.
    """
    return _update_descriptions(context, Direction.INGRESS, request)


def update_descriptions_egress(context: Context, request: Request) -> Answer:
    """The egress rules named have the descriptions given, or none where none is given; all of them or none.

    Raises:
        ServiceError: as `update_descriptions_ingress`.
    """
    return _update_descriptions(context, Direction.EGRESS, request)


def _update_descriptions(context: Context, direction: Direction, request: Request) -> Answer:
    group = named_group(context, request)
    by_id: Sequence[Mapping[str, Any]] = request.get("SecurityGroupRuleDescriptions") or ()
    if by_id and request.get("IpPermissions"):
        raise InvalidParameterCombination(
            "The parameter ipPermissions cannot be used with the parameter securityGroupRuleDescriptions"
        )
    if by_id:
        texts = [each.get("Description") for each in by_id]
        rules = rules_by_id(context, group, direction, [each["SecurityGroupRuleId"] for each in by_id])
        for text in texts:
            check_description(text)
    else:
        wanted = named_rules(context, direction, request)
        check_each_once(wanted)
        texts = [each.description for each in wanted]
        for text in texts:
            check_description(text)
        rules = []
        for each in wanted:
            rule = held_rule(context, group, direction, each)
            if rule is None:
                raise InvalidPermissionNotFound
            rules.append(rule)
    described = [replace(rule, description=text or None) for rule, text in zip(rules, texts, strict=True)]
    context.transaction.replace_rules(group, rules, described)
    return {"Return": True}


# --- Whole rules ---

_SOURCES: Final = {
    "CidrIpv4": PeerKind.CIDR_IPV4,
    "CidrIpv6": PeerKind.CIDR_IPV6,
    "PrefixListId": PeerKind.PREFIX_LIST,
    "ReferencedGroupId": PeerKind.GROUP,
}

_KINDS: Final = {
    PeerKind.CIDR_IPV4: "IPv4 CIDR",
    PeerKind.CIDR_IPV6: "IPv6 CIDR",
    PeerKind.PREFIX_LIST: "prefix list",
    PeerKind.GROUP: "security group",
}
"""What a refusal calls a rule by its source; only the first is known from a report, the others follow it (chosen)."""


def check_modify(request: Request) -> None:
    """Refuses a missing group, no rules, and malformed ids of the group, the rules and what they name."""
    if request.get("GroupId") is None:
        raise MissingParameter("groupId")
    try:
        ids.GROUP.check(request["GroupId"])
    except InvalidGroupIdMalformed as error:
        raise InvalidGroupIdMalformed.to_modify(request["GroupId"]) from error
    if not request.get("SecurityGroupRules"):
        raise MissingParameter("securityGroupRuleSet")
    _check_rule_ids(request["SecurityGroupRules"])
    for each in request["SecurityGroupRules"]:
        wanted = each.get("SecurityGroupRule") or {}
        if wanted.get("PrefixListId") is not None:
            ids.PREFIX_LIST.check(wanted["PrefixListId"])
        if wanted.get("ReferencedGroupId") is not None:
            ids.GROUP.check(wanted["ReferencedGroupId"])


def modify_security_group_rules(context: Context, request: Request) -> Answer:
    """The rules named, of either direction, say what is given; all of them or none.

    A rule is replaced whole: what isn't given isn't kept, the description neither. It keeps its id, direction and tags,
    and the kind of its source. Two rules may change places. A group that a rule names is looked for again, even the
    one that it named before, so that a stale rule can only be revoked or described anew (chosen).

    Raises:
        InvalidGroupNotFound: there is no such group; or one that a rule is to name doesn't exist, or can't be reached.
        InvalidSecurityGroupRuleIdNotFound: a rule isn't one of the group.
        MissingParameter: a rule is to have no source; or no rules are named, or one without its id.
        InvalidParameterCombination: a rule is to have more than one source.
        InvalidParameterValue: a protocol, port, block or description is refused; a source is of another kind than
            before; two rules would be the same, or one is given twice.
        InvalidPrefixListIDNotFound: a prefix list that a rule is to name doesn't exist.
        InvalidPermissionDuplicate: the group has another rule that says the same.
        RulesPerSecurityGroupLimitExceeded: a prefix list is to be named that takes more room than the quota leaves.
        ResourceLimitExceeded: a prefix list is to be named that too many rules name already.
    """
    group = group_by_id(context, request["GroupId"])
    given: Sequence[Mapping[str, Any]] = request["SecurityGroupRules"]
    before = rules_by_id(context, group, None, [each["SecurityGroupRuleId"] for each in given])
    after = [
        _modified(context, group, rule, each.get("SecurityGroupRule") or {})
        for rule, each in zip(before, given, strict=True)
    ]
    _check_identities(context, group, after)
    for direction in Direction:
        new, gone = ([rule.peer for rule in rules if rule.direction is direction] for rules in (after, before))
        check_room(context, group, direction, new, gone)
    check_list_references(context, [rule.peer for rule in after], [rule.peer for rule in before])
    context.transaction.replace_rules(group, before, after)
    end_same(context.transaction, group, after)
    return {"Return": True}


def _modified(
    context: Context, group: SecurityGroup, rule: SecurityGroupRule, wanted: Mapping[str, Any]
) -> SecurityGroupRule:
    traffic = canonical_traffic(wanted.get("IpProtocol"), wanted.get("FromPort"), wanted.get("ToPort"))
    member = _source(wanted)
    if _SOURCES[member] is not rule.peer.kind:
        raise InvalidParameterValue(
            f"Invalid rule type for security group rule '{rule.rule_id}'. You may not specify {member} for an existing "
            f"{_KINDS[rule.peer.kind]} rule."
        )
    peer = _peer(_SOURCES[member], wanted[member])
    check_description(wanted.get("Description"))
    return replace(
        rule,
        traffic=traffic,
        peer=peer,
        description=wanted.get("Description") or None,
        reference=reference_to(context, group, peer, None),
    )


def _source(wanted: Mapping[str, Any]) -> str:
    """The one member that gives the source."""
    sources = [member for member in _SOURCES if wanted.get(member) is not None]
    if not sources:
        raise MissingParameter.worded(
            "cidrIp",
            "The request must contain exactly one of: cidrIp, cidrIpv6, prefixListId, or referencedGroupId",
        )
    if len(sources) > 1:
        raise InvalidParameterCombination(
            "Only one of cidrIp, cidrIpv6, prefixListId, or referencedGroupId can be specified"
        )
    return sources[0]


def _peer(kind: PeerKind, text: str) -> Peer:
    if kind is PeerKind.CIDR_IPV4:
        return cidr_ipv4(text)
    return cidr_ipv6(text) if kind is PeerKind.CIDR_IPV6 else Peer(kind, text)


def _check_identities(context: Context, group: SecurityGroup, after: Sequence[SecurityGroupRule]) -> None:
    """Returns if no two rules of the group would be the same."""
    if len({(rule.direction, rule.traffic, rule.peer) for rule in after}) < len(after):
        raise InvalidParameterValue(TWICE)
    modified = {rule.rule_id for rule in after}
    for rule in after:
        held = context.transaction.find_rule(group.group_id, rule.direction, rule.traffic, rule.peer)
        # One that is itself modified makes way.
        if held is not None and held.rule_id not in modified:
            raise InvalidPermissionDuplicate(sentence(rule.traffic, rule.peer))
