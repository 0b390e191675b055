"""A host that is enrolled without an agent: what an agent says to the server, said by a test."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import Any

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
                "addresses": addresses or (f"172.31.0.{next(_numbers)}/20",),
            }
        ],
    }
    return server.api("POST", "/ringwall/v1/enroll", content, secret="a host has no key yet")


def enrol(server: Server, hostname: str = "web1") -> Host:
    """A new host in the default subnet."""
    answer = use_token(server, new_token(server), hostname)
    assert answer.status == 201, answer.text
    return Host(answer.json["instance_id"], answer.json["access_key_id"], answer.json["secret_access_key"])
