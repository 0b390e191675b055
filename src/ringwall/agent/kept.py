"""Flows that go on although no rule admits them any more: found when a rule leaves with `keep`, let go when they end.

Theory of operation. When a commit takes away a rule whose id drains afterwards, the tracked flows are read, and those
that only such rules admitted at an interface are named, by the kernel's number for them, in that interface's set: in
the same commit, so that none is missed by a packet. The element's comment is the rule's id. A row that goes at the
server takes the id from the state, and the next commit its elements. The sets are live state of this kernel: no state
says what is in them, a new agent finds them in the table, and they are remembered from commit to commit.

A flow that began between reading and commit is cut by the commit, so the flows are read once more right after it:
what is tracked by then and only such a rule admitted has begun before, for new ones were refused since. Unless another
commit that may admit something came in between: then those few are cut.

While anything goes on the flows are looked at now and then. An element whose flow has ended goes, and the server is
told how many are left. In between it does no harm: the kernel may give the same number to a flow anew, but a flow
begins with a packet that isn't confirmed yet, which the chain refuses.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from struct import Struct
from typing import Final

from ringwall.compiler import names
from ringwall.compiler.compile import compile_host, draining_interfaces
from ringwall.domain.group import Direction
from ringwall.domain.local import LocalPolicy
from ringwall.domain.world import HostState, difference
from ringwall.nft.attributes import by_type
from ringwall.nft.objects import Element, Ruleset, Set
from ringwall.telemetry import LOG

from .errors import reason
from .interfaces import DeviceAddresses, read_interfaces
from .leaving import Change, Finder, change_between, may_admit, wanted
from .tracked import Wanted, decode, read

LOOK_SECONDS: Final = 5.0
"""What still goes on is looked at so often."""

REST: Final = 20
"""After a look there is rest for so many times as long: at 100,000 flows it takes a good part of a second."""

TOLD_MAX: Final = 1000
"""A report tells of at most so many rules that drain; of the others, when these have ended."""

_HEADER: Final = Struct("=I16x")
_ID: Final = 12
_AT: Final = 5

_HOSTS_OWN: Final = partial(read_interfaces, loopback=True)

Flows = Mapping[Element, str]
"""The rule's id by the kernel's number of the flow."""


class Kept:
    """The flows that go on, by set.

    read_flows, local: how the flows and the host's addresses are read. problem: a sentence; empty when all is well.
    """

    def __init__(
        self,
        read_flows: Callable[[Wanted], Iterable[bytes]] = read,
        local: Callable[[], Iterable[DeviceAddresses]] = _HOSTS_OWN,
        *,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._read = read_flows
        self._local = local
        self._look_seconds = look_seconds
        self._flows: dict[str, Flows] | None = None
        self._state: HostState | None = None
        self._filled: tuple[dict[str, Flows], HostState, Change | None] | None = None
        self._changes: list[Change] = []  # since which flows weren't looked at once more
        self._any = asyncio.Event()
        self._to_look = asyncio.Event()
        self.problem = ""

    def filled(
        self, ruleset: Ruleset, state: HostState | None, from_disk: HostState | None, held: Ruleset | None
    ) -> Ruleset:
        """The ruleset that was compiled of the state, with the flows that go on in it; `committed` is to follow.

        state: None: that of the last commit. from_disk: what was in force before this agent. held: what the kernel has.
        """
        state = state or self._state
        if state is None:
            return ruleset
        if self._flows is None:
            self._flows = _found(held)
        before = self._state or from_disk
        change = None
        if before is not None and held is not None:
            is_unsure = self._state is None and bool(draining_interfaces(state))
            change = change_between(before, state, held, compile_host(before, LocalPolicy()) if is_unsure else None)
        flows = {name: _allowed(self._flows.get(name, {}), allowed) for name, allowed in _places(state)}
        if change is not None:
            for name, found in self._going_on(change).items():
                flows[name] = {**found, **flows[name]}
        self._filled = flows, state, change
        return _with(ruleset, flows)

    def committed(self) -> None:
        """Notes that what was filled last is in the kernel."""
        if self._filled is None:
            return
        before = self._state
        (self._flows, self._state, change), self._filled = self._filled, None
        if self._changes and before is not None and may_admit(difference(before, self._state)):
            self._changes.clear()
        if change is not None:
            self._changes.append(change)
            self._to_look.set()
        if self._changes or any(self._flows.values()):
            self._any.set()

    async def watch(self, commit: Callable[[], None], tell: Callable[[], None]) -> None:
        """Looks at the flows while any go on, until cancelled.

        commit: has the flows committed, as they are now. tell: has the server told how many are left.
        """
        rest = self._look_seconds
        while True:
            await self._any.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(rest):
                    await self._to_look.wait()
            self._to_look.clear()
            start = time.monotonic()
            try:
                changed = await self._look()
            except OSError as error:
                self._note(error)
            else:
                (commit if changed else tell)()
            rest = max(self._look_seconds, REST * (time.monotonic() - start))

    def left(self) -> dict[str, int]:
        """How many flows are left of each rule that drains, by its id; at most TOLD_MAX.

        Of a rule whose flows are just being looked for nothing is said yet.
        """
        if self._state is None or self._flows is None:
            return {}
        unsure = {rule.rule_id for change in self._changes for each in change.leaving for rule in each.rules}
        carried = {group_id for each in self._state.interfaces.values() for group_id in each.group_ids}
        groups = [self._state.groups[group_id] for group_id in carried & self._state.groups.keys()]
        draining = frozenset[str]().union(*(group.draining for group in groups)) - unsure
        found: dict[str, set[Element]] = {rule_id: set() for rule_id in sorted(draining)[:TOLD_MAX]}
        for flows in self._flows.values():
            for element, rule_id in flows.items():
                if rule_id in found:
                    found[rule_id].add(element)
        return {rule_id: len(elements) for rule_id, elements in found.items()}

    def of(self, rule_ids: Iterable[str]) -> dict[Element, Direction]:
        """The kernel's numbers of the flows that go on of rules that drain, each with its rule's direction."""
        wanted = frozenset(rule_ids)
        return {
            element: direction
            for name, flows in (self._flows or {}).items()
            for direction in Direction
            if name.endswith(names.kept_flows("", direction))
            for element, rule_id in flows.items()
            if rule_id in wanted
        }

    async def _look(self) -> bool:
        """Whether flows have ended, or some were missed; what goes on is known anew with this."""
        held = {name: frozenset(flows) for name, flows in (self._flows or {}).items()}
        changes = tuple(self._changes)
        alive, late = await asyncio.to_thread(self._see, [each for each in changes if each.refuses])
        if changes and self._changes[:1] != [changes[0]]:  # something may have been admitted meanwhile
            late = {}
        else:
            del self._changes[: len(changes)]
        self.problem = ""
        before = self._flows or {}
        self._flows = {
            name: _still(flows, held.get(name, frozenset()) - alive, late.get(name, {}))
            for name, flows in before.items()
        }
        if not any(self._flows.values()) and not self._changes:
            self._any.clear()
        return self._flows != before

    def _see(self, changes: list[Change]) -> tuple[frozenset[Element], dict[str, dict[Element, str]]]:
        """All flows that live, and by set those that go on since one of the changes."""
        alive: set[Element] = set()
        late: dict[str, dict[Element, str]] = {}
        local = tuple(self._local()) if changes else ()
        finders = [Finder(change, local) for change in changes]
        for data in self._read(Wanted()):
            for flow in decode(data):
                element = element_of(data, flow[_AT])
                alive.add(element)
                for finder in finders:
                    for name, rule_id in finder.places(flow):
                        late.setdefault(name, {})[element] = rule_id
        return frozenset(alive), late

    def _going_on(self, change: Change) -> dict[str, dict[Element, str]]:
        """By set the flows that go on when the rules leave; none where they can't be read: then they are cut."""
        found: dict[str, dict[Element, str]] = {each.set_name: {} for each in change.leaving}
        try:
            finder = Finder(change, tuple(self._local()))
            for data in self._read(wanted(change)):
                for flow in decode(data):
                    for name, rule_id in finder.places(flow):
                        found[name][element_of(data, flow[_AT])] = rule_id
        except OSError as error:
            self._note(error)
        return found

    def _note(self, error: OSError) -> None:
        self.problem = f"The flows that should go on can't be read: {reason(error)}"
        LOG.error("%s", self.problem)


def _found(held: Ruleset | None) -> dict[str, Flows]:
    """What an agent before this one let go on."""
    return {} if held is None else {each.name: each.comments for each in held.sets.values() if each.holds_flows}


def _places(state: HostState) -> Iterator[tuple[str, frozenset[str]]]:
    """Each set of flows that the state has, with the ids of the rules whose flows may be in it."""
    for interface_id in draining_interfaces(state):
        groups = [state.groups[each] for each in state.interfaces[interface_id].group_ids if each in state.groups]
        allowed = frozenset[str]().union(*(group.draining for group in groups))
        for direction in Direction:
            yield names.kept_flows(interface_id, direction), allowed


def _allowed(flows: Flows, allowed: frozenset[str]) -> Flows:
    return {element: rule_id for element, rule_id in flows.items() if rule_id in allowed}


def _with(ruleset: Ruleset, flows: Mapping[str, Flows]) -> Ruleset:
    if not flows:
        return ruleset
    sets: dict[str, Set] = dict(ruleset.sets)
    for name, found in flows.items():
        sets[name] = replace(sets[name], elements=frozenset(found), comments=found)
    return replace(ruleset, sets=sets)


def _still(flows: Flows, ended: frozenset[Element], late: Flows) -> Flows:
    return {**late, **{element: rule_id for element, rule_id in flows.items() if element not in ended}}


def element_of(data: bytes, at: int) -> Element:
    """The kernel's number of the flow whose message begins there, as its registers hold it."""
    (length,) = _HEADER.unpack_from(data, at)
    return (by_type(data[at + _HEADER.size : at + length])[_ID],)
