"""What holds of rules for all requests, on the plain store: what is left, what is refused, what is the same."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from account import Account
from plain_store import PlainStore
from ringwall.domain.errors import ServiceError
from ringwall.domain.quota import NO_LIMITS

QUICK = settings(max_examples=60, deadline=None)

# Few values, so that what is drawn twice often means the same.
PROTOCOLS = {
    "tcp": ["tcp", "TCP", "6", "06"],
    "udp": ["udp", "Udp", "17"],
    "icmp": ["icmp", "ICMP", "1", "001"],
    "icmpv6": ["icmpv6", "58"],
    "-1": ["-1"],
    "47": ["47", "047"],
}
RANGES = {"tcp": [(22, 22), (0, 65535)], "udp": [(53, 53)], "icmp": [(8, -1), (-1, -1)], "icmpv6": [(128, 0)]}
CIDRS = {
    "10.0.0.0/8": ["10.0.0.0/8", "10.1.2.3/8"],
    "192.0.2.1/32": ["192.0.2.1/32"],
    "::/0": ["::/0", "2001:db8::/0"],
    "2001:db8::/32": ["2001:db8::/32", "2001:0DB8:0::1/32"],
}
PREFIX_LISTS = ["pl-63a5400a", "pl-02cd2c6b"]

SOURCES = {
    "IpRanges": "CidrIpv4",
    "Ipv6Ranges": "CidrIpv6",
    "PrefixListIds": "PrefixListId",
    "UserIdGroupPairs": "ReferencedGroupId",
}

# A rule as people mean it: protocol, range, source.
rules = st.one_of(
    *(
        st.tuples(
            st.just(protocol),
            st.sampled_from(RANGES.get(protocol, [(-1, -1)])),
            st.sampled_from([*CIDRS, *PREFIX_LISTS, "itself", "other"]),
        )
        for protocol in PROTOCOLS
    )
)
Rule = tuple[str, tuple[int, int], str]


class Group:
    """A group to write rules into, and another one to name."""

    def __init__(self, *, in_default_vpc: bool) -> None:
        self.account = Account(PlainStore(), quota=NO_LIMITS)
        place = {} if in_default_vpc else {"VpcId": self.account.vpc()}
        self.ids = {"itself": self.account.group("itself", **place), "other": self.account.group("other", **place)}
        self.group_id = self.ids["itself"]

    def spelled(self, rule: Rule, choice: random.Random) -> dict[str, Any]:
        """A permission that means the rule, in one of its spellings."""
        protocol, (from_port, to_port), source = rule
        permission: dict[str, Any] = {"IpProtocol": choice.choice(PROTOCOLS[protocol])}
        if protocol in RANGES or choice.random() < 0.5:
            permission |= {"FromPort": from_port, "ToPort": to_port}
        if source in CIDRS:
            text = choice.choice(CIDRS[source])
            key, member = ("Ipv6Ranges", "CidrIpv6") if ":" in text else ("IpRanges", "CidrIp")
            return permission | {key: [{member: text}]}
        if source in PREFIX_LISTS:
            return permission | {"PrefixListIds": [{"PrefixListId": source}]}
        return permission | {"UserIdGroupPairs": [{"GroupId": self.ids[source]}]}

    def authorize(self, named: list[Rule], choice: random.Random) -> None:
        permissions = [self.spelled(rule, choice) for rule in named]
        self.account.call("AuthorizeSecurityGroupIngress", GroupId=self.group_id, IpPermissions=permissions)

    def revoke(self, named: list[Rule], choice: random.Random) -> dict[str, Any]:
        permissions = [self.spelled(rule, choice) for rule in named]
        return self.account.call("RevokeSecurityGroupIngress", GroupId=self.group_id, IpPermissions=permissions)

    def modify(self, wanted: dict[str, Rule], choice: random.Random) -> None:
        """Each of these rules, by its id, says this."""
        given = []
        for rule_id, each in wanted.items():
            permission = self.spelled(each, choice)
            for member, name in SOURCES.items():
                for source in permission.pop(member, ()):
                    (permission[name],) = source.values()
            given.append({"SecurityGroupRuleId": rule_id, "SecurityGroupRule": permission})
        self.account.call("ModifySecurityGroupRules", GroupId=self.group_id, SecurityGroupRules=given)

    def held(self) -> set[Rule]:
        """The rules as people mean them."""
        return set(self.held_by_id().values())

    def held_by_id(self) -> dict[str, Rule]:
        """The rules as people mean them, by their ids."""
        names = {group_id: name for name, group_id in self.ids.items()}
        filters = [{"Name": "group-id", "Values": [self.group_id]}]
        shown = self.account.call("DescribeSecurityGroupRules", Filters=filters)["SecurityGroupRules"]
        return {
            rule["SecurityGroupRuleId"]: (
                rule["IpProtocol"],
                (rule["FromPort"], rule["ToPort"]),
                _source(rule, names),
            )
            for rule in shown
            if not rule["IsEgress"]
        }


def _source(rule: dict[str, Any], names: dict[str, str]) -> str:
    if "ReferencedGroupInfo" in rule:
        return names[rule["ReferencedGroupInfo"]["GroupId"]]
    return next(rule[member] for member in ("CidrIpv4", "CidrIpv6", "PrefixListId") if member in rule)


some_rules = st.lists(rules, unique=True, max_size=8)


@QUICK
@given(before=some_rules, others=st.lists(rules, unique=True, max_size=2), seed=st.randoms(use_true_random=False))
@pytest.mark.parametrize("in_default_vpc", [False, True])
def test_what_is_left_is_what_was_there_without_what_was_named(
    in_default_vpc: bool, before: list[Rule], others: list[Rule], seed: random.Random
) -> None:
    named = [rule for rule in before if seed.random() < 0.5] + [rule for rule in others if rule not in before]
    assume(named)
    group = Group(in_default_vpc=in_default_vpc)
    if before:
        group.authorize(before, seed)
    egress = group.account.rule_ids(group.group_id, egress=True)
    if in_default_vpc:
        answer = group.revoke(named, seed)
        unknown = answer.get("UnknownIpPermissions", [])
        lists = ("IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs")
        assert len(answer["RevokedSecurityGroupRules"]) == len(set(before) & set(named))
        assert sum(len(each[name]) for each in unknown for name in lists) == len(set(named) - set(before))
        assert group.held() == set(before) - set(named)
    elif set(named) <= set(before):
        group.revoke(named, seed)
        assert group.held() == set(before) - set(named)
    else:
        with pytest.raises(ServiceError) as caught:
            group.revoke(named, seed)
        assert caught.value.code == "InvalidPermission.NotFound"
        assert group.held() == set(before)
    assert group.account.rule_ids(group.group_id, egress=True) == egress


@QUICK
@given(authorized=st.lists(rules, unique=True, min_size=1, max_size=8), seed=st.randoms(use_true_random=False))
def test_what_describe_shows_revokes_everything(authorized: list[Rule], seed: random.Random) -> None:
    group = Group(in_default_vpc=False)
    group.authorize(authorized, seed)
    shown = group.account.described(group.group_id)["IpPermissions"]
    answer = group.account.call("RevokeSecurityGroupIngress", GroupId=group.group_id, IpPermissions=shown)
    assert len(answer["RevokedSecurityGroupRules"]) == len(authorized)
    assert group.held() == set()


@QUICK
@given(authorized=some_rules, again=rules, seed=st.randoms(use_true_random=False))
def test_no_spelling_makes_a_rule_twice(authorized: list[Rule], again: Rule, seed: random.Random) -> None:
    group = Group(in_default_vpc=True)
    group.authorize([*authorized, again] if again not in authorized else authorized, seed)
    with pytest.raises(ServiceError) as caught:
        group.authorize([again], seed)
    assert caught.value.code == "InvalidPermission.Duplicate"
    with pytest.raises(ServiceError) as caught:
        group.revoke([again, again], seed)
    assert caught.value.message == "The same permission must not appear multiple times"


def _kind(rule: Rule) -> str:
    source = rule[2]
    if source in CIDRS:
        return "IPv6" if ":" in source else "IPv4"
    return "list" if source in PREFIX_LISTS else "group"


class Rules(RuleBasedStateMachine):
    """Authorize, revoke and modify in any order, by permissions and by ids, against rules as people mean them."""

    @initialize(in_default_vpc=st.booleans())
    def begin(self, in_default_vpc: bool) -> None:
        """An empty group."""
        self.group = Group(in_default_vpc=in_default_vpc)
        self.in_default_vpc = in_default_vpc
        self.model: set[Rule] = set()
        self.choice = random.Random(1)

    @rule(named=st.lists(rules, unique=True, min_size=1, max_size=4))
    def authorize(self, named: list[Rule]) -> None:
        """All or none, none if one is there."""
        if self.model & set(named):
            with pytest.raises(ServiceError):
                self.group.authorize(named, self.choice)
        else:
            self.group.authorize(named, self.choice)
            self.model |= set(named)

    @rule(named=st.lists(rules, unique=True, min_size=1, max_size=4))
    def revoke(self, named: list[Rule]) -> None:
        """Outside the default VPC all or none; in it what is there."""
        if self.in_default_vpc or set(named) <= self.model:
            self.group.revoke(named, self.choice)
            self.model -= set(named)
        else:
            with pytest.raises(ServiceError):
                self.group.revoke(named, self.choice)

    @rule(data=st.data())
    def revoke_by_id(self, data: st.DataObject) -> None:
        """Exactly those ids."""
        held = self.group.account.rule_ids(self.group.group_id)
        if held:
            doomed = data.draw(st.lists(st.sampled_from(held), unique=True, min_size=1))
            answer = self.group.account.call(
                "RevokeSecurityGroupIngress", GroupId=self.group.group_id, SecurityGroupRuleIds=doomed
            )
            assert [each["SecurityGroupRuleId"] for each in answer["RevokedSecurityGroupRules"]] == doomed
            assert set(self.group.account.rule_ids(self.group.group_id)) == set(held) - set(doomed)
            self.model = self.group.held()

    @rule(data=st.data(), wanted=st.lists(rules, min_size=1, max_size=3))
    def modify(self, data: st.DataObject, wanted: list[Rule]) -> None:
        """All or none: kinds stay, and no two rules may be the same afterwards."""
        held = self.group.held_by_id()
        if not held:
            return
        chosen = data.draw(st.permutations(sorted(held)))[: len(wanted)]
        # Often the rules change places among themselves.
        if data.draw(st.booleans()):
            wanted = data.draw(st.permutations([held[rule_id] for rule_id in chosen]))
        change = dict(zip(chosen, wanted, strict=False))
        after = held | change
        kinds_stay = all(_kind(held[rule_id]) == _kind(each) for rule_id, each in change.items())
        if kinds_stay and len(set(after.values())) == len(after):
            self.group.modify(change, self.choice)
            assert self.group.held_by_id() == after
            self.model = set(after.values())
        else:
            with pytest.raises(ServiceError):
                self.group.modify(change, self.choice)
            assert self.group.held_by_id() == held

    @invariant()
    def agrees(self) -> None:
        """The group holds what the model holds."""
        if hasattr(self, "group"):
            assert self.group.held() == self.model


TestRules = Rules.TestCase
TestRules.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)
