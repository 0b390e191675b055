"""A refusal, and the two kinds of them that most ids have."""

from __future__ import annotations

TYPE_CHECKING = False  # the command line imports a class from here, and would pay for `typing`
if TYPE_CHECKING:
    from typing import ClassVar


class ServiceError(Exception):
    """A request refused for a reason that the client can read. Nothing was changed."""

    code: str

    @property
    def message(self) -> str:
        """The text that the client sees, as EC2 words it."""
        return str(self.args[0]) if self.args else ""


class MalformedId(ServiceError):
    """An id that can't be one of its kind. `prefix` is the right one, without the hyphen."""

    def __init__(self, text: str, prefix: str) -> None:
        # The hint is given only where even the prefix is wrong.
        hint = "" if text.startswith(f"{prefix}-") else f' (expecting "{prefix}-...")'
        super().__init__(f'Invalid id: "{text}"{hint}')


class AbsentId(ServiceError):
    """Well-formed ids of which nothing exists. `noun` is what EC2 calls them."""

    noun: ClassVar[str]

    def __init__(self, *ids: str) -> None:
        if len(ids) == 1:
            super().__init__(f"The {self.noun} '{ids[0]}' does not exist")
        else:
            super().__init__(f"The {self.noun}s '{', '.join(ids)}' do not exist")
        self.ids = ids
