"""A server, or whoever names things there, that would like to write on the operator's screen or fill their memory."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import pytest

from enrolled import enrol
from losing import LosingProxy
from serving import RINGWALL, Server, serving


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as running:
        enrol(running)
        ec2 = running.client()
        web = ec2.create_security_group(GroupName="web", Description="w")["GroupId"]
        ec2.authorize_security_group_ingress(GroupId=web, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="10.0.0.0/8")
        ec2.create_managed_prefix_list(
            PrefixListName="office", MaxEntries=1, AddressFamily="IPv4", Entries=[{"Cidr": "10.0.0.0/8"}]
        )
        yield running


def poisoned(answer: bytes) -> bytes:
    """The answer with control codes behind every text in it: of a terminal's eight-bit kind in XML, which takes no
    others, and Escape in JSON."""
    head, _, body = answer.partition(b"\r\n\r\n")
    if body.startswith(b"{"):
        body = re.sub(rb'(: ?"|\[")([^"]*)"', rb'\1\2\\u001b]0;owned\\u0007\\n"', body)
    else:
        body = re.sub(rb">((?!true<|false<)[^<>\s0-9][^<>]*)</", rb">\1&#x9b;31m&#x85;&#x202e;</", body)
    head = re.sub(rb"(?i)content-length: \d+", b"Content-Length: %d" % len(body), head)
    return head + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    "words",
    [
        "list", "list web", "show web", "hosts", "status", "host list", "user list", "role list", "policy list",
        "account list", "key list", "log", "blame web", "why sgr-0123456789abcdef0", "wait --timeout 0.1", "doctor",
        "revoke web tcp/23 from office", "revoke web tcp/22 from 10.0.0.0/8 --dry-run", "revoke sgr-0123456789abcdef0",
        "allow web tcp/24 from office --dry-run", "close tcp/22 --from any --dry-run",
        "close all --from any --split --yes",
        "allow web tcp/24 from 10.0.0.0/8 --timeout 0.1 --yes", "revoke web tcp/22 from 10.0.0.0/8 --timeout 0.1 --yes",
        "completion --names things", "completion --names peers",
    ],
)  # fmt: skip
def test_control_codes_of_a_server_never_reach_the_screen(server: Server, words: str) -> None:
    with LosingProxy(server, b"", 999, instead=poisoned) as proxy:
        done = subprocess.run(
            [str(RINGWALL), *words.split()], capture_output=True, text=True, timeout=60, check=False,
            env=server.environment | {"AWS_ENDPOINT_URL_EC2": proxy.url}, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert proxy.lost
    written = done.stdout + done.stderr
    assert "Traceback" not in written
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", written), written
