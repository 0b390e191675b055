"""Permissions, the grouped form in which EC2's API writes rules, read into single rules and written back.

A permission is one traffic with several sources of four kinds; a rule has one. Everything that a request says about
traffic and CIDR blocks goes through the canonicalisers here, so that two spellings of one rule are one rule: protocol
names in any case and protocol numbers, ports that mean nothing, host bits, IPv6 spellings.

Source: EC2 API Reference, IpPermission; texts and their order from ec2-behaviour 3.4 and 3.5.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

from .address import canonical_cidr
from .errors import (
    InvalidGroupNotFound,
    InvalidParameterCombination,
    InvalidParameterValue,
    MissingParameter,
)
from .group import PeerReference, RuleRow
from .ids import GROUP, PEERING, PREFIX_LIST, VPC
from .peer import Peer, PeerKind
from .traffic import ALL_PROTOCOLS, ANY, PROTOCOL_NUMBERS, Traffic

DESCRIPTION_CHARACTERS: Final = "a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
"""What names and descriptions may hold, as EC2's own texts print it."""

_DESCRIPTION: Final = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{0,255}")
_NUMBER: Final = re.compile(r"[0-9]{1,3}")
_NAMES: Final = {number: name for name, number in PROTOCOL_NUMBERS.items()}


@dataclass(frozen=True, slots=True)
class GroupPair:
    """A group as a request names it: by id, or by its name in the default VPC. Whether it exists is not known yet.

    user_id, vpc_id, peering_id: what the request says of its owner, its VPC and the way there, or None.
    """

    group_id: str | None
    group_name: str | None
    user_id: str | None = None
    vpc_id: str | None = None
    peering_id: str | None = None

    def fits(self, vpc_id: str, peering_id: str | None) -> bool:
        """Whether the group may lie in this VPC and be reached by this peering connection: what isn't said, fits."""
        return self.vpc_id in (None, vpc_id) and self.peering_id in (None, peering_id)


class RuleRequest(NamedTuple):
    """One rule that a request names. description: None or empty when none was given."""

    traffic: Traffic
    peer: Peer | GroupPair
    description: str | None = None


def canonical_traffic(protocol: str | None, from_port: int | None, to_port: int | None) -> Traffic:
    """The traffic that a request means, in canonical form.

    >>> canonical_traffic("6", 22, 25), canonical_traffic("ICMP", 8, -1)
    (Traffic(protocol='tcp', from_port=22, to_port=25), Traffic(protocol='icmp', from_port=8, to_port=-1))
    >>> canonical_traffic("-1", 22, 25), canonical_traffic("47", None, None)
    (Traffic(protocol='-1', from_port=-1, to_port=-1), Traffic(protocol='47', from_port=-1, to_port=-1))

    Raises:
        InvalidParameterValue: the protocol is missing or unknown, or the range is missing or impossible.
    """
    name = canonical_protocol(protocol)
    if name in ("tcp", "udp"):
        return Traffic(name, *_port_range(from_port, to_port))
    if name == "icmp":
        return Traffic(name, *_type_and_code(from_port, to_port))
    if name == "icmpv6":
        # Unlike for icmp, both may be left out and then mean all.
        return Traffic(
            name, *_type_and_code(ANY if from_port is None else from_port, ANY if to_port is None else to_port)
        )
    return Traffic(name)


def canonical_protocol(protocol: str | None) -> str:
    """`tcp`, `udp`, `icmp`, `icmpv6`, `-1`, or the number as text: one result for all spellings of one protocol.

    Raises:
        InvalidParameterValue: none is given, or there is no such protocol; `all` is the CLI's word, not the API's.
    """
    if protocol is None:
        raise InvalidParameterValue(
            "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly."
        )
    name = protocol.lower()
    if name in PROTOCOL_NUMBERS or name == ALL_PROTOCOLS:
        return name
    if _NUMBER.fullmatch(name) is None or int(name) > 255:
        raise InvalidParameterValue(f"Invalid value '{protocol}' for IP protocol. Unknown protocol.")
    number = int(name)
    return _NAMES.get(number) or str(number)


def _port_range(from_port: int | None, to_port: int | None) -> tuple[int, int]:
    # -1 is how clients write "no port", which tcp and udp don't have.
    if from_port is None or to_port is None or from_port == ANY or to_port == ANY:
        raise InvalidParameterValue("Invalid value for portRange. Must specify both from and to ports with TCP/UDP.")
    # The next three texts aren't recorded; they are chosen among those that others report.
    if not 0 <= from_port <= 65535:
        raise InvalidParameterValue("TCP/UDP from port is out of range.")
    if not 0 <= to_port <= 65535:
        raise InvalidParameterValue("TCP/UDP to port is out of range.")
    if from_port > to_port:
        raise InvalidParameterValue(f"Invalid TCP/UDP port range ({from_port}-{to_port})")
    return from_port, to_port


def _type_and_code(icmp_type: int | None, code: int | None) -> tuple[int, int]:
    if icmp_type is None or code is None:
        # Recorded without the final stop; whether EC2 or the quotation left it out isn't known.
        raise InvalidParameterValue("Invalid value for portRange. Must specify both from and to ports with ICMP.")
    # The texts of the next three are chosen; that all types need all codes is documented.
    if not ANY <= icmp_type <= 255:
        raise InvalidParameterValue("ICMP type is out of range.")
    if not ANY <= code <= 255:
        raise InvalidParameterValue("ICMP code is out of range.")
    if icmp_type == ANY and code != ANY:
        raise InvalidParameterValue("Invalid value for portRange. All ICMP types (-1) need all ICMP codes (-1).")
    return icmp_type, code


def cidr_ipv4(text: str | None) -> Peer:
    """The IPv4 block that `CidrIp` gives.

    Raises:
        InvalidParameterValue: it is malformed: an IPv6 block, a group's id and a bare address are.
    """
    return _cidr(PeerKind.CIDR_IPV4, text)


def cidr_ipv6(text: str | None) -> Peer:
    """The IPv6 block that `CidrIpv6` gives.

    Raises:
        InvalidParameterValue: it is malformed. The text is that of IPv4 (chosen).
    """
    return _cidr(PeerKind.CIDR_IPV6, text)


def _cidr(kind: PeerKind, text: str | None) -> Peer:
    cidr = canonical_cidr(text) if text else None
    if cidr is None or (":" in cidr) is not (kind is PeerKind.CIDR_IPV6):
        raise InvalidParameterValue(f"CIDR block {'null' if text is None else text} is malformed")
    return Peer(kind, cidr)


def check_ids(permissions: Iterable[Mapping[str, Any]] | None) -> None:
    """Returns if all ids in the permissions are well-formed: of groups, their VPCs and peerings, of prefix lists.

    Raises:
        ServiceError: `InvalidGroupId.Malformed` and its like.
    """
    for permission in permissions or ():
        for pair in permission.get("UserIdGroupPairs") or ():
            if pair.get("GroupId"):
                GROUP.check(pair["GroupId"])
            if pair.get("VpcId"):
                VPC.check(pair["VpcId"])
            if pair.get("VpcPeeringConnectionId"):
                PEERING.check(pair["VpcPeeringConnectionId"])
        for prefix_list in permission.get("PrefixListIds") or ():
            PREFIX_LIST.check(prefix_list.get("PrefixListId") or "")


def rule_requests(permissions: Iterable[Mapping[str, Any]]) -> list[RuleRequest]:
    """The rules that permissions name, one for each source.

    Their order: that of the permissions; within one, groups, IPv4 blocks, IPv6 blocks, prefix lists, as EC2 answers.

    Raises:
        ServiceError: the first permission that can't be meant: protocol, then range, then sources, then CIDR blocks.
    Not checked: that ids are well-formed (`check_ids`), that groups and prefix lists exist, descriptions, repetition.
    """
    rules: list[RuleRequest] = []
    for permission in permissions:
        traffic = canonical_traffic(permission.get("IpProtocol"), permission.get("FromPort"), permission.get("ToPort"))
        before = len(rules)
        rules += [RuleRequest(traffic, peer, description) for peer, description in _sources(permission)]
        if len(rules) == before:
            raise InvalidParameterValue(
                "missing mandatory parameter: exactly one of remote-security-group, remote-ip-range, "
                "remote-ipv6-range, or prefix-list-id must be present"
            )
    return rules


def _sources(permission: Mapping[str, Any]) -> Iterator[tuple[Peer | GroupPair, str | None]]:
    for pair in permission.get("UserIdGroupPairs") or ():
        yield _group_pair(pair), pair.get("Description")
    for block in permission.get("IpRanges") or ():
        yield cidr_ipv4(block.get("CidrIp")), block.get("Description")
    for block in permission.get("Ipv6Ranges") or ():
        yield cidr_ipv6(block.get("CidrIpv6")), block.get("Description")
    for prefix_list in permission.get("PrefixListIds") or ():
        yield Peer(PeerKind.PREFIX_LIST, prefix_list["PrefixListId"]), prefix_list.get("Description")


def _group_pair(pair: Mapping[str, Any]) -> GroupPair:
    group_id, name = pair.get("GroupId") or None, pair.get("GroupName") or None
    if group_id and name:
        # EC2 refuses this too; its code and text aren't recorded, these are chosen.
        raise InvalidParameterCombination("The parameter groupId cannot be used with the parameter groupName")
    if not group_id and not name:
        raise MissingParameter.worded("groupId", "Source group ID missing.")
    # PeeringStatus is something that answers say; in a request it says nothing.
    said = (pair.get(member) or None for member in ("UserId", "VpcId", "VpcPeeringConnectionId"))
    return GroupPair(group_id, name, *said)


def check_description(text: str | None) -> None:
    """Returns if a rule may have this description.

    Raises:
        InvalidParameterValue: it is too long or holds other characters than EC2 allows.
    """
    if text and _DESCRIPTION.fullmatch(text) is None:
        raise InvalidParameterValue(
            "Invalid rule description. Valid descriptions are strings less than 256 characters from the following "
            f"set:  {DESCRIPTION_CHARACTERS}"
        )


def is_plain_text(text: str) -> bool:
    """Whether a name or description has at most 255 characters, all of those that EC2 allows."""
    return _DESCRIPTION.fullmatch(text) is not None


def sentence(traffic: Traffic, peer: Peer) -> str:
    """A rule as EC2's refusal of a duplicate describes it.

    >>> sentence(Traffic("tcp", 22, 22), Peer(PeerKind.CIDR_IPV4, "0.0.0.0/0"))
    'peer: 0.0.0.0/0, TCP, from port: 22, to port: 22, ALLOW'

    Source: observed for tcp, udp, icmp with all types; chosen by analogy for the rest.
    """
    if traffic.has_ports:
        range_ = f"{traffic.protocol.upper()}, from port: {traffic.from_port}, to port: {traffic.to_port}"
    elif traffic.has_icmp_type:
        range_ = f"{traffic.protocol.upper()}, type: {_all(traffic.from_port)}, code: {_all(traffic.to_port)}"
    else:
        range_ = "ALL" if traffic.protocol == ALL_PROTOCOLS else traffic.protocol
    return f"peer: {peer.value}, {range_}, ALLOW"


def _all(number: int) -> str:
    return "ALL" if number == ANY else str(number)


class ShownRule(Protocol):
    """What of a rule appears in a permission."""

    @property
    def traffic(self) -> Traffic:
        """What it admits."""

    @property
    def peer(self) -> Peer:
        """From or to whom."""

    @property
    def description(self) -> str | None:
        """What its author says of it."""

    @property
    def reference(self) -> PeerReference | None:
        """Where the peer lies, if it is a group of another VPC. Asked only of a rule whose peer is a group."""


StatusOf = Callable[[str], str]
"""The status of a peering connection as it is now, by its id. Called only for rules that have come across one."""


_LISTS: Final = {
    PeerKind.GROUP.value: ("UserIdGroupPairs", "GroupId"),
    PeerKind.CIDR_IPV4.value: ("IpRanges", "CidrIp"),
    PeerKind.CIDR_IPV6.value: ("Ipv6Ranges", "CidrIpv6"),
    PeerKind.PREFIX_LIST.value: ("PrefixListIds", "PrefixListId"),
}
_GROUP: Final = PeerKind.GROUP.value
_WITH_RANGE: Final = frozenset(PROTOCOL_NUMBERS)
"""The protocols that have ports, or a type and a code."""


def ip_permissions(rules: Iterable[ShownRule], owner_id: str, status_of: StatusOf) -> list[dict[str, Any]]:
    """The rules of one direction as permissions: see `permissions_of_rows`."""
    return permissions_of_rows(map(_row, rules), owner_id, status_of)


def _row(rule: ShownRule) -> RuleRow:
    traffic, peer = rule.traffic, rule.peer
    reference = rule.reference if peer.kind is PeerKind.GROUP else None
    where = (reference.owner_id, reference.vpc_id, reference.peering_id) if reference else (None, None, None)
    plain = (traffic.protocol, traffic.from_port, traffic.to_port, peer.kind.value, peer.value, rule.description)
    return ("", *plain, *where)


def permissions_of_rows(rows: Iterable[RuleRow], owner_id: str, status_of: StatusOf) -> list[dict[str, Any]]:
    """The rules of one direction as permissions: one for each traffic, with all four lists, in the order given.

    Ports are absent where the protocol has none. owner_id: the account of the groups that are named.
    Source: observed (11 rules in 7 permissions; -1 without ports, icmp -1/-1 with them; a group of a peered VPC).
    """
    permissions: dict[tuple[str, int, int], dict[str, Any]] = {}
    for _, protocol, from_port, to_port, kind, peer, description, peer_owner_id, peer_vpc_id, peering_id in rows:
        key = (protocol, from_port, to_port)
        permission = permissions.get(key)
        if permission is None:
            permission = permissions[key] = _empty_permission(protocol, from_port, to_port)
        list_name, member = _LISTS[kind]
        source = {member: peer}
        if kind == _GROUP:
            source["UserId"] = owner_id
            if peer_owner_id and peer_vpc_id:
                source |= reference_members(PeerReference(peer_owner_id, peer_vpc_id, peering_id), status_of)
        if description:
            source["Description"] = description
        permission[list_name].append(source)
    return list(permissions.values())


def reference_members(reference: PeerReference, status_of: StatusOf) -> dict[str, str]:
    """What an answer says of a group of another VPC besides its id: its owner, VPC and the way there.

    Source: observed across a peering connection. Of a group that an association makes usable only the VPC is said
    (chosen: there is no connection to name).
    """
    members = {"UserId": reference.owner_id, "VpcId": reference.vpc_id}
    if reference.peering_id is not None:
        members["VpcPeeringConnectionId"] = reference.peering_id
        members["PeeringStatus"] = status_of(reference.peering_id)
    return members


def _empty_permission(protocol: str, from_port: int, to_port: int) -> dict[str, Any]:
    # In one piece, and the lists new each time: this is done for every rule that is described.
    if protocol in _WITH_RANGE:
        return {
            "IpProtocol": protocol,
            "FromPort": from_port,
            "ToPort": to_port,
            "UserIdGroupPairs": [],
            "IpRanges": [],
            "Ipv6Ranges": [],
            "PrefixListIds": [],
        }
    return {"IpProtocol": protocol, "UserIdGroupPairs": [], "IpRanges": [], "Ipv6Ranges": [], "PrefixListIds": []}


def refuse_foreign(pair: GroupPair, account_id: str) -> None:
    """Returns if the pair speaks of the account's own groups: those of others can't be named here.

    Raises:
        InvalidGroupNotFound: its UserId is another account's, such as `amazon-elb`.
    """
    if pair.user_id and pair.user_id != account_id:
        raise InvalidGroupNotFound(pair.group_id or pair.group_name or "")
