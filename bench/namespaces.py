"""Network namespaces for the data plane's benchmarks: two hosts with a cable between them, gone at the end."""

from __future__ import annotations

import ctypes
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.dataplane_worlds import DEVICE, HOST, PEER

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Namespace:
    """A network namespace that `ip netns` knows by this name."""

    name: str

    def run(self, *command: str, text: str | None = None) -> str:
        """What the command, run inside to its end, printed. text: its standard input.

        Raises:
            RuntimeError: it failed.
        """
        return run("ip", "netns", "exec", self.name, *command, text=text)

    @contextmanager
    def enter(self) -> Iterator[None]:
        """The calling thread is inside, until the end of the block. Sockets opened there stay there."""
        with Path("/proc/thread-self/ns/net").open("rb") as home, Path("/run/netns", self.name).open("rb") as inside:
            _setns(inside.fileno())
            try:
                yield
            finally:
                _setns(home.fileno())


@dataclass(frozen=True, slots=True)
class Pair:
    """Two hosts on one cable. host: with the rules. peer: without."""

    host: Namespace
    peer: Namespace


@contextmanager
def pair() -> Iterator[Pair]:
    """A pair for the length of the block; closed flows are forgotten after a second."""
    with _namespace() as host, _namespace() as peer:
        run(
            "ip", "link", "add", DEVICE, "netns", host.name, "type", "veth", "peer", "name", "cable", "netns", peer.name
        )
        for each, device, address in ((host, DEVICE, HOST), (peer, "cable", PEER)):
            each.run("ip", "address", "add", f"{address}/24", "dev", device)
            each.run("ip", "link", "set", device, "up")
        # Whose address is where is known from the start: no neighbour is asked for while something is measured.
        for each, device, other, there in ((host, DEVICE, peer, "cable"), (peer, "cable", host, DEVICE)):
            mac = other.run("cat", f"/sys/class/net/{there}/address").strip()
            address = PEER if each is host else HOST
            each.run("ip", "neighbour", "replace", address, "lladdr", mac, "dev", device, "nud", "permanent")
        yield Pair(host, peer)


@contextmanager
def alone() -> Iterator[Namespace]:
    """One namespace, with loopback only."""
    with _namespace() as made:
        yield made


def run(*command: str, text: str | None = None) -> str:
    """What the command printed.

    Raises:
        RuntimeError: it failed.
    """
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr}")
    return done.stdout


@contextmanager
def _namespace() -> Iterator[Namespace]:
    made = Namespace(f"rwb-{secrets.token_hex(4)}")
    run("ip", "netns", "add", made.name)
    try:
        made.run("ip", "link", "set", "lo", "up")
        yield made
    finally:
        run("ip", "netns", "delete", made.name)


def _setns(descriptor: int) -> None:
    if _libc.setns(descriptor, 0x40000000) != 0:
        raise OSError(ctypes.get_errno(), "setns")
