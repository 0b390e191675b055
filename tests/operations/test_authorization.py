"""Who may do what, asked as over the wire: users and their documents, dry runs, refusals."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

import botocore_judge as judge
from operations_given import given
from ringwall.operations.context import no_resource
from ringwall.operations.table import OPERATIONS
from ringwall.server.denial import decoded
from ringwall.server.handle import handle
from site_of_accounts import ACCOUNT, EVERYTHING, OTHER, PEER, REGION, ROOT, Key, Site, Told, allow, deny, document

EC2 = sorted(name for name in OPERATIONS if judge.service_of(name) == "ec2")
WRITING = [name for name in EC2 if OPERATIONS[name].writes]
"""Those that change something."""


@pytest.fixture
def site() -> Iterator[Site]:
    """Two accounts, with a group in the first."""
    made = Site()
    yield made
    made.close()


def group_of(site: Site, name: str = "web", key: Key = ROOT, **tags: str) -> str:
    told = site.ask(key, "CreateSecurityGroup", GroupName=name, Description="for tests")
    assert told.status == 200, told
    group_id = told.one("groupId")
    if tags:
        site.ask(key, "CreateTags", Resources=[group_id], Tags=[{"Key": k, "Value": v} for k, v in tags.items()])
    return group_id


def revoke(site: Site, key: Key, group_id: str, **changes: Any) -> Told:
    """A dry run of revoking a rule."""
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    named = {"GroupId": group_id} if group_id else {}
    request = {"IpPermissions": [permission], "DryRun": True} | named | changes
    peer = request.pop("peer", PEER)
    return site.ask(key, "RevokeSecurityGroupIngress", peer, **request)


def arn(resource: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:ec2:{REGION}:{account}:{resource}"


# --- Every operation ---


@pytest.mark.parametrize("name", EC2)
def test_a_dry_run_tells_the_truth_both_ways_and_changes_nothing(name: str, site: Site) -> None:
    everything, nothing = site.user("admin", EVERYTHING), site.user("nobody")
    others = document(allow(*[f"ec2:{other}" for other in EC2 if other != name]))
    all_but = site.user("allbut", others)
    site.ask(ROOT, "DescribeVpcs")
    before = site.picture()
    request = given(name)
    shape = judge.model(name).input_shape
    dry = {"DryRun": True} if shape and "DryRun" in shape.members else {}
    if dry:
        told = site.ask(everything, name, **request, **dry)
        assert (told.status, told.code) == (412, "DryRunOperation"), told
        assert site.ask(ROOT, name, **request, **dry).code == "DryRunOperation"
    for key in (nothing, all_but):
        for asked in (dry, {}):
            told = site.ask(key, name, **request, **asked)
            assert (told.status, told.code) == (403, "UnauthorizedOperation"), told
    assert site.picture() == before


@pytest.mark.parametrize("name", EC2)
def test_an_explicit_denial_wins_over_everything_allowed(name: str, site: Site) -> None:
    key = site.user("bound", EVERYTHING, document(deny(f"ec2:{name}")))
    told = site.ask(key, name, **given(name))
    assert told.code == "UnauthorizedOperation"
    assert "with an explicit deny in an identity-based policy" in told.message


@pytest.mark.parametrize("name", WRITING)
def test_what_changes_something_names_its_targets(name: str) -> None:
    if name in ("CreateDefaultSubnet", "CreateDefaultVpc"):
        return  # the reference has none
    assert OPERATIONS[name].targets is not no_resource


@pytest.mark.parametrize("name", [each for each in WRITING if OPERATIONS[each].targets is not no_resource])
def test_a_document_about_another_account_or_region_allows_nothing(name: str, site: Site) -> None:
    elsewhere = [f"arn:aws:ec2:{REGION}:{OTHER}:*", f"arn:aws:ec2:eu-west-1:{ACCOUNT}:*", f"arn:aws:s3:::{ACCOUNT}"]
    key = site.user("elsewhere", document(allow("*", resource=elsewhere)))
    assert site.ask(key, name, **given(name)).code == "UnauthorizedOperation"
    here = site.user("here", document(allow("*", resource=f"arn:aws:ec2:{REGION}:{ACCOUNT}:*")))
    assert site.ask(here, name, **given(name)).code != "UnauthorizedOperation"


@pytest.mark.parametrize("name", EC2)
def test_a_user_without_documents_makes_no_region(name: str, site: Site) -> None:
    site.ask(site.user("nobody"), name, **given(name))
    assert site.store.read(lambda reader: reader.region_exists(ACCOUNT, REGION)) is False


# --- Who ---


def test_everybody_may_ask_who_they_are(site: Site) -> None:
    nobody = site.user("nobody")
    told = site.ask(nobody, "GetCallerIdentity")
    assert told.status == 200
    assert told.one("Arn") == f"arn:aws:iam::{ACCOUNT}:user/nobody"
    assert (told.one("UserId"), told.one("Account")) == ("AIDANOBODY", ACCOUNT)
    refused = site.user("refused", document(deny("*")))
    assert site.ask(refused, "GetCallerIdentity").status == 200
    assert site.ask(ROOT, "GetCallerIdentity").one("Arn") == f"arn:aws:iam::{ACCOUNT}:root"
    other = site.ask(site.root_of(OTHER), "GetCallerIdentity")
    assert (other.one("Arn"), other.one("UserId")) == (f"arn:aws:iam::{OTHER}:root", OTHER)


# --- Targets and their keys ---


def test_a_document_about_one_group_is_about_that_one(site: Site) -> None:
    mine, other = group_of(site, "mine"), group_of(site, "other")
    key = site.user("owner", document(allow("ec2:Revoke*", resource=arn(f"security-group/{mine}"))))
    assert revoke(site, key, mine).code == "DryRunOperation"
    assert revoke(site, key, other).code == "UnauthorizedOperation"
    assert revoke(site, key, "", GroupName="mine").code == "DryRunOperation"
    assert revoke(site, key, "", GroupName="MINE").code == "DryRunOperation"
    assert revoke(site, key, "", GroupName="other").code == "UnauthorizedOperation"
    assert revoke(site, key, "", GroupName="absent").code == "UnauthorizedOperation"


def test_what_is_absent_is_judged_by_its_arn_and_told_after_that(site: Site) -> None:
    absent = "sg-0123456789abcdef0"
    tagged = site.user("tagged", document(allow("ec2:*", StringEquals={"aws:ResourceTag/team": "web"})))
    assert revoke(site, tagged, absent, DryRun=False).code == "UnauthorizedOperation"
    named = site.user("named", document(allow("ec2:*", resource=arn(f"security-group/{absent}"))))
    assert revoke(site, named, absent).code == "DryRunOperation"
    assert revoke(site, named, absent, DryRun=False).code == "InvalidGroup.NotFound"


@pytest.mark.parametrize("prefix", ["aws", "ec2"])
def test_tags_of_the_group_decide(site: Site, prefix: str) -> None:
    mine, other = group_of(site, "mine", Team="web"), group_of(site, "other", team="db")
    key = site.user("web", document(allow("ec2:Revoke*", StringEquals={f"{prefix}:ResourceTag/team": "web"})))
    assert revoke(site, key, mine).code == "DryRunOperation"
    assert revoke(site, key, other).code == "UnauthorizedOperation"
    site.ask(ROOT, "CreateTags", Resources=[other], Tags=[{"Key": "team", "Value": "web"}])
    assert revoke(site, key, other).code == "DryRunOperation"


def test_ids_and_the_vpc_of_the_group_decide(site: Site) -> None:
    group_id = group_of(site)
    vpc_id = site.ask(ROOT, "DescribeVpcs").one("vpcId")
    for number, (key, value) in enumerate(
        [("ec2:Vpc", arn(f"vpc/{vpc_id}")), ("ec2:SecurityGroupID", group_id), ("ec2:Region", REGION)]
    ):
        fits = site.user(f"fits{number}", document(allow("ec2:Revoke*", StringEquals={key: value})))
        not_so = site.user(f"notso{number}", document(allow("ec2:Revoke*", StringEquals={key: "x"})))
        assert revoke(site, fits, group_id).code == "DryRunOperation"
        assert revoke(site, not_so, group_id).code == "UnauthorizedOperation"


def test_the_address_of_the_connection_decides_whatever_headers_say(site: Site) -> None:
    group_id = group_of(site)
    key = site.user("inside", document(allow("ec2:*", IpAddress={"aws:SourceIp": "192.0.2.0/24"})))
    assert revoke(site, key, group_id).code == "DryRunOperation"
    assert revoke(site, key, group_id, peer="198.51.100.1").code == "UnauthorizedOperation"
    body = judge.form(judge.flat("DescribeVpcs", {}))
    lies = {"x-forwarded-for": PEER, "x-real-ip": PEER, "forwarded": f"for={PEER}"}
    assert site.send(key, body, "198.51.100.1", headers=lies).code == "UnauthorizedOperation"


def test_an_address_that_isn_t_known_is_none(site: Site) -> None:
    key = site.user("inside", EVERYTHING, document(deny("*", NotIpAddress={"aws:SourceIp": "192.0.2.0/24"})))
    assert site.ask(key, "DescribeVpcs", peer="").code == "UnauthorizedOperation"


def test_the_time_decides(site: Site) -> None:
    late = site.user("late", document(allow("*", DateLessThan={"aws:CurrentTime": "2020-01-01T00:00:00Z"})))
    early = site.user("early", document(allow("*", NumericGreaterThan={"aws:EpochTime": "1600000000"})))
    assert site.ask(late, "DescribeVpcs").code == "UnauthorizedOperation"
    assert site.ask(early, "DescribeVpcs").status == 200


def test_variables_stand_for_the_caller(site: Site) -> None:
    mine, other = group_of(site, "mine", owner="ann"), group_of(site, "other", owner="bob")
    key = site.user("ann", document(allow("ec2:Revoke*", StringEquals={"ec2:ResourceTag/owner": "${aws:username}"})))
    assert revoke(site, key, mine).code == "DryRunOperation"
    assert revoke(site, key, other).code == "UnauthorizedOperation"


# --- Tags given ---


def tagging(**tags: str) -> list[dict[str, Any]]:
    return [{"ResourceType": "security-group", "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}]


def create(site: Site, key: Key, **request: Any) -> Told:
    return site.ask(key, "CreateSecurityGroup", GroupName="new", Description="new", DryRun=True, **request)


def test_tags_at_creation_need_create_tags_too(site: Site) -> None:
    site.ask(ROOT, "DescribeVpcs")
    only = site.user("only", document(allow("ec2:CreateSecurityGroup")))
    assert create(site, only).code == "DryRunOperation"
    told = create(site, only, TagSpecifications=tagging(team="web"))
    assert told.code == "UnauthorizedOperation"
    assert f"ec2:CreateTags on resource: {arn('security-group/*')}" in told.message
    condition = {"ec2:CreateAction": "CreateSecurityGroup"}
    both = site.user(
        "both", document(allow("ec2:CreateSecurityGroup"), allow("ec2:CreateTags", StringEquals=condition))
    )
    assert create(site, both, TagSpecifications=tagging(team="web")).code == "DryRunOperation"
    group_id = group_of(site)
    told = site.ask(both, "CreateTags", Resources=[group_id], Tags=[{"Key": "team", "Value": "web"}])
    assert told.code == "UnauthorizedOperation"


def test_tags_that_are_given_decide(site: Site) -> None:
    site.ask(ROOT, "DescribeVpcs")
    allowed = allow("ec2:*", StringEquals={"aws:RequestTag/team": "web"})
    bound = deny("ec2:CreateTags", **{"ForAnyValue:StringNotEquals": {"aws:TagKeys": ["team", "Name"]}})
    key = site.user("web", document(allowed, bound))
    assert create(site, key, TagSpecifications=tagging(team="web")).code == "DryRunOperation"
    assert create(site, key, TagSpecifications=tagging(team="db")).code == "UnauthorizedOperation"
    assert create(site, key, TagSpecifications=tagging(team="web", Name="x")).code == "DryRunOperation"
    assert create(site, key, TagSpecifications=tagging(team="web", other="x")).code == "UnauthorizedOperation"
    assert create(site, key).code == "UnauthorizedOperation"


def test_no_tag_in_another_letter_case_speaks_for_one(site: Site) -> None:
    """Condition keys know no letter case and tags do: where two tags share a condition key, both have to pass."""
    theirs = group_of(site, "theirs", team="db", TEAM="web")
    statements = (
        allow("ec2:Revoke*", StringEquals={"aws:ResourceTag/team": "web"}),
        allow("ec2:CreateTags", StringEquals={"aws:RequestTag/team": "web"}),
    )
    web, denied = site.user("web", document(*statements)), site.user(
        "denied", document(allow("*"), deny("ec2:Revoke*", StringNotEquals={"aws:ResourceTag/team": ["web"]}),
                           deny("ec2:CreateTags", StringEquals={"aws:RequestTag/team": "db"}))
    )  # fmt: skip
    tags = [{"Key": "team", "Value": "db"}, {"Key": "TEAM", "Value": "web"}]
    for key in (web, denied):
        assert revoke(site, key, theirs).code == "UnauthorizedOperation"
        for pair in (tags, tags[::-1]):
            told = site.ask(key, "CreateTags", Resources=[theirs], Tags=pair, DryRun=True)
            assert told.code == "UnauthorizedOperation"
        assert site.ask(key, "CreateTags", Resources=[theirs], Tags=tags[1:], DryRun=True).code == "DryRunOperation"


@pytest.mark.parametrize("tag", ["ringwall:on-revoke", "Ringwall:On-Revoke"])
def test_reserved_tags_need_an_action_of_their_own(site: Site, tag: str) -> None:
    group_id = group_of(site)
    ec2 = site.user("ec2", document(allow("ec2:*")))
    both = site.user("both", document(allow("ec2:*", "ringwall:SetRevokeMode")))
    tags = [{"Key": tag, "Value": "keep"}]
    for name, request in [
        ("CreateTags", {"Resources": [group_id], "Tags": tags}),
        ("DeleteTags", {"Resources": [group_id], "Tags": [{"Key": tag}]}),
        ("CreateSecurityGroup", {"GroupName": "x", "Description": "x", "TagSpecifications": tagging(**{tag: "keep"})}),
    ]:
        told = site.ask(ec2, name, DryRun=True, **request)
        assert told.code == "UnauthorizedOperation", name
        assert "ringwall:SetRevokeMode on resource: " in told.message
        assert site.ask(both, name, DryRun=True, **request).code == "DryRunOperation"


def test_what_the_reserved_tag_says_decides(site: Site) -> None:
    group_id = group_of(site)
    key = site.user(
        "cutter", document(allow("*"), deny("ringwall:SetRevokeMode", StringNotEquals={"ringwall:RevokeMode": "cut"}))
    )
    for value, code in (("cut", "DryRunOperation"), ("keep", "UnauthorizedOperation")):
        tags = [{"Key": "ringwall:on-revoke", "Value": value}]
        assert site.ask(key, "CreateTags", Resources=[group_id], Tags=tags, DryRun=True).code == code


# --- Words ---


def test_a_refusal_is_in_ec2_s_words_and_opens_for_its_account_alone(site: Site) -> None:
    group_id = group_of(site, team="web")
    key = site.user("ann", document({"Sid": "NotThis", **deny("ec2:Revoke*")}))
    told = revoke(site, key, group_id)
    where = arn(f"security-group/{group_id}")
    start = (
        "You are not authorized to perform this operation. "
        f"User: arn:aws:iam::{ACCOUNT}:user/ann is not authorized to perform: ec2:RevokeSecurityGroupIngress "
        f"on resource: {where} with an explicit deny in an identity-based policy. "
        "Encoded authorization failure message: "
    )
    assert told.message.startswith(start)
    sealed = told.message.removeprefix(start)
    content = json.loads(decoded(site.service.keyring, ACCOUNT, sealed))
    assert (content["allowed"], content["explicitDeny"]) == (False, True)
    assert content["matchedStatements"]["items"] == [{"statementId": "NotThis", "effect": "DENY", "policy": "ann-0"}]
    context = content["context"]
    assert (context["action"], context["resource"]) == ("ec2:RevokeSecurityGroupIngress", where)
    assert context["principal"] == {"id": "AIDAANN", "name": "ann", "arn": f"arn:aws:iam::{ACCOUNT}:user/ann"}
    keys = {each["key"]: each["values"]["items"][0]["value"] for each in context["conditions"]["items"]}
    assert keys["aws:sourceip"] == PEER and keys["ec2:resourcetag/team"] == "web"
    with pytest.raises(Exception, match="none of the keys opens it"):
        decoded(site.service.keyring, OTHER, sealed)


def test_a_refusal_without_a_resource_says_only_what_isn_t_allowed(site: Site) -> None:
    told = site.ask(site.user("ann"), "DescribeVpcs")
    assert told.message == (
        "You are not authorized to perform this operation. "
        f"User: arn:aws:iam::{ACCOUNT}:user/ann is not authorized to perform: ec2:DescribeVpcs "
        "because no identity-based policy allows the ec2:DescribeVpcs action."
    )


def test_the_encoded_message_is_bounded(site: Site) -> None:
    site.ask(ROOT, "DescribeVpcs")
    many = {f"key{number}": "v" * 256 for number in range(50)}
    told = create(site, site.user("ann"), TagSpecifications=tagging(**many))
    assert told.code == "UnauthorizedOperation" and len(told.message) < 10_240


# --- Tricks ---


@pytest.mark.parametrize(
    "body",
    [
        "Action=revokesecuritygroupingress&GroupId={}",
        "action=RevokeSecurityGroupIngress&GroupId={}",
        "Action=RevokeSecurityGroupIngress%00&GroupId={}",
        "Action=RevokeSecurityGroupIngress%20&GroupId={}",
        "Action=%52evokeSecurityGroupIngress&GroupId={}",
        "Action=DescribeVpcs&Action=RevokeSecurityGroupIngress&GroupId={}",
        "Action=RevokeSecurityGroupIngress&Action=DescribeVpcs&GroupId={}",
        "Action=RevokeSecurityGroupIngress&GroupId={}&GroupName=other",
        "Action=RevokeSecurityGroupIngress&GroupId={}&groupId=sg-1",
    ],
)
def test_no_spelling_of_a_denied_action_passes(site: Site, body: str) -> None:
    group_id = group_of(site)
    key = site.user("bound", EVERYTHING, document(deny("ec2:RevokeSecurityGroupIngress")))
    rule = "&IpPermissions.1.IpProtocol=-1&IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0/0&Version=2016-11-15"
    site.ask(ROOT, "AuthorizeSecurityGroupIngress", GroupId=group_id,
             IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])  # fmt: skip
    before = site.picture()
    told = site.send(key, (body.format(group_id) + rule).encode())
    assert told.status >= 400, told
    assert site.picture() == before


def test_a_document_names_actions_in_any_letter_case(site: Site) -> None:
    group_id = group_of(site)
    key = site.user("bound", EVERYTHING, document(deny("EC2:revokesecuritygroup*")))
    assert revoke(site, key, group_id).code == "UnauthorizedOperation"


# --- What is kept ---


def test_what_was_written_for_one_who_may_is_not_given_to_one_who_may_not(site: Site) -> None:
    group_id = group_of(site)
    for _ in range(2):
        assert group_id in site.ask(ROOT, "DescribeSecurityGroups", GroupIds=[group_id]).text
    told = site.ask(site.user("nobody"), "DescribeSecurityGroups", GroupIds=[group_id])
    assert told.code == "UnauthorizedOperation" and group_id not in told.text
    admin = site.user("admin", EVERYTHING, account=OTHER)
    told = site.ask(admin, "DescribeSecurityGroups", GroupIds=[group_id])
    assert told.code == "InvalidGroup.NotFound"


def test_a_change_of_documents_counts_from_the_next_request_on(site: Site) -> None:
    key = site.user("ann", EVERYTHING)
    assert site.ask(key, "DescribeVpcs").status == 200
    site.put_policy("ann-0", document(deny("*")))
    assert site.ask(key, "DescribeVpcs").code == "UnauthorizedOperation"
    site.put_policy("ann-0", EVERYTHING)
    assert site.ask(key, "DescribeVpcs").status == 200


def test_refusing_a_request_that_names_very_much_holds_up_nobody(site: Site) -> None:
    """Whoever may nothing must not stop the server for all by what it would take to decide."""
    site.ask(ROOT, "DescribeVpcs")
    patterns = [f"arn:aws:ec2:*:*:*/{number}*a" for number in range(150)]
    key = site.user("eve", *[document(allow("ec2:*", resource=patterns))] * 3)
    resources = [f"sg-{number:017x}" for number in range(400)]
    request = {"Resources": resources, "Tags": [{"Key": "a", "Value": "b"}]}
    raw = site.raw(key, judge.form(judge.flat("CreateTags", request)))

    async def turns() -> int:
        """How often others had a turn before the answer was there."""
        asking, number = asyncio.ensure_future(handle(site.service, raw)), 0
        while not asking.done():
            await asyncio.sleep(0)
            number += 1
        assert (await asking).status == 403
        return number

    assert site.runner.run(turns()) > 50
