"""`ringwall user`: the users of an account, who may what their policies allow."""

from __future__ import annotations

import argparse
from typing import Any

from .endpoint import Endpoint
from .managing import Managed, ask, moment, print_table, run_verb


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verbs of `ringwall user` and their options."""
    verbs = Managed(parser)
    verbs.add("create", "make a user, who may nothing yet", name="letters, digits and +=,.@_-")
    verbs.add("list", "the users, what is attached to them and their keys")
    verbs.add("show", "one user", name="the user")
    verbs.add("delete", "delete a user without keys and policies", name="the user")


def run(options: argparse.Namespace) -> int:
    """Runs one verb; answers 0 when it did what it says."""
    return run_verb("user", {"create": create, "list": list_all, "show": show, "delete": delete}, options)


def create(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Makes a user."""
    made = ask(endpoint, "POST", "users", content={"name": options.name})
    print(f"{made['arn']} is made, and may nothing yet.")
    return 0


def list_all(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Prints a line for each user."""
    rows = [
        (each["name"], ",".join(each["policies"]) or "-", ",".join(map(_key, each["keys"])) or "-")
        for each in ask(endpoint, "GET", "users")["users"]
    ]
    print_table(("USER", "POLICIES", "KEYS"), rows)
    return 0


def show(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Prints one user, with its policies and keys."""
    found = ask(endpoint, "GET", "users", options.name)
    print(f"{found['arn']} ({found['id']}), made {moment(found['created_at'])}")
    print(f"policies: {', '.join(found['policies']) or 'none'}")
    for key in found["keys"]:
        used = f"last used {moment(key['last_used_at'])}" if key["last_used_at"] else "never used"
        print(f"key {_key(key)}, made {moment(key['created_at'])}, {used}")
    return 0


def delete(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Deletes a user."""
    print(f"{ask(endpoint, 'DELETE', 'users', options.name)['deleted']} is deleted.")
    return 0


def _key(key: dict[str, Any]) -> str:
    return key["access_key_id"] if key["active"] else f"{key['access_key_id']} (inactive)"
