"""What each action of /ringwall/v1 needs permission for: `ringwall:<Action>` on what the call is about.

Hosts are `arn:aws:ringwall:<region>:<account>:host/<id>`, with the instance's condition keys; users, roles and policies
have IAM's ARNs, groups and their like EC2's. Names are taken as they are stored, so that no other letter case of one
passes by a document. Revoking needs EC2's own action too, and a word on live flows `ringwall:SetRevokeMode`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ringwall.domain import ids
from ringwall.domain.caller import Caller
from ringwall.domain.group import Direction
from ringwall.domain.principal import PrincipalKind
from ringwall.iam.evaluate import Target
from ringwall.iam.shipped import shipped_name
from ringwall.operations.needs import SET_REVOKE_MODE, Need
from ringwall.operations.resources import NEW, READ_MAX, Resources
from ringwall.store.base import Reader


@dataclass(frozen=True, slots=True)
class Asked:
    """What a call is about. path, query: the parameters in them, percent-decoded; content: its JSON."""

    reader: Reader
    caller: Caller
    path: Mapping[str, str]
    query: Mapping[str, str]
    content: Mapping[str, Any]

    @property
    def resources(self) -> Resources:
        """The account's resources in the region."""
        return Resources(self.reader, self.caller)

    def text(self, name: str) -> str:
        """A member of the JSON; `*` where it isn't a text, which the endpoint refuses later."""
        value = self.content.get(name)
        return value if isinstance(value, str) and value else NEW


Targets = Callable[[Asked], list[Target]]


ELSEWHERE: Final = {"DecodeAuthorizationMessage": "sts:DecodeAuthorizationMessage"}
"""Actions that are another service's, of which /ringwall/v1 has a form in JSON."""


def api_needs(action: str, asked: Asked) -> list[Need]:
    """All that the caller must be allowed; the action itself first."""
    found = [Need(ELSEWHERE.get(action, f"ringwall:{action}"), TARGETS[action](asked))]
    return found + _BESIDE[action](asked) if action in _BESIDE else found


def _of_revoke(asked: Asked) -> list[Need]:
    """EC2's actions for the directions of the rules, of very many for both; and that for a word on live flows."""
    place, wanted = (asked.caller.account_id, asked.caller.region), asked.content.get("rule_ids")
    rule_ids = [each for each in wanted if isinstance(each, str)] if isinstance(wanted, list) else []
    rules = [asked.reader.rule(*place, each) for each in dict.fromkeys(rule_ids[:READ_MAX])]
    found_in = list(Direction) if len(rule_ids) > READ_MAX else [rule.direction for rule in rules if rule]
    directions = dict.fromkeys(direction.value.capitalize() for direction in found_in)
    group = _group(asked)
    found = [Need(f"ec2:RevokeSecurityGroup{direction}", group) for direction in directions]
    return found + _of_mode(asked, group)


def _of_mode(asked: Asked, targets: list[Target]) -> list[Need]:
    """The need of a word on live flows."""
    if asked.content.get("on_revoke") is None:
        return []
    return [Need(SET_REVOKE_MODE, targets, {"ringwall:revokemode": (asked.text("on_revoke"),)})]


def _of_changes(asked: Asked) -> list[Need]:
    """EC2's actions, part by part, each on its own group; and that for a word on live flows."""
    found: list[Need] = []
    for part in _parts(asked):
        group = [asked.resources.of(ids.GROUP, part.get("group_id") or NEW)]
        named = (("revoke", "Revoke"), ("authorize", "Authorize"))
        found += [Need(f"ec2:{verb}SecurityGroup{_direction(part)}", group) for name, verb in named if part.get(name)]
    return found + _of_mode(asked, _groups_changed(asked))


def _direction(part: Mapping[str, Any]) -> str:
    """As EC2's actions spell it; what the operation refuses is taken for ingress."""
    return "Egress" if part.get("direction") == Direction.EGRESS else "Ingress"


def _parts(asked: Asked) -> list[Mapping[str, Any]]:
    """What is to be done to each group, as far as it can be read; the endpoint refuses the rest."""
    parts = asked.content.get("changes")
    given = parts[:READ_MAX] if isinstance(parts, list) else []
    return [part for part in given if isinstance(part, dict) and isinstance(part.get("group_id") or NEW, str)]


_BESIDE: Final[Mapping[str, Callable[[Asked], list[Need]]]] = {"ChangeRules": _of_changes, "RevokeRules": _of_revoke}
"""What else some actions need."""


# --- Targets ---


def _nothing(asked: Asked) -> list[Target]:
    return []


def _own(asked: Asked, kind: str, name: str) -> Target:
    """Something of ringwall's own."""
    region, account_id = asked.caller.region, asked.caller.account_id
    return Target(f"arn:{ids.partition(region)}:ringwall:{region}:{account_id}:{kind}/{name}")


def _host(asked: Asked) -> list[Target]:
    instance = asked.resources.of(ids.INSTANCE, asked.path["host"])
    return [Target(_own(asked, "host", asked.path["host"]).arn, instance.keys)]


def _enrolment(asked: Asked) -> list[Target]:
    return [_own(asked, "host", NEW), asked.resources.of(ids.SUBNET, asked.text("subnet_id"))]


def _host_and_subnet(asked: Asked) -> list[Target]:
    return [*_host(asked), asked.resources.of(ids.SUBNET, asked.text("subnet_id"))]


def _host_and_interface(asked: Asked) -> list[Target]:
    return [*_host(asked), asked.resources.of(ids.INTERFACE, asked.path["interface"])]


def _group(asked: Asked) -> list[Target]:
    return [asked.resources.of(ids.GROUP, asked.path["group"])]


def _groups_changed(asked: Asked) -> list[Target]:
    return asked.resources.all_of(ids.GROUP, [part.get("group_id") or NEW for part in _parts(asked)])


def _rule(asked: Asked) -> list[Target]:
    return [asked.resources.of(ids.RULE, asked.path["rule"])]


def _rules_asked(asked: Asked) -> list[Target]:
    """The rule of the path, and those beside it that `with` names."""
    beside = filter(None, asked.query.get("with", "").split(","))
    return asked.resources.all_of(ids.RULE, [asked.path["rule"], *beside])


def _draining_rule(asked: Asked) -> list[Target]:
    """The rule that drains, with the keys of the group that it was of."""
    drains = asked.reader.draining_rules(asked.caller.account_id, asked.caller.region)
    group_id = next((each.rule.group_id for each in drains if each.rule.rule_id == asked.path["rule"]), None)
    keys = asked.resources.of(ids.GROUP, group_id).keys if group_id else {}
    return [Target(asked.resources.arn(ids.RULE, asked.path["rule"]), keys)]


def _rule_or_group(asked: Asked) -> list[Target]:
    return _rule(asked) if "rule" in asked.path else _group(asked)


def _account(asked: Asked) -> list[Target]:
    account_id = asked.path.get("account") or asked.text("account_id")
    return [Target(f"arn:aws:ringwall:::account/{account_id}")]


def _principal(kind: PrincipalKind, asked: Asked, name: str) -> Target:
    """A user or a role, under its name as it is stored; one that isn't there under the name that was given."""
    account_id = asked.caller.account_id
    found = asked.reader.principal(account_id, kind, name)
    return Target(found.arn if found else f"arn:aws:iam::{account_id}:{kind.value}/{name}")


def _user(asked: Asked) -> list[Target]:
    return [_principal(PrincipalKind.USER, asked, asked.path.get("user") or asked.text("name"))]


def _role(asked: Asked) -> list[Target]:
    return [_principal(PrincipalKind.ROLE, asked, asked.path.get("role") or asked.text("name"))]


def _policy(asked: Asked) -> list[Target]:
    name, account_id = asked.path["policy"], asked.caller.account_id
    shipped = shipped_name(name)
    if shipped is not None:
        return [Target(f"arn:aws:iam::aws:policy/{shipped}")]
    found = asked.reader.policy(account_id, name)
    return [Target(f"arn:aws:iam::{account_id}:policy/{found.name if found else name}")]


def _user_and_policy(asked: Asked) -> list[Target]:
    return _user(asked) + _policy(asked)


def _role_and_policy(asked: Asked) -> list[Target]:
    return _role(asked) + _policy(asked)


def _key(asked: Asked) -> list[Target]:
    """Whose the key is."""
    account_id, key = asked.caller.account_id, asked.reader.access_key(asked.path["key"])
    if key is None or key.account_id != account_id:
        return [Target(f"arn:aws:iam::{account_id}:user/{NEW}")]
    if key.user_name is None:
        return [Target(f"arn:aws:iam::{account_id}:root")]
    return [_principal(PrincipalKind.USER, asked, key.user_name)]


def _principal_asked_about(asked: Asked) -> list[Target]:
    kind = PrincipalKind.ROLE if asked.content.get("kind") == PrincipalKind.ROLE else PrincipalKind.USER
    return [_principal(kind, asked, asked.text("name"))]


def _user_or_all(asked: Asked) -> list[Target]:
    return _user(asked) if "user" in asked.path else []


TARGETS: Final[Mapping[str, Targets]] = {
    "AttachInterface": _host_and_subnet,
    "AttachRolePolicy": _role_and_policy,
    "AttachUserPolicy": _user_and_policy,
    "ChangeRules": _groups_changed,
    "CreateAccessKey": _user,
    "CreateAccount": _account,
    "CreateAccountKey": _account,
    "CreateEnrolmentToken": _enrolment,
    "CreateRole": _role,
    "CreateUser": _user,
    "DecodeAuthorizationMessage": _nothing,
    "DeleteAccessKey": _key,
    "DeleteAccount": _account,
    "DeletePolicy": _policy,
    "DeleteRole": _role,
    "DeleteUser": _user,
    "DetachInterface": _host_and_interface,
    "DetachRolePolicy": _role_and_policy,
    "DetachUserPolicy": _user_and_policy,
    "EndDraining": _draining_rule,
    "ExplainDecision": _principal_asked_about,
    "ListAccessKeys": _user_or_all,
    "ListAccounts": _nothing,
    "ListDraining": _nothing,
    "ListHosts": _nothing,
    "ListPolicies": _nothing,
    "ListRoles": _nothing,
    "ListUsers": _nothing,
    "PutPolicy": _policy,
    "ReadMetrics": _nothing,
    "ReadTrail": _nothing,
    "RemoveHost": _host,
    "Report": _nothing,
    "RevokeRules": _group,
    "RotateAccessKey": _key,
    "SetHostMode": _host,
    "ShowAccount": _account,
    "ShowChange": _nothing,
    "ShowHost": _host,
    "ShowPolicy": _policy,
    "ShowRole": _role,
    "ShowRuleFlows": _rules_asked,
    "ShowUsage": _rule_or_group,
    "ShowUser": _user,
    "UpdateAccessKey": _key,
    "UpdateRole": _role,
    "VerifyTrail": _nothing,
    "Watch": _nothing,
}
"""The targets of each action; with none its resource is `*`."""
