"""Two hundred running streams of every kind are cut, and not one packet of theirs passes the hook after the commit.

The streams are driven by a thread of their own, so they run while the commit is made. What has passed our base chains
is counted behind them, at the hook: what comes to the other end later was there before the commit. Each set of streams
is cut by one commit; one stream beside them, which another rule admits as well, goes on as if nothing had happened.

Beside it the classic ways, which leave the streams running.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from struct import pack
from threading import Event, Thread

import pytest

import netns
import tally
from build import cidr, egress, everything, icmp, icmpv6, ingress, tcp, udp
from hook_counters import BEFORE_OURS, BEHIND_OURS, counted
from lab import icmp_message, received, wait_for
from ringwall.domain.group import SecurityGroupRule
from ringwall.domain.traffic import Traffic
from ringwall.domain.world import HostState
from site_of_containers import ADDRESSES, MEMBERS, Site, site, site_world
from streams import CHUNK, Stream

pytestmark = [pytest.mark.kernel, netns.needs_kernel]

PORT, TWICE_PORT, FIRST_UDP = 8080, 8085, 8100
UPLOADS, DOWNLOADS, DATAGRAMS, PINGS = 6, 6, 6, 4
BUFFER_BYTES = 1 << 16
BEFORE_BYTES, BEFORE_MESSAGES, REFUSED_EACH, TCP_TRIES = 1 << 18, 20, 20, 3
PATHS = [("outside", "host"), ("host", "outside"), ("outside", "a"), ("a", "outside"), ("a", "b")]
OF_THEIRS = [
    f"tcp dport {PORT}",
    f"tcp sport {PORT}",
    f"udp dport {FIRST_UDP}-{FIRST_UDP + DATAGRAMS - 1}",
    f"udp sport {FIRST_UDP}-{FIRST_UDP + DATAGRAMS - 1}",
    "icmp type { echo-request, echo-reply }",
    "icmpv6 type { echo-request, echo-reply }",
]
EXPECTED = (PermissionError, BlockingIOError, ConnectionRefusedError)


@dataclass
class Talk:
    """Ends that talk all the time. far: None where the other end's kernel answers. place: where near is."""

    near: socket.socket
    far: socket.socket | None
    message: bytes
    answer: bytes = b""
    place: str = ""
    amount: int = 0

    def pump(self) -> None:
        """Say something at each end that has something to say, and hear what has come."""
        for end, message in ((self.near, self.message), (self.far, self.answer)):
            if end is not None:
                if message:
                    with contextlib.suppress(*EXPECTED):
                        end.send(message)
                self.amount += len(received(end))


@dataclass
class Talks:
    """Many of them, driven by a thread of their own while the block runs."""

    running: list[Talk] = field(default_factory=list)
    stop: Event = field(default_factory=Event)

    def __enter__(self) -> Talks:
        self.thread = Thread(target=self._drive)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join()

    def _drive(self) -> None:
        while not self.stop.is_set():
            for talk in self.running:
                talk.pump()


@pytest.fixture
def net() -> Iterator[Site]:
    with site() as made:
        for each in made.places.values():
            each.run(["sysctl", "-qw", "net.ipv4.ping_group_range=0 2147483647"])
        yield made


def tcp_talk(net: Site, sender: str, there: str, port: int, *, upload: bool) -> Talk:
    ends = net.connect(net.places[sender], there, port)
    assert ends is not None
    for end in ends:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
    place = sender if upload else next(name for name, addresses in ADDRESSES.items() if there in addresses)
    return Talk(*(ends if upload else reversed(ends)), CHUNK, place=place)


def udp_talk(net: Site, sender: str, there: str, port: int) -> Talk:
    return Talk(*net.datagrams(net.places[sender], there, port), b"ask", b"answer")


def ping_talk(net: Site, sender: str, there: str) -> Talk:
    v4 = "." in there
    family, number = (socket.AF_INET, socket.IPPROTO_ICMP) if v4 else (socket.AF_INET6, socket.IPPROTO_ICMPV6)
    near = net.socket(net.places[sender], family, socket.SOCK_DGRAM, number)
    near.connect((there, 0))
    return Talk(near, None, icmp_message(8 if v4 else 128, 0, pack("!HH", 0, 1) + b"ping"))


def all_kinds(net: Site, sender: str, there: str) -> list[Talk]:
    return [
        *(tcp_talk(net, sender, there, PORT, upload=True) for _ in range(UPLOADS)),
        *(tcp_talk(net, sender, there, PORT, upload=False) for _ in range(DOWNLOADS)),
        *(udp_talk(net, sender, there, FIRST_UDP + n) for n in range(DATAGRAMS)),
        *(ping_talk(net, sender, there) for _ in range(PINGS)),
    ]


def is_tcp(talk: Talk) -> bool:
    return talk.message is CHUNK


def are_running(talks: list[Talk], since: list[int]) -> bool:
    return all(
        talk.amount - before >= (BEFORE_BYTES if is_tcp(talk) else BEFORE_MESSAGES * 4)
        for talk, before in zip(talks, since, strict=True)
    )


def amounts(talks: list[Talk]) -> list[int]:
    return [talk.amount for talk in talks]


def retransmitted(talk: Talk) -> int:
    assert talk.far is not None
    return Stream(talk.near, talk.far).retransmitted()


def admitting(owner: str, way: str, *traffics: Traffic) -> list[SecurityGroupRule]:
    side = ingress if way == "in" else egress
    return [side(each, cidr(block), group_id=f"sg-{owner}") for each in traffics for block in ("0.0.0.0/0", "::/0")]


def worlds(sender: str, receiver: str, at: str) -> tuple[HostState, HostState]:
    """Before and after the revoke at one of the ends. The stream on `TWICE_PORT` is admitted there twice before."""
    theirs = [tcp(PORT), udp(FIRST_UDP, FIRST_UDP + DATAGRAMS - 1), icmp(8), icmpv6(128)]
    other = receiver if at == sender else sender
    stays = admitting(at, "out" if at == sender else "in", tcp(TWICE_PORT - 1, TWICE_PORT + 5))
    stays += admitting(other, "in" if at == sender else "out", everything()) if other != "outside" else []
    # What the owner may open itself, and who may ask it, doesn't matter: the flows are of the other direction.
    stays += admitting(at, "in" if at == sender else "out", everything())
    goes = admitting(at, "out" if at == sender else "in", *theirs, tcp(TWICE_PORT))
    return site_world(*stays, *goes, members=MEMBERS), site_world(*stays, members=MEMBERS)


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize(("sender", "receiver"), PATHS, ids=[" to ".join(path) for path in PATHS])
def test_no_packet_of_a_cut_stream_passes_after_the_commit(net: Site, sender: str, receiver: str, version: int) -> None:
    ends = [each for each in (receiver, sender) if each != "outside"]
    before, after = worlds(sender, receiver, at=ends[version == 6] if len(ends) > 1 else ends[0])
    net.enforce(before)
    there = ADDRESSES[receiver][version == 6]
    cut, twice = all_kinds(net, sender, there), tcp_talk(net, sender, there, TWICE_PORT, upload=True)
    beyond = net.sockets.enter_context(counted(net.host, "beyond", BEHIND_OURS, OF_THEIRS))
    tried = net.sockets.enter_context(counted(net.host, "tried", BEFORE_OURS, OF_THEIRS[:2]))
    with Talks([*cut, twice]) as talks:
        wait_for(lambda: are_running(talks.running, [0] * len(talks.running)))
        assert retransmitted(twice) == 0
        net.enforce(after)
        passed = beyond()
        segments, refused, went_on = tried(), net.refused(), amounts([twice])
        assert passed > len(cut) * BEFORE_MESSAGES

        def tried_enough() -> bool:
            """Every stream; what the host itself sends in vain TCP doesn't count as sent."""
            silent = [talk for talk in cut if is_tcp(talk) and talk.place != "host" and not retransmitted(talk)]
            enough = refused + REFUSED_EACH * (DATAGRAMS + PINGS), segments + TCP_TRIES * (UPLOADS + DOWNLOADS)
            return not silent and net.refused() >= enough[0] and tried() >= enough[1]

        wait_for(tried_enough)
        wait_for(lambda: are_running([twice], went_on))
    late = beyond() - passed
    tally.add("streams cut by a revoke while they ran", len(cut))
    tally.add("packets of theirs past the hook after the commit", late)
    assert late == 0
    assert retransmitted(twice) == 0, "another rule admits it"


CLASSIC = """
add table inet classic
add chain inet classic input {{ type filter hook input priority 0; policy drop; }}
add rule inet classic input ct state established,related accept
add rule inet classic input meta l4proto {{ icmp, ipv6-icmp }} accept
add rule inet classic input tcp dport {tcp} accept comment "tcp"
add rule inet classic input udp dport {udp} accept comment "udp"
"""


def delete_classic_rules(net: Site) -> None:
    listed = net.host.run(["nft", "-a", "list", "chain", "inet", "classic", "input"]).stdout
    for line in listed.splitlines():
        if " comment " in line:
            net.host.run(["nft", "delete", "rule", "inet", "classic", "input", "handle", line.split()[-1]])


@pytest.mark.skipif(shutil.which("conntrack") is None, reason="needs conntrack")
@pytest.mark.parametrize("version", [4, 6])
def test_the_classic_ways_leave_streams_running(net: Site, version: int) -> None:
    """Deleting the rule behind an "established accept" cuts nothing; deleting the flows as well brings them back.

    Whoever serves the stream sends its next packet, which is a new flow of the host's own. Ours cuts the same streams.
    """
    udp_ports = f"{FIRST_UDP}-{FIRST_UDP + DATAGRAMS - 1}"
    net.host.run(["nft", "-f", "-"], input=CLASSIC.format(tcp=PORT, udp=udp_ports))
    there = ADDRESSES["host"][version == 6]
    streams = [
        *(tcp_talk(net, "outside", there, PORT, upload=False) for _ in range(DOWNLOADS)),
        *(udp_talk(net, "outside", there, FIRST_UDP + n) for n in range(DATAGRAMS)),
    ]
    with Talks(streams):
        wait_for(lambda: are_running(streams, [0] * len(streams)))
        delete_classic_rules(net)
        since = amounts(streams)
        wait_for(lambda: are_running(streams, since))
        for protocol in ("tcp", "udp"):
            net.host.run(["conntrack", "-D", "-f", f"ipv{version}", "-p", protocol], check=False)
        since = amounts(streams)
        wait_for(lambda: are_running(streams, since))
        tally.add("streams that went on after the classic deletion of their rule", len(streams))
        tally.add("streams that went on after the deletion of rule and flow (conntrack -D)", len(streams))
