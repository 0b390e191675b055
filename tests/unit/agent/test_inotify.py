"""A watched directory: what wakes whoever watches it, and what doesn't."""

from __future__ import annotations

import select
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ringwall.agent.attachment_files import write_attachment
from ringwall.agent.inotify import Inotify


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Inotify]:
    with closing(Inotify()) as made:
        made.watch(tmp_path)
        yield made


def test_a_file_that_comes_changes_or_goes_is_told(watched: Inotify, tmp_path: Path) -> None:
    for step in (
        lambda: (tmp_path / "vc1").write_text("eni-0a"),
        lambda: (tmp_path / "vc1").chmod(0o666),
        lambda: (tmp_path / "vc1").rename(tmp_path / "vc2"),
        lambda: (tmp_path / "vc2").unlink(),
        lambda: write_attachment(tmp_path, "vc3", "eni-0b"),
        lambda: (tmp_path / "vc3").rename(tmp_path / ".vc3"),
        lambda: tmp_path.chmod(0o755),
    ):
        step()
        assert watched.drain()
        assert not watched.drain()


def test_a_file_on_its_way_to_its_name_wakes_nobody(watched: Inotify, tmp_path: Path) -> None:
    (tmp_path / ".vc1.17").write_text("eni-0a")
    assert select.select([watched], [], [], 1)[0], "the kernel told of it"
    assert not watched.drain()
    (tmp_path / ".vc1.17").rename(tmp_path / "vc1")
    assert watched.drain()
    assert not watched.drain()
