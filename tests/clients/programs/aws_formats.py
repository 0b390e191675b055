"""aws CLI's formatters, of version 1 or 2, whichever interpreter runs this: a line of JSON in, a line of JSON out.

In: {"form", "operation", "query", "color", "answer"}, or for a paged answer "pages" and "paging" instead of "answer".
Out: {"text": what was written} or {"error": what was raised}. Imports aws CLI and the standard library alone.
"""

from __future__ import annotations

import io
import json
import sys
import types
from typing import Any

import awscli  # noqa: F401  # puts its own botocore into place
import botocore.paginate
import jmespath
from awscli.formatter import get_formatter


def main() -> None:
    """Serves requests until the input ends."""
    out = sys.stdout  # a coloured table puts something else into its place
    for line in sys.stdin:
        asked = json.loads(line)
        stream = io.StringIO()
        try:
            query = jmespath.compile(asked["query"]) if asked["query"] else None
            formatter = get_formatter(asked["form"], types.SimpleNamespace(query=query, color=asked["color"]))
            formatter(asked["operation"], _response(asked), stream)
            answer = {"text": stream.getvalue()}
        except Exception as error:
            answer = {"error": str(error)}
        out.write(json.dumps(answer) + "\n")
        out.flush()


def _response(asked: dict[str, Any]) -> Any:
    if "answer" in asked:
        return asked["answer"]
    limit = types.SimpleNamespace(type_name="integer")
    request = types.SimpleNamespace(input_shape=types.SimpleNamespace(members={"MaxResults": limit}))
    names = {"input_token": "NextToken", "output_token": "NextToken", "limit_key": "MaxResults"}
    pages = iter(asked["pages"])
    paginator = botocore.paginate.Paginator(
        lambda **_: next(pages, {}), {**names, "result_key": asked["results"]}, request
    )
    return paginator.paginate(PaginationConfig=asked["paging"])


if __name__ == "__main__":
    main()
