"""The verbs that manage accounts, users, keys, roles and policies, against a real server."""

from __future__ import annotations

import configparser
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from ringwall.iam.shipped import SHIPPED
from serving import RINGWALL, Server, serving

ACCOUNT = "123456789012"
DOCUMENT = '{"Version": "2012-10-17",\n "Statement": {"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}}'
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT}},
    }
)


@pytest.fixture
def server() -> Iterator[Server]:
    """A server whose principals are this test's own."""
    with serving() as running:
        yield running


def ringwall(server: Server, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """`ringwall` with the variables that `ringwall env` prints."""
    return subprocess.run(
        [str(RINGWALL), *arguments],
        env=server.environment, capture_output=True, text=True, timeout=60, check=False, input=given,
    )  # fmt: skip


def done(server: Server, *arguments: str, given: str = "") -> str:
    """What a verb that does what it says prints."""
    ran = ringwall(server, *arguments, given=given)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def refused(server: Server, *arguments: str, given: str = "") -> str:
    """The sentence of a verb that couldn't."""
    ran = ringwall(server, *arguments, given=given)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith(f"ringwall {arguments[0]} {arguments[1]}: ")
    return ran.stderr


def profile(text: str) -> tuple[str, str, str]:
    """The name, the key and the secret of what `key create` prints: a profile of ~/.aws/credentials."""
    parser = configparser.RawConfigParser()
    parser.read_string(text)
    (name,) = parser.sections()
    assert set(parser[name]) == {"aws_access_key_id", "aws_secret_access_key"}
    return name, parser[name]["aws_access_key_id"], parser[name]["aws_secret_access_key"]


def table(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()[1:]]


def test_a_user_from_first_to_last(server: Server) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:user/ann"
    assert done(server, "user", "create", "ann") == f"{arn} is made, and may nothing yet.\n"
    name, key, secret = profile(done(server, "key", "create", "ann"))
    assert (name, key[:4], len(secret)) == ("ann", "AKIA", 40)
    assert done(server, "policy", "attach", "readonly", "--user", "ann") == f"{arn} has ReadOnly now.\n"
    assert table(done(server, "user", "list")) == [["ann", "ReadOnly", key]]
    assert done(server, "key", "deactivate", key) == f"{key} is inactive.\n"
    assert f"key {key} (inactive), made" in done(server, "user", "show", "ANN")
    assert done(server, "key", "activate", key) == f"{key} is active.\n"
    _, newer, other = profile(done(server, "key", "rotate", key))
    assert (newer != key, other != secret) == (True, True)
    assert "LimitExceeded: Cannot exceed quota for AccessKeysPerUser: 2" in refused(server, "key", "create", "ann")
    assert {row[0] for row in table(done(server, "key", "list", "--user", "ann"))} == {key, newer}
    assert {row[0] for row in table(done(server, "key", "list"))} == {key, newer}
    for each in (key, newer):
        assert done(server, "key", "delete", each) == f"{each} is deleted.\n"
    assert "DeleteConflict" in refused(server, "user", "delete", "ann")
    assert done(server, "policy", "detach", "ReadOnly", "--user", "ann") == f"{arn} has no policy now.\n"
    assert done(server, "user", "delete", "ann") == "ann is deleted.\n"
    assert "NoSuchEntity: The user with name ann cannot be found." in refused(server, "user", "show", "ann")


@pytest.mark.parametrize("name", ["ann.b+c=d,e@f-g_h", "a" * 64])
def test_a_name_with_every_character_that_there_may_be(server: Server, name: str) -> None:
    done(server, "user", "create", name)
    assert f":user/{name} (AIDA" in done(server, "user", "show", name)
    done(server, "user", "delete", name)


def test_a_role_from_first_to_last(server: Server, tmp_path: Path) -> None:
    trust = tmp_path / "trust.json"
    trust.write_text(TRUST)
    done(server, "role", "create", "oncall", "--trust", str(trust), "--longest-session", "7200")
    done(server, "policy", "attach", "RevokeOnly", "--role", "oncall")
    assert table(done(server, "role", "list")) == [["oncall", "RevokeOnly", "7200", "s"]]
    done(server, "role", "update", "oncall", "--longest-session", "3600")
    shown = done(server, "role", "show", "oncall")
    assert TRUST in shown
    assert "longest session: 3600 s" in shown
    done(server, "role", "update", "oncall", "--trust", "-", given=TRUST.replace("Allow", "Deny"))
    assert '"Deny"' in done(server, "role", "show", "oncall")
    done(server, "policy", "detach", "RevokeOnly", "--role", "oncall")
    done(server, "role", "delete", "oncall")
    assert "can't be read" in refused(server, "role", "create", "x", "--trust", str(tmp_path / "absent"))


def test_a_policy_from_first_to_last(server: Server) -> None:
    put = done(server, "policy", "put", "look", "-", given=DOCUMENT)
    assert put == f"arn:aws:iam::{ACCOUNT}:policy/look decides from now on.\n"
    assert done(server, "policy", "show", "look") == DOCUMENT + "\n"
    kinds = {row[0]: row[1] for row in table(done(server, "policy", "list"))}
    assert kinds == {**dict.fromkeys(SHIPPED, "shipped"), "OneGroup": "template", "look": "own"}
    assert done(server, "policy", "delete", "look") == "look is deleted.\n"
    for name, text in SHIPPED.items():
        assert done(server, "policy", "show", name) == text


def test_a_policy_is_refused_with_place_and_reason(server: Server) -> None:
    said = refused(server, "policy", "put", "look", "-", given=DOCUMENT.replace("ec2:Describe*", "describe"))
    assert "MalformedPolicyDocument: Statement[1].Action: 'describe' is none: write * or ec2:Describe*." in said


def test_an_account_from_first_to_last(server: Server) -> None:
    done(server, "user", "create", "ann")  # the first thing of all makes the server's own account
    name, key, secret = profile(done(server, "account", "create", "staging", "--id", "999999999999"))
    assert (name, key[:4], len(secret)) == ("staging-999999999999", "AKIA", 40)
    assert [row[:2] for row in table(done(server, "account", "list"))] == [
        [ACCOUNT, "server"],
        ["999999999999", "staging"],
    ]
    assert "the server's own" in done(server, "account", "show", ACCOUNT)
    assert "EntityAlreadyExists" in refused(server, "account", "create", "staging")
    assert "it is the server's own account" in refused(server, "account", "delete", ACCOUNT)
    done(server, "account", "delete", "999999999999")
    assert "NoSuchEntity" in refused(server, "account", "show", "999999999999")
    _, key, _ = profile(done(server, "account", "create", "random"))
    assert key not in "".join(server.errors)


def test_a_root_that_lost_its_keys_gets_another_from_the_servers_own_account(server: Server) -> None:
    done(server, "user", "create", "ann")
    _, lost, secret = profile(done(server, "account", "create", "staging", "--id", "999999999999"))
    name, key, new = profile(done(server, "account", "key", "999999999999"))
    assert (name, len(new)) == ("root-999999999999", 40)
    assert server.client(key_id=key, secret=new).describe_vpcs()["Vpcs"][0]["OwnerId"] == "999999999999"
    assert "LimitExceeded" in refused(server, "account", "key", "999999999999")
    _, key, new = profile(done(server, "account", "key", "999999999999", "--replace"))
    assert server.client(key_id=key, secret=new).describe_vpcs()["Vpcs"][0]["OwnerId"] == "999999999999"
    assert server.api("GET", "/ringwall/v1/keys", key_id=lost, secret=secret).status == 401
    event = server.api("GET", "/ringwall/v1/trail?limit=1").json["events"][0]
    assert (event["eventName"], event["requestParameters"]["account"]) == ("CreateAccountKey", "999999999999")
    assert lost in {each["accessKeyId"] for each in event["ringwall"]["before"]}
    assert [each["accessKeyId"] for each in event["ringwall"]["after"]] == [key]
    assert "its data directory" in refused(server, "account", "key", ACCOUNT)


def test_why_names_the_statement_that_decides(server: Server) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:user/ann"
    done(server, "user", "create", "ann")
    done(server, "policy", "attach", "RevokeOnly", "--user", "ann")
    vpc_id = server.client().describe_vpcs()["Vpcs"][0]["VpcId"]
    group_id = server.client().create_security_group(GroupName="g", Description="d")["GroupId"]
    group = f"arn:aws:ec2:us-east-1:{ACCOUNT}:security-group/{group_id}"
    revoke, authorize = "ec2:RevokeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupIngress"
    said = done(server, "policy", "why", revoke, "--as", "ann", "--resource", group)
    assert said == f"allowed: {revoke} on {group} by {arn}. It is allowed by Close of RevokeOnly.\n"
    assert done(server, "policy", "why", revoke, "--as", "ann", "--resource", group_id) == said
    said = done(server, "policy", "why", authorize, "--as", "ANN", "--resource", group)
    assert said == f"denied: {authorize} on {group} by {arn}. No statement allows it.\n"
    condition = {"StringEquals": {"ec2:Vpc": f"arn:aws:ec2:us-east-1:{ACCOUNT}:vpc/{vpc_id}"}}
    statement = {"Sid": "NotThere", "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    done(server, "policy", "put", "bound", "-", given=document)
    done(server, "policy", "attach", "bound", "--user", "ann")
    said = done(server, "policy", "why", revoke, "--as", "ann", "--resource", group_id)
    assert said == f"denied: {revoke} on {group} by {arn}. It is denied by NotThere of bound.\n"
    assert done(server, "policy", "why", "ec2:DescribeVpcs", "--as", "ann").startswith(
        "allowed: ec2:DescribeVpcs on * "
    )
    assert "without wildcards" in refused(server, "policy", "why", "ec2:*", "--as", "ann")
    assert "NoSuchEntity" in refused(server, "policy", "why", "ec2:DescribeVpcs", "--as", "bob")
    assert "NoSuchEntity" in refused(server, "policy", "why", "ec2:DescribeVpcs", "--as-role", "ann")


def test_a_refusal_is_decoded(server: Server) -> None:
    done(server, "user", "create", "ann")
    _, key, secret = profile(done(server, "key", "create", "ann"))
    server.client().describe_vpcs()
    with pytest.raises(ClientError) as caught:
        server.client(key_id=key, secret=secret).delete_vpc(VpcId="vpc-0123456789abcdef0")
    text = str(caught.value)
    first, *keys = done(server, "policy", "decode", "-", given=text).splitlines()
    arn = f"arn:aws:ec2:us-east-1:{ACCOUNT}:vpc/vpc-0123456789abcdef0"
    assert first == f"denied: ec2:DeleteVpc on {arn} by arn:aws:iam::{ACCOUNT}:user/ann. No statement allows it."
    assert "  aws:username = ann" in keys
    assert done(server, "policy", "decode", text.rpartition(": ")[2]).splitlines()[0] == first
    assert "InvalidAuthorizationMessageException" in refused(server, "policy", "decode", "x")


def test_a_refusal_in_words_leaves_the_encoded_message_to_programs(server: Server) -> None:
    done(server, "user", "create", "ann")
    done(server, "policy", "attach", "ReadOnly", "--user", "ann")
    _, key, secret = profile(done(server, "key", "create", "ann"))
    server.client().create_security_group(GroupName="web", Description="w")
    environment = {**server.environment, "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret}
    words = [str(RINGWALL), "allow", "web", "tcp/22", "from", "10.0.0.0/8"]
    for more, told in (([], False), (["--json"], True)):
        ran = subprocess.run([*words, *more], env=environment, capture_output=True, text=True, check=False, timeout=60)
        assert (ran.returncode, "UnauthorizedOperation: You are not authorized" in ran.stderr) == (5, True), ran.stderr
        assert ("failure message:" in ran.stderr) is told
        assert told or max(map(len, ran.stderr.splitlines())) < 500
        if told:
            message = ran.stderr.splitlines()[0]
            assert done(server, "policy", "decode", message).startswith("denied: ec2:AuthorizeSecurityGroupIngress ")


def test_what_is_changed_holds_for_the_next_request(server: Server) -> None:
    done(server, "user", "create", "ann")
    _, key, secret = profile(done(server, "key", "create", "ann"))
    ann = server.client(key_id=key, secret=secret)

    def code() -> str | None:
        try:
            ann.describe_vpcs()
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return None

    assert code() == "UnauthorizedOperation"
    done(server, "policy", "put", "look", "-", given=DOCUMENT)
    for change, then in (
        (("policy", "attach", "look", "--user", "ann"), None),
        (("key", "deactivate", key), "AuthFailure"),
        (("key", "activate", key), None),
        (("policy", "detach", "look", "--user", "ann"), "UnauthorizedOperation"),
        (("policy", "attach", "ReadOnly", "--user", "ann"), None),
        (("key", "delete", key), "AuthFailure"),
    ):
        done(server, *change)
        assert code() == then, change


def test_who_manages_is_judged_like_everybody(server: Server) -> None:
    done(server, "user", "create", "ann")
    _, key, secret = profile(done(server, "key", "create", "ann"))
    keys = {"key_id": key, "secret": secret}
    for shipped in ("ReadOnly", "RevokeOnly"):
        done(server, "policy", "attach", shipped, "--user", "ann")
    for method, path, content in (
        ("POST", "/users", {"name": "bob"}),
        ("GET", "/users", None),
        ("POST", "/users/ann/keys", None),
        ("PUT", "/users/ann/policies/Administrator", None),
        ("PUT", "/policies/mine", {"document": DOCUMENT}),
        ("DELETE", f"/keys/{key}", None),
        ("POST", "/accounts", {"name": "mine"}),
        ("POST", "/decisions", {"action": "ec2:DescribeVpcs", "name": "ann"}),
    ):
        told = server.api(method, f"/ringwall/v1{path}", content, **keys)
        assert (told.status, told.json["error"]["code"]) == (403, "UnauthorizedOperation"), path
    statement = {"Effect": "Allow", "Action": "ringwall:CreateUser", "Resource": f"arn:aws:iam::{ACCOUNT}:user/dev-*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    done(server, "policy", "put", "makes-developers", "-", given=document)
    done(server, "policy", "attach", "makes-developers", "--user", "ann")
    assert server.api("POST", "/ringwall/v1/users", {"name": "dev-1"}, **keys).status == 201
    assert server.api("POST", "/ringwall/v1/users", {"name": "ops-1"}, **keys).status == 403


def test_an_accounts_root_manages_its_own_account_only(server: Server) -> None:
    done(server, "user", "create", "ann")
    _, key, secret = profile(done(server, "account", "create", "staging", "--id", "999999999999"))
    keys = {"key_id": key, "secret": secret}
    assert (
        server.api("POST", "/ringwall/v1/users", {"name": "ann"}, **keys).json["arn"]
        == "arn:aws:iam::999999999999:user/ann"
    )
    assert len(server.api("GET", "/ringwall/v1/accounts", **keys).json["accounts"]) == 1
    for path in (f"/accounts/{ACCOUNT}", "/accounts/888888888888"):
        assert server.api("GET", f"/ringwall/v1{path}", **keys).status == 404
    assert server.api("POST", "/ringwall/v1/accounts", {"name": "more"}, **keys).status == 403
    assert server.client(key_id=key, secret=secret).describe_vpcs()["Vpcs"][0]["OwnerId"] == "999999999999"


def test_a_secret_stands_in_one_answer_that_nobody_keeps(server: Server) -> None:
    server.api("POST", "/ringwall/v1/users", {"name": "ann"})
    made = server.api("POST", "/ringwall/v1/users/ann/keys")
    assert (made.status, made.headers["cache-control"]) == (201, "no-store")
    secret = made.json["secret_access_key"]
    for path in ("/users", "/users/ann", "/users/ann/keys", "/keys"):
        shown = server.api("GET", f"/ringwall/v1{path}")
        assert made.json["access_key_id"] in shown.text
        assert secret not in shown.text
        assert "v1:" not in shown.text, "not even encrypted"
