"""Which container's device is which interface: what only the host knows, put into what the server says.

The server says which routed interfaces the host may carry, each with its addresses and groups, and not behind which
device. That is told on the host itself, device by device, so that nobody's key but root's hand there decides it, and so
that containers come and go while the server is away. Where the two don't fit nothing is opened: a device that was told
of is closed until its interface is the host's, and an interface without a device keeps its addresses from all others.
A function of values; no effects.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from ringwall.domain.errors import ServiceError
from ringwall.domain.ids import INTERFACE
from ringwall.domain.world import HostInterface, HostState, InterfaceKind
from ringwall.watch.messages import InterfaceInForce

DEVICE_BYTES_MAX: Final = 15
"""IFNAMSIZ, without the zero at its end."""

INTERFACES_TOLD_MAX: Final = 2000
"""A report, which has a length, tells of so many."""

_DEVICE: Final = re.compile(r"[^\s/:.][^\s/:]*")


class MalformedAttachment(ValueError):
    """What was told is no device, or no interface; in a sentence without its subject."""


@dataclass(frozen=True, slots=True)
class Told:
    """One word about a device. interface_id: None where it can't be understood. source: who says so, for people."""

    device: str
    interface_id: str | None
    source: str


@dataclass(frozen=True, slots=True)
class Bindings:
    """What all that was told comes to.

    interfaces: the interface's id for each device of which one thing was said, and of its interface nothing else.
    contested: the other devices, each with a sentence; they are closed. problems: what else the operator should read.
    """

    interfaces: Mapping[str, str] = field(default_factory=dict)
    contested: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    @property
    def devices(self) -> frozenset[str]:
        """All devices that something was told of."""
        return frozenset(self.interfaces) | frozenset(self.contested)


@dataclass(frozen=True, slots=True)
class Bound:
    """A state whose routed interfaces have the devices that the host knows.

    endpoints: the devices behind which there are containers, bound or closed. carried: the interface's id for each
    device that is bound. waiting: why a device that was told of isn't, by device.
    """

    state: HostState
    endpoints: frozenset[str]
    carried: Mapping[str, str]
    waiting: Mapping[str, str]
    problems: tuple[str, ...] = ()

    @property
    def in_force(self) -> tuple[InterfaceInForce, ...]:
        """The state's interfaces with their devices, as a report says it once they are in the kernel.

        At most INTERFACES_TOLD_MAX; those that are bound come first.
        """
        in_order = sorted(self.state.interfaces.items(), key=lambda item: (not item[1].device, item[0]))
        return tuple(InterfaceInForce(key, each.device or None) for key, each in in_order[:INTERFACES_TOLD_MAX])


def parse_device(name: str) -> str:
    """The name of a device, as the kernel takes it for one; none that begins with a dot, as hidden files do.

    Raises:
        MalformedAttachment: it can't be one.
    """
    if not _DEVICE.fullmatch(name) or not name.isprintable() or len(name.encode()) > DEVICE_BYTES_MAX:
        raise MalformedAttachment(f"{name[:32]!r} can't be the name of a device")
    if name == "lo":
        raise MalformedAttachment("lo is the host's loopback, no container's device")
    return name


def parse_interface_id(text: str) -> str:
    """The id of a network interface, `eni-…`.

    Raises:
        MalformedAttachment: it is none.
    """
    try:
        INTERFACE.check(text)
    except ServiceError as error:
        raise MalformedAttachment(f"{text[:32]!r} isn't the id of a network interface") from error
    return text


def parse_attachment(text: str) -> tuple[str, str]:
    """The device and the interface's id of `DEV=eni-…`.

    Raises:
        MalformedAttachment: it isn't of this form.
    """
    device, equals, interface_id = text.partition("=")
    if not equals:
        raise MalformedAttachment(f"{text[:64]!r} isn't DEV=eni-…")
    return parse_device(device), parse_interface_id(interface_id)


def bindings(told: Iterable[Told], problems: Iterable[str] = ()) -> Bindings:
    """What was told, where it doesn't contradict itself; a contradiction binds none of the devices it is about."""
    said: dict[str, list[Told]] = {}
    for each in told:
        said.setdefault(each.device, []).append(each)
    contested: dict[str, str] = {}
    by_interface: dict[str, list[str]] = {}
    for device, several in sorted(said.items()):
        ids = sorted({each.interface_id for each in several if each.interface_id is not None})
        for interface_id in ids:
            by_interface.setdefault(interface_id, []).append(device)
        if any(each.interface_id is None for each in several):
            contested[device] = f"Device {device} is closed: what {_sources(several)} says of it can't be understood."
        elif len(ids) > 1:
            contested[device] = (
                f"Device {device} is closed: it was told to be {_and(ids)} ({_sources(several)}); it can be one only."
            )
    for interface_id, devices in by_interface.items():
        if len(devices) > 1:
            sentence = f"{_and(devices)} are closed: each was told to be {interface_id}; only one device can be."
            contested |= {device: contested.get(device, sentence) for device in devices}
    interfaces = {
        device: several[0].interface_id
        for device, several in sorted(said.items())
        if device not in contested and several[0].interface_id is not None
    }
    return Bindings(interfaces, contested, tuple(dict.fromkeys((*problems, *contested.values()))))


def bind(state: HostState, known: Bindings, lingering: frozenset[str] = frozenset()) -> Bound:
    """The state with the devices that the host knows, whatever devices the server thinks they are.

    lingering: devices that were a container's, are told of no longer, and still exist: closed.
    A device of the host's own interfaces is never a container's: to close it could shut out the operator.
    """
    own = {each.device: each for each in state.interfaces.values() if each.kind is InterfaceKind.HOST}
    carried: dict[str, str] = {}
    waiting = {device: sentence for device, sentence in known.contested.items() if device not in own}
    problems = list(known.problems)
    for device, interface_id in known.interfaces.items():
        sentence = _why_not(state.interfaces.get(interface_id), own.get(device), device, interface_id)
        if sentence is None:
            carried[device] = interface_id
        else:
            waiting[device] = sentence
            problems.append(sentence)
    by_interface = {interface_id: device for device, interface_id in carried.items()}
    interfaces = {
        interface_id: _at(each, by_interface.get(interface_id, "")) for interface_id, each in state.interfaces.items()
    }
    if all(interfaces[key] is each for key, each in state.interfaces.items()):
        interfaces = dict(state.interfaces)
    endpoints = (known.devices | lingering) - own.keys()
    return Bound(replace(state, interfaces=interfaces), endpoints, carried, waiting, tuple(problems))


def _why_not(interface: HostInterface | None, own: HostInterface | None, device: str, interface_id: str) -> str | None:
    """Why the device isn't bound to the interface; None where it is."""
    if own is not None:
        return (
            f"Device {device} is {own.interface_id}, an interface of the host's own: that it was told to be "
            f"{interface_id} counts for nothing."
        )
    if interface is None:
        return f"Device {device} is closed: it was told to be {interface_id}, which isn't attached to this host."
    if interface.kind is InterfaceKind.HOST:
        return (
            f"Device {device} is closed: it was told to be {interface_id}, which is the host's own {interface.device}."
        )
    return None


def _at(interface: HostInterface, device: str) -> HostInterface:
    if interface.kind is InterfaceKind.HOST or interface.device == device:
        return interface
    return replace(interface, device=device)


def _sources(several: Iterable[Told]) -> str:
    return _and(sorted({each.source for each in several}))


def _and(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
