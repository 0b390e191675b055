"""Revisions, and the change log that watchers read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import get_args

import pytest

from plain_store import PlainStore
from ringwall.domain.change import (
    AddressesChanged,
    Change,
    ChangeRecord,
    DrainEnded,
    DrainStarted,
    GroupAssociated,
    GroupCreated,
    GroupDeleted,
    GroupDisassociated,
    HostEnrolled,
    HostModeChanged,
    HostRemoved,
    InterfaceAttached,
    InterfaceChanged,
    InterfaceCreated,
    InterfaceDeleted,
    InterfaceDetached,
    InterfaceGroupsChanged,
    PeeringChanged,
    PeeringCreated,
    PrefixListChanged,
    PrefixListCreated,
    PrefixListDeleted,
    RulesAdded,
    RulesRemoved,
    SubnetCreated,
    SubnetDeleted,
    TagsChanged,
    VpcChanged,
    VpcCreated,
    VpcDeleted,
)
from ringwall.domain.group import PeerReference
from ringwall.domain.interface import Mode
from ringwall.domain.peering import PeeringStatus
from ringwall.store.base import Compacted, Transaction
from stores import (
    ACCOUNT,
    PLACE,
    REGION,
    Driven,
    association,
    attachment,
    free_interface,
    further_interface,
    group,
    host,
    interface,
    key,
    peering,
    prefix_list,
    rule,
    subnet,
    vpc,
)

NET, WEB, DB = subnet(vpc()), group(vpc(), 1), group(vpc(), 2)
MACHINE = host(NET)
NIC = interface(MACHINE, [WEB])
OWN = further_interface(NIC, [WEB])
ROUTED = attachment(MACHINE, 2)
FREE, LIST, ASKED = free_interface(NET, [DB]), prefix_list(), peering(vpc(), vpc(2))
REFERENCE = PeerReference(ACCOUNT, vpc(2).vpc_id, ASKED.peering_id)
ACROSS = rule(DB, 5432, "sg-9", reference=REFERENCE)
NUMBERED = replace(ACROSS, traffic=rule(DB, 5433).traffic)
SSH, HTTPS = rule(WEB, 22, description="sésame"), rule(WEB, 443, WEB.group_id)

# One request after the other, and what each must leave in the log. None: no revision.
HISTORY: list[tuple[Callable[[Transaction], object], tuple[Change, ...] | None]] = [
    (lambda tx: (tx.create_region(*PLACE), tx.insert_vpc(vpc())), (VpcCreated(vpc().vpc_id),)),
    (lambda tx: tx.vpcs(*PLACE), None),
    (lambda tx: tx.insert_subnet(NET), (SubnetCreated(NET.subnet_id),)),
    (
        lambda tx: (tx.insert_group(WEB), tx.insert_rules(WEB, [SSH, HTTPS])),
        (GroupCreated(WEB.group_id), RulesAdded(WEB.group_id, (SSH, HTTPS))),
    ),
    (lambda tx: tx.insert_rules(WEB, []), None),
    (lambda tx: tx.delete_rules(WEB, []), None),
    (
        lambda tx: (tx.delete_rules(WEB, [SSH]), tx.insert_draining_rules(WEB, [SSH], 1_700_000_000)),
        (RulesRemoved(WEB.group_id, (SSH,)), DrainStarted(WEB.group_id, (SSH.rule_id,))),
    ),
    (lambda tx: (tx.insert_draining_rules(WEB, [], 1), tx.delete_draining_rules(WEB, [])), None),
    (lambda tx: tx.delete_draining_rules(WEB, [SSH.rule_id]), (DrainEnded(WEB.group_id, (SSH.rule_id,)),)),
    (lambda tx: tx.insert_group(DB), (GroupCreated(DB.group_id),)),
    (
        lambda tx: tx.insert_host(MACHINE, key(MACHINE), NIC),
        (HostEnrolled(MACHINE.instance_id, NIC.interface_id, (WEB.group_id,)),),
    ),
    (lambda tx: tx.set_host_mode(MACHINE, Mode.OBSERVE), None),
    (lambda tx: tx.set_host_mode(MACHINE, Mode.ENFORCE), (HostModeChanged(MACHINE.instance_id, "enforce"),)),
    (lambda tx: tx.set_interface_groups(NIC, [WEB.group_id]), None),
    (
        lambda tx: tx.set_interface_groups(NIC, [DB.group_id, WEB.group_id]),
        (InterfaceGroupsChanged(NIC.interface_id, (WEB.group_id,), (DB.group_id, WEB.group_id)),),
    ),
    (
        # The value that the caller holds is old by now; the log tells what was stored.
        lambda tx: tx.set_interface_groups(NIC, [WEB.group_id]),
        (InterfaceGroupsChanged(NIC.interface_id, (DB.group_id, WEB.group_id), (WEB.group_id,)),),
    ),
    (lambda tx: tx.set_interface_addresses(NIC, NIC.private_ips, NIC.ipv6_addresses), None),
    (
        lambda tx: tx.set_interface_addresses(NIC, NIC.private_ips, ["fd00::1"]),
        (AddressesChanged(NIC.interface_id, (WEB.group_id,)),),
    ),
    (lambda tx: tx.set_mac_address(NIC, NIC.mac_address), None),
    (lambda tx: tx.set_mac_address(NIC, "02:00:00:00:00:99"), (InterfaceChanged(NIC.interface_id),)),
    (lambda tx: tx.set_tags(*PLACE, WEB.group_id, {"Name": "web"}), (TagsChanged((WEB.group_id,)),)),
    (lambda tx: tx.set_tags(*PLACE, WEB.group_id, {"Name": "web"}), None),
    (lambda tx: tx.delete_tags(*PLACE, WEB.group_id, ["absent"]), None),
    (lambda tx: tx.delete_tags(*PLACE, WEB.group_id, ["Name"]), (TagsChanged((WEB.group_id,)),)),
    (
        lambda tx: tx.insert_interface(OWN),
        (InterfaceAttached(OWN.interface_id, MACHINE.instance_id, (WEB.group_id,)),),
    ),
    (
        lambda tx: (tx.insert_interface(FREE), tx.attach_interface(FREE, ROUTED)),
        (
            InterfaceCreated(FREE.interface_id, (DB.group_id,)),
            InterfaceAttached(FREE.interface_id, MACHINE.instance_id, (DB.group_id,)),
        ),
    ),
    (lambda tx: tx.set_delete_on_termination(FREE, False), None),
    (lambda tx: tx.set_delete_on_termination(FREE, True), (InterfaceChanged(FREE.interface_id),)),
    (lambda tx: tx.set_interface_details(FREE, "", False), (InterfaceChanged(FREE.interface_id, True),)),
    (
        lambda tx: tx.detach_interface(FREE),
        (InterfaceDetached(FREE.interface_id, MACHINE.instance_id, (DB.group_id,)),),
    ),
    (lambda tx: tx.delete_interface(FREE), (InterfaceDeleted(FREE.interface_id, (DB.group_id,)),)),
    (
        # As above: the caller's value is older than the groups.
        lambda tx: (tx.set_interface_groups(OWN, [DB.group_id]), tx.detach_interface(OWN), tx.delete_interface(OWN)),
        (
            InterfaceGroupsChanged(OWN.interface_id, (WEB.group_id,), (DB.group_id,)),
            InterfaceDetached(OWN.interface_id, MACHINE.instance_id, (DB.group_id,)),
            InterfaceDeleted(OWN.interface_id, (DB.group_id,)),
        ),
    ),
    (
        lambda tx: tx.delete_host(MACHINE),
        (HostRemoved(MACHINE.instance_id, NIC.interface_id, (WEB.group_id,)),),
    ),
    (lambda tx: tx.delete_group(WEB), (GroupDeleted(WEB.group_id),)),
    (lambda tx: tx.insert_interface(FREE), (InterfaceCreated(FREE.interface_id, (DB.group_id,)),)),
    (lambda tx: tx.set_interface_details(FREE, FREE.description, FREE.source_dest_check), None),
    (lambda tx: tx.set_interface_details(FREE, "other", True), (InterfaceChanged(FREE.interface_id),)),
    (lambda tx: tx.set_interface_details(FREE, "other", False), (InterfaceChanged(FREE.interface_id, True),)),
    (
        # As above: the caller's value is older than the groups.
        lambda tx: (tx.insert_group(WEB), tx.set_interface_groups(FREE, [WEB.group_id]), tx.delete_interface(FREE)),
        (
            GroupCreated(WEB.group_id),
            InterfaceGroupsChanged(FREE.interface_id, (DB.group_id,), (WEB.group_id,)),
            InterfaceDeleted(FREE.interface_id, (WEB.group_id,)),
        ),
    ),
    (lambda tx: tx.delete_subnet(NET), (SubnetDeleted(NET.subnet_id),)),
    (lambda tx: tx.update_vpc(vpc()), None),
    (lambda tx: tx.update_vpc(replace(vpc(), enable_dns_support=False)), (VpcChanged(vpc().vpc_id),)),
    (lambda tx: tx.insert_vpc(vpc(2)), (VpcCreated(vpc(2).vpc_id),)),
    (
        lambda tx: tx.insert_vpc_association(association(DB, vpc(2))),
        (GroupAssociated(DB.group_id, vpc(2).vpc_id),),
    ),
    (
        lambda tx: tx.delete_vpc_association(association(DB, vpc(2))),
        (GroupDisassociated(DB.group_id, vpc(2).vpc_id),),
    ),
    (lambda tx: tx.insert_peering(ASKED), (PeeringCreated(ASKED.peering_id),)),
    (lambda tx: tx.update_peering(ASKED), None),
    (lambda tx: tx.insert_rules(DB, [ACROSS]), (RulesAdded(DB.group_id, (ACROSS,)),)),
    (lambda tx: tx.replace_rules(DB, [ACROSS], [ACROSS]), None),
    (
        lambda tx: tx.replace_rules(DB, [ACROSS], [NUMBERED]),
        (RulesRemoved(DB.group_id, (ACROSS,)), RulesAdded(DB.group_id, (NUMBERED,))),
    ),
    (
        lambda tx: tx.update_peering(replace(ASKED, status=PeeringStatus.ACTIVE)),
        (PeeringChanged(ASKED.peering_id, "active", ("sg-9",)),),
    ),
    (lambda tx: tx.delete_vpc(vpc(2)), (VpcDeleted(vpc(2).vpc_id),)),
    (lambda tx: tx.insert_prefix_list(LIST, []), (PrefixListCreated(LIST.prefix_list_id),)),
    (lambda tx: tx.update_prefix_list(LIST, []), None),
    (lambda tx: tx.update_prefix_list(replace(LIST, version=2), []), (PrefixListChanged(LIST.prefix_list_id),)),
    (lambda tx: tx.drop_prefix_list_versions(LIST, 2), None),
    (lambda tx: tx.delete_prefix_list(LIST), (PrefixListDeleted(LIST.prefix_list_id),)),
]


def test_the_history_has_every_kind_of_change() -> None:
    kinds = {type(change) for _, changes in HISTORY for change in changes or ()}
    assert kinds == set(get_args(Change))


def test_each_request_that_changes_something_is_one_revision(rows: Driven | PlainStore) -> None:
    expected: list[ChangeRecord] = []
    for request, changes in HISTORY:
        committed = rows.write(request)
        if changes is not None:
            expected.append(ChangeRecord(len(expected) + 1, ACCOUNT, REGION, changes))
        assert committed.revision == (expected[-1].revision if changes is not None else None)
        assert rows.read(lambda r: r.revision()) == len(expected)
    assert list(rows.read(lambda r: r.changes_since(0, 1_000))) == expected


def make_vpcs(store: Driven, number: int) -> None:
    for each in range(1, number + 1):
        store.write(lambda tx, each=each: tx.insert_vpc(vpc(each)))


def test_a_cursor_reads_the_log_in_pieces(store: Driven) -> None:
    make_vpcs(store, 7)
    read = [0]
    while piece := store.read(lambda r, last=read[-1]: r.changes_since(last, 3)):
        assert len(piece) <= 3
        read += [record.revision for record in piece]
    assert read == [0, 1, 2, 3, 4, 5, 6, 7]


def test_records_say_when_they_were_committed(store: Driven) -> None:
    make_vpcs(store, 2)
    first, second = store.read(lambda r: r.changes_since(0, 10))
    assert 1_600_000_000 < first.committed_at <= second.committed_at


def test_a_transaction_sees_the_revisions_before_it(store: Driven) -> None:
    outcomes = store.write_all([lambda tx, n=n: (tx.revision(), tx.insert_vpc(vpc(n)))[0] for n in range(1, 4)])
    assert [(each.result, each.revision) for each in outcomes if not isinstance(each, BaseException)] == [
        (0, 1),
        (1, 2),
        (2, 3),
    ]


def test_a_compacted_log_refuses_cursors_that_it_no_longer_reaches(store: Driven) -> None:
    make_vpcs(store, 5)
    assert store.compact(3) == 2
    assert [record.revision for record in store.read(lambda r: r.changes_since(2, 10))] == [3, 4, 5]
    for revision in (0, 1):
        with pytest.raises(Compacted):
            store.read(lambda r, revision=revision: r.changes_since(revision, 10))
    assert store.compact(3) == 0
    assert len(store.read(lambda r: r.vpcs(*PLACE))) == 5


def test_compaction_keeps_the_revision(store: Driven) -> None:
    make_vpcs(store, 3)
    assert store.compact(1_000) == 2
    assert store.read(lambda r: r.revision()) == 3
    assert store.write(lambda tx: tx.insert_vpc(vpc(9))).revision == 4
    assert [record.revision for record in store.read(lambda r: r.changes_since(3, 10))] == [4]


def test_one_request_changes_one_region(store: Driven) -> None:
    with pytest.raises(AssertionError):
        store.write(lambda tx: (tx.insert_vpc(vpc(1)), tx.insert_vpc(vpc(2, region="us-east-1"))))
    assert store.read(lambda r: r.revision()) == 0
