"""VPC peering connections: what lets a rule name a group of another VPC."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

PENDING_SECONDS: Final = 7 * 24 * 3600
"""How long a request can be accepted or rejected."""
ENDED_SHOWN_SECONDS: Final = 2 * 3600
"""How long answers show a connection that was rejected or deleted, or that failed. EC2 shows one that another account
ended for longer; both sides are one account's here."""
EXPIRED_SHOWN_SECONDS: Final = 2 * 24 * 3600
"""How long answers show a request that expired."""


class PeeringStatus(StrEnum):
    """The life of a peering connection, as EC2 names it. EXPIRED is never stored: it follows from the time."""

    PENDING_ACCEPTANCE = "pending-acceptance"
    ACTIVE = "active"
    REJECTED = "rejected"
    EXPIRED = "expired"
    DELETED = "deleted"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PeeringSide:
    """One of the two VPCs of a connection. It may be of another account or region, and need not exist any more."""

    owner_id: str
    region: str
    vpc_id: str


@dataclass(frozen=True, slots=True)
class VpcPeering:
    """A peering connection, as asked for by the requester. created_at, ended_at: Unix seconds.

    ended_at: when it was rejected or deleted, or failed; answers show it for a while after that.
    ended_by: the account that rejected or deleted it, for the sentence that answers give with the status.
    """

    peering_id: str
    requester: PeeringSide
    accepter: PeeringSide
    status: PeeringStatus
    created_at: int
    ended_at: int | None = None
    ended_by: str | None = None

    @property
    def expires_at(self) -> int:
        """When the request can no longer be accepted or rejected, Unix seconds."""
        return self.created_at + PENDING_SECONDS

    def status_at(self, now: int) -> PeeringStatus:
        """The status at that time: as stored, or EXPIRED when nobody accepted or rejected it in time."""
        waits = self.status is PeeringStatus.PENDING_ACCEPTANCE
        return PeeringStatus.EXPIRED if waits and now >= self.expires_at else self.status

    def is_shown(self, now: int) -> bool:
        """Whether operations still know the connection; what they don't know is as absent as what never was.

        Source: VPC Peering Guide, "VPC peering connection lifecycle".
        """
        if self.status_at(now) is PeeringStatus.EXPIRED:
            return now < self.expires_at + EXPIRED_SHOWN_SECONDS
        return self.ended_at is None or now < self.ended_at + ENDED_SHOWN_SECONDS
