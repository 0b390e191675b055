"""The two files of AWS tools, `config` and `credentials`, read as botocore reads them.

The language is that of Python's RawConfigParser: sections, `name = value` or `name: value`, lines that begin with `#`
or `;` left out, indented lines going on with the value above, names in lower case, no section and no name twice, and a
section DEFAULT that lends its values to all. A value that begins on the next line is a nested section. `configparser`
itself takes as long to import as everything else of a call; a test holds this one to it.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    Section = dict[str, "str | dict[str, str]"]

LENDER = "DEFAULT"


class Malformed(ValueError):
    """The text isn't of that language."""


def read(path: str, environ: Mapping[str, str]) -> dict[str, Section] | None:
    """The sections of a file, in its order; None where there is no such file, empty where it may not be read.

    path: `~` and variables in it are replaced.

    Raises:
        Malformed: it isn't text, or not of that language.
    """
    found = _place(path, environ)
    if not os.path.isfile(found):  # noqa: PTH113 - pathlib's import costs as much as the whole reading
        return None
    try:
        with open(found, encoding="utf-8") as file:  # noqa: PTH123
            text = file.read()
    except UnicodeDecodeError as error:
        raise Malformed(str(error)) from error
    except OSError:
        return {}
    return parse(text)


def parse(text: str) -> dict[str, Section]:
    """The sections of a text.

    Raises:
        Malformed: a line that is none of the language's, a section or name that is there twice.
    """
    return {
        section: {name: _nested(value) if value.startswith("\n") else value for name, value in values.items()}
        for section, values in _flat(text).items()
    }


def profiles(sections: Mapping[str, Section]) -> dict[str, dict[str, Section]]:
    """The sections of a `config` file by their kinds: `profiles`, `services`; each by its name."""
    kinds: dict[str, dict[str, Section]] = {"profiles": {}, "services": {}}
    for header, values in sections.items():
        if header == "default":
            kinds["profiles"][header] = values
        for kind, prefix in (("profiles", "profile"), ("services", "services")):
            if header.startswith(prefix) and (name := _second(header)) is not None:
                kinds[kind][name] = values
    return kinds


def _flat(text: str) -> dict[str, dict[str, str]]:
    sections: dict[str, dict[str, list[str]]] = {}
    lent: dict[str, list[str]] = {}
    taken: set[tuple[str, str]] = set()
    section, current, name = "", None, ""
    indent = 0
    for line in text.split("\n"):
        value = line.strip()
        if value.startswith(("#", ";")):
            continue
        if not value:
            if current is not None and name:
                current[name].append("")
            continue
        depth = len(line) - len(line.lstrip())
        if current is not None and name and depth > indent:
            current[name].append(value)
            continue
        indent = depth
        end = value.rfind("]") if value[0] == "[" else -1
        if end > 1:
            section, name = value[1:end], ""
            if section in sections:
                raise Malformed(f"section {section} is there twice")
            current = lent if section == LENDER else sections.setdefault(section, {})
            continue
        name = _name(value)
        if current is None or not name or (section, name) in taken:
            raise Malformed(f"{value[:80]} stands where it can't")
        taken.add((section, name))
        current[name] = [value[_delimiter(value) + 1 :].strip()]
    borrowed = {name: "\n".join(lines).rstrip() for name, lines in lent.items()}
    return {
        header: {**{name: "\n".join(lines).rstrip() for name, lines in values.items()}, **{
            name: value for name, value in borrowed.items() if name not in values
        }}
        for header, values in sections.items()
    }  # fmt: skip


def _delimiter(value: str) -> int:
    """Where the name ends, -1 without an end."""
    return min((at for at in (value.find("="), value.find(":")) if at >= 0), default=-1)


def _name(value: str) -> str:
    end = _delimiter(value)
    return value[:end].rstrip().lower() if end > 0 else ""


def _nested(value: str) -> dict[str, str]:
    found = {}
    for line in value.splitlines():
        if line.strip():
            name, equals, inner = line.strip().partition("=")
            if not equals:
                raise Malformed(f"{line.strip()[:80]} isn't of a nested section")
            found[name.strip()] = inner.strip()
    return found


def _second(header: str) -> str | None:
    """The second of two words, which may be quoted as a shell has it."""
    if header.isprintable() and not any(mark in header for mark in "'\"\\"):
        words = header.split()
    else:
        import shlex

        try:
            words = shlex.split(header)
        except ValueError:
            return None
    return words[1] if len(words) == 2 else None


def _place(path: str, environ: Mapping[str, str]) -> str:
    if path[:2] == "~/" and environ.get("HOME"):
        return environ["HOME"].rstrip("/") + path[1:]
    return os.path.expanduser(os.path.expandvars(path))  # noqa: PTH111
