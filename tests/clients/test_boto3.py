"""boto3 as people use it: clients, resources, paginators, waiters, presigned requests."""

from __future__ import annotations

import secrets
import urllib.error
import urllib.request

import boto3
import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, WaiterError

from serving import KEY_ID, SECRET, Server


@pytest.fixture
def vpc_id(server: Server) -> str:
    """The default VPC, which is there at first use."""
    vpcs = server.client().describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    assert [vpc["CidrBlock"] for vpc in vpcs] == ["172.31.0.0/16"]
    return str(vpcs[0]["VpcId"])


def make_group(server: Server, vpc_id: str) -> str:
    """A new group."""
    ec2 = server.client()
    answer = ec2.create_security_group(GroupName=f"g-{secrets.token_hex(4)}", Description="d", VpcId=vpc_id)
    return str(answer["GroupId"])


def test_a_described_permission_can_be_passed_back_to_revoke(server: Server, vpc_id: str) -> None:
    ec2, group_id = server.client(), make_group(server, vpc_id)
    ec2.authorize_security_group_ingress(
        GroupId=group_id,
        IpPermissions=[
            {
                "IpProtocol": "TCP",
                "FromPort": 22,
                "ToPort": 22,
                "IpRanges": [{"CidrIp": "10.0.0.1/8", "Description": "ten"}, {"CidrIp": "192.0.2.0/24"}],
                "Ipv6Ranges": [{"CidrIpv6": "2001:DB8::1/32"}],
                "UserIdGroupPairs": [{"GroupId": group_id}],
            },
            {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "198.51.100.0/24"}]},
        ],
    )
    group = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0]
    answer = ec2.revoke_security_group_ingress(GroupId=group_id, IpPermissions=group["IpPermissions"])
    assert len(answer["RevokedSecurityGroupRules"]) == 5
    assert ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0]["IpPermissions"] == []


def test_a_miss_in_the_default_vpc_comes_back_and_the_hit_is_removed(server: Server, vpc_id: str) -> None:
    ec2, group_id = server.client(), make_group(server, vpc_id)
    hit = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    miss = {"IpProtocol": "tcp", "FromPort": 81, "ToPort": 81, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[hit])
    answer = ec2.revoke_security_group_ingress(GroupId=group_id, IpPermissions=[hit, miss])
    assert answer["Return"] is True
    assert [rule["FromPort"] for rule in answer["RevokedSecurityGroupRules"]] == [80]
    assert answer["UnknownIpPermissions"] == [miss | {"UserIdGroupPairs": [], "Ipv6Ranges": [], "PrefixListIds": []}]


def test_a_resource_revokes_by_its_own_permissions(server: Server, vpc_id: str) -> None:
    ec2 = boto3.resource(
        "ec2", region_name="us-east-1", endpoint_url=server.url, aws_access_key_id=KEY_ID, aws_secret_access_key=SECRET
    )
    group = ec2.create_security_group(GroupName=f"g-{secrets.token_hex(4)}", Description="d", VpcId=vpc_id)
    group.authorize_ingress(IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="10.0.0.0/8")
    group.reload()
    group.revoke_ingress(IpPermissions=group.ip_permissions)
    group.reload()
    assert group.ip_permissions == []
    group.delete()


def test_a_paginator_sees_every_group_once(server: Server, vpc_id: str) -> None:
    made = {make_group(server, vpc_id) for _ in range(12)}
    pages = server.client().get_paginator("describe_security_groups").paginate(PaginationConfig={"PageSize": 5})
    seen = [group["GroupId"] for page in pages for group in page["SecurityGroups"]]
    assert made <= set(seen)
    assert len(seen) == len(set(seen))


def test_the_waiter_finds_a_group_and_gives_up_on_one_that_is_not_there(server: Server, vpc_id: str) -> None:
    waiter = server.client().get_waiter("security_group_exists")
    waiter.wait(GroupIds=[make_group(server, vpc_id)], WaiterConfig={"MaxAttempts": 1})
    with pytest.raises(WaiterError):
        waiter.wait(GroupIds=["sg-0123456789abcdef0"], WaiterConfig={"MaxAttempts": 1})


def test_regions_are_apart(server: Server, vpc_id: str) -> None:
    group_id = make_group(server, vpc_id)
    with pytest.raises(ClientError, match="does not exist") as refusal:
        server.client(region="eu-west-1").describe_security_groups(GroupIds=[group_id])
    assert refusal.value.response["Error"]["Code"] == "InvalidGroup.NotFound"


def test_a_presigned_request_works_in_any_browser(server: Server) -> None:
    request = AWSRequest("GET", f"{server.url}/?Action=DescribeVpcs&Version=2016-11-15")
    SigV4QueryAuth(Credentials(KEY_ID, SECRET), "ec2", "us-east-1", expires=60).add_auth(request)
    with urllib.request.urlopen(str(request.url)) as answer:
        assert b"<vpcSet>" in answer.read()
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(str(request.url).replace("DescribeVpcs", "DescribeSubnets"))
    assert refusal.value.code == 401
    refusal.value.close()


def test_a_wrong_secret_an_unknown_key_and_a_session_token_are_refused(server: Server) -> None:
    for settings in ({"secret": "wrong"}, {"key_id": "AKIANOBODYNOBODYNOBO"}):
        with pytest.raises(ClientError) as refusal:
            server.client(**settings).describe_vpcs()
        assert refusal.value.response["Error"]["Code"] == "AuthFailure"
        assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] == 401
    session = boto3.Session(KEY_ID, SECRET, "a-session-token", "us-east-1")
    with pytest.raises(ClientError) as refusal:
        session.client("ec2", endpoint_url=server.url).describe_vpcs()
    assert refusal.value.response["Error"]["Code"] == "AuthFailure"
    with pytest.raises(ClientError) as refusal:
        session.client("sts", endpoint_url=server.url).get_caller_identity()
    assert refusal.value.response["Error"]["Code"] == "InvalidClientTokenId"
