"""One revoke in the kernel: raw netlink against a forked `nft`, interleaved in one run.

`python -m bench.netlink_bench` (root). It runs in a network namespace of its own, which ends with it. The rules are
laid out as in a host with groups of 60 rules on 4 ports: chains of 15 rules, one `ct original ip saddr` each.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
from dataclasses import dataclass, replace
from time import perf_counter

from ringwall.agent.kernel import Kernel
from ringwall.nft import expressions as x
from ringwall.nft.diff import difference
from ringwall.nft.expressions import Counter, Match, Verdict, VerdictMap
from ringwall.nft.objects import Chain, Element, Hook, Map, Rule, Ruleset
from ringwall.nft.ruleset import Applied, advance
from ringwall.nft.transaction import DeleteRule

RULES_PER_CHAIN = 15
GOAL = 100


@dataclass(frozen=True, slots=True)
class Result:
    """Medians, in microseconds.

    revoke: from the desired ruleset to the kernel's acknowledgement. commit: sending and waiting alone.
    forked: `nft delete rule` as a process, from its start to its end.
    load_ms, observe_ms: all rules in one commit; all rules listed and read.
    """

    rules: int
    revoke: float
    revoke_p99: float
    commit: float
    forked: float
    load_ms: float
    observe_ms: float

    @property
    def ratio(self) -> float:
        """How many raw revokes fit into a forked one."""
        return self.forked / self.revoke


def layout(rules: int) -> Ruleset:
    """A ruleset with that many rules, reached from an input chain by port."""
    chains = {}
    for number in range((rules + RULES_PER_CHAIN - 1) // RULES_PER_CHAIN):
        first = number * RULES_PER_CHAIN
        chains[f"port-{number}"] = Chain(f"port-{number}", tuple(map(_rule, range(first, first + RULES_PER_CHAIN))))
    ports: dict[Element, Verdict] = {
        (number.to_bytes(2, "big"),): Verdict("jump", name) for number, name in enumerate(chains)
    }
    entry = Chain("input", (Rule((VerdictMap((x.CT_REPLY_PROTO_SRC,), "ports"),)),), Hook("input", 0, "accept"))
    return Ruleset({"input": entry, **chains}, maps={"ports": Map("ports", (x.CT_REPLY_PROTO_SRC,), ports)})


def measure(rules: int = 10_000, rounds: int = 60, raw_per_round: int = 20) -> Result:
    """The medians of so many rounds, each with one forked revoke and some raw ones, in this process' namespace."""
    choose = random.Random(1)
    revokes, commits, forked = [], [], []
    with Kernel() as kernel:
        desired = layout(rules)
        start = perf_counter()
        applied = kernel.apply(None, desired)
        load_seconds = perf_counter() - start
        start = perf_counter()
        assert kernel.observe() == applied
        observe_seconds = perf_counter() - start
        for _ in range(rounds):
            for _ in range(raw_per_round):
                applied, revoke, commit = _raw(kernel, applied, choose)
                revokes.append(revoke)
                commits.append(commit)
            applied, seconds = _forked(kernel, applied, choose)
            forked.append(seconds)
        assert kernel.observe() == applied
    return Result(
        rules,
        statistics.median(revokes) * 1e6,
        statistics.quantiles(revokes, n=100)[98] * 1e6,
        statistics.median(commits) * 1e6,
        statistics.median(forked) * 1e6,
        load_seconds * 1e3,
        observe_seconds * 1e3,
    )


def _rule(number: int) -> Rule:
    tests = Match(x.CT_ORIGINAL_IP_SADDR, (10 << 24 | number).to_bytes(4, "big"))
    return Rule((tests, Counter(), Verdict("accept")), f"sgr-{number:017x}")


def _less_one(applied: Applied, choose: random.Random) -> tuple[Ruleset, Chain, int]:
    """The ruleset without one of its rules, that rule's chain as it was, and the rule's place in it."""
    chains = applied.ruleset.chains
    while len((chain := chains[f"port-{choose.randrange(len(chains) - 1)}"]).rules) < 2:
        pass
    place = choose.randrange(len(chain.rules))
    shorter = Chain(chain.name, chain.rules[:place] + chain.rules[place + 1 :])
    return replace(applied.ruleset, chains={**chains, chain.name: shorter}), chain, place


def _raw(kernel: Kernel, applied: Applied, choose: random.Random) -> tuple[Applied, float, float]:
    desired, _, _ = _less_one(applied, choose)
    start = perf_counter()
    transaction = difference(applied, desired)
    before_commit = perf_counter()
    done = kernel.commit(transaction, applied.generation)
    after_commit = perf_counter()
    applied = advance(applied, transaction, desired, done.handles, done.generation)
    return applied, perf_counter() - start, after_commit - before_commit


def _forked(kernel: Kernel, applied: Applied, choose: random.Random) -> tuple[Applied, float]:
    desired, chain, place = _less_one(applied, choose)
    handle = applied.handles[chain.name][place]
    start = perf_counter()
    subprocess.run(["nft", "delete", "rule", "inet", "ringwall", chain.name, "handle", str(handle)], check=True)
    seconds = perf_counter() - start
    return advance(applied, (DeleteRule(chain.name, handle),), desired, (), kernel.generation()), seconds


def main() -> int:
    """Print the medians; 0: the goal is met."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rules", type=int, default=10_000)
    arguments.add_argument("--rounds", type=int, default=60)
    arguments.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if not options.inside:
        # A network namespace of its own: `nft` and the raw socket meet no table but ours.
        os.execvp(
            "unshare", ["unshare", "--net", sys.executable, "-m", "bench.netlink_bench", *sys.argv[1:], "--inside"]
        )
    found = measure(options.rules, options.rounds)
    print(f"{found.rules} rules: load {found.load_ms:.0f} ms, observe {found.observe_ms:.0f} ms")
    print(f"revoke, raw netlink: median {found.revoke:.0f} us, p99 {found.revoke_p99:.0f} us")
    print(f"        the commit alone: {found.commit:.0f} us")
    print(f"revoke, forked nft:  median {found.forked:.0f} us")
    print(f"ratio {found.ratio:.0f} (goal: at least {GOAL})")
    return 0 if found.ratio >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
