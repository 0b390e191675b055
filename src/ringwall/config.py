"""Settings of the server, as given on the command line and in the environment, checked once."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Final

from ringwall.domain.quota import NO_LIMITS, Quota

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 4580
DEFAULT_REGION: Final = "us-east-1"
DEFAULT_ACCOUNT: Final = "123456789012"

ROOT_KEY_ID_VARIABLE: Final = "RINGWALL_ROOT_ACCESS_KEY_ID"
ROOT_SECRET_VARIABLE: Final = "RINGWALL_ROOT_SECRET_ACCESS_KEY"


class ConfigurationError(Exception):
    """A setting that can't be, in a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """What `ringwall serve` was told.

    data: the directory of the store and the credentials; None only for an ephemeral server that writes nothing.
    store_path: the SQLite file. account: None for the one the data directory has, or the default.
    regions: those served; empty for all of EC2's commercial ones. tls_cert, tls_key: PEM files, both or neither.
    tls_next_cert: the certificate that will take its place. agent_mtls: whether agents get certificates of their own
    (`offer`) and must show them (`require`), or not (`off`).
    allow_sigv2: whether EC2's endpoint takes Signature Version 2 too. key_file: None for the one beside `data`.
    throttle: the name of the rates at which requests are let in, see `server.throttle`.
    trail_file, trail_webhook: where every event of the trail is sent to. trail_keep_days: None keeps them for ever.
    """

    data: Path | None
    store_path: Path | None
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    ephemeral: bool = False
    account: str | None = None
    region: str = DEFAULT_REGION
    regions: tuple[str, ...] = ()
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_next_cert: Path | None = None
    agent_mtls: str = "off"
    insecure_http: bool = False
    metrics_open: bool = False
    allow_sigv2: bool = False
    key_file: Path | None = None
    throttle: str = "default"
    trail_file: Path | None = None
    trail_webhook: str | None = None
    trail_keep_days: int | None = None
    quota: Quota = field(default_factory=Quota)

    @property
    def scheme(self) -> str:
        """`https` with a certificate, else `http`."""
        return "https" if self.tls_cert else "http"

    def check(self) -> None:
        """Refuses settings that contradict each other or the promise to be safe to run.

        Raises:
            ConfigurationError: with what to change.
        """
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ConfigurationError("--tls-cert and --tls-key go together: give both or neither.")
        if self.tls_cert is None and (self.tls_next_cert is not None or self.agent_mtls != "off"):
            raise ConfigurationError("--tls-next-cert and --agent-mtls are for TLS: give --tls-cert and --tls-key too.")
        if not is_loopback(self.host) and self.tls_cert is None and not self.insecure_http:
            raise ConfigurationError(
                f"{self.host} is reachable from other machines, and plain HTTP shows them every request. "
                "Give --tls-cert and --tls-key, or --insecure-http if that is what you want."
            )
        if self.account is not None and not (
            len(self.account) == 12 and self.account.isascii() and self.account.isdigit()
        ):
            raise ConfigurationError(f"--account {self.account!r}: an account id has 12 digits.")
        if not 0 <= self.port <= 65535:
            raise ConfigurationError(f"--port {self.port}: a port lies between 0 and 65535.")
        if self.trail_keep_days is not None and self.trail_keep_days < 1:
            raise ConfigurationError("--trail-keep-days: a day is the least.")
        if self.ephemeral and self.store_path is not None:
            raise ConfigurationError("--ephemeral keeps the store in memory: it can't have --store.")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address. A name other than `localhost` counts as reachable."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def default_data_directory() -> Path:
    """`/var/lib/ringwall` for root, else `${XDG_DATA_HOME:-~/.local/share}/ringwall`."""
    if os.geteuid() == 0:
        return Path("/var/lib/ringwall")
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "ringwall"


def default_agent_directory() -> Path:
    """Where an agent keeps what it knows: `/var/lib/ringwall-agent` for root, as in the units, else beside a server's.

    Not a server's own directory: its key, its store and its log would be there for whoever runs the agent.
    """
    beside = default_data_directory()
    return beside.with_name(f"{beside.name}-agent")


def store_path_from_url(url: str) -> Path:
    """The file that a `sqlite:///path` URL names.

    Raises:
        ConfigurationError: another scheme, or no path.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme != "sqlite":
        raise ConfigurationError(f"--store {url!r}: this version keeps its store in SQLite, as sqlite:///path/to/file.")
    path = rest[1:] if rest.startswith("/./") else rest
    if not path.startswith(("/", "./")) or path.endswith("/"):
        raise ConfigurationError(f"--store {url!r}: write sqlite:///absolute/path or sqlite:///./relative/path.")
    return Path(path)


def webhook_url(given: str | None) -> str | None:
    """The URL itself, or that in the file after an `@`: a URL may be all that a receiver knows its senders by.

    Raises:
        ConfigurationError: the file can't be read, or others can read it.
    """
    if given is None or not given.startswith("@"):
        return given
    path = Path(given[1:])
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigurationError(f"--trail-webhook: {path} can be read by others: chmod 600 {path}.")
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"--trail-webhook: {path} can't be read: {error}.") from error


def limit_names() -> dict[str, str]:
    """The quotas' names on the command line, such as `rules-per-group`, each with its field in Quota."""
    return {each.name.removesuffix("_max").replace("_", "-"): each.name for each in fields(Quota)}


def quota_of(base: str, limits: Sequence[str]) -> Quota:
    """EC2's default quotas (`aws`) or none at all (`none`), with these changes; the last of a name counts.

    limits: each `NAME=NUMBER` or `NAME=none`. EC2 raises a quota only where rules per group and groups per interface
    multiply to 1,000 at most; that isn't asked for here, as no hardware is behind it.

    Raises:
        ConfigurationError: a name that no quota has, or a value that is no number.
    """
    names = limit_names()
    changes: dict[str, int | None] = {}
    for limit in limits:
        name, _, value = limit.partition("=")
        if name not in names:
            raise ConfigurationError(
                f"--limit {limit!r}: give NAME=NUMBER or NAME=none, NAME one of {', '.join(names)}."
            )
        if value != "none" and not re.fullmatch("[0-9]{1,9}", value, re.ASCII):
            raise ConfigurationError(f"--limit {limit!r}: the value is a number from 0 to 999999999, or none.")
        changes[names[name]] = None if value == "none" else int(value)
    return replace(NO_LIMITS if base == "none" else Quota(), **changes)
