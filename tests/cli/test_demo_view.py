from __future__ import annotations

import io

import pytest
from rich.console import Console

from outwait.cli import demo_view as view
from outwait.cli.demo_scene import Setting, Track, tracks

SETTING = Setting(silence=4, thinking=12)


def cut() -> Track:
    track = Track("direct", True, [(4.0, "cut"), (4.0, "failed")], "504 InternalServerError", status=504)
    track.seconds, track.upstream_calls = 4.0, 1
    return track


def alive() -> Track:
    track = Track("outwait", False, [(1.0, "beat"), (2.0, "beat"), (12.0, "answer")], "the whole answer", right=True)
    track.seconds, track.upstream_calls = 12.0, 1
    return track


def drawn(track: Track, elapsed: float) -> str:
    return view.bar(track, elapsed, 13, 13, view._PLAIN).plain


def test_a_bar_grows_with_time_and_shows_what_happened() -> None:
    assert drawn(Track("direct", True), 0) == "-            "
    assert drawn(Track("direct", True), 3.5) == "----         "
    assert drawn(Track("outwait", True, [(1, "beat"), (2, "beat")]), 3.5) == "-oo-         "
    assert drawn(cut(), 9) == "----X        "
    assert drawn(alive(), 99) == "-oo---------A"


def test_a_bar_never_breaks_its_frame() -> None:
    late = Track("outwait", True, [(99, "beat")])
    assert drawn(late, 999) == "-" * 12 + "o"


@pytest.mark.parametrize(
    "track,words",
    [
        (Track("direct", True), "1.5 s"),
        (Track("outwait", True, [(1, "beat")]), "1.5 s, 1 heartbeat"),
        (cut(), "cut after 4.0 s"),
        (alive(), "answer, 12.0 s, 2 heartbeats"),
        (Track("outwait", True, [], "x", seconds=2.0), "failed, 2.0 s"),
    ],
)
def test_the_note_beside_a_bar(track: Track, words: str) -> None:
    assert view.note(track, 1.5).plain == words
    assert len(words) <= view._NOTE


def test_events_as_plain_lines() -> None:
    out = io.StringIO()
    audience = view.plain(Console(file=out, width=100))
    audience.ready()
    audience.tell(cut(), "cut")
    audience.tell(Track("outwait", False, [(1.04, "beat")]), "beat")
    audience.tick()
    assert out.getvalue().splitlines() == [
        "   4.0 s  direct, stream       cut by the middlebox",
        "   1.0 s  via outwait, JSON    heartbeat 1",
    ]


def test_nothing_is_said_to_programs() -> None:
    view.silent().tell(cut(), "cut")


def test_the_table_and_the_sentence() -> None:
    out = io.StringIO()
    Console(file=out, width=80).print(view.table([cut(), alive()]))
    assert "504 InternalServerError" in out.getvalue()
    assert "12.0 s" in out.getvalue()
    held = view.conclusion(SETTING, [cut(), alive()], [])
    assert held.startswith("It held: ")
    assert "2 heartbeats" in held
    assert view.conclusion(SETTING, [], ["a", "b"]) == "It did not hold: a; b."
    assert "max_retries=0" in view.opening(SETTING, "3.1")


def test_the_live_picture_shows_all_calls() -> None:
    out = io.StringIO()
    console = Console(file=out, width=100, force_terminal=True, legacy_windows=False)
    now = [100.0]
    calls = tracks()
    stage = view.Stage(console, SETTING, calls, lambda: now[0])
    with stage as audience:
        audience.ready()
        now[0] += 2
        calls[2].marks.append((1.0, "beat"))
        audience.tell(calls[2], "beat")
        audience.tick()
        last = Console(width=100, file=io.StringIO())
        last.print(stage.picture())
    assert isinstance(last.file, io.StringIO)
    rows = last.file.getvalue().splitlines()
    assert [row[:12].strip() for row in rows[:4]] == ["direct, stre", "direct, JSON", "via outwait,", "via outwait,"]
    assert "2.0 s, 1 heartbeat" in rows[2]
    assert "heartbeat" in rows[4]
    assert "via outwait, stream" in out.getvalue()
