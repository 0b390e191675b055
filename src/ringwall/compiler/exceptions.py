"""What passes whatever the groups say: neighbour discovery, the host's DHCP, its server, and break-glass addresses.

All of it concerns the host itself, in input and output. What the host forwards has no exceptions.
"""

from __future__ import annotations

from typing import Final

from ringwall.domain.address import disjoint, packed, version_of
from ringwall.domain.admission import LINK_LOCAL, LINK_LOCAL_TYPES, TCP, UDP
from ringwall.domain.group import Direction
from ringwall.domain.local import LocalPolicy
from ringwall.domain.traffic import PROTOCOL_NUMBERS
from ringwall.nft import expressions as fields
from ringwall.nft.expressions import InSet, Match
from ringwall.nft.objects import Chain, Rule, Set

from . import names
from .lines import ACCEPT, RETURN, WITHOUT_FLOW, by_flow_direction, ifname, jump
from .matches import IPV4, TRACKED, UNTRACKED, PeerFields, at_block, family, flow_port, flow_protocol
from .parts import Object

_IS_ICMPV6: Final = Match(fields.L4PROTO, bytes([PROTOCOL_NUMBERS["icmpv6"]]))
_LISTENER_TYPES: Final = frozenset({130, 131, 132, 143})
_HOP_LIMIT_MAX: Final = b"\xff"


def exception_objects(local: LocalPolicy, *, endpoints: bool) -> list[Object]:
    """The chains and sets of all exceptions. endpoints: containers or virtual machines are behind the host."""
    dhcp = [_dhcp(direction, endpoints) for direction in Direction]
    return [_link_local(), _control_channel(local), _unmanaged(local), *dhcp, *_break_glass(local)]


def break_glass_jumps(local: LocalPolicy, arriving: bool) -> list[Rule]:
    """To the chain that fits the packet's flow, or the packet where it has none. Where no address breaks it: nothing.

    arriving: the packet comes from the other side; else it goes there.
    """
    if not local.break_glass:
        return []
    without_flow = Direction.INGRESS if arriving else Direction.EGRESS
    return [
        *(jump(names.break_glass(direction), test) for direction, test in by_flow_direction(arriving)),
        jump(names.break_glass(without_flow), WITHOUT_FLOW),
    ]


def _link_local() -> Chain:
    """Neighbour discovery with hop limit 255, which no router forwards, and multicast listeners with 1, likewise."""
    rules = [
        Rule((_IS_ICMPV6, Match(fields.ICMPV6_TYPE, bytes([number])), Match(fields.IP6_HOPLIMIT, limit), ACCEPT))
        for number in sorted(LINK_LOCAL_TYPES)
        for limit in [b"\x01" if number in _LISTENER_TYPES else _HOP_LIMIT_MAX]
    ]
    return Chain(names.LINK_LOCAL, tuple(rules))


def _dhcp(direction: Direction, endpoints: bool) -> Chain:
    """The host as a client: it asks from port 68 (546), a server answers or renews from port 67 (547).

    A container is no server of the host's.
    """
    client_opens = direction is Direction.EGRESS
    from_link_local = at_block(TRACKED[Direction.INGRESS].v6, LINK_LOCAL)
    devices = (fields.IIFNAME, fields.OIFNAME) if endpoints else ()
    rules = [Rule((InSet((device,), names.ENDPOINTS), RETURN)) for device in devices]
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
    return Set(names.UNMANAGED, (fields.IIFNAME,), frozenset((ifname(device),) for device in local.unmanaged))


def _break_glass(local: LocalPolicy) -> list[Object]:
    """Flows with the blocks, opened from either side, and packets without a flow: it is there for when all else fails.

    Nothing at all where no block is named.
    """
    if not local.break_glass:
        return []
    blocks = disjoint(local.break_glass)
    objects: list[Object] = [
        Set(
            names.break_glass_blocks(version),
            (UNTRACKED[Direction.INGRESS].of(version),),
            frozenset((each.first, each.last) for each in blocks if each.version == version),
            interval=True,
        )
        for version in (4, 6)
    ]
    for direction in Direction:
        of_flow = [_at_break_glass(TRACKED[direction], version) for version in (4, 6)]
        of_packet = [
            Rule((WITHOUT_FLOW, family(version), *_at_break_glass(UNTRACKED[direction], version).statements))
            for version in (4, 6)
        ]
        objects.append(Chain(names.break_glass(direction), (*of_flow, *of_packet)))
    return objects


def _at_break_glass(where: PeerFields, version: int) -> Rule:
    return Rule((InSet((where.of(version),), names.break_glass_blocks(version)), ACCEPT))
