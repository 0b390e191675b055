"""What rules name: groups and prefix lists that must be there, the way to a group of another VPC, and room for more.

Theory of operation. A rule can name a group of its own group's VPC. It can name one of another VPC if an active peering
connection joins the two, or if one of the two groups is associated with the VPC of the other; the
rule then keeps where that group lay and how it was reached (`PeerReference`), so that it can still be shown, and
revoked, when the group or the way is gone. Groups of other accounts and of other regions can't be named.

Source: EC2 API Reference, UserIdGroupPair; VPC peering guide, "Update your security groups to reference peer security
groups" (not across regions); ec2-behaviour 3.13, 3.14, 4.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from ringwall.domain import ids
from ringwall.domain.errors import (
    InvalidGroupNotFound,
    ResourceLimitExceeded,
    RulesPerSecurityGroupLimitExceeded,
)
from ringwall.domain.group import Direction, PeerReference, SecurityGroup, SecurityGroupRule
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.peering import PeeringStatus, VpcPeering
from ringwall.domain.permission import GroupPair, StatusOf, reference_members, refuse_foreign
from ringwall.domain.prefix_list import AWS_OWNER
from ringwall.domain.quota import rules_fit

from .associations import is_usable_in
from .context import Context
from .lookup import found, group_by_id, group_by_name, prefix_list_by_id


def named_peer(context: Context, peer: Peer | GroupPair) -> Peer:
    """The peer by its id. A group given by name is looked for in the default VPC, one given by id isn't looked for.

    Raises:
        InvalidGroupNotFound: there is no group of that name; or the pair speaks of another account.
    """
    if isinstance(peer, Peer):
        return peer
    refuse_foreign(peer, context.caller.account_id)
    return Peer(PeerKind.GROUP, peer.group_id or group_by_name(context, peer.group_name or "").group_id)


# --- The way to a group ---


def reference_to(context: Context, group: SecurityGroup, peer: Peer, pair: GroupPair | None) -> PeerReference | None:
    """Where the peer of a new rule lies, if it is a group of another VPC; what the peer names is there.

    pair: what the request says of the group, if it is one.

    Raises:
        InvalidPrefixListIDNotFound, InvalidGroupNotFound: there is no such prefix list or group; or the group can't be
            reached, or isn't where the request says.
        InvalidVpcPeeringConnectionIDNotFound: there is no such connection as the request says.
    """
    if peer.kind is PeerKind.PREFIX_LIST:
        prefix_list_by_id(context, peer.value)
    if peer.kind is not PeerKind.GROUP:
        return None
    named = group if peer.value == group.group_id else group_by_id(context, peer.value)
    reference = _way(context, group, named, pair.peering_id if pair else None)
    if pair and not pair.fits(named.vpc_id, reference.peering_id if reference else None):
        raise InvalidGroupNotFound.in_other_network(named.group_id)
    return reference


def _way(context: Context, group: SecurityGroup, named: SecurityGroup, peering_id: str | None) -> PeerReference | None:
    """How a rule of `group` reaches the group named; a peering connection before an association (chosen)."""
    if peering_id:
        peerings = [found(ids.PEERING, partial(_shown_peering, context), context, peering_id)]
    elif named.vpc_id == group.vpc_id:
        return None
    else:
        peerings = context.transaction.peerings_of_vpc(group.vpc_id)
    for each in peerings:
        if _joins(each, group, named):
            return PeerReference(named.owner_id, named.vpc_id, each.peering_id)
    if _share_a_vpc(context, group, named):
        return PeerReference(named.owner_id, named.vpc_id, None)
    raise InvalidGroupNotFound.in_other_network(named.group_id)


def _shown_peering(context: Context, account_id: str, region: str, peering_id: str) -> VpcPeering | None:
    peering = context.transaction.peering(account_id, region, peering_id)
    return peering if peering and peering.is_shown(context.now) else None


def _joins(peering: VpcPeering, one: SecurityGroup, other: SecurityGroup) -> bool:
    # Both groups were found in the caller's region, so a connection of their VPCs lies in it too.
    vpc_ids = sorted((peering.requester.vpc_id, peering.accepter.vpc_id))
    return peering.status is PeeringStatus.ACTIVE and vpc_ids == sorted((one.vpc_id, other.vpc_id))


def _share_a_vpc(context: Context, one: SecurityGroup, other: SecurityGroup) -> bool:
    reader = context.transaction
    return is_usable_in(reader, other, one.vpc_id) or is_usable_in(reader, one, other.vpc_id)


def referenced_group_info(context: Context, rule: SecurityGroupRule, status_of: StatusOf) -> dict[str, Any]:
    """The group that a rule names, as the items of Authorize and DescribeSecurityGroupRules show it."""
    info: dict[str, Any] = {"GroupId": rule.peer.value, "UserId": context.caller.account_id}
    return info | (reference_members(rule.reference, status_of) if rule.reference else {})


# --- Room ---


def check_room(
    context: Context, group: SecurityGroup, direction: Direction, new: Sequence[Peer], gone: Sequence[Peer] = ()
) -> None:
    """Returns if one direction of the group may hold rules with the new peers, in the place of those that are gone.

    What takes no more room than before is never refused (chosen): a quota may have been lowered.

    Raises:
        RulesPerSecurityGroupLimitExceeded: one of the two families would have more rules than the quota allows.
    """
    if context.quota.rules_per_group_max is None:
        return
    ipv4, ipv6, both = _taken(context, new)
    if gone:
        less_ipv4, less_ipv6, less_both = _taken(context, gone)
        ipv4, ipv6, both = ipv4 - less_ipv4, ipv6 - less_ipv6, both - less_both
    if max(ipv4, ipv6, both) <= 0:
        return
    held = context.transaction.peer_counts(group.group_id, direction)
    both += held.group + _weight(context, held.prefix_lists.items())
    if not rules_fit(context.quota, held.cidr_ipv4 + ipv4, held.cidr_ipv6 + ipv6, both):
        raise RulesPerSecurityGroupLimitExceeded


def _taken(context: Context, peers: Sequence[Peer]) -> tuple[int, int, int]:
    """What peers take of the ledgers: IPv4 blocks, IPv6 blocks, and what counts in both."""
    kinds = [peer.kind for peer in peers]
    lists = _weight(context, _lists(peers).items()) if PeerKind.PREFIX_LIST in kinds else 0
    return kinds.count(PeerKind.CIDR_IPV4), kinds.count(PeerKind.CIDR_IPV6), kinds.count(PeerKind.GROUP) + lists


def _weight(context: Context, lists: Iterable[tuple[str, int]]) -> int:
    return sum(prefix_list_by_id(context, list_id).weight * number for list_id, number in lists)


def _lists(peers: Sequence[Peer]) -> Counter[str]:
    return Counter(peer.value for peer in peers if peer.kind is PeerKind.PREFIX_LIST)


def check_list_references(context: Context, new: Sequence[Peer], gone: Sequence[Peer] = ()) -> None:
    """Returns if the prefix lists among the new peers may be named by that many rules more.

    Raises:
        ResourceLimitExceeded: a customer's list would be named by more rules, of all groups, than the quota allows.
    """
    most = context.quota.prefix_list_references_max
    if most is None or PeerKind.PREFIX_LIST not in [peer.kind for peer in new]:
        return
    for list_id, more in (_lists(new) - _lists(gone)).items():
        # AWS's own lists are everybody's, and the quota is of an account's own.
        if prefix_list_by_id(context, list_id).owner_id == AWS_OWNER:
            continue
        if len(context.transaction.rules_naming_list(list_id)) + more > most:
            raise ResourceLimitExceeded(
                f"The maximum number of references to the prefix list '{list_id}' has been reached."
            )
