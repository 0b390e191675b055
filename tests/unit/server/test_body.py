"""Bodies in pieces: size, time, and what all of them may hold together."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ringwall.server import body as bodies
from ringwall.server.body import BodyTooLarge, BodyTooSlow, ClientGone, Receive, read_body


def receiver(*pieces: bytes, is_cut: bool = False, hangs: bool = False) -> Receive:
    """Gives these pieces, and then the end, a disconnection, or nothing."""
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    if is_cut:
        messages.append({"type": "http.disconnect"})
    elif not hangs:
        messages[-1]["more_body"] = False

    async def receive() -> dict[str, Any]:
        if not messages:
            await asyncio.Event().wait()
        return messages.pop(0)

    return receive


@pytest.mark.parametrize("pieces", [(b"",), (b"abc",), (b"a", b"", b"bc"), (b"", b""), (b"x" * 9, b"")])
def test_a_body_comes_back_whole(pieces: tuple[bytes, ...]) -> None:
    assert asyncio.run(read_body(receiver(*pieces), limit=9)) == b"".join(pieces)


@pytest.mark.parametrize(
    ("receive", "error"),
    [
        (receiver(b"x" * 10), BodyTooLarge),
        (receiver(b"x" * 9, b"x"), BodyTooLarge),
        (receiver(b"x" * 9, b"x", hangs=True), BodyTooLarge),
        (receiver(b"x" * 10, hangs=True), BodyTooLarge),
        (receiver(b"x", hangs=True), BodyTooSlow),
        (receiver(is_cut=True), ClientGone),
        (receiver(b"x", is_cut=True), ClientGone),
    ],
)
def test_a_body_that_is_not_to_be_had(receive: Receive, error: type[Exception]) -> None:
    with pytest.raises(error):
        asyncio.run(read_body(receive, limit=9, timeout_seconds=0.01))
    assert bodies._Waiting.total == 0


def test_all_together_hold_no_more_than_their_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "WAITING_BYTES_MAX", 25)

    async def many() -> list[bytes | BaseException]:
        waiting = [asyncio.ensure_future(read_body(receiver(b"x" * 10, hangs=True), timeout_seconds=0.05))]
        waiting += [asyncio.ensure_future(read_body(receiver(b"x" * 10, hangs=True), timeout_seconds=0.05))]
        waiting += [asyncio.ensure_future(read_body(receiver(b"x" * 10, b"y")))]
        whole = [asyncio.ensure_future(read_body(receiver(b"x" * 100)))]
        return await asyncio.gather(*waiting, *whole, return_exceptions=True)

    first, second, third, whole = asyncio.run(many())
    assert isinstance(third, BodyTooSlow)
    assert "Too many" in str(third)
    assert whole == b"x" * 100
    assert all("0.05 seconds" in str(error) for error in (first, second))
    assert bodies._Waiting.total == 0
