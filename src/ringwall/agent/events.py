"""What others commit to nftables: the kernel tells it to whoever listens, with the process that did it.

A commit is told as a message for each object that it changed and then one of the new generation. Our own commits are
kept out by a filter in the kernel, so they neither wake anybody nor fill the buffer.

Listening isn't free: as long as anybody does, the kernel writes a message for each object of every commit. The agent
listens only where others can change its table.
Source: net/netfilter/nf_tables_api.c (nf_tables_commit, nf_tables_gen_notify); socket(7), SO_ATTACH_FILTER.
"""

from __future__ import annotations

import ctypes
import socket
from dataclasses import dataclass
from errno import ENOBUFS
from struct import Struct
from sys import byteorder
from typing import Final

from ringwall.nft import netlink

from .netlink import NETFILTER

SO_ATTACH_FILTER, SO_RCVBUFFORCE, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP = 26, 33, 270, 1
# A commit of 10,000 rules is told in about 4 MB. What doesn't fit is known to be lost, which is enough to look.
BUFFER_BYTES: Final = 16 << 20
RECEIVE_BYTES: Final = 256 << 10
READS_MAX: Final = 64
"""Of one `read`: somebody else's large commit must not keep the agent from its own work."""

_INSTRUCTION = Struct("=HBBI")  # of a classic BPF program
_LOAD_WORD, _JUMP_EQUAL, _RETURN = 0x20, 0x15, 0x06
_PORT_OFFSET: Final = 12  # of the socket that committed, in the first message of what is delivered at once


@dataclass(frozen=True, slots=True)
class ForeignCommit:
    """Somebody else's commit. generation: the one that it began. touches: whether our table may have been changed.

    process, pid: who. The kernel's name has 15 bytes at most, and a process chooses it.
    """

    generation: int
    process: str
    pid: int
    touches: bool

    @property
    def who(self) -> str:
        """The process in words: `nft (pid 4711)`."""
        name = "".join(each if each.isprintable() else "?" for each in self.process)
        return f"{name or 'a process without a name'} (pid {self.pid})"


class Events:
    """What others commit, in the network namespace of the thread that opens it. port: of the socket that is ours."""

    def __init__(self, port: int) -> None:
        kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        self._socket = socket.socket(socket.AF_NETLINK, kind, NETFILTER)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
            _attach_filter(self._socket, port)
            self._socket.bind((0, 0))
            self._socket.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, netlink.NFTABLES_GROUP)
        except BaseException:
            self._socket.close()
            raise
        self._touches = False

    def fileno(self) -> int:
        """Readable when there is something to read."""
        return self._socket.fileno()

    def close(self) -> None:
        """Listens no longer."""
        self._socket.close()

    def read(self) -> tuple[ForeignCommit, ...] | None:
        """The commits that were told since the last call, or some of them; None: some were lost, so look.

        Raises:
            ValueError: broken attributes.
        """
        commits: list[ForeignCommit] = []
        for _ in range(READS_MAX):
            try:
                data = self._socket.recv(RECEIVE_BYTES)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != ENOBUFS:
                    raise
                self._touches = True  # what was lost may be a part of a commit whose end still comes
                return None
            commits += self._commits(data)
        return tuple(commits)

    def _commits(self, data: bytes) -> list[ForeignCommit]:
        """The commits that end in the data. Ends come alone, so what isn't one needn't be taken apart."""
        commits = []
        for message in netlink.messages(data):
            if message.kind != netlink.NEW_GENERATION:
                self._touches = self._touches or netlink.names_table(data)
                break
            generation, pid, process = netlink.decode_commit(message.body)
            commits.append(ForeignCommit(generation, process, pid, self._touches))
            self._touches = False
        return commits


def _attach_filter(listener: socket.socket, port: int) -> None:
    """What the socket with that port commits isn't delivered."""
    as_loaded = int.from_bytes(port.to_bytes(4, byteorder), "big")  # a filter reads big-endian
    program = b"".join(
        _INSTRUCTION.pack(*each)
        for each in (
            (_LOAD_WORD, 0, 0, _PORT_OFFSET),
            (_JUMP_EQUAL, 0, 1, as_loaded),
            (_RETURN, 0, 0, 0),
            (_RETURN, 0, 0, 0xFFFFFFFF),
        )
    )
    held = ctypes.create_string_buffer(program)
    address = ctypes.addressof(held)
    listener.setsockopt(
        socket.SOL_SOCKET, SO_ATTACH_FILTER, Struct("@HP").pack(len(program) // _INSTRUCTION.size, address)
    )
