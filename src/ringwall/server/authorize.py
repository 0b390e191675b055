"""Who may do what: the decision on a request, made where the operation itself reads.

A root may everything in its account, without any evaluation. A host's agent may watch and report its own host. For
users and roles their policy documents are evaluated, for each thing that the request needs permission for
(`operations.needs`), on the targets as they are in the operation's own transaction. A session with a document of its
own needs both to allow.

Nothing that a client can write at will is believed about where a request comes from: `aws:SourceIp` is the address of
the connection's other end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from ringwall.domain.caller import Caller, CallerKind
from ringwall.domain.errors import AuthFailure, UnauthorizedOperation
from ringwall.domain.principal import PrincipalKind
from ringwall.iam.evaluate import Decision, Outcome
from ringwall.iam.match import Keys
from ringwall.operations.needs import Need
from ringwall.store.base import Reader

from .authenticate import RawRequest
from .denial import Denial
from .service import Service
from .trust import check_trust

_WHO: Final = "sts:GetCallerIdentity"
OPEN_ACTIONS: Final = frozenset({_WHO, "sts:GetSessionToken"})
"""What users and roles may whatever their documents say; who it is, a host's agent may ask too.

Source: STS API Reference, "No permissions are required".
"""
DECIDED_HERE_MAX: Final = 4_096
"""Bytes of a request that is decided on the event loop. A longer one may name so much that this takes seconds: whoever
is refused it is refused in a thread, before the operation's own transaction."""
HOST_ACTIONS: Final = frozenset({"ringwall:Report", "ringwall:Watch"})

ASSUME_ROLE: Final = "sts:AssumeRole"

NeedsOf = Callable[[Reader], Sequence[Need]]


class Gate(NamedTuple):
    """What one request has to pass. needs: what it needs permission for, as a reader sees it."""

    service: Service
    caller: Caller
    request: RawRequest
    action: str
    needs: NeedsOf

    @property
    def is_open(self) -> bool:
        """Whether the caller may whatever the store says."""
        principal = self.caller.principal
        return principal == CallerKind.ROOT or (
            self.action in OPEN_ACTIONS and (principal in tuple(PrincipalKind) or self.action == _WHO)
        )

    @property
    def is_long(self) -> bool:
        """Whether the request may name so much that the decision takes a while."""
        return len(self.request.query) + len(self.request.body) > DECIDED_HERE_MAX

    def check(self, reader: Reader) -> None:
        """Returns if the caller may.

        Raises:
            UnauthorizedOperation, AccessDenied: it may not; in the words of the service that was asked.
            AuthFailure: its key was taken away meanwhile.
        """
        if self.caller.principal == CallerKind.HOST:
            if self.is_open or self.action in HOST_ACTIONS:
                return
            raise UnauthorizedOperation
        if not self.service.principals.counts(reader, self.caller):
            raise AuthFailure
        if self.is_open:
            return
        if self.caller.principal not in tuple(PrincipalKind):
            raise UnauthorizedOperation
        keys = keys_of(self.service, self.caller, self.request)
        denial = decide(self.service, reader, self.caller, self.needs, keys)
        if self.action == ASSUME_ROLE:
            (target,) = self.needs(reader)[0].targets
            check_trust(reader, self.caller, denial.decision, target, keys)
        elif not denial.decision.allowed:
            raise denial.refusal(self.service.keyring)

    async def look(self) -> None:
        """`check` on the state as it is now, without doing anything."""
        if not self.is_open:
            store = self.service.store
            await (store.read_in_thread if self.is_long else store.read_soon)(self.check)


def decide(service: Service, reader: Reader, caller: Caller, needs: NeedsOf, keys: Keys) -> Denial:
    """The decision on all that a user or a role needs: the first that isn't allowed, or else the first of all.

    An explicit denial among several is told before one that nothing allows.
    """
    judges = service.principals.judges(reader, caller)
    found: Denial | None = None
    for need in needs(reader):
        together = {**keys, **need.keys}
        for place, judge in enumerate(judges):
            decision = judge.evaluate(need.action, need.targets, together)
            if found is None or _is_graver(decision, found.decision):
                found = Denial(caller, decision, place > 0, _keys_at(need, decision, together))
    assert found is not None, "every request needs something"
    return found


def _is_graver(one: Decision, other: Decision) -> bool:
    order = (Outcome.ALLOWED, Outcome.IMPLICIT_DENY, Outcome.EXPLICIT_DENY)
    return order.index(one.outcome) > order.index(other.outcome)


def _keys_at(need: Need, decision: Decision, keys: Keys) -> Keys:
    """The keys under which the target was looked at that decided."""
    own = next((target.keys for target in need.targets if target.arn == decision.resource), {})
    return {**keys, **own}


def keys_of(service: Service, caller: Caller, request: RawRequest) -> Keys:
    """The condition keys of a request that don't depend on what it is done to.

    Source: IAM user guide, "AWS global condition context keys".
    """
    at = request.received_at
    keys: dict[str, Sequence[str]] = {
        "aws:currenttime": (datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),),
        "aws:epochtime": (str(int(at)),),
        "aws:principalaccount": (caller.account_id,),
        "aws:principalarn": (principal_arn(caller),),
        "aws:principaltype": (_TYPES[caller.principal],),
        "aws:requestedregion": (caller.region,),
        "aws:resourceaccount": (caller.account_id,),
        "aws:securetransport": ("true" if service.config.scheme == "https" else "false",),
        "aws:userid": (caller.user_id,),
        "ec2:region": (caller.region,),
    }
    if request.peer:
        keys["aws:sourceip"] = (request.peer,)
    if request.user_agent:
        keys["aws:useragent"] = (request.user_agent,)
    if caller.principal == CallerKind.USER and caller.name:
        keys["aws:username"] = (caller.name,)
    if caller.issued_at is not None:
        issued = datetime.fromtimestamp(caller.issued_at, UTC)
        keys["aws:tokenissuetime"] = (issued.strftime("%Y-%m-%dT%H:%M:%SZ"),)
    return keys


_TYPES: Final[Mapping[str, str]] = {
    CallerKind.ROOT: "Account",
    CallerKind.USER: "User",
    CallerKind.ROLE: "AssumedRole",
    CallerKind.HOST: "AssumedRole",
    CallerKind.NOBODY: "Anonymous",
}


def principal_arn(caller: Caller) -> str:
    """The ARN by which policy documents know the caller: of a session, its role's."""
    if caller.principal == CallerKind.ROLE:
        return f"arn:aws:iam::{caller.account_id}:role/{caller.name}"
    return caller.arn
