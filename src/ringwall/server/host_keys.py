"""Secrets of hosts' keys, which older versions stored in clear."""

from __future__ import annotations

import asyncio

from ringwall.store.base import Store, Transaction
from ringwall.telemetry import LOG

from .keyring import Keyring, is_sealed


def seal_host_keys(store: Store, keyring: Keyring) -> None:
    """Encrypts what is still in clear, and leaves no trace of it in the store's files. For before the loop runs."""
    clear = [(key_id, secret) for key_id, secret in store.read(lambda r: r.host_secrets()) if not is_sealed(secret)]
    if not clear:
        return
    sealed = [(key_id, keyring.seal(secret, key_id)) for key_id, secret in clear]

    def reseal(transaction: Transaction) -> None:
        for key_id, secret in sealed:
            transaction.reseal_host_key(key_id, secret)

    async def write() -> None:
        await store.write(reseal)

    asyncio.run(write())
    store.scrub()
    LOG.info("encrypted the secrets of %d hosts' keys, which an older version had stored in clear", len(clear))
