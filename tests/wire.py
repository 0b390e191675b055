"""A host on whose cables any packet can be put, and which sends any packet itself; and what came of each.

        wire --- up0, up1, un0, docker0, vc1, vc2, vc3 --- host

Where a packet goes is said by whoever sends it, not by its addresses: the Ethernet source of what comes in, and the
mark of what the host sends, choose the way. So any addresses can meet any devices. All cables lead to one namespace,
which has no addresses and answers nothing; whatever arrives there, or is delivered in the host, is taken note of by
the number it carries.

Nothing sleeps. The thread keeps to one processor, whose queue of packets is in order: once a marker has come through
the host, all that was sent before it has come through as well, or never will.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from struct import pack

import netns
from build import HOST4, HOST6, flow
from frames import SCTP, number_behind, number_in, packet_bytes
from lab import family_of, wait_for
from netns import Namespace
from ringwall.agent.kernel import SO_RCVBUFFORCE, Kernel
from ringwall.agent.netlink import NETFILTER, Netlink
from ringwall.domain.admission import ICMP, ICMPV6, TCP, UDP

DEVICES = ("up0", "up1", "un0", "docker0", "vc1", "vc2", "vc3", "m0", "m1")
HERE = "host"
"""Where a packet is when it was delivered in the host."""
PROTOCOLS = (ICMP, 2, TCP, UDP, 47, 50, ICMPV6, SCTP, 253)
_LOCAL_MARK = 99
_FIRST_MARK = 100
_CT_DELETE = 0x102
_PACKET_IGNORE_OUTGOING = 23
_SOL_PACKET = 263
_ETH_P_ALL = 3
_BUFFER_BYTES = 32 << 20
_MARKER = flow(device="m0", protocol=UDP, source="198.18.0.1", destination="198.18.0.2", destination_port=9)

_WAYS = """
table inet ways {{
 chain in {{
  type filter hook prerouting priority -400
  meta mark set ether saddr map {{ {ways} }}
 }}
 chain out {{
  type filter hook output priority -400
  oifname != "lo" meta mark 0 drop
 }}
}}
"""
"""The second chain keeps the host's kernel from answering by itself."""

Arrival = tuple[int, str]
"""A packet's number, and where it came out: a device, or `HERE`."""


@dataclass
class Wire:
    """The host, what it enforces by, and sockets at both ends of its cables.

    outside: by device, what puts a frame on its cable. inside: by device and family, what the host sends with.
    caught: all that comes out of the cables. delivered: by protocol, what the host took for itself.
    """

    host: Namespace
    kernel: Kernel
    tracking: Netlink
    outside: dict[str, socket.socket]
    inside: dict[tuple[str, int], socket.socket]
    caught: socket.socket
    delivered: list[tuple[int, socket.socket]]
    scopes: dict[str, int]
    arrived: set[Arrival] = field(default_factory=set)
    markers: int = 1 << 31

    def put(self, packet: bytes, device: str, onward: str | None = None) -> None:
        """The packet comes in at the device; the host is where it wants to go, or forwards it."""
        way = bytes([2, 0, 0, 0, 0, _LOCAL_MARK if onward is None else _FIRST_MARK + DEVICES.index(onward)])
        kind = b"\x08\x00" if packet[0] >> 4 == 4 else b"\x86\xdd"
        self.outside[device].send(_mac(device) + way + kind + packet)

    def send(self, packet: bytes, destination: str, device: str) -> None:
        """The host itself sends the packet through the device. What its hooks refuse is refused."""
        family = family_of(destination)
        to = (destination, 0) if family == socket.AF_INET else (destination, 0, 0, self.scopes[device])
        with suppress(PermissionError):
            self.inside[device, family].sendto(packet, to)

    def settle(self) -> set[Arrival]:
        """Where the packets that were sent since the last call have come out, once all of them had the time."""
        self.markers += 1
        self.put(packet_bytes(_MARKER, "first", self.markers), "m0", onward="m1")
        wait_for(lambda: self._take() or (self.markers, "m1") in self.arrived)
        arrived, self.arrived = self.arrived - {(self.markers, "m1")}, set()
        return arrived

    def forget_flows(self) -> None:
        """Connection tracking of the host begins anew."""
        for family in (socket.AF_INET, socket.AF_INET6):
            self.tracking.change(_CT_DELETE, 0, pack("=BBH", family, 0, 0))

    def _take(self) -> None:
        with suppress(BlockingIOError):
            while True:
                frame, (device, *_) = self.caught.recvfrom(4096)
                self._note(number_in(frame[14:]), device)
        for protocol, listening in self.delivered:
            with suppress(BlockingIOError):
                while True:
                    message = listening.recv(4096)
                    v4 = listening.family == socket.AF_INET
                    self._note(number_in(message) if v4 else number_behind(protocol, message), HERE)

    def _note(self, number: int | None, where: str) -> None:
        if number is not None:
            self.arrived.add((number, where))


@contextmanager
def wire() -> Iterator[Wire]:
    """The host with its cables, nothing enforced yet."""
    with ExitStack() as made:
        made.enter_context(_one_processor())
        host, far = (made.enter_context(netns.namespace(label)) for label in ("wireh", "wire"))
        _cables(host, far)
        _ways(host)
        with host.enter():
            kernel = made.enter_context(Kernel())
            tracking = made.enter_context(Netlink(NETFILTER))
            scopes = {device: socket.if_nametoindex(device) for device in DEVICES}
            inside = {
                (device, family): made.enter_context(closing(_sender(family, _FIRST_MARK + number)))
                for number, device in enumerate(DEVICES)
                for family in (socket.AF_INET, socket.AF_INET6)
            }
            delivered = [
                (protocol, made.enter_context(closing(_buffered(socket.socket(family, socket.SOCK_RAW, protocol)))))
                for protocol in PROTOCOLS
                for family in (socket.AF_INET, socket.AF_INET6)
            ]
        with far.enter():
            outside = {device: made.enter_context(closing(_at(device))) for device in DEVICES}
            caught = made.enter_context(closing(_buffered(_packets(socket.htons(_ETH_P_ALL)))))
            caught.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
        yield Wire(host, kernel, tracking, outside, inside, caught, delivered, scopes)


@contextmanager
def _one_processor() -> Iterator[None]:
    """The calling thread stays on one processor until the end of the block."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _cables(host: Namespace, far: Namespace) -> None:
    """Nobody asks for anybody's Ethernet address: the devices of the host take no part in that."""
    for name in ("all", "default"):
        far.run(["sysctl", "-qw", f"net.ipv6.conf.{name}.disable_ipv6=1"])
        four = ("rp_filter=0", "accept_local=1", "send_redirects=0")
        six = ("forwarding=1", "accept_dad=0")
        settings = [f"net.ipv4.conf.{name}.{each}" for each in four] + [f"net.ipv6.conf.{name}.{each}" for each in six]
        host.run(["sysctl", "-qw", *settings])
    host.run(["sysctl", "-qw", "net.ipv4.ip_forward=1"])
    for device in DEVICES:
        end = ["address", _mac(device).hex(":"), "netns", host.name]
        host.run(["ip", "link", "add", device, *end, "type", "veth", "peer", "name", device, "netns", far.name])
    _batch(host, [f"link set {device} addrgenmode none arp off up" for device in DEVICES])
    _batch(far, [f"link set {device} up" for device in DEVICES])
    own = [f"{HOST4}/32 dev up0", f"{HOST6}/128 dev up0", *(f"fe80::1/128 dev {device}" for device in DEVICES[:-2])]
    _batch(host, [f"address add {each} {'nodad' if ':' in each else ''}" for each in own])


def _ways(host: Namespace) -> None:
    """A table of routes for each mark, before the one of the host's own addresses."""
    tables = {_LOCAL_MARK: "local {all} dev lo"}
    tables |= {_FIRST_MARK + number: f"{{all}} dev {device}" for number, device in enumerate(DEVICES)}
    lines = []
    for version, everywhere in (("-4", "0.0.0.0/0"), ("-6", "::/0")):
        for mark, way in tables.items():
            lines.append(f"rule add fwmark {mark} lookup {mark} pref {mark}")
            lines.append(f"route add {way.format(all=everywhere)} table {mark}")
        lines += ["rule add lookup local pref 1000", "rule del lookup local pref 0"]
        _batch(host, lines, version)
        lines.clear()
    ways = ", ".join(f"02:00:00:00:00:{mark:02x} : {mark}" for mark in tables)
    host.run(["nft", "-f", "-"], input=_WAYS.format(ways=ways))


def _batch(where: Namespace, lines: Iterable[str], *options: str) -> None:
    where.run(["ip", *options, "-batch", "-"], input="\n".join(lines) + "\n")


def _mac(device: str) -> bytes:
    """The Ethernet address of the host's end."""
    return bytes([2, 0, 0, 0, 1, DEVICES.index(device)])


def _sender(family: int, mark: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
    return made


def _at(device: str) -> socket.socket:
    made = _packets()
    made.bind((device, 0))
    return made


def _packets(protocol: int = 0) -> socket.socket:
    return socket.socket(socket.AF_PACKET, socket.SOCK_RAW, protocol)


def _buffered(made: socket.socket) -> socket.socket:
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, _BUFFER_BYTES)
    return made
