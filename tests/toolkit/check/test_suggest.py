from __future__ import annotations

import pytest
from tests.toolkit.check.rows import about, bad, free, good, summary

from outwait.core.fault import Clock
from outwait.core.tongue import Tongue
from outwait.toolkit.check.probe import Probe
from outwait.toolkit.check.saved import About
from outwait.toolkit.check.suggest import suggest, warnings
from outwait.toolkit.check.summary import Summary, summarize

PLAIN = free("a", dialect="http", asked="GET")


def spans(found: Summary) -> dict[str, tuple[float, str]]:
    return {each.clock.value: (each.seconds, each.reason.name) for each in suggest(found)}


def test_short_answers_do_not_shorten_a_clock() -> None:
    assert spans(summary("a", [0.5] * 10)) == {
        "connect": (5.0, "lost_packets"),
        "first_byte": (120.0, "scenario"),
        "first_token": (120.0, "scenario"),
        "idle": (120.0, "scenario"),
        "total": (900.0, "scenario"),
    }


def test_a_reply_in_one_piece_has_the_span_of_a_whole_answer() -> None:
    found = summarize(about(stream=False), [Probe(endpoint="a", first_byte=2.0, total=2.0)])
    assert spans(found)["first_byte"] == (600.0, "scenario")


@pytest.mark.parametrize(
    "measured, span, reason",
    [
        ([3.0] * 19 + [3.1], 8.0, "twice_p95"),
        ([3.0] * 20 + [40.0], 60.0, "above_worst"),
        ([0.1] * 10, 5.0, "at_least"),
        ([4000.0] * 3, 10_800.0, "twice_p95"),
    ],
)
def test_what_was_measured_lengthens_it(measured: list[float], span: float, reason: str) -> None:
    found = summarize(PLAIN, [Probe(endpoint="a", first_byte=each, total=each) for each in measured])
    assert spans(found)["first_byte"] == (span, reason)


def test_a_clock_that_ran_out_was_too_short() -> None:
    late = Probe(endpoint="a", outcome="timeout", clock="first_byte", span=90.0, cause="first_byte_timeout")
    found = summarize(about(), [*[good()] * 9, late])
    assert spans(found)["first_byte"] == (180.0, "ran_out")
    assert spans(found)["idle"] == (120.0, "scenario")


def test_a_connection_is_dialled_with_its_handshake() -> None:
    found = summarize(about(), [good(connect=2.0, tls=2.5)] * 3)
    assert spans(found)["connect"] == (10.0, "twice_p95")


def test_of_a_list_of_models_only_the_connection_says_something() -> None:
    found = summarize(free(), [Probe(endpoint="a", connect=0.1, first_byte=0.2, total=0.3)])
    assert spans(found) == {"connect": (5.0, "lost_packets")}


def test_nothing_follows_from_nothing() -> None:
    assert suggest(summary("a", failed=5)) == ()
    kept = summarize(PLAIN, [Probe(endpoint="a", reused=True, first_byte=0.1, total=0.1)])
    assert Clock.CONNECT.value not in spans(kept)


def names(*probes: Probe, of: About | None = None) -> list[str]:
    return [remark.name for remark in warnings([summarize(of or about(), probes)])]


ENOUGH = [good(ttft=0.5)] * 20


def test_all_is_well() -> None:
    assert names(*ENOUGH) == []


@pytest.mark.parametrize(
    "probes, found",
    [
        ([good()] * 19, ["few"]),
        ([good(ttft=0.1)] * 15 + [good(ttft=1.0)] * 5, ["varies"]),
        ([good(ttft=0.001)] * 15 + [good(ttft=0.1)] * 5, []),  # a tenth of a second is felt by nobody
        ([*ENOUGH, bad(cause="rate_limited", retry_after=3.0)], ["rate_limited"]),
        ([Probe(endpoint="a", total=1.0)] * 20, ["no_stream"]),
        ([good(counted="pieces")] * 20, ["pieces"]),
        ([good(rate=None)] * 20, ["buffered"]),
        ([good(rate=None, ttft=0.05)] * 20, []),
        ([bad()] * 20, []),
    ],
)
def test_what_to_be_careful_with(probes: list[Probe], found: list[str]) -> None:
    assert names(*probes) == found


def test_a_list_of_models_is_no_answer_and_a_plain_url_is_what_it_is() -> None:
    row = Probe(endpoint="a", total=0.1)
    assert names(*[row] * 20, of=free()) == ["unasked"]
    assert names(*[row] * 20, of=PLAIN) == []


def test_the_pause_that_was_asked_for_is_told() -> None:
    found = summarize(about(), [*ENOUGH, bad(cause="rate_limited", retry_after=3.0), bad(cause="rate_limited")])
    (remark,) = warnings([found])
    assert "2 probes were refused by a rate limit, which asks to wait 3.00s" in remark.told(Tongue.EN)
