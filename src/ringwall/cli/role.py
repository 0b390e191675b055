"""`ringwall role`: roles, which users take for a time with STS AssumeRole."""

from __future__ import annotations

import argparse
from typing import Any

from .endpoint import Endpoint
from .managing import Managed, ask, moment, print_table, read_document, run_verb
from .screen import plain


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verbs of `ringwall role` and their options."""
    verbs = Managed(parser)
    create = verbs.add("create", "make a role, which may nothing yet", name="letters, digits and +=,.@_-")
    verbs.add("list", "the roles and what is attached to them")
    verbs.add("show", "one role, with the document of who may take it", name="the role")
    update = verbs.add("update", "change who may take a role, or for how long", name="the role")
    verbs.add("delete", "delete a role without policies; its sessions end", name="the role")
    for parser_of_verb, is_new in ((create, True), (update, False)):
        parser_of_verb.add_argument(
            "--trust", required=is_new, metavar="FILE", help="the document of who may take it; - for standard input"
        )
        parser_of_verb.add_argument(
            "--longest-session", type=int, metavar="SECONDS", help="3600 to 43200 (default of a new role: 3600)"
        )


def run(options: argparse.Namespace) -> int:
    """Runs one verb; answers 0 when it did what it says."""
    verbs = {"create": create, "list": list_all, "show": show, "update": update, "delete": delete}
    return run_verb("role", verbs, options)


def create(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Makes a role."""
    made = ask(endpoint, "POST", "roles", content={"name": options.name, **_changes(options)})
    print(f"{made['arn']} is made, and may nothing yet.")
    return 0


def list_all(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Prints a line for each role."""
    rows = [
        (each["name"], ",".join(each["policies"]) or "-", f"{each['session_seconds_max']} s")
        for each in ask(endpoint, "GET", "roles")["roles"]
    ]
    print_table(("ROLE", "POLICIES", "LONGEST SESSION"), rows)
    return 0


def show(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Prints one role, its policies and the document of who may take it."""
    found = ask(endpoint, "GET", "roles", options.name)
    print(f"{found['arn']} ({found['id']}), made {moment(found['created_at'])}")
    print(f"policies: {', '.join(found['policies']) or 'none'}")
    print(f"longest session: {found['session_seconds_max']} s")
    print("who may take it:")
    for line in found["trust"].splitlines():
        print(plain(line))
    return 0


def update(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Changes a role."""
    changed = ask(endpoint, "PUT", "roles", options.name, content=_changes(options))
    print(f"{changed['name']} is changed; its longest session is {changed['session_seconds_max']} s.")
    return 0


def delete(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Deletes a role."""
    print(f"{ask(endpoint, 'DELETE', 'roles', options.name)['deleted']} is deleted, and its sessions have ended.")
    return 0


def _changes(options: argparse.Namespace) -> dict[str, Any]:
    trust = {"trust": read_document(options.trust)} if options.trust else {}
    longest = {} if options.longest_session is None else {"session_seconds_max": options.longest_session}
    return {**trust, **longest}
