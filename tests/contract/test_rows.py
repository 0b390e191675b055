"""What is written can be read: whole, in order, by its owner in its region and by nobody else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from ringwall.domain.group import Direction
from ringwall.domain.interface import Mode
from ringwall.domain.vpc import CidrAssociation, Subnet, Vpc
from ringwall.store.base import Conflict, EnrolmentToken, HostKey, PeerCounts, Reader, Transaction
from stores import (
    ACCOUNT,
    PLACE,
    REGION,
    Driven,
    association,
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

STRANGERS = [("999999999999", REGION), (ACCOUNT, "us-east-1")]


def populate(tx: Transaction) -> None:
    """One of everything, in vpc(1)."""
    plan, net, web = vpc(), subnet(vpc()), group(vpc())
    tx.create_region(*PLACE)
    tx.insert_vpc(plan)
    tx.insert_subnet(net)
    tx.insert_group(web)
    tx.insert_rules(web, [rule(web)])
    tx.insert_host(host(net), key(host(net)), interface(host(net), [web]))
    tx.set_tags(*PLACE, web.group_id, {"Name": "web"})
    tx.insert_vpc(vpc(2))
    tx.insert_vpc_association(association(web, vpc(2)))
    tx.insert_prefix_list(prefix_list(), [])
    tx.insert_peering(peering(vpc(), vpc(2)))


def test_a_new_store_is_empty(store: Driven) -> None:
    assert store.read(lambda r: r.revision()) == 0
    assert store.read(lambda r: r.vpcs(*PLACE)) == []
    assert store.read(lambda r: r.default_vpc(*PLACE)) is None
    assert store.read(lambda r: r.changes_since(0, 10)) == []


def test_the_identity_stays_and_is_readable_everywhere(store: Driven) -> None:
    identity = store.read(lambda r: r.identity())
    assert len(identity.store_id) == 32
    assert identity.epoch == 1
    assert store.write(lambda tx: tx.identity()).result == identity
    assert store.read_in_thread(lambda r: r.identity()) == identity


def test_a_region_is_marked_once(store: Driven) -> None:
    assert not store.read(lambda r: r.region_exists(*PLACE))
    assert store.write(lambda tx: tx.create_region(*PLACE)).revision is None
    assert store.read(lambda r: r.region_exists(*PLACE))
    for stranger in STRANGERS:
        assert not store.read(lambda r, stranger=stranger: r.region_exists(*stranger))
    with pytest.raises(Conflict):
        store.write(lambda tx: tx.create_region(*PLACE))


def test_vpcs(store: Driven) -> None:
    plain, default = vpc(9), vpc(2, default=True)
    full = replace(
        vpc(5),
        instance_tenancy="dedicated",
        ipv4=tuple(CidrAssociation(f"assoc-{n}", f"10.{n}.0.0/16") for n in (5, 9, 6)),
        ipv6=tuple(CidrAssociation(f"assoc-6-{n}", f"2001:db8:{n}::/56") for n in (2, 1)),
        enable_dns_support=False,
        enable_dns_hostnames=True,
        enable_network_address_usage_metrics=True,
    )
    for each in (plain, default, full):
        store.write(lambda tx, each=each: tx.insert_vpc(each))
    assert store.read(lambda r: r.vpcs(*PLACE)) == [plain, default, full]
    assert store.read(lambda r: r.vpc(*PLACE, full.vpc_id)) == full
    assert store.read(lambda r: r.default_vpc(*PLACE)) == default
    found = store.read(lambda r: r.vpc(*PLACE, default.vpc_id))
    assert found is not None
    assert found.is_default is True


def test_a_region_has_one_default_vpc(store: Driven) -> None:
    store.write(lambda tx: tx.insert_vpc(vpc(1, default=True)))
    with pytest.raises(Conflict):
        store.write(lambda tx: tx.insert_vpc(vpc(2, default=True)))
    store.write(lambda tx: tx.insert_vpc(vpc(3, region="us-east-1", default=True)))
    assert store.read(lambda r: r.vpcs(*PLACE)) == [vpc(1, default=True)]


def test_subnets(store: Driven) -> None:
    nets: list[Subnet] = [
        subnet(vpc(1), 3),
        replace(subnet(vpc(2), 1), default_for_az=True, ipv6_cidr_block="2001:db8::/64", ipv6_association_id="assoc"),
        subnet(vpc(1), 2),
    ]
    store.write(lambda tx: (tx.insert_vpc(vpc(1)), tx.insert_vpc(vpc(2)), *map(tx.insert_subnet, nets)))
    assert store.read(lambda r: r.subnets(*PLACE)) == nets
    assert store.read(lambda r: r.subnets(*PLACE, vpc(1).vpc_id)) == [nets[0], nets[2]]
    assert store.read(lambda r: r.subnet(*PLACE, nets[1].subnet_id)) == nets[1]
    assert store.read(lambda r: r.subnet(*PLACE, "subnet-0")) is None


def test_groups(store: Driven) -> None:
    groups = [group(vpc(), 3, "Web Servers"), group(vpc(), 1), group(vpc(), 2)]
    store.write(lambda tx: (tx.insert_vpc(vpc()), *map(tx.insert_group, groups)))
    assert store.read(lambda r: r.groups(*PLACE)) == groups
    assert store.read(lambda r: r.group(*PLACE, groups[2].group_id)) == groups[2]
    assert store.read(lambda r: r.group(*PLACE, "sg-0")) is None


def test_groups_are_counted_in_their_region_and_transaction(store: Driven) -> None:
    other = vpc(2, region="us-east-1")
    store.write(lambda tx: tx.insert_vpc(vpc()))
    store.write(lambda tx: (tx.insert_vpc(other), tx.insert_group(group(other, 9))))
    assert store.read(lambda r: r.group_count(*PLACE)) == 0

    def make(tx: Transaction) -> list[int]:
        numbers = []
        for number in (1, 2, 3):
            tx.insert_group(group(vpc(), number))
            numbers.append(tx.group_count(*PLACE))
        tx.delete_group(group(vpc(), 2))
        return [*numbers, tx.group_count(*PLACE)]

    assert store.write(make).result == [1, 2, 3, 2]
    assert store.read(lambda r: (r.group_count(*PLACE), r.group_count(ACCOUNT, "us-east-1"))) == (2, 1)


def test_a_group_name_is_unique_in_its_vpc_letter_case_aside(store: Driven) -> None:
    web = group(vpc(), 1, "Web")
    store.write(lambda tx: (tx.insert_vpc(vpc(1)), tx.insert_vpc(vpc(2)), tx.insert_group(web)))
    assert store.read(lambda r: r.group_by_name(web.vpc_id, "wEB")) == web
    assert store.read(lambda r: r.group_by_name(vpc(2).vpc_id, "Web")) is None
    with pytest.raises(Conflict):
        store.write(lambda tx: tx.insert_group(group(vpc(1), 2, "WEB")))
    store.write(lambda tx: tx.insert_group(group(vpc(2), 3, "WEB")))
    assert [each.name for each in store.read(lambda r: r.groups(*PLACE))] == ["Web", "WEB"]


def test_a_deleted_group_takes_its_rules_and_tags_along(store: Driven) -> None:
    web, other = group(vpc(), 1), group(vpc(), 2)
    mine, others = rule(web), rule(other)

    def make(tx: Transaction) -> None:
        tx.insert_vpc(vpc())
        for each, its in ((web, mine), (other, others)):
            tx.insert_group(each)
            tx.insert_rules(each, [its])
            tx.set_tags(*PLACE, each.group_id, {"Name": each.name})
            tx.set_tags(*PLACE, its.rule_id, {"Name": "rule"})

    store.write(make)
    store.write(lambda tx: tx.delete_group(web))
    assert store.read(lambda r: r.groups(*PLACE)) == [other]
    assert store.read(lambda r: r.rules(*PLACE)) == [others]
    assert set(store.read(lambda r: r.all_tags(*PLACE))) == {other.group_id, others.rule_id}
    assert store.read(lambda r: r.group_by_name(web.vpc_id, web.name)) is None


def test_rules_come_in_the_order_in_which_they_were_made(store: Driven) -> None:
    web, other, bare = group(vpc(), 1), group(vpc(), 2), group(vpc(), 3)
    first = [rule(web, 443), rule(web, 22, description="ssh"), rule(web, 22, "2001:db8::/32")]
    later = rule(web, 80, direction=Direction.EGRESS)
    theirs = rule(other, 22, web.group_id)
    store.write(lambda tx: (tx.insert_vpc(vpc()), *map(tx.insert_group, (web, other, bare))))
    store.write(lambda tx: tx.insert_rules(web, first))
    store.write(lambda tx: tx.insert_rules(other, [theirs]))
    store.write(lambda tx: tx.insert_rules(web, [later]))
    assert store.read(lambda r: r.rules(*PLACE)) == [*first, theirs, later]
    asked = [web.group_id, other.group_id, bare.group_id]
    assert store.read(lambda r: r.rules_of(asked)) == {
        web.group_id: [*first, later],
        other.group_id: [theirs],
        bare.group_id: [],
    }
    assert store.read(lambda r: r.rule(*PLACE, first[1].rule_id)) == first[1]


def test_a_rule_is_found_by_exactly_its_identity(store: Driven) -> None:
    web, other = group(vpc(), 1), group(vpc(), 2)
    ssh = rule(web, 22, description="ssh")
    store.write(lambda tx: (tx.insert_vpc(vpc()), *map(tx.insert_group, (web, other)), tx.insert_rules(web, [ssh])))

    def find(r: Reader) -> list[bool]:
        near = [
            (other.group_id, ssh.direction, ssh.traffic, ssh.peer),
            (web.group_id, Direction.EGRESS, ssh.traffic, ssh.peer),
            (web.group_id, ssh.direction, replace(ssh.traffic, protocol="udp"), ssh.peer),
            (web.group_id, ssh.direction, replace(ssh.traffic, from_port=21), ssh.peer),
            (web.group_id, ssh.direction, replace(ssh.traffic, to_port=23), ssh.peer),
            (web.group_id, ssh.direction, ssh.traffic, rule(web, 22, "10.0.0.0/9").peer),
        ]
        return [r.find_rule(*identity) is not None for identity in near]

    assert store.read(lambda r: r.find_rule(web.group_id, ssh.direction, ssh.traffic, ssh.peer)) == ssh
    assert not any(store.read(find))


def test_a_rule_is_unique_in_its_group_whatever_its_description(store: Driven) -> None:
    web = group(vpc())
    ssh, again = rule(web, 22), rule(web, 22, description="again")
    store.write(lambda tx: (tx.insert_vpc(vpc()), tx.insert_group(web), tx.insert_rules(web, [ssh])))
    with pytest.raises(Conflict):
        store.write(lambda tx: tx.insert_rules(web, [rule(web, 23), again]))
    assert store.read(lambda r: r.rules(*PLACE)) == [ssh]


def test_exactly_the_rules_named_are_removed(store: Driven) -> None:
    web = group(vpc())
    rules = [rule(web, port) for port in range(5)]
    store.write(lambda tx: (tx.insert_vpc(vpc()), tx.insert_group(web), tx.insert_rules(web, rules)))
    store.write(lambda tx: [tx.set_tags(*PLACE, each.rule_id, {"port": "x"}) for each in rules])
    store.write(lambda tx: tx.delete_rules(web, [rules[1], rules[3]]))
    left = [rules[0], rules[2], rules[4]]
    assert store.read(lambda r: r.rules(*PLACE)) == left
    assert set(store.read(lambda r: r.all_tags(*PLACE))) == {each.rule_id for each in left}


def test_removing_a_rule_that_is_not_there_is_a_defect_and_changes_nothing(store: Driven) -> None:
    web = group(vpc())
    there, gone = rule(web, 1), rule(web, 2)
    store.write(lambda tx: (tx.insert_vpc(vpc()), tx.insert_group(web), tx.insert_rules(web, [there])))
    with pytest.raises(AssertionError):
        store.write(lambda tx: tx.delete_rules(web, [there, gone]))
    assert store.read(lambda r: r.rules(*PLACE)) == [there]


def test_peers_are_counted_as_quotas_count_them(store: Driven) -> None:
    web = group(vpc())
    peers = ["10.0.0.0/8", "10.0.0.0/9", "2001:db8::/32", web.group_id, "sg-2", "sg-3", "pl-1", "pl-2"]
    rules = [rule(web, 22, peer) for peer in peers] + [rule(web, 23, "pl-2")]
    out = rule(web, 22, "10.0.0.0/8", Direction.EGRESS)
    store.write(lambda tx: (tx.insert_vpc(vpc()), tx.insert_group(web), tx.insert_rules(web, [*rules, out])))
    assert store.read(lambda r: r.peer_counts(web.group_id, Direction.INGRESS)) == PeerCounts(
        2, 1, 3, {"pl-1": 1, "pl-2": 2}
    )
    assert store.read(lambda r: r.peer_counts(web.group_id, Direction.EGRESS)) == PeerCounts(1, 0, 0, {})


def test_groups_that_reference_a_group(store: Driven) -> None:
    web, db, other = group(vpc(), 1), group(vpc(), 2), group(vpc(), 3)

    def make(tx: Transaction) -> None:
        tx.insert_vpc(vpc())
        for each in (web, db, other):
            tx.insert_group(each)
        tx.insert_rules(web, [rule(web, 22, web.group_id)])
        tx.insert_rules(db, [rule(db, 5432, web.group_id), rule(db, 5433, web.group_id)])
        tx.insert_rules(other, [rule(other, 22, db.group_id)])

    store.write(make)
    assert sorted(store.read(lambda r: r.groups_referencing(web.group_id))) == [web.group_id, db.group_id]
    assert store.read(lambda r: r.groups_referencing(other.group_id)) == []


def test_a_host_brings_its_key_and_its_interface(store: Driven) -> None:
    store.write(populate)
    net, web = subnet(vpc()), group(vpc())
    machine, nic = host(net), interface(host(net), [web])
    assert store.read(lambda r: r.host(*PLACE, machine.instance_id)) == machine
    assert store.read(lambda r: r.hosts(*PLACE)) == [machine]
    assert store.read(lambda r: r.hosts_of_account(ACCOUNT)) == [machine]
    assert store.read(lambda r: r.hosts_of_account("999999999999")) == []
    assert store.read(lambda r: r.host_key(machine.access_key_id)) == key(machine)
    assert store.read(lambda r: r.host_key("unknown")) is None
    assert store.read(lambda r: r.interface(*PLACE, nic.interface_id)) == nic
    assert store.read(lambda r: r.interfaces(*PLACE)) == [nic]
    assert store.read(lambda r: r.interfaces_of_host(machine.instance_id)) == [nic]
    assert store.read(lambda r: r.interfaces_of_group(web.group_id)) == [nic]
    assert store.read(lambda r: r.interfaces_of_group("sg-0")) == []


def test_groups_and_addresses_of_an_interface_keep_their_order(store: Driven) -> None:
    store.write(populate)
    nic = interface(host(subnet(vpc())), [group(vpc())])
    groups = [group(vpc(), number) for number in (4, 2, 3)]
    ids = [each.group_id for each in groups]
    store.write(lambda tx: list(map(tx.insert_group, groups)))
    store.write(lambda tx: tx.set_interface_groups(nic, ids))
    store.write(
        lambda tx: tx.set_interface_addresses(nic, ["10.1.1.9", "10.1.1.5", "10.1.1.7"], ["fd00::2", "fd00::1"])
    )
    found = store.read(lambda r: r.interface(*PLACE, nic.interface_id))
    assert found is not None
    assert found.group_ids == tuple(ids)
    assert found.private_ips == ("10.1.1.9", "10.1.1.5", "10.1.1.7")
    assert found.ipv6_addresses == ("fd00::2", "fd00::1")
    assert store.read(lambda r: r.interfaces_of_group(ids[1])) == [found]
    assert store.read(lambda r: r.interfaces_of_group(group(vpc()).group_id)) == []


def test_an_address_has_one_holder_in_a_vpc(store: Driven) -> None:
    store.write(populate)
    net, web = subnet(vpc()), group(vpc())
    second = host(net, 2)
    thief, honest = interface(second, [web], ["10.1.1.6", "10.1.1.5"]), interface(second, [web], ["10.1.1.6"])
    with pytest.raises(Conflict):
        store.write(lambda tx: tx.insert_host(second, key(second), thief))
    assert store.read(lambda r: r.hosts(*PLACE)) == [host(net)]
    store.write(lambda tx: tx.insert_host(second, key(second), honest))
    with pytest.raises(Conflict):
        store.write(lambda tx: tx.set_interface_addresses(honest, ["10.1.1.5"], []))
    assert store.read(lambda r: r.address_holder(vpc().vpc_id, "10.1.1.5")) == interface(host(net), []).interface_id
    assert store.read(lambda r: r.address_holder(vpc().vpc_id, "10.1.1.6")) == honest.interface_id
    assert store.read(lambda r: r.address_holder(vpc(2).vpc_id, "10.1.1.5")) is None


def test_a_removed_host_leaves_nothing(store: Driven) -> None:
    store.write(populate)
    machine = host(subnet(vpc()))
    nic = interface(machine, [])
    store.write(lambda tx: [tx.set_tags(*PLACE, i, {"a": "b"}) for i in (machine.instance_id, nic.interface_id)])
    store.write(lambda tx: tx.delete_host(machine))
    assert store.read(lambda r: r.hosts(*PLACE)) == []
    assert store.read(lambda r: r.interfaces(*PLACE)) == []
    assert store.read(lambda r: r.host_key(machine.access_key_id)) is None
    assert store.read(lambda r: r.address_holder(vpc().vpc_id, "10.1.1.5")) is None
    assert set(store.read(lambda r: r.all_tags(*PLACE))) == {group(vpc()).group_id}
    store.write(lambda tx: tx.delete_group(group(vpc())))


def test_a_host_changes_its_mode(store: Driven) -> None:
    store.write(populate)
    machine = host(subnet(vpc()))
    store.write(lambda tx: tx.set_host_mode(machine, Mode.ENFORCE))
    found = store.read(lambda r: r.host(*PLACE, machine.instance_id))
    assert found is not None
    assert found.mode is Mode.ENFORCE


def test_an_enrolment_token_is_used_once(store: Driven) -> None:
    token = EnrolmentToken("ab" * 32, ACCOUNT, REGION, "subnet-1", "eth0", 1_700_003_600)
    assert store.write(lambda tx: tx.insert_enrolment_token(token)).revision is None
    assert store.read(lambda r: r.enrolment_token(token.token_hash)) == token
    assert store.write(lambda tx: tx.consume_enrolment_token(token.token_hash)).revision is None
    assert store.read(lambda r: r.enrolment_token(token.token_hash)) is None
    with pytest.raises(AssertionError):
        store.write(lambda tx: tx.consume_enrolment_token(token.token_hash))


def test_tags_are_written_over_and_deleted_by_key(store: Driven) -> None:
    store.write(lambda tx: tx.set_tags(*PLACE, "sg-1", {"b": "1", "a": "2", "": ""}))
    store.write(lambda tx: tx.set_tags(*PLACE, "sg-2", {"a": "other"}))
    store.write(lambda tx: tx.set_tags(*PLACE, "sg-1", {"b": "3", "c": "4"}))
    store.write(lambda tx: tx.delete_tags(*PLACE, "sg-1", ["a", "absent"]))
    asked = ["sg-3", "sg-1"]
    tags = store.read(lambda r: r.tags(*PLACE, asked))
    assert tags == {"sg-3": {}, "sg-1": {"": "", "b": "3", "c": "4"}}
    assert list(tags) == asked
    assert list(tags["sg-1"]) == ["", "b", "c"]
    assert store.read(lambda r: r.all_tags(*PLACE)) == {"sg-1": tags["sg-1"], "sg-2": {"a": "other"}}


def test_tags_of_many_resources_are_the_same_as_of_each(store: Driven) -> None:
    many = [f"sg-{number}" for number in range(500)]
    store.write(lambda tx: [tx.set_tags(*PLACE, each, {"name": each}) for each in many[::7]])
    together = store.read(lambda r: r.tags(*PLACE, many))
    assert together == {each: store.read(lambda r, each=each: r.tags(*PLACE, [each])[each]) for each in many}
    assert list(together) == many


@pytest.mark.parametrize("stranger", STRANGERS)
def test_nothing_is_seen_from_another_account_or_region(store: Driven, stranger: tuple[str, str]) -> None:
    store.write(populate)
    store.write(lambda tx: tx.insert_vpc(vpc(7, default=True)))
    ids = store.read(lambda r: (r.rules(*PLACE)[0].rule_id, r.hosts(*PLACE)[0].instance_id))
    looks: list[Callable[[Reader], object]] = [
        lambda r: r.vpc(*stranger, vpc().vpc_id),
        lambda r: r.vpcs(*stranger),
        lambda r: r.default_vpc(*stranger),
        lambda r: r.subnet(*stranger, subnet(vpc()).subnet_id),
        lambda r: r.subnets(*stranger),
        lambda r: r.subnets(*stranger, vpc().vpc_id),
        lambda r: r.group(*stranger, group(vpc()).group_id),
        lambda r: r.groups(*stranger),
        lambda r: r.group_count(*stranger),
        lambda r: r.groups_after(*stranger, "", 10),
        lambda r: r.vpc_associations(*stranger),
        lambda r: r.vpc_associations(*stranger, group_id=group(vpc()).group_id),
        lambda r: r.vpc_associations(*stranger, vpc_id=vpc(2).vpc_id),
        lambda r: r.rule(*stranger, ids[0]),
        lambda r: r.rules(*stranger),
        lambda r: r.rules_after(*stranger, "", 10),
        lambda r: r.prefix_list(*stranger, prefix_list().prefix_list_id),
        lambda r: r.prefix_lists(*stranger),
        lambda r: r.peering(*stranger, peering(vpc(), vpc(2)).peering_id),
        lambda r: r.peerings(*stranger),
        lambda r: r.host(*stranger, ids[1]),
        lambda r: r.hosts(*stranger),
        lambda r: r.interface(*stranger, interface(host(subnet(vpc())), []).interface_id),
        lambda r: r.interfaces(*stranger),
        lambda r: r.interface_count(*stranger),
        lambda r: r.tags(*stranger, [group(vpc()).group_id])[group(vpc()).group_id],
        lambda r: r.all_tags(*stranger),
    ]
    for look in looks:
        assert not store.read(look)


def test_the_key_of_a_host_names_its_place(store: Driven) -> None:
    store.write(populate)
    machine = host(subnet(vpc()))
    found = store.read(lambda r: r.host_key(machine.access_key_id))
    assert found == HostKey(
        machine.access_key_id, f"secret of {machine.instance_id}", ACCOUNT, REGION, machine.instance_id
    )


def test_all_reads_of_one_call_are_of_the_same_revision(store: Driven) -> None:
    """A write commits between two reads of one call, or, where an engine can't do that, waits for the call to end."""
    between, committed = asyncio.Event(), threading.Event()

    async def race() -> tuple[int, int, list[Vpc]]:
        loop = asyncio.get_running_loop()

        def look(r: Reader) -> tuple[int, int, list[Vpc]]:
            before = r.revision()
            loop.call_soon_threadsafe(between.set)
            committed.wait(0.2)
            return before, r.revision(), r.vpcs(*PLACE)

        reading = asyncio.ensure_future(store.store.read_in_thread(look))
        await between.wait()
        await store.store.write(lambda tx: tx.insert_vpc(vpc()))
        committed.set()
        return await reading

    assert store.runner.run(race()) == (0, 0, [])
    assert store.read(lambda r: r.revision()) == 1
