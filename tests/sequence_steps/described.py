"""Describes of some, by id and by filter, and pages that are turned while things change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant

from plain_model import SIZES, Answer, Refused, Request

from .base import KEYS, TAGGED, WHOLE, Steps, step

IDS = {
    "DescribeSecurityGroups": ("GroupIds", "sg"),
    "DescribeSecurityGroupRules": ("SecurityGroupRuleIds", "sgr"),
    "DescribeVpcs": ("VpcIds", "vpc"),
    "DescribeSubnets": ("SubnetIds", "subnet"),
    "DescribeNetworkInterfaces": ("NetworkInterfaceIds", "eni"),
    "DescribeVpcPeeringConnections": ("VpcPeeringConnectionIds", "pcx"),
    "DescribeInstances": ("InstanceIds", "i"),
}
IN_VPC = ["DescribeSecurityGroups", "DescribeSubnets", "DescribeNetworkInterfaces"]

BY_TAG = [each for each in WHOLE if KEYS[each][0] in TAGGED and each != "DescribeManagedPrefixLists"]
"""EC2 documents no filter for tags of prefix lists."""


@dataclass
class Walk:
    """A Describe that is read page by page. always: what was there all the time; ever: what was there at some time."""

    action: str
    request: Request
    token: str
    seen: list[Any]
    always: set[Any]
    ever: set[Any]

    def token_of(self, said: Answer) -> bool:
        """Whether there is a next page."""
        self.token = said.get("NextToken", "")
        return bool(self.token)


class DescribeSteps(Steps):
    """What is asked for in part."""

    @step(action=st.sampled_from(sorted(IDS)))
    def by_id(self, data: st.DataObject, action: str) -> None:
        """Those named, all of them or none."""
        member, kind = IDS[action]
        chosen = list(dict.fromkeys(self.any_of(data, kind) for _ in range(data.draw(st.integers(1, 3)))))

        def judged(said: Answer) -> Answer:
            self.model.page_faults(action, request)
            if missing := self.model.absent(kind, *chosen):
                raise Refused(*missing)
            return {}

        request = {member: chosen}
        if said := self.compare(action, request, judged):
            name, key_of = KEYS[action]
            assert sorted(key_of(each) for each in said[name]) == sorted(chosen)

    @step(action=st.sampled_from(IN_VPC))
    def by_vpc(self, data: st.DataObject, action: str) -> None:
        """By the filter vpc-id."""
        vpc_id = self.any_of(data, "vpc")
        self.check(action, {"Filters": [{"Name": "vpc-id", "Values": [vpc_id]}]}, lambda each: each["VpcId"] == vpc_id)

    @step(action=st.sampled_from(BY_TAG))
    def by_tag(self, data: st.DataObject, action: str) -> None:
        """By the filter tag:a."""
        values = data.draw(st.sampled_from([["x"], ["x", "y"], ["*"], ["?"], ["z"]]))
        said = self.stack.ask(action, {"Filters": [{"Name": "tag:a", "Values": values}]})
        name, key_of = KEYS[action]
        held = self.model.everything(action, {})
        wanted = {"x", "y"} if values[0] in "*?" else set(values)
        assert {key_of(each) for each in said[name]} == {
            key for key in held if self.model.tags.get(key, {}).get("a") in wanted
        }

    @step(action=st.sampled_from(sorted(set(KEYS) - set(WHOLE))))
    def of_one(self, data: st.DataObject, action: str) -> None:
        """What belongs to one VPC or list, whole."""
        request = self.about(data, action)
        try:
            self.model.page_faults(action, request)
        except Refused:
            self.first_page(action, request)
        else:
            self.check(action, request)
            self.told[action, ""] += 1

    def about(self, data: st.DataObject, action: str) -> Request:
        if "PrefixListE" in action or "PrefixListA" in action:
            return {"PrefixListId": self.any_of(data, "pl")}
        return {"VpcId": self.any_of(data, "vpc")} if "Stale" in action or "ForVpc" in action else {}

    # --- Pages ---

    @step(weight=2)
    def open_pages(self, data: st.DataObject) -> None:
        """A first page, small, mostly not the only one, or one of a size that isn't allowed."""
        actions = sorted(KEYS)
        long = [each for each in WHOLE if len(self.model.everything(each, {})) > SIZES.get(each, (5, 1000))[0]]
        action = data.draw(st.sampled_from(actions if self.perhaps(data, 2) else long or actions))
        least, most = SIZES.get(action, (5, 1000))
        size = self.choose(data, [least, least + 1], 0, least - 1, most + 1)
        self.first_page(action, {"MaxResults": size} | self.about(data, action))

    def judged(self, action: str, request: Request) -> Answer:
        self.model.page_faults(action, request)
        return {}

    def first_page(self, action: str, request: Request) -> None:
        if said := self.compare(action, request, lambda _: self.judged(action, request)):
            there = set(self.model.everything(action, request))
            self.turned(Walk(action, request, "", [], there, set(there)), said)

    @step(weight=5)
    def next_page(self, data: st.DataObject) -> None:
        """Of any that was begun."""
        if not self.walks:
            return
        walk = self.walks.pop(data.draw(st.integers(0, len(self.walks) - 1)))
        request = walk.request | {"NextToken": walk.token}
        if said := self.compare(walk.action, request, lambda _: self.judged(walk.action, request)):
            self.turned(walk, said)

    @step(action=st.sampled_from(sorted(KEYS)))
    def bad_token(self, data: st.DataObject, action: str) -> None:
        """One that nobody gave."""
        request = {"NextToken": "bogus", "MaxResults": 5} | self.about(data, action)

        def judged(said: Answer) -> Answer:
            self.model.page_faults(action, request)
            raise Refused(("InvalidParameterValue", None), ("InvalidNextToken", None))

        self.compare(action, request, judged)

    def turned(self, walk: Walk, said: Answer) -> None:
        """Keeps what the page holds; after the last, all must have been seen once."""
        member, key_of = KEYS[walk.action]
        page = [key_of(each) for each in said[member]]
        assert len(page) <= walk.request.get("MaxResults", 1000)
        walk.seen += page
        assert len(set(walk.seen)) == len(walk.seen), ("shown twice", walk)
        assert set(walk.seen) <= walk.ever, ("never was", walk)
        if walk.token_of(said):
            self.walks.append(walk)
        else:
            assert walk.always <= set(walk.seen), ("not shown", walk, walk.always - set(walk.seen))

    @invariant()
    def pages_know_what_is_there(self) -> None:
        """What went and came since."""
        for walk in getattr(self, "walks", []):
            there = set(self.model.everything(walk.action, walk.request))
            walk.always &= there
            walk.ever |= there
