"""VPCs, their blocks, attributes and subnets: sections 3.15 and 3.16."""

from __future__ import annotations

from ipaddress import ip_network

from .base import (
    BAD,
    Answer,
    Fault,
    Refused,
    Request,
    Rule,
    Subnet,
    Vpc,
    accepted,
    block_of,
    check_dry_run,
    overlap,
    refuse_any,
    syntax,
)
from .rules import EVERYWHERE, Rules

ATTRIBUTES = {
    "enableDnsSupport": "EnableDnsSupport",
    "enableDnsHostnames": "EnableDnsHostnames",
    "enableNetworkAddressUsageMetrics": "EnableNetworkAddressUsageMetrics",
}
RESERVED = 5
"""Addresses of a subnet that nobody can have."""


class Networks(Rules):
    """VPCs and subnets."""

    # --- VPCs ---

    def create_vpc(self, request: Request, said: Answer) -> Answer:
        wants_ipv6 = request.get("AmazonProvidedIpv6CidrBlock")
        if not request.get("CidrBlock"):
            raise Refused(("MissingParameter", None))
        if wants_ipv6 and "Ipv6CidrBlock" in request:
            raise Refused(("InvalidParameterCombination", None))
        check_dry_run(request)
        faults = self.vpc_block_faults(request) + self.tag_faults(request, "vpc")
        if len(self.vpcs) >= self.limits.vpcs:
            faults.append(("VpcLimitExceeded", None))
        refuse_any(faults)
        vpc_id = self.new("vpc", said, "Vpc", "VpcId")
        shown = said["Vpc"]
        (first,) = shown["CidrBlockAssociationSet"]
        vpc = Vpc(
            vpc_id, {first["AssociationId"]: str(block_of(request["CidrBlock"], 4))}, attributes=attributes(False)
        )
        self.vpcs[vpc_id] = vpc
        if wants_ipv6 or "Ipv6CidrBlock" in request:
            (sixth,) = shown["Ipv6CidrBlockAssociationSet"]
            vpc.blocks[sixth["AssociationId"]] = self.given_ipv6(request, sixth["Ipv6CidrBlock"])
        self.keep_tags(request, vpc_id)
        self.add_default_group(vpc_id)
        return {"Vpc": {"State": "pending", "CidrBlock": block_of(request["CidrBlock"], 4), "IsDefault": False}}

    def vpc_block_faults(self, request: Request) -> list[Fault]:
        faults: list[Fault] = []
        for member, version, shortest, longest in (("CidrBlock", 4, 16, 28), ("Ipv6CidrBlock", 6, 0, 64)):
            if (text := request.get(member)) is None:
                continue
            block = block_of(text, version)
            if block is None:
                name = member[0].lower() + member[1:]
                faults.append((BAD, f"Value ({text}) for parameter {name} is invalid. This is not a valid CIDR block."))
            elif not shortest <= ip_network(block).prefixlen <= longest:
                faults.append(("InvalidVpc.Range", f"The CIDR '{text}' is invalid."))
        return faults

    def given_ipv6(self, request: Request, shown: str) -> str:
        """The block that was asked for, or the one that EC2 chose: a /56."""
        if "Ipv6CidrBlock" in request:
            return str(block_of(request["Ipv6CidrBlock"], 6))
        assert shown.endswith("/56"), shown
        assert not any(overlap(shown, vpc.blocks.values()) for vpc in self.vpcs.values())
        return shown

    def create_default_vpc(self, request: Request, said: Answer) -> Answer:
        check_dry_run(request)
        faults: list[Fault] = []
        if self.default_vpc:
            faults.append(("DefaultVpcAlreadyExists", "A Default VPC already exists for this account in this region."))
        if len(self.vpcs) >= self.limits.vpcs:
            faults.append(("VpcLimitExceeded", None))
        refuse_any(faults)
        self.learn_default_vpc(self.new("vpc", said, "Vpc", "VpcId"))
        return {"Vpc": {"CidrBlock": "172.31.0.0/16", "IsDefault": True}}

    def learn_default_vpc(self, vpc_id: str) -> None:
        """What EC2 makes with it: a /20 in each zone, and its default group."""
        (shown,) = self.look("DescribeVpcs", {"VpcIds": [vpc_id]})["Vpcs"]
        (first,) = shown["CidrBlockAssociationSet"]
        self.vpcs[vpc_id] = Vpc(vpc_id, {first["AssociationId"]: "172.31.0.0/16"}, True, attributes(True))
        self.add_default_group(vpc_id)
        subnets = self.look("DescribeSubnets", {"Filters": [{"Name": "vpc-id", "Values": [vpc_id]}]})["Subnets"]
        assert sorted(each["AvailabilityZone"] for each in subnets) == self.zones
        for each in subnets:
            zone, block = each["AvailabilityZone"], each["CidrBlock"]
            assert block_of(block, 4) == block
            assert ip_network(block).prefixlen == 20
            self.subnets[each["SubnetId"]] = Subnet(each["SubnetId"], vpc_id, zone, block, is_default=True)

    def delete_vpc(self, request: Request, said: Answer) -> Answer:
        syntax("DeleteVpc", request)
        check_dry_run(request)
        vpc_id = request["VpcId"]
        faults = self.absent("vpc", vpc_id)
        groups = [each for each in self.groups.values() if each.vpc_id == vpc_id]
        subnets = any(each.vpc_id == vpc_id for each in self.subnets.values())
        if subnets or len(groups) > 1 or any(each == vpc_id for _, each in self.associations) or self.active(vpc_id):
            faults.append(("DependencyViolation", f"The vpc '{vpc_id}' has dependencies and cannot be deleted."))
        refuse_any(faults)
        for group in groups:
            self.drop_group(group)
        self.end_requests(vpc_id)
        del self.vpcs[vpc_id]
        self.tags.pop(vpc_id, None)
        return {}

    def active(self, vpc_id: str) -> list[str]:
        """The other sides of its active peering connections."""
        sides = [(each.requester, each.accepter) for each in self.peerings.values() if each.status == "active"]
        return [one if other == vpc_id else other for one, other in sides if vpc_id in (one, other)]

    def end_requests(self, vpc_id: str) -> None:
        raise NotImplementedError

    # --- Blocks ---

    def associate_vpc_cidr_block(self, request: Request, said: Answer) -> Answer:
        syntax("AssociateVpcCidrBlock", request)
        given = [name for name in ("CidrBlock", "Ipv6CidrBlock", "AmazonProvidedIpv6CidrBlock") if request.get(name)]
        if len(given) != 1:
            raise Refused(("InvalidParameterCombination", None), ("MissingParameter", None))
        check_dry_run(request)
        vpc_id, version = request["VpcId"], 4 if given == ["CidrBlock"] else 6
        refuse_any(self.absent("vpc", vpc_id))
        vpc = self.vpcs[vpc_id]
        faults = self.vpc_block_faults(request)
        block = block_of(request.get(given[0], ""), version) if "Amazon" not in given[0] else None
        near = [
            *vpc.blocks.values(),
            *(each for other in self.active(vpc_id) for each in self.vpcs[other].blocks.values()),
        ]
        if block and overlap(block, near):
            faults.append(("InvalidVpc.Range", None))
        most = self.limits.ipv4_blocks if version == 4 else self.limits.ipv6_blocks
        if len(vpc.of_version(version)) >= most:
            text = f"This network {vpc_id} has met its maximum number of allowed CIDRs: {most}"
            faults.append(("CidrLimitExceeded", text))
        refuse_any(faults)
        accepted(said)
        name = "CidrBlockAssociation" if version == 4 else "Ipv6CidrBlockAssociation"
        association_id = self.new("vpc-cidr-assoc", said, name, "AssociationId")
        if version == 6 and not vpc.of_version(6):
            for group in self.groups.values():
                egress = [key for key in group.rules if key[0]]
                if group.vpc_id == vpc_id and egress == [(True, "-1", -1, -1, EVERYWHERE[4])]:
                    group.rules[True, "-1", -1, -1, EVERYWHERE[6]] = Rule(None)
        vpc.blocks[association_id] = block or self.given_ipv6(request, said[name]["Ipv6CidrBlock"])
        return {"VpcId": vpc_id}

    def disassociate_vpc_cidr_block(self, request: Request, said: Answer) -> Answer:
        syntax("DisassociateVpcCidrBlock", request)
        check_dry_run(request)
        association_id = request["AssociationId"]
        refuse_any(self.absent("vpc-cidr-assoc", association_id))
        vpc = next(each for each in self.vpcs.values() if association_id in each.blocks)
        block = vpc.blocks[association_id]
        faults: list[Fault] = [("OperationNotPermitted", None)] if association_id == next(iter(vpc.blocks)) else []
        mine = [each for each in self.subnets.values() if each.vpc_id == vpc.vpc_id]
        if any(overlap(block, [each.block, *([each.ipv6_block] if each.ipv6_block else [])]) for each in mine):
            faults.append(("InvalidCidrBlock.InUse", None))
        refuse_any(faults)
        del vpc.blocks[association_id]
        return {"VpcId": vpc.vpc_id}

    # --- Attributes ---

    def modify_vpc_attribute(self, request: Request, said: Answer) -> Answer:
        syntax("ModifyVpcAttribute", request)
        given = {name: member for name, member in ATTRIBUTES.items() if "Value" in request.get(member, {})}
        if len(given) != 1:
            raise Refused(("InvalidParameterCombination", None), ("MissingParameter", None))
        check_dry_run(request)
        refuse_any(self.absent("vpc", request["VpcId"]))
        held = self.vpcs[request["VpcId"]].attributes
        ((name, member),) = given.items()
        value = request[member]["Value"]
        if name == "enableDnsHostnames" and value and not held["enableDnsSupport"]:
            raise Refused(("InvalidParameterCombination", None))
        held[name] = value
        return {}

    def describe_vpc_attribute(self, request: Request, said: Answer) -> Answer:
        syntax("DescribeVpcAttribute", request)
        if request["Attribute"] not in ATTRIBUTES:
            raise Refused((BAD, None))
        check_dry_run(request)
        refuse_any(self.absent("vpc", request["VpcId"]))
        value = self.vpcs[request["VpcId"]].attributes[request["Attribute"]]
        return {"VpcId": request["VpcId"], ATTRIBUTES[request["Attribute"]]: {"Value": value}}

    # --- Subnets ---

    def create_subnet(self, request: Request, said: Answer) -> Answer:
        syntax("CreateSubnet", request)
        if "CidrBlock" not in request:
            raise Refused(("MissingParameter", None))
        check_dry_run(request)
        vpc_id, zone = request["VpcId"], request.get("AvailabilityZone")
        faults = self.absent("vpc", vpc_id) + self.tag_faults(request, "subnet")
        if zone not in (None, *self.zones):
            faults.append((BAD, None))
        blocks = self.vpcs[vpc_id].blocks.values() if vpc_id in self.vpcs else []
        mine = [each for each in self.subnets.values() if each.vpc_id == vpc_id]
        faults += subnet_block_faults(request["CidrBlock"], 4, blocks, [each.block for each in mine])
        if "Ipv6CidrBlock" in request:
            taken = [each.ipv6_block for each in mine if each.ipv6_block]
            faults += subnet_block_faults(request["Ipv6CidrBlock"], 6, blocks, taken)
        refuse_any(faults + self.subnet_limit(vpc_id))
        subnet_id = self.new("subnet", said, "Subnet", "SubnetId")
        ipv6 = block_of(request["Ipv6CidrBlock"], 6) if "Ipv6CidrBlock" in request else None
        self.subnets[subnet_id] = Subnet(
            subnet_id, vpc_id, zone or said["Subnet"]["AvailabilityZone"], str(block_of(request["CidrBlock"], 4)), ipv6
        )
        self.keep_tags(request, subnet_id)
        return {"Subnet": self.shown_subnet(subnet_id)}

    def subnet_limit(self, vpc_id: str) -> list[Fault]:
        number = sum(each.vpc_id == vpc_id for each in self.subnets.values())
        return [("SubnetLimitExceeded", None)] if number >= self.limits.subnets else []

    def create_default_subnet(self, request: Request, said: Answer) -> Answer:
        if "AvailabilityZone" not in request:
            raise Refused(("MissingParameter", None))
        check_dry_run(request)
        zone = request["AvailabilityZone"]
        faults: list[Fault] = [(BAD, None)] if zone not in self.zones else []
        vpc_id = self.default_vpc
        if vpc_id is None:
            raise Refused(*faults, ("DefaultVpcDoesNotExist", None))
        mine = [each for each in self.subnets.values() if each.vpc_id == vpc_id]
        if any(each.is_default and each.zone == zone for each in mine):
            faults.append(("DefaultSubnetAlreadyExistsInAvailabilityZone", None))
        whole = ip_network(next(iter(self.vpcs[vpc_id].blocks.values())))
        free = [
            str(each) for each in whole.subnets(new_prefix=20) if not overlap(str(each), (own.block for own in mine))
        ]
        if not free:
            faults.append(("InvalidSubnet.Conflict", None))
        refuse_any(faults + self.subnet_limit(vpc_id))
        subnet_id = self.new("subnet", said, "Subnet", "SubnetId")
        self.subnets[subnet_id] = Subnet(subnet_id, vpc_id, zone, free[0], is_default=True)
        return {"Subnet": self.shown_subnet(subnet_id)}

    def delete_subnet(self, request: Request, said: Answer) -> Answer:
        syntax("DeleteSubnet", request)
        check_dry_run(request)
        subnet_id = request["SubnetId"]
        faults = self.absent("subnet", subnet_id)
        if any(each.subnet_id == subnet_id for each in self.interfaces.values()):
            text = f"The subnet '{subnet_id}' has dependencies and cannot be deleted."
            faults.append(("DependencyViolation", text))
        refuse_any(faults)
        del self.subnets[subnet_id]
        self.tags.pop(subnet_id, None)
        return {}

    def shown_subnet(self, subnet_id: str) -> Answer:
        subnet = self.subnets[subnet_id]
        taken = sum(len(each.ipv4) for each in self.interfaces.values() if each.subnet_id == subnet_id)
        return {
            "SubnetId": subnet_id,
            "VpcId": subnet.vpc_id,
            "CidrBlock": subnet.block,
            "AvailabilityZone": subnet.zone,
            "DefaultForAz": subnet.is_default,
            "AvailableIpAddressCount": ip_network(subnet.block).num_addresses - RESERVED - taken,
            "OwnerId": self.owner,
        }


def attributes(is_default: bool) -> dict[str, bool]:
    return dict(zip(ATTRIBUTES, (True, is_default, False), strict=True))


def subnet_block_faults(text: str, version: int, blocks: list[str], taken: list[str]) -> list[Fault]:
    block = block_of(text, version)
    if block is None:
        return [(BAD, None)]
    mine = ip_network(block)
    sizes = range(16, 29) if version == 4 else range(44, 65, 4)
    around = [ip_network(each) for each in blocks]
    if mine.prefixlen not in sizes or not any(each.version == version and mine.subnet_of(each) for each in around):
        return [("InvalidSubnet.Range", f"The CIDR '{text}' is invalid.")]
    return (
        [("InvalidSubnet.Conflict", f"The CIDR '{text}' conflicts with another subnet")]
        if overlap(block, taken)
        else []
    )
