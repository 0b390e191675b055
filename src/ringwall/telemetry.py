"""What a running server says about itself: log lines and counters."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Callable, Mapping
from typing import Final

LOG: Final = logging.getLogger("ringwall")

_HELP: Final[Mapping[str, str]] = {
    "ringwall_requests_total": "Requests answered, by operation and code (OK, or the error's code).",
    "ringwall_authentication_failures_total": "Requests refused before anyone was authenticated.",
    "ringwall_authentication_failures_limited_total": "Of those the ones that were told no reason, of addresses that "
    "failed too often.",
    "ringwall_revision": "The store's last revision.",
    "ringwall_watchers": "Agents with an open watch stream.",
    "ringwall_tls_certificate_ends_at_seconds": "Until when the TLS certificate in use is valid, Unix seconds.",
    "ringwall_tls_certificate_broken": "1 while the certificate and key in the files can't be used and older ones are.",
    "ringwall_agents_lacking_pins": "Agents that watch and don't accept yet the certificate that comes next.",
    "ringwall_hosts_reporting": "Hosts that have said what is in force on them since the server started.",
}
METRICS: Final = tuple(_HELP)
"""The names of all metrics; the documents must have each."""

_Key = tuple[str, tuple[tuple[str, str], ...]]


class Metrics:
    """Counters and gauges in memory, in Prometheus' text form on demand. Used from the event loop only."""

    def __init__(self) -> None:
        self._values: dict[_Key, float] = {}

    def count(self, name: str, **labels: str) -> None:
        """Adds one to a counter."""
        key = (name, tuple(labels.items()))
        self._values[key] = self._values.get(key, 0) + 1

    def gauge(self, name: str, value: float) -> None:
        """Sets a gauge."""
        self._values[name, ()] = value

    def text(self) -> str:
        """All of them in Prometheus' text exposition format, version 0.0.4."""
        lines: list[str] = []
        for name, text in _HELP.items():
            lines.append(f"# HELP {name} {text}")
            lines.append(f"# TYPE {name} {'counter' if name.endswith('_total') else 'gauge'}")
            for (metric, labels), value in sorted(self._values.items()):
                if metric == name:
                    inside = ",".join(f'{key}="{value}"' for key, value in labels)
                    lines.append(f"{name}{{{inside}}} {value:g}" if inside else f"{name} {value:g}")
        return "\n".join(lines) + "\n"


class ChangeLines:
    """The log line of each change, written together at the end of the event loop's turn.

    Under load `logging` costs a tenth of a request; these lines need none of its filters, and one write serves many.
    """

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._lines: list[str] = []

    def add(self, text: str) -> None:
        """Adds a line, without its time. Call it on the event loop."""
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._flush)
        self._lines.append(text)

    def _flush(self) -> None:
        now = time.time()
        stamp = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now))}.{int(now % 1 * 1000):03d}Z INFO "
        lines, self._lines = self._lines, []
        self._write("".join([f"{stamp}{line}\n" for line in lines]))


def log_to_stderr(level: int = logging.INFO) -> None:
    """Sends the log to standard error, a line each, with the time in UTC."""
    handler = logging.StreamHandler(sys.stderr)
    formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    LOG.handlers[:] = [handler]
    LOG.setLevel(level)
    LOG.propagate = False
