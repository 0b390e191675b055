"""`ringwall host`: enrolment tokens, and the hosts that were enrolled with them."""

from __future__ import annotations

import argparse
import re
import sys
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from ringwall.config import ConfigurationError, is_loopback

from .client import CallFailed, call
from .endpoint import Endpoint, add_endpoint_arguments, find_endpoint
from .screen import duration, plain


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verbs of `ringwall host` and their options."""
    common = argparse.ArgumentParser(add_help=False)
    add_endpoint_arguments(common)
    verbs = parser.add_subparsers(dest="host_verb", metavar="VERB", required=True)

    token = verbs.add_parser("token", parents=[common], help="print a token that enrols one host, once, within an hour")
    token.add_argument(
        "--subnet", required=True, metavar="subnet-…", help="the subnet that the host's addresses lie in"
    )
    token.add_argument(
        "--interface", default="eth0", metavar="DEV", help="the interface to protect (default %(default)s)"
    )

    verbs.add_parser("list", parents=[common], help="the hosts, what they do and which revision is in force on them")
    enforce = verbs.add_parser("enforce", parents=[common], help="drop what no rule admits")
    enforce.add_argument("--yes", action="store_true", help="also when live flows or listeners would be cut off")
    attach = verbs.add_parser("attach", parents=[common], help="protect a further interface of a host, of this device")
    detach = verbs.add_parser(
        "detach", parents=[common], help="take an interface from a host: a further one of its own, or a container's"
    )
    host: dict[str, Any] = {"metavar": "i-…", "type": _instance_id, "help": "the host's instance id"}
    for verb, text in (
        ("observe", "only count what no rule admits"),
        ("remove", "forget a host; its kernel keeps what it has"),
        ("show", "one host, with what enforcing would cut off now"),
    ):
        verbs.add_parser(verb, parents=[common], help=text).add_argument("host", **host)
    for parser_of_verb in (enforce, attach, detach):
        parser_of_verb.add_argument("host", **host)
    attach.add_argument("--interface", required=True, metavar="DEV", help="the device, such as eth1")
    attach.add_argument(
        "--subnet", required=True, metavar="subnet-…", help="the subnet that the device's addresses lie in"
    )
    detach.add_argument("interface", metavar="eni-…", type=_interface_id, help="the interface's id")


def run(options: argparse.Namespace) -> int:
    """Runs one verb; answers 0 when it did what it says."""
    verbs = {
        "token": token,
        "list": list_hosts,
        "show": show,
        "enforce": enforce,
        "observe": observe,
        "attach": attach,
        "detach": detach,
        "remove": remove,
    }
    try:
        return verbs[options.host_verb](find_endpoint(options), options)
    except (ConfigurationError, CallFailed) as error:
        print(f"ringwall host {options.host_verb}: {error}", file=sys.stderr)
        return 1


def token(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Prints the token, and nothing else on standard output, so that it can go straight into a file."""
    content = {"subnet_id": options.subnet, "interface": options.interface}
    answer = call(endpoint, "POST", "/ringwall/v1/enrolment-tokens", content)
    print(answer["token"])
    print(
        f"Good for one host until {_time(answer['expires_at'])}. On the host, as root:\n{agent_command(endpoint.url)}",
        file=sys.stderr,
    )
    return 0


def agent_command(url: str) -> str:
    """The lines that enrol a host with a server at this URL; another machine can't reach one on loopback by it."""
    parts = urlsplit(url)
    local = is_loopback(parts.hostname or "")
    plain = "" if local or parts.scheme == "https" else " --insecure-http"
    command = f"  ringwall agent --server {url}{plain} --token-file FILE"
    return f"{command}\nOn another machine, put an address there that it reaches the server by." if local else command


def list_hosts(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Prints a line for each host."""
    answer = call(endpoint, "GET", "/ringwall/v1/hosts")
    rows = [("HOST", "NAME", "INTERFACE", "ADDRESSES", "MODE", "IN FORCE", "AGENT")]
    rows.extend(
        (
            host["instance_id"],
            host["hostname"],
            f"{plain(interface['device'] or '-')} {interface['interface_id']}",
            ",".join(interface["addresses"]),
            _mode(host["mode"], interface["in_force"]),
            _in_force(host),
            _agent(host),
        )
        for host in answer["hosts"]
        for interface in host["interfaces"]
    )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0


def show(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Prints one host, what is in force on each of its interfaces, its problems and what enforcing would cut off."""
    host = call(endpoint, "GET", f"/ringwall/v1/hosts/{options.host}")
    print(
        f"{host['instance_id']} {host['hostname']}: mode {host['mode']}, {'connected' if host['connected'] else 'away'}"
    )
    for interface in host["interfaces"]:
        device = "(no device)" if interface["device"] is None else plain(interface["device"])
        print(f"{device} {interface['interface_id']}: {_in_kernel(interface['in_force'])}")
    for problem in host["problems"]:
        print(f"problem: {plain(problem)}")
    for line in host["unadmitted"]:
        print(f"no rule admits: {plain(line)}")
    return 0


def enforce(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Switches to enforcing; lists first what that would cut off, and refuses without --yes when there is anything."""
    path = f"/ringwall/v1/hosts/{options.host}/mode"
    try:
        answer = call(endpoint, "PUT", path, {"mode": "enforce", "yes": options.yes})
    except CallFailed as error:
        for line in error.body.get("unadmitted", []):
            print(f"no rule admits: {plain(line)}")
        if error.body.get("error", {}).get("code") == "WouldCutOff":
            advice = "Admit them" if error.body.get("unadmitted") else "Start it"
            raise CallFailed(f"{error} {advice}, or insist with --yes.", error.status, error.body) from error
        raise
    for line in answer["unadmitted"]:
        print(f"cut off: {plain(line)}")
    print(f"{options.host} enforces from revision {answer['revision']} on.")
    return 0


def observe(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Switches back to observing."""
    answer = call(endpoint, "PUT", f"/ringwall/v1/hosts/{options.host}/mode", {"mode": "observe", "yes": True})
    print(f"{options.host} only observes from revision {answer['revision']} on.")
    return 0


def attach(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Makes a device of the host an interface of its own."""
    content = {"device": options.interface, "subnet_id": options.subnet}
    made = call(endpoint, "POST", f"/ringwall/v1/hosts/{options.host}/interfaces", content)
    print(
        f"{options.interface} of {options.host} is {made['interface_id']}, in group {', '.join(made['group_ids'])}, "
        f"from revision {made['revision']} on. Its addresses are those that the agent finds."
    )
    return 0


def detach(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Takes an interface from the host."""
    path = f"/ringwall/v1/hosts/{options.host}/interfaces/{options.interface}"
    answer = call(endpoint, "DELETE", path)
    left = "It is deleted" if answer["deleted"] else "It can be attached again"
    print(f"{options.interface} is detached from {options.host} from revision {answer['revision']} on. {left}.")
    return 0


def remove(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Forgets a host."""
    call(endpoint, "DELETE", f"/ringwall/v1/hosts/{options.host}")
    print(f"{options.host} is removed. Its kernel keeps its last rules; `ringwall agent release` there ends them.")
    return 0


def _instance_id(text: str) -> str:
    """An argument that can stand in a path as it is."""
    if re.fullmatch("i-[0-9a-f]{8,17}", text) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no id of a host; `ringwall host list` shows them")
    return text


def _interface_id(text: str) -> str:
    """An argument that can stand in a path as it is."""
    if re.fullmatch("eni-[0-9a-f]{8,17}", text) is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no id of an interface; `ringwall host list` shows them")
    return text


def _agent(host: dict[str, Any]) -> str:
    """Whether the agent is there, and how many problems it has told; `host show` names them."""
    there = "connected" if host["connected"] else "away"
    count = len(host["problems"])
    return f"{there}, {count} problem{'s' if count > 1 else ''}" if count else there


def _in_force(host: dict[str, Any]) -> str:
    """Whether everything that has an effect on the host is in its kernel, as far as the server has heard."""
    if host["revision"] is None:
        return "not reported"
    return "all" if host["up_to_date"] else f"revision {host['revision']}"


def _mode(mode: str, in_force: dict[str, Any] | None) -> str:
    """The mode that the host is set to, and the one that its kernel has where that isn't the same yet."""
    return mode if in_force is None or in_force["mode"] == mode else f"{mode} (now {plain(in_force['mode'])})"


def _in_kernel(in_force: dict[str, Any] | None) -> str:
    """What an interface's kernel has, as its agent reported it."""
    if in_force is None:
        return "nothing reported since the server started"
    lag = in_force["lag_seconds"]
    late = "" if lag is None else f", {duration(lag)} after it was stored"
    return (
        f"revision {in_force['revision']} in the kernel, mode {plain(in_force['mode'])}, "
        f"digest {plain(in_force['digest'][:12])}{late}"
    )


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
