"""`ringwall agent` as an operator meets it when something isn't right: a sentence, exit status 1, and nothing sent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ringwall.cli.main import main


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--server", "http://192.0.2.1:4580"], "plain HTTP"),
        (["--server", "ringwall.example"], "write https://name:port"),
        (["--server", "https://ringwall.example"], "--token-file"),
        (["--server", "https://ringwall.example", "--token-file", "/nonexistent"], "/nonexistent"),
        (["--server", "http://localhost:1", "--token-file", "{token}", "--interface", "eth99"], "no such interface"),
        (["--server", "http://localhost:1", "--token-file", f"rw1.{'s' * 43}.-"], "takes a file's name, or -"),
        (["--server", "http://localhost:1", "--token-file", "{tls}"], "TLS"),
        (["--server", "http://127.0.0.1:1", "--token-file", "{token}"], "no connection to 127.0.0.1:1"),
        (["--server", "https://a", "--data", "/dev/null/here"], "--data /dev/null/here"),
    ],
)
@pytest.mark.skipif(os.geteuid() != 0, reason="the agent opens the kernel's packet filter, which needs root")
def test_what_cant_be_is_said_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], sentence: str
) -> None:
    tokens = {"{token}": f"rw1.{'s' * 43}.-", "{tls}": f"rw1.{'s' * 43}.{'0' * 64}"}
    for name, text in tokens.items():
        (tmp_path / name).write_text(text)
    given = [str(tmp_path / option) if option in tokens else option for option in options]
    data = [] if "--data" in options else ["--data", str(tmp_path / "data")]
    assert main(["agent", *given, *data]) == 1
    errors = capsys.readouterr().err
    assert sentence in errors
    assert "Traceback" not in errors
    assert "s" * 43 not in errors


@pytest.mark.skipif(os.geteuid() != 0, reason="the agent opens the kernel's packet filter, which needs root")
def test_an_unmanaged_device_that_isnt_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--server", "https://a", "--data", str(tmp_path), "--unmanaged", "lo", "missing0"]
    assert main(["agent", *options]) == 1
    said = capsys.readouterr().err
    assert " WARNING --unmanaged missing0: there is no such interface now; one that appears is left alone\n" in said
    assert "--unmanaged lo" not in said


@pytest.mark.parametrize(
    ("before", "said"), [(["--token"], "--token (did you mean --token-file?)"), ([], "invalid choice: 'rw1.…")]
)
def test_a_token_on_the_command_line_is_not_repeated(
    capsys: pytest.CaptureFixture[str], before: list[str], said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["agent", "--server", "https://a", *before, f"rw1.{'s' * 43}.-"])
    assert ended.value.code == 2
    errors = capsys.readouterr().err
    assert said in errors
    assert "s" * 43 not in errors


def test_the_server_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["agent"])
    assert ended.value.code == 2
    assert "--server" in capsys.readouterr().err
