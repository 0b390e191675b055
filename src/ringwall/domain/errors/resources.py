"""What holds for resources of any kind: what needs them, how many there may be, their tags, filters of them."""

from __future__ import annotations

from .base import ServiceError


class DependencyViolation(ServiceError):
    """Something that exists still needs the resource."""

    code = "DependencyViolation"

    def __init__(self, resource_id: str) -> None:
        super().__init__(f"resource {resource_id} has a dependent object")
        self.resource_id = resource_id

    @classmethod
    def of(cls, noun: str, resource_id: str) -> DependencyViolation:
        """As EC2 words it for VPCs (`vpc`), subnets (`subnet`) and the like."""
        error = cls(resource_id)
        error.args = (f"The {noun} '{resource_id}' has dependencies and cannot be deleted.",)
        return error


class ResourceLimitExceeded(ServiceError):
    """A quota that has no code of its own, with the whole text. Which code EC2 answers isn't recorded; chosen."""

    code = "ResourceLimitExceeded"


class InvalidRequest(ServiceError):
    """A request that asks for nothing, where something is needed."""

    code = "InvalidRequest"

    def __init__(self) -> None:
        super().__init__("The request received was invalid.")


class OperationNotPermitted(ServiceError):
    """What may never be done to the resource, whatever else is changed first, with the whole text."""

    code = "OperationNotPermitted"


class TagLimitExceeded(ServiceError):
    """A resource would have more tags than the quota allows."""

    code = "TagLimitExceeded"

    def __init__(self) -> None:
        super().__init__("The maximum number of Tags for a resource has been reached.")


class FilterLimitExceeded(ServiceError):
    """More filters, or more values of one filter, than a request may have. The text is chosen."""

    code = "FilterLimitExceeded"

    def __init__(self) -> None:
        super().__init__("The maximum number of filters or filter values has been exceeded.")
