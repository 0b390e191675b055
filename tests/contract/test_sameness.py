"""Every engine against the plain store: after the same requests every read, the log among them, answers the same."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from plain_store import PlainStore
from ringwall.domain.errors import ServiceError
from ringwall.domain.group import Direction, PeerReference
from ringwall.domain.interface import Host, Mode, NetworkInterface
from ringwall.domain.peering import PeeringStatus
from ringwall.domain.prefix_list import PrefixListEntry
from ringwall.domain.vpc import CidrAssociation
from ringwall.store.base import Committed, Conflict, Reader, Store, TokenUse, Transaction
from ringwall.store.sqlite import open_ephemeral, open_sqlite
from stores import (
    ACCOUNT,
    PLACE,
    Driven,
    association,
    attachment,
    free_interface,
    group,
    host,
    interface,
    key,
    peering,
    prefix_list,
    subnet,
    vpc,
)
from stores import rule as make_rule

Request = Callable[[Transaction], object]

# Few of each, so that requests meet.
VPCS = [vpc(1), vpc(2)]
SUBNETS = [subnet(VPCS[0], 1), subnet(VPCS[1], 2)]
GROUPS = [group(VPCS[0], 1), group(VPCS[0], 2), group(VPCS[1], 3, "GROUP-1"), group(VPCS[0], 4, "GROUP-1")]
HOSTS = [host(SUBNETS[0], 1), host(SUBNETS[1], 2)]
FREE = [free_interface(SUBNETS[number % 2], [], (), number=10 + number) for number in range(3)]
INTERFACES = [interface(each, [], ()) for each in HOSTS] + FREE
LISTS = [prefix_list(1), prefix_list(2)]
PEERINGS = [peering(VPCS[0], VPCS[1], 1), peering(VPCS[1], VPCS[0], 2)]
TAGGED = [VPCS[0].vpc_id, SUBNETS[0].subnet_id, GROUPS[0].group_id, FREE[0].interface_id, LISTS[0].prefix_list_id]

vpcs, subnets, groups = map(st.sampled_from, (VPCS, SUBNETS, GROUPS))
hosts, interfaces, lists, peerings = map(st.sampled_from, (HOSTS, INTERFACES, LISTS, PEERINGS))
addresses = st.lists(st.sampled_from(["10.1.1.5", "10.1.1.6", "fd00::5"]), unique=True)
group_ids = st.lists(groups.map(lambda each: each.group_id), unique=True, min_size=1, max_size=2)
entries = st.lists(st.sampled_from(["10.9.0.0/16", "10.10.0.0/16"]).map(PrefixListEntry), unique=True)
references = st.none() | peerings.map(lambda each: PeerReference(ACCOUNT, each.accepter.vpc_id, each.peering_id))
rules = st.builds(
    make_rule,
    groups,
    st.sampled_from([22, 443]),
    st.sampled_from(["10.0.0.0/8", LISTS[0].prefix_list_id, GROUPS[0].group_id, GROUPS[2].group_id]),
    st.sampled_from(Direction),
    st.none(),
    references,
)


class Refused(ServiceError):
    """What the request would change isn't there, or is there already."""

    code = "Refused"


def given_that(holds: Callable[[Transaction], object], request: Request) -> Request:
    """The request, refused where the store needn't know what to do."""

    def run(tx: Transaction) -> None:
        if not holds(tx):
            raise Refused
        request(tx)

    return run


def exist(tx: Transaction, ids: list[str]) -> bool:
    return all(tx.group(*PLACE, group_id) for group_id in ids)


def insert_vpc(of: int) -> Request:
    return given_that(lambda tx: not tx.vpc(*PLACE, VPCS[of].vpc_id), lambda tx: tx.insert_vpc(VPCS[of]))


def update_vpc(of: int, blocks: int, flag: bool) -> Request:
    four, six = (
        tuple(CidrAssociation(f"assoc-{of}-{kind}-{number}", f"{kind}{number}") for number in range(blocks))
        for kind in ("10.0.0.", "fd00::")
    )
    after = replace(VPCS[of], ipv4=VPCS[of].ipv4 + four, ipv6=six, enable_dns_support=flag)
    return given_that(lambda tx: tx.vpc(*PLACE, after.vpc_id), lambda tx: tx.update_vpc(after))


def insert_interface(at: int, carried: list[str], held: list[str]) -> Request:
    new = replace(FREE[at], group_ids=tuple(carried), private_ips=tuple(held))
    return given_that(
        lambda tx: (
            tx.subnet(*PLACE, new.subnet_id) and exist(tx, carried) and not tx.interface(*PLACE, new.interface_id)
        ),
        lambda tx: tx.insert_interface(new),
    )


def attached(tx: Transaction, it: NetworkInterface) -> bool:
    """Whether a host has the interface."""
    stored = tx.interface(*PLACE, it.interface_id)
    return stored is not None and stored.attachment is not None


def has_no_routed(tx: Transaction, of: Host) -> bool:
    """Whether all the host's interfaces go with it."""
    return all(each.is_hosts_own for each in tx.interfaces_of_host(of.instance_id))


def attach(it: NetworkInterface, to: Host, index: int) -> Request:
    """At this place of the host, which may be taken."""
    return given_that(
        lambda tx: (
            tx.interface(*PLACE, it.interface_id)
            and not attached(tx, it)
            and tx.host(*PLACE, to.instance_id)
            and tx.subnet(*PLACE, it.subnet_id)
        ),
        lambda tx: tx.attach_interface(it, attachment(to, index)),
    )


def insert_host(at: int, carried: list[str], held: list[str]) -> Request:
    new = HOSTS[at]
    nic = replace(interface(new, [], held), group_ids=tuple(carried))
    return given_that(
        lambda tx: tx.subnet(*PLACE, new.subnet_id) and exist(tx, carried) and not tx.host(*PLACE, new.instance_id),
        lambda tx: tx.insert_host(new, key(new), nic),
    )


def replace_rules(of: int, port: int, count: int) -> Request:
    """The first rules of the group get each other's traffic, the last of them this port."""

    def run(tx: Transaction) -> None:
        stored = tx.group(*PLACE, GROUPS[of].group_id)
        before = tx.rules_of([GROUPS[of].group_id])[GROUPS[of].group_id][:count]
        if stored is None or not before:
            raise Refused
        traffics = [*(each.traffic for each in before[1:]), make_rule(stored, port).traffic]
        after = [replace(each, traffic=traffic) for each, traffic in zip(before, traffics, strict=True)]
        tx.replace_rules(stored, before, after)

    return run


def revoke(of: int) -> Request:
    def run(tx: Transaction) -> None:
        stored = tx.group(*PLACE, GROUPS[of].group_id)
        if stored is None:
            raise Refused
        tx.delete_rules(stored, tx.rules_of([stored.group_id])[stored.group_id][:1])

    return run


def update_list(of: int, step: int, name: str, new: list[PrefixListEntry] | None) -> Request:
    def run(tx: Transaction) -> None:
        stored = tx.prefix_list(*PLACE, LISTS[of].prefix_list_id)
        if stored is None or stored.version is None:
            raise Refused
        tx.update_prefix_list(
            replace(stored, name=name, version=stored.version + (step if new is not None else 0)), new
        )

    return run


indices = st.integers(0, 1)
REQUESTS: list[st.SearchStrategy[Request]] = [
    st.builds(insert_vpc, indices),
    st.builds(update_vpc, indices, st.integers(0, 2), st.booleans()),
    vpcs.map(lambda it: given_that(lambda tx: tx.vpc(*PLACE, it.vpc_id), lambda tx: tx.delete_vpc(it))),
    subnets.map(
        lambda it: given_that(
            lambda tx: tx.vpc(*PLACE, it.vpc_id) and not tx.subnet(*PLACE, it.subnet_id),
            lambda tx: tx.insert_subnet(it),
        )
    ),
    subnets.map(lambda it: given_that(lambda tx: tx.subnet(*PLACE, it.subnet_id), lambda tx: tx.delete_subnet(it))),
    groups.map(
        lambda it: given_that(
            lambda tx: tx.vpc(*PLACE, it.vpc_id) and not tx.group(*PLACE, it.group_id), lambda tx: tx.insert_group(it)
        )
    ),
    groups.map(
        lambda it: given_that(
            lambda tx: tx.group(*PLACE, it.group_id) and not tx.interfaces_of_group(it.group_id),
            lambda tx: tx.delete_group(it),
        )
    ),
    st.builds(association, groups, vpcs).map(
        lambda it: given_that(
            lambda tx: tx.group(*PLACE, it.group_id) and tx.vpc(*PLACE, it.vpc_id),
            lambda tx: tx.insert_vpc_association(it),
        )
    ),
    st.builds(association, groups, vpcs).map(
        lambda it: given_that(lambda tx: it in tx.vpc_associations(*PLACE), lambda tx: tx.delete_vpc_association(it))
    ),
    rules.map(
        lambda it: given_that(
            lambda tx: tx.group(*PLACE, it.group_id),
            lambda tx: tx.insert_rules(next(each for each in GROUPS if each.group_id == it.group_id), [it]),
        )
    ),
    st.builds(revoke, st.integers(0, 3)),
    st.builds(replace_rules, st.integers(0, 3), st.sampled_from([22, 443, 80]), st.integers(1, 3)),
    st.builds(insert_host, indices, group_ids, addresses),
    hosts.map(
        lambda it: given_that(
            lambda tx: tx.host(*PLACE, it.instance_id) and has_no_routed(tx, it),
            lambda tx: tx.delete_host(it),
        )
    ),
    st.builds(attach, st.sampled_from(FREE), hosts, st.integers(1, 2)),
    st.sampled_from(FREE).map(
        lambda it: given_that(lambda tx: attached(tx, it), lambda tx: tx.detach_interface(it))
    ),
    st.builds(
        lambda it, goes: given_that(lambda tx: attached(tx, it), lambda tx: tx.set_delete_on_termination(it, goes)),
        st.sampled_from(FREE),
        st.booleans(),
    ),
    st.builds(
        lambda it, mac: given_that(
            lambda tx: tx.interface(*PLACE, it.interface_id), lambda tx: tx.set_mac_address(it, mac)
        ),
        interfaces,
        st.sampled_from(["02:00:00:00:00:01", "02:00:00:00:00:02"]),
    ),
    st.builds(
        lambda it, mode: given_that(
            lambda tx: tx.host(*PLACE, it.instance_id), lambda tx: tx.set_host_mode(it, mode)
        ),
        hosts,
        st.sampled_from(Mode),
    ),
    st.builds(insert_interface, st.integers(0, 2), group_ids, addresses),
    st.sampled_from(FREE).map(
        lambda it: given_that(
            lambda tx: tx.interface(*PLACE, it.interface_id) and not attached(tx, it),
            lambda tx: tx.delete_interface(it),
        )
    ),
    st.builds(
        lambda it, text, check: given_that(
            lambda tx: tx.interface(*PLACE, it.interface_id), lambda tx: tx.set_interface_details(it, text, check)
        ),
        interfaces,
        st.sampled_from(["", "other"]),
        st.booleans(),
    ),
    st.builds(
        lambda it, carried: given_that(
            lambda tx: tx.interface(*PLACE, it.interface_id) and exist(tx, carried),
            lambda tx: tx.set_interface_groups(it, carried),
        ),
        interfaces,
        group_ids,
    ),
    st.builds(
        lambda it, held: given_that(
            lambda tx: tx.interface(*PLACE, it.interface_id), lambda tx: tx.set_interface_addresses(it, held, [])
        ),
        interfaces,
        addresses,
    ),
    st.builds(
        lambda it, first: given_that(
            lambda tx: not tx.prefix_list(*PLACE, it.prefix_list_id), lambda tx: tx.insert_prefix_list(it, first)
        ),
        lists,
        entries,
    ),
    st.builds(update_list, indices, indices, st.sampled_from(["a", "b"]), st.none() | entries),
    st.builds(
        lambda it, version: lambda tx: tx.drop_prefix_list_versions(it, version), lists, st.integers(1, 3)
    ),
    lists.map(
        lambda it: given_that(
            lambda tx: tx.prefix_list(*PLACE, it.prefix_list_id), lambda tx: tx.delete_prefix_list(it)
        )
    ),
    peerings.map(
        lambda it: given_that(
            lambda tx: not tx.peering(*PLACE, it.peering_id), lambda tx: tx.insert_peering(it)
        )
    ),
    st.builds(
        lambda it, status: given_that(
            lambda tx: tx.peering(*PLACE, it.peering_id), lambda tx: tx.update_peering(replace(it, status=status))
        ),
        peerings,
        st.sampled_from(PeeringStatus),
    ),
    st.builds(
        lambda token, at: lambda tx: tx.record_token_use(TokenUse(*PLACE, "CreateVpc", token, "same", "vpc-1", at)),
        st.sampled_from(["one", "two"]),
        st.integers(1, 3),
    ),
    st.builds(lambda at: lambda tx: tx.forget_token_uses(at), st.integers(1, 3)),
    st.builds(
        lambda it, tags: lambda tx: tx.set_tags(*PLACE, it, tags),
        st.sampled_from(TAGGED),
        st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(["1", "2"])),
    ),
    st.builds(
        lambda it, keys: lambda tx: tx.delete_tags(*PLACE, it, keys),
        st.sampled_from(TAGGED),
        st.lists(st.sampled_from(["a", "b"])),
    ),
]  # fmt: skip


def picture(r: Reader) -> list[object]:
    """What every read answers, each asked about everything."""
    ids = [each.group_id for each in GROUPS]
    return [
        r.revision(),
        r.vpcs(*PLACE),
        [r.vpc(*PLACE, each.vpc_id) for each in VPCS],
        r.subnets(*PLACE),
        [r.subnets(*PLACE, each.vpc_id) for each in VPCS],
        r.groups(*PLACE),
        [r.groups_after(*PLACE, each, 2) for each in ("", *ids)],
        [r.groups_of_vpc(each.vpc_id) for each in VPCS],
        r.group_count(*PLACE),
        r.vpc_associations(*PLACE),
        [r.vpc_associations(*PLACE, group_id=each) for each in ids],
        [r.vpc_associations(*PLACE, vpc_id=each.vpc_id) for each in VPCS],
        r.rules(*PLACE),
        r.rules_of(ids),
        r.rule_rows_of(ids),
        r.rules_after(*PLACE, "", 100),
        [r.rules_after(*PLACE, each.rule_id, 2) for each in r.rules(*PLACE)],
        [r.peer_counts(each, direction) for each in ids for direction in Direction],
        [r.groups_referencing(each) for each in ids],
        [r.rules_referencing(each) for each in ids],
        [r.rules_naming_list(each.prefix_list_id) for each in LISTS],
        [r.rules_across(each.peering_id) for each in PEERINGS],
        r.interfaces(*PLACE),
        r.interface_count(*PLACE),
        [r.interfaces_of_host(each.instance_id) for each in HOSTS],
        [r.subnet_has_interfaces(each.subnet_id) for each in SUBNETS],
        [r.addresses_of_subnet(each.subnet_id) for each in SUBNETS],
        [r.interfaces_of_group(each) for each in ids],
        [r.group_has_interfaces(each) for each in ids],
        [r.group_has_interfaces(each, place.vpc_id) for each in ids for place in VPCS],
        [r.address_holder(each.vpc_id, address) for each in VPCS for address in ("10.1.1.5", "10.1.1.6", "fd00::5")],
        r.hosts(*PLACE),
        [r.key_of_host(each.instance_id) for each in HOSTS],
        r.prefix_lists(*PLACE),
        [r.prefix_list_entries(each.prefix_list_id, version) for each in LISTS for version in range(1, 6)],
        r.peerings(*PLACE),
        [r.peerings_of_vpc(each.vpc_id) for each in VPCS],
        [r.token_use(*PLACE, "CreateVpc", each) for each in ("one", "two")],
        r.tags(*PLACE, TAGGED),
        r.all_tags(*PLACE),
        list(r.changes_since(0, 10_000)),
    ]


class EngineAgainstPlain(RuleBasedStateMachine):
    """Requests alone and in company; after each step both stores answer every question alike."""

    open: Callable[[Path], Store]

    @initialize()
    def start(self) -> None:
        self.directory = tempfile.TemporaryDirectory()
        self.engine = Driven(type(self).open(Path(self.directory.name)))
        self.plain = PlainStore()
        # Begun with something of everything, so that most requests find what they need.
        seed: list[Request] = [insert_vpc(0), insert_vpc(1)]
        seed += [lambda tx, it=it: tx.insert_subnet(it) for it in SUBNETS]
        seed += [lambda tx, it=it: tx.insert_group(it) for it in GROUPS[:3]]
        self.ask([*seed, insert_host(0, [GROUPS[0].group_id], ["10.1.1.5"])])

    @rule(requests=st.lists(st.one_of(REQUESTS), min_size=1, max_size=6))
    def ask(self, requests: list[Request]) -> None:
        for outcome, request in zip(self.engine.write_all(requests), requests, strict=True):
            try:
                expected: object = self.plain.write(request)
            except (Refused, Conflict) as refusal:
                assert type(outcome) is type(refusal), outcome
            else:
                assert isinstance(outcome, Committed), outcome
                assert outcome.revision == expected.revision  # type: ignore[attr-defined]

    @invariant()
    def both_answer_alike(self) -> None:
        if hasattr(self, "engine"):
            for seen, expected in zip(self.engine.read(picture), self.plain.read(picture), strict=True):
                assert seen == expected

    def teardown(self) -> None:
        if hasattr(self, "engine"):
            self.engine.close()
            self.directory.cleanup()


class OnDisk(EngineAgainstPlain):
    """Batches in a thread of their own."""

    open = staticmethod(lambda directory: open_sqlite(directory / "ringwall.db"))


class InMemory(EngineAgainstPlain):
    """Batches on the loop, so that what is asked together is always one batch."""

    open = staticmethod(lambda _: open_ephemeral())


@pytest.mark.parametrize(("machine", "examples"), [(InMemory, 25), (OnDisk, 8)])
def test_engine_and_plain_store_answer_alike(machine: type[EngineAgainstPlain], examples: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
