"""`ringwall status`: the server, what it has stored last, and how far behind which host is."""

from __future__ import annotations

import argparse
from typing import Final

from .screen import duration, plain
from .words import codes
from .words.changing import add_json_argument, guarded, print_json
from .words.found import Described
from .words.in_force import lacking
from .words.session import Session, add_session_arguments, open_session
from .words.table import counted, moment, progress

VERB: Final = "status"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `ringwall status`."""
    add_json_argument(parser)
    add_session_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Answers 0 if everything that is stored is in force everywhere, 4 if it isn't."""
    return guarded(VERB, lambda: _run(options), is_json=options.json)


def _run(options: argparse.Namespace) -> int:
    session = open_session(options)
    with progress("asking the server"):
        caller = session.ec2("GetCallerIdentity")
        changes = session.own("GET", "/ringwall/v1/changes")
        hosts = session.own("GET", "/ringwall/v1/hosts")["hosts"]
        draining = session.own("GET", "/ringwall/v1/draining")["draining"]
    if options.json:
        server = {"url": session.url, "region": session.region, "account": caller["Account"], "caller": caller["Arn"]}
        print_json({"server": server, "changes": changes, "hosts": hosts, "draining": draining})
    else:
        _print(session, caller, changes, hosts, draining)
    return codes.DONE if changes["in_force"] else codes.PARTLY


def _print(
    session: Session, caller: Described, changes: Described, hosts: list[Described], draining: list[Described]
) -> None:
    print(f"server    {session.url}, region {session.region}, account {caller['Account']}, you are {caller['Arn']}")
    stored = "" if changes["stored_at"] is None else f", stored {moment(changes['stored_at'])}"
    print(f"revision  {changes['revision']}{stored}")
    enforcing = sum(host["mode"] == "enforce" for host in hosts)
    away = sum(not host["connected"] for host in hosts)
    print(
        f"hosts     {counted(len(hosts), 'host')}: {enforcing} enforce, {len(hosts) - enforcing} observe; {away} away"
    )
    lags = [lag for host in hosts for each in host["interfaces"] if (lag := _lag(each)) is not None]
    if lags:
        print(f"lag       the last change was in force after {duration(max(lags))} at most, as far as was heard")
    late = [host for host in changes["hosts"] if host["state"] != "in-force"]
    for host in late:
        print(f"behind    {lacking(host)}")
    for host in hosts:
        for problem in host["problems"]:
            print(f"problem   {plain(host['hostname'])}: {plain(problem)}")
    for rule in draining:
        left = "unknown how many" if rule["flows_left"] is None else counted(rule["flows_left"], "flow")
        print(f"draining  {rule['rule_id']} of {rule['group_id']}: {left} left")
    if not late:
        print("in force  everything, on every host" if hosts else "in force  there is no host yet: `ringwall hosts`")


def _lag(interface: Described) -> float | None:
    told = interface["in_force"]
    return None if told is None else told["lag_seconds"]
