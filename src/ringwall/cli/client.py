"""Calls of ringwall's own API, /ringwall/v1, signed."""

from __future__ import annotations

import http.client
import json
import os
import ssl
import time
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from ringwall.sigv4.sign import sign

from .endpoint import Endpoint

TIMEOUT_SECONDS: Final = 30


class CallFailed(Exception):
    """The server refused, or couldn't be asked. status: the HTTP status, or None without an answer."""

    def __init__(self, text: str, status: int | None = None, body: dict[str, Any] | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.body = body or {}


def call(
    endpoint: Endpoint, method: str, path: str, content: dict[str, Any] | None = None, query: str = ""
) -> dict[str, Any]:
    """The JSON answer of one call. query: percent-encoded, without its `?`.

    Raises:
        CallFailed: with a sentence that says what happened and what to do.
    """
    parts = urlsplit(endpoint.url)
    body = b"" if content is None else json.dumps(content).encode()
    given = {"content-type": "application/json"}
    if endpoint.session_token:
        given["x-amz-security-token"] = endpoint.session_token
    headers = sign(
        method=method,
        host=parts.netloc,
        path=path,
        query=query,
        headers=given,
        body=body,
        access_key_id=endpoint.access_key_id,
        secret=endpoint.secret,
        region=endpoint.region,
        service="ringwall",
        now=time.time(),
    )
    connection = connect(parts.scheme, parts.hostname or "", parts.port, endpoint.ca_bundle)
    try:
        connection.request(method, f"{path}?{query}" if query else path, body=body, headers=headers)
        response = connection.getresponse()
        answer = json.loads(response.read() or b"{}")
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise CallFailed(f"{endpoint.url} gave no answer that can be read ({error}). {_advice(error)}") from error
    finally:
        connection.close()
    if response.status >= 300:
        fault = answer.get("error", {})
        text = f"{fault.get('code', response.status)}: {fault.get('message', response.reason)}"
        raise CallFailed(text, response.status, answer)
    return dict(answer)


def _advice(error: Exception) -> str:
    """What to do about a call without an answer."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return "Give --ca-bundle, or set AWS_CA_BUNDLE to, the server's certificate or one that vouches for it."
    if isinstance(error, ssl.SSLError):
        return "If it has no TLS, write http://."
    if isinstance(error, http.client.RemoteDisconnected):
        return "If it has TLS, write https://."
    return "Is the server running there?"


def connect(scheme: str, host: str, port: int | None, ca_bundle: Path | None) -> http.client.HTTPConnection:
    """A connection that isn't made yet.

    Raises:
        CallFailed: the bundle can't be read.
    """
    if scheme == "https":
        said, bundle = "--ca-bundle", str(ca_bundle)
        if ca_bundle is None:
            said, bundle = "AWS_CA_BUNDLE", os.environ.get("AWS_CA_BUNDLE", "")
        try:
            context = ssl.create_default_context(cafile=bundle or None)
        except OSError as error:  # ssl.SSLError is one
            raise CallFailed(f"{said}: {bundle} can't be read as certificates: {error.strerror}.") from error
        return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_SECONDS, context=context)
    return http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
