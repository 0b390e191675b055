"""All operations, in any order, told apart by nothing from a plain model of EC2.

Each request goes through botocore's serializer, our parser, the operation on a real store, our XML and botocore's
parser. After each step everything that Describe shows is what the model holds. Quotas are small enough to be met, and
time passes between requests.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from plain_store import PlainStore
from ringwall.operations.table import OPERATIONS
from sequence_steps.base import Steps
from sequence_steps.described import DescribeSteps
from sequence_steps.networks import NetworkSteps
from sequence_steps.resources import ResourceSteps
from sequence_steps.rules import RuleSteps

BATCH = 10
"""Sequences run together, each drawn anew: from the eleventh on Hypothesis spends most on copies of those it has."""
REFUSALS_MIN = 45
"""So many different codes are met in a run of all operations."""

CREDENTIALS = {"AssumeRole", "DecodeAuthorizationMessage", "GetSessionToken"}
"""Not of this model: they hand out keys and change nothing that is described; tests/operations/test_sts.py has them."""

SIGHTS = {
    *(
        f"a peering connection {each}"
        for each in ("pending-acceptance", "active", "rejected", "deleted", "failed", "expired")
    ),
    *(f"a prefix list {each}" for each in ("create-complete", "modify-complete", "restore-complete", "delete-failed")),
    "a stale rule",
    "a rule over an association",
    "an interface behind a host",
    "no default VPC",
    "pages half read",
}
"""What a run of all operations comes by; rarer are a group carried in another VPC and a list `modify-failed`."""


class Rules(RuleSteps):
    """Groups and rules in the default VPC and in another."""

    def furnish(self) -> None:
        """Another VPC, groups and a prefix list."""
        default = self.model.default_vpc
        self.do("CreateVpc", {"CidrBlock": "10.0.0.0/16"})
        other = next(each for each in self.model.vpcs if each != default)
        for name, vpc_id in (("web", default), ("app", other), ("web", other)):
            self.do("CreateSecurityGroup", {"GroupName": name, "Description": "for tests", "VpcId": vpc_id})
        self.do("CreateManagedPrefixList", {"PrefixListName": "first", "MaxEntries": 2, "AddressFamily": "IPv4"})


class Everything(RuleSteps, NetworkSteps, ResourceSteps, DescribeSteps):
    """All subjects together."""

    def furnish(self) -> None:
        """Two VPCs that are connected, groups, subnets, a host, an interface, a prefix list."""
        Rules.furnish(self)
        self.do("CreateVpc", {"CidrBlock": "192.168.0.0/24"})
        default, other, third = self.model.vpcs
        self.do("AssociateVpcCidrBlock", {"VpcId": other, "Ipv6CidrBlock": "2001:db8::/56"})
        self.do("CreateSubnet", {"VpcId": other, "CidrBlock": "10.0.0.0/28", "Ipv6CidrBlock": "2001:db8::/64"})
        subnet_id = self.model.ids("subnet")[-1]
        self.enrol(subnet_id)
        self.do("CreateNetworkInterface", {"SubnetId": subnet_id})
        self.do("CreateVpcPeeringConnection", {"VpcId": default, "PeerVpcId": other})
        self.do("AcceptVpcPeeringConnection", {"VpcPeeringConnectionId": self.model.ids("pcx")[0]})
        self.do("CreateVpcPeeringConnection", {"VpcId": other, "PeerVpcId": third})


class OverPlainStore(Everything):
    """The same over the plain store."""

    def store(self) -> Any:
        """The plain one."""
        return PlainStore()

    def close(self, store: Any) -> None:
        """There is nothing to end."""


def run(machine: type[Steps], batches: int, steps: int, *, first_seed: int = 0, covers: bool = False) -> None:
    """Runs batches of sequences and prints how often each operation succeeded and was refused.

    covers: has at most as many batches again follow until nothing is missing, because what a seed leads to changes with
    every step that is added, and fails if something is missing even then.
    """
    machine.told.clear()
    machine.seen.clear()
    form = settings(
        max_examples=BATCH, stateful_step_count=steps, deadline=None, database=None, print_blob=False,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    for number in range(2 * batches if covers else batches):
        if number < batches or missing(machine):
            run_state_machine_as_test(seed(first_seed + number)(machine), settings=form)
    for action in sorted({action for action, _ in machine.told}):
        codes = {code: count for (name, code), count in machine.told.items() if name == action}
        print(f"{action}: {codes.pop('', 0)}, refused {sum(codes.values())}: {', '.join(sorted(codes))}")
    print(f"{machine.told.total()} requests, {sum(count for (_, code), count in machine.told.items() if code)} refused")
    print(f"{len(met(machine))} codes: {sorted(met(machine))}")
    print(f"steps after which there was {dict(machine.seen)}")
    assert not (covers and missing(machine)), missing(machine)


def met(machine: type[Steps]) -> set[str]:
    """The codes of the refusals so far."""
    return {code for _, code in machine.told if code}


def missing(machine: type[Steps]) -> set[str]:
    """Operations that never succeeded and sights not seen; refusals, if too few codes were met."""
    done = {action for action, code in machine.told if not code}
    few = set() if len(met(machine)) >= REFUSALS_MIN else {"refusals"}
    return (OPERATIONS.keys() - CREDENTIALS - done) | (SIGHTS - machine.seen.keys()) | few


def test_rules() -> None:
    run(Rules, 2, 25)


def test_every_operation() -> None:
    run(Everything, 6, 40, covers=True)


def test_every_operation_over_the_plain_store() -> None:
    run(OverPlainStore, 1, 40)


@pytest.mark.slow
def test_every_operation_deeply() -> None:
    first_seed = random.randrange(2**32)
    print(f"first seed: {first_seed}")
    run(Everything, 100, 60, first_seed=first_seed, covers=True)
