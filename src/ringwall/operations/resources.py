"""Resources as policy documents see them: an ARN, and the condition keys that are the resource's own.

What isn't there has its ARN and nothing else, so a caller learns by a refusal no more than it knew. What is yet to be
made has the id `*` in its ARN, which a pattern fits that speaks of all of its kind, and no other (chosen: EC2 asks
under the id that it is about to give).

Source: Service Authorization Reference, "Resource types defined by Amazon EC2".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ringwall.domain import ids
from ringwall.domain.caller import Caller
from ringwall.domain.group import SecurityGroup
from ringwall.domain.ids import IdKind
from ringwall.domain.peering import PeeringSide
from ringwall.iam.evaluate import Target
from ringwall.iam.match import Keys
from ringwall.store.base import Reader

NEW: Final = "*"
"""The id of what is yet to be made."""
READ_MAX: Final = 1000
"""So many resources of one request are looked up; no operation takes more."""

OwnKeys = dict[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Resources:
    """What a caller's account has in its region, as targets of an action."""

    reader: Reader
    caller: Caller

    def of(self, kind: IdKind, resource_id: str) -> Target:
        """The resource of this id."""
        find = _KEYS_OF.get(kind.prefix)
        keys = find(self, resource_id) if find and resource_id != NEW else None
        if keys is None:
            return self.bare(kind, resource_id)
        tags = self.reader.tags(self.caller.account_id, self.caller.region, [resource_id])[resource_id]
        return self.target(kind, resource_id, keys, tags)

    def bare(self, kind: IdKind, resource_id: str = NEW) -> Target:
        """A resource of which nothing is known but its id: one that is absent, or yet to be made."""
        return Target(self.arn(kind, resource_id))

    def target(self, kind: IdKind, resource_id: str, keys: OwnKeys, tags: Mapping[str, str]) -> Target:
        """A resource with its keys and its tags."""
        for name, values in by_lower_case(tags.items()).items():
            keys[f"aws:resourcetag/{name}"] = keys[f"ec2:resourcetag/{name}"] = values
        return Target(self.arn(kind, resource_id), keys)

    def all_of(self, kind: IdKind, resource_ids: Sequence[str]) -> list[Target]:
        """The resources of these ids, each once; those beyond what any operation takes as if they weren't there."""
        return self.all_named([(kind, each) for each in dict.fromkeys(resource_ids)])

    def all_named(self, named: Sequence[tuple[IdKind, str]]) -> list[Target]:
        """As `all_of`, for ids of several kinds, each of them once."""
        found = [self.of(kind, resource_id) for kind, resource_id in named[:READ_MAX]]
        return found + [self.bare(kind, resource_id) for kind, resource_id in named[READ_MAX:]]

    def new(self, kind: IdKind, keys: Keys | None = None) -> Target:
        """A resource that is yet to be made, with what is known of it."""
        return Target(self.arn(kind, NEW), keys or {})

    def arn(self, kind: IdKind, resource_id: str) -> str:
        """The ARN of a resource of the caller's account and region."""
        return ids.arn(kind.resource_type or kind.prefix, self.caller.region, self.caller.account_id, resource_id)

    def default_vpc_id(self) -> str:
        """The id of the default VPC, or `NEW` where there is none."""
        vpc = self.reader.default_vpc(self.caller.account_id, self.caller.region)
        return vpc.vpc_id if vpc else NEW

    def group_named(self, name: str) -> SecurityGroup | None:
        """The group of this name in the default VPC."""
        vpc = self.reader.default_vpc(self.caller.account_id, self.caller.region)
        return self.reader.group_by_name(vpc.vpc_id, name) if vpc else None

    # What each kind has for keys; None if there is no such resource.

    def _group(self, resource_id: str) -> OwnKeys | None:
        group = self.reader.group(self.caller.account_id, self.caller.region, resource_id)
        return (
            None
            if group is None
            else {"ec2:securitygroupid": (group.group_id,), "ec2:vpc": (self.arn(ids.VPC, group.vpc_id),)}
        )

    def _rule(self, resource_id: str) -> OwnKeys | None:
        return None if self.reader.rule(self.caller.account_id, self.caller.region, resource_id) is None else {}

    def _vpc(self, resource_id: str) -> OwnKeys | None:
        vpc = self.reader.vpc(self.caller.account_id, self.caller.region, resource_id)
        return None if vpc is None else {"ec2:vpcid": (vpc.vpc_id,)}

    def _subnet(self, resource_id: str) -> OwnKeys | None:
        subnet = self.reader.subnet(self.caller.account_id, self.caller.region, resource_id)
        return (
            None
            if subnet is None
            else {
                "ec2:availabilityzone": (subnet.availability_zone,),
                "ec2:subnetid": (subnet.subnet_id,),
                "ec2:vpc": (self.arn(ids.VPC, subnet.vpc_id),),
            }
        )

    def _interface(self, resource_id: str) -> OwnKeys | None:
        interface = self.reader.interface(self.caller.account_id, self.caller.region, resource_id)
        return (
            None
            if interface is None
            else {
                "ec2:availabilityzone": (interface.availability_zone,),
                "ec2:networkinterfaceid": (interface.interface_id,),
                "ec2:subnet": (self.arn(ids.SUBNET, interface.subnet_id),),
                "ec2:vpc": (self.arn(ids.VPC, interface.vpc_id),),
            }
        )

    def _instance(self, resource_id: str) -> OwnKeys | None:
        host = self.reader.host(self.caller.account_id, self.caller.region, resource_id)
        return None if host is None else {"ec2:instanceid": (host.instance_id,)}

    def _prefix_list(self, resource_id: str) -> OwnKeys | None:
        return None if self.reader.prefix_list(self.caller.account_id, self.caller.region, resource_id) is None else {}

    def _peering(self, resource_id: str) -> OwnKeys | None:
        peering = self.reader.peering(self.caller.account_id, self.caller.region, resource_id)
        return (
            None
            if peering is None
            else {
                "ec2:acceptervpc": (arn_of_side(peering.accepter),),
                "ec2:requestervpc": (arn_of_side(peering.requester),),
                "ec2:vpcpeeringconnectionid": (peering.peering_id,),
            }
        )


def by_lower_case(tags: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """The values of tags by their keys in lower case, as condition keys know no other; keys that differ in it share."""
    found: dict[str, tuple[str, ...]] = {}
    for key, value in tags:
        name = key.lower()
        found[name] = (*found.get(name, ()), value)
    return found


def arn_of_side(side: PeeringSide) -> str:
    """The ARN of the VPC on one side of a peering connection."""
    return ids.arn("vpc", side.region, side.owner_id, side.vpc_id)


_KEYS_OF: Final = {
    ids.GROUP.prefix: Resources._group,
    ids.RULE.prefix: Resources._rule,
    ids.VPC.prefix: Resources._vpc,
    ids.SUBNET.prefix: Resources._subnet,
    ids.INTERFACE.prefix: Resources._interface,
    ids.INSTANCE.prefix: Resources._instance,
    ids.PREFIX_LIST.prefix: Resources._prefix_list,
    ids.PEERING.prefix: Resources._peering,
}
