"""Where a change is in force, and the wait for it, as a real server answers hosts that watch and report."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from enrolled import Host, Watching, enrol, watching
from serving import Server, serving

CHANGES = "/ringwall/v1/changes"


class Fleet:
    """Two hosts of one server, in a group each, and the calls that a script makes."""

    def __init__(self, server: Server, stack: ExitStack) -> None:
        self.server, self.stack, self.ec2 = server, stack, server.client()
        self.web, self.db = enrol(server, "web-1"), enrol(server, "db-1")
        self.groups = {host.instance_id: self._grouped(host) for host in (self.web, self.db)}

    def _grouped(self, host: Host) -> str:
        group_id = self.ec2.create_security_group(GroupName=host.instance_id, Description="for tests")["GroupId"]
        self.ec2.modify_instance_attribute(InstanceId=host.instance_id, Groups=[group_id])
        return str(group_id)

    def watching(self, host: Host) -> Watching:
        """The host is up to date."""
        return self.stack.enter_context(watching(self.server, host))

    def admit(self, host: Host, port: int) -> int:
        """The revision of a rule that concerns this host alone."""
        answer = self.ec2.authorize_security_group_ingress(
            GroupId=self.groups[host.instance_id], IpProtocol="tcp", FromPort=port, ToPort=port, CidrIp="192.0.2.0/24"
        )
        return int(answer["ResponseMetadata"]["HTTPHeaders"]["ringwall-revision"])

    def changes(self, revision: int | None = None, query: str = "") -> Any:
        """The answer of the API."""
        path = CHANGES if revision is None else f"{CHANGES}/{revision}"
        answer = self.server.api("GET", f"{path}?{query}" if query else path)
        assert answer.status == 200, answer.text
        return answer.json


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    with ExitStack() as stack:
        yield Fleet(stack.enter_context(serving()), stack)


def states(answer: Any) -> dict[str, str]:
    """The state of each host that is listed."""
    return {row["hostname"]: row["state"] for row in answer["hosts"]}


def test_from_stored_to_in_force(fleet: Fleet) -> None:
    web = fleet.watching(fleet.web)
    before = time.time()
    revision = fleet.admit(fleet.web, 22)
    pending = fleet.changes(revision)
    (row,) = pending["hosts"]
    assert before <= pending["stored_at"] <= time.time()
    assert (pending["revision"], pending["in_force"]) == (revision, False)
    assert pending["counts"] == {"in-force": 0, "pending": 1, "silent": 0, "unaffected": 1}
    assert (row["instance_id"], row["hostname"], row["state"]) == (fleet.web.instance_id, "web-1", "pending")
    assert (row["affected"], row["in_force_at"], row["seconds"]) == (True, None, None)
    assert row["revision"] == web.position.revision < revision

    web.next()
    web.report(in_force_at=12.0, problems=("eth9 is missing",))
    there = fleet.changes(revision)
    (row,) = there["hosts"]
    assert there["in_force"] is True
    assert there["counts"] == {"in-force": 1, "pending": 0, "silent": 0, "unaffected": 1}
    assert (row["state"], row["revision"], row["problems"]) == ("in-force", revision, ["eth9 is missing"])
    assert pending["stored_at"] < row["in_force_at"] <= time.time()
    assert row["seconds"] == pytest.approx(row["in_force_at"] - pending["stored_at"])

    later = fleet.admit(fleet.web, 23)
    assert fleet.changes(revision)["hosts"] == there["hosts"], "what was in force is, whatever comes"
    assert states(fleet.changes(later)) == {"web-1": "pending"}


def test_a_host_that_is_away_is_silent_since_its_last_word_and_keeps_what_it_had(fleet: Fleet) -> None:
    with watching(fleet.server, fleet.web) as web:
        had = web.position.revision
    first = fleet.admit(fleet.db, 22)
    (row,) = fleet.changes(first)["hosts"]
    assert (row["hostname"], row["state"], row["last_seen"], row["revision"]) == ("db-1", "silent", None, None)
    second = fleet.admit(fleet.web, 22)
    while states(fleet.changes(second)) == {"web-1": "pending"}:  # the server hasn't noticed yet
        pass
    (row,) = fleet.changes(second)["hosts"]
    assert (row["state"], row["revision"]) == ("silent", had)
    assert time.time() - 20 < row["last_seen"] <= time.time()


def test_a_wait_is_answered_by_the_report_and_one_that_wants_news_by_the_first(fleet: Fleet) -> None:
    web, db = fleet.watching(fleet.web), fleet.watching(fleet.db)
    fleet.ec2.modify_instance_attribute(
        InstanceId=fleet.db.instance_id, Groups=list(fleet.groups.values())
    )  # the group of web is db's too
    for agent in (web, db):
        agent.next()
        agent.report()
    revision = fleet.admit(fleet.web, 22)
    with ThreadPoolExecutor() as threads:
        news = threads.submit(fleet.changes, revision, "in_force=0&wait=20")
        everywhere = threads.submit(fleet.changes, revision, "wait=20")
        db.next()
        web.next()
        db.report()
        assert states(news.result(10)) == {"web-1": "pending", "db-1": "in-force"}
        assert not everywhere.done()
        web.report()
        assert states(everywhere.result(10)) == {"web-1": "in-force", "db-1": "in-force"}
    began = time.monotonic()
    assert fleet.changes(revision, "in_force=2&wait=20")["in_force"]
    assert fleet.changes(fleet.admit(fleet.web, 23), "wait=0.05")["in_force"] is False
    assert time.monotonic() - began < 10


def test_everything_so_far_includes_what_was_stored_before_the_last_change(fleet: Fleet) -> None:
    web, db = fleet.watching(fleet.web), fleet.watching(fleet.db)
    assert fleet.changes()["in_force"]
    first, last = fleet.admit(fleet.db, 22), fleet.admit(fleet.web, 22)
    web.next()
    web.report()
    assert fleet.changes(last)["in_force"], "of the last change alone"
    everything = fleet.changes()
    assert (everything["revision"], everything["in_force"]) == (last, False)
    assert everything["counts"] == {"in-force": 1, "pending": 1, "silent": 0, "unaffected": 0}
    assert {row["hostname"]: (row["state"], row["affected"]) for row in everything["hosts"]} == {
        "web-1": ("in-force", True), "db-1": ("pending", False),
    }  # fmt: skip
    assert fleet.changes(query=f"through={first - 1}")["in_force"]
    db.next()
    db.report()
    assert fleet.changes()["in_force"]
    assert states(fleet.changes()) == {"web-1": "in-force", "db-1": "in-force"}


def test_an_absent_host_holds_up_only_what_concerns_it(fleet: Fleet) -> None:
    web = fleet.watching(fleet.web)
    with watching(fleet.server, fleet.db):
        pass
    fleet.admit(fleet.web, 22)
    web.next()
    web.report()
    while not fleet.changes()["in_force"]:  # until the server has noticed that the other is away
        pass
    fleet.admit(fleet.db, 22)
    assert states(fleet.changes()) == {"db-1": "silent", "web-1": "in-force"}
    last = fleet.admit(fleet.web, 23)
    web.next()
    web.report()
    assert states(fleet.changes()) == {"db-1": "silent", "web-1": "in-force"}
    assert fleet.changes(last)["in_force"]
    assert fleet.changes(last)["counts"]["unaffected"] == 1


def test_a_change_without_effect_is_in_force_at_once(fleet: Fleet) -> None:
    made = fleet.ec2.create_security_group(GroupName="unused", Description="for tests")
    answer = fleet.changes(int(made["ResponseMetadata"]["HTTPHeaders"]["ringwall-revision"]), "wait=20")
    assert (answer["in_force"], answer["hosts"]) == (True, [])
    assert answer["counts"] == {"in-force": 0, "pending": 0, "silent": 0, "unaffected": 2}


def test_a_removed_host_is_waited_for_no_longer(fleet: Fleet) -> None:
    fleet.watching(fleet.web)
    revision = fleet.admit(fleet.web, 22)
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(fleet.changes, revision, "wait=20")
        assert fleet.server.api("DELETE", f"/ringwall/v1/hosts/{fleet.web.instance_id}").status == 200
        waiting.result(10)
    assert fleet.changes(revision)["in_force"]


@pytest.mark.parametrize(
    ("path", "code", "words"),
    [
        (f"{CHANGES}/999999", "InvalidRevision.NotFound", "The revision '999999' does not exist; the last is "),
        (f"{CHANGES}?through=999999", "InvalidRevision.NotFound", "'999999' does not exist"),
        (f"{CHANGES}/0", "InvalidRevision.NotFound", "The revision '0' does not exist"),
        (f"{CHANGES}/last", "InvalidParameterValue", "'revision' is a whole number, not 'last'."),
        (f"{CHANGES}/1?wait=long", "InvalidParameterValue", "'wait' is a number of seconds, not 'long'."),
        (f"{CHANGES}/1?wait=-1", "InvalidParameterValue", "'wait' is a number of seconds"),
        (f"{CHANGES}/1?wait=nan", "InvalidParameterValue", "'wait' is a number of seconds"),
        (f"{CHANGES}/1?in_force=x&wait=1", "InvalidParameterValue", "'in_force' is a whole number"),
    ],
)
def test_a_question_that_has_no_answer(server: Server, path: str, code: str, words: str) -> None:
    enrol(server)
    answer = server.api("GET", path)
    assert (answer.status, answer.json["error"]["code"]) == (400, code)
    assert words in answer.json["error"]["message"]


def test_only_the_account_may_ask(server: Server) -> None:
    found = enrol(server)
    assert server.api("GET", CHANGES, **found.key).json["error"]["code"] == "UnauthorizedOperation"


def test_in_a_new_store_everything_is_in_force() -> None:
    with serving() as server:
        answer = server.api("GET", f"{CHANGES}?wait=20").json
        assert (answer["revision"], answer["in_force"], answer["hosts"]) == (0, True, [])
        server.process.terminate()
        assert server.process.wait(20) == 0


def test_a_server_that_stops_answers_who_waits(fleet: Fleet) -> None:
    web = fleet.watching(fleet.web)
    revision = fleet.admit(fleet.web, 22)
    web.next()
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(fleet.changes, revision, "wait=20")
        began = time.monotonic()
        assert fleet.server.stop() == 0
        assert time.monotonic() - began < 4
        waiting.exception(10)
