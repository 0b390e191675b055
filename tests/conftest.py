"""What every test may use."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

import tally
from serving import Server, serving


def pytest_configure() -> None:
    """A run that is told to end stops what it started: servers, agents and namespaces go with their fixtures."""
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was done with real packets, in numbers."""
    for line in tally.lines():
        terminalreporter.write_line(line)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """An ephemeral server for the tests of one module; each test makes VPCs and groups of its own."""
    with serving() as running:
        yield running
