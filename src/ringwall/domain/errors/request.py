"""The request itself: its form, its parameters, its version, EC2's common errors."""

from __future__ import annotations

from .base import ServiceError


class MissingParameter(ServiceError):
    """A parameter that must be there is absent; `name` is EC2's internal name, e.g. `groupId`, `resourceIdSet`."""

    code = "MissingParameter"

    def __init__(self, name: str) -> None:
        super().__init__(f"The request must contain the parameter {name}")
        self.name = name

    @classmethod
    def worded(cls, name: str, text: str) -> MissingParameter:
        """The few that EC2 words otherwise, with the whole text."""
        error = cls(name)
        error.args = (text,)
        return error


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


class IdempotentParameterMismatch(ServiceError):
    """A client token that was used before, with other parameters. The text is chosen."""

    code = "IdempotentParameterMismatch"

    def __init__(self) -> None:
        super().__init__(
            "The client token you have provided is associated with a resource that was created with different "
            "parameters."
        )


class InvalidClientToken(ServiceError):
    """A client token that can't be one. The text is chosen."""

    code = "InvalidClientToken"

    def __init__(self, length_max: int) -> None:
        super().__init__(f"The client token is not valid: it may have at most {length_max} printable characters.")
        self.length_max = length_max


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
