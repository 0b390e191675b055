"""No member of a request about rules is passed over in silence: each is looked at, refused, or idle for a reason."""

from __future__ import annotations

from typing import Any

import pytest

from account import Account, permission
from members import Watched, known
from ringwall.domain.errors import ServiceError
from ringwall.operations.table import OPERATIONS

PERMISSION = permission("tcp", 22, "10.0.0.0/8", "::/0", "sg-0", "pl-63a5400a")
TAGS = [{"ResourceType": "security-group-rule", "Tags": [{"Key": "a", "Value": "b"}]}]
RULE = {"SecurityGroupRuleId": "sgr-1", "SecurityGroupRule": {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2}}

REQUESTS: dict[str, list[dict[str, Any]]] = {
    **{
        f"{verb}SecurityGroup{direction}": [
            {"IpPermissions": [PERMISSION], "TagSpecifications": TAGS},
            *([{"SecurityGroupRuleIds": ["sgr-1"]}] if verb == "Revoke" else []),
            {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "CidrIp": "10.0.0.0/8"},
            {"SourceSecurityGroupName": "web", "SourceSecurityGroupOwnerId": "1"},
        ]
        for verb in ("Authorize", "Revoke")
        for direction in ("Ingress", "Egress")
    },
    **{
        f"UpdateSecurityGroupRuleDescriptions{direction}": [
            {"IpPermissions": [PERMISSION]},
            {"SecurityGroupRuleDescriptions": [{"SecurityGroupRuleId": "{rule}", "Description": "x"}]},
        ]
        for direction in ("Ingress", "Egress")
    },
    "ModifySecurityGroupRules": [
        {
            "SecurityGroupRules": [
                {
                    "SecurityGroupRuleId": "{rule}",
                    "SecurityGroupRule": {
                        "IpProtocol": "tcp",
                        "FromPort": 1,
                        "ToPort": 2,
                        "CidrIpv4": "10.0.0.0/8",
                        "Description": "x",
                    },
                }
            ]
        }
    ],
    "DescribeSecurityGroupRules": [
        {"Filters": [{"Name": "group-id", "Values": ["sg-0"]}]},
        {"SecurityGroupRuleIds": ["{rule}"]},
    ],
}


def filled(value: Any, **there: str) -> Any:
    """The value with ids in the place of their names."""
    if isinstance(value, dict):
        return {key: filled(each, **there) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, **there) for each in value]
    return value.format(**there) if isinstance(value, str) else value


@pytest.mark.parametrize("name", REQUESTS)
def test_every_member_is_looked_at_refused_or_idle(account: Account, name: str) -> None:
    operation = OPERATIONS[name]
    group_id = account.group()
    (rule_id,) = account.allow(group_id, permission("tcp", 22, "192.0.2.0/24"), egress=name.endswith("Egress"))
    seen: set[str] = set()
    for each in REQUESTS[name]:
        request = Watched(filled({"GroupId": group_id} | each, rule=rule_id), seen)
        try:
            operation.check(request)
            account.store.write(
                lambda transaction, request=request: operation.run(account.context(transaction), request)
            )
        except ServiceError:
            pass  # refused for one of its members, which was then looked at
    listed = operation.refused.keys() | operation.idle.keys()
    assert known(name) - seen - listed == set()
    assert not (seen & listed), "what is listed as idle or refused isn't looked at"
    assert listed <= known(name)
