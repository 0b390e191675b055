"""The trail of a whole server: one event for each change, whatever the operation, and one for each refusal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import botocore_judge as judge
from operations_given import given
from ringwall.operations import trail
from ringwall.operations.table import OPERATIONS
from ringwall.operations.trail import in_words
from ringwall.operations.trail_read import follow
from ringwall.server.trail import LABEL
from ringwall.store.principals_base import TrailEvent
from ringwall.wire.recorded import is_plain
from site_of_accounts import ACCOUNT, EVERYTHING, OTHER, PEER, REGION, ROOT, Key, Site, Told, allow, document
from stores import host, interface, key

Names = dict[str, str]
Request = dict[str, Any]

EC2 = sorted(name for name in OPERATIONS if judge.service_of(name) == "ec2")
WRITING = [name for name in EC2 if OPERATIONS[name].writes]

SSH = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "203.0.113.0/24"}]}
WEB = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "203.0.113.0/24"}]}
RDP = {"IpProtocol": "tcp", "FromPort": 3389, "ToPort": 3389, "CidrIpv4": "203.0.113.0/24"}


def _described(name: str) -> tuple[str, Request, str | None]:
    described = [{**WEB, "IpRanges": [{"CidrIp": "203.0.113.0/24", "Description": "office"}]}]
    return name, {"GroupId": "{groupId}", "IpPermissions": described}, None


STORY: list[tuple[str, Request, str | None]] = [
    ("CreateVpc", {"CidrBlock": "10.1.0.0/16", "AmazonProvidedIpv6CidrBlock": True}, "vpcId ipv6CidrBlock"),
    ("CreateVpc", {"CidrBlock": "10.5.0.0/16"}, "other=vpcId"),
    ("ModifyVpcAttribute", {"VpcId": "{vpcId}", "EnableDnsHostnames": {"Value": True}}, None),
    ("AssociateVpcCidrBlock", {"VpcId": "{vpcId}", "CidrBlock": "10.2.0.0/16"}, "associationId"),
    ("DisassociateVpcCidrBlock", {"AssociationId": "{associationId}"}, None),
    ("CreateSubnet", {"VpcId": "{vpcId}", "CidrBlock": "10.1.1.0/24", "Ipv6CidrBlock": "{ipv6CidrBlock}"}, "subnetId"),
    ("CreateSecurityGroup", {"GroupName": "web", "Description": "d", "VpcId": "{vpcId}"}, "groupId"),
    ("CreateTags", {"Resources": ["{groupId}"], "Tags": [{"Key": "team", "Value": "web"}]}, None),
    ("DeleteTags", {"Resources": ["{groupId}"], "Tags": [{"Key": "team"}]}, None),
    ("AuthorizeSecurityGroupIngress", {"GroupId": "{groupId}", "IpPermissions": [SSH, WEB]}, "securityGroupRuleId"),
    ("AuthorizeSecurityGroupEgress", {"GroupId": "{groupId}", "IpPermissions": [WEB]}, None),
    (
        "ModifySecurityGroupRules",
        {
            "GroupId": "{groupId}",
            "SecurityGroupRules": [{"SecurityGroupRuleId": "{securityGroupRuleId}", "SecurityGroupRule": RDP}],
        },
        None,
    ),
    _described("UpdateSecurityGroupRuleDescriptionsIngress"),
    _described("UpdateSecurityGroupRuleDescriptionsEgress"),
    ("RevokeSecurityGroupIngress", {"GroupId": "{groupId}", "IpPermissions": [WEB]}, None),
    ("RevokeSecurityGroupEgress", {"GroupId": "{groupId}", "IpPermissions": [WEB]}, None),
    ("AssociateSecurityGroupVpc", {"GroupId": "{groupId}", "VpcId": "{other}"}, None),
    ("DisassociateSecurityGroupVpc", {"GroupId": "{groupId}", "VpcId": "{other}"}, None),
    ("CreateNetworkInterface", {"SubnetId": "{subnetId}", "Groups": ["{groupId}"]}, "eni=networkInterfaceId"),
    ("AssignPrivateIpAddresses", {"NetworkInterfaceId": "{eni}", "PrivateIpAddresses": ["10.1.1.77"]}, None),
    ("UnassignPrivateIpAddresses", {"NetworkInterfaceId": "{eni}", "PrivateIpAddresses": ["10.1.1.77"]}, None),
    (
        "AssignIpv6Addresses",
        {"NetworkInterfaceId": "{eni}", "Ipv6AddressCount": 1},
        "address=item",
    ),
    (
        "UnassignIpv6Addresses",
        {"NetworkInterfaceId": "{eni}", "Ipv6Addresses": ["{address}"]},
        None,
    ),
    ("ModifyNetworkInterfaceAttribute", {"NetworkInterfaceId": "{eni}", "Description": {"Value": "x"}}, None),
    (
        "AttachNetworkInterface",
        {"NetworkInterfaceId": "{eni}", "InstanceId": "{instance}", "DeviceIndex": 1},
        "attachmentId",
    ),
    ("DetachNetworkInterface", {"AttachmentId": "{attachmentId}"}, None),
    ("ModifyInstanceAttribute", {"InstanceId": "{instance}", "Groups": ["{groupId}"]}, None),
    ("DeleteNetworkInterface", {"NetworkInterfaceId": "{eni}"}, None),
    (
        "CreateManagedPrefixList",
        {
            "PrefixListName": "offices",
            "MaxEntries": 5,
            "AddressFamily": "IPv4",
            "Entries": [{"Cidr": "203.0.113.0/24"}],
        },
        "prefixListId",
    ),
    (
        "ModifyManagedPrefixList",
        {"PrefixListId": "{prefixListId}", "CurrentVersion": 1, "AddEntries": [{"Cidr": "198.51.100.0/24"}]},
        None,
    ),
    (
        "RestoreManagedPrefixListVersion",
        {"PrefixListId": "{prefixListId}", "PreviousVersion": 1, "CurrentVersion": 2},
        None,
    ),
    ("DeleteManagedPrefixList", {"PrefixListId": "{prefixListId}"}, None),
    ("CreateVpcPeeringConnection", {"VpcId": "{vpcId}", "PeerVpcId": "{default}"}, "vpcPeeringConnectionId"),
    ("AcceptVpcPeeringConnection", {"VpcPeeringConnectionId": "{vpcPeeringConnectionId}"}, None),
    ("DeleteVpcPeeringConnection", {"VpcPeeringConnectionId": "{vpcPeeringConnectionId}"}, None),
    ("CreateVpcPeeringConnection", {"VpcId": "{vpcId}", "PeerVpcId": "{default}"}, "vpcPeeringConnectionId"),
    ("RejectVpcPeeringConnection", {"VpcPeeringConnectionId": "{vpcPeeringConnectionId}"}, None),
    ("CreateSubnet", {"VpcId": "{default}", "CidrBlock": "172.31.200.0/24"}, "subnetId"),
    ("DeleteSubnet", {"SubnetId": "{subnetId}"}, None),
    ("CreateSecurityGroup", {"GroupName": "gone", "Description": "d", "VpcId": "{default}"}, "groupId"),
    ("DeleteSecurityGroup", {"GroupId": "{groupId}"}, None),
    ("CreateVpc", {"CidrBlock": "10.9.0.0/16"}, "vpcId"),
    ("DeleteVpc", {"VpcId": "{vpcId}"}, None),
]
"""A request for every operation that changes something, in an order in which each of them does; and what to keep of its
answer: the content of these elements, for the requests after it."""


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.close()


def events(site: Site) -> list[dict[str, Any]]:
    """All events, in order; what waits is written first."""
    return [in_words(event.event) for event in stored(site)]


def stored(site: Site) -> list[TrailEvent]:
    """All events as they are kept; what waits is written first."""
    site.runner.run(site.service.trail.close())
    return list(site.store.read(lambda reader: reader.trail_after(0, 100_000)))


def since(site: Site, before: int) -> list[dict[str, Any]]:
    return events(site)[before:]


def whole(site: Site) -> bool:
    """Whether the chain holds."""
    is_mac = site.service.keyring.is_mac
    verdict = site.store.read(lambda reader: follow(reader, lambda code, link: is_mac(code, LABEL, link)))
    return verdict.is_end and not verdict.problems


def prepare(site: Site) -> Names:
    """The default VPC and a host in a subnet of the first VPC that the story makes, which has to wait for it."""
    site.ask(ROOT, "DescribeVpcs")
    (vpc,) = site.store.read(lambda reader: reader.vpcs(ACCOUNT, REGION))
    return {"default": vpc.vpc_id}


def filled(value: Any, names: Names) -> Any:
    """The value with the names in it replaced by what they stand for."""
    if isinstance(value, dict):
        return {member: filled(each, names) for member, each in value.items()}
    if isinstance(value, list):
        return [filled(each, names) for each in value]
    return value.format(**names) if isinstance(value, str) else value


def enrol(site: Site, names: Names) -> None:
    def insert(transaction: Any) -> None:
        subnet = transaction.subnet(ACCOUNT, REGION, names["subnetId"])
        made = host(subnet)
        group = transaction.group_by_name(subnet.vpc_id, "default")
        transaction.insert_host(made, key(made), interface(made, [group], ("10.1.1.200",)))
        names["instance"] = made.instance_id

    site.write(insert)


def told_story(site: Site) -> Iterator[tuple[str, Told]]:
    """Each request of the story with its answer, one after the other as they are asked for."""
    names = prepare(site)
    for name, request, element in STORY:
        answer = site.ask(ROOT, name, **filled(request, names))
        assert answer.status == 200, (name, answer)
        for each in (element or "").split():
            as_name, _, told_as = each.rpartition("=")
            names[as_name or told_as] = answer.one(told_as).replace("/56", "/64")
        if name == "CreateSubnet" and "instance" not in names:
            enrol(site, names)
        yield name, answer


def test_every_operation_that_writes_makes_one_event_with_its_revision(site: Site) -> None:
    told, before = set(), 1  # that of the region's own VPC
    for name, answer in told_story(site):
        (event,) = since(site, before)
        before += 1
        assert (event["eventName"], event["eventSource"]) == (name, "ec2.amazonaws.com")
        assert event["requestID"] == answer.one("requestId")
        assert event["ringwall"]["revision"] == answer.revision
        assert answer.revision is None or event["ringwall"]["before"] or event["ringwall"]["after"]
        assert not event["readOnly"]
        assert "errorCode" not in event
        told.add(name)
    # A region has its default VPC, and its subnets, by itself: these two are tried in a region that lost them.
    assert told | {"CreateDefaultVpc", "CreateDefaultSubnet"} == set(WRITING)
    assert whole(site)


_TIME = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z")
_RANDOM = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f-]{21}|(?:[a-z]+-)+[0-9a-f]{17}")
_BLOCK = re.compile(r"[0-9a-f]{1,4}:[0-9a-f:]+")


def _alike(found: list[dict[str, Any]]) -> Any:
    """Events without their moments and random blocks, their ids numbered in the order in which they come."""
    seen: dict[str, int] = {}
    text = _BLOCK.sub("block", _TIME.sub("then", json.dumps(found, sort_keys=True)))
    text = re.sub(r'"expirationTime": \d+', '"expirationTime": 0', text)
    return json.loads(_RANDOM.sub(lambda match: f"#{seen.setdefault(match[0], len(seen))}", text))


def test_an_event_that_is_kept_plainly_says_what_one_in_words_says(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in told_story(site):
        pass
    plain = events(site)
    assert sum('"call":' in event.event for event in stored(site)) > len(STORY) * 3 // 4
    monkeypatch.setattr(trail, "PLAIN_MAX", 0)
    in_full = Site()
    try:
        for _ in told_story(in_full):
            pass
        assert not any('"call":' in event.event for event in stored(in_full))
        for one, other in zip(_alike(plain), _alike(events(in_full)), strict=True):
            assert one == other
    finally:
        in_full.close()


def test_only_what_is_json_and_no_secret_is_kept_plainly() -> None:
    assert is_plain("RevokeSecurityGroupIngress")
    assert is_plain("AuthorizeSecurityGroupEgress")
    assert not is_plain("ModifyInstanceAttribute")  # user data
    assert not is_plain("CreateNetworkInterface")  # moments
    assert not any(is_plain(name) for name in OPERATIONS if judge.service_of(name) == "sts")


def test_an_event_of_a_former_version_is_told_as_ever() -> None:
    """As it lies in the stores of those who use this: later versions must tell the same of it."""
    text = (Path(__file__).parent / "trail_kept" / "revoke.json").read_text(encoding="utf-8").strip()
    told = in_words(text)
    assert told["requestParameters"] == {
        "groupId": "sg-0a1b2c3d4e5f60718",
        "ipPermissions": {
            "items": [
                {
                    "groups": {},
                    "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0", "description": "for a moment"}]},
                    "ipv6Ranges": {},
                    "prefixListIds": {},
                    "ipProtocol": "tcp",
                    "fromPort": 22,
                    "toPort": 22,
                }
            ]
        },
    }
    assert told["responseElements"]["_return"] is True
    assert told["responseElements"]["requestId"] == told["requestID"]
    (revoked,) = told["responseElements"]["revokedSecurityGroupRuleSet"]["items"]
    assert revoked["securityGroupRuleId"] == "sgr-0a1b2c3d4e5f60719"
    assert told["ringwall"] == {
        "revision": 7,
        "before": [
            {
                "ruleId": "sgr-0a1b2c3d4e5f60719",
                "groupId": "sg-0a1b2c3d4e5f60718",
                "rule": "ingress tcp 22 from 0.0.0.0/0",
                "description": "for a moment",
            }
        ],
        "after": [],
    }


def test_what_a_region_is_given_by_itself_is_told_as_the_servers_own(site: Site) -> None:
    site.ask(ROOT, "DescribeVpcs")
    (event,) = events(site)
    assert event["userIdentity"] == {"type": "AWSService", "invokedBy": "ringwall"}
    assert event["eventName"] == "CreateDefaultVpc"
    vpc_id = event["ringwall"]["after"][0]["vpcId"]
    subnets = site.store.read(lambda reader: reader.subnets(ACCOUNT, REGION))
    (group,) = site.store.read(lambda reader: reader.groups(ACCOUNT, REGION))
    for subnet in subnets:
        assert site.ask(ROOT, "DeleteSubnet", SubnetId=subnet.subnet_id).status == 200
    before = len(events(site))
    assert site.ask(ROOT, "CreateDefaultSubnet", AvailabilityZone=subnets[0].availability_zone).status == 200
    made = site.store.read(lambda reader: reader.subnets(ACCOUNT, REGION))
    assert site.ask(ROOT, "DeleteSubnet", SubnetId=made[0].subnet_id).status == 200
    assert site.ask(ROOT, "DeleteVpc", VpcId=vpc_id).status == 200
    assert site.ask(ROOT, "CreateDefaultVpc").status == 200
    assert [event["eventName"] for event in since(site, before)] == [
        "CreateDefaultSubnet", "DeleteSubnet", "DeleteVpc", "CreateDefaultVpc",
    ]  # fmt: skip
    assert group.group_id in json.dumps(event)


@pytest.mark.parametrize("name", [name for name in EC2 if not OPERATIONS[name].writes])
def test_who_only_looks_leaves_no_event(site: Site, name: str) -> None:
    prepare(site)
    before = len(events(site))
    answer = site.ask(ROOT, name, **given(name))
    after = since(site, before)
    assert [event["eventName"] for event in after] == ([] if answer.status == 200 else [name])
    assert all(event["readOnly"] and event["errorCode"] == f"Client.{answer.code}" for event in after)


@pytest.mark.parametrize("name", EC2)
def test_every_refusal_of_a_user_is_told(site: Site, name: str) -> None:
    prepare(site)
    nobody = site.user("nobody")
    before, picture = len(events(site)), site.picture()
    answer = site.ask(nobody, name, **given(name))
    assert answer.code == "UnauthorizedOperation"
    (event,) = since(site, before)
    assert event["errorCode"] == "Client.UnauthorizedOperation"
    assert event["eventName"] == name
    assert event["userIdentity"]["userName"] == "nobody"
    assert event["userIdentity"]["type"] == "IAMUser"
    assert event["sourceIPAddress"] == PEER
    assert event["readOnly"] is not OPERATIONS[name].writes
    assert "revision" not in event["ringwall"]
    assert site.picture() == picture


def open_ssh(site: Site, who: Key = ROOT, **more: Any) -> Told:
    group = site.ask(ROOT, "CreateSecurityGroup", GroupName=f"g{len(events(site))}", Description="d").one("groupId")
    return site.ask(who, "AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[SSH], **more)


def test_a_dry_run_is_told_as_cloudtrail_tells_it(site: Site) -> None:
    assert open_ssh(site, DryRun=True).code == "DryRunOperation"
    event = events(site)[-1]
    assert (event["errorCode"], event["requestParameters"]["ipPermissions"]["items"][0]["fromPort"]) == (
        "Client.DryRunOperation", 22,
    )  # fmt: skip


def test_before_and_after_are_told_in_words(site: Site) -> None:
    rule = open_ssh(site).one("securityGroupRuleId")
    event = events(site)[-1]
    (made,) = event["ringwall"]["after"]
    assert made["ruleId"] == rule
    assert made["rule"] == "ingress tcp 22 from 203.0.113.0/24"
    assert event["responseElements"]["securityGroupRuleSet"]["items"][0]["securityGroupRuleId"] == rule
    assert event["responseElements"]["_return"] is True
    group = made["groupId"]
    change = {"SecurityGroupRuleId": rule, "SecurityGroupRule": RDP | {"Description": "rack"}}
    site.ask(ROOT, "ModifySecurityGroupRules", GroupId=group, SecurityGroupRules=[change])
    told = events(site)[-1]["ringwall"]
    assert [each["rule"] for each in told["before"]] == ["ingress tcp 22 from 203.0.113.0/24"]
    assert told["after"] == [
        {"ruleId": rule, "groupId": group, "rule": "ingress tcp 3389 from 203.0.113.0/24", "description": "rack"}
    ]


def test_callers_are_told_apart(site: Site) -> None:
    ann = site.user("ann", EVERYTHING)
    open_ssh(site)
    open_ssh(site, ann)
    root, user = (event["userIdentity"] for event in (events(site)[-3], events(site)[-1]))
    assert root == {
        "type": "Root", "principalId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:root", "accountId": ACCOUNT,
        "accessKeyId": ROOT.key_id,
    }  # fmt: skip
    assert user == {
        "type": "IAMUser", "principalId": "AIDAANN", "arn": f"arn:aws:iam::{ACCOUNT}:user/ann", "accountId": ACCOUNT,
        "accessKeyId": ann.key_id, "userName": "ann",
    }  # fmt: skip


def test_large_parameters_are_cut_with_a_mark_and_what_came_of_them_is_whole(site: Site) -> None:
    group = site.ask(ROOT, "CreateSecurityGroup", GroupName="big", Description="d").one("groupId")
    ranges = [{"CidrIp": f"10.{number}.0.0/16"} for number in range(55)]
    permissions = [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": ranges} for port in (1,)]
    assert site.ask(ROOT, "AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=permissions).status == 200
    assert len(events(site)[-1]["ringwall"]["after"]) == 55
    many = [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": ranges[:1]} for port in range(500)]
    site.ask(ROOT, "RevokeSecurityGroupIngress", GroupId=group, IpPermissions=many)
    items = events(site)[-1]["requestParameters"]["ipPermissions"]["items"]
    assert (len(items), items[-1]) == (101, {"omitted": 400})
    wide = [{**each, "IpRanges": ranges * 2} for each in many]
    site.ask(ROOT, "RevokeSecurityGroupIngress", GroupId=group, IpPermissions=wide[:80])
    refusal = events(site)[-1]
    assert refusal["requestParameters"]["omitted"] is True
    assert refusal["requestParameters"]["originalSize"] > 100_000
    assert whole(site)


def test_a_flood_of_refusals_is_told_a_few_times_and_counted(site: Site) -> None:
    nobody = site.user("nobody")
    site.ask(ROOT, "DescribeVpcs")
    before = len(events(site))
    for _ in range(400):
        assert site.ask(nobody, "DescribeVpcs").code == "UnauthorizedOperation"
    found = since(site, before)
    told = [event for event in found if event["eventName"] == "DescribeVpcs"]
    (counted,) = [event for event in found if event["eventName"] == "CountRefusals"]
    assert 100 <= len(told) < 200
    assert len(told) + counted["additionalEventData"]["count"] == 400
    assert counted["additionalEventData"]["refusals"][0]["errorCode"] == "UnauthorizedOperation"
    assert counted["recipientAccountId"] == ACCOUNT


def test_a_deleted_groups_event_has_the_group_and_its_rules(site: Site) -> None:
    group_id = open_ssh(site).one("groupId")
    assert site.ask(ROOT, "DeleteSecurityGroup", GroupId=group_id).status == 200
    told = events(site)[-1]["ringwall"]
    assert told["before"][0]["groupId"] == group_id
    assert {each.get("rule") for each in told["before"]} >= {
        "ingress tcp 22 from 203.0.113.0/24",
        "egress all to 0.0.0.0/0",
    }
    assert told["after"] == []
    vpc_id = site.ask(ROOT, "CreateVpc", CidrBlock="10.7.0.0/16").one("vpcId")
    assert site.ask(ROOT, "DeleteVpc", VpcId=vpc_id).status == 200
    words = [each.get("rule", "") for each in events(site)[-1]["ringwall"]["before"]]
    assert any(each.startswith("ingress all from sg-") for each in words)


def test_tags_are_told_as_they_were_and_are(site: Site) -> None:
    group_id = open_ssh(site).one("groupId")

    def told(name: str, **tag: str) -> tuple[Any, Any]:
        assert site.ask(ROOT, name, Resources=[group_id], Tags=[tag]).status == 200
        own = events(site)[-1]["ringwall"]
        return tuple([each["tags"] for each in own[side] if "tags" in each] for side in ("before", "after"))

    assert told("CreateTags", Key="team", Value="web") == ([], [{"team": "web"}])
    assert told("CreateTags", Key="team", Value="db") == ([{"team": "web"}], [{"team": "db"}])
    assert told("CreateTags", Key="team", Value="db") == ([], [])
    assert told("DeleteTags", Key="team") == ([{"team": "db"}], [])


def test_failed_authentications_are_counted_by_address(site: Site) -> None:
    wrong = Key(ROOT.key_id, "not the secret")
    for number in range(7):
        site.ask(wrong, "DescribeVpcs", peer="192.0.2.1" if number else "2001:db8::1")
    site.ask(Key("AKIANOBODY", "x"), "DescribeVpcs", peer="192.0.2.1")
    assert {event["sourceIPAddress"]: event["additionalEventData"]["count"] for event in events(site)} == {
        "192.0.2.1": 7,
        "2001:db8::": 1,
    }
    assert all(event["eventName"] == "CountFailedAuthentications" for event in events(site))
    assert ROOT.key_id not in json.dumps(events(site))


def test_addresses_beyond_a_bound_share_an_event(site: Site) -> None:
    for number in range(2_500):
        site.service.trail.fail(f"10.0.{number // 250}.{number % 250}", "AuthFailure")
    found = events(site)
    assert len(found) == 1_001
    assert found[-1]["sourceIPAddress"] == "other addresses"
    assert sum(event["additionalEventData"]["count"] for event in found) == 2_500


def test_accounts_see_their_own_events(site: Site) -> None:
    other = site.root_of(OTHER)
    open_ssh(site)
    assert site.ask(other, "CreateSecurityGroup", GroupName="theirs", Description="d").status == 200
    theirs = site.store.read(lambda reader: reader.trail_after(0, 100, OTHER))
    assert {in_words(event.event)["eventName"] for event in theirs} == {"CreateDefaultVpc", "CreateSecurityGroup"}
    assert all(ACCOUNT not in event.event for event in theirs)
    assert whole(site)


def test_a_sessions_event_leads_to_the_key_that_asked_for_it(site: Site) -> None:
    ann = site.user("ann", document(allow("*")))
    body = b"Action=GetSessionToken&Version=2011-06-15"
    answer = site.send(ann, body)
    assert answer.status == 200, answer
    event = events(site)[-1]
    assert (event["eventName"], event["eventSource"]) == ("GetSessionToken", "sts.amazonaws.com")
    session = answer.one("AccessKeyId")
    assert event["responseElements"]["credentials"]["accessKeyId"] == session
    for secret in (answer.one("SecretAccessKey"), answer.one("SessionToken")):
        assert secret not in json.dumps(events(site))
    headers = {"x-amz-security-token": answer.one("SessionToken")}
    form = judge.form(judge.flat("CreateSecurityGroup", {"GroupName": "s", "Description": "d"}))
    made = site.send(Key(session, answer.one("SecretAccessKey")), form, headers=headers)
    assert made.status == 200, made
    event = events(site)[-1]
    assert event["userIdentity"]["accessKeyId"] == session
    assert event["userIdentity"]["sessionContext"]["attributes"]["creationDate"].endswith("Z")
    assert event["ringwall"]["issuingKey"] == ann.key_id
