"""Prefix lists are shown as EC2 shows them: AWS's own and the account's, their entries, and what names them."""

from __future__ import annotations

from typing import Any

import pytest

from account import ABSENT, ACCOUNT, REGION, Account, permission, tag_specification

S3, DYNAMODB, CLOUDFRONT = "pl-63a5400a", "pl-02cd2c6b", "pl-3b927c52"
AWS_LISTS = {
    DYNAMODB: f"com.amazonaws.{REGION}.dynamodb",
    "pl-09f90e410b133fe9f": f"com.amazonaws.{REGION}.ipv6.ec2-instance-connect",
    "pl-0e4bcff02b13bef1e": f"com.amazonaws.{REGION}.ec2-instance-connect",
    CLOUDFRONT: "com.amazonaws.global.cloudfront.origin-facing",
    S3: f"com.amazonaws.{REGION}.s3",
}
ENTRIES = ["10.1.0.0/16", "10.2.0.0/16", "10.20.0.0/16", "192.0.2.0/24"]


def made(account: Account, name: str = "offices", size: int = 10, *cidrs: str, **request: Any) -> str:
    entries = [{"Cidr": cidr} for cidr in cidrs]
    request = {"PrefixListName": name, "AddressFamily": "IPv4", "MaxEntries": size, "Entries": entries} | request
    return str(account.call("CreateManagedPrefixList", **request)["PrefixList"]["PrefixListId"])


def shown(account: Account, **request: Any) -> list[str]:
    return [each["PrefixListId"] for each in account.call("DescribeManagedPrefixLists", **request)["PrefixLists"]]


def filters(name: str, *values: str) -> list[dict[str, Any]]:
    return [{"Name": name, "Values": list(values)}]


# --- DescribeManagedPrefixLists ---


def test_lists_are_shown_as_recorded(account: Account) -> None:
    """recorded/managed-prefix-lists.json: two lists of one name, and AWS's without version and size."""
    ids = [made(account, "All VPC CIDR", 1, "172.31.0.0/16"), made(account, "All VPC CIDR", 1)]
    answer = account.call("DescribeManagedPrefixLists", PrefixListIds=[*ids, DYNAMODB, S3])
    own = [
        {
            "PrefixListId": each,
            "AddressFamily": "IPv4",
            "State": "create-complete",
            "PrefixListArn": f"arn:aws:ec2:{REGION}:{ACCOUNT}:prefix-list/{each}",
            "PrefixListName": "All VPC CIDR",
            "MaxEntries": 1,
            "Version": 1,
            "Tags": [],
            "OwnerId": ACCOUNT,
        }
        for each in ids
    ]
    aws = [
        {
            "PrefixListId": each,
            "AddressFamily": "IPv4",
            "State": "create-complete",
            "PrefixListArn": f"arn:aws:ec2:{REGION}:aws:prefix-list/{each}",
            "PrefixListName": AWS_LISTS[each],
            "Tags": [],
            "OwnerId": "AWS",
        }
        for each in (DYNAMODB, S3)
    ]
    assert answer == {"PrefixLists": own + aws}


def test_all_lists_are_the_accounts_own_and_then_those_of_aws(account: Account) -> None:
    own = [made(account), made(account)]
    assert shown(account) == [*own, *AWS_LISTS]
    assert shown(account.elsewhere(region="eu-west-1")) == list(AWS_LISTS)
    assert shown(account.elsewhere(account_id="111122223333")) == list(AWS_LISTS)


def test_lists_of_aws_have_the_regions_name_and_their_own_family(account: Account) -> None:
    lists = account.elsewhere(region="eu-west-1").call("DescribeManagedPrefixLists")["PrefixLists"]
    assert {each["PrefixListName"] for each in lists} == {
        name.replace(REGION, "eu-west-1") for name in AWS_LISTS.values()
    }
    assert [each["PrefixListName"] for each in lists if each["AddressFamily"] == "IPv6"] == [
        "com.amazonaws.eu-west-1.ipv6.ec2-instance-connect"
    ]


def test_filters(account: Account) -> None:
    mine, other = made(account, "mine"), made(account, "other")
    assert shown(account, Filters=filters("owner-id", ACCOUNT)) == [mine, other]
    assert shown(account, Filters=filters("owner-id", "AWS")) == list(AWS_LISTS)
    assert shown(account, Filters=filters("prefix-list-id", mine, S3)) == [mine, S3]
    assert shown(account, Filters=filters("prefix-list-name", "*.s3", "mi?e")) == [mine, S3]
    assert shown(account, Filters=filters("owner-id", "AWS") + filters("prefix-list-name", "mine")) == []
    assert shown(account, PrefixListIds=[other, S3], Filters=filters("owner-id", "AWS")) == [S3]


def test_tags_are_shown(account: Account) -> None:
    list_id = made(account, TagSpecifications=tag_specification("prefix-list", b="2", a="1"))
    account.call("CreateTags", Resources=[list_id], Tags=[{"Key": "c", "Value": "3"}])
    (described,) = account.call("DescribeManagedPrefixLists", PrefixListIds=[list_id])["PrefixLists"]
    assert described["Tags"] == [{"Key": key, "Value": value} for key, value in ("a1", "b2", "c3")]
    assert account.refused("CreateTags", Resources=[S3], Tags=[{"Key": "c", "Value": "3"}])[0] == (
        "UnauthorizedOperation"
    )


def test_pages_stay_right_when_lists_come_and_go(account: Account) -> None:
    own = [made(account) for _ in range(5)]
    first = account.call("DescribeManagedPrefixLists", MaxResults=2)
    assert [each["PrefixListId"] for each in first["PrefixLists"]] == sorted([*own, *AWS_LISTS])[:2]
    account.call("DeleteManagedPrefixList", PrefixListId=own[1])
    rest = account.call("DescribeManagedPrefixLists", NextToken=first["NextToken"])
    assert [each["PrefixListId"] for each in rest["PrefixLists"]] == sorted([*own, *AWS_LISTS])[2:]
    assert "NextToken" not in rest


@pytest.mark.parametrize(
    ("request_", "code", "message"),
    [
        ({"PrefixListIds": [ABSENT["pl"]]}, "InvalidPrefixListID.NotFound",
         f"The prefix list ID '{ABSENT['pl']}' does not exist"),
        ({"PrefixListIds": [ABSENT["pl"], S3, "pl-1"]}, "InvalidPrefixListID.NotFound",
         f"The prefix list IDs '{ABSENT['pl']}, pl-1' do not exist"),
        ({"PrefixListIds": ["sg-1"]}, "InvalidPrefixListId.Malformed", 'Invalid id: "sg-1" (expecting "pl-...")'),
        ({"MaxResults": 0}, "InvalidParameterValue",
         "Value ( 0 ) for parameter maxResults is invalid. Expecting a value greater than 1."),
        ({"MaxResults": 101}, "InvalidParameterValue",
         "Value ( 101 ) for parameter maxResults is invalid. Expecting a value less than 100."),
        ({"NextToken": "x"}, "InvalidParameterValue", "Unable to parse pagination token"),
        ({"Filters": filters("tag:a", "1")}, "InvalidParameterValue", "The filter 'tag:a' is invalid"),
    ],
)  # fmt: skip
def test_what_cannot_be_described(account: Account, request_: dict[str, Any], code: str, message: str) -> None:
    assert account.refused("DescribeManagedPrefixLists", **request_) == (code, message)


def test_a_list_of_another_account_or_region_does_not_exist(account: Account) -> None:
    list_id = made(account)
    for other in (account.elsewhere(region="eu-west-1"), account.elsewhere(account_id="111122223333")):
        assert other.refused("DescribeManagedPrefixLists", PrefixListIds=[list_id])[0] == "InvalidPrefixListID.NotFound"
        for operation in ("GetManagedPrefixListEntries", "DeleteManagedPrefixList", "GetManagedPrefixListAssociations"):
            assert other.refused(operation, PrefixListId=list_id) == (
                "InvalidPrefixListID.NotFound",
                f"The prefix list ({list_id}) does not exist.",
            )


# --- DescribePrefixLists ---


def test_the_older_operation_shows_lists_of_aws_alone(account: Account) -> None:
    made(account)
    assert account.call("DescribePrefixLists") == {
        "PrefixLists": [
            {"PrefixListId": list_id, "PrefixListName": name, "Cidrs": []} for list_id, name in AWS_LISTS.items()
        ]
    }


def test_the_older_operation_has_ids_filters_and_pages(account: Account) -> None:
    def listed(**request: Any) -> list[str]:
        return [each["PrefixListId"] for each in account.call("DescribePrefixLists", **request)["PrefixLists"]]

    assert listed(PrefixListIds=[S3, S3]) == [S3]
    assert listed(Filters=filters("prefix-list-name", "*.s3")) == [S3]
    assert listed(Filters=filters("prefix-list-id", DYNAMODB)) == [DYNAMODB]
    first = account.call("DescribePrefixLists", MaxResults=1)
    assert listed(NextToken=first["NextToken"]) == list(AWS_LISTS)[1:]


@pytest.mark.parametrize(
    ("request_", "code", "message"),
    [
        ({"PrefixListIds": ["pl-1"]}, "InvalidPrefixListId.NotFound", "The prefix list ID 'pl-1' does not exist"),
        ({"PrefixListIds": ["pl-"]}, "InvalidPrefixListId.Malformed", 'Invalid id: "pl-"'),
        ({"Filters": filters("owner-id", "AWS")}, "InvalidParameterValue", "The filter 'owner-id' is invalid"),
        ({"MaxResults": 1001}, "InvalidParameterValue",
         "Value ( 1001 ) for parameter maxResults is invalid. Expecting a value less than 1000."),
    ],
)  # fmt: skip
def test_what_the_older_operation_refuses(account: Account, request_: dict[str, Any], code: str, message: str) -> None:
    assert account.refused("DescribePrefixLists", **request_) == (code, message)


def test_the_older_operation_does_not_know_the_accounts_own(account: Account) -> None:
    list_id = made(account)
    assert account.refused("DescribePrefixLists", PrefixListIds=[list_id])[0] == "InvalidPrefixListId.NotFound"


# --- GetManagedPrefixListEntries ---


def entries(account: Account, list_id: str, **request: Any) -> list[str]:
    answer = account.call("GetManagedPrefixListEntries", PrefixListId=list_id, **request)
    return [each["Cidr"] for each in answer["Entries"]]


def test_entries_are_shown_as_recorded(account: Account) -> None:
    """recorded/managed-prefix-lists.json: one block without a description."""
    list_id = made(account, "All VPC CIDR", 1, "172.31.0.0/16")
    assert account.call("GetManagedPrefixListEntries", PrefixListId=list_id) == {"Entries": [{"Cidr": "172.31.0.0/16"}]}


def test_entries_come_in_the_order_of_their_text_on_every_page(account: Account) -> None:
    list_id = made(account, "offices", 10, *reversed(ENTRIES))
    assert entries(account, list_id) == sorted(ENTRIES)
    walked, token = [], {}
    while True:
        page = account.call("GetManagedPrefixListEntries", PrefixListId=list_id, MaxResults=1, **token)
        walked += [each["Cidr"] for each in page["Entries"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert walked == sorted(ENTRIES)


def test_each_version_keeps_its_entries(account: Account) -> None:
    list_id = made(account, "offices", 10, "10.1.0.0/16")
    add = [{"Cidr": "10.2.0.0/16", "Description": "branch"}]
    account.call("ModifyManagedPrefixList", PrefixListId=list_id, CurrentVersion=1, AddEntries=add)
    assert entries(account, list_id, TargetVersion=1) == ["10.1.0.0/16"]
    newest = {"Entries": [{"Cidr": "10.1.0.0/16"}, *add]}
    assert account.call("GetManagedPrefixListEntries", PrefixListId=list_id) == newest
    assert account.call("GetManagedPrefixListEntries", PrefixListId=list_id, TargetVersion=2) == newest


def test_what_lists_of_aws_hold_is_not_known(account: Account) -> None:
    assert entries(account, S3) == []
    assert account.refused("GetManagedPrefixListEntries", PrefixListId=S3, TargetVersion=1) == (
        "InvalidParameterValue",
        f"The version (1) of the prefix list ({S3}) does not exist.",
    )


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"TargetVersion": 0}, "The specified value for version is not valid. The value must be greater than (1)."),
        ({"TargetVersion": 2}, "The version (2) of the prefix list (LIST) does not exist."),
        ({"TargetVersion": 1 << 62}, f"The version ({1 << 62}) of the prefix list (LIST) does not exist."),
        ({"MaxResults": 0}, "Value ( 0 ) for parameter maxResults is invalid. Expecting a value greater than 1."),
        ({"MaxResults": 101}, "Value ( 101 ) for parameter maxResults is invalid. Expecting a value less than 100."),
    ],
)
def test_entries_that_cannot_be_shown(account: Account, request_: dict[str, Any], message: str) -> None:
    list_id = made(account)
    refusal = account.refused("GetManagedPrefixListEntries", PrefixListId=list_id, **request_)
    assert refusal == ("InvalidParameterValue", message.replace("LIST", list_id))


@pytest.mark.parametrize(
    "operation",
    [
        "GetManagedPrefixListEntries", "GetManagedPrefixListAssociations", "ModifyManagedPrefixList",
        "DeleteManagedPrefixList", "RestoreManagedPrefixListVersion",
    ],
)  # fmt: skip
def test_a_malformed_id_is_refused_before_a_dry_run_and_an_absent_one_after_it(
    account: Account, operation: str
) -> None:
    refusal = ("InvalidPrefixListId.Malformed", 'Invalid id: "eni-1" (expecting "pl-...")')
    assert account.checked(operation, PrefixListId="eni-1") == refusal
    versions = {"PreviousVersion": 1, "CurrentVersion": 1}
    assert account.checked(operation, PrefixListId=ABSENT["pl"]) is None
    assert account.refused(operation, PrefixListId=ABSENT["pl"], **versions) == (
        "InvalidPrefixListID.NotFound",
        f"The prefix list ({ABSENT['pl']}) does not exist.",
    )


# --- GetManagedPrefixListAssociations ---


def associated(account: Account, list_id: str, **request: Any) -> list[str]:
    answer = account.call("GetManagedPrefixListAssociations", PrefixListId=list_id, **request)
    assert all(each["ResourceOwner"] == account.caller.account_id for each in answer["PrefixListAssociations"])
    return [each["ResourceId"] for each in answer["PrefixListAssociations"]]


def test_each_group_that_names_the_list_is_associated_once(account: Account) -> None:
    list_id = made(account, "offices", 1)
    web, db = account.group("web"), account.group("db")
    account.group("idle")
    assert associated(account, list_id) == []
    account.allow(web, permission("tcp", 22, list_id), permission("tcp", 80, list_id))
    account.allow(web, permission("tcp", 22, list_id), egress=True)
    (rule,) = account.allow(db, permission("tcp", 22, list_id, S3))[:1]
    assert associated(account, list_id) == [web, db]
    account.call("RevokeSecurityGroupIngress", GroupId=db, SecurityGroupRuleIds=[rule])
    assert associated(account, list_id) == [web]
    assert associated(account, S3) == [db]


def test_groups_of_other_accounts_are_not_shown(account: Account) -> None:
    other = account.elsewhere(account_id="111122223333")
    theirs, ours = other.group("web"), account.group("web")
    other.allow(theirs, permission("tcp", 22, S3))
    account.allow(ours, permission("tcp", 22, S3))
    assert associated(account, S3) == [ours]
    assert associated(other, S3) == [theirs]


def test_associations_have_pages(account: Account) -> None:
    list_id = made(account, "offices", 1)
    groups = [account.group(f"g{number}") for number in range(6)]
    for group in groups:
        account.allow(group, permission("tcp", 22, list_id))
    first = account.call("GetManagedPrefixListAssociations", PrefixListId=list_id, MaxResults=5)
    assert [each["ResourceId"] for each in first["PrefixListAssociations"]] == groups[:5]
    assert associated(account, list_id, NextToken=first["NextToken"]) == groups[5:]
    for size, bound in ((4, "greater than 5"), (256, "less than 255")):
        assert account.refused("GetManagedPrefixListAssociations", PrefixListId=list_id, MaxResults=size) == (
            "InvalidParameterValue",
            f"Value ( {size} ) for parameter maxResults is invalid. Expecting a value {bound}.",
        )
