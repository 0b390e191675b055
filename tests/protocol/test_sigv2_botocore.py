"""botocore signs by Version 2, we verify, and refuse what was tampered with afterwards; and other clients' samples."""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Mapping
from urllib.parse import quote, urlencode

import pytest
from botocore.auth import SigV2Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from ringwall.domain.errors import (
    AuthFailure,
    IncompleteSignature,
    InvalidClientTokenId,
    RequestExpired,
    ServiceError,
)
from ringwall.sigv4.version_2 import FORM_BYTES_MAX, SignedByVersion2, is_version_2, parse_version_2, verify_version_2
from signed import KEY, OTHER_KEY, SECRET, SECRETS, Wire, signed

HOST = "127.0.0.1:4580"
ASKED = {"Action": "DescribeSecurityGroups", "Version": "2014-06-15", "Filter.1.Value.1": "a b+c/d=~*'é&"}
AT = 1_767_323_045
MOMENT = "2026-01-02T03:04:05Z"

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6).map("P{}".format)
forms = st.dictionaries(names, texts, max_size=5)


def sent(method: str, form: Mapping[str, str], host: str = HOST) -> Wire:
    """These parameters in the query of a GET, or in the form of a POST."""
    text = urlencode(form).encode()
    query, body = (text, b"") if method == "GET" else (b"", text)
    return Wire(method, b"/", query, [(b"Host", host.encode())], body)


def by_botocore(method: str, form: Mapping[str, str], host: str = HOST, token: str | None = None) -> dict[str, str]:
    """These parameters with the signature that botocore adds, made now."""
    where = {"params": dict(form)} if method == "GET" else {"data": dict(form)}
    request = AWSRequest(method, f"http://{host}/", **where)
    SigV2Auth(Credentials(KEY, SECRET, token)).add_auth(request)
    return dict(request.params if method == "GET" else request.data)


def by_hand(form: Mapping[str, str], method: str = "POST", host: str = HOST, secret: str = SECRET) -> dict[str, str]:
    """These parameters with whatever of the signature's they lack, and a right signature; from the specification."""
    whole = {"AWSAccessKeyId": KEY, "SignatureMethod": "HmacSHA256", "SignatureVersion": "2"} | dict(form)
    if "Expires" not in whole:
        whole = {"Timestamp": MOMENT} | whole
    pairs = "&".join(f"{quote(name, safe='')}={quote(whole[name], safe='')}" for name in sorted(whole))
    digest = hmac.digest(secret.encode(), f"{method}\n{host.lower()}\n/\n{pairs}".encode(), "sha256")
    return whole | {"Signature": base64.b64encode(digest).decode()}


def accept(request: Wire, now: float = AT) -> SignedByVersion2:
    """What a server does first: the verified claim, or the refusal raised."""
    assert is_version_2(request.query, request.headers, request.body)
    claim = parse_version_2(*request)
    verify_version_2(claim, SECRETS.get(claim.access_key_id), now)
    return claim


@given(
    st.sampled_from(["GET", "POST"]), forms, st.sampled_from([HOST, "localhost", "[::1]:4580", "ec2.example.com:80"])
)
def test_what_botocore_signs_is_accepted(method: str, form: dict[str, str], host: str) -> None:
    form = {"Action": "A"} | form  # botocore takes an empty form for none
    assert accept(sent(method, by_botocore(method, form, host), host), time.time()).access_key_id == KEY


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_our_signature_by_hand_is_botocores(method: str) -> None:
    ours = by_botocore(method, ASKED)
    moment = ours["Timestamp"]
    assert by_hand(ASKED | {"Timestamp": moment}, method) == ours


def test_the_sample_of_the_specification() -> None:
    query = (
        b"Action=DescribeJobFlows&Version=2009-03-31&AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&SignatureVersion=2"
        b"&SignatureMethod=HmacSHA256&Timestamp=2011-10-03T15%3A19%3A30"
        b"&Signature=i91nKc4PWAt0JJIdXwz9HxZCJDdiy6cf%2FMj6vPxyYIs%3D"
    )
    request = Wire("GET", b"/", query, [(b"host", b"elasticmapreduce.amazonaws.com")], b"")
    assert accept(request, 1_317_655_170).signed_at == 1_317_655_170


# --- As old clients send it ---


def test_boto_2_signs_the_host_without_its_port_and_puts_the_signature_last() -> None:
    form = by_hand({"Action": "DescribeSecurityGroups", "Version": "2014-10-01"}, "GET", "127.0.0.1")
    assert list(form)[-1] == "Signature"
    accept(sent("GET", form))
    accept(sent("GET", form, "127.0.0.1"))


def test_net_amazon_ec2_sends_an_empty_token_in_the_form() -> None:
    accept(sent("POST", by_hand({"Action": "CreateSecurityGroup", "Version": "2014-06-15", "SecurityToken": ""})))


@pytest.mark.parametrize(
    "moment", [MOMENT, "2026-01-02T03:04:05", "2026-01-02T03:04:05.000Z", "2026-01-02T04:04:05+01:00"]
)
def test_forms_of_the_timestamp(moment: str) -> None:
    assert accept(sent("POST", by_hand(ASKED | {"Timestamp": moment}))).signed_at == AT


def test_query_and_form_are_one_set_of_parameters() -> None:
    form = by_hand(ASKED)
    query = urlencode({name: form.pop(name) for name in ("Action", "Signature", "AWSAccessKeyId")}).encode()
    accept(sent("POST", form)._replace(query=query))


def test_a_line_end_behind_the_form_is_none_of_it() -> None:
    request = sent("POST", by_hand(ASKED))
    accept(request._replace(body=request.body + b"\r\n"))


# --- Time ---


@pytest.mark.parametrize("seconds", [-900, 0, 900])
def test_fifteen_minutes_either_way_are_in_time(seconds: int) -> None:
    accept(sent("POST", by_hand(ASKED)), AT + seconds)


@pytest.mark.parametrize("seconds", [-901, 901, 86_400])
def test_beyond_fifteen_minutes_is_a_failure_like_any_other(seconds: int) -> None:
    with pytest.raises(AuthFailure, match=r"^AWS was not able to validate the provided access credentials$"):
        accept(sent("POST", by_hand(ASKED)), AT + seconds)


def test_expires_in_place_of_the_timestamp() -> None:
    request = sent("GET", by_hand({**ASKED, "Expires": MOMENT}, "GET"))
    for before in (0, 1, 604_800):
        accept(request, AT - before)
    with pytest.raises(RequestExpired):
        accept(request, AT + 1)
    with pytest.raises(AuthFailure):
        accept(request, AT - 604_801)
    with pytest.raises(AuthFailure):  # a forgery isn't told that it expired
        accept(request._replace(query=request.query.replace(b"Groups", b"GroupX")), AT + 1)


# --- Refused ---


@pytest.mark.parametrize(
    ("changed", "error", "text"),
    [
        ({"SignatureMethod": "HmacSHA1"}, AuthFailure, "HmacSHA256"),
        ({"SignatureMethod": "hmacsha256"}, AuthFailure, "HmacSHA256"),
        ({"SignatureVersion": "1"}, AuthFailure, "Signature Version 4"),
        ({"SignatureVersion": ""}, IncompleteSignature, "parameter SignatureVersion"),
        ({"SignatureMethod": ""}, IncompleteSignature, "parameter SignatureMethod"),
        ({"AWSAccessKeyId": ""}, IncompleteSignature, "parameter AWSAccessKeyId"),
        ({"AWSAccessKeyId": "é"}, IncompleteSignature, "visible ASCII"),
        ({"AWSAccessKeyId": "A" * 129}, IncompleteSignature, "128"),
        ({"Timestamp": "yesterday"}, IncompleteSignature, "YYYY-MM-DDThh:mm:ssZ"),
        ({"Timestamp": "2026-02-30T00:00:00Z"}, IncompleteSignature, "no date"),
        ({"Timestamp": "2026-01-02T03:04:05+99:99"}, IncompleteSignature, "no date"),
        ({"Timestamp": MOMENT, "Expires": MOMENT}, IncompleteSignature, "one of the parameters"),
        ({"SecurityToken": "FwoG"}, InvalidClientTokenId, "security token"),
        ({"Action": "A" * FORM_BYTES_MAX}, IncompleteSignature, "at most 65536 bytes"),
        ({"AWSAccessKeyId": OTHER_KEY}, AuthFailure, "not able to validate"),
        ({"AWSAccessKeyId": "AKIAUNKNOWN"}, AuthFailure, "not able to validate"),
    ],
)
def test_refusals(changed: dict[str, str], error: type[ServiceError], text: str) -> None:
    with pytest.raises(error) as refusal:
        accept(sent("POST", by_hand(ASKED | changed)))
    assert text in refusal.value.message


def test_tampering_is_refused() -> None:
    request = sent("POST", by_hand(ASKED))
    body = request.body
    accept(request)
    tampered = [
        request._replace(method="GET"),
        request._replace(path=b"/x"),
        request._replace(query=b"DryRun=true"),
        request._replace(query=b"Action=DeleteVpc"),
        request._replace(body=body + b"&DryRun=true"),
        request._replace(body=body + b"&Version=2016-11-15"),
        request._replace(body=b"Version=2016-11-15&" + body),
        request._replace(body=body.replace(b"2014-06-15", b"2016-11-15")),
        request._replace(body=body.replace(b"Describe", b"Delete")),
        request._replace(body=body.replace(b"Filter.1", b"Filter.2")),
        request._replace(body=body.replace(b"a+b", b"a++b")),
        request._replace(body=body.replace(b"a+b", b"a%2Bb")),
        request._replace(body=body.replace(b"Timestamp=2026-01-02T03%3A04%3A05", b"Timestamp=2026-01-02T03%3A04%3A06")),
        request._replace(body=body.replace(b"Signature=", b"Signature=A")),
        request._replace(body=body.replace(b"Signature=", b"Signatur=")),
        request._replace(body=body[:-3]),
        request._replace(body=body + b"&"),
        request._replace(headers=[(b"Host", b"127.0.0.1:4581")]),
        request._replace(headers=[(b"Host", b"example.com")]),
        request._replace(headers=[]),
        request._replace(headers=[*request.headers, (b"HOST", b"127.0.0.1:4580")]),
        request._replace(headers=[*request.headers, (b"X-Amz-Security-Token", b"FwoG")]),
    ]
    for changed in tampered:
        assert changed != request
        with pytest.raises(ServiceError):
            accept(changed)


def test_an_unknown_key_is_refused_even_when_signed_with_nothing() -> None:
    for secret in ("", "the secret of every key that doesn't exist"):
        claim = parse_version_2(*sent("POST", by_hand(ASKED | {"AWSAccessKeyId": "AKIAUNKNOWN"}, secret=secret)))
        with pytest.raises(AuthFailure):
            verify_version_2(claim, None, AT)


@pytest.mark.parametrize(
    "request_",
    [
        signed(body=b"Action=DescribeVpcs&AWSAccessKeyId=A"),
        Wire("GET", b"/", b"AWSAccessKeyId=A&X-Amz-Signature=x", [], b""),
        Wire("GET", b"/", b"Action=DescribeVpcs", [], b""),
        Wire("POST", b"/", b"", [], b"XAWSAccessKeyId=A"),
    ],
)
def test_what_is_not_of_version_2(request_: Wire) -> None:
    assert not is_version_2(request_.query, request_.headers, request_.body)


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_junk_is_refused_and_never_an_internal_error(query: bytes, body: bytes) -> None:
    junk = Wire("POST", b"/", b"AWSAccessKeyId=A&Signature=x&" + query, [(b"host", b"h")], body)
    with pytest.raises(ServiceError):
        if is_version_2(junk.query, junk.headers, junk.body):
            verify_version_2(parse_version_2(*junk), None, AT)
        else:
            raise ServiceError
