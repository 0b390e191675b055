"""The gate of every operation, ec2-behaviour 1.6: what is missing comes before a dry run, what is absent after it."""

from __future__ import annotations

from typing import Any

import pytest

import botocore_judge as judge
from account import ABSENT
from ringwall.domain.errors import MissingParameter, ServiceError
from ringwall.operations.table import OPERATIONS
from ringwall.wire.request import parse, parse_query

ELSEWHERE = {
    "AssociationId": "vpc-cidr-assoc-0123456789abcdef0",
    "GroupId": ABSENT["sg"],
    "InstanceId": ABSENT["i"],
    "NetworkInterfaceId": ABSENT["eni"],
    "AttachmentId": ABSENT["eni-attach"],
    "PeerVpcId": "vpc-0",
    "PrefixListId": ABSENT["pl"],
    "Resources": [ABSENT["sg"]],
    "SubnetId": ABSENT["subnet"],
    "VpcId": ABSENT["vpc"],
    "VpcPeeringConnectionId": "pcx-0123456789abcdef0",
    "AddressFamily": "IPv4",
    "SecurityGroupRules": [{"SecurityGroupRuleId": ABSENT["sgr"]}],
    "Tags": [{"Key": "team", "Value": "web"}],
}
"""What required members are set to: well-formed, and of nothing that is there."""

ALSO: dict[str, dict[str, Any]] = {
    "AuthorizeSecurityGroupIngress": {"GroupId": ABSENT["sg"]},
    "CreateDefaultSubnet": {"AvailabilityZone": "us-east-1z"},
    "CreateSubnet": {"CidrBlock": "10.0.0.0/24"},
    "CreateVpc": {"CidrBlock": "10.0.0.0/8"},
    "CreateVpcPeeringConnection": {"PeerVpcId": "vpc-0"},
    "DeleteSecurityGroup": {"GroupId": ABSENT["sg"]},
    "DescribeInstanceAttribute": {"Attribute": "groupSet"},
    "DescribeNetworkInterfaceAttribute": {"Attribute": "groupSet"},
    "DescribeSecurityGroupReferences": {"GroupId": [ABSENT["sg"]]},
    "DescribeVpcAttribute": {"Attribute": "enableDnsSupport"},
    "RevokeSecurityGroupIngress": {"GroupId": ABSENT["sg"]},
    "UpdateSecurityGroupRuleDescriptionsEgress": {"GroupId": ABSENT["sg"]},
    "UpdateSecurityGroupRuleDescriptionsIngress": {"GroupId": ABSENT["sg"]},
}
"""What an operation can't do without beside what the model requires, or what has another form in it."""

SHAPES = {name: judge.model(name).input_shape for name in sorted(OPERATIONS)}
REQUIRED = [(name, member) for name, shape in SHAPES.items() if shape for member in shape.required_members]
WITH_DRY_RUN = [name for name, shape in SHAPES.items() if shape and "DryRun" in shape.members]


def given(name: str) -> dict[str, Any]:
    """The least that the operation asks for."""
    shape = SHAPES[name]
    of_type = {"integer": 5, "long": 1}
    needed = {
        member: ELSEWHERE.get(member, of_type.get(shape.members[member].type_name, "x"))
        for member in shape.required_members
    }
    return needed | ALSO.get(name, {})


def refused_before_dry_run(name: str, request: dict[str, Any]) -> ServiceError | None:
    """What parsing and vetting say to the request, as botocore writes it; None when a dry run would succeed."""
    try:
        parsed = parse(parse_query(judge.form(judge.flat(name, request))))
        OPERATIONS[name].vet(parsed.request)
    except ServiceError as error:
        return error
    return None


@pytest.mark.parametrize(("name", "member"), REQUIRED)
def test_a_required_member_that_is_missing_is_told_before_a_dry_run(name: str, member: str) -> None:
    request = {each: value for each, value in given(name).items() if each != member} | {"DryRun": True}
    if name not in WITH_DRY_RUN:
        del request["DryRun"]
    assert isinstance(refused_before_dry_run(name, request), MissingParameter)


@pytest.mark.parametrize("name", WITH_DRY_RUN)
def test_what_is_not_there_is_told_after_a_dry_run(name: str) -> None:
    # Chosen: whether EC2 looks for what a dry run names isn't known.
    assert refused_before_dry_run(name, given(name) | {"DryRun": True}) is None
