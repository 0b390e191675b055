"""VPC peering connections: asked for, accepted, rejected, deleted, described.

Theory of operation. A connection is one row that both sides see, also where they lie in two regions. Its life is
pending-acceptance, then active or rejected, then deleted; a request that nobody answers expires, and one that can't be
meant (the other VPC isn't there, is of another account, or shares addresses with this one) is born failed. Answers say
`initiating-request` and `provisioning` where EC2 is still at work; here it is done by then.

All accounts but the caller's own are strangers: what another account's VPC is can't be known, nor can it accept.

Source: EC2 API Reference, CreateVpcPeeringConnection, AcceptVpcPeeringConnection, RejectVpcPeeringConnection,
DeleteVpcPeeringConnection, DescribeVpcPeeringConnections; VPC Peering Guide, lifecycle; AWS CLI examples for the forms.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from ringwall.domain import ids
from ringwall.domain.address import block
from ringwall.domain.errors import (
    ActiveVpcPeeringConnectionPerVpcLimitExceeded,
    InvalidParameterValue,
    InvalidStateTransition,
    MissingParameter,
    OperationNotPermitted,
    PendingVpcPeeringConnectionLimitExceeded,
    VpcPeeringConnectionAlreadyExists,
)
from ringwall.domain.filters import FilterTable, select
from ringwall.domain.peering import PeeringSide, PeeringStatus, VpcPeering
from ringwall.domain.tags import as_answered, check_number, tags_of_specifications
from ringwall.domain.vpc import Vpc

from .context import Answer, Context, Request
from .lookup import all_found, found, page, vpc_by_id

FAILURE: Final = "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range"
"""Why a connection failed; EC2 doesn't say which (observed)."""

_ACCOUNT: Final = re.compile(r"[0-9]{12}", re.ASCII)
_REGION: Final = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}", re.ASCII)
_LIVING: Final = (PeeringStatus.PENDING_ACCEPTANCE, PeeringStatus.ACTIVE)


# --- CreateVpcPeeringConnection ---


def check_create(request: Request) -> None:
    """Refuses a missing or malformed VPC id of either side."""
    for member, name in (("VpcId", "vpcId"), ("PeerVpcId", "peerVpcId")):
        if not request.get(member):
            raise MissingParameter(name)
        ids.VPC.check(request[member])


def create_vpc_peering_connection(context: Context, request: Request) -> Answer:
    """A request to connect VpcId with PeerVpcId, which waits a week for its acceptance; or one that failed.

    It fails if the caller has no such VPC as PeerVpcId in PeerRegion, if PeerOwnerId is another account, or if blocks
    of the two overlap; the answer shows that at once (chosen). Where the same connection is pending or active already,
    that one is answered, as it is, and nothing is made (observed); the other way round it is another request.

    Raises:
        InvalidVpcIDNotFound: VpcId isn't there.
        InvalidParameterValue: PeerVpcId is VpcId, or PeerOwnerId or PeerRegion can't be one (all chosen).
        PendingVpcPeeringConnectionLimitExceeded: VpcId has too many requests open.
        TagLimitExceeded: too many tags.
    """
    transaction, caller = context.transaction, context.caller
    tags = tags_of_specifications(request.get("TagSpecifications"), ids.PEERING)
    check_number(tags, context.quota.tags_per_resource_max)
    accepter = _accepter(context, request)
    vpc = vpc_by_id(context, request["VpcId"])
    requester = PeeringSide(vpc.owner_id, vpc.region, vpc.vpc_id)
    others = transaction.peerings_of_vpc(vpc.vpc_id)
    for other in others:
        if (other.requester, other.accepter) == (requester, accepter) and other.status_at(context.now) in _LIVING:
            return {"VpcPeeringConnection": _answer(_shown(context, other, _tags(context, [other])))}
    _check_room_for_request(context, vpc, others)
    can_be = _can_be_connected(vpc, _vpc_of(context, accepter) if accepter.owner_id == caller.account_id else None)
    peering = VpcPeering(
        context.ids.new("pcx"),
        requester,
        accepter,
        PeeringStatus.PENDING_ACCEPTANCE if can_be else PeeringStatus.FAILED,
        created_at=context.now,
        ended_at=None if can_be else context.now,
    )
    transaction.insert_peering(peering)
    if tags:
        transaction.set_tags(caller.account_id, caller.region, peering.peering_id, tags)
    shown = _shown(context, peering, {peering.peering_id: tags})
    if can_be:
        shown = replace(shown, code="initiating-request", message=f"Initiating Request to {accepter.owner_id}")
    return {"VpcPeeringConnection": _answer(shown)}


def _accepter(context: Context, request: Request) -> PeeringSide:
    caller = context.caller
    owner_id = request.get("PeerOwnerId") or caller.account_id
    region = request.get("PeerRegion") or caller.region
    if not _ACCOUNT.fullmatch(owner_id):
        raise InvalidParameterValue.of(owner_id, "peerOwnerId", "An account ID has 12 digits.")
    if not _REGION.fullmatch(region):
        raise InvalidParameterValue.of(region, "peerRegion", "This is not a region.")
    if request["PeerVpcId"] == request["VpcId"]:
        raise InvalidParameterValue.of(request["PeerVpcId"], "peerVpcId", "A VPC cannot be peered with itself.")
    return PeeringSide(owner_id, region, request["PeerVpcId"])


def _check_room_for_request(context: Context, vpc: Vpc, others: Iterable[VpcPeering]) -> None:
    most = context.quota.pending_peerings_per_vpc_max
    pending = [
        other
        for other in others
        if other.requester.vpc_id == vpc.vpc_id and other.status_at(context.now) is PeeringStatus.PENDING_ACCEPTANCE
    ]
    if most is not None and len(pending) >= most:
        raise PendingVpcPeeringConnectionLimitExceeded


def _vpc_of(context: Context, side: PeeringSide) -> Vpc | None:
    return context.transaction.vpc(side.owner_id, side.region, side.vpc_id)


def _can_be_connected(one: Vpc | None, other: Vpc | None) -> bool:
    """Whether both are there and share no address."""
    if one is None or other is None:
        return False
    pairs = (
        (block(mine.cidr_block), block(theirs.cidr_block))
        for mine in one.ipv4 + one.ipv6
        for theirs in other.ipv4 + other.ipv6
    )
    # Of two blocks that overlap, one holds the other's first address.
    return not any(mine.contains(theirs.first) or theirs.contains(mine.first) for mine, theirs in pairs)


# --- Accept, Reject, Delete ---


def check_named(request: Request) -> None:
    """Refuses a missing or malformed id of a connection."""
    if not request.get("VpcPeeringConnectionId"):
        raise MissingParameter("vpcPeeringConnectionId")
    ids.PEERING.check(request["VpcPeeringConnectionId"])


def accept_vpc_peering_connection(context: Context, request: Request) -> Answer:
    """The connection, active from now on: rules of either VPC may name groups of the other, in one region.

    Where the VPCs can't be connected any more (one is gone, or they overlap by now) it fails instead (chosen).

    Raises:
        InvalidVpcPeeringConnectionIDNotFound: there is none, or answers don't show it any more.
        OperationNotPermitted: this isn't the accepter's region.
        InvalidStateTransition: it isn't pending.
        VpcPeeringConnectionAlreadyExists: another connection of the two VPCs is active.
        ActiveVpcPeeringConnectionPerVpcLimitExceeded: one of the VPCs has too many of them.
    """
    peering = _pending_here(context, request, "accepted", "provisioning")
    for side in (peering.requester, peering.accepter):
        active = [
            other for other in context.transaction.peerings_of_vpc(side.vpc_id) if other.status is PeeringStatus.ACTIVE
        ]
        for other in active:
            if {other.requester, other.accepter} == {peering.requester, peering.accepter}:
                raise VpcPeeringConnectionAlreadyExists(other.peering_id)
        most = context.quota.peerings_per_vpc_max
        if most is not None and len(active) >= most:
            raise ActiveVpcPeeringConnectionPerVpcLimitExceeded(side.vpc_id)
    can_be = _can_be_connected(_vpc_of(context, peering.requester), _vpc_of(context, peering.accepter))
    if can_be:
        accepted = replace(peering, status=PeeringStatus.ACTIVE)
    else:
        accepted = replace(peering, status=PeeringStatus.FAILED, ended_at=context.now)
    context.transaction.update_peering(accepted)
    shown = _shown(context, accepted, _tags(context, [accepted]))
    if can_be:
        shown = replace(shown, code="provisioning", message="Provisioning")
    return {"VpcPeeringConnection": _answer(shown)}


def reject_vpc_peering_connection(context: Context, request: Request) -> Answer:
    """True: the request is rejected.

    Raises:
        InvalidVpcPeeringConnectionIDNotFound: there is none, or answers don't show it any more.
        OperationNotPermitted: this isn't the accepter's region.
        InvalidStateTransition: it isn't pending.
    """
    peering = _pending_here(context, request, "accepted or rejected", "rejected")
    context.transaction.update_peering(_ended(context, peering, PeeringStatus.REJECTED))
    return {"Return": True}


def delete_vpc_peering_connection(context: Context, request: Request) -> Answer:
    """True: the connection, or the request for it, is deleted; what rules admitted across it is refused at once.

    Those rules stay, as stale ones.

    Raises:
        InvalidVpcPeeringConnectionIDNotFound: there is none, or answers don't show it any more.
        InvalidStateTransition: it is neither active nor pending.
    """
    peering = _named(context, request)
    status = peering.status_at(context.now)
    if status not in _LIVING:
        raise InvalidStateTransition(peering.peering_id, status, "deleting")
    context.transaction.update_peering(_ended(context, peering, PeeringStatus.DELETED))
    return {"Return": True}


def known_peering(context: Context, account_id: str, region: str, peering_id: str) -> VpcPeering | None:
    """The connection, if the caller can know of it."""
    peering = context.transaction.peering(account_id, region, peering_id)
    return peering if peering is not None and _is_known(context, peering) else None


def _is_known(context: Context, peering: VpcPeering) -> bool:
    """Whether the caller can know of the connection: it is still shown, and a failed one where it was asked for."""
    here = (context.caller.account_id, context.caller.region)
    failed = peering.status is PeeringStatus.FAILED
    return peering.is_shown(context.now) and not (
        failed and here != (peering.requester.owner_id, peering.requester.region)
    )


def _named(context: Context, request: Request) -> VpcPeering:
    return found(ids.PEERING, partial(known_peering, context), context, request["VpcPeeringConnectionId"])


def _pending_here(context: Context, request: Request, done: str, wanted: str) -> VpcPeering:
    """The pending connection that the request names, in its accepter's region."""
    peering, here = _named(context, request), context.caller.region
    if peering.accepter.region != here:
        raise OperationNotPermitted(
            f"Incorrect region ({here}) specified for this request. VPC peering connection {peering.peering_id} must "
            f"be {done} in region {peering.accepter.region}"
        )
    status = peering.status_at(context.now)
    if status is not PeeringStatus.PENDING_ACCEPTANCE:
        raise InvalidStateTransition(peering.peering_id, status, wanted)
    return peering


def _ended(context: Context, peering: VpcPeering, status: PeeringStatus) -> VpcPeering:
    return replace(peering, status=status, ended_at=context.now, ended_by=context.caller.account_id)


# --- DescribeVpcPeeringConnections ---


@dataclass(frozen=True, slots=True)
class _Shown:
    """A connection as answers and filters see it. requester, accepter: the VPCs, where their blocks are shown."""

    peering: VpcPeering
    code: str
    message: str
    requester: Vpc | None
    accepter: Vpc | None
    expires_at: int | None
    tags: Mapping[str, str]


def _shown(context: Context, peering: VpcPeering, tags: Mapping[str, Mapping[str, str]]) -> _Shown:
    """The connection at this time. The accepter's blocks are shown while it is active, the requester's before too."""
    status = peering.status_at(context.now)
    messages = {
        PeeringStatus.PENDING_ACCEPTANCE: f"Pending Acceptance by {peering.accepter.owner_id}",
        PeeringStatus.ACTIVE: "Active",
        PeeringStatus.REJECTED: f"Rejected by {peering.ended_by}",
        PeeringStatus.EXPIRED: "Expired",
        PeeringStatus.DELETED: f"Deleted by {peering.ended_by}",
        PeeringStatus.FAILED: FAILURE,
    }
    waits = status in (PeeringStatus.PENDING_ACCEPTANCE, PeeringStatus.EXPIRED)
    return _Shown(
        peering,
        str(status),
        messages[status],
        _vpc_of(context, peering.requester) if status in _LIVING else None,
        _vpc_of(context, peering.accepter) if status is PeeringStatus.ACTIVE else None,
        peering.expires_at if waits else None,
        tags[peering.peering_id],
    )


def _tags(context: Context, peerings: Iterable[VpcPeering]) -> dict[str, dict[str, str]]:
    caller = context.caller
    return context.transaction.tags(caller.account_id, caller.region, [each.peering_id for each in peerings])


def _time(seconds: int | None) -> list[str]:
    return [] if seconds is None else [f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.000Z"]


def _block(vpc: Vpc | None) -> list[str]:
    return [] if vpc is None else [vpc.cidr_block]


FILTERS: Final[FilterTable[_Shown]] = FilterTable(
    values={
        "accepter-vpc-info.cidr-block": lambda each: _block(each.accepter),
        "accepter-vpc-info.owner-id": lambda each: (each.peering.accepter.owner_id,),
        "accepter-vpc-info.vpc-id": lambda each: (each.peering.accepter.vpc_id,),
        "expiration-time": lambda each: _time(each.expires_at),
        "requester-vpc-info.cidr-block": lambda each: _block(each.requester),
        "requester-vpc-info.owner-id": lambda each: (each.peering.requester.owner_id,),
        "requester-vpc-info.vpc-id": lambda each: (each.peering.requester.vpc_id,),
        "status-code": lambda each: (each.code,),
        "status-message": lambda each: (each.message,),
        "tag-key": lambda each: each.tags.keys(),
        "vpc-peering-connection-id": lambda each: (each.peering.peering_id,),
    },
    tags_of=lambda each: each.tags,
)


def check_describe(request: Request) -> None:
    """Refuses malformed ids of connections."""
    ids.PEERING.check_all(request.get("VpcPeeringConnectionIds"))


def describe_vpc_peering_connections(context: Context, request: Request) -> Answer:
    """The connections that the request names, or all, of those the ones its filters let through, page by page.

    One that was rejected or deleted or that failed is shown for two hours after that, an expired one for two days.

    Raises:
        InvalidVpcPeeringConnectionIDNotFound: one that it names isn't there, or isn't shown any more.
        InvalidParameterValue: an unknown filter or one without values, MaxResults that isn't 5 to 1,000, or a
            NextToken that can't be read.
        FilterLimitExceeded: more than 50 filters, or 200 values of one.
    """
    caller = context.caller
    filters = FILTERS.read(request.get("Filters"))
    peering_ids = request.get("VpcPeeringConnectionIds")
    if peering_ids:
        peerings = all_found(ids.PEERING, partial(known_peering, context), context, peering_ids)
    else:
        known = context.transaction.peerings(caller.account_id, caller.region)
        peerings = [each for each in known if _is_known(context, each)]
    tags = _tags(context, peerings)
    chosen = select(filters, [_shown(context, each, tags) for each in peerings])
    shown, next_token = page(context, request, chosen, lambda each: (each.peering.peering_id,))
    return {"VpcPeeringConnections": [_answer(each) for each in shown], "NextToken": next_token}


def _answer(shown: _Shown) -> dict[str, Any]:
    peering = shown.peering
    return {
        "VpcPeeringConnectionId": peering.peering_id,
        "Status": {"Code": shown.code, "Message": shown.message},
        "RequesterVpcInfo": _side(peering.requester, shown.requester),
        "AccepterVpcInfo": _side(peering.accepter, shown.accepter),
        "ExpirationTime": shown.expires_at,
        "Tags": as_answered(shown.tags),
        "MultipathResilienceStatus": "disabled",
    }


_OPTIONS: Final = {
    "AllowDnsResolutionFromRemoteVpc": False,
    "AllowEgressFromLocalClassicLinkToRemoteVpc": False,
    "AllowEgressFromLocalVpcToRemoteClassicLink": False,
    "AllowMultipathResilience": False,
}
"""Of either side. None of it exists here, so that nothing is allowed."""


def _side(side: PeeringSide, vpc: Vpc | None) -> dict[str, Any]:
    answer: dict[str, Any] = {"OwnerId": side.owner_id, "VpcId": side.vpc_id, "Region": side.region}
    if vpc is None:
        return answer
    answer["CidrBlock"] = vpc.cidr_block
    answer["CidrBlockSet"] = [{"CidrBlock": each.cidr_block} for each in vpc.ipv4]
    answer["PeeringOptions"] = dict(_OPTIONS)
    if vpc.ipv6:
        answer["Ipv6CidrBlockSet"] = [{"Ipv6CidrBlock": each.cidr_block} for each in vpc.ipv6]
    return answer
