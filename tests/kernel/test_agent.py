"""A real agent of a real server, on a host that is a namespace: what its kernel does, and what survives kill -9."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

import netns
import tiny_server
from fleet import HOST, PEER, SECONDS, Fleet, fleet_in, passes, permission, wait_for
from serving import KEY_ID, RINGWALL, SECRET, serving

pytestmark = [pytest.mark.kernel, netns.needs_kernel]


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with fleet_in(tmp_path) as made:
        yield made


def test_from_enrolment_to_a_cut_and_back(fleet: Fleet) -> None:
    ssh, telnet = fleet.listen(22), fleet.listen(23)
    ssh_session, telnet_session = fleet.converse(ssh), fleet.converse(telnet)  # idle from before the enrolment

    agent = fleet.enrol()
    assert agent.says("3 entries inserted")  # the two sessions, and the agent's own connection
    assert not agent.says("secret")
    assert (fleet.data / "agent.json").stat().st_mode & 0o777 == 0o600
    assert fleet.about()["mode"] == "observe"
    assert fleet.connects(22)
    assert fleet.connects(23)  # nothing is blocked

    fleet.admit(22)
    refused = fleet.enforce()
    peer_port = telnet_session[1].getsockname()[1]
    assert refused["error"]["code"] == "WouldCutOff"
    assert f"tcp {HOST}:23 from {PEER}:{peer_port}" in refused["unadmitted"]
    assert f"tcp {HOST}:23 listens" in refused["unadmitted"]
    assert not any(f"{HOST}:22 " in line for line in refused["unadmitted"])
    assert not any(str(fleet.server.port) in line for line in refused["unadmitted"])  # the agent's own connection

    assert fleet.enforce(yes=True)["mode"] == "enforce"
    assert passes(*ssh_session)
    assert passes(*reversed(ssh_session))
    assert not passes(*telnet_session, seconds=0.3)
    assert fleet.connects(22)
    assert not fleet.connects(23)

    fleet.revoke(22)  # the change comes through, though no rule admits the agent's connection
    assert not passes(*ssh_session, seconds=0.3)
    assert not fleet.connects(22)
    fleet.admit(22)
    assert passes(*ssh_session)
    assert fleet.about()["problems"] == []


def test_a_block_that_leaves_a_prefix_list_is_cut_and_one_that_comes_is_admitted(fleet: Fleet) -> None:
    fleet.enrol()
    listener = fleet.listen(22)
    created = fleet.ec2(
        "create_managed_prefix_list",
        PrefixListName="offices", AddressFamily="IPv4", MaxEntries=2, Entries=[{"Cidr": "10.0.0.0/24"}],
    )  # fmt: skip
    list_id = created["PrefixList"]["PrefixListId"]
    by_list = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "PrefixListIds": [{"PrefixListId": list_id}]}
    fleet.ec2("authorize_security_group_ingress", GroupId=fleet.group_id, IpPermissions=[by_list])
    fleet.settled()
    fleet.enforce(yes=True)
    session = fleet.converse(listener)  # admitted by the list's entry alone
    assert passes(*session)
    assert passes(*reversed(session))

    def modify(version: int, **entries: Any) -> None:
        fleet.ec2("modify_managed_prefix_list", PrefixListId=list_id, CurrentVersion=version, **entries)
        fleet.settled()

    modify(1, RemoveEntries=[{"Cidr": "10.0.0.0/24"}], AddEntries=[{"Cidr": "10.0.1.0/24"}])
    assert not passes(*session, seconds=0.3)
    assert not fleet.connects(22)
    modify(2, AddEntries=[{"Cidr": f"{PEER}/32"}])
    assert fleet.connects(22)
    assert passes(*session)


def test_the_rules_survive_the_agent_and_a_new_agent_changes_nothing(fleet: Fleet) -> None:
    agent = fleet.enrol()
    session = fleet.converse(fleet.listen(22))
    fleet.admit(22)
    fleet.enforce(yes=True)
    before = fleet.table()
    assert "sgr-" in before
    agent.kill()
    assert fleet.table() == before
    assert passes(*session)
    wait_for(lambda: not fleet.about()["connected"], "the server to notice")
    fleet.ec2("authorize_security_group_ingress", GroupId=fleet.group_id, IpPermissions=[permission(80)])
    fleet.ec2("revoke_security_group_ingress", GroupId=fleet.group_id, IpPermissions=[permission(80)])

    again = fleet.start_agent()
    fleet.settled()
    wait_for(lambda: again.says("in-force revision="))
    assert fleet.table() == before, "same rules, same handles: nothing was committed"
    assert passes(*session)

    again.kill()
    wait_for(lambda: not fleet.about()["connected"], "the server to notice")
    fleet.ec2("revoke_security_group_ingress", GroupId=fleet.group_id, IpPermissions=[permission(22)])
    assert passes(*session), "nobody told the host"
    fleet.start_agent()
    fleet.settled()
    assert not passes(*session, seconds=0.3)


def test_the_server_may_come_and_go(fleet: Fleet, tmp_path: Path) -> None:
    agent = fleet.enrol()
    session = fleet.converse(fleet.listen(22))
    fleet.admit(22)
    fleet.enforce(yes=True)
    before, port = fleet.table(), fleet.server.port
    fleet.server.kill()
    wait_for(lambda: agent.says("what is in force stays"), "the agent to notice")
    assert fleet.table() == before
    assert passes(*session)
    options = ("--host", "0.0.0.0", "--insecure-http", "--data", str(tmp_path / "server"), "--port", str(port))
    fleet.server = fleet.stack.enter_context(serving(*options, prefix=("ip", "netns", "exec", fleet.peer.name)))
    fleet.settled()
    fleet.revoke(22)
    assert not passes(*session, seconds=0.3)


def test_a_foreign_hand_doesnt_reach_the_table_while_the_agent_lives(fleet: Fleet) -> None:
    agent = fleet.enrol()
    fleet.listen(22), fleet.listen(23)
    fleet.admit(22)
    fleet.enforce(yes=True)
    before = fleet.table()
    for foreign in (["flush", "ruleset"], ["delete", "table", "inet", "ringwall"]):
        fleet.host.run(["nft", *foreign], check=False)
        assert fleet.table() == before, "not a handle has changed"
        assert fleet.connects(22)
        assert not fleet.connects(23)
    fleet.revoke(22)
    assert not agent.says("putting it back")
    assert fleet.about()["problems"] == []


def test_what_was_flushed_while_no_agent_lived_is_put_back_when_it_starts(fleet: Fleet) -> None:
    agent = fleet.enrol()
    fleet.listen(22), fleet.listen(23)
    fleet.admit(22)
    fleet.enforce_from_boot()
    before = fleet.objects()
    agent.kill()
    fleet.host.run(["nft", "flush", "ruleset"])
    assert fleet.connects(23), "nobody was there to hinder it"
    fleet.start_agent()
    wait_for(lambda: fleet.table() and fleet.objects() == before, "the repair")
    assert fleet.connects(22)
    assert not fleet.connects(23)


def test_after_a_boot_without_a_server_the_host_is_closed_as_before(fleet: Fleet) -> None:
    agent = fleet.enrol()
    fleet.listen(22), fleet.listen(23)
    fleet.admit(22)
    fleet.enforce_from_boot()
    before = fleet.objects()
    agent.kill()
    fleet.server.kill()
    fleet.host.run(["nft", "delete", "table", "inet", "ringwall"])
    assert fleet.connects(23)
    fleet.start_agent()
    wait_for(lambda: "policy drop" in fleet.table(), "the last state")
    assert fleet.objects() == before
    assert fleet.connects(22)
    assert not fleet.connects(23)


def test_a_token_enrols_one_host_and_a_second_agent_is_refused(fleet: Fleet, tmp_path: Path) -> None:
    token = fleet.token()
    first = fleet.start_agent(token)
    wait_for(lambda: first.says("in-force revision="))
    second = fleet.start_agent()
    assert second.process.wait(SECONDS) == 1
    wait_for(lambda: second.says("another agent is running"))
    fleet.data = tmp_path / "other"
    third = fleet.start_agent(token)
    assert third.process.wait(SECONDS) == 1
    wait_for(lambda: third.says("InvalidEnrolmentToken"))
    assert not third.says("Traceback")


def test_with_tls_the_token_is_all_it_takes_to_know_the_server(fleet: Fleet, tmp_path: Path) -> None:
    tiny_server.certificate(tmp_path, "own")
    tls = ("--tls-cert", str(tmp_path / "own.pem"), "--tls-key", str(tmp_path / "own.key"))
    options = ("--host", "0.0.0.0", "--data", str(tmp_path / "tls"), *tls)
    inside = ("ip", "netns", "exec", fleet.peer.name)
    server = fleet.stack.enter_context(serving(*options, prefix=inside))
    with fleet.peer.enter():
        ec2 = boto3.client(
            "ec2", region_name="us-east-1", endpoint_url=f"https://127.0.0.1:{server.port}",
            aws_access_key_id=KEY_ID, aws_secret_access_key=SECRET, verify=str(tmp_path / "own.pem"),
        )  # fmt: skip
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    token = fleet.peer.run(
        [str(RINGWALL), "host", "token", "--data", str(tmp_path / "tls"), "--subnet", subnet, "--interface", "up0",
         "--server", f"https://127.0.0.1:{server.port}"],
        env={**os.environ, "AWS_CA_BUNDLE": str(tmp_path / "own.pem")},
    ).stdout  # fmt: skip
    fleet.server = server
    agent = fleet.start_agent(token, scheme="https")
    wait_for(lambda: agent.says("in-force revision="), "the first commit")

    agent.kill()
    server.kill()
    tiny_server.certificate(tmp_path, "own")  # another key and certificate, at the same place
    again = ("--host", "0.0.0.0", "--data", str(tmp_path / "tls"), "--port", str(server.port), *tls)
    fleet.stack.enter_context(serving(*again, prefix=inside))
    agent = fleet.start_agent(scheme="https")
    wait_for(lambda: agent.says("impostor"), "the agent to see that the certificate isn't the one it was enrolled with")


def test_the_hosts_addresses_follow_its_interface(fleet: Fleet) -> None:
    agent = fleet.enrol()
    agent.kill()
    wait_for(lambda: not fleet.about()["connected"], "the server to notice")
    fleet.host.run(["ip", "address", "add", "10.0.0.77/24", "dev", "up0"])
    fleet.host.run(["ip", "address", "add", "192.0.2.77/24", "dev", "up0"])
    fleet.start_agent()
    wait_for(lambda: "10.0.0.77" in fleet.about()["interfaces"][0]["addresses"], "the new address")
    assert "192.0.2.77" not in fleet.about()["interfaces"][0]["addresses"]
    wait_for(
        lambda: any("192.0.2.77" in problem for problem in fleet.about()["problems"]), "the refusal to be reported"
    )


def test_an_orderly_stop_is_silent_and_leaves_the_rules(fleet: Fleet) -> None:
    agent = fleet.enrol()
    before = fleet.table()
    agent.process.terminate()
    assert agent.process.wait(SECONDS) == 0
    assert not agent.says("Traceback")
    assert fleet.table() == before
