"""What the agent keeps on disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

import host_states
from ringwall.agent.directory import AgentDirectory, Identity
from ringwall.config import ConfigurationError
from ringwall.domain.local import ControlEndpoint
from ringwall.domain.world import HostState
from ringwall.watch.messages import Position, Snapshot

IDENTITY = Identity(
    "123456789012", "us-east-1", "i-1", "RWHKEXAMPLE", "top secret", "store", "up0", "eni-1", "ab" * 32,
    frozenset((ControlEndpoint("192.0.2.1", 4580), ControlEndpoint("fd00::1", 4580))),
)  # fmt: skip


def test_an_identity_is_read_as_it_was_saved_and_by_nobody_else(tmp_path: Path) -> None:
    directory = AgentDirectory(tmp_path / "made" / "here")
    assert directory.identity() is None
    directory.save_identity(IDENTITY)
    assert directory.identity() == IDENTITY
    assert (directory.path / "agent.json").stat().st_mode & 0o777 == 0o600
    assert directory.path.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in directory.path.iterdir()] == ["agent.json"]
    assert "top secret" not in repr(IDENTITY)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"region": "us-east-1"}', b"\xff"])
def test_an_identity_that_cant_be_read_is_refused_with_a_way_out(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "agent.json").write_bytes(content)
    with pytest.raises(ConfigurationError, match="Enrol the host again"):
        AgentDirectory(tmp_path).identity()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=20)
@given(host_states.host_states())
def test_a_state_is_read_as_it_was_saved(tmp_path: Path, state: HostState) -> None:
    directory = AgentDirectory(tmp_path)
    snapshot = Snapshot(Position("store", 1, 7), state)
    directory.save_state(snapshot, "ab" * 32)
    assert directory.last_state() == (snapshot, "ab" * 32)


@pytest.mark.parametrize("content", [None, b"", b"\n", b"{}\nabab\n", b'{"type":"heartbeat"}\nabab\n', b"\xff\n\xff\n"])
def test_a_state_that_cant_be_read_is_none(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "state.json").write_bytes(content)
    assert AgentDirectory(tmp_path).last_state() is None


def test_a_directory_that_cant_be_written_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="--data"):
        AgentDirectory(tmp_path / "file")


def test_one_agent_at_a_time(tmp_path: Path) -> None:
    one, other = AgentDirectory(tmp_path), AgentDirectory(tmp_path)
    with one.held(), pytest.raises(ConfigurationError, match="another agent"), other.held():
        pass
    with AgentDirectory(tmp_path).held():
        pass


def test_nothing_is_written_through_what_somebody_left_in_the_directory(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    directory = AgentDirectory(tmp_path / "data")
    (directory.path / ".agent.json.new").symlink_to(victim)
    directory.save_identity(IDENTITY)
    assert victim.read_text() == "precious"
    assert directory.identity() == IDENTITY
    (directory.path / ".agent.json.new").touch(0o644)
    directory.save_identity(IDENTITY)
    assert (directory.path / "agent.json").stat().st_mode & 0o777 == 0o600
