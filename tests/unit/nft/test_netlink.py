"""A transaction is one batch in the kernel's form; dumps in that form come back as the same values."""

from __future__ import annotations

from collections.abc import Iterable
from sys import byteorder

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nft_values
from ringwall.nft import dumps, netlink
from ringwall.nft import expressions as x
from ringwall.nft.attributes import attribute, items, string, u32
from ringwall.nft.diff import replacement
from ringwall.nft.expressions import Counter, Verdict
from ringwall.nft.netlink import Message
from ringwall.nft.objects import Rule, Ruleset
from ringwall.nft.ruleset import Applied
from ringwall.nft.transaction import AddChain, AddElements, AddRule, AddSet, AddTable, DeleteRule, Transaction

ACCEPT = Verdict("accept")
TRANSACTION: Transaction = (AddTable(), AddChain("c"), AddRule("c", Rule((Counter(), ACCEPT))))


def encoded(transaction: Transaction, generation: int | None = None) -> list[Message]:
    return list(netlink.messages(netlink.encode_batch(transaction, generation, 7).data))


def test_a_batch_begins_ends_and_numbers_its_commands() -> None:
    batch = netlink.encode_batch(TRANSACTION, None, 7)
    found = list(netlink.messages(batch.data))
    assert [each.kind for each in found] == [
        netlink.BATCH_BEGIN,
        netlink.NEW_TABLE,
        netlink.NEW_CHAIN,
        netlink.NEW_RULE,
        netlink.BATCH_END,
    ]
    assert [each.sequence for each in found] == [7, 8, 9, 10, 11]
    assert (batch.first_sequence, batch.last_sequence) == (7, 10)


def test_only_the_last_command_asks_for_an_acknowledgement_and_only_rules_for_an_echo() -> None:
    flags = [each.flags for each in encoded((*TRANSACTION, DeleteRule("c", 5)))]
    assert [bool(each & netlink.ACK) for each in flags] == [False, False, False, False, True, False]
    assert [bool(each & netlink.ECHO) for each in flags] == [True, False, False, True, False, False]


@pytest.mark.parametrize("generation", [None, 1, 0xFFFFFFFF])
def test_a_batch_says_what_generation_it_is_based_on(generation: int | None) -> None:
    begin = encoded(TRANSACTION, generation)[0].body
    assert begin == (b"" if generation is None else u32(netlink.BATCH_GENERATION, generation))


def test_an_empty_transaction_has_no_batch() -> None:
    with pytest.raises(ValueError, match="empty"):
        netlink.encode_batch((), None, 1)


def test_many_elements_go_in_messages_of_one_command() -> None:
    elements = tuple((number.to_bytes(16),) for number in range(5_000))
    found = encoded((AddElements("s", (x.IP6_SADDR,), elements), DeleteRule("c", 5)))[1:-2]
    assert len(found) > 2
    assert {each.sequence for each in found} == {8}
    assert all(len(each.body) < 0xFFFF for each in found)
    listed = [count for each in found for count in range(len(list(items(dict(items(each.body))[3]))))]
    assert len(listed) == len(elements)


@pytest.mark.parametrize("comment", ["x" * 128, "ü" * 64])
def test_a_comment_longer_than_nft_reads_is_refused(comment: str) -> None:
    with pytest.raises(ValueError, match="comment"):
        encoded((AddRule("c", Rule((ACCEPT,), comment)),))


@pytest.mark.parametrize("element", [(b"\1",), (b"\1\2", b"\3"), ()])
def test_an_element_that_does_not_fit_its_key_is_refused(element: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError, match="no element"):
        encoded((AddElements("s", (x.CT_REPLY_PROTO_SRC,), (element,)),))


def dumped(ruleset: Ruleset) -> Applied:
    """The ruleset as it comes out of what the kernel was told, had it listed just that."""
    sent = encoded(replacement(ruleset, exists=False))

    def of(kind: int) -> list[Message]:
        return [each for each in sent if each.kind == kind]

    rules = [
        each._replace(body=each.body + attribute(netlink.RULE_HANDLE, number.to_bytes(8)))
        for number, each in enumerate(of(netlink.NEW_RULE), 1)
    ]
    elements: dict[str, list[Message]] = {}
    for each in of(netlink.NEW_ELEMENT):
        elements.setdefault(dict(items(each.body))[netlink.ELEMENTS_SET].rstrip(b"\0").decode(), []).append(each)
    used = len(ruleset.chains) + len(ruleset.sets) + len(ruleset.maps)
    table = Message(netlink.NEW_TABLE, 0, 0, netlink.NFPROTO_INET, u32(netlink.TABLE_USE, used))
    return dumps.decode_table(table, of(netlink.NEW_CHAIN), rules, of(netlink.NEW_SET), elements, 1)


@pytest.mark.parametrize(("flags", "foreign"), [(0x4, False), (0x14, True), (0x84, True), (0xC, True)])
def test_an_interval_set_that_is_something_else_as_well_is_foreign(flags: int, foreign: bool) -> None:
    sent = encoded((AddSet("s", (x.IP_SADDR,), interval=True),))[1]
    told = sent._replace(body=sent.body + u32(netlink.SET_FLAGS, flags))
    about = Message(netlink.NEW_TABLE, 0, 0, netlink.NFPROTO_INET, u32(netlink.TABLE_USE, 1))
    assert bool(dumps.decode_table(about, [], [], [told], {}, 1).foreign) is foreign


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(nft_values.rulesets())
def test_what_is_written_is_what_is_read(ruleset: Ruleset) -> None:
    found = dumped(ruleset)
    assert found.ruleset == ruleset
    assert not found.foreign
    assert sum(map(len, found.handles.values())) == sum(len(each.rules) for each in ruleset.chains.values())


def chain_message(*attributes: bytes, family: int = netlink.NFPROTO_INET) -> Message:
    return Message(netlink.NEW_CHAIN, 0, 0, family, b"".join(attributes))


def table_of(chains: Iterable[Message], used: int) -> Applied:
    about = Message(netlink.NEW_TABLE, 0, 0, netlink.NFPROTO_INET, u32(netlink.TABLE_USE, used))
    return dumps.decode_table(about, chains, [], [], {}, 1)


def test_chains_of_other_tables_and_families_are_passed_over() -> None:
    ours = string(netlink.CHAIN_TABLE, "ringwall")
    theirs = string(netlink.CHAIN_TABLE, "theirs")
    name = string(netlink.CHAIN_NAME, "c")
    chains = [chain_message(ours, name), chain_message(theirs, name), chain_message(ours, name, family=2)]
    found = table_of(chains, used=1)
    assert list(found.ruleset.chains) == ["c"]
    assert not found.foreign


def test_an_object_that_is_neither_chain_nor_set_is_foreign() -> None:
    assert table_of([], used=1).foreign


@given(st.binary(max_size=80))
def test_bytes_that_are_no_messages_are_refused(data: bytes) -> None:
    try:
        found = list(netlink.messages(data))
    except ValueError:
        return
    assert sum((len(each.body) + 16 + 3) & ~3 for each in found) <= len(data) + 3


def test_a_message_cut_off_is_refused() -> None:
    data = netlink.encode_batch(TRANSACTION, None, 7).data
    for end in range(1, len(data)):
        try:
            found = list(netlink.messages(data[:end]))
        except ValueError:
            continue
        assert len(found) < 5


def test_errors_and_acknowledgements_are_told_apart() -> None:
    assert netlink.decode_error((-2).to_bytes(4, byteorder, signed=True) + bytes(16)) == 2
    assert netlink.decode_error(bytes(20)) == 0
    said = Message(netlink.NLMSG_ERROR, netlink.ACK_ATTRIBUTES, 1, 0, bytes(20) + string(netlink.ACK_TEXT, "why"))
    assert netlink.decode_reason(said) == "why"
    assert netlink.decode_reason(said._replace(flags=0)) == ""


@pytest.mark.parametrize(("owner", "flags"), [(0, 0), (4711, netlink.OWNED | netlink.PERSISTENT)])
def test_a_table_that_is_owned_outlives_its_owner(owner: int, flags: int) -> None:
    _, added, _ = encoded((AddTable(owner),))
    assert added.body == string(netlink.TABLE_NAME, "ringwall") + u32(netlink.TABLE_FLAGS, flags)


def test_a_commit_tells_its_process_and_whether_it_may_be_about_our_table() -> None:
    told = u32(1, 12) + u32(2, 4711) + string(3, "nft")
    assert netlink.decode_commit(told) == (12, 4711, "nft")
    assert netlink.decode_commit(u32(1, 12)) == (12, 0, "")
    ours, theirs = (
        netlink.request(netlink.NEW_CHAIN, 1, string(netlink.CHAIN_TABLE, name), string(netlink.CHAIN_NAME, chain))
        for name, chain in (("ringwall", "c"), ("ringwalls", "ringwall"))
    )
    assert netlink.names_table(theirs + ours)
    assert not netlink.names_table(theirs)
