"""What the trail costs a change: the same server twice in one process, once with its events left out.

The leaving out is here alone: the second server's trail hands the function on to the store, so that nothing of an event
is made, chained or written. Both have a store on disk, synced at every commit, and get the same signed requests, 64 at
a time, in slices that take turns; HTTP is left out, so that the share is larger than a client's request would show. The
time is the processor's, of all the process's threads: checkpoints are made by the committer's.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode

import uvloop
from typing_extensions import override

from bench.http_load import VERSION
from bench.servers import ROOT
from ringwall.config import ServerConfig
from ringwall.domain.quota import Quota
from ringwall.operations.trail import Deed
from ringwall.server.authenticate import RawRequest
from ringwall.server.credentials import RootKey
from ringwall.server.handle import handle
from ringwall.server.main import COLLECT_AFTER, SWITCH_SECONDS, build_service
from ringwall.server.service import Service
from ringwall.server.trail import Trail
from ringwall.sigv4.sign import sign
from ringwall.store.base import Committed, Transaction
from ringwall.store.sqlite import open_sqlite
from ringwall.telemetry import LOG, ChangeLines

KEY = RootKey("123456789012", "AKIABENCH", "the root's secret")
CLIENTS = 64
PAIRS = 15
"""Of authorize and revoke, of each client in a slice."""
SLICES = 16

Result = TypeVar("Result")
Pair = tuple[RawRequest, RawRequest]


class _NoTrail(Trail):
    """A trail that keeps nothing of what was done."""

    @override
    async def write(
        self,
        deed: Deed,
        function: Callable[[Transaction], Result],
        *,
        answers: bool = False,
        if_changed: bool = False,
    ) -> Committed[Result]:
        return await self._store.write(function)


def trail(rounds: int, seconds: float) -> None:
    """CPU of an authorize or revoke with its event and without, at so many slices a round."""
    print(f"## The trail: CPU of an authorize or revoke, {CLIENTS} at a time, without HTTP\n")
    with_it, without = uvloop.run(_measure(rounds))
    print("| µs | with the trail | without | ratio |\n| --- | --- | --- | --- |")
    for name, of in (("lower quartile", _quartile), ("median", statistics.median)):
        print(f"| {name} | {of(with_it):.0f} | {of(without):.0f} | {of(with_it) / of(without):.2f} |")
    pairs = [one / other for one, other in zip(with_it, without, strict=True)]
    print(f"\nRatio of neighbouring slices, median of {len(pairs)}: {statistics.median(pairs):.2f}\n")


async def _measure(rounds: int) -> tuple[list[float], list[float]]:
    sys.setswitchinterval(SWITCH_SECONDS)
    LOG.setLevel(logging.ERROR)
    found: tuple[list[float], list[float]] = [], []
    with (
        tempfile.TemporaryDirectory(prefix=".bench-", dir=ROOT) as one,
        tempfile.TemporaryDirectory(prefix=".bench-", dir=ROOT) as other,
    ):
        servers = [await _server(Path(one), Trail), await _server(Path(other), _NoTrail)]
        gc.collect()
        gc.freeze()
        gc.set_threshold(COLLECT_AFTER, 20, 50)
        for number in range(SLICES * rounds // 3 + 1):
            turn = (0, 1) if number % 2 else (1, 0)  # neither is always the first
            for which in turn:
                cost = await _slice(*servers[which])
                if number:  # the first warms up
                    found[which].append(cost)
        for service, _ in servers:
            service.store.close()
    return found


async def _server(directory: Path, kind: type[Trail]) -> tuple[Service, list[Pair]]:
    """A server's parts over a store in this directory, and a pair of requests for each client's group."""
    store = open_sqlite(directory / "ringwall.db")
    config = ServerConfig(data=None, store_path=None, ephemeral=True, quota=Quota(), throttle="none")
    service = build_service(config, store, KEY)
    service.change_lines = ChangeLines(lambda _: 0)
    service.trail.__class__ = kind
    vpc_id = await _made(service, "vpcId", {"Action": "CreateVpc", "CidrBlock": "10.0.0.0/16"})
    pairs = []
    for number in range(CLIENTS):
        named = {"GroupName": f"bench-{number}", "GroupDescription": "bench", "VpcId": vpc_id}
        group_id = await _made(service, "groupId", {"Action": "CreateSecurityGroup", **named})
        rule = {
            "GroupId": group_id,
            "IpPermissions.1.IpProtocol": "tcp",
            "IpPermissions.1.FromPort": "8000",
            "IpPermissions.1.ToPort": "8000",
            "IpPermissions.1.IpRanges.1.CidrIp": "203.0.113.0/24",
        }
        pairs.append(
            (
                _request({"Action": "AuthorizeSecurityGroupIngress", **rule}),
                _request({"Action": "RevokeSecurityGroupIngress", **rule}),
            )
        )
    return service, pairs


async def _made(service: Service, element: str, parameters: dict[str, str]) -> str:
    reply = await handle(service, _request(parameters))
    return re.findall(f"<{element}>([^<]+)<", reply.body[0].decode())[0]


def _request(parameters: dict[str, str]) -> RawRequest:
    body = urlencode({**parameters, "Version": VERSION}).encode()
    headers = sign(
        "POST", "127.0.0.1:8080", "/", "", {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}, body,
        KEY.access_key_id, KEY.secret, "us-east-1", "ec2", time.time(),
    )  # fmt: skip
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    return RawRequest("POST", b"/", b"", pairs, body, time.time(), "127.0.0.1")


async def _slice(service: Service, pairs: list[Pair]) -> float:
    """CPU µs of a request."""

    async def client(pair: Pair) -> None:
        for _ in range(PAIRS):
            for request in pair:
                reply = await handle(service, request)
                assert reply.status == 200, reply.body

    began = time.process_time()
    await asyncio.gather(*[client(pair) for pair in pairs])
    return (time.process_time() - began) / (len(pairs) * PAIRS * 2) * 1e6


def _quartile(found: list[float]) -> float:
    return statistics.quantiles(found, n=4)[0]
