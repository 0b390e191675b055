"""Which hosts a change has an effect on, found afterwards: those whose states before and after it differ."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

import stores
from account import ACCOUNT, Account, permission
from ringwall.domain.errors import ServiceError
from ringwall.domain.interface import Mode
from ringwall.domain.world import HostState
from ringwall.operations.effects import LATER_RECORDS_MAX, Effects, effects_of, last_effects
from ringwall.operations.hosts import host_state, remove, set_mode
from ringwall.store.sqlite import open_ephemeral
from stores import Driven

CIDR = permission("tcp", 22, "10.0.0.0/8")


class Fleet:
    """Hosts, each in a group of its own of the same VPC."""

    def __init__(self, account: Account, hosts: int = 3) -> None:
        self.account = account
        self.vpc_id = account.vpc()
        self.subnet_id = account.call("CreateSubnet", VpcId=self.vpc_id, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        self.groups = [account.group(f"g{number}", VpcId=self.vpc_id) for number in range(hosts)]
        self.hosts: list[str] = []
        self.interfaces: list[str] = []
        self.containers: list[str] = []
        for group_id in self.groups:
            self.enrol(group_id)

    def enrol(self, group_id: str) -> None:
        """One more host, in that group."""
        number = len(self.hosts) + 1
        host, interface = self.account.enrolled(self.subnet_id, [group_id], number, (f"10.0.0.{number + 10}",))
        self.hosts.append(host.instance_id)
        self.interfaces.append(interface.interface_id)

    def carry(self, host: int, *groups: str) -> None:
        """From now on the host's interface carries these."""
        interface_id = self.interfaces[host]
        self.account.call("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=interface_id, Groups=list(groups))

    def revoke(self, group_id: str, entry: dict[str, Any]) -> None:
        """The rule is gone."""
        self.account.call("RevokeSecurityGroupIngress", GroupId=group_id, IpPermissions=[entry])

    def container(self, *groups: str) -> str:
        """An interface that no host has."""
        made = self.account.call("CreateNetworkInterface", SubnetId=self.subnet_id, Groups=list(groups))
        interface_id: str = made["NetworkInterface"]["NetworkInterfaceId"]
        self.containers.append(interface_id)
        return interface_id

    def attach(self, host: int, interface_id: str) -> None:
        """The host has the interface, at a place of its own."""
        given = {"InstanceId": self.hosts[host], "DeviceIndex": self.containers.index(interface_id) + 1}
        self.account.call("AttachNetworkInterface", NetworkInterfaceId=interface_id, **given)

    def detach(self, interface_id: str) -> None:
        """No host has it any more."""
        (shown,) = self.account.call("DescribeNetworkInterfaces", NetworkInterfaceIds=[interface_id])[
            "NetworkInterfaces"
        ]
        if "Attachment" in shown:
            self.account.call("DetachNetworkInterface", AttachmentId=shown["Attachment"]["AttachmentId"])

    def modify(self, interface_id: str, **attribute: Any) -> None:
        """One attribute of it is another."""
        self.account.call("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=interface_id, **attribute)

    @property
    def revision(self) -> int:
        """The store's last."""
        return int(self.account.store.read(lambda reader: reader.revision()))

    def effects(self, revision: int | None = None) -> Effects:
        """The effects of a change, the last one unless named."""
        wanted = self.revision if revision is None else revision
        return self.account.store.read(lambda reader: effects_of(reader, ACCOUNT, wanted))

    def affected(self, revision: int | None = None) -> set[int]:
        """The hosts that a change has an effect on, by number."""
        return {self.hosts.index(each) for each in self.effects(revision).affected}

    def states(self) -> dict[str, HostState]:
        """What each host should enforce now."""
        place = (ACCOUNT, self.account.caller.region)
        found = self.account.store.read(lambda reader: [host_state(reader, *place, each) for each in self.hosts])
        return {state.host_id: state for state in found if state}


@pytest.fixture
def fleet(account: Account) -> Fleet:
    return Fleet(account)


def test_a_rule_concerns_the_hosts_that_carry_its_group(fleet: Fleet) -> None:
    fleet.account.allow(fleet.groups[0], CIDR)
    assert fleet.affected() == {0}
    fleet.revoke(fleet.groups[0], CIDR)
    assert fleet.affected() == {0}
    fleet.account.group("unused", VpcId=fleet.vpc_id)
    assert fleet.affected() == set()
    assert len(fleet.effects().hosts) == 3


def test_a_membership_concerns_the_host_and_those_whose_rules_name_the_group(fleet: Fleet) -> None:
    fleet.account.allow(fleet.groups[0], permission("tcp", 22, fleet.groups[1]))
    fleet.carry(2, fleet.groups[2], fleet.groups[1])
    assert fleet.affected() == {0, 2}
    fleet.carry(2, fleet.groups[1], fleet.groups[2])  # another order, the same members
    assert fleet.affected() == {2}
    fleet.carry(2, fleet.groups[2])
    assert fleet.affected() == {0, 2}
    fleet.enrol(fleet.groups[1])
    assert fleet.affected() == {0, 3}


def test_a_rule_does_not_concern_those_who_name_its_group(fleet: Fleet) -> None:
    fleet.account.allow(fleet.groups[0], permission("tcp", 22, fleet.groups[1]))
    fleet.account.allow(fleet.groups[1], CIDR)
    assert fleet.affected() == {1}


def test_a_prefix_list_concerns_the_hosts_whose_rules_name_it(fleet: Fleet) -> None:
    created = fleet.account.call(
        "CreateManagedPrefixList", PrefixListName="l", AddressFamily="IPv4", MaxEntries=3, Entries=[]
    )
    list_id = created["PrefixList"]["PrefixListId"]
    fleet.account.allow(fleet.groups[1], permission("tcp", 22, list_id))
    fleet.account.call(
        "ModifyManagedPrefixList", PrefixListId=list_id, CurrentVersion=1, AddEntries=[{"Cidr": "10.9.0.0/16"}]
    )
    assert fleet.affected() == {1}


def test_the_mode_concerns_its_host_alone_and_a_removed_host_is_no_longer_there(fleet: Fleet) -> None:
    account = fleet.account
    account.store.write(lambda tx: set_mode(account.context(tx), fleet.hosts[1], Mode.ENFORCE))
    assert fleet.affected() == {1}
    account.allow(fleet.groups[0], permission("tcp", 22, fleet.groups[1]))
    account.store.write(lambda tx: remove(account.context(tx), fleet.hosts[1]))
    assert fleet.affected() == {0}
    assert len(fleet.effects().hosts) == 2


def test_an_attachment_concerns_its_host_alone(fleet: Fleet) -> None:
    fleet.account.allow(fleet.groups[0], permission("tcp", 22, fleet.groups[1]))
    behind = fleet.container(fleet.groups[1])
    assert fleet.affected() == {0}, "a member more, wherever it is"
    fleet.attach(2, behind)
    attached = fleet.revision
    assert fleet.affected() == {2}
    fleet.modify(behind, Description={"Value": "x"})
    assert fleet.affected() == set()
    fleet.modify(behind, SourceDestCheck={"Value": False})
    checked = fleet.revision
    assert fleet.affected() == {2}
    fleet.account.allow(fleet.groups[1], CIDR)
    allowed = fleet.revision
    assert fleet.affected() == {1, 2}
    fleet.detach(behind)
    assert fleet.affected() == {2}
    fleet.account.call("DeleteNetworkInterface", NetworkInterfaceId=behind)
    assert fleet.affected() == {0}
    assert [fleet.affected(each) for each in (attached, checked, allowed)] == [{2}, {2}, {1, 2}], "as it was"


def test_what_happened_to_an_interface_before_it_was_attached_did_not_concern_its_host(fleet: Fleet) -> None:
    behind = fleet.container(fleet.groups[1])
    fleet.modify(behind, SourceDestCheck={"Value": False})
    unchecked = fleet.revision
    fleet.account.allow(fleet.groups[1], CIDR)
    allowed = fleet.revision
    fleet.attach(2, behind)
    assert (fleet.affected(unchecked), fleet.affected(allowed)) == (set(), {1})


def test_a_removed_host_leaves_what_clients_attached(fleet: Fleet) -> None:
    account = fleet.account
    account.allow(fleet.groups[0], permission("tcp", 22, fleet.groups[1]))
    behind = fleet.container(fleet.groups[1])
    fleet.attach(2, behind)
    account.store.write(lambda tx: remove(account.context(tx), fleet.hosts[2]))
    assert fleet.affected() == set(), "its addresses are members as before"
    fleet.attach(0, behind)
    assert fleet.affected() == {0}


LATER: list[Callable[[Fleet, dict[str, Any]], Any]] = [
    lambda fleet, rule: fleet.revoke(fleet.groups[0], rule),  # the name is gone
    lambda fleet, rule: fleet.carry(0, fleet.groups[2]),  # so is the group that had it
    lambda fleet, rule: fleet.account.call("DeleteSecurityGroup", GroupId=fleet.groups[0]),  # for good
]


def test_what_was_undone_since_is_remembered(fleet: Fleet) -> None:
    rule = permission("tcp", 22, fleet.groups[1])
    fleet.account.allow(fleet.groups[0], rule)
    fleet.carry(2, fleet.groups[1])
    revision = fleet.revision
    assert fleet.affected(revision) == {0, 2}
    for happen in LATER:
        happen(fleet, rule)
        assert fleet.affected(revision) == {0, 2}


def test_a_group_that_was_deleted_with_its_rules_is_taken_to_have_named_everything(fleet: Fleet) -> None:
    fleet.account.allow(fleet.groups[0], permission("tcp", 22, fleet.groups[1]))
    fleet.carry(2, fleet.groups[1])
    revision = fleet.revision
    fleet.carry(0, fleet.groups[2])
    fleet.account.call("DeleteSecurityGroup", GroupId=fleet.groups[0])
    assert fleet.affected(revision) == {0, 2}


def test_what_came_only_later_does_not_count(fleet: Fleet) -> None:
    fleet.carry(2, fleet.groups[1])
    revision = fleet.revision
    assert fleet.affected(revision) == {2}
    fleet.account.allow(fleet.groups[0], permission("tcp", 22, fleet.groups[1]))
    fleet.enrol(fleet.groups[1])
    fleet.carry(0, fleet.groups[1])
    assert fleet.affected(revision) == {2}


@pytest.mark.parametrize("seed", range(6))
def test_any_history_is_told_as_it_was(seed: int) -> None:
    store = Driven(open_ephemeral())
    fleet = Fleet(Account(store))
    chance = random.Random(seed)
    fleet.container(fleet.groups[0])
    began, seen = fleet.revision, [fleet.states()]
    for _ in range(120):
        group, other = chance.choices(fleet.groups, k=2)
        entry = permission("tcp", 22, chance.choice([other, "10.0.0.0/8"]))
        before = fleet.revision
        try:
            match chance.randrange(11):
                case 0 | 1:
                    fleet.account.allow(group, entry)
                case 2 | 3:
                    fleet.revoke(group, entry)
                case 4:
                    fleet.carry(chance.randrange(3), *{group, other})
                case 5:
                    if len(fleet.containers) < 4:
                        fleet.container(group)
                case 6 | 7:
                    fleet.attach(chance.randrange(3), chance.choice(fleet.containers))
                case 8:
                    fleet.detach(chance.choice(fleet.containers))
                case 9:
                    behind = chance.choice(fleet.containers)
                    change = chance.randrange(4)
                    if change == 0:
                        fleet.account.call("DeleteNetworkInterface", NetworkInterfaceId=behind)
                    elif change == 1:
                        fleet.modify(behind, SourceDestCheck={"Value": chance.random() < 0.5})
                    elif change == 2:
                        fleet.modify(behind, Groups=[other])
                    else:
                        added = {"SecondaryPrivateIpAddressCount": 1}
                        fleet.account.call("AssignPrivateIpAddresses", NetworkInterfaceId=behind, **added)
                case _:
                    if len(fleet.hosts) < 5:
                        fleet.enrol(group)
        except ServiceError:
            continue
        if fleet.revision > before:
            seen.append(fleet.states())
    records = store.read(lambda reader: reader.changes_since(began, 1000))
    assert len(records) == len(seen) - 1 > 20
    last: dict[str, int] = {}
    for record, (just_before, after) in zip(records, pairwise(seen), strict=True):
        expected = {each for each in after if just_before.get(each) != after[each]}
        assert fleet.effects(record.revision).affected == expected, record
        last |= dict.fromkeys(expected, record.revision)
    everybody = fleet.effects().hosts
    assert store.read(lambda reader: last_effects(reader, everybody, records)) == last
    store.close()


def test_a_revision_that_is_not_there(fleet: Fleet) -> None:
    def code(revision: int, account_id: str = ACCOUNT) -> str:
        with pytest.raises(ServiceError) as caught:
            fleet.account.store.read(lambda reader: effects_of(reader, account_id, revision))
        return caught.value.code

    assert [code(each) for each in (-1, 0, fleet.revision + 1, 10**30)] == ["InvalidRevision.NotFound"] * 4
    assert code(fleet.revision, "999999999999") == "InvalidRevision.NotFound"


def test_a_revision_whose_row_was_dropped_or_that_lies_too_far_back() -> None:
    store = Driven(open_ephemeral())
    fleet = Fleet(Account(store))
    store.compact(fleet.revision)
    assert fleet.affected() == {2}
    with pytest.raises(ServiceError) as caught:
        fleet.effects(fleet.revision - 1)
    assert (caught.value.code, str(fleet.revision - 1) in caught.value.message) == ("InvalidRevision.Compacted", True)
    first = fleet.revision
    tag = [stores.group(stores.vpc()).group_id]
    store.write_all(
        [lambda tx, n=n: tx.set_tags(ACCOUNT, "us-east-1", tag[0], {"n": str(n)}) for n in range(LATER_RECORDS_MAX)]
    )
    assert fleet.affected(first) == {2}
    fleet.account.group("one-more", VpcId=fleet.vpc_id)
    with pytest.raises(ServiceError) as caught:
        fleet.effects(first)
    assert caught.value.code == "InvalidRevision.Compacted"
    store.close()
