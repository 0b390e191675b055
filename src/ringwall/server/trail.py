"""Writes the trail: an event in the same transaction as the change it tells of, and one for every refusal.

A change and its event are committed together or not at all. So nothing is answered as done that isn't in the trail, and
nothing is in the trail that wasn't done.

A refusal has changed nothing, so its answer doesn't wait for the disk: its event is written right afterwards, together
with others that wait. Floods are bounded: of each caller so many refusals a minute are told one by one, and of each
account (`EACH_CALLER`, `EACH_ACCOUNT`); the others are counted, and told in one event for each account at the end of
the minute. Requests that prove no key are only counted, one event for each address and minute, for at most
`ADDRESSES_MAX` addresses; the rest of them shares an event. What is counted and not yet written, a minute's at most,
is lost if the server is killed.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeVar

from ringwall.domain.errors import ServiceError
from ringwall.operations.trail import COUNT_FAILURES, DROP_TRAIL, RINGWALL, Deed, chained, done, done_plainly, refused
from ringwall.store.base import Committed, Store, Transaction
from ringwall.store.principals_base import TrailHead
from ringwall.telemetry import LOG
from ringwall.wire.recorded import recorded_answer

from .keyring import Keyring
from .throttle import Buckets, Rate, network_of

Result = TypeVar("Result")

LABEL: Final = "trail"
"""Of the codes: one of another label doesn't pass for an event's."""
EACH_CALLER: Final = Rate(120, 2)
EACH_ACCOUNT: Final = Rate(600, 10)
ADDRESSES_MAX: Final = 1_000
OTHER_ADDRESSES: Final = "other addresses"
WAITING_MAX: Final = 10_000
AT_ONCE: Final = 200
COUNT_SECONDS: Final = 60.0
DROPPED_AT_ONCE: Final = 2_000


@dataclass(slots=True)
class _Counted:
    """What is only counted in a minute that began at `since`."""

    since: float
    failures: dict[str, Counter[str]] = field(default_factory=dict)
    refusals: dict[tuple[str, str], Counter[tuple[str, str]]] = field(default_factory=dict)


class Trail:
    """The writer of one server's trail; for the event loop's thread.

    account_id, region: whose and where the events are that are of no account. new_id: makes the ids of events.
    """

    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        account_id: str,
        region: str,
        clock: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._store = store
        self._keyring = keyring
        self._account_id, self._region = account_id, region
        self._clock = clock
        self._new_id = new_id
        self._budget = Buckets(time.monotonic)
        self._waiting: list[tuple[str, float, str]] = []
        self._lost = 0
        self._flushing: asyncio.Task[None] | None = None
        self._counted: _Counted | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._readers: list[Callable[[], None]] = []

    # --- What was done ---

    def write(
        self,
        deed: Deed,
        function: Callable[[Transaction], Result],
        *,
        answers: bool = False,
        if_changed: bool = False,
    ) -> Awaitable[Committed[Result]]:
        """As `Store.write`, with the deed's event in the same transaction.

        answers: whether the result is the answer of the deed's operation. if_changed: only where there is a revision.
        """

        def recorded(transaction: Transaction) -> Result:
            result = function(transaction)
            revision, made = transaction.recorded()
            if revision is not None or not if_changed:
                at, text, noted = self._clock(), None, transaction.noted()
                answer: Any = result if answers else None
                if answers:
                    text = done_plainly(deed, at, revision, answer, transaction.changes_text(), noted)
                if text is None:
                    elements = recorded_answer(deed.name, answer, deed.request_id) if answers else None
                    text = done(deed, at, revision, made, elements, noted=noted).text
                self._append(transaction, deed.account_id, at, text)
            return result

        answer = self._store.write(recorded)
        if self._readers:
            asyncio.ensure_future(answer).add_done_callback(lambda _: self._tell())
        return answer

    def of_server(self, name: str, account_id: str, region: str) -> Deed:
        """Something that the server does by itself."""
        return Deed(RINGWALL, name, account_id, region, self._new_id(), self._new_id())

    def on_event(self, wake: Callable[[], None]) -> None:
        """Has `wake` called when there may be new events."""
        self._readers.append(wake)

    async def drop_before(self, time_limit: float) -> int:
        """How many events were dropped: all from the start of the trail that are older than this (Unix seconds).

        A few at a time, and each time an event says so, in the same transaction: the chain's new start is in the chain.
        """
        dropped = 0
        while True:
            deed = self.of_server(DROP_TRAIL, self._account_id, self._region)
            count = (await self._store.write(partial(self._drop, deed, time_limit))).result
            if not count:
                return dropped
            dropped += count
            self._tell()

    def _drop(self, deed: Deed, time_limit: float, transaction: Transaction) -> int:
        through, count = None, 0
        for event in transaction.trail_after(transaction.trail_start().number, DROPPED_AT_ONCE):
            if event.at >= time_limit:
                break
            through, count = event, count + 1
        if through is None:
            return 0
        at = self._clock()
        dropped = {"through": through.number, "mac": through.mac.hex(), "dropped": count}
        self._append(transaction, deed.account_id, at, done(deed._replace(parameters=dropped), at).text)
        transaction.drop_trail(TrailHead(through.number, through.mac))
        return count

    def _append(self, transaction: Transaction, account_id: str, at: float, text: str) -> None:
        transaction.append_trail(chained(transaction.trail_head(), account_id, at, text, self._mac))

    def _mac(self, link: bytes) -> bytes:
        return self._keyring.mac(LABEL, link)

    def _tell(self) -> None:
        for wake in self._readers:
            wake()

    # --- What was refused ---

    def refuse(self, deed: Deed, error: ServiceError) -> None:
        """Tells of a refused call, soon; waits for nothing."""
        caller = deed.caller.arn if deed.caller else ""
        if self._budget.take((deed.account_id, caller), EACH_CALLER) and self._budget.take(
            deed.account_id, EACH_ACCOUNT
        ):
            at = self._clock()
            self._later(deed.account_id, at, refused(deed, at, error).text)
        else:
            counted = self._counting().refusals.setdefault((deed.account_id, deed.region), Counter())
            counted[deed.name, error.code] += 1

    def fail(self, peer: str, code: str) -> None:
        """Counts a request of this address that proved no key."""
        failures, address = self._counting().failures, network_of(peer)
        if address not in failures and len(failures) >= ADDRESSES_MAX:
            address = OTHER_ADDRESSES
        failures.setdefault(address, Counter())[code] += 1

    async def close(self) -> None:
        """Writes what waits. Afterwards nothing is taken any more."""
        self._tell_counted()
        if self._flushing is not None:
            await self._flushing

    def _later(self, account_id: str, at: float, text: str) -> None:
        if len(self._waiting) >= WAITING_MAX:
            self._lost += 1
            return
        self._waiting.append((account_id, at, text))
        if self._flushing is None:
            self._flushing = asyncio.get_running_loop().create_task(self._flush())

    async def _flush(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]

            def append(transaction: Transaction, events: list[tuple[str, float, str]] = batch) -> None:
                for account_id, at, text in events:
                    self._append(transaction, account_id, at, text)

            try:
                await self._store.write(append)
                self._tell()
            except Exception as error:  # of a refusal nothing depends on it; the next ones are tried again
                self._lost += len(batch)
                LOG.error("the trail lacks %d refusals so far: %s", self._lost, error)
        self._flushing = None

    # --- What is counted ---

    def _counting(self) -> _Counted:
        if self._counted is None:
            self._counted = _Counted(self._clock())
            with suppress(RuntimeError):  # without a loop, `close` tells it
                self._timer = asyncio.get_running_loop().call_later(COUNT_SECONDS, self._tell_counted)
        return self._counted

    def _tell_counted(self) -> None:
        counted, self._counted = self._counted, None
        if self._timer is not None:
            self._timer.cancel()
        if counted is None:
            return
        at = self._clock()
        for (account_id, region), refusals in counted.refusals.items():
            told = [{"eventName": name, "errorCode": code, "count": n} for (name, code), n in refusals.most_common(100)]
            deed = self.of_server("CountRefusals", account_id, region)
            more = {"since": counted.since, "count": refusals.total(), "refusals": told}
            self._later(account_id, at, done(deed, at, additional=more).text)
        for address, codes in counted.failures.items():
            self._later(self._account_id, at, self._failures_told(address, codes, counted.since, at))

    def _failures_told(self, address: str, codes: Counter[str], since: float, at: float) -> str:
        deed = self.of_server(COUNT_FAILURES, self._account_id, self._region)._replace(address=address)
        event = done(deed, at, additional={"since": since, "count": codes.total(), "codes": dict(codes)})
        event.rest["errorCode"] = codes.most_common(1)[0][0]
        return event.text
