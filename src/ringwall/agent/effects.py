"""What the agent does to the world, as the loop sees it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from ringwall.domain.local import LocalPolicy
from ringwall.domain.world import HostState
from ringwall.nft.objects import Ruleset
from ringwall.nft.ruleset import Applied
from ringwall.watch.messages import Unadmitted

from .conntrack import Prepared, prepare_tracking
from .drift import Commits
from .guard import Guard
from .interfaces import DeviceAddresses, read_interfaces
from .kept import Kept
from .preview import would_end
from .room import Room, read_room
from .stream import retry_delays

DRIFT_SECONDS: Final = 2.0
"""The table is looked after so often (3 µs), should an event be missing; events come at once."""

RETRY_SECONDS: Final = 2.0
"""A commit that failed is tried again after so long, whether or not the server has something to say."""


class Nftables(Protocol):
    """What the loop needs of `Kernel`."""

    def observe(self) -> Applied | None:
        """Our table as it is."""

    def is_current(self, applied: Applied) -> bool:
        """Whether nobody can have changed the table since it was so."""

    def apply(self, applied: Applied | None, desired: Ruleset) -> Applied:
        """What is applied once the desired ruleset is committed."""

    @property
    def owns(self) -> bool:
        """Whether nobody else can change the table once something was applied."""

    def watch(self) -> Commits | None:
        """What others commit from now on; None where they can't change the table."""


@dataclass(frozen=True, slots=True)
class Effects:
    """What the agent does to the world beside nftables and HTTP; each may be replaced by something that runs.

    clock: Unix seconds, for what is told. elapsed: seconds that no clock jumps in, for what is waited for.
    """

    clock: Callable[[], float] = time.time
    elapsed: Callable[[], float] = time.monotonic
    delays: Callable[[], Iterator[float]] = lambda: retry_delays(random.Random())
    prepare_tracking: Callable[[], Prepared] = prepare_tracking
    would_end: Callable[[HostState, LocalPolicy], tuple[Unadmitted, ...]] = would_end
    read_interfaces: Callable[[], tuple[DeviceAddresses, ...]] = read_interfaces
    kept: Callable[[], Kept] = Kept
    drift_seconds: float = DRIFT_SECONDS
    retry_seconds: float = RETRY_SECONDS
    guard: Callable[[str], Guard] | None = None
    read_room: Callable[[], Room | None] = read_room
