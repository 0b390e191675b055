"""Waiting until a change is in force: asked of the server again and again, told host by host."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from ringwall.cli.screen import duration, plain

from .session import LostAnswer, Session
from .table import counted

Answer = dict[str, Any]
Ask = Callable[[str], Answer]
"""Asks `/ringwall/v1/changes`, or one change of it, with a query."""

CALL_SECONDS: Final = 15.0
"""One call waits so long at the server; the next one goes on from there."""
PATIENCE_SECONDS: Final = (1.0, 4.0, 10.0)
"""After so long, and then as long again each time, it is said who is still waited for."""
TIMEOUT_SECONDS: Final = 30.0
"""A word waits so long unless `--timeout` says otherwise."""
AGAIN_SECONDS: Final = 0.2
"""So long after an answer that got lost the server is asked again."""


def follow(
    ask: Ask, revision: int | None, seconds: float, tell: Callable[[Answer], None], still: Callable[[Answer], None]
) -> Answer:
    """The server's last answer: in force everywhere, or time is over.

    tell: is given each host that the change affects, or that lacked something before it, as it gets there.
    still: is given the answer now and then while something is lacking.
    Without a revision the first answer fixes up to which one; what is stored later isn't waited for.

    Raises:
        What `ask` does.
    """
    query = ""
    began = time.monotonic()
    pauses = iter(PATIENCE_SECONDS)
    speak_at = began + next(pauses)
    answer = ask("")
    if revision is None:
        query = f"&through={answer['revision']}"
    awaited = {host["instance_id"] for host in answer["hosts"] if host["affected"]}
    while True:
        lacking = {host["instance_id"] for host in answer["hosts"] if host["state"] != "in-force"}
        awaited |= lacking
        for host in answer["hosts"]:
            if host["instance_id"] in awaited - lacking:
                tell(host)
        awaited &= lacking
        now = time.monotonic()
        left = began + seconds - now
        if answer["in_force"] or left <= 0:
            return answer
        if now >= speak_at:
            still(answer)
            speak_at = now + next(pauses, PATIENCE_SECONDS[-1])
        # Names in the order of the alphabet, as the signature wants them.
        known = f"in_force={answer['counts']['in-force']}"
        pause = min(left, CALL_SECONDS, max(speak_at - now, 0.0))
        answer = ask(f"{known}{query}&wait={pause:.3f}")


def wait_in_force(
    session: Session,
    revision: int | None,
    seconds: float,
    tell: Callable[[str], None],
    still: Callable[[str], None],
    fates: Mapping[str, str] | None = None,
) -> Answer:
    """The server's last answer about a change of this session's, lines told as hosts get there.

    fates: by host id, what became of its flows with the change, in words. An answer that gets lost is asked for again
    while there is time: what is waited for is stored already.

    Raises:
        Refused: the server doesn't tell.
        LostAnswer: it gave none until time was over.
    """
    path = "/ringwall/v1/changes" if revision is None else f"/ringwall/v1/changes/{revision}"
    ends = time.monotonic() + seconds

    def ask(query: str) -> Answer:
        while True:
            try:
                return session.own("GET", path, query=query)
            except LostAnswer:
                if time.monotonic() >= ends:
                    raise
            time.sleep(AGAIN_SECONDS)

    def arrived(host: Answer) -> None:
        tell(arrival(host, (fates or {}).get(host["instance_id"], "")))

    return follow(ask, revision, seconds, arrived, lambda answer: still(waited_for(answer)))


def arrival(host: Answer, fate: str = "") -> str:
    """`web-1 in force 4 ms, 3 flows ended`: after how long since the change was stored."""
    after = "" if host["seconds"] is None else f" {duration(host['seconds'])}"
    return f"{plain(host['hostname'])} in force{after}{f', {fate}' if fate else ''}"


def waited_for(answer: Answer) -> str:
    """Who is still waited for, in a line."""
    rows = [host for host in answer["hosts"] if host["state"] != "in-force"]
    named = ", ".join(f"{plain(host['hostname'])} ({_state(host)})" for host in rows[:5])
    more = f" and {len(rows) - 5} more" if len(rows) > 5 else ""
    return f"waiting for {named}{more}"


def done(answer: Answer, revision: int | None) -> str:
    """That it is in force, in a sentence."""
    count = answer["counts"]["in-force"]
    what = f"everything up to revision {answer['revision']}" if revision is None else f"revision {answer['revision']}"
    if revision is not None and not count:
        return f"{what} has no effect on any host"
    return f"{what} is in force on {counted(count, 'host')}"


def lacking(host: Answer) -> str:
    """One host that hasn't got it, and what is known of it."""
    who = f"{plain(host['hostname'])} ({host['instance_id']})"
    problems = "".join(f"; problem: {plain(problem)}" for problem in host["problems"])
    return f"{who} {_state(host)}{problems if host['state'] == 'pending' else ''}"


def _state(host: Answer) -> str:
    if host["state"] == "silent":
        if host["last_seen"] is None:
            return "silent, not heard since the server started"
        return f"silent since {datetime.fromtimestamp(host['last_seen'], UTC):%Y-%m-%d %H:%M:%S} UTC"
    has = "nothing" if host["revision"] is None else f"revision {host['revision']}"
    return f"pending, it has {has}"
