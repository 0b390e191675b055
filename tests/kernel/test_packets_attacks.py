"""What an attacker would try, with real packets: another source, another device, another state, another port.

Each test names its row in the list of attacks that the layout was designed against.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import replace
from struct import pack

import pytest

import netns
from build import (
    HOST4,
    PEER4,
    cidr,
    egress,
    everything,
    group,
    host_interface,
    icmp,
    tcp,
    udp,
)
from build import ingress as ingress_rule
from lab import icmp_message, received, wait_for
from ringwall.domain.group import SecurityGroupRule
from ringwall.domain.peer import Peer
from ringwall.domain.traffic import Traffic
from site_of_containers import (
    A4,
    A6,
    ADDRESSES,
    B4,
    B6,
    GATE_S4,
    GATE_S6,
    MEMBERS,
    STRANGER4,
    STRANGER6,
    Site,
    datagram,
    ip_header,
    site,
    site_world,
)

pytestmark = [pytest.mark.kernel, netns.needs_kernel]

PORT = 8080
ANYWHERE = ("0.0.0.0/0", "::/0")


@pytest.fixture
def net() -> Iterator[Site]:
    with site() as made:
        yield made


def into(owner: str, traffic: Traffic, *peers: Peer) -> list[SecurityGroupRule]:
    """What the owner's group takes, from anywhere where not said otherwise."""
    return [ingress_rule(traffic, peer, group_id=f"sg-{owner}") for peer in peers or map(cidr, ANYWHERE)]


def out_of(owner: str, traffic: Traffic, *peers: Peer) -> list[SecurityGroupRule]:
    """What the owner's group may open."""
    return [egress(traffic, peer, group_id=f"sg-{owner}") for peer in peers or map(cidr, ANYWHERE)]


ALL_OPEN = [rule for owner in ("host", "a", "b") for rule in (*into(owner, everything()), *out_of(owner, everything()))]


def listens(net: Site, place: str, address: str, port: int = PORT) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = net.socket(net.places[place], family, socket.SOCK_DGRAM)
    made.bind((address, port))
    return made


def arrives(net: Site, sender: str, packet: bytes, destination: str, listener: socket.socket) -> bool:
    """Whether the packet came to the listener, or the host refused it."""
    before = net.refused()
    net.sends(sender, packet, destination)
    return net.passes(lambda: bool(received(listener)), before)


@pytest.mark.parametrize("version", [4, 6])
def test_7_a_container_cannot_send_under_anothers_address(net: Site, version: int) -> None:
    """Row 7. To another container, the outside and the host; its own address passes, and so does any without check."""
    of_b, of_outside = (MEMBERS[each][version == 6] for each in ("sg-b", "sg-outside"))
    own = ADDRESSES["a"][version == 6]
    rules = [*ALL_OPEN]
    for place in ("b", "outside", "host"):
        there = ADDRESSES[place][version == 6]
        with listens(net, place, there) as listener:
            net.enforce(site_world(*rules))
            assert arrives(net, "a", datagram(own, there, PORT), there, listener), place
            for spoofed in (of_b, of_outside, "10.0.1.9" if version == 4 else "fd00:0:0:1::9"):
                if spoofed != there:
                    before = net.count_of("a source address that isn't the sender's")
                    assert not arrives(net, "a", datagram(spoofed, there, PORT), there, listener), (place, spoofed)
                    assert net.count_of("a source address that isn't the sender's") == before + 1
            if place != "host":
                net.enforce(site_world(*rules, source_check=False))
                another = "10.0.1.9" if version == 4 else "fd00:0:0:1::9"
                assert arrives(net, "a", datagram(another, there, PORT), there, listener), place


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("sender", ["outside", "stranger"])
def test_7_nobody_outside_is_a_container_or_the_host(net: Site, sender: str, version: int) -> None:
    """Row 7. A group reference of the receiver admits the address that is borrowed."""
    a, b, host = (ADDRESSES[each][version == 6] for each in ("a", "b", "host"))
    own = ADDRESSES[sender][version == 6]
    members = {**MEMBERS, "sg-outside": (*MEMBERS["sg-outside"], STRANGER4, STRANGER6)}
    peers = [group(each) for each in ("sg-b", "sg-host", "sg-outside")]
    net.enforce(site_world(*into("a", udp(PORT), *peers), *into("host", udp(PORT), *peers), members=members))
    with listens(net, "a", a) as listener:
        assert arrives(net, sender, datagram(own, a, PORT), a, listener)
        assert not arrives(net, sender, datagram(b, a, PORT), a, listener)
        if version == 6:  # the kernel itself drops what comes from its own IPv4 address
            assert not arrives(net, sender, datagram(host, a, PORT), a, listener)
    with listens(net, "host", host) as listener:
        assert not arrives(net, sender, datagram(b, host, PORT), host, listener)
        if version == 6 and sender == "outside":
            assert not arrives(net, sender, datagram(host, host, PORT), host, listener)


@pytest.mark.parametrize("version", [4, 6])
def test_3_a_container_whose_device_is_renamed_is_closed(net: Site, version: int) -> None:
    """Row 3, forwarded: under a name that nobody knows it neither sends nor receives under its own address."""
    a, outside, b = (ADDRESSES[each][version == 6] for each in ("a", "outside", "b"))
    net.enforce(site_world(*ALL_OPEN))
    assert net.exchanges(*net.datagrams(net.places["a"], outside, PORT))
    for command in (["down"], ["name", "renamed"], ["up"]):
        net.host.run(["ip", "link", "set", "renamed" if command == ["up"] else "vc1", *command])
    if version == 6:
        net.host.run(["ip", "address", "add", "fd00:0:0:1::1/64", "dev", "renamed", "nodad"])
    for place, there in (("outside", outside), ("b", b)):
        with listens(net, place, there, 8081) as listener:
            assert not arrives(net, "a", datagram(a, there, 8081), there, listener)
        with listens(net, "a", a, 8082) as listener:
            assert not arrives(net, place, datagram(there, a, 8082), a, listener)


def test_3_a_container_whose_device_is_put_under_a_bridge_is_closed(net: Site) -> None:
    """Row 3: to the host's hooks the packets come from the bridge."""
    net.enforce(site_world(*ALL_OPEN))
    assert net.exchanges(*net.datagrams(net.places["a"], PEER4, PORT))
    net.host.run(["ip", "link", "add", "br0", "type", "bridge"])
    net.host.run(["ip", "link", "set", "vc1", "master", "br0"])
    net.host.run(["ip", "link", "set", "br0", "up"])
    net.host.run(["ip", "address", "del", "10.0.1.1/24", "dev", "vc1"])
    net.host.run(["ip", "address", "add", "10.0.1.1/24", "dev", "br0"])
    with listens(net, "outside", PEER4, 8081) as listener:
        assert not arrives(net, "a", datagram(A4, PEER4, 8081), PEER4, listener)
    with listens(net, "a", A4, 8082) as listener:
        assert not arrives(net, "outside", datagram(PEER4, A4, 8082), A4, listener)


@pytest.mark.parametrize("version", [4, 6])
def test_3_a_stranger_meets_the_rules_of_a_container_and_a_closed_host(net: Site, version: int) -> None:
    """Row 3: a device that nobody named doesn't open the host; the host forwards from it as any router does."""
    a, host, outside, own = (ADDRESSES[each][version == 6] for each in ("a", "host", "outside", "stranger"))
    net.enforce(site_world(*into("host", everything())))
    assert net.connect(net.places["stranger"], host, PORT) is None
    assert net.connect(net.places["stranger"], a, PORT) is None
    assert net.connect(net.places["stranger"], outside, PORT) is not None
    net.enforce(site_world(*into("a", tcp(PORT), cidr(f"{own}/{32 if version == 4 else 128}"))))
    assert net.connect(net.places["stranger"], a, PORT) is not None


@pytest.mark.parametrize("version", [4, 6])
def test_8_neighbour_discovery_and_dhcp_are_no_tunnel(net: Site, version: int) -> None:
    """Row 8. No container gets them forwarded, nor is it the host's DHCP server."""
    a, outside, host = (ADDRESSES[each][version == 6] for each in ("a", "outside", "host"))
    net.enforce(site_world(*into("host", udp(53))))
    client, server = (68, 67) if version == 4 else (546, 547)
    with listens(net, "outside", outside, server) as listener:
        assert not arrives(net, "a", datagram(a, outside, server, source_port=client), outside, listener)
    with listens(net, "a", a, client) as listener:
        assert not arrives(net, "outside", datagram(outside, a, client, source_port=server), a, listener)
    net.enforce(site_world(*out_of("a", everything())))
    with listens(net, "host", host, client) as listener:
        assert not arrives(net, "a", datagram(a, host, client, source_port=server), host, listener)
    if version == 6:
        net.enforce(site_world())
        listener = net.socket(net.places["a"], socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
        for kind in (131, 136, 143):
            message = icmpv6_message(outside, a, kind, 0, bytes(4) + b"through the tunnel" * 4)
            packet = ip_header(outside, a, socket.IPPROTO_ICMPV6, len(message)) + message
            assert not arrives(net, "outside", packet, a, listener), kind


def test_8_neighbours_find_each_other_without_any_rule(net: Site) -> None:
    """Row 8: a container gets an address, checks that nobody has it, and finds its router; no rule is needed."""
    container = net.places["a"]
    net.enforce(site_world())
    container.run(["ip", "-6", "neigh", "flush", "dev", "eth0"])
    container.run(["ip", "address", "add", "fd00:0:0:1::77/64", "dev", "eth0"])  # with duplicate address detection

    def settled() -> bool:
        return "tentative" not in container.run(["ip", "-6", "address", "show", "dev", "eth0"]).stdout

    wait_for(settled)
    container.run(["ip", "address", "del", "fd00:0:0:1::77/64", "dev", "eth0"])
    before = net.refused()
    assert not net.pings(container, ADDRESSES["host"][1])
    assert "lladdr" in container.run(["ip", "-6", "neigh", "show", "dev", "eth0"]).stdout
    assert net.refused() > before


def quoted(near: socket.socket, far: socket.socket) -> bytes:
    """The headers of a packet that the far end of a TCP connection sent, as an ICMP error quotes them."""
    (there, there_port), (here, here_port) = far.getsockname()[:2], near.getsockname()[:2]
    header = ip_header(there, here, socket.IPPROTO_TCP, 40)
    return header + pack("!HHIIHHHH", there_port, here_port, 1, 1, 0x5010, 1000, 0, 0)


@pytest.mark.parametrize("kind", [3, 11, 5])
def test_1_a_spoofed_error_does_not_revive_a_forwarded_flow(net: Site, kind: int) -> None:
    """Row 1. Port 2222 is 0x08ae, as if it were ICMP of type 8, and all of ICMP is granted besides."""
    stays = [*into("a", icmp(8)), *into("a", icmp())]
    net.enforce(site_world(*stays, *into("a", tcp(2222))))
    ends = net.connect(net.places["outside"], A4, 2222)
    assert ends is not None
    assert net.exchanges(*ends)
    error = icmp_message(kind, 4 if kind == 3 else 0, pack("!HH", 0, 1400) + quoted(*ends))
    net.enforce(site_world(*stays))
    for _ in range(3):
        before = net.refused()
        net.sends("outside", ip_header(PEER4, A4, socket.IPPROTO_ICMP, len(error)) + error, A4)
        wait_for(lambda: net.refused() > before)  # noqa: B023
        assert not net.moves(*ends)
        assert not net.moves(*reversed(ends))


@pytest.mark.parametrize("version", [4, 6])
def test_4_a_cut_udp_flow_stays_cut_though_its_server_sends_and_may_open_flows(net: Site, version: int) -> None:
    """Rows 4 and 11, forwarded; between two containers the receiver's rule alone is revoked."""
    address = ADDRESSES["b"][version == 6]
    for client in ("outside", "a"):
        stays = [*out_of("a", everything()), *out_of("b", everything())]
        net.enforce(site_world(*stays, *into("b", udp(PORT))))
        near, far = net.datagrams(net.places[client], address, PORT)
        with near, far:
            assert net.exchanges(near, far)
            net.enforce(site_world(*stays))
            for _ in range(10):
                assert not net.moves(near, far)
                assert not net.moves(far, near)


@pytest.mark.parametrize("mark", ["0x1", "0x5001", "0x50015001"])
def test_6_a_foreign_mark_admits_nothing(net: Site, mark: str) -> None:
    """Row 6. Another table writes connection and packet marks on all that comes."""
    for hook in ("prerouting", "output"):
        net.host.run(
            ["nft", f"add table inet other; add chain inet other {hook} {{ type filter hook {hook} priority -150; }}"]
        )
        net.host.run(["nft", f"add rule inet other {hook} ct mark set {mark} meta mark set {mark}"])
    net.enforce(site_world(*into("host", tcp(22)), *into("a", tcp(22))))
    for address in (HOST4, A4):
        assert net.connect(net.places["outside"], address, 23) is None
        assert net.connect(net.places["outside"], address, 22) is not None
    assert net.connect(net.places["a"], B4, 22) is None


def test_9_a_flow_that_arrives_at_another_interface_is_judged_by_that(net: Site) -> None:
    """Row 9, weak host: a granted flow's packets come in by another interface of the host's, which grants nothing."""
    state = site_world(*into("host", udp(PORT)))
    second = host_interface("eni-2", "un0", (GATE_S4,), "sg-none")
    net.enforce(replace(state, interfaces={**state.interfaces, "eni-2": second}))
    with listens(net, "host", HOST4) as listener:
        assert arrives(net, "outside", datagram(PEER4, HOST4, PORT), HOST4, listener)
        assert not arrives(net, "stranger", datagram(PEER4, HOST4, PORT), HOST4, listener)
        assert not arrives(net, "stranger", datagram(STRANGER4, HOST4, PORT), HOST4, listener)


def test_9_a_containers_flow_with_several_interfaces_is_judged_by_the_one_with_the_address(net: Site) -> None:
    second = host_interface("eni-2", "un0", (GATE_S4, GATE_S6), "sg-second")
    rules = [*out_of("a", everything()), *into("host", tcp(22)), *into("second", tcp(23))]
    state = site_world(*rules)
    net.enforce(replace(state, interfaces={**state.interfaces, "eni-2": second}))
    for addresses, granted, refused in ((ADDRESSES["host"], 22, 23), ((GATE_S4, GATE_S6), 23, 22)):
        for address in addresses:
            assert net.connect(net.places["a"], address, granted) is not None, address
            assert net.connect(net.places["a"], address, refused) is None, address


def test_9_a_flow_does_not_follow_its_address_into_a_container(net: Site) -> None:
    """Row 9, moved address: what the host's group granted, the container's doesn't."""
    host = net.host
    host.run(["ip", "address", "add", "10.0.0.50/32", "dev", "up0"])
    net.enforce(site_world(*into("host", udp(PORT))))
    near = net.socket(net.places["outside"], socket.AF_INET, socket.SOCK_DGRAM)
    near.bind((PEER4, 0))
    near.connect(("10.0.0.50", PORT))
    with listens(net, "host", "10.0.0.50") as listener:
        assert net.moves(near, listener)
    host.run(["ip", "address", "del", "10.0.0.50/32", "dev", "up0"])
    host.run(["ip", "route", "add", "10.0.0.50/32", "dev", "vc1"])
    host.run(["sysctl", "-qw", "net.ipv4.conf.up0.proxy_arp=1"])
    net.places["a"].run(["ip", "address", "add", "10.0.0.50/32", "dev", "eth0"])
    with listens(net, "a", "10.0.0.50") as listener:
        assert not net.moves(near, listener)


def test_10_a_container_is_judged_by_the_port_that_destination_nat_leads_to(net: Site) -> None:
    """Row 10: for 8080 -> 22 a rule for 22 counts; and masquerading hides the sender from nobody on this host."""
    nat = "add table ip nat; add chain ip nat {0} {{ type nat hook {0} priority {1}; }}"
    net.host.run(["nft", nat.format("prerouting", -100)])
    net.host.run(["nft", nat.format("postrouting", 100)])
    net.host.run(["nft", f"add rule ip nat prerouting ip daddr {HOST4} tcp dport 8080 dnat to {A4}:22"])
    net.host.run(["nft", "add rule ip nat postrouting oifname up0 masquerade"])
    listener = net.socket(net.places["a"], socket.AF_INET, socket.SOCK_STREAM)
    listener.bind((A4, 22))
    listener.listen()

    def reaches() -> bool:
        near = net.socket(net.places["outside"], socket.AF_INET, socket.SOCK_STREAM)
        before = net.refused()
        near.connect_ex((HOST4, 8080))
        passed = net.passes(lambda: accepted(listener), before)
        near.close()
        return passed

    net.enforce(site_world(*into("a", tcp(8080)), *into("host", everything())))
    assert not reaches()
    net.enforce(site_world(*into("a", tcp(22), group("sg-outside"))))
    assert reaches()
    net.enforce(site_world(*out_of("a", udp(PORT), group("sg-outside"))))
    far = listens(net, "outside", PEER4)
    near = net.socket(net.places["a"], socket.AF_INET, socket.SOCK_DGRAM)
    near.connect((PEER4, PORT))
    before = net.refused()
    near.send(b"x")
    wait_for(lambda: net.refused() > before or select_readable(far))
    data, seen_from = far.recvfrom(100)
    assert (data, seen_from[0]) == (b"x", HOST4)
    far.sendto(b"y", seen_from)
    wait_for(lambda: received(near) == b"y")


def accepted(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def select_readable(sock: socket.socket) -> bool:
    try:
        return bool(sock.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return False


@pytest.mark.parametrize("flags", [0x10, 0x04, 0x01, 0x12, 0x00, 0x29, 0x03, 0x06])
def test_c_tcp_without_a_flow_begins_with_a_syn(net: Site, flags: int) -> None:
    """Part C, forwarded: ACK, RST, FIN, SYN+ACK, null, xmas, SYN+FIN, SYN+RST, though everything is granted."""
    net.enforce(site_world(*ALL_OPEN))
    listener = net.socket(net.places["b"], socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
    segment = pack("!HHIIBBHHH", 4242, PORT, 1, 1, 0x50, flags, 1000, 0, 0)
    ends = socket.inet_pton(socket.AF_INET, A4) + socket.inet_pton(socket.AF_INET, B4)
    total = sum(
        int.from_bytes(each, "big") for each in pairs(ends + pack("!HH", socket.IPPROTO_TCP, len(segment)) + segment)
    )
    total = (total & 0xFFFF) + (total >> 16)
    segment = segment[:16] + pack("!H", ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF) + segment[18:]
    assert not arrives(net, "a", ip_header(A4, B4, socket.IPPROTO_TCP, len(segment)) + segment, B4, listener)


def pairs(data: bytes) -> list[bytes]:
    return [data[at : at + 2] for at in range(0, len(data), 2)]


def test_c_fragments_and_extension_headers_are_seen_through(net: Site) -> None:
    """Part C: a datagram in fragments, and one behind a destination options header, are what they carry."""
    options = bytes([socket.IPPROTO_UDP, 0, 1, 4, 0, 0, 0, 0])
    for port, granted in ((PORT, True), (PORT + 1, False)):
        net.enforce(site_world(*out_of("a", udp(PORT)), *into("b", udp(PORT))))
        with listens(net, "b", B6, port) as listener:
            inner = datagram(A6, B6, port)[40:]
            packet = ip_header(A6, B6, 60, len(options) + len(inner)) + options + inner
            assert arrives(net, "a", packet, B6, listener) is granted
        for client, address in ((A4, B4), (A6, B6)):
            near = net.socket(net.places["a"], socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
            near.bind((client, 0))
            with listens(net, "b", address, port) as listener:
                before = net.refused()
                near.sendto(bytes(4000), (address, port))
                assert net.passes(lambda: len(received(listener)) == 4000, before) is granted


@pytest.mark.parametrize(("kind", "code"), [(9, 0), (3, 4), (5, 1), (0, 0)])
def test_16_icmp_without_a_flow_has_rules_of_its_own_at_both_ends(net: Site, kind: int, code: int) -> None:
    """Row 16: what conntrack calls invalid is admitted where the sender's and the receiver's rules name its type."""
    message = icmp_message(kind, code, bytes(36))
    wide, narrow, wrong = icmp(), icmp(kind, code), icmp(8)
    for sender, receiver in (("a", "b"), ("a", "host"), ("host", "a"), ("outside", "a"), ("a", "outside")):
        there, here = ADDRESSES[receiver][0], ADDRESSES[sender][0]
        listener = net.socket(net.places[receiver], socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        packet = ip_header(here, there, socket.IPPROTO_ICMP, len(message)) + message

        def reaches(sent: Traffic, taken: Traffic) -> bool:
            rules = [*out_of(sender, sent), *into(receiver, taken)]  # noqa: B023
            net.enforce(site_world(*rules))
            before = net.refused()
            with contextlib.suppress(PermissionError):
                net.sends(sender, packet, there)  # noqa: B023
            return net.passes(lambda: received(listener)[20:22] == bytes([kind, code]), before)  # noqa: B023

        assert reaches(wide, narrow)
        assert reaches(narrow, everything())
        if sender != "outside":
            assert not reaches(wrong, wide)
        if receiver != "outside":
            assert not reaches(wide, wrong)


def icmpv6_message(source: str, destination: str, kind: int, code: int, rest: bytes) -> bytes:
    ends = socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, destination)
    whole = pack("!BBH", kind, code, 0) + rest
    words = ends + pack("!II", len(whole), socket.IPPROTO_ICMPV6) + whole + bytes(len(whole) % 2)
    total = sum(int.from_bytes(words[at : at + 2], "big") for at in range(0, len(words), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return pack("!BBH", kind, code, ~total & 0xFFFF) + rest
