"""What rules counted comes with the answer to the commit that takes them away, whichever way they go."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

import netns
from ringwall.agent.kernel import Kernel
from ringwall.agent.usage import Usage
from ringwall.nft import expressions as x
from ringwall.nft.expressions import Counter, Match, Verdict
from ringwall.nft.objects import Chain, Hook, Rule, Ruleset
from ringwall.nft.ruleset import Applied

pytestmark = [pytest.mark.kernel, netns.needs_kernel]
COUNTING = Rule((Match(x.L4PROTO, b"\x11"), Counter(), Verdict("accept")), "sgr-1")
JUMP = Rule((Verdict("jump", "leaf"),))


def table(*rules: Rule) -> Ruleset:
    base = Chain("base", (JUMP,) if rules else (), Hook("input", 0, "accept"))
    return Ruleset({each.name: each for each in (base, *([Chain("leaf", rules)] if rules else []))})


def rule_goes(applied: Applied) -> tuple[Applied, Ruleset]:
    return applied, table(replace(COUNTING, comment="sgr-2"))


def chain_goes(applied: Applied) -> tuple[Applied, Ruleset]:
    return applied, table()


def table_is_made_anew(applied: Applied) -> tuple[Applied, Ruleset]:
    return replace(applied, foreign=frozenset(["somebody's"])), table(COUNTING)


@pytest.mark.parametrize("event", [rule_goes, chain_goes, table_is_made_anew])
def test_what_leaves_is_counted_to_the_last_packet(
    tmp_path: Path, event: Callable[[Applied], tuple[Applied, Ruleset]]
) -> None:
    with netns.namespace("rw-left") as ns, ns.enter():
        usage = Usage(tmp_path)
        with Kernel(left=usage.left) as kernel, closing(socket.socket(type=socket.SOCK_DGRAM)) as service:
            applied = kernel.apply(None, table(COUNTING))
            service.bind(("127.0.0.1", 0))
            sent = 0
            for count, reads in ((3, True), (4, False)):
                for _ in range(count):
                    service.sendto(b"x", service.getsockname())
                    service.recv(1)
                sent += count
                if reads:
                    usage.read()
            kernel.apply(*event(applied))
            assert usage.of(["sgr-1"])["sgr-1"].packets == sent
            usage.read()
            assert usage.of(["sgr-1"])["sgr-1"].packets == sent
