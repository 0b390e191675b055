"""`ringwall ec2` beside the unmodified aws CLI 1: the same words, the same answers, the same everything.

This is the part that every run of the tests has; test_ec2_command_all.py has the rest.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aws_cli_judge import settings
from documents import ROOT
from ec2_command_cases import Case, drawn
from ec2_command_compared import Bench, assert_same, bench, comparable, without_suggestion
from ec2_command_differences import DIFFERENCES, OTHERS, Difference, expected
from ec2_command_life import life
from ec2_command_lines import DONE, STUBS, written
from retelling import answer
from serving import AWS, RINGWALL, Server

pytestmark = pytest.mark.skipif(not AWS.exists(), reason="the aws CLI isn't installed: `make awscli`")

TRANSCRIPTS = json.loads((Path(__file__).parent / "awscli-v1-revoke-transcripts.json").read_text())["cases"]
NEWER = {"--cli-input-yaml", "yaml", "yaml-input"}
"""Words that aws 1 doesn't know; test_ec2_command_2.py has aws 2 judge them."""
QUICK = 8
"""One in so many of the written lines is compared here, and all of them elsewhere."""
HEAVY = {
    "argparse", "ast", "asyncio", "botocore", "configparser", "dataclasses", "email", "http.client", "inspect",
    "jmespath", "logging", "pathlib", "ruamel", "shutil", "ssl", "subprocess", "tempfile", "typing_extensions",
    "urllib.request", "xml.etree",
}  # fmt: skip
"""What an ordinary call has no use for, and would pay for with milliseconds."""
REVOKE = ("ec2", "revoke-security-group-ingress", "--group-id", "sg-0123456789abcdef0")


@pytest.fixture(scope="module")
def both() -> Iterator[Bench]:
    with bench() as made:
        yield made


def _named(transcript: dict[str, Any]) -> str:
    return " ".join(transcript["args"][1:])[:80]


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=_named)
def test_a_recorded_line_comes_to_what_was_recorded_and_to_what_aws_says_today(
    both: Bench, tmp_path: Path, transcript: dict[str, Any]
) -> None:
    case = Case(("ec2", *transcript["args"]), (STUBS[transcript["stub_answer"]],))
    theirs, mine = both.both(case, tmp_path)
    sent = theirs.requests[0].parameters if theirs.requests else {}
    assert sent == (transcript.get("request_parameters") or {})
    assert theirs.code == transcript["exit_code"]
    if "stdout" in transcript:
        assert theirs.stdout == transcript["stdout"]
    if "{self." not in transcript.get("stderr", ""):  # a mistake of that release
        assert theirs.stderr.replace("\r", "\n") == transcript.get("stderr", "")
    if not NEWER & set(transcript["args"]):
        assert_same(theirs, without_suggestion(mine))


@pytest.mark.parametrize("case", list(written())[::QUICK], ids=str)
def test_a_line_that_people_type(both: Bench, tmp_path: Path, case: Case) -> None:
    theirs, mine = both.both(case, tmp_path)
    assert_same(theirs, without_suggestion(mine))


@pytest.mark.parametrize("case", list(drawn(1, seed=1)) if AWS.exists() else [], ids=str)
def test_a_drawn_line_for_each_operation(both: Bench, tmp_path: Path, case: Case) -> None:
    assert_same(*both.both(case, tmp_path))


def test_a_life_on_a_real_server(both: Bench, server: Server, tmp_path: Path) -> None:
    """Each answer is the server's own: aws asks it, ringwall sends the same bytes and is told the same."""
    told: list[Any] = []
    for line in life():
        case = Case(("ec2", *line(told)))
        theirs, mine = both.both(case, tmp_path, server.port)
        assert theirs.requests, theirs
        assert_same(theirs, mine)
        told.append(json.loads(theirs.stdout) if theirs.stdout.startswith("{") else {})
    assert len(told) > 30


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda each: each.name)
def test_each_difference_is_there(both: Bench, tmp_path: Path, difference: Difference) -> None:
    theirs, mine = both.both(difference.example, tmp_path)
    assert difference.name in expected(theirs)[1]
    assert_same(theirs, mine)


def test_the_page_has_the_same_differences() -> None:
    page = (ROOT / "docs/reference/ec2-command.md").read_text()
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", page.partition("## Differences")[2], re.M)
    shown = [row for row in rows if row[0] not in ("What", "---")]
    escaped = [(each.name, each.aws, each.ringwall, each.reason) for each in (*DIFFERENCES, *OTHERS)]
    assert shown == [tuple(text.replace("|", "&#124;") for text in row) for row in escaped]


@pytest.mark.parametrize("given", ["--bogus", "--goup-id", "--protocl"])
def test_the_option_that_is_nearest_is_named(both: Bench, tmp_path: Path, given: str) -> None:
    theirs, mine = both.both(Case((*REVOKE, given, "x"), ()), tmp_path)
    assert_same(theirs, without_suggestion(mine))
    near = {"--goup-id": "--group-id", "--protocl": "--protocol"}.get(given)
    assert (f"  * {near}\n" in mine.stderr) == (near is not None)


def test_the_regions_variable_is_version_2s(both: Bench, tmp_path: Path) -> None:
    theirs, mine = both.both(Case(REVOKE, (DONE,), {"AWS_REGION": "eu-west-1"}), tmp_path)
    assert "/us-east-1/ec2/" in theirs.requests[0].header("authorization")
    assert "/eu-west-1/ec2/" in mine.requests[0].header("authorization")


def test_a_call_is_tried_three_times(both: Bench, tmp_path: Path) -> None:
    case = Case(REVOKE, (STUBS["503"],) * 5, {"AWS_MAX_ATTEMPTS": None, "AWS_RETRY_MODE": None})
    both.endpoint.tell(list(case.answers or ()))
    mine = both.run(both.ringwall, case, tmp_path)
    assert [each.header("amz-sdk-request") for each in mine.requests] == [
        "attempt=1", "attempt=2; max=3", "attempt=3; max=3",
    ]  # fmt: skip
    assert "(reached max retries: 2)" in mine.stderr


def test_a_welcome_page_is_no_success(both: Bench, tmp_path: Path) -> None:
    theirs, mine = both.both(Case(REVOKE, (answer(200, "<html><body>Welcome</body></html>"),)), tmp_path)
    assert (theirs.code, theirs.stdout) == (0, "")
    assert mine.code == 255
    assert mine.stderr.startswith("\nUnable to parse response: ")


def test_an_output_format_that_is_none_is_found_before_anything_is_sent(both: Bench, tmp_path: Path) -> None:
    theirs, mine = both.both(Case(REVOKE, (DONE,), {"AWS_DEFAULT_OUTPUT": "xml"}), tmp_path)
    assert theirs.requests
    assert not mine.requests
    assert (mine.stderr, mine.code) == (theirs.stderr, 255)


def test_a_url_is_a_value(both: Bench, tmp_path: Path) -> None:
    case = Case(("ec2", "describe-vpcs", "--vpc-ids", f"{both.endpoint.url}/x"), (answer(200, "fetched"), DONE))
    theirs, mine = both.both(case, tmp_path)
    assert [each.method for each in theirs.requests] == ["GET", "POST"]
    assert [each.parameters.get("VpcId.1") for each in mine.requests] == [f"{both.endpoint.url}/x"]


@pytest.mark.parametrize("case", list(written())[::37], ids=str)
def test_a_process_of_its_own_comes_to_the_same(both: Bench, tmp_path: Path, case: Case) -> None:
    _, mine = both.both(case, tmp_path)
    both.endpoint.tell(list(case.answers or ()))
    done = subprocess.run(
        [str(RINGWALL), *case.arguments],
        input=case.stdin, capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False,
        env=settings(both.endpoint.url, tmp_path, **case.changes),
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (mine.code, mine.stdout, mine.stderr)
    sent = [request.comparable for request in both.endpoint.requests]
    assert sent == comparable(mine)["requests"]


@pytest.mark.parametrize("url", ["http://127.0.0.1:{port}", "HTTP://localhost:{port}/"])
def test_an_ordinary_revoke_imports_little(both: Bench, tmp_path: Path, url: str) -> None:
    both.endpoint.tell([STUBS["revoked"]])
    program = (
        "import sys; from ringwall.cli.main import main; status = main(sys.argv[1:]);"
        "print(status, sorted(HEAVY & set(sys.modules)))"
    ).replace("HEAVY", repr(set(HEAVY)))
    arguments = [*REVOKE, "--protocol", "tcp", "--port", "22", "--cidr", "10.0.0.0/8"]
    environment = settings(url.format(port=both.endpoint.port), tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.endswith("\n0 []\n"), done.stdout
