"""A policy document as JSON, read to statements once, so that each request only compares.

Source: IAM user guide, "IAM JSON policy reference" and "Grammar of the IAM JSON policy language". Stricter than AWS
where a document could mean less than its author thinks: a member twice, an unknown key, a missing version.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeVar

from .conditions import BadValue, Condition, condition
from .errors import MalformedPolicyDocument
from .keys import is_known
from .match import ActionPattern, ArnPattern, Keys, action_pattern, arn_pattern, variables

VERSION: Final = "2012-10-17"
CHARACTERS_MAX: Final = 6_144
"""Without white space, as AWS counts a managed policy."""
BYTES_MAX: Final = 64 * 1024
STATEMENTS_MAX: Final = 100
ACTIONS_MAX: Final = 512
"""Of so many actions it is remembered which statements speak of them; there are fewer, spelled rightly."""

_EVERYBODY: Final = "*"
_IDENTITY: Final = frozenset({"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"})
_TRUST: Final = frozenset({"Sid", "Effect", "Action", "NotAction", "Principal", "Condition"})

Read = TypeVar("Read")


class Effect(StrEnum):
    """What a statement that applies says."""

    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. number: its place in the document, from 1.

    not_actions, not_resources: whether it means all but those listed. principals: ARNs and account ids that a trust
    document names, `*` for everybody; none in the others.
    """

    number: int
    sid: str | None
    effect: Effect
    actions: tuple[ActionPattern, ...]
    not_actions: bool
    resources: tuple[ArnPattern, ...]
    not_resources: bool
    conditions: tuple[Condition, ...]
    principals: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """How people find it: its Sid, or its place."""
        return self.sid or f"Statement[{self.number}]"

    @property
    def named(self) -> frozenset[str]:
        """The keys that it depends on whether it applies, in lower case."""
        return frozenset().union(
            *(variables(each.source) for each in self.resources), *(e.named for e in self.conditions)
        )

    def is_about(self, service: str, action: str) -> bool:
        """Whether it speaks of the action; both in lower case."""
        return any(each.matches(service, action) for each in self.actions) is not self.not_actions

    def applies(self, resource: str, keys: Keys) -> bool:
        """Whether it speaks of the resource (an ARN, or `*` where there is none) under these keys."""
        if not self.principals and self._names(resource, keys) is self.not_resources:
            return False
        for each in self.conditions:  # noqa: SIM110, as in `_names`
            if not each.holds(keys, allows=self.effect is Effect.ALLOW):
                return False
        return True

    def _names(self, resource: str, keys: Keys) -> bool:
        for each in self.resources:  # noqa: SIM110, a generator costs more than the comparison, a hundred times
            if each.matches(resource, keys):
                return True
        return False


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """A document that was read. text: as it was given."""

    text: str
    statements: tuple[Statement, ...]
    _about: dict[tuple[str, str], tuple[Statement, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def about(self, service: str, action: str) -> tuple[Statement, ...]:
        """The statements that speak of the action, both in lower case; found once for each."""
        found = self._about.get((service, action))
        if found is None:
            found = tuple(each for each in self.statements if each.is_about(service, action))
            if len(self._about) < ACTIONS_MAX:
                self._about[service, action] = found
        return found


def parse_document(text: str, *, trust: bool = False) -> PolicyDocument:
    """The document; `trust` for one that says who may take a role.

    Raises:
        MalformedPolicyDocument: with the place and the reason. Time is bounded by the text's length.
    """
    if len(text.encode("utf-8", "surrogatepass")) > BYTES_MAX or len(re.sub(r"\s", "", text)) > CHARACTERS_MAX:
        raise MalformedPolicyDocument("", f"It has more than {CHARACTERS_MAX} characters, white space aside.")
    try:
        content = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant, parse_int=str, parse_float=str)
    except RecursionError as error:
        raise MalformedPolicyDocument("", "It is nested too deeply.") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise MalformedPolicyDocument(place, f"It is not JSON: {error.msg}.") from error
    top = _object("", content, {"Version", "Id", "Statement"})
    if top.get("Version") != VERSION:
        raise MalformedPolicyDocument("Version", f'Write "Version": "{VERSION}".')
    if not isinstance(top.get("Id", ""), str):
        raise MalformedPolicyDocument("Id", "It is a text.")
    if "Statement" not in top:
        raise MalformedPolicyDocument("Statement", "It is missing.")
    given = top["Statement"] if isinstance(top["Statement"], list) else [top["Statement"]]
    if not 0 < len(given) <= STATEMENTS_MAX:
        raise MalformedPolicyDocument("Statement", f"There must be 1 to {STATEMENTS_MAX} statements.")
    statements = tuple(_statement(number, each, trust) for number, each in enumerate(given, 1))
    sids = [each.sid for each in statements if each.sid]
    for sid in sids:
        if sids.count(sid) > 1:
            raise MalformedPolicyDocument("Statement", f"The Sid {sid} stands there twice.")
    return PolicyDocument(text, statements)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise MalformedPolicyDocument("", f"The member {twice[:64]!r} stands twice in one object.")
    return found


def _no_constant(name: str) -> Any:
    raise MalformedPolicyDocument("", f"{name} is no JSON.")


def _object(place: str, content: Any, known: Iterable[str]) -> dict[str, Any]:
    if not isinstance(content, dict):
        raise MalformedPolicyDocument(place, "It must be an object.")
    for name in content:
        if name not in known:
            raise MalformedPolicyDocument(place, f"It has the unknown member {name[:64]!r}.")
    return content


def _statement(number: int, content: Any, trust: bool) -> Statement:
    place = f"Statement[{number}]"
    given = _object(place, content, _TRUST if trust else _IDENTITY)
    sid = given.get("Sid")
    if sid is not None and (not isinstance(sid, str) or re.fullmatch("[A-Za-z0-9]{0,128}", sid, re.ASCII) is None):
        raise MalformedPolicyDocument(f"{place}.Sid", "It has letters and digits only, 128 at most.")
    if given.get("Effect") not in (Effect.ALLOW, Effect.DENY):
        raise MalformedPolicyDocument(f"{place}.Effect", 'It is "Allow" or "Deny".')
    not_actions, actions = _either(place, given, "Action", "NotAction", action_pattern, "ec2:Describe*")
    not_resources = False
    resources: tuple[ArnPattern, ...] = ()
    if not trust:
        example = "arn:aws:ec2:*:*:security-group/*"
        not_resources, resources = _either(place, given, "Resource", "NotResource", arn_pattern, example)
    return Statement(
        number=number,
        sid=sid or None,
        effect=Effect(given["Effect"]),
        actions=actions,
        not_actions=not_actions,
        resources=resources,
        not_resources=not_resources,
        conditions=tuple(_conditions(f"{place}.Condition", given.get("Condition", {}))),
        principals=_principals(f"{place}.Principal", given.get("Principal")) if trust else (),
    )


def _either(
    place: str, given: dict[str, Any], name: str, negated: str, read: Callable[[str], Read | None], example: str
) -> tuple[bool, tuple[Read, ...]]:
    if (name in given) is (negated in given):
        raise MalformedPolicyDocument(place, f"It needs {name} or {negated}, one of them.")
    chosen = name if name in given else negated
    patterns = []
    for text in _texts(f"{place}.{chosen}", given[chosen]):
        pattern = read(text)
        if pattern is None:
            raise MalformedPolicyDocument(f"{place}.{chosen}", f"{text[:64]!r} is none: write * or {example}.")
        patterns.append(pattern)
    return chosen == negated, tuple(patterns)


def _texts(place: str, content: Any) -> list[str]:
    """One text or several, at least one."""
    texts = content if isinstance(content, list) else [content]
    if not texts or not all(isinstance(text, str) and text for text in texts):
        raise MalformedPolicyDocument(place, "It is a text or a list of texts, and not empty.")
    return texts


def _conditions(place: str, content: Any) -> Iterable[Condition]:
    if not isinstance(content, dict):
        raise MalformedPolicyDocument(place, "It must be an object of operators.")
    for operator, keys in content.items():
        if not isinstance(keys, dict) or not keys:
            raise MalformedPolicyDocument(f"{place}.{operator[:64]}", "It must be an object of keys.")
        for key, values in keys.items():
            where = f"{place}.{operator[:64]}.{key[:64]}"
            if not is_known(key):
                raise MalformedPolicyDocument(where, "There is no such condition key.")
            try:
                found = condition(operator, key, tuple(_values(where, values)))
            except BadValue as error:
                raise MalformedPolicyDocument(where, str(error)) from error
            if found is None:
                raise MalformedPolicyDocument(f"{place}.{operator[:64]}", "There is no such operator.")
            yield found


def _values(place: str, content: Any) -> Iterable[str]:
    values: Sequence[Any] = content if isinstance(content, list) else [content]
    if not values:
        raise MalformedPolicyDocument(place, "It has no value, and would never hold.")
    for value in values:
        if isinstance(value, bool):
            yield "true" if value else "false"
        elif isinstance(value, str):  # numbers too, as they are written
            yield value
        else:
            raise MalformedPolicyDocument(place, "A value is a text, a number, true or false.")


def _principals(place: str, content: Any) -> tuple[str, ...]:
    """ARNs of users, roles and account roots; an account's id stands for its root."""
    if content == _EVERYBODY:
        return (_EVERYBODY,)
    given = _object(place, content, {"AWS"})
    found = []
    for text in _texts(f"{place}.AWS", given.get("AWS")):
        if re.fullmatch("[0-9]{12}", text, re.ASCII):
            found.append(f"arn:aws:iam::{text}:root")
        elif text == _EVERYBODY or re.fullmatch(r"arn:aws:(iam|sts)::[0-9]{12}:[\w+=,.@/-]{1,512}", text, re.ASCII):
            found.append(text)
        else:
            raise MalformedPolicyDocument(f"{place}.AWS", f"{text[:64]!r} is no account and no ARN of a principal.")
    return tuple(found)
