"""Endpoints: the URL and the region that botocore asks and signs for."""

from __future__ import annotations

import importlib.util
import itertools
import re
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from hypothesis import given
from hypothesis import strategies as st

from ringwall.client import partitions
from ringwall.client.endpoints import find_endpoint
from ringwall.client.errors import SettingsFault
from ringwall.client.proxies import find_proxy
from ringwall.client.settings import Settings

ROOT = Path(__file__).parents[3]
NOTHING = {"AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent"}


class Caught(Exception):
    """Ends a call of botocore's before it sends anything."""


@pytest.fixture(scope="module")
def session() -> botocore.session.Session:
    """One for all, as it keeps the models that it has read."""
    made = botocore.session.Session()
    made.set_credentials("AKID", "secret")
    return made


@pytest.fixture(autouse=True)
def nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in NOTHING.items():
        monkeypatch.setenv(name, value)


def botocore_asks(session: Any, region: str | None, url: str | None, fips: bool | None, dual: bool | None) -> Any:
    """The URL it would send to and the region it signs for; the text of its refusal."""
    sent: list[Any] = []

    def catch(request: Any, **_: Any) -> None:
        sent.append(request)
        raise Caught

    config = Config(use_fips_endpoint=fips, use_dualstack_endpoint=dual, retries={"total_max_attempts": 1})
    try:
        client = session.create_client("ec2", region_name=region, endpoint_url=url, config=config)
        client.meta.events.register("before-send", catch)
        client.describe_vpcs()
    except (BotoCoreError, ValueError) as error:
        return str(error)
    except Caught:
        pass
    credential = re.search(rb"Credential=AKID/[0-9]+/([^/]*)/ec2/", sent[0].headers["Authorization"])
    assert credential is not None
    return sent[0].url.partition("#")[0], credential[1].decode()


def we_ask(region: str | None, url: str | None, fips: bool | None, dual: bool | None) -> Any:
    environ = NOTHING | {"AWS_USE_FIPS_ENDPOINT": str(bool(fips)), "AWS_USE_DUALSTACK_ENDPOINT": str(bool(dual))}
    if region is not None:
        environ["AWS_REGION"] = region
    try:
        endpoint = find_endpoint(Settings({"endpoint_url": url}, environ), "ec2")
    except SettingsFault as fault:
        return str(fault).removesuffix(' You can also configure your region by running "aws configure".')
    return endpoint.url, endpoint.region


ODD = ["fips-us-east-1", "us-east-1-fips", "us-gov-west-1-fips", "mars-1", "local", "EU-WEST-1", "us-isob-new-9"]


def test_every_region_has_amazons_name(session: botocore.session.Session) -> None:
    known = session.get_component("data_loader").load_data("partitions")["partitions"]
    of_each = [list(partition["regions"]) for partition in known]
    for region in (None, "", "-x", "x_y", "12", *itertools.chain(*of_each)):
        assert we_ask(region, None, None, None) == botocore_asks(session, region, None, None, None)
    for region in (*ODD, *(region for regions in of_each for region in (regions[0], regions[-1]))):
        for fips, dual in ((True, None), (None, True), (True, True)):
            assert we_ask(region, None, fips, dual) == botocore_asks(session, region, None, fips, dual)


@pytest.mark.parametrize(
    "url",
    [
        "http://h", "http://h/", "https://h:8443", "http://h:80/", "http://h/x", "http://h/x/", "http://[::1]:99/",
        "http://h/x?y=1", "HTTP://Host/", "http://127.0.0.1:4580", "http://h/%41", "http://h#f", "http://a.b.c.:1",
        "h", "http://", "http://h_h/", "http://h:99999", "http://é/", "http://h h/", "http://-h/", "",
    ],
)  # fmt: skip
def test_an_endpoint_of_ones_own_is_taken_as_it_is(session: botocore.session.Session, url: str) -> None:
    for region, fips in itertools.product(("us-east-1", None, "fips-us-west-1"), (None, True)):
        assert we_ask(region, url, fips, None) == botocore_asks(session, region, url, fips, None)


@pytest.mark.parametrize("url", ["ftp://h/", "http://h/a b", "http://h/é"])
def test_what_cant_be_asked_over_http_is_refused_before_anything_is_sent(url: str) -> None:
    assert we_ask("us-east-1", url, None, None) == f"Invalid endpoint: {url}"


def test_the_table_of_partitions_is_current() -> None:
    spec = importlib.util.spec_from_file_location("generate_partitions", ROOT / "scripts/generate_partitions.py")
    assert spec is not None
    assert spec.loader is not None
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    assert Path(partitions.__file__).read_text() == generator.text(), "run make generate"


VALUES = st.sampled_from(["http://proxy:3128", "proxy:3128", "//proxy", "https://u:p@proxy", ""])
HOSTS = st.sampled_from(["h", "a.h", "h:81", "127.0.0.1:4580", "[::1]:99", "xh"])


@given(
    st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "Http_Proxy"), VALUES),
            **dict.fromkeys(
                ("NO_PROXY", "no_proxy"),
                st.sampled_from(["*", "h", ".h", "a.h , xh", "h:81", "127.0.0.1", "H", "", "[::1]", "0.1:4580"]),
            ),
            "REQUEST_METHOD": st.just("GET"),
        },
    ),
    st.sampled_from(["http", "https"]),
    HOSTS,
)
def test_proxies_are_those_of_botocore(environ: dict[str, str], scheme: str, host: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
            patch.delenv(name, raising=False)
            patch.delenv(name.lower(), raising=False)
        for name, value in environ.items():
            patch.setenv(name, value)
        url = f"{scheme}://{host}/"
        configured = botocore.httpsession.ProxyConfiguration(botocore.utils.get_environ_proxies(url))
        assert find_proxy(scheme, host, environ) == (configured.proxy_url_for(url) or None)
