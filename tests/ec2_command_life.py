"""A life in commands, each of which may use what the ones before were told."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from typing import Any

Told = list[Any]
Line = Callable[[Told], list[str]]


def life() -> Iterator[Line]:
    """The lines, as functions of the answers that came so far: JSON, or nothing where something else was printed."""
    for text in LINES.strip().splitlines():
        yield lambda told, text=text: shlex.split(text.format(**names(told)))


def names(told: Told) -> dict[str, str]:
    """What the life has made: vpc, subnet, web, db, rule, list, eni; made up where it hasn't been made yet."""
    found = {
        "vpc": "vpc-0", "subnet": "subnet-0", "web": "sg-0", "db": "sg-0", "rule": "sgr-0", "list": "pl-0", "eni": "eni-0",
    }  # fmt: skip
    groups = []
    for answer in told:
        found["vpc"] = answer.get("Vpc", {}).get("VpcId", found["vpc"])
        found["subnet"] = answer.get("Subnet", {}).get("SubnetId", found["subnet"])
        found["eni"] = answer.get("NetworkInterface", {}).get("NetworkInterfaceId", found["eni"])
        found["list"] = answer.get("PrefixList", {}).get("PrefixListId", found["list"])
        rules = answer.get("SecurityGroupRules") if "Return" in answer else None
        found["rule"] = rules[0]["SecurityGroupRuleId"] if rules else found["rule"]
        groups += [answer["GroupId"]] if set(answer) >= {"GroupId", "SecurityGroupArn"} else []
    return {**found, **dict(zip(("web", "db"), groups, strict=False))}


LINES = """
describe-vpcs --filters Name=is-default,Values=true
create-vpc --cidr-block 10.0.0.0/16 --tag-specifications 'ResourceType=vpc,Tags=[{{Key=Name,Value=a b}}]'
modify-vpc-attribute --vpc-id {vpc} --enable-dns-hostnames
describe-vpc-attribute --vpc-id {vpc} --attribute enableDnsHostnames
create-subnet --vpc-id {vpc} --cidr-block 10.0.1.0/24
create-security-group --group-name web --description 'the web' --vpc-id {vpc}
create-security-group --group-name db --description "it's <the> & database" --vpc-id {vpc}
create-security-group --group-name web --description again --vpc-id {vpc}
authorize-security-group-ingress --group-id {web} --protocol tcp --port 22 --cidr 203.0.113.0/24
authorize-security-group-ingress --group-id {web} --protocol tcp --port 22 --cidr 203.0.113.0/24
authorize-security-group-ingress --group-id {web} --ip-permissions IpProtocol=tcp,FromPort=443,ToPort=443,IpRanges=[{{CidrIp=0.0.0.0/0,Description=all}}],Ipv6Ranges=[{{CidrIpv6=::/0}}]
authorize-security-group-ingress --group-id {db} --protocol tcp --port 5432 --source-group {web}
authorize-security-group-ingress --group-id {db} --protocol icmp --port 8--1 --cidr 10.0.0.0/16 --output text
authorize-security-group-egress --group-id {db} --protocol udp --port 53 --cidr 10.0.0.2/32 --output table
authorize-security-group-ingress --group-id {web} --protocol tcp --port 22 --cidr 10.0.0.0/33
authorize-security-group-ingress --group-id sg-0123456789abcdef0 --protocol tcp --port 22 --cidr 10.0.0.0/8
describe-security-groups --group-ids {web} {db}
describe-security-groups --group-ids {web} --output text
describe-security-groups --group-ids {db} --output table
describe-security-groups --filters Name=vpc-id,Values={vpc} --query 'SecurityGroups[].[GroupName,length(IpPermissions)]' --output text
describe-security-groups --filters Name=vpc-id,Values={vpc} --max-items 1
describe-security-groups --group-names web
describe-security-group-rules --filters Name=group-id,Values={web}
describe-security-group-rules --filters Name=group-id,Values={web} --page-size 5 --max-items 2 --output text
update-security-group-rule-descriptions-ingress --group-id {web} --ip-permissions '[{{"IpProtocol":"tcp","FromPort":443,"ToPort":443,"IpRanges":[{{"CidrIp":"0.0.0.0/0","Description":"everyone"}}]}}]'
modify-security-group-rules --group-id {web} --security-group-rules SecurityGroupRuleId={rule},SecurityGroupRule={{IpProtocol=tcp,FromPort=1,ToPort=2,CidrIpv4=10.0.0.0/8}}
create-tags --resources {web} {db} --tags Key=Name,Value=ü Key=empty,Value=
describe-tags --filters Name=resource-id,Values={web}
delete-tags --resources {web} --tags Key=empty
create-managed-prefix-list --prefix-list-name offices --max-entries 5 --address-family IPv4 --entries Cidr=10.0.0.0/8,Description=a
get-managed-prefix-list-entries --prefix-list-id {list} --output table
modify-managed-prefix-list --prefix-list-id {list} --current-version 1 --add-entries Cidr=172.16.0.0/12
create-network-interface --subnet-id {subnet} --groups {web} --description front
describe-network-interfaces --network-interface-ids {eni} --output text
modify-network-interface-attribute --network-interface-id {eni} --groups {web} {db}
revoke-security-group-ingress --group-id {web} --protocol tcp --port 22 --cidr 203.0.113.0/24 --dry-run
revoke-security-group-ingress --group-id {web} --protocol tcp --port 22 --cidr 203.0.113.0/24
revoke-security-group-ingress --group-id {web} --protocol tcp --port 22 --cidr 203.0.113.0/24
revoke-security-group-ingress --group-id {db} --security-group-rule-ids sgr-0123456789abcdef0
revoke-security-group-ingress --group-id {db} --protocol tcp --port 5432 --source-group {web} --output table
revoke-security-group-egress --group-id {db} --ip-permissions IpProtocol=-1,IpRanges=[{{CidrIp=0.0.0.0/0}}] --output text
describe-stale-security-groups --vpc-id {vpc}
describe-security-group-references --group-id {web}
delete-security-group --group-id {web}
delete-network-interface --network-interface-id {eni}
delete-security-group --group-id {web}
wait security-group-exists --group-ids {db}
describe-regions --query 'Regions[0].RegionName' --output text
describe-availability-zones --output text
describe-account-attributes
"""
