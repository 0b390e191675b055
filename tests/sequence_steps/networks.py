"""VPCs, blocks, subnets, peering connections, associations, and the time that passes."""

from __future__ import annotations

from ipaddress import ip_network

from hypothesis import strategies as st

from plain_model import Request
from plain_model.base import overlap
from plain_model.networks import ATTRIBUTES

from .base import Steps, step

VPC_BLOCKS = ["10.0.0.0/16", "10.1.2.3/16", "10.2.0.0/24", "10.3.0.0/28", "192.168.0.0/24"]
BAD_VPC_BLOCKS = ["10.0.0.0/15", "10.0.0.0/29", "10.0.0.0", "nonsense", "2001:db8::/56"]
IPV6_BLOCKS = ["2001:db8::/56", "2001:db8:1::/56"]
BAD_IPV6_BLOCKS = ["2001:db8::/65", "10.0.0.0/16"]
# What passes: hours until what ended isn't shown, days until a request expires and is forgotten. No sum is a bound.
SPANS = [1_001, 5_003, 100_007, 620_009]


class NetworkSteps(Steps):
    """What groups lie in, and what lets them reach each other."""

    # --- VPCs ---

    @step()
    def create_vpc(self, data: st.DataObject) -> None:
        request = {"CidrBlock": self.choose(data, VPC_BLOCKS, *BAD_VPC_BLOCKS)} | self.tags(data, "vpc")
        if self.perhaps(data):
            request["Ipv6CidrBlock"] = self.choose(data, IPV6_BLOCKS, *BAD_IPV6_BLOCKS)
        if self.perhaps(data):
            request["AmazonProvidedIpv6CidrBlock"] = True
        self.do("CreateVpc", request, data)

    @step()
    def delete_vpc(self, data: st.DataObject) -> None:
        """One that nothing is in, if there is one."""
        vpc_id = self.any_of(data, "vpc")
        if self.perhaps(data, 1) and vpc_id in self.model.vpcs and vpc_id != self.model.default_vpc:
            self.clear(vpc_id)
        self.do("DeleteVpc", {"VpcId": vpc_id}, data)

    def clear(self, vpc_id: str) -> None:
        """What lies in the VPC goes, as far as it can."""
        model = self.model
        for interface in [each for each in model.interfaces.values() if each.vpc_id == vpc_id]:
            self.do("DeleteNetworkInterface", {"NetworkInterfaceId": interface.interface_id})
        for subnet in [each for each in model.subnets.values() if each.vpc_id == vpc_id]:
            self.do("DeleteSubnet", {"SubnetId": subnet.subnet_id})
        for group_id, there in [
            each for each in model.associations if vpc_id in (each[1], model.groups[each[0]].vpc_id)
        ]:
            self.do("DisassociateSecurityGroupVpc", {"GroupId": group_id, "VpcId": there})
        for group in [each for each in model.groups.values() if each.vpc_id == vpc_id and each.name != "default"]:
            self.do("DeleteSecurityGroup", {"GroupId": group.group_id})
        for peering in [each for each in model.peerings.values() if vpc_id in (each.requester, each.accepter)]:
            if peering.status == "active":
                self.do("DeleteVpcPeeringConnection", {"VpcPeeringConnectionId": peering.peering_id})

    @step()
    def default_vpc(self, data: st.DataObject) -> None:
        """The default VPC goes, as far as nothing holds it, and comes again, now or later."""
        vpc_id = self.model.default_vpc
        if vpc_id and not self.perhaps(data):
            self.clear(vpc_id)
            self.do("DeleteVpc", {"VpcId": vpc_id})
            if self.perhaps(data, 1):
                return
        self.do("CreateDefaultVpc", {}, data)

    @step()
    def associate_block(self, data: st.DataObject) -> None:
        request: Request = {"VpcId": self.any_of(data, "vpc")}
        kind = self.choose(data, ["CidrBlock", "Ipv6CidrBlock", "AmazonProvidedIpv6CidrBlock"], "", "both")
        if kind in ("CidrBlock", "both"):
            request["CidrBlock"] = self.choose(data, [*VPC_BLOCKS, "10.9.0.0/24"], *BAD_VPC_BLOCKS)
        if kind in ("Ipv6CidrBlock", "both"):
            request["Ipv6CidrBlock"] = self.choose(data, IPV6_BLOCKS, *BAD_IPV6_BLOCKS)
        if kind == "AmazonProvidedIpv6CidrBlock":
            request[kind] = True
        self.do("AssociateVpcCidrBlock", request, data)

    @step()
    def disassociate_block(self, data: st.DataObject) -> None:
        held = [each for subnet in self.model.subnets.values() for each in (subnet.block, subnet.ipv6_block) if each]
        further = [item for vpc in self.model.vpcs.values() for item in list(vpc.blocks.items())[1:]]
        free = [association_id for association_id, block in further if not overlap(block, held)]
        chosen = data.draw(st.sampled_from(free)) if free else self.any_of(data, "vpc-cidr-assoc", 12)
        self.do("DisassociateVpcCidrBlock", {"AssociationId": chosen}, data)

    @step(value=st.booleans())
    def vpc_attribute(self, data: st.DataObject, value: bool) -> None:
        """Set, then read."""
        vpc_id = self.any_of(data, "vpc")
        chosen = [data.draw(st.sampled_from(list(ATTRIBUTES))) for _ in range(self.choose(data, [1], 0, 2))]
        self.do("ModifyVpcAttribute", {"VpcId": vpc_id} | {ATTRIBUTES[each]: {"Value": value} for each in chosen}, data)
        name = self.choose(data, list(ATTRIBUTES), "bogus", odds=20)
        self.do("DescribeVpcAttribute", {"VpcId": vpc_id, "Attribute": name}, data)

    # --- Subnets ---

    @step()
    def create_subnet(self, data: st.DataObject) -> None:
        vpc_id = self.any_of(data, "vpc")
        vpc = self.model.vpcs.get(vpc_id)
        around = data.draw(st.sampled_from(vpc.of_version(4))) if vpc else "10.0.0.0/16"
        request: Request = {
            "VpcId": vpc_id,
            "CidrBlock": self.part(data, around, data.draw(st.sampled_from([24, 28, 28]))),
        }
        request |= self.tags(data, "subnet")
        if self.perhaps(data):
            request["AvailabilityZone"] = self.choose(data, self.model.zones, "eu-west-1a")
        if vpc and vpc.of_version(6) and self.perhaps(data, 1):
            request["Ipv6CidrBlock"] = self.part(data, vpc.of_version(6)[0], 64)
        self.do("CreateSubnet", request, data)

    def part(self, data: st.DataObject, around: str, length: int) -> str:
        """A block within the other, or once in a while one that can't be a subnet's."""
        network = ip_network(around)
        size = 2 ** (network.max_prefixlen - length)
        places = range(min(4, max(1, network.num_addresses // size)))
        good = [f"{network[0] + place * size}/{max(length, network.prefixlen)}" for place in places]
        held = [each for subnet in self.model.subnets.values() for each in (subnet.block, subnet.ipv6_block) if each]
        free = [each for each in good if not overlap(each, held)]
        return str(self.choose(data, free or good, *good, "10.200.0.0/24", f"{network[0]}/30", "nonsense"))

    @step()
    def delete_subnet(self, data: st.DataObject) -> None:
        self.do("DeleteSubnet", {"SubnetId": self.any_of(data, "subnet")}, data)

    @step()
    def create_default_subnet(self, data: st.DataObject) -> None:
        """In a zone that has none, if there is one."""
        mine = [each for each in self.model.subnets.values() if each.is_default]
        if len(mine) == len(self.model.zones) and not self.perhaps(data):
            self.do("DeleteSubnet", {"SubnetId": data.draw(st.sampled_from(mine)).subnet_id}, data)
        taken = [each.zone for each in self.model.subnets.values() if each.is_default]
        free = [each for each in self.model.zones if each not in taken]
        zone = self.choose(data, free or self.model.zones, *self.model.zones, "eu-west-1a", odds=6)
        self.do("CreateDefaultSubnet", {"AvailabilityZone": zone}, data)

    # --- Peering connections ---

    @step()
    def create_peering(self, data: st.DataObject) -> None:
        request: Request = {"VpcId": self.any_of(data, "vpc"), "PeerVpcId": self.any_of(data, "vpc")}
        if self.perhaps(data, 8):
            request["PeerOwnerId"] = data.draw(st.sampled_from([self.model.owner, "999999999999"]))
        self.do("CreateVpcPeeringConnection", request | self.tags(data, "vpc-peering-connection"), data)

    @step(verb=st.sampled_from(["Accept", "Reject", "Delete"]))
    def settle_peering(self, data: st.DataObject, verb: str) -> None:
        """One that waits or is active, mostly."""
        states = ("pending-acceptance",) if verb != "Delete" else ("pending-acceptance", "active")
        fit = sorted(each.peering_id for each in self.model.peerings.values() if each.status in states)
        chosen = data.draw(st.sampled_from(fit)) if fit and not self.perhaps(data, 4) else self.any_of(data, "pcx", 12)
        self.do(f"{verb}VpcPeeringConnection", {"VpcPeeringConnectionId": chosen}, data)

    @step()
    def peer(self, data: st.DataObject) -> None:
        """Two VPCs of no common block connected, and a rule of one that names a group of the other."""
        known = self.model.ids("vpc")
        pairs = [
            (one, other) for one in known for other in known if one < other and not self.model.cannot_be(one, other)
        ]
        if not pairs:
            return
        one, other = data.draw(st.sampled_from(pairs))
        made = self.do("CreateVpcPeeringConnection", {"VpcId": one, "PeerVpcId": other}, data)
        if made is None:
            return
        peering_id = made["VpcPeeringConnection"]["VpcPeeringConnectionId"]
        self.do("AcceptVpcPeeringConnection", {"VpcPeeringConnectionId": peering_id})
        groups = [data.draw(st.sampled_from(self.own_groups(each))) for each in (one, other)]
        pair = {"GroupId": groups[1], "VpcPeeringConnectionId": peering_id, "VpcId": other}
        asked = {"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "UserIdGroupPairs": [pair]}
        self.do("AuthorizeSecurityGroupIngress", {"GroupId": groups[0], "IpPermissions": [asked]}, data)

    def own_groups(self, vpc_id: str) -> list[str]:
        """Those of the VPC but the default one, if there are any."""
        mine = [each for each in self.model.groups.values() if each.vpc_id == vpc_id]
        others = sorted(each.group_id for each in mine if each.name != "default")
        return others or [each.group_id for each in mine]

    @step(seconds=st.sampled_from(SPANS))
    def wait(self, data: st.DataObject, seconds: int) -> None:
        """Requests expire, and what ended is forgotten."""
        self.pass_time(seconds)

    # --- Associations, and what crosses from VPC to VPC ---

    @step()
    def associate(self, data: st.DataObject) -> None:
        """A group that may be associated with a VPC that may be, mostly."""
        default = self.model.default_vpc
        groups = [
            each.group_id for each in self.model.groups.values() if each.name != "default" and each.vpc_id != default
        ]
        chosen = data.draw(st.sampled_from(groups)) if groups and not self.perhaps(data) else self.any_of(data, "sg")
        home = self.model.groups[chosen].vpc_id if chosen in self.model.groups else ""
        vpcs = [each for each in self.model.ids("vpc") if each not in (default, home)]
        vpc_id = data.draw(st.sampled_from(vpcs)) if vpcs and not self.perhaps(data) else self.any_of(data, "vpc")
        self.do("AssociateSecurityGroupVpc", {"GroupId": chosen, "VpcId": vpc_id}, data)

    @step(egress=st.booleans())
    def use_association(self, data: st.DataObject, egress: bool) -> None:
        """A rule between the associated group and one of the VPC, or an interface there that carries it."""
        if not self.model.associations:
            return
        group_id, vpc_id = data.draw(st.sampled_from(self.model.associations))
        there = sorted(each.group_id for each in self.model.groups.values() if each.vpc_id == vpc_id)
        subnets = sorted(each.subnet_id for each in self.model.subnets.values() if each.vpc_id == vpc_id)
        if subnets and self.perhaps(data, 2):
            self.do("CreateNetworkInterface", {"SubnetId": subnets[0], "Groups": [group_id]}, data)
            return
        ends = [group_id, data.draw(st.sampled_from(there))]
        if self.perhaps(data, 1):
            ends.reverse()
        asked = {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "UserIdGroupPairs": [{"GroupId": ends[1]}]}
        action = f"AuthorizeSecurityGroup{'Egress' if egress else 'Ingress'}"
        self.do(action, {"GroupId": ends[0], "IpPermissions": [asked]}, data)

    @step()
    def disassociate(self, data: st.DataObject) -> None:
        there = self.model.associations
        if not there and not self.perhaps(data):
            return
        if there and not self.perhaps(data, 5):
            group_id, vpc_id = data.draw(st.sampled_from(there))
        else:
            group_id, vpc_id = self.any_of(data, "sg"), self.any_of(data, "vpc")
        self.do("DisassociateSecurityGroupVpc", {"GroupId": group_id, "VpcId": vpc_id}, data)

    @step()
    def references(self, data: st.DataObject) -> None:
        asked = [self.any_of(data, "sg") for _ in range(data.draw(st.integers(1, 3)))]
        self.do("DescribeSecurityGroupReferences", {"GroupId": list(dict.fromkeys(asked))}, data)
