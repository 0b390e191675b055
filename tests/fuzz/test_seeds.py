"""The seeds of coverage-guided fuzzing, each once; what fuzzing finds becomes a line of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from fuzzing import Target
from ringwall.operations.table import OPERATIONS

SEEDS = sorted((Path(__file__).parent / "seeds").glob("*.txt"))


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.stem)
def test_a_seed(seed: Path) -> None:
    target = Target()
    try:
        statuses = {target.ask(form).status for form in seed.read_bytes().splitlines()}
    finally:
        target.close()
    assert 200 in statuses


def test_the_seeds_name_operations_of_every_kind() -> None:
    text = b"".join(seed.read_bytes() for seed in SEEDS)
    assert len([name for name in OPERATIONS if f"Action={name}&".encode() in text]) > len(OPERATIONS) / 2
