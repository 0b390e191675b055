"""Where packets come in: the base chains, the interfaces they lead to, and what passes whatever the groups say.

    input:  lo -> accept
            iifname . ct direction -> eni-…-ingress (the peer opened the flow) or eni-…-egress (these are replies)
            without a flow: neighbour discovery, then eni-…-ingress-untracked
            unmanaged -> accept;  control channel -> accept;  everything else is closed
    output: the mirror image

An interface's chain tries its groups in order and ends in its `refused` chain: the host's own DHCP and the connection
to the server still pass, the rest is counted and dropped. In observe mode the same look-ups are done and the same
counters count, and only the verdict is another: accept.

There is no line for established flows. Every packet is judged again on its flow's original tuple, so what the rules say
now holds for flows of any age; connection tracking only tells requests from replies.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Final

from ringwall.domain.address import block, packed, version_of
from ringwall.domain.admission import LINK_LOCAL_TYPES, LOOPBACK, TCP, UDP
from ringwall.domain.group import Direction
from ringwall.domain.interface import Mode
from ringwall.domain.local import LocalPolicy
from ringwall.domain.traffic import PROTOCOL_NUMBERS
from ringwall.domain.world import HostInterface
from ringwall.nft import expressions as fields
from ringwall.nft.expressions import Counter, Field, InSet, Match, MatchAny, Statement, Verdict, VerdictMap
from ringwall.nft.objects import Chain, Element, Hook, Map, Rule, Set

from . import names
from .matches import IPV4, TRACKED, UNTRACKED, at_block, flow_port, flow_protocol
from .parts import Object

FILTER: Final = 0
ACCEPT: Final = Verdict("accept")
DROP: Final = Verdict("drop")
ORIGINAL: Final = b"\x00"
REPLY: Final = b"\x01"
_IS_TCP: Final = Match(fields.L4PROTO, bytes([TCP]))
_IS_ICMPV6: Final = Match(fields.L4PROTO, bytes([PROTOCOL_NUMBERS["icmpv6"]]))
_SYN, _FIN_SYN_RST_ACK = b"\x02", b"\x17"
_LISTENER_TYPES: Final = frozenset({130, 131, 132, 143})
_HOP_LIMIT_MAX: Final = b"\xff"


def hook_objects(
    mode: Mode, interfaces: Sequence[HostInterface], group_ids: frozenset[str], local: LocalPolicy
) -> list[Object]:
    """All that doesn't depend on rules: base chains, interfaces, exceptions. group_ids: those that have chains."""
    objects: list[Object] = [_link_local(), _control_channel(local), _unmanaged(local)]
    objects += [_dhcp(direction) for direction in Direction]
    objects += _base(mode, "input", fields.IIFNAME, interfaces)
    objects += _base(mode, "output", fields.OIFNAME, interfaces)
    for interface in interfaces:
        objects.append(_own_addresses(interface))
        groups = [group_id for group_id in dict.fromkeys(interface.group_ids) if group_id in group_ids]
        for direction in Direction:
            objects += _interface(mode, interface, direction, groups)
    return objects


def _base(mode: Mode, hook: str, device: Field, interfaces: Sequence[HostInterface]) -> list[Object]:
    """The base chain of one hook with its maps."""
    towards = hook == "input"
    name, tracked, untracked = (
        (names.INPUT, names.INPUT_INTERFACES, names.INPUT_UNTRACKED)
        if towards
        else (names.OUTPUT, names.OUTPUT_INTERFACES, names.OUTPUT_UNTRACKED)
    )
    arriving = Direction.INGRESS if towards else Direction.EGRESS
    answering = Direction.EGRESS if towards else Direction.INGRESS
    flows: dict[Element, Verdict] = {}
    others: dict[Element, Verdict] = {}
    for each in interfaces:
        flows[_ifname(each.device), ORIGINAL] = Verdict("goto", names.directed(each.interface_id, arriving))
        flows[_ifname(each.device), REPLY] = Verdict("goto", names.directed(each.interface_id, answering))
        others[(_ifname(each.device),)] = Verdict("goto", names.untracked(each.interface_id, arriving))
    without_flow = _state(fields.STATE_INVALID, fields.STATE_UNTRACKED)
    of_our_flows = Match(fields.CT_DIRECTION, REPLY if towards else ORIGINAL)
    rules = (
        Rule((Match(device, _ifname(LOOPBACK)), ACCEPT)),
        Rule((VerdictMap((device, fields.CT_DIRECTION), tracked),)),
        Rule((without_flow, Verdict("jump", names.LINK_LOCAL))),
        Rule((_state(fields.STATE_INVALID), VerdictMap((device,), untracked))),
        Rule((InSet((device,), names.UNMANAGED), ACCEPT)),
        Rule((of_our_flows, Verdict("jump", names.CONTROL_CHANNEL))),
        _refusal(mode, "no interface of ours"),
    )
    return [
        Map(tracked, (device, fields.CT_DIRECTION), flows),
        Map(untracked, (device,), others),
        Chain(
            name,
            rules,
            Hook("input" if towards else "output", FILTER, "drop" if mode is Mode.ENFORCE else "accept"),
        ),
    ]


def _interface(mode: Mode, interface: HostInterface, direction: Direction, group_ids: Sequence[str]) -> list[Object]:
    """The chains of an interface in one direction: its groups in order, then the refusal.

    A TCP flow begins with a SYN. Without the first line, a packet in the middle of a stream whose flow is unknown would
    make a new flow of it, with the sides swapped where a server speaks first, and egress rules would open ingress.
    And nobody outside has the interface's own address, which rules that name its own groups would admit.
    """
    interface_id = interface.interface_id
    refused = names.refused(interface_id, direction)
    goto_refused = Verdict("goto", refused)
    no_syn = Match(fields.TCP_FLAGS, _SYN, mask=_FIN_SYN_RST_ACK, negated=True)
    spoofed, spoofed_untracked = (
        [Rule((InSet((where[direction].v6,), names.own_addresses(interface_id)), goto_refused))]
        if direction is Direction.INGRESS
        else []
        for where in (TRACKED, UNTRACKED)
    )
    passes = [Rule((Verdict("jump", names.dhcp(direction)),))]
    if direction is Direction.EGRESS:
        passes.insert(0, Rule((Verdict("jump", names.CONTROL_CHANNEL),)))
    return [
        Chain(
            names.directed(interface_id, direction),
            (
                Rule((_state(fields.STATE_NEW), _IS_TCP, no_syn, goto_refused)),
                *spoofed,
                *_jumps(names.directed(group_id, direction) for group_id in group_ids),
                Rule((goto_refused,)),
            ),
        ),
        Chain(
            names.untracked(interface_id, direction),
            (
                *spoofed_untracked,
                *_jumps(names.untracked(group_id, direction) for group_id in group_ids),
                Rule((goto_refused,)),
            ),
        ),
        Chain(refused, (*passes, _refusal(mode, f"{direction} that no rule admits"))),
    ]


def _own_addresses(interface: HostInterface) -> Set:
    """The interface's IPv6 addresses. Packets from outside with an IPv4 address of ours the kernel drops itself."""
    own = frozenset((packed(address),) for address in interface.addresses if ":" in address)
    return Set(names.own_addresses(interface.interface_id), (TRACKED[Direction.INGRESS].v6,), own)


def _jumps(chains: Iterable[str]) -> list[Rule]:
    return [Rule((Verdict("jump", chain),)) for chain in chains]


def _refusal(mode: Mode, what: str) -> Rule:
    """Count it and drop it; or, where the host only observes, count what would be dropped."""
    if mode is Mode.ENFORCE:
        return Rule((Counter(), DROP), f"dropped: {what}")
    return Rule((Counter(), ACCEPT), f"would be dropped: {what}")


def _link_local() -> Chain:
    """Neighbour discovery with hop limit 255, which no router forwards, and multicast listeners with 1, likewise."""
    rules = [
        Rule((_IS_ICMPV6, Match(fields.ICMPV6_TYPE, bytes([number])), Match(fields.IP6_HOPLIMIT, limit), ACCEPT))
        for number in sorted(LINK_LOCAL_TYPES)
        for limit in [b"\x01" if number in _LISTENER_TYPES else _HOP_LIMIT_MAX]
    ]
    return Chain(names.LINK_LOCAL, tuple(rules))


def _dhcp(direction: Direction) -> Chain:
    """The host as a client: it asks from port 68 (546), a server answers or renews from port 67 (547)."""
    client_opens = direction is Direction.EGRESS
    from_link_local = at_block(TRACKED[Direction.INGRESS].v6, block("fe80::/10"))
    rules = []
    for of_family, client, server in ((IPV4, 68, 67), (from_link_local, 546, 547)):
        source, destination = (client, server) if client_opens else (server, client)
        from_port = Match(fields.CT_ORIGINAL_PROTO_SRC, source.to_bytes(2, "big"))
        rules.append(Rule((flow_protocol(UDP), from_port, flow_port(destination), of_family, ACCEPT)))
    return Chain(names.dhcp(direction), tuple(rules))


def _control_channel(local: LocalPolicy) -> Chain:
    """Connections to the server. Only reached for flows that this host opened."""
    rules = []
    for each in sorted(local.control, key=lambda each: (packed(each.address), each.port)):
        address = packed(each.address)
        at_server = Match(TRACKED[Direction.EGRESS].of(version_of(address)), address)
        rules.append(Rule((flow_protocol(TCP), flow_port(each.port), at_server, ACCEPT)))
    return Chain(names.CONTROL_CHANNEL, tuple(rules))


def _unmanaged(local: LocalPolicy) -> Set:
    return Set(names.UNMANAGED, (fields.IIFNAME,), frozenset((_ifname(device),) for device in local.unmanaged))


def _state(*states: int) -> Statement:
    return MatchAny(fields.CT_STATE, sum(states).to_bytes(fields.CT_STATE.length, sys.byteorder))


def _ifname(device: str) -> bytes:
    return device.encode().ljust(fields.IIFNAME.length, b"\0")
