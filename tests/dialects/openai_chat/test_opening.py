from __future__ import annotations

import json

import pytest

from outwait.core.fault import fault
from outwait.core.plan import Heartbeat
from outwait.core.request import Call
from outwait.dialects import openai_errors
from outwait.dialects.openai_chat import opening
from outwait.dialects.profiles import Profile


def call(stream: bool) -> Call:
    return Call("openai", "chat.completions", "m", stream, b"{}")


@pytest.mark.parametrize(
    "stream, mode, chat, beat",
    [
        (True, "auto", "comment", b": ping\n\n"),
        (True, "auto", "whitespace", b"\n"),
        (True, "comment", "event", b": ping\n\n"),
        (True, "whitespace", "comment", b"\n"),
        (True, "headers", "comment", b""),
        (True, "off", "comment", b""),
        (False, "auto", "event", b"\n"),
        (False, "comment", "comment", b"\n"),
        (False, "event", "comment", b"\n"),
        (False, "headers", "comment", b""),
        (False, "off", "comment", b""),
    ],
)
def test_beats(stream: bool, mode: str, chat: str, beat: bytes) -> None:
    assert opening.beat(call(stream), Heartbeat(mode=mode), Profile("p", chat=chat)) == beat


@pytest.mark.parametrize("mode, chat", [("event", "comment"), ("auto", "event")])
def test_an_event_beat_is_a_chunk_that_says_nothing(mode: str, chat: str) -> None:
    beat = opening.beat(call(stream=True), Heartbeat(mode=mode), Profile("p", chat=chat))
    assert beat.endswith(b"\n\n")
    chunk = json.loads(beat.removeprefix(b"data: "))
    assert chunk == {"choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": None}]}


def test_a_heartbeat_that_is_switched_off_has_no_bytes() -> None:
    assert opening.beat(call(stream=True), Heartbeat(enabled=False), Profile("p")) == b""


def test_heads() -> None:
    assert opening.reply_head(call(stream=True)).content_type == "text/event-stream; charset=utf-8"
    assert opening.reply_head(call(stream=False)).content_type == "application/json"


def test_the_voice_beats_and_fails_in_the_dialects_words() -> None:
    voice = opening.voice(call(stream=True), Heartbeat(), Profile("p"))
    assert voice.beat() == b": ping\n\n"
    assert not voice.edits
    told = fault("idle_timeout")
    assert voice.fail(told, "ow_1") == openai_errors.stream_error(told, "ow_1")


@pytest.mark.parametrize("every, nth", [(15, 4), (20, 3), (25, 2), (60, 1), (300, 1), (1, 60)])
def test_who_may_count_chunks_gets_one_each_minute(every: float, nth: int) -> None:
    voice = opening.voice(call(stream=True), Heartbeat(every=every), Profile("p", chat="nudge"))
    beats = [voice.beat() for _ in range(2 * nth)]
    event = opening.beat(call(stream=True), Heartbeat(mode="event"), Profile("p"))
    assert [number for number, beat in enumerate(beats, 1) if beat == b": ping\n\n" + event] == [nth, 2 * nth]
    assert set(beats) <= {b": ping\n\n", b": ping\n\n" + event}
    assert not voice.edits


@pytest.mark.parametrize(
    "stream, heartbeat, beat",
    [
        (True, Heartbeat(mode="comment", every=60), b": ping\n\n"),
        (True, Heartbeat(mode="whitespace", every=60), b"\n"),
        (True, Heartbeat(enabled=False, every=60), b""),
        (False, Heartbeat(every=60), b"\n"),
    ],
)
def test_a_mode_that_was_asked_for_and_json_are_as_they_are(stream: bool, heartbeat: Heartbeat, beat: bytes) -> None:
    assert opening.voice(call(stream), heartbeat, Profile("p", chat="nudge")).beat() == beat
