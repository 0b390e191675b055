"""Settings and credentials: what botocore finds with the same options, environment and files."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import botocore.session
import pytest
from botocore.configprovider import ConfiguredEndpointProvider
from botocore.exceptions import BotoCoreError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringwall.client.credentials import find_credentials
from ringwall.client.errors import SettingsFault
from ringwall.client.settings import read_settings
from serving import serving

ORDERS = {
    "profile": (None, ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"], None, None),
    "region": ("region", ["AWS_REGION", "AWS_DEFAULT_REGION"], None, None),
}
"""Version 2's, which botocore 1.44 has otherwise."""

NAMES = st.sampled_from(["default", "a", "b"])
REGIONS = st.sampled_from(["eu-west-1", "us-east-1", ""])
URLS = st.sampled_from(["http://one", "http://two:8080/", ""])
VARIABLES = st.fixed_dictionaries(
    {},
    optional={
        "AWS_PROFILE": NAMES,
        "AWS_DEFAULT_PROFILE": NAMES,
        "AWS_REGION": REGIONS,
        "AWS_DEFAULT_REGION": REGIONS,
        "AWS_ENDPOINT_URL": URLS,
        "AWS_ENDPOINT_URL_EC2": URLS,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": st.sampled_from(["true", "TRUE", "false", "1", ""]),
        "AWS_ACCESS_KEY_ID": st.sampled_from(["AKENV", ""]),
        "AWS_SECRET_ACCESS_KEY": st.sampled_from(["senv", ""]),
        "AWS_SESSION_TOKEN": st.sampled_from(["tenv", ""]),
        "AWS_SECURITY_TOKEN": st.sampled_from(["old", ""]),
        "AWS_CREDENTIAL_EXPIRATION": st.sampled_from(["2001-01-01T00:00:00Z", "2101-01-01T00:00:00Z", ""]),
        "AWS_CA_BUNDLE": st.sampled_from(["/env.pem", ""]),
        "AWS_MAX_ATTEMPTS": st.sampled_from(["1", "7"]),
        "AWS_RETRY_MODE": st.sampled_from(["legacy", "adaptive"]),
        "AWS_USE_FIPS_ENDPOINT": st.sampled_from(["true", "false"]),
        "BOTO_CONFIG": st.just("boto"),
    },
)
KEYS = {
    "aws_access_key_id": st.sampled_from(["AK1", "AK2"]),
    "aws_secret_access_key": st.sampled_from(["s1", "s2"]),
    "aws_session_token": st.just("t1"),
    "aws_security_token": st.just("t2"),
}
IN_CONFIG = {
    **KEYS,
    "region": REGIONS,
    "endpoint_url": URLS,
    "services": st.sampled_from(["s", "t", "gone"]),
    "ca_bundle": st.just("/config.pem"),
    "max_attempts": st.just("2"),
    "retry_mode": st.just("standard"),
    "use_fips_endpoint": st.sampled_from(["true", "no"]),
    "ignore_configured_endpoint_urls": st.sampled_from(["true", "false"]),
    "credential_process": st.just("""echo '{"Version": 1, "AccessKeyId": "P", "SecretAccessKey": "s"}'"""),
}
SECTIONS = {
    "config": st.sampled_from(["default", "profile default", "profile a", "profile b", "c"]),
    "credentials": st.sampled_from(["default", "a", "b", "profile a"]),
}
SERVICES = "[services s]\nec2 =\n  endpoint_url = http://services\n[services t]\nsts =\n  endpoint_url = http://sts\n"


def sections(kind: str, values: dict[str, Any]) -> st.SearchStrategy[str]:
    """The text of a file."""
    bodies = st.dictionaries(SECTIONS[kind], st.fixed_dictionaries({}, optional=values), max_size=3)
    return bodies.map(
        lambda them: "".join(
            f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in body.items()) for name, body in them.items()
        )
    )


OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "profile": NAMES,
        "region": REGIONS,
        "endpoint_url": st.just("http://option"),
        "ca_bundle": st.just("/o"),
    },
)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home of nobody's, with nothing of AWS in the environment."""
    home = tmp_path_factory.mktemp("home")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BOTO"))}
    files = {"AWS_CONFIG_FILE": str(home / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(home / "credentials")}
    with mock.patch.dict(
        os.environ, {**clean, **files, "HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true"}, clear=True
    ):
        yield home


def botocore_finds(options: dict[str, str]) -> dict[str, Any] | str:
    """What botocore makes of options, os.environ and files; the text of its refusal."""
    session = botocore.session.Session(ORDERS)
    for name in ("profile", "region"):
        if options.get(name) or (name == "region" and name in options):  # aws CLI hands on an empty region
            session.set_config_variable(name, options[name])
    try:
        scoped, get = session.get_scoped_config(), session.get_config_variable
        key = session.get_credentials()
        frozen = key and key.get_frozen_credentials()
        url = options.get("endpoint_url")
        if url is None and not get("ignore_configured_endpoint_urls"):
            url = ConfiguredEndpointProvider(session.full_config, scoped, "ec2").provide()
    except (BotoCoreError, RuntimeError, ValueError, OSError) as error:
        return str(error)
    return {
        "region": get("region"),
        "url": url,
        "key": frozen and (frozen.access_key, frozen.secret_key, frozen.token, key.method),
        "verify": options.get("ca_bundle") or get("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE", True),
        "attempts": get("max_attempts"),
        "mode": get("retry_mode") if "AWS_RETRY_MODE" in os.environ or "retry_mode" in scoped else "standard",
        "fips": bool(get("use_fips_endpoint")),
    }


def we_find(options: dict[str, str]) -> dict[str, Any] | str:
    try:
        found = read_settings(options)
        key = find_credentials(found)
        url = found.endpoint_url("ec2")
    except SettingsFault as fault:
        return str(fault)
    configured = found.value("AWS_MAX_ATTEMPTS", config="max_attempts")
    return {
        "region": found.region,
        "url": url,
        "key": key and (key.access_key_id, key.secret, key.token, key.source),
        "verify": found.verify,
        "attempts": configured and found.attempts,
        "mode": found.retry_mode,
        "fips": found.is_on("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"),
    }


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    environment=VARIABLES,
    config=sections("config", IN_CONFIG),
    keys=sections("credentials", KEYS | {"region": REGIONS, "endpoint_url": URLS}),
    options=OPTIONS,
)
def test_it_finds_what_botocore_finds(
    directory: Path, environment: dict[str, str], config: str, keys: str, options: dict[str, str]
) -> None:
    (directory / "config").write_text(config + SERVICES)
    (directory / "credentials").write_text(keys)
    (directory / "boto").write_text("[Credentials]\naws_access_key_id = AKBOTO\naws_secret_access_key = sb\n")
    if "BOTO_CONFIG" in environment:
        environment = {**environment, "BOTO_CONFIG": str(directory / "boto")}
    with mock.patch.dict(os.environ, environment):
        expected, found = botocore_finds(options), we_find(options)
    assert found == expected


# --- What is refused, and how; what takes more than files ---


def found_in(directory: Path, config: str, environment: dict[str, str] | None = None, **options: Any) -> Any:
    """The credentials, with this text as the only file."""
    (directory / "config").write_text(config)
    (directory / "credentials").write_text("")
    with mock.patch.dict(os.environ, environment or {}):
        return find_credentials(read_settings(options))


def process(printed: str, status: int = 0) -> str:
    """A profile whose program prints this."""
    code = f"import sys; print({printed!r}); print('why', file=sys.stderr); sys.exit({status})"
    return f"[default]\ncredential_process = {sys.executable} -c {shlex.quote(code)}\n"


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("", ""),
        ("[default]\n[default]\n", "Unable to parse config file: "),
        ("no section\n", "Unable to parse config file: "),
        ("[default]\ns3 =\n  nonsense\n", "Unable to parse config file: "),
        (
            "[default]\naws_access_key_id = a\n",
            "Partial credentials found in config-file, missing: aws_secret_access_key",
        ),
        (process("", 3), "Error when retrieving credentials from custom-process: why\n"),
        (
            process('{"Version": 2}'),
            "Error when retrieving credentials from custom-process: Unsupported version '2' for",
        ),
        (process("{}"), "Error when retrieving credentials from custom-process: Unsupported version '<Version key not"),
        (
            process('{"Version": 1, "AccessKeyId": "a"}'),
            "Error when retrieving credentials from custom-process: Missing required key in response: 'SecretAcc",
        ),
        (
            process('{"Version": 1, "AccessKeyId": "a", "SecretAccessKey": "s", "Expiration": "2001-01-01T00:00:00Z"}'),
            "Credentials were refreshed, but the refreshed credentials are still expired.",
        ),
        (process("nonsense"), "Expecting value: line 1 column 1 (char 0)"),
        ("[default]\ncredential_process = /nonexistent/program\n", "[Errno 2] No such file or directory"),
        ("[default]\nrole_arn = x\n", "Partial credentials found in assume-role, missing: source_profile"),
        ("[default]\nsso_account_id = 1\n", 'The profile "default" is configured to use SSO but is missing required'),
    ],
)
def test_refusals_are_worded_as_botocores(directory: Path, config: str, said: str) -> None:
    if not said:
        assert found_in(directory, config) is None
        return
    with pytest.raises(SettingsFault) as refused:
        found_in(directory, config)
    assert str(refused.value).startswith(said)
    assert str(refused.value).startswith(str(botocore_finds({}))[: len(said)])


def test_a_profile_that_nobody_has_is_named(directory: Path) -> None:
    for options, environment in (({"profile": "gone"}, {}), ({}, {"AWS_PROFILE": "gone"})):
        with pytest.raises(SettingsFault) as refused:
            found_in(directory, "", environment, **options)
        assert (str(refused.value), refused.value.exit_status) == ("The config profile (gone) could not be found", 255)


@pytest.mark.parametrize(
    ("config", "environment", "way"),
    [
        ("[profile p]\nrole_arn = r\nsource_profile = q\n", {}, "takes on a role (role_arn)"),
        ("[profile p]\nrole_arn = r\nweb_identity_token_file = f\n", {}, "takes on a role by a web identity"),
        ("[profile p]\n", {"AWS_WEB_IDENTITY_TOKEN_FILE": "f"}, "takes on a role by a web identity"),
        ("[profile p]\nsso_role_name = r\n", {}, "signs in by SSO"),
        ("[profile p]\nlogin_session = s\n", {}, "signs in by a console session (login_session)"),
        (
            "[profile p]\n",
            {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://h"},
            "gets its key from the container's service",
        ),
    ],
)
def test_without_botocore_it_says_what_to_install(
    directory: Path, config: str, environment: dict[str, str], way: str
) -> None:
    with mock.patch.dict(sys.modules, {"botocore.session": None}), pytest.raises(SettingsFault) as refused:
        found_in(directory, config, {"AWS_PROFILE": "p", **environment})
    said = f"Profile p {way}, which botocore does: install ringwall[aws]."
    assert (str(refused.value), refused.value.exit_status) == (said, 253)


def test_a_role_is_taken_on_by_botocore(directory: Path) -> None:
    """With ringwall's own STS."""
    with serving() as server:
        server.api("POST", "/ringwall/v1/users", {"name": "ann"})
        ann = server.api("POST", "/ringwall/v1/users/ann/keys").json
        who = {"AWS": "arn:aws:iam::123456789012:user/ann"}
        trust = {
            "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": who},
            "Version": "2012-10-17",
        }
        made = server.api("POST", "/ringwall/v1/roles", {"name": "oncall", "trust": json.dumps(trust)})
        assert made.status < 300, made.body
        config = (
            f"[profile p]\nrole_arn = arn:aws:iam::123456789012:role/oncall\nsource_profile = q\nregion = us-east-1\n"
            f"[profile q]\naws_access_key_id = {ann['access_key_id']}\n"
            f"aws_secret_access_key = {ann['secret_access_key']}\n"
        )
        key = found_in(directory, config, {"AWS_ENDPOINT_URL_STS": server.url, "AWS_PROFILE": "p"})
    assert (key.access_key_id[:4], bool(key.token), key.source) == ("ASIA", True, "assume-role")
    assert list((directory / ".aws/cli/cache").iterdir()), "the next call needn't ask again"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (
            "AWS_RETRY_MODE",
            "odd",
            "Invalid value provided to \"mode\": \"odd\" must be one of: ('legacy', 'standard', 'adaptive')",
        ),
        ("AWS_MAX_ATTEMPTS", "0", 'Value provided to "max_attempts": 0 must be an integer greater than or equal to 1.'),
        ("AWS_MAX_ATTEMPTS", "x", "invalid literal for int() with base 10: 'x'"),
    ],
)
def test_retries_that_cant_be_are_refused_as_by_botocore(directory: Path, name: str, value: str, said: str) -> None:
    with mock.patch.dict(os.environ, {name: value}):
        with pytest.raises(SettingsFault) as refused:
            _ = read_settings({}).attempts, read_settings({}).retry_mode
        with pytest.raises((BotoCoreError, ValueError)) as theirs:
            botocore.session.Session(ORDERS).create_client("ec2", region_name="us-east-1")
    assert str(refused.value) == str(theirs.value) == said


def test_timeouts_and_trust(directory: Path) -> None:
    found = read_settings({"cli_connect_timeout": "0", "no_verify_ssl": True, "ca_bundle": "x"})
    assert (found.connect_seconds, found.read_seconds, found.verify) == (None, 60, False)
    with mock.patch.dict(os.environ, {"AWS_PAGER": "", "PAGER": "more", "AWS_DEFAULT_OUTPUT": "text"}):
        assert (read_settings({}).pager, read_settings({}).output) == ("", "text")
        assert read_settings({"output": "table"}).output == "table"
