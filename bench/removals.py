"""What it costs to take something back, whichever way: `python -m bench.removals` (root).

Each is one commit, and all are measured in one run on one table of 10,000 rules in groups of 60. Beside them what a
container's coming and going costs a whole agent of 200 containers, from the file that says so to its being in force.
"""

from __future__ import annotations

import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Final

from bench.dataplane_agent import IDENTITY, _Server
from bench.dataplane_changes import LOCAL, Loaded, Seconds
from bench.dataplane_worlds import HOST, Change, fleet_host, with_rules
from bench.namespaces import Pair, alone, pair
from ringwall.agent.attachment_files import STATUS, write_attachment
from ringwall.agent.directory import AgentDirectory
from ringwall.agent.kernel import Kernel
from ringwall.compiler.compile import compile_host
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.world import HostInterface, HostState, InterfaceKind
from ringwall.nft.diff import difference
from ringwall.watch.messages import Snapshot

RULES: Final = 10_000
ROUNDS: Final = 60
CONTAINERS: Final = 200
WAIT_SECONDS: Final = 60
MEMBERS: Final = frozenset(f"10.99.{n >> 8}.{n & 255}" for n in range(1_000))
BLOCKS: Final = frozenset(f"10.98.{n}.0/24" for n in range(100))
Removal = Callable[[HostState, int], HostState]


def world() -> HostState:
    """10,000 rules, of which two name a group of 1,000 members and a list of 100 blocks."""
    state = fleet_host(RULES)
    rules = dict(state.groups["sg-00000"].rules)
    first, second, *_ = rules
    rules[first] = replace(rules[first], peer=Peer(PeerKind.GROUP, "sg-members"))
    rules[second] = replace(rules[second], peer=Peer(PeerKind.PREFIX_LIST, "pl-blocks"))
    state = with_rules(state, "sg-00000", rules)
    return replace(state, members={"sg-members": MEMBERS}, prefix_lists={"pl-blocks": BLOCKS})


def rule_revoked(state: HostState, turn: int) -> HostState:
    """Of a group that many rules are in."""
    rules = [rule for group in state.groups.values() for rule in group.rules.values()]
    return Change(rules[turn * 97 % len(rules)]).without(state)


def member_removed(state: HostState, turn: int) -> HostState:
    """Of 1,000."""
    return replace(state, members={"sg-members": MEMBERS - {f"10.99.0.{turn}"}})


def list_shrunk(state: HostState, turn: int) -> HostState:
    """By one block of 100."""
    return replace(state, prefix_lists={"pl-blocks": BLOCKS - {f"10.98.{turn}.0/24"}})


def group_detached(state: HostState, turn: int) -> HostState:
    """From the only interface that carries it: its chains and 60 rules go as well."""
    each = _interface(state, turn)
    left = replace(each, group_ids=each.group_ids[:-1])
    groups = {name: group for name, group in state.groups.items() if name != each.group_ids[-1]}
    return replace(state, interfaces={**state.interfaces, each.interface_id: left}, groups=groups)


def shared_group_detached(state: HostState, turn: int) -> HostState:
    """From one of two interfaces that carry it."""
    each = _interface(state, turn)
    left = replace(each, group_ids=tuple(name for name in each.group_ids if name != "sg-00000"))
    return replace(state, interfaces={**state.interfaces, each.interface_id: left})


def interface_detached(state: HostState, turn: int) -> HostState:
    """With five groups that nobody else carries: 300 rules."""
    each = _interface(state, turn)
    carried = set(each.group_ids) - {"sg-00000"}
    interfaces = {name: other for name, other in state.interfaces.items() if name != each.interface_id}
    groups = {name: group for name, group in state.groups.items() if name not in carried}
    return replace(state, interfaces=interfaces, groups=groups)


def _interface(state: HostState, turn: int) -> HostInterface:
    routed = [each for each in state.interfaces.values() if each.kind is InterfaceKind.ROUTED]
    return routed[turn % (len(routed) - 1)]


def _shared(state: HostState) -> HostState:
    interfaces = {
        name: replace(each, group_ids=(*dict.fromkeys((*each.group_ids, "sg-00000")),))
        for name, each in state.interfaces.items()
    }
    return replace(state, interfaces=interfaces)


def commits(state: HostState, removals: Mapping[str, Removal]) -> Mapping[str, tuple[Seconds, Seconds, int]]:
    """Seconds of each removal's commit and of what comes before it, and its commands at the most. By turns."""
    found: dict[str, tuple[list[float], list[float], list[int]]] = {name: ([], [], []) for name in removals}
    with alone() as ns, ns.enter(), Kernel(own=False) as kernel:
        compiled = compile_host(state, LOCAL)
        loaded = Loaded(kernel, state, compiled, kernel.apply(None, compiled.ruleset))
        for turn in range(ROUNDS):
            for name, removal in removals.items():
                after = removal(state, turn)
                commands = difference(loaded.applied, compile_host(after, LOCAL, loaded.compiled).ruleset)
                commit, before = loaded.go(after)
                loaded.go(state)
                for held, value in zip(found[name], (commit, before, len(commands)), strict=True):
                    held.append(value)  # type: ignore[arg-type]
    return {name: (commit, before, max(commands)) for name, (commit, before, commands) in found.items()}


def containers(rounds: int) -> tuple[Seconds, Seconds]:
    """Seconds from the file that goes, or comes, to the agent's word that it is in force."""
    state = fleet_host(RULES)
    groups = list(state.groups)
    carried = [f"eni-{n:017x}" for n in range(CONTAINERS)]
    routed = {
        name: HostInterface(
            name, "", (f"10.200.{n >> 8}.{n & 255}",), tuple(groups[(3 * n + k) % len(groups)] for k in range(2)),
            InterfaceKind.ROUTED, source_check=True,
        )
        for n, name in enumerate(carried)
    }  # fmt: skip
    state = replace(state, interfaces={"eni-0": state.interfaces["eni-0"], **routed})
    with pair() as hosts, closing(_Server(hosts.host)) as server, tempfile.TemporaryDirectory() as data:
        directory = Path(data)
        AgentDirectory(directory).save_identity(IDENTITY)
        for n, name in enumerate(carried):
            hosts.host.run("ip", "link", "add", f"vc{n}", "type", "veth", "peer", "name", f"pc{n}")
            write_attachment(directory / "attachments", f"vc{n}", name)
        child = _agent(hosts, server.port, directory)
        try:
            server.tell(Snapshot(server.position(), state))
            _wait(lambda: len(_bound(directory)) == CONTAINERS)
            return _turns(directory, carried, rounds)
        finally:
            child.terminate()
            child.wait(20)


def _turns(directory: Path, carried: list[str], rounds: int) -> tuple[Seconds, Seconds]:
    gone, come = [], []
    choose = random.Random(1)
    for _ in range(rounds):
        number = choose.randrange(CONTAINERS)
        device = f"vc{number}"
        time.sleep(choose.uniform(0.1, 0.4))
        began = perf_counter()
        (directory / "attachments" / device).unlink()
        _wait(lambda: device not in _bound(directory))  # noqa: B023
        gone.append(perf_counter() - began)
        time.sleep(choose.uniform(0.1, 0.4))
        began = perf_counter()
        write_attachment(directory / "attachments", device, carried[number])
        _wait(lambda: device in _bound(directory))  # noqa: B023
        come.append(perf_counter() - began)
    return gone, come


def _agent(hosts: Pair, port: int, directory: Path) -> subprocess.Popen[bytes]:
    ringwall = str(Path(sys.executable).with_name("ringwall"))
    url = f"http://127.0.0.1:{port}"
    with hosts.host.enter(), (directory / "log").open("w") as log:
        return subprocess.Popen(
            [ringwall, "agent", "--server", url, "--data", str(directory), "--insecure-http"], stdout=log, stderr=log
        )


def _bound(directory: Path) -> Mapping[str, str]:
    try:
        found: Mapping[str, str] = json.loads((directory / STATUS).read_bytes())["in_force"]
    except (OSError, ValueError):
        return {}
    return found


def _wait(condition: Callable[[], bool]) -> None:
    ends = perf_counter() + WAIT_SECONDS
    while not condition():
        assert perf_counter() < ends, "the agent doesn't say so"
        time.sleep(0.001)


def _shown(seconds: Seconds, scale: float) -> str:
    return f"{statistics.median(seconds) * scale:,.0f} ({statistics.quantiles(seconds, n=100)[98] * scale:,.0f})"


def main() -> int:
    """Prints everything."""
    if os.geteuid() != 0:
        sys.exit("root is needed: it makes network namespaces")
    print(f"{platform.python_version()}, Linux {platform.release()}, load {os.getloadavg()[0]:.1f} at the start\n")
    print(f"{RULES:,} rules in groups of 60, {HOST} and containers; median (p99)\n")
    print("| what goes | commands | commit, µs | compiled and compared before, µs |\n| --- | --- | --- | --- |")
    alike = {
        "a rule": rule_revoked,
        "a member of 1,000": member_removed,
        "a block of a list of 100": list_shrunk,
        "a group from its only interface, with 60 rules": group_detached,
        "an interface, with 300 rules": interface_detached,
    }
    found = {
        **commits(world(), alike),
        **commits(_shared(world()), {"a group that others carry": shared_group_detached}),
    }
    for name, (commit, before, commands) in found.items():
        print(f"| {name} | {commands} | {_shown(commit, 1e6)} | {_shown(before, 1e6)} |")
    gone, come = containers(ROUNDS)
    print(f"\n{CONTAINERS} containers, whole agent, ms: detached after {_shown(gone, 1e3)}, ", end="")
    print(f"attached after {_shown(come, 1e3)}. Load at the end: {os.getloadavg()[0]:.1f}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
