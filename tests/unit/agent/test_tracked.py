"""Tracked flows by fixed offsets are those that a walk through every attribute finds."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ringwall.agent.tracked import Tracked, Wanted, counted, decode, is_answered
from tracked_messages import Entry, answer, is_replied, read_plainly

PORT = st.integers(0, 65535)
V4, V6 = st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(str)


def entries() -> st.SearchStrategy[Entry]:
    def of(addresses: st.SearchStrategy[str]) -> st.SearchStrategy[Entry]:
        return st.builds(
            Entry,
            addresses,
            addresses,
            st.sampled_from([6, 6, 17, 132, 33, 136, 47, 50, 1, 58, 2, 255]),
            PORT,
            PORT,
            st.tuples(st.integers(0, 255), st.integers(0, 255)),
            st.none() | st.tuples(addresses, PORT),
            st.none() | st.integers(0, 14),
            st.none() | st.tuples(st.integers(1, 1 << 40), st.integers(40, 1 << 60)),
            st.sampled_from([0, 0, 0, 5]),
            st.booleans(),
        )

    return of(V4) | of(V6)


@given(st.lists(st.tuples(entries(), st.booleans()), max_size=8))
def test_fixed_offsets_find_what_a_walk_finds(several: list[tuple[Entry, bool]]) -> None:
    data = b"".join(entry.message(mark=mark) for entry, mark in several) + answer()
    found = decode(data)
    assert found == read_plainly(data)
    assert [is_answered(data, each.at) for each in found] == [is_replied(data, each.at) for each in found]
    live = [entry for entry, _ in several if entry.protocol != 6 or entry.state is None or entry.state <= 6]
    assert [counted(data, each.at) for each in found] == [entry.counted for entry in live]


def test_the_destination_is_the_one_after_translation() -> None:
    entry = Entry("192.0.2.9", "203.0.113.1", destination_port=80, reply=("10.0.0.5", 8080))
    assert decode(answer(entry)) == [Tracked(bytes([192, 0, 2, 9]), bytes([10, 0, 0, 5]), 6, 8080, 40000, 0)]


def test_a_connection_that_has_ended_is_no_live_flow() -> None:
    entry = Entry("192.0.2.9", "10.0.0.5")
    assert [len(decode(answer(replace(entry, state=state)))) for state in (1, 3, 6, 7, 8)] == [1, 1, 1, 0, 0]


def test_the_end_of_an_answer_is_no_flow() -> None:
    assert decode(answer()) == decode(b"") == []


def test_the_kernel_is_asked_for_what_is_wanted_alone() -> None:
    everything, tcp, ssh = Wanted().request(2), Wanted(6).request(2), Wanted(6, 22).request(2)
    assert len(everything) == 4
    assert b"\x05\x00\x01\x00\x06" in tcp
    assert b"\x06\x00\x02\x00\x00\x16" in ssh
