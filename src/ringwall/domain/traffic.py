"""Which packets a rule speaks of: protocol, and ports or ICMP type and code, in EC2's canonical form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ALL_PROTOCOLS: Final = "-1"
ANY: Final = -1
"""In a port, type or code: every one of them."""

PROTOCOL_NUMBERS: Final = {"icmp": 1, "tcp": 6, "udp": 17, "icmpv6": 58}
"""The protocols that EC2 shows by name; all others are shown as their number."""


@dataclass(frozen=True, slots=True, order=True)
class Traffic:
    """A protocol with its range, as stored: `Traffic("tcp", 22, 22)`, `Traffic("icmp", 8)`, `Traffic("47")`.

    protocol: `tcp`, `udp`, `icmp`, `icmpv6`, `-1` for all, or a number as text; never in capitals, never `6`.
    from_port, to_port: for tcp and udp a range of 0 to 65535; for icmp and icmpv6 the type and the code, -1 for all;
        -1 and -1 for everything else.
    Source: EC2 API Reference, SecurityGroupRule; ec2-behaviour 3.4, "Normalisation".
    """

    protocol: str
    from_port: int = ANY
    to_port: int = ANY

    @property
    def number(self) -> int | None:
        """The IP protocol number, or None for all protocols."""
        if self.protocol == ALL_PROTOCOLS:
            return None
        return PROTOCOL_NUMBERS.get(self.protocol) or int(self.protocol)

    @property
    def has_ports(self) -> bool:
        """Whether the range is one of ports (tcp, udp)."""
        return self.protocol in ("tcp", "udp")

    @property
    def has_icmp_type(self) -> bool:
        """Whether the range is an ICMP type and code."""
        return self.protocol in ("icmp", "icmpv6")
