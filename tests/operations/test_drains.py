"""What becomes of live flows when a rule is revoked: who says so, what drains, and how that ends."""

from __future__ import annotations

from typing import Any

import pytest

from account import ABSENT, Account, permission
from ringwall.domain.errors import ServiceError
from ringwall.domain.tags import OnRevoke
from ringwall.operations import drains
from ringwall.operations.draining import DRAIN_SECONDS_MAX, end_over
from ringwall.operations.hosts import host_state

KEEP = [{"Key": "ringwall:on-revoke", "Value": "keep"}]
INGRESS = "RevokeSecurityGroupIngress"
PLACE = ("123456789012", "us-east-1")


class World:
    """A host that carries a group, which revokes with `keep` and admits ssh from 10.0.0.0/8."""

    def __init__(self, account: Account) -> None:
        self.account = account
        vpc_id = account.vpc()
        subnet_id = account.call("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
        specification = [{"ResourceType": "security-group", "Tags": KEEP}]
        self.group_id = account.group("kept", VpcId=vpc_id, TagSpecifications=specification)
        self.host, self.interface = account.enrolled(subnet_id, [self.group_id])
        (self.ssh,) = account.allow(self.group_id, permission("tcp", 22, "10.0.0.0/8"))

    def revoke(self, *rule_ids: str, on_revoke: OnRevoke | None = None) -> drains.Revoked:
        revoked: drains.Revoked = self.account.store.write(
            lambda tx: drains.revoke(self.account.context(tx), self.group_id, rule_ids, on_revoke)
        ).result
        return revoked

    def draining(self) -> list[str]:
        return [each.rule.rule_id for each in self.account.store.read(lambda r: r.draining_rules(*PLACE))]

    def told(self) -> frozenset[str]:
        """What the host is told of the group."""
        state = self.account.store.read(lambda r: host_state(r, *PLACE, self.host.instance_id))
        found: frozenset[str] = state.groups[self.group_id].draining
        return found

    def settle(self, left: int | None, seconds: int = 0) -> tuple[str, ...]:
        """What ends when the host says that so many flows are left, so long after."""
        now = self.account.now + seconds
        ended: tuple[str, ...] = self.account.store.write(lambda tx: end_over(tx, *PLACE, now, lambda *_: left)).result
        return ended


@pytest.fixture
def world(account: Account) -> World:
    return World(account)


def test_the_tag_decides_for_ec2s_calls(world: World) -> None:
    account = world.account
    account.call(INGRESS, GroupId=world.group_id, SecurityGroupRuleIds=[world.ssh])
    assert world.draining() == [world.ssh]
    assert world.told() == {world.ssh}
    assert account.rule_ids(world.group_id) == []
    (row,) = account.store.read(lambda r: r.draining_rules(*PLACE))
    assert (row.rule.peer.value, row.revoked_at) == ("10.0.0.0/8", account.now)

    account.call("CreateTags", Resources=[world.group_id], Tags=[{"Key": "ringwall:on-revoke", "Value": "cut"}])
    (again,) = account.allow(world.group_id, permission("tcp", 23, "10.0.0.0/8"))
    account.call(INGRESS, GroupId=world.group_id, SecurityGroupRuleIds=[again])
    account.call("DeleteTags", Resources=[world.group_id], Tags=[{"Key": "ringwall:on-revoke"}])
    (third,) = account.allow(world.group_id, permission("tcp", 24, "10.0.0.0/8"))
    account.call(INGRESS, GroupId=world.group_id, SecurityGroupRuleIds=[third])
    assert world.draining() == [world.ssh]


@pytest.mark.parametrize(("on_revoke", "drained"), [(None, 2), (OnRevoke.KEEP, 2), (OnRevoke.CUT, 0)])
def test_the_call_goes_before_the_tag(world: World, on_revoke: OnRevoke | None, drained: int) -> None:
    (egress,) = world.account.allow(world.group_id, permission("udp", 53, "10.0.0.0/8"), egress=True)
    revoked = world.revoke(world.ssh, egress, on_revoke=on_revoke)
    assert [rule.rule_id for rule in revoked.rules] == [world.ssh, egress]
    assert len(revoked.draining) == len(world.draining()) == drained
    assert world.account.rule_ids(world.group_id) == []


@pytest.mark.parametrize(
    ("rule_ids", "code"),
    [
        ([], "MissingParameter"),
        (["nonsense"], "InvalidSecurityGroupRuleId.Malformed"),
        ([ABSENT["sgr"]], "InvalidSecurityGroupRuleId.NotFound"),
        (["ssh", ABSENT["sgr"]], "InvalidSecurityGroupRuleId.NotFound"),
        (["ssh", "ssh"], "InvalidParameterValue"),
    ],
)
def test_what_cannot_be_revoked(world: World, rule_ids: list[str], code: str) -> None:
    before = world.account.picture()
    with pytest.raises(ServiceError) as caught:
        world.revoke(*(world.ssh if each == "ssh" else each for each in rule_ids))
    assert caught.value.code == code
    assert world.account.picture() == before


def test_where_no_host_carries_the_group_nothing_drains(world: World) -> None:
    account = world.account
    lonely = account.group("lonely", TagSpecifications=[{"ResourceType": "security-group", "Tags": KEEP}])
    (rule,) = account.allow(lonely, permission("tcp", 22, "10.0.0.0/8"))
    account.call(INGRESS, GroupId=lonely, SecurityGroupRuleIds=[rule])
    assert world.draining() == []


def test_only_a_revoke_drains(world: World) -> None:
    account = world.account
    changed: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIpv4": "192.0.2.0/24"}
    account.call(
        "ModifySecurityGroupRules",
        GroupId=world.group_id,
        SecurityGroupRules=[{"SecurityGroupRuleId": world.ssh, "SecurityGroupRule": changed}],
    )
    assert world.draining() == []


def test_the_same_rule_again_ends_it_whoever_says_it(world: World) -> None:
    account = world.account
    world.revoke(world.ssh)
    account.allow(world.group_id, permission("tcp", 22, "192.0.2.0/24"))
    assert world.draining() == [world.ssh], "another one"
    (other,) = account.rule_ids(world.group_id)
    same = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIpv4": "10.0.0.0/8"}
    account.call(
        "ModifySecurityGroupRules",
        GroupId=world.group_id,
        SecurityGroupRules=[{"SecurityGroupRuleId": other, "SecurityGroupRule": same}],
    )
    assert world.draining() == []
    world.revoke(other)
    account.allow(world.group_id, permission("tcp", 22, "10.0.0.0/8"))
    assert world.draining() == []
    assert world.told() == frozenset()


def test_it_ends_when_nothing_is_left_or_after_a_week(world: World) -> None:
    world.revoke(world.ssh)
    assert world.settle(None) == world.settle(1) == ()
    assert world.settle(None, DRAIN_SECONDS_MAX - 1) == ()
    assert world.settle(0) == (world.ssh,)
    assert world.told() == frozenset()
    (again,) = world.account.allow(world.group_id, permission("tcp", 22, "10.0.0.0/8"))
    world.revoke(again)
    assert world.settle(None, DRAIN_SECONDS_MAX) == (again,)


def test_it_can_be_ended(world: World) -> None:
    world.revoke(world.ssh)
    account = world.account
    ended = account.store.write(lambda tx: drains.end(account.context(tx), world.ssh)).result
    assert ended.rule_id == world.ssh
    with pytest.raises(ServiceError) as caught:
        account.store.write(lambda tx: drains.end(account.context(tx), world.ssh))
    assert caught.value.code == "InvalidSecurityGroupRuleId.NotFound"


def test_it_goes_with_the_group(world: World) -> None:
    account = world.account
    world.revoke(world.ssh)
    account.call(
        "ModifyNetworkInterfaceAttribute",
        NetworkInterfaceId=world.interface.interface_id,
        Groups=[account.default_group(world.interface.vpc_id)],
    )
    assert world.draining() == [world.ssh]
    account.call("DeleteSecurityGroup", GroupId=world.group_id)
    assert world.draining() == []
