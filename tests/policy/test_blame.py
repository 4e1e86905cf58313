"""Whom each fault accuses: every code of the tree, every status, and the words that outweigh a status."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.fault import FAULTS, Side, Stage, UpstreamError, fault
from outwait.policy.blame import CAUSES, WORDED, Blame, blame

FAILURES = {
    "connect_timeout",
    "write_timeout",
    "first_byte_timeout",
    "first_token_timeout",
    "idle_timeout",
    "upstream_dns",
    "upstream_connect",
    "upstream_tls",
    "upstream_reset",
    "upstream_bad_response",
    "upstream_truncated",
    "upstream_empty",
    "upstream_error",
}
KEYS = {"upstream_auth", "upstream_quota"}


def _said(status: int, cause: str = "upstream_error", side: Side = Side.UPSTREAM) -> Blame:
    answer = UpstreamError(status, "application/json", b"{}")
    return blame(fault("upstream_error", cause=cause, side=side, upstream=answer))


@pytest.mark.parametrize("code", sorted(FAULTS))
def test_every_code(code: str) -> None:
    expected = Blame.FAILURE if code in FAILURES else Blame.KEY if code in KEYS else Blame.NOTHING
    assert blame(fault(code)) is expected


@pytest.mark.parametrize(
    "status, cause, expected",
    [
        (500, "upstream_error", Blame.FAILURE),
        (502, "gateway_timeout_upstream", Blame.FAILURE),
        (503, "overloaded", Blame.FAILURE),
        (529, "overloaded", Blame.FAILURE),
        (503, "model_not_found", Blame.FAILURE),
        (524, "gateway_timeout_upstream", Blame.FAILURE),
        (302, "bad_response", Blame.FAILURE),
        (200, "upstream_error", Blame.FAILURE),
        (200, "overloaded", Blame.FAILURE),
        (200, "model_not_found", Blame.NOTHING),
        (200, "bad_request", Blame.NOTHING),
        (200, "permission_denied", Blame.NOTHING),
        (502, "proxy_misconfigured", Blame.NOTHING),
        (200, "rate_limited", Blame.THROTTLE),
        (500, "rate_limited", Blame.THROTTLE),
        (413, "rate_limited", Blame.THROTTLE),
        (429, "rate_limited", Blame.THROTTLE),
        (429, "overloaded", Blame.THROTTLE),
        (429, "upstream_error", Blame.THROTTLE),
        (498, "overloaded", Blame.THROTTLE),
        (429, "quota_exhausted", Blame.KEY),
        (401, "auth_failed", Blame.KEY),
        (402, "quota_exhausted", Blame.KEY),
        (403, "auth_failed", Blame.KEY),
        (403, "quota_exhausted", Blame.KEY),
        (400, "auth_failed", Blame.NOTHING),
        (400, "quota_exhausted", Blame.NOTHING),
        (200, "auth_failed", Blame.NOTHING),
        (200, "quota_exhausted", Blame.NOTHING),
        (429, "auth_failed", Blame.THROTTLE),
        (503, "quota_exhausted", Blame.FAILURE),
        (403, "permission_denied", Blame.NOTHING),
        (407, "proxy_misconfigured", Blame.NOTHING),
        (400, "bad_request", Blame.NOTHING),
        (500, "context_too_long", Blame.NOTHING),
        (500, "content_filtered", Blame.NOTHING),
        (404, "model_not_found", Blame.NOTHING),
        (408, "gateway_timeout_upstream", Blame.NOTHING),
        (424, "upstream_error", Blame.NOTHING),
        (400, "upstream_error", Blame.NOTHING),
        (499, "upstream_error", Blame.NOTHING),
    ],
)
def test_an_answer(status: int, cause: str, expected: Blame) -> None:
    assert _said(status, cause) is expected


def test_the_words_for_logs() -> None:
    assert [one.value for one in Blame] == ["failure", "throttle", "key", "nothing"]


@pytest.mark.parametrize("hint", ["stale", "unstreamable"])
def test_what_is_repaired_at_once_is_nothing(hint: str) -> None:
    assert blame(fault("upstream_reset", hint=hint)) is Blame.NOTHING
    assert blame(fault("upstream_reset", hint="other")) is Blame.FAILURE


def test_an_answer_on_our_side_is_still_an_answer() -> None:
    assert _said(502, side=Side.GATEWAY) is Blame.FAILURE
    assert _said(401, "auth_failed", side=Side.CLIENT) is Blame.KEY


@pytest.mark.parametrize("code", sorted(KEYS))
def test_words_put_no_key_out(code: str) -> None:
    assert blame(fault(code, hint=WORDED)) is Blame.NOTHING
    assert blame(fault(code, hint="other")) is Blame.KEY


@pytest.mark.parametrize("status", [200, 400, 401, 403, 429, 500, 503])
def test_nor_do_words_with_a_status(status: int) -> None:
    answer = UpstreamError(status, "application/json", b"{}")
    assert blame(fault("upstream_auth", upstream=answer, hint=WORDED)) is Blame.NOTHING


@pytest.mark.parametrize("stage", list(Stage))
def test_a_credential_that_could_not_be_fetched_was_refused_by_nobody(stage: Stage) -> None:
    unsent = stage in (Stage.QUEUED, Stage.CONNECTING)
    assert blame(fault("upstream_auth", stage=stage)) is (Blame.FAILURE if unsent else Blame.KEY)


@given(st.integers(400, 499), st.sampled_from([*CAUSES, "upstream_error", "overloaded", "model_not_found"]))
def test_4xx_is_never_a_failure(status: int, cause: str) -> None:
    assert _said(status, cause) is not Blame.FAILURE
