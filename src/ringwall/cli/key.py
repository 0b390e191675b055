"""`ringwall key`: access keys of users, two each."""

from __future__ import annotations

import argparse

from .endpoint import Endpoint
from .managing import Managed, ask, moment, print_key, print_table, run_verb


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verbs of `ringwall key` and their options."""
    verbs = Managed(parser)
    verbs.add("create", "make a key of a user, and print it, once", user="the user")
    verbs.add("list", "the keys of the account").add_argument("--user", help="only this user's")
    for name, text in (
        ("rotate", "make the key that takes another's place, and print it, once; the old one stays"),
        ("deactivate", "refuse a key from now on"),
        ("activate", "take a key again"),
        ("delete", "delete a key"),
    ):
        verbs.add(name, text, key="the access key id")


def run(options: argparse.Namespace) -> int:
    """Runs one verb; answers 0 when it did what it says."""
    verbs = {
        "create": create,
        "list": list_all,
        "rotate": rotate,
        "deactivate": deactivate,
        "activate": activate,
        "delete": delete,
    }
    return run_verb("key", verbs, options)


def create(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Makes a key; it is all that standard output gets."""
    made = ask(endpoint, "POST", "users", options.user, "keys")
    print_key(made["user"], made)
    return 0


def list_all(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Prints a line for each key."""
    where = ("users", options.user, "keys") if options.user else ("keys",)
    rows = [
        (
            key["access_key_id"],
            key["user"] or "(root)",
            "active" if key["active"] else "inactive",
            moment(key["created_at"]),
            moment(key["last_used_at"]),
            key["last_used_from"] or "-",
        )
        for key in ask(endpoint, "GET", *where)["keys"]
    ]
    print_table(("KEY", "USER", "STATE", "CREATED", "LAST USED", "FROM"), rows)
    return 0


def rotate(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Makes the key that takes another's place; it is all that standard output gets."""
    made = ask(endpoint, "POST", "keys", options.key, "rotate")
    print_key(made["user"] or "root", made)
    return 0


def deactivate(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Switches a key off."""
    return _switch(endpoint, options.key, active=False)


def activate(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Switches a key on."""
    return _switch(endpoint, options.key, active=True)


def delete(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Deletes a key."""
    print(f"{ask(endpoint, 'DELETE', 'keys', options.key)['deleted']} is deleted.")
    return 0


def _switch(endpoint: Endpoint, key: str, *, active: bool) -> int:
    changed = ask(endpoint, "PUT", "keys", key, content={"active": active})
    print(f"{changed['access_key_id']} is {'active' if changed['active'] else 'inactive'}.")
    return 0
