"""Words of an OpenAPI document: answers, objects, parameters."""

from __future__ import annotations

from typing import Any, Final

TEXT: Final = {"type": "string"}
NUMBER: Final = {"type": "integer"}
MAYBE_NUMBER: Final = {"type": ["number", "null"]}
FLAG: Final = {"type": "boolean"}
TEXTS: Final = {"type": "array", "items": TEXT}
PATH_HOST: Final = [{"name": "host", "in": "path", "required": True, "schema": TEXT, "description": "an i-…"}]


def json_answer(schema: dict[str, Any], text: str) -> dict[str, Any]:
    """An answer in JSON, with what it means."""
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def object_of(**properties: dict[str, Any]) -> dict[str, Any]:
    """An object that has all of these members."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def query(name: str, schema: dict[str, Any], text: str) -> dict[str, Any]:
    """A parameter of the query."""
    return {"name": name, "in": "query", "schema": schema, "description": text}


def in_path(name: str, text: str) -> dict[str, Any]:
    """A part of the path."""
    return {"name": name, "in": "path", "required": True, "schema": TEXT, "description": text}


def operation(
    summary: str,
    answer: dict[str, Any],
    *,
    status: int = 200,
    body: dict[str, Any] | None = None,
    on_host: bool = False,
    parameters: tuple[dict[str, Any], ...] = (),
    signed: bool = True,
) -> dict[str, Any]:
    """What a method does to a path: its request and its answer."""
    described: dict[str, Any] = {
        "summary": summary,
        "responses": {str(status): answer, "default": json_answer({"$ref": "#/components/schemas/Fault"}, "Refused.")},
    }
    if body is not None:
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    if on_host:
        described["parameters"] = PATH_HOST
    if parameters:
        described["parameters"] = list(parameters)
    if signed:
        described["security"] = [{"sigv4": []}]
    return described
