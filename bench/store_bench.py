"""How many durable transactions a second the store does, beside what the disk does: `python -m bench.store_bench`.

A pair is one authorize (look the rule up by its identity, insert it) and one revoke (look it up, delete it), two
transactions. Slices are interleaved and their medians shown, because neighbours on the machine come and go.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import resource
import statistics
import tempfile
import time
from pathlib import Path

from ringwall.domain.group import Direction, SecurityGroup, SecurityGroupRule
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.traffic import Traffic
from ringwall.domain.vpc import CidrAssociation, Vpc
from ringwall.store.base import Transaction
from ringwall.store.sqlite import SqliteStore, open_sqlite

ACCOUNT, REGION = "123456789012", "us-east-1"
VPC = Vpc("vpc-1", ACCOUNT, REGION, False, "dopt-1", (CidrAssociation("vpc-cidr-assoc-1", "10.0.0.0/16"),))
RULES_PER_GROUP = 50
CLIENTS = (1, 8, 64)


def group(number: int) -> SecurityGroup:
    """The group of that number."""
    return SecurityGroup(f"sg-{number:017x}", ACCOUNT, REGION, VPC.vpc_id, f"group-{number}", "bench")


def rule(of: SecurityGroup, port: int) -> SecurityGroupRule:
    """A rule of the group with a random id, as the server makes them."""
    return SecurityGroupRule(
        f"sgr-{random.getrandbits(68):017x}",
        of.group_id,
        Direction.INGRESS,
        Traffic("tcp", port, port),
        Peer(PeerKind.CIDR_IPV4, "203.0.113.0/24"),
        None,
    )


async def fill(store: SqliteStore, rules: int, rules_each: int = RULES_PER_GROUP) -> list[SecurityGroup]:
    """Groups that hold this many rules between them."""
    await store.write(lambda tx: tx.insert_vpc(VPC))
    groups = [group(number) for number in range(rules // rules_each)]
    for start in range(0, len(groups), 100):

        def some(tx: Transaction, start: int = start) -> None:
            for each in groups[start : start + 100]:
                tx.insert_group(each)
                tx.insert_rules(each, [rule(each, port) for port in range(rules_each)])

        await store.write(some)
    return groups


async def pairs(store: SqliteStore, groups: list[SecurityGroup], port: int, until: float) -> int:
    """Transactions that one client did, one after the other."""
    done = 0
    while time.perf_counter() < until:
        target = random.choice(groups)
        new = rule(target, port)

        def authorize(tx: Transaction, target: SecurityGroup = target, new: SecurityGroupRule = new) -> None:
            assert tx.group(ACCOUNT, REGION, target.group_id)
            assert tx.find_rule(target.group_id, new.direction, new.traffic, new.peer) is None
            tx.insert_rules(target, [new])

        def revoke(tx: Transaction, target: SecurityGroup = target, new: SecurityGroupRule = new) -> None:
            assert tx.group(ACCOUNT, REGION, target.group_id)
            found = tx.find_rule(target.group_id, new.direction, new.traffic, new.peer)
            assert found
            tx.delete_rules(target, [found])

        await store.write(authorize)
        await store.write(revoke)
        done += 2
    return done


async def measure(store: SqliteStore, groups: list[SecurityGroup], clients: int, seconds: float) -> tuple[float, float]:
    """Transactions a second, and CPU microseconds for each."""
    start, cpu = time.perf_counter(), cpu_seconds()
    done = await asyncio.gather(*(pairs(store, groups, 1_000 + client, start + seconds) for client in range(clients)))
    return sum(done) / (time.perf_counter() - start), (cpu_seconds() - cpu) / sum(done) * 1e6


def cpu_seconds() -> float:
    """What this process has used, all threads, user and system."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def fdatasyncs(directory: Path, seconds: float) -> float:
    """Overwrites of 4 kB, each synced, a second."""
    with (directory / "raw").open("wb", buffering=0) as file:
        page, done, start = b"x" * 4096, 0, time.perf_counter()
        while time.perf_counter() < start + seconds:
            file.seek(0)
            file.write(page)
            os.fdatasync(file.fileno())
            done += 1
        return done / (time.perf_counter() - start)


async def run(directory: Path, seconds: float, rounds: int, inline: bool) -> None:
    """Prints the table."""
    sizes = (1_000, 100_000)
    stores = {size: open_sqlite(directory / str(size) / "ringwall.db", inline=inline) for size in sizes}
    groups = {size: await fill(store, size) for size, store in stores.items()}
    seen: dict[tuple[int, int], list[tuple[float, float]]] = {}
    raw = []
    for _ in range(rounds):
        raw.append(fdatasyncs(directory, seconds / 2))
        for clients in CLIENTS:
            for size in sizes:
                seen.setdefault((clients, size), []).append(await measure(stores[size], groups[size], clients, seconds))
    print(f"raw fdatasync: {statistics.median(raw):,.0f}/s")
    for (clients, size), slices in seen.items():
        rate, cpu = (statistics.median(values) for values in zip(*slices, strict=True))
        print(f"{clients:3} clients, {size:7,} rules: {rate:8,.0f} tx/s, {cpu:5.0f} CPU µs/tx")
    for clients in CLIENTS:
        few, many = (statistics.median(rate for rate, _ in seen[clients, size]) for size in sizes)
        print(f"{clients:3} clients: a transaction at 100,000 rules costs {few / many:.2f} times one at 1,000")
    for store in stores.values():
        store.close()


def main() -> None:
    """Reads the options and runs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1.0, help="length of a slice")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--inline", action="store_true", help="commit on the event loop's thread")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(run(Path(directory), options.seconds, options.rounds, options.inline))


if __name__ == "__main__":
    main()
