"""Small constructors, so that a test reads like what it says: rules, worlds, flows and packets.

>>> state = world(ingress(tcp(22), cidr("10.0.0.0/8")), ingress(udp(53), group("sg-app")))
>>> flow(source="10.1.2.3", destination_port=22).peer(INGRESS)
'10.1.2.3'
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ringwall.domain.address import packed, version_of
from ringwall.domain.admission import ICMP, ICMPV6, LINK_LOCAL_TYPES, TCP, Flow
from ringwall.domain.group import Direction, SecurityGroupRule
from ringwall.domain.interface import Mode
from ringwall.domain.local import LocalPolicy
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.traffic import Traffic
from ringwall.domain.world import HostGroup, HostInterface, HostState, InterfaceKind
from ringwall.nft import expressions as fields
from ringwall.nft.expressions import Field

INGRESS, EGRESS = Direction.INGRESS, Direction.EGRESS
LOCAL = LocalPolicy()
DEVICE = "up0"
HOST4, HOST6 = "10.0.0.1", "fd00::1"
PEER4, PEER6 = "10.0.0.2", "fd00::2"

TRACKED_ICMP = {ICMP: frozenset({8, 13, 15, 17}), ICMPV6: frozenset({128, 139})}
"""The types with which a flow begins for conntrack; it has no flow for any other, or calls it invalid."""

LISTENER_TYPES = frozenset({130, 131, 132, 143})
"""Of multicast listener discovery."""


def tcp(low: int, high: int | None = None) -> Traffic:
    """A port, or a range of ports."""
    return Traffic("tcp", low, low if high is None else high)


def udp(low: int, high: int | None = None) -> Traffic:
    """A port, or a range of ports."""
    return Traffic("udp", low, low if high is None else high)


def icmp(kind: int = -1, code: int = -1) -> Traffic:
    """A type and a code; -1: all."""
    return Traffic("icmp", kind, code)


def icmpv6(kind: int = -1, code: int = -1) -> Traffic:
    """A type and a code; -1: all."""
    return Traffic("icmpv6", kind, code)


def protocol(number: int) -> Traffic:
    """A protocol by its number."""
    return Traffic(str(number))


def everything() -> Traffic:
    """All protocols."""
    return Traffic("-1")


def cidr(text: str) -> Peer:
    """A block of either family."""
    return Peer(PeerKind.CIDR_IPV6 if ":" in text else PeerKind.CIDR_IPV4, text)


def group(group_id: str) -> Peer:
    """The members of a group."""
    return Peer(PeerKind.GROUP, group_id)


def prefix_list(list_id: str) -> Peer:
    """The blocks of a prefix list."""
    return Peer(PeerKind.PREFIX_LIST, list_id)


def ingress(traffic: Traffic, peer: Peer, rule_id: str = "", group_id: str = "sg-1") -> SecurityGroupRule:
    """A rule; without an id, `world` numbers it."""
    return SecurityGroupRule(rule_id, group_id, INGRESS, traffic, peer)


def egress(traffic: Traffic, peer: Peer, rule_id: str = "", group_id: str = "sg-1") -> SecurityGroupRule:
    """A rule; without an id, `world` numbers it."""
    return SecurityGroupRule(rule_id, group_id, EGRESS, traffic, peer)


def world(
    *rules: SecurityGroupRule,
    mode: Mode = Mode.ENFORCE,
    members: Mapping[str, Iterable[str]] | None = None,
    prefix_lists: Mapping[str, Iterable[str]] | None = None,
    device: str = DEVICE,
    groups: tuple[str, ...] = (),
) -> HostState:
    """A host with one interface that carries the groups of the rules, in the order in which they appear.

    groups: carried before those.
    """
    numbered = [rule if rule.rule_id else replace(rule, rule_id=f"sgr-{n}") for n, rule in enumerate(rules, start=1)]
    group_ids = tuple(dict.fromkeys([*groups, *(rule.group_id for rule in numbered)]))
    return HostState(
        host_id="i-1",
        mode=mode,
        interfaces={"eni-1": HostInterface("eni-1", device, (HOST4, HOST6), group_ids)},
        groups={
            each: HostGroup(each, f"name of {each}", {rule.rule_id: rule for rule in numbered if rule.group_id == each})
            for each in group_ids
        },
        members={each: frozenset(addresses) for each, addresses in (members or {}).items()},
        prefix_lists={each: frozenset(blocks) for each, blocks in (prefix_lists or {}).items()},
    )


def routed(
    interface_id: str, device: str, addresses: Iterable[str], *group_ids: str, source_check: bool = True
) -> HostInterface:
    """A container behind the host: the host's end of its cable, its addresses and groups."""
    return HostInterface(
        interface_id, device, tuple(addresses), group_ids, InterfaceKind.ROUTED, source_check=source_check
    )


def host_interface(interface_id: str, device: str, addresses: Iterable[str], *group_ids: str) -> HostInterface:
    """Another interface of the host's own."""
    return HostInterface(interface_id, device, tuple(addresses), group_ids)


def beside(state: HostState, *interfaces: HostInterface) -> HostState:
    """The state with these interfaces as well."""
    return replace(state, interfaces={**state.interfaces, **{each.interface_id: each for each in interfaces}})


def forwarded(arriving: str, leaving: str, source: str, destination: str, **rest: Any) -> Flow:
    """A flow that the host forwards, from one device to another."""
    return replace(flow(INGRESS, source=source, destination=destination, device=arriving, **rest), onward=leaving)


def flow(
    direction: Direction = INGRESS,
    protocol: int = TCP,
    source: str = "",
    destination: str = "",
    source_port: int = 40000,
    destination_port: int = 0,
    icmp: tuple[int, int] = (0, 0),
    device: str = DEVICE,
    version: int = 4,
) -> Flow:
    """A flow between the host and a peer, where not said otherwise in IPv4."""
    host, peer = (HOST4, PEER4) if version == 4 else (HOST6, PEER6)
    default = (peer, host) if direction is INGRESS else (host, peer)
    return Flow(
        device,
        direction,
        protocol,
        source or default[0],
        destination or default[1],
        source_port,
        destination_port,
        *icmp,
    )


def is_tracked(of: Flow) -> bool:
    """Whether conntrack makes a flow of it."""
    return of.protocol not in TRACKED_ICMP or of.icmp_type in TRACKED_ICMP[of.protocol]


def hook_of(of: Flow, *, reply: bool = False) -> str:
    """The hook at which the host sees the flow's packets."""
    if of.onward is not None:
        return "forward"
    return "input" if (of.direction is INGRESS) is not reply else "output"


def hops(of: Flow) -> int:
    """The hop limit of the flow's packets: neighbours show by it that no router was between."""
    if of.protocol != ICMPV6 or of.icmp_type not in LINK_LOCAL_TYPES or of.onward is not None:
        return 64
    return 1 if of.icmp_type in LISTENER_TYPES else 255


def packet(of: Flow, kind: str = "first") -> dict[Field, bytes]:
    """What the kernel would load for a packet of the flow, at the hook that `hook_of` names.

    kind: `first`; `later` in the same direction; `reply`; `error`: an ICMP error about it, in the reply direction;
    `midstream`: TCP in the middle of a flow that conntrack doesn't know. What has no flow is seen as its first packet.
    """
    v4 = version_of(packed(of.source)) == 4
    backwards = kind in ("reply", "error")
    number = (ICMP if v4 else ICMPV6) if kind == "error" else of.protocol
    source, destination = (of.destination, of.source) if backwards else (of.source, of.destination)
    loads = {
        **_devices(of, backwards),
        fields.NFPROTO: b"\x02" if v4 else b"\x0a",
        fields.L4PROTO: bytes([number]),
        fields.IP_SADDR if v4 else fields.IP6_SADDR: packed(source),
        fields.IP_DADDR if v4 else fields.IP6_DADDR: packed(destination),
    }
    if not v4:
        loads[fields.IP6_HOPLIMIT] = bytes([hops(of)])
    if number == TCP:
        loads[fields.TCP_FLAGS] = {"first": b"\x02", "later": b"\x10", "reply": b"\x12", "midstream": b"\x18"}[kind]
    if number in (ICMP, ICMPV6):
        loads[fields.ICMP_TYPE if v4 else fields.ICMPV6_TYPE] = bytes([3 if kind == "error" else of.icmp_type])
        loads[fields.ICMP_CODE if v4 else fields.ICMPV6_CODE] = bytes([4 if kind == "error" else of.icmp_code])
    if not is_tracked(of):
        link_local = of.protocol == ICMPV6 and of.icmp_type in LINK_LOCAL_TYPES - {137}
        return loads | {fields.CT_STATE: _state(fields.STATE_UNTRACKED if link_local else fields.STATE_INVALID)}
    return loads | _flow_loads(of, kind, v4)


def _devices(of: Flow, backwards: bool) -> dict[Field, bytes]:
    here, there = (each.encode().ljust(16, b"\0") for each in (of.device, of.onward or ""))
    if of.onward is not None:
        return dict(zip((fields.IIFNAME, fields.OIFNAME), (there, here) if backwards else (here, there), strict=True))
    return {fields.IIFNAME if hook_of(of, reply=backwards) == "input" else fields.OIFNAME: here}


def _flow_loads(of: Flow, kind: str, v4: bool) -> dict[Field, bytes]:
    source_port, destination_port = of.source_port, of.destination_port
    if of.protocol in TRACKED_ICMP:
        source_port, destination_port = 4711, of.icmp_type << 8 | of.icmp_code
    state = {"first": fields.STATE_NEW, "midstream": fields.STATE_NEW, "error": fields.STATE_RELATED}
    return {
        fields.CT_STATE: _state(state.get(kind, fields.STATE_ESTABLISHED)),
        fields.CT_DIRECTION: b"\x01" if kind in ("reply", "error") else b"\x00",
        fields.CT_PROTOCOL: bytes([of.protocol]),
        fields.CT_ORIGINAL_PROTO_SRC: source_port.to_bytes(2, "big"),
        fields.CT_ORIGINAL_PROTO_DST: destination_port.to_bytes(2, "big"),
        fields.CT_REPLY_PROTO_SRC: (4711 if of.protocol in TRACKED_ICMP else destination_port).to_bytes(2, "big"),
        fields.CT_ORIGINAL_IP_SADDR if v4 else fields.CT_ORIGINAL_IP6_SADDR: packed(of.source),
        fields.CT_REPLY_IP_SADDR if v4 else fields.CT_REPLY_IP6_SADDR: packed(of.destination),
    }


def _state(state: int) -> bytes:
    return state.to_bytes(4, sys.byteorder)
