"""Containers behind a fleet's host: network namespaces on cables of their own, as a container runtime makes them.

        peer 10.0.0.2 --- up0 10.0.0.1 host --- vc1 --- container
             fd00:aa::2       fd00:aa::1        vc2 --- container

Each has an address of both families, alone (/32, /128), and speaks to everybody by the host, which has 169.254.0.1 and
fe80::1 on each cable. The host speaks to them from its own addresses.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import netns
from fleet import HOST, SECONDS, Fleet, passes, wait_for
from netns import Namespace

HOST6, PEER6 = "fd00:aa::1", "fd00:aa::2"
SECOND, SECOND6 = "10.0.2.1", "fd00:aa:0:2::1"
"""Of the second host, where there is one."""
VERSIONS = (4, 6)
Pair = tuple[socket.socket, socket.socket]
REFUSED_SECONDS = 0.3
"""Nothing takes so long that passes on a cable."""


@dataclass(frozen=True)
class Interface:
    """An interface that the host may carry."""

    interface_id: str
    attachment_id: str
    four: str
    six: str

    def address(self, version: int) -> str:
        """Of that family."""
        return self.four if version == 4 else self.six


@dataclass(frozen=True)
class Container:
    """A running container. place: its namespace. device: the host's end of its cable."""

    place: Namespace
    device: str
    interface: Interface

    def address(self, version: int) -> str:
        """Of that family."""
        return self.interface.address(version)


@dataclass
class Site:
    """A fleet whose host forwards. subnet_id: of the containers. group_id: admits nothing yet, in no direction."""

    fleet: Fleet
    subnet_id: str
    group_id: str
    indexes: list[int] = field(default_factory=list)

    def interface(self, *groups: str, instance_id: str = "") -> Interface:
        """A new one, attached to the host, with addresses that nobody has."""
        made = self.fleet.ec2(
            "create_network_interface", SubnetId=self.subnet_id, Groups=list(groups or [self.group_id]),
            Ipv6AddressCount=1,
        )["NetworkInterface"]  # fmt: skip
        attachment_id = self.attach(made["NetworkInterfaceId"], instance_id or self.fleet.instance_id)
        return Interface(
            made["NetworkInterfaceId"], attachment_id, made["PrivateIpAddress"], made["Ipv6Addresses"][0]["Ipv6Address"]
        )

    def attach(self, interface_id: str, instance_id: str) -> str:
        """The id of the attachment, which the host has heard of."""
        self.indexes.append(1)
        attached = self.fleet.ec2(
            "attach_network_interface", NetworkInterfaceId=interface_id, InstanceId=instance_id,
            DeviceIndex=len(self.indexes),
        )  # fmt: skip
        return str(attached["AttachmentId"])

    def container(self, device: str, interface: Interface, host: Namespace | None = None) -> Container:
        """A container that runs, with a cable whose end at the host has this name."""
        place = self.fleet.stack.enter_context(netns.namespace("rw-vc"))
        plug(host or self.fleet.host, device, place, interface)
        return Container(place, device, interface)

    def told(self, verb: str, *words: str, check: bool = True) -> str:
        """What `ringwall agent attach` or `detach` says."""
        done = self.fleet.on_console(verb, *words, check=check)
        return str(done.stdout + done.stderr)

    def grant(self, direction: str, group_id: str, protocol: str = "tcp", port: int = 8080, **peer: Any) -> None:
        """The rule is in the host's kernel. peer: `group`, or nothing for everybody."""
        self._rule("authorize", direction, group_id, protocol, port, peer)

    def revoke(self, direction: str, group_id: str, protocol: str = "tcp", port: int = 8080, **peer: Any) -> None:
        """The rule is gone from the host's kernel."""
        self._rule("revoke", direction, group_id, protocol, port, peer)

    def _rule(self, verb: str, direction: str, group_id: str, protocol: str, port: int, peer: dict[str, str]) -> None:
        whom: dict[str, Any] = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
        if "group" in peer:
            whom = {"UserIdGroupPairs": [{"GroupId": peer["group"]}]}
        permission = {
            "IpProtocol": protocol,
            **({} if protocol == "-1" else {"FromPort": port, "ToPort": port}),
            **whom,
        }
        self.fleet.ec2(f"{verb}_security_group_{direction}", GroupId=group_id, IpPermissions=[permission])
        self.fleet.settled()

    def group(self, name: str) -> str:
        """A new group that admits nothing, in no direction."""
        made = self.fleet.ec2("create_security_group", GroupName=name, Description="d", VpcId=self.fleet.vpc_id)
        (group,) = self.fleet.ec2("describe_security_groups", GroupIds=[made["GroupId"]])["SecurityGroups"]
        self.fleet.ec2(
            "revoke_security_group_egress", GroupId=made["GroupId"], IpPermissions=group["IpPermissionsEgress"]
        )
        return str(made["GroupId"])

    def interfaces(self) -> dict[str, str | None]:
        """The device of each of the host's interfaces, as its agent reported it."""
        return {each["interface_id"]: each["device"] or None for each in self.fleet.about()["interfaces"]}


def plug(
    host: Namespace, device: str, place: Namespace, interface: Interface, own: tuple[str, str] = (HOST, HOST6)
) -> None:
    """A cable from the host to the place, with the interface's addresses there and routes to them here.

    own: the host's addresses that it speaks from.
    """
    netns.veth(host, device, ["169.254.0.1/32", "fe80::1/64"], place, "eth0", [f"{interface.four}/32"])
    place.run(["ip", "address", "add", f"{interface.six}/128", "dev", "eth0", "nodad"])
    place.run(["ip", "route", "add", "169.254.0.1", "dev", "eth0"])
    place.run(["ip", "route", "add", "default", "via", "169.254.0.1", "dev", "eth0"])
    place.run(["ip", "route", "add", "default", "via", "fe80::1", "dev", "eth0"])
    route(host, device, interface, own)


def route(host: Namespace, device: str, interface: Interface, own: tuple[str, str] = (HOST, HOST6)) -> None:
    """The host reaches the addresses by the device."""
    host.run(["ip", "route", "replace", f"{interface.four}/32", "dev", device, "src", own[0]])
    host.run(["ip", "route", "replace", f"{interface.six}/128", "dev", device, "src", own[1]])


def connect(
    client: Namespace, server: Namespace, address: str, port: int = 8080, source: str | None = None
) -> tuple[socket.socket, socket.socket] | None:
    """Both ends of a TCP connection, the client's first; None where nothing comes back."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with server.enter():
        listener = socket.create_server((address, port), family=family)
    with listener, client.enter():
        try:
            near = socket.create_connection((address, port), REFUSED_SECONDS, (source, 0) if source else None)
        except TimeoutError:
            return None
        far, _ = listener.accept()
    near.settimeout(SECONDS), far.settimeout(SECONDS)
    return near, far


@contextmanager
def site_in(fleet: Fleet) -> Iterator[Site]:
    """The fleet, enrolled and enforcing, with both families; no container yet."""
    for place, address in ((fleet.host, HOST6), (fleet.peer, PEER6)):
        place.run(["ip", "address", "add", f"{address}/64", "dev", "up0", "nodad"])
    fleet.host.run(["sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"])
    fleet.peer.run(["ip", "route", "add", "10.0.1.0/24", "via", "10.0.0.1"])
    fleet.peer.run(["ip", "route", "add", "fd00:aa:0:1::/64", "via", HOST6])
    fleet.ipv6_cidrs = "fd00:aa::/56", "fd00:aa::/64"
    fleet.enrol()
    behind = fleet.ec2(
        "create_subnet", VpcId=fleet.vpc_id, CidrBlock="10.0.1.0/24", Ipv6CidrBlock="fd00:aa:0:1::/64"
    )["Subnet"]["SubnetId"]  # fmt: skip
    made = Site(fleet, behind, "")
    made.group_id = made.group("containers")
    fleet.settled()
    fleet.enforce(yes=True)
    wait_for(lambda: "policy drop" in fleet.table(), "enforcement")
    yield made


def second_host(site: Site) -> Fleet:
    """Another host of the same VPC, on a cable of its own to the peer, enrolled and enforcing, forwarding too."""
    first = site.fleet
    place = first.stack.enter_context(netns.namespace("rw-host2"))
    netns.veth(place, "up0", [f"{SECOND}/24", f"{SECOND6}/64"], first.peer, "up1", ["10.0.2.2/24", "fd00:aa:0:2::2/64"])
    place.run(["sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"])
    place.run(["ip", "route", "add", "default", "via", "10.0.2.2"])
    place.run(["ip", "route", "add", "default", "via", "fd00:aa:0:2::2"])
    subnet = first.ec2(
        "create_subnet", VpcId=first.vpc_id, CidrBlock="10.0.2.0/24", Ipv6CidrBlock="fd00:aa:0:2::/64"
    )["Subnet"]["SubnetId"]  # fmt: skip
    token = first.api("POST", "/ringwall/v1/enrolment-tokens", {"subnet_id": subnet, "interface": "up0"})["token"]
    second = Fleet(place, first.peer, first.server, first.data.with_name("agent2"), first.stack, vpc_id=first.vpc_id)
    agent = second.start_agent(token)
    wait_for(lambda: agent.says("in-force revision="), "the first commit")
    in_subnet = [{"Name": "subnet-id", "Values": [subnet]}]
    (interface,) = first.ec2("describe_network_interfaces", Filters=in_subnet)["NetworkInterfaces"]
    second.instance_id = interface["Attachment"]["InstanceId"]
    second.enforce(yes=True)
    return second


def sessions(site: Site, container: Container) -> list[Pair]:
    """A live connection from the outside, in each family."""
    made = [connect(site.fleet.peer, container.place, container.address(version)) for version in VERSIONS]
    live = [each for each in made if each is not None]
    assert len(live) == len(VERSIONS)
    for pair in live:
        assert passes(*pair)
        assert passes(*reversed(pair))
        for end in pair:
            site.fleet.stack.callback(end.close)
    return live


def are_cut(pairs: list[Pair]) -> bool:
    """Whether nothing passes any more, neither way."""
    return not any(passes(*ends, seconds=0.2) for pair in pairs for ends in (pair, pair[::-1]))


def is_reached(site: Site, container: Container) -> bool:
    """Whether the outside can open connections, in both families or in none."""
    made = [connect(site.fleet.peer, container.place, container.address(version)) for version in VERSIONS]
    for pair in made:
        for end in pair or ():
            end.close()
    assert len({each is None for each in made}) == 1
    return made[0] is not None


def refused(site: Site, words: str) -> int:
    """How many packets the host has dropped for that."""
    listed = site.fleet.host.run(["nft", "list", "table", "inet", "ringwall"]).stdout
    lines = [line.split() for line in listed.splitlines() if "dropped: " in line and words in line]
    return sum(int(line[line.index("packets") + 1]) for line in lines)


def closed_devices(site: Site) -> set[str]:
    """The devices that the table takes for containers'."""
    listed = site.fleet.host.run(["nft", "-j", "list", "set", "inet", "ringwall", "endpoints"]).stdout
    return set(json.loads(listed)["nftables"][1]["set"].get("elem", []))
