"""The ruleset of a host that should enforce and doesn't know what: everything is refused but what keeps it reachable.

Used at a boot when the enforced state is lost. No interface is known, so what an interface never refuses (the host's
DHCP as a client) is let through on every device.
"""

from __future__ import annotations

from dataclasses import replace

from ringwall.domain.interface import Mode
from ringwall.domain.local import LocalPolicy
from ringwall.domain.world import HostState
from ringwall.nft.objects import Ruleset

from . import names
from .compile import compile_host
from .lines import by_flow_direction, jump


def closed_ruleset(host_id: str, local: LocalPolicy) -> Ruleset:
    """Loopback, neighbour discovery, DHCP, the control channel, break-glass addresses and unmanaged devices."""
    ruleset = compile_host(HostState(host_id, Mode.ENFORCE), local).ruleset
    chains = dict(ruleset.chains)
    for name, arriving in ((names.INPUT, True), (names.OUTPUT, False)):
        *before, refusal = chains[name].rules
        dhcp = [jump(names.dhcp(direction), test) for direction, test in by_flow_direction(arriving)]
        chains[name] = replace(chains[name], rules=(*before, *dhcp, refusal))
    return replace(ruleset, chains=chains)
