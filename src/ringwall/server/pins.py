"""Which certificates the agents accept that watch, and telling them of the one that comes next.

Agents pin the server's certificate. So that it can be replaced, each is told of the next one over a connection that
the current one protects, long before the switch, keeps both on its disk, and forgets the old one when it has seen the
new. One that was away all that time refuses the new certificate, as it would an impostor's; what then helps is in
the how-to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from ringwall.telemetry import LOG
from ringwall.watch.certificates import CERTIFY, PINS, Pins
from ringwall.watch.encoding import MalformedMessage, decode_content
from ringwall.watch.hub import Hub

from .tls import Certificates

ANSWER_SECONDS: Final = 30.0
AGAIN_SECONDS: Final = 15.0
"""What an agent couldn't do isn't asked of it again sooner."""


@dataclass(slots=True, eq=False)
class _Stream:
    """An agent's stream. pins: what it accepts; empty where it pins nothing, None where it is too old to say.

    certified: whether its agent has shown a certificate of its own. again_at: not asked before, by the loop's clock.
    """

    host_id: str
    pins: frozenset[str] | None
    kinds: frozenset[str]
    certified: bool
    again_at: float = 0.0

    def refuses(self, sha256: str) -> bool:
        """Whether its agent won't accept this certificate; one that is too old to say pins what its token said."""
        return self.pins is None or bool(self.pins and sha256 not in self.pins)


class AgentPins:
    """The open streams of agents, with what each accepts.

    certificates: None without TLS; then nobody is told anything. offers: whether agents are told to ask for
    certificates of their own.
    """

    def __init__(self, hub: Hub, certificates: Certificates | None, *, offers: bool) -> None:
        self._hub = hub
        self._certificates = certificates
        self._offers = offers
        self._streams: dict[str, _Stream] = {}
        self._asked: dict[_Stream, asyncio.Task[None]] = {}

    @contextmanager
    def streaming(
        self, host_id: str, pins: frozenset[str] | None, kinds: frozenset[str], *, certified: bool
    ) -> Iterator[None]:
        """The stream is open, and is told what it lacks."""
        stream = self._streams[host_id] = _Stream(host_id, pins, kinds, certified)
        try:
            yield
        finally:
            if self._streams.get(host_id) is stream:
                del self._streams[host_id]
            if (task := self._asked.pop(stream, None)) is not None:
                task.cancel()

    def tell_all(self) -> None:
        """Begins to tell every agent that lacks something."""
        for host_id in self._streams:
            self.tell(host_id)

    def tell(self, host_id: str) -> None:
        """Begins to tell the host's agent if it lacks something; call it now and then, what got lost is told again."""
        stream = self._streams.get(host_id)
        if stream is None or stream in self._asked or asyncio.get_running_loop().time() < stream.again_at:
            return
        if self._lacks_pins(stream) or self._lacks_certificate(stream):
            self._asked[stream] = asyncio.create_task(self._tell(stream))

    def lacking(self) -> int:
        """How many of the agents that watch don't accept yet the certificate that comes next; 0 where none does."""
        upcoming = self._certificates and self._certificates.upcoming_sha256
        return sum(stream.refuses(upcoming) for stream in self._streams.values()) if upcoming else 0

    def knows_next(self, host_id: str) -> bool | None:
        """Whether the host's agent accepts the certificate that comes next; None where none comes, or it is away."""
        stream, upcoming = self._streams.get(host_id), self._certificates and self._certificates.upcoming_sha256
        return not stream.refuses(upcoming) if upcoming and stream else None

    def note_switch(self, sha256: str) -> None:
        """Says in the log which agents will refuse the certificate that is taken up now."""
        unaware = sorted(each.host_id for each in self._streams.values() if each.refuses(sha256))
        if unaware:
            LOG.warning(
                "%d of the agents that watch weren't told of the new certificate and will refuse it: %s",
                len(unaware), ", ".join(unaware[:10]) + (" …" if len(unaware) > 10 else ""),
            )  # fmt: skip

    @property
    def _wanted(self) -> tuple[str, ...]:
        if self._certificates is None:
            return ()
        upcoming = self._certificates.upcoming_sha256
        return tuple(dict.fromkeys(each for each in (self._certificates.sha256, upcoming) if each))

    def _lacks_pins(self, stream: _Stream) -> bool:
        return bool(stream.pins) and PINS in stream.kinds and stream.pins != frozenset(self._wanted)

    def _lacks_certificate(self, stream: _Stream) -> bool:
        return self._offers and not stream.certified and CERTIFY in stream.kinds

    async def _tell(self, stream: _Stream) -> None:
        """Asks once; what fails is tried again when `tell` is called next."""
        try:
            if self._lacks_pins(stream):
                wanted = self._wanted
                answer = await self._hub.inquire(stream.host_id, PINS, {"certificate_sha256": wanted}, ANSWER_SECONDS)
                if answer is not None and answer.failure is None:
                    stream.pins = frozenset(decode_content(Pins, answer.content).certificate_sha256)
            if self._lacks_certificate(stream):
                answer = await self._hub.inquire(stream.host_id, CERTIFY, {}, ANSWER_SECONDS)
                stream.certified = answer is not None and answer.failure is None
        except MalformedMessage as error:
            LOG.warning("%s answered what can't be read about certificates: %s", stream.host_id, error)
        finally:
            self._asked.pop(stream, None)
            if self._lacks_pins(stream) or self._lacks_certificate(stream):
                stream.again_at = asyncio.get_running_loop().time() + AGAIN_SECONDS
