"""Two accounts on one server by /ringwall/v1: to each, what the other has is as absent as what was never made.

Generated from the table of routes: wherever a call names something, in its path, its query or its JSON, that is once
the other account's and once nobody's, and the answers must be the same. The caller may everything in its own account.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from enrolled import default_subnet, enrol
from ringwall.server.api import ROUTES
from serving import Answer, Server, serving

ITS_OWN = {"Watch", "Report"}
"""Actions of a host's agent: tests/operations/test_signature_attacks.py."""
NOBODYS = {
    "account": "444444444444",
    "group": "sg-0123456789abcdef0",
    "host": "i-0123456789abcdef0",
    "interface": "eni-0123456789abcdef0",
    "key": "AKIANOBODYSXXXXXXXXX",
    "list": "pl-0123456789abcdef0",
    "message": "v1:AAAA",
    "policy": "nobodys-policy",
    "role": "nobodys-role",
    "rule": "sgr-0123456789abcdef0",
    "subnet": "subnet-0123456789abcdef0",
    "user": "nobody",
}
ANYBODYS = {"revision", "question"}
"""What a path names that is nobody's own: a number that all accounts share, and what only an agent is told."""


def _rule(peer: str) -> dict[str, Any]:
    return {"protocol": "tcp", "from_port": 22, "to_port": 22, "peer": peer}


BODIES: Mapping[str, list[dict[str, Any]]] = {
    "AttachInterface": [{"device": "eth9", "subnet_id": "{subnet}"}],
    "ChangeRules": [
        {"changes": [{"group_id": "{group}", "direction": "ingress", "revoke": ["{rule}"]}]},
        {"changes": [{"group_id": "{group}", "direction": "egress", "authorize": [_rule("0.0.0.0/0")]}]},
        {"changes": [{"group_id": "{ours}", "direction": "ingress", "revoke": ["{rule}"]}]},
        {"changes": [{"group_id": "{ours}", "direction": "ingress", "authorize": [_rule("{group}")]}]},
        {"changes": [{"group_id": "{ours}", "direction": "ingress", "authorize": [_rule("{list}")]}]},
    ],
    "CreateAccount": [{"name": "more", "account_id": "{account}"}],
    "CreateEnrolmentToken": [{"subnet_id": "{subnet}", "interface": "eth0"}],
    "DecodeAuthorizationMessage": [{"message": "{message}"}],
    "ExplainDecision": [
        {"action": "ec2:RevokeSecurityGroupIngress", "name": "{user}"},
        {"action": "ec2:RevokeSecurityGroupIngress", "name": "{role}", "kind": "role"},
        {"action": "ec2:RevokeSecurityGroupIngress", "name": "ourselves", "resource": "{group}"},
        {"action": "ec2:RevokeSecurityGroupIngress", "name": "ourselves", "resource": "{host}"},
    ],
    "RevokeRules": [{"rule_ids": ["{rule}"]}, {"rule_ids": ["{rule}"], "on_revoke": "keep"}],
    "SetHostMode": [{"mode": "enforce", "yes": True}],
    "UpdateAccessKey": [{"active": False}],
    "UpdateRole": [{"session_seconds_max": 3600}],
}
QUERIES: Mapping[str, list[str]] = {
    "ShowRuleFlows": ["", "?with={rule}"],
}
CALLS = [
    (method, path + query, body)
    for method, path, action, _ in ROUTES
    if action not in ITS_OWN
    for query in QUERIES.get(action, [""])
    for body in BODIES.get(action, [{}])
    if set(re.findall(r"\{([a-z]+)\}", path + query + json.dumps(body))) - ANYBODYS
]
"""Those that name something; a body too, as far as BODIES knows it."""


@dataclass
class World:
    """A server, the ids of one account, and the key of the root of another with a group of its own."""

    server: Server
    ids: dict[str, str]
    key: dict[str, str]
    ours: str


def form(action: str, **parameters: str) -> dict[str, str]:
    return {"Action": action, "Version": "2016-11-15", **{k.replace("_", "."): v for k, v in parameters.items()}}


def one(answer: Answer, element: str) -> str:
    assert answer.status == 200, answer.text
    found = re.search(f"<{element}>([^<]+)<", answer.text)
    assert found is not None, answer.text
    return found.group(1)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with serving() as server:
        host = enrol(server)
        client = server.client()
        group_id = client.create_security_group(GroupName="theirs", Description="d")["GroupId"]
        permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
        rule = client.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[permission])
        interfaces = client.describe_network_interfaces()["NetworkInterfaces"]
        made = client.create_managed_prefix_list(PrefixListName="l", MaxEntries=1, AddressFamily="IPv4")
        for path, content in (
            ("users", {"name": "theirs"}),
            ("roles", {"name": "their-role", "trust": json.dumps({"Version": "2012-10-17", "Statement": {
                "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "123456789012"}}})}),
        ):  # fmt: skip
            assert server.api("POST", f"/ringwall/v1/{path}", content).status == 201
        document = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}}
        put = server.api("PUT", "/ringwall/v1/policies/their-policy", {"document": json.dumps(document)})
        assert put.status == 200, put.text
        key = server.api("POST", "/ringwall/v1/users/theirs/keys").json
        theirs = {"key_id": key["access_key_id"], "secret": key["secret_access_key"]}
        refused = server.call(form("DeleteSecurityGroup", GroupId=group_id), **theirs)
        other = server.api("POST", "/ringwall/v1/accounts", {"name": "other"}).json
        ids = {
            "account": server.api("GET", "/ringwall/v1/accounts").json["accounts"][0]["account_id"],
            "group": group_id,
            "host": host.instance_id,
            "interface": interfaces[0]["NetworkInterfaceId"],
            "key": key["access_key_id"],
            "list": made["PrefixList"]["PrefixListId"],
            "message": (refused.message or "").rpartition(": ")[2],
            "policy": "their-policy",
            "role": "their-role",
            "rule": rule["SecurityGroupRules"][0]["SecurityGroupRuleId"],
            "subnet": default_subnet(server),
            "user": "theirs",
        }
        mine = {"key_id": other["access_key_id"], "secret": other["secret_access_key"]}
        ours = one(server.call(form("CreateSecurityGroup", GroupName="ours", GroupDescription="d"), **mine), "groupId")
        assert server.api("POST", "/ringwall/v1/users", {"name": "ourselves"}, **mine).status == 201
        yield World(server, ids, mine, ours)


def test_all_that_a_path_names_is_known() -> None:
    named = {name for _, path, _, _ in ROUTES for name in re.findall(r"\{([a-z]+)\}", path)}
    assert named - ANYBODYS <= NOBODYS.keys()


@pytest.mark.parametrize(("method", "path", "body"), CALLS, ids=[f"{m} {p} {json.dumps(b)}" for m, p, b in CALLS])
def test_what_is_anothers_is_as_absent_as_nobodys(world: World, method: str, path: str, body: Any) -> None:
    told = [ask(world, named, method, path, body) for named in (NOBODYS, world.ids)]
    assert told[0] == told[1]


def ask(world: World, named: Mapping[str, str], method: str, path: str, body: Any) -> tuple[int, Any]:
    """The answer, in which names and what is new each time are written as what they stand for."""
    known = {**named, "ours": world.ours}

    def fill(text: str) -> str:
        return re.sub(r"\{([a-z]+)\}", lambda found: known.get(found[1], found[0]), text)

    content = None if method in ("GET", "DELETE") else json.loads(fill(json.dumps(body)))
    answer = world.server.api(method, fill(path), content, **world.key)
    told = answer.text
    for name, value in named.items():
        told = told.replace(value, name)
    content = json.loads(told)
    content.pop("request_id", None)
    return answer.status, content


def test_nothing_is_shown_of_another_account(world: World) -> None:
    """To one that has asked for nothing yet: its own refusals name what it asked for."""
    made = world.server.api("POST", "/ringwall/v1/accounts", {"name": "quiet"}).json
    key = {"key_id": made["access_key_id"], "secret": made["secret_access_key"]}
    for name in ("group", "host", "rule"):
        told = world.server.api("GET", f"/ringwall/v1/trail?about={world.ids[name]}", **key)
        assert told.json == {"events": []}
    lists = [
        path for method, path, action, _ in ROUTES if method == "GET" and "{" not in path and action not in ITS_OWN
    ]
    for path in lists:
        text = world.server.api("GET", path, **key).text
        assert {name for name, value in world.ids.items() if value in text} == set(), path
