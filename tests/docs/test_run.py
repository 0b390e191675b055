"""The commands that the documents show are run, and print what the documents say."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import netns
from documents import ROOT, Script, matches, run, scripts
from serving import AWS, KEY_ID, RINGWALL, SECRET, serving

PATH = f"{RINGWALL.parent}:{AWS.parent}:/usr/sbin:/sbin:{os.environ['PATH']}"
NEEDS_AWS = pytest.mark.skipif(not AWS.exists(), reason="the aws CLI isn't installed: `make awscli`")
# Namespaces of its own: nothing of what a page does reaches the machine, or stays, and ports are free.
PREPARE = 'hostname machine; ip link set lo up; mkdir -p /run/netns; mount -t tmpfs tmpfs /run/netns; exec "$@"'
UNSHARED = (
    *("unshare", "--net", "--uts", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
    *("bash", "-c", PREPARE, "alone"),
)  # fmt: skip


def alone(test: Callable[..., None]) -> Callable[..., None]:
    """Marks a test that runs in namespaces of its own."""
    no_unshare = pytest.mark.skipif(shutil.which("unshare") is None, reason="no unshare")
    return pytest.mark.kernel(netns.needs_kernel(NEEDS_AWS(no_unshare(test))))


def environment(home: Path) -> dict[str, str]:
    """A new user's, who has ringwall and the aws CLI at hand and nothing set."""
    return {
        "PATH": PATH,
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "AWS_PAGER": "",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONUNBUFFERED": "1",  # lines of both outputs in the order in which a terminal shows them
    }


@NEEDS_AWS
@pytest.mark.parametrize("script", scripts(ROOT / "README.md"), ids=lambda script: script.name)
def test_the_readme(script: Script, tmp_path: Path) -> None:
    (tmp_path / ".venv").symlink_to(RINGWALL.parent.parent)
    keys = {"RINGWALL_ROOT_ACCESS_KEY_ID": KEY_ID, "RINGWALL_ROOT_SECRET_ACCESS_KEY": SECRET}
    with serving("--data", str(tmp_path / "data"), **keys):
        run(script, tmp_path, environment(tmp_path))


@alone
@pytest.mark.parametrize("script", scripts(ROOT / "docs/howto.md"), ids=lambda script: script.name)
def test_the_howto(script: Script, tmp_path: Path) -> None:
    run(script, tmp_path, environment(tmp_path), UNSHARED)


@alone
@pytest.mark.parametrize("script", scripts(ROOT / "docs/tutorial.md"), ids=lambda script: script.name)
def test_the_tutorial(script: Script, tmp_path: Path) -> None:
    first = script.blocks[0]
    blocks = [replace(first, text=first.text + "cp ../clock.py .\n"), *script.blocks[1:]]  # "Save it as"
    run(replace(script, blocks=blocks), tmp_path, environment(tmp_path), UNSHARED)
    assert not (tmp_path / "ringwall-tutorial").exists()


def test_what_is_printed_is_compared() -> None:
    assert matches("a\nsg-0123456789abcdef0\n", "a\nsg-fedcba98765432100\n")
    assert matches("a\nb\nc\n", "a\n…\nc\n")
    assert not matches("a\nb\n", "a\n")
    assert not matches("a\n", "a\nb\n")
    assert not matches("a\nx\n", "a\n…\nc\n")
