"""VPCs that change and go, interfaces that no host has, peering connections, client tokens."""

from __future__ import annotations

from dataclasses import replace

import pytest

from plain_store import PlainStore
from ringwall.domain.change import PeeringChanged, VpcDeleted
from ringwall.domain.group import PeerReference
from ringwall.domain.peering import PeeringStatus
from ringwall.domain.vpc import CidrAssociation
from ringwall.store.base import Conflict, TokenUse, Transaction
from stores import (
    ACCOUNT,
    PLACE,
    REGION,
    Driven,
    association,
    free_interface,
    group,
    host,
    interface,
    key,
    peering,
    rule,
    subnet,
    vpc,
)

Rows = Driven | PlainStore
ELSEWHERE = ("999999999999", REGION)
NET, WEB, DB = subnet(vpc()), group(vpc(), 1), group(vpc(), 2)
FREE = free_interface(NET, [WEB, DB], ["10.1.1.77", "10.1.1.70"])


def populate(tx: Transaction) -> None:
    """A VPC with a subnet and two groups."""
    tx.insert_vpc(vpc())
    tx.insert_subnet(NET)
    for each in (WEB, DB):
        tx.insert_group(each)


def test_a_vpc_changes_its_blocks_and_attributes(rows: Rows) -> None:
    rows.write(lambda tx: (tx.insert_vpc(vpc(1)), tx.insert_vpc(vpc(2))))
    more = (*vpc().ipv4, CidrAssociation("vpc-cidr-assoc-b", "10.200.0.0/16"))
    steps = [
        replace(vpc(), ipv4=more),
        replace(vpc(), ipv4=more, ipv6=(CidrAssociation("vpc-cidr-assoc-c", "2001:db8::/56"),)),
        replace(vpc(), ipv4=more[:1], enable_dns_hostnames=True, enable_dns_support=False),
        replace(vpc(), enable_network_address_usage_metrics=True),
        replace(vpc(), is_default=True, instance_tenancy="dedicated", dhcp_options_id="dopt-2"),
    ]
    for revision, after in enumerate(steps, 2):
        assert rows.write(lambda tx, after=after: tx.update_vpc(after)).revision == revision
        assert rows.write(lambda tx, after=after: tx.update_vpc(after)).revision is None
        assert rows.read(lambda r: r.vpcs(*PLACE)) == [after, vpc(2)]


def test_a_deleted_vpc_takes_its_blocks_and_tags_along(rows: Rows) -> None:
    full = replace(vpc(), ipv6=(CidrAssociation("vpc-cidr-assoc-c", "2001:db8::/56"),))
    rows.write(lambda tx: (tx.insert_vpc(full), tx.insert_vpc(vpc(2)), tx.set_tags(*PLACE, full.vpc_id, {"a": "b"})))
    rows.write(lambda tx: tx.delete_vpc(full))
    assert rows.read(lambda r: r.vpcs(*PLACE)) == [vpc(2)]
    assert rows.read(lambda r: r.all_tags(*PLACE)) == {}
    rows.write(lambda tx: tx.insert_vpc(full))  # Its association ids are free again.
    assert rows.read(lambda r: r.vpc(*PLACE, full.vpc_id)) == full


def test_a_vpc_with_groups_or_subnets_stays(rows: Rows) -> None:
    rows.write(populate)
    with pytest.raises(Conflict):
        rows.write(lambda tx: tx.delete_vpc(vpc()))
    rows.write(lambda tx: (tx.delete_group(WEB), tx.delete_group(DB)))
    with pytest.raises(Conflict):
        rows.write(lambda tx: tx.delete_vpc(vpc()))
    rows.write(lambda tx: (tx.delete_subnet(NET), tx.delete_vpc(vpc())))
    assert rows.read(lambda r: (r.vpcs(*PLACE), r.subnets(*PLACE))) == ([], [])


def test_a_deleted_subnet_takes_its_tags_along_and_one_with_interfaces_stays(rows: Rows) -> None:
    other = subnet(vpc(), 2)
    rows.write(populate)
    rows.write(lambda tx: (tx.insert_subnet(other), tx.insert_interface(FREE)))
    rows.write(lambda tx: [tx.set_tags(*PLACE, each.subnet_id, {"a": "b"}) for each in (NET, other)])
    with pytest.raises(Conflict):
        rows.write(lambda tx: tx.delete_subnet(NET))
    rows.write(lambda tx: tx.delete_subnet(other))
    assert rows.read(lambda r: r.subnets(*PLACE)) == [NET]
    assert rows.read(lambda r: r.all_tags(*PLACE)) == {NET.subnet_id: {"a": "b"}}


def test_interfaces_with_and_without_a_host(rows: Rows) -> None:
    machine, elsewhere = host(NET), free_interface(subnet(vpc(), 2), [DB], ["10.1.2.5"], number=78)
    attached = interface(machine, [WEB])
    rows.write(populate)
    rows.write(lambda tx: (tx.insert_interface(FREE), tx.insert_host(machine, key(machine), attached)))
    rows.write(lambda tx: (tx.insert_subnet(subnet(vpc(), 2)), tx.insert_interface(elsewhere)))
    assert rows.read(lambda r: r.interfaces(*PLACE)) == [FREE, attached, elsewhere]
    assert rows.read(lambda r: r.interface_count(*PLACE)) == 3
    assert rows.read(lambda r: r.interface_count(*ELSEWHERE)) == 0
    assert rows.read(lambda r: r.interface(*PLACE, FREE.interface_id)) == FREE
    assert rows.read(lambda r: r.addresses_of_subnet(NET.subnet_id)) == {*FREE.addresses, *attached.addresses}
    assert rows.read(lambda r: r.addresses_of_subnet("subnet-0")) == set()
    assert rows.read(lambda r: r.interfaces_of_group(DB.group_id)) == [FREE, elsewhere]
    assert rows.read(lambda r: r.interfaces_of_host(machine.instance_id)) == [attached]
    assert rows.read(lambda r: r.address_holder(vpc().vpc_id, "10.1.1.70")) == FREE.interface_id
    rows.write(lambda tx: tx.delete_host(machine))
    assert rows.read(lambda r: r.interfaces(*PLACE)) == [FREE, elsewhere]
    assert rows.read(lambda r: r.addresses_of_subnet(NET.subnet_id)) == set(FREE.addresses)


def test_whether_a_subnet_or_group_has_interfaces(rows: Rows) -> None:
    def told() -> list[bool]:
        return rows.read(
            lambda r: [
                r.subnet_has_interfaces(NET.subnet_id),
                r.subnet_has_interfaces(subnet(vpc(), 2).subnet_id),
                r.group_has_interfaces(WEB.group_id),
                r.group_has_interfaces(WEB.group_id, vpc().vpc_id),
                r.group_has_interfaces(WEB.group_id, "vpc-0"),
                r.group_has_interfaces("sg-0"),
            ]
        )

    rows.write(lambda tx: (populate(tx), tx.insert_subnet(subnet(vpc(), 2))))
    assert told() == [False] * 6
    rows.write(lambda tx: tx.insert_interface(FREE))
    assert told() == [True, False, True, True, False, False]
    rows.write(lambda tx: tx.set_interface_groups(FREE, [DB.group_id]))
    assert told() == [True, False, False, False, False, False]
    rows.write(lambda tx: tx.delete_interface(FREE))
    assert told() == [False] * 6


def test_an_interface_without_a_host_takes_no_address_of_another(rows: Rows) -> None:
    rows.write(populate)
    rows.write(lambda tx: tx.insert_interface(FREE))
    thief = free_interface(NET, [WEB], ["10.1.1.71", "10.1.1.70"], number=79)
    with pytest.raises(Conflict):
        rows.write(lambda tx: tx.insert_interface(thief))
    assert rows.read(lambda r: r.interfaces(*PLACE)) == [FREE]


def test_the_details_of_an_interface(rows: Rows) -> None:
    rows.write(populate)
    rows.write(lambda tx: tx.insert_interface(FREE))
    assert rows.write(lambda tx: tx.set_interface_details(FREE, FREE.description, True)).revision is None
    assert rows.write(lambda tx: tx.set_interface_details(FREE, "other", True)).revision == 3
    assert rows.write(lambda tx: tx.set_interface_details(FREE, "other", False)).revision == 4
    after = replace(FREE, description="other", source_dest_check=False)
    assert rows.read(lambda r: r.interfaces(*PLACE)) == [after]


def test_a_deleted_interface_leaves_nothing(rows: Rows) -> None:
    rows.write(populate)
    rows.write(lambda tx: (tx.insert_interface(FREE), tx.set_tags(*PLACE, FREE.interface_id, {"a": "b"})))
    rows.write(lambda tx: tx.delete_interface(FREE))
    assert rows.read(lambda r: r.interfaces(*PLACE)) == []
    assert rows.read(lambda r: r.interfaces_of_group(WEB.group_id)) == []
    assert rows.read(lambda r: r.address_holder(vpc().vpc_id, "10.1.1.70")) is None
    assert rows.read(lambda r: r.all_tags(*PLACE)) == {}
    rows.write(lambda tx: (tx.delete_group(WEB), tx.delete_group(DB), tx.delete_subnet(NET)))


def test_both_sides_see_a_peering_and_nobody_else(rows: Rows) -> None:
    theirs = vpc(4, *ELSEWHERE)
    inside, out = peering(vpc(1), vpc(2), 2), replace(peering(vpc(1), theirs, 1), ended_at=5, ended_by=ACCOUNT)
    rows.write(lambda tx: tx.insert_peering(inside))
    rows.write(lambda tx: tx.insert_peering(out))
    assert rows.read(lambda r: r.peerings(*PLACE)) == [inside, out]
    assert rows.read(lambda r: r.peerings(*ELSEWHERE)) == [out]
    assert rows.read(lambda r: r.peerings(ACCOUNT, "us-east-1")) == []
    assert rows.read(lambda r: r.peering(*ELSEWHERE, out.peering_id)) == out
    assert rows.read(lambda r: r.peering(*ELSEWHERE, inside.peering_id)) is None
    assert rows.read(lambda r: r.peerings_of_vpc(vpc(1).vpc_id)) == [inside, out]
    assert rows.read(lambda r: r.peerings_of_vpc(vpc(2).vpc_id)) == [inside]
    assert rows.read(lambda r: r.peerings_of_vpc(theirs.vpc_id)) == [out]
    assert rows.read(lambda r: r.peerings_of_vpc("vpc-0")) == []


@pytest.mark.parametrize("ended", [PeeringStatus.DELETED, PeeringStatus.REJECTED, PeeringStatus.FAILED])
def test_a_peering_that_ended_is_none_of_its_vpcs(rows: Rows, ended: PeeringStatus) -> None:
    pending = peering(vpc(1), vpc(2))
    rows.write(lambda tx: tx.insert_peering(pending))
    rows.write(lambda tx: tx.update_peering(replace(pending, status=PeeringStatus.ACTIVE)))
    assert [each.status for each in rows.read(lambda r: r.peerings_of_vpc(vpc(1).vpc_id))] == [PeeringStatus.ACTIVE]
    rows.write(lambda tx: tx.update_peering(replace(pending, status=ended, ended_at=5)))
    for number in (1, 2):
        assert rows.read(lambda r, number=number: r.peerings_of_vpc(vpc(number).vpc_id)) == []


def test_the_log_tells_whose_members_a_peering_changes(rows: Rows) -> None:
    far, pending = group(vpc(2), 3), peering(vpc(1), vpc(2))
    across = PeerReference(ACCOUNT, vpc(2).vpc_id, pending.peering_id)
    active = replace(pending, status=PeeringStatus.ACTIVE)
    deleted = replace(pending, status=PeeringStatus.DELETED, ended_at=1_700_000_100, ended_by=ACCOUNT)
    rows.write(populate)
    rows.write(lambda tx: (tx.insert_vpc(vpc(2)), tx.insert_group(far), tx.insert_peering(pending)))
    rows.write(lambda tx: tx.update_peering(active))
    rows.write(lambda tx: tx.insert_rules(WEB, [rule(WEB, port, far.group_id, reference=across) for port in (1, 2)]))
    rows.write(lambda tx: tx.insert_rules(DB, [rule(DB, 1, WEB.group_id)]))
    assert rows.write(lambda tx: tx.update_peering(active)).revision is None
    rows.write(lambda tx: tx.update_peering(deleted))
    assert rows.read(lambda r: r.peering(*PLACE, pending.peering_id)) == deleted
    told = [change for record in rows.read(lambda r: r.changes_since(0, 100)) for change in record.changes]
    assert [change for change in told if isinstance(change, PeeringChanged)] == [
        PeeringChanged(pending.peering_id, "active", ()),
        PeeringChanged(pending.peering_id, "deleted", (far.group_id,)),
    ]


@pytest.mark.parametrize("peering_first", [True, False])
def test_a_peering_ends_in_either_sides_request(rows: Rows, peering_first: bool) -> None:
    """The record is of the place that the request changes otherwise; a request of one account changes nothing else."""
    theirs = vpc(4, *ELSEWHERE)
    asked = peering(vpc(1), theirs)
    deleted = replace(asked, status=PeeringStatus.DELETED, ended_at=5, ended_by=theirs.owner_id)
    rows.write(lambda tx: tx.insert_vpc(theirs))
    rows.write(lambda tx: tx.insert_peering(asked))

    def end(tx: Transaction) -> None:
        if peering_first:
            tx.update_peering(deleted)
        tx.delete_vpc(theirs)
        if not peering_first:
            tx.update_peering(deleted)

    rows.write(end)
    record = rows.read(lambda r: r.changes_since(2, 10))[0]
    assert (record.account_id, record.region) == ELSEWHERE
    assert set(record.changes) == {VpcDeleted(theirs.vpc_id), PeeringChanged(asked.peering_id, "deleted", ())}
    with pytest.raises(AssertionError):
        rows.write(lambda tx: (tx.update_peering(asked), tx.insert_vpc(vpc(9, "111111111111"))))


def test_associations_keep_no_vpc_from_being_deleted_by_its_own_region(rows: Rows) -> None:
    rows.write(populate)
    rows.write(lambda tx: (tx.insert_vpc(vpc(2)), tx.insert_vpc_association(association(WEB, vpc(2)))))
    rows.write(lambda tx: tx.delete_vpc(vpc(2)))
    assert rows.read(lambda r: r.vpc_associations(*PLACE)) == []


def test_the_use_of_a_client_token_is_kept_over_an_older_one(rows: Rows) -> None:
    use = TokenUse(*PLACE, "CreateManagedPrefixList", "token", "fingerprint", "pl-1", 1_700_000_000)
    again = replace(use, fingerprint="other", resource_id="pl-2", used_at=1_700_000_500)
    others = [
        replace(use, account_id=ELSEWHERE[0]),
        replace(use, region="us-east-1"),
        replace(use, operation="CreateVpc"),
        replace(use, client_token="TOKEN"),
    ]
    for each in (use, *others):
        assert rows.write(lambda tx, each=each: tx.record_token_use(each)).revision is None
    rows.write(lambda tx: tx.record_token_use(again))

    def look(each: TokenUse) -> TokenUse | None:
        return rows.read(lambda r: r.token_use(each.account_id, each.region, each.operation, each.client_token))

    assert [look(each) for each in (use, *others)] == [again, *others]
    assert look(replace(use, client_token="")) is None
    assert rows.write(lambda tx: tx.forget_token_uses(1_700_000_500)).revision is None
    assert [look(each) for each in (use, *others)] == [again, None, None, None, None]
