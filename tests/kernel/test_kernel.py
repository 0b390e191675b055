"""The kernel holds exactly what was committed, says so when it is listed, and nft lists it in the same words."""

from __future__ import annotations

import errno
import re
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from ipaddress import ip_address
from sys import byteorder

import pytest
from hypothesis import HealthCheck, given, settings

import netns
import nft_values
from ringwall.agent.errors import CommitLost, CommitRefused, KernelUnreadable
from ringwall.agent.kernel import Kernel
from ringwall.nft import expressions as x
from ringwall.nft.bytecode import FIELDS
from ringwall.nft.diff import difference, replacement
from ringwall.nft.expressions import Counter, Foreign, InSet, Match, MatchAny, MatchRange, Verdict, VerdictMap
from ringwall.nft.fake import ERESTART, Fake, Refused
from ringwall.nft.objects import Chain, Hook, Map, Rule, Ruleset, Set
from ringwall.nft.text import text
from ringwall.nft.transaction import (
    AddChain,
    AddElements,
    AddMap,
    AddRule,
    AddSet,
    AddTable,
    Command,
    DeleteChain,
    DeleteElements,
    DeleteRule,
    DeleteSet,
    DeleteTable,
    FlushChain,
    SetPolicy,
)

pytestmark = [pytest.mark.kernel, netns.needs_kernel]
ACCEPT, DROP = Verdict("accept"), Verdict("drop")
INPUT = Hook("input", 0, "accept")


@pytest.fixture(scope="module")
def ns() -> Iterator[netns.Namespace]:
    with netns.namespace("rw-nft") as made:
        yield made


@pytest.fixture
def kernel(ns: netns.Namespace) -> Iterator[Kernel]:
    """A kernel without our table, which will be anybody's: who owns it is the business of test_ownership."""
    ns.run(["nft", "flush", "ruleset"])
    with ns.enter():
        opened = Kernel(own=False)
    with opened:
        yield opened


def ifname(name: str) -> bytes:
    return name.encode().ljust(16, b"\0")


def state(*bits: int) -> bytes:
    return sum(bits).to_bytes(4, byteorder)


def address(text: str) -> bytes:
    return ip_address(text).packed


def port(number: int) -> bytes:
    return number.to_bytes(2)


IS_TCP, IS_IPV4, IS_IPV6 = Match(x.L4PROTO, b"\x06"), Match(x.NFPROTO, b"\x02"), Match(x.NFPROTO, b"\x0a")


def a_bit_of_everything() -> Ruleset:
    """Each sort of statement and object once, only in ways that nft 1.0.6 can read."""
    tracked = Chain(
        "tracked",
        (
            Rule(
                (Match(x.CT_ORIGINAL_IP_SADDR, address("10.0.0.0"), address("255.0.0.0")), Counter(), ACCEPT), "sgr-net"
            ),
            Rule((Match(x.CT_REPLY_IP6_SADDR, address("fd00::1"), negated=True), Counter(), ACCEPT), "sgr-not-one"),
            Rule((IS_TCP, Match(x.CT_REPLY_PROTO_SRC, port(22)), Counter(), ACCEPT), "sgr-ssh"),
            Rule((IS_TCP, VerdictMap((x.CT_REPLY_PROTO_SRC,), "ports", b"\xfc\x00"))),
            Rule((InSet((x.CT_ORIGINAL_IP_SADDR,), "blocks"), DROP), "sgr-list"),
            Rule((InSet((x.CT_ORIGINAL_IP_SADDR,), "blocks", negated=True), Verdict("return"))),
        ),
    )
    packets = Chain(
        "packets",
        (
            Rule((IS_TCP, Match(x.TCP_FLAGS, b"\x02", b"\x17", negated=True), Counter(), DROP)),
            Rule(
                (
                    IS_IPV6,
                    Match(x.L4PROTO, b"\x3a"),
                    Match(x.ICMPV6_TYPE, b"\x87"),
                    Match(x.IP6_HOPLIMIT, b"\xff"),
                    ACCEPT,
                )
            ),
            Rule((Match(x.L4PROTO, b"\x01"), Match(x.ICMP_TYPE, b"\x08"), Match(x.ICMP_CODE, b"\0"), ACCEPT)),
            Rule((IS_IPV4, InSet((x.IIFNAME, x.IP_SADDR), "bindings"), Verdict("return"))),
            Rule((IS_TCP, MatchRange(x.TRANSPORT_DPORT, port(80), port(90)), Verdict("goto", "last"))),
        ),
    )
    entry = Chain(
        "entry",
        (
            Rule((Match(x.IIFNAME, ifname("lo")), ACCEPT)),
            Rule((VerdictMap((x.IIFNAME, x.CT_DIRECTION), "interfaces"),)),
            Rule((MatchAny(x.CT_STATE, state(x.STATE_INVALID, x.STATE_UNTRACKED)), Verdict("jump", "packets"))),
            Rule((Counter(), DROP), "the rest: überall"),
        ),
        Hook("input", -10, "drop"),
    )
    blocks = {
        (address("10.0.0.0"), address("10.0.0.255")),
        (address("10.0.1.0"), address("10.0.1.9")),
        (address("224.0.0.0"), address("255.255.255.255")),
    }
    sets = [
        Set("bindings", (x.IIFNAME, x.IP_SADDR), frozenset({(ifname("vc1"), address("10.0.0.1"))})),
        Set("blocks", (x.CT_ORIGINAL_IP_SADDR,), frozenset(blocks), interval=True),
        Set("members", (x.CT_ORIGINAL_IP6_SADDR,), frozenset({(address("fd00::1"),)})),
    ]
    interfaces = {
        (ifname("up0"), b"\0"): Verdict("goto", "tracked"),
        (ifname("up0"), b"\1"): Verdict("jump", "packets"),
    }
    maps = [
        Map("ports", (x.CT_REPLY_PROTO_SRC,), {(port(1024),): Verdict("jump", "packets")}),
        Map("interfaces", (x.IIFNAME, x.CT_DIRECTION), interfaces),
        Map("protocols", (x.CT_PROTOCOL,), {(b"\x06",): ACCEPT, (b"\x3a",): Verdict("return")}),
    ]
    return Ruleset(
        {each.name: each for each in (tracked, packets, entry, Chain("last", ()))},
        {each.name: each for each in sets},
        {each.name: each for each in maps},
    )


def blocks_of(listing: str) -> list[str]:
    """The sets, maps and chains of a listing, each with its lines and elements in one order."""
    listing = re.sub(r"packets \d+ bytes \d+", "", listing)
    listing = re.sub(
        r"elements = \{(.*?)\}",
        lambda found: str(sorted(map(str.split, found[1].split(",")))),
        listing,
        flags=re.DOTALL,
    )
    return sorted(listing.split("\n\n")[0:]) if "\n\n" in listing else [listing]


def test_no_table_is_observed_as_none(kernel: Kernel) -> None:
    assert kernel.observe() is None
    assert kernel.counters() == ()


def test_the_kernel_lists_what_was_committed(kernel: Kernel) -> None:
    desired = a_bit_of_everything()
    applied = kernel.apply(None, desired)
    assert applied.ruleset is desired
    assert kernel.observe() == applied
    assert kernel.apply(applied, a_bit_of_everything()) is applied


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.text)
def test_every_field_is_taken_and_comes_back(kernel: Kernel, field: x.Field) -> None:
    kind = [Match(x.L4PROTO, b"\x3a")] if field.type.startswith("icmpv6") else []
    rules = (
        Rule((*kind, Match(field, bytes(field.length)), ACCEPT)),
        Rule((*kind, InSet((field,), "alone"), ACCEPT)),
        Rule((*kind, VerdictMap((x.IIFNAME, field, x.CT_DIRECTION), "together"))),
    )
    elements = {(ifname("lo"), b"\1" * field.length, b"\0"): ACCEPT}
    desired = Ruleset(
        {"c": Chain("c", rules)},
        {"alone": Set("alone", (field,), frozenset({(b"\2" * field.length,)}))},
        {"together": Map("together", (x.IIFNAME, field, x.CT_DIRECTION), elements)},
    )
    applied = kernel.apply(None, desired)
    assert kernel.observe() == applied


def test_nft_lists_our_bytes_as_it_lists_our_text(kernel: Kernel, ns: netns.Namespace) -> None:
    desired = a_bit_of_everything()
    kernel.apply(None, desired)
    from_netlink = ns.run(["nft", "list", "table", "inet", "ringwall"]).stdout
    with netns.namespace("rw-text") as other:
        other.run(["nft", "-f", "-"], input=text(desired))
        from_text = other.run(["nft", "list", "table", "inet", "ringwall"]).stdout
    inner = [listing.split("\n", 1)[1].rsplit("}", 1)[0].strip("\n") for listing in (from_netlink, from_text)]
    assert blocks_of(inner[0]) == blocks_of(inner[1])
    for shown in ('comment "sgr-ssh"', 'comment "the rest: überall"', "ct original ip saddr 10.0.0.0/8"):
        assert shown in from_netlink


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(nft_values.histories(3))
def test_every_difference_leads_there_in_the_kernel(kernel: Kernel, history: list[Ruleset]) -> None:
    applied = kernel.observe()
    for desired in history:
        applied = kernel.apply(applied, desired)
        assert kernel.observe() == applied
        assert applied.ruleset == desired


def test_a_refused_batch_changes_nothing_and_names_its_command(kernel: Kernel) -> None:
    applied = kernel.apply(None, a_bit_of_everything())
    bad = AddRule("tracked", Rule((Verdict("jump", "nowhere"),)))
    worse = DeleteRule("tracked", 9999)
    with pytest.raises(CommitRefused) as refused:
        kernel.commit((DeleteRule("tracked", applied.handles["tracked"][0]), bad, worse, AddChain("new")), None)
    assert (refused.value.errno, refused.value.command) == (errno.ENOENT, bad)
    assert kernel.observe() == applied
    assert kernel.apply(applied, Ruleset()).ruleset == Ruleset()


def test_a_transaction_based_on_an_old_generation_is_refused(kernel: Kernel, ns: netns.Namespace) -> None:
    applied = kernel.apply(None, a_bit_of_everything())
    ns.run(["nft", "add", "table", "inet", "theirs"])
    with pytest.raises(CommitRefused) as refused:
        kernel.apply(applied, Ruleset())
    assert (refused.value.errno, refused.value.command) == (ERESTART, None)
    observed = kernel.observe()
    assert observed == replace(applied, generation=kernel.generation())
    kernel.apply(observed, Ruleset())
    assert "theirs" in ns.run(["nft", "list", "tables"]).stdout


@pytest.mark.parametrize(
    "meddling",
    [
        "add rule inet ringwall tracked log",
        'insert rule inet ringwall entry iifname "eth*" accept',
        "add rule inet ringwall tracked meta mark 1 accept",
        "add rule inet ringwall tracked ip saddr 10.0.0.0/24 accept",
        "flush chain inet ringwall tracked",
        "add element inet ringwall members { fd00::2 }",
        'delete element inet ringwall interfaces { "up0" . reply }',
        "add set inet ringwall theirs { type ipv4_addr; }",
        'add set inet ringwall theirs { type ipv4_addr; flags timeout; comment "ip saddr"; }',
        # The same set, but its elements go away by themselves, or not only the set decides.
        "delete set inet ringwall members; add set inet ringwall members"
        ' { type ipv6_addr; flags timeout; comment "ct original ip6 saddr"; elements = { fd00::1 timeout 1h }; }',
        "delete set inet ringwall members; add set inet ringwall members"
        ' { type ipv6_addr; flags timeout; comment "ct original ip6 saddr"; elements = { fd00::1 }; }',
        "delete set inet ringwall members; add set inet ringwall members"
        ' { type ipv6_addr; flags dynamic; comment "ct original ip6 saddr"; elements = { fd00::1 }; }',
        "delete set inet ringwall members; add set inet ringwall members"
        ' { type ipv6_addr; counter; comment "ct original ip6 saddr"; elements = { fd00::1 }; }',
        "add rule inet ringwall tracked tcp dport { 1, 2 } accept",
        "add chain inet ringwall theirs",
        "add chain inet ringwall theirs { type nat hook prerouting priority 0; }",
        "add chain inet ringwall entry { policy accept; }",
        "add counter inet ringwall theirs",
        "add quota inet ringwall theirs { over 1 mbytes; }",
        "add table inet ringwall { flags dormant; }",
        "delete table inet ringwall",
    ],
)
def test_whatever_a_foreign_hand_does_is_seen_and_undone(kernel: Kernel, ns: netns.Namespace, meddling: str) -> None:
    desired = a_bit_of_everything()
    kernel.apply(None, desired)
    ns.run(["nft", meddling])
    observed = kernel.observe()
    assert difference(observed, desired)
    kernel.apply(observed, desired)
    restored = kernel.observe()
    assert restored is not None
    assert (restored.ruleset, restored.foreign) == (desired, frozenset())


def test_a_foreign_rule_goes_alone(kernel: Kernel, ns: netns.Namespace) -> None:
    applied = kernel.apply(None, a_bit_of_everything())
    ns.run(["nft", "insert rule inet ringwall tracked log"])
    observed = kernel.observe()
    assert observed is not None
    assert isinstance(observed.ruleset.chains["tracked"].rules[0].statements[0], Foreign)
    assert difference(observed, applied.ruleset) == (DeleteRule("tracked", observed.handles["tracked"][0]),)


def test_rules_that_stay_keep_their_counts(kernel: Kernel, ns: netns.Namespace) -> None:
    counted = Rule((Match(x.IIFNAME, ifname("lo")), Counter(), ACCEPT), "sgr-counted")
    before = Rule((Match(x.IIFNAME, ifname("none")), Counter(), DROP), "sgr-other")
    after = replace(before, comment="sgr-new")
    applied = kernel.apply(None, Ruleset({"in": Chain("in", (before, counted), INPUT)}))
    with ns.enter(), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as talker:
        talker.bind(("127.0.0.1", 0))
        for _ in range(2):
            talker.sendto(bytes(72), talker.getsockname())
            talker.recv(100)
    kernel.apply(applied, Ruleset({"in": Chain("in", (counted, after), INPUT)}))
    counts = {each.comment: each.count for each in kernel.counters()}
    assert counts["sgr-counted"].packets == 2
    assert counts["sgr-counted"].bytes == 2 * 100
    assert counts["sgr-new"].packets == 0
    assert "sgr-other" not in counts


def test_ten_thousand_rules_go_in_and_out_in_one_batch_each(kernel: Kernel) -> None:
    def leaf(number: int) -> Chain:
        rules = (
            Rule(
                (Match(x.CT_ORIGINAL_IP_SADDR, (10 << 24 | number << 8 | each).to_bytes(4)), Counter(), ACCEPT),
                f"sgr-{each}",
            )
            for each in range(100)
        )
        return Chain(f"leaf-{number}", tuple(rules))

    chains = {each.name: each for each in map(leaf, range(100))}
    members = Set("members", (x.IP6_SADDR,), frozenset((number.to_bytes(16),) for number in range(10_000)))
    desired = Ruleset(chains, {"members": members})
    applied = kernel.apply(None, desired)
    assert kernel.observe() == applied
    less = chains["leaf-50"].rules[:49] + chains["leaf-50"].rules[50:]
    applied = kernel.apply(applied, replace(desired, chains=chains | {"leaf-50": Chain("leaf-50", less)}))
    assert kernel.observe() == applied
    applied = kernel.apply(applied, Ruleset())
    assert kernel.observe() == applied


RULE = Rule((Verdict("jump", "leaf"),))
USES_SET = Rule((InSet((x.IIFNAME,), "devices"), ACCEPT))
USES_MAP = Rule((VerdictMap((x.CT_DIRECTION,), "directions"),))
STAGE: tuple[Command, ...] = (
    AddTable(),
    AddChain("base", INPUT),
    AddChain("leaf"),
    AddSet("devices", (x.IIFNAME,)),
    AddSet("blocks", (x.IP_SADDR,), interval=True),
    AddMap("directions", (x.CT_DIRECTION,)),
    AddElements("devices", (x.IIFNAME,), ((ifname("lo"),),)),
    AddElements("blocks", (x.IP_SADDR,), ((b"\x0a\0\0\0", b"\x0a\0\0\xff"),), interval=True),
    AddElements("directions", (x.CT_DIRECTION,), {(b"\0",): Verdict("jump", "leaf")}),
    AddRule("base", RULE),
    AddRule("base", USES_SET),
    AddRule("base", USES_MAP),
)


def chain_of_jumps(length: int) -> tuple[Command, ...]:
    """A base chain that leads to as many chains, each from the one before."""
    return (
        *(AddChain(f"step-{number}") for number in range(length)),
        *(
            AddRule(f"step-{number}", Rule((Verdict("jump", f"step-{number + 1}"),)))
            for number in reversed(range(length - 1))
        ),
        AddRule("base", Rule((Verdict("jump", "step-0"),))),
    )


ATTEMPTS: list[tuple[Command, ...]] = [
    (AddChain("leaf"),),
    (DeleteChain("leaf"),),
    (DeleteChain("none"),),
    (FlushChain("none"),),
    (FlushChain("base"), DeleteChain("leaf")),
    (FlushChain("base"), DeleteElements("directions", (x.CT_DIRECTION,), ((b"\0",),)), DeleteChain("leaf")),
    (FlushChain("base"), DeleteSet("directions"), DeleteChain("leaf")),
    (DeleteChain("base"), DeleteSet("directions"), DeleteChain("leaf")),
    (DeleteSet("devices"),),
    (DeleteSet("directions"),),
    (DeleteSet("none"),),
    (AddSet("devices", (x.IIFNAME,)),),
    (AddElements("devices", (x.IIFNAME,), ((ifname("lo"),),)),),
    (AddElements("none", (x.IIFNAME,), ((ifname("lo"),),)),),
    (DeleteElements("devices", (x.IIFNAME,), ((ifname("none"),),)),),
    (AddElements("directions", (x.CT_DIRECTION,), {(b"\0",): ACCEPT}),),
    (AddElements("directions", (x.CT_DIRECTION,), {(b"\1",): Verdict("jump", "none")}),),
    (AddElements("directions", (x.CT_DIRECTION,), {(b"\1",): Verdict("jump", "base")}),),
    (AddElements("blocks", (x.IP_SADDR,), ((b"\x0a\0\0\x10", b"\x0a\0\0\x20"),), interval=True),),
    (AddElements("blocks", (x.IP_SADDR,), ((b"\x0a\0\1\0", b"\x0a\0\1\xff"),), interval=True),),
    (
        DeleteElements("blocks", (x.IP_SADDR,), ((b"\x0a\0\0\0", b"\x0a\0\0\xff"),), interval=True),
        AddElements("blocks", (x.IP_SADDR,), ((b"\x0a\0\0\0", b"\x0a\0\xff\xff"),), interval=True),
    ),
    (AddRule("none", USES_SET),),
    (AddRule("leaf", Rule((Verdict("jump", "base"),))),),
    (AddRule("leaf", Rule((Verdict("jump", "none"),))),),
    (AddRule("leaf", Rule((InSet((x.IIFNAME,), "none"), ACCEPT))),),
    (AddRule("leaf", RULE),),
    (AddRule("leaf", USES_MAP),),
    (AddChain("alone"), AddRule("alone", Rule((Verdict("goto", "alone"),)))),
    (
        AddChain("a"),
        AddChain("b"),
        AddRule("a", Rule((Verdict("goto", "b"),))),
        AddRule("b", Rule((Verdict("goto", "a"),))),
    ),
    chain_of_jumps(15),
    chain_of_jumps(16),
    (AddRule("leaf", USES_SET, before=99_999),),
    (DeleteRule("leaf", 99_999),),
    (SetPolicy("base", replace(INPUT, policy="drop")),),
    (SetPolicy("none", INPUT),),
    (DeleteTable(), AddTable()),
    (DeleteTable(), AddChain("leaf")),
    (DeleteTable(), DeleteTable()),
]


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: " ".join(type(each).__name__ for each in attempt[:4]))
def test_the_fake_refuses_what_the_kernel_refuses(kernel: Kernel, attempt: tuple[Command, ...]) -> None:
    fake = Fake()
    kernel.commit(STAGE, None)
    fake.commit(STAGE, None)
    outcomes: list[object] = []
    for each in (kernel, fake):
        try:
            each.commit(attempt, None)
            outcomes.append("done")
        except (CommitRefused, Refused) as refused:
            outcomes.append((refused.errno, refused.command))
    observed, imagined = kernel.observe(), fake.observe()
    assert outcomes[0] == outcomes[1]
    assert (observed and observed.ruleset) == (imagined and imagined.ruleset)


def test_a_lost_answer_is_neither_done_nor_refused_and_observing_tells(kernel: Kernel) -> None:
    kernel._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    rules = tuple(Rule((Counter(), ACCEPT), f"sgr-{number}") for number in range(2_000))
    desired = Ruleset({"c": Chain("c", rules)})
    with pytest.raises(CommitLost):
        kernel.apply(None, desired)
    observed = kernel.observe()
    assert observed is not None
    assert observed.ruleset == desired
    less = Ruleset({"c": Chain("c", rules[1:])})
    assert kernel.apply(observed, less) == kernel.observe()


def test_an_observation_is_of_one_moment_while_others_commit(kernel: Kernel, ns: netns.Namespace) -> None:
    """Two rulesets of many parts take turns; nothing in between is ever seen."""

    def ruleset(number: int) -> Ruleset:
        rules = tuple(Rule((Counter(), ACCEPT), f"sgr-{number}-{each}") for each in range(200))
        elements = frozenset((bytes([number, each]),) for each in range(200))
        return Ruleset({"c": Chain("c", rules)}, {"s": Set("s", (x.CT_REPLY_PROTO_SRC,), elements)})

    both = [ruleset(0), ruleset(1)]
    enough = threading.Event()

    def take_turns() -> None:
        with ns.enter(), Kernel() as other:
            while not enough.is_set():
                for each in both:
                    other.commit(replacement(each, exists=True), None)

    applied = kernel.apply(None, both[0])
    assert applied.ruleset == both[0]
    with ThreadPoolExecutor(1) as pool:
        turns = pool.submit(take_turns)
        seen = 0
        while seen < 20 and not turns.done():
            try:
                observed = kernel.observe()
            except KernelUnreadable as error:
                assert error.errno == 0
                continue
            assert observed is not None
            assert observed.ruleset in both
            assert not observed.foreign
            seen += 1
        enough.set()
        turns.result()


def test_a_replacement_of_the_whole_table_is_one_commit(kernel: Kernel) -> None:
    desired = a_bit_of_everything()
    applied = kernel.apply(None, desired)
    done = kernel.commit(replacement(desired, exists=True), applied.generation)
    assert done.generation == applied.generation + 1
    observed = kernel.observe()
    assert observed is not None
    assert (observed.ruleset, observed.generation) == (desired, done.generation)
