"""NextToken of every operation that has one: it goes on with its own request alone, whatever changed meanwhile."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from account import Account, permission
from ringwall.operations.hosts import remove
from ringwall.wire import shapes

PAGED = {
    "DescribeInstances": ("Reservations", "ReservationId", ()),
    "DescribeManagedPrefixLists": ("PrefixLists", "PrefixListId", ()),
    "DescribeNetworkInterfaces": ("NetworkInterfaces", "NetworkInterfaceId", ()),
    "DescribePrefixLists": ("PrefixLists", "PrefixListId", ()),
    "DescribeSecurityGroupRules": ("SecurityGroupRules", "SecurityGroupRuleId", ()),
    "DescribeSecurityGroupVpcAssociations": ("SecurityGroupVpcAssociations", "GroupId", ()),
    "DescribeSecurityGroups": ("SecurityGroups", "GroupId", ()),
    "DescribeStaleSecurityGroups": ("StaleSecurityGroupSet", "GroupId", ("VpcId",)),
    "DescribeSubnets": ("Subnets", "SubnetId", ()),
    "DescribeTags": ("Tags", "ResourceId", ()),
    "DescribeVpcPeeringConnections": ("VpcPeeringConnections", "VpcPeeringConnectionId", ()),
    "DescribeVpcs": ("Vpcs", "VpcId", ()),
    "GetManagedPrefixListAssociations": ("PrefixListAssociations", "ResourceId", ("PrefixListId",)),
    "GetManagedPrefixListEntries": ("Entries", "Cidr", ("PrefixListId",)),
    "GetSecurityGroupsForVpc": ("SecurityGroupForVpcs", "GroupId", ("VpcId",)),
}
"""The member that holds the items, what names one, and the members of the request that must be given."""

UNREADABLE = ("InvalidParameterValue", "Unable to parse pagination token")


class Growing:
    """An account with eight of everything, which can be given one more and lose one."""

    def __init__(self, account: Account) -> None:
        self.account = account
        vpc_id, self.other, self.third = (account.vpc(f"10.{number}.0.0/16") for number in (1, 2, 3))
        group_id = account.group("theirs", VpcId=self.other)
        entries = [{"Cidr": f"192.0.2.{number}/32"} for number in range(8)]
        made = account.call(
            "CreateManagedPrefixList", PrefixListName="l", AddressFamily="IPv4", MaxEntries=30, Entries=entries
        )
        self.request = {"VpcId": vpc_id, "PrefixListId": made["PrefixList"]["PrefixListId"]}
        peering = account.call("CreateVpcPeeringConnection", VpcId=vpc_id, PeerVpcId=self.other)
        peering_id = peering["VpcPeeringConnection"]["VpcPeeringConnectionId"]
        account.call("AcceptVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
        self.grown = [self.one_more(number, group_id) for number in range(10, 18)]
        # Rules across it are stale from now on.
        account.call("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering_id)

    def one_more(self, number: int, *peers: str) -> dict[str, str]:
        """One more of everything, but of entries: what can be deleted of it."""
        account, vpc_id, list_id = self.account, self.request["VpcId"], self.request["PrefixListId"]
        group_id = account.group(f"g{number}", VpcId=vpc_id)
        account.allow(group_id, permission("tcp", number, "10.0.0.0/8", list_id, *peers))
        account.call("CreateTags", Resources=[group_id], Tags=[{"Key": "a", "Value": str(number)}])
        account.call("AssociateSecurityGroupVpc", GroupId=group_id, VpcId=self.third)
        subnet = account.call("CreateSubnet", VpcId=vpc_id, CidrBlock=f"10.1.{number}.0/24")["Subnet"]
        host, _ = account.enrolled(subnet["SubnetId"], [group_id], number)
        new = account.vpc(f"10.{number}.0.0/16")
        account.call("CreateVpcPeeringConnection", VpcId=vpc_id, PeerVpcId=new)
        own = account.call("CreateManagedPrefixList", PrefixListName="x", AddressFamily="IPv4", MaxEntries=1)
        return {"GroupId": group_id, "SubnetId": subnet["SubnetId"], "VpcId": new, "InstanceId": host.instance_id} | {
            "PrefixListId": own["PrefixList"]["PrefixListId"]
        }

    def one_less(self) -> None:
        """The first of everything gone, and an entry."""
        account, gone = self.account, self.grown.pop(0)
        account.store.write(lambda tx: remove(account.context(tx), gone["InstanceId"]))
        account.call("DisassociateSecurityGroupVpc", GroupId=gone["GroupId"], VpcId=self.third)
        for kind, name in (("SecurityGroup", "GroupId"), ("Subnet", "SubnetId"), ("Vpc", "VpcId")):
            account.call(f"Delete{kind}", **{name: gone[name]})
        account.call("DeleteManagedPrefixList", PrefixListId=gone["PrefixListId"])
        (entry, *_) = account.call("GetManagedPrefixListEntries", PrefixListId=self.request["PrefixListId"])["Entries"]
        self.change_entries(RemoveEntries=[{"Cidr": entry["Cidr"]}])

    def change_entries(self, **changes: Any) -> None:
        """Another version of the list."""
        list_id = self.request["PrefixListId"]
        (shown,) = self.account.call("DescribeManagedPrefixLists", PrefixListIds=[list_id])["PrefixLists"]
        self.account.call("ModifyManagedPrefixList", PrefixListId=list_id, CurrentVersion=shown["Version"], **changes)

    def first_page(self, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """What an operation is asked for, without the token, and the first page that it answers."""
        size = 1 if "PrefixLists" in name or name.endswith("Entries") else 5
        request = {member: self.request[member] for member in PAGED[name][2]} | {"MaxResults": size}
        return request, self.account.call(name, **request)


@pytest.fixture
def growing(account: Account) -> Growing:
    """Eight of everything."""
    return Growing(account)


def test_every_operation_with_pages_is_tried() -> None:
    paged = {
        name
        for name, (_, structure, _) in shapes.OPERATIONS.items()
        if "NextToken" in {member for member, _ in shapes.INPUTS[structure].values()}
    }
    assert paged == set(PAGED)


def test_a_token_is_refused_by_every_other_operation(growing: Growing) -> None:
    first = {name: growing.first_page(name) for name in PAGED}
    for name, (request, _) in first.items():
        for other, (_, answer) in first.items():
            if other == name:
                assert growing.account.call(name, **request, NextToken=answer["NextToken"])[PAGED[name][0]]
            else:
                refusal = growing.account.refused(name, **request, NextToken=answer["NextToken"])
                assert refusal == UNREADABLE, (name, other)


@pytest.mark.parametrize("name", PAGED)
def test_a_token_goes_on_after_rows_came_and_went(growing: Growing, name: str) -> None:
    member, key, _ = PAGED[name]
    request, answer = growing.first_page(name)
    whole = {member: value for member, value in request.items() if member != "MaxResults"}
    before = {each[key] for each in growing.account.call(name, **whole)[member]}
    found = Counter(each[key] for each in answer[member])
    growing.one_less()
    growing.grown.append(growing.one_more(30))
    growing.change_entries(AddEntries=[{"Cidr": "192.0.2.99/32"}])
    while "NextToken" in answer:
        answer = growing.account.call(name, **request, NextToken=answer["NextToken"])
        found.update(each[key] for each in answer[member])
    after = {each[key] for each in growing.account.call(name, **whole)[member]}
    assert all(found[each] == 1 for each in before & after)
    assert max(found.values()) == 1
    assert before | after >= set(found)


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("DescribeSecurityGroups", {"Filters": [{"Name": "group-name", "Values": ["g*"]}]}),
        ("DescribeSecurityGroupRules", {"Filters": [{"Name": "tag-key", "Values": ["a"]}]}),
        ("DescribeVpcs", {"Filters": [{"Name": "is-default", "Values": ["false"]}]}),
        ("GetManagedPrefixListEntries", {"TargetVersion": 1}),
    ],
)
def test_a_token_is_refused_where_something_else_is_asked_for(
    growing: Growing, name: str, changed: dict[str, Any]
) -> None:
    request, answer = growing.first_page(name)
    assert growing.account.refused(name, **request | changed, NextToken=answer["NextToken"]) == UNREADABLE
    larger = request | {"MaxResults": 50, "DryRun": False, "Filters": []}
    if name.startswith("Get"):
        larger.pop("Filters")
    assert growing.account.call(name, **larger, NextToken=answer["NextToken"])[PAGED[name][0]]


def test_ids_take_no_token_of_another_request(growing: Growing) -> None:
    _, answer = growing.first_page("DescribeSecurityGroupRules")
    (rule_id, *_) = [each["SecurityGroupRuleId"] for each in answer["SecurityGroupRules"]]
    request = {"SecurityGroupRuleIds": [rule_id], "NextToken": answer["NextToken"]}
    assert growing.account.refused("DescribeSecurityGroupRules", **request) == UNREADABLE
