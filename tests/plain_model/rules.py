"""Groups and their rules: section 3.1 to 3.7, and the ledgers of section 4."""

from __future__ import annotations

from typing import Any

from .base import (
    BAD,
    TWO_NETWORKS,
    Answer,
    Fault,
    Group,
    Key,
    Refused,
    Request,
    Rule,
    State,
    accepted,
    allowed,
    block_of,
    check_dry_run,
    ids_in,
    malformed,
    refuse_any,
)

Wanted = tuple[Key, str | None, Request]
"""A rule that a request names: its identity, description, and what is said of the group that is its source."""

NO_GROUP = "InvalidGroup.NotFound"
NUMBERS = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}
CLASSIC = [("tcp", 1, 65535), ("udp", 1, 65535), ("icmp", -1, -1)]
NO_SOURCE = (
    "missing mandatory parameter: exactly one of remote-security-group, remote-ip-range, remote-ipv6-range, "
    "or prefix-list-id must be present"
)
NO_PORTS = "Invalid value for portRange. Must specify both from and to ports with "
SOURCES = {
    "UserIdGroupPairs": "GroupId",
    "IpRanges": "CidrIp",
    "Ipv6Ranges": "CidrIpv6",
    "PrefixListIds": "PrefixListId",
}
SINGLE: dict[str, int | str] = {"CidrIpv4": 4, "CidrIpv6": 6, "PrefixListId": "pl-", "ReferencedGroupId": "sg-"}
EVERYWHERE = {4: "0.0.0.0/0", 6: "::/0"}


class Rules(State):
    """Security groups."""

    def group(self, request: Request, egress: bool = False) -> Group:
        """The group that a request is about; before it is looked for, what a dry run is refused for."""
        if "GroupName" not in request and "GroupId" not in request:
            name = "groupId" if egress else "groupName or groupId"
            raise Refused(("MissingParameter", f"The request must contain the parameter {name}"))
        refuse_any(malformed(*each) for each in ids_in(request))
        check_dry_run(request)
        if "GroupName" in request:
            return self.groups[self.by_name(request["GroupName"])]
        refuse_any(self.absent("sg", request["GroupId"]))
        return self.groups[request["GroupId"]]

    def by_name(self, name: str) -> str:
        for group in self.groups.values():
            if group.vpc_id == self.default_vpc and group.name.lower() == name.lower():
                return group.group_id
        place = self.default_vpc or "none"
        raise Refused((NO_GROUP, f"The security group '{name}' does not exist in default VPC '{place}'"))

    def create_security_group(self, request: Request, said: Answer) -> Answer:
        for member, wire_name in (("GroupName", "GroupName"), ("Description", "GroupDescription")):
            if not request[member].strip():
                raise Refused(("MissingParameter", f"The request must contain the parameter {wire_name}"))
        refuse_any(malformed(*each) for each in ids_in(request))
        check_dry_run(request)
        name, text = request["GroupName"].rstrip(" "), request["Description"]
        vpc_id = request.get("VpcId", self.default_vpc)
        faults = self.tag_faults(request, "security-group")
        if name.startswith("sg-"):
            reason = "is invalid. Group names may not be in the format sg-*."
            faults.append((BAD, f"Value ({name}) for parameter GroupName {reason}"))
        if not text.isascii():
            reason = "is invalid. Character sets beyond ASCII are not supported."
            faults.append((BAD, f"Value ({text}) for parameter GroupDescription {reason}"))
        if name == "default" or not allowed(name) or (text.isascii() and not allowed(text)):
            faults.append((BAD, None))
        if vpc_id is None:
            faults.append(("VPCIdNotSpecified", None))
        else:
            faults += self.absent("vpc", vpc_id)
        if any(each.vpc_id == vpc_id and each.name.lower() == name.lower() for each in self.groups.values()):
            faults.append(("InvalidGroup.Duplicate", f"The security group '{name}' already exists for VPC '{vpc_id}'"))
        if len(self.groups) >= self.limits.groups:
            faults.append(("SecurityGroupLimitExceeded", None))
        refuse_any(faults)
        assert vpc_id is not None
        group = Group(self.new("sg", said, "GroupId"), name, text, vpc_id, self.first_rules(vpc_id))
        self.groups[group.group_id] = group
        self.keep_tags(request, group.group_id)
        return {}

    def first_rules(self, vpc_id: str) -> dict[Key, Rule]:
        versions = [version for version in (4, 6) if self.vpcs[vpc_id].of_version(version)]
        return {(True, "-1", -1, -1, EVERYWHERE[version]): Rule(None) for version in versions}

    def add_default_group(self, vpc_id: str) -> None:
        """The group that EC2 makes with a VPC."""
        asked = {"Filters": [{"Name": "vpc-id", "Values": [vpc_id]}]}
        (shown,) = self.look("DescribeSecurityGroups", asked)["SecurityGroups"]
        group = Group(shown["GroupId"], "default", "default VPC security group", vpc_id, self.first_rules(vpc_id))
        group.rules[False, "-1", -1, -1, group.group_id] = Rule(None)
        self.groups[group.group_id] = group

    def delete_security_group(self, request: Request, said: Answer) -> Answer:
        group = self.group(request)
        group_id = group.group_id
        faults: list[Fault] = [("CannotDelete", None)] if group.name == "default" else []
        named = any(key[-1] == group_id for each in self.others(group) for key in each.rules)
        carried = any(group_id in each.group_ids for each in self.interfaces.values())
        if named or carried or any(each == group_id for each, _ in self.associations):
            faults.append(("DependencyViolation", f"resource {group_id} has a dependent object"))
        refuse_any(faults)
        self.drop_group(group)
        return {"Return": True, "GroupId": group_id}

    def others(self, group: Group) -> list[Group]:
        """Those of the same VPC; what groups of other VPCs say of a group doesn't hold it."""
        return [each for each in self.groups.values() if each is not group and each.vpc_id == group.vpc_id]

    def drop_group(self, group: Group) -> None:
        self.drop_rules(group, list(group.rules))
        del self.groups[group.group_id]
        self.tags.pop(group.group_id, None)

    def drop_rules(self, group: Group, keys: list[Key]) -> None:
        for key in keys:
            self.tags.pop(group.rules.pop(key).rule_id or "", None)

    # --- What a request names ---

    def wanted(self, egress: bool, request: Request) -> list[Wanted]:
        """The rules that a request names; first each permission by itself, then the groups that go by name."""
        if name := request.get("SourceSecurityGroupName"):
            if request.keys() & {"IpProtocol", "FromPort", "ToPort", "CidrIp"}:
                raise Refused(("InvalidParameterCombination", None))
            return [((egress, *traffic, self.by_name(name)), None, {}) for traffic in CLASSIC]
        if "IpPermissions" not in request:
            if not request.keys() & {"IpProtocol", "FromPort", "ToPort", "CidrIp"}:
                raise Refused(("MissingParameter", None))
            traffic = traffic_of(request)  # the flat form; without a source it names nothing
            return [((egress, *traffic, cidr(request["CidrIp"], 4)), None, {})] if "CidrIp" in request else []
        faults, read = [], []
        for permission in request["IpPermissions"]:
            try:
                traffic = traffic_of(permission)
                read += [(traffic, *source) for source in sources_of(permission)]
            except Refused as refused:
                faults += refused.args
        refuse_any(faults)
        return [
            ((egress, *t, self.by_name(text[1:]) if text[0] == "~" else text), note or None, pair)
            for t, text, note, pair in read
        ]

    def source_faults(self, group: Group, source: str, pair: Request) -> list[Fault]:
        """Why a rule of the group can't name the source."""
        if source.startswith("pl-"):
            known = source in self.prefix_lists or source in self.aws_lists
            text = f"The prefix list ID '{source}' does not exist"
            return [] if known else [("InvalidPrefixListID.NotFound", text)]
        if not source.startswith("sg-"):
            return []
        faults = self.absent("sg", source)
        said_way = pair.get("VpcPeeringConnectionId")
        if said_way and not self.is_shown(said_way):
            faults.append(("InvalidVpcPeeringConnectionID.NotFound", None))
        if source not in self.groups:
            return faults
        there = self.groups[source].vpc_id
        way = self.way(group, self.groups[source])
        if there != group.vpc_id and way is None:
            faults.append((NO_GROUP, TWO_NETWORKS))
        elif (said_way and said_way != (way or ("", ""))[1]) or pair.get("VpcId", there) != there:
            faults.append((NO_GROUP, None))
        return faults

    def way(self, group: Group, named: Group) -> tuple[str, str | None] | None:
        """How a rule of the group reaches a group of another VPC."""
        if named.vpc_id == group.vpc_id:
            return None
        for each in self.peerings.values():
            if each.status == "active" and {each.requester, each.accepter} == {group.vpc_id, named.vpc_id}:
                return named.vpc_id, each.peering_id
        pairs = {(group.group_id, named.vpc_id), (named.group_id, group.vpc_id)}
        return (named.vpc_id, None) if pairs & set(self.associations) else None

    def is_stale(self, group: Group, source: str, rule: Rule) -> bool:
        if rule.way is None:
            return False
        vpc_id, peering_id = rule.way
        if source not in self.groups:
            return True
        if peering_id is not None:
            return peering_id not in self.peerings or self.peerings[peering_id].status != "active"
        return not {(group.group_id, vpc_id), (source, group.vpc_id)} & set(self.associations)

    def full(self, keys: list[Key], before: list[Key]) -> bool:
        """Whether rules of one direction are too many, and take more room than before."""
        most = self.limits.rules
        taken, was = self.taken(keys), self.taken(before)
        return any(now > most and now > then for now, then in zip(taken, was, strict=True))

    def taken(self, keys: list[Key]) -> tuple[int, int]:
        """Blocks count in their family; groups and lists in both, lists by their size."""
        ledgers = [0, 0]
        for source in (key[-1] for key in keys):
            weight = self.weight(source)
            for place, family in enumerate((4, 6)):
                is_block = source[:3] not in ("sg-", "pl-")
                ledgers[place] += weight if not is_block or (":" in source) == (family == 6) else 0
        return ledgers[0], ledgers[1]

    def weight(self, source: str) -> int:
        own = self.prefix_lists.get(source)
        return own.max_entries if own else self.aws_lists.get(source, 1)

    def room_faults(self, group: Group, after: dict[Key, Rule]) -> list[Fault]:
        """Quotas that the group's rules would break."""
        faults: list[Fault] = []
        for egress in (False, True):
            if self.full([key for key in after if key[0] is egress], [key for key in group.rules if key[0] is egress]):
                text = "The maximum number of rules per security group has been reached."
                faults.append(("RulesPerSecurityGroupLimitExceeded", text))
        for list_id in {key[-1] for key in after} & self.prefix_lists.keys():
            elsewhere = sum(
                key[-1] == list_id for each in self.groups.values() if each is not group for key in each.rules
            )
            now, before = (sum(key[-1] == list_id for key in rules) for rules in (after, group.rules))
            if elsewhere + now > self.limits.list_references and now > before:
                faults.append(("ResourceLimitExceeded", None))
        return faults

    # --- Changes ---

    def authorize(self, egress: bool, request: Request, said: Answer) -> Answer:
        group = self.group(request, egress)
        wanted = self.wanted(egress, request)
        faults = repeated(wanted) + self.tag_faults(request, "security-group-rule")
        for key, note, pair in wanted:
            faults += self.source_faults(group, key[-1], pair)
            if not allowed(note or ""):
                faults.append((BAD, None))
            if key in group.rules:
                faults.append(("InvalidPermission.Duplicate", duplicate(key)))
        new = {key: Rule(note) for key, note, _ in wanted}
        refuse_any(faults + self.room_faults(group, new | group.rules))
        accepted(said)
        shown = said["SecurityGroupRules"]
        for (key, rule), each in zip(new.items(), shown, strict=True):
            if key[-1] in self.groups:
                rule.way = self.way(group, self.groups[key[-1]])
            rule.rule_id = self.new("sgr", each, "SecurityGroupRuleId")
            self.keep_tags(request, rule.rule_id)
        group.rules |= new
        return {"Return": True, "SecurityGroupRules": [self.shown_rule(group, key) for key in new]}

    def revoke(self, egress: bool, request: Request, said: Answer) -> Answer:
        """In the default VPC what wasn't there is told; elsewhere it refuses the request."""
        group, missing = self.group(request, egress), {}
        if "SecurityGroupRuleIds" in request:
            if request.keys() & {"IpPermissions", "IpProtocol"}:
                raise Refused(("InvalidParameterCombination", None))
            hits = self.by_ids(group, egress, request["SecurityGroupRuleIds"])
        else:
            wanted = self.wanted(egress, request)
            refuse_any(repeated(wanted))
            hits = [key for key, note, pair in wanted if key in group.rules and matches(group.rules[key], note, pair)]
            missing = {key: note for key, note, _ in wanted if key not in hits}
        if missing and group.vpc_id != self.default_vpc:
            text = "The specified rule does not exist in this security group."
            raise Refused(("InvalidPermission.NotFound", text))
        gone = [shown_revoked(group, key) for key in hits]
        self.drop_rules(group, hits)
        answer: Answer = {"Return": True, "RevokedSecurityGroupRules": gone}
        assert ("UnknownIpPermissions" in said) is bool(missing), (missing, said)
        assert {key: each[0] for key, each in grouped(said.get("UnknownIpPermissions", []), egress).items()} == missing
        return answer

    def by_ids(self, group: Group, egress: bool, rule_ids: list[str]) -> list[Key]:
        mine = {rule.rule_id: key for key, rule in group.rules.items() if key[0] is egress}
        absent = [each for each in rule_ids if each not in mine]
        text = f"The security group rule ID '{absent[0]}' does not exist" if len(set(absent)) == 1 else None
        refuse_any([("InvalidSecurityGroupRuleId.NotFound", text)] if absent else [])
        return list(dict.fromkeys(mine[each] for each in rule_ids))

    def describe_anew(self, egress: bool, request: Request, said: Answer) -> Answer:
        """UpdateSecurityGroupRuleDescriptions."""
        group = self.group(request)
        by_id = request.get("SecurityGroupRuleDescriptions")
        if by_id and "IpPermissions" in request:
            raise Refused(("InvalidParameterCombination", None))
        if by_id:
            ids = [each["SecurityGroupRuleId"] for each in by_id]
            notes = [each.get("Description") or None for each in by_id]
            faults: list[Fault] = [(BAD, None)] if len(set(ids)) < len(ids) else []
            try:
                keys = self.by_ids(group, egress, ids)
            except Refused as refused:
                raise Refused(*refused.args, *faults) from None
        elif "IpPermissions" in request:
            wanted = self.wanted(egress, request)
            faults = repeated(wanted)
            keys, notes = [key for key, _, _ in wanted], [note for _, note, _ in wanted]
            if not all(key in group.rules and matches(group.rules[key], None, pair) for key, _, pair in wanted):
                faults.append(("InvalidPermission.NotFound", None))
        else:
            raise Refused(("MissingParameter", None))
        refuse_any(faults + [(BAD, None) for note in notes if not allowed(note or "")])
        for key, note in zip(keys, notes, strict=True):
            group.rules[key].description = note
        return {"Return": True}

    def modify_security_group_rules(self, request: Request, said: Answer) -> Answer:
        refuse_any(malformed(*each) for each in ids_in(request))
        if not request.get("GroupId"):
            raise Refused(("MissingParameter", "The request must contain the parameter groupId"))
        check_dry_run(request)
        refuse_any(self.absent("sg", request["GroupId"]))
        group = self.groups[request["GroupId"]]
        mine = {rule.rule_id: key for key, rule in group.rules.items()}
        ids = [each["SecurityGroupRuleId"] for each in request["SecurityGroupRules"]]
        faults = [fault for each in ids if each not in mine for fault in self.unknown_rule(each)]
        faults += [(BAD, None)] if len(set(ids)) < len(ids) else []
        new: list[tuple[Key, Key, Rule]] = []
        for rule_id, each in zip(
            ids, (item["SecurityGroupRule"] for item in request["SecurityGroupRules"]), strict=True
        ):
            old = mine.get(rule_id, (False, "tcp", 0, 0, ""))
            if any(each.get(name) and kind != kind_of(old[-1]) for name, kind in SINGLE.items()):
                faults.append((BAD, None))
            try:
                key = (old[0], *traffic_of(each), self.single_source(each))
            except Refused as refused:
                faults += refused.args
                continue
            note = each.get("Description") or None
            faults += [] if allowed(note or "") else [(BAD, None)]
            faults += self.source_faults(group, key[-1], {})
            named = self.groups.get(key[-1])
            new.append((old, key, Rule(note, rule_id, self.way(group, named) if named else None)))
        keys = [key for _, key, _ in new]
        left = {key: rule for key, rule in group.rules.items() if rule.rule_id not in ids}
        if len(set(keys)) < len(keys):
            faults.append((BAD, "The same permission must not appear multiple times"))
        faults += [("InvalidPermission.Duplicate", duplicate(key)) for key in keys if key in left]
        after = left | {key: rule for _, key, rule in new}
        refuse_any(faults + self.room_faults(group, after))
        group.rules = after
        return {"Return": True}

    def unknown_rule(self, rule_id: str) -> list[Fault]:
        return [("InvalidSecurityGroupRuleId.NotFound", f"The security group rule ID '{rule_id}' does not exist")]

    def single_source(self, each: Request) -> str:
        given = [name for name in SINGLE if each.get(name)]
        if len(given) > 1:
            text = "Only one of cidrIp, cidrIpv6, prefixListId, or referencedGroupId can be specified"
            raise Refused(("InvalidParameterCombination", text))
        if not given:
            text = "The request must contain exactly one of: cidrIp, cidrIpv6, prefixListId, or referencedGroupId"
            raise Refused(("MissingParameter", text))
        kind = SINGLE[given[0]]
        return cidr(each[given[0]], kind) if isinstance(kind, int) else str(each[given[0]])

    # --- How rules are shown ---

    def shown_rule(self, group: Group, key: Key) -> Answer:
        """As an item of DescribeSecurityGroupRules."""
        rule = group.rules[key]
        shown = {"GroupId": group.group_id, "GroupOwnerId": self.owner, **single(key), "Description": rule.description}
        if rule.rule_id:
            shown["SecurityGroupRuleId"] = rule.rule_id
        if key[-1].startswith("sg-"):
            shown["ReferencedGroupInfo"] = {"GroupId": key[-1], "UserId": self.owner}
            if rule.way and rule.way[1]:
                way = {"VpcId": rule.way[0], "VpcPeeringConnectionId": rule.way[1]}
                shown["ReferencedGroupInfo"] |= way | {"PeeringStatus": self.peering_status(rule.way[1])}
            elif rule.way is None:
                shown["ReferencedGroupInfo"] |= {"VpcPeeringConnectionId": None, "PeeringStatus": None}
        return shown

    def shown_permissions(self, group: Group, only_stale: bool = False) -> dict[Key, tuple[str | None, str | None]]:
        """For each rule its description, and the connection that it goes over."""
        return {
            key: (rule.description, rule.way[1] if rule.way else None)
            for key, rule in group.rules.items()
            if not only_stale or self.is_stale(group, key[-1], rule)
        }

    def peering_status(self, peering_id: str) -> str:
        raise NotImplementedError


def matches(rule: Rule, note: str | None, pair: Request) -> bool:
    way = rule.way or (None, None)
    said = pair.get("VpcPeeringConnectionId")
    return note in (None, rule.description) and said in (None, way[1]) and pair.get("VpcId") in (None, way[0])


def single(key: Key) -> Answer:
    """The rule alone, its source by the member that is its kind's; groups have a place of their own."""
    egress, protocol, low, high, source = key
    members = {"IsEgress": egress, "IpProtocol": protocol, "FromPort": low, "ToPort": high}
    names = {4: "CidrIpv4", 6: "CidrIpv6", "pl-": "PrefixListId"}
    return members | {name: source if kind == kind_of(source) else None for kind, name in names.items()}


def shown_revoked(group: Group, key: Key) -> Answer:
    rule = group.rules[key]
    source = key[-1] if key[-1].startswith("sg-") else None
    known = {"SecurityGroupRuleId": rule.rule_id} if rule.rule_id else {}
    return {
        "GroupId": group.group_id,
        **known,
        **single(key),
        "ReferencedGroupId": source,
        "Description": rule.description,
    }


def kind_of(source: str) -> int | str:
    return source[:3] if source[:3] in ("sg-", "pl-") else 6 if ":" in source else 4


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


def sources_of(permission: Request) -> list[tuple[str, str | None, Request]]:
    """The sources with their descriptions; a group's name has a tilde before it."""
    pairs = permission.get("UserIdGroupPairs", [])
    found = [(pair.get("GroupId") or "~" + pair["GroupName"], pair.get("Description"), pair) for pair in pairs]
    for list_name, member, version in (("IpRanges", "CidrIp", 4), ("Ipv6Ranges", "CidrIpv6", 6)):
        found += [(cidr(each[member], version), each.get("Description"), {}) for each in permission.get(list_name, [])]
    found += [(each["PrefixListId"], each.get("Description"), {}) for each in permission.get("PrefixListIds", [])]
    refuse_any([] if found else [(BAD, NO_SOURCE)])
    return found


def cidr(text: str, version: int) -> str:
    if (block := block_of(text, version)) is None:
        raise Refused((BAD, f"CIDR block {text} is malformed"))
    return block


def repeated(wanted: list[Wanted]) -> list[Fault]:
    is_so = len({key for key, _, _ in wanted}) < len(wanted)
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


def grouped(shown: list[dict[str, Any]], egress: bool) -> dict[Key, tuple[str | None, str | None]]:
    """What permissions hold, in the form of `shown_permissions`; each traffic must stand there once, with all lists."""
    found: dict[Key, tuple[str | None, str | None]] = {}
    traffics = [(each["IpProtocol"], each.get("FromPort"), each.get("ToPort")) for each in shown]
    assert len(set(traffics)) == len(traffics)
    for each, (protocol, low, high) in zip(shown, traffics, strict=True):
        assert (low is None) is (high is None) is (protocol not in ("tcp", "udp", "icmp", "icmpv6"))
        for list_name, member in SOURCES.items():
            for item in each[list_name]:
                key = egress, protocol, -1 if low is None else low, -1 if high is None else high, item[member]
                assert key not in found
                found[key] = item.get("Description"), item.get("VpcPeeringConnectionId")
    return found
