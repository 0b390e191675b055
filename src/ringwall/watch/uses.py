"""What hosts said last of the use of rules, remembered for while they are away."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from .flows import RuleUse

REMEMBERED_MAX: Final = 100_000
"""So many uses, each of a rule on a host, are remembered: those that were asked for last."""


class Uses:
    """The last word of each host on each rule. Cost: 200 bytes each."""

    def __init__(self, remembered_max: int = REMEMBERED_MAX) -> None:
        self._max = remembered_max
        self._last: OrderedDict[tuple[str, str], tuple[RuleUse, float]] = OrderedDict()

    def note(self, host_id: str, uses: Mapping[str, RuleUse], read_at: float) -> None:
        """Remembers what the host said. read_at: when it read its counters, Unix seconds."""
        for rule_id, use in uses.items():
            self._last[host_id, rule_id] = use, read_at
            self._last.move_to_end((host_id, rule_id))
        while len(self._last) > self._max:
            self._last.popitem(last=False)

    def last(self, host_id: str, rule_id: str) -> tuple[RuleUse | None, float | None]:
        """What it said last of the rule, and when; None where that isn't remembered."""
        return self._last.get((host_id, rule_id), (None, None))
