"""Decisions, judged by the plain evaluator and by what must hold of all documents."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import plain_policy
from ringwall.iam.document import parse_document
from ringwall.iam.evaluate import Attached, Decision, Judge, Outcome, Target, evaluate, evaluate_trust

GROUP = "arn:aws:ec2:us-east-1:123456789012:security-group/sg-1"
OTHER = "arn:aws:ec2:us-east-1:123456789012:security-group/sg-2"
RULE = "arn:aws:ec2:us-east-1:123456789012:security-group-rule/sgr-1"

actions = st.sampled_from(["ec2:RevokeSecurityGroupIngress", "ec2:DescribeVpcs", "ringwall:Watch", "sts:AssumeRole"])
action_patterns = st.sampled_from(
    ["*", "ec2:*", "EC2:revoke*", "ec2:RevokeSecurityGroupIngress", "ec2:Describe????", "ec2:*SecurityGroup*", "sts:*"]
)
resources = st.sampled_from([GROUP, OTHER, RULE, "*"])
resource_patterns = st.sampled_from(
    ["*", GROUP, "arn:aws:ec2:*:*:security-group/*", "arn:aws:ec2", "arn:aws:ec2:*:*:*/s??-1", "arn:aws:s3:::*",
     "arn:aws:ec2:${aws:RequestedRegion}:*:*", "arn:*:ec2:us-*:1*2:security-group${*}/*",
     "arn:aws:ec2:*:${aws:Nobody}:*"]
)  # fmt: skip
texts = ["web", "WEB", "w*", "web-${aws:username}", "${aws:username}", "?eb", "ann", "a${*}n", ""]
ordered = ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"]
values_by_operator = {
    "String": (["Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike"], texts[:-1]),
    "Arn": (["Equals", "NotEquals", "Like", "NotLike"], [GROUP, "arn:aws:ec2:*:*:security-group/*", "*"]),
    "Numeric": (ordered, ["1", "2.5", 10]),
    "Date": (
        ordered,
        ["2026-01-31T12:00:00Z", "1769860800", "2027-01-01T00:00:00+02:00"],
    ),
}  # fmt: skip
key_names = st.sampled_from(
    ["aws:username", "ec2:Vpc", "aws:TagKeys", "aws:RequestTag/Role", "AWS:SourceIp", "aws:CurrentTime", "ec2:Region"]
)
given_values = st.sampled_from(
    [
        "web",
        "Web",
        "web-ann",
        "ann",
        "a*n",
        "10.0.0.9",
        "fd00::9",
        "1",
        "10",
        "2026-01-31T12:00:00Z",
        GROUP,
        "true",
        "w*",
    ]
)
keys_given = st.dictionaries(key_names.map(str.lower), st.lists(given_values, max_size=3))


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from([*values_by_operator, "Bool", "Ip", "Null"]))
    if kind == "Null":
        return {"Null": {draw(key_names): draw(st.sampled_from(["true", "false", True, False]))}}
    if kind == "Bool":
        operator, values = "Bool", ["true", "False", True]
    elif kind == "Ip":
        operator, values = draw(st.sampled_from(["IpAddress", "NotIpAddress"])), ["10.0.0.0/8", "fd00::/8", "10.0.0.9"]
    else:
        forms, values = values_by_operator[kind]
        operator = kind + draw(st.sampled_from(forms))
    operator = draw(st.sampled_from(["", "ForAnyValue:", "ForAllValues:"])) + operator
    operator += draw(st.sampled_from(["", "IfExists"]))
    chosen = draw(st.lists(st.sampled_from(values), min_size=1, max_size=3))
    return {operator: {draw(key_names): chosen if len(chosen) > 1 or draw(st.booleans()) else chosen[0]}}


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": draw(st.sampled_from(["Allow", "Allow", "Deny"]))}
    patterns = draw(st.lists(action_patterns, min_size=1, max_size=3))
    statement[draw(st.sampled_from(["Action", "Action", "NotAction"]))] = patterns
    patterns = draw(st.lists(resource_patterns, min_size=1, max_size=3))
    statement[draw(st.sampled_from(["Resource", "Resource", "NotResource"]))] = patterns
    if draw(st.booleans()):
        statement["Condition"] = draw(conditions())
    return statement


documents = st.lists(statements(), min_size=1, max_size=4).map(
    lambda several: json.dumps({"Version": "2012-10-17", "Statement": several})
)
askings = st.tuples(actions, st.lists(resources, min_size=1, max_size=3), keys_given)


def attached(texts: Sequence[str]) -> list[Attached]:
    return [Attached(f"policy-{number}", parse_document(text)) for number, text in enumerate(texts)]


def decision(texts: Sequence[str], action: str, arns: Sequence[str], keys: dict[str, list[str]]) -> Decision:
    return evaluate(attached(texts), action, [Target(arn) for arn in arns], keys)


@given(st.lists(documents, max_size=3), askings)
def test_the_plain_evaluator_agrees(texts: list[str], asking: tuple[str, list[str], dict[str, list[str]]]) -> None:
    assert decision(texts, *asking).outcome == plain_policy.decide(texts, *asking)


@settings(deadline=None)
@given(
    st.lists(documents, max_size=3),
    st.lists(askings, max_size=12),
    st.dictionaries(key_names.map(str.lower), st.lists(given_values, max_size=3)),
)
def test_a_judge_decides_as_if_it_remembered_nothing(
    texts: list[str], asked: list[tuple[str, list[str], dict[str, list[str]]]], own: dict[str, list[str]]
) -> None:
    judge = Judge(attached(texts))
    for action, arns, keys in asked * 2:
        for keys_of_target in ({}, own):
            targets = [Target(arn, keys_of_target) for arn in arns]
            assert judge.evaluate(action, targets, keys) == evaluate(attached(texts), action, targets, keys)


@given(st.lists(documents, max_size=3), statements(), askings)
def test_a_further_denial_never_allows(texts: list[str], more: Any, asking: Any) -> None:
    denial = json.dumps({"Version": "2012-10-17", "Statement": more | {"Effect": "Deny"}})
    if not decision(texts, *asking).allowed:
        assert not decision([*texts, denial], *asking).allowed


@given(st.lists(documents, max_size=3), askings, st.randoms())
def test_order_makes_no_difference(texts: list[str], asking: Any, random: Any) -> None:
    shuffled = []
    for text in random.sample(texts, len(texts)):
        document = json.loads(text)
        random.shuffle(document["Statement"])
        shuffled.append(json.dumps(document))
    assert decision(texts, *asking).outcome == decision(shuffled, *asking).outcome


@given(st.lists(documents, max_size=3), askings)
def test_more_resources_never_allow_more(texts: list[str], asking: Any) -> None:
    action, arns, keys = asking
    if decision(texts, action, arns, keys).allowed:
        assert all(decision(texts, action, [arn], keys).allowed for arn in arns)


def policy(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Resource": "*"} | statement})


def test_the_statement_that_decided_is_named() -> None:
    allow = policy(Sid="Close", Action="ec2:Revoke*")
    deny = policy(Effect="Deny", Action="ec2:*", Resource=OTHER)
    asked = "ec2:RevokeSecurityGroupIngress"
    assert decision([allow, deny], asked, [GROUP], {}) == Decision(Outcome.ALLOWED, asked, GROUP, "policy-0", "Close")
    assert decision([allow, deny], asked, [GROUP, OTHER], {}) == Decision(
        Outcome.EXPLICIT_DENY, asked, OTHER, "policy-1", "Statement[1]"
    )
    assert decision([deny], asked, [GROUP], {}) == Decision(Outcome.IMPLICIT_DENY, asked, GROUP)


@pytest.mark.parametrize("action", ["ec2:revokesecuritygroupingress", "EC2:RevokeSecurityGroupIngress"])
def test_no_letter_case_gets_round_a_denial(action: str) -> None:
    deny = policy(Effect="Deny", Action="ec2:RevokeSecurityGroupIngress")
    assert decision([policy(Action="*"), deny], action, [GROUP], {}).outcome is Outcome.EXPLICIT_DENY


def test_a_value_of_the_request_is_never_a_wildcard() -> None:
    own = policy(Action="ec2:*", Resource="arn:aws:ec2:*:*:security-group/${aws:username}")
    assert not decision([own], "ec2:DeleteSecurityGroup", [GROUP], {"aws:username": ["*"]}).allowed
    assert decision([own], "ec2:DeleteSecurityGroup", [GROUP], {"aws:username": ["sg-1"]}).allowed


def test_a_targets_own_keys_win() -> None:
    tagged = policy(Action="ec2:*", Condition={"StringEquals": {"aws:ResourceTag/Team": "red"}})
    targets = [Target(GROUP, {"aws:resourcetag/team": ["red"]}), Target(OTHER, {"aws:resourcetag/team": ["blue"]})]
    assert evaluate(attached([tagged]), "ec2:DeleteTags", targets[:1], {}).allowed
    assert evaluate(attached([tagged]), "ec2:DeleteTags", targets, {}) == Decision(
        Outcome.IMPLICIT_DENY, "ec2:DeleteTags", OTHER
    )


def test_trust_names_who_may() -> None:
    user = "arn:aws:iam::123456789012:user/ann"
    statement = {"Effect": "Allow", "Principal": {"AWS": user}, "Action": "sts:AssumeRole"}
    external = statement | {"Condition": {"StringEquals": {"sts:ExternalId": "7"}}}
    document = parse_document(json.dumps({"Version": "2012-10-17", "Statement": [external]}), trust=True)
    assert evaluate_trust(document, {user}, "sts:AssumeRole", {"sts:externalid": ["7"]}).allowed
    assert not evaluate_trust(document, {user}, "sts:AssumeRole", {}).allowed
    assert not evaluate_trust(document, {user + "x"}, "sts:AssumeRole", {"sts:externalid": ["7"]}).allowed
