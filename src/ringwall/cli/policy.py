"""`ringwall policy`: policy documents, whom they are attached to, and what they decide."""

from __future__ import annotations

import argparse
import json
from typing import Any

from .client import CallFailed
from .endpoint import Endpoint
from .managing import Managed, ask, moment, print_table, read_document, run_verb
from .screen import plain


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verbs of `ringwall policy` and their options."""
    verbs = Managed(parser)
    put = verbs.add("put", "put a document under a name, in place of one of this name", name="the policy")
    put.add_argument("file", metavar="FILE", help="the document; - for standard input")
    verbs.add("list", "the account's policies and those that ringwall ships")
    verbs.add("show", "print a policy's document", name="the policy")
    verbs.add("delete", "delete a policy that is attached to nobody", name="the policy")
    for name, text in (
        ("attach", "attach a policy to a user or role"),
        ("detach", "take a policy from a user or role"),
    ):
        whom = verbs.add(name, text, name="the policy").add_mutually_exclusive_group(required=True)
        whom.add_argument("--user", help="the user")
        whom.add_argument("--role", help="the role")
    why = verbs.add("why", "what would be decided, and which statement does it", action="such as ec2:DescribeVpcs")
    whom = why.add_mutually_exclusive_group(required=True)
    whom.add_argument("--as", dest="user", metavar="USER", help="the user who would ask")
    whom.add_argument("--as-role", dest="role", metavar="ROLE", help="the role that would ask")
    why.add_argument("--resource", metavar="ARN", help="what it would be done to, or its id (default: *)")
    verbs.add("decode", "show what a refusal told encoded", text="the encoded message; - for standard input")


def run(options: argparse.Namespace) -> int:
    """Runs one verb; answers 0 when it did what it says."""
    verbs = {
        "put": put,
        "list": list_all,
        "show": show,
        "delete": delete,
        "attach": attach,
        "detach": detach,
        "why": why,
        "decode": decode,
    }
    return run_verb("policy", verbs, options)


def put(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Puts a document."""
    done = ask(endpoint, "PUT", "policies", options.name, content={"document": read_document(options.file)})
    print(f"{done['arn']} decides from now on.")
    return 0


def list_all(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Prints a line for each policy."""
    rows = [
        (each["name"], _kind(each["shipped"], each["attachable"]), moment(each["updated_at"]))
        for each in ask(endpoint, "GET", "policies")["policies"]
    ]
    print_table(("POLICY", "KIND", "CHANGED"), rows)
    return 0


def show(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Prints a document as it was put."""
    for line in ask(endpoint, "GET", "policies", options.name)["document"].splitlines():
        print(plain(line))
    return 0


def delete(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Deletes a policy."""
    print(f"{ask(endpoint, 'DELETE', 'policies', options.name)['deleted']} is deleted.")
    return 0


def attach(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Attaches a policy."""
    return _change(endpoint, "PUT", options)


def detach(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Detaches a policy."""
    return _change(endpoint, "DELETE", options)


def why(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Prints what would be decided and by which statement."""
    content = {
        "action": options.action,
        "name": options.user or options.role,
        "kind": "user" if options.user else "role",
    }
    if options.resource:
        content["resource"] = options.resource
    print(_sentence(ask(endpoint, "POST", "decisions", content=content)))
    return 0


def decode(endpoint: Endpoint, options: argparse.Namespace) -> int:
    """Prints the decision of a refusal, then the condition keys that it was made on."""
    text = read_document("-") if options.text == "-" else options.text
    message = text.rpartition("message: ")[2].strip()
    try:
        decision = json.loads(ask(endpoint, "POST", "decoded-messages", content={"message": message})["decoded"])
    except ValueError as error:
        raise CallFailed(f"the server's answer can't be read: {error}") from error
    print(_sentence(decision))
    for item in decision["context"]["conditions"]["items"]:
        values = ", ".join(each["value"] for each in item["values"]["items"])
        print(plain(f"  {item['key']} = {values}"))
    return 0


def _sentence(decision: dict[str, Any]) -> str:
    """The decision in words."""
    about = decision["context"]
    what = f"{about['action']} on {about['resource']} by {about['principal']['arn']}"
    matched = [f"{each['statementId']} of {each['policy']}" for each in decision["matchedStatements"]["items"]]
    if decision["allowed"]:
        return plain(f"allowed: {what}. It is allowed by {', '.join(matched)}.")
    if decision["explicitDeny"]:
        return plain(f"denied: {what}. It is denied by {', '.join(matched)}.")
    return plain(f"denied: {what}. No statement allows it.")


def _change(endpoint: Endpoint, method: str, options: argparse.Namespace) -> int:
    whom = ("users", options.user) if options.user else ("roles", options.role)
    now = ask(endpoint, method, *whom, "policies", options.name)
    print(f"{now['arn']} has {', '.join(now['policies']) or 'no policy'} now.")
    return 0


def _kind(shipped: bool, attachable: bool) -> str:
    if not attachable:
        return "template"
    return "shipped" if shipped else "own"
