"""Certificates of agents, where the server gives them: what a request with a host's key must show, and renewal."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, Response

from ringwall.domain.caller import Caller
from ringwall.domain.errors import InvalidParameterValue, UnauthorizedOperation

from .authenticate import RawRequest
from .call import Call
from .service import Service

REQUIRE = "require"


def check_certificate(service: Service, caller: Caller, request: RawRequest) -> None:
    """Lets a host's request pass whose connection has shown the host's certificate, where one is wanted; others' pass.

    TLS has verified the certificate. With `--agent-mtls offer` none at all will do, but no other host's.

    Raises:
        UnauthorizedOperation: it is another host's, or there is none and `--agent-mtls require` wants one.
    """
    if caller.host_id is None or service.agent_ca is None or request.certified == caller.host_id:
        return
    if request.certified is not None:
        raise UnauthorizedOperation("The connection has shown another host's certificate.")
    if service.config.agent_mtls == REQUIRE:
        raise UnauthorizedOperation("This server wants the certificate that it gave the host's agent, with its key.")


def first_certificate(service: Service, content: dict[str, Any], instance_id: str) -> dict[str, Any]:
    """What an enrolment answers of a certificate: nothing where none was asked for, or none is given."""
    request = content.get("certificate_request")
    if service.agent_ca is None or not isinstance(request, str):
        return {}
    return service.agent_ca.certify(request, instance_id, service.clock())._asdict()


def check_enrolment(service: Service, content: dict[str, Any]) -> None:
    """Refuses, before the token is used, a host that could do nothing afterwards.

    Raises:
        InvalidParameterValue: certificates are wanted, and none is asked for, or the request for it is none.
    """
    if service.agent_ca is None:
        return
    request = content.get("certificate_request")
    if isinstance(request, str):
        service.agent_ca.certify(request, "i-0", service.clock())
    elif service.config.agent_mtls == REQUIRE:
        raise InvalidParameterValue("This server wants agents to have certificates; this one is of an older version.")


async def renew_certificate(service: Service, call: Call) -> Response:
    """Gives the calling agent its host's next certificate."""
    if call.caller.host_id is None or service.agent_ca is None:
        raise UnauthorizedOperation("Certificates are for hosts' agents, on a server with --agent-mtls.")
    request = call.content.get("certificate_request")
    if not isinstance(request, str):
        raise InvalidParameterValue("'certificate_request' is missing or isn't a str.")
    return JSONResponse(service.agent_ca.certify(request, call.caller.host_id, service.clock())._asdict())


def measure(service: Service) -> None:
    """Brings the gauges about TLS up to date."""
    certificates = service.certificates
    if certificates is not None:
        service.metrics.gauge("ringwall_tls_certificate_ends_at_seconds", certificates.ends_at)
        service.metrics.gauge("ringwall_tls_certificate_broken", float(certificates.broken is not None))
        service.metrics.gauge("ringwall_agents_lacking_pins", service.pins.lacking())
