"""Temporary credentials with unmodified clients: boto3's assume-role profiles, presigned requests, and the aws CLI."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3
import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from serving import AWS, Server

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/oncall"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/oncall/"


@dataclass
class Ann:
    """A user who may take the role, which may close and not open."""

    server: Server
    key_id: str
    secret: str

    @property
    def environment(self) -> dict[str, str]:
        return {**self.server.environment, "AWS_ACCESS_KEY_ID": self.key_id, "AWS_SECRET_ACCESS_KEY": self.secret}


@pytest.fixture(scope="module")
def ann(server: Server) -> Iterator[Ann]:
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/ann"},
        "Condition": {"StringEquals": {"sts:ExternalId": "ticket-7"}},
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": statement})
    server.api("POST", "/ringwall/v1/users", {"name": "ann"})
    server.api("POST", "/ringwall/v1/roles", {"name": "oncall", "trust": trust})
    server.api("PUT", "/ringwall/v1/roles/oncall/policies/RevokeOnly")
    made = server.api("POST", "/ringwall/v1/users/ann/keys").json
    yield Ann(server, made["access_key_id"], made["secret_access_key"])


@pytest.fixture
def profile(ann: Ann, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> boto3.Session:
    """boto3 with a profile that takes the role by itself."""
    (tmp_path / "credentials").write_text(
        f"[ann]\naws_access_key_id = {ann.key_id}\naws_secret_access_key = {ann.secret}\n"
    )
    (tmp_path / "config").write_text(
        f"[profile oncall]\nrole_arn = {ROLE}\nsource_profile = ann\nexternal_id = ticket-7\nregion = us-east-1\n"
        "role_session_name = ann\n[profile ann]\nregion = us-east-1\n"
    )
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for name in ("AWS_ENDPOINT_URL_EC2", "AWS_ENDPOINT_URL_STS"):
        monkeypatch.setenv(name, ann.server.url)
    return boto3.Session(profile_name="oncall")


def test_an_assume_role_profile_works_by_itself(ann: Ann, profile: boto3.Session) -> None:
    assert profile.client("sts").get_caller_identity()["Arn"] == f"{SESSION}ann"
    group_id = ann.server.client().create_security_group(GroupName="closed", Description="d")["GroupId"]
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    ann.server.client().authorize_security_group_ingress(GroupId=group_id, IpPermissions=[permission])
    ec2 = profile.client("ec2")
    (rule,) = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0]["IpPermissions"]
    ec2.revoke_security_group_ingress(GroupId=group_id, IpPermissions=[rule])
    for opens in (
        lambda: ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[rule]),
        lambda: ec2.create_tags(Resources=[group_id], Tags=[{"Key": "ringwall:on-revoke", "Value": "keep"}]),
    ):
        with pytest.raises(ClientError, match="UnauthorizedOperation"):
            opens()


def test_without_the_external_id_there_is_no_session(ann: Ann) -> None:
    sts = ann.server.client("sts", key_id=ann.key_id, secret=ann.secret)
    with pytest.raises(ClientError) as caught:
        sts.assume_role(RoleArn=ROLE, RoleSessionName="ann")
    assert caught.value.response["Error"] == {
        "Type": "Sender",
        "Code": "AccessDenied",
        "Message": f"User: arn:aws:iam::{ACCOUNT}:user/ann is not authorized to perform: sts:AssumeRole "
        f"on resource: {ROLE}",
    }


def test_a_presigned_request_carries_its_session(ann: Ann, profile: boto3.Session) -> None:
    frozen = profile.get_credentials().get_frozen_credentials()
    query = "Action=DescribeVpcs&Version=2016-11-15"
    request = AWSRequest("GET", f"{ann.server.url}/?{query}")
    credentials = Credentials(frozen.access_key, frozen.secret_key, frozen.token)
    SigV4QueryAuth(credentials, "ec2", "us-east-1", expires=60).add_auth(request)
    with urllib.request.urlopen(request.url, timeout=20) as answer:
        assert b"<vpcSet>" in answer.read()
    token = "X-Amz-Security-Token="
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request.url.replace(token, token + "A"), timeout=20)
    assert caught.value.code == 401
    caught.value.close()


def aws(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """The real aws CLI."""
    return subprocess.run(
        [str(AWS), *arguments], capture_output=True, text=True, timeout=60, env=environment, check=False
    )


def test_the_aws_cli_takes_a_role_and_acts_in_it(ann: Ann) -> None:
    named = ("--role-arn", ROLE, "--role-session-name", "shell")
    told = aws(ann.environment, "sts", "assume-role", *named, "--external-id", "ticket-7", "--duration-seconds", "900")
    assert told.returncode == 0, told.stderr
    made = json.loads(told.stdout)
    assert made["AssumedRoleUser"]["Arn"] == f"{SESSION}shell"
    session = {
        **ann.environment,
        "AWS_ACCESS_KEY_ID": made["Credentials"]["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": made["Credentials"]["SecretAccessKey"],
        "AWS_SESSION_TOKEN": made["Credentials"]["SessionToken"],
    }
    assert json.loads(aws(session, "sts", "get-caller-identity").stdout)["Arn"] == f"{SESSION}shell"
    assert json.loads(aws(session, "ec2", "describe-vpcs").stdout)["Vpcs"]
    refused = aws(session, "ec2", "create-vpc", "--cidr-block", "10.0.0.0/16")
    assert "UnauthorizedOperation" in refused.stderr
    wrong = aws(session | {"AWS_SESSION_TOKEN": "x"}, "sts", "get-caller-identity")
    assert "InvalidClientTokenId" in wrong.stderr


def test_the_aws_cli_decodes_a_refusal(ann: Ann) -> None:
    told = aws(ann.environment, "ec2", "delete-vpc", "--vpc-id", "vpc-0123456789abcdef0")
    message = told.stderr.strip().rpartition(": ")[2]
    decoded = ann.server.aws("sts", "decode-authorization-message", "--encoded-message", message)
    assert decoded.returncode == 0, decoded.stderr
    decision = json.loads(json.loads(decoded.stdout)["DecodedMessage"])
    assert decision["context"]["action"] == "ec2:DeleteVpc"
    assert decision["allowed"] is False
