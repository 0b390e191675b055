"""Task 1 of Signature Version 4: the canonical request, the one text that signer and verifier build alike.

    method \\n path \\n query \\n header:value\\n … \\n names of the signed headers \\n SHA-256 of the body

Everything here is bytes as they came over the wire, so that nothing is decoded one way for the signature and another
way for the operation. Two requests of different meaning must never have one canonical form. The specification allows
three ways to break that, and they are closed here: a path with `.`, `..` or empty segments, and a query that repeats a
name (sorting by value loses the order), are refused; broken percent-encoding is never repaired.

Source: AWS IAM user guide, "Create a signed AWS API request"; botocore's SigV4Auth, with which it is tested.
"""

from __future__ import annotations

import re
from urllib.parse import quote_from_bytes, unquote_to_bytes

from ringwall.domain.errors import IncompleteSignature

TYPE_CHECKING = False  # importing `typing` and `collections.abc` would cost a command line's call 5 ms
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Final

_BROKEN_PERCENT: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_ESCAPES: Final = re.compile(rb"(?:%[0-9A-Fa-f]{2})+")
_PRINTABLE: Final = re.compile(rb"[\x21-\x7e]*")


def canonical_request(
    method: bytes, path: bytes, query: bytes, headers: Iterable[tuple[bytes, bytes]], body_sha256: bytes
) -> bytes:
    """The canonical request. path, query and the values of the headers are canonical already.

    headers: the signed ones, names in lower case, in the order in which SignedHeaders names them (sorted, by the
    specification; a client that doesn't sort has signed its own order). body_sha256: hexadecimal.
    """
    names, lines = [], [method, path, query]
    for name, value in headers:
        names.append(name)
        lines.append(name + b":" + value)
    lines += (b"", b";".join(names), body_sha256)
    return b"\n".join(lines)


def canonical_path(raw_path: bytes) -> bytes:
    """The path, percent-encoded once more, as every service but S3 has it.

    Raises:
        IncompleteSignature: the path has `.`, `..` or empty segments. The specification removes them before signing, so
            `/` and `/x/..` have one signature; a server that routes by the path as sent must not take both.
    """
    if raw_path in (b"/", b""):
        return b"/"
    first, *segments = raw_path.split(b"/")
    if first or b"" in segments[:-1] or b"." in segments or b".." in segments:
        raise IncompleteSignature("The path of a signed request must not have '.', '..' or empty segments.")
    return quote_from_bytes(raw_path, safe="/~").encode()


def decode_query(raw_query: bytes) -> dict[bytes, bytes]:
    """The parameters of a query or form, decoded: `+` is a blank, a name without `=` has an empty value.

    Raises:
        IncompleteSignature: a name is given twice; the signature doesn't cover the order of its values.
    """
    parameters: dict[bytes, bytes] = {}
    if raw_query:
        for pair in raw_query.replace(b"+", b" ").split(b"&"):
            name, _, value = pair.partition(b"=")
            name = _decoded(name)
            if name in parameters:
                raise IncompleteSignature(f"The query parameter '{_shown(name)}' is given more than once.")
            parameters[name] = _decoded(value)
    return parameters


def canonical_queries(raw_query: bytes, parameters: Mapping[bytes, bytes], without: bytes | None = None) -> list[bytes]:
    """The texts that a client may have signed for this query; the first is that of nearly all.

    Some sign the pairs as they send them (botocore), others encode them for the signature in the canonical way and for
    the wire in another (Libcloud sends a blank as `+`). Both bind the meaning: two queries with a common text decode to
    the same parameters. parameters: the query decoded. without: the name of the signature's own parameter.
    """
    if not raw_query:
        return [b""]
    texts = []
    if _PRINTABLE.fullmatch(raw_query):
        pairs = [(name, value) for name, _, value in (pair.partition(b"=") for pair in raw_query.split(b"&"))]
        texts.append(_joined(pair for pair in pairs if _decoded(pair[0]) != without))
    if not _BROKEN_PERCENT.search(raw_query):
        text = _joined((_encoded(name), _encoded(value)) for name, value in parameters.items() if name != without)
        if text not in texts:
            texts.append(text)
    return texts


def canonical_value(value: bytes) -> bytes:
    """The value of a header, without blanks around it and with single blanks inside."""
    return b" ".join(value.split())


def _decoded(text: bytes) -> bytes:
    """The text without percent-encoding; a percent sign that begins none stands for itself.

    `unquote_to_bytes` raises and catches an exception for each of those, and whoever hasn't proved a key may send them.
    """
    if _BROKEN_PERCENT.search(text) is None:
        return unquote_to_bytes(text)
    return _ESCAPES.sub(lambda run: bytes.fromhex(run[0].replace(b"%", b"").decode("ascii")), text)


def _joined(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"&".join([b"%b=%b" % pair for pair in sorted(pairs)])


def _encoded(text: bytes) -> bytes:
    return quote_from_bytes(text, safe="~").encode()


def _shown(name: bytes) -> str:
    return name[:64].decode("ascii", "replace")
