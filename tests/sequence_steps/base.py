"""The stack that is asked, the model that judges, and what both are told apart by."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import botocore_judge as judge
from account import ACCOUNT, Account
from plain_model import Answer, Limits, Model, Refused, Request, grouped
from plain_model.base import Interface
from ringwall.domain.errors import DryRunOperation, ServiceError
from ringwall.domain.quota import Quota
from ringwall.operations.table import OPERATIONS
from ringwall.store.sqlite import open_ephemeral
from ringwall.wire.fault import fault
from ringwall.wire.request import parse, parse_query
from ringwall.wire.response import serialize
from stores import Driven

AWS_LISTS = {
    "pl-63a5400a": 1,
    "pl-02cd2c6b": 1,
    "pl-3b927c52": 55,
    "pl-09f90e410b133fe9f": 1,
    "pl-0e4bcff02b13bef1e": 1,
}
KEYS: dict[str, tuple[str, Callable[[Answer], Any]]] = {
    "DescribeSecurityGroups": ("SecurityGroups", lambda each: each["GroupId"]),
    "DescribeSecurityGroupRules": ("SecurityGroupRules", lambda each: each["SecurityGroupRuleId"]),
    "DescribeVpcs": ("Vpcs", lambda each: each["VpcId"]),
    "DescribeSubnets": ("Subnets", lambda each: each["SubnetId"]),
    "DescribeNetworkInterfaces": ("NetworkInterfaces", lambda each: each["NetworkInterfaceId"]),
    "DescribeVpcPeeringConnections": ("VpcPeeringConnections", lambda each: each["VpcPeeringConnectionId"]),
    "DescribeManagedPrefixLists": ("PrefixLists", lambda each: each["PrefixListId"]),
    "DescribeSecurityGroupVpcAssociations": (
        "SecurityGroupVpcAssociations",
        lambda each: (each["GroupId"], each["VpcId"]),
    ),
    "DescribeTags": ("Tags", lambda each: (each["ResourceId"], each["Key"])),
    "DescribeInstances": ("Reservations", lambda each: each["Instances"][0]["InstanceId"]),
    "DescribePrefixLists": ("PrefixLists", lambda each: each["PrefixListId"]),
    "DescribeStaleSecurityGroups": ("StaleSecurityGroupSet", lambda each: each["GroupId"]),
    "GetSecurityGroupsForVpc": ("SecurityGroupForVpcs", lambda each: each["GroupId"]),
    "GetManagedPrefixListEntries": ("Entries", lambda each: each["Cidr"]),
    "GetManagedPrefixListAssociations": ("PrefixListAssociations", lambda each: each["ResourceId"]),
}
"""Where an answer that comes in pages has its items, and what they are told apart by."""

WHOLE = list(KEYS)[:9]
TAGGED = {"SecurityGroups": "Tags", "SecurityGroupRules": "Tags", "Vpcs": "Tags", "Subnets": "Tags",
          "NetworkInterfaces": "TagSet", "VpcPeeringConnections": "Tags", "PrefixLists": "Tags"}  # fmt: skip

tag_lists = st.lists(
    st.fixed_dictionaries({"Key": st.sampled_from(["a", "b"] * 8 + ["c", "aws:x"]), "Value": st.sampled_from("xy")}),
    min_size=1, max_size=2,
)  # fmt: skip


class Stack:
    """The service without its HTTP."""

    def __init__(self, store: Any, limits: Limits) -> None:
        self.account = Account(
            store,
            quota=Quota(
                groups_per_region_max=limits.groups,
                rules_per_group_max=limits.rules,
                groups_per_interface_max=limits.groups_per_interface,
                vpcs_per_region_max=limits.vpcs,
                ipv4_blocks_per_vpc_max=limits.ipv4_blocks,
                ipv6_blocks_per_vpc_max=limits.ipv6_blocks,
                subnets_per_vpc_max=limits.subnets,
                interfaces_per_region_max=limits.interfaces,
                prefix_lists_per_region_max=limits.prefix_lists,
                entries_per_prefix_list_max=limits.entries,
                versions_per_prefix_list_max=limits.versions,
                prefix_list_references_max=limits.list_references,
                peerings_per_vpc_max=limits.peerings,
                pending_peerings_per_vpc_max=limits.pending_peerings,
                tags_per_resource_max=limits.tags,
            ),
        )

    def ask(self, action: str, request: Request) -> Answer:
        """The answer, or the refusal as ("Error", …), as botocore reads them."""
        try:
            parsed = parse(parse_query(judge.form(judge.flat(action, request))))
            if parsed.dry_run:
                OPERATIONS[parsed.action].vet(parsed.request)
                raise DryRunOperation
            answer = self.account.call(parsed.action, **parsed.request)
        except ServiceError as error:
            return judge.read(action, *fault(error, "r", judge.service_of(action)))
        return judge.read(action, 200, serialize(action, parsed.version, answer, "r"))


def parsed_service(action: str) -> str:
    return judge.service_of(action)


def step(weight: int = 1, **strategies: st.SearchStrategy[Any]) -> Callable[[Any], Any]:
    """Marks a method as one step of a sequence; it is called with `data` and what these draw."""

    def mark(method: Any) -> Any:
        method.strategies, method.weight = strategies, weight
        return method

    return mark


class Steps(RuleBasedStateMachine):
    """A furnished account and the comparison; the subjects' steps are mixed in."""

    told: ClassVar[Counter[tuple[str, str]]]
    """How often each operation was called, by "" or the refusal's code; what only checks the state isn't counted."""

    seen: ClassVar[Counter[str]]
    """After how many steps the state was of each of the kinds that `sights` names."""

    names: ClassVar[list[str]]
    limits: ClassVar[Limits] = Limits()

    def __init_subclass__(cls) -> None:
        cls.told, cls.seen = Counter(), Counter()
        weights = {name: getattr(getattr(cls, name), "weight", 0) for name in dir(cls)}
        cls.names = [name for name in sorted(weights) for _ in range(weights[name])]

    def store(self) -> Any:
        """A new, empty store, in memory."""
        return Driven(open_ephemeral())

    def close(self, store: Any) -> None:
        """Ends the store."""
        store.close()

    @initialize()
    def begin(self) -> None:
        """The region's default VPC, a machine in it, and what `furnish` adds."""
        self.stack = Stack(self.store(), self.limits)
        account = self.stack.account
        zones = ["us-east-1a", "us-east-1b", "us-east-1c"]
        self.model = Model(self.stack.ask, self.limits, account.now, AWS_LISTS, zones, ACCOUNT)
        self.model.learn_default_vpc(account.default_vpc_id)
        self.walks: list[Any] = []
        self.steps = 0
        self.furnish()

    @rule(data=st.data())
    def next_step(self, data: st.DataObject) -> None:
        """Any step, as likely as its weight says; of several rules Hypothesis would leave most out of a sequence."""
        name = data.draw(st.sampled_from(self.names))
        method = getattr(self, name)
        method(data, **{key: data.draw(each) for key, each in method.strategies.items()})

    def furnish(self) -> None:
        """Something of every kind that the steps are about."""

    def enrol(self, subnet_id: str) -> None:
        """A host in the subnet, as an agent would bring it."""
        subnet = self.model.subnets[subnet_id]
        group = self.model.default_group(subnet.vpc_id)
        address = subnet.block.rsplit(".", 1)[0] + ".10"
        host, shown = self.stack.account.enrolled(subnet.subnet_id, [group.group_id], 1, (address,))
        interface_id = shown.interface_id
        assert shown.attachment is not None
        self.model.interfaces[interface_id] = Interface(
            interface_id, subnet.subnet_id, subnet.vpc_id, [group.group_id], [address], [], "", False, host.instance_id,
            shown.attachment.attachment_id,
        )  # fmt: skip

    # --- What is drawn ---

    def any_of(self, data: st.DataObject, kind: str, odd: int = 25) -> str:
        """An id of what exists, once in a while of what doesn't, or of what can't."""
        chance = data.draw(st.integers(0, odd))
        known = self.model.ids(kind)
        if chance == odd // 2 or not known:
            return f"{kind}-0"
        return f"{kind}-nohex" if chance == odd // 3 else data.draw(st.sampled_from(known))

    def choose(self, data: st.DataObject, good: Sequence[Any], *bad: Any, odds: int = 12) -> Any:
        """One of the good, or once in so many times one of the bad."""
        if bad and self.perhaps(data, odds):
            return data.draw(st.sampled_from(bad))
        return data.draw(st.sampled_from(list(good)))

    def perhaps(self, data: st.DataObject, odds: int = 3) -> bool:
        """Once in so many times; not at an end of the range, which is drawn more often."""
        return data.draw(st.integers(0, odds)) == (odds + 1) // 2

    def tags(self, data: st.DataObject, kind: str) -> Request:
        """TagSpecifications, sometimes."""
        if not self.perhaps(data, 5):
            return {}
        wrong = self.choose(data, [kind], "volume", odds=6)
        return {"TagSpecifications": [{"ResourceType": wrong, "Tags": data.draw(tag_lists)}]}

    def pass_time(self, seconds: int) -> None:
        """For the service and for the model."""
        self.stack.account.now += seconds
        self.model.pass_time(seconds)

    # --- What is compared ---

    def do(self, action: str, request: Request, data: st.DataObject | None = None) -> Answer | None:
        """The answer, if both the stack and the model give it; None if both refuse. With data a dry run at times."""
        shape = judge.model(action).input_shape
        if data is not None and shape and "DryRun" in shape.members and self.perhaps(data, 25):
            request = request | {"DryRun": True}
        said = self.compare(action, request, lambda said: self.model.ask(action, request, said))
        if any(held.rule_id is None for group in self.model.groups.values() for held in group.rules.values()):
            self.check("DescribeSecurityGroupRules")
        return said

    def compare(self, action: str, request: Request, judged: Callable[[Answer], Answer]) -> Answer | None:
        said = self.stack.ask(action, request)
        error = said.get("Error")
        self.told[action, error["Code"] if error else ""] += 1
        try:
            expected = judged({name: value for name, value in said.items() if name != "ResponseMetadata"})
        except Refused as refused:
            assert error, (action, request, refused.args, said)
            right = [(code, error["Message"] if text is None else text) for code, text in refused.args]
            assert (error["Code"], error["Message"]) in right, (action, request, right, error)
            return None
        except AssertionError as failure:
            raise AssertionError((action, request, said)) from failure
        assert error is None, (action, request, error)
        assert_holds(said, expected, (action, request))
        return said

    def check(self, action: str, request: Request | None = None, only: Callable[[Answer], bool] | None = None) -> None:
        """Has a Describe show what the model holds."""
        asked = request or {}
        said = self.stack.ask(action, asked)
        assert "Error" not in said, (action, asked, said)
        member, key_of = KEYS[action]
        shown = {key_of(each): each for each in said[member]}
        assert len(shown) == len(said[member]), (action, shown)
        if action == "DescribeSecurityGroupRules":
            self.learn_rule_ids(said[member])
        held = self.model.everything(action, asked)
        if only:
            held = {key: each for key, each in held.items() if only(each or {})}
        assert shown.keys() == held.keys(), (action, asked, shown.keys() ^ held.keys())
        for key, expected in held.items():
            assert_holds(shown[key], expected or {}, (action, key))
            if member in TAGGED and isinstance(key, str) and key not in AWS_LISTS:
                tags = {each["Key"]: each["Value"] for each in shown[key].get(TAGGED[member], [])}
                assert tags == self.model.tags.get(key, {}), (action, key, tags)
            if action == "DescribeSecurityGroups":
                self.check_permissions(shown[key])
            if action == "DescribeStaleSecurityGroups":
                self.check_stale(shown[key])
            if action == "DescribeVpcs":
                self.check_blocks(shown[key])

    def learn_rule_ids(self, shown: list[Answer]) -> None:
        """Of rules that came with a group nobody was told the ids."""
        for group in self.model.groups.values():
            for key, held in group.rules.items():
                if held.rule_id is None:
                    (same,) = [each for each in shown if each["GroupId"] == group.group_id and key_of_rule(each) == key]
                    held.rule_id = same["SecurityGroupRuleId"]

    def check_permissions(self, shown: Answer) -> None:
        found = grouped(shown["IpPermissions"], False) | grouped(shown["IpPermissionsEgress"], True)
        assert found == self.model.shown_permissions(self.model.groups[shown["GroupId"]])

    def check_stale(self, shown: Answer) -> None:
        """The rules that are stale, over which connection."""
        found = {}
        for egress, member in ((False, "StaleIpPermissions"), (True, "StaleIpPermissionsEgress")):
            for each in shown.get(member, []):
                for pair in each["UserIdGroupPairs"]:
                    traffic = each["IpProtocol"], each.get("FromPort", -1), each.get("ToPort", -1)
                    found[egress, *traffic, pair["GroupId"]] = pair.get("VpcPeeringConnectionId")
        held = self.model.shown_permissions(self.model.groups[shown["GroupId"]], only_stale=True)
        assert found == {key: way for key, (_, way) in held.items()}

    def check_blocks(self, shown: Answer) -> None:
        found = {each["AssociationId"]: each["CidrBlock"] for each in shown["CidrBlockAssociationSet"]}
        sixth = shown.get("Ipv6CidrBlockAssociationSet", [])
        found |= {each["AssociationId"]: each["Ipv6CidrBlock"] for each in sixth}
        assert found == self.model.vpcs[shown["VpcId"]].blocks

    @invariant()
    def everything_is_as_the_model_says(self) -> None:
        """All that can be listed: a third of it after each step, the whole at the end."""
        if hasattr(self, "model"):
            self.seen.update(self.sights())
            self.steps += 1
            for action in WHOLE[self.steps % 3 :: 3]:
                self.check(action)
            if self.model.vpcs:
                vpc_id = self.model.ids("vpc")[self.steps % len(self.model.vpcs)]
                self.check("DescribeStaleSecurityGroups", {"VpcId": vpc_id})

    def sights(self) -> Iterator[str]:
        """What a run should come by now and then."""
        model = self.model
        yield from {f"a peering connection {each.status}" for each in model.peerings.values()}
        yield from {f"a prefix list {each.state}" for each in model.prefix_lists.values()}
        if any(model.stale_of(each) for each in model.groups):
            yield "a stale rule"
        if any(held.way and held.way[1] is None for group in model.groups.values() for held in group.rules.values()):
            yield "a rule over an association"
        if any(
            each.vpc_id != model.groups[group_id].vpc_id
            for each in model.interfaces.values()
            for group_id in each.group_ids
        ):
            yield "a group carried in another VPC"
        if any(each.place for each in model.interfaces.values()):
            yield "an interface behind a host"
        if model.default_vpc is None:
            yield "no default VPC"
        if self.walks:
            yield "pages half read"

    def teardown(self) -> None:
        if hasattr(self, "stack"):
            if sys.exc_info()[0] is None:
                for action in WHOLE:
                    self.check(action)
            self.close(self.stack.account.store)


def assert_holds(said: Any, expected: Any, about: Any) -> None:
    """Passes if everything expected is there; what is expected as None is absent, lists are whole."""
    if isinstance(expected, dict):
        for name, each in expected.items():
            if each is None:
                assert name not in said, (about, name, said)
            else:
                assert name in said, (about, name, said)
                assert_holds(said[name], each, (about, name))
    elif isinstance(expected, list):
        assert len(said) == len(expected), (about, said, expected)
        for one, other in zip(said, expected, strict=True):
            assert_holds(one, other, about)
    else:
        assert said == expected, (about, said, expected)


def key_of_rule(shown: Answer) -> tuple[Any, ...]:
    """The identity of a rule that is shown alone."""
    names = ("CidrIpv4", "CidrIpv6", "PrefixListId", "ReferencedGroupInfo")
    (source,) = (shown[name] for name in names if name in shown)
    source = source["GroupId"] if isinstance(source, dict) else source
    return shown["IsEgress"], shown["IpProtocol"], shown["FromPort"], shown["ToPort"], source
