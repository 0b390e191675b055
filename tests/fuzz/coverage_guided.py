#!/usr/bin/env python3
"""Coverage-guided fuzzing of the whole route with atheris: `make fuzz`, or with its arguments, which are libFuzzer's.

An input is a list of forms, one a line, asked one after the other of a server that is new. It fails as `Target.ask`
does; it is then left behind as `.fuzz/crash-…`, to become a line of the seeds.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

with atheris.instrument_imports(include=["ringwall"]):
    from fuzzing import Target
    from ringwall.wire import shapes
    from ringwall.wire.request import parse_query

LINES_MAX = 6
RENEW_AFTER = 64
"""Inputs that share a server, whose making costs as much as some twenty requests. A failure tells all of them."""


class Harness:
    """One input after another."""

    def __init__(self) -> None:
        self._target = Target()
        self._inputs = 0

    def run(self, data: bytes) -> None:
        """One input."""
        if self._inputs % RENEW_AFTER == 0:
            self._target.close()
            self._target = Target()
        self._inputs += 1
        try:
            for form in data.split(b"\n", LINES_MAX)[:LINES_MAX]:
                self._target.ask(form)
        except Exception:
            for form in self._target.asked:
                print(form, file=sys.stderr)
            raise


def dictionary() -> str:
    """The words that requests are made of, in libFuzzer's format."""
    words = {"Action=", "&Version=2016-11-15", "&", "=", ".1", ".1.", "%2F", "%3A"}
    words |= {f"Action={name}" for name in shapes.OPERATIONS}
    for members in shapes.INPUTS.values():
        words |= set(members)
    for seed in (HERE / "seeds").glob("*.txt"):
        for form in seed.read_bytes().splitlines():
            try:
                words |= {value for _, value in parse_query(form) if value.isascii() and value.isprintable()}
            except Exception:  # a seed may be one that can't be read
                continue
    return "".join('"{}"\n'.format(word.replace("\\", "\\\\").replace('"', '\\"')) for word in sorted(words - {""}))


def main() -> None:
    """Runs until libFuzzer's arguments say that it is enough."""
    with tempfile.TemporaryDirectory() as made:
        corpus, words = Path(made) / "corpus", Path(made) / "words"
        corpus.mkdir()
        for seed in (HERE / "seeds").glob("*.txt"):
            for number, form in enumerate(seed.read_bytes().splitlines()):
                (corpus / f"{seed.stem}-{number}").write_bytes(form)
        words.write_text(dictionary())
        atheris.Setup([sys.argv[0], f"-dict={words}", *sys.argv[1:], str(corpus)], Harness().run)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
