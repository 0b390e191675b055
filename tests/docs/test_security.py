"""Every attack in SECURITY.md's last table names tests that there are, and none that is promised is missing."""

from __future__ import annotations

import re

from documents import ROOT

PAGE = ROOT / "docs/SECURITY.md"
NAMED = re.compile(r"`(test_\w+\.py)::(test_\w+)`")
PROMISED = (
    "Forged", "truncated", "re-ordered", "downgraded", "Replayed", "two Authorizations", "both forms at once",
    "left unsigned", "encoded slashes", "percent-encoding", "changed after signing", "by time", "across accounts",
    "each operation", "agent's key", "letter case", "encoding", "logs, database, trail or errors", "wildcards",
    "full disk",
)  # fmt: skip
HELD = ("test_signature_attacks.py", "test_accounts_apart.py", "test_same_work.py", "test_secrets_of_principals.py")
"""Files that are about attacks alone: each of their tests is in a row."""
NO_ATTACK = {
    "test_a_request_may_be_sent_again_in_that_time_and_means_the_same",
    "test_an_operation_s_targets_are_of_the_types_that_the_reference_lists",
}


def table() -> str:
    return PAGE.read_text(encoding="utf-8").split("## How each attack is tried")[1]


def rows() -> list[str]:
    return [line for line in table().splitlines() if line.startswith("| ")][2:]


def names_in(name: str) -> set[str]:
    found: set[str] = set()
    for path in (ROOT / "tests").rglob(name):
        found |= set(re.findall(r"^(?:async )?def (test_\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE))
    return found


def test_every_row_names_tests_that_there_are() -> None:
    assert len(rows()) >= 14
    for row in rows():
        named = NAMED.findall(row.split("|")[2])
        assert named, row
        assert [each for each in named if each[1] not in names_in(each[0])] == []


def test_nothing_that_is_promised_is_missing() -> None:
    attacks = "\n".join(row.split("|")[1] for row in rows())
    assert [each for each in PROMISED if each not in attacks] == []


def test_every_test_that_is_about_attacks_is_in_a_row() -> None:
    named = {test for _, test in NAMED.findall(table())}
    for name in HELD:
        assert names_in(name) - NO_ATTACK - named == set(), name
