"""`ringwall agent doctor` on a host that is a namespace: what it finds, and that it changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import netns
from fleet import PEER, Fleet, fleet_in, wait_for
from ringwall.agent.doctor import TOLD_MAX

pytestmark = [pytest.mark.kernel, netns.needs_kernel]

NEIGHBOURS = """
table ip filter {
  chain f2b-sshd { }
  chain ufw-user-input { ct mark set 7; }
  chain INPUT { type filter hook input priority filter; policy drop; jump f2b-sshd; jump ufw-user-input; accept; }
  chain DOCKER-USER { }
  chain cali-FORWARD { }
}
table inet firewalld {
  chain filter_INPUT { type filter hook input priority filter + 10; policy accept; }
}
table inet raw {
  chain untracked { type filter hook prerouting priority raw; udp dport 53 notrack; }
}
"""


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with fleet_in(tmp_path) as made:
        yield made


def doctor(fleet: Fleet, *options: str) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    """The exit status, and the findings of each check."""
    done = fleet.on_console("doctor", "--json", *options, check=False)
    assert done.stderr == ""
    found: dict[str, list[dict[str, Any]]] = {}
    for finding in json.loads(done.stdout):
        found.setdefault(finding["check"], []).append(finding)
    return done.returncode, found


def statuses(found: dict[str, list[dict[str, Any]]], *checks: str) -> list[str]:
    return [finding["status"] for check in checks for finding in found.get(check, [{"status": "absent"}])]


def content(path: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in path.iterdir() if each.is_file()}


def test_a_host_that_is_well(fleet: Fleet) -> None:
    fleet.enrol()
    fleet.host.run(["sysctl", "-qw", "net.ipv4.conf.all.rp_filter=1"])
    fleet.host.run(["sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=0"], check=False)
    fleet.host.run(["sysctl", "-qw", "net.bridge.bridge-nf-call-ip6tables=0"], check=False)
    state = fleet.data / "state.json"
    revision = f'"revision":{fleet.about()["revision"]}}}'.encode()
    wait_for(lambda: state.exists() and revision in state.read_bytes(), "the last state on disk")
    before, kept = fleet.table(), content(fleet.data)
    generation = fleet.host.run(["nft", "-j", "list", "ruleset"]).stdout
    server = f"http://{PEER}:{fleet.server.port}"
    status, found = doctor(fleet, "--server", server, "--break-glass", "10.0.0.2")
    assert {finding["status"] for several in found.values() for finding in several} == {"OK"}, found
    assert status == 0
    assert {
        "kernel",
        "ownership",
        "conntrack",
        "rp-filter",
        "interfaces",
        "last-state",
        "agent",
        "server",
        "clock",
    } <= set(found)
    assert fleet.table() == before
    assert content(fleet.data) == kept
    assert fleet.host.run(["nft", "-j", "list", "ruleset"]).stdout == generation


def test_others_on_the_host_are_named_to_the_doctor_and_in_the_reports(fleet: Fleet) -> None:
    fleet.host.run(["nft", "-f", "-"], input=NEIGHBOURS)
    flowtable = "add flowtable inet raw fast { hook ingress priority filter; devices = { up0 }; }"
    offloads = fleet.host.run(["nft", flowtable], check=False).returncode == 0  # not every kernel has them
    status, found = doctor(fleet)
    assert status == 1
    named = " ".join(finding["sentence"] for finding in found["others"])
    for who in ("Docker", "firewalld", "ufw", "fail2ban", "Calico"):
        assert who in named
    assert "Cilium" not in named
    assert "ip filter INPUT (filter at input, priority 0, policy drop)" in found["foreign-policy"][0]["sentence"]
    assert (
        "inet firewalld filter_INPUT (filter at input, priority 10, policy accept)"
        in found["foreign-chains"][0]["sentence"]
    )
    assert "inet raw untracked" in found["notrack"][0]["sentence"]
    assert not offloads or "inet raw fast" in found["flow-offload"][0]["sentence"]
    assert "ip filter ufw-user-input" in found["ct-mark"][0]["sentence"]
    assert statuses(found, "foreign-policy", "notrack", "ct-mark") == ["WARN", "WARN", "OK"]

    agent = fleet.enrol()
    wait_for(lambda: any("Docker" in problem for problem in fleet.about()["problems"]), "the report")
    problems = fleet.about()["problems"]
    assert any("Others drop by default" in problem for problem in problems)
    assert len(problems) <= TOLD_MAX
    assert agent.says("notrack: Rules in inet raw untracked")

    for table in ("ip filter", "inet firewalld", "inet raw"):
        fleet.host.run(["nft", "delete", "table", *table.split()])
    netns.veth(fleet.host, "mgmt0", "10.1.0.1/24", fleet.peer, "mgmt0", "10.1.0.2/24")
    told = "mgmt0 is neither enrolled nor unmanaged: closed once"
    wait_for(lambda: [each[: len(told)] for each in fleet.about()["problems"]] == [told], "what is there now")
    fleet.enforce(yes=True)
    told = "mgmt0 is neither enrolled nor unmanaged: closed now"
    wait_for(lambda: [each[: len(told)] for each in fleet.about()["problems"]] == [told], "what enforcing does")


def test_interfaces_that_would_be_closed_and_ones_that_are_gone(fleet: Fleet) -> None:
    agent = fleet.enrol()
    netns.veth(fleet.host, "mgmt0", "10.1.0.1/24", fleet.peer, "mgmt0", "10.1.0.2/24")
    status, found = doctor(fleet)
    assert (
        "mgmt0 is neither enrolled nor unmanaged: closed once the host enforces" in found["interfaces"][0]["sentence"]
    )
    assert status == 1
    _, found = doctor(fleet, "--unmanaged", "mgmt0")
    assert statuses(found, "interfaces") == ["OK"]
    agent.kill()
    fleet.host.run(["ip", "link", "set", "up0", "down"])
    fleet.host.run(["ip", "link", "set", "up0", "name", "wan0"])
    status, found = doctor(fleet)
    assert status == 2
    assert statuses(found, "interfaces") == ["FAIL", "WARN"]
    assert "no interface up0" in found["interfaces"][0]["sentence"]


def test_what_is_wrong_with_the_agent_is_told(fleet: Fleet) -> None:
    _, found = doctor(fleet)
    assert statuses(found, "directory") == ["WARN"]
    agent = fleet.enrol()
    fleet.enforce_from_boot()
    url = f"http://{PEER}:{fleet.server.port}"
    well = ("agent", "server", "host", "table", "last-state")
    assert statuses(doctor(fleet, "--server", url)[1], *well) == ["OK"] * len(well)
    fleet.api("DELETE", f"/ringwall/v1/hosts/{fleet.instance_id}")
    status, found = doctor(fleet, "--server", url)
    assert (status, statuses(found, "server", "host")) == (2, ["OK", "FAIL"])
    assert "Was the host removed there" in found["host"][0]["advice"]
    agent.kill()
    fleet.server.kill()
    fleet.host.run(["nft", "delete", "table", "inet", "ringwall"])
    (fleet.data / "state.json").write_bytes(b"{")
    status, found = doctor(fleet, "--server", url)
    assert status == 2
    assert statuses(found, "agent", "server", "last-state") == ["WARN", "FAIL", "FAIL"]
    assert "is damaged" in found["last-state"][0]["sentence"]
    fleet.on_console("release")
    (fleet.data / "agent.json").write_bytes(b"")
    _, found = doctor(fleet)
    assert statuses(found, "released", "directory") == ["WARN", "FAIL"]


def test_for_people_each_finding_is_a_line(fleet: Fleet) -> None:
    said = fleet.on_console("doctor", "--break-glass", "0.0.0.0/0", check=False).stdout.splitlines()
    assert all(line[:6] in ("OK    ", "WARN  ", "FAIL  ") for line in said)
    assert (
        any(line.startswith("WARN  break-glass: 0.0.0.0/0 breaks the glass") for line in said)
        or not fleet.data.exists()
    )


def test_an_agent_needs_only_the_right_to_program_the_network(fleet: Fleet) -> None:
    """As its systemd unit leaves it: no other capability, not even as root."""
    inside = fleet.host._inside

    class Hardened(netns.Namespace):
        def _inside(self, command: Any) -> list[str]:
            return inside(["setpriv", "--bounding-set", "-all,+net_admin", "--no-new-privs", *command])

    whole = fleet.host
    fleet.host = Hardened(whole.name)
    agent = fleet.enrol()
    fleet.host = whole
    fleet.listen(22), fleet.listen(23)
    fleet.admit(22)
    fleet.enforce(yes=True)
    assert fleet.connects(22)
    assert not fleet.connects(23)
    assert fleet.about()["problems"] == []
    wait_for(lambda: b'"enforce"' in (fleet.data / "state.json").read_bytes(), "the state on disk")
    before = fleet.objects()
    agent.kill()
    fleet.host.run(["nft", "delete", "table", "inet", "ringwall"])
    fleet.host = Hardened(whole.name)
    assert "The last state is loaded" in fleet.on_console("boot").stdout
    fleet.host = whole
    assert fleet.objects() == before
