"""Cloud Custodian takes away what it was told to find, giving back the permission as it was described."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from outside import ENVIRONMENTS, needs, run
from serving import Server

CUSTODIAN = ENVIRONMENTS / "custodian/bin/custodian"

pytestmark = [pytest.mark.clients, needs(CUSTODIAN)]

POLICY = {
    "policies": [
        {
            "name": "close-ssh-to-the-world",
            "resource": "aws.security-group",
            "filters": [{"type": "ingress", "Ports": [22], "Cidr": {"value": "0.0.0.0/0"}}],
            "actions": [{"type": "remove-permissions", "ingress": "matched"}],
        }
    ]
}


@pytest.mark.parametrize("vpc", ["default", "another"])
def test_ssh_is_closed_to_the_world_and_stays_open_to_the_office(server: Server, tmp_path: Path, vpc: str) -> None:
    client = server.client()
    place = {} if vpc == "default" else {"VpcId": client.create_vpc(CidrBlock="10.30.0.0/16")["Vpc"]["VpcId"]}
    group_id = client.create_security_group(GroupName=f"c7n-{vpc}", Description="d", **place)["GroupId"]
    ranges = [{"CidrIp": "0.0.0.0/0", "Description": "opened by hand"}, {"CidrIp": "10.0.0.0/8"}]
    permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": ranges}
    client.authorize_security_group_ingress(GroupId=group_id, IpPermissions=[permission])
    policy = tmp_path / "policy.yml"
    policy.write_text(json.dumps(POLICY))

    done = run(
        server, CUSTODIAN, "run", "--output-dir", tmp_path / "out", "--region", "us-east-1", "--cache-period", "0",
        policy, home=tmp_path,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    (group,) = client.describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    (left,) = group["IpPermissions"]
    assert left["IpRanges"] == [{"CidrIp": "10.0.0.0/8"}]
