"""Managed prefix lists and their versions: section 3.14."""

from __future__ import annotations

from .base import BAD, Answer, Fault, PrefixList, Refused, Request, block_of, check_dry_run, refuse_any, syntax
from .peerings import Peerings

FAMILIES = {"IPv4": 4, "IPv6": 6}


class PrefixLists(Peerings):
    """Prefix lists of the account, beside AWS's own."""

    def known_list(self, action: str, request: Request, aws_too: bool = False) -> str:
        syntax(action, request)
        check_dry_run(request)
        list_id = request["PrefixListId"]
        if list_id in self.aws_lists and not aws_too:
            raise Refused(("UnauthorizedOperation", None))
        if list_id not in self.prefix_lists and list_id not in self.aws_lists:
            raise Refused(("InvalidPrefixListID.NotFound", f"The prefix list ({list_id}) does not exist."))
        return str(list_id)

    def create_managed_prefix_list(self, request: Request, said: Answer) -> Answer:
        syntax("CreateManagedPrefixList", request)
        check_dry_run(request)
        made, faults = self.made_before("CreateManagedPrefixList", request)
        if made:
            if made not in self.prefix_lists:
                raise Refused(("InvalidPrefixListID.NotFound", None))
            return {"PrefixList": self.shown_list(made)}
        family, most, given = request["AddressFamily"], request["MaxEntries"], request.get("Entries", [])
        if request["PrefixListName"].startswith("com.amazonaws") or family not in FAMILIES:
            faults.append((BAD, None))
        faults += self.size_faults(most) + entry_faults(given, family) + self.tag_faults(request, "prefix-list")
        if len(given) > most:
            faults.append(("PrefixListMaxEntriesExceeded", None))
        if len(self.prefix_lists) >= self.limits.prefix_lists:
            faults.append(("ResourceLimitExceeded", None))
        refuse_any(faults)
        list_id = self.new("pl", said, "PrefixList", "PrefixListId")
        versions = {1: read(given, family)}
        self.prefix_lists[list_id] = PrefixList(list_id, request["PrefixListName"], family, most, versions)
        self.keep_tags(request, list_id)
        self.record("CreateManagedPrefixList", request, list_id)
        return {"PrefixList": self.shown_list(list_id) | {"State": "create-in-progress"}}

    def size_faults(self, most: int) -> list[Fault]:
        text = f"Must specify a max size between 1 and {self.limits.entries}"
        return [] if 1 <= most <= self.limits.entries else [(BAD, text)]

    def modify_managed_prefix_list(self, request: Request, said: Answer) -> Answer:
        held = self.prefix_lists[self.known_list("ModifyManagedPrefixList", request)]
        add, remove = request.get("AddEntries", []), request.get("RemoveEntries", [])
        most, name = request.get("MaxEntries"), request.get("PrefixListName")
        faults: list[Fault] = []
        if not (add or remove or most is not None or name):
            faults.append(("InvalidRequest", None))
        if (add or remove) and most is not None:
            faults.append(("InvalidParameterCombination", None))
        if (add or remove) and "CurrentVersion" not in request:
            faults.append(("MissingParameter", None))
        if request.get("CurrentVersion", held.version) != held.version:
            faults.append(("PrefixListVersionMismatch", "The prefix list has the incorrect version number."))
        if name and name.startswith("com.amazonaws"):
            faults.append((BAD, None))
        faults += self.size_faults(most) if most is not None else []
        faults += entry_faults(add, held.family) + entry_faults(remove, held.family)
        new, gone = read(add, held.family), read(remove, held.family)
        if new.keys() & gone.keys():
            faults.append((BAD, None))
        if gone.keys() - held.entries.keys() or any(held.entries.get(each, "-") == new[each] for each in new):
            faults.append(("InvalidPrefixListModification", None))
        after = {block: note for block, note in held.entries.items() if block not in gone} | new
        if len(after) > (held.max_entries if most is None else most):
            faults.append(("PrefixListMaxEntriesExceeded", None))
        refuse_any(faults)
        before = self.shown_list(held.list_id)
        if most is not None and self.without_room(held, most):
            held.state = "modify-failed"
            return {"PrefixList": {"State": "modify-in-progress", "Version": held.version}}
        held.name = name or held.name
        held.max_entries = held.max_entries if most is None else most
        if add or remove:
            self.next_version(held, after)
        if add or remove or most is not None:
            held.state = "modify-complete"
            before["State"] = "modify-in-progress"
        return {"PrefixList": before | {"PrefixListName": held.name}}

    def without_room(self, held: PrefixList, most: int) -> bool:
        """Whether a group that names the list would have too many rules."""
        was, held.max_entries = held.max_entries, most
        named = [each for each in self.groups.values() if any(key[-1] == held.list_id for key in each.rules)]
        ledgers = [
            ledger
            for each in named
            for egress in (False, True)
            if any(key[-1] == held.list_id for key in each.rules if key[0] is egress)
            for ledger in self.taken([key for key in each.rules if key[0] is egress])
        ]
        held.max_entries = was
        return most > was and max(ledgers, default=0) > self.limits.rules

    def next_version(self, held: PrefixList, entries: dict[str, str | None]) -> None:
        held.versions[held.version + 1] = entries
        if len(held.versions) > self.limits.versions:
            del held.versions[min(held.versions)]

    def restore_managed_prefix_list_version(self, request: Request, said: Answer) -> Answer:
        held = self.prefix_lists[self.known_list("RestoreManagedPrefixListVersion", request)]
        faults: list[Fault] = []
        if request["CurrentVersion"] != held.version:
            faults.append(("PrefixListVersionMismatch", "The prefix list has the incorrect version number."))
        previous = held.versions.get(request["PreviousVersion"])
        if previous is None:
            faults.append((BAD, None))
        elif len(previous) > held.max_entries:
            faults.append(("PrefixListMaxEntriesExceeded", None))
        refuse_any(faults)
        before = self.shown_list(held.list_id)
        self.next_version(held, dict(previous or {}))
        held.state = "restore-complete"
        return {"PrefixList": before | {"State": "restore-in-progress"}}

    def delete_managed_prefix_list(self, request: Request, said: Answer) -> Answer:
        held = self.prefix_lists[self.known_list("DeleteManagedPrefixList", request)]
        if self.naming(held.list_id):
            held.state = "delete-failed"
        else:
            del self.prefix_lists[held.list_id]
            self.tags.pop(held.list_id, None)
        return {"PrefixList": {"PrefixListId": held.list_id, "State": "delete-in-progress"}}

    def naming(self, list_id: str) -> list[str]:
        """The groups that have a rule with the list."""
        return [each.group_id for each in self.groups.values() if any(key[-1] == list_id for key in each.rules)]

    def get_managed_prefix_list_entries(self, request: Request, said: Answer) -> Answer:
        list_id = self.known_list("GetManagedPrefixListEntries", request, aws_too=True)
        if list_id in self.aws_lists:
            return {"Entries": []}
        versions = self.prefix_lists[list_id].versions
        if (entries := versions.get(request.get("TargetVersion", max(versions)))) is None:
            raise Refused((BAD, None))
        shown = said["Entries"]
        assert {each["Cidr"]: each.get("Description") for each in shown} == entries
        assert len(shown) == len(entries)
        return {}

    def get_managed_prefix_list_associations(self, request: Request, said: Answer) -> Answer:
        list_id = self.known_list("GetManagedPrefixListAssociations", request, aws_too=True)
        shown = said["PrefixListAssociations"]
        assert sorted((each["ResourceId"], each["ResourceOwner"]) for each in shown) == sorted(
            (each, self.owner) for each in self.naming(list_id)
        )
        return {}

    def shown_list(self, list_id: str) -> Answer:
        held = self.prefix_lists[list_id]
        return {
            "PrefixListId": list_id,
            "PrefixListName": held.name,
            "AddressFamily": held.family,
            "MaxEntries": held.max_entries,
            "Version": held.version,
            "State": held.state,
            "OwnerId": self.owner,
        }


def entry_faults(given: list[Request], family: str) -> list[Fault]:
    blocks = [block_of(each["Cidr"], FAMILIES.get(family, 4)) for each in given]
    wrong = None in blocks or len(set(blocks)) < len(blocks)
    return [(BAD, None)] if wrong or any(len(each.get("Description", "")) > 255 for each in given) else []


def read(given: list[Request], family: str) -> dict[str, str | None]:
    version = FAMILIES.get(family, 4)
    return {str(block_of(each["Cidr"], version)): each.get("Description") or None for each in given}
