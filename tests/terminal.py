"""A pseudo-terminal: a command that believes a person sits before it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self


class Terminal:
    """A command on a terminal of its own: what it has written so far is `text`, with `\\r\\n` as the kernel makes it.

    separate: standard output goes to a pipe instead, and is in `output` after `end`.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        columns: int = 80,
        rows: int = 24,
        *,
        separate: bool = False,
        pass_fds: Sequence[int] = (),
    ) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        out = subprocess.PIPE if separate else slave
        self.process = subprocess.Popen(
            list(command), stdin=slave, stdout=out, stderr=slave, env=dict(environment), start_new_session=True,
            pass_fds=pass_fds,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # so that Ctrl-C reaches it
        )  # fmt: skip
        os.close(slave)
        self.text = ""
        self.output = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        os.close(self.master)

    def type(self, text: str) -> None:
        """Presses these keys; Return is `\\r` or `\\n`, Ctrl-C `\\x03`, end of file `\\x04`."""
        os.write(self.master, text.encode())

    def expect(self, words: str, seconds: float = 30.0) -> str:
        """All that was written up to now, once these words are in what wasn't expected before."""
        begin, ends = len(self.text), time.monotonic() + seconds
        while words not in self.text[begin:]:
            assert self._more(ends), f"{words!r} didn't come: {self.text[begin:]!r}"
        return self.text

    def end(self, seconds: float = 30.0) -> int:
        """The exit status, after the command has written its last."""
        ends = time.monotonic() + seconds
        if self.process.stdout:
            self.output = self.process.stdout.read().decode()
        while self._more(ends):
            pass
        return self.process.wait(max(ends - time.monotonic(), 0.1))

    def _more(self, ends: float) -> bool:
        """Whether more was written; False at the end of the command, or of the time."""
        readable, _, _ = select.select([self.master], [], [], max(ends - time.monotonic(), 0))
        if not readable:
            return False
        try:
            read = os.read(self.master, 65536)
        except OSError:  # EIO: nobody has the other end any more
            return False
        self.text += read.decode(errors="replace")
        return bool(read)
