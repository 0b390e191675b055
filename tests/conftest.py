"""What every test may use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from serving import Server, serving


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """An ephemeral server for the tests of one module; each test makes VPCs and groups of its own."""
    with serving() as running:
        yield running
