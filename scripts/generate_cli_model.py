"""Write src/ringwall/client/model.py and values.py: EC2's model as a client needs it, trimmed to what is served.

The source is the locked botocore, the operations are those of generate_shapes. `texts()` gives both files whole, so
that a test can compare them with the committed ones. They are plain literals, with nothing to import: reading them is
part of every call of the command line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import botocore
import botocore.loaders
from botocore import xform_name
from botocore.model import ListShape, OperationModel, ServiceModel, Shape, StructureShape

from generate_shapes import EC2_OPERATIONS, EC2_VERSION, _constant, _input_name, _structures, _type

_FAST_BLANK = "¬"
"""Stands for a blank inside a text while lines are broken; the models don't contain it."""

CLIENT = Path(__file__).parent.parent / "src/ringwall/client"

MODEL_HEADER = '''"""EC2's model as a client needs it, trimmed to the operations that ringwall serves.

Made by scripts/generate_cli_model.py from botocore {botocore}; `make generate` writes it anew. Don't edit it.

A type is named by a string: a scalar (`string`, `integer`, `long`, `boolean`, `double`, `timestamp`, `blob`), a
structure (`IpPermission`), a list (`[IpPermission]`). Lists are flattened on the way in (`GroupId.1`), and made of
`<item>` on the way out. Everything keeps botocore's order.
"""

from __future__ import annotations

API_VERSION = {version!r}
"""The version that is sent with each request."""
'''

VALUES_HEADER = '''"""What EC2's model says that only help, skeletons and completion ask for: see client/model.py.

Made by scripts/generate_cli_model.py from botocore {botocore}; `make generate` writes it anew. Don't edit it.
"""

from __future__ import annotations
'''


def texts() -> dict[Path, str]:
    """The generated files, whole."""
    loader = botocore.loaders.Loader()
    ec2 = ServiceModel(loader.load_service_model("ec2", "service-2", EC2_VERSION), "ec2")
    operations = [ec2.operation_model(name) for name in EC2_OPERATIONS]
    inputs = _structures(operation.input_shape for operation in operations)
    outputs = _structures(operation.output_shape for operation in operations)
    every = {**inputs, **outputs}
    model = [
        MODEL_HEADER.format(botocore=botocore.__version__, version=EC2_VERSION),
        *_operations(operations),
        *_members(every, inputs),
        _paginators(loader),
        _waiters(loader),
    ]
    values = [
        VALUES_HEADER.format(botocore=botocore.__version__),
        _constant_of(
            "VALUES",
            "dict[str, dict[str, tuple[str, ...]]]",
            {name: found for name, shape in every.items() if (found := dict(_enumerations(shape)))},
            "Structure -> member -> the values that it, or each of its elements, can have.",
        ),
        _constant_of(
            "ELEMENTS",
            "dict[str, dict[str, str]]",
            {name: found for name, shape in outputs.items() if (found := dict(_elements(shape)))},
            "Structure of an answer -> member that is a list of texts -> the name of an element's type.",
        ),
    ]
    return {CLIENT / "model.py": "\n".join(model), CLIENT / "values.py": "\n".join(values)}


def _constant_of(name: str, annotation: str, value: Mapping[str, object], doc: str) -> str:
    """The constant without `Final`, whose module costs more to import than this one; no line ends inside a text."""
    kept = _constant(name, annotation, _with_fast_blanks(value), doc).replace(f"Final[{annotation}]", annotation, 1)
    return kept.replace(_FAST_BLANK, " ")


def _with_fast_blanks(value: Any) -> Any:
    match value:
        case str():
            return value.replace(" ", _FAST_BLANK)
        case tuple():
            return tuple(_with_fast_blanks(each) for each in value)
        case Mapping():
            return {key: _with_fast_blanks(each) for key, each in value.items()}
    return value


def _operations(operations: Iterable[OperationModel]) -> Iterator[str]:
    yield _constant_of(
        "COMMANDS",
        "dict[str, str]",
        {xform_name(each.name, "-"): each.name for each in operations},
        "The operation's name on the command line -> operation.",
    )
    yield _constant_of(
        "OPERATIONS",
        "dict[str, tuple[str, str | None, tuple[str, ...]]]",
        {
            each.name: (
                each.input_shape.name,
                each.output_shape.name if each.output_shape else None,
                tuple(xform_name(member, "-") for member in each.input_shape.members),
            )
            for each in operations
        },
        "Operation -> (structure of the request, structure of the answer, options of the request's members in turn).",
    )


def _members(every: Mapping[str, StructureShape], inputs: Mapping[str, StructureShape]) -> Iterator[str]:
    yield _constant_of(
        "STRUCTURES",
        "dict[str, dict[str, tuple[str, str, str]]]",
        {
            name: {
                member: (_type(child), _input_name(child, member), child.serialization.get("name", member))
                for member, child in shape.members.items()
            }
            for name, shape in every.items()
        },
        "Structure -> member -> (type, name in a request, element in an answer).",
    )
    yield _constant_of(
        "REQUIRED",
        "dict[str, tuple[str, ...]]",
        {name: tuple(shape.required_members) for name, shape in inputs.items() if shape.required_members},
        "Structure of a request -> the members it can't do without.",
    )
    yield _constant_of(
        "TOKENS",
        "dict[str, str]",
        {
            name: member
            for name, shape in inputs.items()
            for member, child in shape.members.items()
            if child.metadata.get("idempotencyToken")
        },
        "Structure of a request -> the member that takes a new token when none is given.",
    )
    yield _constant_of(
        "MINIMA",
        "dict[str, dict[str, int]]",
        {
            name: found
            for name, shape in inputs.items()
            if (
                found := {
                    member: child.metadata["min"] for member, child in shape.members.items() if "min" in child.metadata
                }
            )
        },
        "Structure of a request -> member -> least number, or least length of a text or a list.",
    )


def _paginators(loader: botocore.loaders.Loader) -> str:
    pages = loader.load_service_model("ec2", "paginators-1", EC2_VERSION)["pagination"]
    return _constant_of(
        "PAGINATORS",
        "dict[str, tuple[str, str, str, str]]",
        {
            name: tuple(pages[name][key] for key in ("input_token", "output_token", "limit_key", "result_key"))
            for name in EC2_OPERATIONS
            if name in pages
        },
        "Operation -> (member of the request for the token, of the answer, for the size of a page, for the results).",
    )


def _waiters(loader: botocore.loaders.Loader) -> str:
    waiters = loader.load_service_model("ec2", "waiters-2", EC2_VERSION)["waiters"]
    return _constant_of(
        "WAITERS",
        "dict[str, tuple[str, str, int, int, tuple[tuple[str, str, str | None, str | int | bool], ...]]]",
        {
            xform_name(name, "-"): (
                name,
                each["operation"],
                each["delay"],
                each["maxAttempts"],
                tuple((a["state"], a["matcher"], a.get("argument"), a["expected"]) for a in each["acceptors"]),
            )
            for name, each in sorted(waiters.items())
            if each["operation"] in EC2_OPERATIONS
        },
        "Name in kebab case -> (waiter, operation, seconds between, attempts, (state, matcher, path, expected)+).",
    )


def _enumerations(shape: StructureShape) -> Iterator[tuple[str, tuple[str, ...]]]:
    for member, child in shape.members.items():
        scalar = child.member if isinstance(child, ListShape) else child
        values = list(getattr(scalar, "enum", ()))
        if values:
            yield member, tuple(values)


def _elements(shape: StructureShape) -> Iterator[tuple[str, str]]:
    for member, child in shape.members.items():
        if isinstance(child, ListShape) and _is_text(child.member):
            yield member, child.member.name


def _is_text(shape: Shape) -> bool:
    return shape.type_name == "string"


if __name__ == "__main__":
    for path, text in texts().items():
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path}")
