"""Enrolled hosts, described as instances.

A host is a running instance. What EC2 says of images, disks and instance types has no meaning for a machine that the
operator owns: those members are absent from answers, and filters on them let nothing through.

Source: EC2 API Reference, DescribeInstances.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ringwall.domain import ids
from ringwall.domain.filters import FilterTable, Values, select
from ringwall.domain.interface import Host
from ringwall.domain.region import zone_id
from ringwall.domain.tags import as_answered

from .context import Answer, Context, Request
from .interfaces_described import (
    INTERFACE_VALUES,
    ShownInterface,
    interface_answer_of_instance,
    time_text,
    with_details,
)
from .lookup import all_found, page, refuse_pages_of_ids

_RUNNING: Final = {"Code": 16, "Name": "running"}


@dataclass(frozen=True, slots=True)
class _Instance:
    """A host with its interfaces, primary first, as answers and filters see it."""

    host: Host
    tags: Mapping[str, str]
    interfaces: Sequence[ShownInterface]

    @property
    def primary(self) -> ShownInterface:
        """The interface that stands for the instance; a host always has one."""
        return self.interfaces[0]


def _of_interfaces(name: str) -> Values[_Instance]:
    """What a filter on the interfaces sees in all of an instance's."""
    values_of = INTERFACE_VALUES[name]
    return lambda each: [value for interface in each.interfaces for value in values_of(interface)]


def _of_each_interface(value: str) -> Values[_Instance]:
    """What a filter sees that says the same of every interface."""
    return lambda each: (value,)


# Filters that EC2 knows, on what no host here has.
_NOWHERE: Final = """
affinity architecture block-device-mapping.attach-time block-device-mapping.delete-on-termination
block-device-mapping.device-name block-device-mapping.status block-device-mapping.volume-id boot-mode
capacity-reservation-id capacity-reservation-specification.capacity-reservation-preference
capacity-reservation-specification.capacity-reservation-target.capacity-reservation-id
capacity-reservation-specification.capacity-reservation-target.capacity-reservation-resource-group-arn client-token
current-instance-boot-mode dns-name ena-support hibernation-options.configured host-id hypervisor
iam-instance-profile.arn iam-instance-profile.id iam-instance-profile.name image-id instance-lifecycle instance-type
ip-address kernel-id key-name maintenance-options.auto-recovery metadata-options.http-endpoint
metadata-options.http-protocol-ipv4 metadata-options.http-protocol-ipv6 metadata-options.http-put-response-hop-limit
metadata-options.http-tokens metadata-options.instance-metadata-tags metadata-options.state
network-interface.addresses.association.allocation-id network-interface.addresses.association.association-id
network-interface.addresses.association.carrier-ip network-interface.addresses.association.customer-owned-ip
network-interface.addresses.association.ip-owner-id network-interface.addresses.association.public-dns-name
network-interface.addresses.association.public-ip
network-interface.association.allocation-id network-interface.association.association-id
network-interface.association.carrier-ip network-interface.association.customer-owned-ip
network-interface.association.ip-owner-id network-interface.association.public-dns-name
network-interface.association.public-ip network-interface.deny-all-igw-traffic
network-interface.ipv4-prefixes.ipv4-prefix network-interface.ipv6-prefixes.ipv6-prefix
network-interface.operator.principal network-interface.outpost-arn network-interface.public-dns-name
network-interface.requester-id network-performance-options.bandwidth-weighting operator.principal outpost-arn
placement-group-name placement-partition-number platform platform-details
private-dns-name-options.enable-resource-name-dns-a-record private-dns-name-options.enable-resource-name-dns-aaaa-record
private-dns-name-options.hostname-type product-code product-code.type ramdisk-id reason requester-id root-device-name
root-device-type spot-instance-request-id state-reason-code state-reason-message tpm-support usage-operation
usage-operation-update-time virtualization-type
"""

FILTERS: Final[FilterTable[_Instance]] = FilterTable(
    values={
        "availability-zone": lambda each: (each.primary.interface.availability_zone,),
        "availability-zone-id": lambda each: (zone_id(each.primary.interface.availability_zone),),
        "ebs-optimized": lambda each: ("false",),
        "enclave-options.enabled": lambda each: ("false",),
        "group-id": _of_interfaces("group-id"),
        "group-name": _of_interfaces("group-name"),
        "instance.group-id": _of_interfaces("group-id"),
        "instance.group-name": _of_interfaces("group-name"),
        "instance-id": lambda each: (each.host.instance_id,),
        "instance-state-code": lambda each: (str(_RUNNING["Code"]),),
        "instance-state-name": lambda each: (str(_RUNNING["Name"]),),
        "ipv6-address": _of_interfaces("ipv6-addresses.ipv6-address"),
        "launch-index": lambda each: ("0",),
        "launch-time": lambda each: (time_text(each.host.enrolled_at),),
        "monitoring-state": lambda each: ("disabled",),
        "operator.managed": lambda each: ("false",),
        "owner-id": lambda each: (each.host.owner_id,),
        "private-dns-name": lambda each: (each.host.hostname,),
        "private-ip-address": lambda each: each.primary.interface.private_ips[:1],
        "reservation-id": lambda each: (_reservation_id(each.host),),
        "source-dest-check": _of_interfaces("source-dest-check"),
        "subnet-id": lambda each: (each.host.subnet_id,),
        "tag-key": lambda each: each.tags.keys(),
        "tag-value": lambda each: each.tags.values(),
        "tenancy": lambda each: ("default",),
        "vpc-id": lambda each: (each.host.vpc_id,),
        **{f"network-interface.{name}": _of_interfaces(name) for name in INTERFACE_VALUES},
        "network-interface.addresses.private-dns-name": lambda each: [
            name for interface in each.interfaces for name in interface.dns_names if name
        ],
        "network-interface.attachment.network-card-index": _of_each_interface("0"),
        "network-interface.ipv6-address": _of_interfaces("ipv6-addresses.ipv6-address"),
        "network-interface.ipv6-addresses.is-primary-ipv6": _of_each_interface("false"),
        "network-interface.ipv6-native": _of_each_interface("false"),
        "network-interface.operator.managed": _of_each_interface("false"),
    },
    tags_of=lambda each: each.tags,
    barren=frozenset(_NOWHERE.split()),
)


def check_describe(request: Request) -> None:
    """Refuses malformed instance ids."""
    ids.INSTANCE.check_all(request.get("InstanceIds"))


def describe_instances(context: Context, request: Request) -> Answer:
    """The hosts that the request names, or all, of those the ones that its filters let through, page by page.

    Each is the only instance of its own reservation. An interface that no host has is no instance's.

    Raises:
        InvalidInstanceIDNotFound: a host that it names doesn't exist.
        InvalidParameterCombination: InstanceIds and MaxResults together.
        InvalidParameterValue: an unknown filter or one without values, MaxResults that isn't 5 to 1,000, or a
            NextToken that can't be read.
        FilterLimitExceeded: more than 50 filters, or 200 values of one.
    """
    transaction, caller = context.transaction, context.caller
    refuse_pages_of_ids(
        request, "InstanceIds", "The parameter instancesSet cannot be used with the parameter maxResults"
    )
    filters = FILTERS.read(request.get("Filters"))
    instance_ids = request.get("InstanceIds")
    hosts = (
        all_found(ids.INSTANCE, transaction.host, context, instance_ids)
        if instance_ids
        else transaction.hosts(caller.account_id, caller.region)
    )
    tags = transaction.tags(caller.account_id, caller.region, [host.instance_id for host in hosts])
    interfaces: dict[str, list[ShownInterface]] = {}
    for each in with_details(
        context, [each for host in hosts for each in transaction.interfaces_of_host(host.instance_id)]
    ):
        assert each.interface.attachment is not None, "an interface of a host is attached to it"
        interfaces.setdefault(each.interface.attachment.instance_id, []).append(each)
    instances = [_Instance(host, tags[host.instance_id], interfaces[host.instance_id]) for host in hosts]
    shown, next_token = page(context, request, select(filters, instances), lambda each: (each.host.instance_id,))
    return {"Reservations": [_reservation_answer(each) for each in shown], "NextToken": next_token}


def _reservation_id(host: Host) -> str:
    return "r-" + host.instance_id.partition("-")[2]


def _reservation_answer(each: _Instance) -> dict[str, Any]:
    return {
        "ReservationId": _reservation_id(each.host),
        "OwnerId": each.host.owner_id,
        "Groups": [],
        "Instances": [_instance_answer(each)],
    }


def _instance_answer(each: _Instance) -> dict[str, Any]:
    host, primary = each.host, each.primary.interface
    return {
        "InstanceId": host.instance_id,
        "State": _RUNNING,
        "PrivateDnsName": host.hostname,
        "PublicDnsName": "",
        "StateTransitionReason": "",
        "AmiLaunchIndex": 0,
        "ProductCodes": [],
        "LaunchTime": host.enrolled_at,
        "Placement": {
            "AvailabilityZone": primary.availability_zone,
            "AvailabilityZoneId": zone_id(primary.availability_zone),
            "GroupName": "",
            "Tenancy": "default",
        },
        "Monitoring": {"State": "disabled"},
        "SubnetId": host.subnet_id,
        "VpcId": host.vpc_id,
        "PrivateIpAddress": primary.private_ips[0] if primary.private_ips else None,
        "Ipv6Address": primary.ipv6_addresses[0] if primary.ipv6_addresses else None,
        "BlockDeviceMappings": [],
        "EbsOptimized": False,
        "SourceDestCheck": primary.source_dest_check,
        "EnclaveOptions": {"Enabled": False},
        "Operator": {"Managed": False},
        "SecurityGroups": each.primary.groups,
        "NetworkInterfaces": [interface_answer_of_instance(interface) for interface in each.interfaces],
        "Tags": as_answered(each.tags) or None,
    }
