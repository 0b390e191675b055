"""JSON text in one pass, for what is written with every change.

`json.JSONEncoder.encode` makes CPython's encoder anew for each value, and has it keep account of what could contain
itself, which costs as much as the encoding of a small value. Here it is made once, and nothing contains itself.
"""

from __future__ import annotations

import json
from json import encoder
from typing import Any, Final

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)
_MAKE: Final[Any] = getattr(encoder, "c_make_encoder", None)
_TEXT: Final = encoder.encode_basestring
# What might contain itself: not kept account of. Then: no indentation, no sorting, no key skipped, NaN as it is.
_IN_C: Final[Any] = _MAKE and _MAKE(None, _ENCODER.default, _TEXT, None, ":", ",", False, False, True)


def compact(value: object) -> str:
    """The JSON text of this value, without blanks, in the characters that it has.

    Raises:
        TypeError: JSON has no such value.
    """
    return "".join(_IN_C(value, 0)) if _IN_C else _ENCODER.encode(value)
