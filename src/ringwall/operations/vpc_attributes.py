"""Attributes of a VPC: set and read, one a call. Nothing here depends on them; clients do.

Source: EC2 API Reference, ModifyVpcAttribute, DescribeVpcAttribute; VPC user guide, "DNS attributes for your VPC".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from ringwall.domain.errors import InvalidParameterCombination, InvalidParameterValue, MissingParameter

from .context import Answer, Context, Request
from .lookup import vpc_by_id
from .vpcs_described import check_vpc_named

_FIELDS: Final[Mapping[str, str]] = {
    "EnableDnsHostnames": "enable_dns_hostnames",
    "EnableDnsSupport": "enable_dns_support",
    "EnableNetworkAddressUsageMetrics": "enable_network_address_usage_metrics",
}
"""The field of a VPC that each attribute is, by the attribute's member in requests and answers."""


def _name(member: str) -> str:
    """How EC2 writes the attribute's name where it is a value: `enableDnsSupport`."""
    return member[0].lower() + member[1:]


_MEMBERS: Final[Mapping[str, str]] = {_name(member): member for member in _FIELDS}


def check_modify(request: Request) -> None:
    """Refuses a missing or malformed VPC id, and any number of attributes but one.

    An attribute without a value counts as none (observed for network interfaces).
    """
    check_vpc_named(request)
    named = _named(request)
    if not named:
        raise InvalidParameterCombination("No attributes specified.")
    if len(named) > 1:
        # The text is observed.
        names = ", ".join(map(_name, named))
        raise InvalidParameterCombination(f"Fields for multiple attribute types specified: {names}")


def modify_vpc_attribute(context: Context, request: Request) -> Answer:
    """Nothing; the VPC has the value that the request gives for one attribute.

    The attributes are EnableDnsHostnames, EnableDnsSupport and EnableNetworkAddressUsageMetrics, kept and shown.
    DNS support may be turned off while host names are on; EC2 then gives none.

    Raises:
        InvalidVpcIDNotFound: there is no such VPC.
        InvalidParameterCombination: no attribute is given, or several are; or host names without DNS support
            (documented; code and text are chosen).
    """
    vpc = vpc_by_id(context, request["VpcId"])
    (member,) = _named(request)
    value: bool = request[member]["Value"]
    if member == "EnableDnsHostnames" and value and not vpc.enable_dns_support:
        raise InvalidParameterCombination(
            f"DNS hostnames can't be enabled for the vpc '{vpc.vpc_id}' while its DNS support is disabled."
        )
    fields: dict[str, Any] = {_FIELDS[member]: value}
    context.transaction.update_vpc(replace(vpc, **fields))
    return {}


def _named(request: Request) -> list[str]:
    return [member for member in _FIELDS if (request.get(member) or {}).get("Value") is not None]


def check_describe(request: Request) -> None:
    """Refuses a missing or malformed VPC id, and a missing or unknown attribute."""
    check_vpc_named(request)
    if not request.get("Attribute"):
        raise MissingParameter("attribute")
    if request["Attribute"] not in _MEMBERS:
        raise InvalidParameterValue.of(request["Attribute"], "attribute", f"Valid values are: {', '.join(_MEMBERS)}.")


def describe_vpc_attribute(context: Context, request: Request) -> Answer:
    """The VPC's id and the one attribute that the request names.

    Raises:
        InvalidVpcIDNotFound: there is no such VPC.
        MissingParameter: no attribute is named.
        InvalidParameterValue: the attribute named is unknown.
    """
    vpc = vpc_by_id(context, request["VpcId"])
    member = _MEMBERS[request["Attribute"]]
    return {"VpcId": vpc.vpc_id, member: {"Value": getattr(vpc, _FIELDS[member])}}
