"""A peering connection as time passes."""

from __future__ import annotations

import pytest

from ringwall.domain.peering import (
    ENDED_SHOWN_SECONDS,
    EXPIRED_SHOWN_SECONDS,
    PENDING_SECONDS,
    PeeringSide,
    PeeringStatus,
    VpcPeering,
)

START = 1_700_000_000
WEEK = START + PENDING_SECONDS
SIDES = (PeeringSide("123456789012", "us-east-1", "vpc-1"), PeeringSide("123456789012", "us-east-1", "vpc-2"))


def peering(status: PeeringStatus, ended_at: int | None = None) -> VpcPeering:
    return VpcPeering("pcx-1", *SIDES, status, START, ended_at)


@pytest.mark.parametrize(
    ("now", "status", "shown"),
    [
        (START, PeeringStatus.PENDING_ACCEPTANCE, True),
        (WEEK - 1, PeeringStatus.PENDING_ACCEPTANCE, True),
        (WEEK, PeeringStatus.EXPIRED, True),
        (WEEK + EXPIRED_SHOWN_SECONDS - 1, PeeringStatus.EXPIRED, True),
        (WEEK + EXPIRED_SHOWN_SECONDS, PeeringStatus.EXPIRED, False),
    ],
)
def test_a_request_expires(now: int, status: PeeringStatus, shown: bool) -> None:
    waiting = peering(PeeringStatus.PENDING_ACCEPTANCE)
    assert (waiting.status_at(now), waiting.is_shown(now)) == (status, shown)


@pytest.mark.parametrize("status", [PeeringStatus.REJECTED, PeeringStatus.DELETED, PeeringStatus.FAILED])
def test_an_end_is_shown_for_a_while(status: PeeringStatus) -> None:
    ended = peering(status, WEEK + 5)
    assert ended.status_at(WEEK * 2) is status, "what has ended doesn't expire"
    assert ended.is_shown(WEEK + 5 + ENDED_SHOWN_SECONDS - 1)
    assert not ended.is_shown(WEEK + 5 + ENDED_SHOWN_SECONDS)


def test_an_active_one_stays() -> None:
    active = peering(PeeringStatus.ACTIVE)
    assert active.status_at(START * 2) is PeeringStatus.ACTIVE
    assert active.is_shown(START * 2)
