"""The gate of every operation, ec2-behaviour 1.6: what is missing comes before a dry run, what is absent after it."""

from __future__ import annotations

from typing import Any

import pytest

import botocore_judge as judge
from operations_given import given
from ringwall.domain.errors import MissingParameter, ServiceError, ValidationError
from ringwall.operations.table import OPERATIONS
from ringwall.wire.request import parse, parse_query

SHAPES = {name: judge.model(name).input_shape for name in sorted(OPERATIONS)}
REQUIRED = [(name, member) for name, shape in SHAPES.items() if shape for member in shape.required_members]
WITH_DRY_RUN = [name for name, shape in SHAPES.items() if shape and "DryRun" in shape.members]


def refused_before_dry_run(name: str, request: dict[str, Any]) -> ServiceError | None:
    """What parsing and vetting say to the request, as botocore writes it; None when a dry run would succeed."""
    try:
        parsed = parse(parse_query(judge.form(judge.flat(name, request))))
        OPERATIONS[name].vet(parsed.request)
    except ServiceError as error:
        return error
    return None


@pytest.mark.parametrize(("name", "member"), REQUIRED)
def test_a_required_member_that_is_missing_is_told_before_a_dry_run(name: str, member: str) -> None:
    request = {each: value for each, value in given(name).items() if each != member} | {"DryRun": True}
    if name not in WITH_DRY_RUN:
        del request["DryRun"]
    told = MissingParameter if judge.service_of(name) == "ec2" else ValidationError
    assert isinstance(refused_before_dry_run(name, request), told)


@pytest.mark.parametrize("name", WITH_DRY_RUN)
def test_what_is_not_there_is_told_after_a_dry_run(name: str) -> None:
    # Chosen: whether EC2 looks for what a dry run names isn't known.
    assert refused_before_dry_run(name, given(name) | {"DryRun": True}) is None
