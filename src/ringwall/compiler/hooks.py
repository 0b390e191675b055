"""Where the host's own packets come in: the base chains, and the interfaces they lead to.

    input:  lo -> accept
            iifname . ct direction -> eni-…-ingress (the peer opened the flow) or eni-…-egress (these are replies)
            without a flow: neighbour discovery, then eni-…-ingress-untracked
            unmanaged -> accept;  control channel, break-glass -> accept;  everything else is closed
    output: the mirror image

In observe mode the same look-ups are done and the same counters count, and only the verdict is another: accept.

There is no line for established flows. Every packet is judged again on its flow's original tuple, so what the rules say
now holds for flows of any age; connection tracking only tells requests from replies.

Containers and virtual machines behind the host come in by `endpoints.py`; without any, nothing of it is there.
"""

from __future__ import annotations

from collections.abc import Sequence

from ringwall.domain.address import packed
from ringwall.domain.admission import LOOPBACK
from ringwall.domain.group import Direction
from ringwall.domain.interface import Mode
from ringwall.domain.local import LocalPolicy
from ringwall.domain.world import HostInterface, InterfaceKind
from ringwall.nft import expressions as fields
from ringwall.nft.expressions import Field, InSet, Match
from ringwall.nft.objects import Chain, Hook, Rule

from . import names
from .endpoints import FILTER, endpoint_objects, from_elsewhere
from .exceptions import break_glass_jumps, exception_objects
from .interfaces import interface_maps, own_addresses
from .lines import ACCEPT, IS_INVALID, IS_ORIGINAL, IS_REPLY, WITHOUT_FLOW, goto, ifname, jump, look_up, refusal
from .parts import Object


def has_endpoints(interfaces: Sequence[HostInterface], local: LocalPolicy) -> bool:
    """Whether containers or virtual machines are behind the host, or could be."""
    return bool(local.endpoints) or any(each.kind is InterfaceKind.ROUTED for each in interfaces)


def hook_objects(mode: Mode, interfaces: Sequence[HostInterface], local: LocalPolicy) -> list[Object]:
    """All that depends neither on rules nor on the groups of interfaces: base chains, maps, exceptions."""
    own = [each for each in interfaces if each.kind is InterfaceKind.HOST]
    endpoints = [each for each in interfaces if each.kind is InterfaceKind.ROUTED]
    behind = local.endpoints.union(each.device for each in endpoints if not each.is_unbound)
    there_are = has_endpoints(interfaces, local)
    objects: list[Object] = [own_addresses(own), *exception_objects(local, endpoints=there_are)]
    servers = {packed(each.address) for each in local.control}
    claimed = any(packed(address) in servers for each in endpoints for address in each.addresses)
    from_outside = [*_from_server(claimed), *from_elsewhere(mode)] if there_are else []
    objects += _base(mode, own, local, from_outside, arriving=True, endpoints=there_are)
    objects += _base(mode, own, local, (), arriving=False, endpoints=there_are)
    return [*objects, *endpoint_objects(mode, own, endpoints, behind, local)] if there_are else objects


def _from_server(claimed: bool) -> list[Rule]:
    """Where an endpoint has the server's address: the agent's connection all the same, or nobody could undo that."""
    return [jump(names.CONTROL_CHANNEL, IS_REPLY)] if claimed else []


def _base(
    mode: Mode,
    own: Sequence[HostInterface],
    local: LocalPolicy,
    from_outside: Sequence[Rule],
    *,
    arriving: bool,
    endpoints: bool,
) -> list[Object]:
    """The base chain of one hook with its maps. from_outside: what comes first for what no endpoint's device brings."""
    device: Field = fields.IIFNAME if arriving else fields.OIFNAME
    name, tracked, untracked, endpoint = (
        (names.INPUT, names.INPUT_INTERFACES, names.INPUT_UNTRACKED, names.INPUT_FROM_ENDPOINT)
        if arriving
        else (names.OUTPUT, names.OUTPUT_INTERFACES, names.OUTPUT_UNTRACKED, names.OUTPUT_TO_ENDPOINT)
    )
    rules = (
        Rule((Match(device, ifname(LOOPBACK)), ACCEPT)),
        *([goto(endpoint, InSet((device,), names.ENDPOINTS))] if endpoints else ()),
        *from_outside,
        look_up(tracked, device, fields.CT_DIRECTION),
        jump(names.LINK_LOCAL, WITHOUT_FLOW),
        look_up(untracked, device, behind=(IS_INVALID,)),
        Rule((InSet((device,), names.UNMANAGED), ACCEPT)),
        jump(names.CONTROL_CHANNEL, IS_REPLY if arriving else IS_ORIGINAL),
        *break_glass_jumps(local, arriving),
        refusal(mode, "no interface of ours"),
    )
    hook = Hook("input" if arriving else "output", FILTER, "drop" if mode is Mode.ENFORCE else "accept")
    return [
        *interface_maps(tracked, untracked, device, own, Direction.INGRESS if arriving else Direction.EGRESS),
        Chain(name, rules, hook),
    ]
