"""Channels that fail, or say "later": who is spared, who tries them again, and what the clients see of it: nothing."""

from __future__ import annotations

import time
from itertools import count, pairwise

import pytest
from tests.e2e.acts import Serve
from tests.e2e.asking import Line, ask, chat, request
from tests.e2e.backstage import Backstage, Provider
from tests.e2e.crowd import Load, begin, together
from tests.e2e.looking import changes, endpoint, state
from tests.e2e.stage import Gateway, until

GOOD = {"model": "fast+long-3"}
BAD = {"model": "error-521"}  # the provider's front never reached it: surely free, and a failure
EJECT = 1.0  # seconds
SLOW = 2.0  # seconds of slow start


def channels(*providers: Provider) -> list[dict[str, object]]:
    return [{"name": name, "base_url": each.url} for name, each in zip("abcdef", providers, strict=False)]


@pytest.fixture(scope="module")
def failing(backstage: Backstage) -> Provider:
    return backstage.simulate(aliases=BAD)


@pytest.fixture(scope="module")
def gateway(serve: Serve, backstage: Backstage, failing: Provider) -> Gateway:
    """Three channels, the first fails; what it did is soon forgiven, so that only the breaker keeps requests away."""
    well = [backstage.simulate(aliases=GOOD) for _ in range(2)]
    return serve(
        {
            "channels": channels(failing, *well),
            "health": {
                "breaker": {"in_row": 3, "eject": EJECT, "longest": EJECT},
                "penalty": {"step": 1, "fold": "5ms"},
                "slow_start": SLOW,
                "probe": "off",
            },
        },
        "failing",
    )


def test_a_channel_that_fails_is_ejected_tried_by_one_request_and_let_in_slowly(
    gateway: Gateway, failing: Provider
) -> None:
    numbers = count()
    with Load(gateway.port, lambda: chat("model", question=f"call {next(numbers)}"), every=0.004) as load:
        until(lambda: state(gateway, "a/model") == "ejected" if failing.calls() else False, "its ejection", timeout=5)
        time.sleep(2.6 * EJECT)  # so long it still fails: two trials, or three
        hits = failing.calls()
        failing.becomes(aliases=GOOD)
        until(lambda: state(gateway, "a/model") == "open", "it to be let in again", timeout=3 * EJECT)
        opened = time.monotonic()
        early = endpoint(gateway, "a/model")["share"]
        time.sleep(SLOW + 1.5)
        late = endpoint(gateway, "a/model")["share"]

    assert [heard.status for heard in load.heard] == [200] * len(load.heard)  # each client has its answer
    assert [heard.end for heard in load.heard] == ["whole"] * len(load.heard)
    assert len(load.heard) > 200
    trials = hits[3:]
    assert len(trials) >= 2
    assert all(later.at - earlier.at >= EJECT * 0.95 for earlier, later in pairwise(hits[2:]))
    assert [call.status for call in hits] == [521] * len(hits)

    # a third of what comes is its share in the end, and first a tenth of that weight
    assert early < 0.5
    assert late == 1.0
    first = load.channels(opened, opened + 1)
    last = load.channels(opened + SLOW)
    assert 0 < first["a"] < 0.25 * first.total()
    assert 0.2 * last.total() < last["a"] < 0.45 * last.total()
    said = [each.partition(":")[0] for each in changes(gateway, "a/model")]
    assert set(said[:-1]) == {"ejected"}
    assert said[-1] == "healthy"


def test_with_the_built_in_numbers_few_requests_meet_a_channel_that_fails(serve: Serve, backstage: Backstage) -> None:
    bad, *well = backstage.simulate(aliases=BAD), *(backstage.simulate(aliases=GOOD) for _ in range(3))
    gateway = serve({"channels": channels(bad, *well), "health": {"probe": "off"}}, "spared")
    heard = [
        each
        for number in range(40)
        for each in together(gateway.port, [chat("model", question=f"{number}.{place}") for place in range(8)])
    ]
    assert [each.status for each in heard] == [200] * 320
    assert 1 <= len(bad.calls()) <= 16
    assert sum(len(each.calls()) for each in well) == 320


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "json"])
def test_where_all_channels_say_later_calls_wait_in_line_with_heartbeats(
    serve: Serve, backstage: Backstage, stream: bool
) -> None:
    busy = {"model": "error-429-retry-after-2"}
    limited = [backstage.simulate(aliases=busy) for _ in range(2)]
    gateway = serve({"channels": channels(*limited), "health": {"probe": "off"}}, f"limited-{stream}")
    (first,) = begin(gateway.port, [chat("model", question="first", stream=stream)])
    until(lambda: all(each.calls() for each in limited), "both to refuse", timeout=3)
    others = begin(gateway.port, [chat("model", question=f"other {place}", stream=stream) for place in range(5)])
    for one in limited:
        one.becomes(aliases=GOOD)
    assert {state(gateway, "a/model"), state(gateway, "b/model")} == {"resting"}

    first_heard, *heard = [each.result() for each in (first, *others)]
    for each in (first_heard, *heard):
        assert (each.status, each.end, len(each.text.split())) == (200, "whole", 3)
        assert [round(at) for at in each.beats] == list(range(1, len(each.beats) + 1))
        assert len(each.beats) >= 1
    assert all(1.5 < each.seconds < 4 for each in heard)
    calls = [call for one in limited for call in one.calls()]
    assert sorted(call.status for call in calls) == [200] * 6 + [429] * 2
    assert [call.question for call in calls if call.status == 429] == ["first"] * 2
    entry = gateway.entry(first_heard.headers["x-outwait-exchange"])
    assert (entry["outcome"], entry["attempts"]) == ("completed", 3)
    waited = gateway.entry(heard[0].headers["x-outwait-exchange"])
    assert waited["attempts"] == 1
    assert any("after a wait" in mark for mark in waited["timeline"])


def test_who_would_wait_too_long_is_told_at_once_for_how_long(serve: Serve, backstage: Backstage) -> None:
    provider = backstage.simulate(aliases={"model": "error-429-retry-after-50"})
    gateway = serve({"channels": channels(provider), "health": {"probe": "off"}}, "too-long")
    with Line(gateway.port) as line:
        line.send(request(chat("model", question="first"), {"x-outwait-on-disconnect": "cancel"}))
        until(lambda: state(gateway, "a/model") == "resting" if provider.calls() else False, "a refusal", timeout=3)
    heard = ask(gateway.port, chat("model", question="second"))
    assert (heard.status, heard.error["code"]) == (429, "rate_limited")
    assert 45 <= int(heard.headers["retry-after"]) <= 50
    assert heard.headers["x-should-retry"] == "true"
    assert heard.seconds < 1
    assert [call.question for call in provider.calls()] == ["first"]
