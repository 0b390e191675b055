"""Settings that can't be are refused with what to change."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringwall.config import ConfigurationError, ServerConfig, is_loopback, store_path_from_url


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"host": "0.0.0.0"}, "--tls-cert and --tls-key, or --insecure-http"),
        ({"host": "::"}, "--insecure-http"),
        ({"host": "server.example"}, "--insecure-http"),
        ({"tls_cert": Path("c.pem")}, "give both or neither"),
        ({"tls_key": Path("k.pem")}, "give both or neither"),
        ({"account": "12345"}, "12 digits"),
        ({"account": "１２３４５６７８９０１２"}, "12 digits"),
        ({"port": 65536}, "between 0 and 65535"),
        ({"ephemeral": True}, "can't have --store"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(settings: dict[str, object], text: str) -> None:
    config = ServerConfig(data=Path("d"), store_path=Path("d/ringwall.db"), **settings)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match=text):
        config.check()


def test_plain_http_is_for_loopback_unless_it_is_asked_for() -> None:
    for host in ("127.0.0.1", "127.8.8.8", "::1", "localhost"):
        ServerConfig(data=Path("d"), store_path=None, host=host).check()
        assert is_loopback(host)
    ServerConfig(data=Path("d"), store_path=None, host="0.0.0.0", insecure_http=True).check()
    ServerConfig(data=Path("d"), store_path=None, host="::", tls_cert=Path("c"), tls_key=Path("k")).check()


def test_a_store_url_names_a_file() -> None:
    assert store_path_from_url("sqlite:///var/lib/x.db") == Path("/var/lib/x.db")
    assert store_path_from_url("sqlite:///./x.db") == Path("./x.db")
    for url in ("postgresql://host/db", "x.db", "sqlite://x.db", "sqlite:///", "sqlite:///dir/"):
        with pytest.raises(ConfigurationError):
            store_path_from_url(url)
