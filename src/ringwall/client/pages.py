"""A description asked for page by page: automatic paging, where to start, how many items, and the token to go on with.

A page is asked for with the last one's `NextToken` until none comes. When `max_items` are reached within a page, the
rest of it is left out, and the token to go on with says from which item of that page. Tokens are botocore's, so that
either tool goes on where the other one stopped: base64 of a JSON object with the server's token and
`boto_truncate_amount`. Source: botocore's `PageIterator`, held by tests.
"""

from __future__ import annotations

from .errors import ClientError
from .model import PAGINATORS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

CUT = "boto_truncate_amount"


class BadPaging(ClientError):
    """A token that isn't one, or a server that turns in circles. The text is aws CLI's."""


class Pages:
    """The pages of one description. They are asked for while iterating, once."""

    def __init__(
        self,
        operation: str,
        ask: Callable[[dict[str, Any]], dict[str, Any]],
        parameters: dict[str, Any],
        *,
        starting_token: str | None = None,
        page_size: int | None = None,
        max_items: int | None = None,
    ) -> None:
        self._token_in, self._token_out, self._limit, self.results = PAGINATORS[operation]
        """results: the member that holds the items."""
        self._ask = ask
        self._parameters = dict(parameters)
        self._page_size = page_size
        self._starting_token = starting_token
        self._max_items = max_items
        self.resume_token: str | None = None
        """What to go on with, once the pages have been gone through; None: there is no more."""

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The answers, each as it came, but without the items that are not wanted.

        Raises:
            BadPaging.
        """
        token, skipped = self._start()
        parameters = dict(self._parameters)
        if self._starting_token is not None:
            parameters = _with_token(parameters, token)
        if self._page_size is not None:
            parameters[self._limit] = self._page_size
        previous = None
        count = 0
        while True:
            page = self._ask(parameters)
            if skipped is not None:
                found = page.get(self.results)
                page[self.results] = None if found is None else found[skipped:]
            items = page.get(self.results) or []
            if self._max_items is not None and count + len(items) > self._max_items:
                kept = self._max_items - count
                page[self.results] = items[:kept]
                self.resume_token = self._encode({**token, CUT: kept + (skipped or 0)})
                yield page
                return
            yield page
            skipped = None
            count += len(items)
            token = {self._token_in: page.get(self._token_out) or None}
            if token[self._token_in] is None:
                return
            if count == self._max_items:
                self.resume_token = self._encode(token)
                return
            if token == previous:
                raise BadPaging(f"Error during pagination: The same next token was received twice: {token}")
            parameters = _with_token(parameters, token)
            previous = token

    def merged(self) -> dict[str, Any]:
        """One answer with the items of all pages, and with `NextToken` where there is more."""
        whole: dict[str, Any] = {}
        for page in self:
            items = page.get(self.results)
            if items is not None:
                whole.setdefault(self.results, []).extend(items)
        if self.resume_token is not None:
            whole["NextToken"] = self.resume_token
        return whole

    def _start(self) -> tuple[dict[str, Any], int | None]:
        """The token of the first request, and how many items of that page were printed already; None: no such token."""
        if self._starting_token is None:
            return {self._token_in: None}, None
        try:
            token = _decode(self._starting_token)
            return token, int(token.pop(CUT, 0))
        except (ValueError, TypeError):
            return self._of_old_form(self._starting_token)

    def _of_old_form(self, text: str) -> tuple[dict[str, Any], int]:
        """A token as older releases printed them, `TOKEN___2`, or the server's own."""
        parts = text.split("___")
        index = 0
        if len(parts) == 2:
            try:
                index = int(parts.pop())
            except ValueError:
                parts = [text]
        if len(parts) > 1:
            raise BadPaging(f"Bad starting token: {text}")
        return {self._token_in: None if parts[0] == "None" else parts[0]}, index

    def _encode(self, token: dict[str, Any]) -> str:
        import binascii
        import json

        if set(token) - {CUT} != {self._token_in}:
            raise BadPaging(f"Bad starting token: {token}")
        return binascii.b2a_base64(json.dumps(token).encode(), newline=False).decode()


def _with_token(parameters: dict[str, Any], token: dict[str, Any]) -> dict[str, Any]:
    """The parameters with this token, in the order in which they are sent: what is new comes last."""
    merged = {**parameters, **token}
    return {name: value for name, value in merged.items() if name not in token or value not in (None, "None")}


def _decode(text: str) -> dict[str, Any]:
    import binascii
    import json

    token = json.loads(binascii.a2b_base64(text.encode()).decode())
    if not isinstance(token, dict):
        raise TypeError(text)
    return token
