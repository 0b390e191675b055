"""`ringwall wait` against a real server, with hosts that report when the test says so."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest

from enrolled import Host, enrol, watching
from ringwall.cli.screen import duration
from serving import RINGWALL, Server, serving


@dataclass
class Waiting:
    """`ringwall wait`, running."""

    process: subprocess.Popen[str]

    def line(self) -> str:
        """Its next line, as soon as it is printed."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def end(self) -> tuple[int, str, str]:
        """Its exit status and the rest of what it printed, once it ends."""
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        output, errors = self.process.stdout.read(), self.process.stderr.read()
        return self.process.wait(60), output, errors


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@contextmanager
def waiting(server: Server, *arguments: str) -> Iterator[Waiting]:
    """`ringwall wait` with the variables that `ringwall env` prints."""
    with subprocess.Popen(
        [str(RINGWALL), "wait", *arguments],
        env=server.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            yield Waiting(process)
        finally:
            process.kill()


def wait(server: Server, *arguments: str) -> tuple[int, str, str]:
    """`ringwall wait`, to its end."""
    with waiting(server, *arguments) as started:
        return started.end()


def grouped(server: Server, *hosts: Host) -> str:
    """A new group that these hosts carry, and nothing else."""
    group_id = server.client().create_security_group(GroupName=hosts[0].instance_id, Description="w")["GroupId"]
    for host in hosts:
        server.client().modify_instance_attribute(InstanceId=host.instance_id, Groups=[group_id])
    return str(group_id)


def admit(server: Server, group_id: str, port: int = 22) -> str:
    """The revision of a new rule."""
    answer = server.client().authorize_security_group_ingress(
        GroupId=group_id, IpProtocol="tcp", FromPort=port, ToPort=port, CidrIp="192.0.2.0/24"
    )
    return str(answer["ResponseMetadata"]["HTTPHeaders"]["ringwall-revision"])


def test_a_line_for_each_host_as_it_comes_in_force_and_the_others_do_not_matter(server: Server) -> None:
    first, second, _ = enrol(server, "web-1"), enrol(server, "web-2"), enrol(server, "away")
    group_id = grouped(server, first, second)
    with ExitStack() as stack:
        agents = [stack.enter_context(watching(server, host)) for host in (first, second)]
        revision = admit(server, group_id)
        with waiting(server, "--revision", revision) as started:
            for agent, name in zip(agents, ("web-1", "web-2"), strict=True):
                agent.next()
                agent.report()
                assert re.fullmatch(rf"{name} in force after \d[\d.]* m?s\n", started.line())
            assert started.end() == (0, f"revision {revision} is in force on 2 hosts\n", "")
        status, output, _ = wait(server, "--revision", revision, "--timeout", "0")
        assert status == 0
        assert re.sub(r"after .*", "", output).splitlines() == [
            "web-1 in force ", "web-2 in force ", f"revision {revision} is in force on 2 hosts",
        ]  # fmt: skip


def test_time_over_names_who_lacks_it(server: Server) -> None:
    here, away = enrol(server, "here"), enrol(server, "away")
    group_id = grouped(server, here, away)
    with watching(server, here) as agent:
        had = agent.position.revision
        agent.report(problems=("a\x1b[2Jb",))
        revision = admit(server, group_id)
        status, output, errors = wait(server, "--revision", revision, "--timeout", "0.2")
    assert (status, output) == (3, "")
    assert errors.splitlines() == [
        f"ringwall wait: here ({here.instance_id}) pending, it has revision {had}; problem: a\ufffd[2Jb",
        f"ringwall wait: away ({away.instance_id}) silent, not heard since the server started",
        "ringwall wait: not in force everywhere after 0.2 s",
    ]
    status, _, errors = wait(server, "--revision", revision, "--timeout", "0")
    assert status == 3
    assert re.search(rf"here \({here.instance_id}\) (silent since \d{{4}}-\d\d-\d\d [\d:]+ UTC|pending)", errors)


def test_without_a_revision_everything_so_far_is_waited_for(server: Server) -> None:
    first, second = enrol(server, "web-1"), enrol(server, "web-2")
    groups = [grouped(server, host) for host in (first, second)]
    with watching(server, first) as one, watching(server, second) as two:
        admit(server, groups[0])
        last = admit(server, groups[1])
        two.next()
        two.report()
        with waiting(server) as started:
            assert started.line().startswith("web-2 in force after ")
            assert started.process.poll() is None
            admit(server, groups[1], 23)  # from now on: not this one's business
            one.next()
            one.report()
            assert started.line() == "web-1 in force\n"
            assert started.end() == (0, f"everything up to revision {last} is in force on 2 hosts\n", "")


def test_a_change_without_effect(server: Server) -> None:
    enrol(server, "away")
    made = server.client().create_security_group(GroupName="unused", Description="w")
    revision = made["ResponseMetadata"]["HTTPHeaders"]["ringwall-revision"]
    assert wait(server, "--revision", revision) == (0, f"revision {revision} has no effect on any host\n", "")


def test_json_is_the_last_answer_and_nothing_else(server: Server) -> None:
    host = enrol(server, "web-1")
    revision = admit(server, grouped(server, host))
    status, output, errors = wait(server, "--revision", revision, "--timeout", "0", "--json")
    answer = json.loads(output)
    assert (status, answer["in_force"], answer["hosts"][0]["state"]) == (3, False, "silent")
    assert f"web-1 ({host.instance_id}) silent" in errors
    with watching(server, host):
        status, output, errors = wait(server, "--revision", revision, "--json")
        assert (status, json.loads(output)["in_force"], errors) == (0, True, "")


def test_what_the_server_refuses_is_a_failure(server: Server) -> None:
    status, output, errors = wait(server, "--revision", "999999")
    assert (status, output) == (1, "")
    assert errors.startswith("ringwall wait: InvalidRevision.NotFound: The revision '999999' does not exist")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0 ms"), (0.0042, "4 ms"), (0.9994, "999 ms"), (0.9996, "1.0 s"), (1.24, "1.2 s"), (95.4, "95 s")],
)
def test_how_long_is_said_shortly(seconds: float, text: str) -> None:
    assert duration(seconds) == text
