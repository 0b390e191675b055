"""Real conntrack tables, decoded by fixed offsets, hold what a walk through every attribute finds; and rules' flows."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest

import netns
from build import HOST4, HOST6, LOCAL, PEER4, cidr, egress, ingress, tcp
from ringwall.agent.conntrack import Conntrack
from ringwall.agent.flows import live_flows
from ringwall.agent.interfaces import read_interfaces
from ringwall.agent.judge import Judge
from ringwall.agent.netlink import CREATE, EXCLUSIVE, NETFILTER, Netlink
from ringwall.agent.preview import would_end
from ringwall.agent.tracked import Wanted, decode, is_answered, read
from ringwall.domain.group import Direction
from ringwall.domain.interface import Mode
from ringwall.nft.attributes import attribute
from ringwall.watch.messages import Unadmitted
from site_of_containers import A4, B4, Site, site, site_world
from tracked_messages import Entry, is_replied, read_plainly

pytestmark = [pytest.mark.kernel, netns.needs_kernel]

TRACK = "table inet t { chain i { type filter hook input priority 0; ct state new accept; }; }"
ENTRIES = [
    *(Entry(f"192.0.2.{n}", HOST4, 6, 1000 + n, 22 + n % 2) for n in range(1, 200)),
    *(Entry(f"2001:db8::{n:x}", HOST6, 6, 1000 + n, 22) for n in range(1, 100)),
    *(Entry("192.0.2.1", HOST4, 6, 5000 + state, 25, state=state) for state in (1, 2, 4, 5, 6, 7, 8)),
    Entry("192.0.2.1", "203.0.113.1", 6, 7000, 80, reply=("10.0.0.7", 8080)),
    *(Entry("192.0.2.1", HOST4, number, 6000, 53, state=None) for number in (17, 33, 132, 136, 47, 50, 253)),
    *(Entry("2001:db8::1", HOST6, number, 6000, 53, state=None) for number in (17, 33, 132, 136, 50, 253)),
    Entry("192.0.2.1", HOST4, 1, 77, kind=(8, 0), state=None),
    Entry("2001:db8::1", HOST6, 58, 77, kind=(128, 0), state=None),
    Entry("192.0.2.1", HOST4, 6, 8000, 22, zone=5),
    Entry("192.0.2.1", HOST4, 17, 8000, 22, state=None, replied=False),
]


@pytest.fixture
def tracking() -> Iterator[netns.Namespace]:
    """A namespace whose kernel tracks all of the entries."""
    with netns.namespace("rw-track") as host:
        host.run(["nft", "-f", "-"], input=TRACK)
        with host.enter(), Netlink(NETFILTER) as netlink:
            for entry in ENTRIES:
                zone = attribute(18, entry.zone.to_bytes(2, "big")) if entry.zone else b""
                netlink.change(0x100, CREATE | EXCLUSIVE, replace(entry, zone=0).message()[16:] + zone)
            yield host


def test_every_form_of_entry_is_read_as_a_walk_reads_it(tracking: netns.Namespace) -> None:
    answers = list(read())
    found = [each for data in answers for each in decode(data)]
    assert found == [each for data in answers for each in read_plainly(data)]
    assert [is_answered(data, each.at) for data in answers for each in decode(data)] == [
        is_replied(data, each.at) for data in answers for each in decode(data)
    ]
    assert len(found) == len(ENTRIES) - 2, "TIME_WAIT and CLOSE aren't live"


@pytest.mark.parametrize("wanted", [Wanted(6), Wanted(17), Wanted(58), Wanted(253), Wanted(6, 22), Wanted(17, 53)])
def test_the_kernel_chooses_what_is_wanted(tracking: netns.Namespace, wanted: Wanted) -> None:
    def places(wanted_now: Wanted) -> list[tuple[object, ...]]:
        return sorted(each[:5] for data in read(wanted_now) for each in decode(data))

    everything, chosen = places(Wanted()), places(wanted)
    assert chosen == [each for each in everything if each[2] == wanted.protocol and each[3] == (wanted.port or each[3])]
    assert 0 < len(chosen) < len(everything)
    with Netlink(NETFILTER) as netlink:
        assert len(list(Conntrack(netlink).entries())) == len(ENTRIES)


@pytest.fixture
def containers() -> Iterator[Site]:
    with site() as made:
        yield made


def test_flows_of_containers_are_seen_from_the_end_that_the_rule_is_at(containers: Site) -> None:
    state = site_world(
        ingress(tcp(80), cidr("0.0.0.0/0"), "sgr-in", "sg-a"),
        ingress(tcp(80), cidr(f"{PEER4}/32"), "sgr-narrow", "sg-a"),
        egress(tcp(80), cidr("0.0.0.0/0"), "sgr-out", "sg-b"),
        egress(tcp(80), cidr("0.0.0.0/0"), "sgr-host", "sg-host"),
    )
    containers.enforce(state)
    containers.host.run(["sysctl", "-qw", "net.netfilter.nf_conntrack_acct=1"])
    ports = {}
    for name in ("outside", "b", "host"):
        connected = containers.connect(containers.places[name], A4, 80)
        assert connected is not None, name
        assert containers.exchanges(*connected)
        ports[name] = connected[0].getsockname()
    with containers.host.enter():
        judge = Judge(state, LOCAL, read_interfaces())
        found = {
            rule_id: live_flows(judge, [rule_id], 10) for rule_id in ("sgr-in", "sgr-narrow", "sgr-out", "sgr-host")
        }
        ended = would_end(replace(site_world(), mode=Mode.OBSERVE), LOCAL)
    assert {rule_id: (each.ending, each.going_on) for rule_id, each in found.items()} == {
        "sgr-in": (2, 1), "sgr-narrow": (0, 1), "sgr-out": (1, 0), "sgr-host": (1, 0),
    }  # fmt: skip
    (narrow,), (out,) = found["sgr-narrow"].flows, found["sgr-out"].flows
    assert (narrow.source, narrow.source_port, narrow.goes_on_through) == (*ports["outside"], "sgr-in")
    assert (out.direction, out.source, out.source_port, out.destination) == (Direction.EGRESS, *ports["b"], A4)
    assert narrow.packets is not None
    assert narrow.packets >= 5
    assert set(ended) >= {
        Unadmitted(Direction.INGRESS, "tcp", A4, 80, PEER4, ports["outside"][1]),
        Unadmitted(Direction.INGRESS, "tcp", A4, 80, B4, ports["b"][1]),
    }
    assert any(each.peer_address == A4 and each.local_port == ports["host"][1] for each in ended)


def test_what_is_translated_is_judged_at_its_real_destination(containers: Site) -> None:
    state = site_world(ingress(tcp(80), cidr("0.0.0.0/0"), "sgr-in", "sg-a"))
    containers.enforce(state)
    containers.host.run(
        ["nft", f"add table ip nat; add chain ip nat pre {{ type nat hook prerouting priority -100; }};"
         f"add rule ip nat pre ip daddr {HOST4} tcp dport 8000 dnat to {A4}:80"]
    )  # fmt: skip
    listener = containers.socket(containers.places["a"], socket.AF_INET, socket.SOCK_STREAM)
    listener.bind((A4, 80))
    listener.listen()
    client = containers.socket(containers.places["outside"], socket.AF_INET, socket.SOCK_STREAM)
    client.connect_ex((HOST4, 8000))
    assert containers.passes(lambda: _accepts(containers, listener), containers.refused())
    with containers.host.enter():
        (shown,) = live_flows(Judge(state, LOCAL, read_interfaces()), ["sgr-in"], 10).flows
    assert (shown.source, shown.destination, shown.destination_port, shown.ends) == (PEER4, A4, 80, True)


def _accepts(containers: Site, listener: socket.socket) -> bool:
    try:
        containers.sockets.enter_context(listener.accept()[0])
    except BlockingIOError:
        return False
    return True
