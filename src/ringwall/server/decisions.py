"""The endpoints of /ringwall/v1 that explain decisions: what one would be, and what a refusal told encoded."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from ringwall.domain import ids
from ringwall.domain.caller import Caller, CallerKind
from ringwall.domain.errors import InvalidAuthorizationMessage, InvalidParameterValue
from ringwall.domain.principal import Principal, PrincipalKind
from ringwall.iam.evaluate import Target
from ringwall.operations.needs import Need
from ringwall.operations.principal_names import principal_of
from ringwall.operations.resources import Resources
from ringwall.store.base import Reader

from .authorize import decide, keys_of
from .call import Call
from .content import member
from .service import Service

ARN_MAX: Final = 2_048
MESSAGE_MAX: Final = 32 * 1024
_ACTION: Final = re.compile("[A-Za-z0-9-]{1,64}:[A-Za-z0-9]{1,128}", re.ASCII)


async def explain(service: Service, call: Call) -> Response:
    """What the documents of a user or a role decide on an action, and which statement does.

    It is decided as for a request from the caller's own address, now. A resource of the account that is there brings
    its own condition keys, such as its tags.
    """
    action, kind, name = member(call.content, "action", str), _kind(call), member(call.content, "name", str)
    resource = call.content.get("resource", "*")
    if _ACTION.fullmatch(action) is None:
        raise InvalidParameterValue("'action' is written as ec2:RevokeSecurityGroupIngress, without wildcards.")
    if not isinstance(resource, str) or len(resource) > ARN_MAX:
        raise InvalidParameterValue("'resource' is an ARN, or an id of this region.")

    def look(reader: Reader) -> dict[str, Any]:
        principal = principal_of(reader, call.caller.account_id, kind, name)
        asker = _as_caller(principal, call.caller.region)
        keys = keys_of(service, asker, call.gate.request)

        def needs(reader: Reader) -> Sequence[Need]:
            return [Need(action, [_target(reader, asker, resource)])]

        return decide(service, reader, asker, needs, keys).content()

    return JSONResponse(await service.store.read_in_thread(look))


async def decode(service: Service, call: Call) -> Response:
    """The decision that a refusal of this account told encoded."""
    message = call.content.get("message")
    decoded = None
    if isinstance(message, str) and len(message) <= MESSAGE_MAX:
        decoded = service.principals.sessions.decoded(call.caller.account_id, message)
    if decoded is None:
        raise InvalidAuthorizationMessage
    return JSONResponse({"decoded": decoded})


def _kind(call: Call) -> PrincipalKind:
    kind = call.content.get("kind", PrincipalKind.USER.value)
    if kind not in tuple(PrincipalKind):
        raise InvalidParameterValue("'kind' is user or role.")
    return PrincipalKind(kind)


def _as_caller(principal: Principal, region: str) -> Caller:
    """A user with its key, or a session of a role without a document of its own."""
    is_role = principal.kind is PrincipalKind.ROLE
    session = "why" if is_role else None
    arn = f"arn:aws:sts::{principal.account_id}:assumed-role/{principal.name}/{session}" if is_role else principal.arn
    return Caller(
        principal.account_id,
        region,
        "",
        arn,
        f"{principal.principal_id}:{session}" if is_role else principal.principal_id,
        principal=CallerKind(principal.kind.value),
        name=principal.name,
        session=session,
    )


def _target(reader: Reader, caller: Caller, resource: str) -> Target:
    """The resource with its condition keys, if it is one of the caller's account and region."""
    resources = Resources(reader, caller)
    for kind in ids.TAGGED_KINDS.values():
        resource_id = resource.removeprefix(resources.arn(kind, ""))
        if re.fullmatch(rf"{kind.prefix}-[0-9a-f]{{1,17}}", resource_id):
            return resources.of(kind, resource_id)
    return Target(resource)


Endpoint = Callable[[Service, Call], Awaitable[Response]]

ROUTES: Final[tuple[tuple[str, str, str, Endpoint], ...]] = (
    ("POST", "/ringwall/v1/decisions", "ExplainDecision", explain),
    ("POST", "/ringwall/v1/decoded-messages", "DecodeAuthorizationMessage", decode),
)
"""Method, path, action and function, as `api.ROUTES`."""
