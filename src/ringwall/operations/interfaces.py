"""Network interfaces of enrolled hosts, described.

Source: EC2 API Reference, DescribeNetworkInterfaces; ec2-behaviour 3.16.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from ringwall.domain import ids
from ringwall.domain.filters import FilterTable, Values, select
from ringwall.domain.interface import NetworkInterface
from ringwall.domain.tags import as_answered

from .context import Answer, Context, Request
from .lookup import all_found, page, refuse_pages_of_ids
from .vpcs import zone_id


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


INTERFACE_VALUES: Final[Mapping[str, Values[ShownInterface]]] = {
    "addresses.primary": lambda each: ("true", "false")[: len(each.interface.private_ips)],
    "addresses.private-ip-address": lambda each: each.interface.private_ips,
    "attachment.attach-time": lambda each: (time_text(each.interface.created_at),),
    "attachment.attachment-id": lambda each: (each.interface.attachment_id,),
    "attachment.delete-on-termination": lambda each: ("true",),
    "attachment.device-index": lambda each: (str(each.device_index),),
    "attachment.instance-id": lambda each: (each.interface.instance_id,),
    "attachment.instance-owner-id": lambda each: (each.interface.owner_id,),
    "attachment.status": lambda each: ("attached",),
    "availability-zone": lambda each: (each.interface.availability_zone,),
    "description": lambda each: (each.interface.description,),
    "group-id": lambda each: each.interface.group_ids,
    "group-name": lambda each: each.group_names.values(),
    "ipv6-addresses.ipv6-address": lambda each: each.interface.ipv6_addresses,
    "mac-address": lambda each: (each.interface.mac_address,),
    "network-interface-id": lambda each: (each.interface.interface_id,),
    "owner-id": lambda each: (each.interface.owner_id,),
    "private-dns-name": lambda each: (each.dns_name,),
    "private-ip-address": lambda each: each.interface.private_ips,
    "requester-managed": lambda each: ("false",),
    "source-dest-check": lambda each: ("false",),
    "status": lambda each: ("in-use",),
    "subnet-id": lambda each: (each.interface.subnet_id,),
    "tag-key": lambda each: each.tags.keys(),
    "tag-value": lambda each: each.tags.values(),
    "vpc-id": lambda each: (each.interface.vpc_id,),
}

_FILTERS: Final[FilterTable[ShownInterface]] = FilterTable(
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
    filters = _FILTERS.read(request.get("Filters"))
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
        if interface.instance_id not in hosts:
            host = transaction.host(caller.account_id, caller.region, interface.instance_id)
            siblings = transaction.interfaces_of_host(interface.instance_id)
            hosts[interface.instance_id] = host.hostname if host else "", [each.interface_id for each in siblings]
    return [
        ShownInterface(
            each,
            tags[each.interface_id],
            {group_id: names[group_id] for group_id in each.group_ids},
            hosts[each.instance_id][0],
            hosts[each.instance_id][1].index(each.interface_id),
        )
        for each in interfaces
    ]


def _interface_answer(each: ShownInterface) -> dict[str, Any]:
    interface = each.interface
    answer = interface_answer_of_instance(each)
    answer["Attachment"] |= {"InstanceId": interface.instance_id, "InstanceOwnerId": interface.owner_id}
    return answer | {
        "AvailabilityZone": interface.availability_zone,
        "AvailabilityZoneId": zone_id(interface.availability_zone),
        "RequesterManaged": False,
        "TagSet": as_answered(each.tags),
        "Operator": {"Managed": False},
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
        # Nothing here compares a packet's addresses with the interface's, so the check is truly off.
        "SourceDestCheck": False,
        "Status": "in-use",
        "Groups": each.groups,
        "Attachment": {
            "AttachmentId": interface.attachment_id,
            "AttachTime": interface.created_at,
            "DeleteOnTermination": True,
            "DeviceIndex": each.device_index,
            "NetworkCardIndex": 0,
            "Status": "attached",
        },
    }
