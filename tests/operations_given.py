"""The least that each operation asks for: well-formed, and of nothing that is there."""

from __future__ import annotations

from typing import Any

import botocore_judge as judge
from account import ABSENT

ELSEWHERE = {
    "EncodedMessage": "v1:x",
    "RoleArn": "arn:aws:iam::123456789012:role/absent",
    "RoleSessionName": "somebody",
    "AssociationId": "vpc-cidr-assoc-0123456789abcdef0",
    "GroupId": ABSENT["sg"],
    "InstanceId": ABSENT["i"],
    "NetworkInterfaceId": ABSENT["eni"],
    "AttachmentId": ABSENT["eni-attach"],
    "PeerVpcId": "vpc-0",
    "PrefixListId": ABSENT["pl"],
    "Resources": [ABSENT["sg"]],
    "SubnetId": ABSENT["subnet"],
    "VpcId": ABSENT["vpc"],
    "VpcPeeringConnectionId": "pcx-0123456789abcdef0",
    "AddressFamily": "IPv4",
    "SecurityGroupRules": [{"SecurityGroupRuleId": ABSENT["sgr"]}],
    "Tags": [{"Key": "team", "Value": "web"}],
}
"""What required members are set to: well-formed, and of nothing that is there."""

ALSO: dict[str, dict[str, Any]] = {
    "AssignIpv6Addresses": {"Ipv6AddressCount": 1},
    "AssignPrivateIpAddresses": {"SecondaryPrivateIpAddressCount": 1},
    "AssociateVpcCidrBlock": {"CidrBlock": "10.0.0.0/24"},
    "ModifyVpcAttribute": {"EnableDnsSupport": {"Value": True}},
    "UnassignIpv6Addresses": {"Ipv6Addresses": ["2001:db8::1"]},
    "UnassignPrivateIpAddresses": {"PrivateIpAddresses": ["10.0.0.4"]},
    "AuthorizeSecurityGroupIngress": {"GroupId": ABSENT["sg"]},
    "CreateDefaultSubnet": {"AvailabilityZone": "us-east-1z"},
    "CreateSubnet": {"CidrBlock": "10.0.0.0/24"},
    "CreateVpc": {"CidrBlock": "10.0.0.0/8"},
    "CreateVpcPeeringConnection": {"PeerVpcId": "vpc-0"},
    "DeleteSecurityGroup": {"GroupId": ABSENT["sg"]},
    "DescribeInstanceAttribute": {"Attribute": "groupSet"},
    "DescribeNetworkInterfaceAttribute": {"Attribute": "groupSet"},
    "DescribeSecurityGroupReferences": {"GroupId": [ABSENT["sg"]]},
    "DescribeVpcAttribute": {"Attribute": "enableDnsSupport"},
    "RevokeSecurityGroupIngress": {"GroupId": ABSENT["sg"]},
    "UpdateSecurityGroupRuleDescriptionsEgress": {"GroupId": ABSENT["sg"]},
    "UpdateSecurityGroupRuleDescriptionsIngress": {"GroupId": ABSENT["sg"]},
}
"""What an operation can't do without beside what the model requires, or what has another form in it."""


def given(name: str) -> dict[str, Any]:
    """The least that the operation asks for."""
    shape = judge.model(name).input_shape
    if shape is None:
        return {}
    of_type = {"integer": 5, "long": 1}
    needed = {
        member: ELSEWHERE.get(member, of_type.get(shape.members[member].type_name, "x"))
        for member in shape.required_members
    }
    return needed | ALSO.get(name, {})
