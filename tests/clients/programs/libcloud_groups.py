"""Apache Libcloud's EC2 driver through the life of a group: host, port and signature version are its arguments."""

from __future__ import annotations

import json
import sys

from libcloud.common.types import InvalidCredsError
from libcloud.compute.drivers.ec2 import EC2NodeDriver, EC2SecurityGroup

KEY_ID, SECRET = "AKIATESTTESTTESTTEST", "a/secret+for=tests"


def main(host: str, port: str, version: str) -> dict[str, object]:
    """What the driver saw, step by step."""
    driver = EC2NodeDriver(
        KEY_ID, SECRET, region="us-east-1", host=host, port=int(port), secure=False, signature_version=version
    )
    seen: dict[str, object] = {"zones": sorted(zone.name for zone in driver.ex_list_availability_zones())}
    made = driver.ex_create_security_group(f"libcloud-{version}", "made by libcloud")
    group_id = made["group_id"]
    admitted = driver.ex_authorize_security_group_ingress(group_id, 22, 22, cidr_ips=["192.0.2.0/24"])
    seen["authorized"] = admitted
    (group,) = driver.ex_get_security_groups(group_ids=[group_id])
    assert isinstance(group, EC2SecurityGroup)
    seen["rules"] = group.ingress_rules
    seen["tagged"] = driver.ex_create_tags(group, {"owner": "a & b <c>"})
    seen["tags"] = driver.ex_describe_tags(group)
    try:
        driver.ex_authorize_security_group_ingress(group_id, 22, 22, cidr_ips=["192.0.2.0/24"])
    except Exception as error:
        seen["duplicate"] = str(error)
    seen["revoked"] = driver.ex_revoke_security_group_ingress(group_id, 22, 22, cidr_ips=["192.0.2.0/24"])
    (group,) = driver.ex_get_security_groups(group_ids=[group_id])
    seen["rules afterwards"] = group.ingress_rules
    seen["deleted"] = driver.ex_delete_security_group_by_id(group_id)
    wrong = EC2NodeDriver(
        KEY_ID, "wrong", region="us-east-1", host=host, port=int(port), secure=False, signature_version=version
    )
    try:
        wrong.ex_list_security_groups()
    except InvalidCredsError:
        seen["wrong secret"] = "refused"
    return seen


print(json.dumps(main(*sys.argv[1:])))
