"""What was recorded of AWS and of its clients about rules, asked again here. Each test names its record.

Of error-texts-from-public-reports.json these aren't replayed: texts of EC2-Classic (`InvalidPermission.Malformed`, "You
may not reference Amazon VPC security groups by name", which an account with Classic got), the older wording of
portRange, and the NotFound quoted without its final stop; in each case the newer one is.
"""

from __future__ import annotations

from typing import Any

import pytest

from account import ACCOUNT, Account, permission
from ringwall.domain.errors import ServiceError
from ringwall.operations.table import OPERATIONS
from ringwall.wire.request import parse

VERSION = "2016-11-15"
INGRESS, EGRESS = "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress"
REVOKE, REVOKE_EGRESS = "RevokeSecurityGroupIngress", "RevokeSecurityGroupEgress"
ANYWHERE = "0.0.0.0/0"


def asked(account: Account, action: str, parameters: dict[str, str]) -> dict[str, Any]:
    """The answer to parameters as they come over the wire; a dry run ends where the server ends it."""
    parsed = parse([("Action", action), ("Version", VERSION), *parameters.items()])
    if parsed.dry_run:
        OPERATIONS[action].vet(parsed.request)
        return {}
    return account.call(action, **parsed.request)


def outcome(account: Account, action: str, parameters: dict[str, str]) -> tuple[str, str]:
    """Code and message of its refusal."""
    with pytest.raises(ServiceError) as caught:
        asked(account, action, parameters)
    return caught.value.code, caught.value.message


PORT_22 = {
    "IpPermissions.1.IpProtocol": "tcp",
    "IpPermissions.1.FromPort": "22",
    "IpPermissions.1.ToPort": "22",
}


@pytest.mark.parametrize(
    ("action", "parameters", "expected"),
    [
        # cloud-custodian 9656 (2024), skyplane 657 (2022)
        (
            REVOKE,
            PORT_22 | {"IpPermissions.1.IpRanges.1.CidrIp": "192.0.2.0/24"},
            ("InvalidPermission.NotFound", "The specified rule does not exist in this security group."),
        ),
        # aws-sdk-ruby 1716 (2018): no source is left
        (
            REVOKE,
            PORT_22,
            (
                "InvalidParameterValue",
                "missing mandatory parameter: exactly one of remote-security-group, remote-ip-range, "
                "remote-ipv6-range, or prefix-list-id must be present",
            ),
        ),
        # aws-cli 2428 (2017)
        (
            REVOKE,
            PORT_22 | {"IpPermissions.1.IpRanges.1.CidrIp": "::/0"},
            ("InvalidParameterValue", "CIDR block ::/0 is malformed"),
        ),
        # crossplane provider-aws 422 (2020)
        (
            INGRESS,
            PORT_22 | {"IpPermissions.1.IpRanges.1.CidrIp": "sg-05cbbd25a44de07f5"},
            ("InvalidParameterValue", "CIDR block sg-05cbbd25a44de07f5 is malformed"),
        ),
        # terraform-provider-aws 29492 (2023)
        (
            INGRESS,
            PORT_22
            | {f"IpPermissions.1.IpRanges.{number}.CidrIp": "192.0.2.0/24" for number in (1, 2)},
            ("InvalidParameterValue", "The same permission must not appear multiple times"),
        ),
        # FLIP 886 (2026): another description is no other rule
        (
            INGRESS,
            {
                "IpPermissions.1.IpProtocol": "tcp",
                "IpPermissions.1.FromPort": "443",
                "IpPermissions.1.ToPort": "443",
                "IpPermissions.1.IpRanges.1.CidrIp": ANYWHERE,
                "IpPermissions.1.IpRanges.1.Description": "again",
            },
            (
                "InvalidPermission.Duplicate",
                'the specified rule "peer: 0.0.0.0/0, TCP, from port: 443, to port: 443, ALLOW" already exists',
            ),
        ),
        # terraform-aws-security-group 351
        (
            INGRESS,
            {
                "IpPermissions.1.IpProtocol": "udp",
                "IpPermissions.1.FromPort": "50000",
                "IpPermissions.1.ToPort": "60000",
                "IpPermissions.1.IpRanges.1.CidrIp": ANYWHERE,
            },
            (
                "InvalidPermission.Duplicate",
                'the specified rule "peer: 0.0.0.0/0, UDP, from port: 50000, to port: 60000, ALLOW" already exists',
            ),
        ),
        # timkay/aws 103 (2015), egress
        (
            EGRESS,
            {
                "IpPermissions.1.IpProtocol": "icmp",
                "IpPermissions.1.FromPort": "-1",
                "IpPermissions.1.ToPort": "-1",
                "IpPermissions.1.IpRanges.1.CidrIp": "10.0.0.0/24",
            },
            (
                "InvalidPermission.Duplicate",
                'the specified rule "peer: 10.0.0.0/24, ICMP, type: ALL, code: ALL, ALLOW" already exists',
            ),
        ),
        # terraform-provider-aws 1793 (2017)
        (
            INGRESS,
            {"IpPermissions.1.IpProtocol": "all", "IpPermissions.1.IpRanges.1.CidrIp": ANYWHERE},
            ("InvalidParameterValue", "Invalid value 'all' for IP protocol. Unknown protocol."),
        ),
        # nanovms/ops 735 (2020)
        (
            INGRESS,
            {
                "IpPermissions.1.FromPort": "80",
                "IpPermissions.1.ToPort": "80",
                "IpPermissions.1.IpRanges.1.CidrIp": ANYWHERE,
            },
            (
                "InvalidParameterValue",
                "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.",
            ),
        ),
        # moto, verified against AWS
        (
            INGRESS,
            {"IpPermissions.1.IpProtocol": "tcp", "IpPermissions.1.IpRanges.1.CidrIp": ANYWHERE},
            ("InvalidParameterValue", "Invalid value for portRange. Must specify both from and to ports with TCP/UDP."),
        ),
        # cfn-lint 2999 (2024); quoted without a final stop, which isn't certain
        (
            INGRESS,
            {"IpPermissions.1.IpProtocol": "icmp", "IpPermissions.1.IpRanges.1.CidrIp": ANYWHERE},
            ("InvalidParameterValue", "Invalid value for portRange. Must specify both from and to ports with ICMP."),
        ),
        # ansible 30053 (2017), go-hsdp-api 43 (2021)
        (
            INGRESS,
            PORT_22 | {"IpPermissions.1.Groups.1.GroupId": "{elsewhere}"},
            ("InvalidGroup.NotFound", "You have specified two resources that belong to different networks."),
        ),
        # terraform-provider-aws 2375 (2017)
        (
            INGRESS,
            PORT_22 | {"IpPermissions.1.Groups.1.GroupId": "sg-xxxxxxxx, sg-xxxxxxxxx"},
            ("InvalidGroupId.Malformed", 'Invalid id: "sg-xxxxxxxx, sg-xxxxxxxxx"'),
        ),
        # mcp-gateway-registry 1728 (2026): two blanks after the colon
        (
            INGRESS,
            PORT_22
            | {"IpPermissions.1.IpRanges.1.CidrIp": ANYWHERE, "IpPermissions.1.IpRanges.1.Description": "née"},
            (
                "InvalidParameterValue",
                "Invalid rule description. Valid descriptions are strings less than 256 characters from the following "
                "set:  a-zA-Z0-9. _-:/()#,@[]+=&;{{}}!$*",
            ),
        ),
        # cloudformation/rain 308 (2024)
        (
            INGRESS,
            PORT_22 | {"IpPermissions.1.PrefixListIds.1.PrefixListId": "pl-0123456789abcdef0"},
            ("InvalidPrefixListID.NotFound", "The prefix list ID 'pl-0123456789abcdef0' does not exist"),
        ),
        # timkay/aws 103 (2015)
        (
            REVOKE_EGRESS,
            PORT_22 | {"GroupName": "web"},
            ("UnknownParameter", "The parameter GroupName is not recognized"),
        ),
        # aws-sdk-js 417 (2014)
        (
            INGRESS,
            {"SourceSecurityGroupOwnerId": ACCOUNT},
            ("MissingParameter", "Source group ID missing."),
        ),
    ],
)  # fmt: skip
def test_refusals_in_public_reports(
    account: Account, action: str, parameters: dict[str, str], expected: tuple[str, str]
) -> None:
    """error-texts-from-public-reports.json, of a group that isn't in the default VPC."""
    group_id, elsewhere = account.group(VpcId=account.vpc()), account.group("elsewhere")
    account.allow(group_id, permission("tcp", 443, ANYWHERE), permission("udp", (50000, 60000), ANYWHERE))
    account.allow(group_id, permission("icmp", (-1, -1), "10.0.0.0/24"), egress=True)
    before = account.picture()
    sent = {"GroupId": group_id} | {name: value.format(elsewhere=elsewhere) for name, value in parameters.items()}
    assert outcome(account, action, sent) == (expected[0], expected[1].format())
    assert account.picture() == before


@pytest.mark.parametrize(
    ("action", "parameters", "expected"),
    [
        # aws-sdk-java 1059 (2017)
        (REVOKE, {}, ("MissingParameter", "The request must contain the parameter groupName or groupId")),
        # aws-sdk-java-v2 5437 (2024)
        ("ModifySecurityGroupRules", {}, ("MissingParameter", "The request must contain the parameter groupId")),
        # leftovers 7 (2018)
        (
            REVOKE,
            PORT_22 | {"GroupId": "tcp_elb_security_group"},
            ("InvalidGroupId.Malformed", 'Invalid id: "tcp_elb_security_group" (expecting "sg-...")'),
        ),
        # systeminit/si 3042 (2023), in a dry run
        (
            INGRESS,
            PORT_22 | {"GroupId": "", "DryRun": "true"},
            ("InvalidGroupId.Malformed", "The security-group ID '' is malformed"),
        ),
        # aws-cli 1207 (2015), 5348 (2020): an id that is passed as a name
        (
            INGRESS,
            PORT_22 | {"GroupName": "sg-3acb815f", "IpPermissions.1.IpRanges.1.CidrIp": ANYWHERE},
            ("InvalidGroup.NotFound", "The security group 'sg-3acb815f' does not exist in default VPC '{default}'"),
        ),
    ],
)
def test_refusals_of_groups_in_public_reports(
    account: Account, action: str, parameters: dict[str, str], expected: tuple[str, str]
) -> None:
    """error-texts-from-public-reports.json, where the group itself is missing or wrong."""
    assert outcome(account, action, parameters) == (expected[0], expected[1].format(default=account.default_vpc_id))


def test_a_dry_run_of_what_would_be_refused(account: Account) -> None:
    """error-texts-from-public-reports.json, aws-sdk-ruby 1716: without a source, but with DryRun."""
    assert asked(account, REVOKE, PORT_22 | {"GroupId": account.group(), "DryRun": "true"}) == {}


def test_a_source_by_name_without_a_default_vpc(store: Any) -> None:
    """error-texts-from-public-reports.json, boto3 1697 (2018): the refusal names the source."""
    account = Account(store, default_vpc=False)
    group_id = account.group(VpcId=account.vpc())
    sent = PORT_22 | {"GroupId": group_id, "IpPermissions.1.Groups.1.GroupName": "sg-11111111"}
    assert outcome(account, REVOKE, sent) == (
        "InvalidGroup.NotFound",
        "The security group 'sg-11111111' does not exist in default VPC 'none'",
    )


def test_the_61st_rule(account: Account) -> None:
    """error-texts-from-public-reports.json, aws-cloudfront-samples 39."""
    group_id = account.group()
    account.allow(group_id, permission("tcp", 443, *(f"10.0.{each}.0/24" for each in range(60))))
    assert account.refused(INGRESS, GroupId=group_id, IpPermissions=[permission("tcp", 443, "10.1.0.0/16")]) == (
        "RulesPerSecurityGroupLimitExceeded",
        "The maximum number of rules per security group has been reached.",
    )


# --- What the CLI sends ---

BY_PERMISSION = "IpPermissions.1."


def cidr(text: str, protocol: str, *ports: str) -> dict[str, str]:
    """The parameters of `--protocol`, `--port` and `--cidr`."""
    sent = {f"{BY_PERMISSION}IpProtocol": protocol, f"{BY_PERMISSION}IpRanges.1.CidrIp": text}
    return sent | dict(zip((f"{BY_PERMISSION}FromPort", f"{BY_PERMISSION}ToPort"), ports, strict=False))


CLI_HITS = [
    (permission("tcp", 22, "203.0.113.0/24"), cidr("203.0.113.0/24", "tcp", "22", "22")),
    (permission("tcp", (22, 25), "203.0.113.0/24"), cidr("203.0.113.0/24", "tcp", "22", "25")),
    (permission("icmp", (3, 4), ANYWHERE), cidr(ANYWHERE, "icmp", "3", "4")),
    (permission("icmp", (-1, -1), ANYWHERE), cidr(ANYWHERE, "icmp", "-1", "-1")),
    (permission("icmp", (8, -1), ANYWHERE), cidr(ANYWHERE, "icmp", "8", "-1")),
    (permission("-1", None, ANYWHERE), cidr(ANYWHERE, "-1")),
    (permission("-1", None, ANYWHERE), cidr(ANYWHERE, "-1", "-1", "-1")),
    (permission("50", None, ANYWHERE), cidr(ANYWHERE, "50")),
    (
        permission("tcp", 22, "sg-0"),  # stands for the other group
        PORT_22 | {"IpPermissions.1.Groups.1.GroupId": "{other}", "IpPermissions.1.Groups.1.UserId": ACCOUNT},
    ),
    (
        permission("tcp", 22, "sg-0"),  # stands for the other group
        PORT_22 | {"IpPermissions.1.Groups.1.GroupName": "other", "IpPermissions.1.Groups.1.UserId": ACCOUNT},
    ),
    (
        permission("tcp", 22, "1.2.3.4/32", "sg-0"),
        PORT_22
        | {"IpPermissions.1.IpRanges.1.CidrIp": "1.2.3.4/32", "IpPermissions.1.Groups.1.GroupId": "{other}"},
    ),
    (
        permission("tcp", 22, "1.2.3.4/32"),
        {"CidrIp": "1.2.3.4/32", "FromPort": "22", "IpProtocol": "tcp", "ToPort": "22"},
    ),
    (
        permission("tcp", 22, "1.2.3.4/32", "1.2.3.5/32", description="a b"),
        PORT_22
        | {
            "IpPermissions.1.IpRanges.1.CidrIp": "1.2.3.4/32",
            "IpPermissions.1.IpRanges.1.Description": "a b",
            "IpPermissions.1.IpRanges.2.CidrIp": "1.2.3.5/32",
        },
    ),
]  # fmt: skip


@pytest.mark.parametrize(("authorized", "sent"), CLI_HITS)
def test_what_the_cli_sends_to_revoke(account: Account, authorized: dict[str, Any], sent: dict[str, str]) -> None:
    """awscli-v1-revoke-transcripts.json: each form that names a rule, of a rule that is there."""
    group_id, other = account.group(), account.group("other")
    for pair in authorized.get("UserIdGroupPairs", ()):
        authorized = authorized | {"UserIdGroupPairs": [pair | {"GroupId": other}]}
    rule_ids = account.allow(group_id, authorized)
    answer = asked(
        account, REVOKE, {"GroupId": group_id} | {key: text.format(other=other) for key, text in sent.items()}
    )
    assert answer["Return"] is True
    assert sorted(rule["SecurityGroupRuleId"] for rule in answer["RevokedSecurityGroupRules"]) == sorted(rule_ids)
    assert "UnknownIpPermissions" not in answer


def test_what_the_cli_sends_to_revoke_by_id(account: Account) -> None:
    """awscli-v1-revoke-transcripts.json, --security-group-rule-ids."""
    group_id = account.group()
    first, second = account.allow(group_id, permission("tcp", 22, ANYWHERE, "::/0"))
    sent = {"GroupId": group_id, "SecurityGroupRuleId.1": first, "SecurityGroupRuleId.2": second, "DryRun": "false"}
    assert len(asked(account, REVOKE, sent)["RevokedSecurityGroupRules"]) == 2


def test_a_name_of_a_source_alone(account: Account) -> None:
    """awscli-v1-revoke-transcripts.json, --source-security-group-name and -owner-id."""
    group_id = account.group()
    account.group("foo")
    flat = {"GroupId": group_id, "SourceSecurityGroupName": "foo", "SourceSecurityGroupOwnerId": ACCOUNT}
    asked(account, INGRESS, flat)
    assert len(asked(account, REVOKE, flat)["RevokedSecurityGroupRules"]) == 3


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        # --port all with tcp becomes -1 and -1, and no --port becomes no ports: tcp has no "all".
        (cidr("203.0.113.0/24", "tcp", "-1", "-1"), "InvalidParameterValue"),
        (cidr("203.0.113.0/24", "tcp"), "InvalidParameterValue"),
        # --port 8 of icmp is 8 and 8, which is no rule here.
        (cidr(ANYWHERE, "icmp", "8", "8"), "InvalidPermission.NotFound"),
        # --port without --protocol
        ({"IpPermissions.1.FromPort": "22", "IpPermissions.1.ToPort": "22"}, "InvalidParameterValue"),
        # nothing but the group
        ({}, "MissingParameter"),
        # empty lists, which leave no source
        (PORT_22, "InvalidParameterValue"),
        (
            PORT_22 | {"SecurityGroupRuleId.1": "sgr-1", "IpPermissions.1.IpRanges.1.CidrIp": "1.2.3.4/32"},
            "InvalidParameterCombination",
        ),
        # --cli-input-json with flat parameters, and --port beside it
        (
            {
                "IpPermissions.1.FromPort": "80",
                "IpPermissions.1.ToPort": "80",
                "IpProtocol": "tcp",
                "FromPort": "22",
                "ToPort": "22",
                "CidrIp": "1.2.3.4/32",
            },
            "InvalidParameterCombination",
        ),
        ({"IpPermissions.1.IpProtocol": "udp"}, "InvalidParameterValue"),
    ],
)
def test_what_the_cli_lets_through_and_ec2_does_not(account: Account, sent: dict[str, str], code: str) -> None:
    """awscli-v1-revoke-transcripts.json: parameters that were sent; the codes are EC2's, or chosen."""
    group_id = account.group(VpcId=account.vpc())
    account.allow(group_id, permission("tcp", 22, "203.0.113.0/24"), permission("icmp", (8, -1), ANYWHERE))
    before = account.picture()
    assert outcome(account, REVOKE, {"GroupId": group_id} | sent)[0] == code
    assert account.picture() == before


# --- Facts that were verified against AWS ---


def test_a_fresh_group_has_one_rule(account: Account) -> None:
    """aws-verified-expectations-from-moto.json, in a VPC that isn't the default one."""
    group_id = account.group(VpcId=account.vpc())
    filters = [{"Name": "group-id", "Values": [group_id]}]
    (rule,) = account.call("DescribeSecurityGroupRules", Filters=filters)["SecurityGroupRules"]
    assert rule["IsEgress"] is True
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"], rule["CidrIpv4"]) == ("-1", -1, -1, ANYWHERE)


def test_members_without_a_value_are_absent(account: Account) -> None:
    """aws-verified-expectations-from-moto.json: an IPv4 rule has no cidrIpv6, nor a description of its own."""
    group_id = account.group()
    (rule,) = account.call(INGRESS, GroupId=group_id, IpPermissions=[permission("tcp", 22, ANYWHERE)])[
        "SecurityGroupRules"
    ]
    assert not {"CidrIpv6", "PrefixListId", "ReferencedGroupInfo", "Description", "Tags"} & rule.keys()


def test_groups_of_the_own_account(account: Account) -> None:
    """aws-verified-expectations-from-moto.json: pairs and ReferencedGroupInfo hold UserId and GroupId only."""
    group_id = account.group(VpcId=account.vpc())
    (rule_id,) = account.allow(group_id, permission("tcp", 22, group_id))
    (shown,) = account.described(group_id)["IpPermissions"]
    (rule,) = account.call("DescribeSecurityGroupRules", SecurityGroupRuleIds=[rule_id])["SecurityGroupRules"]
    assert shown["UserIdGroupPairs"] == [{"UserId": ACCOUNT, "GroupId": group_id}]
    assert rule["ReferencedGroupInfo"] == {"UserId": ACCOUNT, "GroupId": group_id}


def test_all_protocols_with_ports_sent(account: Account) -> None:
    """aws-verified-expectations-from-moto.json: -1 with -1/-1 is accepted; for egress it is there already."""
    group_id = account.group(VpcId=account.vpc())
    sent = [permission("-1", (-1, -1), ANYWHERE)]
    assert account.refused(EGRESS, GroupId=group_id, IpPermissions=sent) == (
        "InvalidPermission.Duplicate",
        'the specified rule "peer: 0.0.0.0/0, ALL, ALLOW" already exists',
    )
    account.allow(group_id, *sent)


def test_a_peered_reference_goes_stale_with_its_group(account: Account) -> None:
    """peered-reference-and-stale-groups.json: web-tier of 10.4.0.0/16, ports 60000 to 62000, before and after."""
    vpc_id, peer_vpc_id = account.vpc("10.4.0.0/16"), account.vpc("10.5.0.0/16")
    asked_for = account.call("CreateVpcPeeringConnection", VpcId=vpc_id, PeerVpcId=peer_vpc_id)
    peering_id = asked_for["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    account.call("AcceptVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
    group_id = account.call("CreateSecurityGroup", GroupName="web-tier", Description="for apps", VpcId=vpc_id)[
        "GroupId"
    ]
    source = account.group("source", VpcId=peer_vpc_id)
    account.allow(group_id, permission("tcp", (60000, 62000), source))
    empty: dict[str, list[Any]] = {"IpRanges": [], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": []}
    pair = {
        "GroupId": source,
        "VpcId": peer_vpc_id,
        "VpcPeeringConnectionId": peering_id,
        "PeeringStatus": "active",
    }
    ports = {"IpProtocol": "tcp", "FromPort": 60000, "ToPort": 62000}
    shown = account.described(group_id)
    assert shown["IpPermissions"] == [empty | ports | {"UserIdGroupPairs": [pair | {"UserId": ACCOUNT}]}]
    assert shown["IpPermissionsEgress"] == [empty | {"IpProtocol": "-1", "IpRanges": [{"CidrIp": ANYWHERE}]}]

    account.call("DeleteSecurityGroup", GroupId=source)
    assert account.call("DescribeStaleSecurityGroups", VpcId=vpc_id)["StaleSecurityGroupSet"] == [
        {
            "VpcId": vpc_id,
            "StaleIpPermissionsEgress": [],
            "GroupName": "web-tier",
            "StaleIpPermissions": [ports | {"UserIdGroupPairs": [pair]}],
            "GroupId": group_id,
            "Description": "for apps",
        }
    ]
