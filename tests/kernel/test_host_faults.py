"""What can be wrong with the host itself: its disk, its interfaces, its flow table, its kernel. It is always told."""

from __future__ import annotations

import errno
import json
import platform
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import netns
from build import HOST4, PEER4, cidr, ingress, tcp, world
from fleet import PEER, fleet_in, wait_for
from lab import Lab, lab
from one_agent import AT_REST, Stage, at, compiled, play
from ringwall.agent.directory import AgentDirectory
from ringwall.agent.interfaces import read_interfaces
from ringwall.agent.kernel import SO_SNDBUFFORCE, Kernel
from ringwall.agent.room import read_room
from ringwall.domain.world import difference
from ringwall.nft.attributes import nested, u32
from ringwall.watch.messages import Delta, Heartbeat, Snapshot
from serving import RINGWALL

pytestmark = [pytest.mark.kernel, netns.needs_kernel]

EVERYBODY = cidr("10.0.0.0/8")
BEFORE = world(*(ingress(tcp(port), EVERYBODY, f"sgr-{port}") for port in range(20, 40)))
AFTER = world(*(ingress(tcp(port), EVERYBODY, f"sgr-{port}") for port in range(21, 41)))
CHANGE = difference(BEFORE, AFTER)


@pytest.fixture
def ns() -> Iterator[netns.Namespace]:
    with netns.namespace("rw-fault") as made:
        yield made


async def began(stage: Stage) -> None:
    """The host enforces the state before."""
    await stage.connected()
    stage.control.say(Snapshot(at(5), BEFORE))
    assert (await stage.in_force(5)).problems == ()


# The disk


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A directory on a disk of 64 kB."""
    path = tmp_path / "disk"
    path.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(path)], check=False)
    if made.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


def fill(path: Path) -> None:
    """The disk takes nothing more."""
    with pytest.raises(OSError, match="No space left"), (path / "ballast").open("wb", buffering=0) as ballast:
        while True:
            ballast.write(bytes(1024))


def test_a_full_disk_keeps_the_last_state_whole_and_no_change_from_the_kernel(ns: netns.Namespace, small: Path) -> None:
    async def test(stage: Stage) -> None:
        await began(stage)
        await stage.until(lambda: stage.directory.last_state() is not None)
        fill(small)
        stage.control.say(Delta(5, at(6), CHANGE))
        report = await stage.told("can't be kept on disk for the next boot: No space left on device")
        assert (report.position, bool(report.digest)) == (at(6), True)
        assert stage.has(AFTER)
        kept = AgentDirectory(small, writable=False).kept_state()
        assert kept is not None
        assert kept[0].state == BEFORE, "before, and whole"
        (small / "ballast").unlink()
        stage.control.say(Heartbeat(at(7)))
        await stage.well()
        kept = AgentDirectory(small, writable=False).kept_state()
        assert kept is not None
        assert kept[0].state == AFTER

    play(ns, small, test)


def test_an_agent_starts_on_a_full_disk(ns: netns.Namespace, small: Path) -> None:
    """Or nobody would watch the table, and nothing revoked would be."""

    def before(kernel: Kernel, port: int) -> None:
        AgentDirectory(small).save_state(Snapshot(at(5), BEFORE), compiled(BEFORE, port).digest)
        fill(small)

    async def test(stage: Stage) -> None:
        await stage.connected()
        assert stage.has(BEFORE)
        stage.control.say(Snapshot(at(6), AFTER))
        await stage.in_force(6)
        await stage.told("can't be kept on disk")
        assert stage.has(AFTER)

    play(ns, small, test, before=before)


# The start


def test_a_table_that_is_newer_than_the_disk_is_the_agents_own_before_its_server_speaks(
    ns: netns.Namespace, tmp_path: Path
) -> None:
    """As after a kill between a commit and the disk, with the server away: nobody else can flush it meanwhile."""

    def before(kernel: Kernel, port: int) -> None:
        AgentDirectory(tmp_path).save_state(Snapshot(at(5), BEFORE), compiled(BEFORE, port).digest)
        with Kernel() as dead:
            dead.apply(None, compiled(AFTER, port).ruleset)

    async def test(stage: Stage) -> None:
        await stage.connected()
        if not stage.kernel.owns:
            pytest.skip("needs tables with an owner")
        ns.run(["nft", "flush", "ruleset"])
        assert stage.has(AFTER)
        found = stage.kernel.observe()
        stage.control.say(Snapshot(at(6), AFTER))
        assert (await stage.in_force(6)).problems == ()
        assert stage.kernel.observe() == found, "not a handle has changed"

    play(ns, tmp_path, test, before=before)


def test_a_start_that_the_kernel_doesnt_take_is_told_and_tried_again(ns: netns.Namespace, tmp_path: Path) -> None:
    """The closed ruleset of a host whose state is lost; the server isn't there to say anything."""

    def before(kernel: Kernel, port: int) -> None:
        AgentDirectory(tmp_path).save_state(Snapshot(at(5), BEFORE), compiled(BEFORE, port).digest)
        (tmp_path / "state.json").write_bytes(b"{")
        kernel._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)

    async def test(stage: Stage) -> None:
        await stage.connected()
        assert stage.kernel.observe() is None
        stage.kernel._socket.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 8 << 20)
        await stage.until(lambda: stage.kernel.observe() is not None)
        listed = ns.run(["nft", "list", "table", "inet", "ringwall"]).stdout
        assert "policy drop" in listed
        stage.control.say(Snapshot(at(5), BEFORE))
        await stage.in_force(5)
        assert stage.has(BEFORE)
        assert not any("not in force" in problem for problem in stage.control.reports[-1].problems)

    play(ns, tmp_path, test, before=before)


# Its interfaces


def test_an_interface_that_vanishes_is_told_and_leaves_the_host_closed_until_it_is_back(
    net: Lab, tmp_path: Path
) -> None:
    async def test(stage: Stage) -> None:
        await began(stage)
        loaded = stage.kernel.observe()
        net.host.run(["ip", "link", "set", "up0", "down"])
        net.host.run(["ip", "link", "set", "up0", "name", "wan0"])
        net.host.run(["ip", "link", "set", "wan0", "up"])
        await stage.told("The host has no interface up0, which its rules are for")
        assert net.connect(net.peer, HOST4, 22) is None, "another name is another interface"
        assert stage.kernel.observe() == loaded
        net.host.run(["ip", "link", "delete", "wan0"])
        netns.veth(net.host, "up0", f"{HOST4}/8", net.peer, "cable", f"{PEER4}/8")
        await stage.well()
        assert net.connect(net.peer, HOST4, 22) is not None
        assert net.connect(net.peer, HOST4, 20) is not None
        assert net.connect(net.peer, HOST4, 40) is None

    net.kernel.close()
    with net.host.enter():
        net.kernel = Kernel(own=False)
    with net.kernel:
        play(net.host, tmp_path, test, effects=replace(AT_REST, read_interfaces=read_interfaces))


@pytest.fixture
def net() -> Iterator[Lab]:
    with lab() as made:
        yield made


# Its flow table

FLOWS_MAX = 300_000


def track(first: int, last: int) -> None:
    """The kernel of this thread's namespace tracks these established connections, which it doesn't give up."""
    head, per_address = struct.pack("=BBH", socket.AF_INET, 0, 0), 50_000
    client, port, here, ssh = b"\x0b\xc1\xc2\xc3", b"\xd1\xd2", socket.inet_aton(HOST4), b"\x00\x16"

    def tuple_(kind: int, source: bytes, destination: bytes, source_port: bytes, destination_port: bytes) -> bytes:
        return nested(
            kind,
            nested(1, _attribute(1, source), _attribute(2, destination)),
            nested(2, _attribute(1, b"\x06"), _attribute(2, source_port), _attribute(3, destination_port)),
        )

    body = (
        head
        + tuple_(1, client, here, port, ssh)
        + tuple_(2, here, client, ssh, port)
        + u32(3, 2 | 4 | 8)  # seen in both directions, assured, confirmed
        + u32(7, 432_000)
        + nested(4, nested(1, _attribute(1, b"\x03")))  # established
    )
    message = struct.pack("=IHHII", 16 + len(body), 0x100, 0x401, 0, 0) + body
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as netlink:
        netlink.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, 64 << 20)
        for block in range(first // per_address, -(-last // per_address)):
            of_block = message.replace(client, b"\x0b\0\0" + bytes([block]))
            numbers = range(max(first, block * per_address), min(last, (block + 1) * per_address))
            for start in range(0, len(numbers), 10_000):
                ports = (1_024 + number % per_address for number in numbers[start : start + 10_000])
                netlink.send(b"".join(of_block.replace(port, each.to_bytes(2, "big")) for each in ports))


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def test_a_full_flow_table_is_told_before_it_is_full_and_until_there_is_room(
    net: Lab, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What is tracked goes on; nobody new gets in, whom the rules would admit, nor does the agent's report."""

    async def test(stage: Stage) -> None:
        await began(stage)
        ends = net.connect(net.peer, HOST4, 22)
        assert ends is not None
        room = read_room()
        assert room is not None
        if room.most > FLOWS_MAX:
            pytest.skip(f"the flow table has room for {room.most} flows")
        assert not room.is_full
        track(0, room.most * 8 // 10)
        stage.control.say(Heartbeat(at(6)))
        await stage.told(f"flows of at most {room.most:,}")
        track(room.most * 8 // 10, room.most)
        room = read_room()
        assert room is not None
        assert room.is_full
        doctor = net.host.run([str(RINGWALL), "agent", "doctor", "--json", "--data", str(tmp_path)], check=False)
        (found,) = [each for each in json.loads(doctor.stdout) if each["check"] == "conntrack"]
        assert (found["status"], doctor.returncode) == ("FAIL", 2)
        ends[0].send(b"x")
        await stage.until(lambda: _arrived(ends[1]))
        with net.peer.enter(), socket.socket() as client:
            client.settimeout(0.3)
            assert client.connect_ex((HOST4, 22)) in (errno.EAGAIN, errno.ETIMEDOUT)
        assert "The kernel tracks" in caplog.text
        net.host.run(["conntrack", "-F"])
        stage.control.say(Heartbeat(at(7)))
        await stage.well()

    net.kernel.close()
    with net.host.enter():
        net.kernel = Kernel(own=False)
    with net.kernel:
        play(net.host, tmp_path, test)


def _arrived(receiver: socket.socket) -> bool:
    try:
        return receiver.recv(1) == b"x"
    except BlockingIOError:
        return False


# Its kernel

WITHOUT_NFTABLES = """
import ctypes, os, platform, struct, sys
number = {"x86_64": 41, "aarch64": 198}[platform.machine()]  # socket
load, equal, ret = 0x20, 0x15, 0x06
program = b"".join(struct.pack("=HBBI", *each) for each in [
    (load, 0, 0, 0), (equal, 0, 5, number),
    (load, 0, 0, 16), (equal, 0, 3, 16),  # AF_NETLINK
    (load, 0, 0, 32), (equal, 0, 1, 12),  # NETLINK_NETFILTER
    (ret, 0, 0, 0x00050000 | 93),  # EPROTONOSUPPORT, as a kernel without nfnetlink says
    (ret, 0, 0, 0x7FFF0000),
])
held = ctypes.create_string_buffer(program)
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(38, 1, 0, 0, 0)
address = ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(held)))
if libc.prctl(22, 2, address, 0, 0):
    sys.exit(os.strerror(ctypes.get_errno()))
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.skipif(platform.machine() not in ("x86_64", "aarch64"), reason="the filter knows two machines")
def test_a_kernel_without_nftables_is_told_by_agent_and_doctor_and_in_the_report(tmp_path: Path) -> None:
    class Bare(netns.Namespace):
        def _inside(self, command: object) -> list[str]:
            return super()._inside([sys.executable, "-c", WITHOUT_NFTABLES, *command])  # type: ignore[misc]

    with fleet_in(tmp_path) as fleet:
        fleet.host = Bare(fleet.host.name)
        agent = fleet.start_agent(fleet.token())
        wait_for(lambda: agent.says("this kernel has no nftables (Protocol not supported)"), "the log")
        assert not agent.says("Traceback")
        (host,) = fleet.api("GET", "/ringwall/v1/hosts")["hosts"]
        fleet.instance_id = host["instance_id"]
        wait_for(lambda: any("has no nftables" in each for each in fleet.about()["problems"]), "the report")
        assert not fleet.up_to_date()
        assert agent.process.poll() is None
        doctor = fleet.on_console("doctor", "--json", "--server", f"http://{PEER}:{fleet.server.port}", check=False)
        findings = {each["check"]: each for each in json.loads(doctor.stdout)}
        assert findings["kernel"]["status"] == "FAIL"
        assert "Protocol not supported" in findings["kernel"]["sentence"]
        assert "Traceback" not in doctor.stderr
        assert doctor.returncode == 2
