"""A host that is a namespace, with a real agent of a real server.

The host and the peer share one cable. The server runs at the peer, so the agent's own connection goes through the very
interface that is enforced on, and no rule admits it.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import netns
from serving import RINGWALL, Server, serving

HOST, PEER = "10.0.0.1", "10.0.0.2"
_OWNER = re.compile(r" progname \S+$| # progname \S+$|^\tflags.*\n\n?", re.MULTILINE)
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
        """Whether a line of its log has these words."""
        return any(words in line for line in self.said)

    def kill(self) -> None:
        """Ends it without a chance to say anything."""
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
    vpc_cidr: str = "10.0.0.0/16"
    subnet_cidr: str = "10.0.0.0/24"
    ipv6_cidrs: tuple[str, str] | None = None
    """Of the VPC and of the subnet, where they have IPv6."""
    instance_id: str = ""
    vpc_id: str = ""
    group_id: str = ""
    options: list[str] = field(default_factory=list)
    """More options for the agents that are started from now on."""
    agents: list[Agent] = field(default_factory=list)
    """All that were started, the latest last."""

    def ec2(self, operation: str, **parameters: Any) -> Any:
        """One EC2 call, from where the server runs."""
        with self.peer.enter():
            return getattr(self.server.client(), operation)(**parameters)

    def api(self, method: str, path: str, content: Any = None) -> Any:
        """One call of /ringwall/v1."""
        with self.peer.enter():
            return self.server.api(method, path, content).json

    def about(self) -> Any:
        """What the server tells of the host."""
        return self.api("GET", f"/ringwall/v1/hosts/{self.instance_id}")

    def up_to_date(self) -> bool:
        """Whether the host has all that concerns it."""
        return bool(self.about()["up_to_date"])

    def settled(self) -> None:
        """Returns once the host has all that concerns it."""
        wait_for(self.up_to_date, "the host to be up to date")

    def token(self) -> str:
        """A token for the host, in a new VPC with a new group."""
        vpc = self.vpc_id = self.ec2("create_vpc", CidrBlock=self.vpc_cidr)["Vpc"]["VpcId"]
        six = {}
        if self.ipv6_cidrs:
            self.ec2("associate_vpc_cidr_block", VpcId=vpc, Ipv6CidrBlock=self.ipv6_cidrs[0])
            six = {"Ipv6CidrBlock": self.ipv6_cidrs[1]}
        subnet = self.ec2("create_subnet", VpcId=vpc, CidrBlock=self.subnet_cidr, **six)["Subnet"]["SubnetId"]
        self.group_id = self.ec2("create_security_group", GroupName="web", Description="w", VpcId=vpc)["GroupId"]
        content = {"subnet_id": subnet, "interface": "up0"}
        return str(self.api("POST", "/ringwall/v1/enrolment-tokens", content)["token"])

    def start_agent(self, token: str | None = None, scheme: str = "http") -> Agent:
        """An agent on the host; the token is for the first one."""
        process = self.host.popen(
            [str(RINGWALL), "agent", "--server", f"{scheme}://{PEER}:{self.server.port}", "--insecure-http",
             "--data", str(self.data), *self.options,
             *(["--token-file", "-"] if token else [])],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        agent = Agent(process)
        self.agents.append(agent)
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

    def on_console(self, verb: str, *options: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`ringwall agent VERB` at the host, to its end."""
        return self.host.run([str(RINGWALL), "agent", verb, "--data", str(self.data), *options], check=check)

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
        """The rule for that port is in the host's kernel."""
        self.ec2("authorize_security_group_ingress", GroupId=self.group_id, IpPermissions=[permission(port)])
        self.settled()

    def revoke(self, port: int) -> None:
        """The rule for that port is gone from the host's kernel."""
        self.ec2("revoke_security_group_ingress", GroupId=self.group_id, IpPermissions=[permission(port)])
        self.settled()

    def enforce(self, *, yes: bool = False) -> Any:
        """The answer to the switch to enforce mode, which is in the host's kernel unless it was refused."""
        answer = self.api("PUT", f"/ringwall/v1/hosts/{self.instance_id}/mode", {"mode": "enforce", "yes": yes})
        if "error" not in answer:
            self.settled()
        return answer

    def enforce_from_boot(self) -> None:
        """Switches to enforce mode, and returns once a boot would enforce too, as the state is on the disk."""
        self.enforce(yes=True)
        wait_for(lambda: b'"enforce"' in (self.data / "state.json").read_bytes(), "the state on disk")

    def table(self) -> str:
        """The host's table, with handles, without counters, whoever owns it."""
        listed = self.host.run(["nft", "-s", "-a", "list", "table", "inet", "ringwall"], check=False).stdout
        return _OWNER.sub("", listed)

    def objects(self) -> set[str]:
        """The chains, sets and maps of the host's table, without handles; nft lists them in order of age."""
        listed = self.host.run(["nft", "-s", "list", "table", "inet", "ringwall"]).stdout
        inside = _OWNER.sub("", listed).removeprefix("table inet ringwall {\n").removesuffix("}\n")
        return set(inside.rstrip().split("\n\n"))

    def listen(self, port: int) -> socket.socket:
        """A listener at the host."""
        with self.host.enter():
            listener = socket.create_server((HOST, port))
        self.stack.callback(listener.close)
        return listener

    def converse(self, listener: socket.socket, source: str = PEER) -> tuple[socket.socket, socket.socket]:
        """A connection of the peer's, from that address of its: its end at the host, its end at the peer."""
        with self.peer.enter():
            there = socket.create_connection(listener.getsockname(), timeout=SECONDS, source_address=(source, 0))
        here, _ = listener.accept()
        here.settimeout(SECONDS)
        self.stack.callback(here.close)
        self.stack.callback(there.close)
        return here, there

    def connects(self, port: int) -> bool:
        """Whether the peer can connect to that port of the host's."""
        with self.peer.enter():
            try:
                socket.create_connection((HOST, port), timeout=0.5).close()
            except TimeoutError:
                return False
        return True


def permission(port: int) -> dict[str, Any]:
    """TCP from everybody on the cable."""
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
def stopped(pid: int) -> Iterator[None]:
    """The process doesn't run in the block: it is there, its connections stand, and it says nothing."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def fleet_in(path: Path) -> Iterator[Fleet]:
    """The host and the peer, with the server running; files go under the path."""
    with ExitStack() as stack:
        host, peer = stack.enter_context(netns.namespace("rw-host")), stack.enter_context(netns.namespace("rw-peer"))
        netns.veth(host, "up0", f"{HOST}/24", peer, "up0", f"{PEER}/24")
        options = ("--host", "0.0.0.0", "--insecure-http", "--data", str(path / "server"))
        server = stack.enter_context(serving(*options, prefix=("ip", "netns", "exec", peer.name)))
        yield Fleet(host, peer, server, path / "agent", stack)
