"""Round trips that go on while the rules are exchanged under them: how many are lost."""

from __future__ import annotations

import multiprocessing
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import cycle
from multiprocessing.sharedctypes import Synchronized

from bench.dataplane_worlds import HOST, PEER, PORT, fleet_host, rule
from bench.namespaces import Namespace, Pair, pair
from ringwall.agent.kernel import Kernel
from ringwall.compiler.compile import compile_host
from ringwall.domain.local import LocalPolicy
from ringwall.domain.traffic import Traffic
from ringwall.domain.world import HostState
from ringwall.nft.diff import replacement
from ringwall.nft.objects import Ruleset

Way = Callable[[Namespace, Ruleset, Ruleset], Iterator[None]]


@dataclass(frozen=True, slots=True)
class Lost:
    """round_trips: sent. lost: those that didn't come back. exchanges: how often the rules were exchanged meanwhile."""

    round_trips: int
    lost: int
    exchanges: int


def measure(way: Way, rules: int, round_trips: int, exchanges: int) -> Lost:
    """At least so many round trips, and exchanges of all rules but one, which admits the round trips throughout."""
    states = (_admitting(fleet_host(rules), 0), _admitting(fleet_host(rules), 1))
    one, other = (compile_host(state, LocalPolicy()).ruleset for state in states)
    context = multiprocessing.get_context("fork")
    done, ends = context.Value("i", 0), context.Event()
    with pair() as hosts:
        with hosts.host.enter(), Kernel(own=way is not replaced) as kernel:
            kernel.apply(None, one)

        def work(count: Synchronized[int]) -> None:
            for _ in way(hosts.host, one, other):
                count.value += 1
                if ends.is_set():
                    return

        worker = context.Process(target=work, args=(done,))
        worker.start()
        try:
            sent, lost = _trips(hosts, lambda sent: sent < round_trips or done.value < exchanges)
        finally:
            ends.set()
            worker.join()
        return Lost(sent, lost, done.value)


def by_difference(host: Namespace, one: Ruleset, other: Ruleset) -> Iterator[None]:
    """An agent that is told of a wholly different state, again and again."""
    with host.enter():
        kernel = Kernel()
    with kernel:
        applied = kernel.observe()
        for desired in cycle((other, one)):
            applied = kernel.apply(applied, desired)
            yield


def by_restart(host: Namespace, one: Ruleset, other: Ruleset) -> Iterator[None]:
    """An agent that ends, and a new one that lists the table, adopts it and finds another state to enforce."""
    for desired in cycle((other, one)):
        with host.enter():
            kernel = Kernel()
        with kernel:
            kernel.apply(kernel.observe(), desired)
            yield


def replaced(host: Namespace, one: Ruleset, other: Ruleset) -> Iterator[None]:
    """The whole table made anew, as when it is taken from nobody: not what the agent does for a change."""
    with host.enter():
        kernel = Kernel(own=False)
    with kernel:
        for desired in cycle((other, one)):
            bases = [chain for chain in desired.chains.values() if chain.hook]
            kernel.commit(replacement(desired, exists=True, hooked=bases), None)
            yield


def _admitting(state: HostState, turn: int) -> HostState:
    """With a rule for the round trips, and all others at other ports at every other turn."""
    groups = {}
    for group_id, group in state.groups.items():
        rules = {
            f"{rule_id}-{turn}": replace(
                each, rule_id=f"{rule_id}-{turn}", traffic=Traffic("tcp", *[each.traffic.from_port + 1000 * turn] * 2)
            )
            for rule_id, each in group.rules.items()
        }
        groups[group_id] = replace(group, rules=rules)
    last = groups["sg-00000"]
    admitting = rule("sgr-admitting", "sg-00000", Traffic("udp", PORT, PORT), f"{PEER}/32")
    groups["sg-00000"] = replace(last, rules={**last.rules, "sgr-admitting": admitting})
    return replace(state, groups=groups)


def _trips(hosts: Pair, going: Callable[[int], bool]) -> tuple[int, int]:
    with hosts.host.enter():
        here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with hosts.peer.enter():
        there = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with closing(here), closing(there):
        here.bind((HOST, PORT))
        there.bind((PEER, 0))
        there.connect((HOST, PORT))
        here.connect(there.getsockname())
        for each in (here, there):
            each.settimeout(0.05)
        sent = lost = 0
        while going(sent):
            for _ in range(100):
                sent += 1
                try:
                    there.send(b"x")
                    here.recv(1)
                    here.send(b"x")
                    there.recv(1)
                except (TimeoutError, PermissionError):
                    lost += 1
        return sent, lost
