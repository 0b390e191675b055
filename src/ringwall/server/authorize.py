"""Who may do what. Until there are policies: the root key may do everything in its account, a host's agent may only
watch and report its own host."""

from __future__ import annotations

from dataclasses import dataclass

from ringwall.domain.caller import Caller
from ringwall.domain.errors import UnauthorizedOperation


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a caller may, and the statement that decided."""

    allowed: bool
    reason: str


def decide(caller: Caller, action: str) -> Decision:
    """The decision on an action such as `ec2:RevokeSecurityGroupIngress` or `ringwall:Watch`; deny when unsure."""
    if caller.host_id is None:
        return Decision(True, "root of the account")
    if action in ("ringwall:Watch", "ringwall:Report"):
        return Decision(True, "a host's agent, for its own host")
    return Decision(False, "a host's agent may only watch and report its own host")


def authorize(caller: Caller, action: str) -> None:
    """Lets an allowed action pass.

    Raises:
        UnauthorizedOperation: it isn't allowed.
    """
    if not decide(caller, action).allowed:
        raise UnauthorizedOperation
