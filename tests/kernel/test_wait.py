"""`ringwall wait` with a real agent: when it returns, the kernel has the change, and the stream is cut."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import netns
from fleet import Fleet, fleet_in, passes, permission, stopped, wait_for
from serving import RINGWALL

pytestmark = [pytest.mark.kernel, netns.needs_kernel]


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with fleet_in(tmp_path) as made:
        yield made


def wait(fleet: Fleet, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`ringwall wait`, where the server runs."""
    command = [str(RINGWALL), "wait", "--data", str(fleet.data.parent / "server"), *arguments]
    return fleet.peer.run(command, check=False)


def revoke(fleet: Fleet, port: int) -> str:
    """The revision of the revoke."""
    answer = fleet.ec2("revoke_security_group_ingress", GroupId=fleet.group_id, IpPermissions=[permission(port)])
    return str(answer["ResponseMetadata"]["HTTPHeaders"]["ringwall-revision"])


def test_after_the_wait_nothing_passes_any_more(fleet: Fleet) -> None:
    fleet.enrol()
    session = fleet.converse(fleet.listen(22))
    fleet.admit(22)
    fleet.enforce(yes=True)
    assert passes(*session)
    done = wait(fleet, "--revision", revoke(fleet, 22), "--timeout", "20")
    assert "sgr-" not in fleet.table(), "the rule is gone from the kernel"
    assert not passes(*session, seconds=0.3)
    name = os.uname().nodename
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(
        rf"{re.escape(name)} in force after [\d.]+ m?s\nrevision \d+ is in force on 1 host\n", done.stdout
    )
    assert 0 < fleet.about()["interfaces"][0]["in_force"]["lag_seconds"] < 20
    assert wait(fleet).stdout.splitlines()[-1].startswith("everything up to revision ")


def test_a_stopped_agent_is_named_and_holds_up_only_what_concerns_it(fleet: Fleet) -> None:
    agent = fleet.enrol()
    session = fleet.converse(fleet.listen(22))
    fleet.admit(22)
    fleet.enforce(yes=True)
    with stopped(agent.process.pid):
        revision = revoke(fleet, 22)
        began = time.monotonic()
        late = wait(fleet, "--revision", revision, "--timeout", "0.5")
        assert time.monotonic() - began >= 0.5
        assert (late.returncode, late.stdout) == (3, "")
        assert f"({fleet.instance_id}) pending, it has revision " in late.stderr
        assert passes(*session), "it isn't in force indeed"
        other = fleet.ec2("create_security_group", GroupName="unused", Description="u", VpcId=fleet.vpc_id)
        unaffected = str(other["ResponseMetadata"]["HTTPHeaders"]["ringwall-revision"])
        done = wait(fleet, "--revision", unaffected)
        assert (done.returncode, done.stdout) == (0, f"revision {unaffected} has no effect on any host\n")
        assert wait(fleet, "--timeout", "0.1").returncode == 3, "everything so far includes the revoke"
    done = wait(fleet, "--revision", revision)
    assert done.returncode == 0, done.stderr
    assert not passes(*session, seconds=0.3)


def test_an_agent_that_is_gone_is_silent_until_it_is_back(fleet: Fleet) -> None:
    agent = fleet.enrol()
    agent.kill()
    wait_for(lambda: not fleet.about()["connected"], "the server to notice")
    assert wait(fleet, "--timeout", "5").returncode == 0, "it has all there was"
    answer = fleet.ec2("authorize_security_group_ingress", GroupId=fleet.group_id, IpPermissions=[permission(80)])
    revision = str(answer["ResponseMetadata"]["HTTPHeaders"]["ringwall-revision"])
    for arguments in (("--revision", revision), ()):
        late = wait(fleet, *arguments, "--timeout", "0.1")
        assert late.returncode == 3
        assert re.search(rf"\({fleet.instance_id}\) silent since \d{{4}}-", late.stderr)
    fleet.start_agent()
    done = wait(fleet, "--revision", revision, "--timeout", "20")
    assert done.returncode == 0, done.stderr
    assert "sgr-" in fleet.table()
