"""Regions and their zones: EC2's names for them.

Each region has three zones (`us-east-1a`, `b`, `c`; chosen, EC2's number varies), and letter and number of a zone agree
in every account (EC2 shuffles them).

Source: AWS user guides, "Regions and zones"; the long names are those of botocore's endpoints.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ZONE_LETTERS: Final = "abc"

_COMPASS: Final = {"northeast": "ne", "northwest": "nw", "southeast": "se", "southwest": "sw"}

_LONG_NAMES: Final[Mapping[str, str]] = {
    "af-south-1": "Africa (Cape Town)",
    "ap-east-1": "Asia Pacific (Hong Kong)",
    "ap-east-2": "Asia Pacific (Taipei)",
    "ap-northeast-1": "Asia Pacific (Tokyo)",
    "ap-northeast-2": "Asia Pacific (Seoul)",
    "ap-northeast-3": "Asia Pacific (Osaka)",
    "ap-south-1": "Asia Pacific (Mumbai)",
    "ap-south-2": "Asia Pacific (Hyderabad)",
    "ap-southeast-1": "Asia Pacific (Singapore)",
    "ap-southeast-2": "Asia Pacific (Sydney)",
    "ap-southeast-3": "Asia Pacific (Jakarta)",
    "ap-southeast-4": "Asia Pacific (Melbourne)",
    "ap-southeast-5": "Asia Pacific (Malaysia)",
    "ap-southeast-6": "Asia Pacific (New Zealand)",
    "ap-southeast-7": "Asia Pacific (Thailand)",
    "ca-central-1": "Canada (Central)",
    "ca-west-1": "Canada West (Calgary)",
    "eu-central-1": "Europe (Frankfurt)",
    "eu-central-2": "Europe (Zurich)",
    "eu-north-1": "Europe (Stockholm)",
    "eu-south-1": "Europe (Milan)",
    "eu-south-2": "Europe (Spain)",
    "eu-west-1": "Europe (Ireland)",
    "eu-west-2": "Europe (London)",
    "eu-west-3": "Europe (Paris)",
    "il-central-1": "Israel (Tel Aviv)",
    "me-central-1": "Middle East (UAE)",
    "me-south-1": "Middle East (Bahrain)",
    "mx-central-1": "Mexico (Central)",
    "sa-east-1": "South America (Sao Paulo)",
    "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)",
    "us-west-1": "US West (N. California)",
    "us-west-2": "US West (Oregon)",
}

_ALWAYS_ENABLED: Final = frozenset(
    {
        *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2"),
        *("ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1"),
        *("us-east-1", "us-east-2", "us-west-1", "us-west-2"),
    }
)
"""Regions that were there before accounts had to opt in to a new one, in March 2019, and Osaka."""


def zones(region: str) -> list[str]:
    """The zones of a region, by name."""
    return [region + letter for letter in ZONE_LETTERS]


def zone_id(zone: str) -> str:
    """The id of a zone, as EC2 forms it.

    >>> zone_id("us-east-1a"), zone_id("ap-southeast-2c"), zone_id("us-gov-west-1b")
    ('use1-az1', 'apse2-az3', 'usgw1-az2')
    """
    area, *directions, number = zone[:-1].split("-")
    short = "".join(_COMPASS.get(word, word[0]) for word in directions)
    return f"{area}{short}{number}-az{ZONE_LETTERS.index(zone[-1]) + 1}"


def private_dns_name(address: str, region: str) -> str:
    """The name that EC2's resolver has for a private IPv4 address.

    Source: VPC user guide, "DNS attributes for your VPC" (private DNS hostnames, IP name).

    >>> private_dns_name("10.0.0.4", "us-east-1"), private_dns_name("10.0.0.4", "eu-west-1")
    ('ip-10-0-0-4.ec2.internal', 'ip-10-0-0-4.eu-west-1.compute.internal')
    """
    domain = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
    return f"ip-{address.replace('.', '-')}.{domain}"


def long_name(region: str) -> str:
    """The region's name for people; a region whose name isn't known goes by its code."""
    return _LONG_NAMES.get(region, region)


def opt_in_status(region: str) -> str:
    """How an account came to have the region, which is enabled: `opted-in` where EC2 makes accounts ask for it."""
    return "opt-in-not-required" if region in _ALWAYS_ENABLED else "opted-in"
