"""Security groups and their rules: one stored rule for each direction, traffic and peer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .peer import Peer
from .traffic import Traffic


class Direction(StrEnum):
    """Towards the interface that carries the group, or out of it."""

    INGRESS = "ingress"
    EGRESS = "egress"


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    """A group without its rules and tags, which have rows of their own.

    owner_id: the account that made it. name: unique in the VPC, letter case aside.
    """

    group_id: str
    owner_id: str
    region: str
    vpc_id: str
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class PeerReference:
    """Where a group lies that a rule of another VPC names. It stays as it was when the group or the peering is gone.

    peering_id: the connection that made it reachable, or None where the group was associated with the rule's VPC.
    """

    owner_id: str
    vpc_id: str
    peering_id: str | None


@dataclass(frozen=True, slots=True)
class VpcAssociation:
    """A group made usable in a second VPC of its owner's, besides the one that it was made in."""

    group_id: str
    owner_id: str
    region: str
    vpc_id: str


@dataclass(frozen=True, slots=True)
class SecurityGroupRule:
    """One atomic rule. Its identity in the group is (direction, traffic, peer); the description is not part of it.

    reference: only of a rule whose peer is a group of another VPC.
    """

    rule_id: str
    group_id: str
    direction: Direction
    traffic: Traffic
    peer: Peer
    description: str | None = None
    reference: PeerReference | None = None


@dataclass(frozen=True, slots=True)
class DrainingRule:
    """A rule that was revoked so that flows which only it admitted go on until they end. revoked_at: Unix seconds."""

    owner_id: str
    region: str
    rule: SecurityGroupRule
    revoked_at: int


RuleRow = tuple[str, str, int, int, str, str, str | None, str | None, str | None, str | None]
"""What descriptions of a group show of a rule, in plain values: making the rule of them costs more than to read them.

Direction, protocol, ports, kind of peer, peer, description; owner, VPC and peering connection of a group elsewhere.
"""
