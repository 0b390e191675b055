"""`ringwall doctor`: looks from here for what keeps ringwall from working, and says what to do; it changes nothing.

It looks at this machine, the server and what the server knows of the hosts, in the order in which one needs the other.
What only the host itself can tell, `ringwall agent doctor` tells there.
"""

from __future__ import annotations

import argparse
import http.client
import os
import socket
import ssl
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from ringwall.agent.findings import Finding, Status, fail, ok, warn
from ringwall.config import ConfigurationError

from .client import CallFailed, connect
from .screen import duration, plain
from .words import codes
from .words.changing import print_json
from .words.in_force import lacking
from .words.session import LostAnswer, Refused, Session, add_session_arguments, open_session
from .words.table import ago, counted, moment, progress, screen_of, span, wrapped

VERB: Final = "doctor"
TIMEOUT_SECONDS: Final = 10.0
SKEW_WARNED_SECONDS: Final = 30.0
SKEW_REFUSED_SECONDS: Final = 300.0
"""Signatures that are further from the server's clock aren't taken."""
CERTIFICATE_DAYS: Final = 14
SLOW_SECONDS: Final = 1.0
HOSTS_TOLD: Final = 20

_MARKS: Final = {Status.OK: "good", Status.WARN: "warn", Status.FAIL: "bad"}
_WRONG_KEY: Final = "Its id or its secret is of another server, or an old one: `ringwall env` prints the right ones."
_OVER: Final = "It is a temporary one, and its time is over: begin a new session."
_ADVICE: Final = {
    "AuthFailure": _WRONG_KEY,
    "InvalidClientTokenId": f"{_WRONG_KEY} AWS_SESSION_TOKEN must be that of the same key, or not be set.",
    "ExpiredToken": _OVER,
    "RequestExpired": _OVER,
}
_THERE: Final = "On the host: `ringwall agent doctor`, and `systemctl status ringwall-agent`."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `ringwall doctor`."""
    parser.add_argument("--json", action="store_true", help="print the findings as JSON, and nothing else")
    add_session_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Answers 0 when nothing is broken, though something may be to be known; 1 when something doesn't work."""
    findings: list[Finding] = []
    with progress("looking"):
        findings += examine(options, os.environ)
    if options.json:
        print_json([each.json for each in findings])
    else:
        _print(findings)
    return codes.FAILED if any(each.status is Status.FAIL for each in findings) else codes.DONE


def _print(findings: list[Finding]) -> None:
    screen = screen_of()
    width = screen.columns or sys.maxsize
    for each in findings:
        first, *more = wrapped(plain(each.text), width)
        status = each.status.name
        print(screen.mark(status, _MARKS[each.status]) + first.removeprefix(status))
        for line in more:
            print(line)
    failed = sum(each.status is Status.FAIL for each in findings)
    warned = sum(each.status is Status.WARN for each in findings)
    if not failed and not warned:
        print("All is well.")
    else:
        print(f"{counted(failed, 'thing')} broken, {warned} to be known.")


def examine(options: argparse.Namespace, environment: Mapping[str, str]) -> Iterator[Finding]:
    """The findings; where something is broken that the rest needs, it ends there."""
    try:
        session = open_session(options)
    except ConfigurationError as error:
        yield fail("settings", str(error), "`ringwall env` on the server prints what to set.")
        return
    yield ok("settings", f"Server {session.url}, region {session.region}.")
    yield from _environment(session, environment)
    try:
        heard = _hear(session.url, options.ca_bundle)
    except _Unreachable as error:
        yield fail(error.check, str(error), error.advice)
        return
    yield from _server(session.url, heard)
    broken = False
    for finding in _caller(session):
        broken = broken or finding.status is Status.FAIL
        yield finding
    if not broken:
        yield from _hosts(session)


# --- This machine ---


def _environment(session: Session, environment: Mapping[str, str]) -> Iterator[Finding]:
    """What other programs in this shell would do, where that isn't what one may think."""
    meant = environment.get("AWS_ENDPOINT_URL_EC2") or environment.get("AWS_ENDPOINT_URL")
    if environment.get("AWS_ACCESS_KEY_ID") and meant and meant.rstrip("/") != session.url.rstrip("/"):
        yield warn(
            "environment",
            f"`aws` in this shell asks {meant}, not {session.url}.",
            "`ringwall env` prints the variables.",
        )
    if bool(environment.get("AWS_ACCESS_KEY_ID")) != bool(environment.get("AWS_SECRET_ACCESS_KEY")):
        yield warn("environment", "Only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set: neither is used.")
    key_id = environment.get("AWS_ACCESS_KEY_ID", "")
    if environment.get("AWS_SESSION_TOKEN") and key_id.startswith("AKIA"):
        yield warn(
            "environment",
            "AWS_SESSION_TOKEN is set beside a key that lasts, which has none.",
            "unset AWS_SESSION_TOKEN",
        )
    if environment.get("AWS_ENDPOINT_URL_STS") is None and environment.get("AWS_ENDPOINT_URL_EC2"):
        yield warn(
            "environment",
            "AWS_ENDPOINT_URL_EC2 is set and AWS_ENDPOINT_URL_STS isn't: `aws sts` asks Amazon.",
            "`ringwall env` prints both.",
        )


# --- The server ---


@dataclass(frozen=True, slots=True)
class _Heard:
    """What the server said to /readyz. skew: how far this machine's clock is ahead of the server's, at least.

    expires: when its certificate ends, without TLS None.
    """

    status: int
    text: str
    seconds: float
    skew: float | None
    expires: float | None


class _Unreachable(Exception):
    """The server can't be asked. check: what was looked at."""

    def __init__(self, check: str, text: str, advice: str) -> None:
        super().__init__(text)
        self.check, self.advice = check, advice


def _hear(url: str, ca_bundle: Path | None) -> _Heard:
    """The server's word on whether it is ready, which wants no key.

    Raises:
        _Unreachable.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        connection = connect(parts.scheme, host, parts.port, ca_bundle)
    except CallFailed as error:
        raise _Unreachable("tls", str(error), "Name the file with the server's certificate.") from error
    connection.timeout = TIMEOUT_SECONDS
    began = time.time()
    try:
        connection.connect()
        expires = _expiry(connection.sock)
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        text = response.read(10_000).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        raise _unreachable(url, host, error) from error
    finally:
        connection.close()
    ended = time.time()
    return _Heard(response.status, text, ended - began, _skew(response.getheader("date"), began, ended), expires)


def _unreachable(url: str, host: str, error: Exception) -> _Unreachable:
    """Why, in a sentence, and what to do."""
    match error:
        case socket.gaierror():
            return _Unreachable("server", f"The name {host} has no address.", "Check the name, and this machine's DNS.")
        case ssl.SSLCertVerificationError():
            why = f"The certificate of {url} isn't trusted: {error.verify_message}."
            return _Unreachable(
                "tls", why, "Give --ca-bundle, or set AWS_CA_BUNDLE to, the certificate that vouches for it."
            )
        case ssl.SSLError():
            return _Unreachable("tls", f"{url} doesn't speak TLS.", "If it has none, write http://.")
        case ConnectionRefusedError():
            return _Unreachable(
                "server", f"Nothing listens at {url}.", "Start the server: `ringwall serve`, or its unit."
            )
        case TimeoutError():
            why = f"{url} gives no answer in {TIMEOUT_SECONDS:g} s."
            return _Unreachable("server", why, "Is the machine up, and does a firewall between drop it?")
        case http.client.RemoteDisconnected() | http.client.BadStatusLine() | ConnectionResetError():
            return _Unreachable("server", f"{url} answers, but not in HTTP.", "If it has TLS, write https://.")
        case _:
            return _Unreachable("server", f"{url} can't be reached: {error}.", "Check the address and the way to it.")


def _expiry(connection: Any) -> float | None:
    certificate = connection.getpeercert() if isinstance(connection, ssl.SSLSocket) else None
    return ssl.cert_time_to_seconds(str(certificate["notAfter"])) if certificate else None


def _skew(date: str | None, began: float, ended: float) -> float | None:
    """How far the clock is ahead (or, negative, behind), beyond what the answer's time and whole seconds leave open."""
    if date is None:
        return None
    try:
        server = parsedate_to_datetime(date).timestamp()
    except ValueError:
        return None
    if began > server + 1:
        return began - server - 1
    return min(ended - server, 0.0)


def _server(url: str, heard: _Heard) -> Iterator[Finding]:
    if heard.status != 200 or not heard.text.startswith("ready"):
        said = heard.text.strip()[:100]
        yield fail("server", f"{url} isn't ready: it answers {heard.status}, “{said}”.", "Look at the server's log.")
    elif heard.seconds > SLOW_SECONDS:
        yield warn(
            "server", f"{url} is ready, but took {duration(heard.seconds)}.", "Look at its machine and the way to it."
        )
    else:
        yield ok("server", f"{url} is {heard.text.splitlines()[0]}, after {duration(heard.seconds)}.")
    for note in heard.text.splitlines()[1:]:
        yield warn("server", f"It notes: {note}.")
    yield from _tls(url, heard)
    yield from _clock(heard.skew)


def _tls(url: str, heard: _Heard) -> Iterator[Finding]:
    if heard.expires is not None:
        left = heard.expires - time.time()
        told = f"The server's certificate is good until {moment(heard.expires)}."
        if left < CERTIFICATE_DAYS * 86400:
            yield warn("tls", told, "Put a new one into its place; the server takes it up by itself.")
        else:
            yield ok("tls", told)
    elif not _is_near(urlsplit(url).hostname or ""):
        yield warn(
            "tls",
            "There is no TLS on the way: what is asked and answered can be read.",
            "Give the server a certificate: `ringwall serve --tls-cert`.",
        )


def _is_near(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _clock(skew: float | None) -> Iterator[Finding]:
    if skew is None:
        yield warn("clock", "The server doesn't tell the time, so that this machine's clock can't be compared.")
        return
    off = f"This machine's clock is {span(abs(skew))} {'ahead of' if skew > 0 else 'behind'} the server's"
    advice = "Set both by NTP: `timedatectl`."
    if abs(skew) > SKEW_REFUSED_SECONDS:
        yield fail("clock", f"{off}: signatures are refused.", advice)
    elif abs(skew) > SKEW_WARNED_SECONDS:
        yield warn("clock", f"{off}; at {span(SKEW_REFUSED_SECONDS)} signatures are refused.", advice)
    else:
        yield ok("clock", "This machine's clock and the server's agree.")


# --- The key and the region ---


def _caller(session: Session) -> Iterator[Finding]:
    try:
        caller = session.ec2("GetCallerIdentity")
    except Refused as error:
        told = f"The key isn't taken: {error.code}, {plain(error.message).rstrip('.')}."
        yield fail("credentials", told, _ADVICE.get(error.code, f"`ringwall explain {plain(error.code)}`"))
        return
    except LostAnswer as error:
        yield fail("credentials", str(error))
        return
    yield ok("credentials", f"You are {caller['Arn']}, in account {caller['Account']}.")
    try:
        regions = sorted(each["RegionName"] for each in session.ec2("DescribeRegions")["Regions"])
    except Refused as error:
        yield warn("region", f"You may not see the regions: {error.code}.")
        return
    if session.region in regions:
        yield ok("region", f"{session.region} is one of {counted(len(regions), 'region')} that are served.")
    else:
        yield fail(
            "region", f"{session.region} isn't served.", f"Name another with --region: {', '.join(regions[:5])} …"
        )


# --- The hosts ---


def _hosts(session: Session) -> Iterator[Finding]:
    """What the server knows of the hosts: who is away, behind, changed by others, or has problems."""
    try:
        hosts = session.own("GET", "/ringwall/v1/hosts")["hosts"]
        changes = session.own("GET", "/ringwall/v1/changes")
    except Refused as error:
        yield warn("hosts", f"You may not see the hosts: {error.code}.", "The shipped document ReadOnly allows it.")
        return
    if not hosts:
        yield warn(
            "hosts",
            "No host is enrolled in this region: nothing is enforced anywhere.",
            "`ringwall host token` makes the first one's token.",
        )
        return
    mine = {host["instance_id"]: host for host in hosts}
    told = [finding for host in hosts for finding in _of_host(host)]
    behind = [each for each in changes["hosts"] if each["state"] == "pending" and each["instance_id"] in mine]
    told += [warn("hosts", f"{lacking(each)}: it is behind.", _THERE) for each in behind]
    yield from told[:HOSTS_TOLD]
    if len(told) > HOSTS_TOLD:
        yield warn(
            "hosts", f"And {len(told) - HOSTS_TOLD} more such findings.", "`ringwall status` lists all that are behind."
        )
    observing = [host for host in hosts if host["mode"] == "observe"]
    if observing:
        names = ", ".join(plain(host["hostname"]) for host in observing[:5]) + (", …" if len(observing) > 5 else "")
        yield warn(
            "hosts",
            f"{counted(len(observing), 'host')} only watching, which enforce nothing: {names}.",
            "`ringwall host enforce HOST`",
        )
    if not told:
        yield ok(
            "hosts", f"{counted(len(hosts), 'host')}: all are heard, none is behind, changed by others or in trouble."
        )


def _of_host(host: Mapping[str, Any]) -> Iterator[Finding]:
    name = f"{plain(host['hostname'])} ({host['instance_id']})"
    if not host["connected"]:
        if host["last_seen"] is None:
            since = "hasn't been heard since the server started"
        else:
            since = f"is silent since {moment(host['last_seen'])}"
        yield fail("hosts", f"{name} {since}: what it enforces is what it had then.", _THERE)
    drift = host["drift"]
    if drift is not None:
        by = f", by {plain(', '.join(drift['by']))}" if drift["by"] else ""
        yield warn("hosts", f"{name}: its table was changed by others {ago(drift['at'])}{by}, and put right.", _THERE)
    yield from (warn("hosts", f"{name}: {plain(problem)}", _THERE) for problem in host["problems"])
