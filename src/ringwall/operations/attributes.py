"""Attributes of instances and interfaces, changed: of those, the groups that an interface carries.

Source: EC2 API Reference, ModifyInstanceAttribute, ModifyNetworkInterfaceAttribute; ec2-behaviour 3.16.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from ringwall.domain import ids
from ringwall.domain.errors import (
    InvalidAttachmentIDNotFound,
    InvalidGroupNotFound,
    InvalidInstanceID,
    InvalidParameterCombination,
    MissingParameter,
    SecurityGroupsPerInterfaceLimitExceeded,
    UnsupportedOperation,
)
from ringwall.domain.interface import NetworkInterface

from .context import Answer, Context, Request
from .lookup import all_found, found, interface_by_id

_INSTANCE_ATTRIBUTES: Final = (
    "SourceDestCheck", "EnclaveOptions", "DisableApiStop", "BlockDeviceMappings", "DisableApiTermination",
    "InstanceType", "Kernel", "Ramdisk", "UserData", "InstanceInitiatedShutdownBehavior", "Groups", "EbsOptimized",
    "SriovNetSupport", "EnaSupport",
)  # fmt: skip

_INTERFACE_ATTRIBUTES: Final = (
    "EnaSrdSpecification", "EnablePrimaryIpv6", "ConnectionTrackingSpecification", "AssociatePublicIpAddress",
    "AssociatedSubnetIds", "Description", "SourceDestCheck", "Groups", "Attachment",
)  # fmt: skip

# Attributes that may be set to what they are anyway. Any other value is refused, not forgotten.
_FALSE_ANYWAY: Final = frozenset(
    {"SourceDestCheck", "DisableApiStop", "DisableApiTermination", "EbsOptimized", "AssociatePublicIpAddress"}
)


def check_modify_instance(request: Request) -> None:
    """Refuses a missing or malformed instance id and malformed group ids."""
    if request.get("InstanceId") is None:
        raise MissingParameter("instanceId")
    ids.INSTANCE.check(request["InstanceId"])
    ids.GROUP.check_all(request.get("Groups"))


def modify_instance_attribute(context: Context, request: Request) -> Answer:
    """The groups of the instance's only interface replaced by Groups.

    Of the other attributes those may be set that then are what they are anyway. Attribute and Value together are the
    older form of the same request; Attribute alone may name the one attribute that is set.

    Raises:
        InvalidInstanceIDNotFound: there is no such host.
        InvalidInstanceID: it has several interfaces.
        InvalidParameterCombination: no attribute is given, or several are.
        UnsupportedOperation: the attribute can't be changed on a machine that is the operator's own.
        ServiceError: as `_set_groups`.
    """
    transaction = context.transaction
    host = found(ids.INSTANCE, transaction.host, context, request["InstanceId"])
    attribute, value = _instance_attribute(request)
    if attribute != "Groups":
        _accept_as_it_is(attribute, value)
        return {}
    interfaces = transaction.interfaces_of_host(host.instance_id)
    if len(interfaces) > 1:
        raise InvalidInstanceID(host.instance_id)
    _set_groups(context, interfaces[0], value)
    return {}


def _instance_attribute(request: Request) -> tuple[str, Any]:
    named, value = request.get("Attribute"), request.get("Value")
    if value is not None:
        if not named or _given(request, _INSTANCE_ATTRIBUTES):
            raise InvalidParameterCombination("Fields for multiple attribute types specified")
        member = named[0].upper() + named[1:]
        return member, {"Value": {"true": True, "false": False}.get(value, value)}
    attribute, value = _one_attribute(request, _INSTANCE_ATTRIBUTES)
    if named and named not in (attribute[0].lower() + attribute[1:], "groupSet" if attribute == "Groups" else ""):
        raise InvalidParameterCombination("Fields for multiple attribute types specified")
    return attribute, value


def _one_attribute(request: Request, attributes: Sequence[str]) -> tuple[str, Any]:
    given = _given(request, attributes)
    if not given:
        raise InvalidParameterCombination("No attributes specified.")
    if len(given) > 1:
        raise InvalidParameterCombination("Fields for multiple attribute types specified")
    return given[0], request[given[0]]


def _given(request: Request, attributes: Sequence[str]) -> list[str]:
    return [name for name in attributes if request.get(name) not in (None, [], {})]


def _accept_as_it_is(attribute: str, value: Any) -> None:
    wanted = value.get("Value") if isinstance(value, Mapping) else value
    if attribute in _FALSE_ANYWAY and wanted is False:
        return
    raise UnsupportedOperation(f"The attribute {attribute[0].lower() + attribute[1:]} can't be changed here.")


def check_modify_interface(request: Request) -> None:
    """Refuses a missing or malformed interface id and malformed ids of groups and of an attachment."""
    if request.get("NetworkInterfaceId") is None:
        raise MissingParameter("networkInterfaceId")
    ids.INTERFACE.check(request["NetworkInterfaceId"])
    ids.GROUP.check_all(request.get("Groups"))
    attachment_id = (request.get("Attachment") or {}).get("AttachmentId")
    if attachment_id:
        ids.ATTACHMENT.check(attachment_id)


def modify_network_interface_attribute(context: Context, request: Request) -> Answer:
    """The groups of the interface replaced by Groups.

    Of the other attributes those may be set that then are what they are anyway.

    Raises:
        InvalidNetworkInterfaceIDNotFound: there is no such interface.
        InvalidParameterCombination: no attribute is given, or several are.
        InvalidAttachmentIDNotFound, MissingParameter: of an attachment.
        UnsupportedOperation: the attribute can't be changed on a machine that is the operator's own.
        ServiceError: as `_set_groups`.
    """
    interface = interface_by_id(context, request["NetworkInterfaceId"])
    attribute, value = _one_attribute(request, _INTERFACE_ATTRIBUTES)
    if attribute == "Groups":
        _set_groups(context, interface, value)
    elif attribute == "Attachment":
        _accept_attachment(interface, value)
    elif attribute == "Description":
        _accept_description(interface, value)
    else:
        _accept_as_it_is(attribute, value)
    return {}


def _accept_attachment(interface: NetworkInterface, attachment: Mapping[str, Any]) -> None:
    if attachment.get("AttachmentId") != interface.attachment_id:
        raise InvalidAttachmentIDNotFound(attachment.get("AttachmentId") or "")
    if attachment.get("DeleteOnTermination") is None:
        raise MissingParameter("attachment.deleteOnTermination")
    # An interface goes when its host does.
    if not attachment["DeleteOnTermination"]:
        raise UnsupportedOperation("The attribute attachment can't be changed here.")


def _accept_description(interface: NetworkInterface, description: Mapping[str, Any]) -> None:
    if description.get("Value") is None:
        raise InvalidParameterCombination("No attributes specified.")
    if description["Value"] != interface.description:
        raise UnsupportedOperation("The attribute description can't be changed here.")


def _set_groups(context: Context, interface: NetworkInterface, group_ids: Sequence[str]) -> None:
    """The interface carries these groups, in this order, each once; at least one.

    Raises:
        InvalidGroupNotFound: a group doesn't exist, or is of another VPC.
        SecurityGroupsPerInterfaceLimitExceeded: there are too many.
    """
    wanted = list(dict.fromkeys(group_ids))
    for group in all_found(ids.GROUP, context.transaction.group, context, wanted):
        if group.vpc_id != interface.vpc_id:
            raise InvalidGroupNotFound.in_other_network(group.group_id)
    most = context.quota.groups_per_interface_max
    if most is not None and len(wanted) > most:
        raise SecurityGroupsPerInterfaceLimitExceeded
    if tuple(wanted) != interface.group_ids:
        context.transaction.set_interface_groups(interface, wanted)
