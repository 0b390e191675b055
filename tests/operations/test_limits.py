"""Quotas as `ringwall serve --limit` sets them, from outside: the last that fits, the first that doesn't."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from serving import Server, serving


def refusal(call: Callable[..., Any], **request: Any) -> str:
    """The code of the refusal."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    return str(caught.value.response["Error"]["Code"])


def rule(number: int) -> list[dict[str, Any]]:
    return [{"IpProtocol": "tcp", "FromPort": number, "ToPort": number, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}]


def new_group(ec2: Any, name: str) -> str:
    return str(ec2.create_security_group(GroupName=name, Description="d")["GroupId"])


def default_subnet(ec2: Any) -> str:
    return str(ec2.describe_subnets()["Subnets"][0]["SubnetId"])


def test_each_limit_that_is_set_bounds_and_no_other() -> None:
    limits = {
        "rules-per-group": 2, "groups-per-region": 4, "groups-per-interface": 2, "vpcs-per-region": 2,
        "interfaces-per-region": 1, "prefix-lists-per-region": 1, "entries-per-prefix-list": 3, "tags-per-resource": 2,
    }  # fmt: skip
    options = [word for name, number in limits.items() for word in ("--limit", f"{name}={number}")]
    with serving(*options) as server:
        ec2 = server.client()
        _assert_rules(ec2, 2)
        _assert_vpcs(ec2, 2)  # its default group is the second, web the third
        assert refusal(
            ec2.create_tags, Resources=[new_group(ec2, "last")], Tags=[{"Key": str(n), "Value": ""} for n in range(3)]
        ) == ("TagLimitExceeded")
        assert refusal(ec2.create_security_group, GroupName="more", Description="d") == "SecurityGroupLimitExceeded"
        _assert_interfaces(ec2, 1, groups=2)
        _assert_prefix_lists(ec2, 1, entries=3)


def _assert_rules(ec2: Any, most: int) -> None:
    group_id = new_group(ec2, "web")
    for port in range(1, most + 1):
        ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=rule(port))
    assert (
        refusal(ec2.authorize_security_group_ingress, GroupId=group_id, IpPermissions=rule(most + 1))
        == "RulesPerSecurityGroupLimitExceeded"
    )


def _assert_vpcs(ec2: Any, most: int) -> None:
    for number in range(1, most):  # the default VPC counts too
        ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")
    assert refusal(ec2.create_vpc, CidrBlock="10.200.0.0/16") == "VpcLimitExceeded"


def _assert_interfaces(ec2: Any, most: int, groups: int) -> None:
    subnet_id = default_subnet(ec2)
    vpc_id = ec2.describe_subnets()["Subnets"][0]["VpcId"]
    filters = [{"Name": "vpc-id", "Values": [vpc_id]}]
    ids = [each["GroupId"] for each in ec2.describe_security_groups(Filters=filters)["SecurityGroups"]]
    refused = refusal(ec2.create_network_interface, SubnetId=subnet_id, Groups=ids[: groups + 1])
    assert refused == "InvalidParameterValue"  # as recorded for this operation
    for _ in range(most):
        ec2.create_network_interface(SubnetId=subnet_id, Groups=ids[:groups])
    assert refusal(ec2.create_network_interface, SubnetId=subnet_id) == "NetworkInterfaceLimitExceeded"


def _assert_prefix_lists(ec2: Any, most: int, entries: int) -> None:
    request = {"PrefixListName": "offices", "AddressFamily": "IPv4"}
    assert refusal(ec2.create_managed_prefix_list, MaxEntries=entries + 1, **request) == "InvalidParameterValue"
    for _ in range(most):
        ec2.create_managed_prefix_list(MaxEntries=entries, **request)
    assert refusal(ec2.create_managed_prefix_list, MaxEntries=1, **request) == "ResourceLimitExceeded"


def test_a_raised_limit_goes_beyond_ec2s_own_product_of_rules_and_groups() -> None:
    with serving("--limit", "rules-per-group=200", "--limit", "groups-per-interface=16") as server:
        ec2 = server.client()
        group_id = new_group(ec2, "web")
        for start in range(0, 200, 50):
            permissions = [each for port in range(start, start + 50) for each in rule(port + 1)]
            ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=permissions)
        refused = refusal(ec2.authorize_security_group_ingress, GroupId=group_id, IpPermissions=rule(999))
        assert refused == "RulesPerSecurityGroupLimitExceeded"


def test_none_as_the_base_and_one_limit_upon_it() -> None:
    with serving("--limits", "none", "--limit", "vpcs-per-region=7") as server:
        ec2 = server.client()
        _assert_vpcs(ec2, 7)
        group_id = new_group(ec2, "web")
        permissions = [each for port in range(1, 100) for each in rule(port)]
        ec2.authorize_security_group_ingress(GroupId=group_id, IpPermissions=permissions)


def test_a_limit_that_there_is_not_ends_the_start(server: Server) -> None:
    with (
        pytest.raises(AssertionError, match=r"NAME one of groups-per-region, rules-per-group"),
        serving("--limit", "rules=1"),
    ):
        pass
