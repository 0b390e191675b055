"""What a committed revision changed, as facts that watchers can act on."""

from __future__ import annotations

from dataclasses import dataclass, field

from .group import SecurityGroupRule


@dataclass(frozen=True, slots=True)
class VpcCreated:
    """A VPC, with its default group, exists."""

    vpc_id: str


@dataclass(frozen=True, slots=True)
class VpcChanged:
    """Blocks or attributes of a VPC were changed."""

    vpc_id: str


@dataclass(frozen=True, slots=True)
class VpcDeleted:
    """A VPC is gone; its default group went before it."""

    vpc_id: str


@dataclass(frozen=True, slots=True)
class SubnetCreated:
    """A subnet exists."""

    subnet_id: str


@dataclass(frozen=True, slots=True)
class SubnetDeleted:
    """A subnet is gone."""

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
class DrainStarted:
    """Flows that only these rules admitted, which the group has no longer, go on."""

    group_id: str
    rule_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DrainEnded:
    """What is left of the flows of these rules goes on no longer."""

    group_id: str
    rule_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GroupAssociated:
    """A group can be used in a second VPC."""

    group_id: str
    vpc_id: str


@dataclass(frozen=True, slots=True)
class GroupDisassociated:
    """A group can no longer be used in that VPC."""

    group_id: str
    vpc_id: str


@dataclass(frozen=True, slots=True)
class InterfaceCreated:
    """An interface that no host has exists; it carries these groups."""

    interface_id: str
    group_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InterfaceDeleted:
    """Such an interface is gone; it carried these groups."""

    interface_id: str
    group_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InterfaceChanged:
    """The description, MAC address or source check of an interface, or what becomes of it with its host, was changed.

    source_check: whether the source check was, which alone concerns the host that has the interface.
    """

    interface_id: str
    source_check: bool = False


@dataclass(frozen=True, slots=True)
class InterfaceGroupsChanged:
    """The list of groups of an interface was replaced."""

    interface_id: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InterfaceAttached:
    """A host has one more interface, which carries these groups: a further one of its own, or one that clients made.

    The groups have the same members as before: an interface that clients made was one of them all along, and one of the
    host's own has no address yet.
    """

    interface_id: str
    instance_id: str
    group_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InterfaceDetached:
    """A host has an interface no longer, which carries these groups. If it is gone, that comes as InterfaceDeleted."""

    interface_id: str
    instance_id: str
    group_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HostEnrolled:
    """A host and its interface exist; the interface carries these groups."""

    instance_id: str
    interface_id: str
    group_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HostRemoved:
    """A host, its key and this interface of its own are gone; the interface carried these groups."""

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
class PrefixListCreated:
    """A prefix list exists."""

    prefix_list_id: str


@dataclass(frozen=True, slots=True)
class PrefixListChanged:
    """The name, size, state or entries of a prefix list were changed."""

    prefix_list_id: str


@dataclass(frozen=True, slots=True)
class PrefixListDeleted:
    """A prefix list is gone; no rule named it."""

    prefix_list_id: str


@dataclass(frozen=True, slots=True)
class PeeringCreated:
    """A peering connection was asked for."""

    peering_id: str


@dataclass(frozen=True, slots=True)
class PeeringChanged:
    """The status of a peering connection is another one.

    group_ids: those that rules name across it; who counts as their members changes with it.
    """

    peering_id: str
    status: str
    group_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TagsChanged:
    """Tags of these resources were written or deleted."""

    resource_ids: tuple[str, ...]


Change = (
    VpcCreated
    | VpcChanged
    | VpcDeleted
    | SubnetCreated
    | SubnetDeleted
    | GroupCreated
    | GroupDeleted
    | RulesAdded
    | RulesRemoved
    | DrainStarted
    | DrainEnded
    | GroupAssociated
    | GroupDisassociated
    | InterfaceCreated
    | InterfaceDeleted
    | InterfaceChanged
    | InterfaceGroupsChanged
    | InterfaceAttached
    | InterfaceDetached
    | HostEnrolled
    | HostRemoved
    | HostModeChanged
    | AddressesChanged
    | PrefixListCreated
    | PrefixListChanged
    | PrefixListDeleted
    | PeeringCreated
    | PeeringChanged
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
