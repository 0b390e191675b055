"""What a client can send that no client should: the server refuses clearly, stays small, and goes on serving others."""

from __future__ import annotations

import http.client
import re
import secrets
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

import botocore_judge
from ringwall.sigv4.sign import sign
from serving import KEY_ID, SECRET, Answer, Server

SECONDS = 20
VERSION = ("Version", "2016-11-15")
GROWTH_BYTES_MAX = 48 << 20
HEAD = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.fixture(autouse=True)
def _others_are_served(server: Server) -> Iterator[None]:
    """After each test: a good request is answered, nothing broke inside."""
    yield
    assert_serves(server)
    assert server.process.poll() is None
    noise = "".join(server.errors)
    assert "Traceback" not in noise
    assert "internal error" not in noise
    assert "Exception" not in noise


def assert_serves(server: Server) -> None:
    """The server answers a good request."""
    assert server.call([("Action", "DescribeVpcs"), VERSION]).status == 200


def read_fault(answer: Answer, operation: str = "CreateSecurityGroup") -> dict[str, Any]:
    """A refusal as botocore reads it."""
    fault: dict[str, Any] = botocore_judge.read(operation, answer.status, answer.body)["Error"]
    assert fault["Code"] not in ("InternalError", str(answer.status)), answer.text
    return fault


def exchange(server: Server, sent: bytes, *, is_all: bool = True) -> bytes:
    """Everything that the server says to these bytes, until it closes. is_all: tell it that nothing more will come."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) as client:
        client.settimeout(SECONDS)
        try:
            client.sendall(sent)
            if is_all:
                client.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it had enough, and closed; what it said can still be there
        return read_to_end(client)


def read_to_end(client: socket.socket) -> bytes:
    received = b""
    try:
        while piece := client.recv(65536):
            received += piece
    except ConnectionResetError:
        pass
    return received


def status_of(received: bytes) -> int:
    found = re.match(rb"HTTP/1\.1 (\d{3}) ", received)
    assert found, received[:200]
    return int(found.group(1))


def resident_bytes(server: Server) -> int:
    """What the server's process holds in memory."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found.group(1)) << 10


def presigned(server: Server, query: str) -> str:
    """The path of a GET that botocore has signed."""
    request = AWSRequest("GET", f"{server.url}/?{query}")
    SigV4QueryAuth(Credentials(KEY_ID, SECRET), "ec2", "us-east-1", expires=60).add_auth(request)
    return str(request.url).removeprefix(server.url)


# --- Too much ---


@pytest.mark.parametrize("size", [(1 << 20) + 1, 8 << 20])
def test_a_body_over_a_mebibyte(server: Server, size: int) -> None:
    answer = server.call(b"Action=DescribeVpcs&Version=2016-11-15&X=".ljust(size, b"x"))
    assert answer.status == 413
    assert "1048576" in answer.text


def test_a_body_of_a_mebibyte_is_read(server: Server) -> None:
    answer = server.call(b"Action=DescribeVpcs&Version=2016-11-15&X=".ljust(1 << 20, b"x"))
    assert (answer.status, answer.code) == (400, "UnknownParameter")


def test_a_million_parameters(server: Server) -> None:
    pairs = "&".join(f"GroupId.{number}=a" for number in range(1_000_000))
    assert server.call(f"Action=DescribeSecurityGroups&Version=2016-11-15&{pairs}").status == 413


def test_more_than_ten_thousand_parameters(server: Server) -> None:
    pairs = "&".join(f"GroupId.{number}=a" for number in range(10_001))
    answer = server.call(f"Action=DescribeSecurityGroups&Version=2016-11-15&{pairs}")
    assert answer.status == 400
    assert read_fault(answer)["Code"] == "MalformedQueryString"


@pytest.mark.parametrize("index", ["1000000000", "9" * 200, "-1", "0", "1e9", "\u0661"])
def test_a_list_index_costs_what_its_text_costs(server: Server, index: str) -> None:
    before = resident_bytes(server)
    answer = server.call([("Action", "DescribeSecurityGroups"), VERSION, (f"GroupId.{index}", "sg-0123456789abcdef0")])
    assert answer.status == 400
    assert read_fault(answer)["Code"] in ("InvalidGroup.NotFound", "UnknownParameter")
    assert resident_bytes(server) - before < GROWTH_BYTES_MAX


@pytest.mark.parametrize("name", ["A." * 5_000, "A" * 100_000, "." * 1_000, "Filter.1.Value." + "1." * 200])
def test_a_name_that_is_too_long_or_too_deep(server: Server, name: str) -> None:
    assert read_fault(server.call([("Action", "DescribeVpcs"), VERSION, (name, "x")]))["Code"] in (
        "MalformedQueryString",
        "UnknownParameter",
    )


def test_a_query_of_a_hundred_kilobytes(server: Server) -> None:
    path = presigned(server, f"Action=DescribeVpcs&Version=2016-11-15&X={'x' * 100_000}")
    assert server.send("GET", path, {}).status == 431


def test_a_form_of_a_hundred_kilobytes_is_read(server: Server) -> None:
    pairs = [("Filter.1.Name", "tag:x"), *((f"Filter.1.Value.{number}", "y" * 480) for number in range(1, 201))]
    answer = server.call([("Action", "DescribeVpcs"), VERSION, *pairs])
    assert (answer.status, len(answer.body) < 1000) == (200, True)


def test_a_huge_header(server: Server) -> None:
    assert status_of(exchange(server, HEAD + b"X: " + b"x" * 100_000 + b"\r\n\r\n")) == 431
    assert status_of(exchange(server, HEAD + b"X: y\r\n" * 20_000 + b"\r\n")) == 431


def test_memory_stays_bounded_under_all_of_it(server: Server) -> None:
    names = "&".join(f"{number:x}.{number:x}=" for number in range(9_900))
    bodies = [
        b"Action=DescribeVpcs&Version=2016-11-15&X=".ljust(1 << 20, b"%"),
        b"Action=DescribeVpcs&Version=2016-11-15&" + names.encode(),
        b"Action=CreateSecurityGroup&Version=2016-11-15&GroupName=" + b"x" * 900_000,
        b"&" * (1 << 20),
        b"=" * (1 << 20),
    ]
    for body in bodies:
        server.call(body)
    before = resident_bytes(server)
    for _ in range(6):
        for body in bodies:
            assert server.call(body).status == 400
    assert resident_bytes(server) - before < GROWTH_BYTES_MAX


# --- Not what it should be ---


@pytest.mark.parametrize(
    "pair",
    [b"GroupName=%", b"GroupName=%4", b"GroupName=%zz", b"%=x", b"GroupName=%ff", b"GroupName=\xff\xfe", b"\xc3=x",
     b"GroupName=%ed%a0%80", b"GroupName=%c0%80", b"GroupName=%u0041"],
)  # fmt: skip
def test_broken_encodings(server: Server, pair: bytes) -> None:
    answer = server.call(b"Action=CreateSecurityGroup&Version=2016-11-15&GroupDescription=d&" + pair)
    assert answer.status == 400
    assert read_fault(answer)["Code"] == "MalformedQueryString"


@pytest.mark.parametrize("path", ["/?Action=%", "/?%ff=%zz", "/?" + "&" * 500, "/?X-Amz-Signature=%zz", "/?="])
def test_broken_encodings_in_a_query_that_nobody_signed(server: Server, path: str) -> None:
    answer = server.send("GET", path, {})
    assert 400 <= answer.status < 500
    read_fault(answer)


@pytest.mark.parametrize(
    ("pairs", "code", "message"),
    [
        ([("GroupId", "{sg}")] * 2, "InvalidParameterCombination", "The parameter GroupId may only be specified once."),
        (
            [("GroupId", "{sg}"), ("GroupId", "sg-0")],
            "InvalidParameterCombination",
            "The parameter GroupId may only be specified once.",
        ),
        (
            [("Group%49d", "{sg}"), ("GroupId", "{sg}")],
            "InvalidParameterCombination",
            "The parameter GroupId may only be specified once.",
        ),
        (
            [("GroupId", "{sg}"), ("GroupId.1", "{sg}")],
            "InvalidParameterCombination",
            "The parameter GroupId.1 may only be specified once.",
        ),
        (
            [("GroupId", "{sg}"), ("DryRun", "false"), ("DryRun", "true")],
            "InvalidParameterCombination",
            "The parameter DryRun may only be specified once.",
        ),
        (
            [("GroupId", "{sg}"), ("GroupName", "{name}")],
            "InvalidParameterCombination",
            "The parameter groupId cannot be used with the parameter groupName",
        ),
        ([("GroupId.1", "{sg}")], "UnknownParameter", "The parameter GroupId.1 is not recognized"),
        ([("groupId", "{sg}")], "UnknownParameter", "The parameter groupId is not recognized"),
        ([("GroupId", "vpc-0123456789abcdef0")], "InvalidGroupId.Malformed", None),
        ([("GroupId", "sgr-0123456789abcdef0")], "InvalidGroupId.Malformed", None),
        ([("GroupId", "sg-0123456789ABCDEF0")], "InvalidGroupId.Malformed", None),
        ([("GroupId", "")], "InvalidGroupId.Malformed", "The security-group ID '' is malformed"),
        ([("GroupId", "sg-0")], "InvalidGroup.NotFound", "The security group 'sg-0' does not exist"),
    ],
)
def test_a_group_named_twice_or_wrongly_is_not_deleted(
    server: Server, pairs: list[tuple[str, str]], code: str, message: str | None
) -> None:
    group_id = make_group(server)
    (group,) = server.client().describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    form = "&".join(f"{name}={value}" for name, value in pairs).format(sg=group_id, name=group["GroupName"])
    fault = read_fault(server.call(f"Action=DeleteSecurityGroup&Version=2016-11-15&{form}"), "DeleteSecurityGroup")
    assert fault["Code"] == code
    assert message in (None, fault["Message"])
    assert server.client().describe_security_groups(GroupIds=[group_id])["SecurityGroups"] == [group]


def test_ids_of_another_region_are_of_nothing_here(server: Server) -> None:
    there, here = server.client(region="eu-west-1"), server.client()
    vpc_id = there.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]
    subnet_id = there.create_subnet(VpcId=vpc_id, CidrBlock="10.77.1.0/24")["Subnet"]["SubnetId"]
    group_id = there.create_security_group(GroupName="there", Description="d", VpcId=vpc_id)["GroupId"]
    interface_id = there.create_network_interface(SubnetId=subnet_id, Groups=[group_id])["NetworkInterface"][
        "NetworkInterfaceId"
    ]
    list_id = there.create_managed_prefix_list(PrefixListName="l", MaxEntries=1, AddressFamily="IPv4")["PrefixList"][
        "PrefixListId"
    ]
    (rule,) = there.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group_id]}])[
        "SecurityGroupRules"
    ]
    own_group = make_group(server)
    group_rule = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group_id}]}
    list_rule = {"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": list_id}]}
    calls: list[tuple[str, dict[str, Any], str]] = [
        ("describe_security_groups", {"GroupIds": [group_id]}, "InvalidGroup.NotFound"),
        ("delete_security_group", {"GroupId": group_id}, "InvalidGroup.NotFound"),
        ("delete_vpc", {"VpcId": vpc_id}, "InvalidVpcID.NotFound"),
        ("delete_subnet", {"SubnetId": subnet_id}, "InvalidSubnetID.NotFound"),
        ("delete_network_interface", {"NetworkInterfaceId": interface_id}, "InvalidNetworkInterfaceID.NotFound"),
        ("delete_managed_prefix_list", {"PrefixListId": list_id}, "InvalidPrefixListID.NotFound"),
        ("create_security_group", {"GroupName": "g", "Description": "d", "VpcId": vpc_id}, "InvalidVpcID.NotFound"),
        ("create_tags", {"Resources": [group_id], "Tags": [{"Key": "a", "Value": "b"}]}, "InvalidGroup.NotFound"),
        (
            "describe_security_group_rules",
            {"SecurityGroupRuleIds": [rule["SecurityGroupRuleId"]]},
            "InvalidSecurityGroupRuleId.NotFound",
        ),
        (
            "authorize_security_group_ingress",
            {"GroupId": own_group, "IpPermissions": [group_rule]},
            "InvalidGroup.NotFound",
        ),
        (
            "authorize_security_group_ingress",
            {"GroupId": own_group, "IpPermissions": [list_rule]},
            "InvalidPrefixListID.NotFound",
        ),
    ]
    for call, request, code in calls:
        with pytest.raises(ClientError) as caught:
            getattr(here, call)(**request)
        assert caught.value.response["Error"]["Code"] == code, call
    assert there.describe_security_groups(GroupIds=[group_id])["SecurityGroups"]


def test_another_accounts_group_is_of_nothing_here(server: Server) -> None:
    group_id = make_group(server)
    pair = {"GroupId": group_id, "UserId": "999999999999"}
    with pytest.raises(ClientError) as caught:
        server.client().authorize_security_group_ingress(
            GroupId=group_id, IpPermissions=[{"IpProtocol": "-1", "UserIdGroupPairs": [pair]}]
        )
    assert caught.value.response["Error"]["Code"] == "InvalidGroup.NotFound"


HOSTILE = [
    "a\0b",
    "<b>&amp;</b>",
    "]]>",
    "a\x1bb",
    "a\x7fb",
    "\ufffe",
    "\U0001f525",
    "é",
    "a\rb",
    "a\nb\tc",
    "'\"`",
    "%00",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_characters_in_a_group_are_refused_as_ec2_does(server: Server, text: str) -> None:
    for changed in ("GroupName", "GroupDescription"):
        parameters = {"GroupName": "web", "GroupDescription": "d", changed: text}
        answer = server.call([("Action", "CreateSecurityGroup"), VERSION, *parameters.items()])
        assert answer.status == 400
        assert read_fault(answer)["Code"] == "InvalidParameterValue"


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_characters_in_a_rule_and_a_filter_are_read_by_botocore(server: Server, text: str) -> None:
    group_id = make_group(server)
    rule = {
        "Action": "AuthorizeSecurityGroupIngress",
        "Version": "2016-11-15",
        "GroupId": group_id,
        "IpPermissions.1.IpProtocol": "tcp",
        "IpPermissions.1.FromPort": "22",
        "IpPermissions.1.ToPort": "22",
        "IpPermissions.1.IpRanges.1.CidrIp": "192.0.2.0/24",
    }
    for changed in ("IpPermissions.1.IpRanges.1.Description", "IpPermissions.1.IpProtocol", "GroupId", text):
        read_fault(server.call({**rule, changed: text}), "AuthorizeSecurityGroupIngress")
    answer = server.call(
        {"Action": "DescribeVpcs", "Version": "2016-11-15", "Filter.1.Name": text, "Filter.1.Value.1": text}
    )
    read_fault(answer, "DescribeVpcs")
    read_fault(server.call({"Action": text, "Version": "2016-11-15"}))
    read_fault(server.call({"Action": "DescribeVpcs", "Version": text}))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_characters_in_a_tag_come_back_whole_or_are_refused(server: Server, text: str) -> None:
    group_id, ec2 = make_group(server), server.client()
    for tag in ((f"k{text}", "v"), ("k", text)):
        parameters = {"Tag.1.Key": tag[0], "Tag.1.Value": tag[1], "ResourceId.1": group_id}
        answer = server.call({"Action": "CreateTags", "Version": "2016-11-15", **parameters})
        if answer.status != 200:
            assert read_fault(answer, "CreateTags")["Code"] == "InvalidParameterValue"
            assert not text.isprintable()
            continue
        found = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [group_id]}])["Tags"]
        assert (tag[0], tag[1]) in [(item["Key"], item["Value"]) for item in found]


def make_group(server: Server) -> str:
    """A new group in the default VPC."""
    answer = server.client().create_security_group(GroupName=f"g-{secrets.token_hex(6)}", Description="d")
    return str(answer["GroupId"])


# --- Not HTTP, or an odd kind of it ---


@pytest.mark.parametrize(
    "sent",
    [b"\0" * 4096, bytes(range(256)) * 16, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 500,
     b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n",
     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
     b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
     b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n",
     b"CONNECT example.com:443 HTTP/1.1\r\nHost: a\r\n\r\n", b"GET http://[ HTTP/1.1\r\nHost: a\r\n\r\n"],
)  # fmt: skip
def test_what_is_not_http_is_refused_or_closed(server: Server, sent: bytes) -> None:
    received = exchange(server, sent)
    assert received == b"" or 400 <= status_of(received) < 500


def test_a_chunked_request_is_refused(server: Server) -> None:
    body = b"5\r\nhello\r\n0\r\n\r\n"
    received = exchange(server, HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + body)
    assert status_of(received) == 411
    both = exchange(server, HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 15\r\n\r\n" + body)
    assert 400 <= status_of(both) < 500
    assert both.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "OPTIONS", "DELETE", "PATCH", "TRACE"])
def test_other_methods_without_a_signature(server: Server, method: str) -> None:
    begun = time.monotonic()
    answer = server.send(method, "/", {})
    assert answer.status == 400
    assert time.monotonic() - begun < 5
    if method == "HEAD":
        assert answer.body == b""
    else:
        assert read_fault(answer)["Message"] == "The request must contain the parameter AWSAccessKeyId"


def test_a_signed_get_without_an_action(server: Server) -> None:
    answer = server.send("GET", presigned(server, "Version=2016-11-15"), {})
    assert (answer.status, read_fault(answer)["Code"]) == (400, "MissingAction")


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS"])
@pytest.mark.parametrize(
    "path", ["/x", "//", "/healthz/", "/ringwall/v1/", "/../etc/passwd", "/%00", "/%ff", "/é", "*"]
)
def test_unknown_paths(server: Server, method: str, path: str) -> None:
    head = f"{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode()
    assert status_of(exchange(server, head, is_all=False)) in (400, 403, 404)


@pytest.mark.parametrize(
    ("path", "statuses"),
    [
        ("/metrics", {413}),
        ("/ringwall/v1/hosts", {413}),
        ("/healthz", {200}),
        ("/readyz", {200}),
        ("/ringwall/v1/openapi.json", {200}),
        ("/nowhere", {404}),
    ],
)
def test_a_body_over_a_mebibyte_elsewhere(server: Server, path: str, statuses: set[int]) -> None:
    head = f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {2 << 20}\r\n\r\n".encode()
    assert status_of(exchange(server, head + b"x" * (2 << 20), is_all=False)) in statuses


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b"\xff", b"null", b'{"token": 1}', b'{"token": "\\ud800", "hostname": "h", "interfaces": []}',
     b'{"token": "t", "hostname": "h", "interfaces": [1]}', b'{"token": "t", "hostname": "h", "interfaces": {}}',
     b"[" * 100_000, b'{"a":' * 50_000, b"9" * 100_000, b'{"token": "' + b"x" * 500_000 + b'"}',
     b'{"token": "t", "hostname": "\\u0000", "interfaces": [{"device": "d", "mac_address": "m", "addresses": [1]}]}'],
)  # fmt: skip
def test_an_enrolment_that_is_none(server: Server, body: bytes) -> None:
    answer = server.send("POST", "/ringwall/v1/enroll", {"content-type": "application/json"}, body)
    assert answer.status == 400
    assert answer.json["error"]["code"] in ("InvalidParameterValue", "InvalidEnrolmentToken")


def test_pipelined_requests_are_answered_in_order(server: Server) -> None:
    actions = ["DescribeVpcs", "DescribeSubnets", "DescribeTags", "Nonsense"]
    sent = b""
    for action in actions:
        body = f"Action={action}&Version=2016-11-15".encode()
        headers = sign("POST", "h", "/", "", {}, body, KEY_ID, SECRET, "us-east-1", "ec2", time.time())
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        last = "connection: close\r\n" if action == actions[-1] else ""
        sent += f"POST / HTTP/1.1\r\n{head}{last}content-length: {len(body)}\r\n\r\n".encode() + body
    with socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) as client:
        client.sendall(sent)
        received = read_to_end(client)
    places = [
        received.find(mark) for mark in (b"<DescribeVpcsR", b"<DescribeSubnetsR", b"<DescribeTagsR", b"InvalidAc")
    ]
    assert -1 not in places
    assert places == sorted(places)


# --- Half of it ---


@pytest.mark.parametrize(
    "sent",
    [b"", b"P", b"POST / HT", HEAD, HEAD + b"X-Half: a", HEAD + b"Content-Length: 100\r\n\r\n",
     HEAD + b"Content-Length: 100\r\n\r\nAction=Desc", HEAD + b"Content-Length: 100\r\nExpect: 100-continue\r\n\r\n"],
)  # fmt: skip
def test_a_half_sent_request_holds_up_nobody(server: Server, sent: bytes) -> None:
    clients = [socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) for _ in range(20)]
    try:
        for client in clients:
            client.sendall(sent)
        for _ in range(5):
            assert_serves(server)
    finally:
        for client in clients:
            client.close()


def test_a_client_that_goes_before_its_answer(server: Server) -> None:
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) as client:
            client.sendall(b"GET /?Action=DescribeVpcs HTTP/1.1\r\nHost: a\r\n\r\n")


def test_two_hundred_idle_connections(server: Server) -> None:
    assert_serves(server)
    before = resident_bytes(server)
    connections = [http.client.HTTPConnection("127.0.0.1", server.port, timeout=SECONDS) for _ in range(200)]
    try:
        for number, connection in enumerate(connections):
            connection.connect()
            if number % 2:  # idle after a request, and idle before the first
                connection.request("GET", "/healthz")
                assert connection.getresponse().read() == b"ok\n"
        for _ in range(10):
            assert_serves(server)
        assert resident_bytes(server) - before < GROWTH_BYTES_MAX
    finally:
        for connection in connections:
            connection.close()


def test_many_half_sent_bodies_hold_little_memory(server: Server) -> None:
    before = resident_bytes(server)
    clients = [socket.create_connection(("127.0.0.1", server.port), timeout=SECONDS) for _ in range(150)]
    head = HEAD + b"Content-Length: 1048576\r\n\r\n"
    try:
        for client in clients:
            client.settimeout(SECONDS)
            try:
                client.sendall(head + b"x" * 900_000)
            except OSError:
                assert b" 408 " in client.recv(100)  # refused before it was through
        assert_serves(server)
        assert resident_bytes(server) - before < 160 << 20  # of the 135 MB that they sent, half is refused
    finally:
        for client in clients:
            client.close()


def test_a_header_that_cannot_be(server: Server) -> None:
    for value in (
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential=",
        "Bearer x",
        "Basic " + quote("a:b"),
        "\xff\xfe",
        ",",
    ):
        answer = server.send("POST", "/", {"authorization": value, "x-amz-date": "20240101T000000Z"}, b"Action=A")
        assert 400 <= answer.status < 500
        read_fault(answer)
