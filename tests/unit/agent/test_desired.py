"""What a host should enforce follows from the server's words, however these get mixed up on their way."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from build import cidr, ingress, tcp, world
from ringwall.agent.desired import Received, follow
from ringwall.agent.errors import StreamLost
from ringwall.domain.interface import Mode
from ringwall.domain.world import HostState, difference
from ringwall.watch.messages import Delta, Message, Position, Snapshot

EVERYBODY = cidr("10.0.0.0/8")


def state(ports: frozenset[int]) -> HostState:
    mode = Mode.ENFORCE if 3 in ports else Mode.OBSERVE
    return world(*(ingress(tcp(port), EVERYBODY, f"sgr-{port}") for port in sorted(ports)), mode=mode, groups=("sg-1",))


HISTORIES = st.lists(st.frozensets(st.integers(1, 6)), min_size=2, max_size=8).map(
    lambda several: [state(ports) for ports in several]
)


def position(revision: int) -> Position:
    return Position("store", 1, revision)


@settings(max_examples=300, deadline=None)
@given(HISTORIES, st.data())
def test_whatever_is_dropped_repeated_or_swapped_a_host_is_at_a_state_that_it_was_sent(
    history: list[HostState], data: st.DataObject
) -> None:
    """Some words are refused; no sequence of them leads to a state that never was at the revision that is held."""
    words: list[Message] = [Snapshot(position(number), each) for number, each in enumerate(history)]
    words += [
        Delta(number, position(number + 1), difference(old, new)) for number, (old, new) in enumerate(pairwise(history))
    ]
    words += [  # several changes in one, as after a moment in which the agent didn't listen
        Delta(number, position(number + 2), difference(old, new))
        for number, (old, new) in enumerate(zip(history, history[2:], strict=False))
    ]
    held: Received | None = None
    for word in data.draw(st.lists(st.sampled_from(words), max_size=20)):
        before = held
        try:
            held = follow(held, word, "store", "i-1", received_at=0.0)
        except StreamLost:
            assert held is before
            continue
        assert held.state == history[held.position.revision]
        assert before is None or before.position.revision <= held.position.revision


def test_a_snapshot_puts_right_what_was_lost() -> None:
    first, second = state(frozenset({1})), state(frozenset({2}))
    held = follow(None, Snapshot(position(0), first), "store", "i-1", received_at=0.0)
    with pytest.raises(StreamLost, match="since revision 4"):
        follow(held, Delta(4, position(5), difference(first, second)), "store", "i-1", received_at=0.0)
    assert follow(held, Snapshot(position(5), second), "store", "i-1", received_at=0.0).state == second
