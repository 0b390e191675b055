"""When a call that failed is tried again, and how long to wait before: botocore's three modes.

    legacy     5 attempts: no connection, 429, 500, 502, 503, 504, 509, or a throttling code; waits random() · 2ⁿ s
    standard   3 attempts: those faults and a few codes more; waits random() · min(b · 2ⁿ, 20) s, out of a quota
    adaptive   standard, with a brake: see `brake`

n counts the retries from 0; b is 1 s when the service says that there are too many requests, else 50 ms.
Source: botocore 1.44's `retryhandler`, `retries` and `_retry.json`, to which tests hold this. Before 1.44, and in aws
CLI 1.46, standard mode waits 1 s at first for every fault.
"""

from __future__ import annotations

from .errors import ClientError, ServiceFault, Unreachable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

QUOTA = 500
_COST, _THROTTLING_COST, _REFUND = 14, 5, 1
_FIRST_SECONDS, _THROTTLING_SECONDS, _SECONDS_MAX = 0.05, 1.0, 20.0
_ASKED_SECONDS_MAX = 5.0
"""What a service that says when to come back (X-Amz-Retry-After) can add to a wait at most."""

_LEGACY_STATUSES = frozenset({429, 500, 502, 503, 504, 509})
_LEGACY_CODES = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestThrottledException",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
    }
)
_TRANSIENT_STATUSES = frozenset({500, 502, 503, 504})
_TRANSIENT_CODES = frozenset({"RequestTimeout", "RequestTimeoutException", "PriorRequestNotComplete"})
_THROTTLING_CODES = _LEGACY_CODES | {
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
    "TooManyRequestsException",
    "TransactionInProgressException",
}


class Retries:
    """The retries of one client: mode, attempts a call at most, and what is left of the quota."""

    def __init__(self, mode: str, attempts: int, random: Callable[[], float]) -> None:
        self.mode = mode
        self.attempts = attempts
        self._random = random
        self._left = QUOTA
        self._taken = 0

    def delay(self, attempt: int, error: ClientError) -> float | None:
        """The seconds to wait before the next attempt; None: the call has failed.

        attempt: the number of the one that failed, from 1.
        """
        if attempt >= self.attempts or not self.is_passing(error):
            return None
        if self.mode == "legacy":
            return float(self._random() * 2 ** (attempt - 1))
        cost, first = (_THROTTLING_COST, _THROTTLING_SECONDS) if is_throttling(error) else (_COST, _FIRST_SECONDS)
        if cost > self._left:
            return None
        self._left -= cost
        self._taken = cost
        seconds: float = self._random() * min(first * 2 ** (attempt - 1), _SECONDS_MAX)
        return max(seconds, min(_asked_seconds(error), seconds + _ASKED_SECONDS_MAX))

    def succeeded(self, attempt: int) -> None:
        """Gives back to the quota what the last retry took, or a little where there was none."""
        self._left = min(QUOTA, self._left + (self._taken if attempt > 1 else _REFUND))

    def is_at_end(self, attempt: int, error: ClientError) -> bool:
        """Whether aws CLI says of this failure that retries are used up: standard mode says it of every one."""
        return attempt >= self.attempts and (self.mode != "legacy" or self.is_passing(error))

    def is_passing(self, error: ClientError) -> bool:
        """Whether the fault may be gone at the next attempt."""
        if isinstance(error, Unreachable):
            return self.mode != "legacy" or not error.is_general
        if not isinstance(error, ServiceFault):
            return False
        if self.mode == "legacy":
            return error.status in _LEGACY_STATUSES or (error.status == 400 and error.code in _LEGACY_CODES)
        return error.status in _TRANSIENT_STATUSES or error.code in _TRANSIENT_CODES or is_throttling(error)


def is_throttling(error: ClientError | None) -> bool:
    """Whether the service says that there are too many requests."""
    return isinstance(error, ServiceFault) and (error.code in _THROTTLING_CODES or error.status == 429)


def _asked_seconds(error: ClientError) -> float:
    """How long the service asks to stay away; 0 where it says nothing."""
    asked = error.headers.get("x-amz-retry-after", "") if isinstance(error, ServiceFault) else ""
    return int(asked) / 1000 if asked.isascii() and asked.isdigit() and len(asked) < 10 else 0.0
