"""What the agent answers to the server's questions about rules: from what is in force, in a thread."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ringwall.domain.group import Direction
from ringwall.domain.local import LocalPolicy
from ringwall.domain.world import HostState
from ringwall.nft.objects import Element
from ringwall.watch.encoding import to_json
from ringwall.watch.flows import FLOWS, FLOWS_MAX, USAGE, RuleFlows, RulesUse

from .errors import AgentError
from .flows import kept_flows, live_flows
from .interfaces import read_interfaces
from .judge import Judge
from .questions import Parameters, Respond
from .tracked import Wanted, read
from .usage import Usage

FRESH_SECONDS: Final = 1.0
"""Counters that were read within this aren't read again."""

InForce = Callable[[], tuple[HostState, LocalPolicy] | None]
"""What the kernel has now: the state as it was bound to devices, and the host's own policy; None: nothing."""


Kept = Callable[[Sequence[str]], Mapping[Element, Direction]]
"""The kernel's numbers of the flows that go on of revoked rules, by the rules' ids."""


def rule_answers(in_force: InForce, usage: Usage, kept: Kept) -> dict[str, Respond]:
    """Who answers which kind of question. The flows of a rule that drains are those that are left."""

    async def flows(parameters: Parameters) -> Mapping[str, Any]:
        found = in_force()
        if found is None:
            raise AgentError("nothing is in force on this host yet")
        rule_ids, (flows_max,) = parameters["rule_id"], parameters["flows_max"]
        wanted = min(int(flows_max), FLOWS_MAX)
        left = kept(rule_ids)
        if left:
            answer = await asyncio.to_thread(lambda: kept_flows(left, read(Wanted()), wanted))
        else:
            answer = await asyncio.to_thread(_flows, *found, rule_ids, wanted)
        told: Mapping[str, Any] = to_json(RuleFlows)(answer)
        return told

    async def use(parameters: Parameters) -> Mapping[str, Any]:
        if not 0 <= time.time() - usage.read_at < FRESH_SECONDS:
            await asyncio.to_thread(usage.read)
        told: Mapping[str, Any] = to_json(RulesUse)(RulesUse(usage.read_at, usage.of(parameters["rule_ids"])))
        return told

    return {FLOWS: flows, USAGE: use}


def _flows(state: HostState, local: LocalPolicy, rule_ids: Sequence[str], flows_max: int) -> RuleFlows:
    return live_flows(Judge(state, local, read_interfaces(loopback=True)), rule_ids, flows_max)
