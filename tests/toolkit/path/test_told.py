from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.plan import Heartbeat
from outwait.toolkit.path.reading import End, Heard
from outwait.toolkit.path.told import Bounds, NoGateway, bounds_of

OURS = (("x-outwait-exchange", "ow_1"),)
TOLD = {
    "object": "probe.bounds", "version": "9", "max_silence": 60, "per_key": 2, "body_rate": 10.0, "body_grace": 1.0,
    "body_time": 30.0, "body_size": 1000, "heartbeat": {"enabled": False, "after": 1, "json_after": 2, "every": 3},
}  # fmt: skip


def answer(told: object, status: int = 200, headers: tuple[tuple[str, str], ...] = OURS) -> Heard:
    return Heard(End.WHOLE, 0.1, status, headers, ((0.1, json.dumps(told).encode()),), 0.1, "length")


def test_the_bounds_are_read() -> None:
    bounds = bounds_of(answer(TOLD))
    assert bounds.heartbeat == Heartbeat(enabled=False, after=1, json_after=2, every=3)
    assert (bounds.version, bounds.max_silence, bounds.per_key, bounds.body_size) == ("9", 60, 2, 1000)


def test_what_is_not_told_is_as_usual() -> None:
    assert bounds_of(answer({"object": "probe.bounds", "per_key": "many", "body_time": -1, "x": 1})) == Bounds()


def error(status: int, message: str = "It says why.", headers: tuple[tuple[str, str], ...] = OURS) -> Heard:
    return answer({"error": {"code": "x", "message": message}}, status, headers)


def test_what_others_wrote_cannot_steer_a_terminal() -> None:
    with pytest.raises(NoGateway) as raised:
        bounds_of(error(401, "\x1b[31mred\x1b]0;title\x07\x9b2J" + "a" * 9999))
    assert raised.value.why == str(raised.value)
    assert raised.value.why.isprintable()
    assert len(raised.value.why) <= 500
    assert bounds_of(answer(TOLD | {"version": "1\x9b2J"})).version == "1 2J"


@pytest.mark.parametrize(
    "heard, kind, why",
    [
        (Heard(End.UNREACHED, 0.0, why="h:1: Connection refused"), "unreached", "h:1: Connection refused"),
        (error(401), "key", "It says why."),
        (error(404), "off", "It says why."),
        (error(503), "refused", "It says why."),
        (error(404, headers=(("server", "nginx"),)), "foreign", "status 404"),
        (answer({"hello": 1}, headers=()), "foreign", "status 200"),
        (Heard(End.SILENT, 10.0), "foreign", "no answer came"),
        (Heard(End.RESET, 1.0), "foreign", "the connection was reset"),
        (Heard(End.FIN, 1.0), "foreign", "the connection was closed without an answer"),
        (Heard(End.BROKEN, 1.0, why="it is no HTTP"), "foreign", "it is no HTTP"),
        (Heard(End.WHOLE, 1.0, 502, (("server", "nginx"),)), "foreign", "status 502"),
    ],
)
def test_what_else_answers(heard: Heard, kind: str, why: str) -> None:
    with pytest.raises(NoGateway) as raised:
        bounds_of(heard)
    assert (raised.value.kind, raised.value.why) == (kind, why)


@given(st.floats(1, 10_000), st.floats(1, 1e6), st.floats(0, 60), st.floats(10, 1e5), st.integers(10_000, 10**8))
def test_an_upload_within_the_bounds_is_never_too_slow(
    wished: float, rate: float, grace: float, time: float, size: int
) -> None:
    """By the rule of the wire: after so many seconds so many bytes must be there (`Inlet._body_due`)."""
    bounds = Bounds(body_rate=rate, body_grace=grace, body_time=time, body_size=size)
    silence = min(wished, bounds.longest_stall)
    sent = bounds.upload(silence)
    assert sent < size
    assert silence < min(time, grace + sent / rate) or silence <= 1.0
