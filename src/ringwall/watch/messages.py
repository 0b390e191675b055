"""What travels between server and agent: JSON values, one to a line.

Server to agent on the watch stream: `Snapshot`, `Delta`, `Heartbeat`. Agent to server: `Report`, which acknowledges a
revision. Every one carries the position (store id, epoch, revision) that it speaks of; an agent refuses what is older
than what it has, or of another store.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ringwall.domain.world import HostDelta, HostState

MESSAGE_BYTES_MAX: Final = 64 * 1024 * 1024
"""No message is longer; a reader that sees more closes the stream."""

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
class Report:
    """What is in force on the host: the revision in its kernel, since when, and what the agent saw.

    digest: of the ruleset as compiled, hex. mode: observe or enforce. in_force_at: Unix seconds.
    problems: sentences for the operator; empty when all is well.
    """

    position: Position
    mode: str
    digest: str
    in_force_at: float
    received_at: float
    problems: tuple[str, ...] = ()


Message = Snapshot | Delta | Heartbeat
