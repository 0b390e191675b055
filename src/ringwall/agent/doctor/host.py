"""The host as the checks see it, and what they share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ringwall.domain.local import LocalPolicy
from ringwall.domain.world import HostState, InterfaceKind

from ..attachments import Bound
from ..directory import AgentDirectory, Identity
from ..interfaces import DeviceAddresses

NAMED_MAX: Final = 8
"""So many chains or devices are named in one sentence."""


@dataclass(frozen=True, slots=True)
class Host:
    """What is looked at. server: its URL, or empty. state: of the last good state on disk, where there is one."""

    data: Path
    server: str
    local: LocalPolicy
    directory: AgentDirectory
    identity: Identity | None
    state: HostState | None
    interfaces: tuple[DeviceAddresses, ...]
    bound: Bound


def own_devices(host: Host) -> set[str]:
    """The host's own devices, as its last state says, or else its identity."""
    if host.state is not None:
        return {each.device for each in host.state.interfaces.values() if each.kind is InterfaceKind.HOST}
    return {host.identity.device} if host.identity else set()


def named(names: list[str] | tuple[str, ...]) -> str:
    """The names, and how many more there are. Whoever gave them must not write on the operator's screen."""
    shown = ["".join(c if c.isprintable() else "?" for c in name) for name in names[:NAMED_MAX]]
    return ", ".join(shown) + (f" and {len(names) - NAMED_MAX} more" if len(names) > NAMED_MAX else "")
