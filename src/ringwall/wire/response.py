"""An operation's answer to the bytes of EC2's XML, or of STS's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final

from . import model, shapes

DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
EC2_NAMESPACE: Final = "http://ec2.amazonaws.com/doc/"
STS_NAMESPACE: Final = "https://sts.amazonaws.com/doc/2011-06-15/"

_RETURN_TRUE = "    <return>true</return>\n"
_UNMODELLED_RETURN = frozenset({"CreateSecurityGroup"})
"""Operations that answer `return` though the model has no such member: EC2 did, Net::Amazon::EC2 waits for it."""


_TEXTS_MAX: Final = 4_096
"""Pieces of text that are joined to one part of a document: somewhat above 100 kB."""


def serialize(operation: str, version: str, answer: Mapping[str, Any], request_id: str) -> bytes:
    """The document of a success, whole: see `serialize_in_parts`."""
    return b"".join(serialize_in_parts(operation, version, answer, request_id))


def serialize_in_parts(operation: str, version: str, answer: Mapping[str, Any], request_id: str) -> list[bytes]:
    """The document of a success, UTF-8, in parts that are to be sent one after the other; a small one is one part.

    answer: keyed by botocore's member names, written in its own order; None isn't written, `[]` is an empty element.
        A list may be an iterator whose items are made as they are written: then only its text is ever there whole.
        Operations whose model has no answer take an empty mapping and answer `<return>true</return>`.
    version: the one that was asked for; it stands in the namespace.
    Source: observed, 2018 and 2024: the declaration, four blanks a level, requestId first, the last line feed.
    """
    service, head, write = _frame(operation)
    parts: list[bytes] = []
    texts: list[str] = []
    if service == "sts":
        write(texts.append, answer)
        return [_sts_document(operation, "".join(texts), request_id)]
    texts.append(
        f'{DECLARATION}<{operation}Response xmlns="{EC2_NAMESPACE}{version}/">\n'
        f"    <requestId>{request_id}</requestId>\n{head}"
    )
    write(
        texts.append,
        {
            member: _parted(value, texts, parts) if isinstance(value, Iterator) else value
            for member, value in answer.items()
        },
    )
    texts.append(f"</{operation}Response>\n")
    parts.append("".join(texts).encode())
    return parts


@cache
def item_writer(operation: str, member: str) -> Callable[[Mapping[str, Any]], model.Written]:
    """Writes one item of a list of the operation's answer, to be put into that list, of any answer, later."""
    _, _, structure = shapes.OPERATIONS[operation]
    assert structure is not None, "the operation answers something"
    _, kind = shapes.OUTPUTS[structure][member]
    write = model.item_writer(kind, 1)

    def written(item: Mapping[str, Any]) -> model.Written:
        texts: list[str] = []
        write(texts.append, item)
        return model.Written("".join(texts))

    return written


def _parted(items: Iterable[Any], texts: list[str], parts: list[bytes]) -> Iterator[Any]:
    """The items; whenever the texts of those before are enough for a part, they become one."""
    for item in items:
        yield item
        if len(texts) > _TEXTS_MAX:
            parts.append("".join(texts).encode())
            texts.clear()


@cache
def _frame(operation: str) -> tuple[str, str, model.Write]:
    """The service, what follows the request id, and the writer of the answer."""
    service, _, structure = shapes.OPERATIONS[operation]
    if structure is None:
        return service, _RETURN_TRUE, _write_nothing
    head = _RETURN_TRUE if operation in _UNMODELLED_RETURN else ""
    return service, head, model.writer(structure, 1)


def _write_nothing(append: model.Append, answer: Mapping[str, Any]) -> None:
    if answer:
        raise KeyError(f"the operation answers nothing, and was given {sorted(answer)}")


def _sts_document(operation: str, body: str, request_id: str) -> bytes:
    """STS indents by two blanks and puts the answer and the request id into elements of their own."""
    return (
        f'<{operation}Response xmlns="{STS_NAMESPACE}">\n'
        f"  <{operation}Result>\n{body}  </{operation}Result>\n"
        f"  <ResponseMetadata>\n    <RequestId>{request_id}</RequestId>\n  </ResponseMetadata>\n"
        f"</{operation}Response>\n"
    ).encode()
