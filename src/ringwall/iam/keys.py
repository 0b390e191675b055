"""The condition keys that a policy document may ask about.

A key with a slip of the pen would never match, and a denial that never matches lets everything through; so keys of
our own services that nobody knows are refused. Keys of other services are taken, as documents are shared: they are
absent here.
Source: IAM user guide, "AWS global condition context keys"; Service Authorization Reference, "… for Amazon EC2".
"""

from __future__ import annotations

import re
from typing import Final

_PRESENT: Final = """
    aws:CurrentTime aws:EpochTime aws:PrincipalAccount aws:PrincipalArn aws:PrincipalType aws:RequestedRegion
    aws:ResourceAccount aws:SecureTransport aws:SourceIp aws:TagKeys aws:TokenIssueTime aws:UserAgent aws:userid
    aws:username
    ec2:AccepterVpc ec2:Attribute ec2:AvailabilityZone ec2:CreateAction ec2:InstanceID ec2:NetworkInterfaceID
    ec2:Region ec2:RequesterVpc ec2:SecurityGroupID ec2:Subnet ec2:SubnetID ec2:Vpc ec2:VpcID
    ec2:VpcPeeringConnectionID
    sts:ExternalId sts:RoleSessionName
    ringwall:RevokeMode
"""
"""Those that a request can have here."""

_ABSENT: Final = """
    aws:CalledVia aws:CalledViaFirst aws:CalledViaLast aws:FederatedProvider aws:MultiFactorAuthAge
    aws:MultiFactorAuthPresent aws:PrincipalIsAWSService aws:PrincipalOrgID aws:PrincipalOrgPaths
    aws:PrincipalServiceName aws:PrincipalServiceNamesList aws:Referer aws:ResourceOrgID aws:ResourceOrgPaths
    aws:SourceAccount aws:SourceArn aws:SourceIdentity aws:SourceOrgID aws:SourceOrgPaths aws:SourceVpc aws:SourceVpcArn
    aws:SourceVpce aws:ViaAWSService aws:VpcSourceIp
    ec2:AuthorizedService ec2:AuthorizedUser ec2:AvailabilityZoneId ec2:EbsOptimized ec2:InstanceAutoRecovery
    ec2:InstanceMarketType ec2:InstanceMetadataTags ec2:InstanceProfile ec2:InstanceType ec2:IsLaunchTemplateResource
    ec2:LaunchTemplate ec2:MetadataHttpEndpoint ec2:MetadataHttpPutResponseHopLimit ec2:MetadataHttpTokens
    ec2:Owner ec2:ParentSnapshot ec2:ParentVolume ec2:Permission ec2:PlacementGroup ec2:ProductCode ec2:Public
    ec2:RootDeviceType ec2:SourceInstanceARN ec2:Tenancy ec2:VolumeSize ec2:VolumeType
    sts:SourceIdentity sts:TransitiveTagKeys sts:RequestContext/
"""
"""Those that AWS has and that no request has here."""

_WITH_NAMES: Final = ("aws:principaltag/", "aws:requesttag/", "aws:resourcetag/", "ec2:attribute/", "ec2:resourcetag/")
_KNOWN: Final = frozenset((_PRESENT + _ABSENT).lower().split())
_OURS: Final = ("aws:", "ec2:", "sts:", "ringwall:")
_SHAPE: Final = re.compile(r"[a-zA-Z0-9-]+:[^\s*?$\"{}]{1,256}")


def is_known(key: str) -> bool:
    """Whether a document may ask about this key, in whatever letter case."""
    if _SHAPE.fullmatch(key) is None:
        return False
    lower = key.lower()
    if not lower.startswith(_OURS):
        return True
    return lower in _KNOWN or any(lower.startswith(each) and lower != each for each in _WITH_NAMES)
