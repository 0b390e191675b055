"""`ringwall account`: the accounts of a server, strictly apart from each other."""

from __future__ import annotations

import argparse

from .endpoint import Endpoint
from .managing import Managed, ask, moment, print_key, print_table, run_verb


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verbs of `ringwall account` and their options."""
    verbs = Managed(parser)
    create = verbs.add("create", "make an account, and print its root's key, once", name="what people call it")
    create.add_argument("--id", metavar="ID", help="its 12 digits (default: random ones)")
    verbs.add("list", "the accounts")
    verbs.add("show", "one account", account="its 12 digits")
    text = "make a key of the root of an account, which has lost its own, and print it, once"
    key = verbs.add("key", text, account="its 12 digits")
    key.add_argument("--replace", action="store_true", help="delete the root's keys that there are")
    verbs.add("delete", "delete an account in which nothing is left", account="its 12 digits")


def run(options: argparse.Namespace) -> int:
    """Runs one verb; answers 0 when it did what it says."""
    verbs = {"create": create, "list": list_all, "show": show, "key": key, "delete": delete}
    return run_verb("account", verbs, options)


def create(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Makes an account; its root's key is all that standard output gets."""
    content = {"name": options.name} | ({"account_id": options.id} if options.id else {})
    made = ask(endpoint, "POST", "accounts", content=content)
    print_key(f"{made['name']}-{made['account_id']}", made)
    return 0


def list_all(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Prints a line for each account."""
    rows = [
        (each["account_id"], each["name"], moment(each["created_at"]))
        for each in ask(endpoint, "GET", "accounts")["accounts"]
    ]
    print_table(("ACCOUNT", "NAME", "CREATED"), rows)
    return 0


def show(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Prints one account."""
    found = ask(endpoint, "GET", "accounts", options.account)
    own = ", the server's own" if found["own"] else ""
    print(f"{found['account_id']} {found['name']}{own}, made {moment(found['created_at'])}")
    return 0


def key(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Makes a key of an account's root; it is all that standard output gets."""
    made = ask(endpoint, "POST", "accounts", options.account, "keys", content={"replace": options.replace})
    print_key(f"root-{made['account_id']}", made)
    return 0


def delete(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Deletes an account."""
    print(f"{ask(endpoint, 'DELETE', 'accounts', options.account)['deleted']} is deleted, and its root's keys with it.")
    return 0
