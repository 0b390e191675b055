"""The endpoints of /ringwall/v1 about rules that are revoked with a word on their live flows, and what is left of them.

How many flows are left is what the hosts reported last: they tell it when it changes, and with every heartbeat.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from ringwall.domain.caller import Caller
from ringwall.domain.errors import InvalidParameterValue, ServiceError
from ringwall.domain.group import SecurityGroupRule
from ringwall.domain.tags import OnRevoke
from ringwall.operations import drains as operation
from ringwall.operations.draining import Drain, drains, end_over
from ringwall.store.base import Reader
from ringwall.telemetry import LOG
from ringwall.watch.messages import Report

from .call import Call
from .service import Service

Content = dict[str, Any]
LOOK_SECONDS: Final = 15.0
"""Reports that say nothing new of rules that drain have it looked at most so often whether one is over."""

ALONE_SECONDS: Final = 600.0
"""So often it is looked without a report or a question: what drains too long on a host that is gone ends then."""


async def revoke(service: Service, call: Call) -> Response:
    """Revokes rules of a group by their ids; `on_revoke` says what becomes of live flows that only they admitted."""
    rule_ids, on_revoke = call.content.get("rule_ids"), call.content.get("on_revoke")
    if not isinstance(rule_ids, list) or not all(isinstance(each, str) for each in rule_ids):
        raise InvalidParameterValue("rule_ids is a list of rule ids.")
    if on_revoke is not None and on_revoke not in tuple(OnRevoke):
        raise InvalidParameterValue("on_revoke is `cut` or `keep`.")
    how = None if on_revoke is None else OnRevoke(on_revoke)
    committed = await call.write(
        service,
        lambda transaction: operation.revoke(
            service.context(call.caller, transaction), call.path["group"], rule_ids, how
        ),
    )
    revoked = committed.result
    LOG.info(
        "%s of %s revoked by %s, draining=%d revision=%s",
        ", ".join(rule.rule_id for rule in revoked.rules), call.path["group"], call.caller.access_key_id,
        len(revoked.draining), committed.revision,
    )  # fmt: skip
    return JSONResponse(
        {
            "revision": committed.revision,
            "revoked": [_rule(rule) for rule in revoked.rules],
            "draining": list(revoked.draining),
        }
    )


async def list_draining(service: Service, call: Call) -> Response:
    """The rules of the region that drain, with the flows that are left on each host."""
    await end_what_is_over(service, (call.caller.account_id, call.caller.region))

    def look(reader: Any) -> tuple[int, list[Drain]]:
        found = drains(reader, call.caller.account_id, call.caller.region, _flows_left(service))
        return reader.revision(), found

    revision, found = await service.store.read_in_thread(look)
    return JSONResponse({"revision": revision, "draining": [_shown(each) for each in found]})


async def end(service: Service, call: Call) -> Response:
    """Cuts what is left of the flows of a rule that drains."""
    rule_id = call.path["rule"]
    committed = await call.write(
        service, lambda transaction: operation.end(service.context(call.caller, transaction), rule_id)
    )
    LOG.info("what is left of %s cut by %s, revision=%s", rule_id, call.caller.access_key_id, committed.revision)
    return JSONResponse({"revision": committed.revision, "ended": rule_id})


async def heard(service: Service, caller: Caller, before: Report | None, said: Report) -> None:
    """Ends what is over by a report: at once where nothing is left of a rule on the host, else now and then.

    Every host that carries a group repeats what is left, and to look at all of them each time would cost their square.
    """
    place, now = (caller.account_id, caller.region), service.clock()
    since = now - service.drains_looked_at.get(place, -math.inf)
    told = before.draining if before else {}
    if 0 <= since < LOOK_SECONDS and not any(
        left == 0 and told.get(rule_id) != 0 for rule_id, left in said.draining.items()
    ):
        return
    service.drains_looked_at[place] = now
    await end_what_is_over(service, place)


async def look_now_and_then(service: Service) -> None:
    """Ends what is over although no host says a word and nobody asks, until cancelled."""
    while True:
        await asyncio.sleep(ALONE_SECONDS)
        try:
            await end_everywhere(service)
        except ServiceError as error:
            LOG.error("what drains can't be looked after: %s", error)


async def end_everywhere(service: Service) -> None:
    """Ends what is over in every account and region."""

    def look(reader: Reader) -> set[tuple[str, str]]:
        accounts = {service.root.account_id, *(each.account_id for each in reader.accounts())}
        draining = (each for account_id in accounts for each in reader.draining_rules(account_id))
        return {(each.owner_id, each.region) for each in draining}

    for place in sorted(await service.store.read_in_thread(look)):
        await end_what_is_over(service, place)


async def end_what_is_over(service: Service, place: tuple[str, str]) -> None:
    """Ends the draining of what no host has flows of any more, and of what has drained too long.

    place: the account and the region.
    """
    now, flows_left = service.clock(), _flows_left(service)
    found = service.store.read(lambda reader: drains(reader, *place, flows_left))
    if any(each.is_over(now) for each in found):
        deed = service.trail.of_server("EndDraining", *place)
        committed = await service.trail.write(
            deed, lambda transaction: end_over(transaction, *place, now, flows_left), if_changed=True
        )
        LOG.info("nothing is left of %s, revision=%s", ", ".join(committed.result), committed.revision)


def _flows_left(service: Service) -> Callable[[str, str], int | None]:
    def flows_left(host_id: str, rule_id: str) -> int | None:
        report = service.hub.status(host_id).report
        return report.draining.get(rule_id) if report and report.digest else None

    return flows_left


def _shown(drain: Drain) -> Content:
    rule, left = drain.draining.rule, drain.flows_left
    known = [flows for flows in left.values() if flows is not None]
    return {
        **_rule(rule),
        "group_id": rule.group_id,
        "revoked_at": drain.draining.revoked_at,
        "flows_left": sum(known) if len(known) == len(left) else None,
        "hosts": [{"instance_id": host_id, "flows_left": left[host_id]} for host_id in sorted(left)],
    }


def _rule(rule: SecurityGroupRule) -> Content:
    return {
        "rule_id": rule.rule_id,
        "direction": rule.direction.value,
        "protocol": rule.traffic.protocol,
        "from_port": rule.traffic.from_port,
        "to_port": rule.traffic.to_port,
        "peer": rule.peer.value,
    }
