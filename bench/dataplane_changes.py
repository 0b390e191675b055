"""What a change costs in the kernel: revoke, authorize, members, loads, memory, drift; beside nft's own ways."""

from __future__ import annotations

import ctypes
import ctypes.util
import random
import select
import statistics
import subprocess
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

from bench.dataplane_worlds import Change, fleet_host, four_ports, own_port
from bench.namespaces import alone
from ringwall.agent.kernel import Kernel
from ringwall.agent.memory import undisturbed
from ringwall.compiler.compile import Compiled, compile_host
from ringwall.domain.local import LocalPolicy
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.world import HostState
from ringwall.nft.diff import difference
from ringwall.nft.ruleset import Applied, advance
from ringwall.nft.transaction import AddChain, AddRule, Command, DeleteRule, DeleteTable

LOCAL = LocalPolicy()
Seconds = Sequence[float]


@dataclass(slots=True)
class Loaded:
    """A state in the kernel. Nobody owns the table, so that `nft` can be measured on it too."""

    kernel: Kernel
    state: HostState
    compiled: Compiled
    applied: Applied

    def go(self, state: HostState) -> tuple[float, float]:
        """The state is in the kernel; seconds of the commit, and of what was done before it."""
        began = perf_counter()
        compiled = compile_host(state, LOCAL, self.compiled)
        transaction = difference(self.applied, compiled.ruleset)
        before = perf_counter()
        done = self.kernel.commit(transaction, None)
        after = perf_counter()
        self.applied = advance(self.applied, transaction, compiled.ruleset, done.handles, done.generation)
        self.state, self.compiled = state, compiled
        return after - before, before - began


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds. revoke, authorize: commits, each after its rules were compiled, as an agent does it.

    raw, raw_authorize: some that follow each other, with nothing between them that takes the processor's caches.
    before: compiling and comparing, for each revoke. forked, library: a revoke by `nft`, by libnftables.
    """

    rules: int
    chains: int
    load: float
    raw: Seconds
    raw_authorize: Seconds
    revoke: Seconds
    authorize: Seconds
    before: Seconds
    forked: Seconds = ()
    library: Seconds = ()


def changes(state: HostState, rounds: int, forked: int = 0) -> Costs:
    """So many revokes and authorizes of rules of that state, and some revokes by `nft` and libnftables among them."""
    choose = random.Random(1)
    rules = [rule for group in state.groups.values() for rule in group.rules.values()]
    with alone() as ns, ns.enter(), Kernel(own=False) as kernel:
        began = perf_counter()
        compiled = compile_host(state, LOCAL)
        applied = kernel.apply(None, compiled.ruleset)
        load = perf_counter() - began
        loaded = Loaded(kernel, state, compiled, applied)
        revokes, authorizes, befores, forks, library = [], [], [], [], []
        run = _libnftables() if forked else None
        for turn in range(rounds):
            change = Change(choose.choice(rules))
            commit, before = loaded.go(change.without(loaded.state))
            revokes.append(commit)
            befores.append(before)
            authorizes.append(loaded.go(change.again(loaded.state))[0])
            if turn < forked:
                for way, seconds in ((_forked, forks), (run, library)):
                    if way is not None:
                        seconds.append(_by_nft(loaded, change, way))
        raw, raw_authorize = _raw(loaded, rounds, choose)
        kernel.commit((DeleteTable(),), None)
    chains = len(compiled.ruleset.chains)
    return Costs(len(rules), chains, load, raw, raw_authorize, revokes, authorizes, befores, forks, library)


def _raw(loaded: Loaded, rounds: int, choose: random.Random) -> tuple[Seconds, Seconds]:
    """Seconds of so many revokes, one after the other, and of what brings the same rules back, at their chains' ends.

    The table isn't what `loaded` says afterwards.
    """
    there = [
        (DeleteRule(name, handle), AddRule(name, rule, None))
        for name, chain in loaded.applied.ruleset.chains.items()
        for rule, handle in zip(chain.rules, loaded.applied.handles[name], strict=True)
        if (rule.comment or "").startswith("sgr-")
    ]
    deletions, additions = zip(*choose.sample(there, rounds), strict=True)
    return _timed(loaded.kernel, deletions), _timed(loaded.kernel, additions)


def _timed(kernel: Kernel, commands: Sequence[Command]) -> Seconds:
    """Seconds of each command as a commit of its own."""
    seconds = []
    for command in commands:
        began = perf_counter()
        kernel.commit((command,), None)
        seconds.append(perf_counter() - began)
    return seconds


def _by_nft(loaded: Loaded, change: Change, way: Callable[[str], None]) -> float:
    """Seconds of a revoke that somebody else does; the rule comes back afterwards."""
    rule = change.rule
    chain = f"{rule.group_id}-ingress-tcp-{rule.traffic.from_port}"
    place = [each.comment for each in loaded.applied.ruleset.chains[chain].rules].index(rule.rule_id)
    handle = loaded.applied.handles[chain][place]
    began = perf_counter()
    way(f"delete rule inet ringwall {chain} handle {handle}")
    seconds = perf_counter() - began
    handles = loaded.applied.handles[chain]
    following = handles[place + 1] if place + 1 < len(handles) else None
    line = loaded.applied.ruleset.chains[chain].rules[place]
    done = loaded.kernel.commit((AddRule(chain, line, following),), None)
    changed = {**loaded.applied.handles, chain: (*handles[:place], done.handles[0], *handles[place + 1 :])}
    loaded.applied = replace(loaded.applied, handles=changed, generation=done.generation)
    return seconds


def _forked(command: str) -> None:
    subprocess.run(["nft", command], check=True)


def _libnftables() -> Callable[[str], None] | None:
    """Runs a command in this process by libnftables; None: it isn't installed."""
    name = ctypes.util.find_library("nftables")
    if name is None:
        return None
    library = ctypes.CDLL(name)
    library.nft_ctx_new.restype = ctypes.c_void_p
    library.nft_run_cmd_from_buffer.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    context = library.nft_ctx_new(0)

    def run(command: str) -> None:
        if library.nft_run_cmd_from_buffer(context, command.encode()):
            raise RuntimeError(f"libnftables refuses: {command}")

    return run


def members(rules: int, count: int, rounds: int) -> tuple[Seconds, Seconds]:
    """Seconds of the commit for each member that joins, and leaves, a group of that many that a rule names."""
    state = fleet_host(rules)
    group = state.groups["sg-00000"]
    named = replace(next(iter(group.rules.values())), rule_id="sgr-named", peer=Peer(PeerKind.GROUP, "sg-members"))
    held = frozenset(f"10.99.{n >> 8}.{n & 255}" for n in range(count))
    groups = {**state.groups, "sg-00000": replace(group, rules={**group.rules, "sgr-named": named})}
    state = replace(state, groups=groups, members={"sg-members": held})
    joins, leaves = [], []
    with alone() as ns, ns.enter(), Kernel(own=False) as kernel:
        compiled = compile_host(state, LOCAL)
        loaded = Loaded(kernel, state, compiled, kernel.apply(None, compiled.ruleset))
        for turn in range(rounds):
            joined = replace(state, members={"sg-members": held | {f"10.98.0.{turn % 250}"}})
            joins.append(loaded.go(joined)[0])
            leaves.append(loaded.go(state)[0])
    return joins, leaves


def resync(rules: int) -> tuple[float, float]:
    """Seconds of a new agent's start on a table that isn't its state's any more, and of the listing among them.

    One rule in a hundred has changed meanwhile.
    """
    state = fleet_host(rules)
    changed = {
        each for number, each in enumerate(r for g in state.groups.values() for r in g.rules) if number % 100 == 0
    }
    new = replace(
        state,
        groups={
            name: replace(group, rules={k: v for k, v in group.rules.items() if k not in changed})
            for name, group in state.groups.items()
        },
    )
    with alone() as ns, ns.enter():
        with Kernel() as kernel:
            kernel.apply(None, compile_host(state, LOCAL).ruleset)
        with Kernel() as kernel, undisturbed():  # as an agent does it
            began = perf_counter()
            observed = kernel.observe()
            listed = perf_counter() - began
            kernel.apply(observed, compile_host(new, LOCAL).ruleset)
            return perf_counter() - began, listed


def memory(rules: int, count: int) -> tuple[float, float, float]:
    """Bytes of kernel memory a rule with four ports in each group, a rule with a port of its own, and a member.

    One sample each, of a machine that does other things as well.
    """
    found = []
    for state in (fleet_host(rules, four_ports), fleet_host(rules, own_port)):
        ruleset = compile_host(state, LOCAL).ruleset
        with alone() as ns, ns.enter(), Kernel(own=False) as kernel:
            before = _kernel_bytes()
            kernel.apply(None, ruleset)
            found.append((_kernel_bytes() - before) / rules)
    state = fleet_host(60)
    group = state.groups["sg-00000"]
    named = replace(next(iter(group.rules.values())), peer=Peer(PeerKind.GROUP, "sg-members"))
    state = replace(state, groups={"sg-00000": replace(group, rules={named.rule_id: named})})
    held = frozenset(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in range(count))
    with alone() as ns, ns.enter(), Kernel(own=False) as kernel:
        applied = kernel.apply(None, compile_host(state, LOCAL).ruleset)
        ruleset = compile_host(replace(state, members={"sg-members": held}), LOCAL).ruleset
        before = _kernel_bytes()
        kernel.apply(applied, ruleset)
        return found[0], found[1], (_kernel_bytes() - before) / count


def _kernel_bytes() -> int:
    """Slab, vmalloc and per-CPU memory."""
    lines = (line.split() for line in Path("/proc/meminfo").read_text().splitlines())
    return sum(int(line[1]) * 1024 for line in lines if line[0] in ("Slab:", "VmallocUsed:", "Percpu:"))


def drift(rules: int, rounds: int) -> tuple[Seconds, Seconds]:
    """Seconds until a foreign change is noticed where nobody owns the table, and until it is undone."""
    noticed, undone = [], []
    with alone() as ns, ns.enter(), Kernel(own=False) as kernel, Kernel(own=False) as other:
        events = kernel.watch()
        assert events is not None
        ruleset = compile_host(fleet_host(rules), LOCAL).ruleset
        applied = kernel.apply(None, ruleset)
        with closing(events):
            for turn in range(rounds):
                events.read()
                if turn % 2:
                    other.commit((AddChain(f"theirs-{turn}"),), None)
                else:
                    name, handles = next((name, each) for name, each in applied.handles.items() if each)
                    other.commit((DeleteRule(name, handles[0]),), None)
                began = perf_counter()
                select.select([events], [], [], 10)
                assert events.read()
                noticed.append(perf_counter() - began)
                applied = kernel.apply(kernel.observe(), ruleset)
                undone.append(perf_counter() - began)
    return noticed, undone


def generation_costs(rules: int, rounds: int) -> tuple[float, float]:
    """Median seconds of a revoke as it is, and with the further commands that S0+E would need in the same batch.

    Those replace the two looks at the mark and the rule that marks: three rules deleted, three added.
    """
    state = fleet_host(rules)
    names = [rule for group in state.groups.values() for rule in group.rules.values()]
    choose = random.Random(2)
    plain, cached = [], []
    with alone() as ns, ns.enter(), Kernel(own=False) as kernel:
        compiled = compile_host(state, LOCAL)
        applied = kernel.apply(None, compiled.ruleset)
        loaded = Loaded(kernel, state, compiled, applied)
        looks = ("eni-0-ingress", "eni-0-egress", "dhcp-ingress")
        for turn in range(rounds):
            change = Change(choose.choice(names))
            target = compile_host(change.without(loaded.state), LOCAL, loaded.compiled)
            transaction = difference(loaded.applied, target.ruleset)
            if turn % 2:
                held = loaded.applied
                extra = [DeleteRule(name, held.handles[name][0]) for name in looks]
                again = [AddRule(name, held.ruleset.chains[name].rules[0], held.handles[name][1]) for name in looks]
                transaction = (*extra, *transaction, *again)
            began = perf_counter()
            done = kernel.commit(transaction, None)
            (cached if turn % 2 else plain).append(perf_counter() - began)
            loaded.state, loaded.compiled = change.without(loaded.state), target
            loaded.applied = advance(loaded.applied, transaction, target.ruleset, done.handles, done.generation)
            loaded.go(change.again(loaded.state))
    return statistics.median(plain), statistics.median(cached)
