"""When a call that failed is tried again, and how long to wait before: botocore's three modes.

    legacy     5 attempts: no connection, 429, 500, 502, 503, 504, 509, or a throttling code; waits random() · 2ⁿ s
    standard   3 attempts: those faults and a few codes more; waits random() · min(2ⁿ, 20) s, out of a quota
    adaptive   standard, with a brake: once throttled, requests go out at a rate that grows as CUBIC has it

n counts the retries from 0. Source: botocore's `retryhandler`, `retries` and `_retry.json`, to which tests hold this.
"""

from __future__ import annotations

from .errors import ClientError, ServiceFault, Unreachable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

QUOTA = 500
_RETRY_COST, _TIMEOUT_COST, _REFUND = 5, 10, 1

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
        cost = _TIMEOUT_COST if isinstance(error, Unreachable) and error.is_timeout else _RETRY_COST
        if cost > self._left:
            return None
        self._left -= cost
        self._taken = cost
        return float(self._random() * min(2 ** (attempt - 1), 20))

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
    return isinstance(error, ServiceFault) and error.code in _THROTTLING_CODES
