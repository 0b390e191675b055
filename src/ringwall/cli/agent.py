"""`ringwall agent`: enforce this host's security groups until told to stop; and what an operator does at the host."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ringwall.config import ConfigurationError, default_agent_directory
from ringwall.core_dumps import forbid_core_dumps
from ringwall.telemetry import log_to_stderr

if TYPE_CHECKING:
    from ringwall.agent.attaching import Outcome as Attached
    from ringwall.agent.attaching import Wait
    from ringwall.agent.release import Outcome
    from ringwall.agent.run import AgentConfig

NOT_IN_FORCE: Final = 3
"""The exit status of `attach` and `detach` when time is over, as that of `ringwall wait`."""

_NOT_ROOT: Final = "it programs the kernel's packet filter, so it must run as root."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `ringwall agent`, and the verbs below it."""
    parser.set_defaults(usage_error=parser.error)
    _add_data(parser, None)
    _add_settings(parser, None)
    verbs = parser.add_subparsers(dest="agent_verb", metavar="VERB", required=False)
    boot = verbs.add_parser("boot", help="load the last state from disk, before the network and without the server")
    doctor = verbs.add_parser("doctor", help="look at the host for what keeps ringwall from working; change nothing")
    for verb in (boot, doctor):  # the same options as the agent's, so that one line of settings serves all
        _add_data(verb, argparse.SUPPRESS)
        _add_settings(verb, argparse.SUPPRESS)
    doctor.add_argument("--json", action="store_true", help="print the findings as JSON, and nothing else")
    for name, text in (
        ("release", "end the agent and remove enforcement, until `resume`; root at the host's console"),
        ("resume", "let the agent enforce again after `release`"),
    ):
        _add_data(verbs.add_parser(name, help=text), argparse.SUPPRESS)
    trusted = verbs.add_parser(
        "trust", help="accept another certificate of the server's too; root, with no agent running"
    )
    _add_data(trusted, argparse.SUPPRESS)
    trusted.add_argument("sha256", metavar="SHA256", help="of the certificate, 64 hexadecimal digits")
    _add_attach(verbs)


def _add_attach(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    attach = verbs.add_parser("attach", help="tell the agent which interface a container's device is; root only")
    detach = verbs.add_parser("detach", help="tell the agent that a device is no container's any more; root only")
    for verb in (attach, detach):
        _add_data(verb, argparse.SUPPRESS)
        _add_attachments(verb, argparse.SUPPRESS)
        verb.add_argument("device", metavar="DEV", help="the host's end, as veth1 or tap0")
    attach.add_argument("interface_id", metavar="eni-…", help="an interface that is attached to this host")
    attach.add_argument(
        "--move", action="store_true", help="also where another device has it, or DEV is another interface; in one step"
    )
    for verb in (attach, detach):
        verb.add_argument("--no-wait", action="store_true", help="don't wait until it is in force")
        verb.add_argument(
            "--timeout",
            type=_seconds,
            default=10.0,
            metavar="S",
            help="wait at most S seconds, then exit with status 3 (default 10)",
        )


def _add_data(parser: argparse.ArgumentParser, default: str | None) -> None:
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        default=default,
        help="where the host's identity and last state are kept (default /var/lib/ringwall-agent)",
    )


def _add_attachments(parser: argparse.ArgumentParser, default: str | None) -> None:
    parser.add_argument(
        "--attachments",
        type=Path,
        metavar="DIR",
        default=default,
        help="a directory with a file for each container's device, its content eni-… (default DATA/attachments)",
    )


def _add_settings(parser: argparse.ArgumentParser, default: str | None) -> None:
    add = parser.add_argument
    add("--server", default=default, metavar="URL", help="the server, as https://name:4580; required to run the agent")
    add(
        "--token-file",
        default=default,
        metavar="FILE",
        help="enrol with the token in FILE, or on standard input for -; needed once",
    )
    add(
        "--interface",
        default=default,
        metavar="DEV",
        help="enrol this interface; the token must have been made for it",
    )
    add(
        "--unmanaged",
        action="extend",
        nargs="+",
        default=default,
        metavar="DEV",
        help="devices that nothing is enforced on",
    )
    add(
        "--break-glass",
        action="extend",
        nargs="+",
        default=default,
        metavar="CIDR",
        help="blocks from which the host can always be reached, whatever the server says",
    )
    add(
        "--attach",
        action="append",
        default=default,
        metavar="DEV=eni-…",
        help="behind this device is a container or virtual machine with this interface; repeatable",
    )
    _add_attachments(parser, default)
    add(
        "--confirm-seconds",
        type=_seconds,
        default=argparse.SUPPRESS,
        metavar="S",
        help="undo a start of enforcement unless the server is reached anew within S seconds (default 10)",
    )
    add(
        "--insecure-http",
        action="store_true",
        default=default or False,
        help="allow plain HTTP to a server on another machine",
    )


def run(options: argparse.Namespace) -> int:
    """Runs the agent, or one of the verbs; answers 0 after an orderly end, 1 when it couldn't."""
    from ringwall.agent.errors import AgentError  # imported here, so that other verbs start without them

    verbs = {
        None: _agent,
        "boot": _boot,
        "doctor": _doctor,
        "release": _release,
        "resume": _resume,
        "trust": _trust,
        "attach": _attach,
        "detach": _detach,
    }
    name = "ringwall agent" + (f" {options.agent_verb}" if options.agent_verb else "")
    try:
        return verbs[options.agent_verb](options)
    except (ConfigurationError, AgentError) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    except PermissionError:
        print(f"{name}: {_NOT_ROOT}", file=sys.stderr)
        return 1


def _agent(options: argparse.Namespace) -> int:
    from ringwall.agent.run import run as run_agent

    if options.server is None:
        options.usage_error(
            "--server URL is required to run the agent; or give one of the verbs of `ringwall agent --help`"
        )
    log_to_stderr()
    forbid_core_dumps()  # before any key is read
    run_agent(_config(options))
    return 0


def _boot(options: argparse.Namespace) -> int:
    from ringwall.agent.boot import start_from_disk
    from ringwall.agent.run import binder, local_policy
    from ringwall.agent.server import parse_server_url

    log_to_stderr()
    config = _config(options)
    url = parse_server_url(config.server, insecure_http=True) if config.server else None
    print(start_from_disk(config.data, url, local_policy(config), binder(config)))
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from ringwall.agent.doctor import examine
    from ringwall.agent.findings import worst
    from ringwall.agent.run import binder, local_policy

    config = _config(options)
    findings = examine(config.data, config.server, local_policy(config), binder(config))
    if options.json:
        print(json.dumps([finding.json for finding in findings], indent=2))
    else:
        for finding in findings:
            print(finding.text)
    return worst(findings)


def _release(options: argparse.Namespace) -> int:
    from ringwall.agent.release import release

    _must_be_root()
    return _told(release(_data(options)))


def _resume(options: argparse.Namespace) -> int:
    from ringwall.agent.release import resume

    _must_be_root()
    return _told(resume(_data(options)))


def _trust(options: argparse.Namespace) -> int:
    from ringwall.agent.pins import trust

    _must_be_root()
    print(trust(_data(options), options.sha256))
    return 0


def _attach(options: argparse.Namespace) -> int:
    from ringwall.agent.attaching import attach

    _must_be_root()
    return _awaited(
        attach(_attachments(options), options.device, options.interface_id, _waiting(options), move=options.move)
    )


def _detach(options: argparse.Namespace) -> int:
    from ringwall.agent.attaching import detach

    _must_be_root()
    return _awaited(detach(_attachments(options), options.device, _waiting(options)))


def _attachments(options: argparse.Namespace) -> Path:
    from ringwall.agent.run import attachments_directory

    return attachments_directory(_config(options))


def _waiting(options: argparse.Namespace) -> Wait:
    from ringwall.agent.attaching import Wait

    return Wait(_data(options), None if options.no_wait else options.timeout)


def _awaited(outcome: Attached) -> int:
    print(outcome.sentence, file=sys.stderr if outcome.in_force is False else sys.stdout)
    return NOT_IN_FORCE if outcome.in_force is False else 0


def _must_be_root() -> None:
    if os.geteuid() != 0:
        raise PermissionError


def _told(outcome: Outcome) -> int:
    for sentence in outcome.done:
        print(sentence)
    for sentence in outcome.failed:
        print(sentence, file=sys.stderr)
    return 1 if outcome.failed else 0


def _seconds(text: str) -> float:
    """An argument that is a time the agent can wait for."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= 600:
        raise argparse.ArgumentTypeError(f"{text!r}: a number from 1 to 600")
    return seconds


def _data(options: argparse.Namespace) -> Path:
    return options.data or default_agent_directory()


def _config(options: argparse.Namespace) -> AgentConfig:
    from ringwall.agent.run import AgentConfig

    return AgentConfig(
        server=options.server or "",
        data=_data(options),
        token_file=options.token_file,
        interface=options.interface,
        unmanaged=frozenset(options.unmanaged or ()),
        insecure_http=options.insecure_http,
        break_glass=frozenset(options.break_glass or ()),
        attach=tuple(options.attach or ()),
        attachments=options.attachments,
        **({"confirm_seconds": options.confirm_seconds} if "confirm_seconds" in options else {}),
    )
