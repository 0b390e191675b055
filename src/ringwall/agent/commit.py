"""Our table in the kernel: what is in it, as far as is known, and commits to it.

Whatever goes wrong, the last commit stands. Who lost track lists the table once and commits the difference.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from errno import ERESTART
from typing import Final

from ringwall.compiler.compile import Compiled
from ringwall.compiler.names import INPUT
from ringwall.domain.world import HostState, InterfaceKind
from ringwall.nft.objects import Ruleset
from ringwall.nft.ruleset import Applied
from ringwall.telemetry import LOG
from ringwall.watch.messages import Drift

from .conntrack import Prepared
from .drift import Lookout
from .effects import Effects, Nftables
from .errors import CommitLost, CommitRefused, Problems, TableOwned, reason
from .kept import Kept

COMMIT_ATTEMPTS: Final = 5
"""Somebody else's commits to nftables can come in between; then the table is listed and the difference made anew."""

DRIFT_TOLD_SECONDS: Final = 3600.0
"""A foreign change is reported for so long after it was put right, and so is a start without the last state."""


class Committer:
    """The table, from one commit to the next.

    drains: the flows that go on when rules leave. applied: what is in the table; it counts only where `is_known`.
    """

    def __init__(self, kernel: Nftables, effects: Effects, drains: Kept, problems: Problems) -> None:
        self._kernel = kernel
        self._effects = effects
        self._drains = drains
        self._problems = problems
        self._lookout = Lookout(None)
        self._drift: Drift | None = None
        self._drifted_at = 0.0
        self.applied: Applied | None = None
        self.is_known = False

    @contextmanager
    def watching(self, touched: Callable[[], None]) -> Iterator[None]:
        """Others' commits are read from now on, before the table is first listed.

        touched: is called when one of them may have changed the table.
        """
        commits = self._kernel.watch()
        if commits is None:
            yield
            return
        LOG.warning("this kernel can't keep others from changing table inet ringwall; what they change is put back")
        self._lookout = Lookout(commits)
        loop = asyncio.get_running_loop()
        loop.add_reader(commits.fileno(), self._notice, touched)
        try:
            yield
        finally:
            loop.remove_reader(commits.fileno())
            commits.close()

    def _notice(self, touched: Callable[[], None]) -> None:
        """Reads what others committed."""
        self.applied = self._lookout.catch_up(self.applied)
        if self._lookout.must_look:
            touched()

    @property
    def owns(self) -> bool:
        """Whether nobody else can change the table once something was applied."""
        return self._kernel.owns

    @property
    def is_enforcing(self) -> bool:
        """Whether the kernel enforces already, by this agent's commit or by that of one before it.

        Then who opened each connection was known, and the table has seen all since; a socket may tell less by now.
        """
        return self.applied is not None and _drops(self.applied.ruleset)

    @property
    def drift(self) -> Drift | None:
        """The last foreign change, while it is told."""
        is_old = self._effects.elapsed() >= self._drifted_at + DRIFT_TOLD_SECONDS
        return None if is_old else self._drift

    def observe(self) -> Applied | None:
        """The table as it is; what is known of it stays as it was."""
        return self._kernel.observe()

    def learn(self) -> Applied | None:
        """What is applied, listed where that isn't known."""
        if not self.is_known:
            self.applied, self.is_known = self._kernel.observe(), True
        return self.applied

    def close(self, closed: Ruleset) -> None:
        """Puts this into a kernel that has no table, until the server has spoken.

        Raises:
            AgentError: the kernel doesn't take it.
        """
        self._kernel.apply(None, closed)

    def adopt(self, orphan: Applied) -> None:
        """Owns the table that nobody has owned since its agent ended, as it is.

        Raises:
            AgentError: the kernel doesn't let it.
        """
        self.applied, self.is_known = self._kernel.apply(orphan, orphan.ruleset), True

    def forget(self) -> None:
        """Nothing of ours counts as being there."""
        self.applied, self.is_known = None, False

    def is_behind(self) -> bool:
        """Whether somebody may have changed the table since it was last known."""
        applied = self.applied if self.is_known else None
        return applied is not None and not self._kernel.is_current(applied)

    def commit(
        self,
        compiled: Compiled,
        state: HostState | None,
        *,
        received: HostState | None,
        from_disk: HostState | None,
    ) -> None:
        """Brings the table to what was compiled.

        state: what it was compiled of; None: that of the last commit. received: what the host should enforce.
        from_disk: what was in force before this agent.

        Raises:
            AgentError: the kernel doesn't take it; what was committed before stands.
        """
        last = self.applied
        for attempt in range(1, COMMIT_ATTEMPTS + 1):
            last = self._look(last)
            prepared = Prepared()
            if self.applied is None or (_drops(compiled.ruleset) and not self.is_enforcing):
                prepared = self.prepare_tracking()
            try:
                held = self.applied.ruleset if self.applied else None
                ruleset = self._drains.filled(compiled.ruleset, state, from_disk, held)
                applied = self._kernel.apply(self.applied, ruleset)
            except TableOwned:
                raise
            except (CommitRefused, CommitLost) as error:
                LOG.warning("commit %d of %d: %s", attempt, COMMIT_ATTEMPTS, error)
                # Somebody else's commit in between may have been to another table; the next look tells.
                self.is_known = isinstance(error, CommitRefused) and error.errno == ERESTART
                if isinstance(error, CommitLost):
                    self.applied = last = None  # what is there now may be our own doing
                if attempt == COMMIT_ATTEMPTS:
                    raise
            else:
                self._drains.committed()
                if _drops(compiled.ruleset):
                    self._end_forwarded(prepared, state or received)
                self.applied, self.is_known = applied, True
                return
        raise AssertionError("the last attempt returns or raises")

    def _look(self, last: Applied | None) -> Applied | None:
        """What is applied, listed where it may not be what is known; otherwise what was before."""
        self.applied = self._lookout.catch_up(self.applied)
        if self.is_known and not self._lookout.must_look and not self.is_behind():
            return last
        self.applied, self.is_known = self._kernel.observe(), True
        self._note_drift(last, self.applied)
        return self.applied

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

    def prepare_tracking(self) -> Prepared:
        """The host's connections from before the rules, told to the kernel; what can't be becomes a problem."""
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


def _drops(ruleset: Ruleset) -> bool:
    """Whether it enforces: what no rule admits is dropped."""
    chain = ruleset.chains.get(INPUT)
    return chain is not None and chain.hook is not None and chain.hook.policy == "drop"
