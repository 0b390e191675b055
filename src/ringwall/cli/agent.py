"""`ringwall agent`: enforce this host's security groups until told to stop."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ringwall.config import ConfigurationError, default_data_directory
from ringwall.telemetry import log_to_stderr


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `ringwall agent`."""
    add = parser.add_argument
    add("--server", required=True, metavar="URL", help="the server, as https://name:4580")
    add(
        "--data",
        type=Path,
        metavar="DIR",
        help="where the host's identity and last state are kept (default /var/lib/ringwall)",
    )
    add("--token-file", metavar="FILE", help="enrol with the token in FILE, or on standard input for -; needed once")
    add("--interface", metavar="DEV", help="enrol this interface; the token must have been made for it")
    add(
        "--unmanaged", action="extend", nargs="+", default=[], metavar="DEV", help="devices that nothing is enforced on"
    )
    add("--insecure-http", action="store_true", help="allow plain HTTP to a server on another machine")


def run(options: argparse.Namespace) -> int:
    """Runs the agent; answers 0 after an orderly stop, 1 when it couldn't start."""
    from ringwall.agent.errors import AgentError  # imported here, so that other verbs start without them
    from ringwall.agent.run import AgentConfig
    from ringwall.agent.run import run as run_agent

    log_to_stderr()
    config = AgentConfig(
        server=options.server,
        data=options.data or default_data_directory(),
        token_file=options.token_file,
        interface=options.interface,
        unmanaged=frozenset(options.unmanaged),
        insecure_http=options.insecure_http,
    )
    try:
        run_agent(config)
    except (ConfigurationError, AgentError) as error:
        print(f"ringwall agent: {error}", file=sys.stderr)
        return 1
    except PermissionError:
        print("ringwall agent: it programs the kernel's packet filter, so it must run as root.", file=sys.stderr)
        return 1
    return 0
