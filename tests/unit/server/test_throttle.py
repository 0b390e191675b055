"""Token buckets: so many at once, so many a second, apart by account, region and kind."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringwall.config import ConfigurationError
from ringwall.domain.caller import Caller
from ringwall.domain.errors import RequestLimitExceeded
from ringwall.operations.table import OPERATIONS
from ringwall.server.throttle import AWS, BUCKETS_MAX, INTENSIVE, READING, UNFILTERED, WRITING, Throttle


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def caller(account: str = "123456789012", region: str = "us-east-1") -> Caller:
    return Caller(account, region, "AKIA1", "arn", "id")


def admitted(throttle: Throttle, operation: str, times: int, **request: object) -> int:
    """How many of so many requests were let in."""
    passed = 0
    for _ in range(times):
        try:
            throttle.admit(caller(), operation, request, writes=OPERATIONS[operation].writes)
        except RequestLimitExceeded:
            continue
        passed += 1
    return passed


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def aws(clock: Clock) -> Throttle:
    return Throttle("aws", clock)


def test_a_bucket_holds_so_many_and_fills_again(aws: Throttle, clock: Clock) -> None:
    assert admitted(aws, "RevokeSecurityGroupIngress", 60) == 50
    clock.now += 0.9
    assert admitted(aws, "RevokeSecurityGroupIngress", 60) == 4
    clock.now += 1000
    assert admitted(aws, "RevokeSecurityGroupIngress", 60) == 50


def test_what_is_refused_costs_nothing(aws: Throttle, clock: Clock) -> None:
    admitted(aws, "CreateVpc", 1_000)
    clock.now += 0.2
    assert admitted(aws, "CreateVpc", 5) == 1


def test_the_words_of_the_refusal(aws: Throttle) -> None:
    admitted(aws, "CreateDefaultVpc", 1)
    with pytest.raises(RequestLimitExceeded) as refusal:
        aws.admit(caller(), "CreateDefaultVpc", {}, writes=True)
    assert refusal.value.message == (
        "Request limit exceeded. Account 123456789012 has been throttled on ec2:CreateDefaultVpc because it exceeded "
        "its request rate limit."
    )


@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        ("AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress", True),
        ("RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress", False),
        ("RevokeSecurityGroupEgress", "CreateSecurityGroup", True),
        ("DescribeVpcs", "DescribeSubnets", True),
        ("DescribeVpcs", "DescribeStaleSecurityGroups", False),
        ("CreateTags", "DeleteTags", False),
    ],
)
def test_operations_share_the_bucket_of_their_kind(aws: Throttle, first: str, second: str, shared: bool) -> None:
    admitted(aws, first, 200)
    assert (admitted(aws, second, 1) == 0) is shared


def test_a_description_of_everything_has_a_smaller_bucket(aws: Throttle) -> None:
    assert admitted(aws, "DescribeSecurityGroups", 200) == AWS[UNFILTERED].capacity
    assert admitted(aws, "DescribeSecurityGroups", 200, GroupIds=["sg-1"]) == AWS[READING].capacity
    assert admitted(aws, "DescribeNetworkInterfaces", 1, MaxResults=5) == 0


def test_accounts_and_regions_are_apart(aws: Throttle) -> None:
    admitted(aws, "CreateDefaultVpc", 1)
    for other in (caller("999999999999"), caller(region="eu-west-1")):
        aws.admit(other, "CreateDefaultVpc", {}, writes=True)


def test_every_operation_has_a_bucket(aws: Throttle) -> None:
    for name, operation in OPERATIONS.items():
        bucket = aws._bucket_of(name, {}, writes=operation.writes)
        assert bucket in {name, READING, UNFILTERED, WRITING, INTENSIVE}
        assert bucket in AWS


@given(st.lists(st.tuples(st.floats(0, 3), st.integers(1, 30)), max_size=20))
def test_never_more_than_the_bucket_and_what_came_back(steps: list[tuple[float, int]]) -> None:
    clock = Clock()
    throttle = Throttle("aws", clock)
    began, passed = clock.now, 0
    for pause, times in steps:
        clock.now += pause
        passed += admitted(throttle, "CreateSecurityGroup", times)
        assert passed <= AWS[WRITING].capacity + (clock.now - began) * AWS[WRITING].per_second + 1e-6


def test_memory_is_bounded(clock: Clock) -> None:
    throttle = Throttle("aws", clock)
    for number in range(BUCKETS_MAX + 100):
        throttle.admit(caller(f"{number:012}"), "CreateVpc", {}, writes=True)
    assert len(throttle._buckets) == BUCKETS_MAX


def test_no_throttle_lets_everything_in(clock: Clock) -> None:
    assert admitted(Throttle("none", clock), "CreateDefaultVpc", 50_000) == 50_000


def test_the_default_stops_only_what_runs_wild(clock: Clock) -> None:
    throttle = Throttle("default", clock)
    assert admitted(throttle, "CreateDefaultVpc", 30_000) == 20_000


def test_an_unknown_name_is_refused(clock: Clock) -> None:
    with pytest.raises(ConfigurationError, match="one of aws, default, none"):
        Throttle("gcp", clock)
