"""Settings, endpoints and faults of the wire: `ringwall ec2` beside the real aws CLI, in the same environment.

The recorder stands for Amazon behind a proxy; version 2 is the judge of exit codes and texts, version 1 of requests.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from certificates import make_pair
from recorder import Request, answer, fault, recording
from serving import AWS, RINGWALL

AWS_2 = Path("/usr/bin/aws")
pytestmark = pytest.mark.skipif(not AWS.exists(), reason="the aws CLI isn't installed: `make awscli`")
version_2 = pytest.mark.skipif(not AWS_2.exists(), reason="version 2 isn't installed: apt install awscli")

DESCRIBE = ("ec2", "describe-vpcs", "--filters", "Name=is-default,Values=true")


def run(program: Path, words: Sequence[str], environment: dict[str, str]) -> tuple[int, str, str]:
    """The exit status, standard output and standard error."""
    base = {"PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": "", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [str(program), *words], env=base | environment, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stdout, done.stderr


def home(directory: Path) -> dict[str, str]:
    """A home with profiles."""
    (directory / ".aws").mkdir(exist_ok=True)
    (directory / ".aws/config").write_text(
        "[default]\nregion = eu-west-1\n[profile ours]\nregion = us-east-2\nservices = local\n[profile half]\n"
        "[services local]\nec2 =\n  endpoint_url = http://127.0.0.1:1/ours\n"
    )
    (directory / ".aws/credentials").write_text(
        "[default]\naws_access_key_id = AK\naws_secret_access_key = s\n[ours]\naws_access_key_id = AKO\n"
        "aws_secret_access_key = so\naws_session_token = to\n[half]\naws_access_key_id = AKH\n"
    )
    return {"HOME": str(directory)}


def comparable(request: Request) -> dict[str, Any]:
    headers = []
    for name, value in request.headers:
        if name in ("User-Agent", "X-Amz-Date", "amz-sdk-invocation-id"):
            value = "…"
        elif name == "Authorization":
            value = re.sub(r"/[0-9]{8}/|Signature=[0-9a-f]{64}$", "…", value)
        headers.append((name, value))
    tunnel = (request.tunnel or "").partition(" HTTP")[0]
    return {**vars(request), "headers": headers, "tunnel": tunnel}


@pytest.mark.parametrize("region", ["us-east-1", "ap-southeast-5", "cn-north-1", "us-gov-east-1", "eusc-de-east-1"])
@pytest.mark.parametrize("fips", ["false", "true"])
def test_amazons_endpoints_are_sent_what_aws_sends(tmp_path: Path, region: str, fips: str) -> None:
    suffix = {"cn": "amazonaws.com.cn", "eu": "amazonaws.eu"}.get(region[:2], "amazonaws.com")
    name = "ec2-fips" if fips == "true" and "gov" not in region else "ec2"
    pair = make_pair(tmp_path, "amazon", hosts=(f"{name}.{region}.{suffix}",))
    with recording(pair=pair) as recorder:
        environment = home(tmp_path) | {
            "AWS_DEFAULT_REGION": region,
            "AWS_USE_FIPS_ENDPOINT": fips,
            "AWS_CA_BUNDLE": str(pair),
            "HTTPS_PROXY": f"http://user:pass@127.0.0.1:{recorder.port}",
        }
        outcomes = [run(program, DESCRIBE, environment) for program in (AWS, RINGWALL)]
        theirs, ours = map(comparable, recorder.requests)
    assert outcomes[1] == outcomes[0]
    assert ours["tunnel"] == f"CONNECT {name}.{region}.{suffix}:443"
    assert ours == theirs


@version_2
@pytest.mark.parametrize(
    ("words", "environment"),
    [
        (("--region", "eu-west-1", "--profile", "gone"), {}),
        ((), {"AWS_PROFILE": "gone"}),
        ((), {"AWS_PROFILE": "half"}),
        ((), {"AWS_REGION": "-x"}),
        ((), {"AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}),
        ((), {"AWS_CONFIG_FILE": "/nonexistent"}),
        ((), {"AWS_CONFIG_FILE": "/etc/hostname"}),
        ((), {"AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}),
        ((), {"AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "AWS_REGION": "r"}),
        (("--endpoint-url", "http://127.0.0.1:1"), {}),
        (("--endpoint-url", "https://127.0.0.1:1/x/"), {"AWS_REGION": "us-east-1"}),
        (("--endpoint-url", "http://name.invalid"), {}),
        (("--endpoint-url", "http://h_h/"), {}),
    ],
)
def test_what_cant_be_asked_ends_as_version_2_ends_it(
    tmp_path: Path, words: tuple[str, ...], environment: dict[str, str]
) -> None:
    given = home(tmp_path) | {"AWS_MAX_ATTEMPTS": "1"} | environment
    assert run(RINGWALL, (*DESCRIBE, *words), given) == run(AWS_2, (*DESCRIBE, *words), given)


@version_2
@pytest.mark.parametrize(
    "told",
    [
        answer(),
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        answer(b"<html>no"),
        fault("InvalidVpcID.NotFound"),
        fault("RequestLimitExceeded", "503 Slow"),
        answer(b"", "503 Away"),
    ],
)
def test_each_answer_ends_as_version_2_ends_it(tmp_path: Path, told: bytes) -> None:
    with recording(told) as recorder:
        words = (*DESCRIBE, "--endpoint-url", recorder.url)
        given = home(tmp_path) | {"AWS_MAX_ATTEMPTS": "2"}
        theirs = run(AWS_2, words, given)
        count = len(recorder.requests)
        ours = run(RINGWALL, words, given)
        requests = [len(recorder.requests) - count, count]
    assert ours == theirs
    assert requests[0] == requests[1]


def test_a_section_of_services_is_read_as_version_1_reads_it(tmp_path: Path) -> None:
    outcomes = [
        run(program, (*DESCRIBE, "--profile", "ours"), home(tmp_path) | {"AWS_MAX_ATTEMPTS": "1"})
        for program in (AWS, RINGWALL)
    ]
    assert outcomes[1] == outcomes[0]
    assert 'Could not connect to the endpoint URL: "http://127.0.0.1:1/ours"' in outcomes[1][2]
