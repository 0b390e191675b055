"""Attributes of network interfaces and of enrolled hosts, shown and changed one at a time.

Members of a request that ask for what doesn't exist here are refused by the operation table, which gives the reasons;
what they may be set to (false, mostly) is what they are anyway.

Source: EC2 API Reference, DescribeNetworkInterfaceAttribute, ModifyNetworkInterfaceAttribute,
DescribeInstanceAttribute, ModifyInstanceAttribute; ec2-behaviour 3.16. The text about several attributes is reported
from an account, for ModifyVpcAttribute.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ringwall.domain import ids
from ringwall.domain.errors import (
    InvalidAttachmentIDNotFound,
    InvalidInstanceID,
    InvalidParameterCombination,
    InvalidParameterValue,
    MissingParameter,
    UnsupportedOperation,
)
from ringwall.domain.interface import Host, NetworkInterface

from .context import Answer, Context, Request
from .interface_groups import set_groups
from .interfaces import check_description, check_one
from .interfaces_described import ShownInterface, attachment_answer, with_details
from .lookup import found, interface_by_id

# EC2's name of each attribute for the member that sets it.
_INTERFACE_MEMBERS: Final[Mapping[str, str]] = {
    "Description": "description",
    "SourceDestCheck": "sourceDestCheck",
    "Groups": "groupSet",
    "Attachment": "attachment",
    "AssociatePublicIpAddress": "associatePublicIpAddress",
    "AssociatedSubnetIds": "associatedSubnetIds",
    "ConnectionTrackingSpecification": "connectionTrackingSpecification",
    "EnaSrdSpecification": "enaSrdSpecification",
    "EnablePrimaryIpv6": "enablePrimaryIpv6",
}
_INSTANCE_MEMBERS: Final[Mapping[str, str]] = {
    "InstanceType": "instanceType",
    "Kernel": "kernel",
    "Ramdisk": "ramdisk",
    "UserData": "userData",
    "DisableApiTermination": "disableApiTermination",
    "InstanceInitiatedShutdownBehavior": "instanceInitiatedShutdownBehavior",
    "BlockDeviceMappings": "blockDeviceMapping",
    "SourceDestCheck": "sourceDestCheck",
    "Groups": "groupSet",
    "EbsOptimized": "ebsOptimized",
    "SriovNetSupport": "sriovNetSupport",
    "EnaSupport": "enaSupport",
    "EnclaveOptions": "enclaveOptions",
    "DisableApiStop": "disableApiStop",
}


def _unknown(attribute: str) -> InvalidParameterValue:
    return InvalidParameterValue.of(attribute, "attribute", "Unknown attribute.")


# --- DescribeNetworkInterfaceAttribute ---

_INTERFACE_ATTRIBUTES: Final[Mapping[str, Callable[[ShownInterface], dict[str, Any]]]] = {
    "description": lambda each: {"Description": {"Value": each.interface.description}},
    "groupSet": lambda each: {"Groups": each.groups},
    "sourceDestCheck": lambda each: {"SourceDestCheck": {"Value": each.interface.source_dest_check}},
    "attachment": lambda each: {"Attachment": attachment_answer(each)},
    "associatePublicIpAddress": lambda each: {"AssociatePublicIpAddress": False},
}


def check_describe_interface(request: Request) -> None:
    """Refuses a missing or malformed interface id, and an attribute that is missing or that no interface has."""
    check_one(request)
    if not request.get("Attribute"):
        raise InvalidParameterCombination("No attributes specified.")
    if request["Attribute"] not in _INTERFACE_ATTRIBUTES:
        raise _unknown(request["Attribute"])


def describe_network_interface_attribute(context: Context, request: Request) -> Answer:
    """The one attribute of the interface. Without a host there is no attachment, and the answer has none.

    Raises:
        InvalidNetworkInterfaceIDNotFound: there is no such interface.
        InvalidParameterCombination: no attribute is named.
        InvalidParameterValue: the attribute named is unknown.
    """
    interface = interface_by_id(context, request["NetworkInterfaceId"])
    (shown,) = with_details(context, [interface])
    return {"NetworkInterfaceId": interface.interface_id} | _INTERFACE_ATTRIBUTES[request["Attribute"]](shown)


# --- ModifyNetworkInterfaceAttribute ---


def check_modify_interface(request: Request) -> None:
    """Refuses a missing or malformed interface id, malformed ids of groups, a description that can't be.

    Of an attachment both members are wanted, its id well-formed; EC2 misses them before it looks for the attachment.
    """
    check_one(request)
    ids.GROUP.check_all(request.get("Groups"))
    check_description((request.get("Description") or {}).get("Value") or "")
    attachment = request.get("Attachment")
    if attachment:
        if attachment.get("AttachmentId") is None:
            raise MissingParameter("attachment.attachmentId")
        ids.ATTACHMENT.check(attachment["AttachmentId"])
        if attachment.get("DeleteOnTermination") is None:
            raise MissingParameter("attachment.deleteOnTermination")


def modify_network_interface_attribute(context: Context, request: Request) -> Answer:
    """Nothing; one attribute of the interface is another: its groups, its description or its SourceDestCheck.

    Groups replaces all groups. SourceDestCheck is enforced for an interface of a container or virtual machine by the
    host that it is attached to: what comes from it with a source that isn't one of its addresses is dropped. On an
    enrolled host's own it can't be true, because nothing on the host compares a packet's source with the interface's
    addresses. Attachment sets DeleteOnTermination, whether the interface goes with its host; one of the host's own
    always does.

    Raises:
        InvalidNetworkInterfaceIDNotFound: there is no such interface.
        InvalidParameterCombination: no attribute is given, or several are.
        InvalidGroupNotFound: a group doesn't exist, or is neither of the interface's VPC nor associated with it.
        SecurityGroupsPerInterfaceLimitExceeded: there are too many groups.
        InvalidAttachmentIDNotFound: the attachment named isn't this interface's.
        MissingParameter: Attachment lacks its id, or says nothing of DeleteOnTermination.
        InvalidParameterValue: the description is too long, or has characters that can't be shown.
        UnsupportedOperation: the attribute can't be changed on a machine that is the operator's own.
    """
    interface = interface_by_id(context, request["NetworkInterfaceId"])
    attribute, value = _one_attribute(request, _INTERFACE_MEMBERS)
    if attribute == "Groups":
        set_groups(context, interface, value)
    elif attribute == "Description":
        context.transaction.set_interface_details(interface, _value(value), interface.source_dest_check)
    elif attribute == "SourceDestCheck":
        _set_source_dest_check(context, interface, _value(value))
    elif attribute == "Attachment":
        _set_delete_on_termination(context, interface, value)
    return {}


def _set_delete_on_termination(context: Context, interface: NetworkInterface, attachment: Mapping[str, Any]) -> None:
    if interface.attachment is None or attachment["AttachmentId"] != interface.attachment.attachment_id:
        raise InvalidAttachmentIDNotFound(attachment["AttachmentId"])
    if interface.is_hosts_own and not attachment["DeleteOnTermination"]:
        raise UnsupportedOperation(
            "The attribute deleteOnTermination is always true of a host's own interface: it goes with its host."
        )
    context.transaction.set_delete_on_termination(interface, attachment["DeleteOnTermination"])


def _set_source_dest_check(context: Context, interface: NetworkInterface, wanted: bool) -> None:
    if wanted and interface.is_hosts_own:
        raise UnsupportedOperation(
            "The attribute sourceDestCheck can't be true on an enrolled host's own interface: nothing there compares "
            "the source of a packet with the interface's addresses."
        )
    context.transaction.set_interface_details(interface, interface.description, wanted)


# --- DescribeInstanceAttribute ---

_SHUTDOWN: Final = "stop"
"""A machine that is shut down stays enrolled."""

_INSTANCE_ATTRIBUTES: Final[Mapping[str, Callable[[ShownInterface], dict[str, Any]]]] = {
    # An empty element is EC2's answer for what an instance doesn't have.
    "kernel": lambda each: {"KernelId": {}},
    "ramdisk": lambda each: {"RamdiskId": {}},
    "userData": lambda each: {"UserData": {}},
    "rootDeviceName": lambda each: {"RootDeviceName": {}},
    "sriovNetSupport": lambda each: {"SriovNetSupport": {}},
    "blockDeviceMapping": lambda each: {"BlockDeviceMappings": []},
    "productCodes": lambda each: {"ProductCodes": []},
    "disableApiTermination": lambda each: {"DisableApiTermination": {"Value": False}},
    "disableApiStop": lambda each: {"DisableApiStop": {"Value": False}},
    "instanceInitiatedShutdownBehavior": lambda each: {"InstanceInitiatedShutdownBehavior": {"Value": _SHUTDOWN}},
    "ebsOptimized": lambda each: {"EbsOptimized": {"Value": False}},
    "enclaveOptions": lambda each: {"EnclaveOptions": {"Enabled": False}},
    "sourceDestCheck": lambda each: {"SourceDestCheck": {"Value": each.interface.source_dest_check}},
    "groupSet": lambda each: {"Groups": each.groups},
}


def check_describe_instance(request: Request) -> None:
    """Refuses a missing or malformed instance id, and an attribute that is missing or that can't be asked for."""
    _check_instance(request)
    attribute = request.get("Attribute")
    if not attribute:
        raise MissingParameter("attribute")
    if attribute == "instanceType":
        raise UnsupportedOperation("An enrolled host has no instance type: the machine is the operator's own.")
    if attribute not in _INSTANCE_ATTRIBUTES:
        raise _unknown(attribute)


def describe_instance_attribute(context: Context, request: Request) -> Answer:
    """The one attribute of the host; groupSet and sourceDestCheck are its primary interface's.

    `enaSupport` is unknown, as in EC2; a host has no `instanceType`; what it doesn't have otherwise is answered empty.

    Raises:
        InvalidInstanceIDNotFound: there is no such host.
        MissingParameter: no attribute is named.
        InvalidParameterValue: the attribute named is unknown.
        UnsupportedOperation: the attribute is `instanceType`, which a machine of one's own hasn't.
    """
    host = found(ids.INSTANCE, context.transaction.host, context, request["InstanceId"])
    shown = with_details(context, context.transaction.interfaces_of_host(host.instance_id))
    return {"InstanceId": host.instance_id} | _INSTANCE_ATTRIBUTES[request["Attribute"]](shown[0])


# --- ModifyInstanceAttribute ---

_ANYWAY: Final = {
    **dict.fromkeys(("disableApiTermination", "disableApiStop", "ebsOptimized", "enclaveOptions"), "false"),
    "instanceInitiatedShutdownBehavior": _SHUTDOWN,
}


def _check_instance(request: Request) -> None:
    if request.get("InstanceId") is None:
        raise MissingParameter("instanceId")
    ids.INSTANCE.check(request["InstanceId"])


def check_modify_instance(request: Request) -> None:
    """Refuses a missing or malformed instance id, malformed group ids, and an attribute that no instance has."""
    _check_instance(request)
    ids.GROUP.check_all(request.get("Groups"))
    named = request.get("Attribute")
    if named and named not in {*_INSTANCE_MEMBERS.values(), "rootDeviceName", "productCodes"}:
        raise _unknown(named)


def modify_instance_attribute(context: Context, request: Request) -> Answer:
    """Nothing; the groups of the instance's only interface are those of Groups, or its SourceDestCheck is false.

    Of the other attributes those may be set that then are what they are anyway. Attribute and Value together are the
    older form of the same request; Attribute alone may name the one attribute that is set.

    Raises:
        InvalidInstanceIDNotFound: there is no such host.
        InvalidInstanceID: the host has several interfaces.
        InvalidParameterCombination: no attribute is given, or several are.
        InvalidParameterValue: the attribute named is unknown.
        InvalidGroupNotFound: a group doesn't exist, or is neither of the interface's VPC nor associated with it.
        SecurityGroupsPerInterfaceLimitExceeded: there are too many groups.
        UnsupportedOperation: the attribute can't be changed on a machine that is the operator's own.
    """
    host = found(ids.INSTANCE, context.transaction.host, context, request["InstanceId"])
    named, value = request.get("Attribute"), request.get("Value")
    if value is not None:
        _set_by_name(context, host, request, named or "", value)
        return {}
    attribute, given = _one_attribute(request, _INSTANCE_MEMBERS)
    if named and named != _INSTANCE_MEMBERS[attribute]:
        raise _several(named, _INSTANCE_MEMBERS[attribute])
    if attribute == "Groups":
        set_groups(context, _only_interface(context, host), given)
    elif attribute == "SourceDestCheck":
        _set_source_dest_check(context, _only_interface(context, host), _value(given))
    elif attribute == "InstanceInitiatedShutdownBehavior":
        _accept_anyway(_INSTANCE_MEMBERS[attribute], _value(given))
    return {}


def _set_by_name(context: Context, host: Host, request: Request, named: str, value: str) -> None:
    """The older form, for attributes whose value is one text."""
    given = _given(request, _INSTANCE_MEMBERS)
    if not named:
        raise InvalidParameterCombination("No attributes specified.")
    if given:
        raise _several(named, *(_INSTANCE_MEMBERS[each] for each in given))
    if named == "sourceDestCheck" and value in ("true", "false"):
        _set_source_dest_check(context, _only_interface(context, host), value == "true")
    else:
        _accept_anyway(named, value)


def _accept_anyway(attribute: str, value: str) -> None:
    if _ANYWAY.get(attribute) != value:
        raise UnsupportedOperation(f"The attribute {attribute} can't be set to '{value[:64]}' here.")


def _only_interface(context: Context, host: Host) -> NetworkInterface:
    interfaces = context.transaction.interfaces_of_host(host.instance_id)
    if len(interfaces) > 1:
        raise InvalidInstanceID(host.instance_id)
    return interfaces[0]


# --- One attribute of a request ---


def _one_attribute(request: Request, members: Mapping[str, str]) -> tuple[str, Any]:
    given = _given(request, members)
    if not given:
        raise InvalidParameterCombination("No attributes specified.")
    if len(given) > 1:
        raise _several(*(members[each] for each in given))
    return given[0], request[given[0]]


def _given(request: Request, members: Mapping[str, str]) -> Sequence[str]:
    return [name for name in members if request.get(name) not in (None, [], {})]


def _several(*attributes: str) -> InvalidParameterCombination:
    return InvalidParameterCombination(f"Fields for multiple attribute types specified: {', '.join(attributes)}")


def _value(given: Mapping[str, Any]) -> Any:
    """The value of an attribute. One without counts as no attribute at all (observed, of Description)."""
    if given.get("Value") is None:
        raise InvalidParameterCombination("No attributes specified.")
    return given["Value"]
