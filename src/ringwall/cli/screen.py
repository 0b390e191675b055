"""What a terminal is given of other people's words."""

from __future__ import annotations


def plain(text: str) -> str:
    """A host's own words, fit for a terminal: who can name a process there must not write on the operator's screen."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def duration(seconds: float) -> str:
    """Two or three digits: `4 ms`, `1.2 s`, `95 s`."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
