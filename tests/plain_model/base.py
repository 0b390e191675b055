"""What the account holds, and how the model refuses."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

import botocore_judge as judge

Request = dict[str, Any]
Answer = dict[str, Any]
Fault = tuple[str, str | None]
"""A code and its text; None where EC2's isn't known."""

BAD = "InvalidParameterValue"
TWO_NETWORKS = "You have specified two resources that belong to different networks."

MALFORMED = {
    "GroupId": ("sg", "InvalidGroupId"),
    "GroupIds": ("sg", "InvalidGroupId"),
    "Groups": ("sg", "InvalidGroupId"),
    "ReferencedGroupId": ("sg", "InvalidGroupId"),
    "SecurityGroupRuleId": ("sgr", "InvalidSecurityGroupRuleId"),
    "SecurityGroupRuleIds": ("sgr", "InvalidSecurityGroupRuleId"),
    "VpcId": ("vpc", "InvalidVpcID"),
    "VpcIds": ("vpc", "InvalidVpcID"),
    "PeerVpcId": ("vpc", "InvalidVpcID"),
    "AssociationId": ("vpc-cidr-assoc", "InvalidVpcCidrBlockAssociationID"),
    "SubnetId": ("subnet", "InvalidSubnetID"),
    "SubnetIds": ("subnet", "InvalidSubnetID"),
    "NetworkInterfaceId": ("eni", "InvalidNetworkInterfaceId"),
    "NetworkInterfaceIds": ("eni", "InvalidNetworkInterfaceId"),
    "AttachmentId": ("eni-attach", "InvalidNetworkInterfaceAttachmentId"),
    "InstanceId": ("i", "InvalidInstanceID"),
    "InstanceIds": ("i", "InvalidInstanceID"),
    "PrefixListId": ("pl", "InvalidPrefixListId"),
    "VpcPeeringConnectionId": ("pcx", "InvalidVpcPeeringConnectionId"),
    "VpcPeeringConnectionIds": ("pcx", "InvalidVpcPeeringConnectionId"),
}
ABSENT = {
    "sg": ("InvalidGroup.NotFound", "The security group '{}' does not exist"),
    "sgr": ("InvalidSecurityGroupRuleId.NotFound", "The security group rule ID '{}' does not exist"),
    "vpc": ("InvalidVpcID.NotFound", None),
    "vpc-cidr-assoc": ("InvalidVpcCidrBlockAssociationID.NotFound", None),
    "subnet": ("InvalidSubnetID.NotFound", "The subnet ID '{}' does not exist"),
    "eni": ("InvalidNetworkInterfaceID.NotFound", "The networkInterface ID '{}' does not exist"),
    "eni-attach": ("InvalidAttachmentID.NotFound", None),
    "i": ("InvalidInstanceID.NotFound", "The instance ID '{}' does not exist"),
    "pl": ("InvalidPrefixListID.NotFound", None),
    "pcx": ("InvalidVpcPeeringConnectionID.NotFound", None),
}


class Refused(Exception):
    """args: the (code, text) that may be told, for EC2 leaves open which of several faults is."""


def accepted(said: Answer) -> None:
    """Fails if the service refused what nothing speaks against."""
    assert "Error" not in said, f"refused, though nothing speaks against it: {said['Error']}"


def refuse_any(faults: Iterable[Fault]) -> None:
    if told := list(faults):
        raise Refused(*told)


@dataclass
class Limits:
    """Quotas, small enough to be met."""

    groups: int = 10
    rules: int = 6
    groups_per_interface: int = 2
    vpcs: int = 5
    ipv4_blocks: int = 2
    ipv6_blocks: int = 1
    subnets: int = 5
    interfaces: int = 6
    prefix_lists: int = 4
    entries: int = 5
    versions: int = 2
    list_references: int = 3
    peerings: int = 2
    pending_peerings: int = 2
    tags: int = 2


@dataclass
class Rule:
    """What is held beside the identity. way: the VPC of the group that it names in another VPC, and the connection."""

    description: str | None
    rule_id: str | None = None
    way: tuple[str, str | None] | None = None


Key = tuple[bool, str, int, int, str]
"""A rule's identity: egress, protocol, from, to, and the source's own text or id."""


@dataclass
class Group:
    group_id: str
    name: str
    description: str
    vpc_id: str
    rules: dict[Key, Rule] = field(default_factory=dict)


@dataclass
class Vpc:
    """blocks: by association id, the primary one first. dns: support, host names; metrics."""

    vpc_id: str
    blocks: dict[str, str]
    is_default: bool = False
    attributes: dict[str, bool] = field(default_factory=dict)

    def of_version(self, version: int) -> list[str]:
        return [each for each in self.blocks.values() if ip_network(each).version == version]


@dataclass
class Subnet:
    subnet_id: str
    vpc_id: str
    zone: str
    block: str
    ipv6_block: str | None = None
    is_default: bool = False


@dataclass
class Peering:
    """ended_at: when it was rejected or deleted, or failed."""

    peering_id: str
    requester: str
    accepter: str
    status: str
    expires_at: int
    ended_at: int = 0


@dataclass
class PrefixList:
    """versions: by number, the entries' descriptions by block."""

    list_id: str
    name: str
    family: str
    max_entries: int
    versions: dict[int, dict[str, str | None]]
    state: str = "create-complete"

    @property
    def version(self) -> int:
        return max(self.versions)

    @property
    def entries(self) -> dict[str, str | None]:
        return self.versions[self.version]


@dataclass
class Interface:
    """instance_id: the host's that has it, at a place; at 0 its own. goes: whether it goes with the host."""

    interface_id: str
    subnet_id: str
    vpc_id: str
    group_ids: list[str]
    ipv4: list[str]
    ipv6: list[str]
    description: str = ""
    checked: bool = True
    instance_id: str | None = None
    attachment_id: str | None = None
    place: int = 0
    goes: bool = True

    @property
    def is_own(self) -> bool:
        return self.instance_id is not None and self.place == 0


@dataclass
class State:
    """One account in one region. look: asks the service, for what EC2 itself makes up (ids, first rules)."""

    look: Callable[..., Answer]
    limits: Limits
    now: int
    aws_lists: dict[str, int]
    zones: list[str]
    owner: str
    groups: dict[str, Group] = field(default_factory=dict)
    vpcs: dict[str, Vpc] = field(default_factory=dict)
    subnets: dict[str, Subnet] = field(default_factory=dict)
    peerings: dict[str, Peering] = field(default_factory=dict)
    associations: list[tuple[str, str]] = field(default_factory=list)
    prefix_lists: dict[str, PrefixList] = field(default_factory=dict)
    interfaces: dict[str, Interface] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: dict[tuple[str, str], tuple[Request, str, int]] = field(default_factory=dict)

    def ids(self, kind: str) -> list[str]:
        """What there is, in the order of ids."""
        found: dict[str, Callable[[], Iterable[str | None]]] = {
            "sg": lambda: self.groups,
            "vpc": lambda: self.vpcs,
            "subnet": lambda: self.subnets,
            "eni": lambda: self.interfaces,
            "pl": lambda: self.prefix_lists,
            "pcx": lambda: (each for each in self.peerings if self.is_shown(each)),
            "sgr": lambda: (rule.rule_id for group in self.groups.values() for rule in group.rules.values()),
            "eni-attach": lambda: (each.attachment_id for each in self.interfaces.values()),
            "i": lambda: {each.instance_id for each in self.interfaces.values()},
            "vpc-cidr-assoc": lambda: (each for vpc in self.vpcs.values() for each in vpc.blocks),
        }
        return sorted(each for each in found[kind]() if each)

    def is_shown(self, peering_id: str) -> bool:
        raise NotImplementedError

    def absent(self, kind: str, *ids: str) -> list[Fault]:
        """The fault that some don't exist; all of those are named."""
        missing = sorted(set(ids) - set(self.ids(kind)))
        code, text = ABSENT[kind]
        return [(code, text.format(*missing) if text and len(missing) == 1 else None)] if missing else []

    @property
    def default_vpc(self) -> str | None:
        return next((each.vpc_id for each in self.vpcs.values() if each.is_default), None)

    def default_group(self, vpc_id: str) -> Group:
        return next(each for each in self.groups.values() if (each.vpc_id, each.name) == (vpc_id, "default"))

    def new(self, kind: str, said: Answer, *path: str) -> str:
        """The id that EC2 gave to something new."""
        accepted(said)
        for step in path:
            said = said[step]
        made = str(said)
        assert re.fullmatch(f"{kind}-[0-9a-f]{{17}}", made), made
        assert made not in self.ids(kind) or kind == "sgr", made
        return made

    # --- Tags given to what is made ---

    def tag_faults(self, request: Request, kind: str) -> list[Fault]:
        given = self.given_tags(request)
        wrong = [each for each in request.get("TagSpecifications", []) if each["ResourceType"] != kind]
        faults: list[Fault] = [(BAD, None)] if wrong else []
        return faults + tags_wrong(given) + self.too_many_tags({each["Key"]: "" for each in given})

    def too_many_tags(self, tags: dict[str, str]) -> list[Fault]:
        return [("TagLimitExceeded", None)] if len(tags) > self.limits.tags else []

    def given_tags(self, request: Request) -> list[dict[str, str]]:
        return [tag for each in request.get("TagSpecifications", []) for tag in each["Tags"]]

    def keep_tags(self, request: Request, resource_id: str) -> None:
        if given := self.given_tags(request):
            self.tags[resource_id] = {each["Key"]: each["Value"] for each in given}

    # --- Client tokens ---

    def made_before(self, action: str, request: Request) -> tuple[str | None, list[Fault]]:
        """The id of what the same request made within a day; or the fault that another one did."""
        wanted, made, at = self.tokens.get((action, request.get("ClientToken", "")), ({}, "", -100_000))
        if self.now - at >= 24 * 3600:
            return None, []
        same = {name: value for name, value in request.items() if name not in ("ClientToken", "DryRun")} == wanted
        return (made, []) if same else (None, [("IdempotentParameterMismatch", None)])

    def record(self, action: str, request: Request, made: str) -> None:
        if token := request.get("ClientToken"):
            wanted = {name: value for name, value in request.items() if name not in ("ClientToken", "DryRun")}
            self.tokens[action, token] = wanted, made, self.now


def tags_wrong(given: list[dict[str, str]]) -> list[Fault]:
    keys = [each["Key"] for each in given]
    wrong = any(not key or len(key) > 128 or key.startswith("aws:") for key in keys)
    return [(BAD, None)] if wrong or len(set(keys)) < len(keys) else []


def syntax(action: str, request: Request) -> None:
    """What is refused before a dry run is: what a request must have, and the form of ids."""
    shape = judge.model(action).input_shape
    wanted = shape.required_members if shape else []
    faults: list[Fault] = [("MissingParameter", None) for name in wanted if request.get(name) in (None, "", [])]
    refuse_any(faults + [malformed(*each) for each in ids_in(request)])


def ids_in(value: Any) -> Iterator[tuple[str, str, str]]:
    """The malformed ids, each with its kind's prefix and code."""
    for name, each in value.items():
        texts = each if isinstance(each, list) else [each]
        if name in MALFORMED:
            prefix, code = MALFORMED[name]
            yield from ((prefix, code, text) for text in texts if not re.fullmatch(f"{prefix}-[0-9a-f]{{1,17}}", text))
        elif name not in ("Filters", "TagSpecifications"):
            for inner in texts:
                if isinstance(inner, dict):
                    yield from ids_in(inner)


def malformed(prefix: str, code: str, text: str) -> Fault:
    hint = "" if text.startswith(f"{prefix}-") else f' (expecting "{prefix}-...")'
    return f"{code}.Malformed", f'Invalid id: "{text}"{hint}' if prefix == "sg" and text else None


def check_dry_run(request: Request) -> None:
    if request.get("DryRun"):
        raise Refused(("DryRunOperation", "Request would have succeeded, but DryRun flag is set."))


def block_of(text: str, version: int) -> str | None:
    """The block in its one spelling, without host bits; None if it spells none."""
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    return str(network) if "/" in text and network.version == version else None


def overlap(one: str, others: Iterable[str]) -> bool:
    mine = ip_network(one)
    return any(mine.version == ip_network(each).version and mine.overlaps(ip_network(each)) for each in others)


def allowed(text: str) -> bool:
    return re.fullmatch(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{0,255}", text) is not None
