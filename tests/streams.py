"""TCP streams on which one end sends all the time, and what still comes of them after a commit."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from struct import calcsize, unpack_from

from build import HOST4
from lab import Lab, received, wait_for
from netns import Namespace

MARKER_PORT = 9999
CHUNK = bytes(16384)
TCP_INFO_RETRANSMITTED = calcsize("8B23I")  # tcpi_total_retrans, in linux/tcp.h


class Stream:
    """A TCP connection on which one end sends all the time."""

    def __init__(self, source: socket.socket, target: socket.socket) -> None:
        self.source, self.target = source, target

    def pump(self) -> int:
        """Send what fits and take what has come; its length."""
        with contextlib.suppress(BlockingIOError):
            self.source.send(CHUNK)
        return len(received(self.target))

    def runs_for(self, count: int) -> None:
        """Pump until so many bytes have come."""
        total = 0

        def enough() -> bool:
            nonlocal total
            total += self.pump()
            return total >= count

        wait_for(enough)

    def retransmitted(self) -> int:
        """How many segments its source has sent more than once."""
        info = self.source.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        return int(unpack_from("I", info, TCP_INFO_RETRANSMITTED)[0])


def settle(net: Lab, client: Namespace, address: str) -> None:
    """Everything that had passed the host's hooks before has arrived: cables are in order, and a marker has.

    The state admits the marker: UDP from the client to the address, on `MARKER_PORT`.
    """
    near, far = net.datagrams(client, address, MARKER_PORT)
    with near, far:
        assert net.exchanges(near, far)


def bytes_after_commit(
    net: Lab, stream: Stream, commit: Callable[[], None], client: Namespace | None = None, address: str = HOST4
) -> int:
    """What came after the commit returned, while both ends went on trying until the host had refused some packets.

    client, address: where a marker goes; the peer, and the host, where not said otherwise.
    """
    commit()
    settle(net, client or net.peer, address)
    while received(stream.target):
        pass
    before, total = net.refused(), 0

    def refused_enough() -> bool:
        nonlocal total
        total += stream.pump()
        for end in (stream.source, stream.target):
            with contextlib.suppress(BlockingIOError):
                end.send(b"x")
        total += len(received(stream.source))
        return net.refused() >= before + 3

    wait_for(refused_enough)
    return total
