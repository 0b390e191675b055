"""The contract of a store: what operations may read and write, and what they may rely on.

Theory of operation. A store holds rows (one for each atomic rule) and a change log. Every request that changes
something is one function of a `Transaction`; the store runs it, gives what it changed the next revision (1, 2, 3 …, no
gaps) and one row of the change log, and answers only when all of it is durable. A function that raises changed nothing.

What the caller owes: a function checks everything before its first write, because many requests share one commit and
a refused one must leave nothing behind; and it may be run again (with the same effect) when an unexpected error breaks
the batch it was in, so it has no effects of its own.

A request gets a revision if the state that watchers see is another one afterwards: a write of what is there already
(the same groups, mode, addresses or tags) gets none, and neither do tokens or the mark of a region.

Reads see a committed state, whole: all reads of one call of `read` are of the same revision.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from ringwall.domain.change import Change, ChangeRecord
from ringwall.domain.group import (
    Direction,
    DrainingRule,
    RuleRow,
    SecurityGroup,
    SecurityGroupRule,
    VpcAssociation,
)
from ringwall.domain.interface import Attachment, Host, Mode, NetworkInterface
from ringwall.domain.peer import Peer
from ringwall.domain.peering import VpcPeering
from ringwall.domain.prefix_list import PrefixList, PrefixListEntry
from ringwall.domain.traffic import Traffic
from ringwall.domain.vpc import Subnet, Vpc

from .principals_base import PrincipalReads, PrincipalWrites

Result = TypeVar("Result")
ResultCo = TypeVar("ResultCo", covariant=True)


class StoreError(Exception):
    """The store couldn't do it. Each engine turns its driver's exceptions into these in its own file."""


class Unavailable(StoreError):
    """The store is closed, locked by another server, or its disk refuses (full, read-only)."""


class Conflict(StoreError):
    """A row that must be unique exists already."""


class Compacted(StoreError):
    """The change log no longer reaches back to the revision asked for: take a snapshot."""


@dataclass(frozen=True, slots=True)
class StoreIdentity:
    """Which store this is. store_id: made with the store. epoch: raised when a store is restored from a backup."""

    store_id: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Committed(Generic[ResultCo]):
    """What a write answered, durable. revision: the one it got, or None if it changed nothing."""

    result: ResultCo
    revision: int | None


@dataclass(frozen=True, slots=True)
class HostKey:
    """The key of a host's agent. secret: encrypted with the server's key file; the store doesn't know it."""

    access_key_id: str
    secret: str
    account_id: str
    region: str
    instance_id: str


@dataclass(frozen=True, slots=True)
class EnrolmentToken:
    """A one-time right to enrol one host. token_hash: SHA-256 of the token's secret, hex. expires_at: Unix seconds."""

    token_hash: str
    account_id: str
    region: str
    subnet_id: str
    device: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class PeerCounts:
    """How many rules of one direction a group has, by what counts against EC2's quota."""

    cidr_ipv4: int
    cidr_ipv6: int
    group: int
    prefix_lists: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class TokenUse:
    """A client token that a request was made with, so that the same request again answers the same and does nothing.

    fingerprint: of the request's parameters. resource_id: what the request made. used_at: Unix seconds.
    """

    account_id: str
    region: str
    operation: str
    client_token: str
    fingerprint: str
    resource_id: str
    used_at: int


class Reader(PrincipalReads, Protocol):
    """Reads of one committed state. An id of another account or region is as absent as one that was never made."""

    def revision(self) -> int:
        """The last revision of this state; 0 for a new store."""

    def revision_at_least(self) -> int:
        """A revision that this state has, and perhaps later ones; -1 in a transaction, whose state may never be.

        Cost: none, as it isn't read. It is never less than what was answered before the read began.
        """

    def identity(self) -> StoreIdentity:
        """Which store this is."""

    def region_exists(self, account_id: str, region: str) -> bool:
        """Whether the account was given its default VPC in the region."""

    def vpc(self, account_id: str, region: str, vpc_id: str) -> Vpc | None:
        """One VPC."""

    def vpcs(self, account_id: str, region: str) -> list[Vpc]:
        """All VPCs, in the order in which they were made."""

    def default_vpc(self, account_id: str, region: str) -> Vpc | None:
        """The default VPC, if there is one."""

    def subnet(self, account_id: str, region: str, subnet_id: str) -> Subnet | None:
        """One subnet."""

    def subnets(self, account_id: str, region: str, vpc_id: str | None = None) -> list[Subnet]:
        """All subnets (of the VPC, when given), in the order in which they were made."""

    def group(self, account_id: str, region: str, group_id: str) -> SecurityGroup | None:
        """One group."""

    def group_by_name(self, vpc_id: str, name: str) -> SecurityGroup | None:
        """The group of that name in the VPC; letter case doesn't matter."""

    def groups(self, account_id: str, region: str) -> list[SecurityGroup]:
        """All groups, in the order in which they were made."""

    def groups_after(self, account_id: str, region: str, group_id: str, limit: int) -> list[SecurityGroup]:
        """At most `limit` groups, in the order of their ids, from the first whose id comes after `group_id`.

        Cost: of these groups only, however many there are.
        """

    def groups_of_vpc(self, vpc_id: str) -> list[SecurityGroup]:
        """The groups that were made in the VPC, in that order; those associated with it aren't among them."""

    def vpc_associations(
        self, account_id: str, region: str, *, group_id: str | None = None, vpc_id: str | None = None
    ) -> list[VpcAssociation]:
        """The associations of groups with further VPCs (of one group, with one VPC), in the order of their making."""

    def group_count(self, account_id: str, region: str) -> int:
        """How many groups there are. Cost: no group is read, only counted."""

    def rule(self, account_id: str, region: str, rule_id: str) -> SecurityGroupRule | None:
        """One rule."""

    def find_rule(self, group_id: str, direction: Direction, traffic: Traffic, peer: Peer) -> SecurityGroupRule | None:
        """The rule of the group with exactly this identity. Cost: one look-up, whatever the number of rules."""

    def rules_of(self, group_ids: Iterable[str]) -> dict[str, list[SecurityGroupRule]]:
        """The rules of each of these groups, in the order in which they were made; groups without rules included."""

    def rule_rows_of(self, group_ids: Iterable[str]) -> dict[str, list[RuleRow]]:
        """`rules_of` in plain values, for descriptions."""

    def rules(self, account_id: str, region: str) -> list[SecurityGroupRule]:
        """All rules of all groups, in the order in which they were made."""

    def rules_after(self, account_id: str, region: str, rule_id: str, limit: int) -> list[SecurityGroupRule]:
        """At most `limit` rules, in the order of their ids, from the first whose id comes after `rule_id`.

        Cost: of these rules only, however many there are.
        """

    def peer_counts(self, group_id: str, direction: Direction) -> PeerCounts:
        """The rules of one direction, counted by kind of peer."""

    def groups_referencing(self, group_id: str) -> list[str]:
        """The ids of the groups that have a rule whose peer is this group; itself too, if it has one."""

    def rules_referencing(self, group_id: str) -> list[SecurityGroupRule]:
        """The rules, of any group, whose peer is this group, in the order in which they were made."""

    def rules_naming_list(self, prefix_list_id: str) -> list[SecurityGroupRule]:
        """The rules whose peer is this prefix list, in the order in which they were made."""

    def rules_across(self, peering_id: str) -> list[SecurityGroupRule]:
        """The rules whose peer was reached by this peering connection, in the order in which they were made."""

    def draining_rules(self, account_id: str, region: str | None = None) -> list[DrainingRule]:
        """The rules of the account (in the region, when given) that drain, by when they were revoked, then by id."""

    def draining_rules_of(self, group_id: str) -> list[DrainingRule]:
        """Those that were of this group. Cost: of these alone."""

    def interface(self, account_id: str, region: str, interface_id: str) -> NetworkInterface | None:
        """One network interface."""

    def interfaces(self, account_id: str, region: str) -> list[NetworkInterface]:
        """All network interfaces, in the order in which they were made."""

    def interface_count(self, account_id: str, region: str) -> int:
        """How many network interfaces there are. Cost: none is read, only counted."""

    def interfaces_of_host(self, instance_id: str) -> list[NetworkInterface]:
        """The interfaces of one host, in the order of their device indexes: primary first."""

    def interface_of_attachment(self, account_id: str, region: str, attachment_id: str) -> NetworkInterface | None:
        """The interface that is attached by this attachment."""

    def subnet_has_interfaces(self, subnet_id: str) -> bool:
        """Whether an interface is in the subnet. Cost: one look-up, however many are."""

    def addresses_of_subnet(self, subnet_id: str) -> set[str]:
        """The addresses of the interfaces in the subnet, of both families. Cost: of these alone."""

    def interfaces_of_group(self, group_id: str) -> list[NetworkInterface]:
        """The interfaces that carry the group. Their addresses are the group's members."""

    def group_has_interfaces(self, group_id: str, vpc_id: str | None = None) -> bool:
        """Whether an interface (of the VPC, when given) carries the group. Cost: without a VPC one look-up."""

    def address_holder(self, vpc_id: str, address: str) -> str | None:
        """The id of the interface that holds the address in the VPC."""

    def host(self, account_id: str, region: str, instance_id: str) -> Host | None:
        """One host."""

    def hosts(self, account_id: str, region: str) -> list[Host]:
        """All hosts, in the order in which they enrolled."""

    def hosts_of_account(self, account_id: str) -> list[Host]:
        """The account's hosts of every region, in the order in which they enrolled."""

    def host_key(self, access_key_id: str) -> HostKey | None:
        """The key of a host's agent, by its id, in any account and region."""

    def key_of_host(self, instance_id: str) -> HostKey | None:
        """The key of the agent of this host, in any account and region."""

    def enrolment_token(self, token_hash: str) -> EnrolmentToken | None:
        """A token that was neither used nor deleted. Whether it has expired is for the caller to see."""

    def prefix_list(self, account_id: str, region: str, prefix_list_id: str) -> PrefixList | None:
        """One of the account's own prefix lists. AWS's are not stored."""

    def prefix_lists(self, account_id: str, region: str) -> list[PrefixList]:
        """All of the account's own prefix lists, in the order in which they were made."""

    def prefix_list_entries(self, prefix_list_id: str, version: int) -> tuple[PrefixListEntry, ...] | None:
        """The entries of one version of a list, in the order of their blocks' text; None if it isn't kept."""

    def peering(self, account_id: str, region: str, peering_id: str) -> VpcPeering | None:
        """One peering connection that has a side in the account and region."""

    def peerings(self, account_id: str, region: str) -> list[VpcPeering]:
        """All peering connections that have a side in the account and region, in the order in which they were made."""

    def peerings_of_vpc(self, vpc_id: str) -> list[VpcPeering]:
        """The peering connections of this VPC that are active or wait to be, in the order in which they were made.

        Of those that ended or failed there may be any number; none of them matters to the VPC any more.
        """

    def token_use(self, account_id: str, region: str, operation: str, client_token: str) -> TokenUse | None:
        """The use of a client token that `record_token_use` kept. Whether it is too old is for the caller to see."""

    def tags(self, account_id: str, region: str, resource_ids: Iterable[str]) -> dict[str, dict[str, str]]:
        """The tags of each of these resources, in the order of their keys; resources without tags included."""

    def all_tags(self, account_id: str, region: str) -> dict[str, dict[str, str]]:
        """The tags of every resource that has any."""

    def changes_since(self, revision: int, limit: int) -> Sequence[ChangeRecord]:
        """The change log after `revision`, oldest first, at most `limit` rows.

        Raises:
            Compacted: rows after `revision` have been dropped.
        """


class Transaction(Reader, PrincipalWrites, Protocol):
    """Reads of the state so far in this transaction, and writes. Each write records itself in the change log."""

    def recorded(self) -> tuple[int | None, Sequence[Change]]:
        """The revision that the request gets if it ends here, None if it changed nothing, and its changes so far."""

    def note(self, *, before: Sequence[Mapping[str, Any]] = (), after: Sequence[Mapping[str, Any]] = ()) -> None:
        """Has the trail tell, beside the request's changes, what was there before it and what is there now."""

    def noted(self) -> tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]:
        """What was noted so far: before and after."""

    def changes_text(self) -> str:
        """Its changes so far as the change log will keep them: the text of `codec.encode_changes`."""

    def create_region(self, account_id: str, region: str) -> None:
        """Marks the region as having been given its default VPC."""

    def insert_vpc(self, vpc: Vpc) -> None:
        """Adds a VPC."""

    def update_vpc(self, vpc: Vpc) -> None:
        """Replaces what is stored of the VPC of this id: blocks and attributes."""

    def delete_vpc(self, vpc: Vpc) -> None:
        """Deletes a VPC with its tags and the associations of groups with it. Its groups and subnets must be gone."""

    def insert_subnet(self, subnet: Subnet) -> None:
        """Adds a subnet."""

    def delete_subnet(self, subnet: Subnet) -> None:
        """Deletes a subnet with its tags. Its interfaces must be gone."""

    def insert_group(self, group: SecurityGroup) -> None:
        """Adds a group without rules.

        Raises:
            Conflict: the VPC has a group of that name.
        """

    def delete_group(self, group: SecurityGroup) -> None:
        """Deletes a group with its rules and tags. Not checked: that no rule names it. No interface may carry it."""

    def insert_vpc_association(self, association: VpcAssociation) -> None:
        """Associates a group with a second VPC.

        Raises:
            Conflict: it is associated with it already.
        """

    def delete_vpc_association(self, association: VpcAssociation) -> None:
        """Ends an association. No interface of that VPC may carry the group."""

    def insert_rules(self, group: SecurityGroup, rules: Sequence[SecurityGroupRule]) -> None:
        """Adds rules to their group.

        Raises:
            Conflict: the group has a rule of the same identity.
        """

    def delete_rules(self, group: SecurityGroup, rules: Sequence[SecurityGroupRule]) -> None:
        """Removes exactly these rules and their tags."""

    def replace_rules(
        self, group: SecurityGroup, before: Sequence[SecurityGroupRule], after: Sequence[SecurityGroupRule]
    ) -> None:
        """Puts each rule of `after` in the place of the one of the same id in `before`; tags and order stay.

        Two rules may change places. In the change log the old rules are removed and the new ones added, under one
        revision. Pairs that are equal change nothing.

        Raises:
            Conflict: the group would have two rules of one identity.
        """

    def insert_draining_rules(self, group: SecurityGroup, rules: Sequence[SecurityGroupRule], revoked_at: int) -> None:
        """Lets rules that were the group's drain. revoked_at: Unix seconds.

        Raises:
            Conflict: one of them does already.
        """

    def delete_draining_rules(self, group: SecurityGroup, rule_ids: Sequence[str]) -> None:
        """Lets rules of the group that drain do so no longer. With a group these go by themselves."""

    def insert_host(self, host: Host, key: HostKey, interface: NetworkInterface) -> None:
        """Adds a host with its agent's key and its interface."""

    def delete_host(self, host: Host) -> None:
        """Removes a host with its key, its own interfaces and tags. It may have no routed interface any more."""

    def set_host_mode(self, host: Host, mode: Mode) -> None:
        """Sets what the host does with packets that no rule admits."""

    def insert_interface(self, interface: NetworkInterface) -> None:
        """Adds an interface: one that no host has, or a further one of a host's own.

        Raises:
            Conflict: another interface of the VPC holds one of its addresses, or of the host its device index.
        """

    def delete_interface(self, interface: NetworkInterface) -> None:
        """Deletes an interface that no host has, with its tags."""

    def attach_interface(self, interface: NetworkInterface, attachment: Attachment) -> None:
        """Ties an interface that no host has to a host.

        Raises:
            Conflict: another interface of the host has its device index.
        """

    def detach_interface(self, interface: NetworkInterface) -> None:
        """Unties an interface from its host; no host has it then."""

    def set_delete_on_termination(self, interface: NetworkInterface, delete: bool) -> None:
        """Sets whether an interface that a host has goes with the host."""

    def set_interface_details(self, interface: NetworkInterface, description: str, source_dest_check: bool) -> None:
        """Replaces these two of an interface."""

    def set_interface_groups(self, interface: NetworkInterface, group_ids: Sequence[str]) -> None:
        """Replaces the groups of an interface."""

    def set_interface_addresses(
        self, interface: NetworkInterface, private_ips: Sequence[str], ipv6_addresses: Sequence[str]
    ) -> None:
        """Replaces the addresses of an interface."""

    def set_mac_address(self, interface: NetworkInterface, mac_address: str) -> None:
        """Replaces the MAC address of an interface."""

    def insert_enrolment_token(self, token: EnrolmentToken) -> None:
        """Keeps a token. No revision: nothing that a watcher sees changed."""

    def consume_enrolment_token(self, token_hash: str) -> None:
        """Deletes a token, for good if the transaction commits."""

    def insert_prefix_list(self, prefix_list: PrefixList, entries: Sequence[PrefixListEntry]) -> None:
        """Adds a list, with the entries of its first version."""

    def update_prefix_list(self, prefix_list: PrefixList, entries: Sequence[PrefixListEntry] | None = None) -> None:
        """Replaces what is stored of the list of this id. entries: those of its (new) version, None to keep all."""

    def drop_prefix_list_versions(self, prefix_list: PrefixList, before_version: int) -> None:
        """Forgets the entries of the versions before this one. No revision."""

    def delete_prefix_list(self, prefix_list: PrefixList) -> None:
        """Deletes a list with all versions and tags. Not checked: that no rule names it."""

    def insert_peering(self, peering: VpcPeering) -> None:
        """Adds a peering connection; its changes are the requester's."""

    def update_peering(self, peering: VpcPeering) -> None:
        """Replaces what is stored of the connection of this id: status, ended_at, ended_by."""

    def record_token_use(self, use: TokenUse) -> None:
        """Keeps the use of a client token, over an older one of the same. No revision."""

    def forget_token_uses(self, used_before: int) -> None:
        """Drops the uses before this time (Unix seconds). No revision."""

    def set_tags(self, account_id: str, region: str, resource_id: str, tags: Mapping[str, str]) -> None:
        """Writes these tags over those that the resource has."""

    def delete_tags(self, account_id: str, region: str, resource_id: str, keys: Iterable[str]) -> None:
        """Removes these keys from the resource's tags."""


class Store(Protocol):
    """One open store."""

    def read(self, function: Callable[[Reader], Result]) -> Result:
        """`function` on the committed state, on the caller's thread: for small reads."""

    def read_in_thread(self, function: Callable[[Reader], Result]) -> Awaitable[Result]:
        """`function` on the committed state, on another thread: for reads that take milliseconds."""

    def read_soon(self, function: Callable[[Reader], Result]) -> Awaitable[Result]:
        """`function` on the committed state, for reads of any size: a small one has no way between threads.

        It may be begun on the caller's thread, given up once it turns out to be long, and run anew on another.
        """

    def write(self, function: Callable[[Transaction], Result]) -> Awaitable[Committed[Result]]:
        """`function` in a transaction; answers when what it wrote is durable.

        Raises:
            ServiceError: the function raised it; nothing was changed.
            Unavailable: the store can't make it durable; nothing was changed.
        """

    def principals_version(self) -> int | None:
        """Another number after every change of accounts, users, roles, keys and policies; None while one is under way.

        What a read that began under a version has seen of them is true for as long as there is that version: it is None
        from before anybody can see a change until the change is durable, or has come to nothing. Any thread may ask.
        """

    def subscribe(self, wake: Callable[[int], None]) -> None:
        """Has `wake` called with the last revision after each commit that changed something, on the event loop."""

    def forewarn(self, warn: Callable[[int, Sequence[Change]], None]) -> None:
        """Has `warn` called with each revision and its changes as soon as they are made, on the event loop's thread.

        That is before any read can see them, and they may yet come to nothing: then the revision is another's later.
        """

    def compact(self, before_revision: int) -> Awaitable[Committed[int]]:
        """Drops the change log's rows before `before_revision`, but never the last; answers how many. No revision.

        Afterwards `changes_since` refuses to start before what is left.
        """

    def scrub(self) -> None:
        """Leaves nothing in the store's files that was deleted or replaced. Blocks: for before there are requests."""

    def close(self) -> None:
        """Ends the writer once everything it was given is durable, and closes the files."""
