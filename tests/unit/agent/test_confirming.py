"""What counts as the same structural change, and when one that was undone may be tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

import tiny_server
from ringwall.agent.confirming import Confirmation, on_former_devices, own_devices, structure
from ringwall.agent.directory import ROLLED_BACK
from ringwall.agent.errors import ChangeUndone, Unconfirmed
from ringwall.agent.guard import Guard
from ringwall.agent.server import Server, ServerUrl
from ringwall.compiler.compile import compile_host
from ringwall.compiler.interfaces import bound_devices
from ringwall.domain.interface import Mode
from ringwall.domain.local import ControlEndpoint, LocalPolicy
from ringwall.domain.world import HostGroup, HostInterface, HostState, InterfaceKind
from ringwall.nft.objects import Ruleset
from ringwall.watch.messages import Position

STATE = HostState(
    "i-1",
    Mode.ENFORCE,
    {"eni-1": HostInterface("eni-1", "up0", ("10.0.0.5",), ("sg-1",))},
    {"sg-1": HostGroup("sg-1", "web", {})},
)
CONTAINER = HostInterface("eni-2", "veth1", ("10.0.0.6",), ("sg-1",), InterfaceKind.ROUTED, source_check=True)
LOCAL = LocalPolicy()


def with_interfaces(*interfaces: HostInterface) -> HostState:
    return replace(STATE, interfaces=STATE.interfaces | {each.interface_id: each for each in interfaces})


@pytest.mark.parametrize(
    "changed",
    [
        with_interfaces(HostInterface("eni-1", "up0", ("10.0.0.7", "2001:db8::7"), ("sg-2",))),
        with_interfaces(CONTAINER),
        replace(STATE, groups={}, members={"sg-1": frozenset(("10.0.0.5",))}),
        replace(STATE, mode=Mode.OBSERVE),
    ],
)
def test_addresses_rules_members_and_containers_make_no_other_change(changed: HostState) -> None:
    assert structure(changed, LOCAL) == structure(STATE, LOCAL)
    control = frozenset((ControlEndpoint("192.0.2.1", 4580),))
    assert structure(STATE, replace(LOCAL, control=control)) == structure(STATE, LOCAL)


@pytest.mark.parametrize(
    ("state", "local"),
    [
        (with_interfaces(HostInterface("eni-1", "up1", ("10.0.0.5",), ("sg-1",))), LOCAL),
        (with_interfaces(HostInterface("eni-3", "up1", ("10.0.1.5",), ("sg-1",))), LOCAL),
        (replace(STATE, interfaces={}), LOCAL),
        (STATE, replace(LOCAL, unmanaged=frozenset(("up1",)))),
        (STATE, replace(LOCAL, break_glass=frozenset(("192.0.2.0/24",)))),
    ],
)
def test_devices_and_what_the_host_exempts_do(state: HostState, local: LocalPolicy) -> None:
    assert structure(state, local) != structure(STATE, LOCAL)


@pytest.mark.parametrize("containers", [(), (CONTAINER,)])
def test_the_ruleset_tells_the_devices_that_it_was_compiled_for(containers: tuple[HostInterface, ...]) -> None:
    state = with_interfaces(HostInterface("eni-3", "a-name-of-fifte", ("10.0.1.5",), ()), *containers)
    assert bound_devices(compile_host(state, LOCAL).ruleset) == own_devices(state)
    assert bound_devices(compile_host(state, LOCAL).ruleset) == {("eni-1", "up0"), ("eni-3", "a-name-of-fifte")}
    assert bound_devices(Ruleset()) == frozenset()


def test_the_rest_of_a_state_goes_in_on_the_devices_and_in_the_mode_of_before() -> None:
    before = replace(STATE, mode=Mode.OBSERVE)
    moved = HostInterface("eni-1", "up1", ("10.0.0.9",), ("sg-2",))
    further = HostInterface("eni-3", "up3", ("10.0.1.5",), ("sg-1",))
    after = replace(with_interfaces(moved, further, CONTAINER), groups={"sg-2": HostGroup("sg-2", "db", {})})
    rest = on_former_devices(after, before)
    assert rest.mode is Mode.OBSERVE
    assert rest.interfaces == {"eni-1": replace(moved, device="up0"), "eni-2": CONTAINER}
    assert rest.groups is after.groups
    gone = on_former_devices(replace(after, interfaces={}), before)
    assert gone.interfaces == before.interfaces, "to be undone, it has to be there"
    assert on_former_devices(STATE, STATE) == STATE


@dataclass
class Standby(Guard):
    """A guard without a process: it knows whether it was told."""

    changes: list[str] = field(default_factory=list)
    confirmed: int = 0

    def __call__(self, change: str) -> Guard:
        self.changes.append(change)
        return self

    def confirm(self) -> None:
        self.confirmed += 1


def at(revision: int) -> Position:
    return Position("store", 1, revision)


def play(path: Path, test: Callable[[Confirmation, Standby, tiny_server.TinyServer], object]) -> None:
    async def on_stage() -> None:
        async with tiny_server.serving(lambda got: (200, b"{}")) as tiny:
            guard, confirmed = Standby(), asyncio.Event()
            server = Server(ServerUrl("http", "127.0.0.1", tiny.port))
            await server.locate()
            confirmation = Confirmation(server, path, guard, confirmed.set)
            test(confirmation, guard, tiny)
            if confirmation.is_awaited:
                await confirmed.wait()
                assert (guard.confirmed, confirmation.is_awaited) == (1, False)
                assert not (path / ROLLED_BACK).exists()

    tiny_server.run(on_stage)


def test_a_change_is_confirmed_once_whatever_follows_it_with_the_same_structure(tmp_path: Path) -> None:
    def test(confirmation: Confirmation, guard: Standby, _: tiny_server.TinyServer) -> None:
        confirmation.stand_by("one", at(5))
        confirmation.stand_by("one", at(6))
        with pytest.raises(Unconfirmed):
            confirmation.stand_by("two", at(7))
        assert guard.changes == ["one 1 5"]

    play(tmp_path, test)


def test_what_was_undone_stays_undone_until_the_structure_is_another(tmp_path: Path) -> None:
    def test(confirmation: Confirmation, guard: Standby, _: tiny_server.TinyServer) -> None:
        (tmp_path / ROLLED_BACK).write_text("one 1 5\n")
        for revision in (5, 6, 700):
            with pytest.raises(ChangeUndone):
                confirmation.stand_by("one", at(revision))
        assert not confirmation.was_taken_back()
        confirmation.stand_by("two", at(701))
        assert guard.changes == ["two 1 701"]

    play(tmp_path, test)


def test_what_was_undone_is_tried_again_once_somebody_at_the_host_says_so(tmp_path: Path) -> None:
    def test(confirmation: Confirmation, guard: Standby, _: tiny_server.TinyServer) -> None:
        (tmp_path / ROLLED_BACK).write_text("one 1 5\n")
        with pytest.raises(ChangeUndone):
            confirmation.stand_by("one", at(5))
        (tmp_path / ROLLED_BACK).unlink()
        assert confirmation.was_taken_back()
        assert not confirmation.was_taken_back(), "that is said once"
        confirmation.stand_by("one", at(5))
        assert guard.changes == ["one 1 5"]

    play(tmp_path, test)


@pytest.mark.parametrize(("revision", "forgotten"), [(4, False), (5, False), (6, True)])
def test_only_an_observe_that_came_later_forgets_it(tmp_path: Path, revision: int, forgotten: bool) -> None:
    """An agent that was started again sees on its way to the undone state the older ones too."""

    def test(confirmation: Confirmation, _: Standby, __: tiny_server.TinyServer) -> None:
        (tmp_path / ROLLED_BACK).write_text("one 1 5\n")
        confirmation.observing(at(revision))
        assert (tmp_path / ROLLED_BACK).exists() is not forgotten

    play(tmp_path, test)


@pytest.mark.parametrize("noted", ["", "one", "one 1", "one x 5", "\n\n"])
def test_a_note_that_is_older_or_damaged_does_no_harm(tmp_path: Path, noted: str) -> None:
    def test(confirmation: Confirmation, guard: Standby, _: tiny_server.TinyServer) -> None:
        (tmp_path / ROLLED_BACK).write_text(noted)
        confirmation.stand_by("two", at(6))
        assert guard.changes == ["two 1 6"]

    play(tmp_path, test)
