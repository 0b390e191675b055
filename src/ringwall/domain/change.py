"""What a committed revision changed, as facts that watchers can act on."""

from __future__ import annotations

from dataclasses import dataclass, field

from .group import SecurityGroupRule


@dataclass(frozen=True, slots=True)
class VpcCreated:
    """A VPC, with its default group, exists."""

    vpc_id: str


@dataclass(frozen=True, slots=True)
class SubnetCreated:
    """A subnet exists."""

    subnet_id: str


@dataclass(frozen=True, slots=True)
class GroupCreated:
    """A group exists; its first rules come as RulesAdded."""

    group_id: str


@dataclass(frozen=True, slots=True)
class GroupDeleted:
    """A group and its rules are gone."""

    group_id: str


@dataclass(frozen=True, slots=True)
class RulesAdded:
    """Rules were added to a group."""

    group_id: str
    rules: tuple[SecurityGroupRule, ...]


@dataclass(frozen=True, slots=True)
class RulesRemoved:
    """Rules were removed from a group; they are given whole, as they were."""

    group_id: str
    rules: tuple[SecurityGroupRule, ...]


@dataclass(frozen=True, slots=True)
class InterfaceGroupsChanged:
    """The list of groups of an interface was replaced."""

    interface_id: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HostEnrolled:
    """A host and its interface exist; the interface carries these groups."""

    instance_id: str
    interface_id: str
    group_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HostRemoved:
    """A host, its key and its interface are gone; the interface carried these groups."""

    instance_id: str
    interface_id: str
    group_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HostModeChanged:
    """A host observes or enforces from now on."""

    instance_id: str
    mode: str


@dataclass(frozen=True, slots=True)
class AddressesChanged:
    """The addresses of an interface changed; it carries these groups, whose members change with it."""

    interface_id: str
    group_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TagsChanged:
    """Tags of these resources were written or deleted."""

    resource_ids: tuple[str, ...]


Change = (
    VpcCreated
    | SubnetCreated
    | GroupCreated
    | GroupDeleted
    | RulesAdded
    | RulesRemoved
    | InterfaceGroupsChanged
    | HostEnrolled
    | HostRemoved
    | HostModeChanged
    | AddressesChanged
    | TagsChanged
)


@dataclass(frozen=True, slots=True)
class ChangeRecord:
    """One row of the change log: everything that one request changed, under one revision.

    committed_at: Unix seconds; not part of the record's identity, so that two stores that did the same agree.
    """

    revision: int
    account_id: str
    region: str
    changes: tuple[Change, ...]
    committed_at: float = field(default=0.0, compare=False)
