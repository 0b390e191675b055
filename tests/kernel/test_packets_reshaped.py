"""A flood that is admitted before a change and after it doesn't feel the change, whatever becomes of the way there."""

from __future__ import annotations

import json
import multiprocessing
import multiprocessing.synchronize
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import netns
from build import HOST4, LOCAL, beside, cidr, ingress, routed, udp, world
from lab import Lab, lab
from random_worlds import BEHIND
from ringwall.agent.kernel import Kernel
from ringwall.compiler.compile import compile_host
from ringwall.domain.world import HostState

pytestmark = [pytest.mark.kernel, netns.needs_kernel]
PORT = 7777
CHANGES = 400
COUNTING = f"""
table inet beside {{
    chain before {{
        type filter hook prerouting priority -300
        udp dport {PORT} counter
    }}
    chain after {{
        type filter hook input priority 300
        udp dport {PORT} counter
    }}
}}
"""


MEDDLING = """
insert rule inet ringwall input ip saddr { 192.0.2.1, 192.0.2.2 } drop
add set inet ringwall theirs { type ipv4_addr; }
insert rule inet ringwall input ip saddr @theirs drop
add chain inet ringwall before { type nat hook prerouting priority 0; }
add rule inet ringwall before accept
"""


def admitting(blocks: int) -> HostState:
    """So many rules for the port, of which one admits the peer: up to 16 are a list, more a tree."""
    return world(*(ingress(udp(PORT), cidr(f"10.0.{number}.0/24"), f"sgr-{number}") for number in range(blocks)))


def _flood(where: netns.Namespace, ends: multiprocessing.synchronize.Event) -> None:
    with where.enter(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect((HOST4, PORT))
        while not ends.is_set():
            for _ in range(100):
                sender.send(b"x")


@contextmanager
def flooded(net: Lab) -> Iterator[None]:
    """The peer sends as fast as it can, through the block."""
    context = multiprocessing.get_context("fork")
    ends = context.Event()
    flood = context.Process(target=_flood, args=(net.peer, ends))
    flood.start()
    try:
        yield
    finally:
        ends.set()
        flood.join()


def arrived_and_passed(net: Lab) -> tuple[int, int]:
    """How many datagrams came to the host, and how many of them got past the rules."""
    listed = json.loads(net.host.run(["nft", "-j", "list", "table", "inet", "beside"]).stdout)["nftables"]
    counts = [
        part["counter"]["packets"]
        for each in listed
        if "rule" in each
        for part in each["rule"]["expr"]
        if "counter" in part
    ]
    return counts[0], counts[1]


@pytest.fixture
def counted() -> Iterator[Lab]:
    """With a socket that takes what passes, and counters before and after the rules."""
    with lab() as net:
        net.socket(net.host, socket.AF_INET, socket.SOCK_DGRAM).bind((HOST4, PORT))
        net.host.run(["nft", "-f", "-"], input=COUNTING)
        net.enforce(admitting(16))
        yield net


def test_a_list_becomes_a_tree_and_a_list_again(counted: Lab) -> None:
    with flooded(counted):
        for turn in range(CHANGES):
            counted.enforce(admitting(16 if turn % 2 else 40))
    arrived, passed = arrived_and_passed(counted)
    print(f"{arrived} datagrams, {CHANGES} changes")
    assert arrived > CHANGES
    assert arrived == passed


def test_what_somebody_else_put_into_the_table_goes(counted: Lab) -> None:
    """A rule with a set of its own, a named set, a chain at a hook that we never use: where nobody owns the table."""
    desired = compile_host(admitting(16), LOCAL).ruleset
    counted.kernel.close()
    counted.host.run(["nft", "delete", "table", "inet", "ringwall"])
    with counted.host.enter(), Kernel(own=False) as kernel:
        kernel.apply(None, desired)
        with flooded(counted):
            for _ in range(CHANGES // 10):
                counted.host.run(["nft", "-f", "-"], input=MEDDLING)
                found = kernel.observe()
                assert found is not None
                assert len(found.foreign) == 3
                kernel.apply(found, desired)
                restored = kernel.observe()
                assert restored is not None
                assert (restored.ruleset, restored.foreign) == (desired, frozenset())
    arrived, passed = arrived_and_passed(counted)
    assert arrived == passed > CHANGES


def test_an_orphaned_table_gets_new_base_chains_with_its_new_owner(counted: Lab) -> None:
    alone = admitting(16)
    shared = beside(alone, routed("eni-vc", "vc1", BEHIND["vc1"]))
    counted.kernel.close()
    with flooded(counted):
        for turn in range(CHANGES // 10):
            with counted.host.enter(), Kernel() as kernel:
                desired = compile_host(alone if turn % 2 else shared, LOCAL).ruleset
                assert kernel.apply(kernel.observe(), desired).owner
                observed = kernel.observe()
                assert observed is not None
                assert observed.ruleset == desired
    arrived, passed = arrived_and_passed(counted)
    assert arrived == passed > CHANGES
