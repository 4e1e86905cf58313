from __future__ import annotations

import io
import json
import wave
from typing import Any

import pytest
from openai.types.audio import Transcription, TranscriptionStreamEvent, TranscriptionVerbose
from pydantic import TypeAdapter
from tests.toolkit.simulate.conftest import asked, events, played, refusal

from outwait.toolkit.simulate.answer import Answer
from outwait.toolkit.simulate.dialect import Speech
from outwait.toolkit.simulate.multipart import Upload
from outwait.toolkit.simulate.openai_audio import OPENAI_SPEECH, OPENAI_TRANSCRIPTION

EVENT: TypeAdapter[Any] = TypeAdapter(TranscriptionStreamEvent)
FILE = Upload("a.wav", "audio/wav", b"RIFF")


def spoken(**more: object) -> Answer:
    return asked(OPENAI_SPEECH, "fast", {"model": "fast", "input": "three short words", "voice": "alloy", **more})


def written(**more: object) -> Answer:
    return asked(OPENAI_TRANSCRIPTION, "long-3", {"model": "long-3", "file": FILE, **more})


def test_a_wav_is_sound_in_pieces() -> None:
    said = spoken(response_format="wav")
    pieces = played(OPENAI_SPEECH, said)
    assert len(pieces) == 3
    assert b"".join(pieces) == OPENAI_SPEECH.whole(said)
    with wave.open(io.BytesIO(b"".join(pieces))) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getnframes()) == (1, 2, 3 * 1600)
    assert OPENAI_SPEECH.type_of(said.question) == "audio/wav"


def test_an_mp3_is_whole_frames_and_pcm_has_no_head() -> None:
    mp3 = b"".join(played(OPENAI_SPEECH, spoken()))
    assert mp3[:2] == b"\xff\xfb"
    assert mp3[417:419] == b"\xff\xfb"
    assert (len(mp3), OPENAI_SPEECH.type_of(spoken().question)) == (3 * 417, "audio/mpeg")
    assert len(b"".join(played(OPENAI_SPEECH, spoken(response_format="pcm")))) == 3 * 3200


def test_speech_may_come_as_events() -> None:
    said = spoken(stream_format="sse")
    names = [data["type"] for _, data in events(b"".join(played(OPENAI_SPEECH, said)))]
    assert names == ["speech.audio.delta"] * 3 + ["speech.audio.done"]
    assert OPENAI_SPEECH.type_of(said.question).startswith("text/event-stream")
    assert events(OPENAI_SPEECH.error_event(503, None, "no", said))[0][0] == "error"


def test_nothing_can_be_said_between_bytes_of_sound() -> None:
    assert OPENAI_SPEECH.error_event(503, None, "no", spoken()) == b""
    assert OPENAI_SPEECH.ping == b""


def test_transcriptions_validate_against_the_sdks_types() -> None:
    text = Transcription.model_validate_json(OPENAI_TRANSCRIPTION.whole(written()), strict=True).text
    verbose = OPENAI_TRANSCRIPTION.whole(written(response_format="verbose_json"))
    assert TranscriptionVerbose.model_validate_json(verbose, strict=True).text == text
    stream = [data for _, data in events(b"".join(played(OPENAI_TRANSCRIPTION, written(stream="true"))))]
    for event in stream:
        EVENT.validate_json(json.dumps(event), strict=True)
    assert "".join(event["delta"] for event in stream[:-1]) == stream[-1]["text"] == text


@pytest.mark.parametrize(
    "kind,start", [("text", ""), ("srt", "1\n00:00:00,000 --> 00:00:00,600\n"), ("vtt", "WEBVTT\n\n00:00:00.000 --> ")]
)
def test_a_transcription_may_be_plain_text(kind: str, start: str) -> None:
    said = written(response_format=kind)
    assert (
        OPENAI_TRANSCRIPTION.whole(said)
        .decode()
        .startswith(start + ("".join(said.choices[0].pieces) if not start else ""))
    )
    assert OPENAI_TRANSCRIPTION.type_of(said.question).startswith("text/plain")


@pytest.mark.parametrize(
    "speech,body,param",
    [
        (OPENAI_SPEECH, {"voice": "alloy"}, "input"),
        (OPENAI_SPEECH, {"voice": "alloy", "input": "a" * 4097}, "input"),
        (OPENAI_SPEECH, {"input": "a"}, "voice"),
        (OPENAI_SPEECH, {"input": "a", "voice": "alloy", "response_format": "midi"}, "response_format"),
        (OPENAI_SPEECH, {"input": "a", "voice": "alloy", "stream_format": "x"}, "stream_format"),
        (OPENAI_TRANSCRIPTION, {}, "file"),
        (OPENAI_TRANSCRIPTION, {"file": "text"}, "file"),
        (OPENAI_TRANSCRIPTION, {"file": FILE, "response_format": "xml"}, "response_format"),
        (OPENAI_TRANSCRIPTION, {"file": FILE, "response_format": "srt", "stream": "true"}, "response_format"),
    ],
)
def test_a_wrong_field_is_named(speech: Speech, body: dict[str, object], param: str) -> None:
    assert refusal(speech, {"model": "fast", **body})[0] == param
