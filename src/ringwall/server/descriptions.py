"""Descriptions of security groups, kept as they were written for the last answer.

Most who describe a group ask again before it changes. What is kept must never be seen once it is out of date, so two
revisions decide, and no guess:

    an entry    was read from a state that had the revision `had`, and perhaps later ones
    a group     was changed last by the revision `changed`
    a reader    sees a state that has the revision `has`, and perhaps later ones

The store tells of a change when it is made (`Store.forewarn`), before any reader can see it. So with `changed <= had`
and `changed <= has` nothing about the group has changed since either state: the entry is what the reader would read.
In every other case it reads: a change that isn't committed yet, or never will be, costs a look at the store, no more.
Nothing is ever removed because of a change, so there is no race to lose between a removal and a reader who is late.

`changed` is kept for slots that several groups share, so that it takes the same memory however many groups there are;
groups that share one are read once more than they had to be. Texts are packed to a fifteenth, in less than half the
time that it takes to write them.
"""

from __future__ import annotations

import threading
import zlib
from array import array
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

from ringwall.domain.change import Change
from ringwall.operations.context import Answer, Key
from ringwall.operations.groups_described import described_otherwise
from ringwall.store.base import Reader
from ringwall.wire.model import Written

BYTES_MAX: Final = 64 * 1024 * 1024
TEXT_LENGTH_MAX: Final = 100_000
"""Some 200 rules. What is longer takes the event loop too long to unpack; it is read, which may go to a thread."""

_ENTRY_BYTES: Final = 500
"""What an entry takes beside its packed text: key, places in the dictionary, objects."""
_SLOTS: Final = 1 << 16
# A window of 32 kB as always, but tables small enough to be had without asking the system for memory each time.
_LEVEL: Final = 1
_MEMORY_LEVEL: Final = 7


class KeptDescriptions:
    """`operations.context.Descriptions` of security groups; the least recently used go when it is full.

    write: one of them as it stands in an answer. For all threads; `warn` for that of the event loop.
    """

    def __init__(self, write: Callable[[Answer], Written], bytes_max: int = BYTES_MAX) -> None:
        self._write = write
        self._bytes_max = bytes_max
        self._bytes = 0
        self._entries: OrderedDict[Key, tuple[int, bytes]] = OrderedDict()
        self._lock = threading.Lock()
        self._changed = array("q", bytes(8 * _SLOTS))
        self._all_changed = 0

    def warn(self, revision: int, changes: Sequence[Change]) -> None:
        """The revision is about to change this; for `Store.forewarn`.

        A revision that comes to nothing is given again, so that none is ever less than one that was committed before.
        """
        for change in changes:
            group_ids = described_otherwise(change)
            if group_ids is None:
                self._all_changed = revision
                return
            for group_id in group_ids:
                self._changed[hash(group_id) % _SLOTS] = revision

    def find(self, reader: Reader, key: Key) -> Written | None:
        """The description that the reader would read, if it is kept."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        had, packed = entry
        if max(self._changed[hash(key[-1]) % _SLOTS], self._all_changed) > min(had, reader.revision_at_least()):
            return None
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
        return Written(zlib.decompress(packed, bufsize=TEXT_LENGTH_MAX).decode())

    def keep(self, reader: Reader, key: Key, description: Answer) -> Written:
        """The description as it is written, kept unless it is long; the reader has read all of it."""
        text = self._write(description)
        if len(text) <= TEXT_LENGTH_MAX:
            packer = zlib.compressobj(_LEVEL, memLevel=_MEMORY_LEVEL)
            self._put(key, reader.revision_at_least(), packer.compress(text.encode()) + packer.flush())
        return text

    def _put(self, key: Key, had: int, packed: bytes) -> None:
        with self._lock:
            self._drop(self._entries.pop(key, None))
            self._entries[key] = had, packed
            self._bytes += len(packed) + _ENTRY_BYTES
            while self._bytes > self._bytes_max:
                self._drop(self._entries.popitem(last=False)[1])

    def _drop(self, entry: tuple[int, bytes] | None) -> None:
        if entry is not None:
            self._bytes -= len(entry[1]) + _ENTRY_BYTES
