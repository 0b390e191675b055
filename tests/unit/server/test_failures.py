"""How often an address may fail to prove a key before it hears no reason any more."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringwall.server.throttle import BUCKETS_MAX, FAILURES, Failures, network_of


@dataclass
class Clock:
    """A clock that a test sets."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


def admitted(failures: Failures, address: str, times: int) -> int:
    """How many of so many failures in a row may hear their reason."""
    return sum(failures.admit(address) for _ in range(times))


def test_an_address_may_fail_so_often_and_then_as_often_as_time_gives_back() -> None:
    clock = Clock()
    failures = Failures("default", clock)
    assert admitted(failures, "192.0.2.1", 1_000) == FAILURES.capacity
    clock.now += 2
    assert admitted(failures, "192.0.2.1", 1_000) == 2 * FAILURES.per_second
    clock.now += 1_000
    assert admitted(failures, "192.0.2.1", 1_000) == FAILURES.capacity


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("fe80::1%eth0", "fe80::1%eth1", True),
        ("127.0.0.1", "127.0.0.1", True),
        ("", "", True),
        ("", "192.0.2.1", False),
    ],
)
def test_which_addresses_count_as_one(one: str, other: str, shared: bool) -> None:
    failures = Failures("aws", Clock())
    admitted(failures, one, 1_000)
    assert failures.admit(other) is not shared


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_a_network_of_64_bits_is_one_address(network: int, one: int, other: int) -> None:
    import ipaddress

    first, second = (ipaddress.IPv6Address((network << 64) | host) for host in (one, other))
    if first.ipv4_mapped is None and second.ipv4_mapped is None:
        assert network_of(str(first)) == network_of(str(second))


def test_memory_is_bounded_however_many_addresses_fail() -> None:
    failures = Failures("default", Clock())
    for number in range(BUCKETS_MAX + 100):
        failures.admit(f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::1")
    assert len(failures) == BUCKETS_MAX


def test_without_a_throttle_nothing_is_bounded_and_nothing_is_kept() -> None:
    failures = Failures("none", Clock())
    assert admitted(failures, "192.0.2.1", 10_000) == 10_000
    assert len(failures) == 0
