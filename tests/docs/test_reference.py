"""Nothing is undocumented, and nothing is documented that isn't there."""

from __future__ import annotations

import ast
import importlib.util
import re
import shlex
from pathlib import Path
from types import ModuleType

import pytest
from starlette.routing import Route

from documents import DOCUMENTS, ROOT
from ringwall.cli.ec2 import arguments as ec2
from ringwall.cli.main import parser
from ringwall.client.model import COMMANDS
from ringwall.operations.table import OPERATIONS
from ringwall.server.api import build_api
from ringwall.server.openapi import DOCUMENT
from ringwall.telemetry import METRICS
from ringwall.wire import shapes

PAGE = (ROOT / "docs/reference.md").read_text()
OPERATIONS_PAGE = ROOT / "docs/reference/operations.md"
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", OPERATIONS_PAGE.read_text(), re.MULTILINE | re.DOTALL))
ENVIRONMENT_VARIABLE = re.compile(r"(AWS|RINGWALL|XDG)_[A-Z0-9_]+")


def _generator(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / f"scripts/{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATORS = {name: _generator(name) for name in ("generate_reference", "generate_operations")}
GENERATOR = GENERATORS["generate_reference"]


def test_the_generated_parts_are_current() -> None:
    assert GENERATOR.page(PAGE) == PAGE, "run `make docs`"
    assert set(re.findall(r"<!-- generated: (\S+) -->", PAGE)) == set(GENERATOR.PARTS)


def test_the_page_of_operations_is_current() -> None:
    assert OPERATIONS_PAGE.read_text() == GENERATORS["generate_operations"].page(), "run `make docs`"


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_operation_has_its_parameters_filters_refusals_and_a_source(name: str) -> None:
    section = SECTIONS[name]
    _, structure, _ = shapes.OPERATIONS[name]
    parameters = re.findall(r"^\| `([A-Z][\w.]*)` \| [a-z]+ \| (.+) \|$", section, re.MULTILINE)
    assert {path.split(".")[0] for path, _ in parameters} == set(shapes.INPUTS[structure])
    assert all(re.match(r"served$|(refused|taken without effect): \w", here) for _, here in parameters)
    table = OPERATIONS[name].filters
    members = {member for member, _ in shapes.INPUTS[structure].values()}
    assert (table is not None) == ("Filters" in members)
    for filter_name in () if table is None else (*table.values, *table.barren):
        assert f"`{filter_name}`" in section
    assert "\nSource: " in section
    refusals = re.findall(r"^\| `([\w.…]+)` \| (\d{3}) \| (.+) \|$", section, re.MULTILINE)
    known = {each.code for each in GENERATOR.refusals()} | {"….NotFound", "….Malformed"}
    assert {code for code, *_ in refusals} <= known
    assert len({when for *_, when in refusals}) == len(refusals), "each code has its own when"


def test_the_page_of_operations_names_nothing_that_its_readers_lack() -> None:
    assert not re.findall(r"ec2-behaviour|recorded/|domain\.", OPERATIONS_PAGE.read_text())


def test_the_table_of_operations_leads_to_each_once() -> None:
    table = OPERATIONS_PAGE.read_text().partition("| About |")[2].partition("\n\n")[0]
    shown = re.findall(r"\[(\w+)\]\(#(\w+)\)", table)
    assert sorted(shown) == [(name, name.lower()) for name in sorted(OPERATIONS)]


def test_the_calls_that_are_missed_are_ones_that_ec2_or_sts_has() -> None:
    table = PAGE.partition("## Calls that you will miss")[2].partition("\n## ")[0]
    missed = set(re.findall(r"`([A-Z][a-z]+[A-Z]\w+)`", re.sub(r" \| [^|]* \|$", "", table, flags=re.MULTILINE)))
    missed -= {"UnsupportedOperation", "Ipv4Prefix", "Ipv6Prefix"}
    assert len(missed) > 10
    assert missed <= (shapes.EC2_OPERATION_NAMES | shapes.STS_OPERATION_NAMES) - set(OPERATIONS)


def test_every_error_code_and_no_other() -> None:
    codes = {each.code for each in GENERATOR.refusals()}
    assert len(codes) > 50
    shown = PAGE.partition("## Errors")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([\w.]+)` \| \d{3} \|", shown, re.MULTILINE)) == codes


def test_every_metric_and_no_other() -> None:
    assert set(re.findall(r"`(ringwall_\w+)`", PAGE)) == set(METRICS)


def test_every_route_and_no_other() -> None:
    served = set()
    for route in build_api(None).routes:  # type: ignore[arg-type]  # nothing is called
        assert isinstance(route, Route)
        assert route.methods
        served |= {f"{method} {route.path}" for method in route.methods - {"HEAD"}}
    shown = set(re.findall(r"`((?:GET|POST|PUT|DELETE) /\S+)`", PAGE))
    assert shown == served
    described = {f"{method.upper()} {path}" for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert {each for each in served if "/ringwall/v1/" in each} - {"GET /ringwall/v1/openapi.json"} == described


def test_every_environment_variable_and_no_other() -> None:
    read = set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and ENVIRONMENT_VARIABLE.fullmatch(node.value)
            ):
                read.add(node.value)
    shown = PAGE.partition("## Environment variables")[2].partition("\n## ")[0]
    assert {found[0] for found in re.finditer(ENVIRONMENT_VARIABLE, shown)} - {"AWS_ENDPOINT_URL_STS"} == read - {
        "AWS_ENDPOINT_URL_STS"
    }


def test_every_file_that_is_kept() -> None:
    shown = set(re.findall(r"^\| `DIR/([\w.-]+)` \|", PAGE, re.MULTILINE))
    assert shown == {
        "ringwall.db", "credentials", "endpoint.json", "lock", "agent.json", "state.json", "usage.json", "agent.lock",
        "mode", "released", "rolled-back", "devices", "attachments.json", "agent-ca.json", "agent-ca-former.json",
        "client.pem",
    }  # fmt: skip


def test_limits_are_those_of_the_code() -> None:
    from ringwall.agent.stream import SILENCE_SECONDS_MAX
    from ringwall.operations.hosts import ADDRESSES_MAX, TOKEN_SECONDS
    from ringwall.server.body import BODY_BYTES_MAX, BODY_SECONDS, WAITING_BYTES_MAX
    from ringwall.server.hosts import INTERFACES_MAX
    from ringwall.server.loop import HANDSHAKE_SECONDS
    from ringwall.server.protocol import BoundedProtocol as Http
    from ringwall.watch.messages import HEARTBEAT_SECONDS, MESSAGE_BYTES_MAX, REPORT_BYTES_MAX, UNADMITTED_MAX
    from ringwall.wire.keytree import DEPTH_MAX, NAME_LENGTH_MAX
    from ringwall.wire.request import PARAMETERS_MAX

    mib, kib = 1 << 20, 1 << 10
    for row in (
        f"{BODY_BYTES_MAX // mib} MiB, complete within {BODY_SECONDS:g} seconds; "
        f"unfinished bodies of all connections together {WAITING_BYTES_MAX // mib} MiB",
        f"{PARAMETERS_MAX:,}; a name has at most {NAME_LENGTH_MAX} characters and {DEPTH_MAX} parts",
        f"{Http.head_bytes_max // kib} KiB, within {Http.head_seconds:g} seconds",
        f"{Http.connections_max:,}; closed after {Http.idle_seconds} seconds without a request",
        f"one connection | {Http.pipeline_max} |",
        f"closed after {Http.stall_seconds:g} seconds |",
        f"{HANDSHAKE_SECONDS:g} seconds; TLS 1.2",
        f"one host, {TOKEN_SECONDS:,} seconds",
        f"{INTERFACES_MAX}, {ADDRESSES_MAX}",
        f"{MESSAGE_BYTES_MAX // mib} MiB, {REPORT_BYTES_MAX // kib} KiB",
        f"every {HEARTBEAT_SECONDS} seconds; the agent connects anew after {SILENCE_SECONDS_MAX} seconds",
        f"Flows and listeners that a host lists before enforcement | {UNADMITTED_MAX} |",
    ):
        assert row in PAGE, row


def _command_lines() -> list[tuple[str, str]]:
    """Every `ringwall …` line in a fenced block of any document, continued lines joined."""
    found = []
    for document in DOCUMENTS:
        for block in re.findall(
            r"^```(?:sh|ini|yaml|python)\n(.*?)^```$", document.read_text(), re.MULTILINE | re.DOTALL
        ):
            for line in block.replace("\\\n", " ").splitlines():
                command = re.search(r"(?:^|[\s(/])ringwall ((?:serve|env|host|wait|agent)\b[^)>&|]*)", line)
                if command:
                    found.append((document.name, command[1].rstrip(' ";')))
    return found


@pytest.mark.parametrize(("document", "command"), _command_lines())
def test_every_command_shown_is_one_that_is_understood(document: str, command: str) -> None:
    words = [
        re.sub(r"^\$\w+$", "i-0123456789abcdef0", word)
        for word in shlex.split(command.replace("[", "").replace("]", ""))
    ]
    parser().parse_args(words)


def test_no_option_is_named_that_no_command_has() -> None:
    there = {
        option for _, each in GENERATOR.verbs(parser()) for action in each._actions for option in action.option_strings
    } | {"--version"}
    there |= {option.name for option in ec2.GLOBAL_OPTIONS}
    there |= {option.name for operation in COMMANDS.values() for option in ec2.options(operation)}
    for document in DOCUMENTS:
        if document.parent.name == "adr" or document.name == "CHANGELOG.md":
            continue
        for option in re.findall(r"`(--[a-z0-9-]+)", document.read_text()):
            assert option in there | {"--endpoint-url", "--debug"}, f"{document.name}: {option}"


def test_make_help_names_every_target_with_a_comment() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^([a-z][\w-]*):.*?(##.*)?$", makefile, re.MULTILINE)
    phony = set(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[0].split())
    assert {name for name, comment in targets if comment} == phony
    assert not [name for name, comment in targets if not comment]
    for name in re.findall(r"`?make ([a-z-]+)`", "".join(path.read_text() for path in DOCUMENTS)):
        assert name in phony, name


def test_what_is_said_of_python_is_what_is_required() -> None:
    pyproject = Path(ROOT / "pyproject.toml").read_text()
    assert 'requires-python = ">=3.11"' in pyproject
    assert "Python 3.11 or newer" in (ROOT / "README.md").read_text()
