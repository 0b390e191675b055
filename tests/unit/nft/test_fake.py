"""The fake does all of a transaction or nothing; that it refuses what the kernel refuses is proved in tests/kernel."""

from __future__ import annotations

import errno

import pytest

from ringwall.nft.expressions import Verdict
from ringwall.nft.fake import ERESTART, Fake, Refused
from ringwall.nft.objects import Rule
from ringwall.nft.transaction import AddChain, AddRule, AddTable, DeleteRule, DeleteTable

RULE = Rule((Verdict("accept"),), "sgr-1")


def test_nothing_of_a_refused_transaction_is_done() -> None:
    fake = Fake()
    done = fake.commit((AddTable(), AddChain("c"), AddRule("c", RULE)), None)
    before = fake.observe()
    bad = DeleteRule("c", done.handles[0] + 1)
    with pytest.raises(Refused) as refused:
        fake.commit((DeleteRule("c", done.handles[0]), AddChain("d"), bad), None)
    assert (refused.value.errno, refused.value.command) == (errno.ENOENT, bad)
    assert fake.observe() == before


def test_a_transaction_based_on_an_old_generation_is_refused() -> None:
    fake = Fake()
    old = fake.generation()
    fake.commit((AddTable(),), old)
    with pytest.raises(Refused) as refused:
        fake.commit((AddChain("c"),), old)
    assert (refused.value.errno, refused.value.command) == (ERESTART, None)


def test_without_a_table_there_is_nothing_to_change() -> None:
    fake = Fake()
    for transaction in ((DeleteTable(),), (AddChain("c"),)):
        with pytest.raises(Refused):
            fake.commit(transaction, None)
    assert fake.observe() is None
