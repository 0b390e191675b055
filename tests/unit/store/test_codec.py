"""The change log's text: everything comes back as it was, and a person can read it."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringwall.domain.change import Change, RulesRemoved
from ringwall.domain.group import Direction, PeerReference, SecurityGroupRule
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.traffic import Traffic
from ringwall.store.codec import decode_changes, encode_changes

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def changes() -> st.SearchStrategy[Change]:
    """Any change of any kind; the rules of one are of its group."""

    def members(cls: type[Any], group_id: str) -> st.SearchStrategy[Change]:
        rules = st.builds(
            SecurityGroupRule,
            TEXT,
            st.just(group_id),
            st.sampled_from(Direction),
            st.builds(Traffic, TEXT, st.integers(-1, 65535), st.integers(-1, 65535)),
            st.builds(Peer, st.sampled_from(PeerKind), TEXT),
            st.none() | TEXT,
            st.none() | st.builds(PeerReference, TEXT, TEXT, st.none() | TEXT),
        )
        given_types = {
            "str": TEXT,
            "bool": st.booleans(),
            "tuple[str, ...]": st.lists(TEXT).map(tuple),
            "tuple[SecurityGroupRule, ...]": st.lists(rules, max_size=3).map(tuple),
        }
        values = {field.name: given_types[str(field.type)] for field in fields(cls)}
        if "rules" in values:
            values["group_id"] = st.just(group_id)
        return st.builds(cls, **values)

    return st.tuples(st.sampled_from(get_args(Change)), TEXT).flatmap(lambda pair: members(*pair))


@given(st.lists(changes(), max_size=4).map(tuple))
def test_changes_come_back_as_they_were(given_changes: tuple[Change, ...]) -> None:
    assert decode_changes(encode_changes(given_changes)) == given_changes


def test_the_text_names_everything_as_the_domain_does() -> None:
    rule = SecurityGroupRule(
        "sgr-1", "sg-1", Direction.INGRESS, Traffic("tcp", 22, 22), Peer(PeerKind.CIDR_IPV4, "10.0.0.0/8"), "sésame"
    )
    text = encode_changes([RulesRemoved("sg-1", (rule,))])
    assert "sésame" in text
    assert json.loads(text) == [
        {
            "change": "rules_removed",
            "group_id": "sg-1",
            "rules": [
                {
                    "rule_id": "sgr-1",
                    "direction": "ingress",
                    "protocol": "tcp",
                    "from_port": 22,
                    "to_port": 22,
                    "peer_kind": "cidr_ipv4",
                    "peer": "10.0.0.0/8",
                    "description": "sésame",
                }
            ],
        }
    ]


def test_a_change_of_an_unknown_kind_is_not_passed_over() -> None:
    with pytest.raises(KeyError):
        decode_changes('[{"change":"moon_risen"}]')
