"""What the host knows of its containers' devices, where somebody told of one that is the host's own."""

from __future__ import annotations

from pathlib import Path

from build import beside, routed, world
from ringwall.agent.attachment_files import read_status
from ringwall.agent.binding import Binder
from ringwall.agent.interfaces import Link
from ringwall.domain.local import LocalPolicy

STATE = beside(world(), routed("eni-0a", "", ["10.0.1.2"]), routed("eni-0b", "", ["10.0.2.2"]))


def looked(data: Path, *told: tuple[str, str]) -> Binder:
    """A host with its own up0 and a container's vc1, and what it was told of them."""
    made = Binder(told, data=data, links=lambda: (Link(1, "lo"), Link(2, "up0"), Link(3, "vc1")))
    made.look()
    return made


def test_a_host_that_lost_its_state_does_not_close_its_own_device(tmp_path: Path) -> None:
    binder = looked(tmp_path, ("up0", "eni-0a"), ("vc1", "eni-0b"))
    assert binder.closing(LocalPolicy(), {"up0"}).endpoints == {"vc1"}
    assert binder.closing(LocalPolicy(), ()).endpoints == {"up0", "vc1"}


def test_a_device_of_the_hosts_own_is_not_remembered_as_a_containers(tmp_path: Path) -> None:
    binder = looked(tmp_path, ("up0", "eni-0a"), ("vc1", "eni-0b"))
    binder.settled(binder.bound(STATE))
    assert read_status(tmp_path).closed == {"vc1": 3}
    assert looked(tmp_path).closing(LocalPolicy(), ()).endpoints == {"vc1"}
