"""Attachments through the life of a host: boots, a server that is away, another host, a virtual machine, mistakes."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

import netns
from containers import (
    HOST6,
    PEER6,
    SECOND,
    SECOND6,
    VERSIONS,
    Container,
    Site,
    are_cut,
    closed_devices,
    is_reached,
    plug,
    refused,
    second_host,
    sessions,
)
from fleet import HOST, PEER, wait_for
from tap import TUN, listener, machine

pytestmark = [pytest.mark.kernel, netns.needs_kernel]


def on_disk(site: Site) -> None:
    """Returns once the last state stands on the disk."""
    revision = f'"revision":{site.fleet.about()["revision"]}}}'.encode()
    wait_for(lambda: revision in (site.fleet.data / "state.json").read_bytes(), "the state on disk")


def test_containers_come_and_go_while_the_server_is_away(running: tuple[Site, Container]) -> None:
    site, first = running
    second = site.container("vc2", site.interface())
    site.fleet.settled()
    site.fleet.server.kill()
    live = sessions(site, first)
    site.told("attach", "vc2", second.interface.interface_id)
    assert is_reached(site, second)
    site.told("detach", "vc1")
    assert are_cut(live)
    site.told("attach", "--move", "vc1", first.interface.interface_id)
    assert is_reached(site, first)


def test_a_boot_enforces_containers_before_the_server_is_reached(running: tuple[Site, Container]) -> None:
    site, container = running
    site.container("vc2", site.interface())
    on_disk(site)
    before = site.fleet.objects()
    site.fleet.agents[-1].kill()
    site.fleet.server.kill()
    nft = ["nft", "delete", "table", "inet", "ringwall"]
    site.fleet.host.run(nft)
    assert "The last state is loaded" in site.fleet.on_console("boot").stdout
    assert site.fleet.objects() == before
    assert is_reached(site, container)
    site.told("detach", "vc1", "--no-wait")
    site.fleet.host.run(nft)
    site.fleet.on_console("boot")
    assert not is_reached(site, container)
    assert closed_devices(site) == {"vc1"}, "it was a container's since the machine was started"

    site.told("attach", "vc1", container.interface.interface_id, "--no-wait")
    (site.fleet.data / "state.json").write_bytes(b"{")
    site.fleet.host.run(nft)
    assert "starts closed" in site.fleet.on_console("boot").stdout
    assert not is_reached(site, container)
    assert closed_devices(site) == {"vc1"}
    assert "no agent runs" in site.told(
        "attach", "vc1", container.interface.interface_id, "--timeout", "1", check=False
    )


def test_it_moves_to_another_host(running: tuple[Site, Container]) -> None:
    site, container = running
    interface = container.interface
    other = second_host(site)
    live = sessions(site, container)
    site.fleet.ec2("detach_network_interface", AttachmentId=interface.attachment_id)
    site.attach(interface.interface_id, other.instance_id)
    site.fleet.settled()
    other.settled()
    assert are_cut(live)
    assert not is_reached(site, container)
    site.told("detach", "vc1")

    place = site.fleet.stack.enter_context(netns.namespace("rw-vc"))
    plug(other.host, "vc7", place, interface, (SECOND, SECOND6))
    for address, via in ((interface.four, SECOND), (interface.six, SECOND6)):
        site.fleet.peer.run(["ip", "route", "replace", address, "via", via])
    moved = Container(place, "vc7", interface)
    assert not is_reached(site, moved)
    other.on_console("attach", "vc7", interface.interface_id)
    assert is_reached(site, moved)
    assert interface.interface_id not in site.fleet.table()


@pytest.mark.skipif(not TUN.exists(), reason="no /dev/net/tun")
def test_a_virtual_machine_on_a_tap_device(site: Site) -> None:
    interface = site.interface()
    site.grant("egress", site.group_id, "udp", 9)
    site.grant("ingress", site.group_id, "udp", 10)
    with machine(site.fleet.host, "tap0", interface.four, interface.six, (HOST, HOST6)) as made:
        for version in VERSIONS:
            mine, peer = interface.address(version), (PEER, PEER6)[version == 6]
            foreign = ("10.0.7.7", "fd00:aa:0:7::7")[version == 6]
            site.told("attach", "tap0", interface.interface_id)
            with listener(site.fleet.peer, peer, 9) as heard, listener(site.fleet.peer, peer, 0) as speaker:
                heard.settimeout(0.3)
                made.sends(mine, peer, 9, b"granted")
                heard.settimeout(20)
                assert heard.recv(100) == b"granted"
                before = refused(site, "source address that isn't the sender's")
                made.sends(foreign, peer, 9, b"spoofed")
                made.sends(mine, peer, 9, b"granted again")
                assert heard.recv(100) == b"granted again"
                assert refused(site, "source address that isn't the sender's") == before + 1
                speaker.sendto(b"come in", (mine, 10))
                assert made.receives(b"come in")
                speaker.sendto(b"not granted", (mine, 11))
                assert not made.receives(b"not granted", 0.3)
                site.told("detach", "tap0")
                speaker.sendto(b"too late", (mine, 10))
                assert not made.receives(b"too late", 0.3)
                made.sends(mine, peer, 9, b"too late")
                heard.settimeout(0.3)
                with pytest.raises(TimeoutError):
                    heard.recv(100)
    wait_for(lambda: closed_devices(site) == set(), "the device is gone")


def findings(site: Site) -> dict[str, list[tuple[str, str]]]:
    """What the doctor finds: status and sentence, by check."""
    told: dict[str, list[tuple[str, str]]] = {}
    each: dict[str, Any]
    for each in json.loads(site.fleet.on_console("doctor", "--json", check=False).stdout):
        told.setdefault(each["check"], []).append((each["status"], each["sentence"]))
    return told


def test_what_is_wrong_closes_its_device_and_is_told(running: tuple[Site, Container]) -> None:
    site, container = running
    files = site.fleet.data / "attachments"
    on_disk(site)
    assert findings(site)["attachments"] == [("OK", f"Containers: vc1 is {container.interface.interface_id}.")]
    other = site.interface()
    site.fleet.settled()
    on_disk(site)

    (files / "vc2").write_text("what?")
    (files / "vc3").symlink_to("vc1")
    (files / "no device").write_text(other.interface_id)
    (files / "vc4").write_text("eni-0123456789abcdef0")
    (files / "up0").write_text(other.interface_id)
    expected = ["isn't the id", "/vc3: ", "wrong name", "eni-0123456789abcdef0, which isn't attached", "the host's own"]
    wait_for(
        lambda: all(any(each in told for told in site.fleet.about()["problems"]) for each in expected), "the report"
    )
    assert closed_devices(site) == {"vc1", "vc2", "vc3", "vc4"}
    assert is_reached(site, container), "nobody else is harmed"
    assert site.fleet.about()["connected"], "nor the host itself"
    told = " ".join(sentence for _, sentence in findings(site)["attachments"])
    assert all(each in told for each in expected)
    assert f"{other.interface_id} is attached to this host and no device here is told to be it" in told

    for name in ("vc2", "vc3", "no device", "vc4", "up0"):
        (files / name).unlink()
    wait_for(lambda: site.fleet.about()["problems"] == [], "all is well")
    wait_for(lambda: closed_devices(site) == {"vc1"}, "what never was a device isn't kept")

    (files / "vc8").write_text(container.interface.interface_id)
    wait_for(lambda: any("vc1 and vc8 are closed" in each for each in site.fleet.about()["problems"]), "the report")
    assert not is_reached(site, container)
    (files / "vc8").unlink()
    wait_for(lambda: site.fleet.about()["problems"] == [], "all is well")
    assert is_reached(site, container)


def test_a_device_and_an_address_that_are_gone_or_elsewhere_are_told_at_once(running: tuple[Site, Container]) -> None:
    site, container = running
    host = site.fleet.host
    on_disk(site)
    container.place.run(["ip", "link", "delete", "eth0"])
    wait_for(lambda: any("There is no device vc1" in sentence for _, sentence in findings(site)["attachments"]))
    host.run(["ip", "link", "add", "br9", "type", "bridge"])
    host.run(["ip", "address", "add", "10.0.0.77/24", "dev", "br9"])
    host.run(["ip", "address", "add", f"{container.interface.four}/32", "dev", "br9"])
    wait_for(
        lambda: any(f"{container.interface.four} of {container.interface.interface_id} is on br9 now" in each
                    for each in site.fleet.about()["problems"]),
        "the report",
    )  # fmt: skip
    assert any("is on br9 now" in sentence for _, sentence in findings(site)["addresses"])
    host.run(["ip", "address", "add", "10.0.0.78/24", "dev", "up0"])
    wait_for(lambda: "10.0.0.78" in json.dumps(site.fleet.about()["interfaces"]), "a new address of the host's own")
    host.run(["ip", "address", "delete", "10.0.0.78/24", "dev", "up0"])
    host.run(["ip", "address", "add", "10.0.0.78/24", "dev", "br9"])
    wait_for(lambda: "10.0.0.78" not in json.dumps(site.fleet.about()["interfaces"]), "the server knows")
    wait_for(lambda: any("Address 10.0.0.78 of eni-" in each for each in site.fleet.about()["problems"]), "the report")


def test_the_command_line_and_the_directory_together(site: Site) -> None:
    first, second = site.interface(), site.interface()
    site.grant("ingress", site.group_id)
    site.fleet.agents[-1].kill()
    elsewhere = site.fleet.data.with_name("elsewhere")
    site.fleet.options = ["--attach", f"vc1={first.interface_id}", "--attachments", str(elsewhere)]
    site.fleet.start_agent()
    containers = [site.container("vc1", first), site.container("vc2", second)]
    site.told("attach", "vc2", second.interface_id, "--attachments", str(elsewhere))
    assert all(is_reached(site, each) for each in containers)
    assert [each.name for each in elsewhere.iterdir()] == ["vc2"]
    for path in elsewhere.iterdir():
        path.unlink()
    elsewhere.rmdir()
    wait_for(lambda: not is_reached(site, containers[1]), "a directory that went")
    site.told("attach", "vc2", second.interface_id, "--attachments", str(elsewhere))
    assert all(is_reached(site, each) for each in containers)


def test_verbs_refuse_what_cannot_be(running: tuple[Site, Container]) -> None:
    site, _ = running
    for words in (["lo", "eni-0a"], ["vc1", "sg-0a"], ["../vc1", "eni-0a"], ["v" * 16, "eni-0a"], [".vc", "eni-0a"]):
        done = site.fleet.on_console("attach", *words, check=False)
        assert done.returncode == 1
        assert done.stderr.startswith("ringwall agent attach: ")
    done = site.fleet.on_console("attach", "vc5", "eni-0a", "--timeout", "1", check=False)
    assert done.returncode == 3
    assert "eni-0a, which isn't attached to this host" in done.stderr
    assert site.fleet.on_console("detach", "vc5").stdout == "vc5 is no container's any more: in force.\n"
    again = site.fleet.on_console("detach", "vc5")
    assert "says nothing of vc5: there is nothing to detach" in again.stdout, "once more does no harm"
    assert closed_devices(site) == {"vc1"}


def test_a_device_that_is_attached_isnt_another_interface_by_a_slip(running: tuple[Site, Container]) -> None:
    site, container = running
    for words in (["vc1", "eni-0a"], ["vc1", site.interface().interface_id]):
        done = site.fleet.on_console("attach", *words, check=False)
        assert done.returncode == 1
        assert f"vc1 is told to be {container.interface.interface_id}: detach it first" in done.stderr
    assert is_reached(site, container)
    assert "in force" in site.told("attach", "vc1", container.interface.interface_id), "the same once more is no slip"
    other = site.interface()
    site.fleet.settled()
    site.told("attach", "vc1", other.interface_id, "--move")
    wait_for(lambda: site.interfaces()[other.interface_id] == "vc1", "what was asked for")


def test_nobody_waits_for_what_cannot_come(site: Site) -> None:
    site.fleet.agents[-1].kill()
    began = time.monotonic()
    assert "no agent runs" in site.told("attach", "vc5", "eni-0a", check=False)
    site.fleet.on_console("release")
    assert "Released on the host's console" in site.told("attach", "vc5", "eni-0a", check=False)
    assert time.monotonic() - began < 10.0, "both together"


def test_what_the_agent_was_started_with_isnt_detached(site: Site) -> None:
    interface = site.interface()
    site.fleet.agents[-1].kill()
    site.fleet.options = ["--attach", f"vc1={interface.interface_id}"]
    site.fleet.start_agent()
    wait_for(lambda: site.interfaces().get(interface.interface_id) == "vc1", "what the agent was started with")
    done = site.fleet.on_console("detach", "vc1", check=False)
    assert done.returncode == 3
    assert "from its own --attach" in done.stderr
