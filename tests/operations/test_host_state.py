"""What a host should enforce: which rules it is sent, and whose addresses stand for the groups that they name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from account import Account, permission
from ringwall.domain.interface import Host
from ringwall.domain.world import HostState
from ringwall.operations.hosts import host_state


@dataclass
class Networks:
    """Two VPCs, not connected, with a subnet each; a host in the first that carries `web`, and `db` of the second."""

    account: Account

    def __post_init__(self) -> None:
        account = self.account
        self.one, self.other = account.vpc("10.0.0.0/16"), account.vpc("10.1.0.0/16")
        self.near, self.far = (
            account.call("CreateSubnet", VpcId=vpc_id, CidrBlock=cidr)["Subnet"]["SubnetId"]
            for vpc_id, cidr in ((self.one, "10.0.0.0/24"), (self.other, "10.1.0.0/24"))
        )
        self.web = account.group("web", VpcId=self.one)
        self.db = account.group("db", VpcId=self.other)
        self.host = self.enrol(self.near, self.web, "10.0.0.5")

    def enrol(self, subnet_id: str, group_id: str, address: str) -> Host:
        """A host of that address."""
        number = int(address.replace(".", ""))
        return self.account.enrolled(subnet_id, [group_id], number, (address,))[0]

    def carry(self, subnet_id: str, group_id: str, address: str) -> str:
        """An interface that no host has; its id."""
        answer = self.account.call(
            "CreateNetworkInterface", SubnetId=subnet_id, Groups=[group_id], PrivateIpAddress=address
        )
        interface_id: str = answer["NetworkInterface"]["NetworkInterfaceId"]
        return interface_id

    def peer(self) -> str:
        """An active connection of the two."""
        answer = self.account.call("CreateVpcPeeringConnection", VpcId=self.other, PeerVpcId=self.one)
        peering_id: str = answer["VpcPeeringConnection"]["VpcPeeringConnectionId"]
        self.account.call("AcceptVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
        return peering_id

    def associate(self, group_id: str, vpc_id: str) -> None:
        self.account.call("AssociateSecurityGroupVpc", GroupId=group_id, VpcId=vpc_id)

    def state(self, host: Host | None = None) -> HostState:
        """What the host should enforce."""
        caller, host = self.account.caller, host or self.host
        state = self.account.store.read(
            lambda reader: host_state(reader, caller.account_id, caller.region, host.instance_id)
        )
        assert isinstance(state, HostState)
        return state

    def sent(self, group_id: str, host: Host | None = None) -> set[str]:
        """The ids of the rules that the host is sent of that group, without the one that every group begins with."""
        rules = self.state(host).groups[group_id].rules.values()
        return {rule.rule_id for rule in rules if rule.traffic.protocol != "-1"}


@pytest.fixture
def networks(account: Account) -> Networks:
    return Networks(account)


def test_across_a_peering_connection_a_group_has_members_while_it_is_active(networks: Networks) -> None:
    peering_id = networks.peer()
    networks.carry(networks.far, networks.db, "10.1.0.7")
    (rule_id,) = networks.account.allow(networks.web, permission("tcp", 22, networks.db))
    assert networks.sent(networks.web) == {rule_id}
    assert networks.state().members == {networks.db: {"10.1.0.7"}}
    networks.account.call("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    assert networks.sent(networks.web) == set(), "a stale rule isn't sent"
    assert networks.state().members == {networks.db: frozenset()}
    assert networks.account.rule_ids(networks.web) == [rule_id], "it is still the group's"


def test_both_sides_may_name_the_other(networks: Networks) -> None:
    networks.peer()
    far = networks.enrol(networks.far, networks.db, "10.1.0.6")
    networks.account.allow(networks.db, permission("tcp", 22, networks.web))
    assert networks.state(far).members == {networks.web: {"10.0.0.5"}}


def test_a_stale_rule_takes_only_itself_along(networks: Networks) -> None:
    peering_id = networks.peer()
    kept = networks.account.allow(networks.web, permission("tcp", 80, "10.0.0.0/8", networks.web))
    networks.account.allow(networks.web, permission("tcp", 22, networks.db))
    networks.account.call("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    assert networks.sent(networks.web) == set(kept)


def test_a_deleted_group_of_a_peer_has_no_members(networks: Networks) -> None:
    networks.peer()
    networks.account.allow(networks.web, permission("tcp", 22, networks.db))
    networks.account.call("DeleteSecurityGroup", GroupId=networks.db)
    assert networks.sent(networks.web) == set()


def test_the_interfaces_of_a_group_in_other_vpcs_are_no_members_here(networks: Networks) -> None:
    """A group that is associated with another VPC is one group, and two sets of members."""
    account = networks.account
    networks.associate(networks.web, networks.other)
    far = networks.enrol(networks.far, networks.web, "10.1.0.6")
    account.allow(networks.web, permission("tcp", 22, networks.web))
    assert networks.state().members == {networks.web: {"10.0.0.5"}}
    assert networks.state(far).members == {networks.web: {"10.1.0.6"}}
    networks.peer()
    assert networks.state().members == {networks.web: {"10.0.0.5"}}, "the rule names it in its own VPC"


def test_a_group_that_is_associated_with_the_vpc_has_members_in_it(networks: Networks) -> None:
    account = networks.account
    networks.associate(networks.db, networks.one)
    networks.carry(networks.near, networks.db, "10.0.0.7")
    networks.carry(networks.far, networks.db, "10.1.0.7")
    (rule_id,) = account.allow(networks.web, permission("tcp", 22, networks.db))
    assert networks.sent(networks.web) == {rule_id}
    assert networks.state().members == {networks.db: {"10.0.0.7"}}


def test_a_rule_that_an_association_made_possible_goes_and_comes_with_it(networks: Networks) -> None:
    networks.associate(networks.db, networks.one)
    (rule_id,) = networks.account.allow(networks.web, permission("tcp", 22, networks.db))
    networks.account.call("DisassociateSecurityGroupVpc", GroupId=networks.db, VpcId=networks.one)
    assert networks.sent(networks.web) == set()
    assert networks.state().members == {networks.db: frozenset()}, "or nobody would tell the host that it is back"
    networks.associate(networks.db, networks.one)
    assert networks.sent(networks.web) == {rule_id}


def test_a_group_behind_a_peering_connection_has_members_on_both_sides_of_it(networks: Networks) -> None:
    account = networks.account
    networks.peer()
    networks.associate(networks.db, networks.one)
    account.allow(networks.web, permission("tcp", 22, networks.db))
    networks.carry(networks.near, networks.db, "10.0.0.7")
    networks.carry(networks.far, networks.db, "10.1.0.7")
    assert networks.state().members == {networks.db: {"10.0.0.7", "10.1.0.7"}}


def test_a_host_of_a_third_vpc_isnt_behind_the_connection(networks: Networks) -> None:
    account = networks.account
    networks.peer()
    third = account.vpc("10.2.0.0/16")
    subnet_id = account.call("CreateSubnet", VpcId=third, CidrBlock="10.2.0.0/24")["Subnet"]["SubnetId"]
    networks.associate(networks.web, third)
    host = networks.enrol(subnet_id, networks.web, "10.2.0.5")
    networks.carry(networks.far, networks.db, "10.1.0.7")
    account.allow(networks.web, permission("tcp", 22, networks.db))
    assert networks.state(host).members == {networks.db: frozenset()}
    assert networks.state().members == {networks.db: {"10.1.0.7"}}


def test_a_prefix_list_stands_for_its_entries_now(networks: Networks) -> None:
    account = networks.account
    made = account.call(
        "CreateManagedPrefixList",
        PrefixListName="offices",
        MaxEntries=5,
        AddressFamily="IPv4",
        Entries=[{"Cidr": "192.0.2.0/24"}],
    )["PrefixList"]
    list_id = made["PrefixListId"]
    account.allow(networks.web, permission("tcp", 22, list_id, "pl-63a5400a"))
    assert networks.state().prefix_lists == {list_id: {"192.0.2.0/24"}, "pl-63a5400a": frozenset()}
    entries: dict[str, Any] = {"AddEntries": [{"Cidr": "198.51.100.0/24"}], "RemoveEntries": [{"Cidr": "192.0.2.0/24"}]}
    account.call("ModifyManagedPrefixList", PrefixListId=list_id, CurrentVersion=1, **entries)
    assert networks.state().prefix_lists[list_id] == {"198.51.100.0/24"}


def test_no_host_no_state(networks: Networks) -> None:
    place = (networks.account.caller.account_id, networks.account.caller.region)
    assert networks.account.store.read(lambda reader: host_state(reader, *place, "i-0123456789abcdef0")) is None
