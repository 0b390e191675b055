"""The trail: what was done and refused, as events in CloudTrail's shape, each chained to the one before.

    event 7 ── code 7 ──┐
                        ▼
    event 8 ── code 8 = HMAC(key, code 7 + number, account, time, resources and text of event 8) ──► event 9 …

The key is in the key file, which isn't where the events are. Who can write the store, but doesn't have the key, can't
edit, remove, reorder, insert or recompute an event without breaking a link. What the chain can't show by itself is an
end that was cut off; whoever kept an older head (its number and code) sees that too. Events that are dropped because of
their age are dropped from the start alone, and the event of that dropping, in the chain, names the code up to which it
was done, so that no other start passes for it.

Source: CloudTrail record contents for management events, version 1.11; CloudTrail userIdentity element.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from ringwall.domain import change as changes
from ringwall.domain.caller import Caller, CallerKind
from ringwall.domain.change import Change
from ringwall.domain.compact_json import compact
from ringwall.domain.errors import ServiceError
from ringwall.domain.group import SecurityGroup, SecurityGroupRule
from ringwall.store.codec import changes_of
from ringwall.store.principals_base import TrailEvent, TrailHead
from ringwall.wire.fault import CLIENT_ERROR, STATUSES
from ringwall.wire.recorded import cut, is_plain, recorded_answer, recorded_request

EVENT_VERSION: Final = "1.11"
EC2: Final = "ec2.amazonaws.com"
STS: Final = "sts.amazonaws.com"
RINGWALL: Final = "ringwall"
"""The `eventSource` of calls of /ringwall/v1, and of what the server does by itself."""

ISSUING: Final = frozenset({"AssumeRole", "GetSessionToken"})
"""They change nothing, but what is done with the sessions that they give is traced back by their events."""
DROP_TRAIL: Final = "DropTrail"
COUNT_FAILURES: Final = "CountFailedAuthentications"
NO_EVENT: Final = TrailHead(0, b"")
"""The head of a trail that has no event yet."""
PROBLEMS_MAX: Final = 100
EVENT_MAX: Final = 256 * 1024
REFUSAL_MAX: Final = 16 * 1024
PLAIN_MAX: Final = 16 * 1024
"""The length of an event, of a refused call or another, above which its parameters and its answer are left out; and
that above which it isn't kept plainly."""

Content = dict[str, Any]
Mac = Callable[[bytes], bytes]
IsMac = Callable[[bytes, bytes], bool]
Noted = tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]
NOTHING_NOTED: Final[Noted] = (), ()
RULES_TOLD_MAX: Final = 1_000
"""Of a group that is deleted; of more rules, their number."""

_RESOURCE: Final = re.compile(r'"((?:sgr?|vpc|subnet|eni|i|pl|pcx)-[0-9a-f]{8,17})"')
"""The ids in an event: wherever one is a value by itself."""


class Deed(NamedTuple):
    """A call, as far as it is known before it is done.

    source, name: of the service and the operation. request_id: as it is answered. event_id: the event's own.
    address: the peer's. user_agent: what the client calls itself. parameters: as `requestParameters` has them; nothing
    secret. request: of an operation of EC2 or STS, typed, in their place: they are made of it when they are needed.
    caller: None where the server does something by itself, for `account_id` and in `region`.
    """

    source: str
    name: str
    account_id: str
    region: str
    request_id: str
    event_id: str
    caller: Caller | None = None
    address: str = ""
    user_agent: str = ""
    parameters: Mapping[str, Any] | None = None
    read_only: bool = False
    request: Mapping[str, Any] | None = None

    @property
    def told_parameters(self) -> Mapping[str, Any] | None:
        """What `requestParameters` has."""
        return self.parameters if self.request is None else recorded_request(self.name, self.request)


@dataclass(slots=True)
class Event:
    """An event before it is in the chain. head: the beginning of its text, which it shares with others of its caller.
    rest: the other members."""

    head: str
    rest: Content

    @property
    def text(self) -> str:
        """The event's text; without its parameters and its answer where it would be too long."""
        text = f"{self.head},{compact(self.rest)[1:]}"
        if len(text) > (REFUSAL_MAX if "errorCode" in self.rest else EVENT_MAX):
            omitted = {"omitted": True, "originalSize": len(text)}
            text = f"{self.head},{compact({**self.rest, 'requestParameters': omitted, 'responseElements': None})[1:]}"
        return text


def done(
    deed: Deed,
    at: float,
    revision: int | None = None,
    made: Sequence[Change] = (),
    elements: Mapping[str, Any] | None = None,
    additional: Mapping[str, Any] | None = None,
    noted: Noted = NOTHING_NOTED,
) -> Event:
    """The event of a call that was done: with its answer, the revision that it made, and what was before and after.

    noted: what of that isn't in the changes.
    """
    event = _event(deed, at, elements, additional)
    before, after = told(made)
    event.rest["ringwall"] |= {"revision": revision, "before": [*noted[0], *before], "after": [*noted[1], *after]}
    return event


def _of_notes(noted: Noted) -> Content:
    return {name: list(each) for name, each in zip(("before", "after"), noted, strict=True) if each}


def done_plainly(
    deed: Deed, at: float, revision: int | None, answer: Mapping[str, Any], changes: str, noted: Noted = NOTHING_NOTED
) -> str | None:
    """The text of a call's event with request, answer and changes as they are; `in_words` puts them into CloudTrail's.

    Words are for whoever reads an event, and few are read; to make them took most of what an event cost. changes: as
    the change log has them. None where that may not be: an event has nothing of what is secret or no JSON in a request
    or an answer, and only the beginning of what is long; `done` sees to that.
    """
    if deed.request is None or deed.caller is None or not is_plain(deed.name):
        return None
    own = _own(deed) | _of_notes(noted)
    # Most have nothing else, and of a number the text is at hand.
    ours = compact(own | {"revision": revision}) if own or revision is None else f'{{"revision":{revision}}}'
    text = (
        f'{_head_of(deed)},"eventTime":"{timestamp(int(at))}","requestID":"{deed.request_id}","eventID":"{deed.event_id}"'
        f',"ringwall":{ours}'
        f',"call":{compact((deed.request, answer))},"changes":{changes}}}'
    )
    return text if len(text) <= PLAIN_MAX else None


def refused(deed: Deed, at: float, error: ServiceError) -> Event:
    """The event of a call that was refused."""
    event = _event(deed, at)
    code = error.code
    if deed.source == EC2:
        code = f"{'Server' if STATUSES.get(code, CLIENT_ERROR) >= 500 else 'Client'}.{code}"
    event.rest["errorCode"], event.rest["errorMessage"] = code, cut(error.message)
    return event


def _event(
    deed: Deed, at: float, elements: Mapping[str, Any] | None = None, additional: Mapping[str, Any] | None = None
) -> Event:
    rest: Content = {
        "eventTime": timestamp(int(at)),
        "requestParameters": deed.told_parameters,
        "responseElements": elements,
        "requestID": deed.request_id,
        "eventID": deed.event_id,
        "ringwall": _own(deed),
    }
    if additional:
        rest["additionalEventData"] = additional
    return Event(_head_of(deed), rest)


def _own(deed: Deed) -> Content:
    """What events have that CloudTrail's records don't."""
    return {"issuingKey": deed.caller.issuing_key} if deed.caller and deed.caller.issuing_key else {}


def _head_of(deed: Deed) -> str:
    return _head(
        deed.caller,
        deed.source,
        deed.name,
        deed.account_id,
        deed.region,
        deed.address,
        cut(deed.user_agent),  # before it is a key of the cache: a client may call itself 60 kB
        deed.read_only,
    )


@lru_cache(maxsize=1_024)
def _head(
    caller: Caller | None,
    source: str,
    name: str,
    account_id: str,
    region: str,
    address: str,
    user_agent: str,
    read_only: bool,
) -> str:
    """The text of what events of one caller and operation have in common, without its closing brace."""
    if caller is not None:
        who = identity(caller)
    else:
        who = {"type": "Unknown"} if name == COUNT_FAILURES else {"type": "AWSService", "invokedBy": RINGWALL}
    return compact(
        {
            "eventVersion": EVENT_VERSION,
            "userIdentity": who,
            "eventSource": source,
            "eventName": name,
            "awsRegion": region,
            "sourceIPAddress": address or RINGWALL,
            "userAgent": user_agent or RINGWALL,
            "readOnly": read_only,
            "eventType": "AwsApiCall" if caller else "AwsServiceEvent",
            "managementEvent": True,
            "eventCategory": "Management",
            "recipientAccountId": account_id,
        }
    )[:-1]


@lru_cache(maxsize=2)
def timestamp(at: int) -> str:
    """A time in Unix seconds as events have it: `2026-05-21T07:02:38Z`."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def identity(caller: Caller) -> Content:
    """The `userIdentity` of a caller.

    A host's agent has no kind of its own among CloudTrail's, and is an `AWSAccount`.
    """
    told: Content = {
        "type": "AWSAccount",
        "principalId": caller.user_id,
        "arn": caller.arn,
        "accountId": caller.account_id,
        "accessKeyId": caller.access_key_id,
    }
    session: Content = {}
    if caller.principal == CallerKind.ROOT:
        told["type"] = "Root"
    elif caller.principal == CallerKind.USER:
        told["type"], told["userName"] = "IAMUser", caller.name
    elif caller.principal == CallerKind.ROLE:
        told["type"] = "AssumedRole"
        session["sessionIssuer"] = {
            "type": "Role",
            "principalId": caller.user_id.partition(":")[0],
            "arn": f"arn:aws:iam::{caller.account_id}:role/{caller.name}",
            "accountId": caller.account_id,
            "userName": caller.name,
        }
    if caller.issued_at is not None:
        session["attributes"] = {"creationDate": timestamp(caller.issued_at), "mfaAuthenticated": "false"}
        told["sessionContext"] = session
    return {name: value for name, value in told.items() if value}


# --- Before and after ---

_LOST: Final[frozenset[type]] = frozenset(
    {
        changes.VpcDeleted,
        changes.SubnetDeleted,
        changes.GroupDeleted,
        changes.GroupDisassociated,
        changes.InterfaceDeleted,
        changes.InterfaceDetached,
        changes.HostRemoved,
        changes.PrefixListDeleted,
    }
)


def told(made: Iterable[Change]) -> tuple[list[Content], list[Content]]:
    """What was there before these changes and isn't now, and what is there now and wasn't before, for people to read.

    A rule is told by its words, `ingress tcp 22 from 0.0.0.0/0`; another change by its name and the ids in it.
    """
    before: list[Content] = []
    after: list[Content] = []
    for each in made:
        kind = type(each)
        if kind is changes.RulesAdded or kind is changes.RulesRemoved:  # by far the most
            side = after if kind is changes.RulesAdded else before
            side += [rule_told(rule) for rule in each.rules]  # type: ignore[union-attr]
        elif isinstance(each, changes.InterfaceGroupsChanged):
            before.append({"interfaceId": each.interface_id, "groupIds": each.before})
            after.append({"interfaceId": each.interface_id, "groupIds": each.after})
        else:
            (before if kind in _LOST else after).append(_change_told(each))
    return before, after


def _change_told(change: Change) -> Content:
    members = {_camel(field.name): getattr(change, field.name) for field in fields(change)}
    return {"change": type(change).__name__, **members}


@lru_cache(maxsize=256)
def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def rule_told(rule: SecurityGroupRule) -> Content:
    """A rule for people to read."""
    content: Content = {"ruleId": rule.rule_id, "groupId": rule.group_id, "rule": rule_in_words(rule)}
    if rule.description is not None:
        content["description"] = rule.description
    return content


def group_told(group: SecurityGroup, rules: Sequence[SecurityGroupRule]) -> list[Content]:
    """A group and its rules, for people to read."""
    left = len(rules) - RULES_TOLD_MAX
    return [
        {
            "groupId": group.group_id,
            "groupName": group.name,
            "description": group.description,
            "vpcId": group.vpc_id,
        },
        *[rule_told(rule) for rule in rules[:RULES_TOLD_MAX]],
        *([{"omittedRules": left}] if left > 0 else []),
    ]


def rule_in_words(rule: SecurityGroupRule) -> str:
    """Direction, traffic and peer: `ingress tcp 8000-8080 from 10.0.0.0/8`, `egress all to sg-…`."""
    traffic, at = rule.traffic, ""
    if traffic.from_port != -1:
        at = f" {traffic.from_port}" + (f"-{traffic.to_port}" if traffic.to_port != traffic.from_port else "")
        if not traffic.has_ports:
            at = f" type {traffic.from_port}" + (f" code {traffic.to_port}" if traffic.to_port != -1 else "")
    protocol = "all" if traffic.protocol == "-1" else traffic.protocol
    way = "from" if rule.direction.value == "ingress" else "to"
    return f"{rule.direction.value} {protocol}{at} {way} {rule.peer.value}"


# --- The chain ---


def chained(head: TrailHead, account_id: str, at: float, text: str, mac: Mac) -> TrailEvent:
    """The event of this text as the next of the chain after `head`."""
    # The first members, up to this one, hold no ids and are a good part of the text.
    shared = max(text.find(',"eventTime"'), 0)
    resources = tuple(dict.fromkeys(_RESOURCE.findall(text, shared)))
    number, at = head.number + 1, float(at)
    code = mac(_link(head, account_id, at, resources, text))
    return TrailEvent(number, account_id, at, resources, text, code, shared)


def linked(before: TrailHead, event: TrailEvent) -> bytes:
    """What an event's code is made of: the code of the one before it, and everything that is stored of it."""
    return _link(before, event.account_id, event.at, event.resources, event.event)


def _link(before: TrailHead, account_id: str, at: float, resources: Sequence[str], text: str) -> bytes:
    return before.mac + f"{before.number + 1} {account_id} {at!r} {' '.join(resources)}\n{text}".encode()


def shown(event: TrailEvent) -> Content:
    """The event as it is exported: what it says, with its number and its code, so that each is a head for later."""
    content = in_words(event.event)
    content["ringwall"] |= {"number": event.number, "mac": event.mac.hex()}
    return content


def in_words(text: str) -> Content:
    """What an event of this text says, in CloudTrail's shape: one of `done_plainly` as `done` would have written it."""
    content: Content = json.loads(text)
    if "call" in content:
        request, answer = content.pop("call")
        before, after = told(changes_of(content.pop("changes")))
        content["requestParameters"] = recorded_request(content["eventName"], request)
        content["responseElements"] = recorded_answer(content["eventName"], answer, content["requestID"])
        own = content["ringwall"]
        content["ringwall"] |= {"before": own.get("before", []) + before, "after": own.get("after", []) + after}
    return content


class Chain:
    """Follows a chain from its start, event by event.

    first: where the stored events begin. start: where to follow them from, if not there. kept: heads of former times.
    head: the last event seen. problems: what is wrong, in words, the first hundred. vouched: whether an event that was
    followed says that those up to `first` were dropped. Cost: one HMAC for each event.
    """

    def __init__(
        self, first: TrailHead, is_mac: IsMac, *, start: TrailHead | None = None, kept: Iterable[TrailHead] = ()
    ) -> None:
        self.first = first
        self.head = start or first
        self.problems: list[str] = []
        self.vouched = first == NO_EVENT
        self._is_mac = is_mac
        self._kept = {head.number: head.mac for head in kept}
        self._compare(self.head)

    def follow(self, events: Iterable[TrailEvent]) -> None:
        """Takes the next events."""
        for event in events:
            number = self.head.number + 1
            if event.number != number:
                gone = f"event {number}" if event.number == number + 1 else f"events {number} to {event.number - 1}"
                self._tell(f"{gone} missing before event {event.number}")
            elif not self._is_mac(event.mac, linked(self.head, event)):
                self._tell(f"event {event.number} is not the one that was written after event {self.head.number}")
            self.head = TrailHead(event.number, event.mac)
            self._compare(self.head)
            if not self.vouched and f'"{DROP_TRAIL}"' in event.event:
                self._vouch(event)

    def end(self) -> None:
        """The chain ends here."""
        for number in sorted(self._kept):
            if number > self.head.number:
                self._tell(f"the trail ends with event {self.head.number}, and event {number} was there once")
        if not self.vouched:
            self._tell(f"the events up to {self.first.number} are gone, and no event says that they were dropped")

    def _compare(self, head: TrailHead) -> None:
        if self._kept.pop(head.number, head.mac) != head.mac:
            self._tell(f"event {head.number} is another than the one that was there once")

    def _vouch(self, event: TrailEvent) -> None:
        try:
            content = json.loads(event.event)
            parameters = content["requestParameters"]
            through = TrailHead(parameters["through"], bytes.fromhex(parameters["mac"]))
        except (ValueError, KeyError, TypeError):
            return
        if content.get("eventName") == DROP_TRAIL and content.get("eventSource") == RINGWALL:
            self.vouched = through == self.first

    def _tell(self, problem: str) -> None:
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(problem)


def parsed_head(text: str) -> TrailHead:
    """The head that `head_in_words` wrote.

    Raises:
        ValueError: it isn't one.
    """
    number, colon, mac = text.partition(":")
    if not colon:
        raise ValueError(text)
    return TrailHead(int(number), bytes.fromhex(mac))


def head_in_words(head: TrailHead) -> str:
    """A head to be kept: its number, a colon, its code in hex."""
    return f"{head.number}:{head.mac.hex()}"
