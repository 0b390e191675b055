"""What travels between server and agent: JSON values, one to a line.

Server to agent on the watch stream: `Snapshot`, `Delta`, `Heartbeat`, `Question`. Agent to server: `Report`, which
acknowledges a revision. Every one carries the position (store id, epoch, revision) that it speaks of; an agent refuses
what is older than what it has, or of another store. An `Answer` names the question that it answers.

A question changes nothing on the host. It is only put to an agent that said, when it began to watch, that it knows
questions of this kind: to an older one it would be no message, and end the stream.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from ringwall.domain.group import Direction
from ringwall.domain.world import HostDelta, HostState

MESSAGE_BYTES_MAX: Final = 64 * 1024 * 1024
"""No message is longer; a reader that sees more closes the stream."""

REPORT_BYTES_MAX: Final = 256 * 1024
"""No report is longer."""

ANSWER_BYTES_MAX: Final = 512 * 1024
"""No answer to a question is longer."""

QUESTION_BYTES_MAX: Final = 64 * 1024
"""No question is longer."""

QUESTIONS_MAX: Final = 8
"""So many questions may wait for one host's answer."""

UNADMITTED_MAX: Final = 100
"""A report names at most so many flows and listeners that no rule admits."""

TABLE_OWNER: Final = "table-owner"
"""A capability: while the agent lives nobody else can change or flush its table (Linux 6.9 and newer)."""

HEARTBEAT_SECONDS: Final = 15
"""The server says something at least this often; an agent that hears nothing for three times as long reconnects."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the history of a store."""

    store_id: str
    epoch: int
    revision: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole state of the host at a position."""

    position: Position
    state: HostState


@dataclass(frozen=True, slots=True)
class Delta:
    """What changed for the host between two revisions. An empty delta says: nothing that concerns this host."""

    base_revision: int
    position: Position
    delta: HostDelta
    committed_at: float | None = None


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Still here; the host is up to date at this position."""

    position: Position


@dataclass(frozen=True, slots=True)
class Question:
    """What the server wants to know of the host now. position: of the message before it.

    kind: which of the agent's answers it asks for. parameters: what that needs, by name.
    """

    position: Position
    question_id: str
    kind: str
    parameters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host's agent answers to a question: a JSON object whose form depends on the kind of the question.

    failure: why there is no answer, as a sentence; None where there is one.
    """

    content: Mapping[str, Any] = field(default_factory=dict)
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Unadmitted:
    """Live traffic of the host that no rule admits: enforcement would end it.

    direction: ingress when the peer opened it. protocol: as a rule spells it (`tcp`, `udp`).
    peer_address, peer_port: None for a listener, which no rule lets anyone reach.
    """

    direction: Direction
    protocol: str
    local_address: str
    local_port: int
    peer_address: str | None = None
    peer_port: int | None = None

    @property
    def sentence(self) -> str:
        """What a person should read: `tcp 10.0.0.5:22 from 10.0.0.9:50000`."""
        local = f"{self.protocol} {_endpoint(self.local_address, self.local_port)}"
        if self.peer_address is None or self.peer_port is None:
            return f"{local} listens"
        word = "from" if self.direction is Direction.INGRESS else "to"
        return f"{local} {word} {_endpoint(self.peer_address, self.peer_port)}"


@dataclass(frozen=True, slots=True)
class Drift:
    """Somebody else's change of the host's table, put right. at: when it was noticed, Unix seconds.

    by: who committed since the agent had looked last, as `nft (pid 4711)`; empty when nobody knows.
    """

    at: float
    by: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What a person should read: `nft (pid 4711) changed table inet ringwall at 12:00:00 UTC; it was put back.`"""
        who, moment = ", ".join(self.by) or "Somebody else", datetime.fromtimestamp(self.at, UTC)
        return f"{who} changed table inet ringwall at {moment:%H:%M:%S} UTC; it was put back."


@dataclass(frozen=True, slots=True)
class InterfaceInForce:
    """An interface of the host as its kernel has it now. device: the one that it is bound to; None if it isn't bound.

    The addresses of one that isn't bound are kept for it: nobody else may have them.
    """

    interface_id: str
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What is in force on the host: the revision in its kernel, since when, and what the agent saw.

    digest: of the ruleset as compiled, hex; empty before the first commit. mode: observe or enforce.
    in_force_at, received_at: Unix seconds; when the revision's message came and when the kernel had it.
    committed_at: as the server gave it with the revision.
    problems: sentences for the operator; empty when all is well.
    unadmitted: while the host observes, what enforcement would end, at most UNADMITTED_MAX of them.
    capabilities: what the host's kernel can do that not every one can, such as TABLE_OWNER.
    drift: the last change that somebody else made to the table, for an hour.
    interfaces: those whose rules are in the kernel; empty from an agent that doesn't tell.
    draining: of rules that drain, by their ids, how many flows are left.
    """

    position: Position
    mode: str
    digest: str
    in_force_at: float
    received_at: float
    problems: tuple[str, ...] = ()
    committed_at: float | None = None
    unadmitted: tuple[Unadmitted, ...] = ()
    capabilities: tuple[str, ...] = ()
    drift: Drift | None = None
    interfaces: tuple[InterfaceInForce, ...] = ()
    draining: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Nobody takes away from what others count."""
        if min(self.draining.values(), default=0) < 0:
            raise ValueError("fewer flows than none")


Message = Snapshot | Delta | Heartbeat | Question


def _endpoint(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
