"""The host's network interfaces with their addresses, as the kernel has them now.

Source: rtnetlink(7).
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from struct import Struct
from typing import Final

from ringwall.nft.attributes import by_type, to_string

from .netlink import ROUTE, Netlink

_GET_LINK: Final = 18
_GET_ADDRESS: Final = 22
_LINK = Struct("=BxHiII")
_ADDRESS = Struct("=BBBBI")  # family, prefix length, flags, scope, index
_LINK_ADDRESS, _LINK_NAME, _LINK_LOOPBACK = 1, 3, 0x8
_PEER_ADDRESS, _LOCAL_ADDRESS = 1, 2


@dataclass(frozen=True, slots=True)
class DeviceAddresses:
    """An interface: its name, its MAC address and its addresses with their prefix lengths, as `10.0.0.5/24`.

    mac_address: all zeros where there is none, as on a tunnel.
    """

    device: str
    mac_address: str
    addresses: tuple[str, ...]


def missing_sentences(devices: Iterable[str], found: Iterable[DeviceAddresses]) -> tuple[str, ...]:
    """A sentence for each of the devices that isn't among those found: renamed or gone, it leaves the host closed."""
    missing = set(devices) - {item.device for item in found}
    return tuple(
        f"The host has no interface {device}, which its rules are for; while it enforces, all others are closed."
        for device in sorted(missing)
    )


def read_interfaces() -> tuple[DeviceAddresses, ...]:
    """All interfaces but loopback, in the kernel's order."""
    addresses: dict[int, list[str]] = {}
    with Netlink(ROUTE) as netlink:
        for body in netlink.dump(_GET_ADDRESS, _ADDRESS.pack(socket.AF_UNSPEC, 0, 0, 0, 0)):
            family, length, _, _, index = _ADDRESS.unpack_from(body)
            attributes = by_type(body[_ADDRESS.size :])
            # On a point-to-point interface the two differ, and the local one is ours.
            address = attributes.get(_LOCAL_ADDRESS, attributes.get(_PEER_ADDRESS))
            if address is not None and family in (socket.AF_INET, socket.AF_INET6):
                addresses.setdefault(index, []).append(f"{ipaddress.ip_address(address)}/{length}")
        found = []
        for body in netlink.dump(_GET_LINK, _LINK.pack(socket.AF_UNSPEC, 0, 0, 0, 0)):
            _, _, index, flags, _ = _LINK.unpack_from(body)
            attributes = by_type(body[_LINK.size :])
            if not flags & _LINK_LOOPBACK:
                mac_address = attributes.get(_LINK_ADDRESS, bytes(6)).hex(":")
                found.append(
                    DeviceAddresses(to_string(attributes[_LINK_NAME]), mac_address, tuple(addresses.get(index, ())))
                )
    return tuple(found)
