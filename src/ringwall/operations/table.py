"""The operations, one line each: name, what is refused before DryRun, what it does, whether it writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from . import (
    attributes,
    groups,
    identity,
    instances,
    interfaces,
    prefix_lists,
    rules,
    rules_described,
    subnets,
    tags,
    vpcs,
)
from .context import Operation
from .identity import nothing_to_check

_TABLE: Final = (
    Operation("AuthorizeSecurityGroupEgress", rules.check_egress, rules.authorize_egress, writes=True),
    Operation("AuthorizeSecurityGroupIngress", rules.check_ingress, rules.authorize_ingress, writes=True),
    Operation("CreateSecurityGroup", groups.check_create, groups.create_security_group, writes=True),
    Operation("CreateSubnet", subnets.check_create_subnet, subnets.create_subnet, writes=True),
    Operation("CreateTags", tags.check_create, tags.create_tags, writes=True),
    Operation("CreateVpc", nothing_to_check, vpcs.create_vpc, writes=True),
    Operation("DeleteSecurityGroup", groups.check_delete, groups.delete_security_group, writes=True),
    Operation("DeleteTags", tags.check_delete, tags.delete_tags, writes=True),
    Operation("DescribeInstances", instances.check_describe, instances.describe_instances, writes=False),
    Operation(
        "DescribeManagedPrefixLists",
        prefix_lists.check_describe,
        prefix_lists.describe_managed_prefix_lists,
        writes=False,
    ),
    Operation(
        "DescribeNetworkInterfaces",
        interfaces.check_describe,
        interfaces.describe_network_interfaces,
        writes=False,
    ),
    Operation(
        "DescribeSecurityGroupRules",
        rules_described.check_describe,
        rules_described.describe_security_group_rules,
        writes=False,
    ),
    Operation("DescribeSecurityGroups", groups.check_describe, groups.describe_security_groups, writes=False),
    Operation("DescribeSubnets", subnets.check_describe_subnets, subnets.describe_subnets, writes=False),
    Operation("DescribeTags", nothing_to_check, tags.describe_tags, writes=False),
    Operation("DescribeVpcs", vpcs.check_describe_vpcs, vpcs.describe_vpcs, writes=False),
    Operation("GetCallerIdentity", nothing_to_check, identity.get_caller_identity, writes=False),
    Operation(
        "ModifyInstanceAttribute", attributes.check_modify_instance, attributes.modify_instance_attribute, writes=True
    ),
    Operation(
        "ModifyNetworkInterfaceAttribute",
        attributes.check_modify_interface,
        attributes.modify_network_interface_attribute,
        writes=True,
    ),
    Operation("RevokeSecurityGroupEgress", rules.check_egress, rules.revoke_egress, writes=True),
    Operation("RevokeSecurityGroupIngress", rules.check_ingress, rules.revoke_ingress, writes=True),
)

OPERATIONS: Final[Mapping[str, Operation]] = {operation.name: operation for operation in _TABLE}
"""Every operation by its name, EC2's and STS's alike: no name is in both."""
