"""The whole route of a request in this process, for inputs that nobody would send on purpose.

`Target.ask` signs whatever it is given, lets `server.handle` answer it, and asserts what must hold of any answer.
"""

from __future__ import annotations

import asyncio
import logging
import re
import xml.etree.ElementTree as ET
from typing import Any
from urllib.parse import urlencode

import stores
from ringwall.config import ServerConfig
from ringwall.domain.quota import Quota
from ringwall.server.authenticate import RawRequest
from ringwall.server.credentials import RootKey
from ringwall.server.handle import Reply, handle
from ringwall.server.main import build_service
from ringwall.sigv4.sign import sign
from ringwall.store.base import Transaction
from ringwall.store.sqlite import open_ephemeral
from ringwall.telemetry import LOG, ChangeLines

ACCOUNT, REGION, KEY, SECRET = "123456789012", "us-east-1", "AKIAFUZZ", "secret"
NOW = 1_700_000_000
VERSION = "2016-11-15"

FURNITURE = (
    {"Action": "CreateVpc", "CidrBlock": "10.1.0.0/16"},
    {"Action": "CreateVpc", "CidrBlock": "10.2.0.0/16"},
    {"Action": "CreateSubnet", "VpcId": "vpc-1", "CidrBlock": "10.1.1.0/24"},
    {"Action": "CreateSecurityGroup", "GroupName": "web", "GroupDescription": "d", "VpcId": "vpc-1"},
    {"Action": "CreateSecurityGroup", "GroupName": "app", "GroupDescription": "d"},
    {"Action": "AuthorizeSecurityGroupIngress", "GroupId": "sg-1", "IpPermissions.1.IpProtocol": "tcp",
     "IpPermissions.1.FromPort": "22", "IpPermissions.1.ToPort": "22", "IpPermissions.1.Groups.1.GroupId": "sg-1",
     "IpPermissions.1.IpRanges.1.CidrIp": "192.0.2.0/24", "IpPermissions.1.Ipv6Ranges.1.CidrIpv6": "2001:db8::/32"},
    {"Action": "CreateManagedPrefixList", "PrefixListName": "offices", "MaxEntries": "5", "AddressFamily": "IPv4",
     "Entry.1.Cidr": "198.51.100.0/24"},
    {"Action": "CreateNetworkInterface", "SubnetId": "subnet-1", "SecurityGroupId.1": "sg-1"},
    {"Action": "CreateVpcPeeringConnection", "VpcId": "vpc-1", "PeerVpcId": "vpc-2"},
    {"Action": "CreateTags", "ResourceId.1": "sg-1", "Tag.1.Key": "Name", "Tag.1.Value": "web"},
)  # fmt: skip
"""What is there before the first input; `vpc-1` is the first VPC that these made."""


class CountedIds:
    """Ids in the order in which they are made, so that an input means the same each time it runs."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def new(self, prefix: str) -> str:
        """The next one."""
        self.made.append(f"{prefix}-{len(self.made) + 1:017x}")
        return self.made[-1]


class Broken(AssertionError):
    """An answer that must not be. `asked`: everything since the target was made, the last one at fault."""


class _Noise(logging.Handler):
    """Keeps what the server logs."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(logging.Formatter().format(record))


class Target:
    """A server without its sockets, with a few things in it. ids: of all that is there."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._store = open_ephemeral(clock=lambda: NOW)
        config = ServerConfig(data=None, store_path=None, ephemeral=True, quota=Quota(rules_per_group_max=10))
        self._service = build_service(config, self._store, RootKey(ACCOUNT, KEY, SECRET))
        self._service.clock = lambda: NOW
        self._service.ids = self._ids = CountedIds()
        self._service.change_lines = ChangeLines(lambda _: None)
        self._noise = _Noise()
        self.asked: list[bytes] = []
        LOG.addHandler(self._noise)
        LOG.propagate = False
        self.send({"Action": "DescribeVpcs"})
        self._first = len(self._ids.made)
        for request in FURNITURE:
            reply = self.send({name: self._named(value) for name, value in request.items()})
            assert reply.status == 200, (request, reply.body)
        self._runner.run(self._enrol())

    async def _enrol(self) -> None:
        """A host, straight into the store."""
        await self._store.write(self._insert_host)

    def _insert_host(self, transaction: Transaction) -> None:
        subnet = transaction.subnets(ACCOUNT, REGION)[0]
        group = transaction.group_by_name(subnet.vpc_id, "default")
        assert group is not None
        host = stores.host(subnet)
        interface = stores.interface(host, [group], ["172.31.0.9"])
        transaction.insert_host(host, stores.key(host), interface)
        assert interface.attachment is not None
        self._ids.made += [host.instance_id, interface.interface_id, interface.attachment.attachment_id]

    @property
    def ids(self) -> list[str]:
        """Every id that was ever made here."""
        return self._ids.made

    def send(self, parameters: dict[str, str]) -> Reply:
        """The answer to these parameters and the current Version."""
        return self.ask(urlencode(parameters | {"Version": VERSION}).encode())

    def ask(self, form: bytes, method: str = "POST") -> Reply:
        """The answer to this form, signed.

        Raises:
            Broken: an internal error, an answer that is no XML, or a refusal that changed something.
        """
        before = self.picture()
        self._noise.records.clear()
        self.asked.append(form)
        headers = sign(method, "h", "/", "", {}, form, KEY, SECRET, REGION, "ec2", NOW)
        raw = RawRequest(method, b"/", b"", [(k.encode(), v.encode()) for k, v in headers.items()], form, NOW)
        reply = self._runner.run(handle(self._service, raw))
        self._check(reply, before)
        return reply

    def _check(self, reply: Reply, before: Any) -> None:
        if reply.status >= 500 or self._noise.records:
            raise Broken("\n".join([str(self.asked[-1]), *self._noise.records]))
        body = b"".join(reply.body)
        try:
            root = ET.fromstring(body)
        except ET.ParseError as error:
            raise Broken(f"{self.asked[-1]!r} was answered {body!r}") from error
        if reply.status == 200:
            return
        if not root.tag.endswith("Response") or (root.findtext(".//{*}Message") or "") == "":
            raise Broken(f"{self.asked[-1]!r} was refused with {body!r}")
        if reply.revision is not None or self.picture() != before:
            raise Broken(f"{self.asked[-1]!r} was refused and changed something: {body!r}")

    def picture(self) -> Any:
        """Everything that can be seen."""
        here = (ACCOUNT, REGION)
        return self._store.read(
            lambda reader: (
                reader.revision(), reader.vpcs(*here), reader.subnets(*here), reader.groups(*here),
                reader.rules(*here), reader.interfaces(*here), reader.prefix_lists(*here), reader.peerings(*here),
                reader.vpc_associations(*here), reader.all_tags(*here),
            )
        )  # fmt: skip

    def close(self) -> None:
        """Ends it."""
        LOG.removeHandler(self._noise)
        LOG.propagate = True
        self._store.close()
        self._runner.close()

    def _named(self, text: str) -> str:
        """The id that a short one such as `sg-2` stands for."""
        found = re.fullmatch("([a-z]+)-([0-9])", text)
        if found is None:
            return text
        made = [each for each in self._ids.made[self._first :] if each.startswith(f"{found[1]}-0")]
        return made[int(found[2]) - 1]
