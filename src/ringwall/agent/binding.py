"""The host's containers, as it knows them now: what was told of devices, which devices there are, and what came of it.

    --attach DEV=eni-…  ─┐
    attachments/DEV      ├─► Bindings ──bind──► the state with devices, as compiled ──► attachments.json
    devices there are   ─┘

The kernel tells when a file or a device changes (inotify, rtnetlink); at rest nothing is read. As events can be lost,
and a directory can be put in the place of another, it is looked whether it still is the same one now and then.

A device that was a container's stays closed until it is gone, whatever it is called by then, also when the agent was
started anew in between: otherwise a container would be let out by whoever only meant to detach it, as behind a router.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from ringwall.domain.local import LocalPolicy
from ringwall.domain.world import HostInterface, HostState
from ringwall.telemetry import LOG

from .attachment_files import Known, Status, Unreadable, read_files, read_status, write_status
from .attachments import Bindings, Bound, Told, bind, bindings
from .inotify import Inotify
from .interfaces import Link, LinkEvents, read_links

LOOK_SECONDS: Final = 2.0
"""So often it is looked whether the directory is still the one that is watched."""

REST: Final = 10
"""After a look there is rest for so many times as long, so that many changes don't become many looks."""

NOTHING: Final = Bindings()
Stamp = tuple[int, int, int]


class Binder:
    """What the host knows of its containers' devices.

    told: on the command line, of devices and their interfaces. directory: of attachments; None: there is none.
    data: the agent's, for what came of it; None: nothing is kept.
    """

    def __init__(
        self,
        told: Sequence[tuple[str, str]] = (),
        directory: Path | None = None,
        data: Path | None = None,
        links: Callable[[], tuple[Link, ...]] = read_links,
    ) -> None:
        self._told = [Told(device, interface_id, "--attach") for device, interface_id in told]
        self._directory = directory
        self._data = data
        self._links = links
        self._bindings = NOTHING
        self._devices: Mapping[int, str] = {}
        self._masters: Mapping[str, str] = {}
        self._were_containers: set[int] = set()
        self._stamp: Stamp | None = None
        self._files: tuple[list[Told], list[str]] = [], []
        self._inotify: Inotify | None = None
        self._status: Status | None = None
        self._problems: dict[str, str] = {}
        self._known: dict[str, Known] = {}
        self._last: tuple[Mapping[str, HostInterface], tuple[Bindings, frozenset[str]], Bound] | None = None
        self._links_changed = self._first = True

    def look(self) -> bool:
        """Whether anything is different from the last look, that a ruleset or a sentence depends on.

        Files are read when they changed, devices when the kernel said that some did.
        """
        before = self._bindings, self._lingering, self._masters, dict(self._problems)
        told_of = self._bindings.devices
        self._bindings = self._read()
        if self._links_changed:
            self._read_links()
        told_of |= self._bindings.devices
        self._were_containers |= {index for index, device in self._devices.items() if device in told_of}
        self._were_containers &= self._devices.keys()
        return before != (self._bindings, self._lingering, self._masters, self._problems)

    def bound(self, state: HostState) -> Bound:
        """The state with the devices as they were at the last look."""
        known = self._bindings, self._lingering
        last = self._last
        if (
            last is not None and last[0] is state.interfaces and last[1] == known
        ):  # only rules changed, as nearly always
            bound = replace(last[2], state=replace(state, interfaces=last[2].state.interfaces))
        else:
            bound = bind(state, *known)
        self._last = state.interfaces, known, bound
        enslaved = tuple(
            f"Device {device} is closed: its packets come by {self._masters[device]}, which it is a port of."
            for device in sorted(bound.carried)
            if device in self._masters
        )
        return Bound(
            bound.state, bound.endpoints, bound.carried, bound.waiting,
            (*self._problems.values(), *bound.problems, *enslaved),
        )  # fmt: skip

    @property
    def endpoints(self) -> frozenset[str]:
        """The devices that something was told of, or that were a container's and still exist."""
        return self._bindings.devices | self._lingering

    def closing(self, local: LocalPolicy, own: Collection[str]) -> LocalPolicy:
        """The policy of a host that has lost its state: what was told of is closed, as all else.

        own: the devices that the host knows for its own: the one that it enrolled with, and those of its last state.
        Whatever was told of them by mistake, behind them are the server and the break-glass addresses. A container's
        device passes neither: whoever is behind it could call itself a break-glass address.
        """
        return replace(local, endpoints=self.endpoints.difference(own))

    def settled(self, bound: Bound | None) -> None:
        """Tells those who wait what is in the kernel now; None: nothing, as the host is released."""
        if self._data is None:
            return
        closed = {self._devices[index]: index for index in self._were_containers if index in self._devices}
        if bound is not None:  # a device of the host's own, told of by mistake, never was a container's
            closed = {device: index for device, index in closed.items() if device in bound.endpoints}
        status = Status(bound.carried, bound.waiting, closed) if bound else Status({}, {}, closed)
        if status == self._status:
            return
        try:
            write_status(self._data, status)
        except OSError as error:
            self._problems["status"] = (
                f"What came of the attachments can't be written ({error.strerror}): who waits for it waits in vain."
            )
        else:
            self._status = status
            self._problems.pop("status", None)

    @contextmanager
    def watching(self, changed: asyncio.Event) -> Iterator[None]:
        """The event is set when something may have changed, until the end of the block."""
        loop = asyncio.get_running_loop()
        with ExitStack() as watched:
            for made in self._sources():
                watched.callback(made.close)
                loop.add_reader(made.fileno(), self._wake, made, changed)
                watched.callback(loop.remove_reader, made.fileno())
            try:
                yield
            finally:
                self._inotify = None

    async def follow(self, changed: asyncio.Event, tell: Callable[[], None], moved: Callable[[], None]) -> None:
        """Calls `tell` when the ruleset may be another now, and `moved` when devices or addresses changed.

        Until cancelled. changed: of `watching`.
        """
        while True:
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await changed.wait()
            except TimeoutError:
                if self._inotify is not None and self._stamp_now() == self._stamp:
                    continue
            changed.clear()
            started, devices_changed = time.monotonic(), self._links_changed
            if self.look():
                tell()
            if devices_changed:
                moved()
            await asyncio.sleep(REST * (time.monotonic() - started))

    def _sources(self) -> Iterator[Inotify | LinkEvents]:
        yield LinkEvents()
        if self._directory is None:
            return
        try:
            self._inotify = Inotify()
        except OSError as error:
            LOG.warning("attachments are looked for every %g s: inotify: %s", LOOK_SECONDS, error.strerror)
            return
        self._stamp = None
        yield self._inotify

    def _wake(self, source: Inotify | LinkEvents, changed: asyncio.Event) -> None:
        if source.drain():
            self._links_changed |= isinstance(source, LinkEvents)
            changed.set()

    @property
    def _lingering(self) -> frozenset[str]:
        return frozenset(self._devices[index] for index in self._were_containers if index in self._devices)

    def _read_links(self) -> None:
        """Which devices there are, and which of them were containers' when an agent was here before."""
        self._links_changed = False
        try:
            links = self._links()
        except OSError as error:
            self._links_changed = True
            self._problems["links"] = f"The host's devices can't be read: {error.strerror}."
            return
        self._problems.pop("links", None)
        self._devices = {link.index: link.device for link in links}
        self._masters = {
            link.device: self._devices.get(link.master, f"device {link.master}") for link in links if link.master
        }
        if self._first and self._data is not None:
            # By whatever name: it may have been renamed while no agent looked.
            self._were_containers = self._devices.keys() & set(read_status(self._data).closed.values())
        self._first = False

    def _read(self) -> Bindings:
        """What was told; what the files said last, where they can't be read."""
        if self._directory is not None:
            self._watch(self._directory)
            try:
                self._files = read_files(self._directory, self._known)
            except Unreadable as error:
                self._problems["directory"] = f"{error} What it said before holds."
            else:
                self._problems.pop("directory", None)
        told, problems = self._files
        return bindings([*self._told, *told], problems)

    def _watch(self, directory: Path) -> None:
        """Watches the directory that has this name now, from before it is read."""
        self._stamp = self._stamp_now()
        if self._inotify is not None:
            try:
                self._inotify.watch(directory)
            except OSError:  # it isn't there; a look at its name tells when it is
                self._stamp = None

    def _stamp_now(self) -> Stamp | None:
        """What tells a directory from another, and from itself before a file came or went."""
        assert self._directory is not None
        try:
            about = self._directory.stat()
        except OSError:
            return None
        return about.st_dev, about.st_ino, about.st_mtime_ns
