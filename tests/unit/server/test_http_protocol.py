"""What a client can do to the server without a key, over real sockets against a real uvicorn."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from ringwall.server import loop as event_loop
from ringwall.server.body import BodyTooLarge, BodyTooSlow, ClientGone, read_body
from ringwall.server.protocol import BoundedProtocol
from ringwall.server.tls import certificate_sha256, server_context

LONG = 300.0
"""A bound that no test reaches."""

PATIENCE = 15.0
"""How long a test waits for what should come at once."""

BIG = 30_000_000


class Quick(BoundedProtocol):
    """Every bound out of reach; each test brings its own one near."""

    head_seconds = request_seconds = linger_seconds = stall_seconds = idle_seconds = LONG


class App:
    """A tiny application: /echo reads its body, /early doesn't, /big answers much, /stream and /wait never end."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.body_seconds = LONG

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        status, body = 200, b"hello"
        if scope["path"] == "/echo":
            try:
                body = b"%d" % len(await read_body(receive, timeout_seconds=self.body_seconds))
            except (BodyTooLarge, BodyTooSlow) as error:
                status, body = 413 if isinstance(error, BodyTooLarge) else 408, str(error).encode()
            except ClientGone:
                self.ended.set()
                return
        elif scope["path"] == "/big":
            body = bytes(BIG)
        headers = [(b"content-length", b"%d" % len(body)), *([(b"connection", b"close")] if status != 200 else [])]
        is_stream = scope["path"] in ("/stream", "/wait")
        await send({"type": "http.response.start", "status": status, "headers": [] if is_stream else headers})
        if scope["path"] != "/wait":
            await send({"type": "http.response.body", "body": body, "more_body": is_stream})
        if is_stream:
            while (await receive())["type"] != "http.disconnect":
                pass
            self.ended.set()


class Server(uvicorn.Server):
    """uvicorn in a thread, on a free port."""

    def __init__(self, bounds: dict[str, Any], **options: Any) -> None:
        self.app = App()
        self.app.body_seconds = bounds.pop("body_seconds", LONG)
        protocol = type("Bounded", (Quick,), bounds)
        config = {"ws": "none", "lifespan": "off", "log_config": None, "access_log": False, "server_header": False}
        config |= {
            "proxy_headers": False,
            "loop": "ringwall.server.loop:ServerLoop",
            "timeout_graceful_shutdown": 1,
            "timeout_keep_alive": 300,
        }
        super().__init__(uvicorn.Config(self.app, port=0, http=protocol, **(config | options)))
        self.is_up = threading.Event()
        self.thread = threading.Thread(target=self.run)

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.port = self.servers[0].sockets[0].getsockname()[1]
        self.is_up.set()


@contextlib.contextmanager
def serving(options: dict[str, Any] | None = None, **bounds: Any) -> Iterator[Server]:
    server = Server(bounds, **(options or {}))
    server.thread.start()
    try:
        assert server.is_up.wait(PATIENCE)
        yield server
    finally:
        server.should_exit = True
        server.thread.join(PATIENCE)
        assert not server.thread.is_alive()


def connect(server: Server, sent: bytes = b"") -> socket.socket:
    client = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
    client.sendall(sent)
    return client


def read_answer(client: socket.socket) -> tuple[int, bytes]:
    """The status and the body of the next answer, read with no byte too many."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = client.recv(1)
        assert byte, f"closed after {head!r}"
        head += byte
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    body = b""
    while len(body) < length:
        body += client.recv(length - len(body))
    return int(head[9:12]), body


def read_to_end(client: socket.socket) -> bytes:
    """All until the server closes, whichever way it does."""
    data = b""
    with contextlib.suppress(ConnectionError):
        while piece := client.recv(65_536):
            data += piece
    return data


def wait_for_connections(server: Server, count: int) -> None:
    """Returns when the server has this many connections; another one's requests give it the time."""
    with connect(server) as client:
        for _ in range(20_000):
            client.sendall(GET)
            read_answer(client)
            if len(server.server_state.connections) == count + 1:
                return
    pytest.fail(f"{len(server.server_state.connections)} connections")


GET = b"GET / HTTP/1.1\r\nhost: h\r\n\r\n"


def post(length: int, path: bytes = b"/echo") -> bytes:
    return b"POST %b HTTP/1.1\r\nhost: h\r\ncontent-length: %d\r\n\r\n" % (path, length)


@pytest.mark.parametrize("sent", [b"", b"\r\n\r\n", b"G", GET[:-2], b"POST / HTTP/1.1\r\ncontent-length: 9\r\n"])
def test_a_half_sent_head_is_closed(sent: bytes) -> None:
    with serving(head_seconds=0.2) as server, connect(server, sent) as client:
        assert read_to_end(client) == b""


def test_a_head_that_drips_is_closed_all_the_same() -> None:
    with serving(head_seconds=0.3) as server, connect(server, GET[:-2]) as client:
        client.settimeout(0.02)
        for _ in range(500):
            try:
                client.recv(1)
            except TimeoutError:
                with contextlib.suppress(ConnectionError):
                    client.sendall(b"a")
            except ConnectionError:
                return
            else:
                return
        pytest.fail("still open")


def test_the_head_of_a_later_request_has_its_own_time() -> None:
    with serving(head_seconds=0.2) as server, connect(server, GET) as client:
        assert read_answer(client) == (200, b"hello")
        client.sendall(b"G")
        assert read_to_end(client) == b""


def test_an_idle_connection_is_closed() -> None:
    with serving(idle_seconds=0.2) as server, connect(server, GET) as client:
        assert read_answer(client) == (200, b"hello")
        assert read_to_end(client) == b""


def test_blank_lines_between_requests_hold_nothing_open() -> None:
    with serving(idle_seconds=0.2) as server, connect(server, GET) as client:
        assert read_answer(client) == (200, b"hello")
        client.sendall(b"\r\n")
        assert read_to_end(client) == b""


def test_a_half_sent_body_is_refused_and_closed() -> None:
    with serving(body_seconds=0.2) as server, connect(server, post(100) + b"half") as client:
        assert read_answer(client)[0] == 408
        client.shutdown(socket.SHUT_WR)
        assert read_to_end(client) == b""


def test_a_body_of_which_nothing_comes_is_closed() -> None:
    with serving(request_seconds=0.2) as server, connect(server, post(100)) as client:
        assert read_to_end(client) == b""
        assert server.app.ended.wait(PATIENCE)


def test_a_client_that_goes_in_the_middle_of_its_body_leaves_nothing() -> None:
    with serving() as server:
        connect(server, post(100) + b"half").close()
        assert server.app.ended.wait(PATIENCE)


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nx: " + b"a" * 70_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 12_000 + b"\r\n",
    ],
)
def test_an_oversized_head_is_refused(head: bytes) -> None:
    with serving() as server, connect(server, head) as client:
        assert read_to_end(client).startswith(b"HTTP/1.1 431 ")


def test_an_oversized_head_is_refused_however_it_is_cut() -> None:
    def in_pieces(self: Quick, data: bytes) -> None:
        for start in range(0, len(data), 40_000):
            Quick.data_received(self, data[start : start + 40_000])

    head = b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 13_000 + b"\r\n"
    with serving(data_received=in_pieces) as server, connect(server, head) as client:
        assert read_to_end(client).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("begin", [b"GET /", b"GET / HTTP/1.1\r\nx: ", b"GET / HTTP/1.1\r\nx: y\r\n"])
def test_an_endless_head_is_cut_off(begin: bytes) -> None:
    with serving() as server, connect(server, begin) as client, pytest.raises(ConnectionError):
        for _ in range(1_000):
            client.sendall(b"a: b\r\n" * 10_000 if begin.endswith(b"\n") else b"a" * 60_000)


def test_a_head_just_within_the_bound_is_served() -> None:
    with serving() as server, connect(server, b"GET / HTTP/1.1\r\nx: " + b"a" * 65_000 + b"\r\n\r\n") as client:
        assert read_answer(client)[0] == 200


@pytest.mark.parametrize(("size", "status"), [(1 << 20, 200), ((1 << 20) + 1, 413), (1 << 23, 413)])
def test_a_body_over_a_mebibyte_is_refused_and_the_client_reads_why(size: int, status: int) -> None:
    with serving() as server, connect(server, post(size)) as client:
        client.sendall(bytes(size))
        assert read_answer(client)[0] == status
        wait_for_connections(server, 0 if status == 413 else 1)


def test_junk_behind_a_refused_body_is_no_internal_error(caplog: pytest.LogCaptureFixture) -> None:
    size = (1 << 20) + 1
    with serving() as server, connect(server, post(size + 10) + bytes(size)) as client:
        assert read_answer(client)[0] == 413
        client.sendall(bytes(10) + b"junk")
        wait_for_connections(server, 0)
    assert [record for record in caplog.records if record.name == "asyncio"] == []


def test_an_endless_body_is_cut_off_after_its_refusal() -> None:
    with (
        serving(linger_seconds=0.2) as server,
        connect(server, post(1 << 40)) as client,
        pytest.raises(ConnectionError),
    ):
        while True:
            client.sendall(bytes(1 << 16))


def test_an_answered_request_is_gone_without_the_collector() -> None:
    """The server collects garbage seldom: a head that waits for it is memory that anybody can fill."""
    gc.collect()
    gc.disable()
    try:
        with serving() as server, connect(server) as client:
            for _ in range(50):
                client.sendall(GET)
                read_answer(client)
            left = sum(isinstance(thing, RequestResponseCycle) for thing in gc.get_objects())
    finally:
        gc.enable()
    assert left <= 1, "the connection's last one"


def test_a_body_that_nobody_read_is_thrown_away_and_the_connection_kept() -> None:
    with serving() as server, connect(server, post(10, b"/early") + b"12345") as client:
        assert read_answer(client) == (200, b"hello")
        client.sendall(b"67890" + GET)
        assert read_answer(client) == (200, b"hello")


def test_a_body_that_nobody_read_must_come_in_time() -> None:
    with serving(head_seconds=0.2) as server, connect(server, post(10, b"/early") + b"12345") as client:
        assert read_answer(client) == (200, b"hello")
        client.sendall(b"6")
        assert read_to_end(client) == b""


@pytest.mark.parametrize("body", [b"", b"5\r\nhello\r\n0\r\n\r\n", b"0\r\nx: y\r\n\r\n"])
def test_chunked_requests_are_refused(body: bytes) -> None:
    head = b"POST /echo HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n"
    with serving() as server, connect(server, head) as client:
        client.sendall(body or b"1\r\n")
        assert read_to_end(client).startswith(b"HTTP/1.1 411 ")


def test_what_is_not_http_is_refused() -> None:
    with serving() as server, connect(server, b"\x16\x03\x01\x02\x00\x01\x00\x01") as client:
        assert read_to_end(client).startswith(b"HTTP/1.1 400 ")


def test_a_request_to_upgrade_is_answered_and_is_the_last() -> None:
    upgrade = b"GET / HTTP/1.1\r\nhost: h\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\n\r\n"
    with serving() as server, connect(server, upgrade) as client:
        answer = read_to_end(client)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert answer.endswith(b"hello")


def test_expect_100_continue_is_asked_to_go_on() -> None:
    head = post(5).replace(b"\r\n\r\n", b"\r\nexpect: 100-continue\r\n\r\n")
    with serving() as server, connect(server, head) as client:
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"12345")
        assert read_answer(client) == (200, b"5")


def test_requests_ahead_of_their_answers_are_served_in_order_up_to_a_bound() -> None:
    requests = [post(size) + bytes(size) for size in range(10)]
    with serving() as server, connect(server, b"".join(requests)) as client:
        assert [read_answer(client)[1] for _ in requests] == [b"%d" % size for size in range(10)]
        client.sendall(GET * 1_000)
        assert b"HTTP/1.1 400 " in read_to_end(client)


def test_a_stream_ends_with_its_connection_even_with_a_request_behind_it() -> None:
    with serving() as server, connect(server, b"GET /stream HTTP/1.1\r\n\r\n" + GET) as client:
        assert client.recv(10)
        client.close()
        assert server.app.ended.wait(PATIENCE)


GET_BIG = b"GET /big HTTP/1.1\r\n\r\n"


@pytest.mark.parametrize("request_", [GET_BIG, b"GET /big HTTP/1.0\r\n\r\n", GET_BIG + GET])
@pytest.mark.parametrize("idle_seconds", [0.1, LONG])
def test_a_client_that_reads_nothing_is_dropped(request_: bytes, idle_seconds: float) -> None:
    with serving(stall_seconds=0.2, idle_seconds=idle_seconds) as server, connect(server, request_) as client:
        wait_for_connections(server, 0)
        assert len(read_to_end(client)) < BIG


def test_a_client_that_reads_slowly_gets_everything() -> None:
    with serving(stall_seconds=0.4, idle_seconds=0.1) as server, connect(server, GET_BIG) as client:
        received, pause = 0, threading.Event()
        while piece := client.recv(BIG // 20, socket.MSG_WAITALL):
            received += len(piece)
            pause.wait(0.05)
        assert received > BIG


def test_hundreds_of_idle_connections_leave_others_served() -> None:
    with serving() as server, contextlib.ExitStack() as stack:
        for at in range(200):
            stack.enter_context(connect(server, (b"", GET[:-2], post(100) + b"half")[at % 3]))
        with connect(server) as client:
            for _ in range(20):
                client.sendall(GET)
                assert read_answer(client) == (200, b"hello")


def test_a_connection_too_many_is_told_and_closed_and_a_place_comes_free() -> None:
    with serving(connections_max=3) as server:
        held = [connect(server, GET) for _ in range(3)]
        assert [read_answer(client)[0] for client in held] == [200] * 3
        with connect(server) as client:
            assert read_to_end(client).startswith(b"HTTP/1.1 503 ")
        held.pop().close()
        for _ in range(1_000):
            with connect(server) as client, contextlib.suppress(ConnectionError):
                client.sendall(GET)
                if read_answer(client)[0] == 200:
                    break
        else:
            pytest.fail("no place came free")
        for client in held:
            client.sendall(GET)
            assert read_answer(client)[0] == 200
            client.close()


# --- One write, TLS ---


@pytest.mark.parametrize("loop", ["asyncio", "ringwall.server.loop:ServerLoop"])
def test_head_and_body_of_an_answer_leave_in_one_write(loop: str) -> None:
    with serving({"loop": loop}) as server, connect(server) as client:
        for _ in range(300):
            client.sendall(GET)
            assert client.recv(65_536).endswith(b"\r\n\r\nhello")


def test_the_head_of_a_stream_does_not_wait_for_its_end() -> None:
    with serving() as server, connect(server, b"GET /stream HTTP/1.1\r\n\r\n") as client:
        assert client.recv(65_536).endswith(b"\r\n\r\n5\r\nhello\r\n")
    with serving() as server, connect(server, b"GET /wait HTTP/1.1\r\n\r\n") as client:
        assert client.recv(65_536).endswith(b"\r\n\r\n")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, its key beside it."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -keyout key.pem"
    name = "-days 2 -subj /CN=ringwall -addext subjectAltName=IP:127.0.0.1 -out certificate.pem"
    subprocess.run(["openssl", "req", "-x509", *f"{key} {name}".split()], cwd=folder, check=True, capture_output=True)
    return folder / "certificate.pem"


@pytest.fixture
def options(certificate: Path) -> dict[str, Any]:
    context = server_context(certificate, certificate.with_name("key.pem"))
    return {"ssl_context_factory": lambda config, default: context}


def tls_connection(server: Server, context: ssl.SSLContext) -> ssl.SSLSocket:
    return context.wrap_socket(connect(server), server_hostname="127.0.0.1")


def test_the_pin_is_the_certificate_that_clients_see(certificate: Path, options: dict[str, Any]) -> None:
    context = ssl.create_default_context(cafile=certificate)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with serving(options) as server, tls_connection(server, context) as client:
        der = client.getpeercert(binary_form=True) or b""
        cipher = client.cipher() or ("",)
    assert "GCM" in cipher[0] or "CHACHA20" in cipher[0]
    assert certificate_sha256(certificate) == hashlib.sha256(der).hexdigest()
    chain = certificate.with_name("chain.pem")
    chain.write_text(certificate.with_name("key.pem").read_text() + certificate.read_text() * 2)
    assert certificate_sha256(chain) == hashlib.sha256(der).hexdigest()


def test_one_record_of_tls_holds_the_whole_answer(certificate: Path, options: dict[str, Any]) -> None:
    context = ssl.create_default_context(cafile=certificate)
    with serving(options) as server, tls_connection(server, context) as client:
        for _ in range(50):
            client.sendall(GET)
            assert client.recv(65_536).endswith(b"\r\n\r\nhello")


def test_a_handshake_that_never_begins_is_closed(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_loop, "HANDSHAKE_SECONDS", 0.2)
    with serving(options) as server, connect(server) as client:
        assert read_to_end(client) == b""


def test_files_that_are_no_certificate_are_refused(tmp_path: Path, certificate: Path) -> None:
    junk = tmp_path / "junk.pem"
    junk.write_bytes(b"\xff junk")
    key = certificate.with_name("key.pem")
    with pytest.raises(ValueError, match="no PEM certificate"):
        certificate_sha256(junk)
    with pytest.raises(OSError, match="No such file"):
        certificate_sha256(tmp_path / "absent.pem")
    for pair in ((junk, key), (certificate, junk), (certificate, certificate)):
        with pytest.raises(ValueError, match="not a certificate and its key"):
            server_context(*pair)
    with pytest.raises(OSError, match="No such file"):
        server_context(certificate, tmp_path / "absent.pem")
