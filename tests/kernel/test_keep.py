"""Rules revoked with `keep`, on a real host: what lives goes on, nothing new begins, and the rest can be cut."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import netns
from fleet import HOST, PEER, SECONDS, Fleet, fleet_in, passes, permission, wait_for

pytestmark = [pytest.mark.kernel, netns.needs_kernel]
REFUSED_SECONDS = 0.3
"""Nothing takes so long that passes on a cable."""


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with fleet_in(tmp_path) as made:
        made.enrol()
        yield made


def keeps(fleet: Fleet) -> None:
    """The group's revokes keep from now on."""
    tag = {"Key": "ringwall:on-revoke", "Value": "keep"}
    fleet.ec2("create_tags", Resources=[fleet.group_id], Tags=[tag])


def draining(fleet: Fleet) -> list[Any]:
    found: list[Any] = fleet.api("GET", "/ringwall/v1/draining")["draining"]
    return found


def flows_left(fleet: Fleet) -> list[int | None]:
    """Of each rule that drains."""
    return [each["flows_left"] for each in draining(fleet)]


def test_a_kept_session_goes_on_and_no_new_one_begins(fleet: Fleet) -> None:
    listener = fleet.listen(22)
    fleet.admit(22)
    fleet.enforce(yes=True)
    keeps(fleet)
    session = fleet.converse(listener)
    assert "kept" not in fleet.table(), "what isn't needed isn't there"
    fleet.revoke(22)
    assert passes(*session)
    assert passes(*reversed(session))
    assert not fleet.connects(22)
    wait_for(lambda: flows_left(fleet) == [1], "the flow to be told of")
    session[1].close()
    session[0].close()
    wait_for(lambda: draining(fleet) == [], "the drain to end with its flow")
    fleet.settled()
    assert "kept" not in fleet.table()
