"""Refusals: one class for each code that EC2's API answers, its data in fields, its message derived.

Only `wire/fault.py` knows the HTTP status of a code.
"""

from __future__ import annotations

from typing import ClassVar


class ServiceError(Exception):
    """A request refused for a reason that the client can read. Nothing was changed."""

    code: ClassVar[str]

    @property
    def message(self) -> str:
        """The text that the client sees, as EC2 words it."""
        return str(self.args[0]) if self.args else ""


# --- The request itself: its form, its parameters, its version (ec2-behaviour 1.6) ---


class MissingParameter(ServiceError):
    """A parameter that must be there is absent; `name` is EC2's internal name, e.g. `groupId`, `resourceIdSet`."""

    code = "MissingParameter"

    def __init__(self, name: str) -> None:
        super().__init__(f"The request must contain the parameter {name}")
        self.name = name


class UnknownParameter(ServiceError):
    """A parameter that the operation doesn't have; `name` is the part of the wire name that isn't known."""

    code = "UnknownParameter"

    def __init__(self, name: str) -> None:
        super().__init__(f"The parameter {name} is not recognized")
        self.name = name


class InvalidParameterValue(ServiceError):
    """A value that isn't valid, with the whole text; `InvalidParameterValue.of` words EC2's common shape."""

    code = "InvalidParameterValue"

    @classmethod
    def of(cls, value: str, name: str, reason: str) -> InvalidParameterValue:
        """`Value (<value>) for parameter <name> is invalid. <reason>`"""
        return cls(f"Value ({value}) for parameter {name} is invalid. {reason}")


class InvalidParameterCombination(ServiceError):
    """Parameters that don't go together, with the whole text."""

    code = "InvalidParameterCombination"


class MalformedQueryString(ServiceError):
    """A query or form that can't be read: broken percent-encoding, text that isn't UTF-8, too many parameters."""

    code = "MalformedQueryString"


class MissingAction(ServiceError):
    """No operation is named."""

    code = "MissingAction"

    def __init__(self) -> None:
        super().__init__("The request must contain the parameter Action")


class InvalidAction(ServiceError):
    """An operation that EC2 doesn't have, at least not in the version asked for."""

    code = "InvalidAction"

    def __init__(self, action: str) -> None:
        super().__init__(f"The action {action} is not valid for this web service.")
        self.action = action


class UnsupportedOperation(ServiceError):
    """An operation that EC2 has and ringwall hasn't, or one that can't be done here, with the whole text."""

    code = "UnsupportedOperation"


class NoSuchVersion(ServiceError):
    """A version of the API that was never published."""

    code = "NoSuchVersion"

    def __init__(self, version: str) -> None:
        super().__init__(f"The requested version ({version}) of service AmazonEC2 does not exist")
        self.version = version


# --- Who asks, and whether they may (ec2-behaviour 1.6, 1.7) ---


class AuthFailure(ServiceError):
    """The signature doesn't verify: an unknown key, a wrong secret, anything tampered with, one text for all."""

    code = "AuthFailure"

    def __init__(self, text: str = "AWS was not able to validate the provided access credentials") -> None:
        super().__init__(text)


class MissingAuthenticationToken(ServiceError):
    """The request carries no signature at all."""

    code = "MissingAuthenticationToken"

    def __init__(self) -> None:
        super().__init__("Request is missing Authentication Token")


class IncompleteSignature(ServiceError):
    """A signature that lacks a part or can't be read, with the whole text."""

    code = "IncompleteSignature"


class InvalidClientTokenId(ServiceError):
    """Credentials of a kind that isn't known here, such as a session token."""

    code = "InvalidClientTokenId"

    def __init__(self, text: str = "The security token included in the request is invalid") -> None:
        super().__init__(text)


class RequestExpired(ServiceError):
    """The request's date is too far away, or the presigned request's time is over."""

    code = "RequestExpired"

    def __init__(self, text: str = "Request has expired.") -> None:
        super().__init__(text)


class UnauthorizedOperation(ServiceError):
    """The caller is known and may not do this."""

    code = "UnauthorizedOperation"

    def __init__(self, text: str = "You are not authorized to perform this operation.") -> None:
        super().__init__(text)


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
