"""An account to call operations in, over any store: what the server does between a parsed request and its answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import count
from typing import Any

import pytest
from botocore.model import ListShape, Shape, StructureShape

import stores
from botocore_judge import model
from ringwall.domain.caller import Caller, CallerKind
from ringwall.domain.errors import ServiceError
from ringwall.domain.interface import Host, NetworkInterface
from ringwall.domain.quota import Quota
from ringwall.operations.context import Context
from ringwall.operations.table import OPERATIONS
from ringwall.operations.vpcs import ensure_region
from ringwall.server.keyring import Keyring
from ringwall.server.sessions import Sessions

ACCOUNT = "123456789012"
REGION = "us-east-1"
REGIONS = frozenset({"us-east-1", "eu-west-1", "ap-east-1"})
NOW = 1_700_000_000
ABSENT = {kind: f"{kind}-0123456789abcdef0" for kind in ("sg", "sgr", "vpc", "subnet", "eni", "eni-attach", "i", "pl")}


class CountedIds:
    """Ids in the order in which they are made, so that tests can read them."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def new(self, prefix: str) -> str:
        """The next one."""
        return f"{prefix}-{next(self._numbers):017x}"


class Account:
    """One account in one region. Each answer is checked against the shape that botocore has for it."""

    def __init__(
        self, store: Any, *, account_id: str = ACCOUNT, region: str = REGION, quota: Quota | None = None,
        ids: CountedIds | None = None, default_vpc: bool = True,
    ) -> None:  # fmt: skip
        self.store = store
        self.ids = ids or CountedIds()
        self.quota = quota or Quota()
        self.now = NOW
        self.seals = Sessions(Keyring([b"k" * 32]))
        arn = f"arn:aws:iam::{account_id}:root"
        self.caller = Caller(account_id, region, "AKIAEXAMPLE", arn, account_id, principal=CallerKind.ROOT)
        if default_vpc:
            store.write(lambda transaction: ensure_region(self.context(transaction)))
            self.default_vpc_id = self.call("DescribeVpcs")["Vpcs"][0]["VpcId"]

    def context(self, transaction: Any, operation: str = "") -> Context:
        """What an operation is given."""
        return Context(
            self.caller, transaction, self.ids, self.quota, self.now, REGIONS, operation, seals=self.seals
        )  # fmt: skip

    def elsewhere(self, *, account_id: str = ACCOUNT, region: str = REGION) -> Account:
        """Another account or region over the same store."""
        return Account(self.store, account_id=account_id, region=region, ids=self.ids)

    def call(self, name: str, **request: Any) -> dict[str, Any]:
        """The answer, without the members that aren't written."""
        operation = OPERATIONS[name]
        operation.vet(request)
        if operation.writes:
            answer = self.store.write(
                lambda transaction: operation.run(self.context(transaction, name), request)
            ).result
        else:
            # Items that are made as they are asked for are made in the transaction.
            answer = self.store.read(
                lambda reader: {
                    member: list(value) if isinstance(value, Iterator) else value
                    for member, value in operation.run(self.context(reader, name), request).items()
                }
            )
        shape = model(name).output_shape
        if shape is None:
            assert answer == {}
            return {}
        return _written(shape, answer)

    def refused(self, name: str, **request: Any) -> tuple[str, str]:
        """Code and message of the refusal; whatever the request said, the state is as it was."""
        before = self.picture()
        with pytest.raises(ServiceError) as caught:
            self.call(name, **request)
        assert self.picture() == before, "a refused request changed something"
        return caught.value.code, caught.value.message

    def checked(self, name: str, **request: Any) -> tuple[str, str] | None:
        """Code and message of what is refused before DryRun, or None when a dry run would succeed."""
        try:
            OPERATIONS[name].vet(request)
        except ServiceError as error:
            return error.code, error.message
        return None

    def picture(self) -> Any:
        """Everything that can be seen in the account and region."""
        place = (self.caller.account_id, self.caller.region)
        return self.store.read(
            lambda reader: (
                reader.revision(), reader.vpcs(*place), reader.subnets(*place), reader.groups(*place),
                reader.rules(*place), reader.interfaces(*place), reader.hosts(*place), reader.all_tags(*place),
                [(each, reader.prefix_list_entries(each.prefix_list_id, each.version or 0))
                 for each in reader.prefix_lists(*place)],
            )
        )  # fmt: skip

    # What tests need again and again.

    def vpc(self, cidr: str = "10.0.0.0/16", **request: Any) -> str:
        """A VPC that isn't the default one."""
        return self.call("CreateVpc", CidrBlock=cidr, **request)["Vpc"]["VpcId"]

    def group(self, name: str = "web", **request: Any) -> str:
        """A group, in the default VPC unless VpcId says otherwise."""
        return self.call("CreateSecurityGroup", GroupName=name, Description="for tests", **request)["GroupId"]

    def default_group(self, vpc_id: str) -> str:
        """The default group of a VPC."""
        filters = [{"Name": "vpc-id", "Values": [vpc_id]}, {"Name": "group-name", "Values": ["default"]}]
        (group,) = self.call("DescribeSecurityGroups", Filters=filters)["SecurityGroups"]
        return group["GroupId"]

    def allow(self, group_id: str, *permissions: dict[str, Any], egress: bool = False) -> list[str]:
        """Rules; their ids."""
        name = f"AuthorizeSecurityGroup{'Egress' if egress else 'Ingress'}"
        answer = self.call(name, GroupId=group_id, IpPermissions=list(permissions))
        return [rule["SecurityGroupRuleId"] for rule in answer["SecurityGroupRules"]]

    def described(self, group_id: str) -> dict[str, Any]:
        """The group as Describe shows it."""
        (group,) = self.call("DescribeSecurityGroups", GroupIds=[group_id])["SecurityGroups"]
        return group

    def rule_ids(self, group_id: str, *, egress: bool | None = False) -> list[str]:
        """The ids of the group's rules of one direction, or of both."""
        filters = [{"Name": "group-id", "Values": [group_id]}]
        rules = self.call("DescribeSecurityGroupRules", Filters=filters)["SecurityGroupRules"]
        return [rule["SecurityGroupRuleId"] for rule in rules if egress in (None, rule["IsEgress"])]

    def enrolled(
        self, subnet_id: str, groups: list[str], number: int = 1, addresses: tuple[str, ...] = ()
    ) -> tuple[Host, NetworkInterface]:
        """A host in the subnet, put straight into the store."""

        def insert(transaction: Any) -> tuple[Host, NetworkInterface]:
            subnet = transaction.subnet(self.caller.account_id, self.caller.region, subnet_id)
            host = stores.host(subnet, number)
            held = [transaction.group(self.caller.account_id, self.caller.region, each) for each in groups]
            interface = stores.interface(host, held, addresses)
            transaction.insert_host(host, stores.key(host), interface)
            return host, interface

        return self.store.write(insert).result


def permission(
    protocol: str = "tcp", ports: int | tuple[int, int] | None = 22, *sources: str, description: str | None = None
) -> dict[str, Any]:
    """An IpPermission with these sources, each of the kind that its text looks like."""
    answer: dict[str, Any] = {"IpProtocol": protocol}
    if ports is not None:
        answer["FromPort"], answer["ToPort"] = ports if isinstance(ports, tuple) else (ports, ports)
    for source in sources:
        list_name, member = _source(source)
        item = {member: source} | ({} if description is None else {"Description": description})
        answer.setdefault(list_name, []).append(item)
    return answer


def _source(text: str) -> tuple[str, str]:
    if text.startswith("sg-"):
        return "UserIdGroupPairs", "GroupId"
    if text.startswith("pl-"):
        return "PrefixListIds", "PrefixListId"
    return ("Ipv6Ranges", "CidrIpv6") if ":" in text else ("IpRanges", "CidrIp")


def tag_specification(resource_type: str, **tags: str) -> list[dict[str, Any]]:
    """TagSpecifications with one element."""
    return [{"ResourceType": resource_type, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}]


_TYPES = {"string": str, "boolean": bool, "integer": int, "long": int, "timestamp": (int, datetime)}


def _written(shape: Shape, value: Any) -> Any:
    """The value as it is written, if the shape has a place for all of it."""
    if isinstance(shape, StructureShape):
        assert isinstance(value, Mapping), (shape.name, value)
        unknown = value.keys() - shape.members.keys()
        assert not unknown, (shape.name, unknown)
        return {name: _written(shape.members[name], each) for name, each in value.items() if each is not None}
    if isinstance(shape, ListShape):
        assert isinstance(value, list), (shape.name, value)
        return [_written(shape.member, each) for each in value]
    assert isinstance(value, _TYPES[shape.type_name]), (shape.name, value)
    assert isinstance(value, bool) is (shape.type_name == "boolean"), (shape.name, value)
    return value
