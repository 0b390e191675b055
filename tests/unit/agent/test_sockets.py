"""Who opened a connection, as far as sockets tell; and the kernel's sockets on loopback, really read."""

from __future__ import annotations

import socket

import pytest

from ringwall.agent.sockets import TCP, UDP, Connection, Listener, Sockets, ephemeral_ports, read_sockets

INWARD = Connection(TCP, "10.0.0.5", 22, "10.0.0.9", 50000)
OUTWARD = Connection(TCP, "10.0.0.5", 50000, "10.0.0.9", 443)
V4, V6, BOTH = frozenset((4,)), frozenset((6,)), frozenset((4, 6))


@pytest.mark.parametrize(
    ("listener", "by_peer"),
    [
        (Listener(TCP, V4, None, 22), True),
        (Listener(TCP, BOTH, None, 22), True),
        (Listener(TCP, V4, "10.0.0.5", 22), True),
        (Listener(TCP, V6, None, 22), False),
        (Listener(TCP, V4, "10.0.0.6", 22), False),
        (Listener(TCP, V4, None, 23), False),
        (Listener(UDP, V4, None, 22), False),
    ],
)
def test_a_connection_of_a_port_that_listens_was_opened_by_the_peer(listener: Listener, by_peer: bool) -> None:
    sockets = Sockets(frozenset((INWARD, OUTWARD)), frozenset((listener,)))
    assert sockets.opened_by_peer() == {INWARD: by_peer, OUTWARD: False}


def test_what_stays_on_the_host_and_what_isnt_tcp_is_left_out() -> None:
    inside = {
        Connection(TCP, "127.0.0.1", 22, "127.0.0.1", 50000),
        Connection(TCP, "::1", 22, "::1", 50000),
        Connection(TCP, "10.0.0.5", 22, "10.0.0.5", 50000),
        Connection(TCP, "10.0.0.5", 50000, "10.0.0.5", 22),
        Connection(UDP, "10.0.0.5", 53, "10.0.0.9", 50000),
    }
    assert Sockets(frozenset(inside), frozenset()).opened_by_peer() == {}


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_the_kernel_tells_connections_and_listeners(family: int, address: str) -> None:
    with socket.create_server((address, 0), family=family) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection((address, port)) as client, listener.accept()[0]:
            client_port = client.getsockname()[1]
            found = read_sockets()
            assert Listener(TCP, V4 if family == socket.AF_INET else V6, address, port) in found.listeners
            assert Connection(TCP, address, port, address, client_port) in found.connections
            assert Connection(TCP, address, client_port, address, port) in found.connections


@pytest.mark.parametrize(("only_v6", "families"), [(True, V6), (False, BOTH)], ids=["only IPv6", "both families"])
def test_a_listener_on_every_address_says_of_which_family(only_v6: bool, families: frozenset[int]) -> None:
    with socket.socket(socket.AF_INET6) as listener:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only_v6)
        listener.bind(("::", 0))
        listener.listen()
        assert Listener(TCP, families, None, listener.getsockname()[1]) in read_sockets().listeners


def test_udp_sockets_are_told_when_asked_for() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        assert Listener(UDP, V4, "127.0.0.1", port) in read_sockets((UDP,)).listeners
        assert port in ephemeral_ports()
        with socket.socket(type=socket.SOCK_DGRAM) as connected:
            connected.connect(("127.0.0.1", port))
            own = connected.getsockname()[1]
            assert Connection(UDP, "127.0.0.1", own, "127.0.0.1", port) in read_sockets((UDP,)).connections
