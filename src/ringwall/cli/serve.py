"""`ringwall serve`: run the server until it is told to stop."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from ringwall.config import (
    DEFAULT_HOST,
    DEFAULT_PORT,
    DEFAULT_REGION,
    ConfigurationError,
    ServerConfig,
    default_data_directory,
    limit_names,
    quota_of,
    store_path_from_url,
    webhook_url,
)
from ringwall.core_dumps import forbid_core_dumps


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `ringwall serve`."""
    _add_place(parser)
    _add_limits(parser)
    _add_protection(parser)
    _add_trail(parser)
    parser.add_argument("--metrics-open", action="store_true", help="serve /metrics without a signature")


def _add_place(parser: argparse.ArgumentParser) -> None:
    """Where the store is, where it listens, and what account and regions it is."""
    add = parser.add_argument
    add(
        "--data",
        type=Path,
        metavar="DIR",
        help="where the store and the credentials are kept (default /var/lib/ringwall)",
    )
    add("--store", metavar="URL", help="the store, when it isn't in DIR: sqlite:///path")
    add("--host", default=DEFAULT_HOST, help="the address to listen on (default %(default)s)")
    add("--port", type=int, default=DEFAULT_PORT, help="0 takes any free one (default %(default)s)")
    add("--ephemeral", action="store_true", help="keep the store in memory; nothing survives the end of the server")
    add("--account", metavar="ID", help="the account's id, 12 digits (default 123456789012)")
    add("--region", default=DEFAULT_REGION, help="the server's own region (default %(default)s)")
    add("--regions", metavar="R,R…", help="serve only these regions (default: all of EC2's commercial regions)")


def _add_limits(parser: argparse.ArgumentParser) -> None:
    """What an account may have, and how often it may ask."""
    add = parser.add_argument
    add("--limits", choices=["aws", "none"], default="aws", help="EC2's default quotas, or none (default %(default)s)")
    add(
        "--limit",
        action="append",
        default=[],
        metavar="NAME=N",
        help="set one quota, N a number or none, whatever --limits says; may be given again and again. "
        f"Names: {', '.join(limit_names())}",
    )
    add(
        "--throttle",
        choices=["aws", "default", "none"],
        default="default",
        help="how many requests an account may make: EC2's own limits, far more, or any number (default %(default)s)",
    )


def _add_protection(parser: argparse.ArgumentParser) -> None:
    """What protects secrets, connections and signatures."""
    add = parser.add_argument
    add(
        "--key-file",
        type=Path,
        metavar="FILE",
        help="what secrets in the store are encrypted with; outside DIR (default: beside it, DIR.key)",
    )
    add("--tls-cert", type=Path, metavar="PEM", help="the certificate chain, for HTTPS")
    add("--tls-key", type=Path, metavar="PEM", help="its private key")
    add(
        "--tls-next-cert",
        type=Path,
        metavar="PEM",
        help="the certificate that will take its place: agents are told to accept it too; the file need not be there",
    )
    add(
        "--agent-mtls",
        choices=["off", "offer", "require"],
        default="off",
        help="give agents certificates of their own, and require them beside their keys or not yet "
        "(default %(default)s)",
    )
    add("--insecure-http", action="store_true", help="allow plain HTTP on an address that other machines reach")
    add(
        "--allow-sigv2",
        action="store_true",
        help="accept Signature Version 2 with HmacSHA256 too, for clients that know no other; it names no region, so "
        "such requests mean the server's own",
    )


def _add_trail(parser: argparse.ArgumentParser) -> None:
    """Where the trail's events go, and how long they stay."""
    add = parser.add_argument
    add("--trail-file", type=Path, metavar="FILE", help="write every event of the trail there too, a line each")
    add(
        "--trail-webhook",
        metavar="URL",
        help="send every event of the trail there too, by POST in CloudTrail's form, until it is taken; @FILE reads "
        "the URL from a file, so that nobody sees it in the list of processes",
    )
    add(
        "--trail-keep-days",
        type=int,
        metavar="N",
        help="drop events of the trail that are older than N days (default: keep them for ever)",
    )


def run(options: argparse.Namespace) -> int:
    """Serves; answers 0 after an orderly stop, 1 when it couldn't start."""
    try:
        config = configuration(options)
        config.check()
        forbid_core_dumps()  # before any key is read
        from ringwall.server.main import serve  # its imports cost 0.2 s: refuse without them

        return serve(config, os.environ)
    except ConfigurationError as error:
        print(f"ringwall serve: {error}", file=sys.stderr)
        return 1


def configuration(options: argparse.Namespace) -> ServerConfig:
    """The options as settings.

    Raises:
        ConfigurationError: an option that can't be.
    """
    data = options.data if options.data or options.ephemeral else default_data_directory()
    store_path = store_path_from_url(options.store) if options.store else None
    if store_path is None and not options.ephemeral and data is not None:
        store_path = data / "ringwall.db"
    return ServerConfig(
        data=data,
        store_path=store_path,
        host=options.host,
        port=options.port,
        ephemeral=options.ephemeral,
        account=options.account,
        region=options.region,
        regions=tuple(name.strip() for name in options.regions.split(",") if name.strip()) if options.regions else (),
        tls_cert=options.tls_cert,
        tls_key=options.tls_key,
        tls_next_cert=options.tls_next_cert,
        agent_mtls=options.agent_mtls,
        insecure_http=options.insecure_http,
        metrics_open=options.metrics_open,
        allow_sigv2=options.allow_sigv2,
        key_file=options.key_file,
        throttle=options.throttle,
        trail_file=options.trail_file,
        trail_webhook=webhook_url(options.trail_webhook),
        trail_keep_days=options.trail_keep_days,
        quota=quota_of(options.limits, options.limit),
    )
