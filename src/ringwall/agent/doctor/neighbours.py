"""Who else filters on this host."""

from __future__ import annotations

from collections.abc import Iterator

from ..findings import Finding, ok, warn
from ..others import Others, read_others
from .host import Host, named


def others(host: Host) -> Iterator[Finding]:
    """Who else filters on this host, and what that means for ringwall."""
    others = read_others(tuple(item.device for item in host.interfaces))
    for who, found in others.known.items():
        yield warn("others", f"{who} is at work here ({found}).", _advice(who))
    yield from _foreign_chains(others)
    if others.untracking:
        yield warn(
            "notrack",
            f"Rules in {named(others.untracking)} keep packets from connection tracking; ringwall drops such packets.",
            "Remove these rules, or name the device as --unmanaged.",
        )
    if others.offloading:
        yield warn(
            "flow-offload",
            f"Flows in {named(others.offloading)} pass by the forward hook: a revoke doesn't end them.",
            "Remove the flowtable where ringwall should filter what the host forwards.",
        )
    if others.marking:
        yield ok("ct-mark", f"{named(others.marking)} use the mark of flows; ringwall neither reads nor writes it.")
    if others.legacy:
        yield warn(
            "iptables-legacy",
            f"The old iptables has tables in use ({named(others.legacy)}); what they drop can't be seen here.",
            "`iptables-legacy-save` shows it; move it to iptables-nft.",
        )
    if not others.whole:
        yield warn(
            "others", "There are more foreign rules than were looked at; some of what they do may be missing here."
        )


def _foreign_chains(others: Others) -> Iterator[Finding]:
    closed = [each.sentence for each in others.chains if each.policy == "drop"]
    if closed:
        yield warn(
            "foreign-policy",
            f"Others drop by default: {named(closed)}. A packet must pass there too, whatever ringwall admits.",
            "Admit in both, or leave the filtering to one of the two.",
        )
    rest = [each.sentence for each in others.chains if each.policy != "drop"]
    if rest:
        yield ok("foreign-chains", f"At the same hooks there are {named(rest)}; what they drop, ringwall can't admit.")
    if not others.chains:
        yield ok("foreign-chains", "Nobody else has a chain at the hooks that ringwall uses.")


def _advice(who: str) -> str:
    if who in ("Docker", "Podman", "libvirt", "Kubernetes' proxy", "Calico", "Cilium"):
        return (
            "Its devices are closed for the host's own traffic once ringwall enforces, unless they are named as "
            "--unmanaged; what it forwards, ringwall judges only for interfaces that are enrolled."
        )
    return (
        "A packet must pass both; ringwall never edits its rules. A reload of it that flushes everything is put right."
    )
