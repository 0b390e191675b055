"""The files of AWS tools: the same sections as Python's configparser and botocore make of them."""

from __future__ import annotations

import configparser
import os
from pathlib import Path
from typing import Any

import botocore.configloader
import pytest
from botocore.exceptions import ConfigParseError
from hypothesis import example, given
from hypothesis import strategies as st

from ringwall.client import ini

LINES = st.one_of(
    st.sampled_from(
        [
            "", " ", "[default]", "[profile a]", "[ x ]", "[DEFAULT]", "[]", "[a", "[a]b]", "  [profile b]",
            "region = eu-west-1", "Region=us-east-1", "a:b=c", "= x", "ec2 =", "  endpoint_url = http://h",
            "    deeper", "# no", "  ; no", "a = 1 # kept", "  = y", "word", "\tx = y", "a =   ", "services = s",
            "[services s]", "\x0bv = 1", "é = ü",
        ]
    ),
    st.text(st.sampled_from(list(" \t=:[]#;abAB\x0b\x85\u2003")), max_size=8),
)  # fmt: skip
TEXTS = st.lists(LINES, max_size=12).map("\n".join)


def configparser_reads(text: str) -> dict[str, dict[str, str]] | None:
    """What Python's own parser makes of it; None where it refuses."""
    parser = configparser.RawConfigParser()
    try:
        parser.read_file(text.split("\n"))
    except configparser.Error:
        return None
    return {section: dict(parser.items(section)) for section in parser.sections()}


def flattened(value: str | dict[str, str]) -> str | dict[str, str]:
    """A nested section as botocore reads it."""
    return botocore.configloader._parse_nested(value) if isinstance(value, str) and value.startswith("\n") else value


@given(TEXTS)
@example("[a]\nx = 1\n\n  2\n")
@example("[a]\nx =\n  y = 1\n\n  z = 2\n")
@example("[DEFAULT]\nx = 1\n[a]\ny = 2\n[DEFAULT]\nz = 3")
@example("[a]\nx = 1\n[a]\n")
@example("[a]\nx = 1\nX = 2\n")
@example("[a]\n  x = 1\n y = 2\n")
def test_it_reads_what_configparser_reads(text: str) -> None:
    expected: dict[str, dict[str, Any]] | None = configparser_reads(text)
    try:
        expected = expected and {
            section: {name: flattened(value) for name, value in values.items()} for section, values in expected.items()
        }
    except ValueError:
        expected = None
    try:
        found: Any = ini.parse(text)
    except ini.Malformed:
        found = None
    assert found == expected


@given(st.lists(st.text(st.sampled_from(list("profileservices \"'\\ab\t\u2003")), min_size=1, max_size=12), max_size=4))
@example(["default", "profile default"])
@example(["profile default", "default"])
@example(['profile "a b"', "profile a b", "profile 'x"])
@example(["profilex y", "services s", "servicesx y"])
def test_profiles_and_services_are_those_of_botocore(headers: list[str]) -> None:
    sections = {header: {"n": str(number)} for number, header in enumerate(headers)}
    expected = botocore.configloader.build_profile_map(sections)
    assert ini.profiles(sections) == {kind: expected[kind] for kind in ("profiles", "services")}


def test_a_place_may_have_a_tilde_and_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").write_text("[default]\nregion = r\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PLACE", str(tmp_path))
    for place in ("~/config", "$PLACE/config", "${PLACE}/config"):
        assert ini.read(place, os.environ) == {"default": {"region": "r"}}
    assert ini.read("~/absent", os.environ) is None
    assert ini.read(str(tmp_path), os.environ) is None


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_bytes(b"[default]\nregion = \xff\n")
    with pytest.raises(ini.Malformed):
        ini.read(str(path), {})
    with pytest.raises(ConfigParseError):
        botocore.configloader.load_config(str(path))
