"""A revoke ends live flows: after its commit returned, no packet passes of a flow that nothing else admits."""

from __future__ import annotations

import ipaddress
import shutil
import socket
from collections.abc import Iterator
from struct import pack

import pytest

import netns
from build import (
    HOST4,
    HOST6,
    PEER4,
    PEER6,
    cidr,
    egress,
    everything,
    group,
    icmp,
    ingress,
    prefix_list,
    tcp,
    udp,
    world,
)
from lab import Lab, icmp_message, lab, received, wait_for
from ringwall.domain.world import HostState
from streams import MARKER_PORT, Stream, bytes_after_commit, settle

pytestmark = [pytest.mark.kernel, netns.needs_kernel]

MARKER = [ingress(udp(MARKER_PORT), cidr("0.0.0.0/0"), "sgr-marker")]
BEFORE_BYTES = 1 << 20

VERSIONS = pytest.mark.parametrize(("host", "peer", "anywhere"), [(HOST4, PEER4, "0.0.0.0/0"), (HOST6, PEER6, "::/0")])


@pytest.fixture
def net() -> Iterator[Lab]:
    with lab() as made:
        yield made


@pytest.mark.parametrize("upload", [True, False], ids=["upload", "download"])
@VERSIONS
def test_a_revoke_cuts_a_running_stream(net: Lab, host: str, peer: str, anywhere: str, upload: bool) -> None:
    net.enforce(world(*MARKER, ingress(tcp(8080), cidr(anywhere), "sgr-1"), ingress(tcp(22), cidr(anywhere), "sgr-2")))
    ends = net.connect(net.peer, host, 8080)
    assert ends is not None
    stream = Stream(*ends) if upload else Stream(*reversed(ends))
    stream.runs_for(BEFORE_BYTES)
    after = world(*MARKER, ingress(tcp(22), cidr(anywhere), "sgr-2"))
    assert bytes_after_commit(net, stream, lambda: net.enforce(after)) == 0
    assert net.connect(net.peer, host, 8080) is None


@pytest.mark.parametrize("upload", [True, False], ids=["upload", "download"])
@VERSIONS
def test_an_egress_revoke_cuts_a_running_stream(net: Lab, host: str, peer: str, anywhere: str, upload: bool) -> None:
    """Everything is open for ingress: the flow's packets aren't ingress in either direction, for the host opened it."""
    stays = [*MARKER, ingress(tcp(0, 65535), cidr(anywhere), "sgr-in"), egress(udp(53), cidr(anywhere), "sgr-dns")]
    net.enforce(world(*stays, egress(everything(), cidr(anywhere), "sgr-1")))
    ends = net.connect(net.host, peer, 8080)
    assert ends is not None
    stream = Stream(*ends) if upload else Stream(*reversed(ends))
    stream.runs_for(BEFORE_BYTES)
    assert bytes_after_commit(net, stream, lambda: net.enforce(world(*stays))) == 0


NARROWED = {
    "member left": (
        world(*MARKER, ingress(tcp(8080), group("sg-m")), members={"sg-m": [PEER4]}),
        {"members": {"sg-m": []}},
    ),
    "list shrank": (
        world(*MARKER, ingress(tcp(8080), prefix_list("pl-1")), prefix_lists={"pl-1": ["10.0.0.0/30", "192.0.2.0/24"]}),
        {"prefix_lists": {"pl-1": ["192.0.2.0/24"]}},
    ),
}


@pytest.mark.parametrize("what", NARROWED)
def test_a_smaller_peer_cuts_as_a_revoke_does(net: Lab, what: str) -> None:
    state, change = NARROWED[what]
    rules = [rule for each in state.groups.values() for rule in each.rules.values()]
    net.enforce(state)
    ends = net.connect(net.peer, HOST4, 8080)
    assert ends is not None
    stream = Stream(*ends)
    stream.runs_for(BEFORE_BYTES)
    assert bytes_after_commit(net, stream, lambda: net.enforce(world(*rules, **change))) == 0  # type: ignore[arg-type]


def test_a_detached_group_cuts_as_a_revoke_does(net: Lab) -> None:
    detached = [ingress(tcp(8080), cidr("0.0.0.0/0"), "sgr-1", "sg-2")]
    net.enforce(world(*MARKER, *detached))
    ends = net.connect(net.peer, HOST4, 8080)
    assert ends is not None
    stream = Stream(*ends)
    stream.runs_for(BEFORE_BYTES)
    assert bytes_after_commit(net, stream, lambda: net.enforce(world(*MARKER))) == 0


def test_a_stream_that_another_rule_admits_goes_on_without_a_retransmission(net: Lab) -> None:
    stays = [*MARKER, ingress(tcp(8000, 9000), cidr("10.0.0.0/8"), "sgr-wide")]
    narrow = [ingress(tcp(8080), cidr(f"{PEER4}/32"), "sgr-narrow")]
    net.enforce(world(*stays, *narrow))
    ends = net.connect(net.peer, HOST4, 8080)
    assert ends is not None
    stream = Stream(*ends)
    for _ in range(5):
        stream.runs_for(BEFORE_BYTES)
        assert net.admitted_by("sgr-narrow") > 0
        net.enforce(world(*stays))
        stream.runs_for(BEFORE_BYTES)
        assert net.admitted_by("sgr-wide") > 0
        net.enforce(world(*stays, *narrow))
    assert stream.retransmitted() == 0
    assert net.refused() == 0


def test_a_cut_udp_flow_stays_cut_though_its_server_sends_and_may_open_flows(net: Lab) -> None:
    stays = [*MARKER, egress(everything(), cidr("0.0.0.0/0"), "sgr-out")]
    net.enforce(world(*stays, ingress(udp(8080), cidr("0.0.0.0/0"), "sgr-1")))
    near, far = net.datagrams(net.peer, HOST4, 8080)
    assert net.exchanges(near, far)
    net.enforce(world(*stays))
    for _ in range(20):
        assert not net.moves(near, far)
        assert not net.moves(far, near)
    settle(net, net.peer, HOST4)
    assert not received(near)
    assert not received(far)


def quoted(near: socket.socket, far: socket.socket) -> bytes:
    """The headers of a packet that the host's end of a TCP connection sent, as an ICMP error quotes them."""
    (host, host_port), (peer, peer_port) = far.getsockname()[:2], near.getsockname()[:2]
    addresses = ipaddress.ip_address(host).packed + ipaddress.ip_address(peer).packed
    header = pack("!BBHHHBBH", 0x45, 0, 60, 1, 0x4000, 64, socket.IPPROTO_TCP, 0) + addresses
    return header + pack("!HHIIHHHH", host_port, peer_port, 1, 1, 0x5010, 1000, 0, 0)


@pytest.mark.parametrize("kind", [3, 11, 5])
def test_a_spoofed_error_does_not_revive_a_cut_flow(net: Lab, kind: int) -> None:
    """Port 2222 is 0x08ae, as if it were ICMP of type 8, and all of ICMP is granted besides."""
    stays = [*MARKER, ingress(icmp(8), cidr("0.0.0.0/0"), "sgr-ping"), ingress(icmp(), cidr("0.0.0.0/0"), "sgr-icmp")]
    net.enforce(world(*stays, ingress(tcp(2222), cidr("0.0.0.0/0"), "sgr-1")))
    ends = net.connect(net.peer, HOST4, 2222)
    assert ends is not None
    assert net.exchanges(*ends)
    near, far = ends
    raw = net.socket(net.peer, socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    error = icmp_message(kind, 4 if kind == 3 else 0, pack("!HH", 0, 1400) + quoted(near, far))
    net.enforce(world(*stays))
    for _ in range(3):
        before = net.refused()
        raw.sendto(error, (HOST4, 0))
        wait_for(lambda: net.refused() > before)  # noqa: B023
        assert not net.moves(near, far)
        assert not net.moves(far, near)
    assert net.admitted_by("sgr-icmp") == net.admitted_by("sgr-ping") == 0


def test_an_error_about_an_admitted_flow_reaches_it_directly_after_a_revoke(net: Lab) -> None:
    """Path MTU discovery works for flows that a rule still admits, without any rule for ICMP."""
    stays = [*MARKER, ingress(tcp(2222), cidr(f"{PEER4}/32"), "sgr-narrow")]
    net.enforce(world(*stays, ingress(tcp(2000, 3000), cidr("0.0.0.0/0"), "sgr-wide")))
    ends = net.connect(net.peer, HOST4, 2222)
    assert ends is not None
    assert net.exchanges(*ends)
    net.enforce(world(*stays))
    raw = net.socket(net.peer, socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    before = net.admitted_by("sgr-narrow")
    raw.sendto(icmp_message(3, 4, pack("!HH", 0, 1400) + quoted(*ends)), (HOST4, 0))
    wait_for(lambda: net.admitted_by("sgr-narrow") > before)
    assert net.refused() == 0


@pytest.mark.skipif(shutil.which("conntrack") is None, reason="needs conntrack")
def test_a_lost_flow_table_ends_tcp_and_opens_nothing(net: Lab) -> None:
    """After `conntrack -F` nobody knows who opened what. TCP in mid-stream is refused; new flows are judged as ever."""
    granted = world(
        *MARKER, ingress(tcp(8080), cidr("0.0.0.0/0"), "sgr-1"), egress(everything(), cidr("0.0.0.0/0"), "sgr-2")
    )
    net.enforce(granted)
    ends = net.connect(net.peer, HOST4, 8080)
    assert ends is not None
    assert net.exchanges(*ends)
    net.host.run(["conntrack", "-F"])
    near, far = ends
    assert not net.moves(far, near), "or the server's answer would be a flow that egress admits"
    assert not net.moves(near, far)
    again = net.connect(net.peer, HOST4, 8080)
    assert again is not None
    assert net.exchanges(*again)
    assert net.connect(net.peer, HOST4, 8081) is None


def test_a_rule_that_comes_back_lets_a_cut_stream_go_on(net: Lab) -> None:
    """State, not history: the kernel's flow is still there, and is judged by what the rules say now."""
    granted: HostState = world(*MARKER, ingress(tcp(8080), cidr("0.0.0.0/0"), "sgr-1"))
    net.enforce(granted)
    ends = net.connect(net.peer, HOST4, 8080)
    assert ends is not None
    assert net.exchanges(*ends)
    net.enforce(world(*MARKER))
    assert not net.moves(*ends)
    net.enforce(granted)
    ends[0].send(b"y")
    wait_for(lambda: received(ends[1]))
