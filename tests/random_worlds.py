"""Random worlds and flows: every kind of rule, peer, interface and path; flows that fit the rules or just miss them."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from build import (
    EGRESS,
    HOST4,
    HOST6,
    INGRESS,
    cidr,
    egress,
    everything,
    flow,
    group,
    host_interface,
    icmp,
    icmpv6,
    ingress,
    prefix_list,
    protocol,
    routed,
    tcp,
    udp,
    world,
)
from ringwall.domain.admission import ICMP, ICMPV6, Flow
from ringwall.domain.group import SecurityGroupRule
from ringwall.domain.local import ControlEndpoint, LocalPolicy
from ringwall.domain.peer import Peer
from ringwall.domain.traffic import Traffic
from ringwall.domain.world import HostState

SERVER = ControlEndpoint("10.9.0.9", 4580)
LOCAL = LocalPolicy(control=frozenset({SERVER}), unmanaged=frozenset({"docker0"}))
WITH_CLOSED = replace(LOCAL, endpoints=frozenset({"vc1", "vc3"}))
BREAKING = replace(WITH_CLOSED, break_glass=frozenset({"192.0.2.0/28", "10.16.0.0/12", "2001:db8::/64"}))

PORTS = (0, 22, 67, 68, 80, 90, 546, 547, 1023, 1024, 2047, 2048, 2222, 4580, 8080, 65535)
ADDRESSES4 = ("10.0.0.2", "10.0.0.3", "10.0.1.2", "10.9.0.9", "192.0.2.1", "203.0.113.255", "10.16.0.0", "11.0.0.0")
ADDRESSES6 = ("fd00::2", "fd00::3", "fd00:0:0:1::2", "2001:db8::9", "fe80::5", "fdff:ffff::")
GROUPS = ("sg-1", "sg-2", "sg-3", "sg-app", "sg-gone")
LISTS = ("pl-1", "pl-gone")


def some_traffic(random: Random) -> Traffic:
    """Of any protocol; ports and types that lie on the edges of others'."""
    low, high = sorted(random.sample(PORTS, 2))
    kind, code = random.choice(
        [(-1, -1), (8, -1), (8, 0), (0, 0), (3, 4), (13, 0), (9, -1), (128, 0), (1, -1), (139, 5)]
    )
    return random.choice(
        [
            tcp(low),
            tcp(low, high),
            tcp(low, low + 3 if low < 65000 else low),
            tcp(0, 65535),
            udp(low),
            udp(low, high),
            icmp(kind, code),
            icmpv6(kind, code),
            protocol(random.choice([2, 47, 50, 132])),
            everything(),
        ]
    )


def some_peer(random: Random) -> Peer:
    """Of any kind."""
    four, six = random.choice(ADDRESSES4), random.choice(ADDRESSES6)
    return random.choice(
        [
            cidr("0.0.0.0/0"),
            cidr("::/0"),
            cidr("10.0.0.0/8"),
            cidr("10.0.0.0/31"),
            cidr("fd00::/16"),
            cidr("fd00::/63"),
            cidr(f"{four}/32"),
            cidr(f"{six}/128"),
            group(random.choice(GROUPS)),
            prefix_list(random.choice(LISTS)),
        ]
    )


def some_blocks(random: Random) -> list[Peer]:
    """Many peers, so that lists become trees."""
    four = {f"10.{random.choice([0, 16])}.{random.randrange(4)}.{random.randrange(256)}/32" for _ in range(40)}
    six = {f"fd00:0:0:{random.randrange(3)}::{random.randrange(64):x}/128" for _ in range(25)}
    nested = {"10.0.0.0/8", "10.0.0.0/9", "10.0.0.0/16", "10.0.0.0/24", "10.0.0.0/25", "fd00::/32", "fd00::/48"}
    return [cidr(each) for each in sorted(four | six | nested)]


def some_world(random: Random, *more: SecurityGroupRule) -> HostState:
    """A host with one interface that carries all groups. more: rules that it has in any case."""
    rules: dict[tuple[object, ...], SecurityGroupRule] = {}
    for _ in range(random.randrange(12)):
        side = random.choice([ingress, egress])
        rule = side(some_traffic(random), some_peer(random), group_id=random.choice(GROUPS[:3]))
        rules[rule.group_id, rule.direction, rule.traffic, rule.peer] = rule
    if random.random() < 0.2:
        side, traffic = random.choice([ingress, egress]), some_traffic(random)
        for peer in some_blocks(random):
            rule = side(traffic, peer)
            rules[rule.group_id, rule.direction, rule.traffic, rule.peer] = rule
    rules |= {(rule.group_id, rule.direction, rule.traffic, rule.peer): rule for rule in more}
    return world(
        *rules.values(),
        members={
            each: random.sample(ADDRESSES4, random.randrange(3)) + random.sample(ADDRESSES6, random.randrange(3))
            for each in GROUPS[:-1]
        },
        prefix_lists={"pl-1": random.sample(["10.0.0.0/24", "10.0.0.0/30", "192.0.2.0/24", "fd00::/64"], 3)},
    )


def some_flow(random: Random, state: HostState) -> Flow:
    """A flow of any kind; half of them made to fit one of the rules, or to miss it narrowly."""
    version = random.choice([4, 6])
    number = random.choice([6, 6, 17, 17, ICMP if version == 4 else ICMPV6, 2, 47, 132])
    port = random.choice(PORTS)
    type_and_code = random.choice([(8, 0), (8, 1), (0, 0), (3, 4), (3, 3), (13, 0), (9, 0), (1, 0), (139, 5), (128, 0)])
    direction = random.choice([INGRESS, EGRESS])
    rules = [rule for each in state.groups.values() for rule in each.rules.values()]
    if rules and random.random() < 0.6:
        rule = random.choice(rules)
        direction = rule.direction
        fitting = rule.traffic.number
        if fitting is not None and fitting != (ICMPV6 if version == 4 else ICMP):
            number = fitting
        if rule.traffic.has_ports:
            port = min(
                65535,
                max(0, random.choice([rule.traffic.from_port, rule.traffic.to_port]) + random.choice([0, 0, -1, 1])),
            )
        if rule.traffic.has_icmp_type and rule.traffic.from_port >= 0:
            type_and_code = (rule.traffic.from_port, max(0, rule.traffic.to_port))
    peer = random.choice(ADDRESSES4 if version == 4 else ADDRESSES6)
    if version == 4 and random.random() < 0.2:
        peer = f"10.{random.choice([0, 16])}.{random.randrange(4)}.{random.randrange(256)}"
    if version == 6 and random.random() < 0.2:
        peer = f"fd00:0:0:{random.randrange(3)}::{random.randrange(64):x}"
    host = random.choice(["10.0.0.1"]) if version == 4 else random.choice(["fd00::1", "fe80::1"])
    source, destination = (peer, host) if direction is INGRESS else (host, peer)
    device = random.choice(["up0"] * 12 + ["up1", "docker0", "lo"])
    return flow(direction, number, source, destination, random.choice(PORTS), port, type_and_code, device)


BEHIND = {"vc1": ("10.0.1.2", "fd00:0:0:1::2"), "vc2": ("10.0.0.3", "fd00::3"), "vc3": ("10.0.1.9", "fd00:0:0:1::9")}
OWN = {"up0": (HOST4, HOST6), "up1": ("10.0.0.4", "fd00::4")}
GATEWAY = ("10.0.1.1", "fd00:0:0:1::1")
"""An address of the host's that none of its interfaces has."""
OUTSIDE = ("up0", "up1", "docker0", "un0")


def some_world_with_endpoints(random: Random) -> HostState:
    """One or two interfaces of the host's own, and up to three containers of which some may send from anywhere.

    Of some the host doesn't know the device.
    """
    wide = [
        side(random.choice([everything(), tcp(0, 65535), udp(0, 65535), icmp()]), cidr(where), group_id="sg-2")
        for side in (ingress, egress)
        for where in ("0.0.0.0/0", "::/0", "10.0.0.0/8", "fd00::/16")
        if random.random() < 0.4
    ]
    own = ["up0", "up1"] if random.random() < 0.4 else ["up0"]
    behind = random.sample(sorted(BEHIND), random.randrange(1, 4))
    interfaces = [
        host_interface(f"eni-{9 - n}", device, OWN[device], *some_groups(random)) for n, device in enumerate(own)
    ]
    for n, device in enumerate(behind):
        checked = random.random() < 0.7
        known = device if random.random() < 0.8 else ""
        interfaces.append(routed(f"eni-{n}", known, BEHIND[device], *some_groups(random), source_check=checked))
    return replace(some_world(random, *wide), interfaces={each.interface_id: each for each in interfaces})


def some_groups(random: Random) -> list[str]:
    return random.sample(GROUPS[:3], random.choice([1, 2, 2, 3]))


def some_path(random: Random, state: HostState) -> Flow:
    """A flow between any two places, under its sender's address or, now and then, another's."""
    like = some_flow(random, state)
    at = 1 if ":" in like.source else 0
    outside = random.choice(ADDRESSES6 if at else ADDRESSES4)
    everyone = [*(each[at] for each in (*BEHIND.values(), *OWN.values())), GATEWAY[at], outside, like.source]

    def address(device: str | None) -> str:
        if random.random() < 0.1:
            return random.choice(everyone)
        if device is None:
            return random.choice([OWN["up0"][at], OWN["up1"][at], GATEWAY[at]])
        if device in BEHIND:
            return BEHIND[device][at]
        return like.source if like.direction is INGRESS else like.destination

    known = [each.device for each in state.interfaces.values() if each.device]
    places: list[str | None] = [None, *known, *known, *known, random.choice([*BEHIND, *OUTSIDE])]
    source, destination = random.sample(places, 2)
    addressed = replace(like, source=address(source), destination=address(destination))
    if destination is None:
        return replace(addressed, device=source or "", direction=INGRESS)
    if source is None:
        return replace(addressed, device=destination, direction=EGRESS)
    return replace(addressed, device=source, onward=destination, direction=INGRESS)
