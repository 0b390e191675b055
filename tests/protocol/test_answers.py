"""We write answers and refusals, botocore reads the same values; the layout is EC2's to the byte."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import botocore_judge as judge
from ringwall.domain.errors import (
    AuthFailure,
    DryRunOperation,
    IncompleteSignature,
    InternalError,
    InvalidClientTokenId,
    InvalidParameterValue,
    MissingAuthenticationToken,
    RequestExpired,
    ServiceError,
    ServiceUnavailable,
    UnauthorizedOperation,
)
from ringwall.wire import shapes
from ringwall.wire.fault import as_told_by, fault
from ringwall.wire.request import Service
from ringwall.wire.response import serialize, serialize_in_parts

REQUEST_ID = "3184e375-6fa3-43c3-8d69-aa1306fccb5e"


@pytest.mark.parametrize("operation", judge.OPERATIONS)
def test_botocore_reads_what_we_write(operation: str) -> None:
    @settings(max_examples=30, deadline=None)
    @given(judge.answers(operation))
    def check(answer: dict[str, Any]) -> None:
        document = serialize(operation, judge.version_of(operation), answer, REQUEST_ID)
        read = judge.read(operation, 200, document)
        assert read.pop("ResponseMetadata") == {
            "RequestId": REQUEST_ID,
            "HTTPStatusCode": 200,
            "HTTPHeaders": {},
        }
        assert read == answer

    check()


@pytest.mark.parametrize("operation", judge.OPERATIONS)
@pytest.mark.parametrize("error", [AuthFailure(), DryRunOperation(), InvalidParameterValue('Invalid id: "<&\x00>"')])
def test_botocore_reads_our_refusals(operation: str, error: ServiceError) -> None:
    status, document = fault(error, REQUEST_ID, judge.service_of(operation))
    read = judge.read(operation, status, document)
    assert read["Error"]["Code"] == error.code
    assert read["Error"]["Message"] == error.message.replace("\x00", "\ufffd")
    assert read["ResponseMetadata"]["RequestId"] == REQUEST_ID


@given(st.text(st.characters()))
@settings(max_examples=300, deadline=None)
def test_no_text_breaks_the_document(text: str) -> None:
    document = serialize("DescribeTags", "2016-11-15", {"Tags": [{"Key": text}]}, REQUEST_ID)
    key = ET.fromstring(document).find(".//{*}key")
    assert key is not None
    assert len(key.text or "") == len(text)


# --- Bytes ---

BODIES_OF_2018 = [
    ("CreateSecurityGroup", {"GroupId": "sg-02a60363e2b087ff8"}, 283),
    ("AuthorizeSecurityGroupIngress", {"Return": True}, 259),
    ("RevokeSecurityGroupIngress", {"Return": True}, 253),
    ("DeleteSecurityGroup", {"Return": True}, 239),
]


@pytest.mark.parametrize(("operation", "answer", "length"), BODIES_OF_2018)
def test_bodies_are_as_long_as_those_recorded_from_ec2(operation: str, answer: dict[str, Any], length: int) -> None:
    assert len(serialize(operation, "2016-11-15", answer, REQUEST_ID)) == length


def test_the_layout_of_an_answer() -> None:
    answer = {
        "Return": True,
        "RevokedSecurityGroupRules": [
            {
                "SecurityGroupRuleId": "sgr-1",
                "IsEgress": False,
                "FromPort": -1,
                "ToPort": None,
                "Description": "a < b & \"c\"\r\n'd' ]]>",
            },
        ],
        "UnknownIpPermissions": [{"IpProtocol": "tcp", "IpRanges": [], "UserIdGroupPairs": [{"GroupId": ""}]}],
    }
    assert serialize("RevokeSecurityGroupIngress", "2014-10-01", answer, REQUEST_ID).decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<RevokeSecurityGroupIngressResponse xmlns="http://ec2.amazonaws.com/doc/2014-10-01/">\n'
        f"    <requestId>{REQUEST_ID}</requestId>\n"
        "    <return>true</return>\n"
        "    <revokedSecurityGroupRuleSet>\n"
        "        <item>\n"
        "            <securityGroupRuleId>sgr-1</securityGroupRuleId>\n"
        "            <isEgress>false</isEgress>\n"
        "            <fromPort>-1</fromPort>\n"
        "            <description>a &lt; b &amp; \"c\"&#13;\n'd' ]]&gt;</description>\n"
        "        </item>\n"
        "    </revokedSecurityGroupRuleSet>\n"
        "    <unknownIpPermissionSet>\n"
        "        <item>\n"
        "            <ipProtocol>tcp</ipProtocol>\n"
        "            <ipRanges/>\n"
        "            <groups>\n"
        "                <item>\n"
        "                    <groupId/>\n"
        "                </item>\n"
        "            </groups>\n"
        "        </item>\n"
        "    </unknownIpPermissionSet>\n"
        "</RevokeSecurityGroupIngressResponse>\n"
    )


@pytest.mark.parametrize("operation", [name for name, entry in shapes.OPERATIONS.items() if entry[2] is None])
def test_an_operation_without_an_answer_answers_true(operation: str) -> None:
    assert serialize(operation, "2016-11-15", {}, REQUEST_ID).decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<{operation}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">\n'
        f"    <requestId>{REQUEST_ID}</requestId>\n"
        "    <return>true</return>\n"
        f"</{operation}Response>\n"
    )


def test_the_layout_of_sts() -> None:
    answer = {"Arn": "arn:aws:iam::000000000000:root", "UserId": "000000000000", "Account": "000000000000"}
    assert serialize("GetCallerIdentity", "2011-06-15", answer, REQUEST_ID).decode() == (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n'
        "  <GetCallerIdentityResult>\n"
        "    <Arn>arn:aws:iam::000000000000:root</Arn>\n"
        "    <UserId>000000000000</UserId>\n"
        "    <Account>000000000000</Account>\n"
        "  </GetCallerIdentityResult>\n"
        "  <ResponseMetadata>\n"
        f"    <RequestId>{REQUEST_ID}</RequestId>\n"
        "  </ResponseMetadata>\n"
        "</GetCallerIdentityResponse>\n"
    )


def test_the_layout_of_a_refusal() -> None:
    status, document = fault(DryRunOperation(), REQUEST_ID, "ec2")
    assert status == 412
    assert len(document) == 251, "the length recorded from EC2"
    assert document.decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        "<Response><Errors><Error><Code>DryRunOperation</Code>"
        "<Message>Request would have succeeded, but DryRun flag is set.</Message></Error></Errors>"
        f"<RequestID>{REQUEST_ID}</RequestID></Response>"
    )


def test_the_layout_of_a_refusal_by_sts() -> None:
    assert fault(AuthFailure(), REQUEST_ID, "sts")[1].decode() == (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n'
        "  <Error>\n"
        "    <Type>Sender</Type>\n"
        "    <Code>AuthFailure</Code>\n"
        "    <Message>AWS was not able to validate the provided access credentials</Message>\n"
        "  </Error>\n"
        f"  <RequestId>{REQUEST_ID}</RequestId>\n"
        "</ErrorResponse>\n"
    )


_NOT_VALIDATED = "AWS was not able to validate the provided access credentials"
_INVALID_TOKEN = "The security token included in the request is invalid."


@pytest.mark.parametrize(
    ("service", "refusal", "status", "code", "text"),
    [
        ("ec2", MissingAuthenticationToken(), 400, "MissingParameter",
         "The request must contain the parameter AWSAccessKeyId"),
        ("ec2", InvalidClientTokenId(), 401, "AuthFailure", _NOT_VALIDATED),
        ("ec2", AuthFailure(), 401, "AuthFailure", _NOT_VALIDATED),
        ("sts", MissingAuthenticationToken(), 403, "MissingAuthenticationToken",
         "Request is missing Authentication Token"),
        ("sts", InvalidClientTokenId(), 403, "InvalidClientTokenId", _INVALID_TOKEN),
        ("sts", AuthFailure(), 403, "InvalidClientTokenId", _INVALID_TOKEN),
        ("sts", AuthFailure("sign otherwise"), 403, "InvalidClientTokenId", "sign otherwise"),
        ("sts", IncompleteSignature("a part"), 400, "IncompleteSignature", "a part"),
        ("ec2", RequestExpired(), 400, "RequestExpired", "Request has expired."),
    ],
)  # fmt: skip
def test_who_cannot_prove_a_key_is_told_so_in_the_words_of_the_service(
    service: Service, refusal: ServiceError, status: int, code: str, text: str
) -> None:
    told = as_told_by(service, refusal)
    assert (fault(told, REQUEST_ID, service)[0], told.code, told.message) == (status, code, text)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (AuthFailure(), 401),
        (UnauthorizedOperation(), 403),
        (DryRunOperation(), 412),
        (InvalidParameterValue("x"), 400),
        (ServiceUnavailable(), 503),
    ],
)
def test_statuses(error: ServiceError, status: int) -> None:
    assert fault(error, REQUEST_ID, "ec2")[0] == status


def test_an_internal_error_tells_nothing() -> None:
    status, document = fault(InternalError(), REQUEST_ID, "ec2")
    assert status == 500
    assert b"<Code>InternalError</Code><Message>An internal error has occurred</Message>" in document
    assert b"<Type>Receiver</Type>" in fault(InternalError(), REQUEST_ID, "sts")[1]


@pytest.mark.parametrize("number", [0, 1, 2, 40_000])
def test_an_answer_whose_items_are_yet_to_be_made_is_the_same(number: int) -> None:
    tags = [{"Key": f"k{each}", "Value": "v"} for each in range(number)]
    whole = serialize("DescribeTags", "2016-11-15", {"Tags": tags, "NextToken": "x"}, REQUEST_ID)
    parts = serialize_in_parts("DescribeTags", "2016-11-15", {"Tags": iter(tags), "NextToken": "x"}, REQUEST_ID)
    assert b"".join(parts) == whole
    assert (len(parts) > 10) is (number == 40_000)
    assert max(map(len, parts)) < 500_000
