"""How much each rule was used, and when: the counters of our table, added up over whatever happens to the table.

Every packet of a flow passes the rule that admits it, so the rule's counter in the kernel is its use. The kernel begins
anew whenever a rule is put in: after a boot, a replacement of the whole table, a move to another chain. So the counters
are read now and then, the kernel's answer to a commit shows those that it took away, and what they gained is added up
here, by rule id. A counter is known by the boot, the table's handle and the rule's, which the kernel never gives twice;
so an agent that was killed goes on with the file of the one before it, and counts nothing twice.

What may be lost: what the packets counted that were on their way through a rule at its commit; what a rule counted
since the last reading when the answer to its commit is lost; and with the kernel itself, at a crash or a loss of power,
what it counted since the file was written. An agent that is killed before it
wrote loses no count, but the next one dates them later.

When a rule was used is known as exactly as the counters are read: `READ_SECONDS`, or more where reading takes long.
Source: linux/netfilter/nf_tables.h, NFTA_COUNTER_*.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from errno import ENOENT
from functools import cache
from hashlib import sha256
from pathlib import Path
from struct import Struct
from threading import Lock
from typing import Any, Final

from ringwall.nft import dumps
from ringwall.nft.attributes import by_type, string
from ringwall.nft.netlink import GET_RULE, GET_TABLE, RULE_EXPRESSIONS, RULE_HANDLE, RULE_TABLE
from ringwall.nft.objects import TABLE
from ringwall.telemetry import LOG
from ringwall.watch.flows import RuleUse

from .directory import write_whole
from .errors import reason
from .netlink import NETFILTER, Netlink

READ_SECONDS: Final = 30.0
"""The counters are read so often."""

WRITE_SECONDS: Final = 5.0
"""What a question or a commit had read is written after so long."""

REST: Final = 400
"""And after a reading there is rest for so many times as long, which keeps it under a quarter of a percent."""

RULES_MAX: Final = 20_000
"""Of so many rules that aren't in the table any more the use is remembered, the last used ones."""

AT_A_TIME: Final = 256

FILE: Final = "usage.json"
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_GENERIC: Final = b"\x01\x00\x00\x00"
_TABLE_HANDLE: Final = 4
_COUNTER: Final = b"counter\0"
_COUNTED: Final = Struct(">4xIQIQ")  # the data's header, then both numbers, each with its header
_HEADERS: Final = tuple(Struct(">I").unpack(Struct("=HH").pack(12, kind))[0] for kind in (1, 2))


@dataclass(frozen=True, slots=True)
class Counter:
    """What one counter of the kernel shows. rule_id: the rule's that it counts for. handle: of nftables' rule."""

    handle: int
    rule_id: str
    packets: int
    bytes: int


@dataclass(slots=True)
class _Ledger:
    """What was counted so far. seen: the counters at the last reading, by handle, of this boot and table."""

    boot: str = ""
    table: int = 0
    uses: dict[str, RuleUse] = field(default_factory=dict)
    seen: dict[int, tuple[int, int]] = field(default_factory=dict)


class Usage:
    """The use of the rules of one host, kept in the agent's directory. clock: Unix seconds."""

    def __init__(self, directory: Path, clock: Callable[[], float] = time.time) -> None:
        self._path = directory / FILE
        self._clock = clock
        self._ledger = _read(self._path)
        self._lock = Lock()
        self._writing = Lock()
        self._is_fresh = False
        self._written: bytes | None = None
        self._read_at = 0.0
        self.problem: str | None = None

    @property
    def read_at(self) -> float:
        """Since when all counters were read last, Unix seconds; 0 before."""
        return self._read_at

    def of(self, rule_ids: Iterable[str]) -> dict[str, RuleUse]:
        """The use of those of the rules that are or were in the table, as of the last reading."""
        with self._lock:
            uses = self._ledger.uses
            return {rule_id: uses[rule_id] for rule_id in rule_ids if rule_id in uses}

    def read(self) -> None:
        """Reads all counters.

        Raises:
            OSError: the kernel can't tell.
        Cost: 5 µs for each rule.
        """
        began = self._clock()
        with Netlink(NETFILTER) as netlink:
            table = _table_handle(netlink)
            counters = [] if table is None else list(_counters(netlink))
            while table != (now := _table_handle(netlink)):  # it was replaced meanwhile
                table, counters = now, list(_counters(netlink))
        self._add(table, counters, is_all=True)
        self._read_at = began

    def left(self, rules: Sequence[bytes], table: bytes) -> None:
        """Adds what these rules counted, which a commit took out of this table; both as the kernel told."""
        counters = [counter for each in rules if (counter := decode_counter(each)) is not None]
        self._add(_handle(table), counters, is_all=False)

    async def run(self) -> None:
        """Reads and writes now and then, until cancelled; then once more, as the host may be about to go down."""
        try:
            while True:
                began = time.monotonic()
                await asyncio.to_thread(self._keep)
                until = began + max(READ_SECONDS, (time.monotonic() - began) * REST)
                while (left := until - time.monotonic()) > 0:
                    await asyncio.sleep(min(left, WRITE_SECONDS))
                    if self._is_fresh:
                        await asyncio.to_thread(self._write)
        finally:
            self._keep()

    def _keep(self) -> None:
        """Reads all counters, and writes the file; what doesn't work is a problem."""
        try:
            self.read()
        except OSError as error:
            self.problem = f"What rules are used can't be counted: {reason(error)}"
        else:
            self._write()

    def _write(self) -> None:
        try:
            with self._writing:  # at the end a thread may still be at it, with less
                with self._lock:
                    told, self._is_fresh = _told(self._ledger), False
                content = json.dumps(told, separators=(",", ":")).encode() + b"\n"
                if (digest := sha256(content).digest()) != self._written:
                    write_whole(self._path, content)
                    self._written = digest
        except OSError as error:
            self.problem = f"What rules were used can't be kept on disk: {reason(error)}"
        else:
            self.problem = None

    def _add(self, table: int | None, counters: Sequence[Counter], *, is_all: bool) -> None:
        """Adds what the counters gained since they were seen last, a few at a time: a commit may be waiting."""
        boot, now = _boot(), self._clock()
        with self._lock:
            ledger = self._ledger
            if boot == ledger.boot and (table or 0) < ledger.table:
                return  # read before the table was replaced, and added by then
            if (boot, table) != (ledger.boot, ledger.table):
                ledger.boot, ledger.table, ledger.seen = boot, table or 0, {}
        for start in range(0, len(counters), AT_A_TIME):
            with self._lock:
                for each in counters[start : start + AT_A_TIME]:
                    self._count(each, now)
        if is_all:
            present = {each.handle for each in counters}
            with self._lock:
                ledger.seen = {handle: seen for handle, seen in ledger.seen.items() if handle in present}
                self._forget({each.rule_id for each in counters})

    def _count(self, counter: Counter, now: float) -> None:
        """Adds what one counter gained; nothing for one that was read earlier than it was seen."""
        ledger = self._ledger
        packets, size = ledger.seen.get(counter.handle, (0, 0))
        use = ledger.uses.get(counter.rule_id)
        if use is None:
            use = ledger.uses[counter.rule_id] = RuleUse(since=now)
        if counter.packets > packets:
            ledger.uses[counter.rule_id] = replace(
                use,
                packets=use.packets + counter.packets - packets,
                bytes=use.bytes + max(0, counter.bytes - size),  # somebody may have set both to 0
                first_used=use.first_used or now,
                last_used=now,
            )
            ledger.seen[counter.handle] = counter.packets, counter.bytes
            self._is_fresh = True

    def _forget(self, present: set[str]) -> None:
        uses = self._ledger.uses
        if len(uses) <= len(present) + RULES_MAX:
            return
        gone = sorted(
            (rule_id for rule_id in uses if rule_id not in present), key=lambda each: uses[each].last_used or 0
        )
        for rule_id in gone[:-RULES_MAX]:
            del uses[rule_id]


def _counters(netlink: Netlink) -> Iterator[Counter]:
    try:
        for body in netlink.dump(GET_RULE, _GENERIC + string(RULE_TABLE, TABLE)):
            if (counter := decode_counter(body[len(_GENERIC) :])) is not None:
                yield counter
    except OSError as error:
        if error.errno != ENOENT:
            raise


def _table_handle(netlink: Netlink) -> int | None:
    """What the kernel numbered our table with; None where there is none."""
    body = netlink.ask(GET_TABLE, _GENERIC + string(1, TABLE))
    return None if body is None else _handle(body[len(_GENERIC) :])


def _handle(table: bytes) -> int:
    """What the kernel numbered the table with that these attributes tell of."""
    return int.from_bytes(by_type(table).get(_TABLE_HANDLE, b""), "big")


def decode_counter(body: bytes) -> Counter | None:
    """The counter of a rule that enforces a security group's, told in attributes; None of any other."""
    found = by_type(body)
    expressions = found.get(RULE_EXPRESSIONS, b"")
    at = expressions.find(_COUNTER)
    if at < 0:
        return None
    first, size, second, packets = _COUNTED.unpack_from(expressions, at + len(_COUNTER))
    rule_id = (dumps.rule_comment(found) or "").partition(" ")[0]
    if not rule_id.startswith("sgr-"):
        return None
    if (first, second) != _HEADERS:  # an architecture that pads them
        count = dumps.decode_rule_count(body)
        packets, size = (count.count.packets, count.count.bytes) if count else (0, 0)
    return Counter(int.from_bytes(found[RULE_HANDLE], "big"), rule_id, packets, size)


@cache
def _boot() -> str:
    try:
        return _BOOT.read_text().strip()
    except OSError:
        return ""


def _told(ledger: _Ledger) -> dict[str, Any]:
    """What the file says. A counter's handle is a name in JSON."""
    rows = {
        rule_id: [use.packets, use.bytes, use.first_used, use.last_used, use.since]
        for rule_id, use in ledger.uses.items()
    }
    return {"boot": ledger.boot, "table": ledger.table, "uses": rows, "seen": dict(ledger.seen)}


def _read(path: Path) -> _Ledger:
    """The ledger in the file; an empty one where there is none, or it can't be understood: use is counted anew then."""
    try:
        told: dict[str, Any] = json.loads(path.read_bytes())
        uses = {str(rule_id): RuleUse(*row) for rule_id, row in told["uses"].items()}
        seen = {int(handle): (int(packets), int(size)) for handle, (packets, size) in told["seen"].items()}
        return _Ledger(str(told["boot"]), int(told["table"]), uses, seen)
    except FileNotFoundError:
        return _Ledger()
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        LOG.error("%s can't be read, and the use of rules is counted anew: %s", path, error)
        return _Ledger()
