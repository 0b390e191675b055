"""Write src/ringwall/wire/shapes.py: EC2's and STS's models as the wire layer needs them, trimmed to what is served.

The source is the locked botocore. `text()` is the whole file, so that a test can compare it with the committed one.
Wire names follow the EC2 protocol: on input `queryName`, else `locationName` with its first letter capitalised, else
the member's name; on output `locationName`, else the member's name. Lists are flattened on input and made of `<item>`
on output.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from textwrap import fill

import botocore.loaders
from botocore.model import ListShape, ServiceModel, Shape, StructureShape

TARGET = Path(__file__).parent.parent / "src/ringwall/wire/shapes.py"

EC2_VERSION = "2016-11-15"
STS_VERSION = "2011-06-15"

EC2_OPERATIONS = (
    "AcceptVpcPeeringConnection",
    "AssignIpv6Addresses",
    "AssignPrivateIpAddresses",
    "AssociateSecurityGroupVpc",
    "AssociateVpcCidrBlock",
    "AttachNetworkInterface",
    "AuthorizeSecurityGroupEgress",
    "AuthorizeSecurityGroupIngress",
    "CreateDefaultSubnet",
    "CreateDefaultVpc",
    "CreateManagedPrefixList",
    "CreateNetworkInterface",
    "CreateSecurityGroup",
    "CreateSubnet",
    "CreateTags",
    "CreateVpc",
    "CreateVpcPeeringConnection",
    "DeleteManagedPrefixList",
    "DeleteNetworkInterface",
    "DeleteSecurityGroup",
    "DeleteSubnet",
    "DeleteTags",
    "DeleteVpc",
    "DeleteVpcPeeringConnection",
    "DescribeAccountAttributes",
    "DescribeAvailabilityZones",
    "DescribeInstanceAttribute",
    "DescribeInstances",
    "DescribeManagedPrefixLists",
    "DescribeNetworkInterfaceAttribute",
    "DescribeNetworkInterfaces",
    "DescribePrefixLists",
    "DescribeRegions",
    "DescribeSecurityGroupReferences",
    "DescribeSecurityGroupRules",
    "DescribeSecurityGroupVpcAssociations",
    "DescribeSecurityGroups",
    "DescribeStaleSecurityGroups",
    "DescribeSubnets",
    "DescribeTags",
    "DescribeVpcAttribute",
    "DescribeVpcPeeringConnections",
    "DescribeVpcs",
    "DetachNetworkInterface",
    "DisassociateSecurityGroupVpc",
    "DisassociateVpcCidrBlock",
    "GetManagedPrefixListAssociations",
    "GetManagedPrefixListEntries",
    "GetSecurityGroupsForVpc",
    "ModifyInstanceAttribute",
    "ModifyManagedPrefixList",
    "ModifyNetworkInterfaceAttribute",
    "ModifySecurityGroupRules",
    "ModifyVpcAttribute",
    "RejectVpcPeeringConnection",
    "RestoreManagedPrefixListVersion",
    "RevokeSecurityGroupEgress",
    "RevokeSecurityGroupIngress",
    "UnassignIpv6Addresses",
    "UnassignPrivateIpAddresses",
    "UpdateSecurityGroupRuleDescriptionsEgress",
    "UpdateSecurityGroupRuleDescriptionsIngress",
)
STS_OPERATIONS = ("AssumeRole", "DecodeAuthorizationMessage", "GetCallerIdentity", "GetSessionToken")

OLDER_VERSIONS = (
    "2010-08-31",
    "2010-11-15",
    "2011-01-01",
    "2011-02-28",
    "2011-05-15",
    "2011-07-15",
    "2011-11-01",
    "2011-12-01",
    "2011-12-15",
    "2012-03-01",
    "2012-04-01",
    "2012-05-01",
    "2012-06-01",
    "2012-06-15",
    "2012-07-20",
    "2012-08-15",
    "2012-10-01",
    "2012-12-01",
    "2013-02-01",
    "2013-06-15",
    "2013-07-15",
    "2013-08-15",
    "2013-10-01",
    "2013-10-15",
    "2014-02-01",
    "2014-05-01",
    "2014-06-15",
)
"""Published versions that botocore no longer ships, from the oldest that a client in use sends (the amazon-ec2 gem).

boto 2 sends 2013-10-15 and older ones, Net::Amazon::EC2 2014-06-15. What they ask for has the same parameters today.
"""

SCALARS = {
    "string": "str",
    "boolean": "bool",
    "integer": "int",
    "long": "int",
    "float": "float",
    "double": "float",
    "timestamp": "datetime | int",
    "blob": "bytes",
}

_AT_BLANKS = {"break_on_hyphens": False, "break_long_words": False}

HEADER = '''"""EC2's and STS's models, trimmed to the operations that ringwall serves.

Made by scripts/generate_shapes.py from botocore {botocore}; `make generate` writes it anew. Don't edit it.

A type is named by a string: a scalar (`string`, `integer` …), a structure (`IpPermission`), a list (`[IpPermission]`).
The members of requests and answers are typed below as TypedDicts with the structures' names.
"""

from datetime import datetime
from typing import Final, TypedDict
'''


def text() -> str:
    """The generated file, whole."""
    loader = botocore.loaders.Loader()
    ec2 = ServiceModel(loader.load_service_model("ec2", "service-2", EC2_VERSION), "ec2")
    sts = ServiceModel(loader.load_service_model("sts", "service-2", STS_VERSION), "sts")
    operations = [("ec2", ec2.operation_model(name)) for name in EC2_OPERATIONS]
    operations += [("sts", sts.operation_model(name)) for name in STS_OPERATIONS]
    inputs = _structures(operation.input_shape for _, operation in operations)
    outputs = _structures(operation.output_shape for _, operation in operations)
    table = {
        name: (
            service,
            operation.input_shape.name,
            operation.output_shape.name if operation.output_shape else None,
        )
        for service, operation in operations
        for name in [operation.name]
    }
    versions = sorted({*loader.list_api_versions("ec2", "service-2"), *OLDER_VERSIONS})
    parts = [
        HEADER.format(botocore=botocore.__version__),
        _constant(
            "OPERATIONS",
            "dict[str, tuple[str, str, str | None]]",
            table,
            "Operation -> (service, structure of the request, structure of the answer).",
        ),
        _constant(
            "INPUTS",
            "dict[str, dict[str, tuple[str, str]]]",
            {name: _input_members(shape) for name, shape in inputs.items()},
            "Structure of a request -> wire name -> (member, type).",
        ),
        _constant(
            "REQUIRED",
            "dict[str, tuple[str, ...]]",
            {
                name: tuple(_input_name(shape.members[member], member) for member in shape.required_members)
                for name, shape in inputs.items()
                if shape.required_members
            },
            "Structure of a request -> wire names of the members it can't do without.",
        ),
        _constant(
            "OUTPUTS",
            "dict[str, dict[str, tuple[str, str]]]",
            {name: _output_members(shape) for name, shape in outputs.items()},
            "Structure of an answer -> member -> (element, type).",
        ),
        _names("EC2_VERSIONS", versions, "The versions of EC2's API that are accepted, and echoed."),
        _names("EC2_OPERATION_NAMES", ec2.operation_names, "Every operation that EC2 has, served here or not."),
        _names("STS_OPERATION_NAMES", sts.operation_names, "Every operation that STS has, served here or not."),
        _names("REGIONS", _regions(loader), "The regions of the partition `aws`."),
        *_typed_dicts({**inputs, **outputs}),
    ]
    return "\n".join(parts)


def _structures(roots: Iterable[Shape | None]) -> dict[str, StructureShape]:
    """The structures reachable from these, each after those it needs."""
    found: dict[str, StructureShape] = {}

    def visit(shape: Shape | None) -> None:
        match shape:
            case ListShape():
                visit(shape.member)
            case StructureShape() if shape.name not in found:
                for member in shape.members.values():
                    visit(member)
                found[shape.name] = shape

    for root in roots:
        visit(root)
    return found


def _type(shape: Shape) -> str:
    match shape:
        case ListShape():
            return f"[{_type(shape.member)}]"
        case StructureShape():
            return shape.name
    if shape.type_name not in SCALARS:
        raise ValueError(f"{shape.name} is a {shape.type_name}, which the wire layer can't read or write")
    return shape.type_name


def _input_name(shape: Shape, member: str) -> str:
    if "queryName" in shape.serialization:
        return shape.serialization["queryName"]
    name = shape.serialization.get("name", member)
    return name[:1].upper() + name[1:] if "name" in shape.serialization else name


def _input_members(shape: StructureShape) -> dict[str, tuple[str, str]]:
    return {_input_name(member, name): (name, _type(member)) for name, member in shape.members.items()}


def _output_members(shape: StructureShape) -> dict[str, tuple[str, str]]:
    for name, member in shape.members.items():
        if isinstance(member, ListShape) and member.member.serialization.get("name") != "item":
            raise ValueError(f"{shape.name}.{name} is not a list of <item>")
    return {name: (member.serialization.get("name", name), _type(member)) for name, member in shape.members.items()}


def _regions(loader: botocore.loaders.Loader) -> list[str]:
    partition = next(each for each in loader.load_data("partitions")["partitions"] if each["id"] == "aws")
    return sorted(name for name in partition["regions"] if name != "aws-global")


def _constant(name: str, annotation: str, value: Mapping[str, object], doc: str) -> str:
    """One entry a paragraph, broken at blanks only, which no name contains."""
    entries = (
        fill(f"{key!r}: {entry!r},", width=118, initial_indent="    ", subsequent_indent="        ", **_AT_BLANKS)
        for key, entry in value.items()
    )
    body = "\n".join(entries)
    return f'\n{name}: Final[{annotation}] = {{\n{body}\n}}\n"""{doc}"""\n'


def _names(name: str, names: Iterable[str], doc: str) -> str:
    lines = fill(" ".join(sorted(names)), width=118, **_AT_BLANKS)
    return f'\n{name}: Final[frozenset[str]] = frozenset(\n    """\n{lines}\n""".split()\n)\n"""{doc}"""\n'


def _typed_dicts(shapes: dict[str, StructureShape]) -> Iterator[str]:
    for name, shape in shapes.items():
        bad = [member for member in shape.members if keyword.iskeyword(member)]
        if bad:
            raise ValueError(f"{name} has members that Python can't name: {bad}")
        body = [f"    {member}: {_python_type(child)}" for member, child in shape.members.items()] or ["    pass"]
        yield "\n".join(["", f"class {name}(TypedDict, total=False):", *body, ""])


def _python_type(shape: Shape) -> str:
    match shape:
        case ListShape():
            return f"list[{_python_type(shape.member)}]"
        case StructureShape():
            return shape.name
    return SCALARS[shape.type_name]


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
    print(f"wrote {TARGET}")
