"""What attachments must never do: shut the host off from its server, or let a container out."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

import netns
from containers import Container, Site, are_cut, closed_devices, is_reached, sessions, site_in
from fleet import HOST, fleet_in, wait_for

pytestmark = [pytest.mark.kernel, netns.needs_kernel]


def test_an_interface_with_the_servers_address_doesnt_shut_the_host_off(tmp_path: Path) -> None:
    """A mistake in one call must not be one that no call can put right."""
    address = "10.0.0.20"
    with fleet_in(tmp_path) as fleet:
        fleet.peer.run(["ip", "address", "add", f"{address}/24", "dev", "up0"])
        fleet.options = ["--server", f"http://{address}:{fleet.server.port}"]
        with site_in(fleet) as site:
            (own,) = fleet.ec2("describe_network_interfaces")["NetworkInterfaces"]
            made = fleet.ec2(
                "create_network_interface", SubnetId=own["SubnetId"], PrivateIpAddress=address,
                Groups=[site.group_id],
            )  # fmt: skip
            attachment_id = site.attach(made["NetworkInterface"]["NetworkInterfaceId"], fleet.instance_id)
            fleet.settled()
            fleet.admit(22)
            listener = fleet.listen(22)
            fleet.converse(listener)
            with fleet.peer.enter(), pytest.raises(TimeoutError):
                socket.create_connection((HOST, 22), 0.3, (address, 0))
            fleet.ec2("detach_network_interface", AttachmentId=attachment_id)
            fleet.settled()
            fleet.converse(listener, address)


def test_a_device_that_is_renamed_while_the_agent_is_dead_stays_closed(running: tuple[Site, Container]) -> None:
    site, container = running
    live = sessions(site, container)
    site.fleet.agents[-1].kill()
    site.told("detach", "vc1", "--no-wait")
    site.fleet.host.run(["ip", "link", "set", "vc1", "down"])
    site.fleet.host.run(["ip", "link", "set", "vc1", "name", "vc9"])
    site.fleet.host.run(["ip", "link", "set", "vc9", "up"])
    agent = site.fleet.start_agent()
    wait_for(lambda: agent.says("in-force revision="), "a new agent")
    assert closed_devices(site) == {"vc9"}
    assert are_cut(live)
    assert not is_reached(site, container)
