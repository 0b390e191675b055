"""Attributes of interfaces and of enrolled hosts, shown and changed: state, call, answer or refusal."""

from __future__ import annotations

from typing import Any

import pytest

from account import ABSENT, ACCOUNT, NOW, Account
from botocore_judge import model
from one_host import World
from ringwall.domain.quota import Quota


@pytest.fixture
def world(account: Account) -> World:
    """One host."""
    return World(account)


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


def test_a_group_of_another_vpc_that_is_associated_is_carried(account: Account, world: World) -> None:
    other = account.group("shared", VpcId=account.vpc("10.9.0.0/16"))
    request = {"NetworkInterfaceId": world.interface.interface_id, "Groups": [other, world.web]}
    assert account.refused("ModifyNetworkInterfaceAttribute", **request) == NETWORKS
    account.call("AssociateSecurityGroupVpc", GroupId=other, VpcId=world.vpc_id)
    account.call("ModifyNetworkInterfaceAttribute", **request)
    assert world.groups() == [other, world.web]


NETWORKS = ("InvalidGroup.NotFound", "You have specified two resources that belong to different networks.")
NONE = ("InvalidParameterCombination", "No attributes specified.")
NO_GROUP = ("InvalidGroup.NotFound", "The security group 'sg-0' does not exist")
SOURCE = (
    "UnsupportedOperation",
    "The attribute sourceDestCheck can't be true on an enrolled host's own interface: nothing there compares the "
    "source of a packet with the interface's addresses.",
)


def several(*names: str) -> tuple[str, str]:
    """The refusal of more than one attribute."""
    return "InvalidParameterCombination", f"Fields for multiple attribute types specified: {', '.join(names)}"


def unsupported(path: str) -> tuple[str, str]:
    """The refusal of a member that asks for what doesn't exist here."""
    return "UnsupportedOperation", f"The parameter {path} isn't supported here."


def unknown(attribute: str) -> tuple[str, str]:
    """The refusal of an attribute that nothing has."""
    return "InvalidParameterValue", f"Value ({attribute}) for parameter attribute is invalid. Unknown attribute."


def not_here(attribute: str, value: str) -> tuple[str, str]:
    """The refusal of a value, in the older form."""
    return "UnsupportedOperation", f"The attribute {attribute} can't be set to '{value}' here."


INSTANCE: list[tuple[dict[str, Any], tuple[str, str]]] = [
    (
        {"InstanceId": "i-0a", "Groups": ["sg-1"]},
        ("InvalidInstanceID.NotFound", "The instance ID 'i-0a' does not exist"),
    ),
    ({"Groups": ["sg-0"]}, NO_GROUP),
    ({"Groups": ["{web}", "sg-0"]}, NO_GROUP),
    ({"Groups": ["{elsewhere}"]}, NETWORKS),
    ({}, NONE),
    ({"Groups": []}, NONE),
    ({"Attribute": "groupSet"}, NONE),
    ({"Value": "x"}, NONE),
    ({"SourceDestCheck": {}}, NONE),
    ({"Groups": ["{web}"], "SourceDestCheck": {"Value": False}}, several("sourceDestCheck", "groupSet")),
    ({"Groups": ["{web}"], "Attribute": "instanceType"}, several("instanceType", "groupSet")),
    (
        {"Groups": ["{web}"], "Attribute": "sourceDestCheck", "Value": "false"},
        several("sourceDestCheck", "groupSet"),
    ),
    ({"SourceDestCheck": {"Value": True}}, SOURCE),
    ({"Attribute": "sourceDestCheck", "Value": "true"}, SOURCE),
    ({"Attribute": "nope", "Value": "x"}, unknown("nope")),
    ({"Attribute": "disableApiTermination", "Value": "true"}, not_here("disableApiTermination", "true")),
    ({"Attribute": "groupSet", "Value": "sg-1"}, not_here("groupSet", "sg-1")),
    ({"Attribute": "userData", "Value": "eA=="}, not_here("userData", "eA==")),
    (
        {"InstanceInitiatedShutdownBehavior": {"Value": "terminate"}},
        not_here("instanceInitiatedShutdownBehavior", "terminate"),
    ),
    ({"InstanceType": {"Value": "t3.micro"}}, unsupported("InstanceType")),
    ({"Kernel": {"Value": "aki-1"}}, unsupported("Kernel")),
    ({"Ramdisk": {"Value": "ari-1"}}, unsupported("Ramdisk")),
    ({"UserData": {"Value": b"x"}}, unsupported("UserData")),
    ({"SriovNetSupport": {"Value": "simple"}}, unsupported("SriovNetSupport")),
    ({"BlockDeviceMappings": [{"DeviceName": "sda"}]}, unsupported("BlockDeviceMappings")),
    ({"DisableApiTermination": {"Value": True}}, unsupported("DisableApiTermination.Value")),
    ({"DisableApiStop": {"Value": True}}, unsupported("DisableApiStop.Value")),
    ({"EbsOptimized": {"Value": True}}, unsupported("EbsOptimized.Value")),
    ({"EnaSupport": {"Value": True}}, unsupported("EnaSupport.Value")),
    ({"EnclaveOptions": {"Enabled": True}}, unsupported("EnclaveOptions.Enabled")),
]


@pytest.mark.parametrize(("given", "expected"), INSTANCE)
def test_an_instance_refuses(account: Account, world: World, given: dict[str, Any], expected: tuple[str, str]) -> None:
    request = {"InstanceId": world.host.instance_id} | world.named(given)
    assert account.refused("ModifyInstanceAttribute", **request) == expected


TIMEOUTS = {"ConnectionTrackingSpecification": {"UdpTimeout": 60}}
EXPRESS = "EnaSrdSpecification.EnaSrdUdpSpecification.EnaSrdUdpEnabled"
DESCRIPTION = (
    "InvalidParameterValue",
    "Invalid network interface description. Valid descriptions are at most 255 printable characters.",
)

INTERFACE: list[tuple[dict[str, Any], tuple[str, str]]] = [
    (
        {"NetworkInterfaceId": "eni-0", "Groups": ["sg-1"]},
        ("InvalidNetworkInterfaceID.NotFound", "The networkInterface ID 'eni-0' does not exist"),
    ),
    ({"Groups": ["sg-0"]}, NO_GROUP),
    ({"Groups": ["{elsewhere}"]}, NETWORKS),
    ({}, NONE),
    ({"Description": {}}, NONE),
    ({"Description": {"Value": None}}, NONE),
    ({"SourceDestCheck": {}}, NONE),
    ({"SourceDestCheck": {"Value": None}}, NONE),
    ({"Description": {"Value": "x" * 256}}, DESCRIPTION),
    ({"Description": {"Value": "\x00"}}, DESCRIPTION),
    ({"Groups": ["{web}"], "Description": {"Value": "x"}}, several("description", "groupSet")),
    ({"SourceDestCheck": {"Value": True}}, SOURCE),
    (
        {"Attachment": {"AttachmentId": "eni-attach-0", "DeleteOnTermination": True}},
        ("InvalidAttachmentID.NotFound", "The attachment ID 'eni-attach-0' does not exist"),
    ),
    (
        {"Attachment": {"AttachmentId": "{attachment_id}"}},
        ("MissingParameter", "The request must contain the parameter attachment.deleteOnTermination"),
    ),
    (
        {"Attachment": {"DeleteOnTermination": True}},
        ("MissingParameter", "The request must contain the parameter attachment.attachmentId"),
    ),
    (
        {"Attachment": {"AttachmentId": "{attachment_id}", "DeleteOnTermination": False}},
        (
            "UnsupportedOperation",
            "The attribute deleteOnTermination is always true of a host's own interface: it goes with its host.",
        ),
    ),
    (TIMEOUTS, unsupported("ConnectionTrackingSpecification")),
    ({"EnablePrimaryIpv6": True}, unsupported("EnablePrimaryIpv6")),
    ({"AssociatePublicIpAddress": True}, unsupported("AssociatePublicIpAddress")),
    ({"AssociatedSubnetIds": ["subnet-1"]}, unsupported("AssociatedSubnetIds")),
    ({"EnaSrdSpecification": {"EnaSrdEnabled": True}}, unsupported("EnaSrdSpecification.EnaSrdEnabled")),
    ({"EnaSrdSpecification": {"EnaSrdUdpSpecification": {"EnaSrdUdpEnabled": True}}}, unsupported(EXPRESS)),
    (
        {"Attachment": {"AttachmentId": "eni-attach-0", "DeleteOnTermination": True, "EnaQueueCount": 2}},
        unsupported("Attachment.EnaQueueCount"),
    ),
]


@pytest.mark.parametrize(("given", "expected"), INTERFACE)
def test_an_interface_refuses(account: Account, world: World, given: dict[str, Any], expected: tuple[str, str]) -> None:
    request = {"NetworkInterfaceId": world.interface.interface_id} | world.named(given)
    assert account.refused("ModifyNetworkInterfaceAttribute", **request) == expected


def test_an_interface_without_a_host_has_no_attachment(account: Account, world: World) -> None:
    attachment = {"AttachmentId": world.attachment_id, "DeleteOnTermination": True}
    request = {"NetworkInterfaceId": world.free(), "Attachment": attachment}
    code, _ = account.refused("ModifyNetworkInterfaceAttribute", **request)
    assert code == "InvalidAttachmentID.NotFound"


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("ModifyInstanceAttribute", {"SourceDestCheck": {"Value": False}}),
        ("ModifyInstanceAttribute", {"Attribute": "sourceDestCheck", "Value": "false"}),
        ("ModifyInstanceAttribute", {"DisableApiTermination": {"Value": False}}),
        ("ModifyInstanceAttribute", {"EnclaveOptions": {"Enabled": False}}),
        ("ModifyInstanceAttribute", {"Attribute": "disableApiTermination", "Value": "false"}),
        ("ModifyInstanceAttribute", {"Attribute": "ebsOptimized", "EbsOptimized": {"Value": False}}),
        ("ModifyInstanceAttribute", {"InstanceInitiatedShutdownBehavior": {"Value": "stop"}}),
        ("ModifyInstanceAttribute", {"Attribute": "instanceInitiatedShutdownBehavior", "Value": "stop"}),
        ("ModifyInstanceAttribute", {"Attribute": "groupSet", "Groups": ["{default}"]}),
        ("ModifyNetworkInterfaceAttribute", {"Groups": ["{default}"]}),
        ("ModifyNetworkInterfaceAttribute", {"SourceDestCheck": {"Value": False}}),
        ("ModifyNetworkInterfaceAttribute", {"AssociatePublicIpAddress": False}),
        ("ModifyNetworkInterfaceAttribute", {"EnablePrimaryIpv6": False}),
        ("ModifyNetworkInterfaceAttribute", {"EnaSrdSpecification": {"EnaSrdEnabled": False}}),
        ("ModifyNetworkInterfaceAttribute", {"Description": {"Value": ""}}),
        (
            "ModifyNetworkInterfaceAttribute",
            {"Attachment": {"AttachmentId": "{attachment_id}", "DeleteOnTermination": True}},
        ),
    ],
)
def test_what_is_so_anyway_may_be_set(account: Account, world: World, name: str, given: dict[str, Any]) -> None:
    target = "InstanceId" if name == "ModifyInstanceAttribute" else "NetworkInterfaceId"
    before = account.picture()
    assert account.call(name, **world.named({target: "{i}" if target == "InstanceId" else "{eni}"} | given)) == {}
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
        ("DescribeNetworkInterfaceAttribute", {"NetworkInterfaceId": "eni-0"}, NONE),
        ("DescribeNetworkInterfaceAttribute", {"NetworkInterfaceId": "eni-0", "Attribute": "fake"}, unknown("fake")),
        (
            "DescribeNetworkInterfaceAttribute",
            {"Attribute": "description"},
            ("MissingParameter", "The request must contain the parameter networkInterfaceId"),
        ),
        (
            "DescribeInstanceAttribute",
            {"InstanceId": "i-0"},
            ("MissingParameter", "The request must contain the parameter attribute"),
        ),
        # Reported from an account, 2019.
        ("DescribeInstanceAttribute", {"InstanceId": "i-0", "Attribute": "enaSupport"}, unknown("enaSupport")),
        (
            "DescribeInstanceAttribute",
            {"InstanceId": "i-0", "Attribute": "instanceType"},
            (
                "UnsupportedOperation",
                "An enrolled host has no instance type: the machine is the operator's own.",
            ),
        ),
        (
            "DescribeInstanceAttribute",
            {"InstanceId": "x", "Attribute": "userData"},
            ("InvalidInstanceID.Malformed", 'Invalid id: "x" (expecting "i-...")'),
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


def test_hosts_of_others_have_no_attributes(account: Account, world: World) -> None:
    other = account.elsewhere(account_id="210987654321")
    code, _ = other.refused("ModifyInstanceAttribute", InstanceId=world.host.instance_id, Groups=[ABSENT["sg"]])
    assert code == "InvalidInstanceID.NotFound"
    request = {"NetworkInterfaceId": world.interface.interface_id, "Attribute": "groupSet"}
    code, _ = other.refused("DescribeNetworkInterfaceAttribute", **request)
    assert code == "InvalidNetworkInterfaceID.NotFound"


# --- What is kept, and shown ---


def test_description_and_check_of_an_interface_are_kept(account: Account, world: World) -> None:
    made = world.free(Description="before")
    for given, shown in (
        ({"Description": {"Value": "after"}}, {"Description": "after", "SourceDestCheck": True}),
        ({"SourceDestCheck": {"Value": False}}, {"Description": "after", "SourceDestCheck": False}),
        ({"Description": {"Value": ""}}, {"Description": "", "SourceDestCheck": False}),
        ({"SourceDestCheck": {"Value": True}}, {"Description": "", "SourceDestCheck": True}),
    ):
        assert account.call("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=made, **given) == {}
        assert {name: world.shown(made)[name] for name in shown} == shown


def test_the_description_of_a_hosts_interface_is_the_clients(account: Account, world: World) -> None:
    eni = world.interface.interface_id
    account.call("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=eni, Description={"Value": "uplink"})
    assert world.shown(eni)["Description"] == "uplink"


def test_each_attribute_of_an_interface(account: Account, world: World) -> None:
    def shown(attribute: str) -> dict[str, Any]:
        answer = account.call("DescribeNetworkInterfaceAttribute", NetworkInterfaceId=eni, Attribute=attribute)
        assert answer.pop("NetworkInterfaceId") == eni
        return answer

    eni = world.interface.interface_id
    assert shown("description") == {"Description": {"Value": ""}}
    assert shown("groupSet") == {"Groups": [{"GroupId": world.default, "GroupName": "default"}]}
    assert shown("sourceDestCheck") == {"SourceDestCheck": {"Value": False}}
    assert shown("associatePublicIpAddress") == {"AssociatePublicIpAddress": False}
    assert shown("attachment") == {
        "Attachment": {
            "AttachmentId": world.attachment_id,
            "AttachTime": NOW,
            "DeleteOnTermination": True,
            "DeviceIndex": 0,
            "InstanceId": world.host.instance_id,
            "InstanceOwnerId": ACCOUNT,
            "NetworkCardIndex": 0,
            "Status": "attached",
        }
    }
    eni = world.free(Description="db")
    assert shown("description") == {"Description": {"Value": "db"}}
    assert shown("sourceDestCheck") == {"SourceDestCheck": {"Value": True}}
    assert shown("attachment") == {}


@pytest.mark.parametrize(
    ("attribute", "answer"),
    [
        ("kernel", {"KernelId": {}}),
        ("ramdisk", {"RamdiskId": {}}),
        ("userData", {"UserData": {}}),
        ("rootDeviceName", {"RootDeviceName": {}}),
        ("sriovNetSupport", {"SriovNetSupport": {}}),
        ("blockDeviceMapping", {"BlockDeviceMappings": []}),
        ("productCodes", {"ProductCodes": []}),
        ("disableApiTermination", {"DisableApiTermination": {"Value": False}}),
        ("disableApiStop", {"DisableApiStop": {"Value": False}}),
        ("instanceInitiatedShutdownBehavior", {"InstanceInitiatedShutdownBehavior": {"Value": "stop"}}),
        ("ebsOptimized", {"EbsOptimized": {"Value": False}}),
        ("enclaveOptions", {"EnclaveOptions": {"Enabled": False}}),
        ("sourceDestCheck", {"SourceDestCheck": {"Value": False}}),
        ("groupSet", {"Groups": [{"GroupId": "{default}", "GroupName": "default"}]}),
    ],
)
def test_each_attribute_of_an_instance(account: Account, world: World, attribute: str, answer: dict[str, Any]) -> None:
    request = {"InstanceId": world.host.instance_id, "Attribute": attribute}
    assert account.call("DescribeInstanceAttribute", **request) == {"InstanceId": world.host.instance_id} | world.named(
        answer
    )
    code, _ = account.refused("DescribeInstanceAttribute", InstanceId="i-0", Attribute=attribute)
    assert code == "InvalidInstanceID.NotFound"


@pytest.mark.parametrize(
    ("name", "unanswered"),
    [
        ("DescribeInstanceAttribute", {"enaSupport", "instanceType"}),
        ("DescribeNetworkInterfaceAttribute", set()),
    ],
)
def test_every_attribute_that_the_model_names_is_answered_or_refused(
    account: Account, world: World, name: str, unanswered: set[str]
) -> None:
    target = world.named({"InstanceId": "{i}"} if "Instance" in name else {"NetworkInterfaceId": "{eni}"})
    attributes = model(name).input_shape.members["Attribute"].enum
    assert {each for each in attributes if account.checked(name, **target, Attribute=each)} == unanswered
