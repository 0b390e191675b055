"""Rules in words: one printed line of a rule, and what a person says of the rules that are meant.

A line is what `ringwall list` prints of a rule and what `ringwall revoke` takes, with or without what stands behind
the peer:

    web tcp/22 from office  sgr-0123456789abcdef0  # the night shift
    |   |           |       |                       |
    |   protocol    peer    its id, which no other  its note, not part of
    group and ports         rule ever has           what it is

`from` is ingress, `to` is egress. A group or prefix list is shown by its name where the name means nothing else, else
by its id. Lines are copied into shells: what a shell would act upon in somebody else's words has a backslash before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Final

from ringwall.cli.screen import plain
from ringwall.domain.address import address_text, canonical_cidr
from ringwall.domain.errors import ServiceError
from ringwall.domain.group import Direction
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.permission import canonical_traffic
from ringwall.domain.traffic import ALL_PROTOCOLS, ANY, PROTOCOL_NUMBERS, Traffic

EVERYBODY: Final = "any"
"""A peer: everybody, in both families."""
EVERYWHERE: Final = ("0.0.0.0/0", "::/0")
WORDS: Final = {"from": Direction.INGRESS, "to": Direction.EGRESS}
WORD_OF: Final = {direction: word for word, direction in WORDS.items()}

_PORTS: Final = {
    "ftp": "tcp/21", "ssh": "tcp/22", "telnet": "tcp/23", "smtp": "tcp/25", "dns": "tcp/53 udp/53",
    "dhcp": "udp/67", "http": "tcp/80", "kerberos": "tcp/88 udp/88", "pop3": "tcp/110", "ntp": "udp/123",
    "imap": "tcp/143", "snmp": "udp/161", "bgp": "tcp/179", "ldap": "tcp/389", "https": "tcp/443", "smb": "tcp/445",
    "submission": "tcp/587", "syslog": "udp/514", "ldaps": "tcp/636", "imaps": "tcp/993", "pop3s": "tcp/995",
    "mssql": "tcp/1433", "nfs": "tcp/2049", "mysql": "tcp/3306", "rdp": "tcp/3389 udp/3389",
    "postgres": "tcp/5432", "postgresql": "tcp/5432", "vnc": "tcp/5900", "winrm": "tcp/5985-5986",
    "redis": "tcp/6379", "elasticsearch": "tcp/9200", "mongodb": "tcp/27017", "wireguard": "udp/51820",
    "ping": "icmp/8 icmpv6/128",
}  # fmt: skip
"""Names for what is asked for most. Chosen here, and not read from the machine: a word means the same everywhere."""
WELL_KNOWN: Final = {name: tuple(text.split()) for name, text in _PORTS.items()}
_PORT_NUMBERS: Final = frozenset(int(number) for number in re.findall(r"/(\d+)", " ".join(_PORTS.values())))

_ID: Final = re.compile(r"(?:sg|pl)-[0-9a-f]{1,17}")
_GROUP_ID: Final = re.compile(r"sg-[0-9a-f]{1,17}")
_RULE_ID: Final = re.compile(r"sgr-[0-9a-f]{1,17}")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.:][A-Za-z0-9_.:@+=,/-]*")
_DANGEROUS: Final = re.compile(r"([\\$!;&(*\[{])")
_DANGEROUS_IN_QUOTES: Final = re.compile(r'([\\$!"])')
_BACKSLASH: Final = r"\\\1"
_TOKEN: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|((?:[^\s"\\]|\\.)+)')


class NotUnderstood(Exception):
    """The words make no sense, in a sentence that says which and what would."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that a group has. note: its description, empty if it has none."""

    rule_id: str
    group_id: str
    direction: Direction
    traffic: Traffic
    peer: Peer
    note: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody says of a rule. group, peer: as said, None where only an id is.

    traffics: several where a word stands for several (`dns`). peer: of `any` each family's block is meant.
    note: of a line that had one, or None.
    """

    rule_id: str | None = None
    group: str | None = None
    traffics: tuple[Traffic, ...] = ()
    direction: Direction | None = None
    peer: str | None = None
    note: str | None = None

    @property
    def blocks(self) -> tuple[str, ...]:
        """The canonical CIDR blocks that the peer means; none where it is a name or an id."""
        return blocks_of(self.peer or "")

    @property
    def has_host_bits(self) -> bool:
        """Whether the peer was said with bits behind its prefix, which its block doesn't have."""
        said, blocks = self.peer or "", self.blocks
        return "/" in said and len(blocks) == 1 and not _is_spelling_of(said, blocks[0])

    def said(self) -> str:
        """The rule as it was said, in canonical words."""
        if self.group is None:
            return self.rule_id or ""
        word = WORD_OF[self.direction or Direction.INGRESS]
        return f"{shown(self.group)} {'+'.join(map(traffic_text, self.traffics))} {word} {shown(self.peer or '')}"


@dataclass(frozen=True, slots=True)
class Names:
    """By what groups and prefix lists are shown in lines. shown: by id; what isn't there is shown by its id."""

    shown: Mapping[str, str] = field(default_factory=dict)

    def of(self, resource_id: str) -> str:
        """The word for it."""
        return self.shown.get(resource_id, resource_id)


@dataclass(frozen=True, slots=True)
class RuleLine:
    """The parts of a printed line, each as it is printed but the note, which is what the rule has."""

    group: str
    traffic: str
    word: str
    peer: str
    rule_id: str
    note: str = ""

    def text(self, widths: Sequence[int] = (0, 0, 0)) -> str:
        """The line. widths: of the group, the traffic and the peer, so that lines below each other are columns."""
        group, traffic, peer = widths
        what = f"{self.traffic.ljust(traffic)} {self.word.ljust(4)} {self.peer.ljust(peer)}"
        note = f"  # {escaped(self.note)}" if self.note else ""
        if not any(widths):
            what = f"{self.traffic} {self.word} {self.peer}"
        return f"{self.group.ljust(group)} {what}  {self.rule_id}{note}"

    @property
    def parts(self) -> str:
        """Its words without id and note."""
        return f"{self.group} {self.traffic} {self.word} {self.peer}"


def rule_of(described: Mapping[str, Any]) -> Rule:
    """The rule that DescribeSecurityGroupRules describes."""
    traffic = Traffic(described["IpProtocol"], described.get("FromPort", ANY), described.get("ToPort", ANY))
    if described.get("CidrIpv4"):
        peer = Peer(PeerKind.CIDR_IPV4, described["CidrIpv4"])
    elif described.get("CidrIpv6"):
        peer = Peer(PeerKind.CIDR_IPV6, described["CidrIpv6"])
    elif described.get("PrefixListId"):
        peer = Peer(PeerKind.PREFIX_LIST, described["PrefixListId"])
    else:
        peer = Peer(PeerKind.GROUP, described["ReferencedGroupInfo"]["GroupId"])
    direction = Direction.EGRESS if described["IsEgress"] else Direction.INGRESS
    note = described.get("Description") or ""
    return Rule(described["SecurityGroupRuleId"], described["GroupId"], direction, traffic, peer, note)


def line_of(rule: Rule, names: Names) -> RuleLine:
    """The rule's line."""
    return RuleLine(
        names.of(rule.group_id), traffic_text(rule.traffic), WORD_OF[rule.direction], names.of(rule.peer.value),
        rule.rule_id, rule.note,
    )  # fmt: skip


def lines_of(rules: Sequence[Rule], names: Names) -> list[str]:
    """The rules' lines as they are printed below each other, in columns."""
    lines = [line_of(rule, names) for rule in rules]
    widths = [max((len(getattr(line, part)) for line in lines), default=0) for part in ("group", "traffic", "peer")]
    return [line.text(widths) for line in lines]


def sort_key(rule: Rule) -> tuple[Any, ...]:
    """Ingress first, then by what is admitted, then by whom."""
    return rule.direction is Direction.EGRESS, rule.traffic, rule.peer, rule.rule_id


def traffic_text(traffic: Traffic) -> str:
    """The traffic in a word: `tcp/22`, `udp/1000-2000`, `icmp/8`, `icmpv6/1/4`, `47`, `all`."""
    protocol, low, high = traffic.protocol, traffic.from_port, traffic.to_port
    if protocol == ALL_PROTOCOLS:
        return "all"
    if traffic.has_ports:
        return f"{protocol}/{low}" if low == high else f"{protocol}/{low}-{high}"
    if traffic.has_icmp_type and low != ANY:
        return f"{protocol}/{low}" if high == ANY else f"{protocol}/{low}/{high}"
    return protocol


def parse_traffic(word: str) -> tuple[Traffic, ...]:
    """What a word means: `tcp/22`, `tcp`, `icmp/8/0`, `47`, `all`, `https`, `dns`; the last are several.

    Raises:
        NotUnderstood: with the nearest words that are.
    """
    name = word.casefold()
    if name in WELL_KNOWN:
        return tuple(traffic for each in WELL_KNOWN[name] for traffic in parse_traffic(each))
    protocol, _, rest = name.partition("/")
    if protocol == "protocol" and rest.isdigit():
        protocol, rest = rest, ""
    elif protocol.isdigit() and rest in PROTOCOL_NUMBERS:
        raise NotUnderstood(f"{plain(word)}: the protocol comes first: {rest}/{protocol}.")
    if protocol in ("all", ALL_PROTOCOLS) and not rest:
        return (Traffic(ALL_PROTOCOLS),)
    try:
        return (canonical_traffic(protocol, *_range(protocol, rest, word)),)
    except ServiceError as error:
        raise NotUnderstood(f"{plain(word)} is no traffic: {error.message.rstrip('.')}. {_TRAFFIC_HELP}") from error


_TRAFFIC_HELP: Final = "Write tcp/22, udp/1000-2000, icmp/8, icmpv6, 47, all, or a name such as ssh."


def is_port_for_protocol(word: str) -> bool:
    """Whether the word is a bare number that is a protocol's, and much rather meant as a well-known port."""
    return word.isdigit() and int(word) in _PORT_NUMBERS


def port_for_protocol(word: str) -> str:
    """What to say of such a number."""
    return f"{word} is a protocol's number. For the port write tcp/{word}, else protocol/{word}."


def _range(protocol: str, rest: str, word: str) -> tuple[int | None, int | None]:
    """The two numbers behind the protocol, as EC2 takes them."""
    if protocol in ("tcp", "udp", "6", "17"):
        low, dash, high = (rest or "0-65535").partition("-")
        if rest in ("all", EVERYBODY, "*"):
            low, dash, high = "0", "-", "65535"
        if low.isascii() and low.isdigit() and (not dash or (high.isascii() and high.isdigit())):
            return int(low[:9]), int((high if dash else low)[:9])
    elif protocol in ("icmp", "icmpv6", "1", "58"):
        kind, slash, code = rest.partition("/")
        if not rest:
            return ANY, ANY
        if kind.isascii() and kind.isdigit() and (not slash or (code.isascii() and code.isdigit())):
            return int(kind[:9]), int(code[:9]) if slash else ANY
    elif not rest:
        return None, None
    raise NotUnderstood(f"{plain(word)} is no traffic. {_TRAFFIC_HELP}")


def blocks_of(peer: str) -> tuple[str, ...]:
    """The canonical blocks that a peer means: `any` both families', an address its own; none for names and ids."""
    if peer.casefold() == EVERYBODY:
        return EVERYWHERE
    if "/" in peer:
        block = canonical_cidr(peer)
        return () if block is None else (block,)
    try:
        address = ip_address(peer)
    except ValueError:
        return ()
    return (f"{address_text(address)}/{address.max_prefixlen}",)


def _is_spelling_of(said: str, block: str) -> bool:
    address, length = said.split("/")
    return f"{address_text(ip_address(address))}/{int(length)}" == block


def is_rule_id(word: str) -> bool:
    """Whether the word has the form of a rule's id."""
    return _RULE_ID.fullmatch(word) is not None


def is_group_id(word: str) -> bool:
    """Whether the word has the form of a group's id; no name has."""
    return _GROUP_ID.fullmatch(word) is not None


def parse_words(words: Sequence[str]) -> Wanted:
    """What the words say of a rule, each word a thing: those of a command line, or of a printed line.

    >>> parse_words(["web", "tcp/22", "from", "office"]).said()
    'web tcp/22 from office'

    Raises:
        NotUnderstood: with a sentence that says what is missing, or which word makes no sense.
    """
    if "#" in words:
        words = words[: list(words).index("#")]
    ids = [word for word in words if is_rule_id(word)]
    if len(ids) > 1:
        raise NotUnderstood(f"{' and '.join(ids)} are two rules: each wants a line of its own.")
    rest = [word for word in words if not is_rule_id(word)]
    rule_id = ids[0] if ids else None
    if not rest and rule_id:
        return Wanted(rule_id)
    if len(rest) != 4:
        raise NotUnderstood(_wrong_count(rest))
    group, traffic, word, peer = rest
    direction = WORDS.get(word.casefold())
    if direction is None:
        raise NotUnderstood(f"{plain(word)} stands where `from` (ingress) or `to` (egress) should.")
    if "/" in peer and not blocks_of(peer) and re.fullmatch(r"[0-9a-fA-F:.]+/[0-9]+", peer):
        raise NotUnderstood(f"{plain(peer)} is no CIDR block.")
    return Wanted(rule_id, group, parse_traffic(traffic), direction, peer)


def _wrong_count(words: Sequence[str]) -> str:
    """What is wrong with words that aren't four."""
    form = "GROUP PROTOCOL/PORTS from|to PEER, such as `web tcp/22 from 192.0.2.0/24`"
    protocols = {"tcp", "udp", "icmp", "icmpv6"}
    for at, word in enumerate(words[:-1]):
        if word.casefold() in protocols and re.fullmatch(r"\d+(-\d+)?", words[at + 1]):
            return f"{plain(word)} {plain(words[at + 1])} is written {plain(word)}/{plain(words[at + 1])}."
    if not words:
        return f"No rule is named: give {form}, or an id sgr-…"
    if len(words) > 4 and words[2].casefold() in WORDS:
        return f"{plain(words[4])} is one word too many: a rule is {form}. A name with spaces wants quotes."
    return (
        f"“{plain(' '.join(words))}” names no rule: give {form}, or an id sgr-…, or a line that `ringwall list` prints."
    )


def parse_line(line: str) -> Wanted:
    """What a printed line says, or one that somebody wrote like it.

    Raises:
        NotUnderstood: as `parse_words`.
    """
    words, note = words_of(line)
    wanted = parse_words(words)
    return Wanted(wanted.rule_id, wanted.group, wanted.traffics, wanted.direction, wanted.peer, note)


def parse_arguments(arguments: Sequence[str]) -> list[Wanted]:
    """The rules that a command line names: ids, whole lines in quotes, several lines in one, or one rule in words.

    Raises:
        NotUnderstood: as `parse_words`.
    """
    if len(arguments) > 1 and not all(is_rule_id(each) or _is_line(each) for each in arguments):
        return [parse_words(arguments)]
    lines = [line for each in arguments for line in each.splitlines() if line.strip()]
    return list(dict.fromkeys(parse_line(line) for line in lines)) or [parse_words(())]


def _is_line(argument: str) -> bool:
    return len(words_of(argument)[0]) >= 4


def shown(text: str) -> str:
    """A name as it stands in a line: in quotes where it isn't one plain word, and harmless to a shell."""
    is_plain = _PLAIN.fullmatch(text) and not is_rule_id(text)
    return text if is_plain else f'"{_DANGEROUS_IN_QUOTES.sub(_BACKSLASH, plain(text))}"'


def escaped(text: str) -> str:
    """A note with a backslash before what a shell acts upon; control characters replaced."""
    return _DANGEROUS.sub(_BACKSLASH, plain(text))


def means_only_itself(name: str) -> bool:
    """Whether a name can't be taken for anything but a name: an address, an id, a word of the grammar."""
    return bool(name) and not (
        name.casefold() in (EVERYBODY, *WORDS) or _ID.fullmatch(name) or is_rule_id(name) or blocks_of(name)
        or re.fullmatch(r"[0-9a-fA-F:.]+/[0-9]+", name) or name == "#" or name != plain(name)
    )  # fmt: skip


def words_of(line: str) -> tuple[list[str], str | None]:
    """The words of a line, quotes and backslashes undone, and its note; None without one."""
    words: list[str] = []
    for at, quoted, bare in _split(line):
        if bare == "#":
            return words, re.sub(r"\\(.)", r"\1", line[at + 2 :])
        words.append(re.sub(r"\\(.)", r"\1", bare if quoted is None else quoted))
    return words, None


def _split(line: str) -> Iterator[tuple[int, str | None, str]]:
    for found in _TOKEN.finditer(line):
        yield found.start(), found[1], found[2] or ""
