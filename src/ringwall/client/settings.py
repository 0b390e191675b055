"""How calls are to be made, as AWS tools are told it: options first, then the environment, then the profile's files.

    --region eu-west-1   >   AWS_REGION, AWS_DEFAULT_REGION   >   [profile prod] region = …   >   default

Names and order are aws CLI version 2's. Where version 1 differs: it takes AWS_DEFAULT_PROFILE before AWS_PROFILE,
doesn't read AWS_REGION, and tries 5 times (legacy) where version 2 tries 3 times (standard).

Source: aws CLI's and botocore's documentation of their variables; held by tests to botocore with the same files.
"""

from __future__ import annotations

import os

from . import ini
from .errors import SettingsFault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

TIMEOUT_SECONDS = 60
"""For connecting, and for each silence of the server, unless other ones are given."""
ATTEMPTS = {"legacy": 5, "standard": 3, "adaptive": 3}
"""How often a call is made at most, by the mode of retries."""


class Settings:
    """How calls are to be made.

    profile: None where none was named, which is `default`, if there is one. region: None where nothing says it.
    connect_seconds, read_seconds: None waits for ever. verify: True, False, or where certificates to trust in are.
    scoped: the profile's values, those of the credentials file over those of config.
    """

    def __init__(self, options: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        self.options = options
        self.environ = environ
        self.profile: str | None = options.get("profile") or _first(environ, "AWS_PROFILE", "AWS_DEFAULT_PROFILE")
        self.config_file = environ.get("AWS_CONFIG_FILE", "~/.aws/config")
        self.credentials_file = environ.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")
        config, keys = self.read(self.config_file), self.read(self.credentials_file) or {}
        kinds = ini.profiles(config or {})
        self.in_config = kinds["profiles"].get(self.profile or "default", {})
        self.in_credentials = keys.get(self.profile or "default", {})
        self._services = kinds["services"]
        if self.profile is not None and self.profile not in kinds["profiles"] and self.profile not in keys:
            raise SettingsFault(f"The config profile ({self.profile}) could not be found")
        self.scoped: Mapping[str, Any] = {**self.in_config, **self.in_credentials}

        given = options.get("region")  # an empty one, such as an unset variable's, isn't replaced by another region
        self.region: str | None = (
            self.value("AWS_REGION", "AWS_DEFAULT_REGION", config="region") if given is None else given
        )
        self.output = str(options.get("output") or self.value("AWS_DEFAULT_OUTPUT", config="output") or "json")
        self.pager = _first(environ, "AWS_PAGER") if "AWS_PAGER" in environ else self.scoped.get("cli_pager")
        if self.pager is None:
            self.pager = environ.get("PAGER", "less")
        self.is_signed = not options.get("no_sign_request")
        self.connect_seconds = _seconds(options.get("cli_connect_timeout"))
        self.read_seconds = _seconds(options.get("cli_read_timeout"))
        self.verify = self._verify()
        self.is_debug = bool(options.get("debug"))

    def value(self, *variables: str, config: str) -> str | None:
        """The first of these variables that is set, else the profile's value of that name."""
        found = _first(self.environ, *variables)
        if found is None:
            value = self.scoped.get(config)
            return value if isinstance(value, str) else None
        return found

    def is_on(self, variable: str, config: str) -> bool:
        """Whether a setting says `true`."""
        return (self.value(variable, config=config) or "").lower() == "true"

    @property
    def retry_mode(self) -> str:
        """`legacy`, `standard` or `adaptive`.

        Raises:
            SettingsFault: it is none of them.
        """
        mode = self.value("AWS_RETRY_MODE", config="retry_mode")
        if mode is None:
            return "standard"
        if mode not in ATTEMPTS:
            raise SettingsFault(f'Invalid value provided to "mode": "{mode}" must be one of: {tuple(ATTEMPTS)}')
        return mode

    @property
    def attempts(self) -> int:
        """How often a call is made at most.

        Raises:
            SettingsFault: it is no number, or 0.
        """
        text = self.value("AWS_MAX_ATTEMPTS", config="max_attempts")
        if text is None:
            return ATTEMPTS[self.retry_mode]
        try:
            count = int(text)
        except ValueError as error:
            raise SettingsFault(str(error)) from error
        if count < 1:
            raise SettingsFault(
                f'Value provided to "max_attempts": {count} must be an integer greater than or equal to 1.'
            )
        return count

    def endpoint_url(self, service: str) -> str | None:
        """The endpoint that somebody has named for a service, such as `ec2`; None where it is Amazon's.

        Raises:
            SettingsFault: the profile names a section of services that isn't there.
        """
        given: str | None = self.options.get("endpoint_url")
        if given is not None:
            return given
        if self.is_on("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls"):
            return None
        for variable in ("_".join(("AWS_ENDPOINT_URL", service.upper())), "AWS_ENDPOINT_URL"):
            if self.environ.get(variable):
                return self.environ[variable]
        of_service = self._services_of_profile().get(service)
        if isinstance(of_service, dict) and of_service.get("endpoint_url"):
            return of_service["endpoint_url"]
        url = self.scoped.get("endpoint_url")
        return url if isinstance(url, str) and url else None

    def read(self, path: str) -> dict[str, ini.Section] | None:
        """The sections of a file; None where there is none.

        Raises:
            SettingsFault: it can't be understood.
        """
        try:
            return ini.read(path, self.environ)
        except ini.Malformed as error:
            shown = os.path.expanduser(os.path.expandvars(path))  # noqa: PTH111
            raise SettingsFault(f"Unable to parse config file: {shown}") from error

    def _services_of_profile(self) -> ini.Section:
        name = self.scoped.get("services")
        if name is None:
            return {}
        section = self._services.get(name) if isinstance(name, str) else None
        if not section:
            raise SettingsFault(
                f'The profile is configured to use the services section but the "{name}" services configuration '
                f"does not exist."
            )
        return section

    def _verify(self) -> bool | str:
        if self.options.get("no_verify_ssl"):
            return False
        given = self.options.get("ca_bundle") or self.value("AWS_CA_BUNDLE", config="ca_bundle")
        return given or self.environ.get("REQUESTS_CA_BUNDLE") or True


def read_settings(options: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings that these options, this environment and the files that it names mean.

    options: by their names with underscores (`endpoint_url`, `profile`, `region`, `output`, `no_sign_request`,
        `cli_connect_timeout`, `cli_read_timeout`, `ca_bundle`, `no_verify_ssl`, `debug`), as far as they were given.

    Raises:
        SettingsFault: the profile isn't there, or a file can't be understood.
    """
    return Settings(options, environ)


def _first(environ: Mapping[str, str], *variables: str) -> str | None:
    return next((environ[variable] for variable in variables if variable in environ), None)


def _seconds(given: float | str | None) -> float | None:
    seconds = TIMEOUT_SECONDS if given is None else int(given)
    return seconds or None
