"""One host in lines: what it does, its interfaces, its problems, and what enforcing would cut off now."""

from __future__ import annotations

from collections.abc import Iterator

from ringwall.cli.screen import duration, plain

from .found import Described
from .rules import Names
from .table import ago


def host_lines(host: Described, names: Names) -> Iterator[str]:
    """The lines of a host as `/ringwall/v1/hosts/{host}` tells of it."""
    heard = "never heard since the server started" if host["last_seen"] is None else f"heard {ago(host['last_seen'])}"
    agent = "connected" if host["connected"] else "away"
    yield f"{plain(host['hostname'])} ({host['instance_id']}): mode {host['mode']}, {agent}, {heard}"
    for interface in host["interfaces"]:
        device = "no device" if interface["device"] is None else plain(interface["device"])
        groups = ", ".join(map(names.of, interface["group_ids"]))
        yield f"{device} {interface['interface_id']} {' '.join(interface['addresses'])}, groups {groups}"
        yield f"  in the kernel: {_in_kernel(interface['in_force'])}"
    for problem in host["problems"]:
        yield f"problem: {plain(problem)}"
    for line in host["unadmitted"]:
        yield f"no rule admits: {plain(line)}"


def _in_kernel(in_force: Described | None) -> str:
    if in_force is None:
        return "nothing reported since the server started"
    lag = in_force["lag_seconds"]
    late = "" if lag is None else f", {duration(lag)} after it was stored"
    return f"revision {in_force['revision']}, mode {plain(in_force['mode'])}{late}"
