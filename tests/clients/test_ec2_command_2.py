"""`ringwall ec2` beside the aws CLI 2 as Debian packages it: exit statuses, YAML, and what else only version 2 has.

Its release is older than ringwall's model, so only what it knows is compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import ruamel.yaml

from aws_cli_judge import AWS_2, AWS_2_MODELS, aws_2, ours
from ec2_command_cases import Case, drawn
from ec2_command_compared import Bench
from ec2_command_lines import DONE, PAGES, REVOKED, UNKNOWN, written
from outside import needs
from retelling import retelling
from ringwall.cli.ec2.messages import USAGE

pytestmark = [pytest.mark.clients, needs(AWS_2)]

STANDARD = {"AWS_RETRY_MODE": "standard"}
"""2.9 has no legacy mode."""
UNKNOWN_TO_2_9 = ("IpProtocol@=", "get-security-groups-for-vpc", "fileb://permissions.json")
"""Words of a later release; and one where it speaks of a Python operand, with 255."""
YAML_OPERATIONS = {
    "CreateSecurityGroup", "DescribeAvailabilityZones", "DescribeRegions", "DescribeSecurityGroupReferences",
    "DescribeSecurityGroupRules", "DescribeSecurityGroups", "DescribeStaleSecurityGroups", "DescribeTags",
    "GetManagedPrefixListEntries",
}  # fmt: skip
REVOKE = ("ec2", "revoke-security-group-ingress")


@pytest.fixture(scope="module")
def both() -> Iterator[Bench]:
    with ExitStack() as stack:
        yield Bench(stack.enter_context(aws_2()), stack.enter_context(ours()), stack.enter_context(retelling()))


def pointed(case: Case, url: str) -> Case:
    """The case for 2.9, which takes its endpoint from the command line alone."""
    words = case.arguments
    at = 3 if words[1:2] == ("wait",) else 2
    if "--endpoint-url" not in words and len(words) >= at:
        words = (*words[:at], "--endpoint-url", url, *words[at:])
    return Case(words, case.answers, {**STANDARD, **case.changes}, case.files, case.stdin)


@pytest.mark.parametrize("case", list(written()), ids=str)
def test_the_exit_status_is_version_2s(both: Bench, tmp_path: Path, case: Case) -> None:
    if case.arguments[1:2] and case.arguments[1].startswith("--"):
        pytest.skip("2.9 is pointed at the endpoint by an option behind the operation")
    if any(word in " ".join(case.arguments) for word in UNKNOWN_TO_2_9):
        pytest.skip("2.9 doesn't know it")
    if case.answers == (REVOKED,) and "[Return, @]" in case.arguments:
        pytest.skip("2.9 doesn't know revoked rules, so its table has other rows")
    theirs, mine = both.both(pointed(case, both.endpoint.url), tmp_path)
    assert mine.code == theirs.code, theirs


YAML = [
    Case((*REVOKE, "--output", form, *query), (told,))
    for told in (DONE, REVOKED, UNKNOWN)
    for form in ("yaml", "yaml-stream", "off")
    for query in ((), ("--query", "Return"), ("--query", "UnknownIpPermissions"), ("--query", "nothing"))
] + [
    Case(("ec2", "describe-vpcs", "--output", form, *paging), PAGES)
    for form in ("yaml", "yaml-stream")
    for paging in ((), ("--max-items", "2"), ("--no-paginate",), ("--query", "Vpcs[].VpcId"), ("--page-size", "5"))
]


@pytest.mark.parametrize("case", YAML, ids=str)
def test_yaml(both: Bench, tmp_path: Path, case: Case) -> None:
    if "off" in case.arguments:
        case = Case(case.arguments, case.answers)
        both.endpoint.tell(list(case.answers or ()))
        mine = both.run(both.ringwall, case, tmp_path)
        assert (mine.code, mine.stdout) == (0, "")
        return
    if case.answers == (REVOKED,):
        pytest.skip("2.9 doesn't know revoked rules")
    theirs, mine = both.both(pointed(case, both.endpoint.url), tmp_path)
    assert (mine.stdout, mine.stderr, mine.code) == (theirs.stdout, theirs.stderr, theirs.code)


DRAWN = drawn(12, seed=3, models=AWS_2_MODELS, operations=YAML_OPERATIONS) if AWS_2.exists() else ()


@pytest.mark.parametrize("form", ["yaml", "yaml-stream"])
@pytest.mark.parametrize("case", list(DRAWN), ids=str)
def test_yaml_of_drawn_answers(both: Bench, tmp_path: Path, case: Case, form: str) -> None:
    if "*[].*" in case.arguments:
        pytest.skip("2.9 has the members in another order, and the query shows it")
    words = list(case.arguments)
    words[words.index("--output") + 1] = form
    theirs, mine = both.both(pointed(Case(tuple(words), case.answers, files=case.files), both.endpoint.url), tmp_path)
    assert (mine.code, mine.stdout) == (theirs.code, theirs.stdout)


@pytest.mark.parametrize(
    "text",
    [
        "GroupId: sg-1\nIpPermissions:\n- IpProtocol: tcp\n  FromPort: 22\n",
        "{GroupId: sg-1, DryRun: true}",
        "GroupId: sg-1 # note\nSecurityGroupRuleIds: [sgr-1, sgr-2]\n",
        "GroupId: 'a: b'\nGroupName: \"\\u00fc\"\n",
        "GroupId: !!str 1\n",
        "GroupId: 1\n",
        "DryRun: yes\n",
        "FromPort: 0x16\n",
    ],
)
def test_input_in_yaml(both: Bench, tmp_path: Path, text: str) -> None:
    case = Case((*REVOKE, "--cli-input-yaml", text), (DONE,))
    theirs, mine = both.both(pointed(case, both.endpoint.url), tmp_path)
    assert (mine.code, mine.stderr) == (theirs.code, theirs.stderr)
    assert [each.body for each in mine.requests] == [each.body for each in theirs.requests]


@pytest.mark.parametrize("text", ["x", "- a", "a: [", "a: b: c", "\t", ""])
def test_input_that_is_no_map_in_yaml(both: Bench, tmp_path: Path, text: str) -> None:
    case = Case((*REVOKE, "--cli-input-yaml", text), (DONE,))
    theirs, mine = both.both(pointed(case, both.endpoint.url), tmp_path)
    assert mine.code == theirs.code
    assert "Traceback" not in mine.stderr


def test_the_form_in_yaml_has_what_the_form_in_json_has(both: Bench, tmp_path: Path) -> None:
    for command in ("revoke-security-group-ingress", "create-vpc", "describe-security-groups"):
        forms = [
            both.run(both.ringwall, Case(("ec2", command, "--generate-cli-skeleton", kind), ()), tmp_path).stdout
            for kind in ("input", "yaml-input")
        ]
        assert json.loads(forms[0]).keys() == ruamel.yaml.YAML(typ="safe", pure=True).load(forms[1]).keys()


def test_the_usage_stands_as_version_2s_does(both: Bench, tmp_path: Path) -> None:
    theirs, mine = both.both(Case((*REVOKE, "--port"), ()), tmp_path)
    said = theirs.stderr.partition("help\n\naws: error: ")[2]
    assert said
    assert mine.stderr == f"\n{USAGE}\nringwall: error: {said}"
