"""Permissions: every canonical form is a fixed point, and permissions and rules say the same."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringwall.domain import filters, ids, permission, quota
from ringwall.domain.errors import InvalidParameterValue
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.permission import RuleRequest, canonical_protocol, canonical_traffic, ip_permissions, rule_requests
from ringwall.domain.prefix_list import aws_prefix_lists, entries, prefix_list
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


@given(st.lists(requests, unique_by=lambda each: (each.traffic, each.peer)))
def test_permissions_say_what_the_rules_say(rules: list[RuleRequest]) -> None:
    written = ip_permissions(rules, "123456789012")  # type: ignore[arg-type]
    assert len(written) == len({rule.traffic for rule in rules})
    assert all({"UserIdGroupPairs", "IpRanges", "Ipv6Ranges", "PrefixListIds"} <= each.keys() for each in written)
    assert set(rule_requests(written)) == set(rules)


def test_nothing_is_known_of_what_the_lists_of_aws_hold() -> None:
    for prefix_list_id, found in aws_prefix_lists("eu-west-1").items():
        assert prefix_list(prefix_list_id, "eu-west-1") == found
        assert found.weight == 1
        assert entries(prefix_list_id) == frozenset()
