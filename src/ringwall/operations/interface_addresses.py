"""Addresses of the network interfaces that clients make, assigned and unassigned.

An interface that clients make stands for a machine without an agent, or for a container behind a host, so its addresses
are what they say. Those of an enrolled host's own are what its kernel has: nobody assigns them here.

Source: EC2 API Reference, AssignPrivateIpAddresses, UnassignPrivateIpAddresses, AssignIpv6Addresses,
UnassignIpv6Addresses; ec2-behaviour 3.16. That a primary address stays is observed; most texts are chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ringwall.domain.address import canonical_address
from ringwall.domain.errors import (
    InvalidIPAddressInUse,
    InvalidParameterValue,
    MissingParameter,
    UnsupportedOperation,
)
from ringwall.domain.interface import NetworkInterface
from ringwall.domain.vpc import Subnet

from .context import Answer, Context, Request
from .interfaces import check_one
from .lookup import interface_by_id
from .subnet_addresses import (
    V4,
    V6,
    checked,
    count,
    free,
    holder,
    not_both,
    refuse_held,
    refuse_too_many,
    refuse_twice,
)

# --- AssignPrivateIpAddresses, UnassignPrivateIpAddresses ---


def check_assign_private(request: Request) -> None:
    """Refuses a missing or malformed interface id, and both or neither of addresses and a count."""
    check_one(request)
    _check_either(request, "PrivateIpAddresses", "SecondaryPrivateIpAddressCount")


def assign_private_ip_addresses(context: Context, request: Request) -> Answer:
    """The addresses given, or as many free ones as asked for, added to the interface as secondary ones.

    An address that the interface has already stays as it is. One that is another interface's secondary address is
    taken from it if AllowReassignment is true; the two have the same subnet, because subnets share no address.

    Raises:
        InvalidNetworkInterfaceIDNotFound: there is no such interface.
        UnsupportedOperation: it is an enrolled host's own, or an address would be taken from one.
        InvalidParameterValue: an address is malformed, given twice, outside the subnet, reserved, or held by another
            interface.
        InsufficientFreeAddressesInSubnet: the subnet has too few free.
        PrivateIpAddressLimitExceeded: the interface would have more than it may.
        MissingParameter: neither addresses nor a count.
        InvalidParameterCombination: addresses and a count.
    """
    interface, subnet = _changeable(context, request)
    given = checked(subnet, V4, request.get("PrivateIpAddresses") or (), "secondary-addresses")
    refuse_twice(given)
    added = [address for address in given if address not in interface.private_ips]
    losers = _losers(context, subnet, added, allowed=bool(request.get("AllowReassignment")))
    number = request.get("SecondaryPrivateIpAddressCount") or 0
    refuse_too_many(len(interface.private_ips) + len(added) + number)
    added += free(context.transaction, subnet, V4, number, ())
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
        refuse_held(context.transaction, subnet, addresses)
    losers = []
    for address in addresses:
        holder_id = holder(context.transaction, subnet, address)
        if holder_id is None:
            continue
        loser = interface_by_id(context, holder_id)
        _refuse_host(loser)
        if loser.private_ips[0] == address:
            raise InvalidParameterValue(
                f"Address {address} is the primary address of {holder_id} and can't be reassigned."
            )
        losers.append(loser)
    return list(dict.fromkeys(losers))


def check_unassign_private(request: Request) -> None:
    """Refuses a missing or malformed interface id, and a request without addresses."""
    check_one(request)
    if not request.get("PrivateIpAddresses"):
        raise MissingParameter("privateIpAddress")


def unassign_private_ip_addresses(context: Context, request: Request) -> Answer:
    """Nothing; the interface has lost these secondary addresses. The primary one stays as long as the interface.

    Raises:
        InvalidNetworkInterfaceIDNotFound: there is no such interface.
        UnsupportedOperation: it is an enrolled host's own.
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
    check_one(request)
    _check_either(request, "Ipv6Addresses", "Ipv6AddressCount")


def assign_ipv6_addresses(context: Context, request: Request) -> Answer:
    """The addresses given, or as many free ones as asked for, added to the interface.

    An address that the interface has already stays as it is, and isn't in the answer.

    Raises:
        InvalidNetworkInterfaceIDNotFound: there is no such interface.
        UnsupportedOperation: it is an enrolled host's own.
        InvalidParameterValue: an address is malformed, given twice, outside the subnet or reserved, or the subnet has
            no IPv6 block.
        InvalidIPAddressInUse: another interface holds it.
        InsufficientFreeAddressesInSubnet: the subnet has too few free.
        PrivateIpAddressLimitExceeded: the interface would have more than it may.
        MissingParameter: neither addresses nor a count.
        InvalidParameterCombination: addresses and a count.
    """
    interface, subnet = _changeable(context, request)
    given = checked(subnet, V6, request.get("Ipv6Addresses") or (), "ipv6-addresses")
    refuse_twice(given)
    added = [address for address in given if address not in interface.ipv6_addresses]
    if any(holder(context.transaction, subnet, address) for address in added):
        raise InvalidIPAddressInUse
    number = request.get("Ipv6AddressCount") or 0
    refuse_too_many(len(interface.ipv6_addresses) + len(added) + number)
    added += free(context.transaction, subnet, V6, number, ())
    if added:
        _set_addresses(context, interface, ipv6_addresses=(*interface.ipv6_addresses, *added))
    return {
        "NetworkInterfaceId": interface.interface_id,
        "AssignedIpv6Addresses": added,
        "AssignedIpv6Prefixes": [],
    }


def check_unassign_ipv6(request: Request) -> None:
    """Refuses a missing or malformed interface id, and a request without addresses."""
    check_one(request)
    if not request.get("Ipv6Addresses"):
        raise MissingParameter("ipv6Addresses")


def unassign_ipv6_addresses(context: Context, request: Request) -> Answer:
    """The addresses that the interface has lost.

    Raises:
        InvalidNetworkInterfaceIDNotFound: there is no such interface.
        UnsupportedOperation: it is an enrolled host's own.
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


def _check_either(request: Request, addresses: str, number: str) -> None:
    """Returns if one of the two is given, the number at least 1. EC2's refusals aren't recorded; these are chosen."""
    names = addresses[0].lower() + addresses[1:], number[0].lower() + number[1:]
    if request.get(addresses) and request.get(number) is not None:
        raise not_both(*names)
    if not request.get(addresses) and request.get(number) is None:
        raise MissingParameter.worded(names[0], f"Either '{names[0]}' or '{names[1]}' should be provided.")
    if request.get(number) is not None:
        count(request, number, smallest=1)


def _changeable(context: Context, request: Request) -> tuple[NetworkInterface, Subnet]:
    """The interface, which is no host's own, and its subnet."""
    interface = interface_by_id(context, request["NetworkInterfaceId"])
    _refuse_host(interface)
    subnet = context.transaction.subnet(interface.owner_id, interface.region, interface.subnet_id)
    assert subnet is not None, "a subnet that has interfaces can't be deleted"
    return interface, subnet


def _refuse_host(interface: NetworkInterface) -> None:
    if interface.is_hosts_own:
        raise UnsupportedOperation(
            f"Network interface '{interface.interface_id}' is an enrolled host's own: its addresses are those that the "
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


def _held_by(interface: NetworkInterface, addresses: Sequence[str], texts: Iterable[str]) -> list[str]:
    """The addresses that the texts spell, each once, if the interface has them all."""
    wanted = [canonical_address(text) for text in texts]
    if not all(address in addresses for address in wanted):
        raise InvalidParameterValue(
            f"Some of the specified addresses are not assigned to interface {interface.interface_id}"
        )
    return [address for address in dict.fromkeys(wanted) if address is not None]
