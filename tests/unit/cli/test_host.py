"""The verbs of `ringwall host` against a real server."""

from __future__ import annotations

import re
import subprocess
import time

import pytest

from enrolled import default_subnet, enrol, use_token, watching
from ringwall.cli.host import agent_command
from ringwall.domain.enrolment import parse_token
from ringwall.watch.messages import Drift, InterfaceInForce
from serving import RINGWALL, Server


def host(server: Server, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`ringwall host` with the variables that `ringwall env` prints."""
    return subprocess.run(
        [str(RINGWALL), "host", *arguments],
        env=server.environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_a_token_is_all_that_standard_output_gets(server: Server) -> None:
    done = host(server, "token", "--subnet", default_subnet(server))
    assert done.returncode == 0
    token = parse_token(done.stdout)
    assert done.stdout == f"{token}\n"
    assert token.secret not in done.stderr
    assert re.search(r"Good for one host until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", done.stderr)
    assert f"ringwall agent --server {server.url} --token-file" in done.stderr
    assert use_token(server, str(token)).status == 201


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("https://192.0.2.1:4580", "  ringwall agent --server https://192.0.2.1:4580 --token-file FILE"),
        ("http://192.0.2.1:4580", "  ringwall agent --server http://192.0.2.1:4580 --insecure-http --token-file FILE"),
        ("http://[::1]:4580", "  ringwall agent --server http://[::1]:4580 --token-file FILE"),
    ],
)
def test_the_command_for_the_host_works_there(url: str, line: str) -> None:
    first, *more = agent_command(url).splitlines()
    assert first == line
    assert bool(more) == ("::1" in url), "this machine's loopback is nothing to another one"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--subnet", "subnet-0123456789abcdef0"), "The subnet ID 'subnet-0123456789abcdef0' does not exist"),
        (("--subnet", "x" * 300), "is too long"),
        (("--subnet", "DEFAULT", "--interface", "a/b"), "'a/b' is no name of a network interface."),
        (("--subnet", "DEFAULT", "--region", "mars-central-9"), "AuthFailure"),
    ],
)
def test_a_token_that_cannot_be(server: Server, arguments: tuple[str, ...], words: str) -> None:
    subnet_id = default_subnet(server)
    done = host(server, "token", *(subnet_id if item == "DEFAULT" else item for item in arguments))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("ringwall host token: ")
    assert words in done.stderr


def test_the_list_is_a_table(server: Server) -> None:
    first, second = enrol(server, "web-with-a-long-name"), enrol(server, "db")
    done = host(server, "list")
    assert (done.returncode, done.stderr) == (0, "")
    head, *rows = done.stdout.splitlines()
    assert head.split("  ")[0].strip() == "HOST"
    names = ["HOST", "NAME", "INTERFACE", "ADDRESSES", "MODE", "IN FORCE", "AGENT"]
    starts = [head.index(name) for name in names]
    table = {
        row.split()[0]: [row[a:b].strip() for a, b in zip(starts, [*starts[1:], None], strict=True)] for row in rows
    }
    row = table[first.instance_id]
    assert row[1] == "web-with-a-long-name"
    assert re.fullmatch("eth0 eni-[0-9a-f]{17}", row[2])
    assert row[4:] == ["observe", "not reported", "away"]
    assert table[second.instance_id][1] == "db"


def test_what_the_kernel_of_each_interface_has(server: Server) -> None:
    found = enrol(server, "web-1")
    assert re.search(
        r"^eth0 eni-[0-9a-f]{17}: nothing reported since the server started$",
        host(server, "show", found.instance_id).stdout, re.MULTILINE,
    )  # fmt: skip
    with watching(server, found) as agent:
        digest = "0123456789abcdef" * 4
        agent.report(digest=digest, drift=Drift(1_700_000_000.0, ("nft (pid 7)",)))
        shown = host(server, "show", found.instance_id).stdout
        had = agent.position.revision
        assert f": revision {had} in the kernel, mode observe, digest 0123456789ab\n" in shown
        assert "problem: nft (pid 7) changed table inet ringwall at 22:13:20 UTC; it was put back.\n" in shown
        host(server, "enforce", "--yes", found.instance_id)
        agent.next()
        listed = next(row for row in host(server, "list").stdout.splitlines() if row.startswith(found.instance_id))
        assert f"  enforce (now observe)  revision {had} " in listed
        agent.report(mode="enforce", digest=digest, committed_at=time.time() - 1.2)
        shown = host(server, "show", found.instance_id).stdout
        assert re.search(
            rf": revision {agent.position.revision} in the kernel, mode enforce, .*, 1\.\d s after it", shown
        )
        told = server.api("GET", f"/ringwall/v1/hosts/{found.instance_id}").json
        assert told["interfaces"][0]["in_force"]["digest"] == digest
        assert told["drift"] is None
        assert time.time() - 60 < told["last_seen"] <= time.time()


def test_further_interfaces_are_attached_shown_and_detached(server: Server) -> None:
    found = enrol(server, "many")
    path = f"/ringwall/v1/hosts/{found.instance_id}"
    subnet_id = server.client().describe_instances(InstanceIds=[found.instance_id])
    subnet_id = subnet_id["Reservations"][0]["Instances"][0]["SubnetId"]
    attached = host(server, "attach", found.instance_id, "--interface", "eth1", "--subnet", subnet_id)
    assert attached.returncode == 0, attached.stderr
    assert attached.stdout.startswith(f"eth1 of {found.instance_id} is eni-")
    ec2 = server.client()
    made = ec2.create_network_interface(SubnetId=subnet_id)["NetworkInterface"]["NetworkInterfaceId"]
    ec2.attach_network_interface(NetworkInterfaceId=made, InstanceId=found.instance_id, DeviceIndex=5)
    own, second, behind = server.api("GET", path).json["interfaces"]
    kinds = [
        (each["kind"], each["device"], each["device_index"], each["source_check"]) for each in (own, second, behind)
    ]
    assert kinds == [("host", "eth0", 0, False), ("host", "eth1", 1, False), ("routed", None, 5, True)]
    assert behind["delete_on_termination"] is False
    assert f"(no device) {made}: nothing reported" in host(server, "show", found.instance_id).stdout
    assert f"  - {made}  " in host(server, "list").stdout
    with watching(server, found) as agent:
        bound = (InterfaceInForce(own["interface_id"], "eth0"), InterfaceInForce(made, "veth-web"))
        agent.report(digest="d" * 64, interfaces=bound, capabilities=("table-owner",))
        told = server.api("GET", path).json
        own, second, behind = told["interfaces"]
        assert (behind["device"], behind["in_force"]["digest"]) == ("veth-web", "d" * 64)
        assert second["in_force"] is None, "its rules aren't in the kernel yet"
        assert told["capabilities"] == ["table-owner"]
    for interface_id, words in ((second["interface_id"], "It is deleted."), (made, "It can be attached again.")):
        detached = host(server, "detach", found.instance_id, interface_id)
        assert (detached.returncode, detached.stderr) == (0, "")
        assert detached.stdout.startswith(f"{interface_id} is detached from {found.instance_id} from revision ")
        assert detached.stdout.endswith(f"on. {words}\n")
    again = host(server, "detach", found.instance_id, made)
    assert (again.returncode, f"The networkInterface ID '{made}' does not exist" in again.stderr) == (1, True)
    first = host(server, "detach", found.instance_id, own["interface_id"])
    assert "OperationNotPermitted" in first.stderr
    assert server.api("POST", f"{path}/interfaces", {"device": "eth9", "subnet_id": "subnet-0"}).status == 400
    assert server.api("POST", f"{path}/interfaces", {"device": 9, "subnet_id": subnet_id}).status == 400


def test_a_list_without_hosts_has_its_heads(server: Server) -> None:
    done = host(server, "list", "--region", "eu-west-1")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 1


def test_enforcing_blindly_is_refused_and_yes_insists(server: Server) -> None:
    instance_id = enrol(server).instance_id
    refused = host(server, "enforce", instance_id)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == (
        f"ringwall host enforce: WouldCutOff: {instance_id}'s agent is away, "
        "so what enforcing would cut off isn't known. Start it, or insist with --yes.\n"
    )
    assert "mode observe" in host(server, "show", instance_id).stdout
    insisted = host(server, "enforce", "--yes", instance_id)
    assert insisted.returncode == 0
    assert re.fullmatch(rf"{instance_id} enforces from revision \d+ on\.\n", insisted.stdout)
    assert "mode enforce" in host(server, "show", instance_id).stdout
    back = host(server, "observe", instance_id)
    assert re.fullmatch(rf"{instance_id} only observes from revision \d+ on\.\n", back.stdout)
    assert "mode observe" in host(server, "show", instance_id).stdout


def test_a_removed_host_is_gone(server: Server) -> None:
    instance_id = enrol(server).instance_id
    removed = host(server, "remove", instance_id)
    assert removed.returncode == 0
    assert "`ringwall agent release` there ends them" in removed.stdout
    for verb in ("show", "remove", "enforce", "observe"):
        done = host(server, verb, instance_id)
        assert done.returncode == 1
        assert f"The instance ID '{instance_id}' does not exist" in done.stderr


def test_a_wrong_key_is_said_in_a_sentence(server: Server) -> None:
    done = subprocess.run(
        [str(RINGWALL), "host", "list"],
        env=server.environment | {"AWS_SECRET_ACCESS_KEY": "wrong"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("ringwall host list: AuthFailure: ")


def test_a_hosts_words_do_not_write_on_the_operators_screen(server: Server) -> None:
    found = enrol(server)
    report = {
        "position": {"store_id": "s", "epoch": 1, "revision": 1},
        "mode": "observe",
        "digest": "d",
        "in_force_at": 1.0,
        "received_at": 1.0,
        "problems": ["a\x1b[2Jb\nc"],
        "committed_at": None,
        "unadmitted": [],
    }
    taken = server.api("POST", "/ringwall/v1/report", report, **found.key)
    assert taken.status == 200, taken.text
    assert "problem: a\ufffd[2Jb\ufffdc\n" in host(server, "show", found.instance_id).stdout
    listed = next(row for row in host(server, "list").stdout.splitlines() if row.startswith(found.instance_id))
    assert listed.endswith("away, 1 problem")
