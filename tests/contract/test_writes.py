"""What a request may rely on when it isn't alone: others that are refused, that fail, that vanish, and the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from ringwall.domain.errors import ServiceError
from ringwall.domain.vpc import Vpc
from ringwall.store.base import Committed, Conflict, Transaction, Unavailable
from stores import PLACE, Driven, group, rule, vpc


class Refused(ServiceError):
    """A refusal, as operations make them."""

    code = "Refused"


def insert(number: int) -> Callable[[Transaction], str]:
    """A request that makes one VPC."""

    def run(tx: Transaction) -> str:
        tx.insert_vpc(vpc(number))
        return vpc(number).vpc_id

    return run


def refuse(tx: Transaction) -> str:
    """A request that is refused after it has looked."""
    raise Refused(str(len(tx.vpcs(*PLACE))))


def write_then(error: Exception) -> Callable[[Transaction], str]:
    """A request with a defect: it writes, then raises."""

    def run(tx: Transaction) -> str:
        tx.insert_vpc(vpc(99))
        raise error

    return run


def swallow_a_conflict(tx: Transaction) -> str:
    """A request with a defect: half of what it wants is written, and it goes on."""
    tx.insert_vpc(vpc(99))
    with pytest.raises(Conflict):
        tx.insert_vpc(vpc(99))
    return "as if nothing had happened"


def vpcs(store: Driven) -> list[Vpc]:
    return store.read(lambda r: r.vpcs(*PLACE))


def test_a_write_answers_what_the_function_returns(store: Driven) -> None:
    assert store.write(insert(1)) == Committed(vpc(1).vpc_id, 1)
    assert store.write(lambda tx: "nothing written") == Committed("nothing written", None)


def test_a_refused_request_leaves_nothing_and_disturbs_nobody(store: Driven) -> None:
    outcomes = store.write_all([insert(1), refuse, insert(2), refuse])
    assert [type(each) for each in outcomes] == [Committed, Refused, Committed, Refused]
    assert [each.revision for each in outcomes if isinstance(each, Committed)] == [1, 2]
    assert vpcs(store) == [vpc(1), vpc(2)]


@pytest.mark.parametrize(
    ("guilty", "seen"),
    [
        (write_then(ZeroDivisionError()), ZeroDivisionError),
        (write_then(Refused("too late")), Refused),
        (write_then(StopIteration()), RuntimeError),
        (swallow_a_conflict, Conflict),
    ],
    ids=["an exception", "a refusal after a write", "an exhausted iterator", "a swallowed conflict"],
)
def test_only_the_guilty_request_fails(
    store: Driven, guilty: Callable[[Transaction], str], seen: type[Exception]
) -> None:
    outcomes = store.write_all([insert(1), guilty, insert(2), refuse, guilty, insert(3)])
    assert [type(each) for each in outcomes] == [Committed, seen, Committed, Refused, seen, Committed]
    assert vpcs(store) == [vpc(1), vpc(2), vpc(3)]
    assert [record.revision for record in store.read(lambda r: r.changes_since(0, 10))] == [1, 2, 3]


def test_an_exception_before_the_first_write_reaches_its_caller(store: Driven) -> None:
    outcomes = store.write_all([insert(1), lambda tx: str(1 // 0), insert(2)])
    assert [type(each) for each in outcomes] == [Committed, ZeroDivisionError, Committed]


def test_later_requests_see_what_earlier_ones_of_the_same_batch_did(store: Driven) -> None:
    web = group(vpc())
    ssh = rule(web)
    store.write(insert(1))

    def authorize(tx: Transaction) -> str:
        if tx.find_rule(web.group_id, ssh.direction, ssh.traffic, ssh.peer):
            raise Refused("duplicate")
        tx.insert_rules(web, [ssh])
        return ssh.rule_id

    outcomes = store.write_all([lambda tx: str(tx.insert_group(web)), authorize, authorize])
    assert [type(each) for each in outcomes] == [Committed, Committed, Refused]


def test_a_client_that_vanishes_takes_nobody_along(store: Driven) -> None:
    async def some_vanish() -> list[Committed[str]]:
        writes = [asyncio.ensure_future(store.store.write(insert(number))) for number in range(1, 21)]
        for write in writes[::2]:
            write.cancel()
        return await asyncio.gather(*writes[1::2])

    outcomes = store.runner.run(some_vanish())
    assert [each.result for each in outcomes] == [vpc(number).vpc_id for number in range(2, 21, 2)]
    assert store.write(insert(30)).revision == len(vpcs(store))


def test_subscribers_hear_of_each_commit_that_changed_something(store: Driven) -> None:
    heard: list[tuple[int, int]] = []
    store.store.subscribe(lambda revision: heard.append((revision, store.read(lambda r: r.revision()))))
    store.write(insert(1))
    store.write(lambda tx: None)
    store.write_all([refuse])
    store.write_all([insert(2), insert(3), refuse])
    store.write(lambda tx: None)
    assert heard[0] == (1, 1)
    assert heard[-1] == (3, 3)
    assert [revision for revision, _ in heard] == sorted({revision for revision, _ in heard})


def test_everything_given_before_the_end_is_durable_and_nothing_after(store: Driven) -> None:
    async def end() -> list[Committed[str] | BaseException]:
        before = [asyncio.ensure_future(store.store.write(insert(number))) for number in range(1, 600)]
        store.store.close()
        after = asyncio.ensure_future(store.store.write(insert(600)))
        return await asyncio.gather(*before, after, return_exceptions=True)

    outcomes = store.runner.run(end())
    assert all(isinstance(each, Committed) for each in outcomes[:-1])
    assert isinstance(outcomes[-1], Unavailable)
    with pytest.raises(Unavailable):
        vpcs(store)
    store.store.close()
