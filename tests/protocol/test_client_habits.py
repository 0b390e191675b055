"""What real clients send and wait for, each in its exact wire form, to a real server (ec2-behaviour 1, clients)."""

from __future__ import annotations

import re
import secrets
import socket
import xml.etree.ElementTree as ET
from collections.abc import Iterator

import pytest

import botocore_judge as judge
from ringwall.wire import shapes
from serving import Answer, Server, serving
from wire_forms import BOTOCORE, CLIENTS, VERSION_2_CLIENTS, Params, WireClient, exchange, raw, read_answer

ABSENT_GROUP = "sg-0123456789abcdef0"
CALLERS = {client.name: client for client in CLIENTS}
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


@pytest.fixture(scope="module")
def old_server() -> Iterator[Server]:
    """A server that takes Signature Version 2, with a region of its own."""
    with serving("--allow-sigv2", "--region", "eu-west-3") as running:
        yield running


def succeed(server: Server, client: WireClient, action: str, params: Params = ()) -> str:
    """The answer, its frame checked letter by letter."""
    answer = client.call(server, action, params)
    assert answer.status == 200, answer.text
    namespace = f"http://ec2.amazonaws.com/doc/{client.version}/"
    frame = f'{DECLARATION}<{action}Response xmlns="{namespace}">\n    <requestId>'
    assert answer.text.startswith(frame)
    assert answer.text.endswith(f"\n</{action}Response>\n")
    assert answer.headers["content-type"] == "text/xml;charset=UTF-8"
    assert answer.headers["server"] == "AmazonEC2"
    assert f"<requestId>{answer.headers['x-amzn-requestid']}</requestId>" in answer.text
    return answer.text


def assert_refused(answer: Answer, status: int, code: str, message: str) -> None:
    """A refusal letter by letter: compact, without a namespace."""
    request_id = answer.headers["x-amzn-requestid"]
    assert (answer.status, answer.text) == (
        status,
        f"{DECLARATION}<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
        f"<RequestID>{request_id}</RequestID></Response>",
    )


def group_id_of(text: str) -> str:
    return re.findall("<groupId>(sg-[0-9a-f]+)</groupId>", text)[0]


def story(server: Server, client: WireClient) -> None:
    """A group's whole life; every answer that changes something says `true`."""
    name = f"g {secrets.token_hex(4)} &+/="
    created = succeed(server, client, "CreateSecurityGroup", [("GroupName", name), ("GroupDescription", "a b+c")])
    group_id = group_id_of(created)
    rule = [
        ("GroupId", group_id),
        ("IpPermissions.1.IpProtocol", "tcp"),
        ("IpPermissions.1.FromPort", "22"),
        ("IpPermissions.1.ToPort", "22"),
        ("IpPermissions.1.IpRanges.1.CidrIp", "192.0.2.0/24"),
        ("IpPermissions.1.IpRanges.1.Description", "a b"),
    ]
    allowed = succeed(server, client, "AuthorizeSecurityGroupIngress", rule)
    described = succeed(server, client, "DescribeSecurityGroups", [("GroupId.1", group_id)])
    (item,) = ET.fromstring(described).findall(".//{*}securityGroupInfo/{*}item")
    assert item.findtext("{*}groupName") == name
    assert item.findtext("{*}groupDescription") == "a b+c"
    assert item.findtext(".//{*}ipRanges/{*}item/{*}description") == "a b"
    revoked = succeed(server, client, "RevokeSecurityGroupIngress", rule)
    deleted = succeed(server, client, "DeleteSecurityGroup", [("GroupId", group_id)])
    for text in (created, allowed, revoked, deleted):
        assert "\n    <return>true</return>\n" in text
    assert_refused(
        client.call(server, "DeleteSecurityGroup", [("GroupId", group_id)]),
        400,
        "InvalidGroup.NotFound",
        f"The security group '{group_id}' does not exist",
    )


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_a_groups_life_as_each_client_sends_it(server: Server, client: WireClient) -> None:
    story(server, client)


@pytest.mark.parametrize("client", VERSION_2_CLIENTS, ids=lambda client: client.name)
def test_a_groups_life_signed_by_version_2(old_server: Server, client: WireClient) -> None:
    story(old_server, client)


# --- Signature Version 2 ---


@pytest.mark.parametrize("client", VERSION_2_CLIENTS, ids=lambda client: client.name)
def test_version_2_is_off_unless_it_is_asked_for(server: Server, client: WireClient) -> None:
    text = "Signature Version 2 is not supported here; sign with Signature Version 4."
    assert_refused(client.call(server, "DescribeSecurityGroups"), 401, "AuthFailure", text)


def test_version_2_means_the_servers_own_region(old_server: Server) -> None:
    text = succeed(old_server, VERSION_2_CLIENTS[0], "DescribeSecurityGroups", [("GroupName", "default")])
    assert ":eu-west-3:" in text
    (group,) = old_server.client(region="eu-west-3").describe_security_groups(GroupNames=["default"])["SecurityGroups"]
    assert group_id_of(text) == group["GroupId"]


def test_version_2_that_is_wrong_is_told_no_more_than_version_4(old_server: Server) -> None:
    request = VERSION_2_CLIENTS[1].request(
        f"127.0.0.1:{old_server.port}", [("Action", "DescribeVpcs"), ("Version", "2016-11-15")]
    )
    assert exchange(old_server, request).status == 200
    for changed in (
        request.replace(b"DescribeVpcs", b"DescribeTags"),
        re.sub(b"Signature=[^ &]*", b"Signature=AAAA", request),
        re.sub(b"AWSAccessKeyId=[^&]*", b"AWSAccessKeyId=AKIAUNKNOWN", request),
        re.sub(b"Timestamp=20..", b"Timestamp=2019", request),
    ):
        assert changed != request
        answer = exchange(old_server, changed)
        assert_refused(answer, 401, "AuthFailure", "AWS was not able to validate the provided access credentials")


def test_version_2_opens_nothing_but_the_endpoint_of_ec2(old_server: Server) -> None:
    host = f"127.0.0.1:{old_server.port}"
    request = VERSION_2_CLIENTS[1].request(host, [("Action", "ListHosts")])
    for path in (b"/ringwall/v1/hosts", b"/metrics"):
        answer = exchange(old_server, request.replace(b"GET /?", b"GET " + path + b"?"))
        assert (answer.status, answer.json["error"]["code"]) == (401, "AuthFailure")


def test_version_4_is_taken_beside_version_2(old_server: Server) -> None:
    for client in CLIENTS:
        if client.name.startswith("boto-2"):  # whose scope is none: the server's own region
            assert ":eu-west-3:" in succeed(old_server, client, "DescribeSecurityGroups")
        else:
            assert ":us-east-1:" in succeed(old_server, client, "DescribeSecurityGroups")


# --- Action and Version ---


@pytest.mark.parametrize("version", sorted(shapes.EC2_VERSIONS))
def test_the_namespace_echoes_each_version(server: Server, version: str) -> None:
    succeed(server, WireClient("any", version, BOTOCORE.request), "DescribeVpcs")


def test_operations_that_ringwall_does_not_serve(server: Server) -> None:
    for action in sorted(shapes.EC2_OPERATION_NAMES - set(shapes.OPERATIONS))[::97]:
        assert_refused(
            BOTOCORE.call(server, action),
            400,
            "UnsupportedOperation",
            f"The operation {action} is not served by ringwall.",
        )


@pytest.mark.parametrize("action", ["DescribeNothing", "describeVpcs", ":DescribeInstances", "AssumeRole", "ListUsers"])
def test_operations_that_ec2_does_not_have(server: Server, action: str) -> None:
    text = f"The action {action} is not valid for this web service."
    assert_refused(BOTOCORE.call(server, action), 400, "InvalidAction", text)


def sts(server: Server, action: str, version: str = "2011-06-15") -> Answer:
    return WireClient("sts", version, BOTOCORE.request).call(server, action)


@pytest.mark.parametrize(
    ("action", "code", "message"),
    [
        ("AssumeRoleWithSAML", "UnsupportedOperation", "The operation AssumeRoleWithSAML is not served by ringwall."),
        ("GetFederationToken", "UnsupportedOperation", "The operation GetFederationToken is not served by ringwall."),
        ("DescribeVpcs", "InvalidAction", "The action DescribeVpcs is not valid for this web service."),
        ("RunInstances", "InvalidAction", "The action RunInstances is not valid for this web service."),
        ("Nonsense", "InvalidAction", "The action Nonsense is not valid for this web service."),
    ],
)
def test_refusals_of_sts_are_in_its_own_envelope(server: Server, action: str, code: str, message: str) -> None:
    answer = sts(server, action)
    assert (answer.status, answer.text) == (
        400,
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n'
        f"  <Error>\n    <Type>Sender</Type>\n    <Code>{code}</Code>\n    <Message>{message}</Message>\n  </Error>\n"
        f"  <RequestId>{answer.headers['x-amzn-requestid']}</RequestId>\n"
        "</ErrorResponse>\n",
    )
    read = judge.read("GetCallerIdentity", answer.status, answer.body)
    assert (read["Error"]["Code"], read["Error"]["Message"]) == (code, message)


def test_an_operation_of_sts_with_a_version_of_ec2_is_none_of_ec2s(server: Server) -> None:
    text = "The action GetCallerIdentity is not valid for this web service."
    assert_refused(BOTOCORE.call(server, "GetCallerIdentity"), 400, "InvalidAction", text)


def test_a_refused_key_is_told_so_in_stss_envelope_too(server: Server) -> None:
    answer = server.call({"Action": "GetCallerIdentity", "Version": "2011-06-15"}, secret="wrong")
    assert answer.status == 403
    assert answer.text.startswith('<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n')
    assert answer.code == "InvalidClientTokenId"


def test_who_am_i(server: Server) -> None:
    answer = sts(server, "GetCallerIdentity")
    start = (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n  <GetCallerIdentityResult>\n'
    )
    assert answer.text.startswith(start)


def test_other_services_are_refused_so_that_clients_go_on(server: Server) -> None:
    for action, version in (("ListAccountAliases", "2010-05-08"), ("DescribeAutoScalingGroups", "2011-01-01")):
        answer = WireClient("other", version, BOTOCORE.request).call(server, action)
        assert_refused(answer, 400, "InvalidAction", f"The action {action} is not valid for this web service.")


# --- Lists and values ---


def make_group(server: Server) -> str:
    text = succeed(
        server,
        BOTOCORE,
        "CreateSecurityGroup",
        [("GroupName", f"g-{secrets.token_hex(6)}"), ("GroupDescription", "d")],
    )
    return group_id_of(text)


def test_libcloud_counts_from_zero(server: Server) -> None:
    group_id, libcloud = make_group(server), CALLERS["libcloud"]
    params = [("ResourceId.0", group_id), ("Tag.0.Key", "Name"), ("Tag.0.Value", "a&b<c'd+e/f=g é")]
    assert "\n    <return>true</return>\n" in succeed(server, libcloud, "CreateTags", params)
    text = succeed(server, libcloud, "DescribeSecurityGroups", [("GroupId.0", group_id)])
    (value,) = ET.fromstring(text).findall(".//{*}tagSet/{*}item/{*}value")
    assert value.text == "a&b<c'd+e/f=g é"


def test_gaps_and_any_order(server: Server) -> None:
    ids = [make_group(server) for _ in range(3)]
    params = [("GroupId.70", ids[2]), ("GroupId.5", ids[0]), ("GroupId.11", ids[1])]
    text = succeed(server, BOTOCORE, "DescribeSecurityGroups", params)
    found = ET.fromstring(text).findall(".//{*}securityGroupInfo/{*}item/{*}groupId")
    assert {each.text for each in found} == set(ids)
    params = [
        ("Filter.9.Value.3", ids[1]),
        ("Filter.9.Name", "group-id"),
        ("Filter.2.Value.1", "d"),
        ("Filter.9.Value.1", ids[0]),
        ("Filter.2.Name", "description"),
    ]
    text = succeed(server, BOTOCORE, "DescribeSecurityGroups", params)
    found = ET.fromstring(text).findall(".//{*}securityGroupInfo/{*}item/{*}groupId")
    assert {each.text for each in found} == set(ids[:2])


def test_a_bare_group_name_as_perl_sends_it(server: Server) -> None:
    text = succeed(server, CALLERS["perl"], "DescribeSecurityGroups", [("GroupName", "default")])
    (name,) = ET.fromstring(text).findall(".//{*}securityGroupInfo/{*}item/{*}groupName")
    assert name.text == "default"


def test_empty_lists_as_go_sends_them(server: Server) -> None:
    group_id, go = make_group(server), CALLERS["go-v2"]
    rule = [
        ("GroupId", group_id),
        ("IpPermissions.1.FromPort", "443"),
        ("IpPermissions.1.Groups", ""),
        ("IpPermissions.1.IpProtocol", "tcp"),
        ("IpPermissions.1.IpRanges.1.CidrIp", "198.51.100.0/24"),
        ("IpPermissions.1.Ipv6Ranges", ""),
        ("IpPermissions.1.PrefixListIds", ""),
        ("IpPermissions.1.ToPort", "443"),
        ("TagSpecification", ""),
    ]
    assert "<return>true</return>" in succeed(server, go, "AuthorizeSecurityGroupIngress", rule)
    assert "<return>true</return>" in succeed(server, go, "RevokeSecurityGroupIngress", rule[:-1])
    empty = [("GroupId.1", group_id), ("Filter", ""), ("GroupName", "")]
    assert group_id in succeed(server, go, "DescribeSecurityGroups", empty)
    rule_ids = re.findall("sgr-[0-9a-f]{17}", succeed(server, go, "DescribeSecurityGroupRules", [
        ("Filter.1.Name", "group-id"), ("Filter.1.Value.1", group_id), ("SecurityGroupRuleId", ""),
    ]))  # fmt: skip
    params = [("GroupId", group_id), ("IpPermissions", ""), ("SecurityGroupRuleId.1", rule_ids[0])]
    assert "<return>true</return>" in succeed(server, go, "RevokeSecurityGroupEgress", params)


def test_descriptions_answer_return_because_ansible_reads_it(server: Server) -> None:
    group_id = make_group(server)
    rule = [
        ("GroupId", group_id),
        ("IpPermissions.1.IpProtocol", "tcp"),
        ("IpPermissions.1.FromPort", "22"),
        ("IpPermissions.1.ToPort", "22"),
        ("IpPermissions.1.IpRanges.1.CidrIp", "192.0.2.0/24"),
    ]
    for direction in ("Ingress", "Egress"):
        succeed(server, BOTOCORE, f"AuthorizeSecurityGroup{direction}", rule)
        described = [*rule, ("IpPermissions.1.IpRanges.1.Description", "ssh")]
        text = succeed(server, BOTOCORE, f"UpdateSecurityGroupRuleDescriptions{direction}", described)
        assert "\n    <return>true</return>\n" in text


# --- What clients wait for ---


def test_waiters_need_the_refusal_and_filters_the_empty_list(server: Server) -> None:
    for client in CLIENTS:
        answer = client.call(server, "DescribeSecurityGroups", [("GroupId.1", ABSENT_GROUP)])
        text = f"The security group '{ABSENT_GROUP}' does not exist"
        assert_refused(answer, 400, "InvalidGroup.NotFound", text)
    params = [("Filter.1.Name", "group-id"), ("Filter.1.Value.1", ABSENT_GROUP)]
    assert "\n    <securityGroupInfo/>\n" in succeed(server, BOTOCORE, "DescribeSecurityGroups", params)


def test_dry_run_is_the_answer_recorded_from_ec2(server: Server) -> None:
    answer = BOTOCORE.call(server, "DescribeInstances", [("DryRun", "true")])
    assert_refused(answer, 412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.")
    assert len(answer.body) == 251


def test_an_unknown_parameter_as_recorded(server: Server) -> None:
    answer = BOTOCORE.call(server, "DescribeInstances", [("ImageType", "x")])
    assert_refused(answer, 400, "UnknownParameter", "The parameter ImageType is not recognized")


def test_a_probe_without_signature_or_action_is_answered_at_once(server: Server) -> None:
    for target, status in (("/", 400), ("/healthz", 200), ("/readyz", 200)):
        assert exchange(server, raw("GET", target, [("Host", "ringwall")])).status == status


def test_a_connection_serves_one_client_after_another(server: Server) -> None:
    host = f"127.0.0.1:{server.port}"
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        for client in [*CLIENTS[:-1], *CLIENTS]:  # Perl's, which says that it closes, comes last
            for action, status in (("Nonsense", 400), ("DescribeVpcs", 200)):
                if client.name == "perl" and status != 200:
                    continue
                connection.sendall(client.request(host, [("Action", action), ("Version", client.version)]))
                answer = read_answer(connection)
                assert answer.status == status
        assert answer.headers["connection"] == "close"
        assert connection.recv(1) == b""


def test_head_and_body_come_in_one_write(server: Server) -> None:
    host = f"127.0.0.1:{server.port}"
    for action in ("DescribeVpcs", "Nonsense", "DescribeSecurityGroups"):
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            connection.sendall(BOTOCORE.request(host, [("Action", action), ("Version", "2016-11-15")]))
            received = connection.recv(1 << 20)
            head, _, body = received.partition(b"\r\n\r\n")
            assert b"content-length: %d\r\n" % len(body) in head + b"\r\n"
