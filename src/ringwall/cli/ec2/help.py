"""`ringwall ec2 help`, `ringwall ec2 OPERATION help`: examples first, then what it does, then every option.

What an operation does is said where it is done, in ringwall.operations; that package is imported for help alone.
"""

from __future__ import annotations

import sys
from textwrap import fill

from ringwall.client.model import COMMANDS, MINIMA, OPERATIONS, PAGINATORS, REQUIRED, STRUCTURES, TOKENS, WAITERS
from ringwall.client.values import VALUES

from . import arguments, sugar
from .examples import EXAMPLES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringwall.operations.context import Operation

WIDTH = 100
VALUES_SHOWN_MAX = 20
DEPTH_MAX = 3

_FIRST_EXAMPLES = ("describe-security-groups", "authorize-security-group-ingress", "revoke-security-group-ingress")

_KINDS = {
    "string": "TEXT",
    "integer": "NUMBER",
    "long": "NUMBER",
    "double": "NUMBER",
    "float": "NUMBER",
    "blob": "BYTES",
    "timestamp": "TIME",
}

_SUGAR = {
    "protocol": ("PROTOCOL", "tcp, udp, icmp, a protocol's number, or all"),
    "port": ("PORTS", "22, 8000-8080, or all; for icmp the type, or type-code"),
    "cidr": ("CIDR", "an IPv4 range: 203.0.113.0/24"),
    "source-group": ("GROUP", "another group, by id or name"),
    "group-owner": ("ACCOUNT", "the account of that group"),
}

_GLOBAL = {
    "endpoint-url": ("URL", "the server, where the environment and the profile don't name it"),
    "profile": ("NAME", "the profile of ~/.aws/config and ~/.aws/credentials"),
    "region": ("REGION", "the region to act in"),
    "output": ("FORMAT", f"one of {', '.join(arguments.FORMATS)}"),
    "query": ("EXPRESSION", "a JMESPath expression: what to show of the answer"),
    "color": ("WHEN", "on, off or auto: colour in tables"),
    "no-paginate": ("", "ask for one page only"),
    "no-sign-request": ("", "send no signature, and look for no credentials"),
    "no-verify-ssl": ("", "trust any certificate"),
    "ca-bundle": ("FILE", "the certificates to trust in"),
    "cli-connect-timeout": ("SECONDS", "how long to try to connect; 0 for ever"),
    "cli-read-timeout": ("SECONDS", "how long to wait for the answer; 0 for ever"),
    "cli-binary-format": ("FORMAT", "taken for the sake of scripts: bytes are given as they are"),
    "no-cli-pager": ("", "print straight to the terminal"),
    "no-cli-auto-prompt": ("", "taken for the sake of scripts; there is no prompt"),
    "debug": ("", "tell on standard error what is sent and what comes back"),
    "version": ("", "print ringwall's version"),
}

_INPUT = {
    "cli-input-json": ("JSON", "all of the request as JSON, or file://…; options win over it"),
    "cli-input-yaml": ("YAML", "the same as YAML"),
    "generate-cli-skeleton": ("[FORM]", "print a form to fill in (input, yaml-input) or a sample answer (output)"),
}

_PAGING = {
    "starting-token": ("TOKEN", "go on where an earlier answer's NextToken says"),
    "page-size": ("NUMBER", "how many items to ask for at a time"),
    "max-items": ("NUMBER", "how many items to print; NextToken says how to go on"),
}


def show(command: str | None) -> None:
    """Prints the page of an operation, of `wait`, or of the whole."""
    page = _index() if command is None else _wait() if command == "wait" else _operation(command)
    sys.stdout.write("".join(f"{line}\n" for line in page))


def _index() -> Iterator[str]:
    yield "ringwall ec2 OPERATION [OPTIONS]: what `aws ec2` does, with the same words, against any server of EC2's API."
    yield from _examples(*_FIRST_EXAMPLES)
    yield from _part("OPERATIONS", (f"  {command}" for command in (*COMMANDS, "wait")))
    yield "\n`ringwall ec2 OPERATION help` tells what one does and takes. Values may stand in files: file://rules.json."
    yield from _part("OPTIONS OF ALL OPERATIONS", _table(_GLOBAL))


def _wait() -> Iterator[str]:
    yield "ringwall ec2 wait CONDITION [OPTIONS]: asks again and again until something is so; status 255 if not."
    yield from _examples("wait")
    lines = (
        f"  {name:46} {operation}, every {delay} s, {attempts} times at most"
        for name, (_, operation, delay, attempts, _) in WAITERS.items()
    )
    yield from _part("CONDITIONS", lines)
    yield "\nThe options are those of the operation that is asked."


def _operation(command: str) -> Iterator[str]:
    from ringwall.operations.table import OPERATIONS as SERVED

    operation = COMMANDS[command]
    yield f"ringwall ec2 {command} [OPTIONS]"
    yield from _examples(command)
    yield from _part("WHAT IT DOES", _said(SERVED[operation]))
    yield from _part("OPTIONS", _options(operation, SERVED[operation]))
    more = {**_INPUT, **(_PAGING if operation in PAGINATORS else {})}
    yield from _part("MORE OPTIONS", _table(more))
    yield "\n`ringwall ec2 help` lists the options of all operations: --region, --output, --query and the like."


def _said(served: Operation) -> Iterator[str]:
    """The first two paragraphs of what the function says of itself: what comes of it, and what is special."""
    for paragraph in (served.run.__doc__ or "").split("\n\n")[:2]:
        text = " ".join(paragraph.split())
        if text and not text.startswith(("Raises:", "Source:")):
            yield fill(text, WIDTH, initial_indent="  ", subsequent_indent="  ")


def _options(operation: str, served: Operation) -> Iterator[str]:
    request = OPERATIONS[operation][0]
    if operation in sugar.OPERATIONS:
        yield from _table(_SUGAR)
    for name, member, kind in arguments.members(operation):
        notes = [
            *(["required"] if member in REQUIRED.get(request, ()) and TOKENS.get(request) != member else []),
            *([f"at least {MINIMA[request][member]}"] if member in MINIMA.get(request, {}) else []),
            *([f"refused here: {served.refused[member]}"] if member in served.refused else []),
            *_values(request, member),
        ]
        is_pair = kind == "boolean" or arguments.is_switch(kind)
        left = f"--{name} | --no-{name}" if is_pair else f"--{name} {_kind(kind)}"
        yield _row(left, "; ".join(notes))
        if not is_pair and kind.strip("[]") in STRUCTURES:
            yield f"      {_shorthand(kind.strip('[]'), 1)}{' …' if kind[0] == '[' else ''}"


def _kind(kind: str) -> str:
    if kind[0] == "[":
        return f"{_kind(kind[1:-1])} …"
    return "STRUCTURE" if kind in STRUCTURES else _KINDS[kind]


def _values(structure: str, member: str) -> list[str]:
    values = VALUES.get(structure, {}).get(member, ())
    if not values:
        return []
    return [", ".join(values) if len(values) <= VALUES_SHOWN_MAX else f"one of {len(values)} values"]


def _shorthand(structure: str, depth: int) -> str:
    return ",".join(f"{member}={_part_of(kind, depth)}" for member, (kind, _, _) in STRUCTURES[structure].items())


def _part_of(kind: str, depth: int) -> str:
    if kind[0] == "[":
        inner = _part_of(kind[1:-1], depth)
        return f"[{inner},…]"
    if kind in STRUCTURES:
        return "{…}" if depth == DEPTH_MAX else f"{{{_shorthand(kind, depth + 1)}}}"
    return "true|false" if kind == "boolean" else _KINDS[kind].lower()


def _examples(*commands: str) -> Iterator[str]:
    lines = (f"  ringwall ec2 {command} {example}".rstrip() for command in commands for example in EXAMPLES[command])
    return _part("EXAMPLES", lines)


def _table(rows: dict[str, tuple[str, str]]) -> Iterator[str]:
    return (_row(f"--{name} {value}".rstrip(), text) for name, (value, text) in rows.items())


def _row(left: str, text: str) -> str:
    return f"  {left:34} {text}".rstrip()


def _part(title: str, lines: Iterator[str]) -> Iterator[str]:
    yield f"\n{title}"
    yield from lines
