"""The committed table is what the generator makes of the locked botocore."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import botocore.loaders
import pytest

from ringwall.wire import shapes

SCRIPT = Path(__file__).parents[2] / "scripts/generate_shapes.py"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_shapes", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_committed_table_is_current(generator: ModuleType) -> None:
    assert generator.TARGET.read_text(encoding="utf-8") == generator.text(), "run `make generate`"


def test_every_operation_of_the_issue_is_in_it(generator: ModuleType) -> None:
    assert set(shapes.OPERATIONS) == {*generator.EC2_OPERATIONS, *generator.STS_OPERATIONS}


def test_every_version_that_botocore_ships_is_accepted() -> None:
    assert set(botocore.loaders.Loader().list_api_versions("ec2", "service-2")) < shapes.EC2_VERSIONS


def test_names_that_the_table_can_answer_for() -> None:
    assert {"RunInstances", "RevokeSecurityGroupIngress"} <= shapes.EC2_OPERATION_NAMES
    assert {"us-east-1", "eu-central-1"} <= shapes.REGIONS
    assert "aws-global" not in shapes.REGIONS
