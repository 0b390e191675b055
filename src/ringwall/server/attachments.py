"""The endpoints of /ringwall/v1 about a host's further interfaces, and how an interface of a host is shown."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from ringwall.domain.interface import NetworkInterface
from ringwall.domain.world import InterfaceKind
from ringwall.operations import attachments as operation
from ringwall.operations.hosts import enforced
from ringwall.telemetry import LOG
from ringwall.watch.status import HostStatus

from .call import Call
from .content import Content, member
from .service import Service


async def attach_interface(service: Service, call: Call) -> Response:
    """Makes a device of the host an interface of its own; the agent reports its addresses."""
    instance_id = call.path["host"]
    device, subnet_id = member(call.content, "device", str), member(call.content, "subnet_id", str)
    committed = await call.write(
        service,
        lambda transaction: operation.attach_device(
            service.context(call.caller, transaction), instance_id, device, subnet_id
        ),
    )
    LOG.info("%s of %s is %s, revision=%s", device, instance_id, committed.result.interface_id, committed.revision)
    shown = shown_interface(committed.result, service.hub.status(instance_id))
    return JSONResponse({**shown, "revision": committed.revision}, 201)


async def detach_interface(service: Service, call: Call) -> Response:
    """Takes an interface from a host: one of its own is deleted, another is available again."""
    instance_id, interface_id = call.path["host"], call.path["interface"]
    committed = await call.write(
        service,
        lambda transaction: operation.detach_from(service.context(call.caller, transaction), instance_id, interface_id),
    )
    LOG.info("%s detached from %s, revision=%s", interface_id, instance_id, committed.revision)
    return JSONResponse(
        {"detached": interface_id, "deleted": committed.result.is_hosts_own, "revision": committed.revision}
    )


def shown_interface(interface: NetworkInterface, status: HostStatus) -> Content:
    """An interface of a host. device: of a routed one that which the agent says it bound; None where it bound none."""
    attachment, state = interface.attachment, enforced(interface)
    assert attachment is not None, "a host's interface is attached to it"
    bound = {each.interface_id: each.device for each in status.report.interfaces} if status.report else {}
    return {
        "interface_id": interface.interface_id,
        "kind": state.kind.value,
        "device": state.device if state.kind is InterfaceKind.HOST else bound.get(interface.interface_id),
        "attachment_id": attachment.attachment_id,
        "device_index": attachment.device_index,
        "attached_at": attachment.attached_at,
        "delete_on_termination": attachment.delete_on_termination,
        "source_check": state.source_check,
        "addresses": list(interface.addresses),
        "group_ids": list(interface.group_ids),
        "in_force": _in_force(interface, status),
    }


def _in_force(interface: NetworkInterface, status: HostStatus) -> Content | None:
    """What is in the kernel for an interface, as reported; None where nothing is known to be.

    A host's interfaces are committed together, so what holds for one holds for all that the agent has rules for.
    """
    found = status.report
    if found is None or not found.digest:
        return None
    if found.interfaces and interface.interface_id not in {each.interface_id for each in found.interfaces}:
        return None
    return {
        "revision": found.position.revision,
        "digest": found.digest,
        "mode": found.mode,
        "since": found.in_force_at,
        "lag_seconds": status.lag_seconds,
    }
