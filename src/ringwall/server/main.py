"""Puts the server together and runs it: store, keys, hub, application, uvicorn."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import shlex
import signal
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Final

import uvicorn
from typing_extensions import override

from ringwall.config import ConfigurationError, ServerConfig, is_loopback
from ringwall.domain.principal import Account
from ringwall.domain.world import HostState
from ringwall.operations.access_keys import is_administered
from ringwall.operations.accounts import OWN_NAME, own_account
from ringwall.operations.hosts import host_state
from ringwall.store.base import Compacted, Reader, Store, Unavailable
from ringwall.store.directory import DataDirectory
from ringwall.store.sqlite import open_ephemeral, open_sqlite
from ringwall.telemetry import LOG, Metrics, log_to_stderr
from ringwall.watch.hub import Hub
from ringwall.watch.messages import Position
from ringwall.wire.shapes import REGIONS

from .agent_ca import load_agent_ca
from .app import Application
from .credentials import OwnAccount, RootKey, load_root_key, write_private
from .drains import look_now_and_then
from .host_keys import seal_host_keys
from .keyring import Keyring, Sealed, is_sealed, key_file_of, load_keyring, random_keyring
from .protocol import BoundedProtocol
from .service import Service
from .tls import Certificates
from .trail_tasks import TrailTasks, shippers

CHANGES_AT_ONCE: Final = 1_000
REACHED_AS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Where this machine reaches a server that listens on all its addresses."""
COLLECT_AFTER: Final = 20_000
STOP_SECONDS: Final = 5
LOOK_SECONDS: Final = 5.0
"""So often the files of the certificate are looked at."""
SWITCH_SECONDS: Final = 0.0001
"""How long a thread may keep the interpreter while others want it, a fiftieth of Python's own. A request needs it some
ten times over, anew after every wait for SQLite; beside a thread that describes everything it would wait each time."""
CONNECTIONS_WAITING_MAX: Final = 1024


def serve(config: ServerConfig, environment: Mapping[str, str]) -> int:
    """Runs until SIGTERM or SIGINT; answers the exit status.

    Raises:
        ConfigurationError: it can't start, with what to change.
    """
    log_to_stderr()
    try:
        lock = _lock(config)
        store = _open_store(config)
    except Unavailable as error:
        raise ConfigurationError(str(error)) from error
    try:
        listening = _listen(config)  # before the key: a start that fails leaves no account behind
        keyring = _keyring(config, store)
        own = store.read(administered_account)
        service = build_service(config, store, load_root_key(config.data, config.account, environment, own), keyring)
        if own is None:
            _write_own_account(store, service.root.account_id)
        if not service.root.access_key_id:
            LOG.info("started without a root key: the users of account %s administer it", service.root.account_id)
        if not is_loopback(config.host) and config.tls_cert is None:
            LOG.warning("plain HTTP on %s: every machine on the way can read the requests and answers", config.host)
        server = _Server(uvicorn_config(service), service, TrailTasks(service, shippers(config, store)))
        sys.setswitchinterval(SWITCH_SECONDS)
        server.run([listening])
    finally:
        store.close()
        if lock is not None:
            lock.close()
    return 0


def build_service(config: ServerConfig, store: Store, root: RootKey, keyring: Keyring | None = None) -> Service:
    """The parts of a server, joined. keyring: None for a random one.

    Raises:
        ConfigurationError: a region that EC2 doesn't have, or a certificate that can't be read.
    """
    unknown = set(config.regions or [config.region]) - REGIONS
    if unknown:
        raise ConfigurationError(f"EC2 has no region {', '.join(sorted(unknown))}.")
    regions = frozenset(config.regions) or REGIONS
    if config.region not in regions:
        raise ConfigurationError(f"--region {config.region} is not among --regions.")

    def load_state(host_id: str) -> tuple[Position, HostState] | None:
        def load(reader: Reader) -> tuple[Position, HostState] | None:
            key = reader.key_of_host(host_id)
            state = host_state(reader, key.account_id, key.region, host_id) if key else None
            identity = reader.identity()
            position = Position(identity.store_id, identity.epoch, reader.revision())
            return (position, state) if state else None

        return store.read(load)

    hub = Hub(
        load_state,
        lambda revision: store.read(lambda reader: reader.changes_since(revision, CHANGES_AT_ONCE)),
        Compacted,
        store.read(lambda reader: reader.revision()),
    )
    store.subscribe(hub.wake)
    keyring = keyring or random_keyring()
    agent_ca = None
    if config.agent_mtls != "off":
        agent_ca = load_agent_ca(None if config.ephemeral else config.data, keyring, time.time())
    certificates = server_certificates(config, agent_ca.accepted_pem if agent_ca else None)
    return Service(config, store, root, hub, Metrics(), regions, certificates, agent_ca, keyring=keyring)


def server_certificates(config: ServerConfig, clients_ca: str | None = None) -> Certificates | None:
    """The TLS that the settings name, None for plain HTTP. clients_ca: see `tls.server_context`.

    Raises:
        ConfigurationError: a file can't be read, or they aren't a certificate and its key.
    """
    if config.tls_cert is None or config.tls_key is None:
        return None
    try:
        return Certificates(config.tls_cert, config.tls_key, config.tls_next_cert, clients_ca)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"--tls-cert {config.tls_cert}, --tls-key {config.tls_key}: {error}.") from error


def uvicorn_config(service: Service) -> uvicorn.Config:
    """How uvicorn runs the application: our TLS, our bounds on connections."""
    config = service.config
    tls = service.certificates.context if service.certificates else None
    return uvicorn.Config(
        Application(service),
        host=config.host,
        port=config.port,
        http=BoundedProtocol,
        loop="ringwall.server.loop:ServerLoop",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        log_level=logging.WARNING,
        server_header=False,
        proxy_headers=False,  # an address that anyone can write into a header is no address
        ssl_context_factory=(lambda *_: tls) if tls else None,
        timeout_graceful_shutdown=STOP_SECONDS,
        backlog=CONNECTIONS_WAITING_MAX,
    )


class _Server(uvicorn.Server):
    """Says when it is ready, and ends the watch streams before it waits for open requests."""

    def __init__(self, config: uvicorn.Config, service: Service, trail_tasks: TrailTasks) -> None:
        super().__init__(config)
        self._service = service
        self._trail_tasks = trail_tasks
        self._looking: asyncio.Task[None] | None = None
        self._draining: asyncio.Task[None] | None = None

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.should_exit:
            return
        _calm_the_collector()
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._look, True)
        self._looking = asyncio.create_task(self._look_at_files())
        self._draining = asyncio.create_task(look_now_and_then(self._service))
        self._trail_tasks.start()
        config = self._service.config
        port = self.servers[0].sockets[0].getsockname()[1]
        here = url_of(config.scheme, REACHED_AS.get(config.host, config.host), port)
        if config.data is not None:
            write_private(config.data / "endpoint.json", json.dumps({"url": here, "region": config.region}) + "\n")
        else:
            _tell_keys(self._service, here)
        sys.stdout.write(f"ringwall ready on {url_of(config.scheme, config.host, port)}\n")
        sys.stdout.flush()

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stops in an orderly way; uvicorn would raise the signal again at the end, before the store is closed."""
        super().handle_exit(sig, frame)
        self._captured_signals.clear()

    async def _look_at_files(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                self._look()
            except Exception:  # whatever is in the files, they are looked at again
                LOG.exception("the files of the certificate can't be looked at")

    def _look(self, anew: bool = False) -> None:
        """Takes up what has changed in the files of the certificate, and tells the agents."""
        service = self._service
        if service.certificates is not None:
            service.certificates.look(anew=anew, on_switch=service.pins.note_switch)
            service.pins.tell_all()

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._service.accepting = False
        if self._looking is not None:
            self._looking.cancel()
        self._service.hub.close()
        await super().shutdown(sockets)
        await self._service.principals.flush()
        await self._trail_tasks.stop()


def url_of(scheme: str, host: str, port: int) -> str:
    """A URL; an IPv6 address gets its brackets."""
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _calm_the_collector() -> None:
    """Leaves what was made at start out of every garbage collection, and collects less often.

    A request makes hundreds of values and no cycles, so most collections find nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER, 20, 50)


def _listen(config: ServerConfig) -> socket.socket:
    """The socket that clients connect to. uvicorn would make one too, but end the process where it can't.

    Raises:
        ConfigurationError: the address isn't one of this machine's, or the port is in use.
    """
    try:
        found = socket.getaddrinfo(config.host, config.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        return socket.create_server(address[:2], family=family, backlog=CONNECTIONS_WAITING_MAX)
    except socket.gaierror as error:
        raise ConfigurationError(f"--host {config.host}: {error.strerror}.") from error
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise ConfigurationError(f"can't listen on {config.host}, port {config.port}: {reason}.") from error


def _keyring(config: ServerConfig, store: Store) -> Keyring:
    """The keys that the store's secrets are encrypted with; none of them is in clear afterwards.

    Raises:
        ConfigurationError: as `load_keyring`, or the file is another store's.
    """
    if config.ephemeral or config.data is None:
        return random_keyring()
    sealed = [(key_id, secret) for key_id, secret in store.read(_secrets) if is_sealed(secret)]
    path = config.key_file or key_file_of(config.data)
    has_trail = store.read(lambda reader: reader.trail_head()).number > 0
    keyring = load_keyring(path, config.data, may_make=not sealed and not has_trail)
    try:
        for key_id, secret in sealed[:1]:
            keyring.open(secret, key_id)
    except Sealed as error:
        raise ConfigurationError(f"The key file {path} doesn't open the secrets in {config.data}.") from error
    seal_host_keys(store, keyring)
    return keyring


def _secrets(reader: Reader) -> list[tuple[str, str]]:
    """The access key ids that the store has, of hosts, users and roots, with their secrets as they are stored."""
    keys = [key for account in reader.accounts() for key in reader.access_keys(account.account_id)]
    return [*reader.host_secrets(), *((key.access_key_id, key.sealed_secret) for key in keys)]


def administered_account(reader: Reader) -> OwnAccount | None:
    """The server's own account, and whether one of its users is an administrator with an active key."""
    own = own_account(reader)
    if own is None:
        return None
    return OwnAccount(own.account_id, is_administered(reader, own.account_id))


def _write_own_account(store: Store, account_id: str) -> None:
    """Writes down whose server this is, so that a later start knows it without the root's key."""

    async def write() -> None:
        account = Account(account_id, OWN_NAME, int(time.time()))
        await store.write(lambda transaction: transaction.insert_account(account))

    asyncio.run(write())


def _tell_keys(service: Service, url: str) -> None:
    """An ephemeral server without a data directory: the export lines go to standard error."""
    for name, value in (
        ("AWS_ACCESS_KEY_ID", service.root.access_key_id),
        ("AWS_SECRET_ACCESS_KEY", service.root.secret),
        ("AWS_DEFAULT_REGION", service.config.region),
        ("AWS_ENDPOINT_URL_EC2", url),
        ("AWS_ENDPOINT_URL_STS", url),
    ):
        sys.stderr.write(f"export {name}={shlex.quote(value)}\n")
    sys.stderr.flush()


def _lock(config: ServerConfig) -> DataDirectory | None:
    """The data directory, held, where the store doesn't hold it already."""
    if config.data is None or (config.store_path and config.store_path.resolve().parent == config.data.resolve()):
        return None
    return DataDirectory(config.data)


def _open_store(config: ServerConfig) -> Store:
    if config.ephemeral:
        return open_ephemeral()
    assert config.store_path is not None
    return open_sqlite(Path(config.store_path))
