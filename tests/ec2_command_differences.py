"""What `ringwall ec2` does otherwise than the aws CLI 1, and why: all that docs/reference/ec2-command.md has."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from aws_cli_judge import Outcome
from ec2_command_cases import Case, success
from ringwall.cli.ec2.messages import USAGE
from ringwall.client.model import COMMANDS, WAITERS

REVOKE = ("ec2", "revoke-security-group-ingress", "--group-id", "sg-1")
DONE = success("RevokeSecurityGroupIngress", "<return>true</return>")
_USAGES = (
    re.compile(r"usage: \rNote: .*?  aws <command> <subcommand> help\n", re.DOTALL),
    re.compile(r"usage: aws \[options\] <command> <subcommand> \[parameters\]\n"),
)
_CHOICES = re.compile(
    r"argument (operation|subcommand|--[\w-]+): Invalid choice, valid choices are:\n\n(?P<list>.*)", re.S
)
_INVALID = (
    "usage: ringwall ", "Error parsing parameter ", "Parameter validation failed:", "Bad value for --query",
    "Bad value for --endpoint-url", "protocol parameter should ", "port parameter should ", "Cannot specify both ",
    "Error during pagination: Cannot ", "Unable to load paramfile ", "Unknown output type",
)  # fmt: skip
_SETTINGS = ("You must specify a region.", "Unable to locate credentials.")


@dataclass(frozen=True)
class Difference:
    """A difference that is meant. rewrite: what aws 1 came to -> what ringwall must come to in its place."""

    name: str
    aws: str
    ringwall: str
    reason: str
    rewrite: Callable[[Outcome], Outcome]
    example: Case


def _says(pattern: str, instead: str) -> Callable[[Outcome], Outcome]:
    """Another text on standard error."""
    return lambda outcome: replace(outcome, stderr=re.sub(pattern, instead, outcome.stderr, count=1, flags=re.DOTALL))


def _usage(outcome: Outcome) -> Outcome:
    for usage in _USAGES:
        if found := usage.search(outcome.stderr):
            said = outcome.stderr[found.end() :].lstrip("\n").replace("aws: error: ", "ringwall: error: ", 1)
            return replace(outcome, stderr=f"\n{USAGE}\n{said}\n")
    return outcome


def _choices(outcome: Outcome) -> Outcome:
    """The list of what can be there, and what is close to the word that was given, of our own words."""
    found = _CHOICES.search(outcome.stderr)
    if not found:
        return outcome
    known: Sequence[str] = {
        "operation": [*COMMANDS, "wait", "help"],
        "subcommand": list(WAITERS),
        "--output": ["json", "text", "table", "yaml", "yaml-stream", "off"],
        "--generate-cli-skeleton": ["input", "output", "yaml-input"],
    }.get(found[1], [])
    if not known:
        return outcome
    rows = [" | ".join(f"{word:40}" for word in known[at : at + 2]) for at in range(0, len(known), 2)]
    _, invalid, rest = found["list"].partition("\n\n\nInvalid choice: ")
    close = get_close_matches(rest.partition(",")[0].strip("'"), known, cutoff=0.8) if invalid else []
    text = "\n".join(rows)
    if close:
        text += f"{invalid}{rest.partition(':')[0]}:\n\n" + "\n".join(f"  * {word}" for word in close)
    return replace(outcome, stderr=f"{outcome.stderr[: found.start('list')]}{text}\n\n")


def _status(outcome: Outcome) -> Outcome:
    said = outcome.stderr.lstrip("\n")
    if not outcome.code:
        return outcome
    if said.startswith("An error occurred ("):
        return replace(outcome, code=254)
    if said.startswith(_SETTINGS):
        return replace(outcome, code=253)
    if said.startswith(_INVALID) or re.match(r"The --\w+ option is not compatible|Only one --cli-input", said):
        return replace(outcome, code=252)
    return replace(outcome, code=255)


DIFFERENCES = (
    Difference(
        "the usage",
        "shows aws's usage, with an advertisement for version 2, above what it didn't understand",
        "shows the usage of `ringwall ec2`, with a blank line before and behind as version 2 has them",
        "the text names the program that was run",
        _usage,
        Case((*REVOKE, "--port"), ()),
    ),
    Difference(
        "the choices",
        "lists every operation, waiter, output format and skeleton that it has",
        "lists its own: the operations that are served, and the formats and skeletons of version 2",
        "a list is of use only if everything in it works",
        _choices,
        Case(("ec2", "nonsense"), ()),
    ),
    Difference(
        "a blank line before what settings lack",
        "says that there is no region, or that there are no credentials, on the first line",
        "leaves a line blank above it, as above every other error",
        "version 2 does so too",
        _says(r"\A(You must specify a region\.|Unable to locate credentials\.)", r"\n\1"),
        Case(REVOKE, (), {"AWS_DEFAULT_REGION": None}),
    ),
    Difference(
        "input that is JSON but no object",
        "speaks of a Python object without `keys`",
        "says `Invalid type: expecting map, received …`, as version 2 does",
        "the text says what to put right",
        _says(
            r"\A\n'(list|str|int|float|bool|NoneType)' object has no attribute 'keys'\n",
            r"\nError parsing parameter '--cli-input-json': Invalid type: expecting map, received <class '\1'>\n",
        ),
        Case(("ec2", "revoke-security-group-ingress", "--cli-input-json", "[]"), ()),
    ),
    Difference(
        "bytes where text belongs",
        "speaks of a Python operand when a file of JSON is named with `fileb://`",
        "says that the option takes JSON or shorthand, and to use `file://`",
        "the text says what to put right",
        _says(
            r"\A\n'in <string>' requires string as left operand, not int\n",
            "\nError parsing parameter '--ip-permissions': it takes JSON or shorthand; "
            "use file:// for a file with text\n",
        ),
        Case((*REVOKE, "--ip-permissions", "fileb://x"), (), files={"x": "[]"}),
    ),
    Difference(
        "colour codes around an error",
        "writes reset codes around an error when `--color on` goes with `--output table`",
        "writes the error as it is",
        "nothing is coloured there, and a log should have no control codes",
        _says("\x1b\\[0m(.*)\x1b\\[0m\n\x1b\\[0m", r"\1\n"),
        Case((*REVOKE, "--output", "table", "--color", "on", "--query", "abs(@)"), (DONE,)),
    ),
    Difference(
        "an endpoint that isn't HTTP",
        "speaks of an HTTP client with an unhandled exception when the URL's scheme is another one",
        "says `Invalid endpoint:` with the URL",
        "the same text as for every URL that is none",
        _says(
            r"\A\nAn HTTP Client raised an unhandled exception: Not supported URL scheme ftp\n",
            "\nInvalid endpoint: ftp://127.0.0.1\n",
        ),
        Case((*REVOKE, "--endpoint-url", "ftp://127.0.0.1"), ()),
    ),
    Difference(
        "a settings file that is none",
        "ends with a traceback when `~/.aws/config` or `credentials` isn't an INI file",
        "says `Unable to parse config file:` with the file's path",
        "a traceback helps nobody",
        _says(r"\ATraceback .*(Unable to parse config file: [^\n]*)\n", r"\n\1\n"),
        Case(REVOKE, (), files={".aws/config": "nonsense\n"}),
    ),
    Difference(
        "the exit status",
        "ends with 255, or with 2 where argparse refuses the line",
        "ends as version 2 does: 252 for a line that isn't understood, 253 for settings that lack something, 254 for a "
        "refusal of the server, 255 for the rest",
        "a script can tell a typing error from a refusal",
        _status,
        Case(("ec2", "revoke-security-group-egress"), ()),
    ),
)
"""Those that can be told from what aws 1 came to; in this order one is applied after the other."""


@dataclass(frozen=True)
class Other:
    """A difference in what is asked for, which has a test of its own."""

    name: str
    aws: str
    ringwall: str
    reason: str


OTHERS = (
    Other(
        "what only version 2 has",
        "doesn't know `--cli-input-yaml`, `--generate-cli-skeleton yaml-input`, `--output yaml|yaml-stream|off`, "
        "`--no-cli-pager`",
        "has them as version 2 has them",
        "both versions' scripts run",
    ),
    Other(
        "the region's variable",
        "reads AWS_DEFAULT_REGION alone",
        "reads AWS_REGION first, then AWS_DEFAULT_REGION, as version 2 does",
        "every SDK reads AWS_REGION",
    ),
    Other(
        "how often a call is tried",
        "5 times, in the `legacy` mode, unless told otherwise",
        "3 times, in the `standard` mode, unless told otherwise, as version 2 does",
        "the newer mode has a quota, so a server in trouble isn't asked more than it can bear",
    ),
    Other(
        "an option that isn't known",
        "names the option",
        "names the option, and the one that is nearest to it",
        "most are typing errors",
    ),
    Other(
        "an answer that is none",
        "takes any XML with status 200 for a success, a proxy's welcome page too",
        "says `Unable to parse response:` and ends with 255",
        "nobody must believe that a rule is gone because a proxy was polite",
    ),
    Other(
        "a value that is a URL",
        "fetches a value that begins with `http://` or `https://` and takes what comes for the value",
        "takes it as it stands, as version 2 does",
        "a command line must not make a request that nobody asked for",
    ),
    Other(
        "an output format that isn't one, in the settings",
        "makes the change, and then says `Unknown output type:`",
        "says so before anything is sent",
        "never a doubt whether the change was made",
    ),
    Other("help", "shows pages of Amazon's documentation", "shows its own", "the help is about this server"),
    Other("`--debug`", "logs what botocore does", "logs each request and answer", "there is no botocore in it"),
    Other("User-Agent", "names aws-cli and botocore", "names ringwall", "a server's log tells who called"),
    Other(
        "some lines that contradict themselves",
        "names an unknown parameter for `--no-paginate --max-items 0`, ends with an IndexError for "
        "`--ip-permissions` without values beside `--protocol`",
        "refuses the first with `Cannot specify --no-paginate`, and takes the second as if it weren't there",
        "the text says what to put right",
    ),
    Other(
        "a list where shorthand wants a number",
        "speaks of a Python type",
        "says what the parameters' validation says",
        "the text says what to put right",
    ),
    Other(
        "skeletons",
        "fills in a random one of a parameter's values; `yaml-input` of version 2 has Amazon's sentences "
        "beside the names",
        "fills in the first, and leaves the sentences out",
        "the same line gives the same skeleton",
    ),
    Other(
        "YAML that isn't",
        "names the error",
        "names the error with its line and column",
        "it is found sooner",
    ),
    Other(
        "NO_COLOR",
        "doesn't know it",
        "writes no colours where it is set",
        "people expect it of every program",
    ),
    Other(
        "`--no-verify-ssl`",
        "warns on standard error of each request without a verified certificate",
        "doesn't warn",
        "whoever wrote the option knows",
    ),
    Other(
        "`--cli-binary-format`",
        "doesn't know it",
        "takes the option, and bytes as version 1 does",
        "one parameter of one served operation has bytes",
    ),
)


def expected(theirs: Outcome) -> tuple[Outcome, set[str]]:
    """What ringwall must come to where aws 1 came to this, and the differences that are in it."""
    names = set()
    for each in DIFFERENCES:
        rewritten = each.rewrite(theirs)
        if rewritten != theirs:
            names.add(each.name)
        theirs = rewritten
    return theirs, names
