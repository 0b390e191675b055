"""The namespaces that the other kernel tests stand on."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

import netns

pytestmark = [pytest.mark.kernel, netns.needs_kernel]


def test_two_namespaces_are_joined_by_a_cable_and_gone_afterwards() -> None:
    with netns.namespace() as a, netns.namespace() as b:
        netns.veth(a, "eth0", ["10.0.0.1/24", "fd00::1/64"], b, "eth0", ["10.0.0.2/24", "fd00::2/64"])
        for family, address in ((socket.AF_INET, "10.0.0.1"), (socket.AF_INET6, "fd00::1")):
            with a.enter():
                listener = socket.create_server((address, 8080), family=family)
            with b.enter():
                client = socket.create_connection((address, 8080), timeout=5)
            listener.close()
            client.close()
        paths = [a.path, b.path]
    assert not any(path.exists() for path in paths)


def test_a_thread_returns_home_also_after_an_error() -> None:
    home = Path("/proc/thread-self/ns/net").readlink()
    with netns.namespace() as ns:
        with pytest.raises(ZeroDivisionError), ns.enter():
            assert Path("/proc/thread-self/ns/net").readlink() != home
            raise ZeroDivisionError
        assert Path("/proc/thread-self/ns/net").readlink() == home


def test_a_failed_command_shows_what_it_wrote() -> None:
    with netns.namespace() as ns, pytest.raises(AssertionError, match="no-such-interface"):
        ns.run(["ip", "link", "show", "no-such-interface"])
