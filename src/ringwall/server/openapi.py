"""The OpenAPI document of ringwall's own API. A test holds it against the routes that are served."""

from __future__ import annotations

from typing import Any, Final

from ringwall import __version__


def _json(schema: dict[str, Any], text: str) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


_TEXT: Final = {"type": "string"}
_NUMBER: Final = {"type": "integer"}
_MAYBE_NUMBER: Final = {"type": ["number", "null"]}
_FLAG: Final = {"type": "boolean"}
_TEXTS: Final = {"type": "array", "items": _TEXT}
_REFUSED: Final = {"type": "array", "items": _object(address=_TEXT, reason=_TEXT)}
_INTERFACES: Final = {"type": "array", "items": _object(device=_TEXT, mac_address=_TEXT, addresses=_TEXTS)}
_IN_FORCE: Final = {
    "oneOf": [
        _object(revision=_NUMBER, digest=_TEXT, mode=_TEXT, since={"type": "number"}, lag_seconds=_MAYBE_NUMBER),
        {"type": "null"},
    ]
}
_INTERFACE: Final[dict[str, Any]] = {
    "interface_id": _TEXT,
    "kind": {"enum": ["host", "routed"]},
    "device": {"type": ["string", "null"]},
    "attachment_id": _TEXT,
    "device_index": _NUMBER,
    "attached_at": _NUMBER,
    "delete_on_termination": _FLAG,
    "source_check": _FLAG,
    "addresses": _TEXTS,
    "group_ids": _TEXTS,
    "in_force": _IN_FORCE,
}
_RULE: Final[dict[str, Any]] = {
    "rule_id": _TEXT,
    "direction": {"enum": ["ingress", "egress"]},
    "protocol": _TEXT,
    "from_port": _NUMBER,
    "to_port": _NUMBER,
    "peer": _TEXT,
}
_MAYBE_COUNT: Final = {"type": ["integer", "null"]}
_DRAINING: Final = _object(
    **_RULE,
    group_id=_TEXT,
    revoked_at=_NUMBER,
    flows_left=_MAYBE_COUNT,
    hosts={"type": "array", "items": _object(instance_id=_TEXT, flows_left=_MAYBE_COUNT)},
)
_ASKED: Final[dict[str, Any]] = {
    "instance_id": _TEXT,
    "hostname": _TEXT,
    "state": {"enum": ["answered", "silent", "failed", "remembered"]},
    "failure": {"type": ["string", "null"]},
}
_FLOW: Final = {
    "type": "object",
    "properties": {
        "instance_id": _TEXT,
        "direction": {"enum": ["ingress", "egress"]},
        "protocol": _TEXT,
        "source": _TEXT,
        "destination": _TEXT,
        "source_port": _MAYBE_COUNT,
        "destination_port": _MAYBE_COUNT,
        "icmp_type": _MAYBE_COUNT,
        "icmp_code": _MAYBE_COUNT,
        "packets": _MAYBE_COUNT,
        "bytes": _MAYBE_COUNT,
        "ends": _FLAG,
        "goes_on_through": {"type": ["string", "null"]},
        "reason": {"type": ["string", "null"]},
    },
}
_USED: Final[dict[str, Any]] = {
    "rule_id": _TEXT,
    "packets": _NUMBER,
    "bytes": _NUMBER,
    "first_used": _MAYBE_NUMBER,
    "last_used": _MAYBE_NUMBER,
    "unused_since": _MAYBE_NUMBER,
    "complete": _FLAG,
}
_USE: Final[dict[str, Any]] = dict.fromkeys(
    ("read_at", "packets", "bytes", "first_used", "last_used", "since"), _MAYBE_NUMBER
)
_HOST: Final = {"$ref": "#/components/schemas/Host"}
_CHANGE: Final = {"$ref": "#/components/schemas/Change"}


def _query(name: str, schema: dict[str, Any], text: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": text}


def _in_path(name: str, text: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": _TEXT, "description": text}


_WAIT: Final = (
    _query("wait", {"type": "number"}, "Answer once it is in force everywhere, or after so many seconds, at most 20."),
    _query("in_force", _NUMBER, "With wait: answer once it is in force on more than so many hosts, too."),
)
_HOSTS_WAIT: Final = _query(
    "wait", {"type": "number"}, "So many seconds for the hosts to answer, at most 20; 5 without."
)
_PATH_HOST: Final = [{"name": "host", "in": "path", "required": True, "schema": _TEXT, "description": "an i-…"}]


def _operation(
    summary: str,
    answer: dict[str, Any],
    *,
    status: int = 200,
    body: dict[str, Any] | None = None,
    on_host: bool = False,
    parameters: tuple[dict[str, Any], ...] = (),
    signed: bool = True,
) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": summary,
        "responses": {str(status): answer, "default": _json({"$ref": "#/components/schemas/Fault"}, "Refused.")},
    }
    if body is not None:
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    if on_host:
        described["parameters"] = _PATH_HOST
    if parameters:
        described["parameters"] = list(parameters)
    if signed:
        described["security"] = [{"sigv4": []}]
    return described


DOCUMENT: Final[dict[str, Any]] = {
    "openapi": "3.1.0",
    "info": {"title": "ringwall", "version": __version__, "description": "Hosts and what is in force on them."},
    "paths": {
        "/ringwall/v1/enrolment-tokens": {
            "post": _operation(
                "A token that enrols one host, once, within an hour.",
                _json(_object(token=_TEXT, expires_at=_NUMBER), "The token; it is shown only here."),
                status=201,
                body=_object(subnet_id=_TEXT, interface=_TEXT),
            )
        },
        "/ringwall/v1/enroll": {
            "post": _operation(
                "Enrols the host that sends it; the token is the proof.",
                _json(
                    _object(
                        account_id=_TEXT,
                        region=_TEXT,
                        instance_id=_TEXT,
                        access_key_id=_TEXT,
                        secret_access_key=_TEXT,
                        store_id=_TEXT,
                        device=_TEXT,
                        interface_id=_TEXT,
                        refused_addresses=_REFUSED,
                    ),
                    "The host's id and key; the secret is shown only here.",
                ),
                status=201,
                body=_object(token=_TEXT, hostname=_TEXT, interfaces=_INTERFACES),
                signed=False,
            )
        },
        "/ringwall/v1/hosts": {
            "get": _operation(
                "All hosts of the region.",
                _json(_object(revision=_NUMBER, hosts={"type": "array", "items": _HOST}), "The hosts."),
            )
        },
        "/ringwall/v1/hosts/{host}": {
            "get": _operation("One host.", _json(_HOST, "The host."), on_host=True),
            "delete": _operation(
                "Forgets a host, its key and its own interfaces. Its kernel keeps what it has.",
                _json(_object(removed=_TEXT, revision=_NUMBER), "It is removed."),
                on_host=True,
            ),
        },
        "/ringwall/v1/hosts/{host}/interfaces": {
            "post": _operation(
                "Makes a device of the host an interface of its own, whose addresses the agent reports.",
                _json(_object(**_INTERFACE, revision=_NUMBER), "The interface."),
                status=201,
                body=_object(device=_TEXT, subnet_id=_TEXT),
                on_host=True,
            )
        },
        "/ringwall/v1/hosts/{host}/interfaces/{interface}": {
            "delete": _operation(
                "Detaches an interface: one of the host's own is deleted, another is available again.",
                _json(_object(detached=_TEXT, deleted=_FLAG, revision=_NUMBER), "It is detached."),
                parameters=(
                    *_PATH_HOST,
                    {"name": "interface", "in": "path", "required": True, "schema": _TEXT, "description": "its id"},
                ),
            )
        },
        "/ringwall/v1/hosts/{host}/mode": {
            "put": _operation(
                "Switches to `enforce` or `observe`; WouldCutOff when live traffic would end, unless `yes`.",
                _json(_object(mode=_TEXT, revision=_NUMBER, unadmitted=_TEXTS), "It is switched."),
                body=_object(mode={"enum": ["observe", "enforce"]}, yes=_FLAG),
                on_host=True,
            )
        },
        "/ringwall/v1/groups/{group}/revoke": {
            "post": _operation(
                "Revokes rules of a group, of either direction; `on_revoke` goes before the group's tag.",
                _json(
                    _object(revision=_NUMBER, revoked={"type": "array", "items": _object(**_RULE)}, draining=_TEXTS),
                    "They are revoked; `draining` are the ids of those whose live flows go on.",
                ),
                body={
                    **_object(rule_ids=_TEXTS, on_revoke={"enum": ["cut", "keep"]}),
                    "required": ["rule_ids"],
                },
                parameters=(_in_path("group", "an sg-…"),),
            )
        },
        "/ringwall/v1/draining": {
            "get": _operation(
                "The revoked rules whose live flows go on, and how many are left; null: a host hasn't said.",
                _json(_object(revision=_NUMBER, draining={"type": "array", "items": _DRAINING}), "What drains."),
            )
        },
        "/ringwall/v1/draining/{rule}": {
            "delete": _operation(
                "Cuts what is left of a revoked rule's flows.",
                _json(_object(revision=_NUMBER, ended=_TEXT), "It is cut as soon as it is in force."),
                parameters=(_in_path("rule", "an sgr-…"),),
            )
        },
        "/ringwall/v1/changes": {
            "get": _operation(
                "Whether everything stored so far is in force, and where not; `wait` waits for it.",
                _json(_CHANGE, "How it stands, on every host."),
                parameters=(_query("through", _NUMBER, "Up to this revision, not the last."), *_WAIT),
            )
        },
        "/ringwall/v1/changes/{revision}": {
            "get": _operation(
                "On which of the hosts that a change affects it is in force; `wait` waits for all of them.",
                _json(_CHANGE, "How it stands."),
                parameters=(
                    {
                        "name": "revision",
                        "in": "path",
                        "required": True,
                        "schema": _NUMBER,
                        "description": "its revision",
                    },
                    *_WAIT,
                ),
            )
        },
        "/ringwall/v1/rules/{rule}/flows": {
            "get": _operation(
                "The live flows that a rule admits on its hosts, each with what becomes of it without the rule.",
                _json(
                    _object(
                        rule_id=_TEXT,
                        group_id=_TEXT,
                        ending=_NUMBER,
                        going_on=_NUMBER,
                        hosts={"type": "array", "items": _object(**_ASKED)},
                        flows={"type": "array", "items": _FLOW},
                    ),
                    "How many would end and how many would go on, and some of them; who hasn't answered is `silent`.",
                ),
                parameters=(
                    _in_path("rule", "an sgr-…"),
                    _query("limit", _NUMBER, "Name so many flows, at most 1,000; 100 without. All are counted."),
                    _HOSTS_WAIT,
                ),
            )
        },
        "/ringwall/v1/rules/{rule}/usage": {
            "get": _operation(
                "How much a rule was used, when first and when last, on each of its hosts and in all.",
                _json(
                    _object(group_id=_TEXT, **_USED, hosts={"type": "array", "items": _object(**_ASKED, **_USE)}),
                    "Of a host that is away, what it said last (`remembered`).",
                ),
                parameters=(_in_path("rule", "an sgr-…"), _HOSTS_WAIT),
            )
        },
        "/ringwall/v1/groups/{group}/usage": {
            "get": _operation(
                "How much each rule of a group was used, in all.",
                _json(
                    _object(
                        group_id=_TEXT,
                        rules={"type": "array", "items": _object(**_USED)},
                        hosts={"type": "array", "items": _object(**_ASKED)},
                    ),
                    "Rule by rule.",
                ),
                parameters=(_in_path("group", "an sg-…"), _HOSTS_WAIT),
            )
        },
        "/ringwall/v1/watch": {
            "get": _operation(
                "What the calling agent's host should enforce: a snapshot, then deltas, a JSON value a line.",
                {"description": "The stream.", "content": {"application/x-ndjson": {"schema": {"type": "object"}}}},
            )
        },
        "/ringwall/v1/report": {
            "post": _operation(
                "What is in force on the calling agent's host.",
                _json(_object(), "Taken."),
                body={"type": "object"},
            )
        },
        "/ringwall/v1/answers/{question}": {
            "post": _operation(
                "What the calling agent answers to a question that came with its stream.",
                _json(_object(taken=_FLAG), "Taken, unless nobody waits for it any more."),
                body={"type": "object"},
                parameters=({"name": "question", "in": "path", "required": True, "schema": _TEXT},),
            )
        },
        "/ringwall/v1/addresses": {
            "post": _operation(
                "The addresses of the calling agent's interfaces now.",
                _json(_object(revision={"type": ["integer", "null"]}, refused_addresses=_REFUSED), "Taken."),
                body=_object(interfaces=_INTERFACES),
            )
        },
    },
    "components": {
        "securitySchemes": {
            "sigv4": {
                "type": "apiKey",
                "in": "header",
                "name": "Authorization",
                "description": "AWS Signature Version 4, service name `ringwall`.",
            }
        },
        "schemas": {
            "Host": _object(
                instance_id=_TEXT,
                hostname=_TEXT,
                mode=_TEXT,
                enrolled_at=_NUMBER,
                connected=_FLAG,
                up_to_date=_FLAG,
                revision={"type": ["integer", "null"]},
                digest={"type": ["string", "null"]},
                in_force_at=_MAYBE_NUMBER,
                last_seen=_MAYBE_NUMBER,
                capabilities=_TEXTS,
                drift={"oneOf": [_object(at={"type": "number"}, by=_TEXTS), {"type": "null"}]},
                problems=_TEXTS,
                unadmitted=_TEXTS,
                interfaces={"type": "array", "items": _object(**_INTERFACE)},
            ),
            "Change": _object(
                revision=_NUMBER,
                stored_at=_MAYBE_NUMBER,
                in_force=_FLAG,
                counts=_object(**dict.fromkeys(("in-force", "pending", "silent", "unaffected"), _NUMBER)),
                hosts={
                    "type": "array",
                    "items": _object(
                        instance_id=_TEXT,
                        hostname=_TEXT,
                        state={"enum": ["in-force", "pending", "silent"]},
                        affected=_FLAG,
                        revision={"type": ["integer", "null"]},
                        in_force_at=_MAYBE_NUMBER,
                        seconds=_MAYBE_NUMBER,
                        last_seen=_MAYBE_NUMBER,
                        problems=_TEXTS,
                    ),
                },
            ),
            "Fault": _object(error=_object(code=_TEXT, message=_TEXT), request_id=_TEXT),
        },
    },
}
