"""What the doctor makes of numbers that a test can't have from a kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringwall.agent import doctor, room
from ringwall.agent.doctor import capabilities, server, settings
from ringwall.agent.findings import Finding, Status, fail, ok, warn, worst
from ringwall.domain.local import LocalPolicy


@pytest.mark.parametrize(
    ("ahead_seconds", "status", "words"),
    [
        (0.0, Status.OK, "agrees"),
        (-59.0, Status.OK, "agrees"),
        (61.0, Status.WARN, "61 s ahead of"),
        (-899.0, Status.WARN, "899 s behind"),
        (900.0, Status.FAIL, "refuses"),
    ],
)
def test_a_clock_that_is_wrong_is_told_before_it_is_refused(ahead_seconds: float, status: Status, words: str) -> None:
    (finding,) = server.clock(ahead_seconds)
    assert finding.status is status
    assert words in finding.sentence


@pytest.mark.parametrize(
    ("owns", "status", "alive"),
    [
        (True, Status.OK, "While the agent lives nobody else can change or flush its table."),
        (False, Status.WARN, "opens the host for up to a second while the agent lives"),
    ],
)
def test_what_a_foreign_flush_does_is_said_for_an_agent_that_lives_and_for_a_dead_one(
    owns: bool, status: Status, alive: str
) -> None:
    finding = capabilities.ownership(owns)
    assert finding.status is status
    assert alive in finding.sentence
    assert "until it is started again" in finding.sentence


@pytest.mark.parametrize(
    ("count", "status"), [(0, Status.OK), (749, Status.OK), (750, Status.WARN), (949, Status.WARN), (950, Status.FAIL)]
)
def test_a_table_of_flows_that_fills_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, status: Status
) -> None:
    (tmp_path / "netfilter").mkdir()
    (tmp_path / "netfilter/nf_conntrack_count").write_text(f"{count}\n")
    (tmp_path / "netfilter/nf_conntrack_max").write_text("1000\n")
    (tmp_path / "netfilter/nf_conntrack_tcp_be_liberal").write_text("1\n")
    monkeypatch.setattr(settings, "_SYSCTL", tmp_path)
    monkeypatch.setattr(room, "_SYSCTL", tmp_path / "netfilter")
    findings = {each.check: each for each in doctor.examine(tmp_path / "data", "", LocalPolicy())}
    assert findings["conntrack"].status is status
    assert findings["tcp-be-liberal"].status is Status.WARN
    assert not (tmp_path / "data").exists()


def test_the_worst_finding_is_the_exit_status() -> None:
    assert worst([]) == 0
    assert worst([ok("a", "b")]) == 0
    assert worst([ok("a", "b"), warn("a", "b"), ok("a", "b")]) == 1
    assert worst([fail("a", "b"), warn("a", "b")]) == 2
    assert Finding("disk", Status.WARN, "It is full.", "Make room.").text == "WARN  disk: It is full. Make room."
