"""The application: EC2's endpoint at `/`, everything else by Starlette."""

from __future__ import annotations

from typing import Final

from starlette.types import Receive, Scope, Send

from .api import build_api
from .authenticate import RawRequest, peer_of
from .body import BodyTooLarge, BodyTooSlow, ClientGone
from .exchange import Exchange
from .handle import CONTENT_TYPE, Reply, handle
from .protocol import CERTIFIED
from .service import Service

_HEADERS: Final = (
    b"content-type: %b\r\n"
    b"server: AmazonEC2\r\n"
    b"cache-control: no-cache, no-store\r\n"
    b"strict-transport-security: max-age=31536000; includeSubDomains\r\n"
    b"vary: accept-encoding\r\n"
) % CONTENT_TYPE


class Application:
    """What uvicorn calls for each request, and the endpoint that `BoundedProtocol` calls for those for `/`."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._api = build_api(service)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request for anything beside `/`."""
        await self._api(scope, receive, send)

    async def endpoint(self, exchange: Exchange) -> None:
        """Serves one request of the EC2 Query API or of STS."""
        received_at = self._service.clock()
        try:
            body = await exchange.read_body()
        except (BodyTooLarge, BodyTooSlow) as error:
            await _refuse(exchange, 413 if isinstance(error, BodyTooLarge) else 408, str(error))
            return
        except ClientGone:
            return
        scope = exchange.scope
        request = RawRequest(
            scope["method"],
            b"/",
            scope["query_string"],
            scope["headers"],  # type: ignore[arg-type]  # a list, always
            body,
            received_at,
            peer_of(scope),
            scope["state"].get(CERTIFIED),
        )
        reply = await handle(self._service, request)
        await exchange.answer(reply.status, _headers(reply), reply.body)


def _headers(reply: Reply) -> bytes:
    """Source: ec2-behaviour 1.4; the revision is ringwall's own."""
    size = sum(map(len, reply.body))
    headers = b"%bx-amzn-requestid: %b\r\ncontent-length: %d\r\n" % (_HEADERS, reply.request_id.encode(), size)
    return headers if reply.revision is None else b"%bringwall-revision: %d\r\n" % (headers, reply.revision)


async def _refuse(exchange: Exchange, status: int, text: str) -> None:
    """Answers a request that isn't read to its end, and closes the connection, which can't be used any more."""
    body = text.encode() + b"\n"
    exchange.keep_alive = False
    headers = b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n" % len(body)
    await exchange.answer(status, headers, [body])
