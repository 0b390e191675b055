"""Calls: on the wire what botocore sends, of each fault what botocore says. The server is a recorder on loopback."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, HTTPClientError
from botocore.exceptions import ClientError as TheirFault
from botocore.parsers import ResponseParserError

from certificates import make_pair
from recorder import HANG, VPCS, Recorder, Request, answer, fault, recording
from ringwall.client.call import Client
from ringwall.client.errors import ClientError, NoAnswer, NoCredentials, ServiceFault, SettingsFault, Unreachable
from ringwall.client.settings import read_settings
from ringwall.client.transport import HEAD_BYTES_MAX, INTERIM_MAX

KEY = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "eu-west-1"}
FILTERS = {"Filters": [{"Name": "tag:Name", "Values": ["a b", "c/d~&=é"]}]}


@pytest.fixture(autouse=True)
def nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key, and nothing else of AWS or of proxies in the environment."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name, value in {
        **KEY,
        "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_RETRY_MODE", "legacy")


def botocore_calls(url: str | None, parameters: dict[str, Any], **settings: Any) -> None:
    """One call of botocore's with the same environment."""
    session = botocore.session.Session()
    verify = settings.pop("verify", None)
    if settings.pop("is_signed", True) is False:
        settings["signature_version"] = botocore.UNSIGNED
    client = session.create_client("ec2", endpoint_url=url, verify=verify, config=Config(**settings))
    with closing(client):
        client.describe_vpcs(**parameters)


def we_call(url: str | None, parameters: dict[str, Any], **options: Any) -> dict[str, Any]:
    waits: list[float] = []
    given = options if url is None else {"endpoint_url": url, **options}
    client = Client(read_settings(given), wait=waits.append, random=lambda: 0.0)
    return client.call("DescribeVpcs", parameters).value


def comparable(request: Request) -> dict[str, Any]:
    """A request without what differs from one to the next, and from their name to ours."""
    headers = []
    for name, value in request.headers:
        if name in ("User-Agent", "X-Amz-Date", "amz-sdk-invocation-id"):
            value = "…"
        elif name == "Authorization":
            value = re.sub(r"/[0-9]{8}/|Signature=[0-9a-f]{64}$", "…", value)
        headers.append((name, value))
    return {**vars(request), "headers": headers}


def both(recorder: Recorder) -> tuple[dict[str, Any], dict[str, Any]]:
    theirs, ours = recorder.requests
    return comparable(theirs), comparable(ours)


@pytest.mark.parametrize("path", ["", "/", "/x", "/x/y/?a=b&c=%20d", "/%41~", "/a%2Fb"])
@pytest.mark.parametrize("token", [None, "token/+="])
def test_the_request_is_botocores_byte_for_byte(monkeypatch: pytest.MonkeyPatch, path: str, token: str | None) -> None:
    if token is not None:
        monkeypatch.setenv("AWS_SESSION_TOKEN", token)
    with recording() as recorder:
        botocore_calls(recorder.url + path, FILTERS)
        we_call(recorder.url + path, FILTERS)
        theirs, ours = both(recorder)
    assert ours == theirs


def test_the_signature_is_botocores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Theirs is made anew for the moment at which ours was made."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    with recording() as recorder:
        we_call(f"{recorder.url}/a%2Fb?x=y", FILTERS)
        (ours,) = recorder.requests
    signed = {name: value for name, value in ours.headers if name in ("Content-Type", "X-Amz-Security-Token")}
    request = AWSRequest(
        "POST", f"{recorder.url}/a%2Fb?x=y", {**signed, "X-Amz-Date": ours.header("X-Amz-Date")}, ours.body
    )
    request.context["timestamp"] = ours.header("X-Amz-Date")
    signer = SigV4Auth(Credentials("AKIDEXAMPLE", "secret", "token"), "ec2", "eu-west-1")
    text = signer.string_to_sign(request, signer.canonical_request(request))
    assert ours.header("Authorization").endswith(f"Signature={signer.signature(text, request)}")  # type: ignore[union-attr]


def test_a_request_without_a_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with recording() as recorder:
        botocore_calls(recorder.url, {}, is_signed=False)
        we_call(recorder.url, {}, no_sign_request=True)
        theirs, ours = both(recorder)
    assert ours == theirs
    with pytest.raises(NoCredentials) as refused:
        we_call(recorder.url, {})
    assert refused.value.exit_status == 253


# --- Proxies ---


@pytest.mark.parametrize(
    "proxy", ["http://user:p%40ss@127.0.0.1:{port}", "127.0.0.1:{port}", "http://user@127.0.0.1:{port}"]
)
def test_a_proxy_is_asked_for_http_as_botocore_asks(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    with recording() as recorder:
        monkeypatch.setenv("HTTP_PROXY", proxy.format(port=recorder.port))
        botocore_calls("http://ec2.example:8080/x", {})
        we_call("http://ec2.example:8080/x", {})
        theirs, ours = both(recorder)
    assert ours["start"] == "POST http://ec2.example:8080/x HTTP/1.1"
    assert ours == theirs


@pytest.mark.parametrize("region", ["eu-west-1", "cn-north-1", "us-gov-west-1"])
def test_amazons_endpoints_get_through_a_proxy_what_botocore_sends_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, region: str
) -> None:
    host = f"ec2.{region}.amazonaws.com{'.cn' if region.startswith('cn') else ''}"
    pair = make_pair(tmp_path, "amazon", hosts=(host,))
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    with recording(pair=pair) as recorder:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:pass@127.0.0.1:{recorder.port}")
        botocore_calls(None, FILTERS, verify=str(pair))
        we_call(None, FILTERS, ca_bundle=str(pair))
        theirs, ours = both(recorder)
    assert ours["tunnel"].startswith(f"CONNECT {host}:443 HTTP/1.")
    assert ("Host", host) in ours["headers"]
    for each in (theirs, ours):
        each["tunnel"] = each["tunnel"].partition(" HTTP")[0]  # 1.0 or 1.1, by the version of Python
        each["tunnel_headers"] = [pair for pair in each["tunnel_headers"] if pair[0] != "Host"]
    assert ours == theirs


def test_a_proxy_that_refuses_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with recording(proxy_answer=b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n") as recorder:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:pass@127.0.0.1:{recorder.port}")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        with pytest.raises(Unreachable) as refused:
            we_call(None, {})
    assert str(refused.value) == f'Failed to connect to proxy URL: "http://***:***@127.0.0.1:{recorder.port}"'
    assert not refused.value.was_sent
    assert "407" in str(refused.value.reason)


# --- TLS ---


def test_tls_trusts_in_the_bundle_alone(tmp_path: Path) -> None:
    pair, other = make_pair(tmp_path, "right"), make_pair(tmp_path, "wrong")
    with recording(pair=pair, is_tls=True) as recorder:
        assert we_call(recorder.url, {}, ca_bundle=str(pair)) == {"Vpcs": []}
        assert we_call(recorder.url, {}, no_verify_ssl=True) == {"Vpcs": []}
        for bundle in (None, str(other)):
            with pytest.raises(Unreachable) as refused:
                we_call(recorder.url, {}, **({"ca_bundle": bundle} if bundle else {}))
            said = f"SSL validation failed for {recorder.url}/ [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify"
            assert str(refused.value).startswith(said)
            assert not refused.value.was_sent
        with pytest.raises(Unreachable, match="Hostname mismatch"):
            we_call(recorder.url.replace("127.0.0.1", "localhost"), {}, ca_bundle=str(pair))
        with pytest.raises(SettingsFault, match="can't be read as certificates"):
            we_call(recorder.url, {}, ca_bundle="/nonexistent.pem")


# --- Answers that are none ---

CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    + b"%x;x=y\r\n%s\r\n" % (10, VPCS[:10])
    + b"%X\r\n%s\r\n0\r\nTrailer: x\r\n\r\n" % (len(VPCS) - 10, VPCS[10:])
)


@pytest.mark.parametrize(
    "told",
    [
        answer(),
        CHUNKED,
        b"HTTP/1.1 200 OK\r\n\r\n" + VPCS,
        b"HTTP/1.0 200\r\n\r\n" + VPCS,
        b"HTTP/1.1 100 Continue\r\n\r\n" + answer(),
        b"HTTP/1.1 200 OK\ncontent-length: %d\n\n%s" % (len(VPCS), VPCS),
    ],
)
def test_every_form_of_an_answer_is_read(told: bytes) -> None:
    with recording(told) as recorder:
        assert we_call(recorder.url, {}) == {"Vpcs": []}
        botocore_calls(recorder.url, {})


RUBBISH = {
    "nothing": b"",
    "half a status line": b"HTTP/1.1 2",
    "no status line": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "no number": b"HTTP/1.1 abc OK\r\n\r\n",
    "half a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n<Desc",
    "a line too long": b"HTTP/1.1 200 OK\r\nX: " + b"x" * (HEAD_BYTES_MAX + 10) + b"\r\n\r\n",
}
# botocore takes these for whole answers, or waits for the rest of them.
OUR_OWN = {
    "half a body": b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<Desc",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "no end of a line": b"HTTP/1.1 200 OK\r\nX: " + b"x" * (2 * HEAD_BYTES_MAX),
    "too many headers": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * HEAD_BYTES_MAX + b"\r\n",
    "announcements without end": b"HTTP/1.1 100 Continue\r\n\r\n" * (INTERIM_MAX + 1) + answer(),
    "no length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
    "a length beyond all": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
    "no size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "no header": b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n",
    "a chunk without an end": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n",
}


@pytest.fixture
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No retries."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")


@pytest.mark.usefixtures("once")
@pytest.mark.parametrize("kind", [*RUBBISH, *OUR_OWN])
def test_rubbish_is_told_as_botocore_tells_it(kind: str) -> None:
    with recording(RUBBISH.get(kind) or OUR_OWN.get(kind, b"")) as recorder:
        with pytest.raises(Unreachable) as ours:
            we_call(recorder.url, {})
        closed = f'Connection was closed before we received a valid response from endpoint URL: "{recorder.url}/".'
        assert (str(ours.value), ours.value.was_sent) == (closed, True)
        if kind in RUBBISH:
            with pytest.raises(HTTPClientError) as theirs:
                botocore_calls(recorder.url, {})
            assert str(theirs.value) == closed


@pytest.mark.usefixtures("once")
@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b"\x16\x03\x01 no text", b"<DescribeVpcsResponse>"])
def test_a_document_that_cant_be_read_was_sent_for(body: bytes) -> None:
    with recording(answer(body)) as recorder:
        with pytest.raises(NoAnswer) as ours:
            we_call(recorder.url, {})
        assert (type(ours.value), ours.value.was_sent, ours.value.exit_status) == (NoAnswer, True, 255)
        assert len(recorder.requests) == 1, "another attempt would send a change twice"
        if body != b"<html>Bad gateway</html>":
            with pytest.raises(ResponseParserError) as theirs:
                botocore_calls(recorder.url, {})
            assert str(ours.value) == str(theirs.value)


@pytest.fixture
def deaf() -> Iterator[int]:
    """A port that takes connections into its queue, and nobody reads from them."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.mark.usefixtures("once")
def test_whoever_isnt_there_or_says_nothing(deaf: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    places = [
        f"http://127.0.0.1:{port}",
        "http://name.invalid/",
        f"http://127.0.0.1:{deaf}/",
        f"https://127.0.0.1:{deaf}",
    ]
    for url in places:
        with pytest.raises(NoAnswer) as ours:
            we_call(url, {}, cli_read_timeout=1, cli_connect_timeout=1)
        with pytest.raises(BotoCoreError) as theirs:
            botocore_calls(url, {}, read_timeout=1, connect_timeout=1)
        assert str(ours.value) == str(theirs.value)
        assert ours.value.was_sent == (url == places[2])


@pytest.mark.usefixtures("once")
def test_tls_spoken_to_who_speaks_none_and_the_other_way(tmp_path: Path) -> None:
    pair = make_pair(tmp_path, "pair")
    with recording(greeting=b"220 ready\r\n") as plain, recording(pair=pair, is_tls=True) as tls:
        for url in (plain.url.replace("http:", "https:"), tls.url.replace("https:", "http:")):
            with pytest.raises(NoAnswer) as ours:
                we_call(url, {}, ca_bundle=str(pair))
            with pytest.raises(BotoCoreError) as theirs:
                botocore_calls(url, {}, verify=str(pair))
            assert str(ours.value).partition("(_ssl.c")[0] == str(theirs.value).partition("(_ssl.c")[0]


# --- Refusals and retries ---


@pytest.mark.parametrize("mode", ["legacy", "standard"])
@pytest.mark.parametrize("attempts", ["1", "3"])
@pytest.mark.parametrize(
    "told",
    [
        [fault("InvalidVpcID.NotFound")],
        [fault("RequestLimitExceeded", "503 Slow", "Date: Sun, 22 Nov 2026 11:21:45 GMT")],
        [fault("InternalError", "500 Internal"), fault("InvalidVpcID.NotFound")],
        [b"", fault("InvalidVpcID.NotFound")],
        [answer(b"", "503 Away"), answer(b"<html>", "502 Bad"), answer(b"<Response/>", "504 Late")],
    ],
)
def test_refusals_and_retries_are_botocores(
    monkeypatch: pytest.MonkeyPatch, mode: str, attempts: str, told: list[bytes]
) -> None:
    monkeypatch.setenv("AWS_RETRY_MODE", mode)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", attempts)
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)  # theirs waits by the clock
    with recording(*told) as recorder:
        with pytest.raises((TheirFault, BotoCoreError)) as theirs:
            botocore_calls(recorder.url, {})
        count = len(recorder.requests)
        recorder.answers = list(told)
        with pytest.raises(ClientError) as ours:
            we_call(recorder.url, {})
    assert str(ours.value) == str(theirs.value)
    assert len(recorder.requests) == 2 * count
    sent = [[request.header("amz-sdk-request") for request in half] for half in _halves(recorder.requests)]
    if mode == "legacy":
        assert [re.sub("ttl=[^;]*; ", "", text or "") for text in sent[0]] == sent[1]
    assert len({request.header("amz-sdk-invocation-id") for request in recorder.requests[count:]}) == 1
    if isinstance(ours.value, ServiceFault):
        assert ours.value.exit_status == 254


def _halves(requests: list[Request]) -> tuple[list[Request], list[Request]]:
    middle = len(requests) // 2
    return requests[:middle], requests[middle:]


def test_a_retry_waits_and_succeeds() -> None:
    waits: list[float] = []
    with recording(b"", fault("Throttling"), answer()) as recorder:
        client = Client(read_settings({"endpoint_url": recorder.url}), wait=waits.append, random=lambda: 0.5)
        assert client.call("DescribeVpcs", {}).value == {"Vpcs": []}
    assert waits == [0.5, 1.0]


@pytest.mark.parametrize(
    ("first", "is_sent_again"),
    [
        (b"", False),
        (HANG, False),
        (fault("InternalError", "500 Internal"), False),
        (fault("RequestLimitExceeded", "503 Slow"), True),
        (fault("Throttling"), True),
    ],
)
def test_what_may_have_been_done_isnt_sent_again_unless_wanted(first: bytes, is_sent_again: bool) -> None:
    with recording(first, answer()) as recorder:
        settings = read_settings({"endpoint_url": recorder.url, "cli_read_timeout": 1})
        client = Client(settings, is_lost_retried=False, wait=lambda _: None)
        if is_sent_again:
            assert client.call("DescribeVpcs", {}).value == {"Vpcs": []}
        else:
            with pytest.raises(ClientError):
                client.call("DescribeVpcs", {})
        assert len(recorder.requests) == 1 + is_sent_again


def test_debug_shows_no_secret(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "tokentoken")
    with recording() as recorder:
        we_call(recorder.url, {}, debug=True)
    said = capsys.readouterr().err
    assert "Action=DescribeVpcs" in said
    assert "200 OK" in said
    assert not re.search("tokentoken|Signature=|secret", said)
