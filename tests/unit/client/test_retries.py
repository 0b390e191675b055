"""When a call is tried again: botocore's answer for each mode, fault and attempt."""

from __future__ import annotations

import itertools
import random
from typing import Any

import botocore.exceptions as theirs
import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.retries import adaptive, bucket, standard, throttling
from hypothesis import example, given
from hypothesis import strategies as st

from ringwall.client.brake import Brake
from ringwall.client.errors import ClientError, NoAnswer, ServiceFault, Unreachable
from ringwall.client.retries import Retries

URL = "http://h/"
FAULTS: list[tuple[Exception, ClientError]] = [
    (theirs.EndpointConnectionError(endpoint_url=URL), Unreachable("", was_sent=False)),
    (theirs.ConnectTimeoutError(endpoint_url=URL), Unreachable("", was_sent=False, is_timeout=True)),
    (theirs.ReadTimeoutError(endpoint_url=URL), Unreachable("", was_sent=True, is_timeout=True)),
    (theirs.ConnectionClosedError(endpoint_url=URL), Unreachable("", was_sent=True)),
    (theirs.SSLError(endpoint_url=URL, error=""), Unreachable("", was_sent=False)),
    (theirs.ProxyConnectionError(proxy_url=URL), Unreachable("", was_sent=False)),
]
CODES = [
    "", "InvalidGroup.NotFound", "Throttling", "ThrottlingException", "ThrottledException", "RequestLimitExceeded",
    "RequestThrottledException", "EC2ThrottledException", "TooManyRequestsException", "SlowDown", "RequestTimeout",
    "ProvisionedThroughputExceededException", "PriorRequestNotComplete", "LimitExceededException", "InternalError",
    "BandwidthLimitExceeded", "RequestThrottled", "TransactionInProgressException", "RequestTimeoutException",
]  # fmt: skip
STATUSES = [400, 401, 403, 409, 412, 429, 500, 501, 502, 503, 504, 509]


class Botocore:
    """The handlers that a client of botocore's has for its retries."""

    def __init__(self, mode: str, attempts: int) -> None:
        session = botocore.session.Session()
        config = Config(retries={"mode": mode, "total_max_attempts": attempts})
        self._client = session.create_client(
            "ec2", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="s", config=config
        )
        self._operation = self._client.meta.service_model.operation_model("DescribeVpcs")
        self._context: dict[str, Any] = {"context": {"retries": {}}}

    def delay(self, attempt: int, fault: Exception | ServiceFault) -> tuple[float | None, bool]:
        """What it waits for, and whether it says that retries are used up."""
        response, caught = None, None
        if isinstance(fault, ServiceFault):
            parsed = {"Error": {"Code": fault.code}, "ResponseMetadata": {}}
            response = (AWSResponse(URL, fault.status, fault.headers, None), parsed)
        else:
            caught = fault
        try:
            responses = self._client.meta.events.emit(
                "needs-retry.ec2.DescribeVpcs", response=response, endpoint=None, operation=self._operation,
                attempts=attempt, caught_exception=caught, request_dict=self._context,
            )  # fmt: skip
        except theirs.BotoCoreError:
            return None, False
        told = next((each for _, each in responses if each is not None), None)
        is_at_end = response is not None and bool(response[1]["ResponseMetadata"].get("MaxAttemptsReached"))
        return (None if told is None or told is False else told), is_at_end


@pytest.fixture(autouse=True)
def nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")


@pytest.mark.parametrize("mode", ["legacy", "standard"])
@pytest.mark.parametrize("attempts", [1, 3, 7])
def test_each_fault_is_met_as_by_botocore(mode: str, attempts: int) -> None:
    asks = ({}, {"x-amz-retry-after": "700"}, {"x-amz-retry-after": "60000"}, {"x-amz-retry-after": "soon"})
    services = [
        ServiceFault(code, "", "DescribeVpcs", status, asks[number % 4], None)
        for number, (code, status) in enumerate(itertools.product(CODES, STATUSES))
    ]
    botocores = Botocore(mode, attempts)
    for their_fault, our_fault in [*FAULTS, *((each, each) for each in services)]:
        retries = Retries(mode, attempts, random.random)
        for attempt in range(1, attempts + 1):
            _refill(botocores)
            random.seed(attempt)
            delay, is_at_end = botocores.delay(attempt, their_fault)
            random.seed(attempt)
            assert retries.delay(attempt, our_fault) == delay, (our_fault, attempt)
            if isinstance(our_fault, ServiceFault):
                assert retries.is_at_end(attempt, our_fault) == is_at_end, (our_fault, attempt)


def _refill(botocores: Botocore) -> None:
    """Gives the quota back, so that one fault doesn't use up another's."""
    success = AWSResponse(URL, 200, {}, None)
    botocores._client.meta.events.emit(
        "after-call.ec2.DescribeVpcs",
        http_response=success,
        parsed={},
        model=None,
        context={"retry_quota_capacity": 500},
    )


def test_standard_mode_waits_for_longer_each_time() -> None:
    retries = Retries("standard", 99, lambda: 0.5)
    fault = Unreachable("", was_sent=False)
    assert [retries.delay(attempt, fault) for attempt in range(1, 8)] == [0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6]


@pytest.mark.parametrize("fault", [FAULTS[0], FAULTS[1]])
def test_the_quota_ends_retries_as_botocores_does(fault: tuple[Exception, ClientError]) -> None:
    theirs_of_it, ours_of_it = fault
    botocores, ours = Botocore("standard", 1000), Retries("standard", 1000, lambda: 0.5)
    given = [(botocores.delay(1, theirs_of_it)[0] is None, ours.delay(1, ours_of_it) is None) for _ in range(120)]
    assert [their for their, _ in given] == [our for _, our in given]
    assert any(our for _, our in given)
    ours.succeeded(2)
    assert ours.delay(1, ours_of_it) is not None, "a retry that succeeded gives back what it took"


def test_what_is_no_fault_of_the_moment_isnt_tried_again() -> None:
    assert Retries("standard", 3, lambda: 0.5).delay(1, NoAnswer("not XML", was_sent=True)) is None


# --- The brake of the adaptive mode ---


class Clock:
    """A clock that goes only while somebody waits, or is told to; a wait takes a microsecond more, as real ones do."""

    def __init__(self, start: float) -> None:
        self.seconds = start

    def current_time(self) -> float:
        return self.seconds

    def sleep(self, amount: float) -> None:
        self.seconds += amount + 1e-6


def botocores_brake(clock: Clock) -> Any:
    """Theirs, with this clock; waiting in a condition is waiting by the clock."""
    tokens = bucket.TokenBucket(max_rate=1, clock=clock)
    tokens._new_fill_rate_condition.wait = clock.sleep  # type: ignore[method-assign,assignment]
    return adaptive.ClientRateLimiter(
        rate_adjustor=throttling.CubicCalculator(starting_max_rate=0, start_time=clock.current_time()),
        rate_clocker=adaptive.RateClocker(clock),
        token_bucket=tokens,
        throttling_detector=standard.ThrottlingErrorDetector(standard.RetryEventAdapter()),
        clock=clock,
    )


STEPS = st.lists(st.tuples(st.floats(0, 3), st.booleans()), min_size=1, max_size=40)


@given(st.floats(1_000, 1_001), STEPS)
@example(1_000.25, [(0.1, False)] * 20 + [(0.1, True)] + [(0.05, False)] * 20 + [(0.1, True)] * 3)
def test_the_brake_is_botocores(start: float, steps: list[tuple[float, bool]]) -> None:
    their_clock, our_clock = Clock(start), Clock(start)
    theirs_of_it, ours = botocores_brake(their_clock), Brake(our_clock.current_time, our_clock.sleep)
    for passed, is_throttled in steps:
        for clock in (their_clock, our_clock):
            clock.seconds += passed
        theirs_of_it.on_sending_request(None)
        ours.before()
        error = {"Error": {"Code": "Throttling"}} if is_throttled else {}
        theirs_of_it.on_receiving_response(
            response=(AWSResponse(URL, 200, {}, None), error), attempts=1, operation=None, caught_exception=None,
            request_dict={"context": {}},
        )  # fmt: skip
        ours.after(is_throttled=is_throttled)
        assert our_clock.seconds == pytest.approx(their_clock.seconds, abs=1e-4)
