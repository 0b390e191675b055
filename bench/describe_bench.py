"""What descriptions cost when there is much: `python -m bench describe`.

Two servers, with 10 and with 10,000 groups of 20 rules, and moto with 10,000: a group by its id, its rules by a filter,
a walk of pages, and everything at once. The ids are random ones of all there are: first each of them once, in random
order, on a server that was asked for none of them before; then, for the slices that are compared, any of them. While
everything is described, a probe on a connection of its own sends small requests, a read and two writes in turn; what
they wait longer than without it is what others feel. Writes wait for the disk too, and now and then for a checkpoint of
the write-ahead log, so they are counted apart, and without the description for as long as it takes.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import uvloop

from bench.http_load import Outcome, Target, call, load, request_bytes, rule_requests
from bench.servers import PEERS, ROOT, free_port, listens, process, resident_mb, ringwall, seed
from bench.store_bench import group

RULES_EACH = 20
FEW, SOME, MANY = 10, 1_000, 10_000
CLIENTS = 8
SEED = 20
PROBE_PAUSE_SECONDS = 0.002
ALONE_SECONDS = 8.0
"""About as long as a description of everything takes."""
_TOKEN = re.compile("<nextToken>([^<]+)</nextToken>")


@contextlib.contextmanager
def moto(groups: int, ids: Path) -> Iterator[Target]:
    """moto server with this many groups; their ids are in the file."""
    port = free_port()
    command = [
        str(PEERS / "python"),
        str(ROOT / "bench/peer_moto.py"),
        str(port),
        str(groups),
        str(RULES_EACH),
        str(ids),
    ]
    with process(command, lambda: listens(port)) as child:
        yield Target("moto", port, "testing", "testing", child.pid)


def describe(rounds: int, seconds: float) -> None:
    """Descriptions by id and by filter, page by page and whole, beside moto and beside a small store."""
    print(f"## Descriptions, {MANY:,} groups of {RULES_EACH} rules\n")
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=ROOT) as directory, contextlib.ExitStack() as stack:
        targets = {}
        for groups in (FEW, SOME, MANY):
            data = Path(directory) / str(groups)
            data.mkdir()
            asyncio.run(seed(data / "ringwall.db", groups * RULES_EACH, RULES_EACH))
            targets[groups] = stack.enter_context(ringwall(data, "--limits", "none"))
        idle = resident_mb(targets[MANY].pid)
        _everything(targets[MANY], group(0).group_id, idle)
        _walks(targets)
        moto_ids = Path(directory) / "moto-ids"
        peer = stack.enter_context(moto(MANY, moto_ids))
        ids: dict[int | str, list[str]] = {"moto": moto_ids.read_text().split()}
        ids |= {groups: [group(number).group_id for number in range(groups)] for groups in (FEW, MANY)}
        _one_group(targets, peer, ids, rounds, seconds)
        print(f"Resident above idle, all ids asked for: {resident_mb(targets[MANY].pid) - idle:.0f} MB.\n")


# --- One group ---


def by_id(group_id: str) -> dict[str, str]:
    """A description of one group."""
    return {"Action": "DescribeSecurityGroups", "GroupId.1": group_id}


def rules_by_filter(group_id: str) -> dict[str, str]:
    """A description of one group's rules."""
    return {"Action": "DescribeSecurityGroupRules", "Filter.1.Name": "group-id", "Filter.1.Value.1": group_id}


def _one_group(
    targets: dict[int, Target], peer: Target, ids: dict[int | str, list[str]], rounds: int, seconds: float
) -> None:
    print(
        f"| {CLIENTS} clients, random ids | 10 groups | 10,000 groups | each id the first time | moto, 10,000 ", end=""
    )
    print("| cost, 10,000 ÷ 10 | rate ÷ moto | the first time ÷ moto |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    chance = random.Random(SEED)
    # moto takes seconds for the rules of one group, as it copies all that there are.
    for name, parameters, peers in (
        ("group by id", by_id, {"moto": peer}),
        ("its rules by filter", rules_by_filter, {}),
    ):
        asked = {FEW: targets[FEW], MANY: targets[MANY], **peers}
        signed = {
            key: [request_bytes(target, parameters(group_id)) for group_id in ids[key]] for key, target in asked.items()
        }
        first = rate(targets[MANY], chance.sample(signed[MANY], MANY), None)
        seen: dict[int | str, list[float]] = {}
        for _ in range(rounds * 2):
            for key, target in asked.items():
                requests = chance.choices(signed[key], k=MANY)
                seen.setdefault(key, []).append(rate(target, requests, seconds / 2))
        few, many = statistics.median(seen[FEW]), statistics.median(seen[MANY])
        beside, ratio, first_ratio = "", "", ""
        if "moto" in seen:
            others = statistics.median(seen["moto"])
            beside, ratio, first_ratio = f"{others:,.1f}/s", f"{many / others:,.0f}", f"{first / others:,.0f}"
        print(f"| {name} | {few:,.0f}/s | {many:,.0f}/s | {first:,.0f}/s | {beside} ", end="")
        print(f"| {few / many:.2f} | {ratio} | {first_ratio} |")
    print()


def rate(target: Target, requests: list[bytes], seconds: float | None) -> float:
    """Answers a second to these requests, by several clients; for so long, or each of them once."""
    each = [requests[start::CLIENTS] for start in range(CLIENTS)]
    outcome = checked(uvloop.run(load(target, each, seconds)))
    return outcome.requests / outcome.seconds


def checked(outcome: Outcome) -> Outcome:
    """The outcome, if all answers were successes."""
    if outcome.errors:
        raise RuntimeError(f"answered {list(outcome.errors.items())[:2]}")
    return outcome


# --- Pages ---


def _walks(targets: dict[int, Target]) -> None:
    print("| walk | items | µs an item | at a tenth of the items | ratio | last page ÷ first |")
    print("| --- | --- | --- | --- | --- | --- |")
    for action in ("DescribeSecurityGroups", "DescribeSecurityGroupRules"):
        for size in (1_000, 100):
            some, many = (asyncio.run(walk(targets[groups], action, size)) for groups in (SOME, MANY))
            ratio = many.per_item / some.per_item
            print(
                f"| {action}, MaxResults={size} | {many.items:,} | {many.per_item * 1e6:.0f} "
                f"| {some.per_item * 1e6:.0f} | {ratio:.2f} | {many.last_by_first:.2f} |"
            )
    print()


@dataclass(frozen=True, slots=True)
class Walk:
    """What a walk over all pages took. pages: seconds for each but the last, which is rarely full."""

    items: int
    seconds: float
    pages: list[float]

    @property
    def per_item(self) -> float:
        """Seconds for one item."""
        return self.seconds / self.items

    @property
    def last_by_first(self) -> float:
        """The last tenth of the pages against the first, by their medians; 1 if there are too few."""
        tenth = max(len(self.pages) // 10, 1)
        return statistics.median(self.pages[-tenth:]) / statistics.median(self.pages[:tenth]) if self.pages else 1.0


async def walk(target: Target, action: str, size: int) -> Walk:
    """All pages, one after the other."""
    token, items, pages, began = None, 0, [], time.perf_counter()
    while True:
        asked = time.perf_counter()
        parameters = {"Action": action, "MaxResults": str(size)} | ({"NextToken": token} if token else {})
        answer = await call(target, parameters)
        items += answer.count("\n        <item>")
        found = _TOKEN.search(answer)
        if found is None:
            return Walk(items, time.perf_counter() - began, pages)
        token = found[1]
        pages.append(time.perf_counter() - asked)


# --- Everything ---


def _everything(target: Target, group_id: str, idle: float) -> None:
    alone = checked(uvloop.run(probe(target, group_id, ALONE_SECONDS)))
    print("| | seconds | MB | probes | reads: p50, p99, longest ms | writes | resident MB, peak above idle | after |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    after = resident_mb(target.pid) - idle
    print(f"| nothing else | {ALONE_SECONDS:.1f} | | {alone.requests} | {felt(alone)} | | {after:.0f} |")
    for action in ("DescribeSecurityGroups", "DescribeSecurityGroupRules"):
        forget_peak(target.pid)
        seconds, size, beside = uvloop.run(described_and_probed(target, action, group_id))
        peak, after = resident_mb(target.pid, "VmHWM") - idle, resident_mb(target.pid) - idle
        print(
            f"| {action} | {seconds:.1f} | {size / 1e6:.0f} | {beside.requests} | {felt(beside)} "
            f"| {peak:.0f} | {after:.0f} |"
        )
    print(f"\nResident when idle: {idle:.0f} MB.\n")


def felt(outcome: Outcome) -> str:
    """What the probe's reads waited, then its writes: their middle, the 99th of 100, and the longest, in ms."""
    reads = outcome.latencies[::3]
    writes = [each for number, each in enumerate(outcome.latencies) if number % 3]
    return f"{_spread(reads)} | {_spread(writes)}"


def _spread(seconds: list[float]) -> str:
    times = sorted(each * 1000 for each in seconds)
    return f"{times[len(times) // 2]:.1f}, {times[int(len(times) * 0.99)]:.1f}, {times[-1]:.1f}"


def forget_peak(pid: int) -> None:
    """Starts VmHWM anew. (man 5 proc, /proc/pid/clear_refs)"""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


async def probe(target: Target, group_id: str, seconds: float, until: threading.Event | None = None) -> Outcome:
    """Small requests in turn, with pauses: a group by id, an authorize, a revoke."""
    requests = [request_bytes(target, by_id(group_id)), *rule_requests(target, group_id, 9_999)]
    outcome = Outcome(0, 0.0, [])
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    began = time.perf_counter()
    while outcome.requests % 3 or (time.perf_counter() < began + seconds and not (until and until.is_set())):
        asked = time.perf_counter()
        writer.write(requests[outcome.requests % 3])
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(re.findall(rb"content-length: (\d+)", head)[0])
        answer = await reader.readexactly(length)
        outcome.latencies.append(time.perf_counter() - asked)
        if b" 200 " not in head[:20]:
            outcome.errors[answer.decode()] = 1
        outcome.requests += 1
        await asyncio.sleep(PROBE_PAUSE_SECONDS)
    outcome.seconds = time.perf_counter() - began
    writer.close()
    return outcome


async def described_and_probed(target: Target, action: str, group_id: str) -> tuple[float, int, Outcome]:
    """Seconds and bytes of a description of everything, and how the probe fared meanwhile."""
    done = threading.Event()
    reading = asyncio.get_running_loop().run_in_executor(None, _download, target, action, done)
    outcome = await probe(target, group_id, 300.0, done)
    seconds, size = await reading
    return seconds, size, checked(outcome)


def _download(target: Target, action: str, done: threading.Event) -> tuple[float, int]:
    """One request, its answer read and thrown away; a thread's, so that the probe isn't kept waiting on its side."""
    buffer, size, began = bytearray(1 << 20), 0, time.perf_counter()
    request = request_bytes(target, {"Action": action})
    with socket.create_connection(("127.0.0.1", target.port)) as connection:
        connection.sendall(request.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n", 1))
        while got := connection.recv_into(buffer):
            size += got
    done.set()
    return time.perf_counter() - began, size
