"""`ringwall env`: `eval "$(ringwall env)"` points AWS clients of this shell at the server."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from ringwall.config import ConfigurationError, default_data_directory

from .endpoint import Endpoint, read_endpoint


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `ringwall env`."""
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="the server's data directory (default /var/lib/ringwall)"
    )
    parser.add_argument(
        "--all", action="store_true", help="print AWS_ENDPOINT_URL, for clients that read only that one"
    )


def run(options: argparse.Namespace) -> int:
    """Prints the export lines; answers 1 when there is no server's data directory."""
    try:
        endpoint = read_endpoint(options.data or default_data_directory())
    except ConfigurationError as error:
        print(f"ringwall env: {error}", file=sys.stderr)
        return 1
    for line in export_lines(endpoint, all_services=options.all):
        print(line)
    print(
        "# aws CLI 2 before 2.13 (Debian 12's) reads no endpoint variable and goes to Amazon: "
        f"give it --endpoint-url {endpoint.url}"
    )
    if endpoint.url.startswith("https:"):
        print("# A certificate that no public authority signed: export AWS_CA_BUNDLE=its PEM file, or aws refuses it.")
    return 0


def export_lines(endpoint: Endpoint, *, all_services: bool) -> list[str]:
    """The variables that every AWS SDK reads, as lines for a shell."""
    variables = {
        "AWS_ACCESS_KEY_ID": endpoint.access_key_id,
        "AWS_SECRET_ACCESS_KEY": endpoint.secret,
        "AWS_DEFAULT_REGION": endpoint.region,
    }
    if all_services:
        variables["AWS_ENDPOINT_URL"] = endpoint.url
    else:
        variables["AWS_ENDPOINT_URL_EC2"] = endpoint.url
        variables["AWS_ENDPOINT_URL_STS"] = endpoint.url
    return [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
