"""Command lines of `ec2` for two programs to be compared by, and lines that are drawn for every operation.

What is drawn comes from aws's own model, whatever parameters an operation takes and whatever its answer can have, by a
random number generator with a fixed seed: the same cases each time.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from xml.sax.saxutils import escape

import botocore.loaders
from botocore import xform_name
from botocore.model import ListShape, OperationModel, ServiceModel, Shape, StructureShape

from aws_cli_judge import AWS_1_MODELS
from retelling import answer
from ringwall.client.model import API_VERSION, COMMANDS

NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"
DEPTH_MAX = 5
FORMATS = ("json", "text", "table")
PLAIN_WORDS = (
    "sg-0123456789abcdef0",
    "web",
    "tcp",
    "10.0.0.0/8",
    "2001:db8::/32",
    "ünï",
    "22",
    "-1",
    "0.0.0.0/0",
    "a-b",
)
ODD_WORDS = (
    "a b", "it's", 'say "so"', "x,y", "k=v", "*", "[1]", "{", "true", "null", "a\nb", "<&>", "back\\slash", "@here",
    " ", "", "~", "yes", "1e3", "0x10", "- a", "a: b", "#", "2026-05-21", "日本語", "é", "%", "!", "`", "|",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A command line, what the server answers, and what else the program finds.

    answers: one for each request; None: a real server's. changes: of the environment, None takes a variable out.
    files: in the directory where it runs, which is its home too.
    """

    arguments: tuple[str, ...]
    answers: tuple[bytes, ...] | None = None
    changes: dict[str, str | None] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    stdin: str = ""

    def __str__(self) -> str:
        shown = [f"{name}={value}" for name, value in self.changes.items()] + [*map(shlex.quote, self.arguments)]
        return " ".join(shown)


def success(operation: str, inner: str) -> bytes:
    """An operation's answer with this inside."""
    return answer(
        200,
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{operation}Response xmlns="{NAMESPACE}">'
        f"<requestId>5b0f4a8e-0000-4000-8000-000000000000</requestId>{inner}</{operation}Response>",
    )


def refusal(status: int, code: str, message: str) -> bytes:
    """An answer that says no."""
    return answer(
        status,
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>{code}</Code><Message>{message}'
        "</Message></Error></Errors><RequestID>5b0f4a8e-0000-4000-8000-000000000000</RequestID></Response>",
    )


@cache
def _service(models: Path) -> ServiceModel:
    loader = botocore.loaders.Loader(extra_search_paths=[str(models)], include_default_search_paths=False)
    return ServiceModel(loader.load_service_model("ec2", "service-2", API_VERSION), "ec2")


def drawn(
    per_operation: int, seed: int, models: Path = AWS_1_MODELS, operations: Collection[str] = COMMANDS.values()
) -> Iterator[Case]:
    """Cases for every operation: parameters in all notations, an answer with whatever it can have, an output format.

    models: those of the program to compare with; they are a little older than the one that ringwall is made from.
    """
    service = _service(models)
    for command, operation in COMMANDS.items():
        if operation not in operations:
            continue
        model = service.operation_model(operation)
        for number in range(per_operation):
            rng = Random(f"{seed} {command} {number}")  # a seed of its own: a new operation leaves the others alone
            files: dict[str, str] = {}
            options = list(_options(rng, model, files))
            output = model.output_shape
            inner = _xml(rng, output, 0) if output else "<return>true</return>"
            told = success(operation, inner) if rng.random() < 0.9 else refusal(400, "InvalidParameterValue", "No.")
            yield Case(("ec2", command, *options, *_output(rng)), (told,), files=files)


def _output(rng: Random) -> list[str]:
    words = ["--output", rng.choice(FORMATS)]
    query = rng.choice(
        ["", "", "", "*", "@", "keys(@)", "*[0]", "*[].*", "nothing", "{a: *, b: length(@)}", "length(@)"]
    )
    return [*words, *(["--query", query] if query else [])]


def _options(rng: Random, model: OperationModel, files: dict[str, str]) -> Iterator[str]:
    """Options for the required parameters and some of the others."""
    shape = model.input_shape
    if shape is None:
        return
    for name, member in shape.members.items():
        if name not in shape.required_members and rng.random() < 0.5:
            continue
        option = f"--{xform_name(name, '-')}"
        if member.type_name == "boolean":
            yield option if rng.random() < 0.6 else option.replace("--", "--no-", 1)
        elif member.type_name in ("structure", "list"):
            yield option
            yield from _compound(rng, member, files)
        elif rng.random() < 0.3:
            yield f"{option}={_scalar(rng, member)}"
        else:
            yield from (option, *([str(_scalar(rng, member))] if rng.random() < 0.98 else []))


def _compound(rng: Random, shape: Shape, files: dict[str, str]) -> list[str]:
    """A list or a structure as JSON, from a file, or in the shorthand notation."""
    value = _value(rng, shape, 0)
    notation = rng.random()
    if notation < 0.35:
        return [json.dumps(value)]
    if notation < 0.45:
        name = f"file-{len(files)}.json"
        files[name] = json.dumps(value, indent=1)
        return [f"file://{name}"]
    if isinstance(shape, ListShape):
        return [_shorthand(rng, each, 0) for each in value]
    return [_shorthand(rng, value, 0)]


def _value(rng: Random, shape: Shape, depth: int) -> Any:
    if isinstance(shape, StructureShape):
        names = [name for name in shape.members if rng.random() < 0.6] or list(shape.members)[:1]
        return {name: _value(rng, shape.members[name], depth + 1) for name in names} if depth < DEPTH_MAX else {}
    if isinstance(shape, ListShape):
        return [_value(rng, shape.member, depth + 1) for _ in range(rng.choice([0, 1, 1, 2, 3]))]
    if shape.type_name == "boolean":
        return rng.random() < 0.5
    return _scalar(rng, shape)


def _scalar(rng: Random, shape: Shape) -> Any:
    if shape.type_name in ("integer", "long"):
        return rng.choice([0, 5, 22, 443, 1000, 65535, -1])
    if shape.type_name in ("double", "float"):
        return rng.choice([0.5, 1.0])
    if getattr(shape, "enum", None) and rng.random() < 0.8:
        return rng.choice(shape.enum)
    return rng.choice(PLAIN_WORDS if rng.random() < 0.8 else ODD_WORDS)


def _shorthand(rng: Random, value: Any, depth: int) -> str:
    """A value in the shorthand notation, quoted now and then; not always well, as people don't."""
    if isinstance(value, dict):
        inner = ",".join(f"{name}={_shorthand(rng, each, depth + 1)}" for name, each in value.items())
        return inner if depth == 0 else f"{{{inner}}}"
    if isinstance(value, list):
        return f"[{','.join(_shorthand(rng, each, depth + 1) for each in value)}]"
    text = json.dumps(value) if isinstance(value, bool) else str(value)
    return rng.choice([text, text, f'"{text}"', f"'{text}'"])


def _xml(rng: Random, shape: Shape, depth: int) -> str:
    """The inside of an element: some members of a structure, some items of a list, a text."""
    if isinstance(shape, StructureShape):
        if depth > DEPTH_MAX:
            return ""
        likely = 0.95 if depth == 0 else 0.6
        return "".join(
            _element(rng, name, each, depth) for name, each in shape.members.items() if rng.random() < likely
        )
    if isinstance(shape, ListShape):
        return "".join(f"<item>{_xml(rng, shape.member, depth + 1)}</item>" for _ in range(rng.choice([0, 1, 2, 2])))
    if shape.type_name == "boolean":
        return rng.choice(["true", "false"])
    if shape.type_name == "timestamp":
        return rng.choice(["2026-05-21T07:02:38.000Z", "2026-05-21T07:02:38Z"])
    return escape(str(_scalar(rng, shape)))


def _element(rng: Random, name: str, shape: Shape, depth: int) -> str:
    if name == "NextToken":
        return ""  # what pages are made of has cases of its own
    wire = shape.serialization.get("name", name)
    return f"<{wire}>{_xml(rng, shape, depth + 1)}</{wire}>"


def skeletons(kinds: Sequence[str]) -> Iterator[Case]:
    """Every operation's form."""
    for command in COMMANDS:
        for kind in kinds:
            yield Case(("ec2", command, "--generate-cli-skeleton", *([kind] if kind else [])), ())
