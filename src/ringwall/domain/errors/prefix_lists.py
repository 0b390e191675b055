"""Managed prefix lists. Source: ec2-behaviour 3.14."""

from __future__ import annotations

from .base import ServiceError


class PrefixListVersionMismatch(ServiceError):
    """The version that the request takes for the current one isn't."""

    code = "PrefixListVersionMismatch"

    def __init__(self) -> None:
        super().__init__("The prefix list has the incorrect version number.")


class PrefixListMaxEntriesExceeded(ServiceError):
    """A list would hold more entries than it has room for. The text is chosen."""

    code = "PrefixListMaxEntriesExceeded"

    def __init__(self, prefix_list_id: str | None, entries: int, max_entries: int) -> None:
        name = f" ({prefix_list_id})" if prefix_list_id else ""
        super().__init__(
            f"The number of entries ({entries}) exceeds the maximum number of entries ({max_entries}) of the prefix "
            f"list{name}."
        )
        self.prefix_list_id, self.entries, self.max_entries = prefix_list_id, entries, max_entries


class InvalidPrefixListModification(ServiceError):
    """An entry to be added is in the list, or one to be removed isn't, with the whole text."""

    code = "InvalidPrefixListModification"

    @classmethod
    def already_there(cls, cidr: str, description: str | None) -> InvalidPrefixListModification:
        """The list has this very entry (observed; the word for no description is chosen)."""
        shown = "null" if description is None else description
        return cls(f"An entry with the CIDR ({cidr}) and description ({shown}) already exists.")

    @classmethod
    def absent(cls, cidr: str) -> InvalidPrefixListModification:
        """The list has no entry of this block (of the text, its end is observed)."""
        return cls(f"An entry with the CIDR ({cidr}) does not exist.")
