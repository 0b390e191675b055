"""Network interfaces: made and deleted by clients, and described, those of enrolled hosts too.

Source: EC2 API Reference, CreateNetworkInterface, DeleteNetworkInterface, DescribeNetworkInterfaces; ec2-behaviour
3.16. That a new interface's status is `pending` is from the reference's example.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from ringwall.domain import ids
from ringwall.domain.errors import (
    InvalidParameterValue,
    MissingParameter,
    NetworkInterfaceLimitExceeded,
    UnsupportedOperation,
)
from ringwall.domain.filters import FilterTable, Values, flag, select
from ringwall.domain.interface import Attachment, NetworkInterface
from ringwall.domain.region import zone_id
from ringwall.domain.tags import as_answered, check_number, tags_of_specifications
from ringwall.domain.vpc import Subnet

from .context import Answer, Context, Request
from .idempotency import check_client_token, made_before, record
from .interface_addresses import addresses_of_new
from .interface_groups import groups_of_new
from .lookup import all_found, found, interface_by_id, page, refuse_pages_of_ids

DESCRIPTION_LENGTH_MAX: Final = 255

_CREATE: Final = "CreateNetworkInterface"
_OTHER_TYPES: Final = frozenset({"efa", "efa-only", "trunk", "branch"})


# --- CreateNetworkInterface, DeleteNetworkInterface ---


def check_create(request: Request) -> None:
    """Refuses a missing or malformed subnet id, malformed group ids and client tokens, other types of interface."""
    if request.get("SubnetId") is None:
        raise MissingParameter("subnetId")
    ids.SUBNET.check(request["SubnetId"])
    ids.GROUP.check_all(request.get("Groups"))
    check_client_token(request)
    kind = request.get("InterfaceType") or "interface"
    if kind in _OTHER_TYPES:
        raise UnsupportedOperation(f"Network interfaces of type '{kind}' aren't supported here.")
    if kind != "interface":
        raise InvalidParameterValue.of(kind, "interfaceType", "The only type here is 'interface'.")
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

    Without Groups it carries the VPC's default group. Addresses that aren't given are chosen, see
    `interface_addresses`. A ClientToken that was used for the same request answers with the interface it made.
    The answer's status is `pending`, as EC2's is; the next description says `available`.

    Raises:
        InvalidSubnetIDNotFound: there is no such subnet.
        InvalidGroupNotFound: there is no such group.
        InvalidParameter: a group is of another VPC, and not associated with the subnet's.
        InvalidParameterValue: there are too many groups; an address can't be the interface's; a tag is refused.
        InvalidParameterCombination: several addresses are primary, or a count is given beside addresses.
        InvalidIPAddressInUse: another interface holds the primary address or an IPv6 address.
        InsufficientFreeAddressesInSubnet, PrivateIpAddressLimitExceeded: there are not so many, or they are too many.
        NetworkInterfaceLimitExceeded: the region has as many interfaces as the quota allows.
        TagLimitExceeded: there are too many tags.
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
        mac_address=_mac_address(interface_id),
        private_ips=private_ips,
        ipv6_addresses=ipv6_addresses,
        group_ids=group_ids,
        description=request.get("Description") or "",
        created_at=context.now,
    )


def _mac_address(interface_id: str) -> str:
    """A locally administered address made of the id's last digits; no device has it, it only fills its place.

    >>> _mac_address("eni-0123456789abcdef0")
    '02:78:9a:bc:de:f0'
    """
    digits = interface_id[-10:]
    return ":".join(("02", *(digits[at : at + 2] for at in range(0, 10, 2))))


def _created_answer(
    context: Context, request: Request, interface: NetworkInterface, status: str | None = None
) -> Answer:
    (shown,) = with_details(context, [interface])
    answer = _interface_answer(shown) | ({} if status is None else {"Status": status})
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
        InvalidParameterValue: an enrolled host has it; it goes when the host is removed.
    """
    interface = interface_by_id(context, request["NetworkInterfaceId"])
    if interface.attachment is not None:
        raise InvalidParameterValue(f"Network interface '{interface.interface_id}' is currently in use.")
    context.transaction.delete_interface(interface)
    return {}


# --- DescribeNetworkInterfaces ---


def time_text(seconds: int) -> str:
    """A time as filters write it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@dataclass(frozen=True, slots=True)
class ShownInterface:
    """An interface with what answers and filters say of it. device_index: its place among its host's interfaces."""

    interface: NetworkInterface
    tags: Mapping[str, str]
    group_names: Mapping[str, str]
    dns_name: str
    device_index: int

    @property
    def groups(self) -> list[dict[str, str]]:
        """Its groups with their names, which EC2 gives here (observed)."""
        return [{"GroupId": each, "GroupName": self.group_names[each]} for each in self.interface.group_ids]


def _if_attached(value: Callable[[ShownInterface, Attachment], str]) -> Values[ShownInterface]:
    """One value for an interface that a host has, none for another."""

    def values(each: ShownInterface) -> tuple[str, ...]:
        attachment = each.interface.attachment
        return () if attachment is None else (value(each, attachment),)

    return values


INTERFACE_VALUES: Final[Mapping[str, Values[ShownInterface]]] = {
    "addresses.primary": lambda each: ("true", "false")[: len(each.interface.private_ips)],
    "addresses.private-ip-address": lambda each: each.interface.private_ips,
    "attachment.attach-time": _if_attached(lambda each, _: time_text(each.interface.created_at)),
    "attachment.attachment-id": _if_attached(lambda _, attachment: attachment.attachment_id),
    "attachment.delete-on-termination": _if_attached(lambda *_: "true"),
    "attachment.device-index": _if_attached(lambda each, _: str(each.device_index)),
    "attachment.instance-id": _if_attached(lambda _, attachment: attachment.instance_id),
    "attachment.instance-owner-id": _if_attached(lambda each, _: each.interface.owner_id),
    "attachment.status": _if_attached(lambda *_: "attached"),
    "availability-zone": lambda each: (each.interface.availability_zone,),
    "description": lambda each: (each.interface.description,),
    "group-id": lambda each: each.interface.group_ids,
    "group-name": lambda each: each.group_names.values(),
    "ipv6-addresses.ipv6-address": lambda each: each.interface.ipv6_addresses,
    "mac-address": lambda each: (each.interface.mac_address,),
    "network-interface-id": lambda each: (each.interface.interface_id,),
    "owner-id": lambda each: (each.interface.owner_id,),
    "private-dns-name": lambda each: (each.dns_name,) if each.dns_name else (),
    "private-ip-address": lambda each: each.interface.private_ips,
    "requester-managed": lambda each: ("false",),
    "source-dest-check": lambda each: (flag(each.interface.source_dest_check),),
    "status": lambda each: (_status(each.interface),),
    "subnet-id": lambda each: (each.interface.subnet_id,),
    "tag-key": lambda each: each.tags.keys(),
    "tag-value": lambda each: each.tags.values(),
    "vpc-id": lambda each: (each.interface.vpc_id,),
}

FILTERS: Final[FilterTable[ShownInterface]] = FilterTable(
    values={
        **INTERFACE_VALUES,
        "availability-zone-id": lambda each: (zone_id(each.interface.availability_zone),),
        "interface-type": lambda each: ("interface",),
        "operator.managed": lambda each: ("false",),
    },
    tags_of=lambda each: each.tags,
    barren=frozenset(
        {
            "addresses.association.owner-id",
            "addresses.association.public-ip",
            "association.allocation-id",
            "association.association-id",
            "association.ip-owner-id",
            "association.public-dns-name",
            "association.public-ip",
            "operator.principal",
            "requester-id",
        }
    ),
)


def check_describe(request: Request) -> None:
    """Refuses malformed interface ids."""
    ids.INTERFACE.check_all(request.get("NetworkInterfaceIds"))


def describe_network_interfaces(context: Context, request: Request) -> Answer:
    """The interfaces that the request names, or all, of those the ones that its filters let through, page by page.

    `group-name` and `tag-value` are filters still, as in older editions of EC2's reference.

    Raises:
        InvalidNetworkInterfaceIDNotFound: an interface that it names doesn't exist.
        InvalidParameterValue, InvalidParameterCombination, FilterLimitExceeded: what it asks can't be meant.
    """
    transaction, caller = context.transaction, context.caller
    refuse_pages_of_ids(
        request,
        "NetworkInterfaceIds",
        "The parameter networkInterfaceIds cannot be used with the parameter maxResults",
    )
    filters = FILTERS.read(request.get("Filters"))
    interface_ids = request.get("NetworkInterfaceIds")
    interfaces = (
        all_found(ids.INTERFACE, transaction.interface, context, interface_ids)
        if interface_ids
        else transaction.interfaces(caller.account_id, caller.region)
    )
    chosen = select(filters, with_details(context, interfaces))
    shown, next_token = page(request, chosen, lambda each: (each.interface.interface_id,))
    return {"NetworkInterfaces": [_interface_answer(each) for each in shown], "NextToken": next_token}


def with_details(context: Context, interfaces: Sequence[NetworkInterface]) -> list[ShownInterface]:
    """The interfaces with their tags, the names of their groups, and their place in their hosts."""
    transaction, caller = context.transaction, context.caller
    tags = transaction.tags(caller.account_id, caller.region, [each.interface_id for each in interfaces])
    names: dict[str, str] = {}
    hosts: dict[str, tuple[str, list[str]]] = {}
    for interface in interfaces:
        for group_id in interface.group_ids:
            if group_id not in names:
                group = transaction.group(caller.account_id, caller.region, group_id)
                assert group is not None, "a group that an interface carries can't be deleted"
                names[group_id] = group.name
        if interface.attachment is not None and interface.attachment.instance_id not in hosts:
            instance_id = interface.attachment.instance_id
            host = transaction.host(caller.account_id, caller.region, instance_id)
            siblings = transaction.interfaces_of_host(instance_id)
            hosts[instance_id] = host.hostname if host else "", [each.interface_id for each in siblings]
    shown = []
    for each in interfaces:
        hostname, siblings_ids = hosts[each.attachment.instance_id] if each.attachment else ("", [each.interface_id])
        group_names = {group_id: names[group_id] for group_id in each.group_ids}
        index = siblings_ids.index(each.interface_id)
        shown.append(ShownInterface(each, tags[each.interface_id], group_names, hostname, index))
    return shown


def _status(interface: NetworkInterface) -> str:
    return "available" if interface.attachment is None else "in-use"


def _interface_answer(each: ShownInterface) -> dict[str, Any]:
    interface = each.interface
    return interface_answer_of_instance(each) | {
        "Attachment": attachment_answer(each),
        "AvailabilityZone": interface.availability_zone,
        "AvailabilityZoneId": zone_id(interface.availability_zone),
        "RequesterManaged": False,
        "TagSet": as_answered(each.tags),
        "Operator": {"Managed": False},
    }


def attachment_answer(each: ShownInterface) -> dict[str, Any] | None:
    """What the interface's own description says of its attachment; None where no host has it."""
    attachment = each.interface.attachment
    if attachment is None:
        return None
    return _attachment_answer_of_instance(each, attachment) | {
        "InstanceId": attachment.instance_id,
        "InstanceOwnerId": each.interface.owner_id,
    }


def _attachment_answer_of_instance(each: ShownInterface, attachment: Attachment) -> dict[str, Any]:
    return {
        "AttachmentId": attachment.attachment_id,
        "AttachTime": each.interface.created_at,
        "DeleteOnTermination": True,
        "DeviceIndex": each.device_index,
        "NetworkCardIndex": 0,
        "Status": "attached",
    }


def interface_answer_of_instance(each: ShownInterface) -> dict[str, Any]:
    """What DescribeInstances and DescribeNetworkInterfaces both say of an interface."""
    interface = each.interface
    return {
        "NetworkInterfaceId": interface.interface_id,
        "SubnetId": interface.subnet_id,
        "VpcId": interface.vpc_id,
        "OwnerId": interface.owner_id,
        "Description": interface.description,
        "InterfaceType": "interface",
        "MacAddress": interface.mac_address,
        "PrivateDnsName": each.dns_name or None,
        "PrivateIpAddress": interface.private_ips[0] if interface.private_ips else None,
        "PrivateIpAddresses": [
            {"Primary": index == 0, "PrivateIpAddress": address} for index, address in enumerate(interface.private_ips)
        ],
        "Ipv6Addresses": [{"Ipv6Address": address} for address in interface.ipv6_addresses],
        "SourceDestCheck": interface.source_dest_check,
        "Status": _status(interface),
        "Groups": each.groups,
        "Attachment": None
        if interface.attachment is None
        else _attachment_answer_of_instance(each, interface.attachment),
    }
