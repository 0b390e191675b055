"""A kernel without nftables: the agent runs on, so that its operator hears of it from the server too."""

from __future__ import annotations

from ringwall.nft.objects import Ruleset
from ringwall.nft.ruleset import Applied

from .errors import KernelUnreadable


class AbsentKernel:
    """Stands where `Kernel` would, and does nothing. reason: why there is none."""

    owns = False

    def __init__(self, reason: OSError) -> None:
        self._reason = reason

    def observe(self) -> Applied | None:
        """Never.

        Raises:
            KernelUnreadable: always.
        """
        raise KernelUnreadable(
            self._reason.errno or 0,
            f"this kernel has no nftables ({self._reason.strerror}), so nothing is enforced; load nf_tables and "
            "restart the agent",
        )

    def is_current(self, applied: Applied) -> bool:
        """Nothing was ever applied."""
        return True

    def apply(self, applied: Applied | None, desired: Ruleset) -> Applied:
        """Never.

        Raises:
            KernelUnreadable: always.
        """
        self.observe()
        raise AssertionError

    def watch(self) -> None:
        """There is nothing to watch."""
