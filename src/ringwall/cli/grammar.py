"""The verbs' grammar: argparse, options by their whole names only, the nearest word for one that isn't known."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from types import ModuleType
from typing import Any, Final, NoReturn

from ringwall import __version__
from ringwall.override import override

Verbs = Mapping[str, tuple[str, str]]
"""Name: what it does, and its module."""

EXAMPLES_MAX: Final = 6
"""Help of what has verbs below it begins with so many examples; each verb has its own."""
_CHOICE: Final = re.compile(r"(?P<of>\S+): invalid choice: '(?P<given>[^']*)' \(choose from (?P<choices>.*)\)")


class Parser(argparse.ArgumentParser):
    """A parser, and parsers below it, that take options by their whole names only.

    `--token SECRET` must not pass for `--token-file`: the secret would be there for everybody to read.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, **settings)
        self._words: list[str] = []

    @override
    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """The options and the words that aren't understood; keeps the words for the sake of `error`."""
        self._words = list(sys.argv[1:] if args is None else args)
        return super().parse_known_args(args, namespace)

    @override
    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """The options; a usage error names the option that is nearest to one that isn't known."""
        options, unknown = self.parse_known_args(args, namespace)
        if unknown:
            known = {name for each in _used(self, options) for name in each._option_string_actions}
            self.error(f"unrecognized arguments: {' '.join(unknown)}{_nearest_options(unknown, known)}")
        return options

    @override
    def format_help(self) -> str:
        """The help: examples first, a few of what has verbs below it."""
        from .words.examples import examples_of, shown

        own = examples_of(self.prog.split()[1:])
        has_more = any(isinstance(action, argparse._SubParsersAction) for action in self._actions)
        first = f"examples:\n{shown(own[:EXAMPLES_MAX] if has_more else own)}" if own else ""
        return first + super().format_help()

    @override
    def error(self, message: str) -> NoReturn:
        """Ends with a usage error, without an enrolment token that somebody typed: the error may go into a log."""
        choice = _CHOICE.search(message)
        if choice and choice["of"] == "VERB" and (unknown := self._unknown_before(choice["given"])):
            # The word is the value of an option that isn't known, rather than a verb.
            message = f"unrecognized arguments: {' '.join(unknown)}{_nearest_options(unknown, self._known)}"
        elif choice:
            message += _nearest(choice["given"], re.findall(r"[^\s',]+", choice["choices"]))
        elif message.startswith(("the following arguments are required", "one of the arguments")):
            message += _nearest_options(self._words, self._known)
            message += "".join(f" (did you mean --{word}?)" for word in self._words if f"--{word}" in self._known)
        super().error(re.sub(r"rw1\.\S+", "rw1.…", message))

    @property
    def _known(self) -> set[str]:
        return set(self._option_string_actions)

    def _unknown_before(self, word: str) -> list[str]:
        """The options that aren't known, of those that stand before the word."""
        before = self._words[: self._words.index(word)] if word in self._words else []
        options = (each.partition("=")[0] for each in before if each.startswith("-"))
        return [each for each in options if each not in self._known]


def whole(verbs: Verbs) -> argparse.ArgumentParser:
    """The whole command line, every verb's options included."""
    top = Parser(prog="ringwall", description="EC2 security groups for machines you own.")
    top.add_argument("--version", action="version", version=f"ringwall {__version__}")
    below = top.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb, (text, module) in verbs.items():
        _imported(module).add_arguments(below.add_parser(verb, help=text, description=_sentence(text)))
    return top


def understood(verbs: Verbs, given: Sequence[str]) -> tuple[Callable[[argparse.Namespace], int], argparse.Namespace]:
    """The verb's function, and its options. A usage error ends the program with exit status 2."""
    if not given or given[0] not in verbs:
        options = whole(verbs).parse_args(given)
        return _imported(verbs[options.verb][1]).run, options
    verb, (text, name) = given[0], verbs[given[0]]  # the usual case: don't import the other verbs
    module = _imported(name)
    own = Parser(prog=f"ringwall {verb}", description=_sentence(text))
    module.add_arguments(own)
    options = own.parse_args(given[1:])
    options.verb = verb
    return module.run, options


def _imported(module: str) -> ModuleType:
    return import_module(f"ringwall.cli.{module}")


def _used(parser: argparse.ArgumentParser, options: argparse.Namespace) -> Iterator[argparse.ArgumentParser]:
    """The parser, and those below it that read the line."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction) and (chosen := getattr(options, action.dest, None)):
            yield from _used(action.choices[chosen], options)


def _nearest_options(words: list[str], known: set[str]) -> str:
    """The question that follows those of the words that are like options and aren't known."""
    options = (word.partition("=")[0] for word in words if word.startswith("-"))
    return "".join(_nearest(each, known) for each in options if each not in known)


def _nearest(given: str, known: Collection[str]) -> str:
    """The question that follows a word that isn't known, or nothing when no known word is like it."""
    near = get_close_matches(given, sorted(known), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
