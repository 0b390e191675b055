"""The endpoints of /ringwall/v1 that concern hosts: what came in JSON, to an operation, and its answer back in JSON."""

from __future__ import annotations

import secrets
from typing import Any

from starlette.responses import JSONResponse, Response

from ringwall.domain.caller import Caller
from ringwall.domain.enrolment import EnrolmentToken, hash_of
from ringwall.domain.errors import InvalidParameterValue, ServiceError, UnauthorizedOperation
from ringwall.domain.interface import Host, Mode, NetworkInterface
from ringwall.operations import hosts as operation
from ringwall.operations.hosts import HostNotFound, InvalidToken, RefusedAddress, ReportedInterface, device_of
from ringwall.telemetry import LOG
from ringwall.watch.encoding import MalformedMessage, decode_answer, decode_report

from .agent_certificates import check_enrolment, first_certificate
from .attachments import shown_interface
from .authenticate import RawRequest
from .call import Call, deed_of
from .content import Content, member
from .credentials import new_access_key_id, new_secret
from .drains import heard
from .service import Service

INTERFACES_MAX = 256
ASK_SECONDS = 5.0
"""How long an agent has to say what enforcing would cut off now."""


class WouldCutOff(ServiceError):
    """Enforcing would end live flows or close listeners, and nobody has said yes to that."""

    code = "WouldCutOff"

    def __init__(self, unadmitted: list[str], text: str) -> None:
        super().__init__(text)
        self.details = {"unadmitted": unadmitted}


async def create_token(service: Service, call: Call) -> Response:
    """A one-time token for the subnet and the interface named; the answer is the only place where it stands."""
    subnet_id, device = member(call.content, "subnet_id", str), member(call.content, "interface", str)
    await service.make_region(call.caller)
    token = EnrolmentToken(secrets.token_urlsafe(32), service.certificate_sha256)
    stored = await call.write(
        service,
        lambda transaction: operation.create_token(
            service.context(call.caller, transaction), hash_of(token.secret), subnet_id, device
        ),
    )
    return JSONResponse({"token": str(token), "expires_at": stored.result.expires_at}, 201)


async def enroll(service: Service, content: Content, raw: RawRequest, request_id: str) -> Response:
    """Makes the host that a token was made for, and its key. request_id: of the call, for the trail."""
    token_hash = hash_of(member(content, "token", str))
    hostname, reported = member(content, "hostname", str), _interfaces(content)
    check_enrolment(service, content)
    token = service.store.read(lambda reader: reader.enrolment_token(token_hash))
    if token is None:
        raise InvalidToken("The enrolment token is not valid: it was used, has expired, or was never made.")
    caller = Caller(token.account_id, token.region, "", "", "")
    key_id, secret = new_access_key_id("RWHK"), new_secret()
    sealed = service.keyring.seal(secret, key_id)
    committed = await service.trail.write(
        deed_of("EnrollHost", caller, raw, request_id, content),
        lambda transaction: operation.enroll(
            service.context(caller, transaction), token, hostname, reported, key_id, sealed
        ),
    )
    enrolled = committed.result
    LOG.info("%s enrolled as %s, revision=%s", hostname, enrolled.host.instance_id, committed.revision)
    identity = service.store.read(lambda reader: reader.identity())
    return JSONResponse(
        {
            "account_id": token.account_id,
            "region": token.region,
            "instance_id": enrolled.host.instance_id,
            "access_key_id": key_id,
            "secret_access_key": secret,
            "store_id": identity.store_id,
            "device": device_of(enrolled.interface),
            "interface_id": enrolled.interface.interface_id,
            "refused_addresses": _refused(enrolled.refused),
            **first_certificate(service, content, enrolled.host.instance_id),
        },
        201,
    )


async def list_hosts(service: Service, call: Call) -> Response:
    """All hosts of the region, with what is in force on each."""

    def rows(reader: Any) -> list[tuple[Host, list[NetworkInterface]]]:
        found = reader.hosts(call.caller.account_id, call.caller.region)
        return [(host, reader.interfaces_of_host(host.instance_id)) for host in found]

    revision = service.store.read(lambda reader: reader.revision())
    hosts = [_host(service, host, interfaces) for host, interfaces in await service.store.read_in_thread(rows)]
    return JSONResponse({"revision": revision, "hosts": hosts})


async def show_host(service: Service, call: Call) -> Response:
    """One host."""
    host, interfaces = _find(service, call.caller, call.path["host"])
    return JSONResponse(_host(service, host, interfaces))


async def set_mode(service: Service, call: Call) -> Response:
    """Switches a host to enforcing or observing.

    Raises:
        WouldCutOff: enforcing would end live traffic, or nobody can tell because the agent is away; `yes` insists.
    """
    instance_id = call.path["host"]
    try:
        mode = Mode(member(call.content, "mode", str))
    except ValueError as error:
        raise InvalidParameterValue("mode is `observe` or `enforce`.") from error
    _find(service, call.caller, instance_id)
    unadmitted: list[str] = []
    if mode is Mode.ENFORCE:
        status = await service.hub.ask(instance_id, ASK_SECONDS)
        if status and status.report:
            unadmitted = [item.sentence for item in status.report.unadmitted]
        if call.content.get("yes") is not True:
            if status is None or not status.is_up_to_date:
                raise WouldCutOff([], f"{instance_id}'s agent is away, so what enforcing would cut off isn't known.")
            if unadmitted:
                text = f"No rule admits {len(unadmitted)} live flows or listeners of {instance_id}."
                raise WouldCutOff(unadmitted, text)
    committed = await call.write(
        service, lambda transaction: operation.set_mode(service.context(call.caller, transaction), instance_id, mode)
    )
    revision = committed.revision or service.store.read(lambda reader: reader.revision())
    LOG.info("%s set to %s by %s, revision=%d", instance_id, mode.value, call.caller.access_key_id, revision)
    return JSONResponse({"mode": mode.value, "revision": revision, "unadmitted": unadmitted})


async def remove_host(service: Service, call: Call) -> Response:
    """Forgets a host, its key and its own interfaces."""
    instance_id = call.path["host"]
    committed = await call.write(
        service, lambda transaction: operation.remove(service.context(call.caller, transaction), instance_id)
    )
    LOG.info("%s removed by %s, revision=%s", instance_id, call.caller.access_key_id, committed.revision)
    return JSONResponse({"removed": instance_id, "revision": committed.revision})


async def report(service: Service, call: Call) -> Response:
    """Takes an agent's word on what is in force on its own host."""
    if call.caller.host_id is None:
        raise UnauthorizedOperation("Only a host's agent can report, with the host's own key.")
    try:
        said = decode_report(call.body)
    except MalformedMessage as error:
        raise InvalidParameterValue(f"The report can't be read: {error}") from error
    before = service.hub.status(call.caller.host_id).report
    service.hub.report(call.caller.host_id, said)
    if said.draining:
        await heard(service, call.caller, before, said)
    return JSONResponse({})


async def take_answer(service: Service, call: Call) -> Response:
    """Takes an agent's answer to a question that its own host was asked.

    `taken` is false when nobody waits for it (any more).
    """
    if call.caller.host_id is None:
        raise UnauthorizedOperation("Only a host's agent can answer, with the host's own key.")
    try:
        taken = service.hub.answer(call.caller.host_id, call.path["question"], decode_answer(call.body))
    except MalformedMessage as error:
        raise InvalidParameterValue(f"The answer can't be read: {error}") from error
    return JSONResponse({"taken": taken})


async def update_addresses(service: Service, call: Call) -> Response:
    """Brings the addresses of the calling host's interfaces up to date."""
    if call.caller.host_id is None:
        raise UnauthorizedOperation("Only a host's agent can say what its addresses are, with the host's own key.")
    reported = _interfaces(call.content)
    committed = await call.write(
        service,
        lambda transaction: operation.update_addresses(service.context(call.caller, transaction), reported),
        if_changed=True,
    )
    return JSONResponse({"revision": committed.revision, "refused_addresses": _refused(committed.result)})


def _host(service: Service, host: Host, interfaces: list[NetworkInterface]) -> Content:
    status = service.hub.status(host.instance_id)
    found = status.report
    problems = list(found.problems) if found else []
    if found and found.drift and found.drift.sentence not in problems:
        problems.append(found.drift.sentence)
    contested = status.is_contested(service.clock())
    if contested:
        problems.append(
            "Two agents use this host's key in turn: was the machine copied? Reports are true of one of them."
        )
    return {
        "instance_id": host.instance_id,
        "hostname": host.hostname,
        "mode": host.mode.value,
        "enrolled_at": host.enrolled_at,
        "connected": status.connected,
        "up_to_date": status.connected and status.is_up_to_date and not contested,
        "revision": found.position.revision if found else None,
        "digest": found.digest if found else None,
        "in_force_at": found.in_force_at if found else None,
        "last_seen": status.last_seen,
        "capabilities": list(found.capabilities) if found else [],
        "knows_next_certificate": service.pins.knows_next(host.instance_id),
        "drift": {"at": found.drift.at, "by": list(found.drift.by)} if found and found.drift else None,
        "problems": problems,
        "unadmitted": [item.sentence for item in found.unadmitted] if found else [],
        "interfaces": [shown_interface(each, status) for each in interfaces],
    }


def _find(service: Service, caller: Caller, instance_id: str) -> tuple[Host, list[NetworkInterface]]:
    def look(reader: Any) -> tuple[Host | None, list[NetworkInterface]]:
        host = reader.host(caller.account_id, caller.region, instance_id)
        return host, reader.interfaces_of_host(instance_id) if host else []

    host, interfaces = service.store.read(look)
    if host is None:
        raise HostNotFound(f"The instance ID '{instance_id}' does not exist")
    return host, interfaces


def _refused(refused: tuple[RefusedAddress, ...]) -> list[Content]:
    return [{"address": item.address, "reason": item.reason} for item in refused]


def _interfaces(content: Content) -> list[ReportedInterface]:
    items = member(content, "interfaces", list)
    if len(items) > INTERFACES_MAX:
        raise InvalidParameterValue(f"{len(items)} interfaces; {INTERFACES_MAX} are the limit.")
    reported = []
    for item in items:
        if not isinstance(item, dict):
            raise InvalidParameterValue("interfaces is a list of objects.")
        addresses = member(item, "addresses", list)
        if not all(isinstance(address, str) for address in addresses):
            raise InvalidParameterValue("addresses is a list of strings.")
        reported.append(
            ReportedInterface(member(item, "device", str), member(item, "mac_address", str), tuple(addresses))
        )
    return reported
