"""Accounts, users, roles, keys and policy documents, in IAM's codes and words."""

from __future__ import annotations

from .base import ServiceError


class NoSuchEntity(ServiceError):
    """No such account, user, role, access key or policy document in this account."""

    code = "NoSuchEntity"

    @classmethod
    def named(cls, kind: str, name: str) -> NoSuchEntity:
        """A `user`, a `role` or a `policy` of this name."""
        return cls(f"The {kind} with name {name} cannot be found.")

    @classmethod
    def with_id(cls, kind: str, identifier: str) -> NoSuchEntity:
        """An `Access Key` or an `account` of this id."""
        return cls(f"The {kind} with id {identifier} cannot be found.")


class EntityAlreadyExists(ServiceError):
    """The name is taken; names differ in more than letter case."""

    code = "EntityAlreadyExists"

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(f"{kind} with name {name} already exists.")


class LimitExceeded(ServiceError):
    """The account or the principal has as many of these as it may have."""

    code = "LimitExceeded"

    def __init__(self, quota: str, limit: int) -> None:
        super().__init__(f"Cannot exceed quota for {quota}: {limit}")


class DeleteConflict(ServiceError):
    """It is in use, or something is left in it that goes first; with the whole text."""

    code = "DeleteConflict"


class PackedPolicyTooLarge(ServiceError):
    """A session's own policy is larger than a token carries. percent: of what it may be."""

    code = "PackedPolicyTooLarge"

    def __init__(self, percent: int) -> None:
        super().__init__(f"Packed policy consumes {percent}% of allotted space, please use smaller policy.")
        self.percent = percent


class InvalidAuthorizationMessage(ServiceError):
    """A message to decode that no refusal of this account told."""

    code = "InvalidAuthorizationMessageException"

    def __init__(self) -> None:
        super().__init__("Message is invalid")


class ValidationError(ServiceError):
    """A value that IAM or STS doesn't take, with the whole text."""

    code = "ValidationError"
