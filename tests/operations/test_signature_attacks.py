"""What somebody may try who sees or sends requests and has no key, or only a host's: none of it gets anything done.

The signature itself, part by part, is in tests/protocol and tests/unit/sigv4; here it is what a server makes of bytes.
"""

from __future__ import annotations

import re
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from posixpath import normpath
from urllib.parse import quote, urlencode

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

import botocore_judge as judge
from enrolled import Host, enrol
from operations_given import given
from ringwall.operations.table import OPERATIONS
from ringwall.server.api import ROUTES
from ringwall.sigv4.sign import sign
from serving import KEY_ID, SECRET, Answer, Server

SECONDS = 20
FORM = "application/x-www-form-urlencoded"
Headers = list[tuple[str, str]]


class Capture:
    """A request of the operator's that somebody has seen, and what they would rather have sent."""

    def __init__(self, server: Server, seconds_ago: float = 0.0) -> None:
        self.authority = f"127.0.0.1:{server.port}"
        name = f"victim-{secrets.token_hex(4)}"
        self.group_id = str(server.client().create_security_group(GroupName=name, Description="d")["GroupId"])
        self.body = b"Action=DescribeVpcs&Version=2016-11-15"
        self.wanted = f"Action=DeleteSecurityGroup&Version=2016-11-15&GroupId={self.group_id}".encode()
        signed = sign(
            "POST", self.authority, "/", "", {"content-type": FORM}, self.body, KEY_ID, SECRET, "us-east-1", "ec2",
            time.time() - seconds_ago,
        )  # fmt: skip
        self.headers: Headers = [("Host", self.authority), *((n, v) for n, v in signed.items() if n.lower() != "host")]
        self.authorization = next(value for name, value in self.headers if name.lower() == "authorization")
        request = AWSRequest("GET", f"http://{self.authority}/?Action=DescribeVpcs&Version=2016-11-15")
        SigV4QueryAuth(Credentials(KEY_ID, SECRET), "ec2", "us-east-1", expires=60).add_auth(request)
        self.presigned = str(request.url).partition("?")[2]

    def without(self, *names: str) -> Headers:
        """The headers without those."""
        return [(name, value) for name, value in self.headers if name.lower() not in names]

    def authorized(self, old: str, new: str) -> Headers:
        """The headers with another text in the Authorization, where `old` must stand."""
        assert old in self.authorization
        return [*self.without("authorization"), ("Authorization", self.authorization.replace(old, new))]


def message(line: str, headers: Headers, body: bytes, *, length: bool = True) -> bytes:
    """A request as it goes over the wire, byte for byte."""
    counted = [("Content-Length", str(len(body)))] if length else []
    head = "".join(f"{name}: {value}\r\n" for name, value in [*headers, *counted])
    return f"{line} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body


def exchange(server: Server, sent: bytes, answers: int = 1, patience: float = SECONDS) -> bytes:
    """All that the server says to it, until it closes.

    It is told that nothing more comes once there are so many answers, or when it has said nothing for `patience`
    seconds, as it does while it waits for the rest of a request. It closes then: what it hasn't answered is lost.
    """
    with socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) as client:
        client.sendall(sent)
        client.settimeout(patience)
        received, has_ended = b"", False
        while True:
            try:
                piece = client.recv(65_536)
            except TimeoutError:
                assert not has_ended, "the server neither answers nor closes"
                piece = b" "
            except ConnectionResetError:
                return received
            if not piece:
                return received
            received += piece
            if not has_ended and (piece == b" " or len(statuses(received)) >= answers):
                has_ended = True
                client.settimeout(SECONDS)
                with suppress(OSError):
                    client.shutdown(socket.SHUT_WR)


def statuses(received: bytes) -> list[int]:
    """Of the answers that came."""
    return [int(each) for each in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]


def attacks(seen: Capture) -> Iterator[tuple[str, bytes]]:
    """Each with the bytes that are sent."""
    own, wanted, post = seen.headers, seen.wanted, "POST /"
    its_hash = sha256(wanted).hexdigest()
    yield "another body", message(post, own, wanted)
    yield "another body and its hash", message(post, [*own, ("X-Amz-Content-Sha256", its_hash)], wanted)
    yield "a body that nobody vouches for", message(post, [*own, ("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")], wanted)
    yield (
        "a body in signed pieces",
        message(post, [*own, ("X-Amz-Content-Sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")], wanted),
    )
    yield "no signature", message(post, [("Host", seen.authority), ("Content-Type", FORM)], wanted)
    yield "another method", message("PUT /", own, wanted)
    yield "another method said in a header", message(post, [*own, ("X-HTTP-Method-Override", "PUT")], wanted)

    signature = seen.authorization.rpartition("=")[2]
    for name, forged in (
        ("nothing", ""), ("noughts", "0" * 64), ("half", signature[:32]), ("all but one", signature[:-1]),
        ("capitals", signature.upper()), ("more", signature + "0"), ("backwards", signature[::-1]),
        ("random", secrets.token_hex(32)), ("a NUL", signature[:-1] + "\0"), ("a list", f"{signature} {signature}"),
    ):  # fmt: skip
        yield (
            f"signature: {name}",
            message(post, seen.authorized(f"Signature={signature}", f"Signature={forged}"), wanted),
        )
        if name != "capitals" or signature != forged:
            headers = seen.authorized(f"Signature={signature}", f"Signature={forged}")
            yield f"signature: {name}, body as it was", message(post, headers, seen.body)
    yield "downgraded to SHA1", message(post, seen.authorized("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"), wanted)
    yield "downgraded to nothing", message(post, seen.authorized("AWS4-HMAC-SHA256", "none"), wanted)
    yield "upgraded", message(post, seen.authorized("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), wanted)
    old = [*seen.without("authorization"), ("Authorization", f"AWS {KEY_ID}:{signature}")]
    yield "downgraded to version 2 in the header", message(post, old, wanted)
    for method in ("HmacSHA256", "HmacSHA1"):
        pairs = {
            "AWSAccessKeyId": KEY_ID, "SignatureVersion": "2", "SignatureMethod": method, "Signature": "x",
            "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }  # fmt: skip
        yield (
            f"downgraded to version 2, {method}",
            message(post, [("Host", seen.authority)], wanted + b"&" + urlencode(pairs).encode()),
        )

    twice = ("Authorization", "Basic YTpi")
    yield "two authorizations, the right one last", message(post, [twice, *own], wanted)
    yield "two authorizations, the right one first", message(post, [*own, twice], seen.body)
    yield "the same authorization twice", message(post, [*own, ("AUTHORIZATION", seen.authorization)], seen.body)
    yield "both forms at once", message(f"POST /?{seen.presigned}", own, seen.body)
    yield "a bit of the other form", message("POST /?X-Amz-Signature=0", own, seen.body)
    yield (
        "a proxy's authorization",
        message(post, [*seen.without("authorization"), ("Proxy-Authorization", seen.authorization)], wanted),
    )

    listed = re.search("SignedHeaders=([^,]*)", seen.authorization)
    assert listed
    names = listed.group(1).split(";")
    yield "headers in another order", message(post, seen.authorized(";".join(names), ";".join(names[::-1])), seen.body)
    for name in names:
        fewer = ";".join(each for each in names if each != name)
        yield f"{name} not signed", message(post, seen.authorized(";".join(names), fewer), seen.body)
    yield "no header signed", message(post, seen.authorized(";".join(names), ""), seen.body)

    for text in (quote(seen.group_id), seen.group_id.replace("-", "%2d")):
        smuggled = f"/?Action=DeleteSecurityGroup&Version=2016-11-15&GroupId={text}"
        yield f"parameters in the query too: {text}", message(f"POST {smuggled}", own, seen.body)
        yield f"parameters in the query, no form: {text}", message(f"POST {smuggled}", own, b"")
        yield f"a presigned query and more: {text}", message(f"GET /?{seen.presigned}&{smuggled[2:]}", own[:1], b"")
        yield f"more and a presigned query: {text}", message(f"GET {smuggled}&{seen.presigned}", own[:1], b"")
    yield "a presigned query with a form", message(f"POST /?{seen.presigned}", own[:1], wanted)
    yield "a presigned query behind ;", message(f"GET /?{seen.presigned.replace('&', ';')}", own[:1], b"")
    for path in ("//", "/./", "/x/..", "/%2e", "/%2F", "/;x", "/?", "/#x", "/%00", "/\\", "*"):
        yield f"path {path}", message(f"POST {path}", own, wanted)

    folded = seen.authorization.replace(", SignedHeaders", ",\r\n SignedHeaders")
    yield "a folded line", message(post, [*seen.without("authorization"), ("Authorization", folded)], wanted)
    yield (
        "a folded host",
        message(post, [("Host", f"{seen.authority}\r\n\texample.org"), *seen.without("host")], seen.body),
    )
    yield (
        "a header in a value",
        message(post, [*seen.without("authorization"), ("X", f"y\rAuthorization: {seen.authorization}")], wanted),
    )
    yield (
        "a blank before the colon",
        message(post, [*seen.without("authorization"), ("Authorization ", seen.authorization)], wanted),
    )
    more = (f"{seen.authority}, example.org", f"{seen.authority}.", f"x@{seen.authority}", f"{seen.authority}/")
    for host in ("example.org", "127.0.0.1", "", *more):
        yield f"host {host}", message(post, [("Host", host), *seen.without("host")], seen.body)
    yield "two hosts", message(post, [*own, ("Host", "example.org")], seen.body)
    yield "the host doubled", message(post, [*own, ("host", seen.authority)], seen.body)
    yield "no host", message(post, seen.without("host"), seen.body)
    yield (
        "another host forwarded",
        message(
            post, [("Host", "example.org"), ("X-Forwarded-Host", seen.authority), *seen.without("host")], seen.body
        ),
    )
    yield "an absolute target", message(f"POST http://{seen.authority}/", own, wanted)

    inner = message(post, [("Host", seen.authority), ("Content-Type", FORM)], wanted)
    chunked = b"0\r\n\r\n" + inner
    yield "two lengths", message(post, [*own, ("Content-Length", "0")], seen.body + inner)
    yield "a length and chunks", message(post, [*own, ("Transfer-Encoding", "chunked")], chunked)
    yield "chunks alone", message(post, [*own, ("Transfer-Encoding", "chunked")], chunked, length=False)
    for coding in ("xchunked", "chunked, identity", "identity, chunked", " chunked", "\x0bchunked", "CHUNKED"):
        yield f"coding {coding!r}", message(post, [*own, ("Transfer-Encoding", coding)], chunked)
    yield "a blank before the colon of the coding", message(post, [*own, ("Transfer-Encoding ", "chunked")], chunked)
    for length in ("+0", "-1", "0x0", "0, 0", "1e1", " ", "38 38", "9" * 30):
        lengths = [*own, ("Content-Length", length)]
        yield f"length {length!r}", message(post, lengths, inner, length=False)


def test_no_forged_or_smuggled_request_is_carried_out(server: Server) -> None:
    seen = Capture(server)
    assert statuses(exchange(server, message("POST /", seen.headers, seen.body))) == [200], "what was seen is right"
    assert statuses(exchange(server, message(f"GET /?{seen.presigned}", seen.headers[:1], b""))) == [200]
    succeeded, tried = [], 0
    for name, sent in attacks(seen):
        tried += 1
        found = statuses(exchange(server, sent, patience=2))
        if any(status < 400 for status in found):
            succeeded.append((name, found))
    assert succeeded == []
    assert tried > 90
    assert len(server.client().describe_security_groups(GroupIds=[seen.group_id])["SecurityGroups"]) == 1
    noise = "".join(server.errors)
    assert "Traceback" not in noise
    assert "internal error" not in noise


def test_the_same_connection_proves_nothing_for_the_next_request(server: Server) -> None:
    seen = Capture(server)
    right = message("POST /", seen.headers, seen.body)
    unsigned = message("POST /", [("Host", seen.authority), ("Content-Type", FORM)], seen.wanted)
    reused = message("POST /", seen.headers, seen.wanted)
    found = statuses(exchange(server, right + unsigned + right + reused, answers=4))
    assert len(found) == 4, "a refusal leaves the connection open"
    assert (found[0], found[2]) == (200, 200)
    assert all(status >= 400 for status in (found[1], found[3]))
    assert server.client().describe_security_groups(GroupIds=[seen.group_id])["SecurityGroups"]


@pytest.mark.parametrize("seconds", [-86_400, -903, 903, 86_400, 365 * 86_400])
def test_a_request_is_worth_nothing_outside_its_quarter_of_an_hour(server: Server, seconds: float) -> None:
    seen = Capture(server, seconds)
    received = exchange(server, message("POST /", seen.headers, seen.body))
    assert statuses(received) == [401]
    assert b"<Code>AuthFailure</Code>" in received


def test_a_request_may_be_sent_again_in_that_time_and_means_the_same(server: Server) -> None:
    # Signature Version 4 has no nonce; TLS keeps others from seeing what could be sent again.
    seen = Capture(server, 890)
    for _ in range(3):
        assert statuses(exchange(server, message("POST /", seen.headers, seen.body))) == [200]


def test_a_presigned_request_ends_with_its_time(server: Server) -> None:
    request = AWSRequest("GET", f"{server.url}/?Action=DescribeVpcs&Version=2016-11-15")
    SigV4QueryAuth(Credentials(KEY_ID, SECRET), "ec2", "us-east-1", expires=1).add_auth(request)
    path = str(request.url).removeprefix(server.url)
    deadline = time.monotonic() + SECONDS
    while (answer := server.send("GET", path, {})).status == 200:
        assert time.monotonic() < deadline
    assert answer.code == "RequestExpired"


@pytest.mark.parametrize(
    ("query", "form"),
    [
        ("Action=DeleteSecurityGroup&GroupId={sg}", "Action=DescribeVpcs"),
        ("Action=DescribeVpcs", "Action=DeleteSecurityGroup&GroupId={sg}"),
        ("Action=DeleteSecurityGroup&GroupId=sg-0", "GroupId={sg}"),
        ("Action=DeleteSecurityGroup&Group%49d={sg}", "GroupId={sg}"),
        ("Action=DeleteSecurityGroup&DryRun=true", "GroupId={sg}&DryRun=false"),
        ("Action=DeleteSecurityGroup", "GroupId={sg}&Action=DescribeVpcs"),
        ("", "Action=DescribeVpcs&Action=DeleteSecurityGroup&GroupId={sg}"),
        ("", "Action=DescribeVpcs&%41ction=DeleteSecurityGroup&GroupId={sg}"),
        ("", "Action=DescribeVpcs&action=DeleteSecurityGroup&GroupId={sg}"),
    ],
)
def test_what_is_said_twice_is_refused_though_it_is_signed(server: Server, query: str, form: str) -> None:
    seen = Capture(server)
    query, body = query.format(sg=seen.group_id), f"Version=2016-11-15&{form.format(sg=seen.group_id)}".encode()
    headers = sign(
        "POST",
        seen.authority,
        "/",
        query,
        {"content-type": FORM},
        body,
        KEY_ID,
        SECRET,
        "us-east-1",
        "ec2",
        time.time(),
    )
    answer = server.send("POST", f"/?{query}" if query else "/", headers, body)
    assert answer.status == 400, answer.text
    assert server.client().describe_security_groups(GroupIds=[seen.group_id])["SecurityGroups"]


# --- What a refusal tells ---


def told(answer: Answer) -> tuple[int, dict[str, str], str]:
    """All of an answer but what is of this one alone: its request id and its time."""
    headers = {name: value for name, value in answer.headers.items() if name not in ("date", "x-amzn-requestid")}
    return answer.status, headers, re.sub("[0-9a-f]{8}-[0-9a-f-]{27}", "ID", answer.text)


def test_an_unknown_key_a_wrong_secret_and_a_key_that_is_off_get_one_answer(server: Server) -> None:
    host = enrol(server)
    user = server.api("POST", "/ringwall/v1/users", {"name": f"u{secrets.token_hex(4)}"})
    assert user.status == 201, user.text
    name = user.json["name"]
    keys = [server.api("POST", f"/ringwall/v1/users/{name}/keys", {}).json for _ in range(2)]
    off = keys[1]["access_key_id"]
    assert server.api("PUT", f"/ringwall/v1/keys/{off}", {"active": False}).status == 200
    ways = [
        {"key_id": "AKIANOBODYNOBODYNOBO"},
        {"key_id": KEY_ID, "secret": "wrong"},
        {"key_id": host.key_id, "secret": "wrong"},
        {"key_id": keys[0]["access_key_id"], "secret": "wrong"},
        {"key_id": off, "secret": "wrong"},
        {"key_id": off, "secret": keys[1]["secret_access_key"]},
        {"now": time.time() - 1_000},
    ]
    who = [("Action", "GetCallerIdentity"), ("Version", "2011-06-15")]
    for ask in (
        lambda way: server.call([("Action", "DescribeVpcs"), ("Version", "2016-11-15")], **way),
        lambda way: server.call(who, **{"service": "sts"} | way),
        lambda way: server.api("GET", "/ringwall/v1/hosts", **way),
    ):
        usable = ways[:-1] if ask(ways[-1]).status == 200 else ways  # `api` signs with the time that it is
        answers = [told(ask(way)) for way in usable]
        assert answers.count(answers[0]) == len(answers), answers
        assert answers[0][0] >= 400


# --- A host's key ---


@pytest.fixture(scope="module")
def host(server: Server) -> Host:
    return enrol(server)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_a_hosts_key_calls_no_operation(server: Server, host: Host, name: str) -> None:
    """Of all that the table has; a new one can't be forgotten."""
    shape = judge.model(name).input_shape
    dry = [{}, {"DryRun": True}] if shape is not None and "DryRun" in shape.members else [{}]
    for extra in dry:
        body = judge.form(judge.flat(name, given(name) | extra))
        answer = server.call(body, service=judge.service_of(name), **host.key)
        if name == "GetCallerIdentity":
            assert (answer.status, host.instance_id in answer.text) == (200, True)
            continue
        assert answer.status == 403, answer.text
        assert answer.code in ("UnauthorizedOperation", "AccessDenied")


ITS_OWN = {"Watch", "Report"}


@pytest.mark.parametrize(
    ("method", "path", "action"), sorted({(method, path, action) for method, path, action, _ in ROUTES})
)
def test_a_hosts_key_calls_no_route_but_its_own(
    server: Server, host: Host, method: str, path: str, action: str
) -> None:
    named = re.sub(r"\{[a-z]+\}", host.instance_id, path)
    content = None if method in ("GET", "DELETE") else {"name": "x", "mode": "enforce", "yes": True}
    if action in ITS_OWN:
        if action == "Watch":
            return  # a stream of its own host: tests/operations/test_watched.py
        assert server.api(method, named, content, **host.key).status in (200, 400, 403)
        return
    answer = server.api(method, named, content, **host.key)
    assert (answer.status, answer.json["error"]["code"]) == (403, "UnauthorizedOperation"), answer.text


@pytest.mark.parametrize(
    "path",
    ["/ringwall/v1/%68osts", "/ringwall/v1/hosts/", "/RINGWALL/v1/hosts", "/ringwall/v1/report/../hosts",
     "/ringwall/v1/report%2F..%2Fhosts", "//ringwall/v1/hosts", "/ringwall//v1/hosts", "/ringwall/v1/hosts%00",
     "/ringwall/v1/hosts;x", "/ringwall/v1/./hosts", "/ringwall%2Fv1%2Fhosts", "/healthz/../ringwall/v1/hosts",
     "/ringwall/v1/hosts%2F{host}%2Fmode", "/ringwall/v1/hosts/{host}%2Fmode"],
)  # fmt: skip
def test_no_spelling_of_a_path_gets_around_the_gate(server: Server, host: Host, path: str) -> None:
    path, body = path.format(host=host.instance_id), b'{"mode": "enforce", "yes": true}'
    for method in ("GET", "PUT"):
        # Signed as the specification's signers would: dots and doubled slashes are gone, the rest is as it is sent.
        for signed_path in {normpath(path).replace("//", "/"), "/ringwall/v1/report"}:
            headers = sign(
                method, f"127.0.0.1:{server.port}", signed_path, "", {}, body, host.key_id, host.secret, "us-east-1",
                "ringwall", time.time(),
            )  # fmt: skip
            with_its_key = server.send(method, path, headers, body)
            assert with_its_key.status in (400, 401, 403, 404, 405), with_its_key.text
        unsigned = server.send(method, path, {}, body)
        assert unsigned.status in (400, 401, 403, 404, 405), unsigned.text
    assert server.api("GET", f"/ringwall/v1/hosts/{host.instance_id}").json["mode"] == "observe"


def test_a_host_answers_and_reports_for_nobody_else(server: Server, host: Host) -> None:
    other = enrol(server)
    shown = server.api("GET", f"/ringwall/v1/hosts/{other.instance_id}").json
    answered = server.api("POST", "/ringwall/v1/answers/0123456789abcdef", {"answer": {}}, **host.key)
    assert (answered.status, answered.json) == (200, {"taken": False})
    for parameter in ("host", "host_id", "instance_id", "InstanceId"):
        path = f"/ringwall/v1/addresses?{parameter}={other.instance_id}"
        content = {"interfaces": [], parameter: other.instance_id}
        server.api("POST", path, content, **host.key)
    assert server.api("GET", f"/ringwall/v1/hosts/{other.instance_id}").json == shown
