"""What packets pay: connections and packets a second, beside no firewall, bare conntrack and other people's layouts.

Each layout has a pair of namespaces of its own. One thread holds the sockets of both ends, and a veth hands packets
over inside `send`, so a slice measures the packets' way and no scheduler. Slices of all layouts take turns; a layout's
figure is the median of its fastest half, as neighbours on the machine only ever add.
"""

from __future__ import annotations

import shutil
import socket
import statistics
import struct
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Final

from bench.dataplane_worlds import HOST, PEER, PORT, one_port, own_port, served_host
from bench.namespaces import Namespace, Pair, pair
from ringwall.agent.kernel import Kernel
from ringwall.compiler.compile import compile_host
from ringwall.domain.local import LocalPolicy
from ringwall.domain.world import HostState
from ringwall.nft.expressions import Verdict
from ringwall.nft.objects import Chain, Ruleset

MARK: Final = "0x52570001"
_CLOSE = struct.pack("ii", 1, 0)
Load = Callable[[Namespace], None]


@dataclass(slots=True)
class Layout:
    """A way to admit the peer. load: puts it into a host. connections, packets: a second, of each slice."""

    name: str
    load: Load
    connections: list[float] = field(default_factory=list)
    packets: list[float] = field(default_factory=list)

    @property
    def rates(self) -> tuple[float, float]:
        """Connections and packets a second."""
        return _typical(self.connections), _typical(self.packets)


def measure(layouts: Sequence[Layout], slices: int, seconds: float) -> None:
    """So many slices of each layout, which grow by them."""
    with ExitStack() as stack:
        ends = []
        for layout in layouts:
            hosts = stack.enter_context(pair())
            layout.load(hosts.host)
            for each in (hosts.host,) if layout.name != "no firewall" else ():
                each.run("sysctl", "-qw", "net.netfilter.nf_conntrack_tcp_timeout_close=1")
            ends.append((layout, stack.enter_context(closing(_Ends(hosts)))))
        for _, each in ends:
            each.packets(seconds / 4)
            each.connections(seconds / 4)
        for turn in range(slices):
            for layout, each in ends if turn % 2 else reversed(ends):
                layout.packets.append(each.packets(seconds))
                layout.connections.append(each.connections(seconds))


class _Ends:
    """Sockets at both ends of a cable, used by one thread."""

    def __init__(self, hosts: Pair) -> None:
        with hosts.host.enter():
            self._listener = socket.create_server((HOST, PORT), backlog=16)
            self._here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._here.bind((HOST, PORT))
        self._peer = hosts.peer
        with hosts.peer.enter():
            self._there = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._there.bind((PEER, 0))
        self._there.connect((HOST, PORT))
        self._here.connect(self._there.getsockname())

    def close(self) -> None:
        for each in (self._listener, self._here, self._there):
            each.close()

    def packets(self, seconds: float) -> float:
        """Datagrams a second, there and back in turn, each of which arrives."""
        there, here, received = self._there.send, self._here.send, self._here.recv
        answered = self._there.recv
        count, began = 0, perf_counter()
        end = began + seconds
        while perf_counter() < end:
            for _ in range(50):
                there(b"x")
                received(1)
                here(b"x")
                answered(1)
            count += 100
        return count / (perf_counter() - began)

    def connections(self, seconds: float) -> float:
        """Connections a second, each opened, accepted and reset."""
        count, address = 0, (HOST, PORT)
        with self._peer.enter():
            began = perf_counter()
            end = began + seconds
            while perf_counter() < end:
                for _ in range(10):
                    near = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
                    near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _CLOSE)
                    near.connect(address)
                    far, _ = self._listener.accept()
                    near.close()
                    far.close()
                count += 10
            return count / (perf_counter() - began)


def ringwall(state: HostState, *, cached: bool = False) -> Load:
    """Our own layout; cached: with S0+E, thrown together for this comparison (see `_cached`)."""

    def load(host: Namespace) -> None:
        ruleset = compile_host(state, LocalPolicy()).ruleset
        with host.enter(), Kernel(own=False) as kernel:
            kernel.apply(None, _cached(ruleset) if cached else ruleset)
        if cached:
            admitting = f"add rule inet ringwall admit ct mark set {MARK} accept"
            known = "".join(
                f"insert rule inet ringwall eni-0-{side} ct mark {MARK} accept\n" for side in ("ingress", "egress")
            )
            host.run("nft", "-f", "-", text=f"{admitting}\n{known}")

    return load


def _cached(ruleset: Ruleset) -> Ruleset:
    """Every security-group rule goes to a chain that marks the flow as admitted by this generation of the rules.

    The interface's chains begin with a look at the mark. What a change would have to do besides (a new generation: both
    looks and the marking rule replaced) isn't part of what packets pay.
    """
    admit = Verdict("goto", "admit")
    chains = {
        name: replace(
            chain,
            rules=tuple(
                replace(rule, statements=(*rule.statements[:-1], admit))
                if (rule.comment or "").startswith("sgr-")
                else rule
                for rule in chain.rules
            ),
        )
        for name, chain in ruleset.chains.items()
    }
    return Ruleset({**chains, "admit": Chain("admit", ())}, ruleset.sets, ruleset.maps)


def no_firewall(host: Namespace) -> None:
    """Nothing at all."""


def bare_conntrack(host: Namespace) -> None:
    """What everybody has: established flows pass, one port is open."""
    host.run("nft", "-f", "-", text=_nft([f"tcp dport {PORT} accept", f"udp dport {PORT} accept"]))


def linear_nft(rules: int) -> Load:
    """A list of that many rules of each protocol behind an established accept; the last one admits."""
    lines = [
        f"{protocol} dport {port} ip saddr {block} counter accept"
        for port, block in _ports(rules)
        for protocol in ("tcp", "udp")
    ]
    return lambda host: host.run("nft", "-f", "-", text=_nft(lines)) and None


def linear_iptables(rules: int) -> Load:
    """The same with iptables."""
    lines = [
        f"-A INPUT -p {protocol} --dport {port} -s {block} -j ACCEPT"
        for port, block in _ports(rules)
        for protocol in ("tcp", "udp")
    ]
    return lambda host: host.run("iptables-restore", text=_iptables(lines)) and None


def iptables_with_ipset(rules: int) -> Load:
    """The same as two sets of address, protocol and port, and two rules."""

    def load(host: Namespace) -> None:
        size = max(1024, 4 * rules)
        made = [f"create admitted hash:ip,port hashsize {size} maxelem {size}"]
        made += [
            f"add admitted {block.removesuffix('/32')},{protocol}:{port}"
            for port, block in _ports(rules)
            for protocol in ("tcp", "udp")
        ]
        host.run("ipset", "restore", text="\n".join(made) + "\n")
        host.run("iptables-restore", text=_iptables(["-A INPUT -m set --match-set admitted src,dst -j ACCEPT"]))

    return load


def _ports(rules: int) -> list[tuple[int, str]]:
    """The ports and blocks of `served_host`, the admitting one last."""
    found = (own_port(number) for number in range(rules - 1))
    return [*((traffic.from_port, block) for traffic, block in found), (PORT, f"{PEER}/32")]


def _nft(lines: Sequence[str]) -> str:
    rules = "\n".join(lines)
    return f"""table inet beside {{
        chain input {{
            type filter hook input priority 0; policy drop;
            iifname lo accept
            ct state established,related accept
            {rules}
        }}
        chain output {{
            type filter hook output priority 0; policy drop;
            ct state established,related accept
        }}
    }}"""


def _iptables(lines: Sequence[str]) -> str:
    established = [f"-A {chain} -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT" for chain in ("INPUT", "OUTPUT")]
    head = ["*filter", ":INPUT DROP [0:0]", ":FORWARD DROP [0:0]", ":OUTPUT DROP [0:0]", "-A INPUT -i lo -j ACCEPT"]
    return "\n".join([*head, *established, *lines, "COMMIT", ""])


def _typical(rates: Sequence[float]) -> float:
    return statistics.median(sorted(rates)[len(rates) // 2 :])


def peers(rules: int) -> list[Layout]:
    """Other people's layouts with that many rules, as far as they are installed here."""
    found = [Layout(f"nft, linear, {rules:,}", linear_nft(rules))]
    if shutil.which("iptables-restore"):
        found.append(Layout(f"iptables, linear, {rules:,}", linear_iptables(rules)))
        if shutil.which("ipset"):
            found.append(Layout(f"iptables + ipset, {rules:,}", iptables_with_ipset(rules)))
    return found


def missing() -> str:
    """Which peers are left out, in a sentence; empty: none."""
    names = [each for each in ("iptables-restore", "ipset") if shutil.which(each) is None]
    return f"Left out, as not installed: {', '.join(names)}." if names else ""


def ours(sizes: Sequence[int]) -> list[Layout]:
    """S0 and S0+E at these sizes, with 1, 3 and 5 groups, and with all rules on one port."""
    states = {f"{size:,} rules": served_host(size) for size in sizes}
    states |= {f"{groups} groups of 60": served_host(60, groups) for groups in (1, 3, 5)}
    states[f"{sizes[-1]:,} on one port"] = served_host(sizes[-1], shape=one_port)
    return [
        Layout(f"{'S0+E' if cached else 'S0'}, {name}", ringwall(state, cached=cached))
        for name, state in states.items()
        for cached in (False, True)
    ]
