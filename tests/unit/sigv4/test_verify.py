"""Times, keys and refusals; what botocore can judge is in tests/protocol/test_sigv4_botocore.py."""

from __future__ import annotations

import time
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringwall.domain.errors import (
    AuthFailure,
    IncompleteSignature,
    MissingAuthenticationToken,
    RequestExpired,
    ServiceError,
)
from ringwall.sigv4 import verify as verification
from ringwall.sigv4.canonical import decode_query
from ringwall.sigv4.sign import sign
from ringwall.sigv4.verify import SignedRequest, parse_authentication, verify
from signed import KEY, SECRET, Wire, accept, presigned, signed, signed_at, wire

REFUSED = "AWS was not able to validate the provided access credentials"


@pytest.mark.parametrize("seconds", [-900, -1, 0, 900])
def test_fifteen_minutes_either_way_are_in_time(seconds: int) -> None:
    request = signed()
    accept(request, signed_at(request) + seconds)


@pytest.mark.parametrize("seconds", [-86_400, -901, 901, 86_400])
def test_beyond_fifteen_minutes_is_a_failure_like_any_other(seconds: int) -> None:
    request = signed()
    with pytest.raises(AuthFailure) as refusal:
        accept(request, signed_at(request) + seconds)
    assert refusal.value.message == REFUSED


def test_presigned_holds_from_its_date_for_its_seconds() -> None:
    request = presigned(expires=7200)
    at = signed_at(request)
    for seconds in (-900, 0, 901, 7200):
        accept(request, at + seconds)
    with pytest.raises(RequestExpired, match=r"^Request has expired\.$"):
        accept(request, at + 7201)
    with pytest.raises(AuthFailure):
        accept(request, at - 901)


def test_presigned_for_a_second_ends_with_it() -> None:
    request = presigned(expires=1)
    with pytest.raises(RequestExpired):
        accept(request, signed_at(request) + 2)


def test_an_expired_forgery_is_not_told_that_it_expired() -> None:
    request = presigned(expires=1)
    with pytest.raises(AuthFailure):
        accept(request._replace(query=request.query.replace(b"Vpcs", b"Vpc2")), signed_at(request) + 9)


def test_unknown_key_and_wrong_secret_are_refused_alike() -> None:
    claim = parse_authentication(*signed())
    for secret in (None, SECRET + "x", ""):
        with pytest.raises(AuthFailure) as refusal:
            verify(claim, secret, claim.signed_at)
        assert refusal.value.message == REFUSED


def test_an_unknown_key_is_refused_even_when_signed_with_the_stand_in_secret() -> None:
    secret = verification.NOBODYS_SECRET
    sent = sign("GET", "h", "/", "", {}, b"", KEY, secret, "eu-west-1", "ec2", 1e9)
    claim = parse_authentication(*wire("GET", "http://h/", sent, b""))
    verify(claim, secret, 1e9)
    with pytest.raises(AuthFailure):
        verify(claim, None, 1e9)


def test_only_the_services_asked_for() -> None:
    claim = parse_authentication(*signed(service="ec2"))
    verify(claim, SECRET, claim.signed_at, frozenset({"ec2", "sts"}))
    with pytest.raises(AuthFailure):
        verify(claim, SECRET, claim.signed_at, frozenset({"ringwall"}))


def test_the_scope_comes_back_as_it_was_sent() -> None:
    claim = parse_authentication(*signed(region="US-WEST-2", service="127"))
    assert (claim.region, claim.service, claim.access_key_id) == ("US-WEST-2", "127", KEY)


def unsigned(query: bytes = b"", body: bytes = b"", **headers: str) -> Wire:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return wire("POST", "http://localhost/", given, body)._replace(query=query)


@pytest.mark.parametrize(
    ("request_", "error", "text"),
    [
        (unsigned(), MissingAuthenticationToken, "Request is missing Authentication Token"),
        (unsigned(b"Action=DescribeVpcs&Version=2016-11-15"), MissingAuthenticationToken, "Authentication Token"),
        (unsigned(body=b"Action=X&Signature=x"), MissingAuthenticationToken, "Authentication Token"),
        (unsigned(b"Action=X&AWSAccessKeyId=A&SignatureVersion=2&Signature=x"), AuthFailure, "Signature Version 2"),
        (unsigned(body=b"AWSAccessKeyId=A&SignatureVersion=2&Signature=x"), AuthFailure, "Signature Version 2"),
        (unsigned(body=b"Action=X&AWSAccessKeyId=A&SecurityToken="), AuthFailure, "Signature Version 2"),
        (unsigned(authorization="AWS AKIA:c2lnbmF0dXJl"), AuthFailure, "Signature Version 2"),
        (unsigned(authorization="AWS3-HTTPS AWSAccessKeyId=A"), AuthFailure, "Signature Version 2"),
        (unsigned(authorization="Basic dGVzdDp0ZXN0"), IncompleteSignature, "must begin with AWS4-HMAC-SHA256"),
        (unsigned(authorization="AWS4-HMAC-SHA256 Credential=A"), IncompleteSignature, "requires 'SignedHeaders'"),
        (
            unsigned(authorization="AWS4-HMAC-SHA256 Credential=A,SignedHeaders=host,Signature=0"),
            IncompleteSignature,
            "requires existence of either a 'X-Amz-Date' or a 'Date' header",
        ),
        (
            unsigned(authorization="AWS4-HMAC-SHA256 Credential=A,SignedHeaders=host,Signature=0", date="today"),
            IncompleteSignature,
            "must have the form",
        ),
        (
            unsigned(
                authorization="AWS4-HMAC-SHA256 Credential=A/20261301/r/s/aws4_request,SignedHeaders=host,Signature=0",
                date="20261301T000000Z",
            ),
            IncompleteSignature,
            "no date",
        ),
        (
            unsigned(
                authorization=f"AWS4-HMAC-SHA256 Credential=A/20260101/{'r' * 129}/s/aws4_request,"
                "SignedHeaders=host,Signature=0",
                date="20260101T000000Z",
            ),
            IncompleteSignature,
            "Credential must have the form",
        ),
        (unsigned(b"X-Amz-Signature=0"), IncompleteSignature, "must include 'X-Amz-Algorithm'"),
        (unsigned(x_amz_security_token="FwoG"), MissingAuthenticationToken, ""),
        (unsigned(b"X-Amz-Security-Token=FwoG"), IncompleteSignature, "must include 'X-Amz-Algorithm'"),
    ],
)
def test_refusals(request_: Wire, error: type[ServiceError], text: str) -> None:
    with pytest.raises(error) as refusal:
        parse_authentication(*request_)
    assert text in refusal.value.message


@pytest.mark.parametrize(
    ("date", "amz_date"),
    [
        ("20150830T123600Z", "20150830T123600Z"),
        ("Sun, 30 Aug 2015 12:36:00 GMT", "20150830T123600Z"),
        ("Sun, 30 Aug 2015 12:36:00 -0000", "20150830T123600Z"),
    ],
)
def test_both_forms_of_date(date: str, amz_date: str) -> None:
    authorization = "AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws4_request, SignedHeaders=host;date, Signature=0"
    claim = parse_authentication(*unsigned(authorization=authorization, date=date))
    assert (claim.amz_date, claim.signed_at) == (amz_date, 1440938160)


def test_body_hash_in_its_header_must_be_the_bodys() -> None:
    body_hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    accept(signed(body=b"", headers={"X-Amz-Content-Sha256": body_hash}))
    with pytest.raises(AuthFailure):
        accept(signed(body=b"x", headers={"X-Amz-Content-Sha256": body_hash}))


@given(
    st.sampled_from(["GET", "POST"]),
    st.lists(st.text("abc~%4", min_size=1, max_size=4), max_size=3),
    st.dictionaries(st.text("abc", min_size=1), st.text("abc~", max_size=3), max_size=3),
    st.dictionaries(st.text("abc-", min_size=1, max_size=4), st.text("abc  ", max_size=5), max_size=3),
    st.binary(max_size=9),
    st.integers(0, 4_000_000_000),
)
def test_what_our_own_clients_sign_is_accepted(
    method: str, segments: list[str], query: dict[str, str], headers: dict[str, str], body: bytes, now: int
) -> None:
    path = "/" + "/".join(segments)
    text = "&".join(f"{name}={value}" for name, value in query.items())
    sent = sign(method, "[::1]:4580", path, text, headers, body, KEY, SECRET, "us-east-1", "ringwall", now + 0.75)
    raw = [(name.encode(), value.encode()) for name, value in sent.items()]
    claim = accept(Wire(method, path.encode(), text.encode(), raw, body), now)
    assert isinstance(claim, SignedRequest)
    assert (claim.signed_at, claim.service, claim.region) == (now, "ringwall", "us-east-1")
    assert set(headers) <= set(sent)


@pytest.mark.parametrize("path", ["//", "/a//b", "/./", "/a/..", "a", "/a/../b"])
def test_a_path_of_more_than_one_form_is_never_signed(path: str) -> None:
    with pytest.raises(IncompleteSignature):
        sign("GET", "h", path, "", {}, b"", KEY, SECRET, "us-east-1", "ringwall", 0)


# --- What is done before anything is proved ---


@given(st.text("%4aG+=", max_size=20).map(str.encode))
def test_a_percent_sign_that_begins_no_escape_stands_for_itself(text: bytes) -> None:
    name, _, value = text.replace(b"+", b" ").partition(b"=")
    assert decode_query(text) == ({unquote_to_bytes(name): unquote_to_bytes(value)} if text else {})


@pytest.mark.parametrize("text", [b"%", b"%41", b"a%", b"%4", b"a%41"])
def test_a_query_as_long_as_a_head_may_be_is_decoded_at_once(text: bytes) -> None:
    query = text * (64 * 1024 // len(text)) + b"%"
    began = time.process_time()
    for _ in range(10):
        decode_query(query)
    assert time.process_time() - began < 0.5
