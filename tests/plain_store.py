"""A store as plain as can be: lists of values, searched from end to end. The judge of the real ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from ringwall.domain import change
from ringwall.domain.change import Change, ChangeRecord
from ringwall.domain.group import Direction, SecurityGroup, SecurityGroupRule
from ringwall.domain.interface import Host, Mode, NetworkInterface
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.traffic import Traffic
from ringwall.domain.vpc import Subnet, Vpc
from ringwall.store.base import Committed, Conflict, EnrolmentToken, HostKey, PeerCounts, StoreIdentity

Result = TypeVar("Result")


@dataclass
class PlainState:
    """The rows, in the order in which they were made."""

    regions: list[tuple[str, str]] = field(default_factory=list)
    vpcs: list[Vpc] = field(default_factory=list)
    subnets: list[Subnet] = field(default_factory=list)
    groups: list[SecurityGroup] = field(default_factory=list)
    rules: list[SecurityGroupRule] = field(default_factory=list)
    hosts: list[Host] = field(default_factory=list)
    keys: list[HostKey] = field(default_factory=list)
    interfaces: list[NetworkInterface] = field(default_factory=list)
    tokens: list[EnrolmentToken] = field(default_factory=list)
    tags: dict[tuple[str, str, str], dict[str, str]] = field(default_factory=dict)
    log: list[ChangeRecord] = field(default_factory=list)

    def copy(self) -> PlainState:
        """The same rows in lists of its own."""
        copied = replace(self, **{name: list(rows) for name, rows in vars(self).items() if isinstance(rows, list)})
        copied.tags = {key: dict(tags) for key, tags in self.tags.items()}
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
            place = transaction.place or ("", "")
            transaction.state.log.append(ChangeRecord(revision, *place, tuple(transaction.changes)))
        self.state = transaction.state
        return Committed(result, revision)

    def close(self) -> None:
        """Nothing to close."""


class PlainTransaction:
    """Reader and Transaction over one state."""

    def __init__(self, state: PlainState) -> None:
        self.state = state
        self.changes: list[Change] = []
        self.place: tuple[str, str] | None = None

    def _record(self, owner_id: str, region: str, *changes: Change) -> None:
        self.place = (owner_id, region)
        self.changes += changes

    # Reads

    def revision(self) -> int:
        return len(self.state.log)

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

    def rules(self, account_id: str, region: str) -> list[SecurityGroupRule]:
        mine = {each.group_id for each in self.groups(account_id, region)}
        return [each for each in self.state.rules if each.group_id in mine]

    def peer_counts(self, group_id: str, direction: Direction) -> PeerCounts:
        peers = [each.peer for each in self.state.rules if (each.group_id, each.direction) == (group_id, direction)]
        kinds = Counter(peer.kind for peer in peers)
        lists = Counter(peer.value for peer in peers if peer.kind is PeerKind.PREFIX_LIST)
        return PeerCounts(kinds[PeerKind.CIDR_IPV4], kinds[PeerKind.CIDR_IPV6], kinds[PeerKind.GROUP], dict(lists))

    def groups_referencing(self, group_id: str) -> list[str]:
        peer = Peer(PeerKind.GROUP, group_id)
        return sorted({each.group_id for each in self.state.rules if each.peer == peer})

    def interface(self, account_id: str, region: str, interface_id: str) -> NetworkInterface | None:
        return _one(each for each in self.interfaces(account_id, region) if each.interface_id == interface_id)

    def interfaces(self, account_id: str, region: str) -> list[NetworkInterface]:
        return [each for each in self.state.interfaces if (each.owner_id, each.region) == (account_id, region)]

    def interfaces_of_host(self, instance_id: str) -> list[NetworkInterface]:
        return [each for each in self.state.interfaces if each.instance_id == instance_id]

    def interfaces_of_group(self, group_id: str) -> list[NetworkInterface]:
        return [each for each in self.state.interfaces if group_id in each.group_ids]

    def address_holder(self, vpc_id: str, address: str) -> str | None:
        holder = _one(each for each in self.state.interfaces if each.vpc_id == vpc_id and address in each.addresses)
        return holder.interface_id if holder else None

    def host(self, account_id: str, region: str, instance_id: str) -> Host | None:
        return _one(each for each in self.hosts(account_id, region) if each.instance_id == instance_id)

    def hosts(self, account_id: str, region: str) -> list[Host]:
        return [each for each in self.state.hosts if (each.owner_id, each.region) == (account_id, region)]

    def host_key(self, access_key_id: str) -> HostKey | None:
        return _one(each for each in self.state.keys if each.access_key_id == access_key_id)

    def enrolment_token(self, token_hash: str) -> EnrolmentToken | None:
        return _one(each for each in self.state.tokens if each.token_hash == token_hash)

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

    def insert_subnet(self, subnet: Subnet) -> None:
        self.state.subnets.append(subnet)
        self._record(subnet.owner_id, subnet.region, change.SubnetCreated(subnet.subnet_id))

    def insert_group(self, group: SecurityGroup) -> None:
        if self.group_by_name(group.vpc_id, group.name):
            raise Conflict(group.name)
        self.state.groups.append(group)
        self._record(group.owner_id, group.region, change.GroupCreated(group.group_id))

    def delete_group(self, group: SecurityGroup) -> None:
        gone = [each for each in self.state.rules if each.group_id == group.group_id]
        self._drop_tags([group.group_id, *(each.rule_id for each in gone)])
        self.state.rules = [each for each in self.state.rules if each not in gone]
        self.state.groups.remove(group)
        self._record(group.owner_id, group.region, change.GroupDeleted(group.group_id))

    def insert_rules(self, group: SecurityGroup, rules: Sequence[SecurityGroupRule]) -> None:
        for rule in rules:
            if self.find_rule(group.group_id, rule.direction, rule.traffic, rule.peer):
                raise Conflict(rule.rule_id)
            self.state.rules.append(rule)
        self._record(group.owner_id, group.region, change.RulesAdded(group.group_id, tuple(rules)))

    def delete_rules(self, group: SecurityGroup, rules: Sequence[SecurityGroupRule]) -> None:
        for rule in rules:
            self.state.rules.remove(rule)
        self._drop_tags([each.rule_id for each in rules])
        self._record(group.owner_id, group.region, change.RulesRemoved(group.group_id, tuple(rules)))

    def insert_host(self, host: Host, key: HostKey, interface: NetworkInterface) -> None:
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
        self.state.hosts.remove(host)
        self.state.keys = [each for each in self.state.keys if each.instance_id != host.instance_id]

    def set_host_mode(self, host: Host, mode: Mode) -> None:
        self.state.hosts[self.state.hosts.index(host)] = replace(host, mode=mode)
        self._record(host.owner_id, host.region, change.HostModeChanged(host.instance_id, mode))

    def set_interface_groups(self, interface: NetworkInterface, group_ids: Sequence[str]) -> None:
        self._replace(interface, group_ids=tuple(group_ids))
        changed = change.InterfaceGroupsChanged(interface.interface_id, interface.group_ids, tuple(group_ids))
        self._record(interface.owner_id, interface.region, changed)

    def set_interface_addresses(
        self, interface: NetworkInterface, private_ips: Sequence[str], ipv6_addresses: Sequence[str]
    ) -> None:
        self._replace(interface, private_ips=tuple(private_ips), ipv6_addresses=tuple(ipv6_addresses))
        changed = change.AddressesChanged(interface.interface_id, interface.group_ids)
        self._record(interface.owner_id, interface.region, changed)

    def _replace(self, interface: NetworkInterface, **changes: Any) -> None:
        self.state.interfaces[self.state.interfaces.index(interface)] = replace(interface, **changes)

    def insert_enrolment_token(self, token: EnrolmentToken) -> None:
        self.state.tokens.append(token)

    def consume_enrolment_token(self, token_hash: str) -> None:
        self.state.tokens = [each for each in self.state.tokens if each.token_hash != token_hash]

    def set_tags(self, account_id: str, region: str, resource_id: str, tags: Mapping[str, str]) -> None:
        self.state.tags.setdefault((account_id, region, resource_id), {}).update(tags)
        self._record(account_id, region, change.TagsChanged((resource_id,)))

    def delete_tags(self, account_id: str, region: str, resource_id: str, keys: Iterable[str]) -> None:
        present = self.state.tags.get((account_id, region, resource_id), {})
        for key in keys:
            present.pop(key, None)
        self._record(account_id, region, change.TagsChanged((resource_id,)))

    def _drop_tags(self, resource_ids: Sequence[str]) -> None:
        self.state.tags = {key: tags for key, tags in self.state.tags.items() if key[2] not in resource_ids}


def _one(items: Iterable[Result]) -> Result | None:
    return next(iter(items), None)
