"""Values that stand in a file: `file://rules.json` (text), `fileb://data` (bytes); `~` and `$NAME` are replaced.

Source: the AWS CLI's `paramfile`. As in its version 2, a URL with http:// or https:// is a value as any other.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TEXT = "file://"
_BYTES = "fileb://"
SIZE_MAX = 64 * 1024 * 1024
"""A longer file, /dev/zero say, is none of parameters: the AWS CLI reads until there is no memory left."""


class UnreadableFile(Exception):
    """The file isn't there, may not be read, isn't text, or is too long."""


def read_if_file(value: Any) -> Any:
    """What is in the file that the value names; None: it doesn't name one.

    Raises:
        UnreadableFile.
    """
    if not isinstance(value, str) or not value.startswith((_TEXT, _BYTES)):
        return None
    prefix = _TEXT if value.startswith(_TEXT) else _BYTES
    path = os.path.expandvars(os.path.expanduser(value[len(prefix) :]))  # noqa: PTH111 (pathlib takes 10 ms to import)
    try:
        with open(path, "r" if prefix == _TEXT else "rb") as file:  # noqa: PTH123
            content = file.read(SIZE_MAX + 1)
    except UnicodeDecodeError as error:
        raise UnreadableFile(
            f"Unable to load paramfile ({path}), text contents could not be decoded.  "
            "If this is a binary file, please use the fileb:// prefix instead of the file:// prefix."
        ) from error
    except (OSError, ValueError) as error:
        raise UnreadableFile(f"Unable to load paramfile {value}: {error}") from error
    if len(content) > SIZE_MAX:
        raise UnreadableFile(f"Unable to load paramfile {value}: it has more than {SIZE_MAX} bytes")
    return content
