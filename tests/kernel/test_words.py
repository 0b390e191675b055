"""The human words with a real agent: what they say of hosts and flows is so."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import netns
from fleet import HOST, PEER, Fleet, fleet_in, passes, stopped, wait_for
from serving import RINGWALL
from terminal import Terminal

pytestmark = [pytest.mark.kernel, netns.needs_kernel]

NAME = os.uname().nodename
LINE = rf"web tcp/22 from {PEER}/32  sgr-[0-9a-f]+"


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """A host that enforces, with the group `web` and no rule."""
    with fleet_in(tmp_path) as made:
        made.enrol()
        made.enforce(yes=True)
        yield made


def command(fleet: Fleet, *words: str) -> list[str]:
    """`ringwall …`, where the server runs."""
    return [str(RINGWALL), *words, "--data", str(fleet.data.parent / "server")]


def say(fleet: Fleet, *words: str) -> subprocess.CompletedProcess[str]:
    """`ringwall …`, not on a terminal, to its end."""
    return fleet.peer.run(command(fleet, *words), check=False)


def on_terminal(fleet: Fleet, *words: str, **environment: str) -> Terminal:
    """`ringwall …` before a person."""
    settings = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TERM": "xterm", **environment}
    return Terminal(["ip", "netns", "exec", fleet.peer.name, *command(fleet, *words)], settings, 120)


def test_a_revoke_comes_back_when_it_is_in_force_and_says_how_many_flows_it_ended(fleet: Fleet) -> None:
    listener = fleet.listen(22)
    assert not fleet.connects(22)
    allowed = say(fleet, "allow", "web", "ssh", "from", PEER)
    assert re.fullmatch(
        rf"allowed {LINE}\n{NAME} in force \d+ ms\nrevision \d+ is in force on 1 host\n", allowed.stdout
    )
    sessions = [fleet.converse(listener) for _ in range(3)]
    assert all(passes(*each) for each in sessions)
    revoked = say(fleet, "revoke", "web", "tcp/22", "from", PEER, "--yes")
    assert "sgr-" not in fleet.table(), "the rule is gone from the kernel when the word comes back"
    assert not any(passes(*each, seconds=0.2) for each in sessions)
    assert (revoked.returncode, revoked.stderr) == (0, "")
    assert re.fullmatch(
        rf"revoked {LINE}\n{NAME} in force \d+ ms, 3 flows ended\nrevision \d+ is in force on 1 host\n", revoked.stdout
    )


def test_a_preview_names_what_ends_and_what_goes_on_through_which_rule(fleet: Fleet) -> None:
    listener = fleet.listen(22)
    say(fleet, "allow", "web", "tcp/22", "from", PEER)
    session = fleet.converse(listener)
    port = session[1].getsockname()[1]
    shown = say(fleet, "revoke", "web", "tcp/22", "from", PEER, "--dry-run").stdout
    assert re.search(rf"^{NAME}: 1 flow would end\n  tcp {PEER}:{port} → {HOST}:22$", shown, re.MULTILINE)
    say(fleet, "allow", "web", "tcp/1-1000", "from", "10.0.0.0/24")
    shown = say(fleet, "revoke", "web", "tcp/22", "from", PEER, "--dry-run").stdout
    assert f"{NAME}: 0 flows would end\n{NAME}: 1 flow would go on\n" in shown
    assert re.search(r"→ 10.0.0.1:22 through web tcp/1-1000 from 10.0.0.0/24  sgr-", shown)
    lines = [line for line in say(fleet, "list", "web").stdout.splitlines() if "tcp/" in line]
    both = say(fleet, "revoke", "\n".join(lines), "--dry-run").stdout
    assert f"{NAME}: 1 flow would end\n" in both, "neither goes on through the other"
    assert passes(*session), "nothing happened"
    told = json.loads(say(fleet, "revoke", *(re.findall("sgr-[0-9a-f]+", both)[:2]), "--dry-run", "--json").stdout)
    assert [host["ending"] for host in told["hosts"]] == [1]
    assert [flow["source_port"] for flow in told["flows"]] == [port]


def test_with_keep_flows_go_on_and_the_line_says_so(fleet: Fleet) -> None:
    listener = fleet.listen(22)
    say(fleet, "allow", "web", "tcp/22", "from", PEER)
    session = fleet.converse(listener)
    kept = say(fleet, "revoke", "web", "tcp/22", "from", PEER, "--on-revoke", "keep")
    assert (kept.returncode, kept.stderr) == (0, "")
    assert re.search(rf"^{NAME} in force \d+ ms, 1 flow goes on until it ends$", kept.stdout, re.MULTILINE)
    assert passes(*session)
    assert not fleet.connects(22)


def test_a_silent_host_is_named_and_the_time_out_has_its_own_status(fleet: Fleet) -> None:
    say(fleet, "allow", "web", "tcp/22", "from", PEER)
    with stopped(fleet.agents[-1].process.pid):
        late = say(fleet, "revoke", "web", "tcp/22", "from", PEER, "--timeout", "1.5")
        assert late.returncode == 4
        assert re.fullmatch(rf"revoked {LINE}\n", late.stdout)
        revision = re.findall(r"--revision (\d+)", late.stderr)[0]
        assert re.fullmatch(
            rf"waiting for {NAME} \(pending, it has revision \d+\)\n"
            rf"ringwall revoke: {NAME} \({fleet.instance_id}\) pending, it has revision \d+\n"
            r"ringwall revoke: it is stored, and not in force on 1 host after 1.5 s; "
            rf"`ringwall wait --revision {revision}` waits on\n",
            late.stderr,
        )
        behind = say(fleet, "status")
        assert behind.returncode == 4
        assert f"behind    {NAME} ({fleet.instance_id}) pending" in behind.stdout
        told = json.loads(say(fleet, "allow", "web", "tcp/23", "from", PEER, "--json", "--timeout", "0.1").stdout)
        assert (told["in_force"], told["hosts"][0]["state"]) == (False, "pending")
        quick = say(fleet, "allow", "web", "tcp/24", "from", PEER, "--no-wait")
        assert re.search(r"stored as revision \d+; not waited for\n$", quick.stdout)
    fleet.settled()
    assert say(fleet, "status").returncode == 0


def test_the_session_that_is_used_is_not_closed_without_a_yes(fleet: Fleet) -> None:
    listener = fleet.listen(22)
    say(fleet, "allow", "web", "tcp/22", "from", PEER)
    _, there = session = fleet.converse(listener)
    ssh = f"{PEER} {there.getsockname()[1]} {HOST} 22"
    words = ("revoke", "web", "tcp/22", "from", PEER)
    refused = fleet.peer.run(command(fleet, *words), check=False)
    assert refused.returncode == 1
    assert f"It ends a connection from where you are: tcp {PEER}:" in refused.stderr, "by the address towards the host"
    assert "Nothing was changed" in refused.stderr
    with on_terminal(fleet, *words, SSH_CONNECTION=ssh) as terminal:
        told = terminal.expect("Revoke this rule nevertheless? [y/N]")
        assert "It ends the session that you are using: tcp" in told
        terminal.type("n\r")
        assert terminal.end() == 1
        assert "Nothing was changed." in terminal.text
    assert passes(*session)
    with on_terminal(fleet, *words, SSH_CONNECTION=ssh) as terminal:
        terminal.expect("[y/N]")
        terminal.type("y\r")
        assert terminal.end() == 0
        assert re.search(rf"{NAME} in force \d+ ms, 1 flow ended\r\n", terminal.text)
    assert not passes(*session, seconds=0.2)


def test_of_a_silent_host_the_session_may_be_the_one_that_is_used(fleet: Fleet) -> None:
    say(fleet, "allow", "web", "all", "from", "10.0.0.0/24")
    with stopped(fleet.agents[-1].process.pid):
        with on_terminal(
            fleet, "revoke", "web", "all", "from", "10.0.0.0/24", SSH_CONNECTION=f"{PEER} 50000 {HOST} 22"
        ) as terminal:
            told = terminal.expect("[y/N]")
            assert f"It may end the session that you are using, from {PEER} to port 22" in told
            terminal.type("\r")
            assert terminal.end() == 1
        with on_terminal(
            fleet, "revoke", "web", "all", "from", "10.0.0.0/24", SSH_CONNECTION=f"192.0.2.1 50000 {HOST} 22"
        ) as terminal:
            terminal.expect("waiting for")
            terminal.type("\x03")
            assert terminal.end() == 130
            assert "Interrupted. It is stored (revision " in terminal.text
            assert "Traceback" not in terminal.text


def test_more_hosts_than_the_limit_want_a_yes(fleet: Fleet) -> None:
    refused = say(fleet, "allow", "web", "tcp/22", "from", PEER, "--hosts-limit", "0")
    assert refused.returncode == 1
    assert "It changes 1 host; more than 0 want a yes (--hosts-limit)." in refused.stderr
    assert say(fleet, "allow", "web", "tcp/22", "from", PEER, "--hosts-limit", "0", "--yes").returncode == 0


def test_what_hangs_together_is_shown(fleet: Fleet) -> None:
    say(fleet, "allow", "web", "tcp/22", "from", PEER, "--note", "me")
    group = say(fleet, "show", "web").stdout
    assert re.search(rf"^carried by {NAME}: eni-[0-9a-f]+ {HOST}$", group, re.MULTILINE)
    interface = re.findall("eni-[0-9a-f]+", group)[0]
    line = re.search(rf"{LINE}  # me", group)
    assert line is not None
    for word in (interface, fleet.instance_id, NAME):
        shown = say(fleet, "show", word)
        assert line[0] in shown.stdout, word
    rule = say(fleet, "show", line[0]).stdout
    assert rule.startswith(f"{line[0]}\n")
    assert "never used since" in rule
    assert NAME in say(fleet, "hosts").stdout
    wait_for(lambda: "everything, on every host" in say(fleet, "status").stdout, "all to be in force")


def test_a_host_that_only_observes_cuts_nothing_and_that_is_said(fleet: Fleet) -> None:
    listener = fleet.listen(22)
    fleet.api("PUT", f"/ringwall/v1/hosts/{fleet.instance_id}/mode", {"mode": "observe", "yes": True})
    fleet.settled()
    say(fleet, "allow", "web", "tcp/22", "from", PEER)
    session = fleet.converse(listener)
    revoked = say(fleet, "revoke", "web", "tcp/22", "from", PEER)
    assert revoked.returncode == 0, revoked.stderr
    assert re.search(rf"{NAME} in force \d+ ms, it only observes, nothing is cut\n", revoked.stdout)
    assert passes(*session)
