"""Text as aws CLI prints it: a line for each dictionary, its scalars in the order of their names, parted by tabs.

Ahead of a line stands the name of the member that it was found under; what isn't a scalar follows on lines of its own.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any


def lines(value: Any) -> Iterator[str]:
    """The value in lines, each with its line break: a value that has no place in text is found only at its line."""
    return (f"{line}\n" for line in _lines(value, None, None))


def _lines(value: Any, name: str | None, columns: Sequence[str] | None) -> Iterator[str]:
    """columns: the scalar members that this dictionary's line shows, those of the whole list it stands in."""
    if isinstance(value, dict):
        yield from _of_dictionary(value, name, columns)
    elif isinstance(value, list):
        yield from _of_list(value, name)
    else:
        yield str(value)


def _of_dictionary(value: dict[str, Any], name: str | None, columns: Sequence[str] | None) -> Iterator[str]:
    if columns is None:
        columns = sorted(key for key, child in value.items() if not isinstance(child, dict | list))
    if columns:
        cells = [str(value.get(column, "")) for column in columns]
        yield "\t".join(cells if name is None else [name.upper(), *cells])
    for key in sorted(value.keys() - set(columns)):
        yield from _lines(value[key], key, None)


def _of_list(values: list[Any], name: str | None) -> Iterator[str]:
    if any(isinstance(each, dict) for each in values):
        columns = sorted(
            {key for each in values for key, child in each.items() if not isinstance(child, dict | list)},
        )
        for each in values:
            yield from _lines(each, name, columns)
        return
    scalars = [str(each) for each in values if not isinstance(each, list)]
    if scalars and name is not None:
        yield from (f"{name.upper()}\t{each}" for each in scalars)
    elif scalars:
        yield "\t".join(scalars)
    for each in values:
        if isinstance(each, list):
            yield from _of_list(each, name)
