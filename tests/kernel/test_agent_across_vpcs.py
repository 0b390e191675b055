"""A stream that a rule admits for a group of another VPC, and what ends it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

import netns
from fleet import Fleet, fleet_in, passes

pytestmark = [pytest.mark.kernel, netns.needs_kernel]

MEMBER = "10.0.0.20"


@dataclass
class Network:
    """The host's VPC and another one, connected; `db` is a group of the other, and the peer's second address its only
    member. The host admits db on port 22."""

    fleet: Fleet
    peering_id: str
    member_id: str
    db: str
    session: tuple[socket.socket, socket.socket]


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Network]:
    with fleet_in(tmp_path) as fleet:
        fleet.vpc_cidr = fleet.subnet_cidr = "10.0.0.0/28"
        fleet.enrol()
        fleet.peer.run(["ip", "address", "add", f"{MEMBER}/24", "dev", "up0"])
        other = fleet.ec2("create_vpc", CidrBlock="10.0.0.16/28")["Vpc"]["VpcId"]
        subnet = fleet.ec2("create_subnet", VpcId=other, CidrBlock="10.0.0.16/28")["Subnet"]["SubnetId"]
        db = fleet.ec2("create_security_group", GroupName="db", Description="d", VpcId=other)["GroupId"]
        asked = fleet.ec2("create_vpc_peering_connection", VpcId=other, PeerVpcId=fleet.vpc_id)
        peering_id = asked["VpcPeeringConnection"]["VpcPeeringConnectionId"]
        fleet.ec2("accept_vpc_peering_connection", VpcPeeringConnectionId=peering_id)
        member = fleet.ec2("create_network_interface", SubnetId=subnet, Groups=[db], PrivateIpAddress=MEMBER)
        across = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [{"GroupId": db}]}
        fleet.ec2("authorize_security_group_ingress", GroupId=fleet.group_id, IpPermissions=[across])
        fleet.settled()
        fleet.enforce(yes=True)
        session = fleet.converse(fleet.listen(22), MEMBER)
        assert passes(*session)
        assert passes(*reversed(session))
        assert not fleet.connects(22), "the peer's other address is no member of db"
        yield Network(fleet, peering_id, member["NetworkInterface"]["NetworkInterfaceId"], db, session)


def test_a_stream_across_a_peering_connection_is_cut_when_that_is_deleted(network: Network) -> None:
    network.fleet.ec2("delete_vpc_peering_connection", VpcPeeringConnectionId=network.peering_id)
    network.fleet.settled()
    assert not passes(*network.session, seconds=0.3)
    stale = network.fleet.ec2("describe_stale_security_groups", VpcId=network.fleet.vpc_id)["StaleSecurityGroupSet"]
    assert [each["GroupId"] for each in stale] == [network.fleet.group_id]


def test_a_stream_is_cut_when_its_members_interface_goes(network: Network) -> None:
    network.fleet.ec2("delete_network_interface", NetworkInterfaceId=network.member_id)
    network.fleet.settled()
    assert not passes(*network.session, seconds=0.3)


def test_a_stream_is_cut_when_the_group_across_is_taken_from_the_interface(network: Network) -> None:
    interface = network.fleet.ec2("describe_network_interfaces", NetworkInterfaceIds=[network.member_id])
    vpc = {"Name": "vpc-id", "Values": [interface["NetworkInterfaces"][0]["VpcId"]]}
    default = {"Name": "group-name", "Values": ["default"]}
    (group,) = network.fleet.ec2("describe_security_groups", Filters=[vpc, default])["SecurityGroups"]
    network.fleet.ec2(
        "modify_network_interface_attribute", NetworkInterfaceId=network.member_id, Groups=[group["GroupId"]]
    )
    network.fleet.settled()
    assert not passes(*network.session, seconds=0.3)
    network.fleet.ec2("modify_network_interface_attribute", NetworkInterfaceId=network.member_id, Groups=[network.db])
    network.fleet.settled()
    assert passes(*network.session)


def test_a_group_that_is_deleted_takes_the_rule_that_names_it_from_the_kernel(network: Network) -> None:
    """A group that an interface carries can't be deleted: what is live ends when the last one lets it go."""
    fleet = network.fleet
    delete = {"GroupId": network.db}
    with pytest.raises(ClientError, match="DependencyViolation"):
        fleet.ec2("delete_security_group", **delete)
    assert passes(*network.session)
    fleet.ec2("delete_network_interface", NetworkInterfaceId=network.member_id)
    fleet.settled()
    assert not passes(*network.session, seconds=0.3)
    assert network.db in fleet.table()
    fleet.ec2("delete_security_group", **delete)
    fleet.settled()
    assert network.db not in fleet.table()
    assert not passes(*network.session, seconds=0.3)
    assert not fleet.connects(22)
