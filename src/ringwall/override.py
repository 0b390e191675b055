"""`override` for type checkers, without the half megabyte that typing_extensions takes in a process that lives long."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import override as override
else:

    def override(method):
        """The method as it is; type checkers hold it to that of the class above."""
        return method
