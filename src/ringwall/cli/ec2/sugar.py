"""`--protocol --port --cidr --source-group --group-owner`: one permission in plain words, for authorize and revoke.

They make up the first of the IpPermissions. Source: the AWS CLI's `secgroupsimplify`, texts included.
"""

from __future__ import annotations

from .messages import INVALID, Stop

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OPERATIONS = frozenset(
    (
        "AuthorizeSecurityGroupEgress",
        "AuthorizeSecurityGroupIngress",
        "RevokeSecurityGroupEgress",
        "RevokeSecurityGroupIngress",
    )
)
OPTIONS = ("protocol", "port", "cidr", "source-group", "group-owner")

_PROTOCOLS = ("tcp", "udp", "icmp", "all")
_NUMBER_MAX = 255


def check_alone(values: dict[str, Any]) -> None:
    """Refuses plain words beside `--ip-permissions`: it wouldn't be clear which permission they belong to."""
    if values.get("ip-permissions"):
        for option in OPTIONS:
            if values.get(option):
                name = option.replace("-", "_")
                raise Stop(f"The --{name} option is not compatible with the --ip-permissions option ", INVALID)


def add(parameters: dict[str, Any], option: str, value: str) -> None:
    """Writes one of the plain words into the parameters; an empty one is as good as none.

    Raises:
        Stop: it is no protocol, or are no ports.
    """
    if not value:
        return
    parameters["IpPermissions"] = parameters.get("IpPermissions") or [{}]
    permission = parameters["IpPermissions"][0]
    match option:
        case "protocol":
            permission["IpProtocol"] = _protocol(value)
        case "port":
            permission["FromPort"], permission["ToPort"] = _ports(value)
        case "cidr":
            permission["IpRanges"] = [{"CidrIp": value}]
        case "source-group":
            pair = permission.setdefault("UserIdGroupPairs", [{}])[0]
            pair["GroupId" if value.startswith("sg-") else "GroupName"] = value
        case _:  # group-owner
            permission.setdefault("UserIdGroupPairs", [{}])[0]["UserId"] = value


def _protocol(value: str) -> str:
    try:
        known = -1 <= int(value) <= _NUMBER_MAX
    except ValueError:
        known = value in _PROTOCOLS
    if not known:
        raise Stop("protocol parameter should be one of: tcp|udp|icmp|all or any valid protocol number.", INVALID)
    return "-1" if value == "all" else value


def _ports(value: str) -> tuple[int, int]:
    """The first and the last port, or ICMP's type and code."""
    if value in ("-1", "all"):
        return -1, -1
    first, dash, last = value.partition("-")
    try:
        return int(first), int(last if dash else first)
    except ValueError as error:
        raise Stop("port parameter should be of the form <from[-to]> (e.g. 22 or 22-25)", INVALID) from error
