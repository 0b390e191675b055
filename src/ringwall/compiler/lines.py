"""The lines and tests that base chains, interfaces and exceptions are made of."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Final

from ringwall.domain.group import Direction
from ringwall.domain.interface import Mode
from ringwall.nft import expressions as fields
from ringwall.nft.expressions import Counter, Field, Match, MatchAny, Statement, Verdict, VerdictMap
from ringwall.nft.objects import Rule

ACCEPT: Final = Verdict("accept")
DROP: Final = Verdict("drop")
RETURN: Final = Verdict("return")
ORIGINAL: Final = b"\x00"
REPLY: Final = b"\x01"
IS_ORIGINAL: Final = Match(fields.CT_DIRECTION, ORIGINAL)
IS_REPLY: Final = Match(fields.CT_DIRECTION, REPLY)


def state(*states: int) -> Statement:
    """`ct state …`, one of them."""
    return MatchAny(fields.CT_STATE, sum(states).to_bytes(fields.CT_STATE.length, sys.byteorder))


IS_INVALID: Final = state(fields.STATE_INVALID)
IS_RELATED: Final = state(fields.STATE_RELATED)
WITHOUT_FLOW: Final = state(fields.STATE_INVALID, fields.STATE_UNTRACKED)


def ifname(device: str) -> bytes:
    """A device's name as the kernel's registers hold it."""
    return device.encode().ljust(fields.IIFNAME.length, b"\0")


def jump(chain: str, *tests: Statement) -> Rule:
    """To the chain and, if it has nothing to say, back."""
    return Rule((*tests, Verdict("jump", chain)))


def goto(chain: str, *tests: Statement) -> Rule:
    """To the chain, for good."""
    return Rule((*tests, Verdict("goto", chain)))


def jumps(chains: Iterable[str]) -> list[Rule]:
    """To one after the other."""
    return [jump(chain) for chain in chains]


def look_up(map_name: str, *key: Field, behind: tuple[Statement, ...] = ()) -> Rule:
    """The verdict that the map holds for the fields, of what passes the tests."""
    return Rule((*behind, VerdictMap(key, map_name)))


def refusal(mode: Mode, what: str, *tests: Statement) -> Rule:
    """Count it and drop it; or, where the host only observes, count what would be dropped."""
    if mode is Mode.ENFORCE:
        return Rule((*tests, Counter(), DROP), f"dropped: {what}")
    return Rule((*tests, Counter(), ACCEPT), f"would be dropped: {what}")


def by_flow_direction(arriving: bool) -> tuple[tuple[Direction, Statement], ...]:
    """The two directions in which a packet's flow can have been opened, each with its test.

    arriving: the packet comes from the other side; else it goes there.
    """
    ours, theirs = (IS_REPLY, IS_ORIGINAL) if arriving else (IS_ORIGINAL, IS_REPLY)
    return (Direction.INGRESS, theirs), (Direction.EGRESS, ours)
