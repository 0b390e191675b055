"""What every human word asks a server by: one open session, for EC2's operations and for ringwall's own API."""

from __future__ import annotations

import http.client
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

from ringwall.cli.client import CallFailed, call, connect
from ringwall.cli.endpoint import Endpoint, add_endpoint_arguments, find_endpoint
from ringwall.sigv4.sign import sign
from ringwall.wire import shapes

if TYPE_CHECKING:
    import argparse

API_VERSION = "2016-11-15"


class Refused(Exception):
    """The server understood, and said no. code: EC2's or ringwall's own, such as `InvalidPermission.NotFound`.

    body: what ringwall's own API answered beside its code and message; empty for EC2's operations.
    """

    def __init__(self, code: str, message: str, body: dict[str, Any] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.body = body or {}


class LostAnswer(Exception):
    """No answer that can be read. was_sent: whether the server may have done what was asked, so that it must be asked.

    The text says what happened and what to do.
    """

    def __init__(self, text: str, *, was_sent: bool) -> None:
        super().__init__(text)
        self.was_sent = was_sent


class Session:
    """A server, the region to act in, and a key."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self.revision: int | None = None
        """What the last of EC2's operations was stored under, if it changed anything (header Ringwall-Revision)."""

    @property
    def url(self) -> str:
        """The server's URL."""
        return self._endpoint.url

    @property
    def region(self) -> str:
        """The region that is acted in."""
        return self._endpoint.region

    def ec2(self, operation: str, /, **parameters: Any) -> dict[str, Any]:
        """The answer of one of EC2's operations, or STS's; parameters and answer have botocore's member names.

        Raises:
            Refused, LostAnswer.
        """
        service, structure, result = shapes.OPERATIONS[operation]
        pairs = [("Action", operation), ("Version", "2011-06-15" if service == "sts" else API_VERSION)]
        _flatten(structure, parameters, "", pairs)
        status, document = self._exchange(service, urlencode(pairs).encode())
        if status >= 300:
            raise Refused(document.findtext(".//{*}Code") or str(status), document.findtext(".//{*}Message") or "")
        found = document.find(f"{{*}}{operation}Result") if service == "sts" else document
        return {} if result is None or found is None else _structure(result, found)

    def every(self, operation: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """The items of a description's one list, of all its pages.

        Raises:
            Refused, LostAnswer.
        """
        _, _, result = shapes.OPERATIONS[operation]
        (member,) = [name for name, (_, kind) in shapes.OUTPUTS[result or ""].items() if kind.startswith("[")]
        items: list[dict[str, Any]] = []
        while True:
            answer = self.ec2(operation, **parameters)
            items += answer.get(member, [])
            if not answer.get("NextToken"):
                return items
            parameters["NextToken"] = answer["NextToken"]

    def own(self, method: str, path: str, content: dict[str, Any] | None = None, query: str = "") -> dict[str, Any]:
        """The answer of one call of ringwall's own API. path: such as `/ringwall/v1/hosts`. query: percent-encoded.

        Raises:
            Refused, LostAnswer.
        """
        try:
            return call(self._endpoint, method, path, content, query)
        except CallFailed as error:
            if error.status is None:
                raise LostAnswer(str(error), was_sent=True) from error
            fault = error.body.get("error", {})
            code, message = fault.get("code", str(error.status)), fault.get("message", str(error))
            raise Refused(code, message, error.body) from error

    def _exchange(self, service: str, body: bytes) -> tuple[int, ElementTree.Element]:
        endpoint = self._endpoint
        parts = urlsplit(endpoint.url)
        given = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
        if endpoint.session_token:
            given["x-amz-security-token"] = endpoint.session_token
        headers = sign(
            "POST", parts.netloc, "/", "", given, body, endpoint.access_key_id, endpoint.secret, endpoint.region,
            service, time.time(),
        )  # fmt: skip
        connection = connect(parts.scheme, parts.hostname or "", parts.port, endpoint.ca_bundle)
        was_sent = False
        try:
            connection.connect()
            was_sent = True
            connection.request("POST", "/", body=body, headers=headers)
            response = connection.getresponse()
            told = response.getheader("Ringwall-Revision", "")
            self.revision = int(told) if told.isascii() and told.isdigit() else None
            return response.status, ElementTree.fromstring(response.read())
        except (OSError, http.client.HTTPException, ElementTree.ParseError) as error:
            text = f"{endpoint.url} gave no answer that can be read ({error})."
            raise LostAnswer(text, was_sent=was_sent) from error
        finally:
            connection.close()


def add_session_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that `open_session` is given: `--profile --data --server/--endpoint-url --region --ca-bundle`."""
    add_endpoint_arguments(parser)


def open_session(options: argparse.Namespace) -> Session:
    """The session that the options, the environment, a profile or the data directory mean; nothing is sent yet.

    Raises:
        ConfigurationError: no key is known, or the URL isn't one; in a sentence that says what to do.
    """
    return Session(find_endpoint(options.data, options.server, options.region, options.ca_bundle))


def _flatten(structure: str, value: dict[str, Any], before: str, into: list[tuple[str, str]]) -> None:
    """The parameters of a structure, as the query spells them."""
    wire = {member: (name, kind) for name, (member, kind) in shapes.INPUTS[structure].items()}
    for member, child in value.items():
        name, kind = wire[member]
        items = [(f"{name}.{number}", each) for number, each in enumerate(child, 1)] if kind[0] == "[" else None
        for key, each in items if items is not None else [(name, child)]:
            if isinstance(each, dict):
                _flatten(kind.strip("[]"), each, f"{before}{key}.", into)
            else:
                text = str(each).lower() if isinstance(each, bool) else str(each)
                into.append((f"{before}{key}", text))


def _structure(structure: str, element: ElementTree.Element) -> dict[str, Any]:
    """The members that an element has."""
    found: dict[str, Any] = {}
    for member, (name, kind) in shapes.OUTPUTS[structure].items():
        child = element.find(f"{{*}}{name}")
        if child is not None:
            found[member] = [_value(kind[1:-1], item) for item in child] if kind[0] == "[" else _value(kind, child)
    return found


def _value(kind: str, element: ElementTree.Element) -> Any:
    if kind in shapes.OUTPUTS:
        return _structure(kind, element)
    text = element.text or ""
    if kind in ("integer", "long"):
        return int(text)
    return text == "true" if kind == "boolean" else text
