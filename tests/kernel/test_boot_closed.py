"""What reaches a host that boots closed, as its network comes up: real neighbour discovery and DHCP, both families."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

import netns
from lab import Lab, icmp_message, received, wait_for
from one_agent import IDENTITY
from ringwall.agent.directory import AgentDirectory
from ringwall.agent.kernel import Kernel
from ringwall.domain.interface import Mode
from ringwall.domain.world import HostInterface, HostState, InterfaceKind
from ringwall.watch.messages import Position, Snapshot
from serving import RINGWALL

pytestmark = [pytest.mark.kernel, netns.needs_kernel]

HOST, PEER, OTHER = "fd00::1", "fd00::2", "fd00::3"
SERVER = 4580
ALL_NODES, DHCP_AGENTS = "ff02::1", "ff02::1:2"


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Lab]:
    """A host whose enforced state is lost, after its boot, with its cable just plugged in; IPv6 with all it does."""
    directory = AgentDirectory(tmp_path)
    directory.save_identity(IDENTITY)
    (tmp_path / "mode").write_text("enforce\n")
    with netns.namespace("rw-boot") as host, netns.namespace("rw-peer") as peer:
        said = host.run(
            [str(RINGWALL), "agent", "boot", "--data", str(tmp_path), "--server", f"http://[{PEER}]:{SERVER}",
             "--break-glass", f"{OTHER}/128"]
        ).stdout  # fmt: skip
        assert "the host starts closed" in said
        host.run(["ip", "link", "add", "up0", "type", "veth", "peer", "name", "cable", "netns", peer.name])
        for ns, device, addresses in ((host, "up0", [HOST]), (peer, "cable", [PEER, OTHER])):
            quick = [f"conf.{device}.router_solicitation_delay=0", f"neigh.{device}.retrans_time_ms=100"]
            ns.run(["sysctl", "-qw", *(f"net.ipv6.{each}" for each in [f"conf.{device}.accept_ra=2", *quick])])
            ns.run(["ip", "link", "set", device, "up"])
            for address in addresses:
                ns.run(["ip", "address", "add", f"{address}/64", "dev", device])  # with duplicate address detection
        with host.enter():
            kernel = Kernel(own=False)
        with kernel:
            made = Lab(host, peer, kernel)
            with made.sockets:
                for ns in (host, peer):
                    wait_for(lambda ns=ns: "tentative" not in ns.run(["ip", "-6", "address"]).stdout)  # type: ignore[misc]
                yield made


def link_local(of: netns.Namespace) -> str:
    words = of.run(["ip", "-6", "-o", "address", "show", "scope", "link"]).stdout.split()
    return words[words.index("inet6") + 1].split("/")[0]


def index(of: netns.Namespace, device: str) -> int:
    with of.enter():
        return socket.if_nametoindex(device)


def connects(net: Lab, client: netns.Namespace, source: str, target: str, port: int) -> bool:
    """Whether a new connection comes about, with neighbours that have to be found first."""
    for ns in (net.host, net.peer):
        ns.run(["ip", "-6", "neighbour", "flush", "all"])
    holder = net.other(client)
    with holder.enter(), socket.create_server((target, port), family=socket.AF_INET6), client.enter():
        try:
            socket.create_connection((target, port), timeout=1, source_address=(source, 0)).close()
        except (TimeoutError, OSError):
            return False
    return True


def test_its_address_is_its_own_and_its_server_and_administrators_find_it(net: Lab) -> None:
    shown = net.host.run(["ip", "-6", "address"]).stdout
    assert HOST in shown
    assert "dadfailed" not in shown
    assert connects(net, net.host, HOST, PEER, SERVER), "the server, found by neighbour discovery"
    assert connects(net, net.peer, OTHER, HOST, 22), "an address that breaks the glass"
    assert not connects(net, net.peer, PEER, HOST, 22)
    assert not connects(net, net.host, HOST, PEER, SERVER + 1)


def test_an_attachment_of_the_hosts_own_further_device_shuts_nobody_out(tmp_path: Path) -> None:
    """One that is told of by mistake is the way of administrators all the same; a container's device is no way."""
    directory = AgentDirectory(tmp_path)
    directory.save_identity(IDENTITY)
    own = {each: HostInterface(each, device, (), ()) for each, device in (("eni-1", "up0"), ("eni-2", "up1"))}
    behind = HostInterface("eni-3", "", (), (), InterfaceKind.ROUTED, source_check=True)
    state = HostState("i-1", Mode.ENFORCE, {**own, "eni-3": behind})
    directory.save_state(Snapshot(Position("store", 1, 1), state), "")
    (tmp_path / "state.json").write_bytes(b"{")
    (tmp_path / "attachments").mkdir(mode=0o700)
    for device in ("up1", "vc1"):
        (tmp_path / "attachments" / device).write_text("eni-0123456789abcdef0\n")
    with netns.namespace("rw-boot") as host, netns.namespace("rw-peer") as peer:
        netns.veth(host, "up1", "10.0.1.1/24", peer, "up1", "10.0.1.2/24")
        netns.veth(host, "vc1", "10.0.2.1/24", peer, "vc1", "10.0.2.2/24")
        boot = [str(RINGWALL), "agent", "boot", "--data", str(tmp_path), "--break-glass", "10.0.1.2/32", "10.0.2.2/32"]
        assert "the host starts closed" in host.run(boot).stdout
        for address, administrator, opens in (("10.0.1.1", "10.0.1.2", True), ("10.0.2.1", "10.0.2.2", False)):
            with host.enter():
                listener = socket.create_server((address, 22))
            with listener, peer.enter():
                try:
                    socket.create_connection((address, 22), 1, (administrator, 0)).close()
                except TimeoutError:
                    assert not opens
                else:
                    assert opens


def test_an_address_that_somebody_has_is_found_out(net: Lab) -> None:
    """Duplicate address detection: the other's advertisement reaches the host."""
    net.host.run(["ip", "address", "add", f"{PEER}/64", "dev", "up0"])
    wait_for(lambda: "dadfailed" in net.host.run(["ip", "-6", "address"]).stdout)


def test_a_router_is_heard(net: Lab) -> None:
    """Its advertisement gives the host a route and an address."""
    raw = net.socket(net.peer, socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    raw.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
    raw.bind((link_local(net.peer), 0, 0, index(net.peer, "cable")))
    prefix = struct.pack("!BBBBIII", 3, 4, 64, 0xC0, 600, 600, 0) + socket.inet_pton(socket.AF_INET6, "fd07::")
    advertisement = icmp_message(134, 0, struct.pack("!BBHII", 64, 0, 600, 0, 0) + prefix)
    raw.sendto(advertisement, (ALL_NODES, 0, 0, index(net.peer, "cable")))
    wait_for(lambda: "fd07:" in net.host.run(["ip", "-6", "address"]).stdout)
    assert "default via fe80:" in net.host.run(["ip", "-6", "route"]).stdout


def test_dhcp_of_ipv6_is_asked_and_answers(net: Lab) -> None:
    """From the client's link-local address to the group of servers, and back from a link-local one."""
    here, there = index(net.host, "up0"), index(net.peer, "cable")
    server = net.socket(net.peer, socket.AF_INET6, socket.SOCK_DGRAM)
    server.bind(("::", 547))
    group = socket.inet_pton(socket.AF_INET6, DHCP_AGENTS) + struct.pack("=I", there)
    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group)
    client = net.socket(net.host, socket.AF_INET6, socket.SOCK_DGRAM)
    client.bind((link_local(net.host), 546, 0, here))
    client.sendto(b"solicit", (DHCP_AGENTS, 547, 0, here))
    wait_for(lambda: received(server) == b"solicit")
    server.sendto(b"advertise", (link_local(net.host), 546, 0, there))
    wait_for(lambda: received(client) == b"advertise")


def test_dhcp_of_ipv4_works_before_there_is_an_address(net: Lab) -> None:
    """A broadcast from nobody, and the offer as a broadcast; the same ports the other way round are refused."""
    net.peer.run(["ip", "address", "add", "10.0.0.2/24", "broadcast", "+", "dev", "cable"])
    server = net.socket(net.peer, socket.AF_INET, socket.SOCK_DGRAM)
    client = net.socket(net.host, socket.AF_INET, socket.SOCK_DGRAM)
    for each, device, port in ((server, b"cable", 67), (client, b"up0", 68)):
        each.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        each.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device)
        each.bind(("", port))
    client.sendto(b"discover", ("255.255.255.255", 67))
    wait_for(lambda: received(server) == b"discover")
    server.sendto(b"offer", ("255.255.255.255", 68))
    wait_for(lambda: received(client) == b"offer")

    stranger = net.socket(net.peer, socket.AF_INET, socket.SOCK_DGRAM)
    stranger.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    stranger.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"cable")
    stranger.bind(("", 1067))
    before = net.refused()
    stranger.sendto(b"no server", ("255.255.255.255", 68))
    wait_for(lambda: net.refused() > before)
    assert received(client) == b""
