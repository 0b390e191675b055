"""Rules that drain, over a real server's own API, with a host that watches and reports."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pytest

import site_of_accounts
from enrolled import Watching, enrol, watching
from ringwall.domain.caller import Caller
from ringwall.domain.group import SecurityGroup
from ringwall.domain.world import HostDelta
from ringwall.server.drains import end_everywhere, heard
from ringwall.watch.messages import Delta, Position, Report
from serving import Server, serving
from site_of_accounts import ACCOUNT, NOW, OTHER

DRAINING = "/ringwall/v1/draining"


class Site:
    """A host that watches, and its group."""

    def __init__(self, server: Server, stack: ExitStack) -> None:
        self.server, self.ec2 = server, server.client()
        self.host = enrol(server)
        made = self.ec2.create_security_group(GroupName="web", Description="for tests")
        self.group_id: str = made["GroupId"]
        self.ec2.modify_instance_attribute(InstanceId=self.host.instance_id, Groups=[self.group_id])
        self.rule_id = self.admit(22)
        self.agent: Watching = stack.enter_context(watching(server, self.host))

    def admit(self, port: int) -> str:
        """A rule's id."""
        answer = self.ec2.authorize_security_group_ingress(
            GroupId=self.group_id, IpProtocol="tcp", FromPort=port, ToPort=port, CidrIp="192.0.2.0/24"
        )
        return str(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def revoke(self, **content: Any) -> Any:
        """The answer, whatever it is."""
        return self.server.api("POST", f"/ringwall/v1/groups/{self.group_id}/revoke", content)

    def heard(self) -> HostDelta:
        """What the host is told next."""
        message = self.agent.next()
        assert isinstance(message, Delta)
        return message.delta

    def draining(self) -> Any:
        return self.server.api("GET", DRAINING).json["draining"]


class Parts(site_of_accounts.Site):
    """A server's parts with two accounts."""

    def groups(self, account: str) -> list[SecurityGroup]:
        return self.store.read(lambda reader: reader.groups(account, "eu-west-1"))

    def left(self) -> int:
        return sum(len(self.store.read(lambda r, each=each: r.draining_rules(each))) for each in (ACCOUNT, OTHER))


@pytest.fixture
def site() -> Iterator[Site]:
    with ExitStack() as stack:
        yield Site(stack.enter_context(serving()), stack)


def test_what_is_said_again_is_looked_at_now_and_then() -> None:
    """A thousand hosts that each repeat what is left must not have a thousand hosts looked at a thousand times."""
    reads: list[float] = []
    clock = [0.0]

    def read(_: object) -> list[object]:
        reads.append(clock[0])
        return []

    service = SimpleNamespace(clock=lambda: clock[0], drains_looked_at={}, store=SimpleNamespace(read=read), hub=None)
    before: Report | None = None
    for now, left in ((0.0, 5), (1.0, 5), (2.0, 4), (3.0, 0), (4.0, 0), (17.9, 0), (18.0, 0), (10.0, 0)):
        clock[0] = now
        said = Report(Position("s", 0, 1), "enforce", "d", 0.0, 0.0, draining={"sgr-1": left})
        asyncio.run(heard(service, Caller("1", "r", "", "", ""), before, said))  # type: ignore[arg-type]
        before = said
    assert reads == [0.0, 3.0, 18.0, 10.0], "the first, the one that is new, the next in time, and a clock set back"


def test_what_is_over_ends_in_every_account_though_nobody_asks_and_no_host_speaks() -> None:
    site = Parts()
    try:
        for account in (ACCOUNT, OTHER):
            key = site.root_of(account)
            site.ask(key, "CreateSecurityGroup", GroupName="web", Description="for tests", region="eu-west-1")
            (group,) = (each for each in site.groups(account) if each.name == "web")
            (rule,) = site.store.read(lambda reader, each=group: reader.rules_of([each.group_id]))[group.group_id]
            site.write(lambda tx, group=group, rule=rule: tx.insert_draining_rules(group, [rule], NOW))
        assert site.left() == 2
        site.runner.run(end_everywhere(site.service))
        assert site.left() == 0
    finally:
        site.close()


def test_from_the_revoke_to_the_last_flow(site: Site) -> None:
    answer = site.revoke(rule_ids=[site.rule_id], on_revoke="keep").json
    rule = {
        "rule_id": site.rule_id, "direction": "ingress", "protocol": "tcp", "from_port": 22, "to_port": 22,
        "peer": "192.0.2.0/24",
    }  # fmt: skip
    assert answer == {"revision": answer["revision"], "revoked": [rule], "draining": [site.rule_id]}
    delta = site.heard()
    assert delta.rules == {(site.group_id, site.rule_id): None}, "in one message, so that one commit does both"
    assert delta.draining == {site.group_id: frozenset([site.rule_id])}
    assert not delta.groups

    (shown,) = site.draining()
    assert shown.items() >= {**rule, "group_id": site.group_id, "flows_left": None}.items()
    site.agent.report(draining={site.rule_id: 3})
    (shown,) = site.draining()
    assert shown["flows_left"] == 3
    assert shown["hosts"] == [{"instance_id": site.host.instance_id, "flows_left": 3}]
    waited = site.server.api("GET", f"/ringwall/v1/changes/{answer['revision']}?wait=1").json
    assert waited["in_force"], "flows that go on don't hold it up"
    site.agent.report(draining={site.rule_id: 0})
    assert site.heard().draining == {site.group_id: frozenset()}
    assert site.draining() == []


def test_what_is_left_is_cut_when_told_to(site: Site) -> None:
    site.revoke(rule_ids=[site.rule_id], on_revoke="keep")
    assert site.heard().draining
    ended = site.server.api("DELETE", f"{DRAINING}/{site.rule_id}").json
    assert ended == {"revision": ended["revision"], "ended": site.rule_id}
    assert site.heard().draining == {site.group_id: frozenset()}
    again = site.server.api("DELETE", f"{DRAINING}/{site.rule_id}")
    assert (again.status, again.json["error"]["code"]) == (400, "InvalidSecurityGroupRuleId.NotFound")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({}, "InvalidParameterValue"),
        ({"rule_ids": "sgr-1"}, "InvalidParameterValue"),
        ({"rule_ids": [1]}, "InvalidParameterValue"),
        ({"rule_ids": []}, "MissingParameter"),
        ({"rule_ids": ["sgr-0123456789abcdef0"], "on_revoke": "perhaps"}, "InvalidParameterValue"),
        ({"rule_ids": ["sgr-0123456789abcdef0"], "on_revoke": ["keep"]}, "InvalidParameterValue"),
        ({"rule_ids": ["sgr-0123456789abcdef0"]}, "InvalidSecurityGroupRuleId.NotFound"),
    ],
)
def test_calls_that_cannot_be_meant(site: Site, content: dict[str, Any], code: str) -> None:
    answer = site.revoke(**content)
    assert (answer.status, answer.json["error"]["code"]) == (400, code)


def test_a_host_may_not_say_what_drains(site: Site) -> None:
    path = f"/ringwall/v1/groups/{site.group_id}/revoke"
    for method, where in (("POST", path), ("GET", DRAINING), ("DELETE", f"{DRAINING}/{site.rule_id}")):
        assert site.server.api(method, where, {}, **site.host.key).status == 403
