"""VPCs and their subnets: the address plan that hosts and groups live in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vpc:
    """A VPC. cidr_block: canonical IPv4, /16 to /28. ipv6_cidr_block: the first IPv6 block, if it has one."""

    vpc_id: str
    owner_id: str
    region: str
    cidr_block: str
    is_default: bool
    dhcp_options_id: str
    cidr_association_id: str
    instance_tenancy: str = "default"
    ipv6_cidr_block: str | None = None
    ipv6_association_id: str | None = None


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
