"""What server and agent say to each other about certificates, as questions: they concern nothing that is enforced.

An agent that pins the server's certificate names what it pins when it begins to watch. If that isn't what the server
will show, now and next, it is told so (`PINS`), and answers what it pins from then on. It believes that because of the
connection it came over, which was made to a certificate that it pinned before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PINS: Final = "certificates"
"""The kind of the question that says which certificates the server will show; parameters: `certificate_sha256`, at
most two, the current one first. The answer's content is `Pins`."""

CERTIFY: Final = "certify"
"""The kind of the question that has an agent ask for a certificate of its own, before the server insists on one."""

PINS_MAX: Final = 2


@dataclass(frozen=True, slots=True)
class Pins:
    """The SHA-256 of the server's certificates that an agent accepts, in hex."""

    certificate_sha256: tuple[str, ...]
