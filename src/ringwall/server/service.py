"""What a running server holds: the store, the keys, the hub, and the doors to the clock and to randomness."""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ringwall.config import ServerConfig
from ringwall.domain.caller import Caller
from ringwall.operations.context import Context, IdSource
from ringwall.operations.vpcs import ensure_region
from ringwall.store.base import Reader, Store, Transaction
from ringwall.telemetry import ChangeLines, Metrics
from ringwall.watch.hub import Hub
from ringwall.watch.uses import Uses
from ringwall.wire.response import item_writer

from .agent_ca import AgentCa
from .courtesy import Courtesy
from .credentials import RootKey
from .descriptions import KeptDescriptions
from .keyring import Keyring, random_keyring
from .pins import AgentPins
from .principals import Principals
from .throttle import Failures, Throttle
from .tls import Certificates
from .trail import Trail


class RandomIds:
    """Ids of EC2's form: the prefix, a hyphen and 17 random hex digits, 68 bits."""

    def new(self, prefix: str) -> str:
        """A new id."""
        return f"{prefix}-{secrets.token_hex(9)[:17]}"


def new_request_id() -> str:
    """A random UUID (version 4), in lower case, as EC2 answers it."""
    digits = secrets.token_hex(16)
    return (
        f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{'89ab'[int(digits[16], 16) & 3]}{digits[17:20]}-{digits[20:]}"
    )


_IDS: Final = RandomIds()


@dataclass(slots=True)
class Service:
    """One server's parts. `regions_ready` remembers which (account, region) have their default VPC.

    drains_looked_at: when reports last had it looked whether something of the (account, region) drains no longer.
    """

    config: ServerConfig
    store: Store
    root: RootKey
    hub: Hub
    metrics: Metrics
    regions: frozenset[str]
    certificates: Certificates | None = None
    agent_ca: AgentCa | None = None
    ids: IdSource = _IDS
    clock: Callable[[], float] = time.time
    change_lines: ChangeLines = field(default_factory=lambda: ChangeLines(sys.stderr.write))
    regions_ready: set[tuple[str, str]] = field(default_factory=set)
    uses: Uses = field(default_factory=Uses)
    drains_looked_at: dict[tuple[str, str], float] = field(default_factory=dict)
    accepting: bool = True
    courtesy: Courtesy = field(default_factory=Courtesy)
    keyring: Keyring = field(default_factory=random_keyring)
    groups_described: KeptDescriptions = field(init=False)
    trail: Trail = field(init=False)
    throttle: Throttle = field(init=False)
    principals: Principals = field(init=False)
    failures: Failures = field(init=False)
    pins: AgentPins = field(init=False)

    def __post_init__(self) -> None:
        self.trail = Trail(
            self.store, self.keyring, self.root.account_id, self.config.region, lambda: self.clock(), new_request_id
        )
        self.principals = Principals(self.store, self.keyring, self.root, self.clock)
        self.throttle = Throttle(self.config.throttle, time.monotonic)
        self.pins = AgentPins(self.hub, self.certificates, offers=self.agent_ca is not None)
        self.failures = Failures(self.config.throttle, time.monotonic)
        self.groups_described = KeptDescriptions(item_writer("DescribeSecurityGroups", "SecurityGroups"))
        self.store.forewarn(self.groups_described.warn)

    @property
    def certificate_sha256(self) -> str | None:
        """What new enrolment tokens pin: the certificate that the server shows now; None without TLS."""
        return self.certificates.sha256 if self.certificates else None

    def context(self, caller: Caller, transaction: Transaction | Reader, operation: str = "") -> Context:
        """What an operation of this caller is given. A Reader stands in for the transaction of one that only reads."""
        now, quota = int(self.clock()), self.config.quota
        return Context(
            caller,
            transaction,  # type: ignore[arg-type]
            self.ids,
            quota,
            now,
            self.regions,
            operation,
            self.groups_described,
            self.principals.sessions,
        )

    def has_region(self, caller: Caller) -> bool:
        """Whether the caller's region is known to have its default VPC."""
        return (caller.account_id, caller.region) in self.regions_ready

    async def make_region(self, caller: Caller) -> None:
        """Makes the default VPC of the caller's region, if it hasn't one yet, in a transaction of its own."""
        key = (caller.account_id, caller.region)
        if key in self.regions_ready:
            return
        if not self.store.read(lambda reader: reader.region_exists(*key)):
            deed = self.trail.of_server("CreateDefaultVpc", *key)
            await self.trail.write(
                deed, lambda transaction: ensure_region(self.context(caller, transaction)), if_changed=True
            )
        self.regions_ready.add(key)
