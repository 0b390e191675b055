"""What AWS was recorded to answer, asked again here. Each test names its record."""

from __future__ import annotations

from typing import Any

from account import ACCOUNT, Account, permission


def without_ids(rule: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in rule.items() if name not in ("SecurityGroupRuleId", "GroupId")}


def test_the_authorize_matrix(account: Account) -> None:
    """aws-verified-expectations-from-moto.json, authorize_matrix: 11 rules, 7 permissions."""
    group_id = account.group(VpcId=account.vpc())
    matrix: list[tuple[Any, str, str]] = [
        (22, "tcp", "10.0.0.0/24"),
        (22, "tcp", "10.0.1.0/24"),
        (80, "tcp", "10.0.0.0/24"),
        (22, "udp", "10.0.0.0/24"),
        (-1, "-1", "10.0.0.0/24"),
        (22, "tcp", "2001:db8::/32"),
        (443, "tcp", "2001:db8::/64"),
        (22, "tcp", "pl-63a5400a"),
        (8080, "tcp", "pl-63a5400a"),
        (22, "tcp", group_id),
        (25, "tcp", group_id),
    ]
    for port, protocol, source in matrix:
        account.allow(group_id, permission(protocol, port, source))
    shown = account.described(group_id)["IpPermissions"]
    assert len(account.rule_ids(group_id)) == 11
    assert [(each["IpProtocol"], each.get("FromPort")) for each in shown] == [
        ("tcp", 22),
        ("tcp", 80),
        ("udp", 22),
        ("-1", None),
        ("tcp", 443),
        ("tcp", 8080),
        ("tcp", 25),
    ]
    assert shown[0] == {
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "IpRanges": [{"CidrIp": "10.0.0.0/24"}, {"CidrIp": "10.0.1.0/24"}],
        "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32"}],
        "PrefixListIds": [{"PrefixListId": "pl-63a5400a"}],
        "UserIdGroupPairs": [{"UserId": ACCOUNT, "GroupId": group_id}],
    }


def test_all_protocols_have_ports_in_rules_and_none_in_groups(account: Account) -> None:
    """aws-verified-expectations-from-moto.json: -1/-1 in the one Describe, omitted in the other."""
    group_id = account.group()
    account.allow(group_id, permission("-1", (-1, -1), "10.0.0.0/24"))
    (shown,) = account.described(group_id)["IpPermissions"]
    assert not {"FromPort", "ToPort"} & shown.keys()
    filters = [{"Name": "group-id", "Values": [group_id]}]
    rules = account.call("DescribeSecurityGroupRules", Filters=filters)["SecurityGroupRules"]
    assert {(rule["FromPort"], rule["ToPort"]) for rule in rules} == {(-1, -1)}


def test_icmp_shows_its_ports_in_groups(account: Account) -> None:
    """openstack-functional-expectations.json: icmp -1/-1 shows FromPort -1 and ToPort -1."""
    group_id = account.group()
    account.allow(group_id, permission("icmp", (-1, -1), "10.0.0.0/8"))
    (shown,) = account.described(group_id)["IpPermissions"]
    assert (shown["FromPort"], shown["ToPort"]) == (-1, -1)


def test_a_fresh_egress_rule_merges_with_the_first_one(account: Account) -> None:
    """aws-verified-expectations-from-moto.json."""
    group_id = account.group()
    account.allow(group_id, permission("-1", None, "192.0.2.0/24"), egress=True)
    (shown,) = account.described(group_id)["IpPermissionsEgress"]
    assert shown["IpRanges"] == [{"CidrIp": "0.0.0.0/0"}, {"CidrIp": "192.0.2.0/24"}]


def test_the_default_group_of_a_new_vpc(account: Account) -> None:
    """default-group-of-new-vpc.json."""
    group_id = account.default_group(account.vpc())
    shown = account.described(group_id)
    empty: dict[str, list[Any]] = {"IpRanges": [], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": []}
    assert shown["GroupName"] == "default"
    assert shown["Description"] == "default VPC security group"
    assert "Tags" not in shown
    assert shown["IpPermissions"] == [
        empty | {"IpProtocol": "-1", "UserIdGroupPairs": [{"UserId": ACCOUNT, "GroupId": group_id}]}
    ]
    assert shown["IpPermissionsEgress"] == [empty | {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]


def test_the_revokes_of_2025(account: Account) -> None:
    """revoke-cli-outputs-2025.json: Return and RevokedSecurityGroupRules, and no UnknownIpPermissions at all."""
    group_id = account.group(VpcId=account.vpc())
    description = "Allow nodes to communicate with each other (all ports)"
    pair = {"GroupId": group_id, "Description": description}
    account.allow(group_id, {"IpProtocol": "-1", "UserIdGroupPairs": [pair]}, permission("tcp", 80, "0.0.0.0/0"))

    # --protocol -1 --source-group: the CLI sends no ports.
    by_group = account.call(
        "RevokeSecurityGroupIngress",
        GroupId=group_id,
        IpPermissions=[{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group_id}]}],
    )
    by_cidr = account.call(
        "RevokeSecurityGroupIngress", GroupId=group_id, IpPermissions=[permission("tcp", 80, "0.0.0.0/0")]
    )
    egress = account.call(
        "RevokeSecurityGroupEgress", GroupId=group_id, IpPermissions=[permission("-1", None, "0.0.0.0/0")]
    )
    for answer in (by_group, by_cidr, egress):
        assert answer.keys() == {"Return", "RevokedSecurityGroupRules"}
        assert answer["Return"] is True
        assert answer["RevokedSecurityGroupRules"][0]["GroupId"] == group_id
    revoked = [without_ids(answer["RevokedSecurityGroupRules"][0]) for answer in (by_group, by_cidr, egress)]
    assert revoked == [
        {
            "IsEgress": False,
            "IpProtocol": "-1",
            "FromPort": -1,
            "ToPort": -1,
            "ReferencedGroupId": group_id,
            "Description": description,
        },
        {"IsEgress": False, "IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIpv4": "0.0.0.0/0"},
        {"IsEgress": True, "IpProtocol": "-1", "FromPort": -1, "ToPort": -1, "CidrIpv4": "0.0.0.0/0"},
    ]


def test_one_revoke_of_several_rules_lists_them_all(account: Account) -> None:
    """revoke-cli-outputs-2025.json, the last output."""
    group_id = account.group()
    sent = [permission("tcp", 80, "0.0.0.0/0"), permission("tcp", 22, "203.0.113.4/32")]
    account.allow(group_id, *sent)
    answer = account.call("RevokeSecurityGroupIngress", GroupId=group_id, IpPermissions=sent)
    assert [rule["FromPort"] for rule in answer["RevokedSecurityGroupRules"]] == [80, 22]


def test_a_revoke_as_cloudtrail_saw_it(account: Account) -> None:
    """cloudtrail-revoke-request-2026.json: empty groups, ipv6Ranges and prefixListIds beside the one block."""
    group_id = account.group(VpcId=account.vpc())
    account.allow(group_id, permission("tcp", 22, "0.0.0.0/0"))
    sent = permission("tcp", 22, "0.0.0.0/0") | {"UserIdGroupPairs": [], "Ipv6Ranges": [], "PrefixListIds": []}
    assert account.call("RevokeSecurityGroupIngress", GroupId=group_id, IpPermissions=[sent])["Return"] is True


def test_the_second_revoke_finds_nothing(account: Account) -> None:
    """openstack-functional-expectations.json, ingress and egress in a VPC that isn't the default one."""
    group_id = account.group(VpcId=account.vpc())
    sent = [permission("tcp", (1, 65535), group_id), permission("icmp", (-1, -1), "10.0.0.0/8")]
    for direction, egress in (("Ingress", False), ("Egress", True)):
        account.allow(group_id, *sent, egress=egress)
        account.call(f"RevokeSecurityGroup{direction}", GroupId=group_id, IpPermissions=sent)
        code, _ = account.refused(f"RevokeSecurityGroup{direction}", GroupId=group_id, IpPermissions=sent)
        assert code == "InvalidPermission.NotFound"


def test_rules_that_do_not_exist(account: Account) -> None:
    """aws-verified-expectations-from-moto.json, DescribeSecurityGroupRules."""
    assert account.refused("DescribeSecurityGroupRules", SecurityGroupRuleIds=["sgr-0f80c7e764c18b3c0"]) == (
        "InvalidSecurityGroupRuleId.NotFound",
        "The security group rule ID 'sgr-0f80c7e764c18b3c0' does not exist",
    )
    foobar = [{"Name": "group-id", "Values": ["foobar"]}]
    assert account.checked("DescribeSecurityGroupRules", Filters=foobar) == (
        "InvalidGroupId.Malformed",
        "The security group ID 'foobar' is malformed",
    )
    absent = [{"Name": "group-id", "Values": ["sg-0f80c7e764c18b3c0"]}]
    assert account.call("DescribeSecurityGroupRules", Filters=absent) == {"SecurityGroupRules": []}


def test_the_lists_that_aws_owns(account: Account) -> None:
    """managed-prefix-lists.json: owner AWS, account aws in the ARN, neither version nor maxEntries."""
    recorded = ["pl-02cd2c6b", "pl-63a5400a"]
    assert account.call("DescribeManagedPrefixLists", PrefixListIds=recorded)["PrefixLists"] == [
        {
            "PrefixListId": prefix_list_id,
            "AddressFamily": "IPv4",
            "State": "create-complete",
            "PrefixListArn": f"arn:aws:ec2:us-east-1:aws:prefix-list/{prefix_list_id}",
            "PrefixListName": f"com.amazonaws.us-east-1.{service}",
            "Tags": [],
            "OwnerId": "AWS",
        }
        for prefix_list_id, service in (("pl-02cd2c6b", "dynamodb"), ("pl-63a5400a", "s3"))
    ]


def test_a_new_vpc(account: Account) -> None:
    """localstack-ec2-snapshots.json, create_vpc_response of May 2025."""
    answer = account.call(
        "CreateVpc",
        CidrBlock="10.0.0.0/16",
        TagSpecifications=[{"ResourceType": "vpc", "Tags": [{"Key": "test-key", "Value": "test-value"}]}],
    )
    (other,) = account.call("DescribeVpcs", VpcIds=[account.default_vpc_id])["Vpcs"]
    vpc = answer["Vpc"]
    assert vpc == {
        "CidrBlock": "10.0.0.0/16",
        "CidrBlockAssociationSet": [
            {
                "AssociationId": vpc["CidrBlockAssociationSet"][0]["AssociationId"],
                "CidrBlock": "10.0.0.0/16",
                "CidrBlockState": {"State": "associated"},
            }
        ],
        "DhcpOptionsId": other["DhcpOptionsId"],
        "InstanceTenancy": "default",
        "Ipv6CidrBlockAssociationSet": [],
        "IsDefault": False,
        "OwnerId": ACCOUNT,
        "State": "pending",
        "Tags": [{"Key": "test-key", "Value": "test-value"}],
        "VpcId": vpc["VpcId"],
    }
    (shown,) = account.call("DescribeVpcs", VpcIds=[vpc["VpcId"]])["Vpcs"]
    assert shown["State"] == "available"


def test_tags_without_resources(account: Account) -> None:
    """create-tags-without-resources.json."""
    expected = ("MissingParameter", "The request must contain the parameter resourceIdSet")
    assert account.checked("CreateTags", Tags=[{"Key": "a", "Value": "b"}]) == expected


def test_an_interface_that_does_not_exist(account: Account) -> None:
    """network-interface-not-found.json."""
    assert account.refused("DescribeNetworkInterfaces", NetworkInterfaceIds=["eni-d834cdcf"]) == (
        "InvalidNetworkInterfaceID.NotFound",
        "The networkInterface ID 'eni-d834cdcf' does not exist",
    )


def test_a_subnet_that_does_not_exist(account: Account) -> None:
    """subnet-delete-errors.json."""
    assert account.refused("DescribeSubnets", SubnetIds=["subnet-056d542a687f866ee"]) == (
        "InvalidSubnetID.NotFound",
        "The subnet ID 'subnet-056d542a687f866ee' does not exist",
    )


def test_the_three_samples_of_the_api_page(account: Account) -> None:
    """page-api-revoke-security-group-ingress.txt, with the group's own id in the third."""
    group_id = account.group("websrv")
    description = "Access from workstation 1a2b"
    samples = [
        permission("tcp", 80, "205.192.0.0/16"),
        permission("tcp", 80, "2001:db8:1234:1a00::/64"),
        permission("tcp", 22, "203.0.113.4/32", description=description),
    ]
    account.allow(group_id, *samples)
    for sample, by in zip(
        samples, ({"GroupName": "websrv"}, {"GroupName": "websrv"}, {"GroupId": group_id}), strict=True
    ):
        answer = account.call("RevokeSecurityGroupIngress", IpPermissions=[sample], **by)
        assert (answer["Return"], len(answer["RevokedSecurityGroupRules"])) == (True, 1)
        assert "UnknownIpPermissions" not in answer
    assert account.rule_ids(group_id) == []
