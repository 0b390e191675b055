"""The server as a process: how it starts, what it leaves on disk, what it keeps through kill -9, how it ends."""

from __future__ import annotations

import configparser
import http.client
import json
import os
import random
import re
import socket
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import pytest

from enrolled import default_subnet, enrol
from ringwall.server.api import ROUTES
from ringwall.sigv4.sign import sign
from ringwall.telemetry import METRICS
from serving import AWS, KEY_ID, RINGWALL, SECRET, Answer, Server, serving

NO_KEY = {"RINGWALL_ROOT_ACCESS_KEY_ID": "", "RINGWALL_ROOT_SECRET_ACCESS_KEY": ""}
SECONDS = 20


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`ringwall` with these arguments, when it is meant to end by itself."""
    environment = {**os.environ, **NO_KEY}
    return subprocess.run(
        [str(RINGWALL), *arguments], capture_output=True, text=True, timeout=60, env=environment, check=False
    )


def revision_of(server: Server) -> int:
    """The store's last revision, as /readyz says it."""
    found = re.fullmatch(r"ready at revision (\d+)\n", server.send("GET", "/readyz", {}).text)
    assert found
    return int(found.group(1))


def create_group(server: Server, name: str) -> str:
    return str(server.client().create_security_group(GroupName=name, Description="d")["GroupId"])


def authorize(server: Server, group_id: str, cidr: str, **changes: Any) -> Answer:
    """One authorize of tcp/22 for this source."""
    return server.call(
        {
            "Action": "AuthorizeSecurityGroupIngress",
            "Version": "2016-11-15",
            "GroupId": group_id,
            "IpPermissions.1.IpProtocol": "tcp",
            "IpPermissions.1.FromPort": "22",
            "IpPermissions.1.ToPort": "22",
            "IpPermissions.1.IpRanges.1.CidrIp": cidr,
        },
        **changes,
    )


def revoke(server: Server, group_id: str, rule_id: str) -> Answer:
    """One revoke by rule id."""
    return server.call(
        {
            "Action": "RevokeSecurityGroupIngress",
            "Version": "2016-11-15",
            "GroupId": group_id,
            "SecurityGroupRuleId.1": rule_id,
        }
    )


# --- The start ---


def test_the_ready_line_is_all_that_standard_output_says() -> None:
    with serving() as server:
        assert re.fullmatch(r"ringwall ready on http://127\.0\.0\.1:[1-9]\d*\n", server.printed)
        server.client().describe_vpcs()
        assert server.stop() == 0
        assert server.process.stdout
        assert server.process.stdout.read() == ""


def test_a_port_that_is_named_is_the_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
        refused = run("serve", "--ephemeral", "--port", str(port))
        assert refused.returncode == 1
        assert refused.stderr.startswith("ringwall serve: ")
        assert f"can't listen on 127.0.0.1, port {port}: " in refused.stderr
        assert "Traceback" not in refused.stderr
    with serving("--port", str(port)) as server:
        assert server.printed == f"ringwall ready on http://127.0.0.1:{port}\n"


def test_a_start_that_fails_leaves_no_account_behind(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        refused = run("serve", "--data", str(tmp_path), "--port", str(probe.getsockname()[1]))
        assert refused.returncode == 1
    assert not (tmp_path / "credentials").exists()
    with serving("--data", str(tmp_path), "--account", "111122223333") as server:
        assert server.client("sts").get_caller_identity()["Account"] == "111122223333"


def test_an_ipv6_address_stands_in_brackets() -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"this machine has no IPv6 loopback: {error}")
    with serving("--host", "::1") as server:
        assert re.fullmatch(r"http://\[::1\]:\d+", server.url)
        assert len(server.client().describe_vpcs()["Vpcs"]) == 1


def test_a_second_server_on_the_same_data_is_refused(tmp_path: Path) -> None:
    with serving("--data", str(tmp_path)) as first:
        group_id = create_group(first, "web")
        for options in ((), ("--ephemeral",), ("--store", f"sqlite://{tmp_path}/other/a.db")):
            second = run("serve", "--port", "0", "--data", str(tmp_path), *options)
            assert (second.returncode, second.stdout) == (1, "")
            assert f"the data directory {tmp_path} is in use by another ringwall server" in second.stderr
            assert str(first.process.pid) in second.stderr
        assert authorize(first, group_id, "192.0.2.0/24").status == 200


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--account", "12"), "12 digits"),
        (("--regions", "nowhere-1"), "EC2 has no region nowhere-1"),
        (("--regions", "eu-west-1"), "--region us-east-1 is not among --regions"),
        (("--port", "70000"), "between 0 and 65535"),
        (("--host", "0.0.0.0"), "--insecure-http"),
        (("--store", "sqlite:///tmp/a.db"), "--ephemeral"),
        (("--tls-cert", "/nonexistent"), "go together"),
        (("--tls-cert", "/nonexistent", "--tls-key", "/nonexistent"), "/nonexistent"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_in_a_sentence(options: tuple[str, ...], words: str) -> None:
    refused = run("serve", "--ephemeral", "--port", "0", *options)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("ringwall serve: ")
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr


# --- What it keeps ---


@dataclass
class Writer:
    """A client that authorizes and revokes as fast as it can. unsure: rules of calls that had no answer."""

    server: Server
    group_id: str
    sources: Iterator[str]
    lock: threading.Lock
    held: dict[str, str] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)
    revisions: list[int] = field(default_factory=list)

    def write(self) -> None:
        """Writes until the server is gone."""
        while True:
            with self.lock:
                source = next(self.sources)
            victim = random.choice(list(self.held)) if len(self.held) > 5 and random.random() < 0.5 else None
            self.unsure = {victim or source}
            try:
                if victim:
                    answer = revoke(self.server, self.group_id, self.held[victim])
                else:
                    answer = authorize(self.server, self.group_id, source)
            except (OSError, http.client.HTTPException):
                return
            assert answer.status == 200, answer.text
            if victim:
                del self.held[victim]
            else:
                found = re.search("<securityGroupRuleId>([^<]+)<", answer.text)
                assert found
                self.held[source] = found.group(1)
            self.unsure = set()
            self.revisions.append(int(answer.headers["ringwall-revision"]))


def kill_under_load(data: Path, rounds: int) -> None:
    """Kills the server in the middle of writes, again and again, and compares with what it has acknowledged."""
    sources = (f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}/32" for number in count())
    held: dict[str, str] = {}
    unsure: set[str] = set()
    acknowledged: list[int] = []
    lock = threading.Lock()
    group_id = ""
    for _ in range(rounds):
        with serving("--data", str(data), "--limits", "none") as server:
            group_id = group_id or create_group(server, "web")
            compare(server, group_id, held, unsure, acknowledged)
            writers = [Writer(server, group_id, sources, lock) for _ in range(4)]
            threads = [threading.Thread(target=writer.write) for writer in writers]
            for thread in threads:
                thread.start()
            enough = random.randint(8, 80)
            deadline = time.monotonic() + SECONDS
            while sum(len(writer.revisions) for writer in writers) < enough:
                assert time.monotonic() < deadline
                threads[0].join(0.001)
            server.kill()
            for thread in threads:
                thread.join(SECONDS)
            for writer in writers:
                held |= writer.held
                unsure |= writer.unsure
                acknowledged += writer.revisions
    with serving("--data", str(data), "--limits", "none") as server:
        compare(server, group_id, held, unsure, acknowledged)


def compare(server: Server, group_id: str, held: dict[str, str], unsure: set[str], acknowledged: list[int]) -> None:
    """What was acknowledged is there; what was in flight is there or isn't, and is known from now on."""
    pages = server.client().get_paginator("describe_security_group_rules")
    found = {
        rule["CidrIpv4"]: rule["SecurityGroupRuleId"]
        for page in pages.paginate(Filters=[{"Name": "group-id", "Values": [group_id]}])
        for rule in page["SecurityGroupRules"]
        if not rule["IsEgress"]
    }
    assert {key: value for key, value in found.items() if key not in unsure} == {
        key: value for key, value in held.items() if key not in unsure
    }
    assert len(acknowledged) == len(set(acknowledged))
    assert revision_of(server) >= max(acknowledged, default=0)
    held.clear()
    held |= found
    unsure.clear()


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    kill_under_load(tmp_path, 2)


@pytest.mark.slow
def test_what_was_acknowledged_survives_kill_9_twenty_times(tmp_path: Path) -> None:
    kill_under_load(tmp_path, 20)


def test_a_token_and_a_host_survive_too(tmp_path: Path) -> None:
    with serving("--data", str(tmp_path)) as server:
        host = enrol(server)
        server.kill()
    with serving("--data", str(tmp_path)) as server:
        shown = server.api("GET", f"/ringwall/v1/hosts/{host.instance_id}").json
        assert (shown["mode"], shown["connected"]) == ("observe", False)
        assert server.api("POST", "/ringwall/v1/addresses", {"interfaces": []}, **host.key).status == 200


# --- The end ---


def test_sigterm_ends_it_though_streams_and_connections_are_open(tmp_path: Path) -> None:
    with serving("--data", str(tmp_path)) as server:
        host = enrol(server)
        place = ("127.0.0.1", server.port)
        streams = [open_watch(server, host.key_id, host.secret) for _ in range(3)]
        idle = [socket.create_connection(place, timeout=SECONDS) for _ in range(20)]
        for client in idle[5:10]:
            client.sendall(b"POST / HT")
        for client in idle[10:]:
            client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nAction=")
        assert server.send("GET", "/healthz", {}).status == 200
        begun = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - begun < 6
        assert "Traceback" not in "".join(server.errors)
        for stream in streams:
            stream.close()
        for client in idle:
            client.close()
    # What an orderly end leaves: the log is in the file, and the next start finds everything.
    assert not (tmp_path / "ringwall.db-wal").exists()
    with serving("--data", str(tmp_path)) as server:
        assert server.api("GET", f"/ringwall/v1/hosts/{host.instance_id}").status == 200


def open_watch(server: Server, key_id: str, secret: str) -> http.client.HTTPConnection:
    """An agent's stream, its snapshot read."""
    path = "/ringwall/v1/watch"
    headers = sign(
        "GET", f"127.0.0.1:{server.port}", path, "", {}, b"", key_id, secret, "us-east-1", "ringwall", time.time()
    )
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=SECONDS)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    assert response.status == 200
    assert json.loads(response.readline())
    return connection


def test_interrupting_it_is_an_orderly_end_too() -> None:
    with serving() as server:
        server.process.send_signal(2)
        assert server.process.wait(SECONDS) == 0


# --- On disk ---


def test_an_ephemeral_server_writes_nothing_and_says_its_key(tmp_path: Path) -> None:
    there = Path("/var/lib/ringwall").exists()
    with serving(HOME=str(tmp_path), XDG_DATA_HOME=str(tmp_path), TMPDIR=str(tmp_path), **NO_KEY) as server:
        assert server.says("AWS_ENDPOINT_URL_STS")  # the last of them
        lines = "".join(server.errors).splitlines()
        values = dict(line.removeprefix("export ").split("=", 1) for line in lines if line.startswith("export "))
        assert sorted(values) == sorted(
            ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION",
             "AWS_ENDPOINT_URL_EC2", "AWS_ENDPOINT_URL_STS"]
        )  # fmt: skip
        key = {"key_id": values["AWS_ACCESS_KEY_ID"], "secret": values["AWS_SECRET_ACCESS_KEY"]}
        assert server.client(**key).create_security_group(GroupName="web", Description="d")["GroupId"]
        for link in Path(f"/proc/{server.process.pid}/fd").iterdir():
            target = link.readlink()
            assert not (target.is_file() and os.access(link, os.W_OK) and is_writable(server, link.name)), target
    assert list(tmp_path.iterdir()) == []
    assert Path("/var/lib/ringwall").exists() == there


def is_writable(server: Server, descriptor: str) -> bool:
    """Whether the server opened it for writing."""
    text = Path(f"/proc/{server.process.pid}/fdinfo/{descriptor}").read_text()
    flags = re.search(r"flags:\s+(\d+)", text)
    assert flags
    return bool(int(flags.group(1), 8) & (os.O_WRONLY | os.O_RDWR))


def test_an_ephemeral_server_with_a_directory_writes_its_key_there(tmp_path: Path) -> None:
    with serving("--ephemeral", "--data", str(tmp_path), **NO_KEY) as server:
        assert "export" not in "".join(server.errors)
        key = credentials(tmp_path)
        group = server.client(**key).create_security_group(GroupName="web", Description="d")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["credentials", "endpoint.json", "lock"]
    with serving("--ephemeral", "--data", str(tmp_path), **NO_KEY) as server:
        assert credentials(tmp_path) == key
        groups = server.client(**key).describe_security_groups()["SecurityGroups"]
        assert group["GroupId"] not in [item["GroupId"] for item in groups]


def credentials(data: Path) -> dict[str, str]:
    """The key in the directory, as `Server.client` takes it."""
    parser = configparser.RawConfigParser()
    parser.read(data / "credentials")
    section = parser["default"]
    return {"key_id": section["aws_access_key_id"], "secret": section["aws_secret_access_key"]}


def test_the_credentials_are_private_and_the_variables_replace_them(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving("--data", str(data), **NO_KEY) as server:
        first = credentials(data)
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        for name in ("credentials", "ringwall.db"):
            assert stat.S_IMODE((data / name).stat().st_mode) == 0o600
        server.client(**first).describe_vpcs()
    with serving("--data", str(data)) as server:
        assert credentials(data) == {"key_id": KEY_ID, "secret": SECRET}
        server.client().describe_vpcs()
        refused = server.call({"Action": "DescribeVpcs", "Version": "2016-11-15"}, **first)
        assert (refused.status, refused.code) == (401, "AuthFailure")
    with serving("--data", str(data), **NO_KEY) as server:
        server.client().describe_vpcs()
        session = session_of(data)
        assert session.client("sts", endpoint_url=server.url).get_caller_identity()["Account"] == "123456789012"


def session_of(data: Path) -> Any:
    """A boto3 session that reads the directory's credentials as AWS's own file."""
    key = credentials(data)
    return boto3.Session(key["key_id"], key["secret"], region_name="us-east-1")


# --- `ringwall env` ---


@pytest.mark.skipif(not AWS.exists(), reason="the aws CLI isn't installed: `make awscli`")
@pytest.mark.parametrize("option", ["", "--all"])
def test_the_lines_of_env_are_all_that_the_aws_cli_needs(tmp_path: Path, option: str) -> None:
    data = tmp_path / "my data's"
    secret = 'it\'s a $HOME "secret" `x`'
    with serving("--data", str(data), RINGWALL_ROOT_SECRET_ACCESS_KEY=secret) as server:
        script = f'eval "$("$RINGWALL" env {option} --data "$DATA")" && "$AWS" ec2 describe-vpcs --output json'
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(tmp_path), "RINGWALL": str(RINGWALL), "AWS": str(AWS),
            "DATA": str(data), "AWS_EC2_METADATA_DISABLED": "true",
        }  # fmt: skip
        done = subprocess.run(
            ["bash", "-euc", script], env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        assert [vpc["IsDefault"] for vpc in json.loads(done.stdout)["Vpcs"]] == [True]
        lines = run("env", "--data", str(data), *([option] if option else [])).stdout
        assert server.url in lines
        assert ("AWS_ENDPOINT_URL=" in lines) == bool(option)
        assert ("AWS_ENDPOINT_URL_EC2=" in lines) != bool(option)
        assert "2.13" in lines


def test_env_without_a_server_says_what_to_do(tmp_path: Path) -> None:
    done = run("env", "--data", str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert "start the server there first" in done.stderr


# --- Accounts and regions ---


def test_account_and_regions_are_those_that_were_named(tmp_path: Path) -> None:
    options = ("--data", str(tmp_path), "--region", "eu-west-1", "--regions", "eu-west-1,eu-central-1")
    with serving("--account", "111122223333", *options) as server:
        identity = server.client("sts", region="eu-west-1").get_caller_identity()
        assert identity["Account"] == "111122223333"
        own = server.client(region="eu-west-1").describe_vpcs()["Vpcs"]
        other = server.client(region="eu-central-1").describe_vpcs()["Vpcs"]
        assert own[0]["VpcId"] != other[0]["VpcId"]
        asked = {"Action": "DescribeVpcs", "Version": "2016-11-15"}
        for region in ("us-east-1", "EU-WEST-1", "eu-west-9"):
            refused = server.call(asked, region=region)
            assert (refused.status, refused.code) == (401, "AuthFailure"), region
        for region, service in (("0", "127"), ("aws-global", "ec2"), ("local", "anything")):
            assert own[0]["VpcId"] in server.call(asked, region=region, service=service).text
    refused_account = run("serve", "--port", "0", *options, "--account", "444455556666")
    assert refused_account.returncode == 1
    assert "belongs to account 111122223333" in refused_account.stderr
    with serving(*options) as server:
        assert server.client("sts", region="eu-west-1").get_caller_identity()["Account"] == "111122223333"


def test_a_refused_call_makes_no_default_vpc() -> None:
    with serving() as server:
        host = enrol(server)
        before = revision_of(server)
        asked = {"Action": "DescribeVpcs", "Version": "2016-11-15"}
        refused = [
            server.call(asked, region="eu-west-1", secret="wrong"),
            server.call(asked, region="eu-west-1", key_id="AKIANOBODYNOBODYNOBO"),
            server.call(asked, region="eu-west-1", **host.key),
            server.call(asked, **host.key),
            server.call({**asked, "Nonsense": "1"}, region="eu-west-1"),
            server.call({**asked, "Action": "Nonsense"}, region="eu-west-1"),
            server.call({**asked, "DryRun": "true"}, region="eu-west-1"),
            server.api("GET", "/ringwall/v1/hosts", region="eu-west-1", **host.key),
        ]
        assert [answer.status for answer in refused] == [401, 401, 401, 403, 400, 400, 412, 401]
        assert revision_of(server) == before
        with closing(open_watch(server, host.key_id, host.secret)):
            assert revision_of(server) == before
        assert server.call(asked, region="eu-west-1").status == 200
        assert revision_of(server) == before + 1
        server.call(asked, region="eu-west-1")
        assert revision_of(server) == before + 1


def test_many_at_first_use_get_one_default_vpc() -> None:
    with serving() as server, ThreadPoolExecutor(8) as threads:
        found = threads.map(lambda _: server.client().describe_vpcs()["Vpcs"], range(8))
        assert len({vpc["VpcId"] for vpcs in found for vpc in vpcs}) == 1
        assert revision_of(server) == 1


# --- Revisions ---


@pytest.fixture(scope="module")
def roomy() -> Iterator[Server]:
    """An ephemeral server without quotas."""
    with serving("--limits", "none") as running:
        yield running


def test_every_change_and_nothing_else_carries_its_revision(roomy: Server) -> None:
    group_id, subnet_id = create_group(roomy, "carries"), default_subnet(roomy)
    before = revision_of(roomy)
    tags = {"Version": "2016-11-15", "ResourceId.1": group_id, "Tag.1.Key": "k", "Tag.1.Value": "v"}
    authorized = authorize(roomy, group_id, "192.0.2.0/24")
    found = re.search("<securityGroupRuleId>([^<]+)<", authorized.text)
    assert found
    changes = [
        authorized,
        roomy.call({"Action": "CreateTags", **tags}),
        roomy.call({"Action": "DeleteTags", **tags}),
        revoke(roomy, group_id, found.group(1)),
        roomy.call({"Action": "DeleteSecurityGroup", "Version": "2016-11-15", "GroupId": group_id}),
    ]
    assert [int(answer.headers["ringwall-revision"]) for answer in changes] == [before + 1 + n for n in range(5)]
    others = [
        authorize(roomy, group_id, "192.0.2.0/24"),
        authorize(roomy, group_id, "192.0.2.0/24", secret="wrong"),
        roomy.call({"Action": "DescribeSecurityGroups", "Version": "2016-11-15"}),
        roomy.call({"Action": "CreateTags", **tags, "ResourceId.1": subnet_id, "DryRun": "true"}),
        roomy.call({"Action": "GetCallerIdentity", "Version": "2011-06-15"}, service="sts"),
        roomy.send("GET", "/healthz", {}),
    ]
    assert [answer.status for answer in others] == [400, 401, 200, 412, 200, 200]
    assert not any("ringwall-revision" in answer.headers for answer in others)
    assert revision_of(roomy) == before + 5


def test_concurrent_changes_have_revisions_without_gaps(roomy: Server) -> None:
    group_id = create_group(roomy, "concurrent")
    before = revision_of(roomy)
    sources = [f"10.0.{number}.0/24" for number in range(64)]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda source: authorize(roomy, group_id, source), sources))
    assert {answer.status for answer in answers} == {200}
    revisions = sorted(int(answer.headers["ringwall-revision"]) for answer in answers)
    assert revisions == list(range(before + 1, before + 65))


def test_of_eight_that_authorize_the_same_rule_one_wins(roomy: Server) -> None:
    group_id = create_group(roomy, "same")
    for number in range(5):
        with ThreadPoolExecutor(8) as threads:
            codes = list(threads.map(lambda _, n=number: authorize(roomy, group_id, f"10.{n}.0.0/16").code, range(8)))
        assert sorted(codes, key=str) == sorted([None, *["InvalidPermission.Duplicate"] * 7], key=str)


# --- Beside the EC2 endpoint ---


def test_health_is_open_and_metrics_need_a_key(server: Server) -> None:
    assert server.send("GET", "/healthz", {}).text == "ok\n"
    assert server.send("GET", "/readyz", {}).status == 200
    refused = server.send("GET", "/metrics", {})
    assert (refused.status, refused.json["error"]["code"]) == (403, "MissingAuthenticationToken")
    assert server.api("GET", "/metrics", secret="wrong").status == 401
    assert server.api("GET", "/metrics", service="ec2").status == 401
    server.client().describe_vpcs()
    shown = server.api("GET", "/metrics")
    assert shown.headers["content-type"].startswith("text/plain; version=0.0.4")
    for name in METRICS:
        assert f"# HELP {name} " in shown.text
        assert f"# TYPE {name} " in shown.text
    assert 'ringwall_requests_total{operation="DescribeVpcs",code="OK"} 1' in shown.text
    before = metric(server, "ringwall_authentication_failures_total")
    server.call({"Action": "DescribeVpcs"}, secret="wrong")
    server.api("GET", "/ringwall/v1/hosts", secret="wrong")
    server.send("POST", "/ringwall/v1/enroll", {}, b'{"token": "x", "hostname": "h", "interfaces": []}')
    assert metric(server, "ringwall_authentication_failures_total") == before + 3


def metric(server: Server, name: str) -> float:
    """The value of a metric without labels; 0 before it was first counted."""
    found = re.search(rf"^{name} (\S+)$", server.api("GET", "/metrics").text, re.MULTILINE)
    return float(found.group(1)) if found else 0.0


def test_metrics_are_open_where_that_was_asked_for() -> None:
    with serving("--metrics-open") as server:
        shown = server.send("GET", "/metrics", {})
        assert shown.status == 200
        assert re.search(r"^ringwall_revision 0$", shown.text, re.MULTILINE)


def test_a_hosts_key_reads_no_metrics(server: Server) -> None:
    assert server.api("GET", "/metrics", **enrol(server).key).status == 403


def test_the_api_description_lists_what_is_served(server: Server) -> None:
    document = server.send("GET", "/ringwall/v1/openapi.json", {}).json
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    served = {(method, path) for method, path, _, _ in ROUTES} | {("POST", "/ringwall/v1/enroll")}
    assert described == served
    for method, path in served:
        answer = server.send(method, path.replace("{host}", "i-0123456789abcdef0"), {})
        assert answer.status == (400 if path.endswith("/enroll") else 403), (method, path)
