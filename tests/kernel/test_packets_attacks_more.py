"""More of what an attacker would try, or what just happens to a host: devices, helpers, queues, and sessions of before.

Each test names its row in the list of attacks that the layout was designed against.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from struct import pack

import pytest

import netns
from build import HOST4, PEER4, cidr, egress, everything, ingress, tcp, udp, world
from hook_counters import BEHIND_OURS, counted
from lab import Lab, icmp_message, lab, received, wait_for
from ringwall.agent.conntrack import prepare_tracking
from ringwall.domain.group import SecurityGroupRule
from ringwall.domain.interface import Mode
from ringwall.domain.traffic import Traffic
from site_of_containers import A4, ADDRESSES, MEMBERS, Site, ip_header, site, site_world

pytestmark = [pytest.mark.kernel, netns.needs_kernel]

PORT = 8080
EVERYBODY = cidr("0.0.0.0/0")
SLOW = ("rate", "8mbit", "burst", "5kb", "limit", "1mb")


@pytest.fixture
def net() -> Iterator[Lab]:
    with lab() as made:
        yield made


@pytest.fixture
def place() -> Iterator[Site]:
    with site() as made:
        yield made


def into(owner: str, traffic: Traffic, rule_id: str = "", block: str = "0.0.0.0/0") -> SecurityGroupRule:
    return ingress(traffic, cidr(block), rule_id, f"sg-{owner}")


def out_of(owner: str, traffic: Traffic, rule_id: str = "", block: str = "0.0.0.0/0") -> SecurityGroupRule:
    return egress(traffic, cidr(block), rule_id, f"sg-{owner}")


def test_3_the_hosts_own_interface_under_a_bridge_or_renamed_is_closed_and_open_once_it_is_back(net: Lab) -> None:
    """Row 3 and part C: by its name alone is an interface known."""
    state = world(ingress(everything(), EVERYBODY), egress(everything(), EVERYBODY))
    net.enforce(state)
    assert net.connect(net.peer, HOST4, PORT) is not None
    net.host.run(["ip", "link", "add", "br0", "type", "bridge"])
    net.host.run(["ip", "link", "set", "up0", "master", "br0"])
    net.host.run(["ip", "link", "set", "br0", "up"])
    net.host.run(["ip", "address", "del", f"{HOST4}/8", "dev", "up0"])
    net.host.run(["ip", "address", "add", f"{HOST4}/8", "dev", "br0"])
    assert net.connect(net.peer, HOST4, PORT) is None
    net.host.run(["ip", "link", "delete", "up0"])
    net.host.run(["ip", "link", "delete", "br0"])
    netns.veth(net.host, "up0", [f"{HOST4}/8"], net.peer, "cable", [f"{PEER4}/8"])
    assert net.connect(net.peer, HOST4, PORT) is not None
    net.enforce(world(groups=("sg-1",)))
    assert net.connect(net.peer, HOST4, PORT) is None


def test_11_a_rule_that_is_narrowed_under_its_own_id_cuts_what_only_the_wide_one_admitted(net: Lab) -> None:
    """Row 11, a modified rule."""
    for block, goes_on in (("10.0.0.0/30", True), ("192.0.2.0/24", False)):
        net.enforce(world(ingress(tcp(PORT), EVERYBODY, "sgr-1")))
        ends = net.connect(net.peer, HOST4, PORT)
        assert ends is not None
        assert net.exchanges(*ends)
        net.enforce(world(ingress(tcp(PORT), cidr(block), "sgr-1")))
        assert net.moves(*ends) is goes_on
        assert net.moves(*reversed(ends)) is goes_on


def test_12_a_revoke_cuts_both_directions_of_one_port_pair(net: Lab) -> None:
    """Row 12: NTP between two servers is one flow, the peer's; the host's own poll on it is refused as well. Chosen.

    On another port the host asks as it likes.
    """
    stays = [egress(everything(), EVERYBODY, "sgr-out")]
    net.enforce(world(*stays, ingress(udp(123), EVERYBODY, "sgr-ntp")))
    peers, hosts = (net.socket(each, socket.AF_INET, socket.SOCK_DGRAM) for each in (net.peer, net.host))
    peers.bind((PEER4, 123))
    hosts.bind((HOST4, 123))
    peers.connect((HOST4, 123))
    hosts.connect((PEER4, 123))
    assert net.exchanges(peers, hosts)
    net.enforce(world(*stays))
    for _ in range(5):
        assert not net.moves(peers, hosts)
        assert not net.moves(hosts, peers)
    hosts.close()
    peers.close()
    near, far = net.datagrams(net.host, PEER4, 123)
    assert net.exchanges(near, far)


@pytest.mark.parametrize("after", [True, False], ids=["egress", "ingress"])
def test_13_what_the_hosts_own_queue_holds_still_leaves_and_nothing_more_passes_the_hook(net: Lab, after: bool) -> None:
    """Row 13: the promise is about the hook. Behind it a slow device lets go of what it was given before."""
    net.host.run(["tc", "qdisc", "add", "dev", "up0", "root", "tbf", *SLOW])
    rule = egress(udp(PORT), EVERYBODY) if after else ingress(udp(PORT), EVERYBODY)
    net.enforce(world(rule))
    if after:
        sender, receiver = net.datagrams(net.host, PEER4, PORT)
    else:
        receiver, sender = net.datagrams(net.peer, HOST4, PORT)
        assert net.moves(receiver, sender)
    with counted(net.host, "beyond", BEHIND_OURS, [f"udp dport {PORT}", f"udp sport {PORT}"]) as beyond:
        sender.setsockopt(socket.SOL_SOCKET, 32, 1 << 21)  # SO_SNDBUFFORCE
        for _ in range(400):
            sender.send(bytes(1000))
        net.enforce(world(groups=("sg-1",)))
        passed, arrived = beyond(), 0
        while received(receiver):
            arrived += 1
        assert arrived < 400, "some are still in the queue"
        for _ in range(20):
            with pytest.raises(PermissionError):
                sender.send(bytes(1000))

        def all_there() -> bool:
            nonlocal arrived
            arrived += bool(received(receiver))
            return arrived == 400

        wait_for(all_there)
        assert beyond() == passed


def test_14_an_error_about_a_forwarded_flow_reaches_it_directly_after_a_revoke(place: Site) -> None:
    """Row 14, forwarded: the narrow rule admits the flow, and so the error about it."""
    stays = [into("a", tcp(2222), "sgr-narrow", f"{PEER4}/32")]
    place.enforce(site_world(*stays, into("a", tcp(2000, 3000), "sgr-wide")))
    ends = place.connect(place.places["outside"], A4, 2222)
    assert ends is not None
    assert place.exchanges(*ends)
    place.enforce(site_world(*stays))
    near, far = ends
    (there, there_port), (here, here_port) = far.getsockname()[:2], near.getsockname()[:2]
    quoted = ip_header(there, here, socket.IPPROTO_TCP, 40) + pack(
        "!HHIIHHHH", there_port, here_port, 1, 1, 0x5010, 9, 0, 0
    )
    error = icmp_message(3, 4, pack("!HH", 0, 1400) + quoted)
    before = place.admitted_by("sgr-narrow")
    place.sends("outside", ip_header(PEER4, A4, socket.IPPROTO_ICMP, len(error)) + error, A4)
    wait_for(lambda: place.admitted_by("sgr-narrow") > before)
    assert place.refused() == 0


FTP = """
table inet helpers {
 ct helper files { type "ftp" protocol tcp; }
 chain in { type filter hook prerouting priority 0; tcp dport 21 ct helper set "files"; }
}
"""


def test_15_a_data_connection_that_a_helper_expects_needs_a_rule_of_its_own(net: Lab) -> None:
    """Row 15: somebody assigns the FTP helper; the connection announced by the server is judged like any other."""
    net.host.run(["nft", "-f", "-"], input=FTP)
    control = ingress(tcp(21), EVERYBODY, "sgr-control")
    for rules, admitted in (([control], False), ([control, ingress(tcp(5001), EVERYBODY)], True)):
        net.enforce(world(*rules))
        ends = net.connect(net.peer, HOST4, 21)
        assert ends is not None
        near, far = ends
        far.send(b"220 The helper looks at what follows a line.\r\n")
        wait_for(lambda: received(near))  # noqa: B023
        far.send(b"227 Entering Passive Mode (10,0,0,1,19,137).\r\n")
        wait_for(lambda: received(near))  # noqa: B023
        expected = net.host.run(["conntrack", "-L", "expect"]).stdout
        assert "dport=5001" in expected
        assert (net.connect(net.peer, HOST4, 5001) is not None) is admitted


def test_c_a_child_of_a_known_device_is_a_device_of_its_own_and_closed(net: Lab) -> None:
    """Part C, macvlan: under another Ethernet address, and with an address of its own."""
    net.host.run(["ip", "link", "add", "mac0", "link", "up0", "type", "macvlan", "mode", "bridge"])
    net.host.run(["ip", "address", "add", "10.200.0.1/24", "dev", "mac0"])
    net.host.run(["ip", "link", "set", "mac0", "up"])
    net.host.run(["sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.mac0.rp_filter=0"])
    net.host.run(["sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1"])
    net.enforce(world(ingress(udp(PORT), EVERYBODY)))
    listener = net.socket(net.host, socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind(("0.0.0.0", PORT))
    near = net.socket(net.peer, socket.AF_INET, socket.SOCK_DGRAM)
    for address, passes in ((HOST4, True), ("10.200.0.1", False)):
        before = net.refused()
        near.sendto(b"x", (address, PORT))
        assert net.passes(lambda: bool(received(listener)), before) is passes, address


def test_c_an_answer_that_begins_anew_does_not_harm_the_flow_that_it_claims_to_be_of(net: Lab) -> None:
    """Part C: a SYN in the reply direction of a flow of the host's own opens nothing, and the flow goes on."""
    net.enforce(world(egress(tcp(PORT), EVERYBODY)))
    ends = net.connect(net.host, PEER4, PORT)
    assert ends is not None
    near, _ = ends
    port = near.getsockname()[1]
    sending = net.socket(net.peer, socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    for flags in (0x02, 0x12):
        segment = pack("!HHIIBBHHH", PORT, port, 77, 0, 0x50, flags, 1000, 0, 0)
        sending.sendto(ip_header(PEER4, HOST4, socket.IPPROTO_TCP, len(segment)) + segment, (HOST4, 0))
    assert net.connect(net.peer, HOST4, port) is None
    assert net.exchanges(*ends)


def test_c_broadcast_and_multicast_need_a_rule_like_any_other(net: Lab) -> None:
    """Part C: what is sent to all is sent to the host as well."""
    listener = net.socket(net.host, socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind(("0.0.0.0", PORT))
    joined = socket.inet_aton("239.1.2.3") + socket.inet_aton(HOST4)
    listener.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, joined)
    near = net.socket(net.peer, socket.AF_INET, socket.SOCK_DGRAM)
    near.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    near.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(PEER4))
    for rules, passes in (([ingress(udp(PORT + 1), EVERYBODY)], False), ([ingress(udp(PORT), EVERYBODY)], True)):
        net.enforce(world(*rules))
        for address in ("10.255.255.255", "255.255.255.255", "239.1.2.3"):
            if address == "255.255.255.255":
                near.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"cable")
            before = net.refused()
            near.sendto(b"x", (address, PORT))
            assert net.passes(lambda: bool(received(listener)), before) is passes, address


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize(("sender", "receiver"), [("outside", "a"), ("a", "outside"), ("a", "b")])
def test_c_the_host_tells_the_sender_of_a_granted_flow_that_its_packets_are_too_big(
    place: Site, sender: str, receiver: str, version: int
) -> None:
    """Part C: the way on is narrower than the way to the host, and nobody may cut packets up.

    The host tells nobody of a flow that is cut. No rule of the host's own has to do with it.
    """
    at = version == 6
    device = {"outside": "up0", "a": "vc1", "b": "vc2"}[receiver]
    place.host.run(["ip", "link", "set", device, "mtu", "1300"])
    ends = [
        side(udp(PORT), cidr(("0.0.0.0/0", "::/0")[at]), group_id=f"sg-{owner}")
        for side, owner in ((egress, sender), (ingress, receiver))
        if owner != "outside"
    ]
    level, discover, mtu = ((0, 10, 14), (41, 23, 24))[at]
    place.enforce(site_world(*ends))
    near, far = place.datagrams(place.places[sender], ADDRESSES[receiver][at], PORT)
    near.setsockopt(level, discover, 2)
    assert place.moves(near, far)
    place.enforce(site_world(*(each for each in ends if each.group_id != f"sg-{sender}")))
    if sender == "outside":
        place.enforce(site_world())
    before = place.refused()
    near.send(bytes(1400))
    wait_for(lambda: place.refused() > before)
    assert near.getsockopt(level, mtu) == 1500
    place.enforce(site_world(*ends))
    before = place.refused()
    near.send(bytes(1400))
    wait_for(lambda: place.refused() > before or near.getsockopt(level, mtu) == 1300)
    assert near.getsockopt(level, mtu) == 1300
    assert not received(far)


@pytest.mark.parametrize("first", ["nothing", "observing"])
@pytest.mark.parametrize("version", [4, 6])
def test_5_forwarded_sessions_from_before_the_rules_end_and_those_seen_to_begin_are_judged(
    place: Site, version: int, first: str
) -> None:
    """Row 5, forwarded: nobody can ask the container who opened what, and who is not known isn't let through.

    The container may open anything: a download from it that was never granted would be a flow of its own, were it
    judged by the packet that was seen first. What begins while the host observes lives on if it is granted.
    """
    at = version == 6
    rules = [
        ingress(tcp(22), cidr(("0.0.0.0/0", "::/0")[at]), group_id="sg-a"),
        egress(everything(), cidr(("0.0.0.0/0", "::/0")[at]), group_id="sg-a"),
    ]
    a, outside = ADDRESSES["a"][at], ADDRESSES["outside"][at]
    observing = site_world(*rules, mode=Mode.OBSERVE)

    def sessions() -> list[tuple[socket.socket, socket.socket]]:
        tries = [("outside", a, 22), ("outside", a, 9000), ("a", outside, 443)]
        ends = [place.connect(place.places[client], there, port) for client, there, port in tries]
        return [each for each in ends if each is not None]

    before = sessions()
    assert len(before) == 3
    if first == "observing":
        place.enforce(observing)
        for near, far in before:
            far.send(b"x")
            wait_for(lambda: received(near))  # noqa: B023
        during = sessions()
        assert len(during) == 3
    with place.host.enter():
        prepared = prepare_tracking()
        place.enforce(site_world(*rules))
        ended = prepared.end_forwarded(MEMBERS["sg-a"])
    assert ended == (3 if first == "observing" else 0)
    for near, far in before:
        assert not place.moves(far, near)
        assert not place.moves(near, far)
    if first == "observing":
        for (near, far), granted in zip(during, (True, False, True), strict=True):
            assert place.moves(far, near) is granted
            assert place.moves(near, far) is granted
