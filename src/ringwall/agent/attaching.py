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

LOOK_SECONDS: Final = 0.5
"""So often it is looked whether there is an agent at all, which costs a look at each open file of the machine."""

START_SECONDS: Final = 1.0
"""An agent that is started anew, after an upgrade say, runs again within this."""


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

    move: from the device that the interface has now, in one step, and in the place of what this device was told to be;
    without, that device must be gone, and this one told of nothing else.

    Raises:
        ConfigurationError: no such device or interface can be, or another device has it, or the device another one.
    """
    try:
        parse_device(device), parse_interface_id(interface_id)
        told_of = _told(directory)
        other = told_of.get(device)
        if not move and other not in (None, interface_id):
            raise ConfigurationError(f"{device} is told to be {other}: detach it first, or replace that with --move.")
        before = next((each for each, told_id in told_of.items() if told_id == interface_id), None)
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

    Where nothing was told of it that is said, and is no failure: who removes a container may do so twice.

    Raises:
        ConfigurationError: no such device can be, or the file can't be removed.
    """
    try:
        (directory / parse_device(device)).unlink()
        sync_directory(directory)
    except FileNotFoundError:
        return _nothing_told(wait, device, directory)
    except MalformedAttachment as error:
        raise ConfigurationError(f"{error}.") from error
    except OSError as error:
        raise ConfigurationError(f"{directory}/{device} can't be removed: {error.strerror}.") from error
    told = f"{device} is no container's any more"
    return _wait(wait, device, lambda status: device not in status.in_force and device not in status.waiting, told)


def _nothing_told(wait: Wait, device: str, directory: Path) -> Outcome:
    """What is said of a device that has no file. Another detach may be on its way, or the agent be told otherwise."""
    seconds = 0.0 if wait.seconds is None else min(wait.seconds, START_SECONDS)
    deadline = time.monotonic() + seconds
    while (interface_id := read_status(wait.data).in_force.get(device)) is not None and lock_holders(wait.data):
        if time.monotonic() >= deadline:
            why = f"the agent has it as {interface_id}, from its own --attach or another --attachments."
            return Outcome(f"{directory} says nothing of {device}, and {why}", False)
        time.sleep(POLL_SECONDS)
    return Outcome(f"{directory} says nothing of {device}: there is nothing to detach.", None)


def _told(directory: Path) -> dict[str, str]:
    """The interface's id by the device whose file names it."""
    try:
        told, _ = read_files(directory)
    except Unreadable as error:
        raise ConfigurationError(str(error)) from error
    return {each.device: each.interface_id for each in told if each.interface_id is not None}


def _wait(wait: Wait, device: str, is_in_force: Callable[[Status], bool], told: str) -> Outcome:
    """What came of it within the time; at once where it can't come to anything, as no agent acts on it."""
    if wait.seconds is None:
        return Outcome(f"{told}.", None)
    began = time.monotonic()
    look_at = began
    while not is_in_force(status := read_status(wait.data)):
        now = time.monotonic()
        is_over, hopeless = now >= began + wait.seconds, None
        if is_over or now >= look_at:
            hopeless = _nobody(wait.data, may_come=not is_over and now < began + START_SECONDS)
            look_at = now + LOOK_SECONDS
        if is_over or hopeless is not None:
            why = hopeless or status.waiting.get(device) or f"the agent hasn't said so within {wait.seconds:g} s."
            return Outcome(f"{told}, and that isn't in force: {why}", False)
        time.sleep(POLL_SECONDS)
    return Outcome(f"{told}: in force.", True)


def _nobody(data: Path, *, may_come: bool) -> str | None:
    """Why no agent acts on what it is told; None where one does. may_come: it may be just being started anew."""
    if (released := read_marker(data)) is not None:
        return released.sentence
    if not may_come and not lock_holders(data):
        return f"no agent runs with {data}; it counts once one is started."
    return None
