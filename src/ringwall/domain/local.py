"""What a host decides for itself, whatever the server says: the connection to the server, and interfaces left alone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ControlEndpoint:
    """Where the server listens, as the agent connects to it. address: IPv4 or IPv6, without a length."""

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class LocalPolicy:
    """The agent's own configuration, as far as packets feel it. Never from the server, so that it cannot be revoked.

    control: TCP connections that this host opens to these endpoints always pass, in both directions, on any interface.
    unmanaged: devices that nothing is enforced on. All others are closed unless an interface of the state names them.
    break_glass: blocks from which the host itself can always be reached, and to which it can always speak.
    endpoints: devices behind which there are containers or virtual machines. Without an interface of the state, because
    it isn't attached yet or is detached already, such a device is closed, while others are merely unknown to a router.
    """

    control: frozenset[ControlEndpoint] = frozenset()
    unmanaged: frozenset[str] = frozenset()
    break_glass: frozenset[str] = frozenset()
    endpoints: frozenset[str] = frozenset()
