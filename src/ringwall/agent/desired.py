"""What the host should enforce, as the server's messages add up to it. A function of values; no effects."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ringwall.domain.world import HostState, merge
from ringwall.watch.messages import Delta, Heartbeat, Message, Position, Question, Snapshot

from .errors import StreamLost


@dataclass(frozen=True, slots=True)
class Received:
    """What the host should enforce. received_at, committed_at: when its last message came, and was committed there."""

    position: Position
    state: HostState
    received_at: float
    committed_at: float | None = None


def follow(held: Received | None, message: Message, store_id: str, host_id: str, *, received_at: float) -> Received:
    """What the host should enforce after the message.

    held: what it should before, or None. store_id, host_id: whom the host was enrolled with, and as what.

    Raises:
        StreamLost: the message is of another store or host, older than what is held, or doesn't follow from it.
    """
    refusal = _refusal(held, message, store_id, host_id)
    if refusal is not None:
        raise StreamLost(refusal)
    match message:
        case Snapshot(position, state):
            return Received(position, state, received_at)
        case Delta(_, position, delta, committed_at):
            assert held is not None, "a change of nothing was refused"
            try:
                return Received(position, merge(held.state, delta), received_at, committed_at)
            except KeyError as error:
                raise StreamLost(f"The server changed {error}, which this host doesn't have.") from error
        case Heartbeat(position):
            assert held is not None, "a heartbeat before a snapshot was refused"
            return replace(held, position=position)
        case Question():
            assert held is not None, "a question before a snapshot was refused"
            return held


def _refusal(held: Received | None, message: Message, store_id: str, host_id: str) -> str | None:
    """Why the message must not be followed, or None."""
    position = message.position
    if position.store_id != store_id:
        return f"The server speaks of store {position.store_id}; this host belongs to {store_id}."
    if held is not None and (position.epoch, position.revision) < (held.position.epoch, held.position.revision):
        return (
            f"The server is at epoch {position.epoch} revision {position.revision}, older than what is held here, "
            f"epoch {held.position.epoch} revision {held.position.revision}. Was it restored from a backup?"
        )
    if isinstance(message, Snapshot):
        if message.state.host_id != host_id:
            return f"The server sent the state of {message.state.host_id}; this is {host_id}."
        return None
    if held is None:
        return "The server began with a change of something it never sent."
    if position.epoch != held.position.epoch:
        return f"The server went from epoch {held.position.epoch} to {position.epoch} without a snapshot."
    if isinstance(message, Delta) and message.base_revision != held.position.revision:
        return (
            f"The server sent what changed since revision {message.base_revision}; "
            f"this host is at revision {held.position.revision}."
        )
    return None
