"""Reads command lines with the aws CLI 1 and tells what it would have called, without calling it.

Standard input: a JSON list of lists of words, without `aws`. Standard output: a line of JSON for each, with
`parameters` (in their order), `operation` and `paged`; or with `text`, what it wrote to standard error.

Each line is read in a process of its own: what one command registers with the driver stays for the next one.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import sys

from awscli import clidriver


def told(driver, words):
    calls = []

    def keep(self, service, operation, parameters, parsed_globals):
        calls.append({"operation": operation, "parameters": parameters, "paged": parsed_globals.paginate})
        return 0

    clidriver.CLIOperationCaller.invoke = keep
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        driver.main(words)
    return calls[0] if calls else {"text": errors.getvalue()}


def main():
    sys.argv = ["aws"]
    driver = clidriver.create_clidriver()
    driver._get_command_table()["ec2"]._get_command_table()  # what all lines need is read once
    for words in json.load(sys.stdin):
        child = os.fork()
        if child == 0:
            answer = told(driver, words)
            print(json.dumps(answer, default=lambda value: base64.b64encode(value).decode()), flush=True)
            os._exit(0)
        os.waitpid(child, 0)


main()
