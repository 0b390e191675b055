"""Which device is which interface: what is told, what it comes to, and what it never does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from build import beside, routed, world
from ringwall.agent.attachments import (
    INTERFACES_TOLD_MAX,
    Bindings,
    MalformedAttachment,
    Told,
    bind,
    bindings,
    parse_attachment,
)
from ringwall.domain.world import HostState, InterfaceKind
from ringwall.watch.messages import InterfaceInForce

A, B = "eni-0a", "eni-0b"
STATE = beside(world(), routed(A, "", ["10.0.1.2"]), routed(B, "", ["10.0.2.2"], source_check=False))


def told(*pairs: str) -> Bindings:
    """`vc1=eni-0a` and so on; `vc1=?` for what can't be understood."""
    words = [pair.split("=") for pair in pairs]
    return bindings(Told(device, None if word == "?" else word, "a test") for device, word in words)


def devices(state: HostState) -> dict[str, str]:
    return {each.interface_id: each.device for each in state.interfaces.values()}


def test_a_device_is_bound_to_its_interface_and_is_an_endpoint() -> None:
    bound = bind(STATE, told("vc1=eni-0a"))
    assert devices(bound.state) == {"eni-1": "up0", A: "vc1", B: ""}
    assert bound.endpoints == {"vc1"}
    assert bound.carried == {"vc1": A}
    assert bound.problems == ()
    assert bound.in_force == (InterfaceInForce(A, "vc1"), InterfaceInForce("eni-1", "up0"), InterfaceInForce(B))
    assert bound.state.interfaces["eni-1"] is STATE.interfaces["eni-1"]
    assert not bound.state.interfaces[B].source_check


def test_the_server_does_not_say_which_device_it_is() -> None:
    claimed = beside(STATE, routed(A, "up0", ["10.0.1.2"]), routed(B, "vc9", []))
    assert devices(bind(claimed, told("vc1=eni-0a")).state) == {"eni-1": "up0", A: "vc1", B: ""}


@pytest.mark.parametrize(
    ("pairs", "closed", "words"),
    [
        (["vc1=eni-0a", "vc2=eni-0a"], {"vc1", "vc2"}, "vc1 and vc2 are closed: each was told to be eni-0a"),
        (["vc1=eni-0a", "vc1=eni-0b"], {"vc1"}, "it was told to be eni-0a and eni-0b"),
        (["vc1=eni-0a", "vc1=?"], {"vc1"}, "can't be understood"),
        (["vc1=?"], {"vc1"}, "what a test says of it can't be understood"),
        (["vc1=eni-0c"], {"vc1"}, "eni-0c, which isn't attached to this host"),
        (["vc1=eni-1"], {"vc1"}, "eni-1, which is the host's own up0"),
        (["up0=eni-0a"], set(), "up0 is eni-1, an interface of the host's own"),
        (["up0=?"], set(), "can't be understood"),
        (["up0=eni-0a", "up0=eni-0b"], set(), "it can be one only"),
    ],
)
def test_what_does_not_fit_closes_the_device_and_opens_nothing(pairs: list[str], closed: set[str], words: str) -> None:
    bound = bind(STATE, told(*pairs))
    assert devices(bound.state) == {"eni-1": "up0", A: "", B: ""}
    assert bound.endpoints == closed
    assert not bound.carried
    assert any(words in problem for problem in bound.problems), bound.problems
    if closed:
        assert bound.waiting.keys() == closed


def test_the_same_twice_is_no_contradiction() -> None:
    assert bind(STATE, told("vc1=eni-0a", "vc1=eni-0a")).carried == {"vc1": A}


def test_a_contradiction_harms_nobody_else() -> None:
    bound = bind(STATE, told("vc1=eni-0a", "vc2=eni-0a", "vc3=eni-0b"))
    assert bound.carried == {"vc3": B}
    assert bound.endpoints == {"vc1", "vc2", "vc3"}


def test_a_device_that_lingers_is_closed_unless_it_is_the_hosts_own() -> None:
    assert bind(STATE, told(), frozenset({"vc7", "up0"})).endpoints == {"vc7"}


def test_nothing_told_is_the_same_state() -> None:
    plain = world()
    bound = bind(plain, told())
    assert bound.state == plain
    assert bound.endpoints == frozenset()


@given(
    st.lists(
        st.builds(
            Told,
            st.sampled_from(["vc1", "vc2", "vc3", "up0"]),
            st.sampled_from([A, B, "eni-0c", "eni-1", None]),
            st.just("a test"),
        )
    ),
    st.frozensets(st.sampled_from(["vc1", "vc4", "up0"])),
)
def test_whatever_is_told(words: list[Told], lingering: frozenset[str]) -> None:
    """In any order the same; one device an interface; every device that was told of closed, but the host's own."""
    bound = bind(STATE, bindings(words), lingering)
    again = bind(STATE, bindings(reversed(words)), lingering)
    assert (bound.state, bound.endpoints, bound.waiting) == (again.state, again.endpoints, again.waiting)
    routed_devices = [each.device for each in bound.state.interfaces.values() if each.kind is InterfaceKind.ROUTED]
    in_use = [device for device in routed_devices if device]
    assert len(in_use) == len(set(in_use))
    assert set(in_use) <= bound.endpoints == ({each.device for each in words} | lingering) - {"up0"}
    assert bound.carried.keys().isdisjoint(bound.waiting)
    assert bool(bound.problems) or {each.device for each in words} == set(bound.carried)


def test_a_report_tells_of_the_bound_ones_first_and_not_of_all() -> None:
    many = beside(world(), *(routed(f"eni-{n:x}", "", []) for n in range(2, 3000)), routed("eni-ffff", "", []))
    in_force = bind(many, told("vc1=eni-ffff")).in_force
    assert len(in_force) == INTERFACES_TOLD_MAX
    assert in_force[:2] == (InterfaceInForce("eni-1", "up0"), InterfaceInForce("eni-ffff", "vc1"))


@pytest.mark.parametrize(
    "text",
    [
        "", "vc1", "=eni-0a", "vc1=", "vc1=eni-", "vc1=eni-0A", "vc1=eni-0a ", "vc1= eni-0a", "vc 1=eni-0a",
        "lo=eni-0a", "v/1=eni-0a", "v:1=eni-0a", ".vc=eni-0a", "..=eni-0a", "sixteen-letters-=eni-0a", "vc1=eni-0a\n",
        "vc1=sg-0a", "ö" * 8 + "=eni-0a", "v\x07=eni-0a", "vc1=eni-0123456789abcdef01",
    ],
)  # fmt: skip
def test_what_is_no_attachment(text: str) -> None:
    with pytest.raises(MalformedAttachment):
        parse_attachment(text)


@pytest.mark.parametrize("device", ["v", "veth-web", "fifteen-letters", "tap0.1", "cali_1@x", "öööööööa", "a="])
def test_what_is_an_attachment(device: str) -> None:
    if "=" not in device:
        assert parse_attachment(f"{device}=eni-0123456789abcdef0") == (device, "eni-0123456789abcdef0")


def test_binding_is_of_values() -> None:
    once = bind(STATE, told("vc1=eni-0a"))
    assert devices(STATE)[A] == ""
    assert bind(once.state, told("vc1=eni-0a")).state == once.state
    assert bind(once.state, told()).state == replace(once.state, interfaces=STATE.interfaces)
