"""A real agent of a real server, on a host that is a namespace: what its kernel does, and what survives kill -9.

The host and the peer share one cable. The server runs at the peer, so the agent's own connection goes through the very
interface that is enforced on, and no rule admits it.
"""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest

import netns
import tiny_server
from serving import KEY_ID, RINGWALL, SECRET, Server, serving

pytestmark = [pytest.mark.kernel, netns.needs_kernel]

HOST, PEER = "10.0.0.1", "10.0.0.2"
SECONDS = 20


def wait_for(condition: Callable[[], Any], what: str = "the condition") -> None:
    """Returns once the condition holds."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited {SECONDS} s for {what}"
        time.sleep(0.005)


@dataclass
class Agent:
    """A running agent. said: what it logged, by line."""

    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)

    def says(self, words: str) -> bool:
        return any(words in line for line in self.said)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(SECONDS)


@dataclass
class Fleet:
    """The host, the peer with the server, and a group that the host's interface carries."""

    host: netns.Namespace
    peer: netns.Namespace
    server: Server
    data: Path
    stack: ExitStack
    instance_id: str = ""
    group_id: str = ""

    def ec2(self, operation: str, **parameters: Any) -> Any:
        """One EC2 call, from where the server runs."""
        with self.peer.enter():
            return getattr(self.server.client(), operation)(**parameters)

    def api(self, method: str, path: str, content: Any = None) -> Any:
        """One call of /ringwall/v1."""
        with self.peer.enter():
            return self.server.api(method, path, content).json

    def about(self) -> Any:
        return self.api("GET", f"/ringwall/v1/hosts/{self.instance_id}")

    def up_to_date(self) -> bool:
        return bool(self.about()["up_to_date"])

    def settled(self) -> None:
        """Returns once the host has all that concerns it."""
        wait_for(self.up_to_date, "the host to be up to date")

    def token(self) -> str:
        vpc = self.ec2("create_vpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = self.ec2("create_subnet", VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        self.group_id = self.ec2("create_security_group", GroupName="web", Description="w", VpcId=vpc)["GroupId"]
        content = {"subnet_id": subnet, "interface": "up0"}
        return str(self.api("POST", "/ringwall/v1/enrolment-tokens", content)["token"])

    def start_agent(self, token: str | None = None, scheme: str = "http") -> Agent:
        process = self.host.popen(
            [str(RINGWALL), "agent", "--server", f"{scheme}://{PEER}:{self.server.port}", "--insecure-http",
             "--data", str(self.data), *(["--token-file", "-"] if token else [])],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        agent = Agent(process)
        stdin, stderr = process.stdin, process.stderr
        assert stdin is not None
        assert stderr is not None
        reader = threading.Thread(target=lambda: agent.said.extend(stderr))
        reader.start()

        def end() -> None:
            process.kill()
            process.wait(SECONDS)
            reader.join(SECONDS)
            stderr.close()

        self.stack.callback(end)
        stdin.write(token or "")
        stdin.close()
        return agent

    def enrol(self) -> Agent:
        """The host, enrolled, observing, with the group on its interface and nothing in the group."""
        agent = self.start_agent(self.token())
        wait_for(lambda: agent.says("in-force revision="), "the first commit")
        (interface,) = self.ec2("describe_network_interfaces")["NetworkInterfaces"]
        self.instance_id = interface["Attachment"]["InstanceId"]
        self.ec2(
            "modify_network_interface_attribute",
            NetworkInterfaceId=interface["NetworkInterfaceId"],
            Groups=[self.group_id],
        )
        (everything,) = self.ec2("describe_security_groups", GroupIds=[self.group_id])["SecurityGroups"][0][
            "IpPermissionsEgress"
        ]
        self.ec2("revoke_security_group_egress", GroupId=self.group_id, IpPermissions=[everything])
        self.settled()
        return agent

    def admit(self, port: int) -> None:
        self.ec2("authorize_security_group_ingress", GroupId=self.group_id, IpPermissions=[permission(port)])
        self.settled()

    def revoke(self, port: int) -> None:
        self.ec2("revoke_security_group_ingress", GroupId=self.group_id, IpPermissions=[permission(port)])
        self.settled()

    def enforce(self, *, yes: bool = False) -> Any:
        answer = self.api("PUT", f"/ringwall/v1/hosts/{self.instance_id}/mode", {"mode": "enforce", "yes": yes})
        if "error" not in answer:
            self.settled()
        return answer

    def table(self) -> str:
        """The host's table, with handles, without counters."""
        return self.host.run(["nft", "-s", "-a", "list", "table", "inet", "ringwall"], check=False).stdout

    def objects(self) -> set[str]:
        """The chains, sets and maps of the host's table, without handles; nft lists them in order of age."""
        listed = self.host.run(["nft", "-s", "list", "table", "inet", "ringwall"]).stdout
        return set(listed.removesuffix("}\n").rstrip().split("\n\n"))

    def listen(self, port: int) -> socket.socket:
        with self.host.enter():
            listener = socket.create_server((HOST, port))
        self.stack.callback(listener.close)
        return listener

    def converse(self, listener: socket.socket) -> tuple[socket.socket, socket.socket]:
        """A connection of the peer's: its end at the host, its end at the peer."""
        with self.peer.enter():
            there = socket.create_connection(listener.getsockname(), timeout=SECONDS)
        here, _ = listener.accept()
        here.settimeout(SECONDS)
        self.stack.callback(here.close)
        self.stack.callback(there.close)
        return here, there

    def connects(self, port: int) -> bool:
        with self.peer.enter():
            try:
                socket.create_connection((HOST, port), timeout=0.5).close()
            except TimeoutError:
                return False
        return True


def permission(port: int) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "10.0.0.0/24"}]}


def passes(sender: socket.socket, receiver: socket.socket, seconds: float = SECONDS) -> bool:
    """Whether a byte comes through."""
    receiver.settimeout(seconds)
    sender.sendall(b"x")
    try:
        return receiver.recv(1) == b"x"
    except TimeoutError:
        return False


@contextmanager
def fleet_in(path: Path) -> Iterator[Fleet]:
    with ExitStack() as stack:
        host, peer = stack.enter_context(netns.namespace("rw-host")), stack.enter_context(netns.namespace("rw-peer"))
        netns.veth(host, "up0", f"{HOST}/24", peer, "up0", f"{PEER}/24")
        options = ("--host", "0.0.0.0", "--insecure-http", "--data", str(path / "server"))
        server = stack.enter_context(serving(*options, prefix=("ip", "netns", "exec", peer.name)))
        yield Fleet(host, peer, server, path / "agent", stack)


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


def test_a_foreign_flush_is_put_right_and_told_without_the_server(fleet: Fleet) -> None:
    agent = fleet.enrol()
    fleet.listen(22), fleet.listen(23)
    fleet.admit(22)
    fleet.enforce(yes=True)
    before = fleet.objects()
    fleet.server.kill()
    for foreign in (["flush", "ruleset"], ["delete", "table", "inet", "ringwall"]):
        fleet.host.run(["nft", *foreign])
        wait_for(lambda: fleet.table() and fleet.objects() == before, "the repair")
        assert fleet.connects(22)
        assert not fleet.connects(23)
    assert agent.says("somebody else changed table inet ringwall")


def test_after_a_boot_without_a_server_the_host_is_closed_as_before(fleet: Fleet) -> None:
    agent = fleet.enrol()
    fleet.listen(22), fleet.listen(23)
    fleet.admit(22)
    fleet.enforce(yes=True)
    wait_for(lambda: b'"enforce"' in (fleet.data / "state.json").read_bytes(), "the state on disk")
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
