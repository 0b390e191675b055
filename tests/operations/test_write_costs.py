"""What writes cost that ask only whether something is there, counted in instructions of SQLite's machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from account import CountedIds
from ringwall.domain.caller import Caller
from ringwall.domain.errors import DependencyViolation
from ringwall.domain.quota import Quota
from ringwall.operations.context import Context
from ringwall.operations.table import OPERATIONS
from ringwall.store.sqlite import open_sqlite
from ringwall.store.sqlite_reads import SqliteReader
from stores import ACCOUNT, REGION, Driven, free_interface, group, subnet, vpc

CALLER = Caller(ACCOUNT, REGION, "AKIAEXAMPLE", f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)
NET, WEB = subnet(vpc()), group(vpc(), 1)


def refusals_cost(directory: Path, interfaces: int, name: str, **request: Any) -> int:
    """The instructions until an operation is refused beside so many interfaces of ten addresses each."""
    driven = Driven(open_sqlite(directory / f"{interfaces}.db"))

    def fill(transaction: Any) -> None:
        transaction.insert_vpc(vpc())
        transaction.insert_subnet(NET)
        transaction.insert_group(WEB)
        for number in range(interfaces):
            addresses = [f"10.1.{number}.{each}" for each in range(10)]
            transaction.insert_interface(free_interface(NET, [WEB], addresses, number=number))

    driven.write(fill)
    instructions = 0

    def count() -> bool:
        nonlocal instructions
        instructions += 1
        return False

    def refused(reader: Any) -> None:
        assert isinstance(reader, SqliteReader)
        connection = reader._execute.__self__  # type: ignore[attr-defined]
        connection.set_progress_handler(count, 1)
        with pytest.raises(DependencyViolation):
            OPERATIONS[name].run(Context(CALLER, reader, CountedIds(), Quota(), 0, frozenset()), request)  # type: ignore[arg-type]
        connection.set_progress_handler(None, 1)

    driven.read(refused)
    driven.close()
    return instructions


@pytest.mark.parametrize(
    ("name", "request_"),
    [("DeleteSubnet", {"SubnetId": NET.subnet_id}), ("DeleteSecurityGroup", {"GroupId": WEB.group_id})],
)
def test_a_refusal_beside_many_interfaces_costs_no_more(tmp_path: Path, name: str, request_: dict[str, Any]) -> None:
    few, many = (refusals_cost(tmp_path, interfaces, name, **request_) for interfaces in (2, 200))
    assert 0 < many <= few * 1.1
