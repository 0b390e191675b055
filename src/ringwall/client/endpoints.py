"""Where a service is asked: the endpoint that somebody has named, else Amazon's for the region.

Source: EC2's endpoint rule set and the table of partitions in botocore, to which tests hold every region's names.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from .errors import NoRegion, SettingsFault

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .settings import Settings

_REGION = re.compile(r"(?![0-9]+$)(?!-)[a-zA-Z0-9-]{0,63}(?<!-)")
_HOST = re.compile(r"((?!-)[A-Z\d-]{1,63}(?<!-)\.)*((?!-)[A-Z\d-]{1,63}(?<!-))\.?", re.IGNORECASE | re.ASCII)
_IPV6 = re.compile(r"[0-9a-fA-F:.]*:[0-9a-fA-F:.]*(%[0-9A-Za-z._~-]+)?")
_PRINTABLE = re.compile(r"[!-~]*")


class Endpoint:
    """A URL, taken apart. region: the one to sign for. path: begins with a slash. query: as it stands, without `?`."""

    def __init__(self, url: str, region: str) -> None:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise SettingsFault(str(error)) from error
        known = parts.scheme in ("http", "https") and len(host) <= 255
        if not known or not _PRINTABLE.fullmatch(url) or not (_HOST.fullmatch(host) or _IPV6.fullmatch(host)):
            raise SettingsFault(f"Invalid endpoint: {url}")
        self.scheme, self.host, self.region = parts.scheme, host, region
        self.path, self.query = parts.path or "/", parts.query
        self.port = port or (443 if self.scheme == "https" else 80)
        own = (self.scheme, self.port) in (("http", 80), ("https", 443))
        name = f"[{host}]" if ":" in host else host
        self.authority = name if own else f"{name}:{self.port}"
        """As the Host header has it."""
        self.netloc = parts.netloc
        self.url = f"{parts.scheme}://{parts.netloc}{self.path}{'?' if self.query else ''}{self.query}"
        """As aws CLI shows it."""


def find_endpoint(settings: Settings, service: str) -> Endpoint:
    """The endpoint of a service, such as `ec2`, that these settings mean.

    Raises:
        NoRegion: nothing says which region is meant; with an endpoint of one's own, too: it is signed for.
        SettingsFault: it is no region, or no URL.
    """
    region = checked_region(settings)
    if region is None:
        raise NoRegion
    plain = region.replace("fips-", "").replace("-fips", "")
    url = settings.endpoint_url(service)
    if url is None:
        is_fips = plain != region or settings.is_on("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint")
        is_dual = settings.is_on("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")
        url = amazons_url(service, plain, is_fips=is_fips, is_dual_stack=is_dual)
    return Endpoint(url, plain)


def checked_region(settings: Settings) -> str | None:
    """The region that is meant; None where nothing says it.

    Raises:
        SettingsFault: it can't be part of a host's name.
    """
    if settings.region is not None and not _REGION.fullmatch(settings.region):
        raise SettingsFault(f"Provided region_name '{settings.region}' doesn't match a supported format.")
    return settings.region


def amazons_url(service: str, region: str, *, is_fips: bool = False, is_dual_stack: bool = False) -> str:
    """The URL of Amazon's endpoint of a region.

    Raises:
        SettingsFault: the region's partition has no such endpoints.
    """
    from .partitions import PARTITIONS

    partition = next(
        (each for each in PARTITIONS if region in each[2] or re.match(each[1], region)),
        PARTITIONS[0],
    )
    name, _, _, suffix, dual_suffix, single_stack = partition
    if is_dual_stack and region in single_stack:
        variants = ["dualstack", "fips"] if is_fips else ["dualstack"]
        raise SettingsFault(f"Unable to construct a modeled endpoint with the following variant(s) {variants}: ")
    # GovCloud's ordinary endpoints are FIPS endpoints.
    marked = is_fips and (is_dual_stack or name != "aws-us-gov")
    return f"https://{service}{'-fips' if marked else ''}.{region}.{dual_suffix if is_dual_stack else suffix}"
