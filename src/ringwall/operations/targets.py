"""What each operation is done to, as policy documents see it: read in the same transaction as the operation itself.

Each function answers the targets of one or several operations, as the Service Authorization Reference lists their
resource types. Those that are optional there are targets where the request names them. Operations that only describe
have none: their resource is `*`, and whoever may describe may describe all.

Chosen, as the reference doesn't say or wasn't at hand: rules aren't targets of authorize, revoke and the change of
descriptions, but of ModifySecurityGroupRules; the group that an interface gets because none is named is a target;
CreateDefaultVpc and CreateDefaultSubnet have no resource; the side of a peering connection that isn't the caller's is
none either.

Source: Service Authorization Reference, "Actions defined by Amazon EC2".
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from ringwall.domain import ids
from ringwall.domain.caller import Caller
from ringwall.domain.ids import IdKind
from ringwall.iam.evaluate import Target
from ringwall.store.base import Reader

from .context import Request, Targets, no_resource
from .resources import NEW, Resources, arn_of_side


def _one(member: str, kind: IdKind, reader: Reader, caller: Caller, request: Request) -> list[Target]:
    return [Resources(reader, caller).of(kind, request[member])]


no_target: Targets = no_resource
"""Said of an operation that changes something: EC2 lists no resource type for it."""
interface: Targets = partial(_one, "NetworkInterfaceId", ids.INTERFACE)
prefix_list: Targets = partial(_one, "PrefixListId", ids.PREFIX_LIST)
subnet: Targets = partial(_one, "SubnetId", ids.SUBNET)
vpc: Targets = partial(_one, "VpcId", ids.VPC)
peering: Targets = partial(_one, "VpcPeeringConnectionId", ids.PEERING)
instance: Targets = partial(_one, "InstanceId", ids.INSTANCE)


# --- Security groups ---


def group(reader: Reader, caller: Caller, request: Request) -> list[Target]:
    """The group that GroupId, or else GroupName in the default VPC, names."""
    resources, name = Resources(reader, caller), request.get("GroupName")
    if not name:
        return [resources.of(ids.GROUP, request["GroupId"])]
    named = resources.group_named(name)
    return [resources.of(ids.GROUP, named.group_id if named else NEW)]


def group_and_vpc(reader: Reader, caller: Caller, request: Request) -> list[Target]:
    """A group, and the VPC that it is associated with."""
    return group(reader, caller, request) + vpc(reader, caller, request)


def new_group(reader: Reader, caller: Caller, request: Request) -> list[Target]:
    """The group to be, and its VPC."""
    resources = Resources(reader, caller)
    vpc_id = request.get("VpcId") or resources.default_vpc_id()
    return [
        resources.new(ids.GROUP, {"ec2:vpc": (resources.arn(ids.VPC, vpc_id),)}),
        resources.of(ids.VPC, vpc_id),
    ]


def group_and_rules(reader: Reader, caller: Caller, request: Request) -> list[Target]:
    """A group, and those of its rules that are named."""
    rule_ids = [each.get("SecurityGroupRuleId") or NEW for each in request.get("SecurityGroupRules") or ()]
    return group(reader, caller, request) + Resources(reader, caller).all_of(ids.RULE, rule_ids)


# --- Networks ---


def new_vpc(reader: Reader, caller: Caller, request: Request) -> list[Target]:
    """The VPC to be."""
    return [Resources(reader, caller).new(ids.VPC)]


def vpc_of_block(reader: Reader, caller: Caller, request: Request) -> list[Target]:
    """The VPC that has the block."""
    wanted = request["AssociationId"]
    for each in reader.vpcs(caller.account_id, caller.region):
        if any(block.association_id == wanted for block in (*each.ipv4, *each.ipv6)):
            return [Resources(reader, caller).of(ids.VPC, each.vpc_id)]
    return [Resources(reader, caller).bare(ids.VPC)]


def new_subnet(reader: Reader, caller: Caller, request: Request) -> list[Target]:
    """The subnet to be, and its VPC."""
    resources = Resources(reader, caller)
    keys = {"ec2:vpc": (resources.arn(ids.VPC, request["VpcId"]),)}
    zone = request.get("AvailabilityZone")
    return [
        resources.new(ids.SUBNET, keys | ({"ec2:availabilityzone": (zone,)} if zone else {})),
        resources.of(ids.VPC, request["VpcId"]),
    ]


def new_prefix_list(reader: Reader, caller: Caller, request: Request) -> list[Target]:
    """The prefix list to be."""
    return [Resources(reader, caller).new(ids.PREFIX_LIST)]


def new_peering(reader: Reader, caller: Caller, request: Request) -> list[Target]:
    """The peering connection to be, and the VPC that asks for it."""
    resources = Resources(reader, caller)
    region, owner_id = request.get("PeerRegion") or caller.region, request.get("PeerOwnerId") or caller.account_id
    keys = {
        "ec2:acceptervpc": (ids.arn("vpc", region, owner_id, request["PeerVpcId"]),),
        "ec2:requestervpc": (resources.arn(ids.VPC, request["VpcId"]),),
    }
    return [resources.of(ids.VPC, request["VpcId"]), resources.new(ids.PEERING, keys)]


def peering_and_accepter(reader: Reader, caller: Caller, request: Request) -> list[Target]:
    """A peering connection, and the VPC that it was offered to."""
    resources = Resources(reader, caller)
    found = reader.peering(caller.account_id, caller.region, request["VpcPeeringConnectionId"])
    own = found is not None and (found.accepter.owner_id, found.accepter.region) == (caller.account_id, caller.region)
    vpcs = [resources.of(ids.VPC, found.accepter.vpc_id)] if found and own else []
    if found and not own:
        vpcs = [Target(arn_of_side(found.accepter))]
    return [resources.of(ids.PEERING, request["VpcPeeringConnectionId"]), *vpcs]


# --- Interfaces and instances ---


def new_interface(reader: Reader, caller: Caller, request: Request) -> list[Target]:
    """The interface to be, its subnet, and the groups that it will carry."""
    resources = Resources(reader, caller)
    found = reader.subnet(caller.account_id, caller.region, request["SubnetId"])
    keys = {"ec2:subnet": (resources.arn(ids.SUBNET, request["SubnetId"]),)}
    group_ids = list(request.get("Groups") or ())
    if found:
        keys |= {
            "ec2:availabilityzone": (found.availability_zone,),
            "ec2:vpc": (resources.arn(ids.VPC, found.vpc_id),),
        }
        default = None if group_ids else reader.group_by_name(found.vpc_id, "default")
        group_ids += [default.group_id] if default else []
    return [
        resources.new(ids.INTERFACE, keys),
        resources.of(ids.SUBNET, request["SubnetId"]),
        *resources.all_of(ids.GROUP, group_ids),
    ]


def interface_and_instance(reader: Reader, caller: Caller, request: Request) -> list[Target]:
    """An interface, and the instance that it is to be attached to."""
    return interface(reader, caller, request) + instance(reader, caller, request)


def attached(reader: Reader, caller: Caller, request: Request) -> list[Target]:
    """The interface that is attached by AttachmentId, and its instance."""
    return _attached(Resources(reader, caller), request["AttachmentId"])


def _attached(resources: Resources, attachment_id: str) -> list[Target]:
    caller = resources.caller
    found = resources.reader.interface_of_attachment(caller.account_id, caller.region, attachment_id)
    if found is None or found.attachment is None:
        return [resources.bare(ids.INTERFACE), resources.bare(ids.INSTANCE)]
    return [
        resources.of(ids.INTERFACE, found.interface_id),
        resources.of(ids.INSTANCE, found.attachment.instance_id),
    ]


def interface_modified(reader: Reader, caller: Caller, request: Request) -> list[Target]:
    """An interface, the groups that it is to carry, and the instance of the attachment that is modified."""
    resources = Resources(reader, caller)
    attachment_id = (request.get("Attachment") or {}).get("AttachmentId")
    return [
        *interface(reader, caller, request),
        *resources.all_of(ids.GROUP, request.get("Groups") or ()),
        *(_attached(resources, attachment_id)[1:] if attachment_id else ()),
    ]


def instance_modified(reader: Reader, caller: Caller, request: Request) -> list[Target]:
    """An instance, and the groups that its interface is to carry."""
    groups = Resources(reader, caller).all_of(ids.GROUP, request.get("Groups") or ())
    return instance(reader, caller, request) + groups


# --- Tags ---


def tagged(reader: Reader, caller: Caller, request: Request) -> list[Target]:
    """The resources that are named, of whatever kinds."""
    resources = Resources(reader, caller)
    return resources.all_named([(ids.kind_of(each), each) for each in dict.fromkeys(request["Resources"])])


RESOURCE_TYPES: Final[Mapping[Targets, tuple[str, ...]]] = {
    no_target: (),
    interface: ("network-interface",),
    prefix_list: ("prefix-list",),
    subnet: ("subnet",),
    vpc: ("vpc",),
    peering: ("vpc-peering-connection",),
    instance: ("instance",),
    group: ("security-group",),
    group_and_vpc: ("security-group", "vpc"),
    new_group: ("security-group", "vpc"),
    group_and_rules: ("security-group", "security-group-rule"),
    new_vpc: ("vpc",),
    vpc_of_block: ("vpc",),
    new_subnet: ("subnet", "vpc"),
    new_prefix_list: ("prefix-list",),
    new_peering: ("vpc", "vpc-peering-connection"),
    peering_and_accepter: ("vpc", "vpc-peering-connection"),
    new_interface: ("network-interface", "security-group", "subnet"),
    interface_and_instance: ("instance", "network-interface"),
    attached: ("instance", "network-interface"),
    interface_modified: ("instance", "network-interface", "security-group"),
    instance_modified: ("instance", "security-group"),
    tagged: tuple(sorted(kind.resource_type or "" for kind in ids.TAGGED_KINDS.values())),
}
"""What kinds of resources each of these may answer, for documents; a test compares it with what they do answer."""
