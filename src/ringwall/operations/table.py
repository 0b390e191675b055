"""The operations, one line each: name, what is refused before DryRun, what it does, whether it writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from . import (
    associations,
    attributes,
    groups,
    identity,
    instances,
    interfaces,
    peerings,
    prefix_lists,
    prefix_lists_changed,
    references,
    rules,
    rules_described,
    rules_modified,
    subnets,
    tags,
    vpcs,
)
from .context import Operation
from .identity import nothing_to_check

_TABLE: Final = (
    Operation(
        "AcceptVpcPeeringConnection",
        peerings.check_named,
        peerings.accept_vpc_peering_connection,
        writes=True,
    ),
    Operation(
        "AssociateSecurityGroupVpc",
        associations.check_named,
        associations.associate_security_group_vpc,
        writes=True,
    ),
    Operation("AuthorizeSecurityGroupEgress", rules.check_egress, rules.authorize_egress, writes=True, idle=rules.IDLE),
    Operation(
        "AuthorizeSecurityGroupIngress", rules.check_ingress, rules.authorize_ingress, writes=True, idle=rules.IDLE
    ),
    Operation(
        "CreateManagedPrefixList",
        prefix_lists_changed.check_create,
        prefix_lists_changed.create_managed_prefix_list,
        writes=True,
    ),
    Operation("CreateSecurityGroup", groups.check_create, groups.create_security_group, writes=True),
    Operation("CreateSubnet", subnets.check_create_subnet, subnets.create_subnet, writes=True),
    Operation("CreateTags", tags.check_create, tags.create_tags, writes=True),
    Operation("CreateVpc", nothing_to_check, vpcs.create_vpc, writes=True),
    Operation(
        "CreateVpcPeeringConnection",
        peerings.check_create,
        peerings.create_vpc_peering_connection,
        writes=True,
        refused={
            "RequesterPeeringConnectionOptions.AllowMultipathResilience": "there is one path between two VPCs",
            "RequesterPeeringConnectionOptions.MultipathResilienceMode": "there is one path between two VPCs",
        },
    ),
    Operation(
        "DeleteManagedPrefixList",
        prefix_lists.check_named,
        prefix_lists_changed.delete_managed_prefix_list,
        writes=True,
    ),
    Operation("DeleteSecurityGroup", groups.check_delete, groups.delete_security_group, writes=True),
    Operation("DeleteTags", tags.check_delete, tags.delete_tags, writes=True),
    Operation(
        "DeleteVpcPeeringConnection",
        peerings.check_named,
        peerings.delete_vpc_peering_connection,
        writes=True,
    ),
    Operation("DescribeInstances", instances.check_describe, instances.describe_instances, writes=False),
    Operation(
        "DescribeManagedPrefixLists",
        prefix_lists.check_describe,
        prefix_lists.describe_managed_prefix_lists,
        writes=False,
        filters=prefix_lists.FILTERS,
    ),
    Operation(
        "DescribeNetworkInterfaces",
        interfaces.check_describe,
        interfaces.describe_network_interfaces,
        writes=False,
    ),
    Operation(
        "DescribePrefixLists",
        prefix_lists.check_describe,
        prefix_lists.describe_prefix_lists,
        writes=False,
        filters=prefix_lists.SERVICE_FILTERS,
    ),
    Operation(
        "DescribeSecurityGroupReferences",
        references.check_references,
        references.describe_security_group_references,
        writes=False,
    ),
    Operation(
        "DescribeSecurityGroupRules",
        rules_described.check_describe,
        rules_described.describe_security_group_rules,
        writes=False,
        filters=rules_described.FILTERS,
    ),
    Operation(
        "DescribeSecurityGroupVpcAssociations",
        nothing_to_check,
        associations.describe_security_group_vpc_associations,
        writes=False,
        filters=associations.FILTERS,
    ),
    Operation("DescribeSecurityGroups", groups.check_describe, groups.describe_security_groups, writes=False),
    Operation(
        "DescribeStaleSecurityGroups",
        references.check_vpc_named,
        references.describe_stale_security_groups,
        writes=False,
    ),
    Operation("DescribeSubnets", subnets.check_describe_subnets, subnets.describe_subnets, writes=False),
    Operation("DescribeTags", nothing_to_check, tags.describe_tags, writes=False),
    Operation(
        "DescribeVpcPeeringConnections",
        peerings.check_describe,
        peerings.describe_vpc_peering_connections,
        writes=False,
        filters=peerings.FILTERS,
    ),
    Operation("DescribeVpcs", vpcs.check_describe_vpcs, vpcs.describe_vpcs, writes=False),
    Operation(
        "DisassociateSecurityGroupVpc",
        associations.check_named,
        associations.disassociate_security_group_vpc,
        writes=True,
    ),
    Operation("GetCallerIdentity", nothing_to_check, identity.get_caller_identity, writes=False),
    Operation(
        "GetManagedPrefixListAssociations",
        prefix_lists.check_named,
        prefix_lists.get_managed_prefix_list_associations,
        writes=False,
    ),
    Operation(
        "GetManagedPrefixListEntries",
        prefix_lists.check_named,
        prefix_lists.get_managed_prefix_list_entries,
        writes=False,
    ),
    Operation(
        "GetSecurityGroupsForVpc",
        references.check_vpc_named,
        references.get_security_groups_for_vpc,
        writes=False,
        filters=references.FILTERS_FOR_VPC,
    ),
    Operation(
        "ModifyInstanceAttribute", attributes.check_modify_instance, attributes.modify_instance_attribute, writes=True
    ),
    Operation(
        "ModifyManagedPrefixList",
        prefix_lists.check_named,
        prefix_lists_changed.modify_managed_prefix_list,
        writes=True,
        refused={"IpamPrefixListResolverSyncEnabled": "there is no IPAM that a list could be kept in step with"},
    ),
    Operation(
        "ModifyNetworkInterfaceAttribute",
        attributes.check_modify_interface,
        attributes.modify_network_interface_attribute,
        writes=True,
    ),
    Operation(
        "RejectVpcPeeringConnection",
        peerings.check_named,
        peerings.reject_vpc_peering_connection,
        writes=True,
    ),
    Operation(
        "ModifySecurityGroupRules",
        rules_modified.check_modify,
        rules_modified.modify_security_group_rules,
        writes=True,
    ),
    Operation(
        "RestoreManagedPrefixListVersion",
        prefix_lists.check_named,
        prefix_lists_changed.restore_managed_prefix_list_version,
        writes=True,
    ),
    Operation("RevokeSecurityGroupEgress", rules.check_egress, rules.revoke_egress, writes=True, idle=rules.IDLE),
    Operation("RevokeSecurityGroupIngress", rules.check_ingress, rules.revoke_ingress, writes=True, idle=rules.IDLE),
    Operation(
        "UpdateSecurityGroupRuleDescriptionsEgress",
        rules_modified.check_update,
        rules_modified.update_descriptions_egress,
        writes=True,
        idle=rules.IDLE,
    ),
    Operation(
        "UpdateSecurityGroupRuleDescriptionsIngress",
        rules_modified.check_update,
        rules_modified.update_descriptions_ingress,
        writes=True,
        idle=rules.IDLE,
    ),
)

OPERATIONS: Final[Mapping[str, Operation]] = {operation.name: operation for operation in _TABLE}
"""Every operation by its name, EC2's and STS's alike: no name is in both."""
