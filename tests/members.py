"""The members of a request that botocore knows, and those of them that an operation looks at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.model import ListShape, Shape, StructureShape

from botocore_judge import model

BEFORE_THE_OPERATION = frozenset({"DryRun"})
"""What the server reads itself."""


def known(name: str) -> set[str]:
    """The paths of the members that have a value: `IpPermissions.IpRanges.CidrIp`."""
    shape = model(name).input_shape
    assert shape is not None
    return set(_paths(shape, ())) - BEFORE_THE_OPERATION


def _paths(shape: Shape, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(shape, ListShape):
        yield from _paths(shape.member, path)
    elif isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            yield from _paths(member, (*path, name))
    else:
        yield ".".join(path)


class Watched(dict[str, Any]):
    """A request that keeps the paths of the members that were asked for, present or not."""

    def __init__(self, value: dict[str, Any], seen: set[str], path: tuple[str, ...] = ()) -> None:
        super().__init__({key: _watched(each, seen, (*path, key)) for key, each in value.items()})
        self._seen, self._path = seen, path

    def _see(self, key: str) -> None:
        self._seen.add(".".join((*self._path, key)))

    def __getitem__(self, key: str) -> Any:
        self._see(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:  # type: ignore[override]
        self._see(key)
        return super().get(key, default)


def _watched(value: Any, seen: set[str], path: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return Watched(value, seen, path)
    return [_watched(each, seen, path) for each in value] if isinstance(value, list) else value
