"""Requests and answers as CloudTrail has them: public records of AWS's, and what becomes of the rest."""

from __future__ import annotations

from typing import Any

import pytest

import botocore_judge as judge
from ringwall.operations.table import OPERATIONS
from ringwall.wire.recorded import ITEMS_MAX, TEXT_MAX, recorded_answer, recorded_request
from ringwall.wire.request import parse, parse_query

RECORDED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "RevokeSecurityGroupIngress",
        {
            "GroupId": "sg-04c4d945debdf43b6",
            "IpPermissions": [
                {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
            ],
        },
        {
            "groupId": "sg-04c4d945debdf43b6",
            "ipPermissions": {
                "items": [
                    {
                        "ipProtocol": "tcp",
                        "fromPort": 22,
                        "toPort": 22,
                        "groups": {},
                        "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]},
                        "ipv6Ranges": {},
                        "prefixListIds": {},
                    }
                ]
            },
        },
    ),
    (
        "CreateSecurityGroup",
        {"GroupName": "web", "Description": "for web", "VpcId": "vpc-a1a044c7"},
        {"groupName": "web", "groupDescription": "for web", "vpcId": "vpc-a1a044c7"},
    ),
    (
        "CreateTags",
        {"Resources": ["sg-11bbcc22"], "Tags": [{"Key": "Name", "Value": "x"}]},
        {
            "resourcesSet": {"items": [{"resourceId": "sg-11bbcc22"}]},
            "tagSet": {"items": [{"key": "Name", "value": "x"}]},
        },
    ),
    (
        "CreateNetworkInterface",
        {
            "SubnetId": "subnet-71e2f83a",
            "Groups": ["sg-0affaea9ac4dc26b1"],
            "TagSpecifications": [{"ResourceType": "network-interface", "Tags": [{"Key": "a", "Value": "true"}]}],
        },
        {
            "subnetId": "subnet-71e2f83a",
            "groupSet": {"items": [{"groupId": "sg-0affaea9ac4dc26b1"}]},
            "tagSpecificationSet": {
                "items": [{"resourceType": "network-interface", "tags": [{"key": "a", "value": "true"}]}]
            },
        },
    ),
    (
        "ModifySecurityGroupRules",
        {
            "GroupId": "sg-1",
            "SecurityGroupRules": [
                {"SecurityGroupRuleId": "sgr-1", "SecurityGroupRule": {"IpProtocol": "tcp", "CidrIpv4": "10.0.0.0/8"}}
            ],
        },
        {
            "ModifySecurityGroupRulesRequest": {
                "GroupId": "sg-1",
                "SecurityGroupRule": {
                    "SecurityGroupRuleId": "sgr-1",
                    "SecurityGroupRule": {"IpProtocol": "tcp", "CidrIpv4": "10.0.0.0/8"},
                    "tag": 1,
                },
            }
        },
    ),
]


@pytest.mark.parametrize(
    ("name", "request_", "expected"), RECORDED, ids=lambda each: each if isinstance(each, str) else ""
)
def test_a_request_is_recorded_as_aws_records_it(name: str, request_: dict[str, Any], expected: dict[str, Any]) -> None:
    parsed = parse(parse_query(judge.form(judge.flat(name, request_))))
    assert recorded_request(name, parsed.request) == expected


def test_an_answer_is_recorded_as_aws_records_it() -> None:
    rule = {
        "GroupId": "sg-1",
        "IsEgress": False,
        "CidrIpv4": "0.0.0.0/0",
        "FromPort": 22,
        "SecurityGroupRuleId": "sgr-1",
    }
    assert recorded_answer("AuthorizeSecurityGroupIngress", {"Return": True, "SecurityGroupRules": [rule]}, "id") == {
        "requestId": "id",
        "_return": True,
        "securityGroupRuleSet": {
            "items": [
                {
                    "groupId": "sg-1",
                    "isEgress": False,
                    "cidrIpv4": "0.0.0.0/0",
                    "fromPort": 22,
                    "securityGroupRuleId": "sgr-1",
                }
            ]
        },
    }
    assert recorded_answer("CreateTags", {}, "id") == {"requestId": "id", "_return": True}
    assert recorded_answer("ModifySecurityGroupRules", {"Return": True}, "id")["ModifySecurityGroupRulesResponse"] == {
        "xmlns": "http://ec2.amazonaws.com/doc/2016-11-15/",
        "requestId": "id",
        "return": True,
    }


def test_credentials_are_recorded_without_what_is_secret() -> None:
    credentials = {"AccessKeyId": "ASIA1", "SecretAccessKey": "secret-1", "SessionToken": "token-1"}
    told = recorded_answer("AssumeRole", {"Credentials": credentials}, "id")
    assert told == {"credentials": {"accessKeyId": "ASIA1"}}
    assert "123456" not in str(recorded_request("AssumeRole", {"RoleArn": "arn", "TokenCode": "123456"}))


def test_user_data_is_recorded_as_removed() -> None:
    told = recorded_request("ModifyInstanceAttribute", {"InstanceId": "i-1", "UserData": {"Value": b"secret-1"}})
    assert told == {"instanceId": "i-1", "userData": {"value": "<sensitiveDataRemoved>"}}


def test_much_is_cut_with_a_mark() -> None:
    ids = [f"sgr-{number}" for number in range(ITEMS_MAX + 5)]
    told = recorded_request("RevokeSecurityGroupIngress", {"SecurityGroupRuleIds": ids, "GroupName": "x" * 5_000})
    items = told["securityGroupRuleIds"]["items"]
    assert (len(items), items[0], items[-1]) == (ITEMS_MAX + 1, {"securityGroupRuleId": "sgr-0"}, {"omitted": 5})
    assert told["groupName"] == "x" * TEXT_MAX + "…"
    rules = [{"SecurityGroupRuleId": each} for each in ids]
    younger = recorded_request("ModifySecurityGroupRules", {"SecurityGroupRules": rules})
    assert younger["ModifySecurityGroupRulesRequest"]["SecurityGroupRule"][-1] == {"omitted": 5}


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_can_be_recorded(name: str) -> None:
    assert recorded_request(name, {}) in ({}, {f"{name}Request": {}})
    assert isinstance(recorded_answer(name, {}, "id"), dict)
