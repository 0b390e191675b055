"""The trail of a real server: on the command line, in a file, at a webhook, after a kill and on a full disk."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gzip
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import tiny_server
from enrolled import enrol, new_token, use_token
from ringwall.operations.trail import NO_EVENT, chained
from ringwall.server.keyring import read_keyring
from ringwall.server.trail import LABEL
from ringwall.store.principals_base import TrailHead
from ringwall.store.sqlite import open_sqlite
from serving import KEY_ID, RINGWALL, SECRET, Answer, Server, serving
from stores import Driven

SSH = {
    "IpProtocol": "tcp",
    "FromPort": 22,
    "ToPort": 22,
    "IpRanges": [{"CidrIp": "203.0.113.0/24", "Description": "rack 7"}],
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """ringwall's command line."""
    return subprocess.run([str(RINGWALL), *arguments], capture_output=True, text=True, timeout=60, check=False)


def events(server: Server, query: str = "after=0&limit=1000") -> list[dict[str, Any]]:
    answer = server.api("GET", f"/ringwall/v1/trail?{query}")
    assert answer.status == 200, answer.text
    found: list[dict[str, Any]] = answer.json["events"]
    return found


def until(condition: Callable[[], Any], seconds: float = 20) -> Any:
    """What the condition says once it is true."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)
    return found


def group(server: Server, name: str = "web") -> str:
    return str(server.client().create_security_group(GroupName=name, Description="for tests")["GroupId"])


def authorize(server: Server, group_id: str, **changes: Any) -> str:
    answer = server.client().authorize_security_group_ingress(GroupId=group_id, IpPermissions=[SSH | changes])
    return str(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"])


def names(found: list[dict[str, Any]]) -> list[str]:
    return [event["eventName"] for event in found]


def test_log_blame_and_why_tell_who_opened_a_rule(data: Path) -> None:
    with serving("--data", str(data)) as server:
        group_id = group(server)
        rule = authorize(server, group_id)
        told = run("why", rule, "--data", str(data))
        assert told.returncode == 0, told.stderr
        assert f"opened by root ({KEY_ID}) from 127.0.0.1" in told.stdout
        assert "+ ingress tcp 22 from 203.0.113.0/24 “rack 7”" in told.stdout
        assert '"cidrIp": "203.0.113.0/24"' in told.stdout
        blamed = run("blame", group_id, "--data", str(data)).stdout.splitlines()
        assert [line.split()[0] for line in blamed[1:]].count(rule) == 1
        assert any("AuthorizeSecurityGroupIngress" in line and "rack 7" in line for line in blamed)
        server.client().revoke_security_group_ingress(GroupId=group_id, SecurityGroupRuleIds=[rule])
        assert "closed by root" in run("why", rule, "--data", str(data)).stdout
        logged = run("log", "--data", str(data), "-n", "2").stdout
        assert "-ingress tcp 22 from 203.0.113.0/24" in logged
        assert len(logged.splitlines()) == 3
        (newest,) = run("log", group_id, "--data", str(data), "-n", "1", "--json").stdout.splitlines()
        assert json.loads(newest)["eventName"] == "RevokeSecurityGroupIngress"
        assert run("log", "web", "--data", str(data)).stdout == run("log", group_id, "--data", str(data)).stdout
        assert run("blame", "web", "--data", str(data)).stdout == run("blame", group_id, "--data", str(data)).stdout
        for words in (("blame", "wbe"), ("blame", "sg-0123456789abcdef0"), ("log", "wbe")):
            unknown = run(*words, "--data", str(data))
            assert (unknown.returncode, unknown.stdout) == (1, "")
            assert unknown.stderr.startswith(f"ringwall {words[0]}: No group is named {words[1]}"), unknown.stderr
        nothing = run("why", "sgr-0123456789abcdef0", "--data", str(data))
        assert (nothing.returncode, nothing.stdout) == (1, "")


def test_calls_of_our_own_api_are_told_without_their_secrets(data: Path) -> None:
    with serving("--data", str(data)) as server:
        token = new_token(server)
        enrolled = use_token(server, token).json
        host, rule = enrolled["instance_id"], authorize(server, group(server))
        group_id = events(server)[-1]["requestParameters"]["groupId"]
        assert server.api("PUT", f"/ringwall/v1/hosts/{host}/mode", {"mode": "enforce", "yes": True}).status == 200
        revoked = server.api("POST", f"/ringwall/v1/groups/{group_id}/revoke", {"rule_ids": [rule], "on_revoke": "cut"})
        assert revoked.status == 200
        user = server.api("POST", "/ringwall/v1/users", {"name": "ann"})
        assert user.status == 201, user.text
        made = server.api("POST", "/ringwall/v1/users/ann/keys")
        assert made.status in (200, 201), made.text
        key = made.json
        refused = server.api("DELETE", "/ringwall/v1/hosts/i-0123456789abcdef0")
        assert refused.status == 400
        gone = server.api("DELETE", f"/ringwall/v1/hosts/{host}")
        assert gone.headers["x-amzn-requestid"] == events(server)[-1]["requestID"]
        assert use_token(server, "rw1.not-a-token").status == 400
        found = until(
            lambda: (
                [e for e in events(server) if e["eventName"] == "RemoveHost" and "errorCode" in e] and events(server)
            )
        )
        assert [name for name in names([e for e in found if "errorCode" not in e]) if name in NAMES] == NAMES
        enrolment = found[names(found).index("EnrollHost")]
        assert enrolment["userIdentity"] == {"type": "AWSAccount", "accountId": "123456789012"}
        assert enrolment["requestParameters"]["hostname"] == "web1"
        enforced = found[names(found).index("SetHostMode")]
        assert enforced["ringwall"]["after"] == [{"change": "HostModeChanged", "instanceId": host, "mode": "enforce"}]
        (refusal,) = [event for event in found if "errorCode" in event and event["eventName"] == "RemoveHost"]
        assert refusal["requestID"] == refused.headers["x-amzn-requestid"]
        text = json.dumps(found)
        server.stop()
        everything = (
            text
            + "".join(server.errors)
            + "".join(path.read_bytes().decode("latin-1") for path in data.iterdir() if path.name != "credentials")
        )
        for secret in (token.split(".")[1], enrolled["secret_access_key"], key["secret_access_key"], SECRET):
            assert secret not in everything


NAMES = [
    "CreateEnrolmentToken", "EnrollHost", "SetHostMode", "RevokeRules", "CreateUser", "CreateAccessKey", "RemoveHost",
]  # fmt: skip


def test_a_copy_is_verified_without_a_server_and_forgery_shows(data: Path, tmp_path: Path) -> None:
    key_file = data.parent / "data.key"
    with serving("--data", str(data)) as server:
        for number in range(5):
            group(server, f"g{number}")
        head = run("trail", "head", "--data", str(data)).stdout.strip()
        online = run("trail", "verify", "--data", str(data), "--head", head)
        assert (online.returncode, online.stdout) == (0, f"6 events, none changed, none missing. Head {head}\n")
        server.stop()
    copy = tmp_path / "copy.db"

    def offline(statement: str | None = None, key: Path = key_file, *more: str) -> subprocess.CompletedProcess[str]:
        shutil.copy(data / "ringwall.db", copy)
        if statement:
            with contextlib.closing(sqlite3.connect(copy)) as connection:
                connection.execute(statement)
                connection.commit()
        return run("trail", "verify", "--store", str(copy), "--key-file", str(key), *more)

    assert offline().returncode == 0
    assert offline(None, key_file, "--head", head).returncode == 0
    for statement in (
        "UPDATE trail SET event = replace(event, 'g1', 'g9') WHERE number = 3",
        "UPDATE trail_beginnings SET text = replace(text, '127.0.0.1', '127.0.0.2')",
        "DELETE FROM trail_beginnings",
        "UPDATE trail SET beginning = 1 WHERE number = 3",
        "UPDATE trail SET at = at + 1 WHERE number = 2",
        "UPDATE trail SET account_id = '999999999999' WHERE number = 6",
        "DELETE FROM trail WHERE number = 4",
        "DELETE FROM trail WHERE number = 1",
        "UPDATE trail_start SET number = 1, mac = (SELECT mac FROM trail WHERE number = 1)",
        "INSERT INTO trail SELECT 7, account_id, at, resources, event, mac, beginning FROM trail WHERE number = 6",
    ):
        told = offline(statement)
        assert told.returncode == 1, statement
        assert "The trail is broken" in told.stderr
    cut = "DELETE FROM trail WHERE number > 4"
    assert offline(cut).returncode == 0  # nobody can see that from the copy alone
    assert "event 6 was there once" in offline(cut, key_file, "--head", head).stdout
    other = tmp_path / "other.key"
    other.write_text(base64.b64encode(b"x" * 32).decode())
    other.chmod(0o600)
    assert offline(None, other).returncode == 1
    assert "Traceback" not in run("trail", "verify", "--store", str(other), "--key-file", str(key_file)).stderr


def test_a_store_with_a_trail_does_not_start_with_a_new_key(data: Path) -> None:
    with serving("--data", str(data)) as server:
        group(server)
        server.stop()
    (data.parent / "data.key").unlink()
    refused = run("serve", "--port", "0", "--data", str(data))
    assert refused.returncode == 1
    assert "is missing" in refused.stderr


def test_export_has_cloudtrails_form(data: Path, tmp_path: Path) -> None:
    with serving("--data", str(data)) as server:
        group(server)
        exported = json.loads(run("trail", "export", "--data", str(data)).stdout)
        assert list(exported) == ["Records"]
        assert names(exported["Records"]) == ["CreateDefaultVpc", "CreateSecurityGroup"]
        record = exported["Records"][1]
        assert record["eventVersion"] == "1.11"
        assert record["userAgent"].startswith("Boto3/")
        packed = tmp_path / "trail.json.gz"
        told = run("trail", "export", "--data", str(data), "--output", str(packed), "--gzip")
        assert told.returncode == 0, told.stderr
        assert json.loads(gzip.decompress(packed.read_bytes())) == exported
        since = ("--data", str(data), "--since", "2999-01-01T00:00:00Z")
        assert json.loads(run("trail", "export", *since).stdout) == {"Records": []}
        until_ = ("--data", str(data), "--until", "2000-01-01")
        assert json.loads(run("trail", "export", *until_).stdout) == {"Records": []}
        assert run("trail", "export", "--data", str(data), "--since", "soon").returncode == 1


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_a_file_gets_every_event_once_also_when_it_is_moved_and_after_a_kill(data: Path, tmp_path: Path) -> None:
    path, moved = tmp_path / "trail.jsonl", tmp_path / "trail.jsonl.1"
    options = ("--data", str(data), "--trail-file", str(path))
    with serving(*options) as server:
        group(server, "one")
        until(lambda: len(lines(path)) == 2)
        assert path.stat().st_mode & 0o777 == 0o600
        path.rename(moved)
        server.process.send_signal(signal.SIGHUP)
        group(server, "two")
        until(lambda: len(lines(path)) == 1)
        server.kill()
    with path.open("a") as file:
        file.write('{"cut off')
    (data / "trail-file.cursor").write_text("1\n")  # an older one, as a crash of the machine may leave it
    with serving(*options) as server:
        group(server, "three")
        until(lambda: len(lines(path)) == 2)
        assert [event["ringwall"]["number"] for event in [*lines(moved), *lines(path)]] == [1, 2, 3, 4]
        assert server.stop() == 0
    refused = run("serve", "--port", "0", "--ephemeral", "--trail-file", str(tmp_path / "nowhere" / "x"))
    assert refused.returncode == 1
    assert "--trail-file" in refused.stderr


class Receiver:
    """A webhook's other end, on a thread of its own; `status` is what it answers."""

    def __init__(self) -> None:
        self.status = 200
        self.records: list[dict[str, Any]] = []
        self.refused = 0
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._serve()), daemon=True)

    def __enter__(self) -> Receiver:
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(20)
        self._loop.close()

    async def _serve(self) -> None:
        async with tiny_server.serving(self._answer) as server:
            self.port = server.port
            self._ready.set()
            await self._end.wait()

    def _answer(self, got: tiny_server.Got) -> tuple[int, bytes]:
        assert (got.method, got.path, got.headers["content-type"]) == ("POST", "/hook", "application/json")
        if self.status == 200:
            self.records += json.loads(got.body)["Records"]
        else:
            self.refused += 1
        return self.status, b"{}"

    @property
    def numbers(self) -> list[int]:
        return [record["ringwall"]["number"] for record in self.records]


def test_a_webhook_gets_every_event_after_failures_and_restarts(data: Path) -> None:
    with Receiver() as receiver:
        options = ("--data", str(data), "--trail-webhook", f"http://127.0.0.1:{receiver.port}/hook")
        with serving(*options) as server:
            group(server, "one")
            until(lambda: receiver.numbers == [1, 2])
            receiver.status = 503
            group(server, "two")
            until(lambda: receiver.refused)
            assert server.says("the trail's events are not taken, and wait: answered 503")
            group(server, "three")
            server.kill()
        with serving(*options) as server:
            until(lambda: receiver.refused > 1)
            receiver.status = 200
            until(lambda: receiver.numbers == [1, 2, 3, 4])
            assert server.says("taken again")
            assert server.stop() == 0
        assert not any("/hook" in line for line in server.errors)
    with serving(*options) as server:  # nobody is there
        group(server, "four")
        assert server.says("not taken")
        assert server.stop() == 0


def test_what_is_too_old_goes_and_the_chain_still_holds(data: Path) -> None:
    with serving("--data", str(data)) as server:
        for number in range(3):
            group(server, f"g{number}")
        server.stop()
    with contextlib.closing(Driven(open_sqlite(data / "ringwall.db"))) as store:
        # As if the first events were of last year: their codes are made anew, as the server would have made them.
        keyring, head, aged = read_keyring(data.parent / "data.key"), NO_EVENT, []
        for event in store.read(lambda reader: reader.trail_after(0, 9)):
            at = event.at - (400 * 86_400 if event.number < 3 else 0)
            aged.append(chained(head, event.account_id, at, event.event, lambda link: keyring.mac(LABEL, link)))
            head = TrailHead(aged[-1].number, aged[-1].mac)
        store.write(lambda tx: (tx.drop_trail(head), tx.drop_trail(NO_EVENT), [tx.append_trail(each) for each in aged]))
    with serving("--data", str(data), "--trail-keep-days", "365") as server:
        assert server.says("2 events of the trail were dropped")
        found = events(server)
        assert [event["ringwall"]["number"] for event in found] == [3, 4, 5]
        assert found[-1]["eventName"] == "DropTrail"
        assert found[-1]["requestParameters"]["dropped"] == 2
        told = run("trail", "verify", "--data", str(data))
        assert told.returncode == 0, told.stdout
    with contextlib.closing(sqlite3.connect(data / "ringwall.db")) as connection:
        connection.execute("UPDATE trail_start SET number = 3, mac = (SELECT mac FROM trail WHERE number = 3)")
        connection.execute("DELETE FROM trail WHERE number = 3")
        connection.commit()
    told = run("trail", "verify", "--store", str(data / "ringwall.db"), "--key-file", str(data.parent / "data.key"))
    assert told.returncode == 1


def test_many_at_once_make_one_chain(data: Path) -> None:
    with serving("--data", str(data)) as server:
        group_id = group(server)

        def change(number: int) -> Answer:
            return server.call({
                "Action": "AuthorizeSecurityGroupIngress", "Version": "2016-11-15", "GroupId": group_id,
                "IpProtocol": "tcp", "FromPort": str(number % 40), "ToPort": str(number % 40), "CidrIp": "10.0.0.0/8",
            })  # fmt: skip

        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(change, range(80)))
        assert sorted(answer.status for answer in answers) == [200] * 40 + [400] * 40
        revisions = sorted(int(a.headers["ringwall-revision"]) for a in answers if a.status == 200)
        found = until(lambda: len(events(server)) == 82 and events(server))
        assert sorted(e["ringwall"]["revision"] for e in found[2:] if "errorCode" not in e) == revisions
        assert run("trail", "verify", "--data", str(data)).returncode == 0


def test_a_change_that_was_answered_has_its_event_after_a_kill(data: Path) -> None:
    answered: dict[int, str] = {}
    stop = threading.Event()
    with serving("--data", str(data)) as server:
        group_id = group(server)

        def clients(name: int) -> None:
            port = name * 1_000
            while not stop.is_set():
                port += 1
                with contextlib.suppress(OSError):
                    answer = server.call({
                        "Action": "AuthorizeSecurityGroupIngress", "Version": "2016-11-15", "GroupId": group_id,
                        "IpProtocol": "tcp", "FromPort": str(port), "ToPort": str(port), "CidrIp": "10.0.0.0/8",
                    })  # fmt: skip
                    if answer.status == 200:
                        answered[int(answer.headers["ringwall-revision"])] = answer.headers["x-amzn-requestid"]
                    elif answer.code == "RulesPerSecurityGroupLimitExceeded":
                        return

        with ThreadPoolExecutor(4) as pool:
            for name in range(4):
                pool.submit(clients, name)
            until(lambda: len(answered) > 25)
            server.kill()
            stop.set()
    with serving("--data", str(data)) as server:
        told = {event["ringwall"].get("revision"): event for event in events(server)}
        assert all(told[revision]["requestID"] == request for revision, request in answered.items())
        log = [event["ringwall"]["revision"] for event in events(server) if event["ringwall"].get("revision")]
        ready = server.send("GET", "/readyz", {}).text
        assert log == list(range(1, int(ready.split()[-1]) + 1)), "a committed change has no event"
        assert run("trail", "verify", "--data", str(data)).returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "small"
    path.mkdir()
    if (
        os.geteuid() != 0
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(path)], check=False).returncode
    ):
        pytest.skip("mounting a small disk needs root")
    yield path
    subprocess.run(["umount", "--lazy", str(path)], check=True)


def test_on_a_full_disk_changes_are_refused_and_the_trail_is_read(small_disk: Path, tmp_path: Path) -> None:
    data, key_file = small_disk / "data", tmp_path / "key"
    with serving("--data", str(data), "--key-file", str(key_file)) as server:
        group_id = group(server)
        filler = small_disk / "filler"
        left = os.statvfs(small_disk)
        filler.write_bytes(b"x" * max(0, left.f_bavail * left.f_frsize - 60_000))
        answered = []
        for port in range(2_000):
            answer = server.call({
                "Action": "AuthorizeSecurityGroupEgress" if port % 2 else "RevokeSecurityGroupEgress",
                "Version": "2016-11-15", "GroupId": group_id,
                "IpPermissions.1.IpProtocol": "tcp", "IpPermissions.1.FromPort": "7", "IpPermissions.1.ToPort": "7",
                "IpPermissions.1.IpRanges.1.CidrIp": "10.0.0.0/8",
            })  # fmt: skip
            if answer.status >= 500:
                break
            if answer.status == 200:
                answered.append(answer.headers["x-amzn-requestid"])
        assert (answer.status, answer.code) == (503, "Unavailable")
        assert server.says("the store:")
        assert server.call({"Action": "DescribeSecurityGroups", "Version": "2016-11-15"}).status == 200
        found = [event for event in events(server) if "errorCode" not in event]
        assert [event["requestID"] for event in found[2:]] == answered
        filler.unlink()
        assert until(lambda: server.api("POST", "/ringwall/v1/users", {"name": "ann"}).status == 201)
        assert run("trail", "verify", "--data", str(data)).returncode == 0


def test_other_accounts_and_agents_may_not_see_the_whole_trail(data: Path) -> None:
    with serving("--data", str(data)) as server:
        host = enrol(server)
        for path in ("trail", "trail/head", "trail/verification", "groups/sg-0123456789abcdef0/blame"):
            assert server.api("GET", f"/ringwall/v1/{path}", **host.key).status == 403
        made = server.api("POST", "/ringwall/v1/accounts", {"name": "other"})
        assert made.status == 201, made.text
        key = {"key_id": made.json["access_key_id"], "secret": made.json["secret_access_key"]}
        assert server.api("GET", "/ringwall/v1/trail", **key).json == {"events": []}
        for path in ("trail?accounts=all", "trail/head", "trail/verification"):
            assert server.api("GET", f"/ringwall/v1/{path}", **key).status == 403
        assert "CreateAccount" in names(events(server, "accounts=all"))
        for query in ("limit=x", "about=%27--", "since=soon", "after=-1", "before=9999999999999999"):
            assert server.api("GET", f"/ringwall/v1/trail?{query}").status == 400, query
        assert server.api("GET", "/ringwall/v1/trail/verification?head=1").status == 400
