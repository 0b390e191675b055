"""Which server the command line speaks to, and with which key."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from ringwall.client.credentials import find_credentials
from ringwall.client.errors import SettingsFault
from ringwall.client.settings import Settings, read_settings
from ringwall.config import DEFAULT_HOST, DEFAULT_PORT, DEFAULT_REGION, ConfigurationError, default_data_directory

if TYPE_CHECKING:
    from ringwall.server.credentials import RootKey

ENDPOINT_FILE: Final = "endpoint.json"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server's URL, the region to act in, and a key that it knows.

    ca_bundle: a PEM file of the CAs that may vouch for the server, in place of what AWS_CA_BUNDLE or the system says.
    session_token: that of temporary credentials.
    """

    url: str
    region: str
    access_key_id: str
    secret: str
    ca_bundle: Path | None = None
    session_token: str | None = None


def add_endpoint_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that `find_endpoint` is given."""
    parser.add_argument("--profile", metavar="NAME", help="a profile of ~/.aws/config and credentials")
    parser.add_argument("--data", type=Path, metavar="DIR", help="the server's data directory, for its key and URL")
    parser.add_argument(
        "--server", "--endpoint-url", metavar="URL", help="the server, when it isn't the data directory's"
    )
    parser.add_argument("--region", help="the region to act in")
    parser.add_argument(
        "--ca-bundle",
        type=Path,
        metavar="PEM",
        help="the server's certificate, or those of the CAs that may vouch for it (default: AWS_CA_BUNDLE)",
    )


def read_endpoint(data: Path) -> Endpoint:
    """The server of a data directory: its root key, and the URL it listened on when it was last ready.

    Raises:
        ConfigurationError: no server has been started there, its root's key was given up, or its files may not be read.
    """
    key = _root_key(data)
    if key is None:
        if _has_place(data):
            raise ConfigurationError(
                f"{data} holds no root key any more: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to a user's key."
            )
        raise ConfigurationError(f"{data} holds no credentials: start the server there first, or name it with --data.")
    url, region = _read_place(data)
    return Endpoint(url, region, key.access_key_id, key.secret)


def _read_place(data: Path) -> tuple[str, str]:
    """The URL and the region of the server of a data directory."""
    try:
        stored: dict[str, str] = dict(json.loads((data / ENDPOINT_FILE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        stored = {}
    except (OSError, ValueError, TypeError) as error:
        raise ConfigurationError(f"{data / ENDPOINT_FILE} can't be read: {error}") from error
    return stored.get("url", f"http://{DEFAULT_HOST}:{DEFAULT_PORT}"), stored.get("region", DEFAULT_REGION)


def find_endpoint(options: argparse.Namespace, environment: Mapping[str, str] = os.environ) -> Endpoint:
    """The server meant: options first, then the AWS variables that `ringwall env` prints, then the data directory.

    `--profile` comes before the variables, a profile that AWS_PROFILE names behind them and only if it names an
    endpoint: human words aren't meant for Amazon. A data directory without a root key still tells where its server is;
    the key is then that of the variables. Where there is no data directory either, it's the profile `default`.

    Raises:
        ConfigurationError: no key is known, or the URL isn't one.
    """
    url = options.server or environment.get("AWS_ENDPOINT_URL_EC2") or environment.get("AWS_ENDPOINT_URL")
    key_id, secret = environment.get("AWS_ACCESS_KEY_ID"), environment.get("AWS_SECRET_ACCESS_KEY")
    token = environment.get("AWS_SESSION_TOKEN") or None
    directory = options.data or default_data_directory()
    if options.profile:
        found = _of_profile(options, environment, _read_place(directory)[0] if _has_place(directory) else None)
    elif options.data is None and key_id and secret and url:
        region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or DEFAULT_REGION
        found = Endpoint(url, region, key_id, secret, session_token=token)
    elif options.data is None and (of_environment := _of_named_profile(options, environment)) is not None:
        found = of_environment
    elif key_id and secret and _has_place(directory) and _root_key(directory) is None:
        found = Endpoint(*_read_place(directory), key_id, secret, session_token=token)
    elif options.data is None and not _has_place(directory) and _names_an_endpoint(options, environment):
        found = _of_profile(options, environment, None)
    else:
        found = read_endpoint(directory)
    return replace(
        found,
        url=_checked(options.server or found.url),
        region=options.region or found.region,
        ca_bundle=options.ca_bundle or found.ca_bundle,
    )


def _settings(options: argparse.Namespace, environment: Mapping[str, str]) -> Settings:
    given = {"profile": options.profile, "region": options.region, "endpoint_url": options.server}
    return read_settings(given, environment)


def _of_named_profile(options: argparse.Namespace, environment: Mapping[str, str]) -> Endpoint | None:
    """The server of the profile that AWS_PROFILE names; None where it names none, or the profile no endpoint."""
    named = environment.get("AWS_PROFILE") or environment.get("AWS_DEFAULT_PROFILE")
    if not named or not _names_an_endpoint(options, environment):
        return None
    return _of_profile(options, environment, None)


def _names_an_endpoint(options: argparse.Namespace, environment: Mapping[str, str]) -> bool:
    try:
        return _settings(options, environment).endpoint_url("ec2") is not None
    except SettingsFault:
        return False


def _of_profile(options: argparse.Namespace, environment: Mapping[str, str], place: str | None) -> Endpoint:
    """The server of a profile of ~/.aws. place: the URL of the data directory's, for a profile without one."""
    try:
        settings = _settings(options, environment)
        key = find_credentials(settings)
        url = settings.endpoint_url("ec2") or place
    except SettingsFault as error:
        raise ConfigurationError(str(error)) from error
    profile = settings.profile or "default"
    if url is None:
        raise ConfigurationError(
            f"Profile {profile} names no server: put `endpoint_url = …` into it, or give --server."
        )
    if key is None:
        raise ConfigurationError(
            f"Profile {profile} has no key: put `aws_access_key_id` and `aws_secret_access_key` into it, or set "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; on the server's machine `ringwall env` prints them."
        )
    bundle = settings.value("AWS_CA_BUNDLE", config="ca_bundle")
    return Endpoint(
        url,
        settings.region or DEFAULT_REGION,
        key.access_key_id,
        key.secret,
        Path(bundle) if bundle else None,
        key.token,
    )


def _has_place(data: Path) -> bool:
    return (data / ENDPOINT_FILE).exists()


def _root_key(data: Path) -> RootKey | None:
    from ringwall.server.credentials import read_root_key  # most who ask a server have no data directory of it

    return read_root_key(data)


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable:
        raise ConfigurationError(f"{url!r} is no server's URL: write http://name:port or https://name:port.")
    return url
