"""The named sets of addresses that rules refer to: members of groups, blocks of prefix lists; one for each family.

A group or list that the state knows nothing about has empty sets: it stands for nobody.
"""

from __future__ import annotations

from collections.abc import Iterable

from ringwall.domain.address import disjoint, packed
from ringwall.domain.peer import PeerKind
from ringwall.nft import expressions as fields
from ringwall.nft.objects import Element, Set

from . import names


def peer_sets(kind: PeerKind, peer_id: str, contents: Iterable[str]) -> tuple[Set, Set]:
    """The IPv4 and the IPv6 set of a group (contents: addresses) or of a prefix list (contents: CIDR blocks)."""
    if kind is PeerKind.GROUP:
        elements: list[Element] = [(packed(address),) for address in contents]
    else:
        elements = [(block.first, block.last) for block in disjoint(contents)]
    return _set(kind, peer_id, 4, elements), _set(kind, peer_id, 6, elements)


def _set(kind: PeerKind, peer_id: str, version: int, elements: list[Element]) -> Set:
    field = fields.IP_SADDR if version == 4 else fields.IP6_SADDR
    of_version = frozenset(element for element in elements if len(element[0]) == field.length)
    return Set(names.peer_set(kind, peer_id, version), (field,), of_version, interval=kind is PeerKind.PREFIX_LIST)
