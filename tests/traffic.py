"""Traffic that goes on while something is done to the host: what must come through, and what must not."""

from __future__ import annotations

import contextlib
import socket
from struct import calcsize, unpack_from

from lab import received, wait_for

_CHUNK = bytes(4096)
_RETRANSMITTED = calcsize("8B23I")  # tcpi_total_retrans, in linux/tcp.h


class Traffic:
    """A TCP stream and numbered datagrams that are admitted; refused ones. Ends are the sender's first."""

    def __init__(
        self,
        stream: tuple[socket.socket, socket.socket],
        datagrams: tuple[socket.socket, socket.socket],
        refused: list[tuple[socket.socket, socket.socket]],
    ) -> None:
        self._stream, self._datagrams, self._refused = stream, datagrams, refused
        self.streamed = self.sent = self.arrived = self.came_through = 0

    def pump(self) -> None:
        """A little of everything."""
        near, far = self._stream
        with contextlib.suppress(BlockingIOError):
            near.send(_CHUNK)
        self.streamed += len(received(far))
        self._datagrams[0].send(self.sent.to_bytes(4))
        self.sent += 1
        self._take_datagrams()
        for sender, receiver in self._refused:
            for end in (sender, receiver):
                with contextlib.suppress(BlockingIOError, PermissionError, ConnectionRefusedError):
                    end.send(b"x")
                self.came_through += len(received(end))

    def settle(self) -> None:
        """Returns once all admitted datagrams have arrived, and the stream still runs."""
        before = self.streamed

        def done() -> bool:
            self.pump()
            return self.streamed > before + (1 << 20)

        wait_for(done)
        wait_for(lambda: self._take_datagrams() == self.sent)

    @property
    def retransmitted(self) -> int:
        """How many segments the stream's sender has sent more than once."""
        info = self._stream[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        return int(unpack_from("I", info, _RETRANSMITTED)[0])

    def _take_datagrams(self) -> int:
        while message := received(self._datagrams[1]):
            assert int.from_bytes(message) == self.arrived, "a datagram was lost"
            self.arrived += 1
        return self.arrived
