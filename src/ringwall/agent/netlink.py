"""Requests to the kernel over netlink, one socket for each family; nf_tables has its own way, in `kernel.py`.

Source: linux/netlink.h; RFC 3549, 2.3.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from struct import Struct
from types import TracebackType
from typing import Final, Self

SOCK_DIAG: Final = 4
NETFILTER: Final = 12
ROUTE: Final = 0

REQUEST: Final = 0x1
ACK: Final = 0x4
DUMP: Final = 0x300
CREATE: Final = 0x400
EXCLUSIVE: Final = 0x200

_ERROR: Final = 2
_DONE: Final = 3
_HEADER = Struct("=IHHII")  # length, type, flags, sequence, port
_ERRNO = Struct("=i")
_DONE_BYTES: Final = 20
_RECEIVE_BYTES: Final = 1 << 18


class Netlink:
    """A socket of one netlink family, in the network namespace of the thread that opens it."""

    def __init__(self, family: int) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, family)
        self._socket.bind((0, 0))
        self._sequence = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._socket.close()

    def dump(self, kind: int, payload: bytes) -> Iterator[bytes]:
        """The payload of each message that the kernel answers. What isn't read is discarded with the next request.

        Raises:
            OSError: with the kernel's errno.
        """
        sequence = self._send(kind, REQUEST | DUMP, payload)
        while True:
            for kind_got, body in self._receive(sequence):
                if kind_got == _DONE:
                    return
                if kind_got == _ERROR:
                    _raise(body)
                yield body

    def answers(self, kind: int, payload: bytes) -> Iterator[bytes]:
        """What the kernel answers to a dump, undivided: messages with their headers, the last of all says DONE.

        Raises:
            OSError: with the kernel's errno.
        """
        self._send(kind, REQUEST | DUMP, payload)
        while True:
            data = self._socket.recv(_RECEIVE_BYTES)
            first_kind = _HEADER.unpack_from(data)[1]
            if first_kind == _ERROR:
                _raise(data[_HEADER.size :])
            yield data
            if first_kind == _DONE or (
                len(data) >= _DONE_BYTES
                and _HEADER.unpack_from(data, len(data) - _DONE_BYTES)[:2] == (_DONE_BYTES, _DONE)
            ):
                return

    def ask(self, kind: int, payload: bytes) -> bytes | None:
        """The payload of the one message that the kernel answers; None where there is no such thing (ENOENT).

        Raises:
            OSError: with the kernel's errno.
        """
        sequence = self._send(kind, REQUEST, payload)
        while True:
            for kind_got, body in self._receive(sequence):
                if kind_got != _ERROR:
                    return body
                if -_ERRNO.unpack_from(body)[0] == errno.ENOENT:
                    return None
                _raise(body)

    def change(self, kind: int, flags: int, payload: bytes) -> None:
        """Returns when the kernel has done it.

        Raises:
            OSError: with the kernel's errno; nothing was changed.
        """
        sequence = self._send(kind, REQUEST | ACK | flags, payload)
        while True:
            for kind_got, body in self._receive(sequence):
                if kind_got == _ERROR:
                    _raise(body)
                    return

    def _send(self, kind: int, flags: int, payload: bytes) -> int:
        self._sequence += 1
        header = _HEADER.pack(_HEADER.size + len(payload), kind, flags, self._sequence, 0)
        self._socket.sendto(header + payload, (0, 0))
        return self._sequence

    def _receive(self, sequence: int) -> Iterator[tuple[int, bytes]]:
        data = self._socket.recv(_RECEIVE_BYTES)
        offset = 0
        while offset + _HEADER.size <= len(data):
            length, kind, _, answers, _ = _HEADER.unpack_from(data, offset)
            if answers == sequence:
                yield kind, data[offset + _HEADER.size : offset + length]
            offset += length + (-length & 3)


def _raise(body: bytes) -> None:
    number = -_ERRNO.unpack_from(body)[0]
    if number:
        raise OSError(number, os.strerror(number))
