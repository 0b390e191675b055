"""The host's network interfaces with their addresses, as the kernel has them now.

Source: rtnetlink(7).
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from struct import Struct
from typing import Final

from ringwall.domain.world import HostInterface, InterfaceKind
from ringwall.nft.attributes import by_type, to_string

from .netlink import ROUTE, Netlink

_GET_LINK: Final = 18
_GET_ADDRESS: Final = 22
_LINK = Struct("=BxHiII")
_ADDRESS = Struct("=BBBBI")  # family, prefix length, flags, scope, index
_LINK_ADDRESS, _LINK_NAME, _LINK_MASTER, _LINK_LOOPBACK = 1, 3, 10, 0x8
_PEER_ADDRESS, _LOCAL_ADDRESS = 1, 2
_LINK_GROUP, _ADDRESS_GROUP4, _ADDRESS_GROUP6 = 0x1, 0x10, 0x100
_SOL_NETLINK, _NO_ENOBUFS = 270, 5
_READ_BYTES: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class DeviceAddresses:
    """An interface: its name, its MAC address and its addresses with their prefix lengths, as `10.0.0.5/24`.

    mac_address: all zeros where there is none, as on a tunnel.
    """

    device: str
    mac_address: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A device. index: the kernel's number for it, whatever it is called. master: that of its bridge or bond, or 0."""

    index: int
    device: str
    master: int = 0


class LinkEvents:
    """Tells that devices or addresses changed; what they are now is to be read."""

    def __init__(self) -> None:
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK, ROUTE
        )
        self._socket.bind((0, _LINK_GROUP | _ADDRESS_GROUP4 | _ADDRESS_GROUP6))
        self._socket.setsockopt(_SOL_NETLINK, _NO_ENOBUFS, 1)  # one event lost among many says no less

    def fileno(self) -> int:
        """Readable when something has changed."""
        return self._socket.fileno()

    def drain(self) -> bool:
        """Forgets what was told so far: whether there was any."""
        found = False
        with suppress(BlockingIOError):
            while self._socket.recv(_READ_BYTES):
                found = True
        return found

    def close(self) -> None:
        """Listens no longer."""
        self._socket.close()


class Moves:
    """Remembers on which device each address of an interface was, to say so when it is on another one."""

    def __init__(self) -> None:
        self._were: dict[str, HostInterface] = {}

    def sentences(self, interfaces: Iterable[HostInterface], found: Iterable[DeviceAddresses]) -> tuple[str, ...]:
        """A sentence for each address that an interface has, or had, and that the host has on another device now.

        A container's address isn't the host's at all: on whatever device of the host's, it is on the wrong one.
        """
        there = {each.interface_id: each for each in interfaces}
        self._were = {
            address: there[each.interface_id]
            for address, each in self._were.items()
            if each.kind is InterfaceKind.HOST and each.interface_id in there
        } | {address: each for each in there.values() for address in each.addresses}
        now: dict[str, set[str]] = {}
        for item in found:
            for address in item.addresses:
                now.setdefault(address.partition("/")[0], set()).add(item.device)
        return tuple(
            f"Address {address} of {each.interface_id} is on {', '.join(sorted(now[address]))} now, and not on "
            f"{each.device or 'a device of its own'}: there it isn't taken for the interface's."
            for address, each in sorted(self._were.items())
            if address in now and (each.kind is InterfaceKind.ROUTED or each.device not in now[address])
        )


def missing_sentences(devices: Iterable[str], found: Iterable[DeviceAddresses]) -> tuple[str, ...]:
    """A sentence for each of the devices that isn't among those found: renamed or gone, it leaves the host closed."""
    missing = set(devices) - {item.device for item in found}
    return tuple(
        f"The host has no interface {device}, which its rules are for; while it enforces, all others are closed."
        for device in sorted(missing)
    )


def read_interfaces(*, loopback: bool = False) -> tuple[DeviceAddresses, ...]:
    """All interfaces, in the kernel's order. loopback: that too, with those of its addresses that others can reach."""
    addresses: dict[int, list[str]] = {}
    with Netlink(ROUTE) as netlink:
        for body in netlink.dump(_GET_ADDRESS, _ADDRESS.pack(socket.AF_UNSPEC, 0, 0, 0, 0)):
            family, length, _, _, index = _ADDRESS.unpack_from(body)
            attributes = by_type(body[_ADDRESS.size :])
            # On a point-to-point interface the two differ, and the local one is ours.
            address = attributes.get(_LOCAL_ADDRESS, attributes.get(_PEER_ADDRESS))
            if address is None or family not in (socket.AF_INET, socket.AF_INET6):
                continue
            if not (spelt := ipaddress.ip_address(address)).is_loopback:
                addresses.setdefault(index, []).append(f"{spelt}/{length}")
        return tuple(
            DeviceAddresses(
                to_string(attributes[_LINK_NAME]),
                attributes.get(_LINK_ADDRESS, bytes(6)).hex(":"),
                tuple(addresses.get(index, ())),
            )
            for index, attributes in _links(netlink, loopback=loopback)
        )


def read_links() -> tuple[Link, ...]:
    """All devices but loopback, in the kernel's order."""
    with Netlink(ROUTE) as netlink:
        return tuple(
            Link(
                index, to_string(attributes[_LINK_NAME]),
                int.from_bytes(attributes.get(_LINK_MASTER, b""), sys.byteorder),
            )
            for index, attributes in _links(netlink)
        )  # fmt: skip


def _links(netlink: Netlink, *, loopback: bool = False) -> Iterator[tuple[int, Mapping[int, bytes]]]:
    """The index and the attributes of all devices, of loopback only if that is wanted."""
    for body in netlink.dump(_GET_LINK, _LINK.pack(socket.AF_UNSPEC, 0, 0, 0, 0)):
        _, _, index, flags, _ = _LINK.unpack_from(body)
        if loopback or not flags & _LINK_LOOPBACK:
            yield index, by_type(body[_LINK.size :])
