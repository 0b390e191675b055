"""The question before what is dangerous: asked on a terminal, answered by `--yes` elsewhere, refused otherwise."""

from __future__ import annotations

import sys
import termios


class NotConfirmed(Exception):
    """Nobody said yes. Its text is a sentence that says so, and what to do; nothing was changed."""


def confirm(question: str, *, yes: bool) -> None:
    """Comes back if the answer is yes. question: a sentence that ends with `?`, asked on standard error.

    What was typed before the question isn't its answer: the rest of what somebody pasted, say.

    yes: the answer was given before, with `--yes`; nothing is asked.

    Raises:
        NotConfirmed: the answer was another one (only y and yes are a yes), or there is no terminal to ask.
    """
    if yes:
        return
    if not (sys.stdin and sys.stderr and sys.stdin.isatty() and sys.stderr.isatty()):  # None: it is closed
        raise NotConfirmed("Nothing was changed: this wants a yes, and there is no terminal to ask. Give --yes.")
    termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
    try:
        print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
        answer = sys.stdin.buffer.readline().decode(errors="replace")
    except KeyboardInterrupt:
        print("\nInterrupted. Nothing was changed.", file=sys.stderr)
        raise
    if not answer.endswith("\n"):  # the terminal's end of file: the cursor still stands behind the question
        print(file=sys.stderr)
    if answer.strip().casefold() not in ("y", "yes"):
        raise NotConfirmed("Nothing was changed.")
