"""Which hosts a change has an effect on, asked afterwards, of the store alone: the host may be away, the rule gone.

A change concerns the hosts that own what it changed (themselves, an interface, a group that an interface carries), and
those with a rule that names what it changed: a group whose members are others now, a prefix list. A host is affected if
that was so just before the change or just after. Only the state of now is stored, so both states are found from it by
undoing the rows of the log that came since: what a rule named, which interface carried which group, and which host had
which interface. The search goes from the ids to the hosts: it costs what it finds, and not a look at every host.

The hub goes by `watch.cursor.ids_of`, which is coarser: it may wake a host for nothing, and sends it an empty delta.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Final

from ringwall.domain.change import (
    AddressesChanged,
    Change,
    ChangeRecord,
    DrainEnded,
    DrainStarted,
    GroupCreated,
    GroupDeleted,
    HostEnrolled,
    HostModeChanged,
    HostRemoved,
    InterfaceAttached,
    InterfaceChanged,
    InterfaceCreated,
    InterfaceDeleted,
    InterfaceDetached,
    InterfaceGroupsChanged,
    RulesAdded,
    RulesRemoved,
)
from ringwall.domain.errors import ServiceError
from ringwall.domain.group import SecurityGroupRule
from ringwall.domain.interface import Host
from ringwall.domain.peer import PeerKind
from ringwall.store.base import Compacted, Reader
from ringwall.watch.cursor import ids_of

LATER_RECORDS_MAX: Final = 10_000
"""A change is only told of as long as so few came after it: each of them has to be undone."""

_REFERENCES: Final = frozenset((PeerKind.GROUP, PeerKind.PREFIX_LIST))


class RevisionNotFound(ServiceError):
    """A revision that the store hasn't given to anything yet."""

    code = "InvalidRevision.NotFound"


class RevisionCompacted(ServiceError):
    """A revision whose row is no longer in the change log, or too far back: whom it concerned isn't known any more."""

    code = "InvalidRevision.Compacted"


@dataclass(frozen=True, slots=True)
class Effects:
    """A change, and the hosts of the account that it has an effect on; `hosts` are all that there are."""

    record: ChangeRecord
    affected: frozenset[str]
    hosts: tuple[Host, ...]


def effects_of(reader: Reader, account_id: str, revision: int, *, whosever: bool = False) -> Effects:
    """The change that got this revision, and the account's hosts, of any region, that it concerns.

    whosever: take another account's change too, which concerns none of the account's hosts.

    Raises:
        RevisionNotFound: nothing has it yet, or another account's change.
        RevisionCompacted: its row was dropped, or more than LATER_RECORDS_MAX came since.
    """
    last = reader.revision()
    if not 0 < revision <= last:
        raise RevisionNotFound(f"The revision '{revision}' does not exist; the last is {last}.")
    if last - revision > LATER_RECORDS_MAX:
        raise RevisionCompacted(f"The revision '{revision}' is more than {LATER_RECORDS_MAX} behind the last, {last}.")
    try:
        record, *later = reader.changes_since(revision - 1, LATER_RECORDS_MAX + 1)
    except Compacted as error:
        raise RevisionCompacted(f"The change log no longer has the revision '{revision}'.") from error
    is_own = record.account_id == account_id
    if not is_own and not whosever:
        raise RevisionNotFound(f"The revision '{revision}' is not of this account.")
    hosts = tuple(reader.hosts_of_account(account_id))
    if not is_own:
        return Effects(record, frozenset(), hosts)
    return Effects(record, _affected(reader, hosts, record, later), hosts)


def last_effects(reader: Reader, hosts: Iterable[Host], records: Sequence[ChangeRecord]) -> dict[str, int]:
    """The last of the rows, by revision, that has an effect on each host; hosts that none concerns are absent.

    records: rows without gaps up to the store's last. A host's interests don't change unless a change touches them, so
    those of now are those just after the last row that concerns it.
    """
    by_owner: dict[str, int] = {}
    by_name: dict[str, int] = {}
    for record in records:
        owned, named = _concerned(record)
        by_owner |= dict.fromkeys(owned, record.revision)
        by_name |= dict.fromkeys(named, record.revision)
    naming: dict[str, frozenset[str]] = {}
    last: dict[str, int] = {}
    for host in hosts:
        owned, named = _interests(reader, host, naming)
        revisions = [by_owner[each] for each in owned & by_owner.keys()]
        revisions += [by_name[each] for each in named & by_name.keys()]
        if revisions:
            last[host.instance_id] = max(revisions)
    return last


def _interests(reader: Reader, host: Host, naming: dict[str, frozenset[str]]) -> tuple[set[str], set[str]]:
    """What the host owns, and what its rules name. naming: what each group's rules name, as far as it was read."""
    interfaces = reader.interfaces_of_host(host.instance_id)
    groups = {group_id for each in interfaces for group_id in each.group_ids}
    for group_id, rules in reader.rules_of(groups - naming.keys()).items():
        naming[group_id] = frozenset(rule.peer.value for rule in rules if rule.peer.kind in _REFERENCES)
    owned = {host.instance_id, *(each.interface_id for each in interfaces), *groups}
    return owned, set[str]().union(*(naming[each] for each in groups))


def _concerned(record: ChangeRecord) -> tuple[set[str], set[str]]:
    """The ids whose owners the row concerns, and the ids that concern whoever has a rule naming them."""
    owned: set[str] = set()
    named: set[str] = set()
    for change in record.changes:
        touched = ids_of(change)
        match change:
            case RulesAdded() | RulesRemoved() | DrainStarted() | DrainEnded() | HostModeChanged():
                owned |= touched
            case InterfaceChanged() | InterfaceAttached() | InterfaceDetached():
                owned |= touched
            case InterfaceGroupsChanged():
                owned.add(change.interface_id)
                named |= {*change.before} ^ {*change.after}
            case HostEnrolled() | HostRemoved() | AddressesChanged() | InterfaceCreated() | InterfaceDeleted():
                owned |= touched - {*change.group_ids}
                named |= {*change.group_ids}
            case _:
                owned |= touched
                named |= touched
    return owned, named


def _affected(
    reader: Reader, hosts: Sequence[Host], record: ChangeRecord, later: Sequence[ChangeRecord]
) -> frozenset[str]:
    owned, named = _concerned(record)
    groups = {each for each in owned if each.startswith("sg-")} | _naming(reader, named, record, later)
    now = {each.interface_id: each for group_id in groups for each in reader.interfaces_of_group(group_id)}
    carriers = _carriers(set(now), groups, record, later) | {each for each in owned if each.startswith("eni-")}
    places = {(host.owner_id, host.region) for host in hosts}
    others = [reader.interface(*place, each) for each in carriers - now.keys() for place in places]
    interfaces = [*(now[each] for each in carriers & now.keys()), *filter(None, others)]
    attached = {each.interface_id: each.attachment.instance_id for each in interfaces if each.attachment is not None}
    found = owned.union(*_had(attached, carriers, record, later))
    enrolled_later = {change.instance_id for row in later for change in row.changes if isinstance(change, HostEnrolled)}
    return frozenset(host.instance_id for host in hosts if host.instance_id in found - enrolled_later)


def _naming(reader: Reader, named: set[str], record: ChangeRecord, later: Sequence[ChangeRecord]) -> set[str]:
    """The groups that had a rule naming one of the ids, just before the change or just after."""
    if not named:
        return set()
    naming = {rule.rule_id: rule.group_id for each in named for rule in _rules_naming(reader, each)}
    gone: set[str] = set()
    _undo_rules(naming, gone, named, [change for row in later for change in row.changes])
    after = {*naming.values(), *gone}
    _undo_rules(naming, gone, named, record.changes)
    return after | {*naming.values(), *gone}


def _rules_naming(reader: Reader, named: str) -> list[SecurityGroupRule]:
    return reader.rules_referencing(named) if named.startswith("sg-") else reader.rules_naming_list(named)


def _undo_rules(naming: dict[str, str], gone: set[str], named: set[str], changes: Sequence[Change]) -> None:
    """Takes the rules back to before the changes. gone: groups deleted since; what their rules named wasn't kept."""
    for change in reversed(changes):
        match change:
            case RulesAdded():
                for rule in change.rules:
                    naming.pop(rule.rule_id, None)
            case RulesRemoved():
                naming.update({rule.rule_id: rule.group_id for rule in change.rules if rule.peer.value in named})
            case GroupDeleted():
                gone.add(change.group_id)
            case GroupCreated():
                gone.discard(change.group_id)
            case _:
                pass


def _carriers(carriers: set[str], groups: set[str], record: ChangeRecord, later: Sequence[ChangeRecord]) -> set[str]:
    """The interfaces that carried one of the groups, just before the change or just after. carriers: those of now."""
    _undo_membership(carriers, groups, [change for row in later for change in row.changes])
    after = set(carriers)
    _undo_membership(carriers, groups, record.changes)
    return after | carriers


def _undo_membership(carriers: set[str], groups: set[str], changes: Sequence[Change]) -> None:
    for change in reversed(changes):
        match change:
            case InterfaceGroupsChanged():
                carriers.discard(change.interface_id)
                if not groups.isdisjoint(change.before):
                    carriers.add(change.interface_id)
            case InterfaceDeleted() if not groups.isdisjoint(change.group_ids):
                carriers.add(change.interface_id)
            case _:
                pass


def _had(
    attached: dict[str, str], interfaces: Set[str], record: ChangeRecord, later: Sequence[ChangeRecord]
) -> list[set[str]]:
    """The hosts that had one of the interfaces, just after the change and just before. attached: those of now."""
    _undo_attachments(attached, [change for row in later for change in row.changes])
    after = {host_id for interface_id, host_id in attached.items() if interface_id in interfaces}
    _undo_attachments(attached, record.changes)
    return [after, {host_id for interface_id, host_id in attached.items() if interface_id in interfaces}]


def _undo_attachments(attached: dict[str, str], changes: Sequence[Change]) -> None:
    for change in reversed(changes):
        match change:
            case InterfaceAttached():
                attached.pop(change.interface_id, None)
            case InterfaceDetached():
                attached[change.interface_id] = change.instance_id
            case _:
                pass
