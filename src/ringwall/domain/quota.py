"""How much of everything an account may have, with EC2's defaults."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Quota:
    """Limits of an account in a region. None means no limit.

    rules_per_group_max: for each direction and address family. groups_per_interface_max: EC2 raises it up to 16.
    prefix_list_references_max: rules that name one list. peerings_per_vpc_max: those that are active.
    Source: VPC quotas, AWS user guide; ec2-behaviour section 4.
    """

    groups_per_region_max: int | None = 2_500
    rules_per_group_max: int | None = 60
    groups_per_interface_max: int | None = 5
    vpcs_per_region_max: int | None = 5
    ipv4_blocks_per_vpc_max: int | None = 5
    ipv6_blocks_per_vpc_max: int | None = 5
    subnets_per_vpc_max: int | None = 200
    interfaces_per_region_max: int | None = 5_000
    prefix_lists_per_region_max: int | None = 100
    entries_per_prefix_list_max: int | None = 1_000
    versions_per_prefix_list_max: int | None = 1_000
    prefix_list_references_max: int | None = 5_000
    peerings_per_vpc_max: int | None = 50
    pending_peerings_per_vpc_max: int | None = 25
    tags_per_resource_max: int | None = 50


NO_LIMITS = Quota(**{each.name: None for each in fields(Quota)})


def rules_fit(quota: Quota, cidr_ipv4: int, cidr_ipv6: int, references: int) -> bool:
    """Whether one direction of a group may hold these rules.

    references: rules with a group, and those with a prefix list by its weight. They count in both families' ledgers.

    >>> rules_fit(Quota(), 60, 0, 0), rules_fit(Quota(), 60, 60, 0), rules_fit(Quota(), 60, 0, 1)
    (True, True, False)

    Source: observed in an account (ec2-behaviour section 4).
    """
    most = quota.rules_per_group_max
    return most is None or references + max(cidr_ipv4, cidr_ipv6) <= most
