"""A channel that takes requests and never answers is found out long before a timeout; a model that thinks is not."""

from __future__ import annotations

import time
from itertools import count

from tests.e2e.acts import Serve
from tests.e2e.asking import chat
from tests.e2e.backstage import Backstage
from tests.e2e.crowd import begin, together
from tests.e2e.looking import changes, endpoint, state

THINK = 1.0  # seconds a healthy channel thinks
SILENCE = 8.0  # seconds a call at the silent one takes
HEALTH = {"suspect": {"samples": 20, "every": "60s"}, "slow_start": 0, "probe": {"every": "1s"}}


def test_who_never_answers_is_suspect_and_what_runs_there_runs_on(serve: Serve, backstage: Backstage) -> None:
    thinks = {"chatty": f"silent-{THINK:g}s+long-3"}
    silent, well = (backstage.simulate(aliases=thinks) for _ in range(2))
    channels = [{"name": name, "base_url": each.url} for name, each in (("silent", silent), ("well", well))]
    gateway = serve({"channels": channels, "health": HEALTH, "scenarios": {"chatty": "chat"}}, "silent")
    for wave in range(3):
        before = together(gateway.port, [chat("chatty", stream=True, question=f"{wave}.{n}") for n in range(12)])
        assert [each.status for each in before] == [200] * 12
    assert len(silent.calls()) > 6
    silent.becomes(aliases={"chatty": f"silent-{SILENCE:g}s+long-3"})
    known = len(silent.calls())

    began = time.monotonic()
    numbers = count()
    running = []
    while state(gateway, "silent/chatty") != "suspect":
        assert time.monotonic() - began < SILENCE - 2
        running += begin(gateway.port, [chat("chatty", stream=True, question=f"during {next(numbers)}")])
        time.sleep(0.15)
    caught = len(silent.calls()) - known
    assert caught >= 3

    # nothing new goes there, and what goes elsewhere is answered as ever
    later = together(gateway.port, [chat("chatty", stream=True, question=f"later {n}") for n in range(12)])
    assert all(each.status == 200 and each.seconds < 2 * THINK for each in later)
    assert len(silent.calls()) - known == caught
    assert endpoint(gateway, "silent/chatty")["outstanding"] == caught

    # what runs there is not touched: it is answered late, whole, with heartbeats, and was asked once
    heard = [one.result() for one in running]
    assert [(each.status, each.end, len(each.text.split())) for each in heard] == [(200, "whole", 3)] * len(heard)
    slow = [each for each in heard if each.seconds > SILENCE - 1]
    assert len(slow) == caught
    assert all(len(each.beats) >= SILENCE - 2 for each in slow)
    assert len([call for each in (silent, well) for call in each.calls() if "during" in call.question]) == len(heard)
    assert state(gateway, "silent/chatty") == "open"  # an answer is an answer, late as it is
    assert [each.partition(":")[0] for each in changes(gateway, "silent/chatty")] == ["suspect", "healthy"]


def test_a_model_that_thinks_for_long_is_never_taken_for_dead(serve: Serve, backstage: Backstage) -> None:
    """Neither quick answers of a chat model at the same channel nor free probes tell how long this one thinks."""
    upstream = backstage.simulate(aliases={"o3-pro": "silent-5s+long-3", "gpt-4o": "fast"})
    channels = [{"name": "only", "base_url": upstream.url}]
    gateway = serve({"channels": channels, "health": HEALTH, "log": {"level": "info"}}, "thinking")
    thinking = begin(gateway.port, [chat("o3-pro", stream=n % 2 == 0, question=f"think {n}") for n in range(6)])
    while not all(each.done() for each in thinking):
        assert state(gateway, "only/o3-pro") == "open" if upstream.calls() else True
        for heard in together(gateway.port, [chat("gpt-4o", stream=n % 2 == 0) for n in range(4)]):
            assert heard.status == 200
        time.sleep(0.1)
    for heard in [each.result() for each in thinking]:
        assert (heard.status, heard.end, len(heard.beats), len(heard.text.split())) == (200, "whole", 4, 3)
    assert len([call for call in upstream.calls() if call.model == "o3-pro"]) == 6
    assert changes(gateway, "only/o3-pro") == []
