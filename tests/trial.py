"""Trials of worlds with real packets: the kernel, the tracer and the plain meaning must say the same of each.

Each world is committed as a difference from the one before. The numbers that packets carry tell which of them came out,
and where. And every counter of the table must have moved by as much as the tracer says: not only did the packets pass,
they passed by the same rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from random import Random

import tally
from build import EGRESS, HOST4, HOST6, INGRESS, PEER4, PEER6, flow, hook_of, packet
from frames import SCTP, packet_bytes
from meaning import packets_of
from random_worlds import (
    BREAKING,
    LOCAL,
    SERVER,
    WITH_CLOSED,
    some_flow,
    some_path,
    some_world,
    some_world_with_endpoints,
)
from ringwall.compiler.compile import Compiled, compile_host
from ringwall.domain.address import packed
from ringwall.domain.admission import ICMP, ICMPV6, LINK_LOCAL_TYPES, TCP, UDP, Flow, Verdict, admits
from ringwall.domain.group import Direction
from ringwall.domain.interface import Mode
from ringwall.domain.local import LocalPolicy
from ringwall.domain.peer import PeerKind
from ringwall.domain.traffic import Traffic
from ringwall.domain.world import HostState
from ringwall.nft.ruleset import Applied
from ringwall.nft.trace import trace
from wire import HERE, Wire


@dataclass(frozen=True)
class Case:
    """A flow, and what becomes of its packets in a world."""

    of: Flow
    expected: Verdict
    kinds: tuple[str, ...]
    passes: bool


@dataclass(frozen=True)
class World:
    """A state with the host's own configuration, and how flows are drawn that fit it."""

    state: HostState
    local: LocalPolicy
    draw: Callable[[Random, HostState], Flow]


@dataclass
class Trial:
    """Worlds one after the other in one kernel, and real packets through them.

    pairs: how many of world and flow there were. seen: the verdicts. admitted: what rules admitted, and which.
    forms: of traffic, as the rules that admitted something say it; with direction and version of IP.
    """

    net: Wire
    random: Random
    applied: Applied | None
    compiled: Compiled | None = None
    number: int = 0
    pairs: int = 0
    taken: set[object] = field(default_factory=set)
    seen: Counter[str] = field(default_factory=Counter)
    admitted: set[tuple[int, Direction, PeerKind]] = field(default_factory=set)
    forms: set[tuple[str, Direction, int]] = field(default_factory=set)

    def some_world(self) -> World:
        """A random one, of which nothing is known yet."""
        if self.random.random() < 0.4:
            return World(some_world(self.random), LOCAL, some_flow)
        local = self.random.choice([LOCAL, LOCAL, WITH_CLOSED, BREAKING])
        return World(some_world_with_endpoints(self.random), local, some_path)

    def enforce(self, world: World) -> None:
        """The world is in the kernel, by a difference from the one before."""
        self.compiled = compile_host(world.state, world.local, self.compiled)
        self.applied = self.net.kernel.apply(self.applied, self.compiled.ruleset)

    def forget_flows(self) -> None:
        """No flow is known any more, to the kernel or here."""
        self.net.forget_flows()
        self.taken.clear()

    def try_packets(self, *tries: tuple[str, list[Case]]) -> None:
        """One after the other, packets of a kind of all these flows; they and the counters do as they should."""
        before, traced = self._counters(), Counter[tuple[str, str]]()
        for kind, cases in tries:
            self._try(kind, cases, traced)
        moved = self._counters() - before
        assert moved == Counter({key: count for key, count in traced.items() if key in self.counted})

    def some_cases(self, world: World, flows: int) -> list[Case]:
        """As many of so many random flows as can be, none of which is another's for connection tracking."""
        cases = list(self._cases(world, flows))
        self.pairs += len(cases)
        return cases

    def _cases(self, world: World, flows: int) -> Iterator[Case]:
        state = world.state
        rules = {rule_id: rule for each in state.groups.values() for rule_id, rule in each.rules.items()}
        for _ in range(flows):
            of = world.draw(self.random, state) if self.random.random() < 0.95 else some_exception(self.random)
            ports = [0, 0]
            if of.protocol in (TCP, UDP, SCTP):
                ports = [of.source_port, of.destination_port]
            elif of.protocol in (ICMP, ICMPV6):
                of, ports = replace(of, source_port=len(self.taken)), [len(self.taken)] * 2
            flow_of = of.protocol, frozenset(zip(map(packed, (of.source, of.destination)), ports, strict=True))
            if flow_of in self.taken or not is_possible(of):
                continue
            self.taken.add(flow_of)
            expected = admits(state, world.local, of)
            passes = expected.allowed or state.mode is Mode.OBSERVE
            kinds = packets_of(state, of, world.local, expected) if passes else ["first"]
            if of.protocol in (TCP, SCTP) and "reply" not in kinds:  # nobody goes on before he is answered
                kinds = ["first"]
            self.seen[expected.reason] += 1
            self.admitted |= {
                (of.protocol, rules[rule_id].direction, rules[rule_id].peer.kind) for rule_id in expected.rule_ids
            }
            self.forms |= {
                (form_of(rules[rule_id].traffic), rules[rule_id].direction, 6 if ":" in of.source else 4)
                for rule_id in expected.rule_ids
            }
            yield Case(of, expected, tuple(kinds), passes)

    def _try(self, kind: str, cases: list[Case], traced: Counter[tuple[str, str]]) -> None:
        """Send the packets of this kind of all flows, and see which come out."""
        assert self.compiled is not None
        sent: dict[int, tuple[Case, str]] = {}
        backwards = kind in ("reply", "error")
        for case in cases:
            self.number += 1
            sent[self.number] = case, self._send(case.of, kind, self.number)
            way = trace(self.compiled.ruleset, hook_of(case.of, reply=backwards), packet(case.of, kind))  # type: ignore[arg-type]
            assert (way.verdict == "accept") is case.passes, (kind, case, way)
            traced.update((step.chain, step.comment) for step in way.steps if step.comment is not None)
        tally.add("real packets sent", len(sent))
        arrived = self.net.settle()
        for number, (case, where) in sent.items():
            assert ((number, where) in arrived) is case.passes, (kind, case, where)
        strays = {each for each in arrived if each[0] not in sent or each[1] != sent[each[0]][1]}
        assert not {each for each in strays if each[1] != HERE}, (kind, strays)

    def _send(self, of: Flow, kind: str, number: int) -> str:
        """Where it should come out."""
        content = packet_bytes(of, kind, number)
        backwards = kind in ("reply", "error")
        if of.onward is not None:
            arriving, leaving = (of.onward, of.device) if backwards else (of.device, of.onward)
            self.net.put(content, arriving, leaving)
            return leaving
        if (of.direction is INGRESS) is not backwards:
            self.net.put(content, of.device)
            return HERE
        self.net.send(content, of.source if backwards else of.destination, of.device)
        return of.device

    def _counters(self) -> Counter[tuple[str, str]]:
        """Packets by chain and comment."""
        found = self.net.kernel.counters()
        self.counted = {(each.chain, each.comment or "") for each in found}
        return Counter({(each.chain, each.comment or ""): each.count.packets for each in found})


def form_of(traffic: Traffic) -> str:
    """What a rule says of traffic, but for the numbers: `tcp, one port`, `icmp, a type`, `132`, `-1`."""
    name = traffic.protocol
    if traffic.has_ports:
        whole = (traffic.from_port, traffic.to_port) == (0, 65535)
        return f"{name}, {'all ports' if whole else 'one port' if traffic.from_port == traffic.to_port else 'ports'}"
    if traffic.has_icmp_type:
        return f"{name}, {'all' if traffic.from_port < 0 else 'a type' if traffic.to_port < 0 else 'a type and code'}"
    return name


def some_exception(random: Random) -> Flow:
    """What a host is never refused, or what looks like it."""
    device, direction = random.choice(["up0", "up0", "up1", "un0", "vc1"]), random.choice(list(Direction))
    ends = [*random.choice([(PEER4, HOST4), (PEER6, HOST6), ("fe80::5", "fe80::1"), ("192.0.2.1", HOST4)])]
    if direction is EGRESS:
        ends.reverse()
    match random.randrange(3):
        case 0:
            ports = random.choice([(67, 68), (547, 546)])
            return flow(direction, UDP, *ends, *(reversed(ports) if direction is EGRESS else ports), device=device)
        case 1:
            to_server = flow(EGRESS, TCP, ends[0], SERVER.address, 40000, SERVER.port, device=device)
            return replace(to_server, source=HOST4)
        case _:
            kind = random.choice(sorted(LINK_LOCAL_TYPES))
            ends = ["fe80::5", random.choice(["fe80::1", HOST6])]
            return flow(
                direction, ICMPV6, *(ends[::-1] if direction is EGRESS else ends), icmp=(kind, 0), device=device
            )


def is_possible(of: Flow) -> bool:
    """Whether a kernel brings such a packet before its hooks.

    Nothing leaves a link with a link-local address, nor is it ours but as fe80::1; loopback is no cable.
    """
    if packed(of.source) == packed(of.destination) or of.device == "lo":
        return False
    link_local = [each for each in (of.source, of.destination) if each.startswith("fe80")]
    if of.onward is not None:
        return not link_local
    host = of.destination if of.direction is INGRESS else of.source
    return (host == "fe80::1" or host not in link_local) and of.peer(of.direction) != "fe80::1"
