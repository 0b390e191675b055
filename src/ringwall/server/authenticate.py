"""From the raw bytes of a request to the caller who signed it."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ringwall.domain.caller import Caller
from ringwall.domain.errors import AuthFailure, ExpiredToken, RequestLimitExceeded, ServiceError
from ringwall.sigv4.verify import parse_authentication, verify
from ringwall.sigv4.version_2 import is_version_2, parse_version_2, verify_version_2

from .service import Service

RINGWALL_SERVICES: Final = frozenset({"ringwall"})
"""The service in the scope of requests to /ringwall/v1."""

_REGION_SHAPED: Final = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request as it came, whole.

    path: percent-encoded. query: without the `?`. headers: names in any casing, in order. received_at: Unix seconds.
    peer: the address that the connection came from. certified: the host whose certificate the connection has shown.
    """

    method: str
    path: bytes
    query: bytes
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes
    received_at: float
    peer: str = ""
    certified: str | None = None

    @property
    def user_agent(self) -> str:
        """What the client calls itself; bytes that aren't UTF-8 are replaced."""
        for name, value in self.headers:
            if name.lower() == b"user-agent":
                return value.decode("utf-8", "replace")
        return ""


def peer_of(scope: Mapping[str, Any]) -> str:
    """The address that a request's connection came from; empty where the server wasn't told."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def authenticate(service: Service, request: RawRequest, services: Container[str] | None = None) -> Caller:
    """The caller whose key signed exactly this request.

    services: those that the credential scope may name; None takes any, as old clients make up theirs. Only there may
    Signature Version 2 be used, which names no service.

    Raises:
        ServiceError: one of the refusals of `sigv4.verify` or `sigv4.version_2`, or AuthFailure for a region that
            isn't served; RequestLimitExceeded in place of any of them, as `told_after_failing`.
    """
    try:
        return _caller(service, request, services)
    except ServiceError as error:
        raise told_after_failing(service, request.peer, error) from error


def told_after_failing(service: Service, peer: str, refusal: ServiceError) -> ServiceError:
    """What an address is told that has just failed to prove a key or a token: why, unless it fails too often.

    Then it is RequestLimitExceeded, whatever the reason.
    """
    service.metrics.count("ringwall_authentication_failures_total")
    service.trail.fail(peer, refusal.code)
    if service.failures.admit(peer):
        return refusal
    service.metrics.count("ringwall_authentication_failures_limited_total")
    return RequestLimitExceeded()


def _caller(service: Service, request: RawRequest, services: Container[str] | None) -> Caller:
    access_key_id, session_token, scope_region, verify_with = _claim(service, request, services)
    known = service.principals.find(access_key_id, session_token)
    try:
        verify_with(known.secret if known else None)
    except ServiceError:
        if known is not None and known.kept:
            service.principals.look_up(access_key_id)  # what a key that isn't known has cost
        raise
    assert known is not None, "verify refuses a key that isn't there"
    if known.expires_at is not None and request.received_at >= known.expires_at:
        raise ExpiredToken
    region = region_of(service, scope_region)
    if known.region not in (None, region):
        raise AuthFailure
    service.principals.note_use(known, request.peer)
    return known.caller_in(region)


def _claim(
    service: Service, request: RawRequest, services: Container[str] | None
) -> tuple[str, str | None, str, Callable[[str | None], None]]:
    """The access key that is named, with its session token, the region of the scope, and what verifies the signature.

    Signature Version 2 has no scope: such a request means the server's own region.
    """
    parts = (request.method, request.path, request.query, request.headers, request.body)
    if services is None and service.config.allow_sigv2 and is_version_2(request.query, request.headers, request.body):
        old = parse_version_2(*parts)
        return (
            old.access_key_id,
            None,
            service.config.region,
            lambda secret: verify_version_2(old, secret, request.received_at),
        )
    signed = parse_authentication(*parts)
    return (
        signed.access_key_id,
        signed.session_token,
        signed.region,
        lambda secret: verify(signed, secret, request.received_at, services),
    )


def region_of(service: Service, scope_region: str) -> str:
    """The region that a credential scope means: itself if it is served, the server's own if it is no region at all.

    Raises:
        AuthFailure: it has the form of a region but isn't one of those served.
    """
    if scope_region in service.regions:
        return scope_region
    if _REGION_SHAPED.fullmatch(scope_region):
        raise AuthFailure
    return service.config.region
