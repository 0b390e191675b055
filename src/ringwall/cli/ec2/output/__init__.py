"""What `ringwall ec2` prints on standard output: an answer, or pages of one, in the format that was asked for.

Byte for byte what aws CLI prints; the formats are held to it by tests. Each is in a module of its own, that is imported
when it is asked for.
"""

from __future__ import annotations

from ringwall.cli.ec2.messages import Stop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TextIO

    from ringwall.client.pages import Pages

    Query = Callable[[Any], Any]

_FAILURES = (TypeError, ValueError, AttributeError, IndexError)
"""What comes of a value that a format or a query has no place for; jmespath's errors are ValueErrors."""

RESET = "\x1b[0m"

FORMATS = ("json", "text", "table", "yaml", "yaml-stream", "off")


class OutputFailed(Stop):
    """The answer can't be put into this format, or the query can't be applied to it. The text is aws CLI's."""


def write(
    form: str,
    operation: str,
    answer: dict[str, Any] | Pages,
    stream: TextIO,
    *,
    query: Query | None = None,
    colour: str = "off",
) -> None:
    """Writes the answer, or what the query finds in it. Pages are asked for meanwhile, and text shows each as it comes.

    form: one of FORMATS. operation: the title of a table. colour: `off`, `on` or `each`, where what is written ends
    with a reset each time, as aws CLI does on its own standard output; it is for tables.

    Raises:
        OutputFailed; and what asking for the next page raises.
    """
    if form == "off":
        for _ in _parts(answer):
            pass
    elif form == "text":
        for part in _text_parts(answer):
            _write_lines(part, query, stream)
    elif form == "yaml-stream":
        for part in _parts(answer):
            stream.write(_formatted(form, operation, part, query, colour, is_page=not isinstance(answer, dict)))
            stream.flush()
    else:
        whole = answer if isinstance(answer, dict) else answer.merged()
        stream.write(_formatted(form, operation, whole, query, colour))
        if form == "table" and colour == "each" and stream.isatty():
            stream.write(RESET)  # a terminal gets one more when aws CLI ends


def _parts(answer: dict[str, Any] | Pages) -> Iterator[dict[str, Any]]:
    return iter([answer]) if isinstance(answer, dict) else iter(answer)


def _text_parts(answer: dict[str, Any] | Pages) -> Iterator[dict[str, Any]]:
    """What text shows, each part queried for itself: of pages only the results, then the token to go on with."""
    if isinstance(answer, dict):
        yield answer
        return
    for page in answer:
        yield {answer.results: page.get(answer.results)}
    if answer.resume_token:
        yield {"NextToken": {"NextToken": answer.resume_token}}


def _write_lines(answer: dict[str, Any], query: Query | None, stream: TextIO) -> None:
    """Writes text line by line: those ahead of one that can't be written are shown."""
    from .as_text import lines

    try:
        for line in lines(answer if query is None else query(answer)):
            stream.write(line)
    except _FAILURES as error:
        raise OutputFailed(str(error)) from error


def _formatted(
    form: str, operation: str, answer: dict[str, Any], query: Query | None, colour: str, *, is_page: bool = False
) -> str:
    try:
        return _form(form, operation, answer if query is None else query(answer), colour, is_page)
    except _FAILURES as error:
        raise OutputFailed(str(error)) from error


def _form(form: str, operation: str, value: Any, colour: str, is_page: bool) -> str:
    """Of an empty answer nothing is shown, unless it is one of several pages."""
    if form == "table":
        from .as_table import as_table

        return as_table(operation, value, colour)
    if value == {} and not is_page:
        return ""
    if form == "json":
        from .as_json import as_json

        return as_json(value) + "\n"
    from .as_yaml import as_yaml

    return as_yaml([value] if form == "yaml-stream" else value)
