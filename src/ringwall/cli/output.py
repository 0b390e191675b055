"""Standard output that may be lost on the way: a full disk, a reader that left.

A word that changes something goes on to its end all the same, and says so. Or nobody would know what became of the
change: it would be stored, with nothing to show for it but a traceback.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, TextIO, cast

CHANGING: Final = frozenset({"allow", "revoke", "close", "host", "account", "user", "key", "role", "policy"})
"""The verbs that go on to their end when nobody can read what they say any more; the others have nothing to end."""

FAILED: Final = 1


class Output:
    """A stream that notes the first error of writing. goes_on: what comes after it goes nowhere, else it's raised."""

    def __init__(self, stream: TextIO, *, goes_on: bool) -> None:
        self._stream = stream
        self._goes_on = goes_on
        self.lost: OSError | None = None

    def write(self, text: str) -> int:
        """How many characters were taken: all of them."""
        self._do(lambda: self._stream.write(text))
        return len(text)

    def flush(self) -> None:
        """Hands over what was written."""
        self._do(self._stream.flush)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _do(self, act: Callable[[], object]) -> None:
        if self.lost is not None:
            return
        try:
            act()
        except OSError as error:
            self.lost = error
            # What is left goes nowhere, or the interpreter would complain of it at its end.
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
            if not self._goes_on:
                raise


def with_output(verb: str, act: Callable[[], int]) -> int:
    """What `act` answers; 1 and a sentence where standard output couldn't be written.

    A reader that left, such as `head`, has what it wanted: a word that changes something keeps its own status.
    """
    stream = sys.stdout
    output = Output(stream, goes_on=verb in CHANGING)
    sys.stdout = cast(TextIO, output)
    try:
        status = act()
        output.flush()
    except OSError as error:
        if error is not output.lost:
            raise
        status = FAILED
    finally:
        sys.stdout = stream
    if output.lost is None or isinstance(output.lost, BrokenPipeError):
        return status
    print(f"ringwall {verb}: Standard output can't be written: {output.lost.strerror}.", end="", file=sys.stderr)
    end = "did what it says" if status == 0 else f"would have ended with {status}"
    print(f" The command went on to its end, and {end}." if verb in CHANGING else "", file=sys.stderr)
    return status or FAILED
