"""Messages as JSON lines, and back.

The form of a message is its type: a dataclass is an object with the names of its fields (`_UNSENT` and `_OPTIONAL` have
the exceptions), a set is a sorted list, a mapping whose keys are pairs is a list of triples. The decoder is made from
the same types, so it refuses everything that isn't exactly such a value: a missing or unknown name, a string where a
number belongs, a number that isn't finite.

Not checked: what a value means. A CIDR block that is none is refused by whoever compiles it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, NoReturn, TypeVar, cast, get_args, get_origin, get_type_hints

from ringwall.domain.group import SecurityGroupRule
from ringwall.domain.traffic import Traffic
from ringwall.domain.world import HostDelta, HostGroup, HostInterface

from .messages import (
    ANSWER_BYTES_MAX,
    MESSAGE_BYTES_MAX,
    REPORT_BYTES_MAX,
    Answer,
    Delta,
    Heartbeat,
    Message,
    Question,
    Report,
    Snapshot,
)

Value = TypeVar("Value")
Coder = Callable[[Any], Any]

_TAGS: Final[Mapping[str, type[Message]]] = {
    "snapshot": Snapshot,
    "delta": Delta,
    "heartbeat": Heartbeat,
    "question": Question,
}
_UNSENT: Final[Mapping[Any, frozenset[str]]] = {SecurityGroupRule: frozenset(("reference",))}
"""Fields that stay behind, and have their default on the other side.

Where the group that a rule names lies is nothing to an agent: the members come with the state.
"""

_OPTIONAL: Final[Mapping[Any, frozenset[str]]] = {
    Report: frozenset(("capabilities", "drift", "interfaces", "draining")),
    HostInterface: frozenset(("kind", "source_check")),
    HostGroup: frozenset(("draining",)),
    HostDelta: frozenset(("draining",)),
}
"""Fields that came later: not written where they have their default, which an absent one is read as.

So an agent and a server of which one is older understand each other, as long as there is nothing new to say.
"""

_SHARED: Final = frozenset((Traffic,))
"""Thousands of rules differ in few of these: equal ones are one object, with those of the last messages."""

_SHARED_MAX: Final = 1_000

_INTEGER_BITS_MAX: Final = 64
"""Python reads integers of thousands of digits, and then can't write the sum of two."""

_SECONDS_MAX: Final = 253_402_300_799
"""All other numbers are Unix seconds: from 1970 on, and no later than what can be written as a date."""

_TYPES: Final = {kind: tag for tag, kind in _TAGS.items()}

_BEFORE_GROUPS: Final = '"groups":'
_GROUPS_HERE: Final = "Infinity"
"""Stands for the groups while the rest is read: a value to Python's decoder, and none of JSON's."""


class MalformedMessage(ValueError):
    """The bytes aren't a message: too long, not JSON, or not of the form that its type has."""


def encode(message: Message) -> bytes:
    """One line, its newline included."""
    kind = type(message)
    return _line({"type": _TYPES[kind], **to_json(cast(Hashable, kind))(message)})


def encode_around(snapshot: Snapshot) -> tuple[bytes, bytes]:
    """What `encode` writes before the snapshot's groups, and after them; between are `encode_group`'s, with commas."""
    line = encode(replace(snapshot, state=replace(snapshot.state, groups={})))
    before, mark, after = line.partition(b'"groups":{}')  # in a string its quotes would be escaped
    return before + mark[:-1], mark[-1:] + after


def encode_group(group: HostGroup) -> bytes:
    """The group as `encode` writes it in a snapshot, its id before it."""
    return _text(group.group_id) + b":" + _text(to_json(HostGroup)(group))


def decode(line: bytes) -> Message:
    """The message that the line holds, with or without its newline.

    Raises:
        MalformedMessage: it holds none.
    """
    if line.startswith(b'{"type":"snapshot",') and len(line) <= MESSAGE_BYTES_MAX:
        try:
            return _by_group(line)
        except (TypeError, ValueError, LookupError, OverflowError, RecursionError):
            pass  # it isn't written as `encode` does; whether it is a message all the same is told by the whole
    return _at_once(line)


def _at_once(line: bytes) -> Message:
    document = _document(line, MESSAGE_BYTES_MAX)
    tag = document.pop("type", None)
    kind = _TAGS.get(tag) if isinstance(tag, str) else None
    if kind is None:
        raise MalformedMessage("not a snapshot, delta, heartbeat or question")
    return _checked(kind, document)


def _by_group(line: bytes) -> Message:
    """As `_at_once`, with one group's JSON in memory at a time.

    That of 10,000 rules takes four times the room of what is made of it, and what is made lies scattered among it: the
    agent would keep 6 MB of holes.

    Raises:
        TypeError, ValueError, LookupError, OverflowError, RecursionError: not as `encode` writes it, or no message.
    """
    text = line.decode("utf-8", "surrogatepass")
    # What follows such a key is a value in every text that is JSON: in a string its quotes would be escaped.
    start = text.index(_BEFORE_GROUPS) + len(_BEFORE_GROUPS)
    groups, end = _groups(text, start)
    before, after = text[:start], text[end:]
    if _GROUPS_HERE in before or _GROUPS_HERE in after:
        raise ValueError("the place of the groups can't be marked")

    def put(name: str) -> Any:
        return groups if name == _GROUPS_HERE else _refuse_constant(name)

    document = json.loads(before + _GROUPS_HERE + after, parse_constant=put)
    if document.pop("type") != "snapshot":
        raise ValueError("another type further on")
    return _checked(Snapshot, document)


def _groups(text: str, start: int) -> tuple[dict[str, HostGroup], int]:
    """The groups of the object that begins at `start`, and where it ends."""
    groups: dict[str, HostGroup] = {}
    read, scan = from_json(HostGroup), json.JSONDecoder(parse_constant=_refuse_constant).raw_decode
    opens = "{"
    while text[start] == opens:
        group_id, start = scan(text, start + 1)
        if text[start] != ":":
            raise ValueError("no value")
        content, start = scan(text, start + 1)
        groups[_exactly(str, group_id)] = read(content)
        opens = ","
    if not groups or text[start] != "}":
        raise ValueError("no groups")
    return groups, start + 1


def encode_report(report: Report) -> bytes:
    """One line, its newline included."""
    return _line(to_json(Report)(report))


def decode_report(body: bytes) -> Report:
    """The report that the body holds.

    Raises:
        MalformedMessage: it holds none.
    """
    return _checked(Report, _document(body, REPORT_BYTES_MAX))


def encode_answer(answer: Answer) -> bytes:
    """One line, its newline included; an answer that is too long becomes the failure to give it."""
    line = _line({"answer": answer.content} if answer.failure is None else {"failure": answer.failure})
    if len(line) <= ANSWER_BYTES_MAX:
        return line
    return _line({"failure": f"The answer is longer than {ANSWER_BYTES_MAX} bytes."})


def decode_answer(body: bytes) -> Answer:
    """The answer that the body holds. Not checked: that its content is what was asked for, see `decode_content`.

    Raises:
        MalformedMessage: it holds none.
    """
    match _document(body, ANSWER_BYTES_MAX):
        case {"answer": dict() as content, **rest} if not rest:
            return Answer(content)
        case {"failure": str() as failure, **rest} if not rest:
            return Answer(failure=failure)
    raise MalformedMessage("neither an answer nor a failure")


def decode_content(kind: type[Value], content: Mapping[str, Any]) -> Value:
    """The value of this dataclass that an answer's content, made by `to_json(kind)`, stands for.

    Raises:
        MalformedMessage: it stands for none.
    """
    return _checked(kind, dict(content))


def _line(document: object) -> bytes:
    return _text(document) + b"\n"


def _text(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":"), allow_nan=False).encode()


def _document(line: bytes, bytes_max: int) -> dict[str, Any]:
    if len(line) > bytes_max:
        raise MalformedMessage(f"longer than {bytes_max} bytes")
    try:
        document = json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise MalformedMessage(f"not JSON: {error}") from error
    if not isinstance(document, dict):
        raise MalformedMessage("not an object")
    return document


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _checked(kind: type[Value], document: dict[str, Any]) -> Value:
    try:
        return cast(Value, from_json(cast(Hashable, kind))(document))
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise MalformedMessage(f"not a {kind.__name__}: {error}") from error


@cache
def to_json(kind: Any) -> Coder:
    """The function that turns a value of the type into what `json` can write."""
    origin, arguments = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        members = [(field, to_json(hint)) for field, hint in _members(kind).items()]
        optional = _OPTIONAL.get(kind, frozenset())
        if not optional:
            return lambda value: {field: write(getattr(value, field)) for field, write in members}
        defaults = {field.name: _default(field) for field in fields(kind) if field.name in optional}
        return lambda value: {
            field: write(item)
            for field, write in members
            if (item := getattr(value, field)) != defaults.get(field, MISSING)
        }
    if origin is UnionType:
        write_some = to_json(_optional(arguments))
        return lambda value: None if value is None else write_some(value)
    if origin is tuple and arguments[1:] == (...,):
        write_item = to_json(arguments[0])
        return lambda value: [write_item(item) for item in value]
    if origin is frozenset:
        return sorted
    if origin is Mapping:
        write_value = to_json(arguments[1])
        if get_origin(arguments[0]) is tuple:
            return lambda value: [[*key, write_value(item)] for key, item in value.items()]
        return lambda value: {key: write_value(item) for key, item in value.items()}
    return lambda value: value


@cache
def from_json(kind: Any) -> Coder:
    """The function that turns what `json` read into a value of the type.

    It raises TypeError, ValueError or KeyError for anything else.
    """
    origin, arguments = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        return _dataclass_reader(cast(type, kind))
    if origin is UnionType:
        read_some = from_json(_optional(arguments))
        return lambda value: None if value is None else read_some(value)
    if origin is tuple and arguments[1:] == (...,):
        read_item = from_json(arguments[0])
        return lambda value: tuple([read_item(item) for item in _exactly(list, value)])
    if origin is frozenset:
        read_member = from_json(arguments[0])
        return lambda value: frozenset([read_member(item) for item in _exactly(list, value)])
    if origin is Mapping:
        read_value = from_json(arguments[1])
        if get_origin(arguments[0]) is tuple:
            return lambda value: {
                (_exactly(str, first), _exactly(str, second)): read_value(item)
                for first, second, item in _exactly(list, value)
            }
        return lambda value: {key: read_value(item) for key, item in _exactly(dict, value).items()}
    if kind is float:
        return _seconds
    if kind is int:
        return _integer
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind
    assert kind in (str, bool), f"no JSON form for {kind}"
    if kind is str:
        # A host's state says the same few words for each rule. Not `intern`: ids, which come once, cost a table there.
        return _shared_reader(lambda value: _exactly(str, value))
    return lambda value: _exactly(kind, value)


def _dataclass_reader(kind: type) -> Coder:
    read = _fields_reader(kind)
    if kind in _SHARED:
        return _shared_reader(read)
    if kind is HostGroup:
        return lambda value: value if type(value) is HostGroup else read(value)  # it is, where groups are read alone
    return read


def _shared_reader(read: Coder) -> Coder:
    held: dict[Any, Any] = {}

    def read_shared(value: Any) -> Any:
        found = read(value)
        if len(held) >= _SHARED_MAX:
            held.clear()
        return held.setdefault(found, found)

    return read_shared


def _fields_reader(kind: type) -> Coder:
    members = [(field, from_json(hint)) for field, hint in _members(kind).items()]
    optional = _OPTIONAL.get(kind, frozenset())
    if optional:
        readers, needed = dict(members), {field for field, _ in members} - optional

        def read_some(value: Any) -> Any:
            found = _exactly(dict, value).keys()
            if not needed <= found <= readers.keys():
                unexpected = sorted((needed - found) | (found - readers.keys()))
                raise ValueError(f"{kind.__name__} with missing or unknown {', '.join(map(repr, unexpected))}")
            return kind(**{field: readers[field](each) for field, each in value.items()})

        return read_some

    def read(value: Any) -> Any:
        if len(_exactly(dict, value)) != len(members):
            unexpected = sorted(value.keys() ^ {field for field, _ in members})
            raise ValueError(f"{kind.__name__} with missing or unknown {', '.join(map(repr, unexpected))}")
        return kind(**{field: read_member(value[field]) for field, read_member in members})

    return read


def _members(kind: Any) -> dict[str, Any]:
    hints, unsent = get_type_hints(kind), _UNSENT.get(kind, frozenset())
    return {field.name: hints[field.name] for field in fields(kind) if field.name not in unsent}


def _default(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()


def _optional(arguments: tuple[Any, ...]) -> Any:
    some = [argument for argument in arguments if argument is not NoneType]
    assert len(some) == 1, f"no JSON form for a union of {some}"
    return some[0]


def _exactly(kind: type[Value], value: Any) -> Value:
    # By identity: True is an int to isinstance.
    if type(value) is not kind:
        raise TypeError(f"{kind.__name__} expected, not {type(value).__name__}")
    return value


def _integer(value: Any) -> int:
    if _exactly(int, value).bit_length() > _INTEGER_BITS_MAX:
        raise ValueError(f"an integer of more than {_INTEGER_BITS_MAX} bits")
    return int(value)


def _seconds(value: Any) -> float:
    if type(value) not in (int, float) or not 0 <= value <= _SECONDS_MAX:  # nor is NaN
        raise TypeError("Unix seconds expected")
    return float(value)
