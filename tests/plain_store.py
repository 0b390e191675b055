"""A store as plain as can be: lists of values, searched from end to end. The judge of the real ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

from plain_principals import PlainPrincipals, PrincipalRows
from ringwall.domain import change
from ringwall.domain.change import Change, ChangeRecord
from ringwall.domain.group import (
    Direction,
    DrainingRule,
    PeerReference,
    RuleRow,
    SecurityGroup,
    SecurityGroupRule,
    VpcAssociation,
)
from ringwall.domain.interface import Attachment, Host, Mode, NetworkInterface
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.peering import PeeringStatus, VpcPeering
from ringwall.domain.prefix_list import PrefixList, PrefixListEntry
from ringwall.domain.traffic import Traffic
from ringwall.domain.vpc import Subnet, Vpc
from ringwall.store.base import Committed, Conflict, EnrolmentToken, HostKey, PeerCounts, StoreIdentity, TokenUse
from ringwall.store.codec import encode_changes

Result = TypeVar("Result")


@dataclass
class PlainState:
    """The rows, in the order in which they were made."""

    regions: list[tuple[str, str]] = field(default_factory=list)
    vpcs: list[Vpc] = field(default_factory=list)
    subnets: list[Subnet] = field(default_factory=list)
    groups: list[SecurityGroup] = field(default_factory=list)
    rules: list[SecurityGroupRule] = field(default_factory=list)
    draining: list[DrainingRule] = field(default_factory=list)
    hosts: list[Host] = field(default_factory=list)
    keys: list[HostKey] = field(default_factory=list)
    interfaces: list[NetworkInterface] = field(default_factory=list)
    tokens: list[EnrolmentToken] = field(default_factory=list)
    associations: list[VpcAssociation] = field(default_factory=list)
    prefix_lists: list[PrefixList] = field(default_factory=list)
    peerings: list[VpcPeering] = field(default_factory=list)
    entries: dict[tuple[str, int | None], tuple[PrefixListEntry, ...]] = field(default_factory=dict)
    token_uses: dict[tuple[str, str, str, str], TokenUse] = field(default_factory=dict)
    tags: dict[tuple[str, str, str], dict[str, str]] = field(default_factory=dict)
    log: list[ChangeRecord] = field(default_factory=list)
    of_principals: PrincipalRows = field(default_factory=PrincipalRows)

    def copy(self) -> PlainState:
        """The same rows in lists of its own."""
        copied = replace(self, **{name: copy(rows) for name, rows in vars(self).items()})
        copied.tags = {key: dict(tags) for key, tags in self.tags.items()}
        copied.of_principals = self.of_principals.copy()
        return copied


class PlainStore:
    """Runs functions on the state, one after the other; one that raises leaves no trace."""

    def __init__(self) -> None:
        self.state = PlainState()

    def read(self, function: Callable[[Any], Result]) -> Result:
        """`function` on the state; a write in it is lost, and an assertion."""
        transaction = PlainTransaction(self.state.copy())
        result = function(transaction)
        assert not transaction.changes, "a read wrote"
        return result

    def write(self, function: Callable[[Any], Result]) -> Committed[Result]:
        """`function` on a copy of the state, which takes its place if nothing was raised."""
        transaction = PlainTransaction(self.state.copy())
        result = function(transaction)
        revision = None
        if transaction.changes:
            revision = len(self.state.log) + 1
            transaction.state.log.append(ChangeRecord(revision, *transaction.places[0], tuple(transaction.changes)))
        self.state = transaction.state
        return Committed(result, revision)

    def close(self) -> None:
        """Nothing to close."""


class PlainTransaction(PlainPrincipals):
    """Reader and Transaction over one state."""

    def __init__(self, state: PlainState) -> None:
        self.state = state
        self.changes: list[Change] = []
        self.places: list[tuple[str, str]] = []
        self.noted_before: list[Mapping[str, Any]] = []
        self.noted_after: list[Mapping[str, Any]] = []

    def _record(self, owner_id: str, region: str, *changes: Change) -> None:
        self._record_in([(owner_id, region)], *changes)

    def _record_in(self, places: list[tuple[str, str]], *changes: Change) -> None:
        self.places = [place for place in places if not self.places or place in self.places]
        assert self.places, "one request changes one account's region"
        self.changes += changes

    def recorded(self) -> tuple[int | None, Sequence[Change]]:
        return (len(self.state.log) + 1 if self.changes else None), tuple(self.changes)

    def note(self, *, before: Sequence[Mapping[str, Any]] = (), after: Sequence[Mapping[str, Any]] = ()) -> None:
        self.noted_before += before
        self.noted_after += after

    def noted(self) -> tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]:
        return self.noted_before, self.noted_after

    def changes_text(self) -> str:
        return encode_changes(self.changes)

    # Reads

    def revision(self) -> int:
        return len(self.state.log)

    def revision_at_least(self) -> int:
        return -1

    def identity(self) -> StoreIdentity:
        return StoreIdentity("plain", 1)

    def region_exists(self, account_id: str, region: str) -> bool:
        return (account_id, region) in self.state.regions

    def vpc(self, account_id: str, region: str, vpc_id: str) -> Vpc | None:
        return _one(each for each in self.vpcs(account_id, region) if each.vpc_id == vpc_id)

    def vpcs(self, account_id: str, region: str) -> list[Vpc]:
        return [each for each in self.state.vpcs if (each.owner_id, each.region) == (account_id, region)]

    def default_vpc(self, account_id: str, region: str) -> Vpc | None:
        return _one(each for each in self.vpcs(account_id, region) if each.is_default)

    def subnet(self, account_id: str, region: str, subnet_id: str) -> Subnet | None:
        return _one(each for each in self.subnets(account_id, region) if each.subnet_id == subnet_id)

    def subnets(self, account_id: str, region: str, vpc_id: str | None = None) -> list[Subnet]:
        mine = [each for each in self.state.subnets if (each.owner_id, each.region) == (account_id, region)]
        return [each for each in mine if vpc_id in (None, each.vpc_id)]

    def group(self, account_id: str, region: str, group_id: str) -> SecurityGroup | None:
        return _one(each for each in self.groups(account_id, region) if each.group_id == group_id)

    def group_by_name(self, vpc_id: str, name: str) -> SecurityGroup | None:
        return _one(each for each in self.state.groups if each.vpc_id == vpc_id and each.name.lower() == name.lower())

    def groups(self, account_id: str, region: str) -> list[SecurityGroup]:
        return [each for each in self.state.groups if (each.owner_id, each.region) == (account_id, region)]

    def groups_after(self, account_id: str, region: str, group_id: str, limit: int) -> list[SecurityGroup]:
        later = [each for each in self.groups(account_id, region) if each.group_id > group_id]
        return sorted(later, key=lambda each: each.group_id)[:limit]

    def groups_of_vpc(self, vpc_id: str) -> list[SecurityGroup]:
        return [each for each in self.state.groups if each.vpc_id == vpc_id]

    def vpc_associations(
        self, account_id: str, region: str, *, group_id: str | None = None, vpc_id: str | None = None
    ) -> list[VpcAssociation]:
        mine = [each for each in self.state.associations if (each.owner_id, each.region) == (account_id, region)]
        return [each for each in mine if group_id in (None, each.group_id) and vpc_id in (None, each.vpc_id)]

    def group_count(self, account_id: str, region: str) -> int:
        return len(self.groups(account_id, region))

    def rule(self, account_id: str, region: str, rule_id: str) -> SecurityGroupRule | None:
        return _one(each for each in self.rules(account_id, region) if each.rule_id == rule_id)

    def find_rule(self, group_id: str, direction: Direction, traffic: Traffic, peer: Peer) -> SecurityGroupRule | None:
        identity = (group_id, direction, traffic, peer)
        return _one(
            each for each in self.state.rules if (each.group_id, each.direction, each.traffic, each.peer) == identity
        )

    def rules_of(self, group_ids: Iterable[str]) -> dict[str, list[SecurityGroupRule]]:
        return {group_id: [each for each in self.state.rules if each.group_id == group_id] for group_id in group_ids}

    def rule_rows_of(self, group_ids: Iterable[str]) -> dict[str, list[RuleRow]]:
        return {group_id: [row_of(each) for each in rules] for group_id, rules in self.rules_of(group_ids).items()}

    def rules(self, account_id: str, region: str) -> list[SecurityGroupRule]:
        mine = {each.group_id for each in self.groups(account_id, region)}
        return [each for each in self.state.rules if each.group_id in mine]

    def rules_after(self, account_id: str, region: str, rule_id: str, limit: int) -> list[SecurityGroupRule]:
        later = [each for each in self.rules(account_id, region) if each.rule_id > rule_id]
        return sorted(later, key=lambda each: each.rule_id)[:limit]

    def peer_counts(self, group_id: str, direction: Direction) -> PeerCounts:
        peers = [each.peer for each in self.state.rules if (each.group_id, each.direction) == (group_id, direction)]
        kinds = Counter(peer.kind for peer in peers)
        lists = Counter(peer.value for peer in peers if peer.kind is PeerKind.PREFIX_LIST)
        return PeerCounts(kinds[PeerKind.CIDR_IPV4], kinds[PeerKind.CIDR_IPV6], kinds[PeerKind.GROUP], dict(lists))

    def groups_referencing(self, group_id: str) -> list[str]:
        peer = Peer(PeerKind.GROUP, group_id)
        return sorted({each.group_id for each in self.state.rules if each.peer == peer})

    def rules_referencing(self, group_id: str) -> list[SecurityGroupRule]:
        return [each for each in self.state.rules if each.peer == Peer(PeerKind.GROUP, group_id)]

    def rules_naming_list(self, prefix_list_id: str) -> list[SecurityGroupRule]:
        return [each for each in self.state.rules if each.peer == Peer(PeerKind.PREFIX_LIST, prefix_list_id)]

    def rules_across(self, peering_id: str) -> list[SecurityGroupRule]:
        return [each for each in self.state.rules if each.reference and each.reference.peering_id == peering_id]

    def draining_rules(self, account_id: str, region: str | None = None) -> list[DrainingRule]:
        mine = [each for each in self.state.draining if each.owner_id == account_id and region in (None, each.region)]
        return sorted(mine, key=lambda each: (each.revoked_at, each.rule.rule_id))

    def draining_rules_of(self, group_id: str) -> list[DrainingRule]:
        its = [each for each in self.state.draining if each.rule.group_id == group_id]
        return sorted(its, key=lambda each: (each.revoked_at, each.rule.rule_id))

    def interface(self, account_id: str, region: str, interface_id: str) -> NetworkInterface | None:
        return _one(each for each in self.interfaces(account_id, region) if each.interface_id == interface_id)

    def interfaces(self, account_id: str, region: str) -> list[NetworkInterface]:
        return [each for each in self.state.interfaces if (each.owner_id, each.region) == (account_id, region)]

    def interface_count(self, account_id: str, region: str) -> int:
        return len(self.interfaces(account_id, region))

    def interfaces_of_host(self, instance_id: str) -> list[NetworkInterface]:
        theirs = [(each.attachment, each) for each in self.state.interfaces if each.attachment]
        found = [(at.device_index, each) for at, each in theirs if at.instance_id == instance_id]
        return [each for _, each in sorted(found, key=lambda pair: pair[0])]

    def interface_of_attachment(self, account_id: str, region: str, attachment_id: str) -> NetworkInterface | None:
        mine = self.interfaces(account_id, region)
        return _one(each for each in mine if each.attachment and each.attachment.attachment_id == attachment_id)

    def subnet_has_interfaces(self, subnet_id: str) -> bool:
        return any(each.subnet_id == subnet_id for each in self.state.interfaces)

    def addresses_of_subnet(self, subnet_id: str) -> set[str]:
        return {address for each in self.state.interfaces if each.subnet_id == subnet_id for address in each.addresses}

    def interfaces_of_group(self, group_id: str) -> list[NetworkInterface]:
        return [each for each in self.state.interfaces if group_id in each.group_ids]

    def group_has_interfaces(self, group_id: str, vpc_id: str | None = None) -> bool:
        return any(vpc_id in (None, each.vpc_id) for each in self.interfaces_of_group(group_id))

    def address_holder(self, vpc_id: str, address: str) -> str | None:
        holder = _one(each for each in self.state.interfaces if each.vpc_id == vpc_id and address in each.addresses)
        return holder.interface_id if holder else None

    def host(self, account_id: str, region: str, instance_id: str) -> Host | None:
        return _one(each for each in self.hosts(account_id, region) if each.instance_id == instance_id)

    def hosts(self, account_id: str, region: str) -> list[Host]:
        return [each for each in self.state.hosts if (each.owner_id, each.region) == (account_id, region)]

    def hosts_of_account(self, account_id: str) -> list[Host]:
        return [each for each in self.state.hosts if each.owner_id == account_id]

    def host_key(self, access_key_id: str) -> HostKey | None:
        return _one(each for each in self.state.keys if each.access_key_id == access_key_id)

    def key_of_host(self, instance_id: str) -> HostKey | None:
        return _one(each for each in self.state.keys if each.instance_id == instance_id)

    def enrolment_token(self, token_hash: str) -> EnrolmentToken | None:
        return _one(each for each in self.state.tokens if each.token_hash == token_hash)

    def prefix_list(self, account_id: str, region: str, prefix_list_id: str) -> PrefixList | None:
        return _one(each for each in self.prefix_lists(account_id, region) if each.prefix_list_id == prefix_list_id)

    def prefix_lists(self, account_id: str, region: str) -> list[PrefixList]:
        return [each for each in self.state.prefix_lists if (each.owner_id, each.region) == (account_id, region)]

    def prefix_list_entries(self, prefix_list_id: str, version: int) -> tuple[PrefixListEntry, ...] | None:
        return self.state.entries.get((prefix_list_id, version))

    def peering(self, account_id: str, region: str, peering_id: str) -> VpcPeering | None:
        return _one(each for each in self.peerings(account_id, region) if each.peering_id == peering_id)

    def peerings(self, account_id: str, region: str) -> list[VpcPeering]:
        return [each for each in self.state.peerings if (account_id, region) in _places(each)]

    def peerings_of_vpc(self, vpc_id: str) -> list[VpcPeering]:
        return [
            each
            for each in self.state.peerings
            if vpc_id in (each.requester.vpc_id, each.accepter.vpc_id)
            and each.status in (PeeringStatus.PENDING_ACCEPTANCE, PeeringStatus.ACTIVE)
        ]

    def token_use(self, account_id: str, region: str, operation: str, client_token: str) -> TokenUse | None:
        return self.state.token_uses.get((account_id, region, operation, client_token))

    def tags(self, account_id: str, region: str, resource_ids: Iterable[str]) -> dict[str, dict[str, str]]:
        return {
            resource_id: dict(sorted(self.state.tags.get((account_id, region, resource_id), {}).items()))
            for resource_id in resource_ids
        }

    def all_tags(self, account_id: str, region: str) -> dict[str, dict[str, str]]:
        mine = [key[2] for key, tags in self.state.tags.items() if key[:2] == (account_id, region) and tags]
        return self.tags(account_id, region, mine)

    def changes_since(self, revision: int, limit: int) -> Sequence[ChangeRecord]:
        return self.state.log[revision : revision + limit]

    # Writes

    def create_region(self, account_id: str, region: str) -> None:
        self.state.regions.append((account_id, region))

    def insert_vpc(self, vpc: Vpc) -> None:
        self.state.vpcs.append(vpc)
        self._record(vpc.owner_id, vpc.region, change.VpcCreated(vpc.vpc_id))

    def update_vpc(self, vpc: Vpc) -> None:
        if _put(self.state.vpcs, self.vpc(vpc.owner_id, vpc.region, vpc.vpc_id), vpc):
            self._record(vpc.owner_id, vpc.region, change.VpcChanged(vpc.vpc_id))

    def delete_vpc(self, vpc: Vpc) -> None:
        if self.groups_of_vpc(vpc.vpc_id) or self.subnets(vpc.owner_id, vpc.region, vpc.vpc_id):
            raise Conflict(vpc.vpc_id)
        self.state.associations = [each for each in self.state.associations if each.vpc_id != vpc.vpc_id]
        self.state.vpcs = [each for each in self.state.vpcs if each.vpc_id != vpc.vpc_id]
        self._drop_tags([vpc.vpc_id])
        self._record(vpc.owner_id, vpc.region, change.VpcDeleted(vpc.vpc_id))

    def insert_subnet(self, subnet: Subnet) -> None:
        self.state.subnets.append(subnet)
        self._record(subnet.owner_id, subnet.region, change.SubnetCreated(subnet.subnet_id))

    def delete_subnet(self, subnet: Subnet) -> None:
        if self.subnet_has_interfaces(subnet.subnet_id):
            raise Conflict(subnet.subnet_id)
        self.state.subnets.remove(subnet)
        self._drop_tags([subnet.subnet_id])
        self._record(subnet.owner_id, subnet.region, change.SubnetDeleted(subnet.subnet_id))

    def insert_group(self, group: SecurityGroup) -> None:
        if self.group_by_name(group.vpc_id, group.name):
            raise Conflict(group.name)
        self.state.groups.append(group)
        self._record(group.owner_id, group.region, change.GroupCreated(group.group_id))

    def delete_group(self, group: SecurityGroup) -> None:
        gone = [each for each in self.state.rules if each.group_id == group.group_id]
        self._drop_tags([group.group_id, *(each.rule_id for each in gone)])
        self.state.rules = [each for each in self.state.rules if each not in gone]
        self.state.draining = [each for each in self.state.draining if each.rule.group_id != group.group_id]
        self.state.associations = [each for each in self.state.associations if each.group_id != group.group_id]
        self.state.groups.remove(group)
        self._record(group.owner_id, group.region, change.GroupDeleted(group.group_id))

    def insert_vpc_association(self, association: VpcAssociation) -> None:
        if association in self.state.associations:
            raise Conflict(association.group_id)
        self.state.associations.append(association)
        associated = change.GroupAssociated(association.group_id, association.vpc_id)
        self._record(association.owner_id, association.region, associated)

    def delete_vpc_association(self, association: VpcAssociation) -> None:
        self.state.associations.remove(association)
        disassociated = change.GroupDisassociated(association.group_id, association.vpc_id)
        self._record(association.owner_id, association.region, disassociated)

    def insert_rules(self, group: SecurityGroup, rules: Sequence[SecurityGroupRule]) -> None:
        for rule in rules:
            if self.find_rule(group.group_id, rule.direction, rule.traffic, rule.peer):
                raise Conflict(rule.rule_id)
            self.state.rules.append(rule)
        if rules:
            self._record(group.owner_id, group.region, change.RulesAdded(group.group_id, tuple(rules)))

    def delete_rules(self, group: SecurityGroup, rules: Sequence[SecurityGroupRule]) -> None:
        for rule in rules:
            self.state.rules.remove(rule)
        self._drop_tags([each.rule_id for each in rules])
        if rules:
            self._record(group.owner_id, group.region, change.RulesRemoved(group.group_id, tuple(rules)))

    def replace_rules(
        self, group: SecurityGroup, before: Sequence[SecurityGroupRule], after: Sequence[SecurityGroupRule]
    ) -> None:
        new = [each for each in after if each not in before]
        old = [next(each for each in before if each.rule_id == its.rule_id) for its in new]
        for its in new:
            at = next(place for place, each in enumerate(self.state.rules) if each.rule_id == its.rule_id)
            self.state.rules[at] = its
        theirs = [(each.direction, each.traffic, each.peer) for each in self.rules_of([group.group_id])[group.group_id]]
        if len(set(theirs)) < len(theirs):
            raise Conflict(group.group_id)
        if new:
            removed = change.RulesRemoved(group.group_id, tuple(old))
            self._record(group.owner_id, group.region, removed, change.RulesAdded(group.group_id, tuple(new)))

    def insert_draining_rules(self, group: SecurityGroup, rules: Sequence[SecurityGroupRule], revoked_at: int) -> None:
        for rule in rules:
            if rule.rule_id in [each.rule.rule_id for each in self.draining_rules(group.owner_id, group.region)]:
                raise Conflict(rule.rule_id)
            self.state.draining.append(DrainingRule(group.owner_id, group.region, rule, revoked_at))
        if rules:
            rule_ids = tuple(each.rule_id for each in rules)
            self._record(group.owner_id, group.region, change.DrainStarted(group.group_id, rule_ids))

    def delete_draining_rules(self, group: SecurityGroup, rule_ids: Sequence[str]) -> None:
        its = {each.rule.rule_id for each in self.draining_rules_of(group.group_id)}
        assert its.issuperset(rule_ids)
        self.state.draining = [each for each in self.state.draining if each.rule.rule_id not in rule_ids]
        if rule_ids:
            self._record(group.owner_id, group.region, change.DrainEnded(group.group_id, tuple(rule_ids)))

    def insert_host(self, host: Host, key: HostKey, interface: NetworkInterface) -> None:
        self._check_free(interface, interface.addresses)
        self.state.hosts.append(host)
        self.state.keys.append(key)
        self.state.interfaces.append(interface)
        enrolled = change.HostEnrolled(host.instance_id, interface.interface_id, interface.group_ids)
        self._record(host.owner_id, host.region, enrolled)

    def delete_host(self, host: Host) -> None:
        for interface in self.interfaces_of_host(host.instance_id):
            self.state.interfaces.remove(interface)
            self._drop_tags([interface.interface_id])
            removed = change.HostRemoved(host.instance_id, interface.interface_id, interface.group_ids)
            self._record(host.owner_id, host.region, removed)
        self._drop_tags([host.instance_id])
        self.state.hosts = [each for each in self.state.hosts if each.instance_id != host.instance_id]
        self.state.keys = [each for each in self.state.keys if each.instance_id != host.instance_id]

    def set_host_mode(self, host: Host, mode: Mode) -> None:
        stored = self.host(host.owner_id, host.region, host.instance_id)
        if stored and _put(self.state.hosts, stored, replace(stored, mode=mode)):
            self._record(host.owner_id, host.region, change.HostModeChanged(host.instance_id, mode))

    def insert_interface(self, interface: NetworkInterface) -> None:
        self._check_free(interface, interface.addresses)
        self.state.interfaces.append(interface)
        if interface.attachment:
            self._attached(interface, interface.attachment)
        else:
            created = change.InterfaceCreated(interface.interface_id, interface.group_ids)
            self._record(interface.owner_id, interface.region, created)

    def delete_interface(self, interface: NetworkInterface) -> None:
        stored = self._stored(interface)
        self.state.interfaces.remove(stored)
        self._drop_tags([interface.interface_id])
        deleted = change.InterfaceDeleted(interface.interface_id, stored.group_ids)
        self._record(interface.owner_id, interface.region, deleted)

    def attach_interface(self, interface: NetworkInterface, attachment: Attachment) -> None:
        attached = replace(self._stored(interface), attachment=attachment)
        _put(self.state.interfaces, self._stored(interface), attached)
        self._attached(attached, attachment)

    def _attached(self, interface: NetworkInterface, attachment: Attachment) -> None:
        theirs = [each.attachment for each in self.interfaces_of_host(attachment.instance_id) if each.attachment]
        if [each.device_index for each in theirs].count(attachment.device_index) > 1:
            raise Conflict(attachment.attachment_id)
        attached = change.InterfaceAttached(interface.interface_id, attachment.instance_id, interface.group_ids)
        self._record(interface.owner_id, interface.region, attached)

    def detach_interface(self, interface: NetworkInterface) -> None:
        stored = self._stored(interface)
        _put(self.state.interfaces, stored, replace(stored, attachment=None))
        instance_id = cast(Attachment, stored.attachment).instance_id
        detached = change.InterfaceDetached(interface.interface_id, instance_id, stored.group_ids)
        self._record(interface.owner_id, interface.region, detached)

    def set_delete_on_termination(self, interface: NetworkInterface, delete: bool) -> None:
        stored = self._stored(interface)
        attachment = replace(cast(Attachment, stored.attachment), delete_on_termination=delete)
        if _put(self.state.interfaces, stored, replace(stored, attachment=attachment)):
            changed = change.InterfaceChanged(interface.interface_id)
            self._record(interface.owner_id, interface.region, changed)

    def set_interface_details(self, interface: NetworkInterface, description: str, source_dest_check: bool) -> None:
        stored = self._stored(interface)
        after = replace(stored, description=description, source_dest_check=source_dest_check)
        if _put(self.state.interfaces, stored, after):
            changed = change.InterfaceChanged(interface.interface_id, stored.source_dest_check != source_dest_check)
            self._record(interface.owner_id, interface.region, changed)

    def set_interface_groups(self, interface: NetworkInterface, group_ids: Sequence[str]) -> None:
        stored = self._stored(interface)
        if _put(self.state.interfaces, stored, replace(stored, group_ids=tuple(group_ids))):
            changed = change.InterfaceGroupsChanged(interface.interface_id, stored.group_ids, tuple(group_ids))
            self._record(interface.owner_id, interface.region, changed)

    def set_interface_addresses(
        self, interface: NetworkInterface, private_ips: Sequence[str], ipv6_addresses: Sequence[str]
    ) -> None:
        self._check_free(interface, (*private_ips, *ipv6_addresses))
        stored = self._stored(interface)
        after = replace(stored, private_ips=tuple(private_ips), ipv6_addresses=tuple(ipv6_addresses))
        if _put(self.state.interfaces, stored, after):
            changed = change.AddressesChanged(interface.interface_id, stored.group_ids)
            self._record(interface.owner_id, interface.region, changed)

    def set_mac_address(self, interface: NetworkInterface, mac_address: str) -> None:
        stored = self._stored(interface)
        if _put(self.state.interfaces, stored, replace(stored, mac_address=mac_address)):
            self._record(interface.owner_id, interface.region, change.InterfaceChanged(interface.interface_id))

    def _check_free(self, interface: NetworkInterface, addresses: Sequence[str]) -> None:
        holders = {self.address_holder(interface.vpc_id, each) for each in addresses}
        if holders - {None, interface.interface_id}:
            raise Conflict(interface.interface_id)

    def _stored(self, interface: NetworkInterface) -> NetworkInterface:
        return next(each for each in self.state.interfaces if each.interface_id == interface.interface_id)

    def insert_enrolment_token(self, token: EnrolmentToken) -> None:
        self.state.tokens.append(token)

    def consume_enrolment_token(self, token_hash: str) -> None:
        self.state.tokens = [each for each in self.state.tokens if each.token_hash != token_hash]

    def insert_prefix_list(self, prefix_list: PrefixList, entries: Sequence[PrefixListEntry]) -> None:
        self.state.prefix_lists.append(prefix_list)
        self._keep_entries(prefix_list, entries)
        created = change.PrefixListCreated(prefix_list.prefix_list_id)
        self._record(prefix_list.owner_id, prefix_list.region, created)

    def update_prefix_list(self, prefix_list: PrefixList, entries: Sequence[PrefixListEntry] | None = None) -> None:
        before = copy(self.state.entries)
        if entries is not None:
            self._keep_entries(prefix_list, entries)
        stored = self.prefix_list(prefix_list.owner_id, prefix_list.region, prefix_list.prefix_list_id)
        if _put(self.state.prefix_lists, stored, prefix_list) or self.state.entries != before:
            changed = change.PrefixListChanged(prefix_list.prefix_list_id)
            self._record(prefix_list.owner_id, prefix_list.region, changed)

    def _keep_entries(self, prefix_list: PrefixList, entries: Sequence[PrefixListEntry]) -> None:
        in_order = tuple(sorted(entries, key=lambda each: each.cidr))
        self.state.entries[prefix_list.prefix_list_id, prefix_list.version] = in_order

    def drop_prefix_list_versions(self, prefix_list: PrefixList, before_version: int) -> None:
        for list_id, version in list(self.state.entries):
            if list_id == prefix_list.prefix_list_id and version is not None and version < before_version:
                del self.state.entries[list_id, version]

    def delete_prefix_list(self, prefix_list: PrefixList) -> None:
        gone = prefix_list.prefix_list_id
        self.state.prefix_lists = [each for each in self.state.prefix_lists if each.prefix_list_id != gone]
        self.state.entries = {key: entries for key, entries in self.state.entries.items() if key[0] != gone}
        self._drop_tags([gone])
        self._record(prefix_list.owner_id, prefix_list.region, change.PrefixListDeleted(gone))

    def insert_peering(self, peering: VpcPeering) -> None:
        self.state.peerings.append(peering)
        self._record(*_places(peering)[0], change.PeeringCreated(peering.peering_id))

    def update_peering(self, peering: VpcPeering) -> None:
        stored = _one(each for each in self.state.peerings if each.peering_id == peering.peering_id)
        if _put(self.state.peerings, stored, peering):
            named = tuple(sorted({each.peer.value for each in self.rules_across(peering.peering_id)}))
            changed = change.PeeringChanged(peering.peering_id, peering.status.value, named)
            self._record_in(_places(peering), changed)

    def record_token_use(self, use: TokenUse) -> None:
        self.state.token_uses[use.account_id, use.region, use.operation, use.client_token] = use

    def forget_token_uses(self, used_before: int) -> None:
        kept = {key: use for key, use in self.state.token_uses.items() if use.used_at >= used_before}
        self.state.token_uses = kept

    def set_tags(self, account_id: str, region: str, resource_id: str, tags: Mapping[str, str]) -> None:
        present = self.state.tags.setdefault((account_id, region, resource_id), {})
        if present | tags != present:
            present.update(tags)
            self._record(account_id, region, change.TagsChanged((resource_id,)))

    def delete_tags(self, account_id: str, region: str, resource_id: str, keys: Iterable[str]) -> None:
        present = self.state.tags.get((account_id, region, resource_id), {})
        if [present.pop(key) for key in list(keys) if key in present]:
            self._record(account_id, region, change.TagsChanged((resource_id,)))

    def _drop_tags(self, resource_ids: Sequence[str]) -> None:
        self.state.tags = {key: tags for key, tags in self.state.tags.items() if key[2] not in resource_ids}


def _one(items: Iterable[Result]) -> Result | None:
    return next(iter(items), None)


def _put(rows: list[Result], before: Result | None, after: Result) -> bool:
    """Whether the row is another one now."""
    if before == after:
        return False
    rows[rows.index(cast(Result, before))] = after
    return True


def _places(peering: VpcPeering) -> list[tuple[str, str]]:
    """Of the requester, then of the accepter."""
    return [(side.owner_id, side.region) for side in (peering.requester, peering.accepter)]


def row_of(rule: SecurityGroupRule) -> RuleRow:
    """The rule in plain values."""
    traffic, peer, where = rule.traffic, rule.peer, rule.reference or PeerReference("", "", None)
    range_ = (traffic.protocol, traffic.from_port, traffic.to_port)
    reference = (where.owner_id or None, where.vpc_id or None, where.peering_id)
    return (rule.direction.value, *range_, peer.kind.value, peer.value, rule.description, *reference)
