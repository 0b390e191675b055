"""Network namespaces for tests: hosts with names of their own, cables between them, and code that runs inside.

Nothing here touches the machine's own interfaces or firewall, and everything made is removed, also when a test fails.
A test module that uses it says `pytestmark = [pytest.mark.kernel, netns.needs_kernel]`.
"""

from __future__ import annotations

import ctypes
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Namespace:
    """A network namespace that `ip netns` knows by this name."""

    name: str

    @property
    def path(self) -> Path:
        return Path("/run/netns") / self.name

    def run(self, command: Sequence[str], *, check: bool = True, **options: Any) -> subprocess.CompletedProcess[str]:
        """The command run inside to its end, with its output as text. A failure raises, and shows what it wrote."""
        done = subprocess.run(self._inside(command), capture_output=True, text=True, check=False, **options)
        if check and done.returncode:
            raise AssertionError(
                f"{' '.join(command)} in {self.name}: exit {done.returncode}\n{done.stdout}{done.stderr}"
            )
        return done

    def popen(self, command: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        """The command started inside; the caller ends it."""
        return subprocess.Popen(self._inside(command), **options)

    @contextmanager
    def enter(self) -> Iterator[None]:
        """The calling thread is inside, until the end of the block. Sockets opened there stay there."""
        with Path("/proc/thread-self/ns/net").open("rb") as home, self.path.open("rb") as inside:
            _setns(inside.fileno())
            try:
                yield
            finally:
                _setns(home.fileno())

    def _inside(self, command: Sequence[str]) -> list[str]:
        return ["ip", "netns", "exec", self.name, *command]


@contextmanager
def namespace(label: str = "rw") -> Iterator[Namespace]:
    """A new namespace with loopback up, for the length of the block. label: the start of its otherwise random name."""
    made = Namespace(f"{label}-{secrets.token_hex(4)}")
    _ip("netns", "add", made.name)
    try:
        made.run(["ip", "link", "set", "lo", "up"])
        yield made
    finally:
        _ip("netns", "delete", made.name)


def veth(
    ns_a: Namespace,
    name_a: str,
    addresses_a: str | Sequence[str],
    ns_b: Namespace,
    name_b: str,
    addresses_b: str | Sequence[str],
) -> None:
    """A cable between two namespaces: an interface at each end, up, with its addresses ("10.0.0.1/24").

    IPv6 addresses are usable at once (no duplicate address detection). The cable goes with either namespace.
    """
    _ip("link", "add", name_a, "netns", ns_a.name, "type", "veth", "peer", "name", name_b, "netns", ns_b.name)
    for ns, name, addresses in ((ns_a, name_a, addresses_a), (ns_b, name_b, addresses_b)):
        for address in [addresses] if isinstance(addresses, str) else addresses:
            ns.run(["ip", "address", "add", address, "dev", name, *(["nodad"] if ":" in address else [])])
        ns.run(["ip", "link", "set", name, "up"])


def _why_not() -> str | None:
    """The reason why no namespace with nftables can be had here, or None."""
    if os.geteuid() != 0:
        return "not root"
    if missing := [tool for tool in ("ip", "nft") if shutil.which(tool) is None]:
        return f"not installed: {' '.join(missing)}"
    try:
        with namespace("rw-probe") as probe:
            probe.run(["nft", "list", "tables"])
    except AssertionError as error:
        return f"no network namespace with nf_tables: {error}"
    return None


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"ip {' '.join(arguments)}: {done.stderr}")


def _setns(fd: int) -> None:
    if _libc.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


_reason = _why_not()
needs_kernel = pytest.mark.skipif(_reason is not None, reason=f"needs root, ip, nft and network namespaces: {_reason}")
