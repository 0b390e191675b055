"""`ringwall ec2`: the documented command. Its grammar is aws's own and is read by `command`, not by argparse."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words as they come, for the help and the reference alone."""
    parser.add_argument(
        "arguments",
        nargs="...",
        metavar="OPERATION …",
        help="an operation such as `revoke-security-group-ingress`, or `wait`, and its options as aws takes them; "
        "`help` tells them",
    )


def run(options: argparse.Namespace) -> int:
    """What the words ask for; answers aws's exit status."""
    from .command import run as run_command

    return run_command(options.arguments)
