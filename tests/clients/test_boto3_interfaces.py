"""boto3 with network interfaces: from their making to their end, waiters, a dry run."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from enrolled import enrol
from serving import Server


@pytest.fixture
def subnet(server: Server) -> tuple[Any, str, str]:
    """A client, a VPC and a subnet of both versions."""
    ec2 = server.client()
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16", Ipv6CidrBlock="fd00:1::/56", Ipv6Pool="pool")["Vpc"]["VpcId"]
    request = {"VpcId": vpc_id, "CidrBlock": "10.0.0.0/24", "Ipv6CidrBlock": "fd00:1:0:1::/64"}
    return ec2, vpc_id, ec2.create_subnet(**request)["Subnet"]["SubnetId"]


def test_an_interface_from_its_making_to_its_end(subnet: tuple[Any, str, str]) -> None:
    ec2, vpc_id, subnet_id = subnet
    made = ec2.create_network_interface(
        SubnetId=subnet_id,
        PrivateIpAddresses=[
            {"PrivateIpAddress": "10.0.0.20", "Primary": True},
            {"PrivateIpAddress": "10.0.0.21", "Primary": False},
        ],
        Ipv6AddressCount=1,
        TagSpecifications=[{"ResourceType": "network-interface", "Tags": [{"Key": "Name", "Value": "db"}]}],
        ClientToken="once-" + subnet_id,
    )
    interface = made["NetworkInterface"]
    assert made["ClientToken"] == "once-" + subnet_id
    assert (interface["Status"], interface["TagSet"]) == ("pending", [{"Key": "Name", "Value": "db"}])
    named = {"NetworkInterfaceId": interface["NetworkInterfaceId"]}
    ec2.get_waiter("network_interface_available").wait(NetworkInterfaceIds=[interface["NetworkInterfaceId"]])

    given = ec2.assign_private_ip_addresses(**named, PrivateIpAddresses=["10.0.0.22"])
    assert given["AssignedPrivateIpAddresses"] == [{"PrivateIpAddress": "10.0.0.22"}]
    ec2.unassign_private_ip_addresses(**named, PrivateIpAddresses=["10.0.0.21"])
    given = ec2.assign_ipv6_addresses(**named, Ipv6Addresses=["fd00:1:0:1::99"])
    assert given["AssignedIpv6Addresses"] == ["fd00:1:0:1::99"]
    gone = ec2.unassign_ipv6_addresses(**named, Ipv6Addresses=["fd00:1:0:1::4"])
    assert gone["UnassignedIpv6Addresses"] == ["fd00:1:0:1::4"]
    ec2.modify_network_interface_attribute(**named, SourceDestCheck={"Value": False})
    ec2.modify_network_interface_attribute(**named, Description={"Value": "a & b"})

    filters = [{"Name": "vpc-id", "Values": [vpc_id]}, {"Name": "status", "Values": ["available"]}]
    (shown,) = ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
    assert [each["PrivateIpAddress"] for each in shown["PrivateIpAddresses"]] == ["10.0.0.20", "10.0.0.22"]
    assert shown["Ipv6Addresses"] == [{"Ipv6Address": "fd00:1:0:1::99"}]
    assert (shown["Description"], shown["SourceDestCheck"]) == ("a & b", False)
    assert "Attachment" not in shown
    answer = ec2.describe_network_interface_attribute(**named, Attribute="description")
    assert answer["Description"] == {"Value": "a & b"}

    with pytest.raises(ClientError) as caught:
        ec2.delete_network_interface(**named, DryRun=True)
    assert caught.value.response["Error"]["Code"] == "DryRunOperation"
    ec2.delete_network_interface(**named)
    with pytest.raises(ClientError) as caught:
        ec2.describe_network_interfaces(NetworkInterfaceIds=[interface["NetworkInterfaceId"]])
    assert caught.value.response["Error"]["Code"] == "InvalidNetworkInterfaceID.NotFound"


def test_an_interface_is_attached_to_a_host_and_detached(server: Server) -> None:
    ec2, host = server.client(), enrol(server, "carrier")
    instance = {"InstanceId": host.instance_id}
    (shown,) = ec2.describe_instances(InstanceIds=[host.instance_id])["Reservations"][0]["Instances"]
    made = ec2.create_network_interface(SubnetId=shown["SubnetId"])["NetworkInterface"]["NetworkInterfaceId"]
    named = {"NetworkInterfaceId": made}
    with pytest.raises(ClientError) as caught:
        ec2.attach_network_interface(**named, **instance, DeviceIndex=1, DryRun=True)
    assert caught.value.response["Error"]["Code"] == "DryRunOperation"
    attached = ec2.attach_network_interface(**named, **instance, DeviceIndex=1)
    assert attached["NetworkCardIndex"] == 0
    ours = [{"Name": "attachment.attachment-id", "Values": [attached["AttachmentId"]]}]
    (interface,) = ec2.describe_network_interfaces(Filters=ours)["NetworkInterfaces"]
    assert (interface["NetworkInterfaceId"], interface["Status"]) == (made, "in-use")
    attachment = interface["Attachment"]
    assert (attachment["DeviceIndex"], attachment["Status"], attachment["DeleteOnTermination"]) == (
        1,
        "attached",
        False,
    )
    assert abs(attachment["AttachTime"].timestamp() - time.time()) < 60
    (after,) = ec2.describe_instances(InstanceIds=[host.instance_id])["Reservations"][0]["Instances"]
    assert len(after["NetworkInterfaces"]) == 2
    kept = {"AttachmentId": attached["AttachmentId"], "DeleteOnTermination": True}
    ec2.modify_network_interface_attribute(**named, Attachment=kept)
    shown = ec2.describe_network_interface_attribute(**named, Attribute="attachment")["Attachment"]
    assert (shown["DeleteOnTermination"], shown["InstanceId"]) == (True, host.instance_id)
    with pytest.raises(ClientError) as caught:
        ec2.attach_network_interface(**named, **instance, DeviceIndex=2)
    assert caught.value.response["Error"]["Code"] == "InvalidNetworkInterface.InUse"
    ec2.detach_network_interface(AttachmentId=attached["AttachmentId"], Force=True)
    ec2.get_waiter("network_interface_available").wait(NetworkInterfaceIds=[made])
    ec2.delete_network_interface(**named)


def test_what_is_not_given_is_refused_with_its_status(server: Server) -> None:
    ec2 = server.client()
    with pytest.raises(ClientError) as caught:
        ec2.describe_instance_attribute(InstanceId="i-0", Attribute="enaSupport")
    assert caught.value.response["Error"] == {
        "Code": "InvalidParameterValue",
        "Message": "Value (enaSupport) for parameter attribute is invalid. Unknown attribute.",
    }
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
