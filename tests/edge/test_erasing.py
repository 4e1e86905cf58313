"""The upstream's own copy of a deleted response."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest
from tests.edge.test_responses import row

from outwait.core.catalog import Catalog, Channel
from outwait.core.fault import fault
from outwait.core.progress import Errand
from outwait.edge.erasing import PATIENCE, erase
from outwait.exchange.handle import Handle
from outwait.wire.wheel import Alarm

CHANNELS = (
    Channel("native", "openai", "https://one.example/v1", model_map={"m": "theirs"}),
    Channel("chat", "openai", "https://one.example/v1", endpoints=("chat.completions",)),
    Channel("claude", "anthropic", "https://two.example"),
)


class Wire:
    """An upstream that answers when it is told to, and a clock that stands."""

    def __init__(self) -> None:
        self.opened: list[tuple[Any, ...]] = []
        self.cancelled = 0
        self.sink: Any = None
        self.alarms: dict[Alarm, float] = {}
        wheel = SimpleNamespace(set=self.alarms.__setitem__, forget=lambda alarm: self.alarms.pop(alarm, None))
        ports = SimpleNamespace(open=self.open, wheel=wheel, clock=lambda: 5.0)
        self.door: Any = SimpleNamespace(catalog=Catalog(CHANNELS), ports=ports)

    def open(self, candidate: Any, body: bytes, sink: Any, *, fresh: bool, errand: Errand) -> Any:
        self.opened.append((candidate, body, fresh, errand))
        self.sink = sink
        return self

    def cancel(self) -> None:
        self.cancelled += 1

    def ring(self) -> None:
        ((alarm, due),) = self.alarms.items()
        self.alarms.clear()
        assert due == 5.0 + PATIENCE
        alarm.ring(due)


@pytest.fixture
def wire() -> Wire:
    return Wire()


def test_it_is_asked_of_the_channel_that_has_it(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    erase(wire.door, row(), Handle("native", "resp_/1", key=2))
    ((candidate, body, fresh, errand),) = wire.opened
    assert (candidate.channel, candidate.key, candidate.model, candidate.provider) == ("native", 2, "theirs", "openai")
    assert (candidate.dialect, candidate.endpoint) == ("responses", "responses")
    assert (body, fresh, errand) == (b"", False, Errand("DELETE", "/resp_%2F1"))
    sink = wire.sink
    sink.resolved(), sink.connected(True), sink.wrote(0), sink.sent()
    sink.head(404, {})
    sink.body(b"{}")
    sink.end()
    assert wire.alarms == {}
    assert caplog.text == ""


@pytest.mark.parametrize("channel", ["gone", "chat", "claude"])
def test_a_channel_that_does_not_speak_it_any_more_is_not_asked(
    wire: Wire, caplog: pytest.LogCaptureFixture, channel: str
) -> None:
    caplog.set_level(logging.WARNING, "outwait")
    erase(wire.door, row(), Handle(channel, "resp_1"))
    assert wire.opened == []
    assert channel in caplog.text


def test_what_fails_is_for_the_log(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "outwait")
    erase(wire.door, row(), Handle("native", "resp_1"))
    wire.sink.head(500, {})
    assert "status 500" in caplog.text
    erase(wire.door, row(), Handle("native", "resp_1"))
    wire.sink.failed(fault("upstream_connect"))
    assert "upstream_connect" in caplog.text


def test_a_dead_connection_of_the_pool_is_no_failure_the_first_time(
    wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "outwait")
    erase(wire.door, row(), Handle("native", "resp_1"))
    wire.sink.failed(fault("upstream_reset", hint="stale"))
    assert [fresh for _, _, fresh, _ in wire.opened] == [False, True]
    assert caplog.text == ""
    wire.sink.failed(fault("upstream_reset", hint="stale"))
    assert "upstream_reset" in caplog.text
    assert len(wire.opened) == 2


def test_who_does_not_answer_is_not_waited_for(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "outwait")
    erase(wire.door, row(), Handle("native", "resp_1"))
    wire.ring()
    assert wire.cancelled == 1
    assert "no answer within 30 s" in caplog.text
