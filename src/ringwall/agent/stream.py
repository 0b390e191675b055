"""The watch stream: the server's messages, one after the other, for as long as the connection lasts."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from contextlib import aclosing
from typing import Final
from urllib.parse import quote, urlencode

from ringwall.watch.encoding import MalformedMessage, decode
from ringwall.watch.messages import HEARTBEAT_SECONDS, MESSAGE_BYTES_MAX, Message, Position

from .errors import NoMessage, StreamLost
from .server import AgentKey, Server

WATCH_PATH: Final = "/ringwall/v1/watch"
REPORT_PATH: Final = "/ringwall/v1/report"
ANSWERS_PATH: Final = "/ringwall/v1/answers"
ADDRESSES_PATH: Final = "/ringwall/v1/addresses"
ENROLL_PATH: Final = "/ringwall/v1/enroll"
HEALTH_PATH: Final = "/healthz"

SILENCE_SECONDS_MAX: Final = 3 * HEARTBEAT_SECONDS
RETRY_SECONDS_FIRST: Final = 0.25
RETRY_SECONDS_MAX: Final = 30.0


async def watch(
    server: Server,
    key: AgentKey,
    after: Position | None,
    answers: Iterable[str] = (),
    *,
    silence_seconds_max: float = SILENCE_SECONDS_MAX,
) -> AsyncGenerator[Message, None]:
    """The messages of one connection. after: what the host has, so that the server knows.

    answers: the kinds of questions that the server may put.

    Raises:
        StreamLost: the connection ended or was silent for too long.
        NoMessage: it carried something that is no message.
        ServerRefused: the server didn't let the agent watch.
    """
    query = {"answers": ".".join(sorted(answers))} if answers else {}
    if server.url.scheme == "https":
        query["pins"] = ".".join(server.pins)
    if after is not None:
        query |= {"epoch": str(after.epoch), "revision": str(after.revision), "store_id": after.store_id}
    exchange = server.exchange(
        "GET", WATCH_PATH, urlencode(query, quote_via=quote, safe=""), {}, b"", key, silence_seconds_max
    )
    async with exchange as chunks, aclosing(lines(chunks)) as received:
        async for line in received:
            try:
                message = decode(line)
            except MalformedMessage as error:
                raise NoMessage(f"The server sent what is no message: {error}") from error
            yield message
    raise StreamLost("the server ended the stream")


async def lines(chunks: AsyncIterator[bytes], bytes_max: int = MESSAGE_BYTES_MAX) -> AsyncGenerator[bytes, None]:
    """The lines that the pieces make, without their newlines; what follows the last newline is not a line yet.

    Raises:
        NoMessage: a line is longer than `bytes_max`.
    """
    held = bytearray()
    async for chunk in chunks:
        searched = len(held)
        held += chunk
        start = 0
        while (end := held.find(b"\n", max(start, searched))) >= 0:
            if end - start > bytes_max:
                break
            yield bytes(held[start:end])
            start = end + 1
        del held[:start]
        if len(held) > bytes_max:
            raise NoMessage(f"The server sent what is no message: it is longer than {bytes_max} bytes")


def retry_delays(uniform: random.Random) -> Iterator[float]:
    """Seconds to wait before each attempt to connect again: growing, bounded, and different on each host.

    Many hosts lose one server at the same moment; the jitter keeps them from coming back at the same moment.
    """
    seconds = RETRY_SECONDS_FIRST
    while True:
        yield uniform.uniform(seconds / 2, seconds)
        seconds = min(2 * seconds, RETRY_SECONDS_MAX)
