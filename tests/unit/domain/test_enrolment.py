"""The enrolment token's text."""

from __future__ import annotations

import pytest

from ringwall.domain.enrolment import EnrolmentToken, MalformedToken, hash_of, parse_token

SECRET = "AbC-_" + "x" * 38


@pytest.mark.parametrize("certificate_sha256", [None, "0123456789abcdef" * 4])
def test_a_token_is_read_as_it_was_written(certificate_sha256: str | None) -> None:
    token = EnrolmentToken(SECRET, certificate_sha256)
    assert parse_token(str(token)) == token
    assert parse_token(f" {token}\n") == token


@pytest.mark.parametrize(
    "text",
    ["", "rw1", f"rw1.{SECRET}", f"rw2.{SECRET}.-", f"rw1.{SECRET}x.-", f"rw1.{SECRET}.", f"rw1.{SECRET}.{'A' * 64}",
     f"rw1.{SECRET}.-.-", f"rw1.{SECRET}.-\nrw1.{SECRET}.-", f"rw1.{SECRET[:-1]}é.-"],
)  # fmt: skip
def test_what_is_no_token_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(MalformedToken) as refused:
        parse_token(text)
    assert SECRET not in str(refused.value)


def test_the_secret_stays_out_of_logs_and_its_hash_is_sha_256() -> None:
    assert SECRET not in repr(EnrolmentToken(SECRET, None))
    assert hash_of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
