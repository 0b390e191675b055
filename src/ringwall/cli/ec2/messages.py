"""What the command says when it can't do what was asked, and the exit status that goes with it.

Texts are those of the AWS CLI from `error:` on; the statuses are those of its version 2. Only the usage above an
error names this program and what it has.
"""

from __future__ import annotations

DONE = 0
INTERRUPTED = 130
INVALID = 252
"""The command line wasn't understood, or a parameter isn't what the operation takes: nothing was sent."""
CONFIGURATION = 253
"""No region, no credentials, or a configuration that can't be used: nothing was sent."""
REFUSED = 254
"""The server answered, and refused."""
FAILED = 255
"""Anything else: no answer, one that can't be read, a waiter whose time is up."""

USAGE = """\
usage: ringwall ec2 [options] <operation> [parameters]
To see help text, you can run:

  ringwall ec2 help
  ringwall ec2 <operation> help
"""

CHOICES_PER_LINE = 2
CLOSE_CHOICE = 0.8
CLOSE_OPTION = 0.6


class Stop(Exception):
    """The command ends with this text on standard error, and this exit status."""

    def __init__(self, text: str, status: int = FAILED) -> None:
        super().__init__(text)
        self.status = status


class Misused(Stop):
    """The words don't follow the command's grammar: the text says where, below the usage."""

    def __init__(self, error: str) -> None:
        super().__init__(f"{USAGE}\nringwall: error: {error}\n", INVALID)


class BadParameter(Stop):
    """A parameter's value can't be read."""

    def __init__(self, option: str, problem: str) -> None:
        super().__init__(f"Error parsing parameter '{option}': {problem}", INVALID)


def invalid_choice(argument: str, given: str, choices: list[str]) -> Misused:
    """A word that is none of those that can be there, with all of them, and those that are close to it."""
    lines = ["Invalid choice, valid choices are:\n"]
    lines.extend(
        " | ".join(f"{choice:40}" for choice in choices[first : first + CHOICES_PER_LINE])
        for first in range(0, len(choices), CHOICES_PER_LINE)
    )
    close = _close(given, choices, CLOSE_CHOICE)
    if close:
        lines.append(f"\n\nInvalid choice: {given!r}, maybe you meant:\n")
        lines.extend(f"  * {choice}" for choice in close)
    return Misused(f"argument {argument}: " + "\n".join(lines))


def unknown_options(given: list[str], options: list[str]) -> Stop:
    """Words that nothing takes; below it, for each that looks like an option, those nearest to it."""
    text = f"{USAGE}\nUnknown options: {', '.join(given)}\n"
    for word in given:
        name = word.partition("=")[0]
        close = _close(name, options, CLOSE_OPTION) if name.startswith("-") else []
        if close:
            text += f"\nUnknown option: {name!r}, maybe you meant:\n" + "".join(f"  * {each}\n" for each in close)
    return Stop(text, INVALID)


def _close(given: str, known: list[str], cutoff: float) -> list[str]:
    from difflib import get_close_matches  # only where something went wrong

    return get_close_matches(given, known, cutoff=cutoff)
