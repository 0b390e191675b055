#!/usr/bin/env python3
"""Writes the manual pages in docs/man anew, from the parsers and the examples that `--help` has: `make docs`.

One page for the program, one for each verb with all that is below it, and one for `ringwall ec2`. A test fails when
one isn't what is made here today. Source of the form: man-pages(7), groff_man(7).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ringwall import __version__
from ringwall.cli.ec2 import arguments as ec2
from ringwall.cli.ec2.examples import EXAMPLES as EC2_EXAMPLES
from ringwall.cli.main import VERBS, parser
from ringwall.cli.words import codes
from ringwall.cli.words.examples import Example, examples_of
from ringwall.client.model import COMMANDS, WAITERS

DIRECTORY: Final = Path(__file__).resolve().parent.parent / "docs/man"
TOP_EXAMPLES: Final = ("allow", "revoke", "close", "list", "status", "doctor")

STATUSES: Final = (
    (
        codes.DONE,
        "It is done; what was changed is in force on every host that it concerns, unless --no-wait was given.",
    ),
    (codes.FAILED, "It couldn't be asked or done; the text says whether anything was changed."),
    (codes.USAGE, "The command line wasn't understood."),
    (codes.NOTHING, "Nothing matched; nothing was changed."),
    (codes.PARTLY, "It is stored and not in force everywhere yet; the silent hosts are named."),
    (codes.REFUSED, "The server refused; nothing was changed."),
    (codes.INTERRUPTED, "It was interrupted; the text says whether it was stored."),
)
WORDS: Final = frozenset({"allow", "close", "doctor", "explain", "hosts", "list", "revoke", "show", "status"})
"""The verbs with these exit statuses."""


def main() -> int:
    """Writes the pages, or with --check only tells whether they are current."""
    made = pages()
    there = {path.name: path.read_text(encoding="utf-8") for path in sorted(DIRECTORY.glob("*.1"))}
    if "--check" in sys.argv:
        return int(there != made)
    DIRECTORY.mkdir(exist_ok=True)
    for name in there.keys() - made.keys():
        (DIRECTORY / name).unlink()
    for name, text in made.items():
        (DIRECTORY / name).write_text(text, encoding="utf-8")
    return 0


def pages() -> dict[str, str]:
    """Every page, by its file's name."""
    whole = parser()
    below = _verbs(whole)
    made = {"ringwall.1": _top(whole), "ringwall-ec2.1": _ec2()}
    for verb, each in below.items():
        if verb != "ec2":
            made[f"ringwall-{verb}.1"] = _verb(verb, each)
    return made


def _verbs(of: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parsers below a parser, by the verbs that lead to them."""
    return {
        name: below
        for action in of._actions
        if isinstance(action, argparse._SubParsersAction)
        for name, below in action.choices.items()
    }


# --- Pages ---


def _top(whole: argparse.ArgumentParser) -> str:
    examples = [example for verb in TOP_EXAMPLES for example in examples_of([verb])[:1]]
    lines = [
        *_head("ringwall", "EC2 security groups for machines you own"),
        ".SH SYNOPSIS", r".B ringwall", r".I VERB", r"\&...",
        *_examples(examples),
        ".SH VERBS",
    ]  # fmt: skip
    for verb, (text, _) in VERBS.items():
        lines += [".TP", rf".BR ringwall\-{_text(verb)} (1)", _line(f"{text}.")]
    return _page([*lines, *_environment(), *_see("https://docs.aws.amazon.com/AWSEC2/latest/APIReference/")])


def _verb(verb: str, of: argparse.ArgumentParser) -> str:
    leaves = list(_leaves([verb], of))
    lines = [*_head(f"ringwall-{verb}", VERBS[verb][0]), ".SH SYNOPSIS"]
    for position, (_, each) in enumerate(leaves):
        lines += [*([".br"] if position else []), *_synopsis(each)]
    lines += _examples(examples_of([verb]))
    for words, each in leaves:
        title = "OPTIONS" if words == [verb] else " ".join(words).upper()
        lines += [f".SH {_quoted(title)}", *_options(each)]
    if verb in WORDS:
        lines.append(".SH EXIT STATUS")
        for code, text in STATUSES:
            lines += [".TP", f".B {code}", _line(text)]
    return _page([*lines, *_see()])


def _ec2() -> str:
    lines = [
        *_head("ringwall-ec2", VERBS["ec2"][0]),
        ".SH SYNOPSIS", ".B ringwall ec2", r".I OPERATION", r"[\fIOPTIONS\fR]",
        ".br", ".B ringwall ec2 wait", ".I WAITER", r"[\fIOPTIONS\fR]",
        ".br", r".B ringwall ec2", r".I OPERATION", ".B help",
        *_examples(examples_of(["ec2"])),
        ".SH OPTIONS OF ALL OPERATIONS",
    ]  # fmt: skip
    for option in ec2.GLOBAL_OPTIONS:
        lines += [".TP", rf".B {_text(option.name)}{f' {_text(option.key.upper())}' if option.takes == 'one' else ''}"]
        lines.append(_line(f"One of {', '.join(option.choices)}." if option.choices else "As the AWS CLI has it."))
    lines.append(".SH OPERATIONS")
    for command, operation in COMMANDS.items():
        options = " ".join(option.name for option in ec2.options(operation))
        lines += [".TP", rf".B {_text(command)}", _line(options)]
        for example in EC2_EXAMPLES.get(command, ()):
            lines += [".IP", ".EX", _line(f"ringwall ec2 {command} {example}".rstrip()), ".EE"]
    lines += [".SH WAITERS", _line(", ".join(WAITERS))]
    lines.append(".SH EXIT STATUS")
    for code, text in (
        (0, "It was done."),
        (130, "It was interrupted."),
        (252, "The command line wasn't understood."),
        (253, "The settings or credentials can't be used."),
        (254, "The server refused."),
        (255, "Anything else: no answer, say, or a waiter whose time is over."),
    ):
        lines += [".TP", f".B {code}", _line(text)]
    return _page([*lines, *_see()])


# --- Parts ---


def _head(name: str, text: str) -> list[str]:
    title = _quoted(name.upper())
    return [
        '.\\" Made by scripts/generate_man.py: change that, or the words it reads.',
        f'.TH {title} 1 "" "ringwall {__version__}" "ringwall"',
        ".SH NAME",
        rf"{_text(name)} \- {_text(text)}",
    ]


def _examples(examples: list[Example]) -> Iterator[str]:
    if examples:
        yield ".SH EXAMPLES"
    for line, purpose in examples:
        yield from (
            ".PP",
            _line(f"{purpose[0].upper()}{purpose[1:]}:"),
            ".PP",
            ".RS 4",
            ".EX",
            _line(line),
            ".EE",
            ".RE",
        )


def _leaves(words: list[str], of: argparse.ArgumentParser) -> Iterator[tuple[list[str], argparse.ArgumentParser]]:
    """What does something: the verb itself, if it does, and those below it."""
    actions = [action for action in of._actions if isinstance(action, argparse._SubParsersAction)]
    if not any(action.required for action in actions):
        yield words, of
    for name, below in _verbs(of).items():
        yield from _leaves([*words, name], below)


def _synopsis(of: argparse.ArgumentParser) -> Iterator[str]:
    yield f".B {_text(of.prog)}"
    yield r"[\fIOPTIONS\fR]"
    for action in _arguments(of):
        if not action.option_strings:
            dots = r" \&..." if action.nargs in ("+", "*") else ""
            name = rf"\fI{_text(_value(action))}\fR{dots}"
            yield f"[{name}]" if action.nargs in ("?", "*") else name
        elif action.required:
            yield _spelled(action)
    for group in of._mutually_exclusive_groups:
        if group.required and all(action.option_strings for action in group._group_actions):
            yield "{" + " | ".join(map(_spelled, group._group_actions)) + "}"


def _options(of: argparse.ArgumentParser) -> Iterator[str]:
    actions = _arguments(of)
    if not actions:
        yield "None."
    for action in actions:
        yield ".TP"
        yield _spelled(action)
        text = (action.help or "") % {"default": action.default, "prog": of.prog}
        yield _line(_sentence(text))


def _sentence(text: str) -> str:
    """The text with a capital, unless it begins with something that is typed, and with a full stop."""
    begins = text.partition(" ")[0].strip(",:;").isalpha()
    return f"{text[:1].upper() if begins else text[:1]}{text[1:]}{'' if text.endswith(('.', '…')) else '.'}"


def _arguments(of: argparse.ArgumentParser) -> list[argparse.Action]:
    aside = (argparse._HelpAction, argparse._SubParsersAction)
    return [action for action in of._actions if not isinstance(action, aside)]


def _spelled(action: argparse.Action) -> str:
    if not action.option_strings:
        return rf".I {_text(_value(action))}"
    names = r"\fR, \fB".join(map(_text, action.option_strings))
    value = "" if action.nargs == 0 else rf" \fI{_text(_value(action))}\fR"
    return rf"\fB{names}\fR{value}"


def _value(action: argparse.Action) -> str:
    if isinstance(action.metavar, str):
        return action.metavar
    return "{" + ",".join(map(str, action.choices)) + "}" if action.choices else action.dest.upper()


def _environment() -> Iterator[str]:
    yield ".SH ENVIRONMENT"
    for names, text in (
        ("AWS_ENDPOINT_URL_EC2, AWS_ENDPOINT_URL", "The server."),
        ("AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN", "The key."),
        ("AWS_DEFAULT_REGION", "The region to act in."),
        ("AWS_CA_BUNDLE", "The certificates that may vouch for the server."),
        ("NO_COLOR", "Any value but the empty one: no colours."),
        ("TERM", "dumb: no control codes at all."),
    ):
        yield from (".TP", f".B {_text(names)}", _line(text))


def _see(*others: str) -> Iterator[str]:
    yield ".SH SEE ALSO"
    yield r".BR ringwall (1),"
    yield r".BR ringwall\-doctor (1),"
    yield r".BR ringwall\-explain (1)"
    for other in others:
        yield from (".PP", f"EC2 API Reference: {_text(other)}")


def _page(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    """The text as groff takes it: hyphens that can be copied, nothing that is taken for a request."""
    return (
        text.replace("\\", "\\e")
        .replace("-", "\\-")
        .replace("'", "\\(aq")
        .replace("`", "\\(ga")
        .replace("^", "\\(ha")
        .replace("~", "\\(ti")
    )


def _line(text: str) -> str:
    """A line of its own: one that begins like a request isn't one."""
    escaped = _text(text)
    return f"\\&{escaped}" if escaped[:1] in ".'" else escaped


def _quoted(text: str) -> str:
    return f'"{_text(text)}"'


if __name__ == "__main__":
    sys.exit(main())
