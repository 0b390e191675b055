"""Policy documents of an account, by name, and which users and roles they are attached to.

The documents that ringwall ships are there in every account under their names, and aren't changed.
Source: IAM API Reference, CreatePolicy, AttachUserPolicy, AttachRolePolicy; IAM user guide, "IAM and AWS STS quotas".
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ringwall.domain.errors import DeleteConflict, EntityAlreadyExists, LimitExceeded, NoSuchEntity
from ringwall.domain.principal import NamedPolicy, Principal, PrincipalKind
from ringwall.iam.document import parse_document
from ringwall.iam.shipped import SHIPPED, TEMPLATES, shipped_name
from ringwall.store.base import Reader

from .accounts import ensure_account
from .context import Context
from .principal_names import check_name, principal_of

POLICIES_MAX: Final = 1_500
ATTACHED_MAX: Final = 10


def policy_of(reader: Reader, account_id: str, name: str) -> NamedPolicy:
    """The document of this name, the account's or one that is shipped, a template too.

    Raises:
        NoSuchEntity: there is none.
    """
    shipped = shipped_name(name)
    if shipped is not None:
        return NamedPolicy(account_id, shipped, {**SHIPPED, **TEMPLATES}[shipped], 0)
    found = reader.policy(account_id, name)
    if found is None:
        raise NoSuchEntity.named("policy", name)
    return found


def put_policy(context: Context, name: str, document: str) -> NamedPolicy:
    """The document under this name, in place of one that there was; requests from then on are judged by it.

    Raises:
        ValidationError: no name. MalformedPolicyDocument: with place and reason. EntityAlreadyExists: a shipped one
            has the name. LimitExceeded: 1,500 documents.
    """
    check_name("policyName", name)
    parse_document(document)
    if shipped_name(name) is not None:
        raise EntityAlreadyExists("Policy", name)
    account_id, transaction = context.caller.account_id, context.transaction
    there = transaction.policy(account_id, name)
    if there is None and len(transaction.policies(account_id)) >= POLICIES_MAX:
        raise LimitExceeded("PoliciesPerAccount", POLICIES_MAX)
    ensure_account(context)
    policy = NamedPolicy(account_id, there.name if there else name, document, context.now)
    transaction.note(before=[_noted(there)] if there else [], after=[_noted(policy)])
    transaction.put_policy(policy)
    return policy


def delete_policy(context: Context, name: str) -> NamedPolicy:
    """The document that there was.

    Raises:
        NoSuchEntity: the account has none of this name. DeleteConflict: it is attached, or a shipped one.
    """
    account_id, transaction = context.caller.account_id, context.transaction
    if shipped_name(name) is not None:
        raise DeleteConflict("Cannot delete a policy that ringwall ships.")
    policy = policy_of(transaction, account_id, name)
    if transaction.principals_with(account_id, policy.name):
        raise DeleteConflict("Cannot delete a policy attached to entities.")
    transaction.note(before=[_noted(policy)])
    transaction.delete_policy(account_id, policy.name)
    return policy


def attach_policy(context: Context, kind: PrincipalKind, name: str, policy_name: str) -> Principal:
    """The user or role, with the document attached; one that is attached already stays so.

    Raises:
        NoSuchEntity: no such user, role or document, or a template, which is put under a name of its own first.
        LimitExceeded: ten are attached.
    """
    account_id, transaction = context.caller.account_id, context.transaction
    principal = principal_of(transaction, account_id, kind, name)
    if shipped_name(policy_name) in TEMPLATES:
        raise NoSuchEntity(f"Policy {policy_name} is a template and is not attachable: put it filled in, under a name.")
    policy = policy_of(transaction, account_id, policy_name)
    if any(each.lower() == policy.name.lower() for each in principal.policies):
        return principal
    if len(principal.policies) >= ATTACHED_MAX:
        raise LimitExceeded(f"PoliciesPer{kind.value.capitalize()}", ATTACHED_MAX)
    return _attached(context, principal, (*principal.policies, policy.name))


def detach_policy(context: Context, kind: PrincipalKind, name: str, policy_name: str) -> Principal:
    """The user or role, without the document.

    Raises:
        NoSuchEntity: no such user or role, or it isn't attached.
    """
    principal = principal_of(context.transaction, context.caller.account_id, kind, name)
    left = tuple(each for each in principal.policies if each.lower() != policy_name.lower())
    if left == principal.policies:
        raise NoSuchEntity(f"Policy {policy_name} was not found.")
    return _attached(context, principal, left)


def _attached(context: Context, principal: Principal, policies: tuple[str, ...]) -> Principal:
    changed = replace(principal, policies=policies)
    sides = [[{"arn": each.arn, "policies": list(each.policies)}] for each in (principal, changed)]
    context.transaction.note(before=sides[0], after=sides[1])
    context.transaction.update_principal(changed)
    return changed


def _noted(policy: NamedPolicy) -> dict[str, str]:
    return {"policyName": policy.name, "document": policy.document}
