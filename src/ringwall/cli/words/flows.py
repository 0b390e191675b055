"""What a revoke would end now: the live flows of rules, asked of every host, and what is said of them."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ringwall.cli.screen import plain

from .found import Described, rules_by_id
from .rules import EVERYWHERE, Names, Rule, line_of
from .session import LostAnswer, Refused, Session
from .table import counted

FLOWS_MAX: Final = 1000
RULES_MAX: Final = 200
"""So many rules of a group are asked for at once; of more the flows aren't told."""
ADDRESSES_MAX: Final = 100
"""The way to so many of the hosts' addresses is looked at."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What becomes of live flows if rules go. hosts: by id, as `/rules/{rule}/flows` tells of each; added up.

    flows: some of them, those that end first. is_part: whether some of the rules weren't asked about.
    """

    hosts: Mapping[str, Described] = field(default_factory=dict)
    flows: tuple[Described, ...] = ()
    is_part: bool = False

    @property
    def unknown(self) -> list[Described]:
        """The hosts that haven't told."""
        return [host for host in self.hosts.values() if host["state"] != "answered"]

    def is_whole(self, host_id: str) -> bool:
        """Whether each flow of the host that would end is among the flows."""
        host = self.hosts.get(host_id)
        if host is None or host["state"] != "answered" or self.is_part:
            return False
        told = sum(flow["ends"] and flow["instance_id"] == host_id for flow in self.flows)
        return bool(told >= host["ending"])

    def ends_on(self, host_id: str) -> bool:
        """Whether the host enforces, so that what no rule admits any more ends."""
        return bool(self.hosts[host_id].get("mode") == "enforce")

    def fates(self, *, keep: bool) -> dict[str, str]:
        """What is said of each host's flows once the rules are gone, by its id. keep: those that end, drain."""
        found = {}
        for host_id, host in self.hosts.items():
            ending = host.get("ending")
            if host.get("mode") == "observe":
                found[host_id] = "it only observes, nothing is cut"
            elif ending is not None:
                found[host_id] = f"{counted(ending, 'flow')} {_verb(ending, keep=keep)}"
        return found


def _verb(count: int, *, keep: bool) -> str:
    if not keep:
        return "ended"
    return "goes on until it ends" if count == 1 else "go on until they end"


def ask_flows(session: Session, rules: Sequence[Rule], seconds: float, limit: int = FLOWS_MAX) -> Cut:
    """What becomes of live flows if all these rules go. seconds: each host has so long to answer.

    A server that doesn't tell (who asks may not ask that, say) is taken for hosts that are unknown: a revoke isn't held
    up by a question about it.
    """
    by_group: dict[str, list[Rule]] = {}
    for rule in rules:
        by_group.setdefault(rule.group_id, []).append(rule)
    hosts: dict[str, Described] = {}
    flows: list[Described] = []
    is_part = any(len(several) > RULES_MAX for several in by_group.values())
    for several in by_group.values():
        first, *others = several[:RULES_MAX]
        query = f"limit={limit}&wait={seconds:.3f}"
        if others:  # in the order of the alphabet, as the signature wants it
            query += f"&with={'%2C'.join(each.rule_id for each in others)}"
        with suppress(Refused, LostAnswer):
            answer = session.own("GET", f"/ringwall/v1/rules/{first.rule_id}/flows", query=query)
            flows += answer["flows"]
            for host in answer["hosts"]:
                hosts[host["instance_id"]] = _added(hosts.get(host["instance_id"]), host)
    return Cut(hosts, tuple(flows), is_part)


def _added(before: Described | None, host: Described) -> Described:
    """A host that carries several groups: its flows of each, together; unknown if one is."""
    if before is None:
        return host
    if before["state"] != "answered" or host["state"] != "answered":
        return before if before["state"] != "answered" else host
    return {**host, **{key: before[key] + host[key] for key in ("ending", "going_on")}}


def preview(session: Session, cut: Cut, names: Names) -> list[str]:
    """What a revoke would end now, host by host, and through which rules the other flows go on."""
    through = rules_by_id(session, {flow["goes_on_through"] for flow in cut.flows if flow["goes_on_through"]})
    lines: list[str] = []
    for host_id, host in cut.hosts.items():
        name = plain(host["hostname"])
        if host["state"] != "answered":
            why = "it is silent" if host["failure"] is None else plain(host["failure"])
            lines.append(f"{name}: what would end isn't known: {why}")
            continue
        observes = ", but the host only observes" if not cut.ends_on(host_id) else ""
        lines.append(f"{name}: {counted(host['ending'], 'flow')} would end{observes}")
        mine = [flow for flow in cut.flows if flow["instance_id"] == host_id]
        lines += [f"  {flow_text(flow)}" for flow in mine if flow["ends"]]
        if host["going_on"]:
            lines.append(f"{name}: {counted(host['going_on'], 'flow')} would go on")
        for flow in mine:
            if not flow["ends"]:
                rule = through.get(flow["goes_on_through"] or "")
                why = f"through {line_of(rule, names).text()}" if rule else f"({plain(str(flow['reason']))})"
                lines.append(f"  {flow_text(flow)} {why}")
    if not cut.hosts:
        lines.append("No host carries the group: nothing would end.")
    shown = {True: 0, False: 0}
    for flow in cut.flows:
        shown[flow["ends"]] += 1
    hidden = sum(host.get("ending", 0) + host.get("going_on", 0) for host in cut.hosts.values()) - len(cut.flows)
    return [*lines, f"({counted(hidden, 'more flow')} not shown)"] if hidden > 0 else lines


def flow_text(flow: Described) -> str:
    """`tcp 10.0.0.2:50000 → 10.0.0.1:22`: who began it, and with whom."""
    source, destination = plain(flow["source"]), plain(flow["destination"])
    if flow.get("icmp_type") is not None:
        return f"{plain(flow['protocol'])}/{flow['icmp_type']} {source} → {destination}"
    return (
        f"{plain(flow['protocol'])} {_end(source, flow['source_port'])} → {_end(destination, flow['destination_port'])}"
    )


def _end(address: str, port: int | None) -> str:
    if port is None:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


# --- Whoever asks ---


@dataclass(frozen=True, slots=True)
class Self:
    """Where whoever runs this is: the other end of the SSH session, and this machine's addresses towards hosts."""

    ssh: tuple[str, int, str, int] | None = None
    addresses: frozenset[str] = frozenset()


def who_asks(interfaces: Iterable[Described], environment: Mapping[str, str] | None = None) -> Self:
    """Where whoever runs this is. interfaces: those that lose rules. Nothing is sent to find it out.

    environment: this process's, where none is given; then, since sudo and su take it out, that of those above it.
    Source: sshd(8), SSH_CONNECTION: address and port of the client, address and port of the server.
    """
    ssh = None
    told = environment.get("SSH_CONNECTION", "") if environment is not None else _told_above()
    parts = told.split()
    with suppress(ValueError):
        client, client_port, server, port = parts
        ssh = (_unmapped(client), int(client_port), _unmapped(server), int(port))
    there = [address for each in interfaces for address in addresses_of(each)][:ADDRESSES_MAX]
    return Self(ssh, frozenset(filter(None, map(_source_towards, there))))


def _told_above() -> str:
    """SSH_CONNECTION of this process, or of the nearest one above it that has it and lets itself be read."""
    told, process = os.environ.get("SSH_CONNECTION", ""), "self"
    with suppress(OSError, ValueError):  # another user's, and no way on
        while not told and process not in ("0", "1"):
            # The name before it may have blanks and brackets of its own: proc_pid_stat(5).
            process = Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(")")[2].split()[1]
            variables = Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
            told = next((each[15:].decode() for each in variables if each.startswith(b"SSH_CONNECTION=")), "")
    return told


def addresses_of(interface: Described) -> list[str]:
    """The addresses of an interface as EC2 describes it."""
    four = [each["PrivateIpAddress"] for each in interface.get("PrivateIpAddresses", [])]
    return four + [each["Ipv6Address"] for each in interface.get("Ipv6Addresses", [])]


def own_sessions(cut: Cut, rules: Sequence[Rule], interfaces: Iterable[Described], me: Self) -> list[str]:
    """Sentences about sessions of whoever runs this that would end, or may: of a host that hasn't told of all."""
    found: list[str] = []
    for flow in cut.flows:
        if not flow["ends"] or not cut.ends_on(flow["instance_id"]):
            continue
        name = plain(cut.hosts[flow["instance_id"]]["hostname"])
        from_end = (flow["source"], flow["source_port"])
        if me.ssh is not None and from_end == me.ssh[:2] and flow["destination_port"] == me.ssh[3]:
            found.insert(0, f"It ends the session that you are using: {flow_text(flow)} on {name}.")
        elif flow["source"] in me.addresses or (me.ssh is not None and flow["source"] == me.ssh[0]):
            found.append(f"It ends a connection from where you are: {flow_text(flow)} on {name}.")
    untold = [each for each in interfaces if not cut.is_whole(each["Attachment"]["InstanceId"])]
    if me.ssh is not None and not found and any(me.ssh[2] in addresses_of(each) for each in untold):
        client, _, _, port = me.ssh
        if any(_admits_tcp(rule, client, port) for rule in rules):
            silent = any(host["state"] != "answered" for host in cut.hosts.values()) or not cut.hosts
            why = "the host is silent" if silent else "it has more flows than were asked for"
            found.append(f"It may end the session that you are using, from {client} to port {port}: {why}.")
    return found[:3] + ([f"And {len(found) - 3} more of yours."] if len(found) > 3 else [])


def _admits_tcp(rule: Rule, source: str, port: int) -> bool:
    traffic = rule.traffic
    if rule.direction.value != "ingress" or traffic.protocol not in ("tcp", "-1"):
        return False
    if traffic.protocol == "tcp" and not traffic.from_port <= port <= traffic.to_port:
        return False
    if not rule.peer.kind.value.startswith("cidr"):
        return True  # whom it names isn't looked up: better one question too many
    return ipaddress.ip_address(source) in ipaddress.ip_network(rule.peer.value)


def _unmapped(text: str) -> str:
    """The address, IPv4 where a socket for both families shows it as IPv6; without its scope."""
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _source_towards(address: str) -> str | None:
    """This machine's address on the way there, by its routes."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((address, 9))
        return str(probe.getsockname()[0])
    return None


# --- The world ---


def is_world(cidr: str) -> bool:
    """Whether a block is everybody, or so much of everybody that it makes no difference (chosen: /7 and /15)."""
    network = ipaddress.ip_network(cidr)
    return cidr in EVERYWHERE or network.prefixlen < (8 if network.version == 4 else 16)
