"""Refusals: one class for each code that EC2's API answers, its data in fields, its message derived.

Only `wire/fault.py` knows the HTTP status of a code.
"""

from __future__ import annotations

from typing import ClassVar


class ServiceError(Exception):
    """A request refused for a reason that the client can read. Nothing was changed."""

    code: ClassVar[str]

    @property
    def message(self) -> str:
        """The text that the client sees, as EC2 words it."""
        return str(self.args[0]) if self.args else ""
