"""The one door to nftables: a netlink socket that stays open. Nothing else in ringwall reads netlink's errors.

Synchronous: a commit is one sendmsg and a recv or two, microseconds. The socket belongs to the network namespace of
the thread that opened it. It stays open because closing one that has deleted something waits for an RCU grace period,
and because it owns the table.

Where the kernel has it (6.9 and newer) the table is owned by this socket: nobody else can change it, a foreign flush
passes it by, and a commit needn't say what it is based on. When the socket closes, however the process ends, the table
stays as it is, orphaned; the next socket adopts it with its first commit. Elsewhere anybody with the right can change
it, and `watch` tells when somebody does.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable, Iterator, Sequence
from errno import EINTR, ENOBUFS, ENOENT, EPERM
from typing import Final

from ringwall.nft import dumps, netlink
from ringwall.nft.attributes import by_type, to_u32
from ringwall.nft.diff import difference, waypoint
from ringwall.nft.netlink import Batch, Message
from ringwall.nft.objects import Ruleset
from ringwall.nft.ruleset import Applied, Committed, RuleCount, advance
from ringwall.nft.transaction import Transaction

from .errors import CommitLost, CommitRefused, KernelUnreadable, TableOwned
from .events import Events
from .memory import undisturbed
from .ownership import holder

NETLINK_NETFILTER: Final = 12
SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33
SOL_NETLINK, NETLINK_CAP_ACK, NETLINK_EXT_ACK = 270, 10, 11
# Limits, not allocations: a batch is one message (about 400 bytes a rule), and its echoes wait in the receive buffer.
BUFFER_BYTES: Final = 512 << 20
RECEIVE_BYTES: Final = 256 << 10
OBSERVATIONS_MAX: Final = 10
NO_ANSWER_SECONDS: Final = 30
SEQUENCE_MAX: Final = 0x7FFFFFFF


class _Changed(Exception):
    """The table changed while it was listed."""


class Kernel:
    """nftables in the calling thread's network namespace. Use it from one thread at a time.

    own: whether the table becomes its own where the kernel has that; without, it behaves as on an older kernel.
    left: is shown the rules that a commit of `apply` took away, as they were last, and the table they were in.

    Raises:
        PermissionError: without CAP_NET_ADMIN.
    """

    def __init__(self, *, own: bool = True, left: Callable[[Sequence[bytes], bytes], None] | None = None) -> None:
        self._left = left
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_NETFILTER)
        try:
            self._socket.bind((0, 0))
            self._socket.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, BUFFER_BYTES)
            self._socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
            # The kernel's own timeout: Python's would add a poll to every call.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("=qq", NO_ANSWER_SECONDS, 0))
            self._socket.setsockopt(SOL_NETLINK, NETLINK_CAP_ACK, 1)
            self._socket.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
            self._port: int = self._socket.getsockname()[0]
            self._sequence = 0
            self._buffer = bytearray(RECEIVE_BYTES)  # the system clears a new one for each piece of a listing
            self._owner = self._port if own and self._can_own() else 0
        except BaseException:
            self._socket.close()
            raise

    def close(self) -> None:
        """Close the socket. The ruleset stays."""
        self._socket.close()

    def __enter__(self) -> Kernel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def owns(self) -> bool:
        """Whether a table that it has applied something to is its own, and nobody else can change it."""
        return self._owner != 0

    def watch(self) -> Events | None:
        """What others commit from now on; None where nobody else can change the table. The caller closes it."""
        return None if self.owns else Events(self._port)

    def is_current(self, applied: Applied) -> bool:
        """Whether nobody can have changed the table since it was so.

        Raises:
            KernelUnreadable: an answer is an error.
        Cost: one question, microseconds.
        """
        if applied.owner and applied.owner == self._owner:
            return self._table_owner() == self._owner
        return self.generation() == applied.generation

    def apply(self, applied: Applied | None, desired: Ruleset) -> Applied:
        """What is applied once the desired ruleset is committed; nothing is sent when it is there already.

        One commit, or a second one for what nothing leads to any more, see `waypoint`; in force with the first.
        applied: from `observe` or from the last call; None: there is no table.

        Raises:
            CommitRefused: nothing was changed. With ERESTART `applied` is out of date: observe.
            TableOwned: nothing was changed, and won't be while that process lives.
            CommitLost: observe.
        """
        owner = applied.owner if applied else 0
        if owner not in (0, self._port):
            raise _owned_by(owner)
        transaction = difference(applied, desired, self._owner)
        if not transaction and applied is not None:
            return applied
        stop = waypoint(applied, desired, transaction, self._owner)
        if stop is not None:
            halfway = self.apply(applied, stop)
            try:
                return self.apply(halfway, desired)
            except CommitRefused as error:
                raise CommitLost(f"only a part was done: {error}") from error
        # Nobody else can have changed what is ours, however many commits there were to other tables.
        committed = self.commit(transaction, None if applied is None or owner else applied.generation)
        if self._left is not None and committed.left:
            table = committed.table or self._ask(netlink.table_request(self._next())).body
            self._left(committed.left, table)
        return advance(applied, transaction, desired, committed.handles, committed.generation)

    def commit(self, transaction: Transaction, generation: int | None) -> Committed:
        """The transaction done, all of it, in one batch.

        generation: refuse when it isn't the current one any more; None: commit whatever was before.

        Raises:
            CommitRefused: nothing was done.
            TableOwned: nothing was done; the table is another process's.
            CommitLost: done or not, the answer didn't come.
            ValueError: the transaction is empty or can't be written, see `netlink.encode_batch`.
        """
        if self._sequence + len(transaction) + 3 > SEQUENCE_MAX:
            self._sequence = 0
        batch = netlink.encode_batch(transaction, generation, self._sequence + 1, tell_deletions=self._left is not None)
        self._sequence = batch.last_sequence + 1
        try:
            self._socket.send(batch.data)
        except OSError as error:
            raise CommitRefused(error.errno or 0, f"not sent: {error.strerror}", None) from error
        try:
            return self._outcome(batch, transaction)
        except OSError as error:
            self._drain()
            raise CommitLost(f"the kernel's answer was lost: {error.strerror}") from error

    def generation(self) -> int:
        """The generation of nftables in this namespace: every commit of anyone begins a new one."""
        return netlink.decode_generation(self._ask(netlink.generation_request(self._next())).body)

    def observe(self) -> Applied | None:
        """Our table as the kernel holds it at one moment; None: there is none.

        Raises:
            KernelUnreadable: it changed during each of several listings, or an answer is an error.
        Cost: about 30 us a rule.
        """
        for _ in range(OBSERVATIONS_MAX):
            generation = self.generation()
            try:
                with undisturbed():
                    found = self._listed(generation)
            except _Changed:
                continue
            if self.generation() == generation:
                return found
        raise KernelUnreadable(0, f"nftables changed during each of {OBSERVATIONS_MAX} listings")

    def counters(self) -> tuple[RuleCount, ...]:
        """What the counter of each of our rules shows, rules without one left out; none when there is no table.

        Raises:
            KernelUnreadable: as for `observe`.
        """
        for _ in range(OBSERVATIONS_MAX):
            try:
                dumped = self._dump(netlink.rules_request(self._next()))
            except _Changed:
                continue
            return tuple(each for each in (dumps.decode_rule_count(rule.body) for rule in dumped) if each)
        raise KernelUnreadable(0, f"nftables changed during each of {OBSERVATIONS_MAX} listings")

    def _listed(self, generation: int) -> Applied | None:
        try:
            table = self._ask(netlink.table_request(self._next()))
        except KernelUnreadable as error:
            if error.errno == ENOENT:
                return None
            raise
        chains = self._dump(netlink.chains_request(self._next()))
        rules = self._dump(netlink.rules_request(self._next()))
        sets = self._dump(netlink.sets_request(self._next()))
        elements = {
            name: self._dump(netlink.elements_request(self._next(), name)) for name in dumps.dumped_set_names(sets)
        }
        return dumps.decode_table(table, chains, rules, sets, elements, generation)

    def _outcome(self, batch: Batch, transaction: Transaction) -> Committed:
        """What the answer says, read up to its last acknowledgement. An error of BEGIN ends it as well."""
        handles: list[int] = []
        left: list[bytes] = []
        table: bytes | None = None
        generation: int | None = None
        refused: tuple[int, int, str] | None = None
        for message in self._received(batch.first_sequence, batch.last_sequence):
            if message.kind == netlink.NEW_RULE:
                handles.append(netlink.decode_handle(message.body))
            elif message.kind == netlink.DELETE_RULE:
                left.append(message.body)
            elif message.kind == netlink.DELETE_TABLE:
                table = message.body
            elif message.kind == netlink.NEW_GENERATION:
                generation = netlink.decode_generation(message.body)
            elif message.kind == netlink.NLMSG_ERROR:
                if number := netlink.decode_error(message.body):
                    refused = refused or (message.sequence, number, netlink.decode_reason(message))
                if message.sequence in (batch.first_sequence, batch.last_sequence):
                    break
        if refused is not None:
            sequence, number, reason = refused
            if number == EPERM and (owner := self._table_owner()) not in (0, self._port):
                raise _owned_by(owner)
            command = transaction[sequence - batch.first_sequence - 1] if sequence > batch.first_sequence else None
            raise CommitRefused(number, f"{os.strerror(number)}{reason and f' ({reason})'}", command)
        began = self.generation() if generation is None else generation
        return Committed(tuple(handles), began, tuple(left), table)

    def _can_own(self) -> bool:
        """Whether the kernel has tables whose owner is a socket, and which stay when it closes. Changes nothing."""
        batch = netlink.ownership_probe(self._next())
        self._sequence = batch.last_sequence + 1
        self._socket.send(batch.data)
        for message in self._received(batch.first_sequence, batch.last_sequence):
            number = netlink.decode_error(message.body) if message.kind == netlink.NLMSG_ERROR else 0
            if number and message.sequence == batch.first_sequence:
                raise OSError(number, os.strerror(number))
            if number:
                return message.sequence == batch.last_sequence
        raise AssertionError("the kernel's answers don't end by themselves")

    def _table_owner(self) -> int:
        """The port of the socket that owns the table, 0 when none does or there is no table."""
        try:
            found = by_type(self._ask(netlink.table_request(self._next())).body)
        except KernelUnreadable as error:
            if error.errno == ENOENT:
                return 0
            raise
        return to_u32(found.get(netlink.TABLE_OWNER, b""))

    def _ask(self, request: bytes) -> Message:
        """The one message that answers a request."""
        for message in self._answer(request):
            if message.kind == netlink.NLMSG_ERROR:
                raise _unreadable(netlink.decode_error(message.body))
            return message
        raise AssertionError("the kernel's answers don't end by themselves")

    def _dump(self, request: bytes) -> list[Message]:
        """All messages that answer a dump request, read to its end in any case: a socket has one dump at a time."""
        dumped: list[Message] = []
        changed = False
        for message in self._answer(request):
            changed = changed or bool(message.flags & netlink.DUMP_INTERRUPTED)
            if message.kind in (netlink.NLMSG_ERROR, netlink.NLMSG_DONE):
                number = netlink.decode_error(message.body)
                if changed or number in (EINTR, ENOENT):
                    raise _Changed
                if number:
                    raise _unreadable(number)
                break
            dumped.append(message)
        return dumped

    def _answer(self, request: bytes) -> Iterator[Message]:
        """The messages that answer a request, which has the current sequence number, without end."""
        try:
            self._socket.send(request)
            yield from self._received(self._sequence, self._sequence)
        except OSError as error:
            self._drain()
            raise KernelUnreadable(error.errno or 0, f"no answer: {error.strerror}") from error

    def _received(self, first_sequence: int, last_sequence: int) -> Iterator[Message]:
        """The messages that answer these requests, without end. What is left of an earlier answer is passed over.

        Raises:
            OSError: ENOBUFS, the receive buffer was full and messages are gone; EAGAIN, there was no answer in time.
        """
        while True:
            length = self._socket.recv_into(self._buffer)
            for message in netlink.messages(bytes(memoryview(self._buffer)[:length])):
                if first_sequence <= message.sequence <= last_sequence:
                    yield message

    def _drain(self) -> None:
        """What still waits in the receive buffer is thrown away, so that the next answer finds room."""
        while True:
            try:
                self._socket.recv(RECEIVE_BYTES, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != ENOBUFS:
                    raise

    def _next(self) -> int:
        self._sequence = (self._sequence + 1) & SEQUENCE_MAX
        return self._sequence


def _owned_by(port: int) -> TableOwned:
    found = holder(port)
    return TableOwned(EPERM, found.pid if found else None, found.name if found else None)


def _unreadable(number: int) -> KernelUnreadable:
    return KernelUnreadable(number, f"nftables answers: {os.strerror(number)}")
