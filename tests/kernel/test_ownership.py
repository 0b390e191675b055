"""Our table is its agent's alone while that lives, and stays as it is, to be adopted, when it has died."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

import netns
import nft_values
import storm
from build import HOST4, ingress, tcp, world
from lab import Lab, lab
from ringwall.agent.errors import CommitRefused, TableOwned
from ringwall.agent.kernel import Kernel
from ringwall.nft.diff import replacement
from ringwall.nft.expressions import Counter, Verdict
from ringwall.nft.fake import Fake, Refused
from ringwall.nft.objects import Chain, Hook, Rule, Ruleset
from ringwall.nft.ruleset import Applied
from ringwall.nft.transaction import AddChain, AddTable, DeleteTable, Transaction
from traffic import Traffic

ACCEPT = Verdict("accept")
RULESET = Ruleset({"c": Chain("c", (Rule((Counter(), ACCEPT), "sgr-1"),), Hook("input", 0, "accept"))})
LESS = Ruleset({"c": replace(RULESET.chains["c"], rules=())})
KILLS, PUMPS_MAX = 60, 2_000
HOLDER = """
import sys
from ringwall.agent.kernel import Kernel
from ringwall.nft.objects import Ruleset
with Kernel() as kernel:
    kernel.apply(kernel.observe(), Ruleset())
    print("mine", flush=True)
    sys.stdin.read()
"""


def _has_owners() -> bool:
    try:
        with Kernel() as kernel:
            return kernel.owns
    except OSError:
        return False


pytestmark = [
    pytest.mark.kernel,
    netns.needs_kernel,
    pytest.mark.skipif(not _has_owners(), reason="needs tables with an owner that outlive him: Linux 6.9"),
]


@pytest.fixture(scope="module")
def ns() -> Iterator[netns.Namespace]:
    with netns.namespace("rw-own") as made:
        yield made


@pytest.fixture
def bare(ns: netns.Namespace) -> netns.Namespace:
    """The namespace, without our table."""
    ns.run(["nft", "flush", "ruleset"])
    return ns


@pytest.fixture
def net() -> Iterator[Lab]:
    with lab() as made:
        yield made


def opened(ns: netns.Namespace, *, own: bool = True) -> Kernel:
    with ns.enter():
        return Kernel(own=own)


def test_asking_whether_tables_can_be_owned_changes_nothing(bare: netns.Namespace) -> None:
    with opened(bare, own=False) as witness:
        before = witness.generation()
        with opened(bare) as kernel:
            assert kernel.owns
        assert not witness.owns
        assert witness.generation() == before


@pytest.mark.parametrize(
    "meddling",
    [
        "add rule inet ringwall c accept",
        "flush chain inet ringwall c",
        "flush table inet ringwall",
        "delete table inet ringwall",
        "add chain inet ringwall theirs",
        "add chain inet ringwall c { policy drop; }",
        "add table inet ringwall { flags dormant; }",
        "flush ruleset",
        "flush ruleset; add table inet ringwall",
        "flush ruleset; add table inet theirs",
    ],
)
def test_nobody_else_changes_an_owned_table(bare: netns.Namespace, meddling: str) -> None:
    with opened(bare) as kernel:
        applied = kernel.apply(None, RULESET)
        bare.run(["nft", meddling], check=False)
        observed = kernel.observe()
        assert observed == replace(applied, generation=kernel.generation())
        assert kernel.is_current(applied)
        assert kernel.apply(applied, LESS).ruleset == LESS, "others' commits don't stand in the way"


def test_no_table_is_ever_owned_without_outliving_its_owner(bare: netns.Namespace) -> None:
    with opened(bare) as kernel:
        assert kernel.apply(None, RULESET).persistent
    bare.run(["nft", "list", "chain", "inet", "ringwall", "c"])
    bare.run(["nft", "flush", "ruleset"])  # and nobody stops this while the agent is dead
    with opened(bare) as kernel:
        assert kernel.observe() is None


def test_an_orphaned_table_is_adopted_as_it_is(bare: netns.Namespace) -> None:
    with opened(bare) as first:
        before = first.apply(None, RULESET)
    with opened(bare) as second:
        orphaned = second.observe()
        assert orphaned == replace(before, owner=0, generation=second.generation())
        adopted = second.apply(orphaned, RULESET)
        assert adopted.handles == before.handles, "not a rule was made anew"
        assert adopted.generation == before.generation + 1
        assert second.observe() == adopted
        assert second.is_current(adopted)
        assert second.apply(adopted, RULESET) is adopted
        bare.run(["nft", "flush", "ruleset"])
        assert second.observe() == adopted


def test_adoption_and_change_are_one_commit_and_a_refused_one_leaves_an_orphan(bare: netns.Namespace) -> None:
    with opened(bare) as first:
        first.apply(None, RULESET)
    with opened(bare) as second:
        orphaned = second.observe()
        assert orphaned is not None
        port = second.apply(orphaned, LESS).owner
        assert second.generation() == orphaned.generation + 1
    with opened(bare) as third:
        with pytest.raises(CommitRefused):
            third.commit((AddTable(port), AddChain("c")), None)
        assert third.observe() == Applied(LESS, {"c": ()}, third.generation(), persistent=True)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(nft_values.histories(3))
def test_every_difference_leads_there_whoever_died_before(ns: netns.Namespace, history: list[Ruleset]) -> None:
    for desired in history:
        with opened(ns) as kernel:
            applied = kernel.apply(kernel.observe(), desired)
            assert kernel.observe() == applied
            assert applied.ruleset == desired
            assert applied.persistent


def test_a_table_that_was_never_owned_is_replaced_in_one_commit(bare: netns.Namespace) -> None:
    with opened(bare, own=False) as older:
        before = older.apply(None, RULESET)
        assert not before.persistent
        with opened(bare) as kernel:
            taken = kernel.apply(kernel.observe(), RULESET)
            assert taken.generation == before.generation + 1
            assert taken.owner
            assert kernel.observe() == taken
        with pytest.raises(CommitRefused):
            older.apply(before, LESS)  # it is based on what was before


@pytest.mark.parametrize("known", [True, False], ids=["observed", "not observed"])
def test_a_table_of_a_living_agent_is_refused_and_the_agent_named(bare: netns.Namespace, known: bool) -> None:
    holder = bare.popen([sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with holder, opened(bare) as kernel:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "mine\n"
        applied = kernel.observe()
        why = f"another agent owns table inet ringwall: .*, pid {holder.pid}$"
        with bare.enter(), pytest.raises(TableOwned, match=why) as told:
            kernel.apply(applied if known else None, RULESET)
        assert (told.value.pid, told.value.errno) == (holder.pid, errno.EPERM)
        assert kernel.observe() == applied
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        assert kernel.apply(kernel.observe(), RULESET).owner, "as the roll-back timer and `release` do it"


ATTEMPTS: list[Transaction] = [
    (AddTable(),),
    (AddTable(1),),
    (AddTable(1), AddChain("new")),
    (AddTable(1), AddChain("new", Hook("input", 0, "accept"))),
    (AddTable(1), AddTable(1)),
    (DeleteTable(), AddTable(1)),
    (DeleteTable(), AddTable()),
]


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=str)
@pytest.mark.parametrize("was", ["none", "anybody's", "ours", "orphaned"])
def test_the_fake_gives_tables_away_as_the_kernel_does(bare: netns.Namespace, attempt: Transaction, was: str) -> None:
    def owned(transaction: Transaction, port: int) -> Transaction:
        return tuple(AddTable(port) if command == AddTable(1) else command for command in transaction)

    fake = Fake()
    with opened(bare) as kernel:
        port = kernel.apply(None, Ruleset()).owner
        kernel.commit((DeleteTable(),), None)
        if was == "orphaned":
            with opened(bare) as before:
                before.apply(None, Ruleset())
        elif was != "none":
            kernel.commit((AddTable(port if was == "ours" else 0),), None)
        if was != "none":
            fake.commit((AddTable(0 if was == "anybody's" else port),), None)
        if was == "orphaned":
            fake.orphan()
        outcomes: list[object] = []
        for each in (kernel, fake):
            try:
                each.commit(owned(attempt, port), None)
                outcomes.append("done")
            except (CommitRefused, Refused) as refused:
                outcomes.append((refused.errno, refused.command))
        assert outcomes[0] == outcomes[1]
        observed, imagined = kernel.observe(), fake.observe()
        assert (observed is None) == (imagined is None)
        if observed is not None and imagined is not None:
            assert imagined == replace(observed, generation=imagined.generation)


@pytest.fixture
def traffic(net: Lab) -> Traffic:
    """Admitted and refused traffic of the peer's, with a flow among it that was admitted and is revoked."""
    net.enforce(world(*storm.KEPT, ingress(tcp(storm.REVOKED), storm.EVERYBODY, "sgr-revoked")))
    stream = net.connect(net.peer, HOST4, storm.ADMITTED_TCP)
    revoked = net.connect(net.peer, HOST4, storm.REVOKED)
    assert stream is not None
    assert revoked is not None
    datagrams = net.datagrams(net.peer, HOST4, storm.ADMITTED_UDP)
    denied = net.datagrams(net.peer, HOST4, storm.DENIED)
    net.enforce(storm.states()[0])
    made = Traffic(stream, datagrams, [revoked, denied])
    made.settle()
    return made


def nothing_was_lost_or_let_through(traffic: Traffic) -> None:
    traffic.settle()
    assert (traffic.retransmitted, traffic.arrived, traffic.came_through) == (0, traffic.sent, 0)


def test_live_traffic_doesnt_feel_whose_the_table_is(net: Lab, traffic: Traffic) -> None:
    """Orphaned, adopted, changed, made anybody's and taken from nobody, replaced whole: nothing comes through."""
    desired = storm.rulesets()
    for turn in range(20):
        net.kernel.close()
        traffic.pump()
        with opened(net.host, own=False) as older:
            older.commit(replacement(desired[turn % 3], exists=True), None)  # as an agent of old left it
        traffic.pump()
        for ruleset in (desired[turn % 3], desired[3]):
            with opened(net.host) as kernel:
                applied = kernel.apply(kernel.observe(), ruleset)
                traffic.pump()
                kernel.apply(replace(applied, foreign=frozenset({"something"})), desired[0])
                traffic.pump()
    nothing_was_lost_or_let_through(traffic)


@contextmanager
def ended(process: subprocess.Popen[str]) -> Iterator[None]:
    """The process is killed at the end, whatever happened."""
    with process:
        try:
            yield
        finally:
            process.kill()


def test_an_agent_killed_at_any_instant_leaves_before_or_after_and_loses_nothing(net: Lab, traffic: Traffic) -> None:
    desired = storm.rulesets()
    chance = random.Random()
    net.kernel.close()
    storms = net.host.popen(
        [sys.executable, storm.__file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    met = set()
    with ended(storms), opened(net.host, own=False) as witness:
        assert storms.stdin is not None
        assert storms.stdout is not None
        for _ in range(KILLS):
            storms.stdin.write("\n")
            storms.stdin.flush()
            child = int(storms.stdout.readline())
            for _ in range(chance.randrange(PUMPS_MAX)):
                traffic.pump()
            os.kill(child, signal.SIGKILL)
            traffic.pump()
            assert storms.stdout.readline() == "dead\n"
            found = witness.observe()
            assert found is not None
            assert (found.owner, found.persistent, found.foreign) == (0, True, frozenset())
            met.add(desired.index(found.ruleset))
        storms.stdin.close()
    assert len(met) > 1, "the storm did something"
    nothing_was_lost_or_let_through(traffic)
    with opened(net.host) as kernel:
        net.kernel, net.applied = kernel, kernel.observe()
        net.enforce(storm.states()[1])
        traffic.settle()
        assert net.connect(net.peer, HOST4, 20_000) is not None
        assert net.connect(net.peer, HOST4, storm.DENIED) is None
