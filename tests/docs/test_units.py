"""The systemd units that are shipped: systemd takes them, and the commands in them are ones that ringwall takes."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from documents import ROOT
from ringwall.cli.main import parser
from ringwall.config import default_agent_directory
from serving import RINGWALL

UNITS = sorted((ROOT / "systemd").glob("*.service"))
INSTALLED = "/opt/ringwall/.venv/bin/ringwall"


def settings(unit: Path) -> dict[str, list[str]]:
    """Each setting with its values, in order."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text().splitlines():
        if re.match(r"\w+=", line):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
        else:
            assert line == "" or line[0] in "#[", f"{unit.name}: {line}"
    return found


def examples() -> dict[str, str]:
    """The variables that the how-to puts into the units' files."""
    return dict(
        re.findall(r"\| `/etc/ringwall/\w+\.env` \| `(RINGWALL_\w+)=(.+)` \|", (ROOT / "docs/howto.md").read_text())
    )


def test_every_unit_is_there_and_told_of() -> None:
    assert [unit.name for unit in UNITS] == [
        "ringwall-agent-boot.service",
        "ringwall-agent.service",
        "ringwall.service",
    ]
    howto = (ROOT / "docs/howto.md").read_text()
    assert all(unit.name in howto for unit in UNITS)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_its_command_with_the_options_of_the_how_to_is_understood(unit: Path) -> None:
    (command,) = settings(unit)["ExecStart"]
    for name, value in examples().items():
        command = command.replace(f"${name}", value)
    program, *words = shlex.split(command)
    assert program == INSTALLED
    assert "$" not in command
    options = parser().parse_args(words)
    assert options.data == Path("/var/lib/ringwall" if unit.stem == "ringwall" else "/var/lib/ringwall-agent")
    (variable,) = re.findall(r"\$(\w+)$", settings(unit)["ExecStart"][0])
    assert variable in examples()


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_it_can_do_no_more_than_it_must(unit: Path) -> None:
    found = settings(unit)
    assert found["CapabilityBoundingSet"] == ([""] if unit.stem == "ringwall" else ["CAP_NET_ADMIN"])
    for name, value in (("NoNewPrivileges", "yes"), ("ProtectSystem", "strict"), ("RestrictNamespaces", "yes")):
        assert found[name] == [value]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: others have their own directory")
def test_the_verbs_look_where_the_units_keep_it() -> None:
    kept = {re.findall(r"--data (\S+)", settings(unit)["ExecStart"][0])[0] for unit in UNITS if "agent" in unit.stem}
    assert kept == {str(default_agent_directory())}
    assert f"(default {default_agent_directory()})" in (ROOT / "docs/reference.md").read_text()


def test_the_boot_unit_comes_before_the_network_and_the_agent_always_comes_back() -> None:
    boot, agent = (settings(ROOT / f"systemd/{name}.service") for name in ("ringwall-agent-boot", "ringwall-agent"))
    assert "network-pre.target" in boot["Before"][0].split()
    assert "network-pre.target" in boot["Wants"][0].split()
    assert boot["DefaultDependencies"] == ["no"]
    assert agent["Restart"] == ["always"]
    assert agent["StartLimitIntervalSec"] == ["0"]
    assert "ringwall-agent-boot.service" in agent["After"][0].split()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_takes_them(tmp_path: Path) -> None:
    for unit in UNITS:
        (tmp_path / unit.name).write_text(unit.read_text().replace(INSTALLED, str(RINGWALL)))
    names = [str(tmp_path / unit.name) for unit in UNITS]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *names], capture_output=True, text=True, check=False, timeout=60
    )
    said = [line for line in done.stderr.splitlines() if "ringwall" in line]
    assert (done.returncode, said) == (0, [])
