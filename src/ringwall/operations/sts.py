"""Temporary credentials, and what a refusal told encoded.

Nothing of a session is stored: its token carries it, encrypted (`server.sessions`). Whether a caller may take a role is
decided before, by the role's trust document and the caller's own (`server.assume`).

Source: AWS STS API Reference, AssumeRole, GetSessionToken, DecodeAuthorizationMessage.
"""

from __future__ import annotations

import re
from typing import Any, Final

from ringwall.domain.caller import Caller, CallerKind
from ringwall.domain.errors import (
    AccessDenied,
    InvalidAuthorizationMessage,
    PackedPolicyTooLarge,
    ValidationError,
)
from ringwall.domain.principal import Principal, PrincipalKind
from ringwall.domain.session import Session
from ringwall.iam.document import parse_document
from ringwall.iam.evaluate import Target
from ringwall.store.base import Reader

from .context import Answer, Context, Request

SESSION_SECONDS_MIN: Final = 900
ROLE_SECONDS: Final = 3_600
ROLE_SECONDS_MAX: Final = 43_200
CHAINED_SECONDS_MAX: Final = 3_600
TOKEN_SECONDS: Final = 43_200
TOKEN_SECONDS_MAX: Final = 129_600
ROOT_SECONDS_MAX: Final = 3_600
POLICY_CHARACTERS_MAX: Final = 2_048
POLICY_BYTES_MAX: Final = 4_096
"""Of a session's own policy in UTF-8: what AWS packs it to isn't published (chosen)."""
MESSAGE_CHARACTERS_MAX: Final = 10_240

_ROLE_ARN: Final = re.compile(r"arn:aws:iam::([0-9]{12}):role/([\w+=,.@-]{1,64})", re.ASCII)
_SESSION_NAME: Final = r"[\w+=,.@-]*"
_EXTERNAL_ID: Final = r"[\w+=,.@:\/-]*"

_NO_SECOND_FACTOR: Final = "there is no second factor here"
_NO_SESSION_TAGS: Final = "sessions have no tags here"
_NO_CONTEXTS: Final = "there are no context providers here"
REFUSED_OF_ROLE: Final = {
    "PolicyArns.arn": "a session's own policy is given as Policy",
    "Tags.Key": _NO_SESSION_TAGS,
    "Tags.Value": _NO_SESSION_TAGS,
    "TransitiveTagKeys": _NO_SESSION_TAGS,
    "SerialNumber": _NO_SECOND_FACTOR,
    "TokenCode": _NO_SECOND_FACTOR,
    "SourceIdentity": "the trail names the key that a session goes back to",
    "ProvidedContexts.ProviderArn": _NO_CONTEXTS,
    "ProvidedContexts.ContextAssertion": _NO_CONTEXTS,
}
REFUSED_OF_TOKEN: Final = {"SerialNumber": _NO_SECOND_FACTOR, "TokenCode": _NO_SECOND_FACTOR}
IDLE: Final = {"MinimumSessionTokenSize": "a token is as long as what it carries"}


# --- AssumeRole ---


def check_assume_role(request: Request) -> None:
    """Refuses what can't be, whoever asks."""
    _check_length("roleArn", request["RoleArn"], 20, 2_048)
    _check_length("roleSessionName", request["RoleSessionName"], 2, 64)
    _check_pattern("roleSessionName", request["RoleSessionName"], _SESSION_NAME)
    if "ExternalId" in request:
        _check_length("externalId", request["ExternalId"], 2, 1_224)
        _check_pattern("externalId", request["ExternalId"], _EXTERNAL_ID)
    _check_seconds(request, ROLE_SECONDS_MAX)
    if _ROLE_ARN.fullmatch(request["RoleArn"]) is None:
        raise ValidationError(f"{request['RoleArn']} is invalid")
    if "Policy" in request:
        _check_length("policy", request["Policy"], 1, POLICY_CHARACTERS_MAX)
        size = len(request["Policy"].encode())
        if size > POLICY_BYTES_MAX:
            raise PackedPolicyTooLarge(_percent(size))
        parse_document(request["Policy"])


def role_named(reader: Reader, arn: str) -> Principal | None:
    """The role of exactly this ARN, of any account: names are found in any letter case, but documents deny by ARN."""
    found = _ROLE_ARN.fullmatch(arn)
    role = reader.principal(found[1], PrincipalKind.ROLE, found[2]) if found else None
    return role if role is not None and role.arn == arn else None


def role_asked_for(reader: Reader, caller: Caller, request: Request) -> list[Target]:
    """The role, with what the request says of the session."""
    keys: dict[str, tuple[str, ...]] = {"sts:rolesessionname": (request["RoleSessionName"],)}
    found = _ROLE_ARN.fullmatch(request["RoleArn"])
    if found is not None:
        keys["aws:resourceaccount"] = (found[1],)
    if "ExternalId" in request:
        keys["sts:externalid"] = (request["ExternalId"],)
    return [Target(request["RoleArn"], keys)]


def assume_role(context: Context, request: Request) -> Answer:
    """Temporary credentials of the role, for as long as asked, an hour unless said.

    They end sooner with the role, and with the key of whoever took it. Whether there is no such role or the caller may
    not take it, the refusal is the same.

    Raises:
        AccessDenied: the role doesn't trust the caller, or isn't there; the caller is an account's root.
        ValidationError: a required parameter is missing, or a value can't be; a duration above the role's longest, or
            above an hour for a caller who has taken a role already.
        MalformedPolicyDocument: Policy is no document; the place and the reason are told.
        PackedPolicyTooLarge: Policy has more than 4,096 bytes.
    """
    caller = context.caller
    if caller.principal == CallerKind.ROOT:
        raise AccessDenied("Roles may not be assumed by root accounts.")
    role = role_named(context.transaction, request["RoleArn"])
    if role is None:
        raise may_not_assume(caller, request["RoleArn"])
    seconds = request.get("DurationSeconds", ROLE_SECONDS)
    if caller.principal == CallerKind.ROLE and seconds > CHAINED_SECONDS_MAX:
        raise ValidationError(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
        )
    if seconds > role.session_seconds_max:
        raise ValidationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    policy = request.get("Policy")
    session = Session(
        account_id=role.account_id,
        kind=PrincipalKind.ROLE,
        name=role.name,
        principal_id=role.principal_id,
        session_name=request["RoleSessionName"],
        policy=policy,
        issued_at=context.now,
        expires_at=context.now + seconds,
        issuing_key=caller.issuing_key or caller.access_key_id,
    )
    return {
        "Credentials": _credentials(context, session),
        "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.arn},
        **({"PackedPolicySize": _percent(len(policy.encode()))} if policy else {}),
    }


def may_not_assume(caller: Caller, role_arn: str) -> AccessDenied:
    """The one refusal for all that keeps a caller from a role."""
    return AccessDenied(f"User: {caller.arn} is not authorized to perform: sts:AssumeRole on resource: {role_arn}")


# --- GetSessionToken ---


def check_get_session_token(request: Request) -> None:
    """Refuses a duration that can't be, whoever asks."""
    _check_seconds(request, TOKEN_SECONDS_MAX)


def get_session_token(context: Context, request: Request) -> Answer:
    """Temporary credentials that may what the caller may, for twelve hours unless said, an account's root for one.

    They end sooner with the key that asked for them.

    Raises:
        AccessDenied: the caller has temporary credentials, or is a host's agent.
        ValidationError: a duration that can't be; for an account's root, a longer one than an hour is an hour.
    """
    caller = context.caller
    if caller.issuing_key is not None:
        raise AccessDenied("Cannot call GetSessionToken with session credentials")
    seconds = request.get("DurationSeconds", TOKEN_SECONDS)
    if caller.principal == CallerKind.ROOT:
        seconds = min(seconds, ROOT_SECONDS_MAX)
    elif caller.principal != CallerKind.USER:
        raise AccessDenied("Only users and an account's root get session tokens.")
    session = Session(
        account_id=caller.account_id,
        kind=PrincipalKind.USER if caller.name else None,
        name=caller.name,
        principal_id=caller.user_id if caller.name else None,
        session_name=None,
        policy=None,
        issued_at=context.now,
        expires_at=context.now + seconds,
        issuing_key=caller.access_key_id,
    )
    return {"Credentials": _credentials(context, session)}


# --- DecodeAuthorizationMessage ---


def check_decode(request: Request) -> None:
    """Refuses a message that is none by its length."""
    _check_length("encodedMessage", request["EncodedMessage"], 1, MESSAGE_CHARACTERS_MAX)


def decode_authorization_message(context: Context, request: Request) -> Answer:
    """The decision that a refusal of the caller's account told encoded, as JSON.

    Raises:
        InvalidAuthorizationMessage: it is no such message, or another account's.
        ValidationError: it is missing, or longer than any.
        AccessDenied: the caller's documents don't allow it.
    """
    assert context.seals is not None
    decoded = context.seals.decoded(context.caller.account_id, request["EncodedMessage"])
    if decoded is None:
        raise InvalidAuthorizationMessage
    return {"DecodedMessage": decoded}


# --- What they have in common ---


def _credentials(context: Context, session: Session) -> dict[str, Any]:
    assert context.seals is not None
    made = context.seals.issue(session)
    return {
        "AccessKeyId": made.access_key_id,
        "SecretAccessKey": made.secret,
        "SessionToken": made.session_token,
        "Expiration": session.expires_at,
    }


def _percent(size: int) -> int:
    return max(1, size * 100 // POLICY_BYTES_MAX)


def _check_seconds(request: Request, most: int) -> None:
    seconds = request.get("DurationSeconds")
    if seconds is None or SESSION_SECONDS_MIN <= seconds <= most:
        return
    bound = f"greater than or equal to {SESSION_SECONDS_MIN}"
    if seconds > most:
        bound = f"less than or equal to {most}"
    raise _constraint("durationSeconds", str(seconds), f"have value {bound}")


def _check_length(member: str, value: str, least: int, most: int) -> None:
    if len(value) < least:
        raise _constraint(member, value, f"have length greater than or equal to {least}")
    if len(value) > most:
        raise _constraint(member, value[:most], f"have length less than or equal to {most}")


def _check_pattern(member: str, value: str, pattern: str) -> None:
    if re.fullmatch(pattern, value, re.ASCII) is None:
        raise _constraint(member, value, f"satisfy regular expression pattern: {pattern}")


def _constraint(member: str, value: str, must: str) -> ValidationError:
    return ValidationError(
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must {must}"
    )
