"""What the command says of a line that can't be done, its help, its pager, and what it imports."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from ringwall.cli.ec2 import messages
from ringwall.cli.ec2.arguments import GLOBAL_OPTIONS, options
from ringwall.cli.ec2.command import run
from ringwall.client.model import COMMANDS, WAITERS

REVOKE = "revoke-security-group-ingress"
REVOKED = (
    '<RevokeSecurityGroupIngressResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>'
    "<return>true</return></RevokeSecurityGroupIngressResponse>"
)
NEVER_IMPORTED = {
    *(
        "argparse",
        "typing",
        "typing_extensions",
        "dataclasses",
        "inspect",
        "json",
        "http.client",
        "email",
        "ssl",
        "logging",
    ),
    *("botocore", "jmespath", "ruamel", "asyncio", "pathlib", "difflib", "subprocess", "ringwall.wire.shapes"),
}


BOMB = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}' if n else 'x'] * 10)}]\n" for n in range(12))
"""A thousand bytes that are a million million values."""


@contextmanager
def revoking() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """The URL of a server that says yes to every revoke, and the forms that it was sent."""
    forms: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = self.rfile.read(int(self.headers["Content-Length"])).decode()
            forms.append(dict(parse_qsl(form, keep_blank_values=True)))
            self.send_response(200)
            self.send_header("Content-Length", str(len(REVOKED)))
            self.end_headers()
            self.wfile.write(REVOKED.encode())

        def log_message(self, *parts: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", forms
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.chdir(tmp_path)


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """The status of a line that must not print anything, and what it wrote to standard error."""
    status = run(words)
    out, err = capsys.readouterr()
    assert out == ""
    return status, err


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        ((), 252, "ringwall: error: the following arguments are required: operation"),
        (("wait",), 252, "ringwall: error: too few arguments"),
        (("wait", "--bogus"), 252, "Unknown options: --bogus"),
        (("revoke-security-group-ingres",), 252, "maybe you meant:\n\n  * revoke-security-group-ingress"),
        ((REVOKE, "--group-idd", "sg-1"), 252, "Unknown option: '--group-idd', maybe you meant:\n  * --group-id"),
        ((REVOKE, "--zzzz"), 252, "Unknown options: --zzzz\n"),
        ((REVOKE, "--group-id"), 252, "argument --group-id: expected one argument"),
        ((REVOKE, "--group"), 252, "ambiguous option: --group could match --group-id, --group-name, --group-owner"),
        ((REVOKE, "--dry-run=x"), 252, "argument --dry-run: ignored explicit argument 'x'"),
        ((REVOKE, "--from-port", "x"), 255, "invalid literal for int() with base 10: 'x'"),
        ((REVOKE, "--protocol", "tcp", "--ip-permissions", "a=b"), 252, "option is not compatible with the --ip-perm"),
        ((REVOKE, "--cli-input-json", "[1]"), 252, "Invalid type: expecting map, received <class 'list'>"),
        ((REVOKE, "--cli-input-json", "{"), 252, "line 1 column 2 (char 1)"),
        ((REVOKE, "--cli-input-yaml", "GroupId: [a\nb: c"), 252, "line 2, column 2"),
        ((REVOKE, "--cli-input-yaml", BOMB), 252, "its aliases make it more than 1000000 values"),
        ((REVOKE, "--cli-input-yaml", "GroupId: &a [*a]"), 252, "its aliases make it more than 1000000 values"),
        ((REVOKE, "--group-id", "file:///dev/zero"), 252, "file:///dev/zero: it has more than 67108864 bytes"),
        ((REVOKE, "--ip-permissions", "fileb:///dev/zero"), 252, "it has more than 67108864 bytes"),
        ((REVOKE, "--cli-input-yaml", "- a"), 252, "Invalid type: expecting map, received <class 'list'>"),
        ((REVOKE, "--cli-input-yaml", "{}", "--cli-input-json", "{}"), 252, "Only one --cli-input- parameter may be"),
        (
            (REVOKE, "--ip-permissions", "file://absent"),
            252,
            "Unable to load paramfile file://absent: [Errno 2] No such",
        ),
        ((REVOKE, "--ip-permissions", "file://."), 252, "Unable to load paramfile file://.: [Errno 21] Is a directory"),
        ((REVOKE, "--ip-permissions", "file://bytes"), 252, "text contents could not be decoded"),
        ((REVOKE, "--group-id", "fileb://bytes"), 252, "type: <class 'bytes'>, valid types: <class 'str'>"),
        ((REVOKE, "--ip-permissions", "[" * 100_000), 255, "maximum recursion depth exceeded"),
        ((REVOKE, "--group-id", "half\udce9"), 255, "surrogates not allowed"),
        ((REVOKE, "--query", "a["), 252, "Bad value for --query a[: Invalid jmespath expression"),
        ((REVOKE, "--endpoint-url", "here:80"), 255, ""),
        ((REVOKE, "--endpoint-url", "here"), 252, 'Bad value for --endpoint-url "here": scheme is missing.'),
        ((REVOKE, "--output", "xml"), 252, "argument --output: Invalid choice, valid choices are:"),
        ((REVOKE, "--profile", "absent"), 255, "The config profile (absent) could not be found"),
        ((REVOKE, "--group-id", "sg-1"), 255, "Could not connect to the endpoint URL"),
        (("describe-security-groups", "--page-size", "3"), 252, "Invalid value for parameter MaxResults, value: 3"),
        (("describe-vpcs", "--starting-token", "a___b___c"), 255, "Bad starting token: a___b___c"),
    ],
)
def test_what_is_wrong_is_said(
    words: tuple[str, ...], status: int, text: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    found, error = said(capsys, *words)
    assert text in error
    assert error.startswith("\n")
    assert "Traceback" not in error
    assert found == status


def test_without_a_region_and_without_keys(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert said(capsys, REVOKE, "--group-id", "sg-1")[0] == messages.CONFIGURATION
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert said(capsys, REVOKE, "--group-id", "sg-1")[0] == messages.CONFIGURATION


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ("output = xml", "Unknown output type: xml"),
        ("cli_timestamp_format = unix", "Unknown cli_timestamp_format value"),
    ],
)
def test_nonsense_in_the_profile_is_found_before_anything_is_sent(
    setting: str, text: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws/config").write_text(f"[default]\n{setting}\n")
    with revoking() as (url, forms):
        status, error = said(capsys, REVOKE, "--group-id", "sg-1", "--endpoint-url", url)
    assert (status, forms) == (255, [])
    assert text in error


def test_debugging_shows_where_an_odd_line_ends() -> None:
    with pytest.raises(UnicodeEncodeError):
        run([REVOKE, "--group-id", "half\udce9", "--debug"])


@pytest.mark.parametrize("words", [("help",), ("--help",), ("--region", "x", "--help")])
def test_help_begins_with_examples_and_lists_everything(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words) == 0
    text = capsys.readouterr().out
    assert text.index("EXAMPLES") < text.index("OPERATIONS") < text.index("OPTIONS OF ALL")
    for name in (*COMMANDS, *(each.name for each in GLOBAL_OPTIONS)):
        assert f"  {name}" in text, name


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_help_of_an_operation_has_each_of_its_options(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "help"]) == 0
    text = capsys.readouterr().out
    assert text.index("EXAMPLES") < text.index("WHAT IT DOES") < text.index("OPTIONS\n")
    for option in options(COMMANDS[command]):
        assert option.name in text.split(), option.name
    assert run([command, "--help"]) == 0
    assert capsys.readouterr().out == text


def test_help_of_waiters(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (("wait", "help"), ("wait", "vpc-exists", "help"), ("wait", "--help")):
        assert run(words) == 0
        text = capsys.readouterr().out
        assert all(name in text for name in WAITERS)


def test_the_version_is_ours(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("ringwall/")


def test_forms_are_printed_and_nothing_is_sent(capsys: pytest.CaptureFixture[str]) -> None:
    for form in ((), ("input",), ("yaml-input",), ("output",)):
        assert run(["create-security-group", "--generate-cli-skeleton", *form, *needed(form)]) == 0
        assert "GroupId" in capsys.readouterr().out or form != ("output",)
    status, error = said(capsys, "create-security-group", "--generate-cli-skeleton", "output")
    assert (status, "the following arguments are required: --description, --group-name" in error) == (252, True)


def needed(form: tuple[str, ...]) -> list[str]:
    return ["--description", "a", "--group-name", "b"] if form == ("output",) else []


def test_a_form_can_be_given_back(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for form, option in (("input", "--cli-input-json"), ("yaml-input", "--cli-input-yaml")):
        assert run([REVOKE, "--generate-cli-skeleton", form]) == 0
        (tmp_path / form).write_text(capsys.readouterr().out)
        with revoking() as (url, forms):
            assert run([REVOKE, option, f"file://{form}", "--group-id", "sg-9", "--endpoint-url", url]) == 0
            sent = forms[0]
        capsys.readouterr()
        assert sent["GroupId"] == "sg-9", "the line wins"
        assert sent["IpPermissions.1.IpRanges.1.CidrIp"] == ""
        assert sent["DryRun"] == "true"


def test_an_ordinary_call_imports_little() -> None:
    program = f"""
import sys
from ringwall.cli.main import main
before = set(sys.modules)
status = main({["ec2", REVOKE, "--group-id", "sg-1", "--protocol", "tcp", "--port", "22", "--cidr", "10.0.0.0/8"]!r})
assert status == 0
print(sorted(set(sys.modules) & {NEVER_IMPORTED!r}))
"""
    with revoking() as (url, _):
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{program}"],
            env={**os.environ, "AWS_ENDPOINT_URL_EC2": url},
            capture_output=True,
            text=True,
        )
    assert done.stdout == '{\n    "Return": true\n}\n[]\n', done.stderr


@pytest.mark.parametrize(
    ("words", "changes", "shown"),
    [
        ((), {"AWS_PAGER": "sed s/^/paged:/"}, b"paged:{"),
        (("--no-cli-pager",), {"AWS_PAGER": "sed s/^/paged:/"}, b"{"),
        ((), {"AWS_PAGER": ""}, b"{"),
        ((), {"AWS_PAGER": "absent-pager"}, b"Unable to redirect output to pager"),
    ],
)
def test_a_terminal_has_its_pager(words: tuple[str, ...], changes: dict[str, str], shown: bytes) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "ringwall.cli.main", "ec2", "delete-security-group", "--group-id", "a"]
    with subprocess.Popen(
        [*command, "--generate-cli-skeleton", "output", *words],
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, **changes},
    ) as process:
        os.close(theirs)
        text = b""
        try:
            while piece := os.read(ours, 4096):
                text += piece
        except OSError:  # the other end has gone
            pass
        process.wait(30)
    os.close(ours)
    assert text.lstrip().startswith(shown)
