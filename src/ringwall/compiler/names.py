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
OWN_ADDRESSES: Final = "own-addresses-v6"

# Containers and virtual machines behind the host. Each of their packets is judged at two ends, so there are two base
# chains at each hook: for what they exchange with the host itself, and for what it forwards.
ENDPOINTS: Final = "endpoints"
UNCHECKED_ENDPOINTS: Final = "endpoints-without-source-check"
INPUT_FROM_ENDPOINT: Final = "input-from-endpoint"
INPUT_HOST: Final = "input-host"
OUTPUT_TO_ENDPOINT: Final = "output-to-endpoint"
OUTPUT_HOST: Final = "output-host"
HOST_FROM_ENDPOINT: Final = "host-from-endpoint"
HOST_TO_ENDPOINT: Final = "host-to-endpoint"
FORWARD_FROM: Final = "forward-from"
FORWARD_FROM_ENDPOINT: Final = "forward-from-endpoint"
FORWARD_TO: Final = "forward-to"
FORWARD_TO_ENDPOINT: Final = "forward-to-endpoint"
FROM_ENDPOINTS: Final = "from-endpoints"
TO_ENDPOINTS: Final = "to-endpoints"
FROM_ENDPOINTS_UNTRACKED: Final = "from-endpoints-untracked"
TO_ENDPOINTS_UNTRACKED: Final = "to-endpoints-untracked"
FOREIGN_SOURCE: Final = "foreign-source"
ERRORS_ABOUT_ENDPOINTS: Final = "errors-about-endpoints"
HOST: Final = "host"

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


def errors_about(end: str, version: int) -> str:
    """`errors-about-from-v4`: from the endpoint that opened the flow (`to`: that it was opened to) to who judges it."""
    return f"errors-about-{end}-v{version}"


def kept(interface_id: str, direction: Direction) -> str:
    """`eni-…-ingress-kept`: where flows go on that only revoked rules admitted."""
    return f"{interface_id}-{direction}-kept"


def kept_flows(interface_id: str, direction: Direction) -> str:
    """`eni-…-ingress-kept-flows`: these flows."""
    return f"{interface_id}-{direction}-kept-flows"


def endpoint_addresses(version: int) -> str:
    """`endpoint-addresses-v4`: the addresses of all containers and virtual machines."""
    return f"endpoint-addresses-v{version}"


def endpoint_sources(version: int) -> str:
    """`endpoint-sources-v4`: the same, each together with the device that it comes from."""
    return f"endpoint-sources-v{version}"


def by_host_address(chain: str, version: int) -> str:
    """`host-ingress-v4`: to which of several interfaces of the host's own a packet goes, by the host's address."""
    return f"{chain}-v{version}"


def break_glass(direction: Direction) -> str:
    """`break-glass-ingress`: flows with the addresses that nothing keeps from the host."""
    return f"break-glass-{direction}"


def break_glass_blocks(version: int) -> str:
    """`break-glass-v4`: their blocks."""
    return f"break-glass-v{version}"


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
