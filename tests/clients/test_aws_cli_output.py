"""Standard output, ours and that of aws CLI's own formatters, of version 1 and of version 2."""

from __future__ import annotations

import io
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

import answers
from outside import PROGRAMS, needs
from ringwall.cli.ec2.output import OutputFailed, write
from ringwall.cli.ec2.output.query import compile_query
from ringwall.client.model import PAGINATORS
from ringwall.client.pages import Pages
from serving import AWS

DEBIAN_PYTHON = Path("/usr/bin/python3")
DEBIAN_AWS = Path("/usr/lib/python3/dist-packages/awscli")

ROUNDS = 8
ALL_TEXTS = [*answers.TEXTS, *answers.UNPRINTABLE]


class Judge:
    """aws CLI's formatters in an interpreter of their own, without a terminal."""

    def __init__(self, python: Path) -> None:
        self._process = subprocess.Popen(
            [python, PROGRAMS / "aws_formats.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        )

    def says(self, **asked: Any) -> dict[str, str]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer: dict[str, str] = json.loads(self._process.stdout.readline())
        return answer

    def close(self) -> None:
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()


@pytest.fixture(scope="module")
def version_1() -> Iterator[Judge]:
    judge = Judge(AWS.parent / "python")
    yield judge
    judge.close()


@pytest.fixture(scope="module")
def version_2() -> Iterator[Judge]:
    judge = Judge(DEBIAN_PYTHON)
    yield judge
    judge.close()


def written(
    form: str, operation: str, answer: dict[str, Any] | Pages, query: str | None, colour: str
) -> dict[str, str]:
    stream = io.StringIO()
    try:
        write(form, operation, answer, stream, query=compile_query(query) if query else None, colour=colour)
    except OutputFailed as error:
        return {"error": str(error)}
    return {"text": stream.getvalue()}


def compare(judge: Judge, forms: list[str], operation: str) -> None:
    """Answers of every size, whole and queried; an error is as good a sameness as a text, so some have to be texts."""
    random = Random(operation)
    texts = 0
    for _ in range(ROUNDS):
        answer = answers.answer(operation, random, ALL_TEXTS)
        query = random.choice(answers.QUERIES)
        for form in forms:
            colour = random.choice(["off", "on"]) if form == "table" else "off"
            theirs = judge.says(form=form, operation=operation, query=query, color=colour, answer=answer)
            ours = written(form, operation, json.loads(json.dumps(answer)), query, colour)
            assert ours == theirs, (form, query)
            texts += "text" in ours
    assert texts > ROUNDS / 2


@needs(AWS)
@pytest.mark.parametrize("operation", answers.ANSWERED)
def test_json_text_and_tables_are_version_1s(version_1: Judge, operation: str) -> None:
    compare(version_1, ["json", "text", "table"], operation)


@pytest.mark.clients
@needs(DEBIAN_AWS)
@pytest.mark.parametrize("operation", answers.ANSWERED)
def test_every_format_is_version_2s(version_2: Judge, operation: str) -> None:
    compare(version_2, ["json", "text", "table", "yaml", "yaml-stream"], operation)


def compare_pages(judge: Judge, forms: list[str], operation: str) -> None:
    random = Random(operation)
    results = PAGINATORS[operation][3]
    for _ in range(ROUNDS):
        pages = [answers.answer(operation, random) for _ in range(random.randint(1, 3))]
        for number, page in enumerate(pages):
            page["NextToken"] = f"token-{number}" if number < len(pages) - 1 else random.choice(["", "token-last"])
            if not page["NextToken"]:
                del page["NextToken"]
        wanted = {"MaxItems": random.choice([None, 1, 2, 3]), "StartingToken": random.choice([None, "t", "t___1"])}
        paging = {name: value for name, value in wanted.items() if value is not None}
        if "NextToken" in pages[-1]:
            paging["MaxItems"] = sum(len(page.get(results, [])) for page in pages)
        query = random.choice([None, None, results, f"length({results})", f"{results}[].Tags", "NextToken"])
        for form in forms:
            theirs = judge.says(
                form=form, operation=operation, query=query, color="off", pages=pages, paging=paging, results=results
            )
            left = iter(json.loads(json.dumps(pages)))
            ours = Pages(
                operation,
                lambda _, left=left: next(left, {}),
                {},
                starting_token=paging.get("StartingToken"),
                max_items=paging.get("MaxItems"),
            )
            assert written(form, operation, ours, query, "off") == theirs, (form, query, paging)


@needs(AWS)
@pytest.mark.parametrize("operation", PAGINATORS)
def test_pages_are_version_1s(version_1: Judge, operation: str) -> None:
    compare_pages(version_1, ["json", "text", "table"], operation)


@pytest.mark.clients
@needs(DEBIAN_AWS)
@pytest.mark.parametrize("operation", PAGINATORS)
def test_pages_are_version_2s(version_2: Judge, operation: str) -> None:
    compare_pages(version_2, ["yaml", "yaml-stream"], operation)
