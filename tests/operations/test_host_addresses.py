"""Which of the addresses that a host reports become its interface's."""

from __future__ import annotations

import pytest

from ringwall.domain.errors import InvalidParameterValue
from ringwall.domain.vpc import Subnet
from ringwall.operations.hosts import usable_addresses

SUBNET = Subnet(
    "subnet-1", "vpc-1", "123456789012", "us-east-1", "10.0.1.0/24", "us-east-1a", ipv6_cidr_block="2001:db8:1::/64"
)


class Holders:
    """A reader in which one address is held."""

    def address_holder(self, vpc_id: str, address: str) -> str | None:
        return "eni-other" if address == "10.0.1.7" else None


def usable(
    *addresses: str, subnet: Subnet = SUBNET, held_by: frozenset[str] = frozenset()
) -> tuple[object, object, list[str]]:
    private_ips, ipv6_addresses, refused = usable_addresses(Holders(), subnet, addresses, held_by)  # type: ignore[arg-type]
    return private_ips, ipv6_addresses, [f"{item.address} {item.reason}" for item in refused]


def test_those_in_the_subnet_are_the_interfaces_in_their_order_and_once() -> None:
    assert usable("10.0.1.9/24", "10.0.1.5/32", "2001:DB8:1::5/64", "10.0.1.9/24", "fe80::1/64", "169.254.0.9/16") == (
        ("10.0.1.9", "10.0.1.5"), ("2001:db8:1::5",), [],
    )  # fmt: skip


def test_a_scope_does_not_make_another_address_of_one() -> None:
    assert usable("2001:db8:1::5/64", "2001:db8:1::5%eth0/64") == ((), ("2001:db8:1::5",), [])


def test_those_outside_or_held_by_another_are_refused_with_the_reason() -> None:
    assert usable("10.0.2.9/24", "10.0.1.7/24", "2001:db8:2::1/64", "10.0.1.8/24") == (
        ("10.0.1.8",),
        (),
        [
            "10.0.2.9 lies outside subnet-1 (10.0.1.0/24 or 2001:db8:1::/64)",
            "10.0.1.7 is held by eni-other",
            "2001:db8:2::1 lies outside subnet-1 (10.0.1.0/24 or 2001:db8:1::/64)",
        ],
    )
    assert usable("10.0.1.7/24", held_by=frozenset(["eni-other"])) == (("10.0.1.7",), (), [])


def test_the_networks_and_the_broadcast_address_are_no_hosts() -> None:
    text = "is the network's or the broadcast address of subnet-1"
    assert usable("10.0.1.0/24", "10.0.1.255/24") == ((), (), [f"10.0.1.0 {text}", f"10.0.1.255 {text}"])
    assert usable("2001:db8:1::/64") == ((), ("2001:db8:1::",), [])


@pytest.mark.parametrize("text", ["", "host", "10.0.1.5/33", "10.0.1", "10.0.1.5/24/24"])
def test_what_is_no_address_is_refused_whole(text: str) -> None:
    with pytest.raises(InvalidParameterValue):
        usable("10.0.1.9/24", text)


def test_so_many_addresses_are_refused() -> None:
    with pytest.raises(InvalidParameterValue, match="257 addresses; 256 are the limit"):
        usable(*[f"10.0.1.{number % 200 + 1}/24" for number in range(257)])
