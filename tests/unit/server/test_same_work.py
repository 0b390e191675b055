"""A key that doesn't exist and a key that is signed with wrongly cost the same steps, so time can't tell them apart."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import stores
from ringwall.config import ServerConfig
from ringwall.domain.errors import AuthFailure
from ringwall.domain.principal import AccessKey, Account, Principal, PrincipalKind
from ringwall.server.authenticate import RawRequest, authenticate
from ringwall.server.credentials import RootKey
from ringwall.server.keyring import Keyring
from ringwall.server.main import build_service
from ringwall.server.service import Service
from ringwall.sigv4.sign import sign
from ringwall.sigv4.signature import signing_key
from ringwall.store.base import Transaction
from ringwall.store.sqlite import open_sqlite

REGION = "us-east-1"
ROOT, USER, OFF, NOBODY = "AKIAROOTROOTROOTROOT", "AKIAUSERUSERUSERUSER", "AKIAOFFOFFOFFOFFOFFO", "AKIANOBODYNOBODYNOBO"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A server with a root, and a user with one key that is on and one that is off."""
    driven = stores.Driven(open_sqlite(tmp_path / "ringwall.db"))
    config = ServerConfig(data=None, store_path=None, ephemeral=True, throttle="none")
    service = build_service(config, driven.store, RootKey(stores.ACCOUNT, ROOT, "root's secret"))

    def fill(transaction: Transaction) -> None:
        transaction.insert_account(Account(stores.ACCOUNT, "own", 0))
        transaction.insert_principal(Principal(stores.ACCOUNT, PrincipalKind.USER, "alice", "AIDAEXAMPLE", 0))
        for key_id in (USER, OFF):
            sealed = service.keyring.seal("the user's secret", key_id)
            transaction.insert_access_key(AccessKey(key_id, stores.ACCOUNT, "alice", sealed, key_id == USER, 0))

    driven.write(fill)
    driven.runner.close()
    yield service
    driven.store.close()


def wrongly_signed(key_id: str, secret: str = "wrong") -> RawRequest:
    """A request with this key that isn't signed with its secret."""
    headers = sign("POST", "localhost", "/", "", {}, b"Action=X", key_id, secret, REGION, "ec2", time.time())
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    if "host" not in [name.lower() for name in headers]:
        raw.append((b"host", b"localhost"))
    return RawRequest("POST", b"/", b"", raw, b"Action=X", time.time())


def steps(service: Service, request: RawRequest, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each costly step is done until the request is refused."""
    counted: Counter[str] = Counter()
    signing_key.cache_clear()
    digest, opened, compare = hmac.digest, Keyring.open, hmac.compare_digest

    def count(name: str, function: Any) -> Any:
        def counting(*arguments: Any) -> Any:
            counted[name] += 1
            return function(*arguments)

        return counting

    with monkeypatch.context() as patched:
        patched.setattr(hmac, "digest", count("HMAC", digest))
        patched.setattr(hmac, "compare_digest", count("comparison", compare))
        patched.setattr(Keyring, "open", count("decryption", opened))
        with pytest.raises(AuthFailure):
            authenticate(service, request)
    return counted


def test_every_wrong_key_costs_the_same_steps(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    cold = {key_id: steps(service, wrongly_signed(key_id), monkeypatch) for key_id in (NOBODY, USER, OFF, ROOT)}
    assert cold[NOBODY]["HMAC"] >= 5, "four for the signing key and one for the signature"
    assert cold[NOBODY]["comparison"] == 1
    assert cold[NOBODY]["decryption"] == 1
    assert all(each == cold[NOBODY] for each in cold.values()), cold
    # And again, with what is remembered of them.
    warm = {key_id: steps(service, wrongly_signed(key_id), monkeypatch) for key_id in (NOBODY, USER, OFF, ROOT)}
    assert all(each == cold[NOBODY] for each in warm.values()), warm


def test_the_same_steps_after_the_right_secret_was_used(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    async def use() -> str:
        return authenticate(service, wrongly_signed(USER, "the user's secret")).access_key_id

    assert asyncio.run(use()) == USER
    assert steps(service, wrongly_signed(USER), monkeypatch) == steps(service, wrongly_signed(NOBODY), monkeypatch)
