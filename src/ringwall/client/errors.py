"""Why a call couldn't be made, or wasn't answered as it should be; texts and exit codes are aws CLI version 2's."""

from __future__ import annotations

CONFIGURATION = 253
"""The exit status for settings without which nothing can be sent: no region, no credentials."""
SERVICE = 254
"""The exit status for a refusal by the service."""
GENERAL = 255
"""The exit status for all else."""


class ClientError(Exception):
    """What ends a call. exit_status: of a program whose one call it was."""

    exit_status = GENERAL


class SettingsFault(ClientError):
    """Settings, credentials or an endpoint that can't be used; nothing was sent."""

    def __init__(self, text: str, exit_status: int = GENERAL) -> None:
        super().__init__(text)
        self.exit_status = exit_status


class NoRegion(SettingsFault):
    """Nothing says which region is meant."""

    def __init__(self) -> None:
        super().__init__(
            'You must specify a region. You can also configure your region by running "aws configure".', CONFIGURATION
        )


class NoCredentials(SettingsFault):
    """Nothing says with which key to sign."""

    def __init__(self) -> None:
        super().__init__(
            'Unable to locate credentials. You can configure credentials by running "aws configure".', CONFIGURATION
        )


class NoAnswer(ClientError):
    """No answer that can be read.

    was_sent: whether any of the request went out, so that the service may have done what was asked.
    reason: what the system said, for programs with sentences of their own; None where there is nothing more to say.
    """

    def __init__(self, text: str, *, was_sent: bool, reason: Exception | str | None = None) -> None:
        super().__init__(text)
        self.was_sent = was_sent
        self.reason = reason


class Unreachable(NoAnswer):
    """No connection; or it was lost, or silent for too long: what a further attempt may mend.

    is_timeout: it was silent. is_general: none of the faults that the legacy mode of retries knows.
    """

    def __init__(
        self,
        text: str,
        *,
        was_sent: bool,
        reason: Exception | str | None = None,
        is_timeout: bool = False,
        is_general: bool = False,
    ) -> None:
        super().__init__(text, was_sent=was_sent, reason=reason)
        self.is_timeout = is_timeout
        self.is_general = is_general


class ServiceFault(ClientError):
    """A refusal. retried: how often it was tried again, where that was as often as it may be; else None."""

    exit_status = SERVICE

    def __init__(
        self, code: str, message: str, operation: str, status: int, headers: dict[str, str], retried: int | None
    ) -> None:
        times = "" if retried is None else f" (reached max retries: {retried})"
        super().__init__(f"An error occurred ({code}) when calling the {operation} operation{times}: {message}")
        self.code = code
        self.message = message
        self.operation = operation
        self.status = status
        self.headers = headers
        self.retried = retried
