"""The agent as it is installed, over a renewal of its server's certificate, with a certificate of its own."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

import netns
from certificates import make_pair, pin_of, put
from fleet import HOST, Fleet, fleet_in, wait_for
from serving import RINGWALL, serving

pytestmark = [pytest.mark.kernel, netns.needs_kernel]


def known(fleet: Fleet) -> tuple[str, str | None]:
    """The certificates that the agent accepts, as its disk has them."""
    content = json.loads((fleet.data / "agent.json").read_text())
    return content["certificate_sha256"], content.get("next_certificate_sha256")


def console(fleet: Fleet, bundle: Path, *arguments: str) -> str:
    """What `ringwall host` prints where the server runs."""
    url = f"https://127.0.0.1:{fleet.server.port}"
    common = ["--data", str(fleet.data.parent / "tls"), "--server", url, "--ca-bundle", str(bundle)]
    return fleet.peer.run([str(RINGWALL), "host", *arguments[:1], *common, *arguments[1:]]).stdout


def test_rules_arrive_before_and_after_the_switch_and_trust_brings_back_who_was_away(tmp_path: Path) -> None:
    old, new, newer = (make_pair(tmp_path, name) for name in ("old", "new", "newer"))
    there, upcoming = tmp_path / "shown.pem", tmp_path / "next.pem"
    put(old, there)
    with fleet_in(tmp_path) as fleet:
        options = (
            "--host", "0.0.0.0", "--data", str(tmp_path / "tls"), "--tls-cert", str(there),
            "--tls-key", str(there.with_suffix(".key")), "--tls-next-cert", str(upcoming), "--agent-mtls", "require",
        )  # fmt: skip
        inside = ("ip", "netns", "exec", fleet.peer.name)
        fleet.server = fleet.stack.enter_context(serving(*options, prefix=inside, ca=old))
        fleet.server.url = f"https://127.0.0.1:{fleet.server.port}"
        token = fleet.token()
        agent = fleet.start_agent(token, scheme="https")
        wait_for(lambda: agent.says("in-force revision="), "the first commit")
        assert (fleet.data / "client.pem").exists()
        (interface,) = fleet.ec2("describe_network_interfaces")["NetworkInterfaces"]
        assert interface["PrivateIpAddress"] == HOST
        fleet.instance_id = interface["Attachment"]["InstanceId"]

        upcoming.write_bytes(new.read_bytes())
        fleet.server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: known(fleet) == (pin_of(old), pin_of(new)), "the agent to know the next certificate")
        put(new, there)
        fleet.server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: fleet.server.says(f"the certificate {pin_of(new)} is in use"), "the switch")
        fleet.server.ca = new
        console(fleet, new, "observe", fleet.instance_id)
        fleet.enforce(yes=True)
        wait_for(lambda: known(fleet) == (pin_of(new), None), "the old certificate to be forgotten")

        agent.kill()
        put(newer, there)
        fleet.server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: fleet.server.says(f"the certificate {pin_of(newer)} is in use"), "the switch")
        fleet.server.ca = newer
        table = fleet.table()
        agent = fleet.start_agent(scheme="https")
        wait_for(lambda: agent.says("ringwall agent trust"), "the agent to refuse what it doesn't know")
        assert fleet.table() == table, "what is in force stays"
        refused = fleet.on_console("trust", pin_of(newer), check=False)
        assert (refused.returncode, "another agent is running" in refused.stderr) == (1, True)
        agent.kill()
        assert fleet.instance_id in fleet.on_console("trust", pin_of(newer)).stdout
        fleet.start_agent(scheme="https")
        wait_for(fleet.up_to_date, "the agent to be back")
