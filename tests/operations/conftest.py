"""Each test of operations runs on the plain store and on the real one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from account import Account
from plain_store import PlainStore
from ringwall.domain.quota import Quota
from ringwall.store.sqlite import open_ephemeral
from stores import Driven


@pytest.fixture(params=["plain", "sqlite"])
def store(request: pytest.FixtureRequest) -> Iterator[Any]:
    """An empty store."""
    store = PlainStore() if request.param == "plain" else Driven(open_ephemeral())
    yield store
    store.close()


@pytest.fixture
def account(store: Any) -> Account:
    """An account with its default VPC and roomy quotas."""
    return Account(store, quota=Quota(vpcs_per_region_max=50))
