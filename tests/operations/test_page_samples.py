"""The three sample requests of EC2's API page for RevokeSecurityGroupIngress, sent as they stand over HTTP.

AUTHPARAMS is the Version and a real presigned signature; the group of the third is this server's own. The page's one
sample response is what each gets, with the element that EC2 has added since: the rules that were revoked.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from serving import KEY_ID, SECRET, Server

IPV4 = (
    "https://ec2.amazonaws.com/?Action=RevokeSecurityGroupIngress &GroupName=websrv &IpPermissions.1.IpProtocol=tcp "
    "&IpPermissions.1.FromPort=80 &IpPermissions.1.ToPort=80 &IpPermissions.1.IpRanges.1.CidrIp=205.192.0.0/16 "
    "&AUTHPARAMS"
)
IPV6 = (
    "https://ec2.amazonaws.com/?Action=RevokeSecurityGroupIngress &GroupName=websrv &IpPermissions.1.IpProtocol=tcp "
    "&IpPermissions.1.FromPort=80 &IpPermissions.1.ToPort=80 "
    "&IpPermissions.1.Ipv6Ranges.1.CidrIpv6=2001:db8:1234:1a00::/64 &AUTHPARAMS"
)
DESCRIBED = (
    "https://ec2.amazonaws.com/?Action=RevokeSecurityGroupIngress &GroupId=sg-112233 &IpPermissions.1.IpProtocol=tcp "
    "&IpPermissions.1.FromPort=22 &IpPermissions.1.ToPort=22 &IpPermissions.1.IpRanges.1.CidrIp=203.0.113.4/32 "
    "&IpPermissions.1.IpRanges.1.Description=Access from workstation 1a2b &AUTHPARAMS"
)
WHOLE = """\
<?xml version="1.0" encoding="UTF-8"?>
<RevokeSecurityGroupIngressResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
    <requestId>{request_id}</requestId>
    <return>true</return>
    <revokedSecurityGroupRuleSet>
        <item>
            <securityGroupRuleId>{rule_id}</securityGroupRuleId>
            <groupId>{group_id}</groupId>
            <isEgress>false</isEgress>
            <ipProtocol>tcp</ipProtocol>
            <fromPort>{port}</fromPort>
            <toPort>{port}</toPort>
            <{cidr_name}>{cidr}</{cidr_name}>{description}
        </item>
    </revokedSecurityGroupRuleSet>
</RevokeSecurityGroupIngressResponse>
"""
OTHERS = [
    {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "205.192.0.0/17"}]},
    {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 81, "IpRanges": [{"CidrIp": "205.192.0.0/16"}]},
    {"IpProtocol": "udp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "203.0.113.4/32"}]},
]


def url_of(server: Server, sample: str, group_id: str) -> str:
    """The sample as a URL of this server, signed: without the blanks where the page breaks its lines."""
    text = sample.replace(" &", "&").replace("&AUTHPARAMS", "&Version=2016-11-15").replace("sg-112233", group_id)
    request = AWSRequest("GET", text.replace("https://ec2.amazonaws.com", server.url).replace(" ", "%20"))
    SigV4QueryAuth(Credentials(KEY_ID, SECRET), "ec2", "us-east-1", expires=60).add_auth(request)
    return str(request.url).removeprefix(server.url)


@pytest.fixture(scope="module")
def group_id(server: Server) -> str:
    """The group websrv of the default VPC, with rules that none of the samples means."""
    ec2 = server.client()
    found = str(ec2.create_security_group(GroupName="websrv", Description="web servers")["GroupId"])
    ec2.authorize_security_group_ingress(GroupId=found, IpPermissions=OTHERS)
    return found


@pytest.mark.parametrize(
    ("sample", "port", "ranges", "source", "shown"),
    [
        (IPV4, 80, "IpRanges", {"CidrIp": "205.192.0.0/16"}, "cidrIpv4"),
        (IPV6, 80, "Ipv6Ranges", {"CidrIpv6": "2001:db8:1234:1a00::/64"}, "cidrIpv6"),
        (DESCRIBED, 22, "IpRanges", {"CidrIp": "203.0.113.4/32", "Description": "Access from workstation 1a2b"},
         "cidrIpv4"),
    ],
    ids=["ipv4", "ipv6", "described"],
)  # fmt: skip
def test_a_sample_request_gets_the_sample_response(
    server: Server, group_id: str, sample: str, port: int, ranges: str, source: dict[str, str], shown: str
) -> None:
    ec2 = server.client()
    permission: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, ranges: [source]}
    made = ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[permission])
    (rule,) = made["SecurityGroupRules"]
    answer = server.send("GET", url_of(server, sample, group_id), {})
    assert answer.status == 200, answer.text
    cidr, *description = source.values()
    assert answer.text == WHOLE.format(
        request_id=answer.headers["x-amzn-requestid"],
        rule_id=rule["SecurityGroupRuleId"],
        group_id=group_id,
        port=port,
        cidr_name=shown,
        cidr=cidr,
        description="".join(f"\n            <description>{text}</description>" for text in description),
    )
    left = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0]["IpPermissions"]
    assert sorted((item["IpProtocol"], item["ToPort"]) for item in left) == [("tcp", 80), ("tcp", 81), ("udp", 22)]


@pytest.mark.parametrize("sample", [IPV4, IPV6, DESCRIBED], ids=["ipv4", "ipv6", "described"])
def test_in_the_default_vpc_a_sample_without_its_rule_says_what_was_unknown(
    server: Server, group_id: str, sample: str
) -> None:
    answer = server.send("GET", url_of(server, sample, group_id), {})
    assert answer.status == 200
    assert "<return>true</return>" in answer.text
    assert len(re.findall("<unknownIpPermissionSet>", answer.text)) == 1
    assert "ringwall-revision" not in answer.headers


def test_another_description_is_another_rule(server: Server, group_id: str) -> None:
    ec2 = server.client()
    source = {"CidrIp": "203.0.113.4/32", "Description": "Access from workstation 3c4d"}
    permission: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [source]}
    ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[permission])
    answer = server.send("GET", url_of(server, DESCRIBED, group_id), {})
    assert "<unknownIpPermissionSet>" in answer.text
    left = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"][0]["IpPermissions"]
    assert source in [item for kept in left for item in kept["IpRanges"]]
