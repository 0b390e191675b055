"""Random trees over every member that the model knows, with values that nobody would send, through the whole route.

Whatever comes: no internal error, no traceback, an answer that is XML, and a refusal leaves everything as it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import botocore_judge as judge
from fuzzing import Target
from ringwall.operations.table import OPERATIONS
from ringwall.wire import shapes

EC2 = sorted(name for name in OPERATIONS if shapes.OPERATIONS[name][0] == "ec2")
Pairs = list[tuple[str, str]]

NASTY = [
    "", " ", "0", "-1", "1", "true", "none", "null", "*", "?", "\\", "\\*",
    "a" * 300, "é", "\u0661", "\U0001f525", "\0", "\r\n",
    "<&>'\"", "%00", "aws:x", "sg-", "sg-0", "sg-zz", "vpc-0", "pl-63a5400a", "i-0123456789abcdef0", "sgr-0", "pcx-0",
    "sg-0123456789abcdef0", "default", "web", "amazon-elb", "123456789012", "000000000000", "0.0.0.0/0", "10.0.0.0/8",
    "10.1.0.0/16", "10.1.1.0/24", "10.1.1.9", "10.9.0.0/16", "100.64.0.0/16", "255.255.255.255", "1.2.3.4/33",
    "::/0", "2001:db8::/32", "2001:db8::1", "::ffff:1.2.3.4/128", "fe80::%eth0/64", "us-east-1", "us-east-1a",
    "eu-west-1", "tcp", "TCP", "6", "icmp", "icmpv6", "58", "256", "all", "IPv4", "IPv6", "dedicated", "security-group",
    "vpc", "subnet", "network-interface", "prefix-list", "groupSet", "enableDnsSupport", "attachment", "2016-11-15",
]  # fmt: skip
NUMBERS = ["-2147483649", "-2147483648", "-1", "0", "1", "3", "4", "5", "22", "255", "1000", "1001", "65535", "65536",
           "2147483647", "2147483648", "9223372036854775807", "9223372036854775808", "", "x", "1.0", "+7"]  # fmt: skip
INDICES = ["1", "1", "1", "1", "2", "2", "3", "0", "7", "1000000000"]
BAD_INDICES = ["-1", "x", "01", "", "99999999999"]
SCALARS = {
    "string": NASTY,
    "boolean": ["true", "false", "TRUE"],
    "integer": ["1", "2", "3", "5"],
    "long": ["1", "2"],
    "blob": ["", "YQ==", "%", "a"],
}
FITTING = {
    "IpProtocol": ["tcp", "udp", "-1", "icmp", "icmpv6", "50"],
    "FromPort": ["22", "8", "-1", "0"],
    "ToPort": ["22", "0", "-1", "65535"],
    "MaxResults": ["5", "1000", "4", "1"],
    "Cidr": ["10.0.0.0/8", "10.1.2.3/8", "192.0.2.0/24"],
    "AddressFamily": ["IPv4", "IPv4", "IPv4", "IPv6"],
    "CidrIp": ["10.0.0.0/8", "192.0.2.1/32"],
    "CidrIpv6": ["2001:db8::/32", "::/0"],
    "CidrBlock": ["10.3.0.0/16", "10.1.2.0/24", "10.1.2.0/28", "10.0.0.0/8"],
    "PrivateIpAddress": ["10.1.1.9", "10.1.1.10", "172.31.0.77"],
    "Ipv6Addresses": ["2001:db8::7", "2600:1f00::1"],
    "GroupName": ["web", "app", "default", "new"],
    "PrefixListName": ["offices", "more"],
    "AvailabilityZone": ["us-east-1a", "us-east-1b"],
    "MaxEntries": ["1", "5", "100"],
    "InstanceTenancy": ["default"],
    "PeerOwnerId": ["123456789012"],
    "UserId": ["123456789012", "999999999999"],
}
KINDS = {
    "GroupId": "sg", "SecurityGroupId": "sg", "ReferencedGroupId": "sg", "VpcId": "vpc", "PeerVpcId": "vpc",
    "SubnetId": "subnet", "NetworkInterfaceId": "eni", "PrefixListId": "pl", "SecurityGroupRuleId": "sgr",
    "VpcPeeringConnectionId": "pcx", "InstanceId": "i", "AttachmentId": "eni-attach", "AssociationId": "vpc-cidr-assoc",
    "ResourceId": "",
}  # fmt: skip
ID = re.compile("@([a-z-]*):([0-9]+)")
"""What stands for an id of a kind, or of any, that exists when the request is made."""

USUAL = {
    "IpPermission": ["IpProtocol", "FromPort", "ToPort", "IpRanges"],
    "IpRange": ["CidrIp"],
    "Ipv6Range": ["CidrIpv6"],
    "PrefixListId": ["PrefixListId"],
    "UserIdGroupPair": ["GroupId"],
    "Tag": ["Key", "Value"],
    "Filter": ["Name", "Value"],
    "CreateVpcRequest": ["CidrBlock"],
    "CreateSubnetRequest": ["CidrBlock"],
    "AssociateVpcCidrBlockRequest": ["CidrBlock"],
    "CreateDefaultSubnetRequest": ["AvailabilityZone"],
    "CreateVpcPeeringConnectionRequest": ["PeerVpcId"],
    "AssignPrivateIpAddressesRequest": ["SecondaryPrivateIpAddressCount"],
    "UnassignPrivateIpAddressesRequest": ["PrivateIpAddress"],
    "AssignIpv6AddressesRequest": ["Ipv6Addresses"],
    "UnassignIpv6AddressesRequest": ["Ipv6Addresses"],
    "SecurityGroupRuleUpdate": ["SecurityGroupRule"],
    "SecurityGroupRuleRequest": ["IpProtocol", "FromPort", "ToPort", "CidrIpv4"],
    "SecurityGroupRuleDescription": ["SecurityGroupRuleId", "Description"],
    "ModifyVpcAttributeRequest": ["EnableDnsSupport"],
    "ModifyNetworkInterfaceAttributeRequest": ["SecurityGroupId"],
    "ModifyInstanceAttributeRequest": ["GroupId"],
    "AttributeBooleanValue": ["Value"],
    "DeleteSecurityGroupRequest": ["GroupId"],
}
"""Members that a request nearly always has besides those that the model wants, or little would be done."""


def rule_requests() -> Iterator[tuple[str, list[str]]]:
    """The same for the operations on rules."""
    for name in shapes.INPUTS:
        if name.startswith(("Authorize", "Revoke")):
            yield name, ["GroupId", "IpPermissions"]
        elif name.startswith("UpdateSecurityGroupRuleD"):
            yield name, ["GroupId", "SecurityGroupRuleDescription"]


USUAL |= dict(rule_requests())


class Author:
    """Writes requests, most of them nearly right: each with care, or with a slip in every few values.

    Without care a request of many parts, such as one with rules, is hardly ever right in all of them.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._pairs: Pairs = []
        self._filters: list[str] = []
        self._has_care = False

    def request(self, action: str) -> Pairs:
        """A request, its parameters in the order in which they are sent."""
        self._has_care = self._random.random() < 0.5
        table = OPERATIONS[action].filters
        self._filters = [] if table is None else [*table.values, *table.barren, "tag:Name"]
        self._pairs = [("Action", action), ("Version", "2016-11-15")]
        self._structure(shapes.OPERATIONS[action][1], judge.model(action).input_shape, "")
        if self._seldom():
            self._pairs.append((self._random.choice(["Bogus", "GroupId.1", "IpPermissions", ".", "A.1.B"]), "x"))
        if self._seldom():
            self._pairs.append(self._random.choice(self._pairs))
        return self._pairs

    def _seldom(self) -> bool:
        return self._random.random() < (0.003 if self._has_care else 0.03)

    def _structure(self, name: str, shape: Any, prefix: str) -> None:
        members = shapes.INPUTS[name]
        chosen = [each for each in (*shapes.REQUIRED.get(name, ()), *USUAL.get(name, ())) if not self._seldom()]
        further = self._random.choice([0, 0, 0, 1] if self._has_care else [0, 0, 1, 1, 2, 4])
        chosen += self._random.sample(sorted(members), min(further, len(members)))
        for wire_name in dict.fromkeys(chosen):
            member, kind = members[wire_name]
            if wire_name != "DryRun" or self._seldom():
                self._member(wire_name, kind, shape.members[member], f"{prefix}{wire_name}")

    def _member(self, name: str, kind: str, shape: Any, at: str) -> None:
        if self._seldom():
            self._pairs.append((at, self._text()))
        elif kind.startswith("["):
            for index in self._indices():
                self._member(name, kind[1:-1], shape.member, f"{at}.{index}")
        elif kind in shapes.INPUTS:
            self._structure(kind, shape, f"{at}.")
        else:
            self._pairs.append((at, self._value(name, kind, list(getattr(shape, "enum", [])), at)))

    def _indices(self) -> list[str]:
        indices = self._random.sample(INDICES, self._random.choice([1, 1, 1, 2, 3]))
        return list(dict.fromkeys([*indices, *([self._random.choice(BAD_INDICES)] if self._seldom() else [])]))

    def _value(self, name: str, kind: str, enum: list[str], at: str) -> str:
        """Mostly one that fits, else one of the type, or not even that."""
        if self._random.random() < (0.01 if self._has_care else 0.1):
            return self._random.choice(NUMBERS) if kind in ("integer", "long") else self._text()
        if at.startswith("Filter.") and name == "Name":
            return self._random.choice([*self._filters, "bogus"])
        if name in KINDS:
            return f"@{KINDS[name]}:{self._random.randrange(60)}"
        return self._random.choice(FITTING.get(name) or enum or SCALARS[kind])

    def _text(self) -> str:
        return self._random.choice([*NASTY, f"@:{self._random.randrange(60)}", chr(self._random.randrange(0xD800))])


requests = st.builds(
    lambda random, action: Author(random).request(action), st.randoms(use_true_random=True), st.sampled_from(EC2)
)


def form(pairs: Pairs, target: Target) -> bytes:
    """The request as it is sent, with ids that are there."""

    def there(found: re.Match[str]) -> str:
        made = [each for each in target.ids if each.rpartition("-")[0] == found[1] or not found[1]]
        return made[int(found[2]) % len(made)] if made else f"{found[1]}-0123456789abcdef0"

    named = [(name, ID.sub(there, value)) for name, value in pairs]
    return urlencode(named).encode()


@pytest.mark.parametrize("operation", EC2)
def test_one_operation(operation: str) -> None:
    target = Target()

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.randoms(use_true_random=True).map(lambda random: Author(random).request(operation)))
    def check(pairs: Pairs) -> None:
        target.ask(form(pairs, target))

    try:
        check()
    finally:
        target.close()


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(requests, min_size=3, max_size=10))
def test_one_after_the_other(asked: list[Pairs]) -> None:
    target = Target()
    try:
        for pairs in asked:
            target.ask(form(pairs, target))
    finally:
        target.close()


def test_the_random_requests_do_get_through() -> None:
    """Of most operations some are answered, or the others would show little."""
    random = Random(7)
    answered = set()
    for _ in range(16):
        target = Target()
        try:
            for operation in random.sample(EC2, len(EC2)):
                if target.ask(form(Author(random).request(operation), target)).status == 200:
                    answered.add(operation)
        finally:
            target.close()
    assert len(answered) > len(EC2) * 2 / 3, sorted(set(EC2) - answered)
