"""A request's parameters to an operation and its typed request. GET's query and POST's form are read alike."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import unquote_to_bytes

from ringwall.domain.errors import (
    InvalidAction,
    InvalidParameterCombination,
    MalformedQueryString,
    MissingAction,
    MissingParameter,
    NoSuchVersion,
    UnsupportedOperation,
    ValidationError,
)

from . import model, shapes
from .keytree import Tree, nest

Service = Literal["ec2", "sts"]

STS_VERSION: Final = "2011-06-15"
PARAMETERS_MAX: Final = 10_000
"""More than the longest revoke that a group's quota allows; EC2's own limit isn't published."""
LINE_END: Final = b"\r\n"
ECHO_LENGTH_MAX: Final = 256
"""How much of a wrong action or version a refusal repeats, in characters."""

_NAMES: Final[Mapping[Service, frozenset[str]]] = {
    "ec2": shapes.EC2_OPERATION_NAMES,
    "sts": shapes.STS_OPERATION_NAMES,
}

_BROKEN_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
_SIGV2_PARAMETERS: Final = frozenset(
    {"AWSAccessKeyId", "Signature", "SignatureMethod", "SignatureVersion", "Timestamp", "Expires", "SecurityToken"}
)


class ParsedRequest(NamedTuple):
    """What is asked, typed.

    action: the operation's name. version: as it was sent; the answer echoes it. service: whose envelope the answer has.
    request: keyed by botocore's member names, values of the model's types; DryRun stays in it.
    dry_run: whether DryRun is true.
    """

    action: str
    version: str
    service: Service
    request: Mapping[str, Any]
    dry_run: bool


def parse_query(text: bytes) -> list[tuple[str, str]]:
    """The pairs of a query string or a form body, decoded, in order. A name without `=` has an empty value.

    A line end behind the last value, which some clients put after a form, is none of it: one that is meant is encoded.

    Raises:
        MalformedQueryString: a broken percent-encoding, text that isn't UTF-8, or more than PARAMETERS_MAX pairs.
            What EC2 answers to these isn't recorded; its error-code page calls this one a syntax error in the query.
    """
    if text.count(b"&") >= PARAMETERS_MAX:
        raise MalformedQueryString(f"The request has more than {PARAMETERS_MAX} parameters.")
    pairs: list[tuple[str, str]] = []
    try:
        whole = text.rstrip(LINE_END).decode("utf-8").replace("+", " ")
        if "%" in whole and _BROKEN_ESCAPE.search(whole):
            raise MalformedQueryString("The query string contains a broken percent-encoding.")
        for pair in whole.split("&"):
            name, _, value = pair.partition("=")
            if "%" in pair:
                pairs.append((_decode(name), _decode(value)))
            elif name or value:
                pairs.append((name, value))
    except UnicodeDecodeError as error:
        raise MalformedQueryString("The query string isn't valid UTF-8.") from error
    return pairs


def _decode(text: str) -> str:
    return unquote_to_bytes(text).decode("utf-8")


def service_of_query(text: bytes) -> Service:
    """As `service_of`, of a query or form that isn't decoded: cheap enough for whoever hasn't proved a key.

    A Version that is percent-encoded, which no client sends, counts as EC2's.
    """
    return "sts" if b"Version=" + STS_VERSION.encode() in text.rstrip(LINE_END).split(b"&") else "ec2"


def parse(params: Sequence[tuple[str, str]]) -> ParsedRequest:
    """The operation, found by Action and Version alone, and its request. Parameters of a signature are passed over.

    Raises:
        MissingAction, MissingParameter, InvalidAction, UnsupportedOperation, NoSuchVersion: no operation is named, none
            that the service has, or none that is served here.
        UnknownParameter, MissingParameter, InvalidParameterValue: see `model.reader`.
        InvalidParameterCombination, MalformedQueryString: see `keytree.nest`.
    Not checked: what only the operation can know, such as an empty text or a number out of range.
    """
    tree = nest([pair for pair in params if pair[0] not in _SIGV2_PARAMETERS and not pair[0].startswith("X-Amz-")])
    action, version = tree.pop("Action", ""), tree.pop("Version", "")
    if not isinstance(action, str) or not isinstance(version, str):
        raise InvalidParameterCombination("The parameters Action and Version have no parts.")
    service, structure = _operation(action, version)
    request = model.reader(structure)(tree, action) if service == "ec2" else _of_sts(structure, tree, action)
    return ParsedRequest(action, version, service, request, request.get("DryRun") is True)


def _of_sts(structure: str, tree: Tree, action: str) -> Mapping[str, Any]:
    """The request, whose lists have their items below `member`; what is missing is told in STS's words."""
    plain = {name: _without_member(node) for name, node in tree.items()}
    try:
        request: Mapping[str, Any] = model.reader(structure)(plain, action)
    except MissingParameter as error:
        raise ValidationError(
            f"1 validation error detected: Value null at '{error.name}' failed to satisfy constraint: "
            "Member must not be null"
        ) from error
    return request


def _without_member(node: str | Tree) -> str | Tree:
    if isinstance(node, str):
        return node
    below = {name: _without_member(child) for name, child in node.items()}
    return below["member"] if below.keys() == {"member"} else below


def _operation(action: str, version: str) -> tuple[Service, str]:
    """The service and the structure of the request.

    Action is looked at first: clients that try services which aren't here, whose Version isn't EC2's, understand
    InvalidAction. STS's Version makes it STS's request; what EC2 says of an operation, STS says of its own (chosen).
    """
    if not action:
        raise MissingAction
    if not version:
        raise MissingParameter("Version")
    service: Service = "sts" if version == STS_VERSION else "ec2"
    if action not in _NAMES[service]:
        raise InvalidAction(action[:ECHO_LENGTH_MAX])
    if service == "ec2" and version not in shapes.EC2_VERSIONS:
        raise NoSuchVersion(version[:ECHO_LENGTH_MAX])
    if action not in shapes.OPERATIONS:
        raise UnsupportedOperation(f"The operation {action} is not served by ringwall.")
    return service, shapes.OPERATIONS[action][1]
