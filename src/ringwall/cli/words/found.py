"""What the server has, found by the words that people use for it: groups by name, their rules, and names to show."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Final
from urllib.parse import urlencode

from ringwall.cli.screen import plain

from .rules import Names, Rule, Wanted, is_group_id, line_of, means_only_itself, rule_of, shown, sort_key
from .session import LostAnswer, Refused, Session

Described = dict[str, Any]

FILTER_VALUES_MAX: Final = 200
"""A filter takes no more values (EC2's own limit)."""
NEAR_RULES_MAX: Final = 5_000
"""So many rules of all groups are looked through for what is like one that wasn't found."""

NEAR_ID: Final = 0.85
"""Two ids are alike from this ratio of difflib's on: a digit or two mistyped. Those of chance are far below it."""

_LIKE_ADDRESS: Final = re.compile(r"(\d+(\.\d+){2,}|[0-9a-f.]*:[0-9a-f:.]*)(/\d+)?", re.IGNORECASE)
_ID: Final = re.compile("[a-z-]+-[0-9a-f]{8,32}")


class NotFound(Exception):
    """A word that names nothing, in a sentence that says what comes near."""


class Ambiguous(Exception):
    """A word that names several things, in a sentence that says how to tell them apart."""


@dataclass(frozen=True, slots=True)
class Meant:
    """A wanted rule whose names are resolved. group: described. peers: canonical blocks, or ids, any of them."""

    wanted: Wanted
    group: Described | None
    peers: frozenset[str]

    def matches(self, rule: Rule) -> bool:
        """Whether this is the rule, as far as its parts say."""
        return (
            (self.group is None or rule.group_id == self.group["GroupId"])
            and rule.direction is self.wanted.direction
            and rule.traffic in self.wanted.traffics
            and rule.peer.value in self.peers
        )


def group_named(session: Session, word: str, vpc_id: str | None = None) -> Described:
    """The group of that name or id, described.

    Raises:
        NotFound, Ambiguous.
    """
    found = _groups(session, word, vpc_id)
    if len(found) > 1:
        where = ", ".join(f"{each['GroupId']} in {each['VpcId']}" for each in found)
        raise Ambiguous(f"{shown(word)} names {len(found)} groups: {where}. Give the id, or --vpc.")
    if found:
        return found[0]
    names = sorted({str(each["GroupName"]) for each in session.every("DescribeSecurityGroups")})
    raise NotFound(f"No group is named {shown(word)}{_in_vpc(vpc_id)}.{_near_names(session, word, names)}")


def group_or_host_id(session: Session, word: str) -> str:
    """The id of the group of that name, or else of the host; what is an id already stays as it is.

    Raises:
        NotFound, Ambiguous.
    """
    if _ID.fullmatch(word):
        return word
    try:
        return str(group_named(session, word)["GroupId"])
    except NotFound:
        named = [each for each in session.own("GET", "/ringwall/v1/hosts")["hosts"] if each["hostname"] == word]
        if len(named) != 1:
            raise
        return str(named[0]["instance_id"])


def peers_named(session: Session, word: str, beside: Described | None = None) -> frozenset[str]:
    """The ids that a peer's name may mean: groups, those in the VPC of the group `beside` before others, and lists.

    A group's id is its own word: a rule may name one that is another account's, or gone.

    Raises:
        NotFound.
    """
    groups = _groups(session, word, None)
    near = [each for each in groups if beside is not None and each["VpcId"] == beside["VpcId"]]
    if word.startswith("pl-"):
        lists = _described(session, "DescribeManagedPrefixLists", "prefix-list-id", [_literal(word)])
    else:
        lists = _described(session, "DescribeManagedPrefixLists", "prefix-list-name", [_literal(word)])
    found = [each["GroupId"] for each in near or groups] + [each["PrefixListId"] for each in lists]
    if found:
        return frozenset(found)
    if is_group_id(word):
        return frozenset([word])
    names = {str(each["GroupName"]) for each in session.every("DescribeSecurityGroups")}
    names |= {str(each["PrefixListName"]) for each in session.every("DescribeManagedPrefixLists")}
    if _LIKE_ADDRESS.fullmatch(word):
        kind = "CIDR block" if "/" in word else "address"
        raise NotFound(f"{shown(word)} is no {kind}, and no group or prefix list is named so.")
    raise NotFound(f"No group or prefix list is named {shown(word)}.{_near_names(session, word, sorted(names))}")


def meant_by(session: Session, wanted: Wanted, vpc_id: str | None = None) -> Meant:
    """The wanted rule with its names resolved.

    Raises:
        NotFound, Ambiguous.
    """
    group = None if wanted.group is None else group_named(session, wanted.group, vpc_id)
    peers = frozenset(wanted.blocks) or peers_named(session, wanted.peer or "", group)
    return Meant(wanted, group, peers)


def rules_of_groups(session: Session, group_ids: Iterable[str]) -> list[Rule]:
    """All rules of these groups, in the order in which they are shown."""
    return sorted(map(rule_of, _described(session, "DescribeSecurityGroupRules", "group-id", group_ids)), key=sort_key)


def all_rules(session: Session) -> list[Rule]:
    """The rules of all groups, in the order in which they are shown within each."""
    return sorted(map(rule_of, session.every("DescribeSecurityGroupRules", MaxResults=1000)), key=sort_key)


def some_rules(session: Session) -> list[Rule]:
    """Rules of all groups, but not more than can be looked through while somebody waits."""
    found: list[Rule] = []
    token: dict[str, str] = {}
    while len(found) < NEAR_RULES_MAX:
        answer = session.ec2("DescribeSecurityGroupRules", MaxResults=1000, **token)
        found += map(rule_of, answer.get("SecurityGroupRules", []))
        if not answer.get("NextToken"):
            break
        token = {"NextToken": answer["NextToken"]}
    return found


def rules_by_id(session: Session, rule_ids: Iterable[str]) -> dict[str, Rule]:
    """Those of the rules that exist, by id."""
    described = _described(session, "DescribeSecurityGroupRules", "security-group-rule-id", rule_ids)
    return {rule.rule_id: rule for rule in map(rule_of, described)}


def near_ids(session: Session, rule_id: str) -> list[Rule]:
    """The rules whose ids are most like one that no rule has: cut short, or mistyped."""
    rules = {rule.rule_id: rule for rule in some_rules(session)}
    longer = sorted(each for each in rules if each.startswith(rule_id))[:3]
    return [rules[each] for each in longer or get_close_matches(rule_id, rules, n=3, cutoff=NEAR_ID)]


def what_became_of(session: Session, rule_id: str) -> list[str]:
    """The command that tells what became of a rule, if the trail knows it, and lets whoever asks read it."""
    try:
        events = session.own("GET", "/ringwall/v1/trail", query=urlencode({"about": rule_id, "limit": 1}))["events"]
    except (Refused, LostAnswer):
        return []
    return [f"`ringwall why {rule_id}` tells what became of it."] if events else []


def names_of_all(session: Session, groups: Iterable[Described]) -> Names:
    """The words for these groups, which are all that there are, and for the prefix lists."""
    return _names(groups, session.every("DescribeManagedPrefixLists"))


def names_for(session: Session, rules: Sequence[Rule], others: Iterable[str] = ()) -> Names:
    """The words for the groups and prefix lists in these rules. A name that several have is a word for none.

    others: ids of more groups.
    """
    ids = {rule.group_id for rule in rules} | {each.peer.value for each in rules if each.peer.value.startswith("sg-")}
    ids |= set(others)
    groups = _described(session, "DescribeSecurityGroups", "group-id", ids)
    names = {_literal(each["GroupName"]) for each in groups}
    lists = session.every("DescribeManagedPrefixLists")
    known = _names(_described(session, "DescribeSecurityGroups", "group-name", names), lists)
    return replace(known, shown={key: word for key, word in known.shown.items() if key in ids or key.startswith("pl-")})


def _names(groups: Iterable[Described], lists: Iterable[Described]) -> Names:
    by_id = {each["GroupId"]: each["GroupName"] for each in groups}
    by_id |= {each["PrefixListId"]: each["PrefixListName"] for each in lists}
    owners: dict[str, int] = {}
    for name in by_id.values():
        owners[name.casefold()] = owners.get(name.casefold(), 0) + 1
    return Names(
        {key: shown(name) for key, name in by_id.items() if owners[name.casefold()] == 1 and means_only_itself(name)}
    )


def carriers(session: Session, group_ids: Iterable[str]) -> list[Described]:
    """The interfaces that carry one of the groups and are attached to a host."""
    found = _described(session, "DescribeNetworkInterfaces", "group-id", group_ids)
    by_id = {each["NetworkInterfaceId"]: each for each in found if each.get("Attachment", {}).get("InstanceId")}
    return list(by_id.values())


def hosts_of(interfaces: Iterable[Described]) -> set[str]:
    """The ids of the hosts that have the interfaces."""
    return {each["Attachment"]["InstanceId"] for each in interfaces}


def _groups(session: Session, word: str, vpc_id: str | None) -> list[Described]:
    by_id = _described(session, "DescribeSecurityGroups", "group-id", [word]) if is_group_id(word) else []
    found = by_id or _described(session, "DescribeSecurityGroups", "group-name", [_literal(word)])
    return [each for each in found if vpc_id in (None, each["VpcId"])]


def _described(session: Session, operation: str, name: str, values: Iterable[str]) -> list[Described]:
    """All that has one of the values, of the filter of that name."""
    wanted = sorted(set(values))
    return [
        each
        for start in range(0, len(wanted), FILTER_VALUES_MAX)
        for each in session.every(
            operation, Filters=[{"Name": name, "Values": wanted[start : start + FILTER_VALUES_MAX]}]
        )
    ]


def _literal(name: str) -> str:
    """The name as a filter takes it that has no wildcards in it."""
    return "".join(f"\\{each}" if each in "*?\\" else each for each in name)


def _near_names(session: Session, word: str, names: Sequence[str]) -> str:
    by_folded = {name.casefold(): name for name in names}
    near = get_close_matches(word.casefold(), by_folded, n=3, cutoff=0.6)
    if near:
        return f" Did you mean {' or '.join(shown(by_folded[each]) for each in near)}?"
    return f" `ringwall list` shows what there is in {plain(session.region)}."


def _in_vpc(vpc_id: str | None) -> str:
    return f" in {plain(vpc_id)}" if vpc_id else ""


def describe_group(group: Described) -> str:
    """A group in a line: its name, its id, its VPC and what it is said to be for."""
    return f"{shown(group['GroupName'])}  {group['GroupId']} in {group['VpcId']}: {plain(group['Description'])}"


def ambiguous_peers(rules: Sequence[Rule], names: Names) -> str | None:
    """Why it isn't clear which of the rules is meant: a name that means several peers, each with a rule; else None."""
    named = {rule.peer.value for rule in rules if not rule.peer.kind.value.startswith("cidr")}
    if len(named) < 2:
        return None
    lines = "\n".join(f"  {line_of(rule, names).text()}" for rule in rules)
    return f"The peer's name means {len(named)} peers, and each has such a rule. Say which, by its id:\n{lines}"
