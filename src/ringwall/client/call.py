"""A call of EC2 from parameters to answer: encode, sign, exchange, decode; and again where that may help.

    client = Client(read_settings({"region": "eu-west-1"}))
    client.call("DescribeSecurityGroups", {"GroupIds": ["sg-…"]}).value["SecurityGroups"]

The request is aws CLI's, header by header and in its order, but for User-Agent, which is our own, and `ttl` in
amz-sdk-request, which no server reads.
"""

from __future__ import annotations

import sys
import time

from ringwall import __version__
from ringwall.domain.errors import IncompleteSignature
from ringwall.sigv4.sign import sign

from .answer import UnreadableAnswer, decode, decode_fault
from .credentials import find_credentials
from .endpoints import checked_region, find_endpoint
from .errors import ClientError, NoAnswer, NoCredentials, ServiceFault, SettingsFault, Unreachable
from .proxies import find_proxy
from .query import body, encode, new_token
from .retries import Retries, is_throttling
from .transport import Reply, Way, exchange

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from .brake import Brake
    from .credentials import Credentials
    from .settings import Settings

FORM = "application/x-www-form-urlencoded; charset=utf-8"
UNKNOWN_OUTCOMES = frozenset({500, 502, 504})
"""With these statuses, which a gateway may have given as well, nobody knows what became of the request."""
_HIDDEN = frozenset({"authorization", "x-amz-security-token", "proxy-authorization"})


class Answer:
    """What an operation answered. value: by botocore's member names, without the request id; headers: in lower case."""

    def __init__(self, status: int, headers: dict[str, str], value: dict[str, Any]) -> None:
        self.status = status
        self.headers = headers
        self.value = value


class Client:
    """A service as these settings reach it. Everything that can be wrong with them is found when it is made.

    credentials: None finds those of the settings.
    is_lost_retried: whether a request goes out again when the answer to it was lost, as AWS tools do; without it
        NoAnswer.was_sent tells that it may have been done.
    agent: what User-Agent says beside ringwall's version. wait, random, now: clock and chance.

    Raises:
        SettingsFault: there is no region, the credentials are there in part, or the endpoint is no URL.
    """

    def __init__(
        self,
        settings: Settings,
        service: str = "ec2",
        *,
        credentials: Credentials | None = None,
        is_lost_retried: bool = True,
        agent: str = "",
        wait: Callable[[float], object] = time.sleep,
        random: Callable[[], float] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        checked_region(settings)
        self.service = service
        self.credentials = credentials or (find_credentials(settings) if settings.is_signed else None)
        self.retries = Retries(settings.retry_mode, settings.attempts, random or _random)
        self.endpoint = find_endpoint(settings, service)
        proxy = find_proxy(self.endpoint.scheme, self.endpoint.netloc, settings.environ)
        self._way = Way(settings.verify, proxy, settings.connect_seconds, settings.read_seconds)
        self._settings = settings
        self._is_lost_retried = is_lost_retried
        self._agent = f"ringwall/{__version__} {agent}".rstrip()
        self._wait, self._now = wait, now
        self._brake = _brake(now, wait) if self.retries.mode == "adaptive" else None

    def call(self, operation: str, parameters: Mapping[str, Any], *, iso_timestamps: bool = False) -> Answer:
        """What an operation of EC2 answers; it is tried again as the settings say.

        Raises:
            ServiceFault: it was refused.
            NoAnswer: no answer came that can be read.
            SettingsFault: there are no credentials to sign with.
        """
        content = body(encode(operation, dict(parameters)))
        headers = {"Content-Type": FORM}
        invocation = new_token()
        attempt = 1
        while True:
            sdk = f"attempt={attempt}" if attempt == 1 else f"attempt={attempt}; max={self.retries.attempts}"
            unsigned = [("amz-sdk-invocation-id", invocation), ("amz-sdk-request", sdk)]
            if self._brake is not None:
                self._brake.before()
            try:
                reply = self.exchange("POST", self.endpoint.path, self.endpoint.query, headers, content, unsigned)
                value = _value(operation, reply, iso_timestamps)
            except (ServiceFault, Unreachable) as error:
                if self._brake is not None:
                    self._brake.after(is_throttled=is_throttling(error))
                seconds = self.retries.delay(attempt, error) if self._may_go_again(error) else None
                if seconds is None:
                    raise self._last(error, attempt) from error
                self._trace(f"attempt {attempt} failed ({error}), the next one comes in {seconds:.1f} s")
                self._wait(seconds)
                attempt += 1
            else:
                if self._brake is not None:
                    self._brake.after(is_throttled=False)
                self.retries.succeeded(attempt)
                return Answer(reply.status, reply.headers, value)

    def exchange(
        self,
        method: str,
        path: str,
        query: str,
        headers: Mapping[str, str],
        content: bytes,
        unsigned: list[tuple[str, str]] | None = None,
        service: str | None = None,
    ) -> Reply:
        """The answer to one request, signed, whatever its status; tried once.

        path, query: percent-encoded. unsigned: headers that the signature leaves out. service: the one to sign for.

        Raises:
            Unreachable, SettingsFault.
        """
        sent = [*headers.items(), ("User-Agent", self._agent)]
        if self._settings.is_signed:
            sent += self._signature(method, path, query, headers, content, service or self.service)
        sent += unsigned or []
        target = f"{path}?{query}" if query else path
        self._trace(f"{method} {target} to {self.endpoint.url}: {_shown(sent)} {content!r}")
        reply = exchange(self.endpoint, self._way, method, target, sent, content)
        self._trace(f"{reply.status} {reply.reason}: {reply.headers} {reply.body!r}")
        return reply

    def _signature(
        self, method: str, path: str, query: str, headers: Mapping[str, str], content: bytes, service: str
    ) -> list[tuple[str, str]]:
        """The headers that prove who asks."""
        key = self.credentials
        if key is None:
            raise NoCredentials
        token = {"X-Amz-Security-Token": key.token} if key.token else {}
        try:
            signed = sign(
                method, self.endpoint.authority, path, query, {**headers, **token}, content,
                key.access_key_id, key.secret, self.endpoint.region, service, self._now(),
            )  # fmt: skip
        except (IncompleteSignature, UnicodeEncodeError) as error:
            raise SettingsFault(f"Invalid endpoint: {self.endpoint.url}") from error
        return [("X-Amz-Date", signed["x-amz-date"]), *token.items(), ("Authorization", signed["authorization"])]

    def _may_go_again(self, error: ClientError) -> bool:
        if self._is_lost_retried:
            return True
        if isinstance(error, ServiceFault):
            return error.status not in UNKNOWN_OUTCOMES
        return not (isinstance(error, NoAnswer) and error.was_sent)

    def _last(self, error: ServiceFault | Unreachable, attempt: int) -> ClientError:
        if not isinstance(error, ServiceFault):
            return error
        retried = attempt - 1 if self.retries.is_at_end(attempt, error) else None
        return ServiceFault(error.code, error.message, error.operation, error.status, error.headers, retried)

    def _trace(self, text: str) -> None:
        if self._settings.is_debug:
            sys.stderr.write(f"DEBUG {text}\n")


def _value(operation: str, reply: Reply, iso_timestamps: bool) -> dict[str, Any]:
    try:
        if reply.status < 300:
            return decode(operation, reply.body, iso_timestamps=iso_timestamps)
        code, message = decode_fault(reply.body, reply.status)
    except UnreadableAnswer as error:
        raise NoAnswer(str(error), was_sent=True, reason=error) from error
    raise ServiceFault(code, message, operation, reply.status, reply.headers, None)


def _shown(headers: list[tuple[str, str]]) -> str:
    return ", ".join(f"{name}: {'…' if name.lower() in _HIDDEN else value}" for name, value in headers)


def _brake(now: Callable[[], float], wait: Callable[[float], object]) -> Brake:
    from .brake import Brake  # few ask for that mode

    return Brake(now, wait)


def _random() -> float:
    from random import random  # most calls are answered at once

    return random()
