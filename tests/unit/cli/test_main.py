"""The command line as people meet it: what is understood, what isn't, and what it costs to ask for one verb."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ringwall import __version__
from ringwall.cli.main import main

VERBS = ("serve", "env", "host", "wait", "agent")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`ringwall` as a process, with none of the user's own AWS settings."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RINGWALL_"))}
    return subprocess.run(
        [sys.executable, "-m", "ringwall.cli.main", *arguments],
        capture_output=True, text=True, timeout=60, env=settings | environment, check=False,
    )  # fmt: skip


def usage_error(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What `ringwall` says to arguments that it doesn't understand."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nonsense",),
        ("serve", "--nonsense"),
        ("serve", "extra"),
        ("serve", "--port", "many"),
        ("serve", "--limits", "some"),
        ("serve", "--insecure"),
        ("host",),
        ("host", "nonsense"),
        ("host", "token"),
        ("host", "enforce"),
        ("host", "show", "i-../../x"),
        ("host", "show", "é"),
        ("host", "detach", "i-0123456789abcdef0", "eni-../../x"),
        ("host", "attach", "i-0123456789abcdef0", "--interface", "eth1"),
        ("env", "extra"),
        ("agent",),
        ("wait", "--revision", "0"),
        ("wait", "--revision", "last"),
        ("wait", "--timeout", "-1"),
        ("wait", "--timeout", "inf"),
        ("agent", "--server", "http://127.0.0.1:1", "--token", "secret"),
    ],
)
def test_what_is_not_understood_is_a_usage_error(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    said = usage_error(capsys, *arguments)
    assert said.startswith("usage: ringwall")
    assert "error: " in said


@pytest.mark.parametrize(
    ("arguments", "nearest"),
    [
        (("serve", "--prot", "80"), "--port"),
        (("host", "token", "--sbunet", "subnet-1"), "--subnet"),
        (("host", "list", "--regoin", "x"), "--region"),
        (("hots", "list"), "hosts"),
        (("host", "lst"), "list"),
        (("--verison",), "--version"),
        (("agent", "--servr", "x"), "--server"),
        (("agent", "--data", "y", "--servr=x", "bot"), "--server"),
        (("agent", "--data", "y", "docter"), "doctor"),
    ],
)
def test_the_nearest_known_word_is_named(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], nearest: str
) -> None:
    assert usage_error(capsys, *arguments).endswith(f" (did you mean {nearest}?)\n")


def test_an_option_that_is_not_known_is_told_and_not_its_value(capsys: pytest.CaptureFixture[str]) -> None:
    said = usage_error(capsys, "agent", "--servr", "x")
    assert said.endswith("error: unrecognized arguments: --servr (did you mean --server?)\n")


def test_a_word_that_is_like_none_gets_no_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert usage_error(capsys, "serve", "--xyzzy").endswith("unrecognized arguments: --xyzzy\n")


def test_the_way_to_a_verb_imports_nothing() -> None:
    program = (
        "import sys; before = set(sys.modules); import ringwall.cli.main;"
        "print(sorted(set(sys.modules) - before - {'__future__', 'ringwall', 'ringwall.cli', 'ringwall.cli.main'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_version() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"ringwall {__version__}\n", "")


def test_the_help_names_every_verb() -> None:
    done = run("--help")
    assert (done.returncode, done.stderr) == (0, "")
    for verb in VERBS:
        assert f"\n    {verb} " in done.stdout


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(capsys: pytest.CaptureFixture[str], verb: str) -> None:
    with pytest.raises(SystemExit) as end:
        main([verb, "--help"])
    assert end.value.code == 0
    said = capsys.readouterr().out
    assert f"usage: ringwall {verb} " in said
    assert verb == "ec2" or said.startswith("examples:\n")


@pytest.mark.parametrize("verb", ["env", "host", "wait"])
def test_a_verb_that_only_asks_imports_no_server(verb: str, tmp_path: Path) -> None:
    program = (
        "import sys; from ringwall.cli.main import main; status = main(sys.argv[1:]);"
        "print(status, sorted({'uvicorn', 'starlette', 'uvloop', 'sqlite3', 'asyncio'} & set(sys.modules)))"
    )
    arguments = [verb, *(["list"] if verb == "host" else []), "--data", str(tmp_path)]
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    assert done.stdout == "1 []\n"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:99999", "ftp://127.0.0.1", "127.0.0.1:4580", "http://", "http://[", "http://a:0"]
)
def test_a_url_that_is_none_is_refused_in_a_sentence(url: str) -> None:
    done = run("host", "list", "--server", url, AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"ringwall host list: {url!r} is no server's URL: write http://name:port or https://name:port.\n"
    )


def test_a_server_that_is_not_there_is_said_in_a_sentence() -> None:
    done = run("host", "list", "--server", "http://127.0.0.1:1", AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("Is the server running there?\n")


@pytest.mark.parametrize("text", ["[1]", "{", '"x"', "\xff"])
def test_an_endpoint_file_that_is_broken_is_said_in_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "credentials").write_text("[default]\naws_access_key_id = a\naws_secret_access_key = b\n")
    (tmp_path / "endpoint.json").write_text(text, encoding="latin-1")
    done = run("env", "--data", str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{tmp_path}/endpoint.json can't be read" in done.stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_went_away_is_no_traceback(tmp_path: Path, unbuffered: str) -> None:
    (tmp_path / "credentials").write_text("[default]\naws_access_key_id = a\naws_secret_access_key = b\n")
    command = [sys.executable, "-m", "ringwall.cli.main", "env", "--data", str(tmp_path)]
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 1
