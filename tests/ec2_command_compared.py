"""One command line through two programs, and what must be the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aws_cli_judge import Judge, Outcome, aws_1, heard, ours, settings
from ec2_command_cases import Case
from ec2_command_differences import expected
from retelling import Retelling, retelling


@dataclass
class Bench:
    """Both programs, and the endpoint that tells both the same."""

    aws: Judge
    ringwall: Judge
    endpoint: Retelling

    def both(self, case: Case, directory: Path, upstream: int | None = None) -> tuple[Outcome, Outcome]:
        """What aws came to, and what ringwall did, told what aws was told. upstream: the port of a real server."""
        for name, text in case.files.items():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_text(text)
        if upstream is None:
            self.endpoint.tell(list(case.answers or ()))
        else:
            self.endpoint.record(upstream)
        theirs = self.run(self.aws, case, directory)
        self.endpoint.tell(list(case.answers or ()) if upstream is None else self.endpoint.answers)
        return theirs, self.run(self.ringwall, case, directory)

    def run(self, program: Judge, case: Case, directory: Path) -> Outcome:
        """One of them."""
        environment = settings(self.endpoint.url, directory, **case.changes)
        return heard(self.endpoint, program(case.arguments, environment, case.stdin, directory))


def assert_same(theirs: Outcome, mine: Outcome) -> None:
    """Requests, standard output, standard error and exit status are those that aws 1 lets expect."""
    wanted, _ = expected(theirs)
    assert comparable(mine) == comparable(wanted)


def comparable(outcome: Outcome) -> dict[str, Any]:
    """What is compared, in the order in which a difference tells most."""
    return {
        "requests": [request.comparable for request in outcome.requests],
        "stderr": outcome.stderr,
        "stdout": outcome.stdout,
        "code": outcome.code,
    }


def without_suggestion(outcome: Outcome) -> Outcome:
    """The outcome without the nearest option, which aws 1 doesn't name."""
    kept, found, _ = outcome.stderr.partition("\nUnknown option: ")
    return replace(outcome, stderr=f"{kept}\n") if found else outcome


@contextmanager
def bench() -> Iterator[Bench]:
    """aws 1 and ringwall."""
    with ExitStack() as stack:
        yield Bench(stack.enter_context(aws_1()), stack.enter_context(ours()), stack.enter_context(retelling()))
