"""Links in the documents lead somewhere, decisions have the form of decisions, and `make` tells what it can do."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from documents import DOCUMENTS, ROOT, links

ADRS = sorted((ROOT / "docs/adr").glob("*.md"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_resolve(document: Path) -> None:
    for target in links(document):
        path, _, anchor = target.partition("#")
        found = (document.parent / path).resolve() if path else document
        assert found.exists(), target
        assert not anchor or anchor in _anchors(found), target


def _anchors(document: Path) -> set[str]:
    """The anchors of a page's headings, as repositories' pages make them."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", ADRS, ids=lambda path: path.stem)
def test_a_decision_has_its_parts(document: Path) -> None:
    text = document.read_text()
    number = int(document.name[:4])
    assert text.startswith(f"# {number}. ")
    assert re.search(r"^Status: (accepted|superseded by .+)$", text, re.MULTILINE)
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert len(text.splitlines()) <= 50, "one page"


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(path.name[:4]) for path in ADRS] == list(range(1, len(ADRS) + 1))


def test_make_prints_its_help() -> None:
    makefile = (ROOT / "Makefile").read_text()
    commented = re.findall(r"^([a-z-]+):.*##", makefile, re.MULTILINE)
    printed = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.findall(r"^  make (\S+)", printed, re.MULTILINE) == commented


def test_the_glossary_has_the_words_of_the_house() -> None:
    words = """
    operation, action, caller, rule, permission, peer, ingress, egress, network interface, prefix list entry, revision,
    epoch, position, watch, snapshot, delta, heartbeat, lag, resync, compacted, desired, applied, observed, drift,
    in force, cut, keep, digest, base chain, verdict map, commit, generation, original tuple
    """
    defined = {each.lower() for each in re.findall(r"\*\*([^*]+)\*\*", (ROOT / "docs/glossary.md").read_text())}
    assert {" ".join(word.split()) for word in words.split(",")} <= defined
