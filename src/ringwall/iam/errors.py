"""What is wrong with a policy document, and where."""

from __future__ import annotations

from ringwall.domain.errors import ServiceError


class MalformedPolicyDocument(ServiceError):
    """A document that can't be used. place: where, as `Statement[2].Condition.IpAddress`; reason: a sentence."""

    code = "MalformedPolicyDocument"

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}" if place else reason)
        self.place = place
        self.reason = reason
