"""GET /ringwall/v1/changes: on which hosts a change is in force, and the wait until it is in force on all it concerns.

The store says which hosts a change concerns, the hub what their agents have said. A wait is a long poll: the hub wakes
it with the report that it needs, and nobody looks again and again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from ringwall.domain.change import ChangeRecord
from ringwall.domain.errors import InvalidParameterValue
from ringwall.domain.interface import Host
from ringwall.operations.effects import Effects, effects_of, last_effects
from ringwall.store.base import Compacted, Reader
from ringwall.watch.messages import HEARTBEAT_SECONDS

from .call import Call
from .service import Service

Content = dict[str, Any]

WAIT_SECONDS_MAX: Final = 20.0
"""A call waits at most so long; who wants to wait longer calls again."""
SILENT_SECONDS: Final = 3.0 * HEARTBEAT_SECONDS
"""An agent that is connected and has said nothing for so long counts as silent: it answers every heartbeat."""
MISSED_RECORDS_MAX: Final = 10_000
"""Of a host that was away for more changes than this, it isn't looked up whether any concerned it."""
_NUMBER: Final = re.compile("[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked of which hosts. needed: the revision that each must have, by host id.

    affected: those that the change of this revision concerns. unaffected: how many others there are, not asked of.
    """

    revision: int
    stored_at: float | None
    hosts: Sequence[Host]
    needed: Mapping[str, int]
    affected: frozenset[str]
    unaffected: int = 0


async def show_change(service: Service, call: Call) -> Response:
    """Where one change is in force, of the hosts that it has an effect on.

    Raises:
        RevisionNotFound, RevisionCompacted: whom it concerns isn't known.
    """
    revision = _number("revision", call.path["revision"])
    effects = await service.store.read_soon(lambda reader: effects_of(reader, call.caller.account_id, revision))
    hosts = [host for host in effects.hosts if host.instance_id in effects.affected]
    needed = dict.fromkeys(effects.affected, revision)
    others = len(effects.hosts) - len(hosts)
    question = _Question(revision, effects.record.committed_at, hosts, needed, effects.affected, others)
    return await _answer(service, call, question)


async def show_changes(service: Service, call: Call) -> Response:
    """Where everything is in force that was stored up to a revision, or up to now.

    Raises:
        RevisionNotFound, RevisionCompacted: as `show_change`.
    """
    through = _number("through", call.query["through"]) if "through" in call.query else None

    def look(reader: Reader) -> Effects | None:
        revision = reader.revision() if through is None else through
        return effects_of(reader, call.caller.account_id, revision, whosever=True) if revision else None

    effects = await service.store.read_soon(look)
    if effects is None:
        return await _answer(service, call, _Question(0, None, (), {}, frozenset()))
    revision = effects.record.revision
    # Whatever concerns a host that is connected, the hub tells it.
    needed = dict.fromkeys((host.instance_id for host in effects.hosts), revision)
    absent = [host for host in effects.hosts if not service.hub.status(host.instance_id).connected]
    had = [(has, host) for host in absent if (has := service.hub.revision_in_force(host.instance_id)) is not None]
    if had:
        needed |= await service.store.read_soon(lambda reader: _needed_by_absent(reader, had, revision))
    stored_at = effects.record.committed_at if effects.record.account_id == call.caller.account_id else None
    question = _Question(revision, stored_at, effects.hosts, needed, effects.affected)
    return await _answer(service, call, question)


def _needed_by_absent(reader: Reader, had: Sequence[tuple[int, Host]], through: int) -> dict[str, int]:
    """The last revision that concerned each host, or what it had if nothing concerned it since.

    had: hosts that are away, each with the revision of its last word. Those of which it can't be told any more are
    left out.
    """
    known = sorted(had, key=lambda item: item[0])
    while known:
        missed = _since(reader, known[0][0])
        if missed is not None:
            last = last_effects(reader, [host for _, host in known], missed)
            return {host.instance_id: min(last.get(host.instance_id, has), through) for has, host in known}
        known.pop(0)
    return {}


def _since(reader: Reader, revision: int) -> Sequence[ChangeRecord] | None:
    """All rows of the log after the revision; None if they are too many, or some were dropped."""
    if reader.revision() - revision > MISSED_RECORDS_MAX:
        return None
    try:
        return reader.changes_since(revision, MISSED_RECORDS_MAX)
    except Compacted:
        return None


async def _answer(service: Service, call: Call, question: _Question) -> Response:
    """How it stands; with `wait`, once it is in force everywhere, or on more than `in_force` hosts, or time is over."""
    if "wait" in call.query:
        hosts = len(question.needed)
        if "in_force" in call.query:
            hosts = min(hosts, _number("in_force", call.query["in_force"]) + 1)
        seconds = min(_seconds("wait", call.query["wait"]), WAIT_SECONDS_MAX)
        await service.hub.until_in_force(question.needed, hosts, seconds)
    return JSONResponse(_shown(service, question))


def _shown(service: Service, question: _Question) -> Content:
    rows = [_row(service, question, host) for host in question.hosts]
    counts = {state: sum(row["state"] == state for row in rows) for state in ("in-force", "pending", "silent")}
    return {
        "revision": question.revision,
        "stored_at": question.stored_at,
        "in_force": counts["in-force"] == len(rows),
        "counts": {**counts, "unaffected": question.unaffected},
        "hosts": rows,
    }


def _row(service: Service, question: _Question, host: Host) -> Content:
    """What is known of one host. Its time is of this very change, so only a host that it concerns has one."""
    hub, host_id, now = service.hub, host.instance_id, service.clock()
    status, revision = hub.status(host_id), hub.revision_in_force(host_id)
    affected = host_id in question.affected
    in_force_at = hub.in_force_since(host_id, question.revision) if affected else None
    if revision is not None and revision >= question.needed[host_id]:
        state = "in-force"
    elif status.connected and status.last_seen is not None and now - status.last_seen <= SILENT_SECONDS:
        state = "pending"
    else:
        state = "silent"
    return {
        "instance_id": host_id,
        "hostname": host.hostname,
        "mode": host.mode.value,
        "state": state,
        "affected": affected,
        "revision": revision,
        "in_force_at": in_force_at,
        "seconds": None if in_force_at is None else max(0.0, in_force_at - (question.stored_at or 0.0)),
        "last_seen": status.last_seen,
        "problems": list(status.report.problems) if status.report else [],
    }


def _number(name: str, text: str) -> int:
    if _NUMBER.fullmatch(text) is None:
        raise InvalidParameterValue(f"'{name}' is a whole number, not '{text[:64]}'.")
    return int(text)


def _seconds(name: str, text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not seconds >= 0:
        raise InvalidParameterValue(f"'{name}' is a number of seconds, not '{text[:64]}'.")
    return seconds
