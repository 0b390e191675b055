"""What the agent keeps on disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import host_states
from ringwall.agent.directory import AgentDirectory, Identity, StateDamaged
from ringwall.config import ConfigurationError
from ringwall.domain.interface import Mode
from ringwall.domain.local import ControlEndpoint
from ringwall.domain.world import HostState
from ringwall.watch.encoding import encode
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
    assert directory.last_state() == directory.kept_state() == (snapshot, "ab" * 32)
    assert directory.kept_mode() is state.mode


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=20)
@given(st.lists(host_states.host_states(), min_size=2, max_size=3), st.data())
def test_groups_are_taken_from_the_file_and_the_state_is_whole_all_the_same(
    tmp_path: Path, states: list[HostState], data: st.DataObject
) -> None:
    directory, other = AgentDirectory(tmp_path), AgentDirectory(tmp_path)
    everything = {group_id: group for state in states for group_id, group in state.groups.items()}
    for revision, state in enumerate(states):
        kept = data.draw(st.sets(st.sampled_from(sorted(everything)))) if everything else set()
        groups = {**state.groups, **{group_id: everything[group_id] for group_id in kept}}
        snapshot = Snapshot(Position("store", 1, revision), replace(state, groups=groups))
        match data.draw(st.sampled_from(["", "digest", "damage", "other"])):
            case "digest":
                directory.save_digest("cd" * 32)
            case "damage":
                (tmp_path / "state.json").write_bytes(b"{}")
            case "other":
                other.save_state(Snapshot(Position("store", 1, 0), HostState("i-1", Mode.ENFORCE)), "ef" * 32)
        directory.save_state(snapshot, "ab" * 32)
        assert directory.kept_state() == (snapshot, "ab" * 32)
        assert (tmp_path / "state.json").read_bytes().startswith(encode(snapshot))


def test_another_digest_of_the_same_state_is_kept_and_none_beside_what_is_damaged(tmp_path: Path) -> None:
    directory = AgentDirectory(tmp_path)
    assert not directory.save_digest("cd" * 32), "there is no state yet"
    snapshot = Snapshot(Position("store", 1, 7), HostState("i-1", Mode.ENFORCE))
    directory.save_state(snapshot, "ab" * 32)
    assert directory.save_digest("cd" * 32)
    assert directory.kept_state() == (snapshot, "cd" * 32)
    (tmp_path / "state.json").write_bytes((tmp_path / "state.json").read_bytes()[:-9])
    assert not directory.save_digest("ef" * 32), "or it would look whole"
    with pytest.raises(StateDamaged):
        directory.kept_state()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(host_states.host_states(), st.data())
def test_a_state_that_lost_or_changed_anything_is_damaged_and_the_mode_is_known(
    tmp_path: Path, state: HostState, data: st.DataObject
) -> None:
    directory = AgentDirectory(tmp_path)
    directory.save_state(Snapshot(Position("store", 1, 7), state), "ab" * 32)
    path = tmp_path / "state.json"
    content = path.read_bytes()
    place = data.draw(st.integers(0, len(content) - 2))  # the newline at the very end may go
    if data.draw(st.booleans()):
        path.write_bytes(content[:place])
    else:
        flipped = content[place] ^ data.draw(st.integers(1, 255))
        path.write_bytes(content[:place] + bytes((flipped,)) + content[place + 1 :])
    with pytest.raises(StateDamaged, match=r"state\.json"):
        directory.kept_state()
    assert directory.last_state() is None
    assert directory.kept_mode() is state.mode


def test_a_directory_that_is_only_read_may_be_missing_or_unwritable(tmp_path: Path) -> None:
    directory = AgentDirectory(tmp_path / "missing", writable=False)
    assert (directory.identity(), directory.kept_state(), directory.kept_mode()) == (None, None, None)
    assert not directory.is_released()
    assert not (tmp_path / "missing").exists()


@pytest.mark.parametrize("content", [b"", b"closed", b"\xff"])
def test_a_mode_that_cant_be_read_is_no_mode(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "mode").write_bytes(content)
    with pytest.raises(StateDamaged, match="mode can't be read"):
        AgentDirectory(tmp_path).kept_mode()
    AgentDirectory(tmp_path).save_state(Snapshot(Position("s", 1, 1), HostState("i-1", Mode.ENFORCE)), "")
    assert AgentDirectory(tmp_path).kept_mode() is Mode.ENFORCE


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
