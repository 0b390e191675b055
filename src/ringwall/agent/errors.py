"""What can go wrong for the agent. While it does, the last committed ruleset stands."""

from __future__ import annotations

Problems = dict[str, tuple[str, ...]]
"""What the operator should know, in sentences, by what it is about; a report carries all of them."""


class AgentError(Exception):
    """The agent can't go on as it was; it resyncs."""


class CommitRefused(AgentError):
    """The kernel did nothing of a transaction.

    errno: the kernel's reason; ERESTART: someone else committed since the generation that it was based on.
    command: the first one that was refused, as it was given; None when the transaction was refused as a whole.
    """

    def __init__(self, errno: int, reason: str, command: object | None) -> None:
        super().__init__(f"{reason}: {command}" if command is not None else reason)
        self.errno = errno
        self.command = command


class TableOwned(CommitRefused):
    """Another process owns the table: only when it has ended can the table be changed, and adopted.

    pid: the process; None when it can't be told.
    """

    def __init__(self, errno: int, pid: int | None, name: str | None) -> None:
        who = "a process that can't be seen from here" if pid is None else f"{name}, pid {pid}"
        super().__init__(errno, f"another agent owns table inet ringwall: {who}", None)
        self.pid = pid


class CommitLost(AgentError):
    """The kernel's answer to a transaction was lost: all of it was done, or nothing; only observing tells."""


class KernelUnreadable(AgentError):
    """The kernel's table can't be read: it changes faster than it is listed, or the answer is an error.

    errno: the kernel's reason, 0 when it changes too fast.
    """

    def __init__(self, errno: int, reason: str) -> None:
        super().__init__(reason)
        self.errno = errno


def reason(error: Exception) -> str:
    """The error in words: of one of the system's without its number, and without the path, which the sentence has."""
    return (isinstance(error, OSError) and error.strerror) or str(error)


class ChangeUndone(AgentError):
    """This very change shut the host off from its server before, and was undone; so it isn't made again."""


class Unconfirmed(AgentError):
    """A structural change is committed of which it isn't known yet whether it stays; another one has to wait."""


class StreamLost(AgentError):
    """The watch stream ended or said what can't be understood."""


class NoMessage(StreamLost):
    """The server sent what is no message: its operator should hear of it."""


class ServerRefused(AgentError):
    """The server answered with an error. status: of HTTP. code: the server's word for it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"the server refused: {code}: {message}")
        self.status = status
        self.code = code
