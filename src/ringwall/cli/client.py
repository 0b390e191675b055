"""Calls of ringwall's own API, /ringwall/v1, signed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from ringwall.client.call import Client
from ringwall.client.credentials import Credentials
from ringwall.client.errors import ClientError, NoAnswer
from ringwall.client.settings import read_settings
from ringwall.config import is_loopback

from .endpoint import Endpoint
from .screen import harmless

if TYPE_CHECKING:
    import http.client

TIMEOUT_SECONDS: Final = 30


class CallFailed(Exception):
    """The server refused, or couldn't be asked. status: the HTTP status, or None without an answer.

    was_sent: whether any of the request went out.
    """

    def __init__(
        self, text: str, status: int | None = None, body: dict[str, Any] | None = None, *, was_sent: bool = True
    ) -> None:
        super().__init__(text)
        self.status = status
        self.body = body or {}
        self.was_sent = was_sent


def open_client(endpoint: Endpoint) -> Client:
    """A client for a server. The endpoint holds, whatever the environment names; proxies are for other machines' only.

    Raises:
        CallFailed: the environment asks for retries that can't be.
    """
    near = is_loopback(urlsplit(endpoint.url).hostname or "")
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE") and not (near and name.lower().endswith("_proxy"))
    }
    options = {
        "endpoint_url": endpoint.url,
        "region": endpoint.region,
        "ca_bundle": endpoint.ca_bundle and str(endpoint.ca_bundle),
        "cli_connect_timeout": TIMEOUT_SECONDS,
        "cli_read_timeout": TIMEOUT_SECONDS,
    }
    files = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
    key = Credentials(endpoint.access_key_id, endpoint.secret, endpoint.session_token, "endpoint")
    try:
        return Client(read_settings(options, environment | files), credentials=key, is_lost_retried=False)
    except ClientError as error:
        raise CallFailed(f"{error}.".replace("..", "."), was_sent=False) from error


def call(
    endpoint: Endpoint,
    method: str,
    path: str,
    content: dict[str, Any] | None = None,
    query: str = "",
    *,
    is_exact: bool = False,
) -> dict[str, Any]:
    """The JSON answer of one call. query: percent-encoded, without its `?`.

    is_exact: control codes in it stay: whoever asks makes plain what is printed.

    Raises:
        CallFailed: with a sentence that says what happened and what to do.
    """
    body = b"" if content is None else json.dumps(content).encode()
    client = open_client(endpoint)
    try:
        reply = client.exchange(method, path, query, {"Content-Type": "application/json"}, body, service="ringwall")
        told = json.loads(reply.body or b"{}")
        answer = told if is_exact else harmless(told)
    except (ClientError, ValueError, RecursionError) as error:
        raise CallFailed(explained(endpoint, error), was_sent=getattr(error, "was_sent", True)) from error
    if not isinstance(answer, dict):
        raise CallFailed(f"{endpoint.url} gave no answer that can be read ({str(answer)[:80]}). {_advice('', None)}")
    if reply.status >= 300:
        fault = answer.get("error")
        if not isinstance(fault, dict):  # a gateway's words, say
            answer["error"] = fault = {}
        text = f"{fault.get('code', reply.status)}: {fault.get('message', reply.reason)}"
        raise CallFailed(harmless(text), reply.status, answer)
    return answer


def explained(endpoint: Endpoint, error: Exception) -> str:
    """What happened and what to do, in a sentence, when a server gave no answer."""
    if isinstance(error, ClientError) and not isinstance(error, NoAnswer):  # the certificates to trust in
        return f"{'--ca-bundle' if endpoint.ca_bundle else 'AWS_CA_BUNDLE'}: {error}"
    reason = (error.reason or error) if isinstance(error, NoAnswer) else error
    return f"{endpoint.url} gave no answer that can be read ({reason}). {_advice(endpoint.url, reason)}"


def _advice(url: str, reason: Exception | str | None) -> str:
    """What to do about a call without an answer."""
    kind = type(reason).__name__
    if kind == "SSLCertVerificationError":
        return "Give --ca-bundle, or set AWS_CA_BUNDLE to, the server's certificate or one that vouches for it."
    if kind.startswith("SSL"):
        return "If it has no TLS, write http://."
    if url.startswith("http:") and kind in ("Rubbish", "ConnectionResetError"):
        return "If it has TLS, write https://."
    return "Is the server running there?"


def connect(scheme: str, host: str, port: int | None, ca_bundle: Path | None) -> http.client.HTTPConnection:
    """A connection that isn't made yet.

    Raises:
        CallFailed: the bundle can't be read.
    """
    import http.client
    import ssl

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
