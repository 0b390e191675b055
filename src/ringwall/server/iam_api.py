"""The endpoints of /ringwall/v1 that manage who may do what: accounts, users, keys, roles, policies.

A secret stands in the answer that makes it, once, and nowhere else: the store has it encrypted.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from starlette.responses import JSONResponse, Response

from ringwall.domain.errors import InvalidParameterValue
from ringwall.domain.principal import AccessKey, Account, NamedPolicy, Principal, PrincipalKind
from ringwall.iam.shipped import SHIPPED, TEMPLATES
from ringwall.operations import access_keys, accounts, policies, roles, users
from ringwall.operations.context import Context
from ringwall.operations.principal_names import role_of, user_of
from ringwall.store.base import Reader
from ringwall.wire.shapes import REGIONS

from .call import Call
from .content import Content, member
from .credentials import new_access_key_id, new_secret
from .service import Service

Result = TypeVar("Result")
UNIQUE_ID_CHARACTERS: Final = 17
DOCUMENT_MAX: Final = 64 * 1024
_ALPHABET: Final = string.ascii_uppercase + string.digits


# --- Accounts ---


async def list_accounts(service: Service, call: Call) -> Response:
    """All accounts, for a caller of the server's own; for another one, its own."""
    found = await _read(service, lambda reader: accounts.visible_accounts(reader, call.caller.account_id))
    return JSONResponse({"accounts": [_account(each) for each in found]})


async def show_account(service: Service, call: Call) -> Response:
    """One account."""
    wanted = call.path["account"]
    return JSONResponse(
        _account(await _read(service, lambda r: accounts.account_of(r, call.caller.account_id, wanted)))
    )


async def create_account(service: Service, call: Call) -> Response:
    """Makes an account; the answer is the only place where its root's secret stands. Without an id, a random one."""
    name = member(call.content, "name", str)
    account_id = member(call.content, "account_id", str) if "account_id" in call.content else _new_account_id()
    key_id, secret, sealed = _new_key(service)
    made = await _write(
        service, call, lambda context: accounts.create_account(context, account_id, name, key_id, sealed)
    )
    return _once({**_account(made), "access_key_id": key_id, "secret_access_key": secret})


async def create_account_key(service: Service, call: Call) -> Response:
    """Makes a key of an account's root; the answer is the only place where its secret stands."""
    key_id, secret, sealed = _new_key(service)
    replaces = member(call.content, "replace", bool) if "replace" in call.content else False
    made = await _write(
        service,
        call,
        lambda context: accounts.create_account_key(
            context, call.path["account"], key_id, sealed, in_place_of_all=replaces
        ),
    )
    return _once({**_key(made), "account_id": made.account_id, "secret_access_key": secret})


async def delete_account(service: Service, call: Call) -> Response:
    """Deletes an account in which nothing is left, and its root's keys."""
    gone = await _write(service, call, lambda context: accounts.delete_account(context, call.path["account"], REGIONS))
    return JSONResponse({"deleted": gone.account_id})


# --- Users and keys ---


async def list_users(service: Service, call: Call) -> Response:
    """The account's users, with their keys."""
    return JSONResponse({"users": await _read(service, lambda reader: _users(reader, call.caller.account_id))})


async def show_user(service: Service, call: Call) -> Response:
    """One user, with its keys."""

    def look(reader: Reader) -> Content:
        user = user_of(reader, call.caller.account_id, call.path["user"])
        return _user(user, access_keys.keys_of(reader, user.account_id, user.name))

    return JSONResponse(await _read(service, look))


async def create_user(service: Service, call: Call) -> Response:
    """Makes a user, who may nothing yet."""
    name, principal_id = member(call.content, "name", str), _unique_id("AIDA")
    return JSONResponse(_user(await _write(service, call, lambda c: users.create_user(c, name, principal_id)), []), 201)


async def delete_user(service: Service, call: Call) -> Response:
    """Deletes a user without keys and attached policies."""
    gone = await _write(service, call, lambda context: users.delete_user(context, call.path["user"]))
    return JSONResponse({"deleted": gone.name})


async def list_keys(service: Service, call: Call) -> Response:
    """The keys of all of the account's users, and those of its root that are in the store."""
    found = await _read(service, lambda reader: reader.access_keys(call.caller.account_id))
    return JSONResponse({"keys": [_key(each) for each in found]})


async def list_keys_of_user(service: Service, call: Call) -> Response:
    """The keys of one user."""

    def look(reader: Reader) -> list[AccessKey]:
        user = user_of(reader, call.caller.account_id, call.path["user"])
        return access_keys.keys_of(reader, user.account_id, user.name)

    return JSONResponse({"keys": [_key(each) for each in await _read(service, look)]})


async def create_key(service: Service, call: Call) -> Response:
    """Makes a key of a user; the answer is the only place where its secret stands."""
    key_id, secret, sealed = _new_key(service)
    made = await _write(
        service, call, lambda context: access_keys.create_access_key(context, call.path["user"], key_id, sealed)
    )
    return _once({**_key(made), "secret_access_key": secret})


async def rotate_key(service: Service, call: Call) -> Response:
    """Makes the key that takes another's place; the old one stays until it is deleted."""
    key_id, secret, sealed = _new_key(service)
    made = await _write(service, call, lambda context: access_keys.rotate(context, call.path["key"], key_id, sealed))
    return _once({**_key(made), "secret_access_key": secret, "replaces": call.path["key"]})


async def update_key(service: Service, call: Call) -> Response:
    """Switches a key off or on."""
    active = member(call.content, "active", bool)
    return JSONResponse(
        _key(await _write(service, call, lambda c: access_keys.set_active(c, call.path["key"], active)))
    )


async def delete_key(service: Service, call: Call) -> Response:
    """Deletes a key."""
    gone = await _write(service, call, lambda context: access_keys.delete_access_key(context, call.path["key"]))
    return JSONResponse({"deleted": gone.access_key_id})


# --- Roles ---


async def list_roles(service: Service, call: Call) -> Response:
    """The account's roles."""
    found = await _read(service, lambda reader: reader.principals(call.caller.account_id, PrincipalKind.ROLE))
    return JSONResponse({"roles": [_role(each) for each in found]})


async def show_role(service: Service, call: Call) -> Response:
    """One role."""
    return JSONResponse(_role(await _read(service, lambda r: role_of(r, call.caller.account_id, call.path["role"]))))


async def create_role(service: Service, call: Call) -> Response:
    """Makes a role, which may nothing yet."""
    name, trust, principal_id = member(call.content, "name", str), _document(call.content, "trust"), _unique_id("AROA")
    seconds = member(call.content, "session_seconds_max", int) if "session_seconds_max" in call.content else 3_600
    made = await _write(service, call, lambda c: roles.create_role(c, name, principal_id, trust, seconds))
    return JSONResponse(_role(made), 201)


async def update_role(service: Service, call: Call) -> Response:
    """Changes who may take a role, or for how long; what isn't given stays."""
    given = call.content
    trust = _document(given, "trust") if "trust" in given else None
    seconds = member(given, "session_seconds_max", int) if "session_seconds_max" in given else None
    changed = await _write(service, call, lambda c: roles.update_role(c, call.path["role"], trust, seconds))
    return JSONResponse(_role(changed))


async def delete_role(service: Service, call: Call) -> Response:
    """Deletes a role without attached policies; its sessions end."""
    gone = await _write(service, call, lambda context: roles.delete_role(context, call.path["role"]))
    return JSONResponse({"deleted": gone.name})


# --- Policies ---


async def list_policies(service: Service, call: Call) -> Response:
    """The account's policies and those that ringwall ships."""
    found = await _read(service, lambda reader: reader.policies(call.caller.account_id))
    shipped = [NamedPolicy(call.caller.account_id, name, text, 0) for name, text in {**SHIPPED, **TEMPLATES}.items()]
    return JSONResponse({"policies": [_policy(each, "") for each in (*shipped, *found)]})


async def show_policy(service: Service, call: Call) -> Response:
    """One policy: its document, and whom it is attached to."""

    def look(reader: Reader) -> Content:
        policy = policies.policy_of(reader, call.caller.account_id, call.path["policy"])
        attached = reader.principals_with(policy.account_id, policy.name)
        return {**_policy(policy, policy.document), "attached_to": [each.arn for each in attached]}

    return JSONResponse(await _read(service, look))


async def put_policy(service: Service, call: Call) -> Response:
    """Puts a policy's document, in place of one of this name; requests from then on are judged by it."""
    document = _document(call.content, "document")
    return JSONResponse(
        _policy(await _write(service, call, lambda c: policies.put_policy(c, call.path["policy"], document)), document)
    )


async def delete_policy(service: Service, call: Call) -> Response:
    """Deletes a policy that is attached to nobody."""
    gone = await _write(service, call, lambda context: policies.delete_policy(context, call.path["policy"]))
    return JSONResponse({"deleted": gone.name})


async def attach_to_user(service: Service, call: Call) -> Response:
    """Attaches a policy to a user."""
    return await _attach(service, call, PrincipalKind.USER, policies.attach_policy)


async def detach_from_user(service: Service, call: Call) -> Response:
    """Detaches a policy from a user."""
    return await _attach(service, call, PrincipalKind.USER, policies.detach_policy)


async def attach_to_role(service: Service, call: Call) -> Response:
    """Attaches a policy to a role."""
    return await _attach(service, call, PrincipalKind.ROLE, policies.attach_policy)


async def detach_from_role(service: Service, call: Call) -> Response:
    """Detaches a policy from a role."""
    return await _attach(service, call, PrincipalKind.ROLE, policies.detach_policy)


async def _attach(
    service: Service, call: Call, kind: PrincipalKind, change: Callable[[Context, PrincipalKind, str, str], Principal]
) -> Response:
    name, policy = call.path[kind.value], call.path["policy"]
    changed = await _write(service, call, lambda context: change(context, kind, name, policy))
    return JSONResponse({"arn": changed.arn, "policies": list(changed.policies)})


# --- What they have in common ---


async def _read(service: Service, function: Callable[[Reader], Result]) -> Result:
    return await service.store.read_soon(function)


async def _write(service: Service, call: Call, function: Callable[[Context], Result]) -> Result:
    """One write, after which every request is judged by what is there now."""
    committed = await call.write(service, lambda transaction: function(service.context(call.caller, transaction)))
    return committed.result


def _once(content: Content) -> Response:
    """An answer that shows a secret, and is kept by nobody on its way."""
    return JSONResponse(content, 201, {"cache-control": "no-store"})


def _new_key(service: Service) -> tuple[str, str, str]:
    """A key's id, its secret, and the secret as it is stored."""
    key_id, secret = new_access_key_id(), new_secret()
    return key_id, secret, service.keyring.seal(secret, key_id)


def _new_account_id() -> str:
    return f"{secrets.randbelow(9 * 10**11) + 10**11}"


def _unique_id(prefix: str) -> str:
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(UNIQUE_ID_CHARACTERS))


def _document(content: Content, name: str) -> str:
    """A policy document, which may have line ends and is checked as one later."""
    text = content.get(name)
    if not isinstance(text, str) or len(text) > DOCUMENT_MAX:
        raise InvalidParameterValue(f"'{name}' is missing or isn't a str, or is too long.")
    return text


def _account(account: Account) -> Content:
    return {
        "account_id": account.account_id,
        "name": account.name,
        "created_at": account.created_at,
        "own": account.name == accounts.OWN_NAME,
    }


def _users(reader: Reader, account_id: str) -> list[Content]:
    keys: dict[str, list[AccessKey]] = {}
    for key in reader.access_keys(account_id):
        keys.setdefault((key.user_name or "").lower(), []).append(key)
    return [_user(user, keys.get(user.name.lower(), [])) for user in reader.principals(account_id, PrincipalKind.USER)]


def _user(user: Principal, keys: list[AccessKey]) -> Content:
    return {**_principal(user), "keys": [_key(each) for each in keys]}


def _role(role: Principal) -> Content:
    return {**_principal(role), "trust": role.trust, "session_seconds_max": role.session_seconds_max}


def _principal(principal: Principal) -> Content:
    return {
        "name": principal.name,
        "id": principal.principal_id,
        "arn": principal.arn,
        "created_at": principal.created_at,
        "policies": list(principal.policies),
    }


def _key(key: AccessKey) -> Content:
    return {
        "access_key_id": key.access_key_id,
        "user": key.user_name,
        "active": key.active,
        "created_at": key.created_at,
        "last_used_at": key.last_used_at,
        "last_used_from": key.last_used_from,
    }


def _policy(policy: NamedPolicy, document: str) -> Content:
    shipped = policy.name in SHIPPED or policy.name in TEMPLATES
    return {
        "name": policy.name,
        "arn": f"arn:aws:iam::{policy.account_id}:policy/{policy.name}",
        "shipped": shipped,
        "attachable": policy.name not in TEMPLATES,
        "updated_at": None if shipped else policy.updated_at,
        **({"document": document} if document else {}),
    }


Endpoint = Callable[[Service, Call], Awaitable[Response]]

_V1: Final = "/ringwall/v1"
ROUTES: Final[tuple[tuple[str, str, str, Endpoint], ...]] = (
    ("GET", f"{_V1}/accounts", "ListAccounts", list_accounts),
    ("POST", f"{_V1}/accounts", "CreateAccount", create_account),
    ("GET", f"{_V1}/accounts/{{account}}", "ShowAccount", show_account),
    ("DELETE", f"{_V1}/accounts/{{account}}", "DeleteAccount", delete_account),
    ("POST", f"{_V1}/accounts/{{account}}/keys", "CreateAccountKey", create_account_key),
    ("GET", f"{_V1}/users", "ListUsers", list_users),
    ("POST", f"{_V1}/users", "CreateUser", create_user),
    ("GET", f"{_V1}/users/{{user}}", "ShowUser", show_user),
    ("DELETE", f"{_V1}/users/{{user}}", "DeleteUser", delete_user),
    ("GET", f"{_V1}/users/{{user}}/keys", "ListAccessKeys", list_keys_of_user),
    ("POST", f"{_V1}/users/{{user}}/keys", "CreateAccessKey", create_key),
    ("PUT", f"{_V1}/users/{{user}}/policies/{{policy}}", "AttachUserPolicy", attach_to_user),
    ("DELETE", f"{_V1}/users/{{user}}/policies/{{policy}}", "DetachUserPolicy", detach_from_user),
    ("GET", f"{_V1}/keys", "ListAccessKeys", list_keys),
    ("PUT", f"{_V1}/keys/{{key}}", "UpdateAccessKey", update_key),
    ("POST", f"{_V1}/keys/{{key}}/rotate", "RotateAccessKey", rotate_key),
    ("DELETE", f"{_V1}/keys/{{key}}", "DeleteAccessKey", delete_key),
    ("GET", f"{_V1}/roles", "ListRoles", list_roles),
    ("POST", f"{_V1}/roles", "CreateRole", create_role),
    ("GET", f"{_V1}/roles/{{role}}", "ShowRole", show_role),
    ("PUT", f"{_V1}/roles/{{role}}", "UpdateRole", update_role),
    ("DELETE", f"{_V1}/roles/{{role}}", "DeleteRole", delete_role),
    ("PUT", f"{_V1}/roles/{{role}}/policies/{{policy}}", "AttachRolePolicy", attach_to_role),
    ("DELETE", f"{_V1}/roles/{{role}}/policies/{{policy}}", "DetachRolePolicy", detach_from_role),
    ("GET", f"{_V1}/policies", "ListPolicies", list_policies),
    ("GET", f"{_V1}/policies/{{policy}}", "ShowPolicy", show_policy),
    ("PUT", f"{_V1}/policies/{{policy}}", "PutPolicy", put_policy),
    ("DELETE", f"{_V1}/policies/{{policy}}", "DeletePolicy", delete_policy),
)
"""Method, path, action and function, as `api.ROUTES`."""
