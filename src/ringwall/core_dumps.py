"""No core dumps: what is in the memory of server and agent, keys among it, never gets to a disk."""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from typing import Final

_PR_SET_DUMPABLE: Final = 4


def forbid_core_dumps() -> None:
    """From now on neither a file nor a handler gets this process' memory, nor that of what it starts, when it crashes.

    The limit holds for files and for every child; the handler that `kernel.core_pattern` may name isn't bound by it, so
    the process says besides that it can't be dumped. That also keeps other processes of its user, root's with
    CAP_SYS_PTRACE excepted, from tracing it and from reading its memory, its open files and its environment in /proc.

    Source: core(5); prctl(2), PR_SET_DUMPABLE.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
