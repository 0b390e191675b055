"""Two accounts on one server: to each, the other's ids are as absent as those that were never made.

Generated from the operation table: in each request that names something, each id is once the other account's and once
nobody's, and the answers must be the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

import botocore_judge as judge
import stores
from account import ABSENT
from operations_given import given
from ringwall.domain.caller import Caller
from ringwall.operations.table import OPERATIONS
from ringwall.operations.targets import RESOURCE_TYPES
from ringwall.store.base import Transaction
from site_of_accounts import ACCOUNT, EVERYTHING, OTHER, REGION, ROOT, Key, Site

KINDS = {
    "AssociationId": "vpc-cidr-assoc",
    "AttachmentId": "eni-attach",
    "GroupId": "sg",
    "GroupIds": "sg",
    "Groups": "sg",
    "InstanceId": "i",
    "InstanceIds": "i",
    "NetworkInterfaceId": "eni",
    "NetworkInterfaceIds": "eni",
    "PeerVpcId": "vpc",
    "PeeringId": "pcx",
    "PrefixListId": "pl",
    "PrefixListIds": "pl",
    "Resources": "sg",
    "SecurityGroupRuleId": "sgr",
    "SecurityGroupRuleIds": "sgr",
    "SubnetId": "subnet",
    "SubnetIds": "subnet",
    "VpcId": "vpc",
    "VpcIds": "vpc",
    "VpcPeeringConnectionId": "pcx",
    "VpcPeeringConnectionIds": "pcx",
}
"""Members of requests that name something, with the prefix of what they name."""
NOT_OURS = re.compile(
    "AvailabilityZoneId|ExternalId|Owner|UserId|Ipam|Token|TransitGateway|ZoneIds?$|Associated|SourceSecurity|Arn"
)
TAGGED = ("sg", "sgr", "vpc", "subnet", "eni", "i", "pl", "pcx")
NOBODYS = {**ABSENT, "pcx": "pcx-0123456789abcdef0", "vpc-cidr-assoc": "vpc-cidr-assoc-0123456789abcdef0"}


def members() -> list[tuple[str, str]]:
    """Each operation with each of its members that names something."""
    return [
        (name, member)
        for name in sorted(OPERATIONS)
        for member in getattr(judge.model(name).input_shape, "members", ())
        if re.search("Ids?$|^Groups$|^Resources$", member) and not NOT_OURS.search(member)
    ]


def populate(site: Site, key: Key, account: str) -> dict[str, str]:
    """One of each kind in the account; their ids."""
    ask = lambda name, **request: site.ask(key, name, **request)  # noqa: E731
    vpc = ask("CreateVpc", CidrBlock="10.1.0.0/16")
    vpc_id = vpc.one("vpcId")
    subnet_id = ask("CreateSubnet", VpcId=vpc_id, CidrBlock="10.1.0.0/24").one("subnetId")
    group_id = ask("CreateSecurityGroup", GroupName="web", Description="x", VpcId=vpc_id).one("groupId")
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    rule = ask("AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=[permission])
    eni = ask("CreateNetworkInterface", SubnetId=subnet_id, Groups=[group_id]).one("networkInterfaceId")
    other = ask("CreateVpc", CidrBlock="10.2.0.0/16").one("vpcId")

    def enrol(transaction: Transaction) -> str:
        subnet = transaction.subnet(account, REGION, subnet_id)
        group = transaction.group(account, REGION, group_id)
        assert subnet is not None and group is not None
        host = stores.host(subnet, int(account[:3]))
        transaction.insert_host(host, stores.key(host), stores.interface(host, [group], ("10.1.0.200",)))
        return host.instance_id

    instance_id = site.write(enrol).result
    ids = {
        "sg": group_id,
        "sgr": rule.one("securityGroupRuleId"),
        "vpc": vpc_id,
        "subnet": subnet_id,
        "eni": eni,
        "i": instance_id,
        "eni-attach": ask("AttachNetworkInterface", NetworkInterfaceId=eni, InstanceId=instance_id, DeviceIndex=1).one(
            "attachmentId"
        ),
        "pl": ask("CreateManagedPrefixList", PrefixListName="office", MaxEntries=5, AddressFamily="IPv4").one(
            "prefixListId"
        ),
        "pcx": ask("CreateVpcPeeringConnection", VpcId=vpc_id, PeerVpcId=other).one("vpcPeeringConnectionId"),
        "vpc-cidr-assoc": re.findall("vpc-cidr-assoc-[0-9a-f]+", ask("DescribeVpcs", VpcIds=[vpc_id]).text)[0],
    }
    for kind in TAGGED:
        ask("CreateTags", Resources=[ids[kind]], Tags=[{"Key": "of", "Value": f"account {account}"}])
    return ids


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[Site, Key, dict[str, str], dict[str, str]]]:
    """A server with both accounts full, the second one's administrator, and the ids in each."""
    site = Site()
    admin = site.user("admin", EVERYTHING, account=OTHER)
    yield site, admin, populate(site, ROOT, ACCOUNT), populate(site, admin, OTHER)
    site.close()


def test_each_member_that_names_something_is_known() -> None:
    assert [member for _, member in members() if member not in KINDS] == []


def request_with(name: str, member: str, value: str, own: dict[str, str]) -> dict[str, Any]:
    """A request in which everything is the caller's own but this."""
    shape = judge.model(name).input_shape
    request = given(name)
    for each in request:
        if each in KINDS and each != member:
            mine = own[KINDS[each]]
            request[each] = [mine] if shape.members[each].type_name == "list" else mine
    if name == "ModifySecurityGroupRules":
        request["SecurityGroupRules"] = [{"SecurityGroupRuleId": own["sgr"], "SecurityGroupRule": {}}]
    if not member:
        return request
    return request | {member: [value] if shape.members[member].type_name == "list" else value}


def same(site: Site, key: Key, name: str, requests: list[tuple[dict[str, Any], str]]) -> None:
    """The answers to both requests are the same, the ids aside."""
    told = []
    for request, named in requests:
        answer = site.ask(key, name, **request)
        text = re.sub("<[rR]equestI[dD]>[^<]*", "", answer.text).replace(named, "NAMED")
        text = re.sub("pcx-[0-9a-f]{17}", "pcx-", re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "", text))
        told.append((answer.status, answer.code, text))
    assert told[0] == told[1]


@pytest.mark.parametrize(("name", "member"), members())
def test_anothers_id_is_as_absent_as_nobodys(
    name: str, member: str, world: tuple[Site, Key, dict[str, str], dict[str, str]]
) -> None:
    site, admin, theirs, own = world
    before = _of_first(site)
    kinds = TAGGED if member == "Resources" else (KINDS[member],)
    for kind in kinds:
        pairs = [(request_with(name, member, ids[kind], own), ids[kind]) for ids in (NOBODYS, theirs)]
        same(site, admin, name, pairs)
    assert _of_first(site) == before


def test_no_description_tells_of_another_account() -> None:
    site = Site()
    admin = site.user("admin", EVERYTHING, account=OTHER)
    theirs, _ = populate(site, ROOT, ACCOUNT), populate(site, admin, OTHER)
    for name in (name for name in OPERATIONS if name.startswith("Describe")):
        shape = judge.model(name).input_shape
        told = site.ask(admin, name, **({} if shape is None or not shape.required_members else given(name)))
        assert not [each for each in theirs.values() if each in told.text], name
        assert ACCOUNT not in told.text, name
    site.close()


@pytest.mark.parametrize("name", sorted(name for name in OPERATIONS if judge.service_of(name) == "ec2"))
def test_an_operation_s_targets_are_of_the_types_that_the_reference_lists(
    name: str, world: tuple[Site, Key, dict[str, str], dict[str, str]]
) -> None:
    site, _, theirs, _ = world
    request = request_with(name, "", "", theirs)
    request |= {"Groups": [theirs["sg"]]} if "Groups" in judge.model(name).input_shape.members else {}
    request |= {"Resources": [theirs[kind] for kind in TAGGED]} if "Resources" in request else {}
    if name == "ModifyNetworkInterfaceAttribute":
        request["Attachment"] = {"AttachmentId": theirs["eni-attach"]}
    caller = Caller(ACCOUNT, REGION, "", "", "")
    targets = site.store.read(lambda reader: OPERATIONS[name].targets(reader, caller, request))
    prefix = f"arn:aws:ec2:{REGION}:{ACCOUNT}:"
    assert all(target.arn.startswith(prefix) for target in targets)
    found = {target.arn.removeprefix(prefix).partition("/")[0] for target in targets}
    assert found == set(RESOURCE_TYPES.get(OPERATIONS[name].targets, ()))
    there = [target for target in targets if not target.arn.endswith("/*")]
    assert all("aws:resourcetag/of" in target.keys for target in there if "/vpc-" not in target.arn)


@pytest.mark.parametrize("peer", ["UserIdGroupPairs", "PrefixListIds"])
def test_no_rule_names_what_is_anothers(peer: str, world: tuple[Site, Key, dict[str, str], dict[str, str]]) -> None:
    site, admin, theirs, own = world
    member, kind = ("GroupId", "sg") if peer == "UserIdGroupPairs" else ("PrefixListId", "pl")
    pairs: list[tuple[dict[str, Any], str]] = []
    for ids in (NOBODYS, theirs):
        source = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, peer: [{member: ids[kind]}]}
        pairs.append(({"GroupId": own["sg"], "IpPermissions": [source]}, ids[kind]))
    same(site, admin, "AuthorizeSecurityGroupIngress", pairs)


def test_filters_find_nothing_of_anothers(world: tuple[Site, Key, dict[str, str], dict[str, str]]) -> None:
    site, admin, theirs, _ = world
    for name, filters, kind in [
        ("DescribeSecurityGroups", "group-id", "sg"),
        ("DescribeSecurityGroupRules", "group-id", "sg"),
        ("DescribeTags", "resource-id", "sg"),
        ("DescribeNetworkInterfaces", "group-id", "sg"),
        ("DescribeSubnets", "vpc-id", "vpc"),
    ]:
        told = site.ask(admin, name, Filters=[{"Name": filters, "Values": [theirs[kind]]}])
        assert told.status == 200 and theirs[kind] not in told.text and ACCOUNT not in told.text


def _of_first(site: Site) -> Any:
    return site.picture()[1:3]
