"""`ringwall allow`, `revoke`, `list`, `show`, `hosts` and `status` against a real server, as processes."""

from __future__ import annotations

import json
import random
import re
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from cut_line import cut_line
from enrolled import enrol, watching
from serving import RINGWALL, Server, serving
from terminal import Terminal


@pytest.fixture(scope="module")
def served() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def server(served: Server) -> Iterator[Server]:
    """The module's server, without groups of anybody's."""
    ec2 = served.client()
    groups = [each for each in ec2.describe_security_groups()["SecurityGroups"] if each["GroupName"] != "default"]
    for group in groups:  # rules first: they may name the groups
        rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group["GroupId"]]}])
        for is_egress, revoke in ((True, ec2.revoke_security_group_egress), (False, ec2.revoke_security_group_ingress)):
            ids = [r["SecurityGroupRuleId"] for r in rules["SecurityGroupRules"] if r["IsEgress"] is is_egress]
            if ids:
                revoke(GroupId=group["GroupId"], SecurityGroupRuleIds=ids)
    for group in groups:
        ec2.delete_security_group(GroupId=group["GroupId"])
    yield served


def say(server: Server, *words: str, url: str | None = None, given: str | None = None) -> tuple[int, str, str]:
    """Exit status, output and errors of `ringwall …`."""
    environment = server.environment | ({"AWS_ENDPOINT_URL_EC2": url} if url else {})
    done = subprocess.run(
        [str(RINGWALL), *words], capture_output=True, text=True, env=environment, timeout=60, input=given, check=False
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def group(server: Server, name: str = "web", **more: Any) -> str:
    """The id of a new group, its egress rule gone."""
    ec2 = server.client()
    group_id = str(ec2.create_security_group(GroupName=name, Description="w", **more)["GroupId"])
    (rule,) = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group_id]}])[
        "SecurityGroupRules"
    ]
    ec2.revoke_security_group_egress(GroupId=group_id, SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])
    return group_id


def lines(server: Server, *groups: str) -> list[str]:
    """The lines of the rules that are listed."""
    _, output, _ = say(server, "list", *groups)
    return [line.strip() for line in output.splitlines() if " sgr-" in line]


def short(line: str) -> str:
    """A line's words, without its id and note."""
    return re.sub(r"\s+", " ", line.partition(" sgr-")[0]).strip()


def test_what_is_allowed_by_name_is_revoked_by_name(server: Server) -> None:
    group(server)
    group(server, "office")
    status, output, errors = say(server, "allow", "web", "tcp/22", "from", "office", "--note", "the $(night) shift")
    assert (status, errors) == (0, "")
    assert re.fullmatch(
        r"allowed web tcp/22 from office  sgr-\w+  # the \\\$\\\(night\) shift\n"
        r"revision \d+ has no effect on any host\n",
        output,
    )
    status, output, errors = say(server, "allow", "web", "tcp/22", "from", "office")
    assert (status, output.startswith("already there: web tcp/22 from office  sgr-")) == (0, True)
    status, output, errors = say(server, "revoke", "web", "tcp/22", "from", "office")
    assert (status, output.startswith("revoked web tcp/22 from office  sgr-"), errors) == (0, True, "")
    assert lines(server, "web") == []


def test_every_line_of_a_list_revokes_exactly_its_rule(server: Server) -> None:
    choose = random.Random(7)
    group(server)
    group(server, "my $(group); [1]")
    group(server, "any")
    ec2 = server.client()
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    group(server, "twice")
    group(server, "twice", VpcId=vpc)
    entries = {"PrefixListName": "corp", "MaxEntries": 1, "AddressFamily": "IPv4", "Entries": [{"Cidr": "10.1.0.0/16"}]}
    corp = ec2.create_managed_prefix_list(**entries)["PrefixList"]["PrefixListId"]
    ids = {(g["GroupName"], g["VpcId"]): g["GroupId"] for g in ec2.describe_security_groups()["SecurityGroups"]}
    mine = [value for (name, _), value in ids.items() if name != "default"]
    same = [value for (name, where), value in ids.items() if where != vpc]
    for direction in ("ingress", "egress"):
        for group_id in mine:
            peers = [{"UserIdGroupPairs": [{"GroupId": each}]} for each in same] if group_id in same else []
            peers += [
                {"PrefixListIds": [{"PrefixListId": corp}]},
                {"IpRanges": [{"CidrIp": "0.0.0.0/0", "Description": "a; b # c"}]},
            ]
            peers += [{"Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32"}]}]
            ports = {"IpProtocol": "tcp", "FromPort": choose.randrange(100), "ToPort": choose.randrange(100, 200)}
            kinds = [
                ports,
                {"IpProtocol": "icmp", "FromPort": 3, "ToPort": 4},
                {"IpProtocol": "-1"},
                {"IpProtocol": "47"},
            ]
            permissions = [choose.choice(kinds) | peer for peer in peers]
            getattr(ec2, f"authorize_security_group_{direction}")(GroupId=group_id, IpPermissions=permissions)

    def there() -> set[str]:
        rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": mine}])["SecurityGroupRules"]
        return {each["SecurityGroupRuleId"] for each in rules}

    shown = [line for line in lines(server) if re.findall(r"sgr-\w+", line)[0] in there()]
    assert len(shown) == len(there()) > 30
    choose.shuffle(shown)
    for number, line in enumerate(shown[:12]):
        before = there()
        (rule_id,) = re.findall(r"(?<= )sgr-\w+", line.partition(" # ")[0])
        by_parts = line.partition(f" {rule_id}")[0]
        status, output, errors = say(server, "revoke", by_parts if number % 2 else line, "--no-wait")
        assert status == 0, (line, errors)
        assert before - there() == {rule_id}, line
    rest = "\n".join(line for line in shown[12:])
    status, output, errors = say(server, "revoke", "-", "--no-wait", "--yes", given=rest)
    assert (status, output.count("revoked "), there()) == (0, len(shown) - 12, set()), errors
    for group_id in mine:
        ec2.delete_security_group(GroupId=group_id)
    ec2.delete_managed_prefix_list(PrefixListId=corp)


@pytest.mark.parametrize(
    ("allowed", "words", "told"),
    [
        (
            "web tcp/1-1000 from 10.0.0.0/8", "web tcp/22 from 10.1.0.0/16",
            "its range is wider: 1-1000 holds 22; its peer is wider: 10.0.0.0/8 holds 10.1.0.0/16",
        ),
        (
            "web tcp/22 from 10.1.0.0/16", "web tcp/22 from 10.0.0.0/8",
            "its peer is narrower: 10.1.0.0/16 lies in 10.0.0.0/8",
        ),
        ("web tcp/2022 from 10.0.0.0/8", "web tcp/22 from 10.0.0.0/8", "its port is 2022, not 22"),
        ("web tcp/20-30 from 10.0.0.0/8", "web tcp/25-99 from 10.0.0.0/8", "its range overlaps: 20-30, not 25-99"),
        ("web tcp/22 from 10.0.0.0/8", "web tcp/1-99 from 10.0.0.0/8", "its range is narrower: 22 lies in 1-99"),
        ("web udp/53 from 10.0.0.0/8", "web tcp/53 from 10.0.0.0/8", "its protocol is udp, not tcp"),
        ("web all from 10.0.0.0/8", "web tcp/53 from 10.0.0.0/8", "it admits all protocols, tcp/53 among them"),
        ("web tcp/53 from 10.0.0.0/8", "web all from 10.0.0.0/8", "it admits only tcp/53, not all protocols"),
        ("web tcp/22 from ::/0", "web tcp/22 from 0.0.0.0/0", "its peer is ::/0, of the family IPv6, not 0.0.0.0/0"),
        (
            "web tcp/22 from 10.0.0.5", "web tcp/22 from 10.0.0.5/24",
            "its peer is 10.0.0.5/32, one address; 10.0.0.5/24 has host bits, and means 10.0.0.0/24",
        ),
        ("web tcp/22 to 10.0.0.0/8", "web tcp/22 from 10.0.0.0/8", "it is egress (`to`), not ingress (`from`)"),
        ("web tcp/22 from 10.0.0.0/8", "office tcp/22 from 10.0.0.0/8", "it is in the group web, not office"),
        ("web tcp/22 from office", "web tcp/22 from 10.0.0.0/8", "its peer is the group office, not 10.0.0.0/8"),
        ("web tcp/22 from 10.0.0.0/8", "web tcp/22 from office", "its peer is 10.0.0.0/8, not office"),
        ("web icmp from 10.0.0.0/8", "web icmp/8 from 10.0.0.0/8", "it is wider: icmp holds icmp/8"),
        ("web icmp/3 from 10.0.0.0/8", "web icmp/8 from 10.0.0.0/8", "it is icmp/3, not icmp/8"),
    ],
)  # fmt: skip
def test_a_revoke_that_finds_nothing_explains_itself(server: Server, allowed: str, words: str, told: str) -> None:
    group(server)
    group(server, "office")
    assert say(server, "allow", *allowed.split(), "--yes")[0] == 0
    (line,) = lines(server, "web")
    (rule_id,) = re.findall("sgr-[0-9a-f]+", line)
    status, output, errors = say(server, "revoke", *words.split())
    assert (status, output) == (3, "")
    assert errors.startswith(f"ringwall revoke: No rule is {words}. Nothing was revoked.\nThe nearest is:\n")
    assert f"\n      {told}\n      ringwall revoke {rule_id}\n" in errors
    status, output, _ = say(server, "revoke", *words.split(), "--json")
    assert [each["rule_id"] for each in json.loads(output)["nearest"]] == [rule_id]
    assert say(server, "revoke", rule_id)[0] == 0, "the command that is named works"


def test_a_number_that_is_rather_a_port_is_said_to_be_a_protocol(server: Server) -> None:
    group(server)
    assert say(server, "allow", "web", "tcp/22", "from", "10.0.0.0/8")[0] == 0
    status, _, errors = say(server, "revoke", "web", "22", "from", "10.0.0.0/8")
    assert status == 3
    assert errors.splitlines()[:2] == [
        "ringwall revoke: No rule is web 22 from 10.0.0.0/8. Nothing was revoked.",
        "22 is a protocol's number. For the port write tcp/22, else protocol/22.",
    ]


def test_a_line_of_what_has_changed_or_gone_since_changes_nothing(server: Server) -> None:
    group_id = group(server)
    say(server, "allow", "web", "tcp/22", "from", "10.0.0.0/8", "--note", "old")
    (line,) = lines(server, "web")
    (rule_id,) = re.findall("sgr-[0-9a-f]+", line)
    status, _, errors = say(server, "revoke", line, "--note", "new")
    assert (status, "The rule is there, but its note is “old”. Nothing was revoked." in errors) == (3, True)
    changed = {"IpProtocol": "tcp", "FromPort": 23, "ToPort": 23, "CidrIpv4": "10.0.0.0/8"}
    rules = [{"SecurityGroupRuleId": rule_id, "SecurityGroupRule": changed}]
    server.client().modify_security_group_rules(GroupId=group_id, SecurityGroupRules=rules)
    status, _, errors = say(server, "revoke", line)
    assert status == 3
    assert f"{rule_id} isn't what the line says any more. Nothing was revoked.\nIt is now:\n  web tcp/23 from" in errors
    say(server, "revoke", rule_id)
    say(server, "allow", "web", "tcp/22", "from", "10.0.0.0/8")
    status, _, errors = say(server, "revoke", line)
    assert status == 3
    assert f"There is no rule {rule_id} any more, but one that is the same. Nothing was revoked." in errors
    assert re.search(r"ringwall revoke sgr-[0-9a-f]+\n", errors)
    assert say(server, "revoke", rule_id)[2].endswith(f"`ringwall why {rule_id}` tells what became of it.\n")
    status, _, errors = say(server, "revoke", rule_id, lines(server, "web")[0])
    assert (status, len(lines(server, "web"))) == (3, 1), "all or nothing"


def test_an_id_that_never_was_is_told_from_one_that_is_gone(server: Server) -> None:
    group(server)
    say(server, "allow", "web", "tcp/22", "from", "10.0.0.0/8")
    (line,) = lines(server, "web")
    (rule_id,) = re.findall("sgr-[0-9a-f]+", line)
    for typed in (rule_id[:-4], rule_id[:-1] + ("0" if rule_id[-1] != "0" else "1")):
        status, _, errors = say(server, "revoke", typed)
        assert (status, errors) == (
            3,
            f"ringwall revoke: There is no rule {typed}. Nothing was revoked.\n"
            f"The nearest id is that of:\n  web tcp/22 from 10.0.0.0/8  {rule_id}\n",
        )
        assert say(server, "show", typed)[2] == (f"ringwall show: There is no rule {typed}. Did you mean {rule_id}?\n")
    never = "sgr-" + "".join("0" if each != "0" else "f" for each in rule_id[4:])
    status, _, errors = say(server, "revoke", never)
    assert (status, "ringwall why" in errors) == (3, False), errors
    assert "No rule has an id like it" in errors


def test_words_that_name_nothing_or_several_things(server: Server) -> None:
    group(server)
    vpc = server.client().create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    other = group(server, "web", VpcId=vpc)
    status, _, errors = say(server, "allow", "web", "tcp/22", "from", "10.0.0.0/8")
    assert (status, "web names 2 groups: sg-" in errors, "Give the id, or --vpc." in errors) == (2, True, True)
    assert say(server, "allow", "web", "tcp/22", "from", "10.0.0.0/8", "--vpc", vpc)[0] == 0
    assert short(lines(server, other)[0]) == f"{other} tcp/22 from 10.0.0.0/8", "by its id, as the name is two groups'"
    status, _, errors = say(server, "revoke", "wbe", "tcp/22", "from", "10.0.0.0/8")
    assert (status, errors) == (3, "ringwall revoke: No group is named wbe. Did you mean web? Nothing was changed.\n")
    status, _, errors = say(server, "allow", other, "tcp/22", "from", "zzzz")
    assert (status, "No group or prefix list is named zzzz. `ringwall list` shows" in errors) == (3, True)
    for near in ("10.0.0.300", "10.0.0", "fe80::1::2"):
        status, _, errors = say(server, "allow", other, "tcp/22", "from", near)
        assert (status, errors) == (
            3,
            f"ringwall allow: {near} is no address, and no group or prefix list is named so. Nothing was changed.\n",
        )
    status, _, errors = say(server, "show", "wbe")
    assert (status, errors) == (
        3, "ringwall show: No group, rule, host or interface is called wbe. Did you mean web?\n",
    )  # fmt: skip
    status, _, errors = say(server, "revoke", other, "tcp", "22", "from", "any")
    assert (status, errors) == (2, "ringwall revoke: tcp 22 is written tcp/22.\n")
    for words, told in (
        (
            ("web", "22", "from", "10.0.0.0/8"),
            "22 is a protocol's number. For the port write tcp/22, else protocol/22.",
        ),
        (("web", "tcp/22", "from", "10.0.0.5/8"), "10.0.0.5/8 has host bits. The block is 10.0.0.0/8"),
    ):
        status, _, errors = say(server, "allow", *words)
        assert (status, told in errors) == (2, True), errors
    status, _, errors = say(server, "revoke", "web", "tcp/22", "from", "any", "--tiemout", "3")
    assert (status, "did you mean --timeout?" in errors) == (2, True)


def test_any_is_both_families_and_the_world_wants_a_yes(server: Server) -> None:
    group(server)
    words = ("allow", "web", "https", "from", "any")
    status, output, errors = say(server, *words)
    assert (status, output) == (1, "")
    assert "It opens to the whole world: web tcp/443 from ::/0\n" in errors
    assert errors.endswith("Nothing was changed: this wants a yes, and there is no terminal to ask. Give --yes.\n")
    assert lines(server, "web") == []
    with Terminal([str(RINGWALL), *words], server.environment) as terminal:
        terminal.expect("Allow these nevertheless? [y/N]")
        terminal.type("y\r")
        assert terminal.end() == 0
    assert list(map(short, lines(server, "web"))) == ["web tcp/443 from 0.0.0.0/0", "web tcp/443 from ::/0"]
    assert say(server, "allow", "web", "ping", "from", "any", "--yes")[0] == 0
    assert list(map(short, lines(server, "web")))[:2] == ["web icmp/8 from 0.0.0.0/0", "web icmpv6/128 from ::/0"]
    assert say(server, "revoke", "web", "https", "from", "::/0")[0] == 0
    status, output, errors = say(server, "revoke", "web", "https", "from", "any")
    assert (status, output.count("revoked")) == (0, 1)
    assert errors == "(web has no such rule for ::/0)\n"
    assert say(server, "allow", "web", "all", "to", "any")[0] == 0, "outwards it is what every group has"


def test_json_and_nothing_else(server: Server) -> None:
    group_id = group(server)
    status, output, _ = say(server, "allow", "web", "tcp/22", "from", "10.0.0.0/8", "--note", "n", "--json")
    told = json.loads(output)
    assert (status, told["in_force"], told["already"]) == (0, True, [])
    (rule,) = told["allowed"]
    assert (rule["group_id"], rule["traffic"], rule["peer"], rule["note"]) == (group_id, "tcp/22", "10.0.0.0/8", "n")
    assert rule["line"] == lines(server, "web")[0]
    assert json.loads(say(server, "list", "web", "--json")[1])[0]["rules"] == [rule]
    assert json.loads(say(server, "allow", "web", "tcp/22", "from", "10.0.0.0/8", "--json")[1])["already"] == [rule]
    assert json.loads(say(server, "show", rule["rule_id"], "--json")[1])["rule"] == rule
    assert json.loads(say(server, "status", "--json")[1])["server"]["region"] == "us-east-1"
    assert json.loads(say(server, "hosts", "--json")[1]) == []
    dry = say(server, "revoke", rule["rule_id"], "--dry-run", "--json")
    assert json.loads(dry[1])["would_revoke"] == [rule]
    assert json.loads(say(server, "revoke", rule["line"], "--json", "--no-wait")[1])["revoked"] == [rule]


def test_an_empty_world_says_what_to_do_first(server: Server) -> None:
    status, output, _ = say(server, "list")
    assert status == 0
    assert "There is no group of your own yet. First:\n  ringwall ec2 create-security-group" in output
    status, output, _ = say(server, "hosts")
    assert (status, output.startswith("There is no host yet. First")) == (0, True)


def test_a_lost_answer_is_resolved_by_asking(server: Server) -> None:
    group(server)
    changing = re.compile(rb"Action=(Authorize|Revoke)|^POST /ringwall/v1/groups", re.MULTILINE)
    for fate, said in (("swallow", "It was made.\n"), ("drop", "It wasn't made; once more.\n")):
        for words in (("allow",), ("revoke",), ("allow",), ("revoke", "--on-revoke", "cut")):
            fates = [fate]

            def decide(request: bytes, fates: list[str] = fates) -> str:
                return fates.pop() if changing.search(request) and fates else "pass"

            with cut_line(server.url, decide) as url:
                verb, *more = words
                status, output, errors = say(server, verb, "web", "tcp/22", "from", "10.0.0.0/8", *more, url=url)
            assert (status, fates) == (0, []), errors
            assert "The answer got lost; the server is asked what is so.\n" in errors
            assert said in errors
            assert len(lines(server, "web")) == (verb == "allow")
            assert f"{verb.removesuffix('e')}ed web tcp/22 from 10.0.0.0/8" in output


def test_nobody_knows_while_nobody_answers_and_that_is_said(server: Server) -> None:
    group(server)
    gone = []

    def decide(request: bytes) -> str:
        gone.extend(re.findall(rb"Action=Authorize", request))
        return "drop" if gone else "pass"

    with cut_line(server.url, decide) as url:
        status, output, errors = say(server, "allow", "web", "tcp/22", "from", "10.0.0.0/8", url=url)
    assert (status, output) == (1, "")
    assert "Whether it was made isn't known: " in errors
    assert re.search(r"`ringwall list sg-[0-9a-f]+` shows it once the server answers\.\n$", errors)


HTML = b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n<html>hi</html>"


@pytest.mark.parametrize(
    "answer",
    [
        HTML,
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull",
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nbad",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
    ],
)
def test_rubbish_is_a_sentence(server: Server, answer: bytes) -> None:
    group(server)
    with cut_line(server.url, lambda _: answer or "drop") as url:
        for words in (
            ("list",), ("status",), ("hosts",), ("show", "web"), ("show", "i-0123456789abcdef0"),
            ("allow", "web", "tcp/22", "from", "10.0.0.0/8"), ("revoke", "sgr-0123456789abcdef0"),
        ):  # fmt: skip
            status, _, errors = say(server, *words, url=url)
            assert status in (0, 1, 3, 5), (words, errors)
            assert status == 0 or errors.startswith(f"ringwall {words[0]}: "), (words, errors)
    after_all = re.compile(rb"Action=Authorize")
    with cut_line(server.url, lambda request: HTML if after_all.search(request) else "pass") as url:
        status, output, errors = say(server, "allow", "web", "tcp/22", "from", "10.0.0.0/8", url=url)
    assert (status, output, "Whether it was made isn't known" in errors) == (1, "", True)


def test_a_server_that_is_away_or_refuses_is_a_sentence(server: Server) -> None:
    status, output, errors = say(server, "list", url="http://127.0.0.1:1")
    assert (status, output) == (1, "")
    assert errors.startswith("ringwall list: http://127.0.0.1:1 gave no answer that can be read ([Errno 111]")
    group_id = group(server)
    web = {"IpProtocol": "tcp", "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    server.client().authorize_security_group_ingress(
        GroupId=group_id, IpPermissions=[{**web, "FromPort": n, "ToPort": n} for n in range(60)]
    )
    status, output, errors = say(server, "allow", "web", "udp/1", "from", "10.0.0.0/8")
    assert (status, output) == (5, "")
    assert errors == (
        "ringwall allow: RulesPerSecurityGroupLimitExceeded: "
        "The maximum number of rules per security group has been reached.\n"
        "Revoke what isn't needed (`ringwall list`), or have the quota raised.\n"
    )


def test_hosts_are_told_of_and_a_silent_one_has_its_own_status(server: Server) -> None:
    host = enrol(server, "db-1")
    group_id = group(server)
    server.client().modify_instance_attribute(InstanceId=host.instance_id, Groups=[group_id])
    status, output, errors = say(server, "allow", "web", "tcp/22", "from", "10.0.0.0/8", "--timeout", "0")
    assert status == 4
    assert f"db-1 ({host.instance_id}) silent, not heard since the server started" in errors
    status, output, _ = say(server, "revoke", "web", "tcp/22", "from", "10.0.0.0/8", "--dry-run")
    assert (status, "db-1: what would end isn't known: it is silent\n" in output) == (0, True)
    with watching(server, host):
        command = [str(RINGWALL), "allow", "web", "tcp/23", "from", "10.0.0.0/8"]
        with Terminal(command, server.environment, 120) as terminal:
            terminal.expect("waiting for db-1 (pending, it has revision")
            terminal.type("\x03")
            assert terminal.end() == 130
            stored = r"Interrupted. It is stored \(revision (\d+)\); `ringwall wait --revision \1` waits on."
            assert re.search(stored, terminal.text)
    status, output, _ = say(server, "hosts")
    assert (status, f"db-1  {host.instance_id}  observe" in output, " away" in output) == (0, True, True)
    assert say(server, "status")[0] == 4
    server.api("DELETE", f"/ringwall/v1/hosts/{host.instance_id}")


@pytest.mark.parametrize("where", [">/dev/full", ">&-", "| true"])
def test_a_change_goes_on_to_its_end_when_nothing_can_be_written(server: Server, where: str) -> None:
    group(server)
    line = f"{RINGWALL} allow web tcp/22 from 192.0.2.0/24 --json {where}; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, env=server.environment, timeout=60, check=False
    )
    is_full = where == ">/dev/full"
    assert done.stdout == ("1\n" if is_full else "0\n")
    assert done.stderr == (
        "ringwall allow: Standard output can't be written: No space left on device. "
        "The command went on to its end, and did what it says.\n"
        if is_full
        else ""
    )
    assert [short(each) for each in lines(server, "web")] == ["web tcp/22 from 192.0.2.0/24"]


@pytest.mark.parametrize("words", ["list", "ec2 describe-vpcs", "explain"])
@pytest.mark.parametrize("where", [">/dev/full", ">&-", "2>&-"])
def test_what_only_looks_says_that_it_cannot_be_written(server: Server, words: str, where: str) -> None:
    line = f"{RINGWALL} {words} {where}; echo $?"
    done = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, env=server.environment, timeout=60, check=False
    )
    assert "Traceback" not in done.stderr
    assert ("No space left" in done.stderr) is (where == ">/dev/full")
    assert done.stdout.splitlines()[-1] == ({"ec2 describe-vpcs": "255"}.get(words, "1") if "full" in where else "0")
