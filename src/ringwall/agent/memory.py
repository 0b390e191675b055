"""What the agent doesn't need any more goes back to the system; it lives for months. And nothing holds up a revoke."""

from __future__ import annotations

import ctypes
import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

SWITCH_SECONDS: Final = 0.0001
"""How long a thread may keep the interpreter while a message waits, a fiftieth of Python's own: threads count, read and
write beside the loop, which needs the interpreter anew after each word with the kernel."""

_ARENAS_MAX, _MMAP_THRESHOLD = -8, -3
_LARGE: Final = 128 << 10


def prepare() -> None:
    """Threads hand over at once, and leave no memory of their own behind; large pieces go back when they are freed."""
    sys.setswitchinterval(SWITCH_SECONDS)
    configure = getattr(ctypes.CDLL(None), "mallopt", None)
    if configure is not None:
        configure(_ARENAS_MAX, 1)
        configure(_MMAP_THRESHOLD, _LARGE)


def settle() -> None:
    """What is there now is looked through for garbage no more: that takes 0.1 s at 10,000 rules, and none of it is."""
    gc.collect(1)
    gc.freeze()


@contextmanager
def undisturbed() -> Iterator[None]:
    """Nothing is looked through for garbage until the end of the block: of what is read or made there, all is kept."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def give_back() -> None:
    """Freed memory that the C library keeps for later is the system's again; without glibc nothing happens."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
