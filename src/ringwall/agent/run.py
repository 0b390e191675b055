"""The agent's start: settings, enrolment where it is the first one, then the loop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from ringwall.config import ConfigurationError
from ringwall.domain.address import canonical_cidr
from ringwall.domain.enrolment import EnrolmentToken, MalformedToken, parse_token
from ringwall.domain.local import LocalPolicy
from ringwall.telemetry import LOG

from .absent import AbsentKernel
from .attachment_files import ATTACHMENTS
from .attachments import MalformedAttachment, parse_attachment
from .binding import Binder
from .directory import AgentDirectory, Identity
from .doctor import beside
from .effects import Effects, Nftables
from .enroll import enroll
from .guard import CONFIRM_SECONDS, Guard
from .interfaces import DeviceAddresses, read_interfaces
from .kernel import Kernel
from .loop import Agent
from .memory import prepare
from .server import Server, ServerUrl, parse_server_url
from .usage import Usage

TOKEN_BYTES_MAX: Final = 4096
INTERFACES_MAX: Final = 256


@dataclass(frozen=True, slots=True)
class AgentConfig:
    """What `ringwall agent` was told.

    token_file: `-` for standard input; needed once. interface: the only one to enrol. unmanaged: devices that nothing
    is enforced on. break_glass: blocks from which the host can always be reached.
    confirm_seconds: a structural change is undone unless the server is reached anew within this.
    attach: containers' devices with their interfaces, as `DEV=eni-…`. attachments: the directory that tells of more.
    """

    server: str
    data: Path
    token_file: str | None = None
    interface: str | None = None
    unmanaged: frozenset[str] = frozenset()
    insecure_http: bool = False
    break_glass: frozenset[str] = frozenset()
    confirm_seconds: float = CONFIRM_SECONDS
    attach: tuple[str, ...] = ()
    attachments: Path | None = None


def local_policy(config: AgentConfig) -> LocalPolicy:
    """What the host decides for itself; where its server is comes later.

    Raises:
        ConfigurationError: what should be a block is none.
    """
    blocks = set()
    for text in config.break_glass:
        cidr = canonical_cidr(text if "/" in text else f"{text}/{128 if ':' in text else 32}")
        if cidr is None:
            raise ConfigurationError(f"--break-glass {text!r}: give a CIDR block, such as 192.0.2.0/24, or an address.")
        blocks.add(cidr)
    return LocalPolicy(unmanaged=config.unmanaged, break_glass=frozenset(blocks))


def attachments_directory(config: AgentConfig) -> Path:
    """Where the files of containers' devices are."""
    return config.attachments or config.data / ATTACHMENTS


def binder(config: AgentConfig) -> Binder:
    """What the host knows of its containers' devices.

    Raises:
        ConfigurationError: an `--attach` that isn't DEV=eni-….
    """
    try:
        told = [parse_attachment(text) for text in config.attach]
    except MalformedAttachment as error:
        raise ConfigurationError(f"--attach: {error}.") from error
    return Binder(told, attachments_directory(config), config.data)


def run(config: AgentConfig) -> None:
    """Runs the agent until it is told to stop (SIGTERM, SIGINT); the kernel keeps its rules.

    Raises:
        ConfigurationError: a setting that can't be.
        AgentError: the host couldn't be enrolled.
        PermissionError: not root.
    """
    url = parse_server_url(config.server, insecure_http=config.insecure_http)
    if url.scheme == "http" and config.insecure_http:
        LOG.warning("plain HTTP: anybody on the way to %s can read and change this host's rules", url.authority)
    for device in sorted(config.unmanaged - {name for _, name in socket.if_nameindex()}):
        LOG.warning("--unmanaged %s: there is no such interface now; one that appears is left alone", device)
    local, devices = local_policy(config), binder(config)
    directory = AgentDirectory(config.data)
    with contextlib.suppress(OSError):  # where it can't be made, whoever attaches makes it
        attachments_directory(config).mkdir(mode=0o700, parents=True, exist_ok=True)
    usage = Usage(config.data)
    prepare()
    with directory.held(), _nftables(usage) as kernel, contextlib.suppress(asyncio.CancelledError):
        asyncio.run(_run(config, url, directory, kernel, local, devices, usage))


@contextlib.contextmanager
def _nftables(usage: Usage) -> Iterator[Nftables]:
    try:
        kernel = Kernel(left=usage.left)
    except PermissionError:
        raise
    except OSError as error:
        yield AbsentKernel(error)
    else:
        with kernel:
            yield kernel


async def _run(
    config: AgentConfig,
    url: ServerUrl,
    directory: AgentDirectory,
    kernel: Nftables,
    local: LocalPolicy,
    devices: Binder,
    usage: Usage,
) -> None:
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    identity = directory.identity()
    if identity is None:
        identity = await _enroll(config, url, directory)
    elif config.token_file is not None:
        LOG.info("already enrolled as %s; the token isn't used", identity.instance_id)
    server = Server(
        url,
        identity.certificate_sha256,
        identity.endpoints,
        next_certificate_sha256=identity.next_certificate_sha256,
        client_certificate=directory.certificate,
    )
    effects = Effects(guard=lambda digest: Guard(config.data, digest, config.confirm_seconds))
    look = partial(beside, directory, identity, local)
    await Agent(identity, server, kernel, directory, local, effects, look, devices, usage).run()


async def _enroll(config: AgentConfig, url: ServerUrl, directory: AgentDirectory) -> Identity:
    if config.token_file is None:
        raise ConfigurationError(
            f"{config.data} knows no host. Make a token with `ringwall host token` and give it with --token-file."
        )
    token = read_token(config.token_file)
    found = interfaces_to_enroll(read_interfaces(), config.interface)
    identity, refused = await enroll(url, token, found, directory.certificate)
    directory.save_identity(identity)
    LOG.info(
        "enrolled as %s in account %s, region %s; %s is %s",
        identity.instance_id, identity.account_id, identity.region, identity.device, identity.interface_id,
    )  # fmt: skip
    for sentence in refused:
        LOG.warning("%s", sentence)
    return identity


def read_token(token_file: str) -> EnrolmentToken:
    """The token in the file, or on standard input for `-`. It is never on a command line, which everybody can read.

    Raises:
        ConfigurationError: the file can't be read, or holds no token, or the token itself was given for it.
    """
    if token_file.startswith("rw1."):
        raise ConfigurationError(
            "--token-file takes a file's name, or - for standard input. On the command line everybody on this machine "
            "can read the token: put it into a file of mode 0600."
        )
    try:
        if token_file == "-":
            text = sys.stdin.read(TOKEN_BYTES_MAX)
        else:
            with Path(token_file).open() as file:
                text = file.read(TOKEN_BYTES_MAX)
        return parse_token(text)
    except OSError as error:
        raise ConfigurationError(f"--token-file {token_file}: {error.strerror}.") from error
    except (UnicodeDecodeError, MalformedToken) as error:
        raise ConfigurationError(f"--token-file {token_file}: {error}.") from error


def interfaces_to_enroll(found: tuple[DeviceAddresses, ...], only: str | None) -> tuple[DeviceAddresses, ...]:
    """The interfaces that the server is told of: those with addresses, or the one that was named.

    Raises:
        ConfigurationError: there is no such interface.
    """
    if only is None:
        return tuple(item for item in found if item.addresses)[:INTERFACES_MAX]
    named = tuple(item for item in found if item.device == only)
    if not named:
        there = ", ".join(item.device for item in found) or "none"
        raise ConfigurationError(f"--interface {only}: this host has no such interface; it has {there}.")
    return named
