"""A refusal to HTTP: the one place that knows the status of a code and the two services' error documents."""

from __future__ import annotations

from typing import Final

from ringwall.domain.errors import (
    AuthFailure,
    ExpiredToken,
    InvalidClientTokenId,
    MissingAuthenticationToken,
    MissingParameter,
    RequestExpired,
    ServiceError,
)

from .request import Service
from .response import DECLARATION, STS_NAMESPACE
from .scalars import escape

CLIENT_ERROR: Final = 400
STATUSES: Final = {
    "AccessDenied": 403,
    "AuthFailure": 401,
    "Blocked": 403,
    "ExpiredToken": 403,
    "InvalidClientTokenId": 403,
    "MissingAuthenticationToken": 403,
    "OptInRequired": 403,
    "SignatureDoesNotMatch": 403,
    "UnauthorizedOperation": 403,
    "NoSuchEntity": 404,
    "DeleteConflict": 409,
    "EntityAlreadyExists": 409,
    "LimitExceeded": 409,
    "DryRunOperation": 412,
    "InternalError": 500,
    "InternalFailure": 500,
    "RequestLimitExceeded": 503,
    "ServiceUnavailable": 503,
    "Unavailable": 503,
}
"""HTTP statuses by code; every other code is a client error.

Source: EC2 API Reference, error codes; 401, 403, 412 and 503 observed.
"""


def as_told_by(service: Service, refusal: ServiceError) -> ServiceError:
    """A refusal of authentication in the words of the service that was asked; another stays as it is.

    Each service has one answer for an unknown key, a wrong secret and an unknown session token, so that nothing is told
    about keys. What says how to sign rightly is said by both.

    Source: public transcripts of unsigned requests to EC2's endpoint; EC2's and STS's common errors.
    """
    match refusal:
        case MissingAuthenticationToken() if service == "ec2":
            return MissingParameter("AWSAccessKeyId")
        case InvalidClientTokenId() if service == "ec2":
            return AuthFailure()
        case ExpiredToken() if service == "ec2":
            return RequestExpired()
        case AuthFailure() if service == "sts":
            return (
                InvalidClientTokenId() if refusal.message == AuthFailure.TEXT else InvalidClientTokenId(refusal.message)
            )
    return refusal


def fault(error: ServiceError, request_id: str, service: Service) -> tuple[int, bytes]:
    """The HTTP status and the document of a refusal.

    EC2's is compact, without a namespace and without a line feed at its end; clients insist on all but the last.
    """
    status = STATUSES.get(error.code, CLIENT_ERROR)
    code, message = escape(error.code), escape(error.message)
    if service == "sts":
        return status, _sts_document("Receiver" if status >= 500 else "Sender", code, message, request_id)
    document = (
        f"{DECLARATION}<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
        f"<RequestID>{request_id}</RequestID></Response>"
    )
    return status, document.encode()


def _sts_document(fault_of: str, code: str, message: str, request_id: str) -> bytes:
    return (
        f'<ErrorResponse xmlns="{STS_NAMESPACE}">\n'
        f"  <Error>\n    <Type>{fault_of}</Type>\n    <Code>{code}</Code>\n"
        f"    <Message>{message}</Message>\n  </Error>\n"
        f"  <RequestId>{request_id}</RequestId>\n</ErrorResponse>\n"
    ).encode()
