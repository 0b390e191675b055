"""Network interfaces, the hosts that have some, and their addresses: section 3.16."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from itertools import islice

from .base import (
    BAD,
    TWO_NETWORKS,
    Answer,
    Fault,
    Interface,
    Refused,
    Request,
    check_dry_run,
    refuse_any,
    syntax,
)
from .prefix_lists import PrefixLists

CREATE = "CreateNetworkInterface"


class Interfaces(PrefixLists):
    """Interfaces, with and without a host."""

    def create_network_interface(self, request: Request, said: Answer) -> Answer:
        syntax(CREATE, request)
        check_dry_run(request)
        made, faults = self.made_before(CREATE, request)
        if made:
            refuse_any(self.absent("eni", made))
            return {"NetworkInterface": {"NetworkInterfaceId": made}}
        subnet_id = request["SubnetId"]
        refuse_any(self.absent("subnet", subnet_id) + faults)
        vpc_id = self.subnets[subnet_id].vpc_id
        groups = list(dict.fromkeys(request.get("Groups", [self.default_group(vpc_id).group_id])))
        faults += self.absent("sg", *groups) + self.tag_faults(request, "network-interface")
        if set(groups) & self.groups.keys() - set(self.usable_in(vpc_id)):
            faults.append(("InvalidParameter", None))
        if len(groups) > self.limits.groups_per_interface:
            faults.append((BAD, None))
        if len(self.interfaces) >= self.limits.interfaces:
            faults.append(("NetworkInterfaceLimitExceeded", None))
        chosen: dict[int, list[str]] = {4: [], 6: []}
        first = [request["PrivateIpAddress"]] if "PrivateIpAddress" in request else []
        for version, given, count in (
            (4, first, request.get("SecondaryPrivateIpAddressCount", 0) + 1 - len(first)),
            (6, [each["Ipv6Address"] for each in request.get("Ipv6Addresses", [])], request.get("Ipv6AddressCount", 0)),
        ):
            if given and version == 6 and count:
                faults.append(("InvalidParameterCombination", None))
            try:
                chosen[version] = self.addresses(subnet_id, version, given, count, "InvalidIPAddress.InUse")
            except Refused as refused:
                faults += refused.args
        refuse_any(faults)
        interface_id = self.new("eni", said, "NetworkInterface", "NetworkInterfaceId")
        text = request.get("Description", "")
        self.interfaces[interface_id] = Interface(interface_id, subnet_id, vpc_id, groups, chosen[4], chosen[6], text)
        self.keep_tags(request, interface_id)
        self.record(CREATE, request, interface_id)
        return {"NetworkInterface": self.shown_interface(interface_id) | {"Status": "pending"}}

    # --- Addresses ---

    def block(self, subnet_id: str, version: int) -> str | None:
        subnet = self.subnets[subnet_id]
        return subnet.block if version == 4 else subnet.ipv6_block

    def holders(self, vpc_id: str) -> dict[str, Interface]:
        mine = [each for each in self.interfaces.values() if each.vpc_id == vpc_id]
        return {address: each for each in mine for address in each.ipv4 + each.ipv6}

    def addresses(self, subnet_id: str, version: int, given: list[str], count: int, in_use: str) -> list[str]:
        """Those given, if the subnet has them to give, and so many of its lowest free ones."""
        block = self.block(subnet_id, version)
        if not given and not count:
            return []
        if block is None:
            raise Refused((BAD, None))
        held = self.holders(self.subnets[subnet_id].vpc_id)
        faults: list[Fault] = [] if len(set(given)) == len(given) else [(BAD, None)]
        for text in given:
            try:
                is_there = ip_address(text) in ip_network(block) and not is_reserved(text, block)
            except ValueError:
                is_there = False
            if not is_there:
                faults.append((BAD, None))
            elif str(ip_address(text)) in held:
                faults.append((in_use, None))
        refuse_any(faults)
        spelt = [str(ip_address(text)) for text in given]
        room = (str(each) for each in ip_network(block) if not is_reserved(str(each), block))
        free = list(islice((each for each in room if each not in held and each not in spelt), count))
        if len(free) < count:
            raise Refused(("InsufficientFreeAddressesInSubnet", None))
        return spelt + free

    def known_interface(self, request: Request, changes_addresses: bool = False) -> Interface:
        refuse_any(self.absent("eni", request["NetworkInterfaceId"]))
        found = self.interfaces[request["NetworkInterfaceId"]]
        if changes_addresses and found.is_own:
            raise Refused(("UnsupportedOperation", None))
        return found

    def either(self, action: str, request: Request, given: str, count: str) -> None:
        """Addresses or how many; then a dry run ends."""
        syntax(action, request)
        if (given in request) is (count in request):
            raise Refused(("InvalidParameterCombination", None), ("MissingParameter", None))
        check_dry_run(request)

    def assign_private_ip_addresses(self, request: Request, said: Answer) -> Answer:
        given, count = "PrivateIpAddresses", "SecondaryPrivateIpAddressCount"
        self.either("AssignPrivateIpAddresses", request, given, count)
        found = self.known_interface(request, changes_addresses=True)
        asked = [each for each in request.get(given, []) if each not in found.ipv4]
        held = self.holders(found.vpc_id)
        losers = {each: held[each] for each in asked if each in held and request.get("AllowReassignment")}
        faults: list[Fault] = [("UnsupportedOperation", None) for each in losers.values() if each.is_own]
        faults += [(BAD, None) for each, loser in losers.items() if loser.ipv4[0] == each]
        wanted, new = [each for each in asked if each not in losers], []
        try:
            new = self.addresses(found.subnet_id, 4, wanted, request.get(count, 0), BAD)
        except Refused as refused:
            faults += refused.args
        refuse_any(faults)
        for each, loser in losers.items():
            loser.ipv4.remove(each)
        found.ipv4 += new if count in request else asked
        return {"NetworkInterfaceId": found.interface_id}

    def unassign_private_ip_addresses(self, request: Request, said: Answer) -> Answer:
        syntax("UnassignPrivateIpAddresses", request)
        if "PrivateIpAddresses" not in request:
            raise Refused(("MissingParameter", None))
        check_dry_run(request)
        found = self.known_interface(request, changes_addresses=True)
        if not set(request["PrivateIpAddresses"]) <= set(found.ipv4[1:]):
            raise Refused((BAD, None))
        found.ipv4 = [each for each in found.ipv4 if each not in request["PrivateIpAddresses"]]
        return {}

    def assign_ipv6_addresses(self, request: Request, said: Answer) -> Answer:
        self.either("AssignIpv6Addresses", request, "Ipv6Addresses", "Ipv6AddressCount")
        found = self.known_interface(request, changes_addresses=True)
        asked = [each for each in request.get("Ipv6Addresses", []) if each not in found.ipv6]
        count = request.get("Ipv6AddressCount", 0)
        new = self.addresses(found.subnet_id, 6, asked, count, "InvalidIPAddress.InUse")
        found.ipv6 += new
        return {"NetworkInterfaceId": found.interface_id, "AssignedIpv6Addresses": new}

    def unassign_ipv6_addresses(self, request: Request, said: Answer) -> Answer:
        syntax("UnassignIpv6Addresses", request)
        if "Ipv6Addresses" not in request:
            raise Refused(("MissingParameter", None))
        check_dry_run(request)
        found = self.known_interface(request, changes_addresses=True)
        if not set(request["Ipv6Addresses"]) <= set(found.ipv6):
            raise Refused((BAD, None))
        found.ipv6 = [each for each in found.ipv6 if each not in request["Ipv6Addresses"]]
        return {"NetworkInterfaceId": found.interface_id, "UnassignedIpv6Addresses": request["Ipv6Addresses"]}

    # --- One interface, one host ---

    def delete_network_interface(self, request: Request, said: Answer) -> Answer:
        syntax("DeleteNetworkInterface", request)
        check_dry_run(request)
        found = self.known_interface(request)
        if found.instance_id:
            raise Refused((BAD, f"Network interface '{found.interface_id}' is currently in use."), (BAD, None))
        del self.interfaces[found.interface_id]
        self.tags.pop(found.interface_id, None)
        return {}

    def attach_network_interface(self, request: Request, said: Answer) -> Answer:
        syntax("AttachNetworkInterface", request)
        place = request["DeviceIndex"]
        if not 0 <= place < 1024:
            raise Refused((BAD, None))
        check_dry_run(request)
        refuse_any(self.absent("eni", request["NetworkInterfaceId"]) + self.absent("i", request["InstanceId"]))
        found, host_id = self.interfaces[request["NetworkInterfaceId"]], request["InstanceId"]
        theirs = {each.place: each for each in self.interfaces.values() if each.instance_id == host_id}
        faults: list[Fault] = [("InvalidNetworkInterface.InUse", None)] if found.instance_id else []
        if (found.vpc_id, self.zone(found)) != (theirs[0].vpc_id, self.zone(theirs[0])):
            faults.append(("InvalidParameterCombination", None))
        if place in theirs:
            text = f"Instance '{host_id}' already has an interface attached at device index '{place}'."
            faults.append((BAD, text))
        refuse_any(faults)
        found.attachment_id = self.new("eni-attach", said, "AttachmentId")
        found.instance_id, found.place, found.goes = host_id, place, False
        return {"AttachmentId": found.attachment_id, "NetworkCardIndex": 0}

    def zone(self, found: Interface) -> str:
        return self.subnets[found.subnet_id].zone

    def detach_network_interface(self, request: Request, said: Answer) -> Answer:
        syntax("DetachNetworkInterface", request)
        check_dry_run(request)
        refuse_any(self.absent("eni-attach", request["AttachmentId"]))
        found = next(each for each in self.interfaces.values() if each.attachment_id == request["AttachmentId"])
        if found.is_own:
            raise Refused(("OperationNotPermitted", None))
        found.instance_id, found.attachment_id, found.place = None, None, 0
        return {}

    def set_groups(self, found: Interface, given: list[str]) -> None:
        groups = list(dict.fromkeys(given))
        faults = self.absent("sg", *groups)
        if set(groups) & self.groups.keys() - set(self.usable_in(found.vpc_id)):
            faults.append(("InvalidGroup.NotFound", TWO_NETWORKS))
        if len(groups) > self.limits.groups_per_interface:
            text = "The maximum number of security groups per interface has been reached."
            faults.append(("SecurityGroupsPerInterfaceLimitExceeded", text))
        refuse_any(faults)
        found.group_ids = groups

    def change(self, found: Interface, request: Request) -> Answer:
        """One of groups, description, source-destination check and whether it goes with its host."""
        given = request.keys() & {"Groups", "Description", "SourceDestCheck", "Attachment"}
        if len(given) != 1:
            raise Refused(("InvalidParameterCombination", None))
        if "Groups" in request:
            self.set_groups(found, request["Groups"])
        elif "Description" in request:
            found.description = request["Description"]["Value"]
        elif "Attachment" in request:
            goes = request["Attachment"]["DeleteOnTermination"]
            if request["Attachment"]["AttachmentId"] != found.attachment_id:
                raise Refused(("InvalidAttachmentID.NotFound", None))
            if found.is_own and not goes:
                raise Refused(("UnsupportedOperation", None))
            found.goes = goes
        elif request["SourceDestCheck"]["Value"] and found.is_own:
            raise Refused(("UnsupportedOperation", None))
        else:
            found.checked = request["SourceDestCheck"]["Value"]
        return {}

    def modify_network_interface_attribute(self, request: Request, said: Answer) -> Answer:
        syntax("ModifyNetworkInterfaceAttribute", request)
        check_dry_run(request)
        return self.change(self.known_interface(request), request)

    def describe_network_interface_attribute(self, request: Request, said: Answer) -> Answer:
        syntax("DescribeNetworkInterfaceAttribute", request)
        shown = {"description", "groupSet", "sourceDestCheck", "attachment"}
        if request.get("Attribute") not in shown:
            code = BAD if "Attribute" in request else "InvalidParameterCombination"
            raise Refused((code, None))
        check_dry_run(request)
        found = self.known_interface(request)
        answers: dict[str, Answer] = {
            "description": {"Description": {"Value": found.description}},
            "groupSet": {"Groups": self.shown_interface(found.interface_id)["Groups"]},
            "sourceDestCheck": {"SourceDestCheck": {"Value": found.checked}},
            "attachment": {"Attachment": shown_attachment(found)},
        }
        return {"NetworkInterfaceId": found.interface_id} | answers[request["Attribute"]]

    def primary(self, request: Request) -> Interface:
        refuse_any(self.absent("i", request["InstanceId"]))
        mine = [each for each in self.interfaces.values() if each.instance_id == request["InstanceId"]]
        return next(each for each in mine if each.is_own)

    def modify_instance_attribute(self, request: Request, said: Answer) -> Answer:
        syntax("ModifyInstanceAttribute", request)
        check_dry_run(request)
        found = self.primary(request)
        several = [each for each in self.interfaces.values() if each.instance_id == found.instance_id][1:]
        if several and len(request.keys() & {"Groups", "SourceDestCheck"}) == 1:
            raise Refused(("InvalidInstanceID", None))
        return self.change(found, request)

    def describe_instance_attribute(self, request: Request, said: Answer) -> Answer:
        syntax("DescribeInstanceAttribute", request)
        if request.get("Attribute") not in ("groupSet", "sourceDestCheck"):
            raise Refused((BAD, None))
        check_dry_run(request)
        found = self.primary(request)
        if request["Attribute"] == "groupSet":
            return {"Groups": [{"GroupId": each} for each in found.group_ids]}
        return {"SourceDestCheck": {"Value": found.checked}}

    def shown_interface(self, interface_id: str) -> Answer:
        found = self.interfaces[interface_id]
        return {
            "NetworkInterfaceId": interface_id,
            "SubnetId": found.subnet_id,
            "VpcId": found.vpc_id,
            "OwnerId": self.owner,
            "Description": found.description,
            "SourceDestCheck": found.checked,
            "Status": "in-use" if found.instance_id else "available",
            "Attachment": shown_attachment(found),
            "PrivateIpAddress": found.ipv4[0],
            "PrivateIpAddresses": [{"Primary": each == found.ipv4[0], "PrivateIpAddress": each} for each in found.ipv4],
            "Ipv6Addresses": [{"Ipv6Address": each} for each in found.ipv6],
            "Groups": [{"GroupId": each, "GroupName": self.groups[each].name} for each in found.group_ids],
        }


def shown_attachment(found: Interface) -> Answer | None:
    if found.instance_id is None:
        return None
    return {
        "AttachmentId": found.attachment_id,
        "DeleteOnTermination": found.goes,
        "DeviceIndex": found.place,
        "InstanceId": found.instance_id,
        "Status": "attached",
    }


def is_reserved(address: str, block: str) -> bool:
    """The first four addresses of a subnet and the last one."""
    network = ip_network(block)
    place = int(ip_address(address)) - int(network.network_address)
    return place < 4 or place == network.num_addresses - 1
