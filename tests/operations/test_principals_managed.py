"""Accounts, users, keys, roles and policies: made, changed and deleted, refused in IAM's codes and words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from account import ACCOUNT, REGIONS, Account
from ringwall.domain.errors import ServiceError
from ringwall.domain.principal import PrincipalKind
from ringwall.iam.shipped import SHIPPED
from ringwall.operations import access_keys, accounts, policies, roles, users
from ringwall.operations.access_keys import keys_of

OTHER = "999999999999"
DOCUMENT = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ec2:Describe*","Resource":"*"}}'
TRUST = (
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole",'
    f'"Principal":{{"AWS":"{ACCOUNT}"}}}}}}'
)
USER, ROLE = PrincipalKind.USER, PrincipalKind.ROLE


class Managed:
    """The operations by name, each in a write of its own."""

    def __init__(self, account: Account) -> None:
        self.account = account

    def __call__(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return self.account.store.write(lambda tx: function(self.account.context(tx), *arguments)).result

    def refused(self, function: Callable[..., Any], *arguments: Any) -> tuple[str, str]:
        before = self.picture()
        with pytest.raises(ServiceError) as caught:
            self(function, *arguments)
        assert self.picture() == before, "a refused request changed something"
        return caught.value.code, caught.value.message

    def picture(self) -> Any:
        place = self.account.caller.account_id
        return self.account.store.read(
            lambda r: (r.accounts(), r.principals(place, USER), r.principals(place, ROLE), r.access_keys(place),
                       r.policies(place))
        )  # fmt: skip

    def attached(self, kind: PrincipalKind, name: str) -> tuple[str, ...]:
        return tuple(
            self.account.store.read(lambda r: r.principal(self.account.caller.account_id, kind, name)).policies
        )


@pytest.fixture
def managed(account: Account) -> Managed:
    done = Managed(account)
    done(accounts.ensure_account)
    return done


def test_the_servers_own_account_is_there_once(managed: Managed) -> None:
    managed(accounts.ensure_account)
    (own,) = managed.account.store.read(lambda r: r.accounts())
    assert (own.account_id, own.name) == (ACCOUNT, "server")


# --- Users and their keys ---


def test_a_user_with_two_keys_and_no_third(managed: Managed) -> None:
    ann = managed(users.create_user, "Ann", "AIDA1")
    assert (ann.arn, ann.policies) == (f"arn:aws:iam::{ACCOUNT}:user/Ann", ())
    for number in (1, 2):
        key = managed(access_keys.create_access_key, "ann", f"AKIA{number}", "sealed")
        assert (key.user_name, key.active) == ("Ann", True)
    refusal = ("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")
    assert managed.refused(access_keys.create_access_key, "Ann", "AKIA3", "sealed") == refusal
    assert managed.refused(access_keys.rotate, "AKIA1", "AKIA3", "sealed") == refusal


def test_a_key_is_rotated_switched_off_and_deleted(managed: Managed) -> None:
    managed(users.create_user, "ann", "AIDA1")
    managed(access_keys.create_access_key, "ann", "AKIA1", "sealed-1")
    assert managed(access_keys.rotate, "AKIA1", "AKIA2", "sealed-2").sealed_secret == "sealed-2"
    assert managed(access_keys.set_active, "AKIA1", False).active is False
    found = managed.account.store.read(lambda r: keys_of(r, ACCOUNT, "ANN"))
    assert [(key.access_key_id, key.active) for key in found] == [("AKIA1", False), ("AKIA2", True)]
    managed(access_keys.delete_access_key, "AKIA1")
    absent = ("NoSuchEntity", "The Access Key with id AKIA1 cannot be found.")
    assert managed.refused(access_keys.delete_access_key, "AKIA1") == absent
    assert managed.refused(access_keys.set_active, "AKIA1", True) == absent


@pytest.mark.parametrize("name", ["", "a b", "a/b", "ä", "..", ".", "x" * 65, "a\n"])
def test_names_that_cannot_be(managed: Managed, name: str) -> None:
    assert managed.refused(users.create_user, name, "AIDA1")[0] == "ValidationError"
    assert managed.refused(roles.create_role, name, "AROA1", TRUST, 3600)[0] == "ValidationError"


@pytest.mark.parametrize("name", ["a", "x" * 64, "ann.b@example.com", "a+b=c,d-e_f"])
def test_names_that_can(managed: Managed, name: str) -> None:
    assert managed(users.create_user, name, "AIDA1").name == name
    assert managed(roles.create_role, name, "AROA1", TRUST, 3600).name == name


def test_names_differ_in_more_than_letter_case(managed: Managed) -> None:
    managed(users.create_user, "ann", "AIDA1")
    refusal = ("EntityAlreadyExists", "User with name ANN already exists.")
    assert managed.refused(users.create_user, "ANN", "AIDA2") == refusal


def test_a_user_in_use_stays(managed: Managed) -> None:
    managed(users.create_user, "ann", "AIDA1")
    managed(access_keys.create_access_key, "ann", "AKIA1", "sealed")
    text = "Cannot delete entity, must delete access keys first."
    assert managed.refused(users.delete_user, "Ann") == ("DeleteConflict", text)
    managed(access_keys.delete_access_key, "AKIA1")
    managed(policies.attach_policy, USER, "ann", "readonly")
    text = "Cannot delete entity, must detach all policies first."
    assert managed.refused(users.delete_user, "Ann") == ("DeleteConflict", text)
    managed(policies.detach_policy, USER, "ann", "READONLY")
    assert managed(users.delete_user, "Ann").principal_id == "AIDA1"
    assert managed.refused(users.delete_user, "Ann") == ("NoSuchEntity", "The user with name Ann cannot be found.")


# --- Roles ---


def test_a_role_and_what_of_it_changes(managed: Managed) -> None:
    managed(roles.create_role, "oncall", "AROA1", TRUST, 3600)
    assert managed(roles.update_role, "OnCall", None, 43_200).session_seconds_max == 43_200
    changed = managed(roles.update_role, "oncall", TRUST.replace("Allow", "Deny"), None)
    assert (changed.session_seconds_max, "Deny" in str(changed.trust)) == (43_200, True)
    managed(policies.attach_policy, ROLE, "oncall", "RevokeOnly")
    assert managed.refused(roles.delete_role, "oncall")[0] == "DeleteConflict"
    managed(policies.detach_policy, ROLE, "oncall", "RevokeOnly")
    managed(roles.delete_role, "oncall")
    assert managed.refused(roles.update_role, "oncall", None, 3600)[0] == "NoSuchEntity"


@pytest.mark.parametrize("seconds", [0, 3_599, 43_201, -1])
def test_sessions_that_are_too_short_or_too_long(managed: Managed, seconds: int) -> None:
    code, text = managed.refused(roles.create_role, "oncall", "AROA1", TRUST, seconds)
    assert code == "ValidationError"
    assert f"Value '{seconds}' at 'maxSessionDuration' failed to satisfy constraint" in text


def test_a_document_of_trust_names_who(managed: Managed) -> None:
    code, text = managed.refused(roles.create_role, "oncall", "AROA1", DOCUMENT, 3600)
    assert (code, text) == ("MalformedPolicyDocument", "Statement[1]: It has the unknown member 'Resource'.")


# --- Policies ---


def test_a_policy_is_put_attached_changed_and_deleted(managed: Managed) -> None:
    managed(users.create_user, "ann", "AIDA1")
    managed(policies.put_policy, "Look", DOCUMENT)
    managed(policies.attach_policy, USER, "ann", "LOOK")
    managed(policies.attach_policy, USER, "ann", "look")
    managed(policies.attach_policy, USER, "ann", "revokeonly")
    assert managed.attached(USER, "ann") == ("Look", "RevokeOnly")
    changed = managed(policies.put_policy, "look", DOCUMENT.replace("Allow", "Deny"))
    assert (changed.name, "Deny" in changed.document) == ("Look", True)
    text = "Cannot delete a policy attached to entities."
    assert managed.refused(policies.delete_policy, "look") == ("DeleteConflict", text)
    managed(policies.detach_policy, USER, "ann", "Look")
    managed(policies.delete_policy, "look")
    assert managed.refused(policies.attach_policy, USER, "ann", "Look")[0] == "NoSuchEntity"
    assert managed.refused(policies.detach_policy, USER, "ann", "Look")[0] == "NoSuchEntity"


def test_a_policy_is_refused_with_place_and_reason(managed: Managed) -> None:
    code, text = managed.refused(policies.put_policy, "Look", DOCUMENT.replace("Allow", "allow"))
    assert (code, text) == ("MalformedPolicyDocument", 'Statement[1].Effect: It is "Allow" or "Deny".')


def test_ten_policies_and_no_eleventh(managed: Managed) -> None:
    managed(users.create_user, "ann", "AIDA1")
    managed(roles.create_role, "ann", "AROA1", TRUST, 3600)
    for number in range(11):
        managed(policies.put_policy, f"p{number}", DOCUMENT)
    for kind, quota in ((USER, "PoliciesPerUser"), (ROLE, "PoliciesPerRole")):
        for number in range(10):
            managed(policies.attach_policy, kind, "ann", f"p{number}")
        refusal = ("LimitExceeded", f"Cannot exceed quota for {quota}: 10")
        assert managed.refused(policies.attach_policy, kind, "ann", "p10") == refusal


@pytest.mark.parametrize("name", [*SHIPPED, "administrator", "OneGroup"])
def test_what_is_shipped_is_neither_changed_nor_deleted(managed: Managed, name: str) -> None:
    assert managed.refused(policies.put_policy, name, DOCUMENT)[0] == "EntityAlreadyExists"
    assert managed.refused(policies.delete_policy, name)[0] == "DeleteConflict"
    assert managed.account.store.read(lambda r: policies.policy_of(r, ACCOUNT, name)).document


def test_a_template_is_not_attached(managed: Managed) -> None:
    managed(users.create_user, "ann", "AIDA1")
    code, text = managed.refused(policies.attach_policy, USER, "ann", "onegroup")
    assert (code, "is a template" in text) == ("NoSuchEntity", True)


# --- Accounts ---


def test_an_account_with_a_key_of_its_root(managed: Managed) -> None:
    made = managed(accounts.create_account, OTHER, "staging", "AKIA9", "sealed")
    assert (made.account_id, made.name) == (OTHER, "staging")
    (key,) = managed.account.store.read(lambda r: r.access_keys(OTHER))
    assert (key.user_name, key.active) == (None, True)
    for taken in ((OTHER, "other"), ("888888888888", "Staging"), ("888888888888", "server")):
        assert managed.refused(accounts.create_account, *taken, "AKIA8", "sealed")[0] == "EntityAlreadyExists"
    for wrong in (("12345", "other"), ("888888888888", "a b"), ("٣" * 12, "other")):
        assert managed.refused(accounts.create_account, *wrong, "AKIA8", "sealed")[0] == "ValidationError"


def test_other_accounts_see_and_make_only_what_is_theirs(managed: Managed) -> None:
    managed(accounts.create_account, OTHER, "staging", "AKIA9", "sealed")
    other = Managed(Account(managed.account.store, account_id=OTHER, default_vpc=False))
    assert other.refused(accounts.create_account, "888888888888", "x", "AKIA8", "sealed")[0] == "UnauthorizedOperation"
    assert other.refused(accounts.delete_account, ACCOUNT, REGIONS)[0] == "UnauthorizedOperation"
    store = managed.account.store
    assert [each.account_id for each in store.read(lambda r: accounts.visible_accounts(r, OTHER))] == [OTHER]
    assert len(store.read(lambda r: accounts.visible_accounts(r, ACCOUNT))) == 2
    managed(users.create_user, "ann", "AIDA1")
    managed(access_keys.create_access_key, "ann", "AKIA1", "sealed")
    assert other.refused(access_keys.delete_access_key, "AKIA1")[0] == "NoSuchEntity"
    assert other.refused(users.delete_user, "ann")[0] == "NoSuchEntity"
    assert other(users.create_user, "ann", "AIDA2").account_id == OTHER


def test_the_last_key_of_a_root_stays_until_somebody_else_administers_the_account(managed: Managed) -> None:
    managed(accounts.create_account, OTHER, "staging", "AKIA9", "sealed")
    other = Managed(Account(managed.account.store, account_id=OTHER, default_vpc=False))
    for take_away in ((access_keys.delete_access_key, "AKIA9"), (access_keys.set_active, "AKIA9", False)):
        code, text = other.refused(*take_away)
        assert code == "DeleteConflict"
        assert "last active key of the account's root" in text
    other(access_keys.rotate, "AKIA9", "AKIA8", "sealed")
    other(access_keys.delete_access_key, "AKIA9")
    other(users.create_user, "ann", "AIDA2")
    other(policies.attach_policy, USER, "ann", "Administrator")
    assert other.refused(access_keys.delete_access_key, "AKIA8")[0] == "DeleteConflict"  # she has no key yet
    other(access_keys.create_access_key, "Ann", "AKIA7", "sealed")
    other(access_keys.set_active, "AKIA7", False)
    assert other.refused(access_keys.delete_access_key, "AKIA8")[0] == "DeleteConflict"  # and now none that is on
    other(access_keys.set_active, "AKIA7", True)
    other(access_keys.delete_access_key, "AKIA8")
    assert [key.access_key_id for key in managed.account.store.read(lambda r: r.access_keys(OTHER))] == ["AKIA7"]


def test_the_servers_own_account_gives_a_root_that_lost_its_key_another(managed: Managed) -> None:
    managed(accounts.create_account, OTHER, "staging", "AKIA9", "sealed")

    def give(account_id: str, key_id: str, *, in_place_of_all: bool) -> tuple[Any, ...]:
        return (
            lambda context: accounts.create_account_key(
                context, account_id, key_id, "sealed", in_place_of_all=in_place_of_all
            ),
        )

    made = managed(*give(OTHER, "AKIA8", in_place_of_all=False))
    assert (made.account_id, made.user_name, made.active) == (OTHER, None, True)
    assert managed.refused(*give(OTHER, "AKIA7", in_place_of_all=False))[0] == "LimitExceeded"
    managed(*give(OTHER, "AKIA7", in_place_of_all=True))
    assert [key.access_key_id for key in managed.account.store.read(lambda r: r.access_keys(OTHER))] == ["AKIA7"]
    assert managed.refused(*give(ACCOUNT, "AKIA6", in_place_of_all=False))[0] == "ValidationError"
    assert managed.refused(*give("888888888888", "AKIA6", in_place_of_all=False))[0] == "NoSuchEntity"
    other = Managed(Account(managed.account.store, account_id=OTHER, default_vpc=False))
    assert other.refused(*give(OTHER, "AKIA6", in_place_of_all=True))[0] == "UnauthorizedOperation"


def test_an_account_is_deleted_when_nothing_is_left_in_it(managed: Managed) -> None:
    own = ("DeleteConflict", "Cannot delete entity, it is the server's own account.")
    assert managed.refused(accounts.delete_account, ACCOUNT, REGIONS) == own
    managed(accounts.create_account, OTHER, "staging", "AKIA9", "sealed")
    there = Account(managed.account.store, account_id=OTHER, ids=managed.account.ids, default_vpc=False)
    vpc_id = there.vpc()
    left = ("DeleteConflict", "Cannot delete entity, must delete its VPCs in us-east-1 first.")
    assert managed.refused(accounts.delete_account, OTHER, REGIONS) == left
    there.call("DeleteVpc", VpcId=vpc_id)
    Managed(there)(users.create_user, "ann", "AIDA2")
    left = ("DeleteConflict", "Cannot delete entity, must delete its users first.")
    assert managed.refused(accounts.delete_account, OTHER, REGIONS) == left
    Managed(there)(users.delete_user, "ann")
    managed(accounts.delete_account, OTHER, REGIONS)
    assert managed.account.store.read(lambda r: (r.account(OTHER), r.access_key("AKIA9"))) == (None, None)
    assert managed.refused(accounts.delete_account, OTHER, REGIONS)[0] == "NoSuchEntity"
