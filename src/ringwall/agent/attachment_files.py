"""The directory of attachments: a file for each container's device, its name the device, its content `eni-…`.

Whoever starts containers writes the files, whole and at once (`ringwall agent attach`, or by renaming); the agent only
reads them. It believes nobody but root, follows no link, opens nothing that isn't a plain file, and reads no more than
an id is long. A file that can't be understood closes its device.

What came of them stands in a file of the agent's own, for those who wait for it: `attachments.json` in its data
directory. It isn't synced: what it speaks of doesn't outlive the kernel either.
"""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from .attachments import MalformedAttachment, Told, parse_device, parse_interface_id

ATTACHMENTS: Final = "attachments"
"""The directory, in the agent's data directory, unless another one was given."""

STATUS: Final = "attachments.json"
FILES_MAX: Final = 4096
CONTENT_BYTES_MAX: Final = 64
_TICK_NANOSECONDS: Final = 100_000_000
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


Known = tuple[tuple[int, int, int], str]
"""A file's inode with the times of its last changes, and the id in it."""


class Unreadable(Exception):
    """The directory can't be read as a whole, in a sentence; what it said before may still hold."""


def read_files(directory: Path, known: dict[str, Known] | None = None) -> tuple[list[Told], list[str]]:
    """What the files say, in the order of their names, and sentences on those that can't be understood.

    A directory that isn't there says nothing. known: what was read before, by name; brought up to date, so that only
    files that changed are read.

    Raises:
        Unreadable: it can't be read, or mustn't be believed.
    """
    try:
        opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return [], []
    except OSError as error:
        raise Unreadable(f"{directory} can't be read: {error.strerror}.") from error
    try:
        _check_owner(os.fstat(opened))
        with os.scandir(opened) as entries:
            names = [entry.name for entry in islice(entries, FILES_MAX + 1)]
        if len(names) > FILES_MAX:
            raise Unreadable(f"{directory} holds more than {FILES_MAX} files.")
        return _read_all(
            opened,
            directory,
            sorted(name for name in names if not name.startswith(".")),
            {} if known is None else known,
        )
    except MalformedAttachment as error:
        raise Unreadable(f"{directory} {error}: what it holds isn't believed.") from error
    except OSError as error:
        raise Unreadable(f"{directory} can't be read: {error.strerror}.") from error
    finally:
        os.close(opened)


def _read_all(opened: int, directory: Path, names: list[str], known: dict[str, Known]) -> tuple[list[Told], list[str]]:
    told: list[Told] = []
    problems: list[str] = []
    for name in names:
        try:
            device = parse_device(name)
        except MalformedAttachment as error:
            problems.append(f"A file in {directory} has a wrong name: {error}.")
            continue
        try:
            told.append(Told(device, _read_new(opened, name, known), f"{directory}/{name}"))
        except FileNotFoundError:  # it went meanwhile
            continue
        except (MalformedAttachment, OSError) as error:
            problems.append(f"{directory}/{name}: {error.strerror if isinstance(error, OSError) else error}.")
            told.append(Told(device, None, f"{directory}/{name}"))
    for name in known.keys() - set(names):
        del known[name]
    return told, problems


def _read_new(opened: int, name: str, known: dict[str, Known]) -> str:
    """The id in the file; as it was read before, where the file is the same.

    One that has only just changed is read again the next time: within a tick of its clock it may change once more.
    """
    about = os.stat(name, dir_fd=opened, follow_symlinks=False)
    mark = about.st_ino, about.st_ctime_ns, about.st_mtime_ns
    if (before := known.get(name)) is not None and before[0] == mark:
        return before[1]
    interface_id = _read(opened, name)
    if abs(time.time_ns() - about.st_ctime_ns) > _TICK_NANOSECONDS:
        known[name] = mark, interface_id
    return interface_id


def _read(opened: int, name: str) -> str:
    """The id in the file. A pipe or a device isn't waited for, nor a link followed."""
    file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY, dir_fd=opened)
    try:
        about = os.fstat(file)
        if not stat.S_ISREG(about.st_mode):
            raise MalformedAttachment("it is no plain file")
        _check_owner(about)
        content = os.read(file, CONTENT_BYTES_MAX + 1)
    finally:
        os.close(file)
    if len(content) > CONTENT_BYTES_MAX:
        raise MalformedAttachment(f"it is longer than {CONTENT_BYTES_MAX} bytes")
    return parse_interface_id(content.decode(errors="replace").strip())


def _check_owner(about: os.stat_result) -> None:
    if about.st_uid not in (0, os.geteuid()) or about.st_mode & _OTHERS_WRITE:
        raise MalformedAttachment("others than root can write it")


@dataclass(frozen=True, slots=True)
class Status:
    """What came of the attachments. in_force: the interface's id by device. waiting: why not, by device.

    closed: devices that were a container's and still exist, with their kernel's index.
    """

    in_force: Mapping[str, str] = field(default_factory=dict)
    waiting: Mapping[str, str] = field(default_factory=dict)
    closed: Mapping[str, int] = field(default_factory=dict)


def read_status(data: Path) -> Status:
    """What came of the attachments since the machine was started; nothing where that isn't known."""
    try:
        content = json.loads((data / STATUS).read_bytes())
        if content["boot_id"] != _boot_id():
            return Status()
        return Status(
            {str(device): str(interface_id) for device, interface_id in content["in_force"].items()},
            {str(device): str(sentence) for device, sentence in content["waiting"].items()},
            {str(device): int(index) for device, index in content["closed"].items()},
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return Status()


def write_status(data: Path, status: Status) -> None:
    """The file says this, or what it said before.

    Raises:
        OSError: it can't be written.
    """
    content = {
        "boot_id": _boot_id(),
        "in_force": dict(status.in_force),
        "waiting": dict(status.waiting),
        "closed": dict(status.closed),
    }
    _replace(data, STATUS, json.dumps(content, indent=1).encode() + b"\n")


def write_attachment(directory: Path, device: str, interface_id: str) -> None:
    """The device is told to be the interface, whole and at once.

    Raises:
        OSError: it can't be written.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    _replace(directory, device, interface_id.encode() + b"\n", sync=True)
    sync_directory(directory)


def sync_directory(directory: Path) -> None:
    """What was renamed or removed there stays so after a loss of power.

    Raises:
        OSError: the disk can't.
    """
    opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _replace(directory: Path, name: str, content: bytes, *, sync: bool = False) -> None:
    fresh = directory / f".{name}.{os.getpid()}"
    fresh.unlink(missing_ok=True)
    try:
        with open(fresh, "xb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(content)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        fresh.rename(directory / name)
    except BaseException:
        with suppress(OSError):
            fresh.unlink()
        raise


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""
