"""What reads cost: each goes straight to its rows by an index, however many rows of others there are."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ringwall.domain.group import Direction
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.traffic import Traffic
from ringwall.store.migrate import migrate
from ringwall.store.sqlite_reads import SqliteReader
from stores import PLACE

RULE = (Direction.INGRESS, Traffic("tcp", 22, 22), Peer(PeerKind.CIDR_IPV4, "10.0.0.0/8"))
PAGE = [f"sg-{number}" for number in range(1000)]

# A read, and the index and columns by which each of its tables is searched.
PAGES: list[tuple[Callable[[SqliteReader], object], str]] = [
    (
        lambda r: r.groups_after(*PLACE, "sg-1", 10),
        "SEARCH security_groups USING INDEX groups_by_id_in_a_region (owner_id=? AND region=? AND group_id>?)",
    ),
    (
        lambda r: r.rules_after(*PLACE, "sgr-1", 10),
        "SEARCH security_group_rules USING INDEX sqlite_autoindex_security_group_rules_1"
        " (owner_id=? AND region=? AND rule_id>?)",
    ),
]
LOOK_UPS: list[Callable[[SqliteReader], object]] = [
    lambda r: r.vpc(*PLACE, "vpc-1"),
    lambda r: r.vpcs(*PLACE),
    lambda r: r.default_vpc(*PLACE),
    lambda r: r.subnet(*PLACE, "subnet-1"),
    lambda r: r.subnets(*PLACE, "vpc-1"),
    lambda r: r.group(*PLACE, "sg-1"),
    lambda r: r.group_by_name("vpc-1", "web"),
    lambda r: r.groups(*PLACE),
    lambda r: r.groups_of_vpc("vpc-1"),
    lambda r: r.group_count(*PLACE),
    lambda r: r.vpc_associations(*PLACE),
    lambda r: r.rule(*PLACE, "sgr-1"),
    lambda r: r.find_rule("sg-1", *RULE),
    lambda r: r.rules_of(["sg-1"]),
    lambda r: r.rules(*PLACE),
    lambda r: r.peer_counts("sg-1", Direction.INGRESS),
    lambda r: r.interface(*PLACE, "eni-1"),
    lambda r: r.interfaces(*PLACE),
    lambda r: r.interface_count(*PLACE),
    lambda r: r.host(*PLACE, "i-1"),
    lambda r: r.hosts_of_account(PLACE[0]),
    lambda r: r.host_key("RWHOST"),
    lambda r: r.prefix_list(*PLACE, "pl-1"),
    lambda r: r.prefix_lists(*PLACE),
    lambda r: r.prefix_list_entries("pl-1", 1),
    lambda r: r.peering(*PLACE, "pcx-1"),
    lambda r: r.peerings(*PLACE),
    lambda r: r.token_use(*PLACE, "CreateVpc", "token"),
    lambda r: r.tags(*PLACE, ["sg-1"]),
]
# These are of one group, VPC, list or connection among thousands of its region.
NARROW: list[tuple[Callable[[SqliteReader], object], str]] = [
    (lambda r: r.groups_referencing("sg-1"), "(peer=?)"),
    (lambda r: r.rules_referencing("sg-1"), "(peer=?)"),
    (lambda r: r.rules_naming_list("pl-1"), "(peer=?)"),
    (lambda r: r.rules_across("pcx-1"), "(peering_id=?)"),
    (lambda r: r.vpc_associations(*PLACE, group_id="sg-1"), "(group_id=?)"),
    (lambda r: r.vpc_associations(*PLACE, vpc_id="vpc-1"), "(vpc_id=?)"),
    (lambda r: r.vpc_associations(*PLACE, group_id="sg-1", vpc_id="vpc-1"), "(group_id=? AND vpc_id=?)"),
    (lambda r: r.subnet_has_interfaces("subnet-1"), "(subnet_id=?)"),
    (lambda r: r.addresses_of_subnet("subnet-1"), "(subnet_id=?)"),
    (lambda r: r.addresses_of_subnet("subnet-1"), "(interface_id=?)"),
    (lambda r: r.interfaces_of_host("i-1"), "(instance_id=?)"),
    (lambda r: r.interfaces_of_group("sg-1"), "(group_id=?)"),
    (lambda r: r.group_has_interfaces("sg-1"), "(group_id=?)"),
    (lambda r: r.group_has_interfaces("sg-1", "vpc-1"), "(group_id=?)"),
    (lambda r: r.peerings_of_vpc("vpc-1"), "(requester_vpc_id=? AND status=?)"),
    (lambda r: r.peerings_of_vpc("vpc-1"), "(accepter_vpc_id=? AND status=?)"),
    (lambda r: r.tags(*PLACE, PAGE), "(account_id=? AND region=? AND resource_id=?)"),
]


class Explained(sqlite3.Connection):
    """A connection that keeps the plans of what it runs."""

    plans: list[list[str]]

    def execute(self, query: str, values: Any = ()) -> sqlite3.Cursor:
        """As every connection does."""
        self.plans.append([row[3] for row in super().execute(f"EXPLAIN QUERY PLAN {query}", values)])
        return super().execute(query, values)


@pytest.fixture
def connection() -> Iterator[Explained]:
    """An empty store that explains itself."""
    opened = sqlite3.connect(":memory:", isolation_level=None, factory=Explained)
    opened.plans = []
    migrate(opened)
    opened.plans.clear()
    yield opened
    opened.close()


def plans(connection: Explained, read: Callable[[SqliteReader], object]) -> list[list[str]]:
    read(SqliteReader(connection))
    assert connection.plans
    return connection.plans


@pytest.mark.parametrize(("read", "plan"), PAGES)
def test_a_page_is_a_stretch_of_its_index_and_is_not_sorted(
    connection: Explained, read: Callable[[SqliteReader], object], plan: str
) -> None:
    assert plans(connection, read) == [[plan]]


@pytest.mark.parametrize("read", [*LOOK_UPS, *(read for read, _ in NARROW)])
def test_no_read_looks_through_a_table(connection: Explained, read: Callable[[SqliteReader], object]) -> None:
    steps = [step for plan in plans(connection, read) for step in plan]
    assert [step for step in steps if step.startswith("SCAN") and "json_each" not in step] == []


@pytest.mark.parametrize(("read", "columns"), NARROW)
def test_a_narrow_read_does_not_go_through_its_region(
    connection: Explained, read: Callable[[SqliteReader], object], columns: str
) -> None:
    for steps in plans(connection, read):
        assert any(step.startswith("SEARCH") and step.endswith(columns) for step in steps), steps
        assert not any("owner_id" in step for step in steps)
