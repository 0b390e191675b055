"""The roll-back timer of a structural change: a process beside the agent, so that it fires also when the agent hangs.

The agent starts it before it commits a change that could shut out its operator: a host that begins to enforce, or whose
own interfaces change while it does. The guard notes the table as it is, says so, and waits. The agent commits, opens a
new connection to the server, and confirms. Where no word comes in time, or the agent ends without one, the guard ends
the agent and puts the table back as it was. What was rolled back is noted on disk, so that an agent that is started
again doesn't try the same again, whatever else the server has changed meanwhile. On a released host there is nothing to
put back.

    agent                       guard
      | start ------------------> | notes the table
      | <------------- "ready"    |
      | commit, connect anew      |
      | "confirmed" ------------> | ends
      |     or silence            | SIGKILL, then the table as it was

It doesn't listen to SIGTERM: a supervisor that sees the agent die sends it to all that is left, and waits.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from ringwall.nft.ruleset import Applied
from ringwall.nft.transaction import DeleteTable
from ringwall.telemetry import LOG, log_to_stderr

from .directory import ROLLED_BACK, write_whole
from .errors import AgentError
from .kernel import Kernel
from .release import end_process, read_marker

CONFIRM_SECONDS: Final = 10.0
"""A new connection to the server must succeed within this, or the change is undone."""

START_SECONDS: Final = 10.0
"""The guard has noted the table within this, or nothing is committed."""

ATTEMPTS: Final = 5
_READY: Final = b"ready\n"
_CONFIRMED: Final = b"confirmed\n"


class Guard:
    """A running guard. change: what is about to be committed, as it is noted should it be undone: a line of text.

    Raises:
        AgentError: it doesn't start; then nothing structural may be committed.
    """

    def __init__(self, data: Path, change: str, seconds: float = CONFIRM_SECONDS) -> None:
        self.seconds = seconds
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-m", "ringwall.agent.guard", str(os.getpid()), str(data), change, str(seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        readable, _, _ = select.select([self._process.stdout], [], [], START_SECONDS)
        if not readable or self._process.stdout.readline() != _READY:
            self._process.kill()
            self._process.wait()
            raise AgentError("the guard that would undo the change doesn't start")

    def confirm(self) -> None:
        """The change stays; the guard ends."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(_CONFIRMED)
            self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


def rolled_back(data: Path) -> str | None:
    """The last change that was undone; None when none was since the last that was confirmed, or it was forgotten."""
    try:
        return (data / ROLLED_BACK).read_text().strip()
    except (OSError, UnicodeDecodeError):
        return None


def forget_roll_back(data: Path) -> None:
    """What was undone may be tried again: another change was confirmed since, or somebody said so."""
    with suppress(OSError):
        (data / ROLLED_BACK).unlink(missing_ok=True)


def _watch(agent: int, data: Path, change: str, seconds: float) -> int:
    """The guard's own life. agent: the process that it was started by."""
    log_to_stderr()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    with Kernel() as kernel:
        before = kernel.observe()
        os.write(1, _READY)
        if _is_confirmed(seconds):
            return 0
        with suppress(OSError):  # better undone and tried again than not undone
            write_whole(data / ROLLED_BACK, change.encode() + b"\n")
        end_process(agent)
        for _ in range(ATTEMPTS):
            try:
                _put_back(kernel, data, before)
            except AgentError as error:  # somebody else committed in between
                LOG.error("not rolled back: %s", error)
            else:
                LOG.error("rolled back: no new connection to the server came about within %g s", seconds)
                return 0
    return 1


def _put_back(kernel: Kernel, data: Path, before: Applied | None) -> None:
    if before is not None and read_marker(data) is None:
        kernel.apply(kernel.observe(), before.ruleset)
    if (before is None or read_marker(data) is not None) and kernel.observe() is not None:
        kernel.commit((DeleteTable(),), None)


def _is_confirmed(seconds: float) -> bool:
    """Whether the word came in time. The end of the agent, which closes the pipe, isn't the word."""
    deadline = time.monotonic() + seconds
    held = b""
    while (left := deadline - time.monotonic()) > 0:
        if select.select([0], [], [], left)[0]:
            data = os.read(0, len(_CONFIRMED))
            held += data
            if held == _CONFIRMED or not data:
                return held == _CONFIRMED
    return False


if __name__ == "__main__":
    sys.exit(_watch(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], float(sys.argv[4])))
