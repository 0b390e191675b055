"""Network interfaces described: those that clients made, and those of enrolled hosts.

A private address has a name where its VPC has DNS host names on: EC2's, made of the address. The primary address of a
host's primary interface goes by the host's own name (chosen), as the instance does: that is what its network knows.

Source: EC2 API Reference, DescribeNetworkInterfaces; ec2-behaviour 3.16.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from ringwall.domain import ids
from ringwall.domain.filters import FilterTable, Values, flag, select
from ringwall.domain.interface import Attachment, NetworkInterface
from ringwall.domain.region import private_dns_name, zone_id
from ringwall.domain.tags import as_answered
from ringwall.domain.vpc import Vpc

from .context import Answer, Context, Request
from .lookup import all_found, page, refuse_pages_of_ids, vpc_by_id


def time_text(seconds: int) -> str:
    """A time as filters write it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@dataclass(frozen=True, slots=True)
class ShownInterface:
    """An interface with what answers and filters say of it.

    dns_names: of its private addresses, in their order; empty texts where they have none.
    """

    interface: NetworkInterface
    tags: Mapping[str, str]
    group_names: Mapping[str, str]
    dns_names: Sequence[str]

    @property
    def groups(self) -> list[dict[str, str]]:
        """Its groups with their names, which EC2 gives here (observed)."""
        return [{"GroupId": each, "GroupName": self.group_names[each]} for each in self.interface.group_ids]

    @property
    def dns_name(self) -> str:
        """The name of its primary address; empty where that has none."""
        return self.dns_names[0] if self.dns_names else ""


def _if_attached(value: Callable[[ShownInterface, Attachment], str]) -> Values[ShownInterface]:
    """One value for an interface that a host has, none for another."""

    def values(each: ShownInterface) -> tuple[str, ...]:
        attachment = each.interface.attachment
        return () if attachment is None else (value(each, attachment),)

    return values


INTERFACE_VALUES: Final[Mapping[str, Values[ShownInterface]]] = {
    "addresses.primary": lambda each: ("true", "false")[: len(each.interface.private_ips)],
    "addresses.private-ip-address": lambda each: each.interface.private_ips,
    "attachment.attach-time": _if_attached(lambda _, attachment: time_text(attachment.attached_at)),
    "attachment.attachment-id": _if_attached(lambda _, attachment: attachment.attachment_id),
    "attachment.delete-on-termination": _if_attached(lambda _, attachment: flag(attachment.delete_on_termination)),
    "attachment.device-index": _if_attached(lambda _, attachment: str(attachment.device_index)),
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

    `group-name` and `tag-value` are filters still, as in older editions of EC2's reference. Where the VPC has DNS host
    names on, private addresses have EC2's names, made of the address; the primary address of a host's primary interface
    goes by the host's own name (chosen).

    Raises:
        InvalidNetworkInterfaceIDNotFound: an interface that it names doesn't exist.
        InvalidParameterCombination: NetworkInterfaceIds and MaxResults together.
        InvalidParameterValue: an unknown filter or one without values, MaxResults that isn't 5 to 1,000, or a
            NextToken that can't be read.
        FilterLimitExceeded: more than 50 filters, or 200 values of one.
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
    shown, next_token = page(context, request, chosen, lambda each: (each.interface.interface_id,))
    return {"NetworkInterfaces": [interface_answer(each) for each in shown], "NextToken": next_token}


def with_details(context: Context, interfaces: Sequence[NetworkInterface]) -> list[ShownInterface]:
    """The interfaces with their tags and the names of their groups and addresses.

    Cost: one look-up of each group, VPC and host, however many interfaces have it.
    """
    transaction, caller = context.transaction, context.caller
    tags = transaction.tags(caller.account_id, caller.region, [each.interface_id for each in interfaces])
    names: dict[str, str] = {}
    vpcs: dict[str, Vpc] = {}
    hostnames: dict[str, str] = {}
    for interface in interfaces:
        if interface.vpc_id not in vpcs:
            vpcs[interface.vpc_id] = vpc_by_id(context, interface.vpc_id)
        for group_id in interface.group_ids:
            if group_id not in names:
                group = transaction.group(caller.account_id, caller.region, group_id)
                assert group is not None, "a group that an interface carries can't be deleted"
                names[group_id] = group.name
        if interface.attachment is not None and interface.attachment.device_index == 0:
            host = transaction.host(caller.account_id, caller.region, interface.attachment.instance_id)
            hostnames[interface.interface_id] = host.hostname if host else ""
    shown = []
    for each in interfaces:
        group_names = {group_id: names[group_id] for group_id in each.group_ids}
        dns_names = _dns_names(each, vpcs[each.vpc_id], hostnames.get(each.interface_id, ""))
        shown.append(ShownInterface(each, tags[each.interface_id], group_names, dns_names))
    return shown


def _dns_names(interface: NetworkInterface, vpc: Vpc, hostname: str) -> list[str]:
    """The names of the private addresses; hostname: the primary one's own."""
    named = vpc.enable_dns_support and vpc.enable_dns_hostnames
    names = [private_dns_name(address, vpc.region) if named else "" for address in interface.private_ips]
    return [hostname or names[0], *names[1:]] if names else []


def _status(interface: NetworkInterface) -> str:
    return "available" if interface.attachment is None else "in-use"


def interface_answer(each: ShownInterface) -> dict[str, Any]:
    """What DescribeNetworkInterfaces says of an interface, and CreateNetworkInterface too."""
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
    return _attachment_answer_of_instance(attachment) | {
        "InstanceId": attachment.instance_id,
        "InstanceOwnerId": each.interface.owner_id,
    }


def _attachment_answer_of_instance(attachment: Attachment) -> dict[str, Any]:
    return {
        "AttachmentId": attachment.attachment_id,
        "AttachTime": attachment.attached_at,
        "DeleteOnTermination": attachment.delete_on_termination,
        "DeviceIndex": attachment.device_index,
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
            {"Primary": index == 0, "PrivateDnsName": name or None, "PrivateIpAddress": address}
            for index, (address, name) in enumerate(zip(interface.private_ips, each.dns_names, strict=True))
        ],
        "Ipv6Addresses": [{"Ipv6Address": address} for address in interface.ipv6_addresses],
        "SourceDestCheck": interface.source_dest_check,
        "Status": _status(interface),
        "Groups": each.groups,
        "Attachment": interface.attachment and _attachment_answer_of_instance(interface.attachment),
    }
