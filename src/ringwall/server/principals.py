"""Whose an access key is, and what policy documents its holder has: looked up once, and again after every change.

What was looked up is kept under the store's version of principals (`Store.principals_version`), and used while that
stands. There is none from before anybody can see a change until it is durable or has come to nothing, and nothing is
kept or used in that time. So a key that was switched off, or a document that was taken away, has no effect any more
once that was answered. In a transaction the same holds: it sees what was committed, and what the version is of.

Unknown keys aren't kept, and cost what known ones cost the first time: the same reads and one decryption. Those that
are kept pay it when their signature is wrong (`authenticate`), so time doesn't tell them apart.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final, TypeVar

from ringwall.domain.caller import Caller, CallerKind
from ringwall.domain.principal import AccessKey, Principal, PrincipalKind
from ringwall.domain.session import Session
from ringwall.iam.document import PolicyDocument, parse_document
from ringwall.iam.errors import MalformedPolicyDocument
from ringwall.iam.evaluate import Attached, Judge
from ringwall.iam.shipped import SHIPPED, shipped_name
from ringwall.store.base import HostKey, Reader, Store, Transaction, Unavailable
from ringwall.telemetry import LOG

from .credentials import RootKey
from .keyring import Keyring
from .sessions import Sessions

KEPT_MAX: Final = 1024
DOCUMENTS_MAX: Final = 256
USE_SECONDS: Final = 60
"""A key's last use is known to a minute, and written so long after it at most."""
SESSION_POLICY: Final = "session policy"
_DECOY: Final = "the sealed secret of keys that aren't there"
_UNREADABLE: Final = (
    '{"Version": "2012-10-17", "Statement": [{"Sid": "Unreadable", "Effect": "Deny", "Action": "*", "Resource": "*"}]}'
)
"""What stands for a document that can't be read any more: it may have denied something."""

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Known:
    """An active key: its secret, and its holder, in no region yet. region: the only one that it works in, if there is.

    counted: whether its last use is noted. kept: whether it was found without a look at the store. expires_at: of a
    temporary key, Unix seconds.
    """

    secret: str
    caller: Caller
    region: str | None = None
    counted: bool = False
    kept: bool = False
    expires_at: int | None = None
    callers: dict[str, Caller] = field(default_factory=dict, init=False, compare=False, repr=False)

    def caller_in(self, region: str) -> Caller:
        """The holder, acting in a region; made once for each."""
        found = self.callers.get(region)
        if found is None:
            found = self.callers[region] = replace(self.caller, region=region)
        return found


class Principals:
    """The keys and the documents of a store's principals."""

    def __init__(self, store: Store, keyring: Keyring, root: RootKey, clock: Callable[[], float]) -> None:
        self._store = store
        self._keyring = keyring
        self._root = root
        self._known_root = Known(root.secret, _root_caller(root.account_id, root.access_key_id), kept=True)
        self._clock = clock
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._version: int | None = None
        self._lock = threading.Lock()
        self._thread: int | None = None
        self._decoy = keyring.seal(_DECOY, "decoy")
        self.sessions = Sessions(keyring)
        self._uses: dict[str, tuple[int, str]] = {}
        self._written: dict[str, int] = {}
        self._is_planned = False

    def find(self, access_key_id: str, session_token: str | None = None) -> Known | None:
        """The key and its holder; None if there is no such key, or it isn't active. For the event loop's thread.

        session_token: that of temporary credentials, without which their key is unknown, and with which any other is.
        """
        self._thread = threading.get_ident()
        if session_token is not None:
            return self._find_session(access_key_id, session_token)
        if access_key_id and access_key_id == self._root.access_key_id:
            return self._known_root
        version = self._store.principals_version()
        known: Known | None = self._get(version, ("key", access_key_id))
        if known is not None:
            return known
        known = self.look_up(access_key_id)
        if known is not None and known.caller.principal != CallerKind.HOST:
            self._put(version, ("key", access_key_id), replace(known, kept=True))
        return known

    def look_up(self, access_key_id: str) -> Known | None:
        """As `find`, from the store; the same work whether there is such a key or not."""

        def look(reader: Reader) -> tuple[AccessKey | None, HostKey | None, Principal | None]:
            key, host = reader.access_key(access_key_id), reader.host_key(access_key_id)
            user = reader.principal(key.account_id if key else "", PrincipalKind.USER, (key and key.user_name) or "")
            return key, host, user

        key, host, user = self._store.read(look)
        if key is not None:
            secret = self._keyring.open(key.sealed_secret, access_key_id)
            if not key.active or (key.user_name is not None and user is None):
                return None
            caller = _user_caller(user, access_key_id) if user else _root_caller(key.account_id, access_key_id)
            return Known(secret, caller, counted=True)
        if host is not None:
            return Known(self._keyring.open(host.secret, access_key_id), _host_caller(host), host.region)
        self._keyring.open(self._decoy, "decoy")
        return None

    def _find_session(self, access_key_id: str, token: str) -> Known | None:
        """The key that a token carries, as long as the key that it goes back to is active, and its role is there."""
        opened = self.sessions.open(access_key_id, token)
        if opened is None:
            return None
        session, secret = opened
        issuer = self.find(session.issuing_key)
        if issuer is None:
            return None
        if session.kind is PrincipalKind.ROLE:
            role = self._store.read(
                lambda reader: self.principal(reader, session.account_id, PrincipalKind.ROLE, session.name or "")
            )
            if role is None or role.principal_id != session.principal_id:
                return None
        elif (issuer.caller.account_id, issuer.caller.user_id) != (session.account_id, session.user_id):
            return None
        return Known(secret, _session_caller(session, access_key_id), kept=True, expires_at=session.expires_at)

    def counts(self, reader: Reader, caller: Caller) -> bool:
        """Whether the caller's key counts still, as the reader sees it; of a session, the key that it goes back to.

        Between the signature and the operation there may be a wait, for a region to be made, say.
        """
        key_id = caller.issuing_key or caller.access_key_id
        if key_id == self._root.access_key_id:
            return True
        if self._get(self._store.principals_version(), ("key", key_id)) is not None:
            return True
        key = reader.access_key(key_id)
        return key is not None and key.active

    def principal(self, reader: Reader, account_id: str, kind: PrincipalKind, name: str) -> Principal | None:
        """The user or role, as the reader sees it."""
        found = self._grants(reader, account_id, kind, name)
        return found[0] if found else None

    def judges(self, reader: Reader, caller: Caller) -> list[Judge]:
        """Who decides on a user or a role, as the reader sees its documents; that of a session with its own too.

        Each must allow. Of one that is gone there are no documents, whoever has its name now.
        """
        found = self._grants(reader, caller.account_id, PrincipalKind(caller.principal), caller.name or "")
        is_same = found is not None and found[0].principal_id == caller.user_id.partition(":")[0]
        judges = [found[1] if found and is_same else Judge(())]
        if caller.session_policy is not None:
            judges.append(_judge_of_session(caller.session_policy))
        return judges

    def _grants(
        self, reader: Reader, account_id: str, kind: PrincipalKind, name: str
    ) -> tuple[Principal, Judge] | None:
        version, key = self._store.principals_version(), (account_id, kind, name)
        found: tuple[Principal, Judge] | None = self._get(version, key)
        if found is None:
            principal = reader.principal(account_id, kind, name)
            if principal is None:
                return None
            found = principal, Judge([_attached(reader, account_id, each) for each in principal.policies])
            self._put(version, key, found)
        return found

    def _get(self, version: int | None, key: Hashable) -> Any | None:
        with self._lock:
            if version is None or version != self._version:
                return None
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def _put(self, version: int | None, key: Hashable, value: Any) -> None:
        # On the loop's thread a read is over before anything else happens, so it has seen what the version is of. On
        # others it may have begun under an older one.
        if threading.get_ident() != self._thread:
            return
        with self._lock:
            if version is None or version != self._store.principals_version():
                return
            if version != self._version:
                self._kept.clear()
                self._version = version
            self._kept[key] = value
            if len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)

    # --- Last use ---

    def note_use(self, known: Known, address: str) -> None:
        """Has the key's use written within a minute, together with those of all others. For the event loop's thread."""
        key_id, now = known.caller.access_key_id, int(self._clock())
        if not known.counted or now - self._written.get(key_id, -USE_SECONDS) < USE_SECONDS:
            return
        self._uses[key_id] = now, address
        if not self._is_planned:
            self._is_planned = True
            asyncio.get_running_loop().call_later(USE_SECONDS, self._flush_soon)

    def _flush_soon(self) -> None:
        self._flushing = asyncio.ensure_future(self.flush())

    async def flush(self) -> None:
        """Writes the last uses that were noted, in one transaction."""
        self._is_planned = False
        uses, self._uses = self._uses, {}
        if not uses:
            return

        def write(transaction: Transaction) -> None:
            for key_id, (at, address) in uses.items():
                key = transaction.access_key(key_id)
                if key is not None:
                    transaction.update_access_key(replace(key, last_used_at=at, last_used_from=address))

        try:
            await self._store.write(write)
        except Unavailable as error:
            LOG.warning("when keys were used last couldn't be written: %s", error)
        now = int(self._clock())
        recent = {key_id: at for key_id, at in self._written.items() if now - at < USE_SECONDS}
        self._written = recent | {key_id: at for key_id, (at, _) in uses.items()}


def _root_caller(account_id: str, access_key_id: str) -> Caller:
    arn = f"arn:aws:iam::{account_id}:root"
    return Caller(account_id, "", access_key_id, arn, account_id, principal=CallerKind.ROOT)


def _user_caller(user: Principal, access_key_id: str) -> Caller:
    return Caller(
        user.account_id, "", access_key_id, user.arn, user.principal_id, principal=CallerKind.USER, name=user.name
    )


def _session_caller(session: Session, access_key_id: str) -> Caller:
    return Caller(
        session.account_id,
        "",
        access_key_id,
        session.arn,
        session.user_id,
        principal=CallerKind(session.kind.value) if session.kind else CallerKind.ROOT,
        name=session.name,
        session=session.session_name,
        issued_at=session.issued_at,
        session_policy=session.policy,
        issuing_key=session.issuing_key,
    )


def _host_caller(key: HostKey) -> Caller:
    arn = f"arn:aws:sts::{key.account_id}:assumed-role/ringwall-host/{key.instance_id}"
    user_id = f"ringwall-host:{key.instance_id}"
    return Caller(key.account_id, "", key.access_key_id, arn, user_id, key.instance_id, CallerKind.HOST)


def _attached(reader: Reader, account_id: str, name: str) -> Attached:
    """A document under its name; one that ringwall ships is the same in every account."""
    shipped = shipped_name(name)
    if shipped is not None and shipped in SHIPPED:
        return Attached(shipped, _parsed(SHIPPED[shipped]))
    policy = reader.policy(account_id, name)
    if policy is None:
        LOG.error(
            "the policy %s of account %s is attached and isn't there; it counts as one that denies", name, account_id
        )
        return Attached(name, _parsed(_UNREADABLE))
    return Attached(policy.name, parsed(policy.document))


def parsed(text: str) -> PolicyDocument:
    """A document that was accepted once; if it can't be read any more, one that denies everything."""
    try:
        return _parsed(text)
    except MalformedPolicyDocument as error:
        LOG.error("a stored policy document can't be read, and counts as one that denies: %s", error)
        return _parsed(_UNREADABLE)


_parsed = lru_cache(maxsize=DOCUMENTS_MAX)(parse_document)


@lru_cache(maxsize=DOCUMENTS_MAX)
def _judge_of_session(text: str) -> Judge:
    return Judge([Attached(SESSION_POLICY, parsed(text))])
