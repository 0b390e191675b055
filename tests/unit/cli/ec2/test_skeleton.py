"""Forms have what botocore's generator puts there; a text with certain values has the first of them."""

from __future__ import annotations

import json
from typing import Any

import botocore.utils
import pytest
from ruamel.yaml import YAML

import botocore_judge as judge
from ringwall.cli.ec2 import skeleton
from ringwall.cli.ec2.check import check
from ringwall.client.model import OPERATIONS


def moment(value: object) -> str:
    return value.isoformat()  # type: ignore[attr-defined,no-any-return]


@pytest.fixture(autouse=True)
def first_of_the_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(botocore.utils.random, "choice", lambda values: values[0])


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_as_botocore_makes_them(operation: str) -> None:
    model = judge.model(operation)
    generate = botocore.utils.ArgumentGenerator()
    expected = generate.generate_skeleton(model.input_shape)
    assert json.dumps(skeleton.request(operation)) == json.dumps(expected)
    named = botocore.utils.ArgumentGenerator(use_member_names=True)
    answer: Any = named.generate_skeleton(model.output_shape) if model.output_shape else {}
    assert json.dumps(skeleton.answer(operation)) == json.dumps(answer, default=moment)


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_yaml_says_the_same(operation: str) -> None:
    text = skeleton.yaml(operation)
    expected = skeleton.request(operation)
    found = YAML(typ="safe", pure=True).load(text)
    assert json.dumps(found, default=lambda value: None) == json.dumps(expected)
    required = judge.model(operation).input_shape.required_members
    for member in required:
        line = next(line for line in text.splitlines() if line.startswith(f"{member}:"))
        assert "[REQUIRED]" in line


def test_a_form_that_is_filled_in_is_a_request() -> None:
    form = skeleton.request("RevokeSecurityGroupIngress")
    check("RevokeSecurityGroupIngress", form)
