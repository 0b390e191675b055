"""A command line program, imported once and run in a fork for each line of JSON that comes in.

Each run is a process of its own, so nothing leaks from one into the next, but it doesn't pay for the imports again, nor
for reading the same model files. Runs under any interpreter that has the program, as it imports nothing else.

    python forked_cli.py MODULE:FUNCTION NAME [WARM-UP …]

One line in: {"arguments": […], "environment": {…}, "stdin": "…", "directory": "…"}; one line out:
{"code": 0, "stdout": "…", "stderr": "…"}, where each byte is a character (latin-1), so that every byte comes whole.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import sys
from typing import Any

RUN_SECONDS = 50
KEPT = ("AWS_DATA_PATH",)
"""What aws sets in its own environment when it is imported, and reads later."""


def main() -> None:
    """Serves runs until the input ends."""
    module, function = sys.argv[1].split(":")
    name, warm_up = sys.argv[2], sys.argv[3:]
    commands = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    for number in (0, 1):
        os.dup2(os.open(os.devnull, os.O_RDWR), number)
    program = getattr(importlib.import_module(module), function)
    _remember_model_files()
    _leave_logging_alone()
    if warm_up:
        _warm(program, [name, *warm_up])
    gc.collect()
    gc.freeze()
    answers.write(b"ready\n")
    answers.flush()
    for line in commands:
        answers.write(json.dumps(_run(program, name, json.loads(line))).encode() + b"\n")
        answers.flush()


def _warm(program: Any, arguments: list[str]) -> None:
    """One call, so that what is imported late is imported."""
    sys.argv = arguments
    error = os.dup(2)
    os.dup2(1, 2)
    with contextlib.suppress(SystemExit):
        program()
    os.dup2(error, 2)
    os.close(error)


def _remember_model_files() -> None:
    """botocore's model files are read once; a run may change what it was given, since it has a copy of all memory."""
    if "botocore" not in sys.modules:
        return
    from botocore.loaders import JSONFileLoader

    read, seen = JSONFileLoader.load_file, {}

    def load_file(self: Any, file_path: str) -> Any:
        if file_path not in seen:
            seen[file_path] = read(self, file_path)
        return seen[file_path]

    JSONFileLoader.load_file = load_file


def _leave_logging_alone() -> None:
    """awscrt hangs in a fork when its logging, which is switched off anyway, is set up again."""
    if "awscrt.io" in sys.modules:
        sys.modules["awscrt.io"].init_logging = lambda *_: None  # type: ignore[attr-defined]


def _run(program: Any, name: str, given: dict[str, Any]) -> dict[str, Any]:
    files = [os.memfd_create(kind) for kind in ("stdin", "stdout", "stderr")]
    os.write(files[0], given["stdin"].encode("latin-1"))
    os.lseek(files[0], 0, os.SEEK_SET)
    child = os.fork()
    if not child:
        _child(program, name, given, files)
    status = os.waitpid(child, 0)[1]
    texts = [os.pread(file, os.fstat(file).st_size, 0).decode("latin-1") for file in files[1:]]
    for file in files:
        os.close(file)
    return {"code": os.waitstatus_to_exitcode(status), "stdout": texts[0], "stderr": texts[1]}


def _child(program: Any, name: str, given: dict[str, Any], files: list[int]) -> None:
    """The run itself; never returns."""
    code = 70
    try:
        signal.alarm(RUN_SECONDS)
        for number, file in enumerate(files):
            os.dup2(file, number)
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        os.environ.clear()
        os.environ.update({**kept, **given["environment"]})
        os.chdir(given["directory"])
        sys.argv = [name, *given["arguments"]]
        try:
            sys.exit(program())
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # as the interpreter does at the end of a program
        sys.excepthook(*sys.exc_info())
        code = 1
        sys.stderr.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
