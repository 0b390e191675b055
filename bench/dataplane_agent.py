"""A whole agent, as it is installed: from a message on the wire to the last admitted packet, its memory, its rest.

The agent is a process of its own in the host's namespace. The benchmark is its server, and both ends of a stream of
datagrams besides: a datagram has arrived when its `send` returns, so the last admitted one is known to microseconds.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Final

from bench.dataplane_changes import Loaded
from bench.dataplane_worlds import HOST, PEER, PORT, Change, fleet_host, rule
from bench.namespaces import Namespace, Pair, alone, pair
from ringwall.agent.directory import AgentDirectory, Identity
from ringwall.agent.kernel import Kernel
from ringwall.compiler.compile import compile_host
from ringwall.domain.local import LocalPolicy
from ringwall.domain.traffic import Traffic
from ringwall.domain.world import HostState, difference
from ringwall.watch.encoding import encode
from ringwall.watch.messages import Delta, Heartbeat, Message, Position, Snapshot

IDENTITY: Final = Identity("123456789012", "us-east-1", "i-bench", "RWHKEXAMPLE", "secret", "store", "up0", "eni-0")
QUIET: Final = 30
"""So many datagrams in a row that don't arrive: the flow is cut."""
SILENCE_SECONDS: Final = 20
SETTLE_SECONDS: Final = 4
CLOCK_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds. cut: from the message's `send` to the last admitted datagram. round_trip, commit: what it takes anyway.

    first: the same right after a snapshot of all rules came into force, which is then written to disk.
    resident, peak: megabytes, at the end and at most. at_rest: share of one core.
    """

    first: float
    cut: list[float]
    round_trip: list[float]
    commit: list[float]
    resident: float
    peak: float
    at_rest: float


def measure(rules: int, rounds: int, rest_seconds: float) -> Measured:
    """A rule among so many is revoked and authorized, so often; each time a stream of datagrams goes on by it alone."""
    state = fleet_host(rules)
    admitting = rule("sgr-admitting", "sg-00000", Traffic("udp", PORT, PORT), f"{PEER}/32")
    change = Change(admitting)
    state = change.again(state)
    floor = _Floor(state, change)
    with pair() as hosts, floor.running(), closing(_Server(hosts.host)) as server, _agent(hosts, server.port) as pid:
        server.tell(Snapshot(server.position(), state))
        with closing(_Stream(hosts)) as stream:
            server.until_reported()
            stream.until_admitted()
            cut, round_trips, commits = [], [], []
            pause = random.Random(1)
            without = change.without(state)
            began = server.change(state, without)
            first = stream.last_admitted() - began
            server.change(without, state)
            time.sleep(SETTLE_SECONDS)
            stream.until_admitted()
            for _ in range(rounds):
                time.sleep(pause.uniform(0.02, 0.05))
                began = server.change(state, without)
                cut.append(stream.last_admitted() - began)
                server.change(without, state)
                stream.until_admitted()
                round_trips.append(floor.round_trip())
                commits.append(floor.commit())
        time.sleep(2)
        before = _cpu_seconds(pid)
        heartbeat, ends = 0.0, perf_counter() + rest_seconds
        while perf_counter() < ends:
            time.sleep(min(1, rest_seconds))
            heartbeat += 1
            if heartbeat % 5 == 0:
                server.tell(Heartbeat(server.position()))
        at_rest = (_cpu_seconds(pid) - before) / rest_seconds
        return Measured(first, cut, round_trips, commits, _status_mb(pid, "VmRSS"), _status_mb(pid, "VmHWM"), at_rest)


class _Server:
    """What the agent takes for its server: it streams what the benchmark tells, and agrees to everything else."""

    def __init__(self, host: Namespace) -> None:
        with host.enter():
            self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._watching: socket.socket | None = None
        self._is_watched = threading.Event()
        self._is_reported = threading.Event()
        self._revision = 1
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        if self._watching:
            self._watching.close()

    def position(self) -> Position:
        return Position("store", 1, self._revision)

    def tell(self, message: Message) -> float:
        """When the message was handed to the kernel."""
        assert self._is_watched.wait(SILENCE_SECONDS), "no agent watches"
        assert self._watching is not None
        line = encode(message)
        chunk = b"%x\r\n%s\r\n" % (len(line), line)
        began = perf_counter()
        self._watching.sendall(chunk)
        return began

    def until_reported(self) -> None:
        """Returns once the agent has said that what it was told is in force."""
        assert self._is_reported.wait(SILENCE_SECONDS), "no report"

    def change(self, old: HostState, new: HostState) -> float:
        """When the difference was told."""
        base, self._revision = self._revision, self._revision + 1
        return self.tell(Delta(base, self.position(), difference(old, new), time.time()))

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request = b""
        while b"\r\n\r\n" not in request:
            if not (data := connection.recv(65536)):
                return
            request += data
        if request.startswith(b"GET /ringwall/v1/watch"):
            connection.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            self._watching = connection
            self._is_watched.set()
            return
        if request.startswith(b"POST /ringwall/v1/report"):
            self._is_reported.set()
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
        with connection:
            while connection.recv(65536):
                pass


class _Stream:
    """Datagrams of the peer's to the host's port, one flow."""

    def __init__(self, hosts: Pair) -> None:
        with hosts.host.enter():
            self._here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with hosts.peer.enter():
            self._there = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._here.bind((HOST, PORT))
        self._here.setblocking(False)
        self._there.bind((PEER, 0))
        self._there.connect((HOST, PORT))

    def close(self) -> None:
        self._here.close()
        self._there.close()

    def until_admitted(self) -> None:
        """Returns once a datagram has arrived."""
        ends = perf_counter() + SILENCE_SECONDS
        while not self._arrives():
            assert perf_counter() < ends, "nothing is admitted"
            time.sleep(0.0005)

    def last_admitted(self) -> float:
        """When the last datagram was sent that arrived; a pause of 20 µs between them leaves the core to the others."""
        last, missing, ends = perf_counter(), 0, perf_counter() + SILENCE_SECONDS
        while missing < QUIET:
            at = perf_counter()
            assert at < ends, "the flow isn't cut"
            if self._arrives():
                last, missing = at, 0
            else:
                missing += 1
            while perf_counter() < at + 20e-6:
                pass
        return last

    def _arrives(self) -> bool:
        self._there.send(b"x")
        try:
            return self._here.recv(1) == b"x"
        except BlockingIOError:
            return False


class _Floor:
    """A message's way between two processes, and a commit of one rule by itself, in the same run."""

    def __init__(self, state: HostState, change: Change) -> None:
        self._state, self._change = state, change
        self._loaded: Loaded | None = None
        self._near: socket.socket | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """With another process that echoes, and a table of its own."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            echo = multiprocessing.get_context("fork").Process(target=_echo, args=(listener,))
            echo.start()
            self._near = socket.create_connection(listener.getsockname())
            self._near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        compiled = compile_host(self._state, LocalPolicy())
        with alone() as ns, self._near:
            with ns.enter():
                kernel = Kernel()
            with kernel:
                self._loaded = Loaded(kernel, self._state, compiled, kernel.apply(None, compiled.ruleset))
                try:
                    yield
                finally:
                    self._near.close()
                    echo.join()

    def round_trip(self) -> float:
        """Seconds."""
        assert self._near is not None
        began = perf_counter()
        self._near.send(bytes(500))
        self._near.recv(500)
        return perf_counter() - began

    def commit(self) -> float:
        """Seconds of the same revoke's commit."""
        assert self._loaded is not None
        seconds, _ = self._loaded.go(self._change.without(self._state))
        self._loaded.go(self._state)
        return seconds


def _echo(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while data := connection.recv(1000):
        connection.send(data)


@contextmanager
def _agent(hosts: Pair, port: int) -> Iterator[int]:
    """The agent's process, in the host's namespace, by its id."""
    with tempfile.TemporaryDirectory() as data:
        AgentDirectory(Path(data)).save_identity(replace(IDENTITY))
        ringwall = str(Path(sys.executable).with_name("ringwall"))
        url = f"http://127.0.0.1:{port}"
        with hosts.host.enter(), Path(data, "log").open("w") as log:
            child = subprocess.Popen(
                [ringwall, "agent", "--server", url, "--data", data, "--insecure-http"], stdout=log, stderr=log
            )
        try:
            yield child.pid
        except BaseException:
            sys.stderr.write(Path(data, "log").read_text())
            raise
        finally:
            child.terminate()
            child.wait(20)


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


def _status_mb(pid: int, name: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(name)) / 1024
