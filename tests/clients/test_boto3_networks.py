"""boto3's own ways with peering connections, associated groups and stale rules: waiters, paginators, resources."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from serving import KEY_ID, SECRET, Server, serving


@dataclass
class Network:
    """Two VPCs with a group each."""

    ec2: Any
    one: str
    other: str
    web: str
    db: str


@pytest.fixture
def network(server: Server) -> Any:
    ec2 = server.client()
    vpcs = [ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"] for cidr in ("10.0.0.0/16", "10.1.0.0/16")]
    groups = [
        ec2.create_security_group(GroupName=f"g-{secrets.token_hex(4)}", Description="d", VpcId=vpc_id)["GroupId"]
        for vpc_id in vpcs
    ]
    yield Network(ec2, *vpcs, *groups)
    for group_id in groups:  # their rules hold each other only inside a VPC
        ec2.delete_security_group(GroupId=group_id)
    for vpc_id in vpcs:
        ec2.delete_vpc(VpcId=vpc_id)


def test_the_life_of_a_peering_connection(server: Server, network: Network) -> None:
    ec2 = network.ec2
    made = ec2.create_vpc_peering_connection(
        VpcId=network.one,
        PeerVpcId=network.other,
        TagSpecifications=[{"ResourceType": "vpc-peering-connection", "Tags": [{"Key": "Name", "Value": "p"}]}],
    )["VpcPeeringConnection"]
    peering_id = made["VpcPeeringConnectionId"]
    week = made["ExpirationTime"] - datetime.now(UTC)
    assert timedelta(days=6, hours=23) < week <= timedelta(days=7)
    ec2.get_waiter("vpc_peering_connection_exists").wait(VpcPeeringConnectionIds=[peering_id])

    resources = boto3.resource(
        "ec2",
        region_name="us-east-1",
        endpoint_url=server.url,
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
    )
    peering = resources.VpcPeeringConnection(peering_id)
    assert peering.status == {"Code": "pending-acceptance", "Message": made["Status"]["Message"].replace(
        "Initiating Request to", "Pending Acceptance by"
    )}  # fmt: skip
    assert peering.accept()["VpcPeeringConnection"]["Status"]["Code"] == "provisioning"
    peering.reload()
    assert (peering.requester_vpc.id, peering.accepter_vpc.id) == (network.one, network.other)
    assert peering.accepter_vpc_info["CidrBlockSet"] == [{"CidrBlock": "10.1.0.0/16"}]
    assert [each.id for each in resources.Vpc(network.other).accepted_vpc_peering_connections.all()] == [peering_id]
    assert [each.id for each in resources.Vpc(network.one).requested_vpc_peering_connections.all()] == [peering_id]

    across = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [{"GroupId": network.db}]}
    ec2.authorize_security_group_ingress(GroupId=network.web, IpPermissions=[across])
    assert ec2.describe_security_group_references(GroupId=[network.db])["SecurityGroupReferenceSet"] == [
        {"GroupId": network.db, "ReferencingVpcId": network.one, "VpcPeeringConnectionId": peering_id}
    ]
    assert peering.delete()["Return"]
    ec2.get_waiter("vpc_peering_connection_deleted").wait(VpcPeeringConnectionIds=[peering_id])
    pages = ec2.get_paginator("describe_stale_security_groups").paginate(
        VpcId=network.one, PaginationConfig={"PageSize": 5}
    )
    (stale,) = [each for page in pages for each in page["StaleSecurityGroupSet"]]
    (permission,) = stale["StaleIpPermissions"]
    assert permission["UserIdGroupPairs"][0]["PeeringStatus"] == "deleted"
    ec2.revoke_security_group_ingress(GroupId=network.web, IpPermissions=[permission])  # as it was told
    assert ec2.describe_stale_security_groups(VpcId=network.one)["StaleSecurityGroupSet"] == []


def test_a_dry_run_and_a_refusal(network: Network) -> None:
    request = {"VpcId": network.one, "PeerVpcId": network.other}
    with pytest.raises(ClientError) as caught:
        network.ec2.create_vpc_peering_connection(**request, DryRun=True)
    assert caught.value.response["Error"]["Code"] == "DryRunOperation"
    with pytest.raises(ClientError) as caught:
        network.ec2.create_vpc_peering_connection(
            **request, RequesterPeeringConnectionOptions={"AllowMultipathResilience": True}
        )
    assert caught.value.response["Error"]["Code"] == "UnsupportedOperation"
    with pytest.raises(ClientError) as caught:
        network.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId="pcx-0")
    assert caught.value.response["Error"]["Code"] == "InvalidVpcPeeringConnectionID.NotFound"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_the_life_of_an_association(network: Network) -> None:
    ec2, both = network.ec2, {"GroupId": network.web, "VpcId": network.other}
    assert ec2.associate_security_group_vpc(**both)["State"] == "associating"
    filters = [{"Name": "group-id", "Values": [network.web]}]
    ec2.get_waiter("security_group_vpc_association_associated").wait(Filters=filters)
    usable = ec2.get_paginator("get_security_groups_for_vpc").paginate(VpcId=network.other)
    found = {each["GroupId"]: each for page in usable for each in page["SecurityGroupForVpcs"]}
    assert found[network.web]["PrimaryVpcId"] == network.one
    assert found[network.web]["Tags"] == []
    assert ec2.disassociate_security_group_vpc(**both)["State"] == "disassociating"
    ec2.get_waiter("security_group_vpc_association_disassociated").wait(Filters=filters)


def test_a_connection_between_two_regions() -> None:
    with serving() as server:
        near, far = server.client(), server.client(region="eu-west-1")
        one = near.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        other = far.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
        made = near.create_vpc_peering_connection(VpcId=one, PeerVpcId=other, PeerRegion="eu-west-1")
        named = {"VpcPeeringConnectionId": made["VpcPeeringConnection"]["VpcPeeringConnectionId"]}
        with pytest.raises(ClientError, match="must be accepted in region eu-west-1"):
            near.accept_vpc_peering_connection(**named)
        far.accept_vpc_peering_connection(**named)
        for client in (near, far):
            (shown,) = client.describe_vpc_peering_connections()["VpcPeeringConnections"]
            assert (shown["Status"]["Code"], shown["AccepterVpcInfo"]["Region"]) == ("active", "eu-west-1")
