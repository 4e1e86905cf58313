"""When a beat is due, and who says so."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.fault import Refusal
from outwait.core.plan import Heartbeat
from outwait.policy.heartbeat import due, parse, resolve

BEAT = Heartbeat()


def test_a_stream_beats_after_and_then_every() -> None:
    assert due(BEAT, stream=True, accepted=100, wrote=None) == 110
    assert due(BEAT, stream=True, accepted=100, wrote=110) == 125


def test_a_json_reply_begins_later() -> None:
    assert due(BEAT, stream=False, accepted=100, wrote=None) == 120
    assert due(BEAT, stream=False, accepted=100, wrote=120) == 135


def test_off_is_never() -> None:
    assert due(Heartbeat(enabled=False), stream=True, accepted=0, wrote=None) == math.inf


def test_early_headers_alone_are_sent_once() -> None:
    beat = Heartbeat(mode="headers")
    assert due(beat, stream=True, accepted=0, wrote=None) == 10
    assert due(beat, stream=True, accepted=0, wrote=10) == math.inf


def test_beats_stop_at_the_limit() -> None:
    beat = Heartbeat(limit=60)
    assert due(beat, stream=True, accepted=0, wrote=45) == 60
    assert due(beat, stream=True, accepted=0, wrote=46) == math.inf


def test_built_in() -> None:
    assert resolve(Heartbeat()) == Heartbeat()


def test_later_layers_win_and_all_are_named() -> None:
    beat = resolve(
        Heartbeat(after=9, every=9),
        profile=("okhttp", {"after": 5.0, "every": 5.0, "mode": "event"}),
        key=("dev", {"every": 7.0}),
        header="json_after=3s",
    )
    assert (beat.after, beat.every, beat.json_after, beat.mode) == (9, 7, 3, "event")
    assert beat.reason == (
        "built-in; client okhttp (after, every, mode); config (after, every); key dev (every); "
        "header x-outwait-heartbeat (enabled, json_after)"
    )


def test_layers_that_say_nothing_are_not_named() -> None:
    assert resolve(Heartbeat(), profile=("curl", {}), key=("dev", {})).reason == "built-in"


def test_the_client_profile_holds_where_the_configuration_is_silent() -> None:
    assert resolve(Heartbeat(every=20), profile=("okhttp", {"after": 5.0, "every": 5.0})).after == 5


@pytest.mark.parametrize(
    "header, fields",
    [
        ("off", {"enabled": False}),
        ("on", {"enabled": True}),
        ("5s", {"enabled": True, "after": 5, "json_after": 5, "every": 5}),
        ("OFF", {"enabled": False}),
        ("event", {"mode": "event"}),
        ("Comment", {"mode": "comment"}),
        ("max=15m", {"limit": 900}),
        ("1", {"enabled": True, "after": 1, "json_after": 1, "every": 1}),
        ("after=5s,every=5s,mode=event,json_after=3s", {"after": 5, "every": 5, "mode": "event", "json_after": 3}),
        (" every = 2m , limit=15m,late_error=body ", {"every": 120, "limit": 900, "late_error": "body"}),
    ],
)
def test_the_header(header: str, fields: dict[str, object]) -> None:
    assert parse(header) == {"enabled": True} | fields


@pytest.mark.parametrize(
    "junk",
    [
        "",
        " ",
        "yes",
        "-5s",
        "after=",
        "after",
        "after=5s,",
        "after=soon",
        "mode=loud",
        "late_error=hide",
        "size=5",
        "after=1s,after=2s",
        "max=1m,limit=2m",
        "enabled=yes",
        "off,on",
        "mode=event;every=5s",
        "x" * 201,
        "reason=me",
        "5s,every=2s",
    ],
)
def test_a_bad_header_is_refused_and_told_what_is_allowed(junk: str) -> None:
    with pytest.raises(Refusal) as told:
        parse(junk)
    assert told.value.fault.code == "invalid_value"
    assert told.value.fault.param == "x-outwait-heartbeat"
    assert re.search(r"off, on.*after=5s.*mode=auto\|off", told.value.fault.message)


@given(st.text(max_size=60) | st.from_regex(r"(after|every|mode|limit)=[0-9a-z]{1,5}(,[a-z_]{1,9}=[0-9a-z]{1,4}){0,2}"))
def test_any_header_makes_a_sane_heartbeat_or_a_refusal(header: str) -> None:
    try:
        beat = resolve(Heartbeat(), header=header, patience=30)
    except Refusal:
        return
    assert all(1 <= span <= 300 for span in (beat.after, beat.json_after, beat.every))
    assert beat.every <= 10


@pytest.mark.parametrize(
    "configured, header, enabled, mode",
    [
        (Heartbeat(mode="off"), None, False, "auto"),
        (Heartbeat(mode="off"), "on", True, "auto"),
        (Heartbeat(enabled=False, mode="event"), "5s", True, "event"),
        (Heartbeat(mode="event"), "mode=off", False, "event"),
    ],
)
def test_switching_off_and_on(configured: Heartbeat, header: str | None, enabled: bool, mode: str) -> None:
    beat = resolve(configured, header=header)
    assert (beat.enabled, beat.mode) == (enabled, mode)


def test_a_third_of_the_clients_patience_is_the_most() -> None:
    beat = resolve(Heartbeat(), patience=30)
    assert (beat.after, beat.json_after, beat.every) == (10, 10, 10)
    assert beat.reason == "built-in; at most a third of the 30s the client waits"
    assert resolve(Heartbeat(), patience=600).reason == "built-in"


def test_spans_are_held_in_range() -> None:
    beat = resolve(Heartbeat(), header="after=100ms,every=10m", patience=None)
    assert (beat.after, beat.every) == (1, 300)
    assert "held within 1-300 s" in beat.reason
    assert resolve(Heartbeat(), patience=1).every == 1
    assert (
        resolve(Heartbeat(), header="1s").reason
        == "built-in; header x-outwait-heartbeat (enabled, after, json_after, every)"
    )
