"""The part of the OpenAPI document about the trail."""

from __future__ import annotations

from typing import Any, Final

from .openapi_parts import FLAG, NUMBER, TEXT, TEXTS, in_path, json_answer, object_of, operation, query

_EVENT: Final = {"type": "object", "description": "A record as CloudTrail has them, with `ringwall` of its own."}
_MAYBE_EVENT: Final = {"oneOf": [_EVENT, {"type": "null"}]}
_BLAMED: Final = {
    "type": "object",
    "properties": {"ruleId": TEXT, "groupId": TEXT, "rule": TEXT, "description": TEXT, "event": _MAYBE_EVENT},
    "required": ["ruleId", "groupId", "rule", "event"],
}

PATHS_OF_TRAIL: Final[dict[str, Any]] = {
    "/ringwall/v1/trail": {
        "get": operation(
            "Events: what was done and refused, newest first; with `after` or `since`, oldest first.",
            json_answer(object_of(events={"type": "array", "items": _EVENT}), "The events."),
            parameters=(
                query("limit", NUMBER, "How many, at most 1,000; 50 without it."),
                query("about", TEXT, "Only those that name this resource."),
                query("before", NUMBER, "Those before the one of this number."),
                query("after", NUMBER, "Those after the one of this number."),
                query("since", TEXT, "Those from this time on, such as 2026-05-21T07:02:38Z."),
                query("accounts", {"enum": ["all"]}, "Of all accounts; for the server's own."),
            ),
        )
    },
    "/ringwall/v1/trail/head": {
        "get": operation(
            "The last event's number and code, to be kept elsewhere.",
            json_answer(object_of(head=TEXT), "NUMBER:CODE."),
        )
    },
    "/ringwall/v1/trail/verification": {
        "get": operation(
            "Follows the chain of events, for at most 20,000 of them in one call.",
            json_answer(
                object_of(checked=NUMBER, head=TEXT, through=NUMBER, end=FLAG, vouched=FLAG, problems=TEXTS),
                "What was found; `end` says whether there are no more events.",
            ),
            parameters=(
                query("after", NUMBER, "Goes on after this event, to which another call has come."),
                query("vouched", FLAG, "What that call said."),
                query("head", TEXT, "A former head that the trail must still have."),
            ),
        )
    },
    "/ringwall/v1/groups/{group}/blame": {
        "get": operation(
            "The rules of a group, each with the event that made it what it is.",
            json_answer(object_of(group_id=TEXT, rules={"type": "array", "items": _BLAMED}), "The rules."),
            parameters=(in_path("group", "an sg-…"),),
        )
    },
}
