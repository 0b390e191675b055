"""The policy documents that ringwall ships, by name: the same in every account, attached like an account's own.

A template has a place to fill in, and is put under a name of its own before it is attached.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Final

_FILES: Final = files(__name__)


def _text(name: str) -> str:
    return _FILES.joinpath(f"{name}.json").read_text(encoding="utf-8")


SHIPPED: Final[Mapping[str, str]] = {name: _text(name) for name in ("Administrator", "ReadOnly", "RevokeOnly")}
TEMPLATES: Final[Mapping[str, str]] = {"OneGroup": _text("OneGroup")}
ADMINISTRATOR: Final = "Administrator"
"""The one that makes a user a further administrator, without whom the root's key can't be given up."""

_NAMES: Final = {name.lower(): name for name in (*SHIPPED, *TEMPLATES)}


def shipped_name(name: str) -> str | None:
    """The name as it is written, of one given in any letter case; None if no shipped document has it."""
    return _NAMES.get(name.lower())
