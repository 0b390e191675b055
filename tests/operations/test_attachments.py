"""Interfaces attached to hosts and detached: state, call, answer or refusal; and what a host enforces then."""

from __future__ import annotations

from typing import Any

import pytest

from account import NOW, Account
from one_host import World
from ringwall.domain.errors import InvalidParameterValue, ServiceError
from ringwall.domain.world import HostInterface, HostState, InterfaceKind
from ringwall.operations.attachments import DEVICE_INDEX_MAX, attach_device, detach_from
from ringwall.operations.hosts import ReportedInterface, host_state, remove, update_addresses


@pytest.fixture
def world(account: Account) -> World:
    """One host."""
    return World(account)


def attach(world: World, interface_id: str, index: int = 1) -> str:
    """The id of the attachment to the host."""
    given = {"NetworkInterfaceId": interface_id, "InstanceId": world.host.instance_id, "DeviceIndex": index}
    answer = world.account.call("AttachNetworkInterface", **given)
    assert answer["NetworkCardIndex"] == 0
    attachment_id: str = answer["AttachmentId"]
    return attachment_id


def add_device(world: World, device: str = "eth1", subnet_id: str | None = None) -> str:
    """The id of a further interface of the host's own."""
    host_id, subnet = world.host.instance_id, subnet_id or world.subnet_id
    return world.account.store.write(
        lambda tx: attach_device(world.account.context(tx), host_id, device, subnet)
    ).result.interface_id


def report(world: World, *devices: ReportedInterface) -> None:
    """The host's agent says what addresses its devices have."""
    caller = world.account.caller
    agent = type(caller)(
        caller.account_id,
        caller.region,
        caller.access_key_id,
        caller.arn,
        caller.user_id,
        host_id=world.host.instance_id,
    )
    world.account.caller = agent
    try:
        world.account.store.write(lambda tx: update_addresses(world.account.context(tx), devices))
    finally:
        world.account.caller = caller


def enforced(world: World) -> HostState:
    """What the host should enforce."""
    place = (world.account.caller.account_id, world.account.caller.region)
    state = world.account.store.read(lambda reader: host_state(reader, *place, world.host.instance_id))
    assert isinstance(state, HostState)
    return state


def code(world: World, function: Any, *arguments: Any) -> str:
    """The code of the refusal, which changed nothing."""
    before = world.account.picture()
    with pytest.raises(ServiceError) as caught:
        world.account.store.write(lambda tx: function(world.account.context(tx), *arguments))
    assert world.account.picture() == before
    return caught.value.code


def test_an_attached_interface_is_the_hosts_to_carry_and_its_addresses_stay_the_clients(world: World) -> None:
    interface_id = world.free(Groups=[world.web], PrivateIpAddress="10.0.1.50")
    world.account.now = NOW + 60
    attachment_id = attach(world, interface_id, 3)
    shown = world.shown(interface_id)
    assert shown["Status"] == "in-use"
    assert shown["PrivateIpAddress"] == "10.0.1.50"
    assert shown["Attachment"] == {
        "AttachmentId": attachment_id,
        "AttachTime": NOW + 60,
        "DeleteOnTermination": False,
        "DeviceIndex": 3,
        "InstanceId": world.host.instance_id,
        "InstanceOwnerId": world.account.caller.account_id,
        "NetworkCardIndex": 0,
        "Status": "attached",
    }
    assert enforced(world).interfaces[interface_id] == HostInterface(
        interface_id, "", ("10.0.1.50",), (world.web,), InterfaceKind.ROUTED, source_check=True
    )
    report(world, ReportedInterface("", "02:00:00:00:00:09", ("10.0.1.66/24",)))
    assert world.addresses(interface_id) == ["10.0.1.50"], "a host doesn't say what a container's addresses are"
    world.account.call("AssignPrivateIpAddresses", NetworkInterfaceId=interface_id, PrivateIpAddresses=["10.0.1.51"])
    assert enforced(world).interfaces[interface_id].addresses == ("10.0.1.50", "10.0.1.51")


def test_an_instance_shows_its_interfaces_in_the_order_of_their_places(account: Account, world: World) -> None:
    third, second = world.free(), world.free()
    attach(world, third, 7)
    attach(world, second, 2)
    (reservation,) = account.call("DescribeInstances")["Reservations"]
    (instance,) = reservation["Instances"]
    places = [(each["NetworkInterfaceId"], each["Attachment"]["DeviceIndex"]) for each in instance["NetworkInterfaces"]]
    assert places == [(world.interface.interface_id, 0), (second, 2), (third, 7)]
    assert instance["PrivateIpAddress"] == "10.0.1.5"
    assert instance["SecurityGroups"] == [{"GroupId": world.default, "GroupName": "default"}]
    assert instance["NetworkInterfaces"][0]["PrivateDnsName"] == "host-1"


def test_an_interface_that_is_older_than_the_host_does_not_become_its_primary_one(account: Account) -> None:
    vpc_id = account.vpc()
    subnet_id = account.call("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    older = account.call("CreateNetworkInterface", SubnetId=subnet_id)["NetworkInterface"]["NetworkInterfaceId"]
    host, primary = account.enrolled(subnet_id, [account.default_group(vpc_id)], addresses=("10.0.1.9",))
    account.call("AttachNetworkInterface", NetworkInterfaceId=older, InstanceId=host.instance_id, DeviceIndex=1)
    (reservation,) = account.call("DescribeInstances")["Reservations"]
    shown = reservation["Instances"][0]["NetworkInterfaces"]
    assert [each["NetworkInterfaceId"] for each in shown] == [primary.interface_id, older]
    answer = account.call("DescribeInstanceAttribute", InstanceId=host.instance_id, Attribute="sourceDestCheck")
    assert answer["SourceDestCheck"] == {"Value": False}, "the primary one's"


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("attachment.device-index", "4", True),
        ("attachment.device-index", "0", False),
        ("attachment.attach-time", "2023-11-14T22:14:20.000Z", True),
        ("attachment.attachment-id", "{attachment}", True),
        ("attachment.delete-on-termination", "false", True),
        ("attachment.instance-id", "{i}", True),
        ("status", "in-use", True),
        ("status", "available", False),
    ],
)
def test_filters_see_the_attachment(world: World, name: str, value: str, found: bool) -> None:
    world.account.now = NOW + 60
    interface_id = world.free()
    attachment_id = attach(world, interface_id, 4)
    value = value.format(attachment=attachment_id, i=world.host.instance_id)
    filters = [{"Name": name, "Values": [value]}]
    answer = world.account.call("DescribeNetworkInterfaces", Filters=filters)
    assert (interface_id in [each["NetworkInterfaceId"] for each in answer["NetworkInterfaces"]]) is found
    filters = [{"Name": f"network-interface.{name}", "Values": [value]}]
    hosts = world.account.call("DescribeInstances", Filters=filters)["Reservations"]
    assert bool(hosts) is (found or value == "0"), "a host is found by any of its interfaces"


def test_a_detached_interface_is_available_again_and_enforced_no_more(account: Account, world: World) -> None:
    interface_id = world.free(Groups=[world.web], TagSpecifications=[])
    account.call("CreateTags", Resources=[interface_id], Tags=[{"Key": "a", "Value": "b"}])
    before = world.shown(interface_id)
    attachment_id = attach(world, interface_id)
    account.call("DetachNetworkInterface", AttachmentId=attachment_id, Force=True)
    assert world.shown(interface_id) == before
    assert before["Status"] == "available"
    assert interface_id not in enforced(world).interfaces
    absent = ("InvalidAttachmentID.NotFound", f"The attachment ID '{attachment_id}' does not exist")
    assert account.refused("DetachNetworkInterface", AttachmentId=attachment_id) == absent
    assert attach(world, interface_id) != attachment_id
    attribute = account.call(
        "DescribeNetworkInterfaceAttribute", NetworkInterfaceId=interface_id, Attribute="attachment"
    )
    assert attribute["Attachment"]["DeviceIndex"] == 1


def test_an_interface_in_use_is_neither_attached_again_nor_deleted(account: Account, world: World) -> None:
    interface_id = world.free()
    attach(world, interface_id)
    given = {"NetworkInterfaceId": interface_id, "InstanceId": world.host.instance_id, "DeviceIndex": 2}
    in_use = ("InvalidNetworkInterface.InUse", f"Interface: [{interface_id}] in use.")
    assert account.refused("AttachNetworkInterface", **given) == in_use
    deleting = ("InvalidParameterValue", f"Network interface '{interface_id}' is currently in use.")
    assert account.refused("DeleteNetworkInterface", NetworkInterfaceId=interface_id) == deleting
    primary = given | {"NetworkInterfaceId": world.interface.interface_id}
    assert account.refused("AttachNetworkInterface", **primary)[0] == "InvalidNetworkInterface.InUse"


ZONE = (
    "InvalidParameterCombination",
    "You may not attach a network interface to an instance if they are not in the same availability zone",
)
TAKEN = "Instance '{i}' already has an interface attached at device index '{}'."
REFUSED: list[tuple[dict[str, Any], tuple[str, str]]] = [
    ({"DeviceIndex": 0}, ("InvalidParameterValue", TAKEN.replace("{}", "0"))),
    ({"DeviceIndex": 5}, ("InvalidParameterValue", TAKEN.replace("{}", "5"))),
    (
        {"InstanceId": "i-0"},
        ("InvalidInstanceID.NotFound", "The instance ID 'i-0' does not exist"),
    ),
    (
        {"NetworkInterfaceId": "eni-0"},
        ("InvalidNetworkInterfaceID.NotFound", "The networkInterface ID 'eni-0' does not exist"),
    ),
]


@pytest.mark.parametrize(("given", "expected"), REFUSED)
def test_attaching_is_refused(account: Account, world: World, given: dict[str, Any], expected: tuple[str, str]) -> None:
    attach(world, world.free(), 5)
    request = {"NetworkInterfaceId": world.free(), "InstanceId": world.host.instance_id, "DeviceIndex": 1} | given
    assert account.refused("AttachNetworkInterface", **request) == (expected[0], world.named(expected[1]))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("MissingParameter", "The request must contain the parameter networkInterfaceId")),
        ({"NetworkInterfaceId": "eni-0"}, ("MissingParameter", "The request must contain the parameter instanceId")),
        (
            {"NetworkInterfaceId": "eni-0", "InstanceId": "i-0"},
            ("MissingParameter", "The request must contain the parameter deviceIndex"),
        ),
        (
            {"NetworkInterfaceId": "x", "InstanceId": "i-0", "DeviceIndex": 1},
            ("InvalidNetworkInterfaceId.Malformed", 'Invalid id: "x" (expecting "eni-...")'),
        ),
        (
            {"NetworkInterfaceId": "eni-0", "InstanceId": "x", "DeviceIndex": 1},
            ("InvalidInstanceID.Malformed", 'Invalid id: "x" (expecting "i-...")'),
        ),
        *(
            (
                {"NetworkInterfaceId": "eni-0", "InstanceId": "i-0", "DeviceIndex": index},
                (
                    "InvalidParameterValue",
                    f"Value ({index}) for parameter deviceIndex is invalid. The device index must be 0 to 1023.",
                ),
            )
            for index in (-1, DEVICE_INDEX_MAX + 1)
        ),
        (
            {"NetworkInterfaceId": "eni-0", "InstanceId": "i-0", "DeviceIndex": 1, "NetworkCardIndex": 1},
            ("UnsupportedOperation", "The parameter NetworkCardIndex isn't supported here."),
        ),
        ({"NetworkInterfaceId": "eni-0", "InstanceId": "i-0", "DeviceIndex": 1, "NetworkCardIndex": 0}, None),
        ({"NetworkInterfaceId": "eni-0", "InstanceId": "i-0", "DeviceIndex": 0}, None),
    ],
)
def test_what_is_told_before_a_dry_run(
    account: Account, given: dict[str, Any], expected: tuple[str, str] | None
) -> None:
    assert account.checked("AttachNetworkInterface", DryRun=True, **given) == expected


def test_an_attachment_is_named_rightly(account: Account) -> None:
    missing = ("MissingParameter", "The request must contain the parameter attachmentId")
    assert account.checked("DetachNetworkInterface") == missing
    malformed = account.checked("DetachNetworkInterface", AttachmentId="eni-0")
    assert malformed is not None
    assert malformed[0] == "InvalidNetworkInterfaceAttachmentId.Malformed"


def test_another_zone_and_another_vpc_are_refused_and_another_subnet_is_not(account: Account, world: World) -> None:
    zones = {"beside": "us-east-1a", "elsewhere": "us-east-1b"}
    subnets = {
        name: account.call("CreateSubnet", VpcId=world.vpc_id, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=zone)[
            "Subnet"
        ]["SubnetId"]
        for number, (name, zone) in enumerate(zones.items(), 2)
    }
    stranger = account.vpc("10.9.0.0/16")
    subnets["stranger"] = account.call(
        "CreateSubnet", VpcId=stranger, CidrBlock="10.9.0.0/24", AvailabilityZone="us-east-1a"
    )["Subnet"]["SubnetId"]
    made = {
        name: account.call("CreateNetworkInterface", SubnetId=each)["NetworkInterface"]["NetworkInterfaceId"]
        for name, each in subnets.items()
    }
    given = {"InstanceId": world.host.instance_id, "DeviceIndex": 2}
    assert account.refused("AttachNetworkInterface", NetworkInterfaceId=made["elsewhere"], **given) == ZONE
    vpc = (ZONE[0], ZONE[1].replace("availability zone", "VPC"))
    assert account.refused("AttachNetworkInterface", NetworkInterfaceId=made["stranger"], **given) == vpc
    attach(world, made["beside"])
    for name in ("elsewhere", "stranger"):
        refused = code(world, attach_device, world.host.instance_id, "eth9", subnets[name])
        assert refused == "InvalidParameterCombination"
    assert world.shown(add_device(world, subnet_id=subnets["beside"]))["SubnetId"] == subnets["beside"]


def test_of_another_account_nothing_is_attached_or_detached(account: Account, world: World) -> None:
    attachment_id = attach(world, world.free())
    other = account.elsewhere(account_id="999999999999")
    assert other.refused("DetachNetworkInterface", AttachmentId=attachment_id)[0] == "InvalidAttachmentID.NotFound"
    mine = other.call("CreateNetworkInterface", SubnetId=other.call("DescribeSubnets")["Subnets"][0]["SubnetId"])
    given = {"InstanceId": world.host.instance_id, "DeviceIndex": 2}
    refused = other.refused(
        "AttachNetworkInterface", NetworkInterfaceId=mine["NetworkInterface"]["NetworkInterfaceId"], **given
    )
    assert refused[0] == "InvalidInstanceID.NotFound"
    free = world.free()
    refused = other.refused("AttachNetworkInterface", NetworkInterfaceId=free, **given)
    assert refused[0] == "InvalidNetworkInterfaceID.NotFound"


# --- What is enforced of an interface ---


def test_the_source_check_that_is_shown_is_the_one_that_is_enforced(account: Account, world: World) -> None:
    interface_id = world.free()
    attach(world, interface_id)
    for wanted in (False, True):
        account.call(
            "ModifyNetworkInterfaceAttribute", NetworkInterfaceId=interface_id, SourceDestCheck={"Value": wanted}
        )
        assert world.shown(interface_id)["SourceDestCheck"] is wanted
        assert enforced(world).interfaces[interface_id].source_check is wanted
    own = enforced(world).interfaces[world.interface.interface_id]
    assert (own.kind, own.source_check) == (InterfaceKind.HOST, False)
    assert world.shown(world.interface.interface_id)["SourceDestCheck"] is False


def test_the_groups_of_a_host_are_those_of_all_its_interfaces(account: Account, world: World) -> None:
    interface_id = world.free(Groups=[world.web])
    attachment_id = attach(world, interface_id)
    assert enforced(world).groups.keys() == {world.default, world.web}
    account.call("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=interface_id, Groups=[world.app])
    assert enforced(world).groups.keys() == {world.default, world.app}
    several = account.refused("ModifyInstanceAttribute", InstanceId=world.host.instance_id, Groups=[world.app])
    assert several[0] == "InvalidInstanceID", "which of its interfaces is meant?"
    account.call("DetachNetworkInterface", AttachmentId=attachment_id)
    account.call("ModifyInstanceAttribute", InstanceId=world.host.instance_id, Groups=[world.web])
    assert enforced(world).groups.keys() == {world.web}


# --- A host's own further interfaces ---


def test_a_further_device_is_an_interface_whose_addresses_the_host_reports(world: World) -> None:
    interface_id = add_device(world)
    shown = world.shown(interface_id)
    assert (shown["Status"], shown["Description"], shown["PrivateIpAddresses"]) == ("in-use", "host-1 eth1", [])
    assert (shown["Attachment"]["DeviceIndex"], shown["Attachment"]["DeleteOnTermination"]) == (1, True)
    assert shown["SourceDestCheck"] is False
    assert world.groups(interface_id) == [world.default]
    assert enforced(world).interfaces[interface_id] == HostInterface(interface_id, "eth1", (), (world.default,))
    eth0 = ReportedInterface("eth0", "02:00:00:00:00:01", ("10.0.1.5/24", "10.0.1.6/24"))
    report(world, eth0, ReportedInterface("eth1", "06:aa:bb:cc:dd:ee", ("10.0.1.9/24", "10.0.1.5/24")))
    assert world.addresses(interface_id) == ["10.0.1.9"], "the other address is the first device's"
    assert world.shown(interface_id)["MacAddress"] == "06:aa:bb:cc:dd:ee"
    refused = world.account.refused(
        "AssignPrivateIpAddresses", NetworkInterfaceId=interface_id, SecondaryPrivateIpAddressCount=1
    )
    assert refused[0] == "UnsupportedOperation"


def test_an_address_may_move_between_the_devices_of_a_host(account: Account, world: World) -> None:
    second = add_device(world)

    def seen(first_has: tuple[str, ...], second_has: tuple[str, ...]) -> tuple[list[str], list[str]]:
        macs = ("02:00:00:00:00:01", "06:aa:bb:cc:dd:ee")
        devices = zip(("eth0", "eth1"), macs, (first_has, second_has), strict=True)
        report(world, *(ReportedInterface(name, mac, has) for name, mac, has in devices))
        return tuple(
            [each["PrivateIpAddress"] for each in world.shown(interface_id)["PrivateIpAddresses"]]
            for interface_id in (world.interface.interface_id, second)
        )

    assert seen(("10.0.1.5/24",), ("10.0.1.6/24",)) == (["10.0.1.5"], ["10.0.1.6"])
    assert seen(("10.0.1.6/24",), ("10.0.1.5/24",)) == (["10.0.1.6"], ["10.0.1.5"])
    assert seen(("10.0.1.6/24", "10.0.1.5/24"), ()) == (["10.0.1.6", "10.0.1.5"], [])
    assert seen(("10.0.1.5/24",), ("10.0.1.5/24", "10.0.1.6/24")) == (["10.0.1.5"], ["10.0.1.6"])
    revision = account.store.read(lambda reader: reader.revision())
    seen(("10.0.1.5/24",), ("10.0.1.5/24", "10.0.1.6/24"))
    assert account.store.read(lambda reader: reader.revision()) == revision, "nothing was new"


def test_a_report_that_is_refused_changes_no_interface(world: World) -> None:
    add_device(world)
    before = world.account.picture()
    with pytest.raises(InvalidParameterValue):
        report(world, ReportedInterface("eth0", "", ("10.0.1.77/24",)), ReportedInterface("eth1", "", ("junk",)))
    assert world.account.picture() == before


def test_a_further_device_takes_the_first_free_place(world: World) -> None:
    attach(world, world.free(), 1)
    attach(world, world.free(), 3)
    places = [world.shown(add_device(world, f"eth{number}"))["Attachment"]["DeviceIndex"] for number in range(1, 4)]
    assert places == [2, 4, 5]


def test_a_further_device_that_is_detached_is_gone_and_its_addresses_are_free(account: Account, world: World) -> None:
    interface_id = add_device(world)
    report(world, ReportedInterface("eth1", "06:aa:bb:cc:dd:ee", ("10.0.1.9/24",)))
    account.call("CreateTags", Resources=[interface_id], Tags=[{"Key": "a", "Value": "b"}])
    account.call("DetachNetworkInterface", AttachmentId=world.shown(interface_id)["Attachment"]["AttachmentId"])
    gone = account.refused("DescribeNetworkInterfaces", NetworkInterfaceIds=[interface_id])
    assert gone[0] == "InvalidNetworkInterfaceID.NotFound"
    assert account.call("DescribeTags", Filters=[{"Name": "resource-id", "Values": [interface_id]}])["Tags"] == []
    assert world.create(PrivateIpAddress="10.0.1.9")["PrivateIpAddress"] == "10.0.1.9"
    assert interface_id not in enforced(world).interfaces


def test_a_further_device_is_refused(account: Account, world: World) -> None:
    host_id = world.host.instance_id
    add_device(world)
    assert code(world, attach_device, "i-0", "eth2", world.subnet_id) == "InvalidInstanceID.NotFound"
    assert code(world, attach_device, host_id, "eth2", "subnet-0") == "InvalidSubnetID.NotFound"
    for device in ("eth0", "eth1", "", "a b", "a/b", "a" * 16):
        assert code(world, attach_device, host_id, device, world.subnet_id) == "InvalidParameterValue", device


def test_a_host_has_so_many_places(account: Account, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringwall.operations.attachments.DEVICE_INDEX_MAX", 1)
    add_device(world)
    refused = code(world, attach_device, world.host.instance_id, "eth2", world.subnet_id)
    assert refused == "AttachmentLimitExceeded"


def test_the_interface_that_came_with_the_host_stays(account: Account, world: World) -> None:
    kept = (
        "OperationNotPermitted",
        "The network interface at device index 0 and networkCard index 0 cannot be detached.",
    )
    assert account.refused("DetachNetworkInterface", AttachmentId=world.attachment_id) == kept
    primary = world.interface.interface_id
    assert code(world, detach_from, world.host.instance_id, primary) == "OperationNotPermitted"


def test_an_interface_is_detached_from_the_host_that_has_it(account: Account, world: World) -> None:
    interface_id, device_id = world.free(), add_device(world)
    assert code(world, detach_from, world.host.instance_id, interface_id) == "InvalidNetworkInterfaceID.NotFound"
    assert code(world, detach_from, "i-0", device_id) == "InvalidInstanceID.NotFound"
    attach(world, interface_id, 9)
    for each in (interface_id, device_id):
        account.store.write(lambda tx, each=each: detach_from(account.context(tx), world.host.instance_id, each))
    assert enforced(world).interfaces.keys() == {world.interface.interface_id}
    assert world.shown(interface_id)["Status"] == "available"


# --- What becomes of interfaces with their host ---


def test_with_its_host_goes_what_is_its_own_or_was_to_go_with_it(account: Account, world: World) -> None:
    stays, goes, device_id = world.free(), world.free(), add_device(world)
    attach(world, stays, 2)
    attachment = {"AttachmentId": attach(world, goes, 3), "DeleteOnTermination": True}
    account.call("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=goes, Attachment=attachment)
    assert world.shown(goes)["Attachment"]["DeleteOnTermination"] is True
    revision = account.store.read(lambda reader: reader.revision())
    account.store.write(lambda tx: remove(account.context(tx), world.host.instance_id))
    assert account.store.read(lambda reader: reader.revision()) == revision + 1, "one request, one revision"
    left = account.call("DescribeNetworkInterfaces")["NetworkInterfaces"]
    assert [(each["NetworkInterfaceId"], each["Status"]) for each in left] == [(stays, "available")]
    for each in (goes, device_id):
        refused = account.refused("DescribeNetworkInterfaces", NetworkInterfaceIds=[each])
        assert refused[0] == "InvalidNetworkInterfaceID.NotFound"


def test_whether_an_interface_goes_with_its_host_begins_anew_with_each_attachment(
    account: Account, world: World
) -> None:
    interface_id = world.free()
    for _ in range(2):
        attachment_id = attach(world, interface_id)
        assert world.shown(interface_id)["Attachment"]["DeleteOnTermination"] is False
        for wanted in (True, True):
            account.call(
                "ModifyNetworkInterfaceAttribute",
                NetworkInterfaceId=interface_id,
                Attachment={"AttachmentId": attachment_id, "DeleteOnTermination": wanted},
            )
        account.call("DetachNetworkInterface", AttachmentId=attachment_id)
