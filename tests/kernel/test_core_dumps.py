"""An agent that crashes leaves its key nowhere, and root at the console still finds it."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

import netns
from fleet import SECONDS, fleet_in, wait_for

pytestmark = [pytest.mark.kernel, netns.needs_kernel]


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT])
def test_an_agent_that_crashes_leaves_no_core(
    tmp_path: Path, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    with fleet_in(tmp_path / "fleet") as fleet:
        token = fleet.token()
        monkeypatch.chdir(here)
        agent = fleet.start_agent(token)
        wait_for(lambda: agent.says("enrolled as"), "the enrolment")
        limits = Path(f"/proc/{agent.process.pid}/limits").read_text()
        (line,) = [line for line in limits.splitlines() if line.startswith("Max core file size")]
        assert line.split()[4:6] == ["0", "0"]
        agent.process.send_signal(number)
        assert agent.process.wait(SECONDS) == -number
    assert list(here.iterdir()) == []
