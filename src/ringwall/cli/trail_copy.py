"""The trail in a copy of a store's file, checked with the key file and without a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ringwall.config import ConfigurationError
from ringwall.operations.trail import head_in_words, parsed_head
from ringwall.operations.trail_read import follow
from ringwall.server.keyring import read_keyring
from ringwall.server.trail import LABEL
from ringwall.store.base import Unavailable
from ringwall.store.sqlite_copy import reading_copy


def verify_copy(path: Path, key_file: Path, kept: str | None) -> Iterator[dict[str, Any]]:
    """What is found in one part of the chain after the other, as a server says it.

    Raises:
        ConfigurationError: the key file, the copy or the former head can't be read.
    """
    keyring = read_keyring(key_file)
    try:
        heads = [parsed_head(kept)] if kept else []
    except ValueError as error:
        raise ConfigurationError(f"--head {kept!r} is no NUMBER:CODE.") from error
    after, vouched, is_end = None, False, False
    try:
        with reading_copy(path) as reader:
            while not is_end:
                verdict = follow(
                    reader, lambda code, link: keyring.is_mac(code, LABEL, link), after, heads, vouched=vouched
                )
                after, vouched, is_end = verdict.head.number, verdict.vouched, verdict.is_end
                yield {
                    "checked": verdict.checked,
                    "head": head_in_words(verdict.head),
                    "problems": verdict.problems,
                    "end": is_end,
                }
    except Unavailable as error:
        raise ConfigurationError(str(error)) from error
