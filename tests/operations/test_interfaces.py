"""Enrolled hosts as instances, and interfaces, described: state, call, answer or refusal."""

from __future__ import annotations

import re
from typing import Any

import pytest

from account import ACCOUNT, NOW, Account, tag_specification
from botocore_judge import model
from one_host import World
from ringwall.domain.errors import InvalidParameterValue
from ringwall.operations.table import OPERATIONS


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
        "EnclaveOptions": {"Enabled": False},
        "Operator": {"Managed": False},
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
            {"Primary": True, "PrivateDnsName": "host-1", "PrivateIpAddress": "10.0.1.5"},
            {"Primary": False, "PrivateIpAddress": "10.0.1.6"},
        ],
        "Ipv6Addresses": [],
        "SourceDestCheck": False,
        "Status": "in-use",
        "Groups": groups,
        "Attachment": {
            "AttachmentId": world.attachment_id,
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
    ("DescribeInstances", "network-interface.private-dns-name", "host-*", True),
    ("DescribeInstances", "network-interface.addresses.private-dns-name", "ip-*", False),
    ("DescribeInstances", "launch-time", "2023-11-14T*", True),
    ("DescribeInstances", "image-id", "*", False),
    ("DescribeInstances", "tag:Name", "*", False),
    ("DescribeInstances", "source-dest-check", "false", True),
    ("DescribeInstances", "network-interface.source-dest-check", "true", False),
    ("DescribeInstances", "network-interface.attachment.network-card-index", "0", True),
    ("DescribeInstances", "operator.managed", "false", True),
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
    ("DescribeNetworkInterfaces", "availability-zone-id", "use1-az1", True),
    ("DescribeNetworkInterfaces", "source-dest-check", "false", True),
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


def test_addresses_have_names_where_the_vpc_has_dns_host_names(account: Account) -> None:
    subnet_id = account.call("DescribeSubnets")["Subnets"][0]["SubnetId"]
    account.enrolled(subnet_id, [account.default_group(account.default_vpc_id)], 7, ("172.31.0.9", "172.31.0.10"))
    made = account.call("CreateNetworkInterface", SubnetId=subnet_id, SecondaryPrivateIpAddressCount=1)
    other, own = "ip-172-31-0-4.ec2.internal", "ip-172-31-0-10.ec2.internal"

    def names(interface: dict[str, Any]) -> tuple[str | None, list[str | None]]:
        each = [address.get("PrivateDnsName") for address in interface["PrivateIpAddresses"]]
        return interface.get("PrivateDnsName"), each

    def found(name: str, filter_name: str, value: str) -> int:
        (items,) = account.call(name, Filters=[{"Name": filter_name, "Values": [value]}]).values()
        return len(items)

    assert names(made["NetworkInterface"]) == (other, [other, "ip-172-31-0-5.ec2.internal"])
    shown = {each["Status"]: names(each) for each in account.call("DescribeNetworkInterfaces")["NetworkInterfaces"]}
    assert shown == {
        "available": (other, [other, "ip-172-31-0-5.ec2.internal"]),
        "in-use": ("host-7", ["host-7", own]),
    }
    (reservation,) = account.call("DescribeInstances")["Reservations"]
    (instance,) = reservation["Instances"]
    assert (instance["PrivateDnsName"], names(instance["NetworkInterfaces"][0])) == ("host-7", shown["in-use"])
    assert found("DescribeNetworkInterfaces", "private-dns-name", other) == 1
    assert found("DescribeNetworkInterfaces", "private-dns-name", "host-7") == 1
    assert found("DescribeInstances", "network-interface.addresses.private-dns-name", own) == 1
    for attribute in ("EnableDnsHostnames", "EnableDnsSupport"):
        account.call("ModifyVpcAttribute", VpcId=account.default_vpc_id, **{attribute: {"Value": False}})
        left = {each["Status"]: names(each) for each in account.call("DescribeNetworkInterfaces")["NetworkInterfaces"]}
        assert left == {"available": (None, [None, None]), "in-use": ("host-7", ["host-7", None])}


def test_names_of_addresses_name_the_region(store: Any) -> None:
    account = Account(store, region="eu-west-1")
    subnet_id = account.call("DescribeSubnets")["Subnets"][0]["SubnetId"]
    made = account.call("CreateNetworkInterface", SubnetId=subnet_id)["NetworkInterface"]
    assert made["PrivateDnsName"] == "ip-172-31-0-4.eu-west-1.compute.internal"


UNATTACHED = [
    ("status", "available", True),
    ("status", "in-use", False),
    ("attachment.instance-id", "*", False),
    ("attachment.attachment-id", "*", False),
    ("attachment.device-index", "*", False),
    ("attachment.status", "*", False),
    ("attachment.attach-time", "*", False),
    ("attachment.delete-on-termination", "*", False),
    ("attachment.instance-owner-id", "*", False),
    ("private-dns-name", "*", False),
    ("description", "db", True),
    ("source-dest-check", "true", True),
    ("private-ip-address", "10.0.1.77", True),
    ("group-id", "{web}", True),
    ("group-name", "web", True),
    ("tag:Name", "d?", True),
    ("tag-key", "Name", True),
    ("owner-id", ACCOUNT, True),
    ("requester-managed", "false", True),
    ("interface-type", "interface", True),
]


@pytest.mark.parametrize(("filter_name", "value", "found"), UNATTACHED)
def test_filters_see_an_interface_that_no_host_has(
    account: Account, world: World, filter_name: str, value: str, found: bool
) -> None:
    made = world.free(
        PrivateIpAddress="10.0.1.77",
        Groups=[world.web],
        Description="db",
        TagSpecifications=tag_specification("network-interface", Name="db"),
    )
    filters = [{"Name": filter_name, "Values": [world.named(value)]}]
    shown = account.call("DescribeNetworkInterfaces", Filters=filters)["NetworkInterfaces"]
    assert (made in [each["NetworkInterfaceId"] for each in shown]) is found


def test_an_interface_that_no_host_has_is_no_instances(account: Account, world: World) -> None:
    world.free()
    (reservation,) = account.call("DescribeInstances")["Reservations"]
    assert len(reservation["Instances"][0]["NetworkInterfaces"]) == 1


def test_pages_of_interfaces(account: Account, world: World) -> None:
    ids = {world.free() for _ in range(6)} | {world.interface.interface_id}
    first = account.call("DescribeNetworkInterfaces", MaxResults=5)
    second = account.call("DescribeNetworkInterfaces", MaxResults=5, NextToken=first["NextToken"])
    pages = [[each["NetworkInterfaceId"] for each in page["NetworkInterfaces"]] for page in (first, second)]
    assert [len(page) for page in pages] == [5, 2]
    assert {*pages[0], *pages[1]} == ids
    assert "NextToken" not in second


@pytest.mark.parametrize("name", ["DescribeInstances", "DescribeNetworkInterfaces"])
def test_every_documented_filter_is_known(name: str) -> None:
    documentation = model(name).input_shape.members["Filters"].documentation
    documented = {"tag:key"}.union(re.findall(r"<li> <p> <code>([^<:]+)</code> -", documentation))
    table = OPERATIONS[name].filters
    assert table is not None
    assert len(documented) > 30
    refused = set()
    for each in documented:
        try:
            table.read([{"Name": each, "Values": ["x"]}])
        except InvalidParameterValue:
            refused.add(each)
    assert not refused


def test_hosts_of_others_do_not_exist(account: Account, world: World) -> None:
    other = account.elsewhere(account_id="210987654321")
    assert other.call("DescribeInstances") == {"Reservations": []}
    assert other.call("DescribeNetworkInterfaces") == {"NetworkInterfaces": []}
