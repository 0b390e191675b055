"""A host with two containers behind it, a peer outside and a stranger on a cable that nobody named, in namespaces.

        outside --- up0  host  vc1 --- a
       stranger --- un0        vc2 --- b

The host routes, and speaks to its containers from the address of its interface. Reverse path filters are off.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from struct import pack

import netns
from build import HOST4, HOST6, PEER4, PEER6, host_interface, routed, world
from lab import REFUSED, Lab, family_of
from netns import Namespace
from ringwall.agent.kernel import Kernel
from ringwall.domain.group import SecurityGroupRule
from ringwall.domain.interface import Mode
from ringwall.domain.world import HostState

A4, A6 = "10.0.1.2", "fd00:0:0:1::2"
B4, B6 = "10.0.2.2", "fd00:0:0:2::2"
GATE_A4, GATE_A6 = "10.0.1.1", "fd00:0:0:1::1"
GATE_B4, GATE_B6 = "10.0.2.1", "fd00:0:0:2::1"
STRANGER4, STRANGER6 = "10.0.9.2", "fd00:0:0:9::2"
GATE_S4, GATE_S6 = "10.0.9.1", "fd00:0:0:9::1"
ADDRESSES = {
    "host": (HOST4, HOST6),
    "outside": (PEER4, PEER6),
    "a": (A4, A6),
    "b": (B4, B6),
    "stranger": (STRANGER4, STRANGER6),
}
MEMBERS = {"sg-host": (HOST4, HOST6), "sg-a": (A4, A6), "sg-b": (B4, B6), "sg-outside": (PEER4, PEER6)}


@dataclass
class Site(Lab):
    """places: all namespaces, by the names in `ADDRESSES`."""

    places: Mapping[str, Namespace] = field(default_factory=dict)

    def holder(self, address: str, client: Namespace) -> Namespace:
        """The namespace that has the address."""
        of_host = (GATE_A4, GATE_A6, GATE_B4, GATE_B6, GATE_S4, GATE_S6)
        name = "host" if address in of_host else next(name for name, has in ADDRESSES.items() if address in has)
        return self.places[name]

    def address(self, of: Namespace, family: int) -> str:
        """Its address."""
        name = next(name for name, place in self.places.items() if place is of)
        return ADDRESSES[name][0 if family == socket.AF_INET else 1]

    def to(self, name: str, version: int) -> str:
        """The address of the place."""
        return ADDRESSES[name][0 if version == 4 else 1]

    def count_of(self, refusal: str) -> int:
        """How many packets were refused for that."""
        return sum(
            each.count.packets
            for each in self.kernel.counters()
            if each.comment in (f"{start}{refusal}" for start in REFUSED)
        )

    def sends(self, source: str, packet: bytes, destination: str) -> None:
        """A whole packet, its header included, sent from there."""
        family = family_of(destination)
        sending = self.socket(self.places[source], family, socket.SOCK_RAW, socket.IPPROTO_RAW)
        sending.sendto(packet, (destination, 0))


def site_world(
    *rules: SecurityGroupRule,
    source_check: bool = True,
    mode: Mode = Mode.ENFORCE,
    members: Mapping[str, Iterable[str]] = MEMBERS,
    prefix_lists: Mapping[str, Iterable[str]] | None = None,
    without: Iterable[str] = (),
) -> HostState:
    """What the host enforces: `sg-host` on up0, `sg-a` on vc1, `sg-b` on vc2, with the rules of their groups.

    without: devices that no interface has.
    """
    interfaces = [
        host_interface("eni-1", "up0", (HOST4, HOST6), "sg-host"),
        routed("eni-a", "vc1", (A4, A6), "sg-a", source_check=source_check),
        routed("eni-b", "vc2", (B4, B6), "sg-b", source_check=source_check),
    ]
    state = world(*rules, mode=mode, members=members, prefix_lists=prefix_lists)
    return replace(
        state, interfaces={each.interface_id: each for each in interfaces if each.device not in set(without)}
    )


@contextmanager
def site() -> Iterator[Site]:
    """The host and all around it, nothing enforced yet."""
    with ExitStack() as made:
        places = {name: made.enter_context(netns.namespace(name[:4])) for name in ADDRESSES}
        host = places["host"]
        for name in ("all", "default"):
            host.run(["sysctl", "-qw", f"net.ipv4.conf.{name}.rp_filter=0", f"net.ipv6.conf.{name}.forwarding=1"])
        host.run(["sysctl", "-qw", "net.ipv4.ip_forward=1"])
        for name, device, gate4, gate6 in (
            ("outside", "up0", HOST4, HOST6),
            ("a", "vc1", GATE_A4, GATE_A6),
            ("b", "vc2", GATE_B4, GATE_B6),
            ("stranger", "un0", GATE_S4, GATE_S6),
        ):
            four, six = ADDRESSES[name]
            netns.veth(host, device, [f"{gate4}/24", f"{gate6}/64"], places[name], "eth0", [f"{four}/24", f"{six}/64"])
            places[name].run(["ip", "route", "add", "default", "via", gate4])
            places[name].run(["ip", "route", "add", "default", "via", gate6])
        for device, addresses in (("vc1", (A4, A6)), ("vc2", (B4, B6))):
            for address, own in zip(addresses, (HOST4, HOST6), strict=True):
                host.run(["ip", "route", "replace", address, "dev", device, "src", own])
        with host.enter():
            kernel = made.enter_context(Kernel())
        yield Site(host, places["outside"], kernel, sockets=made.enter_context(ExitStack()), places=places)


def datagram(source: str, destination: str, port: int, payload: bytes = b"spoo", source_port: int = 5555) -> bytes:
    """A UDP datagram with its IP header, whoever sends it."""
    family = family_of(source)
    ends = socket.inet_pton(family, source) + socket.inet_pton(family, destination)
    length = 8 + len(payload)
    head = pack("!HHH", source_port, port, length)
    pseudo = ends + pack("!HH", socket.IPPROTO_UDP, length) + head + payload
    words = pseudo + bytes(len(pseudo) % 2)
    total = sum(int.from_bytes(words[at : at + 2], "big") for at in range(0, len(words), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ip_header(source, destination, socket.IPPROTO_UDP, length) + head + pack("!H", ~total & 0xFFFF) + payload


def ip_header(source: str, destination: str, protocol: int, length: int, hops: int = 64) -> bytes:
    """The header before `length` bytes; the kernel fills in IPv4's checksum and identification."""
    family = family_of(source)
    ends = socket.inet_pton(family, source) + socket.inet_pton(family, destination)
    if family == socket.AF_INET:
        return pack("!BBHHHBBH", 0x45, 0, 20 + length, 0, 0, hops, protocol, 0) + ends
    return pack("!IHBB", 6 << 28, length, protocol, hops) + ends
