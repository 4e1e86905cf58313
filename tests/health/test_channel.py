"""A channel's bound over all its endpoints, and what makes it the same one after a reload."""

from __future__ import annotations

from dataclasses import replace

import pytest

from outwait.core.catalog import Channel
from outwait.health.channel import ChannelHealth, identity
from outwait.health.endpoint import Endpoint
from outwait.policy.health_rules import HealthRules
from outwait.policy.keyring import KeyRule
from outwait.policy.limiter import MANY


def _channel(bound: int = 0) -> ChannelHealth:
    channel = ChannelHealth("a", 2, KeyRule(), max_in_flight=bound)
    for model in ("m", "n"):
        channel.endpoints[model] = Endpoint(channel, model, HealthRules(), 0.0)
    return channel


def test_without_a_bound_each_endpoint_has_its_own_limit() -> None:
    channel = _channel()
    assert channel.free is None
    assert [endpoint.standing.limit for endpoint in channel.endpoints.values()] == [MANY, MANY]


def test_the_bound_is_shared() -> None:
    channel = _channel(3)
    one, two = channel.endpoints.values()
    assert one.standing.limit == two.standing.limit == 3
    one.standing.enter(0.0)
    one.standing.enter(0.0)
    channel.running = 2
    channel.level()
    assert (one.standing.limit, two.standing.limit) == (3, 1)


def test_the_bound_may_change_below_what_runs() -> None:
    channel = _channel(3)
    one, two = channel.endpoints.values()
    for _ in range(3):
        one.standing.enter(0.0)
    channel.running = 3
    channel.bound(2)
    assert channel.free == 0
    assert (one.standing.limit, two.standing.limit) == (3, 0)
    channel.bound(0)
    assert (one.standing.limit, two.standing.limit) == (MANY, MANY)


def test_it_is_idle_when_nothing_runs_there() -> None:
    channel = _channel()
    assert channel.idle
    channel.running = 1
    assert not channel.idle


CHANNEL = Channel("a", "openai", "https://x/v1", ("k",))


@pytest.mark.parametrize(
    "other",
    [
        replace(CHANNEL, base_url="https://y/v1"),
        replace(CHANNEL, dialect="anthropic"),
        replace(CHANNEL, api_keys=("k", "l")),
        replace(CHANNEL, region="eu"),
        replace(CHANNEL, project="p"),
        replace(CHANNEL, api_version="2"),
        replace(CHANNEL, credentials_file="f"),
    ],
)
def test_another_place_or_person_is_another_channel(other: Channel) -> None:
    assert identity(other) != identity(CHANNEL)


def test_weights_and_timeouts_do_not_make_another_one() -> None:
    assert identity(replace(CHANNEL, weight=2.0, timeouts={"total": 5.0}, max_in_flight=2)) == identity(CHANNEL)
