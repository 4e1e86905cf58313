"""OpenAI's audio as a provider sends it: speech made (bytes, or events), speech written down.

Promises: the bytes are real sound of the format asked for (a tone as WAV or PCM, silence as MP3) and come in pieces;
replies and events of transcriptions validate against the openai SDK's types. What a recording says is the text of the
script.
"""

from __future__ import annotations

import base64
import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec

from outwait.toolkit.simulate import openai_errors
from outwait.toolkit.simulate.answer import Answer, Question
from outwait.toolkit.simulate.dialect import EVENTS, JSON, PLAIN, BadCallError, Envelope, Speech, nothing
from outwait.toolkit.simulate.multipart import Upload
from outwait.toolkit.simulate.openai_chat_request import named
from outwait.toolkit.simulate.openai_images import error_event, typed

_RATE = 8_000  # samples per second
_PIECE = 1_600  # samples: a fifth of a second for each word
_LONGEST = 4_096  # letters that may be spoken
# 128 kbit/s, 44.1 kHz, mono: a head, and side information that says nothing sounds.
_MP3_FRAME: Final = b"\xff\xfb\x90\xc4" + bytes(413)
_SOUNDS: Final = {"mp3": "audio/mpeg", "wav": "audio/wav", "pcm": "audio/pcm"}
_TEXTS: Final = {"text": "text/plain; charset=utf-8", "srt": "text/plain; charset=utf-8",
                 "vtt": "text/plain; charset=utf-8", "json": JSON, "verbose_json": JSON}  # fmt: skip


def _chosen(body: Mapping[str, object], name: str, known: Mapping[str, str], usual: str) -> str:
    value = body.get(name) or usual
    if value not in known:
        raise BadCallError(f"'{name}' must be one of {', '.join(known)}.", name)
    return str(value)


# -- speech


def ask_speech(body: Mapping[str, object], envelope: Envelope = PLAIN) -> Question:
    """What is to be spoken. Raises BadCallError."""
    text = body.get("input")
    if not isinstance(text, str) or not text or len(text) > _LONGEST:
        raise BadCallError(f"'input' must be a string of 1 to {_LONGEST} letters.", "input")
    if not body.get("voice"):
        raise BadCallError("Missing required parameter: 'voice'.", "voice")
    _chosen(body, "response_format", _SOUNDS, "mp3")
    _chosen(body, "stream_format", {"audio": "", "sse": ""}, "audio")
    return Question(named(body, envelope), stream=True, text=text, words=len(text.split()), body=body)


def _sound(question: Question) -> str:
    return str(question.body.get("response_format") or "mp3")


def _is_events(question: Question) -> bool:
    return question.body.get("stream_format") == "sse"


def _speech_kind(question: Question) -> str:
    return EVENTS if _is_events(question) else _SOUNDS[_sound(question)]


def _sounds(answer: Answer) -> Iterator[bytes]:
    """A piece of sound for each word spoken; the head of a WAV file goes with the first."""
    question = answer.question
    count = max(question.words, 1)
    kind = _sound(question)
    head = _wav_head(count * _PIECE) if kind == "wav" else b""
    for word in range(count):
        yield head + (_MP3_FRAME if kind == "mp3" else _tone(word))
        head = b""


def _tone(word: int) -> bytes:
    pitch = 220 * 2 ** (word % 12 / 12)
    samples = (int(9_000 * math.sin(2 * math.pi * pitch * at / _RATE)) for at in range(_PIECE))
    return struct.pack(f"<{_PIECE}h", *samples)


def _wav_head(samples: int) -> bytes:
    size = 2 * samples
    layout = struct.pack("<IHHIIHH", 16, 1, 1, _RATE, 2 * _RATE, 2, 16)
    return b"RIFF" + struct.pack("<I", 36 + size) + b"WAVEfmt " + layout + b"data" + struct.pack("<I", size)


def _speaking(answer: Answer) -> Iterator[bytes]:
    if not _is_events(answer.question):
        yield from _sounds(answer)
        return
    for sound in _sounds(answer):
        yield _event("speech.audio.delta", audio=base64.b64encode(sound).decode())


def _spoken(answer: Answer) -> Iterator[bytes]:
    if _is_events(answer.question):
        yield _event("speech.audio.done", usage=_tokens(answer.question.words, answer.question.words))


def _speech_error(status: int, code: str | None, message: str, answer: Answer | None = None) -> bytes:
    """Nothing between bytes of sound: there it can only be cut."""
    if answer is None or not _is_events(answer.question):
        return b""
    return error_event(status, code, message)


# -- transcriptions


def ask_transcription(body: Mapping[str, object], envelope: Envelope = PLAIN) -> Question:
    """What is to be written down, in a form. Raises BadCallError."""
    file = body.get("file")
    if not isinstance(file, Upload) or not file.data:
        raise BadCallError("'file' must be a file that is not empty.", "file")
    given = typed(body, ())
    kind = _chosen(given, "response_format", _TEXTS, "json")
    stream = given.get("stream") is True
    if stream and kind not in ("json", "text"):
        raise BadCallError(f"'response_format' {kind} can not be streamed.", "response_format")
    prompt = str(given.get("prompt") or file.filename)
    return Question(named(given, envelope), stream=stream, text=prompt, words=len(prompt.split()), body=given)


def _text_kind(question: Question) -> str:
    return EVENTS if question.stream else _TEXTS[str(question.body.get("response_format") or "json")]


def _pieces(answer: Answer) -> tuple[str, ...]:
    return answer.choices[0].pieces or answer.choices[0].refusal


def _tokens(asked: int, said: int) -> dict[str, object]:
    details = {"audio_tokens": asked, "text_tokens": 0}
    return {"type": "tokens", "input_tokens": asked, "input_token_details": details, "output_tokens": said,
            "total_tokens": asked + said}  # fmt: skip


def written(answer: Answer) -> bytes:
    """The transcription, in the format asked for."""
    text, kind = "".join(_pieces(answer)), answer.question.body.get("response_format") or "json"
    seconds = 0.2 * max(len(_pieces(answer)), 1)
    if kind == "text":
        return text.encode() + b"\n"
    if kind in ("srt", "vtt"):
        head, point = ("1\n", ",") if kind == "srt" else ("WEBVTT\n\n", ".")
        end = f"00:{int(seconds) // 60:02}:{int(seconds) % 60:02}{point}{round(seconds % 1 * 1000):03}"
        return f"{head}00:00:00{point}000 --> {end}\n{text}\n\n".encode()
    if kind == "verbose_json":
        segment = {"id": 0, "seek": 0, "start": 0.0, "end": seconds, "text": text, "tokens": [], "temperature": 0.0,
                   "avg_logprob": -0.1, "compression_ratio": 1.0, "no_speech_prob": 0.0}  # fmt: skip
        return msgspec.json.encode(
            {"task": "transcribe", "language": "english", "duration": seconds, "text": text, "segments": [segment],
             "usage": {"type": "duration", "seconds": seconds}}
        )  # fmt: skip
    return msgspec.json.encode({"text": text, "usage": _tokens(answer.question.words, answer.said)})


def _event(kind: str, **fields: object) -> bytes:
    return b"data: %b\n\n" % msgspec.json.encode({"type": kind, **fields})


def _writing(answer: Answer) -> Iterator[bytes]:
    for piece in _pieces(answer):
        yield _event("transcript.text.delta", delta=piece)


def _done(answer: Answer) -> Iterator[bytes]:
    text: Any = "".join(_pieces(answer))
    yield _event("transcript.text.done", text=text, usage=_tokens(answer.question.words, answer.said))


OPENAI_TRANSCRIPTION: Final = Speech(
    ask=ask_transcription,
    opening=nothing,
    thinking=nothing,
    telling=_writing,
    closing=_done,
    whole=written,
    error=openai_errors.error,
    error_event=error_event,
    kind=_text_kind,
    form=True,
    prefix="trsc-",
)
OPENAI_SPEECH: Final = replace(
    OPENAI_TRANSCRIPTION,
    ask=ask_speech,
    telling=_speaking,
    closing=_spoken,
    whole=lambda answer: b"".join(_sounds(answer)),
    error_event=_speech_error,
    ping=b"",
    kind=_speech_kind,
    form=False,
    prefix="spch-",
)
