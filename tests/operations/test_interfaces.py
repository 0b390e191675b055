"""Enrolled hosts as instances, their interfaces, and the groups these carry: state, call, answer or refusal."""

from __future__ import annotations

from typing import Any

import pytest

from account import ABSENT, ACCOUNT, NOW, Account
from ringwall.domain.interface import Host, NetworkInterface
from ringwall.domain.quota import Quota


class World:
    """A host with one interface in a subnet of a VPC that isn't the default one."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.vpc_id = account.vpc()
        self.subnet_id = account.call("CreateSubnet", VpcId=self.vpc_id, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
        self.default = account.default_group(self.vpc_id)
        self.web, self.app = account.group("web", VpcId=self.vpc_id), account.group("app", VpcId=self.vpc_id)
        self.elsewhere = account.group("elsewhere")
        self.host: Host
        self.interface: NetworkInterface
        self.host, self.interface = account.enrolled(self.subnet_id, [self.default], addresses=("10.0.1.5", "10.0.1.6"))

    def groups(self) -> list[str]:
        (interface,) = self.account.call("DescribeNetworkInterfaces")["NetworkInterfaces"]
        return [group["GroupId"] for group in interface["Groups"]]

    def named(self, text: str) -> str:
        return text.format(**vars(self), eni=self.interface.interface_id, i=self.host.instance_id)


@pytest.fixture
def world(account: Account) -> World:
    """One host."""
    return World(account)


def test_a_host_is_a_running_instance(account: Account, world: World) -> None:
    (reservation,) = account.call("DescribeInstances")["Reservations"]
    (instance,) = reservation.pop("Instances")
    number = world.host.instance_id.removeprefix("i-")
    assert reservation == {"ReservationId": f"r-{number}", "OwnerId": ACCOUNT, "Groups": []}
    (interface,) = instance.pop("NetworkInterfaces")
    groups = [{"GroupId": world.default, "GroupName": "default"}]
    assert instance == {
        "InstanceId": world.host.instance_id,
        "State": {"Code": 16, "Name": "running"},
        "PrivateDnsName": "host-1",
        "PublicDnsName": "",
        "StateTransitionReason": "",
        "AmiLaunchIndex": 0,
        "ProductCodes": [],
        "LaunchTime": NOW,
        "Placement": {
            "AvailabilityZone": "us-east-1a",
            "AvailabilityZoneId": "use1-az1",
            "GroupName": "",
            "Tenancy": "default",
        },
        "Monitoring": {"State": "disabled"},
        "SubnetId": world.subnet_id,
        "VpcId": world.vpc_id,
        "PrivateIpAddress": "10.0.1.5",
        "BlockDeviceMappings": [],
        "EbsOptimized": False,
        "SourceDestCheck": False,
        "SecurityGroups": groups,
    }
    assert interface == {
        "NetworkInterfaceId": world.interface.interface_id,
        "SubnetId": world.subnet_id,
        "VpcId": world.vpc_id,
        "OwnerId": ACCOUNT,
        "Description": "",
        "InterfaceType": "interface",
        "MacAddress": "02:00:00:00:00:01",
        "PrivateDnsName": "host-1",
        "PrivateIpAddress": "10.0.1.5",
        "PrivateIpAddresses": [
            {"Primary": True, "PrivateIpAddress": "10.0.1.5"},
            {"Primary": False, "PrivateIpAddress": "10.0.1.6"},
        ],
        "Ipv6Addresses": [],
        "SourceDestCheck": False,
        "Status": "in-use",
        "Groups": groups,
        "Attachment": {
            "AttachmentId": world.interface.attachment_id,
            "AttachTime": NOW,
            "DeleteOnTermination": True,
            "DeviceIndex": 0,
            "NetworkCardIndex": 0,
            "Status": "attached",
        },
    }


def test_an_interface_says_the_same_and_whose_it_is(account: Account, world: World) -> None:
    (reservation,) = account.call("DescribeInstances")["Reservations"]
    of_instance = reservation["Instances"][0]["NetworkInterfaces"][0]
    (interface,) = account.call("DescribeNetworkInterfaces")["NetworkInterfaces"]
    of_instance["Attachment"] |= {"InstanceId": world.host.instance_id, "InstanceOwnerId": ACCOUNT}
    assert interface == of_instance | {
        "AvailabilityZone": "us-east-1a",
        "AvailabilityZoneId": "use1-az1",
        "RequesterManaged": False,
        "TagSet": [],
        "Operator": {"Managed": False},
    }


def test_an_interface_without_addresses(account: Account, world: World) -> None:
    _, interface = account.enrolled(world.subnet_id, [world.web], number=2)
    (shown,) = account.call("DescribeNetworkInterfaces", NetworkInterfaceIds=[interface.interface_id])[
        "NetworkInterfaces"
    ]
    assert "PrivateIpAddress" not in shown
    assert shown["PrivateIpAddresses"] == []


def test_tags_of_hosts_and_interfaces(account: Account, world: World) -> None:
    ids = [world.host.instance_id, world.interface.interface_id]
    account.call("CreateTags", Resources=ids, Tags=[{"Key": "Name", "Value": "n"}])
    (reservation,) = account.call("DescribeInstances")["Reservations"]
    assert reservation["Instances"][0]["Tags"] == [{"Key": "Name", "Value": "n"}]
    assert account.call("DescribeNetworkInterfaces")["NetworkInterfaces"][0]["TagSet"] == [
        {"Key": "Name", "Value": "n"}
    ]


FILTERS = [
    ("DescribeInstances", "instance-id", "{i}", True),
    ("DescribeInstances", "instance-state-name", "running", True),
    ("DescribeInstances", "instance-state-name", "stopped", False),
    ("DescribeInstances", "instance-state-code", "16", True),
    ("DescribeInstances", "vpc-id", "{vpc_id}", True),
    ("DescribeInstances", "subnet-id", "{subnet_id}", True),
    ("DescribeInstances", "instance.group-id", "{default}", True),
    ("DescribeInstances", "instance.group-id", "{web}", False),
    ("DescribeInstances", "instance.group-name", "default", True),
    ("DescribeInstances", "private-ip-address", "10.0.1.5", True),
    ("DescribeInstances", "private-ip-address", "10.0.1.6", False),
    ("DescribeInstances", "network-interface.addresses.private-ip-address", "10.0.1.6", True),
    ("DescribeInstances", "network-interface.network-interface-id", "{eni}", True),
    ("DescribeInstances", "private-dns-name", "host-*", True),
    ("DescribeInstances", "launch-time", "2023-11-14T*", True),
    ("DescribeInstances", "image-id", "*", False),
    ("DescribeInstances", "tag:Name", "*", False),
    ("DescribeNetworkInterfaces", "group-id", "{default}", True),
    ("DescribeNetworkInterfaces", "group-id", "{web}", False),
    ("DescribeNetworkInterfaces", "vpc-id", "{vpc_id}", True),
    ("DescribeNetworkInterfaces", "subnet-id", "{subnet_id}", True),
    ("DescribeNetworkInterfaces", "attachment.instance-id", "{i}", True),
    ("DescribeNetworkInterfaces", "attachment.status", "attached", True),
    ("DescribeNetworkInterfaces", "private-ip-address", "10.0.1.6", True),
    ("DescribeNetworkInterfaces", "addresses.private-ip-address", "10.0.1.6", True),
    ("DescribeNetworkInterfaces", "addresses.primary", "true", True),
    ("DescribeNetworkInterfaces", "mac-address", "02:00:00:00:00:01", True),
    ("DescribeNetworkInterfaces", "status", "in-use", True),
    ("DescribeNetworkInterfaces", "status", "available", False),
    ("DescribeNetworkInterfaces", "network-interface-id", "{eni}", True),
    ("DescribeNetworkInterfaces", "interface-type", "interface", True),
    ("DescribeNetworkInterfaces", "association.public-ip", "*", False),
]


@pytest.mark.parametrize(("name", "filter_name", "value", "found"), FILTERS)
def test_filters(account: Account, world: World, name: str, filter_name: str, value: str, found: bool) -> None:
    answer = account.call(name, Filters=[{"Name": filter_name, "Values": [world.named(value)]}])
    (items,) = answer.values()
    assert bool(items) is found


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        (
            "DescribeInstances",
            {"InstanceIds": ["i-0a"]},
            ("InvalidInstanceID.NotFound", "The instance ID 'i-0a' does not exist"),
        ),
        (
            "DescribeInstances",
            {"InstanceIds": ["i-0a", "i-0b"]},
            ("InvalidInstanceID.NotFound", "The instance IDs 'i-0a, i-0b' do not exist"),
        ),
        (
            "DescribeInstances",
            {"InstanceIds": ["i-0a"], "MaxResults": 5},
            ("InvalidParameterCombination", "The parameter instancesSet cannot be used with the parameter maxResults"),
        ),
        (
            "DescribeNetworkInterfaces",
            {"NetworkInterfaceIds": ["eni-0"]},
            ("InvalidNetworkInterfaceID.NotFound", "The networkInterface ID 'eni-0' does not exist"),
        ),
        (
            "DescribeNetworkInterfaces",
            {"NetworkInterfaceIds": ["eni-0"], "MaxResults": 5},
            (
                "InvalidParameterCombination",
                "The parameter networkInterfaceIds cannot be used with the parameter maxResults",
            ),
        ),
        (
            "DescribeInstances",
            {"Filters": [{"Name": "nope", "Values": ["x"]}]},
            ("InvalidParameterValue", "The filter 'nope' is invalid"),
        ),
    ],
)
def test_describe_refuses(account: Account, name: str, given: dict[str, Any], expected: tuple[str, str]) -> None:
    assert account.refused(name, **given) == expected


# --- The groups of an interface ---


def test_the_groups_of_an_instance_are_replaced(account: Account, world: World) -> None:
    request = {"InstanceId": world.host.instance_id, "Groups": [world.app, world.web, world.app]}
    assert account.call("ModifyInstanceAttribute", **request) == {}
    assert world.groups() == [world.app, world.web]


def test_the_groups_of_an_interface_are_replaced(account: Account, world: World) -> None:
    """modify-network-interface-groups.json: the answer holds nothing."""
    request = {"NetworkInterfaceId": world.interface.interface_id, "Groups": [world.web]}
    assert account.call("ModifyNetworkInterfaceAttribute", **request) == {}
    assert world.groups() == [world.web]


def test_the_groups_it_has_are_no_change(account: Account, world: World) -> None:
    before = account.picture()
    account.call("ModifyInstanceAttribute", InstanceId=world.host.instance_id, Groups=[world.default])
    assert account.picture() == before


NETWORKS = ("InvalidGroup.NotFound", "You have specified two resources that belong to different networks.")
NONE = ("InvalidParameterCombination", "No attributes specified.")
SEVERAL = ("InvalidParameterCombination", "Fields for multiple attribute types specified")

INSTANCE: list[tuple[dict[str, Any], tuple[str, str]]] = [
    (
        {"InstanceId": "i-0a", "Groups": ["sg-1"]},
        ("InvalidInstanceID.NotFound", "The instance ID 'i-0a' does not exist"),
    ),
    ({"Groups": ["sg-0"]}, ("InvalidGroup.NotFound", "The security group 'sg-0' does not exist")),
    ({"Groups": ["{web}", "sg-0"]}, ("InvalidGroup.NotFound", "The security group 'sg-0' does not exist")),
    ({"Groups": ["{elsewhere}"]}, NETWORKS),
    ({}, NONE),
    ({"Groups": []}, NONE),
    ({"Attribute": "groupSet"}, NONE),
    ({"Groups": ["{web}"], "SourceDestCheck": {"Value": False}}, SEVERAL),
    ({"Groups": ["{web}"], "Attribute": "instanceType"}, SEVERAL),
    ({"Groups": ["{web}"], "Attribute": "sourceDestCheck", "Value": "false"}, SEVERAL),
    ({"Groups": ["{web}"], "Value": "x"}, SEVERAL),
    (
        {"SourceDestCheck": {"Value": True}},
        ("UnsupportedOperation", "The attribute sourceDestCheck can't be changed here."),
    ),
    (
        {"InstanceType": {"Value": "t3.micro"}},
        ("UnsupportedOperation", "The attribute instanceType can't be changed here."),
    ),
    (
        {"Attribute": "disableApiTermination", "Value": "true"},
        ("UnsupportedOperation", "The attribute disableApiTermination can't be changed here."),
    ),
]


@pytest.mark.parametrize(("given", "expected"), INSTANCE)
def test_an_instance_refuses(account: Account, world: World, given: dict[str, Any], expected: tuple[str, str]) -> None:
    request = {"InstanceId": world.host.instance_id} | given
    if request.get("Groups"):
        request["Groups"] = [world.named(each) for each in request["Groups"]]
    assert account.refused("ModifyInstanceAttribute", **request) == expected


INTERFACE: list[tuple[dict[str, Any], tuple[str, str]]] = [
    (
        {"NetworkInterfaceId": "eni-0", "Groups": ["sg-1"]},
        ("InvalidNetworkInterfaceID.NotFound", "The networkInterface ID 'eni-0' does not exist"),
    ),
    ({"Groups": ["sg-0"]}, ("InvalidGroup.NotFound", "The security group 'sg-0' does not exist")),
    ({"Groups": ["{elsewhere}"]}, NETWORKS),
    ({}, NONE),
    ({"Description": {}}, NONE),
    ({"Description": {"Value": None}}, NONE),
    ({"Description": {"Value": "x"}}, ("UnsupportedOperation", "The attribute description can't be changed here.")),
    ({"Groups": ["{web}"], "Description": {"Value": "x"}}, SEVERAL),
    (
        {"Attachment": {"AttachmentId": "eni-attach-0", "DeleteOnTermination": True}},
        ("InvalidAttachmentID.NotFound", "The attachment ID 'eni-attach-0' does not exist"),
    ),
    (
        {"Attachment": {"AttachmentId": "{attachment}"}},
        ("MissingParameter", "The request must contain the parameter attachment.deleteOnTermination"),
    ),
    (
        {"Attachment": {"AttachmentId": "{attachment}", "DeleteOnTermination": False}},
        ("UnsupportedOperation", "The attribute attachment can't be changed here."),
    ),
    (
        {"ConnectionTrackingSpecification": {"UdpTimeout": 60}},
        ("UnsupportedOperation", "The attribute connectionTrackingSpecification can't be changed here."),
    ),
    ({"EnablePrimaryIpv6": True}, ("UnsupportedOperation", "The attribute enablePrimaryIpv6 can't be changed here.")),
]


@pytest.mark.parametrize(("given", "expected"), INTERFACE)
def test_an_interface_refuses(account: Account, world: World, given: dict[str, Any], expected: tuple[str, str]) -> None:
    request = {"NetworkInterfaceId": world.interface.interface_id} | given
    if "Groups" in request:
        request["Groups"] = [world.named(each) for each in request["Groups"]]
    if request.get("Attachment", {}).get("AttachmentId") == "{attachment}":
        request["Attachment"] = request["Attachment"] | {"AttachmentId": world.interface.attachment_id}
    assert account.refused("ModifyNetworkInterfaceAttribute", **request) == expected


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("ModifyInstanceAttribute", {"SourceDestCheck": {"Value": False}}),
        ("ModifyInstanceAttribute", {"DisableApiTermination": {"Value": False}}),
        ("ModifyInstanceAttribute", {"Attribute": "disableApiTermination", "Value": "false"}),
        ("ModifyInstanceAttribute", {"Attribute": "ebsOptimized", "EbsOptimized": {"Value": False}}),
        ("ModifyInstanceAttribute", {"Attribute": "groupSet", "Groups": "default"}),
        ("ModifyNetworkInterfaceAttribute", {"SourceDestCheck": {"Value": False}}),
        ("ModifyNetworkInterfaceAttribute", {"AssociatePublicIpAddress": False}),
        ("ModifyNetworkInterfaceAttribute", {"Description": {"Value": ""}}),
        ("ModifyNetworkInterfaceAttribute", {"Attachment": "its own"}),
    ],
)
def test_what_is_so_anyway_may_be_set(account: Account, world: World, name: str, given: dict[str, Any]) -> None:
    target = (
        {"InstanceId": world.host.instance_id}
        if name == "ModifyInstanceAttribute"
        else {"NetworkInterfaceId": world.interface.interface_id}
    )
    if "Groups" in given:
        given = given | {"Groups": [world.default]}
    if "Attachment" in given:
        given = {"Attachment": {"AttachmentId": world.interface.attachment_id, "DeleteOnTermination": True}}
    before = account.picture()
    assert account.call(name, **target, **given) == {}
    assert account.picture() == before


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("ModifyInstanceAttribute", {}, ("MissingParameter", "The request must contain the parameter instanceId")),
        (
            "ModifyInstanceAttribute",
            {"InstanceId": "host"},
            ("InvalidInstanceID.Malformed", 'Invalid id: "host" (expecting "i-...")'),
        ),
        (
            "ModifyInstanceAttribute",
            {"InstanceId": "i-1", "Groups": ["web"]},
            ("InvalidGroupId.Malformed", 'Invalid id: "web" (expecting "sg-...")'),
        ),
        (
            "ModifyNetworkInterfaceAttribute",
            {},
            ("MissingParameter", "The request must contain the parameter networkInterfaceId"),
        ),
        (
            "ModifyNetworkInterfaceAttribute",
            {"NetworkInterfaceId": "eni-x"},
            ("InvalidNetworkInterfaceId.Malformed", 'Invalid id: "eni-x"'),
        ),
        (
            "ModifyNetworkInterfaceAttribute",
            {"NetworkInterfaceId": "eni-1", "Attachment": {"AttachmentId": "x"}},
            ("InvalidNetworkInterfaceAttachmentId.Malformed", 'Invalid id: "x" (expecting "eni-attach-...")'),
        ),
        (
            "DescribeInstances",
            {"InstanceIds": ["x"]},
            ("InvalidInstanceID.Malformed", 'Invalid id: "x" (expecting "i-...")'),
        ),
        (
            "DescribeNetworkInterfaces",
            {"NetworkInterfaceIds": ["x"]},
            ("InvalidNetworkInterfaceId.Malformed", 'Invalid id: "x" (expecting "eni-...")'),
        ),
    ],
)
def test_before_a_dry_run(account: Account, name: str, given: dict[str, Any], expected: tuple[str, str]) -> None:
    assert account.checked(name, **given) == expected


@pytest.mark.parametrize("most", [2, None])
def test_groups_per_interface(store: Any, most: int | None) -> None:
    account = Account(store, quota=Quota(groups_per_interface_max=most))
    world = World(account)
    request = {"InstanceId": world.host.instance_id, "Groups": [world.default, world.web, world.app]}
    if most is None:
        account.call("ModifyInstanceAttribute", **request)
        return
    assert account.refused("ModifyInstanceAttribute", **request) == (
        "SecurityGroupsPerInterfaceLimitExceeded",
        "The maximum number of security groups per interface has been reached.",
    )


def test_hosts_of_others_do_not_exist(account: Account, world: World) -> None:
    other = account.elsewhere(account_id="210987654321")
    assert other.call("DescribeInstances") == {"Reservations": []}
    assert other.call("DescribeNetworkInterfaces") == {"NetworkInterfaces": []}
    code, _ = other.refused("ModifyInstanceAttribute", InstanceId=world.host.instance_id, Groups=[ABSENT["sg"]])
    assert code == "InvalidInstanceID.NotFound"
