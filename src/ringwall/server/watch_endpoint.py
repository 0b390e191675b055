"""The stream that a host's agent watches: JSON lines, a snapshot and then what changes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Final

from starlette.responses import Response, StreamingResponse

from ringwall.domain.errors import InvalidParameterValue, UnauthorizedOperation
from ringwall.watch.certificates import PINS_MAX
from ringwall.watch.encoding import encode
from ringwall.watch.messages import Position

from .call import Call
from .service import Service

ANSWERS_MAX: Final = 32
"""An agent says of at most so many kinds of questions that it knows them."""


async def watch(service: Service, call: Call) -> Response:
    """The stream of the calling agent's own host.

    Raises:
        UnauthorizedOperation: the caller is no host's agent.
    """
    if call.caller.host_id is None:
        raise UnauthorizedOperation("Only a host's agent can watch, with the host's own key.")
    host_id, after = call.caller.host_id, _position(call)
    answers = frozenset(call.query.get("answers", "").split(".", ANSWERS_MAX)[:ANSWERS_MAX])

    named = call.query.get("pins")
    pins = None if named is None else frozenset(filter(None, named.split(".", PINS_MAX)[:PINS_MAX]))

    async def lines() -> AsyncIterator[bytes]:
        stream = service.pins.streaming(host_id, pins, answers, certified=call.certified)
        with stream:
            async with aclosing(service.hub.watch(host_id, after, answers)) as messages:
                async for message in messages:
                    yield encode(message)
                    service.pins.tell(host_id)

    return StreamingResponse(lines(), media_type="application/x-ndjson", headers={"cache-control": "no-store"})


def _position(call: Call) -> Position | None:
    """Where the agent is, as it says."""
    query = call.query
    if "store_id" not in query:
        return None
    try:
        return Position(query["store_id"], int(query["epoch"]), int(query["revision"]))
    except (KeyError, ValueError) as error:
        raise InvalidParameterValue("store_id, epoch and revision go together, the latter two as numbers.") from error
