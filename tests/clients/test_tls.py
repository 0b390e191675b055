"""TLS with a certificate that no CA knows, and the first contact of a host: the token and its pin."""

from __future__ import annotations

import asyncio
import http.client
import re
import shutil
import socket
import sqlite3
import ssl
import subprocess
import threading
import time
import warnings
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import SSLError

from enrolled import default_subnet, enrol, new_token, use_token
from ringwall.agent.enroll import enroll
from ringwall.agent.errors import ServerRefused, StreamLost
from ringwall.agent.interfaces import DeviceAddresses
from ringwall.agent.server import parse_server_url
from ringwall.config import ConfigurationError
from ringwall.domain.enrolment import EnrolmentToken, hash_of, parse_token
from ringwall.operations.hosts import TOKEN_SECONDS
from serving import AWS, KEY_ID, RINGWALL, SECRET, Server, serving

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl isn't installed")

SECONDS = 20


def make_certificate(directory: Path) -> Path:
    """A self-signed certificate for 127.0.0.1, `cert.pem` with `key.pem` beside it."""
    directory.mkdir(exist_ok=True)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-subj", "/CN=ringwall", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-days", "2",
         "-keyout", directory / "key.pem", "-out", directory / "cert.pem"],
        check=True, capture_output=True, timeout=SECONDS,
    )  # fmt: skip
    return directory / "cert.pem"


def pin_of(certificate: Path) -> str:
    """The SHA-256 of the certificate itself."""
    return sha256(ssl.PEM_cert_to_DER_cert(certificate.read_text())).hexdigest()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def tls_server(certificate: Path) -> Iterator[Server]:
    """A server that speaks TLS."""
    with serving(
        "--tls-cert", str(certificate), "--tls-key", str(certificate.with_name("key.pem")), ca=certificate
    ) as it:
        yield it


# --- Clients ---


def test_the_ready_line_says_https(tls_server: Server) -> None:
    assert re.fullmatch(r"ringwall ready on https://127\.0\.0\.1:\d+\n", tls_server.printed)


def test_boto3_trusts_the_certificate_it_is_given_and_no_other(tls_server: Server) -> None:
    assert len(tls_server.client().describe_vpcs()["Vpcs"]) == 1
    stranger = boto3.client(
        "ec2",
        region_name="us-east-1",
        endpoint_url=tls_server.url,
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
    )
    with pytest.raises(SSLError):
        stranger.describe_vpcs()


@pytest.mark.skipif(not AWS.exists(), reason="the aws CLI isn't installed: `make awscli`")
def test_the_aws_cli_works_with_its_own_variable(tls_server: Server) -> None:
    done = tls_server.aws("ec2", "describe-vpcs", "--query", "Vpcs[].IsDefault", "--output", "text")
    assert (done.returncode, done.stdout.strip()) == (0, "True"), done.stderr


def test_ringwalls_own_command_line_speaks_tls_too(tls_server: Server) -> None:
    done = subprocess.run(
        [str(RINGWALL), "host", "list", "--server", tls_server.url],
        env=tls_server.environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("HOST")


@pytest.mark.parametrize(
    ("scheme", "bundle", "advice"),
    [
        ("https", "", "Give --ca-bundle, or set AWS_CA_BUNDLE to, the server's certificate or one that vouches for it"),
        ("https", "/nonexistent", "AWS_CA_BUNDLE: /nonexistent can't be read as certificates"),
        ("https", __file__, f"AWS_CA_BUNDLE: {__file__} can't be read as certificates"),
        ("http", "", "If it has TLS, write https://."),
    ],
)
def test_what_to_do_about_a_call_that_tls_refuses_is_said(
    tls_server: Server, scheme: str, bundle: str, advice: str
) -> None:
    url = f"{scheme}://127.0.0.1:{tls_server.port}"
    assert advice in said_of(url, tls_server.environment | {"AWS_CA_BUNDLE": bundle})


def test_the_option_goes_before_the_variable(tls_server: Server, certificate: Path) -> None:
    def listed(bundle: Path | str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(RINGWALL), "host", "list", "--server", tls_server.url, "--ca-bundle", str(bundle)],
            env=tls_server.environment | {"AWS_CA_BUNDLE": "/nonexistent"},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    assert listed(certificate).stdout.startswith("HOST")
    assert f"--ca-bundle: {__file__} can't be read as certificates" in listed(__file__).stderr


def test_a_server_without_tls_is_said_to_be_one() -> None:
    with serving() as server:
        said = said_of(server.url.replace("http://", "https://"), server.environment)
    assert said.endswith("If it has no TLS, write http://.\n")


def said_of(url: str, environment: dict[str, str]) -> str:
    """What `ringwall host list` says when it fails."""
    done = subprocess.run(
        [str(RINGWALL), "host", "list", "--server", url],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    return done.stderr


def test_old_tls_and_plain_http_get_nothing(tls_server: Server) -> None:
    plain = Server(tls_server.process, tls_server.url.replace("https", "http"))
    with pytest.raises((OSError, http.client.HTTPException)):
        plain.send("GET", "/healthz", {})
    context = ssl.create_default_context(cafile=tls_server.ca)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(("127.0.0.1", tls_server.port), timeout=SECONDS) as connection,
        pytest.raises((ssl.SSLError, ConnectionResetError)),
    ):
        context.wrap_socket(connection, server_hostname="127.0.0.1")
    assert tls_server.send("GET", "/healthz", {}).status == 200


@pytest.mark.parametrize("broken", ["key", "cert", "swapped"])
def test_files_that_do_not_go_together_are_refused(tmp_path: Path, certificate: Path, broken: str) -> None:
    key = certificate.with_name("key.pem")
    other = make_certificate(tmp_path / "other")
    pairs = {"key": (certificate, other.with_name("key.pem")), "cert": (key, key), "swapped": (key, certificate)}
    cert, private = pairs[broken]
    done = subprocess.run(
        [str(RINGWALL), "serve", "--ephemeral", "--port", "0", "--tls-cert", str(cert), "--tls-key", str(private)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("ringwall serve: --tls-cert")
    assert "Traceback" not in done.stderr


# --- Plain HTTP beyond loopback ---


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "some-name"])
def test_plain_http_beyond_loopback_is_refused(host: str) -> None:
    done = subprocess.run(
        [str(RINGWALL), "serve", "--ephemeral", "--port", "0", "--host", host],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"ringwall serve: {host} is reachable from other machines, and plain HTTP shows them every request. "
        "Give --tls-cert and --tls-key, or --insecure-http if that is what you want.\n"
    )


def test_plain_http_beyond_loopback_warns_where_it_is_allowed(certificate: Path) -> None:
    with serving("--host", "0.0.0.0", "--insecure-http") as server:
        assert server.send("GET", "/healthz", {}).status == 200
        assert server.says("WARNING plain HTTP on 0.0.0.0")
    with serving("--host", "0.0.0.0", "--tls-cert", str(certificate), "--tls-key",
                 str(certificate.with_name("key.pem")), ca=certificate) as server:  # fmt: skip
        assert server.send("GET", "/healthz", {}).status == 200
        assert not any("WARNING" in line for line in server.errors)


def test_an_agent_refuses_plain_http_beyond_loopback(tmp_path: Path) -> None:
    done = subprocess.run(
        [str(RINGWALL), "agent", "--server", "http://192.0.2.1:4580", "--data", str(tmp_path)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "--insecure-http" in done.stderr


# --- The token ---


def say_hello(server: Server, token: EnrolmentToken, address: str) -> Any:
    """What an agent does first; the host's identity."""
    interfaces = (DeviceAddresses("eth0", "02:00:00:00:00:09", (address,)),)
    identity, _ = asyncio.run(enroll(parse_server_url(server.url), token, interfaces))
    return identity


def test_the_right_pin_enrols_once(tls_server: Server, certificate: Path) -> None:
    token = parse_token(new_token(tls_server))
    assert token.certificate_sha256 == pin_of(certificate)
    identity = say_hello(tls_server, token, "172.31.1.1/20")
    shown = tls_server.api("GET", f"/ringwall/v1/hosts/{identity.instance_id}").json
    assert (shown["mode"], shown["interfaces"][0]["addresses"]) == ("observe", ["172.31.1.1"])
    with pytest.raises(ServerRefused, match="not valid: it was used, has expired, or was never made"):
        say_hello(tls_server, token, "172.31.1.2/20")


def test_a_wrong_pin_is_refused_before_anything_is_sent(tls_server: Server) -> None:
    token = parse_token(new_token(tls_server))
    impostor = EnrolmentToken(token.secret, "0" * 64)
    with pytest.raises(StreamLost, match="shows the certificate"):
        say_hello(tls_server, impostor, "172.31.1.3/20")
    # The token is as good as before: nobody has seen it.
    assert say_hello(tls_server, token, "172.31.1.3/20").instance_id.startswith("i-")


def test_a_pinned_token_is_not_sent_over_plain_http(tls_server: Server) -> None:
    token = parse_token(new_token(tls_server))
    url = parse_server_url(tls_server.url.replace("https", "http"))
    with pytest.raises(ConfigurationError, match="TLS"):
        asyncio.run(enroll(url, token, (DeviceAddresses("eth0", "02:00:00:00:00:09", ("172.31.1.4/20",)),)))


def test_of_many_with_one_token_one_becomes_a_host(server: Server) -> None:
    token, statuses = new_token(server), []

    def use(number: int) -> None:
        statuses.append(use_token(server, token, f"h{number}", (f"172.31.3.{number + 1}/20",)).status)

    threads = [threading.Thread(target=use, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert sorted(statuses) == [201, *[400] * 7]


def test_an_enrolment_that_fails_leaves_the_token(server: Server) -> None:
    token = new_token(server)
    refused = use_token(server, token, addresses=("198.51.100.7/24",))
    assert refused.status == 400
    assert "lies outside" in refused.json["error"]["message"]
    assert use_token(server, token).status == 201


def test_an_address_has_one_holder(server: Server) -> None:
    assert use_token(server, new_token(server), addresses=("172.31.4.4/20",)).status == 201
    token = new_token(server)
    refused = use_token(server, token, addresses=("172.31.4.4/20",))
    assert refused.status == 400
    assert "is held by eni-" in refused.json["error"]["message"]
    taken = use_token(server, token, addresses=("172.31.4.4/20", "172.31.4.5/20"))
    assert taken.status == 201
    assert [item["address"] for item in taken.json["refused_addresses"]] == ["172.31.4.4"]


def test_an_old_token_and_one_never_made_are_refused_alike(tmp_path: Path) -> None:
    with serving("--data", str(tmp_path)) as server:
        old, young = new_token(server), new_token(server)
        answer = server.api(
            "POST", "/ringwall/v1/enrolment-tokens", {"subnet_id": default_subnet(server), "interface": "eth0"}
        ).json
        assert abs(answer["expires_at"] - time.time() - TOKEN_SECONDS) < 60
        assert server.stop() == 0
    with sqlite3.connect(tmp_path / "ringwall.db") as database:
        done = database.execute(
            "UPDATE enrolment_tokens SET expires_at = ? WHERE token_hash = ?",
            (int(time.time()) - 1, hash_of(parse_token(old).secret)),
        )
        assert done.rowcount == 1
    database.close()
    with serving("--data", str(tmp_path)) as server:
        expired = use_token(server, old)
        unknown = use_token(server, f"rw1.{'A' * 43}.-")
        assert expired.status == unknown.status == 400
        assert expired.json["error"] == unknown.json["error"]
        assert expired.json["error"]["code"] == "InvalidEnrolmentToken"
        assert use_token(server, young).status == 201


def test_a_token_is_stored_hashed_and_never_logged(tmp_path: Path) -> None:
    with serving("--data", str(tmp_path)) as server:
        kept, used = new_token(server), new_token(server)
        assert use_token(server, used).status == 201
        for token in (kept, used):
            secret = parse_token(token).secret
            assert secret not in "".join(server.errors)
            assert not any(secret.encode() in path.read_bytes() for path in tmp_path.iterdir())
        stored = b"".join(path.read_bytes() for path in tmp_path.glob("ringwall.db*"))
        assert hash_of(parse_token(kept).secret).encode() in stored


def test_no_option_takes_a_token(tmp_path: Path) -> None:
    shown = subprocess.run(
        [str(RINGWALL), "agent", "--help"], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    assert set(re.findall(r"--[a-z-]*token[a-z-]*", shown)) == {"--token-file"}
    done = subprocess.run(
        [str(RINGWALL), "agent", "--server", "http://127.0.0.1:1", "--data", str(tmp_path),
         "--token", f"rw1.{'A' * 43}.-"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2


# --- The host's key ---


def test_a_hosts_key_calls_nothing_of_ec2_and_nothing_of_the_operator(server: Server) -> None:
    host, other = enrol(server), enrol(server)
    calls = ["DescribeVpcs", "DescribeSecurityGroups", "DescribeInstances", "CreateTags", "RevokeSecurityGroupIngress"]
    needed = {
        "CreateTags": {"ResourceId.1": other.instance_id, "Tag.1.Key": "k", "Tag.1.Value": "v"},
        "RevokeSecurityGroupIngress": {"GroupId": "sg-0123456789abcdef0"},
    }
    for action in calls:
        for extra in ({}, {"DryRun": "true"}):
            refused = server.call(
                {"Action": action, "Version": "2016-11-15", **needed.get(action, {}), **extra}, **host.key
            )
            assert (refused.status, refused.code) == (403, "UnauthorizedOperation"), (action, refused.text)
    operators = [
        ("GET", "/ringwall/v1/hosts", None),
        ("GET", f"/ringwall/v1/hosts/{host.instance_id}", None),
        ("PUT", f"/ringwall/v1/hosts/{host.instance_id}/mode", {"mode": "enforce", "yes": True}),
        ("DELETE", f"/ringwall/v1/hosts/{other.instance_id}", None),
        ("POST", "/ringwall/v1/enrolment-tokens", {"subnet_id": default_subnet(server), "interface": "eth0"}),
    ]
    for method, path, content in operators:
        refused = server.api(method, path, content, **host.key)
        assert (refused.status, refused.json["error"]["code"]) == (403, "UnauthorizedOperation"), path


def test_a_hosts_key_speaks_for_its_own_host_alone(server: Server) -> None:
    host, other = enrol(server), enrol(server)
    shown = server.api("GET", f"/ringwall/v1/hosts/{other.instance_id}").json
    interfaces = [{"device": "eth0", "mac_address": "02:00:00:00:00:01", "addresses": ["172.31.7.7/20"]}]
    assert server.api("POST", "/ringwall/v1/addresses", {"interfaces": interfaces}, **host.key).status == 200
    assert server.api("GET", f"/ringwall/v1/hosts/{other.instance_id}").json == shown
    mine = server.api("GET", f"/ringwall/v1/hosts/{host.instance_id}").json
    assert mine["interfaces"][0]["addresses"] == ["172.31.7.7"]
    # No parameter names another host: the key does.
    for path in ("/ringwall/v1/report", "/ringwall/v1/addresses"):
        assert server.api("POST", path, {"host_id": other.instance_id}, **host.key).status == 400
    assert server.api("GET", f"/ringwall/v1/hosts/{other.instance_id}").json == shown


def test_the_root_key_is_no_agent(server: Server) -> None:
    refused = server.api("GET", "/ringwall/v1/watch")
    assert (refused.status, refused.json["error"]["code"]) == (403, "UnauthorizedOperation")
    for path in ("/ringwall/v1/report", "/ringwall/v1/addresses"):
        refused = server.api("POST", path, {"interfaces": []})
        assert (refused.status, refused.json["error"]["code"]) == (403, "UnauthorizedOperation")


def test_a_removed_hosts_key_is_nobodys(server: Server) -> None:
    host = enrol(server)
    assert server.api("DELETE", f"/ringwall/v1/hosts/{host.instance_id}").status == 200
    refused = server.api("POST", "/ringwall/v1/addresses", {"interfaces": []}, **host.key)
    assert (refused.status, refused.json["error"]["code"]) == (401, "AuthFailure")


def test_a_host_of_any_name_leaves_the_answers_readable(server: Server) -> None:
    for hostname in ("<b>&]]>", "a b", "é\U0001f525"):
        host = enrol(server, hostname)
        found = server.client().describe_instances(InstanceIds=[host.instance_id])
        assert found["Reservations"][0]["Instances"][0]["InstanceId"] == host.instance_id
        assert server.api("GET", f"/ringwall/v1/hosts/{host.instance_id}").json["hostname"] == hostname
    for hostname in ("a\0b", "a\nb", "a\x1b[2Jb", "\ufffe"):
        assert use_token(server, new_token(server), hostname).status == 400
    interface = {"device": "eth0", "mac_address": "\x1b[2J", "addresses": ["172.31.5.5/20"]}
    content = {"token": new_token(server).split(".")[1], "hostname": "h", "interfaces": [interface]}
    refused = server.api("POST", "/ringwall/v1/enroll", content, secret="a host has no key yet")
    assert "'mac_address' may not contain control characters" in refused.text
