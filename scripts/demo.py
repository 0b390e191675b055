#!/usr/bin/env python3
"""The whole story with real parts, in under a minute: `make demo`.

Four network namespaces stand for machines: `web` is the protected host, `office` and `elsewhere` are clients, `control`
holds the server, on a network of its own. The aws CLI is the real one. Everything that is started here is stopped here.

    office 10.90.1.10 --+
                        +-- switch -- web 10.90.1.1 (eth0, protected) -- web 10.90.2.2 (ctl0) -- control 10.90.2.1
    elsewhere 10.90.3.10 (routed through switch)
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RINGWALL = str(ROOT / ".venv/bin/ringwall")
PYTHON = str(ROOT / ".venv/bin/python")
AWS = str(ROOT / ".venvs/awscli/bin/aws")
OFFICE, ELSEWHERE, WEB = "10.90.1.10", "10.90.3.10", "10.90.1.1"
SERVER = "10.90.2.1"
OFFICE_CIDR = "10.90.1.0/24"
PORT = 8080

# A TCP server on the protected host: sends without end to whoever connects.
SOURCE = f"""
import socket, threading
def feed(connection):
    try:
        while True: connection.sendall(bytes(16384))
    except OSError: pass
listener = socket.create_server(("0.0.0.0", {PORT}), backlog=64)
print("listening", flush=True)
while True: threading.Thread(target=feed, args=(listener.accept()[0],), daemon=True).start()
"""

# A long download: prints the time of the last byte whenever asked (a line on standard input).
DOWNLOAD = f"""
import socket, sys, threading, time
connection = socket.create_connection(("{WEB}", {PORT}), timeout=5); connection.settimeout(None)
last, total = [0.0], [0]
def read():
    while data := connection.recv(65536): last[0] = time.time(); total[0] += len(data)
threading.Thread(target=read, daemon=True).start()
for _ in sys.stdin: print(f"{{last[0]:.6f}} {{total[0]}}", flush=True)
"""

# Counts what leaves the web host's wire: frames of the download as the switch receives them, with their times.
TAP = f"""
import socket, struct, sys, threading, time
tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0003)); tap.bind(("to-web", 0))
tap.setsockopt(socket.SOL_SOCKET, 33, 8 * 1024 * 1024)
tap.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS: the kernel's own time of each frame
last = [0.0]
def read():
    while True:
        frame, ancillary, _, address = tap.recvmsg(128, 64)
        if address[2] == 4 or frame[12:14] != b"\\x08\\x00" or frame[23] != 6: continue
        header = 14 + (frame[14] & 15) * 4
        if struct.unpack_from("!H", frame, header)[0] == {PORT}:
            seconds, nanoseconds = struct.unpack("qq", ancillary[0][2][:16]); last[0] = seconds + nanoseconds / 1e9
threading.Thread(target=read, daemon=True).start()
print("tapping", flush=True)
for _ in sys.stdin: print(f"{{last[0]:.6f}}", flush=True)
"""

ECHO_CLIENT = f"""
import socket, sys, time
connection = socket.create_connection(("{WEB}", {PORT + 1}), timeout=20)
sent = 0; print("talking", flush=True)
while sent < 1000000:
    connection.sendall(b"x"); assert connection.recv(1) == b"x"; sent += 1
    if sent % 100 == 0: print(sent, flush=True)
"""

ECHO_SERVER = f"""
import socket, threading
def answer(connection):
    while data := connection.recv(1): connection.sendall(data)
listener = socket.create_server(("0.0.0.0", {PORT + 1}))
print("listening", flush=True)
while True: threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()
"""


class Failed(Exception):
    """A part didn't come up; the demo can't go on."""


@dataclass
class Demo:
    """What the demo runs on, and what it has seen."""

    tag: str
    directory: Path
    failures: int = 0
    processes: list[subprocess.Popen[str]] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    def inside(self, machine: str, *command: str) -> list[str]:
        return ["ip", "netns", "exec", f"{machine}-{self.tag}", *command]

    def start(self, machine: str, *command: str, log: str | None = None) -> subprocess.Popen[str]:
        errors = (self.directory / log).open("a") if log else subprocess.DEVNULL
        process = subprocess.Popen(
            self.inside(machine, *command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        )
        self.processes.append(process)
        return process

    def check(self, passed: bool, saw: str) -> None:
        self.failures += not passed
        print(f"  {'pass' if passed else 'FAIL'}  {saw}", flush=True)

    def aws(self, *arguments: str) -> tuple[int, dict[str, object], str]:
        done = subprocess.run(
            self.inside("control", AWS, "ec2", *arguments, "--output", "json"),
            capture_output=True, text=True, timeout=30, env={**os.environ, **self.environment}, check=False,
        )  # fmt: skip
        return done.returncode, json.loads(done.stdout or "{}"), done.stderr.strip()

    def aws_ok(self, *arguments: str) -> dict[str, object]:
        code, answer, errors = self.aws(*arguments)
        if code:
            raise Failed(f"aws ec2 {' '.join(arguments)}: {errors}")
        return answer

    def ringwall(self, *arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.inside("control", RINGWALL, *arguments),
            capture_output=True, text=True, timeout=30, input=text, check=False,
        )  # fmt: skip

    def connects(self, machine: str, port: int = PORT) -> bool:
        code = f"import socket; socket.create_connection(('{WEB}', {port}), timeout=1.0).recv(1)"
        return (
            subprocess.run(self.inside(machine, PYTHON, "-c", code), capture_output=True, check=False).returncode == 0
        )

    def rules(self) -> str:
        """The table on the web host as nft lists it, without counters, and without whose it is."""
        done = subprocess.run(
            self.inside("web", "nft", "-s", "list", "table", "inet", "ringwall"),
            capture_output=True,
            text=True,
            check=False,
        )
        return "".join(line for line in done.stdout.splitlines(True) if not line.startswith(("table ", "\tflags ")))


def run(*command: str) -> None:
    """Runs a command that must succeed."""
    subprocess.run(command, check=True, capture_output=True)


def line(process: subprocess.Popen[str], timeout: float = 15.0) -> str:
    """The next line that the process prints."""
    got: list[str] = []
    reader = threading.Thread(
        target=lambda: got.append(process.stdout.readline() if process.stdout else ""), daemon=True
    )
    reader.start()
    reader.join(timeout)
    if not got or not got[0]:
        raise Failed(f"{process.args} printed nothing")
    return got[0].strip()


def ask(process: subprocess.Popen[str]) -> list[float]:
    """The numbers that a helper prints when it gets a line."""
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()
    return [float(word) for word in line(process).split()]


def wait_for(what: str, condition: Callable[[], bool], seconds: float = 15.0) -> None:
    """Returns as soon as the condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Failed(f"waited {seconds:g} s for {what}")
        time.sleep(0.02)


@contextlib.contextmanager
def machines(demo: Demo) -> Iterator[None]:
    """The namespaces and their wires; removed at the end with everything in them."""
    names = [f"{machine}-{demo.tag}" for machine in ("office", "elsewhere", "switch", "web", "control")]
    office, elsewhere, switch, web, control = names

    def wire(here: str, name: str, address: str, there: str, peer: str, peer_address: str | None) -> None:
        run("ip", "-n", here, "link", "add", name, "type", "veth", "peer", "name", peer, "netns", there)
        for namespace, device, given in ((here, name, address), (there, peer, peer_address)):
            if given:
                run("ip", "-n", namespace, "address", "add", given, "dev", device)
            run("ip", "-n", namespace, "link", "set", device, "up")

    try:
        for name in names:
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        wire(web, "eth0", f"{WEB}/24", switch, "to-web", None)
        wire(office, "eth0", f"{OFFICE}/24", switch, "to-office", None)
        run("ip", "-n", switch, "link", "add", "bridge", "type", "bridge")
        for port in ("to-web", "to-office"):
            run("ip", "-n", switch, "link", "set", port, "master", "bridge")
        run("ip", "-n", switch, "address", "add", "10.90.1.254/24", "dev", "bridge")
        run("ip", "-n", switch, "link", "set", "bridge", "up")
        run("ip", "netns", "exec", switch, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        wire(elsewhere, "eth0", f"{ELSEWHERE}/24", switch, "to-elsewhere", "10.90.3.254/24")
        wire(web, "ctl0", "10.90.2.2/24", control, "eth0", f"{SERVER}/24")
        run("ip", "-n", elsewhere, "route", "add", "default", "via", "10.90.3.254")
        run("ip", "-n", web, "route", "add", "10.90.3.0/24", "via", "10.90.1.254")
        yield
    finally:
        for process in demo.processes:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait()
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


def start_server(demo: Demo) -> subprocess.Popen[str]:
    """The server in `control`, ready."""
    process = demo.start(
        "control", RINGWALL, "serve", "--data", str(demo.directory / "server"), "--host", SERVER, "--insecure-http",
        log="server.log",
    )  # fmt: skip
    if "ringwall ready on" not in line(process):
        raise Failed("the server didn't become ready")
    return process


def start_agent(demo: Demo, *options: str) -> subprocess.Popen[str]:
    """The agent on `web`; it is up once its log says that a revision is in force."""
    before = log_text(demo, "agent.log").count("in-force revision=")
    process = demo.start(
        "web", RINGWALL, "agent", "--server", f"http://{SERVER}:4580", "--data", str(demo.directory / "agent"),
        "--insecure-http", "--unmanaged", "ctl0", *options, log="agent.log",
    )  # fmt: skip
    wait_for("the agent", lambda: log_text(demo, "agent.log").count("in-force revision=") > before)
    return process


def log_text(demo: Demo, name: str) -> str:
    """What was logged so far."""
    path = demo.directory / name
    return path.read_text() if path.exists() else ""


def stamp(text: str, pattern: str) -> float | None:
    """The last time that the pattern caught in the text."""
    found = re.findall(pattern, text)
    return float(found[-1]) if found else None


def tell(demo: Demo) -> None:
    """The story."""
    print(f"ringwall demo: hosts are network namespaces *-{demo.tag}")
    server = start_server(demo)
    exports = demo.ringwall("env", "--data", str(demo.directory / "server")).stdout
    demo.environment = dict(re.findall(r"^export (\w+)='?([^'\n]*)'?$", exports, re.M))
    listening = demo.start("web", PYTHON, "-c", SOURCE)
    echoing = demo.start("web", PYTHON, "-c", ECHO_SERVER)
    line(listening), line(echoing)

    print("1. A group, attached; tcp/8080 from the office's CIDR")
    vpc = demo.aws_ok("create-vpc", "--cidr-block", "10.90.0.0/16")["Vpc"]["VpcId"]
    subnet = demo.aws_ok("create-subnet", "--vpc-id", vpc, "--cidr-block", "10.90.1.0/24")["Subnet"]["SubnetId"]
    group = demo.aws_ok(
        "create-security-group", "--group-name", "web", "--description", "web hosts of the demo", "--vpc-id", vpc
    )["GroupId"]
    token = demo.ringwall(
        "host", "token", "--data", str(demo.directory / "server"), "--subnet", subnet, "--interface", "eth0"
    )
    token_file = demo.directory / "token"
    token_file.touch(mode=0o600)
    token_file.write_text(token.stdout)
    agent = start_agent(demo, "--token-file", str(token_file))
    interfaces = demo.aws_ok("describe-network-interfaces", "--filters", f"Name=vpc-id,Values={vpc}")[
        "NetworkInterfaces"
    ]
    eni, instance = interfaces[0]["NetworkInterfaceId"], interfaces[0]["Attachment"]["InstanceId"]
    demo.check(interfaces[0]["PrivateIpAddress"] == WEB, f"the host enrolled as {instance} with {eni}, {WEB}")
    demo.check(
        demo.connects("office") and demo.connects("elsewhere"), "observing only: office and elsewhere both connect"
    )
    intruder = demo.start("elsewhere", PYTHON, "-c", DOWNLOAD)
    wait_for("elsewhere's download", lambda: ask(intruder)[1] > 0)
    demo.aws_ok("modify-network-interface-attribute", "--network-interface-id", eni, "--groups", group)
    for port in (PORT, PORT + 1):
        demo.aws_ok(
            "authorize-security-group-ingress",
            "--group-id",
            group,
            "--protocol",
            "tcp",
            "--port",
            str(port),
            "--cidr",
            OFFICE_CIDR,
        )
    refused = demo.ringwall("host", "enforce", "--data", str(demo.directory / "server"), instance)
    print("        " + (refused.stdout + refused.stderr).strip().replace("\n", "\n        "))
    demo.check(
        refused.returncode == 1 and ELSEWHERE in refused.stdout,
        "ringwall host enforce lists the session of elsewhere, which no rule admits, and wants --yes",
    )
    enforced = demo.ringwall("host", "enforce", "--data", str(demo.directory / "server"), "--yes", instance)
    demo.check(enforced.returncode == 0, (enforced.stdout.strip() or enforced.stderr.strip()).splitlines()[-1])
    wait_for("enforcement", lambda: "policy drop" in demo.rules())
    cut_at = time.time()
    wait_for("silence", lambda: ask(intruder)[0] + 0.3 < time.time())
    demo.check(ask(intruder)[0] < cut_at, "with --yes the session of elsewhere ends")
    demo.check(demo.connects("office"), f"office {OFFICE} connects to {WEB}:{PORT}")
    demo.check(not demo.connects("elsewhere"), f"elsewhere {ELSEWHERE} cannot")

    print("2. A long download by office is running; the revoke")
    tap = demo.start("switch", PYTHON, "-c", TAP)
    line(tap)
    download = demo.start("office", PYTHON, "-c", DOWNLOAD)
    wait_for("the download", lambda: ask(download)[1] > 20_000_000)
    before = ask(download)[1]
    sent = time.time()
    answer = demo.aws_ok(
        "revoke-security-group-ingress",
        "--group-id",
        group,
        "--protocol",
        "tcp",
        "--port",
        str(PORT),
        "--cidr",
        OFFICE_CIDR,
    )
    returned = time.time()
    demo.check(len(answer.get("RevokedSecurityGroupRules", [])) == 1, f"aws answered {json.dumps(answer)[:100]}…")

    print("3. Not one packet after the commit")
    server_log, agent_log = log_text(demo, "server.log"), log_text(demo, "agent.log")
    received = stamp(server_log, r"RevokeSecurityGroupIngress .*received=([\d.]+)")
    committed = stamp(server_log, r"RevokeSecurityGroupIngress .*committed=([\d.]+)")
    revision = re.findall(r"RevokeSecurityGroupIngress .*revision=(\d+)", server_log)[-1]
    wait_for("the agent's word", lambda: f"in-force revision={revision} " in log_text(demo, "agent.log"))
    agent_log = log_text(demo, "agent.log")
    delivered = stamp(agent_log, rf"in-force revision={revision} received=([\d.]+)")
    in_kernel = stamp(agent_log, rf"in-force revision={revision} .*committed=([\d.]+)")
    assert received and committed and delivered and in_kernel
    quiet_since = ask(download)[0]
    wait_for("a quiet second", lambda: time.time() > max(quiet_since, ask(tap)[0]) + 1.0)
    last_frame, (last_byte, total) = ask(tap)[0], ask(download)
    print("        timeline, ms since the server received the request")
    for name, at in (
        ("aws started", sent),
        ("request received", received),
        ("committed to the store", committed),
        ("delivered to the agent", delivered),
        ("last frame on the wire", last_frame),
        ("last byte at office", last_byte),
        ("in the kernel", in_kernel),
        ("aws returned", returned),
    ):
        print(f"        {(at - received) * 1000:10.3f}  {name}")
    demo.check(
        before > 0 and last_frame <= in_kernel,
        f"last frame {(in_kernel - last_frame) * 1000:.3f} ms before the commit returned; {total / 1e6:.0f} MB came",
    )
    demo.check(not demo.connects("office"), "a new connection by office fails")
    group_now = demo.aws_ok("describe-security-groups", "--group-ids", group)["SecurityGroups"][0]
    ports = sorted(permission["FromPort"] for permission in group_now["IpPermissions"])
    demo.check(ports == [PORT + 1], f"describe-security-groups shows the rule gone: tcp ports left {ports}")

    print("4. kill -9: the server, then the agent")
    shown = json.dumps(group_now, sort_keys=True)
    server.send_signal(signal.SIGKILL)
    server.wait()
    talking = demo.start("office", PYTHON, "-c", ECHO_CLIENT)
    line(talking)
    demo.check(int(line(talking)) > 0, "server dead: the host still passes what its rules admit")
    server = start_server(demo)
    again = demo.aws_ok("describe-security-groups", "--group-ids", group)["SecurityGroups"][0]
    demo.check(
        json.dumps(again, sort_keys=True) == shown, "server started again: same state, nothing acknowledged lost"
    )
    rules = demo.rules()
    agent.send_signal(signal.SIGKILL)
    agent.wait()
    demo.check(demo.rules() == rules and bool(rules), "agent killed: the host's rules stand")
    demo.check(not demo.connects("office"), "agent dead: what was revoked stays closed")
    lost_before = retransmissions(demo)
    agent = start_agent(demo)
    demo.check(demo.rules() == rules, "agent started again: same rules")
    line(talking)
    lost = retransmissions(demo) - lost_before
    demo.check(
        talking.poll() is None and lost == 0, f"a conversation went on through it all, {lost} of its packets lost"
    )


def retransmissions(demo: Demo) -> int:
    """TCP segments that office had to send again so far: each stands for a lost packet."""
    done = subprocess.run(demo.inside("office", "cat", "/proc/net/snmp"), capture_output=True, text=True, check=True)
    names, values = (row.split() for row in done.stdout.splitlines() if row.startswith("Tcp:"))
    return int(values[names.index("RetransSegs")])


def main() -> int:
    """Runs the demo; 0 if every step passed, 1 if one failed, 2 where it can't run."""
    if sys.platform != "linux" or os.geteuid() != 0:
        print("make demo needs root on Linux: it makes network namespaces and loads nftables rules inside them.")
        return 2
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ringwall-demo-") as directory:
        demo = Demo(secrets.token_hex(2), Path(directory))
        try:
            with machines(demo):
                tell(demo)
        except (Failed, subprocess.SubprocessError) as error:
            demo.check(False, str(error))
            for name in ("server.log", "agent.log"):
                print(f"--- {name}\n{log_text(demo, name)[-2000:]}")
    verdict = "every step passed" if demo.failures == 0 else f"{demo.failures} step(s) FAILED"
    print(f"{verdict}, in {time.monotonic() - began:.0f} s")
    return 0 if demo.failures == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
