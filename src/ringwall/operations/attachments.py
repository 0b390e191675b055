"""Interfaces that hosts have beside the one that they enrolled with: attached, detached.

There are two kinds. A *routed* one is an interface that a client made; to attach it says that the host may carry it, as
that of a container or virtual machine. By which device the container is reached the host itself knows, and its agent
binds it: whoever holds an agent's key can't claim an interface by it. One of the *host's own* is a device beside the
first, such as eth1. It is made by being attached, has the addresses that the host's agent reports, and is gone when it
is detached.

Source: EC2 API Reference, AttachNetworkInterface, DetachNetworkInterface; EC2 user guide, elastic network interfaces.
The texts about a place that is taken, another zone, an interface in use and the primary interface are reported from
accounts. EC2 attaches across VPCs since 2023; here that is refused (chosen): rules of a host's interfaces name groups
and peering connections as its VPC knows them. EC2's limit is the instance type's; here it is DEVICE_INDEX_MAX (chosen).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ringwall.domain import ids
from ringwall.domain.errors import (
    AttachmentLimitExceeded,
    InvalidAttachmentIDNotFound,
    InvalidNetworkInterfaceIDNotFound,
    InvalidNetworkInterfaceInUse,
    InvalidParameterCombination,
    InvalidParameterValue,
    MissingParameter,
    OperationNotPermitted,
)
from ringwall.domain.interface import Attachment, Host, NetworkInterface
from ringwall.domain.vpc import Subnet

from .context import Answer, Context, Request
from .hosts import check_device, host_by_id
from .interfaces import check_one, mac_address_of
from .lookup import found, interface_by_id

DEVICE_INDEX_MAX: Final = 1023
"""The last place for an interface of a host."""


def check_attach(request: Request) -> None:
    """Refuses what is missing of the interface, the instance and the device index, malformed ids, no such index."""
    check_one(request)
    if request.get("InstanceId") is None:
        raise MissingParameter("instanceId")
    ids.INSTANCE.check(request["InstanceId"])
    index = request.get("DeviceIndex")
    if index is None:
        raise MissingParameter("deviceIndex")
    if not 0 <= index <= DEVICE_INDEX_MAX:
        raise InvalidParameterValue.of(str(index), "deviceIndex", f"The device index must be 0 to {DEVICE_INDEX_MAX}.")


def attach_network_interface(context: Context, request: Request) -> Answer:
    """The id of the attachment; the host may carry the interface from now on, for a container or virtual machine.

    By which device the container is reached is for the host's agent to be told. Until it is, the interface's addresses
    are kept for it: the host drops them as sources, and as destinations that it forwards to. The addresses are members
    of the interface's groups, attached or not. The interface outlives its host, unless ModifyNetworkInterfaceAttribute
    sets DeleteOnTermination.

    Raises:
        InvalidNetworkInterfaceIDNotFound: there is no such interface.
        InvalidInstanceIDNotFound: there is no such host.
        InvalidNetworkInterfaceInUse: a host has the interface.
        InvalidParameterCombination: the interface is of another availability zone than the host, or of another VPC,
            which EC2 has allowed since 2023.
        InvalidParameterValue: the host has an interface at this device index (as it always has at 0), or the index is
            less than 0 or more than 1,023.
        MissingParameter: the interface, the instance or the device index is missing.
    """
    interface = interface_by_id(context, request["NetworkInterfaceId"])
    host = found(ids.INSTANCE, context.transaction.host, context, request["InstanceId"])
    if interface.attachment is not None:
        raise InvalidNetworkInterfaceInUse(interface.interface_id)
    attached = context.transaction.interfaces_of_host(host.instance_id)
    _refuse_elsewhere(attached, interface.vpc_id, interface.availability_zone)
    index = request["DeviceIndex"]
    if index in _places(attached):
        raise InvalidParameterValue(
            f"Instance '{host.instance_id}' already has an interface attached at device index '{index}'."
        )
    attachment = Attachment(
        context.ids.new("eni-attach"), host.instance_id, "", index, context.now, delete_on_termination=False
    )
    context.transaction.attach_interface(interface, attachment)
    return {"AttachmentId": attachment.attachment_id, "NetworkCardIndex": 0}


def check_detach(request: Request) -> None:
    """Refuses a missing or malformed attachment id."""
    if request.get("AttachmentId") is None:
        raise MissingParameter("attachmentId")
    ids.ATTACHMENT.check(request["AttachmentId"])


def detach_network_interface(context: Context, request: Request) -> Answer:
    """Nothing; the host has the interface no longer. What it enforced for the interface ends with the next revision.

    An interface that a client made is available again. A further one of the host's own is gone, with its tags.

    Raises:
        InvalidAttachmentIDNotFound: there is no such attachment.
        OperationNotPermitted: the host enrolled with the interface, which goes when the host is removed.
    """
    caller, attachment_id = context.caller, request["AttachmentId"]
    interface = context.transaction.interface_of_attachment(caller.account_id, caller.region, attachment_id)
    if interface is None:
        raise InvalidAttachmentIDNotFound(attachment_id)
    _detach(context, interface)
    return {}


def attach_device(context: Context, instance_id: str, device: str, subnet_id: str) -> NetworkInterface:
    """A further interface of the host's own: this device, in this subnet, in the VPC's default group.

    It has no address until the host's agent reports those of the device.

    Raises:
        HostNotFound: no such host.
        InvalidSubnetIDNotFound: no such subnet.
        InvalidParameterCombination: the subnet is of another availability zone or VPC than the host.
        InvalidParameterValue: no device name that Linux would take, or the host has an interface for it.
        AttachmentLimitExceeded: the host has as many interfaces as it may.
    """
    host = host_by_id(context, instance_id)
    check_device(device)
    subnet = found(ids.SUBNET, context.transaction.subnet, context, subnet_id)
    attached = context.transaction.interfaces_of_host(instance_id)
    _refuse_elsewhere(attached, subnet.vpc_id, subnet.availability_zone)
    if any(each.attachment and each.attachment.device == device for each in attached):
        raise InvalidParameterValue(f"Instance '{instance_id}' already has an interface for its device '{device}'.")
    taken = _places(attached)
    index = next((place for place in range(DEVICE_INDEX_MAX + 1) if place not in taken), None)
    if index is None:
        raise AttachmentLimitExceeded(len(attached) + 1, instance_id)
    interface = _of_device(context, host, device, index, subnet)
    context.transaction.insert_interface(interface)
    return interface


def detach_from(context: Context, instance_id: str, interface_id: str) -> NetworkInterface:
    """The interface as it was, which the host has no longer; as `detach_network_interface`.

    Raises:
        HostNotFound: no such host.
        InvalidNetworkInterfaceIDNotFound: the host has no such interface.
        OperationNotPermitted: the host enrolled with it.
    """
    attached = context.transaction.interfaces_of_host(host_by_id(context, instance_id).instance_id)
    interface = next((each for each in attached if each.interface_id == interface_id), None)
    if interface is None:
        raise InvalidNetworkInterfaceIDNotFound(interface_id)
    _detach(context, interface)
    return interface


def _of_device(context: Context, host: Host, device: str, index: int, subnet: Subnet) -> NetworkInterface:
    default_group = context.transaction.group_by_name(subnet.vpc_id, "default")
    assert default_group is not None, "every VPC has a default group"
    interface_id = context.ids.new("eni")
    return NetworkInterface(
        interface_id=interface_id,
        owner_id=host.owner_id,
        region=host.region,
        subnet_id=subnet.subnet_id,
        vpc_id=subnet.vpc_id,
        availability_zone=subnet.availability_zone,
        attachment=Attachment(context.ids.new("eni-attach"), host.instance_id, device, index, context.now),
        mac_address=mac_address_of(interface_id),
        private_ips=(),
        ipv6_addresses=(),
        group_ids=(default_group.group_id,),
        description=f"{host.hostname} {device}",
        created_at=context.now,
        source_dest_check=False,
    )


def _detach(context: Context, interface: NetworkInterface) -> None:
    attachment = interface.attachment
    assert attachment is not None, "it was found by its host"
    if attachment.device_index == 0:
        raise OperationNotPermitted(
            "The network interface at device index 0 and networkCard index 0 cannot be detached."
        )
    context.transaction.detach_interface(interface)
    if not attachment.is_routed:
        context.transaction.delete_interface(interface)


def _places(attached: Sequence[NetworkInterface]) -> set[int]:
    return {each.attachment.device_index for each in attached if each.attachment}


def _refuse_elsewhere(attached: Sequence[NetworkInterface], vpc_id: str, zone: str) -> None:
    """Returns if an interface of this VPC and zone can join the primary one, the first of those attached."""
    if attached[0].availability_zone != zone:
        raise InvalidParameterCombination(
            "You may not attach a network interface to an instance if they are not in the same availability zone"
        )
    if attached[0].vpc_id != vpc_id:
        raise InvalidParameterCombination(
            "You may not attach a network interface to an instance if they are not in the same VPC"
        )
