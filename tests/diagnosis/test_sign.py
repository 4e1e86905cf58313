from __future__ import annotations

from outwait.diagnosis.causes import DNS, GATEWAY_TIMEOUT, RATE
from outwait.diagnosis.fold import fold
from outwait.diagnosis.sign import Sign, signs


def found(text: str, status: int | None = None) -> list[Sign]:
    folded = fold(text)
    return signs(folded, folded.text, status)


def test_words_are_quoted_as_they_stand() -> None:
    best = max(found("Error: getaddrinfo ENOTFOUND api.example.net"), key=lambda sign: sign.weight)
    assert (best.cause, best.quote, best.status) == (DNS, "ENOTFOUND", 0)
    assert best.source.startswith("https://")


def test_quotes_and_colons_between_words_cost_a_little() -> None:
    plain, dressed = (max(found(text), key=lambda sign: sign.weight) for text in ("no such host", "No such: `host`"))
    assert (dressed.cause, dressed.quote) == (plain.cause, "No such: `host")
    assert dressed.weight == plain.weight - 1


def test_long_quotes_are_cut() -> None:
    text = "dial tcp " + "x" * 190 + " i/o timeout"
    assert max(len(sign.quote) for sign in found(text)) <= 240


def test_a_status_counts_once_whether_named_or_given() -> None:
    assert [sign.cause for sign in found("x", 429)] == [RATE]
    assert [sign.status for sign in found("status code 429", 429) if sign.status] == [429]
    assert {sign.status for sign in found("status code 429", 504)} >= {429, 504}
    assert any(sign.cause == GATEWAY_TIMEOUT for sign in found("", 504))
    assert found("", 200) == found("", None) == []
