"""The whole scene in half a second, with a gateway of the tests' own; `test_demo.py` plays it with the real one."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from outwait.cli.demo_scene import Audience, Kind, Setting, Track, expected, is_beat, play, problems, tracks

pytestmark = pytest.mark.slow  # whole processes

FAKE = str(Path(__file__).with_name("fake_gateway.py"))


def setting(mode: str, silence: float = 0.25) -> Setting:
    return Setting(silence=silence, thinking=0.5, beat=0.1, serve=(sys.executable, FAKE, mode))


def played(scene: Setting) -> tuple[list[Track], list[tuple[str, Kind]], str | None]:
    calls, told, ticks = tracks(), list[tuple[str, Kind]](), list[int]()
    audience = Audience(
        ready=lambda: ticks.append(-1),
        tell=lambda track, kind: told.append((track.title, kind)),
        tick=lambda: ticks.append(1),
    )
    log = asyncio.run(play(scene, calls, audience))
    assert ticks[0] == -1
    assert len(ticks) > 2
    return calls, told, log


def test_direct_calls_die_of_the_cut_and_calls_through_the_gateway_live(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-environment")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    scene = setting("good")
    calls, told, log = played(scene)
    assert problems(scene, calls) == []
    assert log is None
    for each in calls:
        assert each.upstream_calls == 1
        assert each.seconds is not None
        if each.way == "direct":
            assert (each.status, each.right, each.count("beat"), each.count("cut")) == (504, False, 0, 1)
            assert 0.23 < each.seconds < 0.5
        else:
            assert (each.status, each.right, each.count("cut")) == (None, True, 0)
            assert each.count("beat") >= 3
            assert each.seconds >= 0.5
        assert [kind for title, kind in told if title == each.title] == [kind for _, kind in each.marks]


@pytest.mark.parametrize("mode,result", [("mute", "APIConnectionError"), ("wrong", "a wrong answer")])
def test_a_gateway_that_does_not_hold_is_found_out(mode: str, result: str) -> None:
    scene = setting(mode)
    calls, _, log = played(scene)
    found = problems(scene, calls)
    assert [text.partition(":")[0] for text in found] == ["via outwait, stream", "via outwait, JSON"]
    assert result in found[0]
    assert log
    assert "begins as" in Path(log).read_text("utf-8")
    Path(log).unlink()


def test_a_scene_without_a_cut_is_a_problem_too() -> None:
    scene = setting("good", silence=5)
    calls, _, log = played(scene)
    assert [text.partition(":")[0] for text in problems(scene, calls)] == ["direct, stream", "direct, JSON"]
    assert log
    Path(log).unlink()


@pytest.mark.parametrize(
    "piece,stream,json",
    [
        (b": ping\n\n", True, False),
        (b"\n", True, True),
        (b": a\n\n: b\n\n", True, False),
        (b"data: {}\n\n", False, False),
        (b": ping\n\ndata: {}\n\n", False, False),
        (b'{"id": 1}', False, False),
        (b' \n"x"', False, False),
    ],
)
def test_a_heartbeat_is_told_from_an_answer(piece: bytes, stream: bool, json: bool) -> None:
    assert is_beat(piece, stream=True) is stream
    assert is_beat(piece, stream=False) is json


def test_each_call_asks_for_itself() -> None:
    scene, calls = setting("good"), tracks()
    assert scene.model == "silent-500ms"
    assert len({each.question for each in calls}) == 4
    assert len({expected(scene, each) for each in calls}) == 4
