"""VPCs and their subnets: the address plan that hosts and groups live in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CidrAssociation:
    """One block of a VPC, with the id by which it is taken away again (`vpc-cidr-assoc-…`)."""

    association_id: str
    cidr_block: str


@dataclass(frozen=True, slots=True)
class Vpc:
    """A VPC.

    ipv4: its IPv4 blocks, canonical, at least one, the first is the primary one. ipv6: its IPv6 blocks.
    The three flags are attributes that clients set and read; nothing here depends on them.
    """

    vpc_id: str
    owner_id: str
    region: str
    is_default: bool
    dhcp_options_id: str
    ipv4: tuple[CidrAssociation, ...]
    ipv6: tuple[CidrAssociation, ...] = ()
    instance_tenancy: str = "default"
    enable_dns_support: bool = True
    enable_dns_hostnames: bool = False
    enable_network_address_usage_metrics: bool = False

    @property
    def cidr_block(self) -> str:
        """The primary IPv4 block."""
        return self.ipv4[0].cidr_block


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet of a VPC in one zone. cidr_block and ipv6_cidr_block lie inside the VPC's blocks."""

    subnet_id: str
    vpc_id: str
    owner_id: str
    region: str
    cidr_block: str
    availability_zone: str
    default_for_az: bool = False
    ipv6_cidr_block: str | None = None
    ipv6_association_id: str | None = None
