"""Rules in words: every line that is printed says exactly its rule, to us and through a shell."""

from __future__ import annotations

import string
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringwall.cli.words.rules import (
    EVERYWHERE,
    Names,
    NotUnderstood,
    Rule,
    line_of,
    lines_of,
    means_only_itself,
    parse_arguments,
    parse_line,
    parse_traffic,
    parse_words,
    rule_of,
    shown,
    traffic_text,
)
from ringwall.domain.address import canonical_cidr
from ringwall.domain.group import Direction
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.traffic import Traffic

SET = string.ascii_letters + string.digits + ". _-:/()#,@[]+=&;{}!$*"
"""What EC2 allows in names and descriptions."""

texts = st.text(SET, max_size=20)
names = st.text(SET, min_size=1, max_size=20).filter(means_only_itself) | st.sampled_from(
    ["from", "to", "any", "#", "10.0.0.0/8", "tcp/22", "sgr-1", "sg-1", "a  b", " a", "$(x)", "::1"]
).filter(means_only_itself)
numbers = st.integers(0, 65535)
traffics = st.one_of(
    st.builds(lambda proto, *ports: Traffic(proto, *sorted(ports)), st.sampled_from(["tcp", "udp"]), numbers, numbers),
    st.builds(
        lambda proto, kind, code: Traffic(proto, kind, code),
        st.sampled_from(["icmp", "icmpv6"]), st.integers(0, 255), st.integers(-1, 255),
    ),
    st.sampled_from([Traffic("icmp"), Traffic("icmpv6"), Traffic("-1"), Traffic("tcp", 0, 65535)]),
    st.integers(0, 255).filter(lambda each: each not in (1, 6, 17, 58)).map(lambda each: Traffic(str(each))),
)  # fmt: skip
four = st.builds(lambda a, n: canonical_cidr(f"{a}/{n}") or "", st.ip_addresses(v=4), st.integers(0, 32))
six = st.builds(lambda a, n: canonical_cidr(f"{a}/{n}") or "", st.ip_addresses(v=6), st.integers(0, 128))
hexes = st.text("0123456789abcdef", min_size=17, max_size=17)
peers = st.one_of(
    four.map(lambda each: Peer(PeerKind.CIDR_IPV4, each)),
    six.map(lambda each: Peer(PeerKind.CIDR_IPV6, each)),
    hexes.map(lambda each: Peer(PeerKind.GROUP, f"sg-{each}")),
    hexes.map(lambda each: Peer(PeerKind.PREFIX_LIST, f"pl-{each}")),
)
rules = st.builds(
    Rule, hexes.map(lambda each: f"sgr-{each}"), hexes.map(lambda each: f"sg-{each}"), st.sampled_from(Direction),
    traffics, peers, texts,
)  # fmt: skip


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Rule], dict[str, str]]:
    """Rules, and names of some of the groups and lists in them, by id."""
    several = draw(st.lists(rules, min_size=1, max_size=4, unique_by=lambda each: each.rule_id))
    ids = {each.group_id for each in several} | {each.peer.value for each in several if "-" in each.peer.value[:3]}
    chosen = draw(st.lists(names, unique_by=str.casefold, max_size=len(ids)))
    return several, dict(zip(sorted(ids), chosen, strict=False))


@given(worlds())
def test_every_line_says_exactly_its_rule(world: tuple[list[Rule], dict[str, str]]) -> None:
    several, named = world
    known = Names({key: shown(name) for key, name in named.items()})
    lines = lines_of(several, known)
    assert len({*lines}) == len(several)
    for rule, line in zip(several, lines, strict=True):
        for spelled in (line, line_of(rule, known).text(), f"   {line}"):
            said = parse_line(spelled)
            assert (said.rule_id, said.traffics, said.direction) == (rule.rule_id, (rule.traffic,), rule.direction)
            assert said.group == named.get(rule.group_id, rule.group_id)
            assert (said.note or "") == rule.note
            assert said.blocks == ((rule.peer.value,) if "/" in rule.peer.value else ())
            assert said.peer == named.get(rule.peer.value, rule.peer.value)
        said = parse_line(line_of(rule, known).parts)
        assert (said.rule_id, said.traffics, said.note) == (None, (rule.traffic,), None)
        assert said.said() == line_of(rule, known).parts, "in canonical words it is the same"
    assert [each.rule_id for each in parse_arguments(["\n".join(lines)])] == [rule.rule_id for rule in several]
    assert [each.rule_id for each in parse_arguments(lines)] == [rule.rule_id for rule in several]


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(rules, st.text(SET.replace("!", ""), min_size=1).filter(means_only_itself)), min_size=1, max_size=20
    )
)
def test_a_shell_does_nothing_with_a_line_and_hands_it_on(named: list[tuple[Rule, str]]) -> None:
    lines = [line_of(rule, Names({rule.group_id: shown(name)})).text() for rule, name in named]
    script = "p() { printf '%s\\0' \"$@\"; printf '\\n\\0'; }\n"
    script += "\n".join(f"p {line}\np '{line}'" for line in lines)
    done = subprocess.run(
        ["/bin/bash", "-r", "-c", script], capture_output=True, text=True, check=True, env={"PATH": "/nonexistent"}
    )
    assert done.stderr == ""
    handed = [each.split("\0")[:-1] for each in done.stdout.split("\n\0")[:-1]]
    for (rule, name), bare, quoted in zip(named, handed[::2], handed[1::2], strict=True):
        for arguments in (bare, quoted):
            (said,) = parse_arguments(arguments)
            assert (said.rule_id, said.group, said.traffics) == (rule.rule_id, name, (rule.traffic,))


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("tcp/22", "tcp/22"), ("TCP/22", "tcp/22"), ("6/22", "tcp/22"), ("tcp", "tcp/0-65535"),
        ("udp/all", "udp/0-65535"),
        ("udp/1000-2000", "udp/1000-2000"), ("icmp", "icmp"), ("icmp/8", "icmp/8"), ("icmp/3/4", "icmp/3/4"),
        ("icmpv6/128", "icmpv6/128"), ("all", "all"), ("-1", "all"), ("47", "47"), ("protocol/22", "22"),
        ("SSH", "tcp/22"),
        ("dns", "tcp/53 udp/53"), ("ping", "icmp/8 icmpv6/128"),
    ],
)  # fmt: skip
def test_words_for_traffic(word: str, meant: str) -> None:
    assert " ".join(map(traffic_text, parse_traffic(word))) == meant


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("web tcp 22 from any", "tcp 22 is written tcp/22."),
        ("web 22/tcp from any", "22/tcp: the protocol comes first: tcp/22."),
        ("web tcp/99999 from any", "TCP/UDP from port is out of range. Write tcp/22"),
        ("web tcp/9-2 from any", "Invalid TCP/UDP port range (9-2)"),
        ("web tcp/-1 from any", "tcp/-1 is no traffic"),
        ("web icmp/300 from any", "ICMP type is out of range"),
        ("web 300 from any", "Unknown protocol"),
        ("web sssh from any", "Unknown protocol"),
        ("web tcp/22 form any", "form stands where `from` (ingress) or `to` (egress) should."),
        ("web tcp/22 from 10.0.0.0/33", "10.0.0.0/33 is no CIDR block."),
        ("web tcp/22", "“web tcp/22” names no rule: give GROUP PROTOCOL/PORTS from|to PEER"),
        ("my group tcp/22 from any", "names no rule: give"),
        ("web tcp/22 from any twice", "twice is one word too many"),
        ("sgr-1 sgr-2 web tcp/22 from any", "sgr-1 and sgr-2 are two rules"),
        ("", "No rule is named: give GROUP"),
    ],
)
def test_what_makes_no_sense_is_told_with_what_would(words: str, told: str) -> None:
    with pytest.raises(NotUnderstood) as error:
        parse_words(words.split())
    assert told in str(error.value)


def test_blocks_of_a_peer() -> None:
    assert parse_line("web all from any").blocks == EVERYWHERE
    assert parse_line("web all from 2001:DB8::1").blocks == ("2001:db8::1/128",)
    assert parse_line("web all from office").blocks == ()
    for peer, has in (("10.0.0.5/8", True), ("10.0.0.0/8", False), ("10.0.0.5", False), ("2001:DB8:0::/32", False)):
        assert parse_line(f"web all from {peer}").has_host_bits is has


def test_a_rule_as_it_is_described() -> None:
    described = {"SecurityGroupRuleId": "sgr-1", "GroupId": "sg-1", "IsEgress": True, "IpProtocol": "47"}
    rule = rule_of({**described, "PrefixListId": "pl-1", "Description": "x"})
    assert rule == Rule("sgr-1", "sg-1", Direction.EGRESS, Traffic("47"), Peer(PeerKind.PREFIX_LIST, "pl-1"), "x")
    rule = rule_of({**described, "ReferencedGroupInfo": {"GroupId": "sg-2"}, "FromPort": -1, "ToPort": -1})
    assert rule.peer == Peer(PeerKind.GROUP, "sg-2")
