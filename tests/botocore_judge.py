"""botocore on the other side of the wire: its serializer, its parser, and values drawn from its model."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import botocore.loaders
import botocore.parsers
import botocore.serialize
from botocore.awsrequest import AWSRequest
from botocore.model import ListShape, OperationModel, ServiceModel, Shape, StructureShape
from hypothesis import strategies as st

from ringwall.wire import shapes

OPERATIONS = sorted(shapes.OPERATIONS)
VERSIONS = {"ec2": "2016-11-15", "sts": "2011-06-15"}

_LISTS_MAX = 3
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BEYOND_XML = "".join(chr(code) for code in range(32) if chr(code) not in "\t\n\r") + "\ufffe\uffff"


@cache
def _service(name: str) -> ServiceModel:
    return ServiceModel(botocore.loaders.Loader().load_service_model(name, "service-2", VERSIONS[name]), name)


def service_of(operation: str) -> str:
    return shapes.OPERATIONS[operation][0]


def version_of(operation: str) -> str:
    return VERSIONS[service_of(operation)]


def model(operation: str) -> OperationModel:
    return _service(service_of(operation)).operation_model(operation)


def flat(operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters by wire name, Action and Version among them, as botocore flattens them."""
    protocol = _service(service_of(operation)).metadata["protocol"]
    serializer = botocore.serialize.create_serializer(protocol, include_validation=False)
    return serializer.serialize_to_request(params, model(operation))["body"]


def form(pairs: Mapping[str, Any]) -> bytes:
    """The body of a POST, as botocore encodes it."""
    body = AWSRequest(method="POST", url="http://localhost/", data=pairs).prepare().body
    return body if isinstance(body, bytes) else body.encode()


def query(pairs: Mapping[str, Any]) -> bytes:
    """The query string of a GET, as botocore encodes it."""
    return urlsplit(AWSRequest(method="GET", url="http://localhost/", params=pairs).prepare().url).query.encode()


def read(operation: str, status: int, document: bytes) -> dict[str, Any]:
    """An answer as botocore's parser reads it."""
    protocol = _service(service_of(operation)).metadata["protocol"]
    response = {"body": document, "headers": {}, "status_code": status}
    return botocore.parsers.create_parser(protocol).parse(response, model(operation).output_shape)


def requests(operation: str) -> st.SearchStrategy[dict[str, Any]]:
    """Requests with every required member; lists aren't empty, because botocore doesn't send those."""
    shape = model(operation).input_shape
    return _values(shape, st.text(max_size=20), 1) if shape else st.just({})


def answers(operation: str) -> st.SearchStrategy[dict[str, Any]]:
    """Answers with texts that XML can carry."""
    shape = model(operation).output_shape
    texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=_BEYOND_XML), max_size=20)
    return _values(shape, texts, 0) if shape else st.just({})


def _values(shape: Shape, texts: st.SearchStrategy[str], least: int) -> st.SearchStrategy[Any]:
    match shape:
        case StructureShape():
            return _structures(shape, texts, least)
        case ListShape():
            return st.lists(_values(shape.member, texts, 1), min_size=least, max_size=_LISTS_MAX)
    return {
        "string": texts,
        "boolean": st.booleans(),
        "integer": st.integers(-(2**31), 2**31 - 1),
        "long": st.integers(-(2**63), 2**63 - 1),
        "timestamp": st.integers(0, 2**42).map(lambda milliseconds: _EPOCH + timedelta(milliseconds=milliseconds)),
        "blob": st.binary(max_size=20),
    }[shape.type_name]


@st.composite
def _structures(draw: st.DrawFn, shape: StructureShape, texts: st.SearchStrategy[str], least: int) -> dict[str, Any]:
    """The required members and up to four others, at least one in all where the structure has any."""
    names = draw(
        st.lists(
            st.sampled_from(list(shape.members)),
            unique=True,
            max_size=4,
            min_size=min(1 if shape.required_members else least, len(shape.members)),
        )
        if shape.members
        else st.just([])
    )
    chosen = [*shape.required_members, *(name for name in names if name not in shape.required_members)]
    return {name: draw(_values(shape.members[name], texts, least)) for name in chosen}
