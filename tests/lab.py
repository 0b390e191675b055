"""A host that enforces and a peer on the other end of its cable, in namespaces, with real packets between them.

Everything runs in the test's own thread: sockets stay in the namespace in which they were opened. Nothing sleeps. What
a packet came to is known when it arrives, or when the host's counter of refused packets moves.
"""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from struct import pack

import netns
from build import DEVICE, HOST4, HOST6, LOCAL, PEER4, PEER6
from netns import Namespace
from ringwall.agent.kernel import Kernel
from ringwall.compiler.compile import Compiled, compile_host
from ringwall.domain.local import LocalPolicy
from ringwall.domain.world import HostState
from ringwall.nft.ruleset import Applied

DEADLINE_SECONDS = 10
REFUSED = ("dropped: ", "would be dropped: ")
RAW_PROTOCOL = 253  # for experiments, RFC 3692


@dataclass
class Lab:
    """host: enforces what `enforce` was told last. peer: on the other end, enforces nothing."""

    host: Namespace
    peer: Namespace
    kernel: Kernel
    compiled: Compiled | None = None
    applied: Applied | None = None
    sockets: ExitStack = field(default_factory=ExitStack)

    def enforce(self, state: HostState, local: LocalPolicy = LOCAL) -> None:
        """The state is in the host's kernel, by a difference from what was there."""
        self.compiled = compile_host(state, local, self.compiled)
        self.applied = self.kernel.apply(self.applied, self.compiled.ruleset)

    def refused(self) -> int:
        """How many packets the host has refused, or would have."""
        return sum(each.count.packets for each in self.kernel.counters() if (each.comment or "").startswith(REFUSED))

    def admitted_by(self, rule_id: str) -> int:
        """How many packets the rule has admitted."""
        return sum(
            each.count.packets for each in self.kernel.counters() if (each.comment or "").split(" ")[0] == rule_id
        )

    def socket(self, where: Namespace, family: int, kind: int, protocol: int = 0) -> socket.socket:
        """A socket in that namespace that doesn't block, closed with the lab; TCP ones end without a farewell."""
        with where.enter():
            made = self.sockets.enter_context(closing(socket.socket(family, kind, protocol)))
        made.setblocking(False)
        if kind == socket.SOCK_STREAM:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("ii", 1, 0))
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return made

    def passes(self, arrived: Callable[[], bool], refused_before: int) -> bool:
        """True once it has arrived, False once the host has refused something since."""
        return wait_for(lambda: (arrived() and "passed") or (self.refused() > refused_before and "refused")) == "passed"

    def connect(self, client: Namespace, address: str, port: int) -> tuple[socket.socket, socket.socket] | None:
        """Both ends of a TCP connection, the client's first, to a listener at the other side; None where refused."""
        family = family_of(address)
        listener = self.socket(self.holder(address, client), family, socket.SOCK_STREAM)
        with closing(listener):
            listener.bind((address, port))
            listener.listen()
            near = self.socket(client, family, socket.SOCK_STREAM)
            before = self.refused()
            assert near.connect_ex((address, port)) == errno.EINPROGRESS
            far: list[socket.socket] = []

            def accepted() -> bool:
                try:
                    far.append(listener.accept()[0])
                except BlockingIOError:
                    return False
                return True

            if not self.passes(accepted, before):
                near.close()
                return None
        self.sockets.enter_context(closing(far[0]))
        far[0].setblocking(False)
        far[0].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("ii", 1, 0))
        return near, far[0]

    def exchanges(self, a: socket.socket, b: socket.socket) -> bool:
        """Whether a byte goes from a to b and another one back, or the host refuses one."""
        return self.moves(a, b) and self.moves(b, a)

    def moves(self, source: socket.socket, target: socket.socket) -> bool:
        """Whether what source sends arrives at target."""
        before = self.refused()
        try:
            source.send(b"x")
        except PermissionError:
            return False
        return self.passes(lambda: bool(received(target)), before)

    def datagrams(self, client: Namespace, address: str, port: int) -> tuple[socket.socket, socket.socket]:
        """Both ends of a UDP flow that nothing was sent on, the client's first."""
        family = family_of(address)
        near, far = (self.socket(each, family, socket.SOCK_DGRAM) for each in (client, self.holder(address, client)))
        near.bind((self.address(client, family), 0))
        far.bind((address, port))
        far.connect(near.getsockname()[:2])
        near.connect((address, port))
        return near, far

    def raw(self, client: Namespace, address: str, protocol: int = RAW_PROTOCOL) -> tuple[socket.socket, socket.socket]:
        """Both ends of a flow of a protocol without ports, the client's first."""
        family = family_of(address)
        near, far = (
            self.socket(each, family, socket.SOCK_RAW, protocol) for each in (client, self.holder(address, client))
        )
        near.connect((address, 0))
        far.bind((address, 0))
        far.connect((self.address(client, family), 0))
        return near, far

    def pings(self, client: Namespace, address: str) -> bool:
        """Whether an echo request is answered."""
        family = family_of(address)
        v4 = family == socket.AF_INET
        near = self.socket(client, family, socket.SOCK_RAW, socket.IPPROTO_ICMP if v4 else socket.IPPROTO_ICMPV6)
        before = self.refused()
        try:
            near.sendto(icmp_message(8 if v4 else 128, 0, pack("!HH", 77, 1) + b"ping"), (address, 0))
        except PermissionError:
            return False

        def answered() -> bool:
            message = received(near)
            return message[20 if v4 else 0 :][:1] == (b"\x00" if v4 else b"\x81")

        return self.passes(answered, before)

    def other(self, one: Namespace) -> Namespace:
        """The namespace at the other end."""
        return self.peer if one is self.host else self.host

    def holder(self, address: str, client: Namespace) -> Namespace:
        """The namespace that has the address, for this client."""
        return self.other(client)

    def address(self, of: Namespace, family: int) -> str:
        """Its address."""
        four, six = (HOST4, HOST6) if of is self.host else (PEER4, PEER6)
        return four if family == socket.AF_INET else six


@contextmanager
def lab() -> Iterator[Lab]:
    """A host and a peer with a cable between them, nothing enforced yet."""
    with netns.namespace("host") as host, netns.namespace("peer") as peer:
        netns.veth(host, DEVICE, [f"{HOST4}/8", f"{HOST6}/64"], peer, "cable", [f"{PEER4}/8", f"{PEER6}/64"])
        with host.enter():
            kernel = Kernel()
        with kernel, ExitStack() as sockets:
            yield Lab(host, peer, kernel, sockets=sockets)


def wait_for(condition: Callable[[], object]) -> object:
    """The first true answer of the condition."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
    raise AssertionError(f"waited {DEADLINE_SECONDS} s in vain")


def received(target: socket.socket) -> bytes:
    """What has arrived there, up to a megabyte; nothing where nothing has."""
    try:
        return target.recv(1 << 20)
    except (BlockingIOError, ConnectionRefusedError):
        return b""


def family_of(address: str) -> int:
    """AF_INET or AF_INET6."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def icmp_message(kind: int, code: int, rest: bytes) -> bytes:
    """An ICMP message with its checksum (which the kernel fills in for ICMPv6)."""
    whole = pack("!BBH", kind, code, 0) + rest
    padded = whole + bytes(len(whole) % 2)
    total = sum(int.from_bytes(padded[at : at + 2], "big") for at in range(0, len(padded), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return pack("!BBH", kind, code, ~total & 0xFFFF) + rest
