"""What an agent's key can do to others by what it reports and answers: nothing but lie about its own host."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from enrolled import REPORT, Watching, enrol, watching
from ringwall.watch.messages import Question
from serving import Server, serving

HUGE = 10**4299
"""As long as Python's JSON reader takes a number; a sum that is one digit longer can't even be written."""


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as made:
        yield made


def said(agent: Watching, **different: Any) -> dict[str, Any]:
    """A report of what the agent was sent last."""
    position = {"store_id": agent.position.store_id, "epoch": agent.position.epoch, "revision": agent.position.revision}
    now = time.time()
    return {
        "position": position, "mode": "observe", "digest": "d", "in_force_at": now, "received_at": now, "problems": [],
        "committed_at": None, "unadmitted": [],
    } | different  # fmt: skip


@pytest.mark.parametrize(
    "different",
    [
        {"drift": {"at": 1e300, "by": []}},
        {"drift": {"at": -1e12, "by": []}},
        {"in_force_at": 1e300},
        {"committed_at": -1e300},
        {"draining": {"sgr-0": -1}},
        {"draining": {"sgr-0": HUGE}},
        {"unadmitted": [{"direction": "ingress", "protocol": "tcp", "local_address": "x", "local_port": HUGE,
                         "peer_address": None, "peer_port": None}]},
        {"position": {"store_id": "s", "epoch": HUGE, "revision": HUGE}},
        {"problems": ["\udc80"]},
    ],
)  # fmt: skip
def test_a_report_never_keeps_others_from_being_shown(server: Server, different: dict[str, Any]) -> None:
    with watching(server, hostile := enrol(server)) as agent:
        server.api("POST", REPORT, said(agent, **different), **hostile.key)
        listed = server.api("GET", "/ringwall/v1/hosts")
        assert listed.status == 200, listed.text
        assert [host["instance_id"] for host in listed.json["hosts"]] == [hostile.instance_id]
        assert server.api("GET", "/ringwall/v1/draining").status == 200


@pytest.mark.parametrize(
    "content",
    [
        {"answer": {"read_at": 1e300, "uses": {}}},
        {"answer": {"read_at": 0, "uses": {"RULE": {"packets": HUGE * 9, "bytes": 1, "first_used": None,
                                                    "last_used": None, "since": 0}}}},
        {"answer": {"read_at": 0, "uses": {"RULE": {"packets": -1, "bytes": 1, "first_used": None,
                                                    "last_used": None, "since": 0}}}},
        {"answer": {"read_at": 0, "uses": []}},
        {"failure": "\udc80"},
    ],
)  # fmt: skip
def test_an_answer_never_takes_from_what_others_answer(server: Server, content: dict[str, Any]) -> None:
    ec2, hosts = server.client(), [enrol(server), enrol(server)]
    group_id = ec2.create_security_group(GroupName="web", Description="d")["GroupId"]
    for host in hosts:
        ec2.modify_instance_attribute(InstanceId=host.instance_id, Groups=[group_id])
    rule = ec2.authorize_security_group_ingress(
        GroupId=group_id, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="192.0.2.0/24"
    )["SecurityGroupRules"][0]["SecurityGroupRuleId"]  # fmt: skip
    use = {"packets": 7, "bytes": 700, "first_used": 1, "last_used": 2, "since": 1}
    honest = {"answer": {"read_at": 3, "uses": {rule: use}}}
    hostile = json.loads(json.dumps(content).replace("RULE", rule))
    with watching(server, hosts[0], "usage") as first, watching(server, hosts[1], "usage") as second:
        answers = [answering(first, honest), answering(second, hostile)]
        told = server.api("GET", f"/ringwall/v1/rules/{rule}/usage?wait=2")
        for each in answers:
            each.join()
    assert told.status == 200, told.text
    assert (told.json["packets"], told.json["bytes"], told.json["complete"]) == (7, 700, False)


def answering(agent: Watching, content: dict[str, Any]) -> threading.Thread:
    """The agent answers the next question so."""

    def run() -> None:
        while not isinstance(message := agent.next(), Question):
            pass
        agent.server.api("POST", f"/ringwall/v1/answers/{message.question_id}", content, **agent.host.key)

    thread = threading.Thread(target=run)
    thread.start()
    return thread
