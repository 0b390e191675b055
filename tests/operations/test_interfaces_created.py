"""Interfaces that clients make and delete: state, call, answer or refusal."""

from __future__ import annotations

from typing import Any

import pytest

from account import ABSENT, ACCOUNT, Account, permission, tag_specification
from one_host import World
from ringwall.domain.quota import Quota
from ringwall.operations.hosts import host_state


@pytest.fixture
def world(account: Account) -> World:
    """One host, and a subnet to make interfaces in."""
    return World(account)


def test_an_interface_with_what_ec2_chooses(account: Account, world: World) -> None:
    made = world.create()
    interface_id = made["NetworkInterfaceId"]
    assert made == {
        "NetworkInterfaceId": interface_id,
        "SubnetId": world.subnet_id,
        "VpcId": world.vpc_id,
        "OwnerId": ACCOUNT,
        "AvailabilityZone": "us-east-1a",
        "AvailabilityZoneId": "use1-az1",
        "Description": "",
        "InterfaceType": "interface",
        "MacAddress": made["MacAddress"],
        "PrivateIpAddress": "10.0.1.4",
        "PrivateIpAddresses": [{"Primary": True, "PrivateIpAddress": "10.0.1.4"}],
        "Ipv6Addresses": [],
        "SourceDestCheck": True,
        "Status": "pending",
        "Groups": [{"GroupId": world.default, "GroupName": "default"}],
        "RequesterManaged": False,
        "TagSet": [],
        "Operator": {"Managed": False},
    }
    assert world.shown(interface_id) == made | {"Status": "available"}


def test_an_interface_as_it_is_asked_for(account: Account, world: World) -> None:
    made = world.create(
        Description="db é",
        Groups=[world.app, world.web, world.app],
        PrivateIpAddress="10.0.1.77",
        InterfaceType="interface",
        TagSpecifications=tag_specification("network-interface", Name="db"),
    )
    assert made["Description"] == "db é"
    assert [group["GroupName"] for group in made["Groups"]] == ["app", "web"]
    assert made["PrivateIpAddress"] == "10.0.1.77"
    assert made["TagSet"] == [{"Key": "Name", "Value": "db"}]


def test_mac_addresses_are_local_and_differ(world: World) -> None:
    macs = {world.create()["MacAddress"] for _ in range(3)}
    assert len(macs) == 3
    assert all(mac.startswith("02:") and len(mac) == 17 for mac in macs)


def test_its_addresses_are_members_of_its_groups(account: Account, world: World) -> None:
    """A machine without an agent is named by a group; a host's rules admit it."""
    account.allow(world.default, permission("tcp", 5432, world.web))

    def members() -> frozenset[str]:
        place = (ACCOUNT, account.caller.region)
        state = account.store.read(lambda reader: host_state(reader, *place, world.host.instance_id))
        return state.members[world.web]

    assert members() == frozenset()
    made = world.free(Groups=[world.web], PrivateIpAddress="10.0.1.77", SecondaryPrivateIpAddressCount=1)
    assert members() == {"10.0.1.77", "10.0.1.4"}
    account.call("DeleteNetworkInterface", NetworkInterfaceId=made)
    assert members() == frozenset()


@pytest.mark.parametrize(
    ("given", "addresses"),
    [
        ({"SecondaryPrivateIpAddressCount": 0}, ["10.0.1.4"]),
        # .5 and .6 are the host's.
        ({"SecondaryPrivateIpAddressCount": 2}, ["10.0.1.4", "10.0.1.7", "10.0.1.8"]),
        ({"PrivateIpAddress": "10.0.1.7", "SecondaryPrivateIpAddressCount": 1}, ["10.0.1.7", "10.0.1.4"]),
        ({"PrivateIpAddresses": [{"PrivateIpAddress": "10.0.1.20", "Primary": True}]}, ["10.0.1.20"]),
        (
            {
                "PrivateIpAddresses": [
                    {"PrivateIpAddress": "10.0.1.21", "Primary": False},
                    {"PrivateIpAddress": "10.0.1.20", "Primary": True},
                    {"PrivateIpAddress": "10.0.1.22"},
                ]
            },
            ["10.0.1.20", "10.0.1.21", "10.0.1.22"],
        ),
        (
            {"PrivateIpAddress": "10.0.1.20", "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.1.19"}]},
            ["10.0.1.20", "10.0.1.19"],
        ),
        ({"PrivateIpAddresses": [{"PrivateIpAddress": "10.0.1.4"}]}, ["10.0.1.7", "10.0.1.4"]),
        (
            {
                "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.1.20", "Primary": True}],
                "SecondaryPrivateIpAddressCount": 1,
            },
            ["10.0.1.20", "10.0.1.4"],
        ),
        ({"PrivateIpAddress": "10.0.1.254"}, ["10.0.1.254"]),
    ],
)
def test_addresses(world: World, given: dict[str, Any], addresses: list[str]) -> None:
    assert world.addresses(world.free(**given)) == addresses


@pytest.fixture
def dual(account: Account) -> tuple[Account, str]:
    """A subnet with an IPv6 block."""
    vpc_id = account.vpc("10.8.0.0/16", Ipv6CidrBlock="fd00:1::/56", Ipv6Pool="pool")
    request = {"VpcId": vpc_id, "CidrBlock": "10.8.0.0/24", "Ipv6CidrBlock": "fd00:1:0:1::/64"}
    return account, account.call("CreateSubnet", **request)["Subnet"]["SubnetId"]


@pytest.mark.parametrize(
    ("given", "addresses"),
    [
        ({}, []),
        ({"Ipv6AddressCount": 2}, ["fd00:1:0:1::4", "fd00:1:0:1::5"]),
        (
            {"Ipv6Addresses": [{"Ipv6Address": "FD00:1:0:1:0::99"}, {"Ipv6Address": "fd00:1:0:1::98"}]},
            ["fd00:1:0:1::99", "fd00:1:0:1::98"],
        ),
    ],
)
def test_ipv6_addresses(dual: tuple[Account, str], given: dict[str, Any], addresses: list[str]) -> None:
    account, subnet_id = dual
    made = account.call("CreateNetworkInterface", SubnetId=subnet_id, **given)["NetworkInterface"]
    assert [each["Ipv6Address"] for each in made["Ipv6Addresses"]] == addresses


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"Ipv6Addresses": [{"Ipv6Address": "fd00:1:0:1::9"}], "Ipv6AddressCount": 1},
            (
                "InvalidParameterCombination",
                "The parameter ipv6AddressCount cannot be used with the parameter ipv6Addresses",
            ),
        ),
        (
            {"Ipv6Addresses": [{"Ipv6Address": "10.8.0.9"}]},
            ("InvalidParameterValue", "invalid value for parameter ipv6-addresses: 10.8.0.9"),
        ),
        (
            {"Ipv6Addresses": [{"Ipv6Address": "fd00:1:0:2::9"}]},
            ("InvalidParameterValue", "Address fd00:1:0:2::9 does not fall within the subnet's address range"),
        ),
        (
            {"Ipv6Addresses": [{"Ipv6Address": "fd00:1:0:1::3"}]},
            ("InvalidParameterValue", "Address fd00:1:0:1::3 is in subnet's reserved address range"),
        ),
        (
            {"Ipv6Addresses": [{"Ipv6Address": "fd00:1:0:1::9"}, {"Ipv6Address": "fd00:1:0:1:0::9"}]},
            ("InvalidParameterValue", "Address fd00:1:0:1::9 is given more than once."),
        ),
        (
            {"Ipv6Addresses": [{"Ipv6Address": "fd00:1:0:1::aa"}]},
            ("InvalidIPAddress.InUse", "The specified address is already in use."),
        ),
        (
            {"Ipv6AddressCount": -1},
            (
                "InvalidParameterValue",
                "Value (-1) for parameter ipv6AddressCount is invalid. Expecting a value of at least 0.",
            ),
        ),
        (
            {"Ipv6AddressCount": 257},
            ("PrivateIpAddressLimitExceeded", "Number of private addresses will exceed limit."),
        ),
        (
            {"Ipv6Addresses": [{"Ipv6Address": "fd00:1:0:1::9", "IsPrimaryIpv6": True}]},
            ("UnsupportedOperation", "The parameter Ipv6Addresses.IsPrimaryIpv6 isn't supported here."),
        ),
    ],
)
def test_ipv6_addresses_refused(dual: tuple[Account, str], given: dict[str, Any], expected: tuple[str, str]) -> None:
    account, subnet_id = dual
    held = [{"Ipv6Address": "fd00:1:0:1::aa"}]
    account.call("CreateNetworkInterface", SubnetId=subnet_id, Ipv6Addresses=held)
    assert account.refused("CreateNetworkInterface", SubnetId=subnet_id, **given) == expected


DESCRIPTION = (
    "InvalidParameterValue",
    "Invalid network interface description. Valid descriptions are at most 255 printable characters.",
)
SEVERAL_PRIMARY = ("InvalidParameterCombination", "Only one primary private IP address can be specified.")
NO_IPV6 = ("InvalidParameterValue", "The subnet '{subnet_id}' has no IPv6 CIDR block.")
PRIMARY = {"PrivateIpAddress": "10.0.1.20", "Primary": True}


def unsupported(path: str) -> tuple[str, str]:
    """The refusal of a member that asks for what doesn't exist here."""
    return "UnsupportedOperation", f"The parameter {path} isn't supported here."


def invalid(text: str) -> tuple[str, str]:
    """The refusal of a value, with its text."""
    return "InvalidParameterValue", text


REFUSED: list[tuple[dict[str, Any], tuple[str, str]]] = [
    ({"SubnetId": "subnet-0"}, ("InvalidSubnetID.NotFound", "The subnet ID 'subnet-0' does not exist")),
    ({"Groups": ["sg-0"]}, ("InvalidGroup.NotFound", "The security group 'sg-0' does not exist")),
    (
        {"Groups": ["{web}", "{elsewhere}"]},
        ("InvalidParameter", "Security group {elsewhere} and subnet {subnet_id} belong to different networks."),
    ),
    ({"PrivateIpAddress": "10.0.1.300"}, invalid("invalid value for parameter address: 10.0.1.300")),
    ({"PrivateIpAddress": "fd00::1"}, invalid("invalid value for parameter address: fd00::1")),
    ({"PrivateIpAddresses": [{}]}, invalid("invalid value for parameter secondary-addresses: ")),
    ({"PrivateIpAddress": "10.0.2.9"}, invalid("Address 10.0.2.9 does not fall within the subnet's address range")),
    ({"PrivateIpAddress": "10.0.1.3"}, invalid("Address 10.0.1.3 is in subnet's reserved address range")),
    ({"PrivateIpAddress": "10.0.1.0"}, invalid("Address 10.0.1.0 is in subnet's reserved address range")),
    ({"PrivateIpAddress": "10.0.1.255"}, invalid("Address 10.0.1.255 is in subnet's reserved address range")),
    ({"PrivateIpAddress": "10.0.1.5"}, ("InvalidIPAddress.InUse", "The specified address is already in use.")),
    (
        {"PrivateIpAddresses": [PRIMARY, {"PrivateIpAddress": "10.0.1.6"}]},
        invalid("Some of [10.0.1.6] is assigned, but move is not allowed."),
    ),
    (
        {"PrivateIpAddresses": [PRIMARY, {"PrivateIpAddress": "10.0.1.20"}]},
        invalid("Address 10.0.1.20 is given more than once."),
    ),
    ({"PrivateIpAddresses": [PRIMARY], "PrivateIpAddress": "10.0.1.21"}, SEVERAL_PRIMARY),
    ({"PrivateIpAddresses": [PRIMARY, PRIMARY | {"PrivateIpAddress": "10.0.1.21"}]}, SEVERAL_PRIMARY),
    (
        {"PrivateIpAddresses": [PRIMARY, {"PrivateIpAddress": "10.0.1.21"}], "SecondaryPrivateIpAddressCount": 1},
        (
            "InvalidParameterCombination",
            "The parameter secondaryPrivateIpAddressCount cannot be used with the parameter privateIpAddresses",
        ),
    ),
    (
        {"SecondaryPrivateIpAddressCount": -1},
        invalid("Value (-1) for parameter secondaryPrivateIpAddressCount is invalid. Expecting a value of at least 0."),
    ),
    (
        {"SecondaryPrivateIpAddressCount": 249},
        (
            "InsufficientFreeAddressesInSubnet",
            "The specified subnet does not have enough free addresses to satisfy the request.",
        ),
    ),
    (
        {"SecondaryPrivateIpAddressCount": 256},
        ("PrivateIpAddressLimitExceeded", "Number of private addresses will exceed limit."),
    ),
    ({"Ipv6AddressCount": 1}, NO_IPV6),
    ({"Ipv6Addresses": [{"Ipv6Address": "fd00::9"}]}, NO_IPV6),
    ({"Description": "x" * 256}, DESCRIPTION),
    ({"Description": "a\x00b"}, DESCRIPTION),
    (
        {"TagSpecifications": tag_specification("vpc", Name="x")},
        invalid("'vpc' is not a valid taggable resource type for this operation."),
    ),
    (
        {"InterfaceType": "efa"},
        ("UnsupportedOperation", "Network interfaces of type 'efa' aren't supported here."),
    ),
    (
        {"InterfaceType": "nope"},
        invalid(
            "Value (nope) for parameter interfaceType is invalid. "
            "Valid values are: interface, efa, efa-only, trunk, branch."
        ),
    ),
    ({"Ipv4Prefixes": [{"Ipv4Prefix": "10.0.1.16/28"}]}, unsupported("Ipv4Prefixes")),
    ({"Ipv4PrefixCount": 1}, unsupported("Ipv4PrefixCount")),
    ({"Ipv6Prefixes": [{"Ipv6Prefix": "fd00::/80"}]}, unsupported("Ipv6Prefixes")),
    ({"Ipv6PrefixCount": 1}, unsupported("Ipv6PrefixCount")),
    ({"EnablePrimaryIpv6": True}, unsupported("EnablePrimaryIpv6")),
    ({"ConnectionTrackingSpecification": {"UdpTimeout": 60}}, unsupported("ConnectionTrackingSpecification")),
    ({"Operator": {"Principal": "x"}}, unsupported("Operator")),
]


@pytest.mark.parametrize(("given", "expected"), REFUSED)
def test_refused(account: Account, world: World, given: dict[str, Any], expected: tuple[str, str]) -> None:
    request = {"SubnetId": world.subnet_id} | world.named(given)
    code, message = expected
    assert account.refused("CreateNetworkInterface", **request) == (code, world.named(message))


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        (
            "CreateNetworkInterface",
            {},
            ("MissingParameter", "The request must contain the parameter subnetId"),
        ),
        (
            "CreateNetworkInterface",
            {"SubnetId": "x"},
            ("InvalidSubnetID.Malformed", 'Invalid id: "x" (expecting "subnet-...")'),
        ),
        (
            "CreateNetworkInterface",
            {"SubnetId": "subnet-0", "Groups": ["web"]},
            ("InvalidGroupId.Malformed", 'Invalid id: "web" (expecting "sg-...")'),
        ),
        (
            "DeleteNetworkInterface",
            {},
            ("MissingParameter", "The request must contain the parameter networkInterfaceId"),
        ),
        (
            "DeleteNetworkInterface",
            {"NetworkInterfaceId": "eni-"},
            ("InvalidNetworkInterfaceId.Malformed", 'Invalid id: "eni-"'),
        ),
    ],
)
def test_before_a_dry_run(account: Account, name: str, given: dict[str, Any], expected: tuple[str, str]) -> None:
    assert account.checked(name, **given) == expected


def test_a_group_that_is_associated_with_the_vpc(account: Account, world: World) -> None:
    shared = account.group("shared", VpcId=account.vpc("10.9.0.0/16"))
    account.call("AssociateSecurityGroupVpc", GroupId=shared, VpcId=world.vpc_id)
    assert world.groups(world.free(Groups=[shared])) == [shared]


@pytest.mark.parametrize("most", [2, None])
def test_groups_of_a_new_interface(store: Any, most: int | None) -> None:
    """error-texts-from-public-reports.json: the text of a creation, 2025."""
    account = Account(store, quota=Quota(groups_per_interface_max=most))
    world = World(account)
    request = {"SubnetId": world.subnet_id, "Groups": [world.default, world.web, world.app]}
    if most is None:
        account.call("CreateNetworkInterface", **request)
        return
    assert account.refused("CreateNetworkInterface", **request) == (
        "InvalidParameterValue",
        f"user {ACCOUNT} exceeded limit 2 on the number of interface security group memberships",
    )


def test_as_many_interfaces_as_the_quota_allows(store: Any) -> None:
    account = Account(store, quota=Quota(interfaces_per_region_max=2))
    world = World(account)
    world.free()
    assert account.refused("CreateNetworkInterface", SubnetId=world.subnet_id) == (
        "NetworkInterfaceLimitExceeded",
        "The maximum number of network interfaces has been reached.",
    )


def test_too_many_tags(store: Any) -> None:
    account = Account(store, quota=Quota(tags_per_resource_max=1))
    world = World(account)
    tags = tag_specification("network-interface", a="1", b="2")
    code, _ = account.refused("CreateNetworkInterface", SubnetId=world.subnet_id, TagSpecifications=tags)
    assert code == "TagLimitExceeded"


# --- ClientToken ---


def test_the_same_request_again_makes_nothing(account: Account, world: World) -> None:
    request = {"SubnetId": world.subnet_id, "ClientToken": "abc", "Groups": [world.web]}
    first = account.call("CreateNetworkInterface", **request)
    before = account.picture()
    again = account.call("CreateNetworkInterface", **request)
    assert account.picture() == before
    assert first["ClientToken"] == again["ClientToken"] == "abc"
    assert again["NetworkInterface"] == first["NetworkInterface"] | {"Status": "available"}
    assert world.free(ClientToken="abd") != first["NetworkInterface"]["NetworkInterfaceId"]


def test_a_token_is_for_one_request(account: Account, world: World) -> None:
    made = world.free(ClientToken="abc")
    code, _ = account.refused("CreateNetworkInterface", SubnetId=world.subnet_id, ClientToken="abc", Description="x")
    assert code == "IdempotentParameterMismatch"
    account.call("DeleteNetworkInterface", NetworkInterfaceId=made)
    code, _ = account.refused("CreateNetworkInterface", SubnetId=world.subnet_id, ClientToken="abc")
    assert code == "InvalidNetworkInterfaceID.NotFound"
    code, _ = account.refused("CreateNetworkInterface", SubnetId=world.subnet_id, ClientToken="x" * 65)
    assert code == "InvalidClientToken"


# --- DeleteNetworkInterface ---


def test_an_interface_is_deleted(account: Account, world: World) -> None:
    """network-interface-not-found.json: the refusals of an interface that is gone."""
    made = world.free(TagSpecifications=tag_specification("network-interface", Name="x"))
    assert account.call("DeleteNetworkInterface", NetworkInterfaceId=made) == {}
    gone = ("InvalidNetworkInterfaceID.NotFound", f"The networkInterface ID '{made}' does not exist")
    assert account.refused("DeleteNetworkInterface", NetworkInterfaceId=made) == gone
    assert account.refused("DescribeNetworkInterfaces", NetworkInterfaceIds=[made]) == gone
    assert account.call("DescribeTags") == {"Tags": []}
    assert world.create()["PrivateIpAddress"] == "10.0.1.4"


def test_a_hosts_interface_stays(account: Account, world: World) -> None:
    """openstack-functional-expectations.json: DeleteNetworkInterface while attached."""
    eni = world.interface.interface_id
    assert account.refused("DeleteNetworkInterface", NetworkInterfaceId=eni) == (
        "InvalidParameterValue",
        f"Network interface '{eni}' is currently in use.",
    )


def test_interfaces_of_others_do_not_exist(account: Account, world: World) -> None:
    made, other = world.free(), account.elsewhere(account_id="210987654321")
    code, _ = other.refused("DeleteNetworkInterface", NetworkInterfaceId=made)
    assert code == "InvalidNetworkInterfaceID.NotFound"
    code, _ = other.refused("CreateNetworkInterface", SubnetId=world.subnet_id)
    assert code == "InvalidSubnetID.NotFound"
    code, _ = account.refused("DeleteNetworkInterface", NetworkInterfaceId=ABSENT["eni"])
    assert code == "InvalidNetworkInterfaceID.NotFound"


def test_it_holds_its_group(account: Account, world: World) -> None:
    """openstack-functional-expectations.json: DeleteSubnet with an ENI; a group that an interface carries."""
    made = world.free(Groups=[world.web])
    code, _ = account.refused("DeleteSecurityGroup", GroupId=world.web)
    assert code == "DependencyViolation"
    account.call("DeleteNetworkInterface", NetworkInterfaceId=made)
    account.call("DeleteSecurityGroup", GroupId=world.web)


def test_free_addresses_of_the_subnet(account: Account, world: World) -> None:
    def free() -> int:
        return account.call("DescribeSubnets", SubnetIds=[world.subnet_id])["Subnets"][0]["AvailableIpAddressCount"]

    before = free()
    world.free(SecondaryPrivateIpAddressCount=2)
    assert free() == before - 3
