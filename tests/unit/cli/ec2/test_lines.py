"""What a line asks for is what the aws CLI 1 would call for it: parameters, their order, pages, and texts of errors.

The lines are drawn from the model: every operation, every kind of option, values that fit and values that don't.
"""

from __future__ import annotations

import json
import os
import random
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ringwall.cli.ec2.arguments import is_switch, members
from ringwall.cli.ec2.command import Asked, Told, read
from ringwall.cli.ec2.examples import EXAMPLES
from ringwall.cli.ec2.messages import Stop
from ringwall.client.model import COMMANDS, PAGINATORS, REQUIRED, STRUCTURES

ROOT = Path(__file__).parents[4]
PYTHON = ROOT / ".venvs/awscli/bin/python"
PROGRAM = ROOT / "tests/clients/programs/awscli_parameters.py"
LINES = int(os.environ.get("RINGWALL_LINES", "60"))
SUGAR = ("AuthorizeSecurityGroup", "RevokeSecurityGroup")

TEXTS = (
    "a",
    "sg-1",
    "a b",
    "a,b",
    "0.0.0.0/0",
    "é",
    "",
    "x=y",
    "[a]",
    "{b}",
    "a\\,b",
    '"q"',
    "'s'",
    "it's",
    "-1",
    "true",
)
JUNK = (
    *("", "a", "=", "a=", "a=b,", "a=b,a=c", "[", "{", "{}", "[]", "[1]", '{"a":1}', "a=[", "a={b=c", "a='b", " "),
    *("Key=a Value=b", "a=b\nc=d,\ne", "Name=x,Values=[a, b],Values=c", "a==b", "a@=b", "Value=true", "a=b,c,d=e"),
    *(
        "file:///none",
        "a=[b,{c=d}]",
        'a="b\\"c"',
        "a=b]c",
        "a=b}c",
        "Values=[{x=1}]",
        "[{]",
        '[{"GroupId"}]',
        "a=b\\,c",
    ),
)
PAGING = (
    *("--max-items 3", "--page-size 10", "--starting-token abc", "--no-paginate", "--max-items x", "--max-results 5"),
    *("--next-token t", "--max-results 5 --max-items 2", "--no-paginate --page-size 5", "--max-items 0"),
)
OTHERS = (
    *(
        '--cli-input-json \'{"DryRun": true, "GroupId": "sg-9"}\'',
        "--cli-input-json {",
        "--cli-input-json file:///none",
    ),
    *("--bogus x", "stray", "--output text", "--output xml", "--reg x", "--c", "--query a[", "--endpoint-url here"),
    *(
        "--cli-read-timeout x",
        "--color never",
        "--no-verif",
        "-- x",
        "--no-sign",
        "--cli-input-json '[1, 2'",
        "--bogus=1 2",
    ),
)
NOT_COMPARED = {
    ("create-vpc-peering-connection", "requester-peering-connection-options"): "newer than the judge's model",
}


def drawn_text(draw: random.Random) -> str:
    return draw.choice(TEXTS)


def as_shorthand(draw: random.Random, kind: str, depth: int = 0) -> str:
    """A value of the type as shorthand, mostly with what belongs there."""
    if kind[0] == "[":
        parts = [as_shorthand(draw, kind[1:-1], depth + 1) for _ in range(draw.randint(0, 2))]
        return draw.choice((",".join(parts), f"[{','.join(parts)}]", f"[{', '.join(parts)} ]"))
    if kind in STRUCTURES:
        names = draw.sample(list(STRUCTURES[kind]), min(len(STRUCTURES[kind]), draw.randint(1, 3)))
        pairs = [f"{name}={as_shorthand(draw, STRUCTURES[kind][name][0], depth + 1)}" for name in names]
        text = draw.choice((",", ", ")).join(pairs)
        return f"{{{text}}}" if depth else text
    if draw.random() < 0.1:
        return drawn_text(draw)
    quote = draw.choice(("", "", "'", '"'))
    return {"integer": "22", "long": "7", "boolean": draw.choice(("true", "False"))}.get(
        kind, f"{quote}{draw.choice(('a', 'sg-1', '10.0.0.0/8', 'a b'))}{quote}"
    )


def as_json(draw: random.Random, kind: str) -> Any:
    if kind[0] == "[":
        return [as_json(draw, kind[1:-1]) for _ in range(draw.randint(0, 2))]
    if kind in STRUCTURES:
        names = draw.sample(list(STRUCTURES[kind]), min(len(STRUCTURES[kind]), draw.randint(0, 3)))
        return {name: as_json(draw, STRUCTURES[kind][name][0]) for name in names}
    return {"integer": 3, "long": 4, "boolean": False}.get(kind, draw.choice(TEXTS))


def words_for(draw: random.Random, kind: str, directory: Path) -> list[str]:
    """The words behind an option of that type."""
    if kind == "boolean":
        return []
    if is_switch(kind) and draw.random() < 0.5:
        return []
    chance = draw.random()
    if chance < 0.08:
        return [draw.choice(JUNK)]
    if chance < 0.14:
        path = directory / f"{draw.randrange(10**9)}"
        path.write_text(draw.choice((json.dumps(as_json(draw, kind)), as_shorthand(draw, kind), *JUNK[4:9])))
        return [f"file://{path}"]
    element = kind.strip("[]")
    if element not in STRUCTURES:
        one = {"integer": ("22", "x", "0"), "long": ("7",), "blob": ("a",)}.get(element, TEXTS)
        return [draw.choice(one) for _ in range(draw.randint(0, 3) if kind[0] == "[" else 1)]
    if chance < 0.4:
        return [json.dumps(as_json(draw, kind))]
    count = draw.randint(0, 3) if kind[0] == "[" else 1
    return [as_shorthand(draw, element) for _ in range(count)]


def line(draw: random.Random, directory: Path) -> list[str]:
    command = draw.choice(list(COMMANDS))
    operation = COMMANDS[command]
    table = [each for each in members(operation) if (command, each[0]) not in NOT_COMPARED]
    request = f"{operation}Request"
    needed = [each for each in table if each[1] in REQUIRED.get(request, ()) and draw.random() < 0.95]
    chosen = [*needed, *draw.sample(table, min(len(table), draw.randint(0, 3)))]
    words = [command]
    for name, _, kind in chosen:
        negated = "no-" if (kind == "boolean" or is_switch(kind)) and draw.random() < 0.3 else ""
        option = f"--{negated}{name}"
        if draw.random() < 0.1:
            option = option[: draw.randint(4, len(option))]
        values = [] if negated else words_for(draw, kind, directory)
        if len(values) == 1 and draw.random() < 0.1:
            words.append(f"{option}={values[0]}")
        else:
            words += [option, *values]
    words += extra(draw, operation)
    if draw.random() < 0.05:
        draw.shuffle(words)
    return ["ec2", *words]


def extra(draw: random.Random, operation: str) -> list[str]:
    """Options that aren't members."""
    words: list[str] = []
    if operation.startswith(SUGAR) and draw.random() < 0.6:
        for option, values in (
            ("--protocol", ("tcp", "all", "-1", "58", "TCP", "256", "icmp")),
            ("--port", ("22", "22-25", "all", "-1", "8--1", "x", "-1-8", "22-")),
            ("--cidr", ("0.0.0.0/0", "::/0", "")),
            ("--source-group", ("sg-2", "web")),
            ("--group-owner", ("123456789012",)),
        ):
            if draw.random() < 0.5:
                words += [option, draw.choice(values)]
    if operation in PAGINATORS and draw.random() < 0.5:
        words += shlex.split(draw.choice(PAGING))
    if draw.random() < 0.15:
        words += shlex.split(draw.choice(OTHERS))
    return words


def judged(lines: list[list[str]]) -> list[dict[str, Any]]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "LC_ALL": "C.UTF-8",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    done = subprocess.run([PYTHON, PROGRAM], input=json.dumps(lines), capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def ours(words: list[str]) -> dict[str, Any]:
    try:
        _, _, asked = read(words[1:])
    except Stop as stop:
        return {"text": f"\n{stop}\n", "status": stop.status}
    if isinstance(asked, Told):
        return {"told": asked.what}
    assert isinstance(asked, Asked)
    found = asked.parameters
    if asked.paging:
        found = {**found, "PaginationConfig": asked.paging}
    return {"parameters": found, "operation": asked.operation, "paged": asked.paging is not None}


def without_usage(text: str) -> str:
    """The error without the usage above it, which names each program's own commands."""
    text = text.replace("\r", "")
    for name in ("aws", "ringwall"):
        text = text.rpartition(f"{name}: error: ")[2]
    return text.rpartition(" help\n")[2].strip("\n").partition("\n\nUnknown option: ")[0]


def differences(lines: list[list[str]]) -> Iterator[str]:
    for words, theirs in zip(lines, judged(lines), strict=True):
        mine = ours(words)
        if "PaginationConfig" in theirs.get("parameters", {}) and not theirs["paged"]:
            same = "Cannot specify --no-paginate" in mine["text"]  # botocore takes it for a parameter of the request
        elif "parameters" in theirs:
            theirs["parameters"] = with_paging_last(theirs["parameters"])
            same = (
                json.dumps(mine.get("parameters")) == json.dumps(theirs["parameters"])
                and mine["operation"] == theirs["operation"]
                and (mine["paged"] == theirs["paged"] or theirs["operation"] not in PAGINATORS)
            )
        else:
            same = "text" in mine and texts_agree(without_usage(mine["text"]), without_usage(theirs["text"]))
        if not same:
            yield f"{shlex.join(words)}\n  ours:   {json.dumps(mine)}\n  theirs: {json.dumps(theirs)}"


def with_paging_last(parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters with what isn't sent at their end."""
    return dict(sorted(parameters.items(), key=lambda item: item[0] == "PaginationConfig"))


def texts_agree(mine: str, theirs: str) -> bool:
    """Whether the errors are the same, but for the choices, which are fewer here or more."""
    if mine.startswith("Error during pagination: Cannot specify") and mine.endswith("--max-items"):
        return True  # --max-items 0, which aws takes for none, beside another mistake
    if theirs == "list index out of range":  # --ip-permissions without a value, beside --protocol
        return True
    if theirs.endswith("has no attribute 'keys'"):  # input that is no map
        return "Invalid type: expecting map" in mine
    for text in ("argument --output: Invalid choice", "argument operation: Invalid choice"):
        if mine.startswith(text) and theirs.startswith(text):
            return True
    if "ambiguous option" in theirs:
        return mine.partition(" could match ")[0] == theirs.partition(" could match ")[0]
    return mine == theirs


@pytest.mark.skipif(not PYTHON.exists(), reason="needs the aws CLI: make awscli")
def test_lines_are_understood_alike(tmp_path: Path) -> None:
    draw = random.Random(6)
    found = list(differences([line(draw, tmp_path) for _ in range(LINES)]))
    assert not found, "\n".join(found[:20])


@pytest.mark.skipif(not PYTHON.exists(), reason="needs the aws CLI: make awscli")
def test_examples_are_understood_alike() -> None:
    lines = [["ec2", command, *shlex.split(example)] for command, examples in EXAMPLES.items() for example in examples]
    assert {words[1] for words in lines} == {*COMMANDS, "wait"}
    waits = [words for words in lines if words[1] == "wait"]
    assert all(isinstance(read(words[1:])[2], Asked) for words in waits)
    assert not list(differences([words for words in lines if words[1] != "wait"]))
