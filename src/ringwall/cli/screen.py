"""What a terminal is given of other people's words."""

from __future__ import annotations

import re
from typing import Any, Final

_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """A host's own words, fit for a terminal: who can name a process there must not write on the operator's screen."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def harmless(value: Any) -> Any:
    """A server's answer, keys and values, without control codes (but for tabs and ends of lines) and marks that turn
    the direction of writing: no name that EC2 takes has any, and whatever is printed of it does no harm."""
    if isinstance(value, str):
        return _CONTROLS.sub("\ufffd", value)
    if isinstance(value, dict):
        return {harmless(key): harmless(each) for key, each in value.items()}
    return [harmless(each) for each in value] if isinstance(value, list) else value


def duration(seconds: float) -> str:
    """Two or three digits: `4 ms`, `1.2 s`, `95 s`."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
