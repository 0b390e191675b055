"""The live flows of a rule among 100,000 tracked ones: `python -m bench.dataplane_flows` (root)."""

from __future__ import annotations

import socket
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

from bench.dataplane_worlds import DEVICE, HOST, fleet_host, rule
from bench.namespaces import pair
from ringwall.agent.conntrack import Conntrack, Tuple
from ringwall.agent.flows import find_rule, flows_among, live_flows
from ringwall.agent.interfaces import DeviceAddresses
from ringwall.agent.judge import Judge
from ringwall.agent.netlink import NETFILTER, Netlink
from ringwall.agent.tracked import Wanted, decode, read
from ringwall.domain.local import LocalPolicy
from ringwall.domain.traffic import Traffic
from ringwall.domain.world import HostState

ENTRIES = 100_000
RULES = 10_000
PORTS = (22, 80, 443, 5432)
ROUNDS = 7
WIDE, NARROW = "sgr-wide", "sgr-narrow"
TRACK = "table inet t { chain i { type filter hook input priority 0; ct state new accept; }; }"


def world() -> HostState:
    """10,000 rules; one that admits every entry, and one for a quarter of them, on a single port."""
    state = fleet_host(RULES)
    own = next(each for each in state.interfaces.values() if each.device == DEVICE)
    group = state.groups[own.group_ids[0]]
    more = [
        rule(WIDE, group.group_id, Traffic("tcp", 1, 65535), "10.0.0.0/8"),
        rule(NARROW, group.group_id, Traffic("tcp", 22, 22), "10.0.0.0/9"),
    ]
    rules = {**group.rules, **{each.rule_id: each for each in more}}
    return replace(state, groups={**state.groups, group.group_id: replace(group, rules=rules)})


def median_ms(run: Callable[[], object]) -> float:
    """Of several runs."""
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        run()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1000


def main() -> float:
    """Measures and prints; the milliseconds of the flows of a rule that admits all."""
    state = world()
    with pair() as made, made.host.enter():
        made.host.run("nft", "-f", "-", text=TRACK)
        with Netlink(NETFILTER) as netlink:
            conntrack = Conntrack(netlink)
            for n in range(ENTRIES):
                source = socket.inet_ntoa((0x0A010000 + n).to_bytes(4, "big"))
                conntrack.insert(Tuple(6, source, 40_000, HOST, PORTS[n % len(PORTS)]), 3600)
            generic = median_of_one(lambda: sum(1 for _ in conntrack.entries()))
        judge = Judge(state, LocalPolicy(), [DeviceAddresses(DEVICE, "", (f"{HOST}/24",))])
        answers = list(read(Wanted()))
        wide, narrow = find_rule(state, WIDE), find_rule(state, NARROW)
        assert wide is not None
        assert narrow is not None
        assert flows_among(judge, wide, answers, 100).ending == ENTRIES * 3 // 4
        found = live_flows(judge, NARROW, 100)
        assert (found.ending, found.going_on) == (0, ENTRIES // 4)
        print(f"{ENTRIES:,} tracked flows, {RULES:,} rules, ms:")
        everything = median_ms(lambda: live_flows(judge, WIDE, 100))
        for what, taken in (
            ("the kernel's dump alone, the floor", median_ms(lambda: list(read(Wanted())))),
            ("decoded", median_ms(lambda: [decode(each) for each in answers])),
            ("decoded and judged", median_ms(lambda: flows_among(judge, wide, answers, 100))),
            ("flows of a rule that admits all, dump included", everything),
            ("flows of a rule for one port, a quarter of them", median_ms(lambda: live_flows(judge, NARROW, 100))),
            ("the tables of the rules", median_ms(lambda: Judge(state, LocalPolicy(), []))),
            ("a walk through every attribute, once", generic),
        ):
            print(f"  {what:<50}{taken:7.0f}")
        return everything


def median_of_one(run: Callable[[], object]) -> float:
    """One run, in ms: it takes seconds."""
    began = time.perf_counter()
    run()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    main()
