"""Answers, read by us and by botocore."""

from __future__ import annotations

import itertools
from random import Random
from typing import Any

import botocore.loaders
import botocore.parsers
import pytest
from botocore.model import ServiceModel
from hypothesis import given, settings
from hypothesis import strategies as st

import answers
from ringwall.client.answer import DEPTH_MAX, SHOWN_BYTES_MAX, UnreadableAnswer, decode, decode_fault
from ringwall.client.model import OPERATIONS

MODEL = ServiceModel(botocore.loaders.Loader().load_service_model("ec2", "service-2"), "ec2")
JUDGE = botocore.parsers.EC2QueryParser(timestamp_parser=str, blob_parser=str)


def judged(operation: str, body: bytes, status: int = 200) -> dict[str, Any]:
    parsed = JUDGE.parse(
        {"body": body, "headers": {}, "status_code": status}, MODEL.operation_model(operation).output_shape
    )
    del parsed["ResponseMetadata"]
    return parsed


def ordered(value: Any) -> Any:
    """The value with the order of its members, which dictionaries don't compare."""
    if isinstance(value, dict):
        return [(name, ordered(child)) for name, child in value.items()]
    return [ordered(each) for each in value] if isinstance(value, list) else (type(value), value)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_answer_is_read_as_botocore_reads_it(operation: str) -> None:
    random = Random(operation)
    for _ in range(5):
        value = answers.answer(operation, random) if OPERATIONS[operation][1] else {}
        body = answers.document(operation, value, random)
        assert ordered(decode(operation, body)) == ordered(judged(operation, body))
        assert decode(operation, body) == value


@given(st.data())
@settings(max_examples=100)
def test_a_text_comes_whole(data: st.DataObject) -> None:
    text = data.draw(
        st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"))
    )
    random = Random(data.draw(st.integers(0, 9)))
    body = answers.document("CreateSecurityGroup", {"GroupId": text}, random)
    assert decode("CreateSecurityGroup", body) == {"GroupId": text}


@pytest.mark.parametrize(
    "inside",
    ["", "<groupId/>", "<groupId></groupId>", "<tagSet/>", "<tagSet>\n </tagSet>", "<tagSet><item/></tagSet>", "text",
     "<groupId> a <b>c</b> d</groupId>", "<a:groupId xmlns:a='urn:x'>sg-1</a:groupId>", "<GroupId>sg-1</GroupId>",
     "<tagSet><other><key>k</key></other></tagSet>", "<groupId>&#x20;&amp;&lt;</groupId>"],
)  # fmt: skip
def test_odd_elements_are_read_as_botocore_reads_them(inside: str) -> None:
    body = f"<CreateSecurityGroupResponse>{inside}</CreateSecurityGroupResponse>".encode()
    assert decode("CreateSecurityGroup", body) == judged("CreateSecurityGroup", body)


WHOLE = b'<?xml version="1.0"?><CreateSecurityGroupResponse><groupId>sg-1</groupId></CreateSecurityGroupResponse>'


@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_a_document_that_is_cut_is_told_in_the_same_words(length: int) -> None:
    same_failure("CreateSecurityGroup", WHOLE[:length])


@pytest.mark.parametrize(
    "body", [b"nope", b"\xff\xfe", b"{}", b"<a>&nope;</a>", b"<a></b>", b"<a:b/>", WHOLE + b"<more/>"]
)
def test_a_document_that_is_no_xml_is_told_in_the_same_words(body: bytes) -> None:
    same_failure("CreateSecurityGroup", body)
    with pytest.raises(UnreadableAnswer):
        decode_fault(body)


def same_failure(operation: str, body: bytes) -> None:
    with pytest.raises(botocore.parsers.ResponseParserError) as theirs:
        judged(operation, body)
    with pytest.raises(UnreadableAnswer) as ours:
        decode(operation, body)
    assert str(ours.value) == str(theirs.value)
    assert ours.value.was_sent


def test_a_long_document_that_is_no_xml_is_shown_in_part() -> None:
    with pytest.raises(UnreadableAnswer) as raised:
        decode("DescribeVpcs", b"x" * 10**6)
    assert len(str(raised.value)) < SHOWN_BYTES_MAX + 200


def test_another_document_is_no_empty_answer() -> None:
    """botocore takes it for one; it would look as if the change had been made."""
    with pytest.raises(UnreadableAnswer, match="DescribeVpcsResponse was expected, html came"):
        decode("DescribeVpcs", b"<html><body>Welcome</body></html>")


def test_what_is_there_twice_is_refused() -> None:
    with pytest.raises(UnreadableAnswer, match="has more than one groupId"):
        decode("CreateSecurityGroup", WHOLE.replace(b"<groupId>", b"<groupId>sg-2</groupId><groupId>"))


def test_a_number_that_is_none_is_told_in_pythons_words() -> None:
    body = answers.document("DescribeSecurityGroupRules", {"SecurityGroupRules": [{"FromPort": "ssh"}]}, Random(1))
    with pytest.raises(UnreadableAnswer, match=r"invalid literal for int\(\) with base 10: 'ssh'"):
        decode("DescribeSecurityGroupRules", body)


@pytest.mark.parametrize(
    "text", ["2026-01-02T03:04:05.000Z", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.25Z", "2026-01-02"]
)
def test_points_in_time_are_written_as_iso_8601_where_that_is_wished(text: str) -> None:
    value = {"NetworkInterface": {"Attachment": {"AttachTime": text}}}
    body = answers.document("CreateNetworkInterface", value, Random(2))
    theirs = botocore.utils.parse_timestamp(text).isoformat()
    read = decode("CreateNetworkInterface", body, iso_timestamps=True)
    assert read["NetworkInterface"]["Attachment"]["AttachTime"] == theirs
    assert decode("CreateNetworkInterface", body) == value


ERROR = b"<Error><Code>A.B</Code><Message>no &lt;x&gt;</Message></Error>"
FAULT = b"<Response><Errors>" + ERROR + b"</Errors><RequestID>r-1</RequestID></Response>"
BARE = b"<Response>" + ERROR + b"</Response>"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        *itertools.product([FAULT, BARE, b"<html><p/></html>", b"<Response/>"], [400, 412, 503]),
        (FAULT.replace(b"<Code>A.B</Code>", b""), 400),
        (FAULT.replace(ERROR, ERROR + b"<Error><Code>C</Code></Error>"), 400),
        (b"", 503), (b" \n", 500), (b"<html>Bad", 502), (b"", 599),
    ],
)  # fmt: skip
def test_a_refusal_is_read_as_botocore_reads_it(body: bytes, status: int) -> None:
    error = judged("DescribeVpcs", body, status).get("Error", {})
    assert decode_fault(body, status) == (error.get("Code", "Unknown"), error.get("Message", "Unknown"))


@pytest.mark.parametrize("inner", [b"<a/>" * 1000, b"<a>" * (DEPTH_MAX + 1) + b"</a>" * (DEPTH_MAX + 1)])
def test_a_document_that_would_fill_the_memory_is_not_read(inner: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringwall.client.answer.ELEMENTS_MAX", 1000)
    with pytest.raises(UnreadableAnswer, match="it has too many elements"):
        decode("DescribeVpcs", b"<DescribeVpcsResponse>" + inner + b"</DescribeVpcsResponse>")
