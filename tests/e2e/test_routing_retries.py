"""What is asked again and what is not, counted where it costs: at the providers."""

from __future__ import annotations

import pytest
from tests.e2e.acts import Serve
from tests.e2e.asking import ask, chat
from tests.e2e.backstage import Backstage, Provider
from tests.e2e.crowd import together
from tests.e2e.stage import Gateway

THINKERS = {  # models that think, and how the attempt to ask them ends: each may have been charged
    "o3": "silent-1200ms+reset",
    "o3-pro": "error-500-after-1200ms",
    "o4-mini": "error-504-after-1200ms",
    "deepseek-r1": "close-after-1200ms",
    "qwq-32b": "hang",
    "o1": "truncate",
}
SPARED = {"heartbeat": "off", "health": {"queue": {"wait": "200ms"}, "probe": "off"}, "log": {"level": "error"}}


def three(backstage: Backstage, aliases: dict[str, str]) -> tuple[list[Provider], list[dict[str, str]]]:
    """Three providers, and their channels."""
    upstreams = [backstage.simulate(aliases=aliases) for _ in range(3)]
    return upstreams, [{"name": f"c{place}", "base_url": each.url} for place, each in enumerate(upstreams)]


def asked(upstreams: list[Provider], question: str) -> int:
    """How often."""
    return sum(call.question == question for each in upstreams for call in each.calls())


def test_no_reasoning_call_is_paid_for_twice(serve: Serve, backstage: Backstage) -> None:
    upstreams, channels = three(backstage, THINKERS)
    rules = [{"match": {"model": "qwq*"}, "first_byte": 1.2}]
    gateway = serve({"channels": channels, "timeouts": {"rules": rules}, **SPARED}, "thinkers")
    asks = [(model, stream, f"{model} {stream} {n}") for model in THINKERS for stream in (True, False) for n in (1, 2)]
    heard = together(gateway.port, [chat(model, stream=stream, question=question) for model, stream, question in asks])
    for (model, stream, question), each in zip(asks, heard, strict=True):
        assert asked(upstreams, question) == 1, question
        if model == "o1" and stream:  # its words were on their way
            assert not each.finished
            continue
        assert each.status in (500, 502, 504)
        assert each.error["message"]
        assert [each.headers[name] for name in ("x-should-retry", "x-outwait-attempts")] == ["false", "1"], question


def test_chat_calls_are_paid_for_twice_in_2_of_100_or_three_times_in_all(serve: Serve, backstage: Backstage) -> None:
    upstreams, channels = three(backstage, {"gpt-4o": "error-500"})
    gateway = serve({"channels": channels, **SPARED}, "chats")
    for number in range(60):
        assert ask(gateway.port, chat("gpt-4o", question=f"{number}")).status == 500
    assert sum(len(each.calls()) for each in upstreams) == 63


@pytest.fixture(params=["error-521", "error-529", "error-503-retry-after-1"])
def down(request: pytest.FixtureRequest, serve: Serve, backstage: Backstage) -> tuple[Gateway, list[Provider]]:
    upstreams, channels = three(backstage, {"gpt-4o": request.param})
    return serve({"channels": channels, **SPARED}, request.param), upstreams


def test_retries_add_a_fifth_at_most_when_everything_is_down(down: tuple[Gateway, list[Provider]]) -> None:
    gateway, upstreams = down
    counted = [0]
    for number in range(150):
        heard = together(gateway.port, [chat("gpt-4o", question=f"{number}.{place}") for place in range(8)])
        assert {each.status for each in heard} <= {429, 502, 503, 521, 529}
        counted.append(sum(len(each.calls()) for each in upstreams))
    assert 0 < counted[-1] <= 1.2 * 1200
    assert counted[-1] - counted[-51] <= 400  # once the budgets are used up, none is asked again
