"""Whether a session is one's own, as far as what the hosts tell goes."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

from ringwall.cli.words.flows import RULES_MAX, Cut, Self, own_sessions
from ringwall.cli.words.rules import Rule
from ringwall.domain.group import Direction
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.traffic import Traffic

HOST, ADDRESS = "i-0123456789abcdef0", "192.0.2.1"
RULE = Rule("sgr-1", "sg-1", Direction.INGRESS, Traffic("tcp", 22, 22), Peer(PeerKind.CIDR_IPV4, "0.0.0.0/0"))
INTERFACE = {"Attachment": {"InstanceId": HOST}, "PrivateIpAddresses": [{"PrivateIpAddress": ADDRESS}]}
ME = Self(("198.51.100.7", 50000, ADDRESS, 22))


def host(ending: int, state: str = "answered") -> dict[str, Any]:
    return {"instance_id": HOST, "hostname": "web-1", "state": state, "mode": "enforce", "ending": ending}


def flow(port: int) -> dict[str, Any]:
    return {
        "instance_id": HOST, "ends": True, "protocol": "tcp", "source": "198.51.100.7", "source_port": port,
        "destination": ADDRESS, "destination_port": 22,
    }  # fmt: skip


def other(number: int) -> dict[str, Any]:
    return flow(number) | {"source": "198.51.100.8"}


def test_a_session_among_more_flows_than_are_told_may_end() -> None:
    told = tuple(map(other, range(1000)))
    assert own_sessions(Cut({HOST: host(1000)}, told), [RULE], [INTERFACE], ME) == []
    (said,) = own_sessions(Cut({HOST: host(1001)}, told), [RULE], [INTERFACE], ME)
    assert said == (
        "It may end the session that you are using, from 198.51.100.7 to port 22: "
        "it has more flows than were asked for."
    )
    (said,) = own_sessions(Cut({HOST: host(1001)}, (*told[1:], flow(50000))), [RULE], [INTERFACE], ME)
    assert said.startswith("It ends the session that you are using: ")


def test_a_session_of_more_rules_than_are_asked_about_may_end() -> None:
    (said,) = own_sessions(Cut({HOST: host(0)}, is_part=True), [RULE] * (RULES_MAX + 1), [INTERFACE], ME)
    assert said.startswith("It may end the session that you are using")


def test_sudo_does_not_hide_the_session() -> None:
    """It takes SSH_CONNECTION out of the environment of what it runs."""
    ask = "from ringwall.cli.words.flows import who_asks; print(who_asks([]).ssh)"
    line = f'env -u SSH_CONNECTION {sys.executable} -c "{ask}"; true'
    connection = {"SSH_CONNECTION": "::ffff:198.51.100.7 50000 192.0.2.1 22"}
    done = subprocess.run(["sh", "-c", line], env=os.environ | connection, capture_output=True, text=True, check=True)
    assert done.stdout == f"{ME.ssh}\n", done.stderr
