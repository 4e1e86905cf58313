from __future__ import annotations

import json

import pytest
from openai.types import Completion

from outwait.core.fault import fault
from outwait.core.plan import Heartbeat
from outwait.core.request import Call
from outwait.dialects import openai_errors
from outwait.dialects.passthrough import opening
from outwait.dialects.profiles import Profile

FIELD = b'--B\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
FORM = FIELD % (b"model", b"m") + FIELD % (b"response_format", b"%s") + b"--B--"


def call(endpoint: str, stream: bool = False, body: bytes = b'{"model":"m"}') -> Call:
    headers = {"content-type": "application/json" if body.startswith(b"{") else "multipart/form-data; boundary=B"}
    return Call("openai", endpoint, "m", stream, body, headers)


@pytest.mark.parametrize(
    "endpoint, stream, written, silent",
    [
        ("audio.speech", False, None, True),
        ("audio.speech", True, None, False),
        ("audio.transcriptions", False, None, False),
        ("audio.transcriptions", False, "json", False),
        ("audio.transcriptions", False, "verbose_json", False),
        ("audio.transcriptions", False, "diarized_json", False),
        ("audio.transcriptions", False, "text", True),
        ("audio.transcriptions", False, "srt", True),
        ("audio.translations", False, "vtt", True),
        ("audio.transcriptions", True, "text", False),
        ("images.edits", False, "url", False),
        ("embeddings", False, None, False),
    ],
)
def test_which_replies_take_nothing(endpoint: str, stream: bool, written: str | None, silent: bool) -> None:
    asked = call(endpoint, stream) if written is None else call(endpoint, stream, FORM % written.encode())
    assert opening.silent(asked) is silent
    assert (opening.beat(asked, Heartbeat(), Profile("p")) == b"") is silent


@pytest.mark.parametrize(
    "endpoint, stream, mode, chat, beat",
    [
        ("embeddings", False, "auto", "event", b"\n"),
        ("images.generations", False, "comment", "comment", b"\n"),
        ("completions", True, "auto", "comment", b": ping\n\n"),
        ("completions", True, "whitespace", "comment", b"\n"),
        ("images.generations", True, "auto", "event", b": ping\n\n"),
        ("audio.transcriptions", True, "event", "comment", b": ping\n\n"),
        ("audio.speech", True, "auto", "whitespace", b"\n"),
        ("completions", True, "off", "comment", b""),
        ("completions", False, "headers", "comment", b""),
    ],
)
def test_beats(endpoint: str, stream: bool, mode: str, chat: str, beat: bytes) -> None:
    assert opening.beat(call(endpoint, stream), Heartbeat(mode=mode), Profile("p", chat=chat)) == beat


def test_beats_may_be_switched_off() -> None:
    assert opening.beat(call("embeddings"), Heartbeat(enabled=False), Profile("p")) == b""


@pytest.mark.parametrize("mode, chat", [("event", "comment"), ("auto", "event")])
def test_an_event_beat_is_a_chunk_that_says_nothing(mode: str, chat: str) -> None:
    beat = opening.beat(call("completions", stream=True), Heartbeat(mode=mode), Profile("p", chat=chat))
    assert beat.endswith(b"\n\n")
    chunk = Completion.construct(**json.loads(beat.removeprefix(b"data: ")))
    assert [choice.text for choice in chunk.choices] == [""]
    assert not chunk.choices[0].finish_reason


def test_heads() -> None:
    assert opening.reply_head(call("completions", stream=True)).content_type == "text/event-stream; charset=utf-8"
    assert opening.reply_head(call("embeddings")).content_type == "application/json"


def test_the_voice_beats_and_fails_in_the_dialects_words() -> None:
    voice = opening.voice(call("images.edits", stream=True), Heartbeat(), Profile("p"))
    assert voice.beat() == b": ping\n\n"
    assert not voice.edits
    told = fault("idle_timeout")
    assert voice.fail(told, "ow_1") == openai_errors.stream_error(told, "ow_1")
