"""A host that is enrolled without an agent: what an agent says to the server, said by a test."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import count
from typing import Any

from ringwall.sigv4.sign import sign
from ringwall.watch.encoding import decode, encode_report
from ringwall.watch.messages import Heartbeat, Message, Position, Report
from serving import Answer, Server

_numbers = count(10)


@dataclass(frozen=True)
class Host:
    """An enrolled host and its key."""

    instance_id: str
    key_id: str
    secret: str

    @property
    def key(self) -> dict[str, str]:
        """The key, as `Server.call` and `Server.api` take it."""
        return {"key_id": self.key_id, "secret": self.secret}


def default_subnet(server: Server) -> str:
    """The default subnet of the first zone, 172.31.0.0/20."""
    subnets = server.client().describe_subnets(Filters=[{"Name": "cidr-block", "Values": ["172.31.0.0/20"]}])
    return str(subnets["Subnets"][0]["SubnetId"])


def new_token(server: Server, subnet_id: str | None = None) -> str:
    """A token for eth0 in the subnet, or in the default one."""
    content = {"subnet_id": subnet_id or default_subnet(server), "interface": "eth0"}
    answer = server.api("POST", "/ringwall/v1/enrolment-tokens", content)
    assert answer.status == 201, answer.text
    return str(answer.json["token"])


def use_token(server: Server, token: str, hostname: str = "web1", addresses: tuple[str, ...] = ()) -> Answer:
    """The answer to one enrolment with this token; an address of its own unless some are given."""
    content: dict[str, Any] = {
        "token": token.split(".")[1],
        "hostname": hostname,
        "interfaces": [
            {
                "device": "eth0",
                "mac_address": "02:00:00:00:00:01",
                "addresses": addresses or (f"{ip_address('172.31.0.0') + next(_numbers)}/20",),
            }
        ],
    }
    return server.api("POST", "/ringwall/v1/enroll", content, secret="a host has no key yet")


def enrol(server: Server, hostname: str = "web1") -> Host:
    """A new host in the default subnet."""
    answer = use_token(server, new_token(server), hostname)
    assert answer.status == 201, answer.text
    return Host(answer.json["instance_id"], answer.json["access_key_id"], answer.json["secret_access_key"])


@dataclass
class Watching:
    """A host's stream, read line by line, and its reports."""

    server: Server
    host: Host
    response: http.client.HTTPResponse
    position: Position

    def next(self) -> Message:
        """The next message that isn't a heartbeat."""
        while isinstance(message := decode(self.response.readline()), Heartbeat):
            pass
        self.position = message.position
        return message

    def report(self, **different: Any) -> None:
        """The host says that what it was sent last is in force, since now."""
        now = time.time()
        told = {"mode": "observe", "digest": "d", "in_force_at": now, "received_at": now} | different
        body = encode_report(Report(self.position, **told))
        answer = self.server.send("POST", REPORT, _signed(self.server, self.host, "POST", REPORT, body), body)
        assert answer.status == 200, answer.text


WATCH, REPORT = "/ringwall/v1/watch", "/ringwall/v1/report"


@contextmanager
def watching(server: Server, host: Host, answers: str = "") -> Iterator[Watching]:
    """The host's stream, its snapshot read and reported, until the end of the block.

    answers: the kind of questions that the agent knows.
    """
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        query = f"answers={answers}" if answers else ""
        headers = _signed(server, host, "GET", WATCH, b"", query)
        connection.request("GET", f"{WATCH}?{query}" if query else WATCH, headers=headers)
        agent = Watching(server, host, connection.getresponse(), Position("", 0, 0))
        agent.next()
        agent.report()
        yield agent
    finally:
        connection.close()


def _signed(server: Server, host: Host, method: str, path: str, body: bytes, query: str = "") -> dict[str, str]:
    return sign(
        method, f"127.0.0.1:{server.port}", path, query, {"content-type": "application/json"}, body,
        host.key_id, host.secret, "us-east-1", "ringwall", time.time(),
    )  # fmt: skip
