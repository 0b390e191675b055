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

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ringwall.domain.address import Block, block, prefix_mask
from ringwall.domain.group import SecurityGroupRule
from ringwall.domain.peer import PeerKind
from ringwall.nft.expressions import Counter as RuleCounter
from ringwall.nft.expressions import Field, Statement, Verdict, VerdictMap
from ringwall.nft.objects import Chain, Element, Map, Rule

from . import names
from .matches import PeerFields, at_block, at_peer
from .parts import Fragment, Object, finished

LIST_MAX: Final = 16
"""A list of CIDR blocks of one family that is longer becomes a tree."""

DEPTH_MAX: Final = 6
"""Trees are no deeper; the kernel follows 16 jumps, of which the way to a list takes at most 5."""

_STEP: Final = 4
ACCEPT: Final = Verdict("accept")
_CIDRS: Final = {4: PeerKind.CIDR_IPV4, 6: PeerKind.CIDR_IPV6}
_COUNTED: Final = RuleCounter()


@dataclass(frozen=True, slots=True)
class _Line:
    """One rule in one family. number, length: the first address of its block, and the block's length."""

    rule: Rule
    block: Block
    number: int
    length: int


@dataclass(frozen=True, slots=True)
class PeerList:
    """A compiled list. rules: what it was made of. lines: for the chain. fragment: the chains and maps below them.

    made: of a long list, each rule's line in each family, for the next compilation.
    """

    rules: tuple[SecurityGroupRule, ...]
    lines: tuple[Rule, ...]
    fragment: Fragment
    made: Mapping[tuple[str, int], tuple[SecurityGroupRule, _Line]]


def peer_list(
    name: str,
    tests: tuple[Statement, ...],
    rules: tuple[SecurityGroupRule, ...],
    where: PeerFields,
    families: tuple[int, ...],
    previous: PeerList | None = None,
) -> PeerList:
    """The lines that accept what passes the tests and comes from the peer of one of the rules.

    name: unique for these tests in this chain. families: those that the lines are for, 4, 6 or both. The comment of a
    line is the rule's id, and the family where the rule's peer may have addresses of both.
    previous: a list of the same name, tests and families, taken as it is when it was made of the same rules.
    """
    if previous is not None and previous.rules == rules:
        return previous
    objects: list[Object] = []
    lines: list[Rule] = []
    made: dict[tuple[str, int], tuple[SecurityGroupRule, _Line]] = {}
    known = previous.made if previous is not None else {}
    for version in families:
        blocks = []
        for rule in rules:
            if rule.peer.kind is _CIDRS[version]:
                before = known.get((rule.rule_id, version))
                known_line = before[1] if before is not None and before[0] is rule else None
                blocks.append(line := known_line or _line(rule, version, where))
                if len(rules) > LIST_MAX:
                    made[rule.rule_id, version] = rule, line
        lines += _Tree(where.of(version), objects).lines(f"{name}-v{version}", tests, blocks, 0, 0)
        for rule in rules:
            if rule.peer.kind in (PeerKind.GROUP, PeerKind.PREFIX_LIST):
                at = at_peer(rule.peer, version, where)
                lines.append(_behind(tests, _accept(at, f"{rule.rule_id} ipv{version}")))
    return PeerList(rules, tuple(lines), finished(objects, previous.fragment if previous else None), made)


def _line(rule: SecurityGroupRule, version: int, where: PeerFields) -> _Line:
    """The line of a rule whose peer is a block."""
    found = block(rule.peer.value)
    accept = _accept(at_block(where.of(version), found), rule.rule_id)
    return _Line(accept, found, int.from_bytes(found.first, "big"), found.length)


def _accept(test: Statement, comment: str) -> Rule:
    return Rule((test, _COUNTED, ACCEPT), comment)


def _behind(tests: tuple[Statement, ...], rule: Rule) -> Rule:
    return Rule((*tests, *rule.statements), rule.comment) if tests else rule


@dataclass(frozen=True, slots=True)
class _Tree:
    field: Field
    objects: list[Object]

    def lines(
        self, name: str, tests: tuple[Statement, ...], lines: Sequence[_Line], length: int, depth: int
    ) -> list[Rule]:
        """The rules for a chain in which all lines have blocks inside one of this length."""
        if len(lines) <= LIST_MAX or depth == DEPTH_MAX:
            return [_behind(tests, line.rule) for line in lines]
        level = _level(lines, length)
        wide = [line for line in lines if line.length < level]
        mask = prefix_mask(self.field.length * 8, level)
        map_name = f"{name}-by-{level}"
        verdicts: dict[Element, Verdict] = {}
        for prefix, inside in sorted(_buckets(lines, level).items()):
            chain = names.subtree(name, prefix, level)
            self.objects.append(Chain(chain, tuple(self.lines(chain, (), inside, level, depth + 1))))
            verdicts[(prefix,)] = Verdict("jump", chain)
        self.objects.append(Map(map_name, (self.field,), verdicts))
        look_up = Rule((*tests, VerdictMap((self.field,), map_name, mask)))
        return [look_up, *self.lines(name, tests, wide, length, depth)]


def _buckets(lines: Sequence[_Line], level: int) -> dict[bytes, list[_Line]]:
    """The lines whose blocks are not wider than the level, by the block of that length that they lie in."""
    bits = lines[0].block.bits
    buckets: dict[int, list[_Line]] = {}
    for line in lines:
        if line.length >= level:
            buckets.setdefault(line.number >> bits - level, []).append(line)
    return {(prefix << bits - level).to_bytes(bits // 8, "big"): inside for prefix, inside in buckets.items()}


def _level(lines: Sequence[_Line], length: int) -> int:
    """The prefix length to cut at: the shortest that leaves short lists, else the one with the shortest longest list.

    More than 16 blocks inside one of `length` bits always have one that is at least 4 bits longer, so there is a level
    at which something goes down.
    """
    bits = lines[0].block.bits

    def longest(level: int) -> int:
        inside = Counter([line.number >> bits - level for line in lines if line.length >= level])
        return max(max(inside.values(), default=len(lines)), len(lines) - inside.total())

    best, best_longest = 0, len(lines) + 1
    for level in range(length + _STEP, bits + 1, _STEP):
        if (now := longest(level)) < best_longest:
            best, best_longest = level, now
        if now <= LIST_MAX:
            break
    return best
