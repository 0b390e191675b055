"""Rules that differ only in their peer, as a short list: a plain one, or a tree of blocks where there are many.

Every packet pays for each line that it passes, so a list of many CIDR blocks is cut into a tree: a verdict map from the
peer's address, masked, to a chain that holds the rules of that block. Rules wider than the blocks stay in the chain
above, or get a map of wider blocks of their own. Every rule is in exactly one place for each of its families, and the
shape depends on the rules alone.

                            10.1.0.0 -> chain of 10.1.0.0/16: at most 16 lines, or maps again
    saddr & 255.255.0.0 --- 10.7.0.0 -> chain of 10.7.0.0/16
    10.0.0.0/8 accept
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ringwall.domain.address import Block, block, prefix_mask
from ringwall.domain.group import SecurityGroupRule
from ringwall.domain.peer import PeerKind
from ringwall.nft.expressions import Counter, Statement, Verdict, VerdictMap
from ringwall.nft.objects import Chain, Element, Map, Rule

from . import names
from .matches import PeerFields, at_peer, versions
from .parts import Object

LIST_MAX: Final = 16
"""A list of CIDR blocks of one family that is longer becomes a tree."""

DEPTH_MAX: Final = 6
"""Trees are no deeper; the kernel follows 16 jumps, of which the way to a list takes at most 5."""

_STEP: Final = 4
ACCEPT: Final = Verdict("accept")
_CIDRS: Final = {4: PeerKind.CIDR_IPV4, 6: PeerKind.CIDR_IPV6}


@dataclass(frozen=True, slots=True)
class _Line:
    """One rule in one family."""

    rule: Rule
    block: Block


def peer_list(
    name: str,
    tests: tuple[Statement, ...],
    rules: Sequence[SecurityGroupRule],
    where: PeerFields,
    version: int,
    objects: list[Object],
) -> list[Rule]:
    """The lines for one chain that accept what passes the tests and comes from the peer of one of the rules.

    version: lines of that family only. name: unique for this chain and these tests; chains and maps below it are put
    into `objects`. The comment of each line is the rule's id, with the family where the rule has a line for each.
    """
    few: list[Rule] = []
    blocks: list[_Line] = []
    for rule in rules:
        families = versions(rule.peer)
        if version in families:
            peer_test = at_peer(rule.peer, version, where)
            comment = rule.rule_id if len(families) == 1 else f"{rule.rule_id} ipv{version}"
            if rule.peer.kind is _CIDRS[version]:
                blocks.append(_Line(Rule((peer_test, Counter(), ACCEPT), comment), block(rule.peer.value)))
            else:
                few.append(Rule((*tests, peer_test, Counter(), ACCEPT), comment))
    tree = _Tree(where, version, objects)
    return [*tree.lines(f"{name}-v{version}", tests, blocks, 0, 0), *few]


@dataclass(frozen=True, slots=True)
class _Tree:
    where: PeerFields
    version: int
    objects: list[Object]

    def lines(
        self, name: str, tests: tuple[Statement, ...], lines: Sequence[_Line], length: int, depth: int
    ) -> list[Rule]:
        """The rules for a chain in which all lines have blocks inside one of this length."""
        if len(lines) <= LIST_MAX or depth == DEPTH_MAX:
            return [Rule((*tests, *line.rule.statements), line.rule.comment) for line in lines]
        level = _level(lines, length)
        wide = [line for line in lines if line.block.length < level]
        field = self.where.of(self.version)
        mask = prefix_mask(field.length * 8, level)
        map_name = f"{name}-by-{level}"
        verdicts: dict[Element, Verdict] = {}
        for prefix, inside in sorted(_buckets(lines, level).items()):
            chain = names.subtree(name, prefix, level)
            self.objects.append(Chain(chain, tuple(self.lines(chain, (), inside, level, depth + 1))))
            verdicts[(prefix,)] = Verdict("jump", chain)
        self.objects.append(Map(map_name, (field,), verdicts))
        look_up = Rule((*tests, VerdictMap((field,), map_name, mask)))
        return [look_up, *self.lines(name, tests, wide, length, depth)]


def _buckets(lines: Sequence[_Line], level: int) -> dict[bytes, list[_Line]]:
    """The lines whose blocks are not wider than the level, by the block of that length that they lie in."""
    buckets: dict[bytes, list[_Line]] = {}
    for line in lines:
        if line.block.length >= level:
            mask = prefix_mask(line.block.bits, level)
            prefix = bytes(byte & bits for byte, bits in zip(line.block.first, mask, strict=True))
            buckets.setdefault(prefix, []).append(line)
    return buckets


def _level(lines: Sequence[_Line], length: int) -> int:
    """The prefix length to cut at: the shortest that leaves short lists, else the one with the shortest longest list.

    More than 16 blocks inside one of `length` bits always have one that is at least 4 bits longer, so there is a level
    at which something goes down.
    """

    def longest(level: int) -> int:
        buckets = _buckets(lines, level)
        inside = max(map(len, buckets.values()), default=len(lines))
        return max(inside, len(lines) - sum(map(len, buckets.values())))

    best, best_longest = 0, len(lines) + 1
    for level in range(length + _STEP, lines[0].block.bits + 1, _STEP):
        if (now := longest(level)) < best_longest:
            best, best_longest = level, now
        if now <= LIST_MAX:
            break
    return best
