"""The ASGI application: EC2's endpoint at `/` as a raw callable, everything else by Starlette."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.types import Receive, Scope, Send

from .api import build_api
from .authenticate import RawRequest, peer_of
from .body import BodyTooLarge, BodyTooSlow, ClientGone, read_body
from .handle import CONTENT_TYPE, Reply, handle
from .protocol import CERTIFIED
from .service import Service

_HEADERS: Final = [
    (b"content-type", CONTENT_TYPE),
    (b"server", b"AmazonEC2"),
    (b"cache-control", b"no-cache, no-store"),
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains"),
    (b"vary", b"accept-encoding"),
]


class Application:
    """What uvicorn calls for each request."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._api = build_api(service)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request. Source of the EC2 headers: ec2-behaviour 1.4."""
        if scope["type"] != "http" or scope["path"] != "/":
            await self._api(scope, receive, send)
            return
        received_at = self._service.clock()
        try:
            body = await read_body(receive)
        except (BodyTooLarge, BodyTooSlow) as error:
            await _refuse(send, 413 if isinstance(error, BodyTooLarge) else 408, str(error))
            return
        except ClientGone:
            return
        path, query = scope["raw_path"].partition(b"?")[0], scope["query_string"]
        certified = scope.get("state", {}).get(CERTIFIED)
        request = RawRequest(
            scope["method"], path, query, scope["headers"], body, received_at, peer_of(scope), certified
        )
        await _answer(send, await handle(self._service, request))


async def _answer(send: Send, reply: Reply) -> None:
    headers = [
        *_HEADERS,
        (b"x-amzn-requestid", reply.request_id.encode()),
        (b"content-length", str(sum(map(len, reply.body))).encode()),
    ]
    if reply.revision is not None:
        headers.append((b"ringwall-revision", str(reply.revision).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    parts = reply.body
    parts.reverse()  # to let go of each part as soon as it is written
    while len(parts) > 1:
        await send({"type": "http.response.body", "body": parts.pop(), "more_body": True})
        await asyncio.sleep(0)  # a client that reads quickly would keep the loop until the last part
    await send({"type": "http.response.body", "body": parts[0]})


async def _refuse(send: Send, status: int, text: str) -> None:
    """Answers a request that isn't read to its end, and closes the connection, which can't be used any more."""
    body = text.encode() + b"\n"
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
