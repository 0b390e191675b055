"""A server's parts in this process, with accounts, users and their keys, asked as over the wire: signed, in XML."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode
from xml.sax.saxutils import unescape

import botocore_judge as judge
from ringwall.config import ServerConfig
from ringwall.domain.principal import AccessKey, Account, NamedPolicy, Principal, PrincipalKind
from ringwall.domain.quota import Quota
from ringwall.server.authenticate import RawRequest
from ringwall.server.credentials import RootKey
from ringwall.server.handle import Reply, handle
from ringwall.server.keyring import Keyring
from ringwall.server.main import build_service
from ringwall.sigv4.sign import sign
from ringwall.store.base import Committed, Transaction
from ringwall.store.sqlite import open_ephemeral

ACCOUNT, OTHER = "123456789012", "210987654321"
REGION = "us-east-1"
HOST = "127.0.0.1:8080"
PEER = "192.0.2.7"
NOW = 1_700_000_000

Result = TypeVar("Result")


@dataclass(frozen=True)
class Key:
    """A key as its holder has it."""

    key_id: str
    secret: str


ROOT = Key("AKIAROOTROOTROOTROOT", "the root's secret")


def document(*statements: Mapping[str, Any]) -> str:
    """A policy document of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions: str, resource: str | list[str] = "*", **condition: Any) -> dict[str, Any]:
    """A statement that allows."""
    return _statement("Allow", actions, resource, condition)


def deny(*actions: str, resource: str | list[str] = "*", **condition: Any) -> dict[str, Any]:
    """A statement that denies."""
    return _statement("Deny", actions, resource, condition)


def _statement(effect: str, actions: tuple[str, ...], resource: Any, condition: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"Effect": effect, "Action": list(actions), "Resource": resource}
    return found | ({"Condition": dict(condition)} if condition else {})


EVERYTHING = document(allow("*"))


def insert_user(
    transaction: Transaction, keyring: Keyring, name: str, key: Key, *documents: str, account: str = ACCOUNT
) -> None:
    """A user with a key and documents attached, put straight into the store."""
    names = tuple(f"{name}-{number}" for number, _ in enumerate(documents))
    for policy, text in zip(names, documents, strict=True):
        transaction.put_policy(NamedPolicy(account, policy, text, NOW))
    transaction.insert_principal(
        Principal(account, PrincipalKind.USER, name, f"AIDA{name.upper()}", NOW, policies=names)
    )
    insert_key(transaction, keyring, name, key, account=account)


def insert_key(
    transaction: Transaction,
    keyring: Keyring,
    user: str | None,
    key: Key,
    *,
    account: str = ACCOUNT,
    active: bool = True,
) -> None:
    """A key of a user, or of the account's root."""
    sealed = keyring.seal(key.secret, key.key_id)
    transaction.insert_access_key(AccessKey(key.key_id, account, user, sealed, active, NOW))


class Site:
    """The parts, and a loop for them."""

    def __init__(self, **settings: Any) -> None:
        self.runner = asyncio.Runner()
        config = ServerConfig(data=None, store_path=None, ephemeral=True, quota=Quota(), throttle="none", **settings)
        self.store = open_ephemeral()
        self.service = build_service(config, self.store, RootKey(ACCOUNT, ROOT.key_id, ROOT.secret))
        for account in (ACCOUNT, OTHER):
            self.write(lambda transaction, each=account: transaction.insert_account(Account(each, f"name {each}", NOW)))

    def close(self) -> None:
        """Ends the store and the loop."""
        self.store.close()
        self.runner.close()

    def write(self, function: Callable[[Transaction], Result]) -> Committed[Result]:
        """One write, committed."""

        async def write() -> Committed[Result]:
            return await self.store.write(function)

        return self.runner.run(write())

    def user(self, name: str, *documents: str, account: str = ACCOUNT) -> Key:
        """A user with these documents; its key."""
        key = Key(f"AKIA{name.upper():X<16}"[:20], f"secret of {name} in {account}")
        self.write(lambda t: insert_user(t, self.service.keyring, name, key, *documents, account=account))
        return key

    def put_policy(self, name: str, text: str, account: str = ACCOUNT) -> None:
        """The text in place of the document of this name."""
        self.write(lambda transaction: transaction.put_policy(NamedPolicy(account, name, text, NOW)))

    def root_of(self, account: str) -> Key:
        """A new key of the root of a further account."""
        key = Key(f"AKIA{account}ROOT", f"secret of the root of {account}")
        self.write(lambda transaction: insert_key(transaction, self.service.keyring, None, key, account=account))
        return key

    def ask(self, key: Key, action: str, peer: str = PEER, region: str = REGION, **request: Any) -> Told:
        """What is answered to a request, written as botocore writes it."""
        return self.send(key, judge.form(judge.flat(action, request)), peer, region)

    def form(self, key: Key, **parameters: str) -> Told:
        """What is answered to these parameters as they stand."""
        return self.send(key, urlencode({"Version": "2016-11-15"} | parameters).encode())

    def send(
        self, key: Key, body: bytes, peer: str = PEER, region: str = REGION, headers: Mapping[str, str] | None = None
    ) -> Told:
        """What is answered to this body."""
        return Told(self.runner.run(handle(self.service, self.raw(key, body, peer, region, headers))))

    def raw(
        self, key: Key, body: bytes, peer: str = PEER, region: str = REGION, headers: Mapping[str, str] | None = None
    ) -> RawRequest:
        """The request as the server's HTTP parser hands it on."""
        given = {"content-type": "application/x-www-form-urlencoded"} | dict(headers or {})
        signed = sign("POST", HOST, "/", "", given, body, key.key_id, key.secret, region, "ec2", time.time())
        pairs = [(name.encode(), value.encode()) for name, value in signed.items()]
        return RawRequest("POST", b"/", b"", pairs, body, time.time(), peer)

    def picture(self) -> Any:
        """All that there is in both accounts."""

        def look(reader: Any) -> Any:
            places = [(account, region) for account in (ACCOUNT, OTHER) for region in (REGION, "eu-west-1")]
            return [reader.revision()] + [
                (
                    reader.vpcs(*place), reader.subnets(*place), reader.groups(*place), reader.rules(*place),
                    reader.interfaces(*place), reader.hosts(*place), reader.all_tags(*place),
                    reader.prefix_lists(*place), reader.peerings(*place), reader.region_exists(*place),
                )
                for place in places
            ]  # fmt: skip

        return self.store.read(look)


class Told:
    """An answer, as a client sees it."""

    def __init__(self, reply: Reply) -> None:
        self.status = reply.status
        self.revision = reply.revision
        self.text = b"".join(reply.body).decode()

    @property
    def code(self) -> str | None:
        """The code of a refusal."""
        found = re.search("<Code>([^<]*)</Code>", self.text)
        return found.group(1) if found else None

    @property
    def message(self) -> str:
        """The words of a refusal."""
        found = re.search("<Message>([^<]*)</Message>", self.text)
        return unescape(found.group(1), {"&quot;": '"'}) if found else ""

    def one(self, element: str) -> str:
        """The content of the first element of this name."""
        found = re.search(f"<{element}>([^<]*)</{element}>", self.text)
        assert found is not None, self.text
        return found.group(1)

    def __repr__(self) -> str:
        return f"<{self.status} {self.code} {self.text[:400]}>"
