"""Which hosts hear of what operations change: a real hub over the real store, and what each watcher is sent.

A host that a change concerns is sent a delta; all others are told nothing but that they are up to date. Whatever was
sent adds up to the state that the store has.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from account import Account, permission
from ringwall.domain.interface import Host
from ringwall.domain.quota import Quota
from ringwall.domain.world import HostDelta, HostInterface, HostState, InterfaceKind, merge
from ringwall.operations.hosts import ReportedInterface, host_state, remove, update_addresses
from ringwall.store.base import Compacted
from ringwall.store.sqlite import open_ephemeral
from ringwall.watch.hub import Hub
from ringwall.watch.messages import Delta, Message, Position, Snapshot
from stores import Driven


@dataclass
class Listener:
    """One host's stream, and its sum."""

    host: Host
    stream: AsyncGenerator[Message, None]
    state: HostState | None = None
    revision: int = 0

    async def until(self, revision: int) -> list[HostDelta]:
        """The deltas that come up to that revision."""
        deltas = []
        while self.state is None or self.revision < revision:
            message = await anext(self.stream)
            self.revision = message.position.revision
            if isinstance(message, Snapshot):
                self.state = message.state
            elif isinstance(message, Delta):
                assert self.state is not None
                self.state = merge(self.state, message.delta)
                deltas.append(message.delta)
        return deltas


class Network:
    """Two connected VPCs; `front` carries web in the first, and `aside` a group that nothing is said of."""

    def __init__(self, store: Driven) -> None:
        self.store = store
        self.account = account = Account(store, quota=Quota(vpcs_per_region_max=50))
        self.one, self.other = account.vpc("10.0.0.0/16"), account.vpc("10.1.0.0/16")
        self.near, self.far = (
            account.call("CreateSubnet", VpcId=vpc_id, CidrBlock=cidr)["Subnet"]["SubnetId"]
            for vpc_id, cidr in ((self.one, "10.0.0.0/24"), (self.other, "10.1.0.0/24"))
        )
        self.web, self.quiet = account.group("web", VpcId=self.one), account.group("quiet", VpcId=self.one)
        self.db = account.group("db", VpcId=self.other)
        self.peering_id = account.call("CreateVpcPeeringConnection", VpcId=self.one, PeerVpcId=self.other)[
            "VpcPeeringConnection"
        ]["VpcPeeringConnectionId"]
        account.call("AcceptVpcPeeringConnection", VpcPeeringConnectionId=self.peering_id)
        self.front = account.enrolled(self.near, [self.web], 1, ("10.0.0.5",))[0]
        self.aside = account.enrolled(self.near, [self.quiet], 2, ("10.0.0.6",))[0]
        self.listeners: list[Listener] = []

    def listen(self) -> None:
        """From now on both hosts watch."""
        hub = Hub(
            self._load,
            lambda revision: self.store.read(lambda reader: reader.changes_since(revision, 100)),
            Compacted,
            self._revision(),
            heartbeat_seconds=0.001,
        )
        self.store.store.subscribe(hub.wake)
        self.listeners = [Listener(host, hub.watch(host.instance_id)) for host in (self.front, self.aside)]
        for listener in self.listeners:
            self._run(listener.until(0))

    def told(self, happening: Callable[[], Any]) -> HostDelta:
        """What `front` is sent of it, in one delta; `aside` is sent nothing, and both end in the state there is."""
        happening()
        front, aside = map(self.heard, self.listeners)
        assert aside == [], "a host was woken that isn't concerned"
        for listener in self.listeners:
            loaded = self._load(listener.host.instance_id)
            assert loaded is not None
            assert listener.state == loaded[1]
        (delta,) = front
        return delta

    def heard(self, listener: Listener) -> list[HostDelta]:
        """The deltas that the listener is sent up to now."""
        return self._run(listener.until(self._revision()))

    def call(self, name: str, **request: Any) -> Callable[[], Any]:
        """The call, not yet made."""
        return lambda: self.account.call(name, **request)

    def members(self, *addresses: str) -> HostDelta:
        """A delta in which db has these members."""
        return HostDelta(members={self.db: frozenset(addresses)})

    def _revision(self) -> int:
        return self.store.read(lambda reader: reader.revision())

    def _load(self, host_id: str) -> tuple[Position, HostState] | None:
        caller = self.account.caller
        state = self.store.read(lambda reader: host_state(reader, caller.account_id, caller.region, host_id))
        return (Position("store", 1, self._revision()), state) if state else None

    def _run(self, listening: Coroutine[Any, Any, list[HostDelta]]) -> list[HostDelta]:
        return self.store.runner.run(listening)

    def close(self) -> None:
        for listener in self.listeners:
            self.store.runner.run(listener.stream.aclose())


@pytest.fixture
def network() -> Iterator[Network]:
    store = Driven(open_ephemeral())
    network = Network(store)
    yield network
    network.close()
    store.close()


def test_a_deleted_peering_connection_takes_the_rule_and_the_members(network: Network) -> None:
    network.account.enrolled(network.far, [network.db], 3, ("10.1.0.7",))
    (rule_id,) = network.account.allow(network.web, permission("tcp", 22, network.db))
    network.listen()
    told = network.told(network.call("DeleteVpcPeeringConnection", VpcPeeringConnectionId=network.peering_id))
    assert told == HostDelta(rules={(network.web, rule_id): None}, members={network.db: frozenset()})


def test_a_rule_across_the_connection_brings_its_members(network: Network) -> None:
    network.account.enrolled(network.far, [network.db], 3, ("10.1.0.7",))
    network.listen()
    told = network.told(lambda: network.account.allow(network.web, permission("tcp", 22, network.db)))
    assert told.members == {network.db: {"10.1.0.7"}}


def test_interfaces_that_no_host_has_come_change_and_go(network: Network) -> None:
    network.account.allow(network.web, permission("tcp", 22, network.db))
    network.listen()
    create = network.call(
        "CreateNetworkInterface", SubnetId=network.far, Groups=[network.db], PrivateIpAddress="10.1.0.9"
    )
    made: list[str] = []
    told = network.told(lambda: made.append(create()["NetworkInterface"]["NetworkInterfaceId"]))
    assert told == network.members("10.1.0.9")
    named = {"NetworkInterfaceId": made[0]}
    assign = network.call("AssignPrivateIpAddresses", **named, PrivateIpAddresses=["10.1.0.10"])
    assert network.told(assign) == network.members("10.1.0.9", "10.1.0.10")
    unassign = network.call("UnassignPrivateIpAddresses", **named, PrivateIpAddresses=["10.1.0.10"])
    assert network.told(unassign) == network.members("10.1.0.9")
    default = network.account.default_group(network.other)
    modify = network.call("ModifyNetworkInterfaceAttribute", **named, Groups=[default])
    assert network.told(modify) == network.members()
    modify = network.call("ModifyNetworkInterfaceAttribute", **named, Groups=[network.db])
    assert network.told(modify) == network.members("10.1.0.9")
    assert network.told(network.call("DeleteNetworkInterface", **named)) == network.members()


def test_hosts_of_the_peer_vpc_come_move_and_go(network: Network) -> None:
    account = network.account
    account.allow(network.web, permission("tcp", 22, network.db))
    network.listen()
    hosts: list[Host] = []
    enrol = lambda: hosts.append(account.enrolled(network.far, [network.db], 3, ("10.1.0.7",))[0])  # noqa: E731
    assert network.told(enrol) == network.members("10.1.0.7")
    account.caller = replace(account.caller, host_id=hosts[0].instance_id)
    reported = [ReportedInterface("eth0", "02:00:00:00:00:01", ("10.1.0.8/24",))]
    move = lambda: network.store.write(lambda tx: update_addresses(account.context(tx), reported))  # noqa: E731
    assert network.told(move) == network.members("10.1.0.8")
    leave = lambda: network.store.write(lambda tx: remove(account.context(tx), hosts[0].instance_id))  # noqa: E731
    assert network.told(leave) == network.members()


def test_a_prefix_list_and_its_entries(network: Network) -> None:
    made = network.account.call("CreateManagedPrefixList", PrefixListName="offices", MaxEntries=5, AddressFamily="IPv4")
    list_id = made["PrefixList"]["PrefixListId"]
    network.account.allow(network.web, permission("tcp", 22, list_id))
    network.listen()
    add = {"CurrentVersion": 1, "AddEntries": [{"Cidr": "192.0.2.0/24"}]}
    told = network.told(network.call("ModifyManagedPrefixList", PrefixListId=list_id, **add))
    assert told == HostDelta(prefix_lists={list_id: frozenset(["192.0.2.0/24"])})
    restore = {"CurrentVersion": 2, "PreviousVersion": 1}
    told = network.told(network.call("RestoreManagedPrefixListVersion", PrefixListId=list_id, **restore))
    assert told == HostDelta(prefix_lists={list_id: frozenset()})


def test_an_association_takes_a_rule_away_and_brings_it_back(network: Network) -> None:
    account = network.account
    third = account.vpc("10.2.0.0/16")
    shared = account.group("shared", VpcId=third)
    both = {"GroupId": shared, "VpcId": network.one}
    account.call("AssociateSecurityGroupVpc", **both)
    (rule_id,) = account.allow(network.web, permission("tcp", 22, shared))
    network.listen()
    ended = network.told(network.call("DisassociateSecurityGroupVpc", **both))
    assert ended == HostDelta(rules={(network.web, rule_id): None})
    again = network.told(network.call("AssociateSecurityGroupVpc", **both))
    assert [key for key, rule in again.rules.items() if rule] == [(network.web, rule_id)]


def test_a_group_of_the_peer_that_is_deleted(network: Network) -> None:
    (rule_id,) = network.account.allow(network.web, permission("tcp", 22, network.db))
    network.listen()
    told = network.told(network.call("DeleteSecurityGroup", GroupId=network.db))
    assert told.rules == {(network.web, rule_id): None}


def test_an_interface_attached_changed_and_detached(network: Network) -> None:
    account = network.account
    network.listen()
    made = account.call(
        "CreateNetworkInterface", SubnetId=network.near, Groups=[network.web], PrivateIpAddress="10.0.0.9"
    )
    behind = {"NetworkInterfaceId": made["NetworkInterface"]["NetworkInterfaceId"]}
    interface_id = behind["NetworkInterfaceId"]
    network.heard(network.listeners[0])  # of a member more of its own group, which its rules don't name
    place = {"InstanceId": network.front.instance_id, "DeviceIndex": 1}
    routed = HostInterface(interface_id, "", ("10.0.0.9",), (network.web,), InterfaceKind.ROUTED, source_check=True)
    told = network.told(network.call("AttachNetworkInterface", **behind, **place))
    assert told == HostDelta(interfaces={interface_id: routed})
    told = network.told(network.call("ModifyNetworkInterfaceAttribute", **behind, SourceDestCheck={"Value": False}))
    assert told == HostDelta(interfaces={interface_id: replace(routed, source_check=False)})
    account.call("ModifyNetworkInterfaceAttribute", **behind, Description={"Value": "x"})
    assert [network.heard(each) for each in network.listeners] == [[], []]
    (shown,) = account.call("DescribeNetworkInterfaces", NetworkInterfaceIds=[interface_id])["NetworkInterfaces"]
    told = network.told(network.call("DetachNetworkInterface", AttachmentId=shown["Attachment"]["AttachmentId"]))
    assert told == HostDelta(interfaces={interface_id: None})


def test_what_concerns_nobody_wakes_nobody(network: Network) -> None:
    network.account.allow(network.web, permission("tcp", 22, network.db))
    network.listen()
    account = network.account
    for happening in (
        lambda: account.call("CreateVpcPeeringConnection", VpcId=network.one, PeerVpcId=account.vpc("10.3.0.0/16")),
        lambda: account.call("CreateTags", Resources=[network.peering_id], Tags=[{"Key": "a", "Value": "b"}]),
        lambda: account.group("new", VpcId=network.other),
        lambda: account.call("CreateManagedPrefixList", PrefixListName="l", MaxEntries=1, AddressFamily="IPv4"),
    ):
        happening()
        for listener in network.listeners:
            assert network.heard(listener) == []
