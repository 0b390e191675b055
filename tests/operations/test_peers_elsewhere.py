"""Groups of other VPCs in rules: named across a peering or by an association, shown, modified, stale, revoked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from account import ACCOUNT, Account, permission
from ringwall.domain.peering import ENDED_SHOWN_SECONDS

INGRESS, EGRESS = "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress"
OTHER_NETWORK = ("InvalidGroup.NotFound", "You have specified two resources that belong to different networks.")
ABSENT_PEERING = ("InvalidVpcPeeringConnectionID.NotFound", "The vpcPeeringConnection ID 'pcx-0a' does not exist")
NOT_FOUND = ("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")


@dataclass
class Place:
    """Two VPCs with a group in each, and a third VPC."""

    account: Account
    here: str
    there: str
    web: str
    app: str

    def peered(self) -> str:
        """An active connection between the two VPCs."""
        asked = self.account.call("CreateVpcPeeringConnection", VpcId=self.here, PeerVpcId=self.there)
        peering_id: str = asked["VpcPeeringConnection"]["VpcPeeringConnectionId"]
        self.account.call("AcceptVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
        return peering_id

    def pair(self, **said: str) -> list[dict[str, Any]]:
        """A permission for the other VPC's group."""
        pair = {"GroupId": self.app} | said
        return [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [pair]}]

    def allow(self, name: str = INGRESS, **said: str) -> dict[str, Any]:
        """A rule of the one group that names the other, as it is answered."""
        (rule,) = self.account.call(name, GroupId=self.web, IpPermissions=self.pair(**said))["SecurityGroupRules"]
        return rule

    def shown_pair(self) -> dict[str, Any]:
        """The other group as DescribeSecurityGroups shows it."""
        (shown,) = self.account.described(self.web)["IpPermissions"]
        (pair,) = shown["UserIdGroupPairs"]
        return pair

    def shown_rule(self, rule_id: str) -> dict[str, Any]:
        """The other group as DescribeSecurityGroupRules shows it."""
        answer = self.account.call("DescribeSecurityGroupRules", SecurityGroupRuleIds=[rule_id])
        info: dict[str, Any] = answer["SecurityGroupRules"][0]["ReferencedGroupInfo"]
        return info


@pytest.fixture
def place(account: Account) -> Place:
    here, there = account.vpc("10.1.0.0/16"), account.vpc("10.2.0.0/16")
    return Place(account, here, there, account.group(VpcId=here), account.group("app", VpcId=there))


# --- Across a peering connection ---


@pytest.mark.parametrize("name", [INGRESS, EGRESS])
def test_a_group_of_a_peered_vpc(place: Place, name: str) -> None:
    """Recorded: peered-reference-and-stale-groups.json, the five members of the pair."""
    peering_id = place.peered()
    rule = place.allow(name)
    expected = {
        "GroupId": place.app,
        "UserId": ACCOUNT,
        "VpcId": place.there,
        "VpcPeeringConnectionId": peering_id,
        "PeeringStatus": "active",
    }
    assert rule["ReferencedGroupInfo"] == expected
    assert place.shown_rule(rule["SecurityGroupRuleId"]) == expected
    shown = place.account.described(place.web)["IpPermissionsEgress" if name == EGRESS else "IpPermissions"]
    assert expected in [pair for each in shown for pair in each["UserIdGroupPairs"]]


def test_the_accepter_may_name_the_requesters_groups(place: Place) -> None:
    peering_id = place.peered()
    answer = place.account.call(INGRESS, GroupId=place.app, IpPermissions=[permission("tcp", 22, place.web)])
    info = answer["SecurityGroupRules"][0]["ReferencedGroupInfo"]
    assert (info["VpcId"], info["VpcPeeringConnectionId"]) == (place.here, peering_id)


@pytest.mark.parametrize("said", ["UserId", "VpcId", "VpcPeeringConnectionId", "PeeringStatus"])
def test_what_a_pair_says_must_be_so(place: Place, said: str) -> None:
    peering_id = place.peered()
    right = {
        "UserId": ACCOUNT,
        "VpcId": place.there,
        "VpcPeeringConnectionId": peering_id,
        "PeeringStatus": "anything at all",
    }
    wrong = {
        "UserId": ("210987654321", ("InvalidGroup.NotFound", f"The security group '{place.app}' does not exist")),
        "VpcId": (place.here, OTHER_NETWORK),
        "VpcPeeringConnectionId": ("pcx-0a", ABSENT_PEERING),
    }
    if said in wrong:
        value, expected = wrong[said]
        request = {"GroupId": place.web, "IpPermissions": place.pair(**{said: value})}
        assert place.account.refused(INGRESS, **request) == expected
    place.allow(**{said: right[said]})


def test_a_connection_that_leads_elsewhere(place: Place) -> None:
    third = place.account.vpc("10.3.0.0/16")
    elsewhere = Place(place.account, place.here, third, place.web, place.app).peered()
    request = {"GroupId": place.web, "IpPermissions": place.pair(VpcPeeringConnectionId=elsewhere)}
    assert place.account.refused(INGRESS, **request) == OTHER_NETWORK
    # A group of the same VPC isn't across any connection.
    request = {"GroupId": place.app, "IpPermissions": place.pair(VpcPeeringConnectionId=elsewhere)}
    assert place.account.refused(INGRESS, **request) == OTHER_NETWORK


def test_only_an_active_connection_counts(place: Place) -> None:
    asked = place.account.call("CreateVpcPeeringConnection", VpcId=place.here, PeerVpcId=place.there)
    peering_id = asked["VpcPeeringConnection"]["VpcPeeringConnectionId"]

    def refused() -> set[tuple[str, str]]:
        return {
            place.account.refused(INGRESS, GroupId=place.web, IpPermissions=permissions)
            for permissions in (place.pair(), place.pair(VpcPeeringConnectionId=peering_id))
        }

    assert refused() == {OTHER_NETWORK}
    place.account.call("AcceptVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    place.allow(VpcPeeringConnectionId=peering_id)
    place.account.call("RevokeSecurityGroupIngress", GroupId=place.web, IpPermissions=place.pair())
    place.account.call("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    assert refused() == {OTHER_NETWORK}


def test_a_connection_that_nobody_shows_any_more_is_absent(place: Place) -> None:
    peering_id = place.peered()
    rule = place.allow()
    place.account.call("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    place.account.now += ENDED_SHOWN_SECONDS
    named = {"GroupId": place.app, "IpPermissions": place.pair(VpcPeeringConnectionId=peering_id)}
    assert place.account.refused(INGRESS, **named) == (
        "InvalidVpcPeeringConnectionID.NotFound",
        f"The vpcPeeringConnection ID '{peering_id}' does not exist",
    )
    # The rule still tells what became of it, and can be revoked by what it tells.
    assert place.shown_rule(rule["SecurityGroupRuleId"])["PeeringStatus"] == "deleted"
    place.account.call(
        "RevokeSecurityGroupIngress",
        GroupId=place.web,
        IpPermissions=place.account.described(place.web)["IpPermissions"],
    )


def test_an_association_is_no_connection(place: Place) -> None:
    place.account.call("AssociateSecurityGroupVpc", GroupId=place.app, VpcId=place.here)
    peering_id = place.peered()
    place.account.call("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    request = {"GroupId": place.web, "IpPermissions": place.pair(VpcPeeringConnectionId=peering_id)}
    assert place.account.refused(INGRESS, **request) == OTHER_NETWORK
    assert "VpcPeeringConnectionId" not in place.allow()["ReferencedGroupInfo"]


def test_no_group_of_another_account_or_region(place: Place) -> None:
    for other in (place.account.elsewhere(account_id="210987654321"), place.account.elsewhere(region="eu-west-1")):
        foreign = other.group()
        request = {"GroupId": place.web, "IpPermissions": [permission("tcp", 22, foreign)]}
        assert place.account.refused(INGRESS, **request) == (
            "InvalidGroup.NotFound",
            f"The security group '{foreign}' does not exist",
        )


def test_a_connection_to_another_region_makes_nothing_nameable(place: Place) -> None:
    """VPC peering guide: a group of a peer VPC in another region can't be named."""
    other = place.account.elsewhere(region="eu-west-1")
    vpc_id = other.vpc("10.9.0.0/16")
    foreign = other.group(VpcId=vpc_id)
    asked = place.account.call("CreateVpcPeeringConnection", VpcId=place.here, PeerVpcId=vpc_id, PeerRegion="eu-west-1")
    peering_id = asked["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    other.call("AcceptVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    request = {"GroupId": place.web, "IpPermissions": [permission("tcp", 22, foreign)]}
    assert place.account.refused(INGRESS, **request) == (
        "InvalidGroup.NotFound",
        f"The security group '{foreign}' does not exist",
    )
    named = {"GroupId": place.web, "IpPermissions": place.pair(VpcPeeringConnectionId=peering_id)}
    assert place.account.refused(INGRESS, **named) == OTHER_NETWORK


def test_a_group_of_the_own_vpc_shows_no_way(place: Place) -> None:
    place.peered()
    (rule_id,) = place.account.allow(place.web, permission("tcp", 22, place.web))
    assert place.shown_pair() == {"GroupId": place.web, "UserId": ACCOUNT}
    assert place.shown_rule(rule_id) == {"GroupId": place.web, "UserId": ACCOUNT}


def test_a_rule_across_is_one_rule(place: Place) -> None:
    place.peered()
    place.allow()
    request = {"GroupId": place.web, "IpPermissions": place.pair(VpcId=place.there)}
    assert place.account.refused(INGRESS, **request) == (
        "InvalidPermission.Duplicate",
        f'the specified rule "peer: {place.app}, TCP, from port: 22, to port: 22, ALLOW" already exists',
    )


# --- By an association ---


@pytest.mark.parametrize("associated", ["the named group", "the rule's group"])
def test_a_group_that_is_associated(place: Place, associated: str) -> None:
    group_id, vpc_id = (place.app, place.here) if associated == "the named group" else (place.web, place.there)
    place.account.call("AssociateSecurityGroupVpc", GroupId=group_id, VpcId=vpc_id)
    rule = place.allow(VpcId=place.there)
    expected = {"GroupId": place.app, "UserId": ACCOUNT, "VpcId": place.there}
    assert rule["ReferencedGroupInfo"] == expected
    assert place.shown_pair() == expected
    # Without it the rule stays, is shown as it was, and can't be made again.
    place.account.call("DisassociateSecurityGroupVpc", GroupId=group_id, VpcId=vpc_id)
    assert place.shown_pair() == expected
    place.account.call("RevokeSecurityGroupIngress", GroupId=place.web, IpPermissions=place.pair(VpcId=place.there))
    request = {"GroupId": place.web, "IpPermissions": place.pair()}
    assert place.account.refused(INGRESS, **request) == OTHER_NETWORK


def test_a_peering_goes_before_an_association(place: Place) -> None:
    place.account.call("AssociateSecurityGroupVpc", GroupId=place.app, VpcId=place.here)
    peering_id = place.peered()
    assert place.allow()["ReferencedGroupInfo"]["VpcPeeringConnectionId"] == peering_id


# --- Stale rules ---


def test_the_status_is_that_of_now(place: Place) -> None:
    peering_id = place.peered()
    rule = place.allow()
    place.account.call("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    assert place.shown_pair()["PeeringStatus"] == "deleted"
    assert place.shown_rule(rule["SecurityGroupRuleId"])["PeeringStatus"] == "deleted"
    assert place.shown_pair()["VpcPeeringConnectionId"] == peering_id


STALE = pytest.mark.parametrize("gone", ["the group", "the connection", "both"])


def make_stale(place: Place, gone: str) -> dict[str, Any]:
    peering_id = place.peered()
    rule = place.allow()
    if gone != "the group":
        place.account.call("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    if gone != "the connection":
        place.account.call("DeleteSecurityGroup", GroupId=place.app)
    return rule


@STALE
def test_a_stale_rule_is_revoked_by_id(place: Place, gone: str) -> None:
    rule = make_stale(place, gone)
    answer = place.account.call(
        "RevokeSecurityGroupIngress", GroupId=place.web, SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]]
    )
    assert answer["RevokedSecurityGroupRules"][0]["ReferencedGroupId"] == place.app
    assert place.account.rule_ids(place.web) == []


@STALE
def test_a_stale_rule_is_revoked_as_it_is_described(place: Place, gone: str) -> None:
    make_stale(place, gone)
    shown = place.account.described(place.web)["IpPermissions"]
    assert shown[0]["UserIdGroupPairs"][0]["PeeringStatus"] == ("active" if gone == "the group" else "deleted")
    place.account.call("RevokeSecurityGroupIngress", GroupId=place.web, IpPermissions=shown)
    assert place.account.rule_ids(place.web) == []


@STALE
def test_a_stale_rule_is_revoked_as_stale_groups_describes_it(place: Place, gone: str) -> None:
    """Recorded: peered-reference-and-stale-groups.json, pairs without UserId."""
    make_stale(place, gone)
    (stale,) = place.account.call("DescribeStaleSecurityGroups", VpcId=place.here)["StaleSecurityGroupSet"]
    place.account.call("RevokeSecurityGroupIngress", GroupId=place.web, IpPermissions=stale["StaleIpPermissions"])
    assert place.account.rule_ids(place.web) == []


@STALE
def test_a_stale_rule_can_be_described_anew_but_not_modified(place: Place, gone: str) -> None:
    rule = make_stale(place, gone)
    rule_id = rule["SecurityGroupRuleId"]
    shown = place.account.described(place.web)["IpPermissions"]
    shown[0]["UserIdGroupPairs"][0]["Description"] = "stale"
    place.account.call("UpdateSecurityGroupRuleDescriptionsIngress", GroupId=place.web, IpPermissions=shown)
    assert place.shown_pair()["Description"] == "stale"
    wanted = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "ReferencedGroupId": place.app}
    rules = [{"SecurityGroupRuleId": rule_id, "SecurityGroupRule": wanted}]
    code, _ = place.account.refused("ModifySecurityGroupRules", GroupId=place.web, SecurityGroupRules=rules)
    assert code == "InvalidGroup.NotFound"


@pytest.mark.parametrize("said", [{"VpcId": "vpc-0a"}, {"VpcPeeringConnectionId": "pcx-0a"}])
def test_a_revoke_that_says_otherwise_finds_nothing(place: Place, said: dict[str, str]) -> None:
    make_stale(place, "both")
    for name in ("RevokeSecurityGroupIngress", "UpdateSecurityGroupRuleDescriptionsIngress"):
        request = {"GroupId": place.web, "IpPermissions": place.pair(**said)}
        assert place.account.refused(name, **request) == NOT_FOUND


# --- Modified ---


def test_a_modified_rule_may_name_another_vpcs_group_and_back(place: Place) -> None:
    peering_id = place.peered()
    (rule_id,) = place.account.allow(place.web, permission("tcp", 22, place.web))
    for group_id, expected in (
        (place.app, {"VpcId": place.there, "VpcPeeringConnectionId": peering_id, "PeeringStatus": "active"}),
        (place.web, {}),
    ):
        wanted = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "ReferencedGroupId": group_id}
        rules = [{"SecurityGroupRuleId": rule_id, "SecurityGroupRule": wanted}]
        place.account.call("ModifySecurityGroupRules", GroupId=place.web, SecurityGroupRules=rules)
        assert place.shown_pair() == {"GroupId": group_id, "UserId": ACCOUNT} | expected


def test_a_new_connection_takes_the_old_ones_place(place: Place) -> None:
    rule = make_stale(place, "the connection")
    peering_id = place.peered()
    wanted = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "ReferencedGroupId": place.app}
    rules = [{"SecurityGroupRuleId": rule["SecurityGroupRuleId"], "SecurityGroupRule": wanted}]
    place.account.call("ModifySecurityGroupRules", GroupId=place.web, SecurityGroupRules=rules)
    assert place.shown_pair()["VpcPeeringConnectionId"] == peering_id
    assert place.account.call("DescribeStaleSecurityGroups", VpcId=place.here)["StaleSecurityGroupSet"] == []
