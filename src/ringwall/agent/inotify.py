"""What changes in a directory, as the kernel tells it: nothing at rest, so looking costs nothing.

Only that something changed is of interest; what, the directory itself tells.
Source: inotify(7).
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from struct import Struct
from typing import Final

_CLOSE_WRITE, _ATTRIB, _MOVED_FROM, _MOVED_TO, _CREATE, _DELETE = 0x8, 0x4, 0x40, 0x80, 0x100, 0x200
_DELETE_SELF, _MOVE_SELF, _ONLYDIR = 0x400, 0x800, 0x0100_0000
_EVENTS: Final = (
    _CLOSE_WRITE | _ATTRIB | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE | _DELETE_SELF | _MOVE_SELF | _ONLYDIR
)
_EVENT: Final = Struct("=iIII")
_READ_BYTES: Final = 1 << 16


class Inotify:
    """A watch of at most one directory at a time.

    Raises:
        OSError: the kernel has no more of them.
    """

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd: int = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        self._watched = -1

    def fileno(self) -> int:
        """Readable when something has changed."""
        return self._fd

    def watch(self, directory: Path) -> None:
        """From now on this one, instead of any before; the same one once more changes nothing.

        Raises:
            OSError: it can't be watched, or isn't there.
        """
        before, self._watched = self._watched, self._libc.inotify_add_watch(self._fd, os.fsencode(directory), _EVENTS)
        number = ctypes.get_errno()
        if before not in (-1, self._watched):
            self._libc.inotify_rm_watch(self._fd, before)
        if self._watched < 0:
            raise OSError(number, os.strerror(number))

    def drain(self) -> bool:
        """Forgets what was told so far: whether any of it is more than of files whose names begin with a dot.

        Those are on their way to another name, and that is told as well.
        """
        found = False
        with suppress(BlockingIOError):
            while told := os.read(self._fd, _READ_BYTES):
                found |= any(not name.startswith(b".") for name in _names(told))
        return found

    def close(self) -> None:
        """Watches no longer."""
        os.close(self._fd)


def _names(told: bytes) -> Iterator[bytes]:
    """Of which file each event tells; empty where it is about the directory, or about events that were lost."""
    at = 0
    while at < len(told):
        *_, length = _EVENT.unpack_from(told, at)
        at += _EVENT.size
        yield told[at : at + length].rstrip(b"\0")
        at += length
