"""Addresses of the network interfaces that clients make: chosen, checked, assigned and unassigned.

An interface that clients make stands for a machine without an agent, so its addresses are what they say. Those of an
enrolled host are what its kernel has: nobody assigns them here.

An address that isn't given is the lowest free one of the subnet (chosen; EC2's look random). Free means that no
interface has it: a machine that is known to nobody may have it all the same, so name the machine's own.

Source: EC2 API Reference, AssignPrivateIpAddresses, UnassignPrivateIpAddresses, AssignIpv6Addresses,
UnassignIpv6Addresses; VPC user guide, "Subnet CIDR blocks" (the addresses that are reserved); ec2-behaviour 3.16. The
texts about addresses outside, reserved, malformed and too many are reported from accounts; the others are chosen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from itertools import islice
from typing import Any, Final

from ringwall.domain import ids
from ringwall.domain.address import canonical_address
from ringwall.domain.errors import (
    InsufficientFreeAddressesInSubnet,
    InvalidIPAddressInUse,
    InvalidParameterCombination,
    InvalidParameterValue,
    MissingParameter,
    PrivateIpAddressLimitExceeded,
    UnsupportedOperation,
)
from ringwall.domain.interface import NetworkInterface
from ringwall.domain.vpc import Subnet
from ringwall.store.base import Reader

from .context import Answer, Context, Request
from .hosts import ADDRESSES_MAX
from .lookup import interface_by_id

_FIRST_FREE: Final = 4
"""In each block of a subnet EC2 keeps the first four addresses and the last."""

_V4, _V6 = 4, 6

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
        InsufficientFreeAddressesInSubnet, PrivateIpAddressLimitExceeded: there are not so many, or they are too many.
    """
    items: Sequence[Mapping[str, Any]] = request.get("PrivateIpAddresses") or ()
    primary, secondary = _primary_and_others(request.get("PrivateIpAddress"), items)
    number = _count(request, "SecondaryPrivateIpAddressCount", smallest=0)
    if number and len(items) > 1:
        raise _not_both("secondaryPrivateIpAddressCount", "privateIpAddresses")
    first = [_checked(subnet, _V4, primary, "address")] if primary is not None else []
    others = _all_checked(subnet, _V4, secondary, "secondary-addresses")
    _refuse_twice(first + others)
    if first and _holder(reader, subnet, first[0]) is not None:
        raise InvalidIPAddressInUse
    _refuse_held(reader, subnet, others)
    _refuse_too_many(1 + len(others) + number)
    chosen = _free(reader, subnet, _V4, number + 1 - len(first), first + others)
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
    number = _count(request, "Ipv6AddressCount", smallest=0)
    if number and texts:
        raise _not_both("ipv6AddressCount", "ipv6Addresses")
    addresses = _all_checked(subnet, _V6, texts, "ipv6-addresses")
    _refuse_twice(addresses)
    if any(_holder(reader, subnet, each) for each in addresses):
        raise InvalidIPAddressInUse
    _refuse_too_many(len(addresses) + number)
    return (*addresses, *_free(reader, subnet, _V6, number, ()))


# --- AssignPrivateIpAddresses, UnassignPrivateIpAddresses ---


def check_assign_private(request: Request) -> None:
    """Refuses a missing or malformed interface id, and both or neither of addresses and a count."""
    _check_interface(request)
    _check_either(request, "PrivateIpAddresses", "SecondaryPrivateIpAddressCount")


def assign_private_ip_addresses(context: Context, request: Request) -> Answer:
    """The addresses given, or as many free ones as asked for, added to the interface as secondary ones.

    An address that the interface has already stays as it is. One that is another interface's secondary address is
    taken from it if AllowReassignment is true; the two have the same subnet, because subnets share no address.

    Raises:
        InvalidNetworkInterfaceIDNotFound: there is no such interface.
        UnsupportedOperation: it is an enrolled host's, or an address would be taken from one.
        InvalidParameterValue: an address is malformed, given twice, outside the subnet, reserved, or held by another
            interface.
        InsufficientFreeAddressesInSubnet, PrivateIpAddressLimitExceeded: there are not so many, or they are too many.
        MissingParameter, InvalidParameterCombination: neither addresses nor a count, or both.
    """
    interface, subnet = _changeable(context, request)
    given = _all_checked(subnet, _V4, request.get("PrivateIpAddresses") or (), "secondary-addresses")
    _refuse_twice(given)
    added = [address for address in given if address not in interface.private_ips]
    losers = _losers(context, subnet, added, allowed=bool(request.get("AllowReassignment")))
    number = request.get("SecondaryPrivateIpAddressCount") or 0
    _refuse_too_many(len(interface.private_ips) + len(added) + number)
    added += _free(context.transaction, subnet, _V4, number, ())
    for loser in losers:
        left = [address for address in loser.private_ips if address not in added]
        context.transaction.set_interface_addresses(loser, left, loser.ipv6_addresses)
    if added:
        _set_addresses(context, interface, private_ips=(*interface.private_ips, *added))
    return {
        "NetworkInterfaceId": interface.interface_id,
        "AssignedPrivateIpAddresses": [{"PrivateIpAddress": address} for address in given or added],
        "AssignedIpv4Prefixes": [],
    }


def _losers(context: Context, subnet: Subnet, addresses: Sequence[str], *, allowed: bool) -> list[NetworkInterface]:
    """The interfaces that the addresses are taken from."""
    if not allowed:
        _refuse_held(context.transaction, subnet, addresses)
    losers = []
    for address in addresses:
        holder = _holder(context.transaction, subnet, address)
        if holder is not None:
            loser = interface_by_id(context, holder)
            _refuse_host(loser)
            if loser.private_ips[0] == address:
                raise InvalidParameterValue(
                    f"Address {address} is the primary address of {holder} and can't be reassigned."
                )
            losers.append(loser)
    return list(dict.fromkeys(losers))


def check_unassign_private(request: Request) -> None:
    """Refuses a missing or malformed interface id, and a request without addresses."""
    _check_interface(request)
    if not request.get("PrivateIpAddresses"):
        raise MissingParameter("privateIpAddress")


def unassign_private_ip_addresses(context: Context, request: Request) -> Answer:
    """Nothing; the interface has lost these secondary addresses. The primary one stays as long as the interface.

    Raises:
        InvalidNetworkInterfaceIDNotFound: there is no such interface.
        UnsupportedOperation: it is an enrolled host's.
        InvalidParameterValue: the interface doesn't have one of the addresses, or one is the primary one.
    """
    interface, _ = _changeable(context, request)
    gone = _held_by(interface, interface.private_ips, request["PrivateIpAddresses"])
    if interface.private_ips[0] in gone:
        raise InvalidParameterValue.of(
            interface.private_ips[0], "privateIpAddresses", "The primary IP address can't be unassigned."
        )
    left = [address for address in interface.private_ips if address not in gone]
    _set_addresses(context, interface, private_ips=left)
    return {}


# --- AssignIpv6Addresses, UnassignIpv6Addresses ---


def check_assign_ipv6(request: Request) -> None:
    """Refuses a missing or malformed interface id, and both or neither of addresses and a count."""
    _check_interface(request)
    _check_either(request, "Ipv6Addresses", "Ipv6AddressCount")


def assign_ipv6_addresses(context: Context, request: Request) -> Answer:
    """The addresses given, or as many free ones as asked for, added to the interface.

    An address that the interface has already stays as it is, and isn't in the answer.

    Raises:
        InvalidNetworkInterfaceIDNotFound: there is no such interface.
        UnsupportedOperation: it is an enrolled host's.
        InvalidParameterValue: an address is malformed, given twice, outside the subnet or reserved, or the subnet has
            no IPv6 block.
        InvalidIPAddressInUse: another interface holds it.
        InsufficientFreeAddressesInSubnet, PrivateIpAddressLimitExceeded: there are not so many, or they are too many.
        MissingParameter, InvalidParameterCombination: neither addresses nor a count, or both.
    """
    interface, subnet = _changeable(context, request)
    given = _all_checked(subnet, _V6, request.get("Ipv6Addresses") or (), "ipv6-addresses")
    _refuse_twice(given)
    added = [address for address in given if address not in interface.ipv6_addresses]
    if any(_holder(context.transaction, subnet, address) for address in added):
        raise InvalidIPAddressInUse
    number = request.get("Ipv6AddressCount") or 0
    _refuse_too_many(len(interface.ipv6_addresses) + len(added) + number)
    added += _free(context.transaction, subnet, _V6, number, ())
    if added:
        _set_addresses(context, interface, ipv6_addresses=(*interface.ipv6_addresses, *added))
    return {
        "NetworkInterfaceId": interface.interface_id,
        "AssignedIpv6Addresses": added,
        "AssignedIpv6Prefixes": [],
    }


def check_unassign_ipv6(request: Request) -> None:
    """Refuses a missing or malformed interface id, and a request without addresses."""
    _check_interface(request)
    if not request.get("Ipv6Addresses"):
        raise MissingParameter("ipv6Addresses")


def unassign_ipv6_addresses(context: Context, request: Request) -> Answer:
    """The addresses that the interface has lost.

    Raises:
        InvalidNetworkInterfaceIDNotFound: there is no such interface.
        UnsupportedOperation: it is an enrolled host's.
        InvalidParameterValue: the interface doesn't have one of the addresses.
    """
    interface, _ = _changeable(context, request)
    gone = _held_by(interface, interface.ipv6_addresses, request["Ipv6Addresses"])
    left = [address for address in interface.ipv6_addresses if address not in gone]
    _set_addresses(context, interface, ipv6_addresses=left)
    return {
        "NetworkInterfaceId": interface.interface_id,
        "UnassignedIpv6Addresses": gone,
        "UnassignedIpv6Prefixes": [],
    }


# --- What they share ---


def _check_interface(request: Request) -> None:
    if request.get("NetworkInterfaceId") is None:
        raise MissingParameter("networkInterfaceId")
    ids.INTERFACE.check(request["NetworkInterfaceId"])


def _check_either(request: Request, addresses: str, count: str) -> None:
    """Returns if one of the two is given, the count at least 1. EC2's refusals aren't recorded; these are chosen."""
    names = addresses[0].lower() + addresses[1:], count[0].lower() + count[1:]
    if request.get(addresses) and request.get(count) is not None:
        raise _not_both(*names)
    if not request.get(addresses) and request.get(count) is None:
        raise MissingParameter.worded(names[0], f"Either '{names[0]}' or '{names[1]}' should be provided.")
    if request.get(count) is not None:
        _count(request, count, smallest=1)


def _count(request: Request, member: str, smallest: int) -> int:
    number: int = request.get(member) or 0
    if number < smallest:
        name = member[0].lower() + member[1:]
        raise InvalidParameterValue.of(str(number), name, f"Expecting a value of at least {smallest}.")
    return number


def _not_both(name: str, other: str) -> InvalidParameterCombination:
    return InvalidParameterCombination(f"The parameter {name} cannot be used with the parameter {other}")


def _changeable(context: Context, request: Request) -> tuple[NetworkInterface, Subnet]:
    """The interface, which no host has, and its subnet."""
    interface = interface_by_id(context, request["NetworkInterfaceId"])
    _refuse_host(interface)
    subnet = context.transaction.subnet(interface.owner_id, interface.region, interface.subnet_id)
    assert subnet is not None, "a subnet that has interfaces can't be deleted"
    return interface, subnet


def _refuse_host(interface: NetworkInterface) -> None:
    if interface.attachment is not None:
        raise UnsupportedOperation(
            f"Network interface '{interface.interface_id}' is an enrolled host's: its addresses are those that the "
            "host's kernel has. Change them there."
        )


def _set_addresses(
    context: Context,
    interface: NetworkInterface,
    *,
    private_ips: Sequence[str] | None = None,
    ipv6_addresses: Sequence[str] | None = None,
) -> None:
    context.transaction.set_interface_addresses(
        interface,
        interface.private_ips if private_ips is None else private_ips,
        interface.ipv6_addresses if ipv6_addresses is None else ipv6_addresses,
    )


def _all_checked(subnet: Subnet, version: int, texts: Iterable[str], parameter: str) -> list[str]:
    return [_checked(subnet, version, text, parameter) for text in texts]


def _checked(subnet: Subnet, version: int, text: str, parameter: str) -> str:
    """The address in its one spelling, if it is the subnet's and not reserved."""
    shown = canonical_address(text)
    if shown is None or (":" in shown) is not (version == _V6):
        raise InvalidParameterValue(f"invalid value for parameter {parameter}: {text[:64]}")
    block = _block(subnet, version)
    address = ip_address(shown)
    if address not in block:
        raise InvalidParameterValue(f"Address {shown} does not fall within the subnet's address range")
    if not _FIRST_FREE <= int(address) - int(block[0]) < block.num_addresses - 1:
        raise InvalidParameterValue(f"Address {shown} is in subnet's reserved address range")
    return shown


def _block(subnet: Subnet, version: int) -> IPv4Network | IPv6Network:
    cidr = subnet.cidr_block if version == _V4 else subnet.ipv6_cidr_block
    if cidr is None:
        raise InvalidParameterValue(f"The subnet '{subnet.subnet_id}' has no IPv6 CIDR block.")
    return ip_network(cidr)


def _refuse_twice(addresses: Sequence[str]) -> None:
    if len(set(addresses)) < len(addresses):
        address, _ = Counter(addresses).most_common(1)[0]
        raise InvalidParameterValue(f"Address {address} is given more than once.")


def _holder(reader: Reader, subnet: Subnet, address: str) -> str | None:
    return reader.address_holder(subnet.vpc_id, address)


def _refuse_held(reader: Reader, subnet: Subnet, addresses: Sequence[str]) -> None:
    held = [address for address in addresses if _holder(reader, subnet, address) is not None]
    if held:
        raise InvalidParameterValue(f"Some of [{', '.join(held)}] is assigned, but move is not allowed.")


def _refuse_too_many(number: int) -> None:
    # EC2's limit is the instance type's; here it is what a host may report, for each family (chosen).
    if number > ADDRESSES_MAX:
        raise PrivateIpAddressLimitExceeded


def _held_by(interface: NetworkInterface, addresses: Sequence[str], texts: Iterable[str]) -> list[str]:
    """The addresses that the texts spell, each once, if the interface has them all."""
    wanted = [canonical_address(text) for text in texts]
    if not all(address in addresses for address in wanted):
        raise InvalidParameterValue(
            f"Some of the specified addresses are not assigned to interface {interface.interface_id}"
        )
    return [address for address in dict.fromkeys(wanted) if address is not None]


def _free(reader: Reader, subnet: Subnet, version: int, number: int, taken: Iterable[str]) -> list[str]:
    """The lowest `number` addresses of the subnet that no interface holds and that aren't among `taken`."""
    if not number:
        return []
    held = set(taken).union(*(each.addresses for each in reader.interfaces_of_subnet(subnet.subnet_id)))
    free = list(islice((each for each in _hosts(_block(subnet, version)) if each not in held), number))
    if len(free) < number:
        raise InsufficientFreeAddressesInSubnet
    return free


def _hosts(block: IPv4Network | IPv6Network) -> Iterator[str]:
    """The addresses of the block that aren't reserved, from the lowest, in the one spelling that the store has."""
    for number in range(_FIRST_FREE, block.num_addresses - 1):
        shown = canonical_address(str(block[number]))
        assert shown is not None, "an address of a block can be spelt"
        yield shown
