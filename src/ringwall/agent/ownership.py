"""Who holds a netlink socket: the owner of a table is a socket's port, and people know processes.

Source: proc(5), /proc/net/netlink.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .netlink import NETFILTER

_SOCKETS: Final = Path("/proc/thread-self/net/netlink")
_PROTOCOL, _PORT, _INODE = 1, 2, 9  # columns


@dataclass(frozen=True, slots=True)
class Process:
    """A process. name: as it calls itself."""

    pid: int
    name: str


def holder(port: int) -> Process | None:
    """The process that holds the nftables socket with that port, in this thread's network namespace.

    None where it can't be told: it has just ended, or belongs to somebody whose processes can't be seen from here.
    Cost: a look at each open file of the machine.
    """
    inode = next((columns[_INODE] for columns in _rows() if columns[_PORT] == str(port)), None)
    if inode is None:
        return None
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(_leads_to(link, f"socket:[{inode}]") for link in (process / "fd").iterdir()):
                return Process(int(process.name), (process / "comm").read_text().rstrip("\n"))
        except OSError:  # it ended meanwhile
            continue
    return None


def _rows() -> Iterator[list[str]]:
    try:
        lines = _SOCKETS.read_text().splitlines()[1:]
    except OSError:
        return
    for line in lines:
        columns = line.split()
        if columns[_PROTOCOL] == str(NETFILTER):
            yield columns


def _leads_to(link: Path, target: str) -> bool:
    try:
        return str(link.readlink()) == target
    except OSError:
        return False
