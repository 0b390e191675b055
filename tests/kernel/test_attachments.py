"""Real containers on a host with a real agent and server: they come, move and go, and only what fits passes."""

from __future__ import annotations

import socket
from contextlib import closing

import pytest

import netns
from containers import (
    HOST6,
    PEER6,
    VERSIONS,
    Container,
    Site,
    are_cut,
    closed_devices,
    connect,
    is_reached,
    refused,
    sessions,
)
from fleet import HOST, PEER, passes, wait_for

pytestmark = [pytest.mark.kernel, netns.needs_kernel]


def test_a_container_lives_by_its_groups_from_attach_to_detach(site: Site) -> None:
    """Each step as a client of EC2's and an operator at the host take it."""
    interface = site.interface()
    wait_for(lambda: site.interfaces().get(interface.interface_id, "") is None, "an interface without a device")
    container = site.container("vc1", interface)
    site.grant("ingress", site.group_id)
    assert not is_reached(site, container), "nobody said which device it is"
    assert "vc1 is told to be eni-" in site.told("attach", "vc1", interface.interface_id)
    wait_for(lambda: site.interfaces()[interface.interface_id] == "vc1", "the report")
    live = sessions(site, container)
    site.revoke("ingress", site.group_id)
    assert are_cut(live)
    about = site.fleet.about()
    (shown,) = (each for each in about["interfaces"] if each["interface_id"] == interface.interface_id)
    loaded = shown["in_force"]
    assert loaded.items() >= {"revision": about["revision"], "digest": about["digest"], "mode": "enforce"}.items()
    assert 0 < loaded["lag_seconds"] < 20
    assert about["drift"] is None
    site.grant("ingress", site.group_id)
    assert not are_cut(live), "conntrack still knows them"
    live = sessions(site, container)
    site.told("detach", "vc1")
    assert are_cut(live)
    assert not is_reached(site, container)
    site.fleet.ec2("detach_network_interface", AttachmentId=interface.attachment_id)
    site.fleet.settled()
    assert not is_reached(site, container), "the device was a container's, and is there"
    assert interface.interface_id not in site.interfaces()
    assert "eni-" not in site.fleet.table().replace(site.fleet.about()["interfaces"][0]["interface_id"], "")


def test_the_server_detaches_and_attaches_with_the_device_known_all_the_time(running: tuple[Site, Container]) -> None:
    site, container = running
    live = sessions(site, container)
    site.fleet.ec2("detach_network_interface", AttachmentId=container.interface.attachment_id)
    site.fleet.settled()
    assert are_cut(live)
    wait_for(
        lambda: any("isn't attached to this host" in each for each in site.fleet.about()["problems"]), "the report"
    )
    site.attach(container.interface.interface_id, site.fleet.instance_id)
    site.fleet.settled()
    assert is_reached(site, container)
    wait_for(lambda: site.fleet.about()["problems"] == [], "the report")


def test_another_container_goes_on_without_a_retransmission(running: tuple[Site, Container]) -> None:
    site, first = running
    second = site.container("vc2", site.interface())
    site.told("attach", "vc2", second.interface.interface_id)
    live = sessions(site, second)
    for _ in range(3):
        site.told("detach", "vc1")
        assert all(passes(*pair) for pair in live)
        site.told("attach", "vc1", first.interface.interface_id)
        assert all(passes(*pair) for pair in live)
    for pair in live:
        for end in pair:
            assert retransmitted(end) == 0


def retransmitted(end: socket.socket) -> int:
    """How many segments this end has sent more than once; tcpi_total_retrans, in linux/tcp.h."""
    info = end.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    return int.from_bytes(info[100:104], "little")


@pytest.mark.parametrize("how", ["by its file", "by the verb"])
def test_it_moves_to_another_device_in_one_step(running: tuple[Site, Container], how: str) -> None:
    site, container = running
    other = site.container("vc9", container.interface)  # its routes lead there now
    assert not is_reached(site, other)
    if how == "by its file":
        files = site.fleet.data / "attachments"
        (files / "vc1").rename(files / "vc9")
        site.told("attach", "vc9", container.interface.interface_id)
    else:
        assert "detach that first" in site.told("attach", "vc9", container.interface.interface_id, check=False)
        site.told("attach", "--move", "vc9", container.interface.interface_id)
    assert is_reached(site, other)
    assert [each.name for each in (site.fleet.data / "attachments").iterdir()] == ["vc9"]
    with container.place.enter(), closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as there:
        there.sendto(b"x", (PEER, 9))
    wait_for(lambda: refused(site, "source address that isn't the sender's") or refused(site, "or an interface"))


@pytest.mark.parametrize("version", VERSIONS)
def test_both_ends_on_the_host_must_agree(site: Site, version: int) -> None:
    clients, servers = site.group("clients"), site.group("servers")
    a, b = (site.container(f"vc-{name}", site.interface(group)) for name, group in (("a", clients), ("b", servers)))
    for each in (a, b):
        site.told("attach", each.device, each.interface.interface_id)

    def talks() -> bool:
        pair = connect(a.place, b.place, b.address(version))
        for end in pair or ():
            end.close()
        return pair is not None

    assert not talks()
    site.grant("egress", clients, group=servers)
    assert not talks()
    site.grant("ingress", servers, group=clients)
    assert talks()
    for direction, group_id, other in (("egress", clients, servers), ("ingress", servers, clients)):
        live = connect(a.place, b.place, b.address(version))
        assert live is not None
        with live[0], live[1]:
            site.revoke(direction, group_id, group=other)
            assert are_cut([live])
        site.grant(direction, group_id, group=other)


@pytest.mark.parametrize("version", VERSIONS)
def test_sources_are_checked_and_counted_until_that_is_turned_off(
    running: tuple[Site, Container], version: int
) -> None:
    site, container = running
    assert is_reached(site, container), "so it knows its neighbour: a foreign source asks nobody either"
    site.grant("egress", site.group_id, "udp", 9)
    foreign, peer = (("10.0.7.7", PEER), ("fd00:aa:0:7::7", PEER6))[version == 6]
    length = {4: 32, 6: 128}[version]
    container.place.run(
        ["ip", "address", "add", f"{foreign}/{length}", "dev", "eth0", *(["nodad"] if length > 32 else [])]
    )
    site.fleet.peer.run(["ip", "route", "add", f"{foreign}/{length}", "via", (HOST, HOST6)[version == 6]])
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    with container.place.enter(), site.fleet.peer.enter():
        heard = socket.socket(family, socket.SOCK_DGRAM)
    with container.place.enter():
        sender = socket.socket(family, socket.SOCK_DGRAM)
    with heard, sender:
        heard.bind((peer, 9))
        heard.settimeout(0.3)
        sender.bind((foreign, 0))
        before = refused(site, "source address that isn't the sender's")
        sender.sendto(b"spoofed", (peer, 9))
        with pytest.raises(TimeoutError):
            heard.recv(100)
        assert refused(site, "source address that isn't the sender's") == before + 1

        def check(on: bool) -> None:
            site.fleet.ec2(
                "modify_network_interface_attribute", NetworkInterfaceId=container.interface.interface_id,
                SourceDestCheck={"Value": on},
            )  # fmt: skip
            site.fleet.settled()

        check(False)
        sender.sendto(b"routed", (peer, 9))
        assert heard.recv(100) == b"routed"
        check(True)
        sender.sendto(b"spoofed", (peer, 9))
        with pytest.raises(TimeoutError):
            heard.recv(100)


def test_a_device_that_is_renamed_or_put_under_a_bridge_is_closed(running: tuple[Site, Container]) -> None:
    site, container = running
    host = site.fleet.host
    live = sessions(site, container)
    host.run(["ip", "link", "set", "vc1", "down"])
    host.run(["ip", "link", "set", "vc1", "name", "vx1"])
    host.run(["ip", "link", "set", "vx1", "up"])
    route_again(site, container, "vx1")
    assert are_cut(live)
    assert not is_reached(site, container)
    host.run(["ip", "link", "set", "vx1", "down"])
    host.run(["ip", "link", "set", "vx1", "name", "vc1"])
    host.run(["ip", "link", "set", "vc1", "up"])
    route_again(site, container, "vc1")
    assert is_reached(site, container)
    host.run(["ip", "link", "add", "br0", "type", "bridge"])
    host.run(["ip", "link", "set", "br0", "address", mac_of(site, "vc1")])
    host.run(["ip", "address", "add", "169.254.0.1/32", "dev", "br0"])
    host.run(["ip", "link", "set", "br0", "up"])
    host.run(["ip", "link", "set", "vc1", "master", "br0"])
    route_again(site, container, "br0")
    assert not is_reached(site, container)
    wait_for(lambda: any("come by br0" in each for each in site.fleet.about()["problems"]), "the report")
    wait_for(lambda: refused(site, "an endpoint's address, elsewhere"), "what is forwarded to the bridge")


def mac_of(site: Site, device: str) -> str:
    shown = site.fleet.host.run(["ip", "-o", "link", "show", device]).stdout.split()
    return shown[shown.index("link/ether") + 1]


def route_again(site: Site, container: Container, device: str) -> None:
    site.fleet.host.run(["ip", "-6", "address", "replace", "fe80::1/64", "dev", device, "nodad"])
    for version, own in zip(VERSIONS, (HOST, HOST6), strict=True):
        length = 32 if version == 4 else 128
        site.fleet.host.run(
            ["ip", "route", "replace", f"{container.address(version)}/{length}", "dev", device, "src", own]
        )


def test_a_new_agent_finds_everything_as_it_was(running: tuple[Site, Container]) -> None:
    """Attachments told while none ran, and a device that was detached before the last one died, among it."""
    site, container = running
    second = site.container("vc2", site.interface())
    site.told("attach", "vc2", second.interface.interface_id)
    live = sessions(site, container)
    before = site.fleet.objects()
    old = site.fleet.agents[-1]
    wait_for(lambda: b'"vc2"' in (site.fleet.data / "attachments.json").read_bytes(), "the status")
    old.kill()
    assert site.fleet.objects() == before
    assert is_reached(site, second)
    site.fleet.start_agent()
    site.fleet.settled()
    assert site.fleet.objects() == before
    assert site.fleet.about()["problems"] == [], "a container's device is no unknown one"
    assert not are_cut(live)
    site.told("detach", "vc2")
    site.fleet.agents[-1].kill()
    told = site.told("detach", "vc1", "--timeout", "1", check=False)
    assert "no agent runs" in told
    assert not are_cut(live), "the kernel keeps what it has"
    again = site.fleet.start_agent()
    wait_for(lambda: are_cut(live), "the new agent's first commit")
    site.fleet.settled()
    assert not is_reached(site, container)
    assert {"vc1", "vc2"} <= closed_devices(site), "closed until they are gone"
    site.fleet.host.run(["ip", "link", "delete", "vc2"])
    wait_for(lambda: closed_devices(site) == {"vc1"}, "its device is gone")
    assert again.process.poll() is None
