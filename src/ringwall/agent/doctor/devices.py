"""The host's own devices and its containers', against what the server says of them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from ringwall.domain.interface import Mode
from ringwall.domain.world import HostInterface

from ..findings import Finding, fail, ok, warn
from ..interfaces import DeviceAddresses, Moves, missing_sentences
from .host import Host, named, own_devices


def devices(host: Host) -> Iterator[Finding]:
    """The host's own devices: those that are missing, or closed, or enrolled and unmanaged at once."""
    enrolled = own_devices(host)
    if not enrolled:
        return
    for sentence in missing_sentences(enrolled, host.interfaces):
        yield fail("interfaces", sentence, "Was it renamed? Enrol the host again with the name it has now.")
    if both := sorted(enrolled & host.local.unmanaged):
        yield warn(
            "interfaces",
            f"{named(both)} {'is' if len(both) == 1 else 'are'} enrolled, and unmanaged: the rules hold all the same.",
            "Leave it out of --unmanaged, or detach the interface at the server.",
        )
    known = host.local.unmanaged | host.bound.endpoints
    loose = sorted(item.device for item in host.interfaces if item.device not in enrolled | known)
    if loose:
        enforcing = host.state is not None and host.state.mode is Mode.ENFORCE
        yield warn(
            "interfaces",
            f"{named(loose)} {'is' if len(loose) == 1 else 'are'} neither enrolled nor unmanaged: "
            f"{'closed now' if enforcing else 'closed once the host enforces'}.",
            "Name those that should stay open with --unmanaged.",
        )
    else:
        yield ok("interfaces", "Every interface is enrolled, or named as unmanaged.")


def moves(host: Host) -> Iterator[Finding]:
    """The addresses that are on another device than the server has them."""
    if host.state is not None:
        for sentence in Moves().sentences(host.state.interfaces.values(), host.interfaces):
            yield fail("addresses", sentence, "Put it back, or start the agent, which tells the server.")


def containers(host: Host) -> Iterator[Finding]:
    """The containers' devices, against the interfaces that are attached."""
    if host.state is None:
        return
    bound = host.bound
    for sentence in bound.problems:
        yield fail("attachments", sentence, "See `ringwall agent attach`, and AttachNetworkInterface.")
    there = {item.device: item for item in host.interfaces}
    for device, interface_id in bound.carried.items():
        yield from _container(there.get(device), device, bound.state.interfaces[interface_id])
    for interface in bound.state.interfaces.values():
        if interface.is_unbound:
            yield warn(
                "attachments",
                f"{interface.interface_id} is attached to this host and no device here is told to be it: its addresses "
                "are kept for it.",
                f"`ringwall agent attach DEV {interface.interface_id}`, or detach it.",
            )
    if bound.carried:
        pairs = [f"{device} is {interface_id}" for device, interface_id in bound.carried.items()]
        yield ok("attachments", f"Containers: {named(pairs)}.")


def _container(found: DeviceAddresses | None, device: str, interface: HostInterface) -> Iterator[Finding]:
    if found is None:
        yield warn(
            "attachments",
            f"There is no device {device}, which was told to be {interface.interface_id}; its rules wait for it.",
            f"If it is gone for good: `ringwall agent detach {device}`.",
        )
        return
    addresses = [address.partition("/")[0] for address in found.addresses if not _is_link_local(address)]
    if foreign := sorted(set(addresses) - set(interface.addresses)):
        yield warn(
            "attachments",
            f"The host has {named(foreign)} on {device}, which is no address of {interface.interface_id}: what it "
            "says from there isn't from a member of its own groups.",
            "Give its route to the container the source (`src`) of an address of the host's own interface.",
        )


def _is_link_local(address: str) -> bool:
    return ipaddress.ip_interface(address).is_link_local
