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
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from ringwall.config import ConfigurationError
from ringwall.domain.interface import Mode
from ringwall.domain.local import ControlEndpoint
from ringwall.domain.world import HostGroup, HostState, InterfaceKind
from ringwall.watch.encoding import decode, encode_around, encode_group
from ringwall.watch.messages import Snapshot

from .errors import reason
from .server import AgentKey

LOCK: Final = "agent.lock"
CERTIFICATE: Final = "client.pem"
RELEASED: Final = "released"
ROLLED_BACK: Final = "rolled-back"
STATE: Final = "state.json"
DEVICES: Final = "devices"


class StateDamaged(Exception):
    """What was in force can't be read from the disk, in a sentence."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this host is to its server, since it was enrolled.

    store_id: of the store that it was enrolled in; no other may tell it anything. certificate_sha256: the server's,
    from the enrolment token or as the server has said since. next_certificate_sha256: the one that will take its place,
    accepted too. endpoints: where the server was last found, for a start without name resolution.
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
    next_certificate_sha256: str | None = None

    @property
    def key(self) -> AgentKey:
        """The key that the agent signs with."""
        return AgentKey(self.access_key_id, self.secret_access_key, self.region)


class AgentDirectory:
    """The agent's data directory, made if it isn't there, readable by its owner alone.

    writable: False to read only; then it may be missing, damaged or on a disk that can't be written.

    Raises:
        ConfigurationError: it can't be made or written.
    """

    def __init__(self, path: Path, *, writable: bool = True) -> None:
        self.path = path
        self._written: dict[str, tuple[HostGroup, slice]] = {}
        self._written_as = b""
        if not writable:
            return
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(path / "writable", b"")
            (path / "writable").unlink()
        except OSError as error:
            raise ConfigurationError(f"--data {path}: {error.strerror}.") from error

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else runs an agent on this directory meanwhile.

        Raises:
            ConfigurationError: somebody does.
        """
        with (self.path / LOCK).open("a") as lock:
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
            raise ConfigurationError(f"{path} can't be read: {reason(error)}. Enrol the host again.") from error

    def save_identity(self, identity: Identity) -> None:
        """Keeps who this host is."""
        content = asdict(identity)
        if identity.next_certificate_sha256 is None:
            del content["next_certificate_sha256"]  # an agent of before it existed can read the file then
        content["endpoints"] = [asdict(endpoint) for endpoint in sorted(identity.endpoints, key=str)]
        write_whole(self.path / "agent.json", json.dumps(content, indent=2).encode() + b"\n")

    @property
    def certificate(self) -> Path:
        """Where the agent's own certificate is, with its key, if it has one."""
        return self.path / CERTIFICATE

    def last_state(self) -> tuple[Snapshot, str] | None:
        """The last state that was in force, and the digest of its ruleset; None when there is none that can be read."""
        try:
            return self.kept_state()
        except StateDamaged:
            return None

    def kept_state(self) -> tuple[Snapshot, str] | None:
        """The last state that was in force, and the digest of its ruleset; None when none was ever kept.

        Raises:
            StateDamaged: there is one, and it isn't what was written.
        """
        lines = self._state_lines()
        if lines is None:
            return None
        state, digest = lines
        try:
            message = decode(state)
        except ValueError as error:
            raise StateDamaged(f"{self.path / STATE} can't be understood: {error}") from error
        if not isinstance(message, Snapshot):
            raise StateDamaged(f"{self.path / STATE} holds no state")
        return message, digest.decode(errors="replace")

    def _state_lines(self) -> tuple[bytes, bytes] | None:
        """The state and the digest as they were written; None when none were.

        Raises:
            StateDamaged: there is something else.
        """
        path = self.path / STATE
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StateDamaged(f"{path} can't be read: {error.strerror}") from error
        content, _, checksum = content.removesuffix(b"\n").rpartition(b"\n")
        if sha256(content).hexdigest().encode() != checksum:
            raise StateDamaged(f"{path} is damaged: it isn't what was written")
        state, _, digest = content.partition(b"\n")
        return state + b"\n", digest

    def save_state(self, snapshot: Snapshot, digest: str) -> None:
        """Keeps the state that is in force now, and the digest of its ruleset.

        Groups that are the same objects as the last time are taken from the file, as they are there: to write down
        10,000 rules takes the interpreter a quarter of a second, in which others wait for it at every turn.
        Cost: milliseconds for the disk, and for the groups that changed.

        The mode comes first: an enforced state that never got to the disk is missed then, not taken for none.
        """
        try:
            told = self.kept_mode()
        except StateDamaged:
            told = None
        if told is not snapshot.state.mode:
            write_whole(self.path / "mode", snapshot.state.mode.value.encode() + b"\n")
        own = frozenset(each.device for each in snapshot.state.interfaces.values() if each.kind is InterfaceKind.HOST)
        if own != self.kept_devices():
            write_whole(self.path / DEVICES, "".join(f"{each}\n" for each in sorted(own)).encode())
        before, after = encode_around(snapshot)
        pieces = self._pieces(snapshot.state)
        line, self._written = before + b",".join(pieces) + after, {}
        self._write_state(line, digest)
        self._written_as = sha256(line).digest()
        start = len(before)
        for group, piece in zip(snapshot.state.groups.values(), pieces, strict=True):
            self._written[group.group_id] = group, slice(start, start + len(piece))
            start += len(piece) + 1

    def _pieces(self, state: HostState) -> list[bytes]:
        """Each group as it is written down."""
        try:
            lines = self._state_lines() if self._written else None
        except StateDamaged:
            lines = None
        if lines is not None and sha256(lines[0]).digest() != self._written_as:
            lines = None  # somebody put another one there
        pieces = []
        for group in state.groups.values():
            written, place = self._written.get(group.group_id, (None, slice(0)))
            pieces.append(lines[0][place] if lines is not None and written is group else encode_group(group))
        return pieces

    def save_digest(self, digest: str) -> bool:
        """Keeps another digest beside the kept state; False where that isn't whole, and must be saved.

        Cost: a tenth of `save_state`, which writes down every rule.
        """
        try:
            lines = self._state_lines()
        except StateDamaged:
            return False
        if lines is None:
            return False
        self._write_state(lines[0], digest)  # the groups stay where they are in it
        return True

    def _write_state(self, state: bytes, digest: str) -> None:
        content = state + digest.encode()
        write_whole(self.path / STATE, content + b"\n" + sha256(content).hexdigest().encode() + b"\n")

    def kept_mode(self) -> Mode | None:
        """Whether the host enforced; kept apart, so that it is known when the state is lost. None: never told.

        Raises:
            StateDamaged: it was told, and can't be read.
        """
        path = self.path / "mode"
        try:
            return Mode(path.read_text().strip())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise StateDamaged(f"{path} can't be read: {reason(error)}") from error

    def kept_devices(self) -> frozenset[str]:
        """The host's own devices in the last state; kept apart as the mode is, and none where that is lost too."""
        try:
            return frozenset((self.path / DEVICES).read_text().splitlines())
        except (OSError, UnicodeDecodeError):
            return frozenset()

    def is_released(self) -> bool:
        """Whether somebody at the host's console took it from ringwall's hands. Cost: one look at the disk's cache."""
        return os.path.lexists(self.path / RELEASED)


def write_whole(path: Path, content: bytes) -> None:
    """The file holds this content, or what it held before, whatever happens meanwhile; for its owner alone."""
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
