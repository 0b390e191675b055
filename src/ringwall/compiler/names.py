"""The names that our objects have in the kernel, for the person who reads `nft list table inet ringwall` at night.

A group's chains begin with its id, an interface's with its own; then comes the way down: direction, protocol, port.
EC2's ids hold only letters, digits and hyphens, all of which nft takes in a name.
"""

from __future__ import annotations

from typing import Final

from ringwall.domain.group import Direction
from ringwall.domain.peer import PeerKind
from ringwall.domain.traffic import PROTOCOL_NUMBERS

INPUT: Final = "input"
OUTPUT: Final = "output"
INPUT_INTERFACES: Final = "input-interfaces"
OUTPUT_INTERFACES: Final = "output-interfaces"
INPUT_UNTRACKED: Final = "input-untracked"
OUTPUT_UNTRACKED: Final = "output-untracked"
LINK_LOCAL: Final = "link-local"
CONTROL_CHANNEL: Final = "control-channel"
UNMANAGED: Final = "unmanaged"

_PROTOCOL_NAMES: Final = {number: name for name, number in PROTOCOL_NUMBERS.items()}


def directed(owner_id: str, direction: Direction) -> str:
    """`sg-…-ingress`: the chain that judges one direction of a group, or of an interface (`eni-…`)."""
    return f"{owner_id}-{direction}"


def untracked(owner_id: str, direction: Direction) -> str:
    """`sg-…-ingress-untracked`: the same for ICMP that connection tracking has no flow for."""
    return f"{owner_id}-{direction}-untracked"


def refused(interface_id: str, direction: Direction) -> str:
    """`eni-…-ingress-refused`: where packets end that no group admits."""
    return f"{interface_id}-{direction}-refused"


def own_addresses(interface_id: str) -> str:
    """`eni-…-addresses-v6`: an interface's own IPv6 addresses."""
    return f"{interface_id}-addresses-v6"


def dhcp(direction: Direction) -> str:
    """`dhcp-ingress`: the host as a DHCP client."""
    return f"dhcp-{direction}"


def protocol(base: str, number: int) -> str:
    """`sg-…-ingress-tcp`, `sg-…-ingress-47`: a group's rules of one protocol."""
    return f"{base}-{_PROTOCOL_NAMES.get(number, number)}"


def peer_set(kind: PeerKind, peer_id: str, version: int) -> str:
    """`sg-…-members-v4`, `pl-…-v6`: the addresses of one family that a group or prefix list stands for."""
    return f"{peer_id}-members-v{version}" if kind is PeerKind.GROUP else f"{peer_id}-v{version}"


def subtree(base: str, prefix: bytes, length: int) -> str:
    """`…-22-v4-at-10.1.0.0-16`: the rules whose peers lie in a block; IPv6 in hex, up to the length."""
    first = ".".join(map(str, prefix)) if len(prefix) == 4 else prefix.hex()[: length // 4]
    return f"{base}-at-{first}-{length}"
