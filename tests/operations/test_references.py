"""References across VPCs, stale rules, and the groups that a VPC can use."""

from __future__ import annotations

from typing import Any

import pytest

from account import ABSENT, ACCOUNT, Account, permission, tag_specification


def peered(account: Account, one: str, other: str) -> str:
    """An active connection of the two VPCs."""
    answer = account.call("CreateVpcPeeringConnection", VpcId=one, PeerVpcId=other)
    peering_id: str = answer["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    account.call("AcceptVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    return peering_id


@pytest.fixture
def across(account: Account) -> tuple[str, str, str]:
    """A group, a group of another VPC that it can name, and the connection."""
    one, other = account.vpc("10.0.0.0/16"), account.vpc("10.1.0.0/16")
    peering_id = peered(account, one, other)
    return account.group("web", VpcId=one), account.group("db", VpcId=other), peering_id


def vpc_of(account: Account, group_id: str) -> str:
    return account.described(group_id)["VpcId"]


def stale(account: Account, vpc_id: str, **request: Any) -> list[dict[str, Any]]:
    return account.call("DescribeStaleSecurityGroups", VpcId=vpc_id, **request)["StaleSecurityGroupSet"]


# --- DescribeSecurityGroupReferences ---


def references(account: Account, *group_ids: str) -> list[dict[str, str]]:
    return account.call("DescribeSecurityGroupReferences", GroupId=list(group_ids))["SecurityGroupReferenceSet"]


def test_who_names_a_group_across_a_connection(account: Account, across: tuple[str, str, str]) -> None:
    web, db, peering_id = across
    assert references(account, web, db) == []
    account.allow(web, permission("tcp", 22, db), permission("tcp", 80, db))
    account.allow(web, permission("tcp", 22, db), egress=True)
    account.allow(account.group("more", VpcId=vpc_of(account, web)), permission("tcp", 22, db))
    expected = {"GroupId": db, "ReferencingVpcId": vpc_of(account, web), "VpcPeeringConnectionId": peering_id}
    assert references(account, db) == references(account, web, db, db) == [expected]
    account.call("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    assert references(account, db) == [], "nobody is on the other side any more"


def test_references_in_the_same_vpc_are_not_told(account: Account, across: tuple[str, str, str]) -> None:
    """Observed in five recordings."""
    web, _, _ = across
    other = account.group("other", VpcId=vpc_of(account, web))
    account.allow(other, permission("tcp", 22, web), permission("tcp", 22, other))
    assert references(account, web, other) == []


def test_references_by_association_are_not_told(account: Account) -> None:
    one, other = account.vpc("10.0.0.0/16"), account.vpc("10.1.0.0/16")
    web, shared = account.group("web", VpcId=one), account.group("shared", VpcId=other)
    account.call("AssociateSecurityGroupVpc", GroupId=shared, VpcId=one)
    account.allow(web, permission("tcp", 22, shared))
    assert references(account, shared) == []


def test_refused_questions_about_references(account: Account, across: tuple[str, str, str]) -> None:
    name = "DescribeSecurityGroupReferences"
    for request in ({}, {"GroupId": []}):
        assert account.checked(name, **request) == (
            "MissingParameter",
            "The request must contain the parameter groupIdSet",
        )
    assert account.checked(name, GroupId=["sg-G"]) == ("InvalidGroupId.Malformed", 'Invalid id: "sg-G"')
    assert account.refused(name, GroupId=[across[0], ABSENT["sg"]]) == (
        "InvalidGroup.NotFound",
        f"The security group '{ABSENT['sg']}' does not exist",
    )


# --- Deleting what is named ---


def test_a_rule_of_another_vpc_doesnt_hold_a_group(account: Account, across: tuple[str, str, str]) -> None:
    """Recorded: peered-reference-and-stale-groups.json."""
    web, db, _ = across
    account.allow(web, permission("tcp", 22, db))
    account.call("DeleteSecurityGroup", GroupId=db)
    assert len(stale(account, vpc_of(account, web))) == 1


def test_a_rule_of_the_same_vpc_holds_a_group(account: Account, across: tuple[str, str, str]) -> None:
    web, db, _ = across
    same = account.group("same", VpcId=vpc_of(account, db))
    account.allow(web, permission("tcp", 22, db))
    account.allow(same, permission("tcp", 22, db), egress=True)
    assert account.refused("DeleteSecurityGroup", GroupId=db) == (
        "DependencyViolation",
        f"resource {db} has a dependent object",
    )


def test_a_groups_own_rules_dont_hold_it(account: Account, across: tuple[str, str, str]) -> None:
    web, db, _ = across
    account.allow(web, permission("tcp", 22, web, db))
    account.call("DeleteSecurityGroup", GroupId=web)
    account.call("DeleteSecurityGroup", GroupId=db)


def test_a_group_is_deleted_once(account: Account) -> None:
    """Recorded: delete-group-twice-not-found.json."""
    group_id = account.group()
    account.call("DeleteSecurityGroup", GroupId=group_id)
    recorded = ("InvalidGroup.NotFound", f"The security group '{group_id}' does not exist")
    assert account.refused("DeleteSecurityGroup", GroupId=group_id) == recorded
    assert account.refused("DescribeSecurityGroups", GroupIds=[group_id]) == recorded


# --- DescribeStaleSecurityGroups ---


def test_the_recorded_stale_rule(account: Account) -> None:
    """Recorded: peered-reference-and-stale-groups.json, a rule that outlives the group of the peer VPC that it names.

    In 2017 a group had no ARN.
    """
    one, other = account.vpc("10.4.0.0/16"), account.vpc("10.5.0.0/16")
    web = account.call("CreateSecurityGroup", GroupName="web-tier", Description="for apps", VpcId=one)["GroupId"]
    db = account.group("db-tier", VpcId=other)
    peering_id = peered(account, one, other)
    account.allow(web, permission("tcp", (60000, 62000), db))
    pair = {"VpcId": other, "GroupId": db, "VpcPeeringConnectionId": peering_id, "PeeringStatus": "active"}
    assert account.described(web)["IpPermissions"] == [
        {
            "PrefixListIds": [],
            "FromPort": 60000,
            "IpRanges": [],
            "ToPort": 62000,
            "IpProtocol": "tcp",
            "UserIdGroupPairs": [pair | {"UserId": ACCOUNT}],
            "Ipv6Ranges": [],
        }
    ]
    assert stale(account, one) == []
    account.call("DeleteSecurityGroup", GroupId=db)
    assert stale(account, one) == [
        {
            "VpcId": one,
            "StaleIpPermissionsEgress": [],
            "GroupName": "web-tier",
            "StaleIpPermissions": [
                {"ToPort": 62000, "FromPort": 60000, "UserIdGroupPairs": [pair], "IpProtocol": "tcp"}
            ],
            "GroupId": web,
            "Description": "for apps",
        }
    ]
    assert stale(account, other) == []


def test_rules_go_stale_with_the_connection(account: Account, across: tuple[str, str, str]) -> None:
    web, db, peering_id = across
    account.allow(web, permission("tcp", 22, db, description="from the web"), permission("tcp", 22, "10.0.0.0/8"))
    account.allow(web, permission("-1", None, db), permission("icmp", (8, -1), db), egress=True)
    back = account.allow(db, permission("udp", 53, web))
    account.call("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    pair = {
        "GroupId": db,
        "VpcId": vpc_of(account, db),
        "VpcPeeringConnectionId": peering_id,
        "PeeringStatus": "deleted",
    }
    (shown,) = stale(account, vpc_of(account, web))
    assert shown["StaleIpPermissions"] == [
        {
            "IpProtocol": "tcp",
            "FromPort": 22,
            "ToPort": 22,
            "UserIdGroupPairs": [pair | {"Description": "from the web"}],
        }
    ]
    assert shown["StaleIpPermissionsEgress"] == [
        {"IpProtocol": "-1", "UserIdGroupPairs": [pair]},
        {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "UserIdGroupPairs": [pair]},
    ]
    account.now += 3 * 3600
    assert len(stale(account, vpc_of(account, db))) == 1, "they are stale for good, whatever is still told of it"
    account.call("RevokeSecurityGroupIngress", GroupId=db, SecurityGroupRuleIds=back)
    assert stale(account, vpc_of(account, db)) == []
    account.call("RevokeSecurityGroupIngress", GroupId=web, IpPermissions=[permission("tcp", 22, db)])
    (shown,) = stale(account, vpc_of(account, web))
    assert shown["StaleIpPermissions"] == []


def test_a_new_connection_doesnt_revive_the_rules_of_the_old_one(
    account: Account, across: tuple[str, str, str]
) -> None:
    web, db, peering_id = across
    account.allow(web, permission("tcp", 22, db))
    account.call("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    peered(account, vpc_of(account, web), vpc_of(account, db))
    assert len(stale(account, vpc_of(account, web))) == 1


def test_rules_go_stale_with_the_association_and_live_again(account: Account) -> None:
    one, other = account.vpc("10.0.0.0/16"), account.vpc("10.1.0.0/16")
    web, shared = account.group("web", VpcId=one), account.group("shared", VpcId=other)
    account.call("AssociateSecurityGroupVpc", GroupId=shared, VpcId=one)
    account.allow(web, permission("tcp", 22, shared))
    assert stale(account, one) == []
    account.call("DisassociateSecurityGroupVpc", GroupId=shared, VpcId=one)
    (shown,) = stale(account, one)
    assert shown["StaleIpPermissions"][0]["UserIdGroupPairs"] == [{"GroupId": shared, "VpcId": other}]
    account.call("AssociateSecurityGroupVpc", GroupId=shared, VpcId=one)
    assert stale(account, one) == []
    account.call("DisassociateSecurityGroupVpc", GroupId=shared, VpcId=one)
    account.call("DeleteSecurityGroup", GroupId=shared)  # a stale rule of another VPC doesn't hold it
    assert len(stale(account, one)) == 1


def test_pages_of_stale_groups(account: Account, across: tuple[str, str, str]) -> None:
    web, db, peering_id = across
    one = vpc_of(account, web)
    groups = [account.group(f"g{number}", VpcId=one) for number in range(7)]
    for group_id in groups:
        account.allow(group_id, permission("tcp", 22, db))
    account.call("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    first = account.call("DescribeStaleSecurityGroups", VpcId=one, MaxResults=5)
    rest = account.call("DescribeStaleSecurityGroups", VpcId=one, MaxResults=255, NextToken=first["NextToken"])
    assert [each["GroupId"] for answer in (first, rest) for each in answer["StaleSecurityGroupSet"]] == groups
    assert "NextToken" not in rest


def test_refused_questions_about_stale_rules(account: Account) -> None:
    name = "DescribeStaleSecurityGroups"
    vpc_id = account.default_vpc_id
    for size, limit in ((4, "greater than 5"), (256, "less than 255")):
        assert account.refused(name, VpcId=vpc_id, MaxResults=size) == (
            "InvalidParameterValue",
            f"Value ( {size} ) for parameter maxResults is invalid. Expecting a value {limit}.",
        )
    assert account.refused(name, VpcId=vpc_id, NextToken="A" * 1025) == (
        "InvalidParameterValue",
        "The length of nextToken must be at most 1024.",
    )
    assert account.refused(name, VpcId=vpc_id, NextToken="A" * 1024)[1] == "Unable to parse pagination token"


@pytest.mark.parametrize("name", ["DescribeStaleSecurityGroups", "GetSecurityGroupsForVpc"])
def test_a_vpc_must_be_named_and_be_there(account: Account, name: str) -> None:
    assert account.checked(name) == ("MissingParameter", "The request must contain the parameter vpcId")
    assert account.checked(name, VpcId="x") == ("InvalidVpcID.Malformed", 'Invalid id: "x" (expecting "vpc-...")')
    assert account.refused(name, VpcId=ABSENT["vpc"]) == (
        "InvalidVpcID.NotFound",
        f"The vpc ID '{ABSENT['vpc']}' does not exist",
    )


# --- GetSecurityGroupsForVpc ---


def for_vpc(account: Account, vpc_id: str, **request: Any) -> list[dict[str, Any]]:
    return account.call("GetSecurityGroupsForVpc", VpcId=vpc_id, **request)["SecurityGroupForVpcs"]


def test_the_recorded_groups_for_a_vpc(account: Account) -> None:
    """Recorded: localstack-ec2-snapshots.json, test_get_security_groups_for_vpc."""
    vpc_id = account.vpc("10.0.0.0/16")
    default = {
        "Description": "default VPC security group",
        "GroupId": account.default_group(vpc_id),
        "GroupName": "default",
        "OwnerId": ACCOUNT,
        "PrimaryVpcId": vpc_id,
        "Tags": [],
    }
    assert for_vpc(account, vpc_id) == [default]
    created = account.call("CreateSecurityGroup", GroupName="web", Description="Description for web", VpcId=vpc_id)
    web = {"Description": "Description for web", "GroupId": created["GroupId"], "GroupName": "web"}
    assert for_vpc(account, vpc_id) == [default, default | web]


def test_associated_groups_can_be_used_too(account: Account) -> None:
    one, other = account.vpc("10.0.0.0/16"), account.vpc("10.1.0.0/16")
    shared = account.call(
        "CreateSecurityGroup",
        GroupName="shared",
        Description="d",
        VpcId=other,
        TagSpecifications=tag_specification("security-group", Team="a"),
    )["GroupId"]
    web = account.group("web", VpcId=one)
    account.call("AssociateSecurityGroupVpc", GroupId=shared, VpcId=one)
    assert [each["GroupId"] for each in for_vpc(account, one)] == [account.default_group(one), web, shared]
    assert for_vpc(account, one)[-1] == {
        "GroupId": shared,
        "GroupName": "shared",
        "Description": "d",
        "OwnerId": ACCOUNT,
        "PrimaryVpcId": other,
        "Tags": [{"Key": "Team", "Value": "a"}],
    }

    def found(name: str, value: str) -> list[str]:
        return [each["GroupId"] for each in for_vpc(account, one, Filters=[{"Name": name, "Values": [value]}])]

    assert found("primary-vpc-id", other) == found("tag:Team", "a") == found("group-name", "sha*") == [shared]
    assert found("group-id", web) == found("description", "for tests") == [web]
    assert len(found("owner-id", ACCOUNT)) == 3
    refusal = account.refused("GetSecurityGroupsForVpc", VpcId=one, Filters=[{"Name": "vpc-id", "Values": [one]}])
    assert refusal == ("InvalidParameterValue", "The filter 'vpc-id' is invalid")
    account.call("DisassociateSecurityGroupVpc", GroupId=shared, VpcId=one)
    assert shared not in [each["GroupId"] for each in for_vpc(account, one)]


def test_pages_of_groups_for_a_vpc(account: Account) -> None:
    vpc_id = account.vpc("10.0.0.0/16")
    groups = [account.default_group(vpc_id), *(account.group(f"g{number}", VpcId=vpc_id) for number in range(6))]
    first = account.call("GetSecurityGroupsForVpc", VpcId=vpc_id, MaxResults=5)
    rest = account.call("GetSecurityGroupsForVpc", VpcId=vpc_id, MaxResults=5, NextToken=first["NextToken"])
    assert [each["GroupId"] for answer in (first, rest) for each in answer["SecurityGroupForVpcs"]] == groups
    assert "NextToken" not in rest
    for size in (4, 1001):
        assert account.refused("GetSecurityGroupsForVpc", VpcId=vpc_id, MaxResults=size)[0] == "InvalidParameterValue"
