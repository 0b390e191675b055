"""A flood of requests that prove no key: it learns nothing, and keeps nobody out who shares its address."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from enrolled import new_token, use_token
from ringwall.server.throttle import FAILURES
from serving import Answer, Server, serving

ACTION = {"Action": "DescribeVpcs", "Version": "2016-11-15"}
TIMES = int(FAILURES.capacity) + 400
"""More than come back while they are sent."""


def flood(send: Callable[[], Answer]) -> Answer:
    """The answer to the first failure that wasn't told its reason."""
    for _ in range(TIMES):
        answer = send()
        if answer.status == 503:
            return answer
    raise AssertionError(f"{TIMES} failures were all told their reason")


def counted(server: Server, name: str) -> float:
    """A metric's value."""
    found = re.search(rf"^{name} (\S+)$", server.api("GET", "/metrics").text, re.MULTILINE)
    return float(found.group(1)) if found else 0.0


def test_a_flood_hears_one_answer_and_a_right_key_from_its_address_still_works() -> None:
    with serving() as server:
        told = [
            flood(lambda: server.call(ACTION, secret="wrong")),
            flood(lambda: server.call(ACTION, key_id="AKIANOBODY")),
            flood(lambda: server.send("POST", "/", {}, b"Action=DescribeVpcs&Version=2016-11-15")),
            flood(lambda: server.call(ACTION, now=1_000_000.0)),
        ]
        assert {answer.code for answer in told} == {"RequestLimitExceeded"}
        assert {answer.message for answer in told} == {"Request limit exceeded."}
        in_json = flood(lambda: server.api("GET", "/ringwall/v1/hosts", secret="wrong"))
        assert in_json.json["error"] == {"code": "RequestLimitExceeded", "message": "Request limit exceeded."}

        for _ in range(20):  # in the middle of it
            flood(lambda: server.call(ACTION, secret="wrong"))
            assert server.call(ACTION).status == 200
            assert server.api("GET", "/ringwall/v1/hosts").status == 200
        assert use_token(server, new_token(server)).status == 201
        limited, failed = (
            counted(server, f"ringwall_authentication_failures_{name}") for name in ("limited_total", "total")
        )
        assert limited >= 25
        assert failed >= limited + FAILURES.capacity


def test_wrong_enrolment_tokens_count_with_the_rest_and_a_right_one_is_taken() -> None:
    with serving() as server:
        token = new_token(server)
        answer = flood(lambda: use_token(server, f"rw1.{'A' * 43}.-"))
        assert answer.json["error"] == {"code": "RequestLimitExceeded", "message": "Request limit exceeded."}
        assert use_token(server, token).status == 201


@pytest.mark.parametrize("service", ["ec2", "sts"])
def test_each_service_says_it_in_its_own_envelope(service: str) -> None:
    from botocore.exceptions import ClientError

    with serving() as server:
        client = server.client(service, secret="wrong")
        for _ in range(20):  # a failure comes back every 200 ms, which a slow machine may take between the two
            flood(lambda: server.call(ACTION, secret="wrong"))
            with pytest.raises(ClientError) as caught:
                client.describe_vpcs() if service == "ec2" else client.get_caller_identity()
            if "Request limit exceeded" in str(caught.value):
                break
        assert caught.value.response["Error"]["Code"] == "RequestLimitExceeded"
        assert caught.value.response["Error"]["Message"] == "Request limit exceeded."


def test_without_a_throttle_every_failure_hears_its_reason() -> None:
    with serving("--throttle", "none") as server:
        assert {server.call(ACTION, secret="wrong").code for _ in range(TIMES)} == {"AuthFailure"}
