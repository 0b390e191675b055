"""Permissions: every canonical form is a fixed point, and permissions and rules say the same."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringwall.domain import filters, ids, permission, quota
from ringwall.domain.errors import InvalidParameterValue
from ringwall.domain.group import Direction, PeerReference, SecurityGroupRule
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.permission import (
    GroupPair,
    RuleRequest,
    StatusOf,
    canonical_protocol,
    canonical_traffic,
    cidr_ipv4,
    cidr_ipv6,
    ip_permissions,
    is_plain_text,
    rule_requests,
)
from ringwall.domain.traffic import PROTOCOL_NUMBERS, Traffic

ports = st.one_of(st.none(), st.integers(-3, 300), st.integers(65530, 65540))


@pytest.mark.parametrize("module", [permission, filters, ids, quota])
def test_examples(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


@given(
    st.one_of(st.sampled_from(["tcp", "UDP", "Icmp", "ICMPV6", "-1"]), st.integers(-3, 300).map(str), st.text()),
    ports,
    ports,
)
def test_canonical_traffic_is_a_fixed_point(protocol: str, from_port: int | None, to_port: int | None) -> None:
    try:
        traffic = canonical_traffic(protocol, from_port, to_port)
    except InvalidParameterValue:
        return
    assert canonical_traffic(traffic.protocol, traffic.from_port, traffic.to_port) == traffic
    assert traffic.number is None or 0 <= traffic.number <= 255


@given(st.integers(0, 255), st.integers(0, 2))
def test_a_protocol_has_one_name(number: int, zeros: int) -> None:
    text = ("0" * zeros + str(number))[-3:] if number < 100 else str(number)
    names = {value: name for name, value in PROTOCOL_NUMBERS.items()}
    assert canonical_protocol(text) == names.get(number, str(number))


peers = st.one_of(
    st.sampled_from(["10.0.0.0/8", "0.0.0.0/0"]).map(lambda text: Peer(PeerKind.CIDR_IPV4, text)),
    st.sampled_from(["::/0", "fd00::/8"]).map(lambda text: Peer(PeerKind.CIDR_IPV6, text)),
    st.just(Peer(PeerKind.PREFIX_LIST, "pl-1")),
)
traffics = st.sampled_from(
    [Traffic("tcp", 22, 22), Traffic("-1"), Traffic("47"), Traffic("icmp", 8, -1), Traffic("icmpv6")]
)
descriptions = st.sampled_from([None, "one", "two"])
requests = st.builds(RuleRequest, traffics, peers, descriptions)


def never(peering_id: str) -> str:
    """The status of a connection, where no rule has come across one."""
    raise AssertionError(peering_id)


@given(st.lists(requests, unique_by=lambda each: (each.traffic, each.peer)))
def test_permissions_say_what_the_rules_say(rules: list[RuleRequest]) -> None:
    written = ip_permissions(rules, "123456789012", never)  # type: ignore[arg-type]
    assert len(written) == len({rule.traffic for rule in rules})
    assert all({"UserIdGroupPairs", "IpRanges", "Ipv6Ranges", "PrefixListIds"} <= each.keys() for each in written)
    assert set(rule_requests(written)) == set(rules)


# --- Groups of other VPCs ---


def naming(reference: PeerReference | None, group_id: str = "sg-b") -> SecurityGroupRule:
    """A rule that names a group."""
    peer = Peer(PeerKind.GROUP, group_id)
    return SecurityGroupRule("sgr-1", "sg-a", Direction.INGRESS, Traffic("tcp", 22, 22), peer, None, reference)


@pytest.mark.parametrize(
    ("reference", "shown", "status_of"),
    [
        (None, {}, never),
        (PeerReference("theirs", "vpc-b", None), {"UserId": "theirs", "VpcId": "vpc-b"}, never),
        (
            PeerReference("theirs", "vpc-b", "pcx-1"),
            {
                "UserId": "theirs",
                "VpcId": "vpc-b",
                "VpcPeeringConnectionId": "pcx-1",
                "PeeringStatus": "status of pcx-1",
            },
            lambda peering_id: f"status of {peering_id}",
        ),
    ],
)
def test_a_group_shows_where_it_lies(
    reference: PeerReference | None, shown: dict[str, str], status_of: StatusOf
) -> None:
    (permission_,) = ip_permissions([naming(reference)], "owner", status_of)
    assert permission_["UserIdGroupPairs"] == [{"GroupId": "sg-b", "UserId": "owner"} | shown]
    (read,) = rule_requests([permission_])
    assert isinstance(read.peer, GroupPair)
    where = ("vpc-a", None) if reference is None else (reference.vpc_id, reference.peering_id)
    assert read.peer.fits(*where)
    assert read.peer.fits("vpc-elsewhere", "pcx-2") is (reference is None)


# --- Canonical forms, line by line ---


@pytest.mark.parametrize(
    ("spellings", "stored"),
    [
        (["tcp", "TCP", "Tcp", "6", "06", "006"], "tcp"),
        (["udp", "UDP", "17", "017"], "udp"),
        (["icmp", "ICMP", "1", "01", "001"], "icmp"),
        (["icmpv6", "ICMPv6", "ICMPV6", "58", "058"], "icmpv6"),
        (["-1"], "-1"),
        (["0", "00", "000"], "0"),
        (["47", "047"], "47"),
        (["255"], "255"),
    ],
)
def test_spellings_of_a_protocol(spellings: list[str], stored: str) -> None:
    assert {canonical_protocol(text) for text in spellings} == {stored}


@pytest.mark.parametrize(
    "text",
    ["", " tcp", "tcp ", "tcp\n", "all", "any", "ipv6-icmp", "gre", "256", "0006", "-2", "+6", "6.0", "1e1", "٦",
     "ＴＣＰ", "-01", "0x6"],
)  # fmt: skip
def test_what_is_no_protocol(text: str) -> None:
    with pytest.raises(InvalidParameterValue, match="Unknown protocol") as caught:
        canonical_protocol(text)
    assert caught.value.message == f"Invalid value '{text}' for IP protocol. Unknown protocol."


@pytest.mark.parametrize(
    ("protocol", "given_ports", "stored"),
    [
        # Ports of all protocols and of those that have none are passed over, impossible ones too.
        *((name, given_ports, (-1, -1)) for name in ("-1", "47", "0") for given_ports in
          [(None, None), (-1, -1), (22, 25), (25, 22), (70000, -7), (22, None)]),
        ("tcp", (0, 0), (0, 0)),
        ("tcp", (0, 65535), (0, 65535)),
        ("udp", (65535, 65535), (65535, 65535)),
        ("icmp", (-1, -1), (-1, -1)),
        ("icmp", (0, -1), (0, -1)),
        ("icmp", (8, 0), (8, 0)),
        ("icmp", (255, 255), (255, 255)),
        # Only icmpv6 may leave them out.
        ("icmpv6", (None, None), (-1, -1)),
        ("icmpv6", (128, None), (128, -1)),
        ("icmpv6", (128, 0), (128, 0)),
    ],
)  # fmt: skip
def test_ranges(protocol: str, given_ports: tuple[int | None, int | None], stored: tuple[int, int]) -> None:
    traffic = canonical_traffic(protocol, *given_ports)
    assert (traffic.from_port, traffic.to_port) == stored


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("255.255.255.255/0", "0.0.0.0/0"),
        ("100.68.0.18/18", "100.68.0.0/18"),
        ("10.1.2.3/32", "10.1.2.3/32"),
    ],
)
def test_ipv4_blocks(text: str, stored: str) -> None:
    assert cidr_ipv4(text) == Peer(PeerKind.CIDR_IPV4, stored)


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("::/0", "::/0"),
        ("0:0:0:0:0:0:0:0/0", "::/0"),
        ("2001:DB8:0000::1/32", "2001:db8::/32"),
        ("2001:db8:0:0:1:0:0:1/128", "2001:db8::1:0:0:1/128"),
        ("2001:db8:0:1:1:1:1:1/128", "2001:db8:0:1:1:1:1:1/128"),
        ("::ffff:10.0.0.1/128", "::ffff:a00:1/128"),
        ("::FFFF:0a00:0001/128", "::ffff:a00:1/128"),
        ("::ffff:10.1.2.3/104", "::ffff:a00:0/104"),
        ("64:ff9b::192.0.2.33/96", "64:ff9b::/96"),
        ("::10.0.0.1/128", "::a00:1/128"),
    ],
)
def test_ipv6_blocks(text: str, stored: str) -> None:
    assert cidr_ipv6(text) == Peer(PeerKind.CIDR_IPV6, stored)
    assert cidr_ipv6(stored).value == stored


@pytest.mark.parametrize(
    "text",
    ["", "/", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0/8",
     "10.0.0.0.0/8", "010.0.0.0/8", "10.0.0.256/8", "10.0.0.0/8 ", " 10.0.0.0/8", "10.0.0.0/8\n", "10.0.0.0 /8",
     "10.0.0.0/255.0.0.0", "0x0a.0.0.0/8", "167772160/8", "١٠.0.0.0/8", "10.0.0.0/8/8", "sg-1", "any"],
)  # fmt: skip
def test_what_is_no_block(text: str) -> None:
    for read in (cidr_ipv4, cidr_ipv6):
        with pytest.raises(InvalidParameterValue) as caught:
            read(text)
        assert caught.value.message == f"CIDR block {text} is malformed"


@pytest.mark.parametrize(
    "text",
    ["::", "::/129", "::/00", ":::/0", "1::2::3/64", "12345::/16", "g::/16", "fe80::1%eth0/64", "[::]/0",
     "::ffff:10.0.0.256/128", "::ffff:010.0.0.1/128", "1:2:3:4:5:6:7/64", "::/0\n"],
)  # fmt: skip
def test_what_is_no_ipv6_block(text: str) -> None:
    with pytest.raises(InvalidParameterValue) as caught:
        cidr_ipv6(text)
    assert caught.value.message == f"CIDR block {text} is malformed"


def test_the_families_have_members_of_their_own() -> None:
    for read, text in ((cidr_ipv4, "::/0"), (cidr_ipv4, "::ffff:10.0.0.1/128"), (cidr_ipv6, "10.0.0.0/8")):
        with pytest.raises(InvalidParameterValue, match="is malformed"):
            read(text)


@given(st.text(max_size=3))
def test_characters_of_descriptions(text: str) -> None:
    allowed = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789. _-:/()#,@[]+=&;{}!$*")
    assert is_plain_text(text) is (set(text) <= allowed)


def test_each_ascii_character_of_descriptions() -> None:
    allowed = {chr(code) for code in range(128) if is_plain_text(chr(code))}
    assert (
        "".join(sorted(allowed))
        == " !#$&()*+,-./0123456789:;=@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]_abcdefghijklmnopqrstuvwxyz{}"
    )
    assert is_plain_text("x" * 255)
    assert not is_plain_text("x" * 256)
