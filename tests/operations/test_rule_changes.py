"""Rules of several groups changed in one transaction: all of it or nothing, over both stores and over HTTP."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from account import ABSENT, Account, permission
from enrolled import default_subnet, enrol
from ringwall.domain.errors import ServiceError
from ringwall.domain.group import Direction
from ringwall.domain.quota import Quota
from ringwall.domain.tags import OnRevoke
from ringwall.operations.rule_changes import RULES_MAX, Done, Part, change_rules
from serving import Server, serving
from site_of_accounts import allow, deny, document

INGRESS, EGRESS = Direction.INGRESS, Direction.EGRESS
EVERYBODY = "0.0.0.0/0"


def part(group_id: str, revoke: Sequence[str] = (), *authorize: dict[str, Any], direction: Direction = INGRESS) -> Part:
    return Part(group_id, direction, revoke, authorize)


def change(account: Account, *parts: Part, on_revoke: OnRevoke | None = None) -> tuple[Done, ...]:
    done: tuple[Done, ...] = account.store.write(lambda tx: change_rules(account.context(tx), parts, on_revoke)).result
    return done


def refused(account: Account, *parts: Part) -> str:
    before = account.picture()
    with pytest.raises(ServiceError) as caught:
        change(account, *parts)
    assert account.picture() == before, "a refused change changed something"
    return caught.value.code


@pytest.fixture
def groups(account: Account) -> tuple[str, str]:
    return account.group("web"), account.group("db")


def test_several_groups_are_one_change(account: Account, groups: tuple[str, str]) -> None:
    web, db = groups
    (wide,) = account.allow(web, permission("tcp", (0, 65535), EVERYBODY, description="all"))
    (ssh,) = account.allow(db, permission("tcp", 22, "::/0"))
    (egress,) = account.rule_ids(db, egress=True)
    before = account.store.read(lambda reader: reader.revision())
    done = change(
        account,
        part(
            web,
            [wide],
            permission("tcp", (0, 21), EVERYBODY, description="all"),
            permission("tcp", (23, 65535), EVERYBODY),
        ),
        part(db, [ssh]),
        part(db, [egress], direction=EGRESS),
    )
    assert account.store.read(lambda reader: reader.revision()) == before + 1
    assert [[rule.rule_id for rule in each.revoked] for each in done] == [[wide], [ssh], [egress]]
    assert account.rule_ids(web) == [rule.rule_id for rule in done[0].authorized]
    assert [(rule.traffic.to_port, rule.description) for rule in done[0].authorized] == [(21, "all"), (65535, None)]
    assert account.rule_ids(db) == account.rule_ids(db, egress=True) == []


def test_a_rule_may_take_the_place_of_one_that_goes(account: Account, groups: tuple[str, str]) -> None:
    web, _ = groups
    (ssh,) = account.allow(web, permission("tcp", 22, EVERYBODY))
    (done,) = change(account, part(web, [ssh], permission("tcp", 22, EVERYBODY, description="again")))
    assert account.rule_ids(web) == [done.authorized[0].rule_id] != [ssh]


def test_all_of_it_or_nothing(account: Account, groups: tuple[str, str]) -> None:
    web, db = groups
    (ssh,) = account.allow(web, permission("tcp", 22, EVERYBODY))
    (http,) = account.allow(db, permission("tcp", 80, EVERYBODY))
    first = part(web, [ssh])
    assert refused(account, first, part(db, [ssh])) == "InvalidSecurityGroupRuleId.NotFound"
    assert refused(account, first, part(db, [ABSENT["sgr"]])) == "InvalidSecurityGroupRuleId.NotFound"
    assert refused(account, first, part(db, [http], direction=EGRESS)) == "InvalidSecurityGroupRuleId.NotFound"
    assert refused(account, first, part(ABSENT["sg"], [http])) == "InvalidGroup.NotFound"
    assert refused(account, first, part(db, [], permission("tcp", 80, EVERYBODY))) == "InvalidPermission.Duplicate"
    assert refused(account, first, part(db, [], permission("tcp", 1, ABSENT["sg"]))) == "InvalidGroup.NotFound"
    assert refused(account, first, part(db, [], permission("tcp", 1, ABSENT["pl"]))) == "InvalidPrefixListID.NotFound"
    assert refused(account, first, part(db, [http, http])) == "InvalidParameterValue"
    twice = permission("tcp", 1, EVERYBODY)
    assert refused(account, first, part(db, [], twice, twice)) == "InvalidParameterValue"
    assert refused(account, first, first) == "InvalidParameterValue"
    assert refused(account, first, part(db, ["sgr-x"])) == "InvalidSecurityGroupRuleId.Malformed"
    assert refused(account, first, part("sg-x", [http])) == "InvalidGroupId.Malformed"
    assert refused(account, first, part(db)) == "MissingParameter"
    assert refused(account) == "MissingParameter"
    assert refused(account, part(web, [ABSENT["sgr"]] * (RULES_MAX + 1))) == "InvalidParameterValue"


def test_a_rule_goes_only_if_it_is_what_it_is_taken_for(account: Account, groups: tuple[str, str]) -> None:
    web, _ = groups
    (wide,) = account.allow(web, permission("tcp", (0, 65535), EVERYBODY, description="all"))
    narrower = permission("tcp", (0, 21), EVERYBODY)
    for seen in ("tcp", 0, 22, EVERYBODY), ("tcp", 0, 65535, "::/0"), ("udp", 0, 65535, EVERYBODY):
        assert refused(account, Part(web, INGRESS, [wide], [narrower], {wide: seen})) == "InvalidPermission.NotFound"
    (done,) = change(account, Part(web, INGRESS, [wide], [narrower], {wide: ("tcp", 0, 65535, EVERYBODY)}))
    assert account.rule_ids(web) == [done.authorized[0].rule_id]


def test_what_goes_makes_room(store: Any) -> None:
    account = Account(store, quota=Quota(rules_per_group_max=1))
    web = account.group("web")
    (ssh,) = account.allow(web, permission("tcp", 22, EVERYBODY))
    more = [permission("tcp", port, EVERYBODY) for port in (21, 23)]
    assert refused(account, part(web, [ssh], *more)) == "RulesPerSecurityGroupLimitExceeded"
    change(account, part(web, [ssh], *more[:1]))


def test_the_call_goes_before_the_tag_of_each_group(account: Account) -> None:
    vpc_id = account.vpc()
    subnet_id = account.call("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    web = account.group("web", VpcId=vpc_id)
    account.enrolled(subnet_id, [web])
    first, second = account.allow(web, permission("tcp", 22, EVERYBODY, "::/0"))
    assert change(account, part(web, [first]))[0].draining == ()
    assert change(account, part(web, [second]), on_revoke=OnRevoke.KEEP)[0].draining == (second,)


def test_another_accounts_group_is_not_there(account: Account) -> None:
    other = account.elsewhere(account_id="210987654321")
    theirs = other.group("web")
    (rule,) = other.allow(theirs, permission("tcp", 22, EVERYBODY))
    assert refused(account, part(theirs, [rule])) == "InvalidGroup.NotFound"
    mine = account.group("web")
    assert refused(account, part(mine, [rule])) == "InvalidSecurityGroupRuleId.NotFound"
    assert refused(account, part(mine, [], permission("tcp", 22, theirs))) == "InvalidGroup.NotFound"
    assert other.rule_ids(theirs) == [rule]


# --- Over HTTP ---

PATH = "/ringwall/v1/changes"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def opened(server: Server, name: str, port: int = 22) -> tuple[str, str]:
    """A new group and its one ingress rule, from everybody."""
    client = server.client()
    group_id = client.create_security_group(GroupName=name, Description="x")["GroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": EVERYBODY}
    made = client.authorize_security_group_ingress(GroupId=group_id, **rule)
    return group_id, made["SecurityGroupRules"][0]["SecurityGroupRuleId"]


def test_it_is_answered_told_in_the_trail_and_sent_to_hosts(server: Server) -> None:
    web, ssh = opened(server, "served-web", 22)
    db, http = opened(server, "served-db", 80)
    host = enrol(server)
    interface = server.client().describe_network_interfaces(
        Filters=[
            {"Name": "attachment.instance-id", "Values": [host.instance_id]},
            {"Name": "subnet-id", "Values": [default_subnet(server)]},
        ]
    )["NetworkInterfaces"][0]["NetworkInterfaceId"]
    server.client().modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=[web])
    narrow = {"protocol": "tcp", "from_port": 80, "to_port": 80, "peer": "10.0.0.0/8", "description": "inside"}
    answer = server.api(
        "POST",
        PATH,
        {
            "changes": [
                {"group_id": web, "direction": "ingress", "revoke": [ssh]},
                {"group_id": db, "direction": "ingress", "revoke": [http], "authorize": [narrow]},
            ]
        },
    )
    assert answer.status == 200, answer.text
    first, second = answer.json["changes"]
    assert [each["rule_id"] for each in first["revoked"]] == [ssh]
    assert second["authorized"][0] | {"rule_id": ""} == {
        "rule_id": "", "direction": "ingress", "protocol": "tcp", "from_port": 80, "to_port": 80, "peer": "10.0.0.0/8",
    }  # fmt: skip
    shown = server.api("GET", f"{PATH}/{answer.json['revision']}").json
    assert [each["instance_id"] for each in shown["hosts"]] == [host.instance_id]
    event = server.api("GET", f"/ringwall/v1/trail?about={http}&limit=1").json["events"][0]
    assert event["eventName"] == "ChangeRules"
    assert [len(event["ringwall"][when]) for when in ("before", "after")] == [2, 1]


def adding(rule: Any) -> dict[str, Any]:
    return {"changes": [{"group_id": "sg-0123456789abcdef0", "direction": "ingress", "authorize": [rule]}]}


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"changes": {}},
        {"changes": [1]},
        {"changes": [{"group_id": "sg-0123456789abcdef0"}]},
        {"changes": [{"group_id": 1, "direction": "ingress"}]},
        {"changes": [{"group_id": "sg-0123456789abcdef0", "direction": "in", "revoke": []}]},
        {"changes": [{"group_id": "sg-0123456789abcdef0", "direction": "ingress", "revoke": "sgr-1"}]},
        {"changes": [{"group_id": "sg-0123456789abcdef0", "direction": "ingress", "revoke": [1]}]},
        adding(1),
        adding({"protocol": "tcp"}),
        adding({"protocol": "tcp", "peer": "::/0", "from_port": True, "to_port": 1}),
        {"changes": [{"group_id": "sg-0123456789abcdef0", "direction": "ingress", "as_seen": {}}]},
        {"changes": [{"group_id": "sg-0123456789abcdef0", "direction": "ingress", "as_seen": ["sgr-1"]}]},
        {"changes": [{"group_id": "sg-0123456789abcdef0", "direction": "ingress", "as_seen": [{"rule_id": "sgr-1"}]}]},
        {"changes": [], "on_revoke": "perhaps"},
        {"changes": [{"group_id": ["sg-1"], "direction": ["ingress"], "revoke": {"a": 1}}]},
    ],
)
def test_what_is_no_change_is_refused(server: Server, content: dict[str, Any]) -> None:
    answer = server.api("POST", PATH, content)
    assert (answer.status, answer.json["error"]["code"]) == (400, "InvalidParameterValue"), answer.text


def test_each_part_needs_ec2s_own_action_on_its_group(server: Server) -> None:
    web, ssh = opened(server, "needs-web")
    db, _ = opened(server, "needs-db")
    new = {"protocol": "udp", "from_port": 53, "to_port": 53, "peer": EVERYBODY}
    closing = {"changes": [{"group_id": web, "direction": "ingress", "revoke": [ssh]}]}
    opening = {"changes": [*closing["changes"], {"group_id": db, "direction": "ingress", "authorize": [new]}]}
    egress = {"changes": [{"group_id": db, "direction": "egress", "authorize": [new]}]}
    statements = {
        "only": [allow("ringwall:ChangeRules")],
        "closer": [allow("ringwall:ChangeRules", "ec2:RevokeSecurityGroupIngress")],
        "both": [allow("ringwall:ChangeRules", "ec2:*SecurityGroupIngress")],
        "elsewhere": [allow("*"), deny("ec2:*", resource=f"arn:aws:ec2:*:*:security-group/{db}")],
        "ec2": [allow("ec2:*")],
    }
    keys = {}
    for name, of_user in statements.items():
        assert server.api("PUT", f"/ringwall/v1/policies/{name}", {"document": document(*of_user)}).status == 200
        assert server.api("POST", "/ringwall/v1/users", {"name": name}).status == 201
        assert server.api("PUT", f"/ringwall/v1/users/{name}/policies/{name}").status == 200
        made = server.api("POST", f"/ringwall/v1/users/{name}/keys").json
        keys[name] = {"key_id": made["access_key_id"], "secret": made["secret_access_key"]}
    for name, content in [
        ("only", closing), ("ec2", closing), ("closer", opening), ("elsewhere", opening), ("both", egress),
        ("both", closing | {"on_revoke": "keep"}),
    ]:  # fmt: skip
        assert server.api("POST", PATH, content, **keys[name]).status == 403, (name, content)
    assert server.api("POST", PATH, opening, **keys["both"]).status == 200
