"""What the kernel can do: tried in a network namespace that vanishes with the attempt."""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Iterator
from typing import Final

from ringwall.compiler.compile import compile_host
from ringwall.domain.group import Direction, SecurityGroupRule
from ringwall.domain.interface import Mode
from ringwall.domain.local import LocalPolicy
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.traffic import Traffic
from ringwall.domain.world import HostGroup, HostInterface, HostState, InterfaceKind

from ..errors import AgentError
from ..findings import Finding, fail, ok, warn
from ..kernel import Kernel
from .host import Host

_CLONE_NEWNET: Final = 0x40000000


def kernel_features(host: Host) -> Iterator[Finding]:
    """Whether the kernel can do what is needed, tried in a namespace of its own."""
    if os.geteuid() != 0:
        yield fail("root", "The doctor doesn't run as root, so most of the host can't be seen.", "Run it as root.")
        return
    try:
        owns = _tried()
    except _NotTried as error:
        yield warn("kernel", f"What the kernel can do can't be tried here: {error}.", "The agent's log will tell.")
        return
    except (OSError, AgentError) as error:
        yield fail(
            "kernel",
            f"The kernel refuses a ruleset of ringwall's: {error}.",
            "It needs Linux 5.15 or newer with nf_tables, nft_ct, nft_counter and nf_conntrack.",
        )
        return
    yield ok("kernel", "The kernel takes a ruleset with all that ringwall uses.")
    yield ownership(owns)


def ownership(owns: bool) -> Finding:
    """What a foreign flush does here. owns: whether the kernel has tables that are their agent's alone."""
    if owns:
        return ok(
            "ownership",
            "While the agent lives nobody else can change or flush its table. "
            "While it is dead `nft flush ruleset` opens the host, until it is started again.",
        )
    return warn(
        "ownership",
        "This kernel has no owned tables: `nft flush ruleset` opens the host for up to a second while the agent "
        "lives, and until it is started again while it is dead.",
        "Linux 6.9 has them.",
    )


class _NotTried(Exception):
    """There is no namespace to try in."""


def _tried() -> bool:
    """Whether the kernel has owned tables, after it took a sample of all there is in a namespace of its own.

    The thread ends with its namespace.
    """
    outcome: list[bool | BaseException] = []

    def attempt() -> None:
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.unshare(_CLONE_NEWNET) != 0:
                raise _NotTried(f"no network namespace can be made ({os.strerror(ctypes.get_errno())})")
            with Kernel() as kernel:
                kernel.apply(
                    None, compile_host(_sample(), LocalPolicy(break_glass=frozenset({"192.0.2.0/24"}))).ruleset
                )
                outcome.append(kernel.owns)
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    (result,) = outcome
    if isinstance(result, BaseException):
        raise result
    return result


def _sample() -> HostState:
    """A host that uses everything: ports, ranges, ICMP, numbers, groups, lists, both families, a container."""
    traffics = (
        Traffic("tcp", 22, 22),
        Traffic("udp", 1000, 9000),
        Traffic("icmp", 8, -1),
        Traffic("icmpv6", 128, -1),
        Traffic("47"),
        Traffic("-1"),
    )
    peers = (
        Peer(PeerKind.CIDR_IPV4, "10.0.0.0/8"),
        Peer(PeerKind.CIDR_IPV6, "fd00::/8"),
        Peer(PeerKind.GROUP, "sg-2"),
        Peer(PeerKind.PREFIX_LIST, "pl-1"),
    )
    every = [(direction, traffic, peer) for direction in Direction for traffic in traffics for peer in peers]
    rules = {f"sgr-{n}": SecurityGroupRule(f"sgr-{n}", "sg-1", *each) for n, each in enumerate(every)}
    return HostState(
        "i-0",
        Mode.ENFORCE,
        interfaces={
            "eni-1": HostInterface("eni-1", "up0", ("10.0.0.5", "fd00::5"), ("sg-1",)),
            "eni-2": HostInterface("eni-2", "vc0", ("10.0.1.5",), ("sg-1",), InterfaceKind.ROUTED, source_check=True),
        },
        groups={"sg-1": HostGroup("sg-1", "web", rules)},
        members={"sg-2": frozenset({"10.0.0.9", "fd00::9"})},
        prefix_lists={"pl-1": frozenset({"192.0.2.0/24", "fd01::/64"})},
    )
