"""Documents that are refused, with the place and the reason, in bounded time."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringwall.iam.document import CHARACTERS_MAX, Effect, parse_document
from ringwall.iam.errors import MalformedPolicyDocument
from ringwall.iam.match import action_pattern, arn_pattern, template

ALLOW = {"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}


def text_of(*statements: Any, **top: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)} | top)


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("", "line 1, column 1", "not JSON"),
        ("[]", "", "must be an object"),
        ('{"Version": "2012-10-17", "Statement": [}', "line 1, column 41", "not JSON"),
        ('{"Version": "2012-10-17", "Version": "2012-10-17"}', "", "'Version' stands twice"),
        (text_of(ALLOW, Version="2008-10-17"), "Version", "2012-10-17"),
        (json.dumps({"Statement": ALLOW}), "Version", "2012-10-17"),
        (json.dumps({"Version": "2012-10-17"}), "Statement", "missing"),
        (text_of(), "Statement", "1 to 100"),
        (text_of(ALLOW, Extra=1), "", "unknown member 'Extra'"),
        (text_of(ALLOW | {"Actions": "x"}), "Statement[1]", "unknown member 'Actions'"),
        (text_of(ALLOW | {"Principal": "*"}), "Statement[1]", "unknown member 'Principal'"),
        (text_of(ALLOW, ALLOW | {"Effect": "allow"}), "Statement[2].Effect", '"Allow" or "Deny"'),
        (text_of(ALLOW | {"Sid": "a b"}), "Statement[1].Sid", "letters and digits"),
        (text_of(ALLOW | {"Sid": "a"}, ALLOW | {"Sid": "a"}), "Statement", "Sid a stands there twice"),
        (text_of(ALLOW | {"NotAction": "ec2:*"}), "Statement[1]", "Action or NotAction"),
        (text_of({"Effect": "Allow", "Action": "*"}), "Statement[1]", "Resource or NotResource"),
        (text_of(ALLOW | {"Action": []}), "Statement[1].Action", "not empty"),
        (text_of(ALLOW | {"Action": ["ec2:*", ""]}), "Statement[1].Action", "not empty"),
        (text_of(ALLOW | {"Action": "RevokeSecurityGroupIngress"}), "Statement[1].Action", "ec2:Describe*"),
        (text_of(ALLOW | {"Action": "ec2:Revoke Security"}), "Statement[1].Action", "ec2:Describe*"),
        (text_of(ALLOW | {"Resource": "sg-1"}), "Statement[1].Resource", "arn:aws:ec2:*:*:security-group/*"),
        (text_of(ALLOW | {"Condition": []}), "Statement[1].Condition", "object of operators"),
        (text_of(ALLOW | {"Condition": {"Bool": "x"}}), "Statement[1].Condition.Bool", "object of keys"),
        (
            text_of(ALLOW | {"Condition": {"StringEqual": {"ec2:Vpc": "x"}}}),
            "Statement[1].Condition.StringEqual",
            "no such operator",
        ),
        (
            text_of(ALLOW | {"Condition": {"StringEquals": {"ec2:Vpk": "x"}}}),
            "Statement[1].Condition.StringEquals.ec2:Vpk",
            "no such condition key",
        ),
        (
            text_of(ALLOW | {"Condition": {"StringEquals": {"ec2:Vpc": []}}}),
            "Statement[1].Condition.StringEquals.ec2:Vpc",
            "never hold",
        ),
        (
            text_of(ALLOW | {"Condition": {"StringEquals": {"ec2:Vpc": {"a": 1}}}}),
            "Statement[1].Condition.StringEquals.ec2:Vpc",
            "a text, a number",
        ),
        *[
            (
                text_of(ALLOW | {"Condition": {operator: {"aws:SourceIp": value}}}),
                f"Statement[1].Condition.{operator}.aws:SourceIp",
                reason,
            )
            for operator, value, reason in (
                ("IpAddress", "10.0.0.0/33", "no address"),
                ("NumericLessThan", "many", "no number"),
                ("NumericLessThan", "1e9", "no number"),
                ("DateLessThan", "31.1.2026", "no date"),
                ("DateLessThan", "2026-02-31", "no date"),
                ("Bool", "yes", "neither true nor false"),
                ("ArnLike", "sg-1", "no ARN"),
                ("Null", ["true", "false"], "one value"),
                ("ForAnyValue:Null", "true", "one value"),
            )
        ],
    ],
)  # fmt: skip
def test_refused_with_place_and_reason(text: str, place: str, reason: str) -> None:
    with pytest.raises(MalformedPolicyDocument) as refusal:
        parse_document(text)
    assert refusal.value.place == place
    assert reason in refusal.value.reason


@pytest.mark.parametrize(
    "text",
    [
        "[" * 60_000,
        '{"Version": "2012-10-17", "Statement": [' + "[" * 5_000 + "]" * 5_000 + "]}",
        "x" * 1_000_000,
        " " * 100_000 + text_of(ALLOW),
        text_of(*[ALLOW] * 10_000),
        text_of(*[ALLOW] * 101),
        text_of(ALLOW | {"Condition": {"NumericEquals": {"aws:EpochTime": 10**4000}}}).replace("0" * 4000, "0" * 5000),
        text_of(ALLOW | {"Resource": "\ud800"}),
        text_of(ALLOW | {"Action": "ec2:" + "a*" * 4_000}),
    ],
)
def test_too_much_is_refused(text: str) -> None:
    with pytest.raises(MalformedPolicyDocument):
        parse_document(text)


def test_white_space_is_not_counted() -> None:
    pattern = "ec2:" + "a" * (CHARACTERS_MAX - len(text_of(ALLOW).replace(" ", "")) - len("ec2:") + len("ec2:*"))
    assert parse_document(json.dumps(json.loads(text_of(ALLOW | {"Action": pattern})), indent=8)).statements
    with pytest.raises(MalformedPolicyDocument, match="more than 6144 characters"):
        parse_document(text_of(ALLOW | {"Action": pattern + "a"}))


def test_a_pattern_of_stars_takes_no_time() -> None:
    pattern = arn_pattern("arn:aws:ec2:*:*:" + "a*" * 2_500 + "b")
    assert pattern is not None
    assert not pattern.matches("arn:aws:ec2:r:1:" + "a" * 5_000, {})


def text_with(pattern: str) -> str:
    """A document that compares what the client calls itself with the pattern."""
    return text_of(ALLOW | {"Condition": {"StringLike": {"aws:UserAgent": pattern}}})


def seconds(function: Callable[[], object]) -> float:
    began = time.process_time()
    function()
    return time.process_time() - began


@pytest.mark.parametrize("pattern", ["${" * 2_900, "${" * 2_000 + " " * 55_000, "${aws:username" * 400, "$" * 5_900])
def test_a_document_of_beginnings_is_read_in_no_time(pattern: str) -> None:
    assert seconds(lambda: parse_document(text_with(pattern))) < 0.2


@pytest.mark.parametrize("pattern", ["*" + "?" * 5_800 + "b*", "*" + "?a" * 500 + "b*", "*" + "a?" * 500 + "*b"])
@pytest.mark.parametrize("said", ["a" * 2_000, "a" * 64_000, "a" * 1_000_000])
def test_a_pattern_that_nearly_fits_everywhere_takes_no_time(pattern: str, said: str) -> None:
    (statement,) = parse_document(text_with(pattern)).statements
    keys = {"aws:useragent": (said,)}
    assert not statement.applies("*", keys)
    assert seconds(lambda: statement.applies("*", keys)) < 0.02


def test_what_a_variable_stands_for_is_found_once_for_many_resources() -> None:
    pattern = arn_pattern("arn:aws:ec2:*:*:security-group/" + "${aws:username}" * 300 + "*")
    assert pattern is not None
    keys = {"aws:username": ("ann",)}
    assert seconds(lambda: [pattern.matches(f"arn:aws:ec2:r:1:security-group/{n}", keys) for n in range(1_000)]) < 0.2
    assert pattern.matches("arn:aws:ec2:r:1:security-group/" + "bob" * 300, {"aws:username": ("bob",)})
    assert not pattern.matches("arn:aws:ec2:r:1:security-group/" + "bob" * 300, keys)


@given(st.text(alphabet="ab", min_size=400, max_size=1_000), st.text(alphabet="ab?", min_size=12, max_size=20))
def test_long_texts_fit_as_short_ones_do(text: str, stretch: str) -> None:
    fits = re.search(stretch.replace("?", "."), text) is not None
    assert template(f"*{stretch}*").matches(text, {}) is fits


@given(st.text(max_size=30), st.text(alphabet="ab*?$:{}", max_size=12))
def test_any_text_is_read_or_refused(text: str, pattern: str) -> None:
    action_pattern(pattern)
    arn_pattern("arn:aws:" + pattern)
    template(pattern).matches(text, {})
    with pytest.raises(MalformedPolicyDocument):
        parse_document(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    )
)
def test_any_json_in_any_place_is_refused_or_read(content: Any) -> None:
    for member in ("Sid", "Effect", "Action", "NotAction", "Resource", "Condition"):
        for trust in (False, True):
            try:
                parse_document(text_of({**ALLOW, member: content}), trust=trust)
            except MalformedPolicyDocument as refusal:
                assert refusal.message


def test_trust_documents_name_principals() -> None:
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ["123456789012", "*"]}}
    (statement,) = parse_document(text_of(trust), trust=True).statements
    assert statement.principals == ("arn:aws:iam::123456789012:root", "*")
    assert statement.effect is Effect.ALLOW
    for bad in ({"AWS": "ann"}, {"Service": "ec2"}, "ann", {}, {"AWS": []}):
        with pytest.raises(MalformedPolicyDocument):
            parse_document(text_of(trust | {"Principal": bad}), trust=True)
