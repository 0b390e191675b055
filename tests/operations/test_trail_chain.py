"""The chain of events: whatever is done to the stored trail without the key shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plain_store import PlainStore
from ringwall.operations.trail import (
    EVENT_MAX,
    NO_EVENT,
    RINGWALL,
    Chain,
    Deed,
    chained,
    done,
    head_in_words,
    in_words,
    linked,
    parsed_head,
    shown,
)
from ringwall.operations.trail_read import before_time, blame, follow
from ringwall.server.keyring import Keyring
from ringwall.server.trail import LABEL
from ringwall.store.principals_base import TrailEvent, TrailHead
from ringwall.store.sqlite import open_ephemeral
from stores import ACCOUNT, REGION, Driven

KEYRING = Keyring([b"k" * 32])
STRANGERS = Keyring([b"s" * 32])


def mac(link: bytes) -> bytes:
    return KEYRING.mac(LABEL, link)


def is_mac(code: bytes, link: bytes) -> bool:
    return KEYRING.is_mac(code, LABEL, link)


def deed(number: int) -> Deed:
    return Deed(RINGWALL, "Test", ACCOUNT, REGION, f"request {number}", f"event {number}", parameters={"n": number})


def chain_of(count: int, head: TrailHead = NO_EVENT) -> list[TrailEvent]:
    """So many events, one second after the other."""
    made = []
    for number in range(1, count + 1):
        at = 1_700_000_000.25 + head.number + 1
        made.append(chained(head, ACCOUNT, at, done(deed(number), at).text, mac))
        head = TrailHead(made[-1].number, made[-1].mac)
    return made


def problems(events: list[TrailEvent], first: TrailHead = NO_EVENT, *kept: TrailHead) -> list[str]:
    chain = Chain(first, is_mac, kept=kept)
    chain.follow(sorted(events, key=lambda event: event.number))
    chain.end()
    return chain.problems


FORGERIES: dict[str, Any] = {
    "text": lambda event: replace(event, event=event.event.replace('"n":', '"m":')),
    "time": lambda event: replace(event, at=event.at + 1),
    "account": lambda event: replace(event, account_id="999999999999"),
    "resources": lambda event: replace(event, resources=("sg-0123456789abcdef0",)),
    "code": lambda event: replace(event, mac=bytes(32)),
    "code and text": lambda event: replace(event, event="{}", mac=STRANGERS.mac(LABEL, b"{}")),
}


def test_a_chain_as_it_was_written_holds() -> None:
    events = chain_of(5)
    assert problems(events) == []
    assert problems([]) == []
    assert problems(events, NO_EVENT, *(TrailHead(event.number, event.mac) for event in events)) == []


@given(st.integers(1, 8), st.data())
@settings(deadline=None, max_examples=150)
def test_any_edit_shows(count: int, data: st.DataObject) -> None:
    events = chain_of(count)
    which = data.draw(st.integers(0, count - 1))
    forged = list(events)
    how = data.draw(st.sampled_from([*FORGERIES, "removed", "inserted", "swapped", "recomputed"]))
    if how == "removed":
        del forged[which]
        if which == count - 1:  # an end that is cut off shows by an older head alone
            assert problems(forged, NO_EVENT, TrailHead(count, events[-1].mac))
            return
    elif how == "inserted":
        later = [replace(event, number=event.number + 1) for event in forged[which:]]
        forged[which:] = [replace(forged[which], event="{}"), *later]
    elif how == "swapped":
        other = data.draw(st.integers(0, count - 1).filter(lambda each: each != which)) if count > 1 else None
        if other is None:
            return
        a, b = forged[which], forged[other]
        forged[which], forged[other] = replace(b, number=a.number), replace(a, number=b.number)
    elif how == "recomputed":  # from there to the end, by somebody with another key
        head = TrailHead(which, events[which - 1].mac if which else b"")
        for number in range(which, count):
            edited = replace(forged[number], event="{}")
            forged[number] = replace(edited, mac=STRANGERS.mac(LABEL, linked(head, edited)))
            head = TrailHead(number + 1, forged[number].mac)
    else:
        forged[which] = FORGERIES[how](forged[which])
    assert problems(forged), how


def test_an_event_of_another_past_shows_though_its_code_is_right_there() -> None:
    """As after a restore: both were written with the key, under one number, after different events."""
    one, other = chain_of(5), chain_of(5, TrailHead(0, b"another beginning"))
    mixed = [*one[:2], other[2], *one[3:]]
    assert problems(mixed) == [
        "event 3 is not the one that was written after event 2",
        "event 4 is not the one that was written after event 3",
    ]


def test_what_is_missing_is_named() -> None:
    events = chain_of(6)
    assert problems([events[0], *events[2:]]) == ["event 2 missing before event 3"]
    assert problems([events[0], *events[3:]]) == ["events 2 to 3 missing before event 4"]


def test_a_cut_end_shows_by_an_older_head() -> None:
    events = chain_of(5)
    head = TrailHead(5, events[-1].mac)
    assert problems(events[:3]) == []
    assert problems(events[:3], NO_EVENT, head) == ["the trail ends with event 3, and event 5 was there once"]
    other = chain_of(3, NO_EVENT)[:3]
    rewritten = [*events[:3], *(replace(event, number=event.number + 3) for event in other[:2])]
    assert any("another than the one that was there once" in each for each in problems(rewritten, NO_EVENT, head))


def test_a_start_without_a_dropping_shows() -> None:
    events = chain_of(5)
    start = TrailHead(2, events[1].mac)
    assert problems(events[2:], start) == ["the events up to 2 are gone, and no event says that they were dropped"]
    at = 1_700_000_100.0
    through = {"through": 2, "mac": start.mac.hex(), "dropped": 2}
    told = done(Deed(RINGWALL, "DropTrail", ACCOUNT, REGION, "r", "e", parameters=through), at)
    dropping = chained(TrailHead(5, events[-1].mac), ACCOUNT, at, told.text, mac)
    assert problems([*events[2:], dropping], start) == []
    assert problems([*events[3:], dropping], TrailHead(3, events[2].mac))


def test_keys_that_were_put_behind_still_vouch() -> None:
    turned = Keyring([b"n" * 32, b"k" * 32])
    chain = Chain(NO_EVENT, lambda code, link: turned.is_mac(code, LABEL, link))
    chain.follow(chain_of(3))
    chain.end()
    assert chain.problems == []


def test_a_head_in_words_is_read_again() -> None:
    head = TrailHead(7, b"\1\2")
    assert parsed_head(head_in_words(head)) == head


def test_an_event_has_a_bound() -> None:
    at = 1_700_000_000.0
    huge = deed(1)._replace(parameters={"policy": "x" * EVENT_MAX})
    event = chained(NO_EVENT, ACCOUNT, at, done(huge, at).text, mac)
    assert len(event.event) < 2_000
    assert in_words(event.event)["requestParameters"]["originalSize"] > EVENT_MAX


@pytest.fixture(params=["plain", "sqlite"])
def store(request: pytest.FixtureRequest) -> Any:
    made: Any = PlainStore() if request.param == "plain" else Driven(open_ephemeral())
    yield made
    made.close()


def test_what_a_store_kept_is_followed_in_parts(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    events = chain_of(25)
    store.write(lambda tx: [tx.append_trail(event) for event in events])
    monkeypatch.setattr("ringwall.operations.trail_read.FOLLOWED_MAX", 10)
    monkeypatch.setattr("ringwall.operations.trail_read.FOLLOWED_AT_ONCE", 5)
    kept = [TrailHead(12, events[11].mac)]
    after, seen, parts = None, 0, 0
    while True:
        verdict = store.read(lambda reader, after=after: follow(reader, is_mac, after, kept))
        assert verdict.problems == []
        seen, after, parts = seen + verdict.checked, verdict.head.number, parts + 1
        if verdict.is_end:
            break
    assert (seen, after, parts) == (25, 25, 3)
    wrong = [TrailHead(12, events[10].mac)]
    assert store.read(lambda reader: follow(reader, is_mac, 10, wrong)).problems
    assert store.read(lambda reader: [shown(each)["ringwall"]["number"] for each in reader.trail_after(23, 9)]) == [
        24,
        25,
    ]


def test_a_time_is_found(store: Any) -> None:
    events = chain_of(25)
    store.write(lambda tx: [tx.append_trail(event) for event in events])
    for number in (1, 2, 13, 25):
        at = events[number - 1].at
        assert store.read(lambda reader, at=at: before_time(reader, at)) == number - 1
        assert store.read(lambda reader, at=at: before_time(reader, at + 0.5)) == number
    assert store.read(lambda reader: before_time(reader, 0)) == 0


def test_a_group_that_is_nobodys_has_no_rules_to_blame_for(store: Any) -> None:
    assert store.read(lambda reader: blame(reader, ACCOUNT, REGION, "sg-0123456789abcdef0")) == []
