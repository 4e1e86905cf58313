from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.cli import top_rows
from outwait.cli.top_rows import CHANNEL_HEADS, HEADS, ORDERS, Seen
from outwait.core.tongue import Tongue

EN, ZH = Tongue.EN, Tongue.ZH
PAGE = """# HELP outwait_requests_total Requests that were settled.
outwait_requests_total{dialect="openai",status="200"} 7.0
outwait_requests_total{dialect="openai",status="504"} 3.0
outwait_rescued_requests_total 2.0
outwait_retries_total{class="safe"} 1e+01
outwait_heartbeat_lateness_seconds 0.001
other_requests_total 9.0
"""


def row(ident: str = "ow_0116db52a7154b1f113c8f", **fields: Any) -> dict[str, Any]:
    told = {
        "id": ident, "key": "dev", "client": "OpenAI/Python 3.5 (linux)", "model": "o3", "upstream_model": "o3",
        "channel": "openai", "attempt": 1, "phase": "sent", "age": 65.2, "silence": 65.2, "heartbeats": 3,
        "clock": "first_byte", "left": 595.0, "span": 660.0, "total_left": 3534.8, "readers": 1, "patience": None,
    }  # fmt: skip
    return {**told, **fields}


def seen(*rows: dict[str, Any], at: float = 10.0, more: int = 0, **figures: float) -> Seen:
    live = {"in_flight": len(rows) + more, "workers": {"00aaaa": 1}, "unheard": [], "data": list(rows)}
    known = {f"outwait_{name}_total": value for name, value in figures.items()}
    return Seen(at, live, [], known)


def texts(cells: list[top_rows.Cell]) -> dict[str, str]:
    return dict(zip(HEADS, (text for text, _ in cells), strict=True))


def test_counters_are_summed_over_their_labels() -> None:
    told = top_rows.figures(PAGE)
    assert (told["outwait_requests_total"], told["outwait_retries_total"]) == (10, 10)
    assert (told["outwait_rescued_requests_total"], told["outwait_timeouts_total"]) == (2, 0)
    assert "outwait_heartbeat_lateness_seconds" not in told


def test_the_head_says_what_runs_and_what_was_won() -> None:
    before = seen(row("a", heartbeats=1), at=8, requests=4)
    now = Seen(
        10, seen(row("a", heartbeats=3), row("b", heartbeats=2, silence=5), more=3).live, [], top_rows.figures(PAGE)
    )
    now.live["workers"]["01bbbb"] = 4
    now.live["unheard"].append("02cccc")
    assert top_rows.head(before, now, EN) == [
        "5 in flight · 1 silent for more than 60 s · 3.0 requests/s · 2.0 heartbeats/s",
        "since start: 10 requests settled · 2 rescued · 0 upstream calls saved · 0 clocks ran out · 10 retries",
        "2 workers · not answering: 02cccc · 2 of 5 shown",
    ]
    assert top_rows.head(before, now, ZH)[0] == "进行中 5 · 沉默超过 60 秒 1 · 3.0 请求/秒 · 心跳 2.0/秒"


def test_what_one_look_cannot_say_is_left_open() -> None:
    told = top_rows.head(None, seen(row()), EN)
    assert told == ["1 in flight · 1 silent for more than 60 s", "1 worker"]
    again = top_rows.head(seen(row(), at=10), seen(row(), at=10), EN)
    assert again[0].endswith(" · - requests/s · - heartbeats/s")


WIDTHS = dict.fromkeys(top_rows.HEADS, 10) | {"model": 40}


@pytest.mark.parametrize("room,gone", [(138, []), (137, ["client"]), (126, ["client"]), (125, ["client", "key"])])
def test_a_narrow_terminal_gets_fewer_columns(room: int, gone: list[str]) -> None:
    kept = top_rows.fitting(WIDTHS, room, 2)
    assert kept == [name for name in WIDTHS if name not in gone]


@given(room=st.integers(0, 200))
def test_the_longest_silence_is_always_shown(room: int) -> None:
    assert {"id", "model", "silence", "clock"} <= set(top_rows.fitting(WIDTHS, room, 3))
    channels = dict.fromkeys(CHANNEL_HEADS, 30)
    assert top_rows.fitting(channels, room, 3) == list(channels)


@pytest.mark.parametrize(
    "before,now",
    [
        (seen(at=10, requests=1), seen(at=10, requests=2)),
        (seen(at=9, requests=9), seen(at=10, requests=2)),  # it was started anew
        (seen(at=9), seen(at=10, requests=2)),
        (seen(at=9, requests=2), seen(at=10)),
    ],
)
def test_a_rate_needs_two_looks_that_go_together(before: Seen, now: Seen) -> None:
    assert top_rows.per_second(before, now, "outwait_requests_total") is None


def test_heartbeats_of_a_client_that_came_back_are_not_counted_down() -> None:
    assert top_rows.beats_per_second(seen(row("a", heartbeats=9), at=1), seen(row("a", heartbeats=1), at=2)) == 0
    assert top_rows.beats_per_second(seen(at=2), seen(at=2)) is None


def test_a_row_says_where_an_exchange_stands() -> None:
    ((ident, cells),) = top_rows.rows(seen(row()).live, "age", EN)
    assert ident == "ow_0116db52a7154b1f113c8f"
    assert texts(cells) == {
        "id": "1f113c8f", "key": "dev", "model": "o3", "channel": "openai", "phase": "waiting", "age": "1:05",
        "silence": "1:05", "beats": "3", "clock": "███████░ 9:55 first_byte", "total": "58:54",
        "client": "OpenAI/Python",
    }  # fmt: skip
    ((_, cells),) = top_rows.rows(seen(row()).live, "age", ZH)
    assert texts(cells)["phase"] == "等待中"


@pytest.mark.parametrize(
    "fields,name,text",
    [
        ({"upstream_model": "o3-2025"}, "model", "o3 → o3-2025"),
        ({"upstream_model": None, "channel": None}, "channel", "-"),
        ({"attempt": 2}, "channel", "openai ×2"),
        ({"phase": "novel"}, "phase", "novel"),
        ({"left": None}, "clock", "first_byte ‖"),
        ({"left": None, "clock": None, "span": None}, "clock", "- ‖"),
        ({"left": 0.0}, "clock", "░░░░░░░░ 0.0 first_byte"),
        ({"left": 900.0}, "clock", "████████ 15:00 first_byte"),
        ({"readers": 0}, "client", "gone"),
        ({"readers": 3}, "client", "OpenAI/Python +2"),
        ({"patience": 600.0}, "client", "OpenAI/Python ≤600s"),
        ({"client": ""}, "client", "?"),
    ],
)
def test_what_is_special_is_shown(fields: dict[str, Any], name: str, text: str) -> None:
    ((_, cells),) = top_rows.rows(seen(row(**fields)).live, "age", EN)
    assert texts(cells)[name] == text


def test_rows_come_in_the_order_that_is_asked_for() -> None:
    live = seen(
        row("a", age=9, silence=1, left=5.0), row("b", age=5, silence=4, left=None, total_left=2.0),
        row("c", age=1, silence=0.5, left=1.0),
    ).live  # fmt: skip
    order = {name: "".join(ident for ident, _ in top_rows.rows(live, name, EN)) for name in ORDERS}
    assert order == {"silence": "bac", "age": "abc", "left": "cba"}


@pytest.mark.parametrize("seconds,text", [(-1, "0.0"), (0.44, "0.4"), (10, "10"), (65, "1:05"), (3729, "1:02:09")])
def test_a_running_clock(seconds: float, text: str) -> None:
    assert top_rows.clock(seconds) == text


def test_a_silence_that_others_would_have_cut_stands_out() -> None:
    styles = [top_rows._silence(seconds) for seconds in (61, 40, 5)]
    assert len(set(styles)) == 3
    assert [top_rows._left(row(left=left))[1] for left in (600, 120, 60)] == ["green", "yellow", "red"]


def test_a_channel_says_how_it_is() -> None:
    ends = [
        {"attempts": 5, "failures": 1, "last_fault": {"code": "idle_timeout", "message": "late"}},
        {"attempts": 4, "failures": 3, "last_fault": {"code": "upstream_connect", "message": "refused"}},
        {"attempts": 1, "failures": 0, "last_fault": None},
    ]
    told = {"name": "a", "state": "out", "running": 2, "keys": {"count": 3, "dead": [{"key": 0}]}, "endpoints": ends}
    fresh = {"name": "b", "state": "new", "running": 0, "keys": {"count": 0, "dead": []}, "endpoints": []}
    cells = [dict(zip(CHANNEL_HEADS, line, strict=True)) for line in top_rows.channel_rows([told, fresh], EN)]
    assert [cells[0][name][0] for name in ("state", "running", "attempts", "failures", "keys")] == [
        "out",
        "2",
        "10",
        "4",
        "2/3",
    ]
    assert cells[0]["last"][0] == "upstream_connect: refused"
    assert cells[0]["state"][1] == "red"
    assert (cells[1]["state"][0], cells[1]["last"][0]) == ("new", "")


def test_a_client_does_not_steer_the_terminal() -> None:
    ((_, cells),) = top_rows.rows(dict(seen(row(client="evil\x1b[2J")).live), "age", EN)
    assert cells[-1][0] == "evil?[2J"
