"""Ids: which are well-formed, which are of a kind, and ARNs."""

from __future__ import annotations

import pytest

from ringwall.domain import ids
from ringwall.domain.errors import InvalidID, ServiceError

KINDS = [ids.GROUP, ids.RULE, ids.VPC, ids.SUBNET, ids.INTERFACE, ids.ATTACHMENT, ids.INSTANCE, ids.PREFIX_LIST]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.prefix)
def test_well_formed(kind: ids.IdKind) -> None:
    for digits in ("0", "12345678", "0123456789abcdef0", "112233"):
        kind.check(f"{kind.prefix}-{digits}")


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.prefix)
@pytest.mark.parametrize("digits", ["", "xyz", "ABCDEF01", "0123456789abcdef01", "12 ", "12\n", "1-2", "é", "१"])
def test_malformed(kind: ids.IdKind, digits: str) -> None:
    with pytest.raises(ServiceError) as caught:
        kind.check(f"{kind.prefix}-{digits}")
    assert caught.value.code.endswith(".Malformed")


def test_kinds_by_prefix() -> None:
    assert ids.kind_of("sgr-0a") is ids.RULE
    assert ids.kind_of("i-0a") is ids.INSTANCE
    assert ids.kind_of("ami-0a") is ids.FOREIGN_KINDS["ami"]
    for text in ("", "sg", "ami", "ami-", "vol-x", "tgw-attach-0a", "nope-0a", "-", "SG-0a"):
        with pytest.raises(InvalidID):
            ids.kind_of(text)
    for text in ("sg-", "eni-attach-0a", "sg-x"):
        with pytest.raises(ServiceError, match="Invalid id"):
            ids.kind_of(text)


@pytest.mark.parametrize(
    ("region", "partition"), [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_arns(region: str, partition: str) -> None:
    assert ids.arn("vpc", region, "123456789012", "vpc-0a") == f"arn:{partition}:ec2:{region}:123456789012:vpc/vpc-0a"
