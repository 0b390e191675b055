"""What descriptions cost, counted in instructions of SQLite's machine: of what is answered, not of what is stored."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from ringwall.domain.caller import Caller
from ringwall.domain.group import SecurityGroup
from ringwall.domain.quota import Quota
from ringwall.operations.context import Context
from ringwall.operations.table import OPERATIONS
from ringwall.store.base import Transaction
from ringwall.store.sqlite import open_sqlite
from ringwall.store.sqlite_reads import SqliteReader
from stores import ACCOUNT, REGION, Driven, group, rule, vpc

RULES_EACH = 4
FEW, MANY = 150, 1_500
CALLER = Caller(ACCOUNT, REGION, "AKIAEXAMPLE", f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)


class Region:
    """A store with many groups, and a reader that counts."""

    def __init__(self, directory: Path, groups: int) -> None:
        self.groups: list[SecurityGroup] = [group(vpc(), number) for number in range(groups)]
        driven = Driven(open_sqlite(directory / "ringwall.db"))
        driven.write(self._fill)
        driven.close()
        self._connection = sqlite3.connect(directory / "ringwall.db", isolation_level=None)
        self._reader: Any = SqliteReader(self._connection)
        self._instructions = 0
        self._connection.set_progress_handler(self._count, 1)

    def _fill(self, transaction: Transaction) -> None:
        transaction.insert_vpc(vpc())
        for number, each in enumerate(self.groups):
            transaction.insert_group(each)
            rules = [rule(each, number * RULES_EACH + port) for port in range(RULES_EACH)]
            transaction.insert_rules(each, rules)

    def _count(self) -> bool:
        self._instructions += 1
        return False

    def asked(self, name: str, taken: int | None = None, **request: Any) -> tuple[int, dict[str, Any]]:
        """What the answer cost, and the answer, its list whole or as far as it is taken."""
        self._instructions = 0
        context = Context(CALLER, self._reader, None, Quota(), 0, frozenset())  # type: ignore[arg-type]
        answer = OPERATIONS[name].run(context, request)
        lists = {member: list(islice(each, taken)) for member, each in answer.items() if isinstance(each, Iterator)}
        return self._instructions, {**answer, **lists}

    def close(self) -> None:
        self._connection.close()


@pytest.fixture(scope="module")
def regions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Region, Region]]:
    """One with few groups, one with many."""
    few, many = (Region(tmp_path_factory.mktemp("region"), groups) for groups in (FEW, MANY))
    yield few, many
    few.close()
    many.close()


def filters(**values: str) -> dict[str, Any]:
    """Filters, by their names with underscores."""
    return {"Filters": [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in values.items()]}


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("DescribeSecurityGroups", {"GroupIds": [group(vpc(), 7).group_id]}),
        ("DescribeSecurityGroups", filters(group_id=group(vpc(), 7).group_id)),
        ("DescribeSecurityGroups", filters(group_name=group(vpc(), 7).name)),
        ("DescribeSecurityGroups", filters(group_name=group(vpc(), 7).name, vpc_id=vpc().vpc_id)),
        ("DescribeSecurityGroups", {"MaxResults": 20}),
        ("DescribeSecurityGroupRules", filters(group_id=group(vpc(), 7).group_id)),
        ("DescribeSecurityGroupRules", {"MaxResults": 20}),
    ],
)
def test_a_store_ten_times_as_large_makes_no_difference(
    regions: tuple[Region, Region], name: str, request_: dict[str, Any]
) -> None:
    few, many = (region.asked(name, **request_)[0] for region in regions)
    assert few > 0
    # The index that ids are found by may be a page deeper; that costs no instruction.
    assert many <= few * 1.1


@pytest.mark.parametrize(
    ("name", "member", "items"),
    [
        ("DescribeSecurityGroups", "SecurityGroups", MANY),
        ("DescribeSecurityGroupRules", "SecurityGroupRules", MANY * RULES_EACH),
    ],
)
def test_every_page_of_a_walk_costs_the_same(
    regions: tuple[Region, Region], name: str, member: str, items: int
) -> None:
    costs, found, token = [], 0, None
    while True:
        cost, answer = regions[1].asked(name, MaxResults=items // 10 - 1, **({"NextToken": token} if token else {}))
        costs.append(cost)
        found += len(answer[member])
        token = answer["NextToken"]
        if token is None:
            break
    assert found == items
    assert max(costs) <= median(costs) * 1.1


@pytest.mark.parametrize("name", ["DescribeSecurityGroups", "DescribeSecurityGroupRules"])
def test_items_are_read_as_they_are_taken(regions: tuple[Region, Region], name: str) -> None:
    everything, _ = regions[1].asked(name)
    first, _ = regions[1].asked(name, taken=1)
    assert 0 < first < everything / 3
