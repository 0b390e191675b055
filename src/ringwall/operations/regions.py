"""Regions, availability zones, and what holds for the account as a whole.

Source: EC2 API Reference, DescribeRegions, DescribeAvailabilityZones, DescribeAccountAttributes; ec2-behaviour 3.18.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from ringwall.domain.errors import InvalidParameterValue
from ringwall.domain.filters import FilterTable, select
from ringwall.domain.region import long_name, opt_in_status, zone_id, zones

from .context import Answer, Context, Request

# --- DescribeRegions ---

REGION_FILTERS: Final[FilterTable[str]] = FilterTable(
    values={
        "endpoint": lambda region: (_endpoint(region),),
        "opt-in-status": lambda region: (opt_in_status(region),),
        "region-name": lambda region: (region,),
    },
)


def describe_regions(context: Context, request: Request) -> Answer:
    """The regions that the server serves, each enabled, by name; of those that the request names, or of all.

    Endpoints are EC2's, as programs that read them expect; the server itself answers under its own address for all.

    Raises:
        InvalidParameterValue: a region that it names isn't served (EC2's text isn't recorded), or a filter isn't one.
        FilterLimitExceeded: more than 50 filters, or 200 values of one.
    """
    filters = REGION_FILTERS.read(request.get("Filters"))
    named = _chosen("region names", request.get("RegionNames"), context.regions)
    answer = [
        {"RegionName": region, "Endpoint": _endpoint(region), "OptInStatus": opt_in_status(region)}
        for region in select(filters, sorted(named))
    ]
    return {"Regions": answer}


def _endpoint(region: str) -> str:
    return f"ec2.{region}.amazonaws.com"


def _chosen(noun: str, named: Iterable[str] | None, known: Iterable[str]) -> set[str]:
    known = set(known)
    absent = [each for each in dict.fromkeys(named or ()) if each not in known]
    if absent:
        raise InvalidParameterValue(f"Invalid {noun}: [{', '.join(absent)}]")
    return set(named or known)


# --- DescribeAvailabilityZones ---

ZONE_FILTERS: Final[FilterTable[str]] = FilterTable(
    values={
        "group-long-name": lambda zone: (_group_long_name(zone),),
        # `groupName` and the like are EC2's older spellings, which clients still send.
        **dict.fromkeys(("group-name", "groupName"), lambda zone: (_group_name(zone),)),
        "opt-in-status": lambda zone: ("opt-in-not-required",),
        **dict.fromkeys(("region-name", "regionName"), lambda zone: (zone[:-1],)),
        "state": lambda zone: ("available",),
        **dict.fromkeys(("zone-id", "zoneId"), lambda zone: (zone_id(zone),)),
        **dict.fromkeys(("zone-name", "zoneName"), lambda zone: (zone,)),
        **dict.fromkeys(("zone-type", "zoneType"), lambda zone: ("availability-zone",)),
    },
    barren=frozenset({"message", "parent-zone-id", "parent-zone-name"}),
)


def describe_availability_zones(context: Context, request: Request) -> Answer:
    """The three zones of the region; of those, the ones that the request names, by name or id, or all.

    Raises:
        InvalidParameterValue: the region has no zone of that name or id (EC2's text isn't recorded), or a filter isn't
            one.
        FilterLimitExceeded: more than 50 filters, or 200 values of one.
    """
    known = zones(context.caller.region)
    filters = ZONE_FILTERS.read(request.get("Filters"))
    named = _chosen("availability zones", request.get("ZoneNames"), known)
    numbered = _chosen("availability zone-ids", request.get("ZoneIds"), map(zone_id, known))
    chosen = [zone for zone in known if zone in named and zone_id(zone) in numbered]
    return {"AvailabilityZones": [_zone_answer(zone) for zone in select(filters, chosen)]}


def _group_name(zone: str) -> str:
    return f"{zone[:-1]}-zg-1"


def _group_long_name(zone: str) -> str:
    return f"{long_name(zone[:-1])} 1"


def _zone_answer(zone: str) -> dict[str, Any]:
    region = zone[:-1]
    return {
        "ZoneName": zone,
        "ZoneId": zone_id(zone),
        "State": "available",
        "RegionName": region,
        "GroupName": _group_name(zone),
        "GroupLongName": _group_long_name(zone),
        "NetworkBorderGroup": region,
        "OptInStatus": "opt-in-not-required",
        "ZoneType": "availability-zone",
        "Messages": [],
    }


# --- DescribeAccountAttributes ---

UNLIMITED: Final = 2**31 - 1
"""What stands for "no limit" where an answer must have a number: more than any client can use up."""


def _groups_per_interface(context: Context) -> str:
    most = context.quota.groups_per_interface_max
    return str(UNLIMITED if most is None else most)


def _default_vpc(context: Context) -> str:
    vpc = context.transaction.default_vpc(context.caller.account_id, context.caller.region)
    return vpc.vpc_id if vpc else "none"


_ATTRIBUTES: Final[Mapping[str, Callable[[Context], str]]] = {
    "vpc-max-security-groups-per-interface": _groups_per_interface,
    # EC2's own figure, which says nothing there either: the attribute is no longer supported.
    "max-instances": lambda context: "20",
    "supported-platforms": lambda context: "VPC",
    "default-vpc": _default_vpc,
    # There are no elastic addresses here; the figures are EC2's.
    "max-elastic-ips": lambda context: "5",
    "vpc-max-elastic-ips": lambda context: "5",
}


def describe_account_attributes(context: Context, request: Request) -> Answer:
    """The attributes that the request names, or all: the default VPC's id or `none`, and EC2's figures.

    Raises:
        InvalidParameterValue: EC2 has no attribute of that name (its text isn't recorded).
    """
    for name in request.get("AttributeNames") or ():
        if name not in _ATTRIBUTES:
            raise InvalidParameterValue.of(name, "attributeName", f"Valid values are: {', '.join(_ATTRIBUTES)}.")
    names = list(dict.fromkeys(request.get("AttributeNames") or _ATTRIBUTES))
    answer = [
        {"AttributeName": name, "AttributeValues": [{"AttributeValue": _ATTRIBUTES[name](context)}]} for name in names
    ]
    return {"AccountAttributes": answer}
