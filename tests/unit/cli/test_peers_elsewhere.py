"""Rules that name groups which aren't among the account's own: gone, or another account's."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from ringwall.cli.words import codes
from serving import RINGWALL, Server, serving

PORTS = {"IpProtocol": "tcp", "FromPort": 0, "ToPort": 65535}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture(scope="module")
def peered(server: Server) -> tuple[str, str]:
    """Two VPCs with a connection between them."""
    ec2 = server.client()
    here, there = (str(ec2.create_vpc(CidrBlock=each)["Vpc"]["VpcId"]) for each in ("10.1.0.0/16", "10.2.0.0/16"))
    asked = ec2.create_vpc_peering_connection(VpcId=here, PeerVpcId=there)["VpcPeeringConnection"]
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=asked["VpcPeeringConnectionId"])
    return here, there


@pytest.fixture
def gone(server: Server, peered: tuple[str, str]) -> Iterator[str]:
    """The id of a group of the other VPC that a rule of the group `web` names, and that is there no more."""
    ec2 = server.client()
    web, app = (
        str(ec2.create_security_group(GroupName=name, Description="w", VpcId=vpc)["GroupId"])
        for name, vpc in zip(("web", "app"), peered, strict=True)
    )
    ec2.authorize_security_group_ingress(GroupId=web, IpPermissions=[PORTS | {"UserIdGroupPairs": [{"GroupId": app}]}])
    ec2.delete_security_group(GroupId=app)
    yield app
    ec2.delete_security_group(GroupId=web)


def say(server: Server, *words: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [str(RINGWALL), *words], env=server.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def line_of(server: Server, gone: str) -> str:
    _, listed, _ = say(server, "list")
    (line,) = (each.strip() for each in listed.splitlines() if f"from {gone}" in " ".join(each.split()))
    return line


def test_the_line_of_a_rule_that_names_a_group_which_is_gone_revokes_it(server: Server, gone: str) -> None:
    status, output, errors = say(server, "revoke", line_of(server, gone), "--no-wait")
    assert (status, output.startswith("revoked web tcp/0-65535 from sg-")) == (codes.DONE, True), errors


def test_its_words_do_so_too(server: Server, gone: str) -> None:
    words = line_of(server, gone).partition(" sgr-")[0].split()
    assert say(server, "revoke", *words[:1], "tcp/22", *words[2:])[0] == codes.NOTHING
    status, output, errors = say(server, "revoke", *words, "--no-wait")
    assert (status, output.startswith("revoked web tcp/0-65535 from sg-")) == (codes.DONE, True), errors


def test_a_pattern_is_no_id(server: Server, gone: str) -> None:
    """Filters of EC2 take patterns; somebody who names a rule to be revoked doesn't mean any."""
    words = line_of(server, gone).partition(" sgr-")[0].split()
    for group, peer in ("sg-*", words[3]), (words[0], "sg-?" + gone[4:]), (words[0], "sg-*"):
        status, output, errors = say(server, "revoke", group, words[1], "from", peer)
        assert (status, output) == (codes.NOTHING, ""), errors
        assert "is named" in errors


def test_what_is_closed_to_it_is_closed(server: Server, gone: str) -> None:
    web = line_of(server, gone).split()[0]
    status, output, errors = say(server, "close", "tcp", "--from", gone, "--group", web, "--yes", "--no-wait")
    assert (status, f"closed tcp/0-65535 from {gone}" in output) == (codes.DONE, True), errors
