"""Who else filters packets on this host: what nftables holds beside our table, as far as it matters to us. Read only.

A packet passes only if every base chain of every table at its hook lets it, so a foreign chain can drop what ringwall
admits, and never the other way round. What can get past our judgement: packets that a foreign rule keeps from
connection tracking, and flows that a flowtable takes past the forward hook.

iptables in its nft form shows here like everything else, its chains with their own names. The legacy form keeps its
rules where only its own tools read them; it shows as tables in use.
Source: linux/netfilter/nf_tables.h; net/netfilter/x_tables.c, /proc/net/ip_tables_names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from ringwall.nft import netlink as nft
from ringwall.nft.attributes import by_type, items, string, to_string, to_u32
from ringwall.nft.objects import FAMILY, TABLE

from .netlink import NETFILTER, Netlink

RULES_MAX: Final = 20_000
"""So many rules of others are looked at; a host with more of them is told of what the first ones do."""

_ANY_FAMILY: Final = bytes(4)
_GET_FLOWTABLE: Final = 0xA17
_FLOWTABLE_TABLE, _FLOWTABLE_NAME = 1, 2
_CT_KEY, _CT_MARK = 2, 3
_FAMILIES: Final = {1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}
_HOOKS: Final = ("prerouting", "input", "forward", "output", "postrouting", "ingress")
_IP_FAMILIES: Final = frozenset(("inet", "ip", "ip6"))
_LEGACY: Final = (Path("/proc/thread-self/net/ip_tables_names"), Path("/proc/thread-self/net/ip6_tables_names"))

# By the names that they give to tables, chains and devices.
_SIGNATURES: Final = {
    "Docker": r"DOCKER(-.*)?|docker0",
    "firewalld": r"firewalld|(IN|FWD[IO]?)_public.*",
    "ufw": r"ufw6?-.*",
    "fail2ban": r"f2b-.*",
    "Calico": r"cali[-0-9a-f].*|calico",
    "Cilium": r"CILIUM_.*|OLD_CILIUM_.*|cilium_(host|net|vxlan)",
    "Kubernetes' proxy": r"KUBE-.*|kube-proxy",
    "libvirt": r"LIBVIRT_.*|libvirt_network|virbr\d+",
    "Podman": r"NETAVARK.*|netavark|podman\d+",
    "Tailscale": r"ts-(input|forward|postrouting)|tailscale\d+",
}


@dataclass(frozen=True, slots=True)
class BaseChain:
    """A foreign base chain. table: with its family, `ip filter`. hook: nft's word for it."""

    table: str
    name: str
    kind: str
    hook: str
    priority: int
    policy: str

    @property
    def sentence(self) -> str:
        """It in words."""
        return f"{self.table} {self.name} ({self.kind} at {self.hook}, priority {self.priority}, policy {self.policy})"


@dataclass(frozen=True, slots=True)
class Others:
    """All that was found. known: programs by name, each with what told of it.

    chains: those that see packets at the hooks that ringwall uses. untracking: chains with a rule that keeps packets
    from connection tracking. marking: chains that read or write the mark of a flow. offloading: flowtables.
    legacy: tables of the old iptables in use. whole: False when there were more rules than are looked at.
    """

    known: dict[str, str] = field(default_factory=dict)
    chains: tuple[BaseChain, ...] = ()
    untracking: tuple[str, ...] = ()
    marking: tuple[str, ...] = ()
    offloading: tuple[str, ...] = ()
    legacy: tuple[str, ...] = ()
    whole: bool = True


def read_others(devices: tuple[str, ...] = ()) -> Others:
    """What is there beside our table, in this thread's network namespace. devices: the host's, whose names tell too.

    Raises:
        OSError: nftables can't be read.
    """
    with Netlink(NETFILTER) as netlink:
        tables = [(body[0], to_string(by_type(body[4:])[nft.TABLE_NAME])) for body in _dump(netlink, nft.GET_TABLE)]
        foreign = [(family, name) for family, name in tables if (_FAMILIES.get(family), name) != (FAMILY, TABLE)]
        chains = [each for each in _chains(netlink) if each[0] != f"{FAMILY} {TABLE}"]
        flowtables = tuple(
            f"{_label(body[0], to_string(found[_FLOWTABLE_TABLE]))} {to_string(found[_FLOWTABLE_NAME])}"
            for body in _dump(netlink, _GET_FLOWTABLE)
            for found in [by_type(body[4:])]
        )
        rules = list(islice(_rules(netlink, foreign), RULES_MAX + 1))
    names = [*(name for _, name in foreign), *(name for _, name, _ in chains), *devices]
    return Others(
        known={who: found for who, pattern in _SIGNATURES.items() if (found := _first(pattern, names)) is not None},
        chains=tuple(base for _, _, base in chains if base is not None and _meets_ours(base)),
        untracking=_where(rules, "notrack"),
        marking=_where(rules, "ct mark"),
        offloading=flowtables,
        legacy=tuple(name for path in _LEGACY for name in _lines(path)),
        whole=len(rules) <= RULES_MAX,
    )


def _first(pattern: str, names: list[str]) -> str | None:
    return next((name for name in names if re.fullmatch(pattern, name)), None)


def _meets_ours(chain: BaseChain) -> bool:
    return chain.table.split()[0] in _IP_FAMILIES and chain.hook in ("input", "forward", "output")


def _where(rules: list[tuple[str, frozenset[str]]], what: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain for chain, found in rules if what in found))


def _chains(netlink: Netlink) -> Iterator[tuple[str, str, BaseChain | None]]:
    """Each chain's table and name, and what it is when it is a base chain."""
    for body in _dump(netlink, nft.GET_CHAIN):
        found = by_type(body[4:])
        table, name = _label(body[0], to_string(found[nft.CHAIN_TABLE])), to_string(found[nft.CHAIN_NAME])
        base = None
        if nft.CHAIN_HOOK in found:
            hook = by_type(found[nft.CHAIN_HOOK])
            number = to_u32(hook[nft.HOOK_NUMBER])
            base = BaseChain(
                table=table,
                name=name,
                kind=to_string(found.get(nft.CHAIN_TYPE, b"filter")),
                hook=_HOOKS[number] if number < len(_HOOKS) else str(number),
                priority=int.from_bytes(hook[nft.HOOK_PRIORITY][:4], "big", signed=True),
                policy=nft.POLICIES.get(to_u32(found.get(nft.CHAIN_POLICY, b"\0\0\0\1")), "accept"),
            )
        yield table, name, base


def _rules(netlink: Netlink, tables: list[tuple[int, str]]) -> Iterator[tuple[str, frozenset[str]]]:
    """Each foreign rule's chain, and what of interest it does."""
    for family, table in tables:
        request = bytes((family, 0, 0, 0)) + string(nft.RULE_TABLE, table)
        for body in netlink.dump(nft.GET_RULE, request):
            found = by_type(body[4:])
            chain = f"{_label(family, table)} {to_string(found[nft.RULE_CHAIN])}"
            yield chain, frozenset(_does(found.get(nft.RULE_EXPRESSIONS, b"")))


def _does(expressions: bytes) -> Iterator[str]:
    for _, raw in items(expressions):
        expression = by_type(raw)
        name, data = to_string(expression.get(1, b"")), by_type(expression.get(2, b""))
        if name == "notrack":
            yield "notrack"
        elif name == "ct" and to_u32(data.get(_CT_KEY, b"")) == _CT_MARK:
            yield "ct mark"
        elif name in ("target", "match"):  # an extension of iptables
            extension = to_string(data.get(1, b"")).lower()
            if extension == "connmark":
                yield "ct mark"
            elif extension in ("ct", "notrack"):
                yield "notrack"


def _dump(netlink: Netlink, kind: int) -> Iterator[bytes]:
    yield from netlink.dump(kind, _ANY_FAMILY)


def _label(family: int, table: str) -> str:
    return f"{_FAMILIES.get(family, family)} {table}"


def _lines(path: Path) -> list[str]:
    try:
        return [f"{path.name.removesuffix('_names').replace('_', '')} {name}" for name in path.read_text().split()]
    except OSError:
        return []
