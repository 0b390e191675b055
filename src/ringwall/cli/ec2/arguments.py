"""The options of each operation, and the parameters that they make.

Every member of a request is an option in kebab case: `--group-id`. Truth values come in pairs, `--dry-run` and
`--no-dry-run`; lists take several words; structures and lists of them are JSON, shorthand, or a file with one of these.
Source: the AWS CLI's argument tables, in their order: it decides the order of the parameters on the wire.
"""

from __future__ import annotations

from ringwall.client.model import OPERATIONS, PAGINATORS, REQUIRED, STRUCTURES, TOKENS

from . import sugar
from .files import UnreadableFile, read_if_file
from .messages import INVALID, BadParameter, Stop
from .parser import MANY, NOTHING, ONE, OPTIONAL, Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

FORMATS = ("json", "text", "table", "yaml", "yaml-stream", "off")
SKELETONS = ("input", "output", "yaml-input")
PAGING = {"starting-token": "StartingToken", "page-size": "PageSize", "max-items": "MaxItems"}
INPUTS = ("cli-input-json", "cli-input-yaml")
YAML_VALUES_MAX = 1_000_000
"""A few lines with aliases of aliases write more values than there is memory for."""
RELAXING = ("--cli-input-json", "--cli-input-yaml", "--generate-cli-skeleton")
"""Where one of these words is in the line, no option is required: the input may have it."""

GLOBAL_OPTIONS = (
    Option("--debug", "debug", NOTHING, gives=True),
    Option("--endpoint-url", "endpoint_url"),
    Option("--no-verify-ssl", "no_verify_ssl", NOTHING, gives=True),
    Option("--no-paginate", "no_paginate", NOTHING, gives=True),
    Option("--output", "output", choices=FORMATS),
    Option("--query", "query"),
    Option("--profile", "profile"),
    Option("--region", "region"),
    Option("--version", "version", NOTHING, gives=True),
    Option("--color", "color", choices=("on", "off", "auto")),
    Option("--no-sign-request", "no_sign_request", NOTHING, gives=True),
    Option("--ca-bundle", "ca_bundle"),
    Option("--cli-read-timeout", "cli_read_timeout"),
    Option("--cli-connect-timeout", "cli_connect_timeout"),
    Option("--cli-binary-format", "cli_binary_format", choices=("base64", "raw-in-base64-out")),
    Option("--no-cli-pager", "no_cli_pager", NOTHING, gives=True),
    Option("--no-cli-auto-prompt", "no_cli_auto_prompt", NOTHING, gives=True),
)
"""What can be said for every operation, anywhere in the line."""


def members(operation: str) -> Iterator[tuple[str, str, str]]:
    """The option (without dashes), the member and the type of each part of the request."""
    request, _, names = OPERATIONS[operation]
    for option, (member, (kind, _, _)) in zip(names, STRUCTURES[request].items(), strict=True):
        yield option, member, kind


def options(operation: str, words: Sequence[str] = (), *, is_waiter: bool = False) -> list[Option]:
    """All options of the operation. words: the line that is read; it may make options optional."""
    request = OPERATIONS[operation][0]
    required = set() if _is_relaxed(words) else set(REQUIRED.get(request, ())) - {TOKENS.get(request)}
    found: list[Option] = []
    negative: list[Option] = []
    for name, member, kind in members(operation):
        is_required = member in required
        if kind == "boolean":
            found.append(Option(f"--{name}", name, NOTHING, gives=True))
            found.append(Option(f"--no-{name}", name, NOTHING, gives=False))
        elif is_switch(kind) and not is_waiter:
            found.append(Option(f"--{name}", name, OPTIONAL))
            negative.append(Option(f"--no-{name}", f"no-{name}", NOTHING, gives=True))
        elif kind[0] == "[":
            found.append(Option(f"--{name}", name, MANY, required=is_required))
        else:
            convert = {"long": int, "double": float, "float": float}.get(kind)
            found.append(Option(f"--{name}", name, ONE, convert=convert, required=is_required))
    found.extend(negative)
    if operation in sugar.OPERATIONS:
        found.extend(Option(f"--{name}", name) for name in sugar.OPTIONS)
    found.extend(Option(f"--{name}", name) for name in INPUTS)
    if operation in PAGINATORS:
        found.extend(Option(f"--{name}", name, convert=None if name == "starting-token" else int) for name in PAGING)
    found.append(Option("--generate-cli-skeleton", "generate-cli-skeleton", OPTIONAL, gives="input", choices=SKELETONS))
    return found


def is_switch(kind: str) -> bool:
    """Whether the type is a structure around one truth value, which an option stands for without more words."""
    members = STRUCTURES.get(kind)
    return members is not None and list(members) == ["Value"] and members["Value"][0] == "boolean"


def check_together(operation: str, values: dict[str, Any]) -> None:
    """Refuses options that contradict each other.

    Raises:
        Stop.
    """
    if operation in sugar.OPERATIONS:
        sugar.check_alone(values)
    for name in values:
        if f"no-{name}" in values:
            raise Stop(f'Cannot specify both the "--{name}" option and the "--no-{name}" option.', INVALID)


def is_paged(operation: str, values: dict[str, Any], *, is_wanted: bool) -> bool:
    """Whether all pages are to be asked for: not where a page is asked for by its own token or size.

    Raises:
        Stop: they are not, and yet something is said about them.
    """
    if operation not in PAGINATORS:
        return False
    paged = is_wanted and "next-token" not in values and "max-results" not in values
    given = [f"--{name}" for name in PAGING if name in values]
    if given and not paged:
        text = (
            f"Error during pagination: Cannot specify --no-paginate along with pagination arguments: {', '.join(given)}"
        )
        raise Stop(text, INVALID)
    return paged


def parameters(
    operation: str, values: dict[str, Any], *, is_waiter: bool = False
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The request's members, and what was said about pages: StartingToken, PageSize, MaxItems.

    Raises:
        Stop: a value can't be read, or isn't what its option takes.
    """
    found: dict[str, Any] = {}
    paging: dict[str, Any] = {}
    for name, member, kind in members(operation):
        if name in values:
            found[member] = _member(name, kind, values[name], is_waiter)
    for name, member, _ in members(operation):
        if f"no-{name}" in values:
            found[member] = {"Value": False}
    for name in sugar.OPTIONS if operation in sugar.OPERATIONS else ():
        if name in values:
            sugar.add(found, name, _loaded(name, values[name]))
    inputs = {name: _loaded(name, values[name]) for name in INPUTS if name in values}
    for name, key in PAGING.items():
        if name in values:
            paging[key] = _loaded(name, values[name])
    _add_input(found, inputs)
    return found, paging


def _is_relaxed(words: Sequence[str]) -> bool:
    """Whether no option is required. The output's skeleton needs those that its operation needs."""
    for word in RELAXING:
        if word in words:
            at = words.index(word) + 1
            if word != RELAXING[-1] or list(words[at : at + 1]) != ["output"]:
                return True
    return False


def _member(name: str, kind: str, value: Any, is_waiter: bool) -> Any:
    if kind == "boolean":
        return value
    if value is None and is_switch(kind) and not is_waiter:
        return {"Value": True}
    return _unpacked(f"--{name}", kind, _loaded(name, value))


def _loaded(name: str, value: Any) -> Any:
    """The value, or what is in the file that it names."""
    try:
        content = read_if_file(value[0] if isinstance(value, list) and len(value) == 1 else value)
    except UnreadableFile as error:
        raise BadParameter(f"--{name}", str(error)) from error
    return value if content is None else content


def _unpacked(option: str, kind: str, value: Any) -> Any:
    """The value as its type has it: JSON, shorthand, a number, or as it is."""
    element = kind.strip("[]")
    if isinstance(value, bytes) and (kind[0] == "[" or element in STRUCTURES):
        raise BadParameter(option, "it takes JSON or shorthand; use file:// for a file with text")
    if element in STRUCTURES:
        return _structured(option, kind, element, value)
    if kind[0] != "[":
        return _scalar(kind, value)
    text = value if isinstance(value, str) else value[0] if isinstance(value, list) and len(value) == 1 else ""
    if text.strip()[:1] == "[":
        return _json(option, text)
    try:
        return [_scalar(element, each) for each in value]
    except (ValueError, TypeError) as error:
        raise BadParameter(option, value[0]) from error


def _structured(option: str, kind: str, element: str, value: Any) -> Any:
    first = value[0] if isinstance(value, list) and value else value
    if isinstance(first, str) and first.strip()[:1] in ("[", "{"):
        return _from_json(option, kind, value)
    if _is_text(kind) and "=" not in value:
        return {"Value": value}
    return _from_shorthand(option, kind, element, value)


def _is_text(kind: str) -> bool:
    """Whether the type is a structure around one text, which may be given without `Value=`."""
    members = STRUCTURES.get(kind)
    return members is not None and list(members) == ["Value"] and members["Value"][0] == "string"


def _from_json(option: str, kind: str, value: Any) -> Any:
    if kind[0] != "[":
        return _json_structure(option, value)
    text = value if isinstance(value, str) else value[0] if len(value) == 1 else ""
    if text.strip()[:1] == "[":
        return _json(option, text)
    return [_json_structure(option, each) for each in ([value] if isinstance(value, str) else value)]


def _json_structure(option: str, text: str) -> Any:
    if text.strip()[:1] != "{":
        raise BadParameter(option, f"Invalid JSON:\n{text}")
    return _json(option, text)


def _json(option: str, text: str) -> Any:
    import json
    from collections import OrderedDict  # errors show a wrong value as the AWS CLI keeps it

    try:
        return json.loads(text, object_pairs_hook=OrderedDict)
    except ValueError as error:
        raise BadParameter(option, f"Invalid JSON: {error}\nJSON received: {text}") from error


def _from_shorthand(option: str, kind: str, element: str, value: Any) -> Any:
    from .shorthand import BadShorthand, fit, parse

    try:
        if isinstance(value, list):
            return [fit(parse(each), element) for each in value]
        return parse(value) if kind[0] == "[" else fit(parse(value), kind)  # a whole list can't be shorthand
    except BadShorthand as error:
        raise BadParameter(option, str(error)) from error
    except UnreadableFile as error:
        raise Stop(str(error), INVALID) from error
    except ValueError as error:
        raise Stop(str(error)) from error


def _scalar(kind: str, value: Any) -> Any:
    if kind in ("integer", "long"):
        return _number(int, value)
    if kind in ("double", "float"):
        return _number(float, value)
    if kind == "boolean":
        return not (isinstance(value, str) and value.lower() == "false") and bool(value)
    return value


def _number(convert: type, value: Any) -> Any:
    try:
        return convert(value)
    except ValueError as error:
        raise Stop(str(error)) from error


def _add_input(found: dict[str, Any], inputs: dict[str, Any]) -> None:
    """Adds what the input has and the line hasn't."""
    if len(inputs) > 1:
        raise Stop("Only one --cli-input- parameter may be specified.", INVALID)
    for name, text in inputs.items():
        given = _input(name, text)
        if not isinstance(given, dict):
            raise BadParameter(f"--{name}", f"Invalid type: expecting map, received {type(given)}")
        for member, value in given.items():
            found.setdefault(member, value)


def _input(name: str, text: Any) -> Any:
    if name == "cli-input-json":
        import json

        try:
            return json.loads(text)
        except ValueError as error:
            raise BadParameter(name, f"Invalid JSON: {error}\nJSON received: {text}") from error
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        given = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise BadParameter(name, f"Invalid YAML received: {error}") from error
    if _size(given, {}) > YAML_VALUES_MAX:
        raise BadParameter(name, f"Invalid YAML received: its aliases make it more than {YAML_VALUES_MAX} values")
    return given


def _size(value: Any, known: dict[int, float]) -> float:
    """How many values there are in all, what aliases repeat counted each time; infinite if one is in itself."""
    if not isinstance(value, dict | list):
        return 1
    if id(value) not in known:
        known[id(value)] = float("inf")  # until it is known
        inner = value.values() if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_size(each, known) for each in inner)
    return known[id(value)]
