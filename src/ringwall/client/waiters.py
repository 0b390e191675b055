"""Waiting until a description shows what is waited for, as botocore's waiters do, by their own table."""

from __future__ import annotations

import time

from .errors import ClientError, ServiceFault
from .model import WAITERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Acceptor = tuple[str, str, str | None, str | int | bool]
    """The state that it leads to, how it matches, the path it looks at, what it expects there."""


class WaiterFailed(ClientError):
    """What was waited for can't come, or didn't in time. The text is aws CLI's."""


def wait(
    name: str,
    ask: Callable[[], tuple[int, dict[str, Any]]],
    *,
    sleep: Callable[[float], object] = time.sleep,
) -> None:
    """Comes back when what the waiter waits for is there. name: as on the command line, `security-group-exists`.

    ask: sends the waiter's operation once; its HTTP status and answer, or it raises `ServiceFault`.

    Raises:
        WaiterFailed: a state that can't lead there any more, a refusal that none of the acceptors knows, or time is up.
    """
    waiter, _, delay, attempts_max, acceptors = WAITERS[name]
    accepted, last = False, acceptors[-1]
    for attempt in range(attempts_max):
        if attempt:
            sleep(delay)
        refusal, status, answer = _attempt(ask)
        matched = next((each for each in acceptors if _matches(each, refusal, status, answer)), None)
        if matched is None and refusal is not None:
            raise WaiterFailed(f"Waiter {waiter} failed: An error occurred ({refusal.code}): {refusal.message}")
        if matched is not None:
            accepted = True
            if matched[0] == "success":
                return
            if matched[0] == "failure":
                raise WaiterFailed(
                    f"Waiter {waiter} failed: Waiter encountered a terminal failure state: {_explained(matched)}"
                )
        last = matched or acceptors[-1]  # the one that was tried last
    before = f". Previously accepted state: {_explained(last)}" if accepted else ""
    raise WaiterFailed(f"Waiter {waiter} failed: Max attempts exceeded{before}")


def _attempt(ask: Callable[[], tuple[int, dict[str, Any]]]) -> tuple[ServiceFault | None, int, dict[str, Any]]:
    try:
        status, answer = ask()
    except ServiceFault as refusal:
        return refusal, refusal.status, {}
    return None, status, answer


def _matches(acceptor: Acceptor, refusal: ServiceFault | None, status: int, answer: dict[str, Any]) -> bool:
    _, matcher, path, expected = acceptor
    if matcher == "error":
        return refusal is not None and refusal.code == expected
    if refusal is not None:
        return False
    if matcher == "status":
        return status == expected
    found = _search(path or "", answer)
    if matcher == "path":
        return bool(found == expected)
    if not isinstance(found, list) or not found:
        return False
    among = all if matcher == "pathAll" else any
    return among(each == expected for each in found)


def _search(path: str, answer: dict[str, Any]) -> Any:
    import jmespath  # type: ignore[import-untyped]  # nothing else on the way needs it

    try:
        return jmespath.search(path, answer)
    except ValueError as error:  # such as the length of what isn't there
        raise WaiterFailed(str(error)) from error


def _explained(acceptor: Acceptor) -> str:
    _, matcher, path, expected = acceptor
    return {
        "path": f'For expression "{path}" we matched expected path: "{expected}"',
        "pathAll": f'For expression "{path}" all members matched expected path: "{expected}"',
        "pathAny": f'For expression "{path}" we matched expected path: "{expected}" at least once',
        "status": f"Matched expected HTTP status code: {expected}",
        "error": f"Matched expected service error code: {expected}",
    }[matcher]
