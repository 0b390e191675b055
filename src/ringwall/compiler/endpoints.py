"""Containers and virtual machines behind the host: each packet of theirs has two ends, and both must admit it.

    forward:  forward-from (priority 0)   what comes from an endpoint: its source is one of the endpoint's addresses,
                                          and the sender's groups admit the flow
              forward-to   (priority 1)   what goes to an endpoint: the receiver's groups admit the flow
    input:    input        (priority 0)   from an endpoint: as in forward-from
              input-host   (priority 1)   the groups of the host's own interface admit it as well
    output:   the mirror image of input

To accept ends one base chain only; the packet goes on to the next. A drop is final. What the host forwards without any
endpoint passes: it may be a router, and the groups of its own interfaces speak of the host alone. But an endpoint's
address is nobody else's: a packet that comes from it, or goes to it, through another device (because that was renamed,
or put under a bridge) is dropped. An endpoint that is bound to no device has its chains all the same, and nothing leads
there: to bind it adds a few elements. Its addresses are nobody's meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Final

from ringwall.domain.address import packed, version_of
from ringwall.domain.admission import LINK_LOCAL, UNSPECIFIED
from ringwall.domain.group import Direction
from ringwall.domain.interface import Mode
from ringwall.domain.local import LocalPolicy
from ringwall.domain.world import HostInterface, first_own
from ringwall.nft import expressions as fields
from ringwall.nft.expressions import Field, InSet, Match, Statement, Verdict
from ringwall.nft.objects import Chain, Hook, Map, Rule, Set

from . import names
from .exceptions import break_glass_jumps
from .interfaces import interface_maps
from .lines import (
    IS_INVALID,
    IS_ORIGINAL,
    IS_REPLY,
    RETURN,
    WITHOUT_FLOW,
    by_flow_direction,
    goto,
    ifname,
    jump,
    look_up,
    refusal,
)
from .matches import ICMP_NUMBERS, IPV6, TRACKED, UNTRACKED, PeerFields, at_block, family
from .parts import Object

FILTER: Final = 0
SECOND: Final = FILTER + 1
_SOURCE: Final = UNTRACKED[Direction.INGRESS]
_DESTINATION: Final = UNTRACKED[Direction.EGRESS]
_VERSIONS: Final = (4, 6)
_IN, _OUT = (fields.IIFNAME,), (fields.OIFNAME,)
_NO_DEVICE: Final = ifname("")
ChainName = Callable[[str, Direction], str]


def endpoint_objects(
    mode: Mode,
    own: Sequence[HostInterface],
    endpoints: Sequence[HostInterface],
    devices: frozenset[str],
    local: LocalPolicy,
) -> list[Object]:
    """All that is there for endpoints only. devices: theirs, and those that are closed for want of an interface."""
    bound = [each for each in endpoints if not each.is_unbound]
    return [
        *_sets(endpoints, devices),
        *interface_maps(names.FROM_ENDPOINTS, names.FROM_ENDPOINTS_UNTRACKED, fields.IIFNAME, bound, Direction.EGRESS),
        *interface_maps(names.TO_ENDPOINTS, names.TO_ENDPOINTS_UNTRACKED, fields.OIFNAME, bound, Direction.INGRESS),
        _foreign_source(mode),
        *_errors(endpoints),
        *_with_host(mode, local),
        *_host_side(mode, own, local),
        *_forwarded(mode),
    ]


def from_elsewhere(mode: Mode) -> list[Rule]:
    """What refuses an endpoint's address as the source of what comes through no endpoint's device."""
    return [_with_address(mode, _SOURCE, version, "an endpoint's address, from elsewhere") for version in _VERSIONS]


def _sets(endpoints: Sequence[HostInterface], devices: frozenset[str]) -> list[Object]:
    """Their devices, those without a source check, their addresses, and which address is behind which device."""
    placed = [(ifname(each.device), packed(address)) for each in endpoints for address in each.addresses]
    unchecked = frozenset((ifname(each.device),) for each in endpoints if not each.source_check and each.device)
    objects: list[Object] = [
        Set(names.ENDPOINTS, _IN, frozenset((ifname(device),) for device in devices)),
        Set(names.UNCHECKED_ENDPOINTS, _IN, unchecked),
    ]
    for version in _VERSIONS:
        of_version = [(device, address) for device, address in placed if version_of(address) == version]
        source = _SOURCE.of(version)
        addresses = frozenset((address,) for _, address in of_version)
        objects.append(Set(names.endpoint_addresses(version), (source,), addresses))
        bound = frozenset((device, address) for device, address in of_version if device != _NO_DEVICE)
        objects.append(Set(names.endpoint_sources(version), (*_IN, source), bound))
    return objects


def _with_address(mode: Mode, where: PeerFields, version: int, what: str) -> Rule:
    of_an_endpoint = InSet((where.of(version),), names.endpoint_addresses(version))
    return refusal(mode, f"ipv{version} with {what}", family(version), of_an_endpoint)


def _source_check() -> list[Rule]:
    """What sends a packet whose source isn't bound to its device to the refusal, first of all."""
    return [
        jump(
            names.FOREIGN_SOURCE,
            family(version),
            InSet((*_IN, _SOURCE.of(version)), names.endpoint_sources(version), negated=True),
        )
        for version in _VERSIONS
    ]


def _foreign_source(mode: Mode) -> Chain:
    exempt = Rule((InSet(_IN, names.UNCHECKED_ENDPOINTS), RETURN))
    return Chain(names.FOREIGN_SOURCE, (exempt, refusal(mode, "a source address that isn't the sender's")))


def _errors(endpoints: Sequence[HostInterface]) -> Iterator[Object]:
    """What the host itself tells somebody of a packet that it can't forward: its size, its time to live, its way.

    It leaves by the host's output, but its flow isn't the host's own: the flow's endpoint judges it.
    """
    lines: list[Rule] = []
    for version in _VERSIONS:
        is_error = (family(version), Match(fields.L4PROTO, bytes([ICMP_NUMBERS[version]])))
        for end, direction in (("from", Direction.EGRESS), ("to", Direction.INGRESS)):
            name = names.errors_about(end, version)
            other = Direction.INGRESS if direction is Direction.EGRESS else Direction.EGRESS
            address = TRACKED[other].of(version)
            lines.append(look_up(name, address, behind=is_error))
            yield Map(
                name,
                (address,),
                {
                    (packed(own),): Verdict("goto", names.directed(each.interface_id, direction))
                    for each in endpoints
                    for own in each.addresses
                    if version_of(packed(own)) == version
                },
            )
    yield Chain(names.ERRORS_ABOUT_ENDPOINTS, tuple(lines))


def _with_host(mode: Mode, local: LocalPolicy) -> list[Object]:
    """The endpoint's side of what it exchanges with the host itself.

    Its neighbour discovery begins with a link-local source, or none; with the right hop limit it passes before the
    check. What the host is never refused, the endpoint's groups don't refuse either.
    """
    neighbours = [
        jump(names.LINK_LOCAL, IPV6, at_block(_SOURCE.v6, LINK_LOCAL)),
        jump(names.LINK_LOCAL, IPV6, Match(_SOURCE.v6, UNSPECIFIED)),
    ]
    return [
        Chain(
            names.INPUT_FROM_ENDPOINT,
            (
                *neighbours,
                *_source_check(),
                jump(names.CONTROL_CHANNEL, IS_REPLY),
                *break_glass_jumps(local, arriving=True),
                *_judged(mode, fields.IIFNAME, names.FROM_ENDPOINTS, names.FROM_ENDPOINTS_UNTRACKED, to_host=True),
            ),
        ),
        Chain(
            names.OUTPUT_TO_ENDPOINT,
            (
                jump(names.CONTROL_CHANNEL, IS_ORIGINAL),
                *break_glass_jumps(local, arriving=False),
                *_judged(mode, fields.OIFNAME, names.TO_ENDPOINTS, names.TO_ENDPOINTS_UNTRACKED, to_host=True),
            ),
        ),
    ]


def _judged(mode: Mode, device: Field, tracked: str, untracked: str, *, to_host: bool) -> list[Rule]:
    """The endpoint's groups; then the end. Only the host itself is anybody's neighbour."""
    return [
        look_up(tracked, device, fields.CT_DIRECTION),
        *([jump(names.LINK_LOCAL, WITHOUT_FLOW)] if to_host else ()),
        look_up(untracked, device, behind=(IS_INVALID,)),
        refusal(mode, "an endpoint's packet without a flow, or an interface"),
    ]


def _host_side(mode: Mode, own: Sequence[HostInterface], local: LocalPolicy) -> list[Object]:
    """The host's side of what endpoints exchange with it."""
    chains: list[Object] = []
    for hook, base, chain, device in (
        ("input", names.INPUT_HOST, names.HOST_FROM_ENDPOINT, _IN),
        ("output", names.OUTPUT_HOST, names.HOST_TO_ENDPOINT, _OUT),
    ):
        arriving = hook == "input"
        at = Hook("input" if arriving else "output", SECOND, "accept")
        chains.append(Chain(base, (goto(chain, InSet(device, names.ENDPOINTS)),), at))
        chains.append(Chain(chain, tuple(_host_lines(mode, own, local, arriving))))
    return [*chains, *_host_maps(own)]


def _host_lines(mode: Mode, own: Sequence[HostInterface], local: LocalPolicy, arriving: bool) -> list[Rule]:
    if not own:
        exempt = jump(names.CONTROL_CHANNEL, IS_REPLY if arriving else IS_ORIGINAL)
        passes = [jump(names.LINK_LOCAL, WITHOUT_FLOW), exempt, *break_glass_jumps(local, arriving)]
        return [*passes, refusal(mode, "the host has no interface")]
    lines: list[Rule] = []
    for direction, test in by_flow_direction(arriving):
        lines += _to_own(own, names.directed, direction, TRACKED, test)
    lines.append(jump(names.LINK_LOCAL, WITHOUT_FLOW))
    outward = Direction.INGRESS if arriving else Direction.EGRESS
    lines += _to_own(own, names.untracked, outward, UNTRACKED, IS_INVALID)
    return [*lines, refusal(mode, "an endpoint's packet without a flow, or an interface")]


def _to_own(
    own: Sequence[HostInterface],
    chain: ChainName,
    direction: Direction,
    peers: Mapping[Direction, PeerFields],
    test: Statement,
) -> list[Rule]:
    """Of several interfaces of the host's own, the one judges that has the host's address; else the first."""
    lines = []
    if len(own) > 1:
        host = peers[Direction.EGRESS if direction is Direction.INGRESS else Direction.INGRESS]
        for version in _VERSIONS:
            name = names.by_host_address(chain(names.HOST, direction), version)
            lines.append(look_up(name, host.of(version), behind=(test, family(version))))
    return [*lines, goto(chain(first_own(own).interface_id, direction), test)]


def _host_maps(own: Sequence[HostInterface]) -> Iterator[Map]:
    """From the addresses of several interfaces to their chains; of one, nothing."""
    if len(own) < 2:
        return
    for chain, direction, version in product((names.directed, names.untracked), Direction, _VERSIONS):
        yield Map(
            names.by_host_address(chain(names.HOST, direction), version),
            (_DESTINATION.of(version),),
            {
                (packed(address),): Verdict("goto", chain(each.interface_id, direction))
                for each in own
                for address in each.addresses
                if version_of(packed(address)) == version
            },
        )


def _forwarded(mode: Mode) -> list[Object]:
    """The two base chains of what the host forwards, and the chains of what comes from endpoints and goes to them."""
    return [
        Chain(
            names.FORWARD_FROM,
            (
                goto(names.FORWARD_FROM_ENDPOINT, InSet(_IN, names.ENDPOINTS)),
                *from_elsewhere(mode),
                refusal(
                    mode, "an address of the host's own, forwarded", IPV6, InSet((_SOURCE.v6,), names.OWN_ADDRESSES)
                ),
            ),
            Hook("forward", FILTER, "accept"),
        ),
        Chain(
            names.FORWARD_FROM_ENDPOINT,
            (
                *_source_check(),
                *_judged(mode, fields.IIFNAME, names.FROM_ENDPOINTS, names.FROM_ENDPOINTS_UNTRACKED, to_host=False),
            ),
        ),
        Chain(
            names.FORWARD_TO,
            (
                goto(names.FORWARD_TO_ENDPOINT, InSet(_OUT, names.ENDPOINTS)),
                *(
                    _with_address(mode, _DESTINATION, version, "an endpoint's address, elsewhere")
                    for version in _VERSIONS
                ),
            ),
            Hook("forward", SECOND, "accept"),
        ),
        Chain(
            names.FORWARD_TO_ENDPOINT,
            tuple(_judged(mode, fields.OIFNAME, names.TO_ENDPOINTS, names.TO_ENDPOINTS_UNTRACKED, to_host=False)),
        ),
    ]
