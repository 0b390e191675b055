"""CreateSecurityGroup, DeleteSecurityGroup, DescribeSecurityGroups: state, call, answer or refusal."""

from __future__ import annotations

from typing import Any

import pytest

from account import ABSENT, ACCOUNT, REGION, Account, permission, tag_specification
from ringwall.domain.quota import Quota

CHARACTERS = "a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
BAD_NAME = (
    "Invalid security group name. Valid names are strings less than 256 characters from the following set:  "
    f"{CHARACTERS}"
)
BAD_DESCRIPTION = (
    "Invalid security group description. Valid descriptions are strings less than 256 characters from the following "
    f"set:  {CHARACTERS}"
)


def names(answer: dict[str, Any]) -> list[str]:
    return [group["GroupName"] for group in answer["SecurityGroups"]]


def matching(account: Account, **filters: str | list[str]) -> list[str]:
    given = [
        {"Name": name, "Values": values if isinstance(values, list) else [values]} for name, values in filters.items()
    ]
    return names(account.call("DescribeSecurityGroups", Filters=given))


# --- Create ---


def test_a_new_group_has_no_ingress_and_one_egress_rule(account: Account) -> None:
    """Observed: default-group-of-new-vpc.json, and "a fresh group shows exactly one rule"."""
    answer = account.call("CreateSecurityGroup", GroupName="web", Description="the web")
    group_id = answer["GroupId"]
    assert answer == {
        "GroupId": group_id,
        "SecurityGroupArn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group/{group_id}",
    }
    assert account.described(group_id) == {
        "GroupId": group_id,
        "GroupName": "web",
        "Description": "the web",
        "OwnerId": ACCOUNT,
        "VpcId": account.default_vpc_id,
        "SecurityGroupArn": answer["SecurityGroupArn"],
        "IpPermissions": [],
        "IpPermissionsEgress": [
            {
                "IpProtocol": "-1",
                "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
                "Ipv6Ranges": [],
                "PrefixListIds": [],
                "UserIdGroupPairs": [],
            }
        ],
    }
    assert len(account.rule_ids(group_id, egress=None)) == 1


def test_in_a_vpc_with_ipv6_the_egress_permission_holds_both_families(account: Account) -> None:
    """Observed: aws-verified-expectations-from-moto.json."""
    group_id = account.group(VpcId=account.vpc(AmazonProvidedIpv6CidrBlock=True))
    (egress,) = account.described(group_id)["IpPermissionsEgress"]
    assert (egress["IpRanges"], egress["Ipv6Ranges"]) == ([{"CidrIp": "0.0.0.0/0"}], [{"CidrIpv6": "::/0"}])
    assert len(account.rule_ids(group_id, egress=True)) == 2


def test_tags_are_given_and_shown(account: Account) -> None:
    answer = account.call(
        "CreateSecurityGroup",
        GroupName="web",
        Description="d",
        TagSpecifications=tag_specification("security-group", Team="a", Name="web"),
    )
    assert answer["Tags"] == [{"Key": "Name", "Value": "web"}, {"Key": "Team", "Value": "a"}]
    assert account.described(answer["GroupId"])["Tags"] == answer["Tags"]


def test_trailing_blanks_of_a_name_are_not_stored(account: Account) -> None:
    group_id = account.group("web  ")
    assert account.described(group_id)["GroupName"] == "web"


def test_the_same_name_may_stand_in_another_vpc(account: Account) -> None:
    """Observed: openstack-functional-expectations.json."""
    account.group("web")
    assert account.group("web", VpcId=account.vpc())


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"GroupName": ""}, ("MissingParameter", "The request must contain the parameter GroupName")),
        ({"GroupName": "  "}, ("MissingParameter", "The request must contain the parameter GroupName")),
        ({"GroupName": None}, ("MissingParameter", "The request must contain the parameter GroupName")),
        ({"Description": ""}, ("MissingParameter", "The request must contain the parameter GroupDescription")),
        ({"VpcId": "tcp"}, ("InvalidVpcID.Malformed", 'Invalid id: "tcp" (expecting "vpc-...")')),
    ],
)
def test_create_refuses_before_a_dry_run(account: Account, given: dict[str, Any], expected: tuple[str, str]) -> None:
    request = {"GroupName": "web", "Description": "d"} | given
    assert account.checked("CreateSecurityGroup", **request) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"GroupName": "sg-017c251"},
            (
                "InvalidParameterValue",
                "Value (sg-017c251) for parameter GroupName is invalid. Group names may not be in the format sg-*.",
            ),
        ),
        ({"GroupName": "default"}, ("InvalidParameterValue", "Cannot use reserved security group name: default")),
        ({"GroupName": "Default "}, ("InvalidParameterValue", "Cannot use reserved security group name: Default")),
        ({"GroupName": 'a%b"'}, ("InvalidParameterValue", BAD_NAME)),
        ({"GroupName": "x" * 256}, ("InvalidParameterValue", BAD_NAME)),
        ({"GroupName": "a\nb"}, ("InvalidParameterValue", BAD_NAME)),
        ({"GroupName": "a<b"}, ("InvalidParameterValue", BAD_NAME)),
        (
            {"GroupName": "wéb"},
            (
                "InvalidParameterValue",
                "Value (wéb) for parameter GroupName is invalid. Character sets beyond ASCII are not supported.",
            ),
        ),
        (
            {"Description": "für"},
            (
                "InvalidParameterValue",
                "Value (für) for parameter GroupDescription is invalid. Character sets beyond ASCII are not supported.",
            ),
        ),
        ({"Description": '%"'}, ("InvalidParameterValue", BAD_DESCRIPTION)),
        ({"Description": "x" * 256}, ("InvalidParameterValue", BAD_DESCRIPTION)),
        (
            {"VpcId": ABSENT["vpc"]},
            ("InvalidVpcID.NotFound", f"The vpc ID '{ABSENT['vpc']}' does not exist"),
        ),
        ({"VpcId": "vpc-0"}, ("InvalidVpcID.NotFound", "The vpc ID 'vpc-0' does not exist")),
        (
            {"TagSpecifications": tag_specification("vpc", a="b")},
            ("InvalidParameterValue", "'vpc' is not a valid taggable resource type for this operation."),
        ),
        (
            {"TagSpecifications": [{"ResourceType": "security-group", "Tags": []}]},
            ("InvalidParameterValue", "Tag specification must have at least one tag"),
        ),
    ],
)
def test_create_refuses(account: Account, given: dict[str, Any], expected: tuple[str, str]) -> None:
    request = {"GroupName": "web", "Description": "d"} | given
    assert account.refused("CreateSecurityGroup", **request) == expected


@pytest.mark.parametrize("name", ["web", "WEB", "web "])
def test_create_refuses_a_name_that_the_vpc_has_in_any_case(account: Account, name: str) -> None:
    account.group("web")
    assert account.refused("CreateSecurityGroup", GroupName=name, Description="d") == (
        "InvalidGroup.Duplicate",
        f"The security group '{name.strip()}' already exists for VPC '{account.default_vpc_id}'",
    )


def test_create_without_a_default_vpc(store: Any) -> None:
    account = Account(store, default_vpc=False)
    assert account.refused("CreateSecurityGroup", GroupName="web", Description="d") == (
        "VPCIdNotSpecified",
        "No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.",
    )


def test_an_empty_vpc_id_counts_as_absent(account: Account) -> None:
    """Observed through CloudFormation."""
    assert account.described(account.group(VpcId=""))["VpcId"] == account.default_vpc_id


def test_create_counts_against_the_quota_of_the_region(store: Any) -> None:
    account = Account(store, quota=Quota(groups_per_region_max=2))
    account.group("one")
    assert account.refused("CreateSecurityGroup", GroupName="two", Description="d")[0] == "SecurityGroupLimitExceeded"


# --- Delete ---


def test_delete_by_id_and_by_name(account: Account) -> None:
    by_id, by_name = account.group("one"), account.group("two")
    assert account.call("DeleteSecurityGroup", GroupId=by_id) == {"Return": True, "GroupId": by_id}
    assert account.call("DeleteSecurityGroup", GroupName="two") == {"Return": True, "GroupId": by_name}
    assert names(account.call("DescribeSecurityGroups")) == ["default"]


def test_delete_takes_rules_and_tags_along(account: Account) -> None:
    group_id = account.group(TagSpecifications=tag_specification("security-group", a="b"))
    account.allow(group_id, permission("tcp", 22, "10.0.0.0/8"))
    account.call("DeleteSecurityGroup", GroupId=group_id)
    assert account.call("DescribeTags") == {"Tags": []}
    assert account.rule_ids(group_id, egress=None) == []


def test_a_group_that_only_its_own_rules_name_can_be_deleted(account: Account) -> None:
    """Observed 2017; the user guide says otherwise (ec2-behaviour section 7, 13)."""
    group_id = account.group()
    account.allow(group_id, permission("-1", None, group_id))
    assert account.call("DeleteSecurityGroup", GroupId=group_id)["Return"] is True


def test_delete_twice(account: Account) -> None:
    """Observed: delete-group-twice-not-found.json."""
    group_id = account.group()
    account.call("DeleteSecurityGroup", GroupId=group_id)
    expected = ("InvalidGroup.NotFound", f"The security group '{group_id}' does not exist")
    assert account.refused("DeleteSecurityGroup", GroupId=group_id) == expected
    assert account.refused("DescribeSecurityGroups", GroupIds=[group_id]) == expected


def test_delete_refuses_the_default_group(account: Account) -> None:
    group_id = account.default_group(account.default_vpc_id)
    expected = ("CannotDelete", f'the specified group: "{group_id}" name: "default" cannot be deleted by a user')
    assert account.refused("DeleteSecurityGroup", GroupId=group_id) == expected
    assert account.refused("DeleteSecurityGroup", GroupName="default") == expected


def test_delete_refuses_a_group_that_another_names(account: Account) -> None:
    group_id, other = account.group("one"), account.group("two")
    account.allow(other, permission("tcp", 22, group_id))
    assert account.refused("DeleteSecurityGroup", GroupId=group_id) == (
        "DependencyViolation",
        f"resource {group_id} has a dependent object",
    )


def test_delete_refuses_a_group_that_an_interface_carries(account: Account) -> None:
    group_id = account.group()
    subnet_id = account.call("DescribeSubnets")["Subnets"][0]["SubnetId"]
    account.enrolled(subnet_id, [group_id])
    assert account.refused("DeleteSecurityGroup", GroupId=group_id)[0] == "DependencyViolation"


def test_delete_refuses_an_unknown_name(account: Account) -> None:
    assert account.refused("DeleteSecurityGroup", GroupName="none") == (
        "InvalidGroup.NotFound",
        f"The security group 'none' does not exist in default VPC '{account.default_vpc_id}'",
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("MissingParameter", "The request must contain the parameter groupName or groupId")),
        ({"GroupName": ""}, ("MissingParameter", "The request must contain the parameter groupName or groupId")),
        (
            {"GroupId": "sg-1", "GroupName": "web"},
            ("InvalidParameterCombination", "The parameter groupId cannot be used with the parameter groupName"),
        ),
        ({"GroupId": ""}, ("InvalidGroupId.Malformed", "The security-group ID '' is malformed")),
        ({"GroupId": "web"}, ("InvalidGroupId.Malformed", 'Invalid id: "web" (expecting "sg-...")')),
        ({"GroupId": "sg-xyz"}, ("InvalidGroupId.Malformed", 'Invalid id: "sg-xyz"')),
    ],
)
def test_delete_refuses_before_a_dry_run(account: Account, given: dict[str, Any], expected: tuple[str, str]) -> None:
    assert account.checked("DeleteSecurityGroup", **given) == expected


# --- Describe ---


def test_describe_refuses_unknown_groups(account: Account) -> None:
    vpc_id = account.default_vpc_id
    assert account.refused("DescribeSecurityGroups", GroupIds=["sg-0a"]) == (
        "InvalidGroup.NotFound",
        "The security group 'sg-0a' does not exist",
    )
    assert account.refused("DescribeSecurityGroups", GroupIds=["sg-0a", "sg-0b"]) == (
        "InvalidGroup.NotFound",
        "The security groups 'sg-0a, sg-0b' do not exist",
    )
    assert account.refused("DescribeSecurityGroups", GroupNames=["sg-3acb815f"]) == (
        "InvalidGroup.NotFound",
        f"The security group 'sg-3acb815f' does not exist in default VPC '{vpc_id}'",
    )
    assert account.checked("DescribeSecurityGroups", GroupIds=["web"]) == (
        "InvalidGroupId.Malformed",
        'Invalid id: "web" (expecting "sg-...")',
    )


def test_describe_by_name_without_a_default_vpc(store: Any) -> None:
    account = Account(store, default_vpc=False)
    assert account.refused("DescribeSecurityGroups", GroupNames=["sg-11111111"]) == (
        "InvalidGroup.NotFound",
        "The security group 'sg-11111111' does not exist in default VPC 'none'",
    )


def test_describe_by_name_looks_in_the_default_vpc_only(account: Account) -> None:
    account.group("web", VpcId=account.vpc())
    assert account.refused("DescribeSecurityGroups", GroupNames=["web"])[0] == "InvalidGroup.NotFound"
    group_id = account.group("web")
    (found,) = account.call("DescribeSecurityGroups", GroupNames=["web"])["SecurityGroups"]
    assert found["GroupId"] == group_id


def test_ids_and_names_together_name_the_groups_of_both(account: Account) -> None:
    one, two = account.group("one"), account.group("two")
    assert names(account.call("DescribeSecurityGroups", GroupIds=[one, one], GroupNames=["two"])) == ["one", "two"]
    assert names(account.call("DescribeSecurityGroups", GroupIds=[two], GroupNames=["two"])) == ["two"]


def test_ids_are_absent_in_another_account_and_region(account: Account) -> None:
    group_id = account.group()
    for other in (account.elsewhere(account_id="210987654321"), account.elsewhere(region="eu-west-1")):
        code, _ = other.refused("DescribeSecurityGroups", GroupIds=[group_id])
        assert code == "InvalidGroup.NotFound"
        assert names(other.call("DescribeSecurityGroups")) == ["default"]


FILTERS = [
    ({"group-name": "web"}, ["web"]),
    ({"group-name": "WEB"}, []),
    ({"group-name": "w*"}, ["web", "w*b"]),
    ({"group-name": r"w\*b"}, ["w*b"]),
    ({"group-name": "w?b"}, ["web", "w*b"]),
    ({"group-name": "we?b"}, []),
    ({"group-name": ["web", "app"]}, ["web", "app"]),
    ({"group-name": ["web", "app"], "description": "the app"}, ["app"]),
    ({"description": "the *"}, ["app"]),
    ({"group-id": "not an id"}, []),
    ({"owner-id": ACCOUNT, "group-name": "app"}, ["app"]),
    ({"vpc-id": "vpc-*", "group-name": "app"}, ["app"]),
    ({"tag:Team": "a"}, ["app"]),
    ({"tag:Team": "*"}, ["app"]),
    ({"tag:team": "a"}, []),
    ({"tag-key": "Te*"}, ["app"]),
    ({"tag-value": "a"}, ["app"]),
    ({"ip-permission.cidr": "10.0.0.0/8"}, ["web"]),
    ({"ip-permission.ipv6-cidr": "2001:db8::/32"}, ["web"]),
    ({"ip-permission.cidr": "2001:db8::/32"}, []),
    ({"ip-permission.from-port": "22"}, ["web"]),
    ({"ip-permission.to-port": "25"}, ["web"]),
    ({"ip-permission.protocol": "tcp"}, ["web"]),
    ({"ip-permission.protocol": "-1"}, ["default", "app"]),
    ({"ip-permission.from-port": "-1"}, []),
    ({"ip-permission.prefix-list-id": "pl-63a5400a"}, ["web"]),
    ({"ip-permission.user-id": ACCOUNT}, ["default", "app"]),
    ({"ip-permission.group-name": "*"}, []),
    ({"ip-permission.protocol": "tcp", "ip-permission.cidr": "10.0.0.0/8"}, ["web"]),
    ({"egress.ip-permission.protocol": "udp"}, ["app"]),
    ({"egress.ip-permission.cidr": "192.0.2.0/24"}, ["app"]),
    ({"egress.ip-permission.from-port": "53", "egress.ip-permission.cidr": "0.0.0.0/0"}, ["app"]),
]


@pytest.mark.parametrize(("filters", "expected"), FILTERS)
def test_filters(account: Account, filters: dict[str, Any], expected: list[str]) -> None:
    web = account.group("web")
    account.group("w*b")
    answer = account.call(
        "CreateSecurityGroup",
        GroupName="app",
        Description="the app",
        TagSpecifications=tag_specification("security-group", Team="a"),
    )
    account.allow(web, permission("tcp", (22, 25), "10.0.0.0/8", "2001:db8::/32", "pl-63a5400a"))
    account.allow(answer["GroupId"], permission("-1", None, answer["GroupId"]))
    account.allow(answer["GroupId"], permission("udp", 53, "192.0.2.0/24"), egress=True)
    assert matching(account, **filters) == expected


def test_a_filter_on_the_source_group(account: Account) -> None:
    web, app = account.group("web"), account.group("app")
    account.allow(app, permission("tcp", 22, web))
    assert matching(account, **{"ip-permission.group-id": web}) == ["app"]
    assert matching(account, **{"group-id": [web, app]}) == ["web", "app"]


def test_filters_narrow_what_ids_name(account: Account) -> None:
    web = account.group("web")
    account.group("app")
    filters = [{"Name": "group-name", "Values": ["app"]}]
    assert names(account.call("DescribeSecurityGroups", GroupIds=[web], Filters=filters)) == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"Filters": [{"Name": "nope", "Values": ["x"]}]}, ("InvalidParameterValue", "The filter 'nope' is invalid")),
        ({"Filters": [{"Values": ["x"]}]}, ("InvalidParameterValue", "The filter 'null' is invalid")),
        (
            {"Filters": [{"Name": "Group-Name", "Values": ["x"]}]},
            ("InvalidParameterValue", "The filter 'Group-Name' is invalid"),
        ),
        (
            {"Filters": [{"Name": "vpc-id", "Values": []}]},
            ("InvalidParameterValue", "The filter 'vpc-id' has no values"),
        ),
        (
            {"Filters": [{"Name": "vpc-id", "Values": ["x"] * 201}]},
            ("FilterLimitExceeded", "The maximum number of filters or filter values has been exceeded."),
        ),
        (
            {"Filters": [{"Name": "vpc-id", "Values": ["x"]}] * 51},
            ("FilterLimitExceeded", "The maximum number of filters or filter values has been exceeded."),
        ),
        (
            {"MaxResults": 4},
            (
                "InvalidParameterValue",
                "Value ( 4 ) for parameter maxResults is invalid. Expecting a value greater than 5.",
            ),
        ),
        (
            {"MaxResults": 1001},
            (
                "InvalidParameterValue",
                "Value ( 1001 ) for parameter maxResults is invalid. Expecting a value less than 1000.",
            ),
        ),
        (
            {"MaxResults": 5, "GroupIds": ["sg-1"]},
            ("InvalidParameterCombination", "The parameter groupIds cannot be used with the parameter maxResults"),
        ),
        ({"NextToken": "x"}, ("InvalidParameterValue", "Unable to parse pagination token")),
        ({"NextToken": "é"}, ("InvalidParameterValue", "Unable to parse pagination token")),
        ({"NextToken": "c2ctMQ=="}, ("InvalidParameterValue", "Unable to parse pagination token")),
    ],
)
def test_describe_refuses(account: Account, given: dict[str, Any], expected: tuple[str, str]) -> None:
    assert account.refused("DescribeSecurityGroups", **given) == expected
