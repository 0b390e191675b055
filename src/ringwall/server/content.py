"""What came in a JSON body, taken out by name and type."""

from __future__ import annotations

from typing import Any, Final, TypeVar

from ringwall.domain.errors import InvalidParameterValue

Content = dict[str, Any]
Kind = TypeVar("Kind")
TEXT_MAX: Final = 255


def member(content: Content, name: str, kind: type[Kind]) -> Kind:
    """The member of this name, which must be of this type; a text has 1 to 255 printable characters.

    Raises:
        InvalidParameterValue: it isn't there, or isn't so.
    """
    value = content.get(name)
    if not isinstance(value, kind) or (isinstance(value, str) and not 0 < len(value) <= TEXT_MAX):
        raise InvalidParameterValue(f"'{name}' is missing or isn't a {kind.__name__}, or is too long.")
    if isinstance(value, str) and not value.isprintable():  # it goes into logs, answers and onto screens
        raise InvalidParameterValue(f"'{name}' may not contain control characters.")
    return value
