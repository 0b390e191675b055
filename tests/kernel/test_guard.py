"""A host that begins to enforce and loses its server goes back by itself, also when its agent hangs or dies."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

import netns
from fleet import SECONDS, Agent, Fleet, fleet_in, permission, wait_for

pytestmark = [pytest.mark.kernel, netns.needs_kernel]


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with fleet_in(tmp_path) as made:
        made.options = ["--confirm-seconds", "2"]
        yield made


def no_new_connections(fleet: Fleet) -> None:
    """What the host's agent holds open goes on; nothing new reaches the server."""
    fleet.peer.run(["nft", "-f", "-"], input=f"""
        table inet theirs {{
          chain in {{
            type filter hook input priority filter; policy accept;
            iifname "up0" tcp dport {fleet.server.port} tcp flags & (syn | ack) == syn drop
          }}
        }}""")  # fmt: skip


def ask_to_enforce(fleet: Fleet) -> None:
    content = {"mode": "enforce", "yes": True}
    assert fleet.api("PUT", f"/ringwall/v1/hosts/{fleet.instance_id}/mode", content)["mode"] == "enforce"


def observing(fleet: Fleet) -> Agent:
    agent = fleet.enrol()
    fleet.listen(22), fleet.listen(23)
    fleet.admit(22)
    state = fleet.data / "state.json"
    revision = f'"revision":{fleet.about()["revision"]}}}'.encode()
    wait_for(lambda: state.exists() and revision in state.read_bytes(), "the last state on disk")
    return agent


def test_enforcement_stays_once_the_server_was_reached_anew(fleet: Fleet) -> None:
    agent = observing(fleet)
    fleet.enforce(yes=True)
    assert not fleet.connects(23)
    assert not (fleet.data / "rolled-back").exists()
    assert not agent.says("rolled back")
    fleet.revoke(22)
    assert not fleet.connects(22)


def test_without_a_new_connection_the_host_is_as_before_and_doesnt_try_the_same_again(fleet: Fleet) -> None:
    agent = observing(fleet)
    before = fleet.objects()
    no_new_connections(fleet)
    ask_to_enforce(fleet)
    wait_for(lambda: "policy drop" in fleet.table(), "the start of enforcement")
    assert agent.process.wait(SECONDS) == -signal.SIGKILL
    wait_for(lambda: agent.says("rolled back"), "the guard")
    assert fleet.objects() == before
    assert fleet.connects(23)
    assert (fleet.data / "mode").read_text() == "observe\n", "what wasn't confirmed isn't kept"

    fleet.peer.run(["nft", "delete", "table", "inet", "theirs"])
    again = fleet.start_agent()
    wait_for(lambda: any("undone" in problem for problem in fleet.about()["problems"]), "the report")
    assert not fleet.up_to_date()
    assert fleet.connects(23)
    assert fleet.objects() == before
    fleet.ec2("authorize_security_group_ingress", GroupId=fleet.group_id, IpPermissions=[permission(24)])
    wait_for(lambda: fleet.objects() != before, "the rule")
    assert "policy accept" in fleet.table(), "which comes to a host that observes on"
    fleet.api("PUT", f"/ringwall/v1/hosts/{fleet.instance_id}/mode", {"mode": "observe", "yes": True})
    fleet.settled()
    fleet.enforce(yes=True)  # somebody insists
    assert not fleet.connects(23)
    assert fleet.connects(22)
    assert fleet.about()["problems"] == []
    assert not again.says("rolled back")


@pytest.mark.parametrize("end", [signal.SIGSTOP, signal.SIGKILL])
def test_also_when_the_agent_hangs_or_dies(fleet: Fleet, end: signal.Signals) -> None:
    agent = observing(fleet)
    before = fleet.objects()
    no_new_connections(fleet)
    ask_to_enforce(fleet)
    wait_for(lambda: "policy drop" in fleet.table(), "the start of enforcement")
    agent.process.send_signal(end)
    assert agent.process.wait(SECONDS) == -signal.SIGKILL
    wait_for(lambda: agent.says("rolled back"), "the guard")
    assert fleet.objects() == before
    assert fleet.connects(23)


def another_interface(fleet: Fleet) -> Agent:
    """The agent of an enforcing host of which up1 is to become an interface, which costs it its server."""
    agent = observing(fleet)
    netns.veth(fleet.host, "up1", "10.0.1.1/24", fleet.peer, "up1", "10.0.1.2/24")
    subnet = fleet.ec2("create_subnet", VpcId=fleet.vpc_id, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    fleet.enforce(yes=True)
    state = fleet.data / "state.json"
    wait_for(lambda: b'"enforce"' in state.read_bytes(), "the state on disk")
    no_new_connections(fleet)
    fleet.api("POST", f"/ringwall/v1/hosts/{fleet.instance_id}/interfaces", {"device": "up1", "subnet_id": subnet})
    wait_for(lambda: '"up1"' in fleet.table(), "the change")
    return agent


def undone_at_the_latest(fleet: Fleet) -> bool:
    """Whether the host says of the server's last revision that it isn't in force, as what it changes was undone."""
    said = f"Revision {fleet.api('GET', '/ringwall/v1/changes')['revision']} is not in force: no new connection"
    return any(problem.startswith(said) for problem in fleet.about()["problems"])


def test_another_interface_that_costs_an_enforcing_host_its_server_is_undone_and_it_enforces_on(fleet: Fleet) -> None:
    """Also when the agent hangs; and also once that agent reports the device's addresses, which its group's members
    are and which therefore change the ruleset."""
    agent = another_interface(fleet)
    agent.process.send_signal(signal.SIGSTOP)
    assert agent.process.wait(SECONDS) == -signal.SIGKILL
    wait_for(lambda: agent.says("rolled back"), "the guard")
    before = fleet.objects()
    assert not any("up1" in each for each in before)
    assert fleet.connects(22)
    assert not fleet.connects(23)

    fleet.peer.run(["nft", "delete", "table", "inet", "theirs"])
    again = fleet.start_agent()
    wait_for(lambda: any("10.0.1.1" in each["addresses"] for each in fleet.about()["interfaces"]), "its addresses")
    wait_for(lambda: undone_at_the_latest(fleet), "the report")
    assert fleet.objects() == before
    assert sum("undone" in line for line in again.said) == 1
    assert not again.says("Traceback")
    fleet.host.run(["nft", "flush", "ruleset"])
    wait_for(lambda: fleet.table() and fleet.objects() == before, "our table, which is the agent's again")

    fleet.ec2("revoke_security_group_ingress", GroupId=fleet.group_id, IpPermissions=[permission(22)])
    wait_for(lambda: undone_at_the_latest(fleet), "the report")
    assert not fleet.connects(22), "what is revoked is gone, whatever becomes of the other interface"
    assert '"up1"' not in fleet.table()
    assert not fleet.up_to_date()
    again.kill()
    fleet.ec2("authorize_security_group_ingress", GroupId=fleet.group_id, IpPermissions=[permission(23)])
    last = fleet.start_agent()
    wait_for(lambda: undone_at_the_latest(fleet), "the report")
    assert (fleet.connects(22), fleet.connects(23)) == (False, True), "nor does an agent that starts anew open it"
    assert '"up1"' not in fleet.table()
    assert not last.says("Traceback")


def test_what_was_undone_is_tried_again_when_the_host_is_told_to(fleet: Fleet) -> None:
    agent = another_interface(fleet)
    assert agent.process.wait(SECONDS) == -signal.SIGKILL
    wait_for(lambda: agent.says("rolled back"), "the guard")
    fleet.peer.run(["nft", "delete", "table", "inet", "theirs"])
    fleet.start_agent()
    wait_for(lambda: undone_at_the_latest(fleet), "the report")
    assert "WARN  rolled-back: " in fleet.on_console("doctor", check=False).stdout
    assert "tried again" in fleet.on_console("resume").stdout
    assert "rolled-back" not in fleet.on_console("doctor", check=False).stdout
    fleet.settled()
    assert '"up1"' in fleet.table()
    assert not (fleet.data / "rolled-back").exists()
    assert not any("undone" in each for each in fleet.about()["problems"])


def test_a_host_that_is_released_meanwhile_has_no_table(fleet: Fleet) -> None:
    agent = observing(fleet)
    no_new_connections(fleet)
    ask_to_enforce(fleet)
    wait_for(lambda: "policy drop" in fleet.table(), "the start of enforcement")
    fleet.on_console("release")
    wait_for(lambda: agent.says("rolled back"), "the guard")
    assert fleet.table() == ""
