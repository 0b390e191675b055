"""What it costs to know who asks and whether they may, beside all that a request costs the server.

A user with ten policy documents of ten statements each revokes and authorizes beside the account's root. Most
statements speak of these very actions, on groups, under a condition; the last one allows. The parts are measured in
this process, the whole is the CPU time of a real server.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.http_load import Target
from bench.servers import ROOT, cpu_seconds, ringwall
from ringwall.config import ServerConfig
from ringwall.domain.principal import AccessKey, Account, NamedPolicy, Principal, PrincipalKind
from ringwall.domain.quota import Quota
from ringwall.operations.accounts import OWN_NAME
from ringwall.operations.needs import needs
from ringwall.operations.table import OPERATIONS
from ringwall.server.authenticate import RawRequest, authenticate
from ringwall.server.authorize import Gate
from ringwall.server.credentials import RootKey, load_root_key
from ringwall.server.keyring import Keyring, key_file_of, load_keyring
from ringwall.server.main import build_service
from ringwall.sigv4.sign import sign
from ringwall.store.base import Transaction
from ringwall.store.sqlite import open_sqlite
from ringwall.wire.request import parse, parse_query

ACCOUNT, REGION, USER = "123456789012", "us-east-1", "responder"
KEY_ID, SECRET = "AKIABENCHBENCHBENCHB", "the secret of a user that benches"
DOCUMENTS, STATEMENTS = 10, 10
CALLS = 2_000
CLIENTS = 8


def documents() -> list[str]:
    """Ten of ten statements; all but a few are about revoking and authorizing, and only the last of them allows."""
    found = []
    for number in range(DOCUMENTS):
        statements: list[dict[str, Any]] = [
            {
                "Effect": "Allow",
                "Action": ["ec2:AuthorizeSecurityGroup*", "ec2:RevokeSecurityGroup*"],
                "Resource": f"arn:aws:ec2:*:{ACCOUNT}:security-group/*",
                "Condition": {"StringEquals": {"aws:ResourceTag/team": f"team-{number}-{place}"}},
            }
            for place in range(STATEMENTS - 2)
        ]
        statements.append(
            {
                "Effect": "Deny",
                "Action": "ec2:*",
                "Resource": "*",
                "Condition": {"NotIpAddress": {"aws:SourceIp": ["127.0.0.0/8", f"10.{number}.0.0/16"]}},
            }
        )
        last = {"Effect": "Allow", "Action": "ec2:*" if number == DOCUMENTS - 1 else "ec2:Describe*", "Resource": "*"}
        found.append(json.dumps({"Version": "2012-10-17", "Statement": [*statements, last]}))
    return found


def fill(transaction: Transaction, keyring: Keyring) -> None:
    """The account, the user, its documents and its key."""
    now = int(time.time())
    transaction.insert_account(Account(ACCOUNT, OWN_NAME, now))
    names = tuple(f"document-{number}" for number in range(DOCUMENTS))
    for name, text in zip(names, documents(), strict=True):
        transaction.put_policy(NamedPolicy(ACCOUNT, name, text, now))
    transaction.insert_principal(Principal(ACCOUNT, PrincipalKind.USER, USER, "AIDABENCH", now, policies=names))
    transaction.insert_access_key(AccessKey(KEY_ID, ACCOUNT, USER, keyring.seal(SECRET, KEY_ID), True, now))


async def fill_directory(data: Path) -> None:
    """What a server finds that starts there."""
    data.mkdir(mode=0o700)
    keyring = load_keyring(key_file_of(data), data, may_make=True)
    store = open_sqlite(data / "ringwall.db")
    await store.write(lambda transaction: fill(transaction, keyring))
    store.close()
    load_root_key(data, ACCOUNT, {})


def authorize(rounds: int, seconds: float) -> None:
    """Verification and authorization of a revoke, and their share in its CPU time."""
    print(f"## Who asks, and may they: {DOCUMENTS} documents of {STATEMENTS} statements\n")
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=ROOT) as directory:
        data = Path(directory) / "data"
        asyncio.run(fill_directory(data))
        verifying, deciding, anew = asyncio.run(_parts())
        with ringwall(data, "--throttle", "none") as root:
            user = Target("user", root.port, KEY_ID, SECRET, root.pid)
            whole = _whole([root, user], rounds, seconds)
    print("| CPU µs of an authorize or revoke | the root | the user |\n| --- | --- | --- |")
    print(f"| all of it, in the server | {whole['ringwall']:.0f} | {whole['user']:.0f} |")
    print(f"| signature verified | {verifying['root']:.0f} | {verifying['user']:.0f} |")
    print(f"| decided | {deciding['root']:.0f} | {deciding['user']:.0f} |")
    print(f"| decided, nothing remembered | {anew['root']:.0f} | {anew['user']:.0f} |")
    share = (whole["user"] - whole["ringwall"] + verifying["root"]) / whole["user"]
    print(f"\nWhat the user's request costs more, and the verification: {share:.0%} of it.\n")


def _whole(targets: list[Target], rounds: int, seconds: float) -> dict[str, float]:
    """CPU µs of the server for a request, by who asks."""
    from bench.__main__ import make_groups, run_load

    groups = asyncio.run(make_groups(targets[0], CLIENTS))
    seen: dict[str, list[float]] = {target.name: [] for target in targets}
    for _ in range(rounds * 2):
        for target in targets:
            before = cpu_seconds(target.pid)
            outcome = run_load(target, groups, CLIENTS, seconds)
            seen[target.name].append((cpu_seconds(target.pid) - before) / outcome.requests * 1e6)
    return {name: statistics.median(found) for name, found in seen.items()}


async def _parts() -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    """CPU µs of verifying a revoke's signature and of deciding on it, by who asks.

    The last are of decisions that depend on an address that wasn't seen before, so that nothing is remembered.
    """
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=ROOT) as directory:
        store = open_sqlite(Path(directory) / "ringwall.db")
        config = ServerConfig(data=None, store_path=None, ephemeral=True, quota=Quota(), throttle="none")
        service = build_service(config, store, RootKey(ACCOUNT, "AKIAROOT", "the root's secret"))
        await store.write(lambda transaction: fill(transaction, service.keyring))
        verifying, deciding, anew = {}, {}, {}
        for who, key_id, secret in (("root", "AKIAROOT", "the root's secret"), ("user", KEY_ID, SECRET)):
            request = _revoke(key_id, secret)
            caller = authenticate(service, request)
            await service.make_region(caller)
            vpc = store.read(lambda reader: reader.default_vpc(ACCOUNT, REGION))
            assert vpc is not None
            group = store.read(lambda reader, vpc_id=vpc.vpc_id: reader.groups_of_vpc(vpc_id)[0])
            parsed = parse(parse_query(request.body.replace(b"sg-0", group.group_id.encode())))
            operation = OPERATIONS[parsed.action]
            gate = Gate(
                service, caller, request, f"ec2:{parsed.action}",
                lambda reader, of=operation, by=caller, asked=parsed.request: needs("ec2", of, reader, by, asked),
            )  # fmt: skip
            verifying[who] = _cost(lambda asked=request: authenticate(service, asked))
            found: list[float] = []
            await store.write(
                lambda transaction, of=gate, into=found: into.append(_cost(lambda: of.check(transaction)))
            )
            deciding[who] = found[0]
            addresses = itertools.cycle(f"127.{third}.{fourth}.1" for third in range(50) for fourth in range(50))
            await store.write(
                lambda transaction, of=gate, into=found, each=addresses: into.append(
                    _cost(lambda: replace(of, request=replace(of.request, peer=next(each))).check(transaction))
                )
            )
            anew[who] = found[1]
        store.close()
    return verifying, deciding, anew


def _revoke(key_id: str, secret: str) -> RawRequest:
    body = (
        b"Action=RevokeSecurityGroupIngress&Version=2016-11-15&GroupId=sg-0&IpPermissions.1.IpProtocol=tcp"
        b"&IpPermissions.1.FromPort=22&IpPermissions.1.ToPort=22&IpPermissions.1.IpRanges.1.CidrIp=203.0.113.0%2F24"
    )
    headers = sign(
        "POST", "127.0.0.1:8080", "/", "", {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}, body,
        key_id, secret, REGION, "ec2", time.time(),
    )  # fmt: skip
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    return RawRequest("POST", b"/", b"", pairs, body, time.time(), "127.0.0.1")


def _cost(call: Callable[[], object]) -> float:
    """CPU µs of a call: the least of some rounds, as other work only adds to it."""
    found = []
    for _ in range(5):
        began = time.process_time()
        for _ in range(CALLS // 5):
            call()
        found.append((time.process_time() - began) / (CALLS // 5) * 1e6)
    return min(found)
