"""Tags, and what each Describe shows: section 3.17, and the Describes of the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore import xform_name

from .base import BAD, Answer, Fault, Refused, Request, check_dry_run, refuse_any, syntax, tags_wrong
from .interfaces import Interfaces

KINDS = {
    "vpc": "vpc",
    "subnet": "subnet",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "eni": "network-interface",
    "pl": "prefix-list",
    "pcx": "vpc-peering-connection",
    "i": "instance",
}
SIZES = {"DescribeManagedPrefixLists": (1, 100), "GetManagedPrefixListEntries": (1, 100),
         "DescribePrefixLists": (1, 1000), "DescribeStaleSecurityGroups": (5, 255),
         "GetManagedPrefixListAssociations": (5, 255)}  # fmt: skip


class Model(Interfaces):
    """One account in one region, with all that can be asked of it."""

    def ask(self, action: str, request: Request, said: Answer) -> Answer:
        """What must be in the answer; what it says of ids and the like is learned from `said`, EC2's answer.

        Raises:
            Refused: the request is.
        """
        if action in ("AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress"):
            return self.authorize(action.endswith("Egress"), request, said)
        if action in ("RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress"):
            return self.revoke(action.endswith("Egress"), request, said)
        if action.startswith("UpdateSecurityGroupRuleDescriptions"):
            return self.describe_anew(action.endswith("Egress"), request, said)
        method: Callable[[Request, Answer], Answer] = getattr(self, xform_name(action))
        return method(request, said)

    # --- Tags ---

    def tagged(self, action: str, request: Request) -> list[str]:
        """The resources that a request names, after what is refused before they are looked for."""
        given = request.get("Resources", [])
        faults: list[Fault] = [] if given else [
            ("MissingParameter", "The request must contain the parameter resourceIdSet")
        ]  # fmt: skip
        if action == "CreateTags" and not request.get("Tags"):
            faults.append(("MissingParameter", None))
        refuse_any(faults + [("InvalidID", None) for each in given if each.split("-")[0] not in KINDS])
        check_dry_run(request)
        if set(given) & self.aws_lists.keys():
            raise Refused(("UnauthorizedOperation", None), *self.absent_any(given))
        return list(given)

    def absent_any(self, given: list[str]) -> list[Fault]:
        found: list[Fault] = []
        for kind in KINDS:
            of_kind = [each for each in given if each.split("-")[0] == kind and each not in self.aws_lists]
            found += self.absent(kind, *of_kind) if of_kind else []
        return found

    def create_tags(self, request: Request, said: Answer) -> Answer:
        given = self.tagged("CreateTags", request)
        new = {each["Key"]: each["Value"] for each in request["Tags"]}
        faults = self.absent_any(given) + tags_wrong(request["Tags"])
        for each in given:
            faults += self.too_many_tags(self.tags.get(each, {}) | new)
        refuse_any(faults)
        for each in given:
            self.tags[each] = self.tags.get(each, {}) | new
        return {}

    def delete_tags(self, request: Request, said: Answer) -> Answer:
        given = self.tagged("DeleteTags", request)
        refuse_any(self.absent_any(given))
        wanted = request.get("Tags")
        for each in given:
            held = self.tags.get(each, {})
            for key in list(held):
                if wanted is None or any(tag["Key"] == key and tag.get("Value") in (None, held[key]) for tag in wanted):
                    del held[key]
        return {}

    # --- Lists of things ---

    def everything(self, action: str, request: Request) -> dict[Any, Answer | None]:
        """What a Describe shows without a filter, by key; None where only the key is known."""
        match action:
            case "DescribeSecurityGroups":
                return {each: self.shown_group(each) for each in self.groups}
            case "DescribeSecurityGroupRules":
                return {
                    rule.rule_id: self.shown_rule(group, key)
                    for group in self.groups.values()
                    for key, rule in group.rules.items()
                }
            case "DescribeVpcs":
                return {each: self.shown_vpc(each) for each in self.vpcs}
            case "DescribeSubnets":
                return {each: self.shown_subnet(each) for each in self.subnets}
            case "DescribeNetworkInterfaces":
                return {each: self.shown_interface(each) for each in self.interfaces}
            case "DescribeVpcPeeringConnections":
                return {each: self.shown_peering(each) for each in self.ids("pcx")}
            case "DescribeManagedPrefixLists":
                aws = {each: {"OwnerId": "AWS", "Version": None, "MaxEntries": None} for each in self.aws_lists}
                return aws | {each: self.shown_list(each) for each in self.prefix_lists}
            case "DescribePrefixLists":
                return dict.fromkeys(self.aws_lists)
            case "DescribeInstances":
                return dict.fromkeys(self.ids("i"))
            case "DescribeSecurityGroupVpcAssociations":
                return {each: {"State": "associated", "VpcOwnerId": self.owner} for each in self.associations}
            case "DescribeTags":
                pairs = [(each, key, value) for each, tags in self.tags.items() for key, value in tags.items()]
                return {
                    (each, key): {"Value": value, "ResourceType": KINDS[each.split("-")[0]]}
                    for each, key, value in pairs
                }
            case "DescribeStaleSecurityGroups":
                stale = [each for each in self.groups if self.stale_of(each) and self.is_in(each, request)]
                return dict.fromkeys(stale)
            case "GetSecurityGroupsForVpc":
                usable = self.usable_in(request["VpcId"]) if request["VpcId"] in self.vpcs else []
                return {each: {"PrimaryVpcId": self.groups[each].vpc_id} for each in usable}
            case "GetManagedPrefixListEntries":
                held = self.prefix_lists.get(request["PrefixListId"])
                return {each: {"Description": note} for each, note in held.entries.items()} if held else {}
            case "GetManagedPrefixListAssociations":
                return {each: {"ResourceOwner": self.owner} for each in self.naming(request["PrefixListId"])}
        raise AssertionError(action)

    def stale_of(self, group_id: str) -> bool:
        return bool(self.shown_permissions(self.groups[group_id], only_stale=True))

    def is_in(self, group_id: str, request: Request) -> bool:
        return self.groups[group_id].vpc_id == request["VpcId"]

    def page_faults(self, action: str, request: Request) -> None:
        """What is refused of a request for a page; the token is the test's own business."""
        syntax(action, request)
        least, most = SIZES.get(action, (5, 1000))
        faults: list[Fault] = [] if least <= request.get("MaxResults", most) <= most else [(BAD, None)]
        faults += self.absent("vpc", request["VpcId"]) if "VpcId" in request else []
        try:
            if "PrefixListId" in request:
                self.known_list(action, request, aws_too=True)
        except Refused as refused:
            faults += refused.args
        refuse_any(faults)

    def shown_group(self, group_id: str) -> Answer:
        group = self.groups[group_id]
        return {
            "GroupId": group_id,
            "GroupName": group.name,
            "Description": group.description,
            "VpcId": group.vpc_id,
            "OwnerId": self.owner,
        }

    def shown_vpc(self, vpc_id: str) -> Answer:
        vpc = self.vpcs[vpc_id]
        first = next(iter(vpc.blocks.values()))
        return {"VpcId": vpc_id, "CidrBlock": first, "IsDefault": vpc.is_default, "State": "available"}

    def describe_account_attributes(self, request: Request, said: Answer) -> Answer:
        check_dry_run(request)
        names = {each["AttributeName"]: each["AttributeValues"] for each in said["AccountAttributes"]}
        assert names["default-vpc"] == [{"AttributeValue": self.default_vpc or "none"}]
        assert names["supported-platforms"] == [{"AttributeValue": "VPC"}]
        return {}

    def describe_availability_zones(self, request: Request, said: Answer) -> Answer:
        unknown = set(request.get("ZoneNames", [])) - set(self.zones)
        check_dry_run(request)
        refuse_any([(BAD, None)] if unknown else [])
        wanted = request.get("ZoneNames", self.zones)
        assert sorted(each["ZoneName"] for each in said["AvailabilityZones"]) == sorted(set(wanted))
        return {}

    def describe_regions(self, request: Request, said: Answer) -> Answer:
        check_dry_run(request)
        assert all(each["Endpoint"] == f"ec2.{each['RegionName']}.amazonaws.com" for each in said["Regions"])
        assert said["Regions"]
        return {}

    def get_caller_identity(self, request: Request, said: Answer) -> Answer:
        return {"Account": self.owner}
