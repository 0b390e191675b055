"""Every row of the page of attacks names tests that there are, and the rows are all there."""

from __future__ import annotations

import re
from pathlib import Path

from documents import ROOT

PAGE = ROOT / "docs/design/attacks.md"
NAMED = re.compile(r"`(test_\w+\.py)::(test_\w+)`")


def rows(part: str) -> list[str]:
    """The lines of the part's table, without its head."""
    text = PAGE.read_text().split(f"## {part}. ")[1].split("\n## ")[0]
    return [line for line in text.splitlines() if line.startswith("| ")][2:]


def has(file: str, test: str) -> bool:
    path = ROOT / "tests/kernel" / file
    return path.exists() and re.search(rf"^(async )?def {test}\(", Path(path).read_text(), re.MULTILINE) is not None


def test_every_test_that_is_named_exists() -> None:
    named = NAMED.findall(PAGE.read_text())
    assert len(named) > 40
    assert [each for each in named if not has(*each)] == []


def test_every_row_names_a_test() -> None:
    for part, count in (("A", 16), ("B", 3), ("C", 11)):
        assert len(rows(part)) == count, part
        for row in rows(part):
            assert NAMED.search(row), row
    assert [int(row.split("|")[1]) for row in rows("A")] == list(range(1, 17))


def test_every_attack_that_is_tried_is_in_a_row() -> None:
    """Tests that carry a row's number or part in their name."""
    page = PAGE.read_text()
    for path in (ROOT / "tests/kernel").glob("test_packets_attacks*.py"):
        for test in re.findall(r"^def (test_(?:\d+|b|c)_\w+)\(", path.read_text(), re.MULTILINE):
            assert f"`{path.name}::{test}`" in page, test
