"""Writers are strict about what operations give them."""

from __future__ import annotations

import pytest

from ringwall.wire import shapes
from ringwall.wire.model import reader, writer
from ringwall.wire.response import serialize


def test_every_structure_of_the_table_compiles() -> None:
    for _, request, answer in shapes.OPERATIONS.values():
        reader(request)
        if answer is not None:
            writer(answer, 1)


def test_members_come_in_the_order_of_the_answer() -> None:
    for answer in ({"GroupId": "a", "SecurityGroupArn": "b"}, {"SecurityGroupArn": "b", "GroupId": "a"}):
        parts: list[str] = []
        writer("CreateSecurityGroupResult", 0)(parts.append, answer)
        assert [part[1:].partition(">")[0] for part in parts] == [name[:1].lower() + name[1:] for name in answer]


@pytest.mark.parametrize(
    ("operation", "answer"),
    [
        ("CreateSecurityGroup", {"GroupID": "sg-1"}),
        ("DescribeVpcs", {"Vpcs": [{"Cidr": "10.0.0.0/8"}]}),
        ("CreateTags", {"Return": True}),
    ],
)
def test_a_member_that_the_model_lacks_is_a_mistake_of_ours(operation: str, answer: dict[str, object]) -> None:
    with pytest.raises(KeyError):
        serialize(operation, "2016-11-15", answer, "id")
