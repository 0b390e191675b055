"""Groups and their rules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

from plain_model import SOURCES, Group, Request

from .base import Steps, step

# Few values, so that requests meet each other's rules; most of them good.
NAMES = ["web", "app", "WEB", "db ", "ops", "lab", "default"]
BAD_NAMES = ["default", "sg-web", "a%b", " "]
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
AWS = ["pl-63a5400a"] * 4 + ["pl-02cd2c6b", "pl-3b927c52", "pl-0"]

traffics = st.sampled_from(GOOD_TRAFFIC * 6 + BAD_TRAFFIC)
notes = st.sampled_from(NOTES)
bad_notes = st.sampled_from([*NOTES * 5, "a%b"])


class RuleSteps(Steps):
    """Security groups, their rules by permission, id and flat parameters, their descriptions."""

    # --- What is asked ---

    def target(self, data: st.DataObject, by_name: bool) -> Request:
        """The group that a request is about."""
        if self.perhaps(data, 30):
            return {}
        if by_name and self.perhaps(data, 8):
            return {"GroupName": data.draw(st.sampled_from(NAMES))}
        return {"GroupId": self.any_of(data, "sg")}

    def permission(self, data: st.DataObject, least: int = 1) -> Request:
        """An IpPermission in botocore's members."""
        named = dict(zip(("IpProtocol", "FromPort", "ToPort"), data.draw(traffics), strict=True))
        made: Request = {name: value for name, value in named.items() if value is not None}
        for _ in range(data.draw(st.integers(least, 2))):
            list_name = data.draw(st.sampled_from(list(SOURCES)))
            member, value = self.source(data, list_name)
            note = data.draw(bad_notes)
            made.setdefault(list_name, []).append({member: value} | ({} if note is None else {"Description": note}))
        return made

    def permissions(self, data: st.DataObject) -> Request:
        least = 0 if self.perhaps(data, 15) else 1
        return {"IpPermissions": [self.permission(data, least) for _ in range(data.draw(st.integers(1, 2)))]}

    def source(self, data: st.DataObject, list_name: str) -> tuple[str, str]:
        if list_name == "IpRanges":
            return "CidrIp", data.draw(st.sampled_from(IPV4))
        if list_name == "Ipv6Ranges":
            return "CidrIpv6", data.draw(st.sampled_from(IPV6))
        if list_name == "PrefixListIds":
            return "PrefixListId", data.draw(st.sampled_from(self.model.ids("pl") * 3 + AWS))
        # A malformed id is told before all else, so the ids of groups are well-formed.
        if self.perhaps(data, 6):
            return "GroupName", data.draw(st.sampled_from(NAMES))
        return "GroupId", data.draw(st.sampled_from([*self.model.ids("sg") * 3, "sg-0"]))

    # --- Groups ---

    @step()
    def create_group(self, data: st.DataObject) -> None:
        request = {
            "GroupName": self.choose(data, NAMES[:-1], *BAD_NAMES),
            "Description": self.choose(data, ["for tests"], "", "\u00fc", "a%b"),
        } | self.tags(data, "security-group")
        if not self.perhaps(data, 4):
            request["VpcId"] = self.any_of(data, "vpc")
        self.do("CreateSecurityGroup", request, data)

    @step()
    def delete_group(self, data: st.DataObject) -> None:
        others = sorted(each.group_id for each in self.model.groups.values() if each.name != "default")
        named = sorted(others_named(self.model.groups.values()) & set(others))
        others = named if named and self.perhaps(data, 1) else others
        chosen = data.draw(st.sampled_from(others)) if others and not self.perhaps(data) else None
        self.do("DeleteSecurityGroup", {"GroupId": chosen} if chosen else self.target(data, by_name=True), data)

    # --- Rules ---

    @step(egress=st.booleans())
    def authorize(self, data: st.DataObject, egress: bool) -> None:
        """By IpPermissions."""
        request = self.target(data, not egress) | self.permissions(data) | self.tags(data, "security-group-rule")
        self.do(directed("AuthorizeSecurityGroup", egress), request, data)

    @step(egress=st.booleans())
    def authorize_a_group(self, data: st.DataObject, egress: bool) -> None:
        """A group as the source, of the same VPC or of another."""
        pair = {"GroupId": data.draw(st.sampled_from(self.model.ids("sg")))}
        asked = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [pair]}
        request = {"GroupId": data.draw(st.sampled_from(self.model.ids("sg"))), "IpPermissions": [asked]}
        self.do(directed("AuthorizeSecurityGroup", egress), request, data)

    @step(egress=st.booleans())
    def authorize_a_list(self, data: st.DataObject, egress: bool) -> None:
        """A prefix list of the account's as the source."""
        source = {"PrefixListId": self.any_of(data, "pl")}
        asked = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "PrefixListIds": [source]}
        request = {"GroupId": data.draw(st.sampled_from(self.model.ids("sg"))), "IpPermissions": [asked]}
        self.do(directed("AuthorizeSecurityGroup", egress), request, data)

    @step(egress=st.booleans())
    def revoke(self, data: st.DataObject, egress: bool) -> None:
        """By IpPermissions, made up."""
        self.do(directed("RevokeSecurityGroup", egress), self.target(data, not egress) | self.permissions(data), data)

    @step(
        egress=st.booleans(),
        action=st.sampled_from(["Revoke", "Revoke", "Authorize", "Describe", "Describe"]),
    )  # fmt: skip
    def what_is_shown(self, data: st.DataObject, egress: bool, action: str) -> None:
        """A permission as Describe shows it or with another description, alone or with one that may not be there."""
        group_id = data.draw(st.sampled_from(self.model.ids("sg")))
        (shown,) = self.stack.ask("DescribeSecurityGroups", {"GroupIds": [group_id]})["SecurityGroups"]
        held = shown["IpPermissionsEgress" if egress else "IpPermissions"]
        chosen = [data.draw(st.sampled_from(held))] if held else []
        note = data.draw(st.sampled_from([None, None, "note", "other"]))
        if note:
            for permission in chosen:
                next(permission[name][0] for name in SOURCES if permission[name])["Description"] = note
        if self.perhaps(data):
            chosen.append(self.permission(data))
        names = {"Revoke": "RevokeSecurityGroup", "Authorize": "AuthorizeSecurityGroup"}
        name = directed(names.get(action, "UpdateSecurityGroupRuleDescriptions"), egress)
        if chosen:
            self.do(name, {"GroupId": group_id, "IpPermissions": chosen}, data)

    def some_rules(self, data: st.DataObject, group_id: str, most: int = 2) -> list[str]:
        """Ids of the group's rules mostly, of either direction."""
        rules = self.model.groups[group_id].rules.values()
        mine = sorted(str(each.rule_id) for each in rules)
        count = data.draw(st.integers(1, most))
        drawn = [
            self.choose(data, mine or ["sgr-0"], *self.model.ids("sgr"), "sgr-0", "10.0.0.1") for _ in range(count)
        ]
        return list(dict.fromkeys(drawn))

    @step()
    def revoke_by_id(self, data: st.DataObject) -> None:
        group_id = data.draw(st.sampled_from(self.model.ids("sg")))
        rule_ids = self.some_rules(data, group_id)
        first = [key for key, each in self.model.groups[group_id].rules.items() if each.rule_id == rule_ids[0]]
        egress = first[0][0] if first else data.draw(st.booleans())
        self.do(directed("RevokeSecurityGroup", egress), {"GroupId": group_id, "SecurityGroupRuleIds": rule_ids}, data)

    @step(action=st.sampled_from(["AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress"]))
    def flat(self, data: st.DataObject, action: str) -> None:
        """By the flat parameters of ingress."""
        named = dict(zip(("IpProtocol", "FromPort", "ToPort"), data.draw(traffics), strict=True))
        request: Request = {name: value for name, value in named.items() if value is not None}
        if not self.perhaps(data, 6):
            request["CidrIp"] = data.draw(st.sampled_from(IPV4))
        if self.perhaps(data, 4):
            both = request if self.perhaps(data) else {}
            request = {"SourceSecurityGroupName": data.draw(st.sampled_from(NAMES[:-1]))} | both
        self.do(action, self.target(data, True) | request, data)

    @step()
    def describe_rules_anew(self, data: st.DataObject) -> None:
        """UpdateSecurityGroupRuleDescriptions by id."""
        group_id = data.draw(st.sampled_from(self.model.ids("sg")))
        given = []
        for rule_id in self.some_rules(data, group_id):
            note = data.draw(bad_notes)
            given.append({"SecurityGroupRuleId": rule_id} | ({} if note is None else {"Description": note}))
        keys = [
            key
            for key, each in self.model.groups[group_id].rules.items()
            if each.rule_id == given[0]["SecurityGroupRuleId"]
        ]
        egress = keys[0][0] if keys else data.draw(st.booleans())
        request = {"GroupId": group_id, "SecurityGroupRuleDescriptions": given}
        self.do(directed("UpdateSecurityGroupRuleDescriptions", egress), request, data)

    @step()
    def modify_rules(self, data: st.DataObject) -> None:
        """ModifySecurityGroupRules, of the kind that each was, mostly."""
        group_id = data.draw(st.sampled_from(self.model.ids("sg")))
        items = []
        for rule_id in self.some_rules(data, group_id):
            key = next(
                (key for key, each in self.model.groups[group_id].rules.items() if each.rule_id == rule_id), None
            )
            items.append(
                {"SecurityGroupRuleId": rule_id, "SecurityGroupRule": self.new_rule(data, key[-1] if key else "")}
            )
        self.do("ModifySecurityGroupRules", {"GroupId": group_id, "SecurityGroupRules": items}, data)

    def new_rule(self, data: st.DataObject, old_source: str) -> Request:
        named = dict(zip(("IpProtocol", "FromPort", "ToPort"), data.draw(traffics), strict=True))
        made: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
        kinds = {"sg-": "UserIdGroupPairs", "pl-": "PrefixListIds"}
        same = kinds.get(old_source[:3], "Ipv6Ranges" if ":" in old_source else "IpRanges")
        for _ in range(self.choose(data, [1], 0, 2)):
            list_name = self.choose(data, [same], *SOURCES)
            member, value = self.source(data, list_name)
            names = {"CidrIp": "CidrIpv4", "GroupId": "ReferencedGroupId", "GroupName": "ReferencedGroupId"}
            made[names.get(member, member)] = "sg-0" if member == "GroupName" else value
        if note := data.draw(bad_notes):
            made["Description"] = note
        return made


def others_named(groups: Iterable[Group]) -> set[str]:
    """The groups that rules of other groups name."""
    return {key[-1] for group in groups for key in group.rules if key[-1] != group.group_id}


def directed(action: str, egress: bool) -> str:
    return f"{action}{'Egress' if egress else 'Ingress'}"
