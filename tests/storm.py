"""A storm of changes, in a process made to be killed: `python storm.py` in the host's namespace.

For each line on its standard input it starts a child, which takes the table over and changes it without end, and says
the child's process id. It says `dead` when the child is.
"""

from __future__ import annotations

import os
import random
import signal
import sys

from build import LOCAL, cidr, ingress, tcp, udp, world
from ringwall.agent.kernel import Kernel
from ringwall.compiler.compile import compile_host
from ringwall.domain.world import HostState
from ringwall.nft.objects import Ruleset

ADMITTED_TCP, ADMITTED_UDP, REVOKED, DENIED = 8080, 5000, 8082, 8081
LIFE_SECONDS = 60  # should nobody come to kill it
EVERYBODY = cidr("0.0.0.0/0")
KEPT = (ingress(tcp(ADMITTED_TCP), EVERYBODY, "sgr-kept"), ingress(udp(ADMITTED_UDP), EVERYBODY, "sgr-kept-too"))


def states() -> list[HostState]:
    """What the host should enforce, by turns: always the two rules that stay, and others by the dozen."""
    return [
        world(*KEPT, *(ingress(tcp(20_000 + port), EVERYBODY, f"sgr-{port}") for port in range(start, start + count)))
        for start, count in ((0, 0), (0, 40), (20, 40), (0, 200), (100, 7))
    ]


def rulesets() -> list[Ruleset]:
    """The same, compiled."""
    return [compile_host(state, LOCAL).ruleset for state in states()]


def _storm(desired: list[Ruleset]) -> None:
    chance = random.Random()
    kernel = Kernel()
    applied = kernel.observe()
    while True:
        applied = kernel.apply(applied, chance.choice(desired))


def _main() -> None:
    desired = rulesets()
    signal.alarm(LIFE_SECONDS)
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            signal.alarm(LIFE_SECONDS)
            _storm(desired)
        print(child, flush=True)
        os.waitpid(child, 0)
        print("dead", flush=True)


if __name__ == "__main__":
    _main()
