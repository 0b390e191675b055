"""Where output goes: to standard output, on a terminal through a pager, as version 2 of the AWS CLI does."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from types import TracebackType
    from typing import TextIO

    from ringwall.client.settings import Settings

LESS_OPTIONS = "FRX"
"""less ends at once where all fits on the screen, shows colours, and leaves the text on the screen."""


def stream_for(settings: Settings, *, is_paged: bool) -> Direct | Pager:
    """The way out for this call: standard output unless it is a terminal and a pager is set."""
    if is_paged and settings.pager and sys.stdout.isatty():
        return Pager(settings.pager)
    return Direct()


class Direct:
    """Standard output itself. When nobody reads it any more, that is no error; when it can't be written, it is."""

    def __enter__(self) -> TextIO:
        return sys.stdout

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        """Sees to it that everything has been written; leaves it open, since others write to it as well."""
        try:
            sys.stdout.flush()
        except OSError as late:
            error = error or late
        if not isinstance(error, OSError):
            return False
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left is not tried again at the end
        if isinstance(error, BrokenPipeError):
            return True
        from .messages import Stop

        raise Stop(f"The call was made, and its answer could not be written: {error}") from error


class Pager:
    """A pager, that is started by the first word written to it: an error shall not leave an empty one behind."""

    def __init__(self, command: str) -> None:
        self._command = command
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> TextIO:
        return self  # type: ignore[return-value]  # has of a stream what output uses: write, flush, isatty

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Waits until it has been left. That it was left before all was written is no error."""
        if self._process is not None:
            try:
                self._process.communicate()
            except (BrokenPipeError, KeyboardInterrupt):
                self._process.wait()
        return isinstance(error, BrokenPipeError)

    def write(self, text: str) -> int:
        """Shows the text."""
        if not text:
            return 0
        process = self._process or self._started()
        assert process.stdin is not None
        return process.stdin.write(text)

    def flush(self) -> None:
        """Lets the pager have what was written."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.flush()

    def isatty(self) -> bool:
        """What the pager shows ends on a terminal."""
        return True

    def _started(self) -> subprocess.Popen[str]:
        import shlex
        import subprocess

        from .messages import CONFIGURATION, Stop

        try:
            self._process = subprocess.Popen(
                shlex.split(self._command),
                stdin=subprocess.PIPE,
                text=True,
                env={"LESS": LESS_OPTIONS, **os.environ},
            )
        except (OSError, ValueError) as error:
            raise Stop(
                f"Unable to redirect output to pager. Received the following error when opening pager:\n{error}\n\n"
                "Set AWS_PAGER to another one, or to nothing for none.",
                CONFIGURATION,
            ) from error
        return self._process
