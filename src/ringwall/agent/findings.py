"""What the doctor says: a status, a sentence, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Status(IntEnum):
    """How bad it is; the worst one is the exit status of `ringwall agent doctor`."""

    OK = 0
    WARN = 1
    FAIL = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. check: which. advice: what to do, empty where there is nothing to do."""

    check: str
    status: Status
    sentence: str
    advice: str = ""

    @property
    def text(self) -> str:
        """A line for people."""
        return f"{self.status.name:<4}  {self.check}: {self.message}"

    @property
    def message(self) -> str:
        """The sentence, and what to do."""
        return f"{self.sentence} {self.advice}".rstrip()

    @property
    def json(self) -> dict[str, str]:
        """An object for programs."""
        return {"check": self.check, "status": self.status.name, "sentence": self.sentence, "advice": self.advice}


def ok(check: str, sentence: str) -> Finding:
    """Nothing to do."""
    return Finding(check, Status.OK, sentence)


def warn(check: str, sentence: str, advice: str = "") -> Finding:
    """Works, but not as well as it could, or not as one may think."""
    return Finding(check, Status.WARN, sentence, advice)


def fail(check: str, sentence: str, advice: str = "") -> Finding:
    """Doesn't work."""
    return Finding(check, Status.FAIL, sentence, advice)


def worst(findings: Iterable[Finding]) -> int:
    """0 when all is well, 1 when something is to be known, 2 when something doesn't work."""
    return max((finding.status.value for finding in findings), default=0)
