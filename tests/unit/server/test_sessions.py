"""Session tokens: they say what they were made with, to their own key only, and nobody else can make or read one."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from ringwall.domain.principal import PrincipalKind
from ringwall.domain.session import Session
from ringwall.server.keyring import Keyring
from ringwall.server.sessions import TOKEN_MAX, Sessions

ROLE = Session(
    "123456789012", PrincipalKind.ROLE, "oncall", "AROA1", "ann", '{"x":"ä"}', 1_700_000_000, 1_700_003_600, "AKIA1"
)
USER = replace(ROLE, kind=PrincipalKind.USER, name="ann", principal_id="AIDA1", session_name=None, policy=None)
ROOT = replace(USER, kind=None, name=None, principal_id=None)


@pytest.fixture
def sessions() -> Sessions:
    return Sessions(Keyring([b"k" * 32]))


@pytest.mark.parametrize("session", [ROLE, USER, ROOT])
def test_a_token_says_what_it_was_made_with(sessions: Sessions, session: Session) -> None:
    made = sessions.issue(session)
    assert made.access_key_id.startswith("ASIA")
    assert len(made.access_key_id) == 20
    assert sessions.open(made.access_key_id, made.session_token) == (session, made.secret)


def test_names_are_those_of_iam_and_sts() -> None:
    assert (ROLE.arn, ROLE.user_id) == ("arn:aws:sts::123456789012:assumed-role/oncall/ann", "AROA1:ann")
    assert (USER.arn, USER.user_id) == ("arn:aws:iam::123456789012:user/ann", "AIDA1")
    assert (ROOT.arn, ROOT.user_id) == ("arn:aws:iam::123456789012:root", "123456789012")


def test_a_token_goes_with_its_own_key_only(sessions: Sessions) -> None:
    one, other = sessions.issue(ROLE), sessions.issue(ROLE)
    assert one.secret != other.secret
    assert sessions.open(other.access_key_id, one.session_token) is None
    assert sessions.open(one.access_key_id.replace("ASIA", "AKIA"), one.session_token) is None


def test_a_secret_sealed_as_a_keys_own_is_no_token() -> None:
    keyring = Keyring([b"k" * 32])
    assert Sessions(keyring).open("AKIA1", keyring.seal("a/secret", "AKIA1")) is None


def test_a_token_that_was_changed_or_made_elsewhere_is_none(sessions: Sessions) -> None:
    made = sessions.issue(ROLE)
    content = bytearray(base64.urlsafe_b64decode(made.session_token.removeprefix("v1:")))
    for place in (0, 12, len(content) // 2, len(content) - 1):
        changed = bytearray(content)
        changed[place] ^= 1
        assert sessions.open(made.access_key_id, "v1:" + base64.urlsafe_b64encode(changed).decode()) is None
    elsewhere = Sessions(Keyring([b"o" * 32])).issue(ROLE)
    for token in ("", "v1:", "ä", made.session_token[:-8], elsewhere.session_token, "v1:" + "A" * TOKEN_MAX):
        assert sessions.open(made.access_key_id, token) is None


def test_a_token_opens_after_the_key_file_has_a_new_first_key(sessions: Sessions) -> None:
    made = sessions.issue(ROLE)
    later = Sessions(Keyring([b"n" * 32, b"k" * 32]))
    assert later.open(made.access_key_id, made.session_token) == (ROLE, made.secret)


def test_nothing_of_it_can_be_read_in_the_token(sessions: Sessions) -> None:
    made = sessions.issue(ROLE)
    content = base64.urlsafe_b64decode(made.session_token.removeprefix("v1:"))
    assert made.secret.encode() not in content
    assert b"oncall" not in content
