"""The rules of one endpoint agree: rests, limits, suspicion, counters, and the news of an attempt's end."""

from __future__ import annotations

import pytest

from outwait.core.fault import Fault, UpstreamError, fault
from outwait.health.channel import ChannelHealth
from outwait.health.endpoint import Change, Endpoint, News
from outwait.policy.blame import Blame
from outwait.policy.breaker import BreakerRule
from outwait.policy.health_rules import HealthRules
from outwait.policy.limiter import Concurrency
from outwait.policy.quota import Reserve
from outwait.policy.rate_headers import Told, Window
from outwait.policy.standing import Pass, StandingRule
from outwait.policy.survival import Suspecting, Wait
from outwait.policy.waits import Waits

RULES = HealthRules(
    concurrency=Concurrency(start=10, floor=1, step=1), standing=StandingRule(breaker=BreakerRule(in_row=2))
)
RESET = fault("upstream_reset")
GONE = fault("client_gave_up")
REFUSED = fault("upstream_auth")


def _busy(status: int, seconds: float | None) -> Fault:
    cause = "rate_limited" if status == 429 else "overloaded"
    return fault("upstream_error", cause=cause, retry_after=seconds, upstream=UpstreamError(status, "", b""))


def _endpoint(keys: int = 1, rules: HealthRules = RULES) -> Endpoint:
    channel = ChannelHealth("a", keys, rules.keys)
    endpoint = channel.endpoints["m"] = Endpoint(channel, "m", rules, 0.0)
    return endpoint


def _enter(endpoint: Endpoint, now: float = 0.0, key: int = 0) -> Pass:
    return endpoint.standing.enter(now, key)


def test_a_new_one_has_its_whole_weight() -> None:
    endpoint = _endpoint()
    assert endpoint.name == "a/m"
    assert endpoint.standing.eased(0.0) == endpoint.standing.weight
    assert endpoint.state(0.0) == "healthy"


def test_counters() -> None:
    endpoint = _endpoint(2)
    for failed in (RESET, GONE, _busy(429, None), REFUSED):
        endpoint.settle(_enter(endpoint), failed, 0.0, 0.5)
    assert endpoint.failures == 4
    assert endpoint.blamed == {Blame.FAILURE: 1, Blame.NOTHING: 1, Blame.THROTTLE: 1, Blame.KEY: 1}
    assert endpoint.last_fault is REFUSED
    endpoint.settle(_enter(endpoint), GONE, 0.0, 0.5)
    assert endpoint.last_fault is REFUSED


def test_a_dead_key_is_news_of_the_channel_once() -> None:
    endpoint = _endpoint(2)
    first, second = _enter(endpoint, key=1), _enter(endpoint, key=1)
    assert endpoint.settle(first, REFUSED, 0.0, 0.5) == [News("a", Change.KEY_DEAD, "1")]
    assert endpoint.settle(second, REFUSED, 0.0, 0.5) == []
    assert not endpoint.channel.credentials.alive(1)
    assert endpoint.state(0.0) == "healthy"
    endpoint.channel.credentials.kill(0, 0.0)
    assert endpoint.state(0.0) == "no key works"


def test_ejected_and_healthy_again() -> None:
    endpoint = _endpoint()
    assert endpoint.settle(_enter(endpoint), RESET, 0.0, 0.5) == []
    news = endpoint.settle(_enter(endpoint), RESET, 0.0, 0.5)
    assert news == [News("a/m", Change.EJECTED, "upstream_reset, for 33s")]
    assert endpoint.state(1.0) == "ejected"
    trial = _enter(endpoint, 40.0)
    assert endpoint.content(trial, 41.0) == [News("a/m", Change.HEALTHY, "")]
    assert endpoint.settle(trial, None, 42.0, 0.5) == []
    assert endpoint.state(42.0) == "healthy"


def test_a_trial_that_fails_is_ejected_again() -> None:
    endpoint = _endpoint()
    for _ in range(2):
        endpoint.settle(_enter(endpoint), RESET, 0.0, 0.5)
    news = endpoint.settle(_enter(endpoint, 40.0), RESET, 41.0, 0.0)
    assert [one.what for one in news] == [Change.EJECTED]


def test_too_much_cuts_the_limit_and_success_lets_it_grow() -> None:
    endpoint = _endpoint()
    held = [_enter(endpoint) for _ in range(10)]
    assert endpoint.settle(held.pop(), _busy(429, None), 0.0, 0.5) == [News("a/m", Change.LIMIT, "10 -> 7")]
    assert (endpoint.standing.limit, endpoint.leaned) == (7, 3.5)
    assert endpoint.state(0.0) == "full"
    assert endpoint.grow(1.0) == [News("a/m", Change.LIMIT, "7 -> 8")]
    assert endpoint.standing.limit == 8
    for one in held:
        endpoint.settle(one, None, 1.0, 0.5)
    assert endpoint.grow(1.0) == []


def test_other_numbers() -> None:
    endpoint = _endpoint()
    endpoint.observe(0, Told((), 9.0), 0.0)
    rules = HealthRules(
        concurrency=Concurrency(ceiling=5), reserve=Reserve(share=0.5), suspecting=Suspecting(in_flight=9)
    )
    endpoint.renumber(rules, 0.0)
    assert (endpoint.standing.limit, endpoint.limiter.limit) == (5, 5)
    assert endpoint.quotas[0].reserve.share == 0.5
    assert endpoint.watch.suspecting.in_flight == 9
    assert endpoint.standing.keys.rule is rules.keys


@pytest.mark.parametrize("status, rests", [(429, [1]), (503, [0, 1])])
def test_who_asks_to_be_left_alone_is(status: int, rests: list[int]) -> None:
    endpoint = _endpoint(2)
    endpoint.settle(_enter(endpoint, key=1), _busy(status, 7.0), 0.0, 0.5)
    assert sorted(endpoint.quotas) == rests
    assert all(endpoint.quotas[key].wait(0.0) == 7.0 for key in rests)
    assert endpoint.room(0.0) == (0 not in rests)
    assert endpoint.room(7.0)
    endpoint.settle(_enter(endpoint, 7.0, key=1), _busy(status, 9.0), 7.0, 0.5)
    assert endpoint.quotas[1].wait(7.0) == 9.0


def test_it_says_for_how_long_it_rests() -> None:
    endpoint = _endpoint()
    endpoint.settle(_enter(endpoint), _busy(429, 7.0), 0.0, 0.5)
    assert endpoint.state(0.0) == "rests for 7s"


def test_a_quota_that_is_used_up_rests() -> None:
    endpoint = _endpoint()
    endpoint.observe(0, Told((Window("requests", 2, 50, 4.0),)), 0.0)
    assert endpoint.room(0.0)
    endpoint.spend(0, 0.0)
    assert not endpoint.room(3.9)
    assert endpoint.room(4.0)
    endpoint.spend(1, 5.0)  # of that one nothing was told


def test_another_key_is_picked_if_there_is_one() -> None:
    endpoint = _endpoint(5)
    credentials = endpoint.channel.credentials
    credentials.kill(2, 0.0)
    for luck in (0.0, 0.3, 0.6, 0.99):
        assert endpoint.pick((0, 1, 3), 0.0, luck) == 4
        assert endpoint.pick((0, 1, 3, 4), 0.0, luck) in {0, 1, 3, 4}
        assert endpoint.pick((), 0.0, luck) == endpoint.standing.keys.pick(0.0, luck)


def test_without_a_key_the_first_is_as_good_as_any() -> None:
    endpoint = _endpoint()
    endpoint.channel.credentials.kill(0, 0.0)
    assert endpoint.pick((), 0.0, 0.5) == 0


def _hanging() -> tuple[Endpoint, list[Wait]]:
    endpoint = _endpoint()
    shared, own = Waits(0.0), Waits(0.0)
    for _ in range(600):
        shared.add(1.0, 0.0)
    return endpoint, [endpoint.watch.begin(shared, own, 0.0) for _ in range(3)]


def test_an_endpoint_that_hangs_becomes_suspect_once() -> None:
    endpoint, waits = _hanging()
    assert endpoint.check(0.5) == []
    news = endpoint.check(600.0)
    assert [one.what for one in news] == [Change.SUSPECT]
    assert "3 requests without an answer" in news[0].detail
    assert endpoint.state(600.0) == "suspect"
    assert endpoint.check(601.0) == []
    waits[0].end(602.0)
    assert endpoint.check(603.0) == []


def test_content_clears_the_suspicion_in_both_places() -> None:
    endpoint, _ = _hanging()
    held = _enter(endpoint)
    endpoint.check(600.0)
    assert endpoint.content(held, 601.0) == [News("a/m", Change.HEALTHY, "")]
    assert endpoint.watch.suspect is None
    assert not endpoint.standing.shut


def test_a_whole_answer_clears_it_too() -> None:
    endpoint, _ = _hanging()
    held = _enter(endpoint)
    endpoint.check(600.0)
    assert endpoint.settle(held, None, 601.0, 0.5) == [News("a/m", Change.HEALTHY, "")]
    assert endpoint.watch.suspect is None
    assert endpoint.settle(held, RESET, 602.0, 0.5) == []
    assert endpoint.failures == 0


def test_a_failure_does_not() -> None:
    endpoint, _ = _hanging()
    held = _enter(endpoint)
    endpoint.check(600.0)
    assert endpoint.settle(held, GONE, 601.0, 0.5) == []
    assert endpoint.watch.suspect is not None
