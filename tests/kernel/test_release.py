"""`ringwall agent release` at the host's console: nothing is enforced any more, whatever a server says."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import netns
from fleet import SECONDS, Fleet, fleet_in, wait_for
from serving import RINGWALL

pytestmark = [pytest.mark.kernel, netns.needs_kernel]


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with fleet_in(tmp_path) as made:
        yield made


def enforcing(fleet: Fleet) -> None:
    """Port 22 is admitted, 23 isn't."""
    fleet.listen(22), fleet.listen(23)
    fleet.admit(22)
    fleet.enforce(yes=True)
    assert fleet.connects(22)
    assert not fleet.connects(23)


def test_a_released_host_is_open_and_stays_so_whatever_the_server_says(fleet: Fleet) -> None:
    agent = fleet.enrol()
    enforcing(fleet)
    said = fleet.on_console("release").stdout
    assert f"The agent (pid {agent.process.pid}) was ended." in said
    assert "Table inet ringwall was deleted." in said
    assert agent.process.wait(SECONDS) == -9
    assert fleet.table() == ""
    assert fleet.connects(23)

    again = fleet.start_agent()  # as its supervisor does at once
    wait_for(lambda: any("Released on the host's console" in each for each in fleet.about()["problems"]), "the report")
    (problem,) = [each for each in fleet.about()["problems"] if each.startswith("Released")]
    assert "by root" in problem
    assert "ringwall agent resume" in problem
    shown = fleet.peer.run([str(RINGWALL), "host", "show", "--data", str(fleet.data.parent / "server"),
                            "--server", f"http://127.0.0.1:{fleet.server.port}", fleet.instance_id]).stdout  # fmt: skip
    assert problem in shown
    fleet.ec2("revoke_security_group_ingress", GroupId=fleet.group_id, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/24"}]}])  # fmt: skip
    for mode in ("observe", "enforce"):
        fleet.api("PUT", f"/ringwall/v1/hosts/{fleet.instance_id}/mode", {"mode": mode, "yes": True})
    wait_for(lambda: fleet.about()["problems"] and not fleet.up_to_date(), "the host to have heard, and done nothing")
    assert fleet.table() == ""
    assert fleet.connects(22)
    assert fleet.connects(23)
    assert not again.says("in-force")

    assert "puts back within a second" in fleet.on_console("resume").stdout
    wait_for(lambda: "policy drop" in fleet.table(), "the agent to notice")
    fleet.settled()
    assert not fleet.connects(22)
    assert fleet.about()["problems"] == []


def test_it_needs_neither_server_nor_agent_and_does_no_harm_twice(fleet: Fleet) -> None:
    agent = fleet.enrol()
    enforcing(fleet)
    session = fleet.converse(fleet.listen(24)) if fleet.connects(24) else None
    assert session is None, "port 24 is closed"
    fleet.server.kill()
    agent.kill()
    first = fleet.on_console("release").stdout
    assert "was deleted" in first
    marker = (fleet.data / "released").read_bytes()
    second = fleet.on_console("release").stdout
    assert "There is no table inet ringwall." in second
    assert (fleet.data / "released").read_bytes() == marker, "it says when the host was released first"
    assert fleet.connects(23)
    assert "Released on the host's console" in fleet.on_console("boot").stdout
    assert fleet.table() == ""

    started = fleet.start_agent()  # without a server
    wait_for(lambda: started.says("trying again"), "the agent to run")
    assert fleet.table() == ""
    fleet.on_console("resume")
    wait_for(lambda: "policy drop" in fleet.table(), "the last state, from disk")
    assert fleet.connects(22)
    assert not fleet.connects(23)
    assert "isn't released" in fleet.on_console("resume").stdout


def test_a_running_agent_that_wasnt_ended_lets_go_too(fleet: Fleet) -> None:
    agent = fleet.enrol()
    (fleet.data / "released").touch()  # a marker that tells nothing counts
    wait_for(lambda: agent.says("released on its console"), "the agent to notice")
    fleet.ec2("authorize_security_group_ingress", GroupId=fleet.group_id, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/24"}]}])  # fmt: skip
    wait_for(lambda: any(each.startswith("Released") for each in fleet.about()["problems"]), "the report")
    assert "sgr-" not in fleet.table()
    (fleet.data / "released").unlink()
    wait_for(lambda: "sgr-" in fleet.table(), "the agent to go on")


def test_with_another_directory_than_the_agents_it_is_held_too(fleet: Fleet, tmp_path: Path) -> None:
    """As who forgets --data at three in the morning, where a supervisor starts the agent again at once."""
    agent = fleet.enrol()
    enforcing(fleet)
    other = tmp_path / "other"
    said = fleet.host.run([str(RINGWALL), "agent", "release", "--data", str(other)]).stdout
    assert f"{other} knows no host" in said
    if "The owner of the table" not in said:
        pytest.skip("needs tables that tell their owner: Linux 6.9")
    assert agent.process.wait(SECONDS) == -9
    assert f"`ringwall agent resume --data {fleet.data}`" in said
    assert (fleet.data / "released").exists()
    assert "its agent has another --data" in fleet.host.run(
        [str(RINGWALL), "agent", "resume", "--data", str(tmp_path / "third")]
    ).stdout  # fmt: skip


@pytest.mark.parametrize("damage", ["identity and state", "lock", "everything"])
def test_a_damaged_directory_is_no_obstacle(fleet: Fleet, damage: str) -> None:
    agent = fleet.enrol()
    enforcing(fleet)
    if damage == "identity and state":
        for name in ("agent.json", "state.json", "mode"):
            (fleet.data / name).write_bytes(b"\0")
    elif damage == "lock":
        (fleet.data / "agent.lock").unlink()
    else:
        shutil.rmtree(fleet.data)
    said = fleet.on_console("release").stdout
    assert agent.process.wait(SECONDS) == -9
    assert "Table inet ringwall was deleted." in said
    assert fleet.table() == ""
    assert (fleet.data / "released").exists()
    assert fleet.connects(23)


def test_a_marker_that_cant_be_written_is_told_and_the_table_goes_all_the_same(fleet: Fleet) -> None:
    fleet.enrol()
    enforcing(fleet)
    shutil.rmtree(fleet.data)
    fleet.data.write_text("not a directory")
    done = fleet.on_console("release", check=False)
    assert done.returncode == 1
    assert "can't be written" in done.stderr
    assert "systemctl disable" in done.stderr
    assert "Table inet ringwall was deleted." in done.stdout
    assert fleet.connects(23)


def test_an_agent_that_hangs_is_ended(fleet: Fleet) -> None:
    agent = fleet.enrol()
    enforcing(fleet)
    agent.process.send_signal(19)  # SIGSTOP: as good as hung
    assert "was deleted" in fleet.on_console("release").stdout
    assert agent.process.wait(SECONDS) == -9
    assert fleet.table() == ""


def test_others_are_left_alone(fleet: Fleet) -> None:
    """Another table, and a process that only has the lock open."""
    agent = fleet.enrol()
    fleet.host.run(["nft", "add", "table", "inet", "theirs"])
    with (fleet.data / "agent.lock").open() as lock, subprocess.Popen(["sleep", "60"], stdin=lock) as reader:
        try:
            fleet.on_console("release")
            assert reader.poll() is None
        finally:
            reader.kill()
    assert agent.process.wait(SECONDS) == -9
    assert "theirs" in fleet.host.run(["nft", "list", "tables"]).stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes somebody who isn't root")
@pytest.mark.parametrize("verb", ["release", "resume"])
def test_only_root_may(tmp_path: Path, verb: str) -> None:
    done = subprocess.run(
        [str(RINGWALL), "agent", verb, "--data", str(tmp_path)],
        capture_output=True, text=True, check=False, user=65534,
    )  # fmt: skip
    assert done.returncode == 1
    assert "root" in done.stderr
    assert not (tmp_path / "released").exists()
