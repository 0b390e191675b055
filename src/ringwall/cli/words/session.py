"""What every human word asks a server by: one open session, for EC2's operations and for ringwall's own API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ringwall.cli.client import CallFailed, call, explained, open_client
from ringwall.cli.endpoint import Endpoint, add_endpoint_arguments, find_endpoint
from ringwall.cli.screen import harmless
from ringwall.client.call import FORM, UNKNOWN_OUTCOMES
from ringwall.client.errors import ClientError, NoAnswer, ServiceFault
from ringwall.client.model import OPERATIONS, STRUCTURES
from ringwall.config import ConfigurationError

if TYPE_CHECKING:
    import argparse

NO_ANSWER = (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError)
"""What it comes to where an answer hasn't the form that ringwall's have: something else answered."""


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
        self._client = open_client(endpoint)
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
        self.revision = None
        if operation == "GetCallerIdentity":
            return self._identity()
        try:
            answer = self._client.call(operation, parameters)
        except ServiceFault as fault:
            if fault.status in UNKNOWN_OUTCOMES:
                raise _unknown(self._endpoint, f"{fault.code}: {fault.message}") from fault
            raise Refused(fault.code, fault.message) from fault
        except ClientError as error:
            raise _lost(self._endpoint, error) from error
        told = answer.headers.get("ringwall-revision", "")
        self.revision = int(told) if told.isascii() and told.isdigit() else None
        value: dict[str, Any] = harmless(answer.value)
        return value

    def every(self, operation: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """The items of a description's one list, of all its pages.

        Raises:
            Refused, LostAnswer.
        """
        result = OPERATIONS[operation][1]
        (member,) = [name for name, (kind, *_) in STRUCTURES[result or ""].items() if kind.startswith("[")]
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
                raise LostAnswer(str(error), was_sent=error.was_sent) from error
            if error.status in UNKNOWN_OUTCOMES:
                raise _unknown(self._endpoint, str(error)) from error
            fault = error.body.get("error", {})
            code, message = fault.get("code", str(error.status)), fault.get("message", str(error))
            raise Refused(code, message, error.body) from error

    def _identity(self) -> dict[str, Any]:
        """Who asks: STS's GetCallerIdentity, which is no operation of EC2's."""
        from xml.etree import ElementTree

        form = b"Action=GetCallerIdentity&Version=2011-06-15"
        try:
            reply = self._client.exchange("POST", "/", "", {"Content-Type": FORM}, form, service="sts")
            document = ElementTree.fromstring(reply.body)
        except (ClientError, ElementTree.ParseError) as error:
            raise _lost(self._endpoint, error) from error
        if reply.status >= 300:
            code, message = document.findtext(".//{*}Code"), document.findtext(".//{*}Message")
            raise Refused(code or str(reply.status), message or "")
        return {name: harmless(document.findtext(f".//{{*}}{name}") or "") for name in ("UserId", "Account", "Arn")}


def _unknown(endpoint: Endpoint, told: str) -> LostAnswer:
    return LostAnswer(f"{endpoint.url} doesn't say what became of it ({told}).", was_sent=True)


def _lost(endpoint: Endpoint, error: Exception) -> LostAnswer:
    was_sent = not isinstance(error, ClientError) or (isinstance(error, NoAnswer) and error.was_sent)
    return LostAnswer(explained(endpoint, error), was_sent=was_sent)


def add_session_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that `open_session` is given: `--profile --data --server/--endpoint-url --region --ca-bundle`."""
    add_endpoint_arguments(parser)


def open_session(options: argparse.Namespace) -> Session:
    """The session that the options, the environment, a profile or the data directory mean; nothing is sent yet.

    Raises:
        ConfigurationError: no key is known, or the URL isn't one; in a sentence that says what to do.
    """
    try:
        return Session(find_endpoint(options))
    except CallFailed as error:
        raise ConfigurationError(str(error)) from error
