"""The end of the change log as watchers share it, and what a change means for one of them.

Every resource id is unique whatever it names, so a watcher's interests are one set of ids: its host, the host's
interfaces, their groups, and the groups and prefix lists that its rules name. A change touches a set of ids. Where the
two don't meet, the change has no effect on the host.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final

from ringwall.domain.change import (
    AddressesChanged,
    Change,
    ChangeRecord,
    DrainEnded,
    DrainStarted,
    GroupAssociated,
    GroupCreated,
    GroupDeleted,
    GroupDisassociated,
    HostEnrolled,
    HostModeChanged,
    HostRemoved,
    InterfaceAttached,
    InterfaceChanged,
    InterfaceCreated,
    InterfaceDeleted,
    InterfaceDetached,
    InterfaceGroupsChanged,
    PeeringChanged,
    PeeringCreated,
    PrefixListChanged,
    PrefixListCreated,
    PrefixListDeleted,
    RulesAdded,
    RulesRemoved,
    SubnetCreated,
    SubnetDeleted,
    TagsChanged,
    VpcChanged,
    VpcCreated,
    VpcDeleted,
)
from ringwall.domain.group import SecurityGroupRule
from ringwall.domain.peer import PeerKind
from ringwall.domain.world import HostDelta, HostState

_SELF_EXPLANATORY: Final = frozenset((PeerKind.CIDR_IPV4, PeerKind.CIDR_IPV6))

LOG_RECORDS_MAX: Final = 1024
"""The shared end of the log holds so many records. A watcher that is further behind is brought up from state."""


def ids_of(change: Change) -> frozenset[str]:
    """The ids that the change touches, for watchers."""
    match change:
        # An association makes rules stale that name the group, or live again.
        case RulesAdded() | RulesRemoved() | GroupDeleted() | GroupAssociated() | GroupDisassociated():
            return frozenset((change.group_id,))
        case DrainStarted() | DrainEnded():
            return frozenset((change.group_id,))
        case InterfaceGroupsChanged():
            return frozenset((change.interface_id, *change.before, *change.after))
        case HostEnrolled() | HostRemoved():
            return frozenset((change.instance_id, change.interface_id, *change.group_ids))
        case HostModeChanged():
            return frozenset((change.instance_id,))
        case AddressesChanged() | InterfaceCreated() | InterfaceDeleted():
            return frozenset((change.interface_id, *change.group_ids))
        case PrefixListChanged() | PrefixListDeleted():
            return frozenset((change.prefix_list_id,))
        case PeeringChanged():
            return frozenset(change.group_ids)
        # The groups of an interface that comes or goes have the same members as before.
        case InterfaceAttached() | InterfaceDetached():
            return frozenset((change.interface_id, change.instance_id))
        case InterfaceChanged():
            return frozenset((change.interface_id,)) if change.source_check else frozenset()
        # What only just exists has no effect before something names it, and hosts don't know VPCs.
        case VpcCreated() | SubnetCreated() | GroupCreated() | PrefixListCreated() | PeeringCreated():
            return frozenset()
        case VpcChanged() | VpcDeleted() | SubnetDeleted():
            return frozenset()
        case TagsChanged():
            return frozenset()


def interests(state: HostState) -> frozenset[str]:
    """The ids that concern a host in this state."""
    return frozenset((state.host_id, *state.interfaces, *state.groups, *state.members, *state.prefix_lists))


def passed_on(state: HostState, interested: frozenset[str], changes: Iterable[Change]) -> HostDelta | None:
    """The delta that these changes make of the state, by themselves; None where the store must be asked.

    interested: `interests(state)`.
    A rule whose peer is a CIDR block says everything about itself. One that names a group or a prefix list brings
    (or, if it was the last, takes away) that group's members, which only the store knows.
    """
    rules: dict[tuple[str, str], SecurityGroupRule | None] = {}
    draining: dict[str, frozenset[str]] = {}
    for change in changes:
        match change:
            case RulesAdded() | RulesRemoved():
                group = state.groups.get(change.group_id)
                if group is None:
                    continue
                for rule in change.rules:
                    before = group.rules.get(rule.rule_id, rule)
                    if not {rule.peer.kind, before.peer.kind} <= _SELF_EXPLANATORY:
                        return None
                    rules[change.group_id, rule.rule_id] = rule if isinstance(change, RulesAdded) else None
            case DrainStarted() | DrainEnded():
                group = state.groups.get(change.group_id)
                if group is not None:
                    before_it = draining.get(change.group_id, group.draining)
                    now = frozenset(change.rule_ids)
                    draining[change.group_id] = before_it | now if isinstance(change, DrainStarted) else before_it - now
            case _:
                if not interested.isdisjoint(ids_of(change)):
                    return None
    return HostDelta(rules=rules, draining=draining)


class LogEnd:
    """The last rows of the log, oldest first; `revision` is the last that it knows of."""

    def __init__(self, revision: int, records_max: int = LOG_RECORDS_MAX) -> None:
        self.revision = revision
        self._first = revision + 1
        self._records: deque[ChangeRecord] = deque()
        self._records_max = records_max

    def append(self, record: ChangeRecord) -> None:
        """Adds the next row, and lets go of the oldest when there are too many."""
        self._records.append(record)
        self.revision = record.revision
        if len(self._records) > self._records_max:
            self._first = self._records.popleft().revision + 1

    def restart(self, revision: int) -> None:
        """Forgets every row: whoever is behind `revision` must be brought up from state."""
        self._records.clear()
        self.revision = revision
        self._first = revision + 1

    def since(self, revision: int) -> list[ChangeRecord] | None:
        """The rows after the revision, oldest first; None if some of them are no longer here."""
        if revision + 1 < self._first:
            return None
        return list(self._newest(revision))[::-1]

    def _newest(self, revision: int) -> Iterator[ChangeRecord]:
        for record in reversed(self._records):
            if record.revision <= revision:
                return
            yield record
