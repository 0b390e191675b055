"""From a message to the kernel: the agent's one route.

Theory of operation. The receiver merges what the server says into the host's state, (1) and (2), and never touches the
kernel. The enforcer brings the kernel to that state, (3) to (5); it takes the state as it is when its turn comes, so
many messages make one commit. The teller says what came of it, (6); the keeper writes it down. Nothing waits for them.

What is programmed depends on the state alone, never on the way to it. Whatever goes wrong, the last commit stands: the
table is never flushed, and a new agent, or one that lost track, lists the table once and commits the difference.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from errno import ERESTART
from threading import Lock
from typing import Any, Final, Protocol

from ringwall.compiler.closed import closed_ruleset
from ringwall.compiler.compile import Compiled, compile_host
from ringwall.compiler.interfaces import bound_devices
from ringwall.compiler.names import INPUT
from ringwall.compiler.parts import digest
from ringwall.domain.interface import Mode
from ringwall.domain.local import ControlEndpoint, LocalPolicy
from ringwall.domain.world import HostState, InterfaceKind
from ringwall.nft.objects import Ruleset
from ringwall.nft.ruleset import Applied
from ringwall.telemetry import LOG
from ringwall.watch.certificates import CERTIFY, PINS
from ringwall.watch.encoding import encode_report
from ringwall.watch.messages import TABLE_OWNER, Drift, Message, Question, Report, Snapshot, Unadmitted

from .answers import rule_answers
from .attachments import Bound
from .binding import Binder
from .boot import Start, plan
from .certificate import Renewal
from .confirming import Confirmation, on_former_devices, own_devices, structure
from .conntrack import Prepared, prepare_tracking
from .desired import Received, follow
from .directory import AgentDirectory, Identity
from .drift import Commits, Lookout
from .enroll import interfaces_json, refused_sentences
from .errors import (
    AgentError,
    ChangeUndone,
    CommitLost,
    CommitRefused,
    NoMessage,
    ServerRefused,
    StreamLost,
    TableOwned,
    reason,
)
from .guard import Guard
from .interfaces import DeviceAddresses, Moves, missing_sentences, read_interfaces
from .kept import Kept
from .memory import give_back, settle, undisturbed
from .pins import told
from .preview import would_end
from .questions import Parameters, Questions
from .release import read_marker
from .room import Room, read_room
from .server import Server
from .stream import ADDRESSES_PATH, REPORT_PATH, retry_delays, watch
from .surroundings import Look, Surroundings
from .usage import Usage

COMMIT_ATTEMPTS: Final = 5
"""Somebody else's commits to nftables can come in between; then the table is listed and the difference made anew."""

PROBLEMS_MAX: Final = 50
"""A report says at most so many; what made the first ones makes the others."""

KEEP_SECONDS_MIN: Final = 1.0
"""The state is written to disk at most so often."""

DRIFT_SECONDS: Final = 2.0
"""The table is looked after so often (3 µs), should an event be missing; events come at once."""

RETRY_SECONDS: Final = 2.0
"""A commit that failed is tried again after so long, whether or not the server has something to say."""

DRIFT_TOLD_SECONDS: Final = 3600.0
"""A foreign change is reported for so long after it was put right, and so is a start without the last state."""

MARKER_SECONDS: Final = 0.5
"""So often the agent looks whether the host was released, or no longer is."""


@dataclass(frozen=True, slots=True)
class InForce:
    """What the kernel has, since when (Unix seconds)."""

    received: Received
    digest: str
    at: float


class Nftables(Protocol):
    """What the loop needs of `Kernel`."""

    def observe(self) -> Applied | None:
        """Our table as it is."""

    def is_current(self, applied: Applied) -> bool:
        """Whether nobody can have changed the table since it was so."""

    def apply(self, applied: Applied | None, desired: Ruleset) -> Applied:
        """What is applied once the desired ruleset is committed."""

    @property
    def owns(self) -> bool:
        """Whether nobody else can change the table once something was applied."""

    def watch(self) -> Commits | None:
        """What others commit from now on; None where they can't change the table."""


@dataclass(frozen=True, slots=True)
class Effects:
    """What the agent does to the world beside nftables and HTTP; each may be replaced by something that runs.

    clock: Unix seconds, for what is told. elapsed: seconds that no clock jumps in, for what is waited for.
    """

    clock: Callable[[], float] = time.time
    elapsed: Callable[[], float] = time.monotonic
    delays: Callable[[], Iterator[float]] = lambda: retry_delays(random.Random())
    prepare_tracking: Callable[[], Prepared] = prepare_tracking
    would_end: Callable[[HostState, LocalPolicy], tuple[Unadmitted, ...]] = would_end
    read_interfaces: Callable[[], tuple[DeviceAddresses, ...]] = read_interfaces
    kept: Callable[[], Kept] = Kept
    drift_seconds: float = DRIFT_SECONDS
    retry_seconds: float = RETRY_SECONDS
    guard: Callable[[str], Guard] | None = None
    read_room: Callable[[], Room | None] = read_room


class Agent:
    """One host's agent, from its start to its cancellation.

    local: what the host decides for itself; its server's endpoints come from `server`. look: finds what the operator
    should know of the host; without, nothing is found. binder: what the host knows of its containers' devices. usage:
    counts what rules are used; without, the server is told nothing of rules.
    """

    def __init__(
        self,
        identity: Identity,
        server: Server,
        kernel: Nftables,
        directory: AgentDirectory,
        local: LocalPolicy | None = None,
        effects: Effects | None = None,
        look: Look | None = None,
        binder: Binder | None = None,
        usage: Usage | None = None,
    ) -> None:
        self._identity = identity
        self._server = server
        self._kernel = kernel
        self._directory = directory
        self._effects = effects or Effects()
        self._local = replace(local or LocalPolicy(), control=server.endpoints)
        self._binder = binder or Binder()
        self._bound: Bound | None = None
        self._received: Received | None = None
        self._compiled: Compiled | None = None
        self._applied: Applied | None = None
        self._knows_applied = False
        self._in_force: InForce | None = None
        self._lookout = Lookout(None)
        self._drift: Drift | None = None
        self._drifted_at = 0.0
        self._retry_at: float | None = None
        self._refused_for = ""
        self._held = ""
        self._must_begin = False
        self._confirmation = Confirmation(server, directory.path, self._effects.guard, self._confirmed)
        self._unconfirmed: tuple[Received, Compiled] | None = None
        self._from_disk: HostState | None = None
        self._problems: dict[str, tuple[str, ...]] = {}
        self._lost: tuple[str, float] | None = None
        self._told_addresses: tuple[DeviceAddresses, ...] | None = None
        self._kept: tuple[HostState, str] | None = None
        self._keeping = Lock()
        self._is_new = False
        self._drains = self._effects.kept()
        self._usage = usage
        answers = {} if usage is None else rule_answers(self._enforced, usage, self._drains.of)
        self._renewal = Renewal(server, identity.key, directory, self._tell_of_certificate, self._effects.clock)
        if server.pins:
            answers |= {PINS: self._learn_pins}
        if server.url.scheme == "https":
            answers |= {CERTIFY: self._certify}
        self._questions = Questions(server, identity.key, answers)
        self._moves = Moves()
        self._surroundings = None if look is None else Surroundings(look, self._seen)
        self._to_bind = asyncio.Event()
        self._to_enforce = asyncio.Event()
        self._to_tell = asyncio.Event()
        self._to_keep = asyncio.Event()

    async def run(self) -> None:
        """Follows the server until cancelled; a server that refuses is asked again, in case it was put right."""
        with self._watching(), self._binder.watching(self._to_bind):
            self._binder.look()
            self._begin()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._enforcer())
                tasks.create_task(self._watchman())
                tasks.create_task(self._binder.follow(self._to_bind, self._rebind, self._tell_moves))
                tasks.create_task(self._warden())
                tasks.create_task(self._teller())
                tasks.create_task(self._keeper())
                tasks.create_task(self._questions.run())
                tasks.create_task(self._renewal.run())
                if self._usage is not None:
                    tasks.create_task(self._usage.run())
                if self._surroundings is not None:
                    tasks.create_task(self._surroundings.watch(self._to_tell.set))
                tasks.create_task(self._drains.watch(self._to_enforce.set, self._to_tell.set))
                tasks.create_task(self._receiver())

    @contextmanager
    def _watching(self) -> Iterator[None]:
        """Others' commits wake the enforcer, from before the table is first listed on."""
        commits = self._kernel.watch()
        if commits is None:
            yield
            return
        LOG.warning("this kernel can't keep others from changing table inet ringwall; what they change is put back")
        self._lookout = Lookout(commits)
        loop = asyncio.get_running_loop()
        loop.add_reader(commits.fileno(), self._notice)
        try:
            yield
        finally:
            loop.remove_reader(commits.fileno())
            commits.close()

    def _notice(self) -> None:
        """Reads what others committed."""
        self._applied = self._lookout.catch_up(self._applied)
        if self._lookout.must_look and self._received is not None:
            self._to_enforce.set()

    def _begin(self) -> None:
        """Starts, or says why it can't; then it is tried again until it can, or the server has spoken."""
        self._must_begin = False
        try:
            self._start()
        except AgentError as error:
            self._must_begin = True
            self._note_refusal("The last state", error)

    def _start(self) -> None:
        """After a boot the kernel has no table: the last state goes in at once, before the server is asked.

        A table that is this state's is brought up to what the agent was told on its command line. Any other is newer
        than the file, and stands until the server has spoken.

        Raises:
            AgentError: the kernel's table can't be read, or it doesn't take one.
        """
        if self._directory.is_released():
            return
        planned = plan(self._directory, self._identity.store_id)
        there = self._kernel.observe()
        if planned.start is Start.CLOSED:
            self._lost = (planned.why, self._effects.elapsed())
            LOG.error("%s", planned.why)
            if there is None:
                self._prepare_tracking()
                own = self._directory.kept_devices() | {self._identity.device}
                closing = self._binder.closing(self._local, own)
                self._kernel.apply(None, closed_ruleset(self._identity.instance_id, closing))
        if planned.snapshot is not None:
            self._from_disk = planned.snapshot.state
            self._received = Received(planned.snapshot.position, planned.snapshot.state, self._effects.clock())
        if planned.snapshot is not None and (there is None or digest(there.ruleset) == planned.digest):
            self._enforce()
        elif there is not None and self._kernel.owns and there.persistent and not there.foreign:
            # An orphan that stands until the server has spoken is nobody else's to flush meanwhile.
            self._applied, self._knows_applied = self._kernel.apply(there, there.ruleset), True

    def _rebind(self) -> None:
        """The host knows its containers' devices differently: what this agent enforces is brought up to that."""
        if self._compiled is not None and self._received is not None:
            self._to_enforce.set()

    def _tell_moves(self) -> None:
        """Devices or addresses changed: if they were the host's own, or concern a container, that is told."""
        if self._surroundings is not None:
            self._surroundings.changed()
        received = self._received
        if received is None:
            return
        before = self._problems.get("interfaces")
        found = self._look_at_addresses(received.state)
        if found != self._told_addresses or before != self._problems.get("interfaces"):
            self._to_tell.set()

    async def _warden(self) -> None:
        """Notices at the host's console what no server can say: it is released, or no longer; to try again."""
        released = self._directory.is_released()
        while True:
            await asyncio.sleep(MARKER_SECONDS)
            if self._confirmation.was_taken_back():
                self._to_enforce.set()
            if self._directory.is_released() == released:
                continue
            released = not released
            LOG.warning("the host is %s on its console", "released" if released else "no longer released")
            if self._received is not None:
                self._to_enforce.set()
            else:
                self._begin()

    def _is_released(self) -> bool:
        """Whether nothing may be programmed. Then nothing counts as in force, and the operator is told why."""
        released = read_marker(self._directory.path)
        if released is None:
            self._problems.pop("released", None)
            return False
        if "released" not in self._problems:
            self._problems["released"] = (released.sentence,)
            self._applied, self._knows_applied, self._in_force, self._retry_at = None, False, None, None
            self._binder.settled(None)
            self._to_tell.set()
        return True

    async def _receiver(self) -> None:
        delays = self._effects.delays()
        while True:
            try:
                self._set_control(await self._server.locate())
                after = self._received.position if self._received else None
                async for message in watch(self._server, self._identity.key, after, self._questions.kinds):
                    self.receive(message)
                    self._note_switch()
                    delays = self._effects.delays()
            except AgentError as error:
                self._explain(error)
                if isinstance(error, NoMessage):
                    self._problems["stream"] = (f"{error}.",)
                    self._to_tell.set()
                seconds = next(delays)
                LOG.warning("%s; what is in force stays, trying again in %.1f s", error, seconds)
                await asyncio.sleep(seconds)

    def _explain(self, error: AgentError) -> None:
        """A removed host's key is unknown; the kernel keeps its rules, and somebody should look."""
        if isinstance(error, ServerRefused) and error.status in (401, 403):
            LOG.error("the server doesn't accept this host's key: was the host removed, or is a clock wrong?")

    def _set_control(self, endpoints: frozenset[ControlEndpoint]) -> None:
        """The agent's own connection passes before it is made."""
        if endpoints != self._local.control:
            self._local = replace(self._local, control=endpoints)
            self._identity = replace(self._identity, endpoints=endpoints)
            self._keep_identity()
            if self._in_force is not None:
                self._enforce()

    def _keep_identity(self) -> None:
        try:
            self._directory.save_identity(self._identity)
        except OSError as error:
            self._problems["identity"] = (
                f"Where the server is can't be kept on disk for the next boot: {reason(error)}",
            )
        else:
            self._problems.pop("identity", None)

    def _note_switch(self) -> None:
        """Forgets on disk too the server's old certificate, once it has shown the next one."""
        if self._server.certificate_sha256 != self._identity.certificate_sha256:
            self._identity = replace(
                self._identity,
                certificate_sha256=self._server.certificate_sha256,
                next_certificate_sha256=self._server.next_certificate_sha256,
            )
            LOG.info("the server shows its next certificate, %s", self._server.certificate_sha256)
            self._keep_identity()

    async def _learn_pins(self, parameters: Parameters) -> Mapping[str, Any]:
        self._identity = told(self._identity, self._server, parameters["certificate_sha256"], self._directory)
        return {"certificate_sha256": list(self._server.pins)}

    async def _certify(self, _: Parameters) -> Mapping[str, Any]:
        await self._renewal.renew()
        return {}

    def _tell_of_certificate(self, problem: str | None) -> None:
        if problem is None:
            self._problems.pop("certificate", None)
        else:
            self._problems["certificate"] = (problem,)
        self._to_tell.set()

    def receive(self, message: Message) -> None:
        """(1) A message, (2) merged into what the host should enforce.

        Raises:
            StreamLost: it must not be followed: ask for a snapshot.
        """
        now = self._effects.clock()
        try:
            self._received = follow(
                self._received, message, self._identity.store_id, self._identity.instance_id, received_at=now
            )
        except StreamLost as refusal:
            self._problems["position"] = (str(refusal),)
            self._to_tell.set()
            raise
        self._problems.pop("position", None)
        self._problems.pop("stream", None)
        self._is_new |= isinstance(message, Snapshot)
        if isinstance(message, Question):
            self._questions.put(message)
        else:
            self._to_enforce.set()

    def _enforced(self) -> tuple[HostState, LocalPolicy] | None:
        """What the last commit was made of; None before."""
        bound = self._bound
        return None if bound is None else (bound.state, replace(self._local, endpoints=bound.endpoints))

    async def _enforcer(self) -> None:
        while True:
            await self._to_enforce.wait()
            self._to_enforce.clear()
            self._enforce()

    async def _watchman(self) -> None:
        """Has the enforcer look when somebody else may have changed the table unnoticed, or a commit failed.

        Whether or not the server is there.
        """
        while True:
            await asyncio.sleep(self._effects.drift_seconds)
            if self._received is None:
                if self._must_begin:
                    self._begin()
                continue
            try:
                if self._is_behind_the_kernel() or (self._retry_at and self._effects.elapsed() >= self._retry_at):
                    self._to_enforce.set()
            except AgentError as error:
                LOG.warning("nftables can't be watched: %s", error)

    def _is_behind_the_kernel(self) -> bool:
        applied = self._applied if self._knows_applied else None
        return applied is not None and not self._kernel.is_current(applied)

    @undisturbed()
    def _enforce(self) -> None:
        """Brings the kernel to the state that was received, or says why it can't; then the last commit stands.

        Of a state that makes a change which was undone, all goes in but that change.
        """
        received = self._received
        assert received is not None, "there is a state once there is something to enforce"
        if self._is_released():
            return
        try:
            # (3) compile what changed
            bound, compiled = self._compile(received.state)
            self._guard(received)
            # (4) the difference to what is applied, (5) committed, all of it or nothing
            self._put_in(bound, compiled)
        except ChangeUndone as error:
            self._retry_at = None
            self._note_refusal(f"Revision {received.position.revision}", error)
            self._put_in_the_rest(received.state)
        except Exception as error:  # whatever it is: the agent lives on, and the operator must hear of it
            self._knows_applied = False
            self._retry_at = self._effects.elapsed() + self._effects.retry_seconds
            self._note_refusal(f"Revision {received.position.revision}", error)
            self._hold()
        else:
            self._retry_at, self._refused_for, self._held = None, "", ""
            self._problems.pop("commit", None)
            if self._confirmation.is_awaited:
                self._unconfirmed = received, compiled  # it isn't in force before that
                return
            self._settle(received, compiled)
        # (6) acknowledge, and keep for the next boot
        self._to_tell.set()
        self._to_keep.set()

    def _compile(self, state: HostState) -> tuple[Bound, Compiled]:
        bound = self._binder.bound(state)
        self._problems["attachments"] = bound.problems
        return bound, compile_host(bound.state, replace(self._local, endpoints=bound.endpoints), self._compiled)

    def _put_in(self, bound: Bound, compiled: Compiled) -> None:
        applied = self._commit(compiled, bound.state)
        self._compiled, self._applied, self._knows_applied, self._bound = compiled, applied, True, bound

    def _put_in_the_rest(self, state: HostState) -> None:
        """What a state says beside a structural change that was undone: a rule that was revoked since is gone.

        It doesn't count as in force, nor is it kept on disk: no revision says it.
        """
        before = self._before()
        if before is None:
            self._hold()
            return
        try:
            bound, compiled = self._compile(on_former_devices(state, before))
            self._put_in(bound, compiled)
        except Exception as error:  # as above
            LOG.error("nor is what came with it: %s", error, exc_info=error)
            self._knows_applied = False
            self._hold()
        else:
            self._held = compiled.digest
            self._binder.settled(bound)

    def _before(self) -> HostState | None:
        """The state whose devices and mode the kernel has; None where that isn't known."""
        if self._in_force is not None:
            return self._in_force.received.state
        disk = self._from_disk
        if disk is None or self._applied is None or bound_devices(self._applied.ruleset) != own_devices(disk):
            return None
        return disk if self._is_enforcing() == (disk.mode is Mode.ENFORCE) else None

    def _note_refusal(self, what: str, error: Exception) -> None:
        """Says why it isn't in force, on the log once for each reason: a report repeats it."""
        if str(error) != self._refused_for:
            unexpected = None if isinstance(error, AgentError) else error
            LOG.error("%s is not in force: %s", what, error, exc_info=unexpected)
        self._refused_for = str(error)
        self._problems["commit"] = (f"{what} is not in force: {error}",)

    def _hold(self) -> None:
        """What was committed last stands, also where somebody else has changed it while nothing newer goes in."""
        if self._compiled is None:
            return
        try:
            self._applied, self._knows_applied = self._commit(self._compiled, None), True
        except AgentError as error:
            LOG.warning("nor is it known what is in force: %s", error)
            self._in_force = None

    def _guard(self, received: Received) -> None:
        """Before a change that could shut out the operator, somebody stands by who undoes it.

        Raises:
            AgentError: nobody does, or another change isn't confirmed yet.
            ChangeUndone: this very change was undone before.
        """
        if received.state.mode is Mode.OBSERVE:
            self._confirmation.observing(received.position)
        elif self._is_structural(received.state):
            self._confirmation.stand_by(structure(received.state, self._local), received.position)

    def _is_structural(self, state: HostState) -> bool:
        """Whether the host begins to enforce, or enforces and its own interfaces change.

        A state that was in force before, as the disk or the kernel knows, is nothing new. Where this agent has put
        nothing in force yet the kernel's table is asked, as the file may be older; one that judges no device is closed.
        """
        if state.mode is not Mode.ENFORCE or state is self._from_disk:
            return False
        if self._in_force is not None:
            before = self._in_force.received.state
            return before.mode is not Mode.ENFORCE or own_devices(before) != own_devices(state)
        if not self._knows_applied:
            self._applied, self._knows_applied = self._kernel.observe(), True
        if self._applied is None or not self._is_enforcing():
            return True
        there = bound_devices(self._applied.ruleset)
        return bool(there) and there != own_devices(state)

    def _confirmed(self) -> None:
        """The structural change stays; what waited for it goes in."""
        unconfirmed, self._unconfirmed = self._unconfirmed, None
        if unconfirmed is not None:
            self._settle(*unconfirmed)
            self._to_tell.set()
            self._to_keep.set()
        if self._received is not None and (unconfirmed is None or unconfirmed[0].state is not self._received.state):
            self._to_enforce.set()

    def _commit(self, compiled: Compiled, state: HostState | None) -> Applied:
        """What is applied then. state: the one that was compiled; None: that of the last commit."""
        last = self._applied
        for attempt in range(1, COMMIT_ATTEMPTS + 1):
            self._applied = self._lookout.catch_up(self._applied)
            if not self._knows_applied or self._lookout.must_look or self._is_behind_the_kernel():
                self._applied = self._kernel.observe()
                self._knows_applied = True
                self._note_drift(last, self._applied)
                last = self._applied
            prepared = Prepared()
            if self._applied is None or (_drops(compiled.ruleset) and not self._is_enforcing()):
                prepared = self._prepare_tracking()
            try:
                held = self._applied.ruleset if self._applied else None
                ruleset = self._drains.filled(compiled.ruleset, state, self._from_disk, held)
                applied = self._kernel.apply(self._applied, ruleset)
            except TableOwned:
                raise
            except (CommitRefused, CommitLost) as error:
                LOG.warning("commit %d of %d: %s", attempt, COMMIT_ATTEMPTS, error)
                # Somebody else's commit in between may have been to another table; the next look tells.
                self._knows_applied = isinstance(error, CommitRefused) and error.errno == ERESTART
                if isinstance(error, CommitLost):
                    self._applied = last = None  # what is there now may be our own doing
                if attempt == COMMIT_ATTEMPTS:
                    raise
            else:
                self._drains.committed()
                if _drops(compiled.ruleset):
                    self._end_forwarded(prepared, state)
                return applied
        raise AssertionError("the last attempt returns or raises")

    def _note_drift(self, last: Applied | None, found: Applied | None) -> None:
        """Remembers that the table isn't as we left it, and who it was; the commit that follows puts it right."""
        self._lookout.catch_up(last)  # who it was may have been told while the table was listed
        by = self._lookout.looked()
        if last is not None and (found is None or found.foreign or found.ruleset != last.ruleset):
            self._drift, self._drifted_at = Drift(self._effects.clock(), by), self._effects.elapsed()
            LOG.error(
                "%s %s table inet ringwall: putting it back",
                ", ".join(by) or "somebody else", "changed" if found else "flushed",
            )  # fmt: skip

    def _is_enforcing(self) -> bool:
        """Whether the kernel enforces already, by this agent's commit or by that of one before it.

        Then who opened each connection was known, and the table has seen all since; a socket may tell less by now.
        """
        return self._applied is not None and _drops(self._applied.ruleset)

    def _prepare_tracking(self) -> Prepared:
        try:
            prepared = self._effects.prepare_tracking()
        except OSError as error:
            self._problems["tracking"] = (
                f"The host's connections can't be read ({reason(error)}): those from before the rules may be cut.",
            )
            return Prepared()
        self._problems["tracking"] = prepared.failures
        LOG.info(
            "tracking: %d connections, %d entries inserted, %d replaced, %d failures",
            prepared.connections, prepared.inserted, prepared.replaced, len(prepared.failures),
        )  # fmt: skip
        return prepared

    def _end_forwarded(self, prepared: Prepared, state: HostState | None) -> None:
        """Ends what is forwarded for endpoints from before the rules, of which nobody knows who opened it."""
        state = state or (self._received.state if self._received else None)
        routed = [each for each in (state.interfaces.values() if state else ()) if each.kind is InterfaceKind.ROUTED]
        try:
            ended = prepared.end_forwarded({address for each in routed for address in each.addresses})
        except OSError as error:
            self._problems["tracking"] += (
                f"Forwarded connections can't be read ({reason(error)}): some of before may go on, admitted or not.",
            )
        else:
            if ended:
                LOG.info("tracking: %d forwarded connections from before the rules ended", ended)

    def _settle(self, received: Received, compiled: Compiled) -> None:
        """Notes that the received state is in the kernel."""
        self._binder.settled(self._bound)
        before, now = self._in_force, self._effects.clock()
        if before is not None and before.received.state is received.state and before.digest == compiled.digest:
            # A heartbeat: the same state, at a later position.
            self._in_force = replace(before, received=replace(before.received, position=received.position))
            return
        self._in_force = InForce(received, compiled.digest, now)
        if self._surroundings is not None and (before is None or self._is_other(before.received.state, received.state)):
            self._surroundings.changed()
        stored = "" if received.committed_at is None else f" stored={received.committed_at:.6f}"
        LOG.info(
            "in-force revision=%d received=%.6f committed=%.6f%s mode=%s digest=%.12s",
            received.position.revision, received.received_at, now, stored, received.state.mode.value, compiled.digest,
        )  # fmt: skip

    @staticmethod
    def _is_other(before: HostState, now: HostState) -> bool:
        """Whether the mode or the devices that are judged are others, which what is told of devices depends on."""
        return before.mode is not now.mode or (
            before.interfaces is not now.interfaces and own_devices(before) != own_devices(now)
        )

    def _seen(self) -> tuple[HostState | None, frozenset[str]]:
        received = self._received
        return (None, frozenset()) if received is None else (received.state, self._binder.endpoints)

    async def _keeper(self) -> None:
        """Keeps on disk what is in force, a moment later: writing a large state takes longer than committing a rule.

        At its end once more, as a host that goes down starts with it.
        """
        try:
            while True:
                await self._to_keep.wait()
                self._to_keep.clear()
                if self._is_to_be_kept():
                    try:
                        await asyncio.to_thread(self._keep)
                    except OSError as error:
                        if "disk" not in self._problems:
                            self._to_tell.set()
                        self._problems["disk"] = (
                            f"The state can't be kept on disk for the next boot: {reason(error)}",
                        )
                    else:
                        if self._problems.pop("disk", None):
                            self._to_tell.set()
                    if self._is_new:
                        self._is_new = False
                        settle()
                        give_back()
                    await asyncio.sleep(KEEP_SECONDS_MIN)
        finally:
            try:
                self._keep()
            except OSError as error:
                LOG.error("what is in force can't be kept on disk for the next boot: %s", reason(error))

    def _is_to_be_kept(self) -> bool:
        in_force = self._in_force
        return in_force is not None and (in_force.received.state, in_force.digest) != self._kept

    def _keep(self) -> None:
        """Writes down the state that is in force now; where only devices came or went, nothing but its digest.

        Raises:
            OSError: the disk can't.
        """
        with self._keeping:  # at the end a thread may still be at it
            in_force = self._in_force
            if in_force is None or not self._is_to_be_kept():
                return
            received = in_force.received
            is_kept = self._kept is not None and received.state is self._kept[0]
            if not (is_kept and self._directory.save_digest(in_force.digest)):
                self._directory.save_state(Snapshot(received.position, received.state), in_force.digest)
            self._kept = (received.state, in_force.digest)

    async def _teller(self) -> None:
        while True:
            await self._to_tell.wait()
            self._to_tell.clear()
            for tell in (self._tell_addresses, self._tell_report):
                try:
                    await tell()
                except AgentError as error:  # the next message brings the next attempt
                    LOG.warning("not told: %s", error)

    async def _tell_report(self) -> None:
        report = await self._report()
        if report is not None:
            await self._server.post(REPORT_PATH, encode_report(report), self._identity.key)

    async def _tell_addresses(self) -> None:
        """The addresses of the host's interfaces, when they aren't what the server was told last."""
        received = self._received
        if received is None:
            return
        found = self._look_at_addresses(received.state)
        if found is not None and found != self._told_addresses:
            content = json.dumps({"interfaces": interfaces_json(found)}).encode()
            answer = await self._server.post(ADDRESSES_PATH, content, self._identity.key)
            self._problems["addresses"] = refused_sentences(answer)
            self._told_addresses = found

    def _look_at_addresses(self, state: HostState) -> tuple[DeviceAddresses, ...] | None:
        """The host's own interfaces with their addresses; None where they can't be read.

        A device that is missing, and an address that is elsewhere, become problems.
        """
        try:
            everything = self._effects.read_interfaces()
        except OSError as error:
            self._problems["addresses"] = (f"The host's addresses can't be read: {reason(error)}",)
            return None
        devices = {device for _, device in own_devices(state)}
        self._problems["interfaces"] = (
            *missing_sentences(devices, everything),
            *self._moves.sentences(state.interfaces.values(), everything),
        )
        return tuple(item for item in everything if item.device in devices)

    def _note_room(self) -> None:
        room = self._effects.read_room()
        if room is None or not room.is_filling:
            self._problems.pop("room", None)
            return
        if "room" not in self._problems:
            LOG.warning("%s", room.sentence)
        self._problems["room"] = (room.sentence,)

    async def _report(self) -> Report | None:
        in_force = self._in_force
        self._note_room()
        beside = self._surroundings.sentences if self._surroundings else ()
        problems = [*beside, *(problem for several in self._problems.values() for problem in several)][:PROBLEMS_MAX]
        drift = self._drift
        if self._effects.elapsed() >= self._drifted_at + DRIFT_TOLD_SECONDS:
            drift = None
        if drift is not None and "commit" not in self._problems:
            problems.append(drift.sentence)
        if self._drains.problem:
            problems.append(self._drains.problem)
        if self._usage is not None and self._usage.problem is not None:
            problems.append(self._usage.problem)
        if self._lost is not None and self._effects.elapsed() < self._lost[1] + DRIFT_TOLD_SECONDS:
            problems.append(f"At its start the host was closed until the server spoke. {self._lost[0]}")
        capabilities = (TABLE_OWNER,) if self._kernel.owns else ()
        if in_force is None:
            held = self._received
            if held is None:
                return None
            return Report(
                held.position, held.state.mode.value, "", 0.0, held.received_at, tuple(problems),
                capabilities=capabilities, drift=drift,
            )  # fmt: skip
        received = in_force.received
        unadmitted: tuple[Unadmitted, ...] = ()
        if received.state.mode is Mode.OBSERVE:
            try:
                bound = self._binder.bound(received.state)
                local = replace(self._local, endpoints=bound.endpoints)
                unadmitted = await asyncio.to_thread(self._effects.would_end, bound.state, local)
            except OSError as error:
                problems.append(f"What enforcing would end can't be told: {reason(error)}")
        return Report(
            position=received.position,
            mode=received.state.mode.value,
            digest=self._held or in_force.digest,
            in_force_at=in_force.at,
            received_at=received.received_at,
            problems=tuple(problems),
            committed_at=received.committed_at,
            unadmitted=unadmitted,
            draining=self._drains.left(),
            interfaces=self._bound.in_force if self._bound else (),
            capabilities=capabilities,
            drift=drift,
        )


def _drops(ruleset: Ruleset) -> bool:
    """Whether it enforces: what no rule admits is dropped."""
    chain = ruleset.chains.get(INPUT)
    return chain is not None and chain.hook is not None and chain.hook.policy == "drop"
