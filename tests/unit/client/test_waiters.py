"""Waiters, ours and botocore's, over the same answers."""

from __future__ import annotations

import itertools
from typing import Any

import botocore.loaders
import botocore.waiter
import pytest
from botocore.exceptions import WaiterError
from hypothesis import given
from hypothesis import strategies as st

from ringwall.client.errors import GENERAL, ServiceFault
from ringwall.client.model import WAITERS
from ringwall.client.waiters import WaiterFailed, wait

MODEL = botocore.waiter.WaiterModel(botocore.loaders.Loader().load_service_model("ec2", "waiters-2"))

Answer = dict[str, Any] | str
"""What a call gives: an answer, or the code of a refusal."""


def _groups(*ids: str) -> Answer:
    return {"SecurityGroups": [{"GroupId": each} for each in ids]}


def _states(member: str, *states: str) -> Answer:
    return {member: [{"State": each, "Status": each} for each in states]}


def _instances(*states: str) -> Answer:
    return {"Reservations": [{"Instances": [{"State": {"Name": each}} for each in states]}]}


def _peerings(*codes: str) -> Answer:
    return {"VpcPeeringConnections": [{"Status": {"Code": each}} for each in codes]}


CODES = ["InvalidGroup.NotFound", "InvalidVpcID.NotFound", "InvalidInstanceID.NotFound", "UnauthorizedOperation",
         "InvalidNetworkInterfaceID.NotFound", "InvalidVpcPeeringConnectionID.NotFound", "DryRunOperation"]  # fmt: skip
POSSIBLE: dict[str, list[Answer]] = {
    "DescribeSecurityGroups": [_groups(), _groups("sg-1"), _groups("sg-1", "sg-2")],
    "DescribeInstances": [
        {"Reservations": []},
        *(_instances(*each) for each in itertools.product(["running", "stopped", "pending", "terminated"], repeat=2)),
        *(_instances(state) for state in ("running", "stopped", "stopping", "terminated", "shutting-down")),
    ],
    "DescribeNetworkInterfaces": [_states("NetworkInterfaces", *each) for each in ([], ["available"], ["in-use"])],
    "DescribeSecurityGroupVpcAssociations": [
        _states("SecurityGroupVpcAssociations", *each)
        for each in ([], ["associated"], ["associating"], ["association-failed"], ["disassociated"], ["disassociating"],
                     ["disassociation-failed", "disassociated"])
    ],
    "DescribeSubnets": [_states("Subnets", *each) for each in ([], ["pending"], ["available"], ["available", "x"])],
    "DescribeVpcs": [_states("Vpcs", *each) for each in ([], ["pending"], ["available"], ["available", "pending"])],
    "DescribeVpcPeeringConnections": [
        _peerings(*each) for each in ([], ["active"], ["deleted"], ["deleted", "active"])
    ],
}  # fmt: skip


class Script:
    """The answers of the calls in turn, the last one over and over; how many there were."""

    def __init__(self, answers: list[Answer]) -> None:
        self._answers = answers
        self.calls = 0

    def next(self) -> Answer:
        self.calls += 1
        return self._answers[min(self.calls, len(self._answers)) - 1]

    def ask(self) -> tuple[int, dict[str, Any]]:
        """As our waiters ask."""
        answer = self.next()
        if isinstance(answer, str):
            raise ServiceFault(answer, "No.", "DescribeX", 400, {}, None)
        return 200, answer

    def response(self, **_: Any) -> dict[str, Any]:
        """As botocore's waiters get it."""
        answer = self.next()
        if isinstance(answer, str):
            return {"Error": {"Code": answer, "Message": "No."}, "ResponseMetadata": {"HTTPStatusCode": 400}}
        return {**answer, "ResponseMetadata": {"HTTPStatusCode": 200}}


@given(st.data())
def test_waiting_ends_when_botocore_ends_it_and_in_the_same_words(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(WAITERS)))
    waiter, operation, delay, _, _ = WAITERS[name]
    possible = st.sampled_from([*POSSIBLE[operation], *CODES])
    answers = data.draw(st.lists(possible, min_size=1, max_size=6))

    their_script, our_script = Script(answers), Script(answers)
    their_text = our_text = None
    try:
        botocore.waiter.Waiter(waiter, MODEL.get_waiter(waiter), their_script.response).wait(WaiterConfig={"Delay": 0})
    except WaiterError as error:
        their_text = str(error)
    slept: list[float] = []
    try:
        wait(name, our_script.ask, sleep=slept.append)
    except WaiterFailed as error:
        our_text = str(error)
        assert error.exit_status == GENERAL
    assert (our_text, our_script.calls) == (their_text, their_script.calls)
    assert slept == [delay] * (our_script.calls - 1)


def test_every_waiter_of_a_served_operation_is_there() -> None:
    served = set(POSSIBLE)
    assert {each for each in MODEL.waiter_names if MODEL.get_waiter(each).operation in served} == {
        waiter for waiter, *_ in WAITERS.values()
    }


@pytest.mark.parametrize("code", CODES)
def test_a_refusal_of_another_kind_ends_the_wait(code: str) -> None:
    script = Script([code])
    with pytest.raises(WaiterFailed, match=rf"^Waiter SubnetAvailable failed: An error occurred \({code}\): No\.$"):
        wait("subnet-available", script.ask)
    assert script.calls == 1


def test_an_answer_without_what_is_looked_at_ends_the_wait() -> None:
    with pytest.raises(WaiterFailed, match=r"In function length\(\), invalid type for value: None"):
        wait("security-group-exists", Script([{}]).ask)
