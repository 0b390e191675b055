"""Addresses assigned to interfaces and taken away: state, call, answer or refusal; and what no sequence can break."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from account import Account
from one_host import World
from plain_store import PlainStore
from ringwall.domain.errors import ServiceError
from ringwall.domain.quota import NO_LIMITS


@pytest.fixture
def world(account: Account) -> World:
    """One host with 10.0.1.5 and 10.0.1.6."""
    return World(account)


def ipv6_world(account: Account) -> tuple[World, str]:
    """A world whose subnet has an IPv6 block, and an interface in it."""
    world = World(account)
    vpc_id = account.vpc("10.8.0.0/16", Ipv6CidrBlock="fd00:1::/56", Ipv6Pool="pool")
    request = {"VpcId": vpc_id, "CidrBlock": "10.8.0.0/24", "Ipv6CidrBlock": "fd00:1:0:1::/64"}
    world.subnet_id = account.call("CreateSubnet", **request)["Subnet"]["SubnetId"]
    return world, world.free(Ipv6Addresses=[{"Ipv6Address": "fd00:1:0:1::20"}])


# --- AssignPrivateIpAddresses ---


def test_addresses_are_assigned(account: Account, world: World) -> None:
    made = world.free()
    answer = account.call(
        "AssignPrivateIpAddresses", NetworkInterfaceId=made, PrivateIpAddresses=["10.0.1.30", "10.0.1.29"]
    )
    assert answer == {
        "NetworkInterfaceId": made,
        "AssignedPrivateIpAddresses": [{"PrivateIpAddress": "10.0.1.30"}, {"PrivateIpAddress": "10.0.1.29"}],
        "AssignedIpv4Prefixes": [],
    }
    assert world.addresses(made) == ["10.0.1.4", "10.0.1.30", "10.0.1.29"]


def test_as_many_addresses_as_asked_for(account: Account, world: World) -> None:
    made = world.free()
    answer = account.call("AssignPrivateIpAddresses", NetworkInterfaceId=made, SecondaryPrivateIpAddressCount=2)
    assert [each["PrivateIpAddress"] for each in answer["AssignedPrivateIpAddresses"]] == ["10.0.1.7", "10.0.1.8"]
    assert world.addresses(made) == ["10.0.1.4", "10.0.1.7", "10.0.1.8"]


def test_an_address_that_it_has_stays(account: Account, world: World) -> None:
    made = world.free(SecondaryPrivateIpAddressCount=1)
    before = account.picture()
    for address in world.addresses(made):
        account.call("AssignPrivateIpAddresses", NetworkInterfaceId=made, PrivateIpAddresses=[address])
    assert account.picture() == before


def test_an_address_moves_if_that_is_allowed(account: Account, world: World) -> None:
    loser, winner = world.free(SecondaryPrivateIpAddressCount=2), world.free()
    moved = world.addresses(loser)[1]
    request = {"NetworkInterfaceId": winner, "PrivateIpAddresses": ["10.0.1.99", moved]}
    assert account.refused("AssignPrivateIpAddresses", **request) == (
        "InvalidParameterValue",
        f"Some of [{moved}] is assigned, but move is not allowed.",
    )
    account.call("AssignPrivateIpAddresses", **request, AllowReassignment=True)
    assert world.addresses(winner)[1:] == ["10.0.1.99", moved]
    assert moved not in world.addresses(loser)
    assert len(world.addresses(loser)) == 2


HOSTS = (
    "UnsupportedOperation",
    "Network interface '{eni}' is an enrolled host's own: its addresses are those that the host's kernel has. "
    "Change them there.",
)
LIMIT = ("PrivateIpAddressLimitExceeded", "Number of private addresses will exceed limit.")


def invalid(text: str) -> tuple[str, str]:
    """The refusal of a value, with its text."""
    return "InvalidParameterValue", text


ASSIGN: list[tuple[dict[str, Any], tuple[str, str]]] = [
    (
        {"NetworkInterfaceId": "eni-0", "SecondaryPrivateIpAddressCount": 1},
        ("InvalidNetworkInterfaceID.NotFound", "The networkInterface ID 'eni-0' does not exist"),
    ),
    ({"NetworkInterfaceId": "{eni}", "SecondaryPrivateIpAddressCount": 1}, HOSTS),
    ({"NetworkInterfaceId": "{eni}", "PrivateIpAddresses": ["10.0.1.9"]}, HOSTS),
    ({"PrivateIpAddresses": ["10.0.1.6"], "AllowReassignment": True}, HOSTS),
    (
        {"PrivateIpAddresses": ["{other}"], "AllowReassignment": True},
        invalid("Address {other} is the primary address of {other_id} and can't be reassigned."),
    ),
    ({"PrivateIpAddresses": ["x"]}, invalid("invalid value for parameter secondary-addresses: x")),
    ({"PrivateIpAddresses": ["10.0.1.9/32"]}, invalid("invalid value for parameter secondary-addresses: 10.0.1.9/32")),
    ({"PrivateIpAddresses": ["10.0.2.9"]}, invalid("Address 10.0.2.9 does not fall within the subnet's address range")),
    ({"PrivateIpAddresses": ["10.0.1.1"]}, invalid("Address 10.0.1.1 is in subnet's reserved address range")),
    ({"PrivateIpAddresses": ["10.0.1.9", "10.0.1.9"]}, invalid("Address 10.0.1.9 is given more than once.")),
    (
        {"PrivateIpAddresses": ["10.0.1.9", "10.0.1.5", "10.0.1.6"]},
        invalid("Some of [10.0.1.5, 10.0.1.6] is assigned, but move is not allowed."),
    ),
    (
        {"SecondaryPrivateIpAddressCount": 248},
        (
            "InsufficientFreeAddressesInSubnet",
            "The specified subnet does not have enough free addresses to satisfy the request.",
        ),
    ),
    ({"SecondaryPrivateIpAddressCount": 256}, LIMIT),
    (
        {"PrivateIpAddresses": ["10.0.1.9"], "SecondaryPrivateIpAddressCount": 1},
        (
            "InvalidParameterCombination",
            "The parameter privateIpAddresses cannot be used with the parameter secondaryPrivateIpAddressCount",
        ),
    ),
    (
        {},
        (
            "MissingParameter",
            "Either 'privateIpAddresses' or 'secondaryPrivateIpAddressCount' should be provided.",
        ),
    ),
    (
        {"SecondaryPrivateIpAddressCount": 0},
        invalid("Value (0) for parameter secondaryPrivateIpAddressCount is invalid. Expecting a value of at least 1."),
    ),
    (
        {"SecondaryPrivateIpAddressCount": 1, "Ipv4Prefixes": ["10.0.1.16/28"]},
        ("UnsupportedOperation", "The parameter Ipv4Prefixes isn't supported here."),
    ),
    (
        {"SecondaryPrivateIpAddressCount": 1, "Ipv4PrefixCount": 1},
        ("UnsupportedOperation", "The parameter Ipv4PrefixCount isn't supported here."),
    ),
]


@pytest.mark.parametrize(("given", "expected"), ASSIGN)
def test_assigning_is_refused(account: Account, world: World, given: dict[str, Any], expected: tuple[str, str]) -> None:
    made, world.other_id = world.free(), world.free()
    (world.other,) = world.addresses(world.other_id)
    request = world.named({"NetworkInterfaceId": made} | given)
    code, message = expected
    assert account.refused("AssignPrivateIpAddresses", **request) == (code, world.named(message))


# --- UnassignPrivateIpAddresses ---


def test_addresses_are_unassigned(account: Account, world: World) -> None:
    """openstack-functional-expectations.json's suite: by addresses, then described."""
    made = world.free(SecondaryPrivateIpAddressCount=3)
    primary, *others = world.addresses(made)
    request = {"NetworkInterfaceId": made, "PrivateIpAddresses": [others[0], others[2], others[0]]}
    assert account.call("UnassignPrivateIpAddresses", **request) == {}
    assert world.addresses(made) == [primary, others[1]]


UNASSIGN: list[tuple[dict[str, Any], tuple[str, str]]] = [
    (
        {"NetworkInterfaceId": "eni-0", "PrivateIpAddresses": ["10.0.1.4"]},
        ("InvalidNetworkInterfaceID.NotFound", "The networkInterface ID 'eni-0' does not exist"),
    ),
    ({"NetworkInterfaceId": "{eni}", "PrivateIpAddresses": ["10.0.1.6"]}, HOSTS),
    (
        {"PrivateIpAddresses": ["10.0.1.7", "10.0.1.4"]},
        invalid(
            "Value (10.0.1.4) for parameter privateIpAddresses is invalid. The primary IP address can't be unassigned."
        ),
    ),
    (
        {"PrivateIpAddresses": ["10.0.1.7", "10.0.1.6"]},
        invalid("Some of the specified addresses are not assigned to interface {made}"),
    ),
    ({"PrivateIpAddresses": ["x"]}, invalid("Some of the specified addresses are not assigned to interface {made}")),
    ({}, ("MissingParameter", "The request must contain the parameter privateIpAddress")),
    (
        {"PrivateIpAddresses": ["10.0.1.7"], "Ipv4Prefixes": ["10.0.1.16/28"]},
        ("UnsupportedOperation", "The parameter Ipv4Prefixes isn't supported here."),
    ),
]


@pytest.mark.parametrize(("given", "expected"), UNASSIGN)
def test_unassigning_is_refused(
    account: Account, world: World, given: dict[str, Any], expected: tuple[str, str]
) -> None:
    world.made = world.free(SecondaryPrivateIpAddressCount=1)
    request = world.named({"NetworkInterfaceId": "{made}"} | given)
    code, message = expected
    assert account.refused("UnassignPrivateIpAddresses", **request) == (code, world.named(message))


# --- AssignIpv6Addresses, UnassignIpv6Addresses ---


def test_ipv6_addresses_come_and_go(account: Account) -> None:
    world, made = ipv6_world(account)
    answer = account.call("AssignIpv6Addresses", NetworkInterfaceId=made, Ipv6AddressCount=2)
    assert answer == {
        "NetworkInterfaceId": made,
        "AssignedIpv6Addresses": ["fd00:1:0:1::4", "fd00:1:0:1::5"],
        "AssignedIpv6Prefixes": [],
    }
    given = ["fd00:1:0:1:0::20", "FD00:1:0:1::21"]
    answer = account.call("AssignIpv6Addresses", NetworkInterfaceId=made, Ipv6Addresses=given)
    assert answer["AssignedIpv6Addresses"] == ["fd00:1:0:1::21"]
    answer = account.call("UnassignIpv6Addresses", NetworkInterfaceId=made, Ipv6Addresses=[given[0], "fd00:1:0:1::4"])
    assert answer == {
        "NetworkInterfaceId": made,
        "UnassignedIpv6Addresses": ["fd00:1:0:1::20", "fd00:1:0:1::4"],
        "UnassignedIpv6Prefixes": [],
    }
    assert world.ipv6(made) == ["fd00:1:0:1::5", "fd00:1:0:1::21"]
    assert world.addresses(made) == ["10.8.0.4"]


IPV6: list[tuple[str, dict[str, Any], tuple[str, str]]] = [
    ("Assign", {"NetworkInterfaceId": "{eni}", "Ipv6AddressCount": 1}, HOSTS),
    ("Unassign", {"NetworkInterfaceId": "{eni}", "Ipv6Addresses": ["fd00:1:0:1::20"]}, HOSTS),
    (
        "Assign",
        {"Ipv6Addresses": ["fd00:1:0:1::aa"]},
        ("InvalidIPAddress.InUse", "The specified address is already in use."),
    ),
    ("Assign", {"Ipv6Addresses": ["10.8.0.9"]}, invalid("invalid value for parameter ipv6-addresses: 10.8.0.9")),
    (
        "Assign",
        {"Ipv6Addresses": ["fd00:1:0:2::9"]},
        invalid("Address fd00:1:0:2::9 does not fall within the subnet's address range"),
    ),
    (
        "Assign",
        {"Ipv6Addresses": ["fd00:1:0:1:ffff:ffff:ffff:ffff"]},
        invalid("Address fd00:1:0:1:ffff:ffff:ffff:ffff is in subnet's reserved address range"),
    ),
    (
        "Assign",
        {"Ipv6Addresses": ["fd00:1:0:1::9", "fd00:1:0:1::9"]},
        invalid("Address fd00:1:0:1::9 is given more than once."),
    ),
    ("Assign", {"Ipv6AddressCount": 256}, LIMIT),
    (
        "Assign",
        {"Ipv6AddressCount": 1, "Ipv6Addresses": ["fd00:1:0:1::9"]},
        (
            "InvalidParameterCombination",
            "The parameter ipv6Addresses cannot be used with the parameter ipv6AddressCount",
        ),
    ),
    ("Assign", {}, ("MissingParameter", "Either 'ipv6Addresses' or 'ipv6AddressCount' should be provided.")),
    (
        "Assign",
        {"Ipv6AddressCount": 1, "Ipv6PrefixCount": 1},
        ("UnsupportedOperation", "The parameter Ipv6PrefixCount isn't supported here."),
    ),
    ("Unassign", {}, ("MissingParameter", "The request must contain the parameter ipv6Addresses")),
    (
        "Unassign",
        {"Ipv6Addresses": ["fd00:1:0:1::20", "fd00:1:0:1::9"]},
        invalid("Some of the specified addresses are not assigned to interface {made}"),
    ),
    (
        "Unassign",
        {"Ipv6Addresses": ["fd00:1:0:1::20"], "Ipv6Prefixes": ["fd00:1:0:1::/80"]},
        ("UnsupportedOperation", "The parameter Ipv6Prefixes isn't supported here."),
    ),
]


@pytest.mark.parametrize(("verb", "given", "expected"), IPV6)
def test_ipv6_is_refused(account: Account, verb: str, given: dict[str, Any], expected: tuple[str, str]) -> None:
    world, world.made = ipv6_world(account)
    world.free(Ipv6Addresses=[{"Ipv6Address": "fd00:1:0:1::aa"}])
    request = world.named({"NetworkInterfaceId": "{made}"} | given)
    code, message = expected
    assert account.refused(f"{verb}Ipv6Addresses", **request) == (code, world.named(message))


def test_a_subnet_without_ipv6(account: Account, world: World) -> None:
    request = {"NetworkInterfaceId": world.free(), "Ipv6AddressCount": 1}
    expected = invalid(f"The subnet '{world.subnet_id}' has no IPv6 CIDR block.")
    assert account.refused("AssignIpv6Addresses", **request) == expected


@pytest.mark.parametrize(
    "name",
    ["AssignPrivateIpAddresses", "UnassignPrivateIpAddresses", "AssignIpv6Addresses", "UnassignIpv6Addresses"],
)
def test_before_a_dry_run(account: Account, name: str) -> None:
    missing = ("MissingParameter", "The request must contain the parameter networkInterfaceId")
    assert account.checked(name) == missing
    malformed = ("InvalidNetworkInterfaceId.Malformed", 'Invalid id: "x" (expecting "eni-...")')
    assert account.checked(name, NetworkInterfaceId="x") == malformed


# --- What no sequence can break ---

BLOCKS = ("10.8.0.0/28", "fd00:1:0:1::/64")
ipv4 = st.integers(0, 18).map(lambda number: f"10.8.0.{number}")
ipv6 = st.integers(0, 8).map(lambda number: f"fd00:1:0:1::{number:x}")
which = st.integers(0, 5)


class Addresses(RuleBasedStateMachine):
    """Interfaces made, deleted and given addresses in a subnet so small that it is often full."""

    @initialize()
    def make_a_subnet(self) -> None:
        """One subnet of 11 free addresses, two of them a host's."""
        self.account = Account(PlainStore(), quota=NO_LIMITS)
        vpc_id = self.account.vpc("10.8.0.0/16", Ipv6CidrBlock="fd00:1::/56", Ipv6Pool="pool")
        request = {"VpcId": vpc_id, "CidrBlock": BLOCKS[0], "Ipv6CidrBlock": BLOCKS[1]}
        self.subnet_id = self.account.call("CreateSubnet", **request)["Subnet"]["SubnetId"]
        group_id = self.account.default_group(vpc_id)
        _, host = self.account.enrolled(self.subnet_id, [group_id], addresses=("10.8.0.1", "10.8.0.9"))
        self.ids = [host.interface_id]

    @rule(primary=st.none() | ipv4, others=st.lists(ipv4, max_size=2), number=st.integers(0, 3), six=st.integers(0, 2))
    def create(self, primary: str | None, others: list[str], number: int, six: int) -> None:
        """One interface more."""
        request = {"SecondaryPrivateIpAddressCount": number, "Ipv6AddressCount": six}
        request["PrivateIpAddresses"] = [{"PrivateIpAddress": address} for address in others]
        if primary is not None:
            request["PrivateIpAddress"] = primary
        made = self._call("CreateNetworkInterface", SubnetId=self.subnet_id, **request)
        if made is not None:
            self.ids.append(made["NetworkInterface"]["NetworkInterfaceId"])

    @rule(at=which)
    def delete(self, at: int) -> None:
        """One interface less."""
        interface_id = self.ids[at % len(self.ids)]
        if self._call("DeleteNetworkInterface", NetworkInterfaceId=interface_id) is not None:
            self.ids.remove(interface_id)

    @rule(at=which, addresses=st.lists(ipv4, min_size=1, max_size=3), move=st.booleans())
    def assign(self, at: int, addresses: list[str], move: bool) -> None:
        """Addresses given, some of them others'."""
        request = {"PrivateIpAddresses": addresses, "AllowReassignment": move}
        self._call("AssignPrivateIpAddresses", NetworkInterfaceId=self.ids[at % len(self.ids)], **request)

    @rule(at=which, number=st.integers(1, 4))
    def assign_some(self, at: int, number: int) -> None:
        """Addresses chosen."""
        request = {"SecondaryPrivateIpAddressCount": number}
        self._call("AssignPrivateIpAddresses", NetworkInterfaceId=self.ids[at % len(self.ids)], **request)

    @rule(at=which, addresses=st.lists(ipv4, min_size=1, max_size=2))
    def unassign(self, at: int, addresses: list[str]) -> None:
        """Addresses taken away."""
        self._call(
            "UnassignPrivateIpAddresses", NetworkInterfaceId=self.ids[at % len(self.ids)], PrivateIpAddresses=addresses
        )

    @rule(at=which, addresses=st.lists(ipv6, min_size=1, max_size=2), verb=st.sampled_from(["Assign", "Unassign"]))
    def change_ipv6(self, at: int, addresses: list[str], verb: str) -> None:
        """The same for IPv6."""
        self._call(f"{verb}Ipv6Addresses", NetworkInterfaceId=self.ids[at % len(self.ids)], Ipv6Addresses=addresses)

    def _call(self, name: str, **request: Any) -> dict[str, Any] | None:
        before = self.account.picture()
        try:
            return self.account.call(name, **request)
        except ServiceError:
            assert self.account.picture() == before, "a refused request changed something"
            return None

    @invariant()
    def addresses_are_held_once_inside_and_the_first_is_primary(self) -> None:
        """Whatever was asked."""
        shown = self.account.call("DescribeNetworkInterfaces")["NetworkInterfaces"]
        assert [each["NetworkInterfaceId"] for each in shown] == self.ids
        held = []
        for each in shown:
            private = each["PrivateIpAddresses"]
            assert [item["Primary"] for item in private] == [True] + [False] * (len(private) - 1)
            assert each["PrivateIpAddress"] == private[0]["PrivateIpAddress"]
            mine = [item["PrivateIpAddress"] for item in private] + [
                item["Ipv6Address"] for item in each["Ipv6Addresses"]
            ]
            if each["Status"] == "available":
                assert not {"10.8.0.1", "10.8.0.9", "10.8.0.15", "fd00:1:0:1::3"}.intersection(mine)
            held += mine
        assert len(held) == len(set(held))
        networks = [ip_network(block) for block in BLOCKS]
        assert all(any(ip_address(address) in network for network in networks) for address in held)


TestAddresses = Addresses.TestCase
TestAddresses.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
