"""No member of a request is passed over in silence: each is looked at, refused, or idle for a reason.

Every operation is asked with what it can't do without, and then with each further member that the model knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.model import ListShape, Shape, StructureShape

from account import Account, permission
from botocore_judge import model
from members import Watched, known
from ringwall.domain.errors import ServiceError
from ringwall.operations.table import OPERATIONS

ONE_SOURCE = permission("tcp", 23, "10.0.0.0/8")
PERMISSION = permission("tcp", 22, "10.0.0.0/8", "::/0", "sg-0", "pl-63a5400a")

VALUES: dict[str, Any] = {
    "Attribute": "description",
    "AddressFamily": "IPv4",
    "AssociationId": "{association}",
    "AvailabilityZone": "us-east-1a",
    "CidrBlock": "10.0.8.0/24",
    "CurrentVersion": 1,
    "GroupId": "{group}",
    "GroupIds": ["{group}"],
    "GroupName": "web",
    "InstanceId": "{instance}",
    "InstanceIds": ["{instance}"],
    "Ipv6CidrBlock": "2001:db8::/56",
    "IpPermissions": [PERMISSION],
    "Ipv6Addresses": ["2001:db8::5"],
    "MaxEntries": 5,
    "MaxResults": 5,
    "NetworkInterfaceId": "{interface}",
    "NetworkInterfaceIds": ["{interface}"],
    "PeerOwnerId": "999999999999",
    "PeerRegion": "us-east-1",
    "PeerVpcId": "{vpc}",
    "PrefixListId": "{list}",
    "PrefixListIds": ["{list}"],
    "PrefixListName": "offices",
    "PreviousVersion": 1,
    "PrivateIpAddress": "10.0.0.9",
    "Resources": ["{group}"],
    "DurationSeconds": 900,
    "RoleArn": "arn:aws:iam::123456789012:role/oncall",
    "RoleSessionName": "ann",
    "SecurityGroupRuleId": "{rule}",
    "SecurityGroupRuleIds": ["{rule}"],
    "SubnetId": "{subnet}",
    "SubnetIds": ["{subnet}"],
    "VpcId": "{vpc}",
    "VpcIds": ["{vpc}"],
    "VpcPeeringConnectionId": "{peering}",
    "VpcPeeringConnectionIds": ["{peering}"],
}
"""What members are set to, wherever they stand; others get a value of their type."""


def _tags(resource_type: str) -> list[dict[str, Any]]:
    return [{"ResourceType": resource_type, "Tags": [{"Key": "a", "Value": "b"}]}]


ALSO: dict[str, list[dict[str, Any]]] = {
    "AssignPrivateIpAddresses": [{"NetworkInterfaceId": "{interface}", "PrivateIpAddresses": ["10.0.0.9"]}],
    "AssignIpv6Addresses": [{"NetworkInterfaceId": "{interface}", "Ipv6AddressCount": 1}],
    "AssociateVpcCidrBlock": [{"VpcId": "{vpc}", "CidrBlock": "10.4.0.0/16"}],
    "DescribeInstanceAttribute": [{"InstanceId": "{instance}", "Attribute": "groupSet"}],
    "DescribeVpcAttribute": [{"VpcId": "{vpc}", "Attribute": "enableDnsSupport"}],
    "UnassignIpv6Addresses": [{"NetworkInterfaceId": "{interface}", "Ipv6Addresses": ["2001:db8::5"]}],
    "UnassignPrivateIpAddresses": [{"NetworkInterfaceId": "{interface}", "PrivateIpAddresses": ["10.0.0.9"]}],
    "AuthorizeSecurityGroupEgress": [
        {"GroupId": "{group}", "IpPermissions": [PERMISSION]},
        {"GroupId": "{group}", "IpPermissions": [ONE_SOURCE], "TagSpecifications": _tags("security-group-rule")},
    ],
    "AuthorizeSecurityGroupIngress": [
        {"GroupId": "{group}", "IpPermissions": [PERMISSION]},
        {"GroupId": "{group}", "IpPermissions": [ONE_SOURCE], "TagSpecifications": _tags("security-group-rule")},
        {"GroupId": "{group}", "IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "CidrIp": "10.0.0.0/8"},
        {"GroupId": "{group}", "SourceSecurityGroupName": "web", "SourceSecurityGroupOwnerId": "1"},
    ],
    "CreateManagedPrefixList": [
        {
            "PrefixListName": "x", "MaxEntries": 5, "AddressFamily": "IPv4", "Entries": [{"Cidr": "10.0.0.0/8"}],
            "TagSpecifications": _tags("prefix-list"),
        },
    ],
    "CreateNetworkInterface": [
        {"SubnetId": "{subnet}", "PrivateIpAddresses": [{"Primary": True, "PrivateIpAddress": "10.0.0.9"}]},
        {"SubnetId": "{subnet}", "Ipv6Addresses": [{"Ipv6Address": "2001:db8::5"}]},
        {"SubnetId": "{subnet}", "TagSpecifications": _tags("network-interface")},
    ],
    "CreateSecurityGroup": [
        {"GroupName": "db", "Description": "d", "VpcId": "{vpc}", "TagSpecifications": _tags("security-group")}
    ],
    "CreateSubnet": [{"VpcId": "{vpc}", "CidrBlock": "10.0.8.0/24", "TagSpecifications": _tags("subnet")}],
    "CreateVpc": [
        {"CidrBlock": "10.0.0.0/16", "TagSpecifications": _tags("vpc")},
        {"CidrBlock": "10.0.0.0/16", "Ipv6CidrBlock": "2001:db8::/56", "Ipv6Pool": "x"},
    ],
    "CreateVpcPeeringConnection": [
        {"VpcId": "{vpc}", "PeerVpcId": "{other}", "TagSpecifications": _tags("vpc-peering-connection")}
    ],
    "ModifyManagedPrefixList": [
        {"PrefixListId": "{list}", "CurrentVersion": 1, "RemoveEntries": [{"Cidr": "192.0.2.0/24"}]},
        {"PrefixListId": "{list}", "CurrentVersion": 2, "AddEntries": [{"Cidr": "10.0.0.0/8", "Description": "x"}]},
    ],
    "ModifyNetworkInterfaceAttribute": [
        {
            "NetworkInterfaceId": "{attached}",
            "Attachment": {"AttachmentId": "{attachment}", "DeleteOnTermination": True},
        }
    ],
    "ModifySecurityGroupRules": [
        {
            "GroupId": "{group}",
            "SecurityGroupRules": [
                {"SecurityGroupRuleId": "{rule}", "SecurityGroupRule": {"IpProtocol": "tcp", "CidrIpv4": "10.0.0.0/8"}},
            ],
        },
        {
            "GroupId": "{group}",
            "SecurityGroupRules": [
                {
                    "SecurityGroupRuleId": "{rule}",
                    "SecurityGroupRule": {
                        "IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "CidrIpv4": "10.0.0.0/8", "Description": "x",
                    },
                },
            ],
        },
    ],
    "RevokeSecurityGroupEgress": [{"GroupId": "{group}", "IpPermissions": [PERMISSION]}],
    "RevokeSecurityGroupIngress": [
        {"GroupId": "{group}", "IpPermissions": [PERMISSION]},
        {"GroupId": "{group}", "IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "CidrIp": "10.0.0.0/8"},
        {"GroupId": "{group}", "SourceSecurityGroupName": "web", "SourceSecurityGroupOwnerId": "1"},
    ],
    "UpdateSecurityGroupRuleDescriptionsEgress": [
        {"GroupId": "{group}", "IpPermissions": [PERMISSION]},
        {"GroupId": "{group}", "SecurityGroupRuleDescriptions": [{"SecurityGroupRuleId": "{egress}"}]}
    ],
    "UpdateSecurityGroupRuleDescriptionsIngress": [
        {"GroupId": "{group}", "IpPermissions": [PERMISSION]},
        {"GroupId": "{group}", "SecurityGroupRuleDescriptions": [{"SecurityGroupRuleId": "{rule}"}]}
    ],
}  # fmt: skip
"""Requests that reach members which the simple ones don't, because another member is refused first."""


ALONE: dict[tuple[str, str], dict[str, Any]] = {
    ("CreateDefaultSubnet", "Ipv6Native"): {"AvailabilityZone": "us-east-1a", "Ipv6Native": True},
    ("CreateSubnet", "Ipv6Native"): {"VpcId": "{vpc}", "Ipv6CidrBlock": "2001:db8::/64", "Ipv6Native": True},
    **{
        ("ModifyNetworkInterfaceAttribute", f"Attachment.{member}"): {
            "NetworkInterfaceId": "{attached}",
            "Attachment": {"AttachmentId": "{attachment}", "DeleteOnTermination": True, member: 1},
        }
        for member in ("DefaultEnaQueueCount", "EnaQueueCount")
    },
}
"""Requests in which nothing else is refused before what is always refused."""


@pytest.fixture
def there(account: Account) -> dict[str, str]:
    """One of everything, by the names that VALUES gives."""
    vpc = account.vpc("10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)
    subnet = account.call("CreateSubnet", VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    group = account.group("web", VpcId=vpc)
    host, interface = account.enrolled(subnet, [group], addresses=("10.0.0.200",))
    assert interface.attachment is not None
    other = account.vpc("10.1.0.0/16")
    entries = [{"Cidr": "192.0.2.0/24"}]
    made_list = account.call(
        "CreateManagedPrefixList", PrefixListName="x", MaxEntries=5, AddressFamily="IPv4", Entries=entries
    )
    peering = account.call("CreateVpcPeeringConnection", VpcId=vpc, PeerVpcId=other)["VpcPeeringConnection"]
    associated = account.call("AssociateVpcCidrBlock", VpcId=other, CidrBlock="10.2.0.0/16")
    return {
        "vpc": vpc,
        "subnet": subnet,
        "group": group,
        "instance": host.instance_id,
        "interface": account.call("CreateNetworkInterface", SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"],
        "rule": account.allow(group, permission("tcp", 22, "203.0.113.0/24"))[0],
        "egress": account.allow(group, permission("tcp", 22, "203.0.113.0/24"), egress=True)[0],
        "list": made_list["PrefixList"]["PrefixListId"],
        "peering": peering["VpcPeeringConnectionId"],
        "attachment": interface.attachment.attachment_id,
        "attached": interface.interface_id,
        "other": account.vpc("10.3.0.0/16"),
        "association": associated["CidrBlockAssociation"]["AssociationId"],
    }


def requests(name: str) -> Iterator[dict[str, Any]]:
    """What the operation can't do without; that with one further member, for each; and what else is needed."""
    shape = model(name).input_shape
    needed = {member: value(member, shape.members[member]) for member in shape.required_members}
    yield needed
    for member, of in shape.members.items():
        if member != "DryRun":
            yield needed | {member: value(member, of)}
    yield from ALSO.get(name, ())


def value(member: str, shape: Shape) -> Any:
    """A value for a member of this name and type, with every member of structures."""
    if member in VALUES and _fits(VALUES[member], shape):
        return VALUES[member]
    if isinstance(shape, ListShape):
        return [value("", shape.member)]
    if isinstance(shape, StructureShape):
        return {name: value(name, each) for name, each in shape.members.items()}
    return {"boolean": True, "integer": 1, "long": 1, "timestamp": 0}.get(shape.type_name, "x")


def _fits(value: Any, shape: Shape) -> bool:
    if isinstance(value, list):
        return isinstance(shape, ListShape) and _fits(value[0], shape.member)
    return isinstance(shape, StructureShape) is isinstance(value, dict) and not isinstance(shape, ListShape)


def filled(value: Any, there: dict[str, str]) -> Any:
    """The value with ids in the place of their names."""
    if isinstance(value, dict):
        return {key: filled(each, there) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, there) for each in value]
    return value.format(**there) if isinstance(value, str) else value


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_member_is_looked_at_refused_or_idle(account: Account, there: dict[str, str], name: str) -> None:
    operation = OPERATIONS[name]
    seen: set[str] = set()
    for each in requests(name):
        asked = filled(each, there)
        request = Watched(asked, seen)
        try:
            operation.check(request)
            operation.vet(asked)
            account.store.write(
                lambda transaction, request=request: operation.run(account.context(transaction), request)
            )
        except ServiceError:
            pass  # refused for one of its members, which was then looked at
    listed = operation.refused.keys() | operation.idle.keys()
    assert {path for path in known(name) - seen if not _under(path, listed)} == set()
    assert all(any(_under(path, {each}) for path in known(name)) for each in listed), "the model knows no such member"


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_what_is_listed_as_refused_is_refused(account: Account, there: dict[str, str], name: str) -> None:
    shape = model(name).input_shape
    for path in OPERATIONS[name].refused:
        member = path.split(".")[0]
        needed = ALSO.get(name, [{each: value(each, shape.members[each]) for each in shape.required_members}])[0]
        asked = ALONE.get((name, path)) or needed | {member: value(member, shape.members[member])}
        refusal = account.checked(name, **filled(asked, there))
        assert refusal is not None
        assert refusal[0] == "UnsupportedOperation", path


def _under(path: str, listed: set[str] | Any) -> bool:
    return any(path == each or path.startswith(f"{each}.") for each in listed)
