"""How much room the kernel's flow table has: when it is full, new connections are dropped before any rule sees them.

Source: nf_conntrack-sysctl (nf_conntrack_count, nf_conntrack_max).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

_NEARLY_FULL, _FULL = 0.75, 0.95
_SYSCTL: Final = Path("/proc/sys/net/netfilter")


@dataclass(frozen=True, slots=True)
class Room:
    """How many flows are tracked, of at most how many."""

    count: int
    most: int

    @property
    def is_full(self) -> bool:
        """Whether new connections are dropped, or soon will be."""
        return self.count >= _FULL * self.most

    @property
    def is_filling(self) -> bool:
        """Whether somebody should look. Once it is full even the agent's report may find no room."""
        return self.count >= _NEARLY_FULL * self.most

    @property
    def sentence(self) -> str:
        """It in words."""
        says = f"The kernel tracks {self.count:,} flows of at most {self.most:,}"
        return says + (", and drops new connections while there is no room." if self.is_full else ".")


def read_room() -> Room | None:
    """The room in this thread's network namespace; None where nothing is tracked yet."""
    try:
        count, most = (int((_SYSCTL / f"nf_conntrack_{each}").read_text()) for each in ("count", "max"))
    except (OSError, ValueError):
        return None
    return Room(count, most) if most else None
