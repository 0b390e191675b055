"""What is wrong with parameters is said in botocore's words, and all at once."""

from __future__ import annotations

from typing import Any

import botocore.validate
import pytest
from botocore.model import ListShape, Shape, StructureShape
from hypothesis import given, settings
from hypothesis import strategies as st

import botocore_judge as judge
from ringwall.cli.ec2.check import check
from ringwall.cli.ec2.messages import INVALID, Stop
from ringwall.client.model import OPERATIONS

JUNK = st.one_of(st.none(), st.booleans(), st.integers(-2, 10), st.floats(0, 1), st.sampled_from(["", "a", "22"]),
                 st.just([]), st.just({}), st.just(["a"]), st.just({"Bogus": 1}), st.just(b"x"))  # fmt: skip


def any_values(shape: Shape) -> st.SearchStrategy[Any]:
    """Mostly what fits, here and there something else."""
    match shape:
        case StructureShape():
            members = {name: any_values(member) for name, member in list(shape.members.items())[:12]}
            right: st.SearchStrategy[Any] = st.fixed_dictionaries({}, optional={**members, "Bogus": JUNK})
        case ListShape():
            right = st.lists(any_values(shape.member), max_size=2)
        case _:
            right = {"string": st.sampled_from(["", "a"]), "boolean": st.booleans()}.get(
                shape.type_name, st.integers(-2, 10)
            )
    return st.one_of(right, right, right, JUNK)


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_as_botocore_reports_it(operation: str, data: st.DataObject) -> None:
    shape = judge.model(operation).input_shape
    assert shape is not None
    parameters = data.draw(any_values(shape))
    report = botocore.validate.ParamValidator().validate(parameters, shape)
    if not report.has_errors():
        check(operation, parameters)
        return
    with pytest.raises(Stop) as stop:
        check(operation, parameters)
    assert str(stop.value) == f"Parameter validation failed:\n{report.generate_report()}"
    assert stop.value.status == INVALID
