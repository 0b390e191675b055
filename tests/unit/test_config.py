"""Settings that can't be are refused with what to change."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from ringwall.cli.main import parser
from ringwall.cli.serve import configuration
from ringwall.config import (
    ConfigurationError,
    ServerConfig,
    is_loopback,
    limit_names,
    quota_of,
    store_path_from_url,
    webhook_url,
)
from ringwall.domain.quota import NO_LIMITS, Quota


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


# --- Quotas ---


def test_every_quota_has_a_name_of_its_own() -> None:
    names = limit_names()
    assert len(set(names.values())) == len(names) == len(dataclasses.fields(Quota))
    assert names["rules-per-group"] == "rules_per_group_max"
    for name, field in names.items():
        assert "_" not in name
        assert quota_of("aws", [f"{name}=7"]) == dataclasses.replace(Quota(), **{field: 7})
        assert quota_of("none", [f"{name}=0"]) == dataclasses.replace(NO_LIMITS, **{field: 0})
        assert getattr(quota_of("aws", [f"{name}=none"]), field) is None


def test_the_last_of_a_name_counts() -> None:
    assert (
        quota_of("aws", ["rules-per-group=1", "rules-per-group=none", "rules-per-group=200"]).rules_per_group_max == 200
    )
    assert quota_of("aws", []) == Quota()
    assert quota_of("none", []) == NO_LIMITS


@pytest.mark.parametrize(
    "limit",
    ["", "=", "=5", "rules=5", "rules_per_group=5", "rules-per-group-max=5", "Rules-Per-Group=5", " rules-per-group=5"],
)
def test_a_quota_that_there_is_not_is_refused_with_those_there_are(limit: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        quota_of("aws", [limit])
    for name in limit_names():
        assert name in str(refusal.value)


@pytest.mark.parametrize(
    "value", ["", "=", "-1", "+1", "1.0", "1e3", "None", "NONE", "unlimited", " 1", "1 ", "1_000", "٣", "1000000000"]
)
def test_a_value_that_is_no_number_is_refused(value: str) -> None:
    with pytest.raises(ConfigurationError, match="a number from 0 to 999999999, or none"):
        quota_of("aws", [f"rules-per-group={value}"])


def test_the_options_of_serve_become_settings() -> None:
    def settings(*options: str) -> ServerConfig:
        return configuration(parser().parse_args(["serve", "--ephemeral", *options]))

    assert settings() == ServerConfig(data=None, store_path=None, ephemeral=True)
    assert settings("--allow-sigv2").allow_sigv2
    changed = settings("--limits", "none", "--limit", "rules-per-group=200", "--limit", "vpcs-per-region=1").quota
    assert changed == dataclasses.replace(NO_LIMITS, rules_per_group_max=200, vpcs_per_region_max=1)
    assert settings("--limit", "rules-per-group=none").quota.groups_per_region_max == 2500


def test_the_webhook_s_url_may_lie_in_a_file_that_nobody_else_reads(tmp_path: Path) -> None:
    assert webhook_url(None) is None
    assert webhook_url("https://collector.example.net/a") == "https://collector.example.net/a"
    file = tmp_path / "url"
    file.write_text("https://collector.example.net/the-secret-path\n")
    file.chmod(0o600)
    assert webhook_url(f"@{file}") == "https://collector.example.net/the-secret-path"
    file.chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600") as caught:
        webhook_url(f"@{file}")
    assert "secret" not in str(caught.value)
    with pytest.raises(ConfigurationError, match="can't be read"):
        webhook_url(f"@{tmp_path / 'absent'}")
