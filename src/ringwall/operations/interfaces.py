"""Network interfaces that clients make and delete.

Source: EC2 API Reference, CreateNetworkInterface, DeleteNetworkInterface; ec2-behaviour 3.16. That a new interface's
status is `pending` is from the reference's example.
"""

from __future__ import annotations

from typing import Final

from ringwall.domain import ids
from ringwall.domain.errors import (
    InvalidParameterValue,
    MissingParameter,
    NetworkInterfaceLimitExceeded,
    UnsupportedOperation,
)
from ringwall.domain.interface import NetworkInterface
from ringwall.domain.tags import check_number, tags_of_specifications
from ringwall.domain.vpc import Subnet

from .context import Answer, Context, Request
from .idempotency import check_client_token, made_before, record
from .interface_groups import groups_of_new
from .interfaces_described import interface_answer, with_details
from .lookup import found, interface_by_id
from .subnet_addresses import addresses_of_new

DESCRIPTION_LENGTH_MAX: Final = 255

_CREATE: Final = "CreateNetworkInterface"
_TYPES: Final = ("interface", "efa", "efa-only", "trunk", "branch")


def check_create(request: Request) -> None:
    """Refuses a missing or malformed subnet id, malformed group ids and client tokens, other types of interface."""
    if request.get("SubnetId") is None:
        raise MissingParameter("subnetId")
    ids.SUBNET.check(request["SubnetId"])
    ids.GROUP.check_all(request.get("Groups"))
    check_client_token(request)
    kind = request.get("InterfaceType") or _TYPES[0]
    if kind not in _TYPES:
        raise InvalidParameterValue.of(kind, "interfaceType", f"Valid values are: {', '.join(_TYPES)}.")
    if kind != _TYPES[0]:
        raise UnsupportedOperation(f"Network interfaces of type '{kind}' aren't supported here.")
    check_description(request.get("Description") or "")


def check_description(description: str) -> None:
    """Returns if an interface may have this description. EC2's limits aren't recorded; these are chosen.

    Raises:
        InvalidParameterValue: it is too long, or has characters that can't be shown.
    """
    if len(description) > DESCRIPTION_LENGTH_MAX or not description.isprintable():
        raise InvalidParameterValue(
            f"Invalid network interface description. Valid descriptions are at most {DESCRIPTION_LENGTH_MAX} "
            "printable characters."
        )


def create_network_interface(context: Context, request: Request) -> Answer:
    """A new interface in the subnet that no host has. Its addresses are members of its groups from now on.

    That is how a machine without an agent is named by a group: rules of others that have the group for their peer
    admit the machine's addresses. Nothing is enforced on the machine itself. When it gets an agent, delete the
    interface first: an address has one holder, and the enrolment is refused an address that is held.
    For a container or virtual machine behind an enrolled host, attach the interface to the host, which then enforces
    its groups.

    Without Groups it carries the VPC's default group. Addresses that aren't given are the lowest
    free ones of the subnet. A ClientToken that was used for the same request answers with the interface it made.
    The answer's status is `pending`, as EC2's is; the next description says `available`.

    Raises:
        InvalidSubnetIDNotFound: there is no such subnet.
        InvalidGroupNotFound: there is no such group.
        InvalidParameter: a group is of another VPC, and not associated with the subnet's.
        InvalidParameterValue: there are too many groups; an address is malformed, given twice, outside the subnet or
            reserved, or a secondary one is held; a description, a tag or InterfaceType is refused.
        InvalidParameterCombination: several addresses are primary, or a count is given beside addresses.
        InvalidIPAddressInUse: another interface holds the primary address or an IPv6 address.
        InsufficientFreeAddressesInSubnet: the subnet has too few free.
        PrivateIpAddressLimitExceeded: the interface would have more addresses than it may.
        NetworkInterfaceLimitExceeded: the region has as many interfaces as the quota allows.
        TagLimitExceeded: there are too many tags.
        InvalidClientToken: the ClientToken has more than 64 characters, or others than visible ASCII.
        UnsupportedOperation: InterfaceType is one of EC2's that there are none of here.
        IdempotentParameterMismatch: the ClientToken was used for another request.
        InvalidNetworkInterfaceIDNotFound: what the same request made before has been deleted since.
    """
    transaction, caller = context.transaction, context.caller
    made = made_before(context, _CREATE, request)
    if made is not None:
        return _created_answer(context, request, interface_by_id(context, made))
    subnet = found(ids.SUBNET, transaction.subnet, context, request["SubnetId"])
    group_ids = groups_of_new(context, subnet, request.get("Groups") or ())
    private_ips, ipv6_addresses = addresses_of_new(transaction, subnet, request)
    tags = tags_of_specifications(request.get("TagSpecifications"), ids.INTERFACE)
    check_number(tags, context.quota.tags_per_resource_max)
    most = context.quota.interfaces_per_region_max
    if most is not None and transaction.interface_count(caller.account_id, caller.region) >= most:
        raise NetworkInterfaceLimitExceeded
    interface = _new_interface(context, request, subnet, private_ips, ipv6_addresses, group_ids)
    transaction.insert_interface(interface)
    if tags:
        transaction.set_tags(caller.account_id, caller.region, interface.interface_id, tags)
    record(context, _CREATE, request, interface.interface_id)
    return _created_answer(context, request, interface, status="pending")


def _new_interface(
    context: Context,
    request: Request,
    subnet: Subnet,
    private_ips: tuple[str, ...],
    ipv6_addresses: tuple[str, ...],
    group_ids: tuple[str, ...],
) -> NetworkInterface:
    interface_id = context.ids.new("eni")
    return NetworkInterface(
        interface_id=interface_id,
        owner_id=subnet.owner_id,
        region=subnet.region,
        subnet_id=subnet.subnet_id,
        vpc_id=subnet.vpc_id,
        availability_zone=subnet.availability_zone,
        attachment=None,
        mac_address=mac_address_of(interface_id),
        private_ips=private_ips,
        ipv6_addresses=ipv6_addresses,
        group_ids=group_ids,
        description=request.get("Description") or "",
        created_at=context.now,
    )


def mac_address_of(interface_id: str) -> str:
    """A locally administered address made of the id's last digits; no device has it, it only fills its place.

    >>> mac_address_of("eni-0123456789abcdef0")
    '02:78:9a:bc:de:f0'
    """
    digits = interface_id[-10:]
    return ":".join(("02", *(digits[at : at + 2] for at in range(0, 10, 2))))


def _created_answer(
    context: Context, request: Request, interface: NetworkInterface, status: str | None = None
) -> Answer:
    (shown,) = with_details(context, [interface])
    answer = interface_answer(shown) | ({} if status is None else {"Status": status})
    return {"NetworkInterface": answer, "ClientToken": request.get("ClientToken") or None}


def check_one(request: Request) -> None:
    """Refuses a missing or malformed interface id."""
    if request.get("NetworkInterfaceId") is None:
        raise MissingParameter("networkInterfaceId")
    ids.INTERFACE.check(request["NetworkInterfaceId"])


def delete_network_interface(context: Context, request: Request) -> Answer:
    """Nothing; the interface is gone, with its tags, and its addresses are free.

    Raises:
        InvalidNetworkInterfaceIDNotFound: there is no such interface.
        InvalidParameterValue: an enrolled host has it. Detach it first; the one that a host enrolled with goes when
            the host is removed.
    """
    interface = interface_by_id(context, request["NetworkInterfaceId"])
    if interface.attachment is not None:
        raise InvalidParameterValue(f"Network interface '{interface.interface_id}' is currently in use.")
    context.transaction.delete_interface(interface)
    return {}
