"""A line or two for every operation, as somebody would type them. Tests read each of them."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[str, ...]] = {
    "accept-vpc-peering-connection": ("--vpc-peering-connection-id pcx-0123456789abcdef0",),
    "assign-ipv6-addresses": ("--network-interface-id eni-0123456789abcdef0 --ipv6-address-count 1",),
    "assign-private-ip-addresses": (
        "--network-interface-id eni-0123456789abcdef0 --private-ip-addresses 10.0.0.10 10.0.0.11",
    ),
    "associate-security-group-vpc": ("--group-id sg-0123456789abcdef0 --vpc-id vpc-0123456789abcdef0",),
    "associate-vpc-cidr-block": ("--vpc-id vpc-0123456789abcdef0 --cidr-block 10.1.0.0/16",),
    "attach-network-interface": (
        "--network-interface-id eni-0123456789abcdef0 --instance-id i-0123456789abcdef0 --device-index 1",
    ),
    "authorize-security-group-egress": (
        "--group-id sg-0123456789abcdef0 --protocol tcp --port 443 --cidr 0.0.0.0/0",
        "--group-id sg-0123456789abcdef0 --ip-permissions "
        "IpProtocol=tcp,FromPort=443,ToPort=443,Ipv6Ranges=[{CidrIpv6=::/0}]",
    ),
    "authorize-security-group-ingress": (
        "--group-id sg-0123456789abcdef0 --protocol tcp --port 22 --cidr 203.0.113.0/24",
        "--group-id sg-0123456789abcdef0 --ip-permissions "
        "'IpProtocol=tcp,FromPort=22,ToPort=22,IpRanges=[{CidrIp=203.0.113.0/24,Description=\"the office\"}]'",
        "--group-name web --protocol tcp --port 8000-8080 --source-group balancer",
    ),
    "create-default-subnet": ("--availability-zone us-east-1a",),
    "create-default-vpc": ("",),
    "create-managed-prefix-list": (
        "--prefix-list-name offices --address-family IPv4 --max-entries 10 "
        "--entries Cidr=203.0.113.0/24,Description=Berlin Cidr=198.51.100.0/24,Description=Oslo",
    ),
    "create-network-interface": ("--subnet-id subnet-0123456789abcdef0 --groups sg-0123456789abcdef0",),
    "create-security-group": ("--group-name web --description 'web servers' --vpc-id vpc-0123456789abcdef0",),
    "create-subnet": ("--vpc-id vpc-0123456789abcdef0 --cidr-block 10.0.1.0/24",),
    "create-tags": ("--resources sg-0123456789abcdef0 --tags Key=team,Value=web Key=stage,Value=live",),
    "create-vpc": ("--cidr-block 10.0.0.0/16",),
    "create-vpc-peering-connection": ("--vpc-id vpc-0123456789abcdef0 --peer-vpc-id vpc-0fedcba9876543210",),
    "delete-managed-prefix-list": ("--prefix-list-id pl-0123456789abcdef0",),
    "delete-network-interface": ("--network-interface-id eni-0123456789abcdef0",),
    "delete-security-group": ("--group-id sg-0123456789abcdef0",),
    "delete-subnet": ("--subnet-id subnet-0123456789abcdef0",),
    "delete-tags": ("--resources sg-0123456789abcdef0 --tags Key=stage",),
    "delete-vpc": ("--vpc-id vpc-0123456789abcdef0",),
    "delete-vpc-peering-connection": ("--vpc-peering-connection-id pcx-0123456789abcdef0",),
    "describe-account-attributes": ("--attribute-names default-vpc",),
    "describe-availability-zones": ("",),
    "describe-instance-attribute": ("--instance-id i-0123456789abcdef0 --attribute groupSet",),
    "describe-instances": ("--filters Name=instance.group-id,Values=sg-0123456789abcdef0",),
    "describe-managed-prefix-lists": ("--filters Name=prefix-list-name,Values=offices",),
    "describe-network-interface-attribute": ("--network-interface-id eni-0123456789abcdef0 --attribute groupSet",),
    "describe-network-interfaces": (
        "--filters Name=group-id,Values=sg-0123456789abcdef0 "
        "--query 'NetworkInterfaces[].PrivateIpAddress' --output text",
    ),
    "describe-prefix-lists": ("",),
    "describe-regions": ("--query 'Regions[].RegionName' --output text",),
    "describe-security-group-references": ("--group-id sg-0123456789abcdef0",),
    "describe-security-group-rules": (
        "--filters Name=group-id,Values=sg-0123456789abcdef0 --output table",
        "--security-group-rule-ids sgr-0123456789abcdef0",
    ),
    "describe-security-group-vpc-associations": ("--filters Name=group-id,Values=sg-0123456789abcdef0",),
    "describe-security-groups": (
        "--group-names web",
        "--filters Name=ip-permission.cidr,Values=0.0.0.0/0 --query 'SecurityGroups[].GroupId'",
    ),
    "describe-stale-security-groups": ("--vpc-id vpc-0123456789abcdef0",),
    "describe-subnets": ("--filters Name=vpc-id,Values=vpc-0123456789abcdef0",),
    "describe-tags": ("--filters Name=resource-type,Values=security-group",),
    "describe-vpc-attribute": ("--vpc-id vpc-0123456789abcdef0 --attribute enableDnsSupport",),
    "describe-vpc-peering-connections": ("--filters Name=status-code,Values=active",),
    "describe-vpcs": ("--filters Name=is-default,Values=true",),
    "detach-network-interface": ("--attachment-id eni-attach-0123456789abcdef0",),
    "disassociate-security-group-vpc": ("--group-id sg-0123456789abcdef0 --vpc-id vpc-0123456789abcdef0",),
    "disassociate-vpc-cidr-block": ("--association-id vpc-cidr-assoc-0123456789abcdef0",),
    "get-managed-prefix-list-associations": ("--prefix-list-id pl-0123456789abcdef0",),
    "get-managed-prefix-list-entries": ("--prefix-list-id pl-0123456789abcdef0 --target-version 2",),
    "get-security-groups-for-vpc": ("--vpc-id vpc-0123456789abcdef0",),
    "modify-instance-attribute": (
        "--instance-id i-0123456789abcdef0 --groups sg-0123456789abcdef0 sg-0fedcba9876543210",
    ),
    "modify-managed-prefix-list": (
        "--prefix-list-id pl-0123456789abcdef0 --current-version 1 "
        "--add-entries Cidr=192.0.2.0/24,Description=Rome --remove-entries Cidr=198.51.100.0/24",
    ),
    "modify-network-interface-attribute": (
        "--network-interface-id eni-0123456789abcdef0 --groups sg-0123456789abcdef0",
        "--network-interface-id eni-0123456789abcdef0 --no-source-dest-check",
    ),
    "modify-security-group-rules": (
        "--group-id sg-0123456789abcdef0 --security-group-rules "
        "SecurityGroupRuleId=sgr-0123456789abcdef0,"
        "SecurityGroupRule={IpProtocol=tcp,FromPort=443,ToPort=443,CidrIpv4=203.0.113.0/24}",
    ),
    "modify-vpc-attribute": ("--vpc-id vpc-0123456789abcdef0 --no-enable-dns-support",),
    "reject-vpc-peering-connection": ("--vpc-peering-connection-id pcx-0123456789abcdef0",),
    "restore-managed-prefix-list-version": (
        "--prefix-list-id pl-0123456789abcdef0 --previous-version 1 --current-version 2",
    ),
    "revoke-security-group-egress": (
        "--group-id sg-0123456789abcdef0 --security-group-rule-ids sgr-0123456789abcdef0",
        "--group-id sg-0123456789abcdef0 --protocol all --cidr 0.0.0.0/0",
    ),
    "revoke-security-group-ingress": (
        "--group-name web --protocol tcp --port 22 --cidr 203.0.113.0/24",
        "--group-id sg-0123456789abcdef0 --security-group-rule-ids sgr-0123456789abcdef0 sgr-0fedcba9876543210",
        "--group-id sg-0123456789abcdef0 --ip-permissions "
        "IpProtocol=tcp,FromPort=22,ToPort=22,Ipv6Ranges=[{CidrIpv6=::/0}]",
    ),
    "unassign-ipv6-addresses": ("--network-interface-id eni-0123456789abcdef0 --ipv6-addresses 2001:db8::10",),
    "unassign-private-ip-addresses": ("--network-interface-id eni-0123456789abcdef0 --private-ip-addresses 10.0.0.10",),
    "update-security-group-rule-descriptions-egress": (
        "--group-id sg-0123456789abcdef0 --security-group-rule-descriptions "
        "SecurityGroupRuleId=sgr-0123456789abcdef0,Description=mirrors",
    ),
    "update-security-group-rule-descriptions-ingress": (
        "--group-id sg-0123456789abcdef0 --ip-permissions "
        "IpProtocol=tcp,FromPort=22,ToPort=22,IpRanges=[{CidrIp=203.0.113.0/24,Description=office}]",
    ),
    "wait": (
        "security-group-exists --group-ids sg-0123456789abcdef0",
        "vpc-available --vpc-ids vpc-0123456789abcdef0",
    ),
}
"""Operation on the command line -> what follows it."""
