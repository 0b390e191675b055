"""What keeps ringwall from working on this host, or could surprise its operator. Looks, and never changes anything.

Whether the kernel can do what is needed is tried in a network namespace of its own that vanishes with the attempt; it
may load the modules that enforcing would load. All else is read.

`examine` is all of it, for `ringwall agent doctor`. `beside` is the part that concerns others on the host, for the
agent's log and reports; it needs no rights that the agent doesn't have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from ringwall.config import ConfigurationError
from ringwall.domain.interface import Mode
from ringwall.domain.local import LocalPolicy
from ringwall.domain.world import HostState

from ..attachments import Bound
from ..binding import Binder
from ..directory import AgentDirectory, Identity
from ..errors import AgentError, reason
from ..findings import Finding, warn
from ..interfaces import read_interfaces
from . import capabilities, devices, neighbours, own, server, settings
from .host import Host

TOLD_MAX: Final = 20
"""So many findings go into the agent's reports."""


def examine(data: Path, url: str, local: LocalPolicy, binder: Binder | None = None) -> list[Finding]:
    """Everything there is to say of the host.

    url: its server's, or empty. binder: what it knows of its containers' devices.
    """
    host = _host(data, url, local, binder)
    return [finding for check in _ALL for finding in _checked(check, host)]


def beside(
    directory: AgentDirectory,
    identity: Identity,
    local: LocalPolicy,
    state: HostState | None,
    endpoints: frozenset[str],
) -> list[Finding]:
    """What the agent's operator should know of the host and of others on it: no more than TOLD_MAX, the worst first.

    state: what the host should enforce. endpoints: the devices of its containers.

    Raises:
        OSError: the host's devices can't be read.
    """
    bound = Bound(state or HostState(identity.instance_id, Mode.OBSERVE), endpoints, {}, {})
    host = Host(directory.path, "", local, directory, identity, state, read_interfaces(), bound)
    findings = [finding for check in _BESIDE for finding in _checked(check, host)]
    return sorted((each for each in findings if each.status), key=lambda each: -each.status)[:TOLD_MAX]


def _host(data: Path, url: str, local: LocalPolicy, binder: Binder | None = None) -> Host:
    directory = AgentDirectory(data, writable=False)
    try:
        identity = directory.identity()
    except ConfigurationError:
        identity = None
    last = directory.last_state()
    state = last[0].state if last else None
    binder = binder or Binder()
    binder.look()
    bound = binder.bound(state or HostState(identity.instance_id if identity else "", Mode.OBSERVE))
    return Host(data, url, local, directory, identity, state, read_interfaces(), bound)


def _checked(check: Callable[[Host], Iterator[Finding]], host: Host) -> list[Finding]:
    """What the check finds; one that can't look says so, and the others look all the same."""
    found: list[Finding] = []
    try:
        found.extend(check(host))
    except (OSError, ValueError, KeyError, AgentError) as error:
        found.append(warn(check.__name__.replace("_", "-"), f"This can't be looked at: {reason(error)}."))
    return found


_BESIDE: Final = (neighbours.others, devices.devices)
_ALL: Final = (
    capabilities.kernel_features,
    settings.tracking,
    settings.tracking_settings,
    settings.reverse_path,
    settings.bridges,
    neighbours.others,
    devices.devices,
    devices.moves,
    devices.containers,
    own.agent_directory,
    own.released,
    own.rolled_back,
    own.last_state,
    own.running,
    own.table,
    server.server,
)
