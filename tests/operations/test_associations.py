"""Groups in further VPCs: state, call, answer or refusal."""

from __future__ import annotations

from typing import Any

import pytest

from account import ABSENT, ACCOUNT, Account

ASSOCIATE, DISASSOCIATE = "AssociateSecurityGroupVpc", "DisassociateSecurityGroupVpc"


@pytest.fixture
def places(account: Account) -> tuple[str, str, str]:
    """A group, the VPC that it was made in, and another one."""
    home, away = account.vpc("10.0.0.0/16"), account.vpc("10.1.0.0/16")
    return account.group("web", VpcId=home), home, away


def associations(account: Account, **filters: str) -> list[dict[str, Any]]:
    given = [{"Name": name, "Values": [value]} for name, value in filters.items()]
    answer = account.call("DescribeSecurityGroupVpcAssociations", Filters=given)
    return answer["SecurityGroupVpcAssociations"]


def subnet(account: Account, vpc_id: str, cidr: str) -> str:
    return account.call("CreateSubnet", VpcId=vpc_id, CidrBlock=cidr)["Subnet"]["SubnetId"]


def test_from_associating_to_nothing(account: Account, places: tuple[str, str, str]) -> None:
    """The answers are those of AWS CLI's examples."""
    group_id, _, away = places
    assert account.call(ASSOCIATE, GroupId=group_id, VpcId=away) == {"State": "associating"}
    assert associations(account) == [
        {"GroupId": group_id, "VpcId": away, "VpcOwnerId": ACCOUNT, "State": "associated", "GroupOwnerId": ACCOUNT}
    ]
    assert account.described(group_id)["VpcId"] == places[1], "it stays where it was made"
    assert account.call(DISASSOCIATE, GroupId=group_id, VpcId=away) == {"State": "disassociating"}
    assert associations(account) == []
    account.call(ASSOCIATE, GroupId=group_id, VpcId=away)


@pytest.mark.parametrize("verb", [ASSOCIATE, DISASSOCIATE])
def test_what_isnt_named_or_isnt_there_is_refused(account: Account, places: tuple[str, str, str], verb: str) -> None:
    group_id, _, away = places
    missing = "The request must contain the parameter "
    assert account.checked(verb, VpcId=away) == ("MissingParameter", f"{missing}groupId")
    assert account.checked(verb, GroupId=group_id) == ("MissingParameter", f"{missing}vpcId")
    assert account.checked(verb, GroupId="sg", VpcId=away) == (
        "InvalidGroupId.Malformed",
        'Invalid id: "sg" (expecting "sg-...")',
    )
    assert account.checked(verb, GroupId=group_id, VpcId="vpc-G") == ("InvalidVpcID.Malformed", 'Invalid id: "vpc-G"')
    assert account.refused(verb, GroupId=ABSENT["sg"], VpcId=away) == (
        "InvalidGroup.NotFound",
        f"The security group '{ABSENT['sg']}' does not exist",
    )
    far = account.elsewhere(region="eu-west-1").vpc("10.2.0.0/16")
    for vpc_id in (ABSENT["vpc"], far):
        assert account.refused(verb, GroupId=group_id, VpcId=vpc_id) == (
            "InvalidVpcID.NotFound",
            f"The vpc ID '{vpc_id}' does not exist",
        )
    stranger = account.elsewhere(account_id="210987654321")
    assert stranger.refused(verb, GroupId=group_id, VpcId=away)[0] == "InvalidGroup.NotFound"


def test_default_groups_stay_in_their_vpc(account: Account, places: tuple[str, str, str]) -> None:
    group_id = account.default_group(places[1])
    assert account.refused(ASSOCIATE, GroupId=group_id, VpcId=places[2]) == (
        "OperationNotPermitted",
        f"The default security group '{group_id}' cannot be associated with a VPC.",
    )


def test_the_default_vpc_is_on_neither_side(account: Account, places: tuple[str, str, str]) -> None:
    refusal = (
        "OperationNotPermitted",
        f"Security groups cannot be associated from or with the default VPC '{account.default_vpc_id}'.",
    )
    assert account.refused(ASSOCIATE, GroupId=places[0], VpcId=account.default_vpc_id) == refusal
    assert account.refused(ASSOCIATE, GroupId=account.group(), VpcId=places[2]) == refusal


def test_the_groups_own_vpc_is_no_other(account: Account, places: tuple[str, str, str]) -> None:
    group_id, home, _ = places
    assert account.refused(ASSOCIATE, GroupId=group_id, VpcId=home) == (
        "InvalidParameterValue",
        f"Value ({home}) for parameter vpcId is invalid. The security group was created in this VPC.",
    )
    assert account.refused(DISASSOCIATE, GroupId=group_id, VpcId=home)[0] == "InvalidAssociationID.NotFound"


def test_once_is_enough(account: Account, places: tuple[str, str, str]) -> None:
    group_id, _, away = places
    assert account.refused(DISASSOCIATE, GroupId=group_id, VpcId=away) == (
        "InvalidAssociationID.NotFound",
        f"The security group '{group_id}' is not associated with the vpc '{away}'",
    )
    account.call(ASSOCIATE, GroupId=group_id, VpcId=away)
    assert account.refused(ASSOCIATE, GroupId=group_id, VpcId=away) == (
        "Resource.AlreadyAssociated",
        f"The security group '{group_id}' is already associated with the vpc '{away}'",
    )


def test_an_interface_of_the_vpc_holds_the_association(account: Account, places: tuple[str, str, str]) -> None:
    group_id, home, away = places
    account.call(ASSOCIATE, GroupId=group_id, VpcId=away)
    account.enrolled(subnet(account, home, "10.0.0.0/24"), [group_id], 1, ("10.0.0.5",))
    account.call(DISASSOCIATE, GroupId=group_id, VpcId=away)  # an interface elsewhere doesn't
    account.call(ASSOCIATE, GroupId=group_id, VpcId=away)
    account.enrolled(subnet(account, away, "10.1.0.0/24"), [group_id], 2, ("10.1.0.5",))
    assert account.refused(DISASSOCIATE, GroupId=group_id, VpcId=away) == (
        "DependencyViolation",
        f"resource {group_id} has a dependent object",
    )


def test_an_association_holds_the_group(account: Account, places: tuple[str, str, str]) -> None:
    group_id, _, away = places
    account.call(ASSOCIATE, GroupId=group_id, VpcId=away)
    assert account.refused("DeleteSecurityGroup", GroupId=group_id) == (
        "DependencyViolation",
        f"resource {group_id} has a dependent object",
    )
    account.call(DISASSOCIATE, GroupId=group_id, VpcId=away)
    account.call("DeleteSecurityGroup", GroupId=group_id)


def test_filters(account: Account, places: tuple[str, str, str]) -> None:
    group_id, home, away = places
    other = account.group("db", VpcId=away)
    account.call(ASSOCIATE, GroupId=group_id, VpcId=away)
    account.call(ASSOCIATE, GroupId=other, VpcId=home)

    def found(name: str, value: str) -> list[str]:
        return [each["GroupId"] for each in associations(account, **{name: value})]

    assert found("group-id", group_id) == found("vpc-id", away) == [group_id]
    assert found("group-owner-id", ACCOUNT) == found("vpc-owner-id", "12*") == [group_id, other]
    assert found("state", "associated") == [group_id, other]
    assert found("state", "disassociated") == found("vpc-owner-id", "2*") == []
    assert account.refused("DescribeSecurityGroupVpcAssociations", Filters=[{"Name": "tag:a", "Values": ["b"]}]) == (
        "InvalidParameterValue",
        "The filter 'tag:a' is invalid",
    )
    assert associations(account.elsewhere(region="eu-west-1")) == []


def test_pages(account: Account, places: tuple[str, str, str]) -> None:
    group_id = places[0]
    vpcs = [places[2], *(account.vpc(f"10.{number}.0.0/16") for number in range(2, 8))]
    for vpc_id in vpcs:
        account.call(ASSOCIATE, GroupId=group_id, VpcId=vpc_id)
    first = account.call("DescribeSecurityGroupVpcAssociations", MaxResults=5)
    rest = account.call("DescribeSecurityGroupVpcAssociations", MaxResults=5, NextToken=first["NextToken"])
    shown = [each["VpcId"] for answer in (first, rest) for each in answer["SecurityGroupVpcAssociations"]]
    assert shown == vpcs
    assert "NextToken" not in rest
    for size in (4, 1001):
        assert account.refused("DescribeSecurityGroupVpcAssociations", MaxResults=size)[0] == "InvalidParameterValue"
    assert account.refused("DescribeSecurityGroupVpcAssociations", NextToken="x") == (
        "InvalidParameterValue",
        "Unable to parse pagination token",
    )
