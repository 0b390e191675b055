"""Flat parameters to a tree: `IpPermissions.1.FromPort=22` becomes `{"IpPermissions": {"1": {"FromPort": "22"}}}`.

The tree knows nothing of the model: list indices are keys like any other, so an index of 10^9 costs what 1 costs.
Its size is bounded by the limits below, whatever the names are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from ringwall.domain.errors import InvalidParameterCombination, MalformedQueryString

Tree = dict[str, "str | Tree"]

NAME_LENGTH_MAX: Final = 255
DEPTH_MAX: Final = 8
"""Parts of a name; the deepest of EC2's that are served has five."""


def nest(params: Iterable[tuple[str, str]]) -> Tree:
    """The parameters by the parts of their names. Leaves are texts; order is that of first appearance.

    Raises:
        InvalidParameterCombination: a name is given twice, or both with a value and with parts below it.
        MalformedQueryString: a name is too long or too deep.
    """
    tree: Tree = {}
    nodes = {"": tree}  # by what stands before the name's last part: most names share it with the one before
    for name, value in params:
        above, dot, key = name.rpartition(".")
        node = nodes.get(above + dot)
        if node is None or len(name) > NAME_LENGTH_MAX:
            node = nodes[above + dot] = _descend(tree, above.split(".", DEPTH_MAX), name)
        if key in node:
            raise _twice(name)
        node[key] = value
    return tree


def _descend(tree: Tree, parents: Sequence[str], name: str) -> Tree:
    """The node below these parts, which the name's last one belongs in; made if need be."""
    if len(name) > NAME_LENGTH_MAX or len(parents) >= DEPTH_MAX:
        raise MalformedQueryString(f"The name of the parameter {name[:NAME_LENGTH_MAX]} is too long.")
    node = tree
    for part in parents:
        child = node.get(part)
        if child is None:
            child = node[part] = {}
        elif isinstance(child, str):
            raise _twice(name)
        node = child
    return node


def _twice(name: str) -> InvalidParameterCombination:
    return InvalidParameterCombination(f"The parameter {name} may only be specified once.")
