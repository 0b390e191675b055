"""The exit statuses of the human words: a script can tell by them what became of what it asked for."""

from __future__ import annotations

DONE = 0
"""It is as was asked; unless `--no-wait` was given, in force on every host that it concerns."""
FAILED = 1
"""It couldn't be asked or done: no server, no answer, nobody said yes. The text says whether anything was changed."""
USAGE = 2
"""The command line wasn't understood. Nothing was asked."""
NOTHING = 3
"""Nothing matched; nothing was changed."""
PARTLY = 4
"""It is stored, and not in force everywhere yet when time was over; the silent hosts are named.

Of `close` also: somebody opened it anew meanwhile."""
REFUSED = 5
"""The server refused; nothing was changed."""
INTERRUPTED = 130
"""Ctrl-C; the text says whether it was stored."""
