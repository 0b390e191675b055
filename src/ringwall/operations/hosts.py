"""Hosts: the one-time token, the enrolment, the mode, the removal; and what a host should enforce.

These are ringwall's own operations, under /ringwall/v1; EC2's API shows an enrolled host as an instance.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final

from ringwall.domain.address import canonical_address
from ringwall.domain.errors import InvalidParameterValue, ServiceError
from ringwall.domain.group import SecurityGroup, SecurityGroupRule
from ringwall.domain.interface import Attachment, Host, Mode, NetworkInterface
from ringwall.domain.peer import PeerKind
from ringwall.domain.vpc import Subnet
from ringwall.domain.world import HostGroup, HostInterface, HostState, InterfaceKind
from ringwall.store.base import EnrolmentToken, HostKey, Reader, Transaction

from .context import Context
from .references import is_stale

TOKEN_SECONDS: Final = 3600
"""How long an enrolment token is good for."""
ADDRESSES_MAX: Final = 256
"""Addresses that one interface may report."""


class InvalidToken(ServiceError):
    """The enrolment token was never made, was used, or is too old. Which of them isn't told."""

    code = "InvalidEnrolmentToken"


class HostNotFound(ServiceError):
    """No such host in this account and region."""

    code = "InvalidInstanceID.NotFound"


@dataclass(frozen=True, slots=True)
class ReportedInterface:
    """A host's interface as its agent sees it. addresses: with prefix lengths, as `10.0.0.5/24`."""

    device: str
    mac_address: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RefusedAddress:
    """An address that is filtered but doesn't make its interface a member of anything, and why."""

    address: str
    reason: str


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A host that exists now, its key and what was refused."""

    host: Host
    key: HostKey
    interface: NetworkInterface
    refused: tuple[RefusedAddress, ...]


def create_token(context: Context, token_hash: str, subnet_id: str, device: str) -> EnrolmentToken:
    """A right to enrol one host into the subnet, for an hour.

    Raises:
        InvalidParameterValue: no such subnet, or no device name that Linux would take.
    """
    caller, transaction = context.caller, context.transaction
    if transaction.subnet(caller.account_id, caller.region, subnet_id) is None:
        raise InvalidParameterValue(f"The subnet ID '{subnet_id}' does not exist")
    check_device(device)
    expires_at = context.now + TOKEN_SECONDS
    token = EnrolmentToken(token_hash, caller.account_id, caller.region, subnet_id, device, expires_at)
    transaction.insert_enrolment_token(token)
    return token


def check_device(device: str) -> None:
    """Returns if Linux would take it for a device's name.

    Raises:
        InvalidParameterValue: it would not.
    """
    if not (0 < len(device) <= 15 and device.isascii() and device.isprintable()) or set(device) & set("/ :"):
        raise InvalidParameterValue(f"'{device}' is no name of a network interface.")


def enroll(
    context: Context,
    token: EnrolmentToken,
    hostname: str,
    reported: Sequence[ReportedInterface],
    access_key_id: str,
    secret: str,
) -> Enrolled:
    """The host that the token was made for, observing, its interface in the VPC's default group.

    The token is consumed in the same transaction, so it makes one host or none.

    Raises:
        InvalidToken: the token isn't there any more, or has expired.
        InvalidParameterValue: the host has no such interface, or none of its addresses can be the interface's.
    """
    transaction = context.transaction
    if transaction.enrolment_token(token.token_hash) is None or token.expires_at <= context.now:
        raise InvalidToken("The enrolment token is not valid: it was used, has expired, or was never made.")
    subnet = transaction.subnet(token.account_id, token.region, token.subnet_id)
    if subnet is None:
        raise InvalidParameterValue(f"The subnet ID '{token.subnet_id}' does not exist")
    found = next((interface for interface in reported if interface.device == token.device), None)
    if found is None:
        raise InvalidParameterValue(f"The host has no interface '{token.device}', for which the token was made.")
    private_ips, ipv6_addresses, refused = usable_addresses(transaction, subnet, found.addresses)
    if not private_ips and not ipv6_addresses:
        reasons = "; ".join(f"{item.address} {item.reason}" for item in refused) or "it has no address"
        raise InvalidParameterValue(f"No address of '{token.device}' can be used in {subnet.subnet_id}: {reasons}.")
    default_group = transaction.group_by_name(subnet.vpc_id, "default")
    assert default_group is not None, "every VPC has a default group"

    host = Host(
        instance_id=context.ids.new("i"),
        owner_id=token.account_id,
        region=token.region,
        subnet_id=subnet.subnet_id,
        vpc_id=subnet.vpc_id,
        hostname=hostname,
        mode=Mode.OBSERVE,
        access_key_id=access_key_id,
        enrolled_at=context.now,
    )
    interface = _interface_of(context, host, subnet, found, private_ips, ipv6_addresses, default_group.group_id)
    key = HostKey(access_key_id, secret, token.account_id, token.region, host.instance_id)
    transaction.consume_enrolment_token(token.token_hash)
    transaction.insert_host(host, key, interface)
    return Enrolled(host, key, interface, refused)


def _interface_of(
    context: Context,
    host: Host,
    subnet: Subnet,
    found: ReportedInterface,
    private_ips: tuple[str, ...],
    ipv6_addresses: tuple[str, ...],
    group_id: str,
) -> NetworkInterface:
    """The host's interface, in one group, as EC2's API will show it."""
    return NetworkInterface(
        interface_id=context.ids.new("eni"),
        owner_id=host.owner_id,
        region=host.region,
        subnet_id=subnet.subnet_id,
        vpc_id=subnet.vpc_id,
        availability_zone=subnet.availability_zone,
        attachment=Attachment(context.ids.new("eni-attach"), host.instance_id, found.device, 0, context.now),
        mac_address=found.mac_address,
        private_ips=private_ips,
        ipv6_addresses=ipv6_addresses,
        group_ids=(group_id,),
        description=f"{host.hostname} {found.device}",
        created_at=context.now,
        # Nothing on a host compares a packet's addresses with the interface's, so the check is truly off.
        source_dest_check=False,
    )


def usable_addresses(
    reader: Reader, subnet: Subnet, addresses: Sequence[str], held_by: Set[str] = frozenset()
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[RefusedAddress, ...]]:
    """The reported addresses that the interface may have: IPv4, IPv6, and those refused with the reason.

    An address must lie in the subnet, be a host's, and be held by no other interface of the VPC than those of
    `held_by`, so that no host can claim another's.
    Link-local addresses are nobody's source and are passed over in silence.

    Raises:
        InvalidParameterValue: too many, or one that is no address.
    """
    if len(addresses) > ADDRESSES_MAX:
        raise InvalidParameterValue(f"The interface reports {len(addresses)} addresses; {ADDRESSES_MAX} are the limit.")
    blocks = [ipaddress.ip_network(block) for block in (subnet.cidr_block, subnet.ipv6_cidr_block) if block]
    nobodys = {address for block in blocks if block.version == 4 for address in (block[0], block[-1])}
    usable: dict[int, list[str]] = {4: [], 6: []}
    refused: list[RefusedAddress] = []
    for text in addresses:
        try:
            address = ipaddress.ip_interface(text).ip
        except ValueError as error:
            raise InvalidParameterValue(f"'{text[:64]}' is no address with a prefix length.") from error
        if address.is_link_local:
            continue
        # Members are compared as text, so each address has one spelling, whatever Python prints of it.
        shown = canonical_address(str(address))
        assert shown is not None, "an address that was parsed can be spelt"
        holder = reader.address_holder(subnet.vpc_id, shown)
        if not any(address.version == block.version and address in block for block in blocks):
            inside = " or ".join(str(block) for block in blocks)
            refused.append(RefusedAddress(shown, f"lies outside {subnet.subnet_id} ({inside})"))
        elif address in nobodys:
            refused.append(RefusedAddress(shown, f"is the network's or the broadcast address of {subnet.subnet_id}"))
        elif holder is not None and holder not in held_by:
            refused.append(RefusedAddress(shown, f"is held by {holder}"))
        elif shown not in usable[address.version]:
            usable[address.version].append(shown)
    return tuple(usable[4]), tuple(usable[6]), tuple(refused)


def update_addresses(context: Context, reported: Sequence[ReportedInterface]) -> tuple[RefusedAddress, ...]:
    """Brings the addresses of the calling host's own interfaces up to what its agent sees; writes only a difference.

    The MAC addresses too: a further interface has none at first, and a network card may be replaced. An address may
    have moved from one of the host's devices to another; one that several have is that of the first of them. Those of a
    routed interface are what clients assigned: the host says neither where nor what it is.

    Raises:
        HostNotFound: the host was removed.
        InvalidParameterValue: too many addresses, or one that is none.
    """
    caller, transaction = context.caller, context.transaction
    by_device = {interface.device: interface for interface in reported}
    attached = transaction.interfaces_of_host(host_by_id(context, caller.host_id or "").instance_id)
    own = [each for each in attached if each.is_hosts_own and device_of(each) in by_device]
    refused: list[RefusedAddress] = []
    has: dict[str, str] = {}
    after: list[NetworkInterface] = []
    for interface in own:
        found = by_device[device_of(interface)]
        subnet = transaction.subnet(interface.owner_id, interface.region, interface.subnet_id)
        assert subnet is not None, "a subnet that has interfaces can't be deleted"
        *usable, bad = usable_addresses(transaction, subnet, found.addresses, {each.interface_id for each in own})
        refused += [*bad, *(RefusedAddress(each, f"is held by {has[each]}") for each in chain(*usable) if each in has)]
        private_ips, ipv6_addresses = (tuple(each for each in addresses if each not in has) for addresses in usable)
        has |= dict.fromkeys((*private_ips, *ipv6_addresses), interface.interface_id)
        wanted = replace(interface, private_ips=private_ips, ipv6_addresses=ipv6_addresses)
        after.append(replace(wanted, mac_address=found.mac_address))
    _write_addresses(transaction, own, after)
    return tuple(refused)


def _write_addresses(
    transaction: Transaction, before: Sequence[NetworkInterface], after: Sequence[NetworkInterface]
) -> None:
    """Writes addresses that are others. An address has one holder at any time: it is let go before it is taken."""
    for old, new in zip(before, after, strict=True):
        kept = [[each for each in having if each in new.addresses] for having in (old.private_ips, old.ipv6_addresses)]
        if len(old.addresses) > sum(map(len, kept)):
            transaction.set_interface_addresses(old, *kept)
    for old, new in zip(before, after, strict=True):
        transaction.set_interface_addresses(old, new.private_ips, new.ipv6_addresses)
        transaction.set_mac_address(old, new.mac_address)


def set_mode(context: Context, instance_id: str, mode: Mode) -> Host:
    """The host as it was, set to observe or enforce. Not checked: what the switch would cut; the server asks first.

    Raises:
        HostNotFound: no such host.
    """
    host = host_by_id(context, instance_id)
    if host.mode is not mode:
        context.transaction.set_host_mode(host, mode)
    return host


def remove(context: Context, instance_id: str) -> Host:
    """The host that was removed, with its key and its own interfaces. Its kernel keeps what it has.

    The interfaces that clients made and attached to it are available again, but for those that were to go with it.

    Raises:
        HostNotFound: no such host.
    """
    host = host_by_id(context, instance_id)
    for interface in context.transaction.interfaces_of_host(instance_id):
        if interface.attachment is not None and interface.attachment.is_routed:
            context.transaction.detach_interface(interface)
            if interface.attachment.delete_on_termination:
                context.transaction.delete_interface(interface)
    context.transaction.delete_host(host)
    return host


def device_of(interface: NetworkInterface) -> str:
    """The name that the host's kernel gives to an interface of a host; empty for a routed one."""
    assert interface.attachment is not None, "a host's interface is attached to it"
    return interface.attachment.device


def host_state(reader: Reader, account_id: str, region: str, instance_id: str) -> HostState | None:
    """Everything the host enforces, or None if there is no such host. Cost: O(its rules and the members they name).

    A stale rule admits nothing and isn't among the rules. The group that it names is among the members all the same,
    with nobody in it: an association can come back, and whoever watches the host hears of the groups in its state.
    """
    host = reader.host(account_id, region, instance_id)
    if host is None:
        return None
    interfaces = {item.interface_id: item for item in reader.interfaces_of_host(instance_id)}
    carried = {group_id for interface in interfaces.values() for group_id in interface.group_ids}
    groups: dict[str, HostGroup] = {}
    networks: dict[str, set[str]] = {}
    lists: set[str] = set()
    for group_id, rules in reader.rules_of(carried).items():
        group = reader.group(account_id, region, group_id)
        if group is None:
            continue
        live: dict[str, SecurityGroupRule] = {}
        for rule in rules:
            vpc_ids = _networks(reader, host, group, rule)
            if vpc_ids:
                live[rule.rule_id] = rule
            if rule.peer.kind is PeerKind.GROUP:
                networks.setdefault(rule.peer.value, set()).update(vpc_ids)
            elif rule.peer.kind is PeerKind.PREFIX_LIST:
                lists.add(rule.peer.value)
        draining = frozenset(each.rule.rule_id for each in reader.draining_rules_of(group_id))
        groups[group_id] = HostGroup(group_id, group.name, live, draining)
    return HostState(
        host_id=instance_id,
        mode=host.mode,
        interfaces={interface_id: enforced(interface) for interface_id, interface in interfaces.items()},
        groups=groups,
        members={group_id: _members(reader, group_id, vpc_ids) for group_id, vpc_ids in networks.items()},
        prefix_lists={list_id: _blocks(reader, account_id, region, list_id) for list_id in lists},
    )


def enforced(interface: NetworkInterface) -> HostInterface:
    """The interface as its host sees it. On a device of the host's own nothing compares addresses."""
    routed = interface.attachment is not None and interface.attachment.is_routed
    return HostInterface(
        interface.interface_id,
        device_of(interface),
        interface.addresses,
        interface.group_ids,
        InterfaceKind.ROUTED if routed else InterfaceKind.HOST,
        source_check=routed and interface.source_dest_check,
    )


def _networks(reader: Reader, host: Host, group: SecurityGroup, rule: SecurityGroupRule) -> frozenset[str]:
    """The VPCs in which the interfaces count of a group that the rule names, as the host sees it; none if it is stale.

    The host's own, and the one behind a peering connection. A host of another VPC, with which the rule's group is
    associated, isn't behind that connection.
    """
    if is_stale(reader, group, rule):
        return frozenset()
    if rule.reference is None or rule.reference.peering_id is None or host.vpc_id != group.vpc_id:
        return frozenset((host.vpc_id,))
    return frozenset((host.vpc_id, rule.reference.vpc_id))


def _members(reader: Reader, group_id: str, vpc_ids: Set[str]) -> frozenset[str]:
    """The addresses of the group's interfaces in these VPCs."""
    interfaces = reader.interfaces_of_group(group_id)
    return frozenset(address for each in interfaces if each.vpc_id in vpc_ids for address in each.addresses)


def _blocks(reader: Reader, account_id: str, region: str, prefix_list_id: str) -> frozenset[str]:
    """The blocks of a list. Nothing for AWS's own: a missing entry is an address that isn't admitted."""
    found = reader.prefix_list(account_id, region, prefix_list_id)
    if found is None or found.version is None:
        return frozenset()
    return frozenset(entry.cidr for entry in reader.prefix_list_entries(prefix_list_id, found.version) or ())


def host_by_id(context: Context, instance_id: str) -> Host:
    """The caller's host of this id in the region.

    Raises:
        HostNotFound: no such host.
    """
    host = context.transaction.host(context.caller.account_id, context.caller.region, instance_id)
    if host is None:
        raise HostNotFound(f"The instance ID '{instance_id}' does not exist")
    return host
