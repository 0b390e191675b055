"""From a message to the kernel: the agent's one route.

Theory of operation. The receiver merges what the server says into the host's state, (1) and (2), and never touches the
kernel. The enforcer brings the kernel to that state, (3) to (5); it takes the state as it is when its turn comes, so
many messages make one commit. The teller says what came of it, (6); the keeper writes it down. Nothing waits for them.

What is programmed depends on the state alone, never on the way to it. Whatever goes wrong, the last commit stands: the
table is never flushed, and a new agent, or one that lost track, lists the table once and commits the difference.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from ringwall.compiler.closed import closed_ruleset
from ringwall.compiler.compile import Compiled, compile_host
from ringwall.compiler.interfaces import bound_devices
from ringwall.compiler.parts import digest
from ringwall.domain.interface import Mode
from ringwall.domain.local import ControlEndpoint, LocalPolicy
from ringwall.domain.world import HostState
from ringwall.telemetry import LOG
from ringwall.watch.certificates import CERTIFY, PINS
from ringwall.watch.messages import Message, Question, Snapshot

from .answers import rule_answers
from .attachments import Bound
from .binding import Binder
from .boot import Start, plan
from .certificate import Renewal
from .commit import DRIFT_TOLD_SECONDS, Committer
from .confirming import Confirmation, on_former_devices, own_devices, structure
from .desired import Received, follow
from .directory import AgentDirectory, Identity
from .effects import Effects, Nftables
from .errors import AgentError, ChangeUndone, NoMessage, Problems, ServerRefused, StreamLost
from .in_force import InForce, Keeper
from .known_server import KnownServer
from .memory import undisturbed
from .questions import Parameters, Questions, Respond
from .release import read_marker
from .server import Server
from .stream import watch
from .surroundings import Look, Surroundings
from .telling import Standing, Teller
from .usage import Usage

MARKER_SECONDS: Final = 0.5
"""So often the agent looks whether the host was released, or no longer is."""


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
        self._server = server
        self._directory = directory
        self._effects = effects or Effects()
        self._local = replace(local or LocalPolicy(), control=server.endpoints)
        self._binder = binder or Binder()
        self._usage = usage
        self._problems: Problems = {}

        self._received: Received | None = None
        self._compiled: Compiled | None = None
        self._bound: Bound | None = None
        self._in_force: InForce | None = None
        self._from_disk: HostState | None = None
        self._unconfirmed: tuple[Received, Compiled] | None = None
        self._retry_at: float | None = None
        self._refused_for = ""
        self._held = ""
        self._must_begin = False
        self._lost: tuple[str, float] | None = None
        self._to_bind = asyncio.Event()
        self._to_enforce = asyncio.Event()

        self._known = KnownServer(server, identity, directory, self._problems)
        self._drains = self._effects.kept()
        self._committer = Committer(kernel, self._effects, self._drains, self._problems)
        self._confirmation = Confirmation(server, directory.path, self._effects.guard, self._confirmed)
        self._teller = Teller(server, identity, self._effects, self._binder, self._problems, self._standing)
        self._keeper = Keeper(directory, lambda: self._in_force, self._problems, self._teller.tell)
        self._renewal = Renewal(server, identity.key, directory, self._tell_of_certificate, self._effects.clock)
        self._questions = Questions(server, identity.key, self._answers())
        self._surroundings = None if look is None else Surroundings(look, self._seen)

    def _answers(self) -> dict[str, Respond]:
        """What this agent answers, by the kind of the question."""
        answers = {} if self._usage is None else rule_answers(self._enforced, self._usage, self._drains.of)
        if self._server.pins:
            answers |= {PINS: self._known.learn_pins}
        if self._server.url.scheme == "https":
            answers |= {CERTIFY: self._certify}
        return answers

    async def run(self) -> None:
        """Follows the server until cancelled; a server that refuses is asked again, in case it was put right."""
        with self._committer.watching(self._touched), self._binder.watching(self._to_bind):
            self._binder.look()
            self._begin()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._enforcer())
                tasks.create_task(self._watchman())
                tasks.create_task(self._binder.follow(self._to_bind, self._rebind, self._tell_moves))
                tasks.create_task(self._warden())
                tasks.create_task(self._teller.run())
                tasks.create_task(self._keeper.run())
                tasks.create_task(self._questions.run())
                tasks.create_task(self._renewal.run())
                if self._usage is not None:
                    tasks.create_task(self._usage.run())
                if self._surroundings is not None:
                    tasks.create_task(self._surroundings.watch(self._teller.tell))
                tasks.create_task(self._drains.watch(self._to_enforce.set, self._teller.tell))
                tasks.create_task(self._receiver())

    def _touched(self) -> None:
        """Somebody else may have changed the table."""
        if self._received is not None:
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
        planned = plan(self._directory, self._known.identity.store_id)
        there = self._committer.observe()
        if planned.start is Start.CLOSED:
            self._lost = (planned.why, self._effects.elapsed())
            LOG.error("%s", planned.why)
            if there is None:
                self._committer.prepare_tracking()
                own = self._directory.kept_devices() | {self._known.identity.device}
                closing = self._binder.closing(self._local, own)
                self._committer.close(closed_ruleset(self._known.identity.instance_id, closing))
        if planned.snapshot is not None:
            self._from_disk = planned.snapshot.state
            self._received = Received(planned.snapshot.position, planned.snapshot.state, self._effects.clock())
        if planned.snapshot is not None and (there is None or digest(there.ruleset) == planned.digest):
            self._enforce()
        elif there is not None and self._committer.owns and there.persistent and not there.foreign:
            # An orphan that stands until the server has spoken is nobody else's to flush meanwhile.
            self._committer.adopt(there)

    def _rebind(self) -> None:
        """The host knows its containers' devices differently: what this agent enforces is brought up to that."""
        if self._compiled is not None and self._received is not None:
            self._to_enforce.set()

    def _tell_moves(self) -> None:
        """Devices or addresses changed, which may have to be told."""
        if self._surroundings is not None:
            self._surroundings.changed()
        if self._received is not None:
            self._teller.moved(self._received.state)

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
            self._committer.forget()
            self._in_force, self._retry_at = None, None
            self._binder.settled(None)
            self._teller.tell()
        return True

    async def _receiver(self) -> None:
        delays = self._effects.delays()
        while True:
            try:
                self._set_control(await self._server.locate())
                after = self._received.position if self._received else None
                async for message in watch(self._server, self._known.identity.key, after, self._questions.kinds):
                    self.receive(message)
                    self._known.note_switch()
                    delays = self._effects.delays()
            except AgentError as error:
                self._explain(error)
                if isinstance(error, NoMessage):
                    self._problems["stream"] = (f"{error}.",)
                    self._teller.tell()
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
            self._known.located(endpoints)
            if self._in_force is not None:
                self._enforce()

    async def _certify(self, _: Parameters) -> Mapping[str, Any]:
        await self._renewal.renew()
        return {}

    def _tell_of_certificate(self, problem: str | None) -> None:
        if problem is None:
            self._problems.pop("certificate", None)
        else:
            self._problems["certificate"] = (problem,)
        self._teller.tell()

    def receive(self, message: Message) -> None:
        """(1) A message, (2) merged into what the host should enforce.

        Raises:
            StreamLost: it must not be followed: ask for a snapshot.
        """
        now = self._effects.clock()
        try:
            self._received = follow(
                self._received,
                message,
                self._known.identity.store_id,
                self._known.identity.instance_id,
                received_at=now,
            )
        except StreamLost as refusal:
            self._problems["position"] = (str(refusal),)
            self._teller.tell()
            raise
        self._problems.pop("position", None)
        self._problems.pop("stream", None)
        if isinstance(message, Snapshot):
            self._keeper.whole()
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
                if self._committer.is_behind() or (self._retry_at and self._effects.elapsed() >= self._retry_at):
                    self._to_enforce.set()
            except AgentError as error:
                LOG.warning("nftables can't be watched: %s", error)

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
            self._committer.is_known = False
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
        self._teller.tell()
        self._keeper.keep()

    def _compile(self, state: HostState) -> tuple[Bound, Compiled]:
        bound = self._binder.bound(state)
        self._problems["attachments"] = bound.problems
        return bound, compile_host(bound.state, replace(self._local, endpoints=bound.endpoints), self._compiled)

    def _put_in(self, bound: Bound, compiled: Compiled) -> None:
        self._commit(compiled, bound.state)
        self._compiled, self._bound = compiled, bound

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
            self._committer.is_known = False
            self._hold()
        else:
            self._held = compiled.digest
            self._binder.settled(bound)

    def _before(self) -> HostState | None:
        """The state whose devices and mode the kernel has; None where that isn't known."""
        if self._in_force is not None:
            return self._in_force.received.state
        disk, applied = self._from_disk, self._committer.applied
        if disk is None or applied is None or bound_devices(applied.ruleset) != own_devices(disk):
            return None
        return disk if self._committer.is_enforcing == (disk.mode is Mode.ENFORCE) else None

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
            self._commit(self._compiled, None)
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
        applied = self._committer.learn()
        if applied is None or not self._committer.is_enforcing:
            return True
        there = bound_devices(applied.ruleset)
        return bool(there) and there != own_devices(state)

    def _confirmed(self) -> None:
        """The structural change stays; what waited for it goes in."""
        unconfirmed, self._unconfirmed = self._unconfirmed, None
        if unconfirmed is not None:
            self._settle(*unconfirmed)
            self._teller.tell()
            self._keeper.keep()
        if self._received is not None and (unconfirmed is None or unconfirmed[0].state is not self._received.state):
            self._to_enforce.set()

    def _commit(self, compiled: Compiled, state: HostState | None) -> None:
        """state: the one that was compiled; None: that of the last commit."""
        received = self._received.state if self._received else None
        self._committer.commit(compiled, state, received=received, from_disk=self._from_disk)

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

    def _standing(self) -> Standing:
        return Standing(
            received=self._received,
            in_force=self._in_force,
            held=self._held,
            bound=self._bound,
            local=self._local,
            owns=self._committer.owns,
            drift=self._committer.drift,
            draining=self._drains.left,
            beside=self._surroundings.sentences if self._surroundings else (),
            others=tuple(self._others()),
        )

    def _others(self) -> Iterator[str]:
        """What goes wrong beside enforcing."""
        if self._drains.problem:
            yield self._drains.problem
        if self._usage is not None and self._usage.problem is not None:
            yield self._usage.problem
        if self._lost is not None and self._effects.elapsed() < self._lost[1] + DRIFT_TOLD_SECONDS:
            yield f"At its start the host was closed until the server spoke. {self._lost[0]}"
