#!/usr/bin/env python3
"""Writes those parts of docs/reference.md anew that the program knows best: `make docs`.

A part stands between `<!-- generated: NAME -->` and `<!-- end -->`. A test fails when one isn't
what is made here today.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import ringwall
from ringwall.cli.main import parser
from ringwall.config import limit_names
from ringwall.domain.errors import ServiceError
from ringwall.domain.quota import Quota
from ringwall.operations.table import OPERATIONS
from ringwall.operations.targets import RESOURCE_TYPES
from ringwall.server.api import ROUTES
from ringwall.server.openapi import DOCUMENT
from ringwall.telemetry import _HELP
from ringwall.wire import shapes
from ringwall.wire.fault import CLIENT_ERROR, STATUSES

PAGE: Final = Path(__file__).resolve().parent.parent / "docs/reference.md"
_PART: Final = re.compile(r"(?<=<!-- generated: )(\S+)( -->\n).*?(?=<!-- end -->)", re.DOTALL)

_ASIDE: Final = re.compile(r", with the whole text|; `\w+(\.\w+)?` .*(?=\.$)")
"""What a class says to its readers alone."""


def main() -> int:
    """Writes the page, or with --check only tells whether it is current."""
    old = PAGE.read_text()
    new = page(old)
    if "--check" in sys.argv:
        return int(old != new)
    PAGE.write_text(new)
    return 0


def page(text: str) -> str:
    """The page with its generated parts as they are today."""
    return _PART.sub(lambda found: f"{found[1]}{found[2]}\n{PARTS[found[1]]()}\n", text)


def commands() -> str:
    """A section for each verb, with its arguments."""
    return "\n".join(_command(name, each) for name, each in verbs(parser()))


def verbs(of: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every verb that does something, by its whole name: `ringwall host token`."""
    below = [action for action in of._actions if isinstance(action, argparse._SubParsersAction)]
    if not any(action.required for action in below):
        yield of.prog, of
    for action in below:
        for each in action.choices.values():
            yield from verbs(each)


def _command(name: str, of: argparse.ArgumentParser) -> str:
    lines = [f"### {name}", "", "| Argument | Meaning |", "| --- | --- |"]
    for action in of._actions:
        if isinstance(action, argparse._HelpAction | argparse._SubParsersAction):
            continue
        text = (action.help or "") % {"default": action.default}
        lines.append(f"| `{_spelled(action)}` | {text}{'; required' if _is_required(action) else ''} |")
    return "\n".join([*lines, ""])


def _spelled(action: argparse.Action) -> str:
    value = action.metavar or ("{" + ",".join(action.choices) + "}" if action.choices else action.dest.upper())
    if not action.option_strings:
        return str(value)
    return action.option_strings[0] if action.nargs == 0 else f"{action.option_strings[0]} {value}"


def _is_required(action: argparse.Action) -> bool:
    return action.required and bool(action.option_strings)


def errors() -> str:
    """Every code with its HTTP status and what it says of itself."""
    lines = ["| Code | HTTP | When |", "| --- | --- | --- |"]
    meanings: dict[str, list[str]] = {}
    for each in refusals():
        meanings.setdefault(each.code, []).append(_ASIDE.sub("", (each.__doc__ or "").splitlines()[0]))
    for code, texts in sorted(meanings.items()):
        lines.append(f"| `{code}` | {STATUSES.get(code, CLIENT_ERROR)} | {' '.join(dict.fromkeys(texts))} |")
    return "\n".join(lines) + "\n"


def refusals() -> list[type[ServiceError]]:
    """Every class of refusal that has a code, wherever in ringwall it is defined; tests define some of their own."""
    for module in pkgutil.walk_packages(ringwall.__path__, "ringwall."):
        importlib.import_module(module.name)
    found, waiting = [], [ServiceError]
    while waiting:
        each = waiting.pop()
        waiting += each.__subclasses__()
        if "code" in vars(each) and each.__module__.startswith("ringwall."):
            found.append(each)
    return sorted(found, key=lambda each: (each.code, each.__name__))


def metrics() -> str:
    """Every metric."""
    lines = ["| Metric | Type | Meaning |", "| --- | --- | --- |"]
    lines += [
        f"| `{name}` | {'counter' if name.endswith('_total') else 'gauge'} | {text} |" for name, text in _HELP.items()
    ]
    return "\n".join(lines) + "\n"


def routes() -> str:
    """Every call of /ringwall/v1."""
    signed = {(method, path) for method, path, _, _ in ROUTES}
    lines = ["| Call | Signed | What it does |", "| --- | --- | --- |"]
    for path, methods in DOCUMENT["paths"].items():
        for method, described in methods.items():
            needs = "yes" if (method.upper(), path) in signed else "no"
            lines.append(f"| `{method.upper()} {path}` | {needs} | {described['summary']} |")
    return "\n".join(lines) + "\n"


def actions() -> str:
    """The resources of every EC2 action that has any; and those that have none."""
    lines = ["| Action | Resources |", "| --- | --- |"]
    without = []
    for name, operation in sorted(OPERATIONS.items()):
        service = shapes.OPERATIONS[name][0]
        types = RESOURCE_TYPES.get(operation.targets, ())
        if service == "ec2" and types:
            lines.append(f"| `ec2:{name}` | {', '.join(f'`{each}`' for each in types)} |")
        elif service == "ec2":
            without.append(f"`ec2:{name}`")
    return "\n".join(lines) + f"\n\nWithout a resource (write `*`): {', '.join(without)}.\n"


def quotas() -> str:
    """Every quota by the name that `--limit` gives it, with its default."""
    values = Quota()
    lines = ["| Quota | Default |", "| --- | --- |"]
    lines += [f"| `{name}` | {getattr(values, field):,} |" for name, field in limit_names().items()]
    return "\n".join(lines) + "\n"


PARTS: Final[dict[str, Callable[[], str]]] = {
    "actions": actions,
    "commands": commands,
    "errors": errors,
    "metrics": metrics,
    "routes": routes,
    "quotas": quotas,
}

if __name__ == "__main__":
    sys.exit(main())
