"""The data directory of a server, which one server at a time may use."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from .base import Unavailable


class DataDirectory:
    """A directory that this process holds until it closes it or ends, by `kill -9` too: the kernel keeps the lock.

    Made with mode 0700 when it isn't there: the store keeps the secrets of the hosts' keys.
    """

    def __init__(self, path: Path) -> None:
        """Takes the directory.

        Raises:
            Unavailable: another server holds it, or it can't be made or written to.
        """
        self.path = path
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Unavailable(f"the data directory {path} can't be used: {error.strerror}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(self._lock, 20, 0).decode("ascii", "replace").strip()
            os.close(self._lock)
            raise Unavailable(
                f"the data directory {path} is in use by another ringwall server (process {holder or 'unknown'})"
            ) from error
        os.truncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    def close(self) -> None:
        """Gives the directory back. The lock file stays: removing it would race with the next holder."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> DataDirectory:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
