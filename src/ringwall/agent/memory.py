"""What the agent doesn't need any more goes back to the system; it lives for months."""

from __future__ import annotations

import ctypes


def give_back() -> None:
    """Freed memory that the C library keeps for later is the system's again; without glibc nothing happens."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
