"""What somebody may try who has a key, and would like more: it gets nothing done, and leaves the trail as it was."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import pytest

from enrolled import Host, enrol
from ringwall.sigv4.sign import sign
from serving import Answer, Server, serving
from site_of_accounts import allow, document

GROUP = "sg-0123456789abcdef0"


@dataclass(frozen=True)
class Holder:
    """A key and who has it, as `Server.call` and `Server.api` take it."""

    key_id: str
    secret: str

    @property
    def key(self) -> dict[str, str]:
        return {"key_id": self.key_id, "secret": self.secret}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture(scope="module")
def host(server: Server) -> Host:
    return enrol(server)


@pytest.fixture(scope="module")
def responder(server: Server) -> Holder:
    """A user who may close, and nothing else."""
    assert server.api("POST", "/ringwall/v1/users", {"name": "responder"}).status == 201
    assert server.api("PUT", "/ringwall/v1/users/responder/policies/RevokeOnly").status == 200
    made = server.api("POST", "/ringwall/v1/users/responder/keys").json
    return Holder(made["access_key_id"], made["secret_access_key"])


def send(server: Server, holder: Host | Holder, path: str, body: bytes) -> Answer:
    """A signed POST of this body, byte for byte."""
    headers = sign(
        "POST", f"127.0.0.1:{server.port}", path, "", {}, body, holder.key_id, holder.secret, "us-east-1", "ringwall",
        time.time(),
    )  # fmt: skip
    return server.send("POST", path, headers, body)


def told(server: Server, code: str) -> list[str]:
    """The request ids of the trail's last refusals of this code, once they are written."""
    marker = server.api("DELETE", "/ringwall/v1/users/nobody").headers["x-amzn-requestid"]
    deadline = time.monotonic() + 20
    while True:
        answer = server.api("GET", "/ringwall/v1/trail?limit=1000")
        assert answer.status == 200, answer.text
        json.loads(answer.text, parse_constant=_refuse)
        events = answer.json["events"]
        if marker in {event["requestID"] for event in events}:
            return [event["requestID"] for event in events if event.get("errorCode") == code]
        assert time.monotonic() < deadline, "the refusal was never written"


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


# --- The trail ---

NO_JSON = {
    "no number": b'{"rule_ids": ["sgr-0123456789abcdef0"], "x": NaN}',
    "infinity": b'{"x": -Infinity}',
    "a number that is too large": b'{"x": 1e999}',
    "half of a pair, escaped": b'{"x": "\\ud800"}',
    "half of a pair": b'{"x": "\xed\xa0\x80"}',
    "half of a pair in another encoding": '{"x": "\\ud800"}'.encode("utf-16"),
    "another encoding": '{"x": "y"}'.encode("utf-32"),
    "bytes that are no text": b'{"x": "\xff"}',
}


@pytest.mark.parametrize("body", NO_JSON.values(), ids=NO_JSON.keys())
def test_nothing_that_others_can_not_read_gets_into_the_trail(
    server: Server, host: Host, responder: Holder, body: bytes
) -> None:
    """A refusal that can't be written would be in no trail, and one that can't be read would close the trail."""
    answers = [
        send(server, responder, f"/ringwall/v1/groups/{GROUP}/revoke", body),
        send(server, responder, "/ringwall/v1/users", body),
        send(server, host, "/ringwall/v1/report", body),
    ]
    assert [(answer.status, answer.json["error"]["code"]) for answer in answers] == [(400, "InvalidParameterValue")] * 3
    refusals = told(server, "InvalidParameterValue")
    assert {answer.headers["x-amzn-requestid"] for answer in answers} <= set(refusals)


@pytest.mark.parametrize("depth", [100, 900, 960, 970, 990, 100_000])
def test_a_body_that_is_nested_deeply_is_told_like_any_other(server: Server, responder: Holder, depth: int) -> None:
    answer = send(server, responder, "/ringwall/v1/users", b'{"name": ' + b"[" * depth + b"]" * depth + b"}")
    assert answer.status in (400, 403), answer.text
    assert answer.headers["x-amzn-requestid"] in told(server, answer.json["error"]["code"])


# --- Other accounts ---


@pytest.fixture(scope="module")
def other(server: Server) -> Holder:
    """The root of another account."""
    made = server.api("POST", "/ringwall/v1/accounts", {"name": "other"}).json
    return Holder(made["access_key_id"], made["secret_access_key"])


def make_group(server: Server, name: str, **key: str) -> int:
    """The revision of a new group."""
    form = {"Action": "CreateSecurityGroup", "Version": "2016-11-15", "GroupName": name, "GroupDescription": "d"}
    answer = server.call(form, **key)
    assert answer.status == 200, answer.text
    return int(answer.headers["ringwall-revision"])


def test_what_another_account_changes_keeps_nobody_from_learning_what_is_in_force(
    server: Server, host: Host, other: Holder
) -> None:
    make_group(server, "ours")
    revision = make_group(server, "theirs", **other.key)
    ours = server.api("GET", "/ringwall/v1/changes").json
    assert (ours["revision"], ours["stored_at"]) == (revision, None)
    assert [(row["instance_id"], row["affected"]) for row in ours["hosts"]] == [(host.instance_id, False)]
    through = server.api("GET", f"/ringwall/v1/changes?through={revision}").json
    assert through["hosts"] == ours["hosts"]
    make_group(server, "ours too")
    assert server.api("GET", "/ringwall/v1/changes", **other.key).json["hosts"] == []
    answer = server.api("GET", f"/ringwall/v1/changes/{revision}")
    assert (answer.status, answer.json["error"]["code"]) == (400, "InvalidRevision.NotFound")


def test_metrics_which_count_all_accounts_are_for_the_server_s_own(server: Server, other: Holder) -> None:
    assert server.api("GET", "/metrics").status == 200
    assert server.api("GET", "/metrics", **other.key).status == 403


# --- What a document doesn't allow ---


def user_with(server: Server, name: str, *statements: Mapping[str, Any]) -> Holder:
    """A new user with a document of these statements."""
    put = server.api("PUT", f"/ringwall/v1/policies/{name}", {"document": document(*statements)})
    assert put.status == 200, put.text
    assert server.api("POST", "/ringwall/v1/users", {"name": name}).status == 201
    assert server.api("PUT", f"/ringwall/v1/users/{name}/policies/{name}").status == 200
    made = server.api("POST", f"/ringwall/v1/users/{name}/keys").json
    return Holder(made["access_key_id"], made["secret_access_key"])


def rules_of(server: Server, name: str, number: int) -> tuple[str, list[str], list[str]]:
    """A new group with so many rules of ingress; its id, theirs, and those of egress."""
    client = server.client()
    group_id = str(client.create_security_group(GroupName=name, Description="d")["GroupId"])
    sources = [{"CidrIp": f"{ip_address('10.0.0.0') + each}/32"} for each in range(number)]
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": sources}
    client.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[permission])
    rules = client.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group_id]}])
    sides: dict[bool, list[str]] = {True: [], False: []}
    for rule in rules["SecurityGroupRules"]:
        sides[rule["IsEgress"]].append(rule["SecurityGroupRuleId"])
    return group_id, sides[False], sides[True]


def code(answer: Answer) -> str | None:
    return None if answer.status == 200 else str(answer.json["error"]["code"])


def test_more_rules_than_a_decision_looks_at_hide_no_direction() -> None:
    with serving("--limits", "none") as server:
        group_id, ingress, egress = rules_of(server, "large", 1_001)
        holder = user_with(server, "ingress", allow("ringwall:RevokeRules", "ec2:RevokeSecurityGroupIngress"))
        path = f"/ringwall/v1/groups/{group_id}/revoke"
        hidden = server.api("POST", path, {"rule_ids": [*ingress, *egress]}, **holder.key)
        assert code(hidden) == "UnauthorizedOperation", hidden.text
        assert code(server.api("POST", path, {"rule_ids": ingress[:1_000]}, **holder.key)) is None


def test_flows_of_a_rule_beside_the_one_that_is_named_need_permission_too(server: Server) -> None:
    _, (one, other), _ = rules_of(server, "two", 2)
    holder = user_with(
        server, "onerule", allow("ringwall:ShowRuleFlows", resource=f"arn:aws:ec2:*:*:security-group-rule/{one}")
    )
    path = f"/ringwall/v1/rules/{one}/flows"
    assert code(server.api("GET", path, **holder.key)) is None
    for also in (other, f"{one},{other}", f",{other}", f"%2C{other}"):
        assert code(server.api("GET", f"{path}?with={also}", **holder.key)) == "UnauthorizedOperation", also
    assert code(server.api("GET", f"{path}?with={other}")) is None


def test_who_may_only_close_opens_nothing_by_changing_rules(server: Server, responder: Holder) -> None:
    group_id, (rule, *_), _ = rules_of(server, "closed", 2)
    opened = {"protocol": "tcp", "from_port": 1, "to_port": 1, "peer": "0.0.0.0/0"}
    narrow = {"group_id": group_id, "direction": "ingress", "revoke": [rule]}
    wide = {"group_id": group_id, "direction": "egress", "authorize": [opened]}
    before = server.client().describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    for changes in ([wide], [narrow, wide], [narrow | {"authorize": [opened]}], [{**wide, "revoke": []}, narrow]):
        answer = server.api("POST", "/ringwall/v1/changes", {"changes": changes}, **responder.key)
        assert code(answer) == "UnauthorizedOperation", answer.text
        assert "ec2:AuthorizeSecurityGroup" in answer.json["error"]["message"]
    for mode in ("cut", "keep"):
        answer = server.api("POST", "/ringwall/v1/changes", {"changes": [narrow], "on_revoke": mode}, **responder.key)
        assert "ringwall:SetRevokeMode" in answer.json["error"]["message"]
    assert server.client().describe_security_groups(GroupIds=[group_id])["SecurityGroups"] == before
    assert code(server.api("POST", "/ringwall/v1/changes", {"changes": [narrow]}, **responder.key)) is None


def test_a_word_twice_is_not_judged_as_one_and_done_as_the_other(server: Server) -> None:
    group_id, *_ = rules_of(server, "twice", 1)
    other_id, (other,), _ = rules_of(server, "twice as well", 1)
    holder = user_with(
        server, "twice",
        allow("ringwall:ChangeRules", "ec2:Revoke*", resource=f"arn:aws:ec2:*:*:security-group/{group_id}"),
    )  # fmt: skip
    part = '{"group_id": "%s", "direction": "ingress", "revoke": ["%s"], "group_id": "%s"}'
    for body in (part % (group_id, other, other_id), part % (other_id, other, group_id)):
        answer = send(server, holder, "/ringwall/v1/changes", b'{"changes": [' + body.encode() + b"]}")
        assert code(answer) in ("UnauthorizedOperation", "InvalidSecurityGroupRuleId.NotFound")
