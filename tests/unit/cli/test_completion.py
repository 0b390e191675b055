"""`ringwall completion` in the shells themselves: verbs, options, and names that a real server has."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from enrolled import enrol
from ringwall.cli import completion
from ringwall.cli.main import VERBS, parser
from ringwall.cli.words import completing
from ringwall.client.model import COMMANDS
from serving import RINGWALL, Server
from terminal import Terminal

needs_zsh = pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh isn't installed")
needs_fish = pytest.mark.skipif(shutil.which("fish") is None, reason="fish isn't installed")
SHELLS = ["bash", pytest.param("zsh", marks=needs_zsh), pytest.param("fish", marks=needs_fish)]

IN_BASH = """
source "$1"
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_ringwall
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("scripts")
    for shell in completing.SHELLS:
        done = subprocess.run([str(RINGWALL), "completion", shell], capture_output=True, text=True, check=True)
        (directory / shell).write_text(done.stdout)
    return directory


def environment(server: Server | None, home: Path) -> dict[str, str]:
    """home: shells write their histories there."""
    path = f"{RINGWALL.parent}:/usr/bin:/bin"
    base = server.environment if server else {"LANG": "C.UTF-8"}
    return {**base, "PATH": path, "HOME": str(home)}


def bash(scripts: Path, server: Server | None, *words: str) -> list[str]:
    """What bash offers for the last of the words."""
    done = subprocess.run(
        ["bash", "--norc", "-c", IN_BASH, "bash", str(scripts / "bash"), *words],
        env=environment(server, scripts), capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout.split()


def fish(scripts: Path, server: Server | None, line: str) -> list[str]:
    done = subprocess.run(
        ["fish", "--no-config", "-c", f"source {scripts / 'fish'}; complete -C '{line}'"],
        env=environment(server, scripts), capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    return [each.split("\t")[0] for each in done.stdout.splitlines()]


def zsh(scripts: Path, server: Server | None, line: str) -> str:
    """What zsh, with a person before it, makes of the line and a press of the Tab key."""
    setting = {**environment(server, scripts), "TERM": "xterm", "ZDOTDIR": str(scripts)}
    with Terminal(["zsh", "-f", "-i"], setting, columns=300) as terminal:
        terminal.type(f"PS1=; autoload -U compinit; compinit -u -D; source {scripts / 'zsh'}\n")
        terminal.type(
            "tab() { zle complete-word; print -r -- \"<$BUFFER>\" > /dev/tty }; zle -N tab; bindkey '^T' tab\n"
        )
        terminal.type("echo rea''dy\n")
        terminal.expect("ready\r\n")
        terminal.type(f"{line}\x14")
        return terminal.expect(">\r\n").rpartition("<")[2].partition(">")[0]


CASES = [
    (("ringwall", "clo"), {"close"}),
    (("ringwall", "host", "obs"), {"observe"}),
    (("ringwall", "close", "tcp/22", "--fr"), {"--from"}),
    (("ringwall", "close", "--on-revoke", ""), {"cut", "keep"}),
    (("ringwall", "close", "ss"), {"ssh"}),
    (("ringwall", "explain", "InvalidPermission.N"), {"InvalidPermission.NotFound"}),
    (("ringwall", "completion", "f"), {"fish"}),
    (("ringwall", "ec2", "revoke-security-group-i"), {"revoke-security-group-ingress"}),
    (("ringwall", "ec2", "revoke-security-group-ingress", "--security-group-r"), {"--security-group-rule-ids"}),
    (("ringwall", "ec2", "describe-security-groups", "--output", "yaml-"), {"yaml-stream"}),
    (("ringwall", "ec2", "wait", "network-interface-"), {"network-interface-available"}),
]


@pytest.mark.parametrize(("words", "offered"), CASES)
def test_verbs_and_options_in_bash(scripts: Path, words: tuple[str, ...], offered: set[str]) -> None:
    assert set(bash(scripts, None, *words)) == offered


@needs_fish
@pytest.mark.parametrize(("words", "offered"), CASES)
def test_verbs_and_options_in_fish(scripts: Path, words: tuple[str, ...], offered: set[str]) -> None:
    found = fish(scripts, None, " ".join(words))
    assert {each for each in found if each.startswith(words[-1])} == offered


@needs_zsh
@pytest.mark.parametrize(("words", "offered"), [case for case in CASES if len(case[1]) == 1])
def test_verbs_and_options_in_zsh(scripts: Path, words: tuple[str, ...], offered: set[str]) -> None:
    assert zsh(scripts, None, " ".join(words)).split() == [*words[:-1], *offered]


def test_every_verb_option_and_operation_is_in_the_scripts(scripts: Path) -> None:
    table = {node.path: node for node in completing.nodes(parser())}
    assert set(VERBS) <= set(table[""].words)
    assert set(COMMANDS) <= set(table["ec2"].words)
    assert {"--from", "--split", "--yes"} <= set(table["close"].options)
    assert {"--dry-run", "--region", "--query"} <= set(table["ec2 revoke-security-group-ingress"].options)
    for shell in completing.SHELLS:
        text = (scripts / shell).read_text()
        for node in table.values():
            assert f"'{node.path}'" in text
            assert all(each in text for each in (*node.words, *node.options))


def test_both_sides_name_the_same_kinds() -> None:
    assert (completion._NAMES, completion._SHELLS) == (completing.NAMES, completing.SHELLS)


EVIL = "$(touch evil) `touch evil` ;touch evil"


@pytest.fixture(scope="module")
def named(server: Server) -> Server:
    """A server with groups, of names good and bad, a list and a host."""
    client = server.client()
    for name in ("web", "webhook", "$(touch evil);"):
        client.create_security_group(GroupName=name, Description="x")
    client.create_managed_prefix_list(PrefixListName="office", MaxEntries=1, AddressFamily="IPv4")
    client.create_managed_prefix_list(PrefixListName=EVIL, MaxEntries=1, AddressFamily="IPv4")
    enrol(server, "web1")
    return server


def test_names_of_the_server_in_bash(scripts: Path, named: Server) -> None:
    assert bash(scripts, named, "ringwall", "list", "web") == ["web", "webhook"]
    assert bash(scripts, named, "ringwall", "list", "default", "webh") == ["webhook"]
    assert bash(scripts, named, "ringwall", "allow", "web", "tcp/22", "from", "of") == ["office"]
    assert bash(scripts, named, "ringwall", "close", "tcp/22", "--from", "an") == ["any"]
    assert bash(scripts, named, "ringwall", "close", "tcp/22", "--from", "=", "an") == ["any"]
    assert set(bash(scripts, named, "ringwall", "show", "web")) == {"web", "webhook", "web1"}
    (host,) = bash(scripts, named, "ringwall", "host", "show", "i-")
    assert host.startswith("i-")
    ids = bash(scripts, named, "ringwall", "ec2", "describe-security-groups", "--group-ids", "")
    assert len(ids) == 4
    assert all(each.startswith("sg-") for each in ids)


@needs_fish
def test_names_of_the_server_in_fish(scripts: Path, named: Server) -> None:
    assert set(fish(scripts, named, "ringwall list web")) == {"web", "webhook"}
    assert fish(scripts, named, "ringwall close tcp/22 --from offi") == ["office"]


@needs_zsh
def test_names_of_the_server_in_zsh(scripts: Path, named: Server) -> None:
    assert zsh(scripts, named, "ringwall list webh").split() == ["ringwall", "list", "webhook"]


def test_a_name_is_never_a_command(scripts: Path, named: Server, tmp_path: Path) -> None:
    """A group that somebody named so as to be executed is offered by its id, and nothing is executed."""
    offered = subprocess.run(
        ["bash", "--norc", "-c", IN_BASH, "bash", str(scripts / "bash"), "ringwall", "close", "tcp/22", "--from", ""],
        env=environment(named, tmp_path), cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False,
    ).stdout.split()  # fmt: skip
    assert not any(set(each) & set("$`;( ") for each in offered)
    assert sum(each.startswith("sg-") for each in offered) == 1
    assert sum(each.startswith("pl-") for each in offered) >= 1
    assert not (tmp_path / "evil").exists()


def names(setting: dict[str, str]) -> tuple[subprocess.CompletedProcess[str], float]:
    began = time.monotonic()
    done = subprocess.run(
        [str(RINGWALL), "completion", "--names", "groups"], env=setting, capture_output=True, text=True, timeout=30,
        check=False,
    )  # fmt: skip
    return done, time.monotonic() - began


def test_the_helper_is_quiet_where_there_is_no_server(server: Server) -> None:
    for different in (
        {"AWS_SECRET_ACCESS_KEY": "x"},
        {"AWS_ENDPOINT_URL_EC2": "http://127.0.0.1:1"},
        {"AWS_ENDPOINT_URL_EC2": "nonsense"},
    ):
        done, _ = names(server.environment | different)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_helper_waits_for_nobody(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done, seconds = names(server.environment | {"AWS_ENDPOINT_URL_EC2": url})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert seconds < 10 * completion.SECONDS


def test_a_shell_that_is_not_known() -> None:
    done = subprocess.run([str(RINGWALL), "completion", "ksh"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "bash" in done.stderr


def test_tab_on_a_terminal(scripts: Path, named: Server, tmp_path: Path) -> None:
    settings = {**environment(named, tmp_path), "TERM": "dumb", "PS1": ""}
    with Terminal(["bash", "--norc", "-i"], settings, columns=300) as terminal:
        terminal.type(f"source {scripts / 'bash'}; echo rea''dy\n")
        terminal.expect("ready\r\n")
        terminal.type("ringwall li\t")
        terminal.expect("st ")
        terminal.type("webh\t")
        terminal.expect("ook ")
        terminal.type("\x15exit\n")
        assert terminal.end() == 0
