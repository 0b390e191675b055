"""The other end of a rule: one CIDR block, prefix list or security group."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PeerKind(StrEnum):
    """What a peer is; the values are the names EC2 gives the members of a SecurityGroupRule, in snake case."""

    CIDR_IPV4 = "cidr_ipv4"
    CIDR_IPV6 = "cidr_ipv6"
    PREFIX_LIST = "prefix_list_id"
    GROUP = "referenced_group_id"


@dataclass(frozen=True, slots=True, order=True)
class Peer:
    """One source (ingress) or target (egress).

    value: a canonical CIDR block with its length (`10.0.0.0/8`, `2001:db8::/32`), a `pl-…` or an `sg-…`.
    """

    kind: PeerKind
    value: str
