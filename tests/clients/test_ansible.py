"""Ansible's amazon.aws modules: what a playbook says is there, a second run changes nothing, and it goes again."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from outside import ENVIRONMENTS, PROGRAMS, needs, run
from serving import Server

PLAYBOOK = ENVIRONMENTS / "ansible/bin/ansible-playbook"

pytestmark = [pytest.mark.clients, needs(PLAYBOOK)]


def play(server: Server, home: Path, **variables: object) -> tuple[int, str]:
    """How many tasks changed something, and all that it printed; no task may fail."""
    done = run(
        server, PLAYBOOK, "-i", "localhost,", "-c", "local", PROGRAMS / "network.yml", "-e", json.dumps(variables),
        home=home,
        ANSIBLE_HOME=str(home), ANSIBLE_NOCOLOR="1", ANSIBLE_LOCALHOST_WARNING="false",
        ANSIBLE_PYTHON_INTERPRETER=str(PLAYBOOK.with_name("python")), LC_ALL="C.UTF-8",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    recap = re.search(r"ok=\d+ +changed=(\d+) +unreachable=0 +failed=0", done.stdout)
    assert recap, done.stdout
    return int(recap[1]), done.stdout


def test_a_network_comes_stays_changes_and_goes(server: Server, tmp_path: Path) -> None:
    client = server.client()
    changed, printed = play(server, tmp_path)
    assert changed == 5, printed
    changed, printed = play(server, tmp_path)
    assert changed == 0, printed

    # The playbook takes an address away: the rule is revoked, and nothing else.
    changed, printed = play(server, tmp_path, ssh_from_v6=[])
    assert changed == 1, printed
    (web,) = client.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["web"]}])["SecurityGroups"]
    (ssh,) = [each for each in web["IpPermissions"] if each.get("FromPort") == 22]
    assert ssh["IpRanges"] == [{"CidrIp": "192.0.2.0/24", "Description": "office"}]
    assert ssh["Ipv6Ranges"] == []

    (subnet,) = client.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [web["VpcId"]]}])["Subnets"]
    gone = {"state": "absent", "vpc_id": web["VpcId"], "subnet_id": subnet["SubnetId"]}
    changed, printed = play(server, tmp_path, **gone)
    assert changed == 5, printed
    assert client.describe_vpcs(Filters=[{"Name": "vpc-id", "Values": [web["VpcId"]]}])["Vpcs"] == []
