"""What an agent answers to the questions `flows` and `usage`: of a rule's live flows, and of its use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ringwall.domain.group import Direction

FLOWS: Final = "flows"
"""The kind of the question for a rule's live flows. Parameters: `rule_id`, one or several, and `flows_max`.

Of several the flows are asked that any of them admits, and what would become of these without all of them; an agent of
an older version can't tell that, and says so.
"""

FLOWS_MAX: Final = 1000
"""An answer names at most so many flows."""


@dataclass(frozen=True, slots=True)
class LiveFlow:
    """A flow that a rule admits, as its first packet was.

    direction: the rule's. protocol: as a rule spells it. destination, destination_port: after destination NAT.
    icmp_type, icmp_code: None but for ICMP, and then the ports are None; of a protocol without ports they are, too.
    packets, bytes: of both directions; None where the kernel doesn't count flows.
    goes_on_through: another rule that admits it, or `ends` is true; where both are absent it passes by `reason` alone.
    """

    direction: Direction
    protocol: str
    source: str
    destination: str
    source_port: int | None = None
    destination_port: int | None = None
    icmp_type: int | None = None
    icmp_code: int | None = None
    packets: int | None = None
    bytes: int | None = None
    ends: bool = True
    goes_on_through: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class RuleFlows:
    """The live flows that a rule admits on a host, or any of several, and what becomes of them without these.

    ending: how many would end; going_on: how many another rule admits, or the host never refuses.
    flows: those that would end first, and not all of them where they are more than were asked for.
    """

    ending: int
    going_on: int
    flows: tuple[LiveFlow, ...] = ()

    def __post_init__(self) -> None:
        """Nobody takes away from what others count."""
        if min(self.ending, self.going_on) < 0:
            raise ValueError("fewer flows than none")


USAGE: Final = "usage"
"""The kind of the question for the use of rules. Parameter: `rule_ids`."""

RULES_ASKED_MAX: Final = 1000
"""A question names at most so many rules."""


@dataclass(frozen=True, slots=True)
class RuleUse:
    """How much a rule was used on a host: packets and bytes of its flows, both directions together.

    first_used, last_used: when the host's agent first and last found that it had been, Unix seconds; None: never.
    since: when the agent first saw the rule in its kernel.
    """

    packets: int = 0
    bytes: int = 0
    first_used: float | None = None
    last_used: float | None = None
    since: float = 0.0

    def __post_init__(self) -> None:
        """Nobody takes away from what others count."""
        if min(self.packets, self.bytes) < 0:
            raise ValueError("fewer packets or bytes than none")


@dataclass(frozen=True, slots=True)
class RulesUse:
    """The use of rules on one host as of a reading of its counters. Rules that it never had are left out."""

    read_at: float
    uses: Mapping[str, RuleUse]
