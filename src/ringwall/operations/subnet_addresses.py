"""Addresses of a subnet: those that a request gives, checked, and those that are chosen.

An address that isn't given is the lowest free one of the subnet (chosen; EC2's look random). Free means that no
interface has it: a machine that is known to nobody may have it all the same, so name the machine's own.

Source: EC2 API Reference, CreateNetworkInterface, AssignPrivateIpAddresses, AssignIpv6Addresses; VPC user guide,
"Subnet CIDR blocks" (the addresses that are reserved). The texts about addresses outside, malformed, in use and too
many are reported from accounts; the others are chosen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from itertools import islice
from typing import Any, Final

from ringwall.domain.address import address_text, canonical_address
from ringwall.domain.errors import (
    InsufficientFreeAddressesInSubnet,
    InvalidIPAddressInUse,
    InvalidParameterCombination,
    InvalidParameterValue,
    PrivateIpAddressLimitExceeded,
)
from ringwall.domain.vpc import Subnet
from ringwall.store.base import Reader

from .context import Request
from .hosts import ADDRESSES_MAX

V4: Final = 4
V6: Final = 6

_FIRST_FREE: Final = 4
"""In each block of a subnet EC2 keeps the first four addresses and the last."""


# --- Of a new interface ---


def addresses_of_new(reader: Reader, subnet: Subnet, request: Request) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The IPv4 addresses, primary first, and the IPv6 addresses of an interface that CreateNetworkInterface makes.

    Where no address is marked as primary and PrivateIpAddress isn't given, the primary one is chosen, and those of
    PrivateIpAddresses are the secondary ones (chosen).

    Raises:
        InvalidParameterValue: an address is malformed, given twice, outside the subnet or reserved; a secondary one is
            held by another interface; a count is negative.
        InvalidParameterCombination: several are primary, or a count is given beside addresses.
        InvalidIPAddressInUse: the primary address or an IPv6 address is held.
        InsufficientFreeAddressesInSubnet: the subnet has too few free.
        PrivateIpAddressLimitExceeded: the interface would have more than it may.
    """
    items: Sequence[Mapping[str, Any]] = request.get("PrivateIpAddresses") or ()
    primary, secondary = _primary_and_others(request.get("PrivateIpAddress"), items)
    number = count(request, "SecondaryPrivateIpAddressCount", smallest=0)
    if number and len(items) > 1:
        raise not_both("secondaryPrivateIpAddressCount", "privateIpAddresses")
    first = [_checked_one(subnet, V4, primary, "address")] if primary is not None else []
    others = checked(subnet, V4, secondary, "secondary-addresses")
    refuse_twice(first + others)
    if first and holder(reader, subnet, first[0]) is not None:
        raise InvalidIPAddressInUse
    refuse_held(reader, subnet, others)
    refuse_too_many(1 + len(others) + number)
    chosen = free(reader, subnet, V4, number + 1 - len(first), first + others)
    first = first or [chosen.pop(0)]
    return (*first, *others, *chosen), _ipv6_of_new(reader, subnet, request)


def _primary_and_others(single: str | None, items: Sequence[Mapping[str, Any]]) -> tuple[str | None, list[str]]:
    marked = [each for each in items if each.get("Primary")]
    if len(marked) + (1 if single else 0) > 1:
        raise InvalidParameterCombination("Only one primary private IP address can be specified.")
    texts = [each.get("PrivateIpAddress") or "" for each in items if not each.get("Primary")]
    return single or (marked[0].get("PrivateIpAddress") or "" if marked else None), texts


def _ipv6_of_new(reader: Reader, subnet: Subnet, request: Request) -> tuple[str, ...]:
    texts = [each.get("Ipv6Address") or "" for each in request.get("Ipv6Addresses") or ()]
    number = count(request, "Ipv6AddressCount", smallest=0)
    if number and texts:
        raise not_both("ipv6AddressCount", "ipv6Addresses")
    addresses = checked(subnet, V6, texts, "ipv6-addresses")
    refuse_twice(addresses)
    if any(holder(reader, subnet, each) for each in addresses):
        raise InvalidIPAddressInUse
    refuse_too_many(len(addresses) + number)
    return (*addresses, *free(reader, subnet, V6, number, ()))


# --- Of any interface ---


def count(request: Request, member: str, smallest: int) -> int:
    """How many addresses are to be chosen; 0 where the request doesn't say.

    Raises:
        InvalidParameterValue: it is less than `smallest`.
    """
    number: int = request.get(member) or 0
    if number < smallest:
        name = member[0].lower() + member[1:]
        raise InvalidParameterValue.of(str(number), name, f"Expecting a value of at least {smallest}.")
    return number


def not_both(name: str, other: str) -> InvalidParameterCombination:
    """The refusal of two parameters that exclude each other."""
    return InvalidParameterCombination(f"The parameter {name} cannot be used with the parameter {other}")


def checked(subnet: Subnet, version: int, texts: Iterable[str], parameter: str) -> list[str]:
    """The addresses, each in its one spelling. parameter: what EC2's refusals call them.

    Raises:
        InvalidParameterValue: one is no address of this version, lies outside the subnet's block or is reserved, or the
            subnet has no such block.
    """
    return [_checked_one(subnet, version, text, parameter) for text in texts]


def _checked_one(subnet: Subnet, version: int, text: str, parameter: str) -> str:
    """The address in its one spelling, if it is the subnet's and not reserved."""
    shown = canonical_address(text)
    if shown is None or (":" in shown) is not (version == V6):
        raise InvalidParameterValue(f"invalid value for parameter {parameter}: {text[:64]}")
    block = _block(subnet, version)
    address = ip_address(shown)
    if address not in block:
        raise InvalidParameterValue(f"Address {shown} does not fall within the subnet's address range")
    if not _FIRST_FREE <= int(address) - int(block[0]) < block.num_addresses - 1:
        raise InvalidParameterValue(f"Address {shown} is in subnet's reserved address range")
    return shown


def _block(subnet: Subnet, version: int) -> IPv4Network | IPv6Network:
    cidr = subnet.cidr_block if version == V4 else subnet.ipv6_cidr_block
    if cidr is None:
        raise InvalidParameterValue(f"The subnet '{subnet.subnet_id}' has no IPv6 CIDR block.")
    return ip_network(cidr)


def refuse_twice(addresses: Sequence[str]) -> None:
    """Returns if all differ.

    Raises:
        InvalidParameterValue: one is there more than once.
    """
    if len(set(addresses)) < len(addresses):
        address, _ = Counter(addresses).most_common(1)[0]
        raise InvalidParameterValue(f"Address {address} is given more than once.")


def holder(reader: Reader, subnet: Subnet, address: str) -> str | None:
    """The id of the interface that holds the address in the subnet's VPC."""
    return reader.address_holder(subnet.vpc_id, address)


def refuse_held(reader: Reader, subnet: Subnet, addresses: Sequence[str]) -> None:
    """Returns if nobody holds one of the addresses.

    Raises:
        InvalidParameterValue: somebody does. It is EC2's code for secondary addresses; a primary one has its own.
    """
    held = [address for address in addresses if holder(reader, subnet, address) is not None]
    if held:
        raise InvalidParameterValue(f"Some of [{', '.join(held)}] is assigned, but move is not allowed.")


def refuse_too_many(number: int) -> None:
    """Returns if an interface may have so many addresses of one version.

    EC2's limit is the instance type's; here it is the number that a host may report (chosen).

    Raises:
        PrivateIpAddressLimitExceeded: it may not.
    """
    if number > ADDRESSES_MAX:
        raise PrivateIpAddressLimitExceeded


def free(reader: Reader, subnet: Subnet, version: int, number: int, taken: Iterable[str]) -> list[str]:
    """The lowest `number` addresses of the subnet that no interface holds and that aren't among `taken`.

    Cost: O(addresses that the subnet's interfaces hold + number).

    Raises:
        InsufficientFreeAddressesInSubnet: there are fewer.
        InvalidParameterValue: the subnet has no block of this version.
    """
    if not number:
        return []
    held = reader.addresses_of_subnet(subnet.subnet_id).union(taken)
    lowest = list(islice((each for each in _hosts(_block(subnet, version)) if each not in held), number))
    if len(lowest) < number:
        raise InsufficientFreeAddressesInSubnet
    return lowest


def _hosts(block: IPv4Network | IPv6Network) -> Iterator[str]:
    """The addresses of the block that aren't reserved, from the lowest, in the one spelling that the store has."""
    first, address = int(block.network_address), type(block.network_address)
    for number in range(_FIRST_FREE, block.num_addresses - 1):
        yield address_text(address(first + number))
