"""Who asks, and whether they may; and a service that can't answer."""

from __future__ import annotations

from .base import ServiceError

TYPE_CHECKING = False  # the command line imports a class from here, and would pay for `typing`
if TYPE_CHECKING:
    from typing import ClassVar


class AuthFailure(ServiceError):
    """The signature doesn't verify: an unknown key, a wrong secret, anything tampered with, one text for all."""

    code = "AuthFailure"
    TEXT: ClassVar[str] = "AWS was not able to validate the provided access credentials"

    def __init__(self, text: str = TEXT) -> None:
        super().__init__(text)


class MissingAuthenticationToken(ServiceError):
    """The request carries no signature at all; EC2's endpoint alone asks for the parameter AWSAccessKeyId instead."""

    code = "MissingAuthenticationToken"

    def __init__(self) -> None:
        super().__init__("Request is missing Authentication Token")


class IncompleteSignature(ServiceError):
    """A signature that lacks a part or can't be read, with the whole text."""

    code = "IncompleteSignature"


class InvalidClientTokenId(ServiceError):
    """A session token that isn't one. STS says so of every key or signature that it doesn't take, too."""

    code = "InvalidClientTokenId"

    def __init__(self, text: str = "The security token included in the request is invalid.") -> None:
        super().__init__(text)


class ExpiredToken(ServiceError):
    """Temporary credentials whose time is over; the signature is good. EC2 says RequestExpired."""

    code = "ExpiredToken"

    def __init__(self) -> None:
        super().__init__("The security token included in the request is expired")


class RequestExpired(ServiceError):
    """A presigned request whose time is over; its signature is good."""

    code = "RequestExpired"

    def __init__(self, text: str = "Request has expired.") -> None:
        super().__init__(text)


class RequestLimitExceeded(ServiceError):
    """More requests of a kind than the account may make for now (text: cdk-github-runners #946), or, without naming
    either, more from an address than may fail."""

    code = "RequestLimitExceeded"

    def __init__(self, account_id: str | None = None, operation: str = "", service: str = "ec2") -> None:
        because = (
            f" Account {account_id} has been throttled on {service}:{operation} because it exceeded its request rate "
            "limit."
        )
        super().__init__(f"Request limit exceeded.{because if account_id else ''}")


class UnauthorizedOperation(ServiceError):
    """The caller is known and may not do this."""

    code = "UnauthorizedOperation"

    def __init__(self, text: str = "You are not authorized to perform this operation.") -> None:
        super().__init__(text)


class AccessDenied(ServiceError):
    """The caller is known and may not do this, in STS's words, with the whole text."""

    code = "AccessDenied"


class DryRunOperation(ServiceError):
    """Not a failure: the request would have been done, had DryRun not been asked for."""

    code = "DryRunOperation"

    def __init__(self) -> None:
        super().__init__("Request would have succeeded, but DryRun flag is set.")


class ServiceUnavailable(ServiceError):
    """The service can't answer now and the same request may succeed later: the store is busy or closing."""

    code = "Unavailable"

    def __init__(self, text: str = "The server is overloaded and can't handle the request.") -> None:
        super().__init__(text)


class InternalError(ServiceError):
    """Something unforeseen went wrong; the log has it under the request id."""

    code = "InternalError"

    def __init__(self) -> None:
        super().__init__("An internal error has occurred")
