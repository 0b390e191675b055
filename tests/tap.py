"""A virtual machine on a tap device, played by the test: it sends and receives whole frames."""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from struct import pack

from fleet import SECONDS
from netns import Namespace
from site_of_containers import datagram

TUN = Path("/dev/net/tun")
MAC = "02:00:00:00:00:99"
_SET_INTERFACE, _TAP, _NO_INFO = 0x400454CA, 0x2, 0x1000


@dataclass
class Machine:
    """A virtual machine. fd: the hypervisor's end of the device."""

    fd: int
    host_mac: bytes

    def sends(self, source: str, destination: str, port: int, payload: bytes) -> None:
        """A UDP datagram, under whatever address."""
        packet = datagram(source, destination, port, payload)
        version6 = ":" in source
        if not version6:
            packet = packet[:2] + pack("!H", len(packet)) + packet[4:10] + bytes(2) + packet[12:]
            packet = packet[:10] + pack("!H", _checksum(packet[:20])) + packet[12:]
        mine = bytes.fromhex(MAC.replace(":", ""))
        os.write(self.fd, self.host_mac + mine + (b"\x86\xdd" if version6 else b"\x08\x00") + packet)

    def receives(self, payload: bytes, seconds: float = SECONDS) -> bool:
        """Whether a frame comes whose end is this."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with suppress(BlockingIOError):
                if os.read(self.fd, 65536).endswith(payload):
                    return True
        return False


@contextmanager
def machine(host: Namespace, device: str, four: str, six: str, own: tuple[str, str]) -> Iterator[Machine]:
    """A machine with these addresses behind a new tap device of the host's, which speaks to it from its own."""
    with host.enter():
        fd = os.open(TUN, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        fcntl.ioctl(fd, _SET_INTERFACE, pack("16sH22x", device.encode(), _TAP | _NO_INFO))
    try:
        host.run(["ip", "link", "set", device, "up"])
        for address, length, source in ((four, 32, own[0]), (six, 128, own[1])):
            host.run(["ip", "route", "replace", f"{address}/{length}", "dev", device, "src", source])
            host.run(["ip", "neighbour", "replace", address, "dev", device, "lladdr", MAC, "nud", "permanent"])
        shown = host.run(["ip", "-o", "link", "show", device]).stdout.split()
        yield Machine(fd, bytes.fromhex(shown[shown.index("link/ether") + 1].replace(":", "")))
    finally:
        os.close(fd)


def _checksum(header: bytes) -> int:
    total = sum(int.from_bytes(header[at : at + 2], "big") for at in range(0, len(header), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def listener(place: Namespace, address: str, port: int) -> socket.socket:
    """A UDP socket there, bound."""
    with place.enter():
        made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((address, port))
    return made
