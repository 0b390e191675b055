"""Whether a change was made is never in doubt: answers that are no answers, servers and people that come between."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import pytest

from losing import LosingProxy
from ringwall.cli.words import codes
from serving import RINGWALL, Server, serving
from terminal import Terminal


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


GATEWAY = b"<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n<body></body></html>\r\n"


def http(status: bytes, body: bytes, kind: bytes = b"text/html") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s" % (status, kind, len(body), body)


RUBBISH = {
    "a gateway's page": http(b"504 Gateway Time-out", GATEWAY),
    "a gateway's JSON": http(b"502 Bad Gateway", b'{"message": "Endpoint request timed out"}', b"application/json"),
    "an error that isn't an object": http(b"500 Internal Server Error", b'{"error": "x"}', b"application/json"),
    "somebody else's JSON": http(b"200 OK", b"{}", b"application/json"),
    "brackets": http(b"200 OK", b"[" * 200_000, b"application/json"),
    "a list": http(b"200 OK", b"[]", b"application/json"),
    "somebody else's XML": http(b"200 OK", b"<AResponse><securityGroupRuleSet/></AResponse>"),
}


def say(server: Server, *words: str, url: str | None = None) -> tuple[int, str, str]:
    """Exit status, output and errors of `ringwall …`."""
    environment = server.environment | ({"AWS_ENDPOINT_URL_EC2": url} if url else {})
    done = subprocess.run(
        [str(RINGWALL), *words], capture_output=True, text=True, env=environment, timeout=60, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def web(server: Server) -> Iterator[str]:
    """A group with one rule."""
    ec2 = server.client()
    group_id = str(ec2.create_security_group(GroupName="web", Description="w")["GroupId"])
    ec2.authorize_security_group_ingress(
        GroupId=group_id, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="10.0.0.0/8"
    )
    yield group_id
    ec2.delete_security_group(GroupId=group_id)


def held(server: Server, group_id: str) -> set[str]:
    """The ingress rules of the group: ports and source."""
    found = server.client().describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group_id]}])
    return {
        f"{rule.get('FromPort')}-{rule.get('ToPort')} {rule.get('CidrIpv4')}"
        for rule in found["SecurityGroupRules"]
        if not rule["IsEgress"]
    }


@pytest.mark.parametrize("answer", RUBBISH.values(), ids=RUBBISH)
@pytest.mark.parametrize(
    ("begins", "has", "words", "after"),
    [
        (b"POST / ", b"Action=Revoke", "revoke web tcp/22 from 10.0.0.0/8", set()),
        (b"POST /ringwall/v1/groups/", b"", "revoke web tcp/22 from 10.0.0.0/8 --on-revoke keep", set()),
        (b"POST /ringwall/v1/changes", b"", "close tcp/22 --from 10.0.0.0/8 --group web --yes", set()),
        (b"POST / ", b"Action=Authorize", "allow web tcp/23 from 10.0.0.0/8", {"22-22 10.0.0.0/8", "23-23 10.0.0.0/8"}),
    ],
    ids=["revoke", "revoke-keep", "close", "allow"],
)
def test_what_is_no_answer_is_asked_about(
    server: Server, web: str, answer: bytes, begins: bytes, has: bytes, words: str, after: set[str]
) -> None:
    with LosingProxy(server, begins, has=has, instead=answer) as proxy:
        status, output, errors = say(server, *words.split(), "--no-wait", url=proxy.url)
    assert proxy.lost == 1
    assert held(server, web) == after
    assert (status, "It was made." in errors) == (codes.DONE, True), (status, output, errors)


def refusal(status: bytes, code: str) -> bytes:
    document = f"<Response><Errors><Error><Code>{code}</Code><Message>No.</Message></Error></Errors></Response>"
    return http(status, document.encode(), b"text/xml")


def test_a_refused_question_says_nothing_of_the_change(server: Server, web: str) -> None:
    """The answer to a revoke is lost, and then the server has enough of being asked."""
    no = refusal(b"403 Forbidden", "UnauthorizedOperation")
    with (
        LosingProxy(server, b"POST / ", 99, has=b"Action=Describe", after=b"Action=Revoke", instead=no) as refusing,
        LosingProxy(refusing, b"POST / ", has=b"Action=Revoke") as losing,
    ):
        status, output, errors = say(server, "revoke", "web", "tcp/22", "from", "10.0.0.0/8", url=losing.url)
    assert (refusing.lost, losing.lost, held(server, web)) == (1, 1, set())
    assert (status, output) == (codes.FAILED, "")
    assert "Whether it was made isn't known: UnauthorizedOperation: No." in errors
    assert f"`ringwall list {web}` shows it" in errors


@pytest.mark.parametrize(
    ("words", "change", "told"),
    [
        ("allow web tcp/23 from 10.0.0.0/8", b"Action=Authorize", "allowed web tcp/23 from 10.0.0.0/8  sgr-"),
        ("revoke web tcp/22 from 10.0.0.0/8", b"Action=Revoke", "revoked web tcp/22 from 10.0.0.0/8  sgr-"),
        ("close tcp/22 --from any --group web --yes", b"POST /ringwall/v1/changes", "closed tcp/22 from any"),
    ],
)
def test_what_is_stored_is_told_though_nothing_more_is_answered(
    server: Server, web: str, words: str, change: bytes, told: str
) -> None:
    with LosingProxy(server, b"", 99, after=change, instead=http(b"200 OK", b"{}")) as proxy:
        status, output, errors = say(server, *words.split(), "--timeout", "0.2", url=proxy.url)
    assert proxy.lost
    assert told in output
    assert status == codes.PARTLY, errors
    assert "It is stored (revision " in errors
    with LosingProxy(server, b"", 99, after=change) as proxy:
        server.client().authorize_security_group_ingress(
            GroupId=web, IpProtocol="tcp", FromPort=24, ToPort=24, CidrIp="10.0.0.0/8"
        )
        again = words.replace("/22", "/24").replace("/23", "/25")
        status, output, errors = say(server, *again.split(), "--timeout", "0.2", "--json", url=proxy.url)
    assert proxy.lost
    assert status == codes.PARTLY, errors
    assert json.loads(output)["in_force"] is None
    assert "It is stored (revision " in errors


def test_a_rule_that_somebody_changes_while_a_close_is_asked_about_stays(server: Server, web: str) -> None:
    """What would be left of the rule that was shown may be more than the rule admits by then."""
    ec2 = server.client()
    wide = {"IpProtocol": "tcp", "FromPort": 0, "ToPort": 65535, "CidrIpv4": "0.0.0.0/0"}
    rule_id = rule_of(server, web)
    ec2.modify_security_group_rules(
        GroupId=web, SecurityGroupRules=[{"SecurityGroupRuleId": rule_id, "SecurityGroupRule": wide}]
    )
    command = [str(RINGWALL), "close", "tcp/22", "--from", "any", "--split", "--group", web]
    with Terminal(command, server.environment) as person:
        person.expect("Remove 1 rule of 1 group and add 2? [y/N]")
        narrow = wide | {"FromPort": 22, "ToPort": 22, "CidrIpv4": "10.0.0.0/8"}
        ec2.modify_security_group_rules(
            GroupId=web, SecurityGroupRules=[{"SecurityGroupRuleId": rule_id, "SecurityGroupRule": narrow}]
        )
        person.type("y\n")
        assert person.end() == codes.REFUSED
    assert held(server, web) == {"22-22 10.0.0.0/8"}
    assert "Somebody else was faster" in person.text


def rule_of(server: Server, group_id: str) -> str:
    """The id of the group's ingress rule."""
    found = server.client().describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group_id]}])
    (rule_id,) = (each["SecurityGroupRuleId"] for each in found["SecurityGroupRules"] if not each["IsEgress"])
    return str(rule_id)


def test_what_somebody_opens_while_a_close_is_asked_about_is_told(server: Server, web: str) -> None:
    ec2 = server.client()
    late = str(ec2.create_security_group(GroupName="late", Description="w")["GroupId"])
    ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "192.0.2.0/24"}
    for groups, opened in (["--group", "web"], web), ([], late):
        ec2.authorize_security_group_ingress(GroupId=web, **ssh | {"CidrIp": "198.51.100.0/24"})
        with Terminal([str(RINGWALL), "close", "tcp/22", "--from", "any", *groups], server.environment) as person:
            person.expect("[y/N]")
            ec2.authorize_security_group_ingress(GroupId=opened, **ssh)
            person.type("y\n")
            assert person.end() == codes.PARTLY
        assert "as was closed  no host" in person.text
        assert "Somebody opened it anew meanwhile: close it once more." in person.text
        assert "Other groups of the same interfaces" not in person.text
        ec2.revoke_security_group_ingress(GroupId=opened, **ssh)
    ec2.delete_security_group(GroupId=late)
