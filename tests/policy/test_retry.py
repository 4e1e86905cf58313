"""The class of every failure, by the evidence of FACTS 2.1, and what is allowed to follow."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.fault import FAULTS, Fault, RetryClass, Side, Stage, UpstreamError, fault
from outwait.policy.retry import (
    CODES,
    HEARSAY,
    QUICK,
    Teller,
    classify,
    hearsay,
    permanent,
    permitted,
    should_retry,
    throttled,
    unspeakable,
)

SAFE, AMBIGUOUS, COMMITTED, FINAL = RetryClass.SAFE, RetryClass.AMBIGUOUS, RetryClass.COMMITTED, RetryClass.FINAL


def _error(status: int) -> UpstreamError:
    return UpstreamError(status, "application/json", b"{}")


@pytest.mark.parametrize(
    "code, stage, expected",
    [
        ("upstream_dns", Stage.CONNECTING, SAFE),
        ("upstream_connect", Stage.CONNECTING, SAFE),
        ("upstream_tls", Stage.CONNECTING, SAFE),
        ("connect_timeout", Stage.CONNECTING, SAFE),
        ("queue_timeout", Stage.QUEUED, SAFE),
        ("upstream_reset", Stage.CONNECTING, SAFE),
        ("upstream_reset", Stage.SENDING, SAFE),
        ("write_timeout", Stage.SENDING, SAFE),
        ("upstream_reset", Stage.SENT, AMBIGUOUS),
        ("first_byte_timeout", Stage.SENT, AMBIGUOUS),
        ("upstream_bad_response", Stage.SENT, AMBIGUOUS),
        ("first_token_timeout", Stage.HEAD, AMBIGUOUS),
        ("upstream_truncated", Stage.HEAD, AMBIGUOUS),
        ("upstream_empty", Stage.HEAD, AMBIGUOUS),
        ("idle_timeout", Stage.CONTENT, AMBIGUOUS),
        ("total_timeout", Stage.CONNECTING, SAFE),
        ("total_timeout", Stage.SENT, AMBIGUOUS),
        ("cancelled", Stage.SENT, AMBIGUOUS),
        ("upstream_auth", Stage.HEAD, SAFE),
        ("upstream_quota", Stage.HEAD, SAFE),
        ("total_timeout", None, AMBIGUOUS),
        ("internal_error", None, AMBIGUOUS),
        ("invalid_json", None, FINAL),
        ("insufficient_quota", None, FINAL),
        ("rate_limited", None, SAFE),
        ("gateway_draining", None, SAFE),
        ("no_healthy_channel", None, SAFE),
    ],
)
def test_by_code_and_stage(code: str, stage: Stage | None, expected: RetryClass) -> None:
    assert classify(fault(code, stage=stage)) is expected


@pytest.mark.parametrize(
    "status, cause, expected",
    [
        (429, "rate_limited", SAFE),
        (429, "quota_exhausted", SAFE),
        (529, "overloaded", SAFE),
        (521, "upstream_error", SAFE),
        (522, "upstream_error", SAFE),
        (523, "upstream_error", SAFE),
        (401, "auth_failed", SAFE),
        (402, "quota_exhausted", SAFE),
        (403, "permission_denied", SAFE),
        (403, "content_filtered", FINAL),
        (404, "model_not_found", SAFE),
        (404, "bad_request", SAFE),
        (407, "proxy_misconfigured", SAFE),
        (400, "bad_request", FINAL),
        (400, "upstream_error", FINAL),
        (400, "quota_exhausted", SAFE),
        (400, "context_too_long", FINAL),
        (413, "rate_limited", SAFE),
        (413, "upstream_error", FINAL),
        (422, "bad_request", FINAL),
        (418, "upstream_error", FINAL),
        (408, "upstream_error", AMBIGUOUS),
        (409, "upstream_error", AMBIGUOUS),
        (424, "upstream_error", AMBIGUOUS),
        (500, "overloaded", AMBIGUOUS),
        (500, "upstream_error", AMBIGUOUS),
        (502, "upstream_error", AMBIGUOUS),
        (503, "overloaded", AMBIGUOUS),
        (504, "gateway_timeout_upstream", AMBIGUOUS),
        (520, "upstream_error", AMBIGUOUS),
        (524, "upstream_error", AMBIGUOUS),
        (200, "upstream_error", AMBIGUOUS),
        (200, "overloaded", SAFE),
        (200, "rate_limited", SAFE),
        (307, "bad_response", SAFE),
    ],
)
def test_by_the_upstreams_status(status: int, cause: str, expected: RetryClass) -> None:
    failed = fault("upstream_error", cause=cause, stage=Stage.HEAD, upstream=_error(status))
    assert classify(failed) is expected


def test_503_with_retry_after_was_refused_before_work() -> None:
    assert classify(fault("upstream_error", upstream=_error(503), retry_after=2)) is SAFE


@pytest.mark.parametrize("hint", ["stale", "unstreamable"])
def test_remarks_of_the_wire(hint: str) -> None:
    assert classify(fault("upstream_error", stage=Stage.SENT, hint=hint, upstream=_error(400))) is SAFE


FAILURES = st.builds(
    fault,
    st.sampled_from(sorted(FAULTS)),
    stage=st.none() | st.sampled_from(Stage),
    upstream=st.none() | st.builds(_error, st.integers(200, 599)),
    cause=st.sampled_from(sorted({kind.cause for kind in FAULTS.values()})),
    retry_after=st.none() | st.floats(0, 100),
    hint=st.sampled_from([None, "stale", "unstreamable", "other"]),
)


@given(FAILURES.filter(lambda failed: failed.hint is None))
def test_hearsay_is_never_safe_and_changes_nothing_else(failed: Fault) -> None:
    heard = replace(failed, hint=HEARSAY)
    known = classify(failed)
    assert classify(heard) is (AMBIGUOUS if known is SAFE else known)
    assert not should_retry(heard, classify(heard))


def test_hearsay_says_nothing_lasting_of_the_channel() -> None:
    gone = fault("upstream_error", upstream=_error(404))
    full = fault("upstream_error", upstream=_error(503))
    assert permanent(gone)
    assert throttled(full)
    assert not permanent(replace(gone, hint=HEARSAY))
    assert not throttled(replace(full, hint=HEARSAY))


@pytest.mark.parametrize("teller", [Teller.PROXY, Teller.CLOUDFLARE, Teller.UNKNOWN])
@pytest.mark.parametrize("status", [302, 401, 402, 403, 404, 429])
def test_a_proxys_refusal_is_believed_at_once_and_not_later(teller: Teller, status: int) -> None:
    assert not hearsay(teller, status, 0.02)
    assert not hearsay(teller, status, None)
    assert hearsay(teller, status, QUICK)
    assert hearsay(teller, status, 4.0)
    assert not hearsay(teller, status, -0.1)  # the head came before the request was whole


@pytest.mark.parametrize("status", [500, 502, 503, 504, 521, 522, 529])
def test_a_proxys_5xx_is_hearsay_whenever_it_comes(status: int) -> None:
    for waited in (None, 0.0, 4.0):
        assert hearsay(Teller.PROXY, status, waited)
        assert not hearsay(Teller.UNREACHED, status, waited)
        assert not hearsay(Teller.API, status, waited)
    assert not hearsay(Teller.PROXY, status, -0.1)


def test_of_text_without_a_name_the_time_decides() -> None:
    assert not hearsay(Teller.UNKNOWN, 503, 0.1)
    assert hearsay(Teller.UNKNOWN, 503, 4.0)


@pytest.mark.parametrize(
    "status, waited, doubted",
    [(521, 90.0, False), (523, 4.0, False), (525, 4.0, False), (526, 4.0, False), (530, 4.0, False),
     (522, 19.5, False), (522, 90.0, True), (522, None, False), (524, 1.0, True), (520, 0.1, True), (503, 0.1, True)],
)  # fmt: skip
def test_cloudflares_numbers_for_an_origin_it_did_not_reach(status: int, waited: float | None, doubted: bool) -> None:
    assert hearsay(Teller.CLOUDFLARE, status, waited) is doubted


def test_who_wants_a_login_passed_nothing_on() -> None:
    assert not any(hearsay(teller, 407, 60.0) for teller in Teller)
    wants = fault("upstream_error", cause="proxy_misconfigured", upstream=_error(407))
    assert classify(wants) is SAFE  # for another channel
    assert not should_retry(wants, SAFE)


@given(st.sampled_from(Teller), st.integers(201, 599), st.floats(QUICK, 4000))
def test_after_a_silence_only_a_provider_is_believed(teller: Teller, status: int, waited: float) -> None:
    sure = {
        Teller.API: range(600),
        Teller.UNREACHED: range(600),
        Teller.CLOUDFLARE: (407, 521, 522, 523, 525, 526, 530),
    }
    assert hearsay(teller, status, waited) or status in sure.get(teller, (407,))


@given(FAILURES)
def test_once_committed_nothing_else_counts(failed: object) -> None:
    assert classify(failed, committed=True) is COMMITTED  # type: ignore[arg-type]


@given(st.sampled_from(sorted(FAULTS)), st.sampled_from([Stage.SENT, Stage.HEAD, Stage.CONTENT]))
def test_what_broke_after_the_request_was_whole_is_never_called_safe_by_chance(code: str, stage: Stage) -> None:
    if code not in CODES:
        assert classify(fault(code, stage=stage)) is AMBIGUOUS


@pytest.mark.parametrize(
    "retry_class, changes, allowed, word",
    [
        (SAFE, {}, True, "safe"),
        (SAFE, {"paid": False}, True, "safe"),
        (SAFE, {"attempts": 3}, False, "all 3 attempts"),
        (SAFE, {"active": False}, False, "retry budget is used up"),
        (AMBIGUOUS, {}, True, "may have been charged"),
        (AMBIGUOUS, {"paid": False}, False, "paid retry budget has no room"),
        (AMBIGUOUS, {"active": False}, False, "retry budget is used up"),
        (COMMITTED, {}, False, "already has content"),
        (FINAL, {}, False, "refused"),
    ],
)
def test_permitted(retry_class: RetryClass, changes: dict, allowed: bool, word: str) -> None:
    verdict = permitted(retry_class, **({"attempts": 1, "limit": 3, "active": True, "paid": True} | changes))
    assert verdict.allowed is allowed
    assert word in verdict.reason


def test_sdks_are_told_to_retry_only_what_costs_nothing_and_may_end_differently() -> None:
    assert should_retry(fault("gateway_overloaded"), SAFE)
    assert should_retry(fault("upstream_connect"), SAFE)
    assert not should_retry(fault("upstream_auth"), SAFE)
    assert not should_retry(fault("upstream_quota"), SAFE)
    for retry_class in (AMBIGUOUS, COMMITTED, FINAL):
        assert not should_retry(fault("gateway_overloaded"), retry_class)


@pytest.mark.parametrize("status", [301, 308, 404])
def test_a_redirect_or_a_path_that_is_not_there_stays_so(status: int) -> None:
    gone = fault("upstream_error", upstream=_error(status))
    assert classify(gone) is SAFE  # for another channel
    assert permanent(gone)
    assert not should_retry(gone, SAFE)


@pytest.mark.parametrize("code", ["not_expressible", "not_supported"])
def test_what_a_channels_protocol_cannot_say_it_never_will(code: str) -> None:
    refused = fault(code, stage=Stage.QUEUED)
    assert classify(refused) is RetryClass.SAFE
    assert permanent(refused)
    assert unspeakable(refused)
    assert not unspeakable(fault("upstream_connect"))


def test_what_may_pass_is_not_permanent() -> None:
    assert not permanent(fault("upstream_connect"))
    assert not permanent(fault("upstream_error", upstream=_error(429)))
    assert permanent(fault("upstream_error", cause="model_not_found", upstream=_error(200)))


def test_throttled() -> None:
    assert throttled(fault("upstream_error", upstream=_error(503)))
    assert throttled(fault("upstream_error", cause="overloaded", upstream=_error(200)))
    assert not throttled(fault("upstream_error", upstream=_error(500)))
    assert not throttled(fault("upstream_reset"))


def test_every_code_of_the_table_exists_and_none_of_it_is_the_clients_but_what_may_pass() -> None:
    assert set(CODES) <= set(FAULTS)
    clients = {code for code in CODES if FAULTS[code].side is Side.CLIENT}
    assert clients == {"request_timeout", "rate_limited"}
