"""Who uses a rule: its live flows on every host, asked of the agents now, and how much it was used so far.

Only agents know. Each host that carries the rule's group is asked at once, and has so long to answer; one that doesn't
is named as silent. What a host said last of a rule's use is remembered, in memory: while it is away, that is shown,
with its time. After a restart of the server hosts are asked again, and of one that is away then nothing is known.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from starlette.responses import JSONResponse, Response

from ringwall.domain.errors import InvalidParameterValue
from ringwall.domain.group import SecurityGroupRule
from ringwall.domain.ids import GROUP, RULE
from ringwall.domain.interface import Host
from ringwall.operations.draining import carriers
from ringwall.store.base import Reader
from ringwall.watch.encoding import MalformedMessage, decode_content, to_json
from ringwall.watch.flows import FLOWS, FLOWS_MAX, RULES_ASKED_MAX, USAGE, RuleFlows, RulesUse, RuleUse

from .call import Call
from .service import Service

Content = dict[str, Any]
Told = TypeVar("Told")

WAIT_SECONDS: Final = 5.0
WAIT_SECONDS_MAX: Final = 20.0
"""A host has so long to answer, unless `wait` says otherwise, and at most so long."""
LIMIT: Final = 100
"""So many flows are named, unless `limit` says otherwise."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """The rules that are asked for, and the hosts that carry their group."""

    rules: Sequence[SecurityGroupRule]
    hosts: Sequence[Host]


async def show_flows(service: Service, call: Call) -> Response:
    """The live flows that a rule admits, on every host, each with what becomes of it without the rule.

    Of a rule that was revoked with `keep`, the flows that are left.
    With `with`, more rules of the group: the flows that any of them admits, and what becomes of them without all.

    Raises:
        InvalidSecurityGroupRuleIdNotFound: the account has no such rule in this region; or the group hasn't, of more.
        InvalidParameterValue: more than RULES_ASKED_MAX rules.
    """
    limit, seconds = _limit(call), _wait(call)
    asked = await service.store.read_soon(lambda reader: _of_rules(reader, call))
    rule = asked.rules[0]
    parameters = {"rule_id": tuple(each.rule_id for each in asked.rules), "flows_max": (str(limit),)}
    answers = await asyncio.gather(
        *(_ask(service, host, FLOWS, parameters, RuleFlows, seconds) for host in asked.hosts)
    )
    rows: list[Content] = []
    flows: list[Content] = []
    ending = going_on = 0
    for host, answer in zip(asked.hosts, answers, strict=True):
        rows.append(_host_row(host, answer))
        if isinstance(answer, RuleFlows):
            ending, going_on = ending + answer.ending, going_on + answer.going_on
            rows[-1] |= {"ending": answer.ending, "going_on": answer.going_on}
            told = to_json(RuleFlows)(answer)["flows"][: limit - len(flows)]
            flows += ({"instance_id": host.instance_id, **each} for each in told)
    return JSONResponse(
        {"rule_id": rule.rule_id, "group_id": rule.group_id, "ending": ending, "going_on": going_on, "hosts": rows,
         "flows": flows}
    )  # fmt: skip


async def show_rule_usage(service: Service, call: Call) -> Response:
    """How much a rule was used, on each host and in all.

    Raises:
        InvalidSecurityGroupRuleIdNotFound: the account has no such rule in this region.
    """
    seconds = _wait(call)
    asked = await service.store.read_soon(lambda reader: _of_rule(reader, call))
    answers = await _ask_usage(service, asked, seconds)
    (rule,) = asked.rules
    hosts = [_used_on(service, host, rule, answers[host.instance_id]) for host in asked.hosts]
    return JSONResponse({"group_id": rule.group_id, **_summed(rule, hosts), "hosts": hosts})


async def show_group_usage(service: Service, call: Call) -> Response:
    """How much each rule of a group was used, summed over the hosts.

    Raises:
        InvalidGroupNotFound: the account has no such group in this region.
    """
    seconds = _wait(call)
    asked = await service.store.read_soon(lambda reader: _of_group(reader, call))
    answers = await _ask_usage(service, asked, seconds)
    rules = [
        _summed(rule, [_used_on(service, host, rule, answers[host.instance_id]) for host in asked.hosts])
        for rule in asked.rules
    ]
    hosts = [_host_row(host, answers[host.instance_id]) for host in asked.hosts]
    return JSONResponse({"group_id": call.path["group"], "rules": rules, "hosts": hosts})


def _of_rule(reader: Reader, call: Call) -> _Asked:
    rule_id, caller = call.path["rule"], call.caller
    RULE.check(rule_id)
    rule = reader.rule(caller.account_id, caller.region, rule_id)
    if rule is None:
        raise RULE.absent(rule_id)
    return _Asked([rule], _hosts(reader, call, rule.group_id))


def _of_rules(reader: Reader, call: Call) -> _Asked:
    """The rule of the path, and those of its group that `with` names. One that drains has no others."""
    caller = call.caller
    left = [each.rule for each in reader.draining_rules(caller.account_id, caller.region)]
    drains = next((each for each in left if each.rule_id == call.path["rule"]), None)
    if drains is not None and not call.query.get("with"):
        return _Asked([drains], _hosts(reader, call, drains.group_id))
    asked = _of_rule(reader, call)
    (rule,) = asked.rules
    wanted = list(dict.fromkeys([rule.rule_id, *filter(None, call.query.get("with", "").split(","))]))
    if len(wanted) > RULES_ASKED_MAX:
        raise InvalidParameterValue(f"'with' names more than {RULES_ASKED_MAX - 1} rules.")
    if len(wanted) == 1:
        return asked
    RULE.check_all(wanted)
    of_group = {each.rule_id: each for each in reader.rules_of([rule.group_id]).get(rule.group_id, [])}
    absent = next((each for each in wanted if each not in of_group), None)
    if absent is not None:
        raise RULE.absent(absent)
    return _Asked([of_group[each] for each in wanted], asked.hosts)


def _of_group(reader: Reader, call: Call) -> _Asked:
    group_id, caller = call.path["group"], call.caller
    GROUP.check(group_id)
    if reader.group(caller.account_id, caller.region, group_id) is None:
        raise GROUP.absent(group_id)
    return _Asked(reader.rules_of([group_id]).get(group_id, []), _hosts(reader, call, group_id))


def _hosts(reader: Reader, call: Call, group_id: str) -> list[Host]:
    found = (
        reader.host(call.caller.account_id, call.caller.region, each) for each in sorted(carriers(reader, group_id))
    )
    return [host for host in found if host is not None]


async def _ask_usage(service: Service, asked: _Asked, seconds: float) -> dict[str, RulesUse | str | None]:
    """What each host answers, by its id. What it said is remembered."""

    async def of(host: Host) -> RulesUse | str | None:
        uses: dict[str, RuleUse] = {}
        read_at = 0.0
        for start in range(0, len(asked.rules), RULES_ASKED_MAX):
            rule_ids = tuple(each.rule_id for each in asked.rules[start : start + RULES_ASKED_MAX])
            answer = await _ask(service, host, USAGE, {"rule_ids": rule_ids}, RulesUse, seconds)
            if not isinstance(answer, RulesUse):
                return answer
            uses, read_at = {**uses, **answer.uses}, answer.read_at
        service.uses.note(host.instance_id, uses, read_at)
        return RulesUse(read_at, uses)

    answers = await asyncio.gather(*(of(host) for host in asked.hosts))
    return {host.instance_id: answer for host, answer in zip(asked.hosts, answers, strict=True)}


async def _ask(
    service: Service, host: Host, kind: str, parameters: Mapping[str, tuple[str, ...]], told: type[Told], seconds: float
) -> Told | str | None:
    """What the host's agent tells; why it can't, as a sentence; None where it is away or doesn't answer in time."""
    answer = await service.hub.inquire(host.instance_id, kind, parameters, seconds)
    if answer is None or answer.failure is not None:
        return None if answer is None else answer.failure
    try:
        return decode_content(told, answer.content)
    except MalformedMessage as error:
        return f"The agent's answer can't be read: {error}"


def _host_row(host: Host, answer: object) -> Content:
    """Who was asked, and what came of it."""
    state = "silent" if answer is None else "failed" if isinstance(answer, str) else "answered"
    failure = answer if isinstance(answer, str) else None
    named = {"instance_id": host.instance_id, "hostname": host.hostname, "mode": host.mode.value}
    return {**named, "state": state, "failure": failure}


def _used_on(service: Service, host: Host, rule: SecurityGroupRule, answer: RulesUse | str | None) -> Content:
    """A rule's use on one host, as it says now or said last. One that never saw the rule hasn't used it so far."""
    row = _host_row(host, answer)
    if isinstance(answer, RulesUse):
        use: RuleUse | None = answer.uses.get(rule.rule_id, RuleUse(since=answer.read_at))
        read_at: float | None = answer.read_at
    else:
        use, read_at = service.uses.last(host.instance_id, rule.rule_id)
        if use is not None:
            row["state"] = "remembered"
    return {**row, "read_at": read_at, **(to_json(RuleUse)(use) if use else dict.fromkeys(_USE))}


_USE: Final = ("packets", "bytes", "first_used", "last_used", "since")


def _summed(rule: SecurityGroupRule, hosts: Sequence[Content]) -> Content:
    """A rule's use in all. unused_since: when the first host had it, if none used it. complete: all have spoken."""
    known = [host for host in hosts if host["read_at"] is not None]
    first = [host["first_used"] for host in known if host["first_used"] is not None]
    last = [host["last_used"] for host in known if host["last_used"] is not None]
    return {
        "rule_id": rule.rule_id,
        "packets": sum(host["packets"] for host in known),
        "bytes": sum(host["bytes"] for host in known),
        "first_used": min(first, default=None),
        "last_used": max(last, default=None),
        "unused_since": None if last else min((host["since"] for host in known), default=None),
        "complete": len(known) == len(hosts),
    }


def _limit(call: Call) -> int:
    text = call.query.get("limit", str(LIMIT))
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(FLOWS_MAX)) and int(text) <= FLOWS_MAX):
        raise InvalidParameterValue(f"'limit' is a whole number up to {FLOWS_MAX}, not '{text[:64]}'.")
    return int(text)


def _wait(call: Call) -> float:
    text = call.query.get("wait", str(WAIT_SECONDS))
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not seconds >= 0:
        raise InvalidParameterValue(f"'wait' is a number of seconds, not '{text[:64]}'.")
    return min(seconds, WAIT_SECONDS_MAX)
