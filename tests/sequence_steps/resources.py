"""Prefix lists, interfaces and hosts, tags; regions, zones and the account."""

from __future__ import annotations

from ipaddress import ip_network

from hypothesis import strategies as st

from plain_model import Request
from plain_model.prefix_lists import FAMILIES

from .base import Steps, step, tag_lists

ENTRIES = {
    4: ["10.0.0.0/8", "10.1.2.3/8", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "0.0.0.0/0"],
    6: ["2001:db8::/32", "2001:DB8:1::/48", "::/0", "fd00::/8"],
}
TOKENS = ["one", "two"]


class ResourceSteps(Steps):
    """What rules name and groups hold."""

    # --- Prefix lists ---

    def entries(self, data: st.DataObject, family: str, most: int = 3) -> list[Request]:
        version = FAMILIES.get(family, 4)
        made = []
        for block in data.draw(st.lists(st.sampled_from(ENTRIES[version]), max_size=most, unique=True)):
            entry = {"Cidr": self.choose(data, [block], ENTRIES[10 - version][0], "nonsense", odds=40)}
            made.append(
                entry | ({"Description": self.choose(data, ["note", "other"], "n" * 256)} if self.perhaps(data) else {})
            )
        return made

    @step()
    def create_list(self, data: st.DataObject) -> None:
        family = self.choose(data, ["IPv4", "IPv4", "IPv6"], "ipv4", odds=20)
        request: Request = {
            "PrefixListName": self.choose(data, ["first", "second"], "com.amazonaws.x", odds=20),
            "MaxEntries": self.choose(data, [1, 2, 3, 4], 0, 6, 1001),
            "AddressFamily": family,
        } | self.tags(data, "prefix-list")
        if given := self.entries(data, family, 2):
            request["Entries"] = given
        self.with_token(data, "CreateManagedPrefixList", request)

    def with_token(self, data: st.DataObject, action: str, request: Request) -> None:
        """Asked with a client token at times, and then sometimes once more, as it was or as another request."""
        if not self.perhaps(data, 2):
            self.do(action, request, data)
            return
        request["ClientToken"] = data.draw(st.sampled_from(TOKENS))
        self.do(action, request, data)
        before = self.model.tokens.get((action, request["ClientToken"]))
        if before and self.perhaps(data, 1):
            # Shortly before or after the day is over for which a token is kept.
            if self.perhaps(data, 1):
                self.pass_time(data.draw(st.sampled_from([80_021, 87_013])))
            self.do(action, before[0] | {"ClientToken": request["ClientToken"]}, data)

    def a_list(self, data: st.DataObject) -> str:
        return str(self.choose(data, [self.any_of(data, "pl")], "pl-63a5400a", odds=15))

    @step(weight=2)
    def modify_list(self, data: st.DataObject) -> None:
        list_id = self.a_list(data)
        held = self.model.prefix_lists.get(list_id)
        version, family = (held.version, held.family) if held else (1, "IPv4")
        request: Request = {"PrefixListId": list_id}
        wanted = self.choose(data, ["entries", "entries", "size", "name"], "nothing", "both")
        if wanted in ("entries", "both"):
            request |= {"AddEntries": added} if (added := self.entries(data, family, 2)) else {}
            if held and held.entries and self.perhaps(data, 1):
                gone = self.choose(data, list(held.entries), ENTRIES[FAMILIES[family]][0])
                request["RemoveEntries"] = [{"Cidr": gone}]
            request["CurrentVersion"] = self.choose(data, [version], version + 1)
            if self.perhaps(data, 20):
                del request["CurrentVersion"]
        if wanted in ("size", "both"):
            request["MaxEntries"] = self.choose(data, [2, 3, 4, 5], 0, 6)
        if wanted == "name" or self.perhaps(data, 6):
            request["PrefixListName"] = self.choose(data, ["third"], "com.amazonaws.x")
        self.do("ModifyManagedPrefixList", request, data)

    @step(weight=2)
    def restore_list(self, data: st.DataObject) -> None:
        list_id = self.a_list(data)
        held = self.model.prefix_lists.get(list_id)
        versions, current = (sorted(held.versions), held.version) if held else ([1], 1)
        previous = self.choose(data, versions, versions[0] - 1, current + 1, odds=4)
        request = {
            "PrefixListId": list_id,
            "PreviousVersion": previous,
            "CurrentVersion": self.choose(data, [current], 77),
        }
        self.do("RestoreManagedPrefixListVersion", request, data)

    @step()
    def delete_list(self, data: st.DataObject) -> None:
        self.do("DeleteManagedPrefixList", {"PrefixListId": self.a_list(data)}, data)

    @step()
    def read_list(self, data: st.DataObject) -> None:
        list_id = self.a_list(data)
        held = self.model.prefix_lists.get(list_id)
        request: Request = {"PrefixListId": list_id}
        self.do("GetManagedPrefixListAssociations", request, data)
        if held and self.perhaps(data, 1):
            request["TargetVersion"] = data.draw(st.integers(0, held.version + 1))
        self.do("GetManagedPrefixListEntries", request, data)

    # --- Interfaces ---

    @step()
    def create_interface(self, data: st.DataObject) -> None:
        subnet_id = self.any_of(data, "subnet")
        request: Request = {"SubnetId": subnet_id} | self.tags(data, "network-interface")
        if self.perhaps(data, 1):
            request["Groups"] = self.groups_for(data, subnet_id)
        if self.perhaps(data):
            request["PrivateIpAddress"] = self.address(data, subnet_id, 4)
        if self.perhaps(data):
            request["SecondaryPrivateIpAddressCount"] = self.choose(data, [1, 2], 14, odds=6)
        if self.perhaps(data):
            request["Ipv6AddressCount"] = 1
        elif self.perhaps(data):
            request["Ipv6Addresses"] = [{"Ipv6Address": self.address(data, subnet_id, 6)}]
        if self.perhaps(data):
            request["Description"] = "for tests"
        self.with_token(data, "CreateNetworkInterface", request)

    def groups_for(self, data: st.DataObject, subnet_id: str) -> list[str]:
        """Groups that the subnet's VPC can use, mostly, and mostly not too many."""
        subnet = self.model.subnets.get(subnet_id)
        usable = sorted(self.model.usable_in(subnet.vpc_id)) if subnet else []
        count = self.choose(data, [1, 2], 3)
        return [self.choose(data, usable or ["sg-0"], *self.model.ids("sg"), "sg-0", odds=15) for _ in range(count)]

    def address(self, data: st.DataObject, subnet_id: str, version: int) -> str:
        """A free, a held, a reserved or a strange address."""
        subnet = self.model.subnets.get(subnet_id)
        block = (subnet.block if version == 4 else subnet.ipv6_block) if subnet else None
        network = ip_network(block or ("10.0.0.0/24" if version == 4 else "2001:db8::/64"))
        good = [str(network[place]) for place in (5, 6, 7, 9, 10)]
        return str(self.choose(data, good, str(network[0]), str(network[3]), str(network[-1]), "192.0.2.9", "nonsense"))

    def an_interface(self, data: st.DataObject) -> str:
        """One that no host has, mostly."""
        free = sorted(each.interface_id for each in self.model.interfaces.values() if each.instance_id is None)
        return data.draw(st.sampled_from(free)) if free and not self.perhaps(data, 6) else self.any_of(data, "eni")

    def subnet_of(self, interface_id: str) -> str:
        found = self.model.interfaces.get(interface_id)
        return found.subnet_id if found else ""

    @step()
    def delete_interface(self, data: st.DataObject) -> None:
        self.do("DeleteNetworkInterface", {"NetworkInterfaceId": self.an_interface(data)}, data)

    @step(version=st.sampled_from([4, 4, 6]))
    def assign(self, data: st.DataObject, version: int) -> None:
        interface_id = self.an_interface(data)
        action = "AssignPrivateIpAddresses" if version == 4 else "AssignIpv6Addresses"
        given, count = ("PrivateIpAddresses", "SecondaryPrivateIpAddressCount") if version == 4 else (
            "Ipv6Addresses", "Ipv6AddressCount")  # fmt: skip
        request: Request = {"NetworkInterfaceId": interface_id}
        kind = self.choose(data, ["given", "count"], "both", "neither")
        if kind in ("given", "both"):
            drawn = [
                self.address(data, self.subnet_of(interface_id), version) for _ in range(data.draw(st.integers(1, 2)))
            ]
            request[given] = list(dict.fromkeys(drawn))
        if kind in ("count", "both"):
            request[count] = self.choose(data, [1, 2], 14, odds=6)
        if version == 4 and self.perhaps(data):
            request["AllowReassignment"] = True
        self.do(action, request, data)

    @step(version=st.sampled_from([4, 6]))
    def unassign(self, data: st.DataObject, version: int) -> None:
        interface_id = self.an_interface(data)
        if interface_id in self.model.interfaces and not self.perhaps(data):
            count = "SecondaryPrivateIpAddressCount" if version == 4 else "Ipv6AddressCount"
            action = "AssignPrivateIpAddresses" if version == 4 else "AssignIpv6Addresses"
            self.do(action, {"NetworkInterfaceId": interface_id, count: 1}, data)
        found = self.model.interfaces.get(interface_id)
        held = (found.ipv4[1:] if version == 4 else found.ipv6) if found else []
        wrong = [*(found.ipv4[:1] if found else []), self.address(data, self.subnet_of(interface_id), version)]
        request: Request = {"NetworkInterfaceId": interface_id}
        if not self.perhaps(data, 20):
            chosen = self.choose(data, held or wrong, *wrong)
            request["PrivateIpAddresses" if version == 4 else "Ipv6Addresses"] = [chosen]
        self.do("UnassignPrivateIpAddresses" if version == 4 else "UnassignIpv6Addresses", request, data)

    def one_change(self, data: st.DataObject, subnet_id: str, names: list[str]) -> Request:
        """Of the attributes one, or none or two."""
        changes: Request = {}
        for _ in range(self.choose(data, [1], 0, 2)):
            name = data.draw(st.sampled_from(names))
            values = {"Description": {"Value": "another"}, "SourceDestCheck": {"Value": data.draw(st.booleans())}}
            changes[name] = values[name] if name in values else self.groups_for(data, subnet_id)
        return changes

    @step()
    def modify_interface(self, data: st.DataObject) -> None:
        """Changed, then read."""
        interface_id = self.an_interface(data)
        changes = self.one_change(
            data, self.subnet_of(interface_id), ["Groups", "Groups", "Description", "SourceDestCheck"]
        )
        self.do("ModifyNetworkInterfaceAttribute", {"NetworkInterfaceId": interface_id} | changes, data)
        names = ["description", "groupSet", "sourceDestCheck", "attachment"]
        attribute = self.choose(data, names, "bogus")
        self.do("DescribeNetworkInterfaceAttribute", {"NetworkInterfaceId": interface_id, "Attribute": attribute}, data)

    @step()
    def attach_interface(self, data: st.DataObject) -> None:
        """At a free place or a taken one, mostly in the host's own subnet."""
        instance_id, interface_id = self.any_of(data, "i"), self.an_interface(data)
        place = self.choose(data, [1, 2, 3], 0, 1023, 1024)
        named = {"NetworkInterfaceId": interface_id, "InstanceId": instance_id}
        self.do("AttachNetworkInterface", named | {"DeviceIndex": place}, data)
        found = self.model.interfaces.get(interface_id)
        if found and found.attachment_id:
            goes = {"AttachmentId": found.attachment_id, "DeleteOnTermination": data.draw(st.booleans())}
            request: Request = {"NetworkInterfaceId": self.choose(data, [interface_id], self.any_of(data, "eni"))}
            self.do("ModifyNetworkInterfaceAttribute", request | {"Attachment": goes}, data)

    @step()
    def detach_interface(self, data: st.DataObject) -> None:
        self.do("DetachNetworkInterface", {"AttachmentId": self.any_of(data, "eni-attach")}, data)

    @step()
    def modify_instance(self, data: st.DataObject) -> None:
        """Changed, then read."""
        instance_id = self.any_of(data, "i")
        held = [each.subnet_id for each in self.model.interfaces.values() if each.instance_id == instance_id]
        changes = self.one_change(data, held[0] if held else "", ["Groups", "Groups", "SourceDestCheck"])
        self.do("ModifyInstanceAttribute", {"InstanceId": instance_id} | changes, data)
        attribute = self.choose(data, ["groupSet", "sourceDestCheck"], "bogus")
        self.do("DescribeInstanceAttribute", {"InstanceId": instance_id, "Attribute": attribute}, data)

    # --- Tags ---

    @step(action=st.sampled_from(["CreateTags", "CreateTags", "DeleteTags"]))
    def tag(self, data: st.DataObject, action: str) -> None:
        """One or two resources of any kinds."""
        kinds = ["vpc", "subnet", "sg", "sgr", "eni", "pl", "pcx", "i"]
        chosen = []
        for _ in range(data.draw(st.integers(1, 2))):
            known = self.model.ids(data.draw(st.sampled_from(kinds))) or self.model.ids("sg")
            chosen.append(self.choose(data, known, "sg-0", "pcx-0", "pl-63a5400a", "foo-0", odds=15))
        request: Request = {"Resources": list(dict.fromkeys(chosen))}
        if action == "CreateTags" or self.perhaps(data, 1):
            request["Tags"] = data.draw(tag_lists)
        if action == "DeleteTags" and "Tags" in request:
            for each in request["Tags"]:
                each["Key"] = each["Key"].removeprefix("aws:")
                if self.perhaps(data, 1):
                    del each["Value"]
        self.do(action, request, data)

    # --- The account ---

    @step()
    def account(self, data: st.DataObject) -> None:
        """Regions, zones, attributes, and who asks."""
        self.do("DescribeAccountAttributes", {}, data)
        self.do("DescribeRegions", {}, data)
        zone = self.choose(data, self.model.zones, "eu-west-1a")
        self.do("DescribeAvailabilityZones", {"ZoneNames": [zone]} if self.perhaps(data, 1) else {}, data)
        self.do("GetCallerIdentity", {})
