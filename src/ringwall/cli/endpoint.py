"""Which server the command line speaks to, and with which key."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from ringwall.config import DEFAULT_HOST, DEFAULT_PORT, DEFAULT_REGION, ConfigurationError, default_data_directory
from ringwall.server.credentials import read_root_key

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
    key = read_root_key(data)
    if key is None:
        if (data / ENDPOINT_FILE).exists():
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


def find_endpoint(
    data: Path | None,
    url: str | None,
    region: str | None,
    ca_bundle: Path | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Endpoint:
    """The server meant: options first, then the AWS variables that `ringwall env` prints, then the data directory.

    A data directory without a root key still tells where its server is; the key is then that of the variables.

    Raises:
        ConfigurationError: no key is known, or the URL isn't one.
    """
    key_id, secret = environment.get("AWS_ACCESS_KEY_ID"), environment.get("AWS_SECRET_ACCESS_KEY")
    token = environment.get("AWS_SESSION_TOKEN") or None
    from_environment = url or environment.get("AWS_ENDPOINT_URL_EC2") or environment.get("AWS_ENDPOINT_URL")
    directory = data or default_data_directory()
    if data is None and key_id and secret and from_environment:
        place = environment.get("AWS_DEFAULT_REGION", DEFAULT_REGION)
        found = Endpoint(from_environment, place, key_id, secret, session_token=token)
    elif key_id and secret and (directory / ENDPOINT_FILE).exists() and read_root_key(directory) is None:
        found = Endpoint(*_read_place(directory), key_id, secret, session_token=token)
    else:
        found = read_endpoint(directory)
    return replace(found, url=_checked(url or found.url), region=region or found.region, ca_bundle=ca_bundle)


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable:
        raise ConfigurationError(f"{url!r} is no server's URL: write http://name:port or https://name:port.")
    return url
