"""How many requests an account may make: EC2's token buckets, one of each kind for every account and region; and how
often an address may fail to prove a key before it is told no reason any more.

A bucket holds `capacity` requests and fills again by so many a second; a request that finds none is refused, and costs
nothing. Source: EC2 API Reference, "Request throttling for the Amazon EC2 API"; ec2-behaviour section 4.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ringwall.config import ConfigurationError
from ringwall.domain.caller import Caller
from ringwall.domain.errors import RequestLimitExceeded

BUCKETS_MAX: Final = 10_000
"""Buckets that are remembered; of more, those that were not used for longest count as full again."""


@dataclass(frozen=True, slots=True)
class Rate:
    """The size of a bucket, in requests, and how many of them come back each second."""

    capacity: float
    per_second: float


READING: Final = "non-mutating"
UNFILTERED: Final = "unfiltered"
WRITING: Final = "mutating"
INTENSIVE: Final = "resource-intensive"

AWS: Final[Mapping[str, Rate]] = {
    READING: Rate(100, 20),
    UNFILTERED: Rate(50, 10),
    WRITING: Rate(50, 5),
    INTENSIVE: Rate(50, 5),
    "DescribeSecurityGroupReferences": Rate(20, 5),
    "DescribeStaleSecurityGroups": Rate(20, 5),
    "CreateDefaultVpc": Rate(1, 1),
    "CreateDefaultSubnet": Rate(1, 1),
    "CreateTags": Rate(100, 10),
    "DeleteTags": Rate(100, 10),
    "CreateNetworkInterface": Rate(100, 5),
    "DeleteNetworkInterface": Rate(100, 5),
    "ModifyNetworkInterfaceAttribute": Rate(100, 5),
}
"""EC2's buckets. An operation that has none of its own shares that of its kind."""

GENEROUS: Final[Mapping[str, Rate]] = {"": Rate(20_000, 10_000)}
"""One bucket for everything: more than one server answers, so that it only stops what runs wild."""

PROFILES: Final[Mapping[str, Mapping[str, Rate]]] = {"aws": AWS, "default": GENEROUS, "none": {}}

_INTENSIVE: Final = frozenset(
    {
        "AuthorizeSecurityGroupIngress",
        "RevokeSecurityGroupIngress",
        "CreateVpcPeeringConnection",
        "DeleteVpcPeeringConnection",
        "AcceptVpcPeeringConnection",
        "RejectVpcPeeringConnection",
        "ChangeRules",
        "RevokeRules",
    }
)
"""EC2's resource-intensive operations, and our own that do what they do."""
_NARROWED: Final[Mapping[str, tuple[str, ...]]] = {
    "DescribeSecurityGroups": ("GroupIds", "GroupNames", "Filters", "MaxResults", "NextToken"),
    "DescribeNetworkInterfaces": ("NetworkInterfaceIds", "Filters", "MaxResults", "NextToken"),
}
"""What makes a request of these operations one that isn't about everything."""


@dataclass(slots=True)
class _Bucket:
    """What was left at a moment of the clock."""

    left: float
    at: float


class Buckets:
    """Token buckets by any key, at most BUCKETS_MAX of them. clock: seconds that never go back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: OrderedDict[Hashable, _Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: Hashable, rate: Rate) -> bool:
        """Whether there was one left to take."""
        now = self._clock()
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = _Bucket(rate.capacity, now)
            if len(self._buckets) > BUCKETS_MAX:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(key)
            bucket.left = min(rate.capacity, bucket.left + (now - bucket.at) * rate.per_second)
            bucket.at = now
        if bucket.left < 1:
            return False
        bucket.left -= 1
        return True


class Throttle:
    """The buckets of one server. clock: seconds that never go back."""

    def __init__(self, profile: str, clock: Callable[[], float]) -> None:
        try:
            self._rates = PROFILES[profile]
        except KeyError as error:
            raise ConfigurationError(f"--throttle {profile!r}: one of {', '.join(PROFILES)}.") from error
        self._buckets = Buckets(clock)

    def admit(
        self, caller: Caller, operation: str, request: Mapping[str, Any], *, writes: bool, service: str = "ec2"
    ) -> None:
        """Takes one request out of its bucket. service: whose the operation is, for the refusal.

        Raises:
            RequestLimitExceeded: the bucket is empty.
        """
        name = self._bucket_of(operation, request, writes=writes)
        rate = self._rates.get(name)
        if rate is not None and not self._buckets.take((caller.account_id, caller.region, name), rate):
            raise RequestLimitExceeded(caller.account_id, operation, service)

    def _bucket_of(self, operation: str, request: Mapping[str, Any], *, writes: bool) -> str:
        if operation in self._rates:
            return operation
        if "" in self._rates:
            return ""
        if operation in _INTENSIVE:
            return INTENSIVE
        if writes:
            return WRITING
        narrowed = _NARROWED.get(operation)
        return READING if narrowed is None or any(request.get(member) for member in narrowed) else UNFILTERED


FAILURES: Final = Rate(200, 5)
"""How often an address may fail: more than a client with a wrong key does, or a new one with a wrong clock (chosen)."""


class Failures:
    """How often each address has failed to prove a key or a token lately; of IPv6 each network of 64 bits.

    Nobody is shut out by it, whoever shares their address: every request is verified, and one that proves its key goes
    on. Who fails more often than that is told the same for every reason. profile: of the throttle; `none` bounds
    nothing.
    """

    def __init__(self, profile: str, clock: Callable[[], float]) -> None:
        self._is_on = profile != "none"
        self._buckets = Buckets(clock)

    def __len__(self) -> int:
        return len(self._buckets)

    def admit(self, address: str) -> bool:
        """Whether this failure is among those that an address may have, and so may hear its reason."""
        return not self._is_on or self._buckets.take(network_of(address), FAILURES)


def network_of(address: str) -> str:
    """What counts as one address: an IPv4 address, also where IPv6 carries it, or 64 bits of an IPv6 one.

    >>> network_of("::ffff:192.0.2.1"), network_of("2001:db8::1:2"), network_of("fe80::1%eth0")
    ('192.0.2.1', '2001:db8::', 'fe80::')
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.IPv6Address(int(found) >> 64 << 64))
