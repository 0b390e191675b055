"""Addresses: one canonical spelling, and nothing malformed gets through."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringwall.domain.address import block, canonical_address, canonical_cidr, cidr_version, disjoint


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("100.68.0.18/18", "100.68.0.0/18"),
        ("255.255.255.255/32", "255.255.255.255/32"),
        ("1.2.3.4/0", "0.0.0.0/0"),
        ("2001:DB8:0:0:0::1/32", "2001:db8::/32"),
        ("::/0", "::/0"),
        ("::FFFF:1.2.3.4/128", "::ffff:102:304/128"),
    ],
)
def test_a_block_has_one_spelling(text: str, canonical: str) -> None:
    assert canonical_cidr(text) == canonical
    assert cidr_version(text) == ip_network(canonical).version


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "10.0.0.1",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "10.0.0.0/08",
        "10.0.0.0/255.0.0.0",
        "10.0.0.0/8\n",
        "10.0.0/8",
        "010.0.0.0/8",
        "10.0.0.0/8/8",
        " 10.0.0.0/8",
        "fe80::1%eth0/64",
        "2001:db8::/129",
        "sg-1/8",
        "::1::/64",
        "1١.0.0.0/8",
        "10.0.0.0/٨",
        "1" * 5000 + "/8",
    ],
)
def test_what_is_malformed_is_refused(text: str) -> None:
    assert canonical_cidr(text) is None
    assert cidr_version(text) is None


def test_an_address_has_one_spelling() -> None:
    assert canonical_address("2001:DB8::0001") == "2001:db8::1"
    assert canonical_address("10.0.0.1") == "10.0.0.1"
    assert canonical_address("fe80::1%eth0") is None
    assert canonical_address("10.0.0.256") is None


blocks = st.builds(
    lambda base, length: str(ip_network((base << 24, length), strict=False)),
    st.integers(0, 255),
    st.integers(0, 32),
) | st.builds(
    lambda low, length: str(ip_network((low, length), strict=False)), st.integers(0, 2**128 - 1), st.integers(0, 12)
)


@given(st.sets(blocks, max_size=12))
def test_disjoint_blocks_cover_the_same_addresses(cidrs: set[str]) -> None:
    cover = disjoint(cidrs)
    for one in cidrs:
        for address in (block(one).first, block(one).last):
            assert sum(part.contains(address) for part in cover) == 1
    for part in cover:
        network = ip_network((part.first, part.length))
        assert str(network) in cidrs
        assert ip_address(part.last) == network.broadcast_address


@pytest.mark.parametrize("text", ["::ffff:1.2.3.4", "::FFFF:102:304", "0:0:0:0:0:ffff:102:304"])
def test_an_ipv4_mapped_address_has_one_text_on_every_python(text: str) -> None:
    assert canonical_address(text) == "::ffff:102:304"
    assert canonical_cidr(f"{text}/128") == "::ffff:102:304/128"
    assert canonical_cidr(f"{text}/96") == "::ffff:0:0/96"
