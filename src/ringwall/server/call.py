"""One authenticated call of ringwall's own API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ringwall.domain.caller import Caller


@dataclass(frozen=True, slots=True)
class Call:
    """What an endpoint is given. body: the raw JSON; content: the same, parsed. path, query: their parameters."""

    caller: Caller
    body: bytes
    content: dict[str, Any]
    path: Mapping[str, str]
    query: Mapping[str, str]
