"""`make bench`: ringwall beside its peers and its floors, everything as ratios within one run.

Peers are moto server and ministack as they come: in memory, no signature checked. ringwall's answers are durable
(synchronous=FULL) and verified. Slices of a few seconds are interleaved and repeated; the medians are shown.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import uvloop

from bench.authorize_bench import authorize
from bench.cli_bench import cli
from bench.describe_bench import describe
from bench.http_load import Outcome, Target, call, load, rule_requests
from bench.servers import PEERS, ROOT, cpu_seconds, free_port, listens, process, resident_mb, ringwall, seed
from bench.trail_bench import trail

CLIENTS = (1, 8, 64)


@contextlib.contextmanager
def moto() -> Iterator[Target]:
    """moto server 5."""
    port = free_port()
    with process([str(PEERS / "moto_server"), "-p", str(port)], lambda: listens(port)) as child:
        yield Target("moto", port, "testing", "testing", child.pid)


@contextlib.contextmanager
def ministack() -> Iterator[Target]:
    """ministack 1.5."""
    port = free_port()
    command = [str(PEERS / "ministack")]
    with process(command, lambda: listens(port), GATEWAY_PORT=str(port), LOG_LEVEL="ERROR") as child:
        yield Target("ministack", port, "test", "test", child.pid)


async def make_groups(target: Target, count: int) -> list[str]:
    """A group for each client, in a VPC of their own."""
    answer = await call(target, {"Action": "CreateVpc", "CidrBlock": "10.0.0.0/16"})
    vpc_id = re.findall(r"<vpcId>(vpc-[0-9a-f]+)</vpcId>", answer)[0]
    groups = []
    for number in range(count):
        parameters = {"GroupName": f"bench-{number}", "GroupDescription": "bench", "VpcId": vpc_id}
        answer = await call(target, {"Action": "CreateSecurityGroup", **parameters})
        groups.append(re.findall(r"<groupId>(sg-[0-9a-f]+)</groupId>", answer)[0])
    return groups


def run_load(target: Target, groups: list[str], clients: int, seconds: float) -> Outcome:
    """One slice."""
    requests = [rule_requests(target, group, 8000) for group in groups[:clients]]
    outcome = uvloop.run(load(target, requests, seconds))
    if outcome.errors:
        raise RuntimeError(f"{target.name} answered {list(outcome.errors.items())[:2]}")
    return outcome


def fdatasyncs_per_second(directory: Path, seconds: float = 0.5) -> float:
    """The disk's floor: 4 kB written over and synced, one after the other."""
    path = directory / "floor"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    os.write(descriptor, bytes(4096))
    os.fsync(descriptor)
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        os.pwrite(descriptor, bytes(4096), 0)
        os.fdatasync(descriptor)
        count += 1
    os.close(descriptor)
    return count / seconds


def throughput(rounds: int, seconds: float) -> None:
    """Authorize and revoke pairs a second, at 1, 8 and 64 clients, beside the peers."""
    print("## Authorize + revoke, signed, keep-alive: pairs a second (p50, p99 in ms)\n")
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=ROOT) as directory, contextlib.ExitStack() as stack:
        targets = [stack.enter_context(ringwall(Path(directory) / "data")), stack.enter_context(moto())]
        targets.append(stack.enter_context(ministack()))
        groups = {target.name: asyncio.run(make_groups(target, max(CLIENTS))) for target in targets}
        seen: dict[tuple[str, int], list[Outcome]] = {}
        floors = []
        for _ in range(rounds):
            floors.append(fdatasyncs_per_second(Path(directory)))
            for clients in CLIENTS:
                for target in targets:
                    outcome = run_load(target, groups[target.name], clients, seconds)
                    seen.setdefault((target.name, clients), []).append(outcome)
        rates = {key: statistics.median(item.pairs_per_second for item in found) for key, found in seen.items()}
        print("| clients | ringwall | moto | ministack | ÷ moto | ÷ ministack |\n| --- | --- | --- | --- | --- | --- |")
        for clients in CLIENTS:
            cells = [
                f"{rates[target.name, clients]:,.0f} ({percentiles(seen[target.name, clients])})" for target in targets
            ]
            ours = rates["ringwall", clients]
            ratios = [f"{ours / rates[peer, clients]:.1f}" for peer in ("moto", "ministack")]
            print(f"| {clients} | " + " | ".join(cells + ratios) + " |")
        print(f"\nThe disk's floor, one fdatasync after the other: {statistics.median(floors):,.0f} a second.\n")


def percentiles(outcomes: list[Outcome]) -> str:
    """p50 and p99 of all requests, in ms."""
    latencies = sorted(latency for outcome in outcomes for latency in outcome.latencies)
    return f"{latencies[len(latencies) // 2] * 1000:.2f}, {latencies[int(len(latencies) * 0.99)] * 1000:.1f}"


def scale(rounds: int, seconds: float) -> None:
    """The same at 1,000 and at 100,000 stored rules."""
    print("## A revoke at 1,000 and at 100,000 stored rules (8 clients)\n")
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=ROOT) as directory, contextlib.ExitStack() as stack:
        targets = {}
        for rules in (1_000, 100_000):
            data = Path(directory) / str(rules)
            data.mkdir()
            asyncio.run(seed(data / "ringwall.db", rules))
            targets[rules] = stack.enter_context(ringwall(data, "--limits", "none"))
        groups = {rules: asyncio.run(make_groups(target, 8)) for rules, target in targets.items()}
        seen: dict[int, list[float]] = {rules: [] for rules in targets}
        costs: dict[int, list[float]] = {rules: [] for rules in targets}
        for _ in range(rounds * 2):
            for rules, target in targets.items():
                before = cpu_seconds(target.pid)
                outcome = run_load(target, groups[rules], 8, seconds)
                seen[rules].append(outcome.seconds / outcome.requests)
                costs[rules].append((cpu_seconds(target.pid) - before) / outcome.requests)
        small, large = (statistics.median(seen[rules]) for rules in (1_000, 100_000))
        print("| rules | µs a request | CPU µs a request |\n| --- | --- | --- |")
        for rules in targets:
            took, cpu = statistics.median(seen[rules]), statistics.median(costs[rules])
            print(f"| {rules:,} | {took * 1e6:.0f} | {cpu * 1e6:.0f} |")
        print(f"\nRatio of the time: {large / small:.2f}\n")


def start(rounds: int) -> None:
    """From start to the ready line on standard output, and the memory of the idle server."""
    print("## Start\n")
    times, sizes = [], []
    for _ in range(rounds * 3):
        directory = tempfile.mkdtemp()
        command = [str(ROOT / ".venv/bin/ringwall"), "serve", "--data", directory, "--port", "0"]
        began = time.perf_counter()
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert child.stdout is not None
        line = child.stdout.readline()
        times.append(time.perf_counter() - began)
        assert line.startswith("ringwall ready on "), line
        sizes.append(resident_mb(child.pid))
        child.terminate()
        child.wait(20)
        child.stdout.close()
        shutil.rmtree(directory)
    passes = [timed([sys.executable, "-c", "pass"]) for _ in range(rounds * 3)]
    print(f"Ready after {statistics.median(times):.2f} s (`python -c pass`: {statistics.median(passes):.2f} s).")
    print(f"Resident memory when ready: {statistics.median(sizes):.0f} MB.\n")


def timed(command: list[str]) -> float:
    """Seconds that the command takes."""
    began = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - began


def main() -> None:
    """Runs what was asked for, or everything."""
    parts = {
        "start": start,
        "throughput": throughput,
        "scale": scale,
        "describe": describe,
        "authorize": authorize,
        "trail": trail,
    }
    parts |= {"cli": cli}
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*parts, "netlink", []], help="which (default: all)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.0, help="of one slice")
    options = parser.parse_args()
    wanted = options.parts or [*parts, "netlink"]
    load_now = os.getloadavg()[0]
    print(f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, ", end="")
    print(f"Linux {platform.release()}, load {load_now:.1f} at the start, {json.dumps(wanted)}\n")
    if "start" in wanted:
        start(options.rounds)
    for name in ("throughput", "scale", "describe", "authorize", "trail", "cli"):
        if name in wanted:
            parts[name](options.rounds, options.seconds)
    if "netlink" in wanted:
        print("## One revoke in the kernel\n")
        subprocess.run([sys.executable, "-m", "bench.netlink_bench"], check=True)


if __name__ == "__main__":
    main()
