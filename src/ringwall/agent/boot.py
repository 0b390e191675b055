"""From a boot to the first word of the server: what the host starts with, from its own disk alone.

A unit runs this before the network comes up, so that no packet meets an open host that should be closed. The rule is
what the host did last: one that observed starts open, one that enforced starts enforcing. Whether it enforced is kept
apart from the state; if it did and the state is lost, the host starts closed but for what keeps it reachable, and says
so until its server has told it anew.
"""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from ringwall.compiler.closed import closed_ruleset
from ringwall.compiler.compile import compile_host
from ringwall.config import ConfigurationError
from ringwall.domain.interface import Mode
from ringwall.domain.local import ControlEndpoint, LocalPolicy
from ringwall.telemetry import LOG
from ringwall.watch.messages import Snapshot

from .binding import Binder
from .conntrack import prepare_tracking
from .directory import AgentDirectory, Identity, StateDamaged
from .errors import AgentError
from .kernel import Kernel
from .release import lock_holders, read_marker
from .server import ServerUrl

CLOSED: Final = "the host starts closed but for its server, break-glass addresses, DHCP and neighbour discovery"


class Start(StrEnum):
    """What a host starts with. NOTHING: no table, so it is open."""

    NOTHING = "nothing"
    STATE = "state"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Plan:
    """What the host starts with, and why. snapshot, digest: the last state that was in force, with Start.STATE."""

    start: Start
    why: str
    snapshot: Snapshot | None = None
    digest: str = ""


def plan(directory: AgentDirectory, store_id: str | None) -> Plan:
    """What the host starts with. store_id: the one it was enrolled in, None when the identity is lost too.

    What was in force is believed when it is whole, of the right store, and of the mode that the host was in.
    """
    lost: list[str] = []
    kept: tuple[Snapshot, str] | None = None
    mode: Mode | None = None
    try:
        mode = directory.kept_mode()
    except StateDamaged as error:
        lost.append(str(error))
    try:
        kept = directory.kept_state()
    except StateDamaged as error:
        lost.append(str(error))
    if kept is not None and store_id not in (None, kept[0].position.store_id):
        lost.append(f"the state on disk is of store {kept[0].position.store_id}, and the host belongs to {store_id}")
        kept = None
    if kept is not None and mode in (None, kept[0].state.mode):
        snapshot, digest = kept
        return Plan(Start.STATE, f"revision {snapshot.position.revision}, {snapshot.state.mode}", snapshot, digest)
    if mode is Mode.OBSERVE or (mode is None and not lost):
        return Plan(Start.NOTHING, "the host observed" if mode else "nothing was ever in force here")
    lost = lost or [f"the enforced state never reached {directory.path}"]
    return Plan(Start.CLOSED, f"The last state is lost: {'; '.join(lost)}.")


def start_from_disk(data: Path, url: ServerUrl | None, local: LocalPolicy, binder: Binder | None = None) -> str:
    """A sentence about what the host starts with, which is in its kernel now.

    url: where the server is; counts when it has an address for its name, as no name can be resolved yet.
    local: what the host decides for itself; the endpoints of the server, as they were last, are added.
    binder: what the host knows of its containers' devices.

    Raises:
        AgentError, OSError: the kernel took neither the state nor the closed ruleset.
    """
    if (released := read_marker(data)) is not None:
        return released.sentence
    directory = AgentDirectory(data, writable=False)
    if running := lock_holders(data):
        return f"An agent is running (pid {running[0]}); the rules are its business."
    identity, broken = _identity(directory)
    planned = plan(directory, identity.store_id if identity else None)
    if planned.start is Start.NOTHING:
        return f"Nothing is loaded: {planned.why if identity or broken else 'no host was enrolled here'}."
    known = (identity.endpoints if identity else frozenset()) | _endpoints(url)
    local = replace(local, control=local.control | known)
    with Kernel() as kernel:
        if kernel.observe() is not None:
            return "There is a table inet ringwall already; it stands."
        return _load(kernel, planned, identity, directory, local, binder or Binder())


def _load(
    kernel: Kernel,
    planned: Plan,
    identity: Identity | None,
    directory: AgentDirectory,
    local: LocalPolicy,
    binder: Binder,
) -> str:
    binder.look()
    with suppress(OSError):  # before the network there are no connections; later some may be cut
        prepare_tracking()
    if planned.snapshot is not None:
        try:
            bound = binder.bound(planned.snapshot.state)
            kernel.apply(None, compile_host(bound.state, replace(local, endpoints=bound.endpoints)).ruleset)
        except (AgentError, ValueError) as error:
            if planned.snapshot.state.mode is Mode.OBSERVE:
                raise
            LOG.exception("the last state can't be loaded")
            planned = Plan(Start.CLOSED, f"The last state can't be loaded: {error}.")
        else:
            binder.settled(bound)
            return f"The last state is loaded: {planned.why}."
    own = directory.kept_devices() | ({identity.device} if identity else set())
    host_id = identity.instance_id if identity else ""
    kernel.apply(None, closed_ruleset(host_id, binder.closing(local, own)))
    binder.settled(None)
    return f"{planned.why} So {CLOSED}."


def _identity(directory: AgentDirectory) -> tuple[Identity | None, bool]:
    """Who the host is, and whether that can't be read."""
    try:
        return directory.identity(), False
    except ConfigurationError as error:
        LOG.error("%s", error)
        return None, True


def _endpoints(url: ServerUrl | None) -> frozenset[ControlEndpoint]:
    if url is None:
        return frozenset()
    try:
        ipaddress.ip_address(url.host)
    except ValueError:
        return frozenset()
    return frozenset((ControlEndpoint(url.host, url.port),))
