"""Everything beside EC2's endpoint: health, metrics, and ringwall's own API under /ringwall/v1, in JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from ringwall.domain.caller import Caller
from ringwall.domain.errors import (
    InternalError,
    InvalidParameterValue,
    ServiceError,
    ServiceUnavailable,
    UnauthorizedOperation,
)
from ringwall.operations.hosts import InvalidToken
from ringwall.operations.trail import Deed
from ringwall.store.base import Unavailable
from ringwall.telemetry import LOG
from ringwall.wire.fault import CLIENT_ERROR, STATUSES

from . import decisions, iam_api, trail_api
from .agent_certificates import check_certificate, measure, renew_certificate
from .api_needs import Asked, api_needs
from .attachments import attach_interface, detach_interface
from .authenticate import RINGWALL_SERVICES, RawRequest, authenticate, peer_of, told_after_failing
from .authorize import Gate
from .body import BodyTooLarge, BodyTooSlow, ClientGone, read_body
from .call import Call, deed_of
from .changes import show_change, show_changes
from .drains import end, list_draining, revoke
from .hosts import (
    create_token,
    enroll,
    list_hosts,
    remove_host,
    report,
    set_mode,
    show_host,
    take_answer,
    update_addresses,
)
from .openapi import DOCUMENT
from .protocol import CERTIFIED
from .rule_changes import change_rules
from .rule_use import show_flows, show_group_usage, show_rule_usage
from .service import Service, new_request_id
from .watch_endpoint import watch

Content = dict[str, Any]
REQUEST_ID: Final = "x-amzn-requestid"
Endpoint = Callable[[Service, Call], Awaitable[Response]]

ROUTES: Final[tuple[tuple[str, str, str, Endpoint], ...]] = (
    ("POST", "/ringwall/v1/enrolment-tokens", "CreateEnrolmentToken", create_token),
    ("GET", "/ringwall/v1/hosts", "ListHosts", list_hosts),
    ("GET", "/ringwall/v1/hosts/{host}", "ShowHost", show_host),
    ("PUT", "/ringwall/v1/hosts/{host}/mode", "SetHostMode", set_mode),
    ("DELETE", "/ringwall/v1/hosts/{host}", "RemoveHost", remove_host),
    ("POST", "/ringwall/v1/hosts/{host}/interfaces", "AttachInterface", attach_interface),
    ("DELETE", "/ringwall/v1/hosts/{host}/interfaces/{interface}", "DetachInterface", detach_interface),
    ("POST", "/ringwall/v1/groups/{group}/revoke", "RevokeRules", revoke),
    ("GET", "/ringwall/v1/draining", "ListDraining", list_draining),
    ("DELETE", "/ringwall/v1/draining/{rule}", "EndDraining", end),
    ("POST", "/ringwall/v1/changes", "ChangeRules", change_rules),
    ("GET", "/ringwall/v1/changes", "ShowChange", show_changes),
    ("GET", "/ringwall/v1/changes/{revision}", "ShowChange", show_change),
    ("GET", "/ringwall/v1/rules/{rule}/flows", "ShowRuleFlows", show_flows),
    ("GET", "/ringwall/v1/rules/{rule}/usage", "ShowUsage", show_rule_usage),
    ("GET", "/ringwall/v1/groups/{group}/usage", "ShowUsage", show_group_usage),
    ("GET", "/ringwall/v1/watch", "Watch", watch),
    ("POST", "/ringwall/v1/report", "Report", report),
    ("POST", "/ringwall/v1/answers/{question}", "Report", take_answer),
    ("POST", "/ringwall/v1/addresses", "Report", update_addresses),
    ("POST", "/ringwall/v1/certificate", "Report", renew_certificate),
    *iam_api.ROUTES,
    *decisions.ROUTES,
    *trail_api.ROUTES,
)
"""Method, path, action and function of everything that needs a signature, with the service name `ringwall`."""


def build_api(service: Service) -> Starlette:
    """The application beside the EC2 endpoint."""

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_: Request) -> Response:
        try:
            revision = service.store.read(lambda reader: reader.revision())
        except Unavailable as error:
            return PlainTextResponse(f"the store is unavailable: {error}\n", 503)
        if not service.accepting:
            return PlainTextResponse("stopping\n", 503)
        note = ""
        if service.certificates is not None and service.certificates.broken is not None:
            note = "the new TLS certificate or key can't be used, the old ones are; see the log\n"
        return PlainTextResponse(f"ready at revision {revision}\n{note}")

    async def metrics(request: Request) -> Response:
        return await _guarded(lambda: _metrics(request), new_request_id())

    async def _metrics(request: Request) -> Response:
        if not service.config.metrics_open:
            raw = await _raw(service, request)
            caller = authenticate(service, raw, RINGWALL_SERVICES)
            await _gate(service, "ReadMetrics", caller, raw, {}, {}, {}).look()
            if caller.account_id != service.root.account_id:
                raise UnauthorizedOperation("Metrics count all accounts, and are for the server's own.")
        service.metrics.gauge("ringwall_revision", service.store.read(lambda reader: reader.revision()))
        service.metrics.gauge("ringwall_watchers", service.hub.watchers)
        measure(service)
        service.metrics.gauge("ringwall_hosts_reporting", service.hub.reporting)
        return PlainTextResponse(service.metrics.text(), media_type="text/plain; version=0.0.4")

    async def openapi(_: Request) -> Response:
        return JSONResponse(DOCUMENT)

    async def enrol(request: Request) -> Response:
        request_id = new_request_id()
        return await _guarded(lambda: _enroll(service, request, request_id), request_id)

    routes = [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics),
        Route("/ringwall/v1/openapi.json", openapi),
        Route("/ringwall/v1/enroll", enrol, methods=["POST"]),
    ]
    for method, path, action, endpoint in ROUTES:
        routes.append(Route(path, _signed(service, action, endpoint), methods=[method]))
    application = Starlette(routes=routes)
    # `/healthz/` is nothing; a redirect would send the client to whatever its Host header says.
    application.router.redirect_slashes = False
    return application


def _signed(service: Service, action: str, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint behind the same gate as EC2's: authenticated, authorized, its JSON parsed, its refusals worded."""

    async def answer(request: Request) -> Response:
        request_id = new_request_id()
        deed: Deed | None = None

        async def run() -> Response:
            nonlocal deed
            raw = await _raw(service, request)
            caller = authenticate(service, raw, RINGWALL_SERVICES)
            deed = deed_of(action, caller, raw, request_id, request.path_params)
            check_certificate(service, caller, raw)
            content = _content(raw.body)
            if caller.host_id is None:  # what an account asks must not keep its hosts from being heard
                writes = request.method not in ("GET", "HEAD")
                service.throttle.admit(caller, action, content, writes=writes, service="ringwall")
            gate = _gate(service, action, caller, raw, request.path_params, request.query_params, content)
            await gate.look()  # and again where it is written
            deed = deed_of(action, caller, raw, request_id, {**content, **request.path_params})
            call = Call(
                caller,
                raw.body,
                content,
                request.path_params,
                request.query_params,
                deed,
                gate,
                raw.certified is not None,
            )
            return await endpoint(service, call)

        def told(error: ServiceError) -> None:
            if deed is not None:
                service.trail.refuse(deed, error)

        return await _guarded(run, request_id, told)

    return answer


def _gate(
    service: Service,
    action: str,
    caller: Caller,
    raw: RawRequest,
    path: Content,
    query: Mapping[str, str],
    content: Content,
) -> Gate:
    return Gate(
        service,
        caller,
        raw,
        f"ringwall:{action}",
        lambda reader: api_needs(action, Asked(reader, caller, path, query, content)),
    )


async def _enroll(service: Service, request: Request, request_id: str) -> Response:
    """Enrolment carries no signature: the token is the proof."""
    raw = await _raw(service, request)
    try:
        return await enroll(service, _content(raw.body), raw, request_id)
    except InvalidToken as error:
        raise told_after_failing(service, raw.peer, error) from error


async def _guarded(
    run: Callable[[], Awaitable[Response]], request_id: str, told: Callable[[ServiceError], None] = lambda _: None
) -> Response:
    """What `run` answers, or its refusal in JSON. told: of each refusal."""
    try:
        response = await run()
    except ServiceError as error:
        told(error)
        return _fault(error, request_id)
    except (BodyTooLarge, BodyTooSlow) as error:
        status = 413 if isinstance(error, BodyTooLarge) else 408
        return PlainTextResponse(f"{error}\n", status, headers={"connection": "close"})
    except ClientGone:
        return Response(status_code=400)
    except Unavailable as error:
        LOG.error("%s: the store: %s", request_id, error)
        return _fault(ServiceUnavailable(), request_id)
    except Exception:
        LOG.exception("%s: internal error", request_id)
        told(InternalError())
        return _fault(InternalError(), request_id)
    response.headers[REQUEST_ID] = request_id
    return response


def _fault(error: ServiceError, request_id: str) -> Response:
    content: Content = {"error": {"code": error.code, "message": error.message}, "request_id": request_id}
    content.update(getattr(error, "details", {}))
    return JSONResponse(content, STATUSES.get(error.code, CLIENT_ERROR), {REQUEST_ID: request_id})


async def _raw(service: Service, request: Request) -> RawRequest:
    received_at = service.clock()
    body = await read_body(request.receive)
    scope = request.scope
    path, certified = scope["raw_path"].partition(b"?")[0], scope.get("state", {}).get(CERTIFIED)
    parts = (request.method, path, scope["query_string"], scope["headers"], body)
    return RawRequest(*parts, received_at, peer_of(scope), certified)


def _content(body: bytes) -> Content:
    """The object in a JSON body.

    What is taken here gets into the trail, so it is JSON for everybody: UTF-8 alone, whose characters are text, and
    numbers that JSON has. Python's reader would take more, and no other would read the trail after that.
    """
    if not body:
        return {}
    try:
        content = json.loads(body.decode(), parse_constant=_no_number, parse_float=_finite)
        if b"\\ud" in body.lower():
            # JSON can spell half of a surrogate pair, which is no text: neither UTF-8 nor the store can hold it.
            json.dumps(content, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise InvalidParameterValue(f"The body is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise InvalidParameterValue("The body must be a JSON object.")
    return content


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number.")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large.")
    return number
