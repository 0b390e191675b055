"""The documents as tests see them: their links, and the blocks in them that are run.

A block that is run stands behind a comment with the name of its script; the blocks of one name are one script, run in
their order in one shell. What a block prints is held against the block behind `expect`, if there is one:

    <!-- run: quick -->        <!-- file: quick.py -->
    ```sh                      ```python
    echo done                  print("done")
    ```                        ```
    <!-- expect -->
    ```text
    done
    ```

A line `…` in what is expected stands for any number of lines. Ids, ports that the kernel chose, revisions, tokens and
times aren't compared.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SKIPPED = {".venv", ".venvs", "data", "node_modules", ".pytest_cache"}
DOCUMENTS = sorted(
    path for path in ROOT.rglob("*.md") if not (SKIPPED | {".git"}).intersection(path.relative_to(ROOT).parts)
)
SCRIPT_SECONDS = 60

_BLOCK = re.compile(
    r"^<!-- (?P<mark>run|file): (?P<name>\S+) -->\n+```\w*\n(?P<text>.*?)^```$"
    r"(?:\n+<!-- expect -->\n+```text\n(?P<expect>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_MASKS = (
    (re.compile(r"\b(sg|sgr|vpc|subnet|eni|i)-[0-9a-f]{17}\b"), r"\1-ID"),
    (re.compile(r"\brw1\.[\w-]{43}\.(-|[0-9a-f]{64})"), "TOKEN"),
    (re.compile(r"\brevision[ =]\d+"), "revision N"),
    (re.compile(r"\bdigest [0-9a-f]{12}\b"), "digest D"),
    (re.compile(r"\b\d+(\.\d)? m?s(?= after it was stored)|(?<=in force after )\d+(\.\d)? m?s\b"), "SECONDS"),
    (re.compile(r"(?<=in force )\d+(\.\d)? m?s\b"), "SECONDS"),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"), "TIME"),
    (re.compile(r"(from|to) (\S+):\d{4,5}$", re.MULTILINE), r"\1 \2:PORT"),
    (re.compile(r"(tcp|udp) (\S+):\d{4,5} →"), r"\1 \2:PORT →"),
    (re.compile(r"  +"), "  "),
)


@dataclass(frozen=True)
class Block:
    """A block that is run. expect: what it prints, or None where that doesn't matter."""

    text: str
    expect: str | None


@dataclass
class Script:
    """The blocks of one name in one document. files: what the document says stands in which file."""

    document: Path
    name: str
    blocks: list[Block] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)


def scripts(document: Path) -> list[Script]:
    """All scripts of a document, each with all of its files."""
    found: dict[str, Script] = {}
    files: dict[str, str] = {}
    for match in _BLOCK.finditer(document.read_text()):
        name = match["name"]
        if match["mark"] == "file":
            files[name] = match["text"]
        else:
            found.setdefault(name, Script(document, name, files=files)).blocks.append(
                Block(match["text"], match["expect"])
            )
    return list(found.values())


def run(script: Script, directory: Path, environment: Mapping[str, str], prefix: Sequence[str] = ()) -> None:
    """Runs the script in the directory to its end, and everything it started with it; fails where it says otherwise."""
    for name, text in script.files.items():
        (directory / name).write_text(text)
    marks = [f"--- block {number} of {script.name} ---" for number in range(len(script.blocks))]
    lines = [f"echo '{mark}'\n{block.text}" for mark, block in zip(marks, script.blocks, strict=True)]
    with tempfile.TemporaryFile("w+") as output:  # a file, as what the script leaves running would keep a pipe open
        process = subprocess.Popen(
            [*prefix, "bash", "-euo", "pipefail", "-c", "\n".join(lines)],
            cwd=directory, env=dict(environment), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        try:
            status = process.wait(SCRIPT_SECONDS)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        output.seek(0)
        said = output.read()
    assert status == 0, f"{script.document.name}, {script.name}: status {status}\n{said}"
    for block, printed in zip(script.blocks, re.split("|".join(f"{mark}\n" for mark in marks), said)[1:], strict=True):
        assert block.expect is None or matches(printed, block.expect), (
            f"{script.document.name}, {script.name}:\n{block.text}printed\n{printed}and not\n{block.expect}"
        )


def matches(printed: str, expect: str) -> bool:
    """Whether what was printed is what is expected, where both are masked."""
    pattern = "".join(
        r"(?:.*\n)*" if line.strip() == "…" else re.escape(line.rstrip()) + r"[ ]*\n"
        for line in masked(expect).splitlines()
    )
    return re.fullmatch(pattern, masked(printed.rstrip("\n") + "\n")) is not None


def masked(text: str) -> str:
    """The text without what differs from run to run."""
    for pattern, instead in _MASKS:
        text = pattern.sub(instead, text)
    return text


def links(document: Path) -> Iterator[str]:
    """The targets of the document's relative links, anchors within the page included."""
    for target in _LINK.findall(_FENCED.sub("", document.read_text())):
        if "://" not in target and not target.startswith("mailto:"):
            yield target
