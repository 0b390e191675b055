"""A ruleset in nft's words."""

from __future__ import annotations

from ipaddress import ip_address
from sys import byteorder

import pytest

from ringwall.nft import expressions as x
from ringwall.nft.expressions import (
    Counter,
    Foreign,
    InSet,
    Match,
    MatchAny,
    MatchRange,
    Statement,
    Verdict,
    VerdictMap,
)
from ringwall.nft.objects import Chain, Hook, Map, Rule, Ruleset, Set
from ringwall.nft.text import rule_text, text

ACCEPT = Verdict("accept")


def address(text: str) -> bytes:
    return ip_address(text).packed


def flags(number: int) -> bytes:
    return number.to_bytes(4, byteorder)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (Match(x.IIFNAME, b"lo".ljust(16, b"\0")), 'iifname "lo"'),
        (Match(x.NFPROTO, b"\x0a"), "meta nfproto ipv6"),
        (Match(x.L4PROTO, b"\x06", negated=True), "meta l4proto != tcp"),
        (Match(x.L4PROTO, b"\x2f"), "meta l4proto 47"),
        (Match(x.CT_DIRECTION, b"\x01"), "ct direction reply"),
        (Match(x.CT_REPLY_PROTO_SRC, b"\0\x16"), "ct reply proto-src 22"),
        (Match(x.CT_REPLY_PROTO_SRC, b"\x04\0", b"\xfc\0"), "ct reply proto-src & 0xfc00 == 1024"),
        (Match(x.IP_SADDR, address("10.0.0.1")), "ip saddr 10.0.0.1"),
        (Match(x.IP_SADDR, address("10.0.0.0"), address("255.0.0.0"), True), "ip saddr != 10.0.0.0/8"),
        (Match(x.IP_SADDR, address("0.0.0.1"), address("0.0.0.255")), "ip saddr & 0.0.0.255 == 0.0.0.1"),
        (Match(x.CT_ORIGINAL_IP_SADDR, bytes(4), bytes(4)), "ct original ip saddr 0.0.0.0/0"),
        (Match(x.CT_REPLY_IP6_SADDR, address("fd00::"), b"\xff" * 8 + bytes(8)), "ct reply ip6 saddr fd00::/64"),
        (Match(x.TCP_FLAGS, b"\x02", b"\x17", True), "tcp flags & (fin | syn | rst | ack) != syn"),
        (Match(x.TCP_FLAGS, bytes(1), b"\x02"), "tcp flags & (syn) == 0x0"),
        (Match(x.CT_STATE, flags(8)), "ct state == new"),
        (MatchAny(x.CT_STATE, flags(65)), "ct state invalid,untracked"),
        (Match(x.ICMPV6_TYPE, b"\x87"), "icmpv6 type nd-neighbor-solicit"),
        (Match(x.ICMP_TYPE, b"\x0d"), "icmp type 13"),
        (MatchRange(x.TRANSPORT_DPORT, b"\0\x50", b"\0\x5a"), "th dport 80-90"),
        (InSet((x.IIFNAME, x.IP_SADDR), "bindings"), "iifname . ip saddr @bindings"),
        (InSet((x.IP_SADDR,), "members", negated=True), "ip saddr != @members"),
        (VerdictMap((x.CT_PROTOCOL,), "protocols"), "ct protocol vmap @protocols"),
        (VerdictMap((x.CT_REPLY_PROTO_SRC,), "blocks", b"\xfc\0"), "ct reply proto-src & 0xfc00 vmap @blocks"),
        (Counter(), "counter"),
        (Verdict("goto", "leaf"), "goto leaf"),
        (Foreign("log", b"\1"), "<log: 01>"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_statement_reads_as_nft_writes_it(statement: Statement, words: str) -> None:
    assert rule_text(Rule((statement, ACCEPT), "why")) == f'{words} accept comment "why"'


GOLDEN = """\
table inet ringwall {
	set blocks {
		type ipv4_addr
		flags interval
		comment "ip saddr"
		elements = {
			10.0.0.0/24,
			10.0.1.1,
			10.0.1.3-10.0.1.9
		}
	}
	set empty {
		type inet_service
		comment "ct reply proto-src"
	}
	map interfaces {
		type ifname . ct_dir : verdict
		comment "iifname . ct direction"
		elements = {
			"up0" . original : goto leaf,
			"up0" . reply : accept
		}
	}
	chain input {
		type filter hook input priority -10; policy drop;
		iifname . ct direction vmap @interfaces
	}
	chain a {
	}
	chain leaf {
		ip saddr @blocks counter accept comment "sgr-1"
	}
}
"""


def test_the_golden_ruleset_reads_the_same_in_any_order() -> None:
    up0 = b"up0".ljust(16, b"\0")
    blocks = [("10.0.1.3", "10.0.1.9"), ("10.0.0.0", "10.0.0.255"), ("10.0.1.1", "10.0.1.1")]
    elements = frozenset((address(low), address(high)) for low, high in blocks)
    sets = [Set("empty", (x.CT_REPLY_PROTO_SRC,)), Set("blocks", (x.IP_SADDR,), elements, interval=True)]
    interfaces = {(up0, b"\1"): ACCEPT, (up0, b"\0"): Verdict("goto", "leaf")}
    chains = [
        Chain("leaf", (Rule((InSet((x.IP_SADDR,), "blocks"), Counter(), ACCEPT), "sgr-1"),)),
        Chain("a", ()),
        Chain("input", (Rule((VerdictMap((x.IIFNAME, x.CT_DIRECTION), "interfaces"),)),), Hook("input", -10, "drop")),
    ]
    for order in (1, -1):
        ruleset = Ruleset(
            {each.name: each for each in chains[::order]},
            {each.name: each for each in sets[::order]},
            {"interfaces": Map("interfaces", (x.IIFNAME, x.CT_DIRECTION), dict(list(interfaces.items())[::order]))},
        )
        assert text(ruleset) == GOLDEN
