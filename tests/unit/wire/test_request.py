"""What is asked, and how a request that can't be read is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ringwall.domain.errors import MalformedQueryString, ServiceError
from ringwall.wire import shapes
from ringwall.wire.request import PARAMETERS_MAX, parse, parse_query, service_of_query


def asked(query: str) -> dict[str, Any]:
    """The request behind a query of a revoke's parameters."""
    return dict(parse(parse_query(f"Action=RevokeSecurityGroupIngress&Version=2016-11-15&{query}".encode())).request)


def refusal(query: str) -> tuple[str, str]:
    with pytest.raises(ServiceError) as refused:
        parse(parse_query(query.encode()))
    return refused.value.code, refused.value.message


# --- Decoding ---


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        (b"", []),
        (b"&&=&", []),
        (b"A=1&B=&C", [("A", "1"), ("B", ""), ("C", "")]),
        (b"A=a+b%2Bc%20d", [("A", "a b+c d")]),
        (b"A=1=2&A%3D=%26", [("A", "1=2"), ("A=", "&")]),
        (b"N=caf%C3%A9", [("N", "café")]),
        ("N=café".encode(), [("N", "café")]),
        (b"N=%00%0d", [("N", "\x00\r")]),
        (b"A=1&B=2\n", [("A", "1"), ("B", "2")]),
        (b"A=1\r\n", [("A", "1")]),
        (b"A=1%0A", [("A", "1\n")]),
    ],
)
def test_a_query_is_decoded(text: bytes, pairs: list[tuple[str, str]]) -> None:
    assert parse_query(text) == pairs


@pytest.mark.parametrize("text", [b"A=%", b"A=%4", b"A=%zz", b"%G1=x", b"A=\xff", b"A=%FF", b"A=%C3", b"A=%ED%A0%80"])
def test_a_broken_encoding_is_refused(text: bytes) -> None:
    with pytest.raises(MalformedQueryString):
        parse_query(text)


def test_a_million_parameters_are_refused_before_they_are_read() -> None:
    assert len(parse_query(b"&".join([b"A=1"] * PARAMETERS_MAX))) == PARAMETERS_MAX
    with pytest.raises(MalformedQueryString) as refused:
        parse_query(b"A=1&" * 10**6)
    assert refused.value.message == f"The request has more than {PARAMETERS_MAX} parameters."


# --- Action and Version ---


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("", "MissingAction", "The request must contain the parameter Action"),
        ("Version=2016-11-15", "MissingAction", "The request must contain the parameter Action"),
        ("Action=&Version=2016-11-15", "MissingAction", "The request must contain the parameter Action"),
        ("Action=DescribeVpcs", "MissingParameter", "The request must contain the parameter Version"),
        (
            "Action=DescribeVpcs&Version=2016-11-16",
            "NoSuchVersion",
            "The requested version (2016-11-16) of service AmazonEC2 does not exist",
        ),
        (
            "Action=Describe&Version=2016-11-15",
            "InvalidAction",
            "The action Describe is not valid for this web service.",
        ),
        (
            "Action=ListAccountAliases&Version=2010-05-08",
            "InvalidAction",
            "The action ListAccountAliases is not valid for this web service.",
        ),
        (
            "Action=GetCallerIdentity&Version=2016-11-15",
            "InvalidAction",
            "The action GetCallerIdentity is not valid for this web service.",
        ),
        (
            "Action=DescribeVpcs&Version=2011-06-15",
            "InvalidAction",
            "The action DescribeVpcs is not valid for this web service.",
        ),
        (
            "Action=RunInstances&Version=2016-11-15",
            "UnsupportedOperation",
            "The operation RunInstances is not served by ringwall.",
        ),
        (
            "Action=GetFederationToken&Version=2011-06-15",
            "UnsupportedOperation",
            "The operation GetFederationToken is not served by ringwall.",
        ),
        (
            "Action=AssumeRole&Version=2016-11-15",
            "InvalidAction",
            "The action AssumeRole is not valid for this web service.",
        ),
        (
            "Action=RunInstances&Version=2011-06-15",
            "InvalidAction",
            "The action RunInstances is not valid for this web service.",
        ),
        (
            "Action=RunInstances&Version=2016-11-16",
            "NoSuchVersion",
            "The requested version (2016-11-16) of service AmazonEC2 does not exist",
        ),
        (
            "Action=describevpcs&Version=2016-11-15",
            "InvalidAction",
            "The action describevpcs is not valid for this web service.",
        ),
        (
            "action=DescribeVpcs&Version=2016-11-15",
            "MissingAction",
            "The request must contain the parameter Action",
        ),
        (
            "Action.1=DescribeVpcs&Version=2016-11-15",
            "InvalidParameterCombination",
            "The parameters Action and Version have no parts.",
        ),
        (
            "Action=DescribeVpcs&Action=DeleteVpc&Version=2016-11-15",
            "InvalidParameterCombination",
            "The parameter Action may only be specified once.",
        ),
    ],
)
def test_no_operation_is_found(query: str, code: str, message: str) -> None:
    assert refusal(query) == (code, message)


def test_a_refusal_repeats_little_of_what_it_refuses() -> None:
    for query in (f"Action={'x' * 10**6}&Version=2016-11-15", f"Action=DescribeVpcs&Version={'9' * 10**6}"):
        assert len(refusal(query)[1]) < 400


@pytest.mark.parametrize("version", sorted(shapes.EC2_VERSIONS))
def test_versions_in_use_are_accepted_and_kept(version: str) -> None:
    parsed = parse([("Version", version), ("Action", "DescribeVpcs")])
    assert (parsed.action, parsed.version, parsed.service, parsed.request) == ("DescribeVpcs", version, "ec2", {})


def test_sts_is_told_by_its_version() -> None:
    params = [("Action", "GetCallerIdentity"), ("Version", "2011-06-15")]
    assert parse(params).service == "sts"


@pytest.mark.parametrize(
    ("text", "service"),
    [
        (b"Version=2011-06-15", "sts"),
        (b"Action=GetCallerIdentity&Version=2011-06-15\n", "sts"),
        (b"Action=GetCallerIdentity&Version=2011-06-15&X=%", "sts"),
        (b"Action=DescribeVpcs&Version=2016-11-15&XVersion=2011-06-15", "ec2"),
        (b"", "ec2"),
        (b"\xff%", "ec2"),
    ],
)
def test_sts_is_told_in_text_that_can_t_be_read(text: bytes, service: str) -> None:
    assert service_of_query(text) == service


# --- Parameters ---


def test_the_flat_parameters() -> None:
    assert asked("GroupName=web&IpProtocol=tcp&FromPort=-1&ToPort=22&CidrIp=10.0.0.0/8&DryRun=TRUE") == {
        "GroupName": "web",
        "IpProtocol": "tcp",
        "FromPort": -1,
        "ToPort": 22,
        "CidrIp": "10.0.0.0/8",
        "DryRun": True,
    }


@pytest.mark.parametrize(
    ("query", "request_"),
    [
        ("IpPermissions=", {"IpPermissions": []}),
        ("SecurityGroupRuleId=sgr-1", {"SecurityGroupRuleIds": ["sgr-1"]}),
        ("SecurityGroupRuleId.0=b&SecurityGroupRuleId.1=a", {"SecurityGroupRuleIds": ["b", "a"]}),
        ("SecurityGroupRuleId.1000000000=c&SecurityGroupRuleId.10=b&SecurityGroupRuleId.9=a", None),
        ("IpPermissions.1.IpRanges=&IpPermissions.1.ToPort=1", {"IpPermissions": [{"IpRanges": [], "ToPort": 1}]}),
        ("IpPermissions.7.Groups.3.GroupId=x", {"IpPermissions": [{"UserIdGroupPairs": [{"GroupId": "x"}]}]}),
        ("IpPermissions.1=", {"IpPermissions": [{}]}),
        ("GroupName=", {"GroupName": ""}),
    ],
)
def test_lists(query: str, request_: dict[str, Any] | None) -> None:
    assert asked(query) == (request_ or {"SecurityGroupRuleIds": ["a", "b", "c"]})


def test_a_signature_s_parameters_are_no_parameters_of_the_operation() -> None:
    assert (
        asked("X-Amz-Signature=1&X-Amz-Expires=60&AWSAccessKeyId=A&Signature=%2B&SignatureVersion=2&SecurityToken=")
        == {}
    )


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("Action=RevokeSecurityGroupEgress&GroupId=sg-1&GroupName=web", "GroupName"),
        ("Action=CreateSecurityGroup&GroupName=web&Description=d", "Description"),
        ("Action=DescribeVpcs&vpcId.1=vpc-1", "vpcId"),
        ("Action=RevokeSecurityGroupIngress&IpPermissions.Item.1.FromPort=1", "Item"),
        ("Action=RevokeSecurityGroupIngress&IpPermissions.01.FromPort=1", "01"),
        ("Action=RevokeSecurityGroupIngress&IpPermissions.-1.FromPort=1", "-1"),
        ("Action=RevokeSecurityGroupIngress&IpPermissions.%D9%A1.FromPort=1", "\u0661"),
        ("Action=RevokeSecurityGroupIngress&IpPermissions.99999999999.FromPort=1", "99999999999"),
        ("Action=RevokeSecurityGroupIngress&IpPermissions.1.Cidr=1", "Cidr"),
        ("Action=RevokeSecurityGroupIngress&IpPermissions.1.FromPort.1=1", "FromPort.1"),
        ("Action=DeleteSecurityGroup&GroupId.1=sg-1", "GroupId.1"),
        ("Action=DescribeSecurityGroups&GroupId.1.Value=sg-1", "GroupId.Value"),
        ("Action=DescribeSecurityGroups&GroupIds.1=sg-1", "GroupIds"),
        ("Action=DescribeSecurityGroups&Filter.1.Values.1=x", "Values"),
        ("Action=CreateTags&Resource.1=sg-1", "Resource"),
        ("Action=AuthorizeSecurityGroupIngress&IpPermissions.1.UserIdGroupPairs.1.GroupId=x", "UserIdGroupPairs"),
        ("Action=DescribeVpcs&DRYRUN=true", "DRYRUN"),
        ("Action=DescribeVpcs&=x", ""),
    ],
)
def test_unknown_parameters(query: str, name: str) -> None:
    expected = ("UnknownParameter", f"The parameter {name} is not recognized")
    assert refusal(f"{query}&Version=2016-11-15") == expected


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("CreateTags&Tag.1.Key=a", "resourceIdSet"),
        ("CreateTags&ResourceId.1=sg-1", "tagSet"),
        ("DeleteTags&Tag.1.Key=a", "resourceIdSet"),
        ("RevokeSecurityGroupEgress", "groupId"),
        ("AuthorizeSecurityGroupEgress&FromPort=x", "groupId"),
        ("CreateSubnet", "vpcId"),
        ("ModifyInstanceAttribute", "instanceId"),
        ("ModifyNetworkInterfaceAttribute", "networkInterfaceId"),
        ("CreateSecurityGroup&GroupName=web", "GroupDescription"),
        ("CreateSecurityGroup&GroupDescription=d", "GroupName"),
        ("CreateVpc&VpcEncryptionControl.NatGatewayExclusion=x", "mode"),
        ("AcceptVpcPeeringConnection", "vpcPeeringConnectionId"),
        ("AssignIpv6Addresses", "networkInterfaceId"),
        ("AssignPrivateIpAddresses", "networkInterfaceId"),
        ("AssociateSecurityGroupVpc&VpcId=v", "groupId"),
        ("AssociateSecurityGroupVpc&GroupId=sg-1", "vpcId"),
        ("AssociateVpcCidrBlock", "vpcId"),
        ("AuthorizeSecurityGroupEgress", "groupId"),
        ("CreateManagedPrefixList&MaxEntries=1&AddressFamily=IPv4", "prefixListName"),
        ("CreateManagedPrefixList&PrefixListName=a&AddressFamily=IPv4", "maxEntries"),
        ("CreateManagedPrefixList&PrefixListName=a&MaxEntries=1", "addressFamily"),
        (
            "CreateManagedPrefixList&PrefixListName=a&MaxEntries=1&AddressFamily=IPv4&Entry.1.Description=d",
            "cidr",
        ),
        ("CreateNetworkInterface", "subnetId"),
        ("CreateVpcPeeringConnection", "vpcId"),
        ("DeleteManagedPrefixList", "prefixListId"),
        ("DeleteNetworkInterface", "networkInterfaceId"),
        ("DeleteSubnet", "subnetId"),
        ("DeleteVpc", "vpcId"),
        ("DeleteVpcPeeringConnection", "vpcPeeringConnectionId"),
        ("DescribeInstanceAttribute&Attribute=groupSet", "instanceId"),
        ("DescribeInstanceAttribute&InstanceId=i-1", "attribute"),
        ("DescribeNetworkInterfaceAttribute", "networkInterfaceId"),
        ("DescribeSecurityGroupReferences", "groupIdSet"),
        ("DescribeStaleSecurityGroups", "vpcId"),
        ("DescribeVpcAttribute&VpcId=v", "attribute"),
        ("DescribeVpcAttribute&Attribute=enableDnsSupport", "vpcId"),
        ("DisassociateSecurityGroupVpc&VpcId=v", "groupId"),
        ("DisassociateSecurityGroupVpc&GroupId=sg-1", "vpcId"),
        ("DisassociateVpcCidrBlock", "associationId"),
        ("GetManagedPrefixListAssociations", "prefixListId"),
        ("GetManagedPrefixListEntries", "prefixListId"),
        ("GetSecurityGroupsForVpc", "vpcId"),
        ("ModifyManagedPrefixList", "prefixListId"),
        ("ModifyManagedPrefixList&PrefixListId=pl-1&AddEntry.1.Description=d", "cidr"),
        ("ModifyManagedPrefixList&PrefixListId=pl-1&RemoveEntry.1=", "cidr"),
        ("ModifySecurityGroupRules&SecurityGroupRule.1.SecurityGroupRuleId=sgr-1", "groupId"),
        ("ModifySecurityGroupRules&GroupId=sg-1", "securityGroupRuleSet"),
        (
            "ModifySecurityGroupRules&GroupId=sg-1&SecurityGroupRule.1.SecurityGroupRule.FromPort=1",
            "securityGroupRuleId",
        ),
        ("ModifyVpcAttribute", "vpcId"),
        ("RejectVpcPeeringConnection", "vpcPeeringConnectionId"),
        ("RestoreManagedPrefixListVersion&PreviousVersion=1&CurrentVersion=2", "prefixListId"),
        ("RestoreManagedPrefixListVersion&PrefixListId=pl-1&CurrentVersion=2", "previousVersion"),
        ("RestoreManagedPrefixListVersion&PrefixListId=pl-1&PreviousVersion=1", "currentVersion"),
        ("UnassignIpv6Addresses", "networkInterfaceId"),
        ("UnassignPrivateIpAddresses", "networkInterfaceId"),
    ],
)
def test_missing_parameters(query: str, name: str) -> None:
    expected = ("MissingParameter", f"The request must contain the parameter {name}")
    assert refusal(f"Version=2016-11-15&Action={query}") == expected


@pytest.mark.parametrize("operation", sorted(shapes.OPERATIONS))
def test_a_request_without_anything_names_the_first_member_that_is_missing(operation: str) -> None:
    service, structure, _ = shapes.OPERATIONS[operation]
    version = "2011-06-15" if service == "sts" else "2016-11-15"
    needed = {name.lower() for name in shapes.REQUIRED.get(structure, ())}
    if not needed:
        assert parse([("Action", operation), ("Version", version)]).request == {}
        return
    code, message = refusal(f"Action={operation}&Version={version}")
    if service == "sts":
        named = re.findall("Value null at '([a-z][A-Za-z]+)' failed", message)
        assert (code, [each.lower() in needed for each in named]) == ("ValidationError", [True])
        return
    named = message.removeprefix("The request must contain the parameter ")
    assert (code, named.removesuffix("Set").lower() in needed) == ("MissingParameter", True)
    assert operation == "CreateSecurityGroup" or named[0].islower()


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("FromPort=http", "Value (http) for parameter fromPort is invalid. Expecting an integer of 32 bits."),
        ("FromPort=", "Value () for parameter fromPort is invalid. Expecting an integer of 32 bits."),
        ("IpPermissions.1.ToPort=2.0", "Value (2.0) for parameter toPort is invalid. Expecting an integer of 32 bits."),
        ("DryRun=yes", "Value (yes) for parameter dryRun is invalid. Expecting true or false."),
        ("IpPermissions=all", "Value (all) for parameter ipPermissions is invalid. Expecting a structure."),
        ("IpPermissions.1=all", "Value (all) for parameter ipPermissions is invalid. Expecting a structure."),
        ("ToPort=2147483648", "Value (2147483648) for parameter toPort is invalid. Expecting an integer of 32 bits."),
        (
            "Action=GetManagedPrefixListEntries&PrefixListId=pl-1&TargetVersion=9223372036854775808",
            "Value (9223372036854775808) for parameter targetVersion is invalid. Expecting an integer of 64 bits.",
        ),
        (
            "Action=ModifyInstanceAttribute&InstanceId=i-1&UserData.Value=%25",
            "Value (%) for parameter value is invalid. Expecting base64.",
        ),
        (
            "Action=ModifyVpcAttribute&VpcId=vpc-1&EnableDnsSupport.Value=1",
            "Value (1) for parameter value is invalid. Expecting true or false.",
        ),
        (
            "Action=ModifyVpcAttribute&VpcId=vpc-1&EnableDnsSupport=true",
            "Value (true) for parameter enableDnsSupport is invalid. Expecting a structure.",
        ),
        (
            "Action=DescribeVpcs&MaxResults=5%2e0",
            "Value (5.0) for parameter maxResults is invalid. Expecting an integer of 32 bits.",
        ),
    ],
)
def test_ill_typed_parameters(query: str, message: str) -> None:
    action = "" if query.startswith("Action=") else "Action=RevokeSecurityGroupIngress&"
    assert refusal(f"{action}Version=2016-11-15&{query}") == ("InvalidParameterValue", message)


def test_every_type_that_a_request_has_can_be_ill_formed_but_a_text() -> None:
    types = {kind.strip("[]") for members in shapes.INPUTS.values() for _, kind in members.values()}
    assert types - set(shapes.INPUTS) == {"string", "boolean", "integer", "long", "blob"}


def test_dry_run() -> None:
    for text, dry_run in [("&DryRun=true", True), ("&DryRun=false", False), ("", False)]:
        assert parse(parse_query(f"Action=DescribeVpcs&Version=2016-11-15{text}".encode())).dry_run is dry_run


def test_lists_of_sts_have_their_items_below_member() -> None:
    named = "Action=AssumeRole&Version=2011-06-15&RoleArn=a&RoleSessionName=b"
    given = parse(
        parse_query(
            f"{named}&PolicyArns.member.1.arn=c&TransitiveTagKeys.member.2=e&TransitiveTagKeys.member.1=d".encode()
        )
    )
    assert given.request == {
        "RoleArn": "a",
        "RoleSessionName": "b",
        "PolicyArns": [{"arn": "c"}],
        "TransitiveTagKeys": ["d", "e"],
    }
