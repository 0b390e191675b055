"""The part of the OpenAPI document about accounts, users, keys, roles and policies."""

from __future__ import annotations

from typing import Any, Final

from .openapi_parts import FLAG, NUMBER, TEXT, TEXTS, in_path, json_answer, object_of, operation

_MAYBE_TEXT: Final = {"type": ["string", "null"]}
_MAYBE_COUNT: Final = {"type": ["integer", "null"]}
_ACCOUNT: Final[dict[str, Any]] = {"account_id": TEXT, "name": TEXT, "created_at": NUMBER, "own": FLAG}
_KEY: Final[dict[str, Any]] = {
    "access_key_id": TEXT,
    "user": _MAYBE_TEXT,
    "active": FLAG,
    "created_at": NUMBER,
    "last_used_at": _MAYBE_COUNT,
    "last_used_from": _MAYBE_TEXT,
}
_KEYS: Final = {"type": "array", "items": object_of(**_KEY)}
_PRINCIPAL: Final[dict[str, Any]] = {"name": TEXT, "id": TEXT, "arn": TEXT, "created_at": NUMBER, "policies": TEXTS}
_USER: Final = object_of(**_PRINCIPAL, keys=_KEYS)
_ROLE: Final = object_of(**_PRINCIPAL, trust=TEXT, session_seconds_max=NUMBER)
_POLICY: Final[dict[str, Any]] = {
    "name": TEXT,
    "arn": TEXT,
    "shipped": FLAG,
    "attachable": FLAG,
    "updated_at": _MAYBE_COUNT,
}
_ATTACHED: Final = json_answer(object_of(arn=TEXT, policies=TEXTS), "What is attached now.")
_DELETED: Final = json_answer(object_of(deleted=TEXT), "It is deleted.")
_DOCUMENT: Final = {"type": "string", "description": "A policy document, as JSON in a text."}
_SESSION: Final = {"type": "integer", "minimum": 3600, "maximum": 43200}

_DECISION: Final = object_of(
    allowed=FLAG,
    explicitDeny=FLAG,
    matchedStatements=object_of(
        items={"type": "array", "items": object_of(statementId=TEXT, effect=TEXT, policy=TEXT)}
    ),
    failures={"type": "object"},
    context=object_of(principal={"type": "object"}, action=TEXT, resource=TEXT, conditions={"type": "object"}),
)

_IN_ACCOUNT: Final = (in_path("account", "12 digits"),)
_IN_USER: Final = (in_path("user", "its name"),)
_IN_ROLE: Final = (in_path("role", "its name"),)
_IN_POLICY: Final = (in_path("policy", "its name, or a shipped one's"),)
_IN_KEY: Final = (in_path("key", "its id"),)


def _list(**of: dict[str, Any]) -> dict[str, Any]:
    return object_of(**{name: {"type": "array", "items": each} for name, each in of.items()})


PATHS_OF_IAM: Final[dict[str, Any]] = {
    "/ringwall/v1/accounts": {
        "get": operation(
            "All accounts, for a caller of the server's own; for another one, its own.",
            json_answer(_list(accounts=object_of(**_ACCOUNT)), "The accounts."),
        ),
        "post": operation(
            "Makes an account and its root's key; only for callers of the server's own account.",
            json_answer(
                object_of(**_ACCOUNT, access_key_id=TEXT, secret_access_key=TEXT), "The secret is shown only here."
            ),
            status=201,
            body={**object_of(name=TEXT, account_id=TEXT), "required": ["name"]},
        ),
    },
    "/ringwall/v1/accounts/{account}": {
        "get": operation("One account.", json_answer(object_of(**_ACCOUNT), "The account."), parameters=_IN_ACCOUNT),
        "delete": operation(
            "Deletes an account in which nothing is left, and its root's keys.", _DELETED, parameters=_IN_ACCOUNT
        ),
    },
    "/ringwall/v1/accounts/{account}/keys": {
        "post": operation(
            "Makes a key of an account's root, which has lost its own; only for callers of the server's own account.",
            json_answer(object_of(**_KEY, account_id=TEXT, secret_access_key=TEXT), "The secret is shown only here."),
            status=201,
            body=object_of(replace={**FLAG, "description": "Delete the root's keys that there are."}),
            parameters=_IN_ACCOUNT,
        ),
    },
    "/ringwall/v1/users": {
        "get": operation("The account's users, with their keys.", json_answer(_list(users=_USER), "The users.")),
        "post": operation(
            "Makes a user, who may nothing yet.", json_answer(_USER, "The user."), status=201, body=object_of(name=TEXT)
        ),
    },
    "/ringwall/v1/users/{user}": {
        "get": operation("One user, with its keys.", json_answer(_USER, "The user."), parameters=_IN_USER),
        "delete": operation("Deletes a user without keys and policies.", _DELETED, parameters=_IN_USER),
    },
    "/ringwall/v1/users/{user}/keys": {
        "get": operation("The keys of a user.", json_answer(object_of(keys=_KEYS), "The keys."), parameters=_IN_USER),
        "post": operation(
            "Makes a key of a user; two are the limit.",
            json_answer(object_of(**_KEY, secret_access_key=TEXT), "The secret is shown only here."),
            status=201,
            parameters=_IN_USER,
        ),
    },
    "/ringwall/v1/users/{user}/policies/{policy}": {
        "put": operation("Attaches a policy to a user.", _ATTACHED, parameters=(*_IN_USER, *_IN_POLICY)),
        "delete": operation("Detaches a policy from a user.", _ATTACHED, parameters=(*_IN_USER, *_IN_POLICY)),
    },
    "/ringwall/v1/keys": {
        "get": operation("All keys of the account.", json_answer(object_of(keys=_KEYS), "The keys.")),
    },
    "/ringwall/v1/keys/{key}": {
        "put": operation(
            "Switches a key off or on.",
            json_answer(object_of(**_KEY), "The key."),
            body=object_of(active=FLAG),
            parameters=_IN_KEY,
        ),
        "delete": operation("Deletes a key.", _DELETED, parameters=_IN_KEY),
    },
    "/ringwall/v1/keys/{key}/rotate": {
        "post": operation(
            "Makes the key that takes another's place; the old one stays until it is deleted.",
            json_answer(
                object_of(**_KEY, secret_access_key=TEXT, replaces=TEXT), "The new key; its secret is shown only here."
            ),
            status=201,
            parameters=_IN_KEY,
        )
    },
    "/ringwall/v1/roles": {
        "get": operation("The account's roles.", json_answer(_list(roles=_ROLE), "The roles.")),
        "post": operation(
            "Makes a role, which may nothing yet.",
            json_answer(_ROLE, "The role."),
            status=201,
            body={
                **object_of(name=TEXT, trust=_DOCUMENT, session_seconds_max=_SESSION),
                "required": ["name", "trust"],
            },
        ),
    },
    "/ringwall/v1/roles/{role}": {
        "get": operation("One role.", json_answer(_ROLE, "The role."), parameters=_IN_ROLE),
        "put": operation(
            "Changes who may take a role, or for how long; what isn't given stays.",
            json_answer(_ROLE, "The role."),
            body={**object_of(trust=_DOCUMENT, session_seconds_max=_SESSION), "required": []},
            parameters=_IN_ROLE,
        ),
        "delete": operation("Deletes a role without policies; its sessions end.", _DELETED, parameters=_IN_ROLE),
    },
    "/ringwall/v1/roles/{role}/policies/{policy}": {
        "put": operation("Attaches a policy to a role.", _ATTACHED, parameters=(*_IN_ROLE, *_IN_POLICY)),
        "delete": operation("Detaches a policy from a role.", _ATTACHED, parameters=(*_IN_ROLE, *_IN_POLICY)),
    },
    "/ringwall/v1/policies": {
        "get": operation(
            "The account's policies and those that ringwall ships.",
            json_answer(_list(policies=object_of(**_POLICY)), "The policies, without their documents."),
        )
    },
    "/ringwall/v1/policies/{policy}": {
        "get": operation(
            "One policy: its document, and whom it is attached to.",
            json_answer(object_of(**_POLICY, document=_DOCUMENT, attached_to=TEXTS), "The policy."),
            parameters=_IN_POLICY,
        ),
        "put": operation(
            "Puts a policy's document, in place of one of this name.",
            json_answer(object_of(**_POLICY, document=_DOCUMENT), "The policy."),
            body=object_of(document=_DOCUMENT),
            parameters=_IN_POLICY,
        ),
        "delete": operation("Deletes a policy that is attached to nobody.", _DELETED, parameters=_IN_POLICY),
    },
    "/ringwall/v1/decisions": {
        "post": operation(
            "What the policies of a user or role decide on an action, now and from here, and which statement does.",
            json_answer(_DECISION, "The decision, as DecodeAuthorizationMessage shows one."),
            body={
                **object_of(action=TEXT, name=TEXT, kind={"enum": ["user", "role"]}, resource=TEXT),
                "required": ["action", "name"],
            },
        )
    },
    "/ringwall/v1/decoded-messages": {
        "post": operation(
            "What a refusal told encoded; needs sts:DecodeAuthorizationMessage.",
            json_answer(object_of(decoded=TEXT), "The decision, as JSON in a text."),
            body=object_of(message=TEXT),
        )
    },
}
"""Paths, each with its methods, as OpenAPI has them."""
