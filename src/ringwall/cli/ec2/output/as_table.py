"""Tables as aws CLI prints them: a section for each dictionary or list of them, each deeper one within more bars.

A section has a title, a header and rows, all of the same number of cells. Its columns are as wide as their widest cell
and four more, and are then stretched together to the widest section. When that is wider than the terminal, sections of
one row are laid on their side: a row for each column. Widths count cells of a terminal, so a wide character counts two.
"""

from __future__ import annotations

import unicodedata

from . import RESET

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

PADDING = 4
NO_TERMINAL_WIDTH = 80


class Section:
    """A title with its header and rows. level: how many bars it stands within.

    title: None where a list in a list has dictionaries; its width counts as that of `None` then, as in aws CLI.
    """

    def __init__(self, title: str | None, level: int) -> None:
        self.title = title
        self.level = level
        self.header: list[str] = []
        self.rows: list[list[str]] = []
        self._count: int | None = None
        self._widths: list[int] = []

    def set_header(self, names: list[str]) -> None:
        """Gives the section the names of its columns.

        Raises:
            IndexError: it has rows already, and fewer columns.
        """
        self._measure(names)
        self.header = names

    def add_row(self, cells: Sequence[Any]) -> None:
        """Adds a row.

        Raises:
            ValueError: it has not as many cells as the first one, or the header; in aws CLI's words.
        """
        if self._count not in (None, len(cells)):
            raise ValueError(f"Row should have {self._count} elements, instead it has {len(cells)}")
        texts = [str(cell) for cell in cells]
        self._measure(texts)
        self.rows.append(texts)

    def on_its_side(self) -> Section:
        """The section with its header as first column, if it has a header and one row; otherwise itself."""
        if len(self.rows) != 1 or not self.header:
            return self
        turned = Section(self.title, self.level)
        for name, cell in zip(self.header, self.rows[0], strict=False):
            turned.add_row([name, cell])
        return turned

    def width(self) -> int:
        """The cells that it takes, bars included."""
        outside = 2 + 2 * self.level
        return max(cells_of(str(self.title)) + outside, sum(width + PADDING for width in self._widths) + outside)

    def columns(self, width: int) -> list[int]:
        """The columns' widths, stretched to `width` together."""
        padded = [each + PADDING for each in self._widths]
        if not padded:
            return padded
        factor = width / float(sum(padded))
        stretched = [round(factor * each) for each in padded]
        excess = sum(stretched) - width
        step = 1 if excess > 0 else -1
        for at in range(abs(excess)):  # from the left what is too much, from the right what is missing, one each
            stretched[at % len(stretched) if excess > 0 else -1 - at % len(stretched)] -= step
        return stretched

    def _measure(self, cells: list[str]) -> None:
        self._count = len(cells) if self._count is None else self._count
        self._widths = self._widths or [0] * len(cells)
        for at, cell in enumerate(cells):
            self._widths[at] = max(self._widths[at], cells_of(cell))


def as_table(title: str, value: Any, colour: str = "off", terminal_width: int | None = None) -> str:
    """The table of a value; empty where there is nothing in it. colour: as for `output.write`.

    Raises:
        ValueError, IndexError: rows of different lengths in one section.
    """
    if not value:
        return ""
    sections: list[Section] = []
    _build(sections, title, value, 0)
    if max(section.width() for section in sections) > (terminal_width or _terminal_width()):
        sections = [section.on_its_side() for section in sections]
    width = max(section.width() for section in sections)
    after_each = RESET if colour == "each" else ""
    pieces = [piece for section in sections for piece in _drawn(section, width, colour != "off")]
    return "".join(piece + after_each for piece in ["-" * width + "\n", *pieces])


def cells_of(text: str) -> int:
    """The cells that a text takes on a terminal; an ambiguous character counts two."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(character) in "WFA" else 1 for character in text)


def _build(sections: list[Section], title: str | None, value: Any, level: int) -> None:
    """Adds the sections of a value; without a title it is rows of the section before."""
    if not value:
        return
    if title is not None:
        sections.append(Section(title, level))
    if isinstance(value, dict):
        _build_dictionary(sections, value, level)
    elif isinstance(value, list) and isinstance(value[0], dict):
        _build_dictionaries(sections, title, value, level)
    elif isinstance(value, list):
        for item in value:
            if _is_scalar(item):
                sections[-1].add_row([item])
            elif all(_is_scalar(each) for each in item):
                sections[-1].add_row(list(item))
            else:
                _build(sections, None, item, 0)


def _build_dictionary(sections: list[Section], value: dict[str, Any], level: int) -> None:
    scalars = sorted(key for key, child in value.items() if _is_scalar(child))
    if len(scalars) == 1:
        sections[-1].add_row([scalars[0], value[scalars[0]]])
    elif scalars:
        sections[-1].set_header(scalars)
        sections[-1].add_row([value[key] for key in scalars])
    for key in sorted(value.keys() - set(scalars)):
        _build(sections, key, value[key], level + 1)


def _build_dictionaries(sections: list[Section], title: str | None, values: list[dict[str, Any]], level: int) -> None:
    """A row for each, of all scalar members that any has; a section for each, if any has more than scalars."""
    scalars = sorted({key for each in values for key in each if _is_scalar(each[key])})
    deeper = sorted({key for each in values for key in each if not _is_scalar(each[key])})
    sections[-1].set_header(scalars)
    for at, each in enumerate(values):
        if at and deeper:
            sections.append(Section(title, level))
            sections[-1].set_header(scalars)
        sections[-1].add_row([each.get(key, "") for key in scalars])
        for key in deeper:
            if key in each:
                _build(sections, key, each[key], level + 1)


def _is_scalar(value: Any) -> bool:
    return not isinstance(value, list | dict)


def _drawn(section: Section, width: int, is_coloured: bool) -> Iterator[str]:
    """The section in the pieces in which aws CLI writes it."""
    bars = _bars(section.level, is_coloured)
    inner = width - 2 * section.level
    cell = _blue if is_coloured else str
    for line in _lines(section, inner, cell):
        yield from (bars, line, bars, "\n")


def _lines(section: Section, width: int, dressed: Callable[[str], str]) -> Iterator[str]:
    if section.title:
        yield _centred(section.title, width, "|")
        if not section.header and not section.rows:
            yield f"+{'-' * (width - 2)}+"
    columns = section.columns(width)
    border = "".join(("-" * (each - 1) if at else "+" + "-" * (each - 2)) + "+" for at, each in enumerate(columns))
    if section.header:
        yield border
        pairs = zip(columns, section.header, strict=False)
        yield "".join(_centred(name, each, "" if at else "|") for at, (each, name) in enumerate(pairs))
    if section.rows and columns:
        yield border
        for row in section.rows:
            pairs = zip(columns, row, strict=False)
            yield "".join(_left(text, each, "" if at else "|", dressed) for at, (each, text) in enumerate(pairs))
        yield border


def _centred(text: str, width: int, edge: str) -> str:
    before = width // 2 - cells_of(text) // 2 - 1
    after = width - 1 - len(edge) - max(before, 0) - cells_of(text)
    return f"{edge}{' ' * before}{text}{' ' * after}|"


def _left(text: str, width: int, edge: str, dressed: Callable[[str], str]) -> str:
    cells = cells_of(text)
    padding = 2 if width - (cells + 2 + len(edge) + 1) >= 0 else 0
    return f"{edge}{' ' * padding}{dressed(text)}{' ' * (width - len(edge) - padding - cells - 1)}|"


def _blue(text: str) -> str:
    return f"\x1b[1m\x1b[34m{text}{RESET}"


def _bars(level: int, is_coloured: bool) -> str:
    return (f"\x1b[2m\x1b[33m|{RESET}" if is_coloured else "|") * level


def _terminal_width() -> int:
    import os

    try:
        return os.get_terminal_size(1).columns
    except OSError:
        return NO_TERMINAL_WIDTH
