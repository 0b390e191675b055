"""An interface as chains: its groups in order, then what it never refuses, then the end.

eni-…-ingress            jump sg-…-ingress for each group; goto eni-…-ingress-refused
eni-…-ingress-untracked  the same for ICMP that has no flow
eni-…-ingress-refused    the host's own DHCP, the server, break-glass addresses; the rest is counted and dropped
eni-…-ingress-kept       before that, where a rule was revoked with `keep`: the flows that go on without one
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

from ringwall.domain.address import packed
from ringwall.domain.admission import TCP
from ringwall.domain.group import Direction
from ringwall.domain.interface import Mode
from ringwall.domain.local import LocalPolicy
from ringwall.domain.world import HostInterface, InterfaceKind
from ringwall.nft import expressions as fields
from ringwall.nft.expressions import Counter, Field, InSet, Match, MatchAny, Statement, Verdict
from ringwall.nft.objects import Chain, Element, Map, Rule, Ruleset, Set

from . import names
from .lines import ACCEPT, IS_RELATED, ORIGINAL, REPLY, RETURN, goto, ifname, jump, jumps, refusal, state
from .matches import IPV6, TRACKED, UNTRACKED
from .parts import Object

_LEAVES: Final = Match(fields.OIFNAME, bytes(fields.OIFNAME.length), negated=True)  # what arrives has no such device
_IS_TCP: Final = Match(fields.L4PROTO, bytes([TCP]))
_IS_SYN: Final = Match(fields.TCP_FLAGS, b"\x02", mask=b"\x17")
_IS_CONFIRMED: Final = MatchAny(fields.CT_STATUS, fields.STATUS_CONFIRMED.to_bytes(4, sys.byteorder))
_NO_SYN: Final = Match(fields.TCP_FLAGS, b"\x02", mask=b"\x17", negated=True)  # of FIN, SYN, RST and ACK not SYN alone


def interface_maps(
    tracked: str, untracked: str, device: Field, interfaces: Sequence[HostInterface], outward: Direction
) -> list[Object]:
    """Two maps from devices to the interfaces' chains: by the direction of the packet's flow, and without a flow.

    outward: the direction of a flow whose first packets are met here.
    """
    answering = Direction.EGRESS if outward is Direction.INGRESS else Direction.INGRESS
    flows: dict[Element, Verdict] = {}
    others: dict[Element, Verdict] = {}
    for each in interfaces:
        flows[ifname(each.device), ORIGINAL] = Verdict("goto", names.directed(each.interface_id, outward))
        flows[ifname(each.device), REPLY] = Verdict("goto", names.directed(each.interface_id, answering))
        others[(ifname(each.device),)] = Verdict("goto", names.untracked(each.interface_id, outward))
    return [Map(tracked, (device, fields.CT_DIRECTION), flows), Map(untracked, (device,), others)]


def bound_devices(ruleset: Ruleset) -> frozenset[tuple[str, str]]:
    """The host's own interfaces that the ruleset judges, each with its device; none where it judges none."""
    found = ruleset.maps.get(names.INPUT_INTERFACES)
    suffix = names.directed("", Direction.INGRESS)
    return frozenset(
        (verdict.chain.removesuffix(suffix), element[0].rstrip(b"\0").decode(errors="replace"))
        for element, verdict in (found.elements.items() if found else ())
        if verdict.chain is not None and verdict.chain.endswith(suffix)
    )


def interface_chains(
    mode: Mode,
    interface: HostInterface,
    direction: Direction,
    group_ids: Sequence[str],
    local: LocalPolicy,
    *,
    drains: bool,
    endpoints: bool,
) -> list[Object]:
    """The chains of an interface in one direction. drains: whether flows of rules that it no longer has may go on.

    endpoints: whether containers or virtual machines are behind the host.

    A TCP flow begins with a SYN. Without the first line, a packet in the middle of a stream whose flow is unknown would
    make a new flow of it, with the sides swapped where a server speaks first, and egress rules would open ingress.
    """
    interface_id = interface.interface_id
    refused = names.refused(interface_id, direction)
    no_syn = goto(refused, state(fields.STATE_NEW), _IS_TCP, _NO_SYN)
    is_own = interface.kind is InterfaceKind.HOST
    checks_source = is_own and direction is Direction.INGRESS
    return [
        Chain(
            names.directed(interface_id, direction),
            (
                no_syn,
                *(_spoofed(mode, TRACKED[direction].v6) if checks_source else ()),
                *jumps(names.directed(group_id, direction) for group_id in group_ids),
                goto(refused),
            ),
        ),
        Chain(
            names.untracked(interface_id, direction),
            (
                *(_spoofed(mode, UNTRACKED[direction].v6, IPV6) if checks_source else ()),
                *jumps(names.untracked(group_id, direction) for group_id in group_ids),
                goto(refused),
            ),
        ),
        Chain(
            refused,
            (
                *((jump(names.kept(interface_id, direction)),) if drains else ()),
                *(_never_refused(direction, local) if is_own else ()),
                *((jump(names.ERRORS_ABOUT_ENDPOINTS, IS_RELATED, _LEAVES),) if is_own and endpoints else ()),
                refusal(mode, f"{direction} that no rule admits"),
            ),
        ),
        *(_kept(interface_id, direction) if drains else ()),
    ]


def _kept(interface_id: str, direction: Direction) -> list[Object]:
    """The flows that go on although no rule admits them any more, as the agent finds them when a rule leaves.

    Only flows that lived before: what has just begun isn't confirmed yet, and isn't by passing here, should the kernel
    give it the number of one that ended. A SYN begins a connection anew, over the same ports.
    """
    flows = names.kept_flows(interface_id, direction)
    return [
        Set(flows, (fields.CT_ID,)),
        Chain(
            names.kept(interface_id, direction),
            (
                Rule((_IS_TCP, _IS_SYN, RETURN)),
                Rule((_IS_CONFIRMED, InSet((fields.CT_ID,), flows), Counter(), ACCEPT), "flows of revoked rules"),
            ),
        ),
    ]


def own_addresses(own: Sequence[HostInterface]) -> Set:
    """The host's IPv6 addresses. Packets from outside with an IPv4 address of ours the kernel drops itself."""
    found = frozenset((packed(address),) for each in own for address in each.addresses if ":" in address)
    return Set(names.OWN_ADDRESSES, (TRACKED[Direction.INGRESS].v6,), found)


def _spoofed(mode: Mode, source: Field, *tests: Statement) -> list[Rule]:
    """Nobody outside has an address of the host's own, which rules that name its own groups would admit."""
    is_own_address = InSet((source,), names.OWN_ADDRESSES)
    return [refusal(mode, "ingress from an address of the host's own", *tests, is_own_address)]


def _never_refused(direction: Direction, local: LocalPolicy) -> list[Rule]:
    """What the host itself is never refused, for packets of a flow of this direction, or without a flow."""
    chains = [names.CONTROL_CHANNEL] if direction is Direction.EGRESS else []
    chains.append(names.dhcp(direction))
    if local.break_glass:
        chains.append(names.break_glass(direction))
    return [jump(chain) for chain in chains]
