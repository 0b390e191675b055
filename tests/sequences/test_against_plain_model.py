"""Groups and rules in the default VPC and in another, in any order, told apart by nothing from a plain model of EC2.

Each request goes through botocore's serializer, our parser, the operation on a real store, our XML and botocore's
parser. After each step everything that Describe shows is what the model holds.
"""

from __future__ import annotations

import re
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import botocore_judge as judge
from account import Account
from plain_model import Group, Key, Model, Refused, Rule
from ringwall.domain.errors import DryRunOperation, ServiceError
from ringwall.domain.quota import Quota
from ringwall.operations.table import OPERATIONS
from ringwall.store.sqlite import open_ephemeral
from ringwall.wire.fault import fault
from ringwall.wire.request import parse, parse_query
from ringwall.wire.response import serialize
from stores import Driven

RULES_MAX, GROUPS_MAX = 4, 8
SOURCES = {
    "UserIdGroupPairs": "GroupId",
    "IpRanges": "CidrIp",
    "Ipv6Ranges": "CidrIpv6",
    "PrefixListIds": "PrefixListId",
}

# Few values, so that requests meet each other's rules; most of them good.
NAMES = ["web", "app", "WEB", "db ", "default"]
BAD_NAMES = ["default", "sg-web", "a%b", " "]
DESCRIPTIONS = ["for tests"] * 12 + ["", "\u00fc", "a%b"]
NOTES = [None, None, None, None, "note", "other", ""]
GOOD_TRAFFIC = [
    ("tcp", 22, 22), ("TCP", 22, 22), ("6", 22, 22), ("tcp", 20, 30), ("icmp", 8, -1), ("ICMP", 8, -1),
    ("icmp", -1, -1), ("-1", None, None), ("-1", 1, 2), ("47", None, None), ("47", 5, 6), ("58", None, None),
    ("icmpv6", -1, -1), ("tcp", 1, 65535),
]  # fmt: skip
BAD_TRAFFIC = [
    (None, 22, 22), ("all", 22, 22), ("256", None, None), ("tcp", None, 22), ("udp", -1, -1), ("tcp", 9, 8),
    ("udp", 0, 65536), ("icmp", 8, None), ("icmp", -1, 3),
]  # fmt: skip
IPV4 = ["10.0.0.0/8", "10.1.2.3/8", "192.0.2.1/32", "0.0.0.0/0"] * 5 + ["192.0.2.1", "::/0", "10.0.0.0/8\n"]
IPV6 = ["::/0", "2001:db8::/32", "2001:0DB8::1/32"] * 5 + ["::1", "10.0.0.0/8"]
LISTS = ["pl-63a5400a"] * 8 + ["pl-02cd2c6b", "pl-0"]

traffics = st.sampled_from(GOOD_TRAFFIC * 6 + BAD_TRAFFIC)
picks = st.integers(0, 99)
notes = st.sampled_from(NOTES)
sources = st.one_of(
    st.tuples(st.just("IpRanges"), st.sampled_from(IPV4), notes),
    st.tuples(st.just("Ipv6Ranges"), st.sampled_from(IPV6), notes),
    st.tuples(st.just("PrefixListIds"), st.sampled_from(LISTS), notes),
    st.tuples(st.just("UserIdGroupPairs"), picks, notes),
)
permissions = st.lists(
    st.tuples(traffics, st.lists(sources, min_size=1, max_size=2) | st.lists(sources, max_size=1)),
    min_size=1, max_size=2,
)  # fmt: skip
dry_runs = st.sampled_from([{}] * 19 + [{"DryRun": True}])


class Stack:
    """The service without its HTTP."""

    def __init__(self) -> None:
        quota = Quota(rules_per_group_max=RULES_MAX, groups_per_region_max=GROUPS_MAX)
        self.account = Account(Driven(open_ephemeral()), quota=quota)

    def ask(self, action: str, request: dict[str, Any]) -> dict[str, Any]:
        """The answer, or the refusal as ("Error", …), as botocore reads them."""
        try:
            parsed = parse(parse_query(judge.form(judge.flat(action, request))))
            if parsed.dry_run:
                OPERATIONS[parsed.action].check(parsed.request)
                raise DryRunOperation
            answer = self.account.call(parsed.action, **parsed.request)
        except ServiceError as error:
            return judge.read(action, *fault(error, "r", "ec2"))
        return judge.read(action, 200, serialize(action, parsed.version, answer, "r"))


class Sequences(RuleBasedStateMachine):
    """Requests in any order."""

    @initialize()
    def begin(self) -> None:
        """A default VPC and another one, each with its default group."""
        self.stack = Stack()
        default, other = self.stack.account.default_vpc_id, self.stack.account.vpc()
        self.model = Model(default, {default, other}, RULES_MAX, GROUPS_MAX)
        self.places = ["vpc-0", *[default, default, other, other] * 4]
        for shown in self.stack.ask("DescribeSecurityGroups", {})["SecurityGroups"]:
            itself = (False, "-1", -1, -1, shown["GroupId"])
            rules = {itself: Rule(None), (True, "-1", -1, -1, "0.0.0.0/0"): Rule(None)}
            group = Group(shown["GroupId"], "default", "default VPC security group", shown["VpcId"], rules)
            self.model.groups[group.group_id] = group
            self.learn_rule_ids(group)
        for name, place in (("web", 0), ("app", 1), ("web", 2)):
            self.create(name, "for tests", place + 1, {})

    # --- What is asked ---

    def group_id(self, pick: int) -> str:
        """One that exists, mostly."""
        if pick >= 95:
            return ["sg-0", "sg-nohex", "group"][pick % 3]
        return sorted(self.model.groups)[pick % len(self.model.groups)]

    def target(self, pick: int, by_name: bool) -> dict[str, Any]:
        """The group that a request is about."""
        if pick == 94:
            return {}
        if by_name and pick % 5 == 4:
            return {"GroupName": NAMES[pick // 5 % 5]}
        return {"GroupId": self.group_id(pick)}

    def permission(self, traffic: tuple[Any, ...], chosen: list[tuple[str, Any, str | None]]) -> dict[str, Any]:
        """An IpPermission in botocore's members."""
        named = dict(zip(("IpProtocol", "FromPort", "ToPort"), traffic, strict=True))
        made: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
        for list_name, value, note in chosen:
            member = SOURCES[list_name]
            if list_name == "UserIdGroupPairs":
                member, value = self.peer(value)
            item = {member: value} | ({} if note is None else {"Description": note})
            made.setdefault(list_name, []).append(item)
        return made

    def peer(self, pick: int) -> tuple[str, str]:
        """A group as a source: well-formed, since malformed ids are told before all else."""
        known = [*sorted(self.model.groups) * 3, "sg-0"]
        return ("GroupName", NAMES[pick // 5 % 5]) if pick % 5 == 4 else ("GroupId", known[pick % len(known)])

    # --- What is done ---

    def both(self, action: str, request: dict[str, Any], judged: Any) -> tuple[Any, dict[str, Any]] | None:
        """The model's answer and the stack's; None if both refuse alike."""
        answer = self.stack.ask(action, request)
        error = answer.get("Error")
        try:
            expected = judged()
        except Refused as refused:
            assert error, (action, request, refused.args, answer)
            told = [(code, error["Message"] if text is None else text) for code, text in refused.args]
            assert (error["Code"], error["Message"]) in told, (action, request, told, error)
            return None
        assert error is None, (action, request, error)
        return expected, answer

    @rule(
        name=st.sampled_from(NAMES * 4 + BAD_NAMES),
        description=st.sampled_from(DESCRIPTIONS),
        place=picks,
        dry_run=dry_runs,
    )
    def create(self, name: str, description: str, place: int, dry_run: dict[str, bool]) -> None:
        """CreateSecurityGroup."""
        request = {"GroupName": name, "Description": description} | dry_run
        if place:
            request["VpcId"] = self.places[place % len(self.places)]
        if done := self.both("CreateSecurityGroup", request, lambda: self.model.create(request)):
            group, answer = done
            group.group_id = answer["GroupId"]
            assert re.fullmatch("sg-[0-9a-f]{17}", group.group_id)
            assert group.group_id not in self.model.groups
            self.model.groups[group.group_id] = group
            self.learn_rule_ids(group)

    @rule(pick=picks, dry_run=dry_runs)
    def delete(self, pick: int, dry_run: dict[str, bool]) -> None:
        """DeleteSecurityGroup."""
        request = self.target(pick, by_name=True) | dry_run
        if done := self.both("DeleteSecurityGroup", request, lambda: self.model.delete(request)):
            group_id, answer = done
            assert (answer["Return"], answer["GroupId"]) == (True, group_id)

    def changed(self, egress: bool, verb: str, request: dict[str, Any]) -> None:
        judged = {"Authorize": self.model.authorize, "Revoke": self.model.revoke}[verb]
        action = f"{verb}SecurityGroup{'Egress' if egress else 'Ingress'}"
        done = self.both(action, request, lambda: judged(egress, request))
        if done is None:
            return
        expected, answer = done
        assert answer["Return"] is True
        named = answer["SecurityGroupRules" if verb == "Authorize" else "RevokedSecurityGroupRules"]
        assert {each["GroupId"] for each in named} <= {expected[0].group_id}
        if verb == "Authorize":
            for key, (rule_id, note) in single_rules(named).items():
                assert expected[1][key].description == note
                expected[1][key].rule_id = rule_id
            assert len(named) == len(expected[1])
        else:
            held = {key: (rule.rule_id, rule.description) for key, rule in expected[1].items()}
            assert single_rules(named) == held
            assert ("UnknownIpPermissions" in answer) is bool(expected[2])
            assert grouped(answer.get("UnknownIpPermissions", []), egress) == expected[2]

    @rule(egress=st.booleans(), pick=picks, given=permissions, dry_run=dry_runs)
    def authorize(self, egress: bool, pick: int, given: Any, dry_run: dict[str, bool]) -> None:
        """By IpPermissions."""
        asked = {"IpPermissions": [self.permission(*each) for each in given]}
        self.changed(egress, "Authorize", self.target(pick, not egress) | asked | dry_run)

    @rule(egress=st.booleans(), pick=picks, given=permissions, dry_run=dry_runs)
    def revoke(self, egress: bool, pick: int, given: Any, dry_run: dict[str, bool]) -> None:
        """By IpPermissions, made up."""
        asked = {"IpPermissions": [self.permission(*each) for each in given]}
        self.changed(egress, "Revoke", self.target(pick, not egress) | asked | dry_run)

    @rule(
        verb=st.sampled_from(["Revoke", "Revoke", "Authorize"]), egress=st.booleans(), pick=picks, first=picks,
        more=st.none() | traffics, note=st.sampled_from([None, None, "note", "other"]),
    )  # fmt: skip
    def what_is_shown(self, verb: str, egress: bool, pick: int, first: int, more: Any, note: str | None) -> None:
        """A permission as Describe shows it or with another description, alone or with one that may not be there."""
        group_id = sorted(self.model.groups)[pick % len(self.model.groups)]
        (shown,) = self.stack.ask("DescribeSecurityGroups", {"GroupIds": [group_id]})["SecurityGroups"]
        held = shown["IpPermissionsEgress" if egress else "IpPermissions"]
        chosen = [held[first % len(held)]] if held else []
        if note:
            for permission in chosen:
                next(permission[name][0] for name in SOURCES if permission[name])["Description"] = note
        if more:
            chosen.append(self.permission(more, [("IpRanges", "203.0.113.0/24", None)]))
        if chosen:
            self.changed(egress, verb, {"GroupId": group_id, "IpPermissions": chosen})

    @rule(egress=st.booleans(), pick=picks, places=st.lists(picks, min_size=1, max_size=2, unique=True))
    def revoke_by_id(self, egress: bool, pick: int, places: list[int]) -> None:
        """Ids of this group or of others, of either direction."""
        group_id = sorted(self.model.groups)[pick % len(self.model.groups)]
        mine = [str(rule.rule_id) for rule in self.model.groups[group_id].rules.values()]
        others = [str(rule.rule_id) for group in self.model.groups.values() for rule in group.rules.values()]
        pool = mine * 3 + others + ["sgr-0", "10.0.0.1"]
        rule_ids = list(dict.fromkeys(pool[place % len(pool)] for place in places))
        self.changed(egress, "Revoke", {"GroupId": group_id, "SecurityGroupRuleIds": rule_ids})

    @rule(verb=st.sampled_from(["Authorize", "Revoke"]), pick=picks, traffic=traffics,
          source=st.none() | st.sampled_from(IPV4), name=st.none() | st.none() | st.sampled_from(NAMES[:4]),
          alone=st.booleans())  # fmt: skip
    def flat(self, verb: str, pick: int, traffic: Any, source: str | None, name: str | None, alone: bool) -> None:
        """By the flat parameters of ingress."""
        request = self.permission(traffic, []) | ({} if source is None else {"CidrIp": source})
        if name:
            request = {"SourceSecurityGroupName": name} | ({} if alone else request)
        if request:
            self.changed(False, verb, self.target(pick, True) | request)

    # --- What is shown ---

    def learn_rule_ids(self, group: Group) -> None:
        filters = [{"Name": "group-id", "Values": [group.group_id]}]
        shown = self.stack.ask("DescribeSecurityGroupRules", {"Filters": filters})["SecurityGroupRules"]
        for key, (rule_id, _) in single_rules(shown).items():
            group.rules[key].rule_id = rule_id

    @invariant()
    def everything_is_as_the_model_says(self) -> None:
        """All groups, both ways of showing their rules."""
        if not hasattr(self, "model"):
            return
        groups = self.stack.ask("DescribeSecurityGroups", {})["SecurityGroups"]
        assert {each["GroupId"] for each in groups} == self.model.groups.keys()
        for each in groups:
            held = self.model.groups[each["GroupId"]]
            assert (each["GroupName"], each["Description"]) == (held.name, held.description)
            assert each["VpcId"] == held.vpc_id
            shown = grouped(each["IpPermissions"], False) | grouped(each["IpPermissionsEgress"], True)
            assert shown == {key: rule.description for key, rule in held.rules.items()}
        listed = self.stack.ask("DescribeSecurityGroupRules", {})["SecurityGroupRules"]
        assert {each["SecurityGroupRuleId"]: each["GroupId"] for each in listed} == {
            rule.rule_id: group.group_id for group in self.model.groups.values() for rule in group.rules.values()
        }

    def teardown(self) -> None:
        if hasattr(self, "stack"):
            self.stack.account.store.close()


def single_rules(shown: list[dict[str, Any]]) -> dict[Key, tuple[str, str | None]]:
    """Rules shown one by one, with their ids and descriptions."""
    found = {}
    for each in shown:
        (source,) = (each[name] for name in ("CidrIpv4", "CidrIpv6", "PrefixListId", "ReferencedGroupId",
                                             "ReferencedGroupInfo") if name in each)  # fmt: skip
        source = source["GroupId"] if isinstance(source, dict) else source
        key = each["IsEgress"], each["IpProtocol"], each["FromPort"], each["ToPort"], source
        found[key] = each["SecurityGroupRuleId"], each.get("Description")
    assert len(found) == len(shown)
    return found


def grouped(shown: list[dict[str, Any]], egress: bool) -> dict[Key, str | None]:
    """The rules that permissions hold, with their descriptions; each traffic must stand there once, with all lists."""
    found: dict[Key, str | None] = {}
    traffics_shown = [(each["IpProtocol"], each.get("FromPort"), each.get("ToPort")) for each in shown]
    assert len(set(traffics_shown)) == len(traffics_shown)
    for each, (protocol, low, high) in zip(shown, traffics_shown, strict=True):
        assert (low is None) is (high is None) is (protocol not in ("tcp", "udp", "icmp", "icmpv6"))
        for list_name, member in SOURCES.items():
            for item in each[list_name]:
                key = egress, protocol, -1 if low is None else low, -1 if high is None else high, item[member]
                assert key not in found
                found[key] = item.get("Description")
    return found


TestSequences = Sequences.TestCase
TestSequences.settings = settings(
    max_examples=70, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
