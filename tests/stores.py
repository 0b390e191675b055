"""Stores for tests: values to put into one, and an event loop to talk to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import count
from typing import TypeVar

from ringwall.domain.group import Direction, PeerReference, SecurityGroup, SecurityGroupRule, VpcAssociation
from ringwall.domain.interface import Attachment, Host, Mode, NetworkInterface
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.peering import PeeringSide, PeeringStatus, VpcPeering
from ringwall.domain.prefix_list import PrefixList
from ringwall.domain.traffic import Traffic
from ringwall.domain.vpc import CidrAssociation, Subnet, Vpc
from ringwall.store.base import Committed, HostKey, Reader, Store, Transaction

ACCOUNT = "123456789012"
REGION = "eu-north-1"
PLACE = (ACCOUNT, REGION)

Result = TypeVar("Result")


class Driven:
    """A store with a loop of its own, so that a test reads as a list of calls."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.runner = asyncio.Runner()

    def write(self, function: Callable[[Transaction], Result]) -> Committed[Result]:
        """One write, committed."""
        (outcome,) = self.write_all([function])
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def write_all(
        self, functions: Iterable[Callable[[Transaction], Result]]
    ) -> list[Committed[Result] | BaseException]:
        """Writes asked for at the same time, and what became of each."""

        async def together() -> list[Committed[Result] | BaseException]:
            return await asyncio.gather(*map(self.store.write, functions), return_exceptions=True)

        return self.runner.run(together())

    def read(self, function: Callable[[Reader], Result]) -> Result:
        """One read, on the loop's thread."""
        return self.store.read(function)

    def read_in_thread(self, function: Callable[[Reader], Result]) -> Result:
        """One read, on another thread."""

        async def elsewhere() -> Result:
            return await self.store.read_in_thread(function)

        return self.runner.run(elsewhere())

    def compact(self, before_revision: int) -> int:
        """How many rows of the change log were dropped."""

        async def drop() -> int:
            return (await self.store.compact(before_revision)).result

        return self.runner.run(drop())

    def close(self) -> None:
        """Ends the store and the loop."""
        self.store.close()
        self.runner.close()


def vpc(number: int = 1, account: str = ACCOUNT, region: str = REGION, *, default: bool = False) -> Vpc:
    """A VPC; the same number is the same VPC."""
    block = CidrAssociation(f"vpc-cidr-assoc-{number:017x}", f"10.{number}.0.0/16")
    return Vpc(f"vpc-{number:017x}", account, region, default, "dopt-1", (block,))


def subnet(of: Vpc, number: int = 1) -> Subnet:
    """A subnet of the VPC."""
    net = of.cidr_block.removesuffix(".0.0/16")
    return Subnet(f"subnet-{number:017x}", of.vpc_id, of.owner_id, of.region, f"{net}.{number}.0/24", f"{of.region}a")


def group(of: Vpc, number: int = 1, name: str | None = None) -> SecurityGroup:
    """A group of the VPC."""
    return SecurityGroup(f"sg-{number:017x}", of.owner_id, of.region, of.vpc_id, name or f"group-{number}", "for tests")


def association(of: SecurityGroup, other: Vpc) -> VpcAssociation:
    """The association of the group with another VPC of its owner's."""
    return VpcAssociation(of.group_id, of.owner_id, of.region, other.vpc_id)


def peering(requester: Vpc, accepter: Vpc, number: int = 1) -> VpcPeering:
    """A connection that the requester has asked for."""
    sides = [PeeringSide(each.owner_id, each.region, each.vpc_id) for each in (requester, accepter)]
    return VpcPeering(f"pcx-{number:017x}", *sides, PeeringStatus.PENDING_ACCEPTANCE, 1_700_000_000)


def prefix_list(number: int = 1, account: str = ACCOUNT, region: str = REGION) -> PrefixList:
    """The first version of a list of at most 10 IPv4 blocks."""
    return PrefixList(f"pl-{number:017x}", account, region, f"list-{number}", "IPv4", 10, 10, 1)


_rule_numbers = count(1)


def rule(
    of: SecurityGroup,
    port: int = 22,
    peer: str = "10.0.0.0/8",
    direction: Direction = Direction.INGRESS,
    description: str | None = None,
    reference: PeerReference | None = None,
) -> SecurityGroupRule:
    """A rule of the group for one tcp port, with an id of its own each time."""
    kind = {"sg": PeerKind.GROUP, "pl": PeerKind.PREFIX_LIST}.get(peer[:2])
    kind = kind or (PeerKind.CIDR_IPV6 if ":" in peer else PeerKind.CIDR_IPV4)
    rule_id = f"sgr-{next(_rule_numbers):017x}"
    traffic = Traffic("tcp", port, port)
    return SecurityGroupRule(rule_id, of.group_id, direction, traffic, Peer(kind, peer), description, reference)


def host(of: Subnet, number: int = 1) -> Host:
    """A host in the subnet."""
    return Host(
        f"i-{number:017x}",
        of.owner_id,
        of.region,
        of.subnet_id,
        of.vpc_id,
        f"host-{number}",
        Mode.OBSERVE,
        f"RWHOST{number:014d}",
        1_700_000_000,
    )


def key(of: Host) -> HostKey:
    """The key of the host's agent."""
    return HostKey(of.access_key_id, f"secret of {of.instance_id}", of.owner_id, of.region, of.instance_id)


def interface(
    of: Host,
    groups: Iterable[SecurityGroup],
    addresses: Iterable[str] = ("10.1.1.5",),
    ipv6_addresses: Iterable[str] = (),
) -> NetworkInterface:
    """The interface of the host."""
    number = of.instance_id.removeprefix("i-")
    return NetworkInterface(
        interface_id=f"eni-{number}",
        owner_id=of.owner_id,
        region=of.region,
        subnet_id=of.subnet_id,
        vpc_id=of.vpc_id,
        availability_zone=f"{of.region}a",
        attachment=Attachment(f"eni-attach-{number}", of.instance_id, "eth0", 0, 1_700_000_000),
        mac_address="02:00:00:00:00:01",
        private_ips=tuple(addresses),
        ipv6_addresses=tuple(ipv6_addresses),
        group_ids=tuple(each.group_id for each in groups),
        description="",
        created_at=1_700_000_000,
        source_dest_check=False,
    )


def further_interface(
    first: NetworkInterface, groups: Iterable[SecurityGroup], number: int = 88, device: str = "eth1", index: int = 1
) -> NetworkInterface:
    """A further interface of the host that has the first; it has no address yet."""
    assert first.attachment is not None
    return replace(
        first,
        interface_id=f"eni-{number:017x}",
        attachment=Attachment(f"eni-attach-{number:017x}", first.attachment.instance_id, device, index, 1_700_000_000),
        mac_address="02:00:00:00:00:88",
        private_ips=(),
        ipv6_addresses=(),
        group_ids=tuple(each.group_id for each in groups),
    )


def attachment(of: Host, index: int) -> Attachment:
    """What ties a container's interface to the host."""
    number = f"{of.instance_id.removeprefix('i-')[-8:]}{index:09x}"
    return Attachment(f"eni-attach-{number}", of.instance_id, "", index, 1_700_000_001, delete_on_termination=False)


def free_interface(
    of: Subnet, groups: Iterable[SecurityGroup], addresses: Iterable[str] = ("10.1.1.77",), number: int = 77
) -> NetworkInterface:
    """An interface that no host has."""
    return NetworkInterface(
        interface_id=f"eni-{number:017x}",
        owner_id=of.owner_id,
        region=of.region,
        subnet_id=of.subnet_id,
        vpc_id=of.vpc_id,
        availability_zone=of.availability_zone,
        attachment=None,
        mac_address="02:00:00:00:00:77",
        private_ips=tuple(addresses),
        ipv6_addresses=(),
        group_ids=tuple(each.group_id for each in groups),
        description="for tests",
        created_at=1_700_000_000,
    )
