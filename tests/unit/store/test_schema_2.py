"""A store of the first schema opens with everything it held, and becomes as one that was made by the second."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

import pytest

from ringwall.domain.change import RulesAdded
from ringwall.domain.group import Direction, SecurityGroup, SecurityGroupRule
from ringwall.domain.interface import Attachment, Host, Mode, NetworkInterface
from ringwall.domain.peer import Peer, PeerKind
from ringwall.domain.traffic import Traffic
from ringwall.domain.vpc import CidrAssociation, Subnet, Vpc
from ringwall.store.base import Conflict, EnrolmentToken, HostKey, Reader
from ringwall.store.migrate import SCRIPTS, migrate
from ringwall.store.sqlite import open_sqlite
from stores import Driven

ACCOUNT, OTHER, REGION = "123456789012", "999999999999", "eu-north-1"
PLACE = (ACCOUNT, REGION)

# As the first version wrote it. Numbers have gaps and run against the ids, as after deletions.
FIRST_ROWS = """
INSERT INTO regions VALUES ('123456789012', 'eu-north-1');
INSERT INTO vpcs VALUES
    (5, 'vpc-9', '123456789012', 'eu-north-1', '172.31.0.0/16', 1, 'dopt-1', 'vpc-cidr-assoc-9', 'default', NULL, NULL),
    (7, 'vpc-1', '123456789012', 'eu-north-1', '10.0.0.0/16', 0, 'dopt-1', 'vpc-cidr-assoc-1', 'dedicated',
        '2001:db8::/56', 'vpc-cidr-assoc-2'),
    (8, 'vpc-3', '999999999999', 'eu-north-1', '10.0.0.0/16', 0, 'dopt-1', 'vpc-cidr-assoc-3', 'default', NULL, NULL);
INSERT INTO subnets VALUES
    (2, 'subnet-1', 'vpc-1', '123456789012', 'eu-north-1', '10.0.1.0/24', 'eu-north-1a', 0, NULL, NULL);
INSERT INTO security_groups VALUES
    (4, 'sg-2', '123456789012', 'eu-north-1', 'vpc-1', 'Web', 'for tests'),
    (6, 'sg-1', '123456789012', 'eu-north-1', 'vpc-1', 'db', 'for tests'),
    (9, 'sg-3', '999999999999', 'eu-north-1', 'vpc-3', 'db', 'of another account');
INSERT INTO security_group_rules VALUES
    (3, 'sgr-9', 'sg-2', 'ingress', 'tcp', 22, 22, 'cidr_ipv4', '10.0.0.0/8', 'sésame'),
    (4, 'sgr-1', 'sg-1', 'egress', '-1', -1, -1, 'referenced_group_id', 'sg-2', NULL),
    (8, 'sgr-5', 'sg-2', 'ingress', 'tcp', 443, 443, 'prefix_list_id', 'pl-63a5400a', NULL),
    (9, 'sgr-3', 'sg-3', 'ingress', 'tcp', 22, 22, 'cidr_ipv6', '::/0', NULL);
INSERT INTO hosts VALUES
    (3, 'i-1', '123456789012', 'eu-north-1', 'subnet-1', 'vpc-1', 'host-1', 'enforce', 'RWHOST1', 'secret', 1700000000);
INSERT INTO interfaces VALUES
    (3, 'eni-1', '123456789012', 'eu-north-1', 'subnet-1', 'vpc-1', 'eu-north-1a', 'i-1', 'eni-attach-1', 'eth0',
        '02:00:00:00:00:01', 'primary', 1700000000);
INSERT INTO interface_addresses VALUES
    ('eni-1', 4, 0, 'vpc-1', '10.0.1.9'), ('eni-1', 4, 1, 'vpc-1', '10.0.1.5'), ('eni-1', 6, 0, 'vpc-1', 'fd00::1');
INSERT INTO interface_groups VALUES ('eni-1', 0, 'sg-2'), ('eni-1', 1, 'sg-1');
INSERT INTO enrolment_tokens VALUES ('ab', '123456789012', 'eu-north-1', 'subnet-1', 'eth0', 1700003600);
INSERT INTO tags VALUES ('123456789012', 'eu-north-1', 'sgr-9', 'Name', 'ssh');
INSERT INTO change_log VALUES (41, '123456789012', 'eu-north-1', 1700000000.5,
    '[{"change":"rules_added","group_id":"sg-2","rules":[{"rule_id":"sgr-9","direction":"ingress","protocol":"tcp",
      "from_port":22,"to_port":22,"peer_kind":"cidr_ipv4","peer":"10.0.0.0/8","description":"sésame"}]}]');
"""

VPCS = [
    Vpc(
        "vpc-9",
        *PLACE,
        True,
        "dopt-1",
        (CidrAssociation("vpc-cidr-assoc-9", "172.31.0.0/16"),),
        enable_dns_hostnames=True,
    ),
    Vpc(
        "vpc-1",
        *PLACE,
        False,
        "dopt-1",
        (CidrAssociation("vpc-cidr-assoc-1", "10.0.0.0/16"),),
        (CidrAssociation("vpc-cidr-assoc-2", "2001:db8::/56"),),
        "dedicated",
    ),
]
GROUPS = [
    SecurityGroup("sg-2", *PLACE, "vpc-1", "Web", "for tests"),
    SecurityGroup("sg-1", *PLACE, "vpc-1", "db", "for tests"),
]
SSH = SecurityGroupRule(
    "sgr-9", "sg-2", Direction.INGRESS, Traffic("tcp", 22, 22), Peer(PeerKind.CIDR_IPV4, "10.0.0.0/8"), "sésame"
)
RULES = [
    SSH,
    SecurityGroupRule("sgr-1", "sg-1", Direction.EGRESS, Traffic("-1"), Peer(PeerKind.GROUP, "sg-2")),
    SecurityGroupRule(
        "sgr-5", "sg-2", Direction.INGRESS, Traffic("tcp", 443, 443), Peer(PeerKind.PREFIX_LIST, "pl-63a5400a")
    ),
]
INTERFACE = NetworkInterface(
    "eni-1",
    *PLACE,
    "subnet-1",
    "vpc-1",
    "eu-north-1a",
    Attachment("eni-attach-1", "i-1", "eth0", 0, 1_700_000_000),
    "02:00:00:00:00:01",
    ("10.0.1.9", "10.0.1.5"),
    ("fd00::1",),
    ("sg-2", "sg-1"),
    "primary",
    1700000000,
    source_dest_check=False,
)


def first_scripts(directory: Path, number: int = 1) -> Path:
    """A directory with the first scripts alone."""
    directory.mkdir()
    for path in sorted(SCRIPTS.glob("*.sql"))[:number]:
        (directory / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    return directory


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A store's file as the first version left it."""
    path = tmp_path / "data" / "ringwall.db"
    path.parent.mkdir()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    migrate(connection, first_scripts(tmp_path / "first"))
    connection.executescript(f"BEGIN; {FIRST_ROWS} COMMIT;")
    connection.close()
    return path


def test_everything_is_kept(old: Path) -> None:
    before = sqlite3.connect(old)
    (identity,) = before.execute("SELECT store_id FROM store").fetchone()
    before.close()
    store = Driven(open_sqlite(old))

    def look(r: Reader) -> None:
        assert (r.identity().store_id, r.revision(), r.region_exists(*PLACE)) == (identity, 41, True)
        assert r.vpcs(*PLACE) == VPCS
        assert r.default_vpc(*PLACE) == VPCS[0]
        assert r.subnets(*PLACE) == [Subnet("subnet-1", "vpc-1", *PLACE, "10.0.1.0/24", "eu-north-1a")]
        assert r.groups(*PLACE) == GROUPS
        assert r.group_by_name("vpc-1", "web") == GROUPS[0]
        assert r.rules(*PLACE) == RULES
        assert [each.rule_id for each in r.rules(OTHER, REGION)] == ["sgr-3"]
        assert r.interfaces(*PLACE) == [INTERFACE]
        host = Host("i-1", *PLACE, "subnet-1", "vpc-1", "host-1", Mode.ENFORCE, "RWHOST1", 1700000000)
        assert r.hosts(*PLACE) == [host]
        assert r.host_key("RWHOST1") == HostKey("RWHOST1", "secret", *PLACE, "i-1")
        assert r.enrolment_token("ab") == EnrolmentToken("ab", *PLACE, "subnet-1", "eth0", 1700003600)
        assert r.all_tags(*PLACE) == {"sgr-9": {"Name": "ssh"}}
        (record,) = r.changes_since(40, 10)
        assert record.changes == (RulesAdded("sg-2", (SSH,)),)

    store.read(look)
    store.close()


def test_what_was_kept_can_be_found_changed_and_deleted(old: Path) -> None:
    store = Driven(open_sqlite(old))
    assert store.read(lambda r: r.rules_naming_list("pl-63a5400a")) == [RULES[2]]
    assert store.read(lambda r: r.rules_referencing("sg-2")) == [RULES[1]]
    assert store.read(lambda r: r.rules_after(*PLACE, "", 2)) == [RULES[1], RULES[2]]
    with pytest.raises(Conflict):
        store.write(lambda tx: tx.delete_group(GROUPS[0]))  # The interface carries it.
    (host,) = store.read(lambda r: r.hosts(*PLACE))
    (subnet,) = store.read(lambda r: r.subnets(*PLACE))
    store.write(lambda tx: tx.delete_host(host))
    store.write(lambda tx: (tx.delete_subnet(subnet), *map(tx.delete_group, GROUPS), *map(tx.delete_vpc, VPCS)))
    assert store.read(lambda r: (r.rules(*PLACE), r.all_tags(*PLACE), r.revision())) == ([], {}, 43)
    store.close()


def test_a_store_brought_forward_has_the_schema_of_a_new_one(old: Path, tmp_path: Path) -> None:
    open_sqlite(old).close()
    open_sqlite(tmp_path / "new" / "ringwall.db").close()
    schemas = []
    for path in (old, tmp_path / "new" / "ringwall.db"):
        connection = sqlite3.connect(path)
        schemas.append(
            connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY name").fetchall()
        )
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()
    assert schemas[0] == schemas[1]
    assert not any(re.search(r"\bnew_", sql or "") for *_, sql in schemas[0])


def test_rows_that_refer_to_none_keep_the_old_schema(old: Path) -> None:
    """They can't be there, unless somebody wrote them with the foreign keys off."""
    connection = sqlite3.connect(old, isolation_level=None)
    connection.execute("INSERT INTO interface_groups VALUES ('eni-1', 2, 'sg-404')")
    with pytest.raises(sqlite3.IntegrityError, match="interface_groups refers to none of security_groups"):
        migrate(connection)
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    assert connection.execute("SELECT count(*) FROM vpcs WHERE cidr_block IS NOT NULL").fetchone() == (3,)
    connection.close()


@pytest.mark.parametrize("enforced", [0, 1])
def test_foreign_keys_are_afterwards_what_they_were(enforced: int) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute(f"PRAGMA foreign_keys = {enforced}")
    migrate(connection)
    assert connection.execute("PRAGMA foreign_keys").fetchone() == (enforced,)
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE interfaces SET device = NULL",
        "UPDATE interfaces SET instance_id = NULL",
        "UPDATE interfaces SET attachment_id = NULL",
        "UPDATE interfaces SET attachment_id = NULL, device = NULL",
        "UPDATE security_group_rules SET peer_vpc_id = 'vpc-9'",
        "UPDATE security_group_rules SET peer_owner_id = '123456789012'",
        "UPDATE security_group_rules SET peering_id = 'pcx-1'",
        "UPDATE security_group_rules SET region = 'us-east-1'",
        "UPDATE vpc_cidr_blocks SET association_id = 'same'",
    ],
)
def test_half_values_are_refused_by_the_schema(old: Path, statement: str) -> None:
    open_sqlite(old).close()
    connection = sqlite3.connect(old, isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(statement)
    connection.execute("UPDATE interfaces SET attachment_id = NULL, instance_id = NULL, device = NULL")
    connection.close()
