"""EC2's and STS's models, trimmed to the operations that ringwall serves.

Made by scripts/generate_shapes.py from botocore 1.44.5; `make generate` writes it anew. Don't edit it.

A type is named by a string: a scalar (`string`, `integer` …), a structure (`IpPermission`), a list (`[IpPermission]`).
The members of requests and answers are typed below as TypedDicts with the structures' names.
"""

from datetime import datetime
from typing import Final, TypedDict


OPERATIONS: Final[dict[str, tuple[str, str, str | None]]] = {
    'AcceptVpcPeeringConnection': ('ec2', 'AcceptVpcPeeringConnectionRequest', 'AcceptVpcPeeringConnectionResult'),
    'AssignIpv6Addresses': ('ec2', 'AssignIpv6AddressesRequest', 'AssignIpv6AddressesResult'),
    'AssignPrivateIpAddresses': ('ec2', 'AssignPrivateIpAddressesRequest', 'AssignPrivateIpAddressesResult'),
    'AssociateSecurityGroupVpc': ('ec2', 'AssociateSecurityGroupVpcRequest', 'AssociateSecurityGroupVpcResult'),
    'AssociateVpcCidrBlock': ('ec2', 'AssociateVpcCidrBlockRequest', 'AssociateVpcCidrBlockResult'),
    'AttachNetworkInterface': ('ec2', 'AttachNetworkInterfaceRequest', 'AttachNetworkInterfaceResult'),
    'AuthorizeSecurityGroupEgress': ('ec2', 'AuthorizeSecurityGroupEgressRequest',
        'AuthorizeSecurityGroupEgressResult'),
    'AuthorizeSecurityGroupIngress': ('ec2', 'AuthorizeSecurityGroupIngressRequest',
        'AuthorizeSecurityGroupIngressResult'),
    'CreateDefaultSubnet': ('ec2', 'CreateDefaultSubnetRequest', 'CreateDefaultSubnetResult'),
    'CreateDefaultVpc': ('ec2', 'CreateDefaultVpcRequest', 'CreateDefaultVpcResult'),
    'CreateManagedPrefixList': ('ec2', 'CreateManagedPrefixListRequest', 'CreateManagedPrefixListResult'),
    'CreateNetworkInterface': ('ec2', 'CreateNetworkInterfaceRequest', 'CreateNetworkInterfaceResult'),
    'CreateSecurityGroup': ('ec2', 'CreateSecurityGroupRequest', 'CreateSecurityGroupResult'),
    'CreateSubnet': ('ec2', 'CreateSubnetRequest', 'CreateSubnetResult'),
    'CreateTags': ('ec2', 'CreateTagsRequest', None),
    'CreateVpc': ('ec2', 'CreateVpcRequest', 'CreateVpcResult'),
    'CreateVpcPeeringConnection': ('ec2', 'CreateVpcPeeringConnectionRequest', 'CreateVpcPeeringConnectionResult'),
    'DeleteManagedPrefixList': ('ec2', 'DeleteManagedPrefixListRequest', 'DeleteManagedPrefixListResult'),
    'DeleteNetworkInterface': ('ec2', 'DeleteNetworkInterfaceRequest', None),
    'DeleteSecurityGroup': ('ec2', 'DeleteSecurityGroupRequest', 'DeleteSecurityGroupResult'),
    'DeleteSubnet': ('ec2', 'DeleteSubnetRequest', None),
    'DeleteTags': ('ec2', 'DeleteTagsRequest', None),
    'DeleteVpc': ('ec2', 'DeleteVpcRequest', None),
    'DeleteVpcPeeringConnection': ('ec2', 'DeleteVpcPeeringConnectionRequest', 'DeleteVpcPeeringConnectionResult'),
    'DescribeAccountAttributes': ('ec2', 'DescribeAccountAttributesRequest', 'DescribeAccountAttributesResult'),
    'DescribeAvailabilityZones': ('ec2', 'DescribeAvailabilityZonesRequest', 'DescribeAvailabilityZonesResult'),
    'DescribeInstanceAttribute': ('ec2', 'DescribeInstanceAttributeRequest', 'InstanceAttribute'),
    'DescribeInstances': ('ec2', 'DescribeInstancesRequest', 'DescribeInstancesResult'),
    'DescribeManagedPrefixLists': ('ec2', 'DescribeManagedPrefixListsRequest', 'DescribeManagedPrefixListsResult'),
    'DescribeNetworkInterfaceAttribute': ('ec2', 'DescribeNetworkInterfaceAttributeRequest',
        'DescribeNetworkInterfaceAttributeResult'),
    'DescribeNetworkInterfaces': ('ec2', 'DescribeNetworkInterfacesRequest', 'DescribeNetworkInterfacesResult'),
    'DescribePrefixLists': ('ec2', 'DescribePrefixListsRequest', 'DescribePrefixListsResult'),
    'DescribeRegions': ('ec2', 'DescribeRegionsRequest', 'DescribeRegionsResult'),
    'DescribeSecurityGroupReferences': ('ec2', 'DescribeSecurityGroupReferencesRequest',
        'DescribeSecurityGroupReferencesResult'),
    'DescribeSecurityGroupRules': ('ec2', 'DescribeSecurityGroupRulesRequest', 'DescribeSecurityGroupRulesResult'),
    'DescribeSecurityGroupVpcAssociations': ('ec2', 'DescribeSecurityGroupVpcAssociationsRequest',
        'DescribeSecurityGroupVpcAssociationsResult'),
    'DescribeSecurityGroups': ('ec2', 'DescribeSecurityGroupsRequest', 'DescribeSecurityGroupsResult'),
    'DescribeStaleSecurityGroups': ('ec2', 'DescribeStaleSecurityGroupsRequest', 'DescribeStaleSecurityGroupsResult'),
    'DescribeSubnets': ('ec2', 'DescribeSubnetsRequest', 'DescribeSubnetsResult'),
    'DescribeTags': ('ec2', 'DescribeTagsRequest', 'DescribeTagsResult'),
    'DescribeVpcAttribute': ('ec2', 'DescribeVpcAttributeRequest', 'DescribeVpcAttributeResult'),
    'DescribeVpcPeeringConnections': ('ec2', 'DescribeVpcPeeringConnectionsRequest',
        'DescribeVpcPeeringConnectionsResult'),
    'DescribeVpcs': ('ec2', 'DescribeVpcsRequest', 'DescribeVpcsResult'),
    'DetachNetworkInterface': ('ec2', 'DetachNetworkInterfaceRequest', None),
    'DisassociateSecurityGroupVpc': ('ec2', 'DisassociateSecurityGroupVpcRequest',
        'DisassociateSecurityGroupVpcResult'),
    'DisassociateVpcCidrBlock': ('ec2', 'DisassociateVpcCidrBlockRequest', 'DisassociateVpcCidrBlockResult'),
    'GetManagedPrefixListAssociations': ('ec2', 'GetManagedPrefixListAssociationsRequest',
        'GetManagedPrefixListAssociationsResult'),
    'GetManagedPrefixListEntries': ('ec2', 'GetManagedPrefixListEntriesRequest', 'GetManagedPrefixListEntriesResult'),
    'GetSecurityGroupsForVpc': ('ec2', 'GetSecurityGroupsForVpcRequest', 'GetSecurityGroupsForVpcResult'),
    'ModifyInstanceAttribute': ('ec2', 'ModifyInstanceAttributeRequest', None),
    'ModifyManagedPrefixList': ('ec2', 'ModifyManagedPrefixListRequest', 'ModifyManagedPrefixListResult'),
    'ModifyNetworkInterfaceAttribute': ('ec2', 'ModifyNetworkInterfaceAttributeRequest', None),
    'ModifySecurityGroupRules': ('ec2', 'ModifySecurityGroupRulesRequest', 'ModifySecurityGroupRulesResult'),
    'ModifyVpcAttribute': ('ec2', 'ModifyVpcAttributeRequest', None),
    'RejectVpcPeeringConnection': ('ec2', 'RejectVpcPeeringConnectionRequest', 'RejectVpcPeeringConnectionResult'),
    'RestoreManagedPrefixListVersion': ('ec2', 'RestoreManagedPrefixListVersionRequest',
        'RestoreManagedPrefixListVersionResult'),
    'RevokeSecurityGroupEgress': ('ec2', 'RevokeSecurityGroupEgressRequest', 'RevokeSecurityGroupEgressResult'),
    'RevokeSecurityGroupIngress': ('ec2', 'RevokeSecurityGroupIngressRequest', 'RevokeSecurityGroupIngressResult'),
    'UnassignIpv6Addresses': ('ec2', 'UnassignIpv6AddressesRequest', 'UnassignIpv6AddressesResult'),
    'UnassignPrivateIpAddresses': ('ec2', 'UnassignPrivateIpAddressesRequest', None),
    'UpdateSecurityGroupRuleDescriptionsEgress': ('ec2', 'UpdateSecurityGroupRuleDescriptionsEgressRequest',
        'UpdateSecurityGroupRuleDescriptionsEgressResult'),
    'UpdateSecurityGroupRuleDescriptionsIngress': ('ec2', 'UpdateSecurityGroupRuleDescriptionsIngressRequest',
        'UpdateSecurityGroupRuleDescriptionsIngressResult'),
    'AssumeRole': ('sts', 'AssumeRoleRequest', 'AssumeRoleResponse'),
    'DecodeAuthorizationMessage': ('sts', 'DecodeAuthorizationMessageRequest', 'DecodeAuthorizationMessageResponse'),
    'GetCallerIdentity': ('sts', 'GetCallerIdentityRequest', 'GetCallerIdentityResponse'),
    'GetSessionToken': ('sts', 'GetSessionTokenRequest', 'GetSessionTokenResponse'),
}
"""Operation -> (service, structure of the request, structure of the answer)."""


INPUTS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    'AcceptVpcPeeringConnectionRequest': {'DryRun': ('DryRun', 'boolean'), 'VpcPeeringConnectionId':
        ('VpcPeeringConnectionId', 'string')},
    'AssignIpv6AddressesRequest': {'Ipv6PrefixCount': ('Ipv6PrefixCount', 'integer'), 'Ipv6Prefix': ('Ipv6Prefixes',
        '[string]'), 'NetworkInterfaceId': ('NetworkInterfaceId', 'string'), 'Ipv6Addresses': ('Ipv6Addresses',
        '[string]'), 'Ipv6AddressCount': ('Ipv6AddressCount', 'integer')},
    'AssignPrivateIpAddressesRequest': {'Ipv4Prefix': ('Ipv4Prefixes', '[string]'), 'Ipv4PrefixCount':
        ('Ipv4PrefixCount', 'integer'), 'NetworkInterfaceId': ('NetworkInterfaceId', 'string'), 'PrivateIpAddress':
        ('PrivateIpAddresses', '[string]'), 'SecondaryPrivateIpAddressCount': ('SecondaryPrivateIpAddressCount',
        'integer'), 'AllowReassignment': ('AllowReassignment', 'boolean')},
    'AssociateSecurityGroupVpcRequest': {'GroupId': ('GroupId', 'string'), 'VpcId': ('VpcId', 'string'), 'DryRun':
        ('DryRun', 'boolean')},
    'AssociateVpcCidrBlockRequest': {'CidrBlock': ('CidrBlock', 'string'), 'Ipv6CidrBlockNetworkBorderGroup':
        ('Ipv6CidrBlockNetworkBorderGroup', 'string'), 'Ipv6Pool': ('Ipv6Pool', 'string'), 'Ipv6CidrBlock':
        ('Ipv6CidrBlock', 'string'), 'Ipv4IpamPoolId': ('Ipv4IpamPoolId', 'string'), 'Ipv4NetmaskLength':
        ('Ipv4NetmaskLength', 'integer'), 'Ipv6IpamPoolId': ('Ipv6IpamPoolId', 'string'), 'Ipv6NetmaskLength':
        ('Ipv6NetmaskLength', 'integer'), 'VpcId': ('VpcId', 'string'), 'AmazonProvidedIpv6CidrBlock':
        ('AmazonProvidedIpv6CidrBlock', 'boolean')},
    'EnaSrdUdpSpecification': {'EnaSrdUdpEnabled': ('EnaSrdUdpEnabled', 'boolean')},
    'EnaSrdSpecification': {'EnaSrdEnabled': ('EnaSrdEnabled', 'boolean'), 'EnaSrdUdpSpecification':
        ('EnaSrdUdpSpecification', 'EnaSrdUdpSpecification')},
    'AttachNetworkInterfaceRequest': {'NetworkCardIndex': ('NetworkCardIndex', 'integer'), 'EnaSrdSpecification':
        ('EnaSrdSpecification', 'EnaSrdSpecification'), 'EnaQueueCount': ('EnaQueueCount', 'integer'), 'DryRun':
        ('DryRun', 'boolean'), 'NetworkInterfaceId': ('NetworkInterfaceId', 'string'), 'InstanceId': ('InstanceId',
        'string'), 'DeviceIndex': ('DeviceIndex', 'integer')},
    'Tag': {'Key': ('Key', 'string'), 'Value': ('Value', 'string')},
    'TagSpecification': {'ResourceType': ('ResourceType', 'string'), 'Tag': ('Tags', '[Tag]')},
    'UserIdGroupPair': {'Description': ('Description', 'string'), 'UserId': ('UserId', 'string'), 'GroupName':
        ('GroupName', 'string'), 'GroupId': ('GroupId', 'string'), 'VpcId': ('VpcId', 'string'),
        'VpcPeeringConnectionId': ('VpcPeeringConnectionId', 'string'), 'PeeringStatus': ('PeeringStatus', 'string')},
    'IpRange': {'Description': ('Description', 'string'), 'CidrIp': ('CidrIp', 'string')},
    'Ipv6Range': {'Description': ('Description', 'string'), 'CidrIpv6': ('CidrIpv6', 'string')},
    'PrefixListId': {'Description': ('Description', 'string'), 'PrefixListId': ('PrefixListId', 'string')},
    'IpPermission': {'IpProtocol': ('IpProtocol', 'string'), 'FromPort': ('FromPort', 'integer'), 'ToPort': ('ToPort',
        'integer'), 'Groups': ('UserIdGroupPairs', '[UserIdGroupPair]'), 'IpRanges': ('IpRanges', '[IpRange]'),
        'Ipv6Ranges': ('Ipv6Ranges', '[Ipv6Range]'), 'PrefixListIds': ('PrefixListIds', '[PrefixListId]')},
    'AuthorizeSecurityGroupEgressRequest': {'TagSpecification': ('TagSpecifications', '[TagSpecification]'), 'DryRun':
        ('DryRun', 'boolean'), 'GroupId': ('GroupId', 'string'), 'SourceSecurityGroupName':
        ('SourceSecurityGroupName', 'string'), 'SourceSecurityGroupOwnerId': ('SourceSecurityGroupOwnerId', 'string'),
        'IpProtocol': ('IpProtocol', 'string'), 'FromPort': ('FromPort', 'integer'), 'ToPort': ('ToPort', 'integer'),
        'CidrIp': ('CidrIp', 'string'), 'IpPermissions': ('IpPermissions', '[IpPermission]')},
    'AuthorizeSecurityGroupIngressRequest': {'CidrIp': ('CidrIp', 'string'), 'FromPort': ('FromPort', 'integer'),
        'GroupId': ('GroupId', 'string'), 'GroupName': ('GroupName', 'string'), 'IpPermissions': ('IpPermissions',
        '[IpPermission]'), 'IpProtocol': ('IpProtocol', 'string'), 'SourceSecurityGroupName':
        ('SourceSecurityGroupName', 'string'), 'SourceSecurityGroupOwnerId': ('SourceSecurityGroupOwnerId', 'string'),
        'ToPort': ('ToPort', 'integer'), 'TagSpecification': ('TagSpecifications', '[TagSpecification]'), 'DryRun':
        ('DryRun', 'boolean')},
    'CreateDefaultSubnetRequest': {'AvailabilityZone': ('AvailabilityZone', 'string'), 'DryRun': ('DryRun',
        'boolean'), 'Ipv6Native': ('Ipv6Native', 'boolean'), 'AvailabilityZoneId': ('AvailabilityZoneId', 'string')},
    'CreateDefaultVpcRequest': {'DryRun': ('DryRun', 'boolean')},
    'AddPrefixListEntry': {'Cidr': ('Cidr', 'string'), 'Description': ('Description', 'string')},
    'CreateManagedPrefixListRequest': {'DryRun': ('DryRun', 'boolean'), 'PrefixListName': ('PrefixListName',
        'string'), 'Entry': ('Entries', '[AddPrefixListEntry]'), 'MaxEntries': ('MaxEntries', 'integer'),
        'TagSpecification': ('TagSpecifications', '[TagSpecification]'), 'AddressFamily': ('AddressFamily', 'string'),
        'ClientToken': ('ClientToken', 'string')},
    'Ipv4PrefixSpecificationRequest': {'Ipv4Prefix': ('Ipv4Prefix', 'string')},
    'Ipv6PrefixSpecificationRequest': {'Ipv6Prefix': ('Ipv6Prefix', 'string')},
    'ConnectionTrackingSpecificationRequest': {'TcpEstablishedTimeout': ('TcpEstablishedTimeout', 'integer'),
        'UdpStreamTimeout': ('UdpStreamTimeout', 'integer'), 'UdpTimeout': ('UdpTimeout', 'integer')},
    'OperatorRequest': {'Principal': ('Principal', 'string')},
    'PrivateIpAddressSpecification': {'Primary': ('Primary', 'boolean'), 'PrivateIpAddress': ('PrivateIpAddress',
        'string')},
    'InstanceIpv6Address': {'Ipv6Address': ('Ipv6Address', 'string'), 'IsPrimaryIpv6': ('IsPrimaryIpv6', 'boolean')},
    'CreateNetworkInterfaceRequest': {'Ipv4Prefix': ('Ipv4Prefixes', '[Ipv4PrefixSpecificationRequest]'),
        'Ipv4PrefixCount': ('Ipv4PrefixCount', 'integer'), 'Ipv6Prefix': ('Ipv6Prefixes',
        '[Ipv6PrefixSpecificationRequest]'), 'Ipv6PrefixCount': ('Ipv6PrefixCount', 'integer'), 'InterfaceType':
        ('InterfaceType', 'string'), 'TagSpecification': ('TagSpecifications', '[TagSpecification]'), 'ClientToken':
        ('ClientToken', 'string'), 'EnablePrimaryIpv6': ('EnablePrimaryIpv6', 'boolean'),
        'ConnectionTrackingSpecification': ('ConnectionTrackingSpecification',
        'ConnectionTrackingSpecificationRequest'), 'Operator': ('Operator', 'OperatorRequest'), 'SubnetId':
        ('SubnetId', 'string'), 'Description': ('Description', 'string'), 'PrivateIpAddress': ('PrivateIpAddress',
        'string'), 'SecurityGroupId': ('Groups', '[string]'), 'PrivateIpAddresses': ('PrivateIpAddresses',
        '[PrivateIpAddressSpecification]'), 'SecondaryPrivateIpAddressCount': ('SecondaryPrivateIpAddressCount',
        'integer'), 'Ipv6Addresses': ('Ipv6Addresses', '[InstanceIpv6Address]'), 'Ipv6AddressCount':
        ('Ipv6AddressCount', 'integer'), 'DryRun': ('DryRun', 'boolean')},
    'CreateSecurityGroupRequest': {'GroupDescription': ('Description', 'string'), 'GroupName': ('GroupName',
        'string'), 'VpcId': ('VpcId', 'string'), 'TagSpecification': ('TagSpecifications', '[TagSpecification]'),
        'DryRun': ('DryRun', 'boolean')},
    'CreateSubnetRequest': {'TagSpecification': ('TagSpecifications', '[TagSpecification]'), 'AvailabilityZone':
        ('AvailabilityZone', 'string'), 'AvailabilityZoneId': ('AvailabilityZoneId', 'string'), 'CidrBlock':
        ('CidrBlock', 'string'), 'Ipv6CidrBlock': ('Ipv6CidrBlock', 'string'), 'OutpostArn': ('OutpostArn', 'string'),
        'VpcId': ('VpcId', 'string'), 'Ipv6Native': ('Ipv6Native', 'boolean'), 'Ipv4IpamPoolId': ('Ipv4IpamPoolId',
        'string'), 'Ipv4NetmaskLength': ('Ipv4NetmaskLength', 'integer'), 'Ipv6IpamPoolId': ('Ipv6IpamPoolId',
        'string'), 'Ipv6NetmaskLength': ('Ipv6NetmaskLength', 'integer'), 'DryRun': ('DryRun', 'boolean')},
    'CreateTagsRequest': {'DryRun': ('DryRun', 'boolean'), 'ResourceId': ('Resources', '[string]'), 'Tag': ('Tags',
        '[Tag]')},
    'VpcEncryptionControlConfiguration': {'Mode': ('Mode', 'string'), 'InternetGatewayExclusion':
        ('InternetGatewayExclusion', 'string'), 'EgressOnlyInternetGatewayExclusion':
        ('EgressOnlyInternetGatewayExclusion', 'string'), 'NatGatewayExclusion': ('NatGatewayExclusion', 'string'),
        'VirtualPrivateGatewayExclusion': ('VirtualPrivateGatewayExclusion', 'string'), 'VpcPeeringExclusion':
        ('VpcPeeringExclusion', 'string'), 'LambdaExclusion': ('LambdaExclusion', 'string'), 'VpcLatticeExclusion':
        ('VpcLatticeExclusion', 'string'), 'ElasticFileSystemExclusion': ('ElasticFileSystemExclusion', 'string'),
        'GlobalAcceleratorExclusion': ('GlobalAcceleratorExclusion', 'string'), 'ApiGatewayV2Exclusion':
        ('ApiGatewayV2Exclusion', 'string')},
    'CreateVpcRequest': {'CidrBlock': ('CidrBlock', 'string'), 'Ipv6Pool': ('Ipv6Pool', 'string'), 'Ipv6CidrBlock':
        ('Ipv6CidrBlock', 'string'), 'Ipv4IpamPoolId': ('Ipv4IpamPoolId', 'string'), 'Ipv4NetmaskLength':
        ('Ipv4NetmaskLength', 'integer'), 'Ipv6IpamPoolId': ('Ipv6IpamPoolId', 'string'), 'Ipv6NetmaskLength':
        ('Ipv6NetmaskLength', 'integer'), 'Ipv6CidrBlockNetworkBorderGroup': ('Ipv6CidrBlockNetworkBorderGroup',
        'string'), 'VpcEncryptionControl': ('VpcEncryptionControl', 'VpcEncryptionControlConfiguration'),
        'TagSpecification': ('TagSpecifications', '[TagSpecification]'), 'DryRun': ('DryRun', 'boolean'),
        'InstanceTenancy': ('InstanceTenancy', 'string'), 'AmazonProvidedIpv6CidrBlock':
        ('AmazonProvidedIpv6CidrBlock', 'boolean')},
    'CreatePeeringConnectionOptionsRequest': {'AllowMultipathResilience': ('AllowMultipathResilience', 'boolean'),
        'MultipathResilienceMode': ('MultipathResilienceMode', 'string')},
    'CreateVpcPeeringConnectionRequest': {'PeerRegion': ('PeerRegion', 'string'), 'TagSpecification':
        ('TagSpecifications', '[TagSpecification]'), 'RequesterPeeringConnectionOptions':
        ('RequesterPeeringConnectionOptions', 'CreatePeeringConnectionOptionsRequest'), 'DryRun': ('DryRun',
        'boolean'), 'VpcId': ('VpcId', 'string'), 'PeerVpcId': ('PeerVpcId', 'string'), 'PeerOwnerId': ('PeerOwnerId',
        'string')},
    'DeleteManagedPrefixListRequest': {'DryRun': ('DryRun', 'boolean'), 'PrefixListId': ('PrefixListId', 'string')},
    'DeleteNetworkInterfaceRequest': {'DryRun': ('DryRun', 'boolean'), 'NetworkInterfaceId': ('NetworkInterfaceId',
        'string')},
    'DeleteSecurityGroupRequest': {'GroupId': ('GroupId', 'string'), 'GroupName': ('GroupName', 'string'), 'DryRun':
        ('DryRun', 'boolean')},
    'DeleteSubnetRequest': {'SubnetId': ('SubnetId', 'string'), 'DryRun': ('DryRun', 'boolean')},
    'DeleteTagsRequest': {'DryRun': ('DryRun', 'boolean'), 'ResourceId': ('Resources', '[string]'), 'Tag': ('Tags',
        '[Tag]')},
    'DeleteVpcRequest': {'VpcId': ('VpcId', 'string'), 'DryRun': ('DryRun', 'boolean')},
    'DeleteVpcPeeringConnectionRequest': {'DryRun': ('DryRun', 'boolean'), 'VpcPeeringConnectionId':
        ('VpcPeeringConnectionId', 'string')},
    'DescribeAccountAttributesRequest': {'DryRun': ('DryRun', 'boolean'), 'AttributeName': ('AttributeNames',
        '[string]')},
    'Filter': {'Name': ('Name', 'string'), 'Value': ('Values', '[string]')},
    'DescribeAvailabilityZonesRequest': {'ZoneName': ('ZoneNames', '[string]'), 'ZoneId': ('ZoneIds', '[string]'),
        'AllAvailabilityZones': ('AllAvailabilityZones', 'boolean'), 'DryRun': ('DryRun', 'boolean'), 'Filter':
        ('Filters', '[Filter]')},
    'DescribeInstanceAttributeRequest': {'DryRun': ('DryRun', 'boolean'), 'InstanceId': ('InstanceId', 'string'),
        'Attribute': ('Attribute', 'string')},
    'DescribeInstancesRequest': {'InstanceId': ('InstanceIds', '[string]'), 'IncludeManagedResources':
        ('IncludeManagedResources', 'boolean'), 'DryRun': ('DryRun', 'boolean'), 'Filter': ('Filters', '[Filter]'),
        'NextToken': ('NextToken', 'string'), 'MaxResults': ('MaxResults', 'integer')},
    'DescribeManagedPrefixListsRequest': {'DryRun': ('DryRun', 'boolean'), 'Filter': ('Filters', '[Filter]'),
        'MaxResults': ('MaxResults', 'integer'), 'NextToken': ('NextToken', 'string'), 'PrefixListId':
        ('PrefixListIds', '[string]')},
    'DescribeNetworkInterfaceAttributeRequest': {'DryRun': ('DryRun', 'boolean'), 'NetworkInterfaceId':
        ('NetworkInterfaceId', 'string'), 'Attribute': ('Attribute', 'string')},
    'DescribeNetworkInterfacesRequest': {'NextToken': ('NextToken', 'string'), 'MaxResults': ('MaxResults',
        'integer'), 'IncludeManagedResources': ('IncludeManagedResources', 'boolean'), 'DryRun': ('DryRun',
        'boolean'), 'NetworkInterfaceId': ('NetworkInterfaceIds', '[string]'), 'Filter': ('Filters', '[Filter]')},
    'DescribePrefixListsRequest': {'DryRun': ('DryRun', 'boolean'), 'Filter': ('Filters', '[Filter]'), 'MaxResults':
        ('MaxResults', 'integer'), 'NextToken': ('NextToken', 'string'), 'PrefixListId': ('PrefixListIds',
        '[string]')},
    'DescribeRegionsRequest': {'RegionName': ('RegionNames', '[string]'), 'AllRegions': ('AllRegions', 'boolean'),
        'DryRun': ('DryRun', 'boolean'), 'Filter': ('Filters', '[Filter]')},
    'DescribeSecurityGroupReferencesRequest': {'DryRun': ('DryRun', 'boolean'), 'GroupId': ('GroupId', '[string]')},
    'DescribeSecurityGroupRulesRequest': {'Filter': ('Filters', '[Filter]'), 'SecurityGroupRuleId':
        ('SecurityGroupRuleIds', '[string]'), 'DryRun': ('DryRun', 'boolean'), 'NextToken': ('NextToken', 'string'),
        'MaxResults': ('MaxResults', 'integer')},
    'DescribeSecurityGroupVpcAssociationsRequest': {'Filter': ('Filters', '[Filter]'), 'NextToken': ('NextToken',
        'string'), 'MaxResults': ('MaxResults', 'integer'), 'DryRun': ('DryRun', 'boolean')},
    'DescribeSecurityGroupsRequest': {'GroupId': ('GroupIds', '[string]'), 'GroupName': ('GroupNames', '[string]'),
        'NextToken': ('NextToken', 'string'), 'MaxResults': ('MaxResults', 'integer'), 'DryRun': ('DryRun',
        'boolean'), 'Filter': ('Filters', '[Filter]')},
    'DescribeStaleSecurityGroupsRequest': {'DryRun': ('DryRun', 'boolean'), 'MaxResults': ('MaxResults', 'integer'),
        'NextToken': ('NextToken', 'string'), 'VpcId': ('VpcId', 'string')},
    'DescribeSubnetsRequest': {'Filter': ('Filters', '[Filter]'), 'SubnetId': ('SubnetIds', '[string]'), 'NextToken':
        ('NextToken', 'string'), 'MaxResults': ('MaxResults', 'integer'), 'DryRun': ('DryRun', 'boolean')},
    'DescribeTagsRequest': {'DryRun': ('DryRun', 'boolean'), 'Filter': ('Filters', '[Filter]'), 'MaxResults':
        ('MaxResults', 'integer'), 'NextToken': ('NextToken', 'string')},
    'DescribeVpcAttributeRequest': {'Attribute': ('Attribute', 'string'), 'VpcId': ('VpcId', 'string'), 'DryRun':
        ('DryRun', 'boolean')},
    'DescribeVpcPeeringConnectionsRequest': {'NextToken': ('NextToken', 'string'), 'MaxResults': ('MaxResults',
        'integer'), 'DryRun': ('DryRun', 'boolean'), 'VpcPeeringConnectionId': ('VpcPeeringConnectionIds',
        '[string]'), 'Filter': ('Filters', '[Filter]')},
    'DescribeVpcsRequest': {'Filter': ('Filters', '[Filter]'), 'VpcId': ('VpcIds', '[string]'), 'NextToken':
        ('NextToken', 'string'), 'MaxResults': ('MaxResults', 'integer'), 'DryRun': ('DryRun', 'boolean')},
    'DetachNetworkInterfaceRequest': {'DryRun': ('DryRun', 'boolean'), 'AttachmentId': ('AttachmentId', 'string'),
        'Force': ('Force', 'boolean')},
    'DisassociateSecurityGroupVpcRequest': {'GroupId': ('GroupId', 'string'), 'VpcId': ('VpcId', 'string'), 'DryRun':
        ('DryRun', 'boolean')},
    'DisassociateVpcCidrBlockRequest': {'AssociationId': ('AssociationId', 'string')},
    'GetManagedPrefixListAssociationsRequest': {'DryRun': ('DryRun', 'boolean'), 'PrefixListId': ('PrefixListId',
        'string'), 'MaxResults': ('MaxResults', 'integer'), 'NextToken': ('NextToken', 'string')},
    'GetManagedPrefixListEntriesRequest': {'DryRun': ('DryRun', 'boolean'), 'PrefixListId': ('PrefixListId',
        'string'), 'TargetVersion': ('TargetVersion', 'long'), 'MaxResults': ('MaxResults', 'integer'), 'NextToken':
        ('NextToken', 'string')},
    'GetSecurityGroupsForVpcRequest': {'VpcId': ('VpcId', 'string'), 'NextToken': ('NextToken', 'string'),
        'MaxResults': ('MaxResults', 'integer'), 'Filter': ('Filters', '[Filter]'), 'DryRun': ('DryRun', 'boolean')},
    'AttributeBooleanValue': {'Value': ('Value', 'boolean')},
    'EnclaveOptionsRequest': {'Enabled': ('Enabled', 'boolean')},
    'EbsInstanceBlockDeviceSpecification': {'VolumeId': ('VolumeId', 'string'), 'DeleteOnTermination':
        ('DeleteOnTermination', 'boolean')},
    'InstanceBlockDeviceMappingSpecification': {'DeviceName': ('DeviceName', 'string'), 'Ebs': ('Ebs',
        'EbsInstanceBlockDeviceSpecification'), 'VirtualName': ('VirtualName', 'string'), 'NoDevice': ('NoDevice',
        'string')},
    'AttributeValue': {'Value': ('Value', 'string')},
    'SecureBlobAttributeValue': {'Value': ('Value', 'blob')},
    'ModifyInstanceAttributeRequest': {'SourceDestCheck': ('SourceDestCheck', 'AttributeBooleanValue'),
        'EnclaveOptions': ('EnclaveOptions', 'EnclaveOptionsRequest'), 'DisableApiStop': ('DisableApiStop',
        'AttributeBooleanValue'), 'DryRun': ('DryRun', 'boolean'), 'InstanceId': ('InstanceId', 'string'),
        'Attribute': ('Attribute', 'string'), 'Value': ('Value', 'string'), 'BlockDeviceMapping':
        ('BlockDeviceMappings', '[InstanceBlockDeviceMappingSpecification]'), 'DisableApiTermination':
        ('DisableApiTermination', 'AttributeBooleanValue'), 'InstanceType': ('InstanceType', 'AttributeValue'),
        'Kernel': ('Kernel', 'AttributeValue'), 'Ramdisk': ('Ramdisk', 'AttributeValue'), 'UserData': ('UserData',
        'SecureBlobAttributeValue'), 'InstanceInitiatedShutdownBehavior': ('InstanceInitiatedShutdownBehavior',
        'AttributeValue'), 'GroupId': ('Groups', '[string]'), 'EbsOptimized': ('EbsOptimized',
        'AttributeBooleanValue'), 'SriovNetSupport': ('SriovNetSupport', 'AttributeValue'), 'EnaSupport':
        ('EnaSupport', 'AttributeBooleanValue')},
    'RemovePrefixListEntry': {'Cidr': ('Cidr', 'string')},
    'ModifyManagedPrefixListRequest': {'DryRun': ('DryRun', 'boolean'), 'PrefixListId': ('PrefixListId', 'string'),
        'CurrentVersion': ('CurrentVersion', 'long'), 'PrefixListName': ('PrefixListName', 'string'), 'AddEntry':
        ('AddEntries', '[AddPrefixListEntry]'), 'RemoveEntry': ('RemoveEntries', '[RemovePrefixListEntry]'),
        'MaxEntries': ('MaxEntries', 'integer'), 'IpamPrefixListResolverSyncEnabled':
        ('IpamPrefixListResolverSyncEnabled', 'boolean')},
    'NetworkInterfaceAttachmentChanges': {'DefaultEnaQueueCount': ('DefaultEnaQueueCount', 'boolean'),
        'EnaQueueCount': ('EnaQueueCount', 'integer'), 'AttachmentId': ('AttachmentId', 'string'),
        'DeleteOnTermination': ('DeleteOnTermination', 'boolean')},
    'ModifyNetworkInterfaceAttributeRequest': {'EnaSrdSpecification': ('EnaSrdSpecification', 'EnaSrdSpecification'),
        'EnablePrimaryIpv6': ('EnablePrimaryIpv6', 'boolean'), 'ConnectionTrackingSpecification':
        ('ConnectionTrackingSpecification', 'ConnectionTrackingSpecificationRequest'), 'AssociatePublicIpAddress':
        ('AssociatePublicIpAddress', 'boolean'), 'AssociatedSubnetId': ('AssociatedSubnetIds', '[string]'), 'DryRun':
        ('DryRun', 'boolean'), 'NetworkInterfaceId': ('NetworkInterfaceId', 'string'), 'Description': ('Description',
        'AttributeValue'), 'SourceDestCheck': ('SourceDestCheck', 'AttributeBooleanValue'), 'SecurityGroupId':
        ('Groups', '[string]'), 'Attachment': ('Attachment', 'NetworkInterfaceAttachmentChanges')},
    'SecurityGroupRuleRequest': {'IpProtocol': ('IpProtocol', 'string'), 'FromPort': ('FromPort', 'integer'),
        'ToPort': ('ToPort', 'integer'), 'CidrIpv4': ('CidrIpv4', 'string'), 'CidrIpv6': ('CidrIpv6', 'string'),
        'PrefixListId': ('PrefixListId', 'string'), 'ReferencedGroupId': ('ReferencedGroupId', 'string'),
        'Description': ('Description', 'string')},
    'SecurityGroupRuleUpdate': {'SecurityGroupRuleId': ('SecurityGroupRuleId', 'string'), 'SecurityGroupRule':
        ('SecurityGroupRule', 'SecurityGroupRuleRequest')},
    'ModifySecurityGroupRulesRequest': {'GroupId': ('GroupId', 'string'), 'SecurityGroupRule': ('SecurityGroupRules',
        '[SecurityGroupRuleUpdate]'), 'DryRun': ('DryRun', 'boolean')},
    'ModifyVpcAttributeRequest': {'EnableDnsHostnames': ('EnableDnsHostnames', 'AttributeBooleanValue'),
        'EnableDnsSupport': ('EnableDnsSupport', 'AttributeBooleanValue'), 'VpcId': ('VpcId', 'string'),
        'EnableNetworkAddressUsageMetrics': ('EnableNetworkAddressUsageMetrics', 'AttributeBooleanValue')},
    'RejectVpcPeeringConnectionRequest': {'DryRun': ('DryRun', 'boolean'), 'VpcPeeringConnectionId':
        ('VpcPeeringConnectionId', 'string')},
    'RestoreManagedPrefixListVersionRequest': {'DryRun': ('DryRun', 'boolean'), 'PrefixListId': ('PrefixListId',
        'string'), 'PreviousVersion': ('PreviousVersion', 'long'), 'CurrentVersion': ('CurrentVersion', 'long')},
    'RevokeSecurityGroupEgressRequest': {'SecurityGroupRuleId': ('SecurityGroupRuleIds', '[string]'), 'DryRun':
        ('DryRun', 'boolean'), 'GroupId': ('GroupId', 'string'), 'SourceSecurityGroupName':
        ('SourceSecurityGroupName', 'string'), 'SourceSecurityGroupOwnerId': ('SourceSecurityGroupOwnerId', 'string'),
        'IpProtocol': ('IpProtocol', 'string'), 'FromPort': ('FromPort', 'integer'), 'ToPort': ('ToPort', 'integer'),
        'CidrIp': ('CidrIp', 'string'), 'IpPermissions': ('IpPermissions', '[IpPermission]')},
    'RevokeSecurityGroupIngressRequest': {'CidrIp': ('CidrIp', 'string'), 'FromPort': ('FromPort', 'integer'),
        'GroupId': ('GroupId', 'string'), 'GroupName': ('GroupName', 'string'), 'IpPermissions': ('IpPermissions',
        '[IpPermission]'), 'IpProtocol': ('IpProtocol', 'string'), 'SourceSecurityGroupName':
        ('SourceSecurityGroupName', 'string'), 'SourceSecurityGroupOwnerId': ('SourceSecurityGroupOwnerId', 'string'),
        'ToPort': ('ToPort', 'integer'), 'SecurityGroupRuleId': ('SecurityGroupRuleIds', '[string]'), 'DryRun':
        ('DryRun', 'boolean')},
    'UnassignIpv6AddressesRequest': {'Ipv6Prefix': ('Ipv6Prefixes', '[string]'), 'NetworkInterfaceId':
        ('NetworkInterfaceId', 'string'), 'Ipv6Addresses': ('Ipv6Addresses', '[string]')},
    'UnassignPrivateIpAddressesRequest': {'Ipv4Prefix': ('Ipv4Prefixes', '[string]'), 'NetworkInterfaceId':
        ('NetworkInterfaceId', 'string'), 'PrivateIpAddress': ('PrivateIpAddresses', '[string]')},
    'SecurityGroupRuleDescription': {'SecurityGroupRuleId': ('SecurityGroupRuleId', 'string'), 'Description':
        ('Description', 'string')},
    'UpdateSecurityGroupRuleDescriptionsEgressRequest': {'DryRun': ('DryRun', 'boolean'), 'GroupId': ('GroupId',
        'string'), 'GroupName': ('GroupName', 'string'), 'IpPermissions': ('IpPermissions', '[IpPermission]'),
        'SecurityGroupRuleDescription': ('SecurityGroupRuleDescriptions', '[SecurityGroupRuleDescription]')},
    'UpdateSecurityGroupRuleDescriptionsIngressRequest': {'DryRun': ('DryRun', 'boolean'), 'GroupId': ('GroupId',
        'string'), 'GroupName': ('GroupName', 'string'), 'IpPermissions': ('IpPermissions', '[IpPermission]'),
        'SecurityGroupRuleDescription': ('SecurityGroupRuleDescriptions', '[SecurityGroupRuleDescription]')},
    'PolicyDescriptorType': {'arn': ('arn', 'string')},
    'ProvidedContext': {'ProviderArn': ('ProviderArn', 'string'), 'ContextAssertion': ('ContextAssertion', 'string')},
    'AssumeRoleRequest': {'RoleArn': ('RoleArn', 'string'), 'RoleSessionName': ('RoleSessionName', 'string'),
        'PolicyArns': ('PolicyArns', '[PolicyDescriptorType]'), 'Policy': ('Policy', 'string'), 'DurationSeconds':
        ('DurationSeconds', 'integer'), 'Tags': ('Tags', '[Tag]'), 'TransitiveTagKeys': ('TransitiveTagKeys',
        '[string]'), 'ExternalId': ('ExternalId', 'string'), 'SerialNumber': ('SerialNumber', 'string'), 'TokenCode':
        ('TokenCode', 'string'), 'SourceIdentity': ('SourceIdentity', 'string'), 'ProvidedContexts':
        ('ProvidedContexts', '[ProvidedContext]'), 'MinimumSessionTokenSize': ('MinimumSessionTokenSize', 'integer')},
    'DecodeAuthorizationMessageRequest': {'EncodedMessage': ('EncodedMessage', 'string')},
    'GetCallerIdentityRequest': {},
    'GetSessionTokenRequest': {'DurationSeconds': ('DurationSeconds', 'integer'), 'SerialNumber': ('SerialNumber',
        'string'), 'TokenCode': ('TokenCode', 'string'), 'MinimumSessionTokenSize': ('MinimumSessionTokenSize',
        'integer')},
}
"""Structure of a request -> wire name -> (member, type)."""


REQUIRED: Final[dict[str, tuple[str, ...]]] = {
    'AcceptVpcPeeringConnectionRequest': ('VpcPeeringConnectionId',),
    'AssignIpv6AddressesRequest': ('NetworkInterfaceId',),
    'AssignPrivateIpAddressesRequest': ('NetworkInterfaceId',),
    'AssociateSecurityGroupVpcRequest': ('GroupId', 'VpcId'),
    'AssociateVpcCidrBlockRequest': ('VpcId',),
    'AttachNetworkInterfaceRequest': ('NetworkInterfaceId', 'InstanceId', 'DeviceIndex'),
    'AuthorizeSecurityGroupEgressRequest': ('GroupId',),
    'AddPrefixListEntry': ('Cidr',),
    'CreateManagedPrefixListRequest': ('PrefixListName', 'MaxEntries', 'AddressFamily'),
    'CreateNetworkInterfaceRequest': ('SubnetId',),
    'CreateSecurityGroupRequest': ('GroupDescription', 'GroupName'),
    'CreateSubnetRequest': ('VpcId',),
    'CreateTagsRequest': ('ResourceId', 'Tag'),
    'VpcEncryptionControlConfiguration': ('Mode',),
    'CreateVpcPeeringConnectionRequest': ('VpcId',),
    'DeleteManagedPrefixListRequest': ('PrefixListId',),
    'DeleteNetworkInterfaceRequest': ('NetworkInterfaceId',),
    'DeleteSubnetRequest': ('SubnetId',),
    'DeleteTagsRequest': ('ResourceId',),
    'DeleteVpcRequest': ('VpcId',),
    'DeleteVpcPeeringConnectionRequest': ('VpcPeeringConnectionId',),
    'DescribeInstanceAttributeRequest': ('InstanceId', 'Attribute'),
    'DescribeNetworkInterfaceAttributeRequest': ('NetworkInterfaceId',),
    'DescribeSecurityGroupReferencesRequest': ('GroupId',),
    'DescribeStaleSecurityGroupsRequest': ('VpcId',),
    'DescribeVpcAttributeRequest': ('Attribute', 'VpcId'),
    'DetachNetworkInterfaceRequest': ('AttachmentId',),
    'DisassociateSecurityGroupVpcRequest': ('GroupId', 'VpcId'),
    'DisassociateVpcCidrBlockRequest': ('AssociationId',),
    'GetManagedPrefixListAssociationsRequest': ('PrefixListId',),
    'GetManagedPrefixListEntriesRequest': ('PrefixListId',),
    'GetSecurityGroupsForVpcRequest': ('VpcId',),
    'ModifyInstanceAttributeRequest': ('InstanceId',),
    'RemovePrefixListEntry': ('Cidr',),
    'ModifyManagedPrefixListRequest': ('PrefixListId',),
    'ModifyNetworkInterfaceAttributeRequest': ('NetworkInterfaceId',),
    'SecurityGroupRuleUpdate': ('SecurityGroupRuleId',),
    'ModifySecurityGroupRulesRequest': ('GroupId', 'SecurityGroupRule'),
    'ModifyVpcAttributeRequest': ('VpcId',),
    'RejectVpcPeeringConnectionRequest': ('VpcPeeringConnectionId',),
    'RestoreManagedPrefixListVersionRequest': ('PrefixListId', 'PreviousVersion', 'CurrentVersion'),
    'RevokeSecurityGroupEgressRequest': ('GroupId',),
    'UnassignIpv6AddressesRequest': ('NetworkInterfaceId',),
    'UnassignPrivateIpAddressesRequest': ('NetworkInterfaceId',),
    'AssumeRoleRequest': ('RoleArn', 'RoleSessionName'),
    'DecodeAuthorizationMessageRequest': ('EncodedMessage',),
}
"""Structure of a request -> wire names of the members it can't do without."""


OUTPUTS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    'Ipv6CidrBlock': {'Ipv6CidrBlock': ('ipv6CidrBlock', 'string')},
    'CidrBlock': {'CidrBlock': ('cidrBlock', 'string')},
    'VpcPeeringConnectionOptionsDescription': {'AllowDnsResolutionFromRemoteVpc': ('allowDnsResolutionFromRemoteVpc',
        'boolean'), 'AllowEgressFromLocalClassicLinkToRemoteVpc': ('allowEgressFromLocalClassicLinkToRemoteVpc',
        'boolean'), 'AllowEgressFromLocalVpcToRemoteClassicLink': ('allowEgressFromLocalVpcToRemoteClassicLink',
        'boolean'), 'AllowMultipathResilience': ('allowMultipathResilience', 'boolean'), 'MultipathResilienceMode':
        ('multipathResilienceMode', 'string')},
    'VpcPeeringConnectionVpcInfo': {'CidrBlock': ('cidrBlock', 'string'), 'Ipv6CidrBlockSet': ('ipv6CidrBlockSet',
        '[Ipv6CidrBlock]'), 'CidrBlockSet': ('cidrBlockSet', '[CidrBlock]'), 'OwnerId': ('ownerId', 'string'),
        'PeeringOptions': ('peeringOptions', 'VpcPeeringConnectionOptionsDescription'), 'VpcId': ('vpcId', 'string'),
        'Region': ('region', 'string')},
    'VpcPeeringConnectionStateReason': {'Code': ('code', 'string'), 'Message': ('message', 'string')},
    'Tag': {'Key': ('key', 'string'), 'Value': ('value', 'string')},
    'VpcPeeringConnection': {'AccepterVpcInfo': ('accepterVpcInfo', 'VpcPeeringConnectionVpcInfo'), 'ExpirationTime':
        ('expirationTime', 'timestamp'), 'RequesterVpcInfo': ('requesterVpcInfo', 'VpcPeeringConnectionVpcInfo'),
        'Status': ('status', 'VpcPeeringConnectionStateReason'), 'Tags': ('tagSet', '[Tag]'),
        'VpcPeeringConnectionId': ('vpcPeeringConnectionId', 'string'), 'MultipathResilienceStatus':
        ('multipathResilienceStatus', 'string')},
    'AcceptVpcPeeringConnectionResult': {'VpcPeeringConnection': ('vpcPeeringConnection', 'VpcPeeringConnection')},
    'AssignIpv6AddressesResult': {'AssignedIpv6Addresses': ('assignedIpv6Addresses', '[string]'),
        'AssignedIpv6Prefixes': ('assignedIpv6PrefixSet', '[string]'), 'NetworkInterfaceId': ('networkInterfaceId',
        'string')},
    'AssignedPrivateIpAddress': {'PrivateIpAddress': ('privateIpAddress', 'string')},
    'Ipv4PrefixSpecification': {'Ipv4Prefix': ('ipv4Prefix', 'string')},
    'AssignPrivateIpAddressesResult': {'NetworkInterfaceId': ('networkInterfaceId', 'string'),
        'AssignedPrivateIpAddresses': ('assignedPrivateIpAddressesSet', '[AssignedPrivateIpAddress]'),
        'AssignedIpv4Prefixes': ('assignedIpv4PrefixSet', '[Ipv4PrefixSpecification]')},
    'AssociateSecurityGroupVpcResult': {'State': ('state', 'string')},
    'VpcCidrBlockState': {'State': ('state', 'string'), 'StatusMessage': ('statusMessage', 'string')},
    'VpcIpv6CidrBlockAssociation': {'AssociationId': ('associationId', 'string'), 'Ipv6CidrBlock': ('ipv6CidrBlock',
        'string'), 'Ipv6CidrBlockState': ('ipv6CidrBlockState', 'VpcCidrBlockState'), 'NetworkBorderGroup':
        ('networkBorderGroup', 'string'), 'Ipv6Pool': ('ipv6Pool', 'string'), 'Ipv6AddressAttribute':
        ('ipv6AddressAttribute', 'string'), 'IpSource': ('ipSource', 'string')},
    'VpcCidrBlockAssociation': {'AssociationId': ('associationId', 'string'), 'CidrBlock': ('cidrBlock', 'string'),
        'CidrBlockState': ('cidrBlockState', 'VpcCidrBlockState')},
    'AssociateVpcCidrBlockResult': {'Ipv6CidrBlockAssociation': ('ipv6CidrBlockAssociation',
        'VpcIpv6CidrBlockAssociation'), 'CidrBlockAssociation': ('cidrBlockAssociation', 'VpcCidrBlockAssociation'),
        'VpcId': ('vpcId', 'string')},
    'AttachNetworkInterfaceResult': {'AttachmentId': ('attachmentId', 'string'), 'NetworkCardIndex':
        ('networkCardIndex', 'integer')},
    'ReferencedSecurityGroup': {'GroupId': ('groupId', 'string'), 'PeeringStatus': ('peeringStatus', 'string'),
        'UserId': ('userId', 'string'), 'VpcId': ('vpcId', 'string'), 'VpcPeeringConnectionId':
        ('vpcPeeringConnectionId', 'string')},
    'SecurityGroupRule': {'SecurityGroupRuleId': ('securityGroupRuleId', 'string'), 'GroupId': ('groupId', 'string'),
        'GroupOwnerId': ('groupOwnerId', 'string'), 'IsEgress': ('isEgress', 'boolean'), 'IpProtocol': ('ipProtocol',
        'string'), 'FromPort': ('fromPort', 'integer'), 'ToPort': ('toPort', 'integer'), 'CidrIpv4': ('cidrIpv4',
        'string'), 'CidrIpv6': ('cidrIpv6', 'string'), 'PrefixListId': ('prefixListId', 'string'),
        'ReferencedGroupInfo': ('referencedGroupInfo', 'ReferencedSecurityGroup'), 'Description': ('description',
        'string'), 'Tags': ('tagSet', '[Tag]'), 'SecurityGroupRuleArn': ('securityGroupRuleArn', 'string')},
    'AuthorizeSecurityGroupEgressResult': {'Return': ('return', 'boolean'), 'SecurityGroupRules':
        ('securityGroupRuleSet', '[SecurityGroupRule]')},
    'AuthorizeSecurityGroupIngressResult': {'Return': ('return', 'boolean'), 'SecurityGroupRules':
        ('securityGroupRuleSet', '[SecurityGroupRule]')},
    'SubnetCidrBlockState': {'State': ('state', 'string'), 'StatusMessage': ('statusMessage', 'string')},
    'SubnetIpv6CidrBlockAssociation': {'AssociationId': ('associationId', 'string'), 'Ipv6CidrBlock':
        ('ipv6CidrBlock', 'string'), 'Ipv6CidrBlockState': ('ipv6CidrBlockState', 'SubnetCidrBlockState'),
        'Ipv6AddressAttribute': ('ipv6AddressAttribute', 'string'), 'IpSource': ('ipSource', 'string')},
    'PrivateDnsNameOptionsOnLaunch': {'HostnameType': ('hostnameType', 'string'), 'EnableResourceNameDnsARecord':
        ('enableResourceNameDnsARecord', 'boolean'), 'EnableResourceNameDnsAAAARecord':
        ('enableResourceNameDnsAAAARecord', 'boolean')},
    'BlockPublicAccessStates': {'InternetGatewayBlockMode': ('internetGatewayBlockMode', 'string')},
    'Subnet': {'AvailabilityZoneId': ('availabilityZoneId', 'string'), 'EnableLniAtDeviceIndex':
        ('enableLniAtDeviceIndex', 'integer'), 'MapCustomerOwnedIpOnLaunch': ('mapCustomerOwnedIpOnLaunch',
        'boolean'), 'CustomerOwnedIpv4Pool': ('customerOwnedIpv4Pool', 'string'), 'OwnerId': ('ownerId', 'string'),
        'AssignIpv6AddressOnCreation': ('assignIpv6AddressOnCreation', 'boolean'), 'Ipv6CidrBlockAssociationSet':
        ('ipv6CidrBlockAssociationSet', '[SubnetIpv6CidrBlockAssociation]'), 'Tags': ('tagSet', '[Tag]'), 'SubnetArn':
        ('subnetArn', 'string'), 'OutpostArn': ('outpostArn', 'string'), 'EnableDns64': ('enableDns64', 'boolean'),
        'Ipv6Native': ('ipv6Native', 'boolean'), 'PrivateDnsNameOptionsOnLaunch': ('privateDnsNameOptionsOnLaunch',
        'PrivateDnsNameOptionsOnLaunch'), 'BlockPublicAccessStates': ('blockPublicAccessStates',
        'BlockPublicAccessStates'), 'Type': ('type', 'string'), 'SubnetId': ('subnetId', 'string'), 'State': ('state',
        'string'), 'VpcId': ('vpcId', 'string'), 'CidrBlock': ('cidrBlock', 'string'), 'AvailableIpAddressCount':
        ('availableIpAddressCount', 'integer'), 'AvailabilityZone': ('availabilityZone', 'string'), 'DefaultForAz':
        ('defaultForAz', 'boolean'), 'MapPublicIpOnLaunch': ('mapPublicIpOnLaunch', 'boolean')},
    'CreateDefaultSubnetResult': {'Subnet': ('subnet', 'Subnet')},
    'VpcEncryptionControlExclusion': {'State': ('state', 'string'), 'StateMessage': ('stateMessage', 'string')},
    'VpcEncryptionControlExclusions': {'InternetGateway': ('internetGateway', 'VpcEncryptionControlExclusion'),
        'EgressOnlyInternetGateway': ('egressOnlyInternetGateway', 'VpcEncryptionControlExclusion'), 'NatGateway':
        ('natGateway', 'VpcEncryptionControlExclusion'), 'VirtualPrivateGateway': ('virtualPrivateGateway',
        'VpcEncryptionControlExclusion'), 'VpcPeering': ('vpcPeering', 'VpcEncryptionControlExclusion'), 'Lambda':
        ('lambda', 'VpcEncryptionControlExclusion'), 'VpcLattice': ('vpcLattice', 'VpcEncryptionControlExclusion'),
        'ElasticFileSystem': ('elasticFileSystem', 'VpcEncryptionControlExclusion'), 'GlobalAccelerator':
        ('globalAccelerator', 'VpcEncryptionControlExclusion'), 'ApiGatewayV2': ('apiGatewayV2',
        'VpcEncryptionControlExclusion')},
    'VpcEncryptionControl': {'VpcId': ('vpcId', 'string'), 'VpcEncryptionControlId': ('vpcEncryptionControlId',
        'string'), 'Mode': ('mode', 'string'), 'State': ('state', 'string'), 'StateMessage': ('stateMessage',
        'string'), 'ResourceExclusions': ('resourceExclusions', 'VpcEncryptionControlExclusions'), 'Tags': ('tagSet',
        '[Tag]')},
    'Vpc': {'OwnerId': ('ownerId', 'string'), 'InstanceTenancy': ('instanceTenancy', 'string'),
        'Ipv6CidrBlockAssociationSet': ('ipv6CidrBlockAssociationSet', '[VpcIpv6CidrBlockAssociation]'),
        'CidrBlockAssociationSet': ('cidrBlockAssociationSet', '[VpcCidrBlockAssociation]'), 'IsDefault':
        ('isDefault', 'boolean'), 'EncryptionControl': ('encryptionControl', 'VpcEncryptionControl'), 'Tags':
        ('tagSet', '[Tag]'), 'BlockPublicAccessStates': ('blockPublicAccessStates', 'BlockPublicAccessStates'),
        'VpcId': ('vpcId', 'string'), 'State': ('state', 'string'), 'CidrBlock': ('cidrBlock', 'string'),
        'DhcpOptionsId': ('dhcpOptionsId', 'string')},
    'CreateDefaultVpcResult': {'Vpc': ('vpc', 'Vpc')},
    'ManagedPrefixList': {'PrefixListId': ('prefixListId', 'string'), 'AddressFamily': ('addressFamily', 'string'),
        'State': ('state', 'string'), 'StateMessage': ('stateMessage', 'string'), 'PrefixListArn': ('prefixListArn',
        'string'), 'PrefixListName': ('prefixListName', 'string'), 'MaxEntries': ('maxEntries', 'integer'), 'Version':
        ('version', 'long'), 'Tags': ('tagSet', '[Tag]'), 'OwnerId': ('ownerId', 'string'),
        'IpamPrefixListResolverTargetId': ('ipamPrefixListResolverTargetId', 'string'),
        'IpamPrefixListResolverSyncEnabled': ('ipamPrefixListResolverSyncEnabled', 'boolean')},
    'CreateManagedPrefixListResult': {'PrefixList': ('prefixList', 'ManagedPrefixList')},
    'NetworkInterfaceAssociation': {'AllocationId': ('allocationId', 'string'), 'AssociationId': ('associationId',
        'string'), 'IpOwnerId': ('ipOwnerId', 'string'), 'PublicDnsName': ('publicDnsName', 'string'), 'PublicIp':
        ('publicIp', 'string'), 'CustomerOwnedIp': ('customerOwnedIp', 'string'), 'CarrierIp': ('carrierIp',
        'string')},
    'AttachmentEnaSrdUdpSpecification': {'EnaSrdUdpEnabled': ('enaSrdUdpEnabled', 'boolean')},
    'AttachmentEnaSrdSpecification': {'EnaSrdEnabled': ('enaSrdEnabled', 'boolean'), 'EnaSrdUdpSpecification':
        ('enaSrdUdpSpecification', 'AttachmentEnaSrdUdpSpecification')},
    'NetworkInterfaceAttachment': {'AttachTime': ('attachTime', 'timestamp'), 'AttachmentId': ('attachmentId',
        'string'), 'DeleteOnTermination': ('deleteOnTermination', 'boolean'), 'DeviceIndex': ('deviceIndex',
        'integer'), 'NetworkCardIndex': ('networkCardIndex', 'integer'), 'InstanceId': ('instanceId', 'string'),
        'InstanceOwnerId': ('instanceOwnerId', 'string'), 'Status': ('status', 'string'), 'EnaSrdSpecification':
        ('enaSrdSpecification', 'AttachmentEnaSrdSpecification'), 'EnaQueueCount': ('enaQueueCount', 'integer')},
    'ConnectionTrackingConfiguration': {'TcpEstablishedTimeout': ('tcpEstablishedTimeout', 'integer'),
        'UdpStreamTimeout': ('udpStreamTimeout', 'integer'), 'UdpTimeout': ('udpTimeout', 'integer')},
    'GroupIdentifier': {'GroupId': ('groupId', 'string'), 'GroupName': ('groupName', 'string')},
    'NetworkInterfaceIpv6Address': {'Ipv6Address': ('ipv6Address', 'string'), 'PublicIpv6DnsName':
        ('publicIpv6DnsName', 'string'), 'IsPrimaryIpv6': ('isPrimaryIpv6', 'boolean')},
    'PublicIpDnsNameOptions': {'DnsHostnameType': ('dnsHostnameType', 'string'), 'PublicIpv4DnsName':
        ('publicIpv4DnsName', 'string'), 'PublicIpv6DnsName': ('publicIpv6DnsName', 'string'),
        'PublicDualStackDnsName': ('publicDualStackDnsName', 'string')},
    'NetworkInterfacePrivateIpAddress': {'Association': ('association', 'NetworkInterfaceAssociation'), 'Primary':
        ('primary', 'boolean'), 'PrivateDnsName': ('privateDnsName', 'string'), 'PrivateIpAddress':
        ('privateIpAddress', 'string')},
    'Ipv6PrefixSpecification': {'Ipv6Prefix': ('ipv6Prefix', 'string')},
    'OperatorResponse': {'Managed': ('managed', 'boolean'), 'Principal': ('principal', 'string'), 'HiddenByDefault':
        ('hiddenByDefault', 'boolean')},
    'NetworkInterface': {'Association': ('association', 'NetworkInterfaceAssociation'), 'Attachment': ('attachment',
        'NetworkInterfaceAttachment'), 'AvailabilityZone': ('availabilityZone', 'string'),
        'ConnectionTrackingConfiguration': ('connectionTrackingConfiguration', 'ConnectionTrackingConfiguration'),
        'Description': ('description', 'string'), 'Groups': ('groupSet', '[GroupIdentifier]'), 'InterfaceType':
        ('interfaceType', 'string'), 'Ipv6Addresses': ('ipv6AddressesSet', '[NetworkInterfaceIpv6Address]'),
        'MacAddress': ('macAddress', 'string'), 'NetworkInterfaceId': ('networkInterfaceId', 'string'), 'OutpostArn':
        ('outpostArn', 'string'), 'OwnerId': ('ownerId', 'string'), 'PrivateDnsName': ('privateDnsName', 'string'),
        'PublicDnsName': ('publicDnsName', 'string'), 'PublicIpDnsNameOptions': ('publicIpDnsNameOptions',
        'PublicIpDnsNameOptions'), 'PrivateIpAddress': ('privateIpAddress', 'string'), 'PrivateIpAddresses':
        ('privateIpAddressesSet', '[NetworkInterfacePrivateIpAddress]'), 'Ipv4Prefixes': ('ipv4PrefixSet',
        '[Ipv4PrefixSpecification]'), 'Ipv6Prefixes': ('ipv6PrefixSet', '[Ipv6PrefixSpecification]'), 'RequesterId':
        ('requesterId', 'string'), 'RequesterManaged': ('requesterManaged', 'boolean'), 'SourceDestCheck':
        ('sourceDestCheck', 'boolean'), 'Status': ('status', 'string'), 'SubnetId': ('subnetId', 'string'), 'TagSet':
        ('tagSet', '[Tag]'), 'VpcId': ('vpcId', 'string'), 'DenyAllIgwTraffic': ('denyAllIgwTraffic', 'boolean'),
        'Ipv6Native': ('ipv6Native', 'boolean'), 'Ipv6Address': ('ipv6Address', 'string'), 'Operator': ('operator',
        'OperatorResponse'), 'AssociatedSubnets': ('associatedSubnetSet', '[string]'), 'AvailabilityZoneId':
        ('availabilityZoneId', 'string')},
    'CreateNetworkInterfaceResult': {'NetworkInterface': ('networkInterface', 'NetworkInterface'), 'ClientToken':
        ('clientToken', 'string')},
    'CreateSecurityGroupResult': {'GroupId': ('groupId', 'string'), 'Tags': ('tagSet', '[Tag]'), 'SecurityGroupArn':
        ('securityGroupArn', 'string')},
    'CreateSubnetResult': {'Subnet': ('subnet', 'Subnet')},
    'CreateVpcResult': {'Vpc': ('vpc', 'Vpc')},
    'CreateVpcPeeringConnectionResult': {'VpcPeeringConnection': ('vpcPeeringConnection', 'VpcPeeringConnection')},
    'DeleteManagedPrefixListResult': {'PrefixList': ('prefixList', 'ManagedPrefixList')},
    'DeleteSecurityGroupResult': {'Return': ('return', 'boolean'), 'GroupId': ('groupId', 'string')},
    'DeleteVpcPeeringConnectionResult': {'Return': ('return', 'boolean')},
    'AccountAttributeValue': {'AttributeValue': ('attributeValue', 'string')},
    'AccountAttribute': {'AttributeName': ('attributeName', 'string'), 'AttributeValues': ('attributeValueSet',
        '[AccountAttributeValue]')},
    'DescribeAccountAttributesResult': {'AccountAttributes': ('accountAttributeSet', '[AccountAttribute]')},
    'AvailabilityZoneMessage': {'Message': ('message', 'string')},
    'AvailabilityZoneGeography': {'Name': ('name', 'string')},
    'AvailabilityZoneSubGeography': {'Name': ('name', 'string')},
    'AvailabilityZone': {'OptInStatus': ('optInStatus', 'string'), 'Messages': ('messageSet',
        '[AvailabilityZoneMessage]'), 'RegionName': ('regionName', 'string'), 'ZoneName': ('zoneName', 'string'),
        'ZoneId': ('zoneId', 'string'), 'GroupName': ('groupName', 'string'), 'NetworkBorderGroup':
        ('networkBorderGroup', 'string'), 'ZoneType': ('zoneType', 'string'), 'ParentZoneName': ('parentZoneName',
        'string'), 'ParentZoneId': ('parentZoneId', 'string'), 'GroupLongName': ('groupLongName', 'string'),
        'Geography': ('geographySet', '[AvailabilityZoneGeography]'), 'SubGeography': ('subGeographySet',
        '[AvailabilityZoneSubGeography]'), 'State': ('zoneState', 'string')},
    'DescribeAvailabilityZonesResult': {'AvailabilityZones': ('availabilityZoneInfo', '[AvailabilityZone]')},
    'EbsInstanceBlockDevice': {'AttachTime': ('attachTime', 'timestamp'), 'DeleteOnTermination':
        ('deleteOnTermination', 'boolean'), 'Status': ('status', 'string'), 'VolumeId': ('volumeId', 'string'),
        'AssociatedResource': ('associatedResource', 'string'), 'VolumeOwnerId': ('volumeOwnerId', 'string'),
        'Operator': ('operator', 'OperatorResponse'), 'EbsCardIndex': ('ebsCardIndex', 'integer')},
    'InstanceBlockDeviceMapping': {'DeviceName': ('deviceName', 'string'), 'Ebs': ('ebs', 'EbsInstanceBlockDevice')},
    'AttributeBooleanValue': {'Value': ('value', 'boolean')},
    'EnclaveOptions': {'Enabled': ('enabled', 'boolean')},
    'AttributeValue': {'Value': ('value', 'string')},
    'ProductCode': {'ProductCodeId': ('productCode', 'string'), 'ProductCodeType': ('type', 'string')},
    'InstanceAttribute': {'BlockDeviceMappings': ('blockDeviceMapping', '[InstanceBlockDeviceMapping]'),
        'DisableApiTermination': ('disableApiTermination', 'AttributeBooleanValue'), 'EnaSupport': ('enaSupport',
        'AttributeBooleanValue'), 'EnclaveOptions': ('enclaveOptions', 'EnclaveOptions'), 'EbsOptimized':
        ('ebsOptimized', 'AttributeBooleanValue'), 'InstanceId': ('instanceId', 'string'),
        'InstanceInitiatedShutdownBehavior': ('instanceInitiatedShutdownBehavior', 'AttributeValue'), 'InstanceType':
        ('instanceType', 'AttributeValue'), 'KernelId': ('kernel', 'AttributeValue'), 'ProductCodes': ('productCodes',
        '[ProductCode]'), 'RamdiskId': ('ramdisk', 'AttributeValue'), 'RootDeviceName': ('rootDeviceName',
        'AttributeValue'), 'SourceDestCheck': ('sourceDestCheck', 'AttributeBooleanValue'), 'SriovNetSupport':
        ('sriovNetSupport', 'AttributeValue'), 'UserData': ('userData', 'AttributeValue'), 'DisableApiStop':
        ('disableApiStop', 'AttributeBooleanValue'), 'Groups': ('groupSet', '[GroupIdentifier]')},
    'IamInstanceProfile': {'Arn': ('arn', 'string'), 'Id': ('id', 'string')},
    'ElasticGpuAssociation': {'ElasticGpuId': ('elasticGpuId', 'string'), 'ElasticGpuAssociationId':
        ('elasticGpuAssociationId', 'string'), 'ElasticGpuAssociationState': ('elasticGpuAssociationState', 'string'),
        'ElasticGpuAssociationTime': ('elasticGpuAssociationTime', 'string')},
    'ElasticInferenceAcceleratorAssociation': {'ElasticInferenceAcceleratorArn': ('elasticInferenceAcceleratorArn',
        'string'), 'ElasticInferenceAcceleratorAssociationId': ('elasticInferenceAcceleratorAssociationId', 'string'),
        'ElasticInferenceAcceleratorAssociationState': ('elasticInferenceAcceleratorAssociationState', 'string'),
        'ElasticInferenceAcceleratorAssociationTime': ('elasticInferenceAcceleratorAssociationTime', 'timestamp')},
    'InstanceNetworkInterfaceAssociation': {'CarrierIp': ('carrierIp', 'string'), 'CustomerOwnedIp':
        ('customerOwnedIp', 'string'), 'IpOwnerId': ('ipOwnerId', 'string'), 'PublicDnsName': ('publicDnsName',
        'string'), 'PublicIp': ('publicIp', 'string')},
    'InstanceAttachmentEnaSrdUdpSpecification': {'EnaSrdUdpEnabled': ('enaSrdUdpEnabled', 'boolean')},
    'InstanceAttachmentEnaSrdSpecification': {'EnaSrdEnabled': ('enaSrdEnabled', 'boolean'), 'EnaSrdUdpSpecification':
        ('enaSrdUdpSpecification', 'InstanceAttachmentEnaSrdUdpSpecification')},
    'InstanceNetworkInterfaceAttachment': {'AttachTime': ('attachTime', 'timestamp'), 'AttachmentId': ('attachmentId',
        'string'), 'DeleteOnTermination': ('deleteOnTermination', 'boolean'), 'DeviceIndex': ('deviceIndex',
        'integer'), 'Status': ('status', 'string'), 'NetworkCardIndex': ('networkCardIndex', 'integer'),
        'EnaSrdSpecification': ('enaSrdSpecification', 'InstanceAttachmentEnaSrdSpecification'), 'EnaQueueCount':
        ('enaQueueCount', 'integer')},
    'InstanceIpv6Address': {'Ipv6Address': ('ipv6Address', 'string'), 'IsPrimaryIpv6': ('isPrimaryIpv6', 'boolean')},
    'InstancePrivateIpAddress': {'Association': ('association', 'InstanceNetworkInterfaceAssociation'), 'Primary':
        ('primary', 'boolean'), 'PrivateDnsName': ('privateDnsName', 'string'), 'PrivateIpAddress':
        ('privateIpAddress', 'string')},
    'InstanceIpv4Prefix': {'Ipv4Prefix': ('ipv4Prefix', 'string')},
    'InstanceIpv6Prefix': {'Ipv6Prefix': ('ipv6Prefix', 'string')},
    'ConnectionTrackingSpecificationResponse': {'TcpEstablishedTimeout': ('tcpEstablishedTimeout', 'integer'),
        'UdpStreamTimeout': ('udpStreamTimeout', 'integer'), 'UdpTimeout': ('udpTimeout', 'integer')},
    'InstanceNetworkInterface': {'Association': ('association', 'InstanceNetworkInterfaceAssociation'), 'Attachment':
        ('attachment', 'InstanceNetworkInterfaceAttachment'), 'Description': ('description', 'string'), 'Groups':
        ('groupSet', '[GroupIdentifier]'), 'Ipv6Addresses': ('ipv6AddressesSet', '[InstanceIpv6Address]'),
        'MacAddress': ('macAddress', 'string'), 'NetworkInterfaceId': ('networkInterfaceId', 'string'), 'OwnerId':
        ('ownerId', 'string'), 'PrivateDnsName': ('privateDnsName', 'string'), 'PrivateIpAddress':
        ('privateIpAddress', 'string'), 'PrivateIpAddresses': ('privateIpAddressesSet', '[InstancePrivateIpAddress]'),
        'SourceDestCheck': ('sourceDestCheck', 'boolean'), 'Status': ('status', 'string'), 'SubnetId': ('subnetId',
        'string'), 'VpcId': ('vpcId', 'string'), 'InterfaceType': ('interfaceType', 'string'), 'Ipv4Prefixes':
        ('ipv4PrefixSet', '[InstanceIpv4Prefix]'), 'Ipv6Prefixes': ('ipv6PrefixSet', '[InstanceIpv6Prefix]'),
        'ConnectionTrackingConfiguration': ('connectionTrackingConfiguration',
        'ConnectionTrackingSpecificationResponse'), 'Operator': ('operator', 'OperatorResponse')},
    'StateReason': {'Code': ('code', 'string'), 'Message': ('message', 'string')},
    'CpuOptions': {'CoreCount': ('coreCount', 'integer'), 'ThreadsPerCore': ('threadsPerCore', 'integer'),
        'AmdSevSnp': ('amdSevSnp', 'string'), 'NestedVirtualization': ('nestedVirtualization', 'string')},
    'CapacityReservationTargetResponse': {'CapacityReservationId': ('capacityReservationId', 'string'),
        'CapacityReservationResourceGroupArn': ('capacityReservationResourceGroupArn', 'string')},
    'CapacityReservationSpecificationResponse': {'CapacityReservationPreference': ('capacityReservationPreference',
        'string'), 'CapacityReservationTarget': ('capacityReservationTarget', 'CapacityReservationTargetResponse')},
    'HibernationOptions': {'Configured': ('configured', 'boolean')},
    'LicenseConfiguration': {'LicenseConfigurationArn': ('licenseConfigurationArn', 'string')},
    'InstanceMetadataOptionsResponse': {'State': ('state', 'string'), 'HttpTokens': ('httpTokens', 'string'),
        'HttpPutResponseHopLimit': ('httpPutResponseHopLimit', 'integer'), 'HttpEndpoint': ('httpEndpoint', 'string'),
        'HttpProtocolIpv6': ('httpProtocolIpv6', 'string'), 'InstanceMetadataTags': ('instanceMetadataTags',
        'string')},
    'PrivateDnsNameOptionsResponse': {'HostnameType': ('hostnameType', 'string'), 'EnableResourceNameDnsARecord':
        ('enableResourceNameDnsARecord', 'boolean'), 'EnableResourceNameDnsAAAARecord':
        ('enableResourceNameDnsAAAARecord', 'boolean')},
    'InstanceMaintenanceOptions': {'AutoRecovery': ('autoRecovery', 'string'), 'RebootMigration': ('rebootMigration',
        'string')},
    'InstanceNetworkPerformanceOptions': {'BandwidthWeighting': ('bandwidthWeighting', 'string')},
    'InstanceSecondaryInterfaceAttachment': {'AttachTime': ('attachTime', 'timestamp'), 'AttachmentId':
        ('attachmentId', 'string'), 'DeleteOnTermination': ('deleteOnTermination', 'boolean'), 'DeviceIndex':
        ('deviceIndex', 'integer'), 'Status': ('status', 'string'), 'NetworkCardIndex': ('networkCardIndex',
        'integer')},
    'InstanceSecondaryInterfacePrivateIpAddress': {'PrivateIpAddress': ('privateIpAddress', 'string')},
    'InstanceSecondaryInterface': {'Attachment': ('attachment', 'InstanceSecondaryInterfaceAttachment'), 'MacAddress':
        ('macAddress', 'string'), 'SecondaryInterfaceId': ('secondaryInterfaceId', 'string'), 'OwnerId': ('ownerId',
        'string'), 'PrivateIpAddresses': ('privateIpAddressSet', '[InstanceSecondaryInterfacePrivateIpAddress]'),
        'SourceDestCheck': ('sourceDestCheck', 'boolean'), 'Status': ('status', 'string'), 'SecondarySubnetId':
        ('secondarySubnetId', 'string'), 'SecondaryNetworkId': ('secondaryNetworkId', 'string'), 'InterfaceType':
        ('interfaceType', 'string')},
    'InstanceState': {'Code': ('code', 'integer'), 'Name': ('name', 'string')},
    'Placement': {'AvailabilityZoneId': ('availabilityZoneId', 'string'), 'Affinity': ('affinity', 'string'),
        'GroupName': ('groupName', 'string'), 'PartitionNumber': ('partitionNumber', 'integer'), 'HostId': ('hostId',
        'string'), 'Tenancy': ('tenancy', 'string'), 'SpreadDomain': ('spreadDomain', 'string'),
        'HostResourceGroupArn': ('hostResourceGroupArn', 'string'), 'GroupId': ('groupId', 'string'),
        'AvailabilityZone': ('availabilityZone', 'string')},
    'Monitoring': {'MetricCategoryIds': ('metricCategoryIdSet', '[string]'), 'State': ('state', 'string')},
    'Instance': {'Architecture': ('architecture', 'string'), 'BlockDeviceMappings': ('blockDeviceMapping',
        '[InstanceBlockDeviceMapping]'), 'ClientToken': ('clientToken', 'string'), 'EbsOptimized': ('ebsOptimized',
        'boolean'), 'EnaSupport': ('enaSupport', 'boolean'), 'Hypervisor': ('hypervisor', 'string'),
        'IamInstanceProfile': ('iamInstanceProfile', 'IamInstanceProfile'), 'InstanceLifecycle': ('instanceLifecycle',
        'string'), 'ElasticGpuAssociations': ('elasticGpuAssociationSet', '[ElasticGpuAssociation]'),
        'ElasticInferenceAcceleratorAssociations': ('elasticInferenceAcceleratorAssociationSet',
        '[ElasticInferenceAcceleratorAssociation]'), 'NetworkInterfaces': ('networkInterfaceSet',
        '[InstanceNetworkInterface]'), 'OutpostArn': ('outpostArn', 'string'), 'RootDeviceName': ('rootDeviceName',
        'string'), 'RootDeviceType': ('rootDeviceType', 'string'), 'SecurityGroups': ('groupSet',
        '[GroupIdentifier]'), 'SourceDestCheck': ('sourceDestCheck', 'boolean'), 'SpotInstanceRequestId':
        ('spotInstanceRequestId', 'string'), 'SriovNetSupport': ('sriovNetSupport', 'string'), 'StateReason':
        ('stateReason', 'StateReason'), 'Tags': ('tagSet', '[Tag]'), 'VirtualizationType': ('virtualizationType',
        'string'), 'CpuOptions': ('cpuOptions', 'CpuOptions'), 'CapacityBlockId': ('capacityBlockId', 'string'),
        'CapacityReservationId': ('capacityReservationId', 'string'), 'CapacityReservationSpecification':
        ('capacityReservationSpecification', 'CapacityReservationSpecificationResponse'), 'HibernationOptions':
        ('hibernationOptions', 'HibernationOptions'), 'Licenses': ('licenseSet', '[LicenseConfiguration]'),
        'MetadataOptions': ('metadataOptions', 'InstanceMetadataOptionsResponse'), 'EnclaveOptions':
        ('enclaveOptions', 'EnclaveOptions'), 'BootMode': ('bootMode', 'string'), 'PlatformDetails':
        ('platformDetails', 'string'), 'UsageOperation': ('usageOperation', 'string'), 'UsageOperationUpdateTime':
        ('usageOperationUpdateTime', 'timestamp'), 'PrivateDnsNameOptions': ('privateDnsNameOptions',
        'PrivateDnsNameOptionsResponse'), 'Ipv6Address': ('ipv6Address', 'string'), 'TpmSupport': ('tpmSupport',
        'string'), 'MaintenanceOptions': ('maintenanceOptions', 'InstanceMaintenanceOptions'),
        'CurrentInstanceBootMode': ('currentInstanceBootMode', 'string'), 'NetworkPerformanceOptions':
        ('networkPerformanceOptions', 'InstanceNetworkPerformanceOptions'), 'Operator': ('operator',
        'OperatorResponse'), 'SecondaryInterfaces': ('secondaryInterfaceSet', '[InstanceSecondaryInterface]'),
        'InstanceId': ('instanceId', 'string'), 'ImageId': ('imageId', 'string'), 'State': ('instanceState',
        'InstanceState'), 'PrivateDnsName': ('privateDnsName', 'string'), 'PublicDnsName': ('dnsName', 'string'),
        'StateTransitionReason': ('reason', 'string'), 'KeyName': ('keyName', 'string'), 'AmiLaunchIndex':
        ('amiLaunchIndex', 'integer'), 'ProductCodes': ('productCodes', '[ProductCode]'), 'InstanceType':
        ('instanceType', 'string'), 'LaunchTime': ('launchTime', 'timestamp'), 'Placement': ('placement',
        'Placement'), 'KernelId': ('kernelId', 'string'), 'RamdiskId': ('ramdiskId', 'string'), 'Platform':
        ('platform', 'string'), 'Monitoring': ('monitoring', 'Monitoring'), 'SubnetId': ('subnetId', 'string'),
        'VpcId': ('vpcId', 'string'), 'PrivateIpAddress': ('privateIpAddress', 'string'), 'PublicIpAddress':
        ('ipAddress', 'string')},
    'Reservation': {'ReservationId': ('reservationId', 'string'), 'OwnerId': ('ownerId', 'string'), 'RequesterId':
        ('requesterId', 'string'), 'Groups': ('groupSet', '[GroupIdentifier]'), 'Instances': ('instancesSet',
        '[Instance]')},
    'DescribeInstancesResult': {'NextToken': ('nextToken', 'string'), 'Reservations': ('reservationSet',
        '[Reservation]')},
    'DescribeManagedPrefixListsResult': {'NextToken': ('nextToken', 'string'), 'PrefixLists': ('prefixListSet',
        '[ManagedPrefixList]')},
    'DescribeNetworkInterfaceAttributeResult': {'Attachment': ('attachment', 'NetworkInterfaceAttachment'),
        'Description': ('description', 'AttributeValue'), 'Groups': ('groupSet', '[GroupIdentifier]'),
        'NetworkInterfaceId': ('networkInterfaceId', 'string'), 'SourceDestCheck': ('sourceDestCheck',
        'AttributeBooleanValue'), 'AssociatePublicIpAddress': ('associatePublicIpAddress', 'boolean')},
    'DescribeNetworkInterfacesResult': {'NetworkInterfaces': ('networkInterfaceSet', '[NetworkInterface]'),
        'NextToken': ('nextToken', 'string')},
    'PrefixList': {'Cidrs': ('cidrSet', '[string]'), 'PrefixListId': ('prefixListId', 'string'), 'PrefixListName':
        ('prefixListName', 'string')},
    'DescribePrefixListsResult': {'NextToken': ('nextToken', 'string'), 'PrefixLists': ('prefixListSet',
        '[PrefixList]')},
    'RegionGeography': {'Name': ('name', 'string')},
    'Region': {'OptInStatus': ('optInStatus', 'string'), 'Geography': ('geographySet', '[RegionGeography]'),
        'RegionName': ('regionName', 'string'), 'Endpoint': ('regionEndpoint', 'string')},
    'DescribeRegionsResult': {'Regions': ('regionInfo', '[Region]')},
    'SecurityGroupReference': {'GroupId': ('groupId', 'string'), 'ReferencingVpcId': ('referencingVpcId', 'string'),
        'VpcPeeringConnectionId': ('vpcPeeringConnectionId', 'string'), 'TransitGatewayId': ('transitGatewayId',
        'string')},
    'DescribeSecurityGroupReferencesResult': {'SecurityGroupReferenceSet': ('securityGroupReferenceSet',
        '[SecurityGroupReference]')},
    'DescribeSecurityGroupRulesResult': {'SecurityGroupRules': ('securityGroupRuleSet', '[SecurityGroupRule]'),
        'NextToken': ('nextToken', 'string')},
    'SecurityGroupVpcAssociation': {'GroupId': ('groupId', 'string'), 'VpcId': ('vpcId', 'string'), 'VpcOwnerId':
        ('vpcOwnerId', 'string'), 'State': ('state', 'string'), 'StateReason': ('stateReason', 'string'),
        'GroupOwnerId': ('groupOwnerId', 'string')},
    'DescribeSecurityGroupVpcAssociationsResult': {'SecurityGroupVpcAssociations': ('securityGroupVpcAssociationSet',
        '[SecurityGroupVpcAssociation]'), 'NextToken': ('nextToken', 'string')},
    'UserIdGroupPair': {'Description': ('description', 'string'), 'UserId': ('userId', 'string'), 'GroupName':
        ('groupName', 'string'), 'GroupId': ('groupId', 'string'), 'VpcId': ('vpcId', 'string'),
        'VpcPeeringConnectionId': ('vpcPeeringConnectionId', 'string'), 'PeeringStatus': ('peeringStatus', 'string')},
    'IpRange': {'Description': ('description', 'string'), 'CidrIp': ('cidrIp', 'string')},
    'Ipv6Range': {'Description': ('description', 'string'), 'CidrIpv6': ('cidrIpv6', 'string')},
    'PrefixListId': {'Description': ('description', 'string'), 'PrefixListId': ('prefixListId', 'string')},
    'IpPermission': {'IpProtocol': ('ipProtocol', 'string'), 'FromPort': ('fromPort', 'integer'), 'ToPort': ('toPort',
        'integer'), 'UserIdGroupPairs': ('groups', '[UserIdGroupPair]'), 'IpRanges': ('ipRanges', '[IpRange]'),
        'Ipv6Ranges': ('ipv6Ranges', '[Ipv6Range]'), 'PrefixListIds': ('prefixListIds', '[PrefixListId]')},
    'SecurityGroup': {'GroupId': ('groupId', 'string'), 'IpPermissionsEgress': ('ipPermissionsEgress',
        '[IpPermission]'), 'Tags': ('tagSet', '[Tag]'), 'VpcId': ('vpcId', 'string'), 'SecurityGroupArn':
        ('securityGroupArn', 'string'), 'OwnerId': ('ownerId', 'string'), 'GroupName': ('groupName', 'string'),
        'Description': ('groupDescription', 'string'), 'IpPermissions': ('ipPermissions', '[IpPermission]')},
    'DescribeSecurityGroupsResult': {'NextToken': ('nextToken', 'string'), 'SecurityGroups': ('securityGroupInfo',
        '[SecurityGroup]')},
    'StaleIpPermission': {'FromPort': ('fromPort', 'integer'), 'IpProtocol': ('ipProtocol', 'string'), 'IpRanges':
        ('ipRanges', '[string]'), 'PrefixListIds': ('prefixListIds', '[string]'), 'ToPort': ('toPort', 'integer'),
        'UserIdGroupPairs': ('groups', '[UserIdGroupPair]')},
    'StaleSecurityGroup': {'Description': ('description', 'string'), 'GroupId': ('groupId', 'string'), 'GroupName':
        ('groupName', 'string'), 'StaleIpPermissions': ('staleIpPermissions', '[StaleIpPermission]'),
        'StaleIpPermissionsEgress': ('staleIpPermissionsEgress', '[StaleIpPermission]'), 'VpcId': ('vpcId',
        'string')},
    'DescribeStaleSecurityGroupsResult': {'NextToken': ('nextToken', 'string'), 'StaleSecurityGroupSet':
        ('staleSecurityGroupSet', '[StaleSecurityGroup]')},
    'DescribeSubnetsResult': {'NextToken': ('nextToken', 'string'), 'Subnets': ('subnetSet', '[Subnet]')},
    'TagDescription': {'Key': ('key', 'string'), 'ResourceId': ('resourceId', 'string'), 'ResourceType':
        ('resourceType', 'string'), 'Value': ('value', 'string')},
    'DescribeTagsResult': {'NextToken': ('nextToken', 'string'), 'Tags': ('tagSet', '[TagDescription]')},
    'DescribeVpcAttributeResult': {'EnableDnsHostnames': ('enableDnsHostnames', 'AttributeBooleanValue'),
        'EnableDnsSupport': ('enableDnsSupport', 'AttributeBooleanValue'), 'EnableNetworkAddressUsageMetrics':
        ('enableNetworkAddressUsageMetrics', 'AttributeBooleanValue'), 'VpcId': ('vpcId', 'string')},
    'DescribeVpcPeeringConnectionsResult': {'VpcPeeringConnections': ('vpcPeeringConnectionSet',
        '[VpcPeeringConnection]'), 'NextToken': ('nextToken', 'string')},
    'DescribeVpcsResult': {'NextToken': ('nextToken', 'string'), 'Vpcs': ('vpcSet', '[Vpc]')},
    'DisassociateSecurityGroupVpcResult': {'State': ('state', 'string')},
    'DisassociateVpcCidrBlockResult': {'Ipv6CidrBlockAssociation': ('ipv6CidrBlockAssociation',
        'VpcIpv6CidrBlockAssociation'), 'CidrBlockAssociation': ('cidrBlockAssociation', 'VpcCidrBlockAssociation'),
        'VpcId': ('vpcId', 'string')},
    'PrefixListAssociation': {'ResourceId': ('resourceId', 'string'), 'ResourceOwner': ('resourceOwner', 'string')},
    'GetManagedPrefixListAssociationsResult': {'PrefixListAssociations': ('prefixListAssociationSet',
        '[PrefixListAssociation]'), 'NextToken': ('nextToken', 'string')},
    'PrefixListEntry': {'Cidr': ('cidr', 'string'), 'Description': ('description', 'string')},
    'GetManagedPrefixListEntriesResult': {'Entries': ('entrySet', '[PrefixListEntry]'), 'NextToken': ('nextToken',
        'string')},
    'SecurityGroupForVpc': {'Description': ('description', 'string'), 'GroupName': ('groupName', 'string'), 'OwnerId':
        ('ownerId', 'string'), 'GroupId': ('groupId', 'string'), 'Tags': ('tagSet', '[Tag]'), 'PrimaryVpcId':
        ('primaryVpcId', 'string')},
    'GetSecurityGroupsForVpcResult': {'NextToken': ('nextToken', 'string'), 'SecurityGroupForVpcs':
        ('securityGroupForVpcSet', '[SecurityGroupForVpc]')},
    'ModifyManagedPrefixListResult': {'PrefixList': ('prefixList', 'ManagedPrefixList')},
    'ModifySecurityGroupRulesResult': {'Return': ('return', 'boolean')},
    'RejectVpcPeeringConnectionResult': {'Return': ('return', 'boolean')},
    'RestoreManagedPrefixListVersionResult': {'PrefixList': ('prefixList', 'ManagedPrefixList')},
    'RevokedSecurityGroupRule': {'SecurityGroupRuleId': ('securityGroupRuleId', 'string'), 'GroupId': ('groupId',
        'string'), 'IsEgress': ('isEgress', 'boolean'), 'IpProtocol': ('ipProtocol', 'string'), 'FromPort':
        ('fromPort', 'integer'), 'ToPort': ('toPort', 'integer'), 'CidrIpv4': ('cidrIpv4', 'string'), 'CidrIpv6':
        ('cidrIpv6', 'string'), 'PrefixListId': ('prefixListId', 'string'), 'ReferencedGroupId': ('referencedGroupId',
        'string'), 'Description': ('description', 'string')},
    'RevokeSecurityGroupEgressResult': {'Return': ('return', 'boolean'), 'UnknownIpPermissions':
        ('unknownIpPermissionSet', '[IpPermission]'), 'RevokedSecurityGroupRules': ('revokedSecurityGroupRuleSet',
        '[RevokedSecurityGroupRule]')},
    'RevokeSecurityGroupIngressResult': {'Return': ('return', 'boolean'), 'UnknownIpPermissions':
        ('unknownIpPermissionSet', '[IpPermission]'), 'RevokedSecurityGroupRules': ('revokedSecurityGroupRuleSet',
        '[RevokedSecurityGroupRule]')},
    'UnassignIpv6AddressesResult': {'NetworkInterfaceId': ('networkInterfaceId', 'string'), 'UnassignedIpv6Addresses':
        ('unassignedIpv6Addresses', '[string]'), 'UnassignedIpv6Prefixes': ('unassignedIpv6PrefixSet', '[string]')},
    'UpdateSecurityGroupRuleDescriptionsEgressResult': {'Return': ('return', 'boolean')},
    'UpdateSecurityGroupRuleDescriptionsIngressResult': {'Return': ('return', 'boolean')},
    'Credentials': {'AccessKeyId': ('AccessKeyId', 'string'), 'SecretAccessKey': ('SecretAccessKey', 'string'),
        'SessionToken': ('SessionToken', 'string'), 'Expiration': ('Expiration', 'timestamp')},
    'AssumedRoleUser': {'AssumedRoleId': ('AssumedRoleId', 'string'), 'Arn': ('Arn', 'string')},
    'AssumeRoleResponse': {'Credentials': ('Credentials', 'Credentials'), 'AssumedRoleUser': ('AssumedRoleUser',
        'AssumedRoleUser'), 'PackedPolicySize': ('PackedPolicySize', 'integer'), 'SourceIdentity': ('SourceIdentity',
        'string'), 'SessionTokenUtilization': ('SessionTokenUtilization', 'integer'), 'SessionTokenSize':
        ('SessionTokenSize', 'integer')},
    'DecodeAuthorizationMessageResponse': {'DecodedMessage': ('DecodedMessage', 'string')},
    'GetCallerIdentityResponse': {'UserId': ('UserId', 'string'), 'Account': ('Account', 'string'), 'Arn': ('Arn',
        'string')},
    'GetSessionTokenResponse': {'Credentials': ('Credentials', 'Credentials'), 'SessionTokenUtilization':
        ('SessionTokenUtilization', 'integer'), 'SessionTokenSize': ('SessionTokenSize', 'integer')},
}
"""Structure of an answer -> member -> (element, type)."""


EC2_VERSIONS: Final[frozenset[str]] = frozenset(
    """
2010-08-31 2010-11-15 2011-01-01 2011-02-28 2011-05-15 2011-07-15 2011-11-01 2011-12-01 2011-12-15 2012-03-01
2012-04-01 2012-05-01 2012-06-01 2012-06-15 2012-07-20 2012-08-15 2012-10-01 2012-12-01 2013-02-01 2013-06-15
2013-07-15 2013-08-15 2013-10-01 2013-10-15 2014-02-01 2014-05-01 2014-06-15 2014-09-01 2014-10-01 2015-03-01
2015-04-15 2015-10-01 2016-04-01 2016-09-15 2016-11-15
""".split()
)
"""The versions of EC2's API that are accepted, and echoed."""


EC2_OPERATION_NAMES: Final[frozenset[str]] = frozenset(
    """
AcceptAddressTransfer AcceptCapacityReservationBillingOwnership AcceptReservedInstancesExchangeQuote
AcceptTransitGatewayClientVpnAttachment AcceptTransitGatewayMulticastDomainAssociations
AcceptTransitGatewayPeeringAttachment AcceptTransitGatewayVpcAttachment AcceptVpcEndpointConnections
AcceptVpcPeeringConnection AdvertiseByoipCidr AllocateAddress AllocateHosts AllocateIpamPoolCidr
ApplySecurityGroupsToClientVpnTargetNetwork AssignIpv6Addresses AssignPrivateIpAddresses
AssignPrivateNatGatewayAddress AssociateAddress AssociateApplicationStatusCheck
AssociateCapacityReservationBillingOwner AssociateClientVpnTargetNetwork AssociateDhcpOptions
AssociateEnclaveCertificateIamRole AssociateIamInstanceProfile AssociateInstanceEventWindow AssociateIpamByoasn
AssociateIpamResourceDiscovery AssociateKmsKeyId AssociateNatGatewayAddress
AssociateNetworkingFlexCostAllocationPolicy AssociateRouteServer AssociateRouteTable AssociateSecurityGroupVpc
AssociateSubnetCidrBlock AssociateTransitGatewayMulticastDomain AssociateTransitGatewayPolicyTable
AssociateTransitGatewayRouteTable AssociateTrunkInterface AssociateVpcCidrBlock AttachClassicLinkVpc
AttachImageWatermark AttachInternetGateway AttachNetworkInterface AttachVerifiedAccessTrustProvider AttachVolume
AttachVpnGateway AuthorizeClientVpnIngress AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress
BatchModifyIpamRoutingPolicyRegistrations BundleInstance CancelBundleTask CancelCapacityReservation
CancelCapacityReservationFleets CancelConversionTask CancelDeclarativePoliciesReport CancelExportTask
CancelImageLaunchPermission CancelImportTask CancelReservedInstancesListing CancelSpotFleetRequests
CancelSpotInstanceRequests ConfirmProductInstance CopyFpgaImage CopyImage CopySnapshot CopyVolumes
CreateApplicationStatusCheck CreateCapacityManagerDataExport CreateCapacityReservation
CreateCapacityReservationBySplitting CreateCapacityReservationCancellationQuote
CreateCapacityReservationDateChangeQuote CreateCapacityReservationFleet CreateCarrierGateway CreateClientVpnEndpoint
CreateClientVpnRoute CreateCoipCidr CreateCoipPool CreateCustomerGateway CreateDefaultSubnet CreateDefaultVpc
CreateDelegateMacVolumeOwnershipTask CreateDhcpOptions CreateEgressOnlyInternetGateway CreateFleet CreateFlowLogs
CreateFpgaImage CreateImage CreateImageUsageReport CreateInstanceConnectEndpoint CreateInstanceEventWindow
CreateInstanceExportTask CreateInternetGateway CreateInterruptibleCapacityReservationAllocation CreateIpam
CreateIpamExternalResourceVerificationToken CreateIpamInternetRegistryAssociation CreateIpamPolicy CreateIpamPool
CreateIpamPrefixListResolver CreateIpamPrefixListResolverTarget CreateIpamResourceDiscovery
CreateIpamRoutingPolicyRegistration CreateIpamScope CreateKeyPair CreateLaunchTemplate CreateLaunchTemplateVersion
CreateLocalGatewayRoute CreateLocalGatewayRouteTable CreateLocalGatewayRouteTableVirtualInterfaceGroupAssociation
CreateLocalGatewayRouteTableVpcAssociation CreateLocalGatewayVirtualInterface CreateLocalGatewayVirtualInterfaceGroup
CreateMacSystemIntegrityProtectionModificationTask CreateManagedPrefixList CreateMetricCategory CreateNatGateway
CreateNetworkAcl CreateNetworkAclEntry CreateNetworkInsightsAccessScope CreateNetworkInsightsPath
CreateNetworkInterface CreateNetworkInterfacePermission CreateNetworkingFlexCostAllocationPolicy CreatePlacementGroup
CreatePublicIpv4Pool CreateReplaceRootVolumeTask CreateReservedInstancesListing CreateRestoreImageTask CreateRoute
CreateRouteServer CreateRouteServerEndpoint CreateRouteServerPeer CreateRouteTable CreateSecondaryNetwork
CreateSecondarySubnet CreateSecurityGroup CreateSnapshot CreateSnapshots CreateSpotDatafeedSubscription
CreateStoreImageTask CreateSubnet CreateSubnetCidrReservation CreateTags CreateTrafficMirrorFilter
CreateTrafficMirrorFilterRule CreateTrafficMirrorSession CreateTrafficMirrorTarget CreateTransitGateway
CreateTransitGatewayConnect CreateTransitGatewayConnectPeer CreateTransitGatewayMeteringPolicy
CreateTransitGatewayMeteringPolicyEntry CreateTransitGatewayMulticastDomain
CreateTransitGatewayNetworkFunctionAttachment CreateTransitGatewayPeeringAttachment CreateTransitGatewayPolicyTable
CreateTransitGatewayPolicyTableEntry CreateTransitGatewayPrefixListReference CreateTransitGatewayRoute
CreateTransitGatewayRouteTable CreateTransitGatewayRouteTableAnnouncement CreateTransitGatewayVpcAttachment
CreateVerifiedAccessEndpoint CreateVerifiedAccessGroup CreateVerifiedAccessInstance CreateVerifiedAccessTrustProvider
CreateVolume CreateVpc CreateVpcBlockPublicAccessExclusion CreateVpcEncryptionControl CreateVpcEndpoint
CreateVpcEndpointConnectionNotification CreateVpcEndpointServiceConfiguration CreateVpcPeeringConnection
CreateVpnConcentrator CreateVpnConnection CreateVpnConnectionRoute CreateVpnGateway DeleteApplicationStatusCheck
DeleteCapacityManagerDataExport DeleteCarrierGateway DeleteClientVpnEndpoint
DeleteClientVpnEndpointAuthorizationPolicy DeleteClientVpnRoute DeleteCoipCidr DeleteCoipPool DeleteCustomerGateway
DeleteDhcpOptions DeleteEgressOnlyInternetGateway DeleteFleets DeleteFlowLogs DeleteFpgaImage DeleteImageUsageReport
DeleteInstanceConnectEndpoint DeleteInstanceEventWindow DeleteInternetGateway DeleteIpam
DeleteIpamExternalResourceVerificationToken DeleteIpamInternetRegistryAssociation DeleteIpamPolicy DeleteIpamPool
DeleteIpamPrefixListResolver DeleteIpamPrefixListResolverTarget DeleteIpamResourceDiscovery
DeleteIpamRoutingPolicyRegistration DeleteIpamScope DeleteKeyPair DeleteLaunchTemplate DeleteLaunchTemplateVersions
DeleteLocalGatewayRoute DeleteLocalGatewayRouteTable DeleteLocalGatewayRouteTableVirtualInterfaceGroupAssociation
DeleteLocalGatewayRouteTableVpcAssociation DeleteLocalGatewayVirtualInterface DeleteLocalGatewayVirtualInterfaceGroup
DeleteManagedPrefixList DeleteMetricCategory DeleteNatGateway DeleteNetworkAcl DeleteNetworkAclEntry
DeleteNetworkInsightsAccessScope DeleteNetworkInsightsAccessScopeAnalysis DeleteNetworkInsightsAnalysis
DeleteNetworkInsightsPath DeleteNetworkInterface DeleteNetworkInterfacePermission
DeleteNetworkingFlexCostAllocationPolicies DeletePlacementGroup DeletePublicIpv4Pool DeleteQueuedReservedInstances
DeleteRoute DeleteRouteServer DeleteRouteServerEndpoint DeleteRouteServerPeer DeleteRouteTable DeleteSecondaryNetwork
DeleteSecondarySubnet DeleteSecurityGroup DeleteSnapshot DeleteSpotDatafeedSubscription DeleteSubnet
DeleteSubnetCidrReservation DeleteTags DeleteTrafficMirrorFilter DeleteTrafficMirrorFilterRule
DeleteTrafficMirrorSession DeleteTrafficMirrorTarget DeleteTransitGateway DeleteTransitGatewayClientVpnAttachment
DeleteTransitGatewayConnect DeleteTransitGatewayConnectPeer DeleteTransitGatewayMeteringPolicy
DeleteTransitGatewayMeteringPolicyEntry DeleteTransitGatewayMulticastDomain
DeleteTransitGatewayNetworkFunctionAttachment DeleteTransitGatewayPeeringAttachment DeleteTransitGatewayPolicyTable
DeleteTransitGatewayPolicyTableEntry DeleteTransitGatewayPrefixListReference DeleteTransitGatewayRoute
DeleteTransitGatewayRouteTable DeleteTransitGatewayRouteTableAnnouncement DeleteTransitGatewayVpcAttachment
DeleteVerifiedAccessEndpoint DeleteVerifiedAccessGroup DeleteVerifiedAccessInstance DeleteVerifiedAccessTrustProvider
DeleteVolume DeleteVpc DeleteVpcBlockPublicAccessExclusion DeleteVpcEncryptionControl
DeleteVpcEndpointConnectionNotifications DeleteVpcEndpointServiceConfigurations DeleteVpcEndpoints
DeleteVpcPeeringConnection DeleteVpnConcentrator DeleteVpnConnection DeleteVpnConnectionRoute DeleteVpnGateway
DeprovisionByoipCidr DeprovisionIpamByoasn DeprovisionIpamPoolCidr DeprovisionPublicIpv4PoolCidr DeregisterImage
DeregisterInstanceEventNotificationAttributes DeregisterTransitGatewayMulticastGroupMembers
DeregisterTransitGatewayMulticastGroupSources DescribeAccountAttributes DescribeAccountVpcEncryptionControl
DescribeAddressTransfers DescribeAddresses DescribeAddressesAttribute DescribeAggregateIdFormat
DescribeApplicationStatus DescribeApplicationStatusCheckAssociations DescribeApplicationStatusChecks
DescribeAvailabilityZones DescribeAwsNetworkPerformanceMetricSubscriptions DescribeBundleTasks DescribeByoipCidrs
DescribeCapacityBlockExtensionHistory DescribeCapacityBlockExtensionOfferings DescribeCapacityBlockOfferings
DescribeCapacityBlockStatus DescribeCapacityBlocks DescribeCapacityManagerDataExports
DescribeCapacityReservationBillingRequests DescribeCapacityReservationCancellationQuotes
DescribeCapacityReservationDateChangeQuotes DescribeCapacityReservationFleets DescribeCapacityReservationTopology
DescribeCapacityReservations DescribeCarrierGateways DescribeClassicLinkInstances DescribeClientVpnAuthorizationRules
DescribeClientVpnConnections DescribeClientVpnEndpoints DescribeClientVpnRoutes DescribeClientVpnTargetNetworks
DescribeCoipPools DescribeConversionTasks DescribeCustomerGateways DescribeDeclarativePoliciesReports
DescribeDhcpOptions DescribeEgressOnlyInternetGateways DescribeElasticGpus DescribeExportImageTasks
DescribeExportTasks DescribeFastLaunchImages DescribeFastSnapshotRestores DescribeFleetHistory DescribeFleetInstances
DescribeFleets DescribeFlowLogs DescribeFpgaImageAttribute DescribeFpgaImages DescribeHostReservationOfferings
DescribeHostReservations DescribeHosts DescribeIamInstanceProfileAssociations DescribeIdFormat
DescribeIdentityIdFormat DescribeImageAttribute DescribeImageReferences DescribeImageUsageReportEntries
DescribeImageUsageReports DescribeImages DescribeImportImageTasks DescribeImportSnapshotTasks
DescribeInstanceAttribute DescribeInstanceConnectEndpoints DescribeInstanceCreditSpecifications
DescribeInstanceEventNotificationAttributes DescribeInstanceEventWindows DescribeInstanceImageMetadata
DescribeInstanceSqlHaHistoryStates DescribeInstanceSqlHaStates DescribeInstanceStatus DescribeInstanceTopology
DescribeInstanceTypeOfferings DescribeInstanceTypes DescribeInstances DescribeInternetGateways DescribeIpamByoasn
DescribeIpamExternalResourceVerificationTokens DescribeIpamInternetRegistryAssociations DescribeIpamPolicies
DescribeIpamPoolAllocations DescribeIpamPools DescribeIpamPrefixListResolverTargets DescribeIpamPrefixListResolvers
DescribeIpamResourceDiscoveries DescribeIpamResourceDiscoveryAssociations DescribeIpamScopes DescribeIpams
DescribeIpv6Pools DescribeKeyPairs DescribeLaunchTemplateVersions DescribeLaunchTemplates
DescribeLocalGatewayRouteTableVirtualInterfaceGroupAssociations DescribeLocalGatewayRouteTableVpcAssociations
DescribeLocalGatewayRouteTables DescribeLocalGatewayVirtualInterfaceGroups DescribeLocalGatewayVirtualInterfaces
DescribeLocalGateways DescribeLockedSnapshots DescribeMacHosts DescribeMacModificationTasks DescribeManagedPrefixLists
DescribeMetricCategories DescribeMovingAddresses DescribeNatGateways DescribeNetworkAcls
DescribeNetworkInsightsAccessScopeAnalyses DescribeNetworkInsightsAccessScopes DescribeNetworkInsightsAnalyses
DescribeNetworkInsightsPaths DescribeNetworkInterfaceAttribute DescribeNetworkInterfacePermissions
DescribeNetworkInterfaces DescribeNetworkingFlexCostAllocationPolicies
DescribeNetworkingFlexCostAllocationPolicyAssociations DescribeOutpostLags DescribePlacementGroups DescribePrefixLists
DescribePrincipalIdFormat DescribePublicIpv4Pools DescribeRegions DescribeReplaceRootVolumeTasks
DescribeReservedInstances DescribeReservedInstancesListings DescribeReservedInstancesModifications
DescribeReservedInstancesOfferings DescribeRouteServerEndpoints DescribeRouteServerPeers DescribeRouteServers
DescribeRouteTables DescribeScheduledInstanceAvailability DescribeScheduledInstances DescribeSecondaryInterfaces
DescribeSecondaryNetworks DescribeSecondarySubnets DescribeSecurityGroupReferences DescribeSecurityGroupRules
DescribeSecurityGroupVpcAssociations DescribeSecurityGroups DescribeServiceLinkVirtualInterfaces
DescribeSnapshotAttribute DescribeSnapshotTierStatus DescribeSnapshots DescribeSpotDatafeedSubscription
DescribeSpotFleetInstances DescribeSpotFleetRequestHistory DescribeSpotFleetRequests DescribeSpotInstanceRequests
DescribeSpotPriceHistory DescribeStaleSecurityGroups DescribeStoreImageTasks DescribeSubnets DescribeTags
DescribeTrafficMirrorFilterRules DescribeTrafficMirrorFilters DescribeTrafficMirrorSessions
DescribeTrafficMirrorTargets DescribeTransitGatewayAttachments DescribeTransitGatewayConnectPeers
DescribeTransitGatewayConnects DescribeTransitGatewayMeteringPolicies DescribeTransitGatewayMulticastDomains
DescribeTransitGatewayNetworkFunctionAttachments DescribeTransitGatewayPeeringAttachments
DescribeTransitGatewayPolicyTables DescribeTransitGatewayRouteTableAnnouncements DescribeTransitGatewayRouteTables
DescribeTransitGatewayVpcAttachments DescribeTransitGateways DescribeTrunkInterfaceAssociations
DescribeVerifiedAccessEndpoints DescribeVerifiedAccessGroups DescribeVerifiedAccessInstanceLoggingConfigurations
DescribeVerifiedAccessInstances DescribeVerifiedAccessTrustProviders DescribeVolumeAttribute DescribeVolumeStatus
DescribeVolumes DescribeVolumesModifications DescribeVpcAttribute DescribeVpcBlockPublicAccessExclusions
DescribeVpcBlockPublicAccessOptions DescribeVpcClassicLink DescribeVpcClassicLinkDnsSupport
DescribeVpcEncryptionControls DescribeVpcEndpointAssociations DescribeVpcEndpointConnectionNotifications
DescribeVpcEndpointConnections DescribeVpcEndpointServiceConfigurations DescribeVpcEndpointServicePermissions
DescribeVpcEndpointServices DescribeVpcEndpoints DescribeVpcPeeringConnections DescribeVpcs DescribeVpnConcentrators
DescribeVpnConnections DescribeVpnGateways DetachClassicLinkVpc DetachImageWatermark DetachInternetGateway
DetachNetworkInterface DetachVerifiedAccessTrustProvider DetachVolume DetachVpnGateway DisableAddressTransfer
DisableAllowedImagesSettings DisableApplicationStatusCheckSuppression DisableAwsNetworkPerformanceMetricSubscription
DisableCapacityManager DisableEbsEncryptionByDefault DisableFastLaunch DisableFastSnapshotRestores DisableImage
DisableImageBlockPublicAccess DisableImageDeprecation DisableImageDeregistrationProtection
DisableInstanceSqlHaStandbyDetections DisableIpamOrganizationAdminAccount DisableIpamPolicy
DisableRouteServerPropagation DisableSerialConsoleAccess DisableSnapshotBlockPublicAccess
DisableTransitGatewayRouteTablePropagation DisableVgwRoutePropagation DisableVpcClassicLink
DisableVpcClassicLinkDnsSupport DisassociateAddress DisassociateApplicationStatusCheck
DisassociateCapacityReservationBillingOwner DisassociateClientVpnTargetNetwork DisassociateEnclaveCertificateIamRole
DisassociateIamInstanceProfile DisassociateInstanceEventWindow DisassociateIpamByoasn
DisassociateIpamResourceDiscovery DisassociateKmsKeyId DisassociateNatGatewayAddress
DisassociateNetworkingFlexCostAllocationPolicy DisassociateRouteServer DisassociateRouteTable
DisassociateSecurityGroupVpc DisassociateSubnetCidrBlock DisassociateTransitGatewayMulticastDomain
DisassociateTransitGatewayPolicyTable DisassociateTransitGatewayRouteTable DisassociateTrunkInterface
DisassociateVpcCidrBlock EnableAddressTransfer EnableAllowedImagesSettings EnableApplicationStatusCheckSuppression
EnableAwsNetworkPerformanceMetricSubscription EnableCapacityManager EnableEbsEncryptionByDefault EnableFastLaunch
EnableFastSnapshotRestores EnableImage EnableImageBlockPublicAccess EnableImageDeprecation
EnableImageDeregistrationProtection EnableInstanceSqlHaStandbyDetections EnableIpamInternetRegistryAssociation
EnableIpamOrganizationAdminAccount EnableIpamPolicy EnableReachabilityAnalyzerOrganizationSharing
EnableRouteServerPropagation EnableSerialConsoleAccess EnableSnapshotBlockPublicAccess
EnableTransitGatewayRouteTablePropagation EnableVgwRoutePropagation EnableVolumeIO EnableVpcClassicLink
EnableVpcClassicLinkDnsSupport ExportClientVpnClientCertificateRevocationList ExportClientVpnClientConfiguration
ExportImage ExportTransitGatewayRoutes ExportVerifiedAccessInstanceClientConfiguration GetActiveVpnTunnelStatus
GetAllowedImagesSettings GetAssociatedEnclaveCertificateIamRoles GetAssociatedIpv6PoolCidrs
GetAwsNetworkPerformanceData GetCapacityManagerAttributes GetCapacityManagerMetricData
GetCapacityManagerMetricDimensions GetCapacityManagerMonitoredTagKeys GetCapacityManagerSupportabilityScores
GetCapacityReservationUsage GetClientVpnEndpointAuthorizationPolicy GetCoipPoolUsage GetConsoleOutput
GetConsoleScreenshot GetDeclarativePoliciesReportSummary GetDefaultCreditSpecification GetEbsDefaultKmsKeyId
GetEbsEncryptionByDefault GetEnabledIpamPolicy GetFlowLogsIntegrationTemplate GetGroupsForCapacityReservation
GetHostReservationPurchasePreview GetImageAncestry GetImageBlockPublicAccessState GetImageFindings
GetInstanceMetadataDefaults GetInstanceTpmEkPub GetInstanceTypesFromInstanceRequirements GetInstanceUefiData
GetIpamAddressHistory GetIpamDiscoveredAccounts GetIpamDiscoveredPublicAddresses GetIpamDiscoveredResourceCidrs
GetIpamDiscoveredRoutes GetIpamInternetRegistryAssociationAsns GetIpamInternetRegistryAssociationCidrs
GetIpamPolicyAllocationRules GetIpamPolicyOrganizationTargets GetIpamPoolAllocations GetIpamPoolCidrs
GetIpamPrefixListResolverRules GetIpamPrefixListResolverVersionEntries GetIpamPrefixListResolverVersions
GetIpamResourceCidrs GetIpamRouteOriginAuthorizations GetIpamRouteProtectionFindings
GetIpamRoutingPolicyRegistrationDeltas GetIpamRoutingPolicyRegistrations GetLaunchTemplateData
GetManagedPrefixListAssociations GetManagedPrefixListEntries GetManagedResourceVisibility
GetNetworkInsightsAccessScopeAnalysisFindings GetNetworkInsightsAccessScopeContent
GetNetworkingFlexCostAllocationPolicyVersions GetPasswordData GetReservedInstancesExchangeQuote
GetRouteServerAssociations GetRouteServerPropagations GetRouteServerRoutingDatabase GetSecurityGroupsForVpc
GetSerialConsoleAccessStatus GetSnapshotBlockPublicAccessState GetSpotPlacementScores GetSubnetCidrReservations
GetTransitGatewayAttachmentNatConfiguration GetTransitGatewayAttachmentPropagations
GetTransitGatewayMeteringPolicyEntries GetTransitGatewayMulticastDomainAssociations
GetTransitGatewayPolicyTableAssociations GetTransitGatewayPolicyTableEntries GetTransitGatewayPrefixListReferences
GetTransitGatewayRouteTableAssociations GetTransitGatewayRouteTablePropagations GetVerifiedAccessEndpointPolicy
GetVerifiedAccessEndpointTargets GetVerifiedAccessGroupPolicy GetVpcResourcesBlockingEncryptionEnforcement
GetVpnConnectionDeviceSampleConfiguration GetVpnConnectionDeviceTypes GetVpnTunnelReplacementStatus
ImportClientVpnClientCertificateRevocationList ImportImage ImportInstance ImportKeyPair ImportSnapshot ImportVolume
ListImagesInRecycleBin ListSnapshotsInRecycleBin ListVolumesInRecycleBin LockSnapshot
ModifyAccountVpcEncryptionControl ModifyAddressAttribute ModifyApplicationStatusCheck ModifyAvailabilityZoneGroup
ModifyCapacityReservation ModifyCapacityReservationFleet ModifyClientVpnEndpoint
ModifyClientVpnEndpointAuthorizationPolicy ModifyDefaultCreditSpecification ModifyEbsDefaultKmsKeyId ModifyFleet
ModifyFpgaImageAttribute ModifyHosts ModifyIdFormat ModifyIdentityIdFormat ModifyImageAttribute
ModifyInstanceAttribute ModifyInstanceCapacityReservationAttributes ModifyInstanceConnectEndpoint
ModifyInstanceCpuOptions ModifyInstanceCreditSpecification ModifyInstanceEventStartTime ModifyInstanceEventWindow
ModifyInstanceMaintenanceOptions ModifyInstanceMetadataDefaults ModifyInstanceMetadataOptions
ModifyInstanceNetworkPerformanceOptions ModifyInstancePlacement ModifyIpam ModifyIpamPolicyAllocationRules
ModifyIpamPool ModifyIpamPoolAllocation ModifyIpamPrefixListResolver ModifyIpamPrefixListResolverTarget
ModifyIpamResourceCidr ModifyIpamResourceDiscovery ModifyIpamRoutingPolicyRegistration ModifyIpamScope
ModifyLaunchTemplate ModifyLocalGatewayRoute ModifyManagedPrefixList ModifyManagedResourceVisibility
ModifyMetricCategory ModifyNetworkInterfaceAttribute ModifyNetworkingFlexCostAllocationPolicy
ModifyPrivateDnsNameOptions ModifyPublicIpDnsNameOptions ModifyReservedInstances ModifyRouteServer
ModifySecurityGroupRules ModifySnapshotAttribute ModifySnapshotTier ModifySpotFleetRequest ModifySubnetAttribute
ModifyTrafficMirrorFilterNetworkServices ModifyTrafficMirrorFilterRule ModifyTrafficMirrorSession ModifyTransitGateway
ModifyTransitGatewayAttachmentNatConfiguration ModifyTransitGatewayMeteringPolicy
ModifyTransitGatewayNetworkFunctionAttachment ModifyTransitGatewayPeeringAttachment
ModifyTransitGatewayPolicyTableEntry ModifyTransitGatewayPrefixListReference ModifyTransitGatewayVpcAttachment
ModifyVerifiedAccessEndpoint ModifyVerifiedAccessEndpointPolicy ModifyVerifiedAccessGroup
ModifyVerifiedAccessGroupPolicy ModifyVerifiedAccessInstance ModifyVerifiedAccessInstanceLoggingConfiguration
ModifyVerifiedAccessTrustProvider ModifyVolume ModifyVolumeAttribute ModifyVpcAttribute
ModifyVpcBlockPublicAccessExclusion ModifyVpcBlockPublicAccessOptions ModifyVpcEncryptionControl ModifyVpcEndpoint
ModifyVpcEndpointConnectionNotification ModifyVpcEndpointPayerResponsibility ModifyVpcEndpointServiceConfiguration
ModifyVpcEndpointServicePayerResponsibility ModifyVpcEndpointServicePermissions ModifyVpcPeeringConnectionOptions
ModifyVpcTenancy ModifyVpnConnection ModifyVpnConnectionOptions ModifyVpnTunnelCertificate ModifyVpnTunnelOptions
MonitorInstances MoveAddressToVpc MoveByoipCidrToIpam MoveCapacityReservationInstances ProvisionByoipCidr
ProvisionIpamByoasn ProvisionIpamPoolCidr ProvisionPublicIpv4PoolCidr PurchaseCapacityBlock
PurchaseCapacityBlockExtension PurchaseHostReservation PurchaseReservedInstancesOffering PurchaseScheduledInstances
RebootInstances RegisterImage RegisterInstanceEventNotificationAttributes RegisterTransitGatewayMulticastGroupMembers
RegisterTransitGatewayMulticastGroupSources RejectCapacityReservationBillingOwnership
RejectTransitGatewayClientVpnAttachment RejectTransitGatewayMulticastDomainAssociations
RejectTransitGatewayPeeringAttachment RejectTransitGatewayVpcAttachment RejectVpcEndpointConnections
RejectVpcPeeringConnection ReleaseAddress ReleaseHosts ReleaseIpamPoolAllocation ReplaceIamInstanceProfileAssociation
ReplaceImageCriteriaInAllowedImagesSettings ReplaceImageInstanceTypeSpecification ReplaceNetworkAclAssociation
ReplaceNetworkAclEntry ReplaceRoute ReplaceRouteTableAssociation ReplaceTransitGatewayRoute ReplaceVpnTunnel
ReportInstanceStatus RequestSpotFleet RequestSpotInstances ResetAddressAttribute ResetEbsDefaultKmsKeyId
ResetFpgaImageAttribute ResetImageAttribute ResetInstanceAttribute ResetNetworkInterfaceAttribute
ResetSnapshotAttribute RestoreAddressToClassic RestoreImageFromRecycleBin RestoreManagedPrefixListVersion
RestoreSnapshotFromRecycleBin RestoreSnapshotTier RestoreVolumeFromRecycleBin RevokeClientVpnIngress
RevokeSecurityGroupEgress RevokeSecurityGroupIngress RunInstances RunScheduledInstances SearchLocalGatewayRoutes
SearchTransitGatewayMulticastGroups SearchTransitGatewayRoutes SendDiagnosticInterrupt StartDeclarativePoliciesReport
StartInstances StartNetworkInsightsAccessScopeAnalysis StartNetworkInsightsAnalysis
StartVpcEndpointServicePrivateDnsVerification StopInstances TerminateClientVpnConnections TerminateInstances
UnassignIpv6Addresses UnassignPrivateIpAddresses UnassignPrivateNatGatewayAddress UnlockSnapshot UnmonitorInstances
UpdateCapacityManagerMonitoredTagKeys UpdateCapacityManagerOrganizationsAccess
UpdateInterruptibleCapacityReservationAllocation UpdateSecurityGroupRuleDescriptionsEgress
UpdateSecurityGroupRuleDescriptionsIngress ValidateSecurityGroupQuotasForInterface WithdrawByoipCidr
""".split()
)
"""Every operation that EC2 has, served here or not."""


STS_OPERATION_NAMES: Final[frozenset[str]] = frozenset(
    """
AssumeRole AssumeRoleWithSAML AssumeRoleWithWebIdentity AssumeRoot DecodeAuthorizationMessage GetAccessKeyInfo
GetCallerIdentity GetDelegatedAccessToken GetFederationToken GetSessionToken GetWebIdentityToken
""".split()
)
"""Every operation that STS has, served here or not."""


REGIONS: Final[frozenset[str]] = frozenset(
    """
af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1
ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1
eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 il-central-1 me-central-1
me-south-1 me-west-1 mx-central-1 sa-east-1 sa-west-1 us-east-1 us-east-2 us-west-1 us-west-2
""".split()
)
"""The regions of the partition `aws`."""


class AcceptVpcPeeringConnectionRequest(TypedDict, total=False):
    DryRun: bool
    VpcPeeringConnectionId: str


class AssignIpv6AddressesRequest(TypedDict, total=False):
    Ipv6PrefixCount: int
    Ipv6Prefixes: list[str]
    NetworkInterfaceId: str
    Ipv6Addresses: list[str]
    Ipv6AddressCount: int


class AssignPrivateIpAddressesRequest(TypedDict, total=False):
    Ipv4Prefixes: list[str]
    Ipv4PrefixCount: int
    NetworkInterfaceId: str
    PrivateIpAddresses: list[str]
    SecondaryPrivateIpAddressCount: int
    AllowReassignment: bool


class AssociateSecurityGroupVpcRequest(TypedDict, total=False):
    GroupId: str
    VpcId: str
    DryRun: bool


class AssociateVpcCidrBlockRequest(TypedDict, total=False):
    CidrBlock: str
    Ipv6CidrBlockNetworkBorderGroup: str
    Ipv6Pool: str
    Ipv6CidrBlock: str
    Ipv4IpamPoolId: str
    Ipv4NetmaskLength: int
    Ipv6IpamPoolId: str
    Ipv6NetmaskLength: int
    VpcId: str
    AmazonProvidedIpv6CidrBlock: bool


class EnaSrdUdpSpecification(TypedDict, total=False):
    EnaSrdUdpEnabled: bool


class EnaSrdSpecification(TypedDict, total=False):
    EnaSrdEnabled: bool
    EnaSrdUdpSpecification: EnaSrdUdpSpecification


class AttachNetworkInterfaceRequest(TypedDict, total=False):
    NetworkCardIndex: int
    EnaSrdSpecification: EnaSrdSpecification
    EnaQueueCount: int
    DryRun: bool
    NetworkInterfaceId: str
    InstanceId: str
    DeviceIndex: int


class Tag(TypedDict, total=False):
    Key: str
    Value: str


class TagSpecification(TypedDict, total=False):
    ResourceType: str
    Tags: list[Tag]


class UserIdGroupPair(TypedDict, total=False):
    Description: str
    UserId: str
    GroupName: str
    GroupId: str
    VpcId: str
    VpcPeeringConnectionId: str
    PeeringStatus: str


class IpRange(TypedDict, total=False):
    Description: str
    CidrIp: str


class Ipv6Range(TypedDict, total=False):
    Description: str
    CidrIpv6: str


class PrefixListId(TypedDict, total=False):
    Description: str
    PrefixListId: str


class IpPermission(TypedDict, total=False):
    IpProtocol: str
    FromPort: int
    ToPort: int
    UserIdGroupPairs: list[UserIdGroupPair]
    IpRanges: list[IpRange]
    Ipv6Ranges: list[Ipv6Range]
    PrefixListIds: list[PrefixListId]


class AuthorizeSecurityGroupEgressRequest(TypedDict, total=False):
    TagSpecifications: list[TagSpecification]
    DryRun: bool
    GroupId: str
    SourceSecurityGroupName: str
    SourceSecurityGroupOwnerId: str
    IpProtocol: str
    FromPort: int
    ToPort: int
    CidrIp: str
    IpPermissions: list[IpPermission]


class AuthorizeSecurityGroupIngressRequest(TypedDict, total=False):
    CidrIp: str
    FromPort: int
    GroupId: str
    GroupName: str
    IpPermissions: list[IpPermission]
    IpProtocol: str
    SourceSecurityGroupName: str
    SourceSecurityGroupOwnerId: str
    ToPort: int
    TagSpecifications: list[TagSpecification]
    DryRun: bool


class CreateDefaultSubnetRequest(TypedDict, total=False):
    AvailabilityZone: str
    DryRun: bool
    Ipv6Native: bool
    AvailabilityZoneId: str


class CreateDefaultVpcRequest(TypedDict, total=False):
    DryRun: bool


class AddPrefixListEntry(TypedDict, total=False):
    Cidr: str
    Description: str


class CreateManagedPrefixListRequest(TypedDict, total=False):
    DryRun: bool
    PrefixListName: str
    Entries: list[AddPrefixListEntry]
    MaxEntries: int
    TagSpecifications: list[TagSpecification]
    AddressFamily: str
    ClientToken: str


class Ipv4PrefixSpecificationRequest(TypedDict, total=False):
    Ipv4Prefix: str


class Ipv6PrefixSpecificationRequest(TypedDict, total=False):
    Ipv6Prefix: str


class ConnectionTrackingSpecificationRequest(TypedDict, total=False):
    TcpEstablishedTimeout: int
    UdpStreamTimeout: int
    UdpTimeout: int


class OperatorRequest(TypedDict, total=False):
    Principal: str


class PrivateIpAddressSpecification(TypedDict, total=False):
    Primary: bool
    PrivateIpAddress: str


class InstanceIpv6Address(TypedDict, total=False):
    Ipv6Address: str
    IsPrimaryIpv6: bool


class CreateNetworkInterfaceRequest(TypedDict, total=False):
    Ipv4Prefixes: list[Ipv4PrefixSpecificationRequest]
    Ipv4PrefixCount: int
    Ipv6Prefixes: list[Ipv6PrefixSpecificationRequest]
    Ipv6PrefixCount: int
    InterfaceType: str
    TagSpecifications: list[TagSpecification]
    ClientToken: str
    EnablePrimaryIpv6: bool
    ConnectionTrackingSpecification: ConnectionTrackingSpecificationRequest
    Operator: OperatorRequest
    SubnetId: str
    Description: str
    PrivateIpAddress: str
    Groups: list[str]
    PrivateIpAddresses: list[PrivateIpAddressSpecification]
    SecondaryPrivateIpAddressCount: int
    Ipv6Addresses: list[InstanceIpv6Address]
    Ipv6AddressCount: int
    DryRun: bool


class CreateSecurityGroupRequest(TypedDict, total=False):
    Description: str
    GroupName: str
    VpcId: str
    TagSpecifications: list[TagSpecification]
    DryRun: bool


class CreateSubnetRequest(TypedDict, total=False):
    TagSpecifications: list[TagSpecification]
    AvailabilityZone: str
    AvailabilityZoneId: str
    CidrBlock: str
    Ipv6CidrBlock: str
    OutpostArn: str
    VpcId: str
    Ipv6Native: bool
    Ipv4IpamPoolId: str
    Ipv4NetmaskLength: int
    Ipv6IpamPoolId: str
    Ipv6NetmaskLength: int
    DryRun: bool


class CreateTagsRequest(TypedDict, total=False):
    DryRun: bool
    Resources: list[str]
    Tags: list[Tag]


class VpcEncryptionControlConfiguration(TypedDict, total=False):
    Mode: str
    InternetGatewayExclusion: str
    EgressOnlyInternetGatewayExclusion: str
    NatGatewayExclusion: str
    VirtualPrivateGatewayExclusion: str
    VpcPeeringExclusion: str
    LambdaExclusion: str
    VpcLatticeExclusion: str
    ElasticFileSystemExclusion: str
    GlobalAcceleratorExclusion: str
    ApiGatewayV2Exclusion: str


class CreateVpcRequest(TypedDict, total=False):
    CidrBlock: str
    Ipv6Pool: str
    Ipv6CidrBlock: str
    Ipv4IpamPoolId: str
    Ipv4NetmaskLength: int
    Ipv6IpamPoolId: str
    Ipv6NetmaskLength: int
    Ipv6CidrBlockNetworkBorderGroup: str
    VpcEncryptionControl: VpcEncryptionControlConfiguration
    TagSpecifications: list[TagSpecification]
    DryRun: bool
    InstanceTenancy: str
    AmazonProvidedIpv6CidrBlock: bool


class CreatePeeringConnectionOptionsRequest(TypedDict, total=False):
    AllowMultipathResilience: bool
    MultipathResilienceMode: str


class CreateVpcPeeringConnectionRequest(TypedDict, total=False):
    PeerRegion: str
    TagSpecifications: list[TagSpecification]
    RequesterPeeringConnectionOptions: CreatePeeringConnectionOptionsRequest
    DryRun: bool
    VpcId: str
    PeerVpcId: str
    PeerOwnerId: str


class DeleteManagedPrefixListRequest(TypedDict, total=False):
    DryRun: bool
    PrefixListId: str


class DeleteNetworkInterfaceRequest(TypedDict, total=False):
    DryRun: bool
    NetworkInterfaceId: str


class DeleteSecurityGroupRequest(TypedDict, total=False):
    GroupId: str
    GroupName: str
    DryRun: bool


class DeleteSubnetRequest(TypedDict, total=False):
    SubnetId: str
    DryRun: bool


class DeleteTagsRequest(TypedDict, total=False):
    DryRun: bool
    Resources: list[str]
    Tags: list[Tag]


class DeleteVpcRequest(TypedDict, total=False):
    VpcId: str
    DryRun: bool


class DeleteVpcPeeringConnectionRequest(TypedDict, total=False):
    DryRun: bool
    VpcPeeringConnectionId: str


class DescribeAccountAttributesRequest(TypedDict, total=False):
    DryRun: bool
    AttributeNames: list[str]


class Filter(TypedDict, total=False):
    Name: str
    Values: list[str]


class DescribeAvailabilityZonesRequest(TypedDict, total=False):
    ZoneNames: list[str]
    ZoneIds: list[str]
    AllAvailabilityZones: bool
    DryRun: bool
    Filters: list[Filter]


class DescribeInstanceAttributeRequest(TypedDict, total=False):
    DryRun: bool
    InstanceId: str
    Attribute: str


class DescribeInstancesRequest(TypedDict, total=False):
    InstanceIds: list[str]
    IncludeManagedResources: bool
    DryRun: bool
    Filters: list[Filter]
    NextToken: str
    MaxResults: int


class DescribeManagedPrefixListsRequest(TypedDict, total=False):
    DryRun: bool
    Filters: list[Filter]
    MaxResults: int
    NextToken: str
    PrefixListIds: list[str]


class DescribeNetworkInterfaceAttributeRequest(TypedDict, total=False):
    DryRun: bool
    NetworkInterfaceId: str
    Attribute: str


class DescribeNetworkInterfacesRequest(TypedDict, total=False):
    NextToken: str
    MaxResults: int
    IncludeManagedResources: bool
    DryRun: bool
    NetworkInterfaceIds: list[str]
    Filters: list[Filter]


class DescribePrefixListsRequest(TypedDict, total=False):
    DryRun: bool
    Filters: list[Filter]
    MaxResults: int
    NextToken: str
    PrefixListIds: list[str]


class DescribeRegionsRequest(TypedDict, total=False):
    RegionNames: list[str]
    AllRegions: bool
    DryRun: bool
    Filters: list[Filter]


class DescribeSecurityGroupReferencesRequest(TypedDict, total=False):
    DryRun: bool
    GroupId: list[str]


class DescribeSecurityGroupRulesRequest(TypedDict, total=False):
    Filters: list[Filter]
    SecurityGroupRuleIds: list[str]
    DryRun: bool
    NextToken: str
    MaxResults: int


class DescribeSecurityGroupVpcAssociationsRequest(TypedDict, total=False):
    Filters: list[Filter]
    NextToken: str
    MaxResults: int
    DryRun: bool


class DescribeSecurityGroupsRequest(TypedDict, total=False):
    GroupIds: list[str]
    GroupNames: list[str]
    NextToken: str
    MaxResults: int
    DryRun: bool
    Filters: list[Filter]


class DescribeStaleSecurityGroupsRequest(TypedDict, total=False):
    DryRun: bool
    MaxResults: int
    NextToken: str
    VpcId: str


class DescribeSubnetsRequest(TypedDict, total=False):
    Filters: list[Filter]
    SubnetIds: list[str]
    NextToken: str
    MaxResults: int
    DryRun: bool


class DescribeTagsRequest(TypedDict, total=False):
    DryRun: bool
    Filters: list[Filter]
    MaxResults: int
    NextToken: str


class DescribeVpcAttributeRequest(TypedDict, total=False):
    Attribute: str
    VpcId: str
    DryRun: bool


class DescribeVpcPeeringConnectionsRequest(TypedDict, total=False):
    NextToken: str
    MaxResults: int
    DryRun: bool
    VpcPeeringConnectionIds: list[str]
    Filters: list[Filter]


class DescribeVpcsRequest(TypedDict, total=False):
    Filters: list[Filter]
    VpcIds: list[str]
    NextToken: str
    MaxResults: int
    DryRun: bool


class DetachNetworkInterfaceRequest(TypedDict, total=False):
    DryRun: bool
    AttachmentId: str
    Force: bool


class DisassociateSecurityGroupVpcRequest(TypedDict, total=False):
    GroupId: str
    VpcId: str
    DryRun: bool


class DisassociateVpcCidrBlockRequest(TypedDict, total=False):
    AssociationId: str


class GetManagedPrefixListAssociationsRequest(TypedDict, total=False):
    DryRun: bool
    PrefixListId: str
    MaxResults: int
    NextToken: str


class GetManagedPrefixListEntriesRequest(TypedDict, total=False):
    DryRun: bool
    PrefixListId: str
    TargetVersion: int
    MaxResults: int
    NextToken: str


class GetSecurityGroupsForVpcRequest(TypedDict, total=False):
    VpcId: str
    NextToken: str
    MaxResults: int
    Filters: list[Filter]
    DryRun: bool


class AttributeBooleanValue(TypedDict, total=False):
    Value: bool


class EnclaveOptionsRequest(TypedDict, total=False):
    Enabled: bool


class EbsInstanceBlockDeviceSpecification(TypedDict, total=False):
    VolumeId: str
    DeleteOnTermination: bool


class InstanceBlockDeviceMappingSpecification(TypedDict, total=False):
    DeviceName: str
    Ebs: EbsInstanceBlockDeviceSpecification
    VirtualName: str
    NoDevice: str


class AttributeValue(TypedDict, total=False):
    Value: str


class SecureBlobAttributeValue(TypedDict, total=False):
    Value: bytes


class ModifyInstanceAttributeRequest(TypedDict, total=False):
    SourceDestCheck: AttributeBooleanValue
    EnclaveOptions: EnclaveOptionsRequest
    DisableApiStop: AttributeBooleanValue
    DryRun: bool
    InstanceId: str
    Attribute: str
    Value: str
    BlockDeviceMappings: list[InstanceBlockDeviceMappingSpecification]
    DisableApiTermination: AttributeBooleanValue
    InstanceType: AttributeValue
    Kernel: AttributeValue
    Ramdisk: AttributeValue
    UserData: SecureBlobAttributeValue
    InstanceInitiatedShutdownBehavior: AttributeValue
    Groups: list[str]
    EbsOptimized: AttributeBooleanValue
    SriovNetSupport: AttributeValue
    EnaSupport: AttributeBooleanValue


class RemovePrefixListEntry(TypedDict, total=False):
    Cidr: str


class ModifyManagedPrefixListRequest(TypedDict, total=False):
    DryRun: bool
    PrefixListId: str
    CurrentVersion: int
    PrefixListName: str
    AddEntries: list[AddPrefixListEntry]
    RemoveEntries: list[RemovePrefixListEntry]
    MaxEntries: int
    IpamPrefixListResolverSyncEnabled: bool


class NetworkInterfaceAttachmentChanges(TypedDict, total=False):
    DefaultEnaQueueCount: bool
    EnaQueueCount: int
    AttachmentId: str
    DeleteOnTermination: bool


class ModifyNetworkInterfaceAttributeRequest(TypedDict, total=False):
    EnaSrdSpecification: EnaSrdSpecification
    EnablePrimaryIpv6: bool
    ConnectionTrackingSpecification: ConnectionTrackingSpecificationRequest
    AssociatePublicIpAddress: bool
    AssociatedSubnetIds: list[str]
    DryRun: bool
    NetworkInterfaceId: str
    Description: AttributeValue
    SourceDestCheck: AttributeBooleanValue
    Groups: list[str]
    Attachment: NetworkInterfaceAttachmentChanges


class SecurityGroupRuleRequest(TypedDict, total=False):
    IpProtocol: str
    FromPort: int
    ToPort: int
    CidrIpv4: str
    CidrIpv6: str
    PrefixListId: str
    ReferencedGroupId: str
    Description: str


class SecurityGroupRuleUpdate(TypedDict, total=False):
    SecurityGroupRuleId: str
    SecurityGroupRule: SecurityGroupRuleRequest


class ModifySecurityGroupRulesRequest(TypedDict, total=False):
    GroupId: str
    SecurityGroupRules: list[SecurityGroupRuleUpdate]
    DryRun: bool


class ModifyVpcAttributeRequest(TypedDict, total=False):
    EnableDnsHostnames: AttributeBooleanValue
    EnableDnsSupport: AttributeBooleanValue
    VpcId: str
    EnableNetworkAddressUsageMetrics: AttributeBooleanValue


class RejectVpcPeeringConnectionRequest(TypedDict, total=False):
    DryRun: bool
    VpcPeeringConnectionId: str


class RestoreManagedPrefixListVersionRequest(TypedDict, total=False):
    DryRun: bool
    PrefixListId: str
    PreviousVersion: int
    CurrentVersion: int


class RevokeSecurityGroupEgressRequest(TypedDict, total=False):
    SecurityGroupRuleIds: list[str]
    DryRun: bool
    GroupId: str
    SourceSecurityGroupName: str
    SourceSecurityGroupOwnerId: str
    IpProtocol: str
    FromPort: int
    ToPort: int
    CidrIp: str
    IpPermissions: list[IpPermission]


class RevokeSecurityGroupIngressRequest(TypedDict, total=False):
    CidrIp: str
    FromPort: int
    GroupId: str
    GroupName: str
    IpPermissions: list[IpPermission]
    IpProtocol: str
    SourceSecurityGroupName: str
    SourceSecurityGroupOwnerId: str
    ToPort: int
    SecurityGroupRuleIds: list[str]
    DryRun: bool


class UnassignIpv6AddressesRequest(TypedDict, total=False):
    Ipv6Prefixes: list[str]
    NetworkInterfaceId: str
    Ipv6Addresses: list[str]


class UnassignPrivateIpAddressesRequest(TypedDict, total=False):
    Ipv4Prefixes: list[str]
    NetworkInterfaceId: str
    PrivateIpAddresses: list[str]


class SecurityGroupRuleDescription(TypedDict, total=False):
    SecurityGroupRuleId: str
    Description: str


class UpdateSecurityGroupRuleDescriptionsEgressRequest(TypedDict, total=False):
    DryRun: bool
    GroupId: str
    GroupName: str
    IpPermissions: list[IpPermission]
    SecurityGroupRuleDescriptions: list[SecurityGroupRuleDescription]


class UpdateSecurityGroupRuleDescriptionsIngressRequest(TypedDict, total=False):
    DryRun: bool
    GroupId: str
    GroupName: str
    IpPermissions: list[IpPermission]
    SecurityGroupRuleDescriptions: list[SecurityGroupRuleDescription]


class PolicyDescriptorType(TypedDict, total=False):
    arn: str


class ProvidedContext(TypedDict, total=False):
    ProviderArn: str
    ContextAssertion: str


class AssumeRoleRequest(TypedDict, total=False):
    RoleArn: str
    RoleSessionName: str
    PolicyArns: list[PolicyDescriptorType]
    Policy: str
    DurationSeconds: int
    Tags: list[Tag]
    TransitiveTagKeys: list[str]
    ExternalId: str
    SerialNumber: str
    TokenCode: str
    SourceIdentity: str
    ProvidedContexts: list[ProvidedContext]
    MinimumSessionTokenSize: int


class DecodeAuthorizationMessageRequest(TypedDict, total=False):
    EncodedMessage: str


class GetCallerIdentityRequest(TypedDict, total=False):
    pass


class GetSessionTokenRequest(TypedDict, total=False):
    DurationSeconds: int
    SerialNumber: str
    TokenCode: str
    MinimumSessionTokenSize: int


class Ipv6CidrBlock(TypedDict, total=False):
    Ipv6CidrBlock: str


class CidrBlock(TypedDict, total=False):
    CidrBlock: str


class VpcPeeringConnectionOptionsDescription(TypedDict, total=False):
    AllowDnsResolutionFromRemoteVpc: bool
    AllowEgressFromLocalClassicLinkToRemoteVpc: bool
    AllowEgressFromLocalVpcToRemoteClassicLink: bool
    AllowMultipathResilience: bool
    MultipathResilienceMode: str


class VpcPeeringConnectionVpcInfo(TypedDict, total=False):
    CidrBlock: str
    Ipv6CidrBlockSet: list[Ipv6CidrBlock]
    CidrBlockSet: list[CidrBlock]
    OwnerId: str
    PeeringOptions: VpcPeeringConnectionOptionsDescription
    VpcId: str
    Region: str


class VpcPeeringConnectionStateReason(TypedDict, total=False):
    Code: str
    Message: str


class VpcPeeringConnection(TypedDict, total=False):
    AccepterVpcInfo: VpcPeeringConnectionVpcInfo
    ExpirationTime: datetime | int
    RequesterVpcInfo: VpcPeeringConnectionVpcInfo
    Status: VpcPeeringConnectionStateReason
    Tags: list[Tag]
    VpcPeeringConnectionId: str
    MultipathResilienceStatus: str


class AcceptVpcPeeringConnectionResult(TypedDict, total=False):
    VpcPeeringConnection: VpcPeeringConnection


class AssignIpv6AddressesResult(TypedDict, total=False):
    AssignedIpv6Addresses: list[str]
    AssignedIpv6Prefixes: list[str]
    NetworkInterfaceId: str


class AssignedPrivateIpAddress(TypedDict, total=False):
    PrivateIpAddress: str


class Ipv4PrefixSpecification(TypedDict, total=False):
    Ipv4Prefix: str


class AssignPrivateIpAddressesResult(TypedDict, total=False):
    NetworkInterfaceId: str
    AssignedPrivateIpAddresses: list[AssignedPrivateIpAddress]
    AssignedIpv4Prefixes: list[Ipv4PrefixSpecification]


class AssociateSecurityGroupVpcResult(TypedDict, total=False):
    State: str


class VpcCidrBlockState(TypedDict, total=False):
    State: str
    StatusMessage: str


class VpcIpv6CidrBlockAssociation(TypedDict, total=False):
    AssociationId: str
    Ipv6CidrBlock: str
    Ipv6CidrBlockState: VpcCidrBlockState
    NetworkBorderGroup: str
    Ipv6Pool: str
    Ipv6AddressAttribute: str
    IpSource: str


class VpcCidrBlockAssociation(TypedDict, total=False):
    AssociationId: str
    CidrBlock: str
    CidrBlockState: VpcCidrBlockState


class AssociateVpcCidrBlockResult(TypedDict, total=False):
    Ipv6CidrBlockAssociation: VpcIpv6CidrBlockAssociation
    CidrBlockAssociation: VpcCidrBlockAssociation
    VpcId: str


class AttachNetworkInterfaceResult(TypedDict, total=False):
    AttachmentId: str
    NetworkCardIndex: int


class ReferencedSecurityGroup(TypedDict, total=False):
    GroupId: str
    PeeringStatus: str
    UserId: str
    VpcId: str
    VpcPeeringConnectionId: str


class SecurityGroupRule(TypedDict, total=False):
    SecurityGroupRuleId: str
    GroupId: str
    GroupOwnerId: str
    IsEgress: bool
    IpProtocol: str
    FromPort: int
    ToPort: int
    CidrIpv4: str
    CidrIpv6: str
    PrefixListId: str
    ReferencedGroupInfo: ReferencedSecurityGroup
    Description: str
    Tags: list[Tag]
    SecurityGroupRuleArn: str


class AuthorizeSecurityGroupEgressResult(TypedDict, total=False):
    Return: bool
    SecurityGroupRules: list[SecurityGroupRule]


class AuthorizeSecurityGroupIngressResult(TypedDict, total=False):
    Return: bool
    SecurityGroupRules: list[SecurityGroupRule]


class SubnetCidrBlockState(TypedDict, total=False):
    State: str
    StatusMessage: str


class SubnetIpv6CidrBlockAssociation(TypedDict, total=False):
    AssociationId: str
    Ipv6CidrBlock: str
    Ipv6CidrBlockState: SubnetCidrBlockState
    Ipv6AddressAttribute: str
    IpSource: str


class PrivateDnsNameOptionsOnLaunch(TypedDict, total=False):
    HostnameType: str
    EnableResourceNameDnsARecord: bool
    EnableResourceNameDnsAAAARecord: bool


class BlockPublicAccessStates(TypedDict, total=False):
    InternetGatewayBlockMode: str


class Subnet(TypedDict, total=False):
    AvailabilityZoneId: str
    EnableLniAtDeviceIndex: int
    MapCustomerOwnedIpOnLaunch: bool
    CustomerOwnedIpv4Pool: str
    OwnerId: str
    AssignIpv6AddressOnCreation: bool
    Ipv6CidrBlockAssociationSet: list[SubnetIpv6CidrBlockAssociation]
    Tags: list[Tag]
    SubnetArn: str
    OutpostArn: str
    EnableDns64: bool
    Ipv6Native: bool
    PrivateDnsNameOptionsOnLaunch: PrivateDnsNameOptionsOnLaunch
    BlockPublicAccessStates: BlockPublicAccessStates
    Type: str
    SubnetId: str
    State: str
    VpcId: str
    CidrBlock: str
    AvailableIpAddressCount: int
    AvailabilityZone: str
    DefaultForAz: bool
    MapPublicIpOnLaunch: bool


class CreateDefaultSubnetResult(TypedDict, total=False):
    Subnet: Subnet


class VpcEncryptionControlExclusion(TypedDict, total=False):
    State: str
    StateMessage: str


class VpcEncryptionControlExclusions(TypedDict, total=False):
    InternetGateway: VpcEncryptionControlExclusion
    EgressOnlyInternetGateway: VpcEncryptionControlExclusion
    NatGateway: VpcEncryptionControlExclusion
    VirtualPrivateGateway: VpcEncryptionControlExclusion
    VpcPeering: VpcEncryptionControlExclusion
    Lambda: VpcEncryptionControlExclusion
    VpcLattice: VpcEncryptionControlExclusion
    ElasticFileSystem: VpcEncryptionControlExclusion
    GlobalAccelerator: VpcEncryptionControlExclusion
    ApiGatewayV2: VpcEncryptionControlExclusion


class VpcEncryptionControl(TypedDict, total=False):
    VpcId: str
    VpcEncryptionControlId: str
    Mode: str
    State: str
    StateMessage: str
    ResourceExclusions: VpcEncryptionControlExclusions
    Tags: list[Tag]


class Vpc(TypedDict, total=False):
    OwnerId: str
    InstanceTenancy: str
    Ipv6CidrBlockAssociationSet: list[VpcIpv6CidrBlockAssociation]
    CidrBlockAssociationSet: list[VpcCidrBlockAssociation]
    IsDefault: bool
    EncryptionControl: VpcEncryptionControl
    Tags: list[Tag]
    BlockPublicAccessStates: BlockPublicAccessStates
    VpcId: str
    State: str
    CidrBlock: str
    DhcpOptionsId: str


class CreateDefaultVpcResult(TypedDict, total=False):
    Vpc: Vpc


class ManagedPrefixList(TypedDict, total=False):
    PrefixListId: str
    AddressFamily: str
    State: str
    StateMessage: str
    PrefixListArn: str
    PrefixListName: str
    MaxEntries: int
    Version: int
    Tags: list[Tag]
    OwnerId: str
    IpamPrefixListResolverTargetId: str
    IpamPrefixListResolverSyncEnabled: bool


class CreateManagedPrefixListResult(TypedDict, total=False):
    PrefixList: ManagedPrefixList


class NetworkInterfaceAssociation(TypedDict, total=False):
    AllocationId: str
    AssociationId: str
    IpOwnerId: str
    PublicDnsName: str
    PublicIp: str
    CustomerOwnedIp: str
    CarrierIp: str


class AttachmentEnaSrdUdpSpecification(TypedDict, total=False):
    EnaSrdUdpEnabled: bool


class AttachmentEnaSrdSpecification(TypedDict, total=False):
    EnaSrdEnabled: bool
    EnaSrdUdpSpecification: AttachmentEnaSrdUdpSpecification


class NetworkInterfaceAttachment(TypedDict, total=False):
    AttachTime: datetime | int
    AttachmentId: str
    DeleteOnTermination: bool
    DeviceIndex: int
    NetworkCardIndex: int
    InstanceId: str
    InstanceOwnerId: str
    Status: str
    EnaSrdSpecification: AttachmentEnaSrdSpecification
    EnaQueueCount: int


class ConnectionTrackingConfiguration(TypedDict, total=False):
    TcpEstablishedTimeout: int
    UdpStreamTimeout: int
    UdpTimeout: int


class GroupIdentifier(TypedDict, total=False):
    GroupId: str
    GroupName: str


class NetworkInterfaceIpv6Address(TypedDict, total=False):
    Ipv6Address: str
    PublicIpv6DnsName: str
    IsPrimaryIpv6: bool


class PublicIpDnsNameOptions(TypedDict, total=False):
    DnsHostnameType: str
    PublicIpv4DnsName: str
    PublicIpv6DnsName: str
    PublicDualStackDnsName: str


class NetworkInterfacePrivateIpAddress(TypedDict, total=False):
    Association: NetworkInterfaceAssociation
    Primary: bool
    PrivateDnsName: str
    PrivateIpAddress: str


class Ipv6PrefixSpecification(TypedDict, total=False):
    Ipv6Prefix: str


class OperatorResponse(TypedDict, total=False):
    Managed: bool
    Principal: str
    HiddenByDefault: bool


class NetworkInterface(TypedDict, total=False):
    Association: NetworkInterfaceAssociation
    Attachment: NetworkInterfaceAttachment
    AvailabilityZone: str
    ConnectionTrackingConfiguration: ConnectionTrackingConfiguration
    Description: str
    Groups: list[GroupIdentifier]
    InterfaceType: str
    Ipv6Addresses: list[NetworkInterfaceIpv6Address]
    MacAddress: str
    NetworkInterfaceId: str
    OutpostArn: str
    OwnerId: str
    PrivateDnsName: str
    PublicDnsName: str
    PublicIpDnsNameOptions: PublicIpDnsNameOptions
    PrivateIpAddress: str
    PrivateIpAddresses: list[NetworkInterfacePrivateIpAddress]
    Ipv4Prefixes: list[Ipv4PrefixSpecification]
    Ipv6Prefixes: list[Ipv6PrefixSpecification]
    RequesterId: str
    RequesterManaged: bool
    SourceDestCheck: bool
    Status: str
    SubnetId: str
    TagSet: list[Tag]
    VpcId: str
    DenyAllIgwTraffic: bool
    Ipv6Native: bool
    Ipv6Address: str
    Operator: OperatorResponse
    AssociatedSubnets: list[str]
    AvailabilityZoneId: str


class CreateNetworkInterfaceResult(TypedDict, total=False):
    NetworkInterface: NetworkInterface
    ClientToken: str


class CreateSecurityGroupResult(TypedDict, total=False):
    GroupId: str
    Tags: list[Tag]
    SecurityGroupArn: str


class CreateSubnetResult(TypedDict, total=False):
    Subnet: Subnet


class CreateVpcResult(TypedDict, total=False):
    Vpc: Vpc


class CreateVpcPeeringConnectionResult(TypedDict, total=False):
    VpcPeeringConnection: VpcPeeringConnection


class DeleteManagedPrefixListResult(TypedDict, total=False):
    PrefixList: ManagedPrefixList


class DeleteSecurityGroupResult(TypedDict, total=False):
    Return: bool
    GroupId: str


class DeleteVpcPeeringConnectionResult(TypedDict, total=False):
    Return: bool


class AccountAttributeValue(TypedDict, total=False):
    AttributeValue: str


class AccountAttribute(TypedDict, total=False):
    AttributeName: str
    AttributeValues: list[AccountAttributeValue]


class DescribeAccountAttributesResult(TypedDict, total=False):
    AccountAttributes: list[AccountAttribute]


class AvailabilityZoneMessage(TypedDict, total=False):
    Message: str


class AvailabilityZoneGeography(TypedDict, total=False):
    Name: str


class AvailabilityZoneSubGeography(TypedDict, total=False):
    Name: str


class AvailabilityZone(TypedDict, total=False):
    OptInStatus: str
    Messages: list[AvailabilityZoneMessage]
    RegionName: str
    ZoneName: str
    ZoneId: str
    GroupName: str
    NetworkBorderGroup: str
    ZoneType: str
    ParentZoneName: str
    ParentZoneId: str
    GroupLongName: str
    Geography: list[AvailabilityZoneGeography]
    SubGeography: list[AvailabilityZoneSubGeography]
    State: str


class DescribeAvailabilityZonesResult(TypedDict, total=False):
    AvailabilityZones: list[AvailabilityZone]


class EbsInstanceBlockDevice(TypedDict, total=False):
    AttachTime: datetime | int
    DeleteOnTermination: bool
    Status: str
    VolumeId: str
    AssociatedResource: str
    VolumeOwnerId: str
    Operator: OperatorResponse
    EbsCardIndex: int


class InstanceBlockDeviceMapping(TypedDict, total=False):
    DeviceName: str
    Ebs: EbsInstanceBlockDevice


class EnclaveOptions(TypedDict, total=False):
    Enabled: bool


class ProductCode(TypedDict, total=False):
    ProductCodeId: str
    ProductCodeType: str


class InstanceAttribute(TypedDict, total=False):
    BlockDeviceMappings: list[InstanceBlockDeviceMapping]
    DisableApiTermination: AttributeBooleanValue
    EnaSupport: AttributeBooleanValue
    EnclaveOptions: EnclaveOptions
    EbsOptimized: AttributeBooleanValue
    InstanceId: str
    InstanceInitiatedShutdownBehavior: AttributeValue
    InstanceType: AttributeValue
    KernelId: AttributeValue
    ProductCodes: list[ProductCode]
    RamdiskId: AttributeValue
    RootDeviceName: AttributeValue
    SourceDestCheck: AttributeBooleanValue
    SriovNetSupport: AttributeValue
    UserData: AttributeValue
    DisableApiStop: AttributeBooleanValue
    Groups: list[GroupIdentifier]


class IamInstanceProfile(TypedDict, total=False):
    Arn: str
    Id: str


class ElasticGpuAssociation(TypedDict, total=False):
    ElasticGpuId: str
    ElasticGpuAssociationId: str
    ElasticGpuAssociationState: str
    ElasticGpuAssociationTime: str


class ElasticInferenceAcceleratorAssociation(TypedDict, total=False):
    ElasticInferenceAcceleratorArn: str
    ElasticInferenceAcceleratorAssociationId: str
    ElasticInferenceAcceleratorAssociationState: str
    ElasticInferenceAcceleratorAssociationTime: datetime | int


class InstanceNetworkInterfaceAssociation(TypedDict, total=False):
    CarrierIp: str
    CustomerOwnedIp: str
    IpOwnerId: str
    PublicDnsName: str
    PublicIp: str


class InstanceAttachmentEnaSrdUdpSpecification(TypedDict, total=False):
    EnaSrdUdpEnabled: bool


class InstanceAttachmentEnaSrdSpecification(TypedDict, total=False):
    EnaSrdEnabled: bool
    EnaSrdUdpSpecification: InstanceAttachmentEnaSrdUdpSpecification


class InstanceNetworkInterfaceAttachment(TypedDict, total=False):
    AttachTime: datetime | int
    AttachmentId: str
    DeleteOnTermination: bool
    DeviceIndex: int
    Status: str
    NetworkCardIndex: int
    EnaSrdSpecification: InstanceAttachmentEnaSrdSpecification
    EnaQueueCount: int


class InstancePrivateIpAddress(TypedDict, total=False):
    Association: InstanceNetworkInterfaceAssociation
    Primary: bool
    PrivateDnsName: str
    PrivateIpAddress: str


class InstanceIpv4Prefix(TypedDict, total=False):
    Ipv4Prefix: str


class InstanceIpv6Prefix(TypedDict, total=False):
    Ipv6Prefix: str


class ConnectionTrackingSpecificationResponse(TypedDict, total=False):
    TcpEstablishedTimeout: int
    UdpStreamTimeout: int
    UdpTimeout: int


class InstanceNetworkInterface(TypedDict, total=False):
    Association: InstanceNetworkInterfaceAssociation
    Attachment: InstanceNetworkInterfaceAttachment
    Description: str
    Groups: list[GroupIdentifier]
    Ipv6Addresses: list[InstanceIpv6Address]
    MacAddress: str
    NetworkInterfaceId: str
    OwnerId: str
    PrivateDnsName: str
    PrivateIpAddress: str
    PrivateIpAddresses: list[InstancePrivateIpAddress]
    SourceDestCheck: bool
    Status: str
    SubnetId: str
    VpcId: str
    InterfaceType: str
    Ipv4Prefixes: list[InstanceIpv4Prefix]
    Ipv6Prefixes: list[InstanceIpv6Prefix]
    ConnectionTrackingConfiguration: ConnectionTrackingSpecificationResponse
    Operator: OperatorResponse


class StateReason(TypedDict, total=False):
    Code: str
    Message: str


class CpuOptions(TypedDict, total=False):
    CoreCount: int
    ThreadsPerCore: int
    AmdSevSnp: str
    NestedVirtualization: str


class CapacityReservationTargetResponse(TypedDict, total=False):
    CapacityReservationId: str
    CapacityReservationResourceGroupArn: str


class CapacityReservationSpecificationResponse(TypedDict, total=False):
    CapacityReservationPreference: str
    CapacityReservationTarget: CapacityReservationTargetResponse


class HibernationOptions(TypedDict, total=False):
    Configured: bool


class LicenseConfiguration(TypedDict, total=False):
    LicenseConfigurationArn: str


class InstanceMetadataOptionsResponse(TypedDict, total=False):
    State: str
    HttpTokens: str
    HttpPutResponseHopLimit: int
    HttpEndpoint: str
    HttpProtocolIpv6: str
    InstanceMetadataTags: str


class PrivateDnsNameOptionsResponse(TypedDict, total=False):
    HostnameType: str
    EnableResourceNameDnsARecord: bool
    EnableResourceNameDnsAAAARecord: bool


class InstanceMaintenanceOptions(TypedDict, total=False):
    AutoRecovery: str
    RebootMigration: str


class InstanceNetworkPerformanceOptions(TypedDict, total=False):
    BandwidthWeighting: str


class InstanceSecondaryInterfaceAttachment(TypedDict, total=False):
    AttachTime: datetime | int
    AttachmentId: str
    DeleteOnTermination: bool
    DeviceIndex: int
    Status: str
    NetworkCardIndex: int


class InstanceSecondaryInterfacePrivateIpAddress(TypedDict, total=False):
    PrivateIpAddress: str


class InstanceSecondaryInterface(TypedDict, total=False):
    Attachment: InstanceSecondaryInterfaceAttachment
    MacAddress: str
    SecondaryInterfaceId: str
    OwnerId: str
    PrivateIpAddresses: list[InstanceSecondaryInterfacePrivateIpAddress]
    SourceDestCheck: bool
    Status: str
    SecondarySubnetId: str
    SecondaryNetworkId: str
    InterfaceType: str


class InstanceState(TypedDict, total=False):
    Code: int
    Name: str


class Placement(TypedDict, total=False):
    AvailabilityZoneId: str
    Affinity: str
    GroupName: str
    PartitionNumber: int
    HostId: str
    Tenancy: str
    SpreadDomain: str
    HostResourceGroupArn: str
    GroupId: str
    AvailabilityZone: str


class Monitoring(TypedDict, total=False):
    MetricCategoryIds: list[str]
    State: str


class Instance(TypedDict, total=False):
    Architecture: str
    BlockDeviceMappings: list[InstanceBlockDeviceMapping]
    ClientToken: str
    EbsOptimized: bool
    EnaSupport: bool
    Hypervisor: str
    IamInstanceProfile: IamInstanceProfile
    InstanceLifecycle: str
    ElasticGpuAssociations: list[ElasticGpuAssociation]
    ElasticInferenceAcceleratorAssociations: list[ElasticInferenceAcceleratorAssociation]
    NetworkInterfaces: list[InstanceNetworkInterface]
    OutpostArn: str
    RootDeviceName: str
    RootDeviceType: str
    SecurityGroups: list[GroupIdentifier]
    SourceDestCheck: bool
    SpotInstanceRequestId: str
    SriovNetSupport: str
    StateReason: StateReason
    Tags: list[Tag]
    VirtualizationType: str
    CpuOptions: CpuOptions
    CapacityBlockId: str
    CapacityReservationId: str
    CapacityReservationSpecification: CapacityReservationSpecificationResponse
    HibernationOptions: HibernationOptions
    Licenses: list[LicenseConfiguration]
    MetadataOptions: InstanceMetadataOptionsResponse
    EnclaveOptions: EnclaveOptions
    BootMode: str
    PlatformDetails: str
    UsageOperation: str
    UsageOperationUpdateTime: datetime | int
    PrivateDnsNameOptions: PrivateDnsNameOptionsResponse
    Ipv6Address: str
    TpmSupport: str
    MaintenanceOptions: InstanceMaintenanceOptions
    CurrentInstanceBootMode: str
    NetworkPerformanceOptions: InstanceNetworkPerformanceOptions
    Operator: OperatorResponse
    SecondaryInterfaces: list[InstanceSecondaryInterface]
    InstanceId: str
    ImageId: str
    State: InstanceState
    PrivateDnsName: str
    PublicDnsName: str
    StateTransitionReason: str
    KeyName: str
    AmiLaunchIndex: int
    ProductCodes: list[ProductCode]
    InstanceType: str
    LaunchTime: datetime | int
    Placement: Placement
    KernelId: str
    RamdiskId: str
    Platform: str
    Monitoring: Monitoring
    SubnetId: str
    VpcId: str
    PrivateIpAddress: str
    PublicIpAddress: str


class Reservation(TypedDict, total=False):
    ReservationId: str
    OwnerId: str
    RequesterId: str
    Groups: list[GroupIdentifier]
    Instances: list[Instance]


class DescribeInstancesResult(TypedDict, total=False):
    NextToken: str
    Reservations: list[Reservation]


class DescribeManagedPrefixListsResult(TypedDict, total=False):
    NextToken: str
    PrefixLists: list[ManagedPrefixList]


class DescribeNetworkInterfaceAttributeResult(TypedDict, total=False):
    Attachment: NetworkInterfaceAttachment
    Description: AttributeValue
    Groups: list[GroupIdentifier]
    NetworkInterfaceId: str
    SourceDestCheck: AttributeBooleanValue
    AssociatePublicIpAddress: bool


class DescribeNetworkInterfacesResult(TypedDict, total=False):
    NetworkInterfaces: list[NetworkInterface]
    NextToken: str


class PrefixList(TypedDict, total=False):
    Cidrs: list[str]
    PrefixListId: str
    PrefixListName: str


class DescribePrefixListsResult(TypedDict, total=False):
    NextToken: str
    PrefixLists: list[PrefixList]


class RegionGeography(TypedDict, total=False):
    Name: str


class Region(TypedDict, total=False):
    OptInStatus: str
    Geography: list[RegionGeography]
    RegionName: str
    Endpoint: str


class DescribeRegionsResult(TypedDict, total=False):
    Regions: list[Region]


class SecurityGroupReference(TypedDict, total=False):
    GroupId: str
    ReferencingVpcId: str
    VpcPeeringConnectionId: str
    TransitGatewayId: str


class DescribeSecurityGroupReferencesResult(TypedDict, total=False):
    SecurityGroupReferenceSet: list[SecurityGroupReference]


class DescribeSecurityGroupRulesResult(TypedDict, total=False):
    SecurityGroupRules: list[SecurityGroupRule]
    NextToken: str


class SecurityGroupVpcAssociation(TypedDict, total=False):
    GroupId: str
    VpcId: str
    VpcOwnerId: str
    State: str
    StateReason: str
    GroupOwnerId: str


class DescribeSecurityGroupVpcAssociationsResult(TypedDict, total=False):
    SecurityGroupVpcAssociations: list[SecurityGroupVpcAssociation]
    NextToken: str


class SecurityGroup(TypedDict, total=False):
    GroupId: str
    IpPermissionsEgress: list[IpPermission]
    Tags: list[Tag]
    VpcId: str
    SecurityGroupArn: str
    OwnerId: str
    GroupName: str
    Description: str
    IpPermissions: list[IpPermission]


class DescribeSecurityGroupsResult(TypedDict, total=False):
    NextToken: str
    SecurityGroups: list[SecurityGroup]


class StaleIpPermission(TypedDict, total=False):
    FromPort: int
    IpProtocol: str
    IpRanges: list[str]
    PrefixListIds: list[str]
    ToPort: int
    UserIdGroupPairs: list[UserIdGroupPair]


class StaleSecurityGroup(TypedDict, total=False):
    Description: str
    GroupId: str
    GroupName: str
    StaleIpPermissions: list[StaleIpPermission]
    StaleIpPermissionsEgress: list[StaleIpPermission]
    VpcId: str


class DescribeStaleSecurityGroupsResult(TypedDict, total=False):
    NextToken: str
    StaleSecurityGroupSet: list[StaleSecurityGroup]


class DescribeSubnetsResult(TypedDict, total=False):
    NextToken: str
    Subnets: list[Subnet]


class TagDescription(TypedDict, total=False):
    Key: str
    ResourceId: str
    ResourceType: str
    Value: str


class DescribeTagsResult(TypedDict, total=False):
    NextToken: str
    Tags: list[TagDescription]


class DescribeVpcAttributeResult(TypedDict, total=False):
    EnableDnsHostnames: AttributeBooleanValue
    EnableDnsSupport: AttributeBooleanValue
    EnableNetworkAddressUsageMetrics: AttributeBooleanValue
    VpcId: str


class DescribeVpcPeeringConnectionsResult(TypedDict, total=False):
    VpcPeeringConnections: list[VpcPeeringConnection]
    NextToken: str


class DescribeVpcsResult(TypedDict, total=False):
    NextToken: str
    Vpcs: list[Vpc]


class DisassociateSecurityGroupVpcResult(TypedDict, total=False):
    State: str


class DisassociateVpcCidrBlockResult(TypedDict, total=False):
    Ipv6CidrBlockAssociation: VpcIpv6CidrBlockAssociation
    CidrBlockAssociation: VpcCidrBlockAssociation
    VpcId: str


class PrefixListAssociation(TypedDict, total=False):
    ResourceId: str
    ResourceOwner: str


class GetManagedPrefixListAssociationsResult(TypedDict, total=False):
    PrefixListAssociations: list[PrefixListAssociation]
    NextToken: str


class PrefixListEntry(TypedDict, total=False):
    Cidr: str
    Description: str


class GetManagedPrefixListEntriesResult(TypedDict, total=False):
    Entries: list[PrefixListEntry]
    NextToken: str


class SecurityGroupForVpc(TypedDict, total=False):
    Description: str
    GroupName: str
    OwnerId: str
    GroupId: str
    Tags: list[Tag]
    PrimaryVpcId: str


class GetSecurityGroupsForVpcResult(TypedDict, total=False):
    NextToken: str
    SecurityGroupForVpcs: list[SecurityGroupForVpc]


class ModifyManagedPrefixListResult(TypedDict, total=False):
    PrefixList: ManagedPrefixList


class ModifySecurityGroupRulesResult(TypedDict, total=False):
    Return: bool


class RejectVpcPeeringConnectionResult(TypedDict, total=False):
    Return: bool


class RestoreManagedPrefixListVersionResult(TypedDict, total=False):
    PrefixList: ManagedPrefixList


class RevokedSecurityGroupRule(TypedDict, total=False):
    SecurityGroupRuleId: str
    GroupId: str
    IsEgress: bool
    IpProtocol: str
    FromPort: int
    ToPort: int
    CidrIpv4: str
    CidrIpv6: str
    PrefixListId: str
    ReferencedGroupId: str
    Description: str


class RevokeSecurityGroupEgressResult(TypedDict, total=False):
    Return: bool
    UnknownIpPermissions: list[IpPermission]
    RevokedSecurityGroupRules: list[RevokedSecurityGroupRule]


class RevokeSecurityGroupIngressResult(TypedDict, total=False):
    Return: bool
    UnknownIpPermissions: list[IpPermission]
    RevokedSecurityGroupRules: list[RevokedSecurityGroupRule]


class UnassignIpv6AddressesResult(TypedDict, total=False):
    NetworkInterfaceId: str
    UnassignedIpv6Addresses: list[str]
    UnassignedIpv6Prefixes: list[str]


class UpdateSecurityGroupRuleDescriptionsEgressResult(TypedDict, total=False):
    Return: bool


class UpdateSecurityGroupRuleDescriptionsIngressResult(TypedDict, total=False):
    Return: bool


class Credentials(TypedDict, total=False):
    AccessKeyId: str
    SecretAccessKey: str
    SessionToken: str
    Expiration: datetime | int


class AssumedRoleUser(TypedDict, total=False):
    AssumedRoleId: str
    Arn: str


class AssumeRoleResponse(TypedDict, total=False):
    Credentials: Credentials
    AssumedRoleUser: AssumedRoleUser
    PackedPolicySize: int
    SourceIdentity: str
    SessionTokenUtilization: int
    SessionTokenSize: int


class DecodeAuthorizationMessageResponse(TypedDict, total=False):
    DecodedMessage: str


class GetCallerIdentityResponse(TypedDict, total=False):
    UserId: str
    Account: str
    Arn: str


class GetSessionTokenResponse(TypedDict, total=False):
    Credentials: Credentials
    SessionTokenUtilization: int
    SessionTokenSize: int
