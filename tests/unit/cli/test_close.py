"""`ringwall close` against a real server, without a terminal and on one."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from enrolled import Host, enrol, watching
from losing import LosingProxy
from ringwall.cli.words import codes
from serving import RINGWALL, Server, serving
from terminal import Terminal


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def permission(protocol: str, low: int | None, high: int | None, *sources: str) -> dict[str, Any]:
    made: dict[str, Any] = {"IpProtocol": protocol}
    if low is not None:
        made |= {"FromPort": low, "ToPort": high}
    for source in sources:
        name, member = ("IpRanges", "CidrIp")
        if source.startswith("sg-"):
            name, member = ("UserIdGroupPairs", "GroupId")
        elif source.startswith("pl-"):
            name, member = ("PrefixListIds", "PrefixListId")
        elif ":" in source:
            name, member = ("Ipv6Ranges", "CidrIpv6")
        made.setdefault(name, []).append({member: source})
    return made


def peer_of(rule: dict[str, Any]) -> str:
    named = [rule[member] for member in ("CidrIpv4", "CidrIpv6", "PrefixListId") if member in rule]
    return str(named[0] if named else rule["ReferencedGroupInfo"]["GroupId"])


class Site:
    """What the tests make in a region, and `close` in it."""

    def __init__(self, server: Server, region: str = "us-east-1") -> None:
        self.server, self.region = server, region
        self.client = server.client(region=region)

    def group(self, name: str, *permissions: dict[str, Any]) -> str:
        group_id = str(self.client.create_security_group(GroupName=name, Description="x")["GroupId"])
        if permissions:
            self.client.authorize_security_group_ingress(GroupId=group_id, IpPermissions=list(permissions))
        return group_id

    def prefix_list(self, name: str, *cidrs: str) -> str:
        entries = [{"Cidr": cidr} for cidr in cidrs]
        made = self.client.create_managed_prefix_list(
            PrefixListName=name, MaxEntries=5, AddressFamily="IPv4", Entries=entries
        )
        return str(made["PrefixList"]["PrefixListId"])

    def rules(self, group_id: str) -> set[str]:
        found = self.client.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group_id]}])
        return {
            f"{rule['IpProtocol']}/{rule.get('FromPort')}-{rule.get('ToPort')} {peer_of(rule)}"
            for rule in found["SecurityGroupRules"]
            if not rule["IsEgress"]
        }

    def close(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments), env=self.server.environment, stdin=subprocess.DEVNULL, capture_output=True,
            text=True, timeout=60, check=False,
        )  # fmt: skip

    def command(self, *arguments: str) -> list[str]:
        return [str(RINGWALL), "close", *arguments, "--region", self.region]


@pytest.fixture
def site(server: Server) -> Site:
    """What one test made is gone from sight for the next one."""
    made = Site(server)
    for interface in made.client.describe_network_interfaces()["NetworkInterfaces"]:
        vpc_default = made.client.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["default"]}])[
            "SecurityGroups"
        ][0]["GroupId"]
        made.client.modify_network_interface_attribute(
            NetworkInterfaceId=interface["NetworkInterfaceId"], Groups=[vpc_default]
        )
    for group in made.client.describe_security_groups()["SecurityGroups"]:
        if group["IpPermissions"]:
            made.client.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
    for group in made.client.describe_security_groups()["SecurityGroups"]:
        if group["GroupName"] != "default":
            made.client.delete_security_group(GroupId=group["GroupId"])
    for each in made.client.describe_managed_prefix_lists()["PrefixLists"]:
        if each["OwnerId"] != "AWS":
            made.client.delete_managed_prefix_list(PrefixListId=each["PrefixListId"])
    return made


def carried(site: Site, *groups: str) -> Host:
    """A host whose interface carries the groups."""
    host = enrol(site.server)
    filters = [{"Name": "attachment.instance-id", "Values": [host.instance_id]}]
    (interface,) = site.client.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]
    site.client.modify_network_interface_attribute(
        NetworkInterfaceId=interface["NetworkInterfaceId"], Groups=list(groups)
    )
    return host


EVERYBODY = ("0.0.0.0/0", "::/0")


def test_every_form_in_every_group_in_one_revision(site: Site) -> None:
    office = site.prefix_list("office", "192.0.2.0/24")
    web = site.group("web", permission("tcp", 22, 22, *EVERYBODY), permission("tcp", 0, 65535, office))
    db = site.group("db", permission("-1", None, None, "0.0.0.0/0"), permission("tcp", 443, 443, *EVERYBODY))
    app = site.group("app", permission("tcp", 20, 25, web))
    done = site.close("ssh", "--from", "any", "--yes", "--no-wait", "--json")
    assert done.returncode == codes.DONE, done.stderr
    shown = json.loads(done.stdout)
    assert [rule["traffic"] for rule in shown["removed"]] == ["all", "tcp/0-65535", "tcp/22", "tcp/22"]
    assert [rule["group_id"] for rule in shown["still"]] == [app], "a group isn't an address"
    assert site.rules(web) == set()
    assert site.rules(db) == {"tcp/443-443 0.0.0.0/0", "tcp/443-443 ::/0"}
    change = site.server.api("GET", f"/ringwall/v1/trail?about={web}&limit=1").json["events"][0]
    assert len(change["ringwall"]["before"]) == 4, "one event for all of it"


def test_split_leaves_the_rest_and_wants_a_word_for_what_cannot_be_split(site: Site) -> None:
    web = site.group("web", permission("tcp", 0, 65535, "0.0.0.0/0"), permission("tcp", 23, 65535, "0.0.0.0/0"))
    db = site.group("db", permission("-1", None, None, "::/0"))
    refused = site.close("tcp/22", "--from", "any", "--split", "--yes")
    assert refused.returncode == codes.FAILED
    assert "--remove-whole" in refused.stderr and "--name-protocols" in refused.stderr
    assert "- db all from ::/0" in refused.stdout
    assert "  web tcp/23-65535 from 0.0.0.0/0, which is there already" in refused.stdout
    assert len(site.rules(web)) == 2, "nothing was changed"
    done = site.close("tcp/22", "--from", "any", "--split", "--name-protocols", "--yes", "--no-wait")
    assert done.returncode == codes.DONE, done.stderr
    assert site.rules(web) == {"tcp/0-21 0.0.0.0/0", "tcp/23-65535 0.0.0.0/0"}
    assert site.rules(db) == {
        "tcp/0-21 ::/0", "tcp/23-65535 ::/0", "udp/0-65535 ::/0", "icmp/-1--1 ::/0", "icmpv6/-1--1 ::/0",
    }  # fmt: skip


def test_a_part_of_a_source_an_exception_and_one_group(site: Site) -> None:
    web = site.group("web", permission("tcp", 22, 22, "10.0.0.0/8", "192.0.2.0/24"))
    db = site.group("db", permission("tcp", 22, 22, "10.0.0.0/8"))
    done = site.close("tcp/22", "--from", "10.128.0.0/9", "--split", "--group", "web", "--yes", "--no-wait")
    assert done.returncode == codes.DONE, done.stderr
    assert site.rules(web) == {"tcp/22-22 10.0.0.0/9", "tcp/22-22 192.0.2.0/24"}
    assert site.rules(db) == {"tcp/22-22 10.0.0.0/8"}
    hinted = site.close("tcp/22", "--from", "any", "--dry-run")
    assert "--except" in hinted.stdout
    done = site.close("tcp/22", "--from", "any", "--except", "192.0.2.0/24", "--yes", "--no-wait")
    assert done.returncode == codes.DONE, done.stderr
    assert (site.rules(web), site.rules(db)) == ({"tcp/22-22 192.0.2.0/24"}, set())


def test_a_dry_run_tells_who_would_reach_it_still(site: Site) -> None:
    app = site.group("app")
    web = site.group("web", permission("tcp", 22, 22, "10.0.0.0/8", "192.0.2.0/24", app))
    arguments = ("tcp/22", "--from", "10.128.0.0/9", "--split")
    dry = site.close(*arguments, "--dry-run")
    assert dry.returncode == codes.DONE, dry.stderr
    assert len(site.rules(web)) == 3
    done = site.close(*arguments, "--yes", "--no-wait")
    assert done.returncode == codes.DONE, done.stderr
    heading = "Still admitted, tcp/22 or a part of it:"
    told, real = (
        sorted(line.split("  sgr-")[0].split() for line in each.stdout.partition(heading)[2].splitlines())
        for each in (dry, done)
    )
    assert "10.0.0.0/9" in str(real)
    told.remove(["Nothing", "was", "changed", "(--dry-run)."])
    assert told == real, (dry.stdout, done.stdout)


def test_from_a_group_and_from_a_list(site: Site) -> None:
    office = site.prefix_list("office", "192.0.2.0/24", "198.51.100.0/24")
    app = site.group("app")
    web = site.group("web", permission("tcp", 22, 22, app, office), permission("tcp", 0, 80, "198.51.100.7/32"))
    done = site.close("tcp/22", "--from", "app", "--yes", "--no-wait")
    assert done.returncode == codes.DONE, done.stderr
    assert site.rules(web) == {f"tcp/22-22 {office}", "tcp/0-80 198.51.100.7/32"}
    done = site.close("tcp/22", "--from", "office", "--split", "--yes", "--no-wait")
    assert "! It names the prefix list office" in done.stdout
    assert site.rules(web) == {"tcp/0-21 198.51.100.7/32", "tcp/23-80 198.51.100.7/32"}
    entries = site.client.get_managed_prefix_list_entries(PrefixListId=office)["Entries"]
    assert len(entries) == 2, "a shared list is nobody's to change here"


def test_egress_has_the_word_to(site: Site) -> None:
    web = site.group("web")
    done = site.close("all", "--to", "any", "--group", "web", "--yes", "--no-wait")
    assert done.returncode == codes.DONE, done.stderr
    (group,) = site.client.describe_security_groups(GroupIds=[web])["SecurityGroups"]
    assert group["IpPermissionsEgress"] == []


def test_who_reaches_it_still_by_another_group_of_the_interface(site: Site) -> None:
    app = site.group("app")
    web = site.group("web", permission("tcp", 22, 22, "0.0.0.0/0", app))
    db = site.group("db", permission("tcp", 0, 65535, "10.0.0.0/8"))
    host = carried(site, web, db)
    with watching(site.server, host) as agent:
        command = site.command("tcp/22", "--from", "any", "--group", "web", "--yes")
        with subprocess.Popen(
            command, env=site.server.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        ) as closing:
            agent.next()
            agent.report()
            out, _ = closing.communicate(timeout=30)
    assert closing.returncode == codes.DONE
    lines = out.splitlines()
    assert any(line.startswith("web1 in force") for line in lines), out
    table = lines[lines.index("Still admitted, tcp/22 or a part of it:") + 1 :]
    assert [line.split("sgr-")[0].split() for line in table[1:3]] == [
        ["as", "was", "closed", "web1", "db", "tcp/0-65535", "from", "10.0.0.0/8"],
        ["others", "web1", "web", "tcp/22", "from", "app"],
    ]


def test_a_silent_host_is_named(site: Site) -> None:
    web = site.group("web", permission("tcp", 22, 22, "0.0.0.0/0"))
    host = carried(site, web)
    done = site.close("tcp/22", "--from", "any", "--yes", "--timeout", "0")
    assert done.returncode == codes.PARTLY
    assert f"({host.instance_id}) silent" in done.stderr
    assert site.rules(web) == set()


def test_nothing_admits_it(site: Site) -> None:
    web = site.group("web", permission("tcp", 80, 80, "0.0.0.0/0"))
    done = site.close("tcp/22", "--from", "any", "--yes")
    assert (done.returncode, done.stderr) == (
        codes.NOTHING,
        "ringwall close: No rule admits tcp/22 from any. Nothing was changed.\n",
    )
    assert site.rules(web) == {"tcp/80-80 0.0.0.0/0"}


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("dns", "--from", "any"), codes.USAGE, "dns is tcp/53 and udp/53"),
        (("22/tcp", "--from", "any"), codes.USAGE, "tcp/22"),
        (("22", "--from", "any"), codes.USAGE, "For the port write tcp/22"),
        (("protocol/22", "--from", "any"), codes.NOTHING, "No rule admits 22 from any"),
        (("tcp/22", "--from", "wbe"), codes.NOTHING, "Did you mean web?"),
        (("tcp/22", "--from", "any", "--group", "wbe"), codes.NOTHING, "Did you mean web?"),
        (("tcp/22", "--from", "web", "--except", "10.0.0.0/8"), codes.USAGE, "--except"),
        (("tcp/22", "--from", "10.0.0.0/8", "--except", "any"), codes.USAGE, "takes away all"),
        (("tcp/22", "--from", "any", "--except", "web"), codes.USAGE, "is a group"),
        (("tcp/22",), codes.USAGE, "--from"),
        (("tcp/22", "from", "any"), codes.USAGE, "did you mean --from?"),
        (("tcp/22", "--form", "any"), codes.USAGE, "did you mean --from?"),
        (("tcp/22", "--from", "any"), codes.FAILED, "there is no terminal to ask"),
    ],
)
def test_what_is_not_done(site: Site, arguments: tuple[str, ...], status: int, words: str) -> None:
    web = site.group("web", permission("tcp", 22, 22, "0.0.0.0/0"))
    done = site.close(*arguments)
    assert done.returncode == status, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert site.rules(web) == {"tcp/22-22 0.0.0.0/0"}


@pytest.mark.parametrize(
    ("answer", "status", "left"), [("y\n", codes.DONE, 0), ("n\n", codes.FAILED, 1), ("\x03", codes.INTERRUPTED, 1)]
)
def test_on_a_terminal_it_asks(site: Site, answer: str, status: int, left: int) -> None:
    web = site.group("web", permission("tcp", 22, 22, "0.0.0.0/0"))
    environment = {**site.server.environment, "TERM": "xterm", "SSH_CONNECTION": "203.0.113.9 50000 203.0.113.1 22"}
    with Terminal(site.command("tcp/22", "--from", "any"), environment) as terminal:
        terminal.expect("Remove 1 rule of 1 group? [y/N] ")
        terminal.type(answer)
        assert terminal.end() == status, terminal.text
    assert ("Nothing was changed." in terminal.text) is (left == 1)
    assert ("Interrupted. Nothing was changed." in terminal.text) is (status == codes.INTERRUPTED)
    assert "\x1b[31m- web tcp/22 from 0.0.0.0/0" in terminal.text
    assert len(site.rules(web)) == left


def test_without_colours(site: Site) -> None:
    site.group("web", permission("tcp", 22, 22, "0.0.0.0/0"))
    environment = {**site.server.environment, "TERM": "xterm", "NO_COLOR": "1"}
    with Terminal(site.command("tcp/22", "--from", "any", "--dry-run"), environment) as terminal:
        assert terminal.end() == 0
    assert "- web tcp/22 from 0.0.0.0/0" in terminal.text
    assert "\x1b[3" not in terminal.text


def test_a_lost_answer_is_asked_for(site: Site) -> None:
    """The server did it and its answer didn't come: the rules are gone, so it was done."""
    web = site.group("web", permission("tcp", 22, 22, "0.0.0.0/0"))
    with LosingProxy(site.server, b"POST /ringwall/v1/changes") as proxy:
        done = site.close("tcp/22", "--from", "any", "--yes", "--no-wait", "--server", proxy.url)
    assert done.returncode == codes.DONE, done.stderr
    assert "It was made." in done.stderr
    assert site.rules(web) == set()
