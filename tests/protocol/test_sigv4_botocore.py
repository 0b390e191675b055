"""botocore signs, we verify: everything it signs is accepted, and nothing that was tampered with afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl, quote, urlencode

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from ringwall.domain.errors import InvalidClientTokenId, ServiceError
from signed import FORM, KEY, OTHER_KEY, SECRET, Wire, accept, presigned, signed, signed_at, signed_by

values = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
forms = st.dictionaries(names.filter(lambda name: not name.lower().startswith("x-amz-")), values, max_size=5)
paths = st.lists(values.filter(lambda text: text not in ("", ".", "..")), max_size=3).map(
    lambda segments: "/" + "/".join(quote(segment, safe="") for segment in segments)
)
hosts = st.sampled_from(["127.0.0.1:4580", "localhost:4580", "ec2.example.com", "[::1]:4580", "Ringwall"])
visible = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
headers = st.dictionaries(
    st.sampled_from(["Content-Type", "X-AMZ-User-Agent", "x-amz-content", "amz-sdk-request", "Accept", "User-Agent"]),
    visible,
)
scopes = st.sampled_from([("us-east-1", "ec2"), ("0", "127"), ("US-WEST-2", "ec2"), ("eu-west-1", "ringwall")])


def query_of(form: dict[str, str]) -> str:
    return urlencode(form, quote_via=quote, safe="~")


@given(st.sampled_from(["GET", "POST", "PUT"]), hosts, paths, forms, headers, forms, scopes)
def test_header_signature_is_accepted(
    method: str,
    host: str,
    path: str,
    query: dict[str, str],
    extra: dict[str, str],
    form: dict[str, str],
    scope: tuple[str, str],
) -> None:
    region, service = scope
    signer = SigV4Auth(Credentials(KEY, SECRET), service, region)
    url = f"http://{host}{path}?{query_of(query)}"
    # botocore signs the host in lower case, and its HTTP client sends it so.
    request = signed_by(signer, method, url, {"Host": host.lower()} | extra, urlencode(form).encode())
    claim = accept(request)
    assert (claim.access_key_id, claim.region, claim.service) == (KEY, region, service)


@given(hosts, paths, forms, st.integers(1, 604_800))
def test_presigned_query_is_accepted(host: str, path: str, query: dict[str, str], expires: int) -> None:
    signer = SigV4QueryAuth(Credentials(KEY, SECRET), "ec2", "us-east-1", expires)
    request = signed_by(signer, "GET", f"http://{host.lower()}{path}?{query_of(query)}", {}, b"")
    # At the moment of signing: a signature that holds for a second may have ended by the time it is looked at.
    assert accept(request, signed_at(request)).expires_seconds == expires


def test_date_header_in_place_of_x_amz_date() -> None:
    request = signed(headers={"Date": "to be replaced", "Content-Type": FORM})
    assert not [name for name, _ in request.headers if name.lower() == b"x-amz-date"]
    accept(request)


def test_any_casing_and_commas_without_blanks() -> None:
    request = signed(headers={"X-AMZ-Meta": "a   b"})
    shouted = request._replace(headers=[(name.upper(), value) for name, value in request.headers])
    accept(shouted)
    accept(request.with_authorization(b", ", b","))


def test_unsigned_and_harmless_may_change() -> None:
    accept(signed().with_header(b"user-agent", b"another"))
    accept(signed().with_header(b"accept-encoding", b"gzip"))
    accept(signed().with_header(b"x-amzn-trace-id", b"Root=1-5759e988-bd862e3fe1be46a994272793"))


def test_blank_sent_as_plus_and_signed_as_percent_20() -> None:
    request = signed("GET", "http://localhost/?Action=CreateTags&Tag.1.Value=a%20b%2Fc", b"", {})
    accept(request._replace(query=b"Tag.1.Value=a+b%2fc&Action=CreateTags"))


# --- Tampering ---

URL = "http://127.0.0.1:4580/ringwall/v1/hosts?since=7&wait=a%2Fb"


def tampered(request: Wire) -> Iterator[tuple[str, Wire]]:
    """Each part of a request changed, one at a time; parts that both forms of signature have."""
    yield "method", request._replace(method="PUT")
    yield "method in lower case", request._replace(method=request.method.lower())
    for path in (request.path + b"x", request.path + b"/", request.path + b"/x/..", b"/." + request.path, b"/"):
        yield f"path {path!r}", request._replace(path=path)
    yield "path with a doubled slash", request._replace(path=b"/" + request.path)
    yield "path encoded", request._replace(path=request.path.replace(b"o", b"%6f"))
    yield "parameter added", request._replace(query=request.query + b"&DryRun=true")
    yield "parameter doubled", request._replace(query=request.query + b"&since=7")
    yield "parameter given before", request._replace(query=b"since=8&" + request.query)
    yield "parameter changed", request._replace(query=request.query.replace(b"since=7", b"since=8"))
    yield "parameter renamed", request._replace(query=request.query.replace(b"since=", b"Since="))
    yield "parameter dropped", request._replace(query=request.query.replace(b"since=7&", b""))
    yield "parameter encoded twice", request._replace(query=request.query.replace(b"%2F", b"%252F"))
    yield "empty parameter added", request._replace(query=request.query + b"&")
    yield "body changed", request._replace(body=b"Action=DeleteVpc")
    yield "body longer", request._replace(body=request.body + b"&DryRun=false")
    yield "host changed", request.with_header(b"host", b"127.0.0.1:4581")
    yield "host dropped", request.with_header(b"host", None)
    yield "host doubled", request._replace(headers=[*request.headers, (b"host", b"127.0.0.1:4580")])
    yield "session token added", request.with_header(b"x-amz-security-token", b"FwoGZXIvYXdzEXAMPLE")
    yield "empty session token added", request.with_header(b"x-amz-security-token", b"")
    yield "header of the signature's kind added", request.with_header(b"x-amz-target", b"x")
    yield "body hash disclaimed", request.with_header(b"x-amz-content-sha256", b"UNSIGNED-PAYLOAD")


def tampered_header(request: Wire) -> Iterator[tuple[str, Wire]]:
    """What can be changed in the header form besides."""
    yield "body empty", request._replace(body=b"")
    for name in (b"content-type", b"x-amz-date", b"x-amz-meta"):
        value = request.header(name)
        yield f"{name!r} changed", request.with_header(name, value + b"x")
        yield f"{name!r} dropped", request.with_header(name, None)
        yield f"{name!r} doubled", request._replace(headers=[*request.headers, (name.upper(), value)])
    authorization = request.header(b"authorization")
    date = request.header(b"x-amz-date")
    another = b"%08d" % (int(date[:8]) - 1)
    yield "a second earlier", request.with_header(b"x-amz-date", date[:-2] + (b"1Z" if date[-2:] != b"1Z" else b"2Z"))
    yield "a day earlier", request.with_header(b"x-amz-date", another + date[8:])
    yield "scope of a day earlier", request.with_authorization(date[:8], another)
    yield (
        "date and scope of a day earlier",
        request.with_authorization(date[:8], another).with_header(b"x-amz-date", another + date[8:]),
    )
    for old, new in (
        (b"eu-west-1", b"eu-west-2"),
        (b"eu-west-1", b"EU-WEST-1"),
        (b"/ec2/", b"/sts/"),
        (b"eu-west-1/ec2", b"eu-west-1ec2"),
        (b"aws4_request", b"aws4_Request"),
        (KEY.encode(), OTHER_KEY.encode()),
        (KEY.encode(), b"AKIAUNKNOWN"),
        (KEY.encode(), b""),
        (b"AWS4-HMAC-SHA256", b"AWS4-HMAC-SHA1"),
        (b"AWS4-HMAC-SHA256", b"Bearer"),
        (b"AWS4-HMAC-SHA256 ", b""),
        (b"host;", b""),
        (b"content-type;", b""),
        (b";x-amz-meta", b""),
        (b"host;x-amz-date", b"x-amz-date;host"),
        (b"host;", b"host;host;"),
        (b"host;", b"host;;"),
        (b"host;", b"host;user-agent;"),
        (b"host;", b"host;x-absent;"),
        (b"Signature=", b"Signature="[::-1]),
        (b"SignedHeaders", b"signedheaders"),
        (b", Signature", b", Extra=1, Signature"),
        (b", Signature=", b", Signature=00, Signature="),
        (b", Signature", b"; Signature"),
    ):
        yield f"{old!r} to {new!r}", request.with_authorization(old, new)
    signature = authorization.rpartition(b"=")[2]
    for at in range(0, 64, 7):
        for bit in range(8):
            changed = bytearray(signature)
            changed[at] ^= 1 << bit
            yield f"signature {at}.{bit}", request.with_authorization(signature, bytes(changed))
    yield "signature shorter", request.with_authorization(signature, signature[:-1])
    yield "signature longer", request.with_authorization(signature, signature + b"0")
    yield "signature empty", request.with_authorization(signature, b"")
    yield "authorization doubled", request._replace(headers=[*request.headers, (b"AUTHORIZATION", authorization)])
    yield "authorization dropped", request.with_header(b"authorization", None)
    for name in (b"X-Amz-Signature=0", b"x-amz-algorithm=AWS4-HMAC-SHA256", b"X-Amz-Date=20260101T000000Z"):
        yield f"query form too: {name!r}", request._replace(query=request.query + b"&" + name)
    yield "token in the query", request._replace(query=request.query + b"&X-Amz-Security-Token=x")


def tampered_query(request: Wire) -> Iterator[tuple[str, Wire]]:
    """What can be changed in the presigned form besides."""
    query = request.query
    for old, new in (
        (b"X-Amz-Expires=3600", b"X-Amz-Expires=7200"),
        (b"X-Amz-Expires=3600", b"X-Amz-Expires=0"),
        (b"X-Amz-Expires=3600", b"X-Amz-Expires=604801"),
        (b"X-Amz-Expires=3600", b"X-Amz-Expires=-1"),
        (b"X-Amz-Expires=3600", b"X-Amz-Expires=%B2"),
        (b"&X-Amz-Expires=3600", b""),
        (b"eu-west-1", b"eu-west-2"),
        (KEY.encode(), OTHER_KEY.encode()),
        (b"%2Fec2%2F", b"%2Fsts%2F"),
        (b"X-Amz-SignedHeaders=host", b"X-Amz-SignedHeaders="),
        (b"X-Amz-SignedHeaders=host", b"X-Amz-SignedHeaders=host%3Buser-agent"),
        (b"X-Amz-Algorithm", b"x-amz-algorithm"),
        (b"AWS4-HMAC-SHA256", b"AWS4-HMAC-SHA512"),
        (b"X-Amz-Signature=", b"X-Amz-Signature=0"),
        (b"X-Amz-Signature=", b"X-Amz-Signature=&X-Amz-Signature="),
        (b"X-Amz-Signature=", b"x-amz-signature=0&X-Amz-Signature="),
        (b"X-Amz-Date=2", b"X-Amz-Date=1"),
        (b"X-Amz-Signature", b"Signature"),
    ):
        assert old in query
        yield f"{old!r} to {new!r}", request._replace(query=query.replace(old, new))
    yield "header form too", request.with_header(b"authorization", signed().header(b"authorization"))
    yield "token", request._replace(query=query + b"&X-Amz-Security-Token=x")
    yield "body added", request._replace(method="POST", body=b"Action=DeleteVpc")


def refused(cases: Callable[[Wire], Iterator[tuple[str, Wire]]], request: Wire) -> int:
    """The number of cases, all of which must be refused."""
    accept(request)
    accepted, changes = [], list(cases(request))
    for name, changed in changes:
        assert changed != request, name
        try:
            accept(changed)
        except ServiceError as refusal:
            assert refusal.message
        else:
            accepted.append(name)
    assert accepted == []
    return len(changes)


def test_tampering_with_a_header_signature_is_refused() -> None:
    request = signed(url=URL, headers={"Content-Type": FORM, "User-Agent": "x", "X-Amz-Meta": "7"})
    assert refused(tampered, request) + refused(tampered_header, request) > 120


def test_tampering_with_a_presigned_query_is_refused() -> None:
    request = presigned(URL)
    assert refused(tampered, request) + refused(tampered_query, request) > 40


TOKEN = "v1:FwoGZXIvYXdzEXAMPLE_-=="
TEMPORARY = Credentials(KEY, SECRET, TOKEN)


def temporary(method: str = "POST") -> Wire:
    body = b"Action=DescribeVpcs"
    return signed_by(SigV4Auth(TEMPORARY, "ec2", "eu-west-1"), method, URL, {"Content-Type": FORM}, body)


def temporary_presigned() -> Wire:
    return signed_by(SigV4QueryAuth(TEMPORARY, "ec2", "eu-west-1", 3600), "GET", URL, {}, b"")


@pytest.mark.parametrize("request_", [temporary(), temporary_presigned()])
def test_a_session_token_is_read_where_it_is_signed(request_: Wire) -> None:
    assert accept(request_, signed_at(request_)).session_token == TOKEN
    assert accept(signed()).session_token is None


def tampered_token(request: Wire) -> Iterator[tuple[str, Wire]]:
    """What can be done to a signed session token."""
    name, other = b"x-amz-security-token", TOKEN.encode()[:-4] + b"AA=="
    for value in (None, b"", other, TOKEN.encode() + b"A", TOKEN.encode().upper()):
        yield f"header {value!r}", request.with_header(name, value)
    yield "header doubled", request._replace(headers=[*request.headers, (name.upper(), TOKEN.encode())])
    yield "no longer signed", request.with_authorization(b";x-amz-security-token", b"")
    for more in (TOKEN.encode(), other, b""):
        yield "in the query too", request._replace(query=request.query + b"&X-Amz-Security-Token=" + more)
    moved = request.with_header(name, None)
    yield "in the query instead", moved._replace(query=request.query + b"&X-Amz-Security-Token=" + TOKEN.encode())
    yield "in the form instead", moved._replace(body=request.body + b"&X-Amz-Security-Token=" + TOKEN.encode())


def tampered_token_in_query(request: Wire) -> Iterator[tuple[str, Wire]]:
    """What can be done to the signed session token of a presigned query."""
    parameter = b"X-Amz-Security-Token=" + quote(TOKEN, safe="").encode()
    assert parameter in request.query
    for value in (b"", b"&", parameter[:-6], parameter + b"A", parameter + b"&" + parameter, parameter.lower()):
        yield f"query {value!r}", request._replace(query=request.query.replace(parameter, value))
    header = (b"x-amz-security-token", TOKEN.encode())
    yield "in a header too", request._replace(headers=[*request.headers, header])
    without = request._replace(query=request.query.replace(b"&" + parameter, b""))
    yield "in a header instead", without._replace(headers=[*request.headers, header])


def test_tampering_with_a_session_token_is_refused() -> None:
    assert refused(tampered_token, temporary()) >= 12
    assert refused(tampered_token_in_query, temporary_presigned()) >= 8


@pytest.mark.parametrize("token", ["ä", "a b", "a\tb", ""])
def test_a_session_token_that_cannot_be(token: str) -> None:
    text = token.encode("latin-1").decode("latin-1")
    signer = SigV4Auth(Credentials(KEY, SECRET), "ec2", "eu-west-1")
    request = signed_by(signer, "POST", URL, {"X-Amz-Security-Token": text}, b"")
    with pytest.raises(InvalidClientTokenId):
        accept(request)


PIECES = ["a", "b", "=", "&", "+", "%20", "%2F", "%2f", "/", "%2B", "%2b", "~", "%7E", "%61", "%", "%%", "%3D", "%26"]


@given(st.lists(st.sampled_from(PIECES), max_size=8), st.data())
@settings(max_examples=300)
def test_an_accepted_query_means_what_was_signed(sent: list[str], data: st.DataObject) -> None:
    changed = list(sent)
    for at in data.draw(st.sets(st.integers(0, max(len(sent) - 1, 0)), max_size=min(2, len(sent)))):
        changed[at] = data.draw(st.sampled_from(PIECES))
    changed = data.draw(st.permutations("".join(changed).split("&")))
    request = signed("GET", "http://localhost/?" + "".join(sent), b"", {})
    try:
        accept(request)
        accept(request._replace(query="&".join(changed).encode()))
    except ServiceError:
        return
    assert meaning("&".join(changed)) == meaning("".join(sent))


def meaning(query: str) -> list[tuple[str, str]]:
    return sorted(parse_qsl(query, keep_blank_values=True, encoding="latin-1"))


@given(st.binary(max_size=20), st.binary(max_size=20), st.binary(max_size=200), st.binary(max_size=20))
def test_junk_is_refused_and_never_an_internal_error(path: bytes, query: bytes, value: bytes, name: bytes) -> None:
    request = signed()
    for junk in (
        request._replace(path=path + b"x"),
        request._replace(query=query + b"x"),
        request.with_header(b"authorization", value),
        request.with_header(b"authorization", b"AWS4-HMAC-SHA256 " + value),
        request.with_header(b"x-amz-date", value),
        request.with_header(b"x-amz-" + name, value),
        request._replace(query=b"X-Amz-Signature=x&X-Amz-Credential=" + value, headers=[]),
    ):
        with pytest.raises(ServiceError):
            accept(junk)
