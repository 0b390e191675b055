"""`make bench-dataplane`: each goal of the data plane beside its floor and its peers, in one run, met or missed.

`python -m bench.dataplane --short` takes a few minutes and leaves the largest sizes out; parts can be named. Root, and
everything in network namespaces that it makes and removes.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench import dataplane_agent, dataplane_changes, dataplane_flows, dataplane_loss, dataplane_packets
from bench.dataplane_changes import Costs
from bench.dataplane_packets import Layout
from bench.dataplane_worlds import fleet_host, four_ports, lone_host, one_port, own_port


@dataclass(slots=True)
class Report:
    """What is printed. short: fewer rounds, smaller sizes. missed: the goals that were."""

    short: bool
    missed: list[str] = field(default_factory=list)
    goals: int = 0

    def goal(self, what: str, value: float, limit: float, unit: str, *, least: bool = False) -> None:
        """A line with its verdict. least: the value should be no smaller than the limit, not no larger."""
        met = value >= limit if least else value <= limit
        self.goals += 1
        if not met:
            self.missed.append(what)
        print(
            f"- {'met' if met else '**missed**'}: {what}: {value:,.2f} {unit} (goal: {'≥' if least else '≤'} {limit:g})"
        )


def changes(report: Report) -> None:
    """Revoke, authorize, members, load, resync."""
    print("\n## Changes in the kernel\n")
    print(
        "Commits alone, in µs at the median (p99): `raw` one after the other, `revoke` and `authorize` as an agent",
        end="",
    )
    print(" does them, with the compiler between; `before`: compiling and comparing.\n")
    print("| rules | chains | load, ms | revoke, raw | authorize, raw | revoke | authorize | before ", end="")
    print("| forked `nft`, ms | libnftables, ms |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    shapes = [(1_000, four_ports, 60, 100, 20), (10_000, four_ports, 60, 100, 10), (10_000, own_port, 60, 50, 0)]
    shapes += [(10_000, one_port, 10_000, 10, 0)]
    if not report.short:
        shapes += [(100_000, four_ports, 60, 30, 3), (100_000, own_port, 60, 10, 0)]
    worlds = [(fleet_host, *each) for each in shapes]
    worlds += [(lone_host, 10_000, four_ports, 60, 100, 0), (lone_host, 10_000, own_port, 60, 50, 0)]
    found: dict[tuple[str, int, str], Costs] = {}
    for make, rules, shape, per_group, rounds, forked in worlds:
        costs = dataplane_changes.changes(make(rules, shape, per_group), rounds, forked)
        found[make.__name__, rules, shape.__name__] = costs
        cells = [
            _us(costs.raw),
            _us(costs.raw_authorize),
            _us(costs.revoke),
            _us(costs.authorize),
            _us(costs.before),
            _ms(costs.forked),
            _ms(costs.library),
        ]
        name = f"{rules:,}, {shape.__name__.replace('_', ' ')}{', no containers' if make is lone_host else ''}"
        print(f"| {name} | {costs.chains:,} | {costs.load * 1e3:,.0f} | {' | '.join(cells)} |", flush=True)
    print()
    usual = found["fleet_host", 10_000, "four_ports"]
    report.goal("revoke at 10,000 rules, raw, median", _median(usual.raw) * 1e6, 50, "µs")
    if not report.short:
        much = found["fleet_host", 100_000, "four_ports"]
        report.goal("revoke at 100,000 rules, raw, median", _median(much.raw) * 1e6, 500, "µs")
    report.goal(
        "times faster than a forked nft at 10,000", _median(usual.forked) / _median(usual.raw), 200, "x", least=True
    )
    # The kernel validates a table from each base chain, and containers' groups are reached from more of them.
    for world, beside in (("lone_host", "no containers"), ("fleet_host", "33 containers")):
        these, own = found[world, 10_000, "four_ports"], found[world, 10_000, "own_port"]
        report.goal(f"authorize at 10,000 rules, raw, {beside}", _median(these.raw_authorize) * 1e3, 2, "ms")
        report.goal(f"where every rule has its own port, {beside}", _median(own.raw_authorize) * 1e3, 4, "ms")
    report.goal("load of 10,000 rules at boot, compiled", usual.load, 1, "s")
    joins, leaves = dataplane_changes.members(10_000, 1_000, 50)
    report.goal("member joins, median", _median(joins) * 1e6, 100, "µs")
    report.goal("member leaves, median", _median(leaves) * 1e6, 100, "µs")
    took, listed = min(dataplane_changes.resync(10_000) for _ in range(3))
    report.goal(f"resync of 10,000 rules by difference (listing: {listed * 1e3:.0f} ms)", took * 1e3, 300, "ms")
    plain, cached = dataplane_changes.generation_costs(10_000, 60)
    print(f"- A revoke with the further commands of S0+E: {cached * 1e6:,.0f} µs, without: {plain * 1e6:,.0f} µs.")


def memory(report: Report) -> None:
    """The kernel's memory."""
    print("\n## The kernel's memory\n")
    rule, own, member = dataplane_changes.memory(20_000, 100_000)
    report.goal("a rule, four ports in a group", rule, 1_024, "bytes")
    report.goal("a rule with a port of its own", own, 1_024, "bytes")
    report.goal("a member", member, 120, "bytes")


def drift(report: Report) -> None:
    """Foreign changes, where nobody owns the table."""
    print("\n## Drift, 10,000 rules\n")
    noticed, undone = dataplane_changes.drift(10_000, 10 if report.short else 30)
    report.goal("a foreign change is noticed, longest", max(noticed) * 1e3, 10, "ms")
    report.goal("and undone, longest", max(undone), 1, "s")


def loss(report: Report) -> None:
    """Round trips under exchanges of all rules."""
    print("\n## Round trips while all of 10,000 rules are exchanged\n")
    trips = 20_000 if report.short else 100_000
    for way in (dataplane_loss.by_difference, dataplane_loss.by_restart):
        lost = dataplane_loss.measure(way, 10_000, trips, 10)
        what = f"{way.__name__}: lost of {lost.round_trips:,} in {lost.exchanges} exchanges"
        report.goal(what, lost.lost, 0, "round trips")
    lost = dataplane_loss.measure(dataplane_loss.replaced, 10_000, trips, 10)
    print(f"- The whole table made anew {lost.exchanges} times: {lost.lost} of {lost.round_trips:,} lost.")


def agent(report: Report) -> None:
    """A whole agent."""
    print("\n## From the message on the wire to the last admitted packet, 10,000 rules\n")
    found = dataplane_agent.measure(10_000, 60 if report.short else 200, 10 if report.short else 60)
    floor = _median(found.round_trip) + _median(found.commit)
    print(f"Last admitted packet: {_us(found.cut)} µs. Floor: a bare round trip {_us(found.round_trip)}, ", end="")
    print(f"the bare commit {_us(found.commit)}. ", end="")
    print(f"Right after a snapshot of all rules: {found.first * 1e3:,.0f} ms.\n")
    report.goal("p50, against the floor", _median(found.cut) / floor, 3, "x")
    report.goal("p50", _median(found.cut) * 1e3, 1, "ms")
    report.goal("p99", _p99(found.cut) * 1e3, 5, "ms")
    report.goal(f"resident memory (at most {found.peak:.0f} MB)", found.resident, 40, "MB")
    report.goal("CPU at rest", found.at_rest * 100, 0.5, "% of a core")


def packets(report: Report) -> None:
    """Connections and packets a second."""
    print("\n## What packets pay\n")
    sizes = (10, 1_000) if report.short else (10, 1_000, 10_000)
    layouts = [Layout("no firewall", dataplane_packets.no_firewall)]
    layouts.append(Layout("conntrack, established accept", dataplane_packets.bare_conntrack))
    for size in sizes:
        layouts += dataplane_packets.peers(size)
    layouts += dataplane_packets.ours(sizes)
    dataplane_packets.measure(layouts, 8 if report.short else 24, 0.1)
    by_name = {each.name: each.rates for each in layouts}
    bare = by_name["no firewall"]
    print("| layout | connections, of none | µs more | packets, of none | ns more |\n| --- | --- | --- | --- | --- |")
    for name, rates in by_name.items():
        connections, sent = rates[0] / bare[0], rates[1] / bare[1]
        more = (1 / rates[0] - 1 / bare[0]) * 1e6, (1 / rates[1] - 1 / bare[1]) * 1e9
        print(f"| {name} | {connections:.2f} | {more[0]:.1f} | {sent:.2f} | {more[1]:,.0f} |")
    print(f"\n{dataplane_packets.missing()}\n".strip("\n"))
    largest, smallest = by_name[f"S0, {sizes[-1]:,} rules"], by_name[f"S0, {sizes[0]:,} rules"]
    tracked = by_name["conntrack, established accept"]
    print()
    report.goal(f"connections at {sizes[-1]:,} rules, of those at 10", largest[0] / smallest[0], 0.95, "", least=True)
    report.goal("of those with bare conntrack", largest[0] / tracked[0], 0.85, "", least=True)
    report.goal(f"packets at {sizes[-1]:,} rules, of no firewall", largest[1] / bare[1], 0.60, "", least=True)
    report.goal("packets with 5 groups", by_name["S0, 5 groups of 60"][1] / bare[1], 0.50, "", least=True)


def flows(report: Report) -> None:
    """What a revoke would end."""
    print("\n## Live flows of a rule\n")
    report.goal("the flows of a rule among 100,000", dataplane_flows.main(), 300, "ms")


PARTS: dict[str, Callable[[Report], None]] = {
    "changes": changes,
    "memory": memory,
    "drift": drift,
    "loss": loss,
    "agent": agent,
    "packets": packets,
    "flows": flows,
}


def _median(seconds: Sequence[float]) -> float:
    return statistics.median(seconds)


def _p99(seconds: Sequence[float]) -> float:
    return statistics.quantiles(seconds, n=100)[98]


def _us(seconds: Sequence[float]) -> str:
    return f"{_median(seconds) * 1e6:,.0f} ({_p99(seconds) * 1e6:,.0f})" if seconds else ""


def _ms(seconds: Sequence[float]) -> str:
    return f"{_median(seconds) * 1e3:,.1f}" if seconds else ""


def main() -> int:
    """Prints everything; 0 even where goals are missed, as it says which."""
    parser = argparse.ArgumentParser(prog="python -m bench.dataplane", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which (default: all)")
    parser.add_argument("--short", action="store_true", help="a few minutes")
    options = parser.parse_args()
    if os.geteuid() != 0:
        parser.error("root is needed: it makes network namespaces")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the namespaces go
    report = Report(options.short)
    busy = os.getloadavg()[0]
    print(
        f"{platform.python_version()}, Linux {platform.release()}, {os.cpu_count()} cores, load {busy:.1f} at the start"
    )
    for name in options.parts or PARTS:
        PARTS[name](report)
    met, missed = report.goals - len(report.missed), "; ".join(report.missed) or "none"
    print(f"\n{met} of {report.goals} goals met; missed: {missed}.")
    print(f"Load at the end: {os.getloadavg()[0]:.1f}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
