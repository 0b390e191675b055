"""The key to sign with: the first that is found on the way that AWS tools go.

    environment  >  role, web identity, SSO  >  credentials file  >  login, credential_process  >  config file
      >  what EC2's first tools and boto left behind  >  a container's

A profile that is named by an option passes over the environment; one that AWS_PROFILE names doesn't. What takes calls
of its own (roles, web identity, SSO, login, containers) botocore does, and it is imported only for that. An instance's
metadata service is asked only by a profile that names it (`credential_source`): aws CLI asks it whenever it finds
nothing else, which on any other machine is a second's wait for an address that isn't there.
"""

from __future__ import annotations

import os

from .errors import CONFIGURATION, SettingsFault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .settings import Settings

_EXPIRED = "Credentials were refreshed, but the refreshed credentials are still expired."


class Credentials:
    """A key. token: the session's, of temporary credentials. source: where they were found, in botocore's word."""

    def __init__(self, access_key_id: str, secret: str, token: str | None, source: str) -> None:
        self.access_key_id = access_key_id
        self.secret = secret
        self.token = token
        self.source = source


def find_credentials(settings: Settings) -> Credentials | None:
    """The credentials that these settings mean; None where there are none.

    Raises:
        SettingsFault: they are there in part, have expired, or the way to them fails.
    """
    environ = settings.environ
    by_environment = not settings.options.get("profile")
    if by_environment and environ.get("AWS_ACCESS_KEY_ID"):
        return _from_environment(environ)
    if way := _way_of_botocore(settings, by_environment):
        return _through_botocore(settings, way)
    if "aws_access_key_id" in settings.in_credentials:
        return _from_section(settings.in_credentials, "shared-credentials-file")
    if "login_session" in settings.scoped:
        return _through_botocore(settings, "signs in by a console session (login_session)")
    if "credential_process" in settings.scoped:
        return _from_process(str(settings.scoped["credential_process"]))
    if "aws_access_key_id" in settings.in_config:
        return _from_section(settings.in_config, "config-file")
    if (old := _from_old_files(settings)) is not None:
        return old
    if "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI" in environ or "AWS_CONTAINER_CREDENTIALS_FULL_URI" in environ:
        return _through_botocore(settings, "gets its key from the container's service")
    return None


def _from_environment(environ: Mapping[str, str]) -> Credentials:
    secret = environ.get("AWS_SECRET_ACCESS_KEY")
    if not secret:
        raise SettingsFault("Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY")
    _check_time(environ.get("AWS_CREDENTIAL_EXPIRATION"))
    token = environ.get("AWS_SECURITY_TOKEN") or environ.get("AWS_SESSION_TOKEN") or None
    return Credentials(environ["AWS_ACCESS_KEY_ID"], secret, token, "env")


def _from_section(section: Mapping[str, Any], source: str) -> Credentials:
    if "aws_secret_access_key" not in section:
        raise SettingsFault(f"Partial credentials found in {source}, missing: aws_secret_access_key")
    token = section.get("aws_security_token", section.get("aws_session_token"))
    return Credentials(section["aws_access_key_id"], section["aws_secret_access_key"], token, source)


def _from_process(command: str) -> Credentials:
    """What a program of the user's prints: JSON of version 1."""
    import json
    import shlex
    import subprocess

    source = "custom-process"
    try:
        ran = subprocess.run(shlex.split(command), capture_output=True, check=False)
        if ran.returncode != 0:
            raise _failed(source, ran.stderr.decode("utf-8", "replace"))
        told = json.loads(ran.stdout.decode("utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsFault(str(error)) from error
    version = told.get("Version", "<Version key not provided>") if isinstance(told, dict) else told
    if not isinstance(told, dict) or version != 1:
        raise _failed(source, f"Unsupported version '{version}' for credential process provider, supported versions: 1")
    for name in ("AccessKeyId", "SecretAccessKey"):
        if name not in told:
            raise _failed(source, f"Missing required key in response: '{name}'")
    _check_time(told.get("Expiration"))
    return Credentials(told["AccessKeyId"], told["SecretAccessKey"], told.get("SessionToken"), source)


def _from_old_files(settings: Settings) -> Credentials | None:
    """AWS_CREDENTIAL_FILE of EC2's first tools, or boto's configuration."""
    environ = settings.environ
    if "AWS_CREDENTIAL_FILE" in environ:
        path = os.path.expanduser(environ["AWS_CREDENTIAL_FILE"])  # noqa: PTH111
        try:
            with open(path, encoding="utf-8") as file:  # noqa: PTH123
                pairs = dict(line.strip().split("=", 1) for line in file.read().splitlines() if line.strip())
        except (OSError, ValueError) as error:
            raise SettingsFault(str(error)) from error
        old = {name.strip(): value.strip() for name, value in pairs.items()}
        if "AWSAccessKeyId" in old:
            if "AWSSecretKey" not in old:
                raise SettingsFault("'AWSSecretKey'")
            return Credentials(old["AWSAccessKeyId"], old["AWSSecretKey"], None, "ec2-credentials-file")
    for place in (environ["BOTO_CONFIG"],) if "BOTO_CONFIG" in environ else ("/etc/boto.cfg", "~/.boto"):
        section = (settings.read(place) or {}).get("Credentials", {})
        if "aws_access_key_id" in section:
            return _from_section({**section, "aws_security_token": None}, "boto-config")
    return None


def _way_of_botocore(settings: Settings, by_environment: bool) -> str:
    """What the profile asks for that takes calls of its own, as a sentence goes on about it; empty for nothing."""
    profile, environ = settings.scoped, settings.environ
    if "role_arn" in profile and "web_identity_token_file" not in profile:
        return "takes on a role (role_arn)"
    if (by_environment and environ.get("AWS_WEB_IDENTITY_TOKEN_FILE")) or profile.get("web_identity_token_file"):
        return "takes on a role by a web identity"
    if "sso_role_name" in profile or "sso_account_id" in profile:
        return "signs in by SSO"
    return ""


def _through_botocore(settings: Settings, way: str) -> Credentials:
    """What botocore makes of these settings, its answers from STS and SSO kept where aws CLI keeps them."""
    try:
        import botocore.exceptions
        import botocore.session
        from botocore.utils import JSONFileCache
    except ImportError as error:
        raise SettingsFault(
            f"Profile {settings.profile or 'default'} {way}, which botocore does: install ringwall[aws].", CONFIGURATION
        ) from error
    session = botocore.session.Session(
        {
            "profile": (None, ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"], None, None),
            "region": ("region", ["AWS_REGION", "AWS_DEFAULT_REGION"], None, None),
        }
    )
    for name in ("profile", "region"):
        if settings.options.get(name):
            session.set_config_variable(name, settings.options[name])
    try:
        chain = session.get_component("credential_provider")
        for provider in ("assume-role", "assume-role-with-web-identity", "sso"):
            kept = os.path.expanduser("~/.aws/cli/cache")  # noqa: PTH111
            chain.get_provider(provider).cache = JSONFileCache(kept)
        found = chain.load_credentials()
        if found is None:
            return _none(way)
        frozen = found.get_frozen_credentials()
    except (
        botocore.exceptions.BotoCoreError,
        botocore.exceptions.ClientError,
        OSError,
        ValueError,
        RuntimeError,
    ) as error:
        raise SettingsFault(str(error)) from error
    return Credentials(frozen.access_key, frozen.secret_key, frozen.token, found.method)


def _none(way: str) -> Credentials:
    raise SettingsFault(f"The profile {way}, and botocore finds nothing.")


def _check_time(expiration: object) -> None:
    """Refuses credentials whose time, in ISO 8601, is over."""
    if not expiration:
        return
    from datetime import UTC, datetime

    try:
        moment = datetime.fromisoformat(str(expiration))
    except ValueError as error:
        raise SettingsFault(str(error)) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if moment <= datetime.now(UTC):
        raise SettingsFault(_EXPIRED)


def _failed(source: str, why: str) -> SettingsFault:
    return SettingsFault(f"Error when retrieving credentials from {source}: {why}")
