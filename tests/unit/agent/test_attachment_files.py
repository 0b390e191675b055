"""The directory of attachments: what is read, what isn't believed, and what is never opened."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from ringwall.agent.attachment_files import (
    CONTENT_BYTES_MAX,
    FILES_MAX,
    STATUS,
    Status,
    Unreadable,
    read_files,
    read_status,
    write_attachment,
    write_status,
)
from ringwall.agent.attachments import Told


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    made = tmp_path / "attachments"
    made.mkdir(mode=0o700)
    return made


def ids(directory: Path) -> dict[str, str | None]:
    return {each.device: each.interface_id for each in read_files(directory)[0]}


def test_what_is_written_is_read(directory: Path) -> None:
    write_attachment(directory, "vc1", "eni-0a")
    (directory / "tap0").write_text("eni-0b")
    write_attachment(directory, "vc1", "eni-0c")
    assert read_files(directory) == (
        [Told("tap0", "eni-0b", f"{directory}/tap0"), Told("vc1", "eni-0c", f"{directory}/vc1")], [],
    )  # fmt: skip
    assert sorted(each.name for each in directory.iterdir()) == ["tap0", "vc1"]
    assert (directory / "vc1").stat().st_mode & 0o777 == 0o600


def test_a_directory_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    assert read_files(tmp_path / "none") == ([], [])


def test_the_first_attachment_makes_the_directory(tmp_path: Path) -> None:
    write_attachment(tmp_path / "a" / "b", "vc1", "eni-0a")
    assert ids(tmp_path / "a" / "b") == {"vc1": "eni-0a"}
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"eni-", b"ENI-0A", b"eni-0a eni-0b", b"\xff\xfe", b"sg-0a", b" " * CONTENT_BYTES_MAX + b"eni-0a"],
)
def test_a_content_that_is_no_interface(directory: Path, content: bytes) -> None:
    (directory / "vc1").write_bytes(content)
    told, problems = read_files(directory)
    assert told == [Told("vc1", None, f"{directory}/vc1")]
    assert problems[0].startswith(f"{directory}/vc1: ")


def test_a_name_that_is_no_device(directory: Path) -> None:
    for name in ("sixteen-letters-", "v c", "v:c", "lo", "v\x1b[2J"):
        (directory / name).write_text("eni-0a")
    (directory / ".hidden").write_text("eni-0a")
    told, problems = read_files(directory)
    assert told == []
    assert len(problems) == 5
    assert all(problem.isprintable() for problem in problems)


def test_nothing_is_followed_waited_for_or_taken_from_others(directory: Path, tmp_path: Path) -> None:
    (tmp_path / "real").write_text("eni-0a")
    (directory / "link").symlink_to(tmp_path / "real")
    os.mkfifo(directory / "pipe", 0o600)
    (directory / "dir").mkdir()
    (directory / "wide").write_text("eni-0a")
    (directory / "wide").chmod(0o666)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(directory / "sock"))
        assert ids(directory) == dict.fromkeys(["dir", "link", "pipe", "sock", "wide"])
    assert len(read_files(directory)[1]) == 5


@pytest.mark.skipif(os.geteuid() != 0, reason="not root")
def test_what_belongs_to_somebody_else_is_not_believed(directory: Path) -> None:
    (directory / "vc1").write_text("eni-0a")
    os.chown(directory / "vc1", 65534, 65534)
    assert ids(directory) == {"vc1": None}
    os.chown(directory, 65534, 65534)
    with pytest.raises(Unreadable, match="others than root can write it"):
        read_files(directory)


@pytest.mark.parametrize("how", ["open to others", "a file", "too many"])
def test_a_directory_that_says_nothing_that_can_be_believed(directory: Path, tmp_path: Path, how: str) -> None:
    if how == "open to others":
        directory.chmod(0o777)
    elif how == "a file":
        directory = tmp_path / "file"
        directory.write_text("eni-0a")
    else:
        for n in range(FILES_MAX + 1):
            (directory / f"v{n}").touch()
    with pytest.raises(Unreadable):
        read_files(directory)


def test_the_status_is_what_was_written_since_this_boot(tmp_path: Path) -> None:
    status = Status({"vc1": "eni-0a"}, {"vc2": "Device vc2 is closed."}, {"vc3": 7})
    assert read_status(tmp_path) == Status()
    write_status(tmp_path, status)
    assert read_status(tmp_path) == status
    told = (tmp_path / STATUS).read_text()
    for damaged in (
        "",
        "{",
        "[]",
        "null",
        told[:-20],
        told.replace("boot_id", "boot"),
        told.replace('"boot_id": "', '"boot_id": "x'),
    ):
        (tmp_path / STATUS).write_text(damaged)
        assert read_status(tmp_path) == Status()
