"""A transaction as one netlink batch, requests for dumps, messages taken apart. Bytes only: the agent has the socket.

A batch is BEGIN (with the generation that it is based on), a message for each command, END; the kernel does all of it
or nothing. Every message of a command carries the command's own sequence number, so an error names its command; the
last one asks for an acknowledgement, which ends the answer. New rules are echoed, for their handles, and so is the
new generation.

A set's comment holds its key in nft's words: the kernel keeps only lengths, and whoever lists the set wants to know.
Source: linux/netfilter/nfnetlink.h, nf_tables.h; net/netfilter/nfnetlink.c (nfnetlink_rcv_batch).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from struct import Struct
from sys import byteorder
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from .attributes import attribute, by_type, items, nested, string, to_string, to_u32, to_u64, u32
from .bytecode import (
    LIST_ELEMENT,
    encode_statements,
    encode_verdict,
    key_length,
    padded,
)
from .expressions import Field, Verdict
from .objects import TABLE, Element, Hook, Rule
from .transaction import (
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
    Transaction,
)

NFPROTO_INET: Final = 1
BATCH_BEGIN, BATCH_END, BATCH_GENERATION = 0x10, 0x11, 1
NLMSG_ERROR, NLMSG_DONE = 2, 3
REQUEST, ACK, ECHO, DUMP, CREATE, EXCLUSIVE, APPEND = 0x1, 0x4, 0x8, 0x300, 0x400, 0x200, 0x800
DUMP_INTERRUPTED: Final = 0x10
ACK_ATTRIBUTES, ACK_TEXT = 0x200, 1

NEW_TABLE, GET_TABLE, DELETE_TABLE = 0xA00, 0xA01, 0xA02
NEW_CHAIN, GET_CHAIN, DELETE_CHAIN = 0xA03, 0xA04, 0xA05
NEW_RULE, GET_RULE, DELETE_RULE = 0xA06, 0xA07, 0xA08
NEW_SET, GET_SET, DELETE_SET = 0xA09, 0xA0A, 0xA0B
NEW_ELEMENT, GET_ELEMENT, DELETE_ELEMENT = 0xA0C, 0xA0D, 0xA0E
NEW_GENERATION, GET_GENERATION = 0xA0F, 0xA10
GENERATION_ID, GENERATION_PID, GENERATION_PROCESS = 1, 2, 3
NFTABLES_GROUP: Final = 7
"""The multicast group that hears of every commit: a message for each object changed, then one of the new generation."""

TABLE_NAME, TABLE_FLAGS, TABLE_USE, TABLE_OWNER = 1, 2, 3, 7
OWNED, PERSISTENT = 0x2, 0x4
CHAIN_TABLE, CHAIN_NAME, CHAIN_HOOK, CHAIN_POLICY, CHAIN_TYPE, CHAIN_FLAGS = 1, 3, 4, 5, 7, 10
HOOK_NUMBER, HOOK_PRIORITY, HOOK_DEVICE = 1, 2, 3
RULE_TABLE, RULE_CHAIN, RULE_HANDLE, RULE_EXPRESSIONS, RULE_POSITION, RULE_USERDATA = 1, 2, 3, 4, 6, 7
SET_TABLE, SET_NAME, SET_FLAGS, SET_KEY_TYPE, SET_KEY_LENGTH, SET_DATA_TYPE, SET_DATA_LENGTH = 1, 2, 3, 4, 5, 6, 7
SET_ID, SET_USERDATA = 10, 13
ELEMENTS_TABLE, ELEMENTS_SET, ELEMENTS_LIST = 1, 2, 3
ELEMENT_KEY, ELEMENT_DATA, ELEMENT_FLAGS, ELEMENT_USERDATA, ELEMENT_PAD = 1, 2, 3, 6, 8
DATA_VALUE: Final = 1
SET_ANONYMOUS, SET_INTERVAL, SET_MAP, INTERVAL_END = 0x1, 0x4, 0x8, 0x1
DATA_TYPE_VERDICT: Final = 0xFFFFFF00
USERDATA_RULE_COMMENT, USERDATA_SET_KEY_BYTE_ORDER, USERDATA_SET_COMMENT, USERDATA_COMMENT = 0, 0, 7, 0
HOST_ORDER, NETWORK_ORDER = 1, 2
PROBE: Final = "ringwall-probe"
COMMENT_BYTES_MAX: Final = 128  # nft's own limit for what it will read back
ELEMENTS_BYTES_MAX: Final = 32_000  # of one message: an attribute's length has 16 bits

HOOKS: Final[Mapping[int, Literal["input", "forward", "output"]]] = {1: "input", 2: "forward", 3: "output"}
HOOK_NUMBERS: Final = {name: number for number, name in HOOKS.items()}
POLICIES: Final[Mapping[int, Literal["accept", "drop"]]] = {0: "drop", 1: "accept"}
POLICY_NUMBERS: Final = {name: number for number, name in POLICIES.items()}

# nft's numbers of its data types, six bits each in a concatenation: only for `nft list` to know how to print a key.
TYPE_NUMBERS: Final[Mapping[str, int]] = {
    "nf_proto": 2,
    "integer": 4,
    "ct_id": 4,  # it has no number of its own
    "ipv4_addr": 7,
    "ipv6_addr": 8,
    "inet_proto": 12,
    "inet_service": 13,
    "icmp_type": 14,
    "tcp_flag": 15,
    "ct_state": 26,
    "ct_dir": 27,
    "ct_status": 28,
    "icmpv6_type": 29,
    "icmp_code": 32,
    "icmpv6_code": 33,
    "ifname": 41,
}

_header = Struct("=IHHIIBB2s")  # nlmsghdr and nfgenmsg, whose res_id names the subsystem at a batch's two ends
_header_start = Struct("=IHHI")
_LOW_FLAGS: Final = 6 if byteorder == "little" else 7
_NAMES_TABLE: Final = string(TABLE_NAME, TABLE)  # in messages of every kind of object the table is attribute 1


class Batch(NamedTuple):
    """A transaction as bytes for one sendmsg.

    first_sequence: of BEGIN; command number n has the one n + 1 after. last_sequence: of the last command, whose
    acknowledgement or error ends the kernel's answer.
    """

    data: bytes
    first_sequence: int
    last_sequence: int


class Message(NamedTuple):
    """A message from the kernel. body: after the headers, its attributes (or the error number and what it is about)."""

    kind: int
    flags: int
    sequence: int
    family: int
    body: bytes


def encode_batch(
    transaction: Transaction, generation: int | None, first_sequence: int, *, tell_deletions: bool = False
) -> Batch:
    """The transaction as one batch; the kernel refuses it when `generation` is given and no longer the current one.

    tell_deletions: the answer holds each rule, and the table, that goes, as it was last.

    Raises:
        ValueError: the transaction is empty (the kernel would not answer), or a rule can't be written, see `bytecode`.
    """
    if not transaction:
        raise ValueError("an empty transaction has no commit")
    based_on = b"" if generation is None else u32(BATCH_GENERATION, generation)
    data = bytearray(_edge(BATCH_BEGIN, REQUEST | ECHO, first_sequence, based_on))
    last = 0
    for sequence, command in enumerate(transaction, first_sequence + 1):
        for kind, flags, body in _encode_command(command, sequence):
            last = len(data)
            if tell_deletions and kind in (DELETE_RULE, DELETE_TABLE):
                flags |= ECHO
            data += _message(kind, flags, sequence, body)
    data[last + _LOW_FLAGS] |= ACK
    last_sequence = first_sequence + len(transaction)
    data += _edge(BATCH_END, REQUEST, last_sequence + 1, b"")
    return Batch(bytes(data), first_sequence, last_sequence)


def ownership_probe(first_sequence: int) -> Batch:
    """A batch that is refused by every kernel, and changes nothing.

    By one that has tables with an owner which outlive him (6.9 and newer) at its last command, as there is no such
    chain; by an older one at the first.
    """
    last_sequence = first_sequence + 2
    parts = (
        _edge(BATCH_BEGIN, REQUEST, first_sequence, b""),
        _message(
            NEW_TABLE,
            REQUEST | CREATE,
            first_sequence + 1,
            string(TABLE_NAME, PROBE) + u32(TABLE_FLAGS, OWNED | PERSISTENT),
        ),
        _message(DELETE_CHAIN, REQUEST, last_sequence, string(CHAIN_TABLE, PROBE) + string(CHAIN_NAME, PROBE)),
        _edge(BATCH_END, REQUEST, last_sequence + 1, b""),
    )
    return Batch(b"".join(parts), first_sequence, last_sequence)


def request(kind: int, sequence: int, *attributes: bytes, dump: bool = False) -> bytes:
    """A question to the kernel: one object, or a dump of all of them."""
    return _message(kind, REQUEST | (DUMP if dump else 0), sequence, b"".join(attributes))


def generation_request(sequence: int) -> bytes:
    """Asks for the generation."""
    return _header.pack(_header.size, GET_GENERATION, REQUEST, sequence, 0, 0, 0, b"\0\0")


def table_request(sequence: int) -> bytes:
    """Asks for our table; the answer is an error ENOENT where there is none."""
    return request(GET_TABLE, sequence, string(TABLE_NAME, TABLE))


def chains_request(sequence: int) -> bytes:
    """Asks for a dump of the chains (of all inet tables: the kernel has no narrower one)."""
    return request(GET_CHAIN, sequence, dump=True)


def rules_request(sequence: int) -> bytes:
    """Asks for a dump of our table's rules."""
    return request(GET_RULE, sequence, string(RULE_TABLE, TABLE), dump=True)


def sets_request(sequence: int) -> bytes:
    """Asks for a dump of our table's sets and maps, without elements."""
    return request(GET_SET, sequence, string(SET_TABLE, TABLE), dump=True)


def elements_request(sequence: int, set_name: str) -> bytes:
    """Asks for a dump of the elements of one of our table's sets or maps."""
    return request(GET_ELEMENT, sequence, string(ELEMENTS_TABLE, TABLE), string(ELEMENTS_SET, set_name), dump=True)


def messages(data: bytes) -> Iterator[Message]:
    """The messages in what one recv returned.

    Raises:
        ValueError: a message is cut off.
    """
    offset, end = 0, len(data)
    while offset < end:
        length, kind, flags, sequence = _read_header(data, offset)
        if length < 16 or offset + length > end:
            raise ValueError(f"message of {length} bytes at {offset} of {end}")
        start = offset + (16 if kind in (NLMSG_ERROR, NLMSG_DONE) else 20)
        family = data[offset + 16] if length > 16 else 0
        yield Message(kind, flags, sequence, family, data[start : offset + length])
        offset += (length + 3) & ~3


def decode_error(body: bytes) -> int:
    """The error number of an NLMSG_ERROR (or of a failed dump's NLMSG_DONE), positive; 0: an acknowledgement."""
    return -int.from_bytes(body[:4], byteorder, signed=True) if len(body) >= 4 else 0


def decode_reason(message: Message) -> str:
    """The kernel's own words in an NLMSG_ERROR, empty when it has none. For sockets with NETLINK_CAP_ACK set."""
    if not message.flags & ACK_ATTRIBUTES:
        return ""
    return to_string(by_type(message.body[20:]).get(ACK_TEXT, b""))


def decode_generation(body: bytes) -> int:
    """The generation that a NEW_GENERATION message tells."""
    return to_u32(by_type(body)[GENERATION_ID])


def decode_commit(body: bytes) -> tuple[int, int, str]:
    """The generation that a NEW_GENERATION message tells, with the id and the name of the process that committed."""
    found = by_type(body)
    name = to_string(found.get(GENERATION_PROCESS, b""))
    return to_u32(found[GENERATION_ID]), to_u32(found.get(GENERATION_PID, b"")), name


def names_table(data: bytes) -> bool:
    """Whether messages of a commit may be about our table. A search for its name: quick, and at worst too careful."""
    return _NAMES_TABLE in data


def decode_handle(body: bytes) -> int:
    """The handle of the rule that a NEW_RULE message tells of."""
    for kind, value in items(body):
        if kind == RULE_HANDLE:
            return to_u64(value)
    raise ValueError("a rule without a handle")


def _edge(kind: int, flags: int, sequence: int, body: bytes) -> bytes:
    return _header.pack(_header.size + len(body), kind, flags, sequence, 0, 0, 0, b"\0\x0a") + body


def _message(kind: int, flags: int, sequence: int, body: bytes) -> bytes:
    return _header.pack(_header.size + len(body), kind, flags, sequence, 0, NFPROTO_INET, 0, b"\0\0") + body


def _read_header(data: bytes, offset: int) -> tuple[int, int, int, int]:
    if offset + 16 > len(data):
        raise ValueError(f"{len(data) - offset} bytes are no message")
    length, kind, flags, sequence = _header_start.unpack_from(data, offset)
    return length, kind, flags, sequence


def _encode_command(command: Command, number: int) -> Iterator[tuple[int, int, bytes]]:
    """The messages of the command: kind, flags, attributes. number: unique in the batch, for new sets."""
    match command:
        case AddTable(owner):
            yield NEW_TABLE, REQUEST | CREATE, string(TABLE_NAME, TABLE) + u32(TABLE_FLAGS, _flags(owner))
        case DeleteTable():
            yield DELETE_TABLE, REQUEST, string(TABLE_NAME, TABLE)
        case AddChain(name, hook):
            yield NEW_CHAIN, REQUEST | CREATE | EXCLUSIVE, _chain(name) + (_hook(hook) if hook else b"")
        case SetPolicy(name, hook):
            yield NEW_CHAIN, REQUEST, _chain(name) + u32(CHAIN_POLICY, POLICY_NUMBERS[hook.policy])
        case FlushChain(name):
            yield DELETE_RULE, REQUEST, string(RULE_TABLE, TABLE) + string(RULE_CHAIN, name)
        case DeleteChain(name):
            yield DELETE_CHAIN, REQUEST, _chain(name)
        case AddSet(name, key, interval):
            flags = SET_INTERVAL if interval else 0
            yield NEW_SET, REQUEST | CREATE | EXCLUSIVE, _set(name, key, flags, number)
        case AddMap(name, key):
            yield NEW_SET, REQUEST | CREATE | EXCLUSIVE, _set(name, key, SET_MAP, number)
        case DeleteSet(name):
            yield DELETE_SET, REQUEST, string(SET_TABLE, TABLE) + string(SET_NAME, name)
        case AddElements(name, key, elements, interval, comments):
            encoded = _encode_elements(key, elements, interval, comments)
            for body in _element_lists(name, encoded):
                yield NEW_ELEMENT, REQUEST | CREATE | EXCLUSIVE, body
        case DeleteElements(name, key, elements, interval):
            for body in _element_lists(name, _encode_elements(key, elements, interval)):
                yield DELETE_ELEMENT, REQUEST, body
        case AddRule(chain, rule, before):
            yield NEW_RULE, REQUEST | CREATE | ECHO | (APPEND if before is None else 0), _rule(chain, rule, before)
        case DeleteRule(chain, handle):
            names = string(RULE_TABLE, TABLE) + string(RULE_CHAIN, chain)
            yield DELETE_RULE, REQUEST, names + attribute(RULE_HANDLE, handle.to_bytes(8, "big"))


def _flags(owner: int) -> int:
    """Never owned alone: the table would go with its owner, and leave the host open."""
    return OWNED | PERSISTENT if owner else 0


def _chain(name: str) -> bytes:
    return string(CHAIN_TABLE, TABLE) + string(CHAIN_NAME, name)


def _hook(hook: Hook) -> bytes:
    place = nested(CHAIN_HOOK, u32(HOOK_NUMBER, HOOK_NUMBERS[hook.hook]), u32(HOOK_PRIORITY, hook.priority))
    return place + u32(CHAIN_POLICY, POLICY_NUMBERS[hook.policy]) + string(CHAIN_TYPE, "filter")


def _set(name: str, key: tuple[Field, ...], flags: int, number: int) -> bytes:
    if flags & SET_INTERVAL and len(key) != 1:
        raise ValueError(f"an interval set has one field: {name}")
    key_type = 0
    for each in key:
        key_type = key_type << 6 | TYPE_NUMBERS[each.type]
    data = u32(SET_DATA_TYPE, DATA_TYPE_VERDICT) + u32(SET_DATA_LENGTH, 0) if flags & SET_MAP else b""
    return b"".join(
        (
            string(SET_TABLE, TABLE),
            string(SET_NAME, name),
            u32(SET_FLAGS, flags),
            u32(SET_KEY_TYPE, key_type),
            u32(SET_KEY_LENGTH, key_length(key)),
            data,
            u32(SET_ID, number),
            attribute(SET_USERDATA, _key_byte_order(key) + _userdata(USERDATA_SET_COMMENT, key_text(key))),
        )
    )


def _key_byte_order(key: tuple[Field, ...]) -> bytes:
    """What nft has to know to list the elements right: interface names are in the host's byte order to it."""
    order = HOST_ORDER if key[0].type == "ifname" else NETWORK_ORDER
    return bytes([USERDATA_SET_KEY_BYTE_ORDER, 4]) + order.to_bytes(4, byteorder)


def key_text(key: tuple[Field, ...]) -> str:
    """The set's key in nft's words, which is its comment in the kernel."""
    return " . ".join(each.text for each in key)


def _rule(chain: str, rule: Rule, before: int | None) -> bytes:
    parts = [
        string(RULE_TABLE, TABLE),
        string(RULE_CHAIN, chain),
        nested(RULE_EXPRESSIONS, encode_statements(rule.statements)),
    ]
    if before is not None:
        parts.append(attribute(RULE_POSITION, before.to_bytes(8, "big")))
    if rule.comment is not None:
        parts.append(attribute(RULE_USERDATA, _userdata(USERDATA_RULE_COMMENT, rule.comment)))
    return b"".join(parts)


def _encode_elements(
    key: tuple[Field, ...],
    elements: tuple[Element, ...] | Mapping[Element, Verdict],
    interval: bool,
    comments: Mapping[Element, str] = MappingProxyType({}),
) -> Iterator[bytes]:
    if interval:
        for low, high in elements:
            yield _element(low)
            if (after := int.from_bytes(high, "big") + 1) >> len(high) * 8 == 0:
                yield _element(after.to_bytes(len(high), "big"), u32(ELEMENT_FLAGS, INTERVAL_END))
    elif isinstance(elements, Mapping):
        for element, verdict in elements.items():
            yield _element(_joined(key, element), nested(ELEMENT_DATA, encode_verdict(verdict)))
    else:
        for element in elements:
            comment = comments.get(element)
            userdata = b"" if comment is None else attribute(ELEMENT_USERDATA, _userdata(USERDATA_COMMENT, comment))
            yield _element(_joined(key, element), userdata)


def _element(key: bytes, more: bytes = b"") -> bytes:
    return nested(LIST_ELEMENT, nested(ELEMENT_KEY, attribute(DATA_VALUE, key)), more)


def _element_lists(name: str, elements: Iterable[bytes]) -> Iterator[bytes]:
    """Bodies of messages that name these elements, each short enough for its length to fit."""
    names = string(ELEMENTS_TABLE, TABLE) + string(ELEMENTS_SET, name)
    waiting: list[bytes] = []
    size = 0
    for each in elements:
        if size + len(each) > ELEMENTS_BYTES_MAX:
            yield names + nested(ELEMENTS_LIST, *waiting)
            waiting, size = [], 0
        waiting.append(each)
        size += len(each)
    yield names + nested(ELEMENTS_LIST, *waiting)


def _joined(key: tuple[Field, ...], element: Element) -> bytes:
    if [len(value) for value in element] != [each.length for each in key]:
        raise ValueError(f"{element} is no element of {key_text(key)}")
    return element[0] if len(key) == 1 else b"".join(map(padded, element))


def _userdata(kind: int, text: str) -> bytes:
    value = text.encode() + b"\0"
    if len(value) > COMMENT_BYTES_MAX:
        raise ValueError(f"a comment has at most {COMMENT_BYTES_MAX - 1} bytes: {text!r}")
    return bytes([kind, len(value)]) + value
