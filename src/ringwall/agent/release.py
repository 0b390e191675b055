"""Out of ringwall's hands: what root at the host's console does when nothing else helps, and how it is taken back.

A marker in the agent's directory says that the host is released. As long as it is there no agent programs anything,
whatever a server says: the marker is the one thing here that no message can change. It is put down first, so that an
agent that is started again at once finds it; then the agent is ended, without asking it; then the table goes, in one
commit. Each step is done even where one before it failed.
"""

from __future__ import annotations

import json
import os
import pwd
import select
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from errno import ENOENT
from pathlib import Path
from typing import Final

from ringwall.nft.transaction import DeleteTable

from .directory import LOCK, RELEASED, ROLLED_BACK, write_whole
from .errors import AgentError, CommitRefused, TableOwned
from .kernel import Kernel

END_SECONDS: Final = 10
"""A killed process is gone within this, or hangs in the kernel."""

ATTEMPTS: Final = 5
"""Where the marker couldn't be put down, a supervisor may start the agent again and again."""

RETRIED: Final = "The change that was undone, as it cost the host its server, is tried again."

_BY_LENGTH_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Released:
    """Since when the host is released, and by whom; None where the marker no longer tells."""

    at: float | None
    by: str | None

    @property
    def sentence(self) -> str:
        """What a person should read."""
        when = "" if self.at is None else f" at {datetime.fromtimestamp(self.at, UTC):%Y-%m-%d %H:%M:%S UTC}"
        who = "" if self.by is None else f" by {self.by}"
        return f"Released on the host's console{when}{who}: nothing is enforced; run `ringwall agent resume` there."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done, and what could not be, in sentences."""

    done: tuple[str, ...]
    failed: tuple[str, ...]


def read_marker(data: Path) -> Released | None:
    """Since when the host is released; None: it isn't. A marker that can't be read counts all the same."""
    marker = data / RELEASED
    if not os.path.lexists(marker):
        return None
    try:
        content = json.loads(marker.read_bytes())
        at, by = float(content["at"]), str(content["by"])[:_BY_LENGTH_MAX]
        datetime.fromtimestamp(at, UTC)
    except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return Released(None, None)
    return Released(at, "".join(each if each.isprintable() else "?" for each in by))


def release(data: Path) -> Outcome:
    """What was done to release the host; once more does no harm. Call it as root, in the host's network namespace."""
    done: list[str] = []
    failed: list[str] = []
    try:
        done.append(_put_marker(data))
    except OSError as error:
        failed.append(
            f"{data / RELEASED} can't be written ({error.strerror}): an agent that is started enforces again. "
            "Keep it from starting: `systemctl disable --now ringwall-agent ringwall-agent-boot`."
        )
    try:
        done += _end_agents(data)
        done += _remove_table()
    except (OSError, AgentError, ValueError) as error:
        failed.append(f"Table inet ringwall still stands: {error}. By hand: `nft delete table inet ringwall`.")
    if not (data / "agent.json").exists():
        done.append(f"{data} knows no host: an agent with another directory isn't held by this, so give its --data.")
    return Outcome(tuple(done), tuple(failed))


def resume(data: Path) -> Outcome:
    """What was done to take the host back into ringwall's hands, and what happens next.

    A change that was undone, as it cost the host its server, is tried again too.
    """
    done: list[str] = []
    for name, sentence in ((RELEASED, "The host is no longer released."), (ROLLED_BACK, RETRIED)):
        try:
            (data / name).unlink()
        except FileNotFoundError:
            continue
        except OSError as error:
            return Outcome(tuple(done), (f"{data / name} can't be removed: {error.strerror}.",))
        done.append(sentence)
    if not done:
        sentence = f"There is no {data / RELEASED}: the host isn't released, or its agent has another --data."
        return Outcome((sentence,), ())
    with suppress(OSError):  # that it is gone is enough; that this survives a loss of power is better
        _sync(data)
    running = lock_holders(data)
    return Outcome(
        (
            *done,
            f"Its agent (pid {running[0]}) puts back within a second what the server says, enforcing if it says so."
            if running
            else "No agent is running. Once it is started it does what the server says, enforcing if it says so.",
        ),
        (),
    )


def lock_holders(data: Path) -> list[int]:
    """The processes that hold the directory's lock, as the agent does while it runs.

    Found by their open files, so that it works when the lock was deleted under them.
    Cost: a look at each open file of the machine.
    """
    lock = data.absolute() / LOCK
    try:
        there = lock.stat()
    except OSError:
        there = None
    names = {str(lock), str(lock.resolve()), f"{lock} (deleted)", f"{lock.resolve()} (deleted)"}
    return sorted({pid for pid, fd in _open_files() if _is_lock(pid, fd, there, names)} - {os.getpid()})


def _open_files() -> Iterator[tuple[int, str]]:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            files = os.listdir(process / "fd")  # noqa: PTH208 - names alone, of every process
        except OSError:  # it ended meanwhile
            continue
        for fd in files:
            yield int(process.name), fd


def _is_lock(pid: int, fd: str, there: os.stat_result | None, names: set[str]) -> bool:
    link = Path(f"/proc/{pid}/fd/{fd}")
    try:
        found = link.stat()
        is_it = there is not None and os.path.samestat(found, there)
        return (is_it or str(link.readlink()) in names) and "FLOCK" in Path(f"/proc/{pid}/fdinfo/{fd}").read_text()
    except OSError:
        return False


def _put_marker(data: Path) -> str:
    if (before := read_marker(data)) is not None and before.at is not None:
        return before.sentence
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    marker = data / RELEASED
    now = Released(time.time(), _who())
    try:
        write_whole(marker, json.dumps({"at": now.at, "by": now.by}).encode() + b"\n")
    except OSError:
        marker.touch(0o600)  # a full disk may still have room for a name, and the name is what counts
    return now.sentence


def _who() -> str:
    """Who is logged in here, as the kernel remembers through `su` and `sudo`; else the current user."""
    for source in ("/proc/self/loginuid", None):
        try:
            uid = os.getuid() if source is None else int(Path(source).read_text())
            return pwd.getpwuid(uid).pw_name
        except (OSError, ValueError, KeyError):
            continue
    return str(os.getuid())


def _end_agents(data: Path) -> Iterator[str]:
    for pid in lock_holders(data):
        end_process(pid)
        yield f"The agent (pid {pid}) was ended."


def _remove_table() -> Iterator[str]:
    """The table of a dead owner is anybody's to delete. Whoever owns it and lives is an agent too, so it is ended."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with Kernel() as kernel:
                kernel.commit((DeleteTable(),), None)
        except TableOwned as owned:
            if owned.pid is None or attempt == ATTEMPTS:
                raise
            yield from _hold(owned.pid)
            end_process(owned.pid)
            yield f"The owner of the table (pid {owned.pid}) was ended."
        except CommitRefused as refused:
            if refused.errno != ENOENT:
                raise
            yield "There is no table inet ringwall."
            return
        else:
            yield "Table inet ringwall was deleted."
            return


def _hold(pid: int) -> Iterator[str]:
    """Puts the marker where the agent has its own directory: its supervisor starts it there again at once."""
    directory = _directory_of(pid)
    if directory is None:
        return
    try:
        _put_marker(directory)
    except OSError as error:
        yield f"{directory / RELEASED} can't be written ({error.strerror}): its agent, started again, enforces."
    else:
        yield f"Its agent's directory is {directory}: released there, until `ringwall agent resume --data {directory}`."


def _directory_of(pid: int) -> Path | None:
    """Where the process has the lock open, as an agent does."""
    for opened in Path(f"/proc/{pid}/fd").glob("*"):
        with suppress(OSError):
            if (lock := opened.readlink()).name == LOCK:
                return lock.parent
    return None


def end_process(pid: int) -> None:
    """The process is gone, with everything it held.

    Raises:
        OSError: it can't be ended.
    """
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(process, signal.SIGKILL)
        if not select.select([process], [], [], END_SECONDS)[0]:
            raise OSError(f"process {pid} doesn't end")
    finally:
        os.close(process)


def _sync(directory: Path) -> None:
    opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
