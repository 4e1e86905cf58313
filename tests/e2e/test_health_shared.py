"""Workers of one host tell each other: what one has found out, the others know within a second."""

from __future__ import annotations

import time

import pytest
from tests.e2e.acts import Serve
from tests.e2e.asking import Heard, Line, chat, request
from tests.e2e.backstage import Backstage, Provider
from tests.e2e.stage import Gateway, until
from tests.e2e.steering import reach, worker_of

MODELS = {"model": "fast"}
FAILING = {"model": "error-521"}


@pytest.fixture
def failing(backstage: Backstage) -> Provider:
    return backstage.simulate(aliases=MODELS)


@pytest.fixture
def gateway(serve: Serve, backstage: Backstage, failing: Provider) -> Gateway:
    well = [backstage.simulate(aliases=MODELS) for _ in range(2)]
    channels = [{"name": name, "base_url": each.url} for name, each in zip("abc", (failing, *well), strict=True)]
    health = {"breaker": {"in_row": 3}, "penalty": {"step": 0}, "slow_start": 0, "probe": "off"}
    return serve({"channels": channels, "server": {"workers": 2}, "health": health}, "shared")


def states(line: Line) -> dict[str, str]:
    """The endpoints of `model`, as the worker of this connection sees them, by channel."""
    line.send(b"GET /v1/channels HTTP/1.1\r\nHost: localhost\r\n\r\n")
    page = line.hear().json
    return {row["name"]: each["state"] for row in page["data"] for each in row["endpoints"]}


def call(line: Line, question: str) -> Heard:
    line.send(request(chat("model", question=question)))
    heard = line.hear()
    assert heard.status == 200
    return heard


def test_an_ejection_is_heard_by_the_other_worker_within_a_second(gateway: Gateway, failing: Provider) -> None:
    one, first = reach(gateway)
    other, second = reach(gateway, other_than=first)
    with one, other:
        for line, worker in ((one, first), (other, second)):
            while "a" not in states(line):
                assert worker_of(call(line, "before").headers["x-outwait-exchange"]) == worker
        assert states(one)["a"] == states(other)["a"] == "open"
        failing.becomes(aliases=FAILING)
        while states(one)["a"] != "ejected":
            call(one, "during")
        told = time.monotonic()
        until(lambda: states(other)["a"] != "open", "the other worker to hear of it", timeout=5)
        assert time.monotonic() - told < 1.0
        assert states(other)["a"] in ("suspect", "ejected")

        # it is careful: one request tries it, and those after that go elsewhere
        hits = len(failing.calls("after"))
        met = [call(other, "after").headers["x-outwait-channel"] for _ in range(30)]
        assert set(met) == {"b", "c"}
        assert len(failing.calls("after")) - hits <= 1
