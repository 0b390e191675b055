"""Users and further accounts on a real server, whose store was filled before it started."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ringwall.domain.principal import Account, PrincipalKind
from ringwall.operations.accounts import OWN_NAME
from ringwall.server.keyring import Keyring, key_file_of, load_keyring
from ringwall.store.base import Transaction
from ringwall.store.sqlite import open_sqlite
from serving import Server, serving
from site_of_accounts import (
    ACCOUNT,
    EVERYTHING,
    NOW,
    OTHER,
    Key,
    allow,
    deny,
    document,
    insert_key,
    insert_user,
)

ADMIN, ANN, NOBODY, INSIDE = (
    Key(f"AKIA{name:X<16}", f"a secret of {name}") for name in ("ADMIN", "ANN", "NOBODY", "IN")
)
OTHERS_ROOT = Key("AKIAOTHERSROOTXXXXXX", "another root's")


def fill(data: Path, write: Callable[[Transaction, Keyring], None]) -> None:
    """What a server finds that starts in this directory."""
    data.mkdir(mode=0o700, exist_ok=True)
    keyring = load_keyring(key_file_of(data), data, may_make=True)

    async def run() -> None:
        store = open_sqlite(data / "ringwall.db")
        await store.write(lambda transaction: write(transaction, keyring))
        store.close()

    asyncio.run(run())


def principals(transaction: Transaction, keyring: Keyring) -> None:
    transaction.insert_account(Account(ACCOUNT, OWN_NAME, NOW))
    transaction.insert_account(Account(OTHER, "other", NOW))
    insert_user(transaction, keyring, "admin", ADMIN)
    admin = transaction.principal(ACCOUNT, PrincipalKind.USER, "admin")
    assert admin is not None
    transaction.update_principal(replace(admin, policies=("Administrator",)))
    insert_user(transaction, keyring, "ann", ANN, document(allow("ec2:Describe*", "ringwall:List*")))
    insert_user(transaction, keyring, "nobody", NOBODY)
    inside = document(deny("*", NotIpAddress={"aws:SourceIp": "127.0.0.0/8"}))
    insert_user(transaction, keyring, "inside", INSIDE, EVERYTHING, inside)
    insert_key(transaction, keyring, None, OTHERS_ROOT, account=OTHER)


@dataclass
class Started:
    """A server, as different callers call it."""

    server: Server

    def ec2(self, key: Key) -> Any:
        return self.server.client(key_id=key.key_id, secret=key.secret)

    def api(self, key: Key, method: str, path: str, content: Any = None) -> Any:
        return self.server.api(method, path, content, key_id=key.key_id, secret=key.secret)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    data = tmp_path_factory.mktemp("server") / "data"
    fill(data, principals)
    with serving("--data", str(data)) as server:
        yield Started(server)


def refused(call: Callable[..., Any], **request: Any) -> tuple[int, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def test_each_may_what_its_documents_say(started: Started) -> None:
    ann, admin, nobody = started.ec2(ANN), started.ec2(ADMIN), started.ec2(NOBODY)
    assert refused(nobody.describe_vpcs) == (403, "UnauthorizedOperation")
    vpc = {"CidrBlock": "10.0.0.0/16"}
    assert refused(ann.create_vpc, **vpc) == (403, "UnauthorizedOperation")
    assert refused(ann.create_vpc, **vpc, DryRun=True) == (403, "UnauthorizedOperation")
    assert refused(admin.create_vpc, **vpc, DryRun=True) == (412, "DryRunOperation")
    vpc_id = admin.create_vpc(**vpc)["Vpc"]["VpcId"]
    assert vpc_id in {each["VpcId"] for each in ann.describe_vpcs()["Vpcs"]}


def test_a_refusal_is_decoded_by_whoever_may(started: Started) -> None:
    with pytest.raises(ClientError) as caught:
        started.ec2(NOBODY).create_vpc(CidrBlock="10.0.0.0/16")
    message = caught.value.response["Error"]["Message"]
    encoded = message.rpartition("Encoded authorization failure message: ")[2]
    sts = started.server.client("sts", key_id=ADMIN.key_id, secret=ADMIN.secret)
    assert "ec2:CreateVpc" in sts.decode_authorization_message(EncodedMessage=encoded)["DecodedMessage"]
    nobody = started.server.client("sts", key_id=NOBODY.key_id, secret=NOBODY.secret)
    assert refused(nobody.decode_authorization_message, EncodedMessage=encoded) == (403, "AccessDenied")
    other = started.server.client("sts", key_id=OTHERS_ROOT.key_id, secret=OTHERS_ROOT.secret)
    assert (
        refused(other.decode_authorization_message, EncodedMessage=encoded)[1] == "InvalidAuthorizationMessageException"
    )


def test_the_other_account_sees_nothing(started: Started) -> None:
    vpc_id = started.ec2(ADMIN).create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    other = started.ec2(OTHERS_ROOT)
    assert vpc_id not in {each["VpcId"] for each in other.describe_vpcs()["Vpcs"]}
    assert refused(other.delete_vpc, VpcId=vpc_id) == (400, "InvalidVpcID.NotFound")


def test_the_connection_s_address_counts_and_no_header(started: Started) -> None:
    """The address is 127.0.0.1, whatever a header says."""
    inside = started.ec2(INSIDE)
    inside.meta.events.register(
        "before-send.ec2.*", lambda request, **_: request.headers.update({"X-Forwarded-For": "198.51.100.1"})
    )
    assert inside.describe_vpcs()["Vpcs"]


def test_ringwall_s_own_api_asks_the_same_documents(started: Started) -> None:
    assert started.api(ANN, "GET", "/ringwall/v1/hosts").status == 200
    subnet = started.ec2(ADMIN).describe_subnets()["Subnets"][0]["SubnetId"]
    asked = {"subnet_id": subnet, "interface": "eth0"}
    answer = started.api(ANN, "POST", "/ringwall/v1/enrolment-tokens", asked)
    assert (answer.status, answer.json["error"]["code"]) == (403, "UnauthorizedOperation")
    assert "ringwall:CreateEnrolmentToken on resource: arn:aws:ringwall:us-east-1:" in answer.json["error"]["message"]
    assert started.api(ADMIN, "POST", "/ringwall/v1/enrolment-tokens", asked).status == 201
    for method, path in (("GET", "watch"), ("POST", "report"), ("POST", "addresses")):
        assert started.api(ADMIN, method, f"/ringwall/v1/{path}", {} if method == "POST" else None).status == 403
    assert started.api(NOBODY, "GET", "/ringwall/v1/hosts").status == 403
    assert started.api(ANN, "GET", "/metrics").status == 403


def test_revoking_by_ringwall_s_own_api_needs_ec2_s_action_and_the_word_its_own(started: Started) -> None:
    """A denial of EC2's action isn't passed by."""
    admin = started.ec2(ADMIN)
    group_id = admin.create_security_group(GroupName="revoked", Description="x")["GroupId"]
    rules = [
        admin.authorize_security_group_ingress(
            GroupId=group_id, IpProtocol="tcp", FromPort=port, ToPort=port, CidrIp="10.0.0.0/8"
        )["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        for port in (22, 80)
    ]
    path = f"/ringwall/v1/groups/{group_id}/revoke"
    statements = {
        "only": [allow("ringwall:RevokeRules")],
        "both": [allow("ringwall:RevokeRules", "ec2:Revoke*")],
        "denied": [allow("*"), deny("ec2:RevokeSecurityGroupIngress")],
    }
    keys = {}
    for name, of_user in statements.items():
        put = started.api(ADMIN, "PUT", f"/ringwall/v1/policies/{name}", {"document": document(*of_user)})
        assert put.status == 200, put.text
        assert started.api(ADMIN, "POST", "/ringwall/v1/users", {"name": name}).status == 201
        assert started.api(ADMIN, "PUT", f"/ringwall/v1/users/{name}/policies/{name}").status == 200
        made = started.api(ADMIN, "POST", f"/ringwall/v1/users/{name}/keys").json
        keys[name] = Key(made["access_key_id"], made["secret_access_key"])
    assert started.api(keys["only"], "POST", path, {"rule_ids": rules[:1]}).status == 403
    assert started.api(keys["denied"], "POST", path, {"rule_ids": rules[:1]}).status == 403
    kept = started.api(keys["both"], "POST", path, {"rule_ids": rules[:1], "on_revoke": "keep"})
    assert kept.status == 403 and "ringwall:SetRevokeMode" in kept.json["error"]["message"]
    assert started.api(keys["both"], "POST", path, {"rule_ids": rules[:1]}).status == 200
    assert started.api(ADMIN, "POST", path, {"rule_ids": rules[1:], "on_revoke": "keep"}).status == 200


def test_without_the_root_s_key_a_server_starts_where_a_user_administers_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    fill(data, principals)
    no_root = {"RINGWALL_ROOT_ACCESS_KEY_ID": "", "RINGWALL_ROOT_SECRET_ACCESS_KEY": ""}
    with serving("--data", str(data), **no_root) as server:
        assert not (data / "credentials").exists()
        assert Started(server).ec2(ADMIN).describe_vpcs()["Vpcs"]
        assert refused(server.client().describe_vpcs) == (401, "AuthFailure")
        assert server.call("Action=DescribeVpcs&Version=2016-11-15", key_id="", secret="").status >= 400
