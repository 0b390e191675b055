"""EC2's security groups as its reference tells of them, as plainly as can be: what the real stack is judged by.

Where the reference leaves open which of several faults is told first, a refusal holds all that may be told. A text is
None where EC2's isn't known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

Key = tuple[bool, str, int, int, str]
"""A rule's identity: egress, protocol, from, to, and the source's own text or id."""

Request = dict[str, Any]
BAD, NO_GROUP = "InvalidParameterValue", "InvalidGroup.NotFound"
NUMBERS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}
CLASSIC = [("tcp", 1, 65535), ("udp", 1, 65535), ("icmp", -1, -1)]
NO_SOURCE = (
    "missing mandatory parameter: exactly one of remote-security-group, remote-ip-range, remote-ipv6-range, "
    "or prefix-list-id must be present"
)
NO_PORTS = "Invalid value for portRange. Must specify both from and to ports with "


class Refused(Exception):
    """args: the (code, text) that may be told."""


def refuse_any(faults: list[tuple[str, str | None]]) -> None:
    if faults:
        raise Refused(*faults)


@dataclass
class Rule:
    """What is held beside the identity."""

    description: str | None
    rule_id: str | None = None


@dataclass
class Group:
    """A group and its rules."""

    group_id: str
    name: str
    description: str
    vpc_id: str
    rules: dict[Key, Rule] = field(default_factory=dict)


@dataclass
class Model:
    """One account in one region."""

    default_vpc: str
    vpcs: set[str]
    rules_max: int
    groups_max: int
    groups: dict[str, Group] = field(default_factory=dict)

    def group(self, request: Request, egress: bool = False) -> Group:
        """The group that a request is about; before it is looked for, what a dry run is refused for."""
        if "GroupName" not in request:
            if "GroupId" not in request:
                name = "groupId" if egress else "groupName or groupId"
                raise Refused(("MissingParameter", f"The request must contain the parameter {name}"))
            if not re.fullmatch("sg-[0-9a-f]{1,17}", group_id := request["GroupId"]):
                hint = "" if group_id.startswith("sg-") else ' (expecting "sg-...")'
                raise Refused(("InvalidGroupId.Malformed", f'Invalid id: "{group_id}"{hint}'))
        if not all(re.fullmatch("sgr-[0-9a-f]{1,17}", each) for each in request.get("SecurityGroupRuleIds", [])):
            raise Refused(("InvalidSecurityGroupRuleId.Malformed", None))
        check_dry_run(request)
        if "GroupName" in request:
            return self.groups[self.by_name(request["GroupName"])]
        if request["GroupId"] not in self.groups:
            raise Refused((NO_GROUP, f"The security group '{request['GroupId']}' does not exist"))
        return self.groups[request["GroupId"]]

    def by_name(self, name: str) -> str:
        for group in self.groups.values():
            if group.vpc_id == self.default_vpc and group.name.lower() == name.lower():
                return group.group_id
        raise Refused((NO_GROUP, f"The security group '{name}' does not exist in default VPC '{self.default_vpc}'"))

    def wanted(self, egress: bool, request: Request) -> list[tuple[Key, str | None]]:
        """The rules that a request names; first each permission by itself, then the groups that go by name."""
        if name := request.get("SourceSecurityGroupName"):
            if request.keys() & {"IpProtocol", "FromPort", "ToPort", "CidrIp"}:
                raise Refused(("InvalidParameterCombination", None))
            return [((egress, *traffic, self.by_name(name)), None) for traffic in CLASSIC]
        if "IpPermissions" not in request:
            traffic = traffic_of(request)  # the flat form; without a source it names nothing
            return [((egress, *traffic, cidr(request["CidrIp"], 4)), None)] if "CidrIp" in request else []
        faults, read = [], []
        for permission in request["IpPermissions"]:
            try:
                traffic = traffic_of(permission)
                read += [(traffic, source, note or None) for source, note in sources_of(permission)]
            except Refused as refused:
                faults += refused.args
        refuse_any(faults)
        return [((egress, *t, self.by_name(text[1:]) if text[0] == "~" else text), note) for t, text, note in read]

    def create(self, request: Request) -> Group:
        for member, wire_name in (("GroupName", "GroupName"), ("Description", "GroupDescription")):
            if not request[member].strip():
                raise Refused(("MissingParameter", f"The request must contain the parameter {wire_name}"))
        check_dry_run(request)
        name, text = request["GroupName"].rstrip(" "), request["Description"]
        vpc_id = request.get("VpcId", self.default_vpc)
        faults: list[tuple[str, str | None]] = []
        if name.startswith("sg-"):
            reason = "is invalid. Group names may not be in the format sg-*."
            faults.append((BAD, f"Value ({name}) for parameter GroupName {reason}"))
        if not text.isascii():
            reason = "is invalid. Character sets beyond ASCII are not supported."
            faults.append((BAD, f"Value ({text}) for parameter GroupDescription {reason}"))
        if name == "default" or not allowed(name) or (text.isascii() and not allowed(text)):
            faults.append((BAD, None))
        if vpc_id not in self.vpcs:
            faults.append(("InvalidVpcID.NotFound", None))
        if any(each.vpc_id == vpc_id and each.name.lower() == name.lower() for each in self.groups.values()):
            faults.append(("InvalidGroup.Duplicate", f"The security group '{name}' already exists for VPC '{vpc_id}'"))
        if len(self.groups) >= self.groups_max:
            faults.append(("SecurityGroupLimitExceeded", None))
        refuse_any(faults)
        return Group("", name, text, vpc_id, {(True, "-1", -1, -1, "0.0.0.0/0"): Rule(None)})

    def delete(self, request: Request) -> str:
        group = self.group(request)
        if group.name == "default":
            raise Refused(("CannotDelete", None))
        if any(key[-1] == group.group_id for each in self.groups.values() if each is not group for key in each.rules):
            raise Refused(("DependencyViolation", f"resource {group.group_id} has a dependent object"))
        del self.groups[group.group_id]
        return group.group_id

    def authorize(self, egress: bool, request: Request) -> tuple[Group, dict[Key, Rule], dict[Key, str | None]]:
        group = self.group(request, egress)
        wanted = self.wanted(egress, request)
        faults = repeated(wanted)
        for key, note in wanted:
            source = key[-1]
            if source.startswith("sg-") and source not in self.groups:
                faults.append((NO_GROUP, f"The security group '{source}' does not exist"))
            elif source.startswith("sg-") and self.groups[source].vpc_id != group.vpc_id:
                faults.append((NO_GROUP, "You have specified two resources that belong to different networks."))
            if source == "pl-0":
                faults.append(("InvalidPrefixListID.NotFound", "The prefix list ID 'pl-0' does not exist"))
            if not allowed(note or ""):
                faults.append((BAD, None))
            if key in group.rules:
                faults.append(("InvalidPermission.Duplicate", duplicate(key)))
        refuse_any(faults)
        new = {key: Rule(note) for key, note in wanted}
        if new and not fits([key[-1] for key in group.rules | new if key[0] is egress], self.rules_max):
            text = "The maximum number of rules per security group has been reached."
            raise Refused(("RulesPerSecurityGroupLimitExceeded", text))
        group.rules |= new
        return group, new, {}

    def revoke(self, egress: bool, request: Request) -> tuple[Group, dict[Key, Rule], dict[Key, str | None]]:
        """The group, what is gone, and in the default VPC what wasn't there."""
        group, missing = self.group(request, egress), {}
        if rule_ids := request.get("SecurityGroupRuleIds"):
            hits = {key: rule for key, rule in group.rules.items() if rule.rule_id in rule_ids and key[0] is egress}
            absent = set(rule_ids) - {rule.rule_id for rule in hits.values()}
            text = (
                f"The security group rule ID '{min(absent, default='')}' does not exist" if len(absent) == 1 else None
            )
            refuse_any([("InvalidSecurityGroupRuleId.NotFound", text)] if absent else [])
        else:
            wanted = self.wanted(egress, request)
            refuse_any(repeated(wanted))
            hits = {
                k: group.rules[k] for k, n in wanted if k in group.rules and n in (None, group.rules[k].description)
            }
            missing = {key: note for key, note in wanted if key not in hits}
        if missing and group.vpc_id != self.default_vpc:
            text = "The specified rule does not exist in this security group."
            raise Refused(("InvalidPermission.NotFound", text))
        for key in hits:
            del group.rules[key]
        return group, hits, missing


def check_dry_run(request: Request) -> None:
    if request.get("DryRun"):
        raise Refused(("DryRunOperation", "Request would have succeeded, but DryRun flag is set."))


def allowed(text: str) -> bool:
    return re.fullmatch(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{0,255}", text) is not None


def traffic_of(permission: Request) -> tuple[str, int, int]:
    given, low, high = (permission.get(member) for member in ("IpProtocol", "FromPort", "ToPort"))
    if given is None:
        text = "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly."
        raise Refused((BAD, text))
    name = NUMBERS.get(given, given.lower())
    if name not in ("tcp", "udp", "icmp", "icmpv6", "-1") and not (name.isdigit() and int(name) <= 255):
        raise Refused((BAD, f"Invalid value '{given}' for IP protocol. Unknown protocol."))
    if name in ("tcp", "udp") and {None, -1} & {low, high}:
        raise Refused((BAD, NO_PORTS + "TCP/UDP."))
    if name == "icmp" and None in (low, high):
        raise Refused((BAD, NO_PORTS + "ICMP."))
    if name not in ("tcp", "udp", "icmp", "icmpv6"):
        return name, -1, -1
    low, high = (-1 if number is None else number for number in (low, high))
    if not 0 <= low <= high <= 65535 if name in ("tcp", "udp") else low == -1 != high:
        raise Refused((BAD, None))
    return name, low, high


def sources_of(permission: Request) -> list[tuple[str, str | None]]:
    """The sources with their descriptions; a group's name has a tilde before it."""
    pairs = permission.get("UserIdGroupPairs", [])
    found = [(pair.get("GroupId") or "~" + pair["GroupName"], pair.get("Description")) for pair in pairs]
    for list_name, member, version in (("IpRanges", "CidrIp", 4), ("Ipv6Ranges", "CidrIpv6", 6)):
        found += [(cidr(each[member], version), each.get("Description")) for each in permission.get(list_name, [])]
    found += [(each["PrefixListId"], each.get("Description")) for each in permission.get("PrefixListIds", [])]
    refuse_any([] if found else [(BAD, NO_SOURCE)])
    return found


def cidr(text: str, version: int) -> str:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        network = None
    if network is None or "/" not in text or network.version != version:
        raise Refused((BAD, f"CIDR block {text} is malformed"))
    return str(network)


def repeated(wanted: list[tuple[Key, str | None]]) -> list[tuple[str, str | None]]:
    is_so = len({key for key, _ in wanted}) < len(wanted)
    return [(BAD, "The same permission must not appear multiple times")] if is_so else []


def duplicate(key: Key) -> str:
    _, name, low, high, source = key
    kind, code = ("ALL" if number == -1 else number for number in (low, high))
    text = f"{name.upper()}, type: {kind}, code: {code}"
    if name in ("tcp", "udp"):
        text = f"{name.upper()}, from port: {low}, to port: {high}"
    elif not name.startswith("icmp"):
        text = "ALL" if name == "-1" else name
    return f'the specified rule "peer: {source}, {text}, ALLOW" already exists'


def fits(sources: list[str], most: int) -> bool:
    """Blocks count in their family; groups and lists in both."""
    references = sum(source[:3] in ("sg-", "pl-") for source in sources)
    ipv6 = sum(":" in source for source in sources)
    return references + max(ipv6, len(sources) - references - ipv6) <= most
