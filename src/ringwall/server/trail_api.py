"""The endpoints of /ringwall/v1 that show the trail, and follow its chain.

An account is shown its own events. The server's own account may see those of all accounts, and what belongs to none;
only it may follow the chain, which is one for all.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from ringwall.domain.errors import InvalidParameterValue, UnauthorizedOperation
from ringwall.operations import trail_read
from ringwall.operations.trail import head_in_words, parsed_head
from ringwall.store.base import Reader
from ringwall.store.principals_base import TrailHead

from .call import Call
from .service import Service
from .trail import LABEL

Content = dict[str, Any]
Endpoint = Callable[[Service, Call], Awaitable[Response]]

LIMIT: Final = 50
"""So many events are answered, unless `limit` says otherwise."""
_NUMBER: Final = re.compile("[0-9]{1,15}")
_RESOURCE: Final = re.compile("[a-z-]{1,16}-[0-9a-f]{1,32}")


async def show_events(service: Service, call: Call) -> Response:
    """Events, newest first; with `after` or `since`, oldest first; with `about`, those that name a resource."""
    account, limit = _account(service, call), min(_number(call, "limit", LIMIT), trail_read.PAGE_MAX)

    def look(reader: Reader) -> list[Content]:
        if "about" in call.query:
            about = call.query["about"]
            if _RESOURCE.fullmatch(about) is None:
                raise InvalidParameterValue(f"'about' is the id of a resource, not '{about[:64]}'.")
            return trail_read.about(reader, call.caller.account_id, about, limit)
        if "since" in call.query or "after" in call.query:
            after = _number(call, "after", 0)
            if "since" in call.query:
                after = max(after, trail_read.before_time(reader, _time("since", call.query["since"])))
            return trail_read.page(reader, account, after, limit)
        before = _number(call, "before", 0) if "before" in call.query else None
        return trail_read.last(reader, account, before, limit)

    return JSONResponse({"events": await service.store.read_in_thread(look)})


async def show_blame(service: Service, call: Call) -> Response:
    """The rules of a group, each with the event that made it what it is."""
    place = (call.caller.account_id, call.caller.region, call.path["group"])
    rules = await service.store.read_in_thread(lambda reader: trail_read.blame(reader, *place))
    return JSONResponse({"group_id": call.path["group"], "rules": rules})


async def show_head(service: Service, call: Call) -> Response:
    """The last event's number and code: to be kept elsewhere, and compared with later."""
    _whole(service, call)
    head = service.store.read(lambda reader: reader.trail_head())
    return JSONResponse({"head": head_in_words(head)})


async def verify(service: Service, call: Call) -> Response:
    """Follows the chain from its start, or from the event `after`, for so many events; `end` says whether that is all.

    head: one of former times, that the trail must still have.
    """
    _whole(service, call)
    after = _number(call, "after", 0) if "after" in call.query else None
    kept = [_head(call.query["head"])] if "head" in call.query else []
    is_mac = service.keyring.is_mac
    verdict = await service.store.read_in_thread(
        lambda reader: trail_read.follow(
            reader,
            lambda code, link: is_mac(code, LABEL, link),
            after,
            kept,
            vouched=call.query.get("vouched") == "true",
        )
    )
    return JSONResponse(
        {
            "checked": verdict.checked,
            "head": head_in_words(verdict.head),
            "through": verdict.head.number,
            "end": verdict.is_end,
            "vouched": verdict.vouched,
            "problems": verdict.problems,
        }
    )


def _account(service: Service, call: Call) -> str | None:
    if call.query.get("accounts") == "all":
        _whole(service, call)
        return None
    return call.caller.account_id


def _whole(service: Service, call: Call) -> None:
    if call.caller.account_id != service.root.account_id:
        raise UnauthorizedOperation("The whole trail is for the server's own account.")


def _number(call: Call, name: str, default: int) -> int:
    text = call.query.get(name)
    if text is None:
        return default
    if _NUMBER.fullmatch(text) is None:
        raise InvalidParameterValue(f"'{name}' is a whole number, not '{text[:64]}'.")
    return int(text)


def _time(name: str, text: str) -> float:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidParameterValue(f"'{name}' is a time such as 2026-05-21T07:02:38Z, not '{text[:64]}'.") from error
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _head(text: str) -> TrailHead:
    try:
        return parsed_head(text)
    except ValueError as error:
        raise InvalidParameterValue(f"'head' is NUMBER:CODE, not '{text[:64]}'.") from error


ROUTES: Final[tuple[tuple[str, str, str, Endpoint], ...]] = (
    ("GET", "/ringwall/v1/trail", "ReadTrail", show_events),
    ("GET", "/ringwall/v1/trail/head", "VerifyTrail", show_head),
    ("GET", "/ringwall/v1/trail/verification", "VerifyTrail", verify),
    ("GET", "/ringwall/v1/groups/{group}/blame", "ReadTrail", show_blame),
)
"""Method, path, action and function, for `api.ROUTES`."""
