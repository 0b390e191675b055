"""What is done when a container comes or goes: its device is told of, or no longer, and that is waited for.

What a container runtime, a CNI plugin or a hook of a hypervisor calls, as root on the host. The agent is told by a file
and answers by one, so it needn't be up: what is written counts once it is.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ringwall.config import ConfigurationError

from .attachment_files import Status, Unreadable, read_files, read_status, sync_directory, write_attachment
from .attachments import MalformedAttachment, parse_device, parse_interface_id
from .release import lock_holders, read_marker

WAIT_SECONDS: Final = 10.0
POLL_SECONDS: Final = 0.005


@dataclass(frozen=True, slots=True)
class Wait:
    """How long to wait until it is in force; None: not at all. data: the agent's directory, which tells."""

    data: Path
    seconds: float | None = WAIT_SECONDS


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it. in_force: whether it is; None: that wasn't waited for."""

    sentence: str
    in_force: bool | None


def attach(directory: Path, device: str, interface_id: str, wait: Wait, *, move: bool = False) -> Outcome:
    """What came of telling that the device is the interface. It may be told before the device is there.

    move: from the device that the interface has now, in one step; without, that device must be gone.

    Raises:
        ConfigurationError: no such device or interface can be, or another device has it.
    """
    try:
        parse_device(device), parse_interface_id(interface_id)
        before = _holder(directory, interface_id)
        if before not in (None, device):
            if not move and before in {name for _, name in socket.if_nameindex()}:
                raise ConfigurationError(
                    f"{interface_id} is attached to {before}: detach that first, or move it with --move."
                )
            (directory / before).rename(directory / device)
            sync_directory(directory)
        elif before is None:
            write_attachment(directory, device, interface_id)
    except MalformedAttachment as error:
        raise ConfigurationError(f"{error}.") from error
    except OSError as error:
        raise ConfigurationError(f"{directory}/{device} can't be written: {error.strerror}.") from error
    told = f"{device} is told to be {interface_id}"
    outcome = _wait(wait, device, lambda status: status.in_force.get(device) == interface_id, told)
    if outcome.in_force and device not in {name for _, name in socket.if_nameindex()}:
        return Outcome(f"{told}: in force once there is such a device.", True)  # as it should be, or a slip of the pen
    return outcome


def detach(directory: Path, device: str, wait: Wait) -> Outcome:
    """What came of telling nothing of the device any more; it is closed until it is gone.

    Raises:
        ConfigurationError: no such device can be, or the file can't be removed.
    """
    try:
        (directory / parse_device(device)).unlink(missing_ok=True)
        if directory.is_dir():
            sync_directory(directory)
    except MalformedAttachment as error:
        raise ConfigurationError(f"{error}.") from error
    except OSError as error:
        raise ConfigurationError(f"{directory}/{device} can't be removed: {error.strerror}.") from error
    told = f"{device} is no container's any more"
    return _wait(wait, device, lambda status: device not in status.in_force and device not in status.waiting, told)


def _holder(directory: Path, interface_id: str) -> str | None:
    """The device whose file names the interface."""
    try:
        told, _ = read_files(directory)
    except Unreadable as error:
        raise ConfigurationError(str(error)) from error
    return next((each.device for each in told if each.interface_id == interface_id), None)


def _wait(wait: Wait, device: str, is_in_force: Callable[[Status], bool], told: str) -> Outcome:
    if wait.seconds is None:
        return Outcome(f"{told}.", None)
    deadline = time.monotonic() + wait.seconds
    while not is_in_force(status := read_status(wait.data)):
        if time.monotonic() >= deadline:
            return Outcome(f"{told}, and that isn't in force: {_why(wait, status.waiting.get(device))}", False)
        time.sleep(POLL_SECONDS)
    return Outcome(f"{told}: in force.", True)


def _why(wait: Wait, waiting: str | None) -> str:
    if (released := read_marker(wait.data)) is not None:
        return released.sentence
    if not lock_holders(wait.data):
        return f"no agent runs with {wait.data}; it counts once one is started."
    return waiting or f"the agent hasn't said so within {wait.seconds:g} s."
