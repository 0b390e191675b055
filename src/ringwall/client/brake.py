"""The adaptive mode's brake: once a service says that there are too many requests, they go out at a rate.

The rate falls to 70 % of what was measured when the service last complained, and grows from there as TCP CUBIC has it:
slowly near the rate that was too much, then faster. Tokens fill a bucket at that rate, and a request takes one.
Source: botocore's `retries.adaptive`, `throttling` and `bucket`, to which a test holds this; RFC 9438 for the curve.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_FALL, _SCALE = 0.7, 0.4
_SMOOTHING, _WINDOW_SECONDS = 0.8, 0.5
_RATE_MIN = 0.5


class Brake:
    """One client's. now: seconds. wait: blocks for so many."""

    def __init__(self, now: Callable[[], float], wait: Callable[[float], object]) -> None:
        self._now, self._wait = now, wait
        self._is_on = False
        self._peak, self._curve_seconds, self._complained_at = 0.0, 0.0, now()
        self._measured, self._count, self._window = 0.0, 0, float(int(now()))
        self._rate, self._capacity, self._tokens, self._filled_at = 1.0, 1.0, 0.0, now()

    def before(self) -> None:
        """Waits until the next request may go out."""
        if not self._is_on:
            return
        self._fill()
        while self._tokens < 1:
            self._wait((1 - self._tokens) / self._rate)
            self._fill()
        self._tokens -= 1

    def after(self, *, is_throttled: bool) -> None:
        """Takes note of an answer, or of its absence."""
        self._measure()
        at = self._now()
        if is_throttled:
            self._peak = min(self._measured, self._rate) if self._is_on else self._measured
            self._curve_seconds = (self._peak * (1 - _FALL) / _SCALE) ** (1 / 3)
            self._complained_at, self._is_on = at, True
            rate = self._peak * _FALL
        else:
            rate = _SCALE * (at - self._complained_at - self._curve_seconds) ** 3 + self._peak
        rate = min(rate, 2 * self._measured)
        self._fill()
        self._rate = max(rate, _RATE_MIN)
        self._capacity = max(rate, 1.0)
        self._tokens = min(self._tokens, self._capacity)

    def _measure(self) -> None:
        window = self._now() // _WINDOW_SECONDS * _WINDOW_SECONDS
        self._count += 1
        if window > self._window:
            rate = self._count / (window - self._window)
            self._measured = rate * _SMOOTHING + self._measured * (1 - _SMOOTHING)
            self._count, self._window = 0, window

    def _fill(self) -> None:
        at = self._now()
        self._tokens = min(self._capacity, self._tokens + (at - self._filled_at) * self._rate)
        self._filled_at = at
