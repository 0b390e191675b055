"""What the agent keeps in its data directory: who the host is, and the last state that was in force.

Both survive a loss of power at any moment: each file is written whole beside the old one, synced, and renamed over it.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ringwall.config import ConfigurationError
from ringwall.domain.local import ControlEndpoint
from ringwall.watch.encoding import decode, encode
from ringwall.watch.messages import Snapshot

from .server import AgentKey


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this host is to its server, since it was enrolled.

    store_id: of the store that it was enrolled in; no other may tell it anything. certificate_sha256: the server's,
    from the enrolment token. endpoints: where the server was last found, for a start without name resolution.
    """

    account_id: str
    region: str
    instance_id: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    store_id: str
    device: str
    interface_id: str
    certificate_sha256: str | None = None
    endpoints: frozenset[ControlEndpoint] = frozenset()

    @property
    def key(self) -> AgentKey:
        """The key that the agent signs with."""
        return AgentKey(self.access_key_id, self.secret_access_key, self.region)


class AgentDirectory:
    """The agent's data directory, made if it isn't there, readable by its owner alone.

    Raises:
        ConfigurationError: it can't be made or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write_whole(path / "writable", b"")
            (path / "writable").unlink()
        except OSError as error:
            raise ConfigurationError(f"--data {path}: {error.strerror}.") from error

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else runs an agent on this directory meanwhile.

        Raises:
            ConfigurationError: somebody does.
        """
        with (self.path / "agent.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise ConfigurationError(f"--data {self.path}: another agent is running there.") from error
            yield

    def identity(self) -> Identity | None:
        """Who this host is; None before it was enrolled.

        Raises:
            ConfigurationError: the file can't be read.
        """
        path = self.path / "agent.json"
        try:
            content: dict[str, Any] = json.loads(path.read_bytes())
            endpoints = frozenset(ControlEndpoint(**item) for item in content.pop("endpoints"))
            return Identity(**content, endpoints=endpoints)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ConfigurationError(f"{path} can't be read: {error}. Enrol the host again.") from error

    def save_identity(self, identity: Identity) -> None:
        """Keeps who this host is."""
        content = asdict(identity)
        content["endpoints"] = [asdict(endpoint) for endpoint in sorted(identity.endpoints, key=str)]
        _write_whole(self.path / "agent.json", json.dumps(content, indent=2).encode() + b"\n")

    def last_state(self) -> tuple[Snapshot, str] | None:
        """The last state that was in force, and the digest of its ruleset; None when there is none that can be read."""
        try:
            state, digest = (self.path / "state.json").read_bytes().splitlines()
            message = decode(state)
        except (OSError, ValueError):
            return None
        return (message, digest.decode(errors="replace")) if isinstance(message, Snapshot) else None

    def save_state(self, snapshot: Snapshot, digest: str) -> None:
        """Keeps the state that is in force now, and the digest of its ruleset. Cost: milliseconds, for the disk."""
        _write_whole(self.path / "state.json", encode(snapshot) + digest.encode() + b"\n")


def _write_whole(path: Path, content: bytes) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)  # never through a link that somebody left there, nor into a file of other rights
    with open(fresh, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
