"""`ringwall agent boot`: what a host starts with, before its network and without its server, in a new namespace."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import netns
from fleet import HOST, PEER, Fleet, fleet_in, wait_for

pytestmark = [pytest.mark.kernel, netns.needs_kernel]

OTHER = "10.0.0.9"


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with fleet_in(tmp_path) as made:
        yield made


def boot(fleet: Fleet, *options: str) -> str:
    """The host after a reboot: a new namespace, in which the unit's command runs before there is a network."""
    fleet.host = fleet.stack.enter_context(netns.namespace("rw-boot"))
    peer = fleet.stack.enter_context(netns.namespace("rw-peer"))
    said = fleet.on_console("boot", *options).stdout
    netns.veth(fleet.host, "up0", f"{HOST}/24", peer, "up0", [f"{PEER}/24", f"{OTHER}/24"])
    fleet.peer = peer
    fleet.listen(22), fleet.listen(23)
    return said


def from_other(fleet: Fleet, port: int) -> bool:
    with fleet.peer.enter():
        try:
            socket.create_connection((HOST, port), timeout=0.5, source_address=(OTHER, 0)).close()
        except TimeoutError:
            return False
    return True


def enforced(fleet: Fleet) -> None:
    """Port 22 is admitted, 23 isn't; so it stands on the disk, and agent and server are gone."""
    agent = fleet.enrol()
    fleet.admit(22)
    fleet.enforce_from_boot()
    agent.kill()
    fleet.server.kill()


def test_a_host_that_enforced_boots_enforcing(fleet: Fleet) -> None:
    enforced(fleet)
    before = fleet.objects()
    assert "The last state is loaded: revision" in boot(fleet)
    assert fleet.objects() == before
    assert fleet.connects(22)
    assert not fleet.connects(23)
    assert "it stands" in fleet.on_console("boot").stdout
    assert fleet.objects() == before


def test_a_host_that_observed_boots_open_whatever_became_of_its_state(fleet: Fleet) -> None:
    agent = fleet.enrol()
    wait_for((fleet.data / "state.json").exists, "the state on disk")
    agent.kill()
    fleet.server.kill()
    assert "observe" in boot(fleet)
    assert "would be dropped" in fleet.table()
    assert fleet.connects(23)
    (fleet.data / "state.json").write_bytes(b"{")
    assert "the host observed" in boot(fleet)
    assert fleet.table() == ""
    assert fleet.connects(23)


def _truncated(data: Path) -> None:
    (data / "state.json").write_bytes((data / "state.json").read_bytes()[:-90])


def _altered(data: Path) -> None:
    content = (data / "state.json").read_bytes()
    (data / "state.json").write_bytes(content.replace(b"10.0.0.0/24", b"10.0.0.0/14"))


def _missing(data: Path) -> None:
    (data / "state.json").unlink()


def _a_directory(data: Path) -> None:
    (data / "state.json").unlink()
    (data / "state.json").mkdir()


def _of_another_store(data: Path) -> None:
    identity = (data / "agent.json").read_text()
    (data / "agent.json").write_text(identity.replace('"store_id": "', '"store_id": "x'))


def _observed_on_disk(data: Path) -> None:
    (data / "mode").write_text("enforce\n")
    (data / "state.json").write_bytes((data / "observed").read_bytes())


def _mode_and_state(data: Path) -> None:
    (data / "mode").write_bytes(b"\xff")
    _truncated(data)


def _everything(data: Path) -> None:
    _mode_and_state(data)
    (data / "agent.json").write_bytes(b"")


DAMAGES: list[Callable[[Path], None]] = [
    _truncated, _altered, _missing, _a_directory, _of_another_store, _observed_on_disk, _mode_and_state, _everything,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__.strip("_"))
def test_a_host_whose_enforced_state_is_lost_boots_closed_but_for_what_keeps_it_reachable(
    fleet: Fleet, damage: Callable[[Path], None]
) -> None:
    agent = fleet.enrol()
    wait_for((fleet.data / "state.json").exists, "the state on disk")
    (fleet.data / "observed").write_bytes((fleet.data / "state.json").read_bytes())
    fleet.admit(22)
    fleet.enforce_from_boot()
    agent.kill()
    server_peer, port = fleet.peer, fleet.server.port
    damage(fleet.data)

    said = boot(fleet, "--server", f"http://{PEER}:{port}", "--break-glass", f"{OTHER}/32")
    assert "The last state is lost" in said
    assert "the host starts closed" in said
    assert "policy drop" in fleet.table()
    assert not fleet.connects(22)
    assert not fleet.connects(23)
    assert from_other(fleet, 22), "neighbour discovery works, and the address breaks the glass"
    with fleet.peer.enter():
        control = socket.create_server((PEER, port))
        offer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        offer.bind((PEER, 67))
    with fleet.host.enter():
        socket.create_connection((PEER, port), timeout=5).close()
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        client.bind((HOST, 68))
        client.settimeout(5)
        other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        other.bind((HOST, 69))
    for each in (offer, client, other, control):
        fleet.stack.callback(each.close)
    client.sendto(b"discover", (PEER, 67))
    assert offer.recv(100) == b"discover"
    offer.sendto(b"offer", (HOST, 68))
    assert client.recv(100) == b"offer"
    with pytest.raises(PermissionError):
        other.sendto(b"no DHCP", (PEER, 67))
    fleet.peer = server_peer


def test_the_loss_is_reported_and_the_server_puts_it_right(fleet: Fleet) -> None:
    agent = fleet.enrol()
    fleet.listen(22), fleet.listen(23)
    fleet.admit(22)
    fleet.enforce_from_boot()
    before = fleet.objects()
    agent.kill()
    wait_for(lambda: not fleet.about()["connected"], "the server to notice")
    _truncated(fleet.data)
    fleet.host.run(["nft", "delete", "table", "inet", "ringwall"])
    assert "starts closed" in fleet.on_console("boot").stdout
    assert not fleet.connects(22)
    fleet.start_agent()
    wait_for(lambda: fleet.connects(22), "the server's word, by the control channel")
    assert fleet.objects() == before
    wait_for(lambda: any("state.json is damaged" in each for each in fleet.about()["problems"]), "the report")


def test_an_agent_without_the_unit_does_the_same(fleet: Fleet) -> None:
    enforced(fleet)
    _missing(fleet.data)
    fleet.host.run(["nft", "delete", "table", "inet", "ringwall"])
    fleet.listen(22)
    fleet.options = ["--break-glass", "10.0.0.0/31"]
    agent = fleet.start_agent()
    wait_for(lambda: "policy drop" in fleet.table(), "the closed ruleset")
    assert agent.says("the enforced state never reached")
    assert not fleet.connects(22)


def test_a_host_that_was_never_enrolled_is_left_alone(fleet: Fleet) -> None:
    assert "no host was enrolled here" in boot(fleet)
    assert fleet.table() == ""
    assert not fleet.data.exists()
    assert fleet.connects(23)


def test_a_running_agent_is_not_disturbed(fleet: Fleet) -> None:
    fleet.enrol()
    before = fleet.table()
    assert "An agent is running" in fleet.on_console("boot").stdout
    assert fleet.table() == before


def test_break_glass_wants_blocks(fleet: Fleet) -> None:
    done = fleet.on_console("boot", "--break-glass", "10.0.0.0/33", check=False)
    assert done.returncode == 1
    assert "--break-glass '10.0.0.0/33'" in done.stderr
