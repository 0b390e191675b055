"""The kernel's settings that bear on what is admitted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ..findings import Finding, fail, ok, warn
from ..room import read_room
from .host import Host, named, own_devices

_SYSCTL: Final = Path("/proc/sys/net")


def tracking(host: Host) -> Iterator[Finding]:
    """How full the table of flows is."""
    room = read_room()
    if room is None:
        yield ok("conntrack", "Connection tracking isn't active yet; it begins with the rules.")
    elif room.is_full:
        yield fail("conntrack", room.sentence, "Raise net.netfilter.nf_conntrack_max.")
    elif room.is_filling:
        yield warn("conntrack", room.sentence, "Raise net.netfilter.nf_conntrack_max before it is full.")
    else:
        yield ok("conntrack", room.sentence)


def tracking_settings(host: Host) -> Iterator[Finding]:
    """The settings of connection tracking that change what is admitted."""
    loose = _number("netfilter/nf_conntrack_tcp_loose")
    if loose is not None:
        yield ok(
            "tcp-loose",
            f"nf_conntrack_tcp_loose is {loose}; either way no TCP connection is picked up in mid-stream by the rules.",
        )
    if _number("netfilter/nf_conntrack_tcp_be_liberal"):
        yield warn(
            "tcp-be-liberal",
            "nf_conntrack_tcp_be_liberal is on: packets outside a connection's window count as the connection's.",
            "Turn it off unless something on the way needs it.",
        )


def reverse_path(host: Host) -> Iterator[Finding]:
    """Where packets may come with sources that are reached elsewhere."""
    everywhere = _number("ipv4/conf/all/rp_filter") or 0
    devices = own_devices(host) or {item.device for item in host.interfaces}
    open_ = sorted(d for d in devices if not max(everywhere, _number(f"ipv4/conf/{d}/rp_filter") or 0))
    if open_:
        yield warn(
            "rp-filter",
            f"rp_filter is off on {named(open_)}: packets may come with sources that aren't reached through it.",
            "Set net.ipv4.conf.all.rp_filter to 1, or to 2 where routes are asymmetric.",
        )
    else:
        yield ok(
            "rp-filter", "The kernel checks that IPv4 sources are reached through the interface that they come by."
        )


def bridges(host: Host) -> Iterator[Finding]:
    """Whether bridged packets are judged as routed ones."""
    called = [name for name in ("iptables", "ip6tables") if _number(f"bridge/bridge-nf-call-{name}")]
    if called:
        yield warn(
            "br-netfilter",
            "br_netfilter passes bridged packets through the hooks of routed ones: frames between a bridge's ports are "
            "judged as if they were forwarded by the host.",
            f"Unless something needs it: {', '.join(f'sysctl net.bridge.bridge-nf-call-{each}=0' for each in called)}.",
        )
    else:
        yield ok("br-netfilter", "Bridged packets don't pass the hooks of routed ones.")


def _number(name: str) -> int | None:
    try:
        return int((_SYSCTL / name).read_text())
    except (OSError, ValueError):
        return None
