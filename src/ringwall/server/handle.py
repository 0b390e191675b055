"""The route of an EC2 request, from raw bytes to a durable answer: read `handle` top to bottom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from ringwall.domain.caller import Caller
from ringwall.domain.errors import DryRunOperation, InternalError, ServiceError, ServiceUnavailable
from ringwall.operations.context import Answer, Operation
from ringwall.operations.needs import needs
from ringwall.operations.table import OPERATIONS
from ringwall.operations.trail import EC2, ISSUING, STS, Deed
from ringwall.store.base import Committed, Reader, Transaction, Unavailable
from ringwall.telemetry import LOG
from ringwall.wire.fault import as_told_by, fault
from ringwall.wire.request import ParsedRequest, parse, parse_query, service_of_query
from ringwall.wire.response import serialize_in_parts

from .agent_certificates import check_certificate
from .authenticate import RawRequest, authenticate
from .authorize import Gate
from .service import Service, new_request_id

CONTENT_TYPE: Final = b"text/xml;charset=UTF-8"
FILTERED_HERE_MAX: Final = 512
"""Characters of all filters' values with which a small read is done on the event loop's own thread."""


class Reply(NamedTuple):
    """An answer on its way out. body: in parts. revision: the one that the request made, if it changed anything."""

    status: int
    body: list[bytes]
    request_id: str
    revision: int | None = None


async def handle(service: Service, request: RawRequest) -> Reply:
    """The answer to one request of the EC2 Query API or of STS; never raises."""
    with service.courtesy:
        return await _handle(service, request)


async def _handle(service: Service, request: RawRequest) -> Reply:
    request_id = new_request_id()
    parsed: ParsedRequest | None = None
    caller: Caller | None = None
    try:
        # 1. Who is it? Always first (EC2's own order isn't known): nothing is told to whoever can't prove a key.
        caller = authenticate(service, request)
        check_certificate(service, caller, request)
        # 2. What is asked? Names, types and the syntax of ids.
        parsed = parse(parse_query(_parameters(request)))
        operation = OPERATIONS[parsed.action]
        operation.vet(parsed.request)
        service.throttle.admit(caller, parsed.action, parsed.request, writes=operation.writes)
        # 3. May they? It is decided where (4) reads, on its targets; before that only for a dry run, which ends here,
        # for a caller who would have its region made, and for a request that may take long to decide on.
        gate = _gate(service, caller, operation, parsed, request)
        if parsed.dry_run or not service.has_region(caller) or gate.is_long:
            await gate.look()
        if parsed.dry_run:
            raise DryRunOperation
        # 4. to 6. Do it; what is answered is durable; say so.
        await service.make_region(caller)
        committed = await _run(service, caller, operation, parsed, gate, request_id)
    except ServiceError as error:
        return _refuse(service, request, caller, parsed, error, request_id)
    except Unavailable as error:
        LOG.error("%s: the store: %s", request_id, error)
        return _refuse(service, request, caller, parsed, ServiceUnavailable(), request_id)
    except Exception:
        LOG.exception("%s: internal error", request_id)
        return _refuse(service, request, caller, parsed, InternalError(), request_id)
    service.metrics.count("ringwall_requests_total", operation=parsed.action, code="OK")
    if committed.revision is not None:
        _log_change(service, parsed, caller, request, committed.revision, request_id)
    return Reply(200, committed.result, request_id, committed.revision)


async def _run(
    service: Service,
    caller: Caller,
    operation: Operation,
    parsed: ParsedRequest,
    gate: Gate,
    request_id: str,
) -> Committed[list[bytes]]:
    """The answer as it is sent.

    What is read is written while it is read: an answer that tells of everything is never there whole but as text, and
    the thread that has read it writes it too, so that the event loop isn't held up.
    """

    def in_parts(answer: Answer) -> list[bytes]:
        polite = {
            member: service.courtesy.between(value) if isinstance(value, Iterator) else value
            for member, value in answer.items()
        }
        return serialize_in_parts(parsed.action, parsed.version, polite, request_id)

    def run(transaction: Transaction | Reader) -> Answer:
        gate.check(transaction)
        return operation.run(service.context(caller, transaction, parsed.action), parsed.request)

    store = service.store
    if operation.writes or parsed.action in ISSUING:
        deed = _deed(gate.request, caller, parsed, request_id)
        committed = await service.trail.write(deed, run, answers=True)
        parts = serialize_in_parts(parsed.action, parsed.version, committed.result, request_id)
        return Committed(parts, committed.revision)
    # Patterns cost their texts' length for each item, and the store, which counts its own steps, can't tell.
    read = store.read_in_thread if _filters_much(parsed) else store.read_soon
    return Committed(await read(lambda reader: in_parts(run(reader))), None)


def _gate(service: Service, caller: Caller, operation: Operation, parsed: ParsedRequest, request: RawRequest) -> Gate:
    return Gate(
        service,
        caller,
        request,
        f"{parsed.service}:{parsed.action}",
        lambda reader: needs(parsed.service, operation, reader, caller, parsed.request),
    )


def _filters_much(parsed: ParsedRequest) -> bool:
    """Whether the values of the filters are so long that comparing them may hold up the event loop."""
    filters = parsed.request.get("Filters") or ()
    return sum(len(value) for each in filters for value in each.get("Values") or ()) > FILTERED_HERE_MAX


def _parameters(request: RawRequest) -> bytes:
    """The query and the form, which take the same parameters; clients use one of them."""
    return b"&".join(part for part in (request.query, request.body) if part)


def _refuse(
    service: Service,
    request: RawRequest,
    caller: Caller | None,
    parsed: ParsedRequest | None,
    error: ServiceError,
    request_id: str,
) -> Reply:
    """The refusal in the envelope of the service that was asked, as far as that can be told."""
    envelope = parsed.service if parsed else service_of_query(_parameters(request))
    if caller is None:
        error = as_told_by(envelope, error)
    else:
        operation = parsed.action if parsed else "unknown"
        service.metrics.count("ringwall_requests_total", operation=operation, code=error.code)
        service.trail.refuse(_deed(request, caller, parsed, request_id), error)
    status, body = fault(error, request_id, envelope)
    return Reply(status, [body], request_id)


def _deed(request: RawRequest, caller: Caller, parsed: ParsedRequest | None, request_id: str) -> Deed:
    """What the trail is told of the call; of one that isn't understood, that there was one."""
    if parsed is None:
        source, name, asked, read_only = EC2, "unknown", None, False
    else:
        source = STS if parsed.service == "sts" else EC2
        name, asked = parsed.action, parsed.request
        read_only = not OPERATIONS[name].writes
    return Deed(
        source,
        name,
        caller.account_id,
        caller.region,
        request_id,
        new_request_id(),
        caller,
        request.peer,
        request.user_agent,
        None,
        read_only,
        asked,
    )


def _log_change(
    service: Service, parsed: ParsedRequest, caller: Caller, request: RawRequest, revision: int, request_id: str
) -> None:
    service.change_lines.add(
        f"{request_id} {parsed.action} by {caller.access_key_id} revision={revision}"
        f" received={request.received_at:.6f} committed={service.clock():.6f}"
    )
