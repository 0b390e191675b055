"""Temporary credentials, asked for and used as over the wire: whose they are, what they may, and when they end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

import botocore_judge as judge
from ringwall.domain.principal import AccessKey, Principal, PrincipalKind
from site_of_accounts import ACCOUNT, EVERYTHING, OTHER, ROOT, Key, Site, Told, allow, deny, document

ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/oncall"
SESSION_ARN = f"arn:aws:sts::{ACCOUNT}:assumed-role/oncall/ann"
DESCRIBE = document(allow("ec2:Describe*"))
ASSUME = document(allow("sts:AssumeRole", resource=ROLE_ARN))
NOT_AUTHORIZED = "User: {} is not authorized to perform: sts:AssumeRole on resource: {}"


@dataclass(frozen=True)
class Temporary(Key):
    """Temporary credentials as their holder has them."""

    token: str = ""


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.close()


def trust(*principals: str, effect: str = "Allow", **condition: Any) -> str:
    """A document that lets these take the role."""
    statement = {"Effect": effect, "Action": "sts:AssumeRole", "Principal": {"AWS": list(principals)}}
    return document(statement | ({"Condition": condition} if condition else {}))


def user_arn(name: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:iam::{account}:user/{name}"


def make_role(site: Site, text: str, *documents: str, name: str = "oncall", **changes: Any) -> Principal:
    """A role with this trust document, and these documents attached."""
    names = tuple(f"{name}-role-{number}" for number, _ in enumerate(documents))
    for policy, each in zip(names, documents, strict=True):
        site.put_policy(policy, each)
    role = Principal(ACCOUNT, PrincipalKind.ROLE, name, f"AROA{name.upper()}", 1, text, 3600, names)
    role = replace(role, **changes)
    site.write(lambda transaction: transaction.insert_principal(role))
    return role


def ask(site: Site, key: Key, action: str, **request: Any) -> Told:
    """What is answered, with the session token where the key has one."""
    headers = {"x-amz-security-token": key.token} if isinstance(key, Temporary) else {}
    return site.send(key, judge.form(judge.flat(action, request)), headers=headers)


def assume(site: Site, key: Key, **request: Any) -> Told:
    return ask(site, key, "AssumeRole", **{"RoleArn": ROLE_ARN, "RoleSessionName": "ann"} | request)


def temporary(told: Told) -> Temporary:
    assert told.status == 200, told
    return Temporary(told.one("AccessKeyId"), told.one("SecretAccessKey"), told.one("SessionToken"))


def identity(site: Site, key: Key) -> tuple[str, str]:
    told = ask(site, key, "GetCallerIdentity")
    assert told.status == 200, told
    return told.one("Arn"), told.one("UserId")


# --- Who is it ---


def test_a_role_is_taken_and_acts_as_itself(site: Site) -> None:
    ann = site.user("ann")
    make_role(site, trust(user_arn("ann")), DESCRIBE)
    told = assume(site, ann)
    session = temporary(told)
    assert (told.one("Arn"), told.one("AssumedRoleId")) == (SESSION_ARN, "AROAONCALL:ann")
    assert "PackedPolicySize" not in told.text
    expires = time.mktime(time.strptime(told.one("Expiration"), "%Y-%m-%dT%H:%M:%S.000Z")) - time.timezone
    assert abs(expires - time.time() - 3600) < 60
    assert identity(site, session) == (SESSION_ARN, "AROAONCALL:ann")
    assert identity(site, ann) == (user_arn("ann"), "AIDAANN")
    assert ask(site, session, "DescribeVpcs").status == 200
    assert ask(site, session, "CreateVpc", CidrBlock="10.0.0.0/16").code == "UnauthorizedOperation"
    assert ask(site, ann, "DescribeVpcs").code == "UnauthorizedOperation"


@pytest.mark.parametrize("name", ["user", "root"])
def test_a_session_of_ones_own_is_oneself(site: Site, name: str) -> None:
    key = site.user("ann", DESCRIBE) if name == "user" else site.root_of(OTHER)
    session = temporary(ask(site, key, "GetSessionToken"))
    assert identity(site, session) == identity(site, key)
    assert ask(site, session, "DescribeVpcs").status == 200
    allowed = ask(site, session, "CreateVpc", CidrBlock="10.0.0.0/16", DryRun=True)
    assert allowed.code == ("DryRunOperation" if name == "root" else "UnauthorizedOperation")


def test_a_session_of_the_root_that_is_in_the_file(site: Site) -> None:
    session = temporary(ask(site, ROOT, "GetSessionToken", DurationSeconds=129_600))
    assert identity(site, session) == (f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)


# --- Who may take a role ---

ANN, ANNS_ACCOUNT = user_arn("ann"), f"arn:aws:iam::{ACCOUNT}:root"
DENY = document(deny("sts:AssumeRole"))
EXTERNAL = {"StringEquals": {"sts:ExternalId": "ticket-7"}}
BOTH = document(*[json.loads(trust(ANN, effect=each))["Statement"][0] for each in ("Allow", "Deny")])
CASES: list[tuple[str, str, tuple[str, ...], Mapping[str, Any], bool]] = [
    ("named, without a document", trust(ANN), (), {}, True),
    ("everybody", trust("*"), (), {}, True),
    ("named, denied by her own", trust(ANN), (DENY,), {}, False),
    ("another named", trust(user_arn("bob")), (EVERYTHING,), {}, False),
    ("her name in another account", trust(user_arn("ann", OTHER)), (EVERYTHING,), {}, False),
    ("her name in another letter case", trust(user_arn("Ann")), (EVERYTHING,), {}, False),
    ("by account, allowed", trust(ACCOUNT), (ASSUME,), {}, True),
    ("by account, not allowed", trust(ACCOUNT), (DESCRIBE,), {}, False),
    ("by another account", trust(OTHER), (EVERYTHING,), {}, False),
    ("denied by the role", BOTH, (EVERYTHING,), {}, False),
    ("external id", trust(ANN, **EXTERNAL), (), {"ExternalId": "ticket-7"}, True),
    ("wrong external id", trust(ANN, **EXTERNAL), (), {"ExternalId": "ticket-8"}, False),
    ("no external id", trust(ANN, **EXTERNAL), (), {}, False),
    ("session name", trust(ANN, StringLike={"sts:RoleSessionName": "${aws:username}"}), (), {}, True),
    ("wrong session name", trust(ANN, StringLike={"sts:RoleSessionName": "${aws:username}"}), (),
     {"RoleSessionName": "bob"}, False),
]  # fmt: skip


@pytest.mark.parametrize(("_", "text", "documents", "request_", "may"), CASES, ids=[each[0] for each in CASES])
def test_who_may_take_a_role(
    site: Site, _: str, text: str, documents: tuple[str, ...], request_: Mapping[str, Any], may: bool
) -> None:
    ann = site.user("ann", *documents)
    make_role(site, text)
    told = assume(site, ann, **request_)
    assert (told.status, told.code) == ((200, None) if may else (403, "AccessDenied"))
    if not may:
        assert told.message == NOT_AUTHORIZED.format(user_arn("ann"), ROLE_ARN)


def test_no_other_spelling_of_a_role_gets_around_a_denial(site: Site) -> None:
    """Names of roles differ in more than letter case, but documents compare ARNs, which know it."""
    ann = site.user("ann", document(allow("*"), deny("sts:AssumeRole", resource=ROLE_ARN)))
    make_role(site, trust(user_arn("ann")))
    for name in ("oncall", "ONCALL", "OnCall"):
        told = assume(site, ann, RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{name}")
        assert (told.status, told.code) == (403, "AccessDenied"), name
        assert told.message == NOT_AUTHORIZED.format(user_arn("ann"), f"arn:aws:iam::{ACCOUNT}:role/{name}")


def test_a_role_that_is_not_there_is_refused_like_one_that_does_not_trust(site: Site) -> None:
    ann = site.user("ann", EVERYTHING)
    there = assume(site, ann, RoleArn=f"arn:aws:iam::{ACCOUNT}:role/absent")
    elsewhere = assume(site, ann, RoleArn=f"arn:aws:iam::{OTHER}:role/absent")
    assert (there.code, elsewhere.code) == ("AccessDenied", "AccessDenied")
    assert there.message == NOT_AUTHORIZED.format(user_arn("ann"), f"arn:aws:iam::{ACCOUNT}:role/absent")


@pytest.mark.parametrize(
    ("principal", "documents", "may"),
    [
        (OTHER, (ASSUME,), True),
        (user_arn("eve", OTHER), (ASSUME,), True),
        (user_arn("eve", OTHER), (), False),
        ("*", (), False),
        (ACCOUNT, (ASSUME,), False),
    ],
)
def test_from_another_account_both_must_allow(
    site: Site, principal: str, documents: tuple[str, ...], may: bool
) -> None:
    eve = site.user("eve", *documents, account=OTHER)
    make_role(site, trust(principal), DESCRIBE)
    told = assume(site, eve)
    assert told.code == (None if may else "AccessDenied")
    if may:
        session = temporary(told)
        assert identity(site, session)[0] == SESSION_ARN
        assert ask(site, session, "DescribeVpcs").status == 200


def test_an_accounts_root_takes_no_role(site: Site) -> None:
    make_role(site, trust(ACCOUNT))
    for key in (ROOT, temporary(ask(site, ROOT, "GetSessionToken"))):
        told = assume(site, key)
        assert (told.status, told.code) == (403, "AccessDenied")
        assert told.message == "Roles may not be assumed by root accounts."


def test_a_role_takes_a_role_for_an_hour_at_most(site: Site) -> None:
    ann = site.user("ann")
    make_role(site, trust(user_arn("ann")), name="first")
    make_role(site, trust(f"arn:aws:iam::{ACCOUNT}:role/first"), session_seconds_max=43_200)
    first = temporary(assume(site, ann, RoleArn=f"arn:aws:iam::{ACCOUNT}:role/first"))
    assert assume(site, ann).code == "AccessDenied"
    long = assume(site, first, DurationSeconds=3_601)
    assert (long.code, "1 hour session limit" in long.message) == ("ValidationError", True)
    second = temporary(assume(site, first))
    assert identity(site, second)[0] == SESSION_ARN
    site.write(lambda tx: tx.delete_access_key(ann.key_id))
    assert ask(site, second, "GetCallerIdentity").code == "InvalidClientTokenId", "it goes back to her key"


# --- What a session may ---


def test_a_sessions_own_policy_takes_away_and_never_adds(site: Site) -> None:
    ann = site.user("ann")
    make_role(site, trust(user_arn("ann")), document(allow("ec2:Describe*", "ec2:CreateVpc")))
    policy = document(allow("ec2:DescribeVpcs", "ec2:DeleteVpc"))
    told = assume(site, ann, Policy=policy)
    session = temporary(told)
    assert told.one("PackedPolicySize") == str(len(policy) * 100 // 4096)
    assert ask(site, session, "DescribeVpcs").status == 200
    for action, request in (
        ("DescribeSubnets", {}),
        ("CreateVpc", {"CidrBlock": "10.0.0.0/16"}),
        ("DeleteVpc", {"VpcId": "vpc-0123456789abcdef0"}),
    ):
        assert ask(site, session, action, **request).code == "UnauthorizedOperation", action


def test_a_session_with_a_policy_takes_a_role_only_if_that_allows_it(site: Site) -> None:
    ann = site.user("ann")
    make_role(site, trust(user_arn("ann")), ASSUME, name="first")
    make_role(site, trust(f"arn:aws:iam::{ACCOUNT}:role/first"))
    first = f"arn:aws:iam::{ACCOUNT}:role/first"
    assert assume(site, temporary(assume(site, ann, RoleArn=first, Policy=DESCRIBE))).code == "AccessDenied"
    assert assume(site, temporary(assume(site, ann, RoleArn=first, Policy=ASSUME))).status == 200


# --- When a session ends ---


def test_a_session_ends_when_its_time_is_over(site: Site) -> None:
    ann = site.user("ann", DESCRIBE)
    make_role(site, trust(user_arn("ann")), DESCRIBE)
    site.service.clock = lambda: time.time() - 1_000
    ended = temporary(assume(site, ann, DurationSeconds=900))
    still = temporary(assume(site, ann, DurationSeconds=1_200))
    site.service.clock = time.time
    told = ask(site, ended, "GetCallerIdentity")
    assert (told.status, told.code) == (403, "ExpiredToken")
    assert told.message == "The security token included in the request is expired"
    told = ask(site, ended, "DescribeVpcs")
    assert (told.status, told.code, told.message) == (400, "RequestExpired", "Request has expired.")
    assert ask(site, still, "DescribeVpcs").status == 200
    wrong = replace(ended, secret="another")
    assert ask(site, wrong, "GetCallerIdentity").code == "InvalidClientTokenId", "who can't sign isn't told"


def gone(site: Site, what: str, ann: Key, role: Principal) -> None:
    """Takes away what the sessions depend on."""

    def change(transaction: Any) -> None:
        key: AccessKey = transaction.access_key(ann.key_id)
        user = transaction.principal(ACCOUNT, PrincipalKind.USER, "ann")
        if what == "key inactive":
            transaction.update_access_key(replace(key, active=False))
        elif what == "key deleted":
            transaction.delete_access_key(ann.key_id)
        elif what == "user deleted":
            transaction.delete_principal(user)
        elif what == "role deleted":
            transaction.delete_principal(role)
        elif what == "role made anew":
            transaction.delete_principal(role)
            transaction.insert_principal(replace(role, principal_id="AROANEW"))
        elif what == "user made anew":
            transaction.delete_principal(user)
            transaction.insert_principal(replace(user, principal_id="AIDANEW"))
            transaction.insert_access_key(key)

    site.write(change)


@pytest.mark.parametrize(
    ("what", "of_role", "of_user"),
    [
        ("key inactive", False, False),
        ("key deleted", False, False),
        ("user deleted", False, False),
        ("user made anew", True, False),
        ("role deleted", False, True),
        ("role made anew", False, True),
    ],
)
def test_a_session_ends_with_what_it_depends_on(site: Site, what: str, of_role: bool, of_user: bool) -> None:
    ann = site.user("ann", DESCRIBE)
    role = make_role(site, trust("*"), DESCRIBE)
    sessions = (temporary(assume(site, ann)), temporary(ask(site, ann, "GetSessionToken")))
    for session in sessions:
        assert ask(site, session, "DescribeVpcs").status == 200
    gone(site, what, ann, role)
    for session, stays in zip(sessions, (of_role, of_user), strict=True):
        told = ask(site, session, "DescribeVpcs")
        assert (told.status, told.code) == ((200, None) if stays else (401, "AuthFailure"))


def test_a_session_may_only_what_its_role_may_now(site: Site) -> None:
    ann = site.user("ann")
    make_role(site, trust("*"), DESCRIBE)
    session = temporary(assume(site, ann))
    assert ask(site, session, "DescribeVpcs").status == 200
    site.put_policy("oncall-role-0", document(deny("*")))
    assert ask(site, session, "DescribeVpcs").code == "UnauthorizedOperation"


# --- Tokens that are none ---


def test_tokens_and_keys_that_do_not_belong_together(site: Site) -> None:
    ann, bob = site.user("ann", DESCRIBE), site.user("bob", EVERYTHING)
    of_ann = temporary(ask(site, ann, "GetSessionToken"))
    of_bob = temporary(ask(site, bob, "GetSessionToken"))
    assert ask(site, of_ann, "DescribeVpcs").status == 200
    for wrong in (
        replace(of_ann, token=of_bob.token),
        replace(of_bob, token=of_ann.token),
        replace(of_ann, token=of_ann.token[:-4] + "AAAA"),
        replace(of_ann, token="v1:"),
        replace(of_ann, token="x"),
        Temporary(ann.key_id, ann.secret, of_ann.token),
        Temporary(ann.key_id, ann.secret, "x"),
        Temporary(ROOT.key_id, ROOT.secret, of_ann.token),
        Key(of_ann.key_id, of_ann.secret),
    ):
        told = ask(site, wrong, "DescribeVpcs")
        assert (told.status, told.code) == (401, "AuthFailure"), wrong
        assert ask(site, wrong, "GetCallerIdentity").code == "InvalidClientTokenId"


def test_a_session_gets_no_session_of_its_own(site: Site) -> None:
    ann = site.user("ann", EVERYTHING)
    make_role(site, trust("*"), EVERYTHING)
    for session in (temporary(ask(site, ann, "GetSessionToken")), temporary(assume(site, ann))):
        told = ask(site, session, "GetSessionToken")
        assert (told.code, told.message) == ("AccessDenied", "Cannot call GetSessionToken with session credentials")


# --- Requests that can't be ---

PATTERN = r"satisfy regular expression pattern: [\w+=,.@-]*"
CONSTRAINT = "1 validation error detected: Value '{}' at '{}' failed to satisfy constraint: Member must {}"


@pytest.mark.parametrize(
    ("changes", "code", "text"),
    [
        ({"DurationSeconds": 899}, "ValidationError",
         CONSTRAINT.format("899", "durationSeconds", "have value greater than or equal to 900")),
        ({"DurationSeconds": 43_201}, "ValidationError",
         CONSTRAINT.format("43201", "durationSeconds", "have value less than or equal to 43200")),
        ({"DurationSeconds": 3_601}, "ValidationError",
         "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."),
        ({"RoleSessionName": "a"}, "ValidationError",
         CONSTRAINT.format("a", "roleSessionName", "have length greater than or equal to 2")),
        ({"RoleSessionName": "a" * 65}, "ValidationError",
         CONSTRAINT.format("a" * 64, "roleSessionName", "have length less than or equal to 64")),
        ({"RoleSessionName": "a b"}, "ValidationError", CONSTRAINT.format("a b", "roleSessionName", PATTERN)),
        ({"RoleSessionName": "ann/../bob"}, "ValidationError",
         CONSTRAINT.format("ann/../bob", "roleSessionName", PATTERN)),
        ({"ExternalId": "a"}, "ValidationError",
         CONSTRAINT.format("a", "externalId", "have length greater than or equal to 2")),
        ({"RoleArn": "oncall"}, "ValidationError",
         CONSTRAINT.format("oncall", "roleArn", "have length greater than or equal to 20")),
        ({"RoleArn": f"arn:aws:iam::{ACCOUNT}:user/ann"}, "ValidationError",
         f"arn:aws:iam::{ACCOUNT}:user/ann is invalid"),
        ({"Policy": "{}"}, "MalformedPolicyDocument", 'Version: Write "Version": "2012-10-17".'),
        ({"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/x"}]}, "UnsupportedOperation",
         "The parameter PolicyArns.arn isn't supported here."),
        ({"Tags": [{"Key": "a", "Value": "b"}]}, "UnsupportedOperation",
         "The parameter Tags.Key isn't supported here."),
        ({"SerialNumber": "arn:aws:iam::1:mfa/ann", "TokenCode": "123456"}, "UnsupportedOperation",
         "The parameter SerialNumber isn't supported here."),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(site: Site, changes: Mapping[str, Any], code: str, text: str) -> None:
    ann = site.user("ann")
    make_role(site, trust("*"))
    told = assume(site, ann, **changes)
    assert (told.status, told.code, told.message) == (400, code, text)


def test_a_policy_that_is_too_long(site: Site) -> None:
    ann = site.user("ann")
    make_role(site, trust("*"))
    statement = allow("ec2:*", resource="arn:aws:ec2:*:*:instance/" + "x" * 3_000)
    assert "have length less than or equal to 2048" in assume(site, ann, Policy=document(statement)).message
    wide = json.dumps(
        {"Version": "2012-10-17", "Id": "\U0001f600" * 1_200, "Statement": [allow("*")]}, ensure_ascii=False
    )
    told = assume(site, ann, Policy=wide)
    assert (told.status, told.code) == (400, "PackedPolicyTooLarge")


def test_durations_up_to_the_roles_longest(site: Site) -> None:
    ann = site.user("ann")
    make_role(site, trust("*"), session_seconds_max=43_200)
    for seconds in (900, 43_200):
        temporary(assume(site, ann, DurationSeconds=seconds))
    for seconds in (899, 129_601):
        assert ask(site, ann, "GetSessionToken", DurationSeconds=seconds).code == "ValidationError"


# --- Messages to decode ---


def test_a_refusal_is_decoded_by_whoever_may(site: Site) -> None:
    ann, reader = site.user("ann"), site.user("reader", document(allow("sts:DecodeAuthorizationMessage")))
    refusal = ask(site, ann, "DeleteVpc", VpcId="vpc-0123456789abcdef0").message
    message = refusal.rpartition(": ")[2]
    told = ask(site, reader, "DecodeAuthorizationMessage", EncodedMessage=message)
    assert told.status == 200, told
    decoded = json.loads(told.one("DecodedMessage").replace("&quot;", '"'))
    assert (decoded["allowed"], decoded["context"]["action"]) == (False, "ec2:DeleteVpc")
    assert ask(site, ann, "DecodeAuthorizationMessage", EncodedMessage=message).code == "AccessDenied"
    eve = site.user("eve", EVERYTHING, account=OTHER)
    for key, text in ((eve, message), (reader, "x"), (reader, message[:-4])):
        told = ask(site, key, "DecodeAuthorizationMessage", EncodedMessage=text)
        assert (told.status, told.code) == (400, "InvalidAuthorizationMessageException")
    token = temporary(ask(site, ann, "GetSessionToken")).token
    told = ask(site, reader, "DecodeAuthorizationMessage", EncodedMessage=token)
    assert told.code == "InvalidAuthorizationMessageException", "a session token is no message"


def test_secrets_are_not_in_the_trail(site: Site) -> None:
    ann = site.user("ann")
    make_role(site, trust("*"))
    made = [temporary(assume(site, ann)), temporary(ask(site, ann, "GetSessionToken"))]
    events = "".join(each.event for each in site.store.read(lambda reader: reader.trail_after(0, 100)))
    assert '"AssumeRole"' in events
    assert '"GetSessionToken"' in events
    for session in made:
        assert session.key_id in events
        assert session.secret not in events
        assert session.token not in events
