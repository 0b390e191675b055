"""The moment of signing, in the two forms in which clients write it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from ringwall.domain.errors import IncompleteSignature

_AMZ_DATE: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_HTTP_DATE: Final = re.compile(r"[A-Za-z]{3}, ([0-9]{2}) ([A-Za-z]{3}) ([0-9]{4}) ([0-9:]{8}) (?:GMT|UTC|[+-]0000)")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def amz_date(value: str) -> str:
    """The value of X-Amz-Date or Date in basic ISO 8601, `20150830T123600Z`, from that form or from HTTP's.

    Raises:
        IncompleteSignature: it is neither. Whether it is a date at all, `unix_seconds` finds.
    """
    if _AMZ_DATE.fullmatch(value):
        return value
    http = _HTTP_DATE.fullmatch(value)
    if http is not None and http[2] in _MONTHS:
        value = f"{http[3]}{_MONTHS.index(http[2]) + 1:02}{http[1]}T{http[4].replace(':', '')}Z"
    if not _AMZ_DATE.fullmatch(value):
        raise IncompleteSignature("The date must have the form YYYYMMDDTHHMMSSZ or that of an HTTP date.")
    return value


@lru_cache(maxsize=256)
def unix_seconds(date: str) -> int:
    """The moment that `amz_date` gave, in Unix seconds.

    Raises:
        IncompleteSignature: there is no such moment.
    """
    try:
        year, month, day = int(date[:4]), int(date[4:6]), int(date[6:8])
        moment = datetime(year, month, day, int(date[9:11]), int(date[11:13]), int(date[13:15]), tzinfo=UTC)
    except ValueError as error:
        raise IncompleteSignature("The date of the request is no date.") from error
    return int(moment.timestamp())
