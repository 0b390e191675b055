"""The OpenAPI document of ringwall's own API. A test holds it against the routes that are served."""

from __future__ import annotations

from typing import Any, Final

from ringwall import __version__

from .openapi_iam import PATHS_OF_IAM
from .openapi_parts import (
    FLAG,
    MAYBE_NUMBER,
    NUMBER,
    PATH_HOST,
    TEXT,
    TEXTS,
    in_path,
    json_answer,
    object_of,
    operation,
    query,
)
from .openapi_trail import PATHS_OF_TRAIL

_REFUSED: Final = {"type": "array", "items": object_of(address=TEXT, reason=TEXT)}
_INTERFACES: Final = {"type": "array", "items": object_of(device=TEXT, mac_address=TEXT, addresses=TEXTS)}
_IN_FORCE: Final = {
    "oneOf": [
        object_of(revision=NUMBER, digest=TEXT, mode=TEXT, since={"type": "number"}, lag_seconds=MAYBE_NUMBER),
        {"type": "null"},
    ]
}
_INTERFACE: Final[dict[str, Any]] = {
    "interface_id": TEXT,
    "kind": {"enum": ["host", "routed"]},
    "device": {"type": ["string", "null"]},
    "attachment_id": TEXT,
    "device_index": NUMBER,
    "attached_at": NUMBER,
    "delete_on_termination": FLAG,
    "source_check": FLAG,
    "addresses": TEXTS,
    "group_ids": TEXTS,
    "in_force": _IN_FORCE,
}
_RULE: Final[dict[str, Any]] = {
    "rule_id": TEXT,
    "direction": {"enum": ["ingress", "egress"]},
    "protocol": TEXT,
    "from_port": NUMBER,
    "to_port": NUMBER,
    "peer": TEXT,
}
_PART: Final = {
    **object_of(
        group_id=TEXT,
        direction=_RULE["direction"],
        revoke=TEXTS,
        as_seen={"type": "array", "items": object_of(**{key: _RULE[key] for key in _RULE if key != "direction"})},
        authorize={
            "type": "array",
            "items": {
                **object_of(
                    protocol=TEXT, from_port=NUMBER, to_port=NUMBER, peer=TEXT, description={"type": ["string", "null"]}
                ),
                "required": ["protocol", "peer"],
            },
        },
    ),
    "required": ["group_id", "direction"],
}
_MAYBE_COUNT: Final = {"type": ["integer", "null"]}
_DRAINING: Final = object_of(
    **_RULE,
    group_id=TEXT,
    revoked_at=NUMBER,
    flows_left=_MAYBE_COUNT,
    hosts={"type": "array", "items": object_of(instance_id=TEXT, flows_left=_MAYBE_COUNT)},
)
_ASKED: Final[dict[str, Any]] = {
    "instance_id": TEXT,
    "hostname": TEXT,
    "mode": TEXT,
    "state": {"enum": ["answered", "silent", "failed", "remembered"]},
    "failure": {"type": ["string", "null"]},
}
_FLOW: Final = {
    "type": "object",
    "properties": {
        "instance_id": TEXT,
        "direction": {"enum": ["ingress", "egress"]},
        "protocol": TEXT,
        "source": TEXT,
        "destination": TEXT,
        "source_port": _MAYBE_COUNT,
        "destination_port": _MAYBE_COUNT,
        "icmp_type": _MAYBE_COUNT,
        "icmp_code": _MAYBE_COUNT,
        "packets": _MAYBE_COUNT,
        "bytes": _MAYBE_COUNT,
        "ends": FLAG,
        "goes_on_through": {"type": ["string", "null"]},
        "reason": {"type": ["string", "null"]},
    },
}
_USED: Final[dict[str, Any]] = {
    "rule_id": TEXT,
    "packets": NUMBER,
    "bytes": NUMBER,
    "first_used": MAYBE_NUMBER,
    "last_used": MAYBE_NUMBER,
    "unused_since": MAYBE_NUMBER,
    "complete": FLAG,
}
_USE: Final[dict[str, Any]] = dict.fromkeys(
    ("read_at", "packets", "bytes", "first_used", "last_used", "since"), MAYBE_NUMBER
)
_HOST: Final = {"$ref": "#/components/schemas/Host"}
_CHANGE: Final = {"$ref": "#/components/schemas/Change"}


_WAIT: Final = (
    query("wait", {"type": "number"}, "Answer once it is in force everywhere, or after so many seconds, at most 20."),
    query("in_force", NUMBER, "With wait: answer once it is in force on more than so many hosts, too."),
)
_HOSTS_WAIT: Final = query(
    "wait", {"type": "number"}, "So many seconds for the hosts to answer, at most 20; 5 without."
)
DOCUMENT: Final[dict[str, Any]] = {
    "openapi": "3.1.0",
    "info": {"title": "ringwall", "version": __version__, "description": "Hosts and what is in force on them."},
    "paths": {
        "/ringwall/v1/enrolment-tokens": {
            "post": operation(
                "A token that enrols one host, once, within an hour.",
                json_answer(object_of(token=TEXT, expires_at=NUMBER), "The token; it is shown only here."),
                status=201,
                body=object_of(subnet_id=TEXT, interface=TEXT),
            )
        },
        "/ringwall/v1/enroll": {
            "post": operation(
                "Enrols the host that sends it; the token is the proof.",
                json_answer(
                    object_of(
                        account_id=TEXT,
                        region=TEXT,
                        instance_id=TEXT,
                        access_key_id=TEXT,
                        secret_access_key=TEXT,
                        store_id=TEXT,
                        device=TEXT,
                        interface_id=TEXT,
                        refused_addresses=_REFUSED,
                    ),
                    "The host's id and key; the secret is shown only here.",
                ),
                status=201,
                body=object_of(token=TEXT, hostname=TEXT, interfaces=_INTERFACES),
                signed=False,
            )
        },
        "/ringwall/v1/hosts": {
            "get": operation(
                "All hosts of the region.",
                json_answer(object_of(revision=NUMBER, hosts={"type": "array", "items": _HOST}), "The hosts."),
            )
        },
        "/ringwall/v1/hosts/{host}": {
            "get": operation("One host.", json_answer(_HOST, "The host."), on_host=True),
            "delete": operation(
                "Forgets a host, its key and its own interfaces. Its kernel keeps what it has.",
                json_answer(object_of(removed=TEXT, revision=NUMBER), "It is removed."),
                on_host=True,
            ),
        },
        "/ringwall/v1/hosts/{host}/interfaces": {
            "post": operation(
                "Makes a device of the host an interface of its own, whose addresses the agent reports.",
                json_answer(object_of(**_INTERFACE, revision=NUMBER), "The interface."),
                status=201,
                body=object_of(device=TEXT, subnet_id=TEXT),
                on_host=True,
            )
        },
        "/ringwall/v1/hosts/{host}/interfaces/{interface}": {
            "delete": operation(
                "Detaches an interface: one of the host's own is deleted, another is available again.",
                json_answer(object_of(detached=TEXT, deleted=FLAG, revision=NUMBER), "It is detached."),
                parameters=(
                    *PATH_HOST,
                    {"name": "interface", "in": "path", "required": True, "schema": TEXT, "description": "its id"},
                ),
            )
        },
        "/ringwall/v1/hosts/{host}/mode": {
            "put": operation(
                "Switches to `enforce` or `observe`; WouldCutOff when live traffic would end, unless `yes`.",
                json_answer(object_of(mode=TEXT, revision=NUMBER, unadmitted=TEXTS), "It is switched."),
                body=object_of(mode={"enum": ["observe", "enforce"]}, yes=FLAG),
                on_host=True,
            )
        },
        "/ringwall/v1/groups/{group}/revoke": {
            "post": operation(
                "Revokes rules of a group, of either direction; `on_revoke` goes before the group's tag.",
                json_answer(
                    object_of(revision=NUMBER, revoked={"type": "array", "items": object_of(**_RULE)}, draining=TEXTS),
                    "They are revoked; `draining` are the ids of those whose live flows go on.",
                ),
                body={
                    **object_of(rule_ids=TEXTS, on_revoke={"enum": ["cut", "keep"]}),
                    "required": ["rule_ids"],
                },
                parameters=(in_path("group", "an sg-…"),),
            )
        },
        "/ringwall/v1/draining": {
            "get": operation(
                "The revoked rules whose live flows go on, and how many are left; null: a host hasn't said.",
                json_answer(object_of(revision=NUMBER, draining={"type": "array", "items": _DRAINING}), "What drains."),
            )
        },
        "/ringwall/v1/draining/{rule}": {
            "delete": operation(
                "Cuts what is left of a revoked rule's flows.",
                json_answer(object_of(revision=NUMBER, ended=TEXT), "It is cut as soon as it is in force."),
                parameters=(in_path("rule", "an sgr-…"),),
            )
        },
        "/ringwall/v1/changes": {
            "post": operation(
                "Revokes and authorizes rules of several groups: all of it in one transaction, or nothing.",
                json_answer(
                    object_of(
                        revision=MAYBE_NUMBER,
                        changes={
                            "type": "array",
                            "items": object_of(
                                group_id=TEXT,
                                direction=_RULE["direction"],
                                revoked={"type": "array", "items": object_of(**_RULE)},
                                authorized={"type": "array", "items": object_of(**_RULE)},
                                draining=TEXTS,
                            ),
                        },
                    ),
                    "It is done, group by group in the order given; `draining` as for one group's revoke.",
                ),
                body={
                    **object_of(
                        changes={"type": "array", "items": _PART, "maxItems": 1000}, on_revoke={"enum": ["cut", "keep"]}
                    ),
                    "required": ["changes"],
                },
            ),
            "get": operation(
                "Whether everything stored so far is in force, and where not; `wait` waits for it.",
                json_answer(_CHANGE, "How it stands, on every host."),
                parameters=(query("through", NUMBER, "Up to this revision, not the last."), *_WAIT),
            ),
        },
        "/ringwall/v1/changes/{revision}": {
            "get": operation(
                "On which of the hosts that a change affects it is in force; `wait` waits for all of them.",
                json_answer(_CHANGE, "How it stands."),
                parameters=(
                    {
                        "name": "revision",
                        "in": "path",
                        "required": True,
                        "schema": NUMBER,
                        "description": "its revision",
                    },
                    *_WAIT,
                ),
            )
        },
        "/ringwall/v1/rules/{rule}/flows": {
            "get": operation(
                "The live flows that a rule admits on its hosts, each with what becomes of it without the rule.",
                json_answer(
                    object_of(
                        rule_id=TEXT,
                        group_id=TEXT,
                        ending=NUMBER,
                        going_on=NUMBER,
                        hosts={"type": "array", "items": object_of(**_ASKED)},
                        flows={"type": "array", "items": _FLOW},
                    ),
                    "How many would end and how many would go on, and some of them; who hasn't answered is `silent`.",
                ),
                parameters=(
                    in_path("rule", "an sgr-…"),
                    query("limit", NUMBER, "Name so many flows, at most 1,000; 100 without. All are counted."),
                    query("with", TEXT, "More rules of the group, with commas between: what if all of them went?"),
                    _HOSTS_WAIT,
                ),
            )
        },
        "/ringwall/v1/rules/{rule}/usage": {
            "get": operation(
                "How much a rule was used, when first and when last, on each of its hosts and in all.",
                json_answer(
                    object_of(group_id=TEXT, **_USED, hosts={"type": "array", "items": object_of(**_ASKED, **_USE)}),
                    "Of a host that is away, what it said last (`remembered`).",
                ),
                parameters=(in_path("rule", "an sgr-…"), _HOSTS_WAIT),
            )
        },
        "/ringwall/v1/groups/{group}/usage": {
            "get": operation(
                "How much each rule of a group was used, in all.",
                json_answer(
                    object_of(
                        group_id=TEXT,
                        rules={"type": "array", "items": object_of(**_USED)},
                        hosts={"type": "array", "items": object_of(**_ASKED)},
                    ),
                    "Rule by rule.",
                ),
                parameters=(in_path("group", "an sg-…"), _HOSTS_WAIT),
            )
        },
        "/ringwall/v1/watch": {
            "get": operation(
                "What the calling agent's host should enforce: a snapshot, then deltas, a JSON value a line.",
                {"description": "The stream.", "content": {"application/x-ndjson": {"schema": {"type": "object"}}}},
            )
        },
        "/ringwall/v1/report": {
            "post": operation(
                "What is in force on the calling agent's host.",
                json_answer(object_of(), "Taken."),
                body={"type": "object"},
            )
        },
        "/ringwall/v1/answers/{question}": {
            "post": operation(
                "What the calling agent answers to a question that came with its stream.",
                json_answer(object_of(taken=FLAG), "Taken, unless nobody waits for it any more."),
                body={"type": "object"},
                parameters=({"name": "question", "in": "path", "required": True, "schema": TEXT},),
            )
        },
        "/ringwall/v1/addresses": {
            "post": operation(
                "The addresses of the calling agent's interfaces now.",
                json_answer(object_of(revision={"type": ["integer", "null"]}, refused_addresses=_REFUSED), "Taken."),
                body=object_of(interfaces=_INTERFACES),
            )
        },
        "/ringwall/v1/certificate": {
            "post": operation(
                "The next certificate of the calling agent, for the key that has signed the request (PKCS #10, PEM).",
                json_answer(object_of(certificate=TEXT, renew_at=NUMBER), "Made."),
                body=object_of(certificate_request=TEXT),
            )
        },
        **PATHS_OF_IAM,
        **PATHS_OF_TRAIL,
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
            "Host": object_of(
                instance_id=TEXT,
                hostname=TEXT,
                mode=TEXT,
                enrolled_at=NUMBER,
                connected=FLAG,
                up_to_date=FLAG,
                revision={"type": ["integer", "null"]},
                digest={"type": ["string", "null"]},
                in_force_at=MAYBE_NUMBER,
                last_seen=MAYBE_NUMBER,
                capabilities=TEXTS,
                knows_next_certificate={"type": ["boolean", "null"]},
                drift={"oneOf": [object_of(at={"type": "number"}, by=TEXTS), {"type": "null"}]},
                problems=TEXTS,
                unadmitted=TEXTS,
                interfaces={"type": "array", "items": object_of(**_INTERFACE)},
            ),
            "Change": object_of(
                revision=NUMBER,
                stored_at=MAYBE_NUMBER,
                in_force=FLAG,
                counts=object_of(**dict.fromkeys(("in-force", "pending", "silent", "unaffected"), NUMBER)),
                hosts={
                    "type": "array",
                    "items": object_of(
                        instance_id=TEXT,
                        hostname=TEXT,
                        mode=TEXT,
                        state={"enum": ["in-force", "pending", "silent"]},
                        affected=FLAG,
                        revision={"type": ["integer", "null"]},
                        in_force_at=MAYBE_NUMBER,
                        seconds=MAYBE_NUMBER,
                        last_seen=MAYBE_NUMBER,
                        problems=TEXTS,
                    ),
                },
            ),
            "Fault": object_of(error=object_of(code=TEXT, message=TEXT), request_id=TEXT),
        },
    },
}
