"""The committed model of the command line is what the generator makes of the locked botocore."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from ringwall.client import model
from ringwall.wire import shapes

SCRIPTS = Path(__file__).parents[3] / "scripts"


def test_the_committed_files_are_current(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(SCRIPTS)
    spec = importlib.util.spec_from_file_location("generate_cli_model", SCRIPTS / "generate_cli_model.py")
    assert spec is not None
    assert spec.loader is not None
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    sys.modules.pop("generate_shapes", None)
    for path, text in generator.texts().items():
        assert path.read_text(encoding="utf-8") == text, "run `make generate`"


def test_every_operation_that_the_server_serves_has_a_command() -> None:
    served = {name for name, (service, _, _) in shapes.OPERATIONS.items() if service == "ec2"}
    assert set(model.COMMANDS.values()) == set(model.OPERATIONS) == served
    assert {operation for _, operation, *_ in model.WAITERS.values()} <= served


def test_an_option_for_each_member() -> None:
    for request, answer, options in model.OPERATIONS.values():
        assert len(options) == len(model.STRUCTURES[request])
        assert answer is None or answer in model.STRUCTURES
