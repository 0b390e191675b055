"""`--query`: a JMESPath expression, compiled before anything is sent."""

from __future__ import annotations

import jmespath  # type: ignore[import-untyped]

from ringwall.cli.ec2.messages import INVALID, Stop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class BadQuery(Stop):
    """The expression isn't JMESPath; the text is aws CLI's."""

    def __init__(self, text: str, error: Exception) -> None:
        super().__init__(f"Bad value for --query {text}: {error}", INVALID)


def compile_query(text: str) -> Callable[[Any], Any]:
    """What finds in an answer what the expression names.

    Raises:
        BadQuery.
    """
    try:
        search: Callable[[Any], Any] = jmespath.compile(text).search
    except Exception as error:  # the lexer lets others than its own through
        raise BadQuery(text, error) from error
    return search
