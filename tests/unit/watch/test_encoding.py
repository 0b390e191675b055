"""Messages survive the way over the wire, and nothing else gets in."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import host_states
from ringwall.domain.group import Direction, PeerReference, SecurityGroupRule
from ringwall.domain.interface import Mode
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.traffic import Traffic
from ringwall.domain.world import HostGroup, HostInterface, HostState, InterfaceKind
from ringwall.watch import encoding
from ringwall.watch.encoding import MalformedMessage, decode, decode_report, encode, encode_report
from ringwall.watch.messages import TABLE_OWNER, Drift, Heartbeat, InterfaceInForce, Message, Position, Report, Snapshot

HEARTBEAT = Heartbeat(Position("store", 1, 7))
TELLING = (
    b"Infinity",
    b"NaN",
    b'"groups":{',
    b'"groups":{},',
    b'"type":"delta",',
    b"}",
    b"{",
    b",",
    b'\\"',
    b" ",
    b"\xff",
)


@given(host_states.messages)
def test_a_message_comes_out_as_it_went_in(message: Message) -> None:
    line = encode(message)
    assert decode(line) == message
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1


@given(host_states.reports)
def test_a_report_comes_out_as_it_went_in(report: Report) -> None:
    assert decode_report(encode_report(report)) == report


def test_where_a_named_group_lies_is_not_told_to_agents() -> None:
    """So an agent that was built before rules had a reference reads a rule that has one."""
    rule = SecurityGroupRule(
        "sgr-1", "sg-1", Direction.INGRESS, Traffic("tcp", 22, 22), Peer(PeerKind.GROUP, "sg-2"), None
    )
    known, unknown = (
        Snapshot(
            HEARTBEAT.position,
            HostState("i-1", Mode.ENFORCE, groups={"sg-1": HostGroup("sg-1", "web", {"sgr-1": each})}),
        )
        for each in (replace(rule, reference=PeerReference("123456789012", "vpc-2", "pcx-1")), rule)
    )
    assert encode(known) == encode(unknown)
    assert b'reference"' not in encode(known)
    assert decode(encode(known)) == unknown


def test_an_interface_from_before_there_were_containers_is_the_hosts_own() -> None:
    """A state that an agent kept, or an older server sends, lacks what came later; an older agent isn't told of it."""
    own = HostInterface("eni-1", "up0", ("10.0.0.1",), ("sg-1",))
    before, behind = (
        Snapshot(HEARTBEAT.position, HostState("i-1", Mode.ENFORCE, interfaces={"eni-1": each}))
        for each in (own, replace(own, kind=InterfaceKind.ROUTED, source_check=True))
    )
    written = json.loads(encode(before))["state"]["interfaces"]["eni-1"]
    assert written.keys() == {"interface_id", "device", "addresses", "group_ids"}
    assert decode(encode(before)) == before
    assert decode(encode(behind)) == behind
    with pytest.raises(MalformedMessage):
        decode(encode(behind).replace(b'"routed"', b'"bridged"'))


def test_the_form_is_the_type_with_the_names_of_its_fields() -> None:
    assert json.loads(encode(HEARTBEAT)) == {
        "type": "heartbeat",
        "position": {"store_id": "store", "epoch": 1, "revision": 7},
    }


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"type":"heartbeat"}',
        b'{"type":["heartbeat"]}',
        b'{"type":"heartbeat","position":null}',
        b'{"type":"heartbeat","position":{"store_id":"s","epoch":1}}',
        b'{"type":"heartbeat","position":{"store_id":"s","epoch":1,"revision":"7"}}',
        b'{"type":"heartbeat","position":{"store_id":"s","epoch":1,"revision":true}}',
        b'{"type":"heartbeat","position":{"store_id":"s","epoch":1,"revision":7.0}}',
        b'{"type":"heartbeat","position":{"store_id":"s","epoch":1,"revision":7,"more":1}}',
        b'{"type":"heartbeat","position":{"store_id":"s","epoch":1,"revizion":7}}',
        b'{"type":"heartbeat","position":{"store_id":"s","epoch":1,"revision":7},"more":1}',
        b'{"type":"heartbeat","position":{"store_id":"s","epoch":1,"revision":NaN}}',
        b'{"type":"gossip","position":{"store_id":"s","epoch":1,"revision":7}}',
        b'{"type":"heartbeat","position":{"store_id":"s","epoch":1,"revision":' + b"9" * 5000 + b"}}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_what_is_no_message_is_refused(line: bytes) -> None:
    with pytest.raises(MalformedMessage):
        decode(line)


@pytest.mark.parametrize("time", ["1e999", "Infinity", "-Infinity", "NaN", "null", '"1"', "true", "1" + "0" * 400])
def test_a_time_is_a_finite_number(time: str) -> None:
    report = Report(HEARTBEAT.position, "observe", "", in_force_at=12345.0, received_at=1.0)
    body = encode_report(report).replace(b"12345.0", time.encode())
    with pytest.raises(MalformedMessage):
        decode_report(body)


def test_what_came_later_to_reports_is_written_only_where_there_is_something_to_say() -> None:
    """So an agent and a server of which one doesn't know it understand each other."""
    report = Report(HEARTBEAT.position, "observe", "", 1.0, 1.0)
    older = json.loads(encode_report(report))
    assert "capabilities" not in older
    assert "drift" not in older
    assert "interfaces" not in older
    assert decode_report(json.dumps(older).encode()) == report
    told = replace(
        report,
        capabilities=(TABLE_OWNER,),
        drift=Drift(12.5, ("nft (pid 4711)",)),
        interfaces=(InterfaceInForce("eni-1", "eth0"), InterfaceInForce("eni-2")),
    )
    assert json.loads(encode_report(told)) == older | {
        "capabilities": ["table-owner"],
        "drift": {"at": 12.5, "by": ["nft (pid 4711)"]},
        "interfaces": [{"interface_id": "eni-1", "device": "eth0"}, {"interface_id": "eni-2", "device": None}],
    }


@pytest.mark.parametrize("change", [{"problems": None}, {"unknown": 1}, {"drift": {"at": 1.0}}, {"capabilities": "a"}])
def test_a_report_has_what_it_must_and_nothing_unknown(change: dict[str, object]) -> None:
    document = json.loads(encode_report(Report(HEARTBEAT.position, "observe", "", 1.0, 1.0))) | change
    if change == {"problems": None}:
        del document["problems"]
    with pytest.raises(MalformedMessage):
        decode_report(json.dumps(document).encode())


def test_a_drift_names_who_it_was() -> None:
    assert Drift(0.0, ("nft (pid 4711)", "sh (pid 12)")).sentence == (
        "nft (pid 4711), sh (pid 12) changed table inet ringwall at 00:00:00 UTC; it was put back."
    )
    assert Drift(61.0).sentence.startswith("Somebody else changed table inet ringwall at 00:01:01 UTC")


def test_a_mode_that_nobody_knows_is_refused() -> None:
    line = encode(Snapshot(HEARTBEAT.position, HostState("i-1", Mode.ENFORCE))).replace(b"enforce", b"relax")
    with pytest.raises(MalformedMessage):
        decode(line)


def test_a_message_that_is_too_long_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "MESSAGE_BYTES_MAX", len(encode(HEARTBEAT)) - 1)
    with pytest.raises(MalformedMessage, match="longer"):
        decode(encode(HEARTBEAT))


@given(host_states.messages, st.data())
def test_a_damaged_message_is_refused_or_is_another_message(message: Message, data: st.DataObject) -> None:
    line = bytearray(encode(message))
    at = data.draw(st.integers(0, len(line) - 1))
    line[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with contextlib.suppress(MalformedMessage):
        decode(bytes(line))


@given(host_states.messages, st.data())
def test_to_read_group_by_group_tells_the_same_as_to_read_all_at_once(message: Message, data: st.DataObject) -> None:
    """Also of a line that is damaged, cut off, says something twice, or isn't written as we write it."""
    line = encode(message)
    start = data.draw(st.integers(0, len(line)))
    end = data.draw(st.integers(start, min(start + 3, len(line))))
    piece = data.draw(st.binary(max_size=3) | st.sampled_from(TELLING))
    for each in (line, line[:start] + piece + line[end:], line[:start], _spelt_out(line)):
        assert _read(decode, each) == _read(encoding._at_once, each)


def test_a_snapshot_is_read_group_by_group(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = {each: HostGroup(each, "Infinity", {}) for each in ("sg-1", "sg-2")}
    snapshot = Snapshot(HEARTBEAT.position, HostState("i-1", Mode.ENFORCE, groups=groups))
    with monkeypatch.context() as broken:
        broken.setattr(encoding, "_at_once", None)
        assert decode(encode(snapshot)) == snapshot
    unmarkable = replace(snapshot, state=replace(snapshot.state, host_id="Infinity"))
    assert decode(encode(unmarkable)) == unmarkable


def _spelt_out(line: bytes) -> bytes:
    return json.dumps(json.loads(line), indent=1).encode()


def _read(read: Callable[[bytes], Message], line: bytes) -> Message | str:
    try:
        return read(line)
    except MalformedMessage as error:
        return str(error)
