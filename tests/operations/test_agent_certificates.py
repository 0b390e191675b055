"""Agents and certificates, over real TLS: the server's changes and they follow; their own is asked for and checked."""

from __future__ import annotations

import asyncio
import http.client
import itertools
import json
import signal
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import tiny_server
from certificates import blind_context, make_pair, pin_of, put, shown_by
from enrolled import new_token, use_token
from ringwall.agent.certificate import Renewal, renew_at
from ringwall.agent.conntrack import Prepared
from ringwall.agent.directory import AgentDirectory, Identity
from ringwall.agent.effects import Effects
from ringwall.agent.enroll import enroll
from ringwall.agent.errors import ServerRefused, StreamLost
from ringwall.agent.interfaces import DeviceAddresses
from ringwall.agent.key_pair import make_key_pair
from ringwall.agent.loop import Agent
from ringwall.agent.pins import trust
from ringwall.agent.server import Server as AgentsServer
from ringwall.agent.server import ServerUrl
from ringwall.agent.stream import watch
from ringwall.config import ConfigurationError
from ringwall.domain.enrolment import parse_token
from ringwall.nft.objects import Ruleset
from ringwall.nft.ruleset import Applied
from ringwall.server.agent_ca import load_agent_ca
from ringwall.server.keyring import key_file_of, load_keyring, random_keyring
from ringwall.sigv4.sign import sign
from ringwall.watch.messages import Delta, Heartbeat, Snapshot
from serving import Answer, Server, serving

ADDRESSES = itertools.count(20)
OPERATOR = "/ringwall/v1/hosts"


class PlainKernel:
    """A table of plain values."""

    owns = False

    def __init__(self) -> None:
        self.table: Ruleset | None = None

    def observe(self) -> Applied | None:
        return None if self.table is None else Applied(self.table, {}, 1)

    def is_current(self, applied: Applied) -> bool:
        return True

    def apply(self, applied: Applied | None, desired: Ruleset) -> Applied:
        self.table = desired
        return Applied(desired, {}, 1)

    def watch(self) -> None:
        """Nobody else commits."""


@dataclass
class Site:
    """A server with TLS, its files, and a host's agent."""

    server: Server
    directory: Path
    there: Path
    upcoming: Path

    @property
    def agents(self) -> AgentDirectory:
        return AgentDirectory(self.directory / "agent")

    @property
    def identity(self) -> Identity:
        found = self.agents.identity()
        assert found is not None
        return found

    @property
    def pins(self) -> tuple[str | None, str | None]:
        return self.identity.certificate_sha256, self.identity.next_certificate_sha256

    def url(self) -> ServerUrl:
        return ServerUrl("https", "127.0.0.1", self.server.port)

    def enrol(self, *, certified: bool = True) -> Identity:
        """A new host, whose agent's files are in the directory."""
        address = f"172.31.0.{next(ADDRESSES)}/20"
        interfaces = [DeviceAddresses("eth0", "02:00:00:00:00:01", (address,))]
        token = parse_token(new_token(self.server))
        where = self.agents.certificate if certified else None
        identity, _ = asyncio.run(enroll(self.url(), token, interfaces, where))
        self.agents.save_identity(identity)
        return identity

    def reach(self) -> AgentsServer:
        """The server as the agent sees it."""
        identity = self.identity
        return AgentsServer(
            self.url(),
            identity.certificate_sha256,
            next_certificate_sha256=identity.next_certificate_sha256,
            client_certificate=self.agents.certificate,
        )

    def switch(self, source: Path) -> None:
        """The server shows this certificate from now on."""
        put(source, self.there)
        self.server.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 20
        while shown_by(self.server.port) != pin_of(source):
            assert time.monotonic() < deadline
        self.server.ca = source

    def announce(self, source: Path | None) -> None:
        """The server tells agents of this certificate."""
        if source is None:
            self.upcoming.unlink()
        else:
            self.upcoming.write_bytes(source.read_bytes())
        self.server.process.send_signal(signal.SIGHUP)

    def about(self) -> Any:
        return self.server.api("GET", f"{OPERATOR}/{self.identity.instance_id}").json

    def report_with(self, context: ssl.SSLContext, identity: Identity | None = None) -> Answer:
        """The answer to a call that is signed with the host's key, over a connection like this."""
        who, path, body = identity or self.identity, "/ringwall/v1/answers/nobodys", b'{"answer": {}}'
        headers = sign(
            "POST", f"127.0.0.1:{self.server.port}", path, "", {"content-type": "application/json"}, body,
            who.access_key_id, who.secret_access_key, who.region, "ringwall", time.time(),
        )  # fmt: skip
        connection = http.client.HTTPSConnection("127.0.0.1", self.server.port, timeout=20, context=context)
        try:
            connection.request("POST", path, body=body, headers=headers)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read())
        finally:
            connection.close()


@contextmanager
def site_in(directory: Path, *options: str) -> Iterator[Site]:
    """The server, restarted with the same files each time."""
    there, upcoming = directory / "server.pem", directory / "next.pem"
    if not there.exists():
        put(make_pair(directory, "old"), there)
    ca = there.with_suffix(".ca")
    ca.write_bytes(there.read_bytes())
    tls = ("--tls-cert", str(there), "--tls-key", str(there.with_suffix(".key")), "--tls-next-cert", str(upcoming))
    with serving("--data", str(directory / "data"), *tls, *options, ca=ca) as server:
        yield Site(server, directory, there, upcoming)


@asynccontextmanager
async def running(site: Site) -> AsyncIterator[Agent]:
    """The host's agent, for the length of the block."""
    effects = Effects(
        delays=lambda: itertools.repeat(0.05), prepare_tracking=Prepared, would_end=lambda *_: (),
        read_interfaces=tuple, read_room=lambda: None,
    )  # fmt: skip
    agent = Agent(site.identity, site.reach(), PlainKernel(), site.agents, effects=effects)
    task = asyncio.create_task(agent.run())
    try:
        yield agent
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def with_agent(site: Site, test: Callable[[Callable[[Callable[[], bool]], Awaitable[None]]], Awaitable[None]]) -> None:
    """The test while the agent runs; it is given what waits for a condition."""

    async def until(condition: Callable[[], bool]) -> None:
        while not await asyncio.to_thread(condition):
            await asyncio.sleep(0.02)

    async def play() -> None:
        async with running(site):
            await test(until)

    tiny_server.run(play)


# --- The server's certificate changes ---


def test_an_agent_follows_over_the_switch_and_forgets_the_old_one(tmp_path: Path) -> None:
    new = make_pair(tmp_path, "new")
    with site_in(tmp_path) as site:
        old_pin = site.enrol().certificate_sha256
        assert old_pin == pin_of(site.there)

        async def test(until: Callable[[Callable[[], bool]], Awaitable[None]]) -> None:
            await until(lambda: site.about()["connected"])
            assert (await asyncio.to_thread(site.about))["knows_next_certificate"] is None
            await asyncio.to_thread(site.announce, new)
            await until(lambda: site.about()["knows_next_certificate"] is True)
            assert site.pins == (old_pin, pin_of(new))

            await asyncio.to_thread(site.switch, new)
            # What the agent says next goes over a new connection.
            await until(lambda: site.pins == (pin_of(new), None))
            mode = {"mode": "enforce", "yes": True}
            changed = await asyncio.to_thread(
                site.server.api, "PUT", f"{OPERATOR}/{site.identity.instance_id}/mode", mode
            )
            await until(lambda: (site.about()["revision"] or 0) >= changed.json["revision"])

        with_agent(site, test)
    with site_in(tmp_path) as site:  # what the disk has is enough
        with_agent(site, lambda until: until(lambda: site.about()["up_to_date"]))
        put(tmp_path / "old.pem", site.there)
        site.server.process.send_signal(signal.SIGHUP)
        site.server.ca = tmp_path / "old.pem"
        while shown_by(site.server.port) != old_pin:
            pass
        with pytest.raises(StreamLost, match="shows the certificate"):
            asyncio.run(site.reach().post("/ringwall/v1/report", b"{}", site.identity.key))


def test_an_announcement_that_is_taken_back_is_forgotten(tmp_path: Path) -> None:
    new = make_pair(tmp_path, "new")
    with site_in(tmp_path) as site:
        site.enrol()
        site.announce(new)

        async def test(until: Callable[[Callable[[], bool]], Awaitable[None]]) -> None:
            await until(lambda: site.pins[1] == pin_of(new))
            await asyncio.to_thread(site.announce, None)
            await until(lambda: site.pins == (pin_of(site.there), None))

        with_agent(site, test)


def test_an_agent_that_was_away_refuses_the_new_one_until_root_trusts_it(tmp_path: Path) -> None:
    new = make_pair(tmp_path, "new")
    with site_in(tmp_path) as site:
        site.enrol()
        site.announce(new)
        site.switch(new)
        with pytest.raises(StreamLost, match="ringwall agent trust"):
            asyncio.run(site.reach().post("/ringwall/v1/report", b"{}", site.identity.key))

        with site.agents.held(), pytest.raises(ConfigurationError, match="another agent is running"):
            trust(site.agents.path, pin_of(new))
        for wrong in ("", "abc", pin_of(new)[:-1], "g" * 64):
            with pytest.raises(ConfigurationError, match="64 hexadecimal digits"):
                trust(site.agents.path, wrong)
        spelled = pin_of(new).upper()
        assert site.identity.instance_id in trust(site.agents.path, spelled)

        async def test(until: Callable[[Callable[[], bool]], Awaitable[None]]) -> None:
            await until(lambda: site.about()["up_to_date"])
            await until(lambda: site.pins == (pin_of(new), None))

        with_agent(site, test)


def test_an_impostor_is_refused_whatever_comes_next(tmp_path: Path) -> None:
    new, impostor = make_pair(tmp_path, "new"), make_pair(tmp_path, "impostor")
    with site_in(tmp_path) as site:
        site.enrol()
        site.announce(new)
        with_agent(site, lambda until: until(lambda: site.pins[1] == pin_of(new)))
        put(impostor, site.there)
        site.server.process.send_signal(signal.SIGHUP)
        while shown_by(site.server.port) != pin_of(impostor):
            pass
        before = site.pins
        with pytest.raises(StreamLost, match="impostor"):
            asyncio.run(site.reach().post("/ringwall/v1/report", b"{}", site.identity.key))
        assert site.pins == before


def test_an_older_agent_is_told_nothing(tmp_path: Path) -> None:
    new = make_pair(tmp_path, "new")
    with site_in(tmp_path) as site:
        identity = site.enrol()
        site.announce(new)

        async def test() -> None:
            server = AgentsServer(site.url(), identity.certificate_sha256)
            messages = watch(server, identity.key, None, ("flows", "usage"))
            assert isinstance(await anext(messages), Snapshot)
            await asyncio.to_thread(site.server.api, "GET", OPERATOR)
            mode = {"mode": "enforce", "yes": True}
            await asyncio.to_thread(site.server.api, "PUT", f"{OPERATOR}/{identity.instance_id}/mode", mode)
            while isinstance(message := await anext(messages), Heartbeat):
                pass
            assert isinstance(message, Delta)
            assert (await asyncio.to_thread(site.about))["knows_next_certificate"] is False
            await messages.aclose()

        tiny_server.run(test)


# --- The agent's own certificate ---


def refused(site: Site, client: Path | None, identity: Identity | None = None) -> str:
    """The code and words with which the server refuses the host's key over a connection with this certificate."""
    answer = site.report_with(blind_context(client), identity)
    assert answer.status in (401, 403), answer.text
    error = answer.json["error"]
    return f"{error['code']}: {error['message']}"


def who_am_i(site: Site, client: Path | None) -> int:
    """The status of the only question that a host's key may ask on EC2's endpoint."""
    who, body = site.identity, b"Action=GetCallerIdentity&Version=2011-06-15"
    headers = sign(
        "POST", f"127.0.0.1:{site.server.port}", "/", "", {"content-type": "application/x-www-form-urlencoded"}, body,
        who.access_key_id, who.secret_access_key, who.region, "sts", time.time(),
    )  # fmt: skip
    connection = http.client.HTTPSConnection("127.0.0.1", site.server.port, timeout=20, context=blind_context(client))
    try:
        connection.request("POST", "/", body=body, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


def certified_by_hand(site: Site, instance_id: str, now: float, *, by_stranger: bool = False) -> Path:
    """A certificate for the host as the server's own CA, or another one, would have made it then."""
    data = site.directory / "data"
    keyring = random_keyring() if by_stranger else load_keyring(key_file_of(data), data, may_make=False)
    ca = load_agent_ca(None if by_stranger else data, keyring, now)
    pair = asyncio.run(make_key_pair())
    path = site.directory / f"by-hand-{now:.0f}-{by_stranger}.pem"
    path.write_text(pair.key + ca.certify(pair.request, instance_id, now).certificate)
    return path


def test_the_hosts_key_alone_is_refused_and_its_certificate_lets_it_in(tmp_path: Path) -> None:
    with site_in(tmp_path, "--agent-mtls", "require") as site:
        identity = site.enrol()
        assert (site.agents.certificate.stat().st_mode & 0o777) == 0o600
        assert site.report_with(blind_context(site.agents.certificate)).status == 200
        with_agent(site, lambda until: until(lambda: site.about()["up_to_date"]))
        assert refused(site, None).startswith("UnauthorizedOperation: This server wants the certificate")

        async def watch_without() -> None:
            server = AgentsServer(site.url(), identity.certificate_sha256)
            with pytest.raises(ServerRefused, match="wants the certificate"):
                await anext(watch(server, identity.key, None))

        tiny_server.run(watch_without)
        assert who_am_i(site, None) == 403
        assert who_am_i(site, site.agents.certificate) == 200
        # Nobody else needs one.
        assert site.server.api("GET", OPERATOR).status == 200
        assert len(site.server.client().describe_vpcs()["Vpcs"]) == 1


def test_wrong_and_expired_certificates_are_refused(tmp_path: Path) -> None:
    with site_in(tmp_path, "--agent-mtls", "require") as site:
        identity = site.enrol()
        mine = site.agents.certificate.read_bytes()
        other = site.enrol()
        assert refused(site, site.agents.certificate, identity) == (
            "UnauthorizedOperation: The connection has shown another host's certificate."
        )
        site.agents.save_identity(identity)
        site.agents.certificate.write_bytes(mine)
        assert other.instance_id != identity.instance_id
        day, now = 24 * 3600.0, time.time()
        for client in (
            certified_by_hand(site, identity.instance_id, now - 91 * day),
            certified_by_hand(site, identity.instance_id, now + 2 * day),
            certified_by_hand(site, identity.instance_id, now, by_stranger=True),
        ):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                site.report_with(blind_context(client))
        server_pair = tmp_path / "self-made.pem"
        made = make_pair(tmp_path, identity.instance_id)
        server_pair.write_bytes(made.with_suffix(".key").read_bytes() + made.read_bytes())
        with pytest.raises((ssl.SSLError, ConnectionError)):
            site.report_with(blind_context(server_pair))
        assert (
            site.report_with(blind_context(certified_by_hand(site, identity.instance_id, now - 80 * day))).status == 200
        )
        assert site.report_with(blind_context(site.agents.certificate)).status == 200


def test_a_former_ca_is_accepted_until_it_is_taken_away(tmp_path: Path) -> None:
    kept, former = tmp_path / "data/agent-ca.json", tmp_path / "data/agent-ca-former.json"
    with site_in(tmp_path, "--agent-mtls", "require") as site:
        site.enrol()
        old = tmp_path / "old.pem"
        old.write_bytes(site.agents.certificate.read_bytes())
    kept.rename(former)
    with site_in(tmp_path, "--agent-mtls", "require") as site:
        assert json.loads(kept.read_text())["certificate"] != json.loads(former.read_text())["certificate"]
        assert site.report_with(blind_context(old)).status == 200
        new = certified_by_hand(site, site.identity.instance_id, time.time())
        assert site.report_with(blind_context(new)).status == 200
    former.unlink()
    with site_in(tmp_path, "--agent-mtls", "require") as site:
        assert site.report_with(blind_context(new)).status == 200
        with pytest.raises((ssl.SSLError, OSError, http.client.HTTPException)):
            site.report_with(blind_context(old))
    former.write_text("{}")
    with pytest.raises(ConfigurationError, match="agent-ca-former"):
        load_agent_ca(
            tmp_path / "data", load_keyring(key_file_of(tmp_path / "data"), tmp_path / "data", may_make=False), 0
        )


def test_removing_the_host_ends_its_certificate(tmp_path: Path) -> None:
    with site_in(tmp_path, "--agent-mtls", "require") as site:
        identity = site.enrol()

        async def test() -> None:
            messages = watch(site.reach(), identity.key, None)
            assert isinstance(await anext(messages), Snapshot)
            path = f"{OPERATOR}/{identity.instance_id}"
            assert (await asyncio.to_thread(site.server.api, "DELETE", path)).status == 200
            with pytest.raises(StreamLost, match="ended the stream"):
                await anext(messages)

        tiny_server.run(test)
        assert refused(site, site.agents.certificate).startswith("AuthFailure")
        with pytest.raises(ServerRefused, match="AuthFailure"):
            asyncio.run(Renewal(site.reach(), identity.key, site.agents, lambda _: None).renew())


def test_a_certificate_is_renewed_in_time_and_only_with_the_one_before(tmp_path: Path) -> None:
    with site_in(tmp_path, "--agent-mtls", "require") as site:
        identity = site.enrol()
        path = site.agents.certificate
        first = path.read_text()
        at = renew_at(path)
        assert at is not None
        assert 59 < (at - time.time()) / (24 * 3600) < 61
        path.write_text(first.replace(f"renew-at: {at}", "renew-at: 1"))
        with_agent(site, lambda until: until(lambda: (renew_at(path) or 0) > time.time()))
        second = path.read_text()
        assert second.split("\n", 1)[1] != first.split("\n", 1)[1]
        assert site.report_with(blind_context(path)).status == 200
        path.unlink()  # whoever has the host's key alone
        with pytest.raises(ServerRefused, match="wants the certificate"):
            asyncio.run(Renewal(site.reach(), identity.key, site.agents, lambda _: None).renew())
        assert not path.exists()


def test_what_cannot_be_renewed_is_told(tmp_path: Path) -> None:
    with site_in(tmp_path) as site:
        site.enrol()
        assert not site.agents.certificate.exists(), "a server that gives none"
        site.agents.certificate.write_text("renew-at: 1\n")

        async def test(until: Callable[[Callable[[], bool]], Awaitable[None]]) -> None:
            await until(lambda: any("can't be renewed" in each for each in site.about().get("problems", ())))

        with pytest.raises(StreamLost):  # a file that is no certificate
            asyncio.run(site.reach().post("/ringwall/v1/report", b"{}", site.identity.key))
        site.agents.certificate.write_text(f"renew-at: 1\n{_self_signed(tmp_path)}")
        with_agent(site, test)


def _self_signed(directory: Path) -> str:
    made = make_pair(directory, "mine")
    return made.with_suffix(".key").read_text() + made.read_text()


def test_hosts_from_before_get_theirs_while_the_server_offers(tmp_path: Path) -> None:
    with site_in(tmp_path) as site:
        identity = site.enrol(certified=False)
    with site_in(tmp_path, "--agent-mtls", "offer") as site:
        assert site.report_with(blind_context()).status == 200
        with_agent(site, lambda until: until(site.agents.certificate.exists))
    with site_in(tmp_path, "--agent-mtls", "require") as site:
        assert site.identity.instance_id == identity.instance_id
        assert refused(site, None).startswith("UnauthorizedOperation")
        with_agent(site, lambda until: until(lambda: site.about()["up_to_date"]))


def test_an_agent_that_asks_for_no_certificate_is_told_before_its_token_is_used(tmp_path: Path) -> None:
    with site_in(tmp_path, "--agent-mtls", "require") as site:
        token = new_token(site.server)
        answer = use_token(site.server, token)
        assert (answer.status, "older version" in answer.text) == (400, True)
        for request in ("", "junk", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"):
            content = {
                "token": token.split(".")[1], "hostname": "h", "certificate_request": request,
                "interfaces": [{"device": "eth0", "mac_address": "02:00:00:00:00:01", "addresses": ["172.31.0.9/20"]}],
            }  # fmt: skip
            assert site.server.api("POST", "/ringwall/v1/enroll", content).status == 400
        parsed = parse_token(token)
        interfaces = [DeviceAddresses("eth0", "02:00:00:00:00:01", ("172.31.0.9/20",))]
        identity, _ = asyncio.run(enroll(site.url(), parsed, interfaces, site.agents.certificate))
        assert identity.instance_id
        assert "internal error" not in "".join(site.server.errors)


def test_the_cas_key_is_kept_encrypted_and_is_the_same_after_a_restart(tmp_path: Path) -> None:
    with site_in(tmp_path, "--agent-mtls", "require") as site:
        site.enrol()
        kept = tmp_path / "data" / "agent-ca.json"
        assert (kept.stat().st_mode & 0o777) == 0o600
        content = json.loads(kept.read_text())
        assert content["key"].startswith("v1:")
        assert not any(b"PRIVATE KEY" in each.read_bytes() for each in (tmp_path / "data").iterdir() if each.is_file())
        assert "PRIVATE KEY" not in "".join(site.server.errors)
    with site_in(tmp_path, "--agent-mtls", "require") as site:
        assert json.loads(kept.read_text()) == content
        assert site.report_with(blind_context(site.agents.certificate)).status == 200
    with pytest.raises(ConfigurationError, match="doesn't open"):
        load_agent_ca(tmp_path / "data", random_keyring(), time.time())
    kept.write_text("{}")
    with pytest.raises(ConfigurationError, match="can't be read"):
        load_agent_ca(tmp_path / "data", random_keyring(), time.time())
