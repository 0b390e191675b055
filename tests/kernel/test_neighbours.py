"""Others who filter on the host: found by the rulesets that their programs load, and left alone whatever we do.

The rules are written in the shape in which each program makes them; iptables loads its own, as it does for them.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import netns
from fleet import Fleet, fleet_in, wait_for

pytestmark = [pytest.mark.kernel, netns.needs_kernel]

DOCKER = """
*nat
:PREROUTING ACCEPT
:DOCKER -
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
COMMIT
*filter
:FORWARD DROP
:DOCKER -
:DOCKER-USER -
:DOCKER-ISOLATION-STAGE-1 -
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
"""
UFW = """
*filter
:INPUT ACCEPT
:ufw-before-input -
:ufw-user-input -
-A INPUT -j ufw-before-input
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -j ufw-user-input
-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
"""
CALICO = """
*mangle
:cali-PREROUTING -
-A PREROUTING -j cali-PREROUTING
-A cali-PREROUTING -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-PREROUTING -j CONNMARK --restore-mark
-A cali-PREROUTING -j MARK --set-xmark 0x10000/0x10000
-A cali-PREROUTING -j CONNMARK --save-mark
COMMIT
*filter
:cali-INPUT -
:cali-FORWARD -
-A INPUT -j cali-INPUT
-A FORWARD -j cali-FORWARD
-A cali-INPUT -i cali+ -j ACCEPT
COMMIT
"""
FAIL2BAN_IPTABLES = """
*filter
:f2b-sshd -
-A INPUT -p tcp -m multiport --dports 22 -j f2b-sshd
-A f2b-sshd -s 198.51.100.7/32 -j REJECT
-A f2b-sshd -j RETURN
COMMIT
"""
FAIL2BAN = """
table inet f2b-table {
  set addr-set-sshd { type ipv4_addr; elements = { 198.51.100.7 } }
  chain f2b-chain {
    type filter hook input priority filter - 1; policy accept;
    tcp dport 22 ip saddr @addr-set-sshd reject
  }
}
"""
FIREWALLD = """
table inet firewalld {
  chain raw_PREROUTING { type filter hook prerouting priority raw + 10; policy accept; }
  chain filter_INPUT {
    type filter hook input priority filter + 10; policy accept;
    ct state established,related accept
    iifname "lo" accept
    jump filter_IN_public
    reject with icmpx admin-prohibited
  }
  chain filter_IN_public { tcp dport 22 accept; tcp dport 23 accept; icmp type echo-request accept; }
}
"""
ROUTING_BY_MARK = """
table inet vpn {
  chain mark_in { type filter hook prerouting priority mangle; iifname "up0" ct mark set 0x1; }
  chain mark_out { type route hook output priority mangle; meta mark set ct mark; }
}
"""
RELOADS = {"Docker": DOCKER, "ufw": UFW, "Calico": CALICO, "fail2ban": FAIL2BAN_IPTABLES}
RULESETS = {"firewalld": FIREWALLD, "fail2ban": FAIL2BAN, "": ROUTING_BY_MARK}


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with fleet_in(tmp_path) as made:
        yield made


def load(fleet: Fleet) -> set[str]:
    """Everybody's rules are in the host's kernel; whose."""
    whose = {who for who in RULESETS if who}
    for text in RULESETS.values():
        fleet.host.run(["nft", "-f", "-"], input=text)
    if shutil.which("iptables-nft-restore"):
        for who, text in RELOADS.items():
            fleet.host.run(["iptables-nft-restore", "--noflush"], input=text)
            whose.add(who)
    return whose


def theirs(fleet: Fleet) -> list[Any]:
    """All that is not ours, with handles, without what counts packets."""
    listed = json.loads(fleet.host.run(["nft", "-j", "-a", "list", "ruleset"]).stdout)["nftables"]
    found = [each for each in listed if "metainfo" not in each and "ringwall" not in _table(each)]
    return json.loads(re.sub(r'"(packets|bytes)": \d+', '"counted": 0', json.dumps(found)))


def _table(each: dict[str, Any]) -> tuple[str, str]:
    (found,) = each.values()
    return str(found.get("table", "")), str(found.get("name", "")) if "table" in each else ""


def doctor(fleet: Fleet) -> dict[str, str]:
    """What is found of each check, in one text."""
    done = fleet.on_console("doctor", "--json", check=False)
    found: dict[str, str] = {}
    for each in json.loads(done.stdout):
        found[each["check"]] = f"{found.get(each['check'], '')} {each['status']} {each['sentence']}"
    return found


def test_they_are_found_by_their_own_rules_told_at_the_start_and_never_touched(fleet: Fleet) -> None:
    whose = load(fleet)
    before = theirs(fleet)
    assert len(before) > 20
    found = doctor(fleet)
    assert {who for who in (*RELOADS, "firewalld") if who in found["others"]} == whose
    assert "inet vpn mark_in" in found["ct-mark"]
    assert "inet vpn mark_out" in found["ct-mark"]
    assert "Docker" not in whose or "ip filter FORWARD" in found["foreign-policy"]
    assert "Calico" not in whose or "ip mangle cali-PREROUTING" in found["ct-mark"]

    agent = fleet.enrol()
    told = " ".join(fleet.about()["problems"])
    assert all(who in told for who in whose)
    fleet.listen(22), fleet.listen(23)
    fleet.admit(22)
    fleet.enforce(yes=True)
    assert fleet.connects(22)
    assert not fleet.connects(23), "firewalld admits it, and a mark on its flow; ringwall doesn't"
    fleet.revoke(22)
    assert not fleet.connects(22)
    agent.kill()
    fleet.start_agent()
    fleet.admit(22)
    assert fleet.connects(22)
    assert theirs(fleet) == before
    fleet.on_console("release")
    assert fleet.table() == ""
    assert theirs(fleet) == before
    fleet.on_console("resume")
    assert "The last state is loaded" in fleet.on_console("boot").stdout
    assert not fleet.connects(23)
    assert theirs(fleet) == before


def test_a_reload_of_theirs_that_flushes_everything_leaves_ours(fleet: Fleet) -> None:
    """As `nftables.service` does it: a flush and its own rules, in one commit."""
    fleet.enrol()
    fleet.listen(22), fleet.listen(23)
    fleet.admit(22)
    fleet.enforce(yes=True)
    before = fleet.objects()
    fleet.host.run(["nft", "-f", "-"], input=f"flush ruleset\n{FIREWALLD}")
    wait_for(lambda: fleet.table() and fleet.objects() == before, "our table")
    assert fleet.connects(22)
    assert not fleet.connects(23)
    assert "filter_INPUT" in fleet.host.run(["nft", "list", "ruleset"]).stdout
