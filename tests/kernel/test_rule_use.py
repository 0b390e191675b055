"""Who uses a rule, asked of a real agent over HTTP, with real packets; what was counted survives whatever happens."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import netns
from fleet import HOST, PEER, Fleet, fleet_in, wait_for
from ringwall.agent.kernel import Kernel

pytestmark = [pytest.mark.kernel, netns.needs_kernel]

PORT = 7000


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with fleet_in(tmp_path) as made:
        made.enrol()
        yield made


def rule(fleet: Fleet, **different: Any) -> str:
    """A rule for datagrams from the peer, in force."""
    told = {"IpProtocol": "udp", "FromPort": PORT, "ToPort": PORT, "CidrIp": f"{PEER}/32"} | different
    made = fleet.ec2("authorize_security_group_ingress", GroupId=fleet.group_id, **told)
    fleet.settled()
    return str(made["SecurityGroupRules"][0]["SecurityGroupRuleId"])


def usage(fleet: Fleet, rule_id: str, since: float | None = None) -> Any:
    """The rule's use, read since now, or since then."""
    began = time.time() if since is None else since
    while (told := fleet.api("GET", f"/ringwall/v1/rules/{rule_id}/usage"))["hosts"][0]["read_at"] < began:
        assert time.time() < began + 20
    return told


def send(fleet: Fleet, packets: int, port: int = PORT, source_port: int = 0, size: int = 72) -> None:
    """So many datagrams from the peer, all of which arrive."""
    with fleet.host.enter():
        service = socket.socket(type=socket.SOCK_DGRAM)
    with fleet.peer.enter():
        client = socket.socket(type=socket.SOCK_DGRAM)
    with closing(service), closing(client):
        service.bind((HOST, port))
        service.settimeout(10)
        client.bind((PEER, source_port))
        for _ in range(packets):
            client.sendto(b"x" * size, (HOST, port))
            service.recv(size)


def test_what_was_sent_is_what_was_used_whatever_happens_to_agent_and_table(fleet: Fleet) -> None:
    rule_id = rule(fleet)
    unused = usage(fleet, rule_id)
    (host,) = unused["hosts"]
    assert (unused["packets"], unused["first_used"], unused["last_used"]) == (0, None, None)
    assert (unused["unused_since"], unused["complete"], host["state"]) == (host["since"], True, "answered")

    before = time.time()
    send(fleet, 10)
    first = usage(fleet, rule_id)
    assert (first["packets"], first["bytes"], first["unused_since"]) == (10, 1000, None)
    assert before <= first["first_used"] == first["last_used"] <= time.time()

    file = fleet.data / "usage.json"
    wait_for(lambda: file.exists() and str(first["first_used"]) in file.read_text(), "the first use on disk")
    sent = 10
    for event in (killed, replaced, moved, restarted_with_the_table_gone):
        send(fleet, 3)
        sent += 3
        event(fleet)
        send(fleet, 4)
        sent += 4
        assert usage(fleet, rule_id)["packets"] == sent, event.__name__
    last = usage(fleet, rule_id)
    assert (last["first_used"], last["bytes"]) == (first["first_used"], 100 * sent)
    assert last["last_used"] > first["last_used"]
    group = fleet.api("GET", f"/ringwall/v1/groups/{fleet.group_id}/usage")
    assert [each["packets"] for each in group["rules"] if each["rule_id"] == rule_id] == [sent]


def started(fleet: Fleet) -> None:
    """A new agent, with the table in the kernel."""
    wait_for(lambda: not fleet.about()["connected"], "the server to notice that the last one is gone")
    agent = fleet.start_agent()
    wait_for(lambda: agent.says("in-force revision="), "the first commit")
    fleet.settled()


def killed(fleet: Fleet) -> None:
    """The agent, without a word, and the next one goes on."""
    fleet.agents[-1].kill()
    send(fleet, 0)
    started(fleet)


def replaced(fleet: Fleet) -> None:
    """The whole table, as one that comes with an object that no rule can say."""
    fleet.agents[-1].kill()
    fleet.host.run(["nft", "add", "counter", "inet", "ringwall", "foreign"])
    started(fleet)


def moved(fleet: Fleet) -> None:
    """The rule's chain goes with its group, and comes back."""
    (interface,) = fleet.ec2("describe_network_interfaces")["NetworkInterfaces"]
    other = fleet.ec2("create_security_group", GroupName="other", Description="o", VpcId=fleet.vpc_id)["GroupId"]
    for groups in ([other], [other, fleet.group_id]):
        fleet.ec2(
            "modify_network_interface_attribute", NetworkInterfaceId=interface["NetworkInterfaceId"], Groups=groups
        )
        fleet.settled()


def restarted_with_the_table_gone(fleet: Fleet) -> None:
    """As at a boot: the agent is told to stop, and the kernel begins anew."""
    fleet.agents[-1].process.terminate()
    fleet.agents[-1].process.wait(20)
    with fleet.host.enter(), Kernel() as kernel:
        assert kernel.observe() is not None
    fleet.host.run(["nft", "delete", "table", "inet", "ringwall"])
    started(fleet)


def test_a_host_that_is_away_is_remembered_and_said_to_be(fleet: Fleet) -> None:
    rule_id, other = rule(fleet), rule(fleet, FromPort=PORT + 1, ToPort=PORT + 1)
    send(fleet, 5)
    now = usage(fleet, rule_id)
    fleet.agents[-1].kill()
    wait_for(lambda: not fleet.about()["connected"], "the server to notice")
    away = usage(fleet, rule_id, since=0)
    (host,) = away["hosts"]
    assert (away["packets"], away["complete"], host["state"]) == (5, True, "remembered")
    assert host["read_at"] == now["hosts"][0]["read_at"]
    unknown = fleet.api("GET", f"/ringwall/v1/rules/{other}/usage")
    assert (unknown["complete"], unknown["unused_since"], unknown["hosts"][0]["state"]) == (False, None, "silent")
    flows = fleet.api("GET", f"/ringwall/v1/rules/{rule_id}/flows")
    assert (flows["ending"], [each["state"] for each in flows["hosts"]]) == (0, ["silent"])


def test_live_flows_say_what_would_become_of_them(fleet: Fleet) -> None:
    rule_id, wide = rule(fleet), rule(fleet, FromPort=PORT, ToPort=PORT + 9, CidrIp="10.0.0.0/8")
    send(fleet, 1, source_port=4001)
    send(fleet, 1, source_port=4002)
    send(fleet, 1, PORT + 1, source_port=4003)
    both = fleet.api("GET", f"/ringwall/v1/rules/{rule_id}/flows")
    assert (both["ending"], both["going_on"], len(both["flows"])) == (0, 2, 2)
    assert {each["goes_on_through"] for each in both["flows"]} == {wide}
    assert {(each["source_port"], each["destination_port"], each["protocol"]) for each in both["flows"]} == {
        (4001, PORT, "udp"), (4002, PORT, "udp"),
    }  # fmt: skip
    of_wide = fleet.api("GET", f"/ringwall/v1/rules/{wide}/flows?limit=1")
    assert (of_wide["ending"], of_wide["going_on"]) == (1, 2)
    (ending,) = of_wide["flows"]
    assert (ending["ends"], ending["source_port"], ending["instance_id"]) == (True, 4003, fleet.instance_id)
    assert fleet.api("GET", f"/ringwall/v1/rules/{wide}/flows?limit=0")["flows"] == []
    together = fleet.api("GET", f"/ringwall/v1/rules/{rule_id}/flows?with={wide}")
    assert (together["ending"], together["going_on"]) == (3, 0), "each flow once, and none goes on through the other"

    fleet.ec2("revoke_security_group_ingress", GroupId=fleet.group_id, SecurityGroupRuleIds=[wide])
    fleet.settled()
    assert fleet.api("GET", f"/ringwall/v1/rules/{rule_id}/flows")["ending"] == 2


def test_what_isnt_there_or_isnt_a_number_is_refused(fleet: Fleet) -> None:
    for path, code in (
        ("rules/sgr-0123456789abcdef0/usage", "InvalidSecurityGroupRuleId.NotFound"),
        ("rules/sgr-0123456789abcdef0/flows", "InvalidSecurityGroupRuleId.NotFound"),
        ("rules/ssh/flows", "InvalidSecurityGroupRuleId.Malformed"),
        ("groups/sg-0123456789abcdef0/usage", "InvalidGroup.NotFound"),
        (f"rules/{rule(fleet)}/flows?limit=1001", "InvalidParameterValue"),
        (f"rules/{rule(fleet, FromPort=1)}/flows?with=sgr-0123456789abcdef0", "InvalidSecurityGroupRuleId.NotFound"),
        (f"groups/{fleet.group_id}/usage?wait=nan", "InvalidParameterValue"),
    ):
        assert fleet.api("GET", f"/ringwall/v1/{path}")["error"]["code"] == code, path
