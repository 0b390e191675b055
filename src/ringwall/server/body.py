"""The body of a request, read whole, within bounds of size, time and memory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

BODY_BYTES_MAX: Final = 1 << 20
BODY_SECONDS: Final = 30.0
WAITING_BYTES_MAX: Final = 64 << 20
"""How much of unfinished bodies all connections together may hold."""

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class BodyTooLarge(Exception):
    """The body is larger than it may be. Nothing more of it should be read; the answer is 413."""


class BodyTooSlow(Exception):
    """The body didn't arrive in time, or too many others are arriving just as slowly; the answer is 408."""


class ClientGone(Exception):
    """The client closed the connection before its request was complete; there is nobody to answer."""


class _Waiting:
    """The bytes of unfinished bodies held in this process."""

    total = 0


async def read_body(receive: Receive, limit: int = BODY_BYTES_MAX, timeout_seconds: float = BODY_SECONDS) -> bytes:
    """The whole body of an ASGI request.

    A body that is there already, as nearly all are, costs no timer. One that comes in pieces has `timeout_seconds` from
    its first piece; until that, `BoundedProtocol.request_seconds` bounds the wait.

    Raises:
        BodyTooLarge: more than `limit` bytes. BodyTooSlow: not complete in time. ClientGone: the connection closed.
    """
    body, is_whole = await _piece(receive)
    if len(body) > limit:
        raise BodyTooLarge(f"The body of a request may have at most {limit} bytes.")
    if is_whole:
        return body
    try:
        async with asyncio.timeout(timeout_seconds):
            return await _rest(receive, body, limit)
    except TimeoutError as error:
        raise BodyTooSlow(f"The body of the request didn't arrive within {timeout_seconds:g} seconds.") from error


async def _rest(receive: Receive, first: bytes, limit: int) -> bytes:
    body, counted = bytearray(first), 0
    try:
        while True:
            _Waiting.total += len(body) - counted
            counted = len(body)
            if counted > limit:
                raise BodyTooLarge(f"The body of a request may have at most {limit} bytes.")
            if _Waiting.total > WAITING_BYTES_MAX:
                raise BodyTooSlow("Too many requests are arriving in pieces; try again.")
            piece, is_whole = await _piece(receive)
            body += piece
            if is_whole and len(body) <= limit:
                return bytes(body)
    finally:
        _Waiting.total -= counted


async def _piece(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] != "http.request":
        raise ClientGone
    return message.get("body", b""), not message.get("more_body", False)
